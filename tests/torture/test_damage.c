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

#include "../scenarios/scenario.h"

#define TEXT ENVRES_NUL_TERMINATED

static char folder[64] = "/tmp/envres-damage-XXXXXX";
static char sound_path[96];
static char damaged_path[96];
static unsigned char *sound;
static size_t sound_len;
static int failures;
static unsigned long opened;
static unsigned long refused;

/* What a sound store answers. Each tag has a default: it must not stand in for what was lost. */
static const struct {
    const char *environment;
    const char *text;
    const char *answer;
} expected[] = {
    { "development", "<< environment.variables.HOST | default(\"LOST\") >>", "db.dev" },
    { "staging", "<< environment.variables.HOST | default(\"LOST\") >>", "db.staging" },
    { "production", "<< environment.variables.HOST | default(\"LOST\") >>", "db.prod" },
    { "development", "<< environment.variables.DB_PASSWORD | default(\"LOST\") >>",
      "dev-secret-2" },
    { "production", "<< environment.variables.DB_PASSWORD | default(\"LOST\") >>",
      "prod-secret-1" },
    { "development", "<< environment.variables.BASE | default(\"LOST\") >>", "https://db.dev/" },
    { "development", "<< environment.variables.DATABASE_URL | default(\"LOST\") >>",
      "postgres://app:dev-secret-2@db.dev/crm" },
    { "production", "<< environment.variables.SHOW_BETA | default(\"LOST\") >>", "false" },
    { "staging", "[<< environment.variables.EMPTY | default(\"LOST\") >>]", "[]" },
    { "production", "<< environment.variables.EMPTY | default(\"unset\") >>", "unset" },
    { "development", "<< resources.crm.password | default(\"LOST\") >>", "p@ss word" },
    { "development", "<< resources.crm.port | default(\"LOST\") >>", "5432" },
    { "staging", "<< resources.crm.host | default(\"LOST\") >>", "db.dev" },
    { "development", "<< resources.api.base_url | default(\"LOST\") >>",
      "https://api.dev/development" },
    { "production", "<< environment.name >> << environment.label >>", "production Production" },
};

/* What the live releases are, in production; and what their parts hold. */
static const struct {
    const char *app;
    const char *text; /* expanded; NULL: `path` is compared as it stands */
    const char *path;
    const char *answer;
} served[] = {
    { "portal", "<< app.name >> << app.version >> << app.release >>", NULL, "portal v2 1.1.0" },
    { "tool", "<< app.name >> << app.version >> << app.release >>", NULL, "tool v1 0.1.0" },
    { "tool", "<< environment.variables.HOST | default(\"LOST\") >>", NULL, "db.prod" },
    { "portal", NULL, "index.html", "<p>second, << environment.name >></p>\n" },
    { "portal", NULL, "public/app.js", "const version = \"<< app.version >>\";\n" },
    { "portal", NULL, "query/find.sql", "SELECT name FROM item WHERE id = << params.id >>\n" },
    { "tool", NULL, "main.txt", "<< environment.variables.HOST >>\n" },
};

static bool
write_file(const unsigned char *data, size_t len)
{
    FILE *file = fopen(damaged_path, "wb");
    if (!file)
        return false;
    bool good = fwrite(data, 1, len, file) == len;
    return fclose(file) == 0 && good;
}

static void
complain(const char *what, size_t where, size_t i, const char *got)
{
    fprintf(stderr, "%s %zu: %s in %s gave '%s'\n", what, where, expected[i].text,
            expected[i].environment, got);
    failures++;
}

static void
ask(struct fixture *fx, uint32_t flags, const char *what, size_t where)
{
    envres_scope_options options = { .size = sizeof(options), .flags = flags };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        envres_scope *scope = NULL;
        envres_value *value = NULL;
        if (envres_scope_open(fx->session, expected[i].environment, TEXT, &options, &scope, NULL) <
            0)
            continue;
        if (envres_scope_expand(scope, expected[i].text, TEXT, 0, 0, &value, NULL) == ENVRES_OK &&
            strcmp(envres_value_data(value, NULL), expected[i].answer) != 0)
            complain(what, where, i, envres_value_data(value, NULL));
        envres_value_free(value);
        envres_scope_unref(scope);
    }
}

/* One answer of a release; false when there is none, or it is another. */
static bool
ask_served(struct fixture *fx, size_t i, uint32_t flags, const char *what, size_t where)
{
    envres_scope_options options = {
        .size = sizeof(options), .flags = flags, .app = served[i].app, .app_len = TEXT
    };
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    const char *got = NULL;
    size_t len = 0;
    if (envres_scope_open(fx->session, "production", TEXT, &options, &scope, NULL) < 0)
        return false;
    envres_status st = served[i].text
                           ? envres_scope_expand(scope, served[i].text, TEXT, 0, 0, &value, NULL)
                           : envres_scope_part(scope, served[i].path, TEXT, &got, &len, NULL);
    if (value)
        got = envres_value_data(value, &len);
    bool same = st == ENVRES_OK && len == strlen(served[i].answer) &&
                memcmp(got, served[i].answer, len) == 0;
    if (st == ENVRES_OK && !same) {
        fprintf(stderr, "%s %zu: %s of %s gave '%s'\n", what, where,
                served[i].path ? served[i].path : served[i].text, served[i].app, got);
        failures++;
    }
    envres_value_free(value);
    envres_scope_unref(scope);
    return same;
}

/* Opens what stands in the damaged file, and asks everything. */
static void
try_file(const char *what, size_t where)
{
    struct fixture fx = { .path = damaged_path, .store_flags = ENVRES_STORE_ANY_FILE_MODE };
    char journal[112];
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    /* fixture_open() also opens a scope of development, which may be what is damaged. */
    envres_status st = fixture_open(&fx);
    if (fx.session) {
        envres_list *findings = NULL;
        opened++;
        ask(&fx, 0, what, where);
        ask(&fx, ENVRES_SCOPE_DAMAGED, what, where);
        for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
            ask_served(&fx, i, i % 2 ? ENVRES_SCOPE_DAMAGED : 0, what, where);
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

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
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
    bool good = true;
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    if (fixture_open(&fx) < 0)
        return false;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        envres_scope *scope = NULL;
        envres_value *value = NULL;
        if (envres_scope_open(fx.session, expected[i].environment, TEXT, NULL, &scope, fx.err) < 0)
            good = false;
        else if (envres_scope_expand(scope, expected[i].text, TEXT, 0, 0, &value, fx.err) < 0 ||
                 strcmp(envres_value_data(value, NULL), expected[i].answer) != 0) {
            fprintf(stderr, "sound: %s: %s %s\n", expected[i].text, envres_error_message(fx.err),
                    value ? envres_value_data(value, NULL) : "");
            good = false;
        }
        envres_value_free(value);
        envres_scope_unref(scope);
    }
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++)
        good = ask_served(&fx, i, 0, "sound", i) && good;
    fixture_close(&fx);
    return good;
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
    if (!make_sound_file() || !sound_file_answers()) {
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
