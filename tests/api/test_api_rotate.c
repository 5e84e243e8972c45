/* SPDX-License-Identifier: MIT */
/*
 * Rotation by the rules: what changes and what does not, in which steps, who may, what it says of
 * secrets that were exposed, and what happens when two use the file at once or one is killed.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "fx_people.h"
#include "fx_serve.h"

static envres_status
begin(struct fx *fx, envres_session *session, const char *environment)
{
    return envres_key_rotate(session, environment, TEXT, NULL, NULL, fx->err);
}

static envres_status
step(struct fx *fx, envres_session *session, const char *environment, int64_t *left)
{
    return envres_key_rotate_step(session, environment, TEXT, left, fx->err);
}

/* To the end; the number of steps. */
static int
finish(struct fx *fx, const char *environment)
{
    int64_t left = 1;
    int steps = 0;
    while (left > 0) {
        OK(fx, step(fx, fx->session, environment, &left));
        steps++;
    }
    return steps;
}

static void
rotate(struct fx *fx, const char *environment)
{
    OK(fx, begin(fx, fx->session, environment));
    finish(fx, environment);
}

/* Many values in one change: NAME0, NAME1, ... */
static void
put_many(struct fx *fx, const char *environment, size_t count, uint32_t flags)
{
    envres_variable_write *writes = calloc(count, sizeof(*writes));
    char(*names)[24] = calloc(count, sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "NAME%zu", i);
        writes[i] = (envres_variable_write){ .size = sizeof(*writes),
                                             .flags = flags,
                                             .name = names[i],
                                             .name_len = TEXT,
                                             .value = names[i],
                                             .value_len = TEXT };
    }
    OK(fx, envres_variable_put_many(fx->session, environment, TEXT, writes, count, NULL, NULL,
                                    fx->err));
    free(names);
    free(writes);
}

/* Actions in the audit that begin with `part`, as "a b c". */
static void
audit_says(struct fx *fx, const char *part, const char *want)
{
    envres_list *list = NULL;
    char got[512] = "";
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *action = envres_list_text(list, row, ENVRES_AUDIT_ACTION, NULL);
        const char *outcome = envres_list_text(list, row, ENVRES_AUDIT_OUTCOME, NULL);
        if (strncmp(action, part, strlen(part)) != 0)
            continue;
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%s", got[0] ? " " : "", action,
                 strcmp(outcome, "ok") == 0 ? "" : "!");
    }
    envres_list_free(list);
    assert_string_equal(got, want);
}

/* ---- what changes, and what does not -------------------------------------------------------- */

static void
fill(struct fx *fx)
{
    OK(fx, fx_put(fx, "production", "HOST", "db.example", 0, 0));
    OK(fx, fx_put(fx, "production", "TOKEN", "old token", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "TOKEN", "a token", 0, 0));
    OK(fx, fx_put(fx, "production", "LINE", "<< environment.variables.HOST >>!",
                  ENVRES_TYPE_TEMPLATE, 0));
    OK(fx, fx_put(fx, "staging", "HOST", "db.staging", 0, 0));
}

static void
check_filled(struct fx *fx)
{
    people_reads(fx, fx->session, "production", "HOST", "db.example", 0);
    people_reads(fx, fx->session, "production", "TOKEN", "a token", 0);
    fx_renders(fx, "production", "<< environment.variables.LINE >>", "db.example!", ENVRES_OK);
}

static void
values_stay(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    fill(fx);
    int64_t revision = fx_revision(fx, "production");
    envres_scope *before = fx_scope(fx, "production");
    OK(fx, begin(fx, fx->session, "production"));
    check_filled(fx);
    envres_scope *between = fx_scope(fx, "production");
    OK(fx, fx_put(fx, "production", "FRESH", "under new keys", 0, ENVRES_WRITE_SECRET));
    people_reads(fx, fx->session, "production", "FRESH", "under new keys", 0);
    finish(fx, "production");
    check_filled(fx);
    assert_int_equal(fx_revision(fx, "production"), revision + 1);
    envres_scope *scopes[] = { before, between };
    for (size_t i = 0; i < 2; i++) {
        envres_value *value = NULL;
        OK(fx, envres_scope_get(scopes[i], "TOKEN", TEXT, &value, fx->err));
        assert_memory_equal(envres_value_data(value, NULL), "a token", 7);
        envres_value_free(value);
        envres_scope_unref(scopes[i]);
    }
    OK(fx, envres_variable_history(fx->session, "production", TEXT, "TOKEN", TEXT,
                                   ENVRES_READ_REVEAL, &list, fx->err));
    assert_string_equal(envres_list_text(list, 1, ENVRES_HISTORY_VALUE, NULL), "old token");
    envres_list_free(list);
    audit_says(fx, "key.", "key.rotate key.rotated");
}

static void
releases_stay(void **state)
{
    struct fx *fx = *state;
    fill(fx);
    serve_app(fx, "shop", ENVRES_APP_PIN_CONFIG);
    OK(fx, fx_put(fx, "development", "HOST", "db.here", 0, 0));
    serve_part(fx, "shop", "v1", "page.txt", "<< environment.variables.HOST >>!");
    serve_release(fx, "shop", "v1", "1.0.0");
    rotate(fx, "production");
    OK(fx, fx_put(fx, "production", "HOST", "elsewhere", 0, 0));
    envres_scope *scope = serve_scope(fx, "shop");
    serve_renders(fx, scope, serve_text(fx, scope, "page.txt"), "db.example!", ENVRES_OK);
    envres_scope_unref(scope);
    rotate(fx, "production");
    scope = serve_scope(fx, "shop");
    serve_renders(fx, scope, serve_text(fx, scope, "page.txt"), "db.example!", ENVRES_OK);
    envres_scope_unref(scope);
}

static int
count_rows(const char *path, const char *sql)
{
    unsigned char digits[24] = { 0 };
    size_t len = raw_blob(path, sql, digits, sizeof(digits) - 1);
    digits[len] = '\0';
    return atoi((const char *)digits);
}

#define IN_PRODUCTION " environment_id = (SELECT id FROM environment WHERE key = 'production')"

static void
everything_gets_the_new_keys(void **state)
{
    struct fx *fx = *state;
    const char *path = serve_path(fx);
    fill(fx);
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_RUNTIME, "production"));
    OK(fx, people_add(fx, "vera", ENVRES_ROLE_VIEWER, "production"));
    rotate(fx, "production");
    assert_int_equal(count_rows(path, "SELECT count(*) FROM setting WHERE" IN_PRODUCTION
                                      " AND substr(record, 5, 4) <> x'02000000'"),
                     0);
    assert_int_equal(count_rows(path, "SELECT count(*) FROM key_grant WHERE" IN_PRODUCTION
                                      " AND generation <> 2"),
                     0);
    assert_int_equal(count_rows(path, "SELECT count(*) FROM env_key WHERE" IN_PRODUCTION), 1);
    /* Owner, ann and vera hold the one key, but not vera the other. */
    assert_int_equal(
        count_rows(path, "SELECT count(*) FROM key_grant WHERE class = 1 AND" IN_PRODUCTION), 3);
    assert_int_equal(
        count_rows(path, "SELECT count(*) FROM key_grant WHERE class = 2 AND" IN_PRODUCTION), 2);
    /* The other environments are as they were. */
    assert_int_equal(count_rows(path, "SELECT count(*) FROM key_grant WHERE generation = 1"), 4);
}

static void
steps_are_of_256(void **state)
{
    struct fx *fx = *state;
    int64_t left = -1;
    put_many(fx, "staging", 600, ENVRES_WRITE_SECRET);
    OK(fx, begin(fx, fx->session, "staging"));
    static const int64_t want[] = { 344, 88, 0, 0 };
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        OK(fx, step(fx, fx->session, "staging", &left));
        assert_int_equal(left, want[i]);
        people_reads(fx, fx->session, "staging", "NAME3", "NAME3", 0);
        people_reads(fx, fx->session, "staging", "NAME599", "NAME599", 0);
    }
    audit_says(fx, "key.", "key.rotate key.rotated");
}

/* With the last record of a full step the keys go too. */
static void
a_whole_number_of_steps(void **state)
{
    struct fx *fx = *state;
    put_many(fx, "staging", 256, 0);
    OK(fx, begin(fx, fx->session, "staging"));
    assert_int_equal(finish(fx, "staging"), 1);
    audit_says(fx, "key.", "key.rotate key.rotated");
    put_many(fx, "development", 512, 0);
    OK(fx, begin(fx, fx->session, "development"));
    assert_int_equal(finish(fx, "development"), 2);
    audit_says(fx, "key.", "key.rotate key.rotated key.rotate key.rotated");
}

static void
one_under_way_is_gone_on_with(void **state)
{
    struct fx *fx = *state;
    put_many(fx, "staging", 300, 0);
    int64_t left = 0;
    for (int i = 0; i < 3; i++)
        OK(fx, begin(fx, fx->session, "staging"));
    OK(fx, step(fx, fx->session, "staging", &left));
    OK(fx, begin(fx, fx->session, "staging"));
    finish(fx, "staging");
    audit_says(fx, "key.", "key.rotate key.rotated");
    rotate(fx, "staging");
    audit_says(fx, "key.", "key.rotate key.rotated key.rotate key.rotated");
    rotate(fx, "development"); /* nothing there to seal */
    assert_int_equal(finish(fx, "development"), 1);
    audit_says(fx, "key.", "key.rotate key.rotated key.rotate key.rotated key.rotate key.rotated");
}

static void
an_operation_is_done_once(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16] = "rotate it once!";
    envres_change change = { .size = sizeof(change), .operation = operation };
    for (int i = 0; i < 2; i++) {
        OK(fx, envres_key_rotate(fx->session, "staging", TEXT, &change, NULL, fx->err));
        finish(fx, "staging");
    }
    audit_says(fx, "key.", "key.rotate key.rotated");
}

static void
open_requests_are_void(void **state)
{
    struct fx *fx = *state;
    unsigned char state_now = 0;
    serve_sql(fx, "INSERT INTO request SELECT randomblob(16), e.workspace_id, e.id, 'variable.put',"
                  " 'variable/A', 4, 1, 1, zeroblob(32), 0, zeroblob(32), x'', x'', p.id, p.id, '',"
                  " 1, 2, zeroblob(64), 1, NULL FROM environment e, principal p"
                  " WHERE e.key IN ('production', 'staging')");
    OK(fx, begin(fx, fx->session, "production"));
    for (int i = 0; i < 2; i++) {
        raw_blob(serve_path(fx),
                 i ? "SELECT CAST(state AS TEXT) FROM request WHERE NOT" IN_PRODUCTION
                   : "SELECT CAST(state AS TEXT) FROM request WHERE" IN_PRODUCTION,
                 &state_now, 1);
        assert_int_equal(state_now, i ? '1' : '4');
    }
    finish(fx, "production");
    serve_sql(fx, "DELETE FROM request");
}

/* ---- who may -------------------------------------------------------------------------------- */

static void
only_who_may(void **state)
{
    static const struct {
        const char *name;
        uint32_t role;
        envres_status want;
    } rows[] = {
        { "viewer", ENVRES_ROLE_VIEWER, ENVRES_E_DENIED },
        { "editor", ENVRES_ROLE_EDITOR, ENVRES_E_DENIED },
        { "publisher", ENVRES_ROLE_PUBLISHER, ENVRES_E_DENIED },
        { "runtime", ENVRES_ROLE_RUNTIME, ENVRES_E_DENIED },
        { "depositor", ENVRES_ROLE_DEPOSITOR, ENVRES_E_DENIED },
        { "auditor", ENVRES_ROLE_AUDITOR, ENVRES_E_DENIED },
        { "admin", ENVRES_ROLE_ADMIN, ENVRES_OK },
    };
    struct fx *fx = *state;
    fill(fx);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        envres_session *session = NULL;
        envres_session *shrunk = NULL;
        envres_list *list = NULL;
        int64_t left = 7;
        print_message("%s\n", rows[i].name);
        OK(fx, people_add(fx, rows[i].name, rows[i].role, "staging"));
        OK(fx, people_enter(fx, fx->store, rows[i].name, &session));
        FAILS(fx, rows[i].want, begin(fx, session, "staging"));
        FAILS(fx, rows[i].want, step(fx, session, "staging", &left));
        assert_int_equal(left, rows[i].want == ENVRES_OK ? 0 : 7);
        FAILS(fx, rows[i].want, envres_key_exposure(session, "staging", TEXT, &list, fx->err));
        envres_list_free(list);
        FAILS(fx, rows[i].want, envres_key_exposure(session, NULL, 0, &list, fx->err));
        envres_list_free(list);
        FAILS(fx, ENVRES_E_DENIED, begin(fx, session, "production"));
        FAILS(fx, ENVRES_E_DENIED,
              envres_key_exposure(session, "production", TEXT, &list, fx->err));
        OK(fx, envres_session_as(fx->session, rows[i].name, TEXT, &shrunk, fx->err));
        FAILS(fx, rows[i].want, begin(fx, shrunk, "staging"));
        FAILS(fx, rows[i].want, step(fx, shrunk, "staging", &left));
        envres_session_close(shrunk);
        envres_session_close(session);
    }
    people_reads(fx, fx->session, "staging", "HOST", "db.staging", 0);
}

static void
arguments(void **state)
{
    struct fx *fx = *state;
    int64_t left = 0;
    envres_list *list = NULL;
    FAILS(fx, ENVRES_E_NOT_FOUND, begin(fx, fx->session, "nowhere"));
    FAILS(fx, ENVRES_E_NOT_FOUND, step(fx, fx->session, "nowhere", &left));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_key_exposure(fx->session, "nowhere", TEXT, &list, fx->err));
    FAILS(fx, ENVRES_E_INVALID, begin(fx, NULL, "staging"));
    FAILS(fx, ENVRES_E_INVALID, begin(fx, fx->session, NULL));
    FAILS(fx, ENVRES_E_INVALID, step(fx, fx->session, "staging", NULL));
    FAILS(fx, ENVRES_E_INVALID, step(fx, NULL, "staging", &left));
    FAILS(fx, ENVRES_E_INVALID, envres_key_exposure(fx->session, NULL, 0, NULL, fx->err));
    assert_null(list);
}

static void
a_reason_where_one_is_asked_for(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_REASON };
    envres_change change = { .size = sizeof(change), .reason = "ben left", .reason_len = TEXT };
    OK(fx, envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_REASON, begin(fx, fx->session, "staging"));
    OK(fx, envres_key_rotate(fx->session, "staging", TEXT, &change, NULL, fx->err));
    finish(fx, "staging");
}

/* ---- while others work ---------------------------------------------------------------------- */

/* Who is given a role while a rotation is under way reads what is still under the older keys. */
static void
a_role_given_meanwhile(void **state)
{
    struct fx *fx = *state;
    envres_session *ann = NULL;
    envres_session *vera = NULL;
    fill(fx);
    OK(fx, begin(fx, fx->session, "production"));
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_ADMIN, "production"));
    OK(fx, people_add(fx, "vera", ENVRES_ROLE_VIEWER, "production"));
    OK(fx, people_enter(fx, fx->store, "ann", &ann));
    OK(fx, people_enter(fx, fx->store, "vera", &vera));
    for (int i = 0; i < 2; i++) {
        people_reads(fx, ann, "production", "TOKEN", "a token", 0);
        people_reads(fx, vera, "production", "HOST", "db.example", 0);
        people_reads(fx, vera, "production", "TOKEN", NULL, ENVRES_E_DENIED);
        if (i == 0) {
            int64_t left = 1;
            OK(fx, step(fx, ann, "production", &left));
            assert_int_equal(left, 0);
        }
    }
    envres_session_close(ann);
    envres_session_close(vera);
}

/* Another process: it has the older keys in memory. */
static void
another_handle_takes_the_new_keys(void **state)
{
    struct fx *fx = *state;
    envres_store *other = NULL;
    envres_session *session = NULL;
    envres_session *ann = NULL;
    envres_scope *scope = NULL;
    fill(fx);
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_RUNTIME, "production"));
    serve_again(fx, &other, &session);
    OK(fx, people_enter(fx, other, "ann", &ann));
    people_reads(fx, session, "production", "TOKEN", "a token", 0);
    OK(fx, envres_scope_open(ann, "production", TEXT, NULL, &scope, fx->err));
    OK(fx, begin(fx, fx->session, "production"));
    envres_variable_write write = { .size = sizeof(write),
                                    .flags = ENVRES_WRITE_SECRET,
                                    .name = "LATER",
                                    .name_len = TEXT,
                                    .value = "later",
                                    .value_len = TEXT };
    OK(fx, envres_variable_put(session, "production", TEXT, &write, NULL, NULL, fx->err));
    assert_int_equal(count_rows(serve_path(fx), "SELECT count(*) FROM setting WHERE name = 'LATER'"
                                                " AND substr(record, 5, 4) = x'02000000'"),
                     1);
    OK(fx, envres_principal_remove(fx->session, "ann", TEXT, NULL, fx->err));
    finish(fx, "production");
    people_reads(fx, session, "production", "TOKEN", "a token", 0);
    people_reads(fx, session, "production", "LATER", "later", 0);
    /* What ann had open stays open; nothing new opens. */
    envres_value *value = NULL;
    OK(fx, envres_scope_get(scope, "TOKEN", TEXT, &value, fx->err));
    envres_value_free(value);
    envres_scope_unref(scope);
    scope = NULL;
    FAILS(fx, ENVRES_E_DENIED, envres_scope_open(ann, "production", TEXT, NULL, &scope, fx->err));
    envres_session_close(ann);
    envres_session_close(session);
    envres_store_close(other);
}

/* Test 66: a writer and a rotator, each a process. The writer ends with 0 when every write went
 * through. */
static void
write_in_a_process(struct fx *fx, int ready)
{
    envres_store *store = NULL;
    envres_session *session = NULL;
    char name[24];
    serve_again(fx, &store, &session);
    people_reads(fx, session, "staging", "NAME1", "NAME1", 0);
    if (write(ready, "r", 1) != 1)
        _exit(2);
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof(name), "WRITTEN%d", i);
        envres_variable_write write = { .size = sizeof(write),
                                        .flags = i % 2 ? ENVRES_WRITE_SECRET : 0,
                                        .name = name,
                                        .name_len = TEXT,
                                        .value = name,
                                        .value_len = TEXT };
        envres_status st = ENVRES_E_BUSY;
        for (int again = 0; again < 1000 && st == ENVRES_E_BUSY; again++)
            st = envres_variable_put(session, "staging", TEXT, &write, NULL, NULL, NULL);
        if (st < 0)
            _exit(1);
    }
    envres_session_close(session);
    envres_store_close(store);
    _exit(0);
}

static envres_status
patiently(struct fx *fx, int64_t *left)
{
    envres_status st = ENVRES_E_BUSY;
    for (int again = 0; again < 1000 && st == ENVRES_E_BUSY; again++)
        st = left ? step(fx, fx->session, "staging", left) : begin(fx, fx->session, "staging");
    return st;
}

static void
a_writer_and_a_rotator(void **state)
{
    struct fx *fx = *state;
    int ready[2] = { 0, 0 };
    int status = -1;
    char byte = 0;
    put_many(fx, "staging", 900, ENVRES_WRITE_SECRET);
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        write_in_a_process(fx, ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    for (int round = 0; round < 3; round++) {
        int64_t left = 1;
        OK(fx, patiently(fx, NULL));
        while (left > 0)
            OK(fx, patiently(fx, &left));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ready[0]);
    close(ready[1]);
    for (int i = 0; i < 60; i++) {
        char name[24];
        snprintf(name, sizeof(name), "WRITTEN%d", i);
        people_reads(fx, fx->session, "staging", name, name, 0);
    }
    assert_int_equal(count_rows(serve_path(fx),
                                "SELECT count(*) FROM setting WHERE environment_id ="
                                " (SELECT id FROM environment WHERE key = 'staging')"
                                " AND substr(record, 5, 4) <> x'04000000'"),
                     0);
}

/* Test 29: killed between any two transactions, gone on with by another holder. The kills inside of
 * them are those of the power cuts. */
static void
killed_and_gone_on_with(void **state)
{
    struct fx *fx = *state;
    put_many(fx, "staging", 600, ENVRES_WRITE_SECRET);
    OK(fx, people_add(fx, "otto", ENVRES_ROLE_OWNER, NULL));
    for (int steps = 0; steps < 4; steps++) {
        envres_store *store = NULL;
        envres_session *mine = NULL;
        envres_session *otto = NULL;
        int64_t left = 1;
        int status = 0;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            serve_again(fx, &store, &mine);
            envres_status st = begin(fx, mine, "staging");
            for (int i = 0; st == ENVRES_OK && i < steps; i++)
                st = step(fx, mine, "staging", &left);
            raise(st == ENVRES_OK ? SIGKILL : SIGTERM);
            _exit(1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        serve_again(fx, &store, &mine);
        OK(fx, people_enter(fx, store, "otto", &otto));
        people_reads(fx, mine, "staging", "NAME0", "NAME0", 0);
        people_reads(fx, otto, "staging", "NAME599", "NAME599", 0);
        OK(fx, begin(fx, otto, "staging")); /* the fourth is at its end: this one is another */
        while (left > 0)
            OK(fx, step(fx, otto, "staging", &left));
        people_reads(fx, otto, "staging", "NAME0", "NAME0", 0);
        envres_session_close(otto);
        envres_session_close(mine);
        envres_store_close(store);
    }
    audit_says(fx, "key.rotated", "key.rotated key.rotated key.rotated key.rotated key.rotated");
}

/* ---- what was exposed ----------------------------------------------------------------------- */

/* "OBJECT>PRINCIPAL ..." of one environment or (NULL) all. */
static void
exposed(struct fx *fx, const char *environment, const char *want)
{
    envres_list *list = NULL;
    char got[512] = "";
    OK(fx, envres_key_exposure(fx->session, environment, environment ? TEXT : 0, &list, fx->err));
    for (size_t row = 0; row < envres_list_count(list); row++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s>%s", got[0] ? " " : "",
                 envres_list_text(list, row, ENVRES_EXPOSURE_OBJECT, NULL),
                 envres_list_text(list, row, ENVRES_EXPOSURE_PRINCIPAL, NULL));
    envres_list_free(list);
    assert_string_equal(got, want);
}

static void
set_secret(struct fx *fx, const char *environment, const char *name, const char *value)
{
    fx->now += 10;
    OK(fx, fx_put(fx, environment, name, value, 0, ENVRES_WRITE_SECRET));
}

static void
what_somebody_could_have_read(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    set_secret(fx, "staging", "A", "one");
    set_secret(fx, "staging", "B", "two");
    OK(fx, fx_put(fx, "staging", "PLAIN", "x", 0, 0));
    OK(fx, people_add(fx, "ann", ENVRES_ROLE_EDITOR, "staging"));
    OK(fx, people_add(fx, "vera", ENVRES_ROLE_VIEWER, "staging"));
    exposed(fx, "staging", "");
    fx->now += 10;
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_EDITOR, "staging", envres_role_revoke));
    OK(fx, people_role(fx, "vera", ENVRES_ROLE_VIEWER, "staging", envres_role_revoke));
    exposed(fx, "staging", "variable/A>ann variable/B>ann");
    exposed(fx, NULL, "variable/A>ann variable/B>ann");
    exposed(fx, "production", "");
    set_secret(fx, "staging", "NEVER_SEEN", "three");
    set_secret(fx, "staging", "A", "one again");
    exposed(fx, "staging", "variable/B>ann");
    /* The value of then, however it came back. */
    set_secret(fx, "staging", "A", "one");
    exposed(fx, "staging", "variable/A>ann variable/B>ann");
    OK(fx, envres_variable_rename(fx->session, "B", TEXT, "C", TEXT, NULL, fx->err));
    exposed(fx, "staging", "variable/A>ann variable/C>ann");
    /* The report of a rotation is the same, and rotating heals nothing of it. */
    OK(fx, envres_key_rotate(fx->session, "staging", TEXT, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 2);
    assert_string_equal(envres_list_text(list, 1, ENVRES_EXPOSURE_OBJECT, NULL), "variable/C");
    assert_string_equal(envres_list_text(list, 1, ENVRES_EXPOSURE_ENVIRONMENT, NULL), "staging");
    assert_true(envres_list_integer(list, 1, ENVRES_EXPOSURE_TIME) < fx->now);
    envres_list_free(list);
    finish(fx, "staging");
    exposed(fx, "staging", "variable/A>ann variable/C>ann");
    /* Taken away: there is nothing to change any more. */
    OK(fx, envres_variable_unset(fx->session, "staging", TEXT, "C", TEXT, NULL, NULL, fx->err));
    exposed(fx, "staging", "variable/A>ann");
    /* Who may again may. */
    OK(fx, people_role(fx, "ann", ENVRES_ROLE_EDITOR, "staging", envres_role_grant));
    exposed(fx, "staging", "");
    OK(fx, envres_principal_remove(fx->session, "ann", TEXT, NULL, fx->err));
    exposed(fx, "staging", "variable/A>ann variable/NEVER_SEEN>ann");
}

static void
protecting_takes_keys_away(void **state)
{
    struct fx *fx = *state;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_PROTECT };
    envres_environment_options off_path = { .size = sizeof(off_path),
                                            .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    OK(fx, envres_environment_add(fx->session, "qa", TEXT, &off_path, NULL, fx->err));
    set_secret(fx, "qa", "A", "one");
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "postgres", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "qa", "crm", "password", "hidden", 0));
    OK(fx, people_add(fx, "ed", ENVRES_ROLE_EDITOR, "qa"));
    OK(fx, people_add(fx, "otto", ENVRES_ROLE_OWNER, NULL));
    OK(fx, envres_environment_set(fx->session, "qa", TEXT, &options, NULL, fx->err));
    exposed(fx, "qa", "variable/A>ed resource/crm/password>ed");
    OK(fx, envres_principal_remove(fx->session, "otto", TEXT, NULL, fx->err));
    exposed(fx, NULL,
            "variable/A>ed variable/A>otto resource/crm/password>ed resource/crm/password>otto");
    envres_change force = { .size = sizeof(force), .flags = ENVRES_CHANGE_FORCE };
    OK(fx, envres_environment_remove(fx->session, "qa", TEXT, &force, fx->err));
    exposed(fx, NULL, "");
}

int
main(void)
{
#define ON_FILE(test)   cmocka_unit_test_setup_teardown(test, serve_setup, serve_teardown)
#define IN_MEMORY(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        IN_MEMORY(values_stay),
        ON_FILE(releases_stay),
        ON_FILE(everything_gets_the_new_keys),
        IN_MEMORY(steps_are_of_256),
        IN_MEMORY(a_whole_number_of_steps),
        IN_MEMORY(one_under_way_is_gone_on_with),
        IN_MEMORY(an_operation_is_done_once),
        ON_FILE(open_requests_are_void),
        IN_MEMORY(only_who_may),
        IN_MEMORY(arguments),
        IN_MEMORY(a_reason_where_one_is_asked_for),
        IN_MEMORY(a_role_given_meanwhile),
        ON_FILE(another_handle_takes_the_new_keys),
        ON_FILE(a_writer_and_a_rotator),
        ON_FILE(killed_and_gone_on_with),
        IN_MEMORY(what_somebody_could_have_read),
        IN_MEMORY(protecting_takes_keys_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
