/* SPDX-License-Identifier: MIT */
/* The operations of the registry; registry.c has the table. */
#ifndef ENVRES_TESTS_SCENARIOS_H
#define ENVRES_TESTS_SCENARIOS_H

#include "scenario.h"

envres_status add_environment(struct fixture *fx);
envres_status set_environment(struct fixture *fx);
envres_status remove_environment(struct fixture *fx);
envres_status put_new(struct fixture *fx);
envres_status put_again(struct fixture *fx);
envres_status put_secret(struct fixture *fx);
envres_status put_template(struct fixture *fx);
envres_status put_many(struct fixture *fx);
envres_status unset(struct fixture *fx);
envres_status rename_variable(struct fixture *fx);
envres_status delete_variable(struct fixture *fx);
envres_status destroy_value(struct fixture *fx);
envres_status restore_one(struct fixture *fx);
envres_status restore_all(struct fixture *fx);
envres_status define_resource(struct fixture *fx);
envres_status change_kind(struct fixture *fx);
envres_status configure_resource(struct fixture *fx);
envres_status declare_fallback(struct fixture *fx);
envres_status withdraw_fallback(struct fixture *fx);
envres_status remove_resource(struct fixture *fx);
envres_status add_principal(struct fixture *fx);
envres_status remove_principal(struct fixture *fx);
envres_status grant_role(struct fixture *fx);
envres_status revoke_role(struct fixture *fx);
envres_status add_slot(struct fixture *fx);
envres_status change_slot(struct fixture *fx);
envres_status remove_slot(struct fixture *fx);
envres_status rekey_principal(struct fixture *fx);
envres_status key_facts(struct fixture *fx);
envres_status act_as(struct fixture *fx);
envres_status people_lists(struct fixture *fx);
envres_status open_session(struct fixture *fx);
envres_status create_in_memory(struct fixture *fx);
envres_status store_facts(struct fixture *fx);
envres_status verify_store(struct fixture *fx);
envres_status open_scope(struct fixture *fx);
envres_status open_older_scope(struct fixture *fx);
envres_status latest_scope(struct fixture *fx);
envres_status scope_values(struct fixture *fx);
envres_status redact_stream(struct fixture *fx);
envres_status redact_text(struct fixture *fx);
envres_status scope_scalars(struct fixture *fx);
envres_status render_text(struct fixture *fx);
envres_status render_json(struct fixture *fx);
envres_status bind_template(struct fixture *fx);
envres_status resource_handle(struct fixture *fx);
envres_status explain(struct fixture *fx);
envres_status list_all(struct fixture *fx);
envres_status histories(struct fixture *fx);
envres_status getters(struct fixture *fx);
envres_status create_app(struct fixture *fx);
envres_status set_app(struct fixture *fx);
envres_status create_version(struct fixture *fx);
envres_status copy_draft(struct fixture *fx);
envres_status set_version(struct fixture *fx);
envres_status open_version(struct fixture *fx);
envres_status put_part(struct fixture *fx);
envres_status put_many_parts(struct fixture *fx);
envres_status restore_part(struct fixture *fx);
envres_status collect_garbage(struct fixture *fx);
envres_status promote_draft(struct fixture *fx);
envres_status promote_to_the_end(struct fixture *fx);
envres_status promote_through(struct fixture *fx);
envres_status discard_version(struct fixture *fx);
envres_status release_version(struct fixture *fx);
envres_status roll_back(struct fixture *fx);
envres_status roll_back_to(struct fixture *fx);
envres_status withdraw_release(struct fixture *fx);
envres_status app_lists(struct fixture *fx);
envres_status app_status(struct fixture *fx);
envres_status version_lists(struct fixture *fx);
envres_status diff_versions(struct fixture *fx);
envres_status check_staged(struct fixture *fx);
envres_status read_parts(struct fixture *fx);
envres_status serve_app(struct fixture *fx);
envres_status render_part(struct fixture *fx);
envres_status try_moves(struct fixture *fx);
envres_status list_releases(struct fixture *fx);

#endif
