/* SPDX-License-Identifier: MIT */
/*
 * One change: the write transaction around it, its operation id, its reason, its audit entry. The
 * entry is written in the same transaction as the change; there is no other way to write.
 */
#ifndef ENVRES_MODEL_CHANGE_H
#define ENVRES_MODEL_CHANGE_H

#include <envres/types.h>

#include "guard/audit.h"
#include "model/context.h"
#include "model/environment.h"
#include "model/right.h"

/* What others must approve: the most that any step of the change asked for. Where it touches
 * several environments, each has its own approvals: those of one do not stand in for another's. */
struct gate {
    int64_t needed; /* 0: nothing */
    enum action right;
    struct environment environment;
    struct buf places;            /* all of them, each a struct gate_place */
    struct buf base;              /* what the change builds on, in a canonical encoding */
    uint8_t settings_of[SEAL_ID]; /* the environment whose settings were noted in it last */
    bool has_settings_of;
    struct buf authors; /* ids of who made what it brings forward: they may not approve it */
};

struct gate_place {
    uint8_t environment[SEAL_ID];
    enum action right;
    int64_t needed;
};

/* Writes a request of a change down, so that it can be run later (act.h). */
typedef void (*encode_fn)(const void *request, struct buf *out);

struct change {
    struct context *ctx;
    const char *action;
    struct slice object; /* "variable/NAME": borrowed until change_end() */
    struct slice reason;
    uint8_t operation[SEAL_ID];
    uint8_t environment[SEAL_ID];
    bool has_environment;
    bool force;
    bool denied;   /* the entry is of a refusal */
    bool asked;    /* a right was asked for, and is there */
    bool repeated; /* this operation was committed before: do nothing, answer `revision` */
    bool settled;  /* the request that is run is closed already */
    bool nothing;  /* the caller found nothing to change: no entry is written */
    bool forgets;  /* it takes secrets out, which no log may keep */
    bool quiet;    /* only the entry is written: what scopes hold stays what it is */
    bool silent; /* between the start and the end of what has an entry for each: none of its own */
    int64_t revision;
    int64_t now;
    struct audit_tip tip; /* where its entry stands, when the host is told of it */
    struct gate gate;
    const void *request; /* of the work, and how it is written down; NULL: it cannot wait */
    encode_fn encode;
    const char *instead; /* what to do where it cannot wait, for a hint; NULL: nothing is known */
    const struct request_row *running; /* the request that this change runs, or NULL */
};

/* Asks for a right, in an environment or (NULL) in the workspace: DENIED. A change that asked for
 * none is refused when it ends. */
envres_status change_may(struct change *change, enum action action,
                         const struct environment *environment, envres_error *err);

/* The same, and names the environment concerned; REASON when it requires one and none was given. */
envres_status change_in(struct change *change, enum action action,
                        const struct environment *environment, envres_error *err);

/* Says that what changes is this principal's own, which takes no role: right_own(). */
envres_status change_own(struct change *change, const uint8_t principal[SEAL_ID],
                         envres_error *err);

/* The same, for who finds out later whether anything is changed there at all: change_needs(). */
envres_status change_asks(struct change *change, enum action action,
                          const struct environment *environment, envres_error *err);

/* The right to build (apps, versions, names): one in the first environment of the path. */
envres_status change_builds(struct change *change, envres_error *err);

/* The second half alone: for environments a change passes through. */
envres_status change_reason(const struct change *change, const struct environment *environment,
                            envres_error *err);

/* Asks for approvals beyond what change_in() and change_may() ask for by themselves. */
void change_needs(struct change *change, enum action action, const struct environment *environment,
                  int64_t approvals);

/* A fact that the change builds on: when it is another by the time that an approved request is run,
 * the request is void. */
void change_builds_on(struct change *change, const char *what, const void *data, size_t len);
/* Somebody whose work the change brings forward. */
void change_author(struct change *change, const uint8_t principal[SEAL_ID]);

/* What a change is called in the audit: "variable.put", and "variable/" + name. `encode` NULL: it
 * cannot wait for approvals, and is refused where some are needed. */
struct change_title {
    const char *action;
    const char *prefix;
    struct slice name;
    encode_fn encode;
};

/* The work of a change, inside its transaction. */
typedef envres_status (*change_fn)(struct change *change, const void *request, envres_error *err);

/*
 * Runs a change: sees to it that the host's anchor and sink are where they should be (the store's
 * lock is released meanwhile), reads the options, begins, looks the operation up, works, writes the
 * entry and commits; or rolls back and gives the failure on. A commit whose outcome is not known is
 * looked up on a fresh connection: committed, not committed, or UNKNOWN_OUTCOME. `revision` may be
 * NULL.
 */
envres_status change_run(struct context *ctx, const envres_change *given,
                         const struct change_title *title, change_fn work, const void *request,
                         int64_t *revision, envres_error *err);

#endif
