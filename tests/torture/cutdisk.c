/* SPDX-License-Identifier: MIT */
/*
 * The model of a disk. A cut decides at once what survives, so that nothing which is done to the
 * dead system afterwards can change it; the next start finds the durable side of every name.
 * Everything random is drawn from the seed, in the order of the calls.
 */
#include "cutdisk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cutvfs_image {
    size_t count;
    struct {
        char text[PATH_LEN];
        struct content content;
    } files[NAMES_MAX];
};

static const char *const call_names[] = {
    [CUTVFS_OPEN] = "open",         [CUTVFS_READ] = "read",     [CUTVFS_WRITE] = "write",
    [CUTVFS_TRUNCATE] = "truncate", [CUTVFS_SYNC] = "sync",     [CUTVFS_SIZE] = "size",
    [CUTVFS_LOCK] = "lock",         [CUTVFS_UNLOCK] = "unlock", [CUTVFS_DELETE] = "delete",
    [CUTVFS_ACCESS] = "access",     [CUTVFS_SHM] = "shm",       [CUTVFS_ANY] = "any",
};

static const int usual_codes[] = {
    [CUTVFS_OPEN] = SQLITE_CANTOPEN,       [CUTVFS_READ] = SQLITE_IOERR_READ,
    [CUTVFS_WRITE] = SQLITE_IOERR_WRITE,   [CUTVFS_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
    [CUTVFS_SYNC] = SQLITE_IOERR_FSYNC,    [CUTVFS_SIZE] = SQLITE_IOERR_FSTAT,
    [CUTVFS_LOCK] = SQLITE_IOERR_LOCK,     [CUTVFS_UNLOCK] = SQLITE_IOERR_UNLOCK,
    [CUTVFS_DELETE] = SQLITE_IOERR_DELETE, [CUTVFS_ACCESS] = SQLITE_IOERR_ACCESS,
    [CUTVFS_SHM] = SQLITE_IOERR_SHMMAP,
};

/* ---- chance ---- */

/* splitmix64 */
uint64_t
cutdisk_draw(struct cutvfs *disk)
{
    uint64_t z = (disk->random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static size_t
draw_below(struct cutvfs *disk, size_t limit)
{
    return (size_t)(cutdisk_draw(disk) % limit);
}

static bool
draw_chance(struct cutvfs *disk, unsigned of_hundred)
{
    return draw_below(disk, 100) < of_hundred;
}

/* ---- contents ---- */

static bool
content_resize(struct content *c, size_t len)
{
    if (len > c->cap) {
        size_t cap = c->cap ? c->cap : 4096;
        while (cap < len)
            cap *= 2;
        unsigned char *data = realloc(c->data, cap);
        if (!data)
            return false;
        c->data = data;
        c->cap = cap;
    }
    if (len > c->len)
        memset(c->data + c->len, 0, len - c->len);
    c->len = len;
    return true;
}

static bool
content_write(struct content *c, size_t offset, const unsigned char *data, size_t len)
{
    if (offset + len > c->len && !content_resize(c, offset + len))
        return false;
    memcpy(c->data + offset, data, len);
    return true;
}

static bool
content_copy(struct content *to, const struct content *from)
{
    to->len = 0;
    if (!content_resize(to, from->len))
        return false;
    if (from->len > 0)
        memcpy(to->data, from->data, from->len);
    return true;
}

static void
content_free(struct content *c)
{
    free(c->data);
    memset(c, 0, sizeof(*c));
}

static bool
apply(struct content *c, const struct op *op)
{
    return op->data ? content_write(c, op->offset, op->data, op->len)
                    : content_resize(c, op->offset);
}

/* ---- nodes and names ---- */

static void
drop_ops(struct node *node)
{
    for (size_t i = 0; i < node->op_count; i++)
        free(node->ops[i].data);
    node->op_count = 0;
}

void
cutdisk_drop_shm(struct node *node)
{
    for (size_t i = 0; i < SHM_REGIONS; i++) {
        free(node->shm[i]);
        node->shm[i] = NULL;
    }
    memset(node->shm_shared, 0, sizeof(node->shm_shared));
    memset(node->shm_exclusive, 0, sizeof(node->shm_exclusive));
}

void
cutdisk_unref(struct node *node)
{
    if (!node || --node->refs > 0)
        return;
    drop_ops(node);
    cutdisk_drop_shm(node);
    content_free(&node->live);
    content_free(&node->durable);
    free(node->ops);
    free(node);
}

struct node *
cutdisk_ref(struct node *node)
{
    if (node)
        node->refs++;
    return node;
}

void
cutdisk_set(struct node **slot, struct node *node)
{
    struct node *old = *slot;
    *slot = cutdisk_ref(node);
    cutdisk_unref(old);
}

struct name *
cutdisk_find(struct cutvfs *disk, const char *text, bool make)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        if (strcmp(disk->names[i].text, text) == 0)
            return &disk->names[i];
    }
    if (!make || disk->name_count == NAMES_MAX || strlen(text) >= PATH_LEN)
        return NULL;
    struct name *name = &disk->names[disk->name_count++];
    memset(name, 0, sizeof(*name));
    snprintf(name->text, sizeof(name->text), "%s", text);
    return name;
}

void
cutdisk_sync_folder(struct cutvfs *disk)
{
    if (disk->lying)
        return;
    for (size_t i = 0; i < disk->name_count; i++)
        cutdisk_set(&disk->names[i].durable, disk->names[i].live);
}

bool
cutdisk_add(struct node *node, const unsigned char *data, size_t offset, size_t len)
{
    if (node->op_count == node->op_cap) {
        size_t cap = node->op_cap ? node->op_cap * 2 : 16;
        struct op *ops = realloc(node->ops, cap * sizeof(*ops));
        if (!ops)
            return false;
        node->ops = ops;
        node->op_cap = cap;
    }
    struct op op = { NULL, offset, len };
    if (data) {
        op.data = malloc(len ? len : 1);
        if (!op.data)
            return false;
        memcpy(op.data, data, len);
    }
    node->ops[node->op_count++] = op;
    return apply(&node->live, &op);
}

bool
cutdisk_sync(struct node *node)
{
    bool ok = true;
    for (size_t i = 0; i < node->op_count; i++)
        ok = apply(&node->durable, &node->ops[i]) && ok;
    drop_ops(node);
    return ok;
}

/* ---- the cut ---- */

struct weather {
    unsigned keep; /* chance of a sector to survive */
    unsigned tear; /* chance of a surviving one to be torn */
    bool shuffled;
};

static void
tear(struct cutvfs *disk, unsigned char *sector, const unsigned char *written, size_t len)
{
    size_t torn = draw_below(disk, len + 1);
    bool is_rubbish = draw_chance(disk, 50);
    memcpy(sector, written, torn);
    for (size_t i = torn; is_rubbish && i < len; i++)
        sector[i] = (unsigned char)cutdisk_draw(disk);
}

/* Sector by sector, aligned as on a disk; a write that begins inside a sector touches its part. */
static bool
survive_write(struct cutvfs *disk, struct content *c, const struct op *op,
              const struct weather *weather)
{
    for (size_t done = 0; done < op->len;) {
        size_t at = op->offset + done;
        size_t len = SECTOR - at % SECTOR;
        if (len > op->len - done)
            len = op->len - done;
        if (draw_chance(disk, weather->keep)) {
            if (at + len > c->len && !content_resize(c, at + len))
                return false;
            if (draw_chance(disk, weather->tear))
                tear(disk, c->data + at, op->data + done, len);
            else
                memcpy(c->data + at, op->data + done, len);
        }
        done += len;
    }
    return true;
}

static void
shuffle(struct cutvfs *disk, struct op *ops, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = draw_below(disk, i);
        struct op op = ops[i - 1];
        ops[i - 1] = ops[j];
        ops[j] = op;
    }
}

static void
survive_node(struct cutvfs *disk, struct node *node, const struct weather *weather)
{
    bool ok = true;
    if (weather->shuffled)
        shuffle(disk, node->ops, node->op_count);
    for (size_t i = 0; i < node->op_count; i++) {
        const struct op *op = &node->ops[i];
        if (op->data)
            ok = survive_write(disk, &node->durable, op, weather) && ok;
        else if (draw_chance(disk, weather->keep))
            ok = content_resize(&node->durable, op->offset) && ok;
    }
    assert(ok);
    (void)ok;
    drop_ops(node);
}

/* Every node once: those that a name leads to, and those of which a handle alone is left are of no
 * interest. */
static bool
is_first_place(const struct cutvfs *disk, size_t index, const struct node *node, bool durable)
{
    for (size_t i = 0; i < index; i++) {
        if (disk->names[i].live == node || disk->names[i].durable == node)
            return false;
    }
    return !durable || disk->names[index].live != node;
}

static void
survive_all_nodes(struct cutvfs *disk, const struct weather *weather)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        struct node *nodes[2] = { disk->names[i].live, disk->names[i].durable };
        for (int k = 0; k < 2; k++) {
            if (nodes[k] && is_first_place(disk, i, nodes[k], k == 1))
                survive_node(disk, nodes[k], weather);
        }
    }
}

static struct weather
draw_weather(struct cutvfs *disk)
{
    static const unsigned keeps[] = { 0, 20, 50, 80, 100 };
    struct weather weather = { keeps[draw_below(disk, sizeof(keeps) / sizeof(keeps[0]))],
                               draw_chance(disk, 50) ? 10 : 0, draw_chance(disk, 50) };
    return weather;
}

/* Afterwards `durable` of every name is what the next start will find. */
static void
cut(struct cutvfs *disk, enum cutvfs_survival survival)
{
    disk->off = true;
    disk->cut_planned = false;
    struct weather weather = { 0, 0, false };
    if (survival == CUTVFS_RANDOM)
        weather = draw_weather(disk);
    if (survival == CUTVFS_ALL)
        weather.keep = 100;
    for (size_t i = 0; i < disk->name_count; i++) {
        struct name *name = &disk->names[i];
        if (draw_chance(disk, weather.keep))
            cutdisk_set(&name->durable, name->live);
        else
            cutdisk_set(&name->live, name->durable);
    }
    survive_all_nodes(disk, &weather);
}

/* ---- the gate that every call goes through ---- */

static int
dead(enum cutvfs_call call)
{
    return call == CUTVFS_OPEN ? SQLITE_CANTOPEN : SQLITE_IOERR;
}

static void
run_hook(struct cutvfs *disk)
{
    disk->hook_planned = false;
    disk->hook_ran = true;
    disk->in_hook = true;
    disk->hook(disk->hook_user);
    disk->in_hook = false;
}

static bool
fault_is_due(struct cutvfs *disk, enum cutvfs_call call)
{
    struct cutvfs_fault *fault = &disk->fault;
    if (!disk->fault_planned || (fault->call != call && fault->call != CUTVFS_ANY))
        return false;
    if (fault->nth > 0) {
        fault->nth--;
        return false;
    }
    disk->fault_hit = true;
    disk->fault_planned = fault->forever;
    return true;
}

struct passage
cutdisk_enter(struct cutvfs *disk, enum cutvfs_call call)
{
    struct passage passage = { SQLITE_OK, false, false };
    if (disk->off) {
        passage.code = dead(call);
        return passage;
    }
    if (disk->in_hook)
        return passage;
    disk->calls[call]++;
    disk->calls[CUTVFS_ANY]++;
    if (disk->hook_planned && disk->hook_at-- == 0)
        run_hook(disk);
    if (disk->off) {
        passage.code = dead(call);
        return passage;
    }
    if (fault_is_due(disk, call)) {
        passage.code = disk->fault.code ? disk->fault.code : usual_codes[call];
        passage.partial = disk->fault.partial;
    }
    if (disk->cut_planned && disk->cut_at-- == 0)
        passage.cuts = true;
    return passage;
}

/* The end of a call in which the power goes off. */
int
cutdisk_leave(struct cutvfs *disk, const struct passage *passage, enum cutvfs_call call, int rc)
{
    if (!passage->cuts)
        return rc;
    cut(disk, disk->survival);
    return dead(call);
}

/* As Linux has it: the pages are clean now, in memory they read as written, and what reached the
 * disk is anyone's guess. No later sync brings them there. */
void
cutdisk_fail_sync(struct cutvfs *disk, struct node *node)
{
    struct weather weather = draw_weather(disk);
    survive_node(disk, node, &weather);
}

/* ---- what tests call ---- */

/* SQLite's own random numbers are in the bytes of a journal. 0: real ones again. */
void
cutdisk_seed_sqlite(uint64_t seed)
{
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed & 0x7fffffff), (sqlite3 *)NULL);
}

static void
clear_plans(struct cutvfs *disk)
{
    disk->cut_planned = disk->fault_planned = disk->hook_planned = false;
    disk->fault_hit = disk->hook_ran = false;
}

void
cutvfs_reset(struct cutvfs *disk, uint64_t seed)
{
    assert(disk->open_files == 0);
    cutdisk_seed_sqlite(seed | 1);
    for (size_t i = 0; i < disk->name_count; i++) {
        cutdisk_set(&disk->names[i].live, NULL);
        cutdisk_set(&disk->names[i].durable, NULL);
    }
    disk->name_count = 0;
    disk->random = seed;
    disk->sleeps = 0;
    disk->off = disk->lying = false;
    clear_plans(disk);
    cutvfs_count_anew(disk);
}

struct cutvfs_image *
cutvfs_save(const struct cutvfs *disk)
{
    assert(disk->open_files == 0 && !disk->off);
    struct cutvfs_image *image = calloc(1, sizeof(*image));
    for (size_t i = 0; image && i < disk->name_count; i++) {
        const struct name *name = &disk->names[i];
        if (!name->live)
            continue;
        memcpy(image->files[image->count].text, name->text, PATH_LEN);
        if (!content_copy(&image->files[image->count].content, &name->live->live)) {
            cutvfs_image_free(image);
            return NULL;
        }
        image->count++;
    }
    return image;
}

bool
cutvfs_load(struct cutvfs *disk, const struct cutvfs_image *image, uint64_t seed)
{
    cutvfs_reset(disk, seed);
    for (size_t i = 0; i < image->count; i++) {
        struct name *name = cutdisk_find(disk, image->files[i].text, true);
        struct node *node = calloc(1, sizeof(*node));
        if (!name || !node) {
            free(node);
            return false;
        }
        cutdisk_set(&name->live, node);
        cutdisk_set(&name->durable, node);
        if (!content_copy(&node->live, &image->files[i].content) ||
            !content_copy(&node->durable, &image->files[i].content))
            return false;
    }
    return true;
}

/* Eight bytes at a time: FNV's step is only the mixing. */
static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    uint64_t word = 0;
    for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 29;
    }
    for (; len > 0; bytes++, len--)
        hash = (hash ^ *bytes) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static bool
is_over(const struct content *content)
{
    static const unsigned char zeros[8] = { 0 };
    return content->len < sizeof(zeros) || memcmp(content->data, zeros, sizeof(zeros)) == 0;
}

uint64_t
cutvfs_hash(const struct cutvfs *disk)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < disk->name_count; i++) {
        const struct name *name = &disk->names[i];
        if (!name->live || is_over(&name->live->live))
            continue;
        /* Names are in no order that means anything. */
        uint64_t hash = hash_bytes(UINT64_C(0xcbf29ce484222325), name->text, strlen(name->text));
        sum += hash_bytes(hash, name->live->live.data, name->live->live.len);
    }
    return sum;
}

void
cutvfs_image_free(struct cutvfs_image *image)
{
    for (size_t i = 0; image && i < image->count; i++)
        content_free(&image->files[i].content);
    free(image);
}

uint64_t
cutvfs_calls(const struct cutvfs *disk, enum cutvfs_call call)
{
    return disk->calls[call];
}

const char *
cutvfs_call_name(enum cutvfs_call call)
{
    return call_names[call];
}

void
cutvfs_count_anew(struct cutvfs *disk)
{
    memset(disk->calls, 0, sizeof(disk->calls));
}

void
cutvfs_plan_cut(struct cutvfs *disk, uint64_t nth, enum cutvfs_survival survival)
{
    disk->cut_planned = true;
    disk->cut_at = nth;
    disk->survival = survival;
}

void
cutvfs_cut_now(struct cutvfs *disk, enum cutvfs_survival survival)
{
    if (!disk->off)
        cut(disk, survival);
}

bool
cutvfs_is_off(const struct cutvfs *disk)
{
    return disk->off;
}

bool
cutvfs_power_on(struct cutvfs *disk)
{
    if (disk->open_files > 0)
        return false;
    for (size_t i = 0; disk->off && i < disk->name_count; i++) {
        struct name *name = &disk->names[i];
        cutdisk_set(&name->live, name->durable);
        if (!name->live)
            continue;
        cutdisk_drop_shm(name->live);
        if (!content_copy(&name->live->live, &name->live->durable))
            return false;
    }
    disk->off = false;
    clear_plans(disk);
    return true;
}

void
cutvfs_plan_fault(struct cutvfs *disk, const struct cutvfs_fault *fault)
{
    disk->fault_planned = fault != NULL;
    disk->fault_hit = false;
    if (fault)
        disk->fault = *fault;
}

bool
cutvfs_fault_hit(const struct cutvfs *disk)
{
    return disk->fault_hit;
}

void
cutvfs_set_lying(struct cutvfs *disk, bool lying)
{
    disk->lying = lying;
}

void
cutvfs_plan_hook(struct cutvfs *disk, uint64_t nth, void (*fn)(void *user), void *user)
{
    disk->hook_planned = true;
    disk->hook_ran = false;
    disk->hook_at = nth;
    disk->hook = fn;
    disk->hook_user = user;
}

bool
cutvfs_hook_ran(const struct cutvfs *disk)
{
    return disk->hook_ran;
}

size_t
cutvfs_open_files(const struct cutvfs *disk)
{
    return disk->open_files;
}

uint64_t
cutvfs_sleeps(const struct cutvfs *disk)
{
    return disk->sleeps;
}

void
cutvfs_each(const struct cutvfs *disk, cutvfs_file_fn fn, void *user)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        const struct node *node = disk->names[i].live;
        if (node)
            fn(user, disk->names[i].text, node->live.data, node->live.len);
    }
}
