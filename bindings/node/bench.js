#!/usr/bin/env node
// SPDX-License-Identifier: MIT
'use strict';

/*
 * What a call costs from JavaScript, beside the bare native call through the same mechanism, a function of an
 * addon that gives a text of 34 bytes: nanoseconds of processor time, the best of several rounds.
 *
 *     node bindings/node/bench.js [ROUNDS]
 *
 * Needs the installed package, which it looks for from the working folder.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');

const envres = createRequire(path.join(process.cwd(), 'here.js'))('envres');
const { Credential, Store, Template, generateKey, renderMany } = envres;

/* The same calls of the library as an addon would make them that has nothing else to do: no object is looked up,
 * nothing is checked. And one that calls nothing. */
const BARE = `
#define NAPI_VERSION 8
#include <envres/envres.h>
#include <node_api.h>
#include <string.h>
static envres_scope *scope;
static envres_template *tmpl;
static char buffer[64];
static const envres_render_options options = { .size = sizeof(options), .flags = ENVRES_RENDER_NO_SECRETS };
static napi_value
text_of(napi_env env, const char *data, size_t len)
{
    napi_value out = NULL;
    napi_create_string_utf8(env, data, len, &out);
    return out;
}
static napi_value
text(napi_env env, napi_callback_info info)
{
    (void)info;
    return text_of(env, "postgres://db.dev/crm/and/34/bytes", 34);
}
static napi_value
render(napi_env env, napi_callback_info info)
{
    size_t need = 0;
    (void)info;
    envres_template_render_into(tmpl, scope, &options, buffer, sizeof(buffer), &need, NULL);
    return text_of(env, buffer, need);
}
static napi_value
get(napi_env env, napi_callback_info info)
{
    size_t argc = 1, len = 0;
    napi_value argv[1];
    const char *data = NULL;
    uint32_t index = 0;
    napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
    napi_get_value_string_utf8(env, argv[0], buffer, sizeof(buffer), &len);
    envres_scope_find(scope, buffer, len, &index, NULL);
    envres_scope_at(scope, index, &data, &len, NULL);
    return text_of(env, data, len);
}
NAPI_MODULE_INIT()
{
    const struct { const char *name; napi_callback call; } rows[] = { { "text", text }, { "render", render }, { "get", get } };
    static const char source[] = "postgres://<< environment.variables.HOST >>/crm/and/34/bytes";
    uint8_t key[32] = { 1 };
    envres_credential owner = { .size = sizeof(owner), .kind = ENVRES_CREDENTIAL_RAW_KEY, .secret = key, .secret_len = 32 };
    envres_variable_write writes[2] = {
        { .size = sizeof(writes[0]), .name = "HOST", .name_len = 4, .value = "db.dev", .value_len = 6 },
        { .size = sizeof(writes[0]), .name = "TEXT", .name_len = 4, .value = "postgres://db.dev/crm/and/34/bytes", .value_len = 34 } };
    envres_store *store = NULL;
    envres_session *session = NULL;
    int64_t revision = 0;
    if (envres_store_create(NULL, 0, NULL, &owner, &store, NULL) < 0 ||
        envres_session_open(store, NULL, 0, &owner, &session, NULL) < 0 ||
        envres_variable_put_many(session, "development", 11, writes, 2, NULL, &revision, NULL) < 0 ||
        envres_scope_open(session, "development", 11, NULL, &scope, NULL) < 0 ||
        envres_template_parse(source, strlen(source), NULL, &tmpl, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < 3; i++) {
        napi_value one = NULL;
        napi_create_function(env, rows[i].name, NAPI_AUTO_LENGTH, rows[i].call, NULL, &one);
        napi_set_named_property(env, exports, rows[i].name, one);
    }
    return exports;
}
`;

/** The bare call, compiled as the addon is. */
function bareCall() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'envres-bench-'));
  try {
    fs.writeFileSync(path.join(folder, 'bare.c'), BARE);
    const include = [path.join(path.dirname(fs.realpathSync(process.execPath)), '../include/node'), '/usr/include/node',
      '/usr/include/nodejs/src'].find((one) => fs.existsSync(path.join(one, 'node_api.h')));
    const library = execFileSync('pkg-config', ['--cflags', '--libs', 'envres'], { encoding: 'utf8' });
    execFileSync('cc', ['-O2', '-shared', '-fPIC', `-I${include}`, path.join(folder, 'bare.c'),
      ...library.split(/\s+/).filter(Boolean), '-o', path.join(folder, 'bare.node')], { stdio: 'inherit' });
    return require(path.join(folder, 'bare.node'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function prepared() {
  const owner = Credential.rawKey(generateKey());
  const session = Store.createSync(null, owner).sessionSync(owner);
  session.variables.putSync('development', 'HOST', 'db.dev');
  session.variables.putSync('development', 'TEXT', 'postgres://db.dev/crm/and/34/bytes');
  session.resources.defineSync('crm', 'postgres');
  session.resources.configureSync('development', 'crm', { host: 'h', database: 'd' });
  const scope = session.scopeSync('development');
  const template = new Template('postgres://<< environment.variables.HOST >>/crm/and/34/bytes');
  if (template.render(scope).length !== 34) throw new Error('not 34 bytes');
  const bound = template.bind(scope);
  const crm = scope.resource('crm');
  const many = Array(100).fill(template);
  const bare = bareCall();
  if (bare.render() !== template.render(scope) || bare.get('TEXT') !== scope.get('TEXT')) throw new Error('they differ');
  // name -> [how many in one call, the call, the same without the package]
  return {
    'a text of 34 bytes': [1, () => bare.text()],
    'render, 34 bytes': [1, () => template.render(scope), () => bare.render()],
    'render a bound template': [1, () => bound.render()],
    'render 100 with `renderMany`, each': [100, () => renderMany(many, scope)],
    'read a variable of 34 bytes': [1, () => scope.get('TEXT'), () => bare.get('TEXT')],
    'a string of a handle': [1, () => crm.cacheKey],
    'a resource': [1, () => scope.resource('crm').close()],
    'its URL': [1, () => crm.url()],
  };
}

function cost(call, each) {
  const number = each === 1 ? 20000 : 400;
  const before = process.cpuUsage();
  const begin = process.hrtime.bigint();
  for (let i = 0; i < number; i++) call();
  const wall = Number(process.hrtime.bigint() - begin);
  const { user, system } = process.cpuUsage(before);
  return Math.min((user + system) * 1000, wall) / number / each;
}

function main(rounds) {
  const calls = prepared();
  const best = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, [each, ...pair]] of Object.entries(calls)) {
      best[name] ??= pair.map(() => Infinity);
      pair.forEach((call, i) => { best[name][i] = Math.min(best[name][i], cost(call, each)); });
    }
  }
  console.log('| call | ns | bare | times |\n|---|---|---|---|');
  for (const [name, [ours, bare]] of Object.entries(best)) {
    const beside = bare === undefined ? ' | ' : `${bare.toFixed(0)} | ${(ours / bare).toFixed(2)}`;
    console.log(`| ${name} | ${ours.toFixed(0)} | ${beside} |`);
  }
}

main(Number(process.argv[2] ?? 30));
