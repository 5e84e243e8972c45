/* SPDX-License-Identifier: MIT */
/*
 * version create, list, show, rename, describe, discard. (diff is in cmd_diff.c; what moves a
 * version on, in the files of promote and release.)
 *
 * `version show` with an environment opens the version there: the library remembers it as what was
 * edited last. Without one it only reads.
 */
#include "commands.h"

#include "input.h"
#include "opening.h"
#include "rows.h"
#include "values.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* {"ok":true,"app","version", key: value}; `key` may be NULL. */
static int
print_done(struct cli *cli, const char *version, const char *key, const char *value)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_key(&json, "version");
    json_word(&json, version);
    if (key) {
        json_key(&json, key);
        json_word(&json, value);
    }
    return json_done(cli, &json);
}

/* ---- create -------------------------------------------------------------------------------- */

static int
print_created(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "version", ENVRES_VERSION_NAME, SHAPE_CELL },
        { "parent", ENVRES_VERSION_PARENT, SHAPE_CELL },
        { "stage", ENVRES_VERSION_STAGE, SHAPE_CELL },
        { "content", ENVRES_VERSION_CONTENT, SHAPE_CELL },
    };
    size_t len = 0;
    const char *name = envres_list_text(list, 0, ENVRES_VERSION_NAME, &len);
    struct json json = { 0 };
    struct text line = { 0 };
    if (!cli->json) {
        text_add(&line, name ? name : "", len);
        text_puts(&line, "\n");
        return out_text(cli, &line);
    }
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_columns(&json, list, 0, columns, COUNT(columns));
    return json_done(cli, &json);
}

int
cmd_version_create(struct cli *cli)
{
    envres_version_options options = { .size = sizeof(options) };
    options.from = option_value(&cli->parsed, OPT_FROM);
    options.from_len = options.from ? NUL : 0;
    options.name = option_value(&cli->parsed, OPT_NAME);
    options.name_len = options.name ? NUL : 0;
    if (option_given(&cli->parsed, OPT_EMPTY))
        options.flags = ENVRES_VERSION_EMPTY;
    if (options.from && options.flags)
        return fail_usage(cli, NULL,
                          "--from begins from a version and --empty from none; take one");
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    envres_change change = change_of(cli, 0);
    if (envres_version_create(cli->session, argument_at(&cli->parsed, 0), NUL, &options, &change,
                              &list, cli->err) < 0)
        return fail_library(cli);
    status = print_created(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- list ---------------------------------------------------------------------------------- */

static const struct column json_version[] = {
    { "name", ENVRES_VERSION_NAME, SHAPE_CELL },
    { "state", ENVRES_VERSION_STATE, SHAPE_CELL },
    { "stage", ENVRES_VERSION_STAGE, SHAPE_CELL },
    { "parent", ENVRES_VERSION_PARENT, SHAPE_CELL },
    { "content", ENVRES_VERSION_CONTENT, SHAPE_CELL },
    { "parts", ENVRES_VERSION_PARTS, SHAPE_CELL },
    { "bytes", ENVRES_VERSION_BYTES, SHAPE_CELL },
    { "description", ENVRES_VERSION_DESCRIPTION, SHAPE_CELL },
    { "author", ENVRES_VERSION_AUTHOR, SHAPE_CELL },
    { "created", ENVRES_VERSION_CREATED, SHAPE_CELL },
    { "changed", ENVRES_VERSION_CHANGED, SHAPE_CELL },
    { "tag", ENVRES_VERSION_TAG, SHAPE_CELL },
    { "sequence", ENVRES_VERSION_SEQUENCE, SHAPE_CELL },
};

static int
print_versions(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "VERSION", ENVRES_VERSION_NAME, SHAPE_CELL },
        { "STATE", ENVRES_VERSION_STATE, SHAPE_STATE },
        { "STAGE", ENVRES_VERSION_STAGE, SHAPE_CELL },
        { "TAG", ENVRES_VERSION_TAG, SHAPE_CELL },
        { "FROM", ENVRES_VERSION_PARENT, SHAPE_CELL },
        { "PARTS", ENVRES_VERSION_PARTS, SHAPE_CELL },
        { "BYTES", ENVRES_VERSION_BYTES, SHAPE_CELL },
        { "CHANGED (UTC)", ENVRES_VERSION_CHANGED, SHAPE_TIME },
        { "DESCRIPTION", ENVRES_VERSION_DESCRIPTION, SHAPE_CELL },
    };
    if (cli->json)
        return json_rows(cli, list, json_version, COUNT(json_version));
    return table_rows(cli, list, columns, COUNT(columns), 40);
}

int
cmd_version_list(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    const char *environment = option_value(&cli->parsed, OPT_ENV);
    uint32_t flags = option_given(&cli->parsed, OPT_ALL) ? ENVRES_VERSION_ALL : 0;
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    if (envres_version_list(cli->session, app, NUL, environment, environment ? NUL : 0, flags,
                            &list, cli->err) < 0)
        return fail_library(cli);
    if (environment && envres_list_count(list) == 0)
        status = fail_code(cli, ENVRES_E_NO_VERSION_HERE,
                           "promote one there, or look in the environment before",
                           "no version of '%s' has reached %s yet", app, environment);
    else
        status = print_versions(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- show ---------------------------------------------------------------------------------- */

static void
release_cell(struct table *table, const envres_list *list)
{
    const char *tag = envres_list_text(list, 0, ENVRES_VERSION_TAG, NULL);
    struct text cell = { 0 };
    if (!tag)
        return;
    text_printf(&cell, "%s, release %lld", tag,
                (long long)envres_list_integer(list, 0, ENVRES_VERSION_SEQUENCE));
    table_word(table, "released as", STYLE_DIM);
    table_cell(table, text_get(&cell), cell.len, STYLE_PLAIN);
    text_free(&cell);
}

static int
print_version(struct cli *cli, const envres_list *list)
{
    static const struct column columns[] = {
        { "version", ENVRES_VERSION_NAME, SHAPE_CELL },
        { "state", ENVRES_VERSION_STATE, SHAPE_STATE },
        { "stage", ENVRES_VERSION_STAGE, SHAPE_CELL },
        { "made from", ENVRES_VERSION_PARENT, SHAPE_CELL },
        { "made by", ENVRES_VERSION_AUTHOR, SHAPE_CELL },
        { "made (UTC)", ENVRES_VERSION_CREATED, SHAPE_TIME },
        { "changed (UTC)", ENVRES_VERSION_CHANGED, SHAPE_TIME },
        { "parts", ENVRES_VERSION_PARTS, SHAPE_CELL },
        { "bytes", ENVRES_VERSION_BYTES, SHAPE_CELL },
        { "content", ENVRES_VERSION_CONTENT, SHAPE_CELL },
    };
    static const struct column description = { "description", ENVRES_VERSION_DESCRIPTION,
                                               SHAPE_CELL };
    struct json json = { 0 };
    if (cli->json) {
        json_row(&json, list, 0, json_version, COUNT(json_version));
        return json_print(cli, &json);
    }
    struct table *table = table_facts(cli, list, 0, columns, COUNT(columns));
    release_cell(table, list);
    if (!list_is(list, 0, ENVRES_VERSION_DESCRIPTION, "", 0)) {
        table_word(table, description.name, STYLE_DIM);
        table_column(table, list, 0, &description);
    }
    return table_print(table);
}

static int
fail_without_version(struct cli *cli)
{
    int status = open_session(cli);
    char *names = status ? NULL : name_environments(cli);
    if (status == 0)
        status = fail_usage(cli, NULL, "'version show' needs V, or an environment: -e %s",
                            names ? names : "ENV");
    free(names);
    return status;
}

int
cmd_version_show(struct cli *cli)
{
    const char *version = argument_at(&cli->parsed, 1);
    /* A named version is only read, unless this very command line names an environment. */
    const char *environment = version && !option_given(&cli->parsed, OPT_ENV)
                                  ? NULL
                                  : option_value(&cli->parsed, OPT_ENV);
    envres_version_name name = version_named(argument_at(&cli->parsed, 0), version);
    if (!version && !environment)
        return fail_without_version(cli);
    int status = open_session(cli);
    if (status)
        return status;
    envres_list *list = NULL;
    envres_change change = change_of(cli, 0);
    envres_status code =
        environment
            ? envres_version_open(cli->session, &name, environment, NUL, &change, &list, cli->err)
            : envres_version_describe(cli->session, &name, &list, cli->err);
    if (code < 0)
        return fail_library(cli);
    status = print_version(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- rename, describe ---------------------------------------------------------------------- */

static int
set_version(struct cli *cli, const envres_version_options *options)
{
    envres_version_name name =
        version_named(argument_at(&cli->parsed, 0), argument_at(&cli->parsed, 1));
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    return envres_version_set(cli->session, &name, options, &change, cli->err) < 0
               ? fail_library(cli)
               : 0;
}

int
cmd_version_rename(struct cli *cli)
{
    envres_version_options options = { .size = sizeof(options), .name_len = NUL };
    options.name = argument_at(&cli->parsed, 2);
    int status = set_version(cli, &options);
    return status ? status : print_done(cli, options.name, NULL, NULL);
}

int
cmd_version_describe(struct cli *cli)
{
    envres_version_options options = { .size = sizeof(options), .description_len = NUL };
    options.description = argument_at(&cli->parsed, 2);
    int status = set_version(cli, &options);
    return status
               ? status
               : print_done(cli, argument_at(&cli->parsed, 1), "description", options.description);
}

/* ---- discard ------------------------------------------------------------------------------- */

/* A version that has come to a protected environment is not thrown away by a slip. What cannot be
 * discarded anyway is not asked about: the library refuses it. */
static int
confirm_discard(struct cli *cli, const envres_list *seen)
{
    const char *state = envres_list_text(seen, 0, ENVRES_VERSION_STATE, NULL);
    struct text act = { 0 };
    if (!state || choice_has("live retired discarded", state))
        return 0;
    text_printf(&act, "discard %s, which is %s there", argument_at(&cli->parsed, 1), state);
    int status = input_confirm_environment(
        cli, envres_list_text(seen, 0, ENVRES_VERSION_STAGE, NULL), text_get(&act));
    text_free(&act);
    return status;
}

int
cmd_version_discard(struct cli *cli)
{
    const char *version = argument_at(&cli->parsed, 1);
    envres_version_name name = version_named(argument_at(&cli->parsed, 0), version);
    uint8_t content[DIGEST_LEN] = { 0 };
    envres_list *seen = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_version_describe(cli->session, &name, &seen, cli->err) < 0)
        return fail_library(cli);
    const char *digits = envres_list_text(seen, 0, ENVRES_VERSION_CONTENT, NULL);
    if (!digits || !digest_read(digits, content))
        status = fail_code(cli, ENVRES_E_ABI, NULL, "the library answers without a digest");
    if (status == 0)
        status = confirm_discard(cli, seen);
    envres_change change = change_of(cli, 0);
    envres_version_seen expected = { .size = sizeof(expected),
                                     .stage = envres_list_text(seen, 0, ENVRES_VERSION_STAGE, NULL),
                                     .stage_len = ENVRES_NUL_TERMINATED,
                                     .content = content };
    if (status == 0 &&
        envres_version_discard(cli->session, &name, &expected, &change, cli->err) < 0)
        status = fail_library(cli);
    envres_list_free(seen);
    return status ? status : print_done(cli, version, "state", "discarded");
}
