/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): everything that is kept as bytes and read back. Any bytes are refused or
 * read; what was read and is written again is the same bytes, so that nothing has two forms. No
 * bytes but those that were sealed open. Pages of a damaged file are read inside their bounds. The
 * first byte chooses the format.
 */
#include <string.h>

#include <envres/release.h>

#include "base/limits.h"
#include "base/semver.h"
#include "fuzz.h"
#include "guard/seal.h"
#include "guard/slot.h"
#include "model/query_form.h"
#include "model/tree.h"
#include "storage/page.h"

/* ---- trees and queries: one form each ------------------------------------------------------- */

static void
try_tree(struct slice body)
{
    struct tree tree = { 0 };
    struct buf again;
    envres_status st = tree_decode(&mem_default, body, &tree, NULL);
    CHECK(st == ENVRES_OK || st == ENVRES_E_INTEGRITY);
    if (st == ENVRES_OK) {
        buf_init(&again, &mem_default, false);
        CHECK(tree_encode(&tree, &again, NULL) == ENVRES_OK);
        CHECK(again.len == body.len && memcmp(again.data, body.data, body.len) == 0);
        for (size_t i = 0; i < tree.count; i++)
            CHECK(tree_find(&tree, tree.entries[i].path) == &tree.entries[i]);
        for (size_t i = 0; i < tree.pin_count; i++)
            CHECK(tree_pin_find(&tree, tree.pins[i].query) == &tree.pins[i]);
        buf_free(&again);
    }
    tree_free(&tree);
}

static void
try_query(struct slice body)
{
    struct query_form form = { 0 };
    struct buf again;
    envres_status st = query_form_decode(&mem_default, body, &form, NULL);
    CHECK(st == ENVRES_OK || st == ENVRES_E_INTEGRITY);
    if (st == ENVRES_OK) {
        buf_init(&again, &mem_default, false);
        query_form_encode(&form, &again);
        CHECK(!again.failed && again.len == body.len);
        CHECK(memcmp(again.data, body.data, body.len) == 0);
        buf_free(&again);
        for (uint32_t i = 0; i < form.count; i++)
            CHECK(query_param_find(&form, form.params[i].name) != NULL);
    }
    query_form_free(&mem_default, &form);
}

/* ---- tags and paths ------------------------------------------------------------------------- */

static void
try_tag(struct slice text)
{
    struct semver tag;
    struct semver again;
    static envres_error *err;
    if (!err)
        err = envres_error_new(NULL);
    envres_error_clear(err);
    envres_status st = semver_read(text, &tag, err);
    CHECK(st == ENVRES_OK || st == ENVRES_E_LIMIT || envres_error_offset(err) <= text.len);
    CHECK(st == ENVRES_OK || envres_error_code(err) == st);
    if (st == ENVRES_OK) {
        CHECK(semver_read(slice_str(tag.text), &again, NULL) == ENVRES_OK);
        CHECK(semver_compare(&tag, &again) == 0 && strcmp(tag.text, again.text) == 0);
        for (uint32_t bump = ENVRES_BUMP_MAJOR; bump <= ENVRES_BUMP_PATCH; bump++) {
            struct semver next;
            if (semver_next(&tag, bump, &next, NULL) == ENVRES_OK)
                CHECK(semver_compare(&tag, &next) < 0 && !next.is_prerelease);
        }
    }
}

static void
try_path(struct slice path)
{
    envres_status st = part_check_path(path, NULL);
    CHECK(st == ENVRES_OK || st == ENVRES_E_PATH);
    if (st < 0)
        return;
    CHECK(path.len > 0 && path.data[0] != '/' && path.data[path.len - 1] != '/');
    CHECK(!memchr(path.data, 0, path.len) && !memchr(path.data, '\\', path.len));
    for (size_t i = 0; i + 1 < path.len; i++)
        CHECK(path.data[i] != '/' || path.data[i + 1] != '/');
}

/* ---- what is sealed ------------------------------------------------------------------------- */

static const uint8_t key[SEAL_KEY] = { 1, 2, 3 };
static const uint8_t id[SEAL_ID] = { 4, 5, 6 };

static struct seal_label
label_of(void)
{
    return (struct seal_label){ .workspace = id,
                                .environment = id,
                                .object = id,
                                .kind = SEAL_VARIABLE,
                                .type = ENVRES_TYPE_STRING,
                                .secret = true,
                                .name = slice_str("TOKEN"),
                                .revision = 7 };
}

/* Bytes of the fuzzer laid over a record that opens: it opens only when they changed nothing. */
static void
try_record(struct slice body)
{
    static const char value[] = "a value";
    static struct buf record;
    static uint8_t content[SEAL_DIGEST];
    struct seal_label label = label_of();
    uint8_t damaged[512];
    char out[512];
    size_t len = 0;
    if (!record.data) {
        buf_init(&record, &mem_default, false);
        CHECK(seal_record(key, 1, &label, slice_str(value), &record, content, NULL) == ENVRES_OK);
    }
    CHECK(record.len <= sizeof(damaged) && seal_value_max(record.len) <= sizeof(out));
    size_t damaged_len = record.len;
    memcpy(damaged, record.data, record.len);
    for (size_t i = 0; i + 1 < body.len; i += 2)
        damaged[(uint8_t)body.data[i] % damaged_len] ^= (uint8_t)body.data[i + 1];
    if (body.len % 2 == 1)
        damaged_len = (uint8_t)body.data[body.len - 1] % (record.len + 1);
    bool same = damaged_len == record.len && memcmp(damaged, record.data, record.len) == 0;
    envres_status st = unseal_into(&mem_default, key, &label, content, damaged, damaged_len, out,
                                   sizeof(out), &len, NULL);
    CHECK(st == (same ? ENVRES_OK : ENVRES_E_INTEGRITY));
    CHECK(!same || (len == strlen(value) && memcmp(out, value, len) == 0));
}

/* And the fuzzer's own bytes as a record. */
static void
try_forged(struct slice body)
{
    static const uint8_t content[SEAL_DIGEST];
    struct seal_label label = label_of();
    char out[4096];
    size_t len = 0;
    if (seal_value_max(body.len) <= sizeof(out))
        CHECK(unseal_into(&mem_default, key, &label, content, body.data, body.len, out, sizeof(out),
                          &len, NULL) == ENVRES_E_INTEGRITY);
    CHECK(body.len > 0 || seal_generation(body.data, body.len) == 0);
}

/* What follows the slot is what a provider keeps beside it. */
static void
try_slot(struct slice input)
{
    struct slice body = slice_of(input.data, input.len < SLOT_SIZE ? input.len : SLOT_SIZE);
    struct slice provider = slice_of(input.data + body.len, input.len - body.len);
    uint32_t kind = slot_kind(id, body, provider);
    CHECK(kind <= ENVRES_CREDENTIAL_PROVIDER && (kind == 0 || body.len == SLOT_SIZE));
    CHECK(kind == 0 || (kind == ENVRES_CREDENTIAL_PROVIDER) == (provider.len > 0));
    if (kind != 0 && slot_cost_is_allowed((const uint8_t *)body.data, 64 << 20))
        CHECK(!slot_cost_is_allowed((const uint8_t *)body.data, 1) ||
              kind != ENVRES_CREDENTIAL_PASSPHRASE);
}

/* The same over the clear part of a slot in form, so that its fields are reached one by one. */
static void
try_damaged_slot(struct slice body)
{
    static const uint8_t sound[24] = {
        1, ENVRES_CREDENTIAL_PASSPHRASE, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4
    };
    char slot[SLOT_SIZE + 1] = { 0 };
    memcpy(slot, sound, sizeof(sound));
    memcpy(slot + 40, id, sizeof(id));
    for (size_t i = 0; i + 1 < body.len; i += 2)
        slot[(uint8_t)body.data[i] % SLOT_SIZE] ^= body.data[i + 1];
    try_slot(slice_of(slot, SLOT_SIZE + body.len % 2));
}

/* ---- pages of a damaged file ---------------------------------------------------------------- */

static void
try_row(struct slice payload)
{
    struct page_row row = { 0 };
    const char *at = NULL;
    if (!page_decode(payload, &row))
        return;
    CHECK(row.count > 0 && row.count <= PAGE_COLUMNS);
    for (size_t i = 0; i < row.count; i++) {
        struct slice bytes = row.values[i].bytes;
        CHECK(bytes.data >= payload.data && (!at || bytes.data == at));
        at = bytes.data + bytes.len;
    }
    CHECK(at == payload.data + payload.len);
}

enum { SMALL_PAGE = 512, SMALL_FILE = 3 };

static bool
read_small(void *user, uint32_t number, uint8_t *out)
{
    CHECK(number >= 1 && number <= SMALL_FILE);
    memcpy(out, user, SMALL_PAGE);
    memset(out, 0, 3);
    return true;
}

/* A leaf of a table: the first half of the input stands at its front, behind the header; the second
 * one at its end, where cells do. */
static void
try_page(struct slice body)
{
    static struct buf payload;
    uint8_t page[SMALL_PAGE] = { 0x0D };
    uint8_t scratch[SMALL_PAGE];
    struct page_source source = { read_small, page, SMALL_PAGE, SMALL_FILE };
    size_t front = body.len / 2 < 128 ? body.len / 2 : 128;
    size_t back = body.len - front < 256 ? body.len - front : 256;
    if (!payload.mem)
        buf_init(&payload, &mem_default, false);
    if (front > 0)
        memcpy(page + 3, body.data, front);
    if (back > 0)
        memcpy(page + SMALL_PAGE - back, body.data + front, back);
    size_t cells = page_cells(page, SMALL_PAGE);
    CHECK(cells <= SMALL_PAGE / 4);
    for (size_t n = 0; n < cells && n < 8; n++) {
        if (!page_payload(&source, page, n, &payload, scratch))
            continue;
        CHECK(!payload.failed && payload.len <= (size_t)SMALL_PAGE * SMALL_FILE);
        try_row(slice_of(payload.data, payload.len));
    }
}

/* ---- credentials ----------------------------------------------------------------------------- */

static envres_status
wrap(const uint8_t *principal, const uint8_t *secret, const uint8_t *aad, size_t aad_len,
     uint8_t *blob, size_t cap, size_t *blob_len, void *user)
{
    (void)principal, (void)secret, (void)aad, (void)aad_len, (void)blob, (void)cap, (void)blob_len;
    (void)user;
    abort();
}

/* How it is made up, its cost, the length of a name; then name and secret. */
static void
try_credential(struct slice input)
{
    uint8_t how = input.len > 0 ? (uint8_t)input.data[0] : 0;
    uint8_t cost = input.len > 1 ? (uint8_t)input.data[1] : 0;
    size_t name_len = input.len > 2 && (how & 16) ? (uint8_t)input.data[2] : 0;
    struct slice rest =
        slice_of(input.data + (input.len < 3 ? input.len : 3), input.len < 3 ? 0 : input.len - 3);
    envres_credential given = { .size = sizeof(given), .kind = how % 5 };
    envres_credential read = { .size = 0 };
    given.wrap = how & 32 ? wrap : NULL;
    given.kdf_passes = cost & 15;
    given.kdf_memory = (uint64_t)(cost >> 4) << 26;
    given.size += how & 64 ? 8u : 0u;
    uint8_t room[sizeof(given) + 8] = { 0 };
    name_len = name_len < rest.len ? name_len : rest.len;
    given.principal = how & 16 ? rest.data : NULL;
    given.principal_len = name_len;
    given.secret = (const uint8_t *)rest.data + name_len;
    given.secret_len = rest.len - name_len;
    memcpy(room, &given, sizeof(given));
    room[sizeof(given)] = (how & 64) && (how & 128) ? 1 : 0;
    envres_status st = credential_check((const envres_credential *)(const void *)room, &read, NULL);
    bool passes = given.kdf_passes == 0 || (given.kdf_passes >= LIMIT_KDF_PASSES_MIN &&
                                            given.kdf_passes <= LIMIT_KDF_PASSES_MAX);
    bool costs = passes && (given.kdf_memory == 0 || given.kdf_memory <= LIMIT_KDF_MEMORY_MAX);
    if (st < 0) {
        CHECK(!read.secret && read.kind == 0);
        CHECK(st == ENVRES_E_KEY_FORMAT || st == ENVRES_E_INVALID || st == ENVRES_E_ABI ||
              st == ENVRES_E_KDF_LIMIT || st == ENVRES_E_UTF8 || st == ENVRES_E_LIMIT);
        return;
    }
    CHECK(costs && room[sizeof(given)] == 0);
    CHECK(read.kind >= ENVRES_CREDENTIAL_PASSPHRASE && read.kind <= ENVRES_CREDENTIAL_PROVIDER);
    CHECK(read.kind != ENVRES_CREDENTIAL_RAW_KEY || read.secret_len == SEAL_KEY);
    CHECK(read.kind != ENVRES_CREDENTIAL_PASSPHRASE || read.secret_len > 0);
    CHECK(read.kind != ENVRES_CREDENTIAL_PROVIDER || read.wrap);
    CHECK(read.principal_len == name_len && name_len <= LIMIT_PRINCIPAL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const formats[])(struct slice body) = { try_tree,   try_query,        try_tag,
                                                          try_path,   try_record,       try_slot,
                                                          try_forged, try_damaged_slot, try_row,
                                                          try_page,   try_credential };
    if (size == 0)
        return 0;
    formats[data[0] % (sizeof(formats) / sizeof(formats[0]))](
        slice_of((const char *)data + 1, size - 1));
    return 0;
}
