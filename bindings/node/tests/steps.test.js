// SPDX-License-Identifier: MIT
'use strict';

/*
 * The shared vectors of errors, limits and digests, through the public interface: a case of the first two
 * is a list of steps on a store of its own. Each test goes through all cases of its file and compares their
 * number with the file's own.
 */
const assert = require('node:assert/strict');
const test = require('node:test');
const { inspect } = require('node:util');
const { CHANGE, counted, envres, vectors, withSession } = require('./common.js');

const { Context, Credential, Dialect, EnvresError, Params, Role, Store, Template, Type } = envres;
const typeOf = (name = 'default') => Type[name.toUpperCase()];

/** A text that is written as [text, times] pairs, or in hex. */
function expanded(value) {
  if (typeof value?.hex === 'string') return Buffer.from(value.hex, 'hex').toString('utf8');
  return Array.isArray(value) ? value.map(([text, times]) => text.repeat(times)).join('') : value;
}

/** The raw key of a principal: its name, again and again, to 32 bytes. */
const keyOf = (name) => Buffer.alloc(32, name);

function credential(step) {
  const options = { principal: step.principal, root: step.root };
  if ('passphrase' in step) {
    return Credential.passphrase(step.passphrase, { kdfPasses: step.passes, kdfMemory: step.memory, ...options });
  }
  if ('raw' in step) return Credential.rawKey(Buffer.from(step.raw), options);
  return Credential.rawKey(keyOf(step.key ?? 'owner'), options);
}

const numbered = (prefix, count, make) =>
  Array.from({ length: count ?? 0 }, (_, i) => make(`${prefix}${i + 1}`));

/** Calls `use` with what is closed after it. */
function closing(handle, use) {
  try {
    return use(handle);
  } finally {
    handle.close();
  }
}

const scopeOf = (s, { environment, app, version, tag, revision }) =>
  s.scopeSync(environment, { app, version, tag, revision });
const templateOf = (v) => new Template(v.template, {
  context: Context[(v.context ?? 'text').toUpperCase()], strict: v.strict,
  dialect: v.dialect && Dialect[v.dialect.toUpperCase()],
});
const seenIn = (s, v) => s.versions.describeSync(v.app, v.version);
const liveIn = (s, v) => s.apps.describeSync(v.app).liveSequence ?? 0;
const newest = (s) => s.requests.listSync({ all: true }).at(-1).id;

// Session, values of the step, what every change takes, store.
const VERBS = {
  'environment.add': (s, { key, label, color, after, off_path: offPath }, c) =>
    s.environments.addSync(key, { label, color, after, offPath, ...c }),
  'environment.set': (s, v, c) => s.environments.setSync(v.key, { label: v.label, color: v.color,
    approvals: v.approvals, protected: v.protected, requireReason: v.require_reason, ...c }),
  'environment.remove': (s, v, c) => s.environments.removeSync(v.key, c),
  'variable.put': (s, v, c) => s.variables.putSync(v.environment, v.name, v.value,
    { type: typeOf(v.type), secret: v.secret, expect: v.expect, ...c }),
  'variable.put_many': (s, v, c) => s.variables.putManySync(v.environment,
    numbered(v.name, v.count, (name) => ({ name, value: 'x' })), c),
  'variable.get': (s, v) => s.variables.getSync(v.environment, v.name, { reveal: v.reveal }),
  'variable.unset': (s, v, c) => s.variables.unsetSync(v.environment, v.name, c),
  'variable.rename': (s, v, c) => s.variables.renameSync(v.name, v.to, c),
  'variable.delete': (s, v, c) => s.variables.deleteSync(v.name, c),
  'variable.destroy': (s, v, c) => s.variables.destroySync(v.environment, v.name, v.revision, c),
  restore: (s, v, c) => s.restoreSync(v.environment, v.revision, v.name, c),
  references: (s, v) => s.referencesSync(v.object),
  'resource.define': (s, v, c) => s.resources.defineSync(v.handle, v.kind, c),
  'resource.configure': (s, v, c) => s.resources.configureSync(v.environment, v.handle, new Map([
    ...Object.entries(v.fields ?? {}).map(([name, text]) => [name, expanded(text)]),
    ...numbered('f', v.count, (name) => [name, 'x'])]), { secret: v.secret, ...c }),
  'resource.fallback': (s, v, c) => s.resources.fallbackSync(v.environment, v.handle, v.to, c),
  'resource.remove': (s, v, c) => s.resources.removeSync(v.handle, c),
  scope: (s, v) => scopeOf(s, v).close(),
  read: (s, v) => closing(scopeOf(s, v),
    (scope) => scope[`get${v.kind[0].toUpperCase()}${v.kind.slice(1)}`](v.name)),
  resolve: (s, v) => closing(scopeOf(s, v), (scope) => closing(scope.resource(v.handle),
    (resource) => (v.dsn ? resource.dsn() : undefined))),
  parse: (_, v) => templateOf(v),
  render(s, v) {
    const template = templateOf(v);
    const params = new Params(new Map([...Object.entries(v.params ?? {}),
      ...numbered('P', v.count, (name) => [name, 'x'])]), { allow: v.allow });
    const options = { noSecrets: v.no_secrets, outputMax: v.output_max };
    closing(scopeOf(s, v), (scope) => template[v.dialect ? 'prepare' : 'render'](scope, params, options));
  },
  'query.put': (s, v, c) => s.queries.putSync(v.name, v.resource, v.text, [
    ...Object.entries(v.params ?? {}).map(([name, type]) => ({ name, type: typeOf(type) })),
    ...numbered('p', v.count, (name) => ({ name }))], c),
  'query.render': (s, v) => closing(scopeOf(s, v), (scope) => closing(s.queries.openSync(v.name),
    (query) => query.render(scope, v.params))),
  'app.create': (s, v, c) => s.apps.createSync(v.name, c),
  'version.create': (s, v, c) =>
    s.versions.createSync(v.app, v.name, { base: v.base, description: v.description, ...c }),
  'version.promote': (s, v, c) =>
    s.versions.promoteSync(v.app, v.version, v.to, { seen: seenIn(s, v), through: v.through, ...c }),
  'version.discard': (s, v, c) => s.versions.discardSync(v.app, v.version, { seen: seenIn(s, v), ...c }),
  'part.put': (s, v, c) => s.parts.putSync(v.app, v.version, [{ path: v.path, data: v.data }], c),
  'part.put_many': (s, v, c) => s.parts.putSync(v.app, v.version,
    numbered(v.path, v.count, (path) => ({ path, data: 'x' })), c),
  'part.get': (s, v) => s.parts.getSync(v.app, v.version, v.path),
  'release.create': (s, v, c) => s.releases.createSync(v.app, v.version, v.tag,
    { seen: seenIn(s, v), notes: v.notes, expectLive: liveIn(s, v), ...c }),
  'release.rollback': (s, v, c) =>
    s.releases.rollbackSync(v.app, { to: v.to, version: v.version, expectLive: liveIn(s, v), ...c }),
  'release.withdraw': (s, v, c) => s.releases.withdrawSync(v.app, { expectLive: liveIn(s, v), ...c }),
  'principal.add': (s, v, c) => s.principals.addSync(v.name, credential(v.name ? { key: v.name } : {}),
    { role: v.role && Role[v.role.toUpperCase()], ...c }),
  'principal.remove': (s, v, c) => s.principals.removeSync(v.name, c),
  'role.grant': (s, v, c) => s.roles.grantSync(v.principal, Role[v.role.toUpperCase()], null, c),
  'role.revoke': (s, v, c) => s.roles.revokeSync(v.principal, Role[v.role.toUpperCase()], null, c),
  'slot.add': (s, v, c) => s.slots.addSync(v.label, credential(v), c),
  'slot.remove': (s, v, c) => s.slots.removeSync(v.ordinal, c),
  'request.approve': (s, _, c) => s.requests.approveSync(newest(s), c),
  'request.withdraw': (s, _, c) => s.requests.withdrawSync(newest(s), c),
  'request.run': (s, _, c) => s.requests.runSync(newest(s), c),
  'session.open': (_, v, __, store) => store.sessionSync(credential(v), v.workspace).close(),
  'store.create': (_, v) => Store.createSync(v.path ?? null, credential(v), { workspace: v.workspace }).close(),
  'store.open': (_, v) => Store.openSync(v.path).close(),
};

/** Runs a case with one store in memory, and a session for each principal that acts. */
function withRunner(use) {
  const store = Store.createSync(null, credential({}), { relaxed: true });
  const sessions = new Map();
  const run = (step) => {
    if (step.do === 'fails') {
      assert.ok(failure(() => run(step.step)), JSON.stringify(step));
      return;
    }
    const values = { environment: 'development' };
    for (const [name, value] of Object.entries(step)) {
      values[name] = ['params', 'allow', 'secret', 'fields'].includes(name) ? value : expanded(value);
    }
    const who = values.as ?? 'owner';
    if (!sessions.has(who)) sessions.set(who, store.sessionSync(Credential.rawKey(keyOf(who))));
    const change = values.reason === null ? {} : { reason: values.reason ?? 'a test' };
    VERBS[values.do](sessions.get(who), values, change, store);
  };
  try {
    use(run);
  } finally {
    for (const session of sessions.values()) session.close();
    store.close();
  }
}

/** The error of the library that it throws. */
function failure(run) {
  try {
    run();
  } catch (error) {
    if (error instanceof EnvresError) return error;
    throw error;
  }
  return undefined;
}

function checkError({ name, error: expected }, error, canary) {
  assert.equal(error?.code, expected.code, `${name}: ${error}`);
  if (expected.subject === null) assert.notEqual(error.subject, '', name);
  else assert.equal(error.subject, expected.subject ?? '', name);
  assert.equal(error.hint !== '', expected.hint ?? false, `${name}: ${error.hint}`);
  for (const place of ['offset', 'line', 'column']) {
    assert.equal(error[place], expected[place] ?? null, `${name}: ${place}`);
  }
  for (const text of [error.message, error.hint, error.subject, String(error), inspect(error), JSON.stringify(error)]) {
    assert.ok(!text.includes(canary), name);
  }
  assert.ok(error.message !== '' && !error.message.endsWith('.'), name);
}

test('errors', () => {
  const document = vectors('errors.json');
  for (const given of document.cases) {
    withRunner((run) => {
      given.steps.slice(0, -1).forEach(run);
      checkError(given, failure(() => run(given.steps.at(-1))), document.canary);
    });
  }
  counted(document.cases.length, document);
});

test('limits', () => {
  const document = vectors('limits.json');
  for (const given of document.cases) {
    withRunner((run) => {
      for (const step of given.steps ?? []) {
        for (let time = 0; time < (step.times ?? 1); time++) run(step);
      }
      if (given.at) run(given.at);
      const error = failure(() => run(given.over));
      assert.equal(error?.code, given.code ?? 'ENVRES_E_LIMIT', `${given.name}: ${error}`);
    });
  }
  counted(document.cases.length, document);
});

test('digests', () => withSession((session) => {
  const document = vectors('digests.json');
  const bytesOf = (data) => (Array.isArray(data) ? Buffer.from(expanded(data)) : Buffer.from(data.hex, 'hex'));
  for (const { name, data, digest } of document.parts) assert.equal(envres.partDigest(bytesOf(data)), digest, name);
  document.versions.forEach(({ name, parts, content }, number) => {
    const app = `app${number}`;
    session.apps.createSync(app, CHANGE);
    let told = content;
    for (const part of parts) {
      told = session.parts.putSync(app, null, [{ ...part, data: bytesOf(part.data) }], CHANGE);
    }
    assert.equal(told, content, name);
    assert.equal(session.versions.describeSync(app, 'v1').content, content, name);
  });
  counted(document.parts.length + document.versions.length, document);
}));
