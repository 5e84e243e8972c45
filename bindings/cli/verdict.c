/* SPDX-License-Identifier: MIT */
/*
 * Findings of the library's checks of a store. They are about the store and not about a part of an
 * app, so they have neither line nor fix: findings.c shows those. What a finding means for the exit
 * status is the command's affair.
 */
#include "verdict.h"

#include "output.h"
#include "rows.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static int
print_json(struct cli *cli, const envres_list *list, int64_t first_bad)
{
    static const struct column columns[] = {
        { "code", ENVRES_VERIFY_CODE, SHAPE_CELL },
        { "object", ENVRES_VERIFY_OBJECT, SHAPE_CELL },
        { "message", ENVRES_VERIFY_MESSAGE, SHAPE_CELL },
        { "sequence", ENVRES_VERIFY_AUDIT_SEQUENCE, SHAPE_CELL },
    };
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    json_open(&json, '{');
    json_key(&json, "ok");
    json_boolean(&json, count == 0);
    json_key(&json, "first_bad");
    if (first_bad < 0)
        json_null(&json);
    else
        json_integer(&json, first_bad);
    json_key(&json, "findings");
    json_open(&json, '[');
    for (size_t row = 0; row < count; row++)
        json_row(&json, list, row, columns, COUNT(columns));
    json_close(&json, ']');
    json_close(&json, '}');
    return json_print(cli, &json);
}

static int
print_findings(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "FINDING", "WHERE", "" };
    static const uint32_t columns[] = { ENVRES_VERIFY_CODE, ENVRES_VERIFY_OBJECT,
                                        ENVRES_VERIFY_MESSAGE };
    struct table *table = table_new(cli, COUNT(headings), headings, 0);
    for (size_t row = 0; row < envres_list_count(list); row++) {
        for (size_t i = 0; i < COUNT(columns); i++) {
            size_t len = 0;
            const char *text = envres_list_text(list, row, columns[i], &len);
            table_cell(table, text ? text : "", len, i == 0 ? STYLE_RED : STYLE_PLAIN);
        }
    }
    return table_print(table);
}

int
verdict_print(struct cli *cli, const envres_list *list, int64_t first_bad)
{
    if (cli->json)
        return print_json(cli, list, first_bad);
    return envres_list_count(list) > 0 ? print_findings(cli, list) : 0;
}
