/* SPDX-License-Identifier: MIT */
/* What each command does: called with its arguments read and checked, returns the exit status. */
#ifndef ENVRES_CLI_COMMANDS_H
#define ENVRES_CLI_COMMANDS_H

#include "cli.h"

int cmd_init(struct cli *cli);

int cmd_env_list(struct cli *cli);
int cmd_env_show(struct cli *cli);
int cmd_env_add(struct cli *cli);
int cmd_env_remove(struct cli *cli);
int cmd_env_set(struct cli *cli);

int cmd_set(struct cli *cli);
int cmd_get(struct cli *cli);
int cmd_unset(struct cli *cli);
int cmd_list(struct cli *cli);
int cmd_history(struct cli *cli);
int cmd_restore(struct cli *cli);
int cmd_destroy(struct cli *cli);

int cmd_kinds(struct cli *cli);
int cmd_resource_add(struct cli *cli);
int cmd_resource_set(struct cli *cli);
int cmd_resource_fallback(struct cli *cli);
int cmd_resource_list(struct cli *cli);
int cmd_resource_show(struct cli *cli);
int cmd_resource_remove(struct cli *cli);

int cmd_app_create(struct cli *cli);
int cmd_app_list(struct cli *cli);
int cmd_app_show(struct cli *cli);
int cmd_app_protect(struct cli *cli);
int cmd_app_pin(struct cli *cli);

int cmd_part_put(struct cli *cli);
int cmd_part_get(struct cli *cli);
int cmd_part_list(struct cli *cli);
int cmd_part_remove(struct cli *cli);
int cmd_part_history(struct cli *cli);
int cmd_part_restore(struct cli *cli);
int cmd_part_import(struct cli *cli);
int cmd_part_export(struct cli *cli);

int cmd_version_create(struct cli *cli);
int cmd_version_list(struct cli *cli);
int cmd_version_show(struct cli *cli);
int cmd_version_diff(struct cli *cli);
int cmd_version_rename(struct cli *cli);
int cmd_version_describe(struct cli *cli);
int cmd_version_discard(struct cli *cli);

int cmd_render(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_run(struct cli *cli);
int cmd_redact(struct cli *cli);

int cmd_check(struct cli *cli);
int cmd_scan(struct cli *cli); /* `check` of what is no app */
int cmd_promote(struct cli *cli);
int cmd_release(struct cli *cli);
int cmd_rollback(struct cli *cli);
int cmd_withdraw(struct cli *cli);
int cmd_releases(struct cli *cli);
int cmd_status(struct cli *cli);

int cmd_query_put(struct cli *cli);
int cmd_query_get(struct cli *cli);
int cmd_query_list(struct cli *cli);
int cmd_query_show(struct cli *cli);
int cmd_query_render(struct cli *cli);
int cmd_query_history(struct cli *cli);
int cmd_query_restore(struct cli *cli);
int cmd_query_remove(struct cli *cli);
int cmd_query_pin(struct cli *cli);
int cmd_query_unpin(struct cli *cli);
int cmd_query_pins(struct cli *cli);
int cmd_principal_add(struct cli *cli);
int cmd_principal_list(struct cli *cli);
int cmd_principal_remove(struct cli *cli);
int cmd_principal_key(struct cli *cli);
int cmd_grant(struct cli *cli);
int cmd_revoke(struct cli *cli);
int cmd_deposit(struct cli *cli);
int cmd_inbox(struct cli *cli);
int cmd_inbox_accept(struct cli *cli);
int cmd_inbox_reject(struct cli *cli);
int cmd_key_rotate(struct cli *cli);
int cmd_key_exposure(struct cli *cli);
int cmd_request_list(struct cli *cli);
int cmd_request_show(struct cli *cli);
int cmd_request_approve(struct cli *cli);
int cmd_request_withdraw(struct cli *cli);
int cmd_request_run(struct cli *cli);
int cmd_audit(struct cli *cli);

int cmd_key_slot_add(struct cli *cli);
int cmd_key_slot_list(struct cli *cli);
int cmd_key_slot_change(struct cli *cli);
int cmd_key_slot_remove(struct cli *cli);
int cmd_key_show_public(struct cli *cli);

int cmd_verify(struct cli *cli);
int cmd_backup(struct cli *cli);
int cmd_salvage(struct cli *cli);
int cmd_gc(struct cli *cli);
int cmd_doctor(struct cli *cli);

int cmd_completion(struct cli *cli);
int cmd_candidates(struct cli *cli);
int cmd_manual(struct cli *cli);

#endif
