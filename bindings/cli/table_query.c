/* SPDX-License-Identifier: MIT */
/* The table of commands about the query library. table.c says what tables are. */
#include "options.h"

#include "commands.h"

#define APP_ARGUMENT                                                                               \
    {                                                                                              \
        .name = "APP", .completes = COMPLETE_APP                                                   \
    }
#define QUERY_ARGUMENT                                                                             \
    {                                                                                              \
        .name = "NAME"                                                                             \
    }

static const struct command rows[] = {
    { .name = "query put",
      .run = cmd_query_put,
      .summary = "keep a query under a name: its first revision, or the next",
      .details =
          "FILE (else standard input) holds the SQL, as a template for the kind of the resource; of "
          "a request (rest, graphql) it is the JSON body, and may be left out beside --path. It is "
          "parsed, and its tags are compared with the parameters, before it is kept. The same "
          "again makes no revision.\n\n"
          "--param NAME:TYPE declares one: string, integer, number, boolean, json or timestamp; "
          "NAME:TYPE? need not be given, NAME:TYPE=PRESET has a value then.",
      .examples = { { "query put find_customer --resource crm find.sql --param part:string --param "
                      "rows:integer=20",
                      "" },
                    { "query put user --resource api --path '/users/<< params.id >>' --param "
                      "id:integer",
                      "a request" } },
      .arguments = { QUERY_ARGUMENT,
                     { .name = "FILE", .completes = COMPLETE_FILE, .optional = true } },
      .options = { OPT_RESOURCE, OPT_DECLARE, OPT_METHOD, OPT_PATH, OPT_HEADERS },
      .required = { OPT_RESOURCE },
      .flags = COMMAND_WRITES },
    { .name = "query get",
      .run = cmd_query_get,
      .summary = "the text of a query, byte for byte",
      .examples = { { "query get find_customer > find.sql", "" },
                    { "query get find_customer --revision 2", "" } },
      .arguments = { QUERY_ARGUMENT },
      .options = { OPT_QUERY_REVISION } },
    { .name = "query list",
      .run = cmd_query_list,
      .summary = "the queries there are",
      .examples = { { "query list", "" }, { "query list --json", "" } } },
    { .name = "query show",
      .run = cmd_query_show,
      .summary = "one query: its resource, its parameters, its text",
      .examples = { { "query show find_customer", "" },
                    { "query show find_customer --revision 2", "" } },
      .arguments = { QUERY_ARGUMENT },
      .options = { OPT_QUERY_REVISION } },
    { .name = "query render",
      .run = cmd_query_render,
      .summary = "what to send in an environment, as JSON",
      .details = "Of SQL the text with placeholders and, apart from it, the values to bind; of a "
                 "request its method, path, headers and body. A value of another type than was "
                 "declared is refused. Nothing is sent.\n\n"
                 "With --app it is the revision that the version of the app uses: that of the live "
                 "release, of --release, or the version that --version names.",
      .examples = { { "query render find_customer -e staging --param \"part=O'Neil\"", "" },
                    { "query render find_customer -e production --app shop --param part=x",
                      "as the live release has it" } },
      .arguments = { QUERY_ARGUMENT },
      .options = { OPT_ENV, OPT_GIVE, OPT_QUERY_IDENT, OPT_NO_SECRETS, OPT_QUERY_REVISION, OPT_APP,
                   OPT_RELEASE, OPT_OF_VERSION },
      .required = { OPT_ENV } },
    { .name = "query history",
      .run = cmd_query_history,
      .summary = "the revisions of a query, newest first",
      .examples = { { "query history find_customer", "" } },
      .arguments = { QUERY_ARGUMENT } },
    { .name = "query restore",
      .run = cmd_query_restore,
      .summary = "make an older revision the newest, as one of its own",
      .examples = { { "query restore find_customer --revision 2", "" } },
      .arguments = { QUERY_ARGUMENT },
      .options = { OPT_QUERY_REVISION },
      .required = { OPT_QUERY_REVISION },
      .flags = COMMAND_WRITES },
    { .name = "query remove",
      .run = cmd_query_remove,
      .summary = "take a query away; its name is free then",
      .details = "Refused while a version uses it, unless --force; versions keep the revision that "
                 "they have recorded.",
      .examples = { { "query remove find_customer", "" } },
      .arguments = { QUERY_ARGUMENT },
      .options = { OPT_FORCE },
      .flags = COMMAND_WRITES },
    { .name = "query pin",
      .run = cmd_query_pin,
      .summary = "a draft uses a query: the newest revision, or a fixed one",
      .details = "Without --revision it follows: the draft uses the newest, and the promotion that "
                 "freezes it records which one that was. Versions made from it follow again; one "
                 "that is fixed stays fixed.",
      .examples = { { "query pin shop find_customer", "" },
                    { "query pin shop find_customer --revision 2", "" } },
      .arguments = { APP_ARGUMENT, QUERY_ARGUMENT },
      .options = { OPT_OF_VERSION, OPT_QUERY_REVISION },
      .flags = COMMAND_WRITES },
    { .name = "query unpin",
      .run = cmd_query_unpin,
      .summary = "a draft does not use a query any more",
      .examples = { { "query unpin shop find_customer", "" } },
      .arguments = { APP_ARGUMENT, QUERY_ARGUMENT },
      .options = { OPT_OF_VERSION },
      .flags = COMMAND_WRITES },
    { .name = "query pins",
      .run = cmd_query_pins,
      .summary = "the queries that a version uses, and at which revision",
      .examples = { { "query pins shop", "" }, { "query pins shop --version v2 --json", "" } },
      .arguments = { APP_ARGUMENT },
      .options = { OPT_OF_VERSION } },
};

const struct command_table commands_of_queries = { rows, sizeof(rows) / sizeof(rows[0]) };
