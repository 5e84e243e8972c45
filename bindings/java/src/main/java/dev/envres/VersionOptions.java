// SPDX-License-Identifier: MIT
package dev.envres;

/** How a version is to be. Each method sets something and gives the same object back. */
public final class VersionOptions {
    private int flags;
    private String name;
    private String base;
    private String description;

    /** Nothing is said. */
    public VersionOptions() { }

    /**
     * Its name; otherwise the next "vN", or unchanged.
     *
     * @param name the name
     * @return this
     */
    public VersionOptions name(String name) {
        this.name = name;
        return this;
    }

    /**
     * Of {@link Versions#create}: the version to begin from; otherwise the live one, else the
     * newest.
     *
     * @param version its name
     * @return this
     */
    public VersionOptions base(String version) {
        base = version;
        return this;
    }

    /**
     * What people read.
     *
     * @param description the text
     * @return this
     */
    public VersionOptions description(String description) {
        this.description = description;
        return this;
    }

    /**
     * Of {@link Versions#create}: begin from none.
     *
     * @return this
     */
    public VersionOptions empty() {
        flags |= Flags.VERSION_EMPTY;
        return this;
    }

    Object[] struct() {
        return Structs.versionOptions(flags, Utf8.of(name), Utf8.of(base), Utf8.of(description));
    }
}
