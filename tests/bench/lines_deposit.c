/* SPDX-License-Identifier: MIT */
/*
 * Deposits, in memory: what they cost beside the commit. The limit is the arithmetic of libsodium
 * that each cannot do without, and for accepting the put of the same value.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "lines.h"

enum { BATCH = 100 };

struct deposits {
    envres_store *store;
    envres_session *session;
    envres_error *err;
    char ids[BATCH][33];
    uint8_t sign_public[crypto_sign_PUBLICKEYBYTES];
    uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];
    uint8_t box_public[crypto_scalarmult_BYTES];
    uint8_t box_secret[crypto_scalarmult_SCALARBYTES];
};

static void
run_deposits(void *user, size_t count)
{
    struct deposits *d = user;
    for (size_t i = 0; i < count * BATCH; i++) {
        char name[32];
        size_t slot = i % BATCH;
        snprintf(name, sizeof(name), "D_%zu", slot);
        envres_variable_write write = { .size = sizeof(write),
                                        .name = name,
                                        .name_len = ENVRES_NUL_TERMINATED,
                                        .value = "a token of forty bytes, more or less yes",
                                        .value_len = 40 };
        expect_ok(envres_deposit(d->session, "staging", 7, &write, NULL, d->ids[slot], d->err),
                  d->err, "depositing");
    }
}

static void
run_accepts(void *user, size_t count)
{
    struct deposits *d = user;
    for (size_t i = 0; i < count * BATCH; i++)
        expect_ok(envres_inbox_accept(d->session, "staging", 7, d->ids[i % BATCH], 32, NULL, NULL,
                                      d->err),
                  d->err, "accepting");
}

static void
empty_inbox(void *user)
{
    struct deposits *d = user;
    envres_list *list = NULL;
    expect_ok(envres_inbox_list(d->session, "staging", 7, &list, d->err), d->err, "listing");
    for (size_t i = 0; i < envres_list_count(list); i++)
        expect_ok(envres_inbox_reject(d->session, "staging", 7,
                                      envres_list_text(list, i, ENVRES_INBOX_ID, NULL), 32, NULL,
                                      d->err),
                  d->err, "rejecting");
    envres_list_free(list);
}

static void
fill_inbox(void *user)
{
    empty_inbox(user);
    run_deposits(user, 1);
}

/* The environment's key verified; an ephemeral pair, agreed; deposit and audit entry signed. */
static void
deposits_by_hand(void *user, size_t count)
{
    struct deposits *d = user;
    uint8_t point[32] = { 0 };
    uint8_t signature[64] = { 0 };
    uint8_t message[200] = { 0 };
    crypto_sign_detached(signature, NULL, message, sizeof(message), d->sign_secret);
    for (size_t i = 0; i < count * BATCH; i++) {
        bench_check(
            crypto_sign_verify_detached(signature, message, sizeof(message), d->sign_public) == 0,
            "a signature by hand is wrong");
        bench_check(crypto_scalarmult_base(point, d->box_secret) == 0 &&
                        crypto_scalarmult(point, d->box_secret, d->box_public) == 0,
                    "a point by hand is wrong");
        crypto_sign_detached(signature, NULL, message, sizeof(message), d->sign_secret);
        crypto_sign_detached(signature, NULL, message, sizeof(message), d->sign_secret);
        bench_keep(point);
    }
}

/* The same value put, and what a deposit adds to that: it is verified; the environment's pair is
 * made, and agreed with. */
static void
accepts_by_hand(void *user, size_t count)
{
    struct deposits *d = user;
    uint8_t point[32] = { 0 };
    uint8_t signature[64] = { 0 };
    uint8_t message[200] = { 0 };
    crypto_sign_detached(signature, NULL, message, sizeof(message), d->sign_secret);
    for (size_t i = 0; i < count * BATCH; i++) {
        char name[32];
        snprintf(name, sizeof(name), "P_%zu", i % BATCH);
        envres_variable_write write = { .size = sizeof(write),
                                        .flags = ENVRES_WRITE_SECRET,
                                        .name = name,
                                        .name_len = ENVRES_NUL_TERMINATED,
                                        .value = "a token of forty bytes, more or less yes",
                                        .value_len = 40 };
        expect_ok(envres_variable_put(d->session, "development", 11, &write, NULL, NULL, d->err),
                  d->err, "putting");
        bench_check(
            crypto_sign_verify_detached(signature, message, sizeof(message), d->sign_public) == 0,
            "a signature by hand is wrong");
        bench_check(crypto_scalarmult_base(point, d->box_secret) == 0 &&
                        crypto_scalarmult(point, d->box_secret, d->box_public) == 0,
                    "a point by hand is wrong");
        bench_keep(point);
    }
}

void
lines_deposit(struct fixture *fx)
{
    static struct deposits d;
    struct bench_line lines[] = {
        { .name = "100 deposits (limit: sodium)",
          .ours = run_deposits,
          .limit = deposits_by_hand,
          .prepare = empty_inbox,
          .user = &d,
          .is_slow = true,
          .goals = { { RULE_COST, 2.0, 1.5 } } },
        { .name = "100 accepted (limit: put, sodium)",
          .ours = run_accepts,
          .limit = accepts_by_hand,
          .prepare = fill_inbox,
          .user = &d,
          .is_slow = true,
          .goals = { { RULE_COST, 1.5, 1.2 } } },
    };
    if (!bench_wants(lines[0].name) && !bench_wants(lines[1].name))
        return;
    bench_check(sodium_init() >= 0, "libsodium does not start");
    d.err = fx->err;
    crypto_sign_keypair(d.sign_public, d.sign_secret);
    crypto_box_keypair(d.box_public, d.box_secret);
    store_make(NULL, &d.store, &d.session, d.err);
    bench_run(&lines[0]);
    bench_run(&lines[1]);
    envres_session_close(d.session);
    envres_store_close(d.store);
}
