/* SPDX-License-Identifier: MIT */
/*
 * envres, the command line: the shell's binding of the library. It reads the arguments by the table
 * of commands, opens what the command needs, and ends with the status that tells how it went.
 */
#include "cli.h"
#include "help.h"
#include "opening.h"
#include "output.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
may_color(const struct cli *cli, int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    return !option_given(&cli->parsed, OPT_NO_COLOR) && !(no_color && *no_color) && !dumb &&
           isatty(fd);
}

static int
print_version(struct cli *cli)
{
    struct text out = { 0 };
    text_printf(&out, "envres %s (library %s)\n", ENVRES_CLI_VERSION, envres_version());
    return out_text(cli, &out);
}

static int
print_help(struct cli *cli)
{
    struct text out = { 0 };
    help_text(&cli->parsed, &out);
    return out_text(cli, &out);
}

static int
run(struct cli *cli, int argc, char **argv)
{
    int status = options_parse(cli, argc, argv);
    cli->quiet = option_given(&cli->parsed, OPT_QUIET);
    cli->yes = option_given(&cli->parsed, OPT_YES);
    cli->no_input = option_given(&cli->parsed, OPT_NO_INPUT);
    cli->color_out = may_color(cli, STDOUT_FILENO);
    cli->color_err = may_color(cli, STDERR_FILENO);
    if (status)
        return status;
    if (option_given(&cli->parsed, OPT_HELP))
        return print_help(cli);
    /* A command that does nothing must not look as if it had done what was meant. */
    if (option_given(&cli->parsed, OPT_VERSION) && cli->parsed.command &&
        cli->parsed.argument_count > 0)
        return fail_usage(cli, "alone it prints the version of the program",
                          "'%s' takes no --version", cli->parsed.command->name);
    if (option_given(&cli->parsed, OPT_VERSION))
        return print_version(cli);
    status = options_check(cli);
    return status ? status : cli->parsed.command->run(cli);
}

/* Where one of the three descriptors is closed, the next file that is opened would take its number,
 * and messages would go into that file. What stands in for them fails as a closed one would. */
static bool
hold_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct cli cli = { 0 };
    if (!hold_descriptors())
        return 8;
    setlocale(LC_CTYPE, ""); /* only for the width of characters in tables */
    cli.err = envres_error_new(NULL);
    if (!cli.err) {
        fprintf(stderr, "envres: out of memory\n");
        return 8;
    }
    int status = run(&cli, argc, argv);
    open_close(&cli);
    options_free(&cli.parsed);
    envres_error_free(cli.err);
    return status;
}
