/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: one table of roles and actions, for protected environments and for others. Pure.
 * Deny by default: what is not in the table, and what nobody knows, may not be done. Roles are no
 * ladder: nothing compares them by number.
 */
#ifndef ENVRES_GUARD_POLICY_H
#define ENVRES_GUARD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <envres/principal.h>

enum action {
    ACTION_LIST,     /* names, types, revisions, states: what is no value */
    ACTION_READ,     /* a plain value */
    ACTION_USE,      /* a secret, inside a render or a handle */
    ACTION_REVEAL,   /* a secret, for people to see */
    ACTION_EDIT,     /* write a value or a resource's settings */
    ACTION_DESTROY,  /* a revision */
    ACTION_BUILD,    /* apps, versions and their parts; names of variables and resources */
    ACTION_PROMOTE,  /* a version into the environment */
    ACTION_RELEASE,  /* or withdraw, from the environment */
    ACTION_ROLLBACK, /* to an earlier release */
    ACTION_APPROVE,  /* what somebody else asked for */
    ACTION_GRANT,    /* a role, or take it back */
    ACTION_RAISE,    /* protection */
    ACTION_LOWER,    /* protection, quorum */
    ACTION_ROTATE,   /* the environment's keys */
    ACTION_AUDIT,    /* read the audit */
    ACTION_DEPOSIT,  /* a value that a key holder takes in */
    ACTION_ADMIN,    /* environments, principals, the workspace */
    ACTION_COUNT_
};

enum verdict {
    VERDICT_DENY,
    VERDICT_QUORUM, /* when as many have approved as the environment asks for */
    VERDICT_ALLOW
};

enum { ROLE_COUNT_ = ENVRES_ROLE_AUDITOR + 1 };

/* Bit of a role in a set of roles. */
static inline uint32_t
role_bit(uint32_t role)
{
    return role >= 1 && role < ROLE_COUNT_ ? (uint32_t)1 << role : 0;
}

/* The best verdict that any role of a set gives. `editors_reveal`: the environment's flag. */
enum verdict policy_verdict(uint32_t roles, enum action action, bool is_protected,
                            bool editors_reveal);

/* Does an environment's number of approvals count for it? A rollback's only where the environment
 * says so. */
bool policy_needs_approvals(enum action action, bool rollback_approvals);
/* The right that approvers of such an act have: of what lowers protection, owners alone. */
enum action policy_approver(enum action action);

/* The keys that a set of roles comes with. */
enum policy_keys { POLICY_NO_KEY = 0, POLICY_CONFIG_KEY = 1, POLICY_BOTH_KEYS = 2 };
enum policy_keys policy_keys(uint32_t roles, bool is_protected);

/* May somebody with `roles` give `role` away? Nobody gives what they do not hold: the rights of
 * `role`, protected or not, must be among those of `roles`. */
bool policy_covers(uint32_t roles, uint32_t role);

/* "edit", "release", ... for errors; static. "?" for none. */
const char *policy_action_name(enum action action);

#endif
