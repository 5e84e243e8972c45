/* SPDX-License-Identifier: MIT */
/* Arguments of public calls: measured, checked for UTF-8, never kept. */
#include "api/argument.h"

#include "base/limits.h"
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
argument_check_title(struct slice name, const char *what, envres_error *err)
{
    bool good = name.len > 0 && name.len <= LIMIT_PRINCIPAL && name.data[0] != ' ' &&
                name.data[name.len - 1] != ' ';
    for (size_t i = 0; good && i < name.len; i++)
        good = (unsigned char)name.data[i] >= 0x20 && name.data[i] != 0x7F;
    if (good)
        return ENVRES_OK;
    envres_status st = err_set(err, ENVRES_E_NAME, "%s is not a valid name", what);
    err_subject(err, name.data, name.len);
    err_hint(err, "1 to %d bytes, no control characters, no space at either end",
             (int)LIMIT_PRINCIPAL);
    return st;
}

envres_status
argument_out(const void *out, envres_error *err)
{
    return out ? ENVRES_OK : err_set(err, ENVRES_E_INVALID, "there is no place for the result");
}
