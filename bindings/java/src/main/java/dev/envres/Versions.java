// SPDX-License-Identifier: MIT
package dev.envres;

import java.util.List;
import java.util.Optional;

/** Named states of an app's parts. */
public final class Versions {
    private final Session session;

    Versions(Session session) {
        this.session = session;
    }

    /** An envres_version_name. */
    static Object[] named(String app, String version) {
        return Structs.versionName(Utf8.of(app), Utf8.of(version));
    }

    /**
     * Makes a draft. Throws NotFoundException, StateException, InvalidNameException,
     * ConflictException.
     *
     * @param app name of the app
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     * @return its row
     */
    public VersionRow create(String app, VersionOptions options, Change... changes) {
        try (Use use = new Use()) {
            return Rows.one(Native.versionCreate(use.of(session), Utf8.of(app), options.struct(),
                    Change.struct(changes)), VersionRow::from);
        }
    }

    /**
     * Renames or describes one, in any state.
     *
     * @param app name of the app
     * @param version name of the version
     * @param options see there
     * @param changes what goes with the change: reason, operation, force
     */
    public void set(String app, String version, VersionOptions options, Change... changes) {
        try (Use use = new Use()) {
            Native.versionSet(use.of(session), named(app, version), options.struct(),
                    Change.struct(changes));
        }
    }

    /**
     * Those of an app, newest first.
     *
     * @param app name of the app
     * @param environment those that have reached it; null: all
     * @param all discarded ones too
     * @return the rows
     */
    public Rows<VersionRow> list(String app, String environment, boolean all) {
        try (Use use = new Use()) {
            return new Rows<>(Native.versionList(use.of(session), Utf8.of(app), Utf8.of(environment),
                    all ? Flags.VERSION_ALL : 0), VersionRow::from);
        }
    }

    /**
     * Those of an app that are not discarded, newest first.
     *
     * @param app name of the app
     * @return the rows
     */
    public Rows<VersionRow> list(String app) {
        return list(app, null, false);
    }

    /**
     * One. Throws NotFoundException.
     *
     * @param app name of the app
     * @param version name of the version
     * @return its row
     */
    public VersionRow describe(String app, String version) {
        try (Use use = new Use()) {
            return Rows.one(Native.versionDescribe(use.of(session), named(app, version)),
                    VersionRow::from);
        }
    }

    /**
     * Opens one for work, and remembers that.
     *
     * @param app name of the app
     * @param version its name; null: the most recently changed one there
     * @param environment key of the environment
     * @param changes what goes with the change: reason, operation, force
     * @return its row
     */
    public VersionRow open(String app, String version, String environment, Change... changes) {
        try (Use use = new Use()) {
            return Rows.one(Native.versionOpen(use.of(session), named(app, version),
                    Utf8.of(environment), Change.struct(changes)), VersionRow::from);
        }
    }

    /**
     * What the session's principal opened last in this app.
     *
     * @param app name of the app
     * @return empty: nothing yet
     */
    public Optional<LastRow> last(String app) {
        try (Use use = new Use()) {
            return new Rows<>(Native.versionLast(use.of(session), Utf8.of(app)), LastRow::from).stream()
                    .findFirst();
        }
    }

    /**
     * What differs between two versions.
     *
     * @param app name of the app
     * @param old the one
     * @param otherApp whose version the other is
     * @param other the other
     * @param withText the text of what was changed too
     * @return by path
     */
    public Rows<DiffRow> diff(String app, String old, String otherApp, String other, boolean withText) {
        try (Use use = new Use()) {
            return new Rows<>(Native.versionDiff(use.of(session), named(app, old),
                    named(otherApp, other), withText ? Flags.DIFF_WITH_TEXT : 0), DiffRow::from);
        }
    }

    /**
     * What differs between two versions of one app, with the text.
     *
     * @param app name of the app
     * @param old the one
     * @param other the other
     * @return by path
     */
    public Rows<DiffRow> diff(String app, String old, String other) {
        return diff(app, old, app, other, true);
    }

    /**
     * The check by itself. A finding is not an exception.
     *
     * @param app name of the app
     * @param version name of the version
     * @param environment key of the environment
     * @return errors first
     */
    public Rows<FindingRow> check(String app, String version, String environment) {
        try (Use use = new Use()) {
            return new Rows<>(Native.versionCheck(use.of(session), named(app, version),
                    Utf8.of(environment)), FindingRow::from);
        }
    }

    /**
     * Moves one on. Where stage or content differ from the row that was looked at, nothing is
     * done and it is a ConflictException (CHANGED). Throws StateException, CheckException,
     * ConflictException, DeniedException, NotFoundException.
     *
     * @param app name of the app
     * @param version name of the version
     * @param to key of the environment
     * @param seen the row that was looked at before deciding
     * @param moving how
     * @param changes what goes with the change: reason, operation, force
     * @return warnings of the check
     */
    public List<FindingRow> promote(String app, String version, String to, VersionRow seen, Moving moving,
            Change... changes) {
        try (Use use = new Use()) {
            Object[] options = Structs.promoteOptions(moving.flags(), Utf8.of(to),
                    Utf8.of(seen.stage()), Utf8.digest(seen.content(), "content"));
            return Rows.some(Native.versionPromote(use.of(session), named(app, version), options,
                    Change.struct(changes)), FindingRow::from);
        }
    }

    /**
     * Moves one on to the next environment. Throws as the other.
     *
     * @param app name of the app
     * @param version name of the version
     * @param to key of the environment
     * @param seen the row that was looked at before deciding
     * @param changes what goes with the change: reason, operation, force
     * @return warnings of the check
     */
    public List<FindingRow> promote(String app, String version, String to, VersionRow seen,
            Change... changes) {
        return promote(app, version, to, seen, new Moving(), changes);
    }

    /**
     * Discards one. Throws StateException, ConflictException (CHANGED).
     *
     * @param app name of the app
     * @param version name of the version
     * @param seen the row that was looked at before deciding
     * @param changes what goes with the change: reason, operation, force
     */
    public void discard(String app, String version, VersionRow seen, Change... changes) {
        try (Use use = new Use()) {
            Native.versionDiscard(use.of(session), named(app, version),
                    Structs.versionSeen(Utf8.of(seen.stage()), Utf8.digest(seen.content(), "content")),
                    Change.struct(changes));
        }
    }
}
