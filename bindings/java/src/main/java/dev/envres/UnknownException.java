// SPDX-License-Identifier: MIT
package dev.envres;

import java.io.Serial;

/** The library failed with a code that this binding does not know: it is newer. */
public final class UnknownException extends EnvresException {
    @Serial
    private static final long serialVersionUID = 1L;

    UnknownException(Details details) {
        super(details);
    }
}
