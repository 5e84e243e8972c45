/* SPDX-License-Identifier: MIT */
/*
 * Versions of one app, its releases, and the parts of one version. Stores of many versions are
 * files, which SQL fills.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "growth.h"
#include "moves.h"

enum { ROUNDS = 5, MOVES = 20, PATH_ROOM = 4200, PARTS_MAX = 10000 };

struct shop {
    struct growth_store store;
    char path[PATH_ROOM];
    struct moves moves;
};

/* ---- an app -----------------------------------------------------------------------------------
 */

static void
put_parts(struct shop *shop, const char *version, size_t first, size_t count, uint8_t *content)
{
    static char texts[PARTS_MAX][64];
    static char paths[PARTS_MAX][32];
    static envres_part_write writes[PARTS_MAX];
    envres_version_name it = moves_version(version);
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof(paths[i]), "rows/%05zu.json", first + i);
        snprintf(texts[i], sizeof(texts[i]), "{\"row\": %zu, \"of\": \"<< app.name >> %s\"}",
                 first + i, version);
        writes[i] = (envres_part_write){ .size = sizeof(writes[i]),
                                         .path = paths[i],
                                         .path_len = TEXT,
                                         .data = texts[i],
                                         .data_len = strlen(texts[i]) };
    }
    growth_must(envres_part_put(shop->store.session, &it, writes, count, NULL, content, NULL),
                "parts");
}

/* Both versions have been live. */
static void
shop_create(struct shop *shop, const char *path, size_t parts)
{
    memset(shop, 0, sizeof(*shop));
    if (path)
        snprintf(shop->path, sizeof(shop->path), "%s", path);
    growth_create(&shop->store, path);
    shop->moves.session = shop->store.session;
    growth_must(envres_app_create(shop->store.session, moves_app, TEXT, NULL, NULL, NULL), "app");
    for (int i = 0; i < 2; i++) {
        moves_create(shop->store.session, moves_names[i], NULL);
        put_parts(shop, moves_names[i], 0, parts, shop->moves.contents[i]);
    }
    moves_begin(&shop->moves);
}

static void
shop_close(struct shop *shop)
{
    growth_close(&shop->store);
    if (shop->path[0])
        unlink(shop->path);
}

static void
serve(struct shop *shop, struct growth_table *table, int row)
{
    envres_scope_options options = { .size = sizeof(options), .app = moves_app, .app_len = TEXT };
    envres_scope *scope = NULL;
    double begin = growth_now();
    growth_must(envres_scope_open(shop->store.session, "production", TEXT, &options, &scope, NULL),
                "scope of the app");
    growth_note(table, row, growth_now() - begin);
    if (strcmp(envres_scope_version(scope), moves_names[shop->moves.which]) != 0)
        growth_must(ENVRES_E_INTEGRITY, "another version is served");
    envres_scope_unref(scope);
}

/* ---- versions ---------------------------------------------------------------------------------
 */

enum { V_CREATE, V_EDIT, V_PROMOTE, V_RELEASE, V_ROLLBACK, V_SERVE, V_STATUS, V_LIST, V_MEMORY };

static const size_t thousands[] = { 1000, 10000, 100000, 1000000 };

static struct growth_table versions = {
    .title = "versions of one app",
    .sizes = thousands,
    .count = 4,
    .rows = {
        [V_CREATE] = { "create a draft", "us", FLAT, { 0 } },
        [V_EDIT] = { "edit it", "us", FLAT, { 0 } },
        [V_PROMOTE] = { "promote it", "us", FLAT, { 0 } },
        [V_RELEASE] = { "release", "us", FLAT, { 0 } },
        [V_ROLLBACK] = { "roll back", "us", FLAT, { 0 } },
        [V_SERVE] = { "open a scope of the app", "us", FLAT, { 0 } },
        [V_STATUS] = { "status", "us", LINEAR, { 0 } },
        [V_LIST] = { "list them", "us", LINEAR, { 0 } },
        [V_MEMORY] = { "memory of the list", "KiB", LINEAR, { 0 } },
    },
};

static void
fill_versions(struct shop *shop, size_t count)
{
    growth_close(&shop->store);
    moves_fill(shop->path, count);
    growth_open(&shop->store, shop->path);
    shop->moves.session = shop->store.session;
}

static void
use_drafts(struct shop *shop, int round)
{
    char name[16];
    uint8_t content[MOVES_DIGEST];
    snprintf(name, sizeof(name), "draft-%d", round);
    double begin = growth_now();
    moves_create(shop->store.session, name, "a");
    growth_note(&versions, V_CREATE, growth_now() - begin);
    begin = growth_now();
    put_parts(shop, name, 100, 1, content);
    growth_note(&versions, V_EDIT, growth_now() - begin);
    begin = growth_now();
    moves_promote(shop->store.session, name, "development", "staging", content);
    growth_note(&versions, V_PROMOTE, growth_now() - begin);
}

static void
use_lists(struct shop *shop, size_t count)
{
    envres_list *list = NULL;
    double begin = growth_now();
    growth_must(envres_app_status(shop->store.session, moves_app, TEXT, &list, NULL), "status");
    growth_note(&versions, V_STATUS, growth_now() - begin);
    envres_list_free(list);
    int64_t before = growth_held();
    begin = growth_now();
    growth_must(envres_version_list(shop->store.session, moves_app, TEXT, NULL, 0,
                                    ENVRES_VERSION_ALL, &list, NULL),
                "list");
    growth_note(&versions, V_LIST, growth_now() - begin);
    growth_note(&versions, V_MEMORY, (double)(growth_held() - before) / 1024);
    if (envres_list_count(list) < count - 1)
        growth_must(ENVRES_E_INTEGRITY, "the list is not of all versions");
    envres_list_free(list);
}

static void
run_versions(struct growth_run *run)
{
    if (!growth_begin(run, &versions, 3))
        return;
    for (versions.current = 0; versions.current < versions.count; versions.current++) {
        static struct shop shop;
        char path[PATH_ROOM];
        size_t count = versions.sizes[versions.current];
        snprintf(path, sizeof(path), "%s/versions.envres", run->folder);
        shop_create(&shop, path, 2);
        fill_versions(&shop, count);
        for (int round = 0; round < ROUNDS; round++) {
            use_drafts(&shop, round);
            double begin = growth_now();
            for (int i = 0; i < MOVES; i++)
                moves_release(&shop.moves);
            growth_note(&versions, V_RELEASE, (growth_now() - begin) / MOVES);
            begin = growth_now();
            for (int i = 0; i < MOVES; i++)
                moves_roll_back(&shop.moves);
            growth_note(&versions, V_ROLLBACK, (growth_now() - begin) / MOVES);
            serve(&shop, &versions, V_SERVE);
        }
        for (int round = 0; round < 2; round++)
            use_lists(&shop, count);
        shop_close(&shop);
    }
    growth_print(run, &versions);
}

/* ---- releases ---------------------------------------------------------------------------------
 */

enum { R_ROLLBACK, R_SERVE, R_STATUS, R_LIST };

static const size_t hundreds[] = { 100, 1000, 10000, 100000 };

static struct growth_table releases = {
    .title = "releases of one app",
    .sizes = hundreds,
    .count = 4,
    .rows = {
        [R_ROLLBACK] = { "roll back", "us", FLAT, { 0 } },
        [R_SERVE] = { "open a scope of the app", "us", FLAT, { 0 } },
        [R_STATUS] = { "status", "us", FLAT, { 0 } },
        [R_LIST] = { "list them", "us", LINEAR, { 0 } },
    },
};

static void
run_releases(struct growth_run *run)
{
    static struct shop shop;
    if (!growth_begin(run, &releases, 3))
        return;
    shop_create(&shop, NULL, 2);
    for (releases.current = 0; releases.current < releases.count; releases.current++) {
        size_t count = releases.sizes[releases.current];
        while ((size_t)shop.moves.live < count - MOVES)
            moves_roll_back(&shop.moves);
        for (int round = 0; round < ROUNDS; round++) {
            envres_list *list = NULL;
            double begin = growth_now();
            for (int i = 0; i < MOVES / ROUNDS; i++)
                moves_roll_back(&shop.moves);
            growth_note(&releases, R_ROLLBACK, (growth_now() - begin) / (MOVES / (double)ROUNDS));
            serve(&shop, &releases, R_SERVE);
            begin = growth_now();
            growth_must(envres_app_status(shop.store.session, moves_app, TEXT, &list, NULL),
                        "status");
            growth_note(&releases, R_STATUS, growth_now() - begin);
            envres_list_free(list);
        }
        for (int round = 0; round < 2; round++) {
            envres_list *list = NULL;
            double begin = growth_now();
            growth_must(envres_release_list(shop.store.session, moves_app, TEXT, &list, NULL),
                        "releases");
            growth_note(&releases, R_LIST, growth_now() - begin);
            if (envres_list_count(list) != (size_t)shop.moves.live)
                growth_must(ENVRES_E_INTEGRITY, "the list is not of all releases");
            envres_list_free(list);
        }
    }
    shop_close(&shop);
    growth_print(run, &releases);
}

/* ---- parts ------------------------------------------------------------------------------------
 */

enum { P_CREATE, P_EDIT, P_LIST, P_DIFF, P_PROMOTE, P_RELEASE, P_ROLLBACK, P_SERVE };

static const size_t tens[] = { 10, 100, 1000, 10000 };

static struct growth_table parts = {
    .title = "parts of one version",
    .sizes = tens,
    .count = 4,
    .rows = {
        [P_CREATE] = { "create a draft from it", "us", FLAT, { 0 } },
        [P_EDIT] = { "edit one part", "us", LINEAR, { 0 } },
        [P_LIST] = { "list them", "us", LINEAR, { 0 } },
        [P_DIFF] = { "what one edit changed", "us", LINEAR, { 0 } },
        [P_PROMOTE] = { "promote the draft", "us", LINEAR, { 0 } },
        [P_RELEASE] = { "release", "us", LINEAR, { 0 } },
        [P_ROLLBACK] = { "roll back", "us", LINEAR, { 0 } },
        [P_SERVE] = { "open a scope of the app", "us", LINEAR, { 0 } },
    },
};

static void
use_draft_of_parts(struct shop *shop, int round)
{
    char name[16];
    uint8_t content[MOVES_DIGEST];
    envres_list *list = NULL;
    snprintf(name, sizeof(name), "draft-%d", round);
    envres_version_name it = moves_version(name);
    envres_version_name from = moves_version("a");
    double begin = growth_now();
    moves_create(shop->store.session, name, "a");
    growth_note(&parts, P_CREATE, growth_now() - begin);
    begin = growth_now();
    put_parts(shop, name, 5, 1, content);
    growth_note(&parts, P_EDIT, growth_now() - begin);
    begin = growth_now();
    growth_must(envres_part_list(shop->store.session, &it, &list, NULL), "parts");
    growth_note(&parts, P_LIST, growth_now() - begin);
    envres_list_free(list);
    begin = growth_now();
    growth_must(envres_version_diff(shop->store.session, &from, &it, 0, &list, NULL), "diff");
    growth_note(&parts, P_DIFF, growth_now() - begin);
    if (envres_list_count(list) != 1)
        growth_must(ENVRES_E_INTEGRITY, "an edit does not differ by one part");
    envres_list_free(list);
    begin = growth_now();
    moves_promote(shop->store.session, name, "development", "staging", content);
    growth_note(&parts, P_PROMOTE, growth_now() - begin);
}

static void
run_parts(struct growth_run *run)
{
    if (!growth_begin(run, &parts, 4))
        return;
    for (parts.current = 0; parts.current < parts.count; parts.current++) {
        static struct shop shop;
        shop_create(&shop, NULL, parts.sizes[parts.current]);
        for (int round = 0; round < ROUNDS; round++) {
            use_draft_of_parts(&shop, round);
            double begin = growth_now();
            moves_release(&shop.moves);
            growth_note(&parts, P_RELEASE, growth_now() - begin);
            begin = growth_now();
            moves_roll_back(&shop.moves);
            growth_note(&parts, P_ROLLBACK, growth_now() - begin);
            serve(&shop, &parts, P_SERVE);
        }
        shop_close(&shop);
    }
    growth_print(run, &parts);
}

void
growth_versions(struct growth_run *run)
{
    run_versions(run);
    run_releases(run);
    run_parts(run);
}
