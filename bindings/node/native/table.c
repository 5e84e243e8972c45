/* SPDX-License-Identifier: MIT */
/*
 * What each function of the library takes and gives, as bindings/node/generate.py writes it from
 * bindings/api.json. The run_ functions in it know nothing of JavaScript, so that they may be
 * called on any thread. The compiler checks every call against the installed headers.
 */
#include "shim.h"

/* clang-format off */
#include "table.inc"
