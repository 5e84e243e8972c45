/* SPDX-License-Identifier: MIT */
/**
 * Help for hosts that test: a store in memory from one JSON document, a clock that stands still,
 * memory that runs out when told to.
 *
 * Not part of libenvres: link libenvres-testing.a too (pkg-config and meson: envres-testing). It is
 * built on the public headers only, and meant for test programs, not for products.
 */
#ifndef ENVRES_TESTING_H
#define ENVRES_TESTING_H

#include <envres/memory.h>
#include <envres/store.h>
#include <envres/types.h>

/** Marks the functions of libenvres-testing.a; the shared library exports none of them. */
#define ENVRES_TESTING_API

#ifdef __cplusplus
extern "C" {
#endif

/** A clock that the test sets. */
typedef struct envres_testing_clock envres_testing_clock;
/** An allocator that the test watches and lets fail. */
typedef struct envres_testing_memory envres_testing_memory;

/**
 * Makes a store in memory, fills it from a document, and unlocks its owner.
 *
 *     {
 *       "environments": {
 *         "qa": {"label": "Quality", "color": "#8800aa", "after": "staging", "off_path": false,
 *                "protected": false, "require_reason": false}
 *       },
 *       "variables": {
 *         "API_KEY":   {"secret": true, "values": {"development": "k-dev", "staging": "k-stg"}},
 *         "SHOW_BETA": {"values": {"development": true, "production": false}},
 *         "BASE_URL":  {"type": "template",
 *                       "values": {"qa": "https://<< environment.variables.HOST >>/"}}
 *       },
 *       "resources": {
 *         "crm": {"kind": "postgres", "secret": ["user"],
 *                 "settings": {"development": {"host": "localhost", "port": 5433,
 *                                              "database": "crm", "password": "x"}},
 *                 "fallback": {"staging": "development"}}
 *       }
 *     }
 *
 * Every key may be absent, except `values` of a variable and `kind` of a resource. A key that is
 * not one of these, or stands twice, is an error with its position; so is an environment that
 * neither is one of the three (development, staging, production) nor stands under `environments`,
 * where one of the three may stand too, without `after` and `off_path`. Environments are added in
 * the order of the document.
 *
 * A value that is a JSON string is its text, as envres_variable_put() takes it; any other is
 * written as it stands. Without `type` a string is a string, a number a number, true and false are
 * booleans, an object or array is json. `secret` of a resource names fields to seal although their
 * kind does not ask for it.
 *
 * @param json     strict JSON (RFC 8259), at most 16 MiB and 64 levels; not kept
 * @param options  of the store (allocator, clock, names); NULL: the defaults
 * @param store    belongs to the caller: envres_store_close()
 * @param session  of its owner, belongs to the caller: envres_session_close()
 *
 * Errors: ENVRES_E_JSON (not JSON, or not this form), ENVRES_E_LIMIT, and those of the calls that
 * fill a store; each with line and column of the place in the document. Nothing is left behind
 * on failure. Since 0.1.
 */
ENVRES_TESTING_API envres_status envres_testing_open(const char *json, size_t len,
                                                     const envres_store_options *options,
                                                     envres_store **store, envres_session **session,
                                                     envres_error *err);

/* ---- a fixed clock ------------------------------------------------------------------------- */

/** A clock that stands at `ms` (milliseconds since 1970 UTC); NULL when out of memory. Must
 *  outlive every store that uses it. Since 0.1. */
ENVRES_TESTING_API envres_testing_clock *envres_testing_clock_new(int64_t ms);

/** NULL is allowed. Since 0.1. */
ENVRES_TESTING_API void envres_testing_clock_free(envres_testing_clock *clock);

/** Sets the time, forwards or backwards. Any thread. Since 0.1. */
ENVRES_TESTING_API void envres_testing_clock_set(envres_testing_clock *clock, int64_t ms);

/** Moves the time on by `ms`, or back where that is negative. Any thread. Since 0.1. */
ENVRES_TESTING_API void envres_testing_clock_step(envres_testing_clock *clock, int64_t ms);

/** The time; an envres_clock_fn: give it as `clock` of the store's options, with the clock itself
 *  as `clock_user`. Since 0.1. */
ENVRES_TESTING_API int64_t envres_testing_clock_read(void *clock);

/* ---- memory that runs out ------------------------------------------------------------------ */

enum {
    ENVRES_TESTING_FROM_THEN_ON = 1 /**< the n-th request and every later one fail */
};

/** An allocator that counts and, when told to, fails; NULL when out of memory. New bytes are filled
 *  with 0xA5 and freed ones with 0xDD, so that reading either shows. Any thread. Since 0.1. */
ENVRES_TESTING_API envres_testing_memory *envres_testing_memory_new(void);

/** NULL is allowed. Blocks that still live stay valid and are leaks. Since 0.1. */
ENVRES_TESTING_API void envres_testing_memory_free(envres_testing_memory *memory);

/** Fills in the hook to give to a store, a template, an error slot. `memory` must outlive them.
 *  Since 0.1. */
ENVRES_TESTING_API void envres_testing_memory_allocator(envres_testing_memory *memory,
                                                        envres_allocator *out);

/**
 * Lets the n-th request from now fail (1: the next); 0: none fails. A request allocates or resizes.
 * @param flags  ENVRES_TESTING_*; 0: that one request only
 * Since 0.1.
 */
ENVRES_TESTING_API void envres_testing_memory_fail(envres_testing_memory *memory, uint64_t n,
                                                   uint32_t flags);

/** How many requests were made. Since 0.1. */
ENVRES_TESTING_API uint64_t envres_testing_memory_requests(envres_testing_memory *memory);

/** How many were made to fail. Since 0.1. */
ENVRES_TESTING_API uint64_t envres_testing_memory_failures(envres_testing_memory *memory);

/** Bytes asked for and not freed yet: 0 when nothing leaks. Since 0.1. */
ENVRES_TESTING_API size_t envres_testing_memory_live(envres_testing_memory *memory);

/** The most bytes that lived at once. Since 0.1. */
ENVRES_TESTING_API size_t envres_testing_memory_peak(envres_testing_memory *memory);

#ifdef __cplusplus
}
#endif

#endif
