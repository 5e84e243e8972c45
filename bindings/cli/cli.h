/* SPDX-License-Identifier: MIT */
/* One run of the command line: what was asked for, and what is open. */
#ifndef ENVRES_CLI_CLI_H
#define ENVRES_CLI_CLI_H

#include "options.h"

#include <envres/envres.h>

#define MASK "******"

struct cli {
    struct parsed parsed;
    bool json;
    bool quiet;
    bool yes;
    bool no_input;
    bool color_out;
    bool color_err;
    char *store_path;    /* once it is known */
    char *key_path;      /* the key file that was read, if one was */
    envres_error *err;   /* of the last call of the library; never NULL */
    envres_store *store; /* NULL until store_open() */
    envres_session *session;
};

#endif
