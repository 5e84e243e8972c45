/* SPDX-License-Identifier: MIT */
/*
 * Readings of the fixture's store for one that is damaged: as scenarios are, but without an opinion
 * of what comes. All that comes is read.
 */
#ifndef ENVRES_TESTS_READINGS_H
#define ENVRES_TESTS_READINGS_H

#include <stddef.h>

#include "../scenarios/scenario.h"

extern const size_t reading_count;

const char *reading_name(size_t nth);
envres_status reading_run(size_t nth, struct fixture *fx);

#endif
