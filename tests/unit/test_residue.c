/* SPDX-License-Identifier: MIT */
/*
 * Keys and opened values in the memory of this very process, looked for in every mapping that can
 * be written: while they are held there is one copy, in the arena, and afterwards none. What is
 * looked for is kept masked, so that the test does not find itself.
 */
#include "guard_helper.h"

#include <fcntl.h>
#include <unistd.h>

#include "guard/identity.h"

#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { MEMORY_IS_PLAIN = 0 }; /* freed memory is kept, shadows are huge */
#else
enum { MEMORY_IS_PLAIN = 1 };
#endif

enum { MASK = 0x5A, WANTED = 32 };

struct masked {
    uint8_t bytes[WANTED];
};

static const uint8_t workspace[SEAL_ID] = { 1 };
static const uint8_t environment[SEAL_ID] = { 2 };

/* Neither under the sanitizers nor under valgrind, which keeps registers of its own. */
static bool
can_scan(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return MEMORY_IS_PLAIN && !(preload && strstr(preload, "vgpreload"));
}

static void
mask(struct masked *masked, const uint8_t *secret)
{
    for (size_t i = 0; i < WANTED; i++)
        masked->bytes[i] = secret[i] ^ MASK;
}

static bool
is_at(const uint8_t *at, const struct masked *masked)
{
    for (size_t i = 0; i < WANTED; i++) {
        if ((at[i] ^ MASK) != masked->bytes[i])
            return false;
    }
    return true;
}

/* Read through /proc/self/mem, as a guard page must not end the test, into a buffer that is wiped
 * and does not count itself. */
static int
count_in(int memory, uintptr_t from, uintptr_t to, const struct masked *masked)
{
    static uint8_t window[65536 + WANTED];
    int count = 0;
    for (uintptr_t at = from; at < to; at += 65536) {
        size_t size = to - at < sizeof(window) ? to - at : sizeof(window);
        ssize_t got = pread(memory, window, size, (off_t)at);
        for (ssize_t i = 0; i + WANTED <= got && i < 65536; i++) {
            uintptr_t here = at + (uintptr_t)i;
            bool own =
                here + WANTED > (uintptr_t)window && here < (uintptr_t)window + sizeof(window);
            count += !own && is_at(window + i, masked);
        }
        sodium_memzero(window, sizeof(window));
    }
    return count;
}

static int
count_copies(const struct masked *masked)
{
    int memory = open("/proc/self/mem", O_RDONLY);
    int maps = open("/proc/self/maps", O_RDONLY);
    assert_true(memory >= 0 && maps >= 0);
    static char text[262144];
    size_t len = 0;
    ssize_t got = 0;
    while ((got = read(maps, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    int count = 0;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char *end = NULL;
        uintptr_t from = strtoull(line, &end, 16);
        uintptr_t to = strtoull(end + 1, &end, 16);
        if (end[1] == 'r' && end[2] == 'w')
            count += count_in(memory, from, to, masked);
    }
    close(maps);
    close(memory);
    return count;
}

/* The scan finds what is there: else all that follows would prove nothing. */
static void
the_scan_finds(void **state)
{
    (void)state;
    if (!can_scan())
        skip();
    struct masked masked;
    uint8_t *here = malloc(WANTED);
    assert_non_null(here);
    randombytes_buf(here, WANTED);
    mask(&masked, here);
    assert_int_equal(count_copies(&masked), 1);
    sodium_memzero(here, WANTED);
    assert_int_equal(count_copies(&masked), 0);
    free(here);
}

/* All that a session does with its keys, in one frame. */
static void
use(struct db *db, struct arena *arena, const struct identity *identity,
    const struct env_keys *keys, const struct masked *value)
{
    const struct seal_label label = { .workspace = workspace,
                                      .environment = environment,
                                      .object = environment,
                                      .kind = SEAL_VARIABLE,
                                      .type = 1,
                                      .secret = true,
                                      .field = slice_str(""),
                                      .name = slice_str("TOKEN"),
                                      .revision = 1 };
    uint8_t plain[8192] = { 0 };
    uint8_t content[SEAL_DIGEST];
    char out[16384];
    size_t lengths[] = { WANTED, 5000, 8192 };
    for (size_t i = 0; i < 3; i++) {
        struct buf record;
        size_t len = 0;
        for (size_t j = 0; j < WANTED; j++)
            plain[j] = plain[lengths[i] - WANTED + j] = value->bytes[j] ^ MASK;
        struct slice slice = { (const char *)plain, lengths[i] };
        buf_init(&record, &mem_default, false);
        assert_int_equal(seal_record(keys->secret_data, 1, &label, slice, &record, content, NULL),
                         ENVRES_OK);
        assert_int_equal(unseal_check(&mem_default, keys->secret_data, &label, content, record.data,
                                      record.len, NULL),
                         ENVRES_OK);
        assert_int_equal(unseal_into(&mem_default, keys->secret_data, &label, content, record.data,
                                     record.len, out, sizeof(out), &len, NULL),
                         ENVRES_OK);
        assert_int_equal(len, lengths[i]);
        buf_free(&record);
    }
    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(out, sizeof(out));
    struct env_keys *again = NULL;
    assert_int_equal(
        env_keys_open(db, arena, &mem_default, identity, workspace, environment, 1, &again, NULL),
        ENVRES_OK);
    env_keys_unref(again);
}

static void
one_copy_then_none(void **state)
{
    (void)state;
    if (!can_scan())
        skip();
    static const uint8_t raw[32] = { 1, 2, 3 };
    struct arena *arena = NULL;
    struct env_keys *keys = NULL;
    struct identity *identity = NULL;
    struct masked wanted[6];
    const char *const names[] = { "box key",    "signing key", "config key",
                                  "secret key", "row key",     "value" };
    assert_int_equal(arena_new(&mem_default, false, &arena, NULL), ENVRES_OK);
    struct db *db = memory_db();
    add_workspace(db, workspace, "acme");
    add_environment(db, environment, workspace, "staging");
    identity_unref(make_identity(db, arena, workspace, "alice", NULL, NULL, raw));
    envres_credential credential = raw_credential(raw, NULL);
    assert_int_equal(
        identity_unlock(db, arena, &mem_default, workspace, &credential, 0, &identity, NULL),
        ENVRES_OK);
    assert_int_equal(
        env_keys_make(db, arena, &mem_default, identity, workspace, environment, 5, &keys, NULL),
        ENVRES_OK);
    mask(&wanted[0], identity_box_secret(identity));
    /* The slot before: an Ed25519 secret key is its seed and its public half. */
    const uint8_t *sign_secret = identity_box_secret(identity) - ARENA_SLOT;
    assert_memory_equal(sign_secret + WANTED, identity->sign_public, WANTED);
    mask(&wanted[1], sign_secret);
    mask(&wanted[2], keys->config_data);
    mask(&wanted[3], keys->secret_data);
    mask(&wanted[4], keys->row);
    randombytes_buf(&wanted[5], sizeof(wanted[5]));
    use(db, arena, identity, keys, &wanted[5]);
    for (size_t i = 0; i < 6; i++) {
        print_message("row: %s, held\n", names[i]);
        assert_int_equal(count_copies(&wanted[i]), i < 5);
    }
    env_keys_unref(keys);
    identity_unref(identity);
    for (size_t i = 0; i < 6; i++) {
        print_message("row: %s, given back\n", names[i]);
        assert_int_equal(count_copies(&wanted[i]), 0);
    }
    memory_db_close(db);
    arena_unref(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scan_finds),
        cmocka_unit_test(one_copy_then_none),
    };
    return cmocka_run_group_tests_name("residue", tests, NULL, NULL);
}
