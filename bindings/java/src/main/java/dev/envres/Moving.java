// SPDX-License-Identifier: MIT
package dev.envres;

/** How a version is promoted. Each method sets something and gives the same object back. */
public final class Moving {
    private int flags;

    /** To the next environment. */
    public Moving() { }

    /**
     * Over several environments, each of them checked.
     *
     * @return this
     */
    public Moving through() {
        flags |= Flags.MOVE_THROUGH;
        return this;
    }

    /**
     * Answer as if it were done, and change nothing.
     *
     * @return this
     */
    public Moving dryRun() {
        flags |= Flags.MOVE_DRY_RUN;
        return this;
    }

    int flags() {
        return flags;
    }
}
