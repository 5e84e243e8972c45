/* SPDX-License-Identifier: MIT */
/*
 * Killed processes: a child changes a store and says through a pipe what was acknowledged; after
 * some of that it is killed with SIGKILL, wherever it is just then. What was acknowledged is there,
 * at most one change more is, and the store verifies. The next child goes on with the same file.
 *
 *     test_kill [--kills N] [--seed N]
 *
 * A control goes first: a child that says so before it has done it must be caught.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../random.h"
#include "../scenarios/scenario.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { VERIFY_EACH = 16, ACKS_MAX = 12, SPIN_MAX = 200000, FINDINGS_MAX = 5 };

static char folder[64] = "/tmp/envres-kill-XXXXXX";
static char path[96];
static uint64_t random_state;
static int failures;

static struct fixture
usual(void)
{
    struct fixture fx = { .path = path };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

/* ---- the child ------------------------------------------------------------------------------ */

/* Two values that must never be seen apart, one of them sealed as a secret. */
static envres_status
count_up(struct fixture *fx, int32_t number)
{
    char text[16];
    envres_variable_write writes[2] = {
        { .size = sizeof(writes[0]),
          .name = "COUNT",
          .name_len = TEXT,
          .value = text,
          .value_len = TEXT,
          .type = ENVRES_TYPE_STRING },
        { .size = sizeof(writes[0]),
          .flags = ENVRES_WRITE_SECRET,
          .name = "COUNT_SECRET",
          .name_len = TEXT,
          .value = text,
          .value_len = TEXT,
          .type = ENVRES_TYPE_STRING },
    };
    snprintf(text, sizeof(text), "%d", number);
    return envres_variable_put_many(fx->session, "development", TEXT, writes, 2, NULL, NULL,
                                    fx->err);
}

/* Counts up from `from` until it is killed. */
static void
run_child(int pipe_out, int32_t from, bool early)
{
    struct fixture fx = usual();
    bool good = fixture_open(&fx) == ENVRES_OK;
    for (int32_t number = from; good; number++) {
        good = (!early || write(pipe_out, &number, sizeof(number)) == sizeof(number)) &&
               count_up(&fx, number) == ENVRES_OK &&
               (early || write(pipe_out, &number, sizeof(number)) == sizeof(number));
    }
    fprintf(stderr, "child: %s\n", envres_error_message(fx.err));
    _exit(1);
}

/* ---- the parent ----------------------------------------------------------------------------- */

/* Lets a child work, kills it, and gives the last number that it acknowledged; -1: it failed. */
static int32_t
kill_one(int32_t from, bool early)
{
    int ends[2];
    int32_t last = from - 1;
    int status = 0;
    uint64_t acks = next_random(&random_state) % ACKS_MAX + 1;
    if (pipe(ends) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], from, early);
    }
    close(ends[1]);
    for (uint64_t i = 0; i < acks && child > 0; i++) {
        if (read(ends[0], &last, sizeof(last)) != sizeof(last))
            break;
    }
    /* A stretch of time that is not the same each time, without a clock. */
    for (volatile uint64_t spin = next_random(&random_state) % SPIN_MAX; spin > 0; spin--)
        ;
    if (child > 0)
        kill(child, SIGKILL);
    int32_t more = 0;
    while (read(ends[0], &more, sizeof(more)) == sizeof(more))
        last = more;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? last : -1;
}

/* The number in the store; -1 when the two values differ or one cannot be read. */
static int32_t
read_number(struct fixture *fx, const char *text)
{
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    int32_t number = -1;
    if (envres_scope_open(fx->session, "development", TEXT, NULL, &scope, fx->err) == ENVRES_OK &&
        envres_scope_expand(scope, text, TEXT, 0, 0, &value, fx->err) == ENVRES_OK)
        number = (int32_t)strtol(envres_value_data(value, NULL), NULL, 10);
    envres_value_free(value);
    envres_scope_unref(scope);
    return number;
}

/* What is there after a kill: `acknowledged`, or one more. Gives it. */
static int32_t
look(int32_t acknowledged, unsigned long kill)
{
    struct fixture fx = usual();
    int32_t plain = -1;
    int32_t secret = -1;
    const char *wrong = NULL;
    if (fixture_open(&fx) == ENVRES_OK) {
        plain = read_number(&fx, "<< environment.variables.COUNT >>");
        secret = read_number(&fx, "<< environment.variables.COUNT_SECRET >>");
    }
    if (plain < 0)
        wrong = envres_error_message(fx.err);
    else if (plain != secret)
        wrong = "one of two values that were written together";
    else if (plain < acknowledged)
        wrong = "an acknowledged change is lost";
    else if (plain > acknowledged + 1)
        wrong = "a change that was never begun";
    else if (kill % VERIFY_EACH == 0 && fixture_verify(&fx) != 0)
        wrong = "verify";
    if (wrong) {
        fprintf(stderr, "kill %lu: acknowledged %d, found %d and %d: %s\n", kill, acknowledged,
                plain, secret, wrong);
        failures++;
    }
    fixture_close(&fx);
    return plain;
}

static unsigned long
run_kills(unsigned long kills, bool early)
{
    int32_t number = 1;
    unsigned long done = 0;
    while (done < kills && failures < FINDINGS_MAX && number > 0) {
        int32_t last = kill_one(number, early);
        if (last < 0) {
            fprintf(stderr, "kill %lu: the child failed by itself\n", done);
            failures++;
            break;
        }
        number = look(last, done++) + 1;
    }
    return done;
}

static bool
make_store(void)
{
    struct fixture fx = usual();
    bool good = fixture_make(&fx) == ENVRES_OK && count_up(&fx, 0) == ENVRES_OK;
    if (!good)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    return good;
}

int
main(int argc, char **argv)
{
    unsigned long kills = 100;
    uint64_t seed = 1;
    char journal[112];
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0)
            kills = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    random_state = seed * 2654435761u + 88172645463325252u;
    umask(077);
    bool ready = mkdtemp(folder) != NULL;
    snprintf(path, sizeof(path), "%s/store.db", folder);
    snprintf(journal, sizeof(journal), "%s-journal", path);
    ready = ready && make_store();
    if (ready) {
        unsigned long control = run_kills(200, true);
        ready = failures > 0;
        printf("control: %d of 1 caught, after %lu kills\n", ready, control);
        failures = 0;
    }
    unsigned long done = ready ? run_kills(kills, false) : 0;
    unlink(path);
    unlink(journal);
    rmdir(folder);
    ready = ready && failures == 0 && done == kills;
    printf("killed: %lu of seed %llu\n%d passed, %d failed\n", done, (unsigned long long)seed,
           ready, !ready);
    return ready ? 0 : 1;
}
