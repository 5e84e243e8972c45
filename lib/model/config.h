/* SPDX-License-Identifier: MIT */
/*
 * The configuration of an environment: revisions of settings. A setting is a variable's value
 * (field "") or one field of a resource. Rows are written once; a new revision sets `until` of the
 * one it follows. Every write keeps the environment's head true.
 */
#ifndef ENVRES_MODEL_CONFIG_H
#define ENVRES_MODEL_CONFIG_H

#include "model/act.h"
#include "model/change.h"
#include "model/environment.h"

enum object_class { OBJECT_VARIABLE = 1, OBJECT_RESOURCE = 2 };

/* The field of a resource's row that declares its fallback; its value is an environment's key. */
#define FALLBACK_FIELD "@fallback"

/* What a name is in a workspace. */
struct object {
    uint8_t id[SEAL_ID];
    enum object_class object_class;
    bool secret;
    bool is_removed;
    char name[LIMIT_NAME + 1];
    char kind[LIMIT_NAME + 1];
};

/* What a row says besides its value. Names and kinds are as they were when it was written. */
struct setting {
    uint8_t object[SEAL_ID];
    uint8_t author[SEAL_ID];
    uint8_t content[SEAL_DIGEST];
    enum object_class object_class;
    bool is_set;       /* false: taken away, or destroyed */
    bool is_destroyed; /* it had a value, whose record is gone; its commitment is kept */
    bool secret;
    int64_t revision;
    int64_t time;
    struct slice field;
    struct slice name;
    struct slice kind; /* a variable's type, a resource's kind */
    struct slice record;
};

/* ENVRES_TYPE_* of a variable's kind text; 0 for none of them. */
int32_t config_type(struct slice kind);

/* What a setting's record is bound to. */
struct seal_label config_label(const struct env_keys *keys, const struct setting *setting);

/* The columns of a setting's row, as config_read_row() takes them from the first one on. */
#define SETTING_COLUMNS                                                                            \
    "object_id, field, revision, state, class, name, kind, secret, content, author, time, record"

/* A row of the store; its slices are the statement's. CORRUPT. */
envres_status config_read_row(struct db_stmt *stmt, struct setting *out, envres_error *err);

/* The key its record opens with: that of the record's own generation. DENIED where it is not held,
 * INTEGRITY for a generation of which no key is. */
envres_status config_key(const struct env_keys *keys, const struct setting *setting,
                         const uint8_t **out, envres_error *err);

/* Opens a setting's value into `out` (a secret buffer). DENIED without its key, INTEGRITY. */
envres_status config_open_value(const struct mem *mem, const struct env_keys *keys,
                                const struct setting *setting, struct buf *out, envres_error *err);

/* ---- writing, inside a change --------------------------------------------------------------- */

struct config_writer {
    struct change *change;
    struct environment *environment; /* borrowed; its revision moves on */
    struct env_keys *keys;
    struct head head;
    const uint8_t *author; /* NULL: who acts */
    bool renames;          /* the rows that are there bear the name before */
    int64_t revision;      /* the one being made */
    size_t written;
};

/*
 * The steps of config_put(), for who writes many rows at once (batch.h): the seal, which sets the
 * revision, the time, the author and the commitment too, and appends the record; the row into the
 * sums of the head; and the revision that an approved change must find (0: no row), whether or not
 * this environment asks for approvals, since another that the change touches may.
 */
envres_status config_seal(struct config_writer *writer, struct setting *setting, struct slice value,
                          struct buf *record, envres_error *err);
void config_added(struct config_writer *writer, const struct setting *setting);
void config_note(struct config_writer *writer, const struct setting *setting, int64_t revision);

/* Opens keys and head; checks the reason the environment may require. */
envres_status config_begin(struct change *change, struct environment *environment,
                           struct config_writer *out, envres_error *err);

/* The setting to write: object, class, field, name, kind, secret, is_set. */
envres_status config_put(struct config_writer *writer, const struct setting *setting,
                         struct slice value, envres_error *err);

/*
 * Takes the record of one older revision out of the file: variable.h has the rules. `name` is that
 * of a variable, or "resource/HANDLE/FIELD". A change of its own.
 */
envres_status config_destroy(struct context *ctx, struct slice environment, struct slice name,
                             int64_t revision, const envres_change *options, envres_error *err);
envres_status config_replay_destroy(struct context *ctx, struct act_reader *reader,
                                    const envres_change *given, int64_t *revision,
                                    envres_error *err);

/* NOT_SET: the setting was destroyed; by whom and when, as far as the audit says. */
envres_status config_destroyed(struct context *ctx, const struct environment *environment,
                               const struct setting *setting, envres_error *err);

/* Seals the head when anything was written, and tells the change its revision. */
envres_status config_end(struct config_writer *writer, envres_error *err);

/* ---- reading -------------------------------------------------------------------------------- */

/* The current row of one setting. *found false: there is none (never set). Slices are borrowed
 * from `row`, which the caller frees. */
struct setting_row {
    struct setting setting;
    struct buf bytes;
};
void setting_row_free(struct setting_row *row);
/* Copies what a setting borrows behind what `out->bytes` holds, and points there. */
envres_status setting_row_keep(const struct setting *from, struct setting_row *out,
                               envres_error *err);
/* INTEGRITY: the row bears another name than its object, or the name's row is another object's. */
envres_status config_current(struct context *ctx, const struct environment *environment,
                             const struct object *object, struct slice field, bool *found,
                             struct setting_row *out, envres_error *err);

/* INTEGRITY: a name's rows are not those written under it. Worded here alone. */
envres_status config_exchanged(struct slice name, envres_error *err);

/* NOT_FOUND as object_need() has it; INTEGRITY where a variable that is set has lost its object. */
envres_status config_need_variable(struct context *ctx, const struct environment *environment,
                                   struct slice name, struct object *out, envres_error *err);

/* As the column `state` has it. */
uint8_t config_state(const struct setting *setting);

/* Steps to the current row of a setting, as config_read_row() takes it; the caller resets. */
envres_status config_seek(struct context *ctx, const struct environment *environment,
                          const uint8_t object[SEAL_ID], struct slice field, struct db_stmt **out,
                          int *row, envres_error *err);

/* INTEGRITY as config_current() has it: `has` is the current row of the wanted object and field, or
 * NULL. */
envres_status config_check_name(struct context *ctx, const struct environment *environment,
                                const struct setting *wanted, const struct setting *has,
                                envres_error *err);

/* What a row adds to the sums of its head. */
void config_hash(const struct env_keys *keys, const struct setting *setting,
                 uint8_t out[SEAL_DIGEST]);

/* Called for each row; slices live until it returns. */
typedef envres_status (*setting_fn)(void *user, const struct setting *setting, envres_error *err);

/*
 * All rows that are current (revision 0), or that were at an older revision, rows that take a value
 * away included; in no order. The set is compared with the head: `head_ok` false says that rows
 * are missing, doubled or exchanged, and what is absent cannot be trusted.
 */
envres_status config_each(struct context *ctx, const struct environment *environment,
                          const struct env_keys *keys, const struct head *head, int64_t revision,
                          setting_fn each, void *user, bool *head_ok, envres_error *err);

/* Every row that is kept, compared with the head likewise; in the order of their revisions. */
envres_status config_each_kept(struct context *ctx, const struct environment *environment,
                               const struct env_keys *keys, const struct head *head,
                               setting_fn each, void *user, bool *head_ok, envres_error *err);

/* INTEGRITY: the rows of an environment are not those of its head. Worded here alone. */
envres_status config_mismatch(const struct environment *environment, envres_error *err);

/* INTEGRITY unless the current rows are those of the head. */
envres_status config_check(struct context *ctx, const struct environment *environment,
                           envres_error *err);
/* The same of all that may be read. */
envres_status config_check_all(struct context *ctx, const struct environment *rows, size_t count,
                               envres_error *err);

/* All rows of one object in one environment, newest first. */
envres_status config_history(struct context *ctx, const struct environment *environment,
                             const uint8_t object[SEAL_ID], setting_fn each, void *user,
                             envres_error *err);

/* The newest row of each field of a resource in one environment, by name; a value taken away is one
 * too. Rows before the newest are not walked. CORRUPT where the index of what is current has other
 * fields, or has some under another object of this name. */
envres_status config_each_field(struct context *ctx, const struct environment *environment,
                                const struct object *object, setting_fn each, void *user,
                                envres_error *err);

/* Names of variables and resources that the workspace has, by class and name. */
typedef envres_status (*name_fn)(void *user, enum object_class object_class, struct slice name,
                                 envres_error *err);
envres_status config_each_name(struct context *ctx, name_fn each, void *user, envres_error *err);

/* What the other environments of the workspace set now, `limit` settings at most: *all says whether
 * that was everything. A fallback is no setting here. */
typedef envres_status (*other_fn)(void *user, enum object_class object_class, struct slice name,
                                  const uint8_t environment[SEAL_ID], envres_error *err);
envres_status config_others(struct context *ctx, const struct environment *environment,
                            size_t limit, other_fn each, void *user, bool *all, envres_error *err);
/* The same of one name, each environment once. */
envres_status config_others_with(struct context *ctx, const struct environment *environment,
                                 enum object_class object_class, struct slice name, other_fn each,
                                 void *user, envres_error *err);

/* Whether a setting's row is one that was written, as far as the row itself tells: INTEGRITY when
 * not. A record whose key is not held is not opened. */
envres_status config_check_setting(const struct mem *mem, const struct env_keys *keys,
                                   const struct setting *setting, envres_error *err);

/* Every record, the content commitments, both sums of the head. */
envres_status config_verify(struct context *ctx, const struct environment *environment,
                            db_finding_fn finding, void *user, envres_error *err);

/* ---- objects: what the names are ------------------------------------------------------------ */

envres_status object_find(struct context *ctx, enum object_class object_class, struct slice name,
                          bool *found, struct object *out, envres_error *err);
/* NOT_FOUND with the nearest name. */
envres_status object_need(struct context *ctx, enum object_class object_class, struct slice name,
                          struct object *out, envres_error *err);
envres_status object_by_id(struct context *ctx, const uint8_t id[SEAL_ID], bool *found,
                           struct object *out, envres_error *err);
/* All that are not removed, by name; the caller frees the array. */
envres_status object_all(struct context *ctx, enum object_class object_class, struct object **out,
                         size_t *count, envres_error *err);
/* The same for a list, which leaves nothing out: context_check_listed(). */
envres_status object_all_listed(struct context *ctx, enum object_class object_class,
                                struct object **out, size_t *count, envres_error *err);
/* The first of its class whose name is this one or comes behind it. */
envres_status object_find_from(struct context *ctx, enum object_class object_class,
                               struct slice name, bool *found, struct object *out,
                               envres_error *err);
/*
 * A fresh id: the time in milliseconds (48 bits, the highest first), then bytes at random, or the
 * id before plus one where that is of the same time. So new rows stand behind the others in the
 * indexes, and an import need not touch all of their pages.
 */
void object_new_id(struct context *ctx, int64_t now, uint8_t out[SEAL_ID]);
/* With a fresh id; inside a change. */
envres_status object_insert(struct context *ctx, struct object *object, int64_t now,
                            envres_error *err);
/* Name, kind, secret, removed (its time, or 0). */
envres_status object_update(struct context *ctx, const struct object *object, int64_t removed_at,
                            envres_error *err);
/* Keys of environments where the object has a value now, joined by ", "; "" for none. */
envres_status object_where_set(struct context *ctx, const struct object *object,
                               const uint8_t *except, struct buf *out, envres_error *err);

/* INTEGRITY where a value that a variable has anywhere is not of the type and class that its row
 * says: the row is not sealed, and what is written next would be sealed for others to read. */
envres_status object_check_shape(struct context *ctx, const struct object *object,
                                 envres_error *err);
/* Findings: objects that are not what their values say, or are removed and have some. */
envres_status object_verify(struct context *ctx, db_finding_fn finding, void *user,
                            envres_error *err);

#endif
