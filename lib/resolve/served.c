/* SPDX-License-Identifier: MIT */
/*
 * Which version a scope serves, and its parts. Nothing is served that was not verified: a release
 * record by its signature and by its place at the end of the line, the version's content by the
 * digest in the record, the list of parts and every part by their digests. Settings are not read
 * here, see scope_load.c.
 */
#include "resolve/served.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

struct body {
    atomic_uint references;
    uint8_t digest[SEAL_DIGEST];
    char *data;
    size_t len;
};

static envres_status
no_memory(envres_error *err)
{
    return err_code(err, ENVRES_E_NOMEM);
}

/* ---- counting ------------------------------------------------------------------------------- */

static void
body_unref(const struct mem *mem, struct body *body)
{
    if (!body || atomic_fetch_sub_explicit(&body->references, 1, memory_order_acq_rel) != 1)
        return;
    mem_free(mem, body->data);
    mem_free(mem, body);
}

static void
parts_unref(struct served_parts *parts)
{
    if (!parts || atomic_fetch_sub_explicit(&parts->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = parts->mem;
    for (uint32_t i = 0; i < parts->count; i++)
        body_unref(&mem, parts->parts[i].body);
    pool_free(&parts->pool);
    mem_free(&mem, parts);
}

struct served *
served_ref(struct served *served)
{
    if (served)
        atomic_fetch_add_explicit(&served->references, 1, memory_order_relaxed);
    return served;
}

void
served_unref(struct served *served)
{
    if (!served || atomic_fetch_sub_explicit(&served->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem mem = served->mem;
    parts_unref(served->content);
    uses_unref(served->uses);
    mem_free(&mem, served);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static const struct served_part *
find_part(const struct served_parts *parts, struct slice path)
{
    uint32_t low = 0;
    uint32_t high = parts->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = slice_compare(parts->parts[middle].path, path);
        if (order == 0)
            return &parts->parts[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool
part_is_json(struct slice path)
{
    static const char ending[] = ".json";
    size_t len = sizeof(ending) - 1;
    if (path.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = path.data[path.len - len + i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c) != ending[i])
            return false;
    }
    return true;
}

const struct served_part *
served_find(const struct served *served, struct slice path)
{
    return find_part(served->content, path);
}

static envres_status
read_body(struct context *ctx, const struct tree_entry *entry, struct body **out, envres_error *err)
{
    struct body *body = mem_alloc_zero(ctx->mem, sizeof(*body));
    struct buf bytes = { .mem = NULL };
    if (!body)
        return no_memory(err);
    buf_init(&bytes, ctx->mem, false);
    buf_reserve(&bytes, entry->size > 0 && entry->size <= LIMIT_PART ? (size_t)entry->size : 0);
    envres_status st = content_part(ctx, entry, &bytes, err);
    if (st == ENVRES_OK)
        st = buf_status(&bytes, err);
    if (st == ENVRES_OK) {
        atomic_init(&body->references, 1);
        memcpy(body->digest, entry->part, SEAL_DIGEST);
        body->data = buf_take(&bytes, &body->len);
        if (!body->data)
            st = no_memory(err);
    }
    buf_free(&bytes);
    if (st < 0)
        mem_free(ctx->mem, body);
    else
        *out = body;
    return st;
}

/* The body of an entry: that of the same path before, when the bytes are the same. */
static envres_status
take_body(struct context *ctx, const struct tree_entry *entry, const struct served_parts *before,
          struct body **out, envres_error *err)
{
    const struct served_part *old = before ? find_part(before, entry->path) : NULL;
    if (!old || memcmp(old->body->digest, entry->part, SEAL_DIGEST) != 0)
        return read_body(ctx, entry, out, err);
    atomic_fetch_add_explicit(&old->body->references, 1, memory_order_relaxed);
    *out = old->body;
    return ENVRES_OK;
}

static envres_status
take_parts(struct context *ctx, const struct tree *tree, const struct served_parts *before,
           struct served_parts *out, envres_error *err)
{
    if (tree->count > LIMIT_PARTS || tree->bytes > LIMIT_CONTENT)
        return err_set(err, ENVRES_E_LIMIT, "a version has at most %d parts and %d bytes",
                       (int)LIMIT_PARTS, (int)LIMIT_CONTENT);
    out->parts = pool_alloc(&out->pool, tree->count * sizeof(*out->parts));
    if (!out->parts)
        return no_memory(err);
    for (size_t i = 0; i < tree->count; i++) {
        struct served_part *part = &out->parts[out->count];
        struct body *body = NULL;
        part->path = pool_copy(&out->pool, tree->entries[i].path);
        if (!part->path.data)
            return no_memory(err);
        envres_status st = take_body(ctx, &tree->entries[i], before, &body, err);
        if (st < 0)
            return st;
        part->body = body;
        part->is_public = tree->entries[i].is_public;
        part->data = slice_of(body->data, body->len);
        out->count++;
    }
    return ENVRES_OK;
}

static envres_status
take_pins(const struct tree *tree, struct served_parts *out, envres_error *err)
{
    if (tree->pin_count == 0)
        return ENVRES_OK;
    out->pins = pool_alloc(&out->pool, tree->pin_count * sizeof(*out->pins));
    if (!out->pins)
        return no_memory(err);
    memcpy(out->pins, tree->pins, tree->pin_count * sizeof(*out->pins));
    out->pin_count = tree->pin_count;
    return ENVRES_OK;
}

/* A draft's digest stands in its row; the parts must be those it is the digest of. */
static envres_status
read_tree(struct context *ctx, const struct version *version, struct tree *out, envres_error *err)
{
    uint8_t digest[SEAL_DIGEST];
    envres_status st = content_load(ctx, version, out, err);
    if (st < 0 || version->stored != STORED_DRAFT)
        return st;
    st = tree_digest(out, digest, err);
    if (st == ENVRES_OK && !seal_equal(digest, version->content, SEAL_DIGEST)) {
        st = err_set(err, ENVRES_E_INTEGRITY, "the parts of version '%s' are not those it lists",
                     version->name);
        err_subject(err, version->name, strlen(version->name));
    }
    if (st < 0)
        tree_free(out);
    return st;
}

static struct served_parts *
new_parts(const struct mem *mem)
{
    struct served_parts *parts = mem_alloc_zero(mem, sizeof(*parts));
    if (!parts)
        return NULL;
    parts->mem = *mem;
    atomic_init(&parts->references, 1);
    pool_init(&parts->pool, &parts->mem);
    return parts;
}

static envres_status
load_parts(struct context *ctx, const struct version *version, const struct served_parts *before,
           struct served_parts **out, envres_error *err)
{
    struct tree tree = { .mem = NULL };
    struct served_parts *parts = new_parts(ctx->mem);
    if (!parts)
        return no_memory(err);
    memcpy(parts->content, version->content, SEAL_DIGEST);
    envres_status st = read_tree(ctx, version, &tree, err);
    if (st == ENVRES_OK) {
        st = take_parts(ctx, &tree, before, parts, err);
        if (st == ENVRES_OK)
            st = take_pins(&tree, parts, err);
        tree_free(&tree);
    }
    if (st < 0)
        parts_unref(parts);
    else
        *out = parts;
    return st;
}

/* ---- which version -------------------------------------------------------------------------- */

struct choice {
    struct app app;
    struct version version;
    struct release release;
    bool has_release;
    bool is_named; /* asked for by its own name, not as a release */
};

static envres_status
not_the_record(const struct choice *choice, const char *what, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_INTEGRITY, "%s of app '%s' is not the one that was released", what,
                choice->app.name);
    err_subject(err, choice->app.name, strlen(choice->app.name));
    err_hint(err, "run verify, then put a backup in its place");
    return st;
}

/* Record and version belong together, and both are what the signature says. */
static envres_status
check_release(struct context *ctx, const struct choice *choice, envres_error *err)
{
    const struct release *release = &choice->release;
    envres_status st = release_check(ctx, &choice->app, release, err);
    if (st < 0)
        return st;
    if (release->kind == RELEASE_WITHDRAW ||
        memcmp(release->version, choice->version.id, SEAL_ID) != 0 ||
        memcmp(release->app, choice->app.id, SEAL_ID) != 0 ||
        memcmp(choice->version.app, choice->app.id, SEAL_ID) != 0)
        return not_the_record(choice, "the live release", err);
    if (!seal_equal(release->content, choice->version.content, SEAL_DIGEST))
        return not_the_record(choice, "the content", err);
    return ENVRES_OK;
}

static envres_status
nothing_live(const struct app *app, const struct release *newest, bool found, envres_error *err)
{
    envres_status st =
        err_set(err, ENVRES_E_NOTHING_LIVE, "app '%s' has no live release", app->name);
    err_subject(err, app->name, strlen(app->name));
    if (found)
        err_hint(err, "%s was withdrawn: roll back, or release another version", newest->tag);
    else
        err_hint(err, "release a version of it, or name the version to serve");
    return st;
}

/* Every record moved the live pointer when it was made: the newest says where it must stand. */
static envres_status
choose_live(struct context *ctx, struct choice *choice, envres_error *err)
{
    bool found = false;
    struct release *release = &choice->release;
    envres_status st = release_newest(ctx, &choice->app, &found, release, err);
    if (st < 0)
        return st;
    int64_t live = found && release->kind != RELEASE_WITHDRAW ? release->sequence : 0;
    if (choice->app.live != live)
        return not_the_record(choice, "the live pointer", err);
    if (live == 0)
        return nothing_live(&choice->app, release, found, err);
    choice->has_release = true;
    return version_by_id(ctx, release->version, &choice->version, err);
}

static envres_status
choose_tag(struct context *ctx, struct slice tag, struct choice *choice, envres_error *err)
{
    envres_status st = release_by_tag(ctx, &choice->app, tag, &choice->release, err);
    if (st < 0)
        return st;
    choice->has_release = true;
    return version_by_id(ctx, choice->release.version, &choice->version, err);
}

/* A version by name. Its release, if it has one, gives tag and sequence: the live one when it is
 * live, else its newest. */
static envres_status
choose_version(struct context *ctx, struct slice name, const struct environment *environment,
               struct choice *choice, envres_error *err)
{
    struct version *version = &choice->version;
    choice->is_named = true;
    envres_status st = version_find(ctx, &choice->app, name, version, err);
    if (st < 0)
        return st;
    if (version->stored == STORED_DISCARDED) {
        st = err_set(err, ENVRES_E_DISCARDED, "version '%s' of app '%s' was discarded",
                     version->name, choice->app.name);
        err_subject(err, version->name, strlen(version->name));
        return st;
    }
    st = version_reached(ctx, &choice->app, version, environment, err);
    if (st == ENVRES_OK && choice->app.live > 0) {
        st = release_get(ctx, &choice->app, choice->app.live, &choice->release, err);
        choice->has_release =
            st == ENVRES_OK && memcmp(choice->release.version, version->id, SEAL_ID) == 0;
    }
    if (st == ENVRES_OK && !choice->has_release)
        st = release_made_live(ctx, &choice->app, version, &choice->has_release, &choice->release,
                               err);
    return st;
}

static envres_status
choose(struct context *ctx, const struct scope_request *request,
       const struct environment *environment, struct choice *choice, envres_error *err)
{
    envres_status st = app_find(ctx, request->app, &choice->app, err);
    if (st < 0)
        return st;
    if (request->version.data)
        st = choose_version(ctx, request->version, environment, choice, err);
    else if (request->tag.data)
        st = choose_tag(ctx, request->tag, choice, err);
    else
        st = choose_live(ctx, choice, err);
    if (st == ENVRES_OK && choice->has_release)
        st = check_release(ctx, choice, err);
    return st;
}

/* ---- together ------------------------------------------------------------------------------- */

static void
copy_name(char *out, size_t room, const char *name, size_t len)
{
    memcpy(out, name, len < room ? len : room - 1);
}

static struct served *
new_served(const struct mem *mem)
{
    struct served *served = mem_alloc_zero(mem, sizeof(*served));
    if (!served)
        return NULL;
    served->mem = *mem;
    atomic_init(&served->references, 1);
    return served;
}

/* Takes over `content`, also on failure. */
static envres_status
make_served(struct context *ctx, const struct choice *choice, struct served_parts *content,
            struct served **out, envres_error *err)
{
    const char *app = choice->app.name;
    /* What is served as a release has the name that was signed with it. */
    const char *version = choice->is_named ? choice->version.name : choice->release.version_name;
    struct served *served = new_served(ctx->mem);
    if (!served) {
        parts_unref(content);
        return no_memory(err);
    }
    served->content = content;
    copy_name(served->app, sizeof(served->app), app, strlen(app));
    copy_name(served->version, sizeof(served->version), version, strlen(version));
    if (choice->has_release) {
        const char *tag = choice->release.tag;
        copy_name(served->tag, sizeof(served->tag), tag, strlen(tag));
        served->sequence = choice->release.sequence;
    }
    *out = served;
    return ENVRES_OK;
}

/* Names alone: what a version's texts would see when it is released. */
static envres_status
serve_names(struct context *ctx, const struct scope_request *request, struct served **out,
            envres_error *err)
{
    struct served *served = new_served(ctx->mem);
    if (!served)
        return no_memory(err);
    copy_name(served->app, sizeof(served->app), request->app.data, request->app.len);
    copy_name(served->version, sizeof(served->version), request->version.data,
              request->version.len);
    copy_name(served->tag, sizeof(served->tag), request->tag.data, request->tag.len);
    served->sequence = 1;
    served->content = new_parts(ctx->mem);
    if (!served->content) {
        served_unref(served);
        return no_memory(err);
    }
    *out = served;
    return ENVRES_OK;
}

/* A version asked for by name is no release that is served, and pins nothing. */
static void
note_pin(const struct scope_request *request, const struct environment *environment,
         const struct choice *choice, struct served_pin *pin)
{
    const struct release *release = &choice->release;
    pin->is_set = choice->has_release && !request->version.data && release->pin_config &&
                  memcmp(release->environment, environment->id, SEAL_ID) == 0;
    if (!pin->is_set)
        return;
    pin->revision = release->revision;
    memcpy(pin->config, release->config, SEAL_DIGEST);
}

envres_status
served_load(struct context *ctx, const struct scope_request *request,
            const struct environment *environment, const struct served *before, struct served **out,
            struct served_pin *pin, envres_error *err)
{
    struct choice choice = { .has_release = false };
    struct served_parts *old = before ? before->content : NULL;
    struct served_parts *content = NULL;
    struct served *made = NULL;
    if (request->is_check)
        return serve_names(ctx, request, out, err);
    envres_status st = choose(ctx, request, environment, &choice, err);
    if (st < 0)
        return st;
    if (old && memcmp(old->content, choice.version.content, SEAL_DIGEST) == 0) {
        atomic_fetch_add_explicit(&old->references, 1, memory_order_relaxed);
        content = old;
    } else {
        st = load_parts(ctx, &choice.version, old, &content, err);
    }
    if (st == ENVRES_OK)
        st = make_served(ctx, &choice, content, &made, err);
    if (st == ENVRES_OK)
        st = uses_load(ctx, &choice.version, content->pins, content->pin_count,
                       before ? before->uses : NULL, &made->uses, err);
    if (st < 0) {
        served_unref(made);
        return st;
    }
    *out = made;
    note_pin(request, environment, &choice, pin);
    return ENVRES_OK;
}
