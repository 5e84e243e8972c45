/* SPDX-License-Identifier: MIT */
/*
 * The cases of tests/vectors/errors.json and limits.json, each on a store in memory of its own:
 * what an error says, that it says no value, and that each limit holds where it is said to. And the
 * digests of digests.json.
 */
#include "steps_verbs.h"

#include <stdlib.h>

static struct json_doc *
read_document(const char *path, char **text)
{
    struct json_doc *doc = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be read", path);
    *text = calloc(1, 1 << 20);
    assert_non_null(*text);
    size_t len = fread(*text, 1, (1 << 20) - 1, file);
    assert_true(feof(file));
    fclose(file);
    assert_int_equal(json_parse(&mem_default, *text, len, &doc, NULL), ENVRES_OK);
    return doc;
}

/* Runs each case of a file on a store of its own, and compares their number with the file's. */
static void
each_case(const char *path, void (*check)(struct steps *run, uint32_t node, const char *canary))
{
    char *text = NULL;
    char name[256] = { 0 };
    char canary[64] = { 0 };
    int64_t count = 0;
    struct json_doc *doc = read_document(path, &text);
    struct steps run = { .doc = doc };
    uint32_t node = json_member(doc, 0, "canary");
    if (node != JSON_NONE)
        steps_string(&run, node, canary, sizeof(canary));
    node = json_first(doc, json_member(doc, 0, "cases"));
    for (; node != JSON_NONE; node = json_next(doc, node), count++) {
        steps_open(&run, doc);
        print_message("%s\n",
                      steps_string(&run, json_member(doc, node, "name"), name, sizeof(name)));
        check(&run, node, canary);
        steps_close(&run);
    }
    print_message("%d cases\n", (int)count);
    assert_int_equal(count, steps_number(&run, 0, "count"));
    json_free(doc);
    free(text);
}

static void
must_do(struct steps *run, uint32_t step)
{
    int64_t times =
        json_member(run->doc, step, "times") == JSON_NONE ? 1 : steps_number(run, step, "times");
    for (int64_t i = 0; i < times; i++) {
        envres_status st = steps_run(run, step);
        if (st < 0)
            fail_msg("a step fails: %s", envres_error_message(run->err));
    }
}

static void
check_place(const struct steps *run, uint32_t error)
{
    if (json_member(run->doc, error, "offset") == JSON_NONE) {
        assert_true(envres_error_offset(run->err) == SIZE_MAX);
        assert_int_equal(envres_error_line(run->err), 0);
        assert_int_equal(envres_error_column(run->err), 0);
        return;
    }
    assert_int_equal(envres_error_offset(run->err), steps_number(run, error, "offset"));
    assert_int_equal(envres_error_line(run->err), steps_number(run, error, "line"));
    assert_int_equal(envres_error_column(run->err), steps_number(run, error, "column"));
}

static void
check_words(const struct steps *run, uint32_t error, const char *canary)
{
    char want[256] = { 0 };
    const char *said[] = { envres_error_message(run->err), envres_error_hint(run->err),
                           envres_error_subject(run->err) };
    uint32_t subject = json_member(run->doc, error, "subject");
    uint32_t hint = json_member(run->doc, error, "hint");
    for (size_t i = 0; i < 3; i++) {
        if (strstr(said[i], canary))
            fail_msg("the canary is in: %s", said[i]);
    }
    assert_true(said[0][0] != '\0' && said[0][strlen(said[0]) - 1] != '.');
    if ((said[1][0] != '\0') != (json_kind_of(run->doc, hint) == JSON_TRUE))
        fail_msg("the hint is: '%s'", said[1]);
    if (subject != JSON_NONE && json_kind_of(run->doc, subject) == JSON_NULL) {
        assert_true(said[2][0] != '\0');
        return;
    }
    if (subject != JSON_NONE)
        steps_string(run, subject, want, sizeof(want));
    assert_string_equal(said[2], want);
}

static void
check_error(struct steps *run, uint32_t node, const char *canary)
{
    char code[64] = { 0 };
    uint32_t error = json_member(run->doc, node, "error");
    uint32_t step = json_first(run->doc, json_member(run->doc, node, "steps"));
    for (; json_next(run->doc, step) != JSON_NONE; step = json_next(run->doc, step))
        must_do(run, step);
    envres_error_clear(run->err);
    envres_status st = steps_run(run, step);
    steps_string(run, json_member(run->doc, error, "code"), code, sizeof(code));
    assert_string_equal(envres_status_name(st), code);
    assert_int_equal(envres_error_code(run->err), st);
    check_place(run, error);
    check_words(run, error, canary);
}

static void
check_limit(struct steps *run, uint32_t node, const char *canary)
{
    char code[64] = "ENVRES_E_LIMIT";
    uint32_t steps = json_member(run->doc, node, "steps");
    uint32_t at = json_member(run->doc, node, "at");
    uint32_t named = json_member(run->doc, node, "code");
    uint32_t step = steps == JSON_NONE ? JSON_NONE : json_first(run->doc, steps);
    (void)canary;
    for (; step != JSON_NONE; step = json_next(run->doc, step))
        must_do(run, step);
    if (at != JSON_NONE)
        must_do(run, at);
    envres_error_clear(run->err);
    envres_status st = steps_run(run, json_member(run->doc, node, "over"));
    if (named != JSON_NONE)
        steps_string(run, named, code, sizeof(code));
    assert_string_equal(envres_status_name(st), code);
    assert_int_equal(envres_error_code(run->err), st);
}

static void
check_hex(const struct steps *run, uint32_t node, const uint8_t *digest)
{
    char want[65] = { 0 };
    char got[65] = { 0 };
    for (size_t i = 0; i < 32; i++)
        snprintf(got + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(got, steps_string(run, node, want, sizeof(want)));
}

/* A draft with these parts, put in the order of the file, has this content. */
static void
check_version(struct steps *run, uint32_t node, envres_session *session)
{
    envres_version_name version = {
        .size = sizeof(version), .app = "it", .app_len = 2, .version = "v1", .version_len = 2
    };
    uint8_t content[32] = { 0 };
    uint32_t part = json_first(run->doc, json_member(run->doc, node, "parts"));
    for (; part != JSON_NONE; part = json_next(run->doc, part)) {
        struct slice path = step_text(run, json_member(run->doc, part, "path"));
        struct slice data = step_text(run, json_member(run->doc, part, "data"));
        bool is_public = json_kind_of(run->doc, json_member(run->doc, part, "public")) == JSON_TRUE;
        envres_part_write write = { .size = sizeof(write),
                                    .flags = is_public ? ENVRES_PART_PUBLIC : 0,
                                    .path = path.data,
                                    .path_len = path.len,
                                    .data = data.data,
                                    .data_len = data.len };
        assert_int_equal(envres_part_put(session, &version, &write, 1, NULL, content, run->err),
                         ENVRES_OK);
    }
    uint32_t want = json_member(run->doc, node, "content");
    if (json_size(run->doc, json_member(run->doc, node, "parts")) > 0)
        check_hex(run, want, content);
    envres_list *row = NULL;
    char text[65] = { 0 };
    assert_int_equal(envres_version_describe(session, &version, &row, run->err), ENVRES_OK);
    assert_string_equal(envres_list_text(row, 0, ENVRES_VERSION_CONTENT, NULL),
                        steps_string(run, want, text, sizeof(text)));
    envres_list_free(row);
}

static void
digests(void **state)
{
    char *text = NULL;
    int64_t count = 0;
    struct steps run = { .doc = NULL };
    struct json_doc *doc = read_document(TEST_VECTORS "/digests.json", &text);
    (void)state;
    uint32_t node = json_first(doc, json_member(doc, 0, "parts"));
    for (; node != JSON_NONE; node = json_next(doc, node), count++) {
        uint8_t digest[32] = { 0 };
        steps_open(&run, doc);
        struct slice data = step_text(&run, json_member(doc, node, "data"));
        assert_int_equal(envres_part_digest(data.data, data.len, digest, run.err), ENVRES_OK);
        check_hex(&run, json_member(doc, node, "digest"), digest);
        steps_close(&run);
    }
    node = json_first(doc, json_member(doc, 0, "versions"));
    for (; node != JSON_NONE; node = json_next(doc, node), count++) {
        steps_open(&run, doc);
        envres_session *session = steps_session(&run, "owner");
        assert_int_equal(envres_app_create(session, "it", TEXT, NULL, NULL, run.err), ENVRES_OK);
        check_version(&run, node, session);
        steps_close(&run);
    }
    assert_int_equal(count, steps_number(&run, 0, "count"));
    json_free(doc);
    free(text);
}

static void
errors(void **state)
{
    (void)state;
    each_case(TEST_VECTORS "/errors.json", check_error);
}

static void
limits(void **state)
{
    (void)state;
    each_case(TEST_VECTORS "/limits.json", check_limit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors),
        cmocka_unit_test(limits),
        cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
