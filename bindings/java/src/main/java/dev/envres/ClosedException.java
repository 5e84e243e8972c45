// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.Serial;

/** A store, session, scope, template, resource, list or secret was used after it was closed. */
public final class ClosedException extends UsageException {
    @Serial
    private static final long serialVersionUID = 1L;

    ClosedException(String what) {
        super(Code.INVALID, "the " + what + " is closed", "", "");
    }
}
