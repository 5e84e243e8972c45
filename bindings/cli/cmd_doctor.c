/* SPDX-License-Identifier: MIT */
/*
 * doctor: what the store runs on and what should be mended, also when it cannot be opened. Asks
 * nothing, changes nothing, shows nothing secret. Checks are ok, a note (works, could be better) or
 * a failure; status 1 with a failure.
 */
#include "commands.h"

#include "key.h"
#include "opening.h"
#include "output.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum verdict { VERDICT_OK, VERDICT_NOTE, VERDICT_FAIL };

static const char *const verdict_names[] = { "ok", "note", "fail" };

struct check {
    enum verdict verdict;
    const char *name;
    struct text message;
    struct text fix;
};

enum { CHECKS = 32 };

struct doctor {
    struct cli *cli;
    struct check checks[CHECKS];
    size_t count;
    envres_list *facts; /* of the store; NULL when it cannot be opened */
};

static struct check *
add_check(struct doctor *doctor, enum verdict verdict, const char *name)
{
    struct check *check = &doctor->checks[doctor->count < CHECKS ? doctor->count++ : CHECKS - 1];
    check->verdict = verdict;
    check->name = name;
    return check;
}

static const char *
fact(const struct doctor *doctor, const char *name)
{
    for (size_t row = 0; row < envres_list_count(doctor->facts); row++) {
        const char *there = envres_list_text(doctor->facts, row, ENVRES_INFO_NAME, NULL);
        if (there && strcmp(there, name) == 0)
            return envres_list_text(doctor->facts, row, ENVRES_INFO_VALUE, NULL);
    }
    return NULL;
}

/* ---- files --------------------------------------------------------------------------------- */

static void
add_file(struct doctor *doctor, const char *name, const char *path, const struct stat *facts,
         bool exposed, bool sound)
{
    struct check *check = add_check(doctor, sound ? VERDICT_OK : VERDICT_FAIL, name);
    bool regular = S_ISREG(facts->st_mode);
    text_printf(
        &check->message, "%s: mode %04o, owner %s%s", path, (unsigned)(facts->st_mode & 07777),
        facts->st_uid == geteuid() ? "you" : "somebody else", regular ? "" : ", no regular file");
    if (exposed && regular)
        text_printf(&check->fix, "chmod 600 '%s'", path);
}

static void
add_missing(struct doctor *doctor, const char *name, const char *path)
{
    int number = errno;
    struct check *check = add_check(doctor, VERDICT_FAIL, name);
    text_printf(&check->message, "%s: %s", path, strerror(number));
}

static void
check_store_file(struct doctor *doctor)
{
    static const char name[] = "store file";
    const char *path = doctor->cli->store_path;
    struct stat facts;
    if (lstat(path, &facts) != 0) {
        add_missing(doctor, name, path);
        return;
    }
    bool exposed = (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    bool sound = S_ISREG(facts.st_mode) && !exposed && facts.st_uid == geteuid();
    add_file(doctor, name, path, &facts, exposed, sound && facts.st_nlink == 1);
    if (facts.st_nlink > 1 && S_ISREG(facts.st_mode))
        text_puts(&doctor->checks[doctor->count - 1].message, ", several links to it");
}

static void
check_key_file(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    char *path = find_key_path(cli);
    struct stat facts;
    if (stat(path, &facts) != 0 && errno == ENOENT && !option_value(&cli->parsed, OPT_KEY_FILE)) {
        struct check *check = add_check(doctor, VERDICT_NOTE, "key file");
        text_printf(&check->message, "%s is not there: a passphrase is asked for", path);
    } else if (stat(path, &facts) != 0) {
        add_missing(doctor, "key file", path);
    } else {
        bool exposed = S_ISREG(facts.st_mode) && key_is_exposed(&facts);
        add_file(doctor, "key file", path, &facts, exposed, !exposed && !S_ISDIR(facts.st_mode));
    }
    free(path);
}

static void
check_folder(struct doctor *doctor)
{
    char *copy = memory_copy(doctor->cli->store_path, strlen(doctor->cli->store_path));
    const char *folder = dirname(copy);
    struct stat facts;
    struct statvfs space;
    if (stat(folder, &facts) == 0 && facts.st_mode & S_IWOTH) {
        struct check *check = add_check(doctor, VERDICT_FAIL, "folder");
        text_printf(&check->message, "%s: everybody may put files there (mode %04o)", folder,
                    (unsigned)(facts.st_mode & 07777));
        text_puts(&check->fix, "move store and key to a folder of your own");
    } else if (access(folder, W_OK) != 0) {
        struct check *check = add_check(doctor, VERDICT_NOTE, "folder");
        text_printf(&check->message, "%s: cannot be written, so the store can only be read",
                    folder);
    }
    if (statvfs(folder, &space) == 0) {
        unsigned long long free_mib =
            (unsigned long long)space.f_bavail * space.f_frsize / (1024ULL * 1024);
        struct check *check = add_check(doctor, free_mib < 16 ? VERDICT_FAIL : VERDICT_OK, "disk");
        text_printf(&check->message, "%llu MiB free", free_mib);
        if (free_mib < 16)
            text_puts(&check->fix, "make room: changes will be refused");
    }
    free(copy);
}

/* ---- the store and what it runs on --------------------------------------------------------- */

static void
check_library_error(struct doctor *doctor, const char *name)
{
    struct check *check = add_check(doctor, VERDICT_FAIL, name);
    text_printf(&check->message, "%s (%s)", envres_error_message(doctor->cli->err),
                envres_status_name(envres_error_code(doctor->cli->err)));
    text_puts(&check->fix, envres_error_hint(doctor->cli->err));
}

static void
check_journal(struct doctor *doctor)
{
    const char *mode = fact(doctor, "journal_mode");
    const char *sqlite = fact(doctor, "sqlite");
    if (!mode)
        return;
    struct check *check = add_check(doctor, VERDICT_OK, "journal");
    text_printf(&check->message, "%s", mode);
    if (strcmp(mode, "truncate") == 0)
        text_printf(&check->message,
                    ": SQLite %s can lose a commit in WAL mode, which is used from 3.51.3 on",
                    sqlite ? sqlite : "here");
}

static void
check_memory(struct doctor *doctor)
{
    envres_list *facts = NULL;
    const char *locked = fact(doctor, "memory_locked");
    if (doctor->cli->session &&
        envres_session_info(doctor->cli->session, &facts, doctor->cli->err) == ENVRES_OK) {
        for (size_t row = 0; row < envres_list_count(facts); row++) {
            const char *name = envres_list_text(facts, row, ENVRES_SESSION_NAME, NULL);
            if (name && strcmp(name, "memory_locked") == 0)
                locked = envres_list_text(facts, row, ENVRES_SESSION_VALUE, NULL);
        }
    }
    struct rlimit limit = { 0 };
    getrlimit(RLIMIT_MEMLOCK, &limit);
    bool unlocked = locked && (strcmp(locked, "no") == 0 || strcmp(locked, "0") == 0);
    struct check *check = add_check(doctor, unlocked ? VERDICT_NOTE : VERDICT_OK, "memory lock");
    text_printf(&check->message, "keys are %s",
                !locked    ? "not unlocked here"
                : unlocked ? "not locked in memory"
                           : "locked in memory");
    if (limit.rlim_cur == RLIM_INFINITY)
        text_puts(&check->message, "; the limit is unlimited");
    else
        text_printf(&check->message, "; the limit is %llu KiB",
                    (unsigned long long)limit.rlim_cur / 1024);
    if (unlocked)
        text_puts(&check->fix, "raise it (ulimit -l 1024), or the keys may be swapped to disk");
    envres_list_free(facts);
}

static bool
is_key_file_there(const struct cli *cli)
{
    char *path = find_key_path(cli);
    bool there = access(path, R_OK) == 0;
    free(path);
    return there;
}

static void
check_store(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    envres_store_options options = { .size = sizeof(options) };
    if (envres_store_open(cli->store_path, ENVRES_NUL_TERMINATED, &options, &cli->store, cli->err) <
            0 &&
        envres_error_code(cli->err) == ENVRES_E_READ_ONLY) {
        options.flags = ENVRES_STORE_READ_ONLY;
        envres_store_open(cli->store_path, ENVRES_NUL_TERMINATED, &options, &cli->store, cli->err);
    }
    if (!cli->store || envres_store_info(cli->store, &doctor->facts, cli->err) < 0) {
        check_library_error(doctor, "store opens");
        return;
    }
    struct check *check = add_check(doctor, VERDICT_OK, "store opens");
    text_puts(&check->message, cli->store_path);
    if (is_key_file_there(cli) && open_quietly(cli) != 0 && !cli->session)
        check_library_error(doctor, "key opens it");
    else if (cli->session)
        text_puts(&add_check(doctor, VERDICT_OK, "key opens it")->message, "yes");
    check_journal(doctor);
    check_memory(doctor);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static bool
has_failed(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++) {
        if (doctor->checks[i].verdict == VERDICT_FAIL)
            return true;
    }
    return false;
}

static void
json_facts(struct doctor *doctor, struct json *json)
{
    json_key(json, "facts");
    json_open(json, '{');
    json_key(json, "cli");
    json_word(json, ENVRES_CLI_VERSION);
    if (!doctor->facts) {
        json_key(json, "library");
        json_word(json, envres_version());
    }
    for (size_t row = 0; row < envres_list_count(doctor->facts); row++) {
        json_key(json, envres_list_text(doctor->facts, row, ENVRES_INFO_NAME, NULL));
        json_cell(json, doctor->facts, row, ENVRES_INFO_VALUE);
    }
    json_close(json, '}');
}

static int
print_json(struct doctor *doctor)
{
    struct json json = { 0 };
    json_open(&json, '{');
    json_key(&json, "ok");
    json_boolean(&json, !has_failed(doctor));
    json_facts(doctor, &json);
    json_key(&json, "checks");
    json_open(&json, '[');
    for (size_t i = 0; i < doctor->count; i++) {
        const struct check *check = &doctor->checks[i];
        json_open(&json, '{');
        json_key(&json, "check");
        json_word(&json, check->name);
        json_key(&json, "verdict");
        json_word(&json, verdict_names[check->verdict]);
        json_key(&json, "message");
        json_word(&json, text_get(&check->message));
        json_key(&json, "fix");
        json_word(&json, check->fix.len ? text_get(&check->fix) : NULL);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    return json_print(doctor->cli, &json);
}

static int
print_table(struct doctor *doctor)
{
    static const enum style styles[] = { STYLE_GREEN, STYLE_YELLOW, STYLE_RED };
    struct table *table = table_new(doctor->cli, 3, NULL, 0);
    for (size_t i = 0; i < doctor->count; i++) {
        const struct check *check = &doctor->checks[i];
        struct text words = { 0 };
        text_puts(&words, text_get(&check->message));
        if (check->fix.len)
            text_printf(&words, "; %s", text_get(&check->fix));
        table_word(table, verdict_names[check->verdict], styles[check->verdict]);
        table_word(table, check->name, STYLE_PLAIN);
        table_word(table, text_get(&words), STYLE_PLAIN);
        text_free(&words);
    }
    table_word(table, "", STYLE_PLAIN);
    table_word(table, "envres", STYLE_PLAIN);
    table_word(table, ENVRES_CLI_VERSION, STYLE_PLAIN);
    for (size_t row = 0; row < envres_list_count(doctor->facts); row++) {
        const char *value = envres_list_text(doctor->facts, row, ENVRES_INFO_VALUE, NULL);
        table_word(table, "", STYLE_PLAIN);
        table_word(table, envres_list_text(doctor->facts, row, ENVRES_INFO_NAME, NULL),
                   STYLE_PLAIN);
        table_word(table, value ? value : "-", STYLE_PLAIN);
    }
    return table_print(table);
}

int
cmd_doctor(struct cli *cli)
{
    struct doctor doctor = { .cli = cli };
    bool found = false;
    find_store(cli, &found);
    if (!found) {
        struct check *check = add_check(&doctor, VERDICT_FAIL, "store");
        text_puts(&check->message, "there is no envres.db in this folder or above");
        text_puts(&check->fix, "make one with `envres init`, or name one with --store PATH");
    } else {
        check_store_file(&doctor);
        check_key_file(&doctor);
        check_folder(&doctor);
        check_store(&doctor);
    }
    int status = cli->json ? print_json(&doctor) : print_table(&doctor);
    bool failed = has_failed(&doctor);
    for (size_t i = 0; i < doctor.count; i++) {
        text_free(&doctor.checks[i].message);
        text_free(&doctor.checks[i].fix);
    }
    envres_list_free(doctor.facts);
    return status == 0 && failed ? 1 : status;
}
