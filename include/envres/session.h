/* SPDX-License-Identifier: MIT */
/**
 * Sessions: a principal, unlocked by a credential, acting in one workspace.
 *
 * A session may be used from any thread (it works under its store's lock). It keeps the keys it
 * unlocked in guarded memory until it is closed; scopes opened from it keep the keys of their own
 * environment until they are freed.
 */
#ifndef ENVRES_SESSION_H
#define ENVRES_SESSION_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_CREDENTIAL_PASSPHRASE = 1, /**< `secret`: a passphrase, 1 byte to 1 MiB, any bytes */
    ENVRES_CREDENTIAL_RAW_KEY = 2,    /**< `secret`: exactly 32 bytes, not all zero */
    ENVRES_CREDENTIAL_PROVIDER = 3    /**< the host's `wrap` and `unwrap` (a KMS, a TPM) */
};

/**
 * The host's key provider. `id` is the principal (16 bytes), `aad` binds the slot. Called with no
 * lock held and no transaction open. A failure reaches the caller as ENVRES_E_CALLBACK.
 *
 * wrap: protect the 32-byte key; write at most `cap` bytes to `blob` and their number to
 * `blob_len`. unwrap: the reverse; write exactly 32 bytes to `key` (guarded memory of the library).
 */
typedef envres_status (*envres_wrap_fn)(const uint8_t *id, const uint8_t *key, const uint8_t *aad,
                                        size_t aad_len, uint8_t *blob, size_t cap, size_t *blob_len,
                                        void *user);
typedef envres_status (*envres_unwrap_fn)(const uint8_t *id, const uint8_t *blob, size_t blob_len,
                                          const uint8_t *aad, size_t aad_len, uint8_t *key,
                                          void *user);

typedef struct envres_credential {
    uint32_t size;
    /** ENVRES_CREDENTIAL_* */
    uint32_t kind;
    /** Name of the principal, or NULL: its slots are tried in order, raw keys first. */
    const char *principal;
    size_t principal_len;
    /** Read during the call only; the host wipes its own copy. */
    const uint8_t *secret;
    size_t secret_len;
    /** Argon2id cost when a slot is made; 0: 3 passes, 256 MiB. Ignored when one is opened. */
    uint64_t kdf_passes;
    uint64_t kdf_memory;
    envres_wrap_fn wrap;
    envres_unwrap_fn unwrap;
    void *user;
    /** 32 bytes: the public root key that the workspace must have (envres_root_key()); NULL: the
     *  one in the file is believed. Unlocking only. */
    const uint8_t *root;
} envres_credential;

/**
 * Unlocks a principal.
 *
 * @param workspace  name of the workspace, or NULL when the store has exactly one
 * @param out        belongs to the caller: envres_session_close()
 *
 * Errors: ENVRES_E_KEY (wrong key, wrong principal, damaged slot: one code, one text),
 * ENVRES_E_KEY_FORMAT, ENVRES_E_KDF_LIMIT, ENVRES_E_MEMORY_LOCK, ENVRES_E_CALLBACK,
 * ENVRES_E_NOT_FOUND (workspace), ENVRES_E_ROOT, ENVRES_E_ROLLBACK and ENVRES_E_FORK (the store's
 * anchor has seen another state), ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_session_open(envres_store *store, const char *workspace,
                                             size_t workspace_len,
                                             const envres_credential *credential,
                                             envres_session **out, envres_error *err);

/** Closes and wipes what no scope needs any more; NULL is allowed. Since 0.1. */
ENVRES_API void envres_session_close(envres_session *session);

/** Columns of envres_session_info(): one row for each fact. */
enum {
    ENVRES_SESSION_NAME = 0,  /**< text: "workspace", "principal", "memory_locked" */
    ENVRES_SESSION_VALUE = 1, /**< text */
    ENVRES_SESSION_COLUMNS = 2
};

/** Who is acting where. Since 0.1. */
ENVRES_API envres_status envres_session_info(envres_session *session, envres_list **out,
                                             envres_error *err);

/**
 * 32 random bytes for a raw key file, never all zero.
 * @param key  32 bytes of the caller's. Errors: ENVRES_E_INVALID. Since 0.1.
 */
ENVRES_API envres_status envres_key_generate(uint8_t *key, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
