/* SPDX-License-Identifier: MIT */
/*
 * What a variable is in an environment is a number here: 0 not set, else the value. A variable is
 * an index, and has a name or none (deleted). A revision is a copy of an environment's row of
 * numbers.
 */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include <envres/envres.h>

#define TEXT ENVRES_NUL_TERMINATED

enum { PLACES = 3, NAMES = 4, OBJECTS = 24, REVISIONS = MODEL_STEPS_MAX + 1, VALUES = 9 };

static const char *const places[PLACES] = { "development", "staging", "production" };
static const char *const names[NAMES] = { "ALPHA", "BETA", "GAMMA", "DELTA" };
/* What a value of that number is; 0 is none. */
static const char *const values[VALUES] = { "",         "",  "a",     "b", "<< environment.name >>",
                                            "\xC3\xA9", " ", "false", "0" };

struct model {
    envres_store *store;
    envres_session *session;
    envres_error *err;
    int named[NAMES]; /* object, or -1 */
    bool secret[OBJECTS];
    int objects;
    uint8_t now[PLACES][OBJECTS];
    uint8_t then[PLACES][REVISIONS][OBJECTS];
    int64_t revision[PLACES];
    bool faulty;
    /* A name was renamed or deleted: what it was called at a revision is not modelled. */
    bool moved;
    char text[300];
};

struct step {
    uint8_t place;
    uint8_t name;
    uint8_t other; /* another name */
    uint8_t value;
    uint8_t raw;
};

static const envres_change reasoned = { .size = sizeof(reasoned),
                                        .reason = "model",
                                        .reason_len = 5 };

static const char *
differ(struct model *m, const char *what, const struct step *step, const char *more)
{
    snprintf(m->text, sizeof(m->text), "%s of %s in %s: %s", what, names[step->name],
             places[step->place], more);
    return m->text;
}

/* The answer must be the one that the model has. */
static const char *
expect(struct model *m, const char *what, const struct step *step, envres_status got,
       envres_status wanted)
{
    char more[160];
    if (got == wanted)
        return NULL;
    snprintf(more, sizeof(more), "answered %s, not %s: %s", envres_status_name(got),
             envres_status_name(wanted), envres_error_message(m->err));
    return differ(m, what, step, more);
}

/* A change of one environment is one revision; one that changes nothing may be none. Renaming and
 * deleting make some in other environments, too. */
static const char *
commit(struct model *m, const char *what, const struct step *step, int64_t made, bool changed)
{
    int64_t old = m->revision[step->place];
    char more[80];
    bool next = m->moved ? made > old && made < REVISIONS : made == old + 1;
    if (!next && (changed || made < old)) {
        snprintf(more, sizeof(more), "made revision %lld after %lld", (long long)made,
                 (long long)old);
        return differ(m, what, step, more);
    }
    m->revision[step->place] = made;
    memcpy(m->then[step->place][made], m->now[step->place], OBJECTS);
    return NULL;
}

/* ---- changes -------------------------------------------------------------------------------- */

static bool
set_elsewhere(const struct model *m, const struct step *step, int object)
{
    bool found = false;
    for (int place = 0; place < PLACES; place++)
        found = found || (place != step->place && m->now[place][object] != 0);
    return found;
}

static const char *
do_put(struct model *m, const struct step *step)
{
    int object = m->named[step->name];
    bool secret = step->raw & 0x80;
    bool given = step->raw & 0x40;
    int64_t made = 0;
    envres_variable_write write = { .size = sizeof(write),
                                    .name = names[step->name],
                                    .name_len = TEXT,
                                    .value = values[step->value],
                                    .value_len = TEXT,
                                    .type = ENVRES_TYPE_STRING };
    if (given)
        write.flags = secret ? ENVRES_WRITE_SECRET : ENVRES_WRITE_PLAIN;
    bool right = object < 0 || !given || m->secret[object] == secret;
    if (object < 0 ? m->objects == OBJECTS : !right && !set_elsewhere(m, step, object))
        return NULL; /* no room; or it would become one of the other class */
    envres_status st = envres_variable_put(m->session, places[step->place], TEXT, &write, &reasoned,
                                           &made, m->err);
    const char *wrong = expect(m, "put", step, st, right ? ENVRES_OK : ENVRES_E_TYPE);
    if (wrong || !right)
        return wrong;
    if (object < 0) {
        object = m->objects++;
        m->named[step->name] = object;
        m->secret[object] = given && secret;
    }
    bool changed = m->now[step->place][object] != step->value;
    m->now[step->place][object] = step->value;
    return commit(m, "put", step, made, changed);
}

static const char *
do_unset(struct model *m, const struct step *step)
{
    int object = m->named[step->name];
    int64_t made = 0;
    envres_status wanted = object < 0                         ? ENVRES_E_NOT_FOUND
                           : m->now[step->place][object] == 0 ? ENVRES_E_NOT_SET
                                                              : ENVRES_OK;
    envres_status st = envres_variable_unset(m->session, places[step->place], TEXT,
                                             names[step->name], TEXT, &reasoned, &made, m->err);
    const char *wrong = expect(m, "unset", step, st, wanted);
    if (wrong || wanted < 0)
        return wrong;
    m->now[step->place][object] = 0;
    return commit(m, "unset", step, made, true);
}

static const char *
do_restore(struct model *m, const struct step *step)
{
    int64_t wanted = step->raw % (m->revision[step->place] + 2);
    envres_restore_point point = { .size = sizeof(point), .revision = wanted };
    int64_t made = 0;
    if (m->moved)
        return NULL;
    bool is_there = wanted <= m->revision[step->place];
    envres_status st =
        envres_restore(m->session, places[step->place], TEXT, &point, &reasoned, &made, m->err);
    const char *wrong = expect(m, "restore", step, st, is_there ? ENVRES_OK : ENVRES_E_NOT_FOUND);
    if (wrong || !is_there)
        return wrong;
    bool changed = memcmp(m->now[step->place], m->then[step->place][wanted], OBJECTS) != 0;
    for (int i = 0; i < OBJECTS; i++) {
        if (!m->faulty || m->then[step->place][wanted][i] != 0)
            m->now[step->place][i] = m->then[step->place][wanted][i];
    }
    return commit(m, "restore", step, made, changed);
}

static const char *
do_rename(struct model *m, const struct step *step)
{
    int object = m->named[step->name];
    envres_status wanted = object < 0                   ? ENVRES_E_NOT_FOUND
                           : m->named[step->other] >= 0 ? ENVRES_E_NAME_TAKEN
                                                        : ENVRES_OK;
    if (step->other == step->name)
        return NULL;
    envres_status st = envres_variable_rename(m->session, names[step->name], TEXT,
                                              names[step->other], TEXT, &reasoned, m->err);
    const char *wrong = expect(m, "rename", step, st, wanted);
    if (wrong || wanted < 0)
        return wrong;
    m->named[step->other] = object;
    m->named[step->name] = -1;
    m->moved = true;
    return NULL;
}

static const char *
do_delete(struct model *m, const struct step *step)
{
    int object = m->named[step->name];
    envres_status st =
        envres_variable_delete(m->session, names[step->name], TEXT, &reasoned, m->err);
    const char *wrong = expect(m, "delete", step, st, object < 0 ? ENVRES_E_NOT_FOUND : ENVRES_OK);
    if (wrong || object < 0)
        return wrong;
    m->named[step->name] = -1;
    for (int place = 0; place < PLACES; place++)
        m->now[place][object] = 0;
    m->moved = true;
    return NULL;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static const char *
compare_one(struct model *m, const envres_scope *scope, const struct step *step, uint8_t number)
{
    envres_value *value = NULL;
    char more[200];
    int object = m->named[step->name];
    bool known = object >= 0 && set_elsewhere(m, step, object);
    envres_status wanted = number != 0 ? ENVRES_OK : known ? ENVRES_E_NOT_SET : ENVRES_E_NOT_FOUND;
    envres_status st = envres_scope_get(scope, names[step->name], TEXT, &value, m->err);
    const char *wrong = expect(m, "reading", step, st, wanted);
    if (!wrong && st == ENVRES_OK) {
        const char *text = envres_value_data(value, NULL);
        if (strcmp(text, values[number]) != 0) {
            snprintf(more, sizeof(more), "'%s', not '%s'", text, values[number]);
            wrong = differ(m, "reading", step, more);
        } else if (envres_value_is_secret(value) != m->secret[object]) {
            wrong = differ(m, "reading", step, "of the other class");
        }
    }
    envres_value_free(value);
    return wrong;
}

/* All values of an environment at a revision; 0: now. */
static const char *
compare(struct model *m, uint8_t place, int64_t revision)
{
    envres_scope_options options = { .size = sizeof(options), .revision = revision };
    envres_scope *scope = NULL;
    struct step step = { .place = place };
    envres_status st = envres_scope_open(m->session, places[place], TEXT, &options, &scope, m->err);
    const char *wrong = expect(m, "a scope", &step, st, ENVRES_OK);
    const uint8_t *row = revision ? m->then[place][revision] : m->now[place];
    int64_t wanted = revision ? revision : m->revision[place];
    /* Renaming and deleting make revisions of their own. */
    if (!wrong && !m->moved && envres_scope_revision(scope) != wanted)
        wrong = differ(m, "a scope", &step, "is of another revision");
    for (step.name = 0; !wrong && step.name < NAMES; step.name++) {
        int object = m->named[step.name];
        wrong = compare_one(m, scope, &step, object < 0 ? 0 : row[object]);
    }
    envres_scope_unref(scope);
    return wrong;
}

static const char *
compare_all(struct model *m, uint8_t chosen)
{
    const char *wrong = NULL;
    for (uint8_t place = 0; !wrong && place < PLACES; place++)
        wrong = compare(m, place, 0);
    uint8_t place = chosen % PLACES;
    if (!wrong && !m->moved && m->revision[place] > 0)
        wrong = compare(m, place, 1 + chosen % m->revision[place]);
    return wrong;
}

/* ---- a run ---------------------------------------------------------------------------------- */

static bool
begin(struct model *m)
{
    static const uint8_t key[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    envres_store_options options = { .size = sizeof(options), .flags = ENVRES_STORE_RELAXED };
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    for (int i = 0; i < NAMES; i++)
        m->named[i] = -1;
    m->err = envres_error_new(NULL);
    return envres_store_create(NULL, 0, &options, &credential, &m->store, m->err) == ENVRES_OK &&
           envres_session_open(m->store, NULL, 0, &credential, &m->session, m->err) == ENVRES_OK;
}

const char *
model_run(const uint8_t *bytes, size_t len, bool faulty)
{
    static const char *(*const acts[])(struct model *, const struct step *) = {
        do_put, do_put, do_put, do_unset, do_restore, do_put, do_rename, do_delete
    };
    static char text[300];
    struct model m = { .faulty = faulty };
    const char *wrong = begin(&m) ? NULL : envres_error_message(m.err);
    size_t steps = len / MODEL_STEP < MODEL_STEPS_MAX ? len / MODEL_STEP : MODEL_STEPS_MAX;
    for (size_t i = 0; i < steps && !wrong; i++) {
        const uint8_t *at = bytes + i * MODEL_STEP;
        struct step step = { .place = at[1] % PLACES,
                             .name = (at[1] >> 4) % NAMES,
                             .other = (at[1] >> 6) % NAMES,
                             .value = (uint8_t)(1 + at[2] % (VALUES - 1)),
                             .raw = at[3] };
        wrong = acts[at[0] % (sizeof(acts) / sizeof(acts[0]))](&m, &step);
        if (!wrong)
            wrong = compare_all(&m, at[3]);
        if (wrong)
            snprintf(text, sizeof(text), "step %zu: %s", i, wrong);
    }
    if (wrong && steps == 0)
        snprintf(text, sizeof(text), "%s", wrong);
    envres_session_close(m.session);
    envres_store_close(m.store);
    envres_error_free(m.err);
    return wrong ? text : NULL;
}
