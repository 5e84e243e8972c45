/* SPDX-License-Identifier: MIT */
/*
 * Every state with every event, through the public calls: a real version is brought into the state,
 * the event is tried, and status and state afterwards are those of tests/vectors/machine.json.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "delivery.h"

static const char app[] = "shop";
static const char it[] = "it";       /* the version that is looked at */
static const char other[] = "other"; /* one that is ready */

struct row {
    char state[16];
    char event[16];
    char next[16];
    char last[16];
    char error[40];
    bool apart;
};

/* ---- reading the vectors: one case on each line --------------------------------------------- */

static void
member(const char *line, const char *key, char *out, size_t cap)
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "\"%s\": \"", key);
    const char *at = strstr(line, wanted);
    out[0] = '\0';
    if (!at)
        return;
    at += strlen(wanted);
    size_t len = strcspn(at, "\"");
    assert_true(len < cap);
    memcpy(out, at, len);
    out[len] = '\0';
}

static int
read_rows(struct row *rows, int cap, int *said)
{
    FILE *file = fopen(TEST_VECTORS "/machine.json", "rb");
    char line[512];
    int count = 0;
    *said = -1;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        const char *number = strstr(line, "\"count\": ");
        if (number)
            *said = atoi(number + strlen("\"count\": "));
        if (!strstr(line, "\"state\""))
            continue;
        assert_true(count < cap);
        struct row *row = &rows[count++];
        member(line, "state", row->state, sizeof(row->state));
        member(line, "event", row->event, sizeof(row->event));
        member(line, "next", row->next, sizeof(row->next));
        member(line, "last", row->last, sizeof(row->last));
        member(line, "error", row->error, sizeof(row->error));
        row->apart = strstr(line, "\"apart\": true") != NULL;
    }
    fclose(file);
    return count;
}

/* ---- states --------------------------------------------------------------------------------- */

enum retired_by { BY_RELEASE, BY_WITHDRAWAL };

static void
bring(struct fx *fx, const char *state, enum retired_by how)
{
    char now[16];
    app_new(fx, app);
    version_new(fx, app, other, NULL);
    make_ready(fx, app, other);
    version_new(fx, app, it, NULL);
    if (strcmp(state, "staged") == 0)
        OK(fx, promote_to(fx, app, it, "staging", 0));
    if (strcmp(state, "ready") == 0 || strcmp(state, "live") == 0 || strcmp(state, "retired") == 0)
        make_ready(fx, app, it);
    if (strcmp(state, "live") == 0 || strcmp(state, "retired") == 0)
        OK(fx, release_as(fx, app, it, "1.0.0"));
    if (strcmp(state, "retired") == 0)
        OK(fx, how == BY_WITHDRAWAL ? withdraw(fx, app) : release_as(fx, app, other, "1.1.0"));
    if (strcmp(state, "discarded") == 0)
        OK(fx, discard(fx, app, it));
    state_now(fx, app, it, now);
    assert_string_equal(now, state);
}

/* ---- events --------------------------------------------------------------------------------- */

/* The next environment of the path after where it stands; at its end, the end. */
static const char *
next_stage(struct fx *fx)
{
    char stage[65];
    stage_now(fx, app, it, stage);
    return strcmp(stage, "development") == 0 ? "staging" : "production";
}

/* Another version becomes live: `other`, or where that is live, a third. */
static envres_status
supersede(struct fx *fx)
{
    char now[16];
    state_now(fx, app, other, now);
    if (strcmp(now, "ready") == 0)
        return release_as(fx, app, other, "2.0.0");
    version_new(fx, app, "third", NULL);
    make_ready(fx, app, "third");
    return release_as(fx, app, "third", "2.0.0");
}

static envres_status
happen(struct fx *fx, const char *event)
{
    if (strcmp(event, "edit") == 0)
        return put_text(fx, app, it, "more.txt", "more");
    if (strcmp(event, "promote") == 0)
        return promote_to(fx, app, it, next_stage(fx), 0);
    if (strcmp(event, "release") == 0)
        return release_as(fx, app, it, "3.0.0");
    if (strcmp(event, "rollback") == 0)
        return rollback_to(fx, app, it, NULL);
    if (strcmp(event, "supersede") == 0)
        return supersede(fx);
    if (strcmp(event, "withdraw") == 0)
        return withdraw(fx, app);
    if (strcmp(event, "discard") == 0)
        return discard(fx, app, it);
    fail_msg("an event that nobody knows: %s", event);
    return ENVRES_E_INVALID;
}

static void
try_row(const struct row *row, enum retired_by how)
{
    void *state = NULL;
    char now[16];
    assert_int_equal(fx_setup(&state), 0);
    struct fx *fx = state;
    bring(fx, row->state, how);
    char *before = dump_now(fx);
    envres_status st = happen(fx, row->event);
    assert_string_equal(envres_status_name(st), row->error[0] ? row->error : "ENVRES_OK");
    state_now(fx, app, it, now);
    if (st < 0) {
        assert_string_equal(now, row->state);
        expect_unchanged(fx, before, row->event);
    } else {
        assert_string_equal(now, row->apart ? row->state : row->next[0] ? row->next : "?");
        free(before);
    }
    assert_int_equal(fx_teardown(&state), 0);
}

/* A promotion that ends at the end of the path, where the row says what becomes of it. */
static void
try_last(const struct row *row)
{
    void *state = NULL;
    char now[16];
    assert_int_equal(fx_setup(&state), 0);
    struct fx *fx = state;
    bring(fx, row->state, BY_RELEASE);
    OK(fx, promote_to(fx, app, it, "production", ENVRES_MOVE_THROUGH));
    state_now(fx, app, it, now);
    assert_string_equal(now, row->last);
    assert_int_equal(fx_teardown(&state), 0);
}

/* One that does not: with one more environment before the end. */
static void
try_next(const struct row *row)
{
    void *state = NULL;
    char now[16];
    envres_environment_options after = { .size = sizeof(after),
                                         .after = "staging",
                                         .after_len = TEXT };
    assert_int_equal(fx_setup(&state), 0);
    struct fx *fx = state;
    bring(fx, row->state, BY_RELEASE);
    OK(fx, envres_environment_add(fx->session, "preprod", TEXT, &after, NULL, fx->err));
    OK(fx, promote_to(fx, app, it, "preprod", ENVRES_MOVE_THROUGH));
    state_now(fx, app, it, now);
    assert_string_equal(now, row->next);
    assert_int_equal(fx_teardown(&state), 0);
}

static void
test_pairs(void **state)
{
    (void)state;
    struct row rows[64] = { { .apart = false } };
    int said = 0;
    int count = read_rows(rows, 64, &said);
    assert_int_equal(count, said);
    assert_int_equal(count, 42);
    for (int i = 0; i < count; i++) {
        struct row *row = &rows[i];
        bool withdraws = strcmp(row->event, "withdraw") == 0;
        print_message("    %s, %s\n", row->state, row->event);
        if (row->last[0]) {
            try_last(row);
            try_next(row);
            continue;
        }
        if (!withdraws || strcmp(row->state, "retired") != 0)
            try_row(row, BY_RELEASE);
        if (strcmp(row->state, "retired") == 0)
            try_row(row, BY_WITHDRAWAL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
