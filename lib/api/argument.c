/* SPDX-License-Identifier: MIT */
/* Arguments of public calls: measured, checked for UTF-8, never kept. */
#include "api/argument.h"

#include "base/text.h"

envres_status
argument_name(const char *text, size_t len, bool optional, const char *what, struct slice *out,
              envres_error *err)
{
    if (!text && !optional)
        return err_set(err, ENVRES_E_INVALID, "%s is NULL", what);
    envres_status st = text_argument(text, text ? len : 0, SIZE_MAX, what, out, err);
    if (!text)
        out->data = NULL;
    return st;
}

envres_status
argument_out(const void *out, envres_error *err)
{
    return out ? ENVRES_OK : err_set(err, ENVRES_E_INVALID, "there is no place for the result");
}
