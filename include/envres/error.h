/* SPDX-License-Identifier: MIT */
/**
 * Status codes and the caller-owned error slot.
 *
 * A code is never renumbered or reused. Each has a row in the library's own table (code, name,
 * sentence) and an anchor in docs/errors.md.
 */
#ifndef ENVRES_ERROR_H
#define ENVRES_ERROR_H

#include <envres/memory.h>
#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ENVRES_OK = 0,
    /* how the call was made */
    ENVRES_E_INVALID = -1,  /**< the host misused the call: NULL handle, unknown flag */
    ENVRES_E_NOMEM = -2,    /**< the allocator refused */
    ENVRES_E_ABI = -3,      /**< an option struct of a size, or with a field, not known here */
    ENVRES_E_LIMIT = -4,    /**< a documented limit is exceeded */
    ENVRES_E_CALLBACK = -5, /**< the host's callback failed */
    ENVRES_E_FORKED = -6,   /**< called in the child of a fork */
    /* text and templates */
    ENVRES_E_UTF8 = -10,          /**< not valid UTF-8, or contains NUL */
    ENVRES_E_JSON = -11,          /**< not valid JSON (RFC 8259, with the limits of docs) */
    ENVRES_E_SYNTAX = -12,        /**< a template tag that is opened but wrong */
    ENVRES_E_TYPE = -13,          /**< a value of another type than is needed here */
    ENVRES_E_CYCLE = -14,         /**< a template variable refers to itself */
    ENVRES_E_DEPTH = -15,         /**< templates nested too deeply */
    ENVRES_E_SQL_CONTEXT = -16,   /**< a tag where SQL cannot bind a parameter */
    ENVRES_E_SHELL_CONTEXT = -17, /**< a tag where shell quoting cannot protect */
    ENVRES_E_IDENT = -18,         /**< an identifier that the caller did not allow */
    ENVRES_E_SECRET_SINK = -19,   /**< a secret where secrets are forbidden */
    /* names */
    ENVRES_E_NAME = -30,           /**< not a valid name */
    ENVRES_E_NAME_TAKEN = -31,     /**< the name is in use */
    ENVRES_E_NOT_FOUND = -32,      /**< nobody knows this name */
    ENVRES_E_NOT_SET = -33,        /**< known, but without a value in this environment */
    ENVRES_E_NOT_CONFIGURED = -34, /**< the resource has no settings in this environment */
    ENVRES_E_FIELD = -35,          /**< the resource kind has no such field, or one is missing */
    ENVRES_E_REFERRED = -36,       /**< refused, since others refer to it */
    ENVRES_E_FIXED = -37,          /**< this can be neither removed nor renamed */
    ENVRES_E_FALLBACK = -38,       /**< a fallback that is not allowed */
    ENVRES_E_CHANGED = -39,        /**< changed meanwhile; nothing was done */
    ENVRES_E_REASON = -40,         /**< the environment requires a reason */
    ENVRES_E_DENIED = -41,         /**< the principal may not, or holds no key for it */
    /* the store */
    ENVRES_E_NOT_A_STORE = -60,     /**< the file is not an envres store */
    ENVRES_E_NEWER_STORE = -61,     /**< made by a newer release of the library */
    ENVRES_E_NO_STORE = -62,        /**< there is no file of that name */
    ENVRES_E_STORE_EXISTS = -63,    /**< there is a file already; nothing was touched */
    ENVRES_E_BUSY = -64,            /**< another process is writing */
    ENVRES_E_IO = -65,              /**< the operating system reported an error */
    ENVRES_E_FULL = -66,            /**< no space left; nothing was changed */
    ENVRES_E_CORRUPT = -67,         /**< the file is damaged; it was left as it is */
    ENVRES_E_READ_ONLY = -68,       /**< the file or its folder cannot be written */
    ENVRES_E_FILE_MODE = -69,       /**< others may read or replace the file: link, mode, owner */
    ENVRES_E_FILE_SYSTEM = -70,     /**< a network or unknown file system */
    ENVRES_E_POISONED = -71,        /**< an earlier failure made this handle unusable; reopen */
    ENVRES_E_UNKNOWN_OUTCOME = -72, /**< the commit may or may not have happened */
    ENVRES_E_SETTING = -73,         /**< SQLite does not keep a setting the store needs */
    /* keys */
    ENVRES_E_KEY = -80,         /**< this key opens nothing here */
    ENVRES_E_KEY_FORMAT = -81,  /**< not a key: wrong length, all zero, empty */
    ENVRES_E_INTEGRITY = -82,   /**< a record does not verify: damaged or exchanged */
    ENVRES_E_KDF_LIMIT = -83,   /**< key derivation cost below the floor or above the ceiling */
    ENVRES_E_MEMORY_LOCK = -84, /**< key memory could not be locked, and that was required */
    /* versions and releases */
    ENVRES_E_FROZEN = -100,          /**< the version left the draft state; its parts are fixed */
    ENVRES_E_DISCARDED = -101,       /**< the version was discarded */
    ENVRES_E_SKIPS = -102,           /**< not the next environment of the path */
    ENVRES_E_OFF_PATH = -103,        /**< the environment is not on the promotion path */
    ENVRES_E_AT_LAST = -104,         /**< the version has reached the end of the path */
    ENVRES_E_NOT_READY = -105,       /**< not in the last environment yet */
    ENVRES_E_ALREADY_LIVE = -106,    /**< it is the live version */
    ENVRES_E_NEVER_RELEASED = -107,  /**< the version was never released */
    ENVRES_E_NOTHING_LIVE = -108,    /**< the app has no live release */
    ENVRES_E_NOTHING_BEFORE = -109,  /**< no earlier release to go back to */
    ENVRES_E_LIVE = -110,            /**< refused, since the version is live */
    ENVRES_E_IN_HISTORY = -111,      /**< refused, since a release record names it */
    ENVRES_E_ONLY_VERSION = -112,    /**< refused, since the app has no other */
    ENVRES_E_NO_VERSION_HERE = -113, /**< no version has reached this environment */
    ENVRES_E_TAG = -114,             /**< not a semantic version */
    ENVRES_E_TAG_TAKEN = -115,       /**< another release has this tag */
    ENVRES_E_CHECK = -116,           /**< the check found errors; nothing was changed */
    ENVRES_E_PATH = -117,            /**< not a path that a part can have */
    /* principals */
    ENVRES_E_NO_PRINCIPAL = -120, /**< no such principal */
    ENVRES_E_LAST_OWNER = -121,   /**< refused, since it is the last owner */
    ENVRES_E_OWN_CHANGE = -122,   /**< one's own role is not one's own to change */
    ENVRES_E_APPROVALS = -123,    /**< needs the approval of others; a request was opened */
    ENVRES_E_QUORUM = -124,       /**< more approvals than there are people to give them */
    ENVRES_E_CLOSED = -125,       /**< the request is closed: done, withdrawn, expired or void */
    ENVRES_E_CONFIRM = -126,      /**< a destructive act that was not confirmed */
    ENVRES_E_ROOT = -127, /**< the workspace has another root key than the one that was pinned */
    ENVRES_E_ROLLBACK = -128, /**< the store is older than the host has seen it */
    ENVRES_E_FORK = -129      /**< the store has another history than the host has seen */
};

/** An error slot; NULL when there is no memory. `alloc` NULL: the C library's allocator.
 *  Free with envres_error_free(). One thread at a time. Since 0.1. */
ENVRES_API envres_error *envres_error_new(const envres_allocator *alloc);

/** Frees a slot; NULL is allowed. Since 0.1. */
ENVRES_API void envres_error_free(envres_error *err);

/** Makes the slot say ENVRES_OK again. Since 0.1. */
ENVRES_API void envres_error_clear(envres_error *err);

/** The code of the last failure written here, or ENVRES_OK. NULL: ENVRES_OK. Since 0.1. */
ENVRES_API envres_status envres_error_code(const envres_error *err);

/** One line without a full stop, never NULL; valid until the slot is used again. Since 0.1. */
ENVRES_API const char *envres_error_message(const envres_error *err);

/** What to do about it, or "". Same lifetime. Since 0.1. */
ENVRES_API const char *envres_error_hint(const envres_error *err);

/** The name concerned (a variable, a handle, a path), or "". Same lifetime. Since 0.1. */
ENVRES_API const char *envres_error_subject(const envres_error *err);

/** Byte offset into the text the caller gave, or SIZE_MAX where there is no position. Since 0.1. */
ENVRES_API size_t envres_error_offset(const envres_error *err);

/** Line, from 1; 0 where there is no position. Since 0.1. */
ENVRES_API uint32_t envres_error_line(const envres_error *err);

/** Column in bytes, from 1; 0 where there is no position. Since 0.1. */
ENVRES_API uint32_t envres_error_column(const envres_error *err);

/**
 * Fills a slot as the library would: for a callback that fails (envres_probe_fn), and for libraries
 * built on this one. Clears subject and position.
 *
 * @param slot     may be NULL
 * @param code     one of the negative codes above
 * @param message  one line without a full stop, and without any value or secret; cut at the slot's
 *                 size
 * @param hint     what to do about it; NULL: nothing
 * @return `code`, so that a caller can return it; ENVRES_E_INVALID where `code` is none of these,
 *         and the slot says so. Since 0.1.
 */
ENVRES_API envres_status envres_error_set(envres_error *slot, envres_status code,
                                          const char *message, size_t message_len, const char *hint,
                                          size_t hint_len);

/** Adds the name concerned. `slot` may be NULL. Since 0.1. */
ENVRES_API void envres_error_set_subject(envres_error *slot, const char *name, size_t len);

/** Adds the position of byte `offset` in `text`, with its line and column; the text is not kept.
 *  `slot` may be NULL. Since 0.1. */
ENVRES_API void envres_error_set_position(envres_error *slot, const char *text, size_t len,
                                          size_t offset);

/** "ENVRES_E_NOT_SET", static; "ENVRES_E_?" for an unknown code. Any thread. Since 0.1. */
ENVRES_API const char *envres_status_name(envres_status status);

/** The code's sentence, static. Any thread. Since 0.1. */
ENVRES_API const char *envres_status_text(envres_status status);

/** How many codes there are, ENVRES_OK included. Any thread. Since 0.1. */
ENVRES_API uint32_t envres_status_count(void);

/** The index-th code, 0 <= index < envres_status_count(), else ENVRES_E_INVALID. Since 0.1. */
ENVRES_API envres_status envres_status_at(uint32_t index);

#ifdef __cplusplus
}
#endif

#endif
