/* SPDX-License-Identifier: MIT */
/*
 * Stores: making, opening, closing, checking, copying. A store is made under a name of its own and
 * renamed when it is whole, so that a killed create leaves no store or a whole one. In the child of
 * a fork nothing here touches the database: handles are only let go.
 */
#include "api/store.h"

#include <string.h>

#include "api/argument.h"
#include "api/settle.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/text.h"
#include "guard/audit.h"
#include "guard/env_key.h"
#include "model/config.h"
#include "model/content.h"
#include "model/deposit.h"
#include "model/principal.h"
#include "model/query.h"
#include "model/release.h"
#include "model/request.h"
#include "model/trail.h"
#include "storage/files.h"

enum { DEFAULT_BUSY_MS = 5000 };

#define STORE_FLAGS                                                                                \
    (ENVRES_STORE_LOCKED_MEMORY | ENVRES_STORE_ANY_FILE_MODE | ENVRES_STORE_ALLOW_FUSE |           \
     ENVRES_STORE_RELAXED | ENVRES_STORE_READ_ONLY)

envres_status
store_enter(envres_store *store, envres_error *err)
{
    if (!store)
        return err_set(err, ENVRES_E_INVALID, "the store is NULL");
    envres_status st = fork_check(store->forks, err);
    if (st == ENVRES_OK)
        pthread_mutex_lock(&store->lock);
    return st;
}

void
store_leave(envres_store *store)
{
    pthread_mutex_unlock(&store->lock);
}

envres_store *
store_ref(envres_store *store)
{
    atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
    return store;
}

void
envres_store_close(envres_store *store)
{
    if (!store || atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = store->mem;
    if (store->forks == fork_count) {
        db_close(store->db);
        pthread_mutex_destroy(&store->lock);
    }
    settle_free(store);
    arena_unref(store->arena);
    change_counter_unref(store->changes);
    mem_free(&mem, store);
}

/* ---- opening -------------------------------------------------------------------------------- */

static uint32_t
db_flags(uint32_t flags)
{
    static const struct {
        uint32_t store;
        uint32_t db;
    } map[] = {
        { ENVRES_STORE_ANY_FILE_MODE, DB_ANY_FILE_MODE },
        { ENVRES_STORE_ALLOW_FUSE, DB_ALLOW_FUSE },
        { ENVRES_STORE_RELAXED, DB_RELAXED },
        { ENVRES_STORE_READ_ONLY, DB_READ_ONLY },
    };
    uint32_t out = 0;
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        out |= flags & map[i].store ? map[i].db : 0;
    return out;
}

envres_status
store_read_options(const envres_store_options *given, envres_store_options *out, struct mem *mem,
                   envres_error *err)
{
    envres_status st = opts_read(out, sizeof(*out), sizeof(*out), given, err);
    if (st == ENVRES_OK && (out->flags & ~(uint32_t)STORE_FLAGS))
        st = err_set(err, ENVRES_E_INVALID, "the store options have an unknown flag");
    if (st == ENVRES_OK)
        st = mem_from(out->allocator, mem, err);
    return st;
}

/* Everything of a store but its database. */
envres_status
store_new(const envres_store_options *options, const struct mem *mem, envres_store **out,
          envres_error *err)
{
    envres_status st = fork_watch(err);
    if (st < 0)
        return st;
    envres_store *store = mem_alloc_zero(mem, sizeof(*store));
    if (!store || pthread_mutex_init(&store->lock, NULL) != 0) {
        mem_free(mem, store);
        return err_code(err, ENVRES_E_NOMEM);
    }
    store->mem = *mem;
    store->clock = clock_system;
    if (options->clock) {
        store->clock.now = options->clock;
        store->clock.user = options->clock_user;
    }
    atomic_init(&store->references, 1);
    store->forks = fork_count;
    store->flags = options->flags;
    store->kdf_memory_max =
        options->kdf_memory_max ? options->kdf_memory_max : LIMIT_KDF_MEMORY_MAX;
    st = settle_options(options, store, err);
    if (st == ENVRES_OK)
        st = arena_new(&store->mem, (options->flags & ENVRES_STORE_LOCKED_MEMORY) != 0,
                       &store->arena, err);
    if (st == ENVRES_OK)
        st = change_counter_new(&store->mem, &store->changes, err);
    if (st < 0) {
        envres_store_close(store);
        return st;
    }
    *out = store;
    return ENVRES_OK;
}

envres_status
store_connect(envres_store *store, const envres_store_options *options, const char *path,
              bool create, envres_error *err)
{
    struct db_options db = {
        .mem = &store->mem,
        .clock = &store->clock,
        .path = path,
        .vfs = options->vfs,
        .flags = db_flags(options->flags) | (create ? DB_CREATE : 0),
        .busy_timeout_ms = options->busy_timeout_ms == 0            ? DEFAULT_BUSY_MS
                           : options->busy_timeout_ms == UINT32_MAX ? 0
                                                                    : options->busy_timeout_ms,
    };
    return db_open(&db, &store->db, err);
}

/* A path as NUL-terminated text of the store's; NULL path gives NULL. */
envres_status
store_copy_path(const struct mem *mem, const char *path, size_t len, char **out, envres_error *err)
{
    struct slice given = { 0 };
    envres_status st = text_argument(path, path ? len : 0, LIMIT_PATH, "the path", &given, err);
    if (st < 0 || !path)
        return st;
    if (given.len == 0)
        return err_set(err, ENVRES_E_INVALID, "the path is empty");
    *out = mem_copy(mem, given.data, given.len);
    return *out ? ENVRES_OK : err_code(err, ENVRES_E_NOMEM);
}

envres_status
envres_store_open(const char *path, size_t path_len, const envres_store_options *given,
                  envres_store **out, envres_error *err)
{
    envres_store_options options = { 0 };
    struct mem mem;
    envres_store *store = NULL;
    char *name = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the store");
    *out = NULL;
    if (!path)
        return err_set(err, ENVRES_E_INVALID, "the path is NULL: a store in memory is created");
    envres_status st = store_read_options(given, &options, &mem, err);
    if (st < 0)
        return st;
    st = store_copy_path(&mem, path, path_len, &name, err);
    if (st == ENVRES_OK)
        st = store_new(&options, &mem, &store, err);
    if (st == ENVRES_OK)
        st = store_connect(store, &options, name, false, err);
    mem_free(&mem, name);
    if (st < 0)
        envres_store_close(store);
    else
        *out = store;
    return st;
}

/* ---- creating ------------------------------------------------------------------------------- */

envres_status
store_check_name(const char *given, const char *preset, const char *what, struct slice *out,
                 envres_error *err)
{
    envres_status st = text_argument(given ? given : preset, ENVRES_NUL_TERMINATED, LIMIT_PRINCIPAL,
                                     what, out, err);
    return st < 0 ? st : argument_check_title(*out, what, err);
}

static envres_status
append_created(struct context *ctx, int64_t now, envres_error *err)
{
    uint8_t operation[SEAL_ID];
    seal_random(operation, sizeof(operation));
    struct audit_entry entry = {
        .workspace = ctx->workspace,
        .operation = operation,
        .action = "store.create",
        .object = slice_str("workspace"),
        .reason = slice_str(""),
        .time = now,
    };
    return audit_append(ctx->db, ctx->mem, ctx->actor, &entry, err);
}

/* One transaction: workspace, owner, three environments, the first audit entry. */
static envres_status
populate(envres_store *store, const struct new_principal *made, struct slice workspace,
         envres_error *err)
{
    struct context ctx = {
        .db = store->db,
        .mem = &store->mem,
        .clock = &store->clock,
        .arena = store->arena,
        .changes = store->changes,
        .actor = identity_ref(made->identity),
    };
    int64_t now = clock_now(&store->clock);
    seal_random(ctx.workspace, SEAL_ID);
    envres_status st = db_begin_write(store->db, err);
    if (st == ENVRES_OK) {
        st = workspace_insert(store->db, ctx.workspace, workspace, made->identity->sign_public, now,
                              err);
        if (st == ENVRES_OK)
            st = principal_insert(store->db, ctx.workspace, made, now, err);
        if (st == ENVRES_OK)
            st = principal_make_root(&ctx, now, err);
        if (st == ENVRES_OK)
            st = environment_make_fixed(&ctx, now, err);
        if (st == ENVRES_OK)
            st = append_created(&ctx, now, err);
        st = db_end(store->db, st, NULL, err);
    }
    context_clear(&ctx);
    return st;
}

/* Files: made beside the path under a name nobody has, and moved into place when whole. */
static envres_status
create_file(envres_store *store, const envres_store_options *options, const char *path,
            const struct new_principal *made, struct slice workspace, envres_error *err)
{
    char *temp = NULL;
    struct files_id id;
    bool have = false;
    envres_status st = files_check_absent(path, err);
    if (st == ENVRES_OK)
        st = files_temp_name(&store->mem, path, &temp, err);
    if (st == ENVRES_OK)
        st = store_connect(store, options, temp, true, err);
    if (st == ENVRES_OK)
        st = files_check_store(temp, FILES_ANY_MODE, &id, err);
    have = st == ENVRES_OK;
    if (st == ENVRES_OK)
        st = populate(store, made, workspace, err);
    db_close(store->db);
    store->db = NULL;
    if (st == ENVRES_OK) {
        files_remove_beside(temp);
        st = files_rename_new(temp, path, err);
    }
    if (st < 0 && have)
        files_remove(temp, &id);
    if (st == ENVRES_OK)
        st = files_sync_folder(&store->mem, path, err);
    if (st == ENVRES_OK)
        st = store_connect(store, options, path, false, err);
    mem_free(&store->mem, temp);
    return st;
}

static envres_status
fill_store(envres_store *store, const envres_store_options *options, const char *path,
           const envres_credential *owner, envres_error *err)
{
    struct new_principal made = { .identity = NULL };
    struct slice workspace = { 0 };
    struct slice name = { 0 };
    envres_status st =
        store_check_name(options->workspace, "main", "the workspace's name", &workspace, err);
    if (st == ENVRES_OK)
        st = store_check_name(options->owner, "owner", "the owner's name", &name, err);
    if (st == ENVRES_OK && path && !options->vfs)
        st = files_check_absent(path, err); /* before the cost of a key derivation */
    if (st == ENVRES_OK)
        st = principal_make(store->arena, &store->mem, name.data, owner, store->kdf_memory_max,
                            &made, err);
    if (st == ENVRES_OK && path && !options->vfs) {
        st = create_file(store, options, path, &made, workspace, err);
    } else if (st == ENVRES_OK) {
        st = store_connect(store, options, path, true, err);
        if (st == ENVRES_OK)
            st = populate(store, &made, workspace, err);
    }
    new_principal_free(&made);
    return st;
}

envres_status
envres_store_create(const char *path, size_t path_len, const envres_store_options *given,
                    const envres_credential *owner, envres_store **out, envres_error *err)
{
    envres_store_options options = { 0 };
    struct mem mem;
    envres_store *store = NULL;
    char *name = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the store");
    *out = NULL;
    if (!owner)
        return err_set(err, ENVRES_E_INVALID, "the credential is NULL");
    envres_status st = store_read_options(given, &options, &mem, err);
    if (st == ENVRES_OK && (options.flags & ENVRES_STORE_READ_ONLY))
        st = err_set(err, ENVRES_E_INVALID, "a store cannot be created read-only");
    if (st < 0)
        return st;
    st = store_copy_path(&mem, path, path_len, &name, err);
    if (st == ENVRES_OK)
        st = store_new(&options, &mem, &store, err);
    if (st == ENVRES_OK)
        st = fill_store(store, &options, name, owner, err);
    mem_free(&mem, name);
    if (st < 0)
        envres_store_close(store);
    else
        *out = store;
    return st;
}

/* ---- checking ------------------------------------------------------------------------------- */

const char *const store_verify_columns[ENVRES_VERIFY_COLUMNS] = { "code", "object", "message",
                                                                  "audit_sequence" };

/* "audit/17" also gives its number. */
static int64_t
audit_sequence(const char *object)
{
    static const char prefix[] = "audit/";
    int64_t sequence = 0;
    if (strncmp(object, prefix, sizeof(prefix) - 1) != 0)
        return 0;
    for (const char *p = object + sizeof(prefix) - 1; *p >= '0' && *p <= '9'; p++) {
        if (sequence > INT64_MAX / 10 - 1)
            return 0;
        sequence = sequence * 10 + (*p - '0');
    }
    return sequence;
}

static void
add_finding(void *user, const char *code, const char *object, const char *message)
{
    envres_list *list = user;
    int64_t sequence = audit_sequence(object);
    list_row(list);
    list_set_str(list, ENVRES_VERIFY_CODE, code);
    list_set_str(list, ENVRES_VERIFY_OBJECT, object);
    list_set_str(list, ENVRES_VERIFY_MESSAGE, message);
    if (sequence > 0)
        list_set_int(list, ENVRES_VERIFY_AUDIT_SEQUENCE, sequence);
}

/* Apps are not sealed: no session is needed to check them. */
static envres_status
verify_apps(envres_store *store, const uint8_t workspace[SEAL_ID], envres_list *list,
            envres_error *err)
{
    struct context ctx = { .db = store->db, .mem = &store->mem, .clock = &store->clock };
    memcpy(ctx.workspace, workspace, SEAL_ID);
    envres_status st = version_verify(&ctx, add_finding, list, err);
    if (st == ENVRES_OK)
        st = content_verify(&ctx, add_finding, list, err);
    if (st == ENVRES_OK)
        st = release_verify(&ctx, add_finding, list, err);
    if (st == ENVRES_OK)
        st = query_verify(&ctx, add_finding, list, err);
    if (st == ENVRES_OK)
        st = object_verify(&ctx, add_finding, list, err);
    if (st == ENVRES_OK)
        st = deposit_verify(&ctx, add_finding, list, err);
    context_clear(&ctx);
    return st;
}

static envres_status
verify_workspaces(envres_store *store, envres_list *list, envres_error *err)
{
    uint8_t(*ids)[SEAL_ID] = NULL;
    size_t count = 0;
    envres_status st = workspace_all(store->db, &store->mem, &ids, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        int64_t first_bad = 0;
        st = keyring_verify(store->db, &store->mem, ids[i], add_finding, list, err);
        if (st == ENVRES_OK)
            st = roles_verify(store->db, &store->mem, ids[i], add_finding, list, err);
        if (st == ENVRES_OK)
            st = env_key_verify(store->db, &store->mem, ids[i], add_finding, list, err);
        if (st == ENVRES_OK)
            st = audit_verify(store->db, &store->mem, ids[i], add_finding, list, &first_bad, err);
        if (st == ENVRES_OK)
            st = verify_apps(store, ids[i], list, err);
    }
    if (st == ENVRES_OK && count == 0)
        add_finding(list, "ENVRES_E_CORRUPT", "workspace", "the store has no workspace");
    mem_free(&store->mem, ids);
    return st;
}

static envres_status
verify_sealed(struct context *ctx, envres_list *list, envres_error *err)
{
    struct environment *all = NULL;
    size_t count = 0;
    envres_status st = environment_all(ctx, &all, &count, err);
    for (size_t i = 0; st == ENVRES_OK && i < count; i++) {
        st = config_verify(ctx, &all[i], add_finding, list, err);
        if (st == ENVRES_OK)
            st = deposit_verify_key(ctx, &all[i], add_finding, list, err);
    }
    if (st == ENVRES_OK)
        st = request_verify(ctx, add_finding, list, err);
    mem_free(ctx->mem, all);
    return st;
}

/* All in one read transaction: what is checked is one state. */
envres_status
store_verify(envres_store *store, envres_session *session, envres_list *list, envres_error *err)
{
    envres_status st = db_verify(store->db, add_finding, list, err);
    if (st == ENVRES_OK)
        st = db_begin_read(store->db, err);
    if (st < 0)
        return st;
    st = verify_workspaces(store, list, err);
    if (st == ENVRES_OK && session)
        st = verify_sealed(&session->context, list, err);
    st = db_end(store->db, st, NULL, err);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
envres_store_verify(envres_store *store, envres_session *session, envres_list **out,
                    envres_error *err)
{
    envres_list *list = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the findings");
    *out = NULL;
    if (session && session->store != store)
        return err_set(err, ENVRES_E_INVALID, "the session is of another store");
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = list_new(&store->mem, store_verify_columns, ENVRES_VERIFY_COLUMNS, &list, err);
    if (st == ENVRES_OK)
        st = store_verify(store, session, list, err);
    store_leave(store);
    if (st < 0) {
        envres_list_free(list);
        return st;
    }
    if (envres_list_count(list) > 0)
        envres_error_clear(err); /* a finding is not an error, but was one where it was found */
    *out = list;
    return ENVRES_OK;
}

/* ---- the audit ------------------------------------------------------------------------------ */

envres_status
envres_audit_list(envres_session *session, const envres_audit_options *given, envres_list **out,
                  envres_error *err)
{
    envres_audit_options options = { 0 };
    struct trail_request request = { .since = 0 };
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK && (options.since < 0 || options.limit < 0))
        st = err_set(err, ENVRES_E_INVALID, "sequence numbers and limits are not negative");
    if (st == ENVRES_OK)
        st = argument_name(options.environment, options.environment_len, true,
                           "the environment's key", &request.environment, err);
    if (st == ENVRES_OK)
        st = argument_name(options.app, options.app_len, true, "the app's name", &request.app, err);
    if (st == ENVRES_OK)
        st = session_enter(session, err);
    if (st < 0)
        return st;
    request.since = options.since;
    request.limit = options.limit;
    st = trail_list(&session->context, &request, out, err);
    session_leave(session);
    return st;
}

static envres_status
verify_audit(struct context *ctx, int64_t *first_bad, envres_list *list, envres_error *err)
{
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = right_check(ctx, ACTION_AUDIT, NULL, err);
    if (st == ENVRES_OK)
        st = audit_verify(ctx->db, ctx->mem, ctx->workspace, add_finding, list, first_bad, err);
    st = db_end(ctx->db, st, NULL, err);
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
envres_audit_verify(envres_session *session, int64_t *first_bad, envres_list **out,
                    envres_error *err)
{
    envres_list *list = NULL;
    int64_t bad = 0;
    if (first_bad)
        *first_bad = 0;
    envres_status st = argument_out(out, err);
    if (st < 0)
        return st;
    *out = NULL;
    st = session_enter(session, err);
    if (st < 0)
        return st;
    st = list_new(session->context.mem, store_verify_columns, ENVRES_VERIFY_COLUMNS, &list, err);
    if (st == ENVRES_OK)
        st = verify_audit(&session->context, &bad, list, err);
    session_leave(session);
    if (st < 0) {
        envres_list_free(list);
        return st;
    }
    if (first_bad)
        *first_bad = bad;
    *out = list;
    return ENVRES_OK;
}

/* ---- the rest ------------------------------------------------------------------------------- */

envres_status
envres_store_backup(envres_store *store, const char *path, size_t path_len, envres_error *err)
{
    char *name = NULL;
    if (!path)
        return err_set(err, ENVRES_E_INVALID, "the path is NULL");
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = store_copy_path(&store->mem, path, path_len, &name, err);
    if (st == ENVRES_OK)
        st = db_backup(store->db, name, err);
    mem_free(&store->mem, name);
    store_leave(store);
    return st;
}

envres_status
envres_store_poll(envres_store *store, int32_t *changed, envres_error *err)
{
    int32_t moved = 0;
    if (changed)
        *changed = 0;
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = db_poll(store->db, &moved, err);
    if (st == ENVRES_OK && moved)
        atomic_fetch_add_explicit(&store->changes->value, 1, memory_order_release);
    if (st == ENVRES_OK && changed)
        *changed = moved;
    store_leave(store);
    return st;
}

static const char *const info_columns[ENVRES_INFO_COLUMNS] = { "name", "value" };

static void
add_fact(envres_list *list, const char *name, const char *value)
{
    list_row(list);
    list_set_str(list, ENVRES_INFO_NAME, name);
    list_set_str(list, ENVRES_INFO_VALUE, value ? value : "");
}

envres_status
envres_store_info(envres_store *store, envres_list **out, envres_error *err)
{
    static const char *const facts[] = { "sqlite",       "format",      "path",
                                         "journal_mode", "synchronous", "file_system" };
    envres_list *list = NULL;
    if (!out)
        return err_set(err, ENVRES_E_INVALID, "there is no place for the list");
    *out = NULL;
    envres_status st = store_enter(store, err);
    if (st < 0)
        return st;
    st = list_new(&store->mem, info_columns, ENVRES_INFO_COLUMNS, &list, err);
    if (st == ENVRES_OK) {
        add_fact(list, "library", envres_version());
        add_fact(list, "libsodium", seal_library());
        for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
            add_fact(list, facts[i], db_fact(store->db, facts[i]));
        add_fact(list, "memory_locked", arena_is_locked(store->arena) ? "yes" : "no");
        st = list_status(list, err);
    }
    store_leave(store);
    if (st < 0)
        envres_list_free(list);
    else
        *out = list;
    return st;
}
