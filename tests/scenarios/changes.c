/* SPDX-License-Identifier: MIT */
/* Scenarios that change the store. */
#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

envres_status
add_environment(struct fixture *fx)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .label = "Pre-production",
                                           .label_len = TEXT,
                                           .after = "staging",
                                           .after_len = TEXT };
    return envres_environment_add(fx->session, "preprod", TEXT, &options, NULL, fx->err);
}

envres_status
set_environment(struct fixture *fx)
{
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_PROTECT |
                                                    ENVRES_ENVIRONMENT_REASON,
                                           .label = "Live",
                                           .label_len = TEXT,
                                           .color = "#112233",
                                           .color_len = TEXT };
    return envres_environment_set(fx->session, "staging", TEXT, &options, NULL, fx->err);
}

envres_status
remove_environment(struct fixture *fx)
{
    return envres_environment_remove(fx->session, "qa", TEXT, NULL, fx->err);
}

envres_status
put_new(struct fixture *fx)
{
    return put(fx, "staging", "NEW_NAME", "a value", 0, 0);
}

envres_status
put_again(struct fixture *fx)
{
    envres_variable_write write = { .size = sizeof(write),
                                    .name = "HOST",
                                    .name_len = TEXT,
                                    .value = "db2.dev",
                                    .value_len = TEXT,
                                    .expect_revision = 1 };
    envres_change change = { .size = sizeof(change), .reason = "moved", .reason_len = TEXT };
    int64_t revision = 0;
    return envres_variable_put(fx->session, "development", TEXT, &write, &change, &revision,
                               fx->err);
}

envres_status
put_secret(struct fixture *fx)
{
    return put(fx, "production", "DB_PASSWORD", "prod-secret-2", 0, ENVRES_WRITE_SECRET);
}

envres_status
put_template(struct fixture *fx)
{
    return put(fx, "staging", "BASE", "https://<< environment.variables.HOST >>/s",
               ENVRES_TYPE_TEMPLATE, 0);
}

/* More than are written together. */
envres_status
put_many(struct fixture *fx)
{
    static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij";
    enum { COUNT = sizeof(names) - 1 };
    envres_variable_write writes[COUNT] = { { .size = 0 } };
    for (int i = 0; i < COUNT; i++) {
        envres_variable_write write = { .size = sizeof(write),
                                        .name = &names[i],
                                        .name_len = 1,
                                        .value = &names[i],
                                        .value_len = 1,
                                        .flags = i % 2 ? ENVRES_WRITE_SECRET : 0 };
        writes[i] = write;
    }
    int64_t revision = 0;
    return envres_variable_put_many(fx->session, "staging", TEXT, writes, COUNT, NULL, &revision,
                                    fx->err);
}

envres_status
unset(struct fixture *fx)
{
    int64_t revision = 0;
    return envres_variable_unset(fx->session, "development", TEXT, "PAGE_SIZE", TEXT, NULL,
                                 &revision, fx->err);
}

envres_status
rename_variable(struct fixture *fx)
{
    return envres_variable_rename(fx->session, "SHOW_BETA", TEXT, "SHOW_GAMMA", TEXT, NULL,
                                  fx->err);
}

envres_status
delete_variable(struct fixture *fx)
{
    envres_change change = { .size = sizeof(change), .flags = ENVRES_CHANGE_FORCE };
    return envres_variable_delete(fx->session, "DB_PASSWORD", TEXT, &change, fx->err);
}

/* The fixture wrote it, and then another in its place. */
envres_status
destroy_value(struct fixture *fx)
{
    envres_change change = { .size = sizeof(change), .flags = ENVRES_CHANGE_FORCE };
    return envres_variable_destroy(fx->session, "development", TEXT, "DB_PASSWORD", TEXT, 2,
                                   &change, fx->err);
}

envres_status
restore_one(struct fixture *fx)
{
    envres_restore_point point = {
        .size = sizeof(point), .name = "DB_PASSWORD", .name_len = TEXT, .revision = 2
    };
    int64_t made = 0;
    return envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err);
}

envres_status
restore_all(struct fixture *fx)
{
    envres_restore_point point = { .size = sizeof(point), .revision = 3 };
    int64_t made = 0;
    return envres_restore(fx->session, "development", TEXT, &point, NULL, &made, fx->err);
}

envres_status
define_resource(struct fixture *fx)
{
    return envres_resource_define(fx->session, "cache", TEXT, "redis", TEXT, NULL, fx->err);
}

envres_status
change_kind(struct fixture *fx)
{
    envres_change change = { .size = sizeof(change), .flags = ENVRES_CHANGE_FORCE };
    return envres_resource_define(fx->session, "crm", TEXT, "mysql", TEXT, &change, fx->err);
}

envres_status
configure_resource(struct fixture *fx)
{
    envres_resource_field fields[] = {
        { .size = sizeof(fields[0]),
          .name = "host",
          .name_len = TEXT,
          .value = "db.prod",
          .value_len = TEXT },
        { .size = sizeof(fields[0]),
          .name = "database",
          .name_len = TEXT,
          .value = "crm",
          .value_len = TEXT },
        { .size = sizeof(fields[0]),
          .flags = ENVRES_FIELD_SECRET,
          .name = "user",
          .name_len = TEXT,
          .value = "<< environment.name >>",
          .value_len = TEXT },
        { .size = sizeof(fields[0]),
          .flags = ENVRES_FIELD_UNSET,
          .name = "port",
          .name_len = TEXT },
    };
    envres_resource_write write = {
        .size = sizeof(write), .handle = "crm", .handle_len = TEXT, .fields = fields, .count = 4
    };
    int64_t revision = 0;
    return envres_resource_configure(fx->session, "production", TEXT, &write, NULL, &revision,
                                     fx->err);
}

envres_status
declare_fallback(struct fixture *fx)
{
    envres_fallback fallback = { .size = sizeof(fallback),
                                 .handle = "api",
                                 .handle_len = TEXT,
                                 .to = "development",
                                 .to_len = TEXT };
    return envres_resource_fallback(fx->session, "qa", TEXT, &fallback, NULL, fx->err);
}

envres_status
withdraw_fallback(struct fixture *fx)
{
    envres_fallback fallback = { .size = sizeof(fallback), .handle = "crm", .handle_len = TEXT };
    return envres_resource_fallback(fx->session, "staging", TEXT, &fallback, NULL, fx->err);
}

envres_status
remove_resource(struct fixture *fx)
{
    return envres_resource_remove(fx->session, "crm", TEXT, NULL, fx->err);
}
