/* SPDX-License-Identifier: MIT */
/*
 * A model of the configuration, as small as can be, beside a store in memory: both are given the
 * same changes, chosen by bytes, and must agree after each, in what they answer and in every value
 * of every environment, now and at older revisions.
 */
#ifndef ENVRES_TESTS_MODEL_H
#define ENVRES_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_STEP = 4, MODEL_STEPS_MAX = 60 };

/* Runs the steps that `bytes` stand for: MODEL_STEP bytes each; more than MODEL_STEPS_MAX are left
 * out. NULL: they agree. Else what they disagree about, in a static text. `faulty`: the model
 * forgets what was unset when it restores, for a test of the test. */
const char *model_run(const uint8_t *bytes, size_t len, bool faulty);

#endif
