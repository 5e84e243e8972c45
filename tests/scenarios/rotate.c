/* SPDX-License-Identifier: MIT */
/* Scenarios of rotation. In the fixture one is under way in staging, which has records to seal, and
 * one in qa, where only the older keys are left to erase. */
#include "scenarios.h"

#define TEXT ENVRES_NUL_TERMINATED

envres_status
fixture_rotations(struct fixture *fx)
{
    envres_status st = envres_key_rotate(fx->session, "staging", TEXT, NULL, NULL, fx->err);
    return st < 0 ? st : envres_key_rotate(fx->session, "qa", TEXT, NULL, NULL, fx->err);
}

envres_status
begin_rotation(struct fixture *fx)
{
    envres_list *report = NULL;
    envres_status st = envres_key_rotate(fx->session, "production", TEXT, NULL, &report, fx->err);
    envres_list_free(report);
    return st;
}

static envres_status
step(struct fixture *fx, const char *environment)
{
    int64_t left = -1;
    envres_status st = envres_key_rotate_step(fx->session, environment, TEXT, &left, fx->err);
    return st == ENVRES_OK && left != 0 ? ENVRES_E_INTEGRITY : st;
}

envres_status
step_rotation(struct fixture *fx)
{
    return step(fx, "staging");
}

envres_status
end_rotation(struct fixture *fx)
{
    return step(fx, "qa");
}

envres_status
key_exposure(struct fixture *fx)
{
    envres_list *list = NULL;
    envres_status st = envres_key_exposure(fx->session, NULL, 0, &list, fx->err);
    envres_list_free(list);
    return st;
}
