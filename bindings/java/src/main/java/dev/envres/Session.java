// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A principal, unlocked, acting in one workspace. Any thread may use it. {@link #close} wipes the
 * keys that no scope needs any more; scopes outlive it.
 *
 * <p>What can be done stands in groups, one for each header of the C interface; each method is
 * the function of that name: {@code session.variables().put()} is envres_variable_put(). What
 * goes with every change is a {@link Change}.
 */
public final class Session extends Handle {
    private final Callbacks.OfStore callbacks;

    Session(long pointer, Callbacks.OfStore callbacks) {
        super("session", pointer, closing -> {
            Throwable before = Callbacks.setAside();
            Native.sessionClose(closing);
            Callbacks.report(before);
            callbacks.release();
        });
        this.callbacks = callbacks.retain();
    }

    /**
     * Environments.
     *
     * @return the group
     */
    public Environments environments() {
        return new Environments(this);
    }

    /**
     * Variables.
     *
     * @return the group
     */
    public Variables variables() {
        return new Variables(this);
    }

    /**
     * Resources.
     *
     * @return the group
     */
    public Resources resources() {
        return new Resources(this);
    }

    /**
     * The query library.
     *
     * @return the group
     */
    public Queries queries() {
        return new Queries(this);
    }

    /**
     * Apps.
     *
     * @return the group
     */
    public Apps apps() {
        return new Apps(this);
    }

    /**
     * Versions of apps.
     *
     * @return the group
     */
    public Versions versions() {
        return new Versions(this);
    }

    /**
     * Parts of versions.
     *
     * @return the group
     */
    public Parts parts() {
        return new Parts(this);
    }

    /**
     * Releases of apps.
     *
     * @return the group
     */
    public Releases releases() {
        return new Releases(this);
    }

    /**
     * Principals.
     *
     * @return the group
     */
    public Principals principals() {
        return new Principals(this);
    }

    /**
     * Roles of principals.
     *
     * @return the group
     */
    public Roles roles() {
        return new Roles(this);
    }

    /**
     * The ways to unlock the session's own principal.
     *
     * @return the group
     */
    public Slots slots() {
        return new Slots(this);
    }

    /**
     * Keys of environments.
     *
     * @return the group
     */
    public Keys keys() {
        return new Keys(this);
    }

    /**
     * Deposits that wait.
     *
     * @return the group
     */
    public Inbox inbox() {
        return new Inbox(this);
    }

    /**
     * Changes that wait for approval.
     *
     * @return the group
     */
    public Requests requests() {
        return new Requests(this);
    }

    /**
     * The audit.
     *
     * @return the group
     */
    public Audit audit() {
        return new Audit(this);
    }

    /**
     * Who is acting where: "workspace", "principal", "memory_locked".
     *
     * @return name to value
     */
    public Map<String, String> info() {
        try (Use use = new Use()) {
            Map<String, String> made = new LinkedHashMap<>();
            new Rows<>(Native.sessionInfo(use.of(this)), SessionRow::from)
                    .forEach(row -> made.put(row.name(), row.value()));
            return made;
        }
    }

    /**
     * A session that acts as another principal: rights only shrink, the audit names both. Throws
     * NotFoundException (NO_PRINCIPAL).
     *
     * @param principal name of the principal
     * @return another session
     */
    public Session actAs(String principal) {
        try (Use use = new Use()) {
            return new Session(Native.sessionAs(use.of(this), Utf8.of(principal)), callbacks);
        }
    }

    /**
     * Opens a scope: everything is read in one transaction. Throws NotFoundException,
     * StateException (NOTHING_LIVE, DISCARDED), DeniedException (no key), IntegrityException.
     *
     * @param environment key of the environment
     * @param options see there
     * @return the scope
     */
    public Scope scope(String environment, ScopeOptions options) {
        try (Use use = new Use()) {
            return new Scope(Native.scopeOpen(use.of(this), Utf8.of(environment), options.struct()));
        }
    }

    /**
     * The same of the newest configuration, without an app.
     *
     * @param environment key of the environment
     * @return the scope
     */
    public Scope scope(String environment) {
        return scope(environment, new ScopeOptions());
    }

    /**
     * Opens a scan for texts that are meant for one environment. Throws NotFoundException,
     * DeniedException (no key), IntegrityException.
     *
     * @param environment key of the environment
     * @return the scan
     */
    public Scan scan(String environment) {
        try (Use use = new Use()) {
            byte[][] more = new byte[1][];
            long made = Native.scanOpen(use.of(this), Utf8.of(environment), more);
            return new Scan(made, Rows.some(more[0], FindingRow::from));
        }
    }

    /**
     * Polls the store; a fresh scope of the same environment and app where one is stale, else the
     * same object. Throws what {@link #scope(String, ScopeOptions)} throws.
     *
     * @param scope the one that is served
     * @return the one to serve
     */
    public Scope latest(Scope scope) {
        try (Use use = new Use()) {
            long given = use.of(scope);
            long made = Native.scopeLatest(use.of(this), given);
            if (made == given) {
                Native.scopeUnref(made);
                return scope;
            }
            return new Scope(made);
        }
    }

    /**
     * Brings older values back as new ones.
     *
     * @param environment key of the environment
     * @param revision what they were at
     * @param name of a variable; "resource/HANDLE"; null: the whole environment
     * @param changes what goes with the change: reason, operation, force
     * @return the configuration revision made
     */
    public long restore(String environment, long revision, String name, Change... changes) {
        try (Use use = new Use()) {
            return Native.restore(use.of(this), Utf8.of(environment),
                    Structs.restorePoint(0, Utf8.of(name), revision), Change.struct(changes));
        }
    }

    /**
     * Who refers to something. Throws NotFoundException.
     *
     * @param object "variable/NAME" or "resource/HANDLE"
     * @return a row for each reference
     */
    public Rows<ReferenceRow> references(String object) {
        try (Use use = new Use()) {
            return new Rows<>(Native.references(use.of(this), Utf8.of(object)), ReferenceRow::from);
        }
    }

    /**
     * Frees the bytes of discarded versions that nothing refers to any more.
     *
     * @param changes what goes with the change: reason, operation, force
     * @return what was freed
     */
    public GcRow gc(Change... changes) {
        try (Use use = new Use()) {
            return Rows.one(Native.sessionGc(use.of(this), Change.struct(changes)), GcRow::from);
        }
    }

    /**
     * Hands in a value for a variable without being able to read: a key holder accepts it. Throws
     * DeniedException, NotFoundException, InvalidNameException, TextException,
     * IntegrityException, UsageException (LIMIT).
     *
     * @param environment key of the environment
     * @param write the variable and its value
     * @param changes what goes with the change: reason, operation, force
     * @return the deposit's id
     */
    public String deposit(String environment, VariableWrite write, Change... changes) {
        try (Use use = new Use()) {
            byte[] id = Native.deposit(use.of(this), Utf8.of(environment), write.struct(use),
                    Change.struct(changes));
            return new String(id, 0, id.length - 1, StandardCharsets.US_ASCII);
        }
    }

    /**
     * The public root key of the workspace: {@link Credential#withRoot} pins it.
     *
     * @return 32 bytes
     */
    public byte[] rootKey() {
        try (Use use = new Use()) {
            return Native.rootKey(use.of(this));
        }
    }
}
