/* SPDX-License-Identifier: MIT */
/* What is missing in a call is refused: each place for a result, each handle, each name that must
 * be given, one after another. Nothing is changed by it, nothing is written, and nothing crashes.
 */
#include <stdlib.h>

#include "delivery.h"

#define NO(call) FAILS(fx, ENVRES_E_INVALID, call)

/* A value of each kind of thing, so that what is refused is the one that is NULL. */
struct things {
    envres_list *list;
    envres_value *value;
    envres_scope *scope;
    envres_template *tmpl;
    envres_bound *bound;
    envres_resource_handle *handle;
    envres_redactor *redactor;
    envres_version_name version;
};

static void
open_things(struct fx *fx, struct things *things)
{
    envres_redactor_options options = { .size = sizeof(options) };
    memset(things, 0, sizeof(*things));
    app_new(fx, "desk");
    OK(fx, envres_resource_define(fx->session, "crm", TEXT, "rest", TEXT, NULL, fx->err));
    OK(fx, fx_field(fx, "production", "crm", "base_url", "https://crm.example.org", 0));
    OK(fx, fx_put(fx, "production", "NAME", "value", ENVRES_TYPE_STRING, 0));
    things->scope = fx_scope(fx, "production");
    OK(fx, envres_template_parse("<< environment.variables.NAME >>", TEXT, NULL, &things->tmpl,
                                 fx->err));
    OK(fx, envres_template_bind(things->tmpl, things->scope, NULL, &things->bound, fx->err));
    OK(fx, envres_scope_resource(things->scope, "crm", TEXT, &things->handle, fx->err));
    OK(fx, envres_redactor_new(&options, &things->redactor, fx->err));
    things->version = name_of("desk", "v1");
}

static void
close_things(struct things *things)
{
    assert_null(things->list);
    assert_null(things->value);
    envres_redactor_free(things->redactor);
    envres_resource_handle_free(things->handle);
    envres_bound_unref(things->bound);
    envres_template_unref(things->tmpl);
    envres_scope_unref(things->scope);
}

/* ---- stores, sessions, keys ------------------------------------------------------------------ */

static void
stores(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_store *store = NULL;
    int32_t changed = 0;
    envres_store_options options = { .size = sizeof(options), .flags = UINT32_MAX };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    NO(envres_store_open(NULL, 0, NULL, &store, fx->err));
    NO(envres_store_open("/nowhere/store", TEXT, NULL, NULL, fx->err));
    NO(envres_store_open("", 0, NULL, &store, fx->err));
    NO(envres_store_open("/nowhere/store", TEXT, &options, &store, fx->err));
    NO(envres_store_create(NULL, 0, &options, &owner, &store, fx->err));
    NO(envres_store_create(NULL, 0, NULL, &owner, NULL, fx->err));
    options.flags = ENVRES_STORE_READ_ONLY;
    NO(envres_store_create(NULL, 0, &options, &owner, &store, fx->err));
    assert_null(store);
    NO(envres_store_verify(NULL, fx->session, &list, fx->err));
    NO(envres_store_verify(fx->store, fx->session, NULL, fx->err));
    NO(envres_store_backup(NULL, "/nowhere/copy", TEXT, fx->err));
    NO(envres_store_backup(fx->store, NULL, 0, fx->err));
    NO(envres_store_poll(NULL, &changed, fx->err));
    NO(envres_store_info(NULL, &list, fx->err));
    NO(envres_store_info(fx->store, NULL, fx->err));
    assert_null(list);
    envres_store_close(NULL);
}

/* A session of one store says nothing about another one. */
static void
a_session_of_another_store(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_store *other = NULL;
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    OK(fx, envres_store_create(NULL, 0, NULL, &owner, &other, fx->err));
    NO(envres_store_verify(other, fx->session, &list, fx->err));
    assert_null(list);
    envres_store_close(other);
}

static void
sessions_and_keys(void **state)
{
    struct fx *fx = *state;
    envres_session *session = NULL;
    envres_list *list = NULL;
    uint8_t key[32] = { 0 };
    uint8_t again[32] = { 0 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx->key,
                                .secret_len = sizeof(fx->key) };
    NO(envres_session_open(NULL, NULL, 0, &owner, &session, fx->err));
    NO(envres_session_open(fx->store, NULL, 0, &owner, NULL, fx->err));
    NO(envres_session_open(fx->store, NULL, 0, NULL, &session, fx->err));
    NO(envres_session_info(NULL, &list, fx->err));
    NO(envres_session_info(fx->session, NULL, fx->err));
    NO(envres_session_as(NULL, "owner", TEXT, &session, fx->err));
    NO(envres_session_as(fx->session, NULL, 0, &session, fx->err));
    NO(envres_session_as(fx->session, "owner", TEXT, NULL, fx->err));
    assert_null(session);
    NO(envres_key_generate(NULL, fx->err));
    OK(fx, envres_key_generate(key, fx->err));
    OK(fx, envres_key_generate(again, fx->err));
    assert_memory_not_equal(key, again, sizeof(key));
    NO(envres_root_key(fx->session, NULL, fx->err));
    NO(envres_root_key(NULL, key, fx->err));
    NO(envres_slot_list(NULL, &list, fx->err));
    NO(envres_slot_list(fx->session, NULL, fx->err));
    NO(envres_slot_add(fx->session, "two", TEXT, NULL, NULL, NULL, fx->err));
    NO(envres_slot_change(fx->session, 1, NULL, NULL, fx->err));
    NO(envres_principal_rekey(fx->session, "owner", TEXT, NULL, NULL, fx->err));
    NO(envres_key_rotate(fx->session, NULL, 0, NULL, &list, fx->err));
    NO(envres_key_exposure(fx->session, "production", TEXT, NULL, fx->err));
    assert_null(list);
    envres_session_close(NULL);
}

static void
principals_and_audit(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    int64_t first_bad = 0;
    const char *none = NULL;
    envres_principal_options options = { .size = sizeof(options), .count = 1 };
    envres_role role = { .size = sizeof(role), .role = ENVRES_ROLE_VIEWER };
    envres_audit_options audit = { .size = sizeof(audit), .limit = -1 };
    envres_checkpoint checkpoint = { .size = sizeof(checkpoint) };
    envres_credential key = { .size = sizeof(key),
                              .kind = ENVRES_CREDENTIAL_RAW_KEY,
                              .secret = fx->key,
                              .secret_len = sizeof(fx->key) };
    options.role = ENVRES_ROLE_VIEWER;
    options.credential = &key;
    NO(envres_principal_add(fx->session, "ann", TEXT, &options, NULL, fx->err));
    options.environments = &none;
    NO(envres_principal_add(fx->session, "ann", TEXT, &options, NULL, fx->err));
    options.count = 0;
    NO(envres_principal_add(fx->session, NULL, 0, &options, NULL, fx->err));
    NO(envres_principal_add(fx->session, "ann", TEXT, NULL, NULL, fx->err));
    NO(envres_principal_remove(fx->session, NULL, 0, NULL, fx->err));
    NO(envres_principal_list(fx->session, NULL, fx->err));
    NO(envres_role_grant(fx->session, NULL, NULL, fx->err));
    NO(envres_role_revoke(fx->session, NULL, NULL, fx->err));
    NO(envres_role_grant(fx->session, &role, NULL, fx->err)); /* nobody named */
    NO(envres_audit_list(fx->session, &audit, &list, fx->err));
    NO(envres_audit_list(fx->session, NULL, NULL, fx->err));
    NO(envres_audit_verify(NULL, &first_bad, &list, fx->err));
    NO(envres_audit_check(fx->session, NULL, fx->err));
    NO(envres_audit_check(fx->session, &checkpoint, fx->err));
    NO(envres_audit_reveal(fx->session, NULL, NULL, fx->err));
    assert_null(list);
}

/* A checkpoint says who signed what with which key: all four are needed. */
static void
checkpoints(void **state)
{
    struct fx *fx = *state;
    static const uint8_t bytes[64];
    for (int without = 0; without < 4; without++) {
        envres_checkpoint checkpoint = { .size = sizeof(checkpoint),
                                         .sequence = 1,
                                         .signer = without == 0 ? NULL : bytes,
                                         .sign_key = without == 1 ? NULL : bytes,
                                         .hash = without == 2 ? NULL : bytes,
                                         .signature = without == 3 ? NULL : bytes };
        NO(envres_audit_check(fx->session, &checkpoint, fx->err));
    }
}

/* ---- configuration --------------------------------------------------------------------------- */

static void
variables(void **state)
{
    struct fx *fx = *state;
    envres_list *list = NULL;
    envres_value *value = NULL;
    envres_session *s = fx->session;
    envres_variable_write write = {
        .size = sizeof(write), .name = "A", .name_len = TEXT, .value = "1", .value_len = TEXT
    };
    int64_t entries = 0;
    OK(fx, envres_audit_list(s, NULL, &list, fx->err));
    entries = (int64_t)envres_list_count(list);
    envres_list_free(list);
    list = NULL;
    NO(envres_variable_put(NULL, "production", TEXT, &write, NULL, NULL, fx->err));
    NO(envres_variable_put(s, NULL, 0, &write, NULL, NULL, fx->err));
    NO(envres_variable_put(s, "production", TEXT, NULL, NULL, NULL, fx->err));
    NO(envres_variable_put_many(s, "production", TEXT, NULL, 1, NULL, NULL, fx->err));
    write.name = NULL;
    NO(envres_variable_put(s, "production", TEXT, &write, NULL, NULL, fx->err));
    NO(envres_variable_unset(s, "production", TEXT, NULL, 0, NULL, NULL, fx->err));
    NO(envres_variable_get(s, "production", TEXT, "A", TEXT, 0, NULL, fx->err));
    NO(envres_variable_get(s, "production", TEXT, NULL, 0, 0, &value, fx->err));
    NO(envres_variable_get(NULL, "production", TEXT, "A", TEXT, 0, &value, fx->err));
    NO(envres_variable_list(s, "production", TEXT, 0, NULL, fx->err));
    NO(envres_variable_history(s, "production", TEXT, "A", TEXT, 0, NULL, fx->err));
    NO(envres_restore(s, "production", TEXT, NULL, NULL, NULL, fx->err));
    NO(envres_variable_destroy(s, "production", TEXT, NULL, 0, 1, NULL, fx->err));
    NO(envres_variable_rename(s, "A", TEXT, NULL, 0, NULL, fx->err));
    NO(envres_variable_rename(s, NULL, 0, "B", TEXT, NULL, fx->err));
    NO(envres_variable_delete(s, NULL, 0, NULL, fx->err));
    NO(envres_references(s, "variables/A", TEXT, NULL, fx->err));
    NO(envres_deposit(s, "production", TEXT, NULL, NULL, NULL, fx->err));
    NO(envres_inbox_list(s, "production", TEXT, NULL, fx->err));
    NO(envres_inbox_accept(s, "production", TEXT, NULL, 0, NULL, NULL, fx->err));
    NO(envres_inbox_reject(s, "production", TEXT, NULL, 0, NULL, fx->err));
    NO(envres_environment_add(s, NULL, 0, NULL, NULL, fx->err));
    NO(envres_environment_remove(s, NULL, 0, NULL, fx->err));
    NO(envres_environment_set(s, NULL, 0, NULL, NULL, fx->err));
    NO(envres_environment_list(s, NULL, fx->err));
    NO(envres_environment_describe(s, "production", TEXT, NULL, fx->err));
    NO(envres_environment_describe(s, NULL, 0, &list, fx->err));
    assert_null(value);
    OK(fx, envres_audit_list(s, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), entries);
    envres_list_free(list);
}

static void
resources_and_queries(void **state)
{
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_session *s = fx->session;
    envres_query *query = NULL;
    envres_fallback fallback = { .size = sizeof(fallback) };
    open_things(fx, &things);
    NO(envres_resource_define(s, NULL, 0, "rest", TEXT, NULL, fx->err));
    NO(envres_resource_define(s, "shop", TEXT, NULL, 0, NULL, fx->err));
    NO(envres_resource_configure(s, "production", TEXT, NULL, NULL, NULL, fx->err));
    NO(envres_resource_fallback(s, "staging", TEXT, NULL, NULL, fx->err));
    NO(envres_resource_fallback(s, "staging", TEXT, &fallback, NULL, fx->err));
    NO(envres_resource_remove(s, NULL, 0, NULL, fx->err));
    NO(envres_resource_list(s, NULL, fx->err));
    NO(envres_resource_history(s, "production", TEXT, "crm", TEXT, 0, NULL, fx->err));
    NO(envres_resource_history(s, "production", TEXT, NULL, 0, 0, &things.list, fx->err));
    NO(envres_query_put(s, NULL, NULL, NULL, fx->err));
    NO(envres_query_restore(s, NULL, 0, 1, NULL, NULL, fx->err));
    NO(envres_query_remove(s, NULL, 0, NULL, fx->err));
    NO(envres_query_list(s, NULL, fx->err));
    NO(envres_query_history(s, "q", TEXT, NULL, fx->err));
    NO(envres_query_open(s, NULL, 0, 0, &query, fx->err));
    NO(envres_query_open(s, "q", TEXT, 0, NULL, fx->err));
    NO(envres_query_params(NULL, &things.list, fx->err));
    NO(envres_query_pin(s, NULL, "q", TEXT, 1, NULL, fx->err));
    NO(envres_query_pin(s, &things.version, NULL, 0, 1, NULL, fx->err));
    NO(envres_query_unpin(s, &things.version, NULL, 0, NULL, fx->err));
    NO(envres_query_pins(s, &things.version, NULL, fx->err));
    NO(envres_scope_query(things.scope, NULL, 0, &query, fx->err));
    NO(envres_scope_query(things.scope, "q", TEXT, NULL, fx->err));
    NO(envres_scope_query(NULL, "q", TEXT, &query, fx->err));
    assert_null(query);
    close_things(&things);
}

/* ---- versions and releases ------------------------------------------------------------------- */

static void
parts_and_moves(void **state)
{
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_session *s = fx->session;
    uint8_t digest[32] = { 0 };
    envres_part_write write = fx_part(NULL, "x", 1, 0);
    open_things(fx, &things);
    char *before = dump_now(fx);
    NO(envres_part_digest(NULL, 1, digest, fx->err));
    NO(envres_part_digest("x", 1, NULL, fx->err));
    NO(envres_part_put(s, NULL, &write, 1, NULL, NULL, fx->err));
    NO(envres_part_put(s, &things.version, NULL, 1, NULL, NULL, fx->err));
    NO(envres_part_put(s, &things.version, &write, 1, NULL, NULL, fx->err));
    NO(envres_part_get(s, &things.version, NULL, 0, &things.value, fx->err));
    NO(envres_part_get(s, &things.version, "a", TEXT, NULL, fx->err));
    NO(envres_part_list(s, &things.version, NULL, fx->err));
    NO(envres_part_list(s, NULL, &things.list, fx->err));
    NO(envres_part_history(s, &things.version, "a", TEXT, NULL, fx->err));
    NO(envres_part_restore(s, &things.version, NULL, 0, 1, NULL, fx->err));
    NO(envres_version_diff(s, &things.version, NULL, 0, &things.list, fx->err));
    NO(envres_version_diff(s, NULL, &things.version, 0, &things.list, fx->err));
    NO(envres_version_diff(s, &things.version, &things.version, 0, NULL, fx->err));
    NO(envres_version_diff(s, &things.version, &things.version, 2, &things.list, fx->err));
    NO(envres_version_check(s, &things.version, "staging", TEXT, NULL, fx->err));
    NO(envres_version_check(s, NULL, "staging", TEXT, &things.list, fx->err));
    NO(envres_version_promote(s, &things.version, NULL, NULL, NULL, fx->err));
    NO(envres_version_discard(s, &things.version, NULL, NULL, fx->err));
    NO(envres_release_create(s, &things.version, NULL, NULL, NULL, NULL, fx->err));
    NO(envres_release_create(s, NULL, NULL, NULL, NULL, NULL, fx->err));
    NO(envres_release_rollback(s, "desk", TEXT, NULL, NULL, NULL, NULL, fx->err));
    NO(envres_release_withdraw(s, "desk", TEXT, -1, NULL, NULL, fx->err));
    NO(envres_release_list(s, "desk", TEXT, NULL, fx->err));
    NO(envres_release_list(s, NULL, 0, &things.list, fx->err));
    NO(envres_app_status(s, "desk", TEXT, NULL, fx->err));
    NO(envres_request_list(s, 0, NULL, fx->err));
    NO(envres_request_list(s, 2, &things.list, fx->err));
    NO(envres_request_show(s, NULL, 0, &things.list, fx->err));
    NO(envres_request_show(s, "00000000", TEXT, NULL, fx->err));
    NO(envres_request_approve(s, NULL, 0, NULL, fx->err));
    NO(envres_request_withdraw(s, NULL, 0, NULL, fx->err));
    NO(envres_request_run(s, NULL, 0, NULL, NULL, fx->err));
    expect_unchanged(fx, before, "calls without what they need");
    close_things(&things);
}

/* Numbers and names beyond what there can be. */
static void
bounds(void **state)
{
    enum { MOST_REVISIONS = 1000000, LONGEST_NAME = 128 };
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_session *s = fx->session;
    uint8_t digest[32] = { 0 };
    char name[LONGEST_NAME + 1];
    envres_release_options release = {
        .size = sizeof(release), .tag = "1.0.0", .tag_len = TEXT, .expect_content = digest
    };
    envres_rollback_options rollback = { .size = sizeof(rollback), .expect_live = -1 };
    envres_credential key = { .size = sizeof(key),
                              .kind = ENVRES_CREDENTIAL_RAW_KEY,
                              .secret = fx->key,
                              .secret_len = sizeof(fx->key) };
    open_things(fx, &things);
    char *before = dump_now(fx);
    release.expect_live = -1;
    NO(envres_release_create(s, &things.version, &release, NULL, NULL, NULL, fx->err));
    release.expect_live = 0;
    release.expect_content = NULL;
    NO(envres_release_create(s, &things.version, &release, NULL, NULL, NULL, fx->err));
    NO(envres_release_rollback(s, "desk", TEXT, &rollback, NULL, NULL, NULL, fx->err));
    NO(envres_query_pin(s, &things.version, "q", TEXT, -1, NULL, fx->err));
    NO(envres_query_pin(s, &things.version, "q", TEXT, MOST_REVISIONS + 1, NULL, fx->err));
    NO(envres_query_pin(s, &things.version, "q", TEXT, INT64_MAX, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND,
          envres_query_pin(s, &things.version, "q", TEXT, MOST_REVISIONS, NULL, fx->err));
    memset(name, 'n', sizeof(name));
    for (size_t len = LONGEST_NAME; len <= LONGEST_NAME + 1; len++) {
        FAILS(fx, ENVRES_E_NO_PRINCIPAL, envres_principal_rekey(s, name, len, &key, NULL, fx->err));
        /* One that can be is looked for, by its name. */
        assert_int_equal(strstr(envres_error_message(fx->err), "bytes") != NULL,
                         len > LONGEST_NAME);
    }
    FAILS(fx, ENVRES_E_NO_PRINCIPAL, envres_principal_rekey(s, "", 0, &key, NULL, fx->err));
    expect_unchanged(fx, before, "calls beyond all bounds");
    close_things(&things);
}

/* ---- what is resolved ------------------------------------------------------------------------ */

static void
scopes(void **state)
{
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_scope *other = NULL;
    envres_resource_handle *handle = NULL;
    const char *data = NULL;
    size_t len = 0;
    uint32_t index = 0;
    int32_t flag = 0;
    int64_t integer = 0;
    double number = 0;
    open_things(fx, &things);
    NO(envres_scope_open(fx->session, "production", TEXT, NULL, NULL, fx->err));
    NO(envres_scope_open(NULL, "production", TEXT, NULL, &other, fx->err));
    NO(envres_scope_latest(fx->session, things.scope, NULL, fx->err));
    NO(envres_scope_latest(fx->session, NULL, &other, fx->err));
    NO(envres_scope_find(things.scope, NULL, 0, &index, fx->err));
    NO(envres_scope_find(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_scope_find(NULL, "NAME", TEXT, &index, fx->err));
    NO(envres_scope_at(things.scope, 0, NULL, &len, fx->err));
    NO(envres_scope_get(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_scope_get(NULL, "NAME", TEXT, &things.value, fx->err));
    NO(envres_scope_get_boolean(things.scope, NULL, 0, &flag, fx->err));
    NO(envres_scope_get_boolean(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_scope_get_integer(things.scope, NULL, 0, &integer, fx->err));
    NO(envres_scope_get_double(things.scope, NULL, 0, &number, fx->err));
    NO(envres_scope_get_string(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_scope_get_json(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_scope_part(things.scope, NULL, 0, &data, &len, fx->err));
    NO(envres_explain(things.scope, "NAME", TEXT, NULL, fx->err));
    NO(envres_explain(NULL, "NAME", TEXT, &things.list, fx->err));
    NO(envres_scope_resource(things.scope, NULL, 0, &handle, fx->err));
    NO(envres_scope_resource(things.scope, "crm", TEXT, NULL, fx->err));
    NO(envres_scope_resource(NULL, "crm", TEXT, &handle, fx->err));
    NO(envres_resource_handle_url(NULL, &things.value, fx->err));
    NO(envres_resource_handle_url(things.handle, NULL, fx->err));
    NO(envres_resource_handle_redacted_url(NULL, &things.value, fx->err));
    NO(envres_resource_handle_field(things.handle, NULL, 0, &things.value, fx->err));
    NO(envres_resource_handle_field(things.handle, "base_url", TEXT, NULL, fx->err));
    NO(envres_resource_test(things.scope, "crm", TEXT, NULL, NULL, fx->err));
    assert_int_equal(envres_resource_handle_is_fallback(NULL), 0);
    assert_int_equal(envres_resource_handle_field_is_secret(NULL, 0), 0);
    assert_int_equal(envres_resource_handle_field_is_secret(things.handle, 99), 0);
    assert_null(other);
    assert_null(handle);
    close_things(&things);
}

static void
templates(void **state)
{
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_bound *bound = NULL;
    envres_statement *statement = NULL;
    const char *data = NULL;
    char buf[8];
    size_t len = 0;
    open_things(fx, &things);
    NO(envres_template_render(NULL, things.scope, NULL, &things.value, fx->err));
    NO(envres_template_render(things.tmpl, NULL, NULL, &things.value, fx->err));
    NO(envres_template_render(things.tmpl, things.scope, NULL, NULL, fx->err));
    NO(envres_template_render_into(things.tmpl, things.scope, NULL, NULL, 8, &len, fx->err));
    NO(envres_template_render_into(NULL, things.scope, NULL, buf, sizeof(buf), &len, fx->err));
    NO(envres_template_references(NULL, &things.list, fx->err));
    NO(envres_scope_expand(things.scope, "x", TEXT, 0, 0, NULL, fx->err));
    NO(envres_scope_expand(NULL, "x", TEXT, 0, 0, &things.value, fx->err));
    NO(envres_scope_render_part(things.scope, NULL, 0, NULL, &things.value, fx->err));
    NO(envres_template_prepare(things.tmpl, things.scope, NULL, NULL, fx->err));
    NO(envres_template_prepare(NULL, things.scope, NULL, &statement, fx->err));
    NO(envres_template_bind(NULL, things.scope, NULL, &bound, fx->err));
    NO(envres_template_bind(things.tmpl, NULL, NULL, &bound, fx->err));
    NO(envres_template_bind(things.tmpl, things.scope, NULL, NULL, fx->err));
    NO(envres_bound_render(NULL, &things.value, fx->err));
    NO(envres_bound_render(things.bound, NULL, fx->err));
    NO(envres_bound_render_into(NULL, buf, sizeof(buf), &len, fx->err));
    NO(envres_bound_render_into(things.bound, NULL, 8, &len, fx->err));
    NO(envres_bound_text(NULL, &data, &len, fx->err));
    NO(envres_bound_text(things.bound, NULL, &len, fx->err));
    NO(envres_bound_text(things.bound, &data, NULL, fx->err));
    NO(envres_params_set(NULL, "x", TEXT, ENVRES_TYPE_STRING, "1", TEXT, 0, fx->err));
    assert_null(bound);
    assert_null(statement);
    assert_null(data);
    close_things(&things);
}

static envres_status
write_nothing(const char *data, size_t len, void *user)
{
    (void)user;
    (void)data;
    (void)len;
    return ENVRES_OK;
}

static void
redactors_and_scans(void **state)
{
    struct fx *fx = *state;
    struct things things = { 0 };
    envres_redactor *other = NULL;
    envres_scan *scan = NULL;
    open_things(fx, &things);
    NO(envres_redactor_new(NULL, NULL, fx->err));
    NO(envres_redactor_add_scope(things.redactor, NULL, fx->err));
    NO(envres_redactor_add_scope(NULL, things.scope, fx->err));
    NO(envres_redactor_add(things.redactor, "x", TEXT, NULL, 3, fx->err));
    NO(envres_redactor_add(NULL, "x", TEXT, "secret", TEXT, fx->err));
    NO(envres_redactor_refused(NULL, &things.list, fx->err));
    NO(envres_redactor_refused(things.redactor, NULL, fx->err));
    NO(envres_redactor_copy(NULL, &other, fx->err));
    NO(envres_redactor_copy(things.redactor, NULL, fx->err));
    NO(envres_redactor_feed(things.redactor, "x", 1, NULL, NULL, fx->err));
    NO(envres_redactor_feed(NULL, "x", 1, write_nothing, NULL, fx->err));
    NO(envres_redactor_finish(things.redactor, NULL, NULL, fx->err));
    NO(envres_redactor_text(things.redactor, "x", 1, NULL, fx->err));
    NO(envres_redactor_text(NULL, "x", 1, &things.value, fx->err));
    assert_int_equal(envres_redactor_masked(NULL), 0);
    NO(envres_scan_open(fx->session, NULL, 0, &scan, NULL, fx->err));
    NO(envres_scan_open(fx->session, "production", TEXT, NULL, NULL, fx->err));
    NO(envres_scan_text(NULL, "x", TEXT, "x", 1, &things.list, fx->err));
    assert_null(other);
    assert_null(scan);
    close_things(&things);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stores),
        TEST(a_session_of_another_store),
        TEST(sessions_and_keys),
        TEST(principals_and_audit),
        TEST(checkpoints),
        TEST(variables),
        TEST(resources_and_queries),
        TEST(parts_and_moves),
        TEST(bounds),
        TEST(scopes),
        TEST(templates),
        TEST(redactors_and_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
