// SPDX-License-Identifier: MIT
package dev.envres;

/**
 * What goes with a change, behind its own arguments: {@code put("production", "HOST", host,
 * Change.reason("first release"))}. Any number of them, in any order.
 */
public final class Change {
    private final String reason;
    private final byte[] operation;
    private final boolean force;

    private Change(String reason, byte[] operation, boolean force) {
        this.reason = reason;
        this.operation = operation;
        this.force = force;
    }

    /**
     * Why, for the audit; at most 1,000 bytes. Protected environments ask for one.
     *
     * @param reason the words
     * @return to be given to a change
     */
    public static Change reason(String reason) {
        return new Change(reason, null, false);
    }

    /**
     * Names the operation: the same again answers with the outcome of the first, and changes
     * nothing. Without one, a random one is taken.
     *
     * @param operation 16 bytes
     * @return to be given to a change
     */
    public static Change operation(byte[] operation) {
        return new Change(null, Utf8.exactly(operation.clone(), 16, "operation"), false);
    }

    /**
     * Although something refers to it. Calls that do not know it refuse it.
     *
     * @return to be given to a change
     */
    public static Change force() {
        return new Change(null, null, true);
    }

    /** An envres_change of all of them; null for none. */
    static Object[] struct(Change... changes) {
        String reason = null;
        byte[] operation = null;
        boolean force = false;
        for (Change one : changes) {
            reason = one.reason != null ? one.reason : reason;
            operation = one.operation != null ? one.operation : operation;
            force |= one.force;
        }
        return changes.length == 0 ? null
                : Structs.change(force ? Flags.CHANGE_FORCE : 0, operation, Utf8.of(reason));
    }

    @Override
    public String toString() {
        return reason != null ? "reason" : operation != null ? "operation" : "force";
    }
}
