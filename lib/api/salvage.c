/* SPDX-License-Identifier: MIT */
/*
 * A new store out of a damaged one: the rows that can be read, of these what verifies. Made beside
 * its path under a name of its own and renamed when whole, like every store. What a verify of the
 * result still finds is a part of the report.
 */
#include <envres/store.h>

#include <string.h>

#include "api/store.h"
#include "base/limits.h"
#include "base/list.h"
#include "model/salvage.h"
#include "storage/files.h"

static const char *const salvage_columns[ENVRES_SALVAGE_COLUMNS] = {
    "table", "object", "kept", "lost", "code", "message",
};

struct salvaging {
    envres_store *store;
    const envres_store_options *options;
    const envres_credential *credential;
    const char *source;
    struct slice workspace;
    struct salvage_report report;
};

/* Who seals the new store; the first workspace is the only one. No transaction is open. */
static envres_status
unlock(struct salvaging *s, struct context *ctx, envres_error *err)
{
    envres_store *store = s->store;
    struct slice any = { NULL, 0 };
    envres_status st = workspace_find(store->db, any, ctx->workspace, err);
    if (st == ENVRES_OK)
        st = identity_unlock(store->db, store->arena, &store->mem, ctx->workspace, s->credential,
                             store->kdf_memory_max, &ctx->actor, err);
    return st;
}

/* What the rules of the salvage did not see. */
static envres_status
report_findings(struct salvaging *s, struct context *ctx, envres_error *err)
{
    envres_session session = { .store = s->store, .context = *ctx };
    envres_list *findings = NULL;
    envres_status st =
        list_new(&s->store->mem, store_verify_columns, ENVRES_VERIFY_COLUMNS, &findings, err);
    if (st == ENVRES_OK)
        st = store_verify(s->store, &session, findings, err);
    *ctx = session.context;
    for (size_t row = 0; st == ENVRES_OK && row < envres_list_count(findings); row++) {
        const char *message = envres_list_text(findings, row, ENVRES_VERIFY_MESSAGE, NULL);
        const char *object = envres_list_text(findings, row, ENVRES_VERIFY_OBJECT, NULL);
        salvage_lost(&s->report, "file", object, 0, ENVRES_E_CORRUPT, message);
    }
    envres_list_free(findings);
    return st;
}

static struct context
new_context(envres_store *store)
{
    struct context ctx = { .db = store->db,
                           .mem = &store->mem,
                           .clock = &store->clock,
                           .arena = store->arena,
                           .changes = store->changes };
    return ctx;
}

/* Into an empty database, which is closed and opened again with all its checks. */
static envres_status
fill(struct salvaging *s, const char *path, envres_error *err)
{
    envres_store *store = s->store;
    struct salvage_reading reading = { .rows = 0 };
    struct context ctx = new_context(store);
    bool made = false;
    envres_status st = salvage_read(store->db, s->source, &reading, err);
    if (st == ENVRES_OK)
        st = salvage_workspace(store->db, &store->mem, s->workspace, clock_now(&store->clock),
                               &made, err);
    if (st == ENVRES_OK)
        st = unlock(s, &ctx, err);
    if (st == ENVRES_OK)
        st = salvage_settle(&ctx, made, &reading, &s->report, err);
    struct identity *actor = ctx.actor ? identity_ref(ctx.actor) : NULL;
    uint8_t workspace[SEAL_ID];
    memcpy(workspace, ctx.workspace, SEAL_ID);
    context_clear(&ctx);
    db_close(store->db);
    store->db = NULL;
    if (st == ENVRES_OK)
        st = store_connect(store, s->options, path, false, err);
    if (st == ENVRES_OK) {
        ctx = new_context(store);
        memcpy(ctx.workspace, workspace, SEAL_ID);
        ctx.actor = identity_ref(actor);
        st = report_findings(s, &ctx, err);
        if (st == ENVRES_OK)
            st = salvage_kept(store->db, &s->report, err);
        context_clear(&ctx);
    }
    identity_unref(actor);
    db_close(store->db);
    store->db = NULL;
    return st;
}

/* ---- the file ------------------------------------------------------------------------------- */

static envres_status
make_file(struct salvaging *s, const char *path, envres_error *err)
{
    envres_store *store = s->store;
    char *temp = NULL;
    struct files_id id = { 0, 0 };
    bool have = false;
    envres_status st = files_check_absent(path, err);
    if (st == ENVRES_OK)
        st = files_temp_name(&store->mem, path, &temp, err);
    if (st == ENVRES_OK)
        st = store_connect(store, s->options, temp, true, err);
    if (st == ENVRES_OK)
        st = files_check_store(temp, FILES_ANY_MODE, &id, err);
    have = st == ENVRES_OK;
    if (st == ENVRES_OK)
        st = fill(s, temp, err);
    db_close(store->db);
    store->db = NULL;
    if (st == ENVRES_OK) {
        files_remove_beside(temp);
        st = files_sync_file(temp, err);
    }
    if (st == ENVRES_OK)
        st = files_rename_new(temp, path, err);
    if (st < 0 && have)
        files_remove(temp, &id);
    if (st == ENVRES_OK)
        st = files_sync_folder(&store->mem, path, err);
    mem_free(&store->mem, temp);
    return st;
}

/* In a VFS of the caller there is nothing to rename. */
static envres_status
make_in_vfs(struct salvaging *s, const char *path, envres_error *err)
{
    envres_status st = store_connect(s->store, s->options, path, true, err);
    if (st == ENVRES_OK)
        st = fill(s, path, err);
    db_close(s->store->db);
    s->store->db = NULL;
    return st;
}

static envres_status
salvage(struct salvaging *s, const char *to, envres_list **out, envres_error *err)
{
    envres_status st =
        store_check_name(s->options->workspace, "main", "the workspace's name", &s->workspace, err);
    if (st == ENVRES_OK)
        st =
            list_new(&s->store->mem, salvage_columns, ENVRES_SALVAGE_COLUMNS, &s->report.list, err);
    if (st == ENVRES_OK)
        st = s->options->vfs ? make_in_vfs(s, to, err) : make_file(s, to, err);
    if (st == ENVRES_OK)
        st = list_status(s->report.list, err);
    if (st < 0)
        envres_list_free(s->report.list);
    else
        *out = s->report.list;
    return st;
}

envres_status
envres_store_salvage(const char *path, size_t path_len, const char *to, size_t to_len,
                     const envres_store_options *given, const envres_credential *credential,
                     envres_list **out, envres_error *err)
{
    envres_store_options options = { 0 };
    struct mem mem;
    char *source = NULL;
    char *target = NULL;
    struct salvaging s = { .options = &options, .credential = credential };
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the report");
    *out = NULL;
    if (!path || !to || !credential)
        return err_set(err, ENVRES_E_INVALID, "a path or the credential is NULL");
    envres_status st = store_read_options(given, &options, &mem, err);
    if (st == ENVRES_OK && (options.flags & ENVRES_STORE_READ_ONLY))
        st = err_set(err, ENVRES_E_INVALID, "a store cannot be made read-only");
    if (st < 0)
        return st;
    st = store_copy_path(&mem, path, path_len, &source, err);
    if (st == ENVRES_OK)
        st = store_copy_path(&mem, to, to_len, &target, err);
    if (st == ENVRES_OK)
        st = store_new(&options, &mem, &s.store, err);
    s.source = source;
    if (st == ENVRES_OK)
        st = salvage(&s, target, out, err);
    if (st == ENVRES_OK)
        envres_error_clear(err); /* a loss is not an error, but was one where it was found */
    envres_store_close(s.store);
    mem_free(&mem, source);
    mem_free(&mem, target);
    return st;
}
