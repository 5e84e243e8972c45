/* SPDX-License-Identifier: MIT */
/*
 * release, rollback, withdraw, releases: what is live, and what was.
 *
 * A release and a rollback are undone by one command and ask nobody: at three in the morning
 * nothing stands between a person and the version that worked. A withdrawal leaves nothing to be
 * served and asks where the environment is protected. Each hands to the library which release it
 * saw live.
 */
#include "commands.h"

#include "findings.h"
#include "input.h"
#include "opening.h"
#include "output.h"
#include "rows.h"
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#define NUL          ENVRES_NUL_TERMINATED
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- one record ---------------------------------------------------------------------------- */

static const struct column record_columns[] = {
    { "sequence", ENVRES_RELEASE_SEQUENCE, SHAPE_CELL },
    { "kind", ENVRES_RELEASE_KIND, SHAPE_CELL },
    { "version", ENVRES_RELEASE_VERSION, SHAPE_CELL },
    { "tag", ENVRES_RELEASE_TAG, SHAPE_CELL },
    { "notes", ENVRES_RELEASE_NOTES, SHAPE_CELL },
    { "author", ENVRES_RELEASE_AUTHOR, SHAPE_CELL },
    { "time", ENVRES_RELEASE_TIME, SHAPE_TIME },
    { "live", ENVRES_RELEASE_LIVE, SHAPE_FLAG },
    { "environment", ENVRES_RELEASE_ENVIRONMENT, SHAPE_CELL },
    { "target", ENVRES_RELEASE_TARGET, SHAPE_CELL },
    { "previous", ENVRES_RELEASE_PREVIOUS, SHAPE_CELL },
    { "content", ENVRES_RELEASE_CONTENT, SHAPE_DIGEST },
    { "manifest", ENVRES_RELEASE_MANIFEST, SHAPE_DIGEST },
    { "revision", ENVRES_RELEASE_REVISION, SHAPE_CELL },
    { "pin", ENVRES_RELEASE_PIN, SHAPE_CELL },
};

static const char *
text_of(const envres_list *list, size_t row, uint32_t column)
{
    const char *text = envres_list_text(list, row, column, NULL);
    return text ? text : "-";
}

/* The answer of a change under --json; `before`: what was live. */
static int
json_moved(struct cli *cli, const envres_list *record, const struct seen_live *before,
           const envres_list *findings)
{
    struct json json = { 0 };
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, argument_at(&cli->parsed, 0));
    json_columns(&json, record, 0, record_columns, COUNT(record_columns));
    json_key(&json, "before");
    if (before->sequence) {
        json_open(&json, '{');
        json_key(&json, "version");
        json_word(&json, before->version);
        json_key(&json, "tag");
        json_word(&json, before->tag);
        json_key(&json, "sequence");
        json_integer(&json, before->sequence);
        json_close(&json, '}');
    } else {
        json_null(&json);
    }
    json_key(&json, "dry_run");
    json_boolean(&json, option_given(&cli->parsed, OPT_DRY_RUN));
    findings_json(&json, findings);
    return json_done(cli, &json);
}

/* "crm: 1.2.0 (v4) is live in production, release 7; before: 1.3.0 (v5)" */
static int
say_moved(struct cli *cli, const envres_list *record, const struct seen_live *before,
          const char *again)
{
    bool dry = option_given(&cli->parsed, OPT_DRY_RUN);
    struct text was = { 0 };
    if (before->sequence)
        text_printf(&was, "; before: %s (%s)", before->tag, before->version);
    int status =
        out_say(cli, "%s: %s (%s) %s live %sin %s, release %lld%s%s", argument_at(&cli->parsed, 0),
                text_of(record, 0, ENVRES_RELEASE_TAG), text_of(record, 0, ENVRES_RELEASE_VERSION),
                dry ? "would be" : "is", again, text_of(record, 0, ENVRES_RELEASE_ENVIRONMENT),
                (long long)envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE), text_get(&was),
                dry ? "; nothing was changed" : "");
    text_free(&was);
    return status;
}

/* ---- release ------------------------------------------------------------------------------- */

/* The tag, or how it is computed: one of four options. */
static int
read_tag(struct cli *cli, envres_release_options *out)
{
    static const struct {
        enum option_id id;
        uint32_t bump;
    } rows[] = {
        { OPT_TAG, ENVRES_BUMP_NONE },
        { OPT_MAJOR, ENVRES_BUMP_MAJOR },
        { OPT_MINOR, ENVRES_BUMP_MINOR },
        { OPT_PATCH, ENVRES_BUMP_PATCH },
    };
    int found = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!option_given(&cli->parsed, rows[i].id))
            continue;
        found++;
        out->bump = rows[i].bump;
    }
    out->tag = option_value(&cli->parsed, OPT_TAG);
    out->tag_len = out->tag ? NUL : 0;
    if (found == 1)
        return 0;
    return fail_usage(cli, "write --tag TAG, or let it be computed: --major, --minor or --patch",
                      found ? "a release has one tag" : "a release needs a tag");
}

static int
print_released(struct cli *cli, const envres_list *record, const struct seen_live *before,
               const envres_list *findings)
{
    if (cli->json)
        return json_moved(cli, record, before, findings);
    findings_warn(cli, findings, argument_at(&cli->parsed, 0), false);
    return say_moved(cli, record, before, "");
}

static int
release(struct cli *cli, const envres_release_options *tag)
{
    envres_release_options options = *tag;
    envres_version_name name =
        version_named(argument_at(&cli->parsed, 0), argument_at(&cli->parsed, 1));
    struct seen_version version = { 0 };
    struct seen_live live = { 0 };
    envres_list *record = NULL;
    envres_list *findings = NULL;
    int status = seen_version(cli, &name, &version);
    if (status == 0)
        status = seen_live(cli, name.app, &live);
    if (status)
        goto out;
    options.flags = option_given(&cli->parsed, OPT_DRY_RUN) ? ENVRES_MOVE_DRY_RUN : 0;
    options.notes = option_value(&cli->parsed, OPT_NOTES);
    options.notes_len = options.notes ? NUL : 0;
    options.expect_content = version.content;
    options.expect_live = live.sequence;
    envres_change change = change_of(cli, 0);
    envres_status code =
        envres_release_create(cli->session, &name, &options, &change, &record, &findings, cli->err);
    if (code == ENVRES_E_CHECK)
        status = fail_checked(cli, &name, version.stage, version.stage);
    else if (code < 0)
        status = fail_library(cli);
    else
        status = print_released(cli, record, &live, findings);
out:
    envres_list_free(record);
    envres_list_free(findings);
    seen_version_free(&version);
    seen_live_free(&live);
    return status;
}

int
cmd_release(struct cli *cli)
{
    envres_release_options tag = { .size = sizeof(tag) };
    int status = read_tag(cli, &tag);
    if (status == 0)
        status = open_session(cli);
    return status ? status : release(cli, &tag);
}

/* ---- rollback ------------------------------------------------------------------------------ */

static int
print_rolled_back(struct cli *cli, const envres_list *record, const struct seen_live *before,
                  const envres_list *findings)
{
    if (cli->json)
        return json_moved(cli, record, before, findings);
    /* What was done comes first: who reads this wants to know that it worked. */
    int status = say_moved(cli, record, before, "again ");
    bool dry = option_given(&cli->parsed, OPT_DRY_RUN);
    struct text counts = { 0 };
    size_t found = findings_count(findings, "error") + findings_count(findings, "warning");
    findings_say(&counts, findings);
    findings_warn(cli, findings, argument_at(&cli->parsed, 0), false);
    if (found > 0)
        out_warn(cli, "the check finds %s in it; that does not stop a rollback%s",
                 text_get(&counts), dry ? "" : ", which is done");
    text_free(&counts);
    return status;
}

static int
fail_rollback(struct cli *cli, const char *app, const struct seen_live *live)
{
    struct text hint = { 0 };
    bool is_first = envres_error_code(cli->err) == ENVRES_E_NOTHING_BEFORE && live->sequence > 0;
    if (envres_error_code(cli->err) == ENVRES_E_TAG)
        text_printf(&hint, "--to takes the tag of a release; `envres releases %s` lists them", app);
    else if (is_first)
        text_printf(&hint, "--to TAG names another; `envres releases %s` lists them", app);
    else
        return fail_library(cli);
    int status = fail_hint(cli, text_get(&hint));
    text_free(&hint);
    return status;
}

int
cmd_rollback(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    int status = open_session(cli);
    if (status)
        return status;
    struct seen_live live = { 0 };
    envres_list *record = NULL;
    envres_list *findings = NULL;
    status = seen_live(cli, app, &live);
    if (status)
        return status;
    envres_rollback_options options = { .size = sizeof(options) };
    options.flags = option_given(&cli->parsed, OPT_DRY_RUN) ? ENVRES_MOVE_DRY_RUN : 0;
    options.to = option_value(&cli->parsed, OPT_TO_TAG);
    options.to_len = options.to ? NUL : 0;
    options.expect_live = live.sequence;
    envres_change change = change_of(cli, 0);
    if (envres_release_rollback(cli->session, app, NUL, &options, &change, &record, &findings,
                                cli->err) < 0)
        status = fail_rollback(cli, app, &live);
    else
        status = print_rolled_back(cli, record, &live, findings);
    envres_list_free(record);
    envres_list_free(findings);
    seen_live_free(&live);
    return status;
}

/* ---- withdraw ------------------------------------------------------------------------------ */

/* Asks where the environment of the live release is protected. */
static int
confirm_withdraw(struct cli *cli, const char *app, const struct seen_live *live)
{
    envres_list *list = NULL;
    char *environment = NULL;
    if (envres_release_list(cli->session, app, NUL, &list, cli->err) < 0)
        return fail_library(cli);
    for (size_t row = 0; row < envres_list_count(list) && !environment; row++) {
        if (envres_list_integer(list, row, ENVRES_RELEASE_SEQUENCE) == live->sequence) {
            const char *key = text_of(list, row, ENVRES_RELEASE_ENVIRONMENT);
            environment = memory_copy(key, strlen(key));
        }
    }
    envres_list_free(list);
    struct text act = { 0 };
    text_printf(&act, "leave %s with nothing live", app);
    int status = environment ? input_confirm_environment(cli, environment, text_get(&act)) : 0;
    text_free(&act);
    free(environment);
    return status;
}

static int
print_withdrawn(struct cli *cli, const envres_list *record, const struct seen_live *before)
{
    const char *app = argument_at(&cli->parsed, 0);
    if (cli->json)
        return json_moved(cli, record, before, NULL);
    int status = out_say(cli, "%s: nothing is live in %s any more, release %lld; before: %s (%s)",
                         app, text_of(record, 0, ENVRES_RELEASE_ENVIRONMENT),
                         (long long)envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE),
                         before->tag ? before->tag : "-", before->version ? before->version : "-");
    out_note(cli, "`envres rollback %s` brings it back", app);
    return status;
}

int
cmd_withdraw(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    struct seen_live live = { 0 };
    envres_list *record = NULL;
    int status = open_session(cli);
    if (status == 0)
        status = seen_live(cli, app, &live);
    if (status == 0 && live.sequence)
        status = confirm_withdraw(cli, app, &live);
    envres_change change = change_of(cli, 0);
    if (status == 0 && envres_release_withdraw(cli->session, app, NUL, live.sequence, &change,
                                               &record, cli->err) < 0)
        status = fail_library(cli);
    if (record)
        status = print_withdrawn(cli, record, &live);
    envres_list_free(record);
    seen_live_free(&live);
    return status;
}

/* ---- releases ------------------------------------------------------------------------------ */

/* "rollback to 3", "withdraw of 5" */
static void
kind_cell(struct table *table, const envres_list *list, size_t row)
{
    const char *kind = text_of(list, row, ENVRES_RELEASE_KIND);
    struct text cell = { 0 };
    text_puts(&cell, kind);
    if (envres_list_type(list, row, ENVRES_RELEASE_TARGET) == ENVRES_CELL_INTEGER)
        text_printf(&cell, " %s %lld", strcmp(kind, "withdraw") == 0 ? "of" : "to",
                    (long long)envres_list_integer(list, row, ENVRES_RELEASE_TARGET));
    table_word(table, text_get(&cell), STYLE_PLAIN);
    text_free(&cell);
}

/* The first line of the notes. */
static void
notes_cell(struct table *table, const envres_list *list, size_t row)
{
    const char *notes = envres_list_text(list, row, ENVRES_RELEASE_NOTES, NULL);
    notes = notes ? notes : "";
    size_t line = strcspn(notes, "\r\n");
    struct text cell = { 0 };
    text_add(&cell, notes, line);
    text_puts(&cell, notes[line] ? " \xe2\x80\xa6" : "");
    table_cell(table, text_get(&cell), cell.len, STYLE_PLAIN);
    text_free(&cell);
}

static int
print_releases(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "SEQ",  "TAG",        "VERSION", "",
                                            "KIND", "TIME (UTC)", "AUTHOR",  "NOTES" };
    struct table *table = table_new(cli, 8, headings, 32);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        char time[32] = { 0 };
        bool live = envres_list_integer(list, row, ENVRES_RELEASE_LIVE) != 0;
        time_format(envres_list_integer(list, row, ENVRES_RELEASE_TIME), time);
        table_integer(table, envres_list_integer(list, row, ENVRES_RELEASE_SEQUENCE));
        table_word(table, text_of(list, row, ENVRES_RELEASE_TAG), live ? STYLE_GREEN : STYLE_PLAIN);
        table_word(table, text_of(list, row, ENVRES_RELEASE_VERSION), STYLE_PLAIN);
        table_word(table, live ? "live" : "", STYLE_GREEN);
        kind_cell(table, list, row);
        table_word(table, time, STYLE_PLAIN);
        table_word(table, text_of(list, row, ENVRES_RELEASE_AUTHOR), STYLE_PLAIN);
        notes_cell(table, list, row);
    }
    return table_print(table);
}

int
cmd_releases(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_release_list(cli->session, app, NUL, &list, cli->err) < 0)
        return fail_library(cli);
    if (cli->json)
        status = json_rows(cli, list, record_columns, COUNT(record_columns));
    else if (envres_list_count(list) == 0)
        out_note(cli, "%s has no release yet; `envres release %s V --tag 1.0.0` makes one", app,
                 app);
    else
        status = print_releases(cli, list);
    envres_list_free(list);
    return status;
}
