/* SPDX-License-Identifier: MIT */
/*
 * Linearizability of the live release: four processes release and roll back, each saying what it
 * saw; four read. All log when they began, when they ended, and what they saw; the logs together
 * must have one order of single steps (linear.h).
 *
 * Two controls must be caught: histories made by hand, each with one fault, and a reader that asks
 * for the pointer and for the content in two transactions.
 *
 *     test_linear [--ops N] [--seed N]
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../random.h"
#include "../scenarios/fixture_apps.h"
#include "linear.h"

#define TEXT ENVRES_NUL_TERMINATED

extern char **environ;

enum { WRITERS = 4, READERS = 4, PROCESSES = WRITERS + READERS, VERSIONS = 6, PATH_ROOM = 200 };

static const char app[] = "shop";
static char folder[64] = "/tmp/envres-linear-XXXXXX";
static char store_path[PATH_ROOM];

/* ---- histories made by hand ----------------------------------------------------------------- */

#define WRITE(from, to, number, of)                                                                \
    {                                                                                              \
        from, to, number, (number)-1, LINEAR_WRITE, of, LINEAR_UNKNOWN, 0                          \
    }
#define READ(from, to, number, of, with)                                                           \
    {                                                                                              \
        from, to, number, 0, LINEAR_READ, of, with, 1                                              \
    }
#define CHANGED(from, to, expected)                                                                \
    {                                                                                              \
        from, to, 0, expected, LINEAR_CHANGED, 0, LINEAR_UNKNOWN, 2                                \
    }
#define LIVE(from, to, of)                                                                         \
    {                                                                                              \
        from, to, 0, 0, LINEAR_LIVE, of, LINEAR_UNKNOWN, 2                                         \
    }

static const struct {
    const char *name;
    struct linear_op ops[5];
    size_t count;
    bool is_sound;
} histories[] = {
    { "one after the other",
      { WRITE(0, 1, 1, 0), READ(2, 3, 1, 0, 0), WRITE(4, 5, 2, 1), READ(6, 7, 2, 1, 1) },
      4,
      true },
    { "a read beside a write sees the older",
      { WRITE(0, 1, 1, 0), WRITE(2, 9, 2, 1), READ(3, 4, 1, 0, 0) },
      3,
      true },
    { "a read beside a write sees the newer",
      { WRITE(0, 1, 1, 0), WRITE(2, 9, 2, 1), READ(3, 4, 2, 1, 1) },
      3,
      true },
    { "a refusal beside the write that caused it",
      { WRITE(0, 1, 1, 0), WRITE(2, 9, 2, 1), CHANGED(3, 4, 1), LIVE(3, 4, 1) },
      4,
      true },
    { "a stale read", { WRITE(0, 1, 1, 0), WRITE(2, 3, 2, 1), READ(4, 5, 1, 0, 0) }, 3, false },
    { "a read of what comes later",
      { WRITE(0, 1, 1, 0), READ(2, 3, 2, 1, 1), WRITE(4, 5, 2, 1) },
      3,
      false },
    { "two reads, the later sees the older",
      { WRITE(0, 1, 1, 0), WRITE(2, 9, 2, 1), READ(3, 4, 2, 1, 1), READ(5, 6, 1, 0, 0) },
      4,
      false },
    { "writes against their time", { WRITE(4, 5, 1, 0), WRITE(0, 1, 2, 1) }, 2, false },
    { "a number twice", { WRITE(0, 1, 1, 0), WRITE(2, 3, 1, 1) }, 2, false },
    { "a gap", { WRITE(0, 1, 1, 0), WRITE(2, 3, 3, 1) }, 2, false },
    { "a write over something unseen",
      { WRITE(0, 1, 1, 0), WRITE(2, 3, 2, 1), { 4, 5, 3, 1, LINEAR_WRITE, 2, LINEAR_UNKNOWN, 0 } },
      3,
      false },
    { "the version of another", { WRITE(0, 1, 1, 0), READ(2, 3, 1, 1, 0) }, 2, false },
    { "the content of another", { WRITE(0, 1, 1, 0), READ(2, 3, 1, 0, 1) }, 2, false },
    { "refused without a change", { WRITE(0, 1, 1, 0), CHANGED(2, 3, 1) }, 2, false },
    { "refused, though another was live", { WRITE(0, 1, 1, 0), LIVE(2, 3, 1) }, 2, false },
};

static int
try_histories(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
        struct linear_op ops[5];
        memcpy(ops, histories[i].ops, sizeof(ops));
        long faults = linear_check(ops, histories[i].count, 1);
        if ((faults == 0) == histories[i].is_sound)
            continue;
        fprintf(stderr, "history '%s': %ld faults\n", histories[i].name, faults);
        failed = 1;
    }
    return failed;
}

/* ---- one process ---------------------------------------------------------------------------- */

struct process {
    struct fixture fx;
    uint8_t contents[VERSIONS][32];
    struct linear_op *ops;
    size_t count;
    size_t room;
    uint64_t seed;
    int32_t number;
};

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
version_name(char out[16], int32_t version)
{
    snprintf(out, 16, "r%d", (int)version);
}

static int32_t
version_number(const char *name)
{
    return name && name[0] == 'r' ? (int32_t)atoi(name + 1) : LINEAR_UNKNOWN;
}

static struct linear_op *
begin(struct process *p, enum linear_kind kind)
{
    struct linear_op *op = &p->ops[p->count];
    *op = (struct linear_op){ .kind = (int32_t)kind,
                              .version = LINEAR_UNKNOWN,
                              .content = LINEAR_UNKNOWN,
                              .process = p->number };
    op->start = now_ns();
    return op;
}

static void
end(struct process *p, struct linear_op *op)
{
    op->end = now_ns();
    p->count++;
}

/* The pointer alone. */
static envres_status
look(struct process *p, int64_t *live)
{
    envres_list *list = NULL;
    struct linear_op *op = begin(p, LINEAR_READ);
    envres_status st = envres_app_describe(p->fx.session, app, TEXT, &list, p->fx.err);
    if (st < 0)
        return st;
    op->sequence = envres_list_integer(list, 0, ENVRES_APP_LIVE_SEQUENCE);
    op->version = version_number(envres_list_text(list, 0, ENVRES_APP_LIVE_VERSION, NULL));
    end(p, op);
    *live = op->sequence;
    envres_list_free(list);
    return ENVRES_OK;
}

static envres_status
release_one(struct process *p, int32_t version, int64_t live, envres_list **made)
{
    char name[16];
    version_name(name, version);
    envres_version_name it = version_of(app, name);
    envres_release_options options = { .size = sizeof(options),
                                       .bump = ENVRES_BUMP_PATCH,
                                       .expect_content = p->contents[version],
                                       .expect_live = live };
    return envres_release_create(p->fx.session, &it, &options, NULL, made, NULL, p->fx.err);
}

static envres_status
roll_one_back(struct process *p, int64_t live, envres_list **made)
{
    envres_rollback_options options = { .size = sizeof(options), .expect_live = live };
    return envres_release_rollback(p->fx.session, app, TEXT, &options, NULL, made, NULL, p->fx.err);
}

/* Looks, then writes over what it saw. */
static envres_status
write_once(struct process *p)
{
    int64_t live = 0;
    envres_list *made = NULL;
    int32_t version = (int32_t)(next_random(&p->seed) % VERSIONS);
    bool back = next_random(&p->seed) % 3 == 0;
    envres_status st = look(p, &live);
    if (st < 0)
        return st;
    struct linear_op *op = begin(p, LINEAR_WRITE);
    op->expected = live;
    st = back ? roll_one_back(p, live, &made) : release_one(p, version, live, &made);
    if (st == ENVRES_OK) {
        op->sequence = envres_list_integer(made, 0, ENVRES_RELEASE_SEQUENCE);
        op->version = version_number(envres_list_text(made, 0, ENVRES_RELEASE_VERSION, NULL));
        end(p, op);
    } else if (st == ENVRES_E_CHANGED) {
        op->kind = LINEAR_CHANGED;
        end(p, op);
    } else if (st == ENVRES_E_ALREADY_LIVE && !back) {
        op->kind = LINEAR_LIVE;
        op->version = version;
        end(p, op);
    }
    envres_list_free(made);
    bool is_refusal = st == ENVRES_E_CHANGED || st == ENVRES_E_ALREADY_LIVE ||
                      st == ENVRES_E_NOTHING_BEFORE || st == ENVRES_E_BUSY;
    return is_refusal ? ENVRES_OK : st;
}

/* Both parts are the version's name; a scope that mixes two versions does not say one thing. */
static int32_t
content_seen(const envres_scope *scope)
{
    static const char *const paths[] = { "first.txt", "last.txt" };
    int32_t seen[2] = { LINEAR_UNKNOWN, LINEAR_UNKNOWN };
    for (int i = 0; i < 2; i++) {
        const char *data = NULL;
        size_t len = 0;
        if (envres_scope_part(scope, paths[i], TEXT, &data, &len, NULL) == ENVRES_OK)
            seen[i] = version_number(data);
    }
    return seen[0] == seen[1] ? seen[0] : VERSIONS;
}

static envres_status
open_live(struct process *p, envres_scope **out)
{
    envres_scope_options options = { .size = sizeof(options), .app = app, .app_len = TEXT };
    return envres_scope_open(p->fx.session, "production", TEXT, &options, out, p->fx.err);
}

/* A scope on the live release: a new one, or the latest of the one it has. */
static envres_status
read_once(struct process *p, envres_scope **kept)
{
    envres_scope *scope = NULL;
    struct linear_op *op = begin(p, LINEAR_READ);
    envres_status st = *kept && next_random(&p->seed) % 2
                           ? envres_scope_latest(p->fx.session, *kept, &scope, p->fx.err)
                           : open_live(p, &scope);
    if (st == ENVRES_E_BUSY)
        return ENVRES_OK;
    if (st < 0)
        return st;
    op->sequence = envres_scope_sequence(scope);
    end(p, op);
    op->version = version_number(envres_scope_version(scope));
    op->content = content_seen(scope);
    envres_scope_unref(*kept);
    *kept = scope;
    return ENVRES_OK;
}

/* The control: the pointer in one transaction, the content in another. */
static envres_status
read_apart(struct process *p)
{
    int64_t live = 0;
    envres_scope *scope = NULL;
    envres_status st = look(p, &live);
    if (st < 0)
        return st;
    struct linear_op *op = &p->ops[p->count - 1];
    sched_yield();
    st = open_live(p, &scope);
    if (st < 0)
        return st == ENVRES_E_BUSY ? ENVRES_OK : st;
    op->content = content_seen(scope);
    op->end = now_ns();
    envres_scope_unref(scope);
    return ENVRES_OK;
}

static envres_status
work(struct process *p, const char *role, size_t ops)
{
    envres_scope *kept = NULL;
    envres_status st = ENVRES_OK;
    for (size_t i = 0; st == ENVRES_OK && i < ops && p->count + 2 < p->room; i++) {
        if (strcmp(role, "write") == 0)
            st = write_once(p);
        else if (strcmp(role, "read") == 0)
            st = read_once(p, &kept);
        else
            st = read_apart(p);
    }
    envres_scope_unref(kept);
    return st;
}

static bool
save_log(const struct process *p, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(p->ops, sizeof(*p->ops), p->count, file) == p->count;
    return fclose(file) == 0 && good;
}

/* A fresh program: ROLE NUMBER STORE LOG OPS SEED. Says on 3 that it is ready, waits on 4. */
static int
be_process(char **argv)
{
    struct process p = { .number = (int32_t)atoi(argv[1]) };
    char byte = 0;
    size_t ops = strtoul(argv[4], NULL, 10);
    p.fx.path = argv[2];
    p.fx.err = envres_error_new(NULL);
    p.room = 2 * ops + 4;
    p.ops = calloc(p.room, sizeof(*p.ops));
    p.seed = strtoull(argv[5], NULL, 10) * 0x9E3779B97F4A7C15u + (unsigned long long)p.number + 1;
    for (size_t i = 0; i < sizeof(p.fx.key); i++)
        p.fx.key[i] = (uint8_t)(i + 1);
    envres_store_options options = { .size = sizeof(options),
                                     .flags = ENVRES_STORE_RELAXED,
                                     .busy_timeout_ms = 60000 };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = p.fx.key,
                                .secret_len = sizeof(p.fx.key) };
    envres_status st = envres_store_open(p.fx.path, TEXT, &options, &p.fx.store, p.fx.err);
    if (st == ENVRES_OK)
        st = envres_session_open(p.fx.store, NULL, 0, &owner, &p.fx.session, p.fx.err);
    for (int32_t v = 0; st == ENVRES_OK && v < VERSIONS; v++) {
        char name[16];
        version_name(name, v);
        st = content_of(&p.fx, app, name, p.contents[v]);
    }
    if (write(3, &byte, 1) != 1 || read(4, &byte, 1) != 0)
        return 2;
    if (st == ENVRES_OK)
        st = work(&p, argv[0], ops);
    if (st < 0)
        fprintf(stderr, "%s %s: %s: %s\n", argv[0], argv[1], envres_status_name(st),
                envres_error_message(p.fx.err));
    bool good = st == ENVRES_OK && save_log(&p, argv[3]);
    envres_session_close(p.fx.session);
    envres_store_close(p.fx.store);
    envres_error_free(p.fx.err);
    free(p.ops);
    return good ? 0 : 1;
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* The app, its versions ready, the first released: sequence 1. */
static envres_status
make_store(struct linear_op *first)
{
    struct fixture fx = { .err = envres_error_new(NULL) };
    uint8_t key[32];
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(i + 1);
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = sizeof(key) };
    envres_status st = envres_store_create(store_path, TEXT, &options, &owner, &fx.store, fx.err);
    if (st == ENVRES_OK)
        st = envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err);
    if (st == ENVRES_OK)
        st = envres_app_create(fx.session, app, TEXT, NULL, NULL, fx.err);
    for (int32_t v = 0; st == ENVRES_OK && v < VERSIONS; v++) {
        char name[16];
        version_name(name, v);
        envres_version_name it = version_of(app, name);
        envres_version_options empty = {
            .size = sizeof(empty), .flags = ENVRES_VERSION_EMPTY, .name = name, .name_len = TEXT
        };
        envres_part_write parts[] = { part_of("first.txt", name, 0), part_of("last.txt", name, 0) };
        st = envres_version_create(fx.session, app, TEXT, &empty, NULL, NULL, fx.err);
        if (st == ENVRES_OK)
            st = envres_part_put(fx.session, &it, parts, 2, NULL, NULL, fx.err);
        if (st == ENVRES_OK)
            st = promote(&fx, app, name, "development", "staging");
        if (st == ENVRES_OK)
            st = promote(&fx, app, name, "staging", "production");
    }
    if (st == ENVRES_OK)
        st = release(&fx, app, "r0", "1.0.0", 0);
    if (st < 0)
        fprintf(stderr, "fixture: %s\n", envres_error_message(fx.err));
    *first = (struct linear_op){ .sequence = 1, .kind = LINEAR_WRITE, .content = LINEAR_UNKNOWN };
    first->end = now_ns();
    first->start = first->end;
    envres_session_close(fx.session);
    envres_store_close(fx.store);
    envres_error_free(fx.err);
    return st;
}

static void
log_path(char out[PATH_ROOM], int process)
{
    snprintf(out, PATH_ROOM, "%s/log.%d", folder, process);
}

static bool
start(const char *program, const char *role, int number, size_t ops, uint64_t seed,
      const int ready[2], const int go[2], pid_t *child)
{
    char self[PATH_ROOM], word[] = "--process", name[16], index[16], store[PATH_ROOM];
    char log[PATH_ROOM], many[32], number_of[32];
    char *argv[] = { self, word, name, index, store, log, many, number_of, NULL };
    posix_spawn_file_actions_t actions;
    snprintf(self, sizeof(self), "%s", program);
    snprintf(name, sizeof(name), "%s", role);
    snprintf(index, sizeof(index), "%d", number);
    snprintf(store, sizeof(store), "%s", store_path);
    log_path(log, number);
    snprintf(many, sizeof(many), "%zu", ops);
    snprintf(number_of, sizeof(number_of), "%llu", (unsigned long long)seed);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ready[1], 3);
    posix_spawn_file_actions_adddup2(&actions, go[0], 4);
    bool good = posix_spawn(child, program, &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return good;
}

/* Pipes whose numbers are above 4, and which no child keeps. */
static bool
make_pipe(int ends[2])
{
    int raw[2] = { -1, -1 };
    if (pipe(raw) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 10);
        close(raw[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

/* Starts them all, lets them go at once, waits for all. */
static bool
run_processes(const char *program, const char *reader, size_t ops, uint64_t seed)
{
    pid_t children[PROCESSES] = { 0 };
    int ready[2] = { -1, -1 };
    int go[2] = { -1, -1 };
    char byte = 0;
    bool good = make_pipe(ready) && make_pipe(go);
    for (int i = 0; good && i < PROCESSES; i++)
        good =
            start(program, i < WRITERS ? "write" : reader, i, ops, seed, ready, go, &children[i]);
    close(ready[1]);
    close(go[0]);
    for (int i = 0; good && i < PROCESSES; i++)
        good = read(ready[0], &byte, 1) == 1;
    close(go[1]);
    close(ready[0]);
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        if (children[i] > 0)
            good = waitpid(children[i], &status, 0) > 0 && WIFEXITED(status) &&
                   WEXITSTATUS(status) == 0 && good;
    }
    return good;
}

static size_t
read_logs(struct linear_op *ops, size_t room)
{
    size_t count = 0;
    for (int i = 0; i < PROCESSES; i++) {
        char path[PATH_ROOM];
        log_path(path, i);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        count += fread(ops + count, sizeof(*ops), room - count, file);
        fclose(file);
        unlink(path);
    }
    return count;
}

/* What the store says afterwards: as many records as there were writes, and nothing wrong. */
static bool
ends_well(size_t writes)
{
    struct fixture fx = { .path = store_path };
    envres_list *records = NULL;
    envres_store_options options = { .size = sizeof(options) };
    fx.err = envres_error_new(NULL);
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = fx.key,
                                .secret_len = sizeof(fx.key) };
    bool good = envres_store_open(store_path, TEXT, &options, &fx.store, fx.err) == ENVRES_OK &&
                envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err) == ENVRES_OK &&
                envres_release_list(fx.session, app, TEXT, &records, fx.err) == ENVRES_OK &&
                envres_list_count(records) == writes && fixture_verify(&fx) == 0;
    if (!good)
        fprintf(stderr, "afterwards: %zu writes, %zu records: %s\n", writes,
                envres_list_count(records), envres_error_message(fx.err));
    envres_list_free(records);
    fixture_close(&fx);
    return good;
}

/* One store, eight processes, one verdict; -1: it could not be run. */
static long
run(const char *program, const char *reader, size_t ops, uint64_t seed, bool quiet)
{
    size_t room = PROCESSES * (2 * ops + 4) + 1;
    struct linear_op *all = calloc(room, sizeof(*all));
    size_t writes = 0;
    size_t refused = 0;
    long faults = -1;
    if (all && make_store(&all[0]) == ENVRES_OK && run_processes(program, reader, ops, seed)) {
        size_t count = 1 + read_logs(all + 1, room - 1);
        for (size_t i = 0; i < count; i++) {
            writes += all[i].kind == LINEAR_WRITE;
            refused += all[i].kind == LINEAR_CHANGED || all[i].kind == LINEAR_LIVE;
        }
        faults = linear_check(all, count, quiet);
        printf("%s: %zu operations, %zu writes, %zu refused, %ld faults, seed %llu\n",
               quiet ? "apart" : "linearizable", count, writes, refused, faults,
               (unsigned long long)seed);
        if (!ends_well(writes) || writes < ops / 2)
            faults = -1;
    }
    unlink(store_path);
    free(all);
    return faults;
}

int
main(int argc, char **argv)
{
    size_t ops = 2000;
    uint64_t seed = 1;
    if (argc == 8 && strcmp(argv[1], "--process") == 0)
        return be_process(argv + 2);
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--ops") == 0)
            ops = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    }
    if (!mkdtemp(folder))
        return 2;
    snprintf(store_path, sizeof(store_path), "%s/store.db", folder);
    int failed = try_histories();
    int by_hand = !failed;
    size_t each = ops / PROCESSES + 1;
    if (run(argv[0], "read", each, seed, false) != 0) {
        fprintf(stderr, "not linearizable\n");
        failed = 1;
    }
    bool caught = run(argv[0], "apart", each, seed, true) > 0;
    if (!caught) {
        fprintf(stderr, "the control was not caught\n");
        failed = 1;
    }
    printf("control: %d of 2 caught: histories made by hand, a reader in two steps\n",
           by_hand + caught);
    rmdir(folder);
    printf("%d passed, %d failed\n", 1 - failed, failed);
    return failed;
}
