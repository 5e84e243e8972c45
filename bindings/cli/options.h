/* SPDX-License-Identifier: MIT */
/*
 * The table of commands and options, and the parser that reads a command line by it. Help, man
 * page, completion and did-you-mean are made of the same rows.
 */
#ifndef ENVRES_CLI_OPTIONS_H
#define ENVRES_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

/* What stands in the place of an argument, for completion. */
enum completes {
    COMPLETE_NOTHING,
    COMPLETE_FILE,
    COMPLETE_PROGRAM,
    COMPLETE_CHOICES,
    COMPLETE_ENVIRONMENT,
    COMPLETE_VARIABLE,
    COMPLETE_RESOURCE,
    COMPLETE_KIND,
    COMPLETE_APP,
    COMPLETE_APP_VERSION, /* of the app that is the first argument */
    COMPLETE_PART,        /* likewise */
    COMPLETE_TAG,         /* likewise, or of --app */
    COMPLETE_PRINCIPAL
};

/* In the order in which help lists them. Two of one name that both take a value, or neither does,
 * are the same option worded for its command: whichever was given, both have it. Where a command
 * takes two, the earlier one is found. */
enum option_id {
    OPT_NONE, /* ends a list */
    OPT_ENV,
    OPT_ONLY_ENV,
    OPT_LABEL,
    OPT_AFTER,
    OPT_OFF_PATH,
    OPT_COLOR,
    OPT_PROTECTED,
    OPT_REQUIRE_REASON,
    OPT_APPROVALS,
    OPT_EDITORS_REVEAL,
    OPT_ROLLBACK_APPROVALS,
    OPT_ALL_REQUESTS,
    OPT_TYPE,
    OPT_SECRET,
    OPT_PLAIN,
    OPT_SECRET_FIELD,
    OPT_FROM_FILE,
    OPT_RAW,
    OPT_AS_WRITTEN,
    OPT_REVEAL,
    OPT_REVISION,
    OPT_KIND,
    OPT_UNSET,
    OPT_TO,
    OPT_TO_NEXT,
    OPT_THROUGH,
    OPT_EXPECT_STAGE,
    OPT_TO_TAG,
    OPT_TAG,
    OPT_MAJOR,
    OPT_MINOR,
    OPT_PATCH,
    OPT_NOTES,
    OPT_WHY,
    OPT_DRY_RUN,
    OPT_WITHDRAW,
    OPT_FIELD,
    OPT_URL,
    OPT_DSN,
    OPT_CONTEXT,
    OPT_DIALECT,
    OPT_STYLE,
    OPT_IDENT,
    OPT_PARAM,
    OPT_RESOURCE,
    OPT_DECLARE,
    OPT_METHOD,
    OPT_PATH,
    OPT_HEADERS,
    OPT_GIVE,
    OPT_QUERY_IDENT,
    OPT_QUERY_REVISION,
    OPT_NO_SECRETS,
    OPT_REPLACEMENT,
    OPT_STRICT,
    OPT_STRICT_CHECK,
    OPT_TEXT,
    OPT_FOLDER,
    OPT_SARIF,
    OPT_APP,
    OPT_RELEASE,
    OPT_OUTPUT,
    OPT_ONLY,
    OPT_PRISTINE,
    OPT_PASSPHRASE,
    OPT_WITHOUT_KEY,
    OPT_FORCE,
    OPT_OF_VERSION,
    OPT_EXPECT_DIGEST,
    OPT_PUBLIC,
    OPT_NOT_PUBLIC,
    OPT_PRUNE,
    OPT_OVERWRITE,
    OPT_EDIT,
    OPT_FROM,
    OPT_EMPTY,
    OPT_NAME,
    OPT_ALL,
    OPT_STAT,
    OPT_ROLE,
    OPT_ROLE_ENV,
    OPT_ROLE_ENVS,
    OPT_KEY_OUTPUT,
    OPT_SLOT_OUTPUT,
    OPT_SINCE,
    OPT_OF_APP,
    OPT_VERIFY,
    OPT_JSONL,
    OPT_LATER,
    OPT_STORE, /* the first of the global ones */
    OPT_KEY_FILE,
    OPT_PASSPHRASE_FD,
    OPT_ANCHOR,
    OPT_WORKSPACE,
    OPT_ROOT,
    OPT_AS,
    OPT_JSON,
    OPT_NO_INPUT,
    OPT_YES,
    OPT_QUIET,
    OPT_NO_COLOR,
    OPT_REASON,
    OPT_HELP,
    OPT_VERSION,
    OPT_COUNT_
};

struct option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* its argument in help, or NULL: a flag */
    const char *variable; /* environment variable that stands in for it, or NULL */
    const char *choices;  /* the only words allowed, separated by spaces, or NULL */
    const char *help;
    enum completes completes;
    char letter; /* or 0 */
    bool many;   /* may be given several times */
};

struct argument_row {
    const char *name; /* NULL ends the list */
    const char *choices;
    enum completes completes;
    bool optional;
    bool many;
};

struct example_row {
    const char *line; /* without "envres " unless it begins with something else */
    const char *says;
};

enum {
    COMMAND_PROGRAM = 1, /* what follows the first argument belongs to a program; fails with 125 */
    COMMAND_HIDDEN = 2,  /* not in help: for the build and for the completion scripts */
    COMMAND_WRITES = 4   /* changes the store */
};

struct command {
    const char *name; /* one to three words */
    const char *summary;
    const char *details; /* paragraphs, separated by empty lines; or NULL */
    int (*run)(struct cli *cli);
    struct argument_row arguments[3];
    struct example_row examples[5];
    enum option_id options[16]; /* of its own */
    enum option_id required[4]; /* of these the ones that must be there; it looks for -e itself */
    uint32_t flags;
};

/* The words before the last one of commands that have several. They may be a command by themselves
 * too. */
struct group_row {
    const char *name;
    const char *summary;
};

struct exit_row {
    int status;
    const char *says;
};

extern const struct option_row option_rows[OPT_COUNT_];
struct command_table {
    const struct command *rows;
    size_t count;
};

extern const struct command_table commands_of_settings;
extern const struct command_table commands_of_queries;
extern const struct command_table commands_of_access;
extern const struct command_table commands_of_store;

/* All commands, in the order of help; NULL behind the last. */
const struct command *command_at(size_t index);
extern const struct group_row group_rows[];
extern const size_t group_count;
extern const struct exit_row exit_rows[];
extern const size_t exit_count;

struct given {
    enum option_id id;
    const char *value; /* "" for a flag */
};

/* A command line, read. Everything in it is borrowed from argv. */
struct parsed {
    const struct command *command; /* NULL when none was named */
    const struct group_row *group; /* when only the first of several words were given */
    struct given *given;
    size_t given_count;
    const char **arguments;
    size_t argument_count;
};

/* Reads argv into cli->parsed. 0, or the exit status of a usage error that was printed. */
int options_parse(struct cli *cli, int argc, char **argv);
/* Whether everything that must be there is. 0, or an exit status; after --help was looked at. */
int options_check(struct cli *cli);
void options_free(struct parsed *parsed);

/* Whether the option is in a list that OPT_NONE ends. */
bool option_listed(const enum option_id *list, enum option_id id);
bool option_is_global(enum option_id id);
/* Whether it may stand behind the command; NULL: before one. */
bool option_taken(const struct command *command, enum option_id id);

/* The last value given, else the environment variable's unless empty, else NULL. */
const char *option_value(const struct parsed *parsed, enum option_id id);
/* The same without looking at the environment. */
bool option_given(const struct parsed *parsed, enum option_id id);
/* The next value of an option that may be given several times; `cursor` begins at 0. NULL: end. */
const char *option_next(const struct parsed *parsed, enum option_id id, size_t *cursor);
/* The index-th argument, or NULL. */
const char *argument_at(const struct parsed *parsed, size_t index);

/* The command that `word` names behind the words of a group (NULL: none yet). NULL when it
 * names none. `group`: the group that it names there, or NULL; it may be both. */
const struct command *command_find(const struct group_row *in, const char *word,
                                   const struct group_row **group);
/* What stands behind a group's words in a name, or NULL when that is of another. NULL: all. */
const char *name_within(const struct group_row *in, const char *name);
/* The group of a command that is one too, or NULL. */
const struct group_row *group_of(const struct command *command);
/* Whether `word` is one of the words of `choices`. */
bool choice_has(const char *choices, const char *word);

#endif
