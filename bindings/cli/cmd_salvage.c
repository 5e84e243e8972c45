/* SPDX-License-Identifier: MIT */
/* salvage: what still verifies of a damaged store, as a new one. That something is lost is an
 * answer (status 1), not an error. */
#include "commands.h"

#include "key.h"
#include "opening.h"
#include "output.h"

#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

static size_t
count_lost(const envres_list *report)
{
    size_t lost = 0;
    for (size_t row = 0; row < envres_list_count(report); row++)
        lost += envres_list_type(report, row, ENVRES_SALVAGE_CODE) == ENVRES_CELL_TEXT;
    return lost;
}

static int
print_json(struct cli *cli, const envres_list *report, size_t lost)
{
    static const char *const names[] = { "table", "object", "kept", "lost", "code", "message" };
    struct json json = { 0 };
    json_open(&json, '{');
    json_key(&json, "ok");
    json_boolean(&json, lost == 0);
    json_key(&json, "report");
    json_open(&json, '[');
    for (size_t row = 0; row < envres_list_count(report); row++) {
        json_open(&json, '{');
        for (uint32_t column = 0; column < ENVRES_SALVAGE_COLUMNS; column++) {
            json_key(&json, names[column]);
            json_cell(&json, report, row, column);
        }
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    return json_print(cli, &json);
}

static void
cell(struct table *table, const envres_list *report, size_t row, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(report, row, column, &len);
    table_cell(table, text ? text : "", len, STYLE_PLAIN);
}

static void
number(struct table *table, const envres_list *report, size_t row, uint32_t column)
{
    if (envres_list_type(report, row, column) == ENVRES_CELL_INTEGER)
        table_integer(table, envres_list_integer(report, row, column));
    else
        table_word(table, "", STYLE_PLAIN);
}

static int
print_report(struct cli *cli, const envres_list *report)
{
    static const char *const headings[] = { "TABLE", "OBJECT", "KEPT", "LOST", "WHY" };
    struct table *table = table_new(cli, 5, headings, 100);
    for (size_t row = 0; row < envres_list_count(report); row++) {
        cell(table, report, row, ENVRES_SALVAGE_TABLE);
        cell(table, report, row, ENVRES_SALVAGE_OBJECT);
        number(table, report, row, ENVRES_SALVAGE_KEPT);
        number(table, report, row, ENVRES_SALVAGE_LOST);
        cell(table, report, row, ENVRES_SALVAGE_MESSAGE);
    }
    return table_print(table);
}

int
cmd_salvage(struct cli *cli)
{
    const char *source = argument_at(&cli->parsed, 0);
    const char *target = argument_at(&cli->parsed, 1);
    struct key key = { 0 };
    envres_list *report = NULL;
    envres_store_options options = { .size = sizeof(options),
                                     .workspace = option_value(&cli->parsed, OPT_WORKSPACE) };
    cli->store_path = memory_copy(source, strlen(source));
    int status = key_take(cli, &key);
    if (status) {
        key_free(&key);
        return status;
    }
    envres_credential credential = key_credential(&key);
    envres_status st =
        envres_store_salvage(source, NUL, target, NUL, &options, &credential, &report, cli->err);
    key_free(&key);
    if (st < 0)
        return fail_library(cli);
    size_t lost = count_lost(report);
    status = cli->json ? print_json(cli, report, lost) : print_report(cli, report);
    envres_list_free(report);
    if (status == 0 && lost > 0) {
        out_note(cli, "something is lost: keep '%s' until you know what", source);
        return 1;
    }
    if (status == 0)
        out_note(cli, "nothing is lost");
    return status;
}
