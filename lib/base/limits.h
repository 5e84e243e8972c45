/* SPDX-License-Identifier: MIT */
/* Every limit of the library, in one place. Each has a test. */
#ifndef ENVRES_BASE_LIMITS_H
#define ENVRES_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    LIMIT_NAME = 128,           /* bytes of a variable's, handle's, field's, parameter's name */
    LIMIT_ENVIRONMENT_KEY = 64, /* bytes of an environment's key */
    LIMIT_LABEL = 200,          /* bytes of a label */
    LIMIT_COLOR = 32,           /* bytes of a colour */
    LIMIT_REASON = 1000,        /* bytes of a reason */
    LIMIT_OBJECT = 1024,        /* bytes of what a change is about, in the audit and in requests */
    LIMIT_AUTHORS = 256,        /* authors of a change that waits for approval */
    LIMIT_APPROVALS = 16,       /* approvals that an environment can ask for */
    LIMIT_REQUEST_DAYS = 7,     /* after which a request is over */
    LIMIT_PATH = 4096,          /* bytes of a path */
    LIMIT_PRINCIPAL = 128,      /* bytes of a principal's or workspace's name */
    LIMIT_VALUE = 1024 * 1024,  /* bytes of one value */
    LIMIT_TEMPLATE = 16 * 1024 * 1024,
    LIMIT_TAGS = 1000000,            /* tags of one template */
    LIMIT_FILTERS = 8,               /* filters of one tag */
    LIMIT_NEAR_MISSES = 1000,        /* near misses of one template that are reported */
    LIMIT_TEMPLATE_DEPTH = 8,        /* template variables inside template variables */
    LIMIT_OUTPUT = 64 * 1024 * 1024, /* bytes of one render, unless raised */
    LIMIT_JSON_DEPTH = 64,
    LIMIT_JSON_TEXT = 64 * 1024 * 1024,
    LIMIT_FIELDS = 256,        /* fields of one resource in one environment */
    LIMIT_ENVIRONMENTS = 1000, /* environments of one workspace */
    LIMIT_WORKSPACES = 10000,  /* workspaces that a verify walks */
    LIMIT_VARIABLES = 1000000, /* values of one environment that a scope takes in */
    LIMIT_BATCH = 100000,      /* writes of one envres_variable_put_many() */
    LIMIT_DEPOSITS = 1000,     /* deposits that wait in one environment */
    LIMIT_ROLES = 100000,      /* principals, and roles, of one workspace */
    LIMIT_APPS = 100000,       /* apps of one workspace that a list takes in */
    LIMIT_VERSIONS = 2000000,  /* versions of one app that a list takes in */
    LIMIT_APP = 64,            /* bytes of an app's or a version's name */
    LIMIT_PART_PATH = 512,     /* bytes of a part's path */
    LIMIT_PART = 16 * 1024 * 1024,
    LIMIT_PARTS = 10000, /* parts of one version, and writes of one envres_part_put() */
    LIMIT_CONTENT = 256 * 1024 * 1024, /* bytes of all parts of one version */
    LIMIT_PINS = 10000,                /* queries that one version uses */
    LIMIT_EDITS = 1000000,             /* edits of one version */
    LIMIT_DESCRIPTION = 1000,          /* bytes of a version's description */
    LIMIT_NOTES = 64 * 1024,           /* bytes of a release's notes */
    LIMIT_TAG = 255,                   /* bytes of a release's tag */
    LIMIT_SALVAGE_REPORT = 10000,      /* rows of a salvage's report that tell of a loss */
    LIMIT_FINDINGS = 10000,            /* findings of one check that are kept */
    LIMIT_SEARCHES = 100,              /* of them, those for which a similar name is looked for */
    LIMIT_BROKEN_TAGS = 20,            /* broken tags of one part that a check parses around */
    LIMIT_LEAK = 4096, /* bytes of a value that a check looks for; of a longer one, its beginning */
    LIMIT_REDACT_FORMS = 256 * 1024 * 1024, /* bytes of all forms that a redactor looks for */
    LIMIT_REDACT_PIECE = 256,               /* bytes of a form that are looked for in one piece */
    LIMIT_REPLACEMENT = 64,                 /* bytes of what stands in the place of a secret */
    LIMIT_DIFF_LINES = 2 * 1024 * 1024,     /* of two texts together that are compared one by one */
    LIMIT_PARAMS = 100000,                  /* parameters of one render */
    LIMIT_QUERIES = 100000,                 /* queries of one workspace that a list takes in */
    LIMIT_QUERY = 256 * 1024,               /* bytes of each text of a query */
    LIMIT_QUERY_PARAMS = 256,               /* parameters that a query declares */
    LIMIT_QUERY_REVISIONS = 1000000,        /* revisions of one query */
    LIMIT_PASSPHRASE = 1024 * 1024,
    LIMIT_SLOTS = 16,       /* slots of one principal */
    LIMIT_SLOT_LABEL = 128, /* bytes of a slot's label */
    LIMIT_TRIES = 64,       /* passphrase or provider slots that an unlock without a name tries */
    LIMIT_UNLOCK = 10000,   /* raw-key slots that an unlock without a name tries */
    LIMIT_PROVIDER_BLOB = 16 * 1024,
    LIMIT_GENERATIONS = 64,  /* of an environment's keys beside the newest, that records need */
    LIMIT_RESEALS = 256,     /* records that one step of a rotation seals anew */
    LIMIT_OPTIONS = 4096,    /* bytes of an option struct of a newer release */
    LIMIT_CANDIDATES = 10000 /* names looked at for one did-you-mean */
};

#define LIMIT_KDF_PASSES_MIN ((uint64_t)2)
#define LIMIT_KDF_PASSES_MAX ((uint64_t)10)
#define LIMIT_KDF_MEMORY_MIN ((uint64_t)64 * 1024 * 1024)
#define LIMIT_KDF_MEMORY_MAX ((uint64_t)1024 * 1024 * 1024)

#endif
