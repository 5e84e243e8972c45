/* SPDX-License-Identifier: MIT */
/*
 * The clock of tests: it stands where it was set. It is read from any thread that calls the
 * library, so it is one atomic number. It does not move by itself, not even by being read.
 */
#include <envres/testing.h>

#include <stdatomic.h>
#include <stdlib.h>

struct envres_testing_clock {
    _Atomic int64_t now;
};

envres_testing_clock *
envres_testing_clock_new(int64_t ms)
{
    envres_testing_clock *clock = malloc(sizeof(*clock));
    if (clock)
        atomic_init(&clock->now, ms);
    return clock;
}

void
envres_testing_clock_free(envres_testing_clock *clock)
{
    free(clock);
}

void
envres_testing_clock_set(envres_testing_clock *clock, int64_t ms)
{
    atomic_store(&clock->now, ms);
}

void
envres_testing_clock_step(envres_testing_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->now, ms);
}

int64_t
envres_testing_clock_read(void *clock)
{
    envres_testing_clock *self = clock;
    return atomic_load(&self->now);
}
