/* SPDX-License-Identifier: MIT */
#include "delivery.h"

#include <stdlib.h>

#include "../scenarios/fixture_apps.h"

envres_version_name
name_of(const char *app, const char *version)
{
    return version_of(app, version);
}

/* The scenarios' view of the same session. */
static struct fixture
view(struct fx *fx)
{
    struct fixture f = { .store = fx->store, .session = fx->session, .err = fx->err };
    return f;
}

/* ---- making --------------------------------------------------------------------------------- */

void
app_new(struct fx *fx, const char *app)
{
    OK(fx, envres_app_create(fx->session, app, TEXT, NULL, NULL, fx->err));
}

envres_status
put_text(struct fx *fx, const char *app, const char *version, const char *path, const char *text)
{
    envres_version_name name = version_of(app, version);
    envres_part_write write = part_of(path, text, text ? 0 : ENVRES_PART_REMOVE);
    return envres_part_put(fx->session, &name, &write, 1, NULL, NULL, fx->err);
}

void
version_new(struct fx *fx, const char *app, const char *version, const char *from)
{
    envres_version_options options = { .size = sizeof(options),
                                       .flags = from ? 0 : ENVRES_VERSION_EMPTY,
                                       .name = version,
                                       .name_len = TEXT,
                                       .from = from,
                                       .from_len = from ? TEXT : 0 };
    OK(fx, envres_version_create(fx->session, app, TEXT, &options, NULL, NULL, fx->err));
    OK(fx, put_text(fx, app, version, "name.txt", version));
}

void
make_ready(struct fx *fx, const char *app, const char *version)
{
    OK(fx, promote_to(fx, app, version, "staging", 0));
    OK(fx, promote_to(fx, app, version, "production", 0));
}

/* ---- looking -------------------------------------------------------------------------------- */

void
content_now(struct fx *fx, const char *app, const char *version, uint8_t content[CONTENT])
{
    struct fixture f = view(fx);
    OK(fx, content_of(&f, app, version, content));
}

static void
column_now(struct fx *fx, const char *app, const char *version, uint32_t column, char *out,
           size_t cap)
{
    envres_version_name name = version_of(app, version);
    envres_list *list = NULL;
    OK(fx, envres_version_describe(fx->session, &name, &list, fx->err));
    assert_int_equal(envres_list_count(list), 1);
    snprintf(out, cap, "%s", envres_list_text(list, 0, column, NULL));
    envres_list_free(list);
}

void
state_now(struct fx *fx, const char *app, const char *version, char state[16])
{
    column_now(fx, app, version, ENVRES_VERSION_STATE, state, 16);
}

void
stage_now(struct fx *fx, const char *app, const char *version, char stage[65])
{
    column_now(fx, app, version, ENVRES_VERSION_STAGE, stage, 65);
}

int64_t
live_now(struct fx *fx, const char *app)
{
    envres_list *list = NULL;
    OK(fx, envres_app_describe(fx->session, app, TEXT, &list, fx->err));
    int64_t live = envres_list_type(list, 0, ENVRES_APP_LIVE_SEQUENCE) == ENVRES_CELL_NULL
                       ? 0
                       : envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE);
    envres_list_free(list);
    return live;
}

/* ---- moving --------------------------------------------------------------------------------- */

envres_status
promote_to(struct fx *fx, const char *app, const char *version, const char *to, uint32_t flags)
{
    envres_version_name name = version_of(app, version);
    uint8_t content[CONTENT];
    char stage[65];
    content_now(fx, app, version, content);
    stage_now(fx, app, version, stage);
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = flags,
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = stage,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    return envres_version_promote(fx->session, &name, &options, NULL, NULL, fx->err);
}

static envres_status
release_with(struct fx *fx, const char *app, const char *version, const char *tag, uint32_t bump)
{
    envres_version_name name = version_of(app, version);
    uint8_t content[CONTENT];
    content_now(fx, app, version, content);
    envres_release_options options = { .size = sizeof(options),
                                       .tag = tag,
                                       .tag_len = tag ? TEXT : 0,
                                       .bump = bump,
                                       .expect_content = content,
                                       .expect_live = live_now(fx, app) };
    return envres_release_create(fx->session, &name, &options, NULL, NULL, NULL, fx->err);
}

envres_status
release_as(struct fx *fx, const char *app, const char *version, const char *tag)
{
    return release_with(fx, app, version, tag, ENVRES_BUMP_NONE);
}

envres_status
release_bump(struct fx *fx, const char *app, const char *version, uint32_t bump)
{
    return release_with(fx, app, version, NULL, bump);
}

envres_status
rollback_to(struct fx *fx, const char *app, const char *version, const char *tag)
{
    envres_rollback_options options = { .size = sizeof(options),
                                        .to = tag,
                                        .to_len = tag ? TEXT : 0,
                                        .version = version,
                                        .version_len = version ? TEXT : 0,
                                        .expect_live = live_now(fx, app) };
    return envres_release_rollback(fx->session, app, TEXT, &options, NULL, NULL, NULL, fx->err);
}

envres_status
withdraw(struct fx *fx, const char *app)
{
    return envres_release_withdraw(fx->session, app, TEXT, live_now(fx, app), NULL, NULL, fx->err);
}

envres_status
discard(struct fx *fx, const char *app, const char *version)
{
    envres_version_name name = version_of(app, version);
    uint8_t content[CONTENT];
    char stage[80];
    content_now(fx, app, version, content);
    column_now(fx, app, version, ENVRES_VERSION_STAGE, stage, sizeof(stage));
    envres_version_seen seen = {
        .size = sizeof(seen), .stage = stage, .stage_len = TEXT, .content = content
    };
    return envres_version_discard(fx->session, &name, &seen, NULL, fx->err);
}

/* ---- the dump ------------------------------------------------------------------------------- */

char *
dump_now(struct fx *fx)
{
    struct fixture f = view(fx);
    struct dump dump = { NULL, 0, 0, 0 };
    envres_list *list = NULL;
    dump_apps(&f, &dump);
    if (envres_environment_list(fx->session, &list, fx->err) < 0)
        dump.failed = 1;
    dump_list(&dump, "environments", list);
    if (dump.failed)
        fail_msg("no dump: %s", envres_error_message(fx->err));
    return dump.text;
}

void
expect_unchanged(struct fx *fx, char *before, const char *what)
{
    char *after = dump_now(fx);
    if (strcmp(before, after) != 0)
        fail_msg("%s: something changed:\n%s\nwas:\n%s", what, after, before);
    free(after);
    free(before);
}
