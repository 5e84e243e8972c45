/* SPDX-License-Identifier: MIT */
/* Variables: one value per environment, of the type and class that belong to the name. */
#ifndef ENVRES_MODEL_VARIABLE_H
#define ENVRES_MODEL_VARIABLE_H

#include <envres/value.h>
#include <envres/variable.h>

#include "model/act.h"
#include "model/config.h"

/* One write, checked as far as that needs no database. Borrowed. */
struct variable_write {
    struct slice name;
    struct slice value;
    int32_t type;    /* 0: as the name has it, else string */
    uint32_t flags;  /* ENVRES_WRITE_*; neither: as the name has it, else plain */
    int64_t expect;  /* as in the public struct */
    bool keep_shape; /* type and class of a name that has a value in any environment stay */
};
envres_status variable_read(const envres_variable_write *given, struct variable_write *out,
                            envres_error *err);

/* The object of a name as it is (*found false: there is none), and as the write would leave it.
 * Nothing is written. */
envres_status variable_shape(struct context *ctx, const struct variable_write *write, bool *found,
                             struct object *as_is, struct object *wanted, envres_error *err);

/* TYPE when type or class would change, and the name has a value in another environment than
 * `except`; NULL: in any. */
envres_status variable_check_shape(struct context *ctx, const struct object *as_is,
                                   const struct object *wanted, const uint8_t *except,
                                   envres_error *err);

/* The writes of one revision, behind config_begin(): config_end() is called here. Quickest in the
 * order of their names. */
envres_status variable_put_inside(struct config_writer *writer, const struct variable_write *writes,
                                  size_t count, envres_error *err);

/* `writes`: structs of the caller's size, one behind the other. */
envres_status variable_put(struct context *ctx, struct slice environment,
                           const envres_variable_write *writes, size_t count,
                           const envres_change *change, int64_t *revision, envres_error *err);

envres_status variable_unset(struct context *ctx, struct slice environment, struct slice name,
                             const envres_change *change, int64_t *revision, envres_error *err);

envres_status variable_get(struct context *ctx, struct slice environment, struct slice name,
                           uint32_t flags, envres_value **out, envres_error *err);

/* `environment.data` NULL: all. */
envres_status variable_list(struct context *ctx, struct slice environment, uint32_t flags,
                            envres_list **out, envres_error *err);

envres_status variable_rename(struct context *ctx, struct slice name, struct slice to,
                              const envres_change *change, envres_error *err);
envres_status variable_delete(struct context *ctx, struct slice name, const envres_change *change,
                              envres_error *err);

/* A value in the one form that is kept: numbers as they print, json compact; templates parsed.
 * Appended to `out`. TYPE, JSON, UTF8, LIMIT, SYNTAX: never with the value in the message. */
envres_status variable_canonical(const struct mem *mem, int32_t type, struct slice value,
                                 struct buf *out, envres_error *err);

/* What was written down of a change that waited for approvals, done (act.h). */
envres_status variable_replay_put(struct context *ctx, struct act_reader *reader,
                                  const envres_change *given, int64_t *revision, envres_error *err);
envres_status variable_replay_unset(struct context *ctx, struct act_reader *reader,
                                    const envres_change *given, int64_t *revision,
                                    envres_error *err);
envres_status variable_replay_rename(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);
envres_status variable_replay_delete(struct context *ctx, struct act_reader *reader,
                                     const envres_change *given, int64_t *revision,
                                     envres_error *err);

#endif
