/* SPDX-License-Identifier: MIT */
/* The clock hook, and the fork counter: the one global of the library (besides the arena registry).
 */
#ifndef ENVRES_BASE_CLOCK_H
#define ENVRES_BASE_CLOCK_H

#include <stdint.h>

#include <envres/error.h>

struct clock {
    int64_t (*now)(void *user); /* ms since 1970 UTC */
    void *user;
};

extern const struct clock clock_system;

int64_t clock_now(const struct clock *clock);

/* "2026-11-21 19:04:59 UTC" for ms since 1970; times before 1970 and after 9999 are cut. */
enum { CLOCK_TEXT = 32 };
void clock_text(int64_t ms, char out[CLOCK_TEXT]);

/* Number of forks this process has gone through as a child; compared with the number kept when an
 * object was made. Bumped by the atfork child handler that fork_watch() installs once. */
extern volatile uint32_t fork_count;

/* Installs the handler; any thread, any number of times. 0, or NOMEM. */
envres_status fork_watch(envres_error *err);

envres_status fork_refuse(envres_error *err);

/* E_FORKED when `made` is not today's count. Inline: resolving does it at every call. */
static inline envres_status
fork_check(uint32_t made, envres_error *err)
{
    return made == fork_count ? ENVRES_OK : fork_refuse(err);
}

#endif
