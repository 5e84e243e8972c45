/* SPDX-License-Identifier: MIT */
/*
 * A store in memory from a document. The document's form is checked here, key by key; what the
 * values may be is the library's business, whose errors are given the position of the value. Writes
 * go in one call for each environment, and one for each resource and environment.
 */
#include <envres/testing.h>

#include <envres/environment.h>
#include <envres/error.h>
#include <envres/list.h>
#include <envres/resource.h>
#include <envres/value.h>
#include <envres/variable.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "reader.h"

enum { MESSAGE = 400, KEY = 32 };

struct filler {
    struct tree tree;
    envres_session *session;
    envres_change change;
    envres_list *environments; /* of the store, once those of the document are added */
    envres_error *err;
};

static const struct node *
node_at(const struct filler *filler, node_id id)
{
    return &filler->tree.nodes[id];
}

static node_id
member(const struct filler *filler, node_id object, const char *key)
{
    return tree_member(&filler->tree, object, key, strlen(key));
}

static void
point_at(struct filler *filler, size_t offset)
{
    envres_error_set_position(filler->err, filler->tree.text, filler->tree.len, offset);
}

/* Refuses the document at an offset. */
__attribute__((format(printf, 4, 5))) static envres_status
refuse(struct filler *filler, size_t offset, const char *hint, const char *format, ...)
{
    char message[MESSAGE];
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    envres_error_set(filler->err, ENVRES_E_JSON, message, ENVRES_NUL_TERMINATED, hint,
                     hint ? ENVRES_NUL_TERMINATED : 0);
    point_at(filler, offset);
    return ENVRES_E_JSON;
}

/* A name for a message: at most 128 bytes of it. */
static int
shown(const struct node *node)
{
    return node->key_len < 128 ? (int)node->key_len : 128;
}

static envres_status
want_object(struct filler *filler, node_id id, const char *what)
{
    const struct node *node = node_at(filler, id);
    if (node->kind == NODE_OBJECT)
        return ENVRES_OK;
    return refuse(filler, node->offset, NULL, "%s is an object", what);
}

/* An object with no other keys than those of a list, which ends in NULL. */
static envres_status
check_keys(struct filler *filler, node_id object, const char *what, const char *const *keys)
{
    char hint[MESSAGE] = "its keys are";
    envres_status st = want_object(filler, object, what);
    if (st < 0)
        return st;
    for (const char *const *key = keys; *key; key++) {
        size_t used = strlen(hint);
        snprintf(hint + used, sizeof(hint) - used, "%s %s", key == keys ? "" : ",", *key);
    }
    for (node_id id = node_at(filler, object)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        const struct node *node = node_at(filler, id);
        bool known = false;
        for (const char *const *key = keys; *key && !known; key++)
            known = strlen(*key) == node->key_len && memcmp(*key, node->key, node->key_len) == 0;
        if (!known)
            return refuse(filler, node->key_offset, hint, "%s has no key '%.*s'", what, shown(node),
                          node->key);
    }
    return ENVRES_OK;
}

/* A member that is a string: NULL and 0 when absent. */
static envres_status
get_text(struct filler *filler, node_id object, const char *key, const char **text, size_t *len)
{
    node_id id = member(filler, object, key);
    if (id == NODE_NONE)
        return ENVRES_OK;
    const struct node *node = node_at(filler, id);
    if (node->kind != NODE_STRING)
        return refuse(filler, node->offset, NULL, "'%s' is a string", key);
    *text = node->text;
    *len = node->len;
    return ENVRES_OK;
}

/* A member that is true or false: sets one of two flags, none when absent. */
static envres_status
get_flag(struct filler *filler, node_id object, const char *key, uint32_t on, uint32_t off,
         uint32_t *flags)
{
    node_id id = member(filler, object, key);
    if (id == NODE_NONE)
        return ENVRES_OK;
    const struct node *node = node_at(filler, id);
    if (node->kind != NODE_BOOLEAN)
        return refuse(filler, node->offset, NULL, "'%s' is true or false", key);
    *flags |= node->text[0] == 't' ? on : off;
    return ENVRES_OK;
}

/* ---- environments -------------------------------------------------------------------------- */

static bool
is_builtin(const struct node *node)
{
    static const char *const names[] = { "development", "staging", "production" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == node->key_len && memcmp(names[i], node->key, node->key_len) == 0)
            return true;
    }
    return false;
}

static envres_status
fill_environment(struct filler *filler, node_id id)
{
    static const char *const keys[] = { "label",     "color",          "after", "off_path",
                                        "protected", "require_reason", NULL };
    envres_environment_options options = { .size = sizeof(options) };
    const struct node *node = node_at(filler, id);
    envres_status st = check_keys(filler, id, "an environment", keys);
    if (st == ENVRES_OK)
        st = get_text(filler, id, "label", &options.label, &options.label_len);
    if (st == ENVRES_OK)
        st = get_text(filler, id, "color", &options.color, &options.color_len);
    if (st == ENVRES_OK)
        st = get_text(filler, id, "after", &options.after, &options.after_len);
    if (st == ENVRES_OK)
        st = get_flag(filler, id, "off_path", ENVRES_ENVIRONMENT_OFF_PATH, 0, &options.flags);
    if (st == ENVRES_OK)
        st = get_flag(filler, id, "protected", ENVRES_ENVIRONMENT_PROTECT,
                      ENVRES_ENVIRONMENT_UNPROTECT, &options.flags);
    if (st == ENVRES_OK)
        st = get_flag(filler, id, "require_reason", ENVRES_ENVIRONMENT_REASON,
                      ENVRES_ENVIRONMENT_NO_REASON, &options.flags);
    if (st < 0)
        return st;
    if (is_builtin(node))
        st = envres_environment_set(filler->session, node->key, node->key_len, &options,
                                    &filler->change, filler->err);
    else
        st = envres_environment_add(filler->session, node->key, node->key_len, &options,
                                    &filler->change, filler->err);
    if (st < 0)
        point_at(filler, node->key_offset);
    return st;
}

/* The keys of this object are environments of the store. */
static envres_status
check_environments(struct filler *filler, node_id object, const char *what)
{
    envres_status st = want_object(filler, object, what);
    if (st < 0)
        return st;
    for (node_id id = node_at(filler, object)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        const struct node *node = node_at(filler, id);
        bool known = false;
        for (size_t i = 0; i < envres_list_count(filler->environments) && !known; i++) {
            size_t len = 0;
            const char *key =
                envres_list_text(filler->environments, i, ENVRES_ENVIRONMENT_KEY, &len);
            known = len == node->key_len && memcmp(key, node->key, len) == 0;
        }
        if (!known)
            return refuse(filler, node->key_offset, "add it under \"environments\"",
                          "there is no environment '%.*s'", shown(node), node->key);
    }
    return ENVRES_OK;
}

/* ---- variables ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int32_t type;
} types[] = {
    { "string", ENVRES_TYPE_STRING },     { "number", ENVRES_TYPE_NUMBER },
    { "boolean", ENVRES_TYPE_BOOLEAN },   { "json", ENVRES_TYPE_JSON },
    { "template", ENVRES_TYPE_TEMPLATE },
};

static envres_status
get_type(struct filler *filler, node_id variable, int32_t *type)
{
    const char *name = NULL;
    size_t len = 0;
    envres_status st = get_text(filler, variable, "type", &name, &len);
    *type = 0;
    if (st < 0 || !name)
        return st;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strlen(types[i].name) == len && memcmp(types[i].name, name, len) == 0) {
            *type = types[i].type;
            return ENVRES_OK;
        }
    }
    return refuse(filler, node_at(filler, member(filler, variable, "type"))->offset,
                  "types are string, number, boolean, json, template",
                  "there is no such type of a variable");
}

/* The type that a value has of itself. */
static int32_t
own_type(enum node_kind kind)
{
    switch (kind) {
    case NODE_STRING:
        return ENVRES_TYPE_STRING;
    case NODE_NUMBER:
        return ENVRES_TYPE_NUMBER;
    case NODE_BOOLEAN:
        return ENVRES_TYPE_BOOLEAN;
    case NODE_OBJECT:
    case NODE_ARRAY:
    case NODE_NULL:
        break;
    }
    return ENVRES_TYPE_JSON;
}

static envres_status
check_value(struct filler *filler, const struct node *value, int32_t type)
{
    if (value->kind == NODE_NULL && type != ENVRES_TYPE_JSON)
        return refuse(filler, value->offset,
                      "leave out an environment that has no value; null is a value of type json",
                      "null is not a value");
    if (value->kind != NODE_STRING && (type == ENVRES_TYPE_STRING || type == ENVRES_TYPE_TEMPLATE))
        return refuse(filler, value->offset, NULL, "a value of type %s is in quotes",
                      envres_type_name(type));
    return ENVRES_OK;
}

/* The form of one variable; its values are written later, with those of the others. */
static envres_status
check_variable(struct filler *filler, node_id id)
{
    static const char *const keys[] = { "type", "secret", "values", NULL };
    int32_t type = 0;
    uint32_t flags = 0;
    envres_status st = check_keys(filler, id, "a variable", keys);
    if (st == ENVRES_OK)
        st = get_type(filler, id, &type);
    if (st == ENVRES_OK)
        st = get_flag(filler, id, "secret", 1, 0, &flags);
    if (st < 0)
        return st;
    node_id values = member(filler, id, "values");
    if (values == NODE_NONE)
        return refuse(filler, node_at(filler, id)->offset,
                      "write \"values\": {\"development\": ...}", "'values' is missing");
    st = check_environments(filler, values, "'values'");
    if (st < 0)
        return st;
    for (node_id v = node_at(filler, values)->first; v != NODE_NONE; v = node_at(filler, v)->next) {
        st = check_value(filler, node_at(filler, v), type);
        if (st < 0)
            return st;
    }
    return ENVRES_OK;
}

/* The value of a variable in an environment, or NODE_NONE. */
static node_id
value_in(const struct filler *filler, node_id variable, const char *environment, size_t len)
{
    return tree_member(&filler->tree, member(filler, variable, "values"), environment, len);
}

static uint32_t
collect_writes(struct filler *filler, node_id variables, const char *environment, size_t len,
               envres_variable_write *writes)
{
    uint32_t count = 0;
    for (node_id id = node_at(filler, variables)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        node_id found = value_in(filler, id, environment, len);
        if (found == NODE_NONE)
            continue;
        const struct node *value = node_at(filler, found);
        envres_variable_write *write = &writes[count++];
        *write = (envres_variable_write){
            .size = sizeof(*write),
            .name = node_at(filler, id)->key,
            .name_len = node_at(filler, id)->key_len,
            .value = value->text,
            .value_len = value->len,
        };
        /* Both were checked with the form. */
        get_type(filler, id, &write->type);
        get_flag(filler, id, "secret", ENVRES_WRITE_SECRET, ENVRES_WRITE_PLAIN, &write->flags);
        if (write->type == 0)
            write->type = own_type(value->kind);
    }
    return count;
}

/* The library names the variable at fault; the document knows where its value stands. */
static void
point_at_variable(struct filler *filler, node_id variables, const char *environment, size_t len)
{
    const char *name = envres_error_subject(filler->err);
    node_id id = tree_member(&filler->tree, variables, name, strlen(name));
    node_id value = id == NODE_NONE ? NODE_NONE : value_in(filler, id, environment, len);
    if (value != NODE_NONE)
        point_at(filler, node_at(filler, value)->offset);
    else
        point_at(filler, node_at(filler, variables)->offset);
}

static envres_status
fill_variables(struct filler *filler, node_id variables)
{
    uint32_t room = 0;
    envres_status st = want_object(filler, variables, "'variables'");
    if (st < 0)
        return st;
    for (node_id id = node_at(filler, variables)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        room++;
        st = check_variable(filler, id);
        if (st < 0)
            return st;
    }
    if (room == 0)
        return ENVRES_OK;
    envres_variable_write *writes =
        memory_resize(&filler->tree.memory, NULL, room * sizeof(*writes));
    if (!writes)
        return envres_error_set(filler->err, ENVRES_E_NOMEM, "out of memory", ENVRES_NUL_TERMINATED,
                                NULL, 0);
    for (size_t i = 0; i < envres_list_count(filler->environments) && st == ENVRES_OK; i++) {
        size_t len = 0;
        const char *key = envres_list_text(filler->environments, i, ENVRES_ENVIRONMENT_KEY, &len);
        uint32_t count = collect_writes(filler, variables, key, len, writes);
        if (count > 0)
            st = envres_variable_put_many(filler->session, key, len, writes, count, &filler->change,
                                          NULL, filler->err);
        if (st < 0)
            point_at_variable(filler, variables, key, len);
    }
    memory_release(&filler->tree.memory, writes);
    return st;
}

/* ---- resources ----------------------------------------------------------------------------- */

/* `secret` of a resource is a list of names. */
static envres_status
check_secret_list(struct filler *filler, node_id secret)
{
    if (secret == NODE_NONE)
        return ENVRES_OK;
    if (node_at(filler, secret)->kind != NODE_ARRAY)
        return refuse(filler, node_at(filler, secret)->offset, NULL,
                      "'secret' of a resource is a list of its fields");
    for (node_id id = node_at(filler, secret)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        if (node_at(filler, id)->kind != NODE_STRING)
            return refuse(filler, node_at(filler, id)->offset, NULL, "a field's name is a string");
    }
    return ENVRES_OK;
}

static bool
is_listed(const struct filler *filler, node_id list, const struct node *field)
{
    if (list == NODE_NONE)
        return false;
    for (node_id id = node_at(filler, list)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        const struct node *node = node_at(filler, id);
        if (node->len == field->key_len && memcmp(node->text, field->key, node->len) == 0)
            return true;
    }
    return false;
}

/* A name in `secret` that no environment sets is a slip of the pen, and would leave a secret plain.
 */
static envres_status
check_secrets_used(struct filler *filler, node_id secret, node_id settings)
{
    if (secret == NODE_NONE)
        return ENVRES_OK;
    for (node_id id = node_at(filler, secret)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        const struct node *name = node_at(filler, id);
        bool used = false;
        node_id env = settings == NODE_NONE ? NODE_NONE : node_at(filler, settings)->first;
        for (; env != NODE_NONE && !used; env = node_at(filler, env)->next)
            used = node_at(filler, env)->kind == NODE_OBJECT &&
                   tree_member(&filler->tree, env, name->text, name->len) != NODE_NONE;
        if (!used)
            return refuse(filler, name->offset, NULL, "no environment sets this field");
    }
    return ENVRES_OK;
}

/* The fields of a resource in one environment. */
static envres_status
fill_settings(struct filler *filler, node_id resource, node_id settings)
{
    envres_resource_field *fields = NULL;
    node_id secret = member(filler, resource, "secret");
    size_t count = 0;
    envres_status st = want_object(filler, settings, "the settings of an environment");
    if (st < 0)
        return st;
    for (node_id id = node_at(filler, settings)->first; id != NODE_NONE;
         id = node_at(filler, id)->next) {
        count++;
        if (node_at(filler, id)->kind == NODE_NULL)
            return refuse(filler, node_at(filler, id)->offset, "leave the field out",
                          "null is not a setting");
    }
    fields = memory_resize(&filler->tree.memory, NULL, (count + 1) * sizeof(*fields));
    if (!fields)
        return envres_error_set(filler->err, ENVRES_E_NOMEM, "out of memory", ENVRES_NUL_TERMINATED,
                                NULL, 0);
    envres_resource_field *field = fields;
    for (node_id id = node_at(filler, settings)->first; id != NODE_NONE;
         id = node_at(filler, id)->next, field++) {
        const struct node *node = node_at(filler, id);
        *field = (envres_resource_field){
            .size = sizeof(*field),
            .flags = is_listed(filler, secret, node) ? ENVRES_FIELD_SECRET : 0,
            .name = node->key,
            .name_len = node->key_len,
            .value = node->text,
            .value_len = node->len,
        };
    }
    const envres_resource_write write = {
        .size = sizeof(write),
        .handle = node_at(filler, resource)->key,
        .handle_len = node_at(filler, resource)->key_len,
        .fields = fields,
        .count = count,
    };
    st = envres_resource_configure(filler->session, node_at(filler, settings)->key,
                                   node_at(filler, settings)->key_len, &write, &filler->change,
                                   NULL, filler->err);
    if (st < 0)
        point_at(filler, node_at(filler, settings)->offset);
    memory_release(&filler->tree.memory, fields);
    return st;
}

static envres_status
fill_fallback(struct filler *filler, node_id resource, node_id id)
{
    const struct node *node = node_at(filler, id);
    if (node->kind != NODE_STRING)
        return refuse(filler, node->offset, NULL, "a fallback is an environment's key");
    const envres_fallback fallback = {
        .size = sizeof(fallback),
        .handle = node_at(filler, resource)->key,
        .handle_len = node_at(filler, resource)->key_len,
        .to = node->text,
        .to_len = node->len,
    };
    envres_status st = envres_resource_fallback(filler->session, node->key, node->key_len,
                                                &fallback, &filler->change, filler->err);
    if (st < 0)
        point_at(filler, node->offset);
    return st;
}

static envres_status
define_resource(struct filler *filler, node_id id)
{
    static const char *const keys[] = { "kind", "secret", "settings", "fallback", NULL };
    const struct node *node = node_at(filler, id);
    const char *kind = NULL;
    size_t kind_len = 0;
    envres_status st = check_keys(filler, id, "a resource", keys);
    if (st == ENVRES_OK)
        st = get_text(filler, id, "kind", &kind, &kind_len);
    if (st == ENVRES_OK)
        st = check_secret_list(filler, member(filler, id, "secret"));
    if (st < 0)
        return st;
    if (!kind)
        return refuse(filler, node->offset, NULL, "'kind' is missing");
    st = envres_resource_define(filler->session, node->key, node->key_len, kind, kind_len,
                                &filler->change, filler->err);
    if (st < 0)
        point_at(filler, node->key_offset);
    return st;
}

static envres_status
fill_resource(struct filler *filler, node_id id)
{
    node_id settings = member(filler, id, "settings");
    node_id fallback = member(filler, id, "fallback");
    envres_status st = define_resource(filler, id);
    if (st == ENVRES_OK && settings != NODE_NONE)
        st = check_environments(filler, settings, "'settings'");
    if (st == ENVRES_OK)
        st = check_secrets_used(filler, member(filler, id, "secret"), settings);
    if (st == ENVRES_OK && fallback != NODE_NONE)
        st = check_environments(filler, fallback, "'fallback'");
    if (st == ENVRES_OK && settings != NODE_NONE) {
        for (node_id s = node_at(filler, settings)->first; s != NODE_NONE && st == ENVRES_OK;
             s = node_at(filler, s)->next)
            st = fill_settings(filler, id, s);
    }
    if (st == ENVRES_OK && fallback != NODE_NONE) {
        for (node_id f = node_at(filler, fallback)->first; f != NODE_NONE && st == ENVRES_OK;
             f = node_at(filler, f)->next)
            st = fill_fallback(filler, id, f);
    }
    return st;
}

/* ---- the document -------------------------------------------------------------------------- */

/* Calls a function for each member of an object of the document, if it has that object. */
static envres_status
fill_each(struct filler *filler, const char *key,
          envres_status (*fill)(struct filler *filler, node_id id))
{
    node_id object = member(filler, 0, key);
    if (object == NODE_NONE)
        return ENVRES_OK;
    envres_status st = want_object(filler, object, key);
    if (st < 0)
        return st;
    for (node_id id = node_at(filler, object)->first; id != NODE_NONE && st == ENVRES_OK;
         id = node_at(filler, id)->next)
        st = fill(filler, id);
    return st;
}

static envres_status
fill_store(struct filler *filler)
{
    static const char *const keys[] = { "environments", "variables", "resources", NULL };
    envres_status st = check_keys(filler, 0, "the document", keys);
    node_id variables = st == ENVRES_OK ? member(filler, 0, "variables") : NODE_NONE;
    if (st == ENVRES_OK)
        st = fill_each(filler, "environments", fill_environment);
    if (st == ENVRES_OK)
        st = envres_environment_list(filler->session, &filler->environments, filler->err);
    if (st == ENVRES_OK && variables != NODE_NONE)
        st = fill_variables(filler, variables);
    if (st == ENVRES_OK)
        st = fill_each(filler, "resources", fill_resource);
    envres_list_free(filler->environments);
    return st;
}

static envres_status
make_store(const envres_store_options *options, envres_store **store, envres_session **session,
           envres_error *err)
{
    uint8_t key[KEY];
    envres_status st = envres_key_generate(key, err);
    if (st < 0)
        return st;
    const envres_credential credential = {
        .size = sizeof(credential),
        .kind = ENVRES_CREDENTIAL_RAW_KEY,
        .secret = key,
        .secret_len = sizeof(key),
    };
    st = envres_store_create(NULL, 0, options, &credential, store, err);
    if (st == ENVRES_OK)
        st = envres_session_open(*store, NULL, 0, &credential, session, err);
    return st;
}

envres_status
envres_testing_open(const char *json, size_t len, const envres_store_options *options,
                    envres_store **store, envres_session **session, envres_error *err)
{
    static const char reason[] = "envres_testing_open";
    envres_store *made = NULL;
    struct filler filler = {
        .change = { .size = sizeof(envres_change),
                    .reason = reason,
                    .reason_len = sizeof(reason) - 1 },
        .err = err,
    };
    if (!json || !store || !session)
        return envres_error_set(err, ENVRES_E_INVALID, "an argument is NULL", ENVRES_NUL_TERMINATED,
                                NULL, 0);
    *store = NULL;
    *session = NULL;
    envres_status st = tree_read(&filler.tree, options ? options->allocator : NULL, json,
                                 len == ENVRES_NUL_TERMINATED ? strlen(json) : len, err);
    if (st < 0)
        return st;
    st = make_store(options, &made, &filler.session, err);
    if (st == ENVRES_OK)
        st = fill_store(&filler);
    tree_free(&filler.tree);
    if (st < 0) {
        envres_session_close(filler.session);
        envres_store_close(made);
        return st;
    }
    *store = made;
    *session = filler.session;
    return ENVRES_OK;
}
