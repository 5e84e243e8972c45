/* SPDX-License-Identifier: MIT */
/* No ctemplate on this machine: the columns of the peer stay empty, and what is required against it
 * is not judged. */
#include "peer.h"

int
peer_exists(void)
{
    return 0;
}

void *
peer_values_new(void)
{
    return NULL;
}

void
peer_values_set(void *values, const char *name, const char *value)
{
    (void)values;
    (void)name;
    (void)value;
}

void *
peer_parse(const char *text, size_t len)
{
    (void)text;
    (void)len;
    return NULL;
}

void
peer_free(void *parsed)
{
    (void)parsed;
}

const char *
peer_expand(void *parsed, void *values, size_t *len)
{
    (void)parsed;
    (void)values;
    *len = 0;
    return NULL;
}
