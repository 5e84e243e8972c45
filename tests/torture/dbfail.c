/* SPDX-License-Identifier: MIT */
/*
 * What stands before the database layer. A call that fails leaves behind what its contract says: a
 * statement that failed is reset, a transaction that did not commit is rolled back, outputs are as
 * they were. The end of a transaction counts as a call only where it was to commit, since a
 * roll-back gives on the error that there is already.
 */
#include "dbfail.h"

#include <execinfo.h>

#include "base/status.h"
#include "storage/db.h"

/* Where the program's own code begins and ends: symbols of the linker. */
extern const char __executable_start;
extern const char etext;

enum { FRAMES = 128 };

static bool armed;
static bool hit;
static uint64_t left;
static uint64_t calls;
static envres_status failure;
static const char *failed_name;
static uint64_t *places;
static size_t places_max;

void
dbfail_at(uint64_t nth, envres_status code)
{
    left = nth;
    failure = code;
    hit = false;
    calls = 0;
    failed_name = "";
    armed = true;
}

bool
dbfail_stop(void)
{
    armed = false;
    places = NULL;
    return hit;
}

uint64_t
dbfail_calls(void)
{
    return calls;
}

const char *
dbfail_name(void)
{
    return failed_name;
}

void
dbfail_note(uint64_t *out, size_t max)
{
    places = out;
    places_max = max;
    dbfail_at(UINT64_MAX, ENVRES_E_IO);
}

/* FNV-1a over the return addresses. */
static uint64_t
place(void)
{
    void *frames[FRAMES];
    uint64_t hash = UINT64_C(14695981039346656037);
    int count = backtrace(frames, FRAMES);
    for (int i = 0; i < count; i++) {
        const char *at = frames[i];
        if (at >= &__executable_start && at < &etext)
            hash = (hash ^ (uintptr_t)at) * UINT64_C(1099511628211);
    }
    return hash;
}

/* Whether this call is the one; then the slot says so. */
static bool
fails(const char *name, envres_error *err)
{
    if (!armed)
        return false;
    if (places && calls < places_max)
        places[calls] = place();
    calls++;
    if (hit || left-- > 0)
        return false;
    hit = true;
    failed_name = name;
    err_set(err, failure, DBFAIL_MESSAGE);
    return true;
}

/* The linker's names: __real_X is the library's X, and its calls of X come to __wrap_X. */
#define WRAP(name, parameters)                                                                     \
    envres_status __real_##name parameters;                                                        \
    envres_status __wrap_##name parameters;                                                        \
    envres_status __wrap_##name parameters

WRAP(db_open, (const struct db_options *options, struct db **out, envres_error *err))
{
    return fails("db_open", err) ? failure : __real_db_open(options, out, err);
}

WRAP(db_reopen, (struct db * db, envres_error *err))
{
    return fails("db_reopen", err) ? failure : __real_db_reopen(db, err);
}

WRAP(db_use, (struct db * db, const char *sql, struct db_stmt **out, envres_error *err))
{
    return fails("db_use", err) ? failure : __real_db_use(db, sql, out, err);
}

WRAP(db_step, (struct db_stmt * stmt, int *row, envres_error *err))
{
    if (!fails("db_step", err))
        return __real_db_step(stmt, row, err);
    db_reset(stmt);
    return failure;
}

WRAP(db_run, (struct db_stmt * stmt, envres_error *err))
{
    if (!fails("db_run", err))
        return __real_db_run(stmt, err);
    db_reset(stmt);
    return failure;
}

WRAP(db_begin_write, (struct db * db, envres_error *err))
{
    return fails("db_begin_write", err) ? failure : __real_db_begin_write(db, err);
}

WRAP(db_begin_read, (struct db * db, envres_error *err))
{
    return fails("db_begin_read", err) ? failure : __real_db_begin_read(db, err);
}

WRAP(db_end, (struct db * db, envres_status st, enum db_outcome *outcome, envres_error *err))
{
    if (st < 0 || !fails("db_end", err))
        return __real_db_end(db, st, outcome, err);
    return __real_db_end(db, failure, outcome, err);
}

WRAP(db_scrub, (struct db * db, envres_error *err))
{
    return fails("db_scrub", err) ? failure : __real_db_scrub(db, err);
}

WRAP(db_poll, (struct db * db, int32_t *changed, envres_error *err))
{
    return fails("db_poll", err) ? failure : __real_db_poll(db, changed, err);
}

WRAP(db_verify, (struct db * db, db_finding_fn finding, void *user, envres_error *err))
{
    return fails("db_verify", err) ? failure : __real_db_verify(db, finding, user, err);
}

WRAP(db_backup, (struct db * db, const char *path, envres_error *err))
{
    return fails("db_backup", err) ? failure : __real_db_backup(db, path, err);
}
