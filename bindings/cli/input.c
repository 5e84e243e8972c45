/* SPDX-License-Identifier: MIT */
/*
 * Files, standard input, and a person at the terminal.
 *
 * Secrets are read from /dev/tty with echo off, which is put back whatever happens, also on Ctrl-C.
 * A confirmation needs a person on both ends: standard input and standard error are terminals;
 * a script answers with --yes. Nothing is asked under --no-input.
 */
#include "input.h"

#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* More than any text that the library takes (a template of 16 MiB), so that its own message about
 * the limit is the one that is seen. */
enum { INPUT_MAX = 20 * 1024 * 1024, CHUNK = 64 * 1024 };

int
input_descriptor(struct cli *cli, int fd, const char *name, struct text *out)
{
    char *chunk = memory_take(CHUNK);
    int status = 0;
    for (;;) {
        ssize_t got = read(fd, chunk, CHUNK);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status =
                fail_code(cli, ENVRES_E_IO, NULL, "%s cannot be read: %s", name, strerror(errno));
        if (got <= 0)
            break;
        text_add(out, chunk, (size_t)got);
        if (out->len > INPUT_MAX) {
            status = fail_code(cli, ENVRES_E_LIMIT,
                               "a value has at most 1 MiB, a template or a part 16 MiB",
                               "%s is too long", name);
            break;
        }
    }
    memory_wipe_free(chunk, CHUNK);
    if (status)
        text_free(out);
    return status;
}

int
input_file(struct cli *cli, const char *path, struct text *out)
{
    if (strcmp(path, "-") == 0)
        return input_descriptor(cli, STDIN_FILENO, "standard input", out);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_code(cli, errno == ENOENT ? ENVRES_E_NOT_FOUND : ENVRES_E_IO, NULL,
                         "'%s' cannot be read: %s", path, strerror(errno));
    int status = input_descriptor(cli, fd, path, out);
    close(fd);
    return status;
}

int
input_value(struct cli *cli, const char *what, bool secret, struct text *out)
{
    bool terminal = isatty(STDIN_FILENO);
    if (terminal && secret) {
        struct text question = { 0 };
        text_printf(&question, "%s (not shown): ", what);
        int status = input_secret(cli, text_get(&question),
                                  "give it on standard input, or with --from-file", out);
        text_free(&question);
        return status;
    }
    if (terminal && cli->no_input)
        return fail_usage(cli, "write NAME=VALUE, or give it on standard input",
                          "there is no value for %s", what);
    if (terminal)
        out_note(cli, "type the value of %s; Ctrl-D at the beginning of a line ends it", what);
    int status = input_descriptor(cli, STDIN_FILENO, "standard input", out);
    bool keep = option_given(&cli->parsed, OPT_RAW);
    if (status == 0 && !keep && out->len > 0 && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    return status;
}

/* ---- the terminal ------------------------------------------------------------------------- */

bool
input_can_ask(const struct cli *cli)
{
    if (cli->no_input || !isatty(STDERR_FILENO))
        return false;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int
print_to(int fd, const char *words)
{
    size_t len = strlen(words);
    return write(fd, words, len) == (ssize_t)len ? 0 : -1;
}

/* One line, without its line feed. -1: the end came first, or a signal. */
static int
read_line(int fd, struct text *out)
{
    char byte = 0;
    for (;;) {
        ssize_t got = read(fd, &byte, 1);
        if (got <= 0)
            return -1;
        if (byte == '\n')
            return 0;
        if (out->len >= INPUT_MAX)
            return -1;
        text_add(out, &byte, 1);
    }
}

/* A signal that arrives while echo is off: noted here, raised again when echo is back on. */
static volatile sig_atomic_t caught;

static void
note_signal(int number)
{
    caught = number;
}

static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };

enum { ENDING = sizeof(ending) / sizeof(ending[0]) };

static int
read_hidden(int fd, struct text *out)
{
    struct termios shown;
    struct sigaction before[ENDING];
    struct sigaction noted = { .sa_handler = note_signal }; /* no SA_RESTART: the read ends */
    if (tcgetattr(fd, &shown) != 0)
        return -1;
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    caught = 0;
    sigemptyset(&noted.sa_mask);
    for (size_t i = 0; i < ENDING; i++)
        sigaction(ending[i], &noted, &before[i]);
    int result = tcsetattr(fd, TCSAFLUSH, &hidden) == 0 ? read_line(fd, out) : -1;
    tcsetattr(fd, TCSAFLUSH, &shown);
    for (size_t i = 0; i < ENDING; i++)
        sigaction(ending[i], &before[i], NULL);
    if (caught)
        raise(caught);
    return result;
}

int
input_secret(struct cli *cli, const char *question, const char *hint, struct text *out)
{
    int fd = cli->no_input || !isatty(STDERR_FILENO)
                 ? -1
                 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_usage(cli, hint, "a secret is wanted, and there is no terminal to ask on");
    int result = print_to(fd, question);
    if (result == 0)
        result = read_hidden(fd, out);
    close(fd);
    if (result == 0)
        return 0;
    text_free(out);
    return fail_usage(cli, NULL, "nothing was typed; nothing was done");
}

static bool
is_typed_back(const char *name, const char *act)
{
    struct text line = { 0 };
    struct text question = { 0 };
    text_printf(&question, "%s is protected. Type %s to %s: ", name, name, act);
    bool same = print_to(STDERR_FILENO, text_get(&question)) == 0 &&
                read_line(STDIN_FILENO, &line) == 0 && strcmp(text_get(&line), name) == 0;
    text_free(&line);
    text_free(&question);
    return same;
}

static int
confirm(struct cli *cli, const char *name, const char *act)
{
    if (cli->yes)
        return 0;
    if (cli->no_input || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return fail_confirm(cli, "--yes says yes",
                            "%s is protected, and nobody can be asked whether to %s", name, act);
    if (!is_typed_back(name, act))
        return fail_confirm(cli, NULL, "not confirmed; nothing was done");
    return 0;
}

int
input_confirm_environment(struct cli *cli, const char *environment, const char *act)
{
    envres_list *row = NULL;
    if (envres_environment_describe(cli->session, environment, ENVRES_NUL_TERMINATED, &row,
                                    cli->err) < 0)
        return fail_library(cli);
    bool is_protected = envres_list_integer(row, 0, ENVRES_ENVIRONMENT_PROTECTED) != 0;
    envres_list_free(row);
    return is_protected ? confirm(cli, environment, act) : 0;
}
