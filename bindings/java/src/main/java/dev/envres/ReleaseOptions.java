// SPDX-License-Identifier: MIT
package dev.envres;

/** How a release is made. Each method sets something and gives the same object back. */
public final class ReleaseOptions {
    private int flags;
    private String tag;
    private Bump bump = Bump.NONE;
    private String notes;

    /** Neither tag nor bump yet: one of them is needed. */
    public ReleaseOptions() { }

    /**
     * Its tag.
     *
     * @param tag a semantic version
     * @return this
     */
    public ReleaseOptions tag(String tag) {
        this.tag = tag;
        return this;
    }

    /**
     * Instead of a tag: the next one after the last.
     *
     * @param bump which number grows
     * @return this
     */
    public ReleaseOptions bump(Bump bump) {
        this.bump = bump;
        return this;
    }

    /**
     * What people read.
     *
     * @param notes at most 64 KiB
     * @return this
     */
    public ReleaseOptions notes(String notes) {
        this.notes = notes;
        return this;
    }

    /**
     * Answer as if it were done, and change nothing.
     *
     * @return this
     */
    public ReleaseOptions dryRun() {
        flags |= Flags.MOVE_DRY_RUN;
        return this;
    }

    Object[] struct(VersionRow seen, long expectLive) {
        return Structs.releaseOptions(flags, Utf8.of(tag), bump.value(), Utf8.of(notes),
                Utf8.digest(seen.content(), "content"), expectLive);
    }
}
