// SPDX-License-Identifier: MIT
package dev.envres;

/** Making a version live, and taking that back. */
public final class Releases {
    private final Session session;

    Releases(Session session) {
        this.session = session;
    }

    /**
     * Makes a version live. Throws StateException, CheckException, ConflictException (CHANGED,
     * TAG_TAKEN), InvalidNameException (TAG), DeniedException, NotFoundException.
     *
     * @param app name of the app
     * @param version name of the version
     * @param options see there
     * @param seen the row that was looked at before deciding
     * @param expectLive sequence of the live release that was seen; 0: nothing was live
     * @param changes what goes with the change: reason, operation, force
     * @return the record, and warnings of the check
     */
    public Released create(String app, String version, ReleaseOptions options, VersionRow seen,
            long expectLive, Change... changes) {
        try (Use use = new Use()) {
            byte[][] more = new byte[1][];
            byte[] made = Native.releaseCreate(use.of(session), Versions.named(app, version),
                    options.struct(seen, expectLive), Change.struct(changes), more);
            return new Released(Rows.one(made, ReleaseRow::from), Rows.some(more[0], FindingRow::from));
        }
    }

    /**
     * Makes a version live under a tag. Throws as the other.
     *
     * @param app name of the app
     * @param version name of the version
     * @param tag a semantic version
     * @param seen the row that was looked at before deciding
     * @param expectLive sequence of the live release that was seen; 0: nothing was live
     * @param changes what goes with the change: reason, operation, force
     * @return the record, and warnings of the check
     */
    public Released create(String app, String version, String tag, VersionRow seen, long expectLive,
            Change... changes) {
        return create(app, version, new ReleaseOptions().tag(tag), seen, expectLive, changes);
    }

    /**
     * Makes an earlier release live again. Throws StateException, ConflictException (CHANGED),
     * NotFoundException, DeniedException.
     *
     * @param app name of the app
     * @param options see there
     * @param expectLive sequence of the live release that was seen; 0: nothing was live
     * @param changes what goes with the change: reason, operation, force
     * @return the new record, and what a check of it found
     */
    public Released rollback(String app, RollbackOptions options, long expectLive, Change... changes) {
        try (Use use = new Use()) {
            byte[][] more = options.checks() ? new byte[1][] : null;
            byte[] made = Native.releaseRollback(use.of(session), Utf8.of(app),
                    options.struct(expectLive), Change.struct(changes), more);
            return new Released(Rows.one(made, ReleaseRow::from),
                    Rows.some(more == null ? null : more[0], FindingRow::from));
        }
    }

    /**
     * Takes the live release back: the app has none then. Throws StateException,
     * ConflictException.
     *
     * @param app name of the app
     * @param expectLive sequence of the live release that was seen; 0: nothing was live
     * @param changes what goes with the change: reason, operation, force
     * @return the record
     */
    public ReleaseRow withdraw(String app, long expectLive, Change... changes) {
        try (Use use = new Use()) {
            return Rows.one(Native.releaseWithdraw(use.of(session), Utf8.of(app), expectLive,
                    Change.struct(changes)), ReleaseRow::from);
        }
    }

    /**
     * The releases of an app.
     *
     * @param app name of the app
     * @return newest first
     */
    public Rows<ReleaseRow> list(String app) {
        try (Use use = new Use()) {
            return new Rows<>(Native.releaseList(use.of(session), Utf8.of(app)), ReleaseRow::from);
        }
    }
}
