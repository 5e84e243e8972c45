/* SPDX-License-Identifier: MIT */
/*
 * The state machine against tests/vectors/machine.json: each cell, that no pair is missing there or
 * stands there twice, and how refusals are worded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/status.h"
#include "model/machine.h"

enum { STATES = VERSION_DISCARDED + 1, NONE = -1 };

struct vectors {
    struct json_doc *doc;
    char *text;
};

static void
read_vectors(struct vectors *v)
{
    FILE *file = fopen(TEST_VECTORS "/machine.json", "rb");
    assert_non_null(file);
    v->text = calloc(1, 65536);
    assert_non_null(v->text);
    size_t len = fread(v->text, 1, 65535, file);
    assert_true(feof(file));
    fclose(file);
    assert_int_equal(json_parse(&mem_default, v->text, len, &v->doc, NULL), ENVRES_OK);
}

/* A member's text; "" when it is not there. */
static void
text_of(const struct json_doc *doc, uint32_t object, const char *key, char out[64])
{
    uint32_t node = json_member(doc, object, key);
    struct buf text = { 0 };
    out[0] = '\0';
    if (node == JSON_NONE)
        return;
    buf_init(&text, &mem_default, false);
    json_string(doc, node, &text);
    assert_true(text.len < 64);
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    buf_free(&text);
}

static int
state_of(const char *name)
{
    for (int s = 0; s < STATES; s++) {
        if (strcmp(version_state_name((enum version_state)s), name) == 0)
            return s;
    }
    return NONE;
}

static int
event_of(const char *name)
{
    for (int e = 0; e < EVENT_COUNT_; e++) {
        if (strcmp(machine_event_name((enum machine_event)e), name) == 0)
            return e;
    }
    return NONE;
}

static void
check_case(const struct json_doc *doc, uint32_t row, bool seen[STATES][EVENT_COUNT_])
{
    char state[64], event[64], next[64], last[64], error[64];
    text_of(doc, row, "state", state);
    text_of(doc, row, "event", event);
    text_of(doc, row, "next", next);
    text_of(doc, row, "last", last);
    text_of(doc, row, "error", error);
    print_message("    %s, %s\n", state, event);
    int s = state_of(state);
    int e = event_of(event);
    assert_true(s != NONE && e != NONE);
    assert_false(seen[s][e]);
    seen[s][e] = true;
    const struct machine_cell *cell = machine_cell((enum version_state)s, (enum machine_event)e);
    if (json_member(doc, row, "apart") != JSON_NONE) {
        assert_null(cell);
        return;
    }
    assert_non_null(cell);
    assert_string_equal(envres_status_name(cell->status), error[0] ? error : "ENVRES_OK");
    if (error[0])
        return;
    assert_string_equal(version_state_name(cell->next), next);
    assert_string_equal(version_state_name(cell->last), last[0] ? last : next);
}

static void
test_cells(void **state)
{
    (void)state;
    struct vectors v = { 0 };
    struct json_number count = { 0 };
    bool seen[STATES][EVENT_COUNT_] = { { false } };
    char format[64];
    int cases = 0;
    read_vectors(&v);
    text_of(v.doc, 0, "format", format);
    assert_string_equal(format, "envres machine vectors 1");
    uint32_t list = json_member(v.doc, 0, "cases");
    for (uint32_t row = json_first(v.doc, list); row != JSON_NONE; row = json_next(v.doc, row)) {
        check_case(v.doc, row, seen);
        cases++;
    }
    struct slice said = json_span(v.doc, json_member(v.doc, 0, "count"));
    assert_int_equal(json_number(said.data, said.len, &count, NULL), ENVRES_OK);
    assert_int_equal(cases, count.integer);
    assert_int_equal(cases, STATES * EVENT_COUNT_);
    json_free(v.doc);
    free(v.text);
}

/* What is not a state or an event has no cell. */
static void
test_outside(void **state)
{
    (void)state;
    assert_null(machine_cell((enum version_state)STATES, EVENT_EDIT));
    assert_null(machine_cell(VERSION_DRAFT, EVENT_COUNT_));
    assert_null(machine_cell((enum version_state) - 1, EVENT_EDIT));
    assert_null(machine_cell(VERSION_DRAFT, (enum machine_event) - 1));
    /* A state that a damaged row has must still be able to stand in a message. */
    assert_string_equal(version_state_name((enum version_state)STATES), "?");
    assert_string_equal(version_state_name((enum version_state) - 1), "?");
    assert_string_equal(machine_event_name(EVENT_COUNT_), "?");
    assert_string_equal(machine_event_name((enum machine_event) - 1), "?");
    struct version version = { .name = "summer" };
    envres_error *err = envres_error_new(NULL);
    assert_int_equal(machine_allow(&version, (enum version_state)STATES, EVENT_EDIT, err),
                     ENVRES_E_INVALID);
    assert_string_equal(envres_error_message(err), "a version that is ? does not meet 'edit'");
    envres_error_free(err);
}

static const struct {
    enum version_state state;
    enum machine_event event;
    const char *message;
    const char *hint;
} wordings[] = {
    { VERSION_STAGED, EVENT_EDIT, "version 'summer' was promoted and cannot be edited any more",
      "make a new version from it, and edit that" },
    { VERSION_DISCARDED, EVENT_EDIT, "version 'summer' was discarded",
      "work with another version" },
    { VERSION_LIVE, EVENT_PROMOTE, "version 'summer' was released and goes no further",
      "make a new version from it, and promote that" },
    { VERSION_RETIRED, EVENT_PROMOTE, "version 'summer' was released and goes no further",
      "make a new version from it, and promote that" },
    { VERSION_READY, EVENT_PROMOTE, "version 'summer' has reached the end of the path already",
      "release it" },
    { VERSION_DRAFT, EVENT_RELEASE,
      "version 'summer' has not reached the last environment of the path",
      "promote it there first" },
    { VERSION_LIVE, EVENT_RELEASE, "version 'summer' is live already", "nothing has to be done" },
    { VERSION_READY, EVENT_ROLLBACK, "version 'summer' was never released",
      "a rollback leads to something that was live before" },
    { VERSION_RETIRED, EVENT_WITHDRAW, "version 'summer' is not live",
      "there is nothing to withdraw" },
    { VERSION_LIVE, EVENT_DISCARD, "version 'summer' is live and cannot be discarded",
      "release another version, or withdraw this one" },
    { VERSION_RETIRED, EVENT_DISCARD, "version 'summer' was released and stays in the history",
      "a rollback to it stays possible; it shares its bytes and costs little" },
};

/* Each refusal says what is the matter and what to do about it. */
static void
test_wordings(void **state)
{
    (void)state;
    struct version version = { .name = "summer" };
    envres_error *err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(wordings) / sizeof(wordings[0]); i++) {
        print_message("    %s\n", wordings[i].message);
        assert_true(machine_allow(&version, wordings[i].state, wordings[i].event, err) < 0);
        assert_string_equal(envres_error_message(err), wordings[i].message);
        assert_string_equal(envres_error_hint(err), wordings[i].hint);
        assert_string_equal(envres_error_subject(err), "summer");
    }
    /* What does not concern a version in that state is a fault of who asked. */
    assert_int_equal(machine_allow(&version, VERSION_RETIRED, EVENT_SUPERSEDE, err),
                     ENVRES_E_INVALID);
    assert_string_equal(envres_error_message(err),
                        "a version that is retired does not meet 'supersede'");
    envres_error_free(err);
}

/* machine_allow() says what the cell says, names the version, and always has a way on. */
static void
test_wording(void **state)
{
    (void)state;
    struct version version = { .name = "summer" };
    envres_error *err = envres_error_new(NULL);
    for (int s = 0; s < STATES; s++) {
        for (int e = 0; e < EVENT_COUNT_; e++) {
            const struct machine_cell *cell =
                machine_cell((enum version_state)s, (enum machine_event)e);
            if (!cell)
                continue;
            envres_error_clear(err);
            envres_status st =
                machine_allow(&version, (enum version_state)s, (enum machine_event)e, err);
            assert_int_equal(st, cell->status);
            assert_int_equal(envres_error_code(err), st);
            if (st == ENVRES_OK)
                continue;
            assert_non_null(strstr(envres_error_message(err), "summer"));
            assert_true(envres_error_hint(err)[0] != '\0');
        }
    }
    envres_error_free(err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_wordings),
        cmocka_unit_test(test_wording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
