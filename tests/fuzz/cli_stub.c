/* SPDX-License-Identifier: MIT */
/*
 * Stands in for bindings/cli/fail.c: what a failure would print is made in both forms, as a line
 * and as JSON, and looked at, and printed nowhere. Failures of the library and of commands are not
 * met where nothing but arguments and keys is read.
 */
#include "cli_stub.h"

#include <stdlib.h>
#include <string.h>

#include "../../bindings/cli/output.h"
#include "fuzz.h"
#include "naive_json.h"

unsigned stub_said;

/* One line of UTF-8 that moves no cursor. */
void
stub_check_line(const struct text *line)
{
    const char *text = text_get(line);
    CHECK(naive_is_utf8(text, line->len));
    for (size_t i = 0; i < line->len; i++)
        CHECK((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

static void
check_message(const char *hint, const struct text *message)
{
    struct text line = { 0 };
    struct json json = { 0 };
    CHECK(message->len > 0 && (!hint || *hint));
    stub_said++;
    /* To look at a message takes longer than to come by it: at some, and always at the same. */
    if (message->len % 4 != 0)
        return;
    text_add_visible(&line, text_get(message), message->len);
    if (hint)
        text_add_visible(&line, hint, strlen(hint));
    stub_check_line(&line);
    json_open(&json, '{');
    json_key(&json, "message");
    json_word(&json, text_get(message));
    json_key(&json, "hint");
    json_word(&json, hint);
    json_close(&json, '}');
    CHECK(naive_is_json(text_get(&json.text), json.text.len));
    text_free(&json.text);
    text_free(&line);
}

__attribute__((format(printf, 2, 0))) static void
say(const char *hint, const char *format, va_list arguments)
{
    struct text message = { 0 };
    text_vprintf(&message, format, arguments);
    check_message(hint, &message);
    text_free(&message);
}

int
fail_usage(struct cli *cli, const char *hint, const char *format, ...)
{
    va_list arguments;
    (void)cli;
    va_start(arguments, format);
    say(hint, format, arguments);
    va_end(arguments);
    return 2;
}

int
fail_code(struct cli *cli, envres_status code, const char *hint, const char *format, ...)
{
    va_list arguments;
    (void)cli;
    CHECK(code < 0);
    va_start(arguments, format);
    say(hint, format, arguments);
    va_end(arguments);
    return STUB_FAILED;
}

envres_status
code_of_errno(int number)
{
    (void)number;
    return ENVRES_E_IO;
}

/* ---- of commands, which are not run ---------------------------------------------------------- */

static int
never(const void *cli)
{
    (void)cli;
    abort();
}

int
fail_library(struct cli *cli)
{
    return never(cli);
}

int
fail_hint(struct cli *cli, const char *hint)
{
    (void)hint;
    return never(cli);
}

int
fail_opening(struct cli *cli, const char *path)
{
    (void)path;
    return never(cli);
}

int
fail_part(struct cli *cli)
{
    return never(cli);
}

int
fail_reading(struct cli *cli)
{
    return never(cli);
}

int
fail_resolving(struct cli *cli, const char *file)
{
    (void)file;
    return never(cli);
}

int
fail_findings(struct cli *cli, const envres_list *findings, const char *format, ...)
{
    (void)findings;
    (void)format;
    return never(cli);
}

int
fail_confirm(struct cli *cli, const char *hint, const char *format, ...)
{
    (void)hint;
    (void)format;
    return never(cli);
}

int
fail_status(struct cli *cli, int status, envres_status code, const char *hint, const char *format,
            ...)
{
    (void)status;
    (void)code;
    (void)hint;
    (void)format;
    return never(cli);
}
