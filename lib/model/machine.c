/* SPDX-License-Identifier: MIT */
/*
 * The machine as a table, states down, events across. A refusal is worded here and nowhere else, so
 * that every way to try the same forbidden thing gets the same answer.
 */
#include "model/machine.h"

#include <assert.h>
#include <string.h>

#include "base/status.h"

enum { STATE_COUNT = VERSION_DISCARDED + 1 };

#define TO(state)                                                                                  \
    {                                                                                              \
        ENVRES_OK, VERSION_##state, VERSION_##state                                                \
    }
#define ON(next, last)                                                                             \
    {                                                                                              \
        ENVRES_OK, VERSION_##next, VERSION_##last                                                  \
    }
#define NO(code)                                                                                   \
    {                                                                                              \
        ENVRES_E_##code, VERSION_DRAFT, VERSION_DRAFT                                              \
    }
/* Only what is live is superseded: the pair cannot meet. */
#define NEVER                                                                                      \
    {                                                                                              \
        ENVRES_E_INVALID, VERSION_DRAFT, VERSION_DRAFT                                             \
    }

static const struct machine_cell table[STATE_COUNT][EVENT_COUNT_] = {
    [VERSION_DRAFT] = {
        [EVENT_EDIT] = TO(DRAFT),
        [EVENT_PROMOTE] = ON(STAGED, READY),
        [EVENT_RELEASE] = NO(NOT_READY),
        [EVENT_ROLLBACK] = NO(NEVER_RELEASED),
        [EVENT_SUPERSEDE] = NEVER,
        [EVENT_WITHDRAW] = NO(NOTHING_LIVE),
        [EVENT_DISCARD] = TO(DISCARDED),
    },
    [VERSION_STAGED] = {
        [EVENT_EDIT] = NO(FROZEN),
        [EVENT_PROMOTE] = ON(STAGED, READY),
        [EVENT_RELEASE] = NO(NOT_READY),
        [EVENT_ROLLBACK] = NO(NEVER_RELEASED),
        [EVENT_SUPERSEDE] = NEVER,
        [EVENT_WITHDRAW] = NO(NOTHING_LIVE),
        [EVENT_DISCARD] = TO(DISCARDED),
    },
    [VERSION_READY] = {
        [EVENT_EDIT] = NO(FROZEN),
        [EVENT_PROMOTE] = NO(AT_LAST),
        [EVENT_RELEASE] = TO(LIVE),
        [EVENT_ROLLBACK] = NO(NEVER_RELEASED),
        [EVENT_SUPERSEDE] = NEVER,
        [EVENT_WITHDRAW] = NO(NOTHING_LIVE),
        [EVENT_DISCARD] = TO(DISCARDED),
    },
    [VERSION_LIVE] = {
        [EVENT_EDIT] = NO(FROZEN),
        [EVENT_PROMOTE] = NO(AT_LAST),
        [EVENT_RELEASE] = NO(ALREADY_LIVE),
        [EVENT_ROLLBACK] = NO(ALREADY_LIVE),
        [EVENT_SUPERSEDE] = TO(RETIRED),
        [EVENT_WITHDRAW] = TO(RETIRED),
        [EVENT_DISCARD] = NO(LIVE),
    },
    [VERSION_RETIRED] = {
        [EVENT_EDIT] = NO(FROZEN),
        [EVENT_PROMOTE] = NO(AT_LAST),
        [EVENT_RELEASE] = TO(LIVE),
        [EVENT_ROLLBACK] = TO(LIVE),
        [EVENT_SUPERSEDE] = NEVER,
        [EVENT_WITHDRAW] = NO(NOTHING_LIVE),
        [EVENT_DISCARD] = NO(IN_HISTORY),
    },
    [VERSION_DISCARDED] = {
        [EVENT_EDIT] = NO(DISCARDED),
        [EVENT_PROMOTE] = NO(DISCARDED),
        [EVENT_RELEASE] = NO(DISCARDED),
        [EVENT_ROLLBACK] = NO(DISCARDED),
        [EVENT_SUPERSEDE] = NEVER,
        [EVENT_WITHDRAW] = NO(NOTHING_LIVE),
        [EVENT_DISCARD] = NO(DISCARDED),
    },
};

static const char *const state_names[STATE_COUNT] = {
    [VERSION_DRAFT] = "draft", [VERSION_STAGED] = "staged",   [VERSION_READY] = "ready",
    [VERSION_LIVE] = "live",   [VERSION_RETIRED] = "retired", [VERSION_DISCARDED] = "discarded",
};

static const char *const event_names[EVENT_COUNT_] = {
    [EVENT_EDIT] = "edit",         [EVENT_PROMOTE] = "promote",     [EVENT_RELEASE] = "release",
    [EVENT_ROLLBACK] = "rollback", [EVENT_SUPERSEDE] = "supersede", [EVENT_WITHDRAW] = "withdraw",
    [EVENT_DISCARD] = "discard",
};

/* The sentence of a refusal, after the version's name; and what to do. Of two rows that fit, the
 * first: what a version that was released is told stands before what any other is. */
static const struct refusal {
    envres_status code;
    bool released; /* only of a version that is live or retired */
    const char *text;
    const char *hint;
} refusals[] = {
    { ENVRES_E_FROZEN, false, "was promoted and cannot be edited any more",
      "make a new version from it, and edit that" },
    { ENVRES_E_DISCARDED, false, "was discarded", "work with another version" },
    { ENVRES_E_AT_LAST, true, "was released and goes no further",
      "make a new version from it, and promote that" },
    { ENVRES_E_AT_LAST, false, "has reached the end of the path already", "release it" },
    { ENVRES_E_NOT_READY, false, "has not reached the last environment of the path",
      "promote it there first" },
    { ENVRES_E_ALREADY_LIVE, false, "is live already", "nothing has to be done" },
    { ENVRES_E_NEVER_RELEASED, false, "was never released",
      "a rollback leads to something that was live before" },
    { ENVRES_E_NOTHING_LIVE, false, "is not live", "there is nothing to withdraw" },
    { ENVRES_E_LIVE, false, "is live and cannot be discarded",
      "release another version, or withdraw this one" },
    { ENVRES_E_IN_HISTORY, false, "was released and stays in the history",
      "a rollback to it stays possible; it shares its bytes and costs little" },
};
enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

const char *
version_state_name(enum version_state state)
{
    return (unsigned)state < STATE_COUNT ? state_names[state] : "?";
}

const char *
machine_event_name(enum machine_event event)
{
    return (unsigned)event < EVENT_COUNT_ ? event_names[event] : "?";
}

const struct machine_cell *
machine_cell(enum version_state state, enum machine_event event)
{
    if ((unsigned)state >= STATE_COUNT || (unsigned)event >= EVENT_COUNT_)
        return NULL;
    const struct machine_cell *cell = &table[state][event];
    return cell->status == ENVRES_E_INVALID ? NULL : cell;
}

/* Every refusal of the table has a row; the last one has no other code behind it. */
static const struct refusal *
find_refusal(enum version_state state, envres_status code)
{
    bool released = state == VERSION_LIVE || state == VERSION_RETIRED;
    size_t i = 0;
    while (i < REFUSALS - 1 && (refusals[i].code != code || (refusals[i].released && !released)))
        i++;
    assert(refusals[i].code == code);
    return &refusals[i];
}

envres_status
machine_allow(const struct version *version, enum version_state state, enum machine_event event,
              envres_error *err)
{
    const struct machine_cell *cell = machine_cell(state, event);
    if (!cell)
        return err_set(err, ENVRES_E_INVALID, "a version that is %s does not meet '%s'",
                       version_state_name(state), machine_event_name(event));
    if (cell->status == ENVRES_OK)
        return ENVRES_OK;
    const struct refusal *refusal = find_refusal(state, cell->status);
    envres_status st = err_set(err, cell->status, "version '%s' %s", version->name, refusal->text);
    err_hint(err, "%s", refusal->hint);
    err_subject(err, version->name, strlen(version->name));
    return st;
}
