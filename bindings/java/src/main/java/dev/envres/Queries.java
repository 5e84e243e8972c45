// SPDX-License-Identifier: MIT
package dev.envres;

/** Named queries of the workspace, with declared parameters and revisions. */
public final class Queries {
    private final Session session;

    Queries(Session session) {
        this.session = session;
    }

    /**
     * Puts the first revision of a query, or the next one. What is the same as the newest makes
     * none. Throws InvalidNameException, NotFoundException (the resource; a tag takes what is not
     * declared; NOT_SET: an optional one without a default), ConflictException (NAME_TAKEN:
     * declared twice; CHANGED), TextException with the position, or TYPE; UsageException
     * (INVALID, LIMIT), DeniedException.
     *
     * @param write the query
     * @param changes what goes with the change: reason, operation, force
     * @return the newest revision after it
     */
    public long put(QueryWrite write, Change... changes) {
        try (Use use = new Use()) {
            return Native.queryPut(use.of(session), write.struct(), Change.struct(changes));
        }
    }

    /**
     * Makes an older revision the newest, as one of its own. Throws NotFoundException (query,
     * revision, its resource), DeniedException; what {@link #put} throws when the resource is of
     * another kind today.
     *
     * @param name its name
     * @param revision which revision
     * @param changes what goes with the change: reason, operation, force
     * @return the revision made
     */
    public long restore(String name, long revision, Change... changes) {
        try (Use use = new Use()) {
            return Native.queryRestore(use.of(session), Utf8.of(name), revision, Change.struct(changes));
        }
    }

    /**
     * Removes one; its name is free then. Throws NotFoundException, DeniedException.
     *
     * @param name its name
     * @param changes what goes with the change: reason, operation, force
     */
    public void remove(String name, Change... changes) {
        try (Use use = new Use()) {
            Native.queryRemove(use.of(session), Utf8.of(name), Change.struct(changes));
        }
    }

    /**
     * All. Throws DeniedException, IntegrityException.
     *
     * @return by name
     */
    public Rows<QueryListRow> list() {
        try (Use use = new Use()) {
            return new Rows<>(Native.queryList(use.of(session)), QueryListRow::from);
        }
    }

    /**
     * The revisions of one. Throws NotFoundException, DeniedException, IntegrityException.
     *
     * @param name its name
     * @return newest first
     */
    public Rows<QueryHistoryRow> history(String name) {
        try (Use use = new Use()) {
            return new Rows<>(Native.queryHistory(use.of(session), Utf8.of(name)),
                    QueryHistoryRow::from);
        }
    }

    /**
     * Reads a revision. Throws NotFoundException with the nearest name, IntegrityException (not
     * as it was signed), DeniedException.
     *
     * @param name its name
     * @param revision 0: the newest
     * @return the query
     */
    public Query open(String name, long revision) {
        try (Use use = new Use()) {
            return new Query(Native.queryOpen(use.of(session), Utf8.of(name), revision));
        }
    }

    /**
     * Reads the newest revision. Throws as the other.
     *
     * @param name its name
     * @return the query
     */
    public Query open(String name) {
        return open(name, 0);
    }

    /**
     * Records that a draft uses a query; what is served later is what it used when it was
     * promoted. Throws NotFoundException (app, version, query, revision), StateException (FROZEN,
     * DISCARDED), UsageException (LIMIT: 10,000), IntegrityException, DeniedException.
     *
     * @param app name of the app
     * @param version its name; null: the app's only draft
     * @param name of the query
     * @param revision 0: the newest until it is promoted; else this one
     * @param changes what goes with the change: reason, operation, force
     */
    public void pin(String app, String version, String name, long revision, Change... changes) {
        try (Use use = new Use()) {
            Native.queryPin(use.of(session), Versions.named(app, version), Utf8.of(name), revision,
                    Change.struct(changes));
        }
    }

    /**
     * Records that a draft no longer uses a query. Throws as {@link #pin}.
     *
     * @param app name of the app
     * @param version its name; null: the app's only draft
     * @param name of the query
     * @param changes what goes with the change: reason, operation, force
     */
    public void unpin(String app, String version, String name, Change... changes) {
        try (Use use = new Use()) {
            Native.queryUnpin(use.of(session), Versions.named(app, version), Utf8.of(name),
                    Change.struct(changes));
        }
    }

    /**
     * The queries that a version uses. Throws NotFoundException, IntegrityException,
     * DeniedException.
     *
     * @param app name of the app
     * @param version its name; null: the app's only draft
     * @return by name
     */
    public Rows<QueryPinRow> pins(String app, String version) {
        try (Use use = new Use()) {
            return new Rows<>(Native.queryPins(use.of(session), Versions.named(app, version)),
                    QueryPinRow::from);
        }
    }
}
