// SPDX-License-Identifier: MIT
package dev.envres;

/** What a scope serves. Each method sets something and gives the same object back. */
public final class ScopeOptions {
    private int flags;
    private long revision;
    private String app;
    private String tag;
    private String version;

    /** The newest configuration, without an app. */
    public ScopeOptions() { }

    /**
     * Serve this app: its parts, and {@code app.} in templates.
     *
     * @param name of the app
     * @return this
     */
    public ScopeOptions app(String name) {
        app = name;
        return this;
    }

    /**
     * The release with this tag instead of the live one.
     *
     * @param tag of the release
     * @return this
     */
    public ScopeOptions tag(String tag) {
        this.tag = tag;
        return this;
    }

    /**
     * This version, with the newest configuration.
     *
     * @param version its name
     * @return this
     */
    public ScopeOptions version(String version) {
        this.version = version;
        return this;
    }

    /**
     * A configuration revision; 0: the newest, or what the release pins.
     *
     * @param revision its number
     * @return this
     */
    public ScopeOptions revision(long revision) {
        this.revision = revision;
        return this;
    }

    /**
     * Open although settings are missing or exchanged in the file.
     *
     * @return this
     */
    public ScopeOptions damaged() {
        flags |= Flags.SCOPE_DAMAGED;
        return this;
    }

    /**
     * Opening it is an entry of the audit; where that cannot be written, no scope.
     *
     * @return this
     */
    public ScopeOptions audited() {
        flags |= Flags.SCOPE_AUDITED;
        return this;
    }

    Object[] struct() {
        return Structs.scopeOptions(flags, revision, Utf8.of(app), Utf8.of(tag), Utf8.of(version));
    }
}
