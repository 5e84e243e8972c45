/* SPDX-License-Identifier: MIT */
/*
 * Soak: six processes work on one file for as long as is wanted: two write values, one releases and
 * rolls back, one opens scopes, one keeps a handle and follows with the latest scope, one reads the
 * audit and makes backups. Each works in turns of about a fortieth of the whole; after each turn it
 * closes what it has (but for the one that keeps) and is measured.
 *
 * Flat must be: the memory of each process, its descriptors, what the library still holds after
 * closing (nothing) or of one handle, the journal between changes (empty), the files of the folder.
 * The store itself grows with each change, since history and audit are kept: its growth for one
 * change must not grow.
 *
 *     test_soak [--seconds N]
 *
 * Two controls go first: a process that loses memory and one that loses descriptors must be caught.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../count_names.h"
#include "../scenarios/scenario.h"

#define TEXT ENVRES_NUL_TERMINATED

enum { TURNS = 40, SAMPLES_MAX = 4096, FINDINGS_MAX = 20, NAMES = 40 };

/* What may come and go between two turns: the allocator's own, one page here and there. */
enum { MEMORY_SLACK = 1 << 20, HELD_SLACK = 64 << 10, LEAK = 256 << 10 };

enum role { VALUES, CONFIGURATION, RELEASES, SCOPES, KEEPER, AUDIT, ROLE_COUNT_ };

static const char *const role_names[ROLE_COUNT_] = {
    "values", "configuration", "releases", "scopes", "keeper", "audit and backup"
};

/* One process after one turn. */
struct sample {
    int64_t memory; /* resident bytes */
    int64_t held;   /* bytes of the library's allocator */
    int64_t rounds; /* since its start */
    int64_t busy;   /* rounds that were told to come again */
    int64_t file;   /* bytes of the store, as it saw them */
    int32_t role;
    int32_t descriptors;
};

static struct sample samples[ROLE_COUNT_][SAMPLES_MAX];
static size_t sample_count[ROLE_COUNT_];
static char folder[64] = "/tmp/envres-soak-XXXXXX";
static char path[96];
static char backup_path[112];
static _Atomic int64_t held;
static int failures;
static bool is_control; /* what is found is what must be found: not a word of it */

static void
complain(const char *who, const char *what, int64_t before, int64_t after)
{
    if (!is_control)
        printf("found: %s: %s: %lld, then %lld\n", who, what, (long long)before, (long long)after);
    failures++;
}

/* ---- one process ---------------------------------------------------------------------------- */

/* Counts what the library holds. The size stands before each block. */
static void *
counting(void *ptr, size_t size, void *user)
{
    enum { ROOM = 16 };
    unsigned char *old = ptr ? (unsigned char *)ptr - ROOM : NULL;
    size_t had = 0;
    (void)user;
    if (old)
        memcpy(&had, old, sizeof(had));
    if (size == 0) {
        free(old);
        held -= (int64_t)had;
        return NULL;
    }
    unsigned char *block = realloc(old, size + ROOM);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof(size));
    held += (int64_t)size - (int64_t)had;
    return block + ROOM;
}

static envres_status
open_store(struct fixture *fx, const char *where)
{
    static const envres_allocator allocator = { sizeof(allocator), 0, counting, NULL };
    envres_store_options options = { .size = sizeof(options),
                                     .allocator = &allocator,
                                     .busy_timeout_ms = 300 };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = fx->key,
                                     .secret_len = sizeof(fx->key) };
    for (size_t i = 0; i < sizeof(fx->key); i++)
        fx->key[i] = (uint8_t)(i + 1);
    fx->err = envres_error_new(NULL);
    envres_status st = envres_store_open(where, TEXT, &options, &fx->store, fx->err);
    return st < 0 ? st
                  : envres_session_open(fx->store, NULL, 0, &credential, &fx->session, fx->err);
}

static envres_status
write_value(struct fixture *fx, int64_t round)
{
    char text[32];
    snprintf(text, sizeof(text), "value %08lld", (long long)round % 100000000);
    return round % 4 == 0 ? put(fx, "production", "DB_PASSWORD", text, 0, 0)
                          : put(fx, "staging", "HOST", text, 0, 0);
}

/* The same names over and over. */
static envres_status
configure(struct fixture *fx, int64_t round)
{
    char name[16];
    char text[32];
    snprintf(name, sizeof(name), "SOAK_%02lld", (long long)round % NAMES);
    snprintf(text, sizeof(text), "value %08lld", (long long)round % 100000000);
    return put(fx, "development", name, text, 0, 0);
}

/* To the other one of two versions. */
static envres_status
roll_back(struct fixture *fx, int64_t round)
{
    envres_rollback_options options = { .size = sizeof(options), .version_len = TEXT };
    envres_list *list = NULL;
    (void)round;
    envres_status st = envres_release_list(fx->session, "portal", TEXT, &list, fx->err);
    if (st == ENVRES_OK) {
        const char *live = envres_list_text(list, 0, ENVRES_RELEASE_VERSION, NULL);
        options.version = live && strcmp(live, "v1") == 0 ? "v2" : "v1";
        options.expect_live = envres_list_integer(list, 0, ENVRES_RELEASE_SEQUENCE);
        st = envres_release_rollback(fx->session, "portal", TEXT, &options, NULL, NULL, NULL,
                                     fx->err);
    }
    envres_list_free(list);
    return st;
}

static envres_status
expand(struct fixture *fx, envres_scope *scope)
{
    envres_value *value = NULL;
    envres_status st =
        envres_scope_expand(scope, "<< app.name >> << environment.variables.DB_PASSWORD >>", TEXT,
                            0, 0, &value, fx->err);
    if (st == ENVRES_OK && strncmp(envres_value_data(value, NULL), "portal ", 7) != 0)
        st = ENVRES_E_INTEGRITY;
    envres_value_free(value);
    return st;
}

static envres_status
open_scope(struct fixture *fx, int64_t round)
{
    envres_scope_options options = { .size = sizeof(options), .app = "portal", .app_len = TEXT };
    envres_scope *scope = NULL;
    (void)round;
    envres_status st =
        envres_scope_open(fx->session, "production", TEXT, &options, &scope, fx->err);
    if (st == ENVRES_OK)
        st = expand(fx, scope);
    envres_scope_unref(scope);
    return st;
}

/* Keeps fx->scope from turn to turn. */
static envres_status
follow(struct fixture *fx, int64_t round)
{
    envres_scope_options options = { .size = sizeof(options), .app = "portal", .app_len = TEXT };
    envres_scope *latest = NULL;
    envres_status st = ENVRES_OK;
    (void)round;
    if (!fx->scope)
        st = envres_scope_open(fx->session, "production", TEXT, &options, &fx->scope, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_latest(fx->session, fx->scope, &latest, fx->err);
    if (st < 0)
        return st;
    envres_scope_unref(fx->scope);
    fx->scope = latest;
    return expand(fx, latest);
}

static envres_status
look_back(struct fixture *fx, int64_t round)
{
    struct fixture copy = { .path = backup_path };
    envres_audit_options options = { .size = sizeof(options), .limit = 200 };
    envres_list *list = NULL;
    envres_status st = envres_audit_list(fx->session, &options, &list, fx->err);
    envres_list_free(list);
    if (st < 0 || round % 16 != 0)
        return st;
    st = envres_store_backup(fx->store, backup_path, TEXT, fx->err);
    if (st == ENVRES_OK)
        st = open_store(&copy, backup_path);
    if (st == ENVRES_OK)
        st = open_scope(&copy, round);
    fixture_close(&copy);
    unlink(backup_path);
    char beside[128];
    snprintf(beside, sizeof(beside), "%s-journal", backup_path);
    unlink(beside);
    return st;
}

static envres_status (*const work[ROLE_COUNT_])(struct fixture *fx, int64_t round) = {
    [VALUES] = write_value, [CONFIGURATION] = configure, [RELEASES] = roll_back,
    [SCOPES] = open_scope,  [KEEPER] = follow,           [AUDIT] = look_back,
};

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
measure(struct sample *sample)
{
    long pages = 0;
    struct stat about = { 0 };
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%*s %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    sample->memory = (int64_t)pages * sysconf(_SC_PAGESIZE);
    sample->descriptors = count_names("/proc/self/fd");
    sample->held = held;
    sample->file = stat(path, &about) == 0 ? about.st_size : 0;
}

/* A turn: until `until`; at least one round. */
static envres_status
take_turn(struct fixture *fx, struct sample *sample, int64_t until)
{
    envres_status st = ENVRES_OK;
    do {
        st = work[sample->role](fx, sample->rounds);
        /* Somebody else is faster; and who rolls back may have seen what is not live any more. */
        if (st == ENVRES_E_BUSY || st == ENVRES_E_CHANGED) {
            sample->busy++;
            st = ENVRES_OK;
        }
        sample->rounds++;
    } while (st == ENVRES_OK && now_ms() < until);
    return st;
}

/* What a control loses in each turn. */
enum leak { LEAK_NOTHING, LEAK_MEMORY, LEAK_DESCRIPTORS };

static void
lose(enum leak leak)
{
    static char *volatile lost;
    if (leak == LEAK_MEMORY && (lost = malloc(LEAK)) != NULL)
        memset(lost, 1, LEAK);
    if (leak == LEAK_DESCRIPTORS && open("/dev/null", O_RDONLY) < 0)
        abort();
}

static void
run_process(enum role role, int out, int64_t seconds, enum leak leak)
{
    struct sample sample = { .role = (int32_t)role };
    struct fixture fx = { .path = path };
    int64_t turn = seconds * 1000 / TURNS;
    int64_t end = now_ms() + seconds * 1000;
    envres_status st = ENVRES_OK;
    while (st == ENVRES_OK && now_ms() < end) {
        if (!fx.session)
            st = open_store(&fx, path);
        if (st == ENVRES_OK)
            st = take_turn(&fx, &sample, now_ms() + turn);
        bool is_open = fx.session != NULL;
        if (!is_open && st == ENVRES_E_BUSY) {
            sample.busy++;
            st = ENVRES_OK;
        }
        if (st < 0)
            fprintf(stderr, "%s: %s\n", role_names[role], envres_error_message(fx.err));
        if (role != KEEPER || !is_open)
            fixture_close(&fx);
        lose(leak);
        measure(&sample);
        if (write(out, &sample, sizeof(sample)) != sizeof(sample))
            st = ENVRES_E_IO;
    }
    fixture_close(&fx);
    if (held != 0)
        fprintf(stderr, "%s: %lld bytes held after closing\n", role_names[role], (long long)held);
    _exit(st == ENVRES_OK && held == 0 ? 0 : 1);
}

/* ---- what must be flat ---------------------------------------------------------------------- */

/* The most of a third of the samples: 0 the first, 2 the last. */
static int64_t
most(enum role role, size_t third, int64_t (*of)(const struct sample *sample))
{
    int64_t high = 0;
    size_t count = sample_count[role];
    for (size_t i = count * third / 3; i < count * (third + 1) / 3; i++) {
        int64_t value = of(&samples[role][i]);
        high = value > high ? value : high;
    }
    return high;
}

static int64_t
memory_of(const struct sample *sample)
{
    return sample->memory;
}

static int64_t
held_of(const struct sample *sample)
{
    return sample->held;
}

static int64_t
descriptors_of(const struct sample *sample)
{
    return sample->descriptors;
}

static int64_t
file_of(const struct sample *sample)
{
    return sample->file;
}

/* A handle that is kept may keep the pages of a store that grows, up to its page cache. */
static void
check_process(enum role role)
{
    const char *who = role_names[role];
    int64_t grown = most(role, 2, file_of) - most(role, 1, file_of);
    int64_t before = most(role, 1, memory_of);
    int64_t after = most(role, 2, memory_of);
    if (sample_count[role] < 6)
        complain(who, "turns, of at least 6", 6, (int64_t)sample_count[role]);
    if (after > before + MEMORY_SLACK + (role == KEEPER ? grown : 0))
        complain(who, "memory", before, after);
    before = most(role, 1, descriptors_of);
    after = most(role, 2, descriptors_of);
    if (after > before)
        complain(who, "descriptors", before, after);
    before = most(role, 1, held_of);
    after = most(role, 2, held_of);
    if (after > before + (role == KEEPER ? HELD_SLACK : 0))
        complain(who, "held by the library", before, after);
}

/* Changes that the writers had made by then. */
static int64_t
changes_until(double share)
{
    int64_t changes = 0;
    for (int role = VALUES; role <= RELEASES; role++) {
        size_t last = (size_t)((double)(sample_count[role] - 1) * share);
        changes += samples[role][last].rounds;
    }
    return changes;
}

/* Bytes of the store for each change in a stretch of the run. */
static int64_t
growth(double from, double to)
{
    size_t a = (size_t)((double)(sample_count[VALUES] - 1) * from);
    size_t b = (size_t)((double)(sample_count[VALUES] - 1) * to);
    int64_t changes = changes_until(to) - changes_until(from);
    int64_t bytes = samples[VALUES][b].file - samples[VALUES][a].file;
    return changes > 0 ? bytes / changes : bytes;
}

static void
check_file(void)
{
    struct stat about = { 0 };
    char journal[112];
    int64_t before = growth(0.33, 0.66);
    int64_t after = growth(0.66, 1.0);
    printf("the store: %lld bytes for a change in the second third, %lld in the last\n",
           (long long)before, (long long)after);
    if (after > before * 3 / 2 + 64)
        complain("store", "bytes for a change", before, after);
    snprintf(journal, sizeof(journal), "%s-journal", path);
    if (stat(journal, &about) == 0 && about.st_size > 0)
        complain("journal", "bytes at the end", 0, (int64_t)about.st_size);
    if (count_names(folder) > 2)
        complain("folder", "files at the end", 2, count_names(folder));
}

/* ---- a run ---------------------------------------------------------------------------------- */

static void
take_samples(int in)
{
    struct sample sample;
    while (read(in, &sample, sizeof(sample)) == sizeof(sample)) {
        size_t *count = &sample_count[sample.role];
        if (*count < SAMPLES_MAX)
            samples[sample.role][(*count)++] = sample;
    }
}

/* Lets processes of the roles from `first` to `last` work; what they said is in `samples`. */
static bool
run(enum role first, enum role last, int64_t seconds, enum leak leak)
{
    int ends[2];
    bool good = pipe(ends) == 0;
    memset(sample_count, 0, sizeof(sample_count));
    for (int role = (int)first; good && role <= (int)last; role++) {
        pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            run_process((enum role)role, ends[1], seconds, leak);
        }
        good = child > 0;
    }
    if (!good)
        return false;
    close(ends[1]);
    take_samples(ends[0]);
    close(ends[0]);
    for (int role = (int)first; role <= (int)last; role++) {
        int status = 0;
        good = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && good;
    }
    return good;
}

/* One process that loses something; true when it is caught. */
static bool
catches(enum leak leak, int64_t seconds)
{
    failures = 0;
    is_control = true;
    bool ran = run(SCOPES, SCOPES, seconds, leak);
    check_process(SCOPES);
    bool caught = ran && failures == 1;
    is_control = false;
    failures = 0;
    return caught;
}

static bool
make_store(void)
{
    struct fixture fx = { .path = path };
    bool good = fixture_make(&fx) == ENVRES_OK;
    if (!good)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    fixture_close(&fx);
    return good;
}

static bool
is_sound(void)
{
    struct fixture fx = { .path = path };
    bool good = open_store(&fx, path) == ENVRES_OK && fixture_verify(&fx) == 0;
    fixture_close(&fx);
    return good;
}

static void
soak(int64_t seconds)
{
    int64_t rounds = 0;
    int64_t busy = 0;
    if (!run(VALUES, AUDIT, seconds, LEAK_NOTHING))
        complain("processes", "that failed", 0, 1);
    for (int role = 0; role < ROLE_COUNT_; role++) {
        const struct sample *end = &samples[role][sample_count[role] ? sample_count[role] - 1 : 0];
        printf("%-17s %9lld rounds, %3zu turns, %lld to %lld KiB, %d descriptors\n",
               role_names[role], (long long)end->rounds, sample_count[role],
               (long long)most((enum role)role, 1, memory_of) / 1024,
               (long long)most((enum role)role, 2, memory_of) / 1024, end->descriptors);
        check_process((enum role)role);
        rounds += end->rounds;
        busy += end->busy;
    }
    check_file();
    if (!is_sound())
        complain("store", "verify", 0, 1);
    printf("soak: %lld s, %lld rounds, %lld of them busy\n", (long long)seconds, (long long)rounds,
           (long long)busy);
}

int
main(int argc, char **argv)
{
    int64_t seconds = 30;
    if (argc == 3 && strcmp(argv[1], "--seconds") == 0)
        seconds = strtoll(argv[2], NULL, 10);
    int64_t short_time = seconds / 10 < 3 ? 3 : seconds / 10 > 10 ? 10 : seconds / 10;
    umask(077);
    bool ready = seconds > 0 && mkdtemp(folder) != NULL;
    snprintf(path, sizeof(path), "%s/store.db", folder);
    snprintf(backup_path, sizeof(backup_path), "%s/backup.db", folder);
    ready = ready && make_store();
    int caught = 0;
    if (ready)
        caught = catches(LEAK_MEMORY, short_time) + catches(LEAK_DESCRIPTORS, short_time);
    printf("control: %d of 2 caught\n", caught);
    if (ready && caught == 2)
        soak(seconds);
    char journal[112];
    snprintf(journal, sizeof(journal), "%s-journal", path);
    unlink(path);
    unlink(journal);
    rmdir(folder);
    ready = ready && caught == 2 && failures == 0;
    printf("%d passed, %d failed\n", ready, !ready);
    return ready ? 0 : 1;
}
