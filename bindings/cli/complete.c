/* SPDX-License-Identifier: MIT */
/*
 * Completion. The scripts for the shells are small: they hand the words typed so far to
 * `envres __complete -- WORDS`, whose last word is the one to complete, and show what it prints: a
 * candidate, a tab, and what it means, on each line. A line ":file" or ":program" hands
 * over to the shell. The rest is the table of commands; names come out of the store when it opens
 * without a question. A failure completes less, and says nothing.
 */
#include "commands.h"

#include "opening.h"
#include "output.h"
#include "versions.h"

#include <stdlib.h>
#include <string.h>

struct completion {
    struct cli *cli;
    const char *word;   /* to be completed */
    const char *prefix; /* what stands before it in the same word: "--env=" */
    size_t prefix_len;
    const char *app;     /* the first argument, which is one where its names are wanted; or --app */
    const char *version; /* of --version, or NULL */
    struct text out;
};

static void
candidate(struct completion *completion, const char *name, const char *says)
{
    if (strncmp(name, completion->word, strlen(completion->word)) != 0)
        return;
    text_add(&completion->out, completion->prefix, completion->prefix_len);
    text_puts(&completion->out, name);
    if (says && *says)
        text_printf(&completion->out, "\t%s", says);
    text_puts(&completion->out, "\n");
}

/* ---- names out of the store ---------------------------------------------------------------- */

/* What belongs to an app. */
static envres_status
read_names_of_app(const struct completion *completion, enum completes what, envres_list **list)
{
    struct cli *cli = completion->cli;
    const char *app = completion->app ? completion->app : "";
    if (what == COMPLETE_TAG)
        return envres_release_list(cli->session, app, ENVRES_NUL_TERMINATED, list, cli->err);
    envres_version_name name = version_named(app, completion->version);
    return what == COMPLETE_PART ? envres_part_list(cli->session, &name, list, cli->err)
                                 : envres_version_list(cli->session, app, ENVRES_NUL_TERMINATED,
                                                       NULL, 0, 0, list, cli->err);
}

/* `says`: the column that explains a name, 0: none. */
static envres_status
read_names(const struct completion *completion, enum completes what, envres_list **list,
           uint32_t *says)
{
    static const uint32_t explaining[] = { [COMPLETE_ENVIRONMENT] = ENVRES_ENVIRONMENT_LABEL,
                                           [COMPLETE_VARIABLE] = ENVRES_VARIABLE_TYPE,
                                           [COMPLETE_RESOURCE] = ENVRES_RESOURCE_KIND,
                                           [COMPLETE_APP] = ENVRES_APP_LIVE_TAG,
                                           [COMPLETE_APP_VERSION] = ENVRES_VERSION_STATE,
                                           [COMPLETE_PART] = 0,
                                           [COMPLETE_TAG] = ENVRES_RELEASE_VERSION,
                                           [COMPLETE_PRINCIPAL] = ENVRES_PRINCIPAL_ROLE };
    struct cli *cli = completion->cli;
    if (what == COMPLETE_KIND)
        return envres_kind_list(NULL, list, cli->err);
    if (open_quietly(cli) != 0)
        return ENVRES_E_KEY;
    *says = explaining[what];
    if (what == COMPLETE_ENVIRONMENT)
        return envres_environment_list(cli->session, list, cli->err);
    if (what == COMPLETE_VARIABLE)
        return envres_variable_list(cli->session, NULL, 0, 0, list, cli->err);
    if (what == COMPLETE_RESOURCE)
        return envres_resource_list(cli->session, list, cli->err);
    if (what == COMPLETE_PRINCIPAL)
        return envres_principal_list(cli->session, list, cli->err);
    return what == COMPLETE_APP ? envres_app_list(cli->session, list, cli->err)
                                : read_names_of_app(completion, what, list);
}

/* Whether a row of a list stands for a name of its own: a tag is given by one of its records. */
static bool
is_name(const envres_list *list, size_t row, enum completes what)
{
    const char *kind =
        what == COMPLETE_TAG ? envres_list_text(list, row, ENVRES_RELEASE_KIND, NULL) : NULL;
    return what != COMPLETE_TAG || (kind && strcmp(kind, "release") == 0);
}

/* But for releases the name is in the first column, and the rows of a name stand together. */
static void
complete_names(struct completion *completion, enum completes what)
{
    envres_list *list = NULL;
    uint32_t column = 0;
    if (read_names(completion, what, &list, &column) < 0)
        return;
    const char *last = "";
    for (size_t row = 0; row < envres_list_count(list); row++) {
        const char *name = envres_list_text(
            list, row, what == COMPLETE_TAG ? (uint32_t)ENVRES_RELEASE_TAG : 0, NULL);
        const char *says = column ? envres_list_text(list, row, column, NULL) : NULL;
        if (!name || !is_name(list, row, what))
            continue;
        if (strcmp(name, last) != 0)
            candidate(completion, name, says);
        last = name;
    }
    envres_list_free(list);
}

static void
complete_choices(struct completion *completion, const char *choices)
{
    for (const char *at = choices; at && *at;) {
        size_t len = strcspn(at, " ");
        char *word = memory_copy(at, len);
        candidate(completion, word, NULL);
        free(word);
        at += len + (at[len] ? 1 : 0);
    }
}

static void
complete_value(struct completion *completion, enum completes what, const char *choices)
{
    if (what == COMPLETE_FILE)
        text_puts(&completion->out, ":file\n");
    else if (what == COMPLETE_PROGRAM)
        text_puts(&completion->out, ":program\n");
    else if (what == COMPLETE_CHOICES)
        complete_choices(completion, choices);
    else if (what != COMPLETE_NOTHING)
        complete_names(completion, what);
}

/* ---- what may stand here ------------------------------------------------------------------- */

/* The words before the one to complete, read as far as they go. */
struct typed {
    const struct command *command;
    const struct group_row *group;
    size_t arguments;
    const char *first;                /* the first of them */
    const char *version;              /* of --version V */
    const char *app;                  /* of --app APP */
    const struct option_row *waiting; /* an option whose value comes next */
    bool plain;                       /* behind -- */
    bool lost;                        /* there is no such command */
};

static const struct option_row *
find_option(const struct typed *typed, const char *word, size_t len)
{
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        const struct option_row *row = &option_rows[i];
        bool letter = len == 2 && word[0] == '-' && word[1] == row->letter && row->letter;
        bool name = len == strlen(row->name) + 2 && strncmp(word, "--", 2) == 0 &&
                    memcmp(word + 2, row->name, len - 2) == 0;
        if (option_taken(typed->command, (enum option_id)i) && (letter || name))
            return row;
    }
    return NULL;
}

/* --store, --key-file and --workspace typed before decide where names come from. */
static void
take_option(struct typed *typed, const struct option_row *row, const char *value)
{
    if (row == &option_rows[OPT_OF_VERSION])
        typed->version = value;
    if (row == &option_rows[OPT_APP])
        typed->app = value;
    if (row->variable && row != &option_rows[OPT_ENV])
        setenv(row->variable, value, 1);
}

/* The second word of a command that is a group too. */
static bool
read_second(struct typed *typed, const char *word)
{
    const struct group_row *in = group_of(typed->command);
    const struct group_row *group = NULL;
    if (!in || typed->plain || typed->arguments > 0)
        return false;
    const struct command *command = command_find(in, word, &group);
    typed->command = command ? command : typed->command;
    return command != NULL;
}

static void
read_word(struct typed *typed, const char *word)
{
    if (typed->waiting && strcmp(word, "=") == 0) {
        return; /* bash makes three words of --env=staging */
    } else if (typed->waiting) {
        take_option(typed, typed->waiting, word);
        typed->waiting = NULL;
    } else if (!typed->plain && strcmp(word, "--") == 0) {
        typed->plain = true;
    } else if (!typed->plain && word[0] == '-' && word[1]) {
        const struct option_row *row = find_option(typed, word, strcspn(word, "="));
        const char *equals = strchr(word, '=');
        if (row && row->argument && equals)
            take_option(typed, row, equals + 1);
        typed->waiting = row && row->argument && !equals ? row : NULL;
    } else if (typed->command && read_second(typed, word)) {
        return;
    } else if (typed->command) {
        typed->first = typed->arguments++ == 0 ? word : typed->first;
        typed->plain = typed->plain || typed->command->flags & COMMAND_PROGRAM;
    } else {
        const struct group_row *group = NULL;
        typed->command = command_find(typed->group, word, &group);
        typed->group = typed->command ? NULL : group;
        typed->lost = typed->lost || (!typed->command && !typed->group);
    }
}

static void
complete_command(struct completion *completion, const struct group_row *group)
{
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        const char *name = name_within(group, command->name);
        if (name && !strchr(name, ' ') && !(command->flags & COMMAND_HIDDEN))
            candidate(completion, name, command->summary);
    }
    for (size_t i = 0; i < group_count; i++) {
        const char *name = name_within(group, group_rows[i].name);
        const struct group_row *same = NULL;
        if (name && !strchr(name, ' ') && !command_find(group, name, &same))
            candidate(completion, name, group_rows[i].summary);
    }
}

static void
complete_option(struct completion *completion, const struct typed *typed)
{
    const char *equals = strchr(completion->word, '=');
    if (equals) {
        completion->prefix = completion->word;
        completion->prefix_len = (size_t)(equals - completion->word) + 1;
        completion->word = equals + 1;
        const struct option_row *row =
            find_option(typed, completion->prefix, completion->prefix_len - 1);
        if (row)
            complete_value(completion, row->completes, row->choices);
        return;
    }
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        struct text name = { 0 };
        text_printf(&name, "--%s", option_rows[i].name);
        /* A global option that the command's own one stands before is not named twice. */
        if (!option_taken(typed->command, (enum option_id)i) ||
            find_option(typed, text_get(&name), name.len) != &option_rows[i]) {
            text_free(&name);
            continue;
        }
        candidate(completion, text_get(&name), option_rows[i].help);
        text_free(&name);
    }
}

static void
complete_argument(struct completion *completion, const struct typed *typed)
{
    const struct argument_row *rows = typed->command->arguments;
    size_t last = 0;
    while (last < 2 && rows[last + 1].name)
        last++;
    if (!rows[0].name || (typed->arguments > last && !rows[last].many))
        return;
    const struct argument_row *row = &rows[typed->arguments > last ? last : typed->arguments];
    complete_value(completion, row->completes, row->choices);
}

/* Arguments, and the second words where the command is a group too. */
static void
complete_behind(struct completion *completion, const struct typed *typed)
{
    bool first = !typed->plain && typed->arguments == 0;
    const struct group_row *group = first ? group_of(typed->command) : NULL;
    complete_argument(completion, typed);
    if (group)
        complete_command(completion, group);
}

static void
complete_word(struct completion *completion, const struct typed *typed)
{
    if (typed->lost)
        return;
    if (typed->waiting)
        complete_value(completion, typed->waiting->completes, typed->waiting->choices);
    else if (!typed->plain && completion->word[0] == '-')
        complete_option(completion, typed);
    else if (typed->command)
        complete_behind(completion, typed);
    else
        complete_command(completion, typed->group);
}

int
cmd_candidates(struct cli *cli)
{
    size_t count = cli->parsed.argument_count;
    struct typed typed = { 0 };
    struct completion completion = { .cli = cli, .word = "", .prefix = "" };
    for (size_t i = 0; i + 1 < count; i++)
        read_word(&typed, argument_at(&cli->parsed, i));
    if (count > 0)
        completion.word = argument_at(&cli->parsed, count - 1);
    completion.app = typed.app ? typed.app : typed.first;
    completion.version = typed.version;
    complete_word(&completion, &typed);
    return out_text(cli, &completion.out);
}

/* ---- the scripts --------------------------------------------------------------------------- */

static const char bash_script[] =
    "_envres() {\n"
    "    local line words=() word kind=\n"
    "    local i=1 current=${COMP_WORDS[COMP_CWORD]}\n"
    "    for ((; i <= COMP_CWORD; i++)); do words+=(\"${COMP_WORDS[i]}\"); done\n"
    "    [ \"$current\" = '=' ] && words[-1]= && current=\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :*) kind=${line#:} ;;\n"
    "        *) word=${line%%$'\\t'*}; COMPREPLY+=(\"$word\") ;;\n"
    "        esac\n"
    "    done < <(\"${COMP_WORDS[0]}\" --no-input __complete -- \"${words[@]}\" 2>/dev/null)\n"
    "    case $kind in\n"
    "    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "
    "\"$current\") ;;\n"
    "    program) mapfile -t COMPREPLY < <(compgen -c -- \"$current\") ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _envres envres\n";

static const char zsh_script[] =
    "#compdef envres\n"
    "_envres() {\n"
    "    local line kind=\n"
    "    local -a found\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        :*) kind=${line#:} ;;\n"
    "        *$'\\t'*) found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
    "        *) found+=(\"${line//:/\\\\:}\") ;;\n"
    "        esac\n"
    "    done < <(\"${words[1]}\" --no-input __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    case $kind in\n"
    "    file) _files ;;\n"
    "    program) _command_names -e ;;\n"
    "    *) (( ${#found} )) && _describe envres found ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] == _envres ]]; then # loaded from a folder of $fpath\n"
    "    _envres \"$@\"\n"
    "else\n"
    "    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
    "    compdef _envres envres\n"
    "fi\n";

static const char fish_script[] =
    "function __envres_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    set -l program $words[1]\n"
    "    set -e words[1]\n"
    "    set -l lines ($program --no-input __complete -- $words 2>/dev/null)\n"
    "    switch \"$lines[1]\"\n"
    "        case ':file'\n"
    "            __fish_complete_path (commandline -ct)\n"
    "        case ':program'\n"
    "            __fish_complete_command\n"
    "        case '*'\n"
    "            printf '%s\\n' $lines\n"
    "    end\n"
    "end\n"
    "complete -c envres -f -a '(__envres_complete)'\n";

int
cmd_completion(struct cli *cli)
{
    const char *shell = argument_at(&cli->parsed, 0);
    const char *script = strcmp(shell, "bash") == 0  ? bash_script
                         : strcmp(shell, "zsh") == 0 ? zsh_script
                                                     : fish_script;
    return out_write(cli, script, strlen(script));
}
