/* SPDX-License-Identifier: MIT */
/* Scenarios about where secrets go: redaction of texts and values, scans. */
#include <stdlib.h>
#include <string.h>

#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

struct collected {
    char data[256];
    size_t len;
};

static envres_status
collect(const char *data, size_t len, void *user)
{
    struct collected *out = user;
    if (out->len + len >= sizeof(out->data))
        abort();
    memcpy(out->data + out->len, data, len);
    out->len += len;
    return ENVRES_OK;
}

envres_status
redact_stream(struct fixture *fx)
{
    envres_redactor *redactor = NULL;
    envres_redactor *other = NULL;
    envres_list *refused = NULL;
    struct collected out = { .len = 0 };
    envres_status st = envres_redactor_new(NULL, &redactor, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_add_scope(redactor, fx->scope, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_add(redactor, "short", TEXT, "1234", TEXT, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_refused(redactor, &refused, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_copy(redactor, &other, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_feed(other, "a dev-sec", 9, collect, &out, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_feed(other, "ret-2 dev-secret-", 17, collect, &out, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_finish(other, collect, &out, fx->err);
    if (st == ENVRES_OK && (strcmp(out.data, "a [redacted] dev-secret-") != 0 ||
                            envres_list_count(refused) != 1 || envres_redactor_masked(other) != 1))
        abort();
    envres_list_free(refused);
    envres_redactor_free(redactor);
    envres_redactor_free(other);
    return st;
}

envres_status
redact_text(struct fixture *fx)
{
    envres_redactor_options options = { .size = sizeof(options),
                                        .replacement = "*",
                                        .replacement_len = 1 };
    envres_redactor *redactor = NULL;
    envres_value *rendered = NULL;
    envres_value *shown = NULL;
    envres_value *masked = NULL;
    envres_status st = envres_scope_expand(fx->scope, "u << environment.variables.DATABASE_URL >>",
                                           TEXT, 0, 0, &rendered, fx->err);
    if (st == ENVRES_OK)
        st = envres_value_redacted(rendered, NULL, 0, &shown, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(shown, NULL), "u [redacted]") != 0)
        abort();
    if (st == ENVRES_OK)
        st = envres_redactor_new(&options, &redactor, fx->err);
    if (st == ENVRES_OK)
        st = envres_redactor_add_scope(redactor, fx->scope, fx->err);
    if (st == ENVRES_OK)
        st =
            envres_redactor_text(redactor, "dev%2Dsecret%2D2 dev-secret-2", TEXT, &masked, fx->err);
    if (st == ENVRES_OK && strcmp(envres_value_data(masked, NULL), "dev%2Dsecret%2D2 *") != 0)
        abort();
    envres_value_free(rendered);
    envres_value_free(shown);
    envres_value_free(masked);
    envres_redactor_free(redactor);
    return st;
}

envres_status
scan_texts(struct fixture *fx)
{
    envres_scan *scan = NULL;
    envres_list *remarks = NULL;
    envres_list *found = NULL;
    envres_list *none = NULL;
    envres_status st = envres_scan_open(fx->session, "production", TEXT, &scan, &remarks, fx->err);
    if (st == ENVRES_OK)
        st = envres_scan_text(scan, "a.txt", TEXT,
                              "{{ environment.variables.X }} << environment.variables.Y\n"
                              "dev-secret-2",
                              TEXT, &found, fx->err);
    if (st == ENVRES_OK)
        st = envres_scan_text(scan, "b.txt", TEXT, "clean\xFF", TEXT, &none, fx->err);
    if (st == ENVRES_OK &&
        (envres_list_count(remarks) != 0 || envres_list_count(found) != 3 ||
         envres_list_integer(found, 0, ENVRES_FINDING_LINE) != 2 || envres_list_count(none) != 1))
        abort();
    envres_list_free(remarks);
    envres_list_free(found);
    envres_list_free(none);
    envres_scan_close(scan);
    return st;
}
