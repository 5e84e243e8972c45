/* SPDX-License-Identifier: MIT */
/* An allocator that refuses the n-th request, counts, and looks into every block that is given
 * back. Blocks always move when they are resized, so that a kept pointer is found. */
#ifndef TEST_FX_MEM_H
#define TEST_FX_MEM_H

#include "base/mem.h"

struct fx_mem {
    int left;           /* requests until one is refused; below 0: none is */
    bool forever;       /* all after it as well */
    int hit;            /* requests refused */
    int requests;       /* blocks asked for, refused ones too */
    int blocks;         /* in use */
    const char *canary; /* looked for in what is given back */
    int seen;           /* blocks given back with it */
    struct mem mem;     /* the hook */
};

void fx_mem_init(struct fx_mem *fx);
/* The same, refusing request `n`, from 0. */
void fx_mem_fail_at(struct fx_mem *fx, int n, bool forever);

#endif
