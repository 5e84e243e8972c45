/* SPDX-License-Identifier: MIT */
/*
 * Two readings of one environment laid over each other. All rows of both are gathered, sorted so
 * that those of one setting lie together, and of each setting one side is taken: a key that was
 * rotated since must reach a release that was made before, and what became a secret since must not
 * come back in plain. Rows that stand twice in a damaged file are all handed on, for the caller to
 * refuse.
 */
#include "resolve/pinned.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/pool.h"

struct row {
    struct setting setting; /* slices in the pool */
    bool is_now;
};

struct gathering {
    const struct mem *mem;
    struct pool pool;
    struct row *rows;
    size_t count;
    size_t room;
    bool is_now; /* of the rows that come */
    uint8_t config[SEAL_DIGEST];
};

static envres_status
gather(void *user, const struct setting *setting, envres_error *err)
{
    struct gathering *g = user;
    if (g->count == 2 * (size_t)LIMIT_VARIABLES)
        return err_set(err, ENVRES_E_LIMIT, "an environment has at most %d settings",
                       (int)LIMIT_VARIABLES);
    struct row *grown = mem_grow(g->mem, g->rows, &g->room, g->count, sizeof(*grown));
    if (!grown)
        return err_code(err, ENVRES_E_NOMEM);
    g->rows = grown;
    struct row row = { .setting = *setting, .is_now = g->is_now };
    struct slice *texts[] = { &row.setting.field, &row.setting.name, &row.setting.kind,
                              &row.setting.record };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = pool_copy(&g->pool, *texts[i]);
        if (!texts[i]->data)
            return err_code(err, ENVRES_E_NOMEM);
    }
    g->rows[g->count++] = row;
    if (!g->is_now)
        config_digest_add(g->config, setting);
    return ENVRES_OK;
}

/* ---- choosing ------------------------------------------------------------------------------- */

static int
compare_settings(const void *a, const void *b)
{
    const struct setting *x = &((const struct row *)a)->setting;
    const struct setting *y = &((const struct row *)b)->setting;
    int order = memcmp(x->object, y->object, SEAL_ID);
    return order ? order : slice_compare(x->field, y->field);
}

/* By name; of one name the secrets first. */
static int
compare_names(const void *a, const void *b)
{
    const struct setting *x = &((const struct row *)a)->setting;
    const struct setting *y = &((const struct row *)b)->setting;
    if (x->object_class != y->object_class)
        return x->object_class < y->object_class ? -1 : 1;
    int order = slice_compare(x->name, y->name);
    order = order ? order : slice_compare(x->field, y->field);
    return order ? order : (int)y->secret - (int)x->secret;
}

static bool
same_name(const struct setting *a, const struct setting *b)
{
    return a->object_class == b->object_class && slice_equal(a->name, b->name) &&
           slice_equal(a->field, b->field);
}

/* Of the rows of one setting, [first, end), those of one side stay; values taken away go. */
static size_t
choose_side(struct row *rows, size_t first, size_t end, size_t kept)
{
    bool secret = false;
    for (size_t i = first; i < end; i++)
        secret = secret || rows[i].setting.secret;
    for (size_t i = first; i < end; i++) {
        const struct setting *setting = &rows[i].setting;
        if (rows[i].is_now == secret && (setting->is_set || setting->is_destroyed))
            rows[kept++] = rows[i];
    }
    return kept;
}

static void
choose_rows(struct gathering *g)
{
    size_t kept = 0;
    if (g->count > 1)
        qsort(g->rows, g->count, sizeof(*g->rows), compare_settings);
    for (size_t first = 0; first < g->count;) {
        size_t end = first + 1;
        while (end < g->count && compare_settings(&g->rows[first], &g->rows[end]) == 0)
            end++;
        kept = choose_side(g->rows, first, end, kept);
        first = end;
    }
    g->count = kept;
}

/* A name that was plain, was deleted and made again as a secret, or was renamed and its place
 * taken: the secret stands. */
static envres_status
hand_on(struct gathering *g, setting_fn each, void *user, envres_error *err)
{
    const struct setting *secret = NULL;
    if (g->count > 1)
        qsort(g->rows, g->count, sizeof(*g->rows), compare_names);
    for (size_t i = 0; i < g->count; i++) {
        const struct setting *setting = &g->rows[i].setting;
        if (setting->secret)
            secret = setting;
        else if (secret && same_name(secret, setting))
            continue;
        envres_status st = each(user, setting, err);
        if (st < 0)
            return st;
    }
    return ENVRES_OK;
}

envres_status
pinned_each(struct context *ctx, struct pinned *reading, setting_fn each, void *user,
            envres_error *err)
{
    struct gathering g = { .mem = ctx->mem, .is_now = true };
    bool now_ok = false;
    bool then_ok = true; /* before the first setting there was none */
    pool_init(&g.pool, ctx->mem);
    envres_status st = config_each(ctx, reading->environment, reading->keys, reading->head, 0,
                                   gather, &g, &now_ok, err);
    g.is_now = false;
    if (st == ENVRES_OK && reading->revision > 0)
        st = config_each(ctx, reading->environment, reading->keys, reading->head, reading->revision,
                         gather, &g, &then_ok, err);
    if (st == ENVRES_OK) {
        choose_rows(&g);
        st = hand_on(&g, each, user, err);
    }
    mem_free(ctx->mem, g.rows);
    pool_free(&g.pool);
    if (st < 0)
        return st;
    reading->head_ok = now_ok && then_ok;
    memcpy(reading->config, g.config, SEAL_DIGEST);
    return ENVRES_OK;
}
