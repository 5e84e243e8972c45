/* SPDX-License-Identifier: MIT */
/*
 * The line of releases: tags, sequence numbers, and where a rollback leads, in long lines against a
 * model that keeps nothing but an array of records.
 */
#include <stdlib.h>

#include "../random.h"
#include "delivery.h"

static const char app[] = "shop";

/* ---- tags ----------------------------------------------------------------------------------- */

static void
ready_version(struct fx *fx, const char *name)
{
    version_new(fx, app, name, NULL);
    make_ready(fx, app, name);
}

static void
newest_tag(struct fx *fx, char tag[256])
{
    envres_list *list = NULL;
    OK(fx, envres_release_list(fx->session, app, TEXT, &list, fx->err));
    snprintf(tag, 256, "%s", envres_list_text(list, 0, ENVRES_RELEASE_TAG, NULL));
    envres_list_free(list);
}

/* Each row releases the one of two versions that is not live. */
static void
test_tags(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *tag; /* NULL: by `bump` */
        uint32_t bump;
        envres_status want;
        const char *is;
    } rows[] = {
        { NULL, ENVRES_BUMP_PATCH, ENVRES_OK, "0.0.1" },
        { NULL, ENVRES_BUMP_MINOR, ENVRES_OK, "0.1.0" },
        { "v1.2.0-rc.1", 0, ENVRES_OK, "1.2.0-rc.1" },
        { "1.2.0-rc.1", 0, ENVRES_E_TAG_TAKEN, NULL },
        { "1.2.0-rc.1+build.5", 0, ENVRES_E_TAG_TAKEN, NULL },
        { NULL, ENVRES_BUMP_PATCH, ENVRES_OK, "1.2.0" },
        { "1.2.0+linux", 0, ENVRES_E_TAG_TAKEN, NULL },
        { "v1.2.0", 0, ENVRES_E_TAG_TAKEN, NULL },
        { "0.5.0+meta", 0, ENVRES_OK, "0.5.0+meta" }, /* lower than the highest: a back-port */
        { "0.5.0", 0, ENVRES_E_TAG_TAKEN, NULL },
        { NULL, ENVRES_BUMP_PATCH, ENVRES_OK, "1.2.1" }, /* over the highest, not the newest */
        { NULL, ENVRES_BUMP_MAJOR, ENVRES_OK, "2.0.0" },
        { "1.10.0", 0, ENVRES_OK, "1.10.0" },
        { "1.9.0", 0, ENVRES_OK, "1.9.0" },
        { NULL, ENVRES_BUMP_MINOR, ENVRES_OK, "2.1.0" },
        { "01.0.0", 0, ENVRES_E_TAG, NULL },
        { "1.0", 0, ENVRES_E_TAG, NULL },
        { "", 0, ENVRES_E_TAG, NULL },
        { "vv1.0.0", 0, ENVRES_E_TAG, NULL },
        { "1.0.0-", 0, ENVRES_E_TAG, NULL },
        { "3.0.0", ENVRES_BUMP_MAJOR, ENVRES_E_INVALID, NULL },
        { NULL, ENVRES_BUMP_PATCH + 1, ENVRES_E_INVALID, NULL },
        { NULL, 0, ENVRES_E_INVALID, NULL },
        { "9223372036854775807.0.0", 0, ENVRES_OK, "9223372036854775807.0.0" },
        { NULL, ENVRES_BUMP_MAJOR, ENVRES_E_LIMIT, NULL },
        { "9223372036854775808.0.0", 0, ENVRES_E_LIMIT, NULL },
    };
    bool first = true;
    app_new(fx, app);
    ready_version(fx, "a");
    ready_version(fx, "b");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *version = first ? "a" : "b";
        char tag[256];
        uint8_t content[CONTENT];
        envres_version_name name = name_of(app, version);
        content_now(fx, app, version, content);
        envres_release_options options = { .size = sizeof(options),
                                           .tag = rows[i].tag,
                                           .tag_len = rows[i].tag ? TEXT : 0,
                                           .bump = rows[i].bump,
                                           .expect_content = content,
                                           .expect_live = live_now(fx, app) };
        print_message("    %zu: %s\n", i, rows[i].tag ? rows[i].tag : "computed");
        char *before = dump_now(fx);
        expect(fx, envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err),
               rows[i].want, "release");
        if (rows[i].want < 0) {
            expect_unchanged(fx, before, "a refused tag");
            continue;
        }
        free(before);
        newest_tag(fx, tag);
        assert_string_equal(tag, rows[i].is);
        first = !first;
    }
}

/* What stands under a tag is found by it whatever its spelling; renaming a version changes no tag.
 */
static void
test_tags_stay(void **state)
{
    struct fx *fx = *state;
    envres_version_options rename = { .size = sizeof(rename), .name = "summer", .name_len = TEXT };
    envres_version_name a = name_of(app, "a");
    char tag[256];
    app_new(fx, app);
    ready_version(fx, "a");
    ready_version(fx, "b");
    OK(fx, release_as(fx, app, "a", "v1.0.0+x"));
    OK(fx, release_as(fx, app, "b", "1.1.0"));
    OK(fx, envres_version_set(fx->session, &a, &rename, NULL, fx->err));
    FAILS(fx, ENVRES_E_TAG, rollback_to(fx, app, NULL, "latest"));
    FAILS(fx, ENVRES_E_NOT_FOUND, rollback_to(fx, app, NULL, "1.0.1"));
    OK(fx, rollback_to(fx, app, NULL, "v1.0.0"));
    newest_tag(fx, tag);
    assert_string_equal(tag, "1.0.0+x");
    envres_list *list = NULL;
    OK(fx, envres_release_list(fx->session, app, TEXT, &list, fx->err));
    assert_string_equal(envres_list_text(list, 0, ENVRES_RELEASE_VERSION, NULL), "summer");
    assert_string_equal(envres_list_text(list, 0, ENVRES_RELEASE_KIND, NULL), "rollback");
    assert_int_equal(envres_list_integer(list, 0, ENVRES_RELEASE_TARGET), 1);
    envres_list_free(list);
}

/* ---- a model of the line -------------------------------------------------------------------- */

enum { VERSIONS = 6, ACTS = 500, RECORDS = ACTS + 1 };

struct record {
    char kind; /* 'r'elease, roll'b'ack, 'w'ithdraw */
    int version;
    int64_t target;   /* 0: none */
    int64_t previous; /* 0: none */
    int tag;          /* patch number of 0.0.N */
};

struct line {
    struct record records[RECORDS + 1]; /* from 1 */
    int64_t count;
    int64_t live; /* 0: none */
    int tags;
    bool released[VERSIONS];
};

static int
live_version(const struct line *line)
{
    return line->live ? line->records[line->live].version : -1;
}

/* The newest record of kind release of a version; 0: none. */
static int64_t
release_of(const struct line *line, int version)
{
    for (int64_t i = line->count; i > 0; i--) {
        if (line->records[i].kind == 'r' && line->records[i].version == version)
            return i;
    }
    return 0;
}

static int64_t
release_tagged(const struct line *line, int tag)
{
    for (int64_t i = 1; i <= line->count; i++) {
        if (line->records[i].kind == 'r' && line->records[i].tag == tag)
            return i;
    }
    return 0;
}

static void
append(struct line *line, struct record record)
{
    line->records[++line->count] = record;
    line->live = record.kind == 'w' ? 0 : line->count;
}

/* Where a new release leads back to: to what was served last. */
static int64_t
before_a_release(const struct line *line)
{
    const struct record *newest = &line->records[line->count];
    if (line->live)
        return line->live;
    return newest->kind == 'w' ? newest->target : 0;
}

static envres_status
model_release(struct line *line, int version)
{
    if (live_version(line) == version)
        return ENVRES_E_ALREADY_LIVE;
    append(line, (struct record){ .kind = 'r',
                                  .version = version,
                                  .previous = before_a_release(line),
                                  .tag = ++line->tags });
    line->released[version] = true;
    return ENVRES_OK;
}

static envres_status
model_restore(struct line *line, int64_t target)
{
    const struct record *to = &line->records[target];
    if (live_version(line) == to->version)
        return ENVRES_E_ALREADY_LIVE;
    append(line, (struct record){ .kind = 'b',
                                  .version = to->version,
                                  .target = target,
                                  .previous = to->previous,
                                  .tag = to->tag });
    return ENVRES_OK;
}

/* Back along the line to the first record of another version; after a withdrawal to what was
 * withdrawn. What is restored is the release, not the record of an earlier rollback to it. */
static envres_status
model_back(struct line *line)
{
    const struct record *newest = &line->records[line->count];
    int64_t target = line->live ? line->live : newest->kind == 'w' ? newest->target : 0;
    while (line->live && target && line->records[target].version == live_version(line))
        target = line->records[target].previous;
    if (!target)
        return ENVRES_E_NOTHING_BEFORE;
    if (line->records[target].kind == 'b')
        target = line->records[target].target;
    return model_restore(line, target);
}

static envres_status
model_withdraw(struct line *line)
{
    if (!line->live)
        return ENVRES_E_NOTHING_LIVE;
    const struct record *live = &line->records[line->live];
    append(line, (struct record){ .kind = 'w',
                                  .version = live->version,
                                  .target = line->live,
                                  .previous = live->previous,
                                  .tag = live->tag });
    return ENVRES_OK;
}

/* ---- the walk ------------------------------------------------------------------------------- */

static void
version_name(char out[8], int version)
{
    snprintf(out, 8, "r%d", version);
}

/* One act on both; the answers must be the same. */
static void
act(struct fx *fx, struct line *line, uint64_t *seed)
{
    int version = (int)(next_random(seed) % VERSIONS);
    char name[8], tag[16];
    envres_status got = ENVRES_OK;
    envres_status want = ENVRES_OK;
    version_name(name, version);
    switch (next_random(seed) % 10) {
    case 0:
    case 1:
    case 2:
        want = model_release(line, version);
        got = release_bump(fx, app, name, ENVRES_BUMP_PATCH);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        want = model_back(line);
        got = rollback_to(fx, app, NULL, NULL);
        break;
    case 7:
        want = line->released[version] ? model_restore(line, release_of(line, version))
                                       : ENVRES_E_NEVER_RELEASED;
        got = rollback_to(fx, app, name, NULL);
        break;
    case 8: {
        int which = line->tags > 0 ? (int)(next_random(seed) % (uint64_t)line->tags) + 1 : 1;
        snprintf(tag, sizeof(tag), "0.0.%d", which);
        int64_t target = release_tagged(line, which);
        want = target ? model_restore(line, target) : ENVRES_E_NOT_FOUND;
        got = rollback_to(fx, app, NULL, tag);
        break;
    }
    default:
        want = model_withdraw(line);
        got = withdraw(fx, app);
    }
    if (got != want)
        fail_msg("record %lld: %s instead of %s: %s", (long long)line->count,
                 envres_status_name(got), envres_status_name(want), envres_error_message(fx->err));
}

static int64_t
cell(const envres_list *list, size_t row, uint32_t column)
{
    return envres_list_type(list, row, column) == ENVRES_CELL_NULL
               ? 0
               : envres_list_integer(list, row, column);
}

/* Every record, newest first, gapless, as the model has it. */
static void
compare(struct fx *fx, const struct line *line)
{
    envres_list *list = NULL;
    OK(fx, envres_release_list(fx->session, app, TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), line->count);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        int64_t sequence = line->count - (int64_t)row;
        const struct record *want = &line->records[sequence];
        char name[8], tag[16];
        version_name(name, want->version);
        snprintf(tag, sizeof(tag), "0.0.%d", want->tag);
        assert_int_equal(cell(list, row, ENVRES_RELEASE_SEQUENCE), sequence);
        assert_string_equal(envres_list_text(list, row, ENVRES_RELEASE_KIND, NULL),
                            want->kind == 'r'   ? "release"
                            : want->kind == 'b' ? "rollback"
                                                : "withdraw");
        assert_string_equal(envres_list_text(list, row, ENVRES_RELEASE_VERSION, NULL), name);
        assert_string_equal(envres_list_text(list, row, ENVRES_RELEASE_TAG, NULL), tag);
        assert_int_equal(cell(list, row, ENVRES_RELEASE_LIVE), sequence == line->live);
        if (cell(list, row, ENVRES_RELEASE_TARGET) != want->target ||
            cell(list, row, ENVRES_RELEASE_PREVIOUS) != want->previous)
            fail_msg("record %lld (%c): target %lld, previous %lld instead of %lld, %lld",
                     (long long)sequence, want->kind,
                     (long long)cell(list, row, ENVRES_RELEASE_TARGET),
                     (long long)cell(list, row, ENVRES_RELEASE_PREVIOUS), (long long)want->target,
                     (long long)want->previous);
    }
    envres_list_free(list);
}

/* States follow from the line alone: one live, those that were are retired, the rest ready. */
static void
compare_states(struct fx *fx, const struct line *line)
{
    for (int v = 0; v < VERSIONS; v++) {
        char name[8], now[16];
        version_name(name, v);
        state_now(fx, app, name, now);
        assert_string_equal(now, v == live_version(line) ? "live"
                                 : line->released[v]     ? "retired"
                                                         : "ready");
    }
}

static void
test_long_line(void **state)
{
    struct fx *fx = *state;
    static struct line line;
    uint64_t seed = 0x9E3779B97F4A7C15u;
    app_new(fx, app);
    for (int v = 0; v < VERSIONS; v++) {
        char name[8];
        version_name(name, v);
        ready_version(fx, name);
    }
    for (int i = 0; i < ACTS; i++) {
        fx->now += 1000;
        act(fx, &line, &seed);
        if (i % 10 == 0) {
            compare(fx, &line);
            compare_states(fx, &line);
        }
    }
    compare(fx, &line);
    print_message("    %lld records\n", (long long)line.count);
    assert_true(line.count > ACTS / 2);
}

/* As the documents draw it. */
static void
test_line_as_drawn(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    static const int64_t previous[] = { 3, 3, 0, 1, 0 }; /* newest first */
    app_new(fx, app);
    ready_version(fx, "a");
    ready_version(fx, "b");
    ready_version(fx, "c");
    OK(fx, release_as(fx, app, "a", "1.0.0"));
    OK(fx, release_as(fx, app, "b", "1.1.0"));
    OK(fx, rollback_to(fx, app, NULL, NULL));
    FAILS(fx, ENVRES_E_NOTHING_BEFORE, rollback_to(fx, app, NULL, NULL));
    OK(fx, release_as(fx, app, "c", "1.2.0"));
    OK(fx, withdraw(fx, app));
    OK(fx, envres_release_list(fx->session, app, TEXT, &list, fx->err));
    assert_int_equal(envres_list_count(list), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(cell(list, i, ENVRES_RELEASE_PREVIOUS), previous[i]);
    assert_int_equal(cell(list, 0, ENVRES_RELEASE_TARGET), 4);
    assert_int_equal(cell(list, 2, ENVRES_RELEASE_TARGET), 1);
    envres_list_free(list);
    OK(fx, rollback_to(fx, app, NULL, NULL));
    assert_int_equal(live_now(fx, app), 6);
    char now[16];
    state_now(fx, app, "c", now);
    assert_string_equal(now, "live");
    OK(fx, rollback_to(fx, app, NULL, NULL));
    state_now(fx, app, "a", now);
    assert_string_equal(now, "live");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tags),
        TEST(test_tags_stay),
        TEST(test_line_as_drawn),
        TEST(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
