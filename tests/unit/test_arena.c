/* SPDX-License-Identifier: MIT */
/*
 * Guarded memory: slots, growth, threads, a process that may lock no memory, and the child of a
 * fork. Children answer by their exit code: 0 is good, else the line that failed.
 */
#include "guard_helper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "guard/arena.h"

#if defined(__SANITIZE_ADDRESS__)
enum { LOCKS_ARE_REAL = 0 }; /* the sanitizer takes mlock() over and always says yes */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { LOCKS_ARE_REAL = 0 };
#else
enum { LOCKS_ARE_REAL = 1 };
#endif
#else
enum { LOCKS_ARE_REAL = 1 };
#endif

#define CHILD_CHECK(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 251 + 1);                                                             \
    } while (0)

static struct arena *
new_arena(void)
{
    struct arena *arena = NULL;
    assert_int_equal(arena_new(&mem_default, false, &arena, NULL), ENVRES_OK);
    assert_non_null(arena);
    return arena;
}

static void
wait_good(pid_t pid)
{
    int status = 0;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
slots_are_zero_and_apart(void **state)
{
    (void)state;
    enum { COUNT = 8 * 63 }; /* eight full regions */
    struct arena *arena = new_arena();
    uint8_t *slots[COUNT];
    for (int i = 0; i < COUNT; i++) {
        slots[i] = arena_take(arena);
        assert_non_null(slots[i]);
        assert_true(sodium_is_zero(slots[i], ARENA_SLOT));
        assert_int_equal((uintptr_t)slots[i] % ARENA_SLOT, 0);
        memset(slots[i], i % 255 + 1, ARENA_SLOT);
    }
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < ARENA_SLOT; j++)
            assert_int_equal(slots[i][j], i % 255 + 1);
    }
    for (int i = 0; i < COUNT; i += 2) {
        arena_give(arena, slots[i]);
        assert_true(sodium_is_zero(slots[i], ARENA_SLOT));
    }
    /* What was given back is given out again, and is zero again. */
    for (int i = 0; i < COUNT; i += 2) {
        uint8_t *again = arena_take(arena);
        bool known = false;
        for (int j = 0; j < COUNT; j += 2)
            known |= again == slots[j];
        assert_true(known);
        assert_true(sodium_is_zero(again, ARENA_SLOT));
    }
    arena_give(arena, NULL);
    arena_unref(arena);
}

static void
references(void **state)
{
    (void)state;
    struct arena *arena = new_arena();
    uint8_t *slot = arena_take(arena);
    memset(slot, 7, ARENA_SLOT);
    assert_ptr_equal(arena_ref(arena), arena);
    arena_unref(arena);
    assert_int_equal(slot[63], 7);
    arena_unref(arena);
    arena_unref(NULL);
}

static void
out_of_memory(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct failing failing = { .left = n };
        struct mem mem = { failing_reallocate, &failing };
        struct arena *arena = NULL;
        envres_status st = arena_new(&mem, false, &arena, NULL);
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (st == ENVRES_OK) {
            /* The first region's slots need nothing more; the next region does. */
            failing.left = 0;
            int count = 0;
            while (arena_take(arena))
                count++;
            assert_true(count >= 16);
            assert_true(failing.hit);
            arena_unref(arena);
            return;
        }
        assert_null(arena);
    }
}

/* More regions than the registry has entries: refused, and usable again after some are freed. */
static void
registry_is_bounded(void **state)
{
    (void)state;
    enum { MAX = 5000 };
    struct arena **arenas = calloc(MAX, sizeof(struct arena *));
    assert_non_null(arenas);
    size_t count = 0;
    envres_status st = ENVRES_OK;
    while (count < MAX && st == ENVRES_OK) {
        st = arena_new(&mem_default, false, &arenas[count], NULL);
        count += st == ENVRES_OK;
    }
    assert_int_equal(st, ENVRES_E_NOMEM);
    assert_true(count > 1000);
    arena_unref(arenas[0]);
    assert_int_equal(arena_new(&mem_default, false, &arenas[0], NULL), ENVRES_OK);
    for (size_t i = 0; i < count; i++)
        arena_unref(arenas[i]);
    free(arenas);
}

static void *
take_and_give(void *user)
{
    struct arena *arena = user;
    uint8_t mark = (uint8_t)(uintptr_t)&mark | 1;
    for (int i = 0; i < 2000; i++) {
        uint8_t *slots[8];
        for (int j = 0; j < 8; j++) {
            slots[j] = arena_take(arena);
            if (!slots[j] || !sodium_is_zero(slots[j], ARENA_SLOT))
                return arena;
            memset(slots[j], mark, ARENA_SLOT);
        }
        for (int j = 0; j < 8; j++) {
            if (slots[j][0] != mark || slots[j][63] != mark)
                return arena;
            arena_give(arena, slots[j]);
        }
    }
    return NULL;
}

static void
threads(void **state)
{
    (void)state;
    struct arena *arena = new_arena();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, arena), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    arena_unref(arena);
}

static void
fork_wipes_the_child(void **state)
{
    (void)state;
    struct arena *arena = new_arena();
    uint8_t *slots[200]; /* in several regions */
    for (int i = 0; i < 200; i++) {
        slots[i] = arena_take(arena);
        memset(slots[i], 0xA5, ARENA_SLOT);
    }
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 200; i++)
            CHILD_CHECK(sodium_is_zero(slots[i], ARENA_SLOT));
        CHILD_CHECK(arena_take(arena) == NULL);
        arena_give(arena, slots[0]);
        arena_unref(arena);
        /* An arena of the child's own works, and dies in turn in its own child. */
        struct arena *own = NULL;
        CHILD_CHECK(arena_new(&mem_default, false, &own, NULL) == ENVRES_OK);
        uint8_t *slot = arena_take(own);
        CHILD_CHECK(slot != NULL);
        slot[0] = 1;
        pid_t next = fork();
        if (next == 0) {
            CHILD_CHECK(slot[0] == 0 && arena_take(own) == NULL);
            _exit(0);
        }
        int status = 0;
        CHILD_CHECK(waitpid(next, &status, 0) == next && status == 0);
        CHILD_CHECK(slot[0] == 1);
        _exit(0);
    }
    wait_good(pid);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(slots[i][0], 0xA5);
        assert_int_equal(slots[i][63], 0xA5);
    }
    assert_non_null(arena_take(arena));
    arena_unref(arena);
}

static void *
churn(void *user)
{
    atomic_bool *stop = user;
    while (!atomic_load(stop)) {
        struct arena *arena = NULL;
        if (arena_new(&mem_default, false, &arena, NULL) == ENVRES_OK)
            arena_give(arena, arena_take(arena));
        arena_unref(arena);
    }
    return NULL;
}

/* A fork at any moment of another thread's work neither hangs nor crashes the child. */
static void
fork_beside_a_busy_thread(void **state)
{
    (void)state;
    atomic_bool stop = false;
    pthread_t thread;
    struct arena *arena = new_arena();
    uint8_t *slot = arena_take(arena);
    memset(slot, 1, ARENA_SLOT);
    assert_int_equal(pthread_create(&thread, NULL, churn, &stop), 0);
    for (int i = 0; i < 50; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            CHILD_CHECK(sodium_is_zero(slot, ARENA_SLOT));
            _exit(0);
        }
        wait_good(pid);
    }
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    arena_unref(arena);
}

/* No locked memory, and no right to have it all the same: strict refuses, else it is told. */
static void
without_locked_memory(void **state)
{
    (void)state;
    if (!LOCKS_ARE_REAL)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = { 0, 0 };
        envres_error *err = envres_error_new(NULL);
        struct arena *arena = NULL;
        CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
        CHILD_CHECK(geteuid() != 0 || setuid(65534) == 0);
        CHILD_CHECK(arena_new(&mem_default, true, &arena, err) == ENVRES_E_MEMORY_LOCK);
        CHILD_CHECK(arena == NULL && envres_error_hint(err)[0] != '\0');
        CHILD_CHECK(arena_new(&mem_default, false, &arena, err) == ENVRES_OK);
        CHILD_CHECK(!arena_is_locked(arena));
        CHILD_CHECK(arena_take(arena) != NULL);
        arena_unref(arena);
        envres_error_free(err);
        _exit(0);
    }
    wait_good(pid);
}

/* Room for the first region only: a strict arena does not grow, another one tells. */
static void
with_little_locked_memory(void **state)
{
    (void)state;
    if (!LOCKS_ARE_REAL)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit one = { 4096, 4096 };
        struct arena *strict = NULL;
        struct arena *other = NULL;
        int count = 0;
        CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &one) == 0);
        CHILD_CHECK(geteuid() != 0 || setuid(65534) == 0);
        CHILD_CHECK(arena_new(&mem_default, true, &strict, NULL) == ENVRES_OK);
        CHILD_CHECK(arena_is_locked(strict));
        while (arena_take(strict))
            count++;
        CHILD_CHECK(count == 63);
        CHILD_CHECK(arena_is_locked(strict));
        arena_unref(strict);
        CHILD_CHECK(arena_new(&mem_default, false, &other, NULL) == ENVRES_OK);
        CHILD_CHECK(arena_is_locked(other));
        for (int i = 0; i < 64; i++)
            CHILD_CHECK(arena_take(other) != NULL);
        CHILD_CHECK(!arena_is_locked(other));
        arena_unref(other);
        _exit(0);
    }
    wait_good(pid);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_zero_and_apart),
        cmocka_unit_test(references),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(registry_is_bounded),
        cmocka_unit_test(threads),
        cmocka_unit_test(fork_wipes_the_child),
        cmocka_unit_test(fork_beside_a_busy_thread),
        cmocka_unit_test(without_locked_memory),
        cmocka_unit_test(with_little_locked_memory),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
