/* SPDX-License-Identifier: MIT */
/*
 * Random changes against a small model: see model.h. What they disagree about is cut down to the
 * shortest list of steps that still shows it, and printed as bytes that show it again.
 *
 *     test_model [--sequences N] [--seed N] [HEX]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "model.h"

enum { BYTES = MODEL_STEP * MODEL_STEPS_MAX };

/* Leaves out steps while it still fails. */
static size_t
shorten(uint8_t *bytes, size_t len, bool faulty)
{
    for (size_t size = len / MODEL_STEP / 2; size > 0; size /= 2) {
        for (size_t at = 0; at + size * MODEL_STEP <= len;) {
            uint8_t kept[BYTES];
            size_t cut = size * MODEL_STEP;
            memcpy(kept, bytes, len);
            memmove(bytes + at, bytes + at + cut, len - at - cut);
            if (model_run(bytes, len - cut, faulty)) {
                len -= cut;
            } else {
                memcpy(bytes, kept, len);
                at += MODEL_STEP;
            }
        }
    }
    return len;
}

static bool
try_bytes(uint8_t *bytes, size_t len)
{
    if (!model_run(bytes, len, false))
        return true;
    len = shorten(bytes, len, false);
    fprintf(stderr, "%s\nagain: test_model ", model_run(bytes, len, false));
    for (size_t i = 0; i < len; i++)
        fprintf(stderr, "%02x", bytes[i]);
    fprintf(stderr, "\n");
    return false;
}

static size_t
read_hex(const char *text, uint8_t bytes[BYTES])
{
    size_t len = 0;
    unsigned value = 0;
    for (; len < BYTES && sscanf(text + 2 * len, "%2x", &value) == 1; len++)
        bytes[len] = (uint8_t)value;
    return len;
}

static size_t
random_bytes(uint64_t *state, uint8_t bytes[BYTES])
{
    size_t len = MODEL_STEP * (1 + next_random(state) % MODEL_STEPS_MAX);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(next_random(state) >> 11);
    /* Most sequences do not rename or delete: only there older revisions are looked at. */
    for (size_t i = 0; i < len && *state % 4 != 0; i += MODEL_STEP)
        bytes[i] %= 6;
    return len;
}

/* A model with a fault in it must be caught, and what shows it cut down to a few steps. */
static bool
control_is_caught(void)
{
    enum { TRIES = 100, SHORT = 6 * MODEL_STEP };
    uint8_t bytes[BYTES];
    uint64_t state = 88172645463325252u;
    size_t len = 0;
    for (int i = 0; i < TRIES && len == 0; i++) {
        len = random_bytes(&state, bytes);
        len = model_run(bytes, len, true) ? shorten(bytes, len, true) : 0;
    }
    bool good = len > 0 && len <= SHORT;
    printf("control: %d of 1 caught, and cut down\n", good);
    return good;
}

int
main(int argc, char **argv)
{
    unsigned long sequences = 200;
    uint64_t seed = 1;
    uint8_t bytes[BYTES];
    const char *hex = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sequences") == 0 && i + 1 < argc)
            sequences = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else
            hex = argv[i];
    }
    if (hex)
        return try_bytes(bytes, read_hex(hex, bytes)) ? 0 : 1;
    uint64_t state = seed * 2654435761u + 88172645463325252u;
    unsigned long done = 0;
    bool good = sequences > 0 && control_is_caught();
    for (; good && done < sequences; done++) {
        size_t len = random_bytes(&state, bytes);
        good = try_bytes(bytes, len);
    }
    printf("against the model: %lu sequences of seed %llu\n%d passed, %d failed\n", done,
           (unsigned long long)seed, good, !good);
    return good ? 0 : 1;
}
