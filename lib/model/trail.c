/* SPDX-License-Identifier: MIT */
/*
 * Reading the audit, and the one entry that reading leaves. Filters are part of the walk, so that a
 * limit counts entries that are wanted. Nothing is checked here: a chain that was bent is shown as
 * it lies, verify says so.
 */
#include "model/trail.h"

#include <string.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "guard/anchor.h"
#include "model/kind.h"

static const char trail_sql[] =
    "SELECT a.sequence, a.time, a.actor, a.asserted_by, a.action, a.object, e.key, a.revision,"
    " a.outcome, a.reason, a.operation, a.policy_version, a.environment_id FROM audit a"
    " LEFT JOIN environment e ON e.id = a.environment_id"
    " WHERE a.workspace_id = ?1 AND a.sequence > ?2 ORDER BY a.sequence";

enum {
    AT_SEQUENCE,
    AT_TIME,
    AT_ACTOR,
    AT_ASSERTED_BY,
    AT_ACTION,
    AT_OBJECT,
    AT_ENVIRONMENT,
    AT_REVISION,
    AT_OUTCOME,
    AT_REASON,
    AT_OPERATION,
    AT_POLICY,
    AT_ENVIRONMENT_ID
};

static const char *const trail_columns[ENVRES_AUDIT_COLUMNS] = {
    "sequence",    "time",     "actor",   "asserted_by", "action",    "object",
    "environment", "revision", "outcome", "reason",      "operation", "policy",
};

/* "app/A", "version/A", "version/A/...", "part/A/...". */
static bool
is_of_app(struct slice object, struct slice app)
{
    static const char *const kinds[] = { "app/", "version/", "part/" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = strlen(kinds[i]);
        if (object.len < len + app.len || memcmp(object.data, kinds[i], len) != 0 ||
            memcmp(object.data + len, app.data, app.len) != 0)
            continue;
        if (object.len == len + app.len || object.data[len + app.len] == '/')
            return true;
    }
    return false;
}

static bool
is_wanted(struct db_stmt *stmt, const struct trail_request *request,
          const struct environment *environment)
{
    struct slice id = db_column_blob(stmt, AT_ENVIRONMENT_ID);
    if (request->environment.data &&
        (id.len != SEAL_ID || memcmp(id.data, environment->id, SEAL_ID) != 0))
        return false;
    return !request->app.data || is_of_app(db_column_text(stmt, AT_OBJECT), request->app);
}

/* A principal by its id; nothing where there is none. */
static envres_status
add_name(struct context *ctx, struct slice id, envres_list *list, uint32_t column,
         envres_error *err)
{
    struct buf name = { .mem = NULL };
    uint8_t copy[SEAL_ID];
    if (id.len != SEAL_ID)
        return ENVRES_OK;
    memcpy(copy, id.data, SEAL_ID);
    buf_init(&name, ctx->mem, false);
    envres_status st = context_author(ctx, copy, &name, err);
    if (st == ENVRES_OK)
        list_set_text(list, column, name.data, name.len);
    buf_free(&name);
    return st;
}

static void
add_text(struct db_stmt *stmt, int at, envres_list *list, uint32_t column)
{
    struct slice text = db_column_text(stmt, at);
    if (!db_column_is(stmt, at, DB_NULL))
        list_set_text(list, column, text.data, text.len);
}

static envres_status
add_entry(struct context *ctx, struct db_stmt *stmt, envres_list *list, envres_error *err)
{
    char operation[2 * SEAL_ID + 1] = "";
    struct slice id = db_column_blob(stmt, AT_OPERATION);
    if (id.len == SEAL_ID)
        text_hex(operation, (const uint8_t *)id.data, SEAL_ID);
    list_row(list);
    list_set_int(list, ENVRES_AUDIT_SEQUENCE, db_column_int(stmt, AT_SEQUENCE));
    list_set_int(list, ENVRES_AUDIT_TIME, db_column_int(stmt, AT_TIME));
    add_text(stmt, AT_ACTION, list, ENVRES_AUDIT_ACTION);
    add_text(stmt, AT_OBJECT, list, ENVRES_AUDIT_OBJECT);
    add_text(stmt, AT_ENVIRONMENT, list, ENVRES_AUDIT_ENVIRONMENT);
    add_text(stmt, AT_REASON, list, ENVRES_AUDIT_REASON);
    if (db_column_int(stmt, AT_REVISION))
        list_set_int(list, ENVRES_AUDIT_REVISION, db_column_int(stmt, AT_REVISION));
    list_set_str(list, ENVRES_AUDIT_OUTCOME, db_column_int(stmt, AT_OUTCOME) ? "denied" : "ok");
    list_set_str(list, ENVRES_AUDIT_OPERATION, operation);
    list_set_int(list, ENVRES_AUDIT_POLICY, db_column_int(stmt, AT_POLICY));
    envres_status st = add_name(ctx, db_column_blob(stmt, AT_ACTOR), list, ENVRES_AUDIT_ACTOR, err);
    if (st == ENVRES_OK)
        st = add_name(ctx, db_column_blob(stmt, AT_ASSERTED_BY), list, ENVRES_AUDIT_ASSERTED_BY,
                      err);
    return st;
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    const struct trail_request *request = asked;
    struct environment environment = { .position = 0 };
    struct db_stmt *stmt = NULL;
    int64_t taken = 0;
    bool one = request->environment.data != NULL;
    envres_status st =
        one ? environment_find(ctx, request->environment, &environment, err) : ENVRES_OK;
    if (st == ENVRES_OK)
        st = right_check(ctx, ACTION_AUDIT, one ? &environment : NULL, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, trail_sql, &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_int(stmt, 2, request->since);
    while (request->limit == 0 || taken < request->limit) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        if (!is_wanted(stmt, request, &environment))
            continue;
        st = add_entry(ctx, stmt, list, err);
        if (st < 0)
            break;
        taken++;
    }
    db_reset(stmt);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
trail_list(struct context *ctx, const struct trail_request *request, envres_list **out,
           envres_error *err)
{
    static const struct list_shape shape = { trail_columns, ENVRES_AUDIT_COLUMNS };
    return context_list(ctx, &shape, list_inside, request, out, err);
}

/* ---- revealing ------------------------------------------------------------------------------ */

/* "resource/crm/password": class, "crm", "password"; false for what has another form. */
static bool
split_object(struct slice object, enum object_class *object_class, struct slice *name,
             struct slice *field)
{
    static const char variable[] = "variable/";
    static const char resource[] = "resource/";
    bool is_resource = object.len > sizeof(resource) - 1 &&
                       memcmp(object.data, resource, sizeof(resource) - 1) == 0;
    bool is_variable = object.len > sizeof(variable) - 1 &&
                       memcmp(object.data, variable, sizeof(variable) - 1) == 0;
    if (!is_resource && !is_variable)
        return false;
    size_t at = is_resource ? sizeof(resource) - 1 : sizeof(variable) - 1;
    *object_class = is_resource ? OBJECT_RESOURCE : OBJECT_VARIABLE;
    *name = slice_of(object.data + at, object.len - at);
    *field = slice_of(NULL, 0);
    const char *slash = memchr(name->data, '/', name->len);
    if (!slash)
        return true;
    size_t len = (size_t)(slash - name->data);
    *field = slice_of(slash + 1, name->len - len - 1);
    name->len = len;
    return is_resource && len > 0 && field->len > 0;
}

static envres_status
need_object(struct context *ctx, struct slice asked, envres_error *err)
{
    struct object object = { .secret = false };
    enum object_class object_class = OBJECT_VARIABLE;
    struct slice name = { 0 };
    struct slice field = { 0 };
    const struct kind_field *known = NULL;
    (void)split_object(asked, &object_class, &name, &field); /* it has that form */
    envres_status st = object_need(ctx, object_class, name, &object, err);
    if (st < 0 || !field.data)
        return st;
    const struct kind *kind = kind_find(slice_str(object.kind));
    return kind ? kind_field_need(kind, field, &known, err)
                : err_set(err, ENVRES_E_CORRUPT, "resource '%s' has an unknown kind", object.name);
}

static envres_status
reveal_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct reveal_request *request = asked;
    struct environment environment = { .position = 0 };
    envres_status st = environment_find(change->ctx, request->environment, &environment, err);
    if (st < 0)
        return st;
    change->has_environment = true;
    change->quiet = true;
    memcpy(change->environment, environment.id, SEAL_ID);
    st = change_may(change, ACTION_REVEAL, &environment, err);
    if (st == ENVRES_OK && request->object.data)
        st = need_object(change->ctx, request->object, err);
    return st;
}

envres_status
trail_reveal(struct context *ctx, const struct reveal_request *request, const envres_change *change,
             envres_error *err)
{
    bool all = request->object.data == NULL;
    enum object_class object_class = OBJECT_VARIABLE;
    struct slice name = { 0 };
    struct slice field = { 0 };
    if (!all && !split_object(request->object, &object_class, &name, &field))
        return err_set(err, ENVRES_E_INVALID,
                       "what is revealed is \"variable/NAME\", \"resource/HANDLE\" or "
                       "\"resource/HANDLE/FIELD\"");
    struct change_title title = { "secret.reveal", all ? "environment/" : "",
                                  all ? request->environment : request->object, NULL };
    return change_run(ctx, change, &title, reveal_inside, request, NULL, err);
}

/* ---- what was kept outside ------------------------------------------------------------------ */

envres_status
trail_check(struct context *ctx, const envres_checkpoint *checkpoint, envres_error *err)
{
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = right_check(ctx, ACTION_AUDIT, NULL, err);
    if (st == ENVRES_OK)
        st = checkpoint_check(ctx->db, ctx->workspace, checkpoint, err);
    return db_end(ctx->db, st, NULL, err);
}
