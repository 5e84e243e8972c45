// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A template bound to a scope, which it keeps alive. Immutable; threads may share it. */
public final class Bound extends Handle {
    Bound(long pointer) {
        super("bound template", pointer, Native::boundUnref);
    }

    /**
     * Renders. Text without secrets is rendered once and kept. Throws as {@link
     * Template#render(Scope, RenderOptions)}.
     *
     * @return a {@link Secret} when any byte came from one
     */
    public Text render() {
        owner.enter();
        try {
            byte[] made = Shim.bound(owner.pointer);
            if (made != null) {
                return new PlainText(new String(made, StandardCharsets.UTF_8));
            }
            return Values.text(Native.boundRender(owner.pointer));
        } finally {
            owner.leave();
        }
    }

    /**
     * Renders into an array. Throws UsageException (LIMIT) when it does not fit.
     *
     * @param buffer where it goes; yours to wipe
     * @return how many bytes
     */
    public int renderInto(byte[] buffer) {
        try (Use use = new Use()) {
            return Shim.boundInto(use.of(this), Objects.requireNonNull(buffer));
        }
    }

    /**
     * The output, rendered at the first call and kept. Throws SecretException when it has
     * secrets.
     *
     * @return the text
     */
    public String text() {
        try (Use use = new Use()) {
            return Errors.text(Native.boundText(use.of(this)));
        }
    }
}
