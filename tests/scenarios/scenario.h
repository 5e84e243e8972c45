/* SPDX-License-Identifier: MIT */
/*
 * The registry of scenarios: one operation each, on a store in a known state. Every public function
 * that can fail is called by one of them (a gate checks it), and every torture runs them all: out
 * of memory, power cuts, I/O faults, sanitizers.
 *
 * What must hold is the same for all, and so is not written per scenario: after a call that
 * answered OK the store is as the call makes it; after any error it is as before (UNKNOWN_OUTCOME:
 * one of the two); verify finds nothing. States are compared by their dump: every list the library
 * gives.
 */
#ifndef ENVRES_TESTS_SCENARIO_H
#define ENVRES_TESTS_SCENARIO_H

#include <stddef.h>

#include <envres/envres.h>

struct fixture {
    const char *path; /* NULL: memory */
    const char *vfs;
    uint32_t store_flags;
    uint8_t key[32];
    envres_error *err;
    envres_store *store;
    envres_session *session;
    envres_scope *scope; /* development, newest */
    /* Contents of three versions of the app portal, so that operations need not ask. */
    uint8_t draft[32];  /* v5 */
    uint8_t staged[32]; /* v4 */
    uint8_t ready[32];  /* v3 */
};

enum scenario_kind {
    SCENARIO_READS,  /* changes nothing */
    SCENARIO_CHANGES /* one change of the store */
};

struct scenario {
    const char *name;
    enum scenario_kind kind;
    /* The status of the operation; what it makes, it frees. */
    envres_status (*run)(struct fixture *fx);
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* How it is opened: among others with a clock that stands still. */
envres_store_options fixture_options(const struct fixture *fx);

/* A store with three environments on the path and one beside it, plain and secret variables,
 * templates, two resources, a fallback, two apps with versions in every state, and some history.
 * Answers the first failure. */
envres_status fixture_make(struct fixture *fx);
/* Closes what is open; keeps path, vfs, flags, key. */
void fixture_close(struct fixture *fx);
/* Opens the store at fx->path again, with session and scope. */
envres_status fixture_open(struct fixture *fx);

/* All that the store says of itself, as text (malloc'ed), or NULL when a list fails. */
char *fixture_dump(struct fixture *fx);
/* Findings of envres_store_verify(), -1 when it fails; the first is printed. */
int fixture_verify(struct fixture *fx);

/* Principals beside the owner. */
envres_status fixture_people(struct fixture *fx);
/* Deposits that wait in staging: API_KEY, which is new, and DB_PASSWORD. */
envres_status fixture_inbox(struct fixture *fx);
/* Rotations that are under way. */
envres_status fixture_rotations(struct fixture *fx);
/* An environment that asks for approvals, and what waits there. */
envres_status fixture_requests(struct fixture *fx);

/* Helpers of the scenario files. */
envres_status put(struct fixture *fx, const char *environment, const char *name, const char *value,
                  int32_t type, uint32_t flags);

#endif
