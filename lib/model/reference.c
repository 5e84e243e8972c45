/* SPDX-License-Identifier: MIT */
/*
 * References inside one environment: nodes are the stored templates (variables of type template,
 * fields of resources that hold a tag), edges their tags. Whether a variable leads back to itself
 * is found by following its own tags, each node read when a tag first leads to it; who refers to a
 * name, by going through all templates one after the other. Texts of nodes may be secret: they lie
 * in wiped buffers, and the parsed templates borrow them.
 */
#include "model/reference.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "lang/template.h"

/* A stored template; `tmpl` NULL: it is none, or one that cannot be opened or parsed. */
struct stored {
    struct buf text;
    envres_template *tmpl;
};

struct node {
    enum object_class object_class;
    struct slice name; /* behind the struct, like the field */
    struct slice field;
    struct stored stored;
    struct node *next; /* in the same slot */
    uint32_t height;   /* templates of the longest chain that begins here; 0: not known yet */
    bool is_open;      /* on the chain that is followed now */
};

struct reference_graph {
    struct context *ctx;
    const struct environment *environment;
    const struct env_keys *keys;
    struct node **slots; /* chains by hash of name and field; mask + 1 of them */
    size_t mask;
    size_t count;
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

/* ---- stored templates ----------------------------------------------------------------------- */

static void
stored_free(struct stored *stored)
{
    envres_template_unref(stored->tmpl);
    buf_free(&stored->text);
}

/* A row that cannot be opened or parsed refers to nothing: verify reports it, not this. */
static envres_status
stored_read(const struct mem *mem, const struct env_keys *keys, const struct setting *setting,
            struct stored *out, envres_error *err)
{
    bool variable = setting->object_class == OBJECT_VARIABLE;
    buf_init(&out->text, mem, true);
    out->tmpl = NULL;
    if (!setting->is_set || (variable && config_type(setting->kind) != ENVRES_TYPE_TEMPLATE))
        return ENVRES_OK;
    envres_allocator alloc = { .size = sizeof(alloc),
                               .reallocate = mem->reallocate,
                               .user = mem->user };
    envres_template_options options = { .size = sizeof(options),
                                        .flags = ENVRES_TEMPLATE_BORROW,
                                        .allocator = &alloc };
    envres_status st = config_open_value(mem, keys, setting, &out->text, NULL);
    if (st == ENVRES_OK && (variable || template_has_tag(out->text.data, out->text.len)))
        st = envres_template_parse(out->text.data, out->text.len, &options, &out->tmpl, NULL);
    return st == ENVRES_E_NOMEM ? err_code(err, st) : ENVRES_OK;
}

/* ---- the graph ------------------------------------------------------------------------------ */

envres_status
reference_graph_new(struct context *ctx, const struct environment *environment,
                    struct reference_graph **out, envres_error *err)
{
    enum { SLOTS = 16 };
    struct env_keys *keys = NULL;
    envres_status st = context_keys(ctx, environment, &keys, err);
    if (st < 0)
        return st;
    struct reference_graph *graph = mem_alloc_zero(ctx->mem, sizeof(*graph));
    if (!graph)
        return err_code(err, ENVRES_E_NOMEM);
    graph->ctx = ctx;
    graph->environment = environment;
    graph->keys = keys;
    graph->mask = SLOTS - 1;
    graph->slots = mem_alloc_zero(ctx->mem, SLOTS * sizeof(struct node *));
    if (!graph->slots) {
        mem_free(ctx->mem, graph);
        return err_code(err, ENVRES_E_NOMEM);
    }
    seal_random(&graph->seed, sizeof(graph->seed));
    *out = graph;
    return ENVRES_OK;
}

static void
node_free(const struct mem *mem, struct node *node)
{
    stored_free(&node->stored);
    mem_free(mem, node);
}

void
reference_graph_free(struct reference_graph *graph)
{
    if (!graph)
        return;
    const struct mem *mem = graph->ctx->mem;
    for (size_t i = 0; i <= graph->mask; i++) {
        for (struct node *node = graph->slots[i]; node;) {
            struct node *next = node->next;
            node_free(mem, node);
            node = next;
        }
    }
    mem_free(mem, graph->slots);
    mem_free(mem, graph);
}

static struct node **
slot_of(const struct reference_graph *graph, struct slice name, struct slice field)
{
    uint64_t hash = text_hash(graph->seed, name.data, name.len);
    if (field.len > 0)
        hash ^= text_hash(~graph->seed, field.data, field.len);
    return &graph->slots[(size_t)hash & graph->mask];
}

static struct node *
find_node(const struct reference_graph *graph, enum object_class object_class, struct slice name,
          struct slice field)
{
    struct node *node = *slot_of(graph, name, field);
    while (node && (node->object_class != object_class || !slice_equal(node->name, name) ||
                    !slice_equal(node->field, field)))
        node = node->next;
    return node;
}

/* As many slots as nodes, doubled. */
static envres_status
grow_slots(struct reference_graph *graph, envres_error *err)
{
    const struct mem *mem = graph->ctx->mem;
    size_t size = (graph->mask + 1) * 2;
    struct node **old = graph->slots;
    struct node **grown = mem_alloc_array(mem, size, sizeof(struct node *));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    memset(grown, 0, size * sizeof(struct node *));
    size_t old_size = graph->mask + 1;
    graph->slots = grown;
    graph->mask = size - 1;
    for (size_t i = 0; i < old_size; i++) {
        for (struct node *node = old[i]; node;) {
            struct node *next = node->next;
            struct node **slot = slot_of(graph, node->name, node->field);
            node->next = *slot;
            *slot = node;
            node = next;
        }
    }
    mem_free(mem, old);
    return ENVRES_OK;
}

/* What is stored under a name now. Rows exchanged in the file refer to nothing, like damaged ones.
 */
static envres_status
read_node(struct reference_graph *graph, struct node *node, envres_error *err)
{
    struct context *ctx = graph->ctx;
    struct object object = { 0 };
    struct setting_row row = { 0 };
    bool found = false;
    buf_init(&node->stored.text, ctx->mem, true);
    envres_status st = object_find(ctx, node->object_class, node->name, &found, &object, err);
    if (st < 0 || !found)
        return st;
    st = config_current(ctx, graph->environment, &object, node->field, &found, &row, err);
    if (st == ENVRES_E_INTEGRITY) {
        envres_error_clear(err);
        return ENVRES_OK;
    }
    if (st == ENVRES_OK && found) {
        st = stored_read(ctx->mem, graph->keys, &row.setting, &node->stored, err);
        setting_row_free(&row);
    }
    return st;
}

/* The node of a name and field, read where no tag has led to it before. */
static envres_status
need_node(struct reference_graph *graph, enum object_class object_class, struct slice name,
          struct slice field, struct node **out, envres_error *err)
{
    const struct mem *mem = graph->ctx->mem;
    *out = find_node(graph, object_class, name, field);
    if (*out)
        return ENVRES_OK;
    if (graph->count > graph->mask) {
        envres_status st = grow_slots(graph, err);
        if (st < 0)
            return st;
    }
    struct node *node = mem_alloc(mem, sizeof(*node) + name.len + field.len);
    if (!node)
        return err_code(err, ENVRES_E_NOMEM);
    char *texts = (char *)(node + 1);
    memset(node, 0, sizeof(*node));
    memcpy(texts, name.data, name.len);
    if (field.len > 0)
        memcpy(texts + name.len, field.data, field.len);
    node->object_class = object_class;
    node->name = slice_of(texts, name.len);
    node->field = slice_of(texts + name.len, field.len);
    envres_status st = read_node(graph, node, err);
    if (st < 0) {
        node_free(mem, node);
        return st;
    }
    struct node **slot = slot_of(graph, name, field);
    node->next = *slot;
    *slot = node;
    graph->count++;
    *out = node;
    return ENVRES_OK;
}

/* Where a reference leads: a variable, or a resource's field. *out NULL: to no template. */
static envres_status
follow(struct reference_graph *graph, const struct template_ref *ref, struct node **out,
       envres_error *err)
{
    *out = NULL;
    if (ref->root == REF_VARIABLE)
        return need_node(graph, OBJECT_VARIABLE, ref->name, slice_str(""), out, err);
    if (ref->root == REF_RESOURCE)
        return need_node(graph, OBJECT_RESOURCE, ref->name, ref->field, out, err);
    return ENVRES_OK;
}

/*
 * The longest chain below a node, each node's found once. Ends at the first circle or at the first
 * chain that is too long, so it goes no deeper than the limit whatever is stored.
 */
static envres_status
measure(struct reference_graph *graph, struct node *node, uint32_t depth, envres_error *err)
{
    struct template_view view = { 0 };
    uint32_t below = 0;
    if (node->is_open)
        return err_set(err, ENVRES_E_CYCLE, "the template would refer to itself");
    if (depth + (node->height ? node->height - 1 : 0) > LIMIT_TEMPLATE_DEPTH)
        return err_set(err, ENVRES_E_DEPTH, "templates inside templates go deeper than %d",
                       (int)LIMIT_TEMPLATE_DEPTH);
    if (node->height)
        return ENVRES_OK;
    envres_status st = ENVRES_OK;
    node->is_open = true;
    template_view(node->stored.tmpl, &view);
    for (uint32_t r = 0; st == ENVRES_OK && r < view.ref_count; r++) {
        struct node *to = NULL;
        st = follow(graph, &view.refs[r], &to, err);
        if (st < 0 || !to || !to->stored.tmpl)
            continue;
        st = measure(graph, to, depth + 1, err);
        if (st == ENVRES_OK && to->height > below)
            below = to->height;
    }
    node->is_open = false;
    if (st == ENVRES_OK)
        node->height = below + 1;
    return st;
}

envres_status
reference_graph_check(struct reference_graph *graph, struct slice variable, envres_error *err)
{
    struct node *node = NULL;
    envres_status st = need_node(graph, OBJECT_VARIABLE, variable, slice_str(""), &node, err);
    if (st == ENVRES_OK && node->stored.tmpl)
        st = measure(graph, node, 1, err);
    if (st == ENVRES_E_CYCLE || st == ENVRES_E_DEPTH)
        err_subject(err, variable.data, variable.len);
    return st;
}

/* ---- who refers ----------------------------------------------------------------------------- */

/* Called for each reference to the object looked for; a status other than OK ends the search. */
typedef envres_status (*referrer_fn)(void *user, const struct setting *from,
                                     const struct environment *environment, uint32_t offset,
                                     envres_error *err);

struct referrers {
    struct context *ctx;
    const struct environment *environment;
    const struct env_keys *keys;
    enum ref_root root;
    struct slice name;
    referrer_fn each;
    void *user;
};

static envres_status
search_setting(void *user, const struct setting *setting, envres_error *err)
{
    struct referrers *search = user;
    struct stored stored = { .tmpl = NULL };
    struct template_view view = { 0 };
    envres_status st = stored_read(search->ctx->mem, search->keys, setting, &stored, err);
    if (st == ENVRES_OK && stored.tmpl)
        template_view(stored.tmpl, &view);
    for (uint32_t s = 0; st == ENVRES_OK && s < view.segment_count; s++) {
        uint32_t expr = view.segments[s].expr;
        if (expr == EXPR_NONE)
            continue;
        const struct template_ref *ref = &view.refs[view.exprs[expr].ref];
        if (ref->root == search->root && slice_equal(ref->name, search->name))
            st =
                search->each(search->user, setting, search->environment, view.segments[s].tag, err);
    }
    stored_free(&stored);
    return st;
}

/* Inside a change the stored head follows the rows only at its end, so it is not compared. */
static envres_status
each_referrer(struct context *ctx, enum object_class object_class, struct slice name,
              referrer_fn each, void *user, envres_error *err)
{
    struct referrers search = { .ctx = ctx, .name = name, .each = each, .user = user };
    struct environment *all = NULL;
    struct head head = { 0 };
    size_t count = 0;
    bool ok = false;
    search.root = object_class == OBJECT_VARIABLE ? REF_VARIABLE : REF_RESOURCE;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t e = 0; st == ENVRES_OK && e < count; e++) {
        struct env_keys *keys = NULL;
        st = context_keys(ctx, &all[e], &keys, err);
        if (st == ENVRES_E_DENIED) {
            envres_error_clear(err);
            st = ENVRES_OK;
            continue;
        }
        search.environment = &all[e];
        search.keys = keys;
        if (st == ENVRES_OK)
            st = config_each(ctx, &all[e], keys, &head, 0, search_setting, &search, &ok, err);
    }
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
refuse_referred(void *user, const struct setting *from, const struct environment *environment,
                uint32_t offset, envres_error *err)
{
    const struct slice *name = user;
    (void)offset;
    envres_status st =
        err_set(err, ENVRES_E_REFERRED, "'%.*s' is used by %s '%.*s'%s%.*s in %s", (int)name->len,
                name->data, from->object_class == OBJECT_VARIABLE ? "variable" : "resource",
                (int)from->name.len, from->name.data, from->field.len > 0 ? " field " : "",
                (int)from->field.len, from->field.data, environment->key);
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
list_referrer(void *user, const struct setting *from, const struct environment *environment,
              uint32_t offset, envres_error *err)
{
    envres_list *list = user;
    char text[2 * LIMIT_NAME + 16];
    size_t used = 0;
    const struct slice parts[] = {
        slice_str(from->object_class == OBJECT_VARIABLE ? "variable/" : "resource/"),
        from->name,
        slice_str(from->field.len > 0 ? "/" : ""),
        from->field,
    };
    (void)err;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].len > 0)
            memcpy(text + used, parts[i].data, parts[i].len);
        used += parts[i].len;
    }
    list_row(list);
    list_set_text(list, ENVRES_REFERENCE_FROM, text, used);
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
