/* SPDX-License-Identifier: MIT */
/* What the parser of templates does at its edges: text that is nearly a tag, the ends of memory,
 * how much memory it asks for and that all of it comes back, the words of its errors. */
#include "fx_lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <envres/list.h>

#include "base/limits.h"

#define VAR(name) "<< environment.variables." name " >>"

/* An allocator that counts, and may fail. */
struct counter {
    size_t live;     /* blocks that were not given back */
    size_t requests; /* that were granted */
    size_t largest;
    size_t refuse_after;
    bool is_once; /* the next request is granted again */
};

static void *
counting_realloc(void *ptr, size_t size, void *user)
{
    struct counter *counter = user;
    if (size == 0) {
        counter->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (counter->requests == counter->refuse_after) {
        counter->refuse_after = counter->is_once ? SIZE_MAX : counter->refuse_after;
        return NULL;
    }
    counter->requests++;
    counter->largest = size > counter->largest ? size : counter->largest;
    counter->live += ptr == NULL;
    return realloc(ptr, size);
}

static envres_status
parse_counted(struct counter *counter, const char *text, uint32_t context, uint32_t flags,
              envres_template **out, envres_error *err)
{
    envres_allocator alloc = { sizeof(alloc), 0, counting_realloc, counter };
    envres_template_options options = {
        .size = sizeof(options), .flags = flags, .context = context, .allocator = &alloc
    };
    return envres_template_parse(text, ENVRES_NUL_TERMINATED, &options, out, err);
}

/* `count` times `piece`, then `rest`. */
static void
add_times(struct buf *text, const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add_str(text, piece);
    assert_int_equal(buf_status(text, NULL), ENVRES_OK);
}

static const struct fx_value values[] = {
    { "environment.variables.X", ENVRES_TYPE_STRING, "x" },
    { "params.x", ENVRES_TYPE_STRING, "p" },
    { NULL, 0, NULL },
};

/* ---- what is a tag ----------------------------------------------------------------------------
 */

static void
test_text_beside_tags(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        { VAR("X") VAR("X"), "xx" },
        { "\\" VAR("X"), VAR("X") },
        { "a\\" VAR("X"), "a" VAR("X") },
        { "a\\\\" VAR("X"), "a\\x" },
        { "\\\\\\" VAR("X") "b", "\\" VAR("X") "b" },
        { VAR("X") "\\" VAR("X"), "x" VAR("X") },
        { VAR("X") "-<environment.variables.X>>", "x-<environment.variables.X>>" },
        { VAR("X") "<-environment.variables.X>>", "x<-environment.variables.X>>" },
        { VAR("X") "<", "x<" },
        { VAR("X") "<<", "x<<" },
        { VAR("X") "<<params.x>>", "xp" },
        { "<<params.x>>" VAR("X"), "px" },
        { "<<<params.x>>", "<p" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, &mem_default, false);
        printf("  %s\n", rows[i].text);
        assert_int_equal(fx_expand(rows[i].text, strlen(rows[i].text), ENVRES_CONTEXT_TEXT, 0,
                                   values, &out, NULL),
                         ENVRES_OK);
        assert_string_equal(out.data, rows[i].expected);
        buf_free(&out);
    }
}

/* An elided backslash leaves no segment that has neither text nor tag. */
static void
test_no_empty_segment(void **state)
{
    struct template_view view;
    envres_template *tmpl = NULL;
    (void)state;
    assert_int_equal(
        envres_template_parse("\\<<app.name>>", ENVRES_NUL_TERMINATED, NULL, &tmpl, NULL),
        ENVRES_OK);
    template_view(tmpl, &view);
    assert_int_equal(view.segment_count, 1);
    assert_int_equal(view.segments[0].offset, 1);
    assert_int_equal(view.literal_len, 12);
    assert_false(template_is_one_tag(tmpl));
    envres_template_unref(tmpl);
}

/* ---- memory -----------------------------------------------------------------------------------
 */

/* Each text lies first at the beginning of a page, behind one that cannot be read, then at the end
 * of it, before one that cannot be read. */
static void
test_nothing_read_outside(void **state)
{
    static const char *const texts[] = {
        VAR("X"),
        "\\" VAR("X"),
        "<<",
        "<",
        "<< environment.variables.X",
        "<<params.x",
        "[<",
        "[<<",
        "\"<",
        "[\"<<",
        "[<<app.name",
        "\\",
        "<<apps.x",
        "<<<",
        "\xC3",
        "{\"<<params.x>>\"",
    };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages, page, PROT_NONE), 0);
    assert_int_equal(mprotect(pages + 2 * page, page, PROT_NONE), 0);
    for (size_t i = 0; i < 2 * sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = strlen(texts[i / 2]);
        char *text = i % 2 ? pages + 2 * page - len : pages + page;
        memcpy(text, texts[i / 2], len);
        for (uint32_t context = ENVRES_CONTEXT_TEXT; context <= ENVRES_CONTEXT_SHELL; context++) {
            envres_template_options options = { .size = sizeof(options), .context = context };
            envres_template *tmpl = NULL;
            envres_error *err = envres_error_new(NULL);
            envres_status st = envres_template_parse(text, len, &options, &tmpl, err);
            assert_true((st == ENVRES_OK) == (tmpl != NULL));
            assert_int_equal(envres_error_code(err), st);
            envres_template_unref(tmpl);
            envres_error_free(err);
        }
        template_has_tag(text, len);
    }
    assert_int_equal(munmap(pages, 3 * page), 0);
}

static void
test_all_memory_comes_back(void **state)
{
    struct buf text;
    struct counter counter = { .refuse_after = SIZE_MAX };
    envres_template *tmpl = NULL;
    (void)state;
    buf_init(&text, &mem_default, false);
    add_times(&text, VAR("X") "<<apps.x>>\\<<app.name>>", 100);
    buf_add_char(&text, '\0');
    assert_int_equal(parse_counted(&counter, text.data, 0, 0, &tmpl, NULL), ENVRES_OK);
    assert_ptr_equal(envres_template_ref(tmpl), tmpl);
    size_t live = counter.live;
    assert_true(live > 0);
    envres_template_unref(tmpl);
    assert_int_equal(counter.live, live);
    envres_template_unref(tmpl);
    assert_int_equal(counter.live, 0);

    /* likewise when the last tag is broken, after all arrays have grown */
    text.len--;
    buf_add_str(&text, "<< params. >>");
    buf_add_char(&text, '\0');
    assert_int_equal(parse_counted(&counter, text.data, 0, 0, &tmpl, NULL), ENVRES_E_SYNTAX);
    assert_int_equal(counter.live, 0);
    buf_free(&text);
}

/* OK means that all is there, though some request was refused; an error of memory says nothing
 * about a place in the text. */
static void
test_refused_memory_loses_nothing(void **state)
{
    struct buf text;
    struct template_view whole;
    struct counter counter = { .refuse_after = SIZE_MAX };
    envres_template *tmpl = NULL;
    (void)state;
    buf_init(&text, &mem_default, false);
    buf_add_str(&text, "[\"\\t" VAR("FIRST") "\"");
    for (int i = 0; i < 60; i++)
        buf_add_format(&text, ",\"a<<params.p%d>>\",\"\\n<< environment.variables.N%d >>\"", i, i);
    buf_add_str(&text, "]");
    buf_add_char(&text, '\0');
    assert_int_equal(parse_counted(&counter, text.data, ENVRES_CONTEXT_JSON, 0, &tmpl, NULL),
                     ENVRES_OK);
    template_view(tmpl, &whole);
    assert_int_equal(whole.segment_count, 122);
    size_t requests = counter.requests;
    envres_template_unref(tmpl);
    for (size_t n = 0; n < 2 * requests; n++) {
        struct template_view view;
        envres_error *err = envres_error_new(NULL);
        counter = (struct counter){ .refuse_after = n / 2, .is_once = n % 2 };
        tmpl = NULL;
        envres_status st = parse_counted(&counter, text.data, ENVRES_CONTEXT_JSON, 0, &tmpl, err);
        if (st == ENVRES_OK) {
            template_view(tmpl, &view);
            assert_int_equal(view.segment_count, whole.segment_count);
            assert_int_equal(view.ref_count, whole.ref_count);
        } else {
            assert_int_equal(st, ENVRES_E_NOMEM);
            assert_int_equal(envres_error_code(err), ENVRES_E_NOMEM);
            assert_int_equal(envres_error_line(err), 0);
        }
        envres_template_unref(tmpl);
        assert_int_equal(counter.live, 0);
        envres_error_free(err);
    }
    buf_free(&text);
}

/* Room for segments is guessed from how dense the tags are, with few requests and without waste. */
static void
test_room_for_segments(void **state)
{
    static const struct {
        const char *name;
        const char *piece[2];
        size_t count[2];
        size_t requests; /* at most */
        size_t largest;
    } rows[] = {
        { "even", { "<<app.name>> and some more text, ", "" }, { 5000, 0 }, 5, 5200 * 16 },
        { "few", { "<<app.name>>", "" }, { 60, 0 }, 4, 4000 },
        { "dense, then sparse", { "<<app.name>>", "text without any " }, { 100, 60000 }, 4, 16384 },
        { "sparse, then dense", { "<<app.name>> %", "<<app.name>>" }, { 48, 400 }, 8, 16384 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf text;
        struct counter counter = { .refuse_after = SIZE_MAX };
        envres_template *tmpl = NULL;
        buf_init(&text, &mem_default, false);
        for (size_t n = 0; n < rows[i].count[0]; n++) {
            add_times(&text, rows[i].piece[0], 1);
            /* what follows each of the sparse ones */
            if (strchr(rows[i].piece[0], '%'))
                add_times(&text, "0123456789abcdef", 128);
        }
        add_times(&text, rows[i].piece[1], rows[i].count[1]);
        buf_add_char(&text, '\0');
        assert_int_equal(buf_status(&text, NULL), ENVRES_OK);
        assert_int_equal(parse_counted(&counter, text.data, 0, ENVRES_TEMPLATE_BORROW, &tmpl, NULL),
                         ENVRES_OK);
        printf("  %s: %zu requests, largest %zu\n", rows[i].name, counter.requests,
               counter.largest);
        assert_true(counter.requests <= rows[i].requests);
        assert_true(counter.largest <= rows[i].largest);
        envres_template_unref(tmpl);
        assert_int_equal(counter.live, 0);
        buf_free(&text);
    }
}

/* The limit of tags is that of all kinds together. */
static void
test_limit_of_mixed_tags(void **state)
{
    struct buf text;
    envres_template *tmpl = NULL;
    envres_error *err = envres_error_new(NULL);
    (void)state;
    buf_init(&text, &mem_default, false);
    add_times(&text, "<<app.name>>", LIMIT_TAGS);
    size_t full = text.len;
    buf_add_str(&text, "<<environment.variables.X>> and more");
    assert_int_equal(envres_template_parse(text.data, text.len, NULL, &tmpl, err), ENVRES_E_LIMIT);
    assert_null(tmpl);
    assert_int_equal(envres_error_offset(err), full);
    envres_error_free(err);
    buf_free(&text);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void
test_tags_outside_of_strings(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        bool is_tag;
    } rows[] = {
        { "<<app.name>>", 0, true },
        { "[<< params.x >>]", 1, true },
        { "{\"a\": " VAR("X") "}", 6, true },
        { "[\"" VAR("X") "\", <<app.name>>]", 34, true },
        { "[<< b]", 1, false },
        { "[<<]", 1, false },
        { "[<", 1, false },
        { "[<app.name>>]", 1, false },
        { "[xyapp.name>>]", 1, false },
        { "[nul]", 4, false },
        { "[1,]", 3, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template *tmpl = NULL;
        envres_error *err = envres_error_new(NULL);
        envres_template_options options = { .size = sizeof(options),
                                            .context = ENVRES_CONTEXT_JSON };
        printf("  %s\n", rows[i].text);
        assert_int_equal(
            envres_template_parse(rows[i].text, ENVRES_NUL_TERMINATED, &options, &tmpl, NULL),
            ENVRES_E_JSON);
        assert_int_equal(
            envres_template_parse(rows[i].text, ENVRES_NUL_TERMINATED, &options, &tmpl, err),
            ENVRES_E_JSON);
        assert_null(tmpl);
        bool says_so =
            strcmp(envres_error_message(err), "a tag outside of a string is not JSON") == 0;
        assert_int_equal(says_so, rows[i].is_tag);
        if (says_so)
            assert_non_null(strstr(envres_error_hint(err), "write it in quotes"));
        assert_int_equal(envres_error_offset(err), rows[i].offset);
        envres_error_free(err);
    }
}

/* An error slot that has the offset of an older error says nothing about this text. */
static void
test_an_older_error_is_no_error(void **state)
{
    envres_template *tmpl = NULL;
    envres_error *err = envres_error_new(NULL);
    envres_template_options options = { .size = sizeof(options), .context = ENVRES_CONTEXT_JSON };
    (void)state;
    assert_int_equal(
        envres_template_parse("[<<app.name>>]", ENVRES_NUL_TERMINATED, &options, &tmpl, err),
        ENVRES_E_JSON);
    assert_int_equal(envres_error_offset(err), 1);
    assert_int_equal(
        envres_template_parse("\"<<app.name>>\"", ENVRES_NUL_TERMINATED, &options, &tmpl, err),
        ENVRES_OK);
    envres_template_unref(tmpl);
    envres_error_free(err);
}

/* What a broken tag is told, and where. */
static void
test_words_of_errors(void **state)
{
    static const struct {
        const char *text;
        const char *message;
        const char *hint;
    } rows[] = {
        { "a << resources.crm >>", "the resource's field is missing in the tag",
          "write resources.NAME.FIELD" },
        { "a << params.x | uper >>", "there is no filter 'uper'", "upper" },
        { "a << apps.x >>", "'apps' is nearly a tag, but opens none", "<< app.x >>" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template *tmpl = NULL;
        envres_error *err = envres_error_new(NULL);
        envres_template_options options = { .size = sizeof(options),
                                            .flags = ENVRES_TEMPLATE_STRICT };
        assert_int_equal(
            envres_template_parse(rows[i].text, ENVRES_NUL_TERMINATED, &options, &tmpl, err),
            ENVRES_E_SYNTAX);
        assert_null(tmpl);
        assert_string_equal(envres_error_message(err), rows[i].message);
        if (!strstr(envres_error_hint(err), rows[i].hint))
            fail_msg("the hint '%s' does not say '%s'", envres_error_hint(err), rows[i].hint);
        assert_int_equal(envres_error_offset(err), 2);
        envres_error_free(err);
    }
}

/* ---- options and values -----------------------------------------------------------------------
 */

static void
test_dialects_and_styles(void **state)
{
    static const struct {
        uint32_t context, dialect, style;
        envres_status status;
        uint32_t style_then;
    } rows[] = {
        { ENVRES_CONTEXT_TEXT, 0, 0, ENVRES_OK, 0 },
        { ENVRES_CONTEXT_TEXT, ENVRES_DIALECT_SQLITE, 0, ENVRES_E_INVALID, 0 },
        { ENVRES_CONTEXT_TEXT, 0, ENVRES_STYLE_QMARK, ENVRES_E_INVALID, 0 },
        { ENVRES_CONTEXT_JSON, ENVRES_DIALECT_MYSQL, ENVRES_STYLE_QMARK, ENVRES_E_INVALID, 0 },
        { ENVRES_CONTEXT_SQL, 0, 0, ENVRES_E_INVALID, 0 },
        { ENVRES_CONTEXT_SQL, 99, 0, ENVRES_E_INVALID, 0 },
        { ENVRES_CONTEXT_SQL, ENVRES_DIALECT_POSTGRES, ENVRES_STYLE_COLON + 1, ENVRES_E_INVALID,
          0 },
        { ENVRES_CONTEXT_SQL, ENVRES_DIALECT_POSTGRES, 0, ENVRES_OK, ENVRES_STYLE_DOLLAR },
        { ENVRES_CONTEXT_SQL, ENVRES_DIALECT_POSTGRES, ENVRES_STYLE_COLON, ENVRES_OK,
          ENVRES_STYLE_COLON },
        { ENVRES_CONTEXT_SQL, ENVRES_DIALECT_MYSQL, 0, ENVRES_OK, ENVRES_STYLE_QMARK },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct template_view view;
        envres_template *tmpl = NULL;
        envres_template_options options = { .size = sizeof(options),
                                            .context = rows[i].context,
                                            .dialect = rows[i].dialect,
                                            .style = rows[i].style };
        assert_int_equal(envres_template_parse("1", 1, &options, &tmpl, NULL), rows[i].status);
        if (rows[i].status < 0) {
            assert_null(tmpl);
            continue;
        }
        template_view(tmpl, &view);
        assert_int_equal(view.style, rows[i].style_then);
        envres_template_unref(tmpl);
    }
}

static void
test_verbatim(void **state)
{
    static const struct {
        const char *text;
        uint32_t context;
        const char *value; /* NULL: none */
        bool is_verbatim;
    } rows[] = {
        { VAR("X"), ENVRES_CONTEXT_TEXT, "abc", true },
        { VAR("X"), ENVRES_CONTEXT_TEXT, NULL, false },
        { "<< params.x | default(\"d\") >>", ENVRES_CONTEXT_TEXT, "abc", true },
        { "<< params.x | default(\"d\") >>", ENVRES_CONTEXT_TEXT, NULL, false },
        { "<< params.x | upper >>", ENVRES_CONTEXT_TEXT, "abc", false },
        { "<< params.x | default(\"d\") | upper >>", ENVRES_CONTEXT_TEXT, "abc", false },
        { VAR("X"), ENVRES_CONTEXT_URL, "abc", true },
        { VAR("X"), ENVRES_CONTEXT_URL, "a/b", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template *tmpl = NULL;
        envres_template_options options = { .size = sizeof(options), .context = rows[i].context };
        assert_int_equal(
            envres_template_parse(rows[i].text, ENVRES_NUL_TERMINATED, &options, &tmpl, NULL),
            ENVRES_OK);
        struct operand value = { ENVRES_TYPE_STRING,
                                 slice_str(rows[i].value ? rows[i].value : "") };
        printf("  %s\n", rows[i].text);
        assert_int_equal(template_is_verbatim(tmpl, 0, rows[i].value ? &value : NULL),
                         rows[i].is_verbatim);
        envres_template_unref(tmpl);
    }
}

/* Filters and the check of a list say what is wrong with a value; nothing is written then. */
static void
test_lists_are_checked(void **state)
{
    static const struct {
        const char *text;
        int32_t type;
        const char *value;
        envres_status status;
    } rows[] = {
        { "<< params.x | list >>", ENVRES_TYPE_JSON, "[1,2]", ENVRES_OK },
        { "<< params.x | list >>", ENVRES_TYPE_JSON, "[]", ENVRES_E_TYPE },
        { "<< params.x | list >>", ENVRES_TYPE_JSON, "{}", ENVRES_E_TYPE },
        { "<< params.x | list >>", ENVRES_TYPE_STRING, "[1]", ENVRES_E_TYPE },
        { "<< params.x >>", ENVRES_TYPE_STRING, "[]", ENVRES_OK },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        envres_template *tmpl = NULL;
        envres_template_options options = { .size = sizeof(options),
                                            .context = ENVRES_CONTEXT_SQL,
                                            .dialect = ENVRES_DIALECT_SQLITE };
        struct operand value = { rows[i].type, slice_str(rows[i].value) };
        assert_int_equal(
            envres_template_parse(rows[i].text, ENVRES_NUL_TERMINATED, &options, &tmpl, NULL),
            ENVRES_OK);
        buf_init(&out, &mem_default, false);
        printf("  %s of %s\n", rows[i].text, rows[i].value);
        assert_int_equal(template_write(tmpl, 0, &value, &out, NULL), rows[i].status);
        if (rows[i].status < 0)
            assert_int_equal(out.len, 0);
        buf_free(&out);
        envres_template_unref(tmpl);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_beside_tags),
        cmocka_unit_test(test_no_empty_segment),
        cmocka_unit_test(test_nothing_read_outside),
        cmocka_unit_test(test_all_memory_comes_back),
        cmocka_unit_test(test_refused_memory_loses_nothing),
        cmocka_unit_test(test_room_for_segments),
        cmocka_unit_test(test_limit_of_mixed_tags),
        cmocka_unit_test(test_tags_outside_of_strings),
        cmocka_unit_test(test_an_older_error_is_no_error),
        cmocka_unit_test(test_words_of_errors),
        cmocka_unit_test(test_dialects_and_styles),
        cmocka_unit_test(test_verbatim),
        cmocka_unit_test(test_lists_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
