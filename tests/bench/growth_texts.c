/* SPDX-License-Identifier: MIT */
/*
 * Templates: time and memory by the size of the text, up to the library's limit of 16 MiB. A tag
 * every 200 bytes, of 200 names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "growth.h"

enum { NAMES = 200, ROUNDS = 5 };

enum { PARSE, PARSE_MEMORY, PARSE_PEAK, BIND, BIND_MEMORY, RENDER, RENDER_PEAK, EXPAND, JSON };

static const size_t bytes[] = { 1000, 10000, 100000, 1000000, 10000000 };

static struct growth_table texts = {
    .title = "bytes of a template",
    .sizes = bytes,
    .count = 5,
    .rows = {
        [PARSE] = { "parse", "us", LINEAR, { 0 } },
        [PARSE_MEMORY] = { "memory of a template", "KiB", LINEAR, { 0 } },
        [PARSE_PEAK] = { "most while parsing", "KiB", LINEAR, { 0 } },
        [BIND] = { "bind", "us", LINEAR, { 0 } },
        [BIND_MEMORY] = { "memory of a bound one", "KiB", LINEAR, { 0 } },
        [RENDER] = { "render a bound one", "us", LINEAR, { 0 } },
        [RENDER_PEAK] = { "memory of a render", "KiB", LINEAR, { 0 } },
        [EXPAND] = { "parse and render at once", "us", LINEAR, { 0 } },
        [JSON] = { "the same as JSON", "us", LINEAR, { 0 } },
    },
};

/* A JSON array of strings, each with one tag; exactly `size` bytes. */
static char *
make_text(size_t size)
{
    char *text = malloc(size + 512);
    size_t len = 0;
    if (!text)
        exit(1);
    text[len++] = '[';
    for (size_t i = 0; len + 500 < size; i++)
        len += (size_t)snprintf(text + len, 512,
                                "\"row %06zu of << environment.variables.VARIABLE_%06zu >> and "
                                "some more words behind it, as texts have them, until there are "
                                "about two hundred bytes of them in the row, %010zu.\",\n",
                                i, i % NAMES, i);
    text[len++] = '"';
    memset(text + len, 'x', size - len - 2);
    memcpy(text + size - 2, "\"]", 2);
    return text;
}

static void
use_bound(envres_template *tmpl, envres_scope *scope)
{
    envres_bound *bound = NULL;
    envres_value *value = NULL;
    int64_t before = growth_held();
    double begin = growth_now();
    growth_must(envres_template_bind(tmpl, scope, NULL, &bound, NULL), "bind");
    growth_note(&texts, BIND, growth_now() - begin);
    growth_note(&texts, BIND_MEMORY, (double)(growth_held() - before) / 1024);
    size_t need = 0;
    (void)envres_bound_render_into(bound, NULL, 0, &need, NULL);
    char *buffer = malloc(need);
    if (!buffer)
        exit(1);
    begin = growth_now();
    growth_must(envres_bound_render_into(bound, buffer, need, &need, NULL), "render into");
    growth_note(&texts, RENDER, growth_now() - begin);
    growth_mark();
    before = growth_held();
    growth_must(envres_template_render(tmpl, scope, NULL, &value, NULL), "render");
    growth_note(&texts, RENDER_PEAK, (double)(growth_peak() - before) / 1024);
    size_t len = 0;
    const char *data = envres_value_data(value, &len);
    if (len != need || memcmp(data, buffer, len) != 0)
        growth_must(ENVRES_E_INTEGRITY, "two renders differ");
    envres_value_free(value);
    free(buffer);
    envres_bound_unref(bound);
}

static void
expand(envres_scope *scope, const char *text, size_t size, uint32_t context, int row)
{
    envres_value *value = NULL;
    double begin = growth_now();
    growth_must(envres_scope_expand(scope, text, size, context, 0, &value, NULL), "expand");
    growth_note(&texts, row, growth_now() - begin);
    envres_value_free(value);
}

void
growth_texts(struct growth_run *run)
{
    struct growth_store store = { 0 };
    envres_scope *scope = NULL;
    if (!growth_begin(run, &texts, 5))
        return;
    envres_template_options options = { .size = sizeof(options), .allocator = &growth_allocator };
    growth_create(&store, NULL);
    growth_fill(&store, "development", "VARIABLE", 0, NAMES, 0);
    growth_must(envres_scope_open(store.session, "development", TEXT, NULL, &scope, NULL), "scope");
    for (texts.current = 0; texts.current < texts.count; texts.current++) {
        size_t size = texts.sizes[texts.current];
        char *text = make_text(size);
        for (int round = 0; round < ROUNDS; round++) {
            envres_template *tmpl = NULL;
            int64_t before = growth_held();
            growth_mark();
            double begin = growth_now();
            growth_must(envres_template_parse(text, size, &options, &tmpl, NULL), "parse");
            growth_note(&texts, PARSE, growth_now() - begin);
            growth_note(&texts, PARSE_MEMORY, (double)(growth_held() - before) / 1024);
            growth_note(&texts, PARSE_PEAK, (double)(growth_peak() - before) / 1024);
            use_bound(tmpl, scope);
            envres_template_unref(tmpl);
            expand(scope, text, size, ENVRES_CONTEXT_TEXT, EXPAND);
            expand(scope, text, size, ENVRES_CONTEXT_JSON, JSON);
        }
        free(text);
    }
    envres_scope_unref(scope);
    growth_close(&store);
    growth_print(run, &texts);
}
