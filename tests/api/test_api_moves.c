/* SPDX-License-Identifier: MIT */
/*
 * Moves beyond the table of states: in which order they refuse, the path, what must be expected,
 * reasons, operation ids, environments that come and go.
 */
#include <stdlib.h>

#include "delivery.h"

static const char app[] = "shop";

/* An app with v1 ready, "b" staged with a finding for production, "d" a draft. */
static void
setup_shop(struct fx *fx)
{
    app_new(fx, app);
    OK(fx, put_text(fx, app, "v1", "page.txt", "one"));
    make_ready(fx, app, "v1");
    OK(fx, fx_put(fx, "development", "ONLY_DEV", "x", 0, 0));
    OK(fx, fx_put(fx, "staging", "ONLY_DEV", "x", 0, 0));
    version_new(fx, app, "b", NULL);
    OK(fx, put_text(fx, app, "b", "page.txt", "<< environment.variables.ONLY_DEV >>"));
    OK(fx, promote_to(fx, app, "b", "staging", 0));
    version_new(fx, app, "d", NULL);
}

/* ---- one call, each argument by name -------------------------------------------------------- */

struct try_move {
    const char *app;
    const char *version;
    const char *to;
    const char *stage;      /* NULL: none given */
    const uint8_t *content; /* NULL: none given */
    int64_t live;
    uint32_t flags;
    const char *tag;
    const envres_change *change;
};

static envres_status
try_promote(struct fx *fx, const struct try_move *t)
{
    envres_version_name name = name_of(t->app, t->version);
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = t->flags,
                                       .to = t->to,
                                       .to_len = t->to ? TEXT : 0,
                                       .expect_stage = t->stage,
                                       .expect_stage_len = t->stage ? TEXT : 0,
                                       .expect_content = t->content };
    return envres_version_promote(fx->session, &name, &options, t->change, NULL, fx->err);
}

static envres_status
try_release(struct fx *fx, const struct try_move *t)
{
    envres_version_name name = name_of(t->app, t->version);
    envres_list *made = NULL;
    envres_release_options options = { .size = sizeof(options),
                                       .flags = t->flags,
                                       .tag = t->tag,
                                       .tag_len = t->tag ? TEXT : 0,
                                       .expect_content = t->content,
                                       .expect_live = t->live };
    envres_status st =
        envres_release_create(fx->session, &name, &options, t->change, &made, NULL, fx->err);
    assert_int_equal(made != NULL, st == ENVRES_OK);
    envres_list_free(made);
    return st;
}

static envres_status
try_rollback(struct fx *fx, const struct try_move *t)
{
    envres_rollback_options options = { .size = sizeof(options),
                                        .flags = t->flags,
                                        .to = t->tag,
                                        .to_len = t->tag ? TEXT : 0,
                                        .version = t->version,
                                        .version_len = t->version ? TEXT : 0,
                                        .expect_live = t->live };
    envres_list *made = NULL;
    envres_status st = envres_release_rollback(fx->session, t->app, TEXT, &options, t->change,
                                               &made, NULL, fx->err);
    assert_int_equal(made != NULL, st == ENVRES_OK);
    envres_list_free(made);
    return st;
}

static envres_status
try_withdraw(struct fx *fx, const struct try_move *t)
{
    envres_list *made = NULL;
    envres_status st =
        envres_release_withdraw(fx->session, t->app, TEXT, t->live, t->change, &made, fx->err);
    assert_int_equal(made != NULL, st == ENVRES_OK);
    envres_list_free(made);
    return st;
}

static envres_status
try_discard(struct fx *fx, const struct try_move *t)
{
    envres_version_name name = name_of(t->app, t->version);
    envres_version_seen seen = { .size = sizeof(seen),
                                 .stage = t->stage ? t->stage : "staging",
                                 .stage_len = TEXT,
                                 .content = t->content };
    return envres_version_discard(fx->session, &name, &seen, t->change, fx->err);
}

typedef envres_status (*try_fn)(struct fx *fx, const struct try_move *t);

struct refusal {
    const char *name;
    try_fn call;
    struct try_move with;
    envres_status want;
};

/* Each refused as wanted, and nothing changed. */
static void
expect_refusals(struct fx *fx, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *before = dump_now(fx);
        print_message("    %s\n", rows[i].name);
        expect(fx, rows[i].call(fx, &rows[i].with), rows[i].want, rows[i].name);
        expect_unchanged(fx, before, rows[i].name);
    }
}

#define REFUSED(fx, rows) expect_refusals(fx, rows, sizeof(rows) / sizeof((rows)[0]))

/* ---- the order of guards -------------------------------------------------------------------- */

/* Each row has everything wrong that is asked later; the first question answers. */
static void
test_promote_order(void **state)
{
    struct fx *fx = *state;
    uint8_t none[CONTENT] = { 0 };
    uint8_t b[CONTENT], v1[CONTENT];
    setup_shop(fx);
    content_now(fx, app, "b", b);
    content_now(fx, app, "v1", v1);
    const struct refusal rows[] = {
        { "no content expected, nothing exists",
          try_promote,
          { .app = "nope", .version = "x", .to = "nope", .stage = "x" },
          ENVRES_E_INVALID },
        { "no stage expected, nothing exists",
          try_promote,
          { .app = "nope", .version = "x", .to = "nope", .content = none },
          ENVRES_E_INVALID },
        { "no target, nothing exists",
          try_promote,
          { .app = "nope", .version = "x", .stage = "x", .content = none },
          ENVRES_E_INVALID },
        { "an unknown flag, nothing exists",
          try_promote,
          { .app = "nope", .version = "x", .to = "x", .stage = "x", .content = none, .flags = 64 },
          ENVRES_E_INVALID },
        { "an unknown app",
          try_promote,
          { .app = "nope", .version = "v1", .to = "nope", .stage = "x", .content = none },
          ENVRES_E_NOT_FOUND },
        { "an unknown version",
          try_promote,
          { .app = app, .version = "v9", .to = "staging", .stage = "x", .content = none },
          ENVRES_E_NOT_FOUND },
        { "an unknown environment, and a state that forbids it",
          try_promote,
          { .app = app, .version = "v1", .to = "nope", .stage = "x", .content = none },
          ENVRES_E_NOT_FOUND },
        { "a state that forbids it, and nothing as expected",
          try_promote,
          { .app = app, .version = "v1", .to = "production", .stage = "x", .content = none },
          ENVRES_E_AT_LAST },
        { "another stage than expected, and a check that fails",
          try_promote,
          { .app = app, .version = "b", .to = "production", .stage = "development", .content = b },
          ENVRES_E_CHANGED },
        { "another content than expected, and a check that fails",
          try_promote,
          { .app = app, .version = "b", .to = "production", .stage = "staging", .content = v1 },
          ENVRES_E_CHANGED },
        { "as expected, and a check that fails",
          try_promote,
          { .app = app, .version = "b", .to = "production", .stage = "staging", .content = b },
          ENVRES_E_CHECK },
        { "the same, tried only",
          try_promote,
          { .app = app,
            .version = "b",
            .to = "production",
            .stage = "staging",
            .content = b,
            .flags = ENVRES_MOVE_DRY_RUN },
          ENVRES_E_CHECK },
    };
    REFUSED(fx, rows);
}

static void
test_release_order(void **state)
{
    struct fx *fx = *state;
    uint8_t none[CONTENT] = { 0 };
    uint8_t b[CONTENT], v1[CONTENT];
    setup_shop(fx);
    content_now(fx, app, "b", b);
    content_now(fx, app, "v1", v1);
    const struct refusal rows[] = {
        { "no content expected, nothing exists",
          try_release,
          { .app = "nope", .version = "x", .tag = "1.0.0" },
          ENVRES_E_INVALID },
        { "neither tag nor bump, nothing exists",
          try_release,
          { .app = "nope", .version = "x", .content = none },
          ENVRES_E_INVALID },
        { "promote's flag, nothing exists",
          try_release,
          { .app = "nope",
            .version = "x",
            .tag = "1.0.0",
            .content = none,
            .flags = ENVRES_MOVE_THROUGH },
          ENVRES_E_INVALID },
        { "an unknown app",
          try_release,
          { .app = "nope", .version = "v1", .tag = "1.0.0", .content = none },
          ENVRES_E_NOT_FOUND },
        { "an unknown version",
          try_release,
          { .app = app, .version = "v9", .tag = "1.0.0", .content = none },
          ENVRES_E_NOT_FOUND },
        { "not ready, and nothing as expected",
          try_release,
          { .app = app, .version = "b", .tag = "1.0.0", .content = none, .live = 7 },
          ENVRES_E_NOT_READY },
        { "another content than expected",
          try_release,
          { .app = app, .version = "v1", .tag = "1.0.0", .content = b },
          ENVRES_E_CHANGED },
        { "something else live than expected",
          try_release,
          { .app = app, .version = "v1", .tag = "1.0.0", .content = v1, .live = 1 },
          ENVRES_E_CHANGED },
    };
    REFUSED(fx, rows);
}

/* The moves of what is live, and of what was. */
static void
test_live_order(void **state)
{
    struct fx *fx = *state;
    uint8_t none[CONTENT] = { 0 };
    setup_shop(fx);
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    const struct refusal live[] = {
        { "live already, and nothing as expected",
          try_release,
          { .app = app, .version = "v1", .tag = "1.0.0", .content = none, .live = 9 },
          ENVRES_E_ALREADY_LIVE },
        { "rollback: an unknown app",
          try_rollback,
          { .app = "nope", .live = 9 },
          ENVRES_E_NOT_FOUND },
        { "rollback: an unknown tag, and nothing as expected",
          try_rollback,
          { .app = app, .tag = "9.9.9", .live = 9 },
          ENVRES_E_NOT_FOUND },
        { "rollback: an unknown version, and nothing as expected",
          try_rollback,
          { .app = app, .version = "v9", .live = 9 },
          ENVRES_E_NOT_FOUND },
        { "rollback: tag and version",
          try_rollback,
          { .app = "nope", .tag = "1.0.0", .version = "v1" },
          ENVRES_E_INVALID },
        { "rollback: never released, and nothing as expected",
          try_rollback,
          { .app = app, .version = "b", .live = 9 },
          ENVRES_E_NEVER_RELEASED },
        { "rollback: to what is live, and nothing as expected",
          try_rollback,
          { .app = app, .version = "v1", .live = 9 },
          ENVRES_E_ALREADY_LIVE },
        { "rollback: to the tag that is live",
          try_rollback,
          { .app = app, .tag = "1.0.0", .live = 1 },
          ENVRES_E_ALREADY_LIVE },
        { "rollback: nothing before",
          try_rollback,
          { .app = app, .live = 1 },
          ENVRES_E_NOTHING_BEFORE },
        { "withdraw: an unknown app",
          try_withdraw,
          { .app = "nope", .live = 9 },
          ENVRES_E_NOT_FOUND },
        { "withdraw: something else live than expected",
          try_withdraw,
          { .app = app, .live = 9 },
          ENVRES_E_CHANGED },
        { "withdraw: nothing live expected",
          try_withdraw,
          { .app = app, .live = 0 },
          ENVRES_E_CHANGED },
        { "discard: an unknown version",
          try_discard,
          { .app = app, .version = "v9", .content = none },
          ENVRES_E_NOT_FOUND },
        { "discard: no content expected, nothing exists",
          try_discard,
          { .app = "nope", .version = "v9" },
          ENVRES_E_INVALID },
        { "discard: live, and nothing as expected",
          try_discard,
          { .app = app, .version = "v1", .content = none },
          ENVRES_E_LIVE },
        { "discard: another content than expected",
          try_discard,
          { .app = app, .version = "b", .content = none },
          ENVRES_E_CHANGED },
    };
    REFUSED(fx, live);
}

/* A release whose configuration went bad is refused by the check; a rollback to it is not. */
static void
test_check_of_moves(void **state)
{
    struct fx *fx = *state;
    envres_list *findings = NULL;
    envres_rollback_options back = { .size = sizeof(back), .expect_live = 2 };
    OK(fx, fx_put(fx, "development", "HOST", "a", 0, 0));
    OK(fx, fx_put(fx, "staging", "HOST", "a", 0, 0));
    OK(fx, fx_put(fx, "production", "HOST", "a", 0, 0));
    app_new(fx, app);
    OK(fx, put_text(fx, app, "v1", "page.txt", "<< environment.variables.HOST >>"));
    make_ready(fx, app, "v1");
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    version_new(fx, app, "v2", NULL);
    make_ready(fx, app, "v2");
    version_new(fx, app, "v3", "v1");
    make_ready(fx, app, "v3");
    OK(fx, release_as(fx, app, "v2", "1.1.0"));
    OK(fx,
       envres_variable_unset(fx->session, "production", TEXT, "HOST", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_CHECK, release_as(fx, app, "v3", "1.2.0"));
    OK(fx, envres_release_rollback(fx->session, app, TEXT, &back, NULL, NULL, &findings, fx->err));
    assert_true(envres_list_count(findings) > 0);
    envres_list_free(findings);
    assert_int_equal(live_now(fx, app), 3);
}

/* ---- the path ------------------------------------------------------------------------------- */

static void
test_path(void **state)
{
    struct fx *fx = *state;
    uint8_t d[CONTENT], b[CONTENT];
    envres_environment_options off = { .size = sizeof(off), .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    setup_shop(fx);
    OK(fx, envres_environment_add(fx->session, "demo", TEXT, &off, NULL, fx->err));
    content_now(fx, app, "d", d);
    content_now(fx, app, "b", b);
    const struct refusal rows[] = {
        { "over one",
          try_promote,
          { .app = app, .version = "d", .to = "production", .stage = "development", .content = d },
          ENVRES_E_SKIPS },
        { "to the same",
          try_promote,
          { .app = app, .version = "d", .to = "development", .stage = "development", .content = d },
          ENVRES_E_SKIPS },
        { "to the same, through",
          try_promote,
          { .app = app,
            .version = "d",
            .to = "development",
            .stage = "development",
            .content = d,
            .flags = ENVRES_MOVE_THROUGH },
          ENVRES_E_SKIPS },
        { "back",
          try_promote,
          { .app = app, .version = "b", .to = "development", .stage = "staging", .content = b },
          ENVRES_E_SKIPS },
        { "back, through",
          try_promote,
          { .app = app,
            .version = "b",
            .to = "development",
            .stage = "staging",
            .content = b,
            .flags = ENVRES_MOVE_THROUGH },
          ENVRES_E_SKIPS },
        { "off the path",
          try_promote,
          { .app = app, .version = "d", .to = "demo", .stage = "development", .content = d },
          ENVRES_E_OFF_PATH },
        { "off the path, through",
          try_promote,
          { .app = app,
            .version = "d",
            .to = "demo",
            .stage = "development",
            .content = d,
            .flags = ENVRES_MOVE_THROUGH },
          ENVRES_E_OFF_PATH },
    };
    REFUSED(fx, rows);
    char *before = dump_now(fx);
    OK(fx, promote_to(fx, app, "d", "production", ENVRES_MOVE_THROUGH | ENVRES_MOVE_DRY_RUN));
    expect_unchanged(fx, before, "a dry run");
    OK(fx, promote_to(fx, app, "d", "production", ENVRES_MOVE_THROUGH));
    char now[16];
    state_now(fx, app, "d", now);
    assert_string_equal(now, "ready");
}

/* Every step of a long move is checked: one in the middle stops it. */
static void
test_through_checks_each(void **state)
{
    struct fx *fx = *state;
    setup_shop(fx);
    OK(fx, fx_put(fx, "development", "NOT_STAGING", "x", 0, 0));
    OK(fx, fx_put(fx, "production", "NOT_STAGING", "x", 0, 0));
    OK(fx, put_text(fx, app, "d", "page.txt", "<< environment.variables.NOT_STAGING >>"));
    char *before = dump_now(fx);
    FAILS(fx, ENVRES_E_CHECK, promote_to(fx, app, "d", "production", ENVRES_MOVE_THROUGH));
    expect_unchanged(fx, before, "stopped in the middle");
    OK(fx, put_text(fx, app, "d", "page.txt", "plain"));
    OK(fx, promote_to(fx, app, "d", "production", ENVRES_MOVE_THROUGH));
}

/* An environment at the end of the path: what was ready is not any more, what is live stays. */
static void
test_longer_path(void **state)
{
    struct fx *fx = *state;
    char now[16];
    setup_shop(fx);
    version_new(fx, app, "r", NULL);
    make_ready(fx, app, "r");
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    OK(fx, envres_environment_add(fx->session, "canary", TEXT, NULL, NULL, fx->err));
    state_now(fx, app, "r", now);
    assert_string_equal(now, "staged");
    state_now(fx, app, "v1", now);
    assert_string_equal(now, "live");
    FAILS(fx, ENVRES_E_NOT_READY, release_as(fx, app, "r", "1.1.0"));
    FAILS(fx, ENVRES_E_AT_LAST, promote_to(fx, app, "v1", "canary", 0));
    OK(fx, promote_to(fx, app, "r", "canary", 0));
    state_now(fx, app, "r", now);
    assert_string_equal(now, "ready");
    OK(fx, release_as(fx, app, "r", "1.1.0"));
    state_now(fx, app, "v1", now);
    assert_string_equal(now, "retired");
    OK(fx, rollback_to(fx, app, NULL, NULL));
    state_now(fx, app, "v1", now);
    assert_string_equal(now, "live");
}

/* One in the middle: the next step of those before it, behind those that passed. */
static void
test_wider_path(void **state)
{
    struct fx *fx = *state;
    char now[16];
    envres_environment_options after = { .size = sizeof(after),
                                         .after = "staging",
                                         .after_len = TEXT };
    setup_shop(fx);
    OK(fx, promote_to(fx, app, "d", "staging", 0));
    OK(fx, envres_environment_add(fx->session, "preprod", TEXT, &after, NULL, fx->err));
    state_now(fx, app, "v1", now);
    assert_string_equal(now, "ready");
    FAILS(fx, ENVRES_E_SKIPS, promote_to(fx, app, "d", "production", 0));
    OK(fx, promote_to(fx, app, "d", "preprod", 0));
    state_now(fx, app, "d", now);
    assert_string_equal(now, "staged");

    /* It cannot go while a version stands in it; afterwards it can. */
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    char *before = dump_now(fx);
    FAILS(fx, ENVRES_E_REFERRED,
          envres_environment_remove(fx->session, "preprod", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_REFERRED,
          envres_environment_remove(fx->session, "preprod", TEXT, &force, fx->err));
    expect_unchanged(fx, before, "refused removals");
    OK(fx, promote_to(fx, app, "d", "production", 0));
    OK(fx, envres_environment_remove(fx->session, "preprod", TEXT, NULL, fx->err));
    state_now(fx, app, "d", now);
    assert_string_equal(now, "ready");
}

/* Where something was released from stays, too: its records name it. */
static void
test_released_from(void **state)
{
    struct fx *fx = *state;
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_environment_add(fx->session, "end", TEXT, NULL, NULL, fx->err));
    app_new(fx, app);
    OK(fx, promote_to(fx, app, "v1", "end", ENVRES_MOVE_THROUGH));
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    FAILS(fx, ENVRES_E_REFERRED,
          envres_environment_remove(fx->session, "end", TEXT, &force, fx->err));
}

/* ---- reasons -------------------------------------------------------------------------------- */

static void
test_reasons(void **state)
{
    struct fx *fx = *state;
    uint8_t d[CONTENT], v1[CONTENT];
    envres_environment_options asks = { .size = sizeof(asks), .flags = ENVRES_ENVIRONMENT_REASON };
    envres_change why = { .size = sizeof(why), .reason = "planned", .reason_len = TEXT };
    setup_shop(fx);
    content_now(fx, app, "d", d);
    content_now(fx, app, "v1", v1);
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &asks, NULL, fx->err));
    OK(fx, envres_environment_set(fx->session, "production", TEXT, &asks, NULL, fx->err));
    struct try_move onto = {
        .app = app, .version = "d", .to = "staging", .stage = "development", .content = d
    };
    struct try_move through = { .app = app,
                                .version = "d",
                                .to = "production",
                                .stage = "development",
                                .content = d,
                                .flags = ENVRES_MOVE_THROUGH };
    struct try_move first = { .app = app, .version = "v1", .tag = "1.0.0", .content = v1 };
    const struct refusal rows[] = {
        { "promote", try_promote, onto, ENVRES_E_REASON },
        { "promote through", try_promote, through, ENVRES_E_REASON },
        { "release", try_release, first, ENVRES_E_REASON },
    };
    REFUSED(fx, rows);
    onto.change = &why;
    first.change = &why;
    OK(fx, try_promote(fx, &onto));
    OK(fx, try_release(fx, &first));
    struct try_move down = { .app = app, .live = 1 };
    struct try_move back = { .app = app, .live = 0 };
    const struct refusal withdrawal[] = { { "withdraw", try_withdraw, down, ENVRES_E_REASON } };
    REFUSED(fx, withdrawal);
    down.change = &why;
    OK(fx, try_withdraw(fx, &down));
    const struct refusal rollback[] = { { "rollback", try_rollback, back, ENVRES_E_REASON } };
    REFUSED(fx, rollback);
    back.change = &why;
    OK(fx, try_rollback(fx, &back));
}

/* ---- operation ids -------------------------------------------------------------------------- */

/* Once, then with the same id again: OK, and nothing more has happened. */
static void
twice(struct fx *fx, try_fn call, struct try_move with, uint8_t number, const char *what)
{
    uint8_t operation[16] = { 0 };
    envres_change change = { .size = sizeof(change), .operation = operation };
    operation[0] = number;
    with.change = &change;
    char *first = dump_now(fx);
    expect(fx, call(fx, &with), ENVRES_OK, what);
    char *before = dump_now(fx);
    assert_string_not_equal(first, before);
    free(first);
    fx->now += 1000;
    expect(fx, call(fx, &with), ENVRES_OK, what);
    expect_unchanged(fx, before, what);
}

static void
test_operations(void **state)
{
    struct fx *fx = *state;
    uint8_t d[CONTENT], v1[CONTENT], b[CONTENT];
    setup_shop(fx);
    content_now(fx, app, "d", d);
    content_now(fx, app, "v1", v1);
    content_now(fx, app, "b", b);
    struct try_move onto = {
        .app = app, .version = "d", .to = "staging", .stage = "development", .content = d
    };
    struct try_move through = {
        .app = app, .version = "d", .to = "production", .stage = "staging", .content = d
    };
    twice(fx, try_promote, onto, 1, "promote");
    twice(fx, try_promote, through, 2, "promote to the end");
    twice(fx, try_release,
          (struct try_move){ .app = app, .version = "v1", .tag = "1.0.0", .content = v1 }, 3,
          "release");
    twice(fx, try_release,
          (struct try_move){ .app = app, .version = "d", .tag = "1.1.0", .content = d, .live = 1 },
          4, "second release");
    twice(fx, try_rollback, (struct try_move){ .app = app, .live = 2 }, 5, "rollback");
    twice(fx, try_withdraw, (struct try_move){ .app = app, .live = 3 }, 6, "withdraw");
    twice(fx, try_discard, (struct try_move){ .app = app, .version = "b", .content = b }, 7,
          "discard");
}

/* ---- two operators -------------------------------------------------------------------------- */

/* What one of them saw is not there any more: CHANGED, and the other's act stands. */
static void
test_stale(void **state)
{
    struct fx *fx = *state;
    uint8_t d[CONTENT], v1[CONTENT];
    setup_shop(fx);
    content_now(fx, app, "d", d);
    content_now(fx, app, "v1", v1);
    struct try_move onto = {
        .app = app, .version = "d", .to = "staging", .stage = "development", .content = d
    };
    OK(fx, put_text(fx, app, "d", "page.txt", "edited meanwhile"));
    const struct refusal edited[] = {
        { "promote what was edited", try_promote, onto, ENVRES_E_CHANGED },
        { "discard what was edited",
          try_discard,
          { .app = app, .version = "d", .content = d },
          ENVRES_E_CHANGED },
    };
    REFUSED(fx, edited);
    OK(fx, promote_to(fx, app, "d", "staging", 0));
    content_now(fx, app, "d", d);
    const struct refusal promoted[] = {
        { "promote what was promoted",
          try_promote,
          { .app = app, .version = "d", .to = "production", .stage = "development", .content = d },
          ENVRES_E_CHANGED },
    };
    REFUSED(fx, promoted);
    OK(fx, promote_to(fx, app, "d", "production", 0));
    OK(fx, release_as(fx, app, "v1", "1.0.0"));
    OK(fx, release_as(fx, app, "d", "1.1.0"));
    const struct refusal released[] = {
        { "roll back what is not live any more",
          try_rollback,
          { .app = app, .live = 1 },
          ENVRES_E_CHANGED },
        { "withdraw what is not live any more",
          try_withdraw,
          { .app = app, .live = 1 },
          ENVRES_E_CHANGED },
        { "release over what is not live any more",
          try_release,
          { .app = app, .version = "v1", .tag = "1.2.0", .content = v1, .live = 1 },
          ENVRES_E_CHANGED },
        { "roll back although nothing was live",
          try_rollback,
          { .app = app, .live = 0 },
          ENVRES_E_CHANGED },
    };
    REFUSED(fx, released);
}

/* An edit says what it replaces. */
static void
test_edits(void **state)
{
    struct fx *fx = *state;
    uint8_t old[32], now[32];
    setup_shop(fx);
    envres_version_name name = name_of(app, "d");
    OK(fx, envres_part_digest("d", 1, old, fx->err));
    OK(fx, put_text(fx, app, "d", "name.txt", "changed"));
    OK(fx, envres_part_digest("changed", 7, now, fx->err));
    envres_part_write writes[] = {
        { .size = sizeof(writes[0]),
          .path = "a.txt",
          .path_len = TEXT,
          .data = "a",
          .data_len = 1 },
        { .size = sizeof(writes[0]),
          .path = "name.txt",
          .path_len = TEXT,
          .data = "mine",
          .data_len = 4,
          .expect = old },
    };
    char *before = dump_now(fx);
    FAILS(fx, ENVRES_E_CHANGED,
          envres_part_put(fx->session, &name, writes, 2, NULL, NULL, fx->err));
    assert_string_equal(envres_error_subject(fx->err), "name.txt");
    expect_unchanged(fx, before, "all or none");
    writes[1].expect = now;
    OK(fx, envres_part_put(fx->session, &name, writes, 2, NULL, NULL, fx->err));
    writes[0].flags = ENVRES_PART_ABSENT;
    before = dump_now(fx);
    FAILS(fx, ENVRES_E_CHANGED,
          envres_part_put(fx->session, &name, writes, 1, NULL, NULL, fx->err));
    expect_unchanged(fx, before, "absent");
}

static void
test_only_version(void **state)
{
    struct fx *fx = *state;
    app_new(fx, app);
    FAILS(fx, ENVRES_E_ONLY_VERSION, discard(fx, app, "v1"));
    version_new(fx, app, "b", NULL);
    OK(fx, discard(fx, app, "b"));
    FAILS(fx, ENVRES_E_ONLY_VERSION, discard(fx, app, "v1"));
    version_new(fx, app, "c", NULL);
    OK(fx, discard(fx, app, "v1"));
    FAILS(fx, ENVRES_E_DISCARDED, discard(fx, app, "v1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_promote_order),  TEST(test_release_order), TEST(test_live_order),
        TEST(test_check_of_moves), TEST(test_path),          TEST(test_through_checks_each),
        TEST(test_longer_path),    TEST(test_wider_path),    TEST(test_released_from),
        TEST(test_reasons),        TEST(test_operations),    TEST(test_stale),
        TEST(test_edits),          TEST(test_only_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
