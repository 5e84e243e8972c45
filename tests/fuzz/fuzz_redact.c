/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): masks a text that comes in pieces and compares with a naive masking of
 * all of it. The input is: how many secrets, how the text is cut, each secret behind its length,
 * the text. A length of 255 repeats the secret until it is of several pieces.
 */
#include <string.h>

#include "../naive_redact.h"
#include "fuzz.h"
#include "lang/redact.h"

enum { SECRETS = 4, LONG = 700, TEXT_MAX = 4096 };

static struct slice
take(struct slice *input, size_t len)
{
    size_t taken = len < input->len ? len : input->len;
    struct slice front = slice_of(input->data, taken);
    *input = slice_of(input->data + taken, input->len - taken);
    return front;
}

static unsigned char
take_byte(struct slice *input)
{
    struct slice byte = take(input, 1);
    return byte.len ? (unsigned char)byte.data[0] : 0;
}

static struct slice
take_secret(struct slice *input, char room[LONG])
{
    unsigned char len = take_byte(input);
    if (len < 255)
        return take(input, len);
    struct slice seed = take(input, 13);
    for (size_t i = 0; i < LONG && seed.len > 0; i++)
        room[i] = (char)(seed.data[i % seed.len] + (char)(i / 97));
    return slice_of(room, seed.len > 0 ? LONG : 0);
}

static envres_status
collect(const char *data, size_t len, void *user)
{
    CHECK(len > 0);
    buf_add(user, data, len);
    return ENVRES_OK;
}

static void
feed(const struct slice *secrets, size_t count, struct slice text, uint32_t cut, struct buf *out)
{
    struct redact_set *set = NULL;
    struct redact_stream stream = { 0 };
    CHECK(redact_set_new(&mem_default, &set, NULL) == ENVRES_OK);
    for (size_t i = 0; i < count; i++) {
        enum form_verdict verdict = FORMS_ALL;
        CHECK(redact_set_add(set, secrets[i], &verdict, NULL) == ENVRES_OK);
        CHECK((verdict == FORMS_SHORT) == (secrets[i].len < FORM_MIN));
    }
    CHECK(redact_set_close(set, NULL) == ENVRES_OK);
    redact_begin(&stream, set, &mem_default, slice_str("##"));
    while (text.len > 0) {
        cut = cut * 1664525 + 1013904223;
        struct slice piece = take(&text, 1 + (cut >> 16) % (1 + cut % 61));
        CHECK(redact_feed(&stream, piece, collect, out, NULL) == ENVRES_OK);
        CHECK(stream.window.len < LIMIT_REDACT_PIECE);
    }
    CHECK(redact_end(&stream, collect, out, NULL) == ENVRES_OK);
    redact_free(&stream);
    redact_set_free(set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char rooms[SECRETS][LONG];
    struct slice input = slice_of((const char *)data, size);
    struct slice secrets[SECRETS] = { { 0 } };
    struct buf got = { 0 };
    struct buf want = { 0 };
    size_t count = take_byte(&input) % (SECRETS + 1);
    uint32_t cut = take_byte(&input);
    for (size_t i = 0; i < count; i++)
        secrets[i] = take_secret(&input, rooms[i]);
    struct slice text = take(&input, TEXT_MAX);
    buf_init(&got, &mem_default, false);
    feed(secrets, count, text, cut, &got);
    naive_redact(secrets, count, text, "##", &want);
    CHECK(got.len == want.len);
    CHECK(got.len == 0 || memcmp(got.data, want.data, got.len) == 0);
    buf_free(&got);
    buf_free(&want);
    return 0;
}
