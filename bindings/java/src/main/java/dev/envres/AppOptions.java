// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * How an app is to be. What is not said stays as it is. Each method sets something and gives the
 * same object back.
 */
public final class AppOptions {
    private int flags;

    /** Nothing is said. */
    public AppOptions() { }

    private AppOptions choose(boolean chosen, int yes, int no) {
        flags = (flags & ~(yes | no)) | (chosen ? yes : no);
        return this;
    }

    /**
     * Whether the configuration that a release saw comes back with it.
     *
     * @param yes or not
     * @return this
     */
    public AppOptions pinConfig(boolean yes) {
        return choose(yes, Flags.APP_PIN_CONFIG, Flags.APP_PIN_NONE);
    }

    /**
     * Whether it is protected.
     *
     * @param yes or not
     * @return this
     */
    public AppOptions protect(boolean yes) {
        return choose(yes, Flags.APP_PROTECT, Flags.APP_UNPROTECT);
    }

    Object[] struct() {
        return Structs.appOptions(flags);
    }
}
