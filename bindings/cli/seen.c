/* SPDX-License-Identifier: MIT */
/*
 * What a move is based on, and what stands against it. The reads here and the move that follows are
 * not one transaction: that is what the expectations are for, and the library compares them inside
 * its own.
 */
#include "seen.h"

#include "findings.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

bool
seen_begins(const uint8_t digest[DIGEST_LEN], const char *digits)
{
    char whole[2 * DIGEST_LEN + 1] = { 0 };
    digest_write(digest, whole);
    for (size_t i = 0; digits[i]; i++) {
        bool upper = digits[i] >= 'A' && digits[i] <= 'F';
        if (whole[i] != (upper ? digits[i] - 'A' + 'a' : digits[i]))
            return false;
    }
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

static char *
copy_cell(const envres_list *list, uint32_t column)
{
    size_t len = 0;
    const char *text = envres_list_text(list, 0, column, &len);
    return text ? memory_copy(text, len) : NULL;
}

int
seen_version(struct cli *cli, const envres_version_name *name, struct seen_version *out)
{
    envres_list *row = NULL;
    if (envres_version_describe(cli->session, name, &row, cli->err) < 0)
        return fail_library(cli);
    const char *content = envres_list_text(row, 0, ENVRES_VERSION_CONTENT, NULL);
    const char *state = envres_list_text(row, 0, ENVRES_VERSION_STATE, NULL);
    int status = 0;
    if (!content || !digest_read(content, out->content))
        status = fail_code(cli, ENVRES_E_CORRUPT, "`envres verify` says more",
                           "a version has no content digest");
    out->draft = state && strcmp(state, "draft") == 0;
    out->stage = copy_cell(row, ENVRES_VERSION_STAGE);
    envres_list_free(row);
    return status;
}

void
seen_version_free(struct seen_version *seen)
{
    free(seen->stage);
    seen->stage = NULL;
}

int
seen_live(struct cli *cli, const char *app, struct seen_live *out)
{
    envres_list *row = NULL;
    if (envres_app_describe(cli->session, app, NUL, &row, cli->err) < 0)
        return fail_library(cli);
    out->sequence = envres_list_integer(row, 0, ENVRES_APP_LIVE_SEQUENCE);
    out->version = copy_cell(row, ENVRES_APP_LIVE_VERSION);
    out->tag = copy_cell(row, ENVRES_APP_LIVE_TAG);
    envres_list_free(row);
    return 0;
}

void
seen_live_free(struct seen_live *seen)
{
    free(seen->version);
    free(seen->tag);
    seen->version = NULL;
    seen->tag = NULL;
}

/* ---- what stands against it ---------------------------------------------------------------- */

static int64_t
position_of(const envres_list *environments, const char *key)
{
    for (size_t row = 0; row < envres_list_count(environments); row++) {
        const char *name = envres_list_text(environments, row, ENVRES_ENVIRONMENT_KEY, NULL);
        if (name && strcmp(name, key) == 0)
            return envres_list_integer(environments, row, ENVRES_ENVIRONMENT_POSITION);
    }
    return 0;
}

bool
seen_is_behind(struct cli *cli, const char *environment, const char *other)
{
    envres_list *environments = NULL;
    if (envres_environment_list(cli->session, &environments, cli->err) < 0)
        return false;
    int64_t position = position_of(environments, environment);
    int64_t before = position_of(environments, other);
    envres_list_free(environments);
    return before > 0 && position > before;
}

/* The findings of the first environment on the way that has errors; NULL: none has any more, or the
 * check cannot be made. `where` is borrowed from `environments`. */
static envres_list *
find_obstacle(struct cli *cli, const envres_version_name *name, const envres_list *environments,
              int64_t from, int64_t to, const char **where)
{
    for (size_t row = 0; row < envres_list_count(environments); row++) {
        int64_t position = envres_list_integer(environments, row, ENVRES_ENVIRONMENT_POSITION);
        envres_list *list = NULL;
        *where = envres_list_text(environments, row, ENVRES_ENVIRONMENT_KEY, NULL);
        if (position < from || position > to || position == 0)
            continue;
        if (envres_version_check(cli->session, name, *where, NUL, &list, cli->err) < 0)
            return NULL;
        if (findings_count(list, "error") > 0)
            return list;
        envres_list_free(list);
    }
    return NULL;
}

int
fail_checked(struct cli *cli, const envres_version_name *name, const char *stage,
             const char *target)
{
    const char *message = envres_error_message(cli->err);
    char *blocked = memory_copy(message, strlen(message));
    envres_list *environments = NULL;
    envres_list *list = NULL;
    const char *where = NULL;
    if (envres_environment_list(cli->session, &environments, cli->err) == ENVRES_OK) {
        int64_t to = position_of(environments, target);
        int64_t from = strcmp(stage, target) == 0 ? to : position_of(environments, stage) + 1;
        list = find_obstacle(cli, name, environments, from, to, &where);
    }
    struct text counts = { 0 };
    int status = 0;
    findings_say(&counts, list);
    findings_warn(cli, list, name->app, true);
    if (list)
        status = fail_findings(cli, list, "%s of %s would not work in %s: %s; nothing was changed",
                               name->version, name->app, where, text_get(&counts));
    else
        status =
            fail_code(cli, ENVRES_E_CHECK, "something changed meanwhile; try again", "%s", blocked);
    text_free(&counts);
    envres_list_free(list);
    envres_list_free(environments);
    free(blocked);
    return status;
}
