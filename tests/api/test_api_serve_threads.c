/* SPDX-License-Identifier: MIT */
/*
 * Eight threads that resolve from scopes they refresh, while two handles on the same file release
 * and roll back by turns. Every version carries its number in each of its parts and in its tags,
 * and every release pins a setting that holds its tag: whatever a thread sees must be of one
 * release as a whole.
 */
#include "fx_serve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__SANITIZE_THREAD__)
enum { MOVES = 200 };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
enum { MOVES = 200 };
#else
enum { MOVES = 1000 };
#endif
#else
enum { MOVES = 1000 };
#endif

enum { THREADS = 8, VERSIONS = 5, PARTS = 6, ROUNDS = 100, REFRESHES_MIN = 3 };

struct reader {
    pthread_t thread;
    envres_session *session;
    atomic_int *done;
    uint64_t renders;
    uint64_t fresh; /* scopes that were new */
    char wrong[400];
};

static void
say(struct reader *reader, const char *what, envres_error *err)
{
    if (!reader->wrong[0])
        snprintf(reader->wrong, sizeof(reader->wrong), "%s: %.200s", what,
                 envres_error_message(err));
}

/* "NUMBER TAG SETTING VERSION", all of one release. */
static void
check_text(struct reader *reader, const envres_scope *scope, const char *text)
{
    char want[256];
    const char *version = envres_scope_version(scope);
    const char *tag = envres_scope_release(scope);
    snprintf(want, sizeof(want), "%s %s %s %s", version + 1, tag, tag, version);
    if (strcmp(text, want) != 0 || strncmp(tag, "1.", 2) != 0 ||
        strtol(tag + 2, NULL, 10) != strtol(version + 1, NULL, 10))
        snprintf(reader->wrong, sizeof(reader->wrong), "'%s' where '%s' was to be", text, want);
}

static void
render_part(struct reader *reader, const envres_scope *scope, uint32_t index, envres_error *err)
{
    envres_template_options options = { .size = sizeof(options), .flags = ENVRES_TEMPLATE_BORROW };
    envres_template *tmpl = NULL;
    envres_value *value = NULL;
    const char *data = NULL;
    size_t len = 0;
    const char *path = envres_scope_part_path(scope, index);
    if (!path || envres_scope_part(scope, path, TEXT, &data, &len, err) < 0 ||
        envres_template_parse(data, len, &options, &tmpl, err) < 0 ||
        envres_template_render(tmpl, scope, NULL, &value, err) < 0)
        say(reader, path ? path : "no path", err);
    else
        check_text(reader, scope, envres_value_data(value, NULL));
    reader->renders++;
    envres_value_free(value);
    envres_template_unref(tmpl);
}

static void *
read_on(void *argument)
{
    struct reader *reader = argument;
    envres_error *err = envres_error_new(NULL);
    envres_scope_options options = { .size = sizeof(options), .app = "crm", .app_len = TEXT };
    envres_scope *scope = NULL;
    if (envres_scope_open(reader->session, "production", TEXT, &options, &scope, err) < 0)
        say(reader, "open", err);
    while (!atomic_load(reader->done) && !reader->wrong[0]) {
        envres_scope *fresh = NULL;
        if (envres_scope_latest(reader->session, scope, &fresh, err) < 0) {
            say(reader, "latest", err);
            break;
        }
        reader->fresh += fresh != scope;
        envres_scope_unref(scope);
        scope = fresh;
        if (envres_scope_part_count(scope) != PARTS)
            say(reader, "another number of parts", err);
        /* As a host does: a request is served from one scope. */
        for (uint32_t i = 0; i < PARTS * ROUNDS && !reader->wrong[0]; i++)
            render_part(reader, scope, i % PARTS, err);
    }
    envres_scope_unref(scope);
    envres_error_free(err);
    return NULL;
}

/* Version i of the app: its number in all of its parts. */
static void
make_version(struct fx *fx, int number)
{
    static const char rest[] = "<< app.release >> << environment.variables.TAG >> "
                               "<< app.version >>";
    char version[16];
    snprintf(version, sizeof(version), "v%d", number);
    if (number > 1)
        serve_draft(fx, "crm", version, "v1");
    for (int i = 0; i < PARTS; i++) {
        char path[32];
        char text[128];
        snprintf(path, sizeof(path), "parts/%d.txt", i);
        snprintf(text, sizeof(text), "%d %s", number, rest);
        serve_part(fx, "crm", version, path, text);
    }
    serve_promote(fx, "crm", version, "production");
}

/* One move after the other, by the two handles in turn. */
static void
release_and_roll_back(struct fx *handles[2])
{
    int number = 1;
    for (int i = 1; i <= MOVES; i++) {
        struct fx *fx = handles[i & 1];
        char version[16];
        char tag[32];
        if (i % 3 == 0) {
            serve_rollback(fx, "crm", NULL);
            continue;
        }
        number = number % VERSIONS + 1;
        snprintf(version, sizeof(version), "v%d", number);
        snprintf(tag, sizeof(tag), "1.%d.%d", number, i);
        OK(fx, fx_put(fx, "production", "TAG", tag, 0, ENVRES_WRITE_PLAIN));
        serve_release(fx, "crm", version, tag);
    }
}

static void
scopes_are_of_one_release(void **state)
{
    struct fx *fx = *state;
    struct fx other = { .err = fx->err };
    struct fx *handles[2] = { fx, &other };
    struct reader readers[THREADS];
    envres_store *stores[2] = { NULL };
    envres_session *sessions[2] = { NULL };
    atomic_int done;
    atomic_init(&done, 0);
    memset(readers, 0, sizeof(readers));
    serve_app(fx, "crm", ENVRES_APP_PIN_CONFIG);
    OK(fx, fx_put(fx, "production", "TAG", "1.1.0", 0, ENVRES_WRITE_PLAIN));
    OK(fx, fx_put(fx, "staging", "TAG", "1.1.0", 0, 0));
    for (int i = 1; i <= VERSIONS; i++)
        make_version(fx, i);
    serve_release(fx, "crm", "v1", "1.1.0");
    serve_again(fx, &other.store, &other.session);
    serve_again(fx, &stores[0], &sessions[0]);
    serve_again(fx, &stores[1], &sessions[1]);
    /* Some share the session that writes, some have one on the same store, some on others. */
    for (int i = 0; i < THREADS; i++) {
        envres_session *choice[4] = { fx->session, other.session, sessions[0], sessions[1] };
        readers[i].session = choice[i % 4];
        readers[i].done = &done;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    release_and_roll_back(handles);
    atomic_store(&done, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(readers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        if (readers[i].wrong[0])
            fail_msg("thread %d: %s", i, readers[i].wrong);
        assert_true(readers[i].renders > 0);
        assert_true(readers[i].fresh >= REFRESHES_MIN);
        print_message("thread %d: %llu renders, %llu scopes\n", i,
                      (unsigned long long)readers[i].renders, (unsigned long long)readers[i].fresh);
    }
    envres_session_close(other.session);
    envres_store_close(other.store);
    for (int i = 0; i < 2; i++) {
        envres_session_close(sessions[i]);
        envres_store_close(stores[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scopes_are_of_one_release, serve_setup, serve_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
