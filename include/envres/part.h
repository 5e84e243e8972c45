/* SPDX-License-Identifier: MIT */
/**
 * Parts: the files of an app's definition. A path and bytes, any bytes.
 *
 * Paths are relative, separated by `/`, case-sensitive, of at most 512 bytes of UTF-8, without
 * empty, `.` or `..` segments, control characters or `\`; two that differ only in ASCII case cannot
 * stand in one version. A part has up to 16 MiB, a version up to 10,000 parts and 256 MiB. Bytes
 * are kept once, under their digest. Every edit of a draft is durable when the call returns, and is
 * remembered. Parts are not sealed: secrets belong into variables.
 */
#ifndef ENVRES_PART_H
#define ENVRES_PART_H

#include <envres/version.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_PART_PUBLIC = 1, /**< it goes to clients: a secret in it is an error of the check */
    ENVRES_PART_REMOVE = 2, /**< take it out; `data` is not read */
    ENVRES_PART_ABSENT = 4  /**< only if there is none of that path; else ENVRES_E_CHANGED */
};

/** One edit. */
typedef struct envres_part_write {
    uint32_t size;
    /** ENVRES_PART_* */
    uint32_t flags;
    const char *path;
    size_t path_len;
    const void *data;
    size_t data_len;
    /** NULL: whatever is there. Else 32 bytes: only if the part has this digest now, otherwise
     *  ENVRES_E_CHANGED and nothing is written. */
    const uint8_t *expect;
} envres_part_write;

/** The digest a part of these bytes has: BLAKE2b-256 with the personalisation "envres1/part".
 *  @param digest  32 bytes of the caller's. Errors: ENVRES_E_INVALID. Any thread. Since 0.1. */
ENVRES_API envres_status envres_part_digest(const void *data, size_t len, uint8_t *digest,
                                            envres_error *err);

/**
 * Edits a draft: all of the writes or none, in one transaction and one audit entry. A write that
 * changes nothing (same bytes, same flags) is left out.
 * @param writes   an array of `count` structs (each with its size); at most 10,000
 * @param content  32 bytes of the caller's for the version's new content digest, or NULL
 * Errors: ENVRES_E_FROZEN, ENVRES_E_DISCARDED, ENVRES_E_CHANGED, ENVRES_E_PATH,
 * ENVRES_E_NAME_TAKEN (a path that differs only in ASCII case, or that would be both part and
 * folder without regard to it; a path twice in the call),
 * ENVRES_E_NOT_FOUND (app, version, part to remove), ENVRES_E_LIMIT, ENVRES_E_REASON; the error's
 * subject is the path at fault. Since 0.1.
 */
ENVRES_API envres_status envres_part_put(envres_session *session,
                                         const envres_version_name *version,
                                         const envres_part_write *writes, size_t count,
                                         const envres_change *change, uint8_t *content,
                                         envres_error *err);

/**
 * A part's bytes.
 * @param out  of type ENVRES_TYPE_BYTES, the caller's: envres_value_free()
 * Errors: ENVRES_E_NOT_FOUND, with the nearest path; ENVRES_E_INTEGRITY. Since 0.1.
 */
ENVRES_API envres_status envres_part_get(envres_session *session,
                                         const envres_version_name *version, const char *path,
                                         size_t path_len, envres_value **out, envres_error *err);

/** Columns of envres_part_list(). */
enum {
    ENVRES_PART_PATH = 0,      /**< text */
    ENVRES_PART_DIGEST = 1,    /**< text: 64 hex digits */
    ENVRES_PART_SIZE = 2,      /**< integer: bytes */
    ENVRES_PART_IS_PUBLIC = 3, /**< integer 0 or 1 */
    ENVRES_PART_COLUMNS = 4
};

/** The parts of a version, by path. Errors: ENVRES_E_NOT_FOUND, ENVRES_E_INTEGRITY. Since 0.1. */
ENVRES_API envres_status envres_part_list(envres_session *session,
                                          const envres_version_name *version, envres_list **out,
                                          envres_error *err);

/** Columns of envres_part_history(), newest first. */
enum {
    ENVRES_EDIT_NUMBER = 0,    /**< integer, from 1 in each version */
    ENVRES_EDIT_PATH = 1,      /**< text */
    ENVRES_EDIT_ACTION = 2,    /**< text: put, remove, restore */
    ENVRES_EDIT_DIGEST = 3,    /**< text: hex; null where the part was taken out */
    ENVRES_EDIT_SIZE = 4,      /**< integer or null */
    ENVRES_EDIT_IS_PUBLIC = 5, /**< integer 0 or 1; null where it was taken out */
    ENVRES_EDIT_AUTHOR = 6,    /**< text */
    ENVRES_EDIT_TIME = 7,      /**< integer, ms UTC */
    ENVRES_EDIT_COLUMNS = 8
};

/** The edits of a version, of one path or (path NULL) of all; those it was made from are in the
 *  history of the version it was made from. Errors: ENVRES_E_NOT_FOUND (app, version). Since 0.1.
 */
ENVRES_API envres_status envres_part_history(envres_session *session,
                                             const envres_version_name *version, const char *path,
                                             size_t path_len, envres_list **out, envres_error *err);

/**
 * Brings a part of a draft back to what it was after an edit, as a new edit.
 * @param edit  an edit of this path; 0: as the version was made
 * Errors: ENVRES_E_NOT_FOUND (an edit that is not of this path), and as envres_part_put().
 * Since 0.1.
 */
ENVRES_API envres_status envres_part_restore(envres_session *session,
                                             const envres_version_name *version, const char *path,
                                             size_t path_len, int64_t edit,
                                             const envres_change *change, envres_error *err);

/** Columns of envres_session_gc(): one row. */
enum {
    ENVRES_GC_PARTS = 0, /**< integer: parts freed */
    ENVRES_GC_TREES = 1, /**< integer: lists of parts freed */
    ENVRES_GC_BYTES = 2, /**< integer: of both */
    ENVRES_GC_COLUMNS = 3
};

/**
 * Frees the bytes that no version, no edit and no release refers to any more: those of discarded
 * versions, whose edits are forgotten. The file keeps its size; the room is used again. A call that
 * repeats one that was committed before frees nothing, and says so.
 * Errors: those of writing the store. Since 0.1.
 */
ENVRES_API envres_status envres_session_gc(envres_session *session, const envres_change *change,
                                           envres_list **out, envres_error *err);

#ifdef __cplusplus
}
#endif

#endif
