/* SPDX-License-Identifier: MIT */
/*
 * Principals and roles. Rules that hold for every change here: nobody gives what they do not hold,
 * nobody changes their own roles, one owner always stays. A principal's row is kept when it is
 * removed, since its signatures stay in audit and releases; what it granted is signed anew.
 */
#include "model/principal.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "guard/env_key.h"
#include "model/change.h"
#include "model/request.h"

enum { SQL_FIND, SQL_ALL, SQL_ROLES, SQL_REMOVE, SQL_DROP_SLOTS, SQL_COUNT_ };

static const char *const principal_sql[SQL_COUNT_] = {
    [SQL_FIND] = "SELECT id FROM principal WHERE workspace_id = ?1 AND name = ?2"
                 " AND removed_at IS NULL",
    [SQL_ALL] = "SELECT p.id, p.name, p.sign_key, p.created_at,"
                " (SELECT count(*) FROM slot s WHERE s.principal_id = p.id) FROM principal p"
                " WHERE p.workspace_id = ?1 AND p.removed_at IS NULL ORDER BY p.name",
    [SQL_ROLES] =
        "SELECT g.role, e.key FROM role_grant g"
        " LEFT JOIN environment e ON e.id = g.environment_id"
        " WHERE g.principal_id = ?1 ORDER BY e.key IS NOT NULL, e.position, e.key, g.role",
    [SQL_REMOVE] = "UPDATE principal SET removed_at = ?2 WHERE id = ?1",
    [SQL_DROP_SLOTS] = "DELETE FROM slot WHERE principal_id = ?1",
};

/* ---- finding -------------------------------------------------------------------------------- */

envres_status
principal_find(struct context *ctx, struct slice name, uint8_t id[SEAL_ID], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(ctx->db, principal_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    db_bind_text(stmt, 2, name.data, name.len);
    st = db_step(stmt, &row, err);
    if (st == ENVRES_OK && row == DB_ROW) {
        st = column_id(stmt, 0, id, err);
        db_reset(stmt);
    } else if (st == ENVRES_OK) {
        st = err_set(err, ENVRES_E_NO_PRINCIPAL, "there is no principal '%.*s'",
                     (int)(name.len > LIMIT_PRINCIPAL ? LIMIT_PRINCIPAL : name.len), name.data);
        err_subject(err, name.data, name.len);
        err_hint(err, "names are compared byte by byte");
    }
    return st;
}

static envres_status
run_on(struct context *ctx, int sql, const uint8_t id[SEAL_ID], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, principal_sql[sql], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    return db_run(stmt, err);
}

/* ---- keys ----------------------------------------------------------------------------------- */

static envres_status
fit_key(struct context *ctx, struct key_share *share, uint8_t key_class, bool wanted, int64_t now,
        envres_error *err)
{
    share->key_class = key_class;
    return wanted ? env_keys_share(ctx->db, ctx->arena, ctx->actor, share, now, err)
                  : env_keys_withdraw(ctx->db, share, now, err);
}

static envres_status
fit_principal(struct context *ctx, const struct roles *roles, const struct role_key *key,
              const struct environment *environment, int64_t now, envres_error *err)
{
    struct key_share share = { .workspace = ctx->workspace,
                               .environment = environment->id,
                               .generation = environment->generation,
                               .principal = key->principal,
                               .box_public = key->box_key };
    uint32_t set = roles_of(roles, ctx->workspace, key->principal, environment->id);
    enum policy_keys keys = policy_keys(set, environment->is_protected);
    envres_status st = fit_key(ctx, &share, KEY_CONFIG, keys != POLICY_NO_KEY, now, err);
    if (st == ENVRES_OK)
        st = fit_key(ctx, &share, KEY_SECRET, keys == POLICY_BOTH_KEYS, now, err);
    if (st < 0)
        err_prepend(err, "%s: ", environment->key);
    return st;
}

envres_status
principal_fit_keys(struct context *ctx, const struct environment *environment, int64_t now,
                   envres_error *err)
{
    struct roles roles = { .mem = NULL };
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    for (size_t i = 0; st == ENVRES_OK && i < roles.key_count; i++) {
        if (!roles.keys[i].is_removed)
            st = fit_principal(ctx, &roles, &roles.keys[i], environment, now, err);
    }
    roles_free(&roles);
    return st;
}

/* The keys of one principal, in one environment or (NULL) in all. `held`: those that the one who
 * acts does not hold are left out, else they are DENIED. */
static envres_status
fit_all(struct context *ctx, const uint8_t id[SEAL_ID], const uint8_t *only, bool held, int64_t now,
        envres_error *err)
{
    struct roles roles = { .mem = NULL };
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    if (st == ENVRES_OK)
        st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    const struct role_key *key = st == ENVRES_OK ? roles_key(&roles, id) : NULL;
    for (size_t i = 0; key && st == ENVRES_OK && i < count; i++) {
        if (!only || memcmp(all[i].id, only, SEAL_ID) == 0)
            st = fit_principal(ctx, &roles, key, &all[i], now, err);
        if (st == ENVRES_E_DENIED && held) {
            envres_error_clear(err);
            st = ENVRES_OK;
        }
    }
    roles_free(&roles);
    mem_free(ctx->mem, all);
    return st;
}

static envres_status
fit_everywhere(struct context *ctx, const uint8_t id[SEAL_ID], const uint8_t *only, int64_t now,
               envres_error *err)
{
    return fit_all(ctx, id, only, false, now, err);
}

/* ---- rules ---------------------------------------------------------------------------------- */

static envres_status
check_not_own(const struct context *ctx, const uint8_t id[SEAL_ID], envres_error *err)
{
    if (memcmp(ctx->actor->id, id, SEAL_ID) != 0 && memcmp(context_who(ctx), id, SEAL_ID) != 0)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_OWN_CHANGE, "nobody changes their own roles");
    err_hint(err, "ask another administrator");
    return st;
}

/* Nobody gives away what they do not hold. */
static envres_status
check_covers(struct context *ctx, const uint8_t *environment, uint32_t role, envres_error *err)
{
    uint32_t own = 0;
    envres_status st = right_roles(ctx, environment, &own, err);
    if (st < 0 || policy_covers(own, role))
        return st;
    st = err_set(err, ENVRES_E_DENIED, "the role %s has rights that the one who grants it has not",
                 envres_role_name(role));
    err_subject(err, envres_role_name(role), strlen(envres_role_name(role)));
    err_hint(err, "somebody who holds them can grant it");
    return st;
}

/* One owner of the workspace must be left beside `without`. */
static envres_status
check_owner_left(struct context *ctx, const uint8_t without[SEAL_ID], envres_error *err)
{
    struct roles roles = { .mem = NULL };
    bool left = false;
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    for (size_t i = 0; st == ENVRES_OK && !left && i < roles.key_count; i++) {
        const struct role_key *key = &roles.keys[i];
        left = !key->is_removed && memcmp(key->principal, without, SEAL_ID) != 0 &&
               (roles_of(&roles, ctx->workspace, key->principal, NULL) &
                role_bit(ENVRES_ROLE_OWNER)) != 0;
    }
    roles_free(&roles);
    if (st < 0 || left)
        return st;
    st = err_set(err, ENVRES_E_LAST_OWNER, "the workspace would have no owner");
    err_hint(err, "make somebody else owner of the workspace first");
    return st;
}

/* Without somebody who had these roles, every environment must still have enough who may approve.
 */
static envres_status
check_quorums(struct context *ctx, uint32_t roles, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    if (policy_verdict(roles, ACTION_APPROVE, true, false) == VERDICT_DENY)
        return ENVRES_OK;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++)
        st = request_check_quorum(ctx, &all[i], err);
    mem_free(ctx->mem, all);
    return st;
}

/* ---- granting and revoking ------------------------------------------------------------------ */

/* Where a role counts: *environment stays zero for all of the workspace. */
static envres_status
find_place(struct change *change, struct slice key, struct environment *environment,
           envres_error *err)
{
    memset(environment, 0, sizeof(*environment));
    if (!key.data)
        return change_may(change, ACTION_GRANT, NULL, err);
    envres_status st = environment_find(change->ctx, key, environment, err);
    return st < 0 ? st : change_in(change, ACTION_GRANT, environment, err);
}

/* `place`: as find_place() gave it; `only`: its id, or NULL for the workspace. */
static envres_status
give_role(struct change *change, const uint8_t id[SEAL_ID], const struct environment *place,
          const uint8_t *only, uint32_t role, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct role_row row = { .role = role, .time = change->now };
    envres_status st = check_covers(ctx, only, role, err);
    if (st < 0)
        return st;
    memcpy(row.principal, id, SEAL_ID);
    memcpy(row.environment, place->id, SEAL_ID);
    st = roles_put(ctx->db, ctx->workspace, ctx->actor, &row, err);
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    return st == ENVRES_OK ? fit_everywhere(ctx, id, only, change->now, err) : st;
}

static envres_status
grant_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct role_request *request = asked;
    uint8_t id[SEAL_ID] = { 0 };
    struct environment place = { .position = 0 };
    envres_status st = find_place(change, request->environment, &place, err);
    if (st == ENVRES_OK)
        st = principal_find(change->ctx, request->principal, id, err);
    if (st == ENVRES_OK)
        st = check_not_own(change->ctx, id, err);
    const uint8_t *only = request->environment.data ? place.id : NULL;
    change_author(change, id); /* nobody approves a role of their own */
    return st == ENVRES_OK ? give_role(change, id, &place, only, request->role, err) : st;
}

static envres_status
check_role(uint32_t role, envres_error *err)
{
    return role_bit(role) ? ENVRES_OK : err_set(err, ENVRES_E_INVALID, "no such role");
}

static void
encode_role(const void *asked, struct buf *out)
{
    const struct role_request *request = asked;
    act_put_text(out, request->principal);
    act_put_text(out, request->environment);
    buf_add_u32(out, request->role);
}

static envres_status
read_role(struct act_reader *reader, struct role_request *out, envres_error *err)
{
    out->principal = act_text(reader);
    out->environment = act_text(reader);
    out->role = act_u32(reader);
    return act_end(reader, err);
}

envres_status
principal_replay_grant(struct context *ctx, struct act_reader *reader, const envres_change *given,
                       int64_t *revision, envres_error *err)
{
    struct role_request request = { .role = 0 };
    envres_status st = read_role(reader, &request, err);
    (void)revision;
    return st < 0 ? st : principal_grant(ctx, &request, given, err);
}

envres_status
principal_replay_revoke(struct context *ctx, struct act_reader *reader, const envres_change *given,
                        int64_t *revision, envres_error *err)
{
    struct role_request request = { .role = 0 };
    envres_status st = read_role(reader, &request, err);
    (void)revision;
    return st < 0 ? st : principal_revoke(ctx, &request, given, err);
}

/* The audit says which role: "principal/NAME/ROLE". */
static envres_status
run_role(struct context *ctx, const char *action, change_fn work,
         const struct role_request *request, const envres_change *given, envres_error *err)
{
    struct buf object = { .mem = NULL };
    envres_status st = check_role(request->role, err);
    if (st < 0)
        return st;
    buf_init(&object, ctx->mem, false);
    buf_add(&object, request->principal.data, request->principal.len);
    buf_add_char(&object, '/');
    buf_add_str(&object, envres_role_name(request->role));
    st = buf_status(&object, err);
    struct change_title title = { action, "principal/", slice_of(object.data, object.len),
                                  encode_role };
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, work, request, NULL, err);
    buf_free(&object);
    return st;
}

envres_status
principal_grant(struct context *ctx, const struct role_request *request, const envres_change *given,
                envres_error *err)
{
    return run_role(ctx, "role.grant", grant_inside, request, given, err);
}

/* Public keys that it published stay, in the name of who takes the right to from it. */
static envres_status
adopt_env_keys(struct context *ctx, const uint8_t id[SEAL_ID], uint32_t roles, envres_error *err)
{
    if (policy_verdict(roles, ACTION_ROTATE, false, false) == VERDICT_DENY)
        return ENVRES_OK;
    return env_key_adopt(ctx->db, ctx->mem, &ctx->roles, ctx->workspace, id, ctx->actor, err);
}

static envres_status
take_role(struct change *change, const uint8_t id[SEAL_ID], const struct role_request *request,
          const struct environment *environment, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct role_row row = { .role = request->role };
    memcpy(row.principal, id, SEAL_ID);
    memcpy(row.environment, environment->id, SEAL_ID);
    change->forgets = true;
    envres_status st = adopt_env_keys(ctx, id, role_bit(request->role), err);
    if (st == ENVRES_OK)
        st = roles_drop(ctx->db, &row, err);
    if (st == ENVRES_OK && db_changes(ctx->db) == 0) {
        st = err_set(err, ENVRES_E_NOT_SET, "principal '%.*s' does not have this role",
                     (int)request->principal.len, request->principal.data);
        err_subject(err, request->principal.data, request->principal.len);
    }
    /* What the principal granted while it could is kept, in the name of who takes the role. */
    if (st == ENVRES_OK)
        st = roles_adopt(ctx->db, ctx->mem, ctx->workspace, id, ctx->actor, err);
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    if (st == ENVRES_OK)
        st = fit_everywhere(ctx, id, NULL, change->now, err);
    return st == ENVRES_OK ? check_quorums(ctx, role_bit(request->role), err) : st;
}

static envres_status
revoke_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct role_request *request = asked;
    struct environment environment = { .position = 0 };
    uint8_t id[SEAL_ID] = { 0 };
    bool is_owner = request->role == ENVRES_ROLE_OWNER && !request->environment.data;
    envres_status st = find_place(change, request->environment, &environment, err);
    if (st == ENVRES_OK)
        st = principal_find(change->ctx, request->principal, id, err);
    if (st == ENVRES_OK)
        st = check_covers(change->ctx, request->environment.data ? environment.id : NULL,
                          request->role, err);
    if (st == ENVRES_OK && is_owner)
        st = check_owner_left(change->ctx, id, err);
    if (st == ENVRES_OK)
        st = check_not_own(change->ctx, id, err);
    return st == ENVRES_OK ? take_role(change, id, request, &environment, err) : st;
}

envres_status
principal_revoke(struct context *ctx, const struct role_request *request,
                 const envres_change *given, envres_error *err)
{
    return run_role(ctx, "role.revoke", revoke_inside, request, given, err);
}

/* ---- adding and removing -------------------------------------------------------------------- */

/* One of the first roles of a principal; `key` NULL: for the workspace. */
static envres_status
give_first(struct change *change, const uint8_t id[SEAL_ID], const char *key, uint32_t role,
           envres_error *err)
{
    struct environment place = { .position = 0 };
    struct slice where = { key, key ? strlen(key) : 0 };
    envres_status st = find_place(change, where, &place, err);
    return st == ENVRES_OK ? give_role(change, id, &place, key ? place.id : NULL, role, err) : st;
}

struct add_request {
    const struct new_principal *made;
    const struct first_roles *roles;
};

static envres_status
add_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct add_request *request = asked;
    const struct first_roles *roles = request->roles;
    struct context *ctx = change->ctx;
    const struct identity *identity = request->made->identity;
    change->instead = "add the principal without a role there, then grant it";
    envres_status st = change_may(change, ACTION_ADMIN, NULL, err);
    if (st == ENVRES_OK)
        st = principal_insert(ctx->db, ctx->workspace, request->made, change->now, err);
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    if (st < 0 || roles->role == 0)
        return st;
    if (roles->count == 0)
        return give_first(change, identity->id, NULL, roles->role, err);
    for (size_t i = 0; st == ENVRES_OK && i < roles->count; i++)
        st = give_first(change, identity->id, roles->environments[i], roles->role, err);
    change->has_environment = change->has_environment && roles->count == 1;
    return st;
}

envres_status
principal_add(struct context *ctx, const struct new_principal *made,
              const struct first_roles *roles, const envres_change *given, envres_error *err)
{
    struct add_request request = { made, roles };
    struct change_title title = { "principal.add", "principal/", slice_str(made->identity->name),
                                  NULL };
    envres_status st = roles->role ? check_role(roles->role, err) : ENVRES_OK;
    return st < 0 ? st : change_run(ctx, given, &title, add_inside, &request, NULL, err);
}

static envres_status
mark_removed(struct context *ctx, const uint8_t id[SEAL_ID], int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(ctx->db, principal_sql[SQL_REMOVE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_int(stmt, 2, now);
    return db_run(stmt, err);
}

/* Every role it has must be one that the remover could have given. */
static envres_status
check_covers_all(struct context *ctx, const uint8_t id[SEAL_ID], envres_error *err)
{
    struct roles roles = { .mem = NULL };
    static const uint8_t all[SEAL_ID];
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    for (size_t i = 0; st == ENVRES_OK && i < roles.count; i++) {
        const struct role_row *row = &roles.rows[i];
        const uint8_t *place =
            memcmp(row->environment, all, SEAL_ID) == 0 ? NULL : row->environment;
        if (memcmp(row->principal, id, SEAL_ID) == 0)
            st = check_covers(ctx, place, row->role, err);
    }
    roles_free(&roles);
    return st;
}

/* Takes everything it has; the row stays. The head is not signed yet. */
static envres_status
retire(struct change *change, const uint8_t id[SEAL_ID], envres_error *err)
{
    struct context *ctx = change->ctx;
    change->forgets = true;
    envres_status st = adopt_env_keys(ctx, id, UINT32_MAX, err);
    if (st == ENVRES_OK)
        st = roles_drop_all(ctx->db, id, err);
    if (st == ENVRES_OK)
        st = roles_adopt(ctx->db, ctx->mem, ctx->workspace, id, ctx->actor, err);
    if (st == ENVRES_OK)
        st = run_on(ctx, SQL_DROP_SLOTS, id, err);
    if (st == ENVRES_OK)
        st = env_keys_withdraw_all(ctx->db, id, change->now, err);
    if (st == ENVRES_OK)
        st = mark_removed(ctx, id, change->now ? change->now : 1, err);
    return st;
}

/* Whether a principal may be taken away by the one that acts. */
static envres_status
find_to_retire(struct change *change, struct slice name, uint8_t id[SEAL_ID], envres_error *err)
{
    struct context *ctx = change->ctx;
    envres_status st = change_may(change, ACTION_ADMIN, NULL, err);
    if (st == ENVRES_OK)
        st = principal_find(ctx, name, id, err);
    return st == ENVRES_OK ? check_covers_all(ctx, id, err) : st;
}

static envres_status
remove_inside(struct change *change, const void *asked, envres_error *err)
{
    struct slice name = *(const struct slice *)asked;
    struct context *ctx = change->ctx;
    uint8_t id[SEAL_ID] = { 0 };
    envres_status st = find_to_retire(change, name, id, err);
    if (st == ENVRES_OK)
        st = check_owner_left(ctx, id, err);
    if (st == ENVRES_OK)
        st = check_not_own(ctx, id, err);
    if (st == ENVRES_OK)
        st = retire(change, id, err);
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    return st == ENVRES_OK ? check_quorums(ctx, UINT32_MAX, err) : st;
}

envres_status
principal_remove(struct context *ctx, struct slice name, const envres_change *given,
                 envres_error *err)
{
    struct change_title title = { "principal.remove", "principal/", name, NULL };
    return change_run(ctx, given, &title, remove_inside, &name, NULL, err);
}

/* ---- a new identity ------------------------------------------------------------------------- */

/* The roles of a principal that count, copied before they are taken. */
struct kept_roles {
    struct role_row *rows;
    size_t count;
};

static envres_status
keep_roles(struct context *ctx, const uint8_t id[SEAL_ID], struct kept_roles *out,
           envres_error *err)
{
    struct roles roles = { .mem = NULL };
    static const uint8_t all[SEAL_ID];
    size_t room = 0;
    envres_status st = roles_load(ctx->db, ctx->mem, ctx->workspace, &roles, err);
    for (size_t i = 0; st == ENVRES_OK && i < roles.count; i++) {
        const struct role_row *row = &roles.rows[i];
        const uint8_t *place =
            memcmp(row->environment, all, SEAL_ID) == 0 ? NULL : row->environment;
        if (memcmp(row->principal, id, SEAL_ID) != 0 ||
            !(roles_of(&roles, ctx->workspace, id, place) & role_bit(row->role)))
            continue;
        struct role_row *rows = mem_grow(ctx->mem, out->rows, &room, out->count, sizeof(*rows));
        if (!rows) {
            st = err_code(err, ENVRES_E_NOMEM);
            break;
        }
        out->rows = rows;
        out->rows[out->count++] = *row;
    }
    roles_free(&roles);
    return st;
}

/* Asks what giving this role asks for: a new key for somebody is also a way to act as them. */
static envres_status
may_give(struct change *change, const struct role_row *row, const struct environment *all,
         size_t count, envres_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(all[i].id, row->environment, SEAL_ID) == 0)
            return change_in(change, ACTION_GRANT, &all[i], err);
    }
    return change_may(change, ACTION_GRANT, NULL, err);
}

static envres_status
may_give_all(struct change *change, const struct kept_roles *kept, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(change->ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < kept->count; i++)
        st = may_give(change, &kept->rows[i], all, count, err);
    mem_free(change->ctx->mem, all);
    change->has_environment = false;
    return st;
}

static envres_status
give_again(struct change *change, const struct identity *identity, const struct kept_roles *kept,
           envres_error *err)
{
    struct context *ctx = change->ctx;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < kept->count; i++) {
        struct role_row row = { .role = kept->rows[i].role, .time = change->now };
        memcpy(row.principal, identity->id, SEAL_ID);
        memcpy(row.environment, kept->rows[i].environment, SEAL_ID);
        st = roles_put(ctx->db, ctx->workspace, ctx->actor, &row, err);
    }
    if (st == ENVRES_OK)
        st = roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
    return st == ENVRES_OK ? fit_all(ctx, identity->id, NULL, true, change->now, err) : st;
}

static envres_status
check_not_oneself(const struct context *ctx, const uint8_t id[SEAL_ID], envres_error *err)
{
    if (memcmp(ctx->actor->id, id, SEAL_ID) != 0 && memcmp(context_who(ctx), id, SEAL_ID) != 0)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_OWN_CHANGE, "nobody gives themselves a new identity");
    err_hint(err, "another key or passphrase of one's own is a slot: add or change one");
    return st;
}

static envres_status
rekey_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct new_principal *made = asked;
    struct context *ctx = change->ctx;
    struct kept_roles kept = { .rows = NULL };
    uint8_t id[SEAL_ID] = { 0 };
    change->instead = "remove the principal, add it again without a role there, then grant it";
    envres_status st = find_to_retire(change, slice_str(made->identity->name), id, err);
    if (st == ENVRES_OK)
        st = check_not_oneself(ctx, id, err);
    if (st == ENVRES_OK)
        st = keep_roles(ctx, id, &kept, err);
    if (st == ENVRES_OK)
        st = may_give_all(change, &kept, err);
    if (st == ENVRES_OK)
        st = retire(change, id, err);
    if (st == ENVRES_OK)
        st = principal_insert(ctx->db, ctx->workspace, made, change->now, err);
    if (st == ENVRES_OK)
        st = give_again(change, made->identity, &kept, err);
    mem_free(ctx->mem, kept.rows);
    return st;
}

envres_status
principal_rekey(struct context *ctx, const struct new_principal *made, const envres_change *given,
                envres_error *err)
{
    struct change_title title = { "principal.rekey", "principal/", slice_str(made->identity->name),
                                  NULL };
    return change_run(ctx, given, &title, rekey_inside, made, NULL, err);
}

envres_status
principal_make_root(struct context *ctx, int64_t now, envres_error *err)
{
    struct role_row row = { .role = ENVRES_ROLE_OWNER, .time = now };
    memcpy(row.principal, ctx->actor->id, SEAL_ID);
    envres_status st = roles_put(ctx->db, ctx->workspace, ctx->actor, &row, err);
    return st == ENVRES_OK ? roles_seal(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err) : st;
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *const principal_columns[ENVRES_PRINCIPAL_COLUMNS] = {
    "name", "role", "environment", "slots", "sign_key", "time",
};

/* What one principal's rows have in common. */
struct listed {
    uint8_t id[SEAL_ID];
    char name[LIMIT_PRINCIPAL + 1];
    char sign_key[2 * 32 + 1];
    int64_t slots;
    int64_t time;
};

static void
add_row(envres_list *list, const struct listed *listed)
{
    list_row(list);
    list_set_str(list, ENVRES_PRINCIPAL_NAME, listed->name);
    list_set_int(list, ENVRES_PRINCIPAL_SLOTS, listed->slots);
    list_set_str(list, ENVRES_PRINCIPAL_SIGN_KEY, listed->sign_key);
    list_set_int(list, ENVRES_PRINCIPAL_TIME, listed->time);
}

static envres_status
add_roles(struct context *ctx, envres_list *list, const struct listed *listed, size_t *roles,
          envres_error *err)
{
    struct db_stmt *stmt = NULL;
    bool any = false;
    envres_status st = db_use(ctx->db, principal_sql[SQL_ROLES], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, listed->id, SEAL_ID);
    for (size_t i = 0; i < LIMIT_ROLES; i++) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        any = true;
        ++*roles;
        add_row(list, listed);
        list_set_str(list, ENVRES_PRINCIPAL_ROLE,
                     envres_role_name((uint32_t)db_column_int(stmt, 0)));
        struct slice key = db_column_text(stmt, 1);
        if (!db_column_is(stmt, 1, DB_NULL))
            list_set_text(list, ENVRES_PRINCIPAL_ENVIRONMENT, key.data, key.len);
    }
    db_reset(stmt);
    if (st == ENVRES_OK && !any)
        add_row(list, listed);
    return st;
}

static envres_status
read_listed(struct db_stmt *stmt, struct listed *out, envres_error *err)
{
    uint8_t key[32] = { 0 };
    envres_status st = column_id(stmt, 0, out->id, err);
    if (st == ENVRES_OK)
        st = column_name(stmt, 1, out->name, sizeof(out->name), err);
    if (st == ENVRES_OK)
        st = column_bytes(stmt, 2, key, sizeof(key), NULL, err);
    text_hex(out->sign_key, key, sizeof(key));
    out->time = db_column_int(stmt, 3);
    out->slots = db_column_int(stmt, 4);
    return st;
}

/* The rows that are signed as a whole are all of them: an index that lacks one would hide it. */
static envres_status
check_listed(struct context *ctx, size_t principals, size_t roles, envres_error *err)
{
    const struct roles *all = NULL;
    size_t present = 0;
    envres_status st = right_all(ctx, &all, err);
    for (size_t i = 0; st == ENVRES_OK && i < all->key_count; i++)
        present += !all->keys[i].is_removed;
    if (st < 0 || (present == principals && all->count == roles))
        return st;
    return context_damaged_index(err);
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    (void)asked;
    struct db_stmt *stmt = NULL;
    size_t principals = 0;
    size_t roles = 0;
    envres_status st = right_anywhere(ctx, ACTION_LIST, err);
    if (st == ENVRES_OK)
        st = db_use(ctx->db, principal_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, ctx->workspace, SEAL_ID);
    for (size_t i = 0; i < LIMIT_ROLES; i++) {
        struct listed listed = { .slots = 0 };
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = read_listed(stmt, &listed, err);
        if (st == ENVRES_OK)
            st = add_roles(ctx, list, &listed, &roles, err);
        if (st < 0)
            break;
        principals++;
    }
    db_reset(stmt);
    if (st == ENVRES_OK)
        st = list_status(list, err);
    return st == ENVRES_OK ? check_listed(ctx, principals, roles, err) : st;
}

envres_status
principal_list(struct context *ctx, envres_list **out, envres_error *err)
{
    static const struct list_shape shape = { principal_columns, ENVRES_PRINCIPAL_COLUMNS };
    return context_list(ctx, &shape, list_inside, NULL, out, err);
}
