/* SPDX-License-Identifier: MIT */
/*
 * Where keys lie. A child opens a store, unlocks it, resolves a secret and waits; its parent reads
 * its memory as a core dump would: what is marked to be left out of one (the flag "dd") is where
 * the keys are taken from, and in all the rest none of them may be found. Where this system writes
 * core files into the folder of the process, a real one is searched, too.
 */
#define _GNU_SOURCE /* memmem() */

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"

/* AddressSanitizer takes the place of mlock(), which then always succeeds. */
#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { LOCKING_IS_REAL = 0 };
#else
enum { LOCKING_IS_REAL = 1 };
#endif

enum { KEY = 32, SLOT = 64, KEYS = 512, AREA = 16 << 20 };

struct keys {
    uint8_t bytes[KEYS][KEY];
    size_t count;
};

static envres_credential
owner_of(const uint8_t key[KEY])
{
    envres_credential owner = {
        .size = sizeof(owner), .kind = ENVRES_CREDENTIAL_RAW_KEY, .secret = key, .secret_len = KEY
    };
    return owner;
}

/* ---- the child ------------------------------------------------------------------------------ */

/* Unlocks, resolves, says so, and aborts when it is told to. */
static void
live(const char *folder, int say, int hear)
{
    uint8_t key[KEY];
    char byte = 0;
    struct fx fx = { .err = envres_error_new(NULL) };
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };
    memset(key, 0x5A, sizeof(key));
    envres_credential owner = owner_of(key);
    int limited = setrlimit(RLIMIT_CORE, &core);
    (void)limited; /* no core file then */
    if (chdir(folder) != 0 || envres_store_create(NULL, 0, NULL, &owner, &fx.store, fx.err) < 0 ||
        envres_session_open(fx.store, NULL, 0, &owner, &fx.session, fx.err) < 0 ||
        fx_put(&fx, "staging", "TOKEN", "a secret text", 0, ENVRES_WRITE_SECRET) < 0 ||
        envres_scope_open(fx.session, "staging", TEXT, NULL, &scope, fx.err) < 0 ||
        envres_scope_get(scope, "TOKEN", TEXT, &value, fx.err) < 0 || write(say, "!", 1) != 1)
        _exit(1);
    if (read(hear, &byte, 1) != 1)
        _exit(2);
    abort();
}

/* ---- its memory ----------------------------------------------------------------------------- */

struct mapping {
    unsigned long first;
    unsigned long end;
    bool writable;
    bool readable;
    bool kept_out; /* of core dumps */
};

/* The next mapping with its flags; false at the end. */
static bool
next_mapping(FILE *smaps, struct mapping *out)
{
    char line[512];
    char mode[8];
    bool open = false;
    while (fgets(line, sizeof(line), smaps)) {
        unsigned long first = 0;
        unsigned long end = 0;
        if (sscanf(line, "%lx-%lx %7s", &first, &end, mode) == 3) {
            *out = (struct mapping){ first, end, mode[1] == 'w', mode[0] == 'r', false };
            open = !strstr(line, "[v"); /* vdso and the like cannot be read */
        } else if (open && strncmp(line, "VmFlags:", 8) == 0) {
            out->kept_out = strstr(line, " dd") != NULL;
            return true;
        }
    }
    return false;
}

/* First halves of slots alone: the second half of a signing key is its public key, which is no
 * secret and lies elsewhere, too. */
static void
take_keys(const uint8_t *memory, size_t len, struct keys *keys)
{
    for (size_t at = 0; at + SLOT <= len && keys->count < KEYS; at += SLOT) {
        bool seen[256] = { false };
        int distinct = 0;
        for (size_t i = 0; i < KEY; i++) {
            distinct += !seen[memory[at + i]];
            seen[memory[at + i]] = true;
        }
        if (distinct >= 16)
            memcpy(keys->bytes[keys->count++], memory + at, KEY);
    }
}

static bool
holds_a_key(const uint8_t *memory, size_t len, const struct keys *keys)
{
    for (size_t k = 0; k < keys->count; k++) {
        if (memmem(memory, len, keys->bytes[k], KEY))
            return true;
    }
    return false;
}

/* Goes through the memory of a process twice: for the keys, then for where else they are. */
static size_t
search(pid_t child, struct keys *keys, bool collect)
{
    char name[64];
    struct mapping mapping = { 0 };
    size_t found = 0;
    snprintf(name, sizeof(name), "/proc/%d/mem", (int)child);
    int memory = open(name, O_RDONLY);
    snprintf(name, sizeof(name), "/proc/%d/smaps", (int)child);
    FILE *smaps = fopen(name, "r");
    uint8_t *room = malloc(AREA);
    assert_true(memory >= 0 && smaps && room);
    while (next_mapping(smaps, &mapping)) {
        size_t len = mapping.end - mapping.first;
        if (!mapping.readable || len > AREA || (collect && !(mapping.kept_out && mapping.writable)))
            continue;
        if (pread(memory, room, len, (off_t)mapping.first) != (ssize_t)len)
            continue;
        if (collect)
            take_keys(room, len, keys);
        else if (!mapping.kept_out)
            found += holds_a_key(room, len, keys);
    }
    free(room);
    fclose(smaps);
    close(memory);
    return found;
}

/* The core file, where the system wrote one: "core" or "core.PID" in the folder. */
static void
search_core(const char *folder, pid_t child, const struct keys *keys)
{
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        if (i == 0)
            snprintf(path, sizeof(path), "%s/core", folder);
        else
            snprintf(path, sizeof(path), "%s/core.%d", folder, (int)child);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        uint8_t *room = malloc((size_t)AREA * 8);
        assert_non_null(room);
        size_t len = fread(room, 1, (size_t)AREA * 8, file);
        print_message("searching %s, %zu bytes\n", path, len);
        assert_true(len > 0);
        assert_false(holds_a_key(room, len, keys));
        uint8_t
            mine[KEY]; /* the host's own copy is ordinary memory: it shows that this is a core */
        memset(mine, 0x5A, sizeof(mine));
        assert_non_null(memmem(room, len, mine, sizeof(mine)));
        free(room);
        fclose(file);
        unlink(path);
    }
}

/* Test 36. */
static void
no_key_in_what_would_be_dumped(void **state)
{
    char folder[] = "/tmp/envres-memory-XXXXXX";
    struct keys *keys = calloc(1, sizeof(*keys));
    int up[2];
    int down[2];
    char byte = 0;
    int status = 0;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t child = fork();
    if (child == 0)
        live(folder, up[1], down[0]);
    assert_int_equal(read(up[0], &byte, 1), 1);
    search(child, keys, true);
    print_message("%zu keys\n", keys->count);
    assert_true(keys->count >= 4); /* of the principal, and of one environment */
    assert_int_equal(search(child, keys, false), 0);
    assert_int_equal(write(down[1], "!", 1), 1);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    search_core(folder, child, keys);
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
    free(keys);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- memory that cannot be locked ------------------------------------------------------------ */

/* In a child: no right to lock anything. */
static int
without_locking(void)
{
    uint8_t key[KEY];
    struct rlimit none = { 0, 0 };
    envres_store *store = NULL;
    envres_list *list = NULL;
    envres_error *err = envres_error_new(NULL);
    bool said = false;
    memset(key, 0x5A, sizeof(key));
    envres_credential owner = owner_of(key);
    envres_store_options strict = { .size = sizeof(strict), .flags = ENVRES_STORE_LOCKED_MEMORY };
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return 1;
    if (envres_store_create(NULL, 0, &strict, &owner, &store, err) != ENVRES_E_MEMORY_LOCK || store)
        return 2;
    if (!strstr(envres_error_hint(err), "ulimit -l"))
        return 3;
    if (envres_store_create(NULL, 0, NULL, &owner, &store, err) < 0 ||
        envres_store_info(store, &list, err) < 0)
        return 4;
    for (size_t row = 0; row < envres_list_count(list); row++)
        said = said ||
               (strcmp(envres_list_text(list, row, ENVRES_INFO_NAME, NULL), "memory_locked") == 0 &&
                strcmp(envres_list_text(list, row, ENVRES_INFO_VALUE, NULL), "no") == 0);
    envres_list_free(list);
    envres_store_close(store);
    envres_error_free(err);
    return said ? 0 : 5;
}

/* Test 37. */
static void
memory_that_cannot_be_locked(void **state)
{
    int status = 0;
    (void)state;
    if (!LOCKING_IS_REAL)
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(without_locking());
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_in_what_would_be_dumped),
        cmocka_unit_test(memory_that_cannot_be_locked),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
