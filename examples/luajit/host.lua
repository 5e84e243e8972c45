-- SPDX-License-Identifier: MIT
--[[
A host in one file of LuaJIT, on the plain header: no binding, nothing to compile.

    luajit host.lua STORE KEY_FILE ENVIRONMENT APP

Each line of its input is the path of a part of the app, "page.json". It answers with the release
that is live, and the part with its tags resolved for the environment. A release or a rollback by
anybody is served from the next line on. What cannot be answered is said on stderr, without any
value, and the host goes on.

The declarations below are copied from envres/*.h: what is used here, and no more. Each structure
begins with its size, so a later release of the library knows which fields there were.
]]
local ffi = require("ffi")

ffi.cdef[[
typedef int32_t envres_status;
typedef struct envres_error envres_error;
typedef struct envres_store envres_store;
typedef struct envres_session envres_session;
typedef struct envres_value envres_value;
typedef struct envres_scope envres_scope;
typedef struct envres_allocator envres_allocator;
typedef struct envres_store_options envres_store_options;
typedef struct envres_render_options envres_render_options;

typedef envres_status (*envres_wrap_fn)(const uint8_t *id, const uint8_t *key, const uint8_t *aad,
                                        size_t aad_len, uint8_t *blob, size_t cap, size_t *blob_len,
                                        void *user);
typedef envres_status (*envres_unwrap_fn)(const uint8_t *id, const uint8_t *blob, size_t blob_len,
                                          const uint8_t *aad, size_t aad_len, uint8_t *key,
                                          void *user);

typedef struct envres_credential {
    uint32_t size;
    uint32_t kind;
    const char *principal;
    size_t principal_len;
    const uint8_t *secret;
    size_t secret_len;
    uint64_t kdf_passes;
    uint64_t kdf_memory;
    envres_wrap_fn wrap;
    envres_unwrap_fn unwrap;
    void *user;
    const uint8_t *root;
} envres_credential;

typedef struct envres_scope_options {
    uint32_t size;
    uint32_t flags;
    int64_t revision;
    const char *app;
    size_t app_len;
    const char *tag;
    size_t tag_len;
    const char *version;
    size_t version_len;
} envres_scope_options;

envres_error *envres_error_new(const envres_allocator *alloc);
void envres_error_free(envres_error *err);
const char *envres_error_message(const envres_error *err);
const char *envres_error_hint(const envres_error *err);

envres_status envres_store_open(const char *path, size_t path_len,
                                const envres_store_options *options, envres_store **out,
                                envres_error *err);
void envres_store_close(envres_store *store);
envres_status envres_session_open(envres_store *store, const char *workspace, size_t workspace_len,
                                  const envres_credential *credential, envres_session **out,
                                  envres_error *err);
void envres_session_close(envres_session *session);

envres_status envres_scope_open(envres_session *session, const char *environment,
                                size_t environment_len, const envres_scope_options *options,
                                envres_scope **out, envres_error *err);
envres_status envres_scope_latest(envres_session *session, envres_scope *scope, envres_scope **out,
                                  envres_error *err);
void envres_scope_unref(envres_scope *scope);
const char *envres_scope_release(const envres_scope *scope);
envres_status envres_scope_render_part(const envres_scope *scope, const char *path,
                                       size_t path_len, const envres_render_options *options,
                                       envres_value **out, envres_error *err);

const char *envres_value_data(const envres_value *value, size_t *len);
int32_t envres_value_is_secret(const envres_value *value);
void envres_value_free(envres_value *value);
]]

local envres = ffi.load("envres")
local RAW_KEY = 2 -- ENVRES_CREDENTIAL_RAW_KEY
local err = ffi.gc(envres.envres_error_new(nil), envres.envres_error_free)

-- Calls a function whose last arguments are an output of this type and the error slot; the object,
-- freed with the last reference to it, or nil and what the library says.
local function make(kind, free, call, ...)
    local out = ffi.new(kind .. " *[1]")
    local given = { ... }
    local count = select("#", ...)
    given[count + 1], given[count + 2] = out, err
    if call(unpack(given, 1, count + 2)) ~= 0 then
        local hint = ffi.string(envres.envres_error_hint(err))
        return nil, ffi.string(envres.envres_error_message(err)) .. (hint ~= "" and "; " .. hint or "")
    end
    return ffi.gc(out[0], free)
end

local function open_session(store, key_file)
    local file = assert(io.open(key_file, "rb"))
    local key = ffi.new("uint8_t[33]")
    local bytes = file:read(33) or ""
    file:close()
    ffi.copy(key, bytes, #bytes)
    local credential = ffi.new("envres_credential", { size = ffi.sizeof("envres_credential"),
                                                      kind = RAW_KEY, secret = key,
                                                      secret_len = #bytes })
    return make("envres_session", envres.envres_session_close, envres.envres_session_open, store,
                nil, 0, credential)
end

local function open_scope(session, environment, app)
    local options = ffi.new("envres_scope_options", { size = ffi.sizeof("envres_scope_options"),
                                                      app = app, app_len = #app })
    return make("envres_scope", envres.envres_scope_unref, envres.envres_scope_open, session,
                environment, #environment, options)
end

-- The text of a part, with its tags resolved. What holds a secret does not leave this host.
local function render(scope, path)
    local value, why = make("envres_value", envres.envres_value_free,
                            envres.envres_scope_render_part, scope, path, #path, nil)
    if not value then
        return nil, why
    end
    if envres.envres_value_is_secret(value) ~= 0 then
        return nil, "'" .. path .. "' takes a secret"
    end
    local len = ffi.new("size_t[1]")
    local data = envres.envres_value_data(value, len)
    return ffi.string(data, len[0])
end

local function main(path, key_file, environment, app)
    local store = assert(make("envres_store", envres.envres_store_close, envres.envres_store_open,
                              path, #path, nil))
    local session = assert(open_session(store, key_file))
    local scope = assert(open_scope(session, environment, app))
    for line in io.lines() do
        local latest, why = make("envres_scope", envres.envres_scope_unref,
                                 envres.envres_scope_latest, session, scope)
        local text
        if latest then
            scope = latest
            text, why = render(scope, line)
        end
        if text then
            print(ffi.string(envres.envres_scope_release(scope)) .. " " .. text)
        else
            io.stderr:write("host.lua: ", why, "\n")
            print("")
        end
        io.stdout:flush()
    end
end

if #arg ~= 4 then
    io.stderr:write("usage: luajit host.lua STORE KEY_FILE ENVIRONMENT APP\n")
    os.exit(2)
end
local good, why = pcall(main, unpack(arg))
if not good then
    io.stderr:write("host.lua: ", tostring(why), "\n")
    os.exit(1)
end
