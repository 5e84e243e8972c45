/* SPDX-License-Identifier: MIT */
/*
 * Releases, rollbacks, withdrawals: what moves an app's live pointer. One transaction each with its
 * audit entry and its signed record. A dry run does it all and is rolled back: what it answers is
 * what would have been.
 */
#include "delivery/release.h"

#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "delivery/check.h"
#include "delivery/move.h"

/* ---- release -------------------------------------------------------------------------------- */

struct releasing {
    struct move *move;
    struct semver tag; /* when it was given */
    uint32_t bump;
    struct slice notes;
    const uint8_t *expect_content;
    int64_t expect_live;
};

/* A retired version stands where it was released from; the path may have grown since. */
static envres_status
check_at_end(const struct move *move, const struct environment *last, envres_error *err)
{
    if (memcmp(move->version.stage, last->id, SEAL_ID) == 0)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NOT_READY, "version '%s' has not reached %s",
                               move->version.name, last->key);
    err_subject(err, move->version.name, strlen(move->version.name));
    err_hint(err, "the path has grown since it was released: make a version from it and promote "
                  "that");
    return st;
}

static envres_status
choose_tag(struct context *ctx, const struct releasing *releasing, struct semver *out,
           envres_error *err)
{
    const struct app *app = &releasing->move->app;
    struct semver highest = { 0 };
    bool found = false;
    *out = releasing->tag;
    envres_status st = ENVRES_OK;
    if (releasing->bump != ENVRES_BUMP_NONE) {
        st = release_highest(ctx, app, &found, &highest, err);
        if (st == ENVRES_OK)
            st = semver_next(found ? &highest : NULL, releasing->bump, out, err);
    }
    return st == ENVRES_OK ? release_check_tag(ctx, app, out, err) : st;
}

/* Where a rollback from the new release will lead: to what was served last. */
static envres_status
find_previous(struct context *ctx, const struct app *app, int64_t *previous, envres_error *err)
{
    struct release newest = { 0 };
    bool found = false;
    *previous = app->live;
    if (app->live)
        return ENVRES_OK;
    envres_status st = release_newest(ctx, app, &found, &newest, err);
    if (st == ENVRES_OK && found && newest.kind == RELEASE_WITHDRAW)
        *previous = newest.target;
    return st;
}

static void
copy_tag(struct release *record, const struct semver *tag)
{
    memcpy(record->tag, tag->text, sizeof(record->tag));
    memcpy(record->tag_order, tag->order, tag->order_len);
    record->tag_order_len = tag->order_len;
}

static envres_status
make_record(struct change *change, const struct releasing *releasing,
            const struct environment *last, const struct semver *tag, envres_error *err)
{
    struct context *ctx = change->ctx;
    struct move *move = releasing->move;
    struct release record = { .kind = RELEASE_NEW,
                              .pin_config = move->app.pin_config,
                              .notes = releasing->notes,
                              .revision = last->revision };
    copy_tag(&record, tag);
    memcpy(record.version, move->version.id, SEAL_ID);
    memcpy(record.version_name, move->version.name, sizeof(record.version_name));
    memcpy(record.environment, last->id, SEAL_ID);
    memcpy(record.content, move->version.content, SEAL_DIGEST);
    envres_status st = find_previous(ctx, &move->app, &record.previous, err);
    if (st == ENVRES_OK && record.pin_config)
        st = config_digest(ctx, last, record.config, err);
    change_builds_on(change, "tag", record.tag, strlen(record.tag));
    change_builds_on(change, "config", record.config, SEAL_DIGEST);
    if (st == ENVRES_OK)
        st = release_append(change, &move->app, &record, err);
    if (st < 0)
        return st;
    move->version.stored = STORED_RELEASED;
    return version_store_state(ctx, &move->version, change->now, err);
}

/* The answer to the caller, of the record as it was just made; a dry run ends here. */
static envres_status
describe_record(struct change *change, struct move *move, envres_error *err)
{
    envres_status st = ENVRES_OK;
    if (move->wants_record)
        st = release_describe(change->ctx, &move->app, change->revision, &move->record, err);
    change->nothing = move->is_dry;
    return st;
}

static envres_status
release_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct releasing *releasing = asked;
    struct move *move = releasing->move;
    struct context *ctx = change->ctx;
    struct environment last = { 0 };
    struct semver tag = { 0 };
    envres_status st = move_find(ctx, move, err);
    if (st == ENVRES_OK)
        st = path_last(ctx, &last, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_RELEASE, &last, err);
    if (st == ENVRES_OK)
        st = machine_allow(&move->version, move->state, EVENT_RELEASE, err);
    if (st == ENVRES_OK)
        st = check_at_end(move, &last, err);
    if (st == ENVRES_OK)
        st = choose_tag(ctx, releasing, &tag, err);
    if (st == ENVRES_OK)
        st = move_expect_content(&move->version, releasing->expect_content, err);
    if (st == ENVRES_OK)
        st = move_expect_live(&move->app, releasing->expect_live, err);
    if (st == ENVRES_OK)
        st = move_ask_approvals(change, move, ACTION_RELEASE, &last, err);
    if (st == ENVRES_OK)
        st = move_check(ctx, move, &last, err);
    if (st == ENVRES_OK)
        st = make_record(change, releasing, &last, &tag, err);
    return st == ENVRES_OK ? describe_record(change, move, err) : st;
}

static envres_status
read_tag(const envres_release_options *options, struct releasing *out, envres_error *err)
{
    struct slice tag = { 0 };
    if (options->bump > ENVRES_BUMP_PATCH)
        return err_set(err, ENVRES_E_INVALID, "no such bump");
    if ((options->bump == ENVRES_BUMP_NONE) == (options->tag == NULL))
        return err_set(err, ENVRES_E_INVALID, "a release has a tag, or a bump: one of them");
    out->bump = options->bump;
    if (!options->tag)
        return ENVRES_OK;
    envres_status st =
        text_argument(options->tag, options->tag_len, SIZE_MAX, "the tag", &tag, err);
    return st == ENVRES_OK ? semver_read(tag, &out->tag, err) : st;
}

static envres_status
read_releasing(const envres_release_options *given, struct releasing *out, envres_error *err)
{
    envres_release_options options = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = move_flags(options.flags, ENVRES_MOVE_DRY_RUN, err);
    if (st == ENVRES_OK && (!options.expect_content || options.expect_live < 0))
        st = err_set(err, ENVRES_E_INVALID,
                     "a release says what content and what live release it expects");
    if (st == ENVRES_OK)
        st = read_tag(&options, out, err);
    if (st == ENVRES_OK)
        st = text_argument(options.notes, options.notes ? options.notes_len : 0, LIMIT_NOTES,
                           "the notes", &out->notes, err);
    out->expect_content = options.expect_content;
    out->expect_live = options.expect_live;
    out->move->is_dry = (options.flags & ENVRES_MOVE_DRY_RUN) != 0;
    return st;
}

/* A call that repeats one that was committed before gives the record of that one, and is of its
 * version. */
static envres_status
find_made(struct context *ctx, struct move *move, envres_error *err)
{
    struct release made = { 0 };
    envres_status st = db_begin_read(ctx->db, err);
    if (st < 0)
        return st;
    st = app_find(ctx, move->app_name, &move->app, err);
    if (st == ENVRES_OK)
        st = release_get(ctx, &move->app, move->made, &made, err);
    if (st == ENVRES_OK)
        st = version_by_id(ctx, made.version, &move->version, err);
    if (st == ENVRES_OK && move->wants_record)
        st = release_describe(ctx, &move->app, move->made, &move->record, err);
    return db_end(ctx->db, st, NULL, err);
}

static envres_status
hand_over(struct context *ctx, struct move *move, envres_status st, envres_list **out,
          envres_error *err)
{
    if (st == ENVRES_OK && out && !move->record)
        st = find_made(ctx, move, err);
    if (st == ENVRES_OK && out)
        *out = move->record;
    else
        envres_list_free(move->record);
    return st;
}

static void
encode_releasing(const void *asked, struct buf *out)
{
    const struct releasing *releasing = asked;
    move_put_names(releasing->move, out);
    act_put_text(out, releasing->bump ? slice_of(NULL, 0) : slice_str(releasing->tag.text));
    buf_add_u32(out, releasing->bump);
    act_put_text(out, releasing->notes);
    buf_add(out, releasing->expect_content, SEAL_DIGEST);
    buf_add_u64(out, (uint64_t)releasing->expect_live);
}

envres_status
move_replay_release(struct context *ctx, struct act_reader *reader, const envres_change *given,
                    int64_t *revision, envres_error *err)
{
    envres_version_name name = move_read_names(reader);
    struct slice tag = act_text(reader);
    envres_release_options options = { .size = sizeof(options), .bump = act_u32(reader) };
    struct slice notes = act_text(reader);
    options.tag = tag.data;
    options.tag_len = tag.len;
    options.notes = notes.data;
    options.notes_len = notes.len;
    options.expect_content = act_bytes(reader, SEAL_DIGEST);
    options.expect_live = (int64_t)act_u64(reader);
    envres_list *record = NULL;
    envres_status st = act_end(reader, err);
    if (st == ENVRES_OK)
        st = move_release(ctx, &name, &options, given, &record, NULL, err);
    if (st == ENVRES_OK)
        *revision = envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE);
    envres_list_free(record);
    return st;
}

envres_status
move_release(struct context *ctx, const envres_version_name *name,
             const envres_release_options *options, const envres_change *given, envres_list **out,
             envres_list **findings, envres_error *err)
{
    struct findings found = { 0 };
    struct move move = { .findings = &found, .wants_record = out != NULL };
    struct releasing releasing = { .move = &move };
    envres_status st = move_names(name, &move, err);
    if (st == ENVRES_OK)
        st = read_releasing(options, &releasing, err);
    if (st == ENVRES_OK)
        st = move_run(ctx, given, "version.release", release_inside, encode_releasing, &move,
                      &releasing, err);
    st = hand_over(ctx, &move, st, out, err);
    if (st == ENVRES_OK && findings) {
        *findings = found.list;
        found.list = NULL;
    }
    findings_free(&found);
    return st;
}

/* ---- roll back ------------------------------------------------------------------------------ */

struct rolling {
    struct move *move;
    struct slice to;      /* tag; .data NULL: none */
    struct slice version; /* likewise */
    int64_t expect_live;
};

static envres_status
nothing_before(const struct app *app, envres_error *err)
{
    envres_status st =
        app->live ? err_set(err, ENVRES_E_NOTHING_BEFORE,
                            "there is no release of '%s' before the one that is live", app->name)
                  : err_set(err, ENVRES_E_NOTHING_BEFORE, "'%s' was never released", app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err, app->live ? "name a release, or release another version" : "release a version");
    return st;
}

/* The nearest record before the live one that is of another version: going back to the same parts
 * under another tag would change nothing that is served. */
static envres_status
find_before(struct context *ctx, const struct app *app, struct release *out, envres_error *err)
{
    struct release live = { 0 };
    envres_status st = release_get(ctx, app, app->live, &live, err);
    *out = live;
    while (st == ENVRES_OK && memcmp(out->version, live.version, SEAL_ID) == 0) {
        if (out->previous == 0)
            return nothing_before(app, err);
        st = release_get(ctx, app, out->previous, out, err);
    }
    return st;
}

static envres_status
find_withdrawn(struct context *ctx, const struct app *app, struct release *out, envres_error *err)
{
    bool found = false;
    envres_status st = release_newest(ctx, app, &found, out, err);
    if (st < 0)
        return st;
    if (!found || out->kind != RELEASE_WITHDRAW)
        return nothing_before(app, err);
    return release_get(ctx, app, out->target, out, err);
}

static envres_status
find_of_version(struct context *ctx, const struct rolling *rolling, struct release *out,
                envres_error *err)
{
    const struct app *app = &rolling->move->app;
    struct version version = { 0 };
    enum version_state state = VERSION_DRAFT;
    bool found = false;
    envres_status st = version_find(ctx, app, rolling->version, &version, err);
    if (st == ENVRES_OK)
        st = version_state(ctx, app, &version, &state, err);
    if (st == ENVRES_OK)
        st = machine_allow(&version, state, EVENT_ROLLBACK, err);
    if (st == ENVRES_OK)
        st = release_of_version(ctx, app, &version, &found, out, err);
    if (st == ENVRES_OK && !found)
        st = err_set(err, ENVRES_E_CORRUPT, "version '%s' has no release", version.name);
    return st;
}

/* The release (never a rollback's record) that becomes live again. */
static envres_status
find_target(struct context *ctx, const struct rolling *rolling, struct release *out,
            envres_error *err)
{
    struct move *move = rolling->move;
    const struct app *app = &move->app;
    envres_status st = rolling->to.data        ? release_by_tag(ctx, app, rolling->to, out, err)
                       : rolling->version.data ? find_of_version(ctx, rolling, out, err)
                       : app->live             ? find_before(ctx, app, out, err)
                                               : find_withdrawn(ctx, app, out, err);
    if (st == ENVRES_OK && out->kind == RELEASE_ROLLBACK)
        st = release_get(ctx, app, out->target, out, err);
    if (st == ENVRES_OK)
        st = version_by_id(ctx, out->version, &move->version, err);
    if (st == ENVRES_OK)
        st = version_state(ctx, app, &move->version, &move->state, err);
    return st == ENVRES_OK ? machine_allow(&move->version, move->state, EVENT_ROLLBACK, err) : st;
}

/* What is restored must be what was released: the record as it was signed, of the content as it is.
 */
static envres_status
check_whole(struct context *ctx, const struct move *move, const struct release *target,
            envres_error *err)
{
    envres_status st = release_check(ctx, &move->app, target, err);
    if (st < 0 || seal_equal(move->version.content, target->content, SEAL_DIGEST))
        return st;
    st = err_set(err, ENVRES_E_INTEGRITY, "version '%s' has another content than was released",
                 move->version.name);
    err_subject(err, move->version.name, strlen(move->version.name));
    err_hint(err, "run verify, then roll back to another release");
    return st;
}

static envres_status
rollback_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct rolling *rolling = asked;
    struct move *move = rolling->move;
    struct context *ctx = change->ctx;
    struct environment stage = { 0 };
    struct release target = { 0 };
    envres_status st = app_find(ctx, move->app_name, &move->app, err);
    if (st == ENVRES_OK)
        st = path_last(ctx, &stage, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_ROLLBACK, &stage, err);
    if (st == ENVRES_OK)
        st = find_target(ctx, rolling, &target, err);
    if (st == ENVRES_OK)
        st = move_expect_live(&move->app, rolling->expect_live, err);
    if (st == ENVRES_OK)
        st = check_whole(ctx, move, &target, err);
    if (st < 0)
        return st;
    struct release record = target;
    record.kind = RELEASE_ROLLBACK;
    record.target = target.sequence;
    record.notes = change->reason; /* why, to be read the next morning */
    change_builds_on(change, "manifest", target.manifest, SEAL_DIGEST);
    st = release_append(change, &move->app, &record, err);
    return st == ENVRES_OK ? describe_record(change, move, err) : st;
}

static envres_status
read_rolling(const envres_rollback_options *given, struct rolling *out, envres_error *err)
{
    envres_rollback_options options = { 0 };
    struct semver tag = { 0 };
    envres_status st = opts_read(&options, sizeof(options), sizeof(options), given, err);
    if (st == ENVRES_OK)
        st = move_flags(options.flags, ENVRES_MOVE_DRY_RUN, err);
    if (st == ENVRES_OK && (!given || options.expect_live < 0))
        st = err_set(err, ENVRES_E_INVALID, "a rollback says what live release it expects");
    if (st == ENVRES_OK && options.to && options.version)
        st = err_set(err, ENVRES_E_INVALID, "a rollback leads to a tag or to a version, not both");
    if (st == ENVRES_OK && options.to) {
        st = text_argument(options.to, options.to_len, SIZE_MAX, "the tag", &out->to, err);
        if (st == ENVRES_OK)
            st = semver_read(out->to, &tag, err);
    }
    if (st == ENVRES_OK && options.version)
        st = text_argument(options.version, options.version_len, SIZE_MAX, "the version's name",
                           &out->version, err);
    out->expect_live = options.expect_live;
    out->move->is_dry = (options.flags & ENVRES_MOVE_DRY_RUN) != 0;
    return st;
}

/* What the check says of what is live again. It comes after the commit: it takes longer than the
 * rollback itself, and must not be able to stop it. */
static envres_status
check_afterwards(struct context *ctx, struct move *move, envres_list **out)
{
    struct environment stage = { 0 };
    bool is_found = move->version.name[0] != '\0';
    envres_status st = is_found ? ENVRES_OK : find_made(ctx, move, NULL);
    envres_version_name name = { .size = sizeof(name),
                                 .app = move->app.name,
                                 .app_len = strlen(move->app.name),
                                 .version = move->version.name,
                                 .version_len = strlen(move->version.name) };
    if (st == ENVRES_OK)
        st = path_last(ctx, &stage, NULL);
    if (st == ENVRES_OK)
        st = check_version(ctx, &name, slice_str(stage.key), out, NULL);
    return st == ENVRES_OK ? st : findings_failed(ctx->mem, st, out, NULL);
}

static void
encode_rolling(const void *asked, struct buf *out)
{
    const struct rolling *rolling = asked;
    act_put_text(out, rolling->move->app_name);
    act_put_text(out, rolling->to);
    act_put_text(out, rolling->version);
    buf_add_u64(out, (uint64_t)rolling->expect_live);
}

envres_status
move_replay_rollback(struct context *ctx, struct act_reader *reader, const envres_change *given,
                     int64_t *revision, envres_error *err)
{
    struct slice app = act_text(reader);
    struct slice to = act_text(reader);
    struct slice version = act_text(reader);
    envres_rollback_options options = { .size = sizeof(options),
                                        .to = to.data,
                                        .to_len = to.len,
                                        .version = version.data,
                                        .version_len = version.len,
                                        .expect_live = (int64_t)act_u64(reader) };
    envres_list *record = NULL;
    envres_status st = act_end(reader, err);
    if (st == ENVRES_OK)
        st = move_rollback(ctx, app, &options, given, &record, NULL, err);
    if (st == ENVRES_OK)
        *revision = envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE);
    envres_list_free(record);
    return st;
}

envres_status
move_rollback(struct context *ctx, struct slice app, const envres_rollback_options *options,
              const envres_change *given, envres_list **out, envres_list **findings,
              envres_error *err)
{
    struct move move = { .app_name = app, .wants_record = out != NULL };
    struct rolling rolling = { .move = &move };
    envres_status st = read_rolling(options, &rolling, err);
    if (st == ENVRES_OK)
        st = move_run(ctx, given, "app.rollback", rollback_inside, encode_rolling, &move, &rolling,
                      err);
    st = hand_over(ctx, &move, st, out, err);
    /* Done is done: that its check could not be made is no failure of the rollback. */
    if (st == ENVRES_OK && findings && check_afterwards(ctx, &move, findings) < 0)
        *findings = NULL;
    return st;
}

/* ---- withdraw ------------------------------------------------------------------------------- */

struct withdrawing {
    struct move *move;
    int64_t expect_live;
};

static envres_status
nothing_live(const struct app *app, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_NOTHING_LIVE, "no release of '%s' is live", app->name);
    err_subject(err, app->name, strlen(app->name));
    err_hint(err, "there is nothing to withdraw");
    return st;
}

static envres_status
withdraw_inside(struct change *change, const void *asked, envres_error *err)
{
    const struct withdrawing *withdrawing = asked;
    struct move *move = withdrawing->move;
    struct context *ctx = change->ctx;
    struct environment stage = { 0 };
    struct release record = { 0 };
    envres_status st = app_find(ctx, move->app_name, &move->app, err);
    if (st == ENVRES_OK)
        st = path_last(ctx, &stage, err);
    if (st == ENVRES_OK)
        st = change_in(change, ACTION_RELEASE, &stage, err);
    if (st == ENVRES_OK && move->app.live == 0)
        st = nothing_live(&move->app, err);
    if (st == ENVRES_OK)
        st = move_expect_live(&move->app, withdrawing->expect_live, err);
    if (st == ENVRES_OK)
        st = release_get(ctx, &move->app, move->app.live, &record, err);
    if (st < 0)
        return st;
    change_builds_on(change, "manifest", record.manifest, SEAL_DIGEST);
    record.kind = RELEASE_WITHDRAW;
    record.target = record.sequence;
    record.notes = change->reason;
    st = release_append(change, &move->app, &record, err);
    return st == ENVRES_OK ? describe_record(change, move, err) : st;
}

static void
encode_withdrawing(const void *asked, struct buf *out)
{
    const struct withdrawing *withdrawing = asked;
    act_put_text(out, withdrawing->move->app_name);
    buf_add_u64(out, (uint64_t)withdrawing->expect_live);
}

envres_status
move_replay_withdraw(struct context *ctx, struct act_reader *reader, const envres_change *given,
                     int64_t *revision, envres_error *err)
{
    struct slice app = act_text(reader);
    int64_t live = (int64_t)act_u64(reader);
    envres_list *record = NULL;
    envres_status st = act_end(reader, err);
    if (st == ENVRES_OK)
        st = move_withdraw(ctx, app, live, given, &record, err);
    if (st == ENVRES_OK)
        *revision = envres_list_integer(record, 0, ENVRES_RELEASE_SEQUENCE);
    envres_list_free(record);
    return st;
}

envres_status
move_withdraw(struct context *ctx, struct slice app, int64_t live, const envres_change *given,
              envres_list **out, envres_error *err)
{
    struct move move = { .app_name = app, .wants_record = out != NULL };
    struct withdrawing withdrawing = { &move, live };
    envres_status st = live < 0 ? err_set(err, ENVRES_E_INVALID, "no such release") : ENVRES_OK;
    if (st == ENVRES_OK)
        st = move_run(ctx, given, "app.withdraw", withdraw_inside, encode_withdrawing, &move,
                      &withdrawing, err);
    return hand_over(ctx, &move, st, out, err);
}
