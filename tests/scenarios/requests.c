/* SPDX-License-Identifier: MIT */
/* Scenarios of changes that wait for approvals. The fixture's environment "careful" asks for one,
 * and has a request of the owner that otto has approved, and one that nobody has. */
#include <string.h>

#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

static envres_status
open_as(struct fixture *fx, const char *name, envres_session **out)
{
    uint8_t key[32];
    memset(key, name[0], sizeof(key));
    envres_credential credential = { .size = sizeof(credential),
                                     .kind = ENVRES_CREDENTIAL_RAW_KEY,
                                     .principal = name,
                                     .principal_len = TEXT,
                                     .secret = key,
                                     .secret_len = sizeof(key) };
    return envres_session_open(fx->store, NULL, 0, &credential, out, fx->err);
}

/* That it waits is what is wanted here. */
static envres_status
wait_for(envres_status st, envres_status wanted)
{
    return st == wanted ? ENVRES_OK : st == ENVRES_OK ? ENVRES_E_INTEGRITY : st;
}

/* The id of the request whose state is `state`. */
static envres_status
find(struct fixture *fx, const char *state, char id[33])
{
    envres_list *list = NULL;
    envres_status st = envres_request_list(fx->session, 0, &list, fx->err);
    for (size_t i = 0; st == ENVRES_OK && i < envres_list_count(list); i++) {
        if (strcmp(envres_list_text(list, i, ENVRES_REQUEST_STATE, NULL), state) == 0)
            memcpy(id, envres_list_text(list, i, ENVRES_REQUEST_ID, NULL), 33);
    }
    envres_list_free(list);
    return st;
}

envres_status
fixture_requests(struct fixture *fx)
{
    char id[33] = "";
    envres_session *otto = NULL;
    envres_environment_options options = { .size = sizeof(options),
                                           .flags = ENVRES_ENVIRONMENT_OFF_PATH };
    envres_status st =
        envres_environment_add(fx->session, "careful", TEXT, &options, NULL, fx->err);
    options.flags = ENVRES_ENVIRONMENT_SET_APPROVALS;
    options.approvals = 1;
    if (st == ENVRES_OK)
        st = envres_environment_set(fx->session, "careful", TEXT, &options, NULL, fx->err);
    if (st == ENVRES_OK)
        st = wait_for(put(fx, "careful", "APPROVED", "yes", 0, 0), ENVRES_E_APPROVALS);
    if (st == ENVRES_OK)
        st = find(fx, "open", id);
    if (st == ENVRES_OK)
        st = open_as(fx, "otto", &otto);
    if (st == ENVRES_OK)
        st = envres_request_approve(otto, id, TEXT, NULL, fx->err);
    envres_session_close(otto);
    return st == ENVRES_OK
               ? wait_for(put(fx, "careful", "WAITING", "s3cret", 0, ENVRES_WRITE_SECRET),
                          ENVRES_E_APPROVALS)
               : st;
}

envres_status
open_request(struct fixture *fx)
{
    return wait_for(put(fx, "careful", "FRESH", "value", 0, ENVRES_WRITE_SECRET),
                    ENVRES_E_APPROVALS);
}

envres_status
approve_request(struct fixture *fx)
{
    char id[33] = "";
    envres_session *otto = NULL;
    envres_status st = find(fx, "open", id);
    if (st == ENVRES_OK)
        st = open_as(fx, "otto", &otto);
    if (st == ENVRES_OK)
        st = envres_request_approve(otto, id, TEXT, NULL, fx->err);
    envres_session_close(otto);
    return st;
}

envres_status
withdraw_request(struct fixture *fx)
{
    char id[33] = "";
    envres_status st = find(fx, "open", id);
    return st == ENVRES_OK ? envres_request_withdraw(fx->session, id, TEXT, NULL, fx->err) : st;
}

envres_status
run_request(struct fixture *fx)
{
    char id[33] = "";
    int64_t revision = 0;
    envres_status st = find(fx, "approved", id);
    return st == ENVRES_OK ? envres_request_run(fx->session, id, TEXT, NULL, &revision, fx->err)
                           : st;
}

envres_status
request_lists(struct fixture *fx)
{
    char id[33] = "";
    envres_list *list = NULL;
    envres_status st = find(fx, "open", id);
    if (st == ENVRES_OK)
        st = envres_request_show(fx->session, id, TEXT, &list, fx->err);
    envres_list_free(list);
    list = NULL;
    if (st == ENVRES_OK)
        st = envres_request_list(fx->session, ENVRES_REQUEST_ALL, &list, fx->err);
    if (st == ENVRES_OK && envres_list_count(list) != 2)
        st = ENVRES_E_INTEGRITY;
    envres_list_free(list);
    return st;
}
