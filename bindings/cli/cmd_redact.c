/* SPDX-License-Identifier: MIT */
/*
 * redact: standard input to standard output with the secrets of an environment masked. What cannot
 * be the beginning of a secret is written as soon as it is read, so that a slow pipe stays alive.
 * What is not masked is said before the first byte; without the key of the environment nothing
 * would be, and so nothing is written.
 */
#include "commands.h"

#include "opening.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NUL ENVRES_NUL_TERMINATED

enum { CHUNK = 64 * 1024 };

/* ---- what is not masked -------------------------------------------------------------------- */

static void
add_name(struct text *out, const envres_list *list, size_t row)
{
    size_t len = 0;
    const char *name = envres_list_text(list, row, ENVRES_REFUSED_NAME, &len);
    const char *field = envres_list_text(list, row, ENVRES_REFUSED_FIELD, NULL);
    text_puts(out, field ? "resource '" : "variable '");
    text_add_visible(out, name ? name : "", len);
    text_puts(out, "'");
    if (field) {
        text_puts(out, " field '");
        text_add_visible(out, field, strlen(field));
        text_puts(out, "'");
    }
}

static const char *
sentence_of(const char *reason)
{
    static const struct {
        const char *reason;
        const char *says;
    } rows[] = {
        { "short", "not masked: it has fewer than 8 bytes" },
        { "blank", "not masked: it is white space alone" },
        { "lines", "masked as a whole, but not its lines of fewer than 8 bytes by themselves" },
        { "broken", "not masked: it does not resolve" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].reason, reason) == 0)
            return rows[i].says;
    }
    return "not masked";
}

static int
say_refused(struct cli *cli, const envres_list *list, const char *environment)
{
    size_t closed = 0;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *reason = envres_list_text(list, row, ENVRES_REFUSED_REASON, NULL);
        struct text name = { 0 };
        if (strcmp(reason, "closed") == 0) {
            closed++;
            continue;
        }
        add_name(&name, list, row);
        out_note(cli, "%s is %s", text_get(&name), sentence_of(reason));
        text_free(&name);
    }
    if (closed == 0)
        return 0;
    return fail_code(cli, ENVRES_E_DENIED, "run it with a key that opens them",
                     "%zu secret%s of %s cannot be opened, and so could not be masked", closed,
                     closed == 1 ? "" : "s", environment);
}

/* ---- the filter ---------------------------------------------------------------------------- */

static envres_status
collect(const char *data, size_t len, void *user)
{
    text_add(user, data, len);
    return ENVRES_OK;
}

/* What can be written of a piece goes out in one write. */
static int
pass_on(struct cli *cli, envres_redactor *redactor, const char *data, size_t len)
{
    struct text out = { 0 };
    envres_status code = len > 0
                             ? envres_redactor_feed(redactor, data, len, collect, &out, cli->err)
                             : envres_redactor_finish(redactor, collect, &out, cli->err);
    int status = code < 0 ? fail_library(cli) : 0;
    if (status == 0 && out.len > 0)
        status = out_write(cli, out.data, out.len);
    text_free(&out);
    return status;
}

static int
filter(struct cli *cli, envres_redactor *redactor)
{
    char *chunk = memory_take(CHUNK);
    int status = 0;
    ssize_t got = 1;
    while (status == 0 && got != 0) {
        got = read(STDIN_FILENO, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = fail_code(cli, ENVRES_E_IO, NULL, "standard input cannot be read: %s",
                               strerror(errno));
        else
            status = pass_on(cli, redactor, chunk, (size_t)got);
    }
    memory_wipe_free(chunk, CHUNK);
    return status;
}

int
cmd_redact(struct cli *cli)
{
    const char *replacement = option_value(&cli->parsed, OPT_REPLACEMENT);
    envres_redactor_options options = { .size = sizeof(options),
                                        .replacement = replacement,
                                        .replacement_len = NUL };
    envres_redactor *redactor = NULL;
    envres_scope *scope = NULL;
    envres_list *refused = NULL;
    int status = 0;
    if (envres_redactor_new(&options, &redactor, cli->err) < 0)
        status = fail_library(cli);
    if (status == 0)
        status = open_scope(cli, &scope);
    if (status == 0 && (envres_redactor_add_scope(redactor, scope, cli->err) < 0 ||
                        envres_redactor_refused(redactor, &refused, cli->err) < 0))
        status = fail_library(cli);
    if (status == 0)
        status = say_refused(cli, refused, envres_scope_environment(scope));
    envres_list_free(refused);
    envres_scope_unref(scope);
    if (status == 0)
        status = filter(cli, redactor);
    envres_redactor_free(redactor);
    return status;
}
