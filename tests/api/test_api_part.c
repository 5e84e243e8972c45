/* SPDX-License-Identifier: MIT */
/* Parts of apps: puts that say what they replace, history, undo, what differs between versions,
 * freeing. */
#include "helper.h"

#include <stdlib.h>

enum { DIGEST = 32 };

static envres_status
put_in(envres_session *session, const char *app, const char *version, const char *path,
       const char *text, uint32_t flags, envres_error *err)
{
    envres_version_name name = fx_version(app, version);
    envres_part_write write = fx_part(path, text, text ? strlen(text) : 0, flags);
    return envres_part_put(session, &name, &write, 1, NULL, NULL, err);
}

static envres_status
put(struct fx *fx, const char *version, const char *path, const char *text, uint32_t flags)
{
    return put_in(fx->session, "dash", version, path, text, flags, fx->err);
}

static envres_status
expect_put(struct fx *fx, const char *path, const char *text, const char *expected)
{
    uint8_t digest[DIGEST];
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write write = fx_part(path, text, strlen(text), 0);
    write.expect = digest;
    OK(fx, envres_part_digest(expected, strlen(expected), digest, fx->err));
    return envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err);
}

/* The text of a part; `want` NULL: there is none. */
static void
part_is(struct fx *fx, const char *version, const char *path, const char *want)
{
    envres_version_name name = fx_version("dash", version);
    envres_value *value = NULL;
    size_t len = 0;
    envres_status st = envres_part_get(fx->session, &name, path, TEXT, &value, fx->err);
    expect(fx, st, want ? ENVRES_OK : ENVRES_E_NOT_FOUND, path);
    if (want) {
        assert_string_equal(envres_value_data(value, &len), want);
        assert_int_equal(len, strlen(want));
        assert_int_equal(envres_value_type(value), ENVRES_TYPE_BYTES);
        assert_int_equal(envres_value_is_secret(value), 0);
    } else {
        assert_null(value);
    }
    envres_value_free(value);
}

static envres_status
create_version(struct fx *fx, const char *name, const char *from, uint32_t flags)
{
    envres_version_options options = { .size = sizeof(options),
                                       .flags = flags,
                                       .name = name,
                                       .name_len = name ? TEXT : 0,
                                       .from = from,
                                       .from_len = from ? TEXT : 0 };
    return envres_version_create(fx->session, "dash", TEXT, &options, NULL, NULL, fx->err);
}

static void
create_app(struct fx *fx)
{
    OK(fx, envres_app_create(fx->session, "dash", TEXT, NULL, NULL, fx->err));
}

static void
subject_is(struct fx *fx, const char *subject)
{
    assert_string_equal(envres_error_subject(fx->err), subject);
}

static envres_list *
history_of(struct fx *fx, const char *version, const char *path)
{
    envres_version_name name = fx_version("dash", version);
    envres_list *list = NULL;
    OK(fx, envres_part_history(fx->session, &name, path, path ? TEXT : 0, &list, fx->err));
    return list;
}

static const char *
cell(const envres_list *list, size_t row, uint32_t column)
{
    return envres_list_text(list, row, column, NULL);
}

/* ---- putting and getting -------------------------------------------------------------------- */

static void
bytes_come_back_as_they_went(void **state)
{
    static const char invalid[] = "\xFF\xFE\x00\xC0\x80\r\n\x00";
    struct fx *fx = *state;
    envres_version_name name = fx_version("dash", "v1");
    envres_value *value = NULL;
    size_t len = 0;
    char all[256 * 3];
    create_app(fx);
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)(unsigned char)(i & 0xFF);
    envres_part_write writes[] = { fx_part("all", all, sizeof(all), ENVRES_PART_PUBLIC),
                                   fx_part("invalid", invalid, sizeof(invalid), 0),
                                   fx_part("empty", NULL, 0, 0) };
    OK(fx, envres_part_put(fx->session, &name, writes, 3, NULL, NULL, fx->err));
    for (size_t i = 0; i < 3; i++) {
        OK(fx, envres_part_get(fx->session, &name, writes[i].path, TEXT, &value, fx->err));
        const char *data = envres_value_data(value, &len);
        assert_int_equal(len, writes[i].data_len);
        if (len > 0)
            assert_memory_equal(data, writes[i].data, len);
        assert_int_equal(data[len], 0);
        envres_value_free(value);
    }
    envres_list *list = NULL;
    char hex[2 * DIGEST + 1];
    uint8_t digest[DIGEST];
    OK(fx, envres_part_list(fx->session, &name, &list, fx->err));
    assert_int_equal(envres_list_count(list), 3);
    assert_string_equal(cell(list, 0, ENVRES_PART_PATH), "all");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_PART_SIZE), sizeof(all));
    assert_int_equal(envres_list_integer(list, 0, ENVRES_PART_IS_PUBLIC), 1);
    assert_string_equal(cell(list, 1, ENVRES_PART_PATH), "empty");
    assert_int_equal(envres_list_integer(list, 1, ENVRES_PART_IS_PUBLIC), 0);
    OK(fx, envres_part_digest(all, sizeof(all), digest, fx->err));
    for (size_t i = 0; i < DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(cell(list, 0, ENVRES_PART_DIGEST), hex);
    envres_list_free(list);
}

static void
a_put_says_what_it_replaces(void **state)
{
    struct fx *fx = *state;
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "one", ENVRES_PART_ABSENT));
    FAILS(fx, ENVRES_E_CHANGED, put(fx, NULL, "a", "two", ENVRES_PART_ABSENT));
    subject_is(fx, "a");
    FAILS(fx, ENVRES_E_CHANGED, expect_put(fx, "a", "two", "other"));
    subject_is(fx, "a");
    FAILS(fx, ENVRES_E_CHANGED, expect_put(fx, "b", "two", "one"));
    part_is(fx, NULL, "a", "one");
    part_is(fx, NULL, "b", NULL);
    OK(fx, expect_put(fx, "a", "two", "one"));
    part_is(fx, NULL, "a", "two");
    /* all or none */
    uint8_t digest[DIGEST] = { 0 };
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write both[] = { fx_part("c", "c", 1, 0), fx_part("a", "three", 5, 0) };
    both[1].expect = digest;
    FAILS(fx, ENVRES_E_CHANGED, envres_part_put(fx->session, &name, both, 2, NULL, NULL, fx->err));
    part_is(fx, NULL, "c", NULL);
    both[1].expect = NULL;
    OK(fx, envres_part_put(fx->session, &name, both, 2, NULL, NULL, fx->err));
    part_is(fx, NULL, "c", "c");
    part_is(fx, NULL, "a", "three");
}

static void
misuse_is_refused(void **state)
{
    struct fx *fx = *state;
    envres_version_name name = fx_version("dash", NULL);
    envres_version_name unknown = fx_version("dosh", NULL);
    envres_version_name no_version = fx_version("dash", "v2");
    envres_part_write write = fx_part("a", "x", 1, 0);
    envres_part_write twice[] = { write, write };
    envres_value *value = NULL;
    envres_list *list = NULL;
    uint8_t digest[DIGEST];
    create_app(fx);
    FAILS(fx, ENVRES_E_NOT_FOUND, put(fx, NULL, "a", NULL, ENVRES_PART_REMOVE));
    OK(fx, put(fx, NULL, "src/main.js", "x", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND, put(fx, NULL, "src/mian.js", NULL, ENVRES_PART_REMOVE));
    fx_hint(fx, "src/main.js");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_get(fx->session, &name, "src/mian.js", TEXT, &value, fx->err));
    fx_hint(fx, "src/main.js");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_put(fx->session, &unknown, &write, 1, NULL, NULL, fx->err));
    fx_hint(fx, "dash");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_put(fx->session, &no_version, &write, 1, NULL, NULL, fx->err));
    fx_hint(fx, "v1");
    FAILS(fx, ENVRES_E_INVALID, envres_part_put(NULL, &name, &write, 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_put(fx->session, NULL, &write, 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_put(fx->session, &name, NULL, 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_part_put(fx->session, &name, &write, 0, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_LIMIT,
          envres_part_put(fx->session, &name, &write, 10001, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_part_put(fx->session, &name, twice, 2, NULL, NULL, fx->err));
    subject_is(fx, "a");
    FAILS(fx, ENVRES_E_INVALID, put(fx, NULL, "a", "x", 8));
    FAILS(fx, ENVRES_E_INVALID, put(fx, NULL, "a", "x", ENVRES_PART_REMOVE | ENVRES_PART_ABSENT));
    FAILS(fx, ENVRES_E_INVALID, put(fx, NULL, "a", "x", ENVRES_PART_REMOVE | ENVRES_PART_PUBLIC));
    FAILS(fx, ENVRES_E_PATH, put(fx, NULL, "../a", "x", 0));
    subject_is(fx, "../a");
    FAILS(fx, ENVRES_E_INVALID, put(fx, NULL, NULL, "x", 0));
    write.data_len = ENVRES_NUL_TERMINATED;
    FAILS(fx, ENVRES_E_INVALID,
          envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err));
    write = fx_part("a", NULL, 1, 0);
    FAILS(fx, ENVRES_E_INVALID,
          envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err));
    write = fx_part("a", "x", 1, 0);
    write.size = 8;
    FAILS(fx, ENVRES_E_ABI, envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_get(fx->session, &name, "a", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_get(fx->session, &name, NULL, 0, &value, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_list(fx->session, NULL, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_list(fx->session, &name, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID,
          envres_part_restore(fx->session, &name, "a", TEXT, -1, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_version_diff(fx->session, &name, &name, 2, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_digest(NULL, 1, digest, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_part_digest("", 0, NULL, fx->err));
    OK(fx, envres_part_digest(NULL, 0, digest, fx->err));
    OK(fx, envres_part_list(fx->session, &name, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    envres_list_free(list);
    assert_string_equal(envres_type_name(ENVRES_TYPE_BYTES), "bytes");
    FAILS(fx, ENVRES_E_INVALID, fx_put(fx, "development", "V", "x", ENVRES_TYPE_BYTES, 0));
}

static void
paths_do_not_clash(void **state)
{
    struct fx *fx = *state;
    envres_version_name name = fx_version("dash", NULL);
    create_app(fx);
    OK(fx, put(fx, NULL, "src/Main.js", "x", 0));
    FAILS(fx, ENVRES_E_NAME_TAKEN, put(fx, NULL, "src/main.js", "x", 0));
    subject_is(fx, "src/main.js");
    fx_hint(fx, "src/Main.js");
    FAILS(fx, ENVRES_E_NAME_TAKEN, put(fx, NULL, "src", "x", 0));
    FAILS(fx, ENVRES_E_NAME_TAKEN, put(fx, NULL, "SRC", "x", 0));
    FAILS(fx, ENVRES_E_NAME_TAKEN, put(fx, NULL, "src/Main.js/more", "x", 0));
    OK(fx, put(fx, NULL, "SRC/other.js", "x", 0));
    OK(fx, put(fx, NULL, "src.js", "x", 0));
    /* what counts is what is there after all writes */
    envres_part_write writes[] = { fx_part("src/main.js", "y", 1, 0),
                                   fx_part("src/Main.js", NULL, 0, ENVRES_PART_REMOVE) };
    OK(fx, envres_part_put(fx->session, &name, writes, 2, NULL, NULL, fx->err));
    part_is(fx, NULL, "src/main.js", "y");
    part_is(fx, NULL, "src/Main.js", NULL);
    /* coming back is an edit like any other */
    FAILS(fx, ENVRES_E_NAME_TAKEN,
          envres_part_restore(fx->session, &name, "src/Main.js", TEXT, 1, NULL, fx->err));
}

static void
limits_say_which(void **state)
{
    struct fx *fx = *state;
    const size_t most = 16 * 1024 * 1024;
    envres_version_name name = fx_version("dash", NULL);
    char *big = calloc(1, most + 1);
    char path[32];
    create_app(fx);
    envres_part_write write = fx_part("big/0", big, most + 1, 0);
    FAILS(fx, ENVRES_E_LIMIT, envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err));
    subject_is(fx, "big/0");
    assert_non_null(strstr(envres_error_message(fx->err), "16777216"));
    write.data_len = most;
    for (int i = 0; i < 17; i++) {
        snprintf(path, sizeof(path), "big/%d", i);
        write.path = path;
        envres_status st = envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err);
        expect(fx, st, i < 16 ? ENVRES_OK : ENVRES_E_LIMIT, path);
    }
    assert_non_null(strstr(envres_error_message(fx->err), "268435456"));
    envres_value *value = NULL;
    size_t len = 0;
    OK(fx, envres_part_get(fx->session, &name, "big/7", TEXT, &value, fx->err));
    assert_memory_equal(envres_value_data(value, &len), big, most);
    assert_int_equal(len, most);
    envres_value_free(value);
    free(big);
}

static void
a_version_has_ten_thousand_parts(void **state)
{
    enum { MOST = 10000 };
    struct fx *fx = *state;
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write *writes = calloc(MOST, sizeof(*writes));
    char(*paths)[24] = calloc(MOST, sizeof(*paths));
    envres_list *list = NULL;
    create_app(fx);
    for (int i = 0; i < MOST; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%d/%d", (i * 7919) % 100, i);
        writes[i] = fx_part(paths[i], paths[i], strlen(paths[i]), 0);
    }
    OK(fx, envres_part_put(fx->session, &name, writes, MOST, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_LIMIT, put(fx, NULL, "one more", "x", 0));
    assert_non_null(strstr(envres_error_message(fx->err), "10000"));
    OK(fx, put(fx, NULL, paths[17], "changed", 0));
    part_is(fx, NULL, paths[17], "changed");
    part_is(fx, NULL, paths[18], paths[18]);
    OK(fx, create_version(fx, "next", "v1", 0));
    OK(fx, put(fx, "next", paths[18], NULL, ENVRES_PART_REMOVE));
    OK(fx, put(fx, "next", "one more", "x", 0));
    name = fx_version("dash", "next");
    OK(fx, envres_part_list(fx->session, &name, &list, fx->err));
    assert_int_equal(envres_list_count(list), MOST);
    for (size_t i = 1; i < MOST; i++)
        assert_true(strcmp(cell(list, i - 1, 0), cell(list, i, 0)) < 0);
    envres_list_free(list);
    free(paths);
    free(writes);
}

/* ---- drafts --------------------------------------------------------------------------------- */

static void
the_only_draft_needs_no_name(void **state)
{
    struct fx *fx = *state;
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "one", 0));
    OK(fx, create_version(fx, "Two", "v1", 0));
    FAILS(fx, ENVRES_E_INVALID, put(fx, NULL, "a", "x", 0));
    fx_hint(fx, "v1");
    fx_hint(fx, "Two");
    OK(fx, put(fx, "Two", "a", "two", 0));
    part_is(fx, "v1", "a", "one");
    part_is(fx, "Two", "a", "two");
    OK(fx, create_version(fx, "three", NULL, ENVRES_VERSION_EMPTY));
    part_is(fx, "three", "a", NULL);
}

static void
equal_versions_have_equal_content(void **state)
{
    struct fx *fx = *state;
    uint8_t one[DIGEST];
    uint8_t two[DIGEST];
    envres_version_name v1 = fx_version("dash", "v1");
    envres_version_name v2 = fx_version("dash", "v2");
    envres_part_write a[] = { fx_part("x", "1", 1, 0), fx_part("y", "2", 1, 0) };
    create_app(fx);
    OK(fx, envres_part_put(fx->session, &v1, a, 2, NULL, one, fx->err));
    OK(fx, create_version(fx, "v2", NULL, ENVRES_VERSION_EMPTY));
    OK(fx, envres_part_put(fx->session, &v2, &a[1], 1, NULL, two, fx->err));
    assert_memory_not_equal(one, two, DIGEST);
    OK(fx, envres_part_put(fx->session, &v2, &a[0], 1, NULL, two, fx->err));
    assert_memory_equal(one, two, DIGEST);
    a[0].flags = ENVRES_PART_PUBLIC;
    OK(fx, envres_part_put(fx->session, &v2, &a[0], 1, NULL, two, fx->err));
    assert_memory_not_equal(one, two, DIGEST);
    /* a write that changes nothing is no edit, and answers all the same */
    envres_list *list = history_of(fx, "v2", NULL);
    assert_int_equal(envres_list_count(list), 3);
    envres_list_free(list);
    uint8_t same[DIGEST];
    OK(fx, envres_part_put(fx->session, &v2, a, 2, NULL, same, fx->err));
    assert_memory_equal(same, two, DIGEST);
    list = history_of(fx, "v2", NULL);
    assert_int_equal(envres_list_count(list), 3);
    envres_list_free(list);
}

static void
an_operation_is_done_once(void **state)
{
    static const uint8_t operation[16] = { 1, 2, 3 };
    struct fx *fx = *state;
    uint8_t first[DIGEST];
    uint8_t again[DIGEST];
    envres_change change = { .size = sizeof(change), .operation = operation };
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write write = fx_part("a", "one", 3, ENVRES_PART_ABSENT);
    create_app(fx);
    OK(fx, envres_part_put(fx->session, &name, &write, 1, &change, first, fx->err));
    OK(fx, put(fx, NULL, "a", "two", 0));
    OK(fx, envres_part_put(fx->session, &name, &write, 1, &change, again, fx->err));
    assert_memory_equal(first, again, DIGEST);
    part_is(fx, NULL, "a", "two");
}

static void
a_reason_may_be_required(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_REASON };
    envres_change change = { .size = sizeof(change), .reason = "hot fix", .reason_len = TEXT };
    envres_version_name name = fx_version("dash", NULL);
    envres_part_write write = fx_part("a", "one", 3, 0);
    create_app(fx);
    OK(fx, envres_environment_set(fx->session, "development", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_REASON, put(fx, NULL, "a", "one", 0));
    OK(fx, envres_part_put(fx->session, &name, &write, 1, &change, NULL, fx->err));
}

/* ---- history and undo ----------------------------------------------------------------------- */

static void
history_says_who_and_when(void **state)
{
    struct fx *fx = *state;
    envres_version_name name = fx_version("dash", NULL);
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "one", 0));
    fx->now += 1000;
    OK(fx, put(fx, NULL, "b", "other", ENVRES_PART_PUBLIC));
    fx->now += 1000;
    OK(fx, put(fx, NULL, "a", NULL, ENVRES_PART_REMOVE));
    OK(fx, envres_part_restore(fx->session, &name, "a", TEXT, 1, NULL, fx->err));
    part_is(fx, NULL, "a", "one");
    envres_list *list = history_of(fx, NULL, NULL);
    static const struct {
        int64_t number;
        const char *path;
        const char *action;
        int64_t size; /* -1: null */
        int64_t is_public;
        int64_t time;
    } rows[] = {
        { 4, "a", "restore", 3, 0, 2000 },
        { 3, "a", "remove", -1, 0, 2000 },
        { 2, "b", "put", 5, 1, 1000 },
        { 1, "a", "put", 3, 0, 0 },
    };
    assert_int_equal(envres_list_count(list), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(envres_list_integer(list, i, ENVRES_EDIT_NUMBER), rows[i].number);
        assert_string_equal(cell(list, i, ENVRES_EDIT_PATH), rows[i].path);
        assert_string_equal(cell(list, i, ENVRES_EDIT_ACTION), rows[i].action);
        assert_string_equal(cell(list, i, ENVRES_EDIT_AUTHOR), "owner");
        assert_int_equal(envres_list_integer(list, i, ENVRES_EDIT_TIME),
                         1700000000000 + rows[i].time);
        int32_t type = rows[i].size < 0 ? ENVRES_CELL_NULL : ENVRES_CELL_INTEGER;
        assert_int_equal(envres_list_type(list, i, ENVRES_EDIT_SIZE), type);
        assert_int_equal(envres_list_type(list, i, ENVRES_EDIT_IS_PUBLIC), type);
        assert_int_equal(envres_list_type(list, i, ENVRES_EDIT_DIGEST),
                         rows[i].size < 0 ? ENVRES_CELL_NULL : ENVRES_CELL_TEXT);
        if (rows[i].size >= 0) {
            assert_int_equal(envres_list_integer(list, i, ENVRES_EDIT_SIZE), rows[i].size);
            assert_int_equal(envres_list_integer(list, i, ENVRES_EDIT_IS_PUBLIC),
                             rows[i].is_public);
        }
    }
    envres_list_free(list);
    list = history_of(fx, NULL, "b");
    assert_int_equal(envres_list_count(list), 1);
    envres_list_free(list);
    list = history_of(fx, NULL, "never");
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

static void
undo_goes_anywhere(void **state)
{
    struct fx *fx = *state;
    envres_version_name v2 = fx_version("dash", "v2");
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "base", ENVRES_PART_PUBLIC));
    OK(fx, create_version(fx, "v2", "v1", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_restore(fx->session, &v2, "a", TEXT, 1, NULL, fx->err));
    OK(fx, envres_part_restore(fx->session, &v2, "a", TEXT, 0, NULL, fx->err)); /* it is that */
    OK(fx, put(fx, "v2", "a", "one", 0));
    OK(fx, put(fx, "v2", "b", "new", 0));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_restore(fx->session, &v2, "a", TEXT, 2, NULL, fx->err));
    subject_is(fx, "a");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_restore(fx->session, &v2, "a", TEXT, 99, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_part_restore(fx->session, &v2, "never", TEXT, 0, NULL, fx->err));
    OK(fx, envres_part_restore(fx->session, &v2, "a", TEXT, 0, NULL, fx->err));
    part_is(fx, "v2", "a", "base");
    OK(fx, envres_part_restore(fx->session, &v2, "b", TEXT, 0, NULL, fx->err));
    part_is(fx, "v2", "b", NULL);
    OK(fx, envres_part_restore(fx->session, &v2, "b", TEXT, 2, NULL, fx->err));
    part_is(fx, "v2", "b", "new");
    envres_list *list = history_of(fx, "v2", NULL);
    assert_int_equal(envres_list_count(list), 5);
    assert_string_equal(cell(list, 1, ENVRES_EDIT_ACTION), "restore");
    assert_int_equal(envres_list_type(list, 1, ENVRES_EDIT_DIGEST), ENVRES_CELL_NULL);
    envres_list_free(list);
    envres_list *parts = NULL;
    OK(fx, envres_part_list(fx->session, &v2, &parts, fx->err));
    assert_int_equal(envres_list_integer(parts, 0, ENVRES_PART_IS_PUBLIC), 1);
    envres_list_free(parts);
    part_is(fx, "v1", "a", "base");
}

/* ---- what differs --------------------------------------------------------------------------- */

static void
differences_are_by_path(void **state)
{
    struct fx *fx = *state;
    envres_version_name v1 = fx_version("dash", "v1");
    envres_version_name v2 = fx_version("dash", "v2");
    envres_list *list = NULL;
    create_app(fx);
    envres_part_write base[] = {
        fx_part("a.txt", "one\ntwo\n", 8, 0), fx_part("bin", "\0\xFF", 2, 0),
        fx_part("flags", "same", 4, 0),       fx_part("gone.txt", "bye\n", 4, 0),
        fx_part("nul", "a\0b\n", 4, 0),       fx_part("nul.end", "a\n", 2, 0),
        fx_part("same", "same", 4, 0),
    };
    OK(fx, envres_part_put(fx->session, &v1, base, 7, NULL, NULL, fx->err));
    OK(fx, create_version(fx, "v2", "v1", 0));
    OK(fx, envres_version_diff(fx->session, &v1, &v2, 0, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    envres_part_write edits[] = {
        fx_part("a.txt", "one\n2\n", 6, 0),
        fx_part("bin", "\0\xFE", 2, 0),
        fx_part("flags", "same", 4, ENVRES_PART_PUBLIC),
        fx_part("gone.txt", NULL, 0, ENVRES_PART_REMOVE),
        fx_part("my new.txt", "hello", 5, 0),
        fx_part("nul", "abc\n", 4, 0),
        fx_part("nul.end", "a\n\0", 3, 0),
    };
    OK(fx, envres_part_put(fx->session, &v2, edits, 7, NULL, NULL, fx->err));
    OK(fx, envres_version_diff(fx->session, &v1, &v2, ENVRES_DIFF_WITH_TEXT, &list, fx->err));
    static const struct {
        const char *path;
        const char *change;
        int64_t old_size; /* -1: null */
        int64_t new_size;
        const char *text;
    } rows[] = {
        { "a.txt", "changed", 8, 6, "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n" },
        { "bin", "changed", 2, 2, NULL },
        { "flags", "flags", 4, 4, NULL },
        { "gone.txt", "removed", 4, -1, "--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n" },
        { "my new.txt", "added", -1, 5,
          "--- /dev/null\n+++ b/my new.txt\t\n@@ -0,0 +1 @@\n+hello\n"
          "\\ No newline at end of file\n" },
        { "nul", "changed", 4, 4, NULL },
        { "nul.end", "changed", 2, 3, NULL },
    };
    assert_int_equal(envres_list_count(list), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(cell(list, i, ENVRES_DIFF_PATH), rows[i].path);
        assert_string_equal(cell(list, i, ENVRES_DIFF_CHANGE), rows[i].change);
        assert_int_equal(envres_list_type(list, i, ENVRES_DIFF_OLD_SIZE),
                         rows[i].old_size < 0 ? ENVRES_CELL_NULL : ENVRES_CELL_INTEGER);
        assert_int_equal(envres_list_type(list, i, ENVRES_DIFF_NEW_DIGEST),
                         rows[i].new_size < 0 ? ENVRES_CELL_NULL : ENVRES_CELL_TEXT);
        if (rows[i].new_size >= 0)
            assert_int_equal(envres_list_integer(list, i, ENVRES_DIFF_NEW_SIZE), rows[i].new_size);
        if (rows[i].text)
            assert_string_equal(cell(list, i, ENVRES_DIFF_TEXT), rows[i].text);
        else
            assert_null(cell(list, i, ENVRES_DIFF_TEXT));
    }
    envres_list_free(list);
    envres_version_name unknown = fx_version("dash", "v3");
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_version_diff(fx->session, &v1, &unknown, 0, &list, fx->err));
    assert_null(list);
}

/* ---- versions that moved on ----------------------------------------------------------------- */

static void
content_of(struct fx *fx, const char *version, uint8_t digest[DIGEST])
{
    envres_version_name name = fx_version("dash", version);
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    const char *hex = cell(list, 0, ENVRES_VERSION_CONTENT);
    assert_int_equal(strlen(hex), 2 * DIGEST);
    for (size_t i = 0; i < DIGEST; i++) {
        char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        digest[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    envres_list_free(list);
}

static void
promote(struct fx *fx, const char *version)
{
    uint8_t digest[DIGEST];
    envres_version_name name = fx_version("dash", version);
    content_of(fx, version, digest);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = "staging",
                                       .to_len = TEXT,
                                       .expect_stage = "development",
                                       .expect_stage_len = TEXT,
                                       .expect_content = digest };
    OK(fx, envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err));
}

static void
discard(struct fx *fx, const char *version)
{
    uint8_t digest[DIGEST];
    envres_version_name name = fx_version("dash", version);
    content_of(fx, version, digest);
    envres_list *row = NULL;
    OK(fx, envres_version_describe(fx->session, &name, &row, fx->err));
    envres_version_seen seen = { .size = sizeof(seen),
                                 .stage = envres_list_text(row, 0, ENVRES_VERSION_STAGE, NULL),
                                 .stage_len = TEXT,
                                 .content = digest };
    OK(fx, envres_version_discard(fx->session, &name, &seen, NULL, fx->err));
    envres_list_free(row);
}

static void
a_frozen_version_is_read_only(void **state)
{
    struct fx *fx = *state;
    envres_version_name v1 = fx_version("dash", "v1");
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "one", 0));
    OK(fx, put(fx, NULL, "a", "two", 0));
    promote(fx, "v1");
    FAILS(fx, ENVRES_E_FROZEN, put(fx, "v1", "a", "three", 0));
    FAILS(fx, ENVRES_E_FROZEN, put(fx, "v1", "a", "two", 0));
    FAILS(fx, ENVRES_E_FROZEN, put(fx, NULL, "a", "three", 0));
    FAILS(fx, ENVRES_E_FROZEN, envres_part_restore(fx->session, &v1, "a", TEXT, 1, NULL, fx->err));
    part_is(fx, "v1", "a", "two");
    envres_value *value = NULL;
    envres_version_name none = fx_version("dash", NULL);
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_part_get(fx->session, &none, "a", TEXT, &value, fx->err));
    envres_list *list = history_of(fx, "v1", "a");
    assert_int_equal(envres_list_count(list), 2);
    envres_list_free(list);
    OK(fx, create_version(fx, NULL, "v1", 0));
    OK(fx, put(fx, NULL, "a", "three", 0));
    part_is(fx, "v1", "a", "two");
    part_is(fx, NULL, "a", "three");
}

static void
gc_is(struct fx *fx, int64_t parts, int64_t trees, int64_t bytes)
{
    envres_list *list = NULL;
    OK(fx, envres_session_gc(fx->session, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_GC_PARTS), parts);
    assert_int_equal(envres_list_integer(list, 0, ENVRES_GC_TREES), trees);
    if (bytes >= 0)
        assert_int_equal(envres_list_integer(list, 0, ENVRES_GC_BYTES), bytes);
    envres_list_free(list);
}

static void
gc_frees_what_nothing_refers_to(void **state)
{
    struct fx *fx = *state;
    envres_version_name v2 = fx_version("dash", "v2");
    envres_version_name v3 = fx_version("dash", "v3");
    envres_value *value = NULL;
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "shared", 0));
    OK(fx, create_version(fx, "v2", "v1", 0)); /* writes the tree of v1 */
    OK(fx, put(fx, "v2", "a", "only in v2", 0));
    OK(fx, put(fx, "v2", "a", "only in v2, later", 0));
    OK(fx, put(fx, "v2", "b", "shared", 0));
    promote(fx, "v2");
    OK(fx, create_version(fx, "v3", "v1", 0));
    OK(fx, put(fx, "v3", "c", "draft", 0));
    gc_is(fx, 0, 0, 0);
    discard(fx, "v2");
    part_is(fx, "v2", "a", "only in v2, later");
    FAILS(fx, ENVRES_E_DISCARDED, put(fx, "v2", "a", "x", 0));
    gc_is(fx, 2, 1, -1);
    gc_is(fx, 0, 0, 0);
    FAILS(fx, ENVRES_E_DISCARDED, envres_part_get(fx->session, &v2, "a", TEXT, &value, fx->err));
    envres_list *list = history_of(fx, "v2", NULL);
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    part_is(fx, "v1", "a", "shared");
    part_is(fx, "v3", "a", "shared");
    /* a draft that was never frozen can be read until then, too */
    discard(fx, "v3");
    part_is(fx, "v3", "c", "draft");
    gc_is(fx, 1, 0, 5);
    FAILS(fx, ENVRES_E_DISCARDED, envres_part_get(fx->session, &v3, "c", TEXT, &value, fx->err));
    part_is(fx, "v1", "a", "shared");
    FAILS(fx, ENVRES_E_INVALID, envres_session_gc(fx->session, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_session_gc(NULL, NULL, &list, fx->err));
}

static void
gc_keeps_what_drafts_began_from(void **state)
{
    struct fx *fx = *state;
    envres_version_name v2 = fx_version("dash", "v2");
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "begun with", 0));
    OK(fx, create_version(fx, "v2", "v1", 0));
    OK(fx, put(fx, "v2", "a", "changed", 0));
    discard(fx, "v1");
    gc_is(fx, 0, 0, 0); /* the edit of v1 goes, what it put stays */
    part_is(fx, "v2", "a", "changed");
    OK(fx, envres_part_restore(fx->session, &v2, "a", TEXT, 0, NULL, fx->err));
    part_is(fx, "v2", "a", "begun with");
}

static void
gc_keeps_what_can_be_restored(void **state)
{
    struct fx *fx = *state;
    envres_version_name v1 = fx_version("dash", "v1");
    create_app(fx);
    OK(fx, put(fx, NULL, "a", "first", 0));
    OK(fx, put(fx, NULL, "a", "second", 0));
    OK(fx, put(fx, NULL, "a", NULL, ENVRES_PART_REMOVE));
    gc_is(fx, 0, 0, 0);
    OK(fx, envres_part_restore(fx->session, &v1, "a", TEXT, 1, NULL, fx->err));
    part_is(fx, NULL, "a", "first");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
        TEST(bytes_come_back_as_they_went),
        TEST(a_put_says_what_it_replaces),
        TEST(misuse_is_refused),
        TEST(paths_do_not_clash),
        TEST(limits_say_which),
        TEST(a_version_has_ten_thousand_parts),
        TEST(the_only_draft_needs_no_name),
        TEST(equal_versions_have_equal_content),
        TEST(an_operation_is_done_once),
        TEST(a_reason_may_be_required),
        TEST(history_says_who_and_when),
        TEST(undo_goes_anywhere),
        TEST(differences_are_by_path),
        TEST(a_frozen_version_is_read_only),
        TEST(gc_frees_what_nothing_refers_to),
        TEST(gc_keeps_what_drafts_began_from),
        TEST(gc_keeps_what_can_be_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
