/* SPDX-License-Identifier: MIT */
/* The groups of lines, and the store they share. */
#ifndef ENVRES_BENCH_LINES_H
#define ENVRES_BENCH_LINES_H

#include <envres/envres.h>

#include "bench.h"
#include "gen.h"

/*
 * development: 200 plain variables
 * staging:     the same 200 names, of which the last 60 are secret ones of their own ("S_...")
 * The scope `large` is of a store of its own, with 10,000 plain variables in production and the
 * resource "crm": a scope knows the names of the other environments too.
 */
struct fixture {
    const char *path;
    uint8_t key[32];
    envres_store *store;
    envres_session *session;
    envres_error *err;
    envres_scope *plain; /* development */
    envres_scope *mixed; /* staging */
    envres_scope *large; /* production */
};

/* Ends the program with the slot's message unless the call succeeded. */
void expect_ok(envres_status status, const envres_error *err, const char *what);

/* A fresh store at `path`, unlocked by 32 bytes of 7. */
void store_make(const char *path, envres_store **store, envres_session **session,
                envres_error *err);

void lines_template(struct fixture *fx);
void lines_sql(struct fixture *fx);
void lines_scope(struct fixture *fx);
void lines_redact(struct fixture *fx);
/* `folder`: where files may be made; `programs`: where cold_ours and cold_hand are. */
void lines_store(struct fixture *fx, const char *folder, const char *programs);
void lines_release(struct fixture *fx, const char *folder);
/* Of a store in memory of its own. */
void lines_deposit(struct fixture *fx);

#endif
