/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): the command line up to where a command would begin. Each line of the
 * input is an argument. Arguments are read, or refused with one message; what was read lies in what
 * was given; written out in another way (long options with `=` behind the command, arguments behind
 * `--`) it is read as the same; and there is help for it.
 *
 * The likeness of words, which a refusal looks for, takes longer than all else. The linker puts a
 * function here in its place, which leaves it to every fourth length of a word.
 */
#include <string.h>

#include "../../bindings/cli/cli.h"
#include "../../bindings/cli/help.h"
#include "cli_stub.h"
#include "fuzz.h"
#include "naive_json.h"

/* Of the input so many bytes and lines are taken; written again, each letter of `-qqq` is a word.
 */
enum { TAKEN = 1024, LINES = 32, WORDS = TAKEN + LINES + 8, ROOM = 32 * TAKEN };

struct words {
    char text[ROOM];
    size_t len;
    char *argv[WORDS + 1];
    int argc;
};

size_t __real_text_distance(const char *typed, const char *candidate);
size_t __wrap_text_distance(const char *typed, const char *candidate);

size_t
__wrap_text_distance(const char *typed, const char *candidate)
{
    return strlen(typed) % 4 == 3 ? __real_text_distance(typed, candidate) : SIZE_MAX;
}

static void
add_word(struct words *words, const char *word, size_t len)
{
    CHECK(words->argc < WORDS && ROOM - words->len > len);
    char *at = words->text + words->len;
    memcpy(at, word, len);
    at[len] = '\0';
    words->len += len + 1;
    words->argv[words->argc++] = at;
    words->argv[words->argc] = NULL;
}

static void
begin(struct words *words)
{
    words->len = 0;
    words->argc = 0;
    add_word(words, "envres", 6);
}

static bool
lies_in(const struct words *words, const char *text)
{
    return text >= words->text && text < words->text + words->len;
}

/* ---- one reading ----------------------------------------------------------------------------- */

static int
read_words(struct words *words, struct cli *cli)
{
    unsigned said = stub_said;
    int status = options_parse(cli, words->argc, words->argv);
    const struct parsed *parsed = &cli->parsed;
    CHECK((status == 0 || status == 2) && stub_said - said == (status != 0));
    for (size_t i = 0; i < parsed->given_count; i++) {
        const struct given *given = &parsed->given[i];
        CHECK(given->id > OPT_NONE && given->id < OPT_COUNT_);
        CHECK(lies_in(words, given->value) || !*given->value);
        CHECK(option_rows[given->id].argument || !*given->value);
        CHECK(option_given(parsed, given->id) && option_value(parsed, given->id));
    }
    for (size_t i = 0; i < parsed->argument_count; i++)
        CHECK(lies_in(words, argument_at(parsed, i)));
    CHECK(!argument_at(parsed, parsed->argument_count));
    return status;
}

static int
check_words(struct cli *cli)
{
    unsigned said = stub_said;
    int status = options_check(cli);
    CHECK((status == 0 || status == 2) && stub_said - said == (status != 0));
    CHECK(status != 0 || cli->parsed.command);
    return status;
}

static void
check_help(const struct parsed *parsed)
{
    struct text help = { 0 };
    help_text(parsed, &help);
    const char *text = text_get(&help);
    CHECK(help.len > 0 && text[help.len - 1] == '\n' && naive_is_utf8(text, help.len));
    for (size_t i = 0; i < help.len; i++)
        CHECK((unsigned char)text[i] >= 0x20 || text[i] == '\n');
    text_free(&help);
}

/* ---- the same in other words ----------------------------------------------------------------- */

static void
write_again(const struct parsed *parsed, struct words *out)
{
    begin(out);
    for (const char *at = parsed->command->name; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        add_word(out, at, len);
        at += len;
    }
    for (size_t i = 0; i < parsed->given_count; i++) {
        const struct option_row *row = &option_rows[parsed->given[i].id];
        struct text word = { 0 };
        text_printf(&word, "--%s%s%s", row->name, row->argument ? "=" : "", parsed->given[i].value);
        add_word(out, text_get(&word), word.len);
        text_free(&word);
    }
    add_word(out, "--", 2);
    for (size_t i = 0; i < parsed->argument_count; i++)
        add_word(out, parsed->arguments[i], strlen(parsed->arguments[i]));
}

static void
check_same(const struct parsed *one, const struct parsed *other)
{
    CHECK(one->command == other->command);
    CHECK(one->given_count == other->given_count);
    for (size_t i = 0; i < one->given_count; i++) {
        CHECK(strcmp(option_rows[one->given[i].id].name, option_rows[other->given[i].id].name) ==
              0);
        CHECK(strcmp(one->given[i].value, other->given[i].value) == 0);
    }
    CHECK(one->argument_count == other->argument_count);
    for (size_t i = 0; i < one->argument_count; i++)
        CHECK(strcmp(one->arguments[i], other->arguments[i]) == 0);
}

static void
check_again(const struct parsed *parsed)
{
    static struct words words;
    struct cli cli = { .err = NULL };
    write_again(parsed, &words);
    CHECK(read_words(&words, &cli) == 0);
    CHECK(check_words(&cli) == 0);
    check_same(parsed, &cli.parsed);
    options_free(&cli.parsed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct words words;
    struct cli cli = { .err = NULL };
    size_t taken = size < TAKEN ? size : TAKEN;
    begin(&words);
    for (size_t at = 0; at < taken && words.argc < LINES;) {
        const uint8_t *end = memchr(data + at, '\n', taken - at);
        size_t len = end ? (size_t)(end - data) - at : taken - at;
        add_word(&words, (const char *)data + at, len);
        at += len + 1;
    }
    int status = read_words(&words, &cli);
    if (status == 0 && option_given(&cli.parsed, OPT_HELP))
        check_help(&cli.parsed);
    /* The program's own --version ends here; behind a command it can be another option. */
    else if (status == 0 && !option_given(&cli.parsed, OPT_VERSION) && check_words(&cli) == 0)
        check_again(&cli.parsed);
    options_free(&cli.parsed);
    return 0;
}
