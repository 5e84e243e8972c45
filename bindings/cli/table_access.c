/* SPDX-License-Identifier: MIT */
/*
 * The table of commands about access: who acts, with which keys, what others must approve, and what
 * was done. table.c says what tables are.
 */
#include "options.h"

#include "commands.h"

static const char roles[] = "viewer editor publisher admin owner runtime depositor auditor";

#define PRINCIPAL_ARGUMENT                                                                         \
    {                                                                                              \
        .name = "PRINCIPAL", .completes = COMPLETE_PRINCIPAL                                       \
    }
#define ROLE_ARGUMENT                                                                              \
    {                                                                                              \
        .name = "ROLE", .choices = roles, .completes = COMPLETE_CHOICES                            \
    }

static const struct command rows[] = {
    { .name = "principal add",
      .run = cmd_principal_add,
      .summary = "add somebody who acts, with a key of their own",
      .details =
          "Makes a key file of mode 0600, never over another, and then the principal with the keys "
          "that its role comes with. Without -e the role counts in the whole workspace, in "
          "environments that are added later too; with several -e in each of them. Nobody gives a "
          "role that has rights they do not have.\n\n"
          "With --passphrase there is no key file; the passphrase is asked for twice. With "
          "--passphrase-fd it is the line behind the one that unlocks the store, or the first one "
          "where --key-file unlocks it.",
      .examples = { { "principal add ci --role runtime -e staging", "its key is ci.key" },
                    { "principal add ann --role editor -e development -e staging -o /media/usb/ann.key",
                      "" },
                    { "principal add ben --role auditor --passphrase", "in the whole workspace" } },
      .arguments = { { .name = "NAME" } },
      .options = { OPT_ROLE, OPT_ROLE_ENVS, OPT_KEY_OUTPUT, OPT_PASSPHRASE },
      .flags = COMMAND_WRITES },
    { .name = "principal list",
      .run = cmd_principal_list,
      .summary = "who there is, with which roles",
      .examples = { { "principal list", "" }, { "principal list --json", "" } } },
    { .name = "principal remove",
      .run = cmd_principal_remove,
      .summary = "remove a principal: its roles, and what unlocks it",
      .details = "Its name stays in the audit. What it could read it may have kept: change those "
                 "secrets. The last owner stays.",
      .examples = { { "principal remove ci", "" } },
      .arguments = { { .name = "NAME", .completes = COMPLETE_PRINCIPAL } },
      .flags = COMMAND_WRITES },
    { .name = "grant",
      .run = cmd_grant,
      .summary = "give a principal a role, and the keys it comes with",
      .details = "Without -e in the whole workspace. Nobody gives a role that has rights they do "
                 "not have, and nobody changes their own roles.",
      .examples = { { "grant ann publisher -e production", "" },
                    { "grant ben viewer", "in the whole workspace" } },
      .arguments = { PRINCIPAL_ARGUMENT, ROLE_ARGUMENT },
      .options = { OPT_ROLE_ENV },
      .flags = COMMAND_WRITES },
    { .name = "revoke",
      .run = cmd_revoke,
      .summary = "take a role back, and the keys that no other role needs",
      .details = "Where it was given: without -e the role for the whole workspace. What could be "
                 "read until then may have been kept: change those secrets. The last owner stays.",
      .examples = { { "revoke ann publisher -e production", "" },
                    { "revoke ben viewer", "the one for the whole workspace" } },
      .arguments = { PRINCIPAL_ARGUMENT, ROLE_ARGUMENT },
      .options = { OPT_ROLE_ENV },
      .flags = COMMAND_WRITES },
    { .name = "audit",
      .run = cmd_audit,
      .summary = "who did what, oldest first; what was denied too",
      .details =
          "Every change, and every change that was refused for want of a right. Where somebody "
          "acted for another (--as) both are named. --verify walks the whole chain instead: every "
          "link and every signature; status 1 when something is wrong.",
      .examples = { { "audit", "" },
                    { "audit --since 120 -e production", "" },
                    { "audit --app shop --json", "" },
                    { "audit --verify", "" } },
      .options = { OPT_ENV, OPT_SINCE, OPT_OF_APP, OPT_VERIFY } },
};

const struct command_table commands_of_access = { rows, sizeof(rows) / sizeof(rows[0]) };
