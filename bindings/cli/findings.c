/* SPDX-License-Identifier: MIT */
/*
 * Findings of a check. One line each in the form that editors and continuous integration read, what
 * to do about it below. Paths, messages and fixes come out of the store: they are shown so that
 * they cannot drive a terminal. What a finding means for the exit status is the command's affair.
 */
#include "findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct finding_columns finding_columns = {
    .severity = ENVRES_FINDING_SEVERITY,
    .code = ENVRES_FINDING_CODE,
    .part = ENVRES_FINDING_PART,
    .line = ENVRES_FINDING_LINE,
    .column = ENVRES_FINDING_COLUMN,
    .message = ENVRES_FINDING_MESSAGE,
    .fix = ENVRES_FINDING_FIX,
};

const struct finding_columns status_finding_columns = {
    .severity = ENVRES_STATUS_SEVERITY,
    .code = ENVRES_STATUS_CODE,
    .part = ENVRES_STATUS_PART,
    .line = ENVRES_STATUS_LINE,
    .column = ENVRES_STATUS_COLUMN,
    .message = ENVRES_STATUS_MESSAGE,
    .fix = ENVRES_STATUS_FIX,
};

size_t
findings_count(const envres_list *list, const char *severity)
{
    size_t found = 0;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *word = envres_list_text(list, row, ENVRES_FINDING_SEVERITY, NULL);
        found += word && strcmp(word, severity) == 0;
    }
    return found;
}

/* ---- lines --------------------------------------------------------------------------------- */

static void
add_visible(struct text *out, const envres_list *list, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, row, column, &len);
    text_add_visible(out, text ? text : "", len);
}

static void
add_place(struct text *out, const envres_list *list, size_t row, const struct finding_columns *at,
          const char *app)
{
    if (!envres_list_text(list, row, at->part, NULL)) {
        text_add_visible(out, app, strlen(app));
        text_puts(out, ": ");
        return;
    }
    add_visible(out, list, row, at->part);
    if (envres_list_type(list, row, at->line) == ENVRES_CELL_INTEGER)
        text_printf(out, ":%" PRId64, envres_list_integer(list, row, at->line));
    if (envres_list_type(list, row, at->column) == ENVRES_CELL_INTEGER)
        text_printf(out, ":%" PRId64, envres_list_integer(list, row, at->column));
    text_puts(out, ": ");
}

static const char *
color_of(const char *severity)
{
    if (strcmp(severity, "error") == 0)
        return "\x1b[31m";
    return strcmp(severity, "warning") == 0 ? "\x1b[33m" : "\x1b[2m";
}

void
finding_add(struct text *out, const envres_list *list, size_t row, const struct finding_columns *at,
            const char *app, bool color)
{
    size_t len = 0;
    const char *severity = envres_list_text(list, row, at->severity, NULL);
    severity = severity ? severity : "error";
    add_place(out, list, row, at, app);
    text_printf(out, "%s%s:%s ", color ? color_of(severity) : "", severity, color ? "\x1b[0m" : "");
    add_visible(out, list, row, at->message);
    text_puts(out, " [");
    add_visible(out, list, row, at->code);
    text_puts(out, "]\n");
    const char *fix = envres_list_text(list, row, at->fix, &len);
    if (!fix || len == 0)
        return;
    text_puts(out, "    ");
    text_add_visible(out, fix, len);
    text_puts(out, "\n");
}

void
findings_add(struct text *out, const envres_list *list, const char *app, bool color)
{
    for (size_t row = 0; row < envres_list_count(list); row++)
        finding_add(out, list, row, &finding_columns, app, color);
}

bool
finding_is_aside(const envres_list *list, size_t row, const struct finding_columns *at)
{
    const char *severity = envres_list_text(list, row, at->severity, NULL);
    return severity && strcmp(severity, "info") == 0 && envres_list_text(list, row, at->part, NULL);
}

void
findings_warn(struct cli *cli, const envres_list *list, const char *app, bool all)
{
    struct text out = { 0 };
    for (size_t row = 0; !cli->json && row < envres_list_count(list); row++) {
        if (all || !finding_is_aside(list, row, &finding_columns))
            finding_add(&out, list, row, &finding_columns, app, cli->color_err);
    }
    fputs(text_get(&out), stderr);
    text_free(&out);
}

static void
say_count(struct text *out, const envres_list *list, const char *severity, const char *name)
{
    size_t count = findings_count(list, severity);
    if (count > 0)
        text_printf(out, "%s%zu %s%s", out->len ? ", " : "", count, name, count == 1 ? "" : "s");
}

void
findings_say(struct text *out, const envres_list *list)
{
    struct text counts = { 0 };
    say_count(&counts, list, "error", "error");
    say_count(&counts, list, "warning", "warning");
    say_count(&counts, list, "info", "remark");
    text_puts(out, counts.len ? text_get(&counts) : "nothing");
    text_free(&counts);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

void
finding_json(struct json *json, const envres_list *list, size_t row,
             const struct finding_columns *at)
{
    json_key(json, "severity");
    json_cell(json, list, row, at->severity);
    json_key(json, "code");
    json_cell(json, list, row, at->code);
    json_key(json, "part");
    json_cell(json, list, row, at->part);
    json_key(json, "line");
    json_cell(json, list, row, at->line);
    json_key(json, "column");
    json_cell(json, list, row, at->column);
    json_key(json, "message");
    json_cell(json, list, row, at->message);
    json_key(json, "fix");
    json_cell(json, list, row, at->fix);
}

void
findings_json(struct json *json, const envres_list *list)
{
    json_key(json, "findings");
    json_open(json, '[');
    for (size_t row = 0; row < envres_list_count(list); row++) {
        json_open(json, '{');
        finding_json(json, list, row, &finding_columns);
        json_close(json, '}');
    }
    json_close(json, ']');
}
