/* SPDX-License-Identifier: MIT */
/*
 * key rotate, key exposure. A rotation that was stopped, by a signal or a failure, is gone on with
 * by the same command: how far it got stands in the store. What it does not heal is listed each
 * time: secrets that somebody could have read are changed where they come from, not here.
 */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "rows.h"

#include <string.h>

#define NUL      ENVRES_NUL_TERMINATED
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct column facts[] = {
    { "environment", ENVRES_EXPOSURE_ENVIRONMENT, SHAPE_CELL },
    { "object", ENVRES_EXPOSURE_OBJECT, SHAPE_CELL },
    { "principal", ENVRES_EXPOSURE_PRINCIPAL, SHAPE_CELL },
    { "until", ENVRES_EXPOSURE_TIME, SHAPE_TIME },
};

static int
print_exposed(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "ENVIRONMENT", ENVRES_EXPOSURE_ENVIRONMENT, SHAPE_CELL },
        { "SECRET", ENVRES_EXPOSURE_OBJECT, SHAPE_CELL },
        { "COULD BE READ BY", ENVRES_EXPOSURE_PRINCIPAL, SHAPE_CELL },
        { "UNTIL (UTC)", ENVRES_EXPOSURE_TIME, SHAPE_TIME },
    };
    return envres_list_count(list) > 0 ? table_rows(cli, list, columns, COUNT(columns), 0) : 0;
}

static void
say_what_to_change(struct cli *cli, const envres_list *list)
{
    size_t count = envres_list_count(list);
    if (count > 0)
        out_note(cli, "change %s where %s from, then set the new value%s here",
                 count == 1 ? "it" : "them", count == 1 ? "it comes" : "they come",
                 count == 1 ? "" : "s");
}

static int
print_rotated(struct cli *cli, const char *environment, int64_t left, const envres_list *list)
{
    struct json json = { 0 };
    if (!cli->json) {
        int status = print_exposed(cli, list);
        if (left == 0)
            out_note(cli,
                     "every record of %s is sealed under its new keys; the older ones are "
                     "erased",
                     environment);
        else
            out_note(cli, "%s has new keys; `envres key rotate -e %s` seals what is there anew",
                     environment, environment);
        say_what_to_change(cli, list);
        return status;
    }
    json_ok(&json);
    json_key(&json, "environment");
    json_word(&json, environment);
    json_key(&json, "done");
    json_boolean(&json, left == 0);
    json_key(&json, "exposed");
    json_open(&json, '[');
    for (size_t row = 0; row < envres_list_count(list); row++)
        json_row(&json, list, row, facts, COUNT(facts));
    json_close(&json, ']');
    return json_done(cli, &json);
}

/* Each step but the last does some records, so that this ends. */
static int
run_steps(struct cli *cli, const char *environment)
{
    int64_t left = 1;
    while (left > 0) {
        if (envres_key_rotate_step(cli->session, environment, NUL, &left, cli->err) < 0)
            return fail_library(cli);
    }
    return 0;
}

int
cmd_key_rotate(struct cli *cli)
{
    const char *environment = NULL;
    envres_list *list = NULL;
    bool later = option_given(&cli->parsed, OPT_LATER);
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_key_rotate(cli->session, environment, NUL, &change, &list, cli->err) < 0)
        return fail_library(cli);
    if (!later)
        status = run_steps(cli, environment);
    if (status == 0)
        status = print_rotated(cli, environment, later ? 1 : 0, list);
    else if (!cli->json)
        print_exposed(cli, list);
    envres_list_free(list);
    return status;
}

int
cmd_key_exposure(struct cli *cli)
{
    const char *environment = option_value(&cli->parsed, OPT_ENV);
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_key_exposure(cli->session, environment, environment ? NUL : 0, &list, cli->err) < 0)
        return fail_library(cli);
    status = cli->json ? json_rows(cli, list, facts, COUNT(facts)) : print_exposed(cli, list);
    if (status == 0 && envres_list_count(list) == 0)
        out_note(cli, "no secret that is set now could be read by somebody who no longer may");
    else if (status == 0)
        say_what_to_change(cli, list);
    envres_list_free(list);
    return status;
}
