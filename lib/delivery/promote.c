/* SPDX-License-Identifier: MIT */
/*
 * Promotions along the path, and discards. One transaction each with its audit entry; a version is
 * frozen in the one that takes it out of the draft state. A dry run does it all and is rolled back:
 * what it answers is what would have been.
 */
#include <string.h>

#include "base/text.h"
#include "delivery/check.h"
#include "delivery/move.h"
#include "delivery/release.h"

static envres_status
expect_stage(const struct version *version, struct slice expected, const char *stage,
             envres_error *err)
{
    if (slice_equal(expected, slice_str(stage)))
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_CHANGED, "version '%s' stands in %s now", version->name, stage);
    err_subject(err, stage, strlen(stage));
    err_hint(err, "look at it again and decide anew; nothing was done");
    return st;
}

/* ---- promote -------------------------------------------------------------------------------- */

struct promotion {
    struct move *move;
    struct slice to;
    struct slice expect_stage;
    const uint8_t *expect_content;
    bool through;
};

/* The part of the path that a promotion goes over. */
struct steps {
    struct environment *path;
    size_t count;
    size_t from; /* index of the stage */
    size_t to;   /* index of the target */
};

static envres_status
not_next(const struct version *version, const struct steps *steps, envres_error *err)
{
    const char *stage = steps->path[steps->from].key;
    const char *to = steps->path[steps->to].key;
    envres_status st =
        steps->to <= steps->from
            ? err_set(err, ENVRES_E_SKIPS, "version '%s' has reached %s already", version->name, to)
            : err_set(err, ENVRES_E_SKIPS, "%s is not the next environment after %s", to, stage);
    err_subject(err, to, strlen(to));
    if (steps->from + 1 < steps->count)
        err_hint(err, "next is %s", steps->path[steps->from + 1].key);
    return st;
}

static envres_status
find_steps(struct context *ctx, const struct promotion *promotion, const struct environment *target,
           struct steps *out, envres_error *err)
{
    const struct version *version = &promotion->move->version;
    bool found = false;
    envres_status st = path_all(ctx, &out->path, &out->count, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < out->count; i++) {
        if (memcmp(out->path[i].id, version->stage, SEAL_ID) == 0) {
            out->from = i;
            found = true;
        }
        if (memcmp(out->path[i].id, target->id, SEAL_ID) == 0)
            out->to = i;
    }
    if (!found)
        return err_set(err, ENVRES_E_CORRUPT, "version '%s' stands off the path", version->name);
    if (out->to <= out->from || (out->to > out->from + 1 && !promotion->through))
        return not_next(version, out, err);
    return ENVRES_OK;
}

static envres_status
check_target(const struct environment *target, envres_error *err)
{
    if (target->position > 0)
        return ENVRES_OK;
    envres_status st =
        err_set(err, ENVRES_E_OFF_PATH, "%s is not on the promotion path", target->key);
    err_subject(err, target->key, strlen(target->key));
    err_hint(err, "a scope there serves the live release without a promotion");
    return st;
}

/* The version stands at the end of its steps; it leaves the draft state with the first. */
static envres_status
take_steps(struct change *change, struct move *move, const struct steps *steps, envres_error *err)
{
    struct version *version = &move->version;
    envres_status st = content_freeze(change->ctx, version, err);
    if (st < 0)
        return st;
    /* What pins that follow came to be: another by then is not what was approved. */
    change_builds_on(change, "frozen", version->content, SEAL_DIGEST);
    version->stored = STORED_FROZEN;
    memcpy(version->stage, steps->path[steps->to].id, SEAL_ID);
    change->revision = version->number;
    return version_store_state(change->ctx, version, change->now, err);
}

static envres_status
promote_steps(struct change *change, const struct promotion *promotion, const struct steps *steps,
              envres_error *err)
{
    struct move *move = promotion->move;
    envres_status st =
        expect_stage(&move->version, promotion->expect_stage, steps->path[steps->from].key, err);
    if (st == ENVRES_OK)
        st = move_expect_content(&move->version, promotion->expect_content, err);
    if (st == ENVRES_OK)
        st = move_ask_approvals(change, move, ACTION_PROMOTE, &steps->path[steps->to], err);
    for (size_t i = steps->from + 1; st == ENVRES_OK && i <= steps->to; i++)
        st = move_check(change->ctx, move, &steps->path[i], err);
    if (st == ENVRES_OK)
        st = take_steps(change, move, steps, err);
    change->nothing = move->is_dry;
    return st;
}

static envres_status
pass_through(struct change *change, const struct environment *environment, envres_error *err)
{
    envres_status st = change_may(change, ACTION_PROMOTE, environment, err);
    return st < 0 ? st : change_reason(change, environment, err);
}

static envres_status
promote_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct promotion *promotion = asked;
    struct move *move = promotion->move;
    struct context *ctx = change->ctx;
    struct environment target = { 0 };
    struct steps steps = { 0 };
    envres_status st = move_find(ctx, move, err);
    if (st == ENVRES_OK)
        st = environment_find(ctx, promotion->to, &target, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_PROMOTE, &target, err);
    if (st == ENVRES_OK)
        st = machine_allow(&move->version, move->state, EVENT_PROMOTE, err);
    if (st == ENVRES_OK)
        st = check_target(&target, err);
    if (st == ENVRES_OK)
        st = find_steps(ctx, promotion, &target, &steps, err);
    for (size_t i = steps.from + 1; st == ENVRES_OK && i < steps.to; i++)
        st = pass_through(change, &steps.path[i], err);
    if (st == ENVRES_OK)
        st = promote_steps(change, promotion, &steps, err);
    mem_free(ctx->mem, steps.path);
    return st;
}

static envres_status
read_promotion(const envres_promote_options *given, struct promotion *out, envres_error *err)
{
    envres_promote_options options = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = move_flags(options.flags, ENVRES_MOVE_THROUGH | ENVRES_MOVE_DRY_RUN, err);
    if (st == ENVRES_OK && (!options.to || !options.expect_stage || !options.expect_content))
        st = err_set(err, ENVRES_E_INVALID,
                     "a promotion names its target, and the stage and content it expects");
    if (st == ENVRES_OK)
        st = text_argument(options.to, options.to_len, SIZE_MAX, "the target", &out->to, err);
    if (st == ENVRES_OK)
        st = text_argument(options.expect_stage, options.expect_stage_len, SIZE_MAX,
                           "the expected stage", &out->expect_stage, err);
    out->expect_content = options.expect_content;
    out->through = (options.flags & ENVRES_MOVE_THROUGH) != 0;
    out->move->is_dry = (options.flags & ENVRES_MOVE_DRY_RUN) != 0;
    return st;
}

static void
encode_promotion(const void *asked, struct buf *out)
{
    const struct promotion *promotion = asked;
    move_put_names(promotion->move, out);
    act_put_text(out, promotion->to);
    act_put_text(out, promotion->expect_stage);
    buf_add(out, promotion->expect_content, SEAL_DIGEST);
    buf_add_u32(out, promotion->through ? ENVRES_MOVE_THROUGH : 0);
}

envres_status
move_replay_promote(struct context *ctx, struct act_reader *reader, const envres_change *given,
                    int64_t *revision, envres_error *err)
{
    envres_version_name name = move_read_names(reader);
    struct slice to = act_text(reader);
    struct slice stage = act_text(reader);
    envres_promote_options options = { .size = sizeof(options),
                                       .to = to.data,
                                       .to_len = to.len,
                                       .expect_stage = stage.data,
                                       .expect_stage_len = stage.len };
    options.expect_content = act_bytes(reader, SEAL_DIGEST);
    options.flags = act_u32(reader);
    envres_status st = act_end(reader, err);
    (void)revision;
    return st < 0 ? st : move_promote(ctx, &name, &options, given, NULL, err);
}

envres_status
move_promote(struct context *ctx, const envres_version_name *name,
             const envres_promote_options *options, const envres_change *given,
             envres_list **findings, envres_error *err)
{
    struct findings found = { 0 };
    struct move move = { .findings = &found };
    struct promotion promotion = { .move = &move };
    envres_status st = move_names(name, &move, err);
    if (st == ENVRES_OK)
        st = read_promotion(options, &promotion, err);
    if (st == ENVRES_OK)
        st = move_run(ctx, given, "version.promote", promote_inside, encode_promotion, &move,
                      &promotion, err);
    if (st == ENVRES_OK && findings) {
        *findings = found.list;
        found.list = NULL;
    }
    findings_free(&found);
    return st;
}

/* ---- discard -------------------------------------------------------------------------------- */

struct discarding {
    struct move *move;
    struct slice expect_stage;
    const uint8_t *expect_content;
};

static envres_status
check_not_only(struct context *ctx, const struct move *move, envres_error *err)
{
    bool has_other = false;
    envres_status st = version_has_other(ctx, &move->version, &has_other, err);
    if (st < 0 || has_other)
        return st;
    st = err_set(err, ENVRES_E_ONLY_VERSION, "version '%s' is the only one of '%s'",
                 move->version.name, move->app.name);
    err_subject(err, move->version.name, strlen(move->version.name));
    err_hint(err, "make another version first");
    return st;
}

static envres_status
discard_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct discarding *discarding = asked;
    struct move *move = discarding->move;
    struct environment stage = { 0 };
    envres_status st = move_find(change->ctx, move, err);
    if (st == ENVRES_OK)
        st = stage_find(change->ctx, move->version.stage, &stage, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_BUILD, &stage, err);
    if (st == ENVRES_OK)
        st = machine_allow(&move->version, move->state, EVENT_DISCARD, err);
    if (st == ENVRES_OK)
        st = check_not_only(change->ctx, move, err);
    if (st == ENVRES_OK)
        st = expect_stage(&move->version, discarding->expect_stage, stage.key, err);
    if (st == ENVRES_OK)
        st = move_expect_content(&move->version, discarding->expect_content, err);
    if (st < 0)
        return st;
    move->version.stored = STORED_DISCARDED;
    change->revision = move->version.number;
    return version_store_state(change->ctx, &move->version, change->now, err);
}

static envres_status
read_seen(const envres_version_seen *given, struct discarding *out, envres_error *err)
{
    envres_version_seen seen = { 0 };
    envres_status st = opts_read(&seen, sizeof(seen), sizeof(seen), given, err);
    if (st == ENVRES_OK && (!seen.stage || !seen.content))
        st = err_set(err, ENVRES_E_INVALID, "what was seen of the version is NULL");
    if (st == ENVRES_OK)
        st = text_argument(seen.stage, seen.stage_len, SIZE_MAX, "the expected stage",
                           &out->expect_stage, err);
    out->expect_content = seen.content;
    return st;
}

envres_status
move_discard(struct context *ctx, const envres_version_name *name, const envres_version_seen *seen,
             const envres_change *given, envres_error *err)
{
    struct move move = { .is_dry = false };
    struct discarding discarding = { .move = &move };
    envres_status st = move_names(name, &move, err);
    if (st == ENVRES_OK)
        st = read_seen(seen, &discarding, err);
    if (st < 0)
        return st;
    return move_run(ctx, given, "version.discard", discard_inside, NULL, &move, &discarding, err);
}
