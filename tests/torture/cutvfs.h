/* SPDX-License-Identifier: MIT */
/*
 * A disk whose power can be cut: an in-memory VFS for SQLite that keeps what was written apart from
 * what was synced. At a cut, each sector that was not synced survives, is lost, or is torn; names
 * that were made or removed without a sync of the folder may be there or not.
 *
 * One thread, and one process's view: several connections may use it, with real locks among them.
 * The life of a test:
 *
 *     struct cutvfs *disk = cutvfs_new("cut", seed);        registers; options.vfs = "cut"
 *     ... set-up through db.h or SQLite ..., everything closed
 *     struct cutvfs_image *image = cutvfs_save(disk);
 *     for (n = 0;; n++) {
 *         cutvfs_load(disk, image, seed + n);               counters at 0, power on, no plans
 *         cutvfs_plan_cut(disk, n, CUTVFS_RANDOM);
 *         ... the operation, and closing of all handles ...
 *         if (!cutvfs_is_off(disk))
 *             break;                                        it has fewer than n calls
 *         cutvfs_power_on(disk);
 *         ... open, verify, compare with what was acknowledged ...
 *     }
 *     cutvfs_image_free(image);
 *     cutvfs_free(disk);
 *
 * Everything random comes from the seed: the same seed and the same calls give the same bytes.
 */
#ifndef ENVRES_TORTURE_CUTVFS_H
#define ENVRES_TORTURE_CUTVFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cutvfs;
struct cutvfs_image;

/* Calls that are counted, can be cut in, and can fail. CUTVFS_ANY stands for all of them. */
enum cutvfs_call {
    CUTVFS_OPEN,
    CUTVFS_READ,
    CUTVFS_WRITE,
    CUTVFS_TRUNCATE,
    CUTVFS_SYNC,
    CUTVFS_SIZE,
    CUTVFS_LOCK, /* also the check for a reserved lock */
    CUTVFS_UNLOCK,
    CUTVFS_DELETE,
    CUTVFS_ACCESS,
    CUTVFS_SHM,
    CUTVFS_CALL_COUNT_,
    CUTVFS_ANY = CUTVFS_CALL_COUNT_
};

/* What a cut leaves of that which was not synced. */
enum cutvfs_survival {
    CUTVFS_RANDOM,  /* per cut and per sector: kept, dropped, torn, in another order */
    CUTVFS_NOTHING, /* the synced state */
    CUTVFS_ALL      /* a killed process: the system goes on, every write arrives */
};

/* Makes an empty disk and registers it as a VFS of that name (not the default one). NULL without
 * memory. */
struct cutvfs *cutvfs_new(const char *name, uint64_t seed);
/* Unregisters and frees; no file of it may be open. NULL allowed. */
void cutvfs_free(struct cutvfs *disk);

/* An empty disk again; or the files of an image, all of them synced. Power on, counters at zero, no
 * plan, no fault, no hook, an honest fsync. No file may be open. False without memory. */
void cutvfs_reset(struct cutvfs *disk, uint64_t seed);
struct cutvfs_image *cutvfs_save(const struct cutvfs *disk);
bool cutvfs_load(struct cutvfs *disk, const struct cutvfs_image *image, uint64_t seed);
void cutvfs_image_free(struct cutvfs_image *image);
/* A hash of the bytes of all files, but those that are empty or begin with zeros, as a journal does
 * that is over. Also while they are open. Not against somebody who wants two to be the same. */
uint64_t cutvfs_hash(const struct cutvfs *disk);

/* Calls made since the counters were zeroed (by new, reset, load, or the third one here). */
uint64_t cutvfs_calls(const struct cutvfs *disk, enum cutvfs_call call);
const char *cutvfs_call_name(enum cutvfs_call call);
void cutvfs_count_anew(struct cutvfs *disk);

/*
 * Cuts the power inside the `nth` call (of any kind, counted from 0, on from now): a write has just
 * begun, a sync has not ended. That call and all after it fail with an I/O error, and change
 * nothing, until every file is closed and cutvfs_power_on() is called. One plan at a time.
 */
void cutvfs_plan_cut(struct cutvfs *disk, uint64_t nth, enum cutvfs_survival survival);
/* The same between two calls. */
void cutvfs_cut_now(struct cutvfs *disk, enum cutvfs_survival survival);
bool cutvfs_is_off(const struct cutvfs *disk);
/* Shared memory and locks are gone, the disk shows what survived. False (and nothing happens) while
 * a file is still open. Ends plan, fault and hook. */
bool cutvfs_power_on(struct cutvfs *disk);

/*
 * Makes the nth call of one kind fail (counted from 0, on from now), once or from then on. `code`
 * is the result given, 0 the usual one of that call: SQLITE_IOERR_WRITE, SQLITE_CANTOPEN, ...
 * `partial`: a write writes its first half, a read reads it. (SQLite takes SQLITE_IOERR_SHORT_READ
 * for the end of the file, and the unix VFS gives it nowhere else: as a `code` inside of a file it
 * is a disk that lies, which no database can stand.)
 * What was written before a failed sync may never reach the disk, though a later sync says OK.
 */
struct cutvfs_fault {
    enum cutvfs_call call;
    uint64_t nth;
    int code;
    bool forever;
    bool partial;
};
void cutvfs_plan_fault(struct cutvfs *disk, const struct cutvfs_fault *fault); /* NULL: none */
/* Whether the planned fault has happened. */
bool cutvfs_fault_hit(const struct cutvfs *disk);

/* A disk that answers a sync with OK and syncs nothing. */
void cutvfs_set_lying(struct cutvfs *disk, bool lying);

/* Runs `fn` inside the nth call (of any kind, counted from 0, on from now), before it does its
 * work: for interleavings. Calls made by `fn` do not count, and are neither cut nor failed. */
void cutvfs_plan_hook(struct cutvfs *disk, uint64_t nth, void (*fn)(void *user), void *user);
bool cutvfs_hook_ran(const struct cutvfs *disk);

/* Files open in SQLite now; 0 when every connection is closed. */
size_t cutvfs_open_files(const struct cutvfs *disk);
/* Times that SQLite wanted to wait; nothing ever sleeps. */
uint64_t cutvfs_sleeps(const struct cutvfs *disk);

/* Looks at every file as it is now: for residue and for comparing bytes. */
typedef void (*cutvfs_file_fn)(void *user, const char *name, const unsigned char *data, size_t len);
void cutvfs_each(const struct cutvfs *disk, cutvfs_file_fn fn, void *user);

#endif
