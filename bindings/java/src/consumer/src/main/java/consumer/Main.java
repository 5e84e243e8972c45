// SPDX-License-Identifier: MIT
package consumer;

import dev.envres.Credential;
import dev.envres.Envres;
import dev.envres.Scope;
import dev.envres.Secret;
import dev.envres.Session;
import dev.envres.Store;

/** Resolves one variable. */
public final class Main {
    private Main() { }

    /** Prints what it resolved. */
    public static void main(String[] arguments) {
        try (Secret key = Envres.generateKey(); Store store = Store.create(null, Credential.rawKey(key));
                Session session = store.session(Credential.rawKey(key))) {
            session.variables().put("development", "HOST", "db.dev");
            try (Scope scope = session.scope("development")) {
                System.out.println(scope.expand("at << environment.variables.HOST >>"));
            }
        }
    }
}
