/* SPDX-License-Identifier: MIT */
/*
 * Requests and their approvals as they are stored: a change that waits, sealed, signed by who asked
 * for it, and the signatures of those who approved. What may be asked, by whom, and when it counts
 * is decided in model/request.
 *
 *   digest = BLAKE2b(personal envres1/request, CE(all of the row))
 *   signature of the requester: type "request" over the digest; of an approver: type "approval"
 */
#ifndef ENVRES_GUARD_APPROVAL_H
#define ENVRES_GUARD_APPROVAL_H

#include "guard/keyring.h"

enum request_state { REQUEST_OPEN = 1, REQUEST_DONE, REQUEST_WITHDRAWN, REQUEST_VOID };

/* One request. The slices lie in `bytes`. */
struct request_row {
    uint8_t id[SEAL_ID];
    uint8_t environment[SEAL_ID]; /* whose approvals it needs, under whose key it lies */
    uint8_t requester[SEAL_ID];   /* who signed it */
    uint8_t asserted[SEAL_ID];    /* who the requester acted as; zero: as itself */
    uint8_t base[SEAL_DIGEST];    /* of what the change builds on */
    uint8_t content[SEAL_DIGEST]; /* commitment to the payload */
    uint8_t signature[SIGNATURE_SIZE];
    int64_t needed;
    int64_t policy_version;
    int64_t time;
    int64_t expires;
    uint32_t right; /* enum action: who has it may approve */
    enum request_state state;
    bool secret;          /* sealed under the secret key, not the one of plain values */
    struct slice action;  /* "version.release" */
    struct slice object;  /* "version/APP/V" */
    struct slice payload; /* the sealed record: what to do */
    struct slice authors; /* ids, one behind the other: may not approve either */
    struct slice reason;
    struct buf bytes;
};

void request_row_free(struct request_row *row);
void request_row_digest(const uint8_t *workspace, const struct request_row *row,
                        uint8_t digest[SEAL_DIGEST]);

/* Signs and inserts; inside a write transaction. */
envres_status approval_open(struct db *db, const uint8_t *workspace, const struct identity *by,
                            struct request_row *row, envres_error *err);

/* A request by the range of ids that the beginning of one gives. *found false: none, or several.
 * Free with request_row_free(), also when nothing was found. */
envres_status approval_find(struct db *db, const struct mem *mem, const uint8_t *workspace,
                            const uint8_t *low, const uint8_t *high, bool *found,
                            struct request_row *out, envres_error *err);

/* Ids of requests, oldest first: the open ones, or all. The caller frees the array. */
envres_status approval_all(struct db *db, const struct mem *mem, const uint8_t *workspace, bool all,
                           uint8_t (**out)[SEAL_ID], size_t *count, envres_error *err);

/* `operation`: the change that did it (REQUEST_DONE), else NULL. */
envres_status approval_close(struct db *db, const uint8_t *id, enum request_state state,
                             const uint8_t *operation, envres_error *err);
/* Every open request of an environment is void. */
envres_status approval_void_environment(struct db *db, const uint8_t *environment,
                                        envres_error *err);
/* All of them go, with their approvals. */
envres_status approval_drop_environment(struct db *db, const uint8_t *environment,
                                        envres_error *err);

struct approval {
    uint8_t principal[SEAL_ID];
    uint8_t signature[SIGNATURE_SIZE];
};

/* Signs; takes the place of what stands there in that principal's name. */
envres_status approval_give(struct db *db, const uint8_t *workspace, const struct identity *by,
                            const struct request_row *row, int64_t now, envres_error *err);
/* In the order in which they were given; the caller frees the array. */
envres_status approval_given(struct db *db, const struct mem *mem, const uint8_t *request,
                             struct approval **out, size_t *count, envres_error *err);

bool approval_is_signed(const uint8_t *workspace, const struct request_row *row,
                        const struct approval *approval, const uint8_t sign_key[32]);
bool request_is_signed(const uint8_t *workspace, const struct request_row *row,
                       const uint8_t sign_key[32]);

#endif
