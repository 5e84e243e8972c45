/* SPDX-License-Identifier: MIT */
/*
 * Steps about apps, versions, releases, principals, slots, requests and stores. What a step names
 * is looked at right before it is changed, so that expectations always hold.
 */
#include "steps_verbs.h"

#include <stdlib.h>

static uint32_t
role_of(struct steps *run)
{
    static const char *const roles[] = { "viewer", "editor",  "publisher", "admin",
                                         "owner",  "runtime", "depositor", "auditor" };
    return step_choice(run, "role", roles, 8, ENVRES_ROLE_VIEWER);
}

/* ---- apps, versions, releases --------------------------------------------------------------- */

static envres_version_name
version_of(struct steps *run)
{
    struct slice app = step_get(run, "app");
    struct slice version = step_get(run, "version");
    return (envres_version_name){ .size = sizeof(envres_version_name),
                                  .app = app.data,
                                  .app_len = app.len,
                                  .version = version.data,
                                  .version_len = version.len };
}

/* Where a version stands and its digest; `stage` is of the list, which is the caller's. */
static envres_status
look(struct steps *run, const envres_version_name *version, envres_list **row, const char **stage,
     uint8_t *content)
{
    envres_status st = envres_version_describe(run->session, version, row, run->err);
    if (st < 0)
        return st;
    const char *hex = envres_list_text(*row, 0, ENVRES_VERSION_CONTENT, NULL);
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        content[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    *stage = envres_list_text(*row, 0, ENVRES_VERSION_STAGE, NULL);
    return ENVRES_OK;
}

static int64_t
live_sequence(struct steps *run)
{
    struct slice app = step_get(run, "app");
    envres_list *row = NULL;
    if (envres_app_describe(run->session, app.data, app.len, &row, run->err) < 0)
        return 0;
    int64_t sequence = envres_list_integer(row, 0, ENVRES_APP_LIVE_SEQUENCE);
    envres_list_free(row);
    return sequence;
}

static envres_status
app_create(struct steps *run)
{
    struct slice name = step_get(run, "name");
    return envres_app_create(run->session, name.data, name.len, NULL, &run->change, run->err);
}

static envres_status
version_create(struct steps *run)
{
    struct slice app = step_get(run, "app");
    struct slice name = step_get(run, "name");
    struct slice base = step_get(run, "base");
    struct slice description = step_get(run, "description");
    envres_version_options options = { .size = sizeof(options),
                                       .name = name.data,
                                       .name_len = name.len,
                                       .from = base.data,
                                       .from_len = base.len,
                                       .description = description.data,
                                       .description_len = description.len };
    return envres_version_create(run->session, app.data, app.len, &options, &run->change, NULL,
                                 run->err);
}

static envres_status
version_promote(struct steps *run)
{
    struct slice to = step_get(run, "to");
    envres_version_name version = version_of(run);
    envres_list *row = NULL;
    uint8_t content[32] = { 0 };
    envres_promote_options options = { .size = sizeof(options),
                                       .flags =
                                           step_flag(run, "through") == 1 ? ENVRES_MOVE_THROUGH : 0,
                                       .to = to.data,
                                       .to_len = to.len,
                                       .expect_stage_len = TEXT,
                                       .expect_content = content };
    envres_status st = look(run, &version, &row, &options.expect_stage, content);
    if (st == ENVRES_OK)
        st = envres_version_promote(run->session, &version, &options, &run->change, NULL, run->err);
    envres_list_free(row);
    return st;
}

static envres_status
version_discard(struct steps *run)
{
    envres_version_name version = version_of(run);
    envres_list *row = NULL;
    uint8_t content[32] = { 0 };
    envres_version_seen seen = { .size = sizeof(seen), .stage_len = TEXT, .content = content };
    envres_status st = look(run, &version, &row, &seen.stage, content);
    if (st == ENVRES_OK)
        st = envres_version_discard(run->session, &version, &seen, &run->change, run->err);
    envres_list_free(row);
    return st;
}

static envres_status
part_put(struct steps *run)
{
    struct slice path = step_get(run, "path");
    struct slice data = step_get(run, "data");
    envres_version_name version = version_of(run);
    envres_part_write write = { .size = sizeof(write),
                                .path = path.data,
                                .path_len = path.len,
                                .data = data.data,
                                .data_len = data.len };
    return envres_part_put(run->session, &version, &write, 1, &run->change, NULL, run->err);
}

static envres_status
part_put_many(struct steps *run)
{
    envres_version_name version = version_of(run);
    size_t count = (size_t)step_number(run, "count");
    char(*paths)[32] = step_numbered(run, "path", count);
    envres_part_write *writes = calloc(count, sizeof(*writes));
    assert_non_null(writes);
    for (size_t i = 0; i < count; i++)
        writes[i] = (envres_part_write){ .size = sizeof(writes[i]),
                                         .path = paths[i],
                                         .path_len = TEXT,
                                         .data = "x",
                                         .data_len = 1 };
    envres_status st =
        envres_part_put(run->session, &version, writes, count, &run->change, NULL, run->err);
    free(writes);
    free(paths);
    return st;
}

static envres_status
part_get(struct steps *run)
{
    struct slice path = step_get(run, "path");
    envres_version_name version = version_of(run);
    envres_value *value = NULL;
    envres_status st =
        envres_part_get(run->session, &version, path.data, path.len, &value, run->err);
    envres_value_free(value);
    return st;
}

static envres_status
release_create(struct steps *run)
{
    struct slice tag = step_get(run, "tag");
    struct slice notes = step_get(run, "notes");
    envres_version_name version = version_of(run);
    envres_list *row = NULL;
    const char *stage = NULL;
    uint8_t content[32] = { 0 };
    envres_release_options options = { .size = sizeof(options),
                                       .tag = tag.data,
                                       .tag_len = tag.len,
                                       .notes = notes.data,
                                       .notes_len = notes.len,
                                       .expect_content = content,
                                       .expect_live = live_sequence(run) };
    envres_status st = look(run, &version, &row, &stage, content);
    if (st == ENVRES_OK)
        st = envres_release_create(run->session, &version, &options, &run->change, NULL, NULL,
                                   run->err);
    envres_list_free(row);
    return st;
}

static envres_status
release_rollback(struct steps *run)
{
    struct slice app = step_get(run, "app");
    struct slice to = step_get(run, "to");
    struct slice version = step_get(run, "version");
    envres_rollback_options options = { .size = sizeof(options),
                                        .to = to.data,
                                        .to_len = to.len,
                                        .version = version.data,
                                        .version_len = version.len,
                                        .expect_live = live_sequence(run) };
    return envres_release_rollback(run->session, app.data, app.len, &options, &run->change, NULL,
                                   NULL, run->err);
}

static envres_status
release_withdraw(struct steps *run)
{
    struct slice app = step_get(run, "app");
    return envres_release_withdraw(run->session, app.data, app.len, live_sequence(run),
                                   &run->change, NULL, run->err);
}

/* ---- principals, slots, requests, stores ---------------------------------------------------- */

static envres_status
principal_add(struct steps *run)
{
    struct slice name = step_get(run, "name");
    uint8_t key[32] = { 0 };
    envres_credential credential = step_key(key, name);
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role_of(run),
                                         .credential = &credential };
    return envres_principal_add(run->session, name.data, name.len, &options, &run->change,
                                run->err);
}

static envres_status
principal_remove(struct steps *run)
{
    struct slice name = step_get(run, "name");
    return envres_principal_remove(run->session, name.data, name.len, &run->change, run->err);
}

static envres_status
role_change(struct steps *run, envres_status (*act)(envres_session *, const envres_role *,
                                                    const envres_change *, envres_error *))
{
    struct slice principal = step_get(run, "principal");
    envres_role role = { .size = sizeof(role),
                         .role = role_of(run),
                         .principal = principal.data,
                         .principal_len = principal.len };
    return act(run->session, &role, &run->change, run->err);
}

static envres_status
role_grant(struct steps *run)
{
    return role_change(run, envres_role_grant);
}

static envres_status
role_revoke(struct steps *run)
{
    return role_change(run, envres_role_revoke);
}

static envres_status
slot_add(struct steps *run)
{
    struct slice label = step_get(run, "label");
    uint8_t key[32] = { 0 };
    uint8_t root[32] = { 0 };
    envres_credential credential = step_credential(run, key, root);
    return envres_slot_add(run->session, label.data, label.len, &credential, &run->change, NULL,
                           run->err);
}

static envres_status
slot_remove(struct steps *run)
{
    return envres_slot_remove(run->session, step_number(run, "ordinal"), &run->change, run->err);
}

/* What is done with the newest request: 'a'pprove, 'w'ithdraw, 'r'un. */
static envres_status
request(struct steps *run, char what)
{
    envres_list *list = NULL;
    envres_status st = envres_request_list(run->session, ENVRES_REQUEST_ALL, &list, run->err);
    assert_int_equal(st, ENVRES_OK);
    assert_true(envres_list_count(list) > 0);
    const char *id = envres_list_text(list, envres_list_count(list) - 1, ENVRES_REQUEST_ID, NULL);
    if (what == 'a')
        st = envres_request_approve(run->session, id, TEXT, &run->change, run->err);
    else if (what == 'w')
        st = envres_request_withdraw(run->session, id, TEXT, &run->change, run->err);
    else
        st = envres_request_run(run->session, id, TEXT, &run->change, NULL, run->err);
    envres_list_free(list);
    return st;
}

static envres_status
request_approve(struct steps *run)
{
    return request(run, 'a');
}

static envres_status
request_withdraw(struct steps *run)
{
    return request(run, 'w');
}

static envres_status
request_run(struct steps *run)
{
    return request(run, 'r');
}

static envres_status
session_open(struct steps *run)
{
    struct slice workspace = step_get(run, "workspace");
    uint8_t key[32] = { 0 };
    uint8_t root[32] = { 0 };
    envres_credential credential = step_credential(run, key, root);
    envres_session *session = NULL;
    envres_status st = envres_session_open(run->store, workspace.data, workspace.len, &credential,
                                           &session, run->err);
    envres_session_close(session);
    return st;
}

static envres_status
store_create(struct steps *run)
{
    struct slice path = step_get(run, "path");
    struct slice workspace = step_get(run, "workspace");
    uint8_t key[32] = { 0 };
    uint8_t root[32] = { 0 };
    envres_credential credential = step_credential(run, key, root);
    envres_store_options options = { .size = sizeof(options), .workspace = workspace.data };
    envres_store *store = NULL;
    envres_status st =
        envres_store_create(path.data, path.len, &options, &credential, &store, run->err);
    envres_store_close(store);
    return st;
}

static envres_status
store_open(struct steps *run)
{
    struct slice path = step_get(run, "path");
    envres_store *store = NULL;
    envres_status st = envres_store_open(path.data, path.len, NULL, &store, run->err);
    envres_store_close(store);
    return st;
}

const struct step_verb steps_apps[] = {
    { "app.create", app_create },
    { "part.get", part_get },
    { "part.put", part_put },
    { "part.put_many", part_put_many },
    { "principal.add", principal_add },
    { "principal.remove", principal_remove },
    { "release.create", release_create },
    { "release.rollback", release_rollback },
    { "release.withdraw", release_withdraw },
    { "request.approve", request_approve },
    { "request.run", request_run },
    { "request.withdraw", request_withdraw },
    { "role.grant", role_grant },
    { "role.revoke", role_revoke },
    { "session.open", session_open },
    { "slot.add", slot_add },
    { "slot.remove", slot_remove },
    { "store.create", store_create },
    { "store.open", store_open },
    { "version.create", version_create },
    { "version.discard", version_discard },
    { "version.promote", version_promote },
    { NULL, NULL },
};
