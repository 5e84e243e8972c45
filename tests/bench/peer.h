/* SPDX-License-Identifier: MIT */
/* The peer for templates: Google's ctemplate, where the machine has it. */
#ifndef ENVRES_BENCH_PEER_H
#define ENVRES_BENCH_PEER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NULL functions' answers: there is no peer here. */
int peer_exists(void);

void *peer_values_new(void);
void peer_values_set(void *values, const char *name, const char *value);

/* Parses; NULL when it does not. */
void *peer_parse(const char *text, size_t len);
void peer_free(void *parsed);

/* Expands into a buffer that is kept and used again. */
const char *peer_expand(void *parsed, void *values, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
