/* SPDX-License-Identifier: MIT */
/*
 * Slots of one's own. Nobody needs a role for them, and nobody changes those of another: the set is
 * signed by the principal itself. Invariants: the set that is there is checked before a change of
 * it is signed; one slot always stays; an ordinal is one above the highest there, so that a number
 * that was given stands for one slot as long as that is the last.
 */
#include "model/slot.h"

#include <string.h>

#include "base/list.h"
#include "guard/slot_set.h"
#include "model/change.h"

struct slot_request {
    int64_t ordinal;
    struct slice label;
    const struct new_slot *made;
};

/* The right, then the set as it is. */
static envres_status
load_own(struct change *change, struct slot_set *set, envres_error *err)
{
    struct context *ctx = change->ctx;
    envres_status st = change_own(change, ctx->actor->id, err);
    if (st < 0)
        return st;
    return slot_set_load(ctx->db, ctx->mem, ctx->workspace, ctx->actor, set, err);
}

static envres_status
sign_own(struct change *change, envres_error *err)
{
    struct context *ctx = change->ctx;
    return slot_set_sign(ctx->db, ctx->mem, ctx->workspace, ctx->actor, err);
}

/* The slot that is asked for, and all there are. */
static envres_status
find_own(struct change *change, int64_t ordinal, struct slot_set *set, envres_error *err)
{
    envres_status st = load_own(change, set, err);
    for (size_t i = 0; st == ENVRES_OK && i < set->count; i++) {
        if (set->rows[i].ordinal == ordinal)
            return ENVRES_OK;
    }
    if (st < 0)
        return st;
    const char *name = change->ctx->actor->name;
    st = err_set(err, ENVRES_E_NOT_FOUND, "principal '%s' has no slot %lld", name,
                 (long long)ordinal);
    err_subject(err, name, strlen(name));
    return st;
}

/* ---- changing ------------------------------------------------------------------------------- */

/* "NAME" or "NAME/3", behind "slot/". */
static envres_status
run(struct context *ctx, const char *action, change_fn work, const struct slot_request *request,
    const envres_change *given, int64_t *revision, envres_error *err)
{
    struct buf object = { .mem = NULL };
    buf_init(&object, ctx->mem, false);
    buf_add_str(&object, ctx->actor->name);
    if (request->ordinal > 0)
        buf_add_format(&object, "/%lld", (long long)request->ordinal);
    envres_status st = buf_status(&object, err);
    struct change_title title = { action, "slot/", slice_of(object.data, object.len), NULL };
    if (st == ENVRES_OK)
        st = change_run(ctx, given, &title, work, request, revision, err);
    buf_free(&object);
    return st;
}

static envres_status
add_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct slot_request *request = asked;
    struct context *ctx = change->ctx;
    struct slot_set set = { .count = 0 };
    envres_status st = load_own(change, &set, err);
    if (st == ENVRES_OK && set.count >= LIMIT_SLOTS) {
        st = err_set(err, ENVRES_E_LIMIT, "a principal has at most %d slots", (int)LIMIT_SLOTS);
        err_hint(err, "remove one that is not needed");
    }
    if (st < 0)
        return st;
    /* The last one is the highest; a number at the end of all numbers was never given by us. */
    int64_t last = set.count > 0 ? set.rows[set.count - 1].ordinal : 0;
    if (last == INT64_MAX)
        return err_code(err, ENVRES_E_LIMIT);
    change->revision = last + 1;
    st = slot_set_put(ctx->db, ctx->actor, last + 1, request->label, request->made, change->now,
                      err);
    return st == ENVRES_OK ? sign_own(change, err) : st;
}

envres_status
slot_add(struct context *ctx, struct slice label, const struct new_slot *made,
         const envres_change *given, int64_t *ordinal, envres_error *err)
{
    struct slot_request request = { .label = label, .made = made };
    return run(ctx, "slot.add", add_inside, &request, given, ordinal, err);
}

static envres_status
change_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct slot_request *request = asked;
    struct context *ctx = change->ctx;
    struct slot_set set = { .count = 0 };
    envres_status st = find_own(change, request->ordinal, &set, err);
    if (st == ENVRES_OK)
        st =
            slot_set_change(ctx->db, ctx->actor, request->ordinal, request->made, change->now, err);
    change->forgets = true;
    return st == ENVRES_OK ? sign_own(change, err) : st;
}

/* An ordinal that cannot be stands for no slot; its entry would have another object. */
static envres_status
check_ordinal(int64_t ordinal, envres_error *err)
{
    return ordinal > 0 ? ENVRES_OK : err_set(err, ENVRES_E_NOT_FOUND, "slots count from 1");
}

envres_status
slot_change(struct context *ctx, int64_t ordinal, const struct new_slot *made,
            const envres_change *given, envres_error *err)
{
    struct slot_request request = { .ordinal = ordinal, .made = made };
    envres_status st = check_ordinal(ordinal, err);
    return st < 0 ? st : run(ctx, "slot.change", change_inside, &request, given, NULL, err);
}

static envres_status
remove_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct slot_request *request = asked;
    struct context *ctx = change->ctx;
    struct slot_set set = { .count = 0 };
    envres_status st = find_own(change, request->ordinal, &set, err);
    if (st == ENVRES_OK && set.count == 1) {
        st = err_set(err, ENVRES_E_REFERRED, "the last slot stays: nothing else unlocks '%s'",
                     ctx->actor->name);
        err_subject(err, ctx->actor->name, strlen(ctx->actor->name));
        err_hint(err, "add another slot first, or put another credential into this one");
    }
    if (st == ENVRES_OK)
        st = slot_set_drop(ctx->db, ctx->actor, request->ordinal, err);
    change->forgets = true;
    return st == ENVRES_OK ? sign_own(change, err) : st;
}

envres_status
slot_remove(struct context *ctx, int64_t ordinal, const envres_change *given, envres_error *err)
{
    struct slot_request request = { .ordinal = ordinal };
    envres_status st = check_ordinal(ordinal, err);
    return st < 0 ? st : run(ctx, "slot.remove", remove_inside, &request, given, NULL, err);
}

/* ---- listing -------------------------------------------------------------------------------- */

static const char *
kind_name(uint32_t kind)
{
    switch (kind) {
    case ENVRES_CREDENTIAL_PASSPHRASE:
        return "passphrase";
    case ENVRES_CREDENTIAL_RAW_KEY:
        return "key";
    case ENVRES_CREDENTIAL_PROVIDER:
        return "provider";
    default:
        return "unknown"; /* signed, but not in form: it opens with nothing */
    }
}

static envres_status
list_inside(struct context *ctx, const void *asked, envres_list *list, envres_error *err)
{
    (void)asked;
    struct slot_set set = { .count = 0 };
    envres_status st = right_own(ctx, ctx->actor->id, err);
    if (st == ENVRES_OK)
        st = slot_set_load(ctx->db, ctx->mem, ctx->workspace, ctx->actor, &set, err);
    for (size_t i = 0; st == ENVRES_OK && i < set.count; i++) {
        const struct slot_facts *facts = &set.rows[i];
        list_row(list);
        list_set_int(list, ENVRES_SLOT_ORDINAL, facts->ordinal);
        list_set_text(list, ENVRES_SLOT_LABEL, facts->label, facts->label_len);
        list_set_str(list, ENVRES_SLOT_KIND, kind_name(facts->kind));
        list_set_int(list, ENVRES_SLOT_TIME, facts->time);
    }
    return st == ENVRES_OK ? list_status(list, err) : st;
}

envres_status
slot_list(struct context *ctx, envres_list **out, envres_error *err)
{
    static const char *const columns[ENVRES_SLOT_COLUMNS] = { "ordinal", "label", "kind", "time" };
    static const struct list_shape shape = { columns, ENVRES_SLOT_COLUMNS };
    return context_list(ctx, &shape, list_inside, NULL, out, err);
}
