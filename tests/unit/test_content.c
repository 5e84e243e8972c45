/* SPDX-License-Identifier: MIT */
/* The content of versions: a long random walk of edits against a model that is too simple to be
 * wrong, what gc keeps, and what verify and reading say of a tampered store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <envres/envres.h>

#include "api/store.h"
#include "base/text.h"
#include "fx_mem.h"
#include "model/tree.h"

#define TEXT ENVRES_NUL_TERMINATED

/* ---- a store in memory with the app "dash" -------------------------------------------------- */

struct place {
    envres_error *err;
    envres_store *store;
    envres_session *session;
    struct context *ctx;
};

static int64_t
read_clock(void *user)
{
    (void)user;
    return 1700000000000;
}

static int
make_place(void **state)
{
    static const uint8_t key[32] = { 7 };
    struct place *p = calloc(1, sizeof(*p));
    envres_store_options options = { .size = sizeof(options), .clock = read_clock };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    p->err = envres_error_new(NULL);
    if (envres_store_create(NULL, 0, &options, &owner, &p->store, p->err) < 0 ||
        envres_session_open(p->store, NULL, 0, &owner, &p->session, p->err) < 0 ||
        envres_app_create(p->session, "dash", TEXT, NULL, NULL, p->err) < 0)
        return -1;
    p->ctx = &p->session->context;
    *state = p;
    return 0;
}

static int
free_place(void **state)
{
    struct place *p = *state;
    envres_session_close(p->session);
    envres_store_close(p->store);
    envres_error_free(p->err);
    free(p);
    return 0;
}

static void
check_status(struct place *p, envres_status got, envres_status want, const char *call)
{
    if (got != want)
        fail_msg("%s: %s instead of %s: %s", call, envres_status_name(got),
                 envres_status_name(want), envres_error_message(p->err));
}

#define OK(p, call)          check_status(p, call, ENVRES_OK, #call)
#define FAILS(p, code, call) check_status(p, call, code, #call)

static envres_version_name
version_of(const char *version)
{
    envres_version_name name = { .size = sizeof(name),
                                 .app = "dash",
                                 .app_len = TEXT,
                                 .version = version,
                                 .version_len = TEXT };
    return name;
}

static envres_status
put(struct place *p, const char *version, const char *path, const char *text, uint32_t flags)
{
    envres_version_name name = version_of(version);
    envres_part_write write = { .size = sizeof(write),
                                .flags = flags,
                                .path = path,
                                .path_len = TEXT,
                                .data = text,
                                .data_len = text ? strlen(text) : 0 };
    return part_put(p->ctx, &name, &write, 1, NULL, NULL, p->err);
}

static envres_status
restore(struct place *p, const char *version, const char *path, int64_t edit)
{
    envres_version_name name = version_of(version);
    return part_restore(p->ctx, &name, slice_str(path), edit, NULL, p->err);
}

static void
create_version(struct place *p, const char *name, const char *from)
{
    envres_version_options options = {
        .size = sizeof(options), .name = name, .name_len = TEXT, .from = from, .from_len = TEXT
    };
    OK(p, envres_version_create(p->session, "dash", TEXT, &options, NULL, NULL, p->err));
}

static void
load_version(struct place *p, const char *name, struct version *version)
{
    struct app app = { 0 };
    envres_version_name wanted = version_of(name);
    OK(p, version_named(p->ctx, &wanted, false, &app, version, p->err));
}

/* As a promotion does, whose checks have no part in these tests. */
static envres_status
freeze_inside(struct change *change, const void *asked, envres_error *err)
{
    struct version *version = *(struct version *const *)asked;
    envres_status st = change_builds(change, err);
    if (st == ENVRES_OK)
        st = content_freeze(change->ctx, version, err);
    version->stored = STORED_FROZEN;
    return st < 0 ? st : version_store_state(change->ctx, version, change->now, err);
}

static void
freeze(struct place *p, const char *name)
{
    struct version version = { 0 };
    struct version *request = &version;
    struct change_title title = { "version.promote", "version/", slice_str(name), NULL };
    load_version(p, name, &version);
    OK(p, change_run(p->ctx, NULL, &title, freeze_inside, &request, NULL, p->err));
}

/* ---- a random walk -------------------------------------------------------------------------- */

enum { WALK_PATHS = 24, WALK_EDITS = 2000 };

/* What one path is after one edit. */
struct cell {
    int value; /* 0: not there; else its bytes are this number */
    bool is_public;
};

struct model {
    struct cell base[WALK_PATHS];
    struct cell now[WALK_PATHS];
    struct cell after[WALK_EDITS + 64]; /* by edit: what its path became */
    int path_of[WALK_EDITS + 64];
    int64_t edits;
};

static uint64_t walk_seed;

static uint32_t
draw(uint32_t below)
{
    walk_seed = walk_seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(walk_seed >> 33) % below;
}

static const char *
walk_path(int path)
{
    static char text[32];
    snprintf(text, sizeof(text), "dir%d/part-%02d", path % 3, path);
    return text;
}

/* The digest of a version with these parts, made from nothing but the format. */
static void
digest_of_cells(const struct cell *cells, uint8_t digest[SEAL_DIGEST])
{
    struct buf body;
    uint32_t count = 0;
    buf_init(&body, &mem_default, false);
    for (int i = 0; i < WALK_PATHS; i++)
        count += cells[i].value != 0;
    buf_add_char(&body, 1);
    buf_add_u32(&body, count);
    for (int dir = 0; dir < 3; dir++) {
        for (int i = dir; i < WALK_PATHS; i += 3) {
            char value[16];
            uint8_t part[SEAL_DIGEST];
            if (cells[i].value == 0)
                continue;
            snprintf(value, sizeof(value), "%d", cells[i].value);
            seal_digest(part, "envres1/part", value, strlen(value));
            buf_add_text(&body, walk_path(i), strlen(walk_path(i)));
            buf_add_char(&body, cells[i].is_public);
            buf_add_u64(&body, strlen(value));
            buf_add(&body, part, sizeof(part));
        }
    }
    buf_add_u32(&body, 0);
    seal_digest(digest, "envres1/tree", body.data, body.len);
    buf_free(&body);
}

static void
model_edit(struct model *model, int path, struct cell cell)
{
    if (cell.value == model->now[path].value &&
        (cell.value == 0 || cell.is_public == model->now[path].is_public))
        return;
    model->now[path] = cell;
    model->edits++;
    model->after[model->edits] = cell;
    model->path_of[model->edits] = path;
}

static void
walk_put(struct place *p, const char *version, struct model *model)
{
    envres_part_write writes[3];
    char values[3][16];
    char paths[3][32];
    envres_version_name name = version_of(version);
    size_t count = 1 + draw(3);
    uint32_t first = draw(WALK_PATHS);
    for (size_t i = 0; i < count; i++) {
        int path = (int)((first + 7 * i) % WALK_PATHS);
        struct cell cell = { (int)(1 + draw(5)), draw(2) == 1 };
        bool removes = model->now[path].value && draw(4) == 0;
        if (removes)
            cell = (struct cell){ 0, false };
        snprintf(values[i], sizeof(values[i]), "%d", cell.value);
        snprintf(paths[i], sizeof(paths[i]), "%s", walk_path(path));
        writes[i] = (envres_part_write){ .size = sizeof(writes[i]),
                                         .flags = removes          ? ENVRES_PART_REMOVE
                                                  : cell.is_public ? ENVRES_PART_PUBLIC
                                                                   : 0,
                                         .path = paths[i],
                                         .path_len = TEXT,
                                         .data = values[i],
                                         .data_len = strlen(values[i]) };
        model_edit(model, path, cell);
    }
    OK(p, part_put(p->ctx, &name, writes, count, NULL, NULL, p->err));
}

static void
walk_restore(struct place *p, const char *version, struct model *model)
{
    int64_t edit = (int64_t)draw((uint32_t)model->edits + 1);
    int path = edit ? model->path_of[edit] : (int)draw(WALK_PATHS);
    bool known = edit || model->base[path].value;
    for (int64_t i = 1; i <= model->edits; i++)
        known = known || model->path_of[i] == path;
    struct cell cell = edit ? model->after[edit] : model->base[path];
    FAILS(p, known ? ENVRES_OK : ENVRES_E_NOT_FOUND, restore(p, version, walk_path(path), edit));
    if (known)
        model_edit(model, path, cell);
    if (edit)
        FAILS(p, ENVRES_E_NOT_FOUND, restore(p, version, walk_path((path + 1) % WALK_PATHS), edit));
}

static void
compare_with_model(struct place *p, const char *name, const struct model *model)
{
    struct version version = { 0 };
    struct tree tree = { .mem = p->ctx->mem };
    uint8_t digest[SEAL_DIGEST];
    int64_t parts = 0;
    load_version(p, name, &version);
    digest_of_cells(model->now, digest);
    assert_memory_equal(version.content, digest, SEAL_DIGEST);
    assert_int_equal(version.edits, model->edits);
    OK(p, content_load(p->ctx, &version, &tree, p->err));
    for (int i = 0; i < WALK_PATHS; i++) {
        const struct tree_entry *entry = tree_find(&tree, slice_str(walk_path(i)));
        assert_int_equal(entry != NULL, model->now[i].value != 0);
        if (!entry)
            continue;
        struct buf bytes;
        char value[16];
        snprintf(value, sizeof(value), "%d", model->now[i].value);
        buf_init(&bytes, p->ctx->mem, false);
        OK(p, content_part(p->ctx, entry, &bytes, p->err));
        assert_int_equal(bytes.len, strlen(value));
        assert_memory_equal(bytes.data, value, bytes.len);
        assert_int_equal(entry->is_public, model->now[i].is_public);
        buf_free(&bytes);
        parts++;
    }
    assert_int_equal(tree.count, parts);
    assert_int_equal(version.parts, parts);
    assert_int_equal(version.bytes, tree.bytes);
    tree_free(&tree);
}

/* Every state that was ever there can be made again. */
static void
compare_past(struct place *p, const char *name, const struct model *model)
{
    struct cell cells[WALK_PATHS];
    struct version version = { 0 };
    load_version(p, name, &version);
    memcpy(cells, model->base, sizeof(cells));
    for (int64_t at = 0; at <= model->edits; at++) {
        struct tree tree = { .mem = p->ctx->mem };
        uint8_t want[SEAL_DIGEST];
        uint8_t got[SEAL_DIGEST];
        if (at > 0)
            cells[model->path_of[at]] = model->after[at];
        if (at % 37 != 0 && at != model->edits)
            continue;
        digest_of_cells(cells, want);
        OK(p, content_compose(p->ctx, &version, at, &tree, p->err));
        OK(p, tree_digest(&tree, got, p->err));
        assert_memory_equal(got, want, SEAL_DIGEST);
        tree_free(&tree);
    }
}

static int
findings_of(struct place *p)
{
    envres_list *list = NULL;
    OK(p, envres_store_verify(p->store, p->session, &list, p->err));
    int count = (int)envres_list_count(list);
    if (count > 0)
        print_message("%s %s\n", envres_list_text(list, 0, ENVRES_VERIFY_OBJECT, NULL),
                      envres_list_text(list, 0, ENVRES_VERIFY_MESSAGE, NULL));
    envres_list_free(list);
    return count;
}

static void
a_long_walk_agrees_with_the_model(void **state)
{
    struct place *p = *state;
    struct model *model = calloc(1, sizeof(*model));
    char name[16] = "v1";
    int versions = 1;
    int total = 0;
    walk_seed = 20240229;
    while (total + model->edits < WALK_EDITS) {
        uint32_t dice = draw(100);
        if (dice < 70) {
            walk_put(p, name, model);
        } else if (dice < 98) {
            walk_restore(p, name, model);
        } else {
            char next[16];
            compare_past(p, name, model);
            if (draw(2))
                freeze(p, name);
            snprintf(next, sizeof(next), "v%d", ++versions);
            create_version(p, next, name);
            memcpy(name, next, sizeof(name));
            memcpy(model->base, model->now, sizeof(model->base));
            total += (int)model->edits;
            model->edits = 0;
        }
        compare_with_model(p, name, model);
    }
    compare_past(p, name, model);
    assert_in_range(versions, 5, 100);
    assert_int_equal(findings_of(p), 0);
    free(model);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void
run_sql(struct place *p, const char *sql, const char *text)
{
    struct db_stmt *stmt = NULL;
    OK(p, db_begin_write(p->ctx->db, p->err));
    envres_status st = db_use(p->ctx->db, sql, &stmt, p->err);
    if (st == ENVRES_OK && text)
        db_bind_text(stmt, 1, text, strlen(text));
    if (st == ENVRES_OK)
        st = db_run(stmt, p->err);
    if (st == ENVRES_OK)
        assert_true(db_changes(p->ctx->db) > 0);
    OK(p, db_end(p->ctx->db, st, NULL, p->err));
}

static void
edits_have_a_limit(void **state)
{
    static const char near_end[] = "UPDATE version SET edits = 999999";
    struct place *p = *state;
    OK(p, put(p, "v1", "a", "1", 0));
    run_sql(p, near_end, NULL);
    OK(p, put(p, "v1", "a", "2", 0));
    FAILS(p, ENVRES_E_LIMIT, put(p, "v1", "a", "3", 0));
    assert_non_null(strstr(envres_error_message(p->err), "1000000 edits"));
    OK(p, put(p, "v1", "a", "2", 0)); /* nothing to write */
}

/* ---- another workspace ---------------------------------------------------------------------- */

static void
a_workspace_sees_its_own_parts_only(void **state)
{
    struct place *p = *state;
    struct context other = *p->ctx;
    struct app app = { 0 };
    struct version version = { 0 };
    struct tree tree = { .mem = p->ctx->mem };
    struct buf bytes;
    envres_list *list = NULL;
    envres_version_name name = version_of("v1");
    OK(p, put(p, "v1", "a", "one", 0));
    create_version(p, "v2", "v1");
    load_version(p, "v2", &version);
    OK(p, content_load(p->ctx, &version, &tree, p->err));
    seal_random(other.workspace, SEAL_ID);
    OK(p, db_begin_write(p->ctx->db, p->err));
    envres_status st = workspace_insert(p->ctx->db, other.workspace, slice_str("other"),
                                        p->ctx->actor->sign_public, 1, p->err);
    OK(p, db_end(p->ctx->db, st, NULL, p->err));
    other.roles = (struct roles){ .mem = NULL };
    other.known = NULL;
    other.known_count = 0;
    other.environments = NULL;
    other.environments_moment = 0;
    FAILS(p, ENVRES_E_DENIED, version_named(&other, &name, false, &app, &version, p->err));
    buf_init(&bytes, p->ctx->mem, false);
    FAILS(p, ENVRES_E_INTEGRITY, content_part(&other, &tree.entries[0], &bytes, p->err));
    assert_int_equal(bytes.len, 0);
    buf_free(&bytes);
    tree_free(&tree);
    FAILS(p, ENVRES_E_INTEGRITY, content_tree(&other, version.base, &tree, p->err));
    FAILS(p, ENVRES_E_INTEGRITY, content_gc(&other, NULL, &list, p->err));
    context_drop_environments(&other);
    OK(p, content_tree(p->ctx, version.base, &tree, p->err));
    tree_free(&tree);
}

/* ---- tampering ------------------------------------------------------------------------------ */

struct tampering {
    const char *name;
    const char *sql;
    const char *text; /* ?1 */
    const char *object;
    const char *message;     /* a part of it */
    envres_status get_draft; /* reading "a" of v2, which is a draft made from v1 */
    envres_status get_v1;    /* reading "a" of v1, which is frozen */
};

/* v1, frozen: a = "one" after a first "zero", d = "four". v2, its draft: b = "two", c put and taken
 * out. */
static const struct tampering tamperings[] = {
    { "a part's bytes", "UPDATE part SET body = CAST('onE' AS BLOB) WHERE body = CAST(?1 AS BLOB)",
      "one", "part/dash/v1/a", "bytes are not those", ENVRES_E_INTEGRITY, ENVRES_E_INTEGRITY },
    { "a part is gone", "DELETE FROM part WHERE body = CAST(?1 AS BLOB)", "one", "part/dash/v1/a",
      "bytes are missing", ENVRES_E_INTEGRITY, ENVRES_E_INTEGRITY },
    { "a part of an older edit", "DELETE FROM part WHERE body = CAST(?1 AS BLOB)", "zero",
      "part/dash/v1/a", "bytes are missing", ENVRES_OK, ENVRES_OK },
    { "a tree is gone", "DELETE FROM tree", NULL, "version/dash/v1", "list of parts is missing",
      ENVRES_E_INTEGRITY, ENVRES_E_INTEGRITY },
    { "a tree's bytes", "UPDATE tree SET body = CAST('tree' AS BLOB)", NULL, "version/dash/v1",
      "list of parts is missing or damaged", ENVRES_E_INTEGRITY, ENVRES_E_INTEGRITY },
    { "an edit points at another part",
      "UPDATE part_edit SET part = (SELECT digest FROM part WHERE body = CAST('zero' AS BLOB)),"
      " size = 4 WHERE path = 'b' AND ?1 = ?1",
      "", "version/dash/v2", "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "an edit is public now", "UPDATE part_edit SET public = 1 WHERE path = 'b'", NULL,
      "version/dash/v2", "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "an edit of another path", "UPDATE part_edit SET path = 'B' WHERE path = 'b'", NULL,
      "version/dash/v2", "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "an edit that leaves", "UPDATE part_edit SET path = '../b' WHERE path = 'b'", NULL,
      "version/dash/v2", "damaged", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "an edit is not the newest", "UPDATE part_edit SET until = 99 WHERE path = 'b'", NULL,
      "version/dash/v2", "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "an edit is gone", "DELETE FROM part_edit WHERE path = 'b'", NULL, "version/dash/v2",
      "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "a replaced edit is gone",
      "DELETE FROM part_edit WHERE path = 'a' AND until IS NOT NULL AND ?1 = ?1", "",
      "version/dash/v1", "edits are missing", ENVRES_OK, ENVRES_OK },
    { "replaced by none", "UPDATE part_edit SET until = 17 WHERE path = 'a' AND until = 2", NULL,
      "version/dash/v1", "replaced by none", ENVRES_OK, ENVRES_OK },
    { "replaced by another", "UPDATE part_edit SET until = 3 WHERE path = 'a' AND until = 2", NULL,
      "version/dash/v1", "replaced by none", ENVRES_OK, ENVRES_OK },
    { "the size of an older edit", "UPDATE part_edit SET size = 17 WHERE path = 'a' AND until = 2",
      NULL, "version/dash/v1", "another size", ENVRES_OK, ENVRES_OK },
    { "another content of a draft",
      "UPDATE version SET content = (SELECT digest FROM part LIMIT 1) WHERE state = 1", NULL,
      "version/dash/v2", "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "another content of a frozen one",
      "UPDATE version SET content = (SELECT digest FROM part LIMIT 1) WHERE state = 2", NULL,
      "version/dash/v1", "list of parts is missing", ENVRES_OK, ENVRES_E_INTEGRITY },
    { "another base", "UPDATE version SET base = NULL WHERE state = 1", NULL, "version/dash/v2",
      "not what its edits make", ENVRES_E_INTEGRITY, ENVRES_OK },
    { "more parts", "UPDATE version SET parts = 70 WHERE state = 1", NULL, "version/dash/v2",
      "not as many", ENVRES_OK, ENVRES_OK },
    { "more bytes", "UPDATE version SET bytes = 70 WHERE state = 2", NULL, "version/dash/v1",
      "not as many", ENVRES_OK, ENVRES_OK },
    { "more edits", "UPDATE version SET edits = 70 WHERE state = 2", NULL, "version/dash/v1",
      "edits are missing", ENVRES_OK, ENVRES_OK },
};

struct seen {
    const struct tampering *row;
    int count;
    int matches;
};

static void
note(void *user, const char *code, const char *object, const char *message)
{
    struct seen *seen = user;
    seen->count++;
    seen->matches += strcmp(object, seen->row->object) == 0 &&
                     strstr(message, seen->row->message) != NULL &&
                     strcmp(code, "ENVRES_E_INTEGRITY") == 0;
}

static envres_status
get(struct place *p, const char *version)
{
    envres_version_name name = version_of(version);
    envres_value *value = NULL;
    envres_status st = part_get(p->ctx, &name, slice_str("a"), &value, p->err);
    assert_int_equal(st == ENVRES_OK, value != NULL);
    envres_value_free(value);
    return st;
}

static void
tampering_is_found(void **state)
{
    for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++) {
        const struct tampering *row = &tamperings[i];
        struct seen seen = { row, 0, 0 };
        void *own = NULL;
        assert_int_equal(make_place(&own), 0);
        struct place *p = own;
        OK(p, put(p, "v1", "a", "zero", 0));
        OK(p, put(p, "v1", "a", "one", 0));
        OK(p, put(p, "v1", "d", "four", 0));
        freeze(p, "v1");
        create_version(p, "v2", "v1");
        OK(p, put(p, "v2", "b", "two", 0));
        OK(p, put(p, "v2", "c", "three", 0));
        OK(p, put(p, "v2", "c", NULL, ENVRES_PART_REMOVE));
        OK(p, content_verify(p->ctx, note, &seen, p->err));
        assert_int_equal(seen.count, 0);
        run_sql(p, row->sql, row->text);
        OK(p, content_verify(p->ctx, note, &seen, p->err));
        if (seen.matches != 1)
            fail_msg("%s: %d findings, %d are it", row->name, seen.count, seen.matches);
        check_status(p, get(p, "v2"), row->get_draft, row->name);
        check_status(p, get(p, "v1"), row->get_v1, row->name);
        free_place(&own);
    }
    (void)state;
}

/* ---- reading part by part ------------------------------------------------------------------- */

static void
expect_part(struct place *p, const char *version, const char *path, const char *want)
{
    envres_version_name name = version_of(version);
    envres_value *value = NULL;
    size_t len = 0;
    OK(p, part_get(p->ctx, &name, slice_str(path), &value, p->err));
    const char *data = envres_value_data(value, &len);
    if (len != strlen(want) || memcmp(data, want, len) != 0)
        fail_msg("%s of %s: '%.*s', not '%s'", path, version, (int)len, data, want);
    envres_value_free(value);
}

static void
put_many(struct place *p, const char *version, int count)
{
    enum { MANY = 2000, PATH = 32 };
    static char paths[MANY][PATH];
    static envres_part_write writes[MANY];
    envres_version_name name = version_of(version);
    assert_true(count <= MANY);
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], PATH, "many/%04d", i);
        writes[i] = (envres_part_write){ .size = sizeof(writes[i]),
                                         .path = paths[i],
                                         .path_len = TEXT,
                                         .data = paths[i],
                                         .data_len = strlen(paths[i]) };
    }
    OK(p, part_put(p->ctx, &name, writes, (size_t)count, NULL, NULL, p->err));
}

/* What one more part costs does not depend on how many there are. */
static void
each_part_costs_the_same(void **state)
{
    static const int counts[] = { 2, 2000 };
    int requests[2] = { 0, 0 };
    for (size_t i = 0; i < 2; i++) {
        void *own = NULL;
        struct fx_mem fx = { 0 };
        assert_int_equal(make_place(&own), 0);
        struct place *p = own;
        const struct mem *before = p->ctx->mem;
        put_many(p, "v1", counts[i]);
        fx_mem_init(&fx);
        context_drop_environments(p->ctx);
        p->ctx->mem = &fx.mem;
        expect_part(p, "v1", "many/0000", "many/0000");
        requests[i] = fx.requests;
        expect_part(p, "v1", "many/0001", "many/0001");
        requests[i] = fx.requests - requests[i];
        context_drop_tree(p->ctx);
        context_drop_environments(p->ctx);
        assert_int_equal(fx.blocks, 0);
        p->ctx->mem = before;
        free_place(&own);
    }
    assert_true(requests[0] > 0);
    assert_int_equal(requests[0], requests[1]);
    (void)state;
}

/* A list of parts that is kept is that of the content asked for: after an edit, of another version,
 * when an edit is taken back. */
static void
what_is_kept_is_never_old(void **state)
{
    struct place *p = *state;
    OK(p, put(p, "v1", "a", "one", 0));
    OK(p, put(p, "v1", "b", "two", 0));
    expect_part(p, "v1", "a", "one");
    freeze(p, "v1");
    create_version(p, "v2", "v1");
    expect_part(p, "v2", "a", "one");
    OK(p, put(p, "v2", "a", "three", 0));
    expect_part(p, "v2", "a", "three");
    expect_part(p, "v1", "a", "one");
    expect_part(p, "v2", "a", "three");
    OK(p, put(p, "v2", "b", NULL, ENVRES_PART_REMOVE));
    envres_version_name name = version_of("v2");
    envres_value *value = NULL;
    FAILS(p, ENVRES_E_NOT_FOUND, part_get(p->ctx, &name, slice_str("b"), &value, p->err));
    expect_part(p, "v1", "b", "two");
    OK(p, put(p, "v2", "a", "four", 0));
    expect_part(p, "v2", "a", "four");
    OK(p, restore(p, "v2", "a", 1));
    expect_part(p, "v2", "a", "three");
}

/* A list that was checked holds for reading; whoever writes looks at the rows again. */
static void
a_change_does_not_trust_what_is_kept(void **state)
{
    static const char spoil[] = "UPDATE part_edit SET public = 1 WHERE path = ?1";
    struct place *p = *state;
    OK(p, put(p, "v1", "a", "one", 0));
    OK(p, put(p, "v1", "b", "two", 0));
    expect_part(p, "v1", "a", "one");
    run_sql(p, spoil, "b");
    expect_part(p, "v1", "a", "one");
    FAILS(p, ENVRES_E_INTEGRITY, put(p, "v1", "c", "three", 0));
    context_drop_tree(p->ctx);
    FAILS(p, ENVRES_E_INTEGRITY, get(p, "v1"));
}

/* The parts of a discarded version may go at any time: what was kept does not hide that. */
static void
a_discarded_version_is_looked_at_anew(void **state)
{
    static const char discard[] = "UPDATE version SET state = 4, frozen_at = 1 WHERE name = ?1";
    struct place *p = *state;
    envres_list *list = NULL;
    create_version(p, "v2", "v1");
    OK(p, put(p, "v2", "a", "one", 0));
    expect_part(p, "v2", "a", "one");
    run_sql(p, discard, "v2");
    expect_part(p, "v2", "a", "one");
    OK(p, content_gc(p->ctx, NULL, &list, p->err));
    envres_list_free(list);
    FAILS(p, ENVRES_E_DISCARDED, get(p, "v2"));
}

/* ---- loose rows ----------------------------------------------------------------------------- */

/* What nothing refers to is looked at too, and named by its digest. */
static void
loose_rows_are_verified(void **state)
{
    static const char spoil_part[] = "UPDATE part SET body = CAST(?1 AS BLOB)";
    static const char spoil_tree[] = "UPDATE tree SET body = CAST(?1 AS BLOB)";
    static const char discard[] = "UPDATE version SET state = 4, frozen_at = 1 WHERE number > 1";
    static const char forget[] = "DELETE FROM part_edit";
    struct place *p = *state;
    struct version version = { 0 };
    char part[16 + 2 * SEAL_DIGEST] = "part/";
    char tree[16 + 2 * SEAL_DIGEST] = "tree/";
    uint8_t digest[SEAL_DIGEST];
    create_version(p, "v2", "v1");
    OK(p, put(p, "v2", "a", "one", 0));
    create_version(p, "v3", "v2");
    load_version(p, "v2", &version);
    run_sql(p, discard, NULL);
    run_sql(p, forget, NULL);
    assert_int_equal(findings_of(p), 0);
    part_digest(digest, "one", 3);
    text_hex(part + 5, digest, SEAL_DIGEST);
    text_hex(tree + 5, version.content, SEAL_DIGEST);
    run_sql(p, spoil_part, "x");
    struct tampering row = { .object = part, .message = "not those" };
    struct seen seen = { &row, 0, 0 };
    OK(p, content_verify(p->ctx, note, &seen, p->err));
    assert_int_equal(seen.matches, 1);
    assert_int_equal(seen.count, 1);
    run_sql(p, spoil_tree, "x");
    row = (struct tampering){ .object = tree, .message = "list of parts" };
    seen = (struct seen){ &row, 0, 0 };
    OK(p, content_verify(p->ctx, note, &seen, p->err));
    assert_int_equal(seen.matches, 1);
}

/* A tree that cannot be read ends gc: what it keeps is not known. */
static void
gc_stops_at_a_damaged_tree(void **state)
{
    static const char spoil[] = "UPDATE tree SET body = CAST(?1 AS BLOB)";
    struct place *p = *state;
    envres_list *list = NULL;
    OK(p, put(p, "v1", "a", "one", 0));
    freeze(p, "v1");
    run_sql(p, spoil, "x");
    FAILS(p, ENVRES_E_INTEGRITY, content_gc(p->ctx, NULL, &list, p->err));
    assert_null(list);
}

/* A damaged tree of every single byte: the digest says so before anything is read of it. */
static void
every_byte_of_a_stored_tree_counts(void **state)
{
    static const char spoil[] = "UPDATE tree SET body = ?1";
    struct place *p = *state;
    struct version version = { 0 };
    struct tree tree = { .mem = p->ctx->mem };
    struct buf body;
    OK(p, put(p, "v1", "a", "one", 0));
    OK(p, put(p, "v1", "b/c", "two", ENVRES_PART_PUBLIC));
    freeze(p, "v1");
    load_version(p, "v1", &version);
    OK(p, content_load(p->ctx, &version, &tree, p->err));
    buf_init(&body, &mem_default, false);
    OK(p, tree_encode(&tree, &body, p->err));
    tree_free(&tree);
    for (size_t i = 0; i <= body.len; i++) {
        struct db_stmt *stmt = NULL;
        if (i < body.len)
            body.data[i] = (char)(body.data[i] ^ 1);
        OK(p, db_begin_write(p->ctx->db, p->err));
        OK(p, db_use(p->ctx->db, spoil, &stmt, p->err));
        db_bind_blob(stmt, 1, body.data, body.len);
        OK(p, db_end(p->ctx->db, db_run(stmt, p->err), NULL, p->err));
        FAILS(p, i < body.len ? ENVRES_E_INTEGRITY : ENVRES_OK,
              content_load(p->ctx, &version, &tree, p->err));
        if (i < body.len)
            body.data[i] = (char)(body.data[i] ^ 1);
    }
    tree_free(&tree);
    buf_free(&body);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, free_place)
    const struct CMUnitTest tests[] = {
        TEST(a_long_walk_agrees_with_the_model),
        TEST(edits_have_a_limit),
        TEST(a_workspace_sees_its_own_parts_only),
        cmocka_unit_test(tampering_is_found),
        TEST(each_part_costs_the_same),
        TEST(what_is_kept_is_never_old),
        TEST(a_change_does_not_trust_what_is_kept),
        TEST(a_discarded_version_is_looked_at_anew),
        TEST(loose_rows_are_verified),
        TEST(gc_stops_at_a_damaged_tree),
        TEST(every_byte_of_a_stored_tree_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
