/* SPDX-License-Identifier: MIT */
/*
 * The store's own way of using SQLite on the power-cut disk: no cut loses what was acknowledged,
 * also when the power goes again during recovery, and every answer is right when calls fail.
 *
 * test_store_cuts [SEED [CUTS]]: another seed, more cuts. A failure prints the seed of its trial.
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

#include "base/clock.h"
#include "cutvfs.h"
#include "storage/db.h"

static uint64_t base_seed = 20240717;
static int cut_count = 2000;

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

static const char sql_add[] =
    "INSERT INTO workspace (id, name, root, policy, created_at) VALUES (?1, ?2, zeroblob(32), 0, ?3)";
static const char sql_touch[] = "UPDATE workspace SET created_at = ?1";
static const char sql_last[] = "SELECT count(*), max(created_at), min(created_at) FROM workspace";

static envres_status
open_store(uint32_t flags, struct db **out)
{
    struct db_options options = {
        .mem = &mem_default, .clock = &clock_system, .path = "store", .vfs = "cut", .flags = flags
    };
    *out = NULL;
    return db_open(&options, out, NULL);
}

/* One change of several pages: row n is added, and every row gets the number n. */
static envres_status
add_row(struct db *db, int n, enum db_outcome *outcome, envres_error *err)
{
    unsigned char id[16] = { 0 };
    char name[1500];
    struct db_stmt *stmt = NULL;
    *outcome = DB_ROLLED_BACK;
    envres_status st = db_begin_write(db, err);
    if (st < 0)
        return st;
    memcpy(id, &n, sizeof(n));
    memset(name, 'a' + n % 26, sizeof(name));
    snprintf(name, 16, "%08d", n);
    name[8] = '-';
    st = db_use(db, sql_add, &stmt, err);
    if (st >= 0) {
        db_bind_blob(stmt, 1, id, sizeof(id));
        db_bind_text(stmt, 2, name, sizeof(name));
        db_bind_int(stmt, 3, n);
        st = db_run(stmt, err);
    }
    if (st >= 0)
        st = db_use(db, sql_touch, &stmt, err);
    if (st >= 0) {
        db_bind_int(stmt, 1, n);
        st = db_run(stmt, err);
    }
    return db_end(db, st, outcome, err);
}

/* Rows of the store; -1 when they are not one state: every row must bear the same number. */
static int
rows_of(struct db *db)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    if (db_use(db, sql_last, &stmt, NULL) < 0 || db_step(stmt, &row, NULL) < 0 || row != DB_ROW)
        return -1;
    int64_t count = db_column_int(stmt, 0);
    bool is_one = count == db_column_int(stmt, 1) && count == db_column_int(stmt, 2);
    db_reset(stmt);
    return is_one ? (int)count : -1;
}

static void
count_finding(void *user, const char *code, const char *object, const char *message)
{
    print_error("finding: %s %s %s\n", code, object, message);
    ++*(int *)user;
}

/* What a trial may find: everything that was acknowledged, and what was left open. */
struct promise {
    int acked; /* rows that must be there */
    int open;  /* the most that may be there */
};

static struct promise
work(int rows, int more)
{
    struct promise promise = { rows, rows };
    struct db *db = NULL;
    if (open_store(0, &db) < 0)
        return promise;
    for (int i = rows + 1; i <= rows + more; i++) {
        enum db_outcome outcome = DB_ROLLED_BACK;
        envres_status st = add_row(db, i, &outcome, NULL);
        if (st >= 0) {
            assert_int_equal(outcome, DB_COMMITTED);
            promise.acked = promise.open = i;
            continue;
        }
        assert_int_not_equal(outcome, DB_COMMITTED);
        if (outcome == DB_UNSURE)
            promise.open = i;
        break;
    }
    db_close(db);
    return promise;
}

/* Opens the store after a cut; with `again`, the power goes once more while it recovers. */
static void
check_store(struct promise promise, uint64_t *random, bool again, uint64_t seed)
{
    struct db *db = NULL;
    if (again) {
        cutvfs_plan_cut(disk, next_random(random) % 40, CUTVFS_RANDOM);
        if (open_store(0, &db) >= 0)
            rows_of(db);
        db_close(db);
        cutvfs_cut_now(disk, CUTVFS_RANDOM);
        assert_true(cutvfs_power_on(disk));
    }
    int findings = 0;
    envres_status st = open_store(0, &db);
    int rows = st >= 0 ? rows_of(db) : -2;
    bool ok = st >= 0 && rows >= promise.acked && rows <= promise.open;
    if (!ok)
        print_error("seed %llu: status %d, %d rows, acknowledged %d, at most %d\n",
                    (unsigned long long)seed, (int)st, rows, promise.acked, promise.open);
    assert_true(ok);
    assert_int_equal(db_verify(db, count_finding, &findings, NULL), ENVRES_OK);
    assert_int_equal(findings, 0);
    db_close(db);
}

static struct cutvfs_image *
make_store(int rows)
{
    struct db *db = NULL;
    cutvfs_reset(disk, base_seed);
    assert_int_equal(open_store(DB_CREATE, &db), ENVRES_OK);
    db_close(db);
    assert_int_equal(work(0, rows).acked, rows);
    return cutvfs_save(disk);
}

static void
the_store_loses_nothing(void **state)
{
    (void)state;
    struct cutvfs_image *image = make_store(3);
    int unsure = 0;
    int kept = 0;
    cutvfs_count_anew(disk);
    assert_int_equal(work(3, 3).acked, 6);
    uint64_t calls = cutvfs_calls(disk, CUTVFS_ANY);
    for (int i = 0; i < cut_count; i++) {
        uint64_t seed = base_seed + (uint64_t)i;
        uint64_t random = seed;
        next_random(&random);
        assert_true(cutvfs_load(disk, image, seed));
        cutvfs_plan_cut(disk, next_random(&random) % calls, CUTVFS_RANDOM);
        struct promise promise = work(3, 3);
        unsure += promise.open > promise.acked;
        kept += promise.acked > 3;
        cutvfs_cut_now(disk, CUTVFS_RANDOM);
        assert_true(cutvfs_power_on(disk));
        check_store(promise, &random, i % 3 == 0, seed);
    }
    print_message("%d cuts in %d calls: 0 lost (%d with acknowledged commits, %d unsure)\n",
                  cut_count, (int)calls, kept, unsure);
    assert_true(kept > 0);
    assert_true(unsure > 0);
    cutvfs_image_free(image);
}

static void
a_store_is_made_once(void **state)
{
    (void)state;
    struct db *db = NULL;
    assert_int_equal(open_store(0, &db), ENVRES_E_NO_STORE);
    assert_int_equal(open_store(DB_CREATE, &db), ENVRES_OK);
    assert_string_equal(db_fact(db, "file_system"), "vfs");
    db_close(db);
    assert_int_equal(open_store(DB_CREATE, &db), ENVRES_E_STORE_EXISTS);
    assert_null(db);
    assert_int_equal(open_store(DB_READ_ONLY, &db), ENVRES_OK);
    assert_int_equal(rows_of(db), 0);
    db_close(db);
}

/* A cut inside each single call, a kill at each, from opening to closing. */
static void
a_cut_in_every_call(void **state)
{
    (void)state;
    struct cutvfs_image *image = make_store(2);
    static const enum cutvfs_survival kinds[] = { CUTVFS_NOTHING, CUTVFS_ALL, CUTVFS_RANDOM };
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        bool off = true;
        for (uint64_t n = 0; off; n++) {
            uint64_t random = n;
            assert_true(cutvfs_load(disk, image, base_seed + n));
            cutvfs_plan_cut(disk, n, kinds[k]);
            struct promise promise = work(2, 2);
            off = cutvfs_is_off(disk);
            assert_true(cutvfs_power_on(disk));
            check_store(promise, &random, n % 3 == 0, base_seed + n);
            assert_true(n < 10000);
        }
    }
    cutvfs_image_free(image);
}

/* A store that is being made is whole or none at all. */
static void
a_cut_in_every_call_of_creation(void **state)
{
    (void)state;
    bool off = true;
    for (uint64_t n = 0; off; n++) {
        struct db *db = NULL;
        cutvfs_reset(disk, base_seed + n);
        cutvfs_plan_cut(disk, n, CUTVFS_RANDOM);
        envres_status made = open_store(DB_CREATE, &db);
        db_close(db);
        off = cutvfs_is_off(disk);
        assert_true(cutvfs_power_on(disk));
        envres_status st = open_store(0, &db);
        if (made >= 0)
            assert_int_equal(st, ENVRES_OK);
        else if (st != ENVRES_OK && st != ENVRES_E_NOT_A_STORE && st != ENVRES_E_NO_STORE)
            fail_msg("call %d: status %d", (int)n, (int)st);
        if (st >= 0)
            assert_int_equal(rows_of(db), 0);
        db_close(db);
        assert_true(n < 10000);
    }
}

/* ---- failing calls ---- */

struct fault_row {
    const char *name;
    struct cutvfs_fault fault;
};

static const struct fault_row fault_rows[] = {
    { "read", { .call = CUTVFS_READ } },
    { "read, for good", { .call = CUTVFS_READ, .forever = true } },
    { "half a read", { .call = CUTVFS_READ, .partial = true } },
    { "write", { .call = CUTVFS_WRITE } },
    { "write, for good", { .call = CUTVFS_WRITE, .forever = true } },
    { "half a write", { .call = CUTVFS_WRITE, .partial = true } },
    { "full", { .call = CUTVFS_WRITE, .code = SQLITE_FULL } },
    { "full, for good",
      { .call = CUTVFS_WRITE, .code = SQLITE_FULL, .forever = true, .partial = true } },
    { "sync", { .call = CUTVFS_SYNC } },
    { "sync, for good", { .call = CUTVFS_SYNC, .forever = true } },
    { "truncate", { .call = CUTVFS_TRUNCATE } },
    { "truncate, for good", { .call = CUTVFS_TRUNCATE, .forever = true } },
    { "delete", { .call = CUTVFS_DELETE } },
    { "open", { .call = CUTVFS_OPEN } },
    { "open, for good", { .call = CUTVFS_OPEN, .forever = true } },
    { "lock", { .call = CUTVFS_LOCK } },
    { "lock, for good", { .call = CUTVFS_LOCK, .forever = true } },
    { "busy", { .call = CUTVFS_LOCK, .code = SQLITE_BUSY, .forever = true } },
    { "unlock", { .call = CUTVFS_UNLOCK } },
    { "size", { .call = CUTVFS_SIZE } },
    { "access", { .call = CUTVFS_ACCESS } },
    { "access, for good", { .call = CUTVFS_ACCESS, .forever = true } },
    { "out of memory", { .call = CUTVFS_READ, .code = SQLITE_IOERR_NOMEM } },
    { "any", { .call = CUTVFS_ANY } },
};

static bool
is_expected_status(envres_status st)
{
    switch (st) {
    case ENVRES_E_IO:
    case ENVRES_E_FULL:
    case ENVRES_E_BUSY:
    case ENVRES_E_NOMEM:
    case ENVRES_E_POISONED:
    case ENVRES_E_READ_ONLY:
        return true;
    default:
        return false;
    }
}

/* Two changes, with the handle opened again after the first failure; what must hold then. */
static struct promise
work_through_fault(struct db *db, const struct fault_row *row)
{
    struct promise promise = { 2, 2 };
    for (int i = 3; i <= 4; i++) {
        enum db_outcome outcome = DB_ROLLED_BACK;
        envres_status st = add_row(db, promise.open + 1, &outcome, NULL);
        if (st >= 0) {
            assert_int_equal(outcome, DB_COMMITTED);
            promise.open++;
            promise.acked = promise.open;
            continue;
        }
        if (!is_expected_status(st))
            print_error("row: %s: status %d\n", row->name, (int)st);
        assert_true(is_expected_status(st));
        if (outcome == DB_UNSURE) {
            /* an unsure commit always means: open again, then look it up */
            assert_int_equal(db_begin_write(db, NULL), ENVRES_E_POISONED);
            promise.open++;
        }
        if (db_reopen(db, NULL) < 0)
            break;
        int rows = rows_of(db);
        if (rows < 0)
            break;
        assert_true(rows >= promise.acked && rows <= promise.open);
        promise.open = rows;
    }
    return promise;
}

static void
every_call_may_fail(void **state)
{
    (void)state;
    struct cutvfs_image *image = make_store(2);
    int unsure = 0;
    for (size_t i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++) {
        bool hit = true;
        int runs = 0;
        for (uint64_t n = 0; hit; n++, runs++) {
            struct cutvfs_fault fault = fault_rows[i].fault;
            struct db *db = NULL;
            uint64_t random = n;
            struct promise promise = { 2, 2 };
            assert_true(cutvfs_load(disk, image, base_seed + n));
            fault.nth = n;
            cutvfs_plan_fault(disk, &fault);
            envres_status st = open_store(0, &db);
            assert_true(st >= 0 || is_expected_status(st));
            if (st >= 0)
                promise = work_through_fault(db, &fault_rows[i]);
            unsure += promise.open > promise.acked;
            db_close(db);
            hit = cutvfs_fault_hit(disk);
            /* with the disk well again, before and after a cut */
            cutvfs_plan_fault(disk, NULL);
            check_store(promise, &random, false, base_seed + n);
            cutvfs_cut_now(disk, CUTVFS_RANDOM);
            assert_true(cutvfs_power_on(disk));
            check_store(promise, &random, false, base_seed + n);
            assert_true(n < 5000);
        }
        print_message("%-20s %4d places\n", fault_rows[i].name, runs - 1);
        assert_true(runs > 1 || fault_rows[i].fault.call == CUTVFS_DELETE);
    }
    cutvfs_image_free(image);
    assert_true(unsure > 0);
}

static void
a_failed_sync_poisons(void **state)
{
    (void)state;
    struct cutvfs_image *image = make_store(1);
    envres_error *err = envres_error_new(NULL);
    struct cutvfs_fault fault = { .call = CUTVFS_SYNC };
    struct db *db = NULL;
    struct db_stmt *stmt = NULL;
    enum db_outcome outcome = DB_COMMITTED;
    assert_true(cutvfs_load(disk, image, base_seed));
    assert_int_equal(open_store(0, &db), ENVRES_OK);
    cutvfs_plan_fault(disk, &fault);
    assert_int_equal(add_row(db, 2, &outcome, err), ENVRES_E_IO);
    assert_non_null(strstr(envres_error_message(err), "while syncing to the disk"));
    assert_string_equal(envres_error_subject(err), "store");
    assert_int_equal(db_use(db, sql_last, &stmt, err), ENVRES_E_POISONED);
    assert_int_equal(db_begin_read(db, err), ENVRES_E_POISONED);
    assert_int_equal(db_begin_write(db, err), ENVRES_E_POISONED);
    assert_string_equal(envres_error_hint(err), "open the store again");
    assert_int_equal(db_reopen(db, err), ENVRES_OK);
    int rows = rows_of(db);
    assert_true(rows == 1 || (rows == 2 && outcome == DB_UNSURE));
    assert_int_equal(add_row(db, rows + 1, &outcome, err), ENVRES_OK);
    db_close(db);
    envres_error_free(err);
    cutvfs_image_free(image);
}

/* A backup inside of the disk: whole, or an error and no file. */
static void
a_backup_is_whole_or_absent(void **state)
{
    (void)state;
    struct cutvfs_image *image = make_store(2);
    bool hit = true;
    for (uint64_t n = 0; hit; n++) {
        struct cutvfs_fault fault = { .call = CUTVFS_ANY, .nth = n };
        struct db *db = NULL;
        struct db *copy = NULL;
        assert_true(cutvfs_load(disk, image, base_seed + n));
        assert_int_equal(open_store(0, &db), ENVRES_OK);
        cutvfs_plan_fault(disk, &fault);
        envres_status st = db_backup(db, "copy", NULL);
        hit = cutvfs_fault_hit(disk);
        cutvfs_plan_fault(disk, NULL);
        struct db_options options = {
            .mem = &mem_default, .clock = &clock_system, .path = "copy", .vfs = "cut"
        };
        if (st >= 0) {
            assert_int_equal(db_backup(db, "copy", NULL), ENVRES_E_STORE_EXISTS);
            assert_int_equal(db_open(&options, &copy, NULL), ENVRES_OK);
            assert_int_equal(rows_of(copy), 2);
        } else {
            /* the check of the copy calls what it cannot read damaged */
            assert_true(is_expected_status(st) || st == ENVRES_E_CORRUPT);
            assert_int_equal(db_open(&options, &copy, NULL), ENVRES_E_NO_STORE);
        }
        db_close(copy);
        assert_int_equal(rows_of(db), 2);
        db_close(db);
        assert_true(n < 10000);
    }
    cutvfs_image_free(image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
    if (argc > 1)
        base_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        cut_count = atoi(argv[2]);
    print_message("seed %llu\n", (unsigned long long)base_seed);
    const struct CMUnitTest tests[] = {
        TEST(a_store_is_made_once),        TEST(the_store_loses_nothing),
        TEST(a_cut_in_every_call),         TEST(a_cut_in_every_call_of_creation),
        TEST(every_call_may_fail),         TEST(a_failed_sync_poisons),
        TEST(a_backup_is_whole_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
