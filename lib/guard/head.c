/* SPDX-License-Identifier: MIT */
/*
 * The sealed head of an environment, format 1:
 *
 *    0  format 1 | alg 1 | 0 0     4  generation u32     8  nonce (24)     32  commitment (32)
 *   64  ciphertext of epoch | revision | current count | kept count (u64 each) | current | kept (32
 *       each)     160  tag (16)
 *
 * Bound: bytes 0..7, the ids, and CE of the environment's own row. The sums are sealed, never in
 * clear: they are linear over GF(2), and whoever saw enough of them could make another set of rows
 * with the same sum. The counts stand beside the sums for the rows that cancel each other out.
 * Replay of a whole older file is not noticed here.
 */
#include "guard/head.h"

#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "guard/box.h"

enum {
    ALG_BLAKE2B_XCHACHA = 1,
    AT_GENERATION = 4,
    AT_NONCE = 8,
    AT_COMMIT = AT_NONCE + BOX_NONCE,
    AT_CIPHER = AT_COMMIT + BOX_COMMIT,
    HEADER_BOUND = 8,
    HEAD_PLAIN = 4 * 8 + 2 * SEAL_DIGEST,
    HEAD_SIZE = AT_CIPHER + HEAD_PLAIN + BOX_TAG,
    ROW_MAX = 2 * SEAL_ID + 3 * (4 + LIMIT_NAME) + 8 + 3 + SEAL_DIGEST + 8,
    BOUND_MAX = BOX_NONCE + HEADER_BOUND + 2 * SEAL_ID + 4 + LIMIT_ENVIRONMENT_KEY + 4 +
                LIMIT_LABEL + 4 + LIMIT_COLOR + 8 + 1 + 8 + 4 + 4
};

static void
write_row(struct ce *ce, const struct head_row *row)
{
    ce_bytes(ce, row->object, SEAL_ID);
    ce_text(ce, row->field);
    ce_u64(ce, row->revision);
    ce_u8(ce, row->state);
    ce_u8(ce, row->object_class);
    ce_text(ce, row->name);
    ce_text(ce, row->kind);
    ce_u8(ce, row->secret);
    ce_bytes(ce, row->content, SEAL_DIGEST);
    ce_bytes(ce, row->author, SEAL_ID);
    ce_u64(ce, (uint64_t)row->time);
}

/* A row whose names are longer than any that was ever written cannot be one that a sum holds. Its
 * hash need only differ from all others: a random one does. */
void
head_row_hash(const struct env_keys *keys, const struct head_row *row, uint8_t out[SEAL_DIGEST])
{
    uint8_t room[ROW_MAX];
    struct ce ce;
    ce_init(&ce, room, sizeof(room));
    write_row(&ce, row);
    if (ce.failed) {
        randombytes_buf(out, SEAL_DIGEST);
        return;
    }
    box_digest(out, "envres1/rowset", keys->row, ce.data, ce.len);
}

void
head_toggle(uint8_t sum[SEAL_DIGEST], const uint8_t hash[SEAL_DIGEST])
{
    for (size_t i = 0; i < SEAL_DIGEST; i++)
        sum[i] ^= hash[i];
}

static bool
write_bound(struct ce *ce, const struct env_keys *keys, const struct head_environment *environment,
            const uint8_t *record)
{
    if (environment->key.len > LIMIT_ENVIRONMENT_KEY || environment->label.len > LIMIT_LABEL ||
        environment->color.len > LIMIT_COLOR)
        return false;
    ce_bytes(ce, record + AT_NONCE, BOX_NONCE);
    ce_bytes(ce, record, HEADER_BOUND);
    ce_bytes(ce, keys->workspace, SEAL_ID);
    ce_bytes(ce, keys->environment, SEAL_ID);
    ce_text(ce, environment->key);
    ce_text(ce, environment->label);
    ce_text(ce, environment->color);
    ce_u64(ce, (uint64_t)environment->position);
    ce_u8(ce, environment->is_protected);
    ce_u64(ce, (uint64_t)environment->approvals);
    ce_u8(ce, environment->require_reason);
    ce_u8(ce, environment->editors_reveal);
    ce_u8(ce, environment->rollback_approvals);
    ce_u8(ce, environment->fixed);
    ce_u32(ce, environment->generation);
    return !ce->failed;
}

static void
write_head(uint8_t *plain, const struct head *head)
{
    box_put64(plain, head->epoch);
    box_put64(plain + 8, head->revision);
    box_put64(plain + 16, head->current_count);
    box_put64(plain + 24, head->kept_count);
    memcpy(plain + 32, head->current, SEAL_DIGEST);
    memcpy(plain + 32 + SEAL_DIGEST, head->kept, SEAL_DIGEST);
}

static void
read_head(const uint8_t *plain, struct head *head)
{
    head->epoch = box_get64(plain);
    head->revision = box_get64(plain + 8);
    head->current_count = box_get64(plain + 16);
    head->kept_count = box_get64(plain + 24);
    memcpy(head->current, plain + 32, SEAL_DIGEST);
    memcpy(head->kept, plain + 32 + SEAL_DIGEST, SEAL_DIGEST);
}

envres_status
head_seal(const struct env_keys *keys, const struct head_environment *environment,
          const struct head *head, struct buf *out, envres_error *err)
{
    uint8_t record[HEAD_SIZE] = { SEAL_FORMAT, ALG_BLAKE2B_XCHACHA };
    uint8_t material[BOX_MATERIAL];
    uint8_t room[BOUND_MAX];
    struct ce bound;
    box_put32(record + AT_GENERATION, keys->generation);
    randombytes_buf(record + AT_NONCE, BOX_NONCE);
    ce_init(&bound, room, sizeof(room));
    if (!write_bound(&bound, keys, environment, record))
        return err_set(err, ENVRES_E_LIMIT, "key, label or colour of the environment is too long");
    write_head(record + AT_CIPHER, head);
    box_derive(material, "envres1/head", keys->head, NULL, bound.data, bound.len);
    box_close(material, record + AT_NONCE, bound.data + BOX_NONCE, bound.len - BOX_NONCE,
              record + AT_CIPHER, HEAD_PLAIN, record + AT_COMMIT);
    sodium_memzero(material, sizeof(material));
    buf_add(out, record, sizeof(record));
    return buf_status(out, err);
}

static envres_status
refuse(const struct head_environment *environment, envres_error *err)
{
    size_t len = environment->key.len < LIMIT_ENVIRONMENT_KEY ? environment->key.len
                                                              : (size_t)LIMIT_ENVIRONMENT_KEY;
    const char *key = environment->key.data ? environment->key.data : "";
    envres_status st = err_set(err, ENVRES_E_INTEGRITY,
                               "the head of environment '%.*s' does not verify: its row, or the "
                               "head, is damaged or exchanged",
                               (int)len, key);
    err_hint(err, "run verify, and restore the store from a backup");
    err_subject(err, key, len);
    return st;
}

envres_status
head_unseal(const struct env_keys *keys, const struct head_environment *environment,
            const void *sealed, size_t len, struct head *out, envres_error *err)
{
    const uint8_t *record = sealed;
    memset(out, 0, sizeof(*out));
    if (len != HEAD_SIZE || record[0] != SEAL_FORMAT || record[1] != ALG_BLAKE2B_XCHACHA ||
        record[2] != 0 || record[3] != 0 || box_get32(record + AT_GENERATION) != keys->generation)
        return refuse(environment, err);
    uint8_t material[BOX_MATERIAL];
    uint8_t plain[HEAD_PLAIN];
    uint8_t room[BOUND_MAX];
    struct ce bound;
    ce_init(&bound, room, sizeof(room));
    if (!write_bound(&bound, keys, environment, record))
        return refuse(environment, err);
    box_derive(material, "envres1/head", keys->head, NULL, bound.data, bound.len);
    bool open = box_open(material, record + AT_NONCE, bound.data + BOX_NONCE, bound.len - BOX_NONCE,
                         record + AT_COMMIT, record + AT_CIPHER, HEAD_PLAIN, plain);
    if (open)
        read_head(plain, out);
    sodium_memzero(material, sizeof(material));
    sodium_memzero(plain, sizeof(plain));
    return open ? ENVRES_OK : refuse(environment, err);
}
