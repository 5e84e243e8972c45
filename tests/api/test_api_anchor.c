/* SPDX-License-Identifier: MIT */
/*
 * What a host keeps outside of the file: the anchor, against the replay of an older file, and
 * checkpoints of the audit. The host of these tests keeps both in memory, as strictly as the
 * contract says, and can be told to fail, to be slow, or to call the library from its callbacks.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../raw_sql.h"
#include "helper.h"

struct host {
    struct fx *fx;
    int64_t anchor;
    uint8_t anchor_hash[32];
    bool fail_load;
    bool fail_store;
    int loads;
    int stores;
    bool fail_sink;
    int sinks;
    envres_checkpoint last; /* points into the next five */
    uint8_t workspace[16], signer[16], sign_key[32], hash[32], signature[64];
    /* Runs once, in the next callback. */
    void (*within)(struct host *host);
};

struct place {
    struct fx fx; /* its session is of `store`, opened with the host */
    struct host host;
    char folder[64];
    char path[96];
    char copy[96];
};

/* ---- the host ------------------------------------------------------------------------------- */

static void
call_back(struct host *host)
{
    void (*within)(struct host *) = host->within;
    host->within = NULL;
    if (within)
        within(host);
}

static envres_status
load(const uint8_t *workspace, int64_t *sequence, uint8_t *hash, void *user)
{
    struct host *host = user;
    (void)workspace;
    host->loads++;
    *sequence = host->anchor;
    memcpy(hash, host->anchor_hash, 32);
    return host->fail_load ? ENVRES_E_IO : ENVRES_OK;
}

static envres_status
store(const uint8_t *workspace, int64_t expected, int64_t sequence, const uint8_t *hash, void *user)
{
    struct host *host = user;
    (void)workspace;
    host->stores++;
    call_back(host);
    if (host->fail_store)
        return ENVRES_E_IO;
    if (host->anchor > sequence)
        return ENVRES_OK;
    if (host->anchor != expected)
        return ENVRES_E_CHANGED;
    host->anchor = sequence;
    memcpy(host->anchor_hash, hash, 32);
    return ENVRES_OK;
}

static void
copy_checkpoint(struct host *host, const envres_checkpoint *from)
{
    host->last = *from;
    memcpy(host->workspace, from->workspace, sizeof(host->workspace));
    memcpy(host->signer, from->signer, sizeof(host->signer));
    memcpy(host->sign_key, from->sign_key, sizeof(host->sign_key));
    memcpy(host->hash, from->hash, sizeof(host->hash));
    memcpy(host->signature, from->signature, sizeof(host->signature));
    host->last.workspace = host->workspace;
    host->last.signer = host->signer;
    host->last.sign_key = host->sign_key;
    host->last.hash = host->hash;
    host->last.signature = host->signature;
}

static envres_status
take(const envres_checkpoint *checkpoint, void *user)
{
    struct host *host = user;
    host->sinks++;
    call_back(host);
    if (host->fail_sink)
        return ENVRES_E_FULL;
    copy_checkpoint(host, checkpoint);
    return ENVRES_OK;
}

static int64_t
read_clock(void *user)
{
    return ((struct place *)user)->fx.now;
}

enum { ANCHOR = 1, SINK = 2, READ_ONLY = 4 };

static envres_store_options
options_of(struct place *place, int with)
{
    envres_store_options options = { .size = sizeof(options) };
    options.clock = read_clock;
    options.clock_user = place;
    options.flags = with & READ_ONLY ? ENVRES_STORE_READ_ONLY : ENVRES_STORE_RELAXED;
    if (with & ANCHOR) {
        options.anchor_load = load;
        options.anchor_store = store;
        options.anchor_user = &place->host;
    }
    if (with & SINK) {
        options.audit_sink = take;
        options.audit_sink_user = &place->host;
    }
    return options;
}

static envres_credential
owner_of(struct place *place)
{
    envres_credential owner = { .size = sizeof(owner),
                                .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                .secret = place->fx.key,
                                .secret_len = sizeof(place->fx.key) };
    return owner;
}

/* ---- the store ------------------------------------------------------------------------------ */

static void
shut(struct place *place)
{
    envres_session_close(place->fx.session);
    envres_store_close(place->fx.store);
    place->fx.session = NULL;
    place->fx.store = NULL;
}

static envres_status
open_with(struct place *place, int with)
{
    envres_store_options options = options_of(place, with);
    envres_credential owner = owner_of(place);
    shut(place);
    OK(&place->fx, envres_store_open(place->path, TEXT, &options, &place->fx.store, place->fx.err));
    return envres_session_open(place->fx.store, NULL, 0, &owner, &place->fx.session, place->fx.err);
}

static int
setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    *state = place;
    place->fx.now = 1700000000000;
    place->fx.err = envres_error_new(NULL);
    place->host.fx = &place->fx;
    memset(place->fx.key, 0x21, sizeof(place->fx.key));
    strcpy(place->folder, "/tmp/envres-anchor-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/envres.db", place->folder);
    snprintf(place->copy, sizeof(place->copy), "%s/copy.db", place->folder);
    envres_store_options options = options_of(place, 0);
    envres_credential owner = owner_of(place);
    return envres_store_create(place->path, TEXT, &options, &owner, &place->fx.store,
                               place->fx.err);
}

static int
teardown(void **state)
{
    struct place *place = *state;
    char journal[128];
    shut(place);
    envres_error_free(place->fx.err);
    snprintf(journal, sizeof(journal), "%s-journal", place->path);
    unlink(journal);
    unlink(place->path);
    unlink(place->copy);
    int left = rmdir(place->folder);
    free(place);
    return left;
}

static void
copy_file(const char *from, const char *to)
{
    char chunk[16384];
    size_t got = 0;
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_true(in && out);
    while ((got = fread(chunk, 1, sizeof(chunk), in)) > 0)
        assert_int_equal(fwrite(chunk, 1, got, out), got);
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

/* Keeps the file as it is now; puts it back later. */
static void
keep(struct place *place)
{
    shut(place);
    copy_file(place->path, place->copy);
    assert_int_equal(chmod(place->copy, 0600), 0);
}

static void
put_back(struct place *place)
{
    shut(place);
    copy_file(place->copy, place->path);
}

static envres_status
change(struct place *place, const char *value)
{
    return fx_put(&place->fx, "staging", "HOST", value, 0, 0);
}

static int64_t
entries(struct place *place)
{
    envres_list *list = NULL;
    OK(&place->fx, envres_audit_list(place->fx.session, NULL, &list, place->fx.err));
    int64_t count = (int64_t)envres_list_count(list);
    envres_list_free(list);
    return count;
}

/* The message of the first finding of verify that holds `part`. */
static bool
verify_says(struct place *place, const char *part)
{
    envres_list *list = NULL;
    bool says = false;
    OK(&place->fx, envres_store_verify(place->fx.store, place->fx.session, &list, place->fx.err));
    for (size_t row = 0; row < envres_list_count(list); row++)
        says = says || strstr(envres_list_text(list, row, ENVRES_VERIFY_MESSAGE, NULL), part);
    envres_list_free(list);
    return says;
}

static bool
is_whole(struct place *place)
{
    envres_list *list = NULL;
    OK(&place->fx, envres_store_verify(place->fx.store, place->fx.session, &list, place->fx.err));
    bool whole = envres_list_count(list) == 0;
    if (!whole)
        print_message("%s\n", envres_list_text(list, 0, ENVRES_VERIFY_MESSAGE, NULL));
    envres_list_free(list);
    return whole;
}

/* ---- the anchor ----------------------------------------------------------------------------- */

static void
the_anchor_follows_each_change(void **state)
{
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR));
    assert_int_equal(place->host.anchor, 1); /* what was there is taken as it is, the first time */
    for (int i = 0; i < 5; i++) {
        OK(&place->fx, change(place, "a"));
        assert_int_equal(place->host.anchor, entries(place));
    }
    /* A refusal is an entry, too. */
    uint8_t key[32];
    memset(key, 9, sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    envres_principal_options options = { .size = sizeof(options),
                                         .role = ENVRES_ROLE_VIEWER,
                                         .credential = &credential };
    OK(&place->fx,
       envres_principal_add(place->fx.session, "vera", TEXT, &options, NULL, place->fx.err));
    envres_session *own = place->fx.session;
    OK(&place->fx, envres_session_as(own, "vera", TEXT, &place->fx.session, place->fx.err));
    FAILS(&place->fx, ENVRES_E_DENIED, change(place, "b"));
    envres_session_close(place->fx.session);
    place->fx.session = own;
    assert_int_equal(place->host.anchor, entries(place));
    int stores = place->host.stores;
    OK(&place->fx, open_with(place, ANCHOR)); /* nothing new: nothing to store */
    assert_int_equal(place->host.stores, stores);
}

/* Test 14, and 15: without an anchor it opens, as docs/threat-model.md says. */
static void
an_older_file_is_noticed(void **state)
{
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR));
    OK(&place->fx, change(place, "old"));
    keep(place);
    OK(&place->fx, open_with(place, ANCHOR));
    OK(&place->fx, change(place, "new"));
    put_back(place);
    FAILS(&place->fx, ENVRES_E_ROLLBACK, open_with(place, ANCHOR));
    assert_null(place->fx.session);
    assert_int_equal(place->host.anchor, 3);
    fx_hint(&place->fx, "remove the anchor");
    OK(&place->fx, open_with(place, 0));
    assert_true(is_whole(place));
}

/* Test 16: as many entries, or more, of another history. */
static void
another_history_is_noticed(void **state)
{
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR));
    keep(place);
    OK(&place->fx, open_with(place, ANCHOR));
    OK(&place->fx, change(place, "ours"));
    put_back(place);
    OK(&place->fx, open_with(place, 0));
    OK(&place->fx, change(place, "theirs"));
    FAILS(&place->fx, ENVRES_E_FORK, open_with(place, ANCHOR));
    OK(&place->fx, open_with(place, 0));
    OK(&place->fx, change(place, "and more"));
    FAILS(&place->fx, ENVRES_E_FORK, open_with(place, ANCHOR));
    assert_int_equal(place->host.anchor, 2);
}

/* Test 17: entries behind the anchor are what a crash leaves, as long as the chain is whole. */
static void
a_crash_between_commit_and_anchor(void **state)
{
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR));
    shut(place);
    pid_t child = fork();
    if (child == 0) {
        place->host.fail_store = true;
        int bad = open_with(place, ANCHOR) != ENVRES_OK || change(place, "x") != ENVRES_OK;
        _exit(bad);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(place->host.anchor, 1);
    OK(&place->fx, open_with(place, ANCHOR));
    assert_int_equal(place->host.anchor, 2);
    assert_true(is_whole(place));
}

/* Behind the anchor every link and every signature is looked at, not the ends alone. */
static void
the_way_from_the_anchor_is_walked(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        envres_status want;
    } rows[] = {
        { "text", "UPDATE audit SET reason = 'x' WHERE sequence = 4", ENVRES_E_INTEGRITY },
        { "signature", "UPDATE audit SET signature = zeroblob(64) WHERE sequence = 4",
          ENVRES_E_INTEGRITY },
        { "gap", "DELETE FROM audit WHERE sequence = 4", ENVRES_E_INTEGRITY },
        { "newest", "UPDATE audit SET time = 1 WHERE sequence = 5", ENVRES_E_INTEGRITY },
        { "the anchor's own", "UPDATE audit SET reason = 'x' WHERE sequence = 2",
          ENVRES_E_INTEGRITY },
        { "the anchor's hash", "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2",
          ENVRES_E_FORK },
        { "the anchor's row", "DELETE FROM audit WHERE sequence = 2", ENVRES_E_FORK },
        { "before the anchor", "UPDATE audit SET reason = 'x' WHERE sequence = 1", ENVRES_OK },
    };
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR));
    OK(&place->fx, change(place, "1"));
    OK(&place->fx, open_with(place, 0));
    for (int i = 0; i < 3; i++)
        OK(&place->fx, change(place, "x"));
    keep(place);
    struct host before = place->host;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("row: %s\n", rows[i].name);
        put_back(place);
        place->host = before;
        raw_sql(place->path, rows[i].sql);
        envres_status got = open_with(place, ANCHOR);
        assert_int_equal(got, rows[i].want);
        assert_int_equal(place->host.anchor, got == ENVRES_OK ? 5 : 2);
    }
}

static void
while_the_anchor_fails_nothing_changes(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, ANCHOR));
    place->host.fail_store = true;
    OK(fx, change(place, "a")); /* committed: it stands */
    assert_int_equal(place->host.anchor, 1);
    FAILS(fx, ENVRES_E_CALLBACK, change(place, "b"));
    FAILS(fx, ENVRES_E_CALLBACK, change(place, "c"));
    assert_int_equal(entries(place), 2);
    int stores = place->host.stores;
    envres_scope *scope = fx_scope(fx, "staging"); /* reading goes on, and asks nobody */
    envres_scope_unref(scope);
    assert_int_equal(place->host.stores, stores);
    FAILS(fx, ENVRES_E_CALLBACK, open_with(place, ANCHOR));
    place->host.fail_store = false;
    OK(fx, open_with(place, ANCHOR));
    place->host.fail_store = true;
    OK(fx, change(place, "d"));
    place->host.fail_store = false;
    OK(fx, change(place, "e")); /* told of both */
    assert_int_equal(place->host.anchor, entries(place));
    place->host.fail_load = true;
    FAILS(fx, ENVRES_E_CALLBACK, open_with(place, ANCHOR));
    place->host.fail_load = false;
    place->host.anchor = -5;
    FAILS(fx, ENVRES_E_CALLBACK, open_with(place, ANCHOR));
    envres_store_options half = { .size = sizeof(half), .anchor_load = load };
    envres_store *none = NULL;
    FAILS(fx, ENVRES_E_INVALID, envres_store_open(place->path, TEXT, &half, &none, fx->err));
}

/* Two stores on one file, as two processes have: who stores second loses, and that is well. */
static void
two_at_once(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, ANCHOR));
    struct place other = *place;
    other.fx.err = envres_error_new(NULL);
    other.fx.store = NULL;
    other.fx.session = NULL;
    envres_store_options options = options_of(place, ANCHOR);
    envres_credential owner = owner_of(place);
    OK(fx, envres_store_open(place->path, TEXT, &options, &other.fx.store, fx->err));
    OK(fx, envres_session_open(other.fx.store, NULL, 0, &owner, &other.fx.session, fx->err));
    for (int i = 0; i < 6; i++) {
        OK(&other.fx, change(&other, "theirs"));
        if (i % 2)
            OK(fx, change(place, "ours"));
        assert_int_equal(place->host.anchor, entries(place));
    }
    /* The other one committed, and has not stored yet, when we do. */
    place->host.fail_store = true;
    OK(&other.fx, change(&other, "theirs"));
    place->host.fail_store = false;
    OK(fx, change(place, "ours"));
    assert_int_equal(place->host.anchor, entries(place));
    OK(&other.fx, change(&other, "theirs"));
    assert_int_equal(place->host.anchor, entries(place));
    /* A stranger's anchor: not of this file. */
    place->host.anchor += 1;
    memset(place->host.anchor_hash, 1, 32);
    OK(&other.fx, change(&other, "stands")); /* as long as that entry, of another history */
    FAILS(&other.fx, ENVRES_E_FORK, change(&other, "not any more"));
    envres_session_close(other.fx.session);
    envres_store_close(other.fx.store);
    envres_error_free(other.fx.err);
}

/* The file is exchanged under a store that is open: SQLite may read either; nothing is written
 * over the other history. */
static void
a_store_that_is_open_notices(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, ANCHOR));
    OK(fx, change(place, "a"));
    raw_sql(place->path, "DELETE FROM audit WHERE sequence = 2");
    FAILS(fx, ENVRES_E_ROLLBACK, change(place, "b"));
    raw_sql(place->path, "INSERT INTO audit SELECT workspace_id, 2, time, actor, asserted_by,"
                         " action, environment_id, object, revision, outcome, reason,"
                         " randomblob(16), policy_version, previous, hash, signature FROM audit");
    FAILS(fx, ENVRES_E_FORK, change(place, "b"));
    assert_int_equal(place->host.anchor, 2);
}

/* ---- callbacks that call ----------------------------------------------------------------------
 */

static void
read_within(struct host *host)
{
    envres_scope *scope = fx_scope(host->fx, "staging");
    envres_scope_unref(scope);
}

static void
change_within(struct host *host)
{
    OK(host->fx, fx_put(host->fx, "staging", "WITHIN", "x", 0, 0));
}

static void
close_within(struct host *host)
{
    envres_session *other = NULL;
    OK(host->fx, envres_session_as(host->fx->session, "owner", TEXT, &other, host->fx->err));
    envres_session_close(other);
}

/* Test 32's kin: a callback that calls the library does not hang. */
static void
callbacks_may_call(void **state)
{
    static void (*const acts[])(struct host *) = { read_within, change_within, close_within };
    struct place *place = *state;
    OK(&place->fx, open_with(place, ANCHOR | SINK));
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        place->host.within = acts[i];
        OK(&place->fx, change(place, "x"));
        assert_null(place->host.within);
        assert_int_equal(place->host.anchor, entries(place));
        place->fx.now += 60000;
        OK(&place->fx, change(place, "y"));
        place->fx.now += 60000;
        place->host.within = acts[i];
        OK(&place->fx, change(place, "z"));
        assert_int_equal(place->host.anchor, entries(place));
    }
    /* One that changes something while it is being retried is told no. */
    place->host.fail_store = true;
    OK(&place->fx, change(place, "stands"));
    FAILS(&place->fx, ENVRES_E_CALLBACK, change(place, "refused"));
    place->host.fail_store = false;
    OK(&place->fx, change(place, "again"));
}

/* ---- checkpoints ------------------------------------------------------------------------------
 */

static void
when_checkpoints_are_made(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, SINK));
    assert_int_equal(place->host.sinks, 0);
    for (int i = 0; i < 255; i++)
        OK(fx, change(place, "x"));
    assert_int_equal(place->host.sinks, 0);
    OK(fx, change(place, "x"));
    assert_int_equal(place->host.sinks, 1);
    assert_int_equal(place->host.last.sequence, 257);
    OK(fx, change(place, "x"));
    fx->now += 59999;
    OK(fx, change(place, "x"));
    assert_int_equal(place->host.sinks, 1);
    fx->now += 1;
    envres_scope *scope = fx_scope(fx, "staging"); /* time is looked at in any call */
    envres_scope_unref(scope);
    assert_int_equal(place->host.sinks, 2);
    assert_int_equal(place->host.last.sequence, 259);
    fx->now += 600000;
    scope = fx_scope(fx, "staging"); /* no entry since then */
    envres_scope_unref(scope);
    assert_int_equal(place->host.sinks, 2);
    envres_environment_options options = { .size = sizeof(options) };
    OK(fx, envres_environment_add(fx->session, "qa", TEXT, &options, NULL, fx->err));
    assert_int_equal(place->host.sinks, 3); /* a privileged act */
    assert_int_equal(place->host.last.time, fx->now);
    OK(fx, change(place, "x"));
    assert_int_equal(place->host.sinks, 3);
    shut(place);
    assert_int_equal(place->host.sinks, 4); /* the session was closed */
    assert_int_equal(place->host.last.sequence, 261);
    OK(fx, open_with(place, SINK | READ_ONLY));
    shut(place);
    assert_int_equal(place->host.sinks, 5); /* what a crash may have left untold */
    assert_int_equal(place->host.last.sequence, 261);
}

/* Tests 58 (sink) and 60: what a checkpoint says cannot be cut off or changed unseen. */
static void
checkpoints_are_held_against_the_store(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, SINK));
    OK(fx, change(place, "a"));
    OK(fx, change(place, "b"));
    shut(place);
    envres_checkpoint kept = place->host.last;
    assert_int_equal(kept.sequence, 3);
    OK(fx, open_with(place, 0));
    OK(fx, envres_audit_check(fx->session, &kept, fx->err));
    OK(fx, change(place, "c"));
    OK(fx, envres_audit_check(fx->session, &kept, fx->err));

    struct host *host = &place->host;
    uint8_t *const bytes[] = { host->workspace, host->signer, host->sign_key, host->hash,
                               host->signature };
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        bytes[i][3] ^= 1;
        FAILS(fx, ENVRES_E_INTEGRITY, envres_audit_check(fx->session, &kept, fx->err));
        bytes[i][3] ^= 1;
    }
    int64_t *const numbers[] = { &kept.sequence, &kept.time, &kept.policy_version };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int64_t before = *numbers[i];
        *numbers[i] = i % 2 ? before + 1 : 0 - before - 1;
        FAILS(fx, ENVRES_E_INTEGRITY, envres_audit_check(fx->session, &kept, fx->err));
        *numbers[i] = before;
    }
    OK(fx, envres_audit_check(fx->session, &kept, fx->err));
    envres_checkpoint none = { .size = sizeof(none) };
    FAILS(fx, ENVRES_E_INVALID, envres_audit_check(fx->session, &none, fx->err));
    none.size = 4;
    FAILS(fx, ENVRES_E_ABI, envres_audit_check(fx->session, &none, fx->err));
    FAILS(fx, ENVRES_E_INVALID, envres_audit_check(fx->session, NULL, fx->err));

    keep(place);
    raw_sql(place->path, "DELETE FROM audit WHERE sequence > 2");
    OK(fx, open_with(place, 0));
    FAILS(fx, ENVRES_E_ROLLBACK, envres_audit_check(fx->session, &kept, fx->err));
    put_back(place);
    raw_sql(place->path, "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 3");
    OK(fx, open_with(place, 0));
    FAILS(fx, ENVRES_E_FORK, envres_audit_check(fx->session, &kept, fx->err));
    put_back(place);
    raw_sql(place->path, "UPDATE audit SET object = 'x' WHERE sequence = 3");
    OK(fx, open_with(place, 0));
    FAILS(fx, ENVRES_E_INTEGRITY, envres_audit_check(fx->session, &kept, fx->err));
}

/* Test 59: while nobody takes them, nothing is done, and nothing is shown. */
static void
while_the_sink_fails_nothing_changes(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, SINK));
    OK(fx, fx_put(fx, "staging", "TOKEN", "a secret value", 0, ENVRES_WRITE_SECRET));
    place->host.fail_sink = true;
    envres_environment_options options = { .size = sizeof(options) };
    OK(fx, envres_environment_add(fx->session, "qa", TEXT, &options, NULL, fx->err));
    FAILS(fx, ENVRES_E_CALLBACK, change(place, "b"));
    envres_reveal_options reveal = { .size = sizeof(reveal),
                                     .environment = "staging",
                                     .environment_len = TEXT };
    FAILS(fx, ENVRES_E_CALLBACK, envres_audit_reveal(fx->session, &reveal, NULL, fx->err));
    envres_scope_options audited = { .size = sizeof(audited), .flags = ENVRES_SCOPE_AUDITED };
    envres_scope *scope = NULL;
    FAILS(fx, ENVRES_E_CALLBACK,
          envres_scope_open(fx->session, "staging", TEXT, &audited, &scope, fx->err));
    assert_null(scope);
    assert_int_equal(entries(place), 3);
    place->host.fail_sink = false;
    OK(fx, envres_audit_reveal(fx->session, &reveal, NULL, fx->err));
    assert_int_equal(place->host.last.sequence, 3);
}

/* ---- cut, and put back ---------------------------------------------------------------------- */

/* Test 58: against the environment's head, against the anchor. (Against a sink: above.) */
static void
a_cut_audit_is_noticed(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    OK(fx, open_with(place, ANCHOR));
    OK(fx, change(place, "a"));
    fx->now += 5;
    OK(fx, change(place, "b"));
    assert_true(is_whole(place));
    shut(place);
    raw_sql(place->path, "DELETE FROM audit WHERE sequence = 3");
    FAILS(fx, ENVRES_E_ROLLBACK, open_with(place, ANCHOR));
    OK(fx, open_with(place, 0));
    assert_true(verify_says(place, "was cut off"));
    /* Also when something was written over the cut. */
    fx->now += 5;
    OK(fx, fx_put(fx, "development", "HOST", "x", 0, 0));
    assert_true(verify_says(place, "was cut off"));
    FAILS(fx, ENVRES_E_FORK, open_with(place, ANCHOR));
}

/* An environment, its rows and its head of an older time beside the newer audit. */
static void
an_environment_put_back_is_noticed(void **state)
{
    struct place *place = *state;
    struct fx *fx = &place->fx;
    char sql[1024];
    OK(fx, open_with(place, 0));
    OK(fx, change(place, "old"));
    OK(fx, fx_put(fx, "development", "HOST", "x", 0, 0));
    keep(place);
    OK(fx, open_with(place, 0));
    OK(fx, change(place, "new"));
    shut(place);
    snprintf(sql, sizeof(sql),
             "ATTACH '%s' AS old;"
             "DELETE FROM setting WHERE environment_id IN"
             " (SELECT id FROM environment WHERE key = 'staging');"
             "INSERT INTO setting SELECT * FROM old.setting WHERE environment_id IN"
             " (SELECT id FROM environment WHERE key = 'staging');"
             "UPDATE environment SET (revision, head) ="
             " (SELECT revision, head FROM old.environment WHERE key = 'staging')"
             " WHERE key = 'staging'",
             place->copy);
    raw_sql(place->path, sql);
    OK(fx, open_with(place, 0));
    envres_scope *scope = NULL;
    envres_value *value = NULL;
    FAILS(fx, ENVRES_E_INTEGRITY,
          envres_scope_open(fx->session, "staging", TEXT, NULL, &scope, fx->err));
    FAILS(fx, ENVRES_E_INTEGRITY,
          envres_variable_get(fx->session, "staging", TEXT, "HOST", TEXT, 0, &value, fx->err));
    envres_scope_options damaged = { .size = sizeof(damaged), .flags = ENVRES_SCOPE_DAMAGED };
    OK(fx, envres_scope_open(fx->session, "staging", TEXT, &damaged, &scope, fx->err));
    envres_scope_unref(scope);
    scope = fx_scope(fx, "development");
    envres_scope_unref(scope);
    assert_true(verify_says(place, "it was put back"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_anchor_follows_each_change),
        TEST(an_older_file_is_noticed),
        TEST(another_history_is_noticed),
        TEST(a_crash_between_commit_and_anchor),
        TEST(the_way_from_the_anchor_is_walked),
        TEST(while_the_anchor_fails_nothing_changes),
        TEST(two_at_once),
        TEST(a_store_that_is_open_notices),
        TEST(callbacks_may_call),
        TEST(when_checkpoints_are_made),
        TEST(checkpoints_are_held_against_the_store),
        TEST(while_the_sink_fails_nothing_changes),
        TEST(a_cut_audit_is_noticed),
        TEST(an_environment_put_back_is_noticed),
    };
    return cmocka_run_group_tests_name("anchor", tests, NULL, NULL);
}
