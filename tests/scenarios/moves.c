/* SPDX-License-Identifier: MIT */
/* Scenarios that move versions on, and the live release. */
#include <stdlib.h>
#include <string.h>

#include "fixture_apps.h"
#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

static envres_promote_options
onward(const char *to, const char *from, const uint8_t content[32], uint32_t flags)
{
    envres_promote_options options = { .size = sizeof(options),
                                       .flags = flags,
                                       .to = to,
                                       .to_len = TEXT,
                                       .expect_stage = from,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    return options;
}

/* Out of the draft state: the version is frozen. */
envres_status
promote_draft(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_promote_options options = onward("staging", "development", fx->draft, 0);
    envres_list *findings = NULL;
    envres_status st =
        envres_version_promote(fx->session, &version, &options, NULL, &findings, fx->err);
    envres_list_free(findings);
    return st;
}

envres_status
promote_to_the_end(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v4");
    envres_promote_options options = onward("production", "staging", fx->staged, 0);
    return envres_version_promote(fx->session, &version, &options, NULL, NULL, fx->err);
}

envres_status
promote_through(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_promote_options options =
        onward("production", "development", fx->draft, ENVRES_MOVE_THROUGH);
    return envres_version_promote(fx->session, &version, &options, NULL, NULL, fx->err);
}

envres_status
discard_version(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v5");
    envres_version_seen seen = {
        .size = sizeof(seen), .stage = "development", .stage_len = TEXT, .content = fx->draft
    };
    return envres_version_discard(fx->session, &version, &seen, NULL, fx->err);
}

static envres_release_options
next_release(const struct fixture *fx)
{
    envres_release_options options = { .size = sizeof(options),
                                       .bump = ENVRES_BUMP_MINOR,
                                       .notes = "what is new",
                                       .notes_len = TEXT,
                                       .expect_content = fx->ready,
                                       .expect_live = 2 };
    return options;
}

envres_status
release_version(struct fixture *fx)
{
    envres_version_name version = version_of("portal", "v3");
    envres_release_options options = next_release(fx);
    envres_list *made = NULL;
    envres_list *findings = NULL;
    envres_status st =
        envres_release_create(fx->session, &version, &options, NULL, &made, &findings, fx->err);
    if (st == ENVRES_OK &&
        (strcmp(envres_list_text(made, 0, ENVRES_RELEASE_TAG, NULL), "1.2.0") != 0 ||
         envres_list_integer(made, 0, ENVRES_RELEASE_SEQUENCE) != 3))
        abort();
    envres_list_free(findings);
    envres_list_free(made);
    return st;
}

envres_status
roll_back(struct fixture *fx)
{
    envres_rollback_options options = { .size = sizeof(options), .expect_live = 2 };
    envres_list *made = NULL;
    envres_status st =
        envres_release_rollback(fx->session, "portal", TEXT, &options, NULL, &made, NULL, fx->err);
    if (st == ENVRES_OK &&
        (strcmp(envres_list_text(made, 0, ENVRES_RELEASE_VERSION, NULL), "v1") != 0 ||
         envres_list_integer(made, 0, ENVRES_RELEASE_TARGET) != 1))
        abort();
    envres_list_free(made);
    return st;
}

/* Named, and checked afterwards. */
envres_status
roll_back_to(struct fixture *fx)
{
    envres_rollback_options options = {
        .size = sizeof(options), .to = "v1.0.0", .to_len = TEXT, .expect_live = 2
    };
    envres_change change = { .size = sizeof(change), .reason = "it broke", .reason_len = TEXT };
    envres_list *findings = NULL;
    envres_status st = envres_release_rollback(fx->session, "portal", TEXT, &options, &change, NULL,
                                               &findings, fx->err);
    envres_list_free(findings);
    return st;
}

envres_status
withdraw_release(struct fixture *fx)
{
    envres_list *made = NULL;
    envres_status st = envres_release_withdraw(fx->session, "tool", TEXT, 1, NULL, &made, fx->err);
    envres_list_free(made);
    return st;
}

/* ---- readings ------------------------------------------------------------------------------- */

envres_status
try_moves(struct fixture *fx)
{
    envres_version_name draft = version_of("portal", "v5");
    envres_version_name ready = version_of("portal", "v3");
    envres_promote_options onto = onward("staging", "development", fx->draft, ENVRES_MOVE_DRY_RUN);
    envres_release_options next = next_release(fx);
    envres_rollback_options back = { .size = sizeof(back),
                                     .flags = ENVRES_MOVE_DRY_RUN,
                                     .expect_live = 2 };
    next.flags = ENVRES_MOVE_DRY_RUN;
    envres_status st = envres_version_promote(fx->session, &draft, &onto, NULL, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_release_create(fx->session, &ready, &next, NULL, NULL, NULL, fx->err);
    if (st == ENVRES_OK)
        st = envres_release_rollback(fx->session, "portal", TEXT, &back, NULL, NULL, NULL, fx->err);
    return st;
}

envres_status
list_releases(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_release_list(fx->session, "portal", TEXT, &list, fx->err);
    if (st == ENVRES_OK &&
        (envres_list_count(list) != 2 || !envres_list_integer(list, 0, ENVRES_RELEASE_LIVE)))
        abort();
    envres_list_free(list);
    return st;
}
