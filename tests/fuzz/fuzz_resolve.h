/* SPDX-License-Identifier: MIT */
/* One input of the comparison of the resolver with a naive one; also for the control. */
#ifndef ENVRES_TESTS_FUZZ_RESOLVE_H
#define ENVRES_TESTS_FUZZ_RESOLVE_H

#include "naive_template.h"

/* Whether the two differ, the naive one with a fault planted. `says`: print how. */
bool resolve_differs(const uint8_t *data, size_t size, enum naive_fault fault, bool says);

#endif
