/* SPDX-License-Identifier: MIT */
/*
 * bench [--quick] [--cpu-time] [--only TEXT] [FOLDER]
 *
 * Makes a store in FOLDER (default: the current one) and prints one table. --quick times nothing:
 * it only asserts that every way of doing the work gives the same bytes. --cpu-time is for machines
 * with other load: a wait for a CPU is not counted where nothing else is waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

void
expect_ok(envres_status status, const envres_error *err, const char *what)
{
    if (status == ENVRES_OK)
        return;
    fflush(stdout);
    fprintf(stderr, "bench: %s: %s: %s\n", what, envres_status_name(status),
            envres_error_message(err));
    exit(1);
}

void
store_make(const char *path, envres_store **store, envres_session **session, envres_error *err)
{
    uint8_t key[32];
    memset(key, 7, sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    expect_ok(envres_store_create(path, ENVRES_NUL_TERMINATED, NULL, &credential, store, err), err,
              "making a store");
    expect_ok(envres_session_open(*store, NULL, 0, &credential, session, err), err, "unlocking");
}

static void
fill(struct fixture *fx, envres_session *session, const char *environment, uint32_t count,
     bool mixed)
{
    char(*names)[GEN_NAME_MAX] = malloc(count * sizeof(*names));
    char(*values)[GEN_VALUE_MAX] = malloc(count * sizeof(*values));
    envres_variable_write *writes = calloc(count, sizeof(*writes));
    bench_check(names && values && writes, "no memory for the writes");
    for (uint32_t i = 0; i < count; i++) {
        writes[i].size = sizeof(writes[i]);
        writes[i].name = names[i];
        writes[i].name_len = mixed ? gen_mixed_name(names[i], i) : gen_name(names[i], i);
        writes[i].value = values[i];
        writes[i].value_len = gen_value(values[i], i);
        if (mixed && i >= GEN_VARIABLES - GEN_SECRETS)
            writes[i].flags = ENVRES_WRITE_SECRET;
    }
    expect_ok(envres_variable_put_many(session, environment, ENVRES_NUL_TERMINATED, writes, count,
                                       NULL, NULL, fx->err),
              fx->err, environment);
    free(names);
    free(values);
    free(writes);
}

static envres_resource_field
field(const char *name, const char *value)
{
    return (envres_resource_field){ .size = sizeof(envres_resource_field),
                                    .name = name,
                                    .name_len = ENVRES_NUL_TERMINATED,
                                    .value = value,
                                    .value_len = ENVRES_NUL_TERMINATED };
}

static void
configure_crm(struct fixture *fx, envres_session *session)
{
    envres_resource_field fields[] = { field("host", "db.example.com"), field("port", "5432"),
                                       field("database", "crm"), field("user", "crm"),
                                       field("password", "not a secret of anybody") };
    envres_resource_write write = { .size = sizeof(write),
                                    .handle = "crm",
                                    .handle_len = 3,
                                    .fields = fields,
                                    .count = sizeof(fields) / sizeof(fields[0]) };
    expect_ok(envres_resource_define(session, "crm", 3, "postgres", 8, NULL, fx->err), fx->err,
              "defining crm");
    expect_ok(envres_resource_configure(session, "production", 10, &write, NULL, NULL, fx->err),
              fx->err, "configuring crm");
}

static void
open_scope(struct fixture *fx, envres_session *session, const char *environment, envres_scope **out)
{
    expect_ok(envres_scope_open(session, environment, ENVRES_NUL_TERMINATED, NULL, out, fx->err),
              fx->err, environment);
}

/* A scope needs neither session nor store: both are closed at once. */
static void
make_large(struct fixture *fx, const char *folder)
{
    char path[4200];
    envres_store *store = NULL;
    envres_session *session = NULL;
    snprintf(path, sizeof(path), "%s/large.envres", folder);
    store_make(path, &store, &session, fx->err);
    fill(fx, session, "production", GEN_MANY, false);
    configure_crm(fx, session);
    open_scope(fx, session, "production", &fx->large);
    envres_session_close(session);
    envres_store_close(store);
    unlink(path);
}

int
main(int argc, char **argv)
{
    struct fixture fx = { .path = NULL };
    const char *base = ".";
    char folder[4096], path[4200];
    char programs[4096];
    bool quick = false;
    bool cpu_time = false;
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (strcmp(argv[i], "--cpu-time") == 0)
            cpu_time = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            base = argv[i];
    }
    snprintf(folder, sizeof(folder), "%s/bench-XXXXXX", base);
    const char *slash = strrchr(argv[0], '/');
    snprintf(programs, sizeof(programs), "%.*s", slash ? (int)(slash - argv[0]) : 1,
             slash ? argv[0] : ".");
    bench_check(mkdtemp(folder) != NULL, "no folder for the stores");
    snprintf(path, sizeof(path), "%s/store.envres", folder);
    fx.path = path;
    fx.err = envres_error_new(NULL);
    memset(fx.key, 7, sizeof(fx.key));
    store_make(path, &fx.store, &fx.session, fx.err);
    fill(&fx, fx.session, "development", GEN_VARIABLES, false);
    fill(&fx, fx.session, "staging", GEN_VARIABLES, true);
    open_scope(&fx, fx.session, "development", &fx.plain);
    open_scope(&fx, fx.session, "staging", &fx.mixed);
    make_large(&fx, folder);

    bench_begin(quick, cpu_time, only);
    lines_template(&fx);
    lines_sql(&fx);
    lines_scope(&fx);
    lines_redact(&fx);
    lines_store(&fx, folder, programs);
    lines_release(&fx, folder);
    lines_deposit(&fx);
    bench_end();

    envres_scope_unref(fx.plain);
    envres_scope_unref(fx.mixed);
    envres_scope_unref(fx.large);
    envres_session_close(fx.session);
    envres_store_close(fx.store);
    envres_error_free(fx.err);
    unlink(path);
    rmdir(folder);
    return 0;
}
