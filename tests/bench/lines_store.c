/* SPDX-License-Identifier: MIT */
/*
 * What touches the store: secrets, opening a scope, writing, importing, starting cold. Each is held
 * against the same done by hand with SQLite and libsodium on the same file, or on a file of the
 * same schema, journal mode and synchronous.
 */
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hand.h"
#include "lines.h"

extern char **environ;

enum { PATH_ROOM = 4300 };

/* ---- reading -------------------------------------------------------------------------------- */

struct kept_row {
    struct hand_row row;
    uint8_t object[16];
    char name[GEN_NAME_MAX];
    uint8_t content[HAND_CONTENT];
    uint8_t record[HAND_RECORD_MAX];
    uint32_t index; /* in our scope */
    char value[HAND_RECORD_MAX];
    size_t value_len;
};

struct reading {
    struct fixture *fx;
    struct hand hand;
    struct kept_row secrets[GEN_SECRETS];
    struct kept_row rows[GEN_VARIABLES];
    size_t row_count;
};

static void
keep_row(struct kept_row *kept, const struct hand_row *row)
{
    memcpy(kept->object, row->object, sizeof(kept->object));
    memcpy(kept->name, row->name, row->name_len + 1);
    memcpy(kept->content, row->content, sizeof(kept->content));
    memcpy(kept->record, row->record, row->record_len);
    kept->row = *row;
    kept->row.object = kept->object;
    kept->row.name = kept->name;
    kept->row.content = kept->content;
    kept->row.record = kept->record;
}

/* The rows by hand, plain ones opened; secret ones stay sealed, as in a scope. */
static void
read_by_hand(void *user, size_t count)
{
    struct reading *r = user;
    struct hand_row row;
    for (size_t i = 0; i < count; i++) {
        r->row_count = 0;
        while (hand_next(&r->hand, &row)) {
            struct kept_row *kept = &r->rows[r->row_count++];
            keep_row(kept, &row);
            if (!row.secret)
                kept->value_len = hand_unseal(&r->hand, &row, kept->value);
        }
        hand_rewind(&r->hand);
    }
}

static void
open_scope(void *user, size_t count)
{
    struct reading *r = user;
    for (size_t i = 0; i < count; i++) {
        envres_scope *scope = NULL;
        envres_scope_open(r->fx->session, "staging", 7, NULL, &scope, r->fx->err);
        bench_check(envres_scope_count(scope) == GEN_VARIABLES, "a scope is not whole");
        envres_scope_unref(scope);
    }
}

static void
get_secret(void *user, size_t count)
{
    struct reading *r = user;
    char buf[HAND_RECORD_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t need = 0;
        envres_scope_get_into(r->fx->mixed, r->secrets[i % GEN_SECRETS].index, buf, sizeof(buf),
                              &need, r->fx->err);
        bench_keep(buf);
    }
}

static void
unseal_by_hand(void *user, size_t count)
{
    struct reading *r = user;
    char buf[HAND_RECORD_MAX];
    for (size_t i = 0; i < count; i++) {
        hand_unseal(&r->hand, &r->secrets[i % GEN_SECRETS].row, buf);
        bench_keep(buf);
    }
}

/* Every value by hand, by the library, and by the generator: the same bytes. */
static void
compare_values(struct reading *r)
{
    size_t secrets = 0;
    bench_check(r->row_count == GEN_VARIABLES, "the rows by hand are not whole");
    for (size_t i = 0; i < r->row_count; i++) {
        struct kept_row *kept = &r->rows[i];
        char buf[HAND_RECORD_MAX], value[GEN_VALUE_MAX];
        size_t need = 0;
        expect_ok(envres_scope_find(r->fx->mixed, kept->name, strlen(kept->name), &kept->index,
                                    r->fx->err),
                  r->fx->err, kept->name);
        expect_ok(
            envres_scope_get_into(r->fx->mixed, kept->index, buf, sizeof(buf), &need, r->fx->err),
            r->fx->err, kept->name);
        const char *digits = strrchr(kept->name, '_') + 1;
        size_t len = gen_value(value, (uint32_t)strtoul(digits, NULL, 10));
        bench_same("a value", buf, need, value, len);
        if (kept->row.secret) {
            kept->value_len = hand_unseal(&r->hand, &kept->row, kept->value);
            keep_row(&r->secrets[secrets], &kept->row);
            r->secrets[secrets++].index = kept->index;
        }
        bench_same("a value by hand", kept->value, kept->value_len, value, len);
    }
    bench_check(secrets == GEN_SECRETS, "the secrets by hand are not whole");
}

static void
run_reading(struct fixture *fx)
{
    static struct reading r;
    r.fx = fx;
    hand_open(&r.hand, fx->path, fx->key, "staging");
    read_by_hand(&r, 1);
    compare_values(&r);
    struct bench_line lines[] = {
        { .name = "secret get (limit: by hand)",
          .ours = get_secret,
          .limit = unseal_by_hand,
          .user = &r,
          .goals = { { RULE_COST, 1.3, 1.05 } } },
        { .name = "scope open (limit: by hand)",
          .ours = open_scope,
          .limit = read_by_hand,
          .user = &r,
          .goals = { { RULE_COST, 3, 1.5 } } },
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        bench_run(&lines[i]);
    hand_close(&r.hand);
}

/* ---- raw SQLite with the store's own settings ----------------------------------------------- */

static void
read_fact(envres_store *store, const char *name, char *out, size_t cap, envres_error *err)
{
    envres_list *list = NULL;
    expect_ok(envres_store_info(store, &list, err), err, "info");
    out[0] = '\0';
    for (size_t i = 0; i < envres_list_count(list); i++) {
        if (strcmp(envres_list_text(list, i, ENVRES_INFO_NAME, NULL), name) == 0)
            snprintf(out, cap, "%s", envres_list_text(list, i, ENVRES_INFO_VALUE, NULL));
    }
    bench_check(out[0] != '\0', "the store does not say how it writes");
    envres_list_free(list);
}

static sqlite3 *
open_raw(const char *path, envres_store *like, envres_error *err)
{
    sqlite3 *db = NULL;
    char mode[32], synchronous[32], sql[256];
    read_fact(like, "journal_mode", mode, sizeof(mode), err);
    read_fact(like, "synchronous", synchronous, sizeof(synchronous), err);
    hand_expect(db, sqlite3_open(path, &db), SQLITE_OK, "opening a raw database");
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode = %s; PRAGMA synchronous = %s; PRAGMA secure_delete = ON;"
             "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768",
             mode, synchronous);
    hand_exec(db, sql);
    return db;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    hand_expect(db, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, sql);
    return stmt;
}

static void
run_stmt(sqlite3 *db, sqlite3_stmt *stmt)
{
    hand_expect(db, sqlite3_step(stmt), SQLITE_DONE, "a statement by hand");
    sqlite3_reset(stmt);
}

static void
bind_blob(sqlite3_stmt *stmt, int at, const void *data, size_t len)
{
    sqlite3_bind_blob(stmt, at, data, (int)len, SQLITE_STATIC);
}

/* ---- writing one ---------------------------------------------------------------------------- */

struct writing {
    struct fixture *fx;
    envres_store *store;
    envres_session *session;
    unsigned value;
    sqlite3 *same;   /* a copy of the store: the same statements, nothing sealed */
    sqlite3 *single; /* one table: one UPSERT */
    sqlite3_stmt *steps[4];
    sqlite3_stmt *upsert;
    int64_t revision;
    int64_t sequence;
    uint8_t environment[16], object[16], workspace[16];
    uint8_t record[224], head[176], bytes[96];
};

static void
put_one(struct writing *w)
{
    char value[32];
    snprintf(value, sizeof(value), "value-%u-with-a-tail", w->value++);
    envres_variable_write write = { .size = sizeof(write),
                                    .name = "API_URL_0",
                                    .name_len = 9,
                                    .value = value,
                                    .value_len = strlen(value) };
    expect_ok(envres_variable_put(w->session, "development", 11, &write, NULL, NULL, w->fx->err),
              w->fx->err, "put");
}

static void
put_ours(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_one(user);
}

/* What the library writes for one put, row by row, with bytes that need no making. */
static void
put_same(void *user, size_t count)
{
    struct writing *w = user;
    for (size_t i = 0; i < count; i++) {
        hand_exec(w->same, "BEGIN IMMEDIATE");
        w->revision++;
        w->sequence++;
        sqlite3_bind_int64(w->steps[0], 3, w->revision);
        sqlite3_bind_int64(w->steps[1], 3, w->revision);
        sqlite3_bind_int64(w->steps[2], 2, w->revision);
        sqlite3_bind_int64(w->steps[3], 2, w->sequence);
        randombytes_buf(w->bytes, 16);
        for (int s = 0; s < 4; s++)
            run_stmt(w->same, w->steps[s]);
        hand_exec(w->same, "COMMIT");
    }
}

static void
put_single(void *user, size_t count)
{
    struct writing *w = user;
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(w->upsert, 3, ++w->revision);
        run_stmt(w->single, w->upsert);
    }
}

static void
prepare_same(struct writing *w)
{
    static const char *const sql[4] = {
        "UPDATE setting SET until = ?3 WHERE environment_id = ?1 AND object_id = ?2 AND field = ''"
        " AND until IS NULL",
        "INSERT INTO setting (environment_id, object_id, field, revision, until, state, class, name,"
        " kind, secret, content, record, author, time) VALUES (?1, ?2, '', ?3, NULL, 1, 1,"
        " 'API_URL_0', 'string', 0, ?4, ?5, ?6, 1700000000000)",
        "UPDATE environment SET revision = ?2, head = ?3 WHERE id = ?1",
        "INSERT INTO audit (workspace_id, sequence, time, actor, asserted_by, action,"
        " environment_id, object, revision, outcome, reason, operation, policy_version, previous,"
        " hash, signature) VALUES (?1, ?2, 1700000000000, ?3, X'', 'variable.put', ?4,"
        " 'variable/API_URL_0', 1, 0, '', ?5, 1, ?6, ?6, ?7)",
    };
    sqlite3_stmt *find =
        prepare(w->same, "SELECT s.environment_id, s.object_id, e.workspace_id, e.revision,"
                         " (SELECT max(sequence) FROM audit) FROM setting AS s JOIN environment"
                         " AS e ON e.id = s.environment_id WHERE s.name = 'API_URL_0' AND"
                         " s.until IS NULL");
    hand_expect(w->same, sqlite3_step(find), SQLITE_ROW, "the row that is put");
    memcpy(w->environment, sqlite3_column_blob(find, 0), 16);
    memcpy(w->object, sqlite3_column_blob(find, 1), 16);
    memcpy(w->workspace, sqlite3_column_blob(find, 2), 16);
    w->revision = sqlite3_column_int64(find, 3);
    w->sequence = sqlite3_column_int64(find, 4);
    sqlite3_finalize(find);
    for (int s = 0; s < 4; s++)
        w->steps[s] = prepare(w->same, sql[s]);
    for (int s = 0; s < 2; s++) {
        bind_blob(w->steps[s], 1, w->environment, 16);
        bind_blob(w->steps[s], 2, w->object, 16);
    }
    bind_blob(w->steps[1], 4, w->record, 32);
    bind_blob(w->steps[1], 5, w->record, sizeof(w->record));
    bind_blob(w->steps[1], 6, w->workspace, 16);
    bind_blob(w->steps[2], 1, w->environment, 16);
    bind_blob(w->steps[2], 3, w->head, sizeof(w->head));
    bind_blob(w->steps[3], 1, w->workspace, 16);
    bind_blob(w->steps[3], 3, w->workspace, 16);
    bind_blob(w->steps[3], 4, w->environment, 16);
    bind_blob(w->steps[3], 5, w->bytes, 16);
    bind_blob(w->steps[3], 6, w->bytes, 32);
    bind_blob(w->steps[3], 7, w->head, 64);
}

static void
run_writing(struct fixture *fx, const char *folder)
{
    static struct writing w;
    char path[PATH_ROOM], copy[PATH_ROOM], single[PATH_ROOM];
    snprintf(path, sizeof(path), "%s/put.envres", folder);
    snprintf(copy, sizeof(copy), "%s/put.copy", folder);
    snprintf(single, sizeof(single), "%s/put.raw", folder);
    w.fx = fx;
    store_make(path, &w.store, &w.session, fx->err);
    put_one(&w);
    expect_ok(envres_store_backup(w.store, copy, ENVRES_NUL_TERMINATED, fx->err), fx->err, "copy");
    randombytes_buf(w.record, sizeof(w.record));
    randombytes_buf(w.head, sizeof(w.head));
    w.same = open_raw(copy, w.store, fx->err);
    prepare_same(&w);
    w.single = open_raw(single, w.store, fx->err);
    hand_exec(w.single, "CREATE TABLE value (environment BLOB NOT NULL, name TEXT NOT NULL,"
                        " revision INTEGER NOT NULL, record BLOB NOT NULL,"
                        " PRIMARY KEY (environment, name)) STRICT");
    w.upsert = prepare(w.single, "INSERT INTO value VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
                                 " SET revision = ?3, record = ?4");
    bind_blob(w.upsert, 1, w.environment, 16);
    sqlite3_bind_text(w.upsert, 2, "API_URL_0", -1, SQLITE_STATIC);
    bind_blob(w.upsert, 4, w.record, sizeof(w.record));
    struct bench_line line = { .name = "put (limit: same rows; peer: one)",
                               .ours = put_ours,
                               .limit = put_same,
                               .peer = put_single,
                               .user = &w,
                               .turns = 101,
                               .is_slow = true,
                               .goals = { { RULE_COST, 1.15, 1.05 } } };
    bench_run(&line);
    for (int s = 0; s < 4; s++)
        sqlite3_finalize(w.steps[s]);
    sqlite3_finalize(w.upsert);
    sqlite3_close(w.same);
    sqlite3_close(w.single);
    envres_session_close(w.session);
    envres_store_close(w.store);
    unlink(path);
    unlink(copy);
    unlink(single);
}

/* ---- importing many ------------------------------------------------------------------------- */

struct importing {
    struct fixture *fx;
    struct hand hand; /* its keys and ids */
    envres_variable_write *writes;
    char path[PATH_ROOM];
    char raw_path[PATH_ROOM];
    char same_path[PATH_ROOM];
    envres_store *store;
    envres_session *session;
    sqlite3 *raw;
    sqlite3 *same;
};

static void
import_drop(struct importing *m)
{
    envres_session_close(m->session);
    envres_store_close(m->store);
    m->session = NULL;
    m->store = NULL;
    sqlite3_close(m->raw);
    sqlite3_close(m->same);
    m->raw = m->same = NULL;
    unlink(m->path);
    unlink(m->raw_path);
    unlink(m->same_path);
}

/* Three empty files; before each turn, and not timed. */
static void
import_prepare(void *user)
{
    struct importing *m = user;
    import_drop(m);
    store_make(m->path, &m->store, &m->session, m->fx->err);
    expect_ok(envres_store_backup(m->store, m->same_path, ENVRES_NUL_TERMINATED, m->fx->err),
              m->fx->err, "copy");
    m->raw = open_raw(m->raw_path, m->store, m->fx->err);
    m->same = open_raw(m->same_path, m->store, m->fx->err);
    hand_exec(m->raw, "CREATE TABLE value (environment BLOB NOT NULL, name TEXT NOT NULL,"
                      " revision INTEGER NOT NULL, content BLOB NOT NULL, record BLOB NOT NULL,"
                      " PRIMARY KEY (environment, name)) STRICT, WITHOUT ROWID");
}

static void
import_ours(void *user, size_t count)
{
    struct importing *m = user;
    bench_check(count == 1, "an import is done once");
    expect_ok(envres_variable_put_many(m->session, "development", 11, m->writes, GEN_MANY, NULL,
                                       NULL, m->fx->err),
              m->fx->err, "import");
}

/* Seals one write by hand; the record and its content are borrowed until the next. */
static size_t
import_seal(struct importing *m, const envres_variable_write *write, uint8_t object[16],
            uint8_t content[HAND_CONTENT], uint8_t record[HAND_RECORD_MAX])
{
    struct hand_row row = {
        .object = object, .name = write->name, .name_len = write->name_len, .revision = 1
    };
    randombytes_buf(object, 16);
    return hand_seal(&m->hand, &row, write->value, write->value_len, record, content);
}

static void
import_raw(void *user, size_t count)
{
    struct importing *m = user;
    uint8_t object[16], content[HAND_CONTENT], record[HAND_RECORD_MAX];
    bench_check(count == 1, "an import is done once");
    hand_exec(m->raw, "BEGIN IMMEDIATE");
    sqlite3_stmt *stmt = prepare(m->raw, "INSERT INTO value VALUES (?1, ?2, 1, ?3, ?4)");
    for (size_t i = 0; i < GEN_MANY; i++) {
        size_t len = import_seal(m, &m->writes[i], object, content, record);
        bind_blob(stmt, 1, m->hand.environment, 16);
        sqlite3_bind_text(stmt, 2, m->writes[i].name, (int)m->writes[i].name_len, SQLITE_STATIC);
        bind_blob(stmt, 3, content, sizeof(content));
        bind_blob(stmt, 4, record, len);
        run_stmt(m->raw, stmt);
    }
    sqlite3_finalize(stmt);
    hand_exec(m->raw, "COMMIT");
}

/* The same rows into the store's own schema, with its indexes. */
static void
import_same(void *user, size_t count)
{
    struct importing *m = user;
    uint8_t object[16], content[HAND_CONTENT], record[HAND_RECORD_MAX];
    bench_check(count == 1, "an import is done once");
    hand_exec(m->same, "BEGIN IMMEDIATE");
    sqlite3_stmt *add = prepare(m->same, "INSERT INTO object (id, workspace_id, class, name, kind,"
                                         " secret, created_at) VALUES (?1, ?2, 1, ?3, 'string', 0,"
                                         " 1700000000000)");
    sqlite3_stmt *stmt =
        prepare(m->same, "INSERT INTO setting (environment_id, object_id, field, revision, until,"
                         " state, class, name, kind, secret, content, record, author, time) VALUES"
                         " (?1, ?2, '', 1, NULL, 1, 1, ?3, 'string', 0, ?4, ?5, ?2,"
                         " 1700000000000)");
    for (size_t i = 0; i < GEN_MANY; i++) {
        size_t len = import_seal(m, &m->writes[i], object, content, record);
        bind_blob(add, 1, object, 16);
        bind_blob(add, 2, m->hand.workspace, 16);
        sqlite3_bind_text(add, 3, m->writes[i].name, (int)m->writes[i].name_len, SQLITE_STATIC);
        run_stmt(m->same, add);
        bind_blob(stmt, 1, m->hand.environment, 16);
        bind_blob(stmt, 2, object, 16);
        sqlite3_bind_text(stmt, 3, m->writes[i].name, (int)m->writes[i].name_len, SQLITE_STATIC);
        bind_blob(stmt, 4, content, sizeof(content));
        bind_blob(stmt, 5, record, len);
        run_stmt(m->same, stmt);
    }
    sqlite3_finalize(add);
    sqlite3_finalize(stmt);
    hand_exec(m->same, "COMMIT");
}

static void
run_importing(struct fixture *fx, const char *folder)
{
    static struct importing m;
    char(*names)[GEN_NAME_MAX] = malloc(GEN_MANY * sizeof(*names));
    char(*values)[GEN_VALUE_MAX] = malloc(GEN_MANY * sizeof(*values));
    m.fx = fx;
    m.writes = calloc(GEN_MANY, sizeof(*m.writes));
    bench_check(names && values && m.writes, "no memory for an import");
    snprintf(m.path, sizeof(m.path), "%s/import.envres", folder);
    snprintf(m.raw_path, sizeof(m.raw_path), "%s/import.raw", folder);
    snprintf(m.same_path, sizeof(m.same_path), "%s/import.copy", folder);
    hand_open(&m.hand, fx->path, fx->key, "development");
    for (uint32_t i = 0; i < GEN_MANY; i++) {
        m.writes[i] = (envres_variable_write){ .size = sizeof(m.writes[i]),
                                               .name = names[i],
                                               .name_len = gen_name(names[i], i),
                                               .value = values[i],
                                               .value_len = gen_value(values[i], i) };
    }
    struct bench_line line = { .name = "import (limit: hand; peer: schema)",
                               .ours = import_ours,
                               .limit = import_raw,
                               .peer = import_same,
                               .prepare = import_prepare,
                               .user = &m,
                               .turns = 11,
                               .is_slow = true,
                               .goals = { { RULE_COST, 1.5, 1.2 } } };
    bench_run(&line);
    import_drop(&m);
    hand_close(&m.hand);
    free(names);
    free(values);
    free(m.writes);
}

/* ---- starting cold -------------------------------------------------------------------------- */

static char cold_ours_path[PATH_ROOM];
static char cold_hand_path[PATH_ROOM];

static void
start(const char *program, const char *store, const char *print_to)
{
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = 0;
    char program_arg[PATH_ROOM], store_arg[PATH_ROOM], print_arg[] = "print";
    char *argv[] = { program_arg, store_arg, print_to ? print_arg : NULL, NULL };
    snprintf(program_arg, sizeof(program_arg), "%s", program);
    snprintf(store_arg, sizeof(store_arg), "%s", store);
    posix_spawn_file_actions_init(&actions);
    if (print_to)
        posix_spawn_file_actions_addopen(&actions, 1, print_to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bench_check(posix_spawn(&child, program, &actions, NULL, argv, environ) == 0,
                "a program for the cold start is not there");
    waitpid(child, &status, 0);
    bench_check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a cold start failed");
    posix_spawn_file_actions_destroy(&actions);
}

static void
start_ours(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        start(cold_ours_path, ((struct fixture *)user)->path, NULL);
}

static void
start_hand(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        start(cold_hand_path, ((struct fixture *)user)->path, NULL);
}

static size_t
read_file(const char *path, char *out, size_t cap)
{
    FILE *file = fopen(path, "rb");
    bench_check(file != NULL, "a cold start printed nothing");
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    unlink(path);
    return len;
}

static void
run_cold(struct fixture *fx, const char *folder, const char *programs)
{
    static char ours[65536], hand[65536];
    char path[PATH_ROOM];
    snprintf(path, sizeof(path), "%s/cold.out", folder);
    snprintf(cold_ours_path, sizeof(cold_ours_path), "%s/cold_ours", programs);
    snprintf(cold_hand_path, sizeof(cold_hand_path), "%s/cold_hand", programs);
    start(cold_ours_path, fx->path, path);
    size_t ours_len = read_file(path, ours, sizeof(ours));
    start(cold_hand_path, fx->path, path);
    size_t hand_len = read_file(path, hand, sizeof(hand));
    bench_check(ours_len > GEN_VARIABLES, "a cold start printed too little");
    bench_same("cold start", ours, ours_len, hand, hand_len);
    struct bench_line line = { .name = "cold start (limit: by hand)",
                               .ours = start_ours,
                               .limit = start_hand,
                               .user = fx,
                               .turns = 101,
                               .is_slow = true,
                               .goals = { { RULE_COST, 1.5, 1.25 } } };
    bench_run(&line);
}

void
lines_store(struct fixture *fx, const char *folder, const char *programs)
{
    run_reading(fx);
    run_writing(fx, folder);
    run_importing(fx, folder);
    run_cold(fx, folder, programs);
}
