/* SPDX-License-Identifier: MIT */
/*
 * The control of fuzz_resolve: the naive resolver with a fault planted must be found to differ,
 * each fault within a bounded number of inputs, which are those of the corpus with a few bytes
 * changed or spliced. A comparison that finds nothing there is blind. Without a fault none differs.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../random.h"
#include "fuzz_resolve.h"

enum { INPUTS_MAX = 4096, INPUT_MAX = 256, TRIES = 200000, SOUND = 20000 };

struct input {
    size_t len;
    uint8_t bytes[INPUT_MAX];
};

static struct input corpus[INPUTS_MAX];
static size_t corpus_count;

static const char *const names[NAIVE_FAULTS] = {
    "none",          "a backslash too much", "values are read",  "missing is empty",
    "encoded twice", "secrets forgotten",    "a type forgotten",
};

static void
read_corpus(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    while (dir && corpus_count < INPUTS_MAX && (entry = readdir(dir)) != NULL) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        struct input *input = &corpus[corpus_count];
        input->len = fread(input->bytes, 1, INPUT_MAX, file);
        corpus_count += input->len > 0;
        fclose(file);
    }
    if (dir)
        closedir(dir);
}

static uint32_t
draw(uint64_t *state, size_t below)
{
    return (uint32_t)(next_random(state) >> 16) % (uint32_t)below;
}

/* A byte twice, any byte, or a piece of another input. */
static void
change(struct input *input, uint64_t *state)
{
    *input = corpus[draw(state, corpus_count)];
    for (uint32_t i = draw(state, 4); i > 0; i--) {
        uint32_t at = draw(state, input->len);
        uint32_t how = draw(state, 3);
        if (how == 0 && input->len < INPUT_MAX) {
            memmove(input->bytes + at + 1, input->bytes + at, input->len - at);
            input->len++;
        } else if (how == 1) {
            input->bytes[at] = (uint8_t)draw(state, 256);
        } else {
            const struct input *other = &corpus[draw(state, corpus_count)];
            size_t start = draw(state, other->len);
            size_t len = other->len - start < INPUT_MAX - at ? other->len - start : INPUT_MAX - at;
            memcpy(input->bytes + at, other->bytes + start, len);
            input->len = at + len > input->len ? at + len : input->len;
        }
    }
}

/* After how many inputs the fault was found; 0: it was not. */
static unsigned
search(enum naive_fault fault, unsigned tries)
{
    uint64_t state = 1;
    struct input input = { 0 };
    for (unsigned i = 1; i <= tries; i++) {
        if (i <= corpus_count)
            input = corpus[i - 1];
        else
            change(&input, &state);
        if (resolve_differs(input.bytes, input.len, fault, fault == NAIVE_SOUND))
            return i;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        read_corpus(argv[i]);
    if (corpus_count == 0)
        return 1;
    for (int fault = NAIVE_SOUND; fault < NAIVE_FAULTS; fault++) {
        unsigned found = search((enum naive_fault)fault, fault == NAIVE_SOUND ? SOUND : TRIES);
        bool good = (found > 0) == (fault != NAIVE_SOUND);
        failed += !good;
        if (found > 0)
            printf("%s: differs at input %u%s\n", names[fault], found, good ? "" : ": FAILED");
        else
            printf("%s: does not differ%s\n", names[fault], good ? "" : ": FAILED");
    }
    return failed > 0;
}
