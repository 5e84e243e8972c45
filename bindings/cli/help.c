/* SPDX-License-Identifier: MIT */
/*
 * Help on the terminal (examples first) and the man page. Every word of both stands in the table of
 * commands; this file only knows how to lay it out, for a terminal of 80 columns and for troff.
 */
#include "help.h"

#include "commands.h"
#include "output.h"

#include <string.h>

enum { WIDTH = 79, COMMAND_HANG = 20, OPTION_HANG = 26 };

static void
begin_line(struct text *out, const char *feeds, size_t indent)
{
    text_puts(out, feeds);
    for (size_t i = 0; i < indent; i++)
        text_puts(out, " ");
}

/* Adds words, wrapped, and a line feed. The line has `column` columns already; those that follow
 * begin at `indent`. An empty line in the words stays one. */
static void
add_wrapped(struct text *out, const char *words, size_t indent, size_t column)
{
    while (*words) {
        size_t len = strcspn(words, " \n");
        text_add(out, words, len);
        column += len;
        words += len;
        bool paragraph = strncmp(words, "\n\n", 2) == 0;
        words += strspn(words, " \n");
        if (!*words)
            break;
        if (paragraph || column + 1 + strcspn(words, " \n") > WIDTH) {
            begin_line(out, paragraph ? "\n\n" : "\n", indent);
            column = indent;
        } else {
            text_puts(out, " ");
            column++;
        }
    }
    text_puts(out, "\n");
}

/* "  left          right, wrapped" */
static void
add_row(struct text *out, size_t hang, const char *left, const char *right)
{
    text_printf(out, "  %s", left);
    size_t column = 2 + strlen(left);
    if (column + 2 > hang) {
        text_puts(out, "\n");
        column = 0;
    }
    for (; column < hang; column++)
        text_puts(out, " ");
    add_wrapped(out, right, hang, hang);
}

static void
add_option_name(struct text *out, const struct option_row *row)
{
    if (row->letter)
        text_printf(out, "-%c, ", row->letter);
    text_printf(out, "--%s", row->name);
    if (row->argument)
        text_printf(out, " %s", row->argument);
}

/* Whether an option is one of the command's own; NULL: one of the global ones. */
static bool
is_of(const struct command *command, size_t i)
{
    enum option_id id = (enum option_id)i;
    return command ? option_listed(command->options, id) : option_is_global(id);
}

static void
add_options(struct text *out, const struct command *command)
{
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (!is_of(command, i))
            continue;
        const struct option_row *row = &option_rows[i];
        struct text left = { 0 };
        struct text right = { 0 };
        add_option_name(&left, row);
        text_puts(&right, row->help);
        if (row->variable)
            text_printf(&right, " (or %s)", row->variable);
        add_row(out, OPTION_HANG, text_get(&left), text_get(&right));
        text_free(&left);
        text_free(&right);
    }
}

static void
add_usage_option(struct text *out, const struct option_row *row, bool required)
{
    text_puts(out, required ? " " : " [");
    if (row->letter)
        text_printf(out, "-%c", row->letter);
    else
        text_printf(out, "--%s", row->name);
    if (row->argument)
        text_printf(out, " %s", row->argument);
    text_printf(out, "%s%s", required ? "" : "]", row->many ? "..." : "");
}

static void
add_usage_arguments(struct text *out, const struct command *command)
{
    for (size_t i = 0; i < 3 && command->arguments[i].name; i++) {
        const struct argument_row *row = &command->arguments[i];
        text_printf(out, row->optional ? " [%s%s]" : " %s%s", row->name, row->many ? "..." : "");
    }
}

void
help_usage(const struct command *command, struct text *out)
{
    text_printf(out, "envres %s", command->name);
    bool program = command->flags & COMMAND_PROGRAM;
    if (!program)
        add_usage_arguments(out, command);
    for (int required = 1; required >= 0; required--) {
        for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
            bool must = option_listed(command->required, (enum option_id)i);
            if (is_of(command, i) && !must == !required)
                add_usage_option(out, &option_rows[i], required);
        }
    }
    if (program) {
        text_puts(out, " --");
        add_usage_arguments(out, command);
    }
}

static const char *
prefix_of(const struct example_row *row)
{
    /* A line that names envres itself (in a pipe, in $()) stands as it is. */
    return strstr(row->line, "envres ") ? "" : "envres ";
}

static void
help_command(const struct command *command, struct text *out)
{
    text_printf(out, "envres %s - %s\n", command->name, command->summary);
    if (command->examples[0].line)
        text_puts(out, "\nExamples:\n");
    for (size_t i = 0; i < 5 && command->examples[i].line; i++) {
        const struct example_row *row = &command->examples[i];
        text_printf(out, "  %s%s", prefix_of(row), row->line);
        text_printf(out, *row->says ? "    # %s\n" : "%s\n", row->says);
    }
    struct text usage = { 0 };
    help_usage(command, &usage);
    text_puts(out, "\nUsage: ");
    add_wrapped(out, text_get(&usage), 7, 7);
    text_free(&usage);
    if (command->details) {
        text_puts(out, "\n");
        add_wrapped(out, command->details, 0, 0);
    }
    if (command->options[0] != OPT_NONE) {
        text_puts(out, "\nOptions:\n");
        add_options(out, command);
    }
    text_puts(out, "\nGlobal options (--store, --key-file, --json, ...): envres --help\n");
}

static void
add_commands(struct text *out, const struct group_row *group)
{
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        if (name_within(group, command->name) && !(command->flags & COMMAND_HIDDEN))
            add_row(out, COMMAND_HANG, command->name, command->summary);
    }
}

static void
help_group(const struct group_row *group, struct text *out)
{
    text_printf(out, "envres %s - %s\n\nExamples:\n", group->name, group->summary);
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        if (name_within(group, command->name))
            text_printf(out, "  envres %s\n", command->examples[0].line);
    }
    text_puts(out, "\nCommands:\n");
    add_commands(out, group);
    text_printf(out, "\n`envres %s COMMAND --help` says more about one.\n", group->name);
}

static void
help_all(struct text *out)
{
    text_puts(out, "envres - variables, secrets and resources for each environment, in one file\n"
                   "\nExamples:\n"
                   "  envres init                                  # envres.db and its key\n"
                   "  envres set API_URL=https://dev.example -e development\n"
                   "  envres set API_KEY --secret -e production    # asks for it, without echo\n"
                   "  envres list                                  # variables x environments\n"
                   "  envres render app.conf.in -e staging -o app.conf\n"
                   "  envres run -e production -- ./server\n"
                   "\nUsage: envres [global options] COMMAND [options] [arguments]\n"
                   "\nCommands:\n");
    add_commands(out, NULL);
    text_puts(out, "\nGlobal options:\n");
    add_options(out, NULL);
    text_puts(out, "\nExit status:\n");
    for (size_t i = 0; i < exit_count; i++) {
        struct text left = { 0 };
        text_printf(&left, "%d", exit_rows[i].status);
        text_printf(out, "  %-4s ", text_get(&left));
        add_wrapped(out, exit_rows[i].says, 7, 7);
        text_free(&left);
    }
    text_puts(out, "\n`envres COMMAND --help` says more about one; `man envres` has it all.\n");
}

void
help_text(const struct parsed *parsed, struct text *out)
{
    if (parsed->command)
        help_command(parsed->command, out);
    else if (parsed->group)
        help_group(parsed->group, out);
    else
        help_all(out);
}

/* ---- the man page ------------------------------------------------------------------------- */

/* Text for troff: nothing in it is a request or an escape, and a dash is the ASCII one. */
static void
add_troff(struct text *out, const char *words)
{
    bool start = true;
    for (const char *at = words; *at; at++) {
        if (strncmp(at, "\n\n", 2) == 0) {
            text_puts(out, "\n.PP\n");
            at++;
            start = true;
            continue;
        }
        if (start && (*at == '.' || *at == '\''))
            text_puts(out, "\\&");
        start = *at == '\n';
        if (*at == '\\')
            text_puts(out, "\\e");
        else if (*at == '-')
            text_puts(out, "\\-");
        else if (*at == '`')
            text_puts(out, "\\(ga");
        else if (*at == '\'')
            text_puts(out, "\\(aq");
        else if (*at == '^')
            text_puts(out, "\\(ha");
        else if (*at == '~')
            text_puts(out, "\\(ti");
        else
            text_add(out, at, 1);
    }
}

static void
man_item(struct text *out, const char *left, const char *right)
{
    text_puts(out, ".TP\n.B ");
    add_troff(out, left);
    text_puts(out, "\n");
    add_troff(out, right);
    text_puts(out, "\n");
}

static void
man_options(struct text *out, const struct command *command)
{
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (!is_of(command, i))
            continue;
        struct text left = { 0 };
        add_option_name(&left, &option_rows[i]);
        man_item(out, text_get(&left), option_rows[i].help);
        text_free(&left);
    }
}

static void
man_command(struct text *out, const struct command *command)
{
    struct text usage = { 0 };
    help_usage(command, &usage);
    text_puts(out, ".SS \"");
    add_troff(out, command->name);
    text_puts(out, "\"\n.B ");
    add_troff(out, text_get(&usage));
    text_puts(out, "\n.PP\n");
    text_free(&usage);
    struct text summary = { 0 };
    text_printf(&summary, "%s.", command->summary);
    summary.data[0] =
        (char)(summary.data[0] >= 'a' && summary.data[0] <= 'z' ? summary.data[0] - 'a' + 'A'
                                                                : summary.data[0]);
    add_troff(out, text_get(&summary));
    text_puts(out, "\n");
    text_free(&summary);
    if (command->details) {
        text_puts(out, ".PP\n");
        add_troff(out, command->details);
        text_puts(out, "\n");
    }
    man_options(out, command);
    text_puts(out, ".PP\n.nf\n.RS 4\n");
    for (size_t i = 0; i < 5 && command->examples[i].line; i++) {
        text_puts(out, prefix_of(&command->examples[i]));
        add_troff(out, command->examples[i].line);
        text_puts(out, "\n");
    }
    text_puts(out, ".RE\n.fi\n");
}

static void
man_variables(struct text *out)
{
    text_puts(out, ".SH ENVIRONMENT\n");
    for (size_t i = OPT_NONE + 1; i < OPT_COUNT_; i++) {
        if (!option_rows[i].variable)
            continue;
        struct text says = { 0 };
        text_printf(&says, "stands in for --%s", option_rows[i].name);
        man_item(out, option_rows[i].variable, text_get(&says));
        text_free(&says);
    }
    man_item(out, "NO_COLOR", "no colours when it is set and not empty");
}

int
cmd_manual(struct cli *cli)
{
    struct text out = { 0 };
    text_printf(&out, ".TH ENVRES 1 \"\" \"libenvres %s\" \"User Commands\"\n", envres_version());
    text_puts(&out, ".SH NAME\nenvres \\- variables, secrets and resources for each environment\n"
                    ".SH SYNOPSIS\n.B envres\n[global options] command [options] [arguments]\n"
                    ".SH DESCRIPTION\n");
    add_troff(
        &out,
        "envres keeps the configuration of an application for each of its environments in one "
        "encrypted file: variables, secrets, and resources such as databases. It renders "
        "templates and runs programs with exactly the values of the environment that is named."
        "\n\nData goes to standard output, messages to standard error. Secrets are masked "
        "unless --reveal is given, and are never arguments. With --json answers and errors are "
        "JSON; an error is {\"error\":{\"code\",\"message\",\"hint\",\"line\",\"column\"}}.\n");
    text_puts(&out, ".SH COMMANDS\n");
    const struct command *command = NULL;
    for (size_t i = 0; (command = command_at(i)); i++) {
        if (!(command->flags & COMMAND_HIDDEN))
            man_command(&out, command);
    }
    text_puts(&out, ".SH \"GLOBAL OPTIONS\"\n");
    man_options(&out, NULL);
    text_puts(&out, ".SH \"EXIT STATUS\"\n");
    for (size_t i = 0; i < exit_count; i++) {
        struct text left = { 0 };
        text_printf(&left, "%d", exit_rows[i].status);
        man_item(&out, text_get(&left), exit_rows[i].says);
        text_free(&left);
    }
    man_variables(&out);
    text_puts(&out, ".SH FILES\n");
    man_item(&out, "envres.db", "the store, looked for in this folder and those above");
    man_item(&out, "envres.db.key", "its key, 32 bytes, mode 0600");
    return out_text(cli, &out);
}
