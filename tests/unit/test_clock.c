/* SPDX-License-Identifier: MIT */
/* The clock hook, the system's clock, and what a fork does to what was made before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static int64_t
fixed_now(void *user)
{
    return *(int64_t *)user;
}

static void
test_hook(void **state)
{
    (void)state;
    int64_t when = 1700000000123;
    struct clock clock = { fixed_now, &when };
    assert_true(clock_now(&clock) == when);
    when = -1;
    assert_true(clock_now(&clock) == -1);
}

static void
test_system_clock(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000;
    int64_t now = clock_now(&clock_system);
    int64_t after = ((int64_t)time(NULL) + 2) * 1000;
    assert_true(before <= now && now <= after);
}

/* Bits: what was made before the fork is refused (1), with code (2) and a hint (4), what is made in
 * the child is good there (8) and not in a child of its own (16). */
static int
look_from_child(uint32_t made)
{
    envres_error *err = envres_error_new(NULL);
    int found = 0;
    if (fork_check(made, err) == ENVRES_E_FORKED)
        found |= 1;
    if (envres_error_code(err) == ENVRES_E_FORKED)
        found |= 2;
    if (envres_error_hint(err)[0])
        found |= 4;
    uint32_t made_here = fork_count;
    if (fork_check(made_here, err) == ENVRES_OK)
        found |= 8;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fork_check(made_here, NULL) == ENVRES_E_FORKED ? 1 : 0);
    int status = 0;
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        found |= WEXITSTATUS(status) << 4;
    envres_error_free(err);
    return found;
}

static void
test_fork(void **state)
{
    (void)state;
    assert_int_equal(fork_watch(NULL), ENVRES_OK);
    uint32_t made = fork_count;
    assert_int_equal(fork_check(made, NULL), ENVRES_OK);
    pid_t pid = fork();
    if (pid == 0)
        _exit(look_from_child(made));
    assert_true(pid > 0);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 31);
    assert_int_equal(fork_check(made, NULL), ENVRES_OK);
}

static void *
watch_in_thread(void *user)
{
    (void)user;
    return fork_watch(NULL) == ENVRES_OK ? NULL : (void *)1;
}

/* However often it is asked for, the handler counts a fork once. */
static void
test_watch_is_installed_once(void **state)
{
    (void)state;
    pthread_t threads[8];
    void *failed = NULL;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, watch_in_thread, NULL), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    uint32_t before = fork_count;
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)(fork_count - before));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_int_equal(fork_count, before);
}

static void
test_text(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01 00:00:00 UTC" },
        { -1, "1970-01-01 00:00:00 UTC" },
        { 951782400000, "2000-02-29 00:00:00 UTC" },
        { 951868799999, "2000-02-29 23:59:59 UTC" },
        { 1700000000000, "2023-11-14 22:13:20 UTC" },
        { 4107542400000, "2100-03-01 00:00:00 UTC" },
        { 253402300799999, "9999-12-31 23:59:59 UTC" },
        { INT64_MAX, "9999-12-31 23:59:59 UTC" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CLOCK_TEXT];
        clock_text(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hook),
        cmocka_unit_test(test_system_clock),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_watch_is_installed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
