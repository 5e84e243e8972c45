/* SPDX-License-Identifier: MIT */
/*
 * Reads a command line by the table of commands and options.
 *
 *   envres [global options] command [subcommand] [options and arguments in any order] [--
 * arguments]
 *
 * Long options are written out (--env ENV, --env=ENV); letters may be joined (-qy, -eENV). Options
 * of the command stand behind it; only the global ones and -e may stand before. Where a program
 * follows
 * (`run`), everything behind the first argument is the program's. Nothing is copied from argv.
 */
#include "options.h"

#include "cli.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

bool
choice_has(const char *choices, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = choices; at && *at;) {
        const char *end = strchr(at, ' ');
        size_t step = end ? (size_t)(end - at) : strlen(at);
        if (step == len && memcmp(at, word, len) == 0)
            return len > 0;
        at += end ? step + 1 : step;
    }
    return false;
}

bool
option_listed(const enum option_id *list, enum option_id id)
{
    while (*list != OPT_NONE && *list != id)
        list++;
    return *list == id;
}

bool
option_is_global(enum option_id id)
{
    return id >= OPT_STORE && id < OPT_COUNT_;
}

bool
option_taken(const struct command *command, enum option_id id)
{
    static const enum option_id before[] = { OPT_ENV, OPT_NONE };
    return option_is_global(id) || option_listed(command ? command->options : before, id);
}

const struct group_row *
group_of(const struct command *command)
{
    for (size_t i = 0; i < group_count; i++) {
        if (strcmp(group_rows[i].name, command->name) == 0)
            return &group_rows[i];
    }
    return NULL;
}

const char *
name_within(const struct group_row *in, const char *name)
{
    size_t len = in ? strlen(in->name) : 0;
    if (in && (strncmp(name, in->name, len) != 0 || name[len++] != ' '))
        return NULL;
    return name + len;
}

static bool
is_named(const struct group_row *in, const char *name, const char *word)
{
    const char *rest = name_within(in, name);
    return rest && strcmp(rest, word) == 0;
}

const struct command *
command_find(const struct group_row *in, const char *word, const struct group_row **group)
{
    *group = NULL;
    for (size_t i = 0; i < group_count; i++) {
        if (is_named(in, group_rows[i].name, word))
            *group = &group_rows[i];
    }
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        if (is_named(in, command->name, word))
            return command;
    }
    return NULL;
}

/* ---- did you mean ------------------------------------------------------------------------- */

struct nearest {
    const char *typed;
    const char *name;
    size_t distance;
};

static void
consider(struct nearest *nearest, const char *candidate)
{
    size_t distance = text_distance(nearest->typed, candidate);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->name = candidate;
    }
}

static int
fail_command(struct cli *cli, const char *word)
{
    struct nearest nearest = { word, NULL, SIZE_MAX };
    for (size_t i = 0; i < group_count; i++)
        consider(&nearest, group_rows[i].name);
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        if (!(command->flags & COMMAND_HIDDEN))
            consider(&nearest, command->name);
    }
    struct text hint = { 0 };
    if (nearest.name)
        text_printf(&hint, "did you mean `envres %s`?", nearest.name);
    else
        text_puts(&hint, "`envres --help` lists the commands");
    int status = fail_usage(cli, text_get(&hint), "there is no command '%s'", word);
    text_free(&hint);
    return status;
}

static int
fail_subcommand(struct cli *cli, const char *word)
{
    const struct group_row *in = cli->parsed.group;
    const char *group = in->name;
    struct nearest nearest = { word ? word : "", NULL, SIZE_MAX };
    struct text all = { 0 };
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        const char *name = name_within(in, command->name);
        if (!name)
            continue;
        consider(&nearest, name);
        text_printf(&all, "%s%s", all.len ? ", " : "", name);
    }
    for (size_t i = 0; i < group_count; i++) {
        const char *name = name_within(in, group_rows[i].name);
        if (name)
            consider(&nearest, name);
    }
    struct text hint = { 0 };
    if (nearest.name)
        text_printf(&hint, "did you mean `envres %s %s`?", group, nearest.name);
    else
        text_printf(&hint, "there are: %s", text_get(&all));
    int status = word ? fail_usage(cli, text_get(&hint), "there is no command '%s %s'", group, word)
                      : fail_usage(cli, text_get(&hint), "'%s' needs a %s word", group,
                                   strchr(group, ' ') ? "third" : "second");
    text_free(&all);
    text_free(&hint);
    return status;
}

static int
fail_option(struct cli *cli, const char *shown, const char *name)
{
    const struct command *command = cli->parsed.command;
    struct nearest nearest = { name, NULL, SIZE_MAX };
    bool elsewhere = false;
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (option_taken(command, (enum option_id)i))
            consider(&nearest, option_rows[i].name);
        elsewhere = elsewhere || strcmp(option_rows[i].name, name) == 0;
    }
    struct text hint = { 0 };
    if (nearest.name)
        text_printf(&hint, "did you mean --%s?", nearest.name);
    else if (elsewhere && !command)
        text_puts(&hint, "options of a command stand behind it");
    else
        text_printf(&hint, "`envres %s%s--help` lists them", command ? command->name : "",
                    command ? " " : "");
    int status =
        command ? fail_usage(cli, text_get(&hint), "'%s' has no option %s", command->name, shown)
                : fail_usage(cli, text_get(&hint), "there is no option %s", shown);
    text_free(&hint);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reader {
    struct cli *cli;
    int argc;
    char **argv;
    int at;
    bool plain; /* behind --: no more options */
};

static int
take_option(struct reader *reader, enum option_id id, const char *value)
{
    const struct option_row *row = &option_rows[id];
    struct cli *cli = reader->cli;
    struct text list = { 0 };
    if (row->choices && !choice_has(row->choices, value)) {
        for (const char *at = row->choices; *at; at++)
            text_add(&list, *at == ' ' ? ", " : at, *at == ' ' ? 2 : 1);
        int status = fail_usage(cli, NULL, "--%s cannot be '%s'; there are: %s", row->name, value,
                                text_get(&list));
        text_free(&list);
        return status;
    }
    cli->parsed.given[cli->parsed.given_count++] = (struct given){ id, value };
    return 0;
}

static bool
find_long(const struct command *command, const char *name, size_t len, enum option_id *id)
{
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (option_taken(command, (enum option_id)i) && strlen(option_rows[i].name) == len &&
            memcmp(option_rows[i].name, name, len) == 0) {
            *id = (enum option_id)i;
            return true;
        }
    }
    return false;
}

static int
read_long(struct reader *reader, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    enum option_id id;
    if (!find_long(reader->cli->parsed.command, name, len, &id)) {
        char *typed = memory_copy(name, len);
        char *shown = memory_copy(word, len + 2);
        int status = fail_option(reader->cli, shown, typed);
        free(typed);
        free(shown);
        return status;
    }
    const struct option_row *row = &option_rows[id];
    if (!row->argument && value)
        return fail_usage(reader->cli, NULL, "--%s takes no value", row->name);
    if (!row->argument)
        return take_option(reader, id, "");
    if (!value && reader->at < reader->argc)
        value = reader->argv[reader->at++];
    if (!value)
        return fail_usage(reader->cli, NULL, "--%s needs a value: --%s %s", row->name, row->name,
                          row->argument);
    return take_option(reader, id, value);
}

static int
read_letters(struct reader *reader, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct command *command = reader->cli->parsed.command;
        size_t i = OPT_NONE + 1;
        while (i < OPT_COUNT_ &&
               !(option_rows[i].letter == *at && option_taken(command, (enum option_id)i)))
            i++;
        if (i == OPT_COUNT_) {
            char shown[] = { '-', *at, '\0' };
            return fail_option(reader->cli, shown, shown + 1);
        }
        const char *value = "";
        if (option_rows[i].argument) {
            value = at[1] ? at + 1 : reader->at < reader->argc ? reader->argv[reader->at++] : NULL;
            if (!value)
                return fail_usage(reader->cli, NULL, "-%c needs a value: -%c %s", *at, *at,
                                  option_rows[i].argument);
        }
        int status = take_option(reader, (enum option_id)i, value);
        if (status || option_rows[i].argument)
            return status;
    }
    return 0;
}

/* `inbox -e ENV accept ID`: a command that is a group too, before its second word. */
static bool
read_second(struct reader *reader, const char *word)
{
    struct parsed *parsed = &reader->cli->parsed;
    const struct group_row *in = group_of(parsed->command);
    const struct group_row *group = NULL;
    if (!in || reader->plain || parsed->argument_count > 0)
        return false;
    const struct command *command = command_find(in, word, &group);
    if (command)
        parsed->command = command;
    return command != NULL;
}

/* A word that is no option: of the command's name as long as that is not complete. */
static int
read_word(struct reader *reader, const char *word)
{
    struct parsed *parsed = &reader->cli->parsed;
    if (parsed->command && read_second(reader, word))
        return 0;
    if (parsed->command) {
        parsed->arguments[parsed->argument_count++] = word;
        reader->plain = reader->plain || parsed->command->flags & COMMAND_PROGRAM;
        return 0;
    }
    if (!parsed->group && strcmp(word, "help") == 0)
        return take_option(reader, OPT_HELP, "");
    const struct group_row *group = NULL;
    parsed->command = command_find(parsed->group, word, &group);
    if (!group && !parsed->command)
        return parsed->group ? fail_subcommand(reader->cli, word) : fail_command(reader->cli, word);
    parsed->group = parsed->command ? NULL : group;
    return 0;
}

static bool
wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

int
options_parse(struct cli *cli, int argc, char **argv)
{
    struct parsed *parsed = &cli->parsed;
    size_t room = (size_t)(argc > 0 ? argc : 0);
    for (int i = 1; i < argc; i++)
        room += strlen(argv[i]); /* joined letters are options each */
    parsed->given = memory_take((room + 1) * sizeof(*parsed->given));
    parsed->arguments = memory_take((room + 1) * sizeof(*parsed->arguments));
    struct reader reader = { .cli = cli, .argc = argc, .argv = argv, .at = 1 };
    cli->json = wants_json(argc, argv); /* an error on the way is JSON too */
    int status = 0;
    while (status == 0 && reader.at < argc) {
        const char *word = argv[reader.at++];
        if (!reader.plain && strcmp(word, "--") == 0)
            reader.plain = true;
        else if (!reader.plain && strncmp(word, "--", 2) == 0)
            status = read_long(&reader, word);
        else if (!reader.plain && word[0] == '-' && word[1] != '\0')
            status = read_letters(&reader, word);
        else
            status = read_word(&reader, word);
    }
    cli->json = option_given(parsed, OPT_JSON);
    return status;
}

/* ---- what must be there ------------------------------------------------------------------- */

/* What may have been meant with one argument more. */
static const char *
why_too_many(const struct command *command, size_t most)
{
    if (most == 0)
        return "it takes options only";
    return option_listed(command->options, OPT_OF_VERSION) ? "--version V names a version"
                                                           : "a value with spaces needs quotes";
}

static bool
is_same_option(enum option_id one, enum option_id other)
{
    const struct option_row *a = &option_rows[one];
    const struct option_row *b = &option_rows[other];
    return one == other || (strcmp(a->name, b->name) == 0 && !a->argument == !b->argument);
}

/* Whether the command takes it, in its own wording too: -e was read before the command was known.
 */
static bool
is_accepted(const struct command *command, enum option_id id)
{
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (option_taken(command, (enum option_id)i) && is_same_option((enum option_id)i, id))
            return true;
    }
    return false;
}

static int
check_arguments(struct cli *cli)
{
    const struct command *command = cli->parsed.command;
    size_t count = cli->parsed.argument_count;
    size_t most = 0;
    bool many = false;
    for (; most < 3 && command->arguments[most].name; most++) {
        const struct argument_row *row = &command->arguments[most];
        struct text hint = { 0 };
        text_printf(&hint, "see `envres %s --help`", command->name);
        if (most >= count && !row->optional) {
            int status =
                fail_usage(cli, text_get(&hint), "'%s' needs %s", command->name, row->name);
            text_free(&hint);
            return status;
        }
        text_free(&hint);
        if (most < count && row->choices &&
            !choice_has(row->choices, argument_at(&cli->parsed, most)))
            return fail_usage(cli, NULL, "'%s' is not one of: %s", argument_at(&cli->parsed, most),
                              row->choices);
        many = many || row->many;
    }
    cli->parsed.group = count > most && most == 0 ? group_of(command) : NULL;
    if (cli->parsed.group)
        return fail_subcommand(cli, argument_at(&cli->parsed, 0));
    if (count > most && !many)
        return fail_usage(cli, why_too_many(command, most), "'%s' does not take '%s'",
                          command->name, argument_at(&cli->parsed, most));
    return 0;
}

static int
fail_required(struct cli *cli, const struct option_row *row)
{
    const char *command = cli->parsed.command->name;
    return row->letter
               ? fail_usage(cli, NULL, "'%s' needs -%c %s (--%s)", command, row->letter,
                            row->argument, row->name)
               : fail_usage(cli, NULL, "'%s' needs --%s %s", command, row->name, row->argument);
}

int
options_check(struct cli *cli)
{
    struct parsed *parsed = &cli->parsed;
    if (!parsed->command && parsed->group)
        return fail_subcommand(cli, NULL);
    if (!parsed->command)
        return fail_usage(cli, "`envres --help` lists the commands", "a command is needed");
    const struct command *command = parsed->command;
    for (size_t i = 0; i < parsed->given_count; i++) {
        if (!is_accepted(command, parsed->given[i].id))
            return fail_usage(cli, NULL, "'%s' has no option --%s", command->name,
                              option_rows[parsed->given[i].id].name);
    }
    for (const enum option_id *id = command->required; *id != OPT_NONE; id++) {
        if (*id != OPT_ENV && !option_given(parsed, *id))
            return fail_required(cli, &option_rows[*id]);
    }
    const char *as = option_value(parsed, OPT_AS);
    if (as && !*as)
        return fail_usage(cli, "`envres principal list` shows who there is",
                          "--as needs the name of a principal, not an empty one");
    return check_arguments(cli);
}

void
options_free(struct parsed *parsed)
{
    free(parsed->given);
    free(parsed->arguments);
    memset(parsed, 0, sizeof(*parsed));
}

/* ---- asking ------------------------------------------------------------------------------- */

const char *
option_value(const struct parsed *parsed, enum option_id id)
{
    for (size_t i = parsed->given_count; i > 0; i--) {
        if (is_same_option(parsed->given[i - 1].id, id))
            return parsed->given[i - 1].value;
    }
    const char *name = option_rows[id].variable;
    const char *value = name ? getenv(name) : NULL;
    return value && *value ? value : NULL;
}

bool
option_given(const struct parsed *parsed, enum option_id id)
{
    for (size_t i = 0; i < parsed->given_count; i++) {
        if (is_same_option(parsed->given[i].id, id))
            return true;
    }
    return false;
}

const char *
option_next(const struct parsed *parsed, enum option_id id, size_t *cursor)
{
    while (*cursor < parsed->given_count) {
        const struct given *given = &parsed->given[(*cursor)++];
        if (is_same_option(given->id, id))
            return given->value;
    }
    return NULL;
}

const char *
argument_at(const struct parsed *parsed, size_t index)
{
    return index < parsed->argument_count ? parsed->arguments[index] : NULL;
}
