/* SPDX-License-Identifier: MIT */
/* The file is kept in memory, so that putting it back needs no second store. */
#include "sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture
sound_fixture(const char *path)
{
    struct fixture fx = { .path = path,
                          .store_flags = ENVRES_STORE_ANY_FILE_MODE | ENVRES_STORE_RELAXED };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

static bool
read_file(struct sound *sound)
{
    FILE *file = fopen(sound->path, "rb");
    if (!file)
        return false;
    fseek(file, 0, SEEK_END);
    sound->len = (size_t)ftell(file);
    rewind(file);
    sound->bytes = malloc(sound->len);
    bool good = sound->bytes && fread(sound->bytes, 1, sound->len, file) == sound->len;
    fclose(file);
    return good;
}

static void
no_journal(const struct sound *sound)
{
    char journal[112];
    snprintf(journal, sizeof(journal), "%s-journal", sound->path);
    unlink(journal);
}

bool
sound_restore(const struct sound *sound)
{
    FILE *file = fopen(sound->path, "wb");
    no_journal(sound);
    if (!file)
        return false;
    bool good = fwrite(sound->bytes, 1, sound->len, file) == sound->len;
    return fclose(file) == 0 && good;
}

static void
no_other(void *user, const char *asked, const char *got)
{
    bool *good = user;
    fprintf(stderr, "the sound store: %s gave '%s'\n", asked, got);
    *good = false;
}

/* Undamaged, everything is answered: else what a test finds proves nothing. */
static bool
ask_sound(struct sound *sound)
{
    struct fixture fx = sound_fixture(sound->path);
    bool good = fixture_open(&fx) == ENVRES_OK;
    good = good && answers_ask(&fx, 0, no_other, &good) == answers_count() && good &&
           fixture_verify(&fx) == 0;
    sound->dump = good ? fixture_dump(&fx) : NULL;
    fixture_close(&fx);
    return sound->dump != NULL;
}

/* Another answer must be noticed, or what a test does not find proves nothing. */
static bool
notices(const struct sound *sound)
{
    struct fixture fx = sound_fixture(sound->path);
    bool caught = fixture_open(&fx) == ENVRES_OK && answers_notice(&fx);
    fixture_close(&fx);
    printf("control: %d of 1 caught\n", caught);
    return sound_restore(sound) && caught;
}

bool
sound_make(struct sound *sound, const char *name)
{
    snprintf(sound->folder, sizeof(sound->folder), "/tmp/envres-%.20s-XXXXXX", name);
    if (!mkdtemp(sound->folder))
        return false;
    snprintf(sound->path, sizeof(sound->path), "%s/sound.db", sound->folder);
    struct fixture fx = sound_fixture(sound->path);
    envres_status st = fixture_make(&fx);
    if (st < 0)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    return st == ENVRES_OK && read_file(sound) && ask_sound(sound) && notices(sound);
}

void
sound_clear(struct sound *sound)
{
    unlink(sound->path);
    no_journal(sound);
    rmdir(sound->folder);
    free(sound->bytes);
    free(sound->dump);
    *sound = (struct sound){ .bytes = NULL };
}

/* The first line in which a dump differs from that of the sound store. */
static void
write_difference(const struct sound *sound, const char *dump, char line[200])
{
    size_t begin = 0;
    for (size_t i = 0; sound->dump[i] && sound->dump[i] == dump[i]; i++)
        begin = dump[i] == '\n' ? i + 1 : begin;
    snprintf(line, 200, "%.*s", (int)strcspn(dump + begin, "\n"), dump + begin);
}

bool
sound_ask(const struct sound *sound, answers_fn wrong, void *user, char line[200])
{
    struct fixture fx = sound_fixture(sound->path);
    envres_list *findings = NULL;
    char *dump = NULL;
    line[0] = '\0';
    envres_status st = fixture_open(&fx);
    if (st > 0)
        wrong(user, "opening", "a positive status");
    if (fx.session) {
        answers_ask(&fx, 0, wrong, user);
        answers_ask(&fx, ENVRES_SCOPE_DAMAGED, wrong, user);
        st = envres_store_verify(fx.store, fx.session, &findings, NULL);
        dump = fixture_dump(&fx);
        if (dump && strcmp(dump, sound->dump) != 0 && st == ENVRES_OK &&
            envres_list_count(findings) == 0)
            write_difference(sound, dump, line);
    }
    bool said = dump != NULL;
    envres_list_free(findings);
    free(dump);
    fixture_close(&fx);
    return said;
}
