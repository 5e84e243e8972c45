/* SPDX-License-Identifier: MIT */
/*
 * Sealing records (format 1 of docs/file-format.md): XChaCha20-Poly1305 under a key of their own,
 * with a key commitment and a content commitment, bound to everything that says what they are.
 * Also the digests that other rooms need, so that only guard includes sodium.h.
 */
#ifndef ENVRES_GUARD_SEAL_H
#define ENVRES_GUARD_SEAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

enum {
    SEAL_ID = 16,
    SEAL_KEY = 32,
    SEAL_DIGEST = 32,
    SEAL_OVERHEAD = 64 + 16, /* header and tag around the ciphertext */
    SEAL_FORMAT = 1
};

/* Object kinds in the bound data. */
enum { SEAL_VARIABLE = 1, SEAL_FIELD = 2, SEAL_REQUEST = 3 };

/* What a record is: all of it is authenticated. Borrowed. */
struct seal_label {
    const uint8_t *workspace;   /* 16 */
    const uint8_t *environment; /* 16 */
    const uint8_t *object;      /* 16 */
    uint8_t kind;               /* SEAL_VARIABLE, SEAL_FIELD */
    uint8_t type;               /* ENVRES_TYPE_* */
    bool secret;
    struct slice field; /* "" for a variable */
    struct slice name;
    uint64_t revision;
};

/* Appends the record to `out`; `content` gets the commitment. `key`: K_data of the class. */
envres_status seal_record(const uint8_t *key, uint32_t generation, const struct seal_label *label,
                          struct slice value, struct buf *out, uint8_t content[SEAL_DIGEST],
                          envres_error *err);

/* Generation a record names; 0 when it is not a record of this format. */
uint32_t seal_generation(const void *record, size_t len);

/* Bytes that a plaintext of `len` is filled up to, so that its length is not seen. */
size_t seal_padded(size_t len);

/* Most bytes its value can have: the caller's buffer for unseal_into(). */
size_t seal_value_max(size_t record_len);

/*
 * Opens a record into `out` (cap >= seal_value_max()). INTEGRITY when anything at all is not as it
 * was sealed; the message names label.name, never a value. Allocates only for records whose
 * plaintext is above 4 KiB (from `mem`, wiped).
 */
envres_status unseal_into(const struct mem *mem, const uint8_t *key, const struct seal_label *label,
                          const uint8_t content[SEAL_DIGEST], const void *record, size_t record_len,
                          char *out, size_t cap, size_t *len, envres_error *err);

/* The same, and the content commitment is computed again and compared: for verify. */
envres_status unseal_check(const struct mem *mem, const uint8_t *key,
                           const struct seal_label *label, const uint8_t content[SEAL_DIGEST],
                           const void *record, size_t record_len, envres_error *err);

/*
 * Appends the same value sealed under another key, of a higher generation: what hides it in the
 * content commitment stays, so that this does too. INTEGRITY as above, and when the commitment is
 * not the value's.
 */
struct seal_change {
    const uint8_t *from; /* K_data of the record's generation */
    const uint8_t *to;
    uint32_t generation; /* of `to` */
};
envres_status seal_again(const struct mem *mem, const struct seal_change *change,
                         const struct seal_label *label, const uint8_t content[SEAL_DIGEST],
                         struct slice record, struct buf *out, envres_error *err);

/* Unpredictable bytes. */
void seal_random(void *out, size_t len);
/* BLAKE2b-256 of `data`, personalised (at most 16 bytes, zero padded). */
void seal_digest(uint8_t out[SEAL_DIGEST], const char *personal, const void *data, size_t len);
/* Digests that were noted, the newest of them. */
enum { SEEN_DIGESTS = 16 };
struct seen_digests {
    uint8_t digests[SEEN_DIGESTS][SEAL_DIGEST];
    size_t count; /* since the beginning */
};
void seal_note_seen(struct seen_digests *seen, const uint8_t digest[SEAL_DIGEST]);
bool seal_was_seen(const struct seen_digests *seen, const uint8_t digest[SEAL_DIGEST]);
/* Version of libsodium at run time; static. */
const char *seal_library(void);
/* Constant time. */
bool seal_equal(const void *a, const void *b, size_t len);

#endif
