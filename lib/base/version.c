/* SPDX-License-Identifier: MIT */
/* What every language asks first: which library is this. The version is the build's. */
#include <envres/types.h>

size_t
envres_nul_terminated(void)
{
    return ENVRES_NUL_TERMINATED;
}

const char *
envres_version(void)
{
    return ENVRES_VERSION_TEXT;
}
