/* SPDX-License-Identifier: MIT */
/*
 * The power-cut disk, tested itself: what it keeps and drops, and that it is not blind: settings
 * and disks which are known to lose commits must lose some within 200 cuts.
 *
 * test_cutvfs [SEED]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cutvfs.h"

static uint64_t base_seed = 20240717;

static struct cutvfs *disk;

static int
setup(void **state)
{
    (void)state;
    disk = cutvfs_new("cut", base_seed);
    return disk ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    /* a failed test leaves its files open, and should say why it failed */
    if (cutvfs_open_files(disk) > 0)
        return -1;
    cutvfs_free(disk);
    return 0;
}

static uint64_t
next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* ---- the disk by itself ---- */

struct file {
    sqlite3_vfs *vfs;
    sqlite3_file *handle;
};

static struct file
open_file(const char *name, int flags)
{
    struct file f = { sqlite3_vfs_find("cut"), NULL };
    f.handle = calloc(1, (size_t)f.vfs->szOsFile);
    assert_non_null(f.handle);
    assert_int_equal(f.vfs->xOpen(f.vfs, name, f.handle, flags | SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    return f;
}

static void
close_file(struct file *f)
{
    assert_int_equal(f->handle->pMethods->xClose(f->handle), SQLITE_OK);
    free(f->handle);
    f->handle = NULL;
}

static int
put(const struct file *f, const char *text, sqlite3_int64 offset)
{
    return f->handle->pMethods->xWrite(f->handle, text, (int)strlen(text), offset);
}

static int
sync_file(const struct file *f)
{
    return f->handle->pMethods->xSync(f->handle, SQLITE_SYNC_NORMAL);
}

struct look {
    const char *name;
    bool found;
    size_t len;
    char data[1100];
};

static void
take_look(void *user, const char *name, const unsigned char *data, size_t len)
{
    struct look *look = user;
    if (strcmp(name, look->name) != 0)
        return;
    look->found = true;
    look->len = len;
    if (len > 0)
        memcpy(look->data, data, len < sizeof(look->data) - 1 ? len : sizeof(look->data) - 1);
}

static struct look
look_at(const char *name)
{
    struct look look = { .name = name };
    cutvfs_each(disk, take_look, &look);
    return look;
}

enum { NEW_JOURNAL = SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL };
enum { NEW_MAIN = SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB };

static void
synced_bytes_stay_and_others_go(void **state)
{
    (void)state;
    struct file f = open_file("a-journal", NEW_JOURNAL);
    assert_int_equal(put(&f, "synced", 0), SQLITE_OK);
    assert_int_equal(sync_file(&f), SQLITE_OK);
    assert_int_equal(put(&f, "UNSYNC", 0), SQLITE_OK);
    assert_string_equal(look_at("a-journal").data, "UNSYNC");
    cutvfs_cut_now(disk, CUTVFS_NOTHING);
    assert_true(cutvfs_is_off(disk));
    assert_int_not_equal(put(&f, "dead", 0), SQLITE_OK);
    assert_int_not_equal(sync_file(&f), SQLITE_OK);
    /* power stays off until all is closed */
    assert_false(cutvfs_power_on(disk));
    assert_int_equal(cutvfs_open_files(disk), 1);
    close_file(&f);
    assert_true(cutvfs_power_on(disk));
    assert_string_equal(look_at("a-journal").data, "synced");
    /* a killed process leaves what it wrote */
    f = open_file("a-journal", 0);
    assert_int_equal(put(&f, "killed", 0), SQLITE_OK);
    cutvfs_cut_now(disk, CUTVFS_ALL);
    close_file(&f);
    assert_true(cutvfs_power_on(disk));
    assert_string_equal(look_at("a-journal").data, "killed");
}

static void
names_are_not_safe_before_their_folder_is(void **state)
{
    (void)state;
    struct file f = open_file("main", NEW_MAIN);
    assert_int_equal(put(&f, "x", 0), SQLITE_OK);
    assert_int_equal(sync_file(&f), SQLITE_OK); /* of a main file: not of its name */
    cutvfs_cut_now(disk, CUTVFS_NOTHING);
    close_file(&f);
    assert_true(cutvfs_power_on(disk));
    assert_false(look_at("main").found);
    /* the first sync of a new journal syncs the folder */
    f = open_file("main", NEW_MAIN);
    struct file j = open_file("main-journal", NEW_JOURNAL);
    assert_int_equal(put(&f, "x", 0), SQLITE_OK);
    assert_int_equal(sync_file(&f), SQLITE_OK);
    assert_int_equal(sync_file(&j), SQLITE_OK);
    cutvfs_cut_now(disk, CUTVFS_NOTHING);
    close_file(&f);
    close_file(&j);
    assert_true(cutvfs_power_on(disk));
    assert_string_equal(look_at("main").data, "x");
    /* a name that was removed without the folder comes back, with it does not */
    sqlite3_vfs *vfs = sqlite3_vfs_find("cut");
    assert_int_equal(vfs->xDelete(vfs, "main-journal", 0), SQLITE_OK);
    assert_false(look_at("main-journal").found);
    cutvfs_cut_now(disk, CUTVFS_NOTHING);
    assert_true(cutvfs_power_on(disk));
    assert_true(look_at("main-journal").found);
    assert_int_equal(vfs->xDelete(vfs, "main-journal", 1), SQLITE_OK);
    cutvfs_cut_now(disk, CUTVFS_NOTHING);
    assert_true(cutvfs_power_on(disk));
    assert_false(look_at("main-journal").found);
    int exists = 1;
    assert_int_equal(vfs->xAccess(vfs, "main-journal", SQLITE_ACCESS_EXISTS, &exists), SQLITE_OK);
    assert_int_equal(exists, 0);
}

/* Over many cuts, every fate of a sector must be met: kept, dropped, torn, and of two writes to one
 * place also the older one alone. */
static void
every_fate_is_met(void **state)
{
    (void)state;
    int old = 0;
    int first = 0;
    int second = 0;
    int torn = 0;
    int split = 0;
    char one[1025];
    char two[1025];
    memset(one, '1', sizeof(one) - 1);
    memset(two, '2', sizeof(two) - 1);
    one[1024] = two[1024] = '\0';
    for (int i = 0; i < 500; i++) {
        cutvfs_reset(disk, base_seed + (uint64_t)i);
        struct file f = open_file("a-journal", NEW_JOURNAL);
        assert_int_equal(put(&f, "0000", 0), SQLITE_OK);
        assert_int_equal(sync_file(&f), SQLITE_OK);
        assert_int_equal(put(&f, one, 0), SQLITE_OK);
        assert_int_equal(put(&f, two, 0), SQLITE_OK);
        cutvfs_cut_now(disk, CUTVFS_RANDOM);
        close_file(&f);
        assert_true(cutvfs_power_on(disk));
        struct look l = look_at("a-journal");
        assert_true(l.found && l.len <= 1024);
        bool uniform = memcmp(l.data, l.data + 4, 508) == 0;
        old += l.len == 4 || l.data[4] == '\0';
        first += uniform && l.data[0] == '1';
        second += uniform && l.data[0] == '2';
        torn += !uniform && l.len >= 512 && l.data[4] != '\0';
        split += l.len == 512 || (l.len == 1024 && l.data[4] == '\0');
    }
    print_message("of 500: %d old, %d first, %d second, %d torn, %d with one sector of two\n", old,
                  first, second, torn, split);
    assert_true(old > 20 && first > 5 && second > 20 && torn > 5 && split > 5);
}

static void
the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    struct look looks[2];
    for (int round = 0; round < 2; round++) {
        cutvfs_reset(disk, 77);
        struct file f = open_file("a-journal", NEW_JOURNAL);
        for (int i = 0; i < 20; i++)
            assert_int_equal(put(&f, "some text of a sector", i * 300), SQLITE_OK);
        cutvfs_cut_now(disk, CUTVFS_RANDOM);
        close_file(&f);
        assert_true(cutvfs_power_on(disk));
        memset(&looks[round], 0, sizeof(looks[round]));
        looks[round] = look_at("a-journal");
    }
    assert_int_equal(looks[0].found, looks[1].found);
    assert_int_equal(looks[0].len, looks[1].len);
    assert_memory_equal(looks[0].data, looks[1].data, sizeof(looks[0].data));
}

static void
faults_come_when_planned(void **state)
{
    (void)state;
    struct file f = open_file("a-journal", NEW_JOURNAL);
    struct cutvfs_fault fault = { .call = CUTVFS_WRITE, .nth = 1 };
    cutvfs_plan_fault(disk, &fault);
    assert_int_equal(put(&f, "abcd", 0), SQLITE_OK);
    assert_false(cutvfs_fault_hit(disk));
    assert_int_equal(put(&f, "efgh", 4), SQLITE_IOERR_WRITE);
    assert_true(cutvfs_fault_hit(disk));
    assert_int_equal(put(&f, "ijkl", 4), SQLITE_OK);
    assert_string_equal(look_at("a-journal").data, "abcdijkl");
    fault = (struct cutvfs_fault){
        .call = CUTVFS_WRITE, .code = SQLITE_FULL, .forever = true, .partial = true
    };
    cutvfs_plan_fault(disk, &fault);
    assert_int_equal(put(&f, "MNOP", 0), SQLITE_FULL);
    assert_int_equal(put(&f, "MNOP", 4), SQLITE_FULL);
    assert_string_equal(look_at("a-journal").data, "MNcdMNkl");
    char out[8];
    fault = (struct cutvfs_fault){ .call = CUTVFS_READ, .partial = true };
    cutvfs_plan_fault(disk, &fault);
    assert_int_equal(f.handle->pMethods->xRead(f.handle, out, 8, 0), SQLITE_IOERR_READ);
    assert_memory_equal(out, "MNcd\0\0\0\0", 8);
    cutvfs_plan_fault(disk, NULL);
    assert_int_equal(f.handle->pMethods->xRead(f.handle, out, 8, 0), SQLITE_OK);
    assert_int_equal(cutvfs_calls(disk, CUTVFS_WRITE), 5);
    assert_int_equal(cutvfs_calls(disk, CUTVFS_READ), 2);
    assert_int_equal(cutvfs_calls(disk, CUTVFS_ANY), 8);
    close_file(&f);
}

/* After a failed sync a later one says OK, and the bytes may yet be gone. */
static void
a_failed_sync_loses_bytes(void **state)
{
    (void)state;
    int lost = 0;
    for (int i = 0; i < 50; i++) {
        cutvfs_reset(disk, base_seed + (uint64_t)i);
        struct file f = open_file("a-journal", NEW_JOURNAL);
        assert_int_equal(sync_file(&f), SQLITE_OK);
        struct cutvfs_fault fault = { .call = CUTVFS_SYNC };
        cutvfs_plan_fault(disk, &fault);
        assert_int_equal(put(&f, "text", 0), SQLITE_OK);
        assert_int_equal(sync_file(&f), SQLITE_IOERR_FSYNC);
        assert_int_equal(sync_file(&f), SQLITE_OK);
        assert_string_equal(look_at("a-journal").data, "text");
        cutvfs_cut_now(disk, CUTVFS_NOTHING);
        close_file(&f);
        assert_true(cutvfs_power_on(disk));
        lost += strcmp(look_at("a-journal").data, "text") != 0;
    }
    assert_true(lost > 5 && lost < 50);
}

static int hook_runs;

static void
count_run(void *user)
{
    hook_runs++;
    assert_int_equal(put(user, "hook", 10), SQLITE_OK);
}

static void
a_hook_runs_inside_a_call(void **state)
{
    (void)state;
    struct file f = open_file("a-journal", NEW_JOURNAL);
    hook_runs = 0;
    cutvfs_plan_hook(disk, 1, count_run, &f);
    assert_int_equal(put(&f, "a", 0), SQLITE_OK);
    assert_int_equal(hook_runs, 0);
    assert_int_equal(put(&f, "b", 1), SQLITE_OK);
    assert_int_equal(hook_runs, 1);
    assert_true(cutvfs_hook_ran(disk));
    assert_int_equal(put(&f, "c", 2), SQLITE_OK);
    assert_int_equal(hook_runs, 1);
    assert_int_equal(cutvfs_calls(disk, CUTVFS_WRITE), 3);
    close_file(&f);
}

static void
locks_are_real(void **state)
{
    (void)state;
    struct file a = open_file("main", NEW_MAIN);
    struct file b = open_file("main", 0);
    const sqlite3_io_methods *m = a.handle->pMethods;
    assert_int_equal(m->xLock(a.handle, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(m->xLock(b.handle, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(m->xLock(a.handle, SQLITE_LOCK_RESERVED), SQLITE_OK);
    assert_int_equal(m->xLock(b.handle, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
    assert_int_equal(m->xLock(a.handle, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
    assert_int_equal(m->xUnlock(b.handle, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(m->xLock(b.handle, SQLITE_LOCK_SHARED), SQLITE_BUSY); /* pending */
    assert_int_equal(m->xLock(a.handle, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    int reserved = 0;
    assert_int_equal(m->xCheckReservedLock(b.handle, &reserved), SQLITE_OK);
    assert_int_equal(reserved, 1);
    assert_int_equal(m->xUnlock(a.handle, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(m->xLock(b.handle, SQLITE_LOCK_SHARED), SQLITE_OK);
    close_file(&a);
    close_file(&b);
}

/* ---- raw SQLite: controls ---- */

struct control {
    const char *name;
    const char *pragmas;
    bool lying;
    bool loses;
};

static const struct control controls[] = {
    { "DELETE + OFF", "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF", false, true },
    { "DELETE + NORMAL", "PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL", false, true },
    { "DELETE + FULL", "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL", false, true },
    { "TRUNCATE + OFF", "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF", false, true },
    { "TRUNCATE + NORMAL", "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL", false,
      true },
    { "TRUNCATE + EXTRA, a disk that lies",
      "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA", true, true },
    { "WAL + NORMAL", "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", false, true },
    { "WAL + EXTRA", "PRAGMA journal_mode = WAL; PRAGMA synchronous = EXTRA", false, false },
    { "DELETE + EXTRA", "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA", false, false },
    { "TRUNCATE + EXTRA", "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = EXTRA", false,
      false },
};

static sqlite3 *
open_raw(const char *pragmas)
{
    sqlite3 *raw = NULL;
    if (sqlite3_open_v2("raw", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "cut") !=
            SQLITE_OK ||
        sqlite3_exec(raw, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_close(raw);
        return NULL;
    }
    return raw;
}

static int
read_counter(void *user, int count, char **values, char **names)
{
    (void)count;
    (void)names;
    *(int *)user = atoi(values[0]);
    return 0;
}

/* -1 when the database cannot be read, or does not pass the check. */
static int
counter_of(sqlite3 *raw)
{
    int n = -1;
    sqlite3_stmt *stmt = NULL;
    bool sound = false;
    if (sqlite3_prepare_v2(raw, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        sound = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    if (sound)
        sqlite3_exec(raw, "SELECT max(n) FROM t", read_counter, &n, NULL);
    return n;
}

/* Commits until the power goes; the number of the last commit that was acknowledged. */
static int
commit_raw(const char *pragmas, int from)
{
    int acked = from;
    sqlite3 *raw = open_raw(pragmas);
    for (int i = from + 1; raw && i <= from + 4; i++) {
        char sql[128];
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, randomblob(%d))", i, 100 + i * 997);
        if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
            break;
        acked = i;
    }
    sqlite3_close(raw);
    return acked;
}

/* Whether one cut loses what was acknowledged. */
static bool
control_loses(const struct control *control, const struct cutvfs_image *image, uint64_t calls,
              uint64_t seed)
{
    uint64_t random = seed;
    next_random(&random);
    assert_true(cutvfs_load(disk, image, seed));
    cutvfs_set_lying(disk, control->lying);
    cutvfs_plan_cut(disk, next_random(&random) % calls, CUTVFS_RANDOM);
    int acked = commit_raw(control->pragmas, 1);
    cutvfs_cut_now(disk, CUTVFS_RANDOM);
    assert_true(cutvfs_power_on(disk));
    cutvfs_set_lying(disk, false);
    sqlite3 *raw = open_raw("PRAGMA synchronous = EXTRA");
    int found = raw ? counter_of(raw) : -1;
    sqlite3_close(raw);
    return found < acked;
}

static void
known_losers_lose_and_others_do_not(void **state)
{
    int losers = 0;
    int caught = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        const struct control *control = &controls[i];
        cutvfs_reset(disk, base_seed);
        sqlite3 *raw = open_raw(control->pragmas);
        assert_non_null(raw);
        assert_int_equal(sqlite3_exec(raw,
                                      "CREATE TABLE t (n INTEGER PRIMARY KEY, b);"
                                      "INSERT INTO t VALUES (1, zeroblob(9000))",
                                      NULL, NULL, NULL),
                         SQLITE_OK);
        sqlite3_close(raw);
        struct cutvfs_image *image = cutvfs_save(disk);
        cutvfs_count_anew(disk);
        assert_int_equal(commit_raw(control->pragmas, 1), 5);
        uint64_t calls = cutvfs_calls(disk, CUTVFS_ANY);
        int lost = 0;
        int cuts = control->loses ? 200 : 500;
        for (int k = 0; k < cuts; k++)
            lost += control_loses(control, image, calls, base_seed + (uint64_t)k);
        print_message("%-36s %3d of %d cuts lost an acknowledged commit (%d calls)\n",
                      control->name, lost, cuts, (int)calls);
        cutvfs_image_free(image);
        losers += control->loses;
        caught += control->loses && lost > 0;
        if (control->loses)
            assert_true(lost > 0);
        else
            assert_int_equal(lost, 0);
    }
    print_message("control: %d of %d caught\n", caught, losers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
    if (argc > 1)
        base_seed = strtoull(argv[1], NULL, 10);
    print_message("seed %llu\n", (unsigned long long)base_seed);
    const struct CMUnitTest tests[] = {
        TEST(synced_bytes_stay_and_others_go),
        TEST(names_are_not_safe_before_their_folder_is),
        TEST(every_fate_is_met),
        TEST(the_same_seed_gives_the_same_bytes),
        TEST(faults_come_when_planned),
        TEST(a_failed_sync_loses_bytes),
        TEST(a_hook_runs_inside_a_call),
        TEST(locks_are_real),
        TEST(known_losers_lose_and_others_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
