/* SPDX-License-Identifier: MIT */
/**
 * The store: one database, a SQLite file or memory.
 *
 * A store may be used from any thread; one internal lock serialises its database work. Sessions
 * keep their store alive: envres_store_close() gives up the caller's reference, and the file is
 * closed when the last session on it is closed too. Scopes need neither.
 */
#ifndef ENVRES_STORE_H
#define ENVRES_STORE_H

#include <envres/memory.h>
#include <envres/session.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /** Refuse to unlock keys in memory that cannot be locked (ENVRES_E_MEMORY_LOCK). */
    ENVRES_STORE_LOCKED_MEMORY = 1,
    /** Open a file that group or others may access, or with several links. */
    ENVRES_STORE_ANY_FILE_MODE = 2,
    /** Open on a FUSE file system of unknown kind. Network file systems stay refused. */
    ENVRES_STORE_ALLOW_FUSE = 4,
    /** Commit without waiting for the disk. A power cut may lose acknowledged changes or the
     *  whole file. For tests only. */
    ENVRES_STORE_RELAXED = 8,
    /** Never write; every change answers ENVRES_E_READ_ONLY. */
    ENVRES_STORE_READ_ONLY = 16
};

/** Milliseconds since 1970 UTC; must not call the library. Any thread. */
typedef int64_t (*envres_clock_fn)(void *user);

/**
 * Where the host remembers the newest state it has seen of a workspace, outside of the file:
 * another disk, a TPM counter, a server. With it an older copy of the whole file, put in its place,
 * is noticed when a session is opened. Called with no lock held and no transaction open; a failure
 * reaches the caller as ENVRES_E_CALLBACK.
 *
 * load: set *sequence to what was stored last, and `hash` (32 bytes); *sequence 0: nothing yet.
 * store: replace (expected, any hash) by (sequence, hash), compare-and-set. When something newer is
 * stored already, leave it and answer ENVRES_OK.
 * `workspace`: 16 bytes.
 */
typedef envres_status (*envres_anchor_load_fn)(const uint8_t *workspace, int64_t *sequence,
                                               uint8_t *hash, void *user);
typedef envres_status (*envres_anchor_store_fn)(const uint8_t *workspace, int64_t expected,
                                                int64_t sequence, const uint8_t *hash, void *user);

/** A signed statement of how far the audit is; whoever keeps it can prove what was cut off. */
typedef struct envres_checkpoint {
    uint32_t size;
    uint32_t reserved;
    int64_t sequence;
    int64_t time; /**< ms UTC */
    int64_t policy_version;
    const uint8_t *workspace; /**< 16 bytes */
    const uint8_t *signer;    /**< 16: id of the principal that was unlocked */
    const uint8_t *sign_key;  /**< 32 */
    const uint8_t *hash;      /**< 32: of the entry with that sequence number */
    const uint8_t *signature; /**< 64: Ed25519; docs/file-format.md has the message */
} envres_checkpoint;

/** Takes a checkpoint; same rules as the anchor. `checkpoint` and what it points to are valid
 *  during the call: copy what is kept. */
typedef envres_status (*envres_audit_sink_fn)(const envres_checkpoint *checkpoint, void *user);

typedef struct envres_store_options {
    uint32_t size;
    /** ENVRES_STORE_* */
    uint32_t flags;
    /** NULL: the C library's. */
    const envres_allocator *allocator;
    /** How long to wait for another writer; 0: 5,000 ms; UINT32_MAX: do not wait. */
    uint32_t busy_timeout_ms;
    uint32_t reserved;
    /** NULL: the system's clock. */
    envres_clock_fn clock;
    void *clock_user;
    /** Most memory an unlock may use for Argon2id, bytes; 0: 1 GiB. */
    uint64_t kdf_memory_max;
    /** Name of a registered SQLite VFS, or NULL. For tests; skips the file checks. */
    const char *vfs;
    /** For envres_store_create(): name of the first workspace; NULL: "main". */
    const char *workspace;
    /** For envres_store_create(): name of the first principal; NULL: "owner". */
    const char *owner;
    /** Both, or none. */
    envres_anchor_load_fn anchor_load;
    envres_anchor_store_fn anchor_store;
    void *anchor_user;
    /** Given a checkpoint every 256 audit entries, every 60 seconds in which there were some, after
     *  each privileged act and when a session is closed; NULL: none are made. While it fails,
     *  changes are refused. */
    envres_audit_sink_fn audit_sink;
    void *audit_sink_user;
} envres_store_options;

/**
 * Makes a store with one workspace, the environments development, staging and production (which
 * starts protected), and one owner principal that holds the keys of all of them.
 *
 * @param path     a file that must not exist; NULL: a store in memory. The file is made with
 *                 mode 0600 under another name and renamed when whole.
 * @param owner    what will unlock the owner; its `principal` is ignored
 * @param out      belongs to the caller: envres_store_close(). It is not unlocked: open a session
 *
 * Errors: ENVRES_E_STORE_EXISTS, ENVRES_E_KEY_FORMAT, ENVRES_E_KDF_LIMIT, ENVRES_E_FILE_SYSTEM,
 * ENVRES_E_READ_ONLY, ENVRES_E_IO, ENVRES_E_FULL, ENVRES_E_NAME, ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_store_create(const char *path, size_t path_len,
                                             const envres_store_options *options,
                                             const envres_credential *owner, envres_store **out,
                                             envres_error *err);

/**
 * Opens an existing store. An older format is migrated, after a copy beside the file.
 *
 * Errors: ENVRES_E_NO_STORE, ENVRES_E_NOT_A_STORE, ENVRES_E_NEWER_STORE (not one byte written),
 * ENVRES_E_CORRUPT, ENVRES_E_FILE_MODE, ENVRES_E_FILE_SYSTEM, ENVRES_E_SETTING, ENVRES_E_BUSY,
 * ENVRES_E_IO, ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_store_open(const char *path, size_t path_len,
                                           const envres_store_options *options, envres_store **out,
                                           envres_error *err);

/** Gives up the caller's reference; NULL is allowed. Since 0.1. */
ENVRES_API void envres_store_close(envres_store *store);

/** Columns of envres_store_verify(). */
enum {
    ENVRES_VERIFY_CODE = 0,           /**< text: the status name, "ENVRES_E_INTEGRITY", ... */
    ENVRES_VERIFY_OBJECT = 1,         /**< text: "variable/NAME", "audit/17", "file", ... */
    ENVRES_VERIFY_MESSAGE = 2,        /**< text: one line */
    ENVRES_VERIFY_AUDIT_SEQUENCE = 3, /**< integer: first bad audit entry, or null */
    ENVRES_VERIFY_COLUMNS = 4
};

/**
 * Checks everything: the file's structure, the schema, the audit chain, and, with a session, every
 * sealed record and every environment head that its keys open.
 *
 * @param session  may be NULL: then nothing sealed is opened
 * @param out      one row per finding; no row: all is well
 *
 * Errors: those of reading the file at all. A finding is not an error. Since 0.1.
 */
ENVRES_API envres_status envres_store_verify(envres_store *store, envres_session *session,
                                             envres_list **out, envres_error *err);

/**
 * Writes a copy: one consistent state, checked after writing, mode 0600, renamed into place last.
 * @param path  must not exist
 * Errors: ENVRES_E_STORE_EXISTS, ENVRES_E_IO, ENVRES_E_FULL, ENVRES_E_READ_ONLY. Since 0.1.
 */
ENVRES_API envres_status envres_store_backup(envres_store *store, const char *path, size_t path_len,
                                             envres_error *err);

/** Columns of envres_store_salvage(). Rows with a code tell what is lost, or what nothing vouches
 *  for; they come first. Rows without one tell what was kept, table by table. */
enum {
    ENVRES_SALVAGE_TABLE = 0, /**< text: a table of the store, or "file" */
    ENVRES_SALVAGE_OBJECT =
        1, /**< text: "variable/HOST in staging, revision 7"; null: no one of them */
    ENVRES_SALVAGE_KEPT = 2, /**< integer: rows kept; null in rows with a code */
    ENVRES_SALVAGE_LOST =
        3, /**< integer: rows or objects lost, where it is known how many; or null */
    ENVRES_SALVAGE_CODE = 4,    /**< text: status name; null: nothing is wrong */
    ENVRES_SALVAGE_MESSAGE = 5, /**< text: why, and what to do; null where there is no code */
    ENVRES_SALVAGE_COLUMNS = 6
};

/**
 * Makes a new store of all that still verifies in a damaged one. The damaged file is opened for
 * reading alone, and copied beside the new one while it is read; the new one has mode 0600, and its
 * name last. Rows are looked for page by page, so that neither the schema nor the trees over the
 * rows have to be whole.
 *
 * Kept: values whose records open (where their keys are held; else as they are), parts and versions
 * by their digests, releases up to the first record that does not hold, the audit up to the first
 * entry that does not follow, and one entry of its own, "store.salvage". What took the place of a
 * value and is lost leaves that value taken away; an older one never comes back by itself. When the
 * principals and roles are not those that were signed, only the owner stays, and all others have to
 * be added anew.
 *
 * @param path        the damaged file
 * @param to          the new one; must not exist
 * @param options     as for envres_store_create(); `workspace` names the workspace when its name is
 *                    lost
 * @param credential  an owner's, or an administrator's while the roles verify: it seals the new
 * store
 * @param out         the report; names and counts, never a value
 *
 * Errors: ENVRES_E_STORE_EXISTS, ENVRES_E_NO_STORE, ENVRES_E_NOT_A_STORE (no row of a store is in
 * it), ENVRES_E_NEWER_STORE, ENVRES_E_KEY (also: what the credential unlocks is lost),
 * ENVRES_E_DENIED, ENVRES_E_BUSY, ENVRES_E_FILE_MODE, ENVRES_E_IO, ENVRES_E_FULL. Nothing is made
 * then. Since 0.1.
 */
ENVRES_API envres_status envres_store_salvage(const char *path, size_t path_len, const char *to,
                                              size_t to_len, const envres_store_options *options,
                                              const envres_credential *credential,
                                              envres_list **out, envres_error *err);

/**
 * Asks the database whether another process committed, and makes the store's scopes stale if so.
 * @param changed  may be NULL; 1 when something changed since the last poll
 * Cost: one pragma; some 10 microseconds where SQLite has to look under its file lock. Since 0.1.
 */
ENVRES_API envres_status envres_store_poll(envres_store *store, int32_t *changed,
                                           envres_error *err);

/** Columns of envres_store_info(): one row for each fact. */
enum {
    ENVRES_INFO_NAME = 0,  /**< text: "library", "sqlite", "libsodium", "format", "path",
                                "journal_mode", "synchronous", "memory_locked", "file_system" */
    ENVRES_INFO_VALUE = 1, /**< text */
    ENVRES_INFO_COLUMNS = 2
};

/** What this store runs on, for `doctor` and bug reports; nothing in it is secret. Since 0.1. */
ENVRES_API envres_status envres_store_info(envres_store *store, envres_list **out,
                                           envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
