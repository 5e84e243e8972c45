/* SPDX-License-Identifier: MIT */
/*
 * check and promote: would a version work there, and moving it on.
 *
 * A check prints what it found as compilers do and is an answer, never a failure. A promotion looks
 * first at the version it moves, and hands what it saw to the library as its expectation: whatever
 * somebody else does in between, the version that moves is the one that was looked at.
 */
#include "commands.h"

#include "findings.h"
#include "opening.h"
#include "output.h"
#include "sarif.h"
#include "seen.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

/* ---- check --------------------------------------------------------------------------------- */

/* The version that somebody who works there would get: the one changed last of those that have
 * reached the environment. NULL: none has, or the list cannot be read; the check then says why. */
static char *
pick_version(struct cli *cli, const char *app, const char *environment)
{
    envres_list *list = NULL;
    const char *found = NULL;
    int64_t newest = 0;
    if (envres_version_list(cli->session, app, NUL, environment, NUL, 0, &list, cli->err) < 0)
        return NULL;
    for (size_t row = 0; row < envres_list_count(list); row++) {
        int64_t changed = envres_list_integer(list, row, ENVRES_VERSION_CHANGED);
        if (!found || changed > newest) {
            found = envres_list_text(list, row, ENVRES_VERSION_NAME, NULL);
            newest = changed;
        }
    }
    char *copy = found ? memory_copy(found, strlen(found)) : NULL;
    envres_list_free(list);
    return copy;
}

static int
print_sarif(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    sarif_begin(&json);
    for (size_t row = 0; row < envres_list_count(list); row++)
        sarif_add(&json, list, row, NULL, 0);
    sarif_end(&json);
    return json_print(cli, &json);
}

static int
print_check(struct cli *cli, const envres_version_name *name, const char *environment,
            const envres_list *list)
{
    struct text out = { 0 };
    struct json json = { 0 };
    if (option_given(&cli->parsed, OPT_SARIF))
        return print_sarif(cli, list);
    if (!cli->json) {
        findings_add(&out, list, name->app, cli->color_out);
        return out_text(cli, &out);
    }
    json_open(&json, '{');
    json_key(&json, "app");
    json_word(&json, name->app);
    json_key(&json, "version");
    json_word(&json, name->version);
    json_key(&json, "environment");
    json_word(&json, environment);
    json_key(&json, "errors");
    json_integer(&json, (int64_t)findings_count(list, "error"));
    json_key(&json, "warnings");
    json_integer(&json, (int64_t)findings_count(list, "warning"));
    findings_json(&json, list);
    json_close(&json, '}');
    return json_print(cli, &json);
}

/* Status 1 where something stands against the version. */
static int
answer_check(struct cli *cli, const envres_version_name *name, const char *environment,
             const envres_list *list)
{
    int status = print_check(cli, name, environment, list);
    if (status)
        return status;
    struct text counts = { 0 };
    findings_say(&counts, list);
    if (envres_list_count(list) == 0)
        out_note(cli, "nothing stands against %s of %s in %s", name->version, name->app,
                 environment);
    else
        out_note(cli, "%s of %s in %s: %s", name->version, name->app, environment,
                 text_get(&counts));
    text_free(&counts);
    bool strict = option_given(&cli->parsed, OPT_STRICT_CHECK);
    return findings_count(list, "error") > 0 || (strict && findings_count(list, "warning") > 0);
}

static int
fail_check(struct cli *cli, const char *app, const char *environment)
{
    if (envres_error_code(cli->err) != ENVRES_E_NO_VERSION_HERE)
        return fail_library(cli);
    struct text hint = { 0 };
    text_printf(&hint, "name the one to check: `envres check %s V -e %s`", app, environment);
    int status = fail_hint(cli, text_get(&hint));
    text_free(&hint);
    return status;
}

int
cmd_check(struct cli *cli)
{
    const char *environment = NULL;
    if (option_given(&cli->parsed, OPT_TEXT) || option_given(&cli->parsed, OPT_FOLDER))
        return cmd_scan(cli);
    if (!argument_at(&cli->parsed, 0))
        return fail_usage(cli, "`envres app list` lists them; --text and --folder scan files",
                          "name an app to check");
    int status = open_environment(cli, &environment);
    if (status)
        return status;
    envres_version_name name =
        version_named(argument_at(&cli->parsed, 0), argument_at(&cli->parsed, 1));
    char *picked = name.version ? NULL : pick_version(cli, name.app, environment);
    if (picked) {
        name.version = picked;
        name.version_len = NUL;
    }
    envres_list *list = NULL;
    if (envres_version_check(cli->session, &name, environment, NUL, &list, cli->err) < 0)
        status = fail_check(cli, name.app, environment);
    else
        status = answer_check(cli, &name, environment, list);
    envres_list_free(list);
    free(picked);
    return status;
}

/* ---- promote ------------------------------------------------------------------------------- */

/* --expect STAGE[@DIGEST] in place of what was read. Tables show the first digits of a digest:
 * eight of them are enough here, compared with what was read. */
struct expectation {
    const char *stage; /* NULL: not given */
    size_t stage_len;
    const char *digits; /* NULL: not given */
};

enum { DIGITS_MIN = 8, DIGITS_MAX = 2 * DIGEST_LEN };

static int
read_expectation(struct cli *cli, struct expectation *out)
{
    const char *word = option_value(&cli->parsed, OPT_EXPECT_STAGE);
    if (!word)
        return 0;
    out->stage = word;
    out->stage_len = strcspn(word, "@");
    out->digits = word[out->stage_len] ? word + out->stage_len + 1 : NULL;
    size_t digits = out->digits ? strlen(out->digits) : DIGITS_MAX;
    size_t hex = out->digits ? strspn(out->digits, "0123456789abcdefABCDEF") : DIGITS_MAX;
    if (out->stage_len > 0 && hex == digits && digits >= DIGITS_MIN && digits <= DIGITS_MAX)
        return 0;
    return fail_usage(
        cli,
        "write STAGE or STAGE@DIGEST, as `envres version show APP V` has them; of the "
        "digest at least 8 digits",
        "--expect cannot be '%s'", word);
}

/* What the caller saw, in `seen` in place of what was read just now. A whole digest is left to the
 * library to compare; a shorter one stands for what was read, or for nothing. */
static int
apply_expectation(struct cli *cli, const envres_version_name *name,
                  const struct expectation *expected, struct seen_version *seen)
{
    size_t digits = expected->digits ? strlen(expected->digits) : 0;
    if (expected->stage) {
        free(seen->stage);
        seen->stage = memory_copy(expected->stage, expected->stage_len);
    }
    if (digits == 0 || digest_read(expected->digits, seen->content) ||
        seen_begins(seen->content, expected->digits))
        return 0;
    return fail_code(cli, ENVRES_E_CHANGED, "look at it again and decide anew",
                     "version '%s' has other content than --expect says", name->version);
}

static int
print_promoted(struct cli *cli, const envres_version_name *name, const struct seen_version *seen,
               const envres_list *findings)
{
    const char *to = option_value(&cli->parsed, OPT_TO_NEXT);
    bool dry = option_given(&cli->parsed, OPT_DRY_RUN);
    struct json json = { 0 };
    findings_warn(cli, findings, name->app, false);
    if (!cli->json)
        return out_say(cli, "%s of %s %s from %s to %s%s", name->version, name->app,
                       dry ? "would move" : "moved", seen->stage, to,
                       dry           ? "; nothing was changed"
                       : seen->draft ? "; it is frozen now"
                                     : "");
    json_ok(&json);
    json_key(&json, "app");
    json_word(&json, name->app);
    json_key(&json, "version");
    json_word(&json, name->version);
    json_key(&json, "from");
    json_word(&json, seen->stage);
    json_key(&json, "to");
    json_word(&json, to);
    json_key(&json, "dry_run");
    json_boolean(&json, dry);
    findings_json(&json, findings);
    return json_done(cli, &json);
}

/* Where the target lies further on, there is a way to it. */
static int
fail_promote(struct cli *cli, const char *stage, const char *target)
{
    const char *said = envres_error_hint(cli->err);
    struct text hint = { 0 };
    if (envres_error_code(cli->err) != ENVRES_E_SKIPS || !seen_is_behind(cli, target, stage))
        return fail_library(cli);
    text_printf(&hint, "%s%s--through goes on to %s, checking every environment on the way", said,
                *said ? "; " : "", target);
    int status = fail_hint(cli, text_get(&hint));
    text_free(&hint);
    return status;
}

static int
promote(struct cli *cli, const struct expectation *expected)
{
    envres_version_name name =
        version_named(argument_at(&cli->parsed, 0), argument_at(&cli->parsed, 1));
    struct seen_version seen = { 0 };
    envres_list *findings = NULL;
    int status = seen_version(cli, &name, &seen);
    if (status == 0)
        status = apply_expectation(cli, &name, expected, &seen);
    if (status)
        goto out;
    envres_promote_options options = { .size = sizeof(options), .to_len = NUL };
    options.flags = (option_given(&cli->parsed, OPT_THROUGH) ? ENVRES_MOVE_THROUGH : 0) |
                    (option_given(&cli->parsed, OPT_DRY_RUN) ? ENVRES_MOVE_DRY_RUN : 0);
    options.to = option_value(&cli->parsed, OPT_TO_NEXT);
    options.expect_stage = seen.stage;
    options.expect_stage_len = NUL;
    options.expect_content = seen.content;
    envres_change change = change_of(cli, 0);
    envres_status code =
        envres_version_promote(cli->session, &name, &options, &change, &findings, cli->err);
    if (code == ENVRES_E_CHECK)
        status = fail_checked(cli, &name, seen.stage, options.to);
    else if (code < 0)
        status = fail_promote(cli, seen.stage, options.to);
    else
        status = print_promoted(cli, &name, &seen, findings);
out:
    envres_list_free(findings);
    seen_version_free(&seen);
    return status;
}

int
cmd_promote(struct cli *cli)
{
    struct expectation expected = { 0 };
    int status = read_expectation(cli, &expected);
    if (status == 0)
        status = open_session(cli);
    return status ? status : promote(cli, &expected);
}
