/* SPDX-License-Identifier: MIT */
/*
 * Inside of cutvfs: what is written, what is on the platter, and what a cut leaves. cutdisk.c is
 * the model, cutvfs.c the face that SQLite sees.
 *
 * A name leads to two nodes: the live one that the system sees, and the durable one that the folder
 * on the platter holds; a sync of the folder makes them the same. A node has two contents, live and
 * durable, and between them the list of its operations since the last sync.
 */
#ifndef ENVRES_TORTURE_CUTDISK_H
#define ENVRES_TORTURE_CUTDISK_H

#include <sqlite3.h>

#include "cutvfs.h"

enum { SECTOR = 512, PATH_LEN = 512, NAMES_MAX = 64, SHM_REGIONS = 64, SHM_SIZE = 32768 };

struct content {
    unsigned char *data;
    size_t len;
    size_t cap;
};

/* A write, or (data NULL) a truncation to `offset`. */
struct op {
    unsigned char *data;
    size_t offset;
    size_t len;
};

struct handle;

struct node {
    int refs; /* names and handles */
    struct content live;
    struct content durable;
    struct op *ops;
    size_t op_count;
    size_t op_cap;
    struct handle *handles;
    unsigned char *shm[SHM_REGIONS];
    int shm_shared[SQLITE_SHM_NLOCK];
    struct handle *shm_exclusive[SQLITE_SHM_NLOCK];
};

struct name {
    char text[PATH_LEN];
    struct node *live;
    struct node *durable;
};

struct handle {
    sqlite3_file base;
    struct cutvfs *disk;
    struct node *node;
    struct handle *next; /* of the same node */
    char name[PATH_LEN];
    int lock;
    bool sync_folder; /* the next sync takes the folder along */
    bool delete_on_close;
    uint32_t shm_shared;
    uint32_t shm_exclusive;
};

struct cutvfs {
    sqlite3_vfs vfs;
    char vfs_name[64];
    struct name names[NAMES_MAX];
    size_t name_count;
    size_t open_files;
    uint64_t random;
    uint64_t calls[CUTVFS_CALL_COUNT_ + 1];
    uint64_t sleeps;
    bool off;
    bool lying;
    bool cut_planned;
    uint64_t cut_at;
    enum cutvfs_survival survival;
    bool fault_planned;
    bool fault_hit;
    struct cutvfs_fault fault;
    bool hook_planned;
    bool hook_ran;
    bool in_hook;
    uint64_t hook_at;
    void (*hook)(void *user);
    void *hook_user;
};

/* Whether the power goes off in this call; the caller does what has begun, then calls cut(). */
struct passage {
    int code; /* not OK: fail with it */
    bool cuts;
    bool partial;
};

/* The next random number. */
uint64_t cutdisk_draw(struct cutvfs *disk);
/* SQLite's own random numbers, which are in the bytes of a journal. 0: real ones again. */
void cutdisk_seed_sqlite(uint64_t seed);
/* NULL when there is none, or no room to make one. */
struct name *cutdisk_find(struct cutvfs *disk, const char *text, bool make);
/* Lets a name lead to another node; NULL: to none. */
void cutdisk_set(struct node **slot, struct node *node);
struct node *cutdisk_ref(struct node *node);
/* Nodes are counted by names and handles. */
void cutdisk_unref(struct node *node);
/* A write (or a truncation to `offset`, data NULL): live at once, durable later. */
bool cutdisk_add(struct node *node, const unsigned char *data, size_t offset, size_t len);
/* Everything written to the node, on the platter. */
bool cutdisk_sync(struct node *node);
/* A sync that failed: part of the bytes reach the disk, and none later. */
void cutdisk_fail_sync(struct cutvfs *disk, struct node *node);
/* All names as they are now, on the platter. */
void cutdisk_sync_folder(struct cutvfs *disk);
/* Shared memory and its locks. */
void cutdisk_drop_shm(struct node *node);
/* Every call begins with the first and ends with the second, which turns the power off when it is
 * this call in which it goes. */
struct passage cutdisk_enter(struct cutvfs *disk, enum cutvfs_call call);
int cutdisk_leave(struct cutvfs *disk, const struct passage *passage, enum cutvfs_call call,
                  int rc);

#endif
