/* SPDX-License-Identifier: MIT */
/*
 * deposit, inbox: values handed in by somebody who may not read, and what becomes of them. A value
 * that is deposited is never an argument: that it is a secret is the rule here.
 */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "output.h"
#include "rows.h"
#include "values.h"

#include <string.h>

#define NUL         ENVRES_NUL_TERMINATED
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- deposit ------------------------------------------------------------------------------- */

static int
check_deposit(struct cli *cli, const char *name)
{
    size_t len = strcspn(name, "=");
    struct text hint = { 0 };
    if (option_given(&cli->parsed, OPT_SECRET) && option_given(&cli->parsed, OPT_PLAIN))
        return fail_usage(cli, NULL, "--secret and --plain are two ways; take one");
    if (!name[len])
        return 0;
    text_printf(&hint, "give it on standard input or with --from-file: `envres deposit %.*s`",
                (int)len, name);
    int status = fail_usage(cli, text_get(&hint),
                            "a value that is deposited is never an argument, which others see and "
                            "the shell's history keeps");
    text_free(&hint);
    return status;
}

static int
print_deposited(struct cli *cli, const char *name, const char *environment, const char *id)
{
    struct json json = { 0 };
    struct text out = { 0 };
    if (cli->json) {
        json_ok(&json);
        json_key(&json, "id");
        json_word(&json, id);
        json_key(&json, "name");
        json_word(&json, name);
        json_key(&json, "environment");
        json_word(&json, environment);
        return json_done(cli, &json);
    }
    out_note(cli, "%s waits in %s until somebody who may write there accepts it", name,
             environment);
    text_printf(&out, "%s\n", id);
    return out_text(cli, &out);
}

int
cmd_deposit(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    const char *file = option_value(&cli->parsed, OPT_FROM_FILE);
    const char *environment = NULL;
    bool plain = option_given(&cli->parsed, OPT_PLAIN);
    struct text value = { 0 };
    char id[33] = "";
    int status = check_deposit(cli, name);
    if (status == 0)
        status = open_environment(cli, &environment);
    if (status == 0)
        status = file ? input_file(cli, file, &value) : input_value(cli, name, !plain, &value);
    if (status == 0) {
        envres_variable_write write = { .size = sizeof(write) };
        write.flags = plain                                    ? ENVRES_WRITE_PLAIN
                      : option_given(&cli->parsed, OPT_SECRET) ? ENVRES_WRITE_SECRET
                                                               : 0;
        write.name = name;
        write.name_len = NUL;
        write.value = text_get(&value);
        write.value_len = value.len;
        write.type = type_of_word(option_value(&cli->parsed, OPT_TYPE));
        envres_change change = change_of(cli, 0);
        if (envres_deposit(cli->session, environment, NUL, &write, &change, id, cli->err) < 0)
            status = fail_library(cli);
    }
    text_free(&value);
    return status ? status : print_deposited(cli, name, environment, id);
}

/* ---- inbox --------------------------------------------------------------------------------- */

int
cmd_inbox(struct cli *cli)
{
    static const struct column columns[] = {
        { "id", ENVRES_INBOX_ID, SHAPE_DIGEST },
        { "name", ENVRES_INBOX_NAME, SHAPE_CELL },
        { "type", ENVRES_INBOX_TYPE, SHAPE_CELL },
        { "secret", ENVRES_INBOX_SECRET, SHAPE_FLAG },
        { "base", ENVRES_INBOX_BASE, SHAPE_CELL },
        { "state", ENVRES_INBOX_STATE, SHAPE_CELL },
        { "depositor", ENVRES_INBOX_DEPOSITOR, SHAPE_CELL },
        { "time", ENVRES_INBOX_TIME, SHAPE_TIME },
    };
    static const struct column shown[] = {
        { "DEPOSIT", ENVRES_INBOX_ID, SHAPE_DIGEST },
        { "NAME", ENVRES_INBOX_NAME, SHAPE_CELL },
        { "TYPE", ENVRES_INBOX_TYPE, SHAPE_CELL },
        { "SECRET", ENVRES_INBOX_SECRET, SHAPE_FLAG },
        { "FOR REVISION", ENVRES_INBOX_BASE, SHAPE_CELL },
        { "STATE", ENVRES_INBOX_STATE, SHAPE_CELL },
        { "DEPOSITOR", ENVRES_INBOX_DEPOSITOR, SHAPE_CELL },
        { "TIME (UTC)", ENVRES_INBOX_TIME, SHAPE_TIME },
    };
    const char *environment = NULL;
    envres_list *list = NULL;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    if (envres_inbox_list(cli->session, environment, NUL, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json)
        status = json_rows(cli, list, columns, COUNT(columns));
    else if (envres_list_count(list) == 0)
        out_note(cli, "nothing waits in %s", environment);
    else
        status = table_rows(cli, list, shown, COUNT(shown), 60);
    envres_list_free(list);
    return status;
}

int
cmd_inbox_accept(struct cli *cli)
{
    const char *id = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    int64_t revision = 0;
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    envres_status code =
        envres_inbox_accept(cli->session, environment, NUL, id, NUL, &change, &revision, cli->err);
    if (code == ENVRES_E_CHANGED)
        return fail_hint(cli, "reject it, and ask for it again");
    return code < 0 ? fail_library(cli) : change_print(cli, "id", id, revision);
}

int
cmd_inbox_reject(struct cli *cli)
{
    const char *id = argument_at(&cli->parsed, 0);
    const char *environment = NULL;
    struct json json = { 0 };
    struct text act = { 0 };
    int status = open_environment(cli, &environment);
    text_printf(&act, "throw deposit %s away", id);
    if (status == 0)
        status = input_confirm_environment(cli, environment, text_get(&act));
    text_free(&act);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_inbox_reject(cli->session, environment, NUL, id, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "id");
    json_word(&json, id);
    json_key(&json, "environment");
    json_word(&json, environment);
    return json_done(cli, &json);
}
