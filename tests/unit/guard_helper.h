/* SPDX-License-Identifier: MIT */
/* What the tests of lib/guard share: random bytes by script, vectors, a memory store, findings. */
#ifndef ENVRES_TESTS_GUARD_HELPER_H
#define ENVRES_TESTS_GUARD_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "guard/arena.h"
#include "guard/keyring.h"
#include "storage/db.h"

/* ---- random bytes: those of the script first, then the system's ---- */

struct script {
    uint8_t bytes[512];
    size_t len;
    size_t at;
};

static struct script script;

static inline void
script_fill(void *const out, const size_t size)
{
    uint8_t *to = out;
    size_t left = script.len - script.at < size ? script.len - script.at : size;
    memcpy(to, script.bytes + script.at, left);
    script.at += left;
    for (size_t at = left; at < size; at += 256) {
        size_t some = size - at < 256 ? size - at : 256;
        if (getrandom(to + at, some, 0) != (ssize_t)some)
            abort();
    }
}

static inline uint32_t
script_u32(void)
{
    uint32_t v = 0;
    script_fill(&v, sizeof(v));
    return v;
}

static inline const char *
script_name(void)
{
    return "script";
}

static inline void
script_nothing(void)
{
}

static inline int
script_close(void)
{
    return 0;
}

static inline void
script_install(void)
{
    static randombytes_implementation implementation = { script_name, script_u32,  script_nothing,
                                                         NULL,        script_fill, script_close };
    assert_int_equal(randombytes_set_implementation(&implementation), 0);
}

static inline void
script_clear(void)
{
    script.len = script.at = 0;
}

static inline void
script_add(const void *data, size_t len)
{
    assert_true(script.len + len <= sizeof(script.bytes));
    memcpy(script.bytes + script.len, data, len);
    script.len += len;
}

/* ---- vectors ---- */

struct vectors {
    char *text;
    struct json_doc *doc;
};

static inline void
vectors_open(struct vectors *v)
{
    FILE *file = fopen(TEST_VECTORS "/crypto.json", "rb");
    assert_non_null(file);
    v->text = malloc(1 << 20);
    assert_non_null(v->text);
    size_t len = fread(v->text, 1, 1 << 20, file);
    fclose(file);
    assert_int_equal(json_parse(&mem_default, v->text, len, &v->doc, NULL), ENVRES_OK);
}

static inline void
vectors_close(struct vectors *v)
{
    json_free(v->doc);
    free(v->text);
}

static inline uint32_t
vector_at(const struct vectors *v, uint32_t node, const char *key)
{
    uint32_t found = json_member(v->doc, node, key);
    if (found == JSON_NONE)
        fail_msg("crypto.json has no '%s' there", key);
    return found;
}

static inline uint64_t
vector_int(const struct vectors *v, uint32_t node, const char *key)
{
    struct slice span = json_span(v->doc, vector_at(v, node, key));
    return strtoull(span.data, NULL, 10);
}

/* The text between the quotes; no vector has an escape. */
static inline struct slice
vector_text(const struct vectors *v, uint32_t node, const char *key)
{
    struct slice span = json_span(v->doc, vector_at(v, node, key));
    assert_true(span.len >= 2 && span.data[0] == '"');
    span.data++;
    span.len -= 2;
    return span;
}

static inline size_t
vector_hex(const struct vectors *v, uint32_t node, const char *key, void *out, size_t cap)
{
    struct slice hex = vector_text(v, node, key);
    assert_true(hex.len % 2 == 0 && hex.len / 2 <= cap);
    assert_true(text_unhex(out, hex.len / 2, hex));
    return hex.len / 2;
}

static inline void
vector_id(const struct vectors *v, uint32_t node, const char *key, void *out, size_t len)
{
    assert_int_equal(vector_hex(v, node, key, out, len), len);
}

static inline void
vector_script(const struct vectors *v, uint32_t node, const char *key)
{
    uint8_t bytes[256];
    script_add(bytes, vector_hex(v, node, key, bytes, sizeof(bytes)));
}

/* ---- a store in memory, in one long write transaction ---- */

static inline struct db *
memory_db(void)
{
    struct db_options options = { .mem = &mem_default,
                                  .clock = &clock_system,
                                  .flags = DB_CREATE | DB_RELAXED };
    envres_error *err = envres_error_new(NULL);
    struct db *db = NULL;
    if (db_open(&options, &db, err) != ENVRES_OK)
        fail_msg("db_open: %s", envres_error_message(err));
    assert_int_equal(db_begin_write(db, err), ENVRES_OK);
    envres_error_free(err);
    return db;
}

static inline void
memory_db_close(struct db *db)
{
    assert_int_equal(db_end(db, ENVRES_OK, NULL, NULL), ENVRES_OK);
    db_close(db);
}

/* Runs a statement with up to two blobs bound; `sql` is of static storage. */
static inline envres_status
run_sql(struct db *db, const char *sql, const void *first, size_t first_len, const void *second,
        size_t second_len)
{
    struct db_stmt *stmt = NULL;
    envres_error *err = envres_error_new(NULL);
    envres_status st = db_use(db, sql, &stmt, err);
    if (st == ENVRES_OK) {
        if (first)
            db_bind_blob(stmt, 1, first, first_len);
        if (second)
            db_bind_blob(stmt, 2, second, second_len);
        st = db_run(stmt, err);
    }
    if (st < 0)
        print_message("%s: %s\n", sql, envres_error_message(err));
    envres_error_free(err);
    return st;
}

static inline void
must_sql(struct db *db, const char *sql, const void *first, size_t first_len, const void *second,
         size_t second_len)
{
    envres_status st = run_sql(db, sql, first, first_len, second, second_len);
    if (st != ENVRES_OK)
        fail_msg("%s: %s", sql, envres_status_name(st));
}

static inline void
add_workspace(struct db *db, const uint8_t *id, const char *name)
{
    must_sql(db,
             "INSERT INTO workspace VALUES (?1, CAST(?2 AS TEXT), zeroblob(32), 0,"
             " NULL, NULL, 1)",
             id, SEAL_ID, name, strlen(name));
}

static inline void
add_environment(struct db *db, const uint8_t *id, const uint8_t *workspace, const char *key)
{
    static const char sql[] = "INSERT INTO environment VALUES"
                              " (?1, ?2, ?3, '', NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 1, x'', 1)";
    struct db_stmt *stmt = NULL;
    assert_int_equal(db_use(db, sql, &stmt, NULL), ENVRES_OK);
    db_bind_blob(stmt, 1, id, SEAL_ID);
    db_bind_blob(stmt, 2, workspace, SEAL_ID);
    db_bind_text(stmt, 3, key, strlen(key));
    assert_int_equal(db_run(stmt, NULL), ENVRES_OK);
}

/* ---- findings ---- */

struct findings {
    int count;
    char object[256]; /* of the first */
    char message[256];
};

static inline void
take_finding(void *user, const char *code, const char *object, const char *message)
{
    struct findings *findings = user;
    assert_string_equal(code, "ENVRES_E_INTEGRITY");
    if (findings->count++ == 0) {
        snprintf(findings->object, sizeof(findings->object), "%s", object);
        snprintf(findings->message, sizeof(findings->message), "%s", message);
    }
}

/* ---- principals ---- */

static inline envres_credential
raw_credential(const uint8_t key[32], const char *principal)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .principal = principal,
                                     .principal_len = principal ? strlen(principal) : 0,
                                     .secret = key,
                                     .secret_len = 32 };
    return credential;
}

static inline envres_credential
passphrase_credential(const char *text, size_t len, const char *principal)
{
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_PASSPHRASE,
                                     .principal = principal,
                                     .principal_len = principal ? strlen(principal) : 0,
                                     .secret = (const uint8_t *)text,
                                     .secret_len = len,
                                     .kdf_passes = LIMIT_KDF_PASSES_MIN,
                                     .kdf_memory = LIMIT_KDF_MEMORY_MIN };
    return credential;
}

/* An identity with the seed and id that are given; stored when `db` is. */
static inline struct identity *
make_identity(struct db *db, struct arena *arena, const uint8_t *workspace, const char *name,
              const uint8_t *seed, const uint8_t *id, const uint8_t *raw_key)
{
    struct new_principal made;
    envres_credential credential = raw_credential(raw_key, NULL);
    script_clear();
    if (seed) {
        script_add(seed, 32);
        script_add(id, SEAL_ID);
    }
    envres_error *err = envres_error_new(NULL);
    if (principal_make(arena, &mem_default, name, &credential, 0, &made, err) != ENVRES_OK)
        fail_msg("principal_make: %s", envres_error_message(err));
    if (db && principal_insert(db, workspace, &made, 5, err) != ENVRES_OK)
        fail_msg("principal_insert: %s", envres_error_message(err));
    envres_error_free(err);
    struct identity *identity = identity_ref(made.identity);
    new_principal_free(&made);
    script_clear();
    return identity;
}

/* ---- an allocator that fails at its n-th request ---- */

struct failing {
    int left;
    bool hit;
};

static inline void *
failing_reallocate(void *ptr, size_t size, void *user)
{
    struct failing *f = user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (f->left-- <= 0) {
        f->hit = true;
        return NULL;
    }
    return realloc(ptr, size);
}

#endif
