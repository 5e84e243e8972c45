/* SPDX-License-Identifier: MIT */
/* The texts and names that are benchmarked: the same on every machine and in every run. */
#ifndef ENVRES_BENCH_GEN_H
#define ENVRES_BENCH_GEN_H

#include <stddef.h>
#include <stdint.h>

enum { GEN_VARIABLES = 200, GEN_SECRETS = 60, GEN_MANY = 10000 };

enum gen_case { GEN_T1, GEN_T2, GEN_T3, GEN_T4, GEN_T4H, GEN_T5, GEN_CASES };

enum gen_style {
    GEN_ENVRES,   /* << environment.variables.NAME >> */
    GEN_CTEMPLATE /* {{NAME}} */
};

struct gen_text {
    char *data;
    size_t len;
    size_t tags;
};

enum { GEN_NAME_MAX = 32, GEN_VALUE_MAX = 96 };

/* NUL-terminated; answers the length. `index` < GEN_MANY. Values need no escaping anywhere. */
size_t gen_name(char out[GEN_NAME_MAX], uint32_t index);
size_t gen_value(char out[GEN_VALUE_MAX], uint32_t index);

/* A case, written with tags of a style; free(data). */
struct gen_text gen_make(enum gen_case which, enum gen_style style);

/* T2's kind of document with a number of tags chosen: for memory per segment. */
struct gen_text gen_document(size_t tags, size_t len, enum gen_style style);

/* The same, but the last GEN_SECRETS of GEN_VARIABLES have names of their own. */
size_t gen_mixed_name(char out[GEN_NAME_MAX], uint32_t index);

/* One tag for each of the 200 mixed names, "NAME=value" lines: for the cold start. */
struct gen_text gen_listing(enum gen_style style);

#endif
