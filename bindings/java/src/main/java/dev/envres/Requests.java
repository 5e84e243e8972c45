// SPDX-License-Identifier: MIT
package dev.envres;

/** Changes that wait for the approval of others. */
public final class Requests {
    private final Session session;

    Requests(Session session) {
        this.session = session;
    }

    /**
     * Those of the workspace.
     *
     * @param all closed ones too
     * @return oldest first
     */
    public Rows<RequestRow> list(boolean all) {
        try (Use use = new Use()) {
            return new Rows<>(Native.requestList(use.of(session), all ? Flags.REQUEST_ALL : 0),
                    RequestRow::from);
        }
    }

    /**
     * Those that are open.
     *
     * @return oldest first
     */
    public Rows<RequestRow> list() {
        return list(false);
    }

    /**
     * One. Throws NotFoundException.
     *
     * @param id its id, or at least the first 8 digits
     * @return its row
     */
    public RequestRow show(String id) {
        try (Use use = new Use()) {
            return Rows.one(Native.requestShow(use.of(session), Utf8.of(id)), RequestRow::from);
        }
    }

    /**
     * Approves with the session's own key. Throws StateException (CLOSED), DeniedException.
     *
     * @param id its id, or at least the first 8 digits
     * @param changes what goes with the change: reason, operation, force
     */
    public void approve(String id, Change... changes) {
        try (Use use = new Use()) {
            Native.requestApprove(use.of(session), Utf8.of(id), Change.struct(changes));
        }
    }

    /**
     * Takes one back: its requester, or an owner. Throws StateException (CLOSED),
     * DeniedException.
     *
     * @param id its id, or at least the first 8 digits
     * @param changes what goes with the change: reason, operation, force
     */
    public void withdraw(String id, Change... changes) {
        try (Use use = new Use()) {
            Native.requestWithdraw(use.of(session), Utf8.of(id), Change.struct(changes));
        }
    }

    /**
     * Does what was asked for. Throws DeniedException (APPROVALS), StateException, and what the
     * change itself throws.
     *
     * @param id its id, or at least the first 8 digits
     * @param changes what goes with the change: reason, operation, force
     * @return what it made
     */
    public long run(String id, Change... changes) {
        try (Use use = new Use()) {
            return Native.requestRun(use.of(session), Utf8.of(id), Change.struct(changes));
        }
    }
}
