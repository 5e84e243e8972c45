/* SPDX-License-Identifier: MIT */
/*
 * A VFS of SQLite in memory, for one thread: a few files of bytes, with locks that are only
 * counted. The first one has a sound state, to which it goes back by copying the pages that were
 * written.
 *
 * Connections keep pages that they have read while the change counter of the file stays. So going
 * back takes the counter on, past every value that one has seen: each connection reads anew.
 */
#include "memdisk.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

enum { FILES_MAX = 16, NAME_MAX_ = 64, COUNTER = 24, VALID_FOR = 92 };

struct bytes {
    char name[NAME_MAX_]; /* empty: free, or without a name */
    unsigned char *data;
    size_t len;
    size_t room;
    int opened;
    int goes; /* when it is closed */
};

struct handle {
    sqlite3_file base;
    struct bytes *bytes;
    int level; /* of its lock, which keeps nobody out */
};

static struct bytes files[FILES_MAX];
static unsigned char *sound;
static size_t sound_len;
static uint32_t counter;
static int locked;
static uint64_t written[MEMDISK_WORDS];
static uint64_t read_pages[MEMDISK_WORDS];

static void
mark(uint64_t *set, size_t from, size_t len)
{
    for (size_t page = from / MEMDISK_PAGE; len > 0 && page <= (from + len - 1) / MEMDISK_PAGE;
         page++)
        set[page / 64 % MEMDISK_WORDS] |= (uint64_t)1 << page % 64;
}

static int
grow(struct bytes *bytes, size_t len)
{
    if (len > bytes->room) {
        size_t room = len * 2;
        unsigned char *data = room <= MEMDISK_MAX ? realloc(bytes->data, room) : NULL;
        if (!data)
            return SQLITE_FULL;
        bytes->data = data;
        bytes->room = room;
    }
    if (len > bytes->len) {
        memset(bytes->data + bytes->len, 0, len - bytes->len);
        bytes->len = len;
    }
    return SQLITE_OK;
}

/* ---- a file --------------------------------------------------------------------------------- */

static int
set_level(sqlite3_file *file, int level)
{
    struct handle *handle = (struct handle *)file;
    locked += (level > SQLITE_LOCK_NONE) - (handle->level > SQLITE_LOCK_NONE);
    handle->level = level;
    return SQLITE_OK;
}

static int
close_file(sqlite3_file *file)
{
    struct bytes *bytes = ((struct handle *)file)->bytes;
    set_level(file, SQLITE_LOCK_NONE);
    bytes->opened--;
    if (bytes->opened == 0 && bytes->goes) {
        bytes->name[0] = '\0';
        bytes->len = 0;
    }
    return SQLITE_OK;
}

static int
read_file(sqlite3_file *file, void *out, int amount, sqlite3_int64 at)
{
    const struct bytes *bytes = ((struct handle *)file)->bytes;
    size_t from = (size_t)at;
    size_t wanted = (size_t)amount;
    size_t there = from < bytes->len ? bytes->len - from : 0;
    size_t taken = there < wanted ? there : wanted;
    if (bytes == &files[0] && wanted >= 512)
        mark(read_pages, from, wanted);
    if (taken > 0)
        memcpy(out, bytes->data + from, taken);
    memset((char *)out + taken, 0, wanted - taken);
    return taken == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
write_file(sqlite3_file *file, const void *data, int amount, sqlite3_int64 at)
{
    struct bytes *bytes = ((struct handle *)file)->bytes;
    size_t from = (size_t)at;
    size_t len = (size_t)amount;
    size_t before = bytes->len;
    int rc = grow(bytes, from + len);
    if (rc != SQLITE_OK)
        return rc;
    memcpy(bytes->data + from, data, len);
    if (bytes == &files[0]) {
        mark(written, from, len);
        if (before < from)
            mark(written, before, from - before);
    }
    return SQLITE_OK;
}

static int
truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    struct bytes *bytes = ((struct handle *)file)->bytes;
    size_t len = (size_t)size;
    if (bytes == &files[0] && len < bytes->len)
        mark(written, len, bytes->len - len);
    if (len < bytes->len)
        bytes->len = len;
    return SQLITE_OK;
}

static int
sync_file(sqlite3_file *file, int flags)
{
    (void)file;
    (void)flags;
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)((struct handle *)file)->bytes->len;
    return SQLITE_OK;
}

static int
nobody_has_reserved(sqlite3_file *file, int *reserved)
{
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

static int
no_control(sqlite3_file *file, int op, void *arg)
{
    (void)file;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int
sector_size(sqlite3_file *file)
{
    (void)file;
    return 512;
}

static int
characteristics(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = set_level,
    .xUnlock = set_level,
    .xCheckReservedLock = nobody_has_reserved,
    .xFileControl = no_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

/* ---- names ---------------------------------------------------------------------------------- */

static struct bytes *
find(const char *name)
{
    for (size_t i = 0; name && i < FILES_MAX; i++) {
        if (files[i].name[0] && strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

/* The first file that is made is the first of the table, and stays it. */
static struct bytes *
make(const char *name)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct bytes *bytes = &files[i];
        if (bytes->opened > 0 || bytes->name[0] || (i == 0 && sound))
            continue;
        if (name && strlen(name) >= NAME_MAX_)
            return NULL;
        strcpy(bytes->name, name ? name : "");
        bytes->len = 0;
        bytes->goes = !name;
        return bytes;
    }
    return NULL;
}

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct handle *handle = (struct handle *)file;
    struct bytes *bytes = find(name);
    (void)vfs;
    handle->base.pMethods = NULL;
    if (bytes && (flags & SQLITE_OPEN_EXCLUSIVE) && (flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (!bytes && (!name || (flags & SQLITE_OPEN_CREATE)))
        bytes = make(name);
    if (!bytes)
        return SQLITE_CANTOPEN;
    if (flags & SQLITE_OPEN_DELETEONCLOSE)
        bytes->goes = 1;
    bytes->opened++;
    handle->bytes = bytes;
    handle->level = SQLITE_LOCK_NONE;
    handle->base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int
delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    struct bytes *bytes = find(name);
    (void)vfs;
    (void)sync;
    if (!bytes)
        return SQLITE_IOERR_DELETE_NOENT;
    bytes->name[0] = '\0';
    bytes->goes = 1;
    return SQLITE_OK;
}

static int
access_file(sqlite3_vfs *vfs, const char *name, int flags, int *there)
{
    (void)vfs;
    (void)flags;
    *there = find(name) != NULL;
    return SQLITE_OK;
}

static int
full_path(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    if (strlen(name) >= (size_t)room)
        return SQLITE_CANTOPEN;
    strcpy(out, name);
    return SQLITE_OK;
}

/* The rest is the system's. */
static sqlite3_vfs disk = {
    .iVersion = 1,
    .szOsFile = sizeof(struct handle),
    .mxPathname = 512,
    .xOpen = open_file,
    .xDelete = delete_file,
    .xAccess = access_file,
    .xFullPathname = full_path,
};

int
memdisk_register(const char *name)
{
    const sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    if (!system)
        return 0;
    disk.zName = name;
    disk.xRandomness = system->xRandomness;
    disk.xSleep = system->xSleep;
    disk.xCurrentTime = system->xCurrentTime;
    return sqlite3_vfs_register(&disk, 0) == SQLITE_OK;
}

/* ---- the sound state ------------------------------------------------------------------------ */

static uint32_t
get_counter(const unsigned char *data)
{
    return (uint32_t)data[COUNTER] << 24 | (uint32_t)data[COUNTER + 1] << 16 |
           (uint32_t)data[COUNTER + 2] << 8 | data[COUNTER + 3];
}

static void
put_number(unsigned char *at, uint32_t number)
{
    at[0] = (unsigned char)(number >> 24);
    at[1] = (unsigned char)(number >> 16);
    at[2] = (unsigned char)(number >> 8);
    at[3] = (unsigned char)number;
}

int
memdisk_keep(void)
{
    if (files[0].len < MEMDISK_PAGE || files[0].len > (size_t)MEMDISK_PAGE * MEMDISK_WORDS * 64)
        return 0;
    sound = malloc(files[0].len);
    if (!sound)
        return 0;
    sound_len = files[0].len;
    memcpy(sound, files[0].data, sound_len);
    counter = get_counter(sound);
    memset(written, 0, sizeof(written));
    return 1;
}

void
memdisk_restore(void)
{
    unsigned char *data = files[0].data;
    uint32_t seen = get_counter(data);
    size_t pages = sound_len / MEMDISK_PAGE;
    for (size_t page = 0; page < pages; page++) {
        if (written[page / 64] & (uint64_t)1 << page % 64)
            memcpy(data + page * MEMDISK_PAGE, sound + page * MEMDISK_PAGE, MEMDISK_PAGE);
    }
    files[0].len = sound_len;
    counter = (seen > counter ? seen : counter) + 1;
    put_number(data + COUNTER, counter);
    put_number(data + VALID_FOR, counter);
    memset(written, 0, sizeof(written));
    for (size_t i = 1; i < FILES_MAX; i++) {
        files[i].len = 0;
        if (files[i].opened == 0)
            files[i].name[0] = '\0';
    }
}

int
memdisk_locked(void)
{
    return locked;
}

const uint64_t *
memdisk_written(void)
{
    return written;
}

const uint64_t *
memdisk_read(void)
{
    return read_pages;
}

void
memdisk_forget_reads(void)
{
    memset(read_pages, 0, sizeof(read_pages));
}
