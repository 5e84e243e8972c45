/* SPDX-License-Identifier: MIT */
/*
 * Who writes the file without a key: blobs, columns and whole rows exchanged, taken away, put back
 * and doubled. Every name is then asked for in every way there is. An answer is the value that was
 * written, or an error that does not say the value were absent; and somebody has noticed.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "fx_people.h"
#include "fx_serve.h"

#define IN(key)       "environment_id = (SELECT id FROM environment WHERE key = '" key "')"
#define NAMED(name)   "name = '" name "' AND until IS NULL AND "
#define FIELD(f)      "name = 'crm' AND field = '" f "' AND until IS NULL AND " IN("production")
#define SEALED        "record, content"
#define ALL_BUT_PLACE "record, content, revision, author, time"
#define OLDER(name)   "name = '" name "' AND until IS NOT NULL AND " IN("production")
#define OBJECT(name)  "(SELECT id FROM object WHERE name = '" name "')"

enum { SQL_SIZE = 3000, ENVIRONMENTS = 2 };

struct attack {
    int number; /* as docs/testing.md counts */
    const char *name;
    const char *table;
    const char *columns; /* of rows x and y, exchanged; NULL: `sql` is run */
    const char *x;
    const char *y;
    const char *sql;
};

static const struct attack attacks[] = {
    { 4, "records of two environments", "setting", "record", NAMED("TOKEN") IN("production"),
      NAMED("TOKEN") IN("staging"), NULL },
    { 4, "records with their commitments", "setting", SEALED, NAMED("TOKEN") IN("production"),
      NAMED("TOKEN") IN("staging"), NULL },
    { 4, "all but the environment", "setting", ALL_BUT_PLACE, NAMED("HOST") IN("production"),
      NAMED("HOST") IN("staging"), NULL },
    { 4, "heads", "environment", "head, revision", "key = 'production'", "key = 'staging'", NULL },
    { 4, "ids of environments", "environment", "id", "key = 'production'", "key = 'staging'",
      NULL },
    { 4, "keys of environments", "environment", "key", "key = 'production'", "key = 'staging'",
      NULL },
    { 5, "records of two names", "setting", "record", NAMED("TOKEN") IN("production"),
      NAMED("OTHER") IN("production"), NULL },
    { 5, "records with their commitments", "setting", SEALED, NAMED("TOKEN") IN("production"),
      NAMED("OTHER") IN("production"), NULL },
    { 5, "names of settings", "setting", "name", NAMED("TOKEN") IN("production"),
      NAMED("OTHER") IN("production"), NULL },
    { 5, "names of objects", "object", "name", "name = 'TOKEN'", "name = 'OTHER'", NULL },
    { 5, "names of plain objects", "object", "name", "name = 'HOST'", "name = 'PORT'", NULL },
    { 5, "a name that is set, one that is not", "object", "name", "name = 'HOST'",
      "name = 'ONLY_STAGING'", NULL },
    { 5, "names of resources", "object", "name", "name = 'crm'", "name = 'shop'", NULL },
    { 6, "records of two revisions", "setting", "record", NAMED("HOST") IN("production"),
      OLDER("HOST"), NULL },
    { 6, "records with their commitments", "setting", SEALED, NAMED("HOST") IN("production"),
      OLDER("HOST"), NULL },
    { 6, "revisions", "setting", "revision, until", NAMED("HOST") IN("production"), OLDER("HOST"),
      NULL },
    { 6, "which is the newer", "setting", "until, revision", NAMED("HOST") IN("production"),
      OLDER("HOST"), NULL },
    { 7, "records of another workspace", NULL, NULL, NULL, NULL,
      "UPDATE setting SET record = (SELECT o.record FROM other.setting o WHERE o.name ="
      " setting.name AND o.until IS NULL AND o.field = setting.field) WHERE name = 'TOKEN' AND"
      " until IS NULL AND " IN("production") },
    { 7, "records with their commitments", NULL, NULL, NULL, NULL,
      "UPDATE setting SET (record, content) = (SELECT o.record, o.content FROM other.setting o"
      " WHERE o.name = setting.name AND o.until IS NULL AND o.field = setting.field)"
      " WHERE name = 'TOKEN' AND until IS NULL AND " IN("production") },
    { 7, "settings, head and keys", NULL, NULL, NULL, NULL,
      "DELETE FROM setting WHERE " IN(
          "production") ";"
                        "INSERT INTO object SELECT id, (SELECT id FROM workspace), class, 'x' || name, kind, secret,"
                        " created_at, removed_at FROM other.object;"
                        "INSERT INTO setting SELECT (SELECT id FROM environment WHERE key = 'production'), object_id,"
                        " field, revision, until, state, class, name, kind, secret, content, record, author, time"
                        " FROM other.setting WHERE environment_id = (SELECT id FROM other.environment"
                        " WHERE key = 'production');"
                        "UPDATE environment SET (head, revision) = (SELECT head, revision FROM other.environment"
                        " WHERE key = 'production') WHERE key = 'production';"
                        "UPDATE key_grant SET body = (SELECT o.body FROM other.key_grant o JOIN other.environment e"
                        " ON e.id = o.environment_id WHERE e.key = 'production' AND o.class = key_grant.class) WHERE " IN(
                            "production") },
    { 7, "the id of the workspace", NULL, NULL, NULL, NULL,
      "UPDATE workspace SET id = (SELECT id FROM other.workspace);"
      "UPDATE environment SET workspace_id = (SELECT id FROM workspace);"
      "UPDATE object SET workspace_id = (SELECT id FROM workspace)" },
    { 8, "records of two fields", "setting", "record", FIELD("password"), FIELD("user"), NULL },
    { 8, "records with their commitments", "setting", SEALED, FIELD("host"), FIELD("database"),
      NULL },
    { 8, "names of fields", "setting", "field", FIELD("host"), FIELD("database"), NULL },
    { 8, "of a variable and a field", "setting", SEALED, FIELD("password"),
      NAMED("TOKEN") IN("production"), NULL },
    { 8, "whole values of a variable and a field", "setting", ALL_BUT_PLACE, FIELD("host"),
      NAMED("HOST") IN("production"), NULL },
    { 8, "a variable becomes a field", NULL, NULL, NULL, NULL,
      "UPDATE setting SET class = 2, field = 'x' WHERE name = 'TOKEN'" },
    { 8, "classes of objects", NULL, NULL, NULL, NULL,
      "UPDATE object SET class = 3 - class WHERE name IN ('TOKEN', 'crm')" },
    { 8, "another kind", NULL, NULL, NULL, NULL,
      "UPDATE setting SET kind = 'mysql' WHERE name = 'crm'; UPDATE object SET kind = 'mysql'"
      " WHERE name = 'crm'" },
    { 9, "rows of two names", "setting", "object_id", NAMED("TOKEN") IN("production"),
      NAMED("OTHER") IN("production"), NULL },
    { 9, "rows of two plain names", "setting", "object_id", NAMED("HOST") IN("production"),
      NAMED("PORT") IN("production"), NULL },
    { 9, "rows of two environments", "setting", "environment_id", NAMED("TOKEN") IN("production"),
      NAMED("TOKEN") IN("staging"), NULL },
    { 9, "ids of objects", "object", "id", "name = 'TOKEN'", "name = 'OTHER'", NULL },
    { 9, "ids of plain objects", "object", "id", "name = 'HOST'", "name = 'PORT'", NULL },
    { 9, "ids and names", "setting", "object_id, name", NAMED("TOKEN") IN("production"),
      NAMED("OTHER") IN("production"), NULL },
    { 9, "all that two environments have", NULL, NULL, NULL, NULL,
      "UPDATE environment SET key = '?' WHERE key = 'production';"
      "UPDATE environment SET key = 'production' WHERE key = 'staging';"
      "UPDATE environment SET key = 'staging' WHERE key = '?'" },
    { 10, "a secret row as plain", NULL, NULL, NULL, NULL,
      "UPDATE setting SET secret = 0 WHERE name = 'TOKEN'" },
    { 10, "a secret as plain everywhere", NULL, NULL, NULL, NULL,
      "UPDATE setting SET secret = 0 WHERE name = 'TOKEN';"
      "UPDATE object SET secret = 0 WHERE name = 'TOKEN'" },
    { 10, "plain as secret", NULL, NULL, NULL, NULL,
      "UPDATE setting SET secret = 1 WHERE name = 'HOST';"
      "UPDATE object SET secret = 1 WHERE name = 'HOST'" },
    { 10, "text as a template", NULL, NULL, NULL, NULL,
      "UPDATE setting SET kind = 'template' WHERE name = 'LITERAL';"
      "UPDATE object SET kind = 'template' WHERE name = 'LITERAL'" },
    { 10, "a number as text", NULL, NULL, NULL, NULL,
      "UPDATE setting SET kind = 'string' WHERE name = 'PORT';"
      "UPDATE object SET kind = 'string' WHERE name = 'PORT'" },
    { 10, "a field as plain", NULL, NULL, NULL, NULL,
      "UPDATE setting SET secret = 0 WHERE field = 'password'" },
    { 11, "a current row", NULL, NULL, NULL, NULL,
      "DELETE FROM setting WHERE " NAMED("TOKEN") IN("production") },
    { 11, "a current row, the older one current", NULL, NULL, NULL, NULL,
      "DELETE FROM setting WHERE " NAMED("HOST")
          IN("production") ";"
                           "UPDATE setting SET until = NULL WHERE " OLDER("HOST") },
    { 11, "a field", NULL, NULL, NULL, NULL, "DELETE FROM setting WHERE " FIELD("host") },
    { 11, "all rows", NULL, NULL, NULL, NULL, "DELETE FROM setting" },
    { 11, "a value is said to be taken away", NULL, NULL, NULL, NULL,
      "UPDATE setting SET state = 0 WHERE " NAMED("TOKEN") IN("production") },
    { 11, "an object", NULL, NULL, NULL, NULL, "DELETE FROM object WHERE name = 'TOKEN'" },
    { 11, "an object is said to be removed", NULL, NULL, NULL, NULL,
      "UPDATE object SET removed_at = 1 WHERE name IN ('TOKEN', 'HOST')" },
    { 11, "keys", NULL, NULL, NULL, NULL, "DELETE FROM key_grant WHERE " IN("production") },
    { 12, "an older value as the current one", NULL, NULL, NULL, NULL,
      "UPDATE setting SET (record, content, revision) = (SELECT o.record, o.content, o.revision + 1"
      " FROM setting o WHERE o.name = 'HOST' AND o.until IS NOT NULL AND o." IN(
          "production") ") WHERE " NAMED("HOST") IN("production") },
    { 12, "an older row in place of the current one", NULL, NULL, NULL, NULL,
      "CREATE TEMP TABLE t AS SELECT * FROM setting WHERE " OLDER(
          "HOST") ";"
                  "DELETE FROM setting WHERE name = 'HOST' AND " IN(
                      "production") ";"
                                    "UPDATE t SET until = NULL; INSERT INTO setting SELECT * FROM t" },
    { 12, "the head goes back, the rows stay", NULL, NULL, NULL, NULL,
      "UPDATE environment SET (head, revision) = (SELECT head, revision FROM past.environment p"
      " WHERE p.key = 'production') WHERE key = 'production'" },
    { 13, "under another name", NULL, NULL, NULL, NULL,
      "INSERT INTO setting SELECT environment_id, " OBJECT(
          "UNUSED") ", field, revision, until, state, class, 'UNUSED', kind, secret, content, record, author,"
                    " time FROM setting WHERE " NAMED("TOKEN") IN("production") },
    { 13, "under the same name of another object", NULL, NULL, NULL, NULL,
      "INSERT INTO setting SELECT environment_id, " OBJECT(
          "UNUSED") ", field, revision, until, state, class, name, kind, secret, content, record, author, time"
                    " FROM setting WHERE " NAMED("TOKEN") IN("production") },
    { 13, "in another environment", NULL, NULL, NULL, NULL,
      "INSERT INTO setting SELECT (SELECT id FROM environment WHERE key = 'production'), object_id,"
      " field, revision, until, state, class, name, kind, secret, content, record, author, time"
      " FROM setting WHERE " NAMED("ONLY_STAGING") IN("staging") },
    { 13, "as an older revision", NULL, NULL, NULL, NULL,
      "INSERT INTO setting SELECT environment_id, object_id, field, revision + 100, revision + 101,"
      " state, class, name, kind, secret, content, record, author, time FROM setting WHERE " NAMED(
          "TOKEN") IN("production") },
    { 13, "as another field", NULL, NULL, NULL, NULL,
      "INSERT INTO setting SELECT environment_id, object_id, 'schema', revision, until, state,"
      " class, name, kind, secret, content, record, author, time FROM setting WHERE " FIELD(
          "host") },
    { 69, "records", NULL, NULL, NULL, NULL,
      "UPDATE setting SET record = CAST(x'02' || substr(record, 2) AS BLOB) WHERE state = 1" },
    { 69, "heads", NULL, NULL, NULL, NULL,
      "UPDATE environment SET head = CAST(x'02' || substr(head, 2) AS BLOB)" },
    { 69, "grants of keys", NULL, NULL, NULL, NULL,
      "UPDATE key_grant SET body = CAST(x'02' || substr(body, 2) AS BLOB)" },
    { 69, "slots", NULL, NULL, NULL, NULL,
      "UPDATE slot SET body = CAST(x'02' || substr(body, 2) AS BLOB)" },
    { 69, "the store", NULL, NULL, NULL, NULL,
      "UPDATE workspace SET name = name; PRAGMA user_version = 2" },
};

/* What was written. NULL: nothing, and nothing must be answered. */
static const struct {
    const char *name;
    const char *value[ENVIRONMENTS];
} values[] = {
    { "TOKEN", { "production token", "staging token" } },
    { "OTHER", { "production other", "staging other" } },
    { "HOST", { "newer.production", "newer.staging" } },
    { "PORT", { "1111", "2222" } },
    { "LITERAL", { "<< environment.name >>", "<< environment.key >>" } },
    { "ONLY_STAGING", { NULL, "here alone" } },
    { "UNUSED", { NULL, NULL } },
};

static const struct {
    const char *handle;
    const char *field;
    const char *value;
} fields[] = {
    { "crm", "host", "crm.production" },   { "crm", "database", "crm-data" },
    { "crm", "user", "crm-user" },         { "crm", "password", "crm-password" },
    { "shop", "host", "shop.production" }, { "shop", "database", "shop-data" },
    { "shop", "user", "shop-user" },       { "shop", "password", "shop-password" },
};

static const char *const environments[ENVIRONMENTS] = { "production", "staging" };

/* ---- the store, and what it is made of ------------------------------------------------------ */

/* Beside the test's store: a sound copy, one of a time before, one of another workspace. */
struct files {
    char sound[160];
    char past[160];
    char other[160]; /* room for a suffix */
};

static void
name_files(struct fx *fx, struct files *files)
{
    snprintf(files->sound, sizeof(files->sound), "%s.sound", serve_path(fx));
    snprintf(files->past, sizeof(files->past), "%s.past", serve_path(fx));
    snprintf(files->other, sizeof(files->other), "%s.other", serve_path(fx));
}

static void
fill_variables(struct fx *fx, const char *prefix)
{
    for (int e = 0; e < ENVIRONMENTS; e++) {
        char older[80];
        snprintf(older, sizeof(older), "%solder.%s", prefix, environments[e]);
        OK(fx, fx_put(fx, environments[e], "HOST", older, 0, 0));
    }
    for (size_t i = 0; i + 1 < sizeof(values) / sizeof(values[0]); i++) {
        bool secret = values[i].name[0] == 'T' || strcmp(values[i].name, "OTHER") == 0;
        bool number = strcmp(values[i].name, "PORT") == 0;
        for (int e = 0; e < ENVIRONMENTS; e++) {
            char value[80];
            if (!values[i].value[e])
                continue;
            snprintf(value, sizeof(value), "%s%s", number ? "" : prefix, values[i].value[e]);
            OK(fx, fx_put(fx, environments[e], values[i].name, value,
                          number ? ENVRES_TYPE_NUMBER : 0, secret ? ENVRES_WRITE_SECRET : 0));
        }
    }
    OK(fx, fx_put(fx, "development", "UNUSED", "somewhere else", 0, 0));
}

static void
fill(struct fx *fx, struct files *files)
{
    fill_variables(fx, "");
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_resource_define(fx->session, "shop", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, envres_store_backup(fx->store, files->past, TEXT, fx->err));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        OK(fx, fx_field(fx, "production", fields[i].handle, fields[i].field, fields[i].value, 0));
    OK(fx, envres_store_backup(fx->store, files->sound, TEXT, fx->err));
}

static void
make_other(struct fx *fx, const char *path)
{
    struct fx other = *fx;
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    other.store = NULL;
    other.session = NULL;
    OK(fx, envres_store_create(path, TEXT, &options, &owner, &other.store, fx->err));
    OK(fx, envres_session_open(other.store, NULL, 0, &owner, &other.session, fx->err));
    fill_variables(&other, "wrong ");
    envres_session_close(other.session);
    envres_store_close(other.store);
}

static void
copy_file(const char *from, const char *to)
{
    unsigned char bytes[4096];
    size_t len = 0;
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    while ((len = fread(bytes, 1, sizeof(bytes), in)) > 0)
        assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* ---- asking --------------------------------------------------------------------------------- */

struct inquiry {
    struct fx *fx;
    const struct attack *attack;
    envres_session *session;
    envres_store *store;
    bool may_be_older; /* as ENVRES_SCOPE_DAMAGED and histories say */
    int noticed;
};

static void
complain(const struct inquiry *in, const char *how, const char *name, const char *got)
{
    fail_msg("%d, %s: %s of %s gives %s", in->attack->number, in->attack->name, how, name, got);
}

/* One answer: what was written, or an error that does not say it were not there. */
static void
judge(struct inquiry *in, const char *how, const char *name, envres_status st, const char *got,
      const char *want)
{
    if (st == ENVRES_OK) {
        bool older = in->may_be_older && got && strncmp(got, "older.", 6) == 0;
        if (!older && (!want || !got || strcmp(got, want) != 0))
            complain(in, how, name, got ? got : "nothing");
        return;
    }
    in->noticed += st == ENVRES_E_INTEGRITY || st == ENVRES_E_CORRUPT || st == ENVRES_E_DENIED;
    if (want &&
        (st == ENVRES_E_NOT_FOUND || st == ENVRES_E_NOT_SET || st == ENVRES_E_NOT_CONFIGURED))
        complain(in, how, name, envres_status_name(st));
}

static void
ask_get(struct inquiry *in, int e, size_t i)
{
    envres_value *value = NULL;
    envres_status st = envres_variable_get(in->session, environments[e], TEXT, values[i].name, TEXT,
                                           ENVRES_READ_REVEAL, &value, NULL);
    judge(in, "get", values[i].name, st, value ? envres_value_data(value, NULL) : NULL,
          values[i].value[e]);
    envres_value_free(value);
}

/* The newest row of a history that has a value, be it of the variable or of a field. */
static void
judge_history(struct inquiry *in, const char *name, envres_status st, envres_list *list,
              const char *field, const char *want)
{
    const char *got = NULL;
    const char *error = NULL;
    for (size_t row = 0; row < envres_list_count(list) && !got && !error; row++) {
        const char *of = envres_list_text(list, row, ENVRES_HISTORY_FIELD, NULL);
        if (field && (!of || strcmp(of, field) != 0))
            continue;
        got = envres_list_text(list, row, ENVRES_HISTORY_VALUE, NULL);
        error = envres_list_text(list, row, ENVRES_HISTORY_ERROR, NULL);
    }
    if (st < 0 || error)
        judge(in, "history", name, st < 0 ? st : ENVRES_E_INTEGRITY, NULL, NULL);
    else if (got && want && strcmp(got, want) != 0 && strncmp(got, "older.", 6) != 0)
        complain(in, "history", name, got);
    envres_list_free(list);
}

static void
ask_list(struct inquiry *in, int e)
{
    envres_list *list = NULL;
    if (envres_variable_list(in->session, environments[e], TEXT, ENVRES_READ_REVEAL, &list, NULL))
        in->noticed++;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *name = envres_list_text(list, row, ENVRES_VARIABLE_NAME, NULL);
        const char *got = envres_list_text(list, row, ENVRES_VARIABLE_VALUE, NULL);
        in->noticed += envres_list_text(list, row, ENVRES_VARIABLE_ERROR, NULL) != NULL;
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            const char *want = values[i].value[e];
            if (got && strcmp(name, values[i].name) == 0 && (!want || strcmp(got, want) != 0))
                complain(in, "list", name, got);
        }
    }
    envres_list_free(list);
}

static void
ask_scope(struct inquiry *in, int e, uint32_t flags)
{
    envres_scope_options options = { .size = sizeof(options), .flags = flags };
    envres_scope *scope = NULL;
    char text[120];
    if (envres_scope_open(in->session, environments[e], TEXT, &options, &scope, NULL) < 0) {
        in->noticed++;
        return;
    }
    in->may_be_older = (flags & ENVRES_SCOPE_DAMAGED) != 0;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        envres_value *value = NULL;
        snprintf(text, sizeof(text), "<< environment.variables.%s | default(\"LOST\") >>",
                 values[i].name);
        envres_status st = envres_scope_expand(scope, text, TEXT, 0, 0, &value, NULL);
        judge(in, "expansion", values[i].name, st, value ? envres_value_data(value, NULL) : NULL,
              values[i].value[e] ? values[i].value[e] : "LOST");
        envres_value_free(value);
    }
    for (size_t i = 0; e == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
        envres_value *value = NULL;
        snprintf(text, sizeof(text), "<< resources.%s.%s | default(\"LOST\") >>", fields[i].handle,
                 fields[i].field);
        envres_status st = envres_scope_expand(scope, text, TEXT, 0, 0, &value, NULL);
        judge(in, "expansion", fields[i].field, st, value ? envres_value_data(value, NULL) : NULL,
              fields[i].value);
        envres_value_free(value);
    }
    in->may_be_older = false;
    envres_scope_unref(scope);
}

/* Every name, in every way. */
static void
ask_all(struct inquiry *in)
{
    envres_list *list = NULL;
    for (int e = 0; e < ENVIRONMENTS; e++) {
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
            ask_get(in, e, i);
            list = NULL;
            envres_status st =
                envres_variable_history(in->session, environments[e], TEXT, values[i].name, TEXT,
                                        ENVRES_READ_REVEAL, &list, NULL);
            judge_history(in, values[i].name, st, list, NULL, values[i].value[e]);
        }
        ask_list(in, e);
        ask_scope(in, e, 0);
        ask_scope(in, e, ENVRES_SCOPE_DAMAGED);
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        list = NULL;
        envres_status st =
            envres_resource_history(in->session, "production", TEXT, fields[i].handle, TEXT,
                                    ENVRES_READ_REVEAL, &list, NULL);
        judge_history(in, fields[i].handle, st, list, fields[i].field, fields[i].value);
    }
    list = NULL;
    if (envres_store_verify(in->store, in->session, &list, NULL) < 0)
        in->noticed++;
    in->noticed += (int)envres_list_count(list);
    envres_list_free(list);
}

/* A store that no longer opens gives nothing, and that is noticed. */
static void
inquire(struct inquiry *in)
{
    struct fx *fx = in->fx;
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    in->store = NULL;
    in->session = NULL;
    if (envres_store_open(serve_path(fx), TEXT, &options, &in->store, fx->err) < 0 ||
        envres_session_open(in->store, NULL, 0, &owner, &in->session, fx->err) < 0)
        in->noticed++;
    else
        ask_all(in);
    envres_session_close(in->session);
    envres_store_close(in->store);
}

/* ---- the attacks ---------------------------------------------------------------------------- */

static void
attack_sql(const struct attack *attack, const struct files *files, char sql[SQL_SIZE])
{
    int len = 0;
    if (attack->columns)
        len = snprintf(sql, SQL_SIZE,
                       "CREATE TEMP TABLE t AS SELECT rowid AS r, * FROM %s WHERE (%s) OR (%s);"
                       "CREATE TEMP TABLE u AS SELECT * FROM t;"
                       "DELETE FROM %s WHERE (%s) OR (%s);"
                       "UPDATE t SET (%s) = (SELECT %s FROM u WHERE u.r <> t.r);"
                       "ALTER TABLE t DROP COLUMN r; INSERT INTO %s SELECT * FROM t",
                       attack->table, attack->x, attack->y, attack->table, attack->x, attack->y,
                       attack->columns, attack->columns, attack->table);
    else
        len = snprintf(sql, SQL_SIZE, "ATTACH '%s' AS other; ATTACH '%s' AS past; %s", files->other,
                       files->past, attack->sql);
    assert_true(len > 0 && len < SQL_SIZE);
}

/* All rows of a number, each on the sound store. */
static void
run(struct fx *fx, int number)
{
    struct files files = { 0 };
    char sql[SQL_SIZE];
    name_files(fx, &files);
    fill(fx, &files);
    make_other(fx, files.other);
    struct inquiry sound = { .fx = fx, .attack = &attacks[0] };
    inquire(&sound);
    assert_int_equal(sound.noticed, 0);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    fx->session = NULL;
    fx->store = NULL;
    int count = 0;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        struct inquiry in = { .fx = fx, .attack = &attacks[i] };
        if (attacks[i].number != number)
            continue;
        copy_file(files.sound, serve_path(fx));
        attack_sql(&attacks[i], &files, sql);
        raw_sql(serve_path(fx), sql);
        inquire(&in);
        if (in.noticed == 0)
            fail_msg("%d, %s: nobody noticed", number, attacks[i].name);
        count++;
    }
    assert_true(count > 0);
    unlink(files.sound);
    unlink(files.past);
    unlink(files.other);
    strcat(files.other, "-journal");
    unlink(files.other);
    strcat(files.past, "-journal");
    unlink(files.past);
}

#define ATTACK(test, number)                                                                       \
    static void test(void **state)                                                                 \
    {                                                                                              \
        run(*state, number);                                                                       \
    }

ATTACK(test_4_between_environments, 4)
ATTACK(test_5_between_names, 5)
ATTACK(test_6_between_revisions, 6)
ATTACK(test_7_between_workspaces, 7)
ATTACK(test_8_between_kinds_and_fields, 8)
ATTACK(test_9_whole_rows, 9)
ATTACK(test_10_relabelled, 10)
ATTACK(test_11_taken_away, 11)
ATTACK(test_12_put_back, 12)
ATTACK(test_13_doubled, 13)
ATTACK(test_69_another_format, 69)

/* ---- rows that are not sealed ------------------------------------------------------------------
 */

static bool
verify_names(struct fx *fx, const char *object)
{
    envres_list *findings = NULL;
    bool named = false;
    OK(fx, envres_store_verify(fx->store, fx->session, &findings, fx->err));
    for (size_t row = 0; row < envres_list_count(findings); row++)
        named = named ||
                strcmp(envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL), object) == 0;
    envres_list_free(findings);
    return named;
}

/* What an object's row says of class and type decides how the next value is sealed, and is not
 * sealed itself: it holds only as far as the values say so too. */
static void
test_10_objects_relabelled(void **state)
{
    struct fx *fx = *state;
    static const struct {
        const char *name;
        const char *damage;
        const char *mend;
        const char *object;
        envres_status put; /* of TOKEN, where it has no value yet */
    } rows[] = {
        { "a secret as plain", "UPDATE object SET secret = 0 WHERE name = 'TOKEN'",
          "UPDATE object SET secret = 1 WHERE name = 'TOKEN'", "variable/TOKEN",
          ENVRES_E_INTEGRITY },
        { "text as a template", "UPDATE object SET kind = 'template' WHERE name = 'TOKEN'",
          "UPDATE object SET kind = 'string' WHERE name = 'TOKEN'", "variable/TOKEN",
          ENVRES_E_INTEGRITY },
        { "removed", "UPDATE object SET removed_at = 1 WHERE name = 'crm'",
          "UPDATE object SET removed_at = NULL WHERE name = 'crm'", "resource/crm", ENVRES_OK },
    };
    OK(fx, fx_put(fx, "staging", "TOKEN", "s3cret", 0, ENVRES_WRITE_SECRET));
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "staging", "crm", "host", "db", 0));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("    %s\n", rows[i].name);
        assert_false(verify_names(fx, rows[i].object));
        raw_sql(serve_path(fx), rows[i].damage);
        assert_true(verify_names(fx, rows[i].object));
        assert_int_equal(fx_put(fx, "production", "TOKEN", "next", 0, 0), rows[i].put);
        raw_sql(serve_path(fx), rows[i].mend);
    }
    raw_sql(serve_path(fx), rows[0].damage);
    FAILS(fx, ENVRES_E_INTEGRITY, fx_put(fx, "staging", "TOKEN", "plain", 0, ENVRES_WRITE_PLAIN));
    assert_string_equal(envres_error_subject(fx->err), "TOKEN");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, serve_setup, serve_teardown_damaged)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_4_between_environments),
        TEST(test_5_between_names),
        TEST(test_6_between_revisions),
        TEST(test_7_between_workspaces),
        TEST(test_8_between_kinds_and_fields),
        TEST(test_9_whole_rows),
        TEST(test_10_relabelled),
        TEST(test_10_objects_relabelled),
        TEST(test_11_taken_away),
        TEST(test_12_put_back),
        TEST(test_13_doubled),
        TEST(test_69_another_format),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
