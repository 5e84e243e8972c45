/* SPDX-License-Identifier: MIT */
/*
 * Variables of one environment, environments that set the same names, templates among the
 * variables, and entries of the audit. Stores in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "growth.h"

enum { CHANGES = 200, ROUNDS = 3 };

/* What takes seconds is not repeated. */
static int
rounds(size_t size)
{
    return size > 100000 ? 1 : ROUNDS;
}

static const size_t thousands[] = { 1000, 10000, 100000, 1000000 };
static const size_t hundreds[] = { 100, 1000, 10000, 100000 };

/* ---- variables ------------------------------------------------------------------------------- */

enum { WRITE, OPEN, MEMORY, READ, RENDER, CHANGE, LIST };

static struct growth_table variables = {
    .title = "variables",
    .sizes = thousands,
    .count = 4,
    .rows = {
        [WRITE] = { "write one of a batch", "us", FLAT, { 0 } },
        [OPEN] = { "open a scope", "us", LINEAR, { 0 } },
        [MEMORY] = { "memory of a scope", "KiB", LINEAR, { 0 } },
        [READ] = { "read a variable by name", "us", FLAT, { 0 } },
        [RENDER] = { "render one tag", "us", FLAT, { 0 } },
        [CHANGE] = { "change one variable", "us", FLAT, { 0 } },
        [LIST] = { "list them", "us", LINEAR, { 0 } },
    },
};

static void
open_scope(struct growth_store *store, const char *environment, envres_scope **out)
{
    growth_must(envres_scope_open(store->session, environment, TEXT, NULL, out, NULL), "scope");
}

static void
read_values(struct growth_table *table, envres_scope *scope, size_t count)
{
    static const char source[] = "<< environment.variables.VARIABLE_000500 >>";
    char buffer[64];
    size_t need = 0;
    envres_template *tmpl = NULL;
    growth_must(envres_template_parse(source, sizeof(source) - 1, NULL, &tmpl, NULL), "parse");
    double begin = growth_now();
    for (size_t i = 0; i < 1000; i++) {
        char name[32];
        uint32_t index = 0;
        snprintf(name, sizeof(name), "VARIABLE_%06zu", i * count / 1000);
        growth_must(envres_scope_find(scope, name, strlen(name), &index, NULL), "find");
        growth_must(envres_scope_get_into(scope, index, buffer, sizeof(buffer), &need, NULL),
                    "read");
    }
    growth_note(table, READ, (growth_now() - begin) / 1000);
    begin = growth_now();
    for (int i = 0; i < 1000; i++)
        growth_must(
            envres_template_render_into(tmpl, scope, NULL, buffer, sizeof(buffer), &need, NULL),
            "render");
    growth_note(table, RENDER, (growth_now() - begin) / 1000);
    envres_template_unref(tmpl);
}

static void
list_variables(struct growth_table *table, struct growth_store *store, size_t count)
{
    envres_list *list = NULL;
    double begin = growth_now();
    growth_must(envres_variable_list(store->session, "development", TEXT, 0, &list, NULL), "list");
    growth_note(table, LIST, growth_now() - begin);
    if (envres_list_count(list) != count)
        growth_must(ENVRES_E_INTEGRITY, "the list is not of all variables");
    envres_list_free(list);
}

static void
run_variables(struct growth_run *run)
{
    struct growth_store store = { 0 };
    size_t made = 0;
    if (!growth_begin(run, &variables, 3))
        return;
    growth_create(&store, NULL);
    for (variables.current = 0; variables.current < variables.count; variables.current++) {
        size_t count = variables.sizes[variables.current];
        double begin = growth_now();
        growth_fill(&store, "development", "VARIABLE", made, count - made, 0);
        growth_note(&variables, WRITE, (growth_now() - begin) / (double)(count - made));
        made = count;
        for (int round = 0; round < rounds(count); round++) {
            envres_scope *scope = NULL;
            int64_t before = growth_held();
            begin = growth_now();
            open_scope(&store, "development", &scope);
            growth_note(&variables, OPEN, growth_now() - begin);
            growth_note(&variables, MEMORY, (double)(growth_held() - before) / 1024);
            read_values(&variables, scope, count);
            envres_scope_unref(scope);
            begin = growth_now();
            for (int i = 0; i < CHANGES; i++)
                growth_put(&store, "development", "VARIABLE_000001", "another", 0);
            growth_note(&variables, CHANGE, (growth_now() - begin) / CHANGES);
            list_variables(&variables, &store, count);
        }
    }
    growth_close(&store);
    growth_print(run, &variables);
}

/* ---- environments ---------------------------------------------------------------------------- */

enum { ENV_OPEN, ENV_MISSING, ENV_MEMORY, ENV_PUT, ENV_SCOPES, NAMES = 500 };

static const size_t environments_sizes[] = { 4, 40, 400 };

static struct growth_table environments = {
    .title = "environments of the same 500 names",
    .sizes = environments_sizes,
    .count = 3,
    .rows = {
        [ENV_OPEN] = { "open a scope", "us", FLAT, { 0 } },
        [ENV_MISSING] = { "one that lacks 10 names", "us", LINEAR, { 0 } },
        [ENV_MEMORY] = { "memory of a scope", "KiB", FLAT, { 0 } },
        [ENV_PUT] = { "change one variable", "us", FLAT, { 0 } },
        [ENV_SCOPES] = { "find where a name is set", "us", LINEAR, { 0 } },
    },
};

static void
use_environments(struct growth_store *store)
{
    for (int round = 0; round < 2 * ROUNDS; round++) {
        envres_scope *scope = NULL;
        int64_t before = growth_held();
        double begin = growth_now();
        open_scope(store, "development", &scope);
        growth_note(&environments, ENV_OPEN, growth_now() - begin);
        growth_note(&environments, ENV_MEMORY, (double)(growth_held() - before) / 1024);
        envres_scope_unref(scope);
        begin = growth_now();
        open_scope(store, "staging", &scope);
        growth_note(&environments, ENV_MISSING, growth_now() - begin);
        begin = growth_now();
        for (int i = 0; i < 100; i++) {
            uint32_t index = 0;
            if (envres_scope_find(scope, "VARIABLE_000499", TEXT, &index, NULL) != ENVRES_E_NOT_SET)
                growth_must(ENVRES_E_INTEGRITY, "a name is not known to be set elsewhere");
        }
        growth_note(&environments, ENV_SCOPES, (growth_now() - begin) / 100);
        envres_scope_unref(scope);
        begin = growth_now();
        for (int i = 0; i < 50; i++)
            growth_put(store, "development", "VARIABLE_000001", "another", 0);
        growth_note(&environments, ENV_PUT, (growth_now() - begin) / 50);
    }
}

static void
run_environments(struct growth_run *run)
{
    struct growth_store store = { 0 };
    size_t made = 3;
    if (!growth_begin(run, &environments, 3))
        return;
    growth_create(&store, NULL);
    growth_fill(&store, "development", "VARIABLE", 0, NAMES, 0);
    growth_fill(&store, "staging", "VARIABLE", 0, NAMES - 10, 0);
    growth_fill(&store, "production", "VARIABLE", 0, NAMES, 0);
    for (int size = 0; size < environments.count; size++) {
        environments.current = size;
        for (; made < environments.sizes[size]; made++) {
            char key[32];
            envres_environment_options options = { .size = sizeof(options),
                                                   .flags = ENVRES_ENVIRONMENT_OFF_PATH };
            snprintf(key, sizeof(key), "more-%zu", made);
            growth_must(envres_environment_add(store.session, key, TEXT, &options, NULL, NULL),
                        "environment");
            growth_fill(&store, key, "VARIABLE", 0, NAMES, 0);
        }
        use_environments(&store);
    }
    growth_close(&store);
    growth_print(run, &environments);
}

/* ---- templates among the variables ------------------------------------------------------------
 */

enum { STORED_PUT, STORED_OPEN, STORED_REFERENCES };

static struct growth_table stored = {
    .title = "variables of type template",
    .sizes = hundreds,
    .count = 4,
    .rows = {
        [STORED_PUT] = { "write one", "us", FLAT, { 0 } },
        [STORED_OPEN] = { "open a scope", "us", LINEAR, { 0 } },
        [STORED_REFERENCES] = { "find who refers to one", "us", LINEAR, { 0 } },
    },
};

static void
run_stored(struct growth_run *run)
{
    struct growth_store store = { 0 };
    size_t made = 0;
    if (!growth_begin(run, &stored, 3))
        return;
    growth_create(&store, NULL);
    for (stored.current = 0; stored.current < stored.count; stored.current++) {
        size_t count = stored.sizes[stored.current];
        growth_fill(&store, "development", "VARIABLE", made, count - made, ENVRES_TYPE_TEMPLATE);
        made = count;
        for (int round = 0; round < ROUNDS; round++) {
            envres_scope *scope = NULL;
            envres_list *list = NULL;
            double begin = growth_now();
            for (int i = 0; i < 50; i++)
                growth_put(&store, "development", "VARIABLE_000001",
                           "see << environment.variables.VARIABLE_000002 >>", ENVRES_TYPE_TEMPLATE);
            growth_note(&stored, STORED_PUT, (growth_now() - begin) / 50);
            begin = growth_now();
            open_scope(&store, "development", &scope);
            growth_note(&stored, STORED_OPEN, growth_now() - begin);
            envres_scope_unref(scope);
            begin = growth_now();
            growth_must(
                envres_references(store.session, "variable/VARIABLE_000002", TEXT, &list, NULL),
                "references");
            growth_note(&stored, STORED_REFERENCES, growth_now() - begin);
            if (envres_list_count(list) != 1)
                growth_must(ENVRES_E_INTEGRITY, "who refers is not found");
            envres_list_free(list);
        }
    }
    growth_close(&store);
    growth_print(run, &stored);
}

void
growth_settings(struct growth_run *run)
{
    run_variables(run);
    run_environments(run);
    run_stored(run);
}

/* ---- the audit --------------------------------------------------------------------------------
 */

enum { APPEND, TAIL, HERE, VERIFY };

static struct growth_table audit = {
    .title = "entries of the audit",
    .sizes = thousands,
    .count = 4,
    .rows = {
        [APPEND] = { "append one, and commit", "us", FLAT, { 0 } },
        [TAIL] = { "the last 100", "us", FLAT, { 0 } },
        [HERE] = { "change one variable", "us", FLAT, { 0 } },
        [VERIFY] = { "verify all", "us", LINEAR, { 0 } },
    },
};

/* envres_audit_reveal() writes one entry, and nothing else. */
static void
append(struct growth_store *store, size_t count)
{
    envres_reveal_options shown = { .size = sizeof(shown),
                                    .environment = "development",
                                    .environment_len = TEXT };
    for (size_t i = 0; i < count; i++)
        growth_must(envres_audit_reveal(store->session, &shown, NULL, NULL), "reveal");
}

static void
use_audit(struct growth_store *store, size_t entries)
{
    for (int round = 0; round < rounds(entries); round++) {
        envres_audit_options tail = { .size = sizeof(tail),
                                      .since = (int64_t)entries - 100,
                                      .limit = 100 };
        envres_list *list = NULL;
        int64_t bad = 0;
        double begin = growth_now();
        growth_must(envres_audit_list(store->session, &tail, &list, NULL), "audit list");
        growth_note(&audit, TAIL, growth_now() - begin);
        if (envres_list_count(list) != 100)
            growth_must(ENVRES_E_INTEGRITY, "the end of the audit is another");
        envres_list_free(list);
        begin = growth_now();
        for (int i = 0; i < 50; i++)
            growth_put(store, "development", "VARIABLE", "another", 0);
        growth_note(&audit, HERE, (growth_now() - begin) / 50);
        begin = growth_now();
        growth_must(envres_audit_verify(store->session, &bad, &list, NULL), "audit verify");
        growth_note(&audit, VERIFY, growth_now() - begin);
        envres_list_free(list);
        if (bad != 0)
            growth_must(ENVRES_E_INTEGRITY, "audit");
    }
}

void
growth_audit(struct growth_run *run)
{
    struct growth_store store = { 0 };
    size_t made = 0;
    if (!growth_begin(run, &audit, 3))
        return;
    growth_create(&store, NULL);
    for (audit.current = 0; audit.current < audit.count; audit.current++) {
        size_t count = audit.sizes[audit.current];
        append(&store, count - made - CHANGES);
        for (int round = 0; round < 2; round++) {
            double begin = growth_now();
            append(&store, CHANGES / 2);
            growth_note(&audit, APPEND, (growth_now() - begin) / (CHANGES / 2.0));
        }
        made = count;
        use_audit(&store, count);
    }
    growth_close(&store);
    growth_print(run, &audit);
}
