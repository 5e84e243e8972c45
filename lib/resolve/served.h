/* SPDX-License-Identifier: MIT */
/*
 * What a scope serves of an app: names, and the bytes of all parts. Immutable and counted, on three
 * levels, so that what stays the same from one release to the next is held once:
 *
 *   served (names, tag, sequence)  ->  parts (of one content digest, by path)  ->  bodies
 *          `-> queries (uses.h)
 */
#ifndef ENVRES_RESOLVE_SERVED_H
#define ENVRES_RESOLVE_SERVED_H

#include "model/content.h"
#include "model/release.h"
#include "resolve/scope.h"
#include "resolve/uses.h"

struct body; /* one part's bytes, counted */

struct served_part {
    struct slice path; /* NUL-terminated */
    struct slice data; /* of the body: NUL behind it */
    bool is_public;    /* it goes to the public: no secret may get into it */
    struct body *body;
};

/* Sorted by path. */
struct served_parts {
    struct mem mem;
    atomic_uint references;
    uint8_t content[SEAL_DIGEST];
    struct pool pool; /* paths */
    struct served_part *parts;
    uint32_t count;
    struct tree_pin *pins; /* the queries that it uses; in the pool */
    size_t pin_count;
};

struct served {
    struct mem mem;
    atomic_uint references;
    struct served_parts *content;
    struct uses *uses; /* NULL: no queries */
    int64_t sequence;  /* of the release record; 0: the version was never released */
    char app[LIMIT_APP + 1];
    char version[LIMIT_APP + 1];
    char tag[LIMIT_TAG + 1]; /* "": the version was never released */
};

/* Settings as a release pinned them. */
struct served_pin {
    bool is_set;
    int64_t revision;
    uint8_t config[SEAL_DIGEST]; /* config_digest() of the plain settings at that revision */
};

/*
 * Reads what a request with an app asks for, in the transaction that is open. `before` (may be
 * NULL): parts and bodies that are the same are shared. Sets *pin when a release is served in the
 * environment it was made from, and pins.
 * NOT_FOUND, TAG, NOTHING_LIVE, DISCARDED, NO_VERSION_HERE, INTEGRITY (a record, its signature, the
 * content or a part is not what it was), LIMIT.
 */
envres_status served_load(struct context *ctx, const struct scope_request *request,
                          const struct environment *environment, const struct served *before,
                          struct served **out, struct served_pin *pin, envres_error *err);

struct served *served_ref(struct served *served); /* NULL allowed */
void served_unref(struct served *served);         /* NULL allowed */

/* Whether a part of this path is read as a JSON document: it ends in .json, in any case. */
bool part_is_json(struct slice path);

/* NULL when there is none. */
const struct served_part *served_find(const struct served *served, struct slice path);

#endif
