/* SPDX-License-Identifier: MIT */
/*
 * The table of commands about the store as a file, and about the command line itself.
 */
#include "options.h"

#include "commands.h"

static const char shells[] = "bash zsh fish";

static const struct command rows[] = {
    { .name = "verify",
      .run = cmd_verify,
      .summary = "check the whole store: file, records, audit chain",
      .details = "Opens every sealed record that the key opens. Status 1 when something is found.",
      .examples = { { "verify", "" }, { "verify --without-key", "what a backup job can check" } },
      .options = { OPT_WITHOUT_KEY } },
    { .name = "backup",
      .run = cmd_backup,
      .summary = "copy the store, one consistent state, checked",
      .details =
          "The copy is opened with the same key, which is not in it. Needs no key; works while "
          "others use the store.",
      .examples = { { "backup /mnt/backup/envres-$(date +%F).db", "" } },
      .arguments = { { .name = "FILE", .completes = COMPLETE_FILE } } },
    { .name = "salvage",
      .run = cmd_salvage,
      .summary = "make a new store of what still verifies in a damaged one",
      .details =
          "The damaged file is only read. Whatever is lost is named, and has no value in the new "
          "store: an older one never comes back by itself. Status 1 when something is lost. Without "
          "--key-file the key is FILE.key. Try a backup first.",
      .examples = { { "salvage envres.db salvaged.db", "" } },
      .arguments = { { .name = "FILE", .completes = COMPLETE_FILE },
                     { .name = "OUT", .completes = COMPLETE_FILE } } },
    { .name = "gc",
      .run = cmd_gc,
      .summary = "free the bytes that nothing refers to any more",
      .details = "Those of discarded versions. The file keeps its size; the room is used again.",
      .examples = { { "gc", "" } },
      .flags = COMMAND_WRITES },
    { .name = "doctor",
      .run = cmd_doctor,
      .summary = "what the store runs on, and what should be mended",
      .details = "Works also when the store cannot be opened. Shows nothing secret: its answer can "
                 "go into a bug report.",
      .examples = { { "doctor", "" } } },
    { .name = "completion",
      .run = cmd_completion,
      .summary = "a completion script for bash, zsh or fish",
      .details = "Completes commands, options, and names out of the store when it opens without a "
                 "question.",
      .examples = { { "eval \"$(envres completion bash)\"", "in ~/.bashrc" },
                    { "source <(envres completion zsh)", "in ~/.zshrc" },
                    { "envres completion fish | source", "in config.fish" } },
      .arguments = { { .name = "SHELL", .choices = shells, .completes = COMPLETE_CHOICES } } },

    { .name = "__complete",
      .run = cmd_candidates,
      .summary = "candidates for the last of the words",
      .arguments = { { .name = "WORD", .optional = true, .many = true } },
      .flags = COMMAND_HIDDEN },
    { .name = "__manual", .run = cmd_manual, .summary = "the man page", .flags = COMMAND_HIDDEN },
};

const struct command_table commands_of_store = { rows, sizeof(rows) / sizeof(rows[0]) };
