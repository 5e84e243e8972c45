// SPDX-License-Identifier: MIT
package dev.envres;

/** Named configuration contexts. */
public final class Environments {
    private final Session session;

    Environments(Session session) {
        this.session = session;
    }

    /**
     * Adds one. Throws InvalidNameException, ConflictException, NotFoundException.
     *
     * @param key its name
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     */
    public void add(String key, EnvironmentOptions options, Change... changes) {
        try (Use use = new Use()) {
            Native.environmentAdd(use.of(session), Utf8.of(key), options.struct(),
                    Change.struct(changes));
        }
    }

    /**
     * Removes one and its keys. Throws DeniedException (FIXED), ConflictException (REFERRED).
     *
     * @param key its name
     * @param changes what goes with the change: reason, operation, force
     */
    public void remove(String key, Change... changes) {
        try (Use use = new Use()) {
            Native.environmentRemove(use.of(session), Utf8.of(key), Change.struct(changes));
        }
    }

    /**
     * Changes what is said. Throws NotFoundException, DeniedException (QUORUM: more than others
     * could give; APPROVALS), UsageException.
     *
     * @param key its name
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     */
    public void set(String key, EnvironmentOptions options, Change... changes) {
        try (Use use = new Use()) {
            Native.environmentSet(use.of(session), Utf8.of(key), options.struct(),
                    Change.struct(changes));
        }
    }

    /**
     * All.
     *
     * @return the path in order, then the others by key
     */
    public Rows<EnvironmentRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.environmentList(use.of(session)), EnvironmentRow::from);
        }
    }

    /**
     * One. Throws NotFoundException, with the nearest name.
     *
     * @param key its name
     * @return its row
     */
    public EnvironmentRow describe(String key) {
        try (Use use = new Use()) {
            return Rows.one(Native.environmentDescribe(use.of(session), Utf8.of(key)),
                    EnvironmentRow::from);
        }
    }
}
