/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target (libFuzzer): the content of a store, changed through SQL by somebody who has the file
 * and no key. The store lies on a disk in memory; each run changes it, asks the library one thing,
 * and brings the changed pages back. So most runs need no opening.
 *
 *     input   = question (2 bytes), change ...       up to 16 changes
 *     change  = kind, column (2 bytes), row, other row, value
 *
 * The question is one of those that read a page that the changes touched: a scope with all its
 * answers, or a reading; sometimes a change of the registry of scenarios, and seldom all: opening,
 * verifying, each list. A call may fail, none crashes, and no answer is one that was never written,
 * but for what follows from the columns in `unsealed`. Constraints of the schema do not hold for
 * who writes the file.
 *
 * ENVRES_FUZZ_SHORT in the environment: only what is asked in less than half a millisecond, for
 * long runs; a fuzzer prefers what reaches most, which is what takes longest. ENVRES_FUZZ_SAY: each
 * change is printed as SQL, and what was asked.
 */
#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "../torture/answers.h"
#include "fuzz.h"
#include "input.h"
#include "memdisk.h"
#include "readings.h"

enum { CHANGES_MAX = 16, COLUMNS_MAX = 512, TABLES_MAX = 64, ROWS_MAX = 256, NAME = 64 };
enum { QUESTIONS_MAX = 256, SOUND_EACH = 1024 /* how often the restored store is asked all */ };

/* How the first two bytes of the input, as a number, choose: below the first one all is asked,
 * below the next a scenario writes, then what reads for long. What takes long is rare. */
enum { ALL_BELOW = 24, WRITES_BELOW = 512, LONG_BELOW = 2048 };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char vfs_name[] = "envres-fuzz";

/* ---- tables, columns, rows ------------------------------------------------------------------ */

enum kind {
    KIND_SET,    /* a cell: any value */
    KIND_COPY,   /* a cell: that of another row */
    KIND_DELETE, /* a row */
    KIND_MOVE,   /* a row in place of another */
    KIND_APPEND, /* what stands in a cell, with another end */
    KIND_PATCH,  /* some bytes inside of a cell */
    KIND_ADD,    /* to a number */
    KIND_SWAP,   /* two cells */
    KIND_COUNT_
};

struct table {
    char name[NAME];
    char columns[1024]; /* their names, with commas */
    sqlite3_int64 rows[ROWS_MAX];
    size_t count;
};

struct column {
    struct table *table;
    char name[NAME];
    sqlite3_stmt *changes[KIND_COUNT_];
};

static struct table tables[TABLES_MAX];
static size_t table_count;
static struct column columns[COLUMNS_MAX];
static size_t column_count;
static sqlite3 *raw;
static bool says;
static bool only_short;
static unsigned long sound_each = SOUND_EACH;

/*
 * What who writes the file can change so that another answer comes, as docs/threat-model.md says:
 * names of versions, since a release signs the one it had then, and which of an app's records is
 * the live one, where the newer ones are taken out too.
 */
static const char *const unsealed[] = { "app.live", "version.name" };

static bool
is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void
read_rows(struct table *table)
{
    char sql[160];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof(sql), "SELECT rowid FROM %.63s ORDER BY rowid", table->name);
    CHECK(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW && table->count < ROWS_MAX)
        table->rows[table->count++] = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
}

/* Those of a table stand together. */
static void
add_column(const char *table, const char *name)
{
    struct table *last = table_count > 0 ? &tables[table_count - 1] : NULL;
    char full[2 * NAME + 2];
    CHECK(column_count < COLUMNS_MAX && strlen(table) < NAME && strlen(name) < NAME);
    if (!last || strcmp(last->name, table) != 0) {
        CHECK(table_count < TABLES_MAX);
        last = &tables[table_count++];
        strcpy(last->name, table);
        read_rows(last);
    }
    CHECK(strlen(last->columns) + strlen(name) + 2 < sizeof(last->columns));
    if (last->columns[0])
        strcat(last->columns, ", ");
    strcat(last->columns, name);
    snprintf(full, sizeof(full), "%s.%s", table, name);
    if (is_among(full, unsealed, COUNT(unsealed)))
        return;
    columns[column_count].table = last;
    strcpy(columns[column_count++].name, name);
}

static void
read_columns(void)
{
    static const char sql[] =
        "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid";
    sqlite3_stmt *stmt = NULL;
    CHECK(sqlite3_prepare_v2(raw, sql, -1, &stmt, NULL) == SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        add_column((const char *)sqlite3_column_text(stmt, 0),
                   (const char *)sqlite3_column_text(stmt, 1));
    sqlite3_finalize(stmt);
    CHECK(column_count > 0);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* ?1 the row, ?2 the other row, ?3 a value, ?4 a number; the column and the table are named. */
static void
write_sql(char *out, size_t cap, const struct column *at, enum kind kind)
{
    const char *c = at->name;
    const char *t = at->table->name;
    switch (kind) {
    case KIND_SET:
        snprintf(out, cap, "UPDATE %s SET %s = ?3 WHERE rowid = ?1", t, c);
        break;
    case KIND_COPY:
        snprintf(out, cap,
                 "UPDATE %s SET %s = (SELECT %s FROM %s WHERE rowid = ?2) WHERE rowid = ?1", t, c,
                 c, t);
        break;
    case KIND_DELETE:
        snprintf(out, cap, "DELETE FROM %s WHERE rowid = ?1", t);
        break;
    case KIND_MOVE:
        snprintf(out, cap, "REPLACE INTO %s (rowid, %s) SELECT ?1, %s FROM %s WHERE rowid = ?2", t,
                 at->table->columns, at->table->columns, t);
        break;
    case KIND_APPEND:
        snprintf(out, cap,
                 "UPDATE %s SET %s = CASE typeof(%s) WHEN 'blob' THEN"
                 " CAST(substr(%s, 1, length(%s) - 1) || ?3 AS BLOB) ELSE %s || ?3 END"
                 " WHERE rowid = ?1",
                 t, c, c, c, c, c);
        break;
    case KIND_PATCH:
        snprintf(out, cap,
                 "UPDATE %s SET %s = CAST(CAST(substr(%s, 1, ?4 %% (length(%s) + 1)) AS BLOB)"
                 " || ?3 || CAST(substr(%s, ?4 %% (length(%s) + 1) + length(?3) + 1) AS BLOB)"
                 " AS BLOB) WHERE rowid = ?1 AND typeof(%s) = 'blob'",
                 t, c, c, c, c, c, c);
        break;
    case KIND_ADD:
        snprintf(out, cap,
                 "UPDATE %s SET %s = %s + ?4 - 128 WHERE rowid = ?1 AND typeof(%s) ="
                 " 'integer'",
                 t, c, c, c);
        break;
    case KIND_SWAP:
    case KIND_COUNT_:
        snprintf(out, cap,
                 "UPDATE %s SET %s = CASE rowid WHEN ?1 THEN (SELECT %s FROM %s WHERE rowid = ?2)"
                 " ELSE (SELECT %s FROM %s WHERE rowid = ?1) END WHERE rowid IN (?1, ?2)",
                 t, c, c, t, c, t);
    }
}

static sqlite3_stmt *
statement(struct column *at, enum kind kind)
{
    char sql[2600];
    if (!at->changes[kind]) {
        write_sql(sql, sizeof(sql), at, kind);
        /* An integer key cannot be named beside rowid: then there is no such change. */
        if (sqlite3_prepare_v2(raw, sql, -1, &at->changes[kind], NULL) != SQLITE_OK)
            at->changes[kind] = NULL;
    }
    return at->changes[kind];
}

static void
bind_value(sqlite3_stmt *stmt, struct input *input)
{
    uint8_t how = take(input);
    size_t len = how >> 2;
    if (len > input->size)
        len = input->size;
    if (how % 4 == 0)
        sqlite3_bind_null(stmt, 3);
    else if (how % 4 == 1)
        sqlite3_bind_int64(stmt, 3, len > 0 ? (int8_t)input->data[0] : INT64_MAX - how);
    else if (how % 4 == 2)
        sqlite3_bind_text(stmt, 3, (const char *)input->data, (int)len, SQLITE_STATIC);
    else
        sqlite3_bind_blob(stmt, 3, input->data, (int)len, SQLITE_STATIC);
    input->data += len;
    input->size -= len;
}

static void
say(sqlite3_stmt *stmt)
{
    char *sql = sqlite3_expanded_sql(stmt);
    fprintf(stderr, "%s; -- %s, %d rows\n", sql ? sql : "?", sqlite3_errmsg(raw),
            sqlite3_changes(raw));
    sqlite3_free(sql);
}

/* What the schema refuses is not done. */
static void
change(struct input *input)
{
    enum kind kind = (enum kind)(take(input) % KIND_COUNT_);
    unsigned index = take(input);
    index |= (unsigned)take(input) << 8;
    struct column *at = &columns[index % column_count];
    const struct table *table = at->table;
    unsigned row = take(input);
    unsigned other = take(input);
    sqlite3_stmt *stmt = table->count > 0 ? statement(at, kind) : NULL;
    if (!stmt)
        return;
    sqlite3_bind_int64(stmt, 1, table->rows[row % table->count]);
    sqlite3_bind_int64(stmt, 2, table->rows[other % table->count]);
    sqlite3_bind_int(stmt, 4, (int)other);
    if (kind == KIND_SET || kind == KIND_APPEND || kind == KIND_PATCH)
        bind_value(stmt, input);
    (void)sqlite3_step(stmt);
    if (says)
        say(stmt);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

/* ---- questions ------------------------------------------------------------------------------ */

enum turn { TURN_ALL, TURN_WRITES, TURN_LONG, TURN_SHORT, TURN_COUNT_ };

enum subject { SUBJECT_SCOPE, SUBJECT_READING, SUBJECT_SCENARIO };

/* A scope with its answers, a reading, or a scenario. */
struct question {
    enum turn turn;
    enum subject subject;
    size_t nth; /* of its kind */
    uint32_t flags;
    const char *name;
    uint64_t pages[MEMDISK_WORDS]; /* that it reads of the sound store */
};

static struct fixture fx;
static struct question questions[QUESTIONS_MAX];
static size_t question_count;
static unsigned long runs;
static unsigned long turns[TURN_COUNT_];
static unsigned long asked_nothing;
static unsigned long refused;
static unsigned long lacking;
static struct {
    uint8_t bytes[512];
    size_t size;
} since[SOUND_EACH];
static size_t since_count;

/* Of the scenarios that write, not those that have an opinion of what they find, or that take more
 * than some milliseconds by themselves. */
static const char *const no_writes[] = { "create version",  "open version",   "collect garbage",
                                         "release version", "roll back",      "add slot",
                                         "change slot",     "rekey principal" };

/* Of those that only read, these; the others have an opinion, or are in readings.c. */
static const char *const reads[] = { "key facts",      "check checkpoint", "request lists",
                                     "act as another", "people lists",     "open session",
                                     "open scope",     "open older scope", "latest scope",
                                     "list all",       "try moves" };

/* Half a millisecond and more. */
static const char *const take_long[] = {
    "key facts",    "check checkpoint", "request lists", "act as another", "people lists",
    "open session", "open scope",       "list all",      "try moves",      "status",
    "check",        "queries",          "pinned query",  "audit",
};

static void
wrong(void *user, const char *asked, const char *got)
{
    (void)user;
    fprintf(stderr, "%s gave '%s'\n", asked, got);
    abort();
}

static void
count_wrong(void *user, const char *question, const char *got)
{
    (void)question;
    (void)got;
    ++*(size_t *)user;
}

static void
usual(void)
{
    fx = (struct fixture){ .path = "store.db",
                           .vfs = vfs_name,
                           .store_flags = ENVRES_STORE_ANY_FILE_MODE | ENVRES_STORE_RELAXED };
    for (size_t i = 0; i < sizeof(fx.key); i++)
        fx.key[i] = (uint8_t)(i + 1);
}

static void
open_sound(void)
{
    fixture_close(&fx);
    CHECK(fixture_open(&fx) == ENVRES_OK);
}

static envres_status
ask(const struct question *question)
{
    if (question->subject == SUBJECT_SCENARIO)
        return scenarios[question->nth].run(&fx);
    if (question->subject == SUBJECT_READING)
        return reading_run(question->nth, &fx);
    answers_ask_scope(&fx, question->nth, question->flags, wrong, NULL);
    return ENVRES_OK;
}

/* All that there is, by a handle that has not seen the store before. */
static void
ask_all(void)
{
    envres_list *findings = NULL;
    fixture_close(&fx);
    envres_status st = fixture_open(&fx);
    CHECK(st <= 0);
    if (fx.session) {
        answers_ask(&fx, 0, wrong, NULL);
        answers_ask(&fx, ENVRES_SCOPE_DAMAGED, wrong, NULL);
        (void)envres_store_verify(fx.store, fx.session, &findings, NULL);
        envres_list_free(findings);
        free(fixture_dump(&fx));
    }
}

static enum turn
turn_of(const struct question *question)
{
    if (question->subject == SUBJECT_SCENARIO && scenarios[question->nth].kind == SCENARIO_CHANGES)
        return TURN_WRITES;
    return is_among(question->name, take_long, COUNT(take_long)) ? TURN_LONG : TURN_SHORT;
}

/* Asks the sound store, and notes which pages that takes. */
static void
add_question(enum subject subject, size_t nth, const char *name, uint32_t flags)
{
    CHECK(question_count < QUESTIONS_MAX);
    struct question *question = &questions[question_count++];
    *question = (struct question){ .subject = subject, .nth = nth, .flags = flags, .name = name };
    question->turn = turn_of(question);
    memdisk_restore();
    memdisk_forget_reads();
    CHECK(ask(question) == ENVRES_OK);
    memcpy(question->pages, memdisk_read(), sizeof(question->pages));
    if (question->turn == TURN_WRITES) {
        memdisk_restore();
        open_sound();
    }
}

static void
read_questions(void)
{
    for (size_t i = 0; i < answers_scopes(); i++) {
        add_question(SUBJECT_SCOPE, i, "scope", 0);
        add_question(SUBJECT_SCOPE, i, "scope", ENVRES_SCOPE_DAMAGED);
    }
    for (size_t i = 0; i < reading_count; i++)
        add_question(SUBJECT_READING, i, reading_name(i), 0);
    for (size_t i = 0; i < scenario_count; i++) {
        const char *name = scenarios[i].name;
        if (scenarios[i].kind == SCENARIO_CHANGES ? !is_among(name, no_writes, COUNT(no_writes))
                                                  : is_among(name, reads, COUNT(reads)))
            add_question(SUBJECT_SCENARIO, i, name, 0);
    }
}

static bool
reads_what_changed(const struct question *question)
{
    const uint64_t *written = memdisk_written();
    uint64_t both = question->pages[0] & written[0] & ~(uint64_t)1; /* every change is on page 1 */
    for (size_t i = 1; i < MEMDISK_WORDS; i++)
        both |= question->pages[i] & written[i];
    return both != 0;
}

/* One of those that read what was changed; NULL when none does. */
static const struct question *
choose(unsigned which, enum turn turn)
{
    const struct question *fitting[QUESTIONS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < question_count; i++) {
        const struct question *question = &questions[i];
        if (question->turn == turn && reads_what_changed(question))
            fitting[count++] = question;
    }
    return count > 0 ? fitting[which % count] : NULL;
}

static void
say_counts(void)
{
    fprintf(stderr,
            "store: %lu runs: %lu asked all, %lu a change, %lu and %lu a reading, %lu changed what"
            " nothing asked for reads; %lu handles closed as damaged, %lu without older keys\n",
            runs, turns[TURN_ALL], turns[TURN_WRITES], turns[TURN_LONG], turns[TURN_SHORT],
            asked_nothing, refused, lacking);
}

/* A value that is not the one of the table must be noticed, or no run proves anything. */
static void
check_oracle(void)
{
    size_t count = 0;
    CHECK(put(&fx, "production", "HOST", "db.other", 0, 0) == ENVRES_OK);
    answers_ask(&fx, 0, count_wrong, &count);
    CHECK(count > 0);
    memdisk_restore();
    open_sound();
}

static void
make_sound(void)
{
    says = getenv("ENVRES_FUZZ_SAY") != NULL;
    only_short = getenv("ENVRES_FUZZ_SHORT") != NULL;
    sound_each = says ? 1 : sound_each;
    CHECK(memdisk_register(vfs_name));
    usual();
    CHECK(fixture_make(&fx) == ENVRES_OK);
    fixture_close(&fx);
    CHECK(sqlite3_open_v2(fx.path, &raw, SQLITE_OPEN_READWRITE, vfs_name) == SQLITE_OK);
    CHECK(sqlite3_exec(raw,
                       "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                       " PRAGMA foreign_keys = 0; PRAGMA ignore_check_constraints = 1",
                       NULL, NULL, NULL) == SQLITE_OK);
    CHECK(memdisk_keep());
    read_columns();
    CHECK(fixture_open(&fx) == ENVRES_OK);
    CHECK(answers_ask(&fx, 0, wrong, NULL) == answers_count());
    check_oracle();
    read_questions();
    atexit(say_counts);
}

/* Spread, since a fuzzer likes small numbers and large ones. */
static enum turn
turn_for(unsigned which)
{
    unsigned spread = (which + 30000) * 40503 % 65536;
    if (only_short)
        return TURN_SHORT;
    if (spread < ALL_BELOW)
        return TURN_ALL;
    if (spread < WRITES_BELOW)
        return TURN_WRITES;
    return spread < LONG_BELOW ? TURN_LONG : TURN_SHORT;
}

static bool
answers(void)
{
    envres_list *list = NULL;
    envres_status st = envres_environment_list(fx.session, &list, NULL);
    envres_list_free(list);
    return st == ENVRES_OK;
}

/* How a scope of the fixture opens now, said where it does not. */
static void
say_scope(const char *environment, const char *app)
{
    envres_scope_options options = { .size = sizeof(options),
                                     .app = app,
                                     .app_len = app ? ENVRES_NUL_TERMINATED : 0 };
    envres_scope *scope = NULL;
    envres_status st =
        envres_scope_open(fx.session, environment, ENVRES_NUL_TERMINATED, &options, &scope, fx.err);
    if (st < 0)
        fprintf(stderr, "a sound store after %lu runs: %s%s%s: %s: %s\n", runs, environment,
                app ? ", " : "", app ? app : "", envres_status_name(st),
                envres_error_message(fx.err));
    envres_scope_unref(scope);
}

/*
 * A handle keeps the keys that it opened. Where it opened them while grants were changed, those of
 * the older generation of a rotation may not be among them, and it says so of each record under
 * them, until roles change or it is opened anew.
 */
static bool
lacks_older_keys(void)
{
    envres_value *value = NULL;
    envres_status st =
        envres_variable_get(fx.session, "staging", ENVRES_NUL_TERMINATED, "HOST",
                            ENVRES_NUL_TERMINATED, ENVRES_READ_REVEAL, &value, fx.err);
    envres_value_free(value);
    return st == ENVRES_E_INTEGRITY &&
           strstr(envres_error_message(fx.err), "of a generation that is not held");
}

static void
remember_input(const uint8_t *data, size_t size)
{
    if (size > sizeof(since[0].bytes) || since_count == SOUND_EACH)
        return;
    memcpy(since[since_count].bytes, data, size);
    since[since_count++].size = size;
}

/* A file for each input since the store was last found sound: one after the other they show it. */
static void
keep_inputs(void)
{
    const char *folder = getenv("ENVRES_FUZZ_KEEP");
    char path[512];
    for (size_t i = 0; folder && i < since_count; i++) {
        snprintf(path, sizeof(path), "%.400s/sound-%lu-%04zu", folder, runs, i);
        FILE *file = fopen(path, "wb");
        CHECK(file && fwrite(since[i].bytes, 1, since[i].size, file) == since[i].size);
        CHECK(fclose(file) == 0);
    }
    fprintf(stderr, "the %zu inputs before, to be run in this order: %s\n", since_count,
            folder ? folder : "ENVRES_FUZZ_KEEP names a folder for them");
}

/* A store that was brought back must answer all, to a new handle at least. An open one may lack
 * keys, or may have been told by SQLite that the file is damaged: then it answers nothing more. */
static void
check_sound(void)
{
    size_t right = answers_ask(&fx, 0, wrong, NULL);
    if (right < answers_count()) {
        bool is_closed = !answers();
        bool is_known = is_closed || lacks_older_keys();
        refused += is_closed;
        lacking += is_known && !is_closed;
        if (!is_known) {
            fprintf(stderr, "a sound store after %lu runs: %zu of %zu answers: %s\n", runs, right,
                    answers_count(), envres_error_message(fx.err));
            say_scope("development", NULL);
            say_scope("staging", NULL);
            say_scope("production", NULL);
            say_scope("production", "portal");
            say_scope("production", "tool");
            keep_inputs();
        }
        CHECK(is_known);
        open_sound();
        CHECK(answers_ask(&fx, 0, wrong, NULL) == answers_count());
    }
    since_count = 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { data, size };
    const struct question *question = NULL;
    envres_status st = ENVRES_OK;
    if (!raw)
        make_sound();
    remember_input(data, size);
    unsigned which = take(&input);
    which |= (unsigned)take(&input) << 8;
    enum turn turn = turn_for(which);
    CHECK(sqlite3_exec(raw, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    for (int i = 0; i < CHANGES_MAX && input.size > 0; i++)
        change(&input);
    CHECK(sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    if (turn == TURN_ALL)
        ask_all();
    else if ((question = choose(which, turn)) != NULL)
        st = ask(question);
    CHECK(st <= 0);
    if (says)
        fprintf(stderr, "%s: %s\n",
                turn == TURN_ALL ? "all"
                : question       ? question->name
                                 : "nothing",
                envres_status_name(st));
    CHECK(memdisk_locked() == 0);
    memdisk_restore();
    runs++;
    turns[turn] += turn == TURN_ALL || question;
    asked_nothing += turn != TURN_ALL && !question;
    /* What a handle has written it knows, and one that has seen damage may refuse all else. */
    bool is_refused = st == ENVRES_E_POISONED || (st == ENVRES_E_CORRUPT && !answers());
    refused += is_refused;
    if (turn == TURN_ALL || (question && turn == TURN_WRITES) || is_refused)
        open_sound();
    else if (runs % sound_each == 0)
        check_sound();
    return 0;
}
