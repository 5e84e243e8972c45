/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory for one store that is changed and brought back thousands of times a second. The
 * first file that is made on it is the store. One thread; several connections, but never two
 * transactions at once.
 */
#ifndef ENVRES_TESTS_MEMDISK_H
#define ENVRES_TESTS_MEMDISK_H

#include <stddef.h>
#include <stdint.h>

enum { MEMDISK_PAGE = 4096, MEMDISK_WORDS = 64, MEMDISK_MAX = 1 << 28 };

/* Registers it as a VFS. 0: it cannot be had. */
int memdisk_register(const char *name);

/* What the store is now is its sound state. 0: it is larger than the sets of pages here. */
int memdisk_keep(void);
/* Back to it, but for a change counter that no connection has seen, so that all read anew; journals
 * are gone. Not while a transaction is open. */
void memdisk_restore(void);

/* How many connections have a lock just now: a transaction that was not ended. */
int memdisk_locked(void);

/* Sets of pages of the store: those written since it was sound, those read since the last call. */
const uint64_t *memdisk_written(void);
const uint64_t *memdisk_read(void);
void memdisk_forget_reads(void);

#endif
