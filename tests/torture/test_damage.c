/* SPDX-License-Identifier: MIT */
/*
 * Damaged files: single bytes flipped, pages overwritten, the file cut short. A damaged store may
 * refuse with a typed error; it never crashes, and never gives a value that is not the one that was
 * written: no default in place of a value that was lost, no older value, no other label.
 *
 *     test_damage [--flips N] [--seed N]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../random.h"
#include "answers.h"

static char folder[64] = "/tmp/envres-damage-XXXXXX";
static char sound_path[96];
static char damaged_path[96];
static unsigned char *sound;
static size_t sound_len;
static int failures;
static unsigned long opened;
static unsigned long refused;

static bool
write_file(const unsigned char *data, size_t len)
{
    FILE *file = fopen(damaged_path, "wb");
    if (!file)
        return false;
    bool good = fwrite(data, 1, len, file) == len;
    return fclose(file) == 0 && good;
}

/* What was damaged, and where. */
struct damage {
    const char *what;
    size_t where;
};

static void
complain(void *user, const char *asked, const char *got)
{
    const struct damage *damage = user;
    fprintf(stderr, "%s %zu: %s gave '%s'\n", damage->what, damage->where, asked, got);
    failures++;
}

/* Opens what stands in the damaged file, and asks everything. */
static void
try_file(const char *what, size_t where)
{
    struct fixture fx = { .path = damaged_path, .store_flags = ENVRES_STORE_ANY_FILE_MODE };
    struct damage damage = { what, where };
    char journal[112];
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    /* fixture_open() also opens a scope of development, which may be what is damaged. */
    envres_status st = fixture_open(&fx);
    if (fx.session) {
        envres_list *findings = NULL;
        opened++;
        answers_ask(&fx, 0, complain, &damage);
        answers_ask(&fx, ENVRES_SCOPE_DAMAGED, complain, &damage);
        if (envres_store_verify(fx.store, fx.session, &findings, NULL) == ENVRES_OK)
            envres_list_free(findings);
    } else {
        refused++;
    }
    if (st > 0)
        failures++;
    fixture_close(&fx);
    snprintf(journal, sizeof(journal), "%s-journal", damaged_path);
    unlink(journal);
}

static void
flip(size_t at, unsigned char with)
{
    sound[at] ^= with;
    if (write_file(sound, sound_len))
        try_file("byte", at);
    else
        failures++;
    sound[at] ^= with;
}

static void
damage_pages(size_t page)
{
    unsigned char *kept = malloc(page);
    for (size_t at = 0; kept && at < sound_len; at += page) {
        size_t len = sound_len - at < page ? sound_len - at : page;
        memcpy(kept, sound + at, len);
        memset(sound + at, 0, len);
        if (write_file(sound, sound_len))
            try_file("zeroed page at", at);
        memset(sound + at, 0xA5, len);
        if (write_file(sound, sound_len))
            try_file("overwritten page at", at);
        memcpy(sound + at, kept, len);
        if (write_file(sound, at))
            try_file("cut at", at);
        if (write_file(sound, at + len / 2))
            try_file("cut at", at + len / 2);
    }
    free(kept);
}

static bool
make_sound_file(void)
{
    struct fixture fx = { .path = sound_path };
    if (!mkdtemp(folder))
        return false;
    snprintf(sound_path, sizeof(sound_path), "%s/sound.db", folder);
    snprintf(damaged_path, sizeof(damaged_path), "%s/damaged.db", folder);
    bool good = fixture_make(&fx) == ENVRES_OK;
    if (!good)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    FILE *file = good ? fopen(sound_path, "rb") : NULL;
    if (!file)
        return false;
    fseek(file, 0, SEEK_END);
    sound_len = (size_t)ftell(file);
    rewind(file);
    sound = malloc(sound_len);
    good = sound && fread(sound, 1, sound_len, file) == sound_len;
    fclose(file);
    return good;
}

/* An undamaged file must give every answer, or the test proves nothing. */
static bool
sound_file_answers(void)
{
    struct fixture fx = { .path = sound_path };
    struct damage none = { "sound", 0 };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    bool good =
        fixture_open(&fx) == ENVRES_OK && answers_ask(&fx, 0, complain, &none) == answers_count();
    fixture_close(&fx);
    return good;
}

/* Another answer must be noticed. */
static bool
control_is_caught(void)
{
    struct fixture fx = { .path = damaged_path, .store_flags = ENVRES_STORE_ANY_FILE_MODE };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    bool caught =
        write_file(sound, sound_len) && fixture_open(&fx) == ENVRES_OK && answers_notice(&fx);
    fixture_close(&fx);
    printf("control: %d of 1 caught\n", caught);
    return caught;
}

int
main(int argc, char **argv)
{
    unsigned long flips = 1000;
    uint64_t seed = 88172645463325252u;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--flips") == 0)
            flips = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10) | 1;
    }
    if (!make_sound_file() || !sound_file_answers() || !control_is_caught()) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    for (unsigned long i = 0; i < flips && failures < 20; i++) {
        size_t at = (size_t)(next_random(&seed) % sound_len);
        flip(at, (unsigned char)(1u << (i % 8)));
    }
    damage_pages(4096);
    unlink(sound_path);
    unlink(damaged_path);
    strcat(sound_path, "-journal");
    unlink(sound_path);
    rmdir(folder);
    free(sound);
    printf("damaged files: %lu opened, %lu refused\n%d passed, %d failed\n", opened, refused,
           failures == 0, failures != 0);
    return failures ? 1 : 0;
}
