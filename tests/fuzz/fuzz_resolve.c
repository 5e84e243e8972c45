/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): the resolver against a naive one that shares no code with it. The same
 * bytes give the values (variables, template variables, parameters, secret ones among them, fields
 * of a resource) and the template. Status, output, the bytes that are secret, and the place of an
 * error must be the same.
 *
 * The scope is put together by hand, as one is that was read from a store, and settled by the
 * library. The input: options, how many values there are, each with the name it is for, its type
 * and its length; then the template.
 */
#include "fuzz_resolve.h"

#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "input.h"
#include "resolve/render.h"

enum { PLAIN = 4, CHAIN = 8, OWN = 5, PARAMS = 4, FIELDS = 3, SLOTS = 64, VALUES = 16 };
enum { VARIABLES = PLAIN + CHAIN + OWN };

/* Variables first: plain ones, template variables, and a chain as deep as may be, with fixed texts.
 * Sorted, as a scope has them. */
static const char *const variable_names[VARIABLES] = { "A",  "B",  "C",  "D",  "L1", "L2",
                                                       "L3", "L4", "L5", "L6", "L7", "L8",
                                                       "T",  "U",  "V",  "W",  "X" };
static const char *const chain_texts[CHAIN] = {
    "<<app.name|default(\"end\")>>",      "<<environment.variables.L1>>",
    "<<environment.variables.L2>>.",      "<<environment.variables.L3>>",
    "<<environment.variables.L4>>",       "<<environment.variables.L5>>",
    "<<environment.variables.L6|upper>>", "<<environment.variables.L7>>"
};
static const char *const param_names[PARAMS] = { "a", "b", "c", "d" };
static const char *const field_names[FIELDS] = { "f", "g", "h" };

/* Values of types whose text has one form. */
static const char *const numbers[] = { "0",     "-1",    "7",    "1.5", "-2.5e-7",
                                       "1e+21", "65536", "1e-9", "0.1", "9223372036854775807" };
static const char *const documents[] = { "{}",      "[]",   "[1,\"x\"]", "{\"a\":\"\\\"\"}",
                                         "\"a b\"", "null", "[[[]]]",    "{\"k\":{\"l\":[true]}}" };

static struct {
    envres_scope scope;
    struct item items[VARIABLES + FIELDS];
    uint32_t slots[SLOTS];
    uint32_t handle_slots[8];
    envres_resource_handle handles[2];
    struct other_name other;
    char keys[2][LIMIT_ENVIRONMENT_KEY + 1];
    struct naive_value variables[VARIABLES];
    struct naive_value params[PARAMS];
    struct naive_value fields[FIELDS];
    struct naive_world world;
    envres_error *err;
} fx;

/* ---- the input ------------------------------------------------------------------------------- */

/* Bytes that are no UTF-8 become question marks: no such value gets into a store. */
static struct slice
take_string(struct input *input, struct pool *pool)
{
    size_t len = take(input) & 63;
    size_t bad = 0;
    len = len < input->size ? len : input->size;
    char *text = pool_alloc(pool, len + 1);
    CHECK(text);
    if (len > 0)
        memcpy(text, input->data, len);
    while (!text_is_utf8(text, len, &bad))
        text[bad] = '?';
    input->data += len;
    input->size -= len;
    return slice_of(text, len);
}

/* A value of the type that the byte says. */
static struct naive_value
take_value(struct input *input, const char *name, uint8_t kind)
{
    static const int32_t types[] = { ENVRES_TYPE_STRING, ENVRES_TYPE_STRING, ENVRES_TYPE_NUMBER,
                                     ENVRES_TYPE_BOOLEAN, ENVRES_TYPE_JSON };
    struct naive_value value = { .name = name, .type = types[kind % 5] };
    struct slice text = { 0 };
    if (value.type == ENVRES_TYPE_NUMBER)
        text = slice_str(numbers[take(input) % (sizeof(numbers) / sizeof(numbers[0]))]);
    else if (value.type == ENVRES_TYPE_BOOLEAN)
        text = slice_str(take(input) & 1 ? "true" : "false");
    else if (value.type == ENVRES_TYPE_JSON)
        text = slice_str(documents[take(input) % (sizeof(documents) / sizeof(documents[0]))]);
    else
        text = take_string(input, &fx.scope.pool);
    value.text = text.data;
    value.len = text.len;
    return value;
}

static void
set_value(struct naive_value *values, size_t *count, struct naive_value value)
{
    for (size_t i = 0; i < *count; i++) {
        if (values[i].name == value.name) {
            values[i] = value;
            return;
        }
    }
    values[(*count)++] = value;
}

/* The chain is there when the template may ask for it. */
static void
take_values(struct input *input)
{
    struct naive_world *world = &fx.world;
    uint8_t count = take(input);
    for (size_t i = 0; count & 128 && i < CHAIN; i++)
        set_value(fx.variables, &world->variables.count,
                  (struct naive_value){ .name = variable_names[PLAIN + i],
                                        .type = ENVRES_TYPE_STRING,
                                        .is_template = true,
                                        .text = chain_texts[i],
                                        .len = strlen(chain_texts[i]) });
    for (size_t i = 0; i < count % VALUES && input->size > 0; i++) {
        uint8_t which = take(input);
        uint8_t kind = which >> 4;
        which &= 15;
        if (which < PLAIN) {
            set_value(fx.variables, &world->variables.count,
                      take_value(input, variable_names[which], kind));
        } else if (which < PLAIN + OWN) {
            struct naive_value value = take_value(input, variable_names[which + CHAIN], 0);
            value.is_template = true;
            set_value(fx.variables, &world->variables.count, value);
        } else if (which < PLAIN + OWN + PARAMS) {
            struct naive_value value = take_value(input, param_names[which - PLAIN - OWN], kind);
            value.is_secret = which - PLAIN - OWN >= 2;
            set_value(fx.params, &world->params.count, value);
        } else {
            set_value(fx.fields, &world->fields.count,
                      take_value(input, field_names[which - PLAIN - OWN - PARAMS], 0));
        }
    }
}

/* ---- the scope ------------------------------------------------------------------------------- */

static void
add_slot(uint32_t *slots, uint32_t mask, struct slice name, uint32_t index)
{
    uint32_t at = (uint32_t)text_hash(fx.scope.seed, name.data, name.len) & mask;
    while (slots[at])
        at = (at + 1) & mask;
    slots[at] = index + 1;
}

static void
begin(void)
{
    envres_scope *scope = &fx.scope;
    scope->mem = mem_default;
    atomic_init(&scope->references, 1);
    scope->forks = fork_count;
    strcpy(scope->environment.key, "development");
    strcpy(scope->environment.label, "Entwicklung \xC3\xBC \"1\"");
    scope->head_ok = true;
    scope->items = fx.items;
    scope->variables = (struct name_table){ fx.slots, SLOTS - 1 };
    scope->resources = (struct name_table){ fx.handle_slots, 7 };
    scope->handles = fx.handles;
    scope->handle_count = 2;
    scope->others = &fx.other;
    scope->other_count = 1;
    scope->environment_keys = fx.keys;
    scope->environment_count = 2;
    fx.other = (struct other_name){ OBJECT_VARIABLE, slice_str("E"), 1 };
    strcpy(fx.keys[0], "development");
    strcpy(fx.keys[1], "staging");
    for (uint32_t i = 0; i < 2; i++) {
        fx.handles[i] = (envres_resource_handle){ .scope = scope, .source = scope };
        fx.handles[i].kind = kind_find(slice_str("custom"));
        fx.handles[i].name = slice_str(i == 0 ? "r" : "s");
        add_slot(fx.handle_slots, 7, fx.handles[i].name, i);
    }
    fx.err = envres_error_new(NULL);
    CHECK(fx.err && fx.handles[0].kind);
}

static void
add_item(const struct naive_value *value, bool is_field)
{
    envres_scope *scope = &fx.scope;
    struct item *item = &fx.items[scope->item_count];
    memset(item, 0, sizeof(*item));
    item->text = pool_copy(&scope->pool, slice_of(value->text, value->len));
    item->type = value->type;
    item->state = ITEM_PLAIN;
    item->is_template = value->is_template;
    item->layer = value->is_template ? LAYER_TEMPLATE : is_field ? LAYER_SETTING : LAYER_VALUE;
    item->setting.object_class = is_field ? OBJECT_RESOURCE : OBJECT_VARIABLE;
    item->setting.name = slice_str(is_field ? "r" : value->name);
    item->setting.field = slice_str(is_field ? value->name : "");
    item->setting.kind = slice_str(is_field ? "custom" : "string");
    item->setting.record = slice_str("");
    item->setting.is_set = true;
    if (!is_field)
        add_slot(fx.slots, SLOTS - 1, item->setting.name, scope->item_count);
    scope->item_count++;
}

static void
fill_scope(void)
{
    envres_scope *scope = &fx.scope;
    memset(fx.slots, 0, sizeof(fx.slots));
    scope->item_count = 0;
    for (size_t i = 0; i < fx.world.variables.count; i++)
        add_item(&fx.variables[i], false);
    scope->variable_count = scope->item_count;
    fx.handles[0].first = scope->item_count;
    fx.handles[0].count = (uint32_t)fx.world.fields.count;
    fx.handles[0].is_set = fx.handles[0].count > 0;
    for (size_t i = 0; i < fx.world.fields.count; i++)
        add_item(&fx.fields[i], true);
    CHECK(scope_settle(scope, NULL) == ENVRES_OK);
}

/* ---- the library ----------------------------------------------------------------------------- */

struct result {
    envres_status status;
    const char *data;
    size_t len;
    envres_value *value; /* NULL: not rendered to one */
    envres_bound *bound;
    size_t error_at;
};

/* One of the ways in which a template becomes text. */
static void
render(envres_template *tmpl, uint8_t way, const envres_render_options *options, struct result *out,
       envres_error *err)
{
    static char room[NAIVE_OUTPUT];
    envres_scope *scope = &fx.scope;
    if (way == 0) {
        out->status =
            envres_template_render_into(tmpl, scope, options, room, sizeof(room), &out->len, err);
        out->data = room;
        return;
    }
    if (way == 1) {
        out->status = envres_template_bind(tmpl, scope, options, &out->bound, err);
        if (out->status == ENVRES_OK)
            out->status = envres_bound_render(out->bound, &out->value, err);
    } else {
        out->status = envres_template_render(tmpl, scope, options, &out->value, err);
    }
    if (out->value)
        out->data = envres_value_data(out->value, &out->len);
}

static void
resolve(const uint8_t *text, size_t len, uint8_t way, struct result *out, envres_error *err)
{
    envres_template_options parse = { .size = sizeof(parse), .context = fx.world.context };
    envres_render_options options = { .size = sizeof(options) };
    envres_template *tmpl = NULL;
    envres_params *params = NULL;
    out->status = envres_template_parse((const char *)text, len, &parse, &tmpl, err);
    if (fx.world.params.count > 0)
        params = envres_params_new(NULL);
    for (size_t i = 0; i < fx.world.params.count; i++) {
        const struct naive_value *value = &fx.params[i];
        CHECK(envres_params_set(params, value->name, ENVRES_NUL_TERMINATED, value->type,
                                value->text, value->len, value->is_secret ? ENVRES_PARAM_SECRET : 0,
                                NULL) == ENVRES_OK);
    }
    options.params = params;
    options.flags = fx.world.forbids_secrets ? ENVRES_RENDER_NO_SECRETS : 0;
    if (out->status == ENVRES_OK)
        render(tmpl, way, &options, out, err);
    out->error_at = envres_error_offset(err);
    envres_params_free(params);
    envres_template_unref(tmpl);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static const char *
compare_secrets(const struct naive_world *world, const struct result *got)
{
    if (!got->value)
        return NULL;
    if ((envres_value_is_secret(got->value) != 0) != world->is_secret)
        return "secret or not";
    if (envres_value_range_count(got->value) != world->range_count)
        return "how many ranges are secret";
    for (uint32_t i = 0; i < world->range_count; i++) {
        size_t start = 0;
        size_t end = 0;
        if (envres_value_range(got->value, i, &start, &end, NULL) < 0 ||
            start != world->ranges[i][0] || end != world->ranges[i][1])
            return "which bytes are secret";
    }
    return NULL;
}

/* What differs, or NULL. */
static const char *
compare(const struct naive_world *world, const struct result *got)
{
    if (got->status == ENVRES_E_SHELL_CONTEXT && world->context == ENVRES_CONTEXT_SHELL)
        return world->may_need_quotes ? NULL : "a tag refused in plain words";
    if (world->is_cut)
        return NULL;
    if (got->status != world->status)
        return "the status";
    if (got->status < 0)
        return got->error_at != SIZE_MAX && world->error_at != SIZE_MAX &&
                       world->error_at != got->error_at
                   ? "the position"
                   : NULL;
    if (got->len != world->len || (got->len > 0 && memcmp(got->data, world->out, got->len) != 0))
        return "the output";
    return compare_secrets(world, got);
}

static void
say(const char *what, const uint8_t *text, size_t len, const struct result *got)
{
    const struct naive_world *world = &fx.world;
    fprintf(stderr, "context %u of '%.*s': %s differs\n", world->context, (int)len,
            (const char *)text, what);
    for (size_t i = 0; i < world->variables.count; i++)
        fprintf(stderr, "  %s = '%.*s'\n", world->variables.values[i].name,
                (int)world->variables.values[i].len, world->variables.values[i].text);
    fprintf(stderr, "  library: %d at %zu '%.*s'\n", got->status, got->error_at,
            got->status < 0 ? 0 : (int)got->len, got->data ? got->data : "");
    fprintf(stderr, "  naive:   %d at %zu '%.*s'\n", world->status, world->error_at,
            world->status < 0 ? 0 : (int)world->len, world->out);
}

bool
resolve_differs(const uint8_t *data, size_t size, enum naive_fault fault, bool says)
{
    struct input input = { data, size < NAIVE_TEXT ? size : NAIVE_TEXT };
    struct naive_world *world = &fx.world;
    struct result got = { 0 };
    if (!fx.err)
        begin();
    uint8_t options = take(&input);
    world->fault = fault;
    world->environment = fx.scope.environment.key;
    world->label = fx.scope.environment.label;
    world->handle = "r";
    world->unset_handle = "s";
    world->set_elsewhere = "E";
    world->context = options & 3;
    world->forbids_secrets = (options & 4) != 0;
    world->variables = (struct naive_values){ fx.variables, 0 };
    world->params = (struct naive_values){ fx.params, 0 };
    world->fields = (struct naive_values){ fx.fields, 0 };
    pool_init(&fx.scope.pool, &mem_default);
    take_values(&input);
    fill_scope();
    envres_error_clear(fx.err);
    /* To word an error takes longer than all else. */
    resolve(input.data, input.size, (options >> 3 & 7) % 3, &got, options & 64 ? fx.err : NULL);
    naive_render(world, (const char *)input.data, input.size);
    const char *what = compare(world, &got);
    if (what && says)
        say(what, input.data, input.size, &got);
    envres_value_free(got.value);
    envres_bound_unref(got.bound);
    for (uint32_t i = 0; i < fx.scope.item_count; i++)
        envres_template_unref(fx.items[i].tmpl);
    pool_free(&fx.scope.pool);
    return what != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CHECK(!resolve_differs(data, size, NAIVE_SOUND, true));
    return 0;
}
