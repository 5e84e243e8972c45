/* SPDX-License-Identifier: MIT */
/*
 * Reads the steps of errors.json and limits.json, and hands each to the function of its verb: those
 * are in steps_config.c and steps_apps.c.
 */
#include "steps_verbs.h"

#include <stdlib.h>

/* ---- reading a step ------------------------------------------------------------------------- */

uint32_t
step_member(const struct steps *run, const char *key)
{
    return json_member(run->doc, run->node, key);
}

int64_t
steps_number(const struct steps *run, uint32_t object, const char *key)
{
    struct json_number number = { 0 };
    uint32_t node = json_member(run->doc, object, key);
    if (node == JSON_NONE)
        return 0;
    struct slice span = json_span(run->doc, node);
    assert_int_equal(json_number(span.data, span.len, &number, NULL), ENVRES_OK);
    return number.integer;
}

int64_t
step_number(const struct steps *run, const char *key)
{
    return steps_number(run, run->node, key);
}

const char *
steps_string(const struct steps *run, uint32_t node, char *out, size_t size)
{
    struct buf text = { .mem = NULL };
    buf_init(&text, &mem_default, false);
    json_string(run->doc, node, &text);
    assert_true(text.len < size);
    memcpy(out, text.len > 0 ? text.data : "", text.len);
    out[text.len] = '\0';
    buf_free(&text);
    return out;
}

/* true: 1, false: 0, absent: -1. */
int
step_flag(const struct steps *run, const char *key)
{
    uint32_t node = step_member(run, key);
    return node == JSON_NONE ? -1 : json_kind_of(run->doc, node) == JSON_TRUE;
}

void
step_add_hex(const struct steps *run, uint32_t node, struct buf *text)
{
    struct buf hex = { .mem = NULL };
    buf_init(&hex, &mem_default, false);
    json_string(run->doc, node, &hex);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char pair[3] = { hex.data[i], hex.data[i + 1], '\0' };
        buf_add_char(text, (char)strtoul(pair, NULL, 16));
    }
    buf_free(&hex);
}

/* A list of [text, times]. */
static void
add_parts(const struct steps *run, uint32_t node, struct buf *text)
{
    for (uint32_t part = json_first(run->doc, node); part != JSON_NONE;
         part = json_next(run->doc, part)) {
        struct buf piece = { .mem = NULL };
        struct json_number times = { 0 };
        uint32_t first = json_first(run->doc, part);
        struct slice span = json_span(run->doc, json_next(run->doc, first));
        assert_int_equal(json_number(span.data, span.len, &times, NULL), ENVRES_OK);
        buf_init(&piece, &mem_default, false);
        json_string(run->doc, first, &piece);
        assert_true(buf_reserve(text, piece.len * (size_t)times.integer + 1));
        for (int64_t i = 0; i < times.integer; i++)
            buf_add(text, piece.data, piece.len);
        buf_free(&piece);
    }
}

/* The text of a node, kept until the step is over; NULL where there is none. */
struct slice
step_text(struct steps *run, uint32_t node)
{
    if (node == JSON_NONE || json_kind_of(run->doc, node) == JSON_NULL)
        return (struct slice){ NULL, 0 };
    assert_true(run->text_count < STEPS_TEXTS);
    struct buf *text = &run->texts[run->text_count++];
    buf_init(text, &mem_default, false);
    if (json_kind_of(run->doc, node) == JSON_ARRAY)
        add_parts(run, node, text);
    else if (json_kind_of(run->doc, node) == JSON_OBJECT)
        step_add_hex(run, json_member(run->doc, node, "hex"), text);
    else
        json_string(run->doc, node, text);
    size_t len = text->len;
    buf_add_char(text, '\0');
    assert_false(text->failed);
    return (struct slice){ text->data, len };
}

struct slice
step_get(struct steps *run, const char *key)
{
    return step_text(run, step_member(run, key));
}

struct slice
step_get_or(struct steps *run, const char *key, const char *other)
{
    struct slice text = step_get(run, key);
    return text.data ? text : slice_str(other);
}

struct slice
step_environment(struct steps *run)
{
    return step_get_or(run, "environment", "development");
}

/* The place of a member's text among names, plus `base`; 0 where there is no such member. */
uint32_t
step_choice(struct steps *run, const char *key, const char *const *names, uint32_t count,
            uint32_t base)
{
    struct slice text = step_get(run, key);
    for (uint32_t i = 0; text.data && i < count; i++) {
        if (strcmp(text.data, names[i]) == 0)
            return i + base;
    }
    assert_null(text.data);
    return 0;
}

/* `count` names: a member's text, and the numbers from 1 behind it. */
char (*step_numbered(struct steps *run, const char *key, size_t count))[32]
{
    struct slice name = step_get_or(run, key, key);
    char(*names)[32] = calloc(count + 1, sizeof(*names));
    assert_non_null(names);
    for (size_t i = 0; i < count; i++)
        snprintf(names[i], sizeof(names[i]), "%s%zu", name.data, i + 1);
    return names;
}

/* ---- credentials ---------------------------------------------------------------------------- */

static void
key_of(const char *name, size_t len, uint8_t *key)
{
    for (size_t i = 0; i < 32; i++)
        key[i] = len > 0 ? (uint8_t)name[i % len] : (uint8_t)'?';
}

envres_credential
step_key(uint8_t *key, struct slice name)
{
    key_of(name.data, name.len, key);
    return (envres_credential){ .size = sizeof(envres_credential),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = key,
                                .secret_len = 32 };
}

/* What a step gives: a passphrase, the bytes of a key, or the key of a name. */
envres_credential
step_credential(struct steps *run, uint8_t *key, uint8_t *root)
{
    struct slice secret = step_get(run, "passphrase");
    struct slice raw = step_get(run, "raw");
    struct slice principal = step_get(run, "principal");
    envres_credential given = step_key(key, step_get_or(run, "key", "owner"));
    given.principal = principal.data;
    given.principal_len = principal.len;
    if (secret.data || raw.data) {
        given.kind = secret.data ? ENVRES_CREDENTIAL_PASSPHRASE : ENVRES_CREDENTIAL_RAW_KEY;
        secret = secret.data ? secret : raw;
        given.secret = (const uint8_t *)secret.data;
        given.secret_len = secret.len;
    }
    given.kdf_passes = (uint64_t)step_number(run, "passes");
    given.kdf_memory = (uint64_t)step_number(run, "memory");
    if (step_member(run, "root") != JSON_NONE) {
        struct buf bytes = { .mem = NULL };
        buf_init(&bytes, &mem_default, false);
        step_add_hex(run, step_member(run, "root"), &bytes);
        assert_int_equal(bytes.len, 32);
        memcpy(root, bytes.data, 32);
        buf_free(&bytes);
        given.root = root;
    }
    return given;
}

/* ---- the steps ------------------------------------------------------------------------------ */

/* A step inside of a step, which must fail. */
static envres_status
fails(struct steps *run)
{
    envres_status st = steps_run(run, step_member(run, "step"));
    assert_int_not_equal(st, ENVRES_OK);
    return ENVRES_OK;
}

static const struct step_verb own[] = { { "fails", fails }, { NULL, NULL } };

static const struct step_verb *
find_verb(const char *name)
{
    const struct step_verb *const tables[] = { own, steps_config, steps_apps };
    for (size_t i = 0; i < 3; i++) {
        for (const struct step_verb *verb = tables[i]; verb->name; verb++) {
            if (strcmp(verb->name, name) == 0)
                return verb;
        }
    }
    return NULL;
}

envres_session *
steps_session(struct steps *run, const char *who)
{
    uint8_t key[32] = { 0 };
    struct slice name = slice_str(who);
    envres_credential credential = step_key(key, name);
    for (size_t i = 0; i < STEPS_PEOPLE; i++) {
        if (!run->people[i].session) {
            assert_true(name.len < sizeof(run->people[i].name));
            memcpy(run->people[i].name, name.data, name.len + 1);
            assert_int_equal(envres_session_open(run->store, NULL, 0, &credential,
                                                 &run->people[i].session, run->err),
                             ENVRES_OK);
        }
        if (strcmp(run->people[i].name, name.data) == 0)
            return run->people[i].session;
    }
    fail_msg("too many principals act");
    return NULL;
}

envres_status
steps_run(struct steps *run, uint32_t node)
{
    char verb[64] = { 0 };
    size_t texts = run->text_count;
    run->node = node;
    steps_string(run, step_member(run, "do"), verb, sizeof(verb));
    run->session = steps_session(run, step_get_or(run, "as", "owner").data);
    uint32_t reason = step_member(run, "reason");
    struct slice why = reason == JSON_NONE ? slice_str("a test") : step_text(run, reason);
    run->change =
        (envres_change){ .size = sizeof(run->change), .reason = why.data, .reason_len = why.len };
    const struct step_verb *found = find_verb(verb);
    if (found) {
        envres_status st = found->act(run);
        while (run->text_count > texts)
            buf_free(&run->texts[--run->text_count]);
        return st;
    }
    fail_msg("no verb '%s'", verb);
    return ENVRES_E_INVALID;
}

void
steps_open(struct steps *run, const struct json_doc *doc)
{
    uint8_t key[32] = { 0 };
    envres_credential owner = step_key(key, slice_str("owner"));
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    memset(run, 0, sizeof(*run));
    run->doc = doc;
    run->err = envres_error_new(NULL);
    assert_int_equal(envres_store_create(NULL, 0, &options, &owner, &run->store, run->err),
                     ENVRES_OK);
}

void
steps_close(struct steps *run)
{
    for (size_t i = 0; i < STEPS_PEOPLE; i++)
        envres_session_close(run->people[i].session);
    while (run->text_count > 0)
        buf_free(&run->texts[--run->text_count]);
    envres_store_close(run->store);
    envres_error_free(run->err);
}
