/* SPDX-License-Identifier: MIT */
/*
 * principal add, list, remove; grant, revoke. Who may give what decides the library. A new key is
 * on the disk before the principal is in the store, and taken away again when that fails: killed in
 * between, it leaves a key that opens nothing.
 */
#include "commands.h"

#include "key.h"
#include "opening.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

#define NUL ENVRES_NUL_TERMINATED

/* The role of a word that the table of options let through. */
static uint32_t
role_of(const char *word)
{
    for (uint32_t role = ENVRES_ROLE_VIEWER; role <= ENVRES_ROLE_AUDITOR; role++) {
        if (strcmp(envres_role_name(role), word) == 0)
            return role;
    }
    return 0;
}

static const char *
cell_text(const envres_list *list, size_t row, uint32_t column)
{
    return envres_list_text(list, row, column, NULL);
}

/* Whether a row says the same in this column as the one above. */
static bool
as_above(const envres_list *list, size_t row, uint32_t column)
{
    const char *above = row > 0 ? cell_text(list, row - 1, column) : NULL;
    const char *here = cell_text(list, row, column);
    return row > 0 && (above && here ? strcmp(above, here) == 0 : above == here);
}

/* ---- add ----------------------------------------------------------------------------------- */

struct addition {
    const char *name;
    const char *role; /* NULL: none yet */
    const char **environments;
    size_t count;
    bool passphrase;
    char *key_path; /* NULL with a passphrase */
};

/* Each environment once, in the order given. */
static void
take_environments(const struct cli *cli, struct addition *add)
{
    const char *one = option_value(&cli->parsed, OPT_ENV);
    size_t cursor = 0;
    add->environments = memory_take((cli->parsed.given_count + 1) * sizeof(*add->environments));
    for (const char *name = NULL; (name = option_next(&cli->parsed, OPT_ENV, &cursor));) {
        size_t i = 0;
        while (i < add->count && strcmp(add->environments[i], name) != 0)
            i++;
        add->environments[i] = name;
        add->count += i == add->count;
    }
    if (add->count == 0 && one) /* of the environment around */
        add->environments[add->count++] = one;
}

static int
check_addition(struct cli *cli, const struct addition *add)
{
    const char *out = option_value(&cli->parsed, OPT_KEY_OUTPUT);
    if (!add->role && option_given(&cli->parsed, OPT_ENV))
        return fail_usage(cli, "name it with --role ROLE", "-e says where a role counts");
    if (add->passphrase && out)
        return fail_usage(cli, NULL, "a key file and a passphrase are two ways; take one");
    if (out && (!*out || strcmp(out, "-") == 0))
        return fail_usage(cli, NULL, "-o needs the path of a new file");
    if (!*add->name)
        return fail_usage(cli, NULL, "a principal needs a name, not an empty one");
    if (!add->passphrase && !out && (add->name[0] == '.' || strchr(add->name, '/')))
        return fail_usage(cli, "say where its key goes with -o FILE",
                          "no file can be named after '%s'", add->name);
    return 0;
}

static int
add_with(struct cli *cli, const struct addition *add, const struct key *key)
{
    envres_credential credential = key_credential(key);
    envres_principal_options options = { .size = sizeof(options) };
    options.role = add->role ? role_of(add->role) : 0;
    options.environments = add->environments;
    options.count = add->count;
    options.credential = &credential;
    envres_change change = change_of(cli, 0);
    envres_status code =
        envres_principal_add(cli->session, add->name, NUL, &options, &change, cli->err);
    if (code == ENVRES_OK)
        return 0;
    key_file_take_back(cli, add->key_path);
    return fail_library(cli);
}

static void
add_places(struct text *out, const struct addition *add)
{
    text_printf(out, ", %s", add->role);
    for (size_t i = 0; i < add->count; i++)
        text_printf(out, "%s%s",
                    i == 0               ? " in "
                    : i + 1 < add->count ? ", "
                                         : " and ",
                    add->environments[i]);
    text_puts(out, add->count == 0 ? " everywhere" : "");
}

static int
print_added_json(struct cli *cli, const struct addition *add)
{
    struct json json = { 0 };
    json_ok(&json);
    json_key(&json, "name");
    json_word(&json, add->name);
    json_key(&json, "roles");
    json_open(&json, '{');
    for (size_t i = 0; add->role && i < (add->count ? add->count : 1); i++) {
        json_key(&json, add->count ? add->environments[i] : "*");
        json_open(&json, '[');
        json_word(&json, add->role);
        json_close(&json, ']');
    }
    json_close(&json, '}');
    json_key(&json, "key_file");
    json_word(&json, add->key_path);
    return json_done(cli, &json);
}

static int
print_added(struct cli *cli, const struct addition *add)
{
    struct text out = { 0 };
    if (cli->json)
        return print_added_json(cli, add);
    if (cli->quiet)
        return 0;
    text_puts(&out, "Made ");
    text_add_visible(&out, add->name, strlen(add->name));
    if (add->role)
        add_places(&out, add);
    text_puts(&out, add->role ? ".\n" : "; it has no role yet: `envres grant` gives it one.\n");
    if (add->key_path) {
        text_puts(&out, "Its key is ");
        text_add_visible(&out, add->key_path, strlen(add->key_path));
        text_puts(&out, ", the only copy. Hand it over where nobody else can read it, and keep it\n"
                        "out of version control. Whoever uses it names it with --key-file or "
                        "ENVRES_KEY_FILE.\n");
    } else {
        text_puts(&out, "Its key is the passphrase, which is kept nowhere.\n");
    }
    return out_text(cli, &out);
}

int
cmd_principal_add(struct cli *cli)
{
    struct addition add = { .name = argument_at(&cli->parsed, 0) };
    struct key key = { 0 };
    add.role = option_value(&cli->parsed, OPT_ROLE);
    add.passphrase = option_given(&cli->parsed, OPT_PASSPHRASE);
    int status = check_addition(cli, &add);
    if (status == 0)
        status = open_session(cli);
    if (status)
        return status;
    if (add.role)
        take_environments(cli, &add);
    if (!add.passphrase)
        add.key_path = key_path_for(cli, add.name);
    status = add.passphrase ? key_new_passphrase(cli, &key)
                            : key_file_make(cli, add.key_path, "-o FILE", &key);
    if (status == 0)
        status = add_with(cli, &add, &key);
    if (status == 0)
        status = print_added(cli, &add);
    key_free(&key);
    free(add.key_path);
    free(add.environments);
    return status;
}

/* ---- list ---------------------------------------------------------------------------------- */

/* Rows of a principal stand together, and among them those of an environment. */
static int
print_list_json(struct cli *cli, const envres_list *list)
{
    struct json json = { 0 };
    size_t count = envres_list_count(list);
    json_open(&json, '[');
    for (size_t row = 0; row < count;) {
        json_open(&json, '{');
        json_key(&json, "name");
        json_cell(&json, list, row, ENVRES_PRINCIPAL_NAME);
        json_key(&json, "roles");
        json_open(&json, '{');
        size_t first = row;
        do {
            const char *where = cell_text(list, row, ENVRES_PRINCIPAL_ENVIRONMENT);
            bool begins = row == first || !as_above(list, row, ENVRES_PRINCIPAL_ENVIRONMENT);
            if (!cell_text(list, row, ENVRES_PRINCIPAL_ROLE))
                continue;
            if (begins && row > first)
                json_close(&json, ']');
            if (begins) {
                json_key(&json, where ? where : "*");
                json_open(&json, '[');
            }
            json_cell(&json, list, row, ENVRES_PRINCIPAL_ROLE);
        } while (++row < count && as_above(list, row, ENVRES_PRINCIPAL_NAME));
        if (cell_text(list, first, ENVRES_PRINCIPAL_ROLE))
            json_close(&json, ']');
        json_close(&json, '}');
        json_key(&json, "slots");
        json_cell(&json, list, first, ENVRES_PRINCIPAL_SLOTS);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    return json_print(cli, &json);
}

static void
add_role(struct text *out, const envres_list *list, size_t row)
{
    const char *role = cell_text(list, row, ENVRES_PRINCIPAL_ROLE);
    const char *where = cell_text(list, row, ENVRES_PRINCIPAL_ENVIRONMENT);
    if (!role)
        return;
    text_printf(out, "%s%s", out->len ? ", " : "", role);
    if (where)
        text_printf(out, " in %s", where);
    else
        text_puts(out, " everywhere");
}

static int
print_list(struct cli *cli, const envres_list *list)
{
    static const char *const headings[] = { "PRINCIPAL", "SLOTS", "ROLES" };
    struct table *table = table_new(cli, 3, headings, 0);
    size_t count = envres_list_count(list);
    for (size_t row = 0; row < count;) {
        size_t len = 0;
        struct text roles = { 0 };
        const char *name = envres_list_text(list, row, ENVRES_PRINCIPAL_NAME, &len);
        table_cell(table, name ? name : "", len, STYLE_PLAIN);
        table_integer(table, envres_list_integer(list, row, ENVRES_PRINCIPAL_SLOTS));
        do {
            add_role(&roles, list, row);
        } while (++row < count && as_above(list, row, ENVRES_PRINCIPAL_NAME));
        table_word(table, roles.len ? text_get(&roles) : "-", roles.len ? STYLE_PLAIN : STYLE_DIM);
        text_free(&roles);
    }
    return table_print(table);
}

int
cmd_principal_list(struct cli *cli)
{
    envres_list *list = NULL;
    int status = open_session(cli);
    if (status)
        return status;
    if (envres_principal_list(cli->session, &list, cli->err) < 0)
        return fail_library(cli);
    status = cli->json ? print_list_json(cli, list) : print_list(cli, list);
    envres_list_free(list);
    return status;
}

/* ---- remove -------------------------------------------------------------------------------- */

/* Secrets that still have a value which a principal could read; 0 also when that may not be asked.
 */
static size_t
count_exposed(struct cli *cli, const char *name)
{
    envres_list *list = NULL;
    size_t count = 0;
    if (envres_key_exposure(cli->session, NULL, 0, &list, NULL) < 0)
        return 0;
    for (size_t row = 0; row < envres_list_count(list); row++)
        count += strcmp(cell_text(list, row, ENVRES_EXPOSURE_PRINCIPAL), name) == 0;
    envres_list_free(list);
    return count;
}

static void
warn_of_kept(struct cli *cli, const char *name)
{
    size_t count = cli->json || cli->quiet ? 0 : count_exposed(cli, name);
    if (count > 0) {
        out_note(cli,
                 "%s could read %zu secret%s, and may have kept %s: `envres key exposure` lists "
                 "what to change where it comes from; after `envres key rotate -e ENV` its copy of "
                 "the key opens nothing new",
                 name, count, count == 1 ? "" : "s", count == 1 ? "it" : "them");
        return;
    }
    out_note(cli,
             "what %s could read until now it may have kept; change such secrets where they "
             "come from",
             name);
}

int
cmd_principal_remove(struct cli *cli)
{
    const char *name = argument_at(&cli->parsed, 0);
    struct json json = { 0 };
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    if (envres_principal_remove(cli->session, name, NUL, &change, cli->err) < 0)
        return fail_library(cli);
    if (!cli->json) {
        warn_of_kept(cli, name);
        return 0;
    }
    json_ok(&json);
    json_key(&json, "name");
    json_word(&json, name);
    return json_done(cli, &json);
}

/* ---- grant and revoke ---------------------------------------------------------------------- */

typedef envres_status (*role_fn)(envres_session *session, const envres_role *role,
                                 const envres_change *change, envres_error *err);

static int
print_role(struct cli *cli, const envres_role *role)
{
    struct json json = { 0 };
    if (!cli->json)
        return 0;
    json_ok(&json);
    json_key(&json, "principal");
    json_word(&json, role->principal);
    json_key(&json, "role");
    json_word(&json, envres_role_name(role->role));
    json_key(&json, "environment");
    json_word(&json, role->environment);
    return json_done(cli, &json);
}

static int
change_role(struct cli *cli, role_fn act, envres_role *role)
{
    role->size = sizeof(*role);
    role->role = role_of(argument_at(&cli->parsed, 1));
    role->principal = argument_at(&cli->parsed, 0);
    role->principal_len = NUL;
    role->environment = option_value(&cli->parsed, OPT_ENV);
    role->environment_len = role->environment ? NUL : 0;
    int status = open_session(cli);
    if (status)
        return status;
    envres_change change = change_of(cli, 0);
    return act(cli->session, role, &change, cli->err) < 0 ? fail_library(cli)
                                                          : print_role(cli, role);
}

int
cmd_grant(struct cli *cli)
{
    envres_role role = { 0 };
    int status = change_role(cli, envres_role_grant, &role);
    if (status == 0 && role.environment && !option_given(&cli->parsed, OPT_ENV))
        out_note(cli, "%s is %s in %s, which ENVRES_ENV names", role.principal,
                 envres_role_name(role.role), role.environment);
    return status;
}

int
cmd_revoke(struct cli *cli)
{
    envres_role role = { 0 };
    int status = change_role(cli, envres_role_revoke, &role);
    if (status == 0)
        warn_of_kept(cli, role.principal);
    return status;
}
