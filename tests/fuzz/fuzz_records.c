/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): everything that is kept as bytes and read back. Any bytes are refused or
 * read; what was read and is written again is the same bytes, so that nothing has two forms. No
 * bytes but those that were sealed open. The first byte chooses the format.
 */
#include <string.h>

#include <envres/release.h>

#include "base/semver.h"
#include "fuzz.h"
#include "guard/seal.h"
#include "guard/slot.h"
#include "model/query_form.h"
#include "model/tree.h"

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
    envres_error *err = envres_error_new(NULL);
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
    envres_error_free(err);
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
    struct seal_label label = label_of();
    uint8_t content[SEAL_DIGEST];
    char out[4096];
    size_t len = 0;
    struct buf record;
    struct buf damaged;
    buf_init(&record, &mem_default, false);
    buf_init(&damaged, &mem_default, false);
    CHECK(seal_record(key, 1, &label, slice_str(value), &record, content, NULL) == ENVRES_OK);
    buf_add(&damaged, record.data, record.len);
    for (size_t i = 0; i + 1 < body.len; i += 2)
        damaged.data[(uint8_t)body.data[i] % damaged.len] ^= body.data[i + 1];
    if (body.len % 2 == 1)
        damaged.len = (uint8_t)body.data[body.len - 1] % (record.len + 1);
    bool same = damaged.len == record.len && memcmp(damaged.data, record.data, record.len) == 0;
    envres_status st = unseal_into(&mem_default, key, &label, content, damaged.data, damaged.len,
                                   out, sizeof(out), &len, NULL);
    CHECK(st == (same ? ENVRES_OK : ENVRES_E_INTEGRITY));
    CHECK(!same || (len == strlen(value) && memcmp(out, value, len) == 0));
    buf_free(&damaged);
    buf_free(&record);
    /* And the fuzzer's own bytes as a record. */
    if (seal_value_max(body.len) <= sizeof(out))
        CHECK(unseal_into(&mem_default, key, &label, content, body.data, body.len, out, sizeof(out),
                          &len, NULL) == ENVRES_E_INTEGRITY);
    CHECK(body.len > 0 || seal_generation(body.data, body.len) == 0);
}

static void
try_slot(struct slice body)
{
    struct slice provider = { body.data, body.len > 200 ? body.len - 200 : 0 };
    uint32_t kind = slot_kind(id, body, provider);
    CHECK(kind <= ENVRES_CREDENTIAL_PROVIDER);
    if (kind != 0)
        (void)slot_cost_is_allowed((const uint8_t *)body.data, 64 << 20);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const formats[])(struct slice body) = { try_tree, try_query,  try_tag,
                                                          try_path, try_record, try_slot };
    if (size == 0)
        return 0;
    formats[data[0] % (sizeof(formats) / sizeof(formats[0]))](
        slice_of((const char *)data + 1, size - 1));
    return 0;
}
