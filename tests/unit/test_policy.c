/* SPDX-License-Identifier: MIT */
/*
 * The matrix of rights against tests/vectors/rights.json: every role with every action, protected
 * or not; sets of roles; what nobody knows is denied; who may give which role; the keys of a role.
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
#include "guard/policy.h"

static struct json_doc *
read_vectors(char **text)
{
    struct json_doc *doc = NULL;
    FILE *file = fopen(TEST_VECTORS "/rights.json", "rb");
    assert_non_null(file);
    *text = calloc(1, 65536);
    assert_non_null(*text);
    size_t len = fread(*text, 1, 65535, file);
    assert_true(feof(file));
    fclose(file);
    assert_int_equal(json_parse(&mem_default, *text, len, &doc, NULL), ENVRES_OK);
    return doc;
}

/* A member that is a plain string equals `text`. */
static bool
says(const struct json_doc *doc, uint32_t object, const char *key, const char *text)
{
    struct slice span = json_span(doc, json_member(doc, object, key));
    return span.len == strlen(text) + 2 && memcmp(span.data + 1, text, strlen(text)) == 0;
}

static void
check_cell(const struct json_doc *doc, uint32_t object, uint32_t role, enum action action,
           bool is_protected)
{
    const char *name = envres_role_name(role);
    uint32_t set = role_bit(role);
    enum verdict with = policy_verdict(set, action, is_protected, true);
    enum verdict without = policy_verdict(set, action, is_protected, false);
    const char *expected = with != without          ? "flag"
                           : with == VERDICT_ALLOW  ? "allow"
                           : with == VERDICT_QUORUM ? "quorum"
                                                    : "deny";
    if (!says(doc, object, name, expected))
        fail_msg("%s may not be '%s' for %s%s", policy_action_name(action), expected, name,
                 is_protected ? ", protected" : "");
}

static void
every_cell_is_that_of_the_vectors(void **state)
{
    char *text = NULL;
    struct json_doc *doc = read_vectors(&text);
    uint32_t rows = json_member(doc, 0, "rights");
    uint32_t row = json_first(doc, rows);
    uint32_t cells = 0;
    (void)state;
    assert_int_equal(json_size(doc, rows), ACTION_COUNT_);
    for (uint32_t action = 0; action < ACTION_COUNT_; action++, row = json_next(doc, row)) {
        assert_true(says(doc, row, "action", policy_action_name((enum action)action)));
        for (uint32_t role = 1; role < ROLE_COUNT_; role++, cells += 2) {
            check_cell(doc, json_member(doc, row, "plain"), role, (enum action)action, false);
            check_cell(doc, json_member(doc, row, "protected"), role, (enum action)action, true);
        }
    }
    struct json_number count = { .integer = 0 };
    struct slice span = json_span(doc, json_member(doc, 0, "count"));
    assert_int_equal(json_number(span.data, span.len, &count, NULL), ENVRES_OK);
    assert_int_equal(cells, count.integer);
    json_free(doc);
    free(text);
}

static void
keys_are_those_of_the_vectors(void **state)
{
    static const char *const names[] = { "none", "config", "both" };
    char *text = NULL;
    struct json_doc *doc = read_vectors(&text);
    uint32_t keys = json_member(doc, 0, "keys");
    (void)state;
    for (uint32_t role = 1; role < ROLE_COUNT_; role++) {
        for (int protection = 0; protection < 2; protection++) {
            uint32_t object = json_member(doc, keys, protection ? "protected" : "plain");
            const char *has = names[policy_keys(role_bit(role), protection)];
            assert_true(says(doc, object, envres_role_name(role), has));
        }
    }
    assert_int_equal(policy_keys(0, false), POLICY_NO_KEY);
    assert_int_equal(
        policy_keys(role_bit(ENVRES_ROLE_DEPOSITOR) | role_bit(ENVRES_ROLE_VIEWER), true),
        POLICY_CONFIG_KEY);
    json_free(doc);
    free(text);
}

static void
what_nobody_knows_is_denied(void **state)
{
    static const uint32_t no_roles[] = { 0, 1u << 0, 1u << ROLE_COUNT_, 1u << 31 };
    (void)state;
    for (size_t i = 0; i < sizeof(no_roles) / sizeof(no_roles[0]); i++) {
        for (uint32_t action = 0; action < ACTION_COUNT_; action++)
            assert_int_equal(policy_verdict(no_roles[i], (enum action)action, false, true),
                             VERDICT_DENY);
    }
    for (uint32_t action = ACTION_COUNT_; action < ACTION_COUNT_ + 100; action++) {
        assert_int_equal(policy_verdict(UINT32_MAX, (enum action)action, false, true),
                         VERDICT_DENY);
        assert_true(policy_needs_approvals((enum action)action, false));
    }
    assert_int_equal(policy_verdict(UINT32_MAX, (enum action) - 1, false, true), VERDICT_DENY);
    assert_int_equal(role_bit(0), 0);
    assert_int_equal(role_bit(ROLE_COUNT_), 0);
    assert_string_equal(envres_role_name(0), "?");
    assert_string_equal(envres_role_name(UINT32_MAX), "?");
    assert_string_equal(policy_action_name(ACTION_COUNT_), "?");
}

/* A set may what any of its roles may, and nothing else. */
static void
a_set_is_the_best_of_its_roles(void **state)
{
    (void)state;
    for (uint32_t set = 0; set < (uint32_t)1 << ROLE_COUNT_; set += 2) {
        for (uint32_t action = 0; action < ACTION_COUNT_; action++) {
            enum verdict best = VERDICT_DENY;
            for (uint32_t role = 1; role < ROLE_COUNT_; role++) {
                enum verdict own =
                    policy_verdict(set & role_bit(role), (enum action)action, true, false);
                best = own > best ? own : best;
            }
            assert_int_equal(policy_verdict(set, (enum action)action, true, false), best);
        }
    }
}

static void
nobody_gives_what_they_do_not_hold(void **state)
{
    (void)state;
    for (uint32_t role = 1; role < ROLE_COUNT_; role++) {
        assert_true(policy_covers(role_bit(role), role));
        assert_true(policy_covers(role_bit(ENVRES_ROLE_OWNER), role));
        assert_true(policy_covers(role_bit(ENVRES_ROLE_ADMIN), role) ==
                    (role != ENVRES_ROLE_OWNER));
        assert_false(policy_covers(0, role));
    }
    assert_false(policy_covers(role_bit(ENVRES_ROLE_EDITOR), ENVRES_ROLE_PUBLISHER));
    assert_false(policy_covers(role_bit(ENVRES_ROLE_PUBLISHER), ENVRES_ROLE_RUNTIME));
    assert_false(policy_covers(UINT32_MAX, 0));
    assert_false(policy_covers(UINT32_MAX, ROLE_COUNT_));
}

/* Which actions wait for approvals where an environment asks for them. */
static void
test_what_waits(void **state)
{
    static const enum action waits[] = { ACTION_EDIT,    ACTION_DESTROY, ACTION_PROMOTE,
                                         ACTION_RELEASE, ACTION_GRANT,   ACTION_LOWER };
    (void)state;
    for (uint32_t action = 0; action < ACTION_COUNT_; action++) {
        bool wanted = false;
        for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
            wanted = wanted || waits[i] == (enum action)action;
        print_message("    %s\n", policy_action_name((enum action)action));
        assert_int_equal(policy_needs_approvals((enum action)action, false), wanted);
        assert_int_equal(policy_needs_approvals((enum action)action, true),
                         wanted || action == ACTION_ROLLBACK);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_that_of_the_vectors),
        cmocka_unit_test(keys_are_those_of_the_vectors),
        cmocka_unit_test(what_nobody_knows_is_denied),
        cmocka_unit_test(a_set_is_the_best_of_its_roles),
        cmocka_unit_test(test_what_waits),
        cmocka_unit_test(nobody_gives_what_they_do_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
