/* SPDX-License-Identifier: MIT */
/*
 * The clock, and the fork counter. The counter is global because a fork is: it concerns the whole
 * process. The child handler does nothing but count, which is safe in any thread's fork.
 */
#include "base/clock.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
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

/* Days since 1970 as a date of the Gregorian calendar, in eras of 400 years from 1 March 0000. */
static void
date_of(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t counted = (5 * of_year + 2) / 153; /* months from March */
    *day = (int)(of_year - (153 * counted + 2) / 5 + 1);
    *month = (int)(counted < 10 ? counted + 3 : counted - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

void
clock_text(int64_t ms, char out[CLOCK_TEXT])
{
    static const int64_t first = 0;
    static const int64_t last = INT64_C(253402300799999); /* the end of 9999 */
    int64_t seconds = (ms < first ? first : ms > last ? last : ms) / 1000;
    int year = 0;
    int month = 0;
    int day = 0;
    date_of(seconds / 86400, &year, &month, &day);
    snprintf(out, CLOCK_TEXT, "%04d-%02d-%02d %02d:%02d:%02d UTC", year % 10000, month % 100,
             day % 100, (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60), (int)(seconds % 60));
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
