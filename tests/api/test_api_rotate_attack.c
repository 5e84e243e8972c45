/* SPDX-License-Identifier: MIT */
/*
 * Rotation against whoever can write the file, or kept an older one: states that no rotation made,
 * records that do not open, removed members, what is left of old keys in the file, and a principal
 * of staging before everything else.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "fx_people.h"
#include "fx_serve.h"

#define ID_OF(key)    "(SELECT id FROM environment WHERE key = '" key "')"
#define IN_PRODUCTION " environment_id = " ID_OF("production")

static envres_status
begin(struct fx *fx)
{
    return envres_key_rotate(fx->session, "production", TEXT, NULL, NULL, fx->err);
}

static envres_status
step(struct fx *fx, int64_t *left)
{
    return envres_key_rotate_step(fx->session, "production", TEXT, left, fx->err);
}

static void
rotate(struct fx *fx)
{
    int64_t left = 1;
    OK(fx, begin(fx));
    while (left > 0)
        OK(fx, step(fx, &left));
}

static void
fill(struct fx *fx)
{
    OK(fx, fx_put(fx, "production", "HOST", "db.example", 0, 0));
    OK(fx, fx_put(fx, "production", "TOKEN", "a token", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "OTHER", "another", 0, ENVRES_WRITE_SECRET));
}

/* What a handle that was opened just now answers: nothing is cached in it. */
static envres_status
read_anew(struct fx *fx, const char *name)
{
    envres_store *store = NULL;
    envres_session *session = NULL;
    envres_value *value = NULL;
    serve_again(fx, &store, &session);
    envres_status st = envres_variable_get(session, "production", TEXT, name, TEXT,
                                           ENVRES_READ_REVEAL, &value, fx->err);
    envres_value_free(value);
    envres_session_close(session);
    envres_store_close(store);
    return st;
}

static size_t
findings(struct fx *fx, const char *part)
{
    envres_list *list = NULL;
    size_t found = 0;
    OK(fx, envres_store_verify(fx->store, fx->session, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *message = envres_list_text(list, row, ENVRES_VERIFY_MESSAGE, NULL);
        found += strstr(message, part) != NULL;
    }
    envres_list_free(list);
    return found;
}

static int
count_rows(struct fx *fx, const char *sql)
{
    unsigned char digits[24] = { 0 };
    size_t len = raw_blob(serve_path(fx), sql, digits, sizeof(digits) - 1);
    digits[len] = '\0';
    return atoi((const char *)digits);
}

/* ---- test 29: states that no rotation made -------------------------------------------------- */

static void
generations_changed_by_hand(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    serve_sql(fx, "UPDATE environment SET generation = 2 WHERE key = 'production'");
    FAILS(fx, ENVRES_E_DENIED, read_anew(fx, "TOKEN")); /* of those nobody holds one */
    FAILS(fx, ENVRES_E_DENIED, begin(fx));
    serve_sql(fx, "UPDATE environment SET generation = 1 WHERE key = 'production'");
    OK(fx, begin(fx));
    serve_sql(fx, "UPDATE environment SET generation = 1 WHERE key = 'production'");
    FAILS(fx, ENVRES_E_INTEGRITY, read_anew(fx, "TOKEN")); /* the head is of the next */
    FAILS(fx, ENVRES_E_INTEGRITY, begin(fx));
    serve_sql(fx, "UPDATE environment SET generation = 2 WHERE key = 'production'");
    OK(fx, read_anew(fx, "TOKEN"));
    rotate(fx);
}

/* The very row, its head and its grants, as they were before the rotation. */
static void
the_state_before_put_back(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    char sql[2000];
    char before[160];
    snprintf(before, sizeof(before), "%s.before", serve_path(fx));
    OK(fx, envres_store_backup(fx->store, before, TEXT, fx->err));
    rotate(fx);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS past;"
             "UPDATE environment SET (generation, head) = (SELECT p.generation, p.head FROM"
             " past.environment p WHERE p.id = environment.id) WHERE key = 'production';"
             "UPDATE setting SET record = (SELECT p.record FROM past.setting p WHERE"
             " p.environment_id = setting.environment_id AND p.object_id = setting.object_id AND"
             " p.field = setting.field AND p.revision = setting.revision);"
             "DELETE FROM key_grant; INSERT INTO key_grant SELECT * FROM past.key_grant;"
             "DELETE FROM env_key; INSERT INTO env_key SELECT * FROM past.env_key",
             before);
    serve_sql(fx, sql);
    /* All of it was true once: only the audit knows better. */
    assert_int_equal(findings(fx, "older keys were put back"), 1);
    unlink(before);
}

static void
grants_of_a_made_up_generation(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    /* Higher than any: nothing asks for it. Lower, and forged: left out, and found. */
    serve_sql(fx, "INSERT INTO key_grant SELECT environment_id, 9, class, principal_id, body,"
                  " granter_id, signature, created_at FROM key_grant WHERE" IN_PRODUCTION);
    OK(fx, read_anew(fx, "TOKEN"));
    assert_true(findings(fx, "the grant's signature is not its granter's") > 0);
    serve_sql(fx, "DELETE FROM key_grant WHERE generation = 9");
    rotate(fx);
    serve_sql(fx, "INSERT INTO key_grant SELECT environment_id, 1, class, principal_id, body,"
                  " granter_id, signature, created_at FROM key_grant WHERE" IN_PRODUCTION);
    OK(fx, read_anew(fx, "TOKEN"));
    assert_true(findings(fx, "the grant's signature is not its granter's") > 0);
    /* The next end takes them out. */
    rotate(fx);
    assert_int_equal(findings(fx, ""), 0);
}

/* Records that say another generation than they were sealed under. */
static void
records_relabelled(void **state)
{
    static const struct {
        const char *name;
        const char *says;
    } rows[] = {
        { "TOKEN",
          "x'02000000'" }, /* that of the keys to come: passed by as done, and never opens */
        { "OTHER", "x'09000000'" },
        { "THIRD", "x'00000000'" },
    };
    struct fx *fx = *state;
    int64_t left = 7;
    fill(fx);
    OK(fx, fx_put(fx, "production", "THIRD", "3", 0, 0));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sql[300];
        snprintf(sql, sizeof(sql),
                 "UPDATE setting SET record = CAST(substr(record, 1, 4) || %s || substr(record, 9)"
                 " AS BLOB) WHERE name = '%s'",
                 rows[i].says, rows[i].name);
        serve_sql(fx, sql);
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            FAILS(fx, ENVRES_E_INTEGRITY, read_anew(fx, rows[i].name));
        OK(fx, read_anew(fx, "HOST"));
        if (round == 0) {
            OK(fx, begin(fx));
        } else if (round == 1) {
            OK(fx, step(fx, &left));
            assert_int_equal(left, 2);
            FAILS(fx, ENVRES_E_INTEGRITY, step(fx, &left));
        }
    }
    assert_int_equal(findings(fx, "its record does not verify"), 3);
}

/* Rows that are not those of the head get no new one: what was tampered with would be taken for
 * good. */
static void
tampered_rows_get_no_new_head(void **state)
{
    static const char *const rows[] = {
        "UPDATE setting SET time = time + 1 WHERE name = 'TOKEN' AND revision = 2",
        "UPDATE setting SET secret = 0 WHERE name = 'OTHER'",
        "DELETE FROM setting WHERE name = 'HOST'",
    };
    struct fx *fx = *state;
    fill(fx);
    OK(fx, fx_put(fx, "production", "TOKEN", "a newer one", 0, 0));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        serve_sql(fx, rows[i]);
        FAILS(fx, ENVRES_E_INTEGRITY, begin(fx));
        assert_int_equal(count_rows(fx, "SELECT CAST(generation AS TEXT) FROM environment"
                                        " WHERE key = 'production'"),
                         1);
    }
}

/* ---- a record that does not open ------------------------------------------------------------ */

static void
one_broken_record(void **state)
{
    struct fx *fx = *state;
    int64_t left = 7;
    fill(fx);
    OK(fx, fx_put(fx, "production", "TOKEN", "a newer one", 0, 0));
    serve_sql(
        fx,
        "UPDATE setting SET record = CAST(substr(record, 1, length(record) - 16) || zeroblob(16)"
        " AS BLOB) WHERE name = 'TOKEN' AND revision = 2");
    OK(fx, begin(fx));
    OK(fx, step(fx, &left));
    assert_int_equal(left, 1);
    for (int again = 0; again < 2; again++) {
        left = 7;
        FAILS(fx, ENVRES_E_INTEGRITY, step(fx, &left));
        assert_int_equal(left, 7);
        assert_non_null(strstr(envres_error_message(fx->err), "1 record cannot be sealed anew"));
        assert_string_equal(envres_error_subject(fx->err), "TOKEN");
    }
    people_reads(fx, fx->session, "production", "TOKEN", "a newer one", 0);
    people_reads(fx, fx->session, "production", "OTHER", "another", 0);
    /* Its keys are kept, and it keeps no others from being made anew. */
    OK(fx, begin(fx));
    OK(fx, step(fx, &left));
    assert_int_equal(left, 1);
    FAILS(fx, ENVRES_E_INTEGRITY, step(fx, &left));
    assert_int_equal(count_rows(fx, "SELECT group_concat(n, '') FROM (SELECT DISTINCT generation"
                                    " AS n FROM key_grant WHERE" IN_PRODUCTION " ORDER BY n)"),
                     13);
    /* Without it the rotation comes to its end. */
    OK(fx,
       envres_variable_destroy(fx->session, "production", TEXT, "TOKEN", TEXT, 2, NULL, fx->err));
    OK(fx, step(fx, &left));
    assert_int_equal(left, 0);
    assert_int_equal(count_rows(fx, "SELECT count(*) FROM key_grant WHERE generation <> 3"
                                    " AND" IN_PRODUCTION),
                     0);
    assert_int_equal(findings(fx, ""), 0);
}

/* As many generations as a limit allows can be needed at once, each for its broken record. */
static void
too_many_generations(void **state)
{
    struct fx *fx = *state;
    char sql[200];
    int made = 0;
    for (; made < 70; made++) {
        int64_t left = 1;
        OK(fx, fx_put(fx, "production", "TOKEN", "x", 0, ENVRES_WRITE_SECRET));
        snprintf(
            sql, sizeof(sql),
            "UPDATE setting SET record = CAST(substr(record, 1, length(record) - 16) || zeroblob(16)"
            " AS BLOB) WHERE revision = %d",
            made + 1);
        serve_sql(fx, sql);
        if (begin(fx) < 0)
            break;
        (void)step(fx, &left);
    }
    assert_int_equal(envres_error_code(fx->err), ENVRES_E_LIMIT);
    assert_int_equal(made, 63);
    OK(fx, fx_put(fx, "production", "AFTER", "y", 0, 0));
    OK(fx, read_anew(fx, "AFTER"));
}

/* ---- test 30: a removed member -------------------------------------------------------------- */

static void
a_removed_member_reads_nothing_new(void **state)
{
    struct fx *fx = *state;
    envres_session *ben = NULL;
    char sql[3000];
    char before[160];
    fill(fx);
    OK(fx, people_add(fx, "ben", ENVRES_ROLE_ADMIN, "production"));
    OK(fx, people_enter(fx, fx->store, "ben", &ben));
    people_reads(fx, ben, "production", "TOKEN", "a token", 0); /* its keys are open from here on */
    snprintf(before, sizeof(before), "%s.before", serve_path(fx));
    OK(fx, envres_store_backup(fx->store, before, TEXT, fx->err));
    OK(fx, envres_principal_remove(fx->session, "ben", TEXT, NULL, fx->err));
    rotate(fx);
    static const char *const names[] = { "TOKEN", "OTHER", "HOST" };
    for (size_t i = 0; i < 3; i++)
        people_reads(fx, ben, "production", names[i], NULL, ENVRES_E_DENIED);
    envres_session_close(ben);
    FAILS(fx, ENVRES_E_KEY, people_enter(fx, fx->store, "ben", &ben));
    /* It writes itself back in, out of the copy it kept: slot, grants, roles, its row. */
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS past;"
             "INSERT INTO slot SELECT * FROM past.slot WHERE principal_id ="
             " (SELECT id FROM principal WHERE name = 'ben');"
             "INSERT INTO key_grant SELECT * FROM past.key_grant WHERE principal_id ="
             " (SELECT id FROM principal WHERE name = 'ben');"
             "INSERT INTO role_grant SELECT * FROM past.role_grant WHERE principal_id ="
             " (SELECT id FROM principal WHERE name = 'ben');"
             "UPDATE principal SET removed_at = NULL WHERE name = 'ben'",
             before);
    serve_sql(fx, sql);
    envres_store *store = NULL;
    envres_session *mine = NULL;
    envres_value *value = NULL;
    serve_again(fx, &store, &mine);
    OK(fx, people_enter(fx, store, "ben", &ben)); /* it has its own seed; that is all it has */
    for (size_t i = 0; i < 3; i++) {
        assert_true(envres_variable_get(ben, "production", TEXT, names[i], TEXT, ENVRES_READ_REVEAL,
                                        &value, fx->err) < 0);
        assert_null(value);
    }
    envres_session_close(ben);
    envres_session_close(mine);
    envres_store_close(store);
    /* In the copy it reads what it could read then, and nothing else is promised. */
    OK(fx, envres_store_open(before, TEXT, NULL, &store, fx->err));
    OK(fx, people_enter(fx, store, "ben", &ben));
    people_reads(fx, ben, "production", "TOKEN", "a token", 0);
    envres_session_close(ben);
    envres_store_close(store);
    unlink(before);
}

/* A grant of the older generation that is lost to one who reads meanwhile, and is given again. */
static void
a_key_that_is_given_again_opens(void **state)
{
    struct fx *fx = *state;
    envres_session *ann = NULL;
    fill(fx);
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_ADMIN, "production"));
    OK(fx, begin(fx)); /* all records are still under the keys before */
    serve_sql(fx, "DELETE FROM key_grant WHERE generation = 1 AND principal_id ="
                  " (SELECT id FROM principal WHERE name = 'ann')");
    OK(fx, people_enter(fx, fx->store, "ann", &ann));
    people_reads(fx, ann, "production", "TOKEN", NULL, ENVRES_E_INTEGRITY);
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_ADMIN, "production", envres_role_revoke));
    people_reads(fx, ann, "production", "TOKEN", NULL, ENVRES_E_DENIED);
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_ADMIN, "production", envres_role_grant));
    people_reads(fx, ann, "production", "TOKEN", "a token", 0);
    people_reads(fx, ann, "production", "HOST", "db.example", 0);
    envres_session_close(ann);
}

/* ---- test 34: what is left of old keys ------------------------------------------------------ */

/* Of a file beside the store; -1: there is none. */
static int
stands_in(struct fx *fx, const char *suffix, const unsigned char *bytes, size_t len)
{
    char path[200];
    struct stat info = { 0 };
    int found = -1;
    snprintf(path, sizeof(path), "%s%s", serve_path(fx), suffix);
    int file = open(path, O_RDONLY);
    if (file < 0)
        return found;
    assert_int_equal(fstat(file, &info), 0);
    unsigned char *data = malloc((size_t)info.st_size + 1);
    assert_int_equal(read(file, data, (size_t)info.st_size), info.st_size);
    found = info.st_size >= (off_t)len && memmem(data, (size_t)info.st_size, bytes, len) != NULL;
    free(data);
    close(file);
    return found;
}

static void
old_keys_are_gone_from_the_file(void **state)
{
    static const char *const suffixes[] = { "", "-journal", "-wal" };
    struct fx *fx = *state;
    unsigned char grants[4][136];
    unsigned char record[400];
    fill(fx);
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_RUNTIME, "production"));
    OK(fx, people_add(fx, "ben", ENVRES_ROLE_RUNTIME, "production"));
    static const char body_sql[] =
        "SELECT g.body FROM key_grant g JOIN principal p ON p.id ="
        " g.principal_id WHERE class = %d AND" IN_PRODUCTION " AND p.name = '%s'";
    static const char *const holders[] = { "owner", "ann", "ben", "ben" };
    for (int i = 0; i < 4; i++) {
        char sql[400];
        snprintf(sql, sizeof(sql), body_sql, i == 3 ? 1 : 2, holders[i]);
        assert_int_equal(raw_blob(serve_path(fx), sql, grants[i], sizeof(grants[i])), 136);
        assert_int_equal(stands_in(fx, "", grants[i], 136), 1);
    }
    size_t len = raw_blob(serve_path(fx), "SELECT record FROM setting WHERE name = 'TOKEN'", record,
                          sizeof(record));
    assert_int_equal(stands_in(fx, "", record + 8, len - 8), 1);
    OK(fx, people_role(fx, "ben", ENVRES_ROLE_RUNTIME, "production", envres_role_revoke));
    for (int i = 2; i < 4; i++) /* what a role came with goes with it */
        assert_int_equal(stands_in(fx, "", grants[i] + 88, 48), 0);
    rotate(fx);
    for (size_t s = 0; s < sizeof(suffixes) / sizeof(suffixes[0]); s++) {
        for (int i = 0; i < 4; i++) {
            assert_true(stands_in(fx, suffixes[s], grants[i], 136) <= 0);
            assert_true(stands_in(fx, suffixes[s], grants[i] + 88, 48) <= 0);
        }
        assert_true(stands_in(fx, suffixes[s], record + 8, len - 8) <= 0);
    }
}

/* ---- test 24: a key of staging, and the whole file ------------------------------------------ */

static void
staging_yields_staging(void **state)
{
    struct fx *fx = *state;
    envres_session *sam = NULL;
    envres_session *shrunk = NULL;
    envres_scope *scope = NULL;
    envres_list *list = NULL;
    int64_t left = 0;
    fill(fx);
    OK(fx, fx_put(fx, "staging", "TOKEN", "of staging", 0, 0));
    OK(fx, people_add(fx, "sam", ENVRES_ROLE_EDITOR, "staging"));
    OK(fx, people_enter(fx, fx->store, "sam", &sam));
    rotate(fx);
    people_reads(fx, sam, "staging", "HOST", NULL, ENVRES_E_NOT_SET);
    static const char *const names[] = { "HOST", "TOKEN", "OTHER" };
    for (size_t i = 0; i < 3; i++)
        people_reads(fx, sam, "production", names[i], NULL, ENVRES_E_DENIED);
    FAILS(fx, ENVRES_E_DENIED, envres_scope_open(sam, "production", TEXT, NULL, &scope, fx->err));
    FAILS(fx, ENVRES_E_DENIED,
          envres_variable_history(sam, "production", TEXT, "TOKEN", TEXT, ENVRES_READ_REVEAL, &list,
                                  fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_key_rotate(sam, "production", TEXT, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_key_rotate_step(sam, "production", TEXT, &left, fx->err));
    /* As somebody else: never more. */
    OK(fx, envres_session_as(sam, "owner", TEXT, &shrunk, fx->err));
    people_reads(fx, shrunk, "production", "TOKEN", NULL, ENVRES_E_DENIED);
    envres_session_close(shrunk);
    /* With the file at hand: somebody else's grants under its own name, its own moved over. */
    serve_sql(fx, "INSERT INTO key_grant SELECT environment_id, generation, class, (SELECT id FROM"
                  " principal WHERE name = 'sam'), body, granter_id, signature, created_at FROM"
                  " key_grant WHERE" IN_PRODUCTION);
    serve_sql(fx, "INSERT INTO role_grant SELECT workspace_id, (SELECT id FROM principal WHERE"
                  " name = 'sam'), environment_id, 5, granter_id, signature, created_at FROM"
                  " role_grant WHERE role = 5");
    envres_session_close(sam);
    OK(fx, people_enter(fx, fx->store, "sam", &sam));
    for (size_t i = 0; i < 3; i++) {
        envres_value *value = NULL;
        assert_true(envres_variable_get(sam, "production", TEXT, names[i], TEXT, ENVRES_READ_REVEAL,
                                        &value, fx->err) < 0);
        assert_null(value);
    }
    assert_true(envres_key_rotate(sam, "production", TEXT, NULL, NULL, fx->err) < 0);
    envres_session_close(sam);
    assert_null(list);
}

int
main(void)
{
#define WHOLE(test)   cmocka_unit_test_setup_teardown(test, serve_setup, serve_teardown)
#define DAMAGED(test) cmocka_unit_test_setup_teardown(test, serve_setup, serve_teardown_damaged)
    const struct CMUnitTest tests[] = {
        WHOLE(generations_changed_by_hand),     DAMAGED(the_state_before_put_back),
        WHOLE(grants_of_a_made_up_generation),  DAMAGED(records_relabelled),
        DAMAGED(tampered_rows_get_no_new_head), WHOLE(one_broken_record),
        DAMAGED(too_many_generations),          DAMAGED(a_removed_member_reads_nothing_new),
        WHOLE(a_key_that_is_given_again_opens), WHOLE(old_keys_are_gone_from_the_file),
        DAMAGED(staging_yields_staging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
