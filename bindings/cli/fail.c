/* SPDX-License-Identifier: MIT */
/*
 * Failures: one line on standard error, or one JSON object, and the exit status.
 *
 * The one table from codes to exit statuses is here; docs/errors.md carries the same, and a test
 * compares them. A message of the library is shown as it is; where its hint speaks to a C program,
 * the way to do it on the command line stands in its place.
 */
#include "output.h"

#include "findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Exit statuses of one code: of an act, of reading one thing by name, of resolving a template. */
struct status_row {
    envres_status code;
    int act;
    int read;
    int resolve;
    const char *hint; /* instead of the library's, or NULL */
};

static const struct status_row status_rows[] = {
    { ENVRES_E_INVALID, 2, 2, 2, NULL },
    { ENVRES_E_NOMEM, 8, 8, 8, NULL },
    { ENVRES_E_ABI, 8, 8, 8, "the library found here is not the one this program was built for" },
    { ENVRES_E_LIMIT, 2, 2, 2, NULL },
    { ENVRES_E_CALLBACK, 5, 5, 5, NULL },
    { ENVRES_E_FORKED, 8, 8, 8, NULL },
    { ENVRES_E_UTF8, 2, 2, 2, NULL },
    { ENVRES_E_JSON, 2, 2, 4, NULL },
    { ENVRES_E_SYNTAX, 4, 4, 4, NULL },
    { ENVRES_E_TYPE, 2, 4, 4, NULL },
    { ENVRES_E_CYCLE, 4, 4, 4, NULL },
    { ENVRES_E_DEPTH, 4, 4, 4, NULL },
    { ENVRES_E_SQL_CONTEXT, 4, 4, 4, NULL },
    { ENVRES_E_SHELL_CONTEXT, 4, 4, 4, NULL },
    { ENVRES_E_IDENT, 4, 4, 4, NULL },
    { ENVRES_E_SECRET_SINK, 6, 6, 6, NULL },
    { ENVRES_E_NAME, 2, 2, 2, NULL },
    { ENVRES_E_NAME_TAKEN, 6, 6, 6, NULL },
    { ENVRES_E_NOT_FOUND, 3, 3, 4, NULL },
    { ENVRES_E_NOT_SET, 3, 1, 4, NULL },
    { ENVRES_E_NOT_CONFIGURED, 3, 3, 4, NULL },
    { ENVRES_E_FIELD, 2, 3, 4, NULL },
    { ENVRES_E_REFERRED, 6, 6, 6, "change that first; --force does it all the same" },
    { ENVRES_E_FIXED, 6, 6, 6, NULL },
    { ENVRES_E_FALLBACK, 6, 6, 6, NULL },
    { ENVRES_E_CHANGED, 7, 7, 7, "look at it again and decide anew" },
    { ENVRES_E_REASON, 6, 6, 6, "say why with --reason TEXT" },
    { ENVRES_E_DENIED, 6, 6, 6, NULL },
    { ENVRES_E_NOT_A_STORE, 8, 8, 8, NULL },
    { ENVRES_E_NEWER_STORE, 8, 8, 8, NULL },
    { ENVRES_E_NO_STORE, 8, 8, 8, "make one with `envres init`, or name one with --store PATH" },
    { ENVRES_E_STORE_EXISTS, 6, 6, 6, NULL },
    { ENVRES_E_BUSY, 7, 7, 7, NULL },
    { ENVRES_E_IO, 8, 8, 8, NULL },
    { ENVRES_E_FULL, 8, 8, 8, NULL },
    { ENVRES_E_CORRUPT, 8, 8, 8,
      "keep a copy of the file; then restore a backup, or let `envres salvage FILE OUT` make a new "
      "store of what still verifies" },
    { ENVRES_E_READ_ONLY, 8, 8, 8, NULL },
    { ENVRES_E_FILE_MODE, 8, 8, 8, NULL },
    { ENVRES_E_FILE_SYSTEM, 8, 8, 8, NULL },
    { ENVRES_E_POISONED, 8, 8, 8, "run the command again" },
    { ENVRES_E_UNKNOWN_OUTCOME, 8, 8, 8, "look whether it was done before doing it again" },
    { ENVRES_E_SETTING, 8, 8, 8, NULL },
    { ENVRES_E_KEY, 5, 5, 5, NULL },
    { ENVRES_E_KEY_FORMAT, 5, 5, 5, NULL },
    { ENVRES_E_INTEGRITY, 5, 5, 5, NULL },
    { ENVRES_E_KDF_LIMIT, 5, 5, 5, NULL },
    { ENVRES_E_MEMORY_LOCK, 8, 8, 8, NULL },
    { ENVRES_E_FROZEN, 6, 6, 6, NULL },
    { ENVRES_E_DISCARDED, 6, 6, 6, NULL },
    { ENVRES_E_SKIPS, 6, 6, 6, NULL },
    { ENVRES_E_OFF_PATH, 6, 6, 6, NULL },
    { ENVRES_E_AT_LAST, 6, 6, 6, NULL },
    { ENVRES_E_NOT_READY, 6, 6, 6, NULL },
    { ENVRES_E_ALREADY_LIVE, 6, 6, 6, NULL },
    { ENVRES_E_NEVER_RELEASED, 6, 6, 6, NULL },
    { ENVRES_E_NOTHING_LIVE, 3, 3, 3, NULL },
    { ENVRES_E_NOTHING_BEFORE, 6, 6, 6, NULL },
    { ENVRES_E_LIVE, 6, 6, 6, NULL },
    { ENVRES_E_IN_HISTORY, 6, 6, 6, NULL },
    { ENVRES_E_ONLY_VERSION, 6, 6, 6, NULL },
    { ENVRES_E_NO_VERSION_HERE, 3, 3, 3, NULL },
    { ENVRES_E_TAG, 2, 2, 2, NULL },
    { ENVRES_E_TAG_TAKEN, 6, 6, 6,
      "tags are never given twice: take a higher one, or --major, --minor or --patch" },
    { ENVRES_E_CHECK, 6, 6, 6, NULL },
    { ENVRES_E_PATH, 2, 2, 2, NULL },
    { ENVRES_E_NO_PRINCIPAL, 6, 6, 6, NULL },
    { ENVRES_E_LAST_OWNER, 6, 6, 6, NULL },
    { ENVRES_E_OWN_CHANGE, 6, 6, 6, NULL },
    { ENVRES_E_APPROVALS, 6, 6, 6, NULL },
    { ENVRES_E_QUORUM, 6, 6, 6, NULL },
    { ENVRES_E_CLOSED, 6, 6, 6, NULL },
    { ENVRES_E_CONFIRM, 6, 6, 6, NULL },
    { ENVRES_E_ROOT, 5, 5, 5, NULL },
    { ENVRES_E_ROLLBACK, 5, 5, 5, NULL },
    { ENVRES_E_FORK, 5, 5, 5, NULL },
};

static const struct status_row *
find_row(envres_status code)
{
    static const struct status_row unknown = { 0, 8, 8, 8, NULL };
    for (size_t i = 0; i < sizeof(status_rows) / sizeof(status_rows[0]); i++) {
        if (status_rows[i].code == code)
            return &status_rows[i];
    }
    return &unknown;
}

/* Everything that `run` cannot do before the program is 125, so that no status of the program's own
 * is mistaken for ours. */
static int
exit_of(const struct cli *cli, int status)
{
    const struct command *command = cli->parsed.command;
    bool runs = command && command->flags & COMMAND_PROGRAM;
    return runs && status < 125 ? 125 : status;
}

struct failure {
    const char *code;
    const char *message;
    const char *hint; /* NULL or "": none */
    const char *file; /* of the position, or NULL */
    uint32_t line;    /* 0: no position */
    uint32_t column;
    const envres_list *findings; /* of a check that blocks, or NULL */
};

static void
add_position(struct json *json, const char *key, uint32_t value)
{
    json_key(json, key);
    if (value)
        json_integer(json, value);
    else
        json_null(json);
}

static void
print_json(const struct failure *failure)
{
    struct json json = { 0 };
    json_open(&json, '{');
    json_key(&json, "error");
    json_open(&json, '{');
    json_key(&json, "code");
    json_word(&json, failure->code);
    json_key(&json, "message");
    json_word(&json, failure->message);
    json_key(&json, "hint");
    json_word(&json, failure->hint && *failure->hint ? failure->hint : NULL);
    add_position(&json, "line", failure->line);
    add_position(&json, "column", failure->line ? failure->column : 0);
    json_close(&json, '}');
    if (failure->findings)
        findings_json(&json, failure->findings);
    json_close(&json, '}');
    fprintf(stderr, "%s\n", text_get(&json.text));
    text_free(&json.text);
}

static void
print_line(const struct cli *cli, const struct failure *failure)
{
    struct text line = { 0 };
    struct text shown = { 0 };
    text_puts(&line, failure->message);
    if (failure->hint && *failure->hint)
        text_printf(&line, "; %s", failure->hint);
    text_puts(&shown, cli->color_err ? "\x1b[31m" : "");
    if (failure->file && failure->line) {
        text_add_visible(&shown, failure->file, strlen(failure->file));
        text_printf(&shown, ":%u:%u:", failure->line, failure->column);
    } else {
        text_puts(&shown, "envres:");
    }
    text_puts(&shown, cli->color_err ? "\x1b[0m " : " ");
    text_add_visible(&shown, text_get(&line), line.len);
    fprintf(stderr, "%s\n", text_get(&shown));
    text_free(&line);
    text_free(&shown);
}

static void
print_failure(const struct cli *cli, const struct failure *failure)
{
    if (cli->json)
        print_json(failure);
    else
        print_line(cli, failure);
}

/* `row`: its hint, where it has one, stands in place of the library's. */
static void
print_library(const struct cli *cli, const struct status_row *row, const char *file)
{
    struct failure failure = {
        .code = envres_status_name(envres_error_code(cli->err)),
        .message = envres_error_message(cli->err),
        .hint = row->hint ? row->hint : envres_error_hint(cli->err),
        .file = file,
        .line = envres_error_line(cli->err),
        .column = envres_error_column(cli->err),
    };
    struct text message = { 0 };
    if (!file && failure.line && !cli->json) {
        text_printf(&message, "%s (line %u, column %u)", failure.message, failure.line,
                    failure.column);
        failure.message = text_get(&message);
    }
    print_failure(cli, &failure);
    text_free(&message);
}

int
fail_library(struct cli *cli)
{
    const struct status_row *row = find_row(envres_error_code(cli->err));
    print_library(cli, row, NULL);
    return exit_of(cli, row->act);
}

int
fail_hint(struct cli *cli, const char *hint)
{
    struct status_row shown = *find_row(envres_error_code(cli->err));
    shown.hint = hint;
    print_library(cli, &shown, NULL);
    return exit_of(cli, shown.act);
}

/* `message` is freed. */
static int
fail_saying(struct cli *cli, struct text *message)
{
    const struct status_row *row = find_row(envres_error_code(cli->err));
    struct failure failure = {
        .code = envres_status_name(envres_error_code(cli->err)),
        .message = text_get(message),
        .hint = row->hint ? row->hint : envres_error_hint(cli->err),
    };
    print_failure(cli, &failure);
    text_free(message);
    return exit_of(cli, row->act);
}

int
fail_opening(struct cli *cli, const char *path)
{
    struct text message = { 0 };
    text_printf(&message, "%s: %s", path, envres_error_message(cli->err));
    return fail_saying(cli, &message);
}

int
fail_part(struct cli *cli)
{
    const char *subject = envres_error_subject(cli->err);
    const char *said = envres_error_message(cli->err);
    struct text quoted = { 0 };
    struct text message = { 0 };
    text_printf(&quoted, "'%s'", subject);
    if (*subject && !strstr(said, text_get(&quoted)))
        text_printf(&message, "%s: ", text_get(&quoted));
    text_puts(&message, said);
    text_free(&quoted);
    return fail_saying(cli, &message);
}

int
fail_reading(struct cli *cli)
{
    const struct status_row *row = find_row(envres_error_code(cli->err));
    struct status_row shown = *row;
    if (row->code == ENVRES_E_SECRET_SINK)
        shown.hint = "--reveal shows it";
    print_library(cli, &shown, NULL);
    return exit_of(cli, row->read);
}

int
fail_resolving(struct cli *cli, const char *file)
{
    const struct status_row *row = find_row(envres_error_code(cli->err));
    print_library(cli, row, file);
    return exit_of(cli, row->resolve);
}

__attribute__((format(printf, 5, 0))) static int
fail_own(struct cli *cli, int status, const char *code, const char *hint, const char *format,
         va_list arguments)
{
    struct text message = { 0 };
    text_vprintf(&message, format, arguments);
    struct failure failure = { .code = code, .message = text_get(&message), .hint = hint };
    print_failure(cli, &failure);
    text_free(&message);
    return exit_of(cli, status);
}

int
fail_usage(struct cli *cli, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = fail_own(cli, 2, envres_status_name(ENVRES_E_INVALID), hint, format, arguments);
    va_end(arguments);
    return status;
}

int
fail_code(struct cli *cli, envres_status code, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status =
        fail_own(cli, find_row(code)->act, envres_status_name(code), hint, format, arguments);
    va_end(arguments);
    return status;
}

int
fail_findings(struct cli *cli, const envres_list *findings, const char *format, ...)
{
    struct text message = { 0 };
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(&message, format, arguments);
    va_end(arguments);
    struct failure failure = { .code = envres_status_name(ENVRES_E_CHECK),
                               .message = text_get(&message),
                               .findings = findings };
    print_failure(cli, &failure);
    text_free(&message);
    return find_row(ENVRES_E_CHECK)->act;
}

int
fail_confirm(struct cli *cli, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int status = fail_own(cli, 6, "ENVRES_E_CONFIRM", hint, format, arguments);
    va_end(arguments);
    return status;
}

int
fail_status(struct cli *cli, int status, envres_status code, const char *hint, const char *format,
            ...)
{
    va_list arguments;
    va_start(arguments, format);
    status = fail_own(cli, status, envres_status_name(code), hint, format, arguments);
    va_end(arguments);
    return status;
}

envres_status
code_of_errno(int number)
{
    if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        return ENVRES_E_FULL;
    if (number == EROFS || number == EACCES || number == EPERM)
        return ENVRES_E_READ_ONLY;
    return ENVRES_E_IO;
}
