/* SPDX-License-Identifier: MIT */
/**
 * The allocator hook. Every byte that the library allocates for a store, and for what hangs on it,
 * comes from one function in the manner of realloc. (SQLite and libsodium have allocators of their
 * own; the keys themselves lie in a guarded arena that does not use this hook.)
 */
#ifndef ENVRES_MEMORY_H
#define ENVRES_MEMORY_H

#include <envres/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * One function for all requests:
 *   ptr NULL, size > 0   allocate, aligned for any object; NULL when there is no memory
 *   ptr set, size > 0    resize, contents kept; NULL leaves the old block as it was
 *   ptr set, size 0      free; the answer is ignored
 * It is called from any thread that calls the library, also while a lock of the library is held:
 * it must not call the library.
 */
typedef void *(*envres_realloc_fn)(void *ptr, size_t size, void *user);

/** The C library's allocator is used where no allocator is given. Copied by the call it goes to;
 *  `user` must live as long as the store, and all scopes, templates and values made with it. */
typedef struct envres_allocator {
    uint32_t size;
    uint32_t reserved;
    envres_realloc_fn reallocate;
    void *user;
} envres_allocator;

#ifdef __cplusplus
}
#endif

#endif
