/* SPDX-License-Identifier: MIT */
/* What a check found, shown the same by every command: as compilers do, or as JSON. */
#ifndef ENVRES_CLI_FINDINGS_H
#define ENVRES_CLI_FINDINGS_H

#include "cli.h"
#include "output.h"

/* Where in a list the parts of a finding stand. */
struct finding_columns {
    uint32_t severity;
    uint32_t code;
    uint32_t part;
    uint32_t line;
    uint32_t column;
    uint32_t message;
    uint32_t fix;
};

/* Those of envres_version_check() and of the moves; and those of envres_app_status(). */
extern const struct finding_columns finding_columns;
extern const struct finding_columns status_finding_columns;

/* How many of a list of findings have this severity: "error", "warning", "info". */
size_t findings_count(const envres_list *list, const char *severity);

/* `PART:LINE:COLUMN: severity: message [code]`, and what to do about it indented below. A finding
 * that is about no part begins with the app. */
void finding_add(struct text *out, const envres_list *list, size_t row,
                 const struct finding_columns *at, const char *app, bool color);
/* The keys of one, without the brackets around them. */
void finding_json(struct json *json, const envres_list *list, size_t row,
                  const struct finding_columns *at);

/* Whether it is a remark about one part (pictures are not checked): only `check` shows those. */
bool finding_is_aside(const envres_list *list, size_t row, const struct finding_columns *at);

/* All of a list of findings, for standard output. */
void findings_add(struct text *out, const envres_list *list, const char *app, bool color);
/* On standard error unless --json; without asides unless `all`. */
void findings_warn(struct cli *cli, const envres_list *list, const char *app, bool all);
/* "findings":[...] */
void findings_json(struct json *json, const envres_list *list);

/* "2 errors, 1 warning"; "nothing" */
void findings_say(struct text *out, const envres_list *list);

#endif
