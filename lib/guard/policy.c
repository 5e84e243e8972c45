/* SPDX-License-Identifier: MIT */
/*
 * The matrix of rights. One row for each action; two letters for each role: in an environment that
 * is not protected, and in one that is.
 *
 *   y  may      q  may, when enough have approved      f  may, where the environment's flag for
 *   n  may not                                            editors is set
 */
#include "guard/policy.h"

#include <stddef.h>

#include "base/status.h"

struct policy_row {
    const char *name;
    const char *cells; /* viewer editor publisher admin owner runtime depositor auditor */
};

static const struct policy_row rows[ACTION_COUNT_] = {
    /*                                vi ed pu ad ow ru de au */
    [ACTION_LIST] = { "see names", "yy yy yy yy yy yy nn yy" },
    [ACTION_READ] = { "read values", "yy yy yy yy yy yy nn nn" },
    [ACTION_USE] = { "use secrets", "nn yn yn yy yy yy nn nn" },
    [ACTION_REVEAL] = { "reveal secrets", "nn fn nn yy yy nn nn nn" },
    [ACTION_EDIT] = { "change values", "nn yn yn yq yq nn nn nn" },
    [ACTION_DESTROY] = { "destroy revisions", "nn nn nn yq yq nn nn nn" },
    [ACTION_BUILD] = { "edit apps", "nn yn yn yy yy nn nn nn" },
    [ACTION_PROMOTE] = { "promote", "nn yn yq yq yq nn nn nn" },
    [ACTION_RELEASE] = { "release", "nn nn qq qq qq nn nn nn" },
    [ACTION_ROLLBACK] = { "roll back", "nn nn yy yy yy nn nn nn" },
    [ACTION_APPROVE] = { "approve", "nn nn yy yy yy nn nn nn" },
    [ACTION_GRANT] = { "grant roles", "nn nn nn yq qq nn nn nn" },
    [ACTION_RAISE] = { "raise protection", "nn nn nn yy yy nn nn nn" },
    [ACTION_LOWER] = { "lower protection", "nn nn nn nn qq nn nn nn" },
    [ACTION_ROTATE] = { "rotate keys", "nn nn nn yy yy nn nn nn" },
    [ACTION_AUDIT] = { "read the audit", "nn nn nn yy yy nn nn yy" },
    [ACTION_DEPOSIT] = { "deposit values", "nn yy yy yy yy nn yy nn" },
    [ACTION_ADMIN] = { "administer", "nn nn nn yy yy nn nn nn" },
};

/* What waits for approvals, whatever the role, where an environment asks for some. */
static const bool gated[ACTION_COUNT_] = {
    [ACTION_EDIT] = true,    [ACTION_DESTROY] = true, [ACTION_PROMOTE] = true,
    [ACTION_RELEASE] = true, [ACTION_GRANT] = true,   [ACTION_LOWER] = true,
};

/* Keys come with what a role may do with values there. */
static const char key_cells[] = "cc bc bc bb bb bb nn nn"; /* config, both, none */

static char
cell(const char *cells, uint32_t role, bool is_protected)
{
    return cells[(size_t)(role - 1) * 3 + (is_protected ? 1 : 0)];
}

static enum verdict
read_cell(char letter, bool editors_reveal)
{
    switch (letter) {
    case 'y':
        return VERDICT_ALLOW;
    case 'q':
        return VERDICT_QUORUM;
    case 'f':
        return editors_reveal ? VERDICT_ALLOW : VERDICT_DENY;
    default:
        return VERDICT_DENY;
    }
}

enum verdict
policy_verdict(uint32_t roles, enum action action, bool is_protected, bool editors_reveal)
{
    enum verdict best = VERDICT_DENY;
    if ((unsigned)action >= ACTION_COUNT_)
        return VERDICT_DENY;
    for (uint32_t role = 1; role < ROLE_COUNT_; role++) {
        if (!(roles & role_bit(role)))
            continue;
        enum verdict own = read_cell(cell(rows[action].cells, role, is_protected), editors_reveal);
        best = own > best ? own : best;
    }
    return best;
}

bool
policy_needs_approvals(enum action action, bool rollback_approvals)
{
    if ((unsigned)action >= ACTION_COUNT_)
        return true;
    return gated[action] || (action == ACTION_ROLLBACK && rollback_approvals);
}

enum action
policy_approver(enum action action)
{
    return action == ACTION_LOWER ? ACTION_LOWER : ACTION_APPROVE;
}

enum policy_keys
policy_keys(uint32_t roles, bool is_protected)
{
    enum policy_keys best = POLICY_NO_KEY;
    for (uint32_t role = 1; role < ROLE_COUNT_; role++) {
        if (!(roles & role_bit(role)))
            continue;
        char letter = cell(key_cells, role, is_protected);
        if (letter == 'b')
            return POLICY_BOTH_KEYS;
        if (letter == 'c')
            best = POLICY_CONFIG_KEY;
    }
    return best;
}

bool
policy_covers(uint32_t roles, uint32_t role)
{
    if (!role_bit(role))
        return false;
    for (int protection = 0; protection < 2; protection++) {
        for (uint32_t action = 0; action < ACTION_COUNT_; action++) {
            bool gives = policy_verdict(role_bit(role), (enum action)action, protection, true);
            if (gives && !policy_verdict(roles, (enum action)action, protection, true))
                return false;
        }
    }
    return true;
}

const char *
policy_action_name(enum action action)
{
    return (unsigned)action < ACTION_COUNT_ ? rows[action].name : "?";
}

static const char *const role_names[ROLE_COUNT_] = {
    "?", "viewer", "editor", "publisher", "admin", "owner", "runtime", "depositor", "auditor",
};

const char *
envres_role_name(uint32_t role)
{
    return role < ROLE_COUNT_ ? role_names[role] : "?";
}
