/* SPDX-License-Identifier: MIT */
/*
 * Versions and releases: what a release and a rollback cost, also among a million versions; what a
 * version and an edit cost; how soon a host has the app it serves.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hand.h"
#include "lines.h"
#include "moves.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { PATH_ROOM = 4300, PARTS = 200, PART = 10 * 1024, GROWN = 1000 };

/* ---- an app --------------------------------------------------------------------------------- */

struct shop {
    struct fixture *fx;
    char path[PATH_ROOM];
    envres_store *store;
    struct moves moves;
};

/* A JSON document with a few tags; `seed` makes every part another. */
static size_t
part_text(char out[PART + 1], unsigned seed)
{
    enum { ROW_MAX = 128 };
    size_t len = 0;
    while (len + ROW_MAX < PART) {
        int wrote =
            snprintf(out + len, ROW_MAX,
                     "%c{\"row\": %u, \"name\": \"item %u of << app.name >>\", \"at\": %zu}\n",
                     len == 0 ? '[' : ',', seed, seed * 7919, len);
        len += (size_t)wrote;
    }
    memset(out + len, ' ', PART - len);
    memcpy(out + PART - 1, "]", 2);
    return PART;
}

static void
put_parts(struct shop *shop, const char *version, size_t count, unsigned seed)
{
    envres_version_name it = moves_version(version);
    envres_part_write *writes = calloc(count, sizeof(*writes));
    char(*texts)[PART + 1] = malloc(count * sizeof(*texts));
    char(*paths)[32] = malloc(count * sizeof(*paths));
    bench_check(writes && texts && paths, "no memory for parts");
    for (size_t i = 0; i < count; i++) {
        snprintf(paths[i], sizeof(paths[i]), "rows/%03zu.json", i);
        writes[i] = (envres_part_write){ .size = sizeof(writes[i]),
                                         .path = paths[i],
                                         .path_len = TEXT,
                                         .data = texts[i],
                                         .data_len = part_text(texts[i], seed + (unsigned)i) };
    }
    expect_ok(envres_part_put(shop->moves.session, &it, writes, count, NULL, NULL, shop->fx->err),
              shop->fx->err, "parts");
    free(writes);
    free(texts);
    free(paths);
}

static void
read_content(struct shop *shop, const char *version, uint8_t content[MOVES_DIGEST])
{
    envres_version_name it = moves_version(version);
    envres_list *list = NULL;
    size_t len = 0;
    expect_ok(envres_version_describe(shop->moves.session, &it, &list, shop->fx->err),
              shop->fx->err, version);
    const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, &len);
    sodium_hex2bin(content, MOVES_DIGEST, hex, len, NULL, NULL, NULL);
    envres_list_free(list);
}

/* Both versions have `parts` parts and have been live. */
static void
shop_open(struct shop *shop, struct fixture *fx, const char *folder, const char *name, size_t parts)
{
    memset(shop, 0, sizeof(*shop));
    struct moves *moves = &shop->moves;
    shop->fx = fx;
    snprintf(shop->path, sizeof(shop->path), "%s/%s", folder, name);
    store_make(shop->path, &shop->store, &moves->session, fx->err);
    expect_ok(envres_app_create(moves->session, moves_app, TEXT, NULL, NULL, fx->err), fx->err,
              "app");
    for (int i = 0; i < 2; i++) {
        moves_create(moves->session, moves_names[i], NULL);
        put_parts(shop, moves_names[i], parts, (unsigned)i * 1000);
        read_content(shop, moves_names[i], moves->contents[i]);
    }
    moves_begin(moves);
}

static void
shop_close(struct shop *shop)
{
    envres_session_close(shop->moves.session);
    envres_store_close(shop->store);
    unlink(shop->path);
}

/* ---- release and rollback ------------------------------------------------------------------- */

/* One row, updated durably by hand in the same journal mode. */
struct single {
    char path[PATH_ROOM];
    sqlite3 *db;
    sqlite3_stmt *update;
};

static void
single_open(struct single *single, const char *folder, envres_store *like, envres_error *err)
{
    envres_list *facts = NULL;
    char sql[256];
    const char *mode = "delete", *synchronous = "extra";
    expect_ok(envres_store_info(like, &facts, err), err, "info");
    for (size_t i = 0; i < envres_list_count(facts); i++) {
        const char *name = envres_list_text(facts, i, ENVRES_INFO_NAME, NULL);
        const char *value = envres_list_text(facts, i, ENVRES_INFO_VALUE, NULL);
        mode = strcmp(name, "journal_mode") == 0 ? value : mode;
        synchronous = strcmp(name, "synchronous") == 0 ? value : synchronous;
    }
    snprintf(single->path, sizeof(single->path), "%s/single.raw", folder);
    hand_expect(single->db, sqlite3_open(single->path, &single->db), SQLITE_OK, "opening by hand");
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode = %s; PRAGMA synchronous = %s; PRAGMA secure_delete = ON", mode,
             synchronous);
    envres_list_free(facts);
    hand_exec(single->db, sql);
    hand_exec(single->db, "CREATE TABLE pointer (app INTEGER PRIMARY KEY, live INTEGER NOT NULL,"
                          " page BLOB) STRICT; INSERT INTO pointer VALUES (1, 1, NULL)");
    hand_expect(single->db,
                sqlite3_prepare_v2(single->db,
                                   "UPDATE pointer SET live = live + 1, page = ?1 WHERE app = 1",
                                   -1, &single->update, NULL),
                SQLITE_OK, "UPDATE");
}

static void
single_close(struct single *single)
{
    sqlite3_finalize(single->update);
    sqlite3_close(single->db);
    unlink(single->path);
}

struct moving {
    struct shop *ours;
    struct shop *small;
    struct single *single;
};

static void
update_by_hand(void *user, size_t count)
{
    struct single *single = ((struct moving *)user)->single;
    for (size_t i = 0; i < count; i++) {
        hand_expect(single->db, sqlite3_step(single->update), SQLITE_DONE, "UPDATE");
        sqlite3_reset(single->update);
    }
}

static void
release_ours(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        moves_release(&((struct moving *)user)->ours->moves);
}

static void
release_small(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        moves_release(&((struct moving *)user)->small->moves);
}

static void
rollback_ours(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        moves_roll_back(&((struct moving *)user)->ours->moves);
}

static void
rollback_small(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++)
        moves_roll_back(&((struct moving *)user)->small->moves);
}

/* What was made is what is there: as many records as were made, the newest live. */
static void
check_line(struct shop *shop)
{
    envres_list *list = NULL;
    expect_ok(envres_app_describe(shop->moves.session, moves_app, TEXT, &list, shop->fx->err),
              shop->fx->err, "describing");
    bench_check(envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE) == shop->moves.live &&
                    strcmp(envres_list_text(list, 0, ENVRES_APP_LIVE_VERSION, NULL),
                           moves_names[shop->moves.which]) == 0,
                "the live release is not the one that was made");
    envres_list_free(list);
}

static void
run_moves(struct fixture *fx, const char *folder)
{
    static struct shop shop;
    static struct single single;
    struct moving m = { &shop, NULL, &single };
    shop_open(&shop, fx, folder, "release.envres", 10);
    single_open(&single, folder, shop.store, fx->err);
    struct bench_line lines[] = {
        { .name = "release (limit: one raw UPDATE)",
          .ours = release_ours,
          .limit = update_by_hand,
          .user = &m,
          .turns = 101,
          .is_slow = true,
          .goals = { { RULE_COST, 1.5, 1.2 } } },
        { .name = "rollback (limit: one raw UPDATE)",
          .ours = rollback_ours,
          .limit = update_by_hand,
          .user = &m,
          .turns = 101,
          .is_slow = true,
          .goals = { { RULE_COST, 1.5, 1.2 } } },
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        bench_run(&lines[i]);
    check_line(&shop);
    single_close(&single);
    shop_close(&shop);
}

/* ---- among many versions -------------------------------------------------------------------- */

static void
fill_versions(struct shop *shop, size_t count)
{
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = shop->fx->key,
                                .secret_len = sizeof(shop->fx->key) };
    envres_session_close(shop->moves.session);
    envres_store_close(shop->store);
    moves_fill(shop->path, count);
    expect_ok(envres_store_open(shop->path, TEXT, NULL, &shop->store, shop->fx->err), shop->fx->err,
              "opening a large store");
    expect_ok(
        envres_session_open(shop->store, NULL, 0, &owner, &shop->moves.session, shop->fx->err),
        shop->fx->err, "unlocking a large store");
    envres_list *list = NULL;
    expect_ok(envres_app_describe(shop->moves.session, moves_app, TEXT, &list, shop->fx->err),
              shop->fx->err, "describing");
    bench_check(envres_list_integer(list, 0, ENVRES_APP_VERSIONS) == (int64_t)count,
                "a store is not filled");
    envres_list_free(list);
}

static void
run_many(struct fixture *fx, const char *folder)
{
    static const struct {
        size_t count;
        const char *release;
        const char *rollback;
    } sizes[] = {
        { 1000, NULL, NULL },
        { 100000, "release, 100,000 (limit: 1,000)", "rollback, 100,000 (limit: 1,000)" },
        { 1000000, "release, 1,000,000 (limit: 1,000)", "rollback, 1,000,000 (limit: 1,000)" },
    };
    static struct shop shops[3];
    for (int s = 0; s < 3; s++) {
        char name[32];
        struct moving m = { &shops[s], &shops[0], NULL };
        if (s > 0 && !bench_wants(sizes[s].release) && !bench_wants(sizes[s].rollback))
            continue;
        snprintf(name, sizeof(name), "many%d.envres", s);
        shop_open(&shops[s], fx, folder, name, 2);
        fill_versions(&shops[s], bench_is_quick() ? sizes[s].count / 1000 + 3 : sizes[s].count);
        if (s == 0)
            continue;
        struct bench_line lines[] = {
            { .name = sizes[s].release,
              .ours = release_ours,
              .limit = release_small,
              .user = &m,
              .turns = 101,
              .is_slow = true,
              .goals = { { RULE_COST, 1.15, 1.05 } } },
            { .name = sizes[s].rollback,
              .ours = rollback_ours,
              .limit = rollback_small,
              .user = &m,
              .turns = 101,
              .is_slow = true,
              .goals = { { RULE_COST, 1.15, 1.05 } } },
        };
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
            bench_run(&lines[i]);
        check_line(&shops[s]);
        shop_close(&shops[s]);
    }
    shop_close(&shops[0]);
}

/* ---- versions and edits --------------------------------------------------------------------- */

static double
size_of(const char *path)
{
    struct stat info;
    bench_check(stat(path, &info) == 0, "a store has no size");
    return (double)info.st_size;
}

/* The file's growth by a version that is made from another of 2 MB. */
static void
run_growth(struct shop *shop)
{
    static const char name[] = "KB for a version of 2 MB";
    const struct bench_goal goals[BENCH_RULES] = { { RULE_COUNT, 4, 2 } };
    int made = bench_is_quick() ? 3 : GROWN;
    if (!bench_wants(name))
        return;
    double before = size_of(shop->path);
    for (int i = 0; i < made; i++)
        moves_create(shop->moves.session, NULL, "a");
    double grown = size_of(shop->path) - before;
    bench_report(name, grown / made / 1024, 0, goals);
}

struct editing {
    struct shop *shop;
    struct single *single;
    unsigned seed;
};

static void
put_ours(void *user, size_t count)
{
    struct editing *e = user;
    char text[PART + 1];
    envres_version_name it = moves_version("draft");
    for (size_t i = 0; i < count; i++) {
        envres_part_write write = { .size = sizeof(write),
                                    .path = "rows/100.json",
                                    .path_len = TEXT,
                                    .data = text,
                                    .data_len = part_text(text, e->seed++) };
        expect_ok(
            envres_part_put(e->shop->moves.session, &it, &write, 1, NULL, NULL, e->shop->fx->err),
            e->shop->fx->err, "an edit");
    }
}

static void
put_by_hand(void *user, size_t count)
{
    struct editing *e = user;
    char text[PART + 1];
    for (size_t i = 0; i < count; i++) {
        size_t len = part_text(text, e->seed++);
        sqlite3_bind_blob(e->single->update, 1, text, (int)len, SQLITE_STATIC);
        hand_expect(e->single->db, sqlite3_step(e->single->update), SQLITE_DONE, "UPDATE");
        sqlite3_reset(e->single->update);
    }
}

static void
run_editing(struct shop *shop, const char *folder)
{
    static struct single single;
    struct editing e = { shop, &single, 5000 };
    struct bench_line line = { .name = "edit of 10 KB in 2 MB (limit: raw)",
                               .ours = put_ours,
                               .limit = put_by_hand,
                               .user = &e,
                               .turns = 101,
                               .is_slow = true,
                               .goals = { { RULE_COST, 1.5, 1.2 } } };
    char text[PART + 1];
    envres_version_name draft = moves_version("draft");
    envres_value *value = NULL;
    size_t len = 0;
    single_open(&single, folder, shop->store, shop->fx->err);
    moves_create(shop->moves.session, "draft", "a");
    bench_run(&line);
    put_ours(&e, 1);
    expect_ok(
        envres_part_get(shop->moves.session, &draft, "rows/100.json", TEXT, &value, shop->fx->err),
        shop->fx->err, "the edited part");
    const char *data = envres_value_data(value, &len);
    bench_same("an edit", data, len, text, part_text(text, e.seed - 1));
    envres_value_free(value);
    single_close(&single);
}

/* ---- serving -------------------------------------------------------------------------------- */

struct serving {
    struct shop *shop;
    sqlite3 *db;
    sqlite3_stmt *part;
    uint8_t digests[PARTS][MOVES_DIGEST];
    envres_scope *kept;
    unsigned value;
};

static void
open_live(struct serving *s, envres_scope **out)
{
    envres_scope_options options = { .size = sizeof(options), .app = moves_app, .app_len = TEXT };
    expect_ok(envres_scope_open(s->shop->moves.session, "production", TEXT, &options, out,
                                s->shop->fx->err),
              s->shop->fx->err, "a scope of the app");
}

static void
serve_ours(void *user, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        envres_scope *scope = NULL;
        open_live(user, &scope);
        bench_check(envres_scope_part_count(scope) == PARTS, "a scope has not all parts");
        envres_scope_unref(scope);
    }
}

/* The parts by hand, whose digests are known: read, compared with their digests, copied. */
static void
serve_by_hand(void *user, size_t count)
{
    static char kept[PARTS * (PART + 1)];
    static const uint8_t personal[16] = "envres1/part";
    struct serving *s = user;
    for (size_t i = 0; i < count; i++) {
        hand_exec(s->db, "BEGIN");
        for (size_t p = 0; p < PARTS; p++) {
            uint8_t digest[MOVES_DIGEST];
            sqlite3_bind_blob(s->part, 1, s->digests[p], MOVES_DIGEST, SQLITE_STATIC);
            hand_expect(s->db, sqlite3_step(s->part), SQLITE_ROW, "a part by hand");
            const void *body = sqlite3_column_blob(s->part, 0);
            size_t len = (size_t)sqlite3_column_bytes(s->part, 0);
            crypto_generichash_blake2b_salt_personal(digest, MOVES_DIGEST, body, len, NULL, 0, NULL,
                                                     personal);
            bench_check(memcmp(digest, s->digests[p], MOVES_DIGEST) == 0,
                        "a part by hand is damaged");
            memcpy(kept + p * (PART + 1), body, len);
            sqlite3_reset(s->part);
        }
        hand_exec(s->db, "COMMIT");
        bench_keep(kept);
    }
}

/* Before each turn a setting changes; parts do not. */
static void
change_setting(void *user)
{
    struct serving *s = user;
    char value[32];
    snprintf(value, sizeof(value), "value-%u", s->value++);
    envres_variable_write write = {
        .size = sizeof(write), .name = "LIMIT", .name_len = TEXT, .value = value, .value_len = TEXT
    };
    expect_ok(envres_variable_put(s->shop->moves.session, "production", TEXT, &write, NULL, NULL,
                                  s->shop->fx->err),
              s->shop->fx->err, "a setting");
}

static void
latest_ours(void *user, size_t count)
{
    struct serving *s = user;
    for (size_t i = 0; i < count; i++) {
        envres_scope *fresh = NULL;
        expect_ok(envres_scope_latest(s->shop->moves.session, s->kept, &fresh, s->shop->fx->err),
                  s->shop->fx->err, "the latest scope");
        envres_scope_unref(s->kept);
        s->kept = fresh;
    }
}

static void
prepare_parts(struct serving *s)
{
    envres_version_name live = moves_version(moves_names[s->shop->moves.which]);
    envres_list *list = NULL;
    expect_ok(envres_part_list(s->shop->moves.session, &live, &list, s->shop->fx->err),
              s->shop->fx->err, "the parts");
    bench_check(envres_list_count(list) == PARTS, "an app has not all parts");
    for (size_t i = 0; i < PARTS; i++)
        sodium_hex2bin(s->digests[i], MOVES_DIGEST,
                       envres_list_text(list, i, ENVRES_PART_DIGEST, NULL), 64, NULL, NULL, NULL);
    envres_list_free(list);
    hand_expect(s->db, sqlite3_open(s->shop->path, &s->db), SQLITE_OK, "opening by hand");
    hand_expect(s->db,
                sqlite3_prepare_v2(s->db,
                                   "SELECT body FROM part WHERE workspace_id = (SELECT id FROM"
                                   " workspace) AND digest = ?1",
                                   -1, &s->part, NULL),
                SQLITE_OK, "SELECT");
}

static void
run_serving(struct shop *shop)
{
    struct serving s = { .shop = shop };
    struct bench_line lines[] = {
        { .name = "scope of 2 MB (limit: by hand)",
          .ours = serve_ours,
          .limit = serve_by_hand,
          .user = &s,
          .goals = { { RULE_COST, 3, 1.5 } } },
        { .name = "latest, a setting (limit: new)",
          .ours = latest_ours,
          .limit = serve_ours,
          .prepare = change_setting,
          .user = &s,
          .turns = 51,
          .is_slow = true,
          .goals = { { RULE_COST, 0.5, 0.25 } } },
    };
    prepare_parts(&s);
    change_setting(&s);
    open_live(&s, &s.kept);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        bench_run(&lines[i]);
    change_setting(&s);
    latest_ours(&s, 1);
    char text[PART + 1], value[32];
    const char *data = NULL;
    size_t len = 0;
    envres_value *limit = NULL;
    expect_ok(envres_scope_part(s.kept, "rows/007.json", TEXT, &data, &len, shop->fx->err),
              shop->fx->err, "a part");
    bench_same("a served part", data, len, text,
               part_text(text, (unsigned)shop->moves.which * 1000 + 7));
    expect_ok(envres_scope_get(s.kept, "LIMIT", TEXT, &limit, shop->fx->err), shop->fx->err,
              "the setting");
    snprintf(value, sizeof(value), "value-%u", s.value - 1);
    const char *got = envres_value_data(limit, &len);
    bench_same("the latest setting", got, len, value, strlen(value));
    envres_value_free(limit);
    envres_scope_unref(s.kept);
    sqlite3_finalize(s.part);
    sqlite3_close(s.db);
}

void
lines_release(struct fixture *fx, const char *folder)
{
    static struct shop shop;
    run_moves(fx, folder);
    run_many(fx, folder);
    shop_open(&shop, fx, folder, "parts.envres", PARTS);
    run_serving(&shop);
    run_editing(&shop, folder);
    run_growth(&shop);
    shop_close(&shop);
}
