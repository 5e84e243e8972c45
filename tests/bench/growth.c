/* SPDX-License-Identifier: MIT */
/*
 * How time and memory grow, table by table (growth.h). A row says how it grows from the first size
 * to the last, and whether that is what its operation should do; the program fails when a row grows
 * more.
 *
 *     growth [--quick] [--long] [--only TEXT]
 *
 * --quick stops at the first size: it only shows that everything runs. --long goes to a million.
 */
#include "growth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 10000 };

/* ---- memory, time ---------------------------------------------------------------------------- */

static int64_t held;
static int64_t peak;

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
    peak = held > peak ? held : peak;
    memcpy(made, &size, sizeof(size));
    return made + 16;
}

const envres_allocator growth_allocator = { .size = sizeof(envres_allocator),
                                            .reallocate = counting };

int64_t
growth_held(void)
{
    return held;
}

int64_t
growth_peak(void)
{
    return peak;
}

void
growth_mark(void)
{
    peak = held;
}

double
growth_now(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void
growth_must(envres_status st, const char *what)
{
    if (st == ENVRES_OK)
        return;
    fprintf(stderr, "growth: %s: %s\n", what, envres_status_name(st));
    exit(1);
}

/* ---- stores ---------------------------------------------------------------------------------- */

static const uint8_t raw_key[32] = { 1 };

static envres_credential
owner(void)
{
    return (envres_credential){ .size = sizeof(envres_credential),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = raw_key,
                                .secret_len = sizeof(raw_key) };
}

static envres_store_options
store_options(void)
{
    return (envres_store_options){ .size = sizeof(envres_store_options),
                                   .allocator = &growth_allocator };
}

void
growth_create(struct growth_store *out, const char *path)
{
    envres_credential credential = owner();
    envres_store_options options = store_options();
    growth_must(
        envres_store_create(path, path ? TEXT : 0, &options, &credential, &out->store, NULL),
        "create");
    growth_must(envres_session_open(out->store, NULL, 0, &credential, &out->session, NULL),
                "session");
}

void
growth_open(struct growth_store *out, const char *path)
{
    envres_credential credential = owner();
    envres_store_options options = store_options();
    growth_must(envres_store_open(path, TEXT, &options, &out->store, NULL), "open");
    growth_must(envres_session_open(out->store, NULL, 0, &credential, &out->session, NULL),
                "session");
}

void
growth_close(struct growth_store *store)
{
    envres_session_close(store->session);
    envres_store_close(store->store);
    store->session = NULL;
    store->store = NULL;
}

void
growth_fill(struct growth_store *store, const char *environment, const char *name, size_t first,
            size_t count, int32_t type)
{
    static char names[BATCH][32];
    static envres_variable_write writes[BATCH];
    for (size_t done = 0; done < count;) {
        size_t many = count - done < BATCH ? count - done : BATCH;
        for (size_t i = 0; i < many; i++) {
            snprintf(names[i], sizeof(names[i]), "%s_%06zu", name, first + done + i);
            writes[i] = (envres_variable_write){ .size = sizeof(writes[i]),
                                                 .name = names[i],
                                                 .name_len = TEXT,
                                                 .value = "a value of some bytes",
                                                 .value_len = 21,
                                                 .type = type };
        }
        growth_must(envres_variable_put_many(store->session, environment, TEXT, writes, many, NULL,
                                             NULL, NULL),
                    "put many");
        done += many;
    }
}

void
growth_put(struct growth_store *store, const char *environment, const char *name, const char *value,
           int32_t type)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .name = name,
                                    .name_len = TEXT,
                                    .value = value,
                                    .value_len = TEXT,
                                    .type = type };
    growth_must(envres_variable_put(store->session, environment, TEXT, &write, NULL, NULL, NULL),
                "put");
}

/* ---- tables ---------------------------------------------------------------------------------- */

bool
growth_begin(const struct growth_run *run, struct growth_table *table, int usual)
{
    if (run->only && !strstr(table->title, run->only))
        return false;
    if (run->quick)
        table->count = 1;
    else if (!run->is_long && table->count > usual)
        table->count = usual;
    return true;
}

void
growth_note(struct growth_table *table, int row, double value)
{
    double *best = &table->rows[row].values[table->current];
    if (*best == 0 || value < *best)
        *best = value;
}

/*
 * For each tenfold, on average over all sizes: flat below 1.4; as a logarithm does, or a cache that
 * no longer holds all, below 3.5; linear below 16, since each may take a little longer too. The
 * last step alone may be half as much again, so that small sizes do not hide what comes later.
 */
static const char *
judge(const struct growth_row *row, int count, double *tenfold, bool *failed)
{
    double limit = row->allowed == FLAT ? 3.5 : 16;
    double last = row->values[count - 1] / row->values[count - 2];
    *tenfold = pow(row->values[count - 1] / row->values[0], 1.0 / (count - 1));
    if (*tenfold > limit || last > limit * 1.5) {
        *failed = true;
        return "TOO MUCH";
    }
    return *tenfold < 1.4 ? "flat" : *tenfold < 3.5 ? "logarithmic" : "linear";
}

/* 1,000,000 */
static void
print_size(size_t size)
{
    char digits[32];
    char text[48];
    size_t used = 0;
    int len = snprintf(digits, sizeof(digits), "%zu", size);
    for (int i = 0; i < len; i++) {
        text[used++] = digits[i];
        if ((len - i) % 3 == 1 && i + 1 < len)
            text[used++] = ',';
    }
    text[used] = '\0';
    printf(" %12s", text);
}

void
growth_print(struct growth_run *run, struct growth_table *table)
{
    printf("%-34s", table->title);
    for (int i = 0; i < table->count; i++)
        print_size(table->sizes[i]);
    printf("  tenfold\n");
    for (int r = 0; r < GROWTH_ROWS && table->rows[r].name; r++) {
        const struct growth_row *row = &table->rows[r];
        char name[64];
        double tenfold = 0;
        snprintf(name, sizeof(name), "%s, %s", row->name, row->unit);
        printf("%-34s", name);
        for (int i = 0; i < table->count; i++)
            printf(" %12.2f", row->values[i]);
        if (table->count > 1) {
            const char *word = judge(row, table->count, &tenfold, &run->failed);
            printf("  x%-5.2f %s", tenfold, word);
        }
        printf("\n");
    }
    printf("\n");
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    struct growth_run run = { .folder = NULL };
    const char *base = getenv("TMPDIR");
    char folder[4096] = "";
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            run.quick = true;
        else if (strcmp(argv[i], "--long") == 0)
            run.is_long = true;
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            run.only = argv[++i];
        else
            return 2;
    }
    snprintf(folder, sizeof(folder), "%s/growth-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        fprintf(stderr, "growth: no folder for the stores\n");
        return 1;
    }
    run.folder = folder;
    growth_settings(&run);
    growth_audit(&run);
    growth_versions(&run);
    growth_texts(&run);
    rmdir(folder);
    if (held != 0)
        printf("%lld bytes are left\n", (long long)held);
    return run.failed || held != 0;
}
