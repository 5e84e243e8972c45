/* SPDX-License-Identifier: MIT */
/*
 * Copies of one store. The file lies in a folder of its own with rights for its owner alone, as the
 * library asks for; whether a run has left it as it was is told by its bytes, which costs less than
 * asking the library, and does not depend on it.
 */
#include "copies.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[96];
static char journal[112];
static char *image;
static size_t image_len;

struct fixture
copy_fixture(void)
{
    struct fixture fx = { .path = path, .store_flags = ENVRES_STORE_RELAXED };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

static bool
read_image(void)
{
    struct stat info = { 0 };
    int file = open(path, O_RDONLY);
    bool good = file >= 0 && fstat(file, &info) == 0;
    image_len = good ? (size_t)info.st_size : 0;
    image = malloc(image_len + 1);
    good = good && image && read(file, image, image_len) == (ssize_t)image_len;
    if (file >= 0)
        close(file);
    return good;
}

bool
copies_begin(envres_status (*more)(struct fixture *fx))
{
    struct fixture fx = copy_fixture();
    snprintf(folder, sizeof(folder), "/tmp/envres-copies-XXXXXX");
    umask(077);
    if (!mkdtemp(folder))
        return false;
    snprintf(path, sizeof(path), "%s/store.db", folder);
    snprintf(journal, sizeof(journal), "%s-journal", path);
    bool good = fixture_make(&fx) == ENVRES_OK && (!more || more(&fx) == ENVRES_OK);
    if (!good)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    return good && read_image();
}

void
copies_end(void)
{
    free(image);
    image = NULL;
    unlink(path);
    unlink(journal);
    rmdir(folder);
}

const char *
copy_write(void)
{
    unlink(journal);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool good = file >= 0 && write(file, image, image_len) == (ssize_t)image_len;
    if (file >= 0)
        close(file);
    return good ? path : NULL;
}

bool
copy_open(struct fixture *fx)
{
    *fx = copy_fixture();
    return copy_write() && fixture_open(fx) == ENVRES_OK;
}

bool
copy_is_untouched(void)
{
    char chunk[16384];
    size_t at = 0;
    ssize_t got = 0;
    struct stat info = { 0 };
    int file = open(path, O_RDONLY);
    bool same = file >= 0;
    while (same && (got = read(file, chunk, sizeof(chunk))) > 0) {
        same = at + (size_t)got <= image_len && memcmp(chunk, image + at, (size_t)got) == 0;
        at += (size_t)got;
    }
    if (file >= 0)
        close(file);
    bool has_journal = stat(journal, &info) == 0 && info.st_size > 0; /* empty: of no one */
    return same && got == 0 && at == image_len && !has_journal;
}

unsigned
copy_left_over(void)
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    const struct dirent *entry = NULL;
    while (dir && (entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.' && strcmp(entry->d_name, "store.db") != 0 &&
                 strcmp(entry->d_name, "store.db-journal") != 0;
    if (dir)
        closedir(dir);
    return count;
}

bool
states_learn(const struct scenario *scenario, struct states *out)
{
    struct fixture fx = { .path = NULL };
    bool good = copy_open(&fx) && (out->before = fixture_dump(&fx)) != NULL;
    if (good) {
        envres_status st = scenario->run(&fx);
        if (st < 0) {
            fprintf(stderr, "%s: %s: %s\n", scenario->name, envres_status_name(st),
                    envres_error_message(fx.err));
            good = false;
        }
    }
    good = good && (out->after = fixture_dump(&fx)) != NULL && fixture_verify(&fx) == 0;
    if (good && scenario->kind == SCENARIO_READS && strcmp(out->before, out->after) != 0)
        good = false;
    if (good && scenario->kind == SCENARIO_CHANGES && strcmp(out->before, out->after) == 0)
        good = false;
    fixture_close(&fx);
    return good;
}

void
states_free(struct states *states)
{
    free(states->before);
    free(states->after);
    states->before = NULL;
    states->after = NULL;
}
