/* SPDX-License-Identifier: MIT */
#include "fx_serve.h"

#include <stdlib.h>
#include <unistd.h>

#include "../raw_sql.h"

struct place {
    struct fx fx; /* first: what tests get is this */
    char folder[64];
    char path[96];
};

static void
read_owner(struct fx *fx, envres_credential *owner)
{
    memset(owner, 0, sizeof(*owner));
    owner->size = sizeof(*owner);
    owner->kind = ENVRES_CREDENTIAL_RAW_KEY;
    owner->secret = fx->key;
    owner->secret_len = sizeof(fx->key);
}

int
serve_setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct fx *fx = &place->fx;
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential owner = { 0 };
    strcpy(place->folder, "/tmp/envres-serve-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/envres.db", place->folder);
    memset(fx->key, 0x61, sizeof(fx->key));
    fx->err = envres_error_new(NULL);
    read_owner(fx, &owner);
    *state = fx;
    if (envres_store_create(place->path, TEXT, &options, &owner, &fx->store, fx->err) < 0)
        return -1;
    return envres_session_open(fx->store, NULL, 0, &owner, &fx->session, fx->err);
}

int
serve_teardown_damaged(void **state)
{
    struct place *place = *state;
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
    char path[128];
    envres_session_close(place->fx.session);
    envres_store_close(place->fx.store);
    envres_error_free(place->fx.err);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", place->path, suffixes[i]);
        unlink(path);
    }
    int left = rmdir(place->folder);
    free(place);
    return left;
}

int
serve_teardown(void **state)
{
    struct fx *fx = *state;
    envres_list *findings = NULL;
    int bad = envres_store_verify(fx->store, fx->session, &findings, fx->err) < 0 ||
              envres_list_count(findings) > 0;
    if (bad)
        fprintf(stderr, "verify: %s %s\n", envres_error_message(fx->err),
                envres_list_count(findings)
                    ? envres_list_text(findings, 0, ENVRES_VERIFY_MESSAGE, NULL)
                    : "");
    envres_list_free(findings);
    return serve_teardown_damaged(state) || bad;
}

void
serve_again(struct fx *fx, envres_store **store, envres_session **session)
{
    struct place *place = (struct place *)fx;
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential owner = { 0 };
    read_owner(fx, &owner);
    OK(fx, envres_store_open(place->path, TEXT, &options, store, fx->err));
    OK(fx, envres_session_open(*store, NULL, 0, &owner, session, fx->err));
}

const char *
serve_path(struct fx *fx)
{
    return ((struct place *)fx)->path;
}

void
serve_sql(struct fx *fx, const char *sql)
{
    struct place *place = (struct place *)fx;
    raw_sql(place->path, sql);
}

/* ---- versions and releases ------------------------------------------------------------------ */

static envres_version_name
name_version(const char *app, const char *version)
{
    envres_version_name name = {
        .size = sizeof(name), .app = app, .app_len = TEXT, .version = version, .version_len = TEXT
    };
    return name;
}

void
serve_app(struct fx *fx, const char *app, uint32_t flags)
{
    envres_app_options options = { .size = sizeof(options), .flags = flags };
    OK(fx, envres_app_create(fx->session, app, TEXT, &options, NULL, fx->err));
}

void
serve_part(struct fx *fx, const char *app, const char *version, const char *path, const char *text)
{
    envres_version_name name = name_version(app, version);
    envres_part_write write = { .size = sizeof(write),
                                .flags = text ? 0 : ENVRES_PART_REMOVE,
                                .path = path,
                                .path_len = TEXT,
                                .data = text,
                                .data_len = text ? strlen(text) : 0 };
    OK(fx, envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err));
}

void
serve_draft(struct fx *fx, const char *app, const char *version, const char *from)
{
    envres_version_options options = { .size = sizeof(options),
                                       .name = version,
                                       .name_len = TEXT,
                                       .from = from,
                                       .from_len = from ? TEXT : 0 };
    OK(fx, envres_version_create(fx->session, app, TEXT, &options, NULL, NULL, fx->err));
}

/* What describe says of a version: its stage, and its content digest as bytes. */
static void
describe(struct fx *fx, const char *app, const char *version, char stage[80], uint8_t content[32])
{
    envres_version_name name = name_version(app, version);
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    snprintf(stage, 80, "%s", envres_list_text(list, 0, ENVRES_VERSION_STAGE, NULL));
    const char *hex = envres_list_text(list, 0, ENVRES_VERSION_CONTENT, NULL);
    for (int i = 0; i < 32; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + (size_t)2 * (size_t)i, "%2x", &byte), 1);
        content[i] = (uint8_t)byte;
    }
    envres_list_free(list);
}

void
serve_promote(struct fx *fx, const char *app, const char *version, const char *to)
{
    envres_version_name name = name_version(app, version);
    char stage[80];
    uint8_t content[32];
    describe(fx, app, version, stage, content);
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = ENVRES_MOVE_THROUGH,
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = stage,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    OK(fx, envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err));
}

int64_t
serve_live(struct fx *fx, const char *app)
{
    envres_list *list = NULL;
    OK(fx, envres_app_describe(fx->session, app, TEXT, &list, fx->err));
    int64_t live = envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE);
    envres_list_free(list);
    return live;
}

void
serve_release(struct fx *fx, const char *app, const char *version, const char *tag)
{
    envres_version_name name = name_version(app, version);
    char stage[80];
    uint8_t content[32];
    describe(fx, app, version, stage, content);
    if (strcmp(stage, "production") != 0)
        serve_promote(fx, app, version, "production");
    describe(fx, app, version, stage, content);
    envres_release_options options = { .size = sizeof(options),
                                       .tag = tag,
                                       .tag_len = TEXT,
                                       .expect_content = content,
                                       .expect_live = serve_live(fx, app) };
    OK(fx, envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err));
}

void
serve_rollback(struct fx *fx, const char *app, const char *tag)
{
    envres_rollback_options options = { .size = sizeof(options),
                                        .to = tag,
                                        .to_len = tag ? TEXT : 0,
                                        .expect_live = serve_live(fx, app) };
    OK(fx, envres_release_rollback(fx->session, app, TEXT, &options, NULL, NULL, NULL, fx->err));
}

void
serve_withdraw(struct fx *fx, const char *app)
{
    OK(fx,
       envres_release_withdraw(fx->session, app, TEXT, serve_live(fx, app), NULL, NULL, fx->err));
}

void
serve_discard(struct fx *fx, const char *app, const char *version)
{
    envres_version_name name = name_version(app, version);
    char stage[80];
    uint8_t content[32];
    describe(fx, app, version, stage, content);
    envres_version_seen seen = {
        .size = sizeof(seen), .stage = stage, .stage_len = TEXT, .content = content
    };
    OK(fx, envres_version_discard(fx->session, &name, &seen, NULL, fx->err));
}

/* ---- scopes --------------------------------------------------------------------------------- */

envres_status
serve_open(struct fx *fx, const char *env, const char *app, const char *tag, const char *version,
           envres_scope **out)
{
    envres_scope_options options = { .size = sizeof(options),
                                     .app = app,
                                     .app_len = app ? TEXT : 0,
                                     .tag = tag,
                                     .tag_len = tag ? TEXT : 0,
                                     .version = version,
                                     .version_len = version ? TEXT : 0 };
    return envres_scope_open(fx->session, env, TEXT, &options, out, fx->err);
}

envres_scope *
serve_scope(struct fx *fx, const char *app)
{
    envres_scope *scope = NULL;
    OK(fx, serve_open(fx, "production", app, NULL, NULL, &scope));
    return scope;
}

const char *
serve_text(struct fx *fx, const envres_scope *scope, const char *path)
{
    const char *data = NULL;
    size_t len = 0;
    OK(fx, envres_scope_part(scope, path, TEXT, &data, &len, fx->err));
    assert_int_equal(strlen(data), len);
    return data;
}

void
serve_renders(struct fx *fx, const envres_scope *scope, const char *text, const char *want,
              envres_status code)
{
    envres_value *value = NULL;
    envres_status st = envres_scope_expand(scope, text, TEXT, 0, 0, &value, fx->err);
    expect(fx, st, want ? ENVRES_OK : code, text);
    if (want)
        assert_string_equal(envres_value_data(value, NULL), want);
    envres_value_free(value);
}
