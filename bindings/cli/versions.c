/* SPDX-License-Identifier: MIT */
/*
 * Which version a command is about. The commands of parts mean the app's only draft unless one is
 * named; it is looked up once, so that a command of several calls is about one version even when
 * somebody makes another draft meanwhile.
 */
#include "versions.h"

#include "opening.h"
#include "output.h"
#include "values.h"

#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

envres_version_name
version_named(const char *app, const char *version)
{
    envres_version_name name = { .size = sizeof(name), .app = app, .app_len = NUL };
    name.version = version;
    name.version_len = version ? NUL : 0;
    return name;
}

static bool
is_draft(const envres_list *list, size_t row)
{
    return list_is(list, row, ENVRES_VERSION_STATE, "draft", strlen("draft"));
}

/* A change needs a draft as such; what only reads could be about any version. */
static int
fail_without_draft(struct cli *cli)
{
    const char *app = argument_at(&cli->parsed, 0);
    if (cli->parsed.command->flags & COMMAND_WRITES)
        return fail_code(cli, ENVRES_E_FROZEN, "`envres version create` makes one",
                         "'%s' has no draft, and nothing else can be edited", app);
    return fail_code(cli, ENVRES_E_NOT_FOUND, "name a version with --version V",
                     "'%s' has no draft", app);
}

static int
take_only_draft(struct cli *cli, const envres_list *list, char **name)
{
    struct text names = { 0 };
    size_t drafts = 0;
    size_t count = envres_list_count(list);
    for (size_t row = 0; row < count; row++) {
        size_t len = 0;
        const char *draft = envres_list_text(list, row, ENVRES_VERSION_NAME, &len);
        if (!is_draft(list, row))
            continue;
        text_puts(&names, drafts++ ? ", " : "");
        text_add(&names, draft, len);
    }
    int status = 0;
    if (drafts == 1)
        *name = memory_copy(text_get(&names), names.len);
    else if (drafts == 0)
        status = fail_without_draft(cli);
    else
        status = fail_usage(cli, "name one with --version V", "'%s' has several drafts: %s",
                            argument_at(&cli->parsed, 0), text_get(&names));
    text_free(&names);
    return status;
}

int
version_of_parts(struct cli *cli, char **name)
{
    const char *app = argument_at(&cli->parsed, 0);
    const char *named = option_value(&cli->parsed, OPT_OF_VERSION);
    *name = NULL;
    if (named) {
        *name = memory_copy(named, strlen(named));
        return 0;
    }
    envres_list *list = NULL;
    if (envres_version_list(cli->session, app, NUL, NULL, 0, 0, &list, cli->err) < 0)
        return fail_library(cli);
    int status = take_only_draft(cli, list, name);
    envres_list_free(list);
    return status;
}

static int
digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
digest_read(const char *word, uint8_t digest[DIGEST_LEN])
{
    if (strlen(word) != 2 * (size_t)DIGEST_LEN)
        return false;
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        int high = digit_of(word[2 * i]);
        int low = digit_of(word[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void
digest_write(const uint8_t digest[DIGEST_LEN], char out[2 * DIGEST_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * (size_t)DIGEST_LEN] = '\0';
}
