/* SPDX-License-Identifier: MIT */
/*
 * How time and memory grow: the same calls on stores of 1,000, 10,000 and 100,000 variables, and
 * after as many changes. Processor time, the best of several; memory is what the library holds. A
 * row says how it grows from the first size to the last: flat, as the logarithm does, or linear;
 * more than linear fails.
 *
 *     growth [--quick]
 *
 * --quick stops at 1,000: it only shows that everything runs.
 */
#include <envres/envres.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZES = 3, BATCH = 10000, ROWS = 9, CHANGES = 200 };

static int64_t held;

/* Keeps the size in front of each block. */
static void *
counting(void *ptr, size_t size, void *user)
{
    char *block = ptr ? (char *)ptr - 16 : NULL;
    size_t old = 0;
    (void)user;
    if (block)
        memcpy(&old, block, sizeof(old));
    if (size == 0) {
        held -= (int64_t)old;
        free(block);
        return NULL;
    }
    char *made = realloc(block, size + 16);
    if (!made)
        return NULL;
    held += (int64_t)size - (int64_t)old;
    memcpy(made, &size, sizeof(size));
    return made + 16;
}

static double
now(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
must(envres_status st, const char *what)
{
    if (st == ENVRES_OK)
        return;
    fprintf(stderr, "growth: %s: %s\n", what, envres_status_name(st));
    exit(1);
}

/* What is measured, and what it may grow at most. */
enum growth { FLAT, LINEAR };

static struct row {
    const char *name;
    const char *unit;
    enum growth allowed;
    double values[SIZES];
} rows[ROWS] = {
    { "write one of a batch", "us", FLAT, { 0 } },
    { "open a scope", "us", LINEAR, { 0 } },
    { "memory of a scope", "KiB", LINEAR, { 0 } },
    { "read a variable by name", "us", FLAT, { 0 } },
    { "render one tag", "us", FLAT, { 0 } },
    { "change one variable", "us", FLAT, { 0 } },
    { "append an audit entry", "us", FLAT, { 0 } },
    { "the last 100 audit entries", "us", FLAT, { 0 } },
    { "verify the audit", "us", LINEAR, { 0 } },
};
enum { WRITE, OPEN, MEMORY, READ, RENDER, CHANGE, APPEND, TAIL, VERIFY };

struct bench {
    envres_store *store;
    envres_session *session;
    int size;
    size_t made;
    size_t entries;
};

static void
note(const struct bench *bench, int row, double value)
{
    double *best = &rows[row].values[bench->size];
    if (*best == 0 || value < *best)
        *best = value;
}

static void
open_store(struct bench *bench)
{
    static const uint8_t key[32] = { 1 };
    static const envres_allocator allocator = { .size = sizeof(allocator), .reallocate = counting };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    envres_store_options options = { .size = sizeof(options), .allocator = &allocator };
    must(envres_store_create(NULL, 0, &options, &owner, &bench->store, NULL), "create");
    must(envres_session_open(bench->store, NULL, 0, &owner, &bench->session, NULL), "session");
}

static void
name_of(size_t index, char *out, size_t size)
{
    snprintf(out, size, "VARIABLE_%06zu", index);
}

/* Up to `count` variables, in batches of at most BATCH. */
static void
fill(struct bench *bench, size_t count)
{
    static char names[BATCH][32];
    static envres_variable_write writes[BATCH];
    while (bench->made < count) {
        size_t many = count - bench->made < BATCH ? count - bench->made : BATCH;
        for (size_t i = 0; i < many; i++) {
            name_of(bench->made + i, names[i], sizeof(names[i]));
            writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                                 .name = names[i],
                                                 .name_len = strlen(names[i]),
                                                 .value = "a value of some bytes",
                                                 .value_len = 21 };
        }
        double begin = now();
        must(envres_variable_put_many(bench->session, "development", 11, writes, many, NULL, NULL,
                                      NULL),
             "put many");
        note(bench, WRITE, (now() - begin) / (double)many);
        bench->made += many;
    }
}

static void
use_scope(struct bench *bench)
{
    static const char source[] = "<< environment.variables.VARIABLE_000500 >>";
    char buffer[64];
    size_t need = 0;
    envres_template *tmpl = NULL;
    must(envres_template_parse(source, sizeof(source) - 1, NULL, &tmpl, NULL), "parse");
    for (int round = 0; round < 5; round++) {
        envres_scope *scope = NULL;
        int64_t before = held;
        double begin = now();
        must(envres_scope_open(bench->session, "development", 11, NULL, &scope, NULL), "scope");
        note(bench, OPEN, now() - begin);
        note(bench, MEMORY, (double)(held - before) / 1024);
        begin = now();
        for (size_t i = 0; i < 1000; i++) {
            char name[32];
            uint32_t index = 0;
            name_of(i * bench->made / 1000, name, sizeof(name));
            must(envres_scope_find(scope, name, strlen(name), &index, NULL), "find");
            must(envres_scope_get_into(scope, index, buffer, sizeof(buffer), &need, NULL), "read");
        }
        note(bench, READ, (now() - begin) / 1000);
        begin = now();
        for (int i = 0; i < 1000; i++)
            must(
                envres_template_render_into(tmpl, scope, NULL, buffer, sizeof(buffer), &need, NULL),
                "render");
        note(bench, RENDER, (now() - begin) / 1000);
        envres_scope_unref(scope);
    }
    envres_template_unref(tmpl);
}

/* A change, and nothing but an entry of the audit: envres_audit_reveal() writes one and commits. */
static void
change(struct bench *bench, size_t count)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .name = "VARIABLE_000001",
                                    .name_len = 15,
                                    .value = "another",
                                    .value_len = 7 };
    envres_reveal_options shown = { .size = sizeof(shown),
                                    .environment = "development",
                                    .environment_len = 11 };
    for (size_t done = 0; done < count; done += 2 * (size_t)CHANGES) {
        double begin = now();
        for (int i = 0; i < CHANGES; i++)
            must(envres_variable_put(bench->session, "development", 11, &write, NULL, NULL, NULL),
                 "put");
        note(bench, CHANGE, (now() - begin) / CHANGES);
        begin = now();
        for (int i = 0; i < CHANGES; i++)
            must(envres_audit_reveal(bench->session, &shown, NULL, NULL), "reveal");
        note(bench, APPEND, (now() - begin) / CHANGES);
    }
    bench->entries += count;
}

static void
audit(struct bench *bench)
{
    for (int round = 0; round < 3; round++) {
        envres_audit_options tail = { .size = sizeof(tail),
                                      .since = (int64_t)bench->entries - 100,
                                      .limit = 100 };
        envres_list *list = NULL;
        int64_t bad = 0;
        double begin = now();
        must(envres_audit_list(bench->session, &tail, &list, NULL), "audit list");
        note(bench, TAIL, now() - begin);
        envres_list_free(list);
        begin = now();
        must(envres_audit_verify(bench->session, &bad, &list, NULL), "audit verify");
        note(bench, VERIFY, now() - begin);
        envres_list_free(list);
        if (bad != 0)
            must(ENVRES_E_INTEGRITY, "audit");
    }
}

/* How the values grow for each tenfold, on average: flat below 1.4; as a logarithm does, or a cache
 * that no longer holds all, below 3.5; linear below 16, since each may take a little longer too. */
static const char *
growth_of(const struct row *row, int sizes, int *failed)
{
    double tenfold = pow(row->values[sizes - 1] / row->values[0], 1.0 / (sizes - 1));
    const char *word = tenfold < 1.4 ? "flat" : tenfold < 3.5 ? "logarithmic" : "linear";
    if (tenfold > 16)
        word = "more than linear";
    if (tenfold > (row->allowed == FLAT ? 3.5 : 16))
        *failed = 1;
    return word;
}

int
main(int argc, char **argv)
{
    static const size_t sizes[SIZES] = { 1000, 10000, 100000 };
    int count = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 1 : SIZES;
    int failed = 0;
    struct bench bench = { .store = NULL };
    open_store(&bench);
    for (bench.size = 0; bench.size < count; bench.size++) {
        fill(&bench, sizes[bench.size]);
        use_scope(&bench);
        change(&bench, sizes[bench.size] / 5);
        audit(&bench);
    }
    printf("%-28s %12s %12s %12s\n", "variables", "1,000", "10,000", "100,000");
    for (int row = 0; row < ROWS; row++) {
        char name[48];
        snprintf(name, sizeof(name), "%s, %s", rows[row].name, rows[row].unit);
        printf("%-28s", name);
        for (int size = 0; size < count; size++)
            printf(" %12.2f", rows[row].values[size]);
        printf("  %s\n", count > 1 ? growth_of(&rows[row], count, &failed) : "");
    }
    printf("audit entries behind each size: 200, 2,200, 22,200\n");
    envres_session_close(bench.session);
    envres_store_close(bench.store);
    if (held != 0) {
        printf("%lld bytes are left\n", (long long)held);
        failed = 1;
    }
    return failed;
}
