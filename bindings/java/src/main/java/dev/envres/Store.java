// SPDX-License-Identifier: MIT
package dev.envres;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An open store: a SQLite file, or memory. Any thread may use it; one lock inside serialises its
 * database work.
 *
 * <p>{@code try (Store store = Store.open(path); Session session = store.session(credential)) {
 * Scope scope = session.scope("production"); }}
 */
public final class Store extends Handle {
    private final Callbacks.OfStore callbacks;

    private Store(long pointer, Callbacks.OfStore callbacks) {
        super("store", pointer, closing -> {
            Native.storeClose(closing);
            callbacks.release();
        });
        this.callbacks = callbacks;
    }

    private static byte[] bytes(Path path) {
        return path == null ? null : Utf8.of(path.toString());
    }

    /**
     * Makes a store with one workspace, the environments development, staging and production, and
     * one owner. Throws ConflictException (STORE_EXISTS), KeyMaterialException, StoreException,
     * InvalidNameException.
     *
     * @param path a file that must not exist; null: a store in memory
     * @param owner what will unlock the owner
     * @param options see there
     * @return the store
     */
    public static Store create(Path path, Credential owner, StoreOptions options) {
        Callbacks.OfStore callbacks = options.callbacks();
        try (Use use = new Use(); Credential.Given given = owner.given(use)) {
            return new Store(Native.storeCreate(bytes(path), options.struct(callbacks), given.struct),
                    callbacks);
        } catch (Throwable error) {
            callbacks.release();
            throw error;
        }
    }

    /**
     * The same with what is usual.
     *
     * @param path a file that must not exist; null: a store in memory
     * @param owner what will unlock the owner
     * @return the store
     */
    public static Store create(Path path, Credential owner) {
        return create(path, owner, new StoreOptions());
    }

    /**
     * Opens a store that is there. Throws NotFoundException (NO_STORE), StoreException,
     * IntegrityException.
     *
     * @param path of the file
     * @param options see there
     * @return the store
     */
    public static Store open(Path path, StoreOptions options) {
        Callbacks.OfStore callbacks = options.callbacks();
        try {
            return new Store(Native.storeOpen(bytes(path), options.struct(callbacks)), callbacks);
        } catch (Throwable error) {
            callbacks.release();
            throw error;
        }
    }

    /**
     * The same with what is usual.
     *
     * @param path of the file
     * @return the store
     */
    public static Store open(Path path) {
        return open(path, new StoreOptions());
    }

    /**
     * Makes a new store of all that still verifies in a damaged one, which is only read. Throws
     * ConflictException (STORE_EXISTS), NotFoundException (NO_STORE), StoreException,
     * KeyMaterialException, DeniedException; nothing is made then.
     *
     * @param path the damaged one
     * @param to the new one, a file that must not exist
     * @param credential an owner's, or an administrator's while the roles verify
     * @param options see there
     * @return the report: rows with a code say what is lost
     */
    public static Rows<SalvageRow> salvage(Path path, Path to, Credential credential,
            StoreOptions options) {
        Callbacks.OfStore callbacks = options.callbacks();
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            return new Rows<>(Native.storeSalvage(bytes(path), bytes(to), options.struct(callbacks),
                    given.struct), SalvageRow::from);
        } finally {
            callbacks.release();
        }
    }

    /**
     * Unlocks a principal. Throws KeyMaterialException (wrong key, principal or slot: one code),
     * CallbackException, NotFoundException (workspace), IntegrityException (ROOT, ROLLBACK,
     * FORK).
     *
     * @param credential what unlocks it
     * @param workspace its name; null: the only one
     * @return the session
     */
    public Session session(Credential credential, String workspace) {
        try (Use use = new Use(); Credential.Given given = credential.given(use)) {
            return new Session(Native.sessionOpen(use.of(this), Utf8.of(workspace), given.struct),
                    callbacks);
        }
    }

    /**
     * Unlocks a principal in the only workspace. Throws what the other does.
     *
     * @param credential what unlocks it
     * @return the session
     */
    public Session session(Credential credential) {
        return session(credential, null);
    }

    /**
     * Checks everything. A finding is not an exception.
     *
     * @param session also every sealed record that its keys open; null: without
     * @return no row: all is well
     */
    public Rows<VerifyRow> verify(Session session) {
        try (Use use = new Use()) {
            return new Rows<>(Native.storeVerify(use.of(this), use.ofNullable(session)), VerifyRow::from);
        }
    }

    /**
     * Writes a consistent copy. Throws ConflictException, StoreException.
     *
     * @param path a file that must not exist
     */
    public void backup(Path path) {
        try (Use use = new Use()) {
            Native.storeBackup(use.of(this), bytes(path));
        }
    }

    /**
     * Whether another process committed since the last poll; makes scopes stale if so.
     *
     * @return true: it did
     */
    public boolean poll() {
        try (Use use = new Use()) {
            return Native.storePoll(use.of(this)) != 0;
        }
    }

    /**
     * What the store runs on: "library", "sqlite", "journal_mode", ...; nothing secret.
     *
     * @return name to value
     */
    public Map<String, String> info() {
        try (Use use = new Use()) {
            Map<String, String> made = new LinkedHashMap<>();
            new Rows<>(Native.storeInfo(use.of(this)), InfoRow::from)
                    .forEach(row -> made.put(row.name(), row.value()));
            return made;
        }
    }
}
