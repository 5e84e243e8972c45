/* SPDX-License-Identifier: MIT */
/*
 * The machine: which event may happen to a version in which state, and what it becomes. Data, and
 * one lookup; whether the target is the right one and whether checks pass is asked elsewhere.
 */
#ifndef ENVRES_MODEL_MACHINE_H
#define ENVRES_MODEL_MACHINE_H

#include "model/version.h"

enum machine_event {
    EVENT_EDIT,
    EVENT_PROMOTE,
    EVENT_RELEASE,
    EVENT_ROLLBACK,  /* to this version */
    EVENT_SUPERSEDE, /* another is released, or rolled back to */
    EVENT_WITHDRAW,
    EVENT_DISCARD,
    EVENT_COUNT_
};

struct machine_cell {
    envres_status status;    /* ENVRES_OK: it may */
    enum version_state next; /* of a promotion before the end of the path */
    enum version_state last; /* of a promotion to the end of the path; else the same */
};

/* The cell; NULL for a state or event that is none, and for one that cannot meet (SUPERSEDE on what
 * is not live). */
const struct machine_cell *machine_cell(enum version_state state, enum machine_event event);

/* ENVRES_OK or the refusal, worded: names version and state, hints at the way on. */
envres_status machine_allow(const struct version *version, enum version_state state,
                            enum machine_event event, envres_error *err);

/* "edit", "promote", ...; static. */
const char *machine_event_name(enum machine_event event);

#endif
