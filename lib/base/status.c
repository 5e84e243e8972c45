/* SPDX-License-Identifier: MIT */
/*
 * The table of status codes and the error slot. A slot has a fixed size, so that filling it needs
 * no memory. It holds names, never values: whoever fills it sees to that.
 */
#include "base/status.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

struct envres_error {
    struct mem mem;
    envres_status code;
    uint32_t line;
    uint32_t column;
    size_t offset;
    bool spares_search;
    char message[768];
    char hint[512];
    char subject[256];
};

struct status_row {
    envres_status code;
    const char *name;
    const char *text;
};

#define ROW(name, text)                                                                            \
    {                                                                                              \
        ENVRES_##name, "ENVRES_" #name, text                                                       \
    }

static const struct status_row status_rows[] = {
    ROW(OK, "done"),
    ROW(E_INVALID, "the call was made wrongly"),
    ROW(E_NOMEM, "out of memory"),
    ROW(E_ABI, "an option struct has a size or a field that this release does not know"),
    ROW(E_LIMIT, "a limit is exceeded"),
    ROW(E_CALLBACK, "a callback of the host failed"),
    ROW(E_FORKED, "called in the child of a fork"),
    ROW(E_UTF8, "not valid UTF-8, or a NUL in it"),
    ROW(E_JSON, "not valid JSON"),
    ROW(E_SYNTAX, "a template tag is wrong"),
    ROW(E_TYPE, "a value has another type than is needed here"),
    ROW(E_CYCLE, "a template variable refers to itself"),
    ROW(E_DEPTH, "template variables are nested too deeply"),
    ROW(E_SQL_CONTEXT, "a tag stands where SQL cannot bind a parameter"),
    ROW(E_SHELL_CONTEXT, "a tag stands where shell quoting cannot protect it"),
    ROW(E_IDENT, "an identifier is not on the list of those allowed"),
    ROW(E_SECRET_SINK, "a secret would go where secrets are forbidden"),
    ROW(E_NAME, "not a valid name"),
    ROW(E_NAME_TAKEN, "the name is in use"),
    ROW(E_NOT_FOUND, "nobody knows this name"),
    ROW(E_NOT_SET, "there is no value in this environment"),
    ROW(E_NOT_CONFIGURED, "the resource has no settings in this environment"),
    ROW(E_FIELD, "a field is missing, or is not one of the resource's kind"),
    ROW(E_REFERRED, "something still refers to it"),
    ROW(E_FIXED, "it can be neither removed nor renamed"),
    ROW(E_FALLBACK, "the fallback is not allowed"),
    ROW(E_CHANGED, "it was changed meanwhile"),
    ROW(E_REASON, "the environment requires a reason"),
    ROW(E_DENIED, "the principal may not do this, or holds no key for it"),
    ROW(E_NOT_A_STORE, "the file is not an envres store"),
    ROW(E_NEWER_STORE, "the store was made by a newer release"),
    ROW(E_NO_STORE, "there is no store of that name"),
    ROW(E_STORE_EXISTS, "there is a file of that name already"),
    ROW(E_BUSY, "another process is writing"),
    ROW(E_IO, "the operating system reported an error"),
    ROW(E_FULL, "no space is left"),
    ROW(E_CORRUPT, "the file is damaged"),
    ROW(E_READ_ONLY, "it cannot be written"),
    ROW(E_FILE_MODE, "others may read or replace the file"),
    ROW(E_FILE_SYSTEM, "the file system cannot be relied on"),
    ROW(E_POISONED, "an earlier failure made this handle unusable"),
    ROW(E_UNKNOWN_OUTCOME, "the change may or may not have been committed"),
    ROW(E_SETTING, "SQLite does not keep a setting that the store needs"),
    ROW(E_KEY, "this key opens nothing here"),
    ROW(E_KEY_FORMAT, "this is not a key"),
    ROW(E_INTEGRITY, "a record does not verify"),
    ROW(E_KDF_LIMIT, "the cost of key derivation is out of bounds"),
    ROW(E_MEMORY_LOCK, "key memory could not be locked"),
    ROW(E_FROZEN, "a version that was promoted cannot be edited"),
    ROW(E_DISCARDED, "the version was discarded"),
    ROW(E_SKIPS, "a promotion goes to the next environment of the path"),
    ROW(E_OFF_PATH, "the environment is not on the promotion path"),
    ROW(E_AT_LAST, "the version has reached the end of the path"),
    ROW(E_NOT_READY, "the version has not reached the last environment"),
    ROW(E_ALREADY_LIVE, "the version is live already"),
    ROW(E_NEVER_RELEASED, "the version was never released"),
    ROW(E_NOTHING_LIVE, "the app has no live release"),
    ROW(E_NOTHING_BEFORE, "there is no earlier release to go back to"),
    ROW(E_LIVE, "the version is live"),
    ROW(E_IN_HISTORY, "the version is part of the release history"),
    ROW(E_ONLY_VERSION, "it is the app's only version"),
    ROW(E_NO_VERSION_HERE, "no version of the app has reached this environment"),
    ROW(E_TAG, "the tag is not a semantic version"),
    ROW(E_TAG_TAKEN, "another release of the app has this tag"),
    ROW(E_CHECK, "the check before this step found errors"),
    ROW(E_PATH, "not a valid path of a part"),
    ROW(E_NO_PRINCIPAL, "there is no such principal"),
    ROW(E_LAST_OWNER, "the workspace would have no owner"),
    ROW(E_OWN_CHANGE, "nobody changes their own role"),
    ROW(E_APPROVALS, "others must approve this"),
    ROW(E_QUORUM, "nobody could approve any more"),
    ROW(E_CLOSED, "the request is closed"),
    ROW(E_CONFIRM, "not confirmed"),
    ROW(E_ROOT, "another root key than the pinned one"),
    ROW(E_ROLLBACK, "an older state of the store"),
    ROW(E_FORK, "another history than the one seen before"),
};

enum { STATUS_COUNT = sizeof(status_rows) / sizeof(status_rows[0]) };

static const struct status_row *
find_row(envres_status status)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (status_rows[i].code == status)
            return &status_rows[i];
    }
    return NULL;
}

const char *
envres_status_name(envres_status status)
{
    const struct status_row *row = find_row(status);
    return row ? row->name : "ENVRES_E_?";
}

const char *
envres_status_text(envres_status status)
{
    const struct status_row *row = find_row(status);
    return row ? row->text : "an unknown status";
}

uint32_t
envres_status_count(void)
{
    return STATUS_COUNT;
}

envres_status
envres_status_at(uint32_t index)
{
    return index < STATUS_COUNT ? status_rows[index].code : ENVRES_E_INVALID;
}

envres_status
envres_error_set(envres_error *slot, envres_status code, const char *message, size_t message_len,
                 const char *hint, size_t hint_len)
{
    const int room = (int)sizeof(slot->message);
    if (code >= ENVRES_OK || !find_row(code))
        return err_set(slot, ENVRES_E_INVALID, "no such code of a failure");
    if (!message)
        message_len = 0;
    else if (message_len == ENVRES_NUL_TERMINATED)
        message_len = strlen(message);
    if (!hint)
        hint_len = 0;
    else if (hint_len == ENVRES_NUL_TERMINATED)
        hint_len = strlen(hint);
    int shown = message_len < (size_t)room ? (int)message_len : room;
    int advised = hint_len < (size_t)room ? (int)hint_len : room;
    err_set(slot, code, "%.*s", shown, message ? message : "");
    err_hint(slot, "%.*s", advised, hint ? hint : "");
    return code;
}

void
envres_error_set_subject(envres_error *slot, const char *name, size_t len)
{
    if (name)
        err_subject(slot, name, len == ENVRES_NUL_TERMINATED ? strlen(name) : len);
}

void
envres_error_set_position(envres_error *slot, const char *text, size_t len, size_t offset)
{
    if (text)
        err_position_in(slot, text, len == ENVRES_NUL_TERMINATED ? strlen(text) : len, offset);
}

envres_error *
envres_error_new(const envres_allocator *alloc)
{
    struct mem mem;
    if (mem_from(alloc, &mem, NULL) < 0)
        return NULL;
    envres_error *err = mem_alloc_zero(&mem, sizeof(*err));
    if (!err)
        return NULL;
    err->mem = mem;
    err->offset = SIZE_MAX;
    return err;
}

void
envres_error_free(envres_error *err)
{
    if (!err)
        return;
    struct mem mem = err->mem;
    mem_free(&mem, err);
}

void
envres_error_clear(envres_error *err)
{
    if (!err)
        return;
    err->code = ENVRES_OK;
    err->message[0] = err->hint[0] = err->subject[0] = '\0';
    err->offset = SIZE_MAX;
    err->line = err->column = 0;
}

envres_status
envres_error_code(const envres_error *err)
{
    return err ? err->code : ENVRES_OK;
}

const char *
envres_error_message(const envres_error *err)
{
    return err ? err->message : "";
}

const char *
envres_error_hint(const envres_error *err)
{
    return err ? err->hint : "";
}

const char *
envres_error_subject(const envres_error *err)
{
    return err ? err->subject : "";
}

size_t
envres_error_offset(const envres_error *err)
{
    return err ? err->offset : SIZE_MAX;
}

uint32_t
envres_error_line(const envres_error *err)
{
    return err ? err->line : 0;
}

uint32_t
envres_error_column(const envres_error *err)
{
    return err ? err->column : 0;
}

/* Cuts at a character boundary, and keeps a message on one line and UTF-8 whatever name went into
 * it, whole or not. */
static void
tidy(char *text, size_t cap)
{
    size_t len = strnlen(text, cap - 1);
    if (len == cap - 1) {
        while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80)
            len--;
        if (len > 0 && (unsigned char)text[len - 1] >= 0xC0)
            len--;
    }
    text[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            text[i] = '?';
    }
    for (size_t bad = 0; !text_is_utf8(text, len, &bad);)
        text[bad] = '?';
}

envres_status
err_set(envres_error *err, envres_status code, const char *format, ...)
{
    assert(code < 0);
    if (!err)
        return code;
    envres_error_clear(err);
    err->code = code;
    va_list ap;
    va_start(ap, format);
    vsnprintf(err->message, sizeof(err->message), format, ap);
    va_end(ap);
    tidy(err->message, sizeof(err->message));
    return code;
}

envres_status
err_code(envres_error *err, envres_status code)
{
    return err_set(err, code, "%s", envres_status_text(code));
}

void
err_hint(envres_error *err, const char *format, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(err->hint, sizeof(err->hint), format, ap);
    va_end(ap);
    tidy(err->hint, sizeof(err->hint));
}

void
err_subject(envres_error *err, const char *name, size_t len)
{
    if (!err)
        return;
    if (len > sizeof(err->subject) - 1)
        len = sizeof(err->subject) - 1;
    if (len > 0)
        memcpy(err->subject, name, len);
    err->subject[len] = '\0';
    tidy(err->subject, sizeof(err->subject));
}

void
err_position(envres_error *err, size_t offset, uint32_t line, uint32_t column)
{
    if (!err)
        return;
    err->offset = offset;
    err->line = line;
    err->column = column;
}

void
err_position_in(envres_error *err, const char *text, size_t len, size_t offset)
{
    if (!err)
        return;
    uint32_t line = 0;
    uint32_t column = 0;
    text_position(text, len, offset, &line, &column);
    err_position(err, offset, line, column);
}

void
err_prepend(envres_error *err, const char *format, ...)
{
    if (!err)
        return;
    char rest[sizeof(err->message)];
    memcpy(rest, err->message, sizeof(rest));
    va_list ap;
    va_start(ap, format);
    int used = vsnprintf(err->message, sizeof(err->message), format, ap);
    va_end(ap);
    if (used < 0 || (size_t)used >= sizeof(err->message))
        used = (int)sizeof(err->message) - 1;
    size_t room = sizeof(err->message) - (size_t)used;
    size_t len = strlen(rest) < room - 1 ? strlen(rest) : room - 1;
    memcpy(err->message + used, rest, len);
    err->message[(size_t)used + len] = '\0';
    tidy(err->message, sizeof(err->message));
}

void
err_copy(envres_error *to, const envres_error *from)
{
    if (!to || !from)
        return;
    struct mem mem = to->mem;
    bool spares_search = to->spares_search;
    memcpy(to, from, sizeof(*to));
    to->mem = mem;
    to->spares_search = spares_search;
}

void
err_spare_search(envres_error *err, bool spare)
{
    if (err)
        err->spares_search = spare;
}

bool
err_wants_search(const envres_error *err)
{
    return err && !err->spares_search;
}

envres_status
opts_read(void *dst, size_t known, size_t v1, const void *src, envres_error *err)
{
    uint32_t given = 0;
    if (src)
        memcpy(&given, src, sizeof(given));
    if (src && given == known) {
        memcpy(dst, src, known);
        return ENVRES_OK;
    }
    memset(dst, 0, known);
    if (!src) {
        uint32_t size = (uint32_t)known;
        memcpy(dst, &size, sizeof(size));
        return ENVRES_OK;
    }
    if (given < v1 || given > LIMIT_OPTIONS)
        return err_set(err, ENVRES_E_ABI, "options: size %u is not a known version", given);
    for (size_t i = known; i < given; i++) {
        if (((const unsigned char *)src)[i] != 0)
            return err_set(err, ENVRES_E_ABI, "options: a field of a newer release is set");
    }
    memcpy(dst, src, given < known ? given : known);
    return ENVRES_OK;
}
