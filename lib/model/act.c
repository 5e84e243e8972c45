/* SPDX-License-Identifier: MIT */
/* Reading and writing of changes that wait. The bytes are authenticated before they come here; a
 * reader that runs out of them is a fault of ours, and answered like damage. */
#include "model/act.h"

void
act_put_text(struct buf *out, struct slice text)
{
    buf_add_char(out, text.data ? 1 : 0);
    buf_add_text(out, text.data ? text.data : "", text.data ? text.len : 0);
}

const uint8_t *
act_bytes(struct act_reader *reader, size_t len)
{
    if (reader->failed || len > reader->left) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *at = (const uint8_t *)reader->at;
    reader->at += len;
    reader->left -= len;
    return at;
}

static uint64_t
number(struct act_reader *reader, size_t len)
{
    const uint8_t *bytes = act_bytes(reader, len);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < len; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint32_t
act_u32(struct act_reader *reader)
{
    return (uint32_t)number(reader, 4);
}

uint64_t
act_u64(struct act_reader *reader)
{
    return number(reader, 8);
}

struct slice
act_text(struct act_reader *reader)
{
    bool is_there = number(reader, 1) != 0;
    uint32_t len = act_u32(reader);
    const uint8_t *bytes = act_bytes(reader, len);
    return is_there && bytes ? slice_of((const char *)bytes, len) : slice_of(NULL, 0);
}

envres_status
act_fault(envres_error *err)
{
    return err_set(err, ENVRES_E_INTEGRITY, "what the request asks for cannot be read");
}

envres_status
act_end(const struct act_reader *reader, envres_error *err)
{
    return reader->failed || reader->left > 0 ? act_fault(err) : ENVRES_OK;
}
