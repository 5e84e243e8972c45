/* SPDX-License-Identifier: MIT */
/*
 * Keys through the public interface: the slots of a principal, what somebody does to them behind
 * the library's back (28), what a provider does wrong (32), what a change leaves in the file (34),
 * a new identity for somebody who lost a key, and the root that a host pins.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "helper.h"

/* A store in a file of its own folder. */
struct place {
    struct fx fx; /* first: what helper.h works on */
    char folder[64];
    char path[96];
};

static envres_credential
raw_key(const uint8_t key[32])
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = 32 };
    return credential;
}

/* Of the lowest cost that is allowed. */
static envres_credential
passphrase(const char *text)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PASSPHRASE,
                                     .principal = "owner",
                                     .principal_len = TEXT,
                                     .secret = (const uint8_t *)text,
                                     .secret_len = strlen(text),
                                     .kdf_passes = 2,
                                     .kdf_memory = (uint64_t)64 << 20 };
    return credential;
}

static int
make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    strcpy(place->folder, "/tmp/envres-key-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/envres.db", place->folder);
    memset(place->fx.key, 0x5A, sizeof(place->fx.key));
    place->fx.err = envres_error_new(NULL);
    envres_credential owner = raw_key(place->fx.key);
    *state = place;
    if (envres_store_create(place->path, TEXT, NULL, &owner, &place->fx.store, place->fx.err) < 0)
        return -1;
    return envres_session_open(place->fx.store, NULL, 0, &owner, &place->fx.session, place->fx.err);
}

static int
remove_place(void **state)
{
    struct place copy = *(struct place *)*state;
    char journal[128];
    int bad = fx_teardown(state); /* whatever a test did, the store is whole after it */
    snprintf(journal, sizeof(journal), "%s-journal", copy.path);
    unlink(journal);
    unlink(copy.path);
    return rmdir(copy.folder) != 0 || bad;
}

static envres_status
opens(struct fx *fx, const envres_credential *credential)
{
    envres_session *session = NULL;
    envres_status st = envres_session_open(fx->store, NULL, 0, credential, &session, fx->err);
    envres_session_close(session);
    return st;
}

static void
add_key(struct fx *fx, uint8_t fill, int64_t want)
{
    uint8_t key[32];
    int64_t ordinal = 0;
    memset(key, fill, sizeof(key));
    envres_credential credential = raw_key(key);
    OK(fx, envres_slot_add(fx->session, "a key", TEXT, &credential, NULL, &ordinal, fx->err));
    assert_int_equal(ordinal, want);
    OK(fx, opens(fx, &credential));
}

/* "1 key [], 2 passphrase [laptop]" */
static void
slots_are(struct fx *fx, const char *want)
{
    envres_list *list = NULL;
    char got[1024] = "";
    OK(fx, envres_slot_list(fx->session, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++) {
        size_t len = strlen(got);
        snprintf(got + len, sizeof(got) - len, "%s%lld %s [%s]", i ? ", " : "",
                 (long long)envres_list_integer(list, i, ENVRES_SLOT_ORDINAL),
                 envres_list_text(list, i, ENVRES_SLOT_KIND, NULL),
                 envres_list_text(list, i, ENVRES_SLOT_LABEL, NULL));
        assert_true(envres_list_integer(list, i, ENVRES_SLOT_TIME) > 0);
    }
    envres_list_free(list);
    assert_string_equal(got, want);
}

/* ---- slots ---------------------------------------------------------------------------------- */

static void
slots_come_change_and_go(void **state)
{
    struct fx *fx = *state;
    uint8_t second[32];
    memset(second, 2, sizeof(second));
    envres_credential first = raw_key(fx->key);
    envres_credential key = raw_key(second);
    envres_credential old = passphrase("the old one");
    envres_credential new = passphrase("the new one");
    int64_t ordinal = 0;
    slots_are(fx, "1 key []");
    OK(fx, envres_slot_add(fx->session, "laptop", TEXT, &old, NULL, &ordinal, fx->err));
    assert_int_equal(ordinal, 2);
    OK(fx, envres_slot_add(fx->session, NULL, 0, &key, NULL, NULL, fx->err));
    slots_are(fx, "1 key [], 2 passphrase [laptop], 3 key []");
    OK(fx, opens(fx, &old));
    OK(fx, opens(fx, &key));
    OK(fx, envres_slot_change(fx->session, 2, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_KEY, opens(fx, &old));
    OK(fx, opens(fx, &new));
    OK(fx, envres_slot_remove(fx->session, 1, NULL, fx->err));
    FAILS(fx, ENVRES_E_KEY, opens(fx, &first));
    slots_are(fx, "2 passphrase [laptop], 3 key []");
    add_key(fx, 9, 4); /* a number that is free again is not given while a higher one is there */
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_slot_remove(fx->session, 1, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_slot_remove(fx->session, 0, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_slot_change(fx->session, -1, &key, NULL, fx->err));
    FAILS(fx, ENVRES_E_NOT_FOUND, envres_slot_change(fx->session, 9, &key, NULL, fx->err));
    OK(fx, envres_slot_remove(fx->session, 3, NULL, fx->err));
    OK(fx, envres_slot_remove(fx->session, 2, NULL, fx->err));
    FAILS(fx, ENVRES_E_REFERRED, envres_slot_remove(fx->session, 4, NULL, fx->err));
    slots_are(fx, "4 key [a key]");
    /* A slot of another kind may take its place. */
    OK(fx, envres_slot_change(fx->session, 4, &old, NULL, fx->err));
    slots_are(fx, "4 passphrase [a key]");
    OK(fx, opens(fx, &old));
}

static void
a_repeated_call_adds_one_slot(void **state)
{
    struct fx *fx = *state;
    uint8_t operation[16] = { 1, 2, 3 };
    uint8_t key[32] = { 4 };
    envres_credential credential = raw_key(key);
    envres_change change = { .size = sizeof(change), .operation = operation };
    int64_t first = 0;
    int64_t again = 0;
    OK(fx, envres_slot_add(fx->session, "x", TEXT, &credential, &change, &first, fx->err));
    OK(fx, envres_slot_add(fx->session, "x", TEXT, &credential, &change, &again, fx->err));
    assert_int_equal(first, 2);
    assert_int_equal(again, 2);
    slots_are(fx, "1 key [], 2 key [x]");
}

static void
a_principal_has_sixteen_slots(void **state)
{
    struct fx *fx = *state;
    uint8_t key[32] = { 0x77 };
    envres_credential credential = raw_key(key);
    int64_t ordinal = 7;
    for (uint8_t i = 2; i <= 16; i++)
        add_key(fx, i, i);
    FAILS(fx, ENVRES_E_LIMIT,
          envres_slot_add(fx->session, "", 0, &credential, NULL, &ordinal, fx->err));
    assert_int_equal(ordinal, 0);
    FAILS(fx, ENVRES_E_KEY, opens(fx, &credential));
    OK(fx, envres_slot_remove(fx->session, 16, NULL, fx->err));
    add_key(fx, 0x78, 16); /* the highest that was there is gone: its number is the next */
}

static void
what_cannot_be_a_slot(void **state)
{
    struct fx *fx = *state;
    static char label[130];
    uint8_t key[33] = { 1 };
    envres_credential credential = raw_key(key);
    envres_credential low = passphrase("x");
    low.kdf_memory = 1024;
    memset(label, 'l', sizeof(label) - 1);
    FAILS(fx, ENVRES_E_LIMIT,
          envres_slot_add(fx->session, label, TEXT, &credential, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_UTF8,
          envres_slot_add(fx->session, "\xff", TEXT, &credential, NULL, NULL, fx->err));
    OK(fx, envres_slot_add(fx->session, label, 128, &credential, NULL, NULL, fx->err));
    credential.secret_len = 33;
    FAILS(fx, ENVRES_E_KEY_FORMAT,
          envres_slot_add(fx->session, "", 0, &credential, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_KEY_FORMAT, envres_slot_change(fx->session, 1, &credential, NULL, fx->err));
    FAILS(fx, ENVRES_E_KDF_LIMIT, envres_slot_change(fx->session, 1, &low, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_slot_change(fx->session, 1, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_slot_add(NULL, "", 0, &low, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_slot_list(fx->session, NULL, fx->err));
    OK(fx, envres_slot_remove(fx->session, 2, NULL, fx->err));
    slots_are(fx, "1 key []");
}

/* ---- whose ---------------------------------------------------------------------------------- */

static void
add_principal_by(struct fx *fx, envres_session *session, const char *name, uint32_t role,
                 const char *environment, uint8_t key[32])
{
    memset(key, name[0], 32);
    envres_credential credential = raw_key(key);
    envres_principal_options options = { .size = sizeof(options),
                                         .role = role,
                                         .environments = environment ? &environment : NULL,
                                         .count = environment != NULL,
                                         .credential = &credential };
    OK(fx, envres_principal_add(session, name, TEXT, &options, NULL, fx->err));
}

static void
add_principal(struct fx *fx, const char *name, uint32_t role, const char *environment,
              uint8_t key[32])
{
    add_principal_by(fx, fx->session, name, role, environment, key);
}

static envres_session *
session_of(struct fx *fx, const uint8_t key[32])
{
    envres_session *session = NULL;
    envres_credential credential = raw_key(key);
    OK(fx, envres_session_open(fx->store, NULL, 0, &credential, &session, fx->err));
    return session;
}

/* No role is needed for one's own slots; none is enough for those of another. */
static void
slots_are_ones_own(void **state)
{
    struct fx *fx = *state;
    uint8_t key[32];
    uint8_t other[32] = { 3 };
    envres_session *as = NULL;
    envres_list *list = NULL;
    envres_credential credential = raw_key(other);
    add_principal(fx, "nora", 0, NULL, key);
    envres_session *nora = session_of(fx, key);
    OK(fx, envres_slot_add(nora, "second", TEXT, &credential, NULL, NULL, fx->err));
    OK(fx, opens(fx, &credential));
    slots_are(fx, "1 key []");
    OK(fx, envres_session_as(fx->session, "nora", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_list(as, &list, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_add(as, "", 0, &credential, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_change(as, 1, &credential, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_remove(as, 1, NULL, fx->err));
    envres_session_close(as);
    OK(fx, envres_principal_remove(fx->session, "nora", TEXT, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_add(nora, "", 0, &credential, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_list(nora, &list, fx->err));
    assert_null(list);
    envres_session_close(nora);
}

static void
every_change_has_its_entry(void **state)
{
    struct fx *fx = *state;
    uint8_t key[32] = { 3 };
    envres_credential credential = raw_key(key);
    envres_change change = { .size = sizeof(change), .reason = "lost", .reason_len = TEXT };
    static const struct {
        const char *action;
        const char *object;
    } wanted[] = {
        { "slot.add", "slot/owner" },
        { "slot.change", "slot/owner/2" },
        { "slot.remove", "slot/owner/1" },
    };
    envres_list *list = NULL;
    OK(fx, envres_slot_add(fx->session, "", 0, &credential, &change, NULL, fx->err));
    OK(fx, envres_slot_change(fx->session, 2, &credential, &change, fx->err));
    OK(fx, envres_slot_remove(fx->session, 1, &change, fx->err));
    OK(fx, envres_audit_list(fx->session, NULL, &list, fx->err));
    size_t count = envres_list_count(list);
    assert_true(count > 3);
    for (size_t i = 0; i < 3; i++) {
        size_t row = count - 3 + i;
        assert_string_equal(envres_list_text(list, row, ENVRES_AUDIT_ACTION, NULL),
                            wanted[i].action);
        assert_string_equal(envres_list_text(list, row, ENVRES_AUDIT_OBJECT, NULL),
                            wanted[i].object);
        assert_string_equal(envres_list_text(list, row, ENVRES_AUDIT_REASON, NULL), "lost");
    }
    envres_list_free(list);
}

/* ---- 28: slots that somebody else stripped, added, re-ordered ------------------------------- */

/* Each with two slots of owner, and one of otto. */
static const struct {
    const char *name;
    const char *sql;
} meddled[] = {
    { "stripped", "DELETE FROM slot WHERE ordinal = 2" },
    { "added",
      "INSERT INTO slot SELECT s.principal_id, 3, s.label, s.body, s.provider, s.created_at"
      " FROM slot s JOIN principal p ON p.id = s.principal_id"
      " WHERE p.name = 'owner' AND s.ordinal = 2" },
    { "taken over", "UPDATE slot SET body = (SELECT s.body FROM slot s JOIN principal p"
                    " ON p.id = s.principal_id WHERE p.name = 'otto') WHERE ordinal = 2" },
    { "renumbered", "UPDATE slot SET ordinal = 5 WHERE ordinal = 2" },
    { "re-ordered", "UPDATE slot SET ordinal = 9 WHERE ordinal = 1 AND principal_id ="
                    " (SELECT id FROM principal WHERE name = 'owner')" },
    { "named otherwise", "UPDATE slot SET label = 'safe' WHERE ordinal = 2" },
    { "a blob added", "UPDATE slot SET provider = x'00' WHERE ordinal = 2" },
    { "dated back", "UPDATE slot SET created_at = 1 WHERE ordinal = 2" },
    { "too many",
      "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
      " INSERT INTO slot SELECT s.principal_id, n.i, s.label, s.body, s.provider, s.created_at"
      " FROM n, slot s JOIN principal p ON p.id = s.principal_id"
      " WHERE p.name = 'owner' AND s.ordinal = 2" },
    { "no signature", "UPDATE principal SET slots = zeroblob(64) WHERE name = 'owner'" },
    { "the signature of another",
      "UPDATE principal SET slots = (SELECT slots FROM principal WHERE name = 'otto')"
      " WHERE name = 'owner'" },
};

/* The library's words name the principal and say what to do; and nothing can be signed over it. */
static void
is_refused(struct fx *fx, envres_session *session, const envres_credential *owner)
{
    uint8_t key[32] = { 0x44 };
    envres_credential credential = raw_key(key);
    envres_session *fresh = NULL;
    envres_list *list = NULL;
    FAILS(fx, ENVRES_E_INTEGRITY, envres_session_open(fx->store, NULL, 0, owner, &fresh, fx->err));
    assert_null(fresh);
    assert_non_null(strstr(envres_error_message(fx->err), "slots of principal 'owner'"));
    assert_string_equal(envres_error_subject(fx->err), "owner");
    fx_hint(fx, "backup");
    FAILS(fx, ENVRES_E_INTEGRITY, envres_slot_list(session, &list, fx->err));
    FAILS(fx, ENVRES_E_INTEGRITY,
          envres_slot_add(session, "", 0, &credential, NULL, NULL, fx->err));
    FAILS(fx, ENVRES_E_INTEGRITY, envres_slot_change(session, 1, &credential, NULL, fx->err));
    FAILS(fx, ENVRES_E_INTEGRITY, envres_slot_remove(session, 1, NULL, fx->err));
    OK(fx, envres_store_verify(fx->store, NULL, &list, fx->err));
    assert_true(envres_list_count(list) > 0);
    bool found = false;
    for (size_t i = 0; i < envres_list_count(list); i++)
        found = found ||
                strcmp(envres_list_text(list, i, ENVRES_VERIFY_OBJECT, NULL), "slot/owner") == 0;
    assert_true(found);
    envres_list_free(list);
}

static void
a_set_that_was_meddled_with(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    char copy[128];
    uint8_t key[32];
    envres_credential owner = raw_key(fx->key);
    add_key(fx, 2, 2);
    add_principal(fx, "otto", ENVRES_ROLE_VIEWER, NULL, key);
    envres_credential otto = raw_key(key);
    snprintf(copy, sizeof(copy), "%s/copy.db", place->folder);
    for (size_t i = 0; i < sizeof(meddled) / sizeof(meddled[0]); i++) {
        print_message("%s\n", meddled[i].name);
        struct fx other = { .err = fx->err };
        OK(fx, envres_store_backup(fx->store, copy, TEXT, fx->err));
        OK(fx, envres_store_open(copy, TEXT, NULL, &other.store, fx->err));
        OK(fx, envres_session_open(other.store, NULL, 0, &owner, &other.session, fx->err));
        raw_sql(copy, meddled[i].sql);
        is_refused(&other, other.session, &owner);
        OK(fx, opens(&other, &otto)); /* of nobody else's concern */
        envres_session_close(other.session);
        envres_store_close(other.store);
        unlink(copy);
        char journal[160];
        snprintf(journal, sizeof(journal), "%s-journal", copy);
        unlink(journal);
    }
}

/* ---- 32: a provider that misbehaves --------------------------------------------------------- */

enum wrong {
    GOOD,
    WRAP_FAILS,
    WRAP_NOTHING,
    WRAP_TOO_MUCH,
    UNWRAP_FAILS,
    UNWRAP_OTHER,
    CALLS_BACK
};

struct provider {
    struct fx *fx;
    enum wrong wrong;
    int wraps;
};

static envres_status
wrap(const uint8_t *id, const uint8_t *key, const uint8_t *aad, size_t aad_len, uint8_t *blob,
     size_t cap, size_t *blob_len, void *user)
{
    struct provider *provider = user;
    (void)id;
    (void)aad;
    (void)aad_len;
    provider->wraps++;
    for (size_t i = 0; i < 32; i++)
        blob[i] = key[i] ^ 0x33;
    *blob_len = provider->wrong == WRAP_NOTHING    ? 0
                : provider->wrong == WRAP_TOO_MUCH ? cap + 1
                                                   : 32;
    if (provider->wrong == CALLS_BACK) { /* the store, and its own slots, while it is asked */
        add_key(provider->fx, 0x60, 2);
        slots_are(provider->fx, "1 key [], 2 key [a key]");
    }
    return provider->wrong == WRAP_FAILS ? ENVRES_E_IO : ENVRES_OK;
}

static envres_status
unwrap(const uint8_t *id, const uint8_t *blob, size_t blob_len, const uint8_t *aad, size_t aad_len,
       uint8_t *key, void *user)
{
    struct provider *provider = user;
    (void)id;
    (void)aad;
    (void)aad_len;
    if (provider->wrong == UNWRAP_FAILS || blob_len != 32)
        return ENVRES_E_IO;
    for (size_t i = 0; i < 32; i++)
        key[i] = blob[i] ^ (provider->wrong == UNWRAP_OTHER ? 0x34 : 0x33);
    return ENVRES_OK;
}

static void
a_provider_that_misbehaves_makes_no_slot(void **state)
{
    struct fx *fx = *state;
    struct provider provider = { .fx = fx };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PROVIDER,
                                     .wrap = wrap,
                                     .unwrap = unwrap,
                                     .user = &provider };
    for (int wrong = WRAP_FAILS; wrong <= UNWRAP_OTHER; wrong++) {
        print_message("%d\n", wrong);
        provider.wrong = (enum wrong)wrong;
        FAILS(fx, ENVRES_E_CALLBACK,
              envres_slot_add(fx->session, "", 0, &credential, NULL, NULL, fx->err));
        FAILS(fx, ENVRES_E_CALLBACK,
              envres_slot_change(fx->session, 1, &credential, NULL, fx->err));
        slots_are(fx, "1 key []");
    }
    provider.wrong = CALLS_BACK;
    OK(fx, envres_slot_add(fx->session, "kms", TEXT, &credential, NULL, NULL, fx->err));
    slots_are(fx, "1 key [], 2 key [a key], 3 provider [kms]");
    provider.wrong = GOOD;
    OK(fx, opens(fx, &credential));
    provider.wrong = UNWRAP_FAILS;
    FAILS(fx, ENVRES_E_CALLBACK, opens(fx, &credential));
    provider.wrong = UNWRAP_OTHER;
    FAILS(fx, ENVRES_E_KEY, opens(fx, &credential));
    /* Nothing is asked of a provider in the name of another. */
    envres_session *as = NULL;
    int wraps = provider.wraps;
    provider.wrong = GOOD;
    uint8_t key[32];
    add_principal(fx, "nora", ENVRES_ROLE_OWNER, NULL, key);
    OK(fx, envres_session_as(fx->session, "nora", TEXT, &as, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_add(as, "", 0, &credential, NULL, NULL, fx->err));
    assert_int_equal(provider.wraps, wraps);
    envres_session_close(as);
}

/* ---- 34: what was wrapped before is nowhere in the file ------------------------------------- */

/* How often bytes stand in a file of the store's folder. */
static int
count_bytes(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "rb");
    int found = 0;
    if (!file)
        return 0;
    static char data[8 << 20];
    size_t size = fread(data, 1, sizeof(data), file);
    fclose(file);
    assert_true(size < sizeof(data));
    for (const char *at = data; (at = memmem(at, size - (size_t)(at - data), bytes, len)); at++)
        found++;
    return found;
}

/* The sealed seed of the newest slot, read where a thief would: found by what is new in the file.
 */
static void
read_body(const char *path, const char *principal, int64_t ordinal, uint8_t body[160])
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "SELECT body FROM slot s JOIN principal p ON p.id = s.principal_id"
             " WHERE p.name = '%s' AND s.ordinal = %lld AND p.removed_at IS NULL",
             principal, (long long)ordinal);
    assert_int_equal(raw_blob(path, sql, body, 160), 160);
}

static void
what_was_wrapped_before_is_gone(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    char journal[128];
    uint8_t changed[160];
    uint8_t removed[160];
    uint8_t retired[160];
    uint8_t now[160];
    uint8_t key[32];
    uint8_t fresh[32] = { 0x21 };
    envres_credential credential = raw_key(fresh);
    snprintf(journal, sizeof(journal), "%s-journal", place->path);
    for (uint8_t i = 2; i <= 9; i++)
        add_key(fx, i, i);
    add_principal(fx, "otto", ENVRES_ROLE_VIEWER, NULL, key);
    read_body(place->path, "owner", 5, changed);
    read_body(place->path, "owner", 6, removed);
    read_body(place->path, "otto", 1, retired);
    assert_int_equal(count_bytes(place->path, changed, 160), 1); /* the scan finds what is there */
    OK(fx, envres_slot_change(fx->session, 5, &credential, NULL, fx->err));
    OK(fx, envres_slot_remove(fx->session, 6, NULL, fx->err));
    fresh[0]++;
    OK(fx, envres_principal_rekey(fx->session, "otto", TEXT, &credential, NULL, fx->err));
    read_body(place->path, "owner", 5, now);
    assert_int_equal(count_bytes(place->path, now, 160), 1);
    const uint8_t *const gone[] = { changed, removed, retired };
    for (size_t i = 0; i < 3; i++) {
        /* Nonce, commitment and sealed seed each by itself: not half of it either. */
        static const size_t parts[][2] = { { 56, 24 }, { 80, 32 }, { 112, 48 } };
        for (size_t part = 0; part < 3; part++) {
            assert_int_equal(count_bytes(place->path, gone[i] + parts[part][0], parts[part][1]), 0);
            assert_int_equal(count_bytes(journal, gone[i] + parts[part][0], parts[part][1]), 0);
        }
    }
}

/* ---- a new identity ------------------------------------------------------------------------- */

static envres_status
uses(struct fx *fx, envres_session *session, const char *environment)
{
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    envres_status st = envres_scope_open(session, environment, TEXT, NULL, &scope, fx->err);
    if (st == ENVRES_OK)
        st = envres_scope_get(scope, "SECRET", TEXT, &value, fx->err);
    envres_value_free(value);
    envres_scope_unref(scope);
    return st;
}

static size_t
rows_of(struct fx *fx, const char *name)
{
    envres_list *list = NULL;
    size_t rows = 0;
    OK(fx, envres_principal_list(fx->session, &list, fx->err));
    for (size_t i = 0; i < envres_list_count(list); i++)
        rows += strcmp(envres_list_text(list, i, ENVRES_PRINCIPAL_NAME, NULL), name) == 0;
    envres_list_free(list);
    return rows;
}

static envres_status
grant(struct fx *fx, envres_session *session, const char *name, uint32_t role,
      const char *environment)
{
    envres_role given = { .size = sizeof(given),
                          .role = role,
                          .principal = name,
                          .principal_len = TEXT,
                          .environment = environment,
                          .environment_len = environment ? TEXT : 0 };
    return envres_role_grant(session, &given, NULL, fx->err);
}

static void
a_lost_key_is_followed_by_another(void **state)
{
    struct fx *fx = *state;
    uint8_t lost[32];
    uint8_t found[32];
    uint8_t victor[32];
    envres_list *list = NULL;
    memset(found, 0x11, sizeof(found));
    envres_credential old = raw_key(lost);
    envres_credential new = raw_key(found);
    OK(fx, fx_put(fx, "staging", "SECRET", "s", 0, ENVRES_WRITE_SECRET));
    OK(fx, fx_put(fx, "production", "SECRET", "p", 0, ENVRES_WRITE_SECRET));
    add_principal(fx, "ann", ENVRES_ROLE_ADMIN, NULL, lost);
    OK(fx, grant(fx, fx->session, "ann", ENVRES_ROLE_EDITOR, "staging"));
    envres_session *before = session_of(fx, lost);
    add_principal(fx, "victor", 0, NULL, victor);
    OK(fx, grant(fx, before, "victor", ENVRES_ROLE_EDITOR, "staging")); /* of ann's giving */
    OK(fx, envres_principal_rekey(fx->session, "ann", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_KEY, opens(fx, &old));
    /* Who is still in with the old key can do nothing any more. */
    FAILS(fx, ENVRES_E_DENIED, uses(fx, before, "staging"));
    FAILS(fx, ENVRES_E_DENIED, grant(fx, before, "victor", ENVRES_ROLE_VIEWER, NULL));
    FAILS(fx, ENVRES_E_DENIED, envres_slot_add(before, "", 0, &old, NULL, NULL, fx->err));
    envres_session_close(before);
    envres_session *after = session_of(fx, found);
    OK(fx, uses(fx, after, "staging"));
    OK(fx, uses(fx, after, "production"));
    assert_int_equal(rows_of(fx, "ann"), 2);
    /* What ann had given counts on, and what she gives now counts. */
    envres_session *friend = session_of(fx, victor);
    OK(fx, uses(fx, friend, "staging"));
    FAILS(fx, ENVRES_E_DENIED, uses(fx, friend, "production"));
    envres_session_close(friend);
    OK(fx, grant(fx, after, "victor", ENVRES_ROLE_RUNTIME, "production"));
    friend = session_of(fx, victor);
    OK(fx, uses(fx, friend, "production"));
    envres_session_close(friend);
    envres_session_close(after);
    /* The audit knows both, and every signature in it still verifies. */
    OK(fx, envres_audit_verify(fx->session, NULL, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
    OK(fx, envres_store_verify(fx->store, fx->session, &list, fx->err));
    assert_int_equal(envres_list_count(list), 0);
    envres_list_free(list);
}

static void
who_may_give_a_new_identity(void **state)
{
    struct fx *fx = *state;
    uint8_t key[32];
    uint8_t fresh[32] = { 0x13 };
    envres_credential new = raw_key(fresh);
    add_principal(fx, "ada", ENVRES_ROLE_ADMIN, NULL, key);
    envres_session *ada = session_of(fx, key);
    add_principal(fx, "edda", ENVRES_ROLE_EDITOR, NULL, key);
    envres_session *edda = session_of(fx, key);
    FAILS(fx, ENVRES_E_OWN_CHANGE,
          envres_principal_rekey(fx->session, "owner", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_OWN_CHANGE, envres_principal_rekey(ada, "ada", TEXT, &new, NULL, fx->err));
    /* An administrator is not made owner that way, nor an editor anything. */
    FAILS(fx, ENVRES_E_DENIED, envres_principal_rekey(ada, "owner", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_principal_rekey(edda, "ada", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_DENIED, envres_principal_rekey(edda, "edda", TEXT, &new, NULL, fx->err));
    /* 49: whoever may not ask learns nothing of who there is. */
    FAILS(fx, ENVRES_E_DENIED, envres_principal_rekey(edda, "nobody", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_NO_PRINCIPAL,
          envres_principal_rekey(ada, "nobody", TEXT, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_NO_PRINCIPAL, envres_principal_rekey(ada, "", 0, &new, NULL, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_principal_rekey(ada, NULL, 0, &new, NULL, fx->err));
    new.secret_len = 31;
    FAILS(fx, ENVRES_E_KEY_FORMAT,
          envres_principal_rekey(fx->session, "edda", TEXT, &new, NULL, fx->err));
    new.secret_len = 32;
    OK(fx, envres_principal_rekey(ada, "edda", TEXT, &new, NULL, fx->err));
    OK(fx, opens(fx, &new));
    envres_session_close(ada);
    envres_session_close(edda);
}

/* 48: owners give each other new identities, and nobody takes away the ground they stand on: a role
 * counts by who gave it. */
static void
owners_help_each_other(void **state)
{
    struct fx *fx = *state;
    uint8_t key[32];
    uint8_t fresh[32] = { 0x15 };
    envres_credential new = raw_key(fresh);
    add_principal(fx, "otto", ENVRES_ROLE_OWNER, NULL, key);
    envres_session *otto = session_of(fx, key);
    OK(fx, envres_principal_rekey(otto, "owner", TEXT, &new, NULL, fx->err));
    envres_session *owner = session_of(fx, fresh);
    uint8_t again[32] = { 0x16 };
    envres_credential other = raw_key(again);
    FAILS(fx, ENVRES_E_OWN_CHANGE,
          envres_principal_rekey(owner, "otto", TEXT, &other, NULL, fx->err));
    fx_hint(fx, "another owner");
    add_principal_by(fx, otto, "olga", ENVRES_ROLE_OWNER, NULL, key);
    envres_session *olga = session_of(fx, key);
    FAILS(fx, ENVRES_E_OWN_CHANGE,
          envres_principal_rekey(olga, "otto", TEXT, &other, NULL, fx->err));
    OK(fx, envres_principal_rekey(otto, "olga", TEXT, &other, NULL, fx->err));
    envres_session_close(olga);
    envres_session_close(otto);
    envres_session_close(fx->session);
    fx->session = owner;
}

/* ---- the root that a host pins -------------------------------------------------------------- */

static void
a_pinned_root_is_compared_first(void **state)
{
    struct fx *fx = *state;
    uint8_t root[32] = { 0 };
    uint8_t other[32];
    uint8_t wrong[32] = { 7 };
    uint8_t key[32];
    envres_session *session = NULL;
    OK(fx, envres_root_key(fx->session, root, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_root_key(fx->session, NULL, fx->err));
    envres_credential credential = raw_key(fx->key);
    credential.root = root;
    OK(fx, opens(fx, &credential));
    memcpy(other, root, sizeof(other));
    other[31] ^= 1;
    credential.root = other;
    FAILS(fx, ENVRES_E_ROOT,
          envres_session_open(fx->store, NULL, 0, &credential, &session, fx->err));
    assert_null(session);
    /* Before any key is looked at. */
    credential.secret = wrong;
    FAILS(fx, ENVRES_E_ROOT, opens(fx, &credential));
    credential.root = root;
    FAILS(fx, ENVRES_E_KEY, opens(fx, &credential));
    /* It is the same for everybody, and it stays when the first owner is given a new key. */
    add_principal(fx, "otto", ENVRES_ROLE_OWNER, NULL, key);
    envres_session *otto = session_of(fx, key);
    uint8_t fresh[32] = { 0x15 };
    envres_credential new = raw_key(fresh);
    OK(fx, envres_principal_rekey(otto, "owner", TEXT, &new, NULL, fx->err));
    OK(fx, envres_root_key(otto, other, fx->err));
    assert_memory_equal(other, root, sizeof(root));
    envres_session_close(fx->session);
    fx->session = otto;
    new.root = root;
    OK(fx, opens(fx, &new));
}

/* A store that somebody made in its place, with everything under a root of their own. */
static void
an_exchanged_root_is_seen(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    char copy[128];
    uint8_t root[32] = { 0 };
    struct fx other = { .err = fx->err };
    envres_credential credential = raw_key(fx->key);
    OK(fx, envres_root_key(fx->session, root, fx->err));
    snprintf(copy, sizeof(copy), "%s/copy.db", place->folder);
    OK(fx, envres_store_create(copy, TEXT, NULL, &credential, &other.store, fx->err));
    OK(fx, opens(&other, &credential));
    credential.root = root;
    FAILS(fx, ENVRES_E_ROOT, opens(&other, &credential));
    envres_store_close(other.store);
    unlink(copy);
    strcat(copy, "-journal");
    unlink(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define MEMORY(test)  cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)
#define IN_FILE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
        MEMORY(slots_come_change_and_go),
        MEMORY(a_repeated_call_adds_one_slot),
        MEMORY(a_principal_has_sixteen_slots),
        MEMORY(what_cannot_be_a_slot),
        MEMORY(slots_are_ones_own),
        MEMORY(every_change_has_its_entry),
        IN_FILE(a_set_that_was_meddled_with),
        MEMORY(a_provider_that_misbehaves_makes_no_slot),
        IN_FILE(what_was_wrapped_before_is_gone),
        MEMORY(a_lost_key_is_followed_by_another),
        MEMORY(who_may_give_a_new_identity),
        MEMORY(owners_help_each_other),
        MEMORY(a_pinned_root_is_compared_first),
        IN_FILE(an_exchanged_root_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
