/* SPDX-License-Identifier: MIT */
/*
 * Role rows and the head over them.
 *
 *   row   : signature over CE(workspace, principal, environment, role u32, time u64), type "role"
 *   head  : signature over CE(workspace, policy version u64, root, digest), type "policy"
 *   digest = BLAKE2b-256(personal envres1/policy, CE of every principal by id: id, name, box key,
 *            sign key, removed u8; then of every role by its key: the row with its signature)
 *
 * Invariants: a role counts only by its chain of signatures; rows are never trusted because they
 * are there. Reading is bounded; a chain that is too long or goes round does not count.
 */
#include "guard/roles.h"

#include <string.h>

#include "base/limits.h"
#include "guard/box.h"

enum {
    SQL_WORKSPACE,
    SQL_PRINCIPALS,
    SQL_ROLES,
    SQL_GIVEN_BY,
    SQL_PUT,
    SQL_RESIGN,
    SQL_DROP,
    SQL_DROP_ALL,
    SQL_DROP_PLACE,
    SQL_SEAL,
    SQL_COUNT_
};

static const char *const roles_sql[SQL_COUNT_] = {
    [SQL_WORKSPACE] = "SELECT policy, root, policy_signer, policy_signature FROM workspace"
                      " WHERE id = ?1",
    [SQL_PRINCIPALS] = "SELECT id, name, box_key, sign_key, removed_at FROM principal"
                       " WHERE workspace_id = ?1 ORDER BY id",
    [SQL_ROLES] = "SELECT principal_id, environment_id, role, granter_id, signature, created_at"
                  " FROM role_grant WHERE workspace_id = ?1"
                  " ORDER BY principal_id, environment_id, role",
    [SQL_GIVEN_BY] = "SELECT principal_id, environment_id, role, granter_id, signature, created_at"
                     " FROM role_grant WHERE workspace_id = ?1 AND granter_id = ?2"
                     " ORDER BY principal_id, environment_id, role",
    [SQL_PUT] = "INSERT INTO role_grant (workspace_id, principal_id, environment_id, role,"
                " granter_id, signature, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                " ON CONFLICT (principal_id, environment_id, role) DO NOTHING",
    [SQL_RESIGN] = "UPDATE role_grant SET granter_id = ?4, signature = ?5"
                   " WHERE principal_id = ?1 AND environment_id = ?2 AND role = ?3",
    [SQL_DROP] = "DELETE FROM role_grant"
                 " WHERE principal_id = ?1 AND environment_id = ?2 AND role = ?3",
    [SQL_DROP_ALL] = "DELETE FROM role_grant WHERE principal_id = ?1",
    [SQL_DROP_PLACE] = "DELETE FROM role_grant WHERE workspace_id = ?1 AND environment_id = ?2",
    [SQL_SEAL] = "UPDATE workspace SET policy = ?2, policy_signer = ?3, policy_signature = ?4"
                 " WHERE id = ?1",
};

enum {
    CHAIN_MAX = 16,
    ROW_MESSAGE = 3 * SEAL_ID + 4 + 8,
    HEAD_MESSAGE = SEAL_ID + 8 + 32 + SEAL_DIGEST
};

/* ---- messages ------------------------------------------------------------------------------- */

static void
write_row(const uint8_t *workspace, const struct role_row *row, uint8_t message[ROW_MESSAGE])
{
    struct ce ce = { .data = NULL };
    ce_init(&ce, message, ROW_MESSAGE);
    ce_bytes(&ce, workspace, SEAL_ID);
    ce_bytes(&ce, row->principal, SEAL_ID);
    ce_bytes(&ce, row->environment, SEAL_ID);
    ce_u32(&ce, row->role);
    ce_u64(&ce, (uint64_t)row->time);
}

static void
write_head(const uint8_t *workspace, const struct roles *roles, const uint8_t digest[SEAL_DIGEST],
           uint8_t message[HEAD_MESSAGE])
{
    struct ce ce = { .data = NULL };
    ce_init(&ce, message, HEAD_MESSAGE);
    ce_bytes(&ce, workspace, SEAL_ID);
    ce_u64(&ce, (uint64_t)roles->version);
    ce_bytes(&ce, roles->root, sizeof(roles->root));
    ce_bytes(&ce, digest, SEAL_DIGEST);
}

/* ---- reading -------------------------------------------------------------------------------- */

static envres_status
copy_blob(struct db_stmt *stmt, int column, uint8_t *out, size_t len, envres_error *err)
{
    return db_column_take(stmt, column, out, len)
               ? ENVRES_OK
               : err_set(err, ENVRES_E_CORRUPT, "a row of the store's policy is damaged");
}

static envres_status
read_row(struct db_stmt *stmt, struct role_row *out, envres_error *err)
{
    int64_t role = db_column_int(stmt, 2);
    envres_status st = copy_blob(stmt, 0, out->principal, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 1, out->environment, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 3, out->granter, SEAL_ID, err);
    if (st == ENVRES_OK)
        st = copy_blob(stmt, 4, out->signature, SIGNATURE_SIZE, err);
    out->role = role >= 1 && role < ROLE_COUNT_ ? (uint32_t)role : 0;
    out->time = db_column_int(stmt, 5);
    return st;
}

/* Room for one more of `size` bytes in an array. */
static envres_status
make_room(const struct mem *mem, void **array, size_t *room, size_t count, size_t size,
          envres_error *err)
{
    if (count >= LIMIT_ROLES)
        return err_code(err, ENVRES_E_LIMIT);
    void *grown = mem_grow(mem, *array, room, count, size);
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    *array = grown;
    return ENVRES_OK;
}

static envres_status
read_rows(struct db *db, const struct mem *mem, const uint8_t *workspace, const uint8_t *granter,
          struct role_row **out, size_t *count, envres_error *err)
{
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, roles_sql[granter ? SQL_GIVEN_BY : SQL_ROLES], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    if (granter)
        db_bind_blob(stmt, 2, granter, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = make_room(mem, (void **)out, &room, *count, sizeof(**out), err);
        if (st == ENVRES_OK)
            st = read_row(stmt, &(*out)[*count], err);
        if (st < 0)
            break;
        ++*count;
    }
    db_reset(stmt);
    return st;
}

/* The keys of all principals; what the digest says of them is appended to `ce`. */
static envres_status
read_principals(struct db *db, const uint8_t *workspace, struct roles *out, struct buf *ce,
                envres_error *err)
{
    size_t room = 0;
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, roles_sql[SQL_PRINCIPALS], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    for (;;) {
        int row = DB_DONE;
        st = db_step(stmt, &row, err);
        if (st < 0 || row == DB_DONE)
            break;
        st = make_room(out->mem, (void **)&out->keys, &room, out->key_count, sizeof(*out->keys),
                       err);
        if (st < 0)
            break;
        struct role_key *key = &out->keys[out->key_count];
        struct slice name = db_column_text(stmt, 1);
        st = copy_blob(stmt, 0, key->principal, SEAL_ID, err);
        if (st == ENVRES_OK)
            st = copy_blob(stmt, 2, key->box_key, sizeof(key->box_key), err);
        if (st == ENVRES_OK)
            st = copy_blob(stmt, 3, key->sign_key, sizeof(key->sign_key), err);
        if (st < 0)
            break;
        key->is_removed = !db_column_is(stmt, 4, DB_NULL);
        buf_add(ce, key->principal, SEAL_ID);
        buf_add_text(ce, name.data, name.len);
        buf_add(ce, key->box_key, sizeof(key->box_key));
        buf_add(ce, key->sign_key, sizeof(key->sign_key));
        buf_add_char(ce, key->is_removed ? 1 : 0);
        out->key_count++;
    }
    db_reset(stmt);
    return st;
}

static void
digest_rows(const uint8_t *workspace, const struct roles *roles, struct buf *ce)
{
    uint8_t message[ROW_MESSAGE];
    for (size_t i = 0; i < roles->count; i++) {
        write_row(workspace, &roles->rows[i], message);
        buf_add(ce, message, sizeof(message));
        buf_add(ce, roles->rows[i].granter, SEAL_ID);
        buf_add(ce, roles->rows[i].signature, SIGNATURE_SIZE);
    }
}

struct policy_head {
    uint8_t signer[SEAL_ID];
    uint8_t signature[SIGNATURE_SIZE];
    bool is_set;
};

static envres_status
read_workspace(struct db *db, const uint8_t *workspace, struct roles *out, struct policy_head *head,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, roles_sql[SQL_WORKSPACE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return err_set(err, ENVRES_E_CORRUPT, "the workspace is not there");
    out->version = db_column_int(stmt, 0);
    st = copy_blob(stmt, 1, out->root, sizeof(out->root), err);
    head->is_set = !db_column_is(stmt, 2, DB_NULL) && !db_column_is(stmt, 3, DB_NULL);
    if (st == ENVRES_OK && head->is_set)
        st = copy_blob(stmt, 2, head->signer, SEAL_ID, err);
    if (st == ENVRES_OK && head->is_set)
        st = copy_blob(stmt, 3, head->signature, SIGNATURE_SIZE, err);
    db_reset(stmt);
    return st;
}

/* Everything as it is, with its digest; nothing is checked. */
static envres_status
read_all(struct db *db, const uint8_t *workspace, struct roles *out, struct policy_head *head,
         uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    struct buf ce = { .mem = NULL };
    buf_init(&ce, out->mem, false);
    envres_status st = read_workspace(db, workspace, out, head, err);
    if (st == ENVRES_OK)
        st = read_principals(db, workspace, out, &ce, err);
    if (st == ENVRES_OK)
        st = read_rows(db, out->mem, workspace, NULL, &out->rows, &out->count, err);
    if (st == ENVRES_OK) {
        digest_rows(workspace, out, &ce);
        st = buf_status(&ce, err);
    }
    if (st == ENVRES_OK)
        seal_digest(digest, "envres1/policy", ce.data, ce.len);
    buf_free(&ce);
    return st;
}

envres_status
roles_version(struct db *db, const uint8_t *workspace, int64_t *version, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, roles_sql[SQL_WORKSPACE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    if (row == DB_DONE)
        return err_set(err, ENVRES_E_CORRUPT, "the workspace is not there");
    *version = db_column_int(stmt, 0);
    db_reset(stmt);
    return ENVRES_OK;
}

void
roles_free(struct roles *roles)
{
    if (!roles->mem)
        return;
    mem_free(roles->mem, roles->rows);
    mem_free(roles->mem, roles->keys);
    roles->rows = NULL;
    roles->keys = NULL;
    roles->count = roles->key_count = 0;
}

/* ---- what counts ---------------------------------------------------------------------------- */

/* By id, in order of id. */
const struct role_key *
roles_past_key(const struct roles *roles, const uint8_t *principal)
{
    size_t low = 0;
    size_t high = roles->key_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(roles->keys[middle].principal, principal, SEAL_ID);
        if (order == 0)
            return &roles->keys[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct role_key *
roles_key(const struct roles *roles, const uint8_t *principal)
{
    const struct role_key *key = roles_past_key(roles, principal);
    return key && !key->is_removed ? key : NULL;
}

static bool
is_zero(const uint8_t id[SEAL_ID])
{
    static const uint8_t zero[SEAL_ID];
    return memcmp(id, zero, SEAL_ID) == 0;
}

static uint32_t trusted_roles(const struct roles *roles, const uint8_t *workspace,
                              const uint8_t *principal, const uint8_t *environment, int depth);

/* A role counts when it is signed, and by somebody who may give it there. */
static bool
counts(const struct roles *roles, const uint8_t *workspace, const struct role_row *row, int depth)
{
    uint8_t message[ROW_MESSAGE];
    const struct role_key *granter = roles_past_key(roles, row->granter);
    if (!granter || row->role == 0 || depth > CHAIN_MAX)
        return false;
    write_row(workspace, row, message);
    if (!identity_verify(granter->sign_key, "role", message, sizeof(message), row->signature))
        return false;
    if (seal_equal(granter->sign_key, roles->root, sizeof(roles->root)))
        return true;
    if (memcmp(row->granter, row->principal, SEAL_ID) == 0)
        return false;
    const uint8_t *environment = is_zero(row->environment) ? NULL : row->environment;
    uint32_t own = trusted_roles(roles, workspace, row->granter, environment, depth + 1);
    return policy_verdict(own, ACTION_GRANT, false, false) != VERDICT_DENY &&
           policy_covers(own, row->role);
}

static uint32_t
trusted_roles(const struct roles *roles, const uint8_t *workspace, const uint8_t *principal,
              const uint8_t *environment, int depth)
{
    uint32_t set = 0;
    for (size_t i = 0; i < roles->count; i++) {
        const struct role_row *row = &roles->rows[i];
        if (memcmp(row->principal, principal, SEAL_ID) != 0)
            continue;
        if (!is_zero(row->environment) &&
            !(environment && memcmp(row->environment, environment, SEAL_ID) == 0))
            continue;
        if (!(set & role_bit(row->role)) && counts(roles, workspace, row, depth))
            set |= role_bit(row->role);
    }
    return set;
}

uint32_t
roles_of(const struct roles *roles, const uint8_t *workspace, const uint8_t *principal,
         const uint8_t *environment)
{
    return roles_key(roles, principal) ? trusted_roles(roles, workspace, principal, environment, 0)
                                       : 0;
}

/* Who signs the head must be one who may change what is under it, or the root. */
static bool
head_holds(const struct roles *roles, const uint8_t *workspace, const struct policy_head *head,
           const uint8_t digest[SEAL_DIGEST])
{
    uint8_t message[HEAD_MESSAGE];
    const struct role_key *signer = head->is_set ? roles_past_key(roles, head->signer) : NULL;
    if (!signer)
        return false;
    write_head(workspace, roles, digest, message);
    if (!identity_verify(signer->sign_key, "policy", message, sizeof(message), head->signature))
        return false;
    if (seal_equal(signer->sign_key, roles->root, sizeof(roles->root)))
        return true;
    for (size_t i = 0; i < roles->count; i++) {
        const struct role_row *row = &roles->rows[i];
        if (memcmp(row->principal, head->signer, SEAL_ID) == 0 &&
            policy_verdict(role_bit(row->role), ACTION_GRANT, false, false) != VERDICT_DENY &&
            counts(roles, workspace, row, 0))
            return true;
    }
    return false;
}

envres_status
roles_load(struct db *db, const struct mem *mem, const uint8_t *workspace, struct roles *out,
           envres_error *err)
{
    struct roles roles = { .mem = mem };
    struct policy_head head = { .is_set = false };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    envres_status st = read_all(db, workspace, &roles, &head, digest, err);
    if (st == ENVRES_OK && !head_holds(&roles, workspace, &head, digest)) {
        st = err_set(err, ENVRES_E_INTEGRITY,
                     "the principals and roles of the workspace are not those that were signed");
        err_hint(err, "rows were added, taken out or put back: run verify, then put a backup in "
                      "its place");
    }
    if (st < 0)
        roles_free(&roles);
    else
        *out = roles;
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static envres_status
sign_row(const uint8_t *workspace, const struct identity *granter, struct role_row *row,
         envres_error *err)
{
    uint8_t message[ROW_MESSAGE];
    memcpy(row->granter, granter->id, SEAL_ID);
    write_row(workspace, row, message);
    return identity_sign(granter, "role", message, sizeof(message), row->signature, err);
}

envres_status
roles_put(struct db *db, const uint8_t *workspace, const struct identity *granter,
          struct role_row *row, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = sign_row(workspace, granter, row, err);
    if (st == ENVRES_OK)
        st = db_use(db, roles_sql[SQL_PUT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, row->principal, SEAL_ID);
    db_bind_blob(stmt, 3, row->environment, SEAL_ID);
    db_bind_int(stmt, 4, row->role);
    db_bind_blob(stmt, 5, row->granter, SEAL_ID);
    db_bind_blob(stmt, 6, row->signature, SIGNATURE_SIZE);
    db_bind_int(stmt, 7, row->time);
    return db_run(stmt, err);
}

envres_status
roles_drop(struct db *db, const struct role_row *row, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, roles_sql[SQL_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->principal, SEAL_ID);
    db_bind_blob(stmt, 2, row->environment, SEAL_ID);
    db_bind_int(stmt, 3, row->role);
    return db_run(stmt, err);
}

envres_status
roles_drop_all(struct db *db, const uint8_t *principal, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, roles_sql[SQL_DROP_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, principal, SEAL_ID);
    return db_run(stmt, err);
}

envres_status
roles_drop_environment(struct db *db, const uint8_t *workspace, const uint8_t *environment,
                       envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, roles_sql[SQL_DROP_PLACE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, environment, SEAL_ID);
    return db_run(stmt, err);
}

static envres_status
resign(struct db *db, const uint8_t *workspace, const struct identity *by, struct role_row *row,
       envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = sign_row(workspace, by, row, err);
    if (st == ENVRES_OK)
        st = db_use(db, roles_sql[SQL_RESIGN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, row->principal, SEAL_ID);
    db_bind_blob(stmt, 2, row->environment, SEAL_ID);
    db_bind_int(stmt, 3, row->role);
    db_bind_blob(stmt, 4, row->granter, SEAL_ID);
    db_bind_blob(stmt, 5, row->signature, SIGNATURE_SIZE);
    return db_run(stmt, err);
}

static envres_status
own_role(const struct identity *by, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_OWN_CHANGE,
                               "'%s' has its own role from the one that would lose the right to "
                               "grant it",
                               by->name);
    err_subject(err, by->name, strlen(by->name));
    err_hint(err, "let another owner do it, or grant the role anew first");
    return st;
}

/* Is it the principal whose key is the root? */
static envres_status
is_root(struct db *db, const struct mem *mem, const uint8_t *workspace, const uint8_t *principal,
        bool *root, envres_error *err)
{
    struct roles roles = { .mem = mem };
    struct policy_head head = { .is_set = false };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    envres_status st = read_all(db, workspace, &roles, &head, digest, err);
    const struct role_key *key = st == ENVRES_OK ? roles_past_key(&roles, principal) : NULL;
    *root = key && seal_equal(key->sign_key, roles.root, sizeof(roles.root));
    roles_free(&roles);
    return st;
}

envres_status
roles_adopt(struct db *db, const struct mem *mem, const uint8_t *workspace, const uint8_t *from,
            const struct identity *by, envres_error *err)
{
    struct role_row *rows = NULL;
    size_t count = 0;
    bool root = false;
    envres_status st = is_root(db, mem, workspace, from, &root, err);
    if (st < 0 || root)
        return st;
    st = read_rows(db, mem, workspace, from, &rows, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = memcmp(rows[i].principal, by->id, SEAL_ID) == 0
                 ? own_role(by, err)
                 : resign(db, workspace, by, &rows[i], err);
    }
    mem_free(mem, rows);
    return st;
}

envres_status
roles_seal(struct db *db, const struct mem *mem, const uint8_t *workspace,
           const struct identity *by, envres_error *err)
{
    struct roles roles = { .mem = mem };
    struct policy_head head = { .is_set = false };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    uint8_t message[HEAD_MESSAGE];
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = read_all(db, workspace, &roles, &head, digest, err);
    if (st == ENVRES_OK) {
        roles.version++;
        write_head(workspace, &roles, digest, message);
        st = identity_sign(by, "policy", message, sizeof(message), signature, err);
    }
    if (st == ENVRES_OK)
        st = db_use(db, roles_sql[SQL_SEAL], &stmt, err);
    if (st == ENVRES_OK) {
        db_bind_blob(stmt, 1, workspace, SEAL_ID);
        db_bind_int(stmt, 2, roles.version);
        db_bind_blob(stmt, 3, by->id, SEAL_ID);
        db_bind_blob(stmt, 4, signature, SIGNATURE_SIZE);
        st = db_run(stmt, err);
    }
    roles_free(&roles);
    return st;
}

/* ---- verify --------------------------------------------------------------------------------- */

envres_status
roles_verify(struct db *db, const struct mem *mem, const uint8_t *workspace, db_finding_fn finding,
             void *user, envres_error *err)
{
    const char *code = envres_status_name(ENVRES_E_INTEGRITY);
    struct roles roles = { .mem = mem };
    struct policy_head head = { .is_set = false };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    envres_status st = read_all(db, workspace, &roles, &head, digest, err);
    if (st == ENVRES_OK && !head_holds(&roles, workspace, &head, digest))
        finding(user, code, "policy", "the principals and roles are not those that were signed");
    for (size_t i = 0; st == ENVRES_OK && i < roles.count; i++) {
        if (!counts(&roles, workspace, &roles.rows[i], 0))
            finding(user, code, "policy", "a role was given by nobody who may give it");
    }
    roles_free(&roles);
    return st;
}
