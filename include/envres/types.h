/* SPDX-License-Identifier: MIT */
/**
 * What every other header needs: the export mark, the status type, the names of the opaque objects.
 *
 * Rules that hold for every call of the library, said once:
 *  - A call that can fail returns envres_status: ENVRES_OK (0) or a negative code of error.h.
 *  - The last argument is the caller's error slot. It may be NULL; it is filled on failure and
 *    untouched on success. No configuration value and no secret is ever written into it.
 *  - An output is set only when the call succeeds; otherwise it is NULL or 0.
 *  - Text goes in as pointer and length, is UTF-8 without NUL, and is not kept after the call
 *    returns unless the contract says so. ENVRES_NUL_TERMINATED as length means "measure it".
 *  - Handles are opaque. Every _free, _unref and _close accepts NULL.
 *  - Option structs begin with `size` (sizeof the struct); zero in a field means its default.
 *    A NULL pointer to options means all defaults.
 *  - After fork() every call in the child returns ENVRES_E_FORKED; freeing is allowed and does
 *    nothing but release memory.
 */
#ifndef ENVRES_TYPES_H
#define ENVRES_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(ENVRES_STATIC)
#define ENVRES_API __attribute__((visibility("default")))
#else
#define ENVRES_API
#endif

/** Length argument: the text ends at its first NUL. The same value as envres_nul_terminated(). */
#define ENVRES_NUL_TERMINATED SIZE_MAX

#ifdef __cplusplus
extern "C" {
#endif

/** 0 is success, negative is failure (error.h); positive is never used. */
typedef int32_t envres_status;

/** Caller-owned error slot (error.h). */
typedef struct envres_error envres_error;
/** An open store: one database (store.h). */
typedef struct envres_store envres_store;
/** An unlocked principal acting in one workspace (session.h). */
typedef struct envres_session envres_session;
/** A table of results (list.h). */
typedef struct envres_list envres_list;
/** Bytes that the library made, with their type and their secrecy (value.h). */
typedef struct envres_value envres_value;
/** An immutable snapshot of one environment (scope.h). */
typedef struct envres_scope envres_scope;
/** A parsed template (template.h). */
typedef struct envres_template envres_template;
/** A template bound to a scope (template.h). */
typedef struct envres_bound envres_bound;
/** SQL with its parameters, ready for a driver (statement.h). */
typedef struct envres_statement envres_statement;
/** Parameters of one render (template.h). */
typedef struct envres_params envres_params;
/** A resource resolved in a scope (resource.h). */
typedef struct envres_resource_handle envres_resource_handle;

/** Given with every change; NULL means no reason, no operation id, no flags. */
typedef struct envres_change {
    uint32_t size;
    /** ENVRES_CHANGE_* */
    uint32_t flags;
    /** 16 bytes, or NULL for a random one. The same id again makes the call idempotent: it
     *  answers with the outcome of the first and changes nothing. */
    const uint8_t *operation;
    /** Why, for the audit; at most 1,000 bytes of UTF-8. */
    const char *reason;
    size_t reason_len;
} envres_change;

enum {
    /** Remove or change although something refers to it. */
    ENVRES_CHANGE_FORCE = 1
};

/** SIZE_MAX, for languages that cannot see the macro. Any thread. Since 0.1. */
ENVRES_API size_t envres_nul_terminated(void);

/** "0.1.0", the version of the library that is running; static. Any thread. Since 0.1. */
ENVRES_API const char *envres_version(void);

#ifdef __cplusplus
}
#endif

#endif
