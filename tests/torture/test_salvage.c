/* SPDX-License-Identifier: MIT */
/*
 * Salvage of damaged files: bits flipped, bytes, pages overwritten or zeroed, several at once, the
 * file cut at every page. Whatever is done to the file, salvage does not crash; what it makes
 * opens, verifies without a finding, and never gives a value that is not the one that was written:
 * what is lost has no value. What the damage did not touch is there, and a sound file is kept
 * whole.
 *
 *     test_salvage [--trials N] [--step N] [--seed N]
 *
 * --step 1: every page.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../random.h"
#include "../scenarios/scenario.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { PAGE = 4096 };

/* Where the damage is, when there is none. */
#define SOUND SIZE_MAX

static char folder[64] = "/tmp/envres-salvage-XXXXXX";
static char sound_path[96];
static char damaged_path[96];
static char out_path[96];
static unsigned char *sound;
static unsigned char *work;
static size_t sound_len;
static int failures;

/* What a sound store answers. An environment whose name is lost has none of them. */
static const struct {
    const char *environment;
    const char *name;
    const char *answer;
} expected[] = {
    { "development", "HOST", "db.dev" },
    { "staging", "HOST", "db.staging" },
    { "production", "HOST", "db.prod" },
    { "development", "DB_PASSWORD", "dev-secret-2" },
    { "production", "DB_PASSWORD", "prod-secret-1" },
    { "production", "SHOW_BETA", "false" },
    { "staging", "EMPTY", "" },
};

enum { EXPECTED = sizeof(expected) / sizeof(expected[0]) };

/* Of one kind of damage. */
struct tally {
    const char *what;
    unsigned long trials;
    unsigned long refused;
    unsigned long asked;
    unsigned long kept;
};

static void
complain(const char *what, size_t where, const char *detail, const char *more)
{
    fprintf(stderr, "%s %zu: %s: %s\n", what, where, detail, more ? more : "");
    failures++;
}

static bool
write_file(const unsigned char *data, size_t len)
{
    FILE *file = fopen(damaged_path, "wb");
    if (!file)
        return false;
    bool good = fwrite(data, 1, len, file) == len;
    return fclose(file) == 0 && good;
}

static struct fixture
fixture_at(const char *path)
{
    struct fixture fx = { .path = path };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    return fx;
}

static bool
is_unchanged(const unsigned char *data, size_t len)
{
    FILE *file = fopen(damaged_path, "rb");
    unsigned char *now = malloc(len + 1);
    bool same = file && now && fread(now, 1, len + 1, file) == len && memcmp(now, data, len) == 0;
    if (file)
        fclose(file);
    free(now);
    return same;
}

/* Values that are there; a wrong one is a failure. */
static unsigned long
ask_all(struct fixture *fx, const char *what, size_t where)
{
    unsigned long kept = 0;
    for (size_t i = 0; i < EXPECTED; i++) {
        envres_value *value = NULL;
        if (envres_variable_get(fx->session, expected[i].environment, TEXT, expected[i].name, TEXT,
                                ENVRES_READ_REVEAL, &value, NULL) < 0)
            continue;
        if (strcmp(envres_value_data(value, NULL), expected[i].answer) == 0)
            kept++;
        else
            complain(what, where, expected[i].name, envres_value_data(value, NULL));
        envres_value_free(value);
    }
    return kept;
}

/* What verify may still find in the result: that a version uses a revision which the report calls
 * lost. */
static bool
is_known(const char *message, bool queries_lost)
{
    return queries_lost &&
           strcmp(message, "a revision of a query that it uses is not in the store") == 0;
}

static void
check_result(const char *what, size_t where, bool queries_lost, struct tally *tally)
{
    struct fixture fx = fixture_at(out_path);
    envres_list *findings = NULL;
    struct stat info;
    if (stat(out_path, &info) != 0 || (info.st_mode & 0777) != 0600)
        complain(what, where, "mode of the new store", NULL);
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx.key,
                                     .secret_len = sizeof(fx.key) };
    envres_error *err = envres_error_new(NULL);
    if (envres_store_open(out_path, TEXT, NULL, &fx.store, err) < 0 ||
        envres_session_open(fx.store, NULL, 0, &credential, &fx.session, err) < 0) {
        complain(what, where, "the result does not open", envres_error_message(err));
    } else if (envres_store_verify(fx.store, fx.session, &findings, err) < 0) {
        complain(what, where, "the result cannot be verified", envres_error_message(err));
    } else {
        for (size_t row = 0; row < envres_list_count(findings); row++) {
            const char *message = envres_list_text(findings, row, ENVRES_VERIFY_MESSAGE, NULL);
            if (!is_known(message, queries_lost))
                complain(what, where, envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL),
                         message);
        }
        tally->asked += EXPECTED;
        tally->kept += ask_all(&fx, what, where);
    }
    envres_list_free(findings);
    envres_session_close(fx.session);
    envres_store_close(fx.store);
    envres_error_free(err);
}

/* Salvages what stands in the damaged file; the answer is how many rows say that something is lost,
 * -1 when it was refused. */
static long
try_salvage(const unsigned char *data, size_t len, size_t where, struct tally *tally)
{
    struct fixture fx = fixture_at(damaged_path);
    envres_list *report = NULL;
    envres_store_options options = { .size = sizeof(options),
                                     .flags = ENVRES_STORE_ANY_FILE_MODE | ENVRES_STORE_RELAXED };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx.key,
                                     .secret_len = sizeof(fx.key) };
    envres_error *err = envres_error_new(NULL);
    bool queries_lost = false;
    long lost = 0;
    if (!write_file(data, len))
        failures++;
    tally->trials++;
    envres_status st = envres_store_salvage(damaged_path, TEXT, out_path, TEXT, &options,
                                            &credential, &report, err);
    if (st == ENVRES_OK) {
        for (size_t row = 0; row < envres_list_count(report); row++) {
            bool is_lost = envres_list_type(report, row, ENVRES_SALVAGE_CODE) == ENVRES_CELL_TEXT;
            const char *table = envres_list_text(report, row, ENVRES_SALVAGE_TABLE, NULL);
            lost += is_lost;
            queries_lost |= is_lost && strncmp(table, "query", 5) == 0;
            if (is_lost && where == SOUND)
                complain(tally->what, row, table,
                         envres_list_text(report, row, ENVRES_SALVAGE_MESSAGE, NULL));
        }
        check_result(tally->what, where, queries_lost, tally);
    } else {
        if (access(out_path, F_OK) == 0)
            complain(tally->what, where, "refused, but made a file", NULL);
        if (getenv("SALVAGE_VERBOSE"))
            fprintf(stderr, "%s %zu: %s %s\n", tally->what, where, envres_status_name(st),
                    envres_error_message(err));
        tally->refused++;
        lost = -1;
    }
    if (!is_unchanged(data, len))
        complain(tally->what, where, "the damaged file was written to", NULL);
    envres_list_free(report);
    envres_error_free(err);
    unlink(out_path);
    return lost;
}

/* ---- kinds of damage ------------------------------------------------------------------------ */

static void
whole_file(struct tally *tally)
{
    if (try_salvage(sound, sound_len, SOUND, tally) != 0)
        complain(tally->what, 0, "a sound file lost something", NULL);
    if (tally->kept != EXPECTED)
        complain(tally->what, 0, "values are not there", NULL);
}

static void
flip_bits(struct tally *tally, unsigned long trials, uint64_t *seed)
{
    for (unsigned long n = 0; n < trials && failures < 20; n++) {
        size_t at = (size_t)(next_random(seed) % sound_len);
        unsigned char with = (unsigned char)(1u << (next_random(seed) % 8));
        sound[at] ^= with;
        try_salvage(sound, sound_len, at, tally);
        sound[at] ^= with;
    }
}

static void
overwrite_pages(struct tally *tally, int with, size_t step)
{
    for (size_t at = 0; at < sound_len && failures < 20; at += step * PAGE) {
        memcpy(work, sound, sound_len);
        memset(work + at, with, sound_len - at < PAGE ? sound_len - at : PAGE);
        try_salvage(work, sound_len, at / PAGE, tally);
    }
}

static void
overwrite_many(struct tally *tally, unsigned long trials, uint64_t *seed)
{
    for (unsigned long n = 0; n < trials && failures < 20; n++) {
        memcpy(work, sound, sound_len);
        for (int times = 0; times < 4; times++) {
            size_t at = (size_t)(next_random(seed) % (sound_len - 64));
            size_t len = (size_t)(next_random(seed) % 64);
            for (size_t i = 0; i < len; i++)
                work[at + i] = (unsigned char)next_random(seed);
        }
        try_salvage(work, sound_len, n, tally);
    }
}

/* Rows of another page in the place of a page: an old copy, or one written to the wrong place. */
static void
misplace_pages(struct tally *tally, unsigned long trials, uint64_t *seed)
{
    size_t pages = sound_len / PAGE;
    for (unsigned long n = 0; n < trials && failures < 20; n++) {
        size_t from = (size_t)(next_random(seed) % pages);
        size_t to = (size_t)(next_random(seed) % pages);
        memcpy(work, sound, sound_len);
        memcpy(work + to * PAGE, sound + from * PAGE, PAGE);
        try_salvage(work, sound_len, to, tally);
    }
}

static void
cut_file(struct tally *tally, size_t step)
{
    for (size_t at = 0; at < sound_len && failures < 20; at += step * PAGE) {
        try_salvage(sound, at, at / PAGE, tally);
        try_salvage(sound, at + PAGE / 2, at / PAGE, tally);
    }
}

/* ---- the frame ------------------------------------------------------------------------------ */

static bool
make_sound_file(void)
{
    if (!mkdtemp(folder))
        return false;
    snprintf(sound_path, sizeof(sound_path), "%s/sound.db", folder);
    snprintf(damaged_path, sizeof(damaged_path), "%s/damaged.db", folder);
    snprintf(out_path, sizeof(out_path), "%s/out.db", folder);
    struct fixture fx = fixture_at(sound_path);
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
    work = malloc(sound_len);
    good = sound && work && fread(sound, 1, sound_len, file) == sound_len;
    fclose(file);
    return good;
}

static void
print_tally(const struct tally *tally, unsigned long least)
{
    printf("%-16s %4lu trials, %3lu refused, %lu of %lu values kept\n", tally->what, tally->trials,
           tally->refused, tally->kept, tally->asked);
    if (tally->asked > 0 && tally->kept * 100 < tally->asked * least) {
        fprintf(stderr, "%s: less than %lu of 100 values were kept\n", tally->what, least);
        failures++;
    }
}

int
main(int argc, char **argv)
{
    unsigned long trials = 10;
    size_t step = 2;
    uint64_t seed = 88172645463325252u;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--trials") == 0)
            trials = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--step") == 0)
            step = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10) | 1;
    }
    umask(0);
    step = step ? step : 1;
    if (!make_sound_file()) {
        printf("0 passed, 1 failed\n");
        return 1;
    }
    struct tally tallies[] = { { .what = "sound" },       { .what = "bit at" },
                               { .what = "zeroed page" }, { .what = "overwritten" },
                               { .what = "several" },     { .what = "misplaced page" },
                               { .what = "cut at page" } };
    whole_file(&tallies[0]);
    flip_bits(&tallies[1], trials, &seed);
    overwrite_pages(&tallies[2], 0, step);
    overwrite_pages(&tallies[3], 0xA5, 3 * step);
    overwrite_many(&tallies[4], trials, &seed);
    misplace_pages(&tallies[5], trials, &seed);
    cut_file(&tallies[6], 3 * step);
    static const unsigned long least[] = { 100, 95, 75, 75, 75, 75, 0 };
    for (size_t i = 0; i < sizeof(tallies) / sizeof(tallies[0]); i++)
        print_tally(&tallies[i], least[i]);
    unlink(sound_path);
    unlink(damaged_path);
    strcat(sound_path, "-journal");
    unlink(sound_path);
    if (rmdir(folder) != 0)
        complain("end", 0, "files are left in the folder", folder);
    free(sound);
    free(work);
    printf("%d passed, %d failed\n", failures == 0, failures != 0);
    return failures ? 1 : 0;
}
