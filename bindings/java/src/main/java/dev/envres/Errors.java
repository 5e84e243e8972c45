// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;

/** Makes the exceptions that the shim throws. */
final class Errors {
    private Errors() { }

    /** Called by the shim; {@code offset} -1 and {@code line} 0: there is none. */
    static Throwable make(int status, byte[] message, byte[] hint, byte[] subject, long offset,
            int line, int column) {
        Code code = Code.of(status);
        String name = code == null ? "ENVRES_E_" + -status : "ENVRES_E_" + code.name();
        return Families.make(new EnvresException.Details(code == null ? Code.UNKNOWN : code, status,
                name, text(message), text(hint), text(subject), offset, line, column,
                Callbacks.takeThrown(status)));
    }

    /** A text of the library's own. */
    static String text(byte[] from) {
        return from == null ? "" : new String(from, StandardCharsets.UTF_8);
    }

    static UsageException usage(String message) {
        return new UsageException(Code.INVALID, message, "", "");
    }
}
