/* SPDX-License-Identifier: MIT */
/*
 * Rows that no constraint would let in, one number or length out of form each, put there by SQL: a
 * store that is opened on them says exactly which row is at fault and why, a change that needs the
 * row is refused, and nothing is read beyond what is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../scenarios/scenario.h"

#define TEXT     ENVRES_NUL_TERMINATED
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The newest entry, the newest request, the owner. */
#define LAST    " WHERE sequence = (SELECT max(sequence) FROM audit)"
#define REQUEST " WHERE id = (SELECT id FROM request WHERE state = 1 ORDER BY time DESC LIMIT 1)"
#define OWNER   " WHERE name = 'owner'"
#define IN(table, class)                                                                           \
    " WHERE rowid = (SELECT x.rowid FROM " table                                                   \
    " x JOIN environment e ON e.id = x.environment_id"                                             \
    " AND e.generation = x.generation WHERE e.key = 'production'" class ")"
#define HELD(class)                                                                                \
    IN("key_grant", " AND x.principal_id = (SELECT id FROM principal WHERE name = 'owner')"        \
                    " AND x.class = " class)
#define GRANT        HELD("2")
#define CONFIG_GRANT HELD("1")
#define KEY          IN("env_key", "")
#define SLOT         " WHERE principal_id = (SELECT id FROM principal WHERE name = 'otto')"
#define APPROVAL     " WHERE rowid = (SELECT min(rowid) FROM approval)"
#define ROLE                                                                                       \
    " WHERE rowid = (SELECT min(rowid) FROM role_grant WHERE principal_id <>"                      \
    " (SELECT id FROM principal WHERE name = 'owner'))"
#define SET(table, column, value, where) "UPDATE " table " SET " column " = " value where

struct row {
    const char *name;
    const char *sql;
    envres_status session; /* of opening one, or of the verify in it */
    envres_status write;   /* of a variable in development */
    const char *object;    /* of a finding; NULL: none */
    const char *message;
};

static const struct row rows[] = {
    { "grant: a short box", SET("key_grant", "body", "x'00'", GRANT), ENVRES_OK, ENVRES_OK,
      "grant/production/owner", "the grant is not in form" },
    { "grant: a long box", SET("key_grant", "body", "zeroblob(137)", GRANT), ENVRES_OK, ENVRES_OK,
      "grant/production/owner", "the grant is not in form" },
    { "grant: a short signature", SET("key_grant", "signature", "x'00'", GRANT), ENVRES_OK,
      ENVRES_OK, "grant/production/owner", "the grant is not in form" },
    { "grant: generation nought", SET("key_grant", "generation", "0", GRANT), ENVRES_OK, ENVRES_OK,
      "grant/production/owner", "the grant is not in form" },
    { "grant: a generation over 32 bits",
      SET("key_grant", "generation", "generation + 4294967296", GRANT), ENVRES_OK, ENVRES_OK,
      "grant/production/owner", "the grant is not in form" },
    { "grant: a class that there is not", SET("key_grant", "class", "3", GRANT), ENVRES_OK,
      ENVRES_OK, "grant/production/owner", "the grant is not in form" },
    { "grant: a short box for the configuration", SET("key_grant", "body", "x'00'", CONFIG_GRANT),
      ENVRES_OK, ENVRES_OK, "grant/production/owner", "the grant is not in form" },
    { "grant: a short recipient", SET("key_grant", "principal_id", "x'00'", GRANT), ENVRES_OK,
      ENVRES_OK, "grant/production/", "the grant is not in form" },
    { "grant: of another granter",
      SET("key_grant", "granter_id", "(SELECT id FROM principal WHERE name = 'otto')", GRANT),
      ENVRES_OK, ENVRES_OK, "grant/production/owner",
      "the grant's signature is not its granter's" },
    { "grant: of nobody", SET("key_grant", "granter_id", "zeroblob(16)", GRANT), ENVRES_OK,
      ENVRES_OK, "grant/production/owner",
      "granter or recipient is not a principal of the workspace" },
    { "slot: a short body", SET("slot", "body", "x'00'", SLOT), ENVRES_OK, ENVRES_OK, "slot/otto/1",
      "the slot is not in form, or is of another principal" },
    { "slot: of no kind", SET("slot", "body", "zeroblob(160)", SLOT), ENVRES_OK, ENVRES_OK,
      "slot/otto/1", "the slot is not in form, or is of another principal" },
    { "slot: another label", SET("slot", "label", "'mine'", SLOT), ENVRES_OK, ENVRES_OK,
      "slot/otto", "the slots are not those that the principal signed" },
    { "slot: a label longer than any", SET("slot", "label", "printf('%.*c', 300, 'x')", SLOT),
      ENVRES_OK, ENVRES_OK, "slot/otto", "the slots are not those that the principal signed" },
    { "principal: a short key to seal to", SET("principal", "box_key", "x'00'", OWNER),
      ENVRES_E_KEY, ENVRES_OK, NULL, NULL },
    { "principal: a short key to sign with", SET("principal", "sign_key", "x'00'", OWNER),
      ENVRES_E_KEY, ENVRES_OK, NULL, NULL },
    { "principal: a short signature of the slots", SET("principal", "slots", "x'00'", OWNER),
      ENVRES_E_KEY, ENVRES_OK, NULL, NULL },
    { "principal: a name longer than any",
      SET("principal", "name", "printf('%.*c', 300, 'x')", OWNER), ENVRES_E_KEY, ENVRES_OK, NULL,
      NULL },
    { "public key: generation nought", SET("env_key", "generation", "0", KEY), ENVRES_OK, ENVRES_OK,
      "envkey/production", "the public key is not one that somebody signed who may" },
    { "public key: a generation over 32 bits",
      SET("env_key", "generation", "generation + 4294967296", KEY), ENVRES_OK, ENVRES_OK,
      "envkey/production", "the public key is not one that somebody signed who may" },
    { "public key: a short key", SET("env_key", "box_key", "x'00'", KEY), ENVRES_OK, ENVRES_OK,
      "envkey/production", "the public key is not one that somebody signed who may" },
    { "public key: a short signer", SET("env_key", "signer_id", "x'00'", KEY), ENVRES_OK, ENVRES_OK,
      "envkey/production", "the public key is not one that somebody signed who may" },
    { "public key: a short signature", SET("env_key", "signature", "x'00'", KEY), ENVRES_OK,
      ENVRES_OK, "envkey/production", "the public key is not one that somebody signed who may" },
    { "request: an action longer than any",
      SET("request", "action", "printf('%.*c', 65, 'x')", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is not what was signed" },
    { "request: an object longer than any",
      SET("request", "object", "printf('%.*c', 3000, 'x')", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is not what was signed" },
    { "request: a reason longer than any",
      SET("request", "reason", "printf('%.*c', 70000, 'x')", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is not what was signed" },
    { "request: part of an author", SET("request", "authors", "zeroblob(15)", REQUEST), ENVRES_OK,
      ENVRES_OK, "request/", "the request is not what was signed" },
    { "request: more authors than any", SET("request", "authors", "zeroblob(160000)", REQUEST),
      ENVRES_OK, ENVRES_OK, "request/", "the request is not what was signed" },
    { "request: state nought", SET("request", "state", "0", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is damaged" },
    { "request: a state that there is not", SET("request", "state", "5", REQUEST), ENVRES_OK,
      ENVRES_OK, "request/", "the request is damaged" },
    { "request: a right below nought", SET("request", "right", "-1", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is damaged" },
    { "request: a right over 32 bits", SET("request", "right", "4294967296", REQUEST), ENVRES_OK,
      ENVRES_OK, "request/", "the request is damaged" },
    { "request: a short base", SET("request", "base", "x'00'", REQUEST), ENVRES_OK, ENVRES_OK,
      "request/", "the request is damaged" },
    { "request: a short commitment", SET("request", "content", "x'00'", REQUEST), ENVRES_OK,
      ENVRES_OK, "request/", "the request is damaged" },
    { "request: a short signature", SET("request", "signature", "x'00'", REQUEST), ENVRES_OK,
      ENVRES_OK, "request/", "the request is damaged" },
    { "approval: a short signature", SET("approval", "signature", "x'00'", APPROVAL), ENVRES_OK,
      ENVRES_OK, "request/", "the request is damaged" },
    { "audit: a short link", SET("audit", "previous", "x'00'", LAST), ENVRES_OK, ENVRES_OK,
      "audit/", "the entry is not in form" },
    { "audit: a short signature", SET("audit", "signature", "x'00'", LAST), ENVRES_OK, ENVRES_OK,
      "audit/", "the entry is not in form" },
    { "audit: a short operation", SET("audit", "operation", "x'00'", LAST), ENVRES_OK, ENVRES_OK,
      "audit/", "the entry is not in form" },
    { "audit: a short actor", SET("audit", "actor", "x'00'", LAST), ENVRES_OK, ENVRES_OK, "audit/",
      "the entry is not in form" },
    { "audit: an outcome below nought", SET("audit", "outcome", "-1", LAST), ENVRES_OK, ENVRES_OK,
      "audit/", "the entry is not in form" },
    { "audit: an outcome over a byte", SET("audit", "outcome", "256", LAST), ENVRES_OK, ENVRES_OK,
      "audit/", "the entry is not in form" },
    { "audit: another outcome", SET("audit", "outcome", "1", LAST), ENVRES_OK, ENVRES_OK, "audit/",
      "the entry was changed: its hash is another" },
    { "audit: a short hash at the end", SET("audit", "hash", "x'00'", LAST), ENVRES_OK,
      ENVRES_E_INTEGRITY, "audit/", "the entry is not in form" },
    { "audit: the last number of all", SET("audit", "sequence", "9223372036854775807", LAST),
      ENVRES_OK, ENVRES_E_INTEGRITY, "audit/9223372036854775807",
      "the entry was changed: its hash is another" },
    { "audit: a short hash on the way", SET("audit", "hash", "x'00'", " WHERE sequence = 3"),
      ENVRES_OK, ENVRES_OK, "audit/3", "the entry is not in form" },
    { "audit: number nought", SET("audit", "sequence", "0", " WHERE sequence = 1"), ENVRES_OK,
      ENVRES_OK, "audit/1", "entries are missing from here on" },
    { "audit: one is gone", "DELETE FROM audit WHERE sequence = 3", ENVRES_OK, ENVRES_OK, "audit/3",
      "entries are missing from here on" },
    { "environment: a short head", SET("environment", "head", "x'00'", " WHERE key = 'production'"),
      ENVRES_OK, ENVRES_OK, "production", "its head does not verify" },
    { "environment: a key longer than any",
      SET("environment", "key", "printf('%.*c', 300, 'x')", " WHERE key = 'production'"),
      ENVRES_E_CORRUPT, ENVRES_OK, NULL, NULL },
    { "environment: a colour longer than any",
      SET("environment", "color", "printf('%.*c', 300, 'x')", " WHERE key = 'production'"),
      ENVRES_E_CORRUPT, ENVRES_OK, NULL, NULL },
    { "role: none", SET("role_grant", "role", "0", ROLE), ENVRES_E_INTEGRITY, ENVRES_OK, NULL,
      NULL },
    { "workspace: another root", SET("workspace", "root", "zeroblob(32)", ""), ENVRES_E_INTEGRITY,
      ENVRES_OK, NULL, NULL },
};

static struct {
    char folder[64];
    char sound[96];
    char path[96];
    struct fixture fx;
} here;

static void
copy_file(const char *from, const char *to)
{
    static char bytes[4 * 1024 * 1024];
    FILE *in = fopen(from, "rb");
    assert_non_null(in);
    size_t len = fread(bytes, 1, sizeof(bytes), in);
    assert_true(len > 0 && len < sizeof(bytes));
    fclose(in);
    FILE *out = fopen(to, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

static int
setup(void **state)
{
    (void)state;
    snprintf(here.folder, sizeof(here.folder), "/tmp/envres-forms-XXXXXX");
    if (!mkdtemp(here.folder))
        return -1;
    snprintf(here.sound, sizeof(here.sound), "%s/sound", here.folder);
    snprintf(here.path, sizeof(here.path), "%s/store", here.folder);
    here.fx.path = here.path;
    here.fx.store_flags = ENVRES_STORE_RELAXED;
    memset(here.fx.key, 0x5A, sizeof(here.fx.key));
    if (fixture_make(&here.fx) < 0)
        return -1;
    fixture_close(&here.fx);
    copy_file(here.path, here.sound);
    return 0;
}

static int
teardown(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", here.folder);
    return system(command);
}

static bool
spoil(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(here.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
                     SQLITE_OK);
    char *message = NULL;
    int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, message);
    else if (sqlite3_total_changes(db) == 0)
        print_error("%s: changes nothing\n", sql);
    bool good = rc == SQLITE_OK && sqlite3_total_changes(db) > 0;
    sqlite3_free(message);
    sqlite3_close(db);
    return good;
}

/* A finding of that object and message. */
static bool
finds(envres_list *findings, const char *object, const char *message)
{
    for (size_t i = 0; i < envres_list_count(findings); i++) {
        const char *of = envres_list_text(findings, i, ENVRES_VERIFY_OBJECT, NULL);
        const char *what = envres_list_text(findings, i, ENVRES_VERIFY_MESSAGE, NULL);
        if (strncmp(of, object, strlen(object)) == 0 && strstr(what, message))
            return true;
    }
    for (size_t i = 0; i < envres_list_count(findings); i++)
        print_error("    %s: %s\n", envres_list_text(findings, i, ENVRES_VERIFY_OBJECT, NULL),
                    envres_list_text(findings, i, ENVRES_VERIFY_MESSAGE, NULL));
    return false;
}

static bool
holds(const struct row *row)
{
    struct fixture *fx = &here.fx;
    envres_list *findings = NULL;
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_status write = ENVRES_OK;
    copy_file(here.sound, here.path);
    if (!spoil(row->sql))
        return false;
    envres_error *err = envres_error_new(NULL);
    assert_int_equal(envres_store_open(here.path, TEXT, &options, &fx->store, err), ENVRES_OK);
    envres_status st = envres_session_open(fx->store, NULL, 0, &owner, &fx->session, err);
    bool good = st == row->session;
    if (st == ENVRES_OK) {
        st = envres_store_verify(fx->store, fx->session, &findings, err);
        good = st == row->session && (!row->object || finds(findings, row->object, row->message));
        envres_list_free(findings);
        fx->err = err;
        write = put(fx, "development", "FRESH", "value", 0, 0);
        fx->err = NULL;
        good = good && (st < 0 || write == row->write);
    }
    if (!good)
        print_error("  %s: session %s, write %s (%s)\n", row->name, envres_status_name(st),
                    envres_status_name(write), envres_error_message(err));
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    envres_error_free(err);
    fx->session = NULL;
    fx->store = NULL;
    return good;
}

static void
rows_out_of_form(void **state)
{
    int failures = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        failures += !holds(&rows[i]);
    assert_int_equal(failures, 0);
}

/* ---- what salvage makes of it ---------------------------------------------------------------- */

static envres_credential
owner_of(const struct fixture *fx)
{
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    return owner;
}

/* The result opens, has no finding, and has what was not at fault. */
static bool
is_sound(const char *path, envres_error *err)
{
    struct fixture *fx = &here.fx;
    envres_credential owner = owner_of(fx);
    envres_list *findings = NULL;
    envres_value *value = NULL;
    bool good = envres_store_open(path, TEXT, NULL, &fx->store, err) == ENVRES_OK &&
                envres_session_open(fx->store, NULL, 0, &owner, &fx->session, err) == ENVRES_OK &&
                envres_store_verify(fx->store, fx->session, &findings, err) == ENVRES_OK &&
                envres_variable_get(fx->session, "development", TEXT, "HOST", TEXT, 0, &value,
                                    err) == ENVRES_OK;
    if (good && envres_list_count(findings) > 0)
        print_error("    %s: %s\n", envres_list_text(findings, 0, ENVRES_VERIFY_OBJECT, NULL),
                    envres_list_text(findings, 0, ENVRES_VERIFY_MESSAGE, NULL));
    good = good && envres_list_count(findings) == 0;
    envres_value_free(value);
    envres_list_free(findings);
    envres_session_close(fx->session);
    envres_store_close(fx->store);
    fx->session = NULL;
    fx->store = NULL;
    return good;
}

static bool
begins_with(const char *text, const char *part)
{
    return strncmp(text, part, strlen(part)) == 0;
}

/* Keys, slots and public keys that are out of form are left out; all else is kept. */
static void
salvage_leaves_them_out(void **state)
{
    envres_credential owner = owner_of(&here.fx);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    char to[112];
    int failures = 0;
    (void)state;
    snprintf(to, sizeof(to), "%s/salvaged", here.folder);
    for (size_t i = 0; i < COUNT(rows); i++) {
        envres_list *report = NULL;
        if (!begins_with(rows[i].name, "grant") && !begins_with(rows[i].name, "slot") &&
            !begins_with(rows[i].name, "public key"))
            continue;
        envres_error *err = envres_error_new(NULL);
        copy_file(here.sound, here.path);
        assert_true(spoil(rows[i].sql));
        envres_status st =
            envres_store_salvage(here.path, TEXT, to, TEXT, &options, &owner, &report, err);
        bool lost = false;
        for (size_t k = 0; k < envres_list_count(report); k++)
            lost = lost || envres_list_type(report, k, ENVRES_SALVAGE_CODE) == ENVRES_CELL_TEXT;
        if (st != ENVRES_OK || !lost || !is_sound(to, err)) {
            print_error("  %s: salvage %s, lost %d (%s)\n", rows[i].name, envres_status_name(st),
                        lost, envres_error_message(err));
            failures++;
        }
        envres_list_free(report);
        envres_error_free(err);
        unlink(to);
    }
    assert_int_equal(failures, 0);
}

/* What is missing in the call, or stands in its way: nothing is made, and nothing touched. */
static void
salvage_that_is_refused(void **state)
{
    envres_credential owner = owner_of(&here.fx);
    envres_credential stranger = owner;
    uint8_t other[32] = { 1 };
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_store_options reading = { .size = sizeof(reading), .flags = ENVRES_STORE_READ_ONLY };
    envres_store_options unknown = { .size = sizeof(unknown), .flags = UINT32_MAX };
    envres_list *report = NULL;
    char to[112];
    (void)state;
    stranger.secret = other;
    snprintf(to, sizeof(to), "%s/salvaged", here.folder);
    copy_file(here.sound, here.path);
    const struct {
        const char *name;
        const char *from;
        const char *to;
        const envres_store_options *options;
        const envres_credential *credential;
        envres_status want;
    } calls[] = {
        { "no source", NULL, to, &options, &owner, ENVRES_E_INVALID },
        { "no target", here.path, NULL, &options, &owner, ENVRES_E_INVALID },
        { "no key", here.path, to, &options, NULL, ENVRES_E_INVALID },
        { "for reading", here.path, to, &reading, &owner, ENVRES_E_INVALID },
        { "unknown flags", here.path, to, &unknown, &owner, ENVRES_E_INVALID },
        { "an empty name", "", to, &options, &owner, ENVRES_E_INVALID },
        { "no such source", "/nowhere/store", to, &options, &owner, ENVRES_E_NO_STORE },
        { "no such folder", here.path, "/nowhere/store", &options, &owner, ENVRES_E_NO_STORE },
        { "a target that is there", here.path, here.sound, &options, &owner,
          ENVRES_E_STORE_EXISTS },
        { "onto itself", here.path, here.path, &options, &owner, ENVRES_E_STORE_EXISTS },
        { "another's key", here.path, to, &options, &stranger, ENVRES_E_KEY },
    };
    for (size_t i = 0; i < COUNT(calls); i++) {
        print_message("  %s\n", calls[i].name);
        assert_int_equal(envres_store_salvage(calls[i].from, calls[i].from ? TEXT : 0, calls[i].to,
                                              calls[i].to ? TEXT : 0, calls[i].options,
                                              calls[i].credential, &report, NULL),
                         calls[i].want);
        assert_null(report);
        assert_int_not_equal(access(to, F_OK), 0);
    }
    assert_int_equal(envres_store_salvage(here.path, TEXT, to, TEXT, &options, &owner, NULL, NULL),
                     ENVRES_E_INVALID);
    assert_int_not_equal(access(to, F_OK), 0);
    assert_true(is_sound(here.path, NULL));
    /* A sound one is kept whole. */
    assert_int_equal(
        envres_store_salvage(here.path, TEXT, to, TEXT, &options, &owner, &report, NULL),
        ENVRES_OK);
    for (size_t k = 0; k < envres_list_count(report); k++)
        assert_int_equal(envres_list_type(report, k, ENVRES_SALVAGE_CODE), ENVRES_CELL_NULL);
    envres_list_free(report);
    assert_true(is_sound(to, NULL));
    unlink(to);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_out_of_form),
        cmocka_unit_test(salvage_leaves_them_out),
        cmocka_unit_test(salvage_that_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
