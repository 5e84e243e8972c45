/* SPDX-License-Identifier: MIT */
/**
 * Redaction: masking the secrets of environments in any text, such as a log, as it streams by.
 *
 * It is the last line of defence, behind taint (value.h), which knows exactly what is secret. A
 * redactor looks for bytes: each secret of 8 bytes or more as it is, each of its lines of 8 bytes
 * or more, and the secret in hex, in base64 and base64url (wherever in the encoded text it stands),
 * percent-encoded, and escaped as in JSON. A byte that lies in any of these is masked, and each
 * unbroken run of masked bytes becomes one replacement. All other bytes pass as they are; they need
 * not be UTF-8. How the text is cut into pieces makes no difference.
 *
 * Secrets that are shorter, or white space alone, are refused, since masking them would spoil every
 * text and give them away; envres_redactor_refused() names them. What changes a secret in another
 * way (compression, encryption, another character set, line breaks put in) is not found.
 *
 * A redactor is filled, then used. It is for one thread at a time; envres_redactor_copy() makes
 * more of the same, which share what they look for. What it looks for lies in memory that is wiped,
 * and is never part of an error.
 */
#ifndef ENVRES_REDACT_H
#define ENVRES_REDACT_H

#include <envres/memory.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A set of secrets to be masked, and where one text stands. */
typedef struct envres_redactor envres_redactor;

typedef struct envres_redactor_options {
    uint32_t size;
    /** None yet: 0. */
    uint32_t flags;
    /** NULL: the C library's. */
    const envres_allocator *allocator;
    /** What stands in the place of secrets, at most 64 bytes of UTF-8; NULL: "[redacted]". */
    const char *replacement;
    size_t replacement_len;
} envres_redactor_options;

/**
 * Makes a redactor that looks for nothing yet.
 * @param out  belongs to the caller: envres_redactor_free()
 * Errors: ENVRES_E_UTF8, ENVRES_E_LIMIT (the replacement), ENVRES_E_INVALID, ENVRES_E_NOMEM.
 * Since 0.1.
 */
ENVRES_API envres_status envres_redactor_new(const envres_redactor_options *options,
                                             envres_redactor **out, envres_error *err);

/**
 * Adds every secret of a scope: variables, fields of resources (also those that a fallback gives),
 * and what is composed of secrets. The scope is not needed afterwards. Secrets for which the
 * session had no key, and those that do not resolve, are among the refused.
 * Errors: ENVRES_E_INVALID (a text has begun, or copies were made), ENVRES_E_LIMIT (256 MiB of
 * forms), ENVRES_E_NOMEM; after one of the latter two the redactor holds a part of them, and is for
 * envres_redactor_free(). Since 0.1.
 */
ENVRES_API envres_status envres_redactor_add_scope(envres_redactor *redactor,
                                                   const envres_scope *scope, envres_error *err);

/**
 * Adds a secret that the host has from elsewhere: any bytes, at most 1 MiB.
 * @param name  what envres_redactor_refused() calls it; at most 128 bytes
 * Errors: as envres_redactor_add_scope(); a secret that is refused is none. Since 0.1.
 */
ENVRES_API envres_status envres_redactor_add(envres_redactor *redactor, const char *name,
                                             size_t name_len, const char *secret, size_t secret_len,
                                             envres_error *err);

/** Columns of envres_redactor_refused(). */
enum {
    ENVRES_REFUSED_ENVIRONMENT = 0, /**< text: key; null for those of envres_redactor_add() */
    ENVRES_REFUSED_NAME = 1,        /**< text: of the variable, the resource, or as it was given */
    ENVRES_REFUSED_FIELD = 2,       /**< text: of a resource; else null */
    ENVRES_REFUSED_REASON = 3,      /**< text: "short" (fewer than 8 bytes), "blank" (white space
                                         alone), "lines" (it is looked for as a whole, but some of
                                         its lines have fewer than 8 bytes), "closed" (no key),
                                         "broken" (it does not resolve) */
    ENVRES_REFUSED_COLUMNS = 4
};

/** What is not masked, or not in every form, in the order in which it was added. Errors:
 *  ENVRES_E_NOMEM. Since 0.1. */
ENVRES_API envres_status envres_redactor_refused(const envres_redactor *redactor, envres_list **out,
                                                 envres_error *err);

/**
 * Another redactor of the same secrets and replacement, for another text or thread. To neither of
 * the two secrets can be added any more. Errors: ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_redactor_copy(envres_redactor *redactor, envres_redactor **out,
                                              envres_error *err);

/** Takes bytes that may go where no secret must; valid during the call. Anything but ENVRES_OK ends
 *  the call of the library and is its answer. */
typedef envres_status (*envres_redactor_write_fn)(const char *data, size_t len, void *user);

/**
 * Takes the next bytes of the text in, and gives on all that no later byte can change: held back is
 * only what could be the beginning of a secret, at most 255 bytes.
 * @param data   may hold NULs; `len` is no ENVRES_NUL_TERMINATED here
 * @param write  called any number of times, with any number of bytes
 * Errors: what `write` answered, ENVRES_E_NOMEM; from then on nothing more is given on, and the
 * answer is the same, until envres_redactor_finish(). Since 0.1.
 */
ENVRES_API envres_status envres_redactor_feed(envres_redactor *redactor, const char *data,
                                              size_t len, envres_redactor_write_fn write,
                                              void *user, envres_error *err);

/**
 * The text has ended: gives on what was held back. Whatever the answer, another text can begin.
 * Errors: as envres_redactor_feed(). Since 0.1.
 */
ENVRES_API envres_status envres_redactor_finish(envres_redactor *redactor,
                                                envres_redactor_write_fn write, void *user,
                                                envres_error *err);

/**
 * Masks one text that is all there; the one that is being fed is not touched.
 * @param out  belongs to the caller: envres_value_free(); not secret
 * Errors: ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_redactor_text(envres_redactor *redactor, const char *text,
                                              size_t len, envres_value **out, envres_error *err);

/** How many replacements this redactor has written: anything but 0 says that something upstream let
 *  a secret go. NULL: 0. Since 0.1. */
ENVRES_API uint64_t envres_redactor_masked(const envres_redactor *redactor);

/** Wipes and frees; what was held back is dropped. NULL is allowed. Since 0.1. */
ENVRES_API void envres_redactor_free(envres_redactor *redactor);

#ifdef __cplusplus
}
#endif

#endif
