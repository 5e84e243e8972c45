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
          "role that has rights they do not have. Where others must approve a role, add the "
          "principal without one and grant it: a new key cannot wait, `envres grant` can.\n\n"
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
    { .name = "principal key",
      .run = cmd_principal_key,
      .summary = "a new key for a principal whose key was lost, or is known to others",
      .details =
          "The principal keeps its name, its roles, and the keys of environments that you hold; the "
          "old key opens the store no more. Copies of the store made before it still opens: what "
          "it could read, change where it comes from. Your own key you change with `envres key "
          "slot`. Where others must approve its roles, remove it, add it again and grant them.",
      .examples = { { "principal key ann", "ann.key, beside the store" },
                    { "principal key ann -o /media/usb/ann.key", "" },
                    { "principal key ben --passphrase", "" } },
      .arguments = { { .name = "NAME", .completes = COMPLETE_PRINCIPAL } },
      .options = { OPT_KEY_OUTPUT, OPT_PASSPHRASE },
      .flags = COMMAND_WRITES },
    { .name = "key slot add",
      .run = cmd_key_slot_add,
      .summary = "another way to unlock yourself: a key file or a passphrase",
      .details =
          "What the store is unlocked with now goes on to open it. A key file for each machine, "
          "and a passphrase in a safe, can each be taken away by themselves.",
      .examples = { { "key slot add -o /media/usb/spare.key --label spare", "" },
                    { "key slot add --passphrase --label safe", "asked for twice" } },
      .options = { OPT_LABEL, OPT_PASSPHRASE, OPT_SLOT_OUTPUT },
      .flags = COMMAND_WRITES },
    { .name = "key slot list",
      .run = cmd_key_slot_list,
      .summary = "the ways to unlock yourself",
      .examples = { { "key slot list", "" }, { "key slot list --json", "" } } },
    { .name = "key slot change",
      .run = cmd_key_slot_change,
      .summary = "put a new passphrase or key into a slot",
      .details =
          "The old one opens the store no more; it still opens copies of the store made before.",
      .examples = { { "key slot change 1 --passphrase", "asked for twice" },
                    { "key slot change 2 -o new.key", "" } },
      .arguments = { { .name = "N" } },
      .options = { OPT_PASSPHRASE, OPT_SLOT_OUTPUT },
      .flags = COMMAND_WRITES },
    { .name = "key slot remove",
      .run = cmd_key_slot_remove,
      .summary = "take a way to unlock yourself away; the last one stays",
      .examples = { { "key slot remove 2", "" } },
      .arguments = { { .name = "N" } },
      .flags = COMMAND_WRITES },
    { .name = "key show-public",
      .run = cmd_key_show_public,
      .summary = "the root key that this store is known by, for --root",
      .details =
          "It is no secret. Write it down where the store cannot be exchanged together with it; "
          "with --root, or ENVRES_ROOT, a store of another root is refused before anything of "
          "it is believed.",
      .examples = { { "key show-public", "64 hexadecimal digits" },
                    { "key show-public --json", "" } } },
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
    { .name = "deposit",
      .run = cmd_deposit,
      .summary = "hand a value in, for somebody who may write to accept",
      .details =
          "Needs the right to deposit, and no key: the value is sealed to the environment's public "
          "key, and nobody reads it back here. It is never an argument: it comes from standard "
          "input, which loses exactly one final line feed (--raw keeps it), from --from-file, or is "
          "asked for on the terminal. Prints the id under which it waits.\n\n"
          "A name that nobody set before is a secret, unless --plain. The deposit is for the value "
          "that is there now: when that is changed before it is accepted, it is stale.",
      .examples = { { "deposit STRIPE_SECRET_KEY -e production", "asks, without echo" },
                    { "make-token | envres deposit API_TOKEN -e production", "" },
                    { "deposit TLS_CERT --from-file cert.pem --plain -e production", "" } },
      .arguments = { { .name = "NAME", .completes = COMPLETE_VARIABLE } },
      .options = { OPT_ENV, OPT_TYPE, OPT_SECRET, OPT_PLAIN, OPT_FROM_FILE, OPT_RAW },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "inbox",
      .run = cmd_inbox,
      .summary = "deposits that wait in an environment, oldest first",
      .details =
          "Never a value. A deposit that is waiting can be accepted. One that is stale (the "
          "variable was changed since, or the keys rotated), denied (its depositor lost the "
          "right), used (accepted or rejected before, and put back) or unsigned (forged, damaged, "
          "of another environment) can only be rejected.",
      .examples = { { "inbox -e production", "" },
                    { "inbox -e production accept 3f91c2aa", "" },
                    { "inbox -e production reject 3f91c2aa", "" } },
      .options = { OPT_ENV },
      .required = { OPT_ENV } },
    { .name = "inbox accept",
      .run = cmd_inbox_accept,
      .summary = "make a deposit the value of its variable",
      .details = "Its signature is checked, and that its depositor still has the right. The value "
                 "is the depositor's, the entry of the audit yours. At least the first 8 digits "
                 "of the id.",
      .examples = { { "inbox accept 3f91c2aa -e production", "" } },
      .arguments = { { .name = "ID" } },
      .options = { OPT_ENV },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "inbox reject",
      .run = cmd_inbox_reject,
      .summary = "throw a deposit away",
      .details = "Whatever its state. A protected environment asks first.",
      .examples = { { "inbox reject 3f91c2aa -e production", "" } },
      .arguments = { { .name = "ID" } },
      .options = { OPT_ENV },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "key rotate",
      .run = cmd_key_rotate,
      .summary = "new keys for an environment, everything there sealed anew",
      .details =
          "For everybody who may have them; nobody else can read what is written from then on, also "
          "with an older key and a copy of the file. Stopped half-way, the same command goes on. "
          "Open requests there are void.\n\n"
          "What somebody could read before, they may have kept: it lists the secrets to change "
          "where they come from.",
      .examples = { { "key rotate -e production --reason \"ben left\"", "" },
                    { "key rotate -e production --later", "new keys now, the records when this is "
                                                          "run again without --later" } },
      .options = { OPT_ENV, OPT_LATER },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "key exposure",
      .run = cmd_key_exposure,
      .summary = "secrets that somebody could read who no longer may",
      .details =
          "Those that still have the value of then. A new value takes a secret off the list.",
      .examples = { { "key exposure", "" }, { "key exposure -e production --json", "" } },
      .options = { OPT_ONLY_ENV } },
    { .name = "request list",
      .run = cmd_request_list,
      .summary = "what waits for approval, and whose",
      .examples = { { "request list", "" }, { "request list --all --json", "" } },
      .options = { OPT_ALL_REQUESTS } },
    { .name = "request show",
      .run = cmd_request_show,
      .summary = "one request: what, by whom, how many are missing",
      .examples = { { "request show 3fa9c2d1", "the first 8 digits are enough" } },
      .arguments = { { .name = "ID" } } },
    { .name = "request approve",
      .run = cmd_request_approve,
      .summary = "approve what somebody else asked for",
      .details =
          "A signature with your own key, over exactly what was asked. Neither who asked nor "
          "who worked on it can approve it, and nobody can for somebody else (--as).",
      .examples = { { "request approve 3fa9c2d1", "" } },
      .arguments = { { .name = "ID" } },
      .flags = COMMAND_WRITES },
    { .name = "request withdraw",
      .run = cmd_request_withdraw,
      .summary = "take a request back: who asked, or an owner",
      .examples = { { "request withdraw 3fa9c2d1", "" } },
      .arguments = { { .name = "ID" } },
      .flags = COMMAND_WRITES },
    { .name = "request run",
      .run = cmd_request_run,
      .summary = "do what was asked for, when enough have approved",
      .details =
          "Who asked runs it. All its checks are made anew; when something that it builds on "
          "has changed meanwhile, the request is void.",
      .examples = { { "request run 3fa9c2d1", "" } },
      .arguments = { { .name = "ID" } },
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
                    { "audit --jsonl >> audit.log", "a line for each entry" },
                    { "audit --verify", "" } },
      .options = { OPT_ONLY_ENV, OPT_SINCE, OPT_OF_APP, OPT_VERIFY, OPT_JSONL } },
};

const struct command_table commands_of_access = { rows, sizeof(rows) / sizeof(rows[0]) };
