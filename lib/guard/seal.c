/* SPDX-License-Identifier: MIT */
/*
 * Sealed records, format 1:
 *
 *    0  format 1 | alg 1 | pad class (0: blocks of 64, 1: Padme) | 0     4  generation u32
 *    8  nonce (24)      32  commitment (32)      64  ciphertext (n)      64 + n  tag (16)
 *   plaintext: r (32) | type u8 | length u32 | value | zeroes
 *
 * Bound: bytes 0..7, and CE(workspace, environment, kind, object, field, name, revision, secret,
 * type, content), where content is a commitment to the value that r hides. The length of a record
 * tells a pad class, not a length. Opening costs one hash and one AEAD call; no allocation for
 * values up to 4 KiB. Which key belongs to a record is not decided here.
 */
#include "guard/seal.h"

#include <assert.h>
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
    PLAIN_R = 32,
    PLAIN_HEADER = PLAIN_R + 1 + 4,
    PAD_BLOCK = 64,
    PAD_BLOCKS_END = 1024,
    STACK_PLAIN = 4352, /* what a value of 4 KiB is padded to with its header */
    /* What a label adds up to at most, with its lengths; the longest names are LIMIT_NAME. */
    LABEL_MAX = 3 * SEAL_ID + 1 + 4 + LIMIT_NAME + 4 + LIMIT_NAME + 8 + 1 + 1 + SEAL_DIGEST,
    BOUND_MAX = BOX_NONCE + HEADER_BOUND + LABEL_MAX
};

static_assert(AT_CIPHER + BOX_TAG == SEAL_OVERHEAD, "the record's layout and its overhead agree");

/* Blocks up to 1 KiB; above, Padme: only as many significant bits as the exponent has. */
size_t
seal_padded(size_t len)
{
    if (len <= PAD_BLOCKS_END)
        return (len + PAD_BLOCK - 1) / PAD_BLOCK * PAD_BLOCK;
    unsigned exponent = 0;
    for (size_t v = len; v > 1; v >>= 1)
        exponent++;
    unsigned bits = 0;
    for (unsigned v = exponent; v > 0; v >>= 1)
        bits++;
    size_t mask = ((size_t)1 << (exponent - bits)) - 1;
    return (len + mask) & ~mask;
}

static uint8_t
pad_class(size_t padded_len)
{
    return padded_len > PAD_BLOCKS_END;
}

/* nonce, bytes 0..7, label: the hash takes all of it, the AEAD what follows the nonce. False for a
 * label that is too long to be sealed. */
static bool
write_bound(struct ce *ce, const struct seal_label *label, const uint8_t *header,
            const uint8_t *nonce, const uint8_t *content)
{
    ce_bytes(ce, nonce, BOX_NONCE);
    ce_bytes(ce, header, HEADER_BOUND);
    ce_bytes(ce, label->workspace, SEAL_ID);
    ce_bytes(ce, label->environment, SEAL_ID);
    ce_u8(ce, label->kind);
    ce_bytes(ce, label->object, SEAL_ID);
    ce_text(ce, label->field);
    ce_text(ce, label->name);
    ce_u64(ce, label->revision);
    ce_u8(ce, label->secret);
    ce_u8(ce, label->type);
    ce_bytes(ce, content, SEAL_DIGEST);
    return !ce->failed;
}

/* Streaming, since the value can be long; the final call wipes the state, and so do we. */
static void
content_of(uint8_t content[SEAL_DIGEST], const uint8_t *r, const struct seal_label *label,
           struct slice value)
{
    static const uint8_t personal[BOX_PERSONAL] = "envres1/content";
    uint8_t room[LABEL_MAX];
    struct ce ce;
    ce_init(&ce, room, sizeof(room));
    ce_bytes(&ce, label->workspace, SEAL_ID);
    ce_bytes(&ce, label->environment, SEAL_ID);
    ce_u8(&ce, label->kind);
    ce_bytes(&ce, label->object, SEAL_ID);
    ce_text(&ce, label->field);
    ce_text(&ce, label->name);
    ce_u64(&ce, label->revision);
    ce_u8(&ce, label->type);
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init_salt_personal(&state, r, PLAIN_R, SEAL_DIGEST, NULL, personal);
    crypto_generichash_blake2b_update(&state, ce.data, ce.len);
    if (value.len > 0)
        crypto_generichash_blake2b_update(&state, (const uint8_t *)value.data, value.len);
    crypto_generichash_blake2b_final(&state, content, SEAL_DIGEST);
    sodium_memzero(&state, sizeof(state));
}

static envres_status
check_seal(const uint8_t *key, uint32_t generation, const struct seal_label *label,
           struct slice value, envres_error *err)
{
    if (!key || generation == 0)
        return err_set(err, ENVRES_E_INVALID, "sealing without a key");
    if (value.len > LIMIT_VALUE) {
        envres_status st =
            err_set(err, ENVRES_E_LIMIT, "the value is longer than %d bytes", LIMIT_VALUE);
        err_subject(err, label->name.data, label->name.len);
        return st;
    }
    if (label->field.len > LIMIT_NAME || label->name.len > LIMIT_NAME)
        return err_set(err, ENVRES_E_LIMIT, "the name is longer than %d bytes", LIMIT_NAME);
    return ENVRES_OK;
}

/* Room for a record of n bytes of text behind what `out` holds, its header written. */
static uint8_t *
start_record(struct buf *out, size_t n, uint32_t generation)
{
    if (!buf_reserve(out, SEAL_OVERHEAD + n))
        return NULL;
    uint8_t *record = (uint8_t *)out->data + out->len;
    memset(record, 0, HEADER_BOUND);
    record[0] = SEAL_FORMAT;
    record[1] = ALG_BLAKE2B_XCHACHA;
    record[2] = pad_class(n);
    box_put32(record + AT_GENERATION, generation);
    return record;
}

/* Encrypts the text that stands in its place. */
static void
close_record(struct buf *out, const uint8_t *key, const struct seal_label *label,
             const uint8_t *content, size_t n)
{
    uint8_t *record = (uint8_t *)out->data + out->len;
    uint8_t room[BOUND_MAX];
    uint8_t material[BOX_MATERIAL];
    struct ce bound;
    ce_init(&bound, room, sizeof(room));
    write_bound(&bound, label, record, record + AT_NONCE, content);
    box_derive(material, "envres1/record", key, NULL, bound.data, bound.len);
    box_close(material, record + AT_NONCE, bound.data + BOX_NONCE, bound.len - BOX_NONCE,
              record + AT_CIPHER, n, record + AT_COMMIT);
    out->len += SEAL_OVERHEAD + n;
    sodium_memzero(material, sizeof(material));
}

/* The plaintext is laid out in the buffer where its ciphertext will be: there is no other copy. */
envres_status
seal_record(const uint8_t *key, uint32_t generation, const struct seal_label *label,
            struct slice value, struct buf *out, uint8_t content[SEAL_DIGEST], envres_error *err)
{
    envres_status st = check_seal(key, generation, label, value, err);
    if (st < 0)
        return st;
    size_t n = seal_padded(PLAIN_HEADER + value.len);
    uint8_t *record = start_record(out, n, generation);
    if (!record)
        return buf_status(out, err);
    uint8_t *plain = record + AT_CIPHER;
    uint8_t fresh[BOX_NONCE + PLAIN_R];
    randombytes_buf(fresh, sizeof(fresh));
    memcpy(record + AT_NONCE, fresh, BOX_NONCE);
    content_of(content, fresh + BOX_NONCE, label, value);

    memcpy(plain, fresh + BOX_NONCE, PLAIN_R);
    plain[PLAIN_R] = label->type;
    box_put32(plain + PLAIN_R + 1, (uint32_t)value.len);
    if (value.len > 0)
        memcpy(plain + PLAIN_HEADER, value.data, value.len);
    memset(plain + PLAIN_HEADER + value.len, 0, n - PLAIN_HEADER - value.len);
    close_record(out, key, label, content, n);
    sodium_memzero(fresh, sizeof(fresh));
    return ENVRES_OK;
}

/* Length of the ciphertext; 0 unless everything that is in clear is of this format. */
static size_t
cipher_len(const uint8_t *record, size_t len)
{
    if (len < SEAL_OVERHEAD + PAD_BLOCK ||
        len > SEAL_OVERHEAD + seal_padded(PLAIN_HEADER + LIMIT_VALUE))
        return 0;
    size_t n = len - SEAL_OVERHEAD;
    if (record[0] != SEAL_FORMAT || record[1] != ALG_BLAKE2B_XCHACHA || record[3] != 0)
        return 0;
    if (record[2] != pad_class(n) || seal_padded(n) != n || box_get32(record + AT_GENERATION) == 0)
        return 0;
    return n;
}

uint32_t
seal_generation(const void *record, size_t len)
{
    return cipher_len(record, len) > 0 ? box_get32((const uint8_t *)record + AT_GENERATION) : 0;
}

size_t
seal_value_max(size_t record_len)
{
    if (record_len < SEAL_OVERHEAD + PLAIN_HEADER)
        return 0;
    return record_len - SEAL_OVERHEAD - PLAIN_HEADER;
}

static envres_status
refuse(const struct seal_label *label, envres_error *err)
{
    envres_status st = err_set(err, ENVRES_E_INTEGRITY,
                               "the record of '%.*s' does not verify: it is damaged, or belongs "
                               "somewhere else",
                               (int)(label->name.len < 200 ? label->name.len : 200),
                               label->name.data ? label->name.data : "");
    err_hint(err, "restore this value from a backup, or set it again");
    err_subject(err, label->name.data, label->name.len);
    return st;
}

/* Padding, length and type as they were written, so that each value has one plaintext only. */
static bool
plain_is_sound(const uint8_t *plain, size_t n, uint8_t type, size_t *value_len)
{
    size_t len = box_get32(plain + PLAIN_R + 1);
    if (plain[PLAIN_R] != type || len > n - PLAIN_HEADER || seal_padded(PLAIN_HEADER + len) != n)
        return false;
    uint8_t any = 0;
    for (size_t i = PLAIN_HEADER + len; i < n; i++)
        any |= plain[i];
    *value_len = len;
    return any == 0;
}

/* `plain` has room for the n bytes of ciphertext; the caller wipes it. */
static bool
open_record(const uint8_t *key, const struct seal_label *label, const uint8_t *content,
            const uint8_t *record, size_t n, uint8_t *plain, size_t *value_len)
{
    uint8_t room[BOUND_MAX];
    uint8_t material[BOX_MATERIAL];
    struct ce bound;
    ce_init(&bound, room, sizeof(room));
    if (!write_bound(&bound, label, record, record + AT_NONCE, content))
        return false;
    box_derive(material, "envres1/record", key, NULL, bound.data, bound.len);
    bool open = box_open(material, record + AT_NONCE, bound.data + BOX_NONCE, bound.len - BOX_NONCE,
                         record + AT_COMMIT, record + AT_CIPHER, n, plain);
    sodium_memzero(material, sizeof(material));
    return open && plain_is_sound(plain, n, label->type, value_len);
}

/* What is done with a plaintext once it is open: copied out, or held against its commitment. */
struct opened {
    const uint8_t *plain;
    size_t n;
    struct slice value;
};
typedef bool (*opened_fn)(const struct opened *opened, const struct seal_label *label,
                          const uint8_t *content, void *user);

static envres_status
with_opened(const struct mem *mem, const uint8_t *key, const struct seal_label *label,
            const uint8_t *content, struct slice record, opened_fn then, void *user,
            envres_error *err)
{
    if (!key)
        return err_set(err, ENVRES_E_INVALID, "opening without a key");
    const uint8_t *bytes = (const uint8_t *)record.data;
    size_t n = cipher_len(bytes, record.len);
    if (n == 0)
        return refuse(label, err);
    uint8_t stack[STACK_PLAIN];
    uint8_t *plain = stack;
    if (n > sizeof(stack)) {
        plain = mem_alloc(mem, n);
        if (!plain)
            return err_code(err, ENVRES_E_NOMEM);
    }
    struct opened opened = { plain, n, { (const char *)plain + PLAIN_HEADER, 0 } };
    bool good = open_record(key, label, content, bytes, n, plain, &opened.value.len) &&
                then(&opened, label, content, user);
    sodium_memzero(plain, n);
    if (plain != stack)
        mem_free(mem, plain);
    return good ? ENVRES_OK : refuse(label, err);
}

/* Room for the longest value that the record can have. */
struct target {
    char *out;
    size_t *len;
};

static bool
copy_out(const struct opened *opened, const struct seal_label *label, const uint8_t *content,
         void *user)
{
    (void)label;
    (void)content;
    struct target *target = user;
    if (opened->value.len > 0)
        memcpy(target->out, opened->value.data, opened->value.len);
    *target->len = opened->value.len;
    return true;
}

envres_status
unseal_into(const struct mem *mem, const uint8_t *key, const struct seal_label *label,
            const uint8_t content[SEAL_DIGEST], const void *record, size_t record_len, char *out,
            size_t cap, size_t *len, envres_error *err)
{
    *len = 0;
    if (cap < seal_value_max(record_len))
        return err_set(err, ENVRES_E_INVALID, "the buffer is shorter than the record's value");
    struct target target = { out, len };
    return with_opened(mem, key, label, content, slice_of(record, record_len), copy_out, &target,
                       err);
}

static bool
check_content(const struct opened *opened, const struct seal_label *label, const uint8_t *content,
              void *user)
{
    (void)user;
    uint8_t again[SEAL_DIGEST];
    content_of(again, opened->plain, label, opened->value);
    return sodium_memcmp(again, content, SEAL_DIGEST) == 0;
}

envres_status
unseal_check(const struct mem *mem, const uint8_t *key, const struct seal_label *label,
             const uint8_t content[SEAL_DIGEST], const void *record, size_t record_len,
             envres_error *err)
{
    return with_opened(mem, key, label, content, slice_of(record, record_len), check_content, NULL,
                       err);
}

struct again {
    const struct seal_change *change;
    struct buf *out;
};

/* What failed for want of memory shows in the buffer. */
static bool
seal_opened(const struct opened *opened, const struct seal_label *label, const uint8_t *content,
            void *user)
{
    const struct again *again = user;
    if (!check_content(opened, label, content, NULL))
        return false;
    uint8_t *record = start_record(again->out, opened->n, again->change->generation);
    if (!record)
        return true;
    randombytes_buf(record + AT_NONCE, BOX_NONCE);
    memcpy(record + AT_CIPHER, opened->plain, opened->n);
    close_record(again->out, again->change->to, label, content, opened->n);
    return true;
}

envres_status
seal_again(const struct mem *mem, const struct seal_change *change, const struct seal_label *label,
           const uint8_t content[SEAL_DIGEST], struct slice record, struct buf *out,
           envres_error *err)
{
    struct again again = { change, out };
    if (!change->to || change->generation <= seal_generation(record.data, record.len))
        return err_set(err, ENVRES_E_INVALID, "a record is sealed anew for a higher generation");
    envres_status st =
        with_opened(mem, change->from, label, content, record, seal_opened, &again, err);
    return st < 0 ? st : buf_status(out, err);
}

void
seal_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void
seal_digest(uint8_t out[SEAL_DIGEST], const char *personal, const void *data, size_t len)
{
    box_digest(out, personal, NULL, data, len);
}

bool
seal_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void
seal_note_seen(struct seen_digests *seen, const uint8_t digest[SEAL_DIGEST])
{
    memcpy(seen->digests[seen->count++ % SEEN_DIGESTS], digest, SEAL_DIGEST);
}

bool
seal_was_seen(const struct seen_digests *seen, const uint8_t digest[SEAL_DIGEST])
{
    size_t kept = seen->count < SEEN_DIGESTS ? seen->count : SEEN_DIGESTS;
    for (size_t i = 0; i < kept; i++) {
        if (memcmp(seen->digests[i], digest, SEAL_DIGEST) == 0)
            return true;
    }
    return false;
}

const char *
seal_library(void)
{
    return sodium_version_string();
}
