/* SPDX-License-Identifier: MIT */
/*
 * Deposits and the inbox.
 *
 *   deposit -- sealed, signed --> inbox row -- accept --> revision of the variable
 *                                           `- reject --> gone
 *
 * Invariants: a row is no value, and is trusted for nothing until its signature was checked; its id
 * is the operation id of the change that takes it in or throws it away, and so is used once, ever;
 * a row that was put back shows by that. The depositor needs its right when the deposit is made and
 * when it is accepted. Somebody who may not see names learns from no error which there are: what
 * depends on the name is then checked when the deposit is accepted.
 */
#include "model/deposit.h"

#include <string.h>

#include <envres/value.h>

#include "base/list.h"
#include "base/text.h"
#include "guard/audit.h"
#include "guard/env_key.h"
#include "guard/inbox.h"
#include "model/change.h"
#include "model/right.h"
#include "model/variable.h"

#define INBOX_COLUMNS                                                                              \
    "id, environment_id, generation, name, type, secret, base, depositor_id, asserted, signature," \
    " time, body"

enum { SQL_COUNT, SQL_PUT, SQL_LIST, SQL_FIND, SQL_DROP, SQL_BASE, SQL_ALL, SQL_COUNT_ };

static const char *const deposit_sql[SQL_COUNT_] = {
    [SQL_COUNT] = "SELECT count(*) FROM inbox WHERE environment_id = ?1",
    [SQL_PUT] = "INSERT INTO inbox (" INBOX_COLUMNS ")"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [SQL_LIST] = "SELECT " INBOX_COLUMNS " FROM inbox WHERE environment_id = ?1"
                 " ORDER BY time, id LIMIT ?2",
    [SQL_FIND] = "SELECT " INBOX_COLUMNS " FROM inbox WHERE id BETWEEN ?1 AND ?2"
                 " AND environment_id = ?3 LIMIT 2",
    [SQL_DROP] = "DELETE FROM inbox WHERE id = ?1",
    [SQL_BASE] = "SELECT s.revision FROM object o JOIN setting s ON s.environment_id = ?2"
                 " AND s.object_id = o.id AND s.field = '' AND s.until IS NULL"
                 " WHERE o.workspace_id = ?1 AND o.class = 1 AND o.name = ?3"
                 " AND o.removed_at IS NULL ORDER BY s.revision DESC LIMIT 1",
    [SQL_ALL] = "SELECT " INBOX_COLUMNS " FROM inbox WHERE environment_id IN"
                " (SELECT id FROM environment WHERE workspace_id = ?1) ORDER BY time, id",
};

enum { ID_TEXT = 2 * SEAL_ID + 1, ID_LEAST = 8 };

static const uint8_t nobody[SEAL_ID];

/* One row, but its body. */
struct deposit {
    uint8_t id[SEAL_ID];
    uint8_t environment[SEAL_ID];
    uint8_t depositor[SEAL_ID];
    uint8_t asserted[SEAL_ID]; /* zero: itself */
    uint8_t signature[SIGNATURE_SIZE];
    char name[LIMIT_NAME + 1];
    int64_t base;
    int64_t time;
    uint32_t generation;
    uint8_t type;
    bool secret;
    bool in_form; /* else nothing but the id is of use */
};

enum deposit_state { STATE_WAITING, STATE_STALE, STATE_USED, STATE_DENIED, STATE_UNSIGNED };

static struct inbox_label
label_of(const struct context *ctx, const struct deposit *deposit)
{
    struct inbox_label label = {
        .id = deposit->id,
        .workspace = ctx->workspace,
        .environment = deposit->environment,
        .depositor = deposit->depositor,
        .asserted = deposit->asserted,
        .generation = deposit->generation,
        .name = slice_str(deposit->name),
        .type = deposit->type,
        .secret = deposit->secret,
        .base = (uint64_t)deposit->base,
        .time = deposit->time,
    };
    return label;
}

/* Whose deposit it is. */
static const uint8_t *
who_of(const struct deposit *deposit)
{
    bool served = memcmp(deposit->asserted, nobody, SEAL_ID) != 0;
    return served ? deposit->asserted : deposit->depositor;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void
read_row(struct db_stmt *stmt, struct deposit *out)
{
    int64_t generation = db_column_int(stmt, 2);
    int64_t type = db_column_int(stmt, 4);
    struct slice name = db_column_text(stmt, 3);
    memset(out, 0, sizeof(*out));
    out->in_form = db_column_take(stmt, 0, out->id, SEAL_ID) &&
                   db_column_take(stmt, 1, out->environment, SEAL_ID) && text_is_name(name) &&
                   db_column_take(stmt, 7, out->depositor, SEAL_ID) &&
                   db_column_take(stmt, 8, out->asserted, SEAL_ID) &&
                   db_column_take(stmt, 9, out->signature, SIGNATURE_SIZE) &&
                   type >= ENVRES_TYPE_STRING && type <= ENVRES_TYPE_TEMPLATE && generation >= 1 &&
                   generation <= UINT32_MAX;
    if (!out->in_form)
        return;
    memcpy(out->name, name.data, name.len);
    out->generation = (uint32_t)generation;
    out->type = (uint8_t)type;
    out->secret = db_column_int(stmt, 5) != 0;
    out->base = db_column_int(stmt, 6);
    out->time = db_column_int(stmt, 10);
}

static struct slice
body_of(struct db_stmt *stmt)
{
    return db_column_blob(stmt, 11);
}

static envres_status
ambiguous(struct slice id, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_INVALID, "several deposits begin with '%.*s'", (int)id.len, id.data);
    err_hint(err, "give more of its digits");
    return st;
}

/* The deposit that begins with these digits; its body is copied. *found false: there is none. */
static envres_status
find_deposit(struct context *ctx, const struct environment *environment, struct slice id,
             bool *found, struct deposit *out, struct buf *body, envres_error *err)
{
    uint8_t low[SEAL_ID] = { 0 };
    uint8_t high[SEAL_ID] = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    text_hex_range(id, ID_LEAST, low, high, SEAL_ID);
    envres_status st = db_use(ctx->db, deposit_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, low, SEAL_ID);
    db_bind_blob(stmt, 2, high, SEAL_ID);
    db_bind_blob(stmt, 3, environment->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice bytes = body_of(stmt);
    *found = true;
    read_row(stmt, out);
    buf_add(body, bytes.data, bytes.len);
    st = buf_status(body, err);
    if (st == ENVRES_OK)
        st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW)
        st = ambiguous(id, err);
    db_reset(stmt);
    return st;
}

static envres_status
drop(struct context *ctx, const struct deposit *deposit, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, deposit_sql[SQL_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, deposit->id, SEAL_ID);
    return db_run(stmt, err);
}

/* Revision of a variable's present row, one that takes its value away too; 0: it has none. Rows say
 * that in clear. */
static envres_status
present_base(struct context *ctx, const struct environment *environment, struct slice name,
             int64_t *base, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *base = 0;
    envres_status st = db_use(ctx->db, deposit_sql[SQL_BASE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_blob(stmt, 2, environment->id, SEAL_ID);
    db_bind_text(stmt, 3, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    *base = db_column_int(stmt, 0);
    db_reset(stmt);
    return ENVRES_OK;
}

/* ---- what a row is worth -------------------------------------------------------------------- */

static bool
is_signed(const struct context *ctx, const struct roles *roles, const struct deposit *deposit,
          struct slice body)
{
    const struct role_key *key =
        deposit->in_form ? roles_past_key(roles, deposit->depositor) : NULL;
    struct inbox_label label = label_of(ctx, deposit);
    return key && inbox_is_signed(&label, body, key->sign_key, deposit->signature);
}

static bool
may_deposit(const struct context *ctx, const struct environment *environment,
            const uint8_t *principal)
{
    uint32_t set = roles_of(&ctx->roles, ctx->workspace, principal, environment->id);
    return policy_verdict(set, ACTION_DEPOSIT, environment->is_protected,
                          environment->editors_reveal) != VERDICT_DENY;
}

/* After a right was asked for in this transaction: the roles are those of now. */
static envres_status
weigh(struct context *ctx, const struct environment *environment, const struct deposit *deposit,
      struct slice body, enum deposit_state *state, envres_error *err)
{
    struct audit_use use = { .revision = 0 };
    bool used = false;
    int64_t base = 0;
    *state = STATE_UNSIGNED;
    if (!is_signed(ctx, &ctx->roles, deposit, body))
        return ENVRES_OK;
    envres_status st = audit_used(ctx->db, ctx->workspace, deposit->id, &used, &use, err);
    if (st == ENVRES_OK)
        st = present_base(ctx, environment, slice_str(deposit->name), &base, err);
    if (used)
        *state = STATE_USED;
    else if (!may_deposit(ctx, environment, deposit->depositor) ||
             (who_of(deposit) != deposit->depositor &&
              !may_deposit(ctx, environment, who_of(deposit))))
        *state = STATE_DENIED;
    else if (deposit->generation != environment->generation || base != deposit->base)
        *state = STATE_STALE;
    else
        *state = STATE_WAITING;
    return st;
}

static envres_status
refuse_denied(struct context *ctx, const struct environment *environment,
              const struct deposit *deposit, envres_error *err)
{
    struct buf name = { .mem = NULL };
    buf_init(&name, ctx->mem, false);
    envres_status st = context_author(ctx, who_of(deposit), &name, err);
    buf_add_char(&name, '\0');
    if (st == ENVRES_OK)
        st = buf_status(&name, err);
    if (st == ENVRES_OK) {
        st = err_set(err, ENVRES_E_DENIED, "'%s', who deposited it, may not deposit in %s any more",
                     name.data, environment->key);
        err_subject(err, name.data, name.len - 1);
        err_hint(err, "reject it, or grant the right again");
    }
    buf_free(&name);
    return st;
}

/* Why a deposit is not taken in. */
static envres_status
refuse(struct context *ctx, const struct environment *environment, const struct deposit *deposit,
       enum deposit_state state, envres_error *err)
{
    envres_status st = ENVRES_OK;
    if (state == STATE_DENIED)
        return refuse_denied(ctx, environment, deposit, err);
    if (state == STATE_UNSIGNED) {
        st = err_set(err, ENVRES_E_INTEGRITY,
                     "the deposit is not one that a principal of this workspace signed");
        err_hint(err, "it is damaged, forged, or of another environment: reject it");
    } else if (state == STATE_USED) {
        st = err_set(err, ENVRES_E_INTEGRITY,
                     "the deposit was taken in or rejected before, and somebody put it back");
        err_hint(err, "reject it, and run verify");
    } else if (deposit->generation != environment->generation) {
        st = err_set(err, ENVRES_E_CHANGED, "the keys of %s were rotated since it was deposited",
                     environment->key);
        err_hint(err, "reject it, and ask for it again");
    } else {
        st = err_set(err, ENVRES_E_CHANGED, "'%s' was changed in %s since it was deposited",
                     deposit->name, environment->key);
        err_hint(err, "reject it, and ask for it again");
    }
    err_subject(err, deposit->name, strlen(deposit->name));
    return st;
}

/* ---- depositing ----------------------------------------------------------------------------- */

struct put_request {
    struct slice environment;
    struct variable_write write;
    char id[ID_TEXT]; /* out */
};

/* The same operation makes the same deposit: a call that is repeated can answer with its id. */
static void
id_of(const uint8_t operation[SEAL_ID], uint8_t id[SEAL_ID])
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    seal_digest(digest, "envres1/deposit", operation, SEAL_ID);
    memcpy(id, digest, SEAL_ID);
}

static envres_status
check_room(struct context *ctx, const struct environment *environment, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, deposit_sql[SQL_COUNT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment->id, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (db_column_int(stmt, 0) >= LIMIT_DEPOSITS) {
        st = err_set(err, ENVRES_E_LIMIT, "%d deposits wait in %s already", (int)LIMIT_DEPOSITS,
                     environment->key);
        err_hint(err, "somebody who may write there can take them in, or reject them");
    }
    db_reset(stmt);
    return st;
}

static envres_status
check_value(struct context *ctx, const struct variable_write *write, int32_t type,
            envres_error *err)
{
    struct buf value = { .mem = NULL };
    buf_init(&value, ctx->mem, true);
    envres_status st = variable_canonical(ctx->mem, type, write->value, &value, err);
    if (st < 0)
        err_subject(err, write->name.data, write->name.len);
    buf_free(&value);
    return st;
}

/* Type and class of the deposit, and whether they and the value fit, as far as the depositor may
 * know of the name. What nobody decided is a secret. */
static envres_status
settle_shape(struct context *ctx, const struct environment *environment,
             const struct variable_write *write, struct deposit *out, envres_error *err)
{
    const uint32_t both = ENVRES_WRITE_SECRET | ENVRES_WRITE_PLAIN;
    struct object as_is = { 0 };
    struct object wanted = { 0 };
    bool found = false;
    bool sees = false;
    envres_status st = right_has(ctx, ACTION_LIST, environment, &sees, err);
    if (st == ENVRES_OK)
        st = variable_shape(ctx, write, &found, &as_is, &wanted, err);
    if (st < 0)
        return st;
    int32_t type = config_type(slice_str(wanted.kind));
    if (found && sees)
        st = variable_check_shape(ctx, &as_is, &wanted, NULL, err);
    if (st == ENVRES_OK && (sees || !found || write->type))
        st = check_value(ctx, write, type, err);
    out->type = (uint8_t)type;
    out->secret = wanted.secret || (!found && !(write->flags & both));
    return st;
}

static envres_status
insert(struct context *ctx, const struct deposit *deposit, const struct buf *body,
       envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, deposit_sql[SQL_PUT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, deposit->id, SEAL_ID);
    db_bind_blob(stmt, 2, deposit->environment, SEAL_ID);
    db_bind_int(stmt, 3, deposit->generation);
    db_bind_text(stmt, 4, deposit->name, strlen(deposit->name));
    db_bind_int(stmt, 5, deposit->type);
    db_bind_int(stmt, 6, deposit->secret);
    db_bind_int(stmt, 7, deposit->base);
    db_bind_blob(stmt, 8, deposit->depositor, SEAL_ID);
    db_bind_blob(stmt, 9, deposit->asserted, SEAL_ID);
    db_bind_blob(stmt, 10, deposit->signature, SIGNATURE_SIZE);
    db_bind_int(stmt, 11, deposit->time);
    db_bind_blob(stmt, 12, body->data, body->len);
    return db_run(stmt, err);
}

static envres_status
seal_and_insert(struct context *ctx, const struct environment *environment, struct slice value,
                struct deposit *deposit, envres_error *err)
{
    uint8_t box_public[32] = { 0 };
    struct inbox_label label = label_of(ctx, deposit);
    struct buf body = { .mem = NULL };
    buf_init(&body, ctx->mem, true);
    envres_status st = env_key_find(ctx->db, &ctx->roles, ctx->workspace, environment->id,
                                    environment->generation, box_public, err);
    if (st == ENVRES_OK)
        st = inbox_seal(&label, box_public, value, ctx->actor, &body, deposit->signature, err);
    if (st == ENVRES_E_INTEGRITY)
        err_prepend(err, "%s: ", environment->key);
    if (st == ENVRES_OK)
        st = insert(ctx, deposit, &body, err);
    buf_free(&body);
    return st;
}

static envres_status
put_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct put_request *request = asked;
    const struct variable_write *write = &request->write;
    struct context *ctx = change->ctx;
    struct environment environment = { 0 };
    struct deposit deposit = { .time = change->now };
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_DEPOSIT, &environment, err);
    if (st == ENVRES_OK)
        st = check_room(ctx, &environment, err);
    if (st == ENVRES_OK)
        st = settle_shape(ctx, &environment, write, &deposit, err);
    if (st == ENVRES_OK)
        st = present_base(ctx, &environment, write->name, &deposit.base, err);
    if (st < 0)
        return st;
    id_of(change->operation, deposit.id);
    memcpy(deposit.environment, environment.id, SEAL_ID);
    memcpy(deposit.depositor, ctx->actor->id, SEAL_ID);
    if (ctx->is_asserted)
        memcpy(deposit.asserted, ctx->asserted, SEAL_ID);
    memcpy(deposit.name, write->name.data, write->name.len);
    deposit.generation = environment.generation;
    return seal_and_insert(ctx, &environment, write->value, &deposit, err);
}

envres_status
deposit_put(struct context *ctx, struct slice environment, const envres_variable_write *given,
            const envres_change *options, char *id, envres_error *err)
{
    struct put_request request = { .environment = environment };
    uint8_t operation[SEAL_ID] = { 0 };
    uint8_t bytes[SEAL_ID] = { 0 };
    envres_change change = { 0 };
    envres_status st = given ? variable_read(given, &request.write, err)
                             : err_set(err, ENVRES_E_INVALID, "there is nothing to deposit");
    if (st == ENVRES_OK)
        st = opts_read(&change, sizeof(change), sizeof(change), options, err);
    if (st < 0)
        return st;
    seal_random(operation, SEAL_ID);
    change.size = sizeof(change);
    if (!change.operation)
        change.operation = operation;
    struct change_title title = { .action = "inbox.deposit",
                                  .prefix = "variable/",
                                  .name = request.write.name };
    st = change_run(ctx, &change, &title, put_inside, &request, NULL, err);
    id_of(change.operation, bytes);
    if (st == ENVRES_OK && id)
        text_hex(id, bytes, SEAL_ID);
    return st;
}

/* ---- accepting and rejecting ---------------------------------------------------------------- */

struct take_request {
    struct slice environment;
    struct slice id;
    struct buf *object; /* what the audit calls it, for as long as the change lives */
};

/* From here on the change is about the variable, and its operation is the deposit. */
static envres_status
name_change(struct change *change, const struct take_request *request,
            const struct deposit *deposit, envres_error *err)
{
    if (!deposit->in_form)
        return ENVRES_OK;
    buf_add_str(request->object, "variable/");
    buf_add_str(request->object, deposit->name);
    change->object = slice_of(request->object->data, request->object->len);
    return buf_status(request->object, err);
}

/* A deposit that is not there: taken by this very call before, or NOT_FOUND. */
static envres_status
not_there(struct change *change, struct slice id, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct audit_use use = { .revision = 0 };
    uint8_t bytes[SEAL_ID] = { 0 };
    bool used = false;
    envres_status st = ENVRES_OK;
    if (text_unhex(bytes, SEAL_ID, id))
        st = audit_used(ctx->db, ctx->workspace, bytes, &used, &use, err);
    if (st < 0)
        return st;
    if (used && strcmp(use.action, change->action) == 0 &&
        memcmp(use.environment, change->environment, SEAL_ID) == 0) {
        change->repeated = true;
        change->revision = use.revision;
        return ENVRES_OK;
    }
    st = err_set(err, ENVRES_E_NOT_FOUND, "no deposit '%.*s' waits here", (int)id.len, id.data);
    err_subject(err, id.data, id.len);
    return st;
}

/* Writes the value in the depositor's name. */
static envres_status
take_in(struct config_writer *writer, const struct deposit *deposit, struct slice body,
        envres_error *err)
{
    struct context *ctx = writer->change->ctx;
    struct inbox_label label = label_of(ctx, deposit);
    struct buf value = { .mem = NULL };
    buf_init(&value, ctx->mem, true);
    envres_status st = inbox_open(ctx->arena, writer->keys, &label, body, &value, err);
    if (st == ENVRES_OK) {
        struct variable_write write = {
            .name = label.name,
            .value = slice_of(value.data, value.len),
            .type = deposit->type,
            .flags = deposit->secret ? ENVRES_WRITE_SECRET : ENVRES_WRITE_PLAIN,
            .keep_shape = true,
        };
        writer->author = who_of(deposit);
        st = variable_put_inside(writer, &write, 1, err);
    }
    buf_free(&value);
    return st == ENVRES_OK ? drop(ctx, deposit, err) : st;
}

static envres_status
accept_found(struct config_writer *writer, const struct deposit *deposit, struct slice body,
             envres_error *err)
{
    struct change *change = writer->change;
    enum deposit_state state = STATE_UNSIGNED;
    envres_status st = weigh(change->ctx, writer->environment, deposit, body, &state, err);
    if (st < 0)
        return st;
    if (state != STATE_WAITING)
        return refuse(change->ctx, writer->environment, deposit, state, err);
    memcpy(change->operation, deposit->id, SEAL_ID);
    change_author(change, who_of(deposit));
    change_author(change, deposit->depositor); /* who signed it for another */
    change_builds_on(change, "deposit", body.data, body.len);
    return take_in(writer, deposit, body, err);
}

static envres_status
accept_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct take_request *request = asked;
    struct context *ctx = change->ctx;
    struct environment environment = { 0 };
    struct config_writer writer = { 0 };
    struct deposit deposit = { .time = 0 };
    struct buf body = { .mem = NULL };
    bool found = false;
    buf_init(&body, ctx->mem, false);
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = config_begin(change, &environment, &writer, err);
    if (st == ENVRES_OK)
        st = find_deposit(ctx, &environment, request->id, &found, &deposit, &body, err);
    if (st == ENVRES_OK && !found)
        st = not_there(change, request->id, err);
    if (st == ENVRES_OK && found)
        st = name_change(change, request, &deposit, err);
    if (st == ENVRES_OK && found)
        st = accept_found(&writer, &deposit, slice_of(body.data, body.len), err);
    buf_free(&body);
    return st;
}

static envres_status
reject_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct take_request *request = asked;
    struct context *ctx = change->ctx;
    struct environment environment = { 0 };
    struct deposit deposit = { .time = 0 };
    struct audit_use use = { .revision = 0 };
    struct buf body = { .mem = NULL };
    bool found = false;
    bool used = false;
    buf_init(&body, ctx->mem, false);
    envres_status st = environment_find(ctx, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = change_asks(change, ACTION_EDIT, &environment, err); /* nobody else is needed */
    if (st == ENVRES_OK)
        st = find_deposit(ctx, &environment, request->id, &found, &deposit, &body, err);
    buf_free(&body);
    if (st == ENVRES_OK && !found)
        return not_there(change, request->id, err);
    if (st == ENVRES_OK)
        st = name_change(change, request, &deposit, err);
    if (st == ENVRES_OK)
        st = audit_used(ctx->db, ctx->workspace, deposit.id, &used, &use, err);
    if (st == ENVRES_OK && !used) /* one that was put back goes under an id of its own */
        memcpy(change->operation, deposit.id, SEAL_ID);
    return st == ENVRES_OK ? drop(ctx, &deposit, err) : st;
}

static envres_status
take(struct context *ctx, const struct take_request *request, const char *action, change_fn work,
     encode_fn encode, const envres_change *options, int64_t *revision, envres_error *err)
{
    struct buf object = { .mem = NULL };
    struct change_title title = { action, "inbox/", request->id, encode };
    uint8_t ignored[SEAL_ID] = { 0 };
    if (!text_hex_range(request->id, ID_LEAST, ignored, ignored, SEAL_ID))
        return err_set(err, ENVRES_E_INVALID, "the id of a deposit is %d to %d hexadecimal digits",
                       (int)ID_LEAST, 2 * SEAL_ID);
    buf_init(&object, ctx->mem, false);
    struct take_request inside = { request->environment, request->id, &object };
    envres_status st = change_run(ctx, options, &title, work, &inside, revision, err);
    buf_free(&object);
    return st;
}

static void
encode_accept(const void *asked, struct buf *out)
{
    const struct take_request *request = asked;
    act_put_text(out, request->environment);
    act_put_text(out, request->id);
}

envres_status
deposit_replay_accept(struct context *ctx, struct act_reader *reader, const envres_change *given,
                      int64_t *revision, envres_error *err)
{
    struct slice environment = act_text(reader);
    struct slice id = act_text(reader);
    envres_status st = act_end(reader, err);
    return st < 0 ? st : deposit_accept(ctx, environment, id, given, revision, err);
}

envres_status
deposit_accept(struct context *ctx, struct slice environment, struct slice id,
               const envres_change *options, int64_t *revision, envres_error *err)
{
    struct take_request request = { environment, id, NULL };
    return take(ctx, &request, "inbox.accept", accept_inside, encode_accept, options, revision,
                err);
}

envres_status
deposit_reject(struct context *ctx, struct slice environment, struct slice id,
               const envres_change *options, envres_error *err)
{
    struct take_request request = { environment, id, NULL };
    return take(ctx, &request, "inbox.reject", reject_inside, NULL, options, NULL, err);
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const inbox_columns[ENVRES_INBOX_COLUMNS] = {
    "id", "name", "type", "secret", "base", "state", "depositor", "time",
};

static envres_status
add_row(struct context *ctx, const struct environment *environment, struct db_stmt *stmt,
        envres_list *list, envres_error *err)
{
    static const char *const states[] = { "waiting", "stale", "used", "denied", "unsigned" };
    enum deposit_state state = STATE_UNSIGNED;
    struct deposit deposit = { .time = 0 };
    struct buf name = { .mem = NULL };
    char id[ID_TEXT] = "";
    read_row(stmt, &deposit);
    envres_status st = weigh(ctx, environment, &deposit, body_of(stmt), &state, err);
    if (st < 0)
        return st;
    text_hex(id, deposit.id, SEAL_ID);
    list_row(list);
    list_set_str(list, ENVRES_INBOX_ID, id);
    list_set_str(list, ENVRES_INBOX_STATE, states[state]);
    if (!deposit.in_form)
        return ENVRES_OK;
    list_set_str(list, ENVRES_INBOX_NAME, deposit.name);
    list_set_str(list, ENVRES_INBOX_TYPE, envres_type_name(deposit.type));
    list_set_int(list, ENVRES_INBOX_SECRET, deposit.secret);
    list_set_int(list, ENVRES_INBOX_BASE, deposit.base);
    list_set_int(list, ENVRES_INBOX_TIME, deposit.time);
    buf_init(&name, ctx->mem, false);
    st = context_author(ctx, who_of(&deposit), &name, err);
    if (st == ENVRES_OK)
        list_set_text(list, ENVRES_INBOX_DEPOSITOR, name.data, name.len);
    buf_free(&name);
    return st;
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    struct slice key = *(const struct slice *)asked;
    struct environment environment = { 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = environment_find(ctx, key, &environment, err);
    if (st == ENVRES_OK)
        st = right_check(ctx, ACTION_LIST, &environment, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, deposit_sql[SQL_LIST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, environment.id, SEAL_ID);
    db_bind_int(stmt, 2, LIMIT_DEPOSITS);
    while (st == ENVRES_OK && (st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW)
        st = add_row(ctx, &environment, stmt, list, err);
    db_reset(stmt);
    return st;
}

envres_status
deposit_list(struct context *ctx, struct slice environment, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { inbox_columns, ENVRES_INBOX_COLUMNS };
    return context_list(ctx, &shape, list_inside, &environment, out, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

static envres_status
verify_row(struct context *ctx, const struct roles *roles, struct db_stmt *stmt,
           db_finding_fn finding, void *user, envres_error *err)
{
    const char *code = envres_status_name(ENVRES_E_INTEGRITY);
    struct deposit deposit = { .time = 0 };
    struct audit_use use = { .revision = 0 };
    char object[6 + ID_TEXT] = "inbox/";
    bool used = false;
    read_row(stmt, &deposit);
    text_hex(object + 6, deposit.id, SEAL_ID);
    if (!is_signed(ctx, roles, &deposit, body_of(stmt))) {
        finding(user, code, object, "the deposit is not one that a principal here signed");
        return ENVRES_OK;
    }
    envres_status st = audit_used(ctx->db, ctx->workspace, deposit.id, &used, &use, err);
    if (st == ENVRES_OK && used)
        finding(user, code, object, "the deposit was taken in or rejected before: it was put back");
    return st;
}

envres_status
deposit_verify(struct context *ctx, db_finding_fn finding, void *user, envres_error *err)
{
    struct roles roles = { .mem = NULL };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    if (st == ENVRES_E_INTEGRITY)
        return ENVRES_OK; /* roles_verify() says so; without roles no signature counts */
    if (st == ENVRES_OK)
        st = db_use(ctx->db, deposit_sql[SQL_ALL], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
        while (st == ENVRES_OK && (st = db_step(stmt, &row, err)) == ENVRES_OK && row == DB_ROW)
            st = verify_row(ctx, &roles, stmt, finding, user, err);
        db_reset(stmt);
    }
    roles_free(&roles);
    return st;
}

envres_status
deposit_verify_key(struct context *ctx, const struct environment *environment,
                   db_finding_fn finding, void *user, envres_error *err)
{
    struct env_keys *keys = NULL;
    bool is_theirs = true;
    envres_status st = context_keys(ctx, environment, &keys, err);
    if (st == ENVRES_E_DENIED || st == ENVRES_E_INTEGRITY)
        return ENVRES_OK; /* nothing can be opened, or others say what is wrong */
    if (st == ENVRES_OK)
        st = env_key_check(ctx->db, keys, &is_theirs, err);
    if (st == ENVRES_OK && !is_theirs)
        finding(user, envres_status_name(ENVRES_E_INTEGRITY), environment->key,
                "its public key is not that of its keys: deposits are sealed to somebody else");
    return st;
}
