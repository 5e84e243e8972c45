// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * How an environment is to be. What is not said stays as it is. Each method sets something and
 * gives the same object back.
 */
public final class EnvironmentOptions {
    private int flags;
    private String label;
    private String color;
    private String after;
    private int approvals;

    /** Nothing is said. */
    public EnvironmentOptions() { }

    private EnvironmentOptions choose(boolean chosen, int yes, int no) {
        flags = (flags & ~(yes | no)) | (chosen ? yes : no);
        return this;
    }

    /**
     * What people read.
     *
     * @param label the text
     * @return this
     */
    public EnvironmentOptions label(String label) {
        this.label = label;
        return this;
    }

    /**
     * A colour for people.
     *
     * @param color for example "#8800aa"
     * @return this
     */
    public EnvironmentOptions color(String color) {
        this.color = color;
        return this;
    }

    /**
     * Of {@link Environments#add}: which it follows on the path; otherwise the end.
     *
     * @param key of the other environment
     * @return this
     */
    public EnvironmentOptions after(String key) {
        after = key;
        return this;
    }

    /**
     * Of {@link Environments#add}: it is not on the promotion path.
     *
     * @return this
     */
    public EnvironmentOptions offPath() {
        flags |= Flags.ENVIRONMENT_OFF_PATH;
        return this;
    }

    /**
     * Whether it is protected. What lowers protection takes an owner.
     *
     * @param yes or not
     * @return this
     */
    public EnvironmentOptions protect(boolean yes) {
        return choose(yes, Flags.ENVIRONMENT_PROTECT, Flags.ENVIRONMENT_UNPROTECT);
    }

    /**
     * Whether changes there need a reason.
     *
     * @param yes or not
     * @return this
     */
    public EnvironmentOptions requireReason(boolean yes) {
        return choose(yes, Flags.ENVIRONMENT_REASON, Flags.ENVIRONMENT_NO_REASON);
    }

    /**
     * How many others must approve what is done there.
     *
     * @param count at most 16
     * @return this
     */
    public EnvironmentOptions approvals(int count) {
        flags |= Flags.ENVIRONMENT_SET_APPROVALS;
        approvals = count;
        return this;
    }

    /**
     * Whether editors may reveal secrets, unless it is protected.
     *
     * @param yes or not
     * @return this
     */
    public EnvironmentOptions editorsReveal(boolean yes) {
        return choose(yes, Flags.ENVIRONMENT_EDITORS_REVEAL, Flags.ENVIRONMENT_NO_EDITORS_REVEAL);
    }

    /**
     * Whether rollbacks need the approvals too.
     *
     * @param yes or not
     * @return this
     */
    public EnvironmentOptions rollbackApprovals(boolean yes) {
        return choose(yes, Flags.ENVIRONMENT_ROLLBACK_APPROVALS,
                Flags.ENVIRONMENT_NO_ROLLBACK_APPROVALS);
    }

    Object[] struct() {
        return Structs.environmentOptions(flags, Utf8.of(label), Utf8.of(color), Utf8.of(after),
                approvals);
    }
}
