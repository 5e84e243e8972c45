/* SPDX-License-Identifier: MIT */
/**
 * Principals: who acts, with which keys, in which roles.
 *
 * Two walls stand behind each other. Roles are asked by the library before anything is done: they
 * hold against honest callers. Keys are what values are sealed under: who holds no key of an
 * environment reads nothing there, whatever program they use. A role comes with the keys it needs.
 */
#ifndef ENVRES_PRINCIPAL_H
#define ENVRES_PRINCIPAL_H

#include <envres/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Roles. They are no ladder; docs/access.md has what each may do. */
enum {
    ENVRES_ROLE_VIEWER = 1,    /**< sees names and plain values */
    ENVRES_ROLE_EDITOR = 2,    /**< writes values and apps, where nothing is protected */
    ENVRES_ROLE_PUBLISHER = 3, /**< promotes, releases, rolls back */
    ENVRES_ROLE_ADMIN = 4,     /**< environments, principals, keys */
    ENVRES_ROLE_OWNER = 5,     /**< the same, and lowers protection */
    ENVRES_ROLE_RUNTIME = 6,   /**< a program that resolves, and nothing else */
    ENVRES_ROLE_DEPOSITOR = 7, /**< hands values in, and reads none */
    ENVRES_ROLE_AUDITOR = 8    /**< reads names and the audit */
};

/** "viewer", "editor", ...; "?" for what is none. Static. Since 0.1. */
ENVRES_API const char *envres_role_name(uint32_t role);

typedef struct envres_principal_options {
    uint32_t size;
    /** ENVRES_ROLE_* of the first grants; 0: none yet. */
    uint32_t role;
    /** `count` keys of environments, NUL-terminated, for the role; 0: all of the workspace. */
    const char *const *environments;
    size_t count;
    /** What will unlock it; required. Its `principal` is ignored. Read during the call only. */
    const envres_credential *credential;
} envres_principal_options;

/**
 * Adds a principal with its first slot, and grants it a role.
 * @param name  1 to 128 bytes, no control characters, no space at either end; special names do not
 *              exist: "root" and "*" are names like others
 * Errors: ENVRES_E_NAME, ENVRES_E_NAME_TAKEN, ENVRES_E_DENIED (the right, or a role that the
 * session's principal does not hold itself), ENVRES_E_NOT_FOUND (environment), ENVRES_E_KEY_FORMAT,
 * ENVRES_E_KDF_LIMIT, ENVRES_E_CALLBACK, ENVRES_E_APPROVALS (the role counts where others must
 * approve it: a new key cannot wait for that, so add it without, and grant the role). Since 0.1.
 */
ENVRES_API envres_status envres_principal_add(envres_session *session, const char *name,
                                              size_t name_len,
                                              const envres_principal_options *options,
                                              const envres_change *change, envres_error *err);

/**
 * Removes a principal: its slots, its roles, its keys. Its name stays in the audit, and can be
 * given anew. What it could read before, it may have kept: rotate that. Errors:
 * ENVRES_E_NO_PRINCIPAL, ENVRES_E_LAST_OWNER, ENVRES_E_DENIED. Since 0.1.
 */
ENVRES_API envres_status envres_principal_remove(envres_session *session, const char *name,
                                                 size_t name_len, const envres_change *change,
                                                 envres_error *err);

/** Columns of envres_principal_list(): a row for each role of each principal. */
enum {
    ENVRES_PRINCIPAL_NAME = 0,        /**< text */
    ENVRES_PRINCIPAL_ROLE = 1,        /**< text, or null: it has none */
    ENVRES_PRINCIPAL_ENVIRONMENT = 2, /**< text: key; null with a role: all environments */
    ENVRES_PRINCIPAL_SLOTS = 3,       /**< integer: ways to unlock it */
    ENVRES_PRINCIPAL_SIGN_KEY = 4,    /**< text: its public Ed25519 key, 64 hex digits */
    ENVRES_PRINCIPAL_TIME = 5,        /**< integer, ms UTC: when it was added */
    ENVRES_PRINCIPAL_COLUMNS = 6
};

/** All principals of the workspace, by name. Since 0.1. */
ENVRES_API envres_status envres_principal_list(envres_session *session, envres_list **out,
                                               envres_error *err);

/** A role of a principal. */
typedef struct envres_role {
    uint32_t size;
    /** ENVRES_ROLE_* */
    uint32_t role;
    const char *principal;
    size_t principal_len;
    /** Key of the environment; NULL: all of the workspace, those added later too. */
    const char *environment;
    size_t environment_len;
} envres_role;

/**
 * Gives a role, and the keys that it comes with.
 * Errors: ENVRES_E_NO_PRINCIPAL, ENVRES_E_NOT_FOUND (environment), ENVRES_E_DENIED (the right to
 * grant, a role that the session's principal does not hold, a key it has not), ENVRES_E_OWN_CHANGE
 * (one's own role). Since 0.1.
 */
ENVRES_API envres_status envres_role_grant(envres_session *session, const envres_role *role,
                                           const envres_change *change, envres_error *err);

/**
 * Takes a role back, and the keys that no other role of the principal comes with.
 * Errors: as envres_role_grant(); ENVRES_E_NOT_SET (it has no such role), ENVRES_E_LAST_OWNER.
 * Since 0.1.
 */
ENVRES_API envres_status envres_role_revoke(envres_session *session, const envres_role *role,
                                            const envres_change *change, envres_error *err);

/**
 * A session that acts as another principal: an assertion of the host, who knows whom it serves. It
 * can only shrink what may be done: the rights of both are needed. The audit names both.
 * @param out  belongs to the caller: envres_session_close()
 * Errors: ENVRES_E_NO_PRINCIPAL (an unknown or removed one), ENVRES_E_INVALID (an empty name).
 * Since 0.1.
 */
ENVRES_API envres_status envres_session_as(envres_session *session, const char *principal,
                                           size_t principal_len, envres_session **out,
                                           envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
