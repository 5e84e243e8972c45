/* SPDX-License-Identifier: MIT */
/*
 * The tables of commands: the only place that knows how they are spelled. Parser, help, man page
 * and completion read them. Adding a command means adding a row here or in table_access.c or
 * table_store.c, its function, and its rows in tests/cli. The options are in table_options.c.
 */
#include "options.h"

#include "commands.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char yes_no[] = "yes no";
static const char pins[] = "none config";

const struct group_row group_rows[] = {
    { "env", "environments" },
    { "resource", "databases, services, buckets: a handle with settings per environment" },
    { "app", "what is versioned and released" },
    { "part", "the files of an app" },
    { "version", "states of an app's parts, on their way through the environments" },
    { "query", "the query library: named queries with typed parameters" },
    { "principal", "who acts: people, programs, builds" },
    { "inbox", "values that were deposited, and wait" },
    { "key", "what unlocks you, keys of environments, and what the store is known by" },
    { "key slot", "the ways to unlock yourself" },
    { "request", "changes that wait for the approval of others" },
};

const size_t group_count = COUNT(group_rows);

const struct exit_row exit_rows[] = {
    { 0, "done, or nothing found" },
    { 1, "a negative answer: `get` of what is not set, versions differ, `check`, `verify` or "
         "`doctor` found "
         "something" },
    { 2, "usage, and values that cannot be: not UTF-8, too long, of another type" },
    { 3, "not found" },
    { 4, "unresolved, cyclic, type or syntax error in a template, also a name unknown there" },
    { 5, "wrong or malformed key, decryption or integrity" },
    { 6, "refused: by a right, a protection, the state of a version, a check, or because a secret "
         "would be shown" },
    { 7, "busy, or changed meanwhile" },
    { 8, "no store, a damaged or newer one, or the system cannot: disk, rights, memory" },
    { 125, "of `run` only: envres itself failed" },
    { 126, "of `run` only: the program cannot be executed" },
    { 127, "of `run` only: there is no such program" },
};

const size_t exit_count = COUNT(exit_rows);

#define ENVIRONMENT_ARGUMENT                                                                       \
    {                                                                                              \
        .name = "ENV", .completes = COMPLETE_ENVIRONMENT                                           \
    }
#define VARIABLE_ARGUMENT                                                                          \
    {                                                                                              \
        .name = "NAME", .completes = COMPLETE_VARIABLE                                             \
    }
#define HANDLE_ARGUMENT                                                                            \
    {                                                                                              \
        .name = "HANDLE", .completes = COMPLETE_RESOURCE                                           \
    }
#define APP_ARGUMENT                                                                               \
    {                                                                                              \
        .name = "APP", .completes = COMPLETE_APP                                                   \
    }
#define VERSION_ARGUMENT                                                                           \
    {                                                                                              \
        .name = "V", .completes = COMPLETE_APP_VERSION                                             \
    }
#define PART_ARGUMENT                                                                              \
    {                                                                                              \
        .name = "PATH", .completes = COMPLETE_PART                                                 \
    }

static const struct command rows[] = {
    { .name = "init",
      .run = cmd_init,
      .summary = "make a store and its key",
      .details =
          "Makes the store with the environments development, staging and production (which starts "
          "protected), and a key file of mode 0600 beside it. The key is written to the disk before "
          "the store is made, and neither file is ever overwritten. Without the key nothing in the "
          "store can be read: keep a copy of it elsewhere.\n\n"
          "With --passphrase there is no key file; the passphrase is asked for twice, or read "
          "from --passphrase-fd.",
      .examples = { { "init", "envres.db and envres.db.key in this folder" },
                    { "--store /srv/app/envres.db --key-file /etc/app.key init",
                      "store and key apart from each other" },
                    { "init --passphrase --workspace shop", "no key file" } },
      .options = { OPT_PASSPHRASE } },

    { .name = "env list",
      .run = cmd_env_list,
      .summary = "the environments, the promotion path first",
      .examples = { { "env list", "" }, { "env list --json", "" } } },
    { .name = "env show",
      .run = cmd_env_show,
      .summary = "one environment",
      .examples = { { "env show production", "" } },
      .arguments = { ENVIRONMENT_ARGUMENT } },
    { .name = "env add",
      .run = cmd_env_add,
      .summary = "add an environment, with keys of its own",
      .details = "A name is 1 to 64 of a-z 0-9 - _, beginning with a letter, and never changes.",
      .examples = { { "env add qa --after staging", "on the promotion path" },
                    { "env add customer-a --off-path --label 'Customer A'", "beside it" } },
      .arguments = { { .name = "ENV" } },
      .options = { OPT_LABEL, OPT_AFTER, OPT_OFF_PATH, OPT_COLOR },
      .flags = COMMAND_WRITES },
    { .name = "env remove",
      .run = cmd_env_remove,
      .summary = "remove an environment and its keys",
      .details =
          "What was sealed under its keys can never be read again. An environment that still "
          "holds values, or that a fallback leads to, is removed with --force only. "
          "development, staging and production stay.",
      .examples = { { "env remove qa", "" },
                    { "env remove customer-a --force", "with its values" } },
      .arguments = { ENVIRONMENT_ARGUMENT },
      .options = { OPT_FORCE },
      .flags = COMMAND_WRITES },
    { .name = "env set",
      .run = cmd_env_set,
      .summary = "change protection, approvals, label or colour",
      .details =
          "With --approvals N, promotions into it, releases, and changes of settings, roles and "
          "protection there wait until N others have approved; see `envres request list`. Less "
          "protection takes an owner, and the approvals of other owners that were needed so far.",
      .examples = { { "env set staging --protected yes", "ask before destructive acts" },
                    { "env set production --require-reason yes", "no change without --reason" },
                    { "env set production --approvals 1", "nobody releases alone" } },
      .arguments = { ENVIRONMENT_ARGUMENT },
      .options = { OPT_LABEL, OPT_COLOR, OPT_PROTECTED, OPT_APPROVALS, OPT_REQUIRE_REASON,
                   OPT_EDITORS_REVEAL, OPT_ROLLBACK_APPROVALS },
      .flags = COMMAND_WRITES },

    { .name = "set",
      .run = cmd_set,
      .summary = "set a variable in one environment",
      .details =
          "Without =VALUE the value is read from standard input, which loses exactly one final line "
          "feed; --raw keeps it. A secret is never an argument: it comes from standard input, from "
          "--from-file, or is asked for on the terminal.\n\n"
          "Type and secrecy belong to the name, in all environments; the first write decides. The "
          "empty string is a value.",
      .examples = { { "set API_URL=https://api.example.com -e staging", "" },
                    { "set STRIPE_SECRET_KEY --secret -e production", "asks, without echo" },
                    { "pass show stripe | envres set STRIPE_SECRET_KEY --secret -e production",
                      "" },
                    { "set DATABASE_URL='postgres://<< environment.variables.DB_HOST >>/crm' "
                      "--type template -e staging",
                      "" },
                    { "set TLS_CERT --from-file cert.pem -e production", "" } },
      .arguments = { { .name = "NAME[=VALUE]", .completes = COMPLETE_VARIABLE } },
      .options = { OPT_ENV, OPT_TYPE, OPT_SECRET, OPT_FROM_FILE, OPT_RAW },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "get",
      .run = cmd_get,
      .summary = "print one value",
      .details = "The value alone and a line feed (--raw: without it). A template is expanded. A "
                 "secret, and what is composed of one, is shown with --reveal only.",
      .examples = { { "get API_URL -e staging", "" },
                    { "get STRIPE_SECRET_KEY -e production --reveal", "" } },
      .arguments = { VARIABLE_ARGUMENT },
      .options = { OPT_ENV, OPT_REVEAL, OPT_RAW, OPT_AS_WRITTEN },
      .required = { OPT_ENV } },
    { .name = "unset",
      .run = cmd_unset,
      .summary = "take a value away in one environment",
      .details = "History keeps it: `envres restore` brings it back.",
      .examples = { { "unset SHOW_BETA -e staging", "" },
                    { "unset SHOW_BETA -e production --yes --reason 'rolled out'", "" } },
      .arguments = { VARIABLE_ARGUMENT },
      .options = { OPT_ENV },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "list",
      .run = cmd_list,
      .summary = "the variables of one environment, or of all side by side",
      .details = "Values are shown as they were written, secrets as " MASK
                 ". In the table of all environments - stands for what is not set.",
      .examples = { { "list", "variables x environments" },
                    { "list -e production", "" },
                    { "list -e production --reveal --json", "" } },
      .options = { OPT_ONLY_ENV, OPT_REVEAL } },
    { .name = "history",
      .run = cmd_history,
      .summary = "what a variable was, newest first",
      .examples = { { "history API_URL -e production", "" } },
      .arguments = { VARIABLE_ARGUMENT },
      .options = { OPT_ENV, OPT_REVEAL },
      .required = { OPT_ENV } },
    { .name = "restore",
      .run = cmd_restore,
      .summary = "bring an older value, or a whole environment, back",
      .details = "The older state becomes a new revision; nothing is lost. Without NAME the whole "
                 "environment, variables and resources, becomes what it was.",
      .examples = { { "restore API_URL -e staging --revision 12", "" },
                    { "restore -e staging --revision 12", "all of staging" } },
      .arguments = { { .name = "NAME", .completes = COMPLETE_VARIABLE, .optional = true } },
      .options = { OPT_ENV, OPT_REVISION },
      .required = { OPT_ENV, OPT_REVISION },
      .flags = COMMAND_WRITES },

    { .name = "destroy",
      .run = cmd_destroy,
      .summary = "destroy an older value for good",
      .details =
          "Its record is overwritten in the file; the history keeps the revision without it. The "
          "value in force cannot be destroyed: set or unset it first. A field of a resource is "
          "resource/HANDLE/FIELD. Backups keep what they have. --force destroys also what the "
          "live release of an app is pinned to.",
      .examples = { { "destroy STRIPE_SECRET_KEY -e production --revision 12", "" },
                    { "destroy resource/crm/password -e staging --revision 3", "" } },
      .arguments = { VARIABLE_ARGUMENT },
      .options = { OPT_ENV, OPT_REVISION, OPT_FORCE },
      .required = { OPT_ENV, OPT_REVISION },
      .flags = COMMAND_WRITES },

    { .name = "resource add",
      .run = cmd_resource_add,
      .summary = "name a resource and say what it is",
      .examples = { { "resource add crm --kind postgres", "" } },
      .arguments = { { .name = "HANDLE" } },
      .options = { OPT_KIND, OPT_FORCE },
      .required = { OPT_KIND },
      .flags = COMMAND_WRITES },
    { .name = "resource set",
      .run = cmd_resource_set,
      .summary = "set fields of a resource in one environment",
      .details = "Fields that are not named stay as they are. A string may be a template. A secret "
                 "field is never an argument: name it with --secret and give its value on standard "
                 "input, or be asked for it.",
      .examples = { { "resource set crm -e staging host=db.staging database=crm user=app", "" },
                    { "resource set crm -e staging --secret password", "asks, without echo" },
                    { "resource set crm -e staging --unset options", "" } },
      .arguments = { HANDLE_ARGUMENT, { .name = "FIELD=VALUE", .optional = true, .many = true } },
      .options = { OPT_ENV, OPT_SECRET_FIELD, OPT_UNSET, OPT_RAW },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "resource fallback",
      .run = cmd_resource_fallback,
      .summary = "where a resource has no settings, take another environment's",
      .details = "Never to a more protected environment, and one step only. What is resolved by a "
                 "fallback says so.",
      .examples = { { "resource fallback crm -e staging --to development", "" },
                    { "resource fallback crm -e staging --withdraw", "" } },
      .arguments = { HANDLE_ARGUMENT },
      .options = { OPT_ENV, OPT_TO, OPT_WITHDRAW },
      .required = { OPT_ENV },
      .flags = COMMAND_WRITES },
    { .name = "resource list",
      .run = cmd_resource_list,
      .summary = "the resources, and where they have settings",
      .examples = { { "resource list", "" } } },
    { .name = "resource show",
      .run = cmd_resource_show,
      .summary = "a resource as a program gets it in one environment",
      .details =
          "Defaults are filled in and templates expanded. Secrets are masked unless --reveal; "
          "a single value that is secret is refused without it.",
      .examples = { { "resource show crm -e staging", "" },
                    { "psql \"$(envres resource show crm -e staging --url --reveal)\"", "" },
                    { "resource show crm -e staging --field host", "" } },
      .arguments = { HANDLE_ARGUMENT },
      .options = { OPT_ENV, OPT_FIELD, OPT_URL, OPT_DSN, OPT_REVEAL, OPT_RAW },
      .required = { OPT_ENV } },
    { .name = "resource remove",
      .run = cmd_resource_remove,
      .summary = "remove a resource in every environment",
      .details =
          "Older revisions of an environment still have it. Refused while templates refer to "
          "it, unless --force.",
      .examples = { { "resource remove crm", "" } },
      .arguments = { HANDLE_ARGUMENT },
      .options = { OPT_FORCE },
      .flags = COMMAND_WRITES },
    { .name = "kinds",
      .run = cmd_kinds,
      .summary = "the kinds of resources and their fields",
      .examples = { { "kinds", "" }, { "kinds postgres", "one of them" } },
      .arguments = { { .name = "KIND", .completes = COMPLETE_KIND, .optional = true } } },

    { .name = "app create",
      .run = cmd_app_create,
      .summary = "make an app and its first draft",
      .details = "An app is what is versioned and released; its content is a set of parts, which "
                 "are files. The first draft is v1, and empty.",
      .examples = { { "app create shop", "" } },
      .arguments = { { .name = "APP" } },
      .flags = COMMAND_WRITES },
    { .name = "app list",
      .run = cmd_app_list,
      .summary = "the apps, and what is live of each",
      .examples = { { "app list", "" } } },
    { .name = "app show",
      .run = cmd_app_show,
      .summary = "one app, and what you opened last in it",
      .examples = { { "app show shop", "" } },
      .arguments = { APP_ARGUMENT } },
    { .name = "app protect",
      .run = cmd_app_protect,
      .summary = "whether promotions and releases need an approval everywhere",
      .examples = { { "app protect shop yes", "" },
                    { "app protect shop no", "only where the environment asks for one" } },
      .arguments = { APP_ARGUMENT,
                     { .name = "yes|no", .choices = yes_no, .completes = COMPLETE_CHOICES } },
      .flags = COMMAND_WRITES },
    { .name = "app pin",
      .run = cmd_app_pin,
      .summary = "whether a release keeps the configuration it was made with",
      .details =
          "config: the live release reads plain variables and resource settings as they were when "
          "it was made, and a rollback brings them back with it. Secrets are always read as they "
          "are now, so that they can be rotated. none: everything is read as it is now.",
      .examples = { { "app pin shop config", "" }, { "app pin shop none", "as at first" } },
      .arguments = { APP_ARGUMENT,
                     { .name = "none|config", .choices = pins, .completes = COMPLETE_CHOICES } },
      .flags = COMMAND_WRITES },

    { .name = "part put",
      .run = cmd_part_put,
      .summary = "store a file as a part of a draft",
      .details =
          "Takes the file, or standard input, byte for byte. The edit is on the disk when the "
          "command ends, and is remembered. A part that is public stays public unless "
          "--not-public is given.",
      .examples = { { "part put shop pages/home.html home.html", "" },
                    { "sed s/old/new/ home.html | envres part put shop pages/home.html", "" },
                    { "part put shop js/app.js app.js --public", "clients get to see it" },
                    { "part put shop a.sql a.sql --version v3 --expect \"$DIGEST\"",
                      "refused if somebody changed it" } },
      .arguments = { APP_ARGUMENT,
                     PART_ARGUMENT,
                     { .name = "FILE", .completes = COMPLETE_FILE, .optional = true } },
      .options = { OPT_OF_VERSION, OPT_EXPECT_DIGEST, OPT_PUBLIC, OPT_NOT_PUBLIC },
      .flags = COMMAND_WRITES },
    { .name = "part get",
      .run = cmd_part_get,
      .summary = "print a part, byte for byte",
      .examples = { { "part get shop pages/home.html", "" },
                    { "part get shop logo.png --version v2 -o logo.png", "" } },
      .arguments = { APP_ARGUMENT, PART_ARGUMENT },
      .options = { OPT_OF_VERSION, OPT_OUTPUT } },
    { .name = "part list",
      .run = cmd_part_list,
      .summary = "the parts of a version",
      .examples = { { "part list shop", "" },
                    { "part list shop --version v2 --json", "with whole digests" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_OF_VERSION } },
    { .name = "part remove",
      .run = cmd_part_remove,
      .summary = "take a part out of a draft",
      .details = "History keeps it: `envres part restore` brings it back.",
      .examples = { { "part remove shop pages/old.html", "" } },
      .arguments = { APP_ARGUMENT, PART_ARGUMENT },
      .options = { OPT_OF_VERSION, OPT_EXPECT_DIGEST },
      .flags = COMMAND_WRITES },
    { .name = "part history",
      .run = cmd_part_history,
      .summary = "the edits of a version, newest first",
      .details = "Of one part or of all. Edits made before the version was created are in the "
                 "history of the version that it was made from.",
      .examples = { { "part history shop", "" }, { "part history shop pages/home.html", "" } },
      .arguments = { APP_ARGUMENT,
                     { .name = "PATH", .completes = COMPLETE_PART, .optional = true } },
      .options = { OPT_OF_VERSION } },
    { .name = "part restore",
      .run = cmd_part_restore,
      .summary = "bring a part of a draft back as it was",
      .details = "The older state becomes a new edit; nothing is lost.",
      .examples = { { "part restore shop pages/home.html --edit 7", "as after edit 7" },
                    { "part restore shop pages/home.html --edit 0", "as the version was made" } },
      .arguments = { APP_ARGUMENT, PART_ARGUMENT },
      .options = { OPT_OF_VERSION, OPT_EDIT },
      .required = { OPT_EDIT },
      .flags = COMMAND_WRITES },
    { .name = "part import",
      .run = cmd_part_import,
      .summary = "store all files of a folder as parts of a draft",
      .details =
          "All of them or none, in one edit. Parts that the folder does not have stay, unless "
          "--prune takes them out. Hidden files are taken like others, but not a .git at the top. "
          "Symbolic links, pipes, sockets and devices, the store's own files, and names that "
          "cannot be paths of parts are refused before anything is written. Empty folders and "
          "file modes are not kept.",
      .examples = { { "part import shop ./app", "" },
                    { "part import shop ./app --prune", "the draft becomes what the folder is" } },
      .arguments = { APP_ARGUMENT, { .name = "DIR", .completes = COMPLETE_FILE } },
      .options = { OPT_OF_VERSION, OPT_PRUNE },
      .flags = COMMAND_WRITES },
    { .name = "part export",
      .run = cmd_part_export,
      .summary = "write all parts of a version into a folder",
      .details = "A new folder is there whole or not at all. One that is there must be empty; with "
                 "--force files are written over, and others stay. No symbolic link is followed.",
      .examples = { { "part export shop ./app", "" },
                    { "part export shop ./v2 --version v2", "" } },
      .arguments = { APP_ARGUMENT, { .name = "DIR", .completes = COMPLETE_FILE } },
      .options = { OPT_OF_VERSION, OPT_OVERWRITE } },

    { .name = "version create",
      .run = cmd_version_create,
      .summary = "make a draft, and print its name",
      .details = "It begins with the parts of another version, in any state but discarded: of the "
                 "live one unless --from names one, of the newest where nothing is live. It takes "
                 "no room until it is edited.",
      .examples = { { "version create shop", "" },
                    { "version create shop --from v2 --name hotfix", "" },
                    { "v=$(envres version create shop) && envres part put shop a.js --version $v",
                      "" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_FROM, OPT_EMPTY, OPT_NAME },
      .flags = COMMAND_WRITES },
    { .name = "version list",
      .run = cmd_version_list,
      .summary = "the versions of an app, newest first",
      .details = "With -e those that have come as far as that environment; status 3 when none has.",
      .examples = { { "version list shop", "" },
                    { "version list shop -e staging", "" },
                    { "version list shop --all", "discarded ones too" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_ONLY_ENV, OPT_ALL } },
    { .name = "version show",
      .run = cmd_version_show,
      .summary = "one version; with -e the one to work on there",
      .details =
          "With -e and no V it is the one changed last of those that have come to the environment. "
          "With -e version and environment are remembered as what you opened last: `envres app "
          "show` has them.",
      .examples = { { "version show shop v2", "" },
                    { "version show shop -e staging", "the one to work on" } },
      .arguments = { APP_ARGUMENT,
                     { .name = "V", .completes = COMPLETE_APP_VERSION, .optional = true } },
      .options = { OPT_ONLY_ENV } },
    { .name = "version diff",
      .run = cmd_version_diff,
      .summary = "what differs between two versions",
      .details =
          "A unified diff of the parts that are text, which `patch -p1` and `git apply` take; "
          "a sentence for each other part. Status 1 when they differ, 0 when not.",
      .examples = { { "version diff shop v1 v2", "" },
                    { "version diff shop v1 v2 --stat", "which parts" } },
      .arguments = { APP_ARGUMENT,
                     { .name = "OLD", .completes = COMPLETE_APP_VERSION },
                     { .name = "NEW", .completes = COMPLETE_APP_VERSION } },
      .options = { OPT_STAT } },
    { .name = "version rename",
      .run = cmd_version_rename,
      .summary = "give a version another name",
      .details = "In any state. Tags and sequence numbers of releases never change.",
      .examples = { { "version rename shop v3 checkout-redesign", "" } },
      .arguments = { APP_ARGUMENT, VERSION_ARGUMENT, { .name = "NAME" } },
      .flags = COMMAND_WRITES },
    { .name = "version describe",
      .run = cmd_version_describe,
      .summary = "say what a version is about",
      .details = "In any state, in up to 1,000 bytes. The empty text takes it away.",
      .examples = { { "version describe shop v3 'new checkout, first try'", "" } },
      .arguments = { APP_ARGUMENT, VERSION_ARGUMENT, { .name = "TEXT" } },
      .flags = COMMAND_WRITES },
    { .name = "version discard",
      .run = cmd_version_discard,
      .summary = "give a version up",
      .details =
          "It keeps its name and takes part in nothing any more; `envres gc` frees its bytes. A "
          "version that is live, was released, or is the app's only one stays.",
      .examples = { { "version discard shop v3", "" } },
      .arguments = { APP_ARGUMENT, VERSION_ARGUMENT },
      .flags = COMMAND_WRITES },

    { .name = "check",
      .run = cmd_check,
      .summary = "would a version work in an environment",
      .details =
          "Reads every part: does each tag parse and resolve there, are the resources configured, "
          "does nothing of another environment stand in the text. One line for each finding, as "
          "compilers write them, and what to do about it below. Without V the version that was "
          "changed last of those that have reached the environment. Status 1 with errors; warnings "
          "count with --strict only.\n\n"
          "With --text or --folder any file is scanned, not an app: are secrets, hosts or values in "
          "it that do not belong there, and tags that are nearly right. --folder leaves out .git, "
          "links, and files that are no text. Made for a pre-commit hook.",
      .examples = { { "check shop v3 -e staging", "before it is promoted" },
                    { "check shop -e production --strict", "what stands there now" },
                    { "check --folder . -e development", "what is about to be committed" },
                    { "check --text app.yml -e production --sarif", "" } },
      .arguments = { { .name = "APP", .completes = COMPLETE_APP, .optional = true },
                     { .name = "V", .completes = COMPLETE_APP_VERSION, .optional = true } },
      .options = { OPT_ENV, OPT_STRICT_CHECK, OPT_TEXT, OPT_FOLDER, OPT_SARIF },
      .required = { OPT_ENV } },
    { .name = "promote",
      .run = cmd_promote,
      .summary = "move a version on to the next environment",
      .details =
          "Checked first, against the environment it moves to: errors keep it where it is (status "
          "6), warnings are shown. The first promotion freezes a draft. What moves is what was "
          "looked at: when somebody changes the version meanwhile, nothing is done (status 7); "
          "--expect says what you looked at yourself.",
      .examples = { { "promote shop v3 --to staging", "" },
                    { "promote shop v3 --to production --through", "over staging" },
                    { "promote shop v3 --to staging --dry-run", "" },
                    { "promote shop v3 --to production --expect staging", "only from there" } },
      .arguments = { APP_ARGUMENT, VERSION_ARGUMENT },
      .options = { OPT_TO_NEXT, OPT_THROUGH, OPT_EXPECT_STAGE, OPT_DRY_RUN },
      .required = { OPT_TO_NEXT },
      .flags = COMMAND_WRITES },
    { .name = "release",
      .run = cmd_release,
      .summary = "make a version live",
      .details =
          "From the last environment of the path, checked against it. The one that was live is "
          "retired at the same moment. Tags follow Semantic Versioning; a leading v is taken off. "
          "--major, --minor and --patch compute the tag from the highest one of the app.",
      .examples = { { "release shop v3 --tag 1.3.0 -m 'New checkout'", "" },
                    { "release shop v3 --minor", "1.2.4 becomes 1.3.0" },
                    { "release shop v3 --patch --dry-run", "" } },
      .arguments = { APP_ARGUMENT, VERSION_ARGUMENT },
      .options = { OPT_TAG, OPT_MAJOR, OPT_MINOR, OPT_PATCH, OPT_NOTES, OPT_DRY_RUN },
      .flags = COMMAND_WRITES },
    { .name = "rollback",
      .run = cmd_rollback,
      .summary = "make the release before the live one live again",
      .details =
          "Without a question and whatever a check would say; it is made afterwards, and what it "
          "finds is shown. A second rollback goes further back. After `withdraw` the release comes "
          "back that was withdrawn.",
      .examples = { { "rollback shop", "" },
                    { "rollback shop --to 1.2.0 -m 'checkout is broken'", "" },
                    { "rollback shop --dry-run", "where it would lead" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_TO_TAG, OPT_WHY, OPT_DRY_RUN },
      .flags = COMMAND_WRITES },
    { .name = "withdraw",
      .run = cmd_withdraw,
      .summary = "take the live release back: nothing is live then",
      .details = "Programs that ask for the live release are told that there is none. A protected "
                 "environment asks first. `envres rollback` brings the release back.",
      .examples = { { "withdraw shop -m 'sells at wrong prices'", "" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_WHY },
      .required = { OPT_WHY },
      .flags = COMMAND_WRITES },
    { .name = "releases",
      .run = cmd_releases,
      .summary = "the releases of an app, newest first",
      .examples = { { "releases shop", "" }, { "releases shop --json", "" } },
      .arguments = { APP_ARGUMENT } },
    { .name = "status",
      .run = cmd_status,
      .summary = "what is live, and how far each version has come",
      .details = "For one app also what differs between what is live and what is ready, and what a "
                 "check finds.",
      .examples = { { "status", "all apps" }, { "status shop", "" } },
      .arguments = { { .name = "APP", .completes = COMPLETE_APP, .optional = true } } },

    { .name = "render",
      .run = cmd_render,
      .summary = "render a template for one environment",
      .details =
          "Reads the file, or standard input, and replaces << environment.variables.NAME >>, "
          "<< resources.HANDLE.FIELD >>, << params.K >> and << environment.name >>. What is missing "
          "is an error with its line and column, never blank text. Nothing is added to the output.\n\n"
          "With --app FILE is the path of a part of the release that is live (or of --release TAG), "
          "and << app.name >>, << app.version >> and << app.release >> resolve, also in standard "
          "input. A part whose path ends in .json is rendered as JSON; --context text renders it "
          "as text.\n\n"
          "With --json the answer is {\"text\", \"secret\", \"ranges\"}: the ranges are the bytes "
          "that came from secrets.\n\n"
          "--context sql always answers {\"text\", \"params\"} as JSON: the statement with a "
          "placeholder for each tag, and what to bind to them. It needs --dialect.",
      .examples = { { "render nginx.conf.in -e staging -o nginx.conf", "" },
                    { "render dashboard.json -e production --context json", "" },
                    { "echo 'curl << environment.variables.API_URL >>' | envres render -e staging "
                      "--context shell",
                      "" },
                    { "render pages/home.json -e production --app shop", "of what is live" },
                    { "render find.sql -e staging --context sql --dialect postgres --param id=7",
                      "" } },
      .arguments = { { .name = "FILE", .completes = COMPLETE_FILE, .optional = true } },
      .options = { OPT_ENV, OPT_CONTEXT, OPT_DIALECT, OPT_STYLE, OPT_IDENT, OPT_PARAM,
                   OPT_NO_SECRETS, OPT_STRICT, OPT_APP, OPT_RELEASE, OPT_OUTPUT },
      .required = { OPT_ENV } },
    { .name = "explain",
      .run = cmd_explain,
      .summary = "which value, from where, and why; never the value itself",
      .details =
          "Takes a variable's name, a resource's handle, HANDLE.FIELD, or a template. Status 4 "
          "when something in it does not resolve.",
      .examples = { { "explain DATABASE_URL -e production", "" },
                    { "explain crm.host -e staging", "" },
                    { "explain 'Hello << environment.variables.NAME >>' -e staging", "" } },
      .arguments = { { .name = "NAME|TEMPLATE", .completes = COMPLETE_VARIABLE } },
      .options = { OPT_ENV },
      .required = { OPT_ENV } },
    { .name = "redact",
      .run = cmd_redact,
      .summary = "a filter that masks the secrets of an environment",
      .details =
          "Standard input to standard output, byte for byte but for secrets: as they are, line by "
          "line, in hex, base64, percent-encoded, or escaped as in JSON. What cannot be the "
          "beginning of a secret is written at once. Secrets of fewer than 8 bytes are not masked; "
          "their names are said on standard error. It is the last line of defence: what is "
          "compressed, encrypted or wrapped into lines is not found.",
      .examples = { { "./server 2>&1 | envres redact -e production >> server.log", "" },
                    { "envres redact -e staging --replacement '***' < build.log", "" } },
      .options = { OPT_ENV, OPT_REPLACEMENT },
      .required = { OPT_ENV } },
    { .name = "run",
      .run = cmd_run,
      .summary = "run a program with the variables in its environment",
      .details =
          "envres becomes the program (exec): same process, same signals, the program's own exit "
          "status. Booleans are true or false, JSON is compact, templates are expanded. A variable "
          "that does not resolve keeps the program from being started, unless --only leaves it out.",
      .examples = { { "run -e production -- ./server --port 8080", "" },
                    { "run -e staging --only DATABASE_URL -- psql-wrapper", "" },
                    { "run -e staging --pristine -- /usr/bin/env", "nothing but the variables" } },
      .arguments = { { .name = "PROGRAM", .completes = COMPLETE_PROGRAM },
                     { .name = "ARGS",
                       .completes = COMPLETE_FILE,
                       .optional = true,
                       .many = true } },
      .options = { OPT_ENV, OPT_ONLY, OPT_PRISTINE },
      .required = { OPT_ENV },
      .flags = COMMAND_PROGRAM },
};

const struct command_table commands_of_settings = { rows, sizeof(rows) / sizeof(rows[0]) };

static const struct command_table *const tables[] = { &commands_of_settings, &commands_of_queries,
                                                      &commands_of_access, &commands_of_store };

const struct command *
command_at(size_t index)
{
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (index < tables[i]->count)
            return &tables[i]->rows[index];
        index -= tables[i]->count;
    }
    return NULL;
}
