// SPDX-License-Identifier: MIT
package dev.envres;

/** Which release comes back. Each method sets something and gives the same object back. */
public final class RollbackOptions {
    private int flags;
    private String to;
    private String version;
    private boolean check = true;

    /** The release before, with a check of it. */
    public RollbackOptions() { }

    /**
     * The release with this tag.
     *
     * @param tag of the release
     * @return this
     */
    public RollbackOptions to(String tag) {
        to = tag;
        return this;
    }

    /**
     * The newest release of a version.
     *
     * @param version its name
     * @return this
     */
    public RollbackOptions version(String version) {
        this.version = version;
        return this;
    }

    /**
     * Make no check.
     *
     * @return this
     */
    public RollbackOptions unchecked() {
        check = false;
        return this;
    }

    /**
     * Answer as if it were done, and change nothing.
     *
     * @return this
     */
    public RollbackOptions dryRun() {
        flags |= Flags.MOVE_DRY_RUN;
        return this;
    }

    boolean checks() {
        return check;
    }

    Object[] struct(long expectLive) {
        return Structs.rollbackOptions(flags, Utf8.of(to), Utf8.of(version), expectLive);
    }
}
