/* SPDX-License-Identifier: MIT */
/* Random numbers that a seed gives again: xorshift, 64 bits. The state must not be 0. */
#ifndef ENVRES_TESTS_RANDOM_H
#define ENVRES_TESTS_RANDOM_H

#include <stdint.h>

static inline uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
