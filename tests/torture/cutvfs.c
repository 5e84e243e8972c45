/* SPDX-License-Identifier: MIT */
/*
 * The face of the disk that SQLite sees.
 *
 * As with the unix VFS, the first sync of a new journal syncs the folder, so does a deletion that
 * asks for it, and a file of zero length does not exist for xAccess. The device claims powersafe
 * overwrite (a torn write damages none but its own bytes) and nothing else. Locks are those of
 * POSIX as SQLite uses them; shared memory is heap, gone at a cut.
 */
#include "cutdisk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- files ---- */

static int
file_close(sqlite3_file *base)
{
    struct handle *h = (struct handle *)base;
    struct handle **link = &h->node->handles;
    while (*link != h)
        link = &(*link)->next;
    *link = h->next;
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
        if (h->node->shm_exclusive[i] == h)
            h->node->shm_exclusive[i] = NULL;
        if (h->shm_shared & 1u << i)
            h->node->shm_shared[i]--;
    }
    if (h->delete_on_close && !h->disk->off) {
        struct name *name = cutdisk_find(h->disk, h->name, false);
        if (name && name->live == h->node)
            cutdisk_set(&name->live, NULL);
    }
    if (!h->node->handles)
        cutdisk_drop_shm(h->node);
    cutdisk_unref(h->node);
    h->disk->open_files--;
    return SQLITE_OK;
}

static int
file_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 offset)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_READ);
    const struct content *c = &h->node->live;
    size_t at = (size_t)offset;
    size_t wanted = p.code == SQLITE_OK ? (size_t)amount : p.partial ? (size_t)amount / 2 : 0;
    size_t there = at < c->len ? c->len - at : 0;
    size_t len = there < wanted ? there : wanted;
    if (len > 0)
        memcpy(out, c->data + at, len);
    if (p.code == SQLITE_OK || p.partial)
        memset((unsigned char *)out + len, 0, (size_t)amount - len);
    if (p.code == SQLITE_OK && len < (size_t)amount)
        p.code = SQLITE_IOERR_SHORT_READ;
    return cutdisk_leave(h->disk, &p, CUTVFS_READ, p.code);
}

static int
file_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 offset)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_WRITE);
    if (h->disk->off)
        return p.code;
    size_t len = p.code == SQLITE_OK ? (size_t)amount : p.partial ? (size_t)amount / 2 : 0;
    if (len > 0 && !cutdisk_add(h->node, data, (size_t)offset, len))
        p.code = SQLITE_IOERR_NOMEM;
    return cutdisk_leave(h->disk, &p, CUTVFS_WRITE, p.code);
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_TRUNCATE);
    if (h->disk->off)
        return p.code;
    if (p.code == SQLITE_OK && !cutdisk_add(h->node, NULL, (size_t)size, 0))
        p.code = SQLITE_IOERR_NOMEM;
    return cutdisk_leave(h->disk, &p, CUTVFS_TRUNCATE, p.code);
}

static int
file_sync(sqlite3_file *base, int flags)
{
    struct handle *h = (struct handle *)base;
    (void)flags;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_SYNC);
    if (h->disk->off)
        return p.code;
    if (p.code != SQLITE_OK) {
        cutdisk_fail_sync(h->disk, h->node);
        return cutdisk_leave(h->disk, &p, CUTVFS_SYNC, p.code);
    }
    if (p.cuts || h->disk->lying)
        return cutdisk_leave(h->disk, &p, CUTVFS_SYNC, SQLITE_OK);
    if (!cutdisk_sync(h->node))
        return SQLITE_IOERR_NOMEM;
    if (h->sync_folder)
        cutdisk_sync_folder(h->disk);
    h->sync_folder = false;
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_SIZE);
    if (p.code == SQLITE_OK)
        *size = (sqlite3_int64)h->node->live.len;
    return cutdisk_leave(h->disk, &p, CUTVFS_SIZE, p.code);
}

/* The highest lock that others hold, and whether any of them holds one at all. */
static int
lock_of_others(const struct handle *h)
{
    int highest = SQLITE_LOCK_NONE;
    for (const struct handle *o = h->node->handles; o; o = o->next) {
        if (o != h && o->lock > highest)
            highest = o->lock;
    }
    return highest;
}

static int
take_lock(struct handle *h, int level)
{
    int others = lock_of_others(h);
    if (level <= h->lock)
        return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (others >= SQLITE_LOCK_PENDING)
            return SQLITE_BUSY;
    } else if (others >= SQLITE_LOCK_RESERVED) {
        return SQLITE_BUSY;
    } else if (level == SQLITE_LOCK_EXCLUSIVE && others > SQLITE_LOCK_NONE) {
        h->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    h->lock = level;
    return SQLITE_OK;
}

static int
file_lock(sqlite3_file *base, int level)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_LOCK);
    if (p.code != SQLITE_OK)
        return cutdisk_leave(h->disk, &p, CUTVFS_LOCK, p.code);
    return cutdisk_leave(h->disk, &p, CUTVFS_LOCK, take_lock(h, level));
}

static int
file_unlock(sqlite3_file *base, int level)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_UNLOCK);
    if (h->lock > level && p.code == SQLITE_OK)
        h->lock = level;
    return cutdisk_leave(h->disk, &p, CUTVFS_UNLOCK, p.code);
}

static int
file_check_reserved(sqlite3_file *base, int *out)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_LOCK);
    if (p.code == SQLITE_OK)
        *out = h->lock >= SQLITE_LOCK_RESERVED || lock_of_others(h) >= SQLITE_LOCK_RESERVED;
    return cutdisk_leave(h->disk, &p, CUTVFS_LOCK, p.code);
}

static int
file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int
file_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR;
}

static int
file_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* ---- shared memory: on the heap, dropped with the last handle and at a cut ---- */

static int
shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_SHM);
    *out = NULL;
    if (p.code != SQLITE_OK || p.cuts)
        return cutdisk_leave(h->disk, &p, CUTVFS_SHM, p.code);
    if (region >= SHM_REGIONS || size != SHM_SIZE)
        return SQLITE_IOERR_SHMMAP;
    if (!h->node->shm[region] && extend) {
        h->node->shm[region] = calloc(1, SHM_SIZE);
        if (!h->node->shm[region])
            return SQLITE_IOERR_NOMEM;
    }
    *out = h->node->shm[region];
    return SQLITE_OK;
}

static int
shm_lock_one(struct handle *h, int i, int flags)
{
    struct node *node = h->node;
    uint32_t bit = 1u << i;
    if (flags & SQLITE_SHM_UNLOCK) {
        if (h->shm_shared & bit)
            node->shm_shared[i]--;
        if (node->shm_exclusive[i] == h)
            node->shm_exclusive[i] = NULL;
        h->shm_shared &= ~bit;
        return SQLITE_OK;
    }
    bool others_read = node->shm_shared[i] > ((h->shm_shared & bit) ? 1 : 0);
    if (node->shm_exclusive[i] && node->shm_exclusive[i] != h)
        return SQLITE_BUSY;
    if (flags & SQLITE_SHM_EXCLUSIVE) {
        if (others_read)
            return SQLITE_BUSY;
        node->shm_exclusive[i] = h;
    } else if (!(h->shm_shared & bit)) {
        node->shm_shared[i]++;
        h->shm_shared |= bit;
    }
    return SQLITE_OK;
}

static int
shm_lock(sqlite3_file *base, int offset, int count, int flags)
{
    struct handle *h = (struct handle *)base;
    struct passage p = cutdisk_enter(h->disk, CUTVFS_SHM);
    if (p.code != SQLITE_OK || p.cuts)
        return cutdisk_leave(h->disk, &p, CUTVFS_SHM, p.code);
    int rc = SQLITE_OK;
    int taken = 0;
    for (; taken < count && rc == SQLITE_OK; taken++)
        rc = shm_lock_one(h, offset + taken, flags);
    if (rc != SQLITE_OK) {
        for (int i = 0; i < taken - 1; i++)
            shm_lock_one(h, offset + i, SQLITE_SHM_UNLOCK);
    }
    return rc;
}

static void
shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int
shm_unmap(sqlite3_file *base, int remove)
{
    struct handle *h = (struct handle *)base;
    if (remove && !h->disk->off)
        cutdisk_drop_shm(h->node);
    return SQLITE_OK;
}

static const sqlite3_io_methods file_methods = {
    2,
    file_close,
    file_read,
    file_write,
    file_truncate,
    file_sync,
    file_size,
    file_lock,
    file_unlock,
    file_check_reserved,
    file_control,
    file_sector_size,
    file_characteristics,
    shm_map,
    shm_lock,
    shm_barrier,
    shm_unmap,
    NULL,
    NULL,
};

/* ---- the VFS ---- */

/* A node that the name leads to now; made when it is not there and `make`. */
static int
find_node(struct cutvfs *disk, const char *text, int flags, struct node **out, bool *made)
{
    struct name *name = cutdisk_find(disk, text, (flags & SQLITE_OPEN_CREATE) != 0);
    *made = false;
    if (!name || (!name->live && !(flags & SQLITE_OPEN_CREATE)))
        return SQLITE_CANTOPEN;
    if (name->live && (flags & SQLITE_OPEN_EXCLUSIVE))
        return SQLITE_CANTOPEN;
    if (!name->live) {
        struct node *node = calloc(1, sizeof(*node));
        if (!node)
            return SQLITE_NOMEM;
        cutdisk_set(&name->live, node);
        *made = true;
    }
    *out = name->live;
    return SQLITE_OK;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *given, sqlite3_file *file, int flags, int *out_flags)
{
    struct cutvfs *disk = vfs->pAppData;
    struct handle *h = (struct handle *)file;
    char made_up[32];
    memset(h, 0, sizeof(*h));
    struct passage p = cutdisk_enter(disk, CUTVFS_OPEN);
    if (p.code != SQLITE_OK)
        return cutdisk_leave(disk, &p, CUTVFS_OPEN, p.code);
    snprintf(made_up, sizeof(made_up), "temp-%016llx", (unsigned long long)cutdisk_draw(disk));
    const char *text = given ? given : made_up;
    struct node *node = NULL;
    bool made = false;
    int rc = find_node(disk, text, flags, &node, &made);
    if (rc != SQLITE_OK || p.cuts)
        return cutdisk_leave(disk, &p, CUTVFS_OPEN, rc);
    h->base.pMethods = &file_methods;
    h->disk = disk;
    h->node = cutdisk_ref(node);
    h->next = node->handles;
    node->handles = h;
    snprintf(h->name, sizeof(h->name), "%s", text);
    h->sync_folder =
        made &&
        (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    h->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    disk->open_files++;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *text, int with_folder)
{
    struct cutvfs *disk = vfs->pAppData;
    struct passage p = cutdisk_enter(disk, CUTVFS_DELETE);
    if (p.code != SQLITE_OK)
        return cutdisk_leave(disk, &p, CUTVFS_DELETE, p.code);
    struct name *name = cutdisk_find(disk, text, false);
    if (!name || !name->live)
        return cutdisk_leave(disk, &p, CUTVFS_DELETE, SQLITE_IOERR_DELETE_NOENT);
    cutdisk_set(&name->live, NULL);
    if (with_folder && !p.cuts)
        cutdisk_sync_folder(disk);
    return cutdisk_leave(disk, &p, CUTVFS_DELETE, SQLITE_OK);
}

static int
vfs_access(sqlite3_vfs *vfs, const char *text, int flags, int *out)
{
    struct cutvfs *disk = vfs->pAppData;
    struct passage p = cutdisk_enter(disk, CUTVFS_ACCESS);
    *out = 0;
    if (p.code != SQLITE_OK)
        return cutdisk_leave(disk, &p, CUTVFS_ACCESS, p.code);
    const struct name *name = cutdisk_find(disk, text, false);
    if (name && name->live)
        *out = flags != SQLITE_ACCESS_EXISTS || name->live->live.len > 0;
    return cutdisk_leave(disk, &p, CUTVFS_ACCESS, SQLITE_OK);
}

static int
vfs_full_path(sqlite3_vfs *vfs, const char *text, int size, char *out)
{
    (void)vfs;
    int len = snprintf(out, (size_t)size, "%s", text);
    return len < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
vfs_randomness(sqlite3_vfs *vfs, int count, char *out)
{
    for (int i = 0; i < count; i++)
        out[i] = (char)(unsigned char)cutdisk_draw(vfs->pAppData);
    return count;
}

static int
vfs_sleep(sqlite3_vfs *vfs, int micros)
{
    struct cutvfs *disk = vfs->pAppData;
    disk->sleeps++;
    return micros;
}

static int
vfs_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    *out = 2460000.5;
    return SQLITE_OK;
}

static int
vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    if (size > 0)
        out[0] = '\0';
    return 0;
}

/* ---- registration ---- */

struct cutvfs *
cutvfs_new(const char *name, uint64_t seed)
{
    struct cutvfs *disk = calloc(1, sizeof(*disk));
    if (!disk)
        return NULL;
    snprintf(disk->vfs_name, sizeof(disk->vfs_name), "%s", name);
    disk->random = seed;
    disk->vfs.iVersion = 1;
    disk->vfs.szOsFile = (int)sizeof(struct handle);
    disk->vfs.mxPathname = PATH_LEN - 1;
    disk->vfs.zName = disk->vfs_name;
    disk->vfs.pAppData = disk;
    disk->vfs.xOpen = vfs_open;
    disk->vfs.xDelete = vfs_delete;
    disk->vfs.xAccess = vfs_access;
    disk->vfs.xFullPathname = vfs_full_path;
    disk->vfs.xRandomness = vfs_randomness;
    disk->vfs.xSleep = vfs_sleep;
    disk->vfs.xCurrentTime = vfs_time;
    disk->vfs.xGetLastError = vfs_last_error;
    if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
        free(disk);
        return NULL;
    }
    cutdisk_seed_sqlite(seed | 1);
    return disk;
}

void
cutvfs_free(struct cutvfs *disk)
{
    if (!disk)
        return;
    cutvfs_reset(disk, 0);
    cutdisk_seed_sqlite(0);
    sqlite3_vfs_unregister(&disk->vfs);
    free(disk);
}
