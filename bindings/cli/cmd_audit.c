/* SPDX-License-Identifier: MIT */
/* audit: who did what, and whether the chain of it is whole. A finding is an answer (status 1). */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "rows.h"
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- reading ------------------------------------------------------------------------------- */

static void
who_cell(struct table *table, const envres_list *list, size_t row)
{
    const char *actor = envres_list_text(list, row, ENVRES_AUDIT_ACTOR, NULL);
    const char *asserted_by = envres_list_text(list, row, ENVRES_AUDIT_ASSERTED_BY, NULL);
    struct text who = { 0 };
    text_puts(&who, actor ? actor : "-");
    if (asserted_by)
        text_printf(&who, " by %s", asserted_by);
    table_cell(table, text_get(&who), who.len, STYLE_PLAIN);
    text_free(&who);
}

static void
outcome_cell(struct table *table, const envres_list *list, size_t row)
{
    const char *outcome = envres_list_text(list, row, ENVRES_AUDIT_OUTCOME, NULL);
    bool denied = outcome && strcmp(outcome, "ok") != 0;
    table_word(table, outcome ? outcome : "-", denied ? STYLE_RED : STYLE_PLAIN);
}

static void
reason_cell(struct table *table, const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *reason = envres_list_text(list, row, ENVRES_AUDIT_REASON, &len);
    table_cell(table, reason ? reason : "", len, STYLE_PLAIN);
}

static int
print_table(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "SEQ",    "TIME (UTC)",  "WHO",    "ACTION",
                                            "OBJECT", "ENVIRONMENT", "RESULT", "REASON" };
    static const struct column columns[] = {
        { "sequence", ENVRES_AUDIT_SEQUENCE, SHAPE_CELL },
        { "time", ENVRES_AUDIT_TIME, SHAPE_TIME },
        { "action", ENVRES_AUDIT_ACTION, SHAPE_CELL },
        { "object", ENVRES_AUDIT_OBJECT, SHAPE_CELL },
        { "environment", ENVRES_AUDIT_ENVIRONMENT, SHAPE_CELL },
    };
    struct table *table = table_new(cli, COUNT(headings), headings, 32);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (size_t i = 0; i < COUNT(columns); i++) {
            table_column(table, list, row, &columns[i]);
            if (columns[i].at == ENVRES_AUDIT_TIME)
                who_cell(table, list, row);
        }
        outcome_cell(table, list, row);
        reason_cell(table, list, row);
    }
    return table_print(table);
}

/* What of an entry leaves in JSON: all of it, and nothing that is not named here. */
static const struct column fields[] = {
    { "sequence", ENVRES_AUDIT_SEQUENCE, SHAPE_CELL },
    { "time", ENVRES_AUDIT_TIME, SHAPE_CELL },
    { "actor", ENVRES_AUDIT_ACTOR, SHAPE_CELL },
    { "action", ENVRES_AUDIT_ACTION, SHAPE_CELL },
    { "object", ENVRES_AUDIT_OBJECT, SHAPE_CELL },
    { "environment", ENVRES_AUDIT_ENVIRONMENT, SHAPE_CELL },
    { "outcome", ENVRES_AUDIT_OUTCOME, SHAPE_CELL },
    { "reason", ENVRES_AUDIT_REASON, SHAPE_CELL },
    { "operation", ENVRES_AUDIT_OPERATION, SHAPE_CELL },
    { "asserted_by", ENVRES_AUDIT_ASSERTED_BY, SHAPE_CELL },
    { "revision", ENVRES_AUDIT_REVISION, SHAPE_CELL },
    { "policy", ENVRES_AUDIT_POLICY, SHAPE_CELL },
};

static int
print_lines(struct cli *cli, const envres_list *list)
{
    struct text text = { 0 };
    for (size_t row = 0; row < envres_list_count(list); row++) {
        struct json json = { 0 };
        json_row(&json, list, row, fields, COUNT(fields));
        text_add(&text, text_get(&json.text), json.text.len);
        text_puts(&text, "\n");
        text_free(&json.text);
    }
    return out_text(cli, &text);
}

static int
print_list(struct cli *cli, const envres_list *list)
{
    if (option_given(&cli->parsed, OPT_JSONL))
        return print_lines(cli, list);
    return cli->json ? json_rows(cli, list, fields, COUNT(fields)) : print_table(cli, list);
}

static int
read_since(struct cli *cli, int64_t *out)
{
    const char *word = option_value(&cli->parsed, OPT_SINCE);
    *out = 0;
    if (!word)
        return 0;
    size_t len = strlen(word);
    if (len == 0 || len > 18 || strspn(word, "0123456789") != len)
        return fail_usage(cli, "`envres audit` shows them",
                          "--since needs the number of an entry, not '%s'", word);
    *out = strtoll(word, NULL, 10);
    return 0;
}

static int
show(struct cli *cli)
{
    envres_audit_options options = { .size = sizeof(options) };
    envres_list *list = NULL;
    int status = read_since(cli, &options.since);
    if (status == 0)
        status = open_session(cli);
    if (status)
        return status;
    options.environment = option_value(&cli->parsed, OPT_ENV);
    options.environment_len = options.environment ? ENVRES_NUL_TERMINATED : 0;
    options.app = option_value(&cli->parsed, OPT_OF_APP);
    options.app_len = options.app ? ENVRES_NUL_TERMINATED : 0;
    if (envres_audit_list(cli->session, &options, &list, cli->err) < 0)
        return fail_library(cli);
    status = print_list(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- verifying ----------------------------------------------------------------------------- */

static int
verify(struct cli *cli)
{
    int64_t first_bad = 0;
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_audit_verify(cli->session, &first_bad, &list, cli->err) < 0)
        return fail_library(cli);
    size_t count = envres_list_count(list);
    status = verdict_print(cli, list, first_bad > 0 ? first_bad : -1);
    envres_list_free(list);
    if (status == 0 && count > 0) {
        out_note(cli,
                 "%zu finding%s; nothing was changed: keep this file, and compare it with a "
                 "backup",
                 count, count == 1 ? "" : "s");
        return 1;
    }
    if (status == 0)
        out_note(cli, "every entry is in its place, with its signature");
    return status;
}

int
cmd_audit(struct cli *cli)
{
    const struct parsed *parsed = &cli->parsed;
    bool filtered = option_given(parsed, OPT_SINCE) || option_given(parsed, OPT_OF_APP) ||
                    option_given(parsed, OPT_ENV) || option_given(parsed, OPT_JSONL);
    if (!option_given(parsed, OPT_VERIFY))
        return show(cli);
    if (filtered)
        return fail_usage(cli, "take --verify alone", "the chain is verified whole");
    return verify(cli);
}
