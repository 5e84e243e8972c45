/* SPDX-License-Identifier: MIT */
/* Parsing: segments, interning, options, limits, hostile text, running out of memory. What
 * templates give is in the shared vectors (test_template_vectors.c). */
#include "fx_lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <envres/list.h>

#include "base/limits.h"

#define VAR(name) "<< environment.variables." name " >>"

static envres_template *
parse(const char *text, uint32_t context, uint32_t flags)
{
    envres_template_options options = { .size = sizeof(options),
                                        .flags = flags,
                                        .context = context };
    envres_template *tmpl = NULL;
    assert_int_equal(envres_template_parse(text, ENVRES_NUL_TERMINATED, &options, &tmpl, NULL),
                     ENVRES_OK);
    assert_non_null(tmpl);
    return tmpl;
}

static struct template_view
view_of(const envres_template *tmpl)
{
    struct template_view view;
    template_view(tmpl, &view);
    return view;
}

static void
assert_segment(const struct template_view *view, uint32_t index, const char *literal, uint32_t expr)
{
    assert_true(index < view->segment_count);
    const struct segment *segment = &view->segments[index];
    assert_int_equal(segment->len, strlen(literal));
    assert_memory_equal(view->text + segment->offset, literal, segment->len);
    assert_int_equal(segment->expr, expr);
}

static void
test_segments(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct segment), 16);
    envres_template *tmpl =
        parse("GET " VAR("HOST") "/v1?k=<< environment.variables.KEY | url >>", 0, 0);
    struct template_view view = view_of(tmpl);
    assert_int_equal(view.segment_count, 3);
    assert_segment(&view, 0, "GET ", 0);
    assert_segment(&view, 1, "/v1?k=", 1);
    assert_segment(&view, 2, "", EXPR_NONE);
    assert_int_equal(view.ref_count, 2);
    assert_int_equal(view.expr_count, 2);
    assert_int_equal(view.literal_len, 10);
    assert_int_equal(view.refs[1].root, REF_VARIABLE);
    assert_true(slice_equal(view.refs[1].name, slice_str("KEY")));
    assert_int_equal(view.exprs[1].filter_count, 1);
    assert_int_equal(view.segments[0].tag, 4);
    assert_false(view.keys_have_tags);
    envres_template_unref(tmpl);
}

static void
test_interning(void **state)
{
    (void)state;
    envres_template *tmpl =
        parse(VAR("A") VAR("B") VAR("A") "<< params.A >><< resources.A.b >>"
                                         "<< resources.A.c >><< environment.variables.A | upper >>"
                                         "<< environment.variables.A | upper >>"
                                         "<< environment.variables.A | default(1) >>"
                                         "<< environment.variables.A | default(\"1\") >>"
                                         "<< environment.variables.A | default( 1.0 ) >>",
              0, 0);
    struct template_view view = view_of(tmpl);
    assert_int_equal(view.ref_count, 5);
    assert_int_equal(view.expr_count, 8); /* A B p r.b r.c A|upper A|default(1) A|default("1") */
    assert_int_equal(view.segments[0].expr, view.segments[2].expr);
    assert_int_equal(view.segments[6].expr, view.segments[7].expr);
    assert_int_equal(view.segments[8].expr, view.segments[10].expr);
    assert_true(view.exprs[view.segments[8].expr].has_default);
    assert_false(view.exprs[view.segments[6].expr].has_default);
    assert_true(slice_equal(view.refs[3].field, slice_str("b")));
    envres_template_unref(tmpl);

    tmpl = parse("{\"" VAR("A") "\":[\"" VAR("A") "\",\"x" VAR("A") "\",\"" VAR("A") "\"]}",
                 ENVRES_CONTEXT_JSON, 0);
    view = view_of(tmpl);
    assert_int_equal(view.ref_count, 1);
    assert_int_equal(view.expr_count, 3);
    assert_int_equal(view.exprs[0].place, PLACE_JSON_KEY);
    assert_int_equal(view.exprs[1].place, PLACE_JSON_VALUE);
    assert_int_equal(view.exprs[2].place, PLACE_JSON_STRING);
    assert_true(view.keys_have_tags);
    assert_segment(&view, 0, "{\"", 0);
    assert_segment(&view, 1, "\":[", 1);
    assert_segment(&view, 2, ",\"x", 2);
    assert_segment(&view, 3, "\",", 1);
    assert_segment(&view, 4, "]}", EXPR_NONE);
    envres_template_unref(tmpl);
}

/* More names than are compared one by one, each used twice, in text and in escaped JSON. */
static void
test_many_names(void **state)
{
    enum { NAMES = 3000 };
    (void)state;
    for (uint32_t context = ENVRES_CONTEXT_TEXT; context <= ENVRES_CONTEXT_JSON; context++) {
        struct buf text;
        buf_init(&text, &mem_default, false);
        buf_add_str(&text, "[\"");
        for (int i = 0; i < 2 * NAMES; i++)
            buf_add_format(&text, "\\n<< environment.variables.N%d | default(\\\"d%d\\\") >>%s",
                           i % NAMES, i % 7, i == 2 * NAMES - 1 ? "\"]" : "\",\"");
        buf_add_char(&text, '\0');
        if (context == ENVRES_CONTEXT_TEXT) {
            for (char *at = text.data; *at; at++)
                *at = *at == '\\' ? ' ' : *at;
        }
        assert_false(text.failed);
        envres_template *tmpl = parse(text.data, context, 0);
        struct template_view view = view_of(tmpl);
        assert_int_equal(view.ref_count, NAMES);
        assert_int_equal(view.expr_count, 2 * NAMES); /* 3000 and 7 share no factor */
        assert_int_equal(view.segment_count, 2 * NAMES + 1);
        for (uint32_t i = 0; i < 2 * NAMES; i++) {
            char name[16];
            snprintf(name, sizeof(name), "N%u", i % NAMES);
            struct slice found = view.refs[view.exprs[view.segments[i].expr].ref].name;
            assert_true(slice_equal(found, slice_str(name)));
        }
        envres_template_unref(tmpl);
        buf_free(&text);
    }
}

static void
test_options(void **state)
{
    (void)state;
    static const char text[] = "a " VAR("X");
    envres_error *err = envres_error_new(NULL);
    envres_template *tmpl = NULL;
    envres_template_options options = { .size = sizeof(options) };

    options.flags = ENVRES_TEMPLATE_BORROW;
    assert_int_equal(envres_template_parse(text, strlen(text), &options, &tmpl, err), ENVRES_OK);
    assert_ptr_equal(view_of(tmpl).text, text);
    envres_template_unref(tmpl);
    assert_int_equal(envres_template_parse(text, strlen(text), NULL, &tmpl, err), ENVRES_OK);
    assert_ptr_not_equal(view_of(tmpl).text, text);
    const char *name = view_of(tmpl).refs[0].name.data;
    assert_true(name > view_of(tmpl).text && name < view_of(tmpl).text + strlen(text));
    envres_template_unref(tmpl);

    options.flags = 4;
    assert_int_equal(envres_template_parse("a", 1, &options, &tmpl, err), ENVRES_E_INVALID);
    assert_null(tmpl);
    options.flags = 0;
    options.context = 5;
    assert_int_equal(envres_template_parse("a", 1, &options, &tmpl, err), ENVRES_E_INVALID);
    options.context = 0;
    options.reserved = 1;
    assert_int_equal(envres_template_parse("a", 1, &options, &tmpl, err), ENVRES_E_INVALID);
    options.reserved = 0;
    options.size = 4;
    assert_int_equal(envres_template_parse("a", 1, &options, &tmpl, err), ENVRES_E_ABI);
    options.size = sizeof(options);
    assert_int_equal(envres_template_parse("a", 1, &options, NULL, err), ENVRES_E_INVALID);
    assert_int_equal(envres_template_parse(NULL, 1, &options, &tmpl, err), ENVRES_E_INVALID);
    assert_int_equal(envres_template_parse(NULL, ENVRES_NUL_TERMINATED, &options, &tmpl, err),
                     ENVRES_E_INVALID);
    assert_int_equal(envres_template_parse(NULL, 0, &options, &tmpl, err), ENVRES_OK);
    assert_int_equal(view_of(tmpl).segment_count, 1);
    envres_template_unref(tmpl);
    envres_error_free(err);
}

static void
test_references_of_nothing(void **state)
{
    (void)state;
    envres_list *list = NULL;
    envres_template *tmpl = parse("abc", 0, 0);
    assert_int_equal(envres_template_references(NULL, &list, NULL), ENVRES_E_INVALID);
    assert_int_equal(envres_template_references(tmpl, NULL, NULL), ENVRES_E_INVALID);
    assert_int_equal(envres_template_references(tmpl, &list, NULL), ENVRES_OK);
    assert_int_equal(envres_list_count(list), 0);
    assert_int_equal(envres_list_columns(list), ENVRES_TAG_COLUMNS);
    assert_string_equal(envres_list_column_name(list, ENVRES_TAG_HINT), "hint");
    envres_list_free(list);
    assert_ptr_equal(envres_template_ref(tmpl), tmpl);
    envres_template_unref(tmpl);
    assert_int_equal(view_of(tmpl).text_len, 3);
    envres_template_unref(tmpl);
    envres_template_unref(NULL);
    assert_null(envres_template_ref(NULL));
}

static void
test_position(void **state)
{
    (void)state;
    envres_error *err = envres_error_new(NULL);
    envres_template *tmpl = parse("a\n\xC3\xA4 " VAR("X") "\n" VAR("Y"), 0, 0);
    template_position(tmpl, 0, err);
    assert_int_equal(envres_error_offset(err), 5);
    assert_int_equal(envres_error_line(err), 2);
    assert_int_equal(envres_error_column(err), 4);
    template_position(tmpl, 1, err);
    assert_int_equal(envres_error_line(err), 3);
    assert_int_equal(envres_error_column(err), 1);
    envres_template_unref(tmpl);
    envres_error_free(err);
}

static void
test_one_tag(void **state)
{
    static const struct {
        const char *text;
        uint32_t context;
        bool is_one;
    } rows[] = {
        { VAR("X"), ENVRES_CONTEXT_TEXT, true },
        { "<< environment.variables.X | upper >>", ENVRES_CONTEXT_URL, true },
        { " " VAR("X"), ENVRES_CONTEXT_TEXT, false },
        { VAR("X") "\n", ENVRES_CONTEXT_TEXT, false },
        { VAR("X") VAR("X"), ENVRES_CONTEXT_TEXT, false },
        { "", ENVRES_CONTEXT_TEXT, false },
        { "x", ENVRES_CONTEXT_TEXT, false },
        { "\\" VAR("X"), ENVRES_CONTEXT_TEXT, false },
        { "\"" VAR("X") "\"", ENVRES_CONTEXT_JSON, true },
        { "[\"" VAR("X") "\"]", ENVRES_CONTEXT_JSON, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_template *tmpl = parse(rows[i].text, rows[i].context, 0);
        printf("  %s\n", rows[i].text);
        assert_int_equal(template_is_one_tag(tmpl), rows[i].is_one);
        envres_template_unref(tmpl);
    }
}

static void
test_has_tag(void **state)
{
    static const struct {
        const char *text;
        bool has;
    } rows[] = {
        { "", false },
        { "plain", false },
        { "a << b >> c", false },
        { "<<EOF", false },
        { "<<", false },
        { "<< environment", false },
        { "<< enviroment.name >>", false },
        { VAR("X"), true },
        { "x <<app.name", true }, /* a broken tag is the parser's to refuse */
        { "<<<params.x>>", true },
        { "\\<< environment.name >>", true }, /* the backslash is the parser's to take away */
        { "a << b " VAR("X"), true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("  %s\n", rows[i].text);
        assert_int_equal(template_has_tag(rows[i].text, strlen(rows[i].text)), rows[i].has);
    }
}

/* ---- limits and hostile text
 * --------------------------------------------------------------------- */

static char *
repeat(const char *piece, size_t len)
{
    size_t width = strlen(piece);
    char *text = malloc(len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = piece[i % width];
    text[len] = '\0';
    return text;
}

static void
test_limit_of_length(void **state)
{
    (void)state;
    char *text = repeat("abc\n", (size_t)LIMIT_TEMPLATE + 1);
    envres_error *err = envres_error_new(NULL);
    envres_template *tmpl = NULL;
    assert_int_equal(envres_template_parse(text, LIMIT_TEMPLATE, NULL, &tmpl, err), ENVRES_OK);
    assert_int_equal(view_of(tmpl).literal_len, LIMIT_TEMPLATE);
    envres_template_unref(tmpl);
    tmpl = NULL;
    assert_int_equal(envres_template_parse(text, (size_t)LIMIT_TEMPLATE + 1, NULL, &tmpl, err),
                     ENVRES_E_LIMIT);
    assert_null(tmpl);
    assert_int_equal(envres_error_offset(err), LIMIT_TEMPLATE);
    assert_int_equal(envres_error_line(err), LIMIT_TEMPLATE / 4 + 1);
    envres_error_free(err);
    free(text);
}

static void
test_limit_of_tags(void **state)
{
    (void)state;
    static const char tag[] = "<<app.name>>";
    size_t width = strlen(tag);
    char *text = repeat(tag, (LIMIT_TAGS + 1) * width);
    envres_error *err = envres_error_new(NULL);
    envres_template *tmpl = NULL;
    assert_int_equal(envres_template_parse(text, LIMIT_TAGS * width, NULL, &tmpl, err), ENVRES_OK);
    assert_int_equal(view_of(tmpl).segment_count, LIMIT_TAGS + 1);
    assert_int_equal(view_of(tmpl).expr_count, 1);
    envres_template_unref(tmpl);
    assert_int_equal(envres_template_parse(text, (LIMIT_TAGS + 1) * width, NULL, &tmpl, err),
                     ENVRES_E_LIMIT);
    assert_int_equal(envres_error_offset(err), LIMIT_TAGS * width);
    assert_int_equal(envres_error_column(err), LIMIT_TAGS * width + 1);
    envres_error_free(err);
    free(text);
}

static void
test_limit_of_near_misses(void **state)
{
    (void)state;
    static const char near[] = "<<apps.x>>";
    char *text = repeat(near, (LIMIT_NEAR_MISSES + 1) * strlen(near));
    envres_list *list = NULL;
    envres_template *tmpl = parse(text, 0, 0);
    assert_int_equal(envres_template_references(tmpl, &list, NULL), ENVRES_OK);
    assert_int_equal(envres_list_count(list), LIMIT_NEAR_MISSES);
    assert_int_equal(view_of(tmpl).literal_len, (LIMIT_NEAR_MISSES + 1) * strlen(near));
    envres_list_free(list);
    envres_template_unref(tmpl);
    free(text);
}

/* A near miss is told with its own name and place, whether its string had to be decoded or not. */
static void
test_near_misses_in_strings(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        int64_t offset;
    } rows[] = {
        { "a string as it stands", "[\"a<< enviroment.name >>\"]", 3 },
        { "a string with an escape", "[\"\\n<< enviroment.name >>\"]", 4 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_list *list = NULL;
        envres_template *tmpl = parse(rows[i].text, ENVRES_CONTEXT_JSON, 0);
        print_message("    %s\n", rows[i].name);
        assert_int_equal(envres_template_references(tmpl, &list, NULL), ENVRES_OK);
        assert_int_equal(envres_list_count(list), 1);
        assert_string_equal(envres_list_text(list, 0, ENVRES_TAG_KIND, NULL), "near-miss");
        assert_string_equal(envres_list_text(list, 0, ENVRES_TAG_NAME, NULL), "enviroment.name");
        assert_int_equal(envres_list_integer(list, 0, ENVRES_TAG_OFFSET), rows[i].offset);
        envres_list_free(list);
        envres_template_unref(tmpl);
    }
}

static void
test_limit_of_a_literal(void **state)
{
    (void)state;
    struct buf text;
    envres_template *tmpl = NULL;
    for (size_t over = 0; over <= 1; over++) {
        buf_init(&text, &mem_default, false);
        char *filling = repeat("y", LIMIT_VALUE - 2 + over);
        buf_add_str(&text, "<< params.x | default(\"");
        buf_add_str(&text, filling);
        buf_add_str(&text, "\") >>");
        assert_int_equal(envres_template_parse(text.data, text.len, NULL, &tmpl, NULL),
                         over ? ENVRES_E_LIMIT : ENVRES_OK);
        envres_template_unref(tmpl);
        free(filling);
        buf_free(&text);
    }
}

/* A megabyte of each: these end quickly, or the test run does not end. */
static void
test_hostile(void **state)
{
    static const char *const pieces[] = {
        "<",
        "<< ",
        "<<\n",
        "<<e",
        "<< environment",
        "\\",
        "\\<<app.",
        "\\\\\\\\\\\\\\\\<<app.name>>",
        "<<app.name>>",
        "<< apps.",
        "<<enviroment.x>>",
        "<<abcd.efgh.",
        "<<aaaaaaaaaaaaaa.b>>",
        "<< environment.variables.A | default(\"\\\"",
        "<<params.x|default(\"abc\")>>",
        "<<params.x|upper|lower|trim|url|base64|json>>",
        "<<params.x|default(1,",
        "<<environment.name|",
        "((<<-'\"`$${",
        "\"$(",
        "cat <<E\n",
        "\xF0\x9F\x98\x80",
        "<\xC3\xA4<",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        char *text = repeat(pieces[i], 1 << 20);
        printf("  %s\n", pieces[i]);
        for (uint32_t context = 0; context <= ENVRES_CONTEXT_SHELL; context++) {
            envres_template_options options = { .size = sizeof(options), .context = context };
            envres_template *tmpl = NULL;
            envres_status st = envres_template_parse(text, 1 << 20, &options, &tmpl, NULL);
            assert_true((st == ENVRES_OK) == (tmpl != NULL));
            envres_template_unref(tmpl);
        }
        template_has_tag(text, 1 << 20);
        free(text);
    }
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */

struct failing {
    int left;
    bool hit;
};

static void *
failing_realloc(void *ptr, size_t size, void *user)
{
    struct failing *failing = user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (failing->left-- <= 0) {
        failing->hit = true;
        return NULL;
    }
    return realloc(ptr, size);
}

static envres_status
parse_and_list(const char *text, uint32_t context, const envres_allocator *alloc)
{
    envres_template_options options = { .size = sizeof(options),
                                        .context = context,
                                        .allocator = alloc };
    envres_template *tmpl = NULL;
    envres_list *list = NULL;
    struct buf out;
    envres_status st = envres_template_parse(text, ENVRES_NUL_TERMINATED, &options, &tmpl, NULL);
    if (st < 0)
        return st;
    st = envres_template_references(tmpl, &list, NULL);
    envres_list_free(list);
    buf_init(&out, template_mem(tmpl), true);
    if (st == ENVRES_OK)
        st = fx_render(tmpl, fx_rows, NULL, &out, NULL);
    buf_free(&out);
    envres_template_unref(tmpl);
    return st;
}

static void
test_out_of_memory(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, &mem_default, false);
    buf_add_str(&text, "[\"\\n<< enviroment.x >>");
    for (int i = 0; i < 70; i++)
        buf_add_format(&text,
                       "<< environment.variables.N%d | default(\\\"d\\\") | upper | json >>"
                       "<< apps.x >>",
                       i);
    buf_add_str(&text, "\"]");
    buf_add_char(&text, '\0');
    for (int n = 0;; n++) {
        struct failing failing = { n, false };
        envres_allocator alloc = { sizeof(alloc), 0, failing_realloc, &failing };
        envres_status st = parse_and_list(text.data, ENVRES_CONTEXT_JSON, &alloc);
        /* an array that is too large by a little stays as it is: not every refusal is a failure */
        assert_true(st == ENVRES_OK || (failing.hit && st == ENVRES_E_NOMEM));
        if (!failing.hit)
            break;
    }
    for (int n = 0;; n++) {
        struct failing failing = { n, false };
        envres_allocator alloc = { sizeof(alloc), 0, failing_realloc, &failing };
        envres_status st = parse_and_list(
            "x<< params.a | default(\"b\") | base64 >>\\<< app.name >><< env.x >>", 0, &alloc);
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (!failing.hit)
            break;
    }
    /* The shortest tags, whose references outgrow the room there is at first. */
    text.len = 0;
    for (int i = 0; i < 200; i++)
        buf_add_format(&text, VAR("N%d"), i);
    buf_add_char(&text, '\0');
    for (int n = 0;; n++) {
        struct failing failing = { n, false };
        envres_allocator alloc = { sizeof(alloc), 0, failing_realloc, &failing };
        envres_template_options options = { .size = sizeof(options), .allocator = &alloc };
        envres_template *tmpl = NULL;
        envres_status st = envres_template_parse(text.data, text.len - 1, &options, &tmpl, NULL);
        assert_true(st == ENVRES_OK || (failing.hit && st == ENVRES_E_NOMEM));
        assert_true((st == ENVRES_OK) == (tmpl != NULL));
        envres_template_unref(tmpl);
        if (!failing.hit)
            break;
    }
    buf_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_interning),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_references_of_nothing),
        cmocka_unit_test(test_position),
        cmocka_unit_test(test_one_tag),
        cmocka_unit_test(test_has_tag),
        cmocka_unit_test(test_limit_of_length),
        cmocka_unit_test(test_limit_of_tags),
        cmocka_unit_test(test_limit_of_near_misses),
        cmocka_unit_test(test_near_misses_in_strings),
        cmocka_unit_test(test_limit_of_a_literal),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
