/* SPDX-License-Identifier: MIT */
/*
 * Ids of the versions that moves_fill() makes count up, so that filling takes seconds; the
 * library's own are random, and a million made by it would take an hour.
 */
#include "moves.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

const char moves_app[] = "shop";
const char *const moves_names[2] = { "a", "b" };

static void
must(envres_status status, const char *what)
{
    if (status == ENVRES_OK)
        return;
    fflush(stdout);
    fprintf(stderr, "bench: %s: %s\n", what, envres_status_name(status));
    exit(1);
}

envres_version_name
moves_version(const char *version)
{
    return (envres_version_name){ .size = sizeof(envres_version_name),
                                  .app = moves_app,
                                  .app_len = ENVRES_NUL_TERMINATED,
                                  .version = version,
                                  .version_len = ENVRES_NUL_TERMINATED };
}

void
moves_create(envres_session *session, const char *name, const char *from)
{
    envres_version_options options = { .size = sizeof(options),
                                       .flags = from ? 0 : ENVRES_VERSION_EMPTY,
                                       .name = name,
                                       .name_len = name ? ENVRES_NUL_TERMINATED : 0,
                                       .from = from,
                                       .from_len = from ? ENVRES_NUL_TERMINATED : 0 };
    must(envres_version_create(session, moves_app, ENVRES_NUL_TERMINATED, &options, NULL, NULL,
                               NULL),
         "creating a version");
}

void
moves_promote(envres_session *session, const char *version, const char *from, const char *to,
              const uint8_t content[MOVES_DIGEST])
{
    envres_version_name it = moves_version(version);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = to,
                                       .to_len = ENVRES_NUL_TERMINATED,
                                       .expect_stage = from,
                                       .expect_stage_len = ENVRES_NUL_TERMINATED,
                                       .expect_content = content };
    must(envres_version_promote(session, &it, &options, NULL, NULL, NULL), "promoting");
}

void
moves_begin(struct moves *moves)
{
    for (int i = 0; i < 2; i++) {
        moves_promote(moves->session, moves_names[i], "development", "staging", moves->contents[i]);
        moves_promote(moves->session, moves_names[i], "staging", "production", moves->contents[i]);
    }
    moves->live = 0;
    moves->which = 1;
    moves_release(moves);
    moves_release(moves);
}

void
moves_release(struct moves *moves)
{
    int other = 1 - moves->which;
    envres_version_name it = moves_version(moves_names[other]);
    envres_release_options options = { .size = sizeof(options),
                                       .bump = ENVRES_BUMP_PATCH,
                                       .expect_content = moves->contents[other],
                                       .expect_live = moves->live };
    must(envres_release_create(moves->session, &it, &options, NULL, NULL, NULL, NULL), "release");
    moves->which = other;
    moves->live++;
}

void
moves_roll_back(struct moves *moves)
{
    int other = 1 - moves->which;
    envres_rollback_options options = { .size = sizeof(options),
                                        .version = moves_names[other],
                                        .version_len = ENVRES_NUL_TERMINATED,
                                        .expect_live = moves->live };
    must(envres_release_rollback(moves->session, moves_app, ENVRES_NUL_TERMINATED, &options, NULL,
                                 NULL, NULL, NULL),
         "rollback");
    moves->which = other;
    moves->live++;
}

void
moves_fill(const char *path, size_t count)
{
    static const char *const sql =
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; BEGIN;"
        "WITH RECURSIVE n (i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < %zu)"
        "INSERT INTO version (id, app_id, number, name, description, state, stage_id, parent_id,"
        " base, content, parts, pins, bytes, edits, author, created_at, changed_at, frozen_at)"
        " SELECT CAST(printf('%%016d', i) AS BLOB), app_id, i, 'copy ' || i, '', 2, stage_id, NULL,"
        " base, content, parts, pins, bytes, 0, author, created_at, changed_at, frozen_at FROM n,"
        " version WHERE version.name = 'a'; COMMIT;"
        "PRAGMA journal_mode = DELETE";
    char text[1024];
    sqlite3 *db = NULL;
    snprintf(text, sizeof(text), sql, count);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "bench: filling a store: %s\n", db ? sqlite3_errmsg(db) : "no memory");
        exit(1);
    }
    sqlite3_close(db);
}
