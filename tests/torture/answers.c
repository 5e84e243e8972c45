/* SPDX-License-Identifier: MIT */
/* Asks one scope for each environment and app, in the order of the table. */
#include "answers.h"

#include <stdbool.h>
#include <string.h>

#define TEXT         ENVRES_NUL_TERMINATED
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Rows of one scope stand together. `path`: a part, as it stands; else `text` is expanded. */
static const struct {
    const char *environment;
    const char *app;
    const char *text;
    const char *path;
    const char *answer;
} table[] = {
    { "development", NULL, "<< environment.variables.HOST | default(\"LOST\") >>", NULL, "db.dev" },
    { "development", NULL, "<< environment.variables.DB_PASSWORD | default(\"LOST\") >>", NULL,
      "dev-secret-2" },
    { "development", NULL, "<< environment.variables.BASE | default(\"LOST\") >>", NULL,
      "https://db.dev/" },
    { "development", NULL, "<< environment.variables.DATABASE_URL | default(\"LOST\") >>", NULL,
      "postgres://app:dev-secret-2@db.dev/crm" },
    { "development", NULL, "<< resources.crm.password | default(\"LOST\") >>", NULL, "p@ss word" },
    { "development", NULL, "<< resources.crm.port | default(\"LOST\") >>", NULL, "5432" },
    { "development", NULL, "<< resources.api.base_url | default(\"LOST\") >>", NULL,
      "https://api.dev/development" },
    { "staging", NULL, "<< environment.variables.HOST | default(\"LOST\") >>", NULL, "db.staging" },
    { "staging", NULL, "[<< environment.variables.EMPTY | default(\"LOST\") >>]", NULL, "[]" },
    { "staging", NULL, "<< resources.crm.host | default(\"LOST\") >>", NULL, "db.dev" },
    { "production", NULL, "<< environment.variables.HOST | default(\"LOST\") >>", NULL, "db.prod" },
    { "production", NULL, "<< environment.variables.DB_PASSWORD | default(\"LOST\") >>", NULL,
      "prod-secret-1" },
    { "production", NULL, "<< environment.variables.SHOW_BETA | default(\"LOST\") >>", NULL,
      "false" },
    { "production", NULL, "<< environment.variables.EMPTY | default(\"unset\") >>", NULL, "unset" },
    { "production", NULL, "<< environment.name >> << environment.label >>", NULL,
      "production Production" },
    { "production", "portal", "<< app.name >> << app.version >> << app.release >>", NULL,
      "portal v2 1.1.0" },
    { "production", "portal", NULL, "index.html", "<p>second, << environment.name >></p>\n" },
    { "production", "portal", NULL, "public/app.js", "const version = \"<< app.version >>\";\n" },
    { "production", "portal", NULL, "query/find.sql",
      "SELECT name FROM item WHERE id = << params.id >>\n" },
    { "production", "tool", "<< app.name >> << app.version >> << app.release >>", NULL,
      "tool v1 0.1.0" },
    { "production", "tool", "<< environment.variables.HOST | default(\"LOST\") >>", NULL,
      "db.prod" },
    { "production", "tool", NULL, "main.txt", "<< environment.variables.HOST >>\n" },
};

size_t
answers_count(void)
{
    return COUNT(table);
}

static bool
same_scope(size_t a, size_t b)
{
    return strcmp(table[a].environment, table[b].environment) == 0 &&
           (table[a].app == table[b].app ||
            (table[a].app && table[b].app && strcmp(table[a].app, table[b].app) == 0));
}

static envres_scope *
open_scope(struct fixture *fx, size_t i, uint32_t flags)
{
    envres_scope *scope = NULL;
    envres_scope_options options = { .size = sizeof(options),
                                     .flags = flags,
                                     .app = table[i].app,
                                     .app_len = table[i].app ? TEXT : 0 };
    envres_status st =
        envres_scope_open(fx->session, table[i].environment, TEXT, &options, &scope, NULL);
    return st < 0 ? NULL : scope;
}

/* 1 for the right answer, 0 for none. */
static size_t
ask(const envres_scope *scope, size_t i, answers_fn wrong, void *user)
{
    envres_value *value = NULL;
    const char *got = NULL;
    size_t len = 0;
    envres_status st = table[i].path
                           ? envres_scope_part(scope, table[i].path, TEXT, &got, &len, NULL)
                           : envres_scope_expand(scope, table[i].text, TEXT, 0, 0, &value, NULL);
    if (value)
        got = envres_value_data(value, &len);
    bool good =
        st == ENVRES_OK && len == strlen(table[i].answer) && memcmp(got, table[i].answer, len) == 0;
    if (st == ENVRES_OK && !good)
        wrong(user, table[i].path ? table[i].path : table[i].text, got);
    envres_value_free(value);
    return good;
}

size_t
answers_scopes(void)
{
    size_t scopes = 0;
    for (size_t i = 0; i < COUNT(table); i++)
        scopes += i == 0 || !same_scope(i, i - 1);
    return scopes;
}

size_t
answers_ask_scope(struct fixture *fx, size_t nth, uint32_t flags, answers_fn wrong, void *user)
{
    envres_scope *scope = NULL;
    size_t right = 0;
    size_t at = 0;
    for (size_t i = 0; i < COUNT(table); i++) {
        bool begins = i == 0 || !same_scope(i, i - 1);
        at += begins;
        if (begins && at == nth + 1)
            scope = open_scope(fx, i, flags);
        if (scope && at == nth + 1)
            right += ask(scope, i, wrong, user);
    }
    envres_scope_unref(scope);
    return right;
}

size_t
answers_ask(struct fixture *fx, uint32_t flags, answers_fn wrong, void *user)
{
    size_t right = 0;
    for (size_t nth = 0; nth < answers_scopes(); nth++)
        right += answers_ask_scope(fx, nth, flags, wrong, user);
    return right;
}

static void
count_wrong(void *user, const char *asked, const char *got)
{
    (void)asked;
    (void)got;
    ++*(size_t *)user;
}

int
answers_notice(struct fixture *fx)
{
    size_t count = 0;
    if (put(fx, "production", "HOST", "db.other", 0, 0) == ENVRES_OK)
        answers_ask(fx, 0, count_wrong, &count);
    return count > 0;
}
