/* SPDX-License-Identifier: MIT */
/* What the functions of the verbs share: the members of the step that runs. */
#ifndef ENVRES_TESTS_UNIT_STEPS_VERBS_H
#define ENVRES_TESTS_UNIT_STEPS_VERBS_H

#include "steps.h"

#define TEXT ENVRES_NUL_TERMINATED

struct step_verb {
    const char *name;
    envres_status (*act)(struct steps *run);
};

/* Each ends with a row of NULL. */
extern const struct step_verb steps_config[];
extern const struct step_verb steps_apps[];

/* The node of a member, or JSON_NONE. */
uint32_t step_member(const struct steps *run, const char *key);
int64_t step_number(const struct steps *run, const char *key);
/* true: 1, false: 0, absent: -1. */
int step_flag(const struct steps *run, const char *key);
/* A text, as it is, as pairs or in hex; kept until the step is over. Absent: NULL, or another. */
struct slice step_text(struct steps *run, uint32_t node);
struct slice step_get(struct steps *run, const char *key);
struct slice step_get_or(struct steps *run, const char *key, const char *other);
/* The step's environment: development where it says none. */
struct slice step_environment(struct steps *run);
/* The place of a member's text among names, plus `base`; 0 where there is no such member. */
uint32_t step_choice(struct steps *run, const char *key, const char *const *names, uint32_t count,
                     uint32_t base);
/* `count` names, to be freed: a member's text, and the numbers from 1 behind it. */
char (*step_numbered(struct steps *run, const char *key, size_t count))[32];
void step_add_hex(const struct steps *run, uint32_t node, struct buf *text);
/* The raw key of a name, made in `key`. */
envres_credential step_key(uint8_t *key, struct slice name);
/* What a step gives: a passphrase, the bytes of a key, or the key of a name. */
envres_credential step_credential(struct steps *run, uint8_t *key, uint8_t *root);

#endif
