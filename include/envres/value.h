/* SPDX-License-Identifier: MIT */
/**
 * A value that the library made: bytes, their type, and which of them are secret.
 *
 * Belongs to the caller. Immutable; may be read from several threads. Freeing a value that is
 * secret wipes its bytes first.
 */
#ifndef ENVRES_VALUE_H
#define ENVRES_VALUE_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Types of values and of variables. */
enum {
    ENVRES_TYPE_DEFAULT = 0,  /**< as an argument: the type the name already has, else string */
    ENVRES_TYPE_STRING = 1,   /**< UTF-8 text */
    ENVRES_TYPE_NUMBER = 2,   /**< int64, or double where written with a point or an exponent */
    ENVRES_TYPE_BOOLEAN = 3,  /**< "true" or "false" */
    ENVRES_TYPE_JSON = 4,     /**< any JSON text, compact */
    ENVRES_TYPE_TEMPLATE = 5, /**< of variables only: text with tags, expanded when used */
    ENVRES_TYPE_NULL = 6,     /**< of parameters only */
    ENVRES_TYPE_BYTES = 7,    /**< of parts only: any bytes */
    ENVRES_TYPE_INTEGER = 8,  /**< of parameters of statements and queries: within int64 */
    ENVRES_TYPE_TIMESTAMP = 9 /**< of a query's parameters only: as RFC 3339 writes it */
};

/** The bytes, followed by a NUL that is not counted; borrowed for the life of the value.
 *  `len` may be NULL. NULL value: NULL and 0. Since 0.1. */
ENVRES_API const char *envres_value_data(const envres_value *value, size_t *len);

/** ENVRES_TYPE_*; 0 for NULL. Since 0.1. */
ENVRES_API int32_t envres_value_type(const envres_value *value);

/** 1 when any byte came from a secret. Since 0.1. */
ENVRES_API int32_t envres_value_is_secret(const envres_value *value);

/** How many byte ranges are secret; they are in order and do not overlap. Since 0.1. */
ENVRES_API size_t envres_value_range_count(const envres_value *value);

/**
 * The index-th secret range: bytes start <= i < end.
 * Errors: ENVRES_E_INVALID for an index outside. Since 0.1.
 */
ENVRES_API envres_status envres_value_range(const envres_value *value, size_t index, size_t *start,
                                            size_t *end, envres_error *err);

/**
 * The value as it may be shown: each secret range replaced, all else byte for byte. Exact where a
 * redactor (redact.h) can only search, and also for secrets of a few bytes. The result is text, not
 * secret, whatever type the value has.
 * @param replacement  at most 64 bytes of UTF-8; NULL: "[redacted]"
 * @param out          belongs to the caller: envres_value_free()
 * Errors: ENVRES_E_INVALID (NULL), ENVRES_E_UTF8, ENVRES_E_LIMIT (the replacement),
 * ENVRES_E_NOMEM. Since 0.1.
 */
ENVRES_API envres_status envres_value_redacted(const envres_value *value, const char *replacement,
                                               size_t replacement_len, envres_value **out,
                                               envres_error *err);

/** Frees; wipes first when secret. NULL is allowed. Since 0.1. */
ENVRES_API void envres_value_free(envres_value *value);

/** "string", "number", ... for ENVRES_TYPE_*; "?" for anything else. Static. Since 0.1. */
ENVRES_API const char *envres_type_name(int32_t type);

#ifdef __cplusplus
}
#endif

#endif
