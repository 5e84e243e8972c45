/* SPDX-License-Identifier: MIT */
/* cold_hand STORE [print]: the same with SQLite and libsodium, without the library. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"
#include "hand.h"

struct entry {
    char name[GEN_NAME_MAX];
    char value[GEN_VALUE_MAX];
    size_t value_len;
};

static int
compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* The listing has tags of one form only. */
static size_t
expand(const struct gen_text *text, const struct entry *entries, size_t count, char *out)
{
    static const char open[] = "<< environment.variables.";
    const char *at = text->data;
    const char *end = at + text->len;
    size_t len = 0;
    while (at < end) {
        const char *tag = memmem(at, (size_t)(end - at), open, sizeof(open) - 1);
        size_t literal = (size_t)((tag ? tag : end) - at);
        memcpy(out + len, at, literal);
        len += literal;
        if (!tag)
            break;
        struct entry wanted = { .value_len = 0 };
        const char *name = tag + sizeof(open) - 1;
        const char *close = memmem(name, (size_t)(end - name), " >>", 3);
        memcpy(wanted.name, name, (size_t)(close - name));
        const struct entry *found =
            bsearch(&wanted, entries, count, sizeof(*entries), compare_entries);
        if (!found)
            exit(1);
        memcpy(out + len, found->value, found->value_len);
        len += found->value_len;
        at = close + 3;
    }
    return len;
}

int
main(int argc, char **argv)
{
    uint8_t key[32];
    struct hand hand;
    struct hand_row row;
    static struct entry entries[GEN_VARIABLES];
    char plain[HAND_RECORD_MAX];
    size_t count = 0;
    memset(key, 7, sizeof(key));
    if (argc < 2)
        return 2;
    struct gen_text text = gen_listing(GEN_ENVRES);
    hand_open(&hand, argv[1], key, "staging");
    while (count < GEN_VARIABLES && hand_next(&hand, &row)) {
        struct entry *entry = &entries[count++];
        memcpy(entry->name, row.name, row.name_len + 1);
        entry->value_len = hand_unseal(&hand, &row, plain);
        memcpy(entry->value, plain, entry->value_len);
    }
    qsort(entries, count, sizeof(*entries), compare_entries);
    char *out = malloc(text.len + sizeof(entries));
    if (!out)
        return 1;
    size_t len = expand(&text, entries, count, out);
    if (argc > 2)
        fwrite(out, 1, len, stdout);
    memset(entries, 0, sizeof(entries));
    hand_close(&hand);
    free(out);
    free(text.data);
    return 0;
}
