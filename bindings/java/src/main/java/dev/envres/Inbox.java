// SPDX-License-Identifier: MIT
package dev.envres;

/** Deposits that wait in an environment. */
public final class Inbox {
    private final Session session;

    Inbox(Session session) {
        this.session = session;
    }

    /**
     * What waits; never a value.
     *
     * @param environment key of the environment
     * @return oldest first
     */
    public Rows<InboxRow> list(String environment) {
        try (Use use = new Use()) {
            return new Rows<>(Native.inboxList(use.of(session), Utf8.of(environment)), InboxRow::from);
        }
    }

    /**
     * Takes one in. Throws NotFoundException, ConflictException (CHANGED: stale),
     * IntegrityException, DeniedException.
     *
     * @param environment key of the environment
     * @param id its id, or at least the first 8 digits
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long accept(String environment, String id, Change... changes) {
        try (Use use = new Use()) {
            return Native.inboxAccept(use.of(session), Utf8.of(environment), Utf8.of(id),
                    Change.struct(changes));
        }
    }

    /**
     * Throws one away. Throws NotFoundException, DeniedException.
     *
     * @param environment key of the environment
     * @param id its id, or at least the first 8 digits
     * @param changes what goes with the change: reason, operation, force
     */
    public void reject(String environment, String id, Change... changes) {
        try (Use use = new Use()) {
            Native.inboxReject(use.of(session), Utf8.of(environment), Utf8.of(id),
                    Change.struct(changes));
        }
    }
}
