/* SPDX-License-Identifier: MIT */
/*
 * The clock, and the fork counter. The counter is global because a fork is: it concerns the whole
 * process. The child handler does nothing but count, which is safe in any thread's fork.
 */
#include "base/clock.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "base/status.h"

volatile uint32_t fork_count;

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int fork_result;

static int64_t
system_now(void *user)
{
    (void)user;
    struct timespec t;
    if (clock_gettime(CLOCK_REALTIME, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const struct clock clock_system = { system_now, NULL };

int64_t
clock_now(const struct clock *clock)
{
    return clock->now(clock->user);
}

static void
count_fork(void)
{
    fork_count++;
}

static void
install_handler(void)
{
    fork_result = pthread_atfork(NULL, NULL, count_fork);
}

envres_status
fork_watch(envres_error *err)
{
    pthread_once(&fork_once, install_handler);
    if (fork_result != 0)
        return err_code(err, ENVRES_E_NOMEM);
    return ENVRES_OK;
}

envres_status
fork_refuse(envres_error *err)
{
    envres_status st = err_code(err, ENVRES_E_FORKED);
    err_hint(err, "open the store again in the child; it shares no handle with its parent");
    return st;
}
