/* SPDX-License-Identifier: MIT */
/*
 * The audit chain of a workspace.
 *
 *   hash      = BLAKE2b(personal envres1/audit, previous hash | CE(row))    previous: zero at first
 *   CE(row)   = sequence u64, time u64, actor, asserted_by, action, workspace, environment, object,
 *               revision u64, outcome u8, reason, operation, policy version u64
 *               (actor, workspace, operation: 16 raw bytes; the others: strings, "" where none)
 *   signature = Ed25519 over the hash, type "audit", of who was unlocked: asserted_by where the
 * host said whom it served, else the actor
 *
 * The hash has no key, so that anyone can walk the chain. Sequence, not time, is the order. That
 * the end of the chain was cut off is not seen here: that takes a head, or an anchor outside. The
 * fields are an allow-list; a value has no place among them.
 */
#include "guard/audit.h"

#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "guard/box.h"

enum {
    SQL_LAST,
    SQL_AT,
    SQL_APPEND,
    SQL_FIND,
    SQL_TIME,
    SQL_NEWEST,
    SQL_COUNT,
    SQL_WALK,
    SQL_COUNT_
};

static const char *const audit_sql[SQL_COUNT_] = {
    [SQL_LAST] = "SELECT sequence, hash, policy_version FROM audit WHERE workspace_id = ?1"
                 " ORDER BY sequence DESC LIMIT 1",
    [SQL_AT] = "SELECT hash FROM audit WHERE workspace_id = ?1 AND sequence = ?2",
    [SQL_APPEND] =
        "INSERT INTO audit (workspace_id, sequence, time, actor, asserted_by, action,"
        " environment_id, object, revision, outcome, reason, operation, policy_version,"
        " previous, hash, signature)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [SQL_FIND] = "SELECT action, object, revision, environment_id FROM audit"
                 " WHERE workspace_id = ?1 AND operation = ?2",
    [SQL_TIME] = "SELECT 1 FROM audit WHERE workspace_id = ?1 AND time = ?2 AND outcome = 0"
                 " LIMIT 1",
    /* The WHERE of the index audit_configuration, word for word: else the index is not used. */
    [SQL_NEWEST] = "SELECT max(revision) FROM audit WHERE workspace_id = ?1"
                   " AND environment_id = ?2 AND outcome = 0 AND revision > 0"
                   " AND substr(object, 1, 4) <> 'app/'"
                   " AND substr(object, 1, 8) <> 'version/' AND substr(object, 1, 5) <> 'part/'",
    [SQL_COUNT] = "SELECT count(*) FROM audit WHERE workspace_id = ?1 AND environment_id = ?2"
                  " AND outcome = 0 AND action = ?3",
    [SQL_WALK] = "SELECT a.sequence, a.time, a.actor, a.asserted_by, a.action, a.environment_id,"
                 " a.object, a.revision, a.outcome, a.reason, a.operation, a.policy_version,"
                 " a.previous, a.hash, a.signature, p.sign_key FROM audit a"
                 " LEFT JOIN principal p ON p.workspace_id = a.workspace_id AND p.id ="
                 " CASE WHEN length(a.asserted_by) = 16 THEN a.asserted_by ELSE a.actor END"
                 " WHERE a.workspace_id = ?1 AND a.sequence >= ?2 ORDER BY a.sequence",
};

enum {
    ACTION_MAX = 64,
    OUTCOME_OK = 0,
    OUTCOME_DENIED = 1,
    LINK_MAX = SEAL_DIGEST + 2 * 8 + 3 * SEAL_ID + 2 * (4 + SEAL_ID) + 4 + ACTION_MAX + 4 +
               LIMIT_OBJECT + 8 + 1 + 4 + LIMIT_REASON + 8
};

static const char audit_type[] = "audit";

/* One row, from the caller or from the table. Borrowed. */
struct link {
    int64_t sequence;
    int64_t time;
    struct slice actor;
    struct slice asserted_by;
    struct slice action;
    struct slice workspace;
    struct slice environment;
    struct slice object;
    int64_t revision;
    int64_t outcome;
    struct slice reason;
    struct slice operation;
    int64_t policy_version;
    const uint8_t *previous;
};

/* False for a row that was never written by audit_append(). */
static bool
hash_link(const struct link *link, uint8_t hash[SEAL_DIGEST])
{
    if (link->actor.len != SEAL_ID || link->workspace.len != SEAL_ID ||
        link->operation.len != SEAL_ID || link->outcome < 0 || link->outcome > UINT8_MAX)
        return false;
    uint8_t room[LINK_MAX];
    struct ce ce;
    ce_init(&ce, room, sizeof(room));
    ce_bytes(&ce, link->previous, SEAL_DIGEST);
    ce_u64(&ce, (uint64_t)link->sequence);
    ce_u64(&ce, (uint64_t)link->time);
    ce_bytes(&ce, link->actor.data, SEAL_ID);
    ce_text(&ce, link->asserted_by);
    ce_text(&ce, link->action);
    ce_bytes(&ce, link->workspace.data, SEAL_ID);
    ce_text(&ce, link->environment);
    ce_text(&ce, link->object);
    ce_u64(&ce, (uint64_t)link->revision);
    ce_u8(&ce, (uint8_t)link->outcome);
    ce_text(&ce, link->reason);
    ce_bytes(&ce, link->operation.data, SEAL_ID);
    ce_u64(&ce, (uint64_t)link->policy_version);
    if (ce.failed)
        return false;
    box_digest(hash, "envres1/audit", NULL, ce.data, ce.len);
    return true;
}

static struct slice
id_slice(const uint8_t *id)
{
    return slice_of((const char *)id, id ? SEAL_ID : 0);
}

envres_status
audit_tip(struct db *db, const uint8_t *workspace, struct audit_tip *tip, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    memset(tip, 0, sizeof(*tip));
    envres_status st = db_use(db, audit_sql[SQL_LAST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice stored = db_column_blob(stmt, 1);
    tip->sequence = db_column_int(stmt, 0);
    tip->policy_version = db_column_int(stmt, 2);
    if (stored.len == SEAL_DIGEST && tip->sequence >= 1 && tip->sequence < INT64_MAX)
        memcpy(tip->hash, stored.data, SEAL_DIGEST);
    else
        st = err_set(err, ENVRES_E_INTEGRITY, "the newest audit entry is damaged");
    db_reset(stmt);
    return st;
}

envres_status
audit_hash_at(struct db *db, const uint8_t *workspace, int64_t sequence, bool *found,
              uint8_t hash[SEAL_DIGEST], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(db, audit_sql[SQL_AT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_int(stmt, 2, sequence);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice stored = db_column_blob(stmt, 0);
    *found = stored.len == SEAL_DIGEST;
    if (*found)
        memcpy(hash, stored.data, SEAL_DIGEST);
    db_reset(stmt);
    return ENVRES_OK;
}

static envres_status
insert_link(struct db *db, const struct link *link, const uint8_t hash[SEAL_DIGEST],
            const uint8_t signature[SIGNATURE_SIZE], envres_error *err)
{
    struct db_stmt *stmt = NULL;
    envres_status st = db_use(db, audit_sql[SQL_APPEND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, link->workspace.data, link->workspace.len);
    db_bind_int(stmt, 2, link->sequence);
    db_bind_int(stmt, 3, link->time);
    db_bind_blob(stmt, 4, link->actor.data, link->actor.len);
    db_bind_blob(stmt, 5, link->asserted_by.data, link->asserted_by.len);
    db_bind_text(stmt, 6, link->action.data, link->action.len);
    db_bind_blob(stmt, 7, link->environment.data, link->environment.len);
    db_bind_text(stmt, 8, link->object.data, link->object.len);
    db_bind_int(stmt, 9, link->revision);
    db_bind_int(stmt, 10, link->outcome);
    db_bind_text(stmt, 11, link->reason.data, link->reason.len);
    db_bind_blob(stmt, 12, link->operation.data, link->operation.len);
    db_bind_int(stmt, 13, link->policy_version);
    db_bind_blob(stmt, 14, link->previous, SEAL_DIGEST);
    db_bind_blob(stmt, 15, hash, SEAL_DIGEST);
    db_bind_blob(stmt, 16, signature, SIGNATURE_SIZE);
    return db_run(stmt, err);
}

envres_status
audit_append(struct db *db, const struct mem *mem, const struct identity *actor,
             const struct audit_entry *entry, envres_error *err)
{
    (void)mem; /* an entry has a greatest length, and is put together on the stack */
    if (entry->reason.len > LIMIT_REASON)
        return err_set(err, ENVRES_E_LIMIT, "the reason is longer than %d bytes", LIMIT_REASON);
    struct link link = {
        .time = entry->time,
        .actor = id_slice(entry->asserted ? entry->asserted : actor->id),
        .asserted_by = id_slice(entry->asserted ? actor->id : NULL),
        .action = slice_str(entry->action),
        .workspace = id_slice(entry->workspace),
        .environment = id_slice(entry->environment),
        .object = entry->object,
        .revision = entry->revision,
        .outcome = entry->denied ? OUTCOME_DENIED : OUTCOME_OK,
        .reason = entry->reason,
        .operation = id_slice(entry->operation),
        .policy_version = entry->policy_version,
    };
    struct audit_tip last = { 0 };
    uint8_t hash[SEAL_DIGEST];
    uint8_t signature[SIGNATURE_SIZE];
    envres_status st = audit_tip(db, entry->workspace, &last, err);
    if (st < 0)
        return st;
    link.sequence = last.sequence + 1;
    link.previous = last.hash;
    if (!hash_link(&link, hash))
        return err_set(err, ENVRES_E_LIMIT, "the audit entry is too long");
    st = identity_sign(actor, audit_type, hash, sizeof(hash), signature, err);
    return st < 0 ? st : insert_link(db, &link, hash, signature, err);
}

envres_status
audit_find(struct db *db, const uint8_t *workspace, const uint8_t *operation, const char *action,
           struct slice object, bool *found, int64_t *revision, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    *revision = 0;
    envres_status st = db_use(db, audit_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, operation, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    if (slice_equal(db_column_text(stmt, 0), slice_str(action)) &&
        slice_equal(db_column_text(stmt, 1), object)) {
        *found = true;
        *revision = db_column_int(stmt, 2);
    } else {
        st = err_set(err, ENVRES_E_INVALID, "the operation id was used for another change");
        err_hint(err, "give every change an id of its own, or none");
    }
    db_reset(stmt);
    return st;
}

envres_status
audit_used(struct db *db, const uint8_t *workspace, const uint8_t *operation, bool *found,
           struct audit_use *out, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    memset(out, 0, sizeof(*out));
    *found = false;
    envres_status st = db_use(db, audit_sql[SQL_FIND], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, operation, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0 || row == DB_DONE)
        return st;
    struct slice action = db_column_text(stmt, 0);
    struct slice environment = db_column_blob(stmt, 3);
    *found = true;
    if (action.len < sizeof(out->action) && action.len > 0)
        memcpy(out->action, action.data, action.len);
    if (environment.len == SEAL_ID)
        memcpy(out->environment, environment.data, SEAL_ID);
    out->revision = db_column_int(stmt, 2);
    db_reset(stmt);
    return ENVRES_OK;
}

envres_status
audit_has_time(struct db *db, const uint8_t *workspace, int64_t time, bool *found,
               envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    *found = false;
    envres_status st = db_use(db, audit_sql[SQL_TIME], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_int(stmt, 2, time);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    *found = row == DB_ROW;
    if (*found)
        db_reset(stmt);
    return ENVRES_OK;
}

/* ---- verifying ---- */

struct walk {
    const uint8_t *workspace;
    db_finding_fn finding;
    void *user;
    int64_t expected;              /* sequence of the next entry */
    uint8_t previous[SEAL_DIGEST]; /* its link */
    bool knows_previous;           /* not after a gap */
    int64_t first_bad;
};

static void
report(struct walk *walk, int64_t sequence, const char *message)
{
    char object[32] = "audit/";
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t v = sequence < 0 ? 0 : (uint64_t)sequence;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    memcpy(object + 6, digits + at, sizeof(digits) - at);
    if (walk->first_bad == 0)
        walk->first_bad = sequence < 1 ? 1 : sequence;
    walk->finding(walk->user, envres_status_name(ENVRES_E_INTEGRITY), object, message);
}

static void
read_link(struct db_stmt *stmt, const uint8_t *workspace, struct link *link)
{
    link->sequence = db_column_int(stmt, 0);
    link->time = db_column_int(stmt, 1);
    link->actor = db_column_blob(stmt, 2);
    link->asserted_by = db_column_blob(stmt, 3);
    link->action = db_column_text(stmt, 4);
    link->workspace = id_slice(workspace);
    link->environment = db_column_blob(stmt, 5);
    link->object = db_column_text(stmt, 6);
    link->revision = db_column_int(stmt, 7);
    link->outcome = db_column_int(stmt, 8);
    link->reason = db_column_text(stmt, 9);
    link->operation = db_column_blob(stmt, 10);
    link->policy_version = db_column_int(stmt, 11);
}

/* What is wrong with an entry that stands where it should; NULL when nothing is. */
static const char *
fault_of(const struct walk *walk, const struct link *link, struct slice previous,
         struct slice stored, struct slice signature, struct slice sign_key)
{
    uint8_t hash[SEAL_DIGEST];
    if (previous.len != SEAL_DIGEST || stored.len != SEAL_DIGEST ||
        signature.len != SIGNATURE_SIZE || !hash_link(link, hash))
        return "the entry is not in form";
    if (sodium_memcmp(hash, stored.data, SEAL_DIGEST) != 0)
        return "the entry was changed: its hash is another";
    if (walk->knows_previous && sodium_memcmp(walk->previous, previous.data, SEAL_DIGEST) != 0)
        return "the entry does not follow the one before it";
    if (sign_key.len != 32)
        return "who signed the entry is not a principal of the workspace";
    if (!identity_verify((const uint8_t *)sign_key.data, audit_type, hash, sizeof(hash),
                         (const uint8_t *)signature.data))
        return "the entry's signature is not that of who made it";
    return NULL;
}

static void
check_entry(struct walk *walk, struct db_stmt *stmt)
{
    struct link link;
    read_link(stmt, walk->workspace, &link);
    if (link.sequence != walk->expected) {
        report(walk, walk->expected, "entries are missing from here on");
        walk->knows_previous = false;
    }
    struct slice previous = db_column_blob(stmt, 12);
    struct slice stored = db_column_blob(stmt, 13);
    link.previous = (const uint8_t *)previous.data;
    const char *fault =
        fault_of(walk, &link, previous, stored, db_column_blob(stmt, 14), db_column_blob(stmt, 15));
    if (fault)
        report(walk, link.sequence, fault);
    walk->expected = link.sequence < INT64_MAX ? link.sequence + 1 : link.sequence;
    walk->knows_previous = stored.len == SEAL_DIGEST;
    if (walk->knows_previous)
        memcpy(walk->previous, stored.data, SEAL_DIGEST);
}

static envres_status
walk_chain(struct db *db, struct walk *walk, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, audit_sql[SQL_WALK], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, walk->workspace, SEAL_ID);
    db_bind_int(stmt, 2, walk->expected);
    st = db_step(stmt, &row, err);
    while (st == ENVRES_OK && row == DB_ROW) {
        check_entry(walk, stmt);
        st = db_step(stmt, &row, err);
    }
    return st;
}

envres_status
audit_verify(struct db *db, const struct mem *mem, const uint8_t *workspace, db_finding_fn finding,
             void *user, int64_t *first_bad, envres_error *err)
{
    (void)mem;
    struct walk walk = { .workspace = workspace,
                         .finding = finding,
                         .user = user,
                         .expected = 1,
                         .knows_previous = true };
    envres_status st = walk_chain(db, &walk, err);
    *first_bad = st == ENVRES_OK ? walk.first_bad : 0;
    return st;
}

/* The first finding is what the error says. */
static void
keep_first(void *user, const char *code, const char *object, const char *message)
{
    const char **first = user;
    (void)code;
    (void)object;
    if (!*first)
        *first = message; /* of static storage: those of fault_of() and check_entry() */
}

envres_status
audit_follow(struct db *db, const uint8_t *workspace, const struct audit_tip *from,
             envres_error *err)
{
    const char *message = NULL;
    struct walk walk = { .workspace = workspace,
                         .finding = keep_first,
                         .user = &message,
                         .expected = from->sequence > 0 ? from->sequence : 1,
                         .knows_previous = from->sequence == 0 };
    envres_status st = walk_chain(db, &walk, err);
    if (st == ENVRES_OK && message) {
        st = err_set(err, ENVRES_E_INTEGRITY, "audit entry %lld: %s", (long long)walk.first_bad,
                     message);
        err_hint(err, "run verify, then put a backup in its place");
    }
    return st;
}

envres_status
audit_count(struct db *db, const uint8_t *workspace, const uint8_t *environment, const char *action,
            int64_t *count, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, audit_sql[SQL_COUNT], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, environment ? environment : workspace, environment ? SEAL_ID : 0);
    db_bind_text(stmt, 3, action, strlen(action));
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    *count = row == DB_ROW ? db_column_int(stmt, 0) : 0;
    db_reset(stmt);
    return ENVRES_OK;
}

envres_status
audit_newest_revision(struct db *db, const uint8_t *workspace, const uint8_t *environment,
                      int64_t *revision, envres_error *err)
{
    struct db_stmt *stmt = NULL;
    int row = DB_DONE;
    envres_status st = db_use(db, audit_sql[SQL_NEWEST], &stmt, err);
    if (st < 0)
        return st;
    db_bind_blob(stmt, 1, workspace, SEAL_ID);
    db_bind_blob(stmt, 2, environment, SEAL_ID);
    st = db_step(stmt, &row, err);
    if (st < 0)
        return st;
    *revision = row == DB_ROW ? db_column_int(stmt, 0) : 0;
    db_reset(stmt);
    return ENVRES_OK;
}
