/* SPDX-License-Identifier: MIT */
/*
 * A unified diff. What both texts begin and end with is left out at once, but for the lines of
 * context. Lines of the rest become numbers, equal ones the same; those that only one text has are
 * changed whatever else is, and the others go through Myers' algorithm: two searches, one from each
 * end, over the points that are reached with d changes, until they meet on a shortest path; then
 * the same for the two boxes before and behind that point.
 *
 *        b ->          a step right: a line of b is inserted
 *      a +--+--+--+    a step down:  a line of a is removed
 *      | |  |\ |  |    a diagonal:   the line is in both; it costs nothing
 *      v +--+--+--+    diagonal k: the points (x, y) of a and b with x - y = k
 *
 * So the result is a shortest one. Two bounds keep it affordable: a search that has met nothing
 * after DISTANCE_MAX steps is cut at the point that it came farthest to, and when STEPS_MAX are
 * used up, or there are more than LIMIT_DIFF_LINES lines, what is left is one removal and one
 * insertion. Texts are not secret: nothing is wiped.
 */
#include "base/textdiff.h"

#include <string.h>

#include "base/limits.h"
#include "base/pool.h"
#include "base/text.h"

enum {
    CONTEXT = 3,
    DISTANCE_MAX = 2048,
    FRONT_SIZE = 2 * (DISTANCE_MAX + 2) + 1,
    STEPS_MAX = 200 * 1000 * 1000,
    DIAGONAL_STEPS = 4, /* and one for each line that is the same */
    SLOTS_MIN = 1024,
    IN_FROM = 1,
    IN_TO = 2,
    IN_BOTH = IN_FROM | IN_TO
};

/* One of the two texts, without what was left out. */
struct side {
    struct slice text;
    uint32_t count;   /* lines */
    uint8_t *changed; /* by line: 1 when the other text has it not, or not here */
    uint32_t *starts; /* by line, and the end behind the last */
    uint32_t *ids;    /* by line */
    uint32_t *kept;   /* the ids of lines that both texts have */
    uint32_t *where;  /* their lines */
    int32_t kept_count;
};

/* The farthest points on the diagonals `min` to `max`; of the search from the end everything counts
 * backwards from there. */
struct front {
    int32_t *at; /* by diagonal */
    int32_t min;
    int32_t max;
};

struct diff {
    struct pool pool;
    struct side from;
    struct side to;
    size_t lines_before; /* that were left out */
    struct front forward;
    struct front backward;
    int64_t steps; /* that may still be done */
};

/* Ends are exclusive. */
struct box {
    int32_t a;
    int32_t a_end;
    int32_t b;
    int32_t b_end;
};

struct point {
    int32_t x;
    int32_t y;
};

/* ---- what both begin and end with ------------------------------------------------------------ */

/* Where the line behind `at` begins. */
static size_t
next_line(struct slice text, size_t at)
{
    const char *end = memchr(text.data + at, '\n', text.len - at);
    return end ? (size_t)(end - text.data) + 1 : text.len;
}

/* `at` is the beginning of a line. */
static size_t
previous_line(struct slice text, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && text.data[at - 1] != '\n')
        at--;
    return at;
}

static size_t
count_lines(struct slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at = next_line(text, at))
        count++;
    return count;
}

/* Lengths of whole lines at the start, and at the end behind them. */
static size_t
common_start(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t at = 0;
    size_t step = 4096;
    while (step > 0) {
        while (at + step <= shorter && memcmp(a.data + at, b.data + at, step) == 0)
            at += step;
        step /= 2;
    }
    while (at > 0 && a.data[at - 1] != '\n')
        at--;
    return at;
}

static size_t
common_end(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    size_t len = 0;
    size_t step = 4096;
    while (step > 0) {
        while (len + step <= shorter &&
               memcmp(a.data + a.len - len - step, b.data + b.len - len - step, step) == 0)
            len += step;
        step /= 2;
    }
    return a.len - next_line(a, a.len - len);
}

static void
leave_out_the_same(struct diff *diff, struct slice from, struct slice to)
{
    size_t start = common_start(from, to);
    size_t end = common_end(slice_of(from.data + start, from.len - start),
                            slice_of(to.data + start, to.len - start));
    size_t from_end = from.len - end;
    size_t to_end = to.len - end;
    for (int i = 0; i < CONTEXT; i++) {
        start = previous_line(from, start);
        from_end = next_line(from, from_end);
        to_end = next_line(to, to_end);
    }
    diff->lines_before = count_lines(slice_of(from.data, start));
    diff->from.text = slice_of(from.data + start, from_end - start);
    diff->to.text = slice_of(to.data + start, to_end - start);
}

/* ---- lines as numbers ------------------------------------------------------------------------ */

struct slot {
    uint32_t hash;
    uint32_t id; /* plus one; 0: empty */
};

struct numbering {
    struct diff *diff;
    struct slot *slots;
    uint32_t mask;
    uint64_t seed;
    uint32_t *first; /* by id: a line that has it; those of `to` count on from `from` */
    uint8_t *seen;   /* by id: IN_* */
    uint32_t count;
};

static struct slice
line_of(const struct side *side, uint32_t line)
{
    uint32_t start = side->starts[line];
    return slice_of(side->text.data + start, side->starts[line + 1] - start);
}

static struct slice
line_with_id(const struct numbering *numbering, uint32_t id)
{
    const struct diff *diff = numbering->diff;
    uint32_t line = numbering->first[id];
    if (line < diff->from.count)
        return line_of(&diff->from, line);
    return line_of(&diff->to, line - diff->from.count);
}

/* As large as the different lines need: a table that fits the caches is several times faster. */
static bool
grow_slots(struct numbering *numbering, uint32_t size)
{
    const struct mem *mem = numbering->diff->pool.mem;
    struct slot *slots = mem_alloc_zero(mem, size * sizeof(*slots));
    if (!slots)
        return false;
    for (uint32_t i = 0; numbering->slots && i <= numbering->mask; i++) {
        uint32_t at = numbering->slots[i].hash & (size - 1);
        if (numbering->slots[i].id == 0)
            continue;
        while (slots[at].id != 0)
            at = (at + 1) & (size - 1);
        slots[at] = numbering->slots[i];
    }
    mem_free(mem, numbering->slots);
    numbering->slots = slots;
    numbering->mask = size - 1;
    return true;
}

static uint32_t
id_of(struct numbering *numbering, struct slice text, uint32_t line)
{
    uint32_t hash = (uint32_t)text_hash(numbering->seed, text.data, text.len);
    uint32_t at = hash & numbering->mask;
    for (; numbering->slots[at].id != 0; at = (at + 1) & numbering->mask) {
        const struct slot *slot = &numbering->slots[at];
        if (slot->hash == hash && slice_equal(line_with_id(numbering, slot->id - 1), text))
            return slot->id - 1;
    }
    uint32_t id = numbering->count++;
    numbering->first[id] = line;
    numbering->slots[at] = (struct slot){ hash, id + 1 };
    return id;
}

static bool
number_side(struct numbering *numbering, struct side *side, uint32_t first_line, uint8_t mark)
{
    uint32_t line = 0;
    for (size_t at = 0; at < side->text.len; at = next_line(side->text, at))
        side->starts[line++] = (uint32_t)at;
    side->starts[line] = (uint32_t)side->text.len;
    for (uint32_t i = 0; i < side->count; i++) {
        if (numbering->count > numbering->mask / 2 &&
            !grow_slots(numbering, 4 * (numbering->mask + 1)))
            return false;
        side->ids[i] = id_of(numbering, line_of(side, i), first_line + i);
        numbering->seen[side->ids[i]] |= mark;
    }
    return true;
}

static void
keep_shared(const struct numbering *numbering, struct side *side)
{
    side->kept_count = 0;
    for (uint32_t i = 0; i < side->count; i++) {
        if (numbering->seen[side->ids[i]] != IN_BOTH) {
            side->changed[i] = 1;
            continue;
        }
        side->kept[side->kept_count] = side->ids[i];
        side->where[side->kept_count++] = i;
    }
}

static bool
take_side(struct pool *pool, struct side *side)
{
    size_t room = (side->count + (size_t)1) * sizeof(uint32_t);
    side->starts = pool_alloc(pool, room);
    side->ids = pool_alloc(pool, room);
    side->kept = pool_alloc(pool, room);
    side->where = pool_alloc(pool, room);
    return side->starts && side->ids && side->kept && side->where;
}

static envres_status
number_lines(struct diff *diff, envres_error *err)
{
    struct pool *pool = &diff->pool;
    size_t lines = (size_t)diff->from.count + diff->to.count;
    /* Seeded by an address, so that a text cannot be made whose lines collide. */
    struct numbering numbering = { .diff = diff };
    numbering.first = pool_alloc(pool, lines * sizeof(*numbering.first));
    numbering.seen = pool_alloc_zero(pool, lines);
    numbering.seed = (uint64_t)(uintptr_t)numbering.first * UINT64_C(0x9E3779B97F4A7C15);
    bool is_done = numbering.first && numbering.seen && take_side(pool, &diff->from) &&
                   take_side(pool, &diff->to) && grow_slots(&numbering, SLOTS_MIN) &&
                   number_side(&numbering, &diff->from, 0, IN_FROM) &&
                   number_side(&numbering, &diff->to, diff->from.count, IN_TO);
    mem_free(pool->mem, numbering.slots);
    if (!is_done)
        return err_code(err, ENVRES_E_NOMEM);
    keep_shared(&numbering, &diff->from);
    keep_shared(&numbering, &diff->to);
    return ENVRES_OK;
}

/* ---- the shortest way ------------------------------------------------------------------------ */

static inline bool
is_same(const struct diff *diff, const struct box *box, bool is_back, int32_t x, int32_t y)
{
    int32_t a = is_back ? box->a_end - 1 - x : box->a + x;
    int32_t b = is_back ? box->b_end - 1 - y : box->b + y;
    return diff->from.kept[a] == diff->to.kept[b];
}

/* One more change on each diagonal that can be reached, then all that is the same behind it. True
 * when a point that the other front has reached too is found: it is then on a shortest way. */
static inline bool
advance(struct diff *diff, const struct box *box, bool is_back, bool may_meet, struct point *met)
{
    struct front *front = is_back ? &diff->backward : &diff->forward;
    const struct front *other = is_back ? &diff->forward : &diff->backward;
    const int32_t width = box->a_end - box->a;
    const int32_t height = box->b_end - box->b;
    const int32_t delta = width - height;
    /* Diagonals that have left the box are passed over: the front narrows by one each time. */
    if (front->min > -height)
        front->at[--front->min - 1] = -1;
    else
        front->min++;
    if (front->max < width)
        front->at[++front->max + 1] = -1;
    else
        front->max--;
    for (int32_t k = front->max; k >= front->min; k -= 2) {
        int32_t removed = front->at[k - 1] + 1;
        int32_t inserted = front->at[k + 1];
        int32_t x = removed > inserted ? removed : inserted;
        int32_t start = x;
        while (x < width && x - k < height && is_same(diff, box, is_back, x, x - k))
            x++;
        diff->steps -= DIAGONAL_STEPS + x - start;
        front->at[k] = x;
        int32_t opposite = delta - k;
        if (may_meet && opposite >= other->min && opposite <= other->max &&
            x + other->at[opposite] >= width) {
            met->x = is_back ? box->a_end - x : box->a + x;
            met->y = is_back ? box->b_end - (x - k) : box->b + x - k;
            return true;
        }
    }
    return false;
}

/* A diagonal that has left the box may point beyond it. */
static void
farthest(const struct diff *diff, const struct box *box, struct point *out)
{
    const struct front *front = &diff->forward;
    int32_t best = -1;
    for (int32_t k = front->max; k >= front->min; k -= 2) {
        int32_t x = front->at[k];
        bool is_inside = x <= box->a_end - box->a && x - k <= box->b_end - box->b;
        if (is_inside && 2 * x - k > best) {
            best = 2 * x - k;
            *out = (struct point){ box->a + x, box->b + x - k };
        }
    }
}

/* A point through which a shortest way leads, or, after DISTANCE_MAX, a long part of one. Neither
 * side is empty, the first lines differ, and the last. False: no steps are left. */
static bool
split(struct diff *diff, const struct box *box, struct point *out)
{
    bool is_odd = ((box->a_end - box->a) - (box->b_end - box->b)) % 2 != 0;
    struct front *forward = &diff->forward;
    struct front *backward = &diff->backward;
    forward->min = forward->max = backward->min = backward->max = 0;
    forward->at[0] = backward->at[0] = 0;
    for (int d = 1; d <= DISTANCE_MAX; d++) {
        if (diff->steps <= 0)
            return false;
        if (advance(diff, box, false, is_odd, out) || advance(diff, box, true, !is_odd, out))
            return true;
    }
    farthest(diff, box, out);
    return true;
}

static void
mark(const struct diff *diff, const struct box *box)
{
    for (int32_t i = box->a; i < box->a_end; i++)
        diff->from.changed[diff->from.where[i]] = 1;
    for (int32_t i = box->b; i < box->b_end; i++)
        diff->to.changed[diff->to.where[i]] = 1;
}

/* The box before the point where it is split needs at most DISTANCE_MAX changes, and in it each box
 * before half of those, so this goes no deeper than their logarithm. */
static void
solve(struct diff *diff, struct box box)
{
    for (;;) {
        const uint32_t *a = diff->from.kept;
        const uint32_t *b = diff->to.kept;
        struct point point = { 0, 0 };
        while (box.a < box.a_end && box.b < box.b_end && a[box.a] == b[box.b]) {
            box.a++;
            box.b++;
        }
        while (box.a < box.a_end && box.b < box.b_end && a[box.a_end - 1] == b[box.b_end - 1]) {
            box.a_end--;
            box.b_end--;
        }
        if (box.a == box.a_end || box.b == box.b_end || !split(diff, &box, &point)) {
            mark(diff, &box);
            return;
        }
        solve(diff, (struct box){ box.a, point.x, box.b, point.y });
        box.a = point.x;
        box.b = point.y;
    }
}

static envres_status
compare(struct diff *diff, envres_error *err)
{
    int32_t *fronts = pool_alloc(&diff->pool, 2 * FRONT_SIZE * sizeof(*fronts));
    if (!fronts)
        return err_code(err, ENVRES_E_NOMEM);
    envres_status st = number_lines(diff, err);
    if (st < 0)
        return st;
    diff->forward.at = fronts + FRONT_SIZE / 2;
    diff->backward.at = fronts + FRONT_SIZE + FRONT_SIZE / 2;
    diff->steps = STEPS_MAX;
    solve(diff, (struct box){ 0, diff->from.kept_count, 0, diff->to.kept_count });
    return ENVRES_OK;
}

/* Everything between the lines that are the same at both ends. */
static void
mark_all(struct diff *diff)
{
    struct side *from = &diff->from;
    struct side *to = &diff->to;
    size_t start = common_start(from->text, to->text);
    size_t end = common_end(slice_of(from->text.data + start, from->text.len - start),
                            slice_of(to->text.data + start, to->text.len - start));
    size_t before = count_lines(slice_of(from->text.data, start));
    size_t behind = count_lines(slice_of(from->text.data + from->text.len - end, end));
    memset(from->changed + before, 1, from->count - before - behind);
    memset(to->changed + before, 1, to->count - before - behind);
}

static envres_status
find_changes(struct diff *diff, envres_error *err)
{
    size_t from_count = count_lines(diff->from.text);
    size_t to_count = count_lines(diff->to.text);
    if (from_count > UINT32_MAX - 1 || to_count > UINT32_MAX - 1)
        return err_set(err, ENVRES_E_LIMIT, "the texts have too many lines");
    diff->from.count = (uint32_t)from_count;
    diff->to.count = (uint32_t)to_count;
    /* A byte more each: the end of a walk. */
    diff->from.changed = pool_alloc_zero(&diff->pool, from_count + 1);
    diff->to.changed = pool_alloc_zero(&diff->pool, to_count + 1);
    if (!diff->from.changed || !diff->to.changed)
        return err_code(err, ENVRES_E_NOMEM);
    if (from_count + to_count <= LIMIT_DIFF_LINES && diff->from.text.len <= UINT32_MAX &&
        diff->to.text.len <= UINT32_MAX)
        return compare(diff, err);
    mark_all(diff);
    return ENVRES_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A place in both texts, and where its lines begin. Lines that are not changed stand in pairs. */
struct cursor {
    uint32_t from;
    uint32_t to;
    size_t from_at;
    size_t to_at;
};

static bool
is_change(const struct diff *diff, uint32_t from, uint32_t to)
{
    return diff->from.changed[from] != 0 || diff->to.changed[to] != 0;
}

static bool
is_end(const struct diff *diff, uint32_t from, uint32_t to)
{
    return from == diff->from.count && to == diff->to.count;
}

/* Moves over a change, then over lines that are the same. */
static void
pass_change(const struct diff *diff, uint32_t *from, uint32_t *to)
{
    while (diff->from.changed[*from])
        ++*from;
    while (diff->to.changed[*to])
        ++*to;
}

static uint32_t
pass_same(const struct diff *diff, uint32_t *from, uint32_t *to)
{
    uint32_t count = 0;
    while (!is_end(diff, *from, *to) && !is_change(diff, *from, *to)) {
        ++*from;
        ++*to;
        count++;
    }
    return count;
}

/* The end of the hunk that begins at the cursor with lines of context: behind the last change which
 * is not farther from the one before than twice the context, and its context. */
static void
find_hunk_end(const struct diff *diff, const struct cursor *cursor, uint32_t *from, uint32_t *to)
{
    uint32_t at_from = cursor->from;
    uint32_t at_to = cursor->to;
    uint32_t same = 0;
    pass_same(diff, &at_from, &at_to);
    do {
        pass_change(diff, &at_from, &at_to);
        *from = at_from;
        *to = at_to;
        same = pass_same(diff, &at_from, &at_to);
    } while (same <= 2 * CONTEXT && !is_end(diff, at_from, at_to));
    uint32_t context = same < CONTEXT ? same : CONTEXT;
    *from += context;
    *to += context;
}

static void
write_range(struct buf *out, char sign, size_t start, size_t count)
{
    buf_add_format(out, " %c%zu", sign, count > 0 ? start + 1 : start);
    if (count != 1)
        buf_add_format(out, ",%zu", count);
}

static void
write_line(struct buf *out, char sign, struct slice text, size_t *at)
{
    size_t end = next_line(text, *at);
    buf_add_char(out, sign);
    buf_add(out, text.data + *at, end - *at);
    if (text.data[end - 1] != '\n')
        buf_add_str(out, "\n\\ No newline at end of file\n");
    *at = end;
}

/* False when the buffer has failed: nothing more needs to be written. */
static bool
write_hunk(const struct diff *diff, struct cursor *at, uint32_t from_end, uint32_t to_end,
           struct buf *out)
{
    buf_add_str(out, "@@");
    write_range(out, '-', diff->lines_before + at->from, from_end - at->from);
    write_range(out, '+', diff->lines_before + at->to, to_end - at->to);
    buf_add_str(out, " @@\n");
    while ((at->from < from_end || at->to < to_end) && !out->failed) {
        if (diff->from.changed[at->from]) {
            write_line(out, '-', diff->from.text, &at->from_at);
            at->from++;
        } else if (diff->to.changed[at->to]) {
            write_line(out, '+', diff->to.text, &at->to_at);
            at->to++;
        } else {
            write_line(out, ' ', diff->from.text, &at->from_at);
            at->to_at = next_line(diff->to.text, at->to_at);
            at->from++;
            at->to++;
        }
    }
    return !out->failed;
}

static void
write_diff(const struct diff *diff, struct buf *out)
{
    struct cursor at = { 0, 0, 0, 0 };
    for (;;) {
        uint32_t from = at.from;
        uint32_t to = at.to;
        uint32_t same = pass_same(diff, &from, &to);
        if (is_end(diff, from, to))
            return;
        for (; same > CONTEXT; same--) {
            at.from_at = next_line(diff->from.text, at.from_at);
            at.to_at = next_line(diff->to.text, at.to_at);
            at.from++;
            at.to++;
        }
        find_hunk_end(diff, &at, &from, &to);
        if (!write_hunk(diff, &at, from, to, out))
            return;
    }
}

envres_status
textdiff_unified(const struct mem *mem, struct slice from, struct slice to, struct buf *out,
                 envres_error *err)
{
    struct diff diff = { .lines_before = 0 };
    if (slice_equal(from, to))
        return ENVRES_OK;
    if (from.len == 0)
        from.data = "";
    if (to.len == 0)
        to.data = "";
    size_t before = out->len;
    pool_init(&diff.pool, mem);
    leave_out_the_same(&diff, from, to);
    envres_status st = find_changes(&diff, err);
    if (st < 0)
        goto out;
    write_diff(&diff, out);
    st = buf_status(out, err);
out:
    if (st < 0)
        out->len = before;
    pool_free(&diff.pool);
    return st;
}
