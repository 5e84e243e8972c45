/* SPDX-License-Identifier: MIT */
/*
 * Records: the known answers, and everything that must be refused: each bit, each part of the
 * label, other keys, plaintexts that are out of form although they are sealed rightly.
 */
#include "guard_helper.h"

#include "guard/box.h"
#include "guard/seal.h"

static const uint8_t ids[3][SEAL_ID] = { { 1 }, { 2 }, { 3 } };

struct fixture {
    struct arena *arena;
    uint8_t *key;
    envres_error *err;
    struct vectors vectors;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f || arena_new(&mem_default, false, &f->arena, NULL) != ENVRES_OK)
        return -1;
    f->key = arena_take(f->arena);
    f->err = envres_error_new(NULL);
    script_install();
    script_clear();
    seal_random(f->key, SEAL_KEY);
    vectors_open(&f->vectors);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    vectors_close(&f->vectors);
    arena_give(f->arena, f->key);
    arena_unref(f->arena);
    envres_error_free(f->err);
    free(f);
    return 0;
}

static struct seal_label
usual_label(void)
{
    struct seal_label label = { .workspace = ids[0],
                                .environment = ids[1],
                                .object = ids[2],
                                .kind = SEAL_VARIABLE,
                                .type = 1,
                                .secret = true,
                                .field = slice_str("ab"),
                                .name = slice_str("cd"),
                                .revision = 7 };
    return label;
}

struct sealed {
    struct buf record;
    uint8_t content[SEAL_DIGEST];
};

static struct sealed
seal(const uint8_t *key, const struct seal_label *label, const void *value, size_t len)
{
    struct sealed sealed;
    struct slice slice = { value, len };
    buf_init(&sealed.record, &mem_default, false);
    assert_int_equal(seal_record(key, 1, label, slice, &sealed.record, sealed.content, NULL),
                     ENVRES_OK);
    return sealed;
}

static envres_status
open_sealed(const uint8_t *key, const struct seal_label *label, const struct sealed *sealed)
{
    static char out[2 * LIMIT_VALUE];
    size_t len = 77;
    envres_status st = unseal_into(&mem_default, key, label, sealed->content, sealed->record.data,
                                   sealed->record.len, out, sizeof(out), &len, NULL);
    if (st < 0)
        assert_int_equal(len, 0);
    return st;
}

static struct seal_label
vector_label(const struct vectors *v, uint32_t node, uint8_t space[3][SEAL_ID])
{
    vector_id(v, node, "workspace", space[0], SEAL_ID);
    vector_id(v, node, "environment", space[1], SEAL_ID);
    vector_id(v, node, "object", space[2], SEAL_ID);
    struct seal_label label = { .workspace = space[0],
                                .environment = space[1],
                                .object = space[2],
                                .kind = (uint8_t)vector_int(v, node, "kind"),
                                .type = (uint8_t)vector_int(v, node, "type"),
                                .secret = vector_int(v, node, "secret") != 0,
                                .field = vector_text(v, node, "field"),
                                .name = vector_text(v, node, "name"),
                                .revision = vector_int(v, node, "revision") };
    return label;
}

static void
check_vector(const struct fixture *f, uint32_t row)
{
    const struct vectors *v = &f->vectors;
    static uint8_t value[8192], record[8192];
    static char out[8192];
    uint8_t key[SEAL_KEY], content[SEAL_DIGEST], space[3][SEAL_ID];
    struct seal_label label = vector_label(v, vector_at(v, row, "label"), space);
    uint32_t generation = (uint32_t)vector_int(v, row, "generation");
    size_t value_len = vector_hex(v, row, "value", value, sizeof(value));
    size_t record_len = vector_hex(v, row, "record", record, sizeof(record));
    size_t len = 0;
    vector_id(v, row, "key", key, sizeof(key));
    vector_id(v, row, "content", content, sizeof(content));

    struct sealed sealed;
    struct slice slice = { (const char *)value, value_len };
    buf_init(&sealed.record, &mem_default, false);
    script_clear();
    vector_script(v, row, "random");
    assert_int_equal(
        seal_record(key, generation, &label, slice, &sealed.record, sealed.content, NULL), 0);
    assert_int_equal(sealed.record.len, record_len);
    assert_memory_equal(sealed.content, content, sizeof(content));
    assert_memory_equal(sealed.record.data, record, record_len);
    buf_free(&sealed.record);

    assert_int_equal(seal_generation(record, record_len), generation);
    assert_true(seal_value_max(record_len) >= value_len);
    assert_int_equal(unseal_into(&mem_default, key, &label, content, record, record_len, out,
                                 seal_value_max(record_len), &len, NULL),
                     ENVRES_OK);
    assert_int_equal(len, value_len);
    assert_memory_equal(out, value, len);
    assert_int_equal(unseal_check(&mem_default, key, &label, content, record, record_len, NULL),
                     ENVRES_OK);
}

static void
known_answers(void **state)
{
    const struct fixture *f = *state;
    uint32_t rows = vector_at(&f->vectors, 0, "records");
    int count = 0;
    for (uint32_t row = json_first(f->vectors.doc, rows); row != JSON_NONE;
         row = json_next(f->vectors.doc, row)) {
        struct slice title = vector_text(&f->vectors, row, "title");
        print_message("row: %.*s\n", (int)title.len, title.data);
        check_vector(f, row);
        count++;
        if ((uint32_t)count == json_size(f->vectors.doc, rows))
            break;
    }
    assert_int_equal(count, 8);
}

/* A ciphertext that the bare AEAD takes under two keys opens under one, the other one's commitment
 * being another. */
static void
two_keys(void **state)
{
    const struct fixture *f = *state;
    const struct vectors *v = &f->vectors;
    uint32_t node = vector_at(v, 0, "two_keys");
    uint8_t keys[2][SEAL_KEY], aead[2][32], nonce[24], aad[512], space[3][SEAL_ID];
    uint8_t content[SEAL_DIGEST], records[2][512], plain[512], value[64];
    char out[512];
    size_t len = 0;
    struct seal_label label = vector_label(v, vector_at(v, node, "label"), space);
    vector_id(v, node, "key_a", keys[0], 32);
    vector_id(v, node, "key_b", keys[1], 32);
    vector_id(v, node, "aead_key_a", aead[0], 32);
    vector_id(v, node, "aead_key_b", aead[1], 32);
    vector_id(v, node, "nonce", nonce, sizeof(nonce));
    vector_id(v, node, "content", content, sizeof(content));
    size_t aad_len = vector_hex(v, node, "aad", aad, sizeof(aad));
    size_t value_len = vector_hex(v, node, "value", value, sizeof(value));
    size_t record_len = vector_hex(v, node, "record_a", records[0], sizeof(records[0]));
    vector_id(v, node, "record_b", records[1], record_len);

    for (int i = 0; i < 2; i++)
        assert_int_equal(
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                plain, NULL, NULL, records[0] + 64, record_len - 64, aad, aad_len, nonce, aead[i]),
            0);
    assert_int_equal(unseal_into(&mem_default, keys[0], &label, content, records[0], record_len,
                                 out, sizeof(out), &len, NULL),
                     ENVRES_OK);
    assert_int_equal(len, value_len);
    assert_memory_equal(out, value, len);
    assert_int_equal(unseal_into(&mem_default, keys[1], &label, content, records[0], record_len,
                                 out, sizeof(out), &len, NULL),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(unseal_into(&mem_default, keys[0], &label, content, records[1], record_len,
                                 out, sizeof(out), &len, NULL),
                     ENVRES_E_INTEGRITY);
}

static void
every_bit(void **state)
{
    struct fixture *f = *state;
    static const size_t lengths[] = { 0, 32, 1200 };
    static char value[1200];
    struct seal_label label = usual_label();
    for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
        struct sealed sealed = seal(f->key, &label, value, lengths[n]);
        size_t accepted = 0;
        for (size_t i = 0; i < sealed.record.len * 8; i++) {
            sealed.record.data[i / 8] ^= (char)(1 << (i % 8));
            accepted += open_sealed(f->key, &label, &sealed) != ENVRES_E_INTEGRITY;
            sealed.record.data[i / 8] ^= (char)(1 << (i % 8));
        }
        for (size_t i = 0; i < SEAL_DIGEST * 8; i++) {
            sealed.content[i / 8] ^= (uint8_t)(1 << (i % 8));
            accepted += open_sealed(f->key, &label, &sealed) != ENVRES_E_INTEGRITY;
            sealed.content[i / 8] ^= (uint8_t)(1 << (i % 8));
        }
        assert_int_equal(accepted, 0);
        assert_int_equal(open_sealed(f->key, &label, &sealed), ENVRES_OK);
        buf_free(&sealed.record);
    }
}

static void
every_length(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    struct sealed sealed = seal(f->key, &label, "value", 5);
    size_t full = sealed.record.len;
    assert_true(buf_reserve(&sealed.record, 256));
    memset(sealed.record.data + full, 0, 256);
    for (size_t len = 0; len < full + 256; len++) {
        sealed.record.len = len;
        assert_int_equal(open_sealed(f->key, &label, &sealed),
                         len == full ? ENVRES_OK : ENVRES_E_INTEGRITY);
        if (len < full)
            assert_int_equal(seal_generation(sealed.record.data, len), 0);
    }
    assert_int_equal(seal_generation(NULL, 0), 0);
    assert_int_equal(seal_value_max(0), 0);
    buf_free(&sealed.record);
}

static void
every_label_part(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = { "workspace", "environment", "object", "kind",
                                         "type",      "secret",      "field",  "name",
                                         "revision",  "boundary",    "longer" };
    static char long_name[LIMIT_NAME + 1];
    static const uint8_t other[SEAL_ID] = { 9 };
    memset(long_name, 'x', sizeof(long_name));
    struct seal_label label = usual_label();
    struct sealed sealed = seal(f->key, &label, "value", 5);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        print_message("row: %s\n", names[i]);
        struct seal_label changed = label;
        changed.workspace = i == 0 ? other : label.workspace;
        changed.environment = i == 1 ? other : label.environment;
        changed.object = i == 2 ? other : label.object;
        changed.kind = i == 3 ? SEAL_FIELD : label.kind;
        changed.type = i == 4 ? 2 : label.type;
        changed.secret = i == 5 ? false : label.secret;
        changed.field = i == 6 ? slice_str("aB") : i == 9 ? slice_str("abc") : label.field;
        changed.name = i == 7 ? slice_str("cD") : i == 9 ? slice_str("d") : label.name;
        changed.revision = i == 8 ? 6 : label.revision;
        if (i == 10)
            changed.name = slice_of(long_name, sizeof(long_name));
        assert_int_equal(open_sealed(f->key, &changed, &sealed), ENVRES_E_INTEGRITY);
    }
    uint8_t wrong[SEAL_KEY] = { 1 };
    assert_int_equal(open_sealed(wrong, &label, &sealed), ENVRES_E_INTEGRITY);
    assert_int_equal(open_sealed(NULL, &label, &sealed), ENVRES_E_INVALID);
    assert_int_equal(open_sealed(f->key, &label, &sealed), ENVRES_OK);
    buf_free(&sealed.record);
}

/* What a record binds, written down a second time. */
static void
bind(struct ce *ce, const struct seal_label *label, const struct sealed *sealed)
{
    const char *record = sealed->record.data;
    ce_bytes(ce, record + 8, 24);
    ce_bytes(ce, record, 8);
    ce_bytes(ce, label->workspace, 16);
    ce_bytes(ce, label->environment, 16);
    ce_u8(ce, label->kind);
    ce_bytes(ce, label->object, 16);
    ce_text(ce, label->field);
    ce_text(ce, label->name);
    ce_u64(ce, label->revision);
    ce_u8(ce, label->secret);
    ce_u8(ce, label->type);
    ce_bytes(ce, sealed->content, 32);
}

/* A byte that whoever holds the key put there, and sealed. */
struct forgery {
    const char *name;
    size_t value_len;  /* of the honest record */
    size_t header_at;  /* in the header; 0: its first byte */
    int header_byte;   /* -1: as it was */
    size_t plain_at;   /* in the plaintext */
    int plain_byte;    /* -1: as it was */
    size_t plain_more; /* bytes put behind the plaintext */
    envres_status st;
};

static struct sealed
forge(const uint8_t *key, const struct seal_label *label, const struct forgery *forgery)
{
    static const char value[200] = "value";
    struct sealed sealed = seal(key, label, value, forgery->value_len);
    uint8_t room[512], material[BOX_MATERIAL], plain[512] = { 0 };
    struct ce ce;
    size_t n = sealed.record.len - SEAL_OVERHEAD;
    assert_true(n + forgery->plain_more + BOX_TAG <= sizeof(plain));
    for (int pass = 0; pass < 2; pass++) {
        uint8_t *record = (uint8_t *)sealed.record.data;
        ce_init(&ce, room, sizeof(room));
        bind(&ce, label, &sealed);
        assert_false(ce.failed);
        box_derive(material, "envres1/record", key, NULL, ce.data, ce.len);
        if (pass == 0) {
            assert_true(box_open(material, record + 8, ce.data + 24, ce.len - 24, record + 32,
                                 record + 64, n, plain));
            if (forgery->header_byte >= 0)
                record[forgery->header_at] = (uint8_t)forgery->header_byte;
            if (forgery->plain_byte >= 0)
                plain[forgery->plain_at] = (uint8_t)forgery->plain_byte;
            memset(plain + n, 0, forgery->plain_more);
            n += forgery->plain_more;
            assert_true(buf_reserve(&sealed.record, forgery->plain_more));
            sealed.record.len += forgery->plain_more;
        } else {
            box_close(material, record + 8, ce.data + 24, ce.len - 24, plain, n, record + 32);
            memcpy(record + 64, plain, n + BOX_TAG);
        }
    }
    return sealed;
}

/* Sealed by someone who holds the key, but not as the format says. */
static void
forged_records(void **state)
{
    struct fixture *f = *state;
    static const struct forgery rows[] = {
        { "as it should be", 5, 0, -1, 32, 1, 0, ENVRES_OK },
        { "as it should be, longer", 100, 0, 1, 0, -1, 0, ENVRES_OK },
        { "another format", 5, 0, 2, 0, -1, 0, ENVRES_E_INTEGRITY },
        { "another algorithm", 5, 1, 2, 0, -1, 0, ENVRES_E_INTEGRITY },
        { "another class of padding", 5, 2, 1, 0, -1, 0, ENVRES_E_INTEGRITY },
        { "a reserved byte", 5, 3, 1, 0, -1, 0, ENVRES_E_INTEGRITY },
        { "no generation", 5, 4, 0, 0, -1, 0, ENVRES_E_INTEGRITY },
        { "a length that no padding has", 5, 0, -1, 0, -1, 1, ENVRES_E_INTEGRITY },
        { "a block of padding too many", 5, 0, -1, 0, -1, 64, ENVRES_E_INTEGRITY },
        { "another type", 5, 0, -1, 32, 2, 0, ENVRES_E_INTEGRITY },
        { "a longer length", 5, 0, -1, 33, 28, 0, ENVRES_E_INTEGRITY },
        { "a huge length", 5, 0, -1, 36, 0x80, 0, ENVRES_E_INTEGRITY },
        { "the length of another padding", 100, 0, -1, 33, 5, 0, ENVRES_E_INTEGRITY },
        { "a length that leaves its value in the padding", 5, 0, -1, 33, 4, 0, ENVRES_E_INTEGRITY },
        { "padding that is not zero", 5, 0, -1, 63, 1, 0, ENVRES_E_INTEGRITY },
    };
    struct seal_label label = usual_label();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        struct sealed sealed = forge(f->key, &label, &rows[i]);
        assert_int_equal(open_sealed(f->key, &label, &sealed), rows[i].st);
        buf_free(&sealed.record);
    }
}

/* Another value under the commitment of the one that was signed: it opens, but for who compares. */
static void
forged_values(void **state)
{
    struct fixture *f = *state;
    static const struct forgery other = { "another value", 5, 0, -1, 37, 'V', 0, ENVRES_OK };
    struct seal_label label = usual_label();
    struct sealed sealed = forge(f->key, &label, &other);
    struct slice record = { sealed.record.data, sealed.record.len };
    uint8_t next[SEAL_KEY] = { 9 };
    struct seal_change change = { f->key, next, 2 };
    struct buf again;
    buf_init(&again, &mem_default, false);
    assert_int_equal(open_sealed(f->key, &label, &sealed), ENVRES_OK);
    assert_int_equal(
        unseal_check(&mem_default, f->key, &label, sealed.content, record.data, record.len, NULL),
        ENVRES_E_INTEGRITY);
    assert_int_equal(
        seal_again(&mem_default, &change, &label, sealed.content, record, &again, NULL),
        ENVRES_E_INTEGRITY);
    assert_int_equal(again.len, 0);
    buf_free(&again);
    buf_free(&sealed.record);
}

/* Memory that holds a sound plaintext before anything is opened into it. */
struct stale {
    const uint8_t *text;
    size_t len;
    int blocks;
};

static void *
stale_reallocate(void *ptr, size_t size, void *user)
{
    struct stale *stale = user;
    if (size == 0) {
        stale->blocks -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    uint8_t *made = realloc(ptr, size);
    stale->blocks += made && !ptr;
    if (made)
        memcpy(made, stale->text, size < stale->len ? size : stale->len);
    return made;
}

/* A record that does not open gives nothing, whatever stood in memory, and gives that back. */
static void
nothing_stale_is_given(void **state)
{
    struct fixture *f = *state;
    static char value[6000], back[16000];
    static uint8_t text[16000];
    struct seal_label label = usual_label();
    struct sealed sealed = seal(f->key, &label, value, sizeof(value));
    struct stale stale = { .text = text, .len = sealed.record.len - SEAL_OVERHEAD };
    struct mem mem = { stale_reallocate, &stale };
    size_t len = 0;
    text[32] = label.type;
    box_put32(text + 33, sizeof(value));
    sealed.record.data[32] ^= 1; /* of the commitment: nothing is opened */
    assert_int_equal(unseal_into(&mem, f->key, &label, sealed.content, sealed.record.data,
                                 sealed.record.len, back, sizeof(back), &len, NULL),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(len, 0);
    sealed.record.data[32] ^= 1;
    assert_int_equal(unseal_into(&mem, f->key, &label, sealed.content, sealed.record.data,
                                 sealed.record.len, back, sizeof(back), &len, NULL),
                     ENVRES_OK);
    assert_int_equal(stale.blocks, 0);
    buf_free(&sealed.record);
}

/* A record of the length behind the longest that a value has is refused before it is opened. */
static void
longer_than_any(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    char *value = calloc(1, LIMIT_VALUE);
    struct sealed sealed = seal(f->key, &label, value, LIMIT_VALUE);
    size_t n = seal_padded(sealed.record.len - SEAL_OVERHEAD + 1);
    struct failing failing = { .left = 0 };
    struct mem none = { failing_reallocate, &failing };
    assert_true(buf_reserve(&sealed.record, n));
    memset(sealed.record.data + sealed.record.len, 0, n + SEAL_OVERHEAD - sealed.record.len);
    assert_int_equal(unseal_check(&none, f->key, &label, sealed.content, sealed.record.data,
                                  n + SEAL_OVERHEAD, NULL),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(failing.hit, 0);
    buf_free(&sealed.record);
    free(value);
}

static void
content_commitment(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    struct sealed a = seal(f->key, &label, "same", 4);
    struct sealed b = seal(f->key, &label, "same", 4);
    assert_memory_not_equal(a.content, b.content, SEAL_DIGEST);
    assert_int_equal(
        unseal_check(&mem_default, f->key, &label, a.content, a.record.data, a.record.len, NULL),
        ENVRES_OK);
    assert_int_equal(
        unseal_check(&mem_default, f->key, &label, b.content, a.record.data, a.record.len, NULL),
        ENVRES_E_INTEGRITY);
    buf_free(&a.record);
    buf_free(&b.record);
}

static int
by_nonce(const void *a, const void *b)
{
    return memcmp(a, b, 24);
}

static void
nonces_are_unique(void **state)
{
    enum { COUNT = 100000 };
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    uint8_t(*nonces)[24] = malloc((size_t)COUNT * 24);
    assert_non_null(nonces);
    struct buf record;
    buf_init(&record, &mem_default, false);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t content[SEAL_DIGEST];
        record.len = 0;
        assert_int_equal(seal_record(f->key, 1, &label, slice_str("same"), &record, content, NULL),
                         ENVRES_OK);
        memcpy(nonces[i], record.data + 8, 24);
    }
    qsort(nonces, COUNT, 24, by_nonce);
    for (size_t i = 1; i < COUNT; i++)
        assert_true(memcmp(nonces[i - 1], nonces[i], 24) != 0);
    free(nonces);
    buf_free(&record);
}

static void
sizes_tell_a_class(void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t from;
        size_t to;
        size_t size;
    } rows[] = {
        { 0, 27, 64 },
        { 28, 91, 128 },
        { 924, 987, 1024 },
        { 988, 1051, 1088 },
        { 1948, 2011, 2048 },
        { 2012, 2139, 2176 },
        { 3932, 4059, 4096 },
        { 4060, 4315, 4352 },
        { 65244, 65499, 65536 },
        { 65500, 67547, 67584 },
        { 1048540, 1048576, 1048576 + 32768 },
    };
    static char value[LIMIT_VALUE];
    struct seal_label label = usual_label();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t at[] = { rows[i].from, (rows[i].from + rows[i].to) / 2, rows[i].to };
        for (size_t j = 0; j < 3; j++) {
            struct sealed sealed = seal(f->key, &label, value, at[j]);
            assert_int_equal(sealed.record.len, SEAL_OVERHEAD + rows[i].size);
            assert_int_equal(sealed.record.data[2], rows[i].size > 1024);
            assert_int_equal(open_sealed(f->key, &label, &sealed), ENVRES_OK);
            buf_free(&sealed.record);
        }
    }
}

/* A refusal names what was asked for: a long name cut, none as none. A label that is longer than
 * any that can be sealed has no record. */
static void
refusals_name_the_value(void **state)
{
    struct fixture *f = *state;
    static char name[LIMIT_NAME + 200];
    memset(name, 'n', sizeof(name));
    struct seal_label label = usual_label();
    struct sealed sealed = seal(f->key, &label, "value", 5);
    const struct {
        const char *what;
        struct slice field;
        struct slice name;
        size_t shown;
    } rows[] = {
        { "another name", slice_str("ab"), slice_of(name, 5), 5 },
        { "the longest that is shown", slice_str("ab"), slice_of(name, 200), 200 },
        { "one that is cut", slice_str("ab"), slice_of(name, 201), 200 },
        { "none", slice_str("ab"), slice_of(NULL, 0), 0 },
        { "longer than any", slice_of(name, LIMIT_NAME), slice_of(name, sizeof(name)), 200 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char said[300];
        print_message("    %s\n", rows[i].what);
        label.field = rows[i].field;
        label.name = rows[i].name;
        assert_int_equal(unseal_check(&mem_default, f->key, &label, sealed.content,
                                      sealed.record.data, sealed.record.len, f->err),
                         ENVRES_E_INTEGRITY);
        snprintf(said, sizeof(said),
                 "the record of '%.*s' does not verify: it is damaged, or belongs somewhere else",
                 (int)rows[i].shown, name);
        assert_string_equal(envres_error_message(f->err), said);
    }
    buf_free(&sealed.record);
}

static void
refused_arguments(void **state)
{
    struct fixture *f = *state;
    static char value[LIMIT_VALUE + 1];
    static char name[LIMIT_NAME + 1];
    memset(name, 'n', sizeof(name));
    struct seal_label label = usual_label();
    struct seal_label long_label = usual_label();
    long_label.name = slice_of(name, sizeof(name));
    struct buf out;
    uint8_t content[SEAL_DIGEST];
    buf_init(&out, &mem_default, false);
    struct slice small = slice_str("v");
    struct slice large = { value, sizeof(value) };
    assert_int_equal(seal_record(f->key, 1, &label, large, &out, content, f->err), ENVRES_E_LIMIT);
    assert_string_equal(envres_error_subject(f->err), "cd");
    assert_int_equal(seal_record(f->key, 1, &long_label, small, &out, content, NULL),
                     ENVRES_E_LIMIT);
    assert_int_equal(seal_record(f->key, 0, &label, small, &out, content, NULL), ENVRES_E_INVALID);
    assert_int_equal(seal_record(NULL, 1, &label, small, &out, content, NULL), ENVRES_E_INVALID);
    long_label = usual_label();
    long_label.field = slice_of(name, sizeof(name));
    assert_int_equal(seal_record(f->key, 1, &long_label, small, &out, content, NULL),
                     ENVRES_E_LIMIT);
    assert_int_equal(out.len, 0);

    struct sealed sealed = seal(f->key, &label, "value", 5);
    assert_int_equal(unseal_check(&mem_default, f->key, &label, sealed.content, NULL, 0, NULL),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(seal_generation(NULL, 0), 0);
    char tiny[4];
    size_t len = 1;
    assert_int_equal(unseal_into(&mem_default, f->key, &label, sealed.content, sealed.record.data,
                                 sealed.record.len, tiny, sizeof(tiny), &len, NULL),
                     ENVRES_E_INVALID);
    assert_int_equal(len, 0);
    buf_free(&sealed.record);
    buf_free(&out);
}

static void
appends_and_names(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    struct buf out;
    uint8_t content[SEAL_DIGEST];
    char back[256];
    size_t len = 0;
    buf_init(&out, &mem_default, false);
    buf_add_str(&out, "before");
    assert_int_equal(seal_record(f->key, 1, &label, slice_str("canary-7f3a"), &out, content, NULL),
                     ENVRES_OK);
    assert_memory_equal(out.data, "before", 6);
    assert_int_equal(unseal_into(&mem_default, f->key, &label, content, out.data + 6, out.len - 6,
                                 back, sizeof(back), &len, NULL),
                     ENVRES_OK);
    assert_int_equal(len, 11);
    out.data[out.len - 1] ^= 1;
    assert_int_equal(unseal_into(&mem_default, f->key, &label, content, out.data + 6, out.len - 6,
                                 back, sizeof(back), &len, f->err),
                     ENVRES_E_INTEGRITY);
    assert_string_equal(envres_error_subject(f->err), "cd");
    assert_non_null(strstr(envres_error_message(f->err), "'cd'"));
    assert_null(strstr(envres_error_message(f->err), "canary"));
    assert_true(strlen(envres_error_hint(f->err)) > 0);
    buf_free(&out);
}

static void
out_of_memory(void **state)
{
    struct fixture *f = *state;
    static char value[100000], back[200000];
    struct seal_label label = usual_label();
    for (int n = 0;; n++) {
        struct failing failing = { .left = n };
        struct mem mem = { failing_reallocate, &failing };
        struct slice slice = { value, sizeof(value) };
        struct buf out;
        uint8_t content[SEAL_DIGEST];
        size_t len = 0;
        buf_init(&out, &mem, false);
        envres_status st = seal_record(f->key, 1, &label, slice, &out, content, NULL);
        if (st == ENVRES_OK)
            st = unseal_into(&mem, f->key, &label, content, out.data, out.len, back, sizeof(back),
                             &len, NULL);
        buf_free(&out);
        assert_int_equal(st, failing.hit ? ENVRES_E_NOMEM : ENVRES_OK);
        if (!failing.hit) {
            assert_int_equal(n, 2);
            assert_int_equal(len, sizeof(value));
            return;
        }
    }
}

/* Values up to 4 KiB ask the allocator for nothing. */
static void
small_values_do_not_allocate(void **state)
{
    struct fixture *f = *state;
    static char value[4096], back[8192];
    struct failing failing = { .left = 0 };
    struct mem none = { failing_reallocate, &failing };
    struct seal_label label = usual_label();
    struct sealed sealed = seal(f->key, &label, value, sizeof(value));
    size_t len = 0;
    assert_int_equal(unseal_into(&none, f->key, &label, sealed.content, sealed.record.data,
                                 sealed.record.len, back, sizeof(back), &len, NULL),
                     ENVRES_OK);
    assert_int_equal(len, sizeof(value));
    buf_free(&sealed.record);
}

static void
digests(void **state)
{
    (void)state;
    uint8_t a[SEAL_DIGEST], b[SEAL_DIGEST];
    seal_digest(a, "envres1/test", "abc", 3);
    seal_digest(b, "envres1/test", "abc", 3);
    assert_true(seal_equal(a, b, SEAL_DIGEST));
    seal_digest(b, "envres1/other", "abc", 3);
    assert_false(seal_equal(a, b, SEAL_DIGEST));
    seal_digest(b, "envres1/test", "abd", 3);
    assert_false(seal_equal(a, b, SEAL_DIGEST));
    seal_random(a, sizeof(a));
    seal_random(b, sizeof(b));
    assert_false(seal_equal(a, b, SEAL_DIGEST));
}

/* ---- sealed anew ---- */

static void
sealed_again(void **state)
{
    static const size_t sizes[] = { 0, 1, 100, 5000, LIMIT_VALUE };
    struct fixture *f = *state;
    uint8_t *value = calloc(1, LIMIT_VALUE);
    char *out = malloc(2 * LIMIT_VALUE);
    uint8_t next[SEAL_KEY] = { 0 };
    seal_random(next, sizeof(next));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct seal_label label = usual_label();
        struct seal_change change = { f->key, next, 2 };
        struct sealed old = seal(f->key, &label, value, sizes[i]);
        struct slice record = { old.record.data, old.record.len };
        struct buf again = { .mem = NULL };
        size_t len = 0;
        buf_init(&again, &mem_default, false);
        assert_int_equal(
            seal_again(&mem_default, &change, &label, old.content, record, &again, f->err),
            ENVRES_OK);
        /* As long as before, of the next generation, another nonce, the same commitment. */
        assert_int_equal(again.len, old.record.len);
        assert_int_equal(seal_generation(again.data, again.len), 2);
        assert_memory_not_equal(again.data + 8, old.record.data + 8, 24);
        assert_int_equal(unseal_into(&mem_default, next, &label, old.content, again.data, again.len,
                                     out, 2 * LIMIT_VALUE, &len, f->err),
                         ENVRES_OK);
        assert_int_equal(len, sizes[i]);
        assert_int_equal(
            unseal_check(&mem_default, next, &label, old.content, again.data, again.len, f->err),
            ENVRES_OK);
        assert_int_equal(
            unseal_check(&mem_default, f->key, &label, old.content, again.data, again.len, NULL),
            ENVRES_E_INTEGRITY);
        buf_free(&again);
        buf_free(&old.record);
    }
    free(value);
    free(out);
}

static void
not_sealed_again(void **state)
{
    struct fixture *f = *state;
    struct seal_label label = usual_label();
    struct sealed old = seal(f->key, &label, "value", 5);
    struct buf again = { .mem = NULL };
    uint8_t next[SEAL_KEY] = { 9 };
    uint8_t other[SEAL_DIGEST] = { 1 };
    struct seal_change change = { f->key, next, 1 };
    struct slice record = { old.record.data, old.record.len };
    buf_init(&again, &mem_default, false);
    /* Never to the same generation, a lower one, or without a key. */
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL),
                     ENVRES_E_INVALID);
    change = (struct seal_change){ f->key, NULL, 2 };
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL),
                     ENVRES_E_INVALID);
    change = (struct seal_change){ NULL, next, 2 };
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL),
                     ENVRES_E_INVALID);
    /* Nothing of a record that is not what it says. */
    change = (struct seal_change){ next, next, 2 };
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL),
                     ENVRES_E_INTEGRITY);
    change.from = f->key;
    assert_int_equal(seal_again(&mem_default, &change, &label, other, record, &again, NULL),
                     ENVRES_E_INTEGRITY);
    for (size_t i = 0; i < old.record.len; i++) {
        old.record.data[i] ^= 1;
        assert_true(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL) <
                    0);
        old.record.data[i] ^= 1;
    }
    label.revision++;
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content, record, &again, NULL),
                     ENVRES_E_INTEGRITY);
    assert_int_equal(again.len, 0);
    buf_free(&again);
    buf_free(&old.record);
}

static void
not_sealed_again_without_memory(void **state)
{
    struct fixture *f = *state;
    struct failing failing = { .left = 0 };
    struct mem none = { failing_reallocate, &failing };
    struct seal_label label = usual_label();
    struct sealed old = seal(f->key, &label, "value", 5);
    uint8_t next[SEAL_KEY] = { 9 };
    struct seal_change change = { f->key, next, 2 };
    struct buf again;
    buf_init(&again, &none, false);
    assert_int_equal(seal_again(&mem_default, &change, &label, old.content,
                                slice_of(old.record.data, old.record.len), &again, NULL),
                     ENVRES_E_NOMEM);
    assert_int_equal(again.len, 0);
    buf_free(&again);
    buf_free(&old.record);
}

/* The newest digests that were noted are known, and no others. */
static void
seen_digests(void **state)
{
    struct seen_digests seen = { .count = 0 };
    uint8_t digest[SEAL_DIGEST] = { 0 };
    (void)state;
    assert_false(seal_was_seen(&seen, digest)); /* nothing was noted, though the room is zeroed */
    for (uint8_t n = 0; n < 2 * SEEN_DIGESTS + 3; n++) {
        digest[SEAL_DIGEST - 1] = n;
        assert_false(seal_was_seen(&seen, digest));
        seal_note_seen(&seen, digest);
        for (uint8_t k = 0; k <= n; k++) {
            digest[SEAL_DIGEST - 1] = k;
            assert_int_equal(seal_was_seen(&seen, digest), n - k < SEEN_DIGESTS);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(known_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(two_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(every_length, setup, teardown),
        cmocka_unit_test_setup_teardown(every_label_part, setup, teardown),
        cmocka_unit_test_setup_teardown(forged_records, setup, teardown),
        cmocka_unit_test_setup_teardown(forged_values, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_stale_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_than_any, setup, teardown),
        cmocka_unit_test_setup_teardown(content_commitment, setup, teardown),
        cmocka_unit_test_setup_teardown(nonces_are_unique, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_tell_a_class, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_name_the_value, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(appends_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(small_values_do_not_allocate, setup, teardown),
        cmocka_unit_test_setup_teardown(digests, setup, teardown),
        cmocka_unit_test_setup_teardown(sealed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(not_sealed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(not_sealed_again_without_memory, setup, teardown),
        cmocka_unit_test(seen_digests),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
