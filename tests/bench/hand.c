/* SPDX-License-Identifier: MIT */
/*
 * Formats as in docs/file-format.md; see there for offsets and names.
 */
#include "hand.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ID = 16,
    NONCE = 24,
    TAG = 16,
    HEADER = 8,
    AT_NONCE = 8,
    AT_COMMIT = 32,
    AT_CIPHER = 64,
    PLAIN_HEADER = 32 + 1 + 4,
    TYPE_STRING = 1,
    KIND_VARIABLE = 1,
    BOUND_MAX = 512
};

void
hand_expect(sqlite3 *db, int status, int expected, const char *what)
{
    if (status == expected)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, db ? sqlite3_errmsg(db) : "failed");
    exit(1);
}

void
hand_exec(sqlite3 *db, const char *sql)
{
    hand_expect(db, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql);
}

static void
expect(bool good, const char *what)
{
    hand_expect(NULL, good, 1, what);
}

/* ---- canonical encoding --------------------------------------------------------------------- */

struct writer {
    uint8_t data[BOUND_MAX];
    size_t len;
};

static void
put(struct writer *w, const void *data, size_t len)
{
    memcpy(w->data + w->len, data, len);
    w->len += len;
}

static void
put_number(struct writer *w, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        w->data[w->len++] = (uint8_t)(value >> (8 * i));
}

static void
put_text(struct writer *w, const char *text, size_t len)
{
    put_number(w, len, 4);
    put(w, text, len);
}

static uint32_t
get32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- boxes ---------------------------------------------------------------------------------- */

static void
derive(uint8_t material[64], const char *personal, const uint8_t *key, const uint8_t *salt,
       const uint8_t *message, size_t len)
{
    uint8_t padded[16] = { 0 };
    memcpy(padded, personal, strlen(personal));
    crypto_generichash_blake2b_salt_personal(material, 64, message, len, key, key ? 32 : 0, salt,
                                             padded);
}

static void
open_box(const uint8_t material[64], const uint8_t *nonce, const uint8_t *commitment,
         const uint8_t *cipher, size_t cipher_len, const uint8_t *bound, size_t bound_len,
         uint8_t *plain)
{
    expect(sodium_memcmp(material + 32, commitment, 32) == 0 &&
               crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, cipher, cipher_len,
                                                          bound, bound_len, nonce, material) == 0,
           "a box does not open by hand");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static sqlite3_stmt *
prepare(struct hand *hand, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    hand_expect(hand->db, sqlite3_prepare_v2(hand->db, sql, -1, &stmt, NULL), SQLITE_OK, sql);
    return stmt;
}

static void
unlock(struct hand *hand, const uint8_t raw_key[32], uint8_t principal[ID], uint8_t box_public[32],
       uint8_t box_secret[32])
{
    uint8_t material[64], seed[32], sub[32];
    sqlite3_stmt *stmt = prepare(hand, "SELECT principal_id, body FROM slot");
    hand_expect(hand->db, sqlite3_step(stmt), SQLITE_ROW, "slot");
    memcpy(principal, sqlite3_column_blob(stmt, 0), ID);
    const uint8_t *body = sqlite3_column_blob(stmt, 1);
    derive(material, "envres1/slot-raw", raw_key, principal, body, 80);
    open_box(material, body + 56, body + 80, body + 112, 48, body, 80, seed);
    crypto_kdf_derive_from_key(sub, sizeof(sub), 1, "envrID01", seed);
    crypto_box_seed_keypair(box_public, box_secret, sub);
    sqlite3_finalize(stmt);
}

static void
take_key(struct hand *hand, const uint8_t *principal, const uint8_t *box_public,
         const uint8_t *box_secret, int key_class, uint8_t out[32])
{
    uint8_t material[64], key[32], shared[32];
    struct writer context = { .len = 0 };
    struct writer message = { .len = 0 };
    sqlite3_stmt *stmt = prepare(hand, "SELECT body FROM key_grant WHERE environment_id = ?1 AND"
                                       " generation = ?2 AND class = ?3 AND principal_id = ?4");
    sqlite3_bind_blob(stmt, 1, hand->environment, ID, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, hand->generation);
    sqlite3_bind_int(stmt, 3, key_class);
    sqlite3_bind_blob(stmt, 4, principal, ID, SQLITE_STATIC);
    hand_expect(hand->db, sqlite3_step(stmt), SQLITE_ROW, "grant");
    const uint8_t *body = sqlite3_column_blob(stmt, 0);
    put_number(&context, 1, 1);
    put(&context, hand->workspace, ID);
    put(&context, hand->environment, ID);
    put_number(&context, hand->generation, 4);
    put(&context, principal, ID);
    put_number(&context, (uint64_t)key_class, 1);
    expect(crypto_scalarmult(shared, box_secret, body) == 0, "a grant has a low-order key");
    put(&message, shared, 32);
    put(&message, body, 32);
    put(&message, box_public, 32);
    put(&message, context.data, context.len);
    derive(material, "envres1/wrap-x25", NULL, NULL, message.data, message.len);
    open_box(material, body + 32, body + 56, body + 88, 48, context.data, context.len, key);
    crypto_kdf_derive_from_key(out, 32, 1, "envrEK01", key);
    sqlite3_finalize(stmt);
}

void
hand_open(struct hand *hand, const char *path, const uint8_t raw_key[32], const char *environment)
{
    uint8_t principal[ID], box_public[32], box_secret[32];
    memset(hand, 0, sizeof(*hand));
    expect(sodium_init() >= 0, "libsodium");
    hand_expect(hand->db, sqlite3_open_v2(path, &hand->db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK,
                "opening by hand");
    sqlite3_stmt *stmt =
        prepare(hand, "SELECT id, workspace_id, generation FROM environment WHERE key = ?1");
    sqlite3_bind_text(stmt, 1, environment, -1, SQLITE_STATIC);
    hand_expect(hand->db, sqlite3_step(stmt), SQLITE_ROW, "environment");
    memcpy(hand->environment, sqlite3_column_blob(stmt, 0), ID);
    memcpy(hand->workspace, sqlite3_column_blob(stmt, 1), ID);
    hand->generation = (uint32_t)sqlite3_column_int64(stmt, 2);
    sqlite3_finalize(stmt);
    unlock(hand, raw_key, principal, box_public, box_secret);
    take_key(hand, principal, box_public, box_secret, 1, hand->plain_key);
    take_key(hand, principal, box_public, box_secret, 2, hand->secret_key);
    hand->rows = prepare(hand, "SELECT object_id, name, revision, secret, content, record FROM"
                               " setting WHERE environment_id = ?1 AND until IS NULL");
    sqlite3_bind_blob(hand->rows, 1, hand->environment, ID, SQLITE_STATIC);
}

void
hand_close(struct hand *hand)
{
    sqlite3_finalize(hand->rows);
    hand_expect(hand->db, sqlite3_close(hand->db), SQLITE_OK, "closing by hand");
}

bool
hand_next(struct hand *hand, struct hand_row *row)
{
    int status = sqlite3_step(hand->rows);
    if (status == SQLITE_DONE)
        return false;
    hand_expect(hand->db, status, SQLITE_ROW, "rows");
    row->object = sqlite3_column_blob(hand->rows, 0);
    row->name = (const char *)sqlite3_column_text(hand->rows, 1);
    row->name_len = (size_t)sqlite3_column_bytes(hand->rows, 1);
    row->revision = sqlite3_column_int64(hand->rows, 2);
    row->secret = sqlite3_column_int(hand->rows, 3) != 0;
    row->content = sqlite3_column_blob(hand->rows, 4);
    row->record = sqlite3_column_blob(hand->rows, 5);
    row->record_len = (size_t)sqlite3_column_bytes(hand->rows, 5);
    return true;
}

void
hand_rewind(struct hand *hand)
{
    sqlite3_reset(hand->rows);
}

/* ---- records -------------------------------------------------------------------------------- */

/* nonce, then what is bound: the hash takes all of it, the AEAD what follows the nonce. */
static void
put_bound(struct writer *w, const struct hand *hand, const struct hand_row *row,
          const uint8_t *record, const uint8_t *content)
{
    put(w, record + AT_NONCE, NONCE);
    put(w, record, HEADER);
    put(w, hand->workspace, ID);
    put(w, hand->environment, ID);
    put_number(w, KIND_VARIABLE, 1);
    put(w, row->object, ID);
    put_text(w, "", 0);
    put_text(w, row->name, row->name_len);
    put_number(w, (uint64_t)row->revision, 8);
    put_number(w, row->secret, 1);
    put_number(w, TYPE_STRING, 1);
    put(w, content, HAND_CONTENT);
}

size_t
hand_unseal(const struct hand *hand, const struct hand_row *row, char *out)
{
    uint8_t material[64], plain[HAND_RECORD_MAX];
    struct writer bound = { .len = 0 };
    put_bound(&bound, hand, row, row->record, row->content);
    derive(material, "envres1/record", row->secret ? hand->secret_key : hand->plain_key, NULL,
           bound.data, bound.len);
    open_box(material, row->record + AT_NONCE, row->record + AT_COMMIT, row->record + AT_CIPHER,
             row->record_len - AT_CIPHER, bound.data + NONCE, bound.len - NONCE, plain);
    size_t len = get32(plain + 33);
    memcpy(out, plain + PLAIN_HEADER, len);
    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(material, sizeof(material));
    return len;
}

static void
content_of(uint8_t content[HAND_CONTENT], const struct hand *hand, const struct hand_row *row,
           const uint8_t r[32], const char *value, size_t value_len)
{
    static const uint8_t personal[16] = "envres1/content";
    struct writer w = { .len = 0 };
    put(&w, hand->workspace, ID);
    put(&w, hand->environment, ID);
    put_number(&w, KIND_VARIABLE, 1);
    put(&w, row->object, ID);
    put_text(&w, "", 0);
    put_text(&w, row->name, row->name_len);
    put_number(&w, (uint64_t)row->revision, 8);
    put_number(&w, TYPE_STRING, 1);
    put(&w, value, value_len);
    crypto_generichash_blake2b_salt_personal(content, HAND_CONTENT, w.data, w.len, r, 32, NULL,
                                             personal);
}

size_t
hand_seal(const struct hand *hand, const struct hand_row *row, const char *value, size_t value_len,
          uint8_t record[HAND_RECORD_MAX], uint8_t content[HAND_CONTENT])
{
    uint8_t material[64], plain[HAND_RECORD_MAX] = { 0 };
    struct writer head = { .len = 0 };
    struct writer bound = { .len = 0 };
    size_t n = (PLAIN_HEADER + value_len + 63) / 64 * 64;
    randombytes_buf(plain, 32);
    plain[32] = TYPE_STRING;
    put_number(&head, 0x0101, 4);
    put_number(&head, hand->generation, 4);
    memcpy(record, head.data, HEADER);
    randombytes_buf(record + AT_NONCE, NONCE);
    content_of(content, hand, row, plain, value, value_len);
    for (size_t i = 0; i < 4; i++)
        plain[33 + i] = (uint8_t)(value_len >> (8 * i));
    memcpy(plain + PLAIN_HEADER, value, value_len);
    put_bound(&bound, hand, row, record, content);
    derive(material, "envres1/record", row->secret ? hand->secret_key : hand->plain_key, NULL,
           bound.data, bound.len);
    memcpy(record + AT_COMMIT, material + 32, 32);
    crypto_aead_xchacha20poly1305_ietf_encrypt(record + AT_CIPHER, NULL, plain, n,
                                               bound.data + NONCE, bound.len - NONCE, NULL,
                                               record + AT_NONCE, material);
    sodium_memzero(plain, n);
    sodium_memzero(material, sizeof(material));
    return AT_CIPHER + n + TAG;
}
