/* SPDX-License-Identifier: MIT */
/* What is left of an input that is read byte by byte; behind its end come noughts. */
#ifndef ENVRES_TESTS_INPUT_H
#define ENVRES_TESTS_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *data;
    size_t size;
};

static inline uint8_t
take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

#endif
