/* SPDX-License-Identifier: MIT */
/*
 * The signed set of slots:
 *
 *   signature over CE(workspace, principal, digest), type "slots"
 *   digest = BLAKE2b-256(personal envres1/slots, CE of every slot by ordinal: ordinal u64, label,
 *            body (160 bytes), provider, time u64)
 *
 * Invariants: a set is checked before anything is signed in its place, so that a slot somebody else
 * put there is never made good by the next change; at most LIMIT_SLOTS rows are read of a
 * principal. What opens a slot is in slot.c; who may change one, in the model.
 */
#include "guard/slot_set.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "guard/box.h"
#include "guard/slot.h"

enum { SQL_SLOTS, SQL_SIGNED, SQL_ALL, SQL_PUT, SQL_CHANGE, SQL_DROP, SQL_SIGN, SQL_COUNT_ };

/* One row more than may be is enough to know. */
static const char *const set_sql[SQL_COUNT_] = {
    [SQL_SLOTS] = "SELECT ordinal, created_at, label, body, provider FROM slot"
                  " WHERE principal_id = ?1 ORDER BY ordinal LIMIT 17",
    [SQL_SIGNED] = "SELECT slots FROM principal WHERE id = ?1 AND workspace_id = ?2",
    [SQL_ALL] = "SELECT id, name, sign_key, slots FROM principal"
                " WHERE workspace_id = ?1 AND removed_at IS NULL ORDER BY name",
    [SQL_PUT] = "INSERT INTO slot (principal_id, ordinal, label, body, provider, created_at)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_CHANGE] = "UPDATE slot SET body = ?3, provider = ?4, created_at = ?5"
                   " WHERE principal_id = ?1 AND ordinal = ?2",
    [SQL_DROP] = "DELETE FROM slot WHERE principal_id = ?1 AND ordinal = ?2",
    [SQL_SIGN] = "UPDATE principal SET slots = ?2 WHERE id = ?1",
};

static_assert(LIMIT_SLOTS == 16, "SQL_SLOTS reads one row more");

enum { SET_MESSAGE = 2 * SEAL_ID + SEAL_DIGEST };

/* ---- the digest ----------------------------------------------------------------------------- */

void
slot_sum_init(struct slot_sum *sum, const struct mem *mem)
{
    memset(sum, 0, sizeof(*sum));
    buf_init(&sum->text, mem, false);
    sum->in_form = true;
}

void
slot_sum_add(struct slot_sum *sum, const struct slot_row *row)
{
    sum->in_form = sum->in_form && sum->count < LIMIT_SLOTS && row->ordinal > sum->last &&
                   row->label.len <= LIMIT_SLOT_LABEL && row->body.len == SLOT_SIZE &&
                   row->provider.len <= LIMIT_PROVIDER_BLOB;
    if (!sum->in_form)
        return;
    sum->last = row->ordinal;
    sum->count++;
    buf_add_u64(&sum->text, (uint64_t)row->ordinal);
    buf_add_text(&sum->text, row->label.data, row->label.len);
    buf_add(&sum->text, row->body.data, row->body.len);
    buf_add_text(&sum->text, row->provider.data, row->provider.len);
    buf_add_u64(&sum->text, (uint64_t)row->time);
}

void
slot_sum_reset(struct slot_sum *sum)
{
    sum->text.len = 0;
    sum->last = 0;
    sum->count = 0;
    sum->in_form = true;
}

void
slot_sum_free(struct slot_sum *sum)
{
    buf_free(&sum->text);
}

/* A set that is not in form has no digest that anybody signed: all zero. */
envres_status
slot_sum_end(const struct slot_sum *sum, uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    envres_status st = buf_status(&sum->text, err);
    memset(digest, 0, SEAL_DIGEST);
    if (st == ENVRES_OK && sum->in_form)
        seal_digest(digest, "envres1/slots", sum->text.data, sum->text.len);
    return st;
}

static void
write_message(const uint8_t *workspace, const uint8_t *principal, const uint8_t digest[SEAL_DIGEST],
              uint8_t message[SET_MESSAGE])
{
    struct ce ce = { .data = NULL };
    ce_init(&ce, message, SET_MESSAGE);
    ce_bytes(&ce, workspace, SEAL_ID);
    ce_bytes(&ce, principal, SEAL_ID);
    ce_bytes(&ce, digest, SEAL_DIGEST);
}

bool
slot_set_is_signed(const uint8_t *workspace, const uint8_t *principal,
                   const uint8_t sign_public[32], const uint8_t digest[SEAL_DIGEST],
                   const uint8_t signature[SIGNATURE_SIZE])
{
    static const uint8_t none[SEAL_DIGEST];
    uint8_t message[SET_MESSAGE];
    if (memcmp(digest, none, SEAL_DIGEST) == 0)
        return false;
    write_message(workspace, principal, digest, message);
    return identity_verify(sign_public, "slots", message, sizeof(message), signature);
}

envres_status
slot_set_refuse(const char *principal, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY,
                "the slots of principal '%s' are not those it signed: one was added, "
                "exchanged or taken out",
                principal);
    err_hint(err, "the key is right, the file is not: put a backup in its place; without one an "
                  "administrator can give the principal a new key");
    err_subject(err, principal, strlen(principal));
    return st;
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct slot_row
read_row(struct db_stmt *stmt)
{
    struct slot_row row = { .ordinal = db_column_int(stmt, 0), .time = db_column_int(stmt, 1) };
    row.label = db_column_text(stmt, 2);
    row.body = db_column_blob(stmt, 3);
    row.provider = db_column_blob(stmt, 4);
    return row;
}

static void
take_facts(struct slot_set *set, const uint8_t *principal, const struct slot_row *row)
{
    if (!set || set->count >= LIMIT_SLOTS || row->label.len > LIMIT_SLOT_LABEL)
        return;
    struct slot_facts *facts = &set->rows[set->count++];
    facts->ordinal = row->ordinal;
    facts->time = row->time;
    facts->kind = slot_kind(principal, row->body, row->provider);
    facts->label_len = row->label.len;
    if (row->label.len > 0)
        memcpy(facts->label, row->label.data, row->label.len);
    facts->label[row->label.len] = '\0';
}

/* The digest of a principal's slots as they are; `set` may be NULL. */
static envres_status
sum_slots(struct db *db, const struct mem *mem, const uint8_t *principal, struct slot_set *set,
          uint8_t digest[SEAL_DIGEST], envres_error *err)
{
    struct slot_sum sum = { .count = 0 };
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, set_sql[SQL_SLOTS], &stmt, err);
    if (st < 0)
        return st;
    slot_sum_init(&sum, mem);
    db_bind_blob(stmt, 1, principal, SEAL_ID);
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW) {
        struct slot_row slot = read_row(stmt);
        slot_sum_add(&sum, &slot);
        take_facts(set, principal, &slot);
        st = db_step(stmt, &row, err);
    }
    if (st == ENVRES_OK)
        st = slot_sum_end(&sum, digest, err);
    slot_sum_free(&sum);
    return st;
}

static envres_status
read_signature(struct db *db, const uint8_t *workspace, const uint8_t *principal,
               uint8_t signature[SIGNATURE_SIZE], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, set_sql[SQL_SIGNED], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, principal, SEAL_ID);
    db_bind_blob(stmt, 2, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    struct slice blob = { NULL, 0 };
    if (st == ENVRES_OK && row == DB_ROW)
        blob = db_column_blob(stmt, 0);
    memset(signature, 0, SIGNATURE_SIZE); /* nobody's */
    if (blob.len == SIGNATURE_SIZE)
        memcpy(signature, blob.data, SIGNATURE_SIZE);
    if (st == ENVRES_OK && row == DB_ROW)
        db_reset(stmt);
    return st;
}

envres_status
slot_set_load(struct db *db, const struct mem *mem, const uint8_t *workspace,
              const struct identity *identity, struct slot_set *out, envres_error *err)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    memset(out, 0, sizeof(*out));
    envres_status st = sum_slots(db, mem, identity->id, out, digest, err);
    if (st == ENVRES_OK)
        st = read_signature(db, workspace, identity->id, signature, err);
    if (st == ENVRES_OK &&
        !slot_set_is_signed(workspace, identity->id, identity->sign_public, digest, signature))
        st = slot_set_refuse(identity->name, err);
    return st;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void
bind_provider(struct db_stmt *stmt, int index, const struct new_slot *made)
{
    if (made->provider.len > 0)
        db_bind_blob(stmt, index, made->provider.data, made->provider.len);
    else
        db_bind_null(stmt, index);
}

envres_status
slot_set_put(struct db *db, const struct identity *identity, int64_t ordinal, struct slice label,
             const struct new_slot *made, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, set_sql[SQL_PUT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, identity->id, SEAL_ID);
    db_bind_int(stmt, 2, ordinal);
    db_bind_text(stmt, 3, label.data, label.len);
    db_bind_blob(stmt, 4, made->body, SLOT_SIZE);
    bind_provider(stmt, 5, made);
    db_bind_int(stmt, 6, now);
    return db_run(stmt, err);
}

envres_status
slot_set_change(struct db *db, const struct identity *identity, int64_t ordinal,
                const struct new_slot *made, int64_t now, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, set_sql[SQL_CHANGE], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, identity->id, SEAL_ID);
    db_bind_int(stmt, 2, ordinal);
    db_bind_blob(stmt, 3, made->body, SLOT_SIZE);
    bind_provider(stmt, 4, made);
    db_bind_int(stmt, 5, now);
    return db_run(stmt, err);
}

envres_status
slot_set_drop(struct db *db, const struct identity *identity, int64_t ordinal, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, set_sql[SQL_DROP], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, identity->id, SEAL_ID);
    db_bind_int(stmt, 2, ordinal);
    return db_run(stmt, err);
}

envres_status
slot_set_sign(struct db *db, const struct mem *mem, const uint8_t *workspace,
              const struct identity *identity, envres_error *err)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    uint8_t message[SET_MESSAGE];
    uint8_t signature[SIGNATURE_SIZE] = { 0 };
    struct db_stmt *stmt = NULL;
    envres_status st = sum_slots(db, mem, identity->id, NULL, digest, err);
    if (st < 0)
        return st;
    write_message(workspace, identity->id, digest, message);
    st = identity_sign(identity, "slots", message, sizeof(message), signature, err);
    if (st == ENVRES_OK)
        st = db_use(db, set_sql[SQL_SIGN], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, identity->id, SEAL_ID);
    db_bind_blob(stmt, 2, signature, sizeof(signature));
    return db_run(stmt, err);
}

/* ---- verify --------------------------------------------------------------------------------- */

/* One row of SQL_ALL. */
static envres_status
verify_one(struct db *db, const struct mem *mem, const uint8_t *workspace, struct db_stmt *stmt,
           bool *holds, envres_error *err)
{
    uint8_t digest[SEAL_DIGEST] = { 0 };
    struct slice id = db_column_blob(stmt, 0);
    struct slice key = db_column_blob(stmt, 2);
    struct slice signature = db_column_blob(stmt, 3);
    *holds = false;
    if (id.len != SEAL_ID || key.len != 32 || signature.len != SIGNATURE_SIZE)
        return ENVRES_OK;
    envres_status st = sum_slots(db, mem, (const uint8_t *)id.data, NULL, digest, err);
    *holds = st == ENVRES_OK &&
             slot_set_is_signed(workspace, (const uint8_t *)id.data, (const uint8_t *)key.data,
                                digest, (const uint8_t *)signature.data);
    return st;
}

envres_status
slot_set_verify(struct db *db, const struct mem *mem, const uint8_t *workspace,
                db_finding_fn finding, void *user, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, set_sql[SQL_ALL], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW) {
        bool holds = false;
        struct slice name = db_column_text(stmt, 1);
        char object[512];
        snprintf(object, sizeof(object), "slot/%.*s", (int)(name.len > 256 ? 256 : name.len),
                 name.data ? name.data : "");
        st = verify_one(db, mem, workspace, stmt, &holds, err);
        if (st == ENVRES_OK && !holds)
            finding(user, envres_status_name(ENVRES_E_INTEGRITY), object,
                    "the slots are not those that the principal signed");
        if (st == ENVRES_OK)
            st = db_step(stmt, &row, err);
    }
    db_reset(stmt);
    return st;
}
