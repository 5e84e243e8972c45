/* SPDX-License-Identifier: MIT */
/*
 * The graph of references inside one environment: nodes are the stored templates (variables of type
 * template, fields of resources that hold a tag), edges their tags. Small and short-lived: it is
 * loaded for one question and freed. Texts of nodes may be secret: they lie in wiped buffers, and
 * the parsed templates borrow them.
 */
#include "model/reference.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "lang/template.h"

struct node {
    enum object_class object_class;
    char name[LIMIT_NAME + 1];
    char field[LIMIT_NAME + 1];
    struct buf text;
    envres_template *tmpl;
    struct node *next; /* in the same slot */
    uint32_t height;   /* templates of the longest chain that begins here; 0: not known yet */
    bool is_open;      /* on the chain that is followed now */
};

struct reference_graph {
    const struct mem *mem;
    struct node **nodes;
    size_t count;
    size_t room;
    struct node **slots; /* chains by hash of the name; mask + 1 of them */
    size_t mask;
    uint64_t seed;
};

envres_status
reference_check_kinds(const envres_template *tmpl, envres_error *err)
{
    struct template_view view = { 0 };
    template_view(tmpl, &view);
    for (uint32_t i = 0; i < view.segment_count; i++) {
        uint32_t expr = view.segments[i].expr;
        if (expr == EXPR_NONE || view.refs[view.exprs[expr].ref].root != REF_PARAM)
            continue;
        envres_status st =
            err_set(err, ENVRES_E_SYNTAX, "a stored template cannot use parameters of a render");
        template_position(tmpl, i, err);
        return st;
    }
    return ENVRES_OK;
}

static void
node_free(const struct mem *mem, struct node *node)
{
    if (!node)
        return;
    envres_template_unref(node->tmpl);
    buf_free(&node->text);
    mem_free(mem, node);
}

void
reference_graph_free(struct reference_graph *graph)
{
    if (!graph)
        return;
    for (size_t i = 0; i < graph->count; i++)
        node_free(graph->mem, graph->nodes[i]);
    mem_free(graph->mem, graph->slots);
    mem_free(graph->mem, graph->nodes);
    mem_free(graph->mem, graph);
}

static envres_status
add_node(struct reference_graph *graph, struct node *node, envres_error *err)
{
    struct node **grown =
        mem_grow(graph->mem, graph->nodes, &graph->room, graph->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    graph->nodes = grown;
    graph->nodes[graph->count++] = node;
    return ENVRES_OK;
}

struct loader {
    struct context *ctx;
    const struct env_keys *keys;
    struct reference_graph *graph;
};

/* A row that cannot be opened or parsed refers to nothing: verify reports it, not this. */
static envres_status
load_setting(void *user, const struct setting *setting, envres_error *err)
{
    struct loader *loader = user;
    const struct mem *mem = loader->ctx->mem;
    bool variable = setting->object_class == OBJECT_VARIABLE;
    if (!setting->is_set || (variable && config_type(setting->kind) != ENVRES_TYPE_TEMPLATE))
        return ENVRES_OK;
    struct node *node = mem_alloc_zero(mem, sizeof(*node));
    if (!node)
        return err_code(err, ENVRES_E_NOMEM);
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    node->object_class = setting->object_class;
    memcpy(node->name, setting->name.data, setting->name.len);
    if (setting->field.len > 0)
        memcpy(node->field, setting->field.data, setting->field.len);
    buf_init(&node->text, mem, true);
    envres_status st = config_open_value(mem, loader->keys, setting, &node->text, err);
    if (st == ENVRES_OK && (variable || template_has_tag(node->text.data, node->text.len))) {
        st = envres_template_parse(node->text.data, node->text.len, &options, &node->tmpl, err);
        if (st == ENVRES_OK)
            st = add_node(loader->graph, node, err);
        if (st == ENVRES_OK)
            node = NULL;
    }
    node_free(mem, node);
    return st == ENVRES_E_NOMEM ? st : ENVRES_OK;
}

static size_t
slot_of(const struct reference_graph *graph, struct slice name)
{
    return (size_t)text_hash(graph->seed, name.data, name.len) & graph->mask;
}

static envres_status
index_nodes(struct reference_graph *graph, envres_error *err)
{
    size_t size = 16;
    while (size < graph->count)
        size *= 2;
    graph->slots = mem_alloc_array(graph->mem, size, sizeof(struct node *));
    if (!graph->slots)
        return err_code(err, ENVRES_E_NOMEM);
    memset(graph->slots, 0, size * sizeof(struct node *));
    graph->mask = size - 1;
    seal_random(&graph->seed, sizeof(graph->seed));
    for (size_t i = 0; i < graph->count; i++) {
        struct node *node = graph->nodes[i];
        size_t slot = slot_of(graph, slice_str(node->name));
        node->next = graph->slots[slot];
        graph->slots[slot] = node;
    }
    return ENVRES_OK;
}

envres_status
reference_graph_load(struct context *ctx, const struct environment *environment,
                     struct reference_graph **out, envres_error *err)
{
    struct loader loader = { .ctx = ctx };
    struct env_keys *keys = NULL;
    struct head head = { 0 };
    bool ok = false;
    /* Inside a change the stored head follows the rows only at its end, so it is not compared. */
    memset(&head, 0, sizeof(head));
    envres_status st = context_keys(ctx, environment, &keys, err);
    if (st < 0)
        return st;
    loader.keys = keys;
    loader.graph = mem_alloc_zero(ctx->mem, sizeof(*loader.graph));
    if (!loader.graph)
        return err_code(err, ENVRES_E_NOMEM);
    loader.graph->mem = ctx->mem;
    st = config_each(ctx, environment, keys, &head, 0, load_setting, &loader, &ok, err);
    if (st == ENVRES_OK)
        st = index_nodes(loader.graph, err);
    if (st < 0) {
        reference_graph_free(loader.graph);
        return st;
    }
    *out = loader.graph;
    return ENVRES_OK;
}

/* Does this reference lead to that node? A resource's field leads to the field's template. */
static bool
leads_to(const struct template_ref *ref, const struct node *node)
{
    if (node->object_class == OBJECT_VARIABLE)
        return ref->root == REF_VARIABLE && slice_equal(ref->name, slice_str(node->name));
    return ref->root == REF_RESOURCE && slice_equal(ref->name, slice_str(node->name)) &&
           slice_equal(ref->field, slice_str(node->field));
}

/*
 * The longest chain below a node, each node's found once. Ends at the first circle or at the first
 * chain that is too long, so it goes no deeper than the limit whatever is stored.
 */
static envres_status
measure(const struct reference_graph *graph, struct node *node, uint32_t depth)
{
    struct template_view view = { 0 };
    uint32_t below = 0;
    if (node->is_open)
        return ENVRES_E_CYCLE;
    if (depth + (node->height ? node->height - 1 : 0) > LIMIT_TEMPLATE_DEPTH)
        return ENVRES_E_DEPTH;
    if (node->height)
        return ENVRES_OK;
    envres_status st = ENVRES_OK;
    node->is_open = true;
    template_view(node->tmpl, &view);
    for (uint32_t r = 0; st == ENVRES_OK && r < view.ref_count; r++) {
        struct node *to = graph->slots[slot_of(graph, view.refs[r].name)];
        for (; st == ENVRES_OK && to; to = to->next) {
            if (!leads_to(&view.refs[r], to))
                continue;
            st = measure(graph, to, depth + 1);
            if (st == ENVRES_OK && to->height > below)
                below = to->height;
        }
    }
    node->is_open = false;
    if (st == ENVRES_OK)
        node->height = below + 1;
    return st;
}

envres_status
reference_graph_check(const struct reference_graph *graph, struct slice variable, envres_error *err)
{
    envres_status st = ENVRES_OK;
    struct node *node = graph->slots[slot_of(graph, variable)];
    for (; st == ENVRES_OK && node; node = node->next) {
        if (node->object_class == OBJECT_VARIABLE && slice_equal(variable, slice_str(node->name)))
            st = measure(graph, node, 1);
    }
    if (st == ENVRES_E_CYCLE)
        err_set(err, st, "the template would refer to itself");
    else if (st == ENVRES_E_DEPTH)
        err_set(err, st, "templates inside templates go deeper than %d", (int)LIMIT_TEMPLATE_DEPTH);
    if (st < 0)
        err_subject(err, variable.data, variable.len);
    return st;
}

/* ---- who refers ----------------------------------------------------------------------------- */

/* Called for each reference to the object looked for; a status other than OK ends the search. */
typedef envres_status (*referrer_fn)(void *user, const struct node *node,
                                     const struct environment *environment, uint32_t offset,
                                     envres_error *err);

static envres_status
each_referrer(struct context *ctx, enum object_class object_class, struct slice name,
              referrer_fn each, void *user, envres_error *err)
{
    enum ref_root root = object_class == OBJECT_VARIABLE ? REF_VARIABLE : REF_RESOURCE;
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t e = 0; st == ENVRES_OK && e < count; e++) {
        struct reference_graph *graph = NULL;
        st = reference_graph_load(ctx, &all[e], &graph, err);
        if (st == ENVRES_E_DENIED) {
            st = ENVRES_OK;
            continue;
        }
        for (size_t i = 0; st == ENVRES_OK && i < graph->count; i++) {
            struct template_view view = { 0 };
            template_view(graph->nodes[i]->tmpl, &view);
            for (uint32_t s = 0; st == ENVRES_OK && s < view.segment_count; s++) {
                uint32_t expr = view.segments[s].expr;
                if (expr == EXPR_NONE)
                    continue;
                const struct template_ref *ref = &view.refs[view.exprs[expr].ref];
                if (ref->root == root && slice_equal(ref->name, name))
                    st = each(user, graph->nodes[i], &all[e], view.segments[s].tag, err);
            }
        }
        reference_graph_free(graph);
    }
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
refuse_referred(void *user, const struct node *node, const struct environment *environment,
                uint32_t offset, envres_error *err)
{
    const struct slice *name = user;
    (void)offset;
    envres_status st =
        err_set(err, ENVRES_E_REFERRED, "'%.*s' is used by %s '%s'%s%s in %s", (int)name->len,
                name->data, node->object_class == OBJECT_VARIABLE ? "variable" : "resource",
                node->name, node->field[0] ? " field " : "", node->field, environment->key);
    err_subject(err, name->data, name->len);
    err_hint(err, "change that first, or force it");
    return st;
}

envres_status
reference_check_unused(struct context *ctx, enum object_class object_class, struct slice name,
                       envres_error *err)
{
    return each_referrer(ctx, object_class, name, refuse_referred, &name, err);
}

static const char *const reference_columns[ENVRES_REFERENCE_COLUMNS] = { "from", "environment",
                                                                         "offset" };

static envres_status
list_referrer(void *user, const struct node *node, const struct environment *environment,
              uint32_t offset, envres_error *err)
{
    envres_list *list = user;
    char from[2 * LIMIT_NAME + 16];
    size_t used = 0;
    const char *const parts[] = {
        node->object_class == OBJECT_VARIABLE ? "variable/" : "resource/",
        node->name,
        node->field[0] ? "/" : "",
        node->field,
    };
    (void)err;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memcpy(from + used, parts[i], strlen(parts[i]));
        used += strlen(parts[i]);
    }
    list_row(list);
    list_set_text(list, ENVRES_REFERENCE_FROM, from, used);
    list_set_str(list, ENVRES_REFERENCE_ENVIRONMENT, environment->key);
    list_set_int(list, ENVRES_REFERENCE_OFFSET, offset);
    return ENVRES_OK;
}

static envres_status
list_inside(struct context *ctx, enum object_class object_class, struct slice name,
            envres_list *list, envres_error *err)
{
    struct object object = { 0 };
    envres_status st = object_need(ctx, object_class, name, &object, err);
    if (st == ENVRES_OK)
        st = each_referrer(ctx, object_class, name, list_referrer, list, err);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
reference_list(struct context *ctx, struct slice object, envres_list **out, envres_error *err)
{
    static const struct {
        const char *prefix;
        enum object_class object_class;
    } classes[] = { { "variable/", OBJECT_VARIABLE }, { "resource/", OBJECT_RESOURCE } };
    envres_list *list = NULL;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t len = strlen(classes[i].prefix);
        if (object.len <= len || memcmp(object.data, classes[i].prefix, len) != 0)
            continue;
        struct slice name = slice_of(object.data + len, object.len - len);
        envres_status st =
            list_new(ctx->mem, reference_columns, ENVRES_REFERENCE_COLUMNS, &list, err);
        if (st == ENVRES_OK)
            st = db_begin_read(ctx->db, err);
        if (st == ENVRES_OK) {
            st = list_inside(ctx, classes[i].object_class, name, list, err);
            st = db_end(ctx->db, st, NULL, err);
        }
        if (st < 0)
            envres_list_free(list);
        else
            *out = list;
        return st;
    }
    envres_status st =
        err_set(err, ENVRES_E_INVALID, "name the object as variable/NAME or resource/HANDLE");
    err_subject(err, object.data, object.len);
    return st;
}
