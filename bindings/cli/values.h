/* SPDX-License-Identifier: MIT */
/* How values and changes are shown, the same in every command. */
#ifndef ENVRES_CLI_VALUES_H
#define ENVRES_CLI_VALUES_H

#include "cli.h"
#include "output.h"

/* Whether a cell is this text. */
bool list_is(const envres_list *list, size_t row, uint32_t column, const char *text, size_t len);

/* Where in a list a value stands, and what to show where there is none. */
struct value_columns {
    uint32_t set;
    uint32_t value;
    uint32_t error;
    const char *unset;
};

/* A cell with the value, masked, empty, missing or damaged as the row says. */
void value_cell(struct table *table, const envres_list *list, size_t row,
                const struct value_columns *at);

/* ENVRES_TYPE_* of a word of --type that the table of options let through; NULL: the default. */
int32_t type_of_word(const char *word);

/* Says in the audit that secrets of an environment are shown, before they are; `object` NULL: all
 * that is set there. 0, or an exit status: then nothing may be shown. */
int reveal_say(struct cli *cli, const char *environment, const char *object);

/* One value alone: refused when it is secret and --reveal was not given. */
int value_print(struct cli *cli, const char *name, const envres_value *value);

/* {"text", "params": [{"name", "type", "value"}]}: what a driver needs. */
void json_statement(struct json *json, const envres_statement *statement);
/* The answer of a change under --json: {"ok":true, key: name, "environment", "revision"}. */
int change_print(struct cli *cli, const char *key, const char *name, int64_t revision);

#endif
