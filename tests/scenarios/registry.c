/* SPDX-License-Identifier: MIT */
/* The registry. */
#include "scenarios.h"

const struct scenario scenarios[] = {
    { "add environment", SCENARIO_CHANGES, add_environment },
    { "set environment", SCENARIO_CHANGES, set_environment },
    { "remove environment", SCENARIO_CHANGES, remove_environment },
    { "put new", SCENARIO_CHANGES, put_new },
    { "put again", SCENARIO_CHANGES, put_again },
    { "put secret", SCENARIO_CHANGES, put_secret },
    { "put template", SCENARIO_CHANGES, put_template },
    { "put many", SCENARIO_CHANGES, put_many },
    { "unset", SCENARIO_CHANGES, unset },
    { "rename variable", SCENARIO_CHANGES, rename_variable },
    { "delete variable", SCENARIO_CHANGES, delete_variable },
    { "restore one", SCENARIO_CHANGES, restore_one },
    { "restore all", SCENARIO_CHANGES, restore_all },
    { "define resource", SCENARIO_CHANGES, define_resource },
    { "change kind", SCENARIO_CHANGES, change_kind },
    { "configure resource", SCENARIO_CHANGES, configure_resource },
    { "declare fallback", SCENARIO_CHANGES, declare_fallback },
    { "withdraw fallback", SCENARIO_CHANGES, withdraw_fallback },
    { "remove resource", SCENARIO_CHANGES, remove_resource },
    { "open session", SCENARIO_READS, open_session },
    { "create in memory", SCENARIO_READS, create_in_memory },
    { "store facts", SCENARIO_READS, store_facts },
    { "verify store", SCENARIO_READS, verify_store },
    { "open scope", SCENARIO_READS, open_scope },
    { "open older scope", SCENARIO_READS, open_older_scope },
    { "latest scope", SCENARIO_READS, latest_scope },
    { "scope values", SCENARIO_READS, scope_values },
    { "scope scalars", SCENARIO_READS, scope_scalars },
    { "render text", SCENARIO_READS, render_text },
    { "render json", SCENARIO_READS, render_json },
    { "bind template", SCENARIO_READS, bind_template },
    { "resource handle", SCENARIO_READS, resource_handle },
    { "explain", SCENARIO_READS, explain },
    { "list all", SCENARIO_READS, list_all },
    { "histories", SCENARIO_READS, histories },
    { "getters", SCENARIO_READS, getters },
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
