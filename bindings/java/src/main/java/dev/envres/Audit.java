// SPDX-License-Identifier: MIT
package dev.envres;

/** One entry for every change, and for every one that was refused. */
public final class Audit {
    private final Session session;

    Audit(Session session) {
        this.session = session;
    }

    /**
     * Entries. Throws DeniedException, NotFoundException.
     *
     * @param query which
     * @return oldest first
     */
    public Rows<AuditRow> list(AuditQuery query) {
        try (Use use = new Use()) {
            return new Rows<>(Native.auditList(use.of(session), query.struct()), AuditRow::from);
        }
    }

    /**
     * All entries. Throws DeniedException.
     *
     * @return oldest first
     */
    public Rows<AuditRow> list() {
        return list(new AuditQuery());
    }

    /**
     * Walks the whole chain: every link, every signature. A finding is not an exception.
     *
     * @return what was found
     */
    public Verified verify() {
        try (Use use = new Use()) {
            byte[][] more = new byte[1][];
            long first = Native.auditVerify(use.of(session), more);
            return new Verified(first, Rows.some(more[0], VerifyRow::from));
        }
    }

    /**
     * Compares the store with a checkpoint that the host kept. Throws IntegrityException:
     * ROLLBACK (its entry is gone), FORK (another one stands there), INTEGRITY (it is not of this
     * workspace).
     *
     * @param checkpoint what an audit sink was given
     */
    public void check(Checkpoint checkpoint) {
        try (Use use = new Use()) {
            Native.auditCheck(use.of(session), Structs.checkpoint(checkpoint.sequence(),
                    checkpoint.time().toEpochMilli(), checkpoint.policyVersion(),
                    Utf8.exactly(checkpoint.workspace(), 16, "workspace"),
                    Utf8.exactly(checkpoint.signer(), 16, "signer"),
                    Utf8.exactly(checkpoint.signKey(), 32, "signKey"),
                    Utf8.exactly(checkpoint.hash(), 32, "hash"),
                    Utf8.exactly(checkpoint.signature(), 64, "signature")));
        }
    }

    /**
     * Asks for the right to show secrets to people, and says in the audit that they are shown;
     * call it before. Throws DeniedException, NotFoundException, StoreException (then show
     * nothing).
     *
     * @param environment key of the environment
     * @param object "variable/NAME", "resource/HANDLE[/FIELD]"; null: all of the environment
     * @param changes what goes with the change: reason, operation, force
     */
    public void reveal(String environment, String object, Change... changes) {
        try (Use use = new Use()) {
            Native.auditReveal(use.of(session), Structs.revealOptions(Utf8.of(environment),
                    Utf8.of(object)), Change.struct(changes));
        }
    }
}
