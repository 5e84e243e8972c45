/* SPDX-License-Identifier: MIT */
/*
 * What waits in a salvaged store: deposits, and requests with their approvals.
 *
 * Rules. Each is signed by itself, and what verify has a finding of is not kept: a deposit that
 * nobody signed can never be taken in, and a request is asked for anew in a minute. A request with
 * one approval that is not what was signed goes as a whole, since how many it had is not known any
 * more. What is right about them is decided where they are verified, not here.
 */
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "model/deposit.h"
#include "model/request.h"
#include "model/salvage.h"

enum { SQL_DROP_DEPOSIT, SQL_DROP_APPROVALS, SQL_DROP_REQUEST, SQL_COUNT_ };

static const char *const waiting_sql[SQL_COUNT_] = {
    [SQL_DROP_DEPOSIT] = "DELETE FROM inbox WHERE id = ?1",
    [SQL_DROP_APPROVALS] = "DELETE FROM approval WHERE request_id = ?1",
    [SQL_DROP_REQUEST] = "DELETE FROM request WHERE id = ?1",
};

/* Ids that findings named. */
struct faulty {
    const struct mem *mem;
    uint8_t (*ids)[SEAL_ID];
    size_t count;
    size_t room;
    bool failed; /* for want of memory */
};

/* An object of a finding is what it is, a slash, and its id. */
static void
note(void *user, const char *code, const char *object, const char *message)
{
    struct faulty *faulty = user;
    const char *slash = strchr(object, '/');
    (void)code;
    (void)message;
    assert(slash);
    uint8_t(*grown)[SEAL_ID] =
        mem_grow(faulty->mem, faulty->ids, &faulty->room, faulty->count, sizeof(*faulty->ids));
    if (!grown) {
        faulty->failed = true;
        return;
    }
    faulty->ids = grown;
    faulty->count += text_unhex(grown[faulty->count], SEAL_ID, slice_str(slash + 1));
}

/* A deposit can be named twice, for its signature and as one that was put back. */
static envres_status
drop_all(struct context *ctx, const struct faulty *faulty, int first, int last, int64_t *dropped,
         envres_error *err)
{
    envres_status st = faulty->failed ? err_code(err, ENVRES_E_NOMEM) : ENVRES_OK;
    *dropped = 0;
    for (size_t i = 0; st == ENVRES_OK && i < faulty->count; i++) {
        int64_t changed = 0;
        for (int sql = first; st == ENVRES_OK && sql <= last; sql++)
            st = salvage_run(ctx, waiting_sql[sql], faulty->ids[i], NULL, &changed, err);
        *dropped += changed;
    }
    return st;
}

envres_status
salvage_waiting(struct context *ctx, struct salvage_report *report, envres_error *err)
{
    static const struct {
        envres_status (*verify)(struct context *ctx, db_finding_fn finding, void *user,
                                envres_error *err);
        int first;
        int last;
        const char *table;
        const char *message;
    } rows[] = {
        { deposit_verify, SQL_DROP_DEPOSIT, SQL_DROP_DEPOSIT, "inbox",
          "deposits that are not what was signed are not kept" },
        { request_verify, SQL_DROP_APPROVALS, SQL_DROP_REQUEST, "request",
          "requests that are not what was signed, or have such an approval, are not kept" },
    };
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct faulty faulty = { .mem = ctx->mem };
        int64_t dropped = 0;
        st = rows[i].verify(ctx, note, &faulty, err);
        if (st == ENVRES_OK)
            st = drop_all(ctx, &faulty, rows[i].first, rows[i].last, &dropped, err);
        if (st == ENVRES_OK && dropped > 0)
            salvage_lost(report, rows[i].table, NULL, dropped, ENVRES_E_INTEGRITY, rows[i].message);
        mem_free(ctx->mem, faulty.ids);
    }
    return st;
}
