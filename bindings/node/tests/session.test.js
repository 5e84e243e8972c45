// SPDX-License-Identifier: MIT
'use strict';

/*
 * What a session does, group by group: that each call reaches the library with what it was given. As
 * promises here; the vectors use the other form of the same calls.
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { pathToFileURL } = require('node:url');
const { KEY, OWNER, envres, raises, ready, rejects, released, withSession } = require('./common.js');

const { Bump, Credential, Role, Secret, Store, Type } = envres;
const NOON = new Date('2023-11-14T22:13:20Z');
const key = (n) => Credential.rawKey(Buffer.alloc(32, n));

function folder(t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'envres-test-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

test('a store on disk', async (t) => {
  const at = folder(t);
  const file = path.join(at, 'app.envres');
  const store = await Store.create(file, OWNER, { workspace: 'acme', ownerName: 'ann' });
  const session = await store.session(OWNER, 'acme');
  assert.equal((await session.info()).principal, 'ann');
  await session.variables.put('development', 'A', '1');
  await store.backup(Buffer.from(path.join(at, 'copy.envres')));
  assert.equal((await store.info()).library, envres.version());
  await rejects('STORE_EXISTS', Store.create(file, OWNER));
  session.close();
  store.close();
  for (const name of [file, pathToFileURL(path.join(at, 'copy.envres'))]) {
    const again = await Store.open(name, { readOnly: true });
    const reader = await again.session(OWNER);
    assert.equal((await reader.scope('development')).get('A'), '1');
    assert.deepEqual(await again.verify(reader), []);
    assert.deepEqual(await again.verify(), []);
    await rejects('READ_ONLY', reader.variables.put('development', 'A', '2'));
    reader.close();
    again.close();
  }
  await rejects('NO_STORE', Store.open(path.join(at, 'nothing')));
  raises('NO_STORE', () => Store.openSync(path.join(at, 'nothing')));
});

test('poll sees another store', async (t) => {
  const file = path.join(folder(t), 's');
  const one = await Store.create(file, OWNER);
  const two = await Store.open(file);
  const [writer, reader] = await Promise.all([one.session(OWNER), two.session(OWNER)]);
  const scope = await reader.scope('development');
  assert.equal(await two.poll(), false);
  assert.equal(await reader.latest(scope), scope);
  await writer.variables.put('development', 'A', '1');
  assert.equal(await two.poll(), true);
  assert.equal(scope.isStale, true);
  const fresh = await reader.latest(scope);
  assert.ok(fresh !== scope && fresh.get('A') === '1' && !scope.has('A'));
  for (const handle of [writer, reader, one, two]) handle.close();
});

test('wrong keys', () => withSession(async (_, store) => {
  await rejects('KEY', store.session(key(9)));
  await rejects('KEY_FORMAT', store.session(Credential.rawKey(Buffer.from('short'))));
  await rejects('NOT_FOUND', store.session(OWNER, 'elsewhere'));
}));

test('a passphrase', async () => {
  const small = { kdfPasses: 2, kdfMemory: 64 << 20 };
  const store = await Store.create(null, Credential.passphrase(new Secret('correct horse'), small));
  (await store.session(Credential.passphrase(Buffer.from('correct horse'), { principal: 'owner' }))).close();
  await rejects('KEY', store.session(Credential.passphrase('wrong horse')));
  store.close();
});

test('environments', () => withSession(async ({ environments, variables }) => {
  await environments.add('qa', { label: 'Quality', color: '#8800aa', after: 'staging' });
  await environments.add('lab', { offPath: true });
  await environments.set('qa', { label: 'QA', protected: true, requireReason: true });
  const row = await environments.describe('qa');
  assert.deepEqual([row.label, row.color, row.position, row.protected, row.requireReason],
    ['QA', '#8800aa', 3, true, true]);
  assert.deepEqual((await environments.list()).map((one) => one.key),
    ['development', 'staging', 'qa', 'production', 'lab']);
  await rejects('REASON', variables.put('qa', 'A', '1'));
  await variables.put('lab', 'A', '1');
  await rejects('REFERRED', environments.remove('lab'));
  await environments.remove('lab', { force: true });
  await rejects('FIXED', environments.remove('staging'));
}));

test('variables', () => withSession(async (session) => {
  const { variables } = session;
  const put = (value, expect) => variables.put('development', 'PORT', value, { type: Type.NUMBER, expect });
  const first = await put('1', 0);
  await rejects('CHANGED', put('2', 0));
  await rejects('CHANGED', put('2', 0n));
  const second = await put('2', first);
  assert.equal(second, first + 1);
  await variables.putMany('development', new Map([['HOST', 'a'], ['KEY', new Secret('k')]]), { reason: 'many' });
  await variables.putMany('staging', [{ name: 'LIMITS', value: '{"a":[1]}', type: Type.JSON }]);
  assert.equal(await variables.get('development', 'PORT'), '2');
  await rejects('SECRET_SINK', variables.get('development', 'KEY'));
  assert.equal((await variables.get('development', 'KEY', { reveal: true })).reveal(), 'k');
  const rows = Object.fromEntries((await variables.list()).map((row) => [`${row.name} ${row.environment}`, row]));
  assert.deepEqual([rows['KEY development'].secret, rows['KEY development'].value], [true, null]);
  assert.deepEqual(rows['PORT development'].time, NOON);
  const history = async () => variables.history('development', 'PORT');
  assert.deepEqual((await history()).map((row) => row.value), ['2', '1']);
  await variables.destroy('development', 'PORT', first);
  assert.deepEqual((await history()).map((row) => row.destroyed), [false, true]);
  await rejects('REFERRED', variables.destroy('development', 'PORT', second));
  await variables.rename('HOST', 'HOSTNAME');
  await variables.unset('development', 'HOSTNAME');
  await variables.delete('KEY');
  assert.deepEqual((await variables.list('staging')).map((row) => row.name), ['HOSTNAME', 'LIMITS', 'PORT']);
  await variables.unset('development', 'PORT');
  assert.equal(await session.restore('development', second, 'PORT'), (await session.scope('development')).revision);
  assert.equal(await variables.get('development', 'PORT'), '2');
}));

test('an operation is done once', () => withSession(async ({ variables }) => {
  const same = { operation: Buffer.from('0123456789abcdef'), reason: 'once' };
  const made = await variables.put('development', 'A', '1', same);
  assert.equal(await variables.put('development', 'A', '1', same), made);
  assert.equal(await variables.put('development', 'A', '1',
    { ...same, operation: same.operation.toString('hex') }), made);
  assert.equal((await variables.history('development', 'A')).length, 1);
  for (const operation of [Buffer.from('short'), 'xyz', '00']) {
    await assert.rejects(variables.put('development', 'A', '2', { operation }), envres.UsageError);
  }
}));

test('references', () => withSession(async (session) => {
  await session.variables.put('development', 'HOST', 'a');
  await session.variables.put('development', 'URL', '//<< environment.variables.HOST >>', { type: Type.TEMPLATE });
  assert.deepEqual(await session.references('variable/HOST'),
    [{ from: 'variable/URL', environment: 'development', offset: 2 }]);
  await rejects('REFERRED', session.variables.delete('HOST'));
  await session.variables.delete('HOST', { force: true });
}));

test('resources', () => withSession(async (session) => {
  const { resources } = session;
  await resources.define('crm', 'postgres');
  const made = await resources.configure('development', 'crm',
    { host: 'db', port: 5433, database: 'crm', user: new Secret('app'), password: 'p@' });
  await rejects('CHANGED', resources.configure('development', 'crm', { host: 'x' }, { expect: 0 }));
  await resources.fallback('staging', 'crm', 'development');
  const scope = await session.scope('development');
  const crm = scope.resource('crm');
  scope.close();
  assert.equal(crm.kind, 'postgres');
  assert.deepEqual(crm.secretFields(), ['user', 'password']);
  assert.ok(crm.value('port') === 5433 && crm.value('user') instanceof Secret);
  assert.equal(crm.redactedUrl(), 'postgresql://***:***@db:5433/crm?sslmode=prefer');
  assert.equal(crm.url().reveal(), 'postgresql://app:p%40@db:5433/crm?sslmode=prefer');
  assert.ok(crm.dsn().reveal().includes("host='db'"));
  assert.equal(crm.get('socket_dir', 'none'), 'none');
  assert.ok((await session.scope('staging')).resource('crm').isFallback);
  await resources.configure('development', 'crm', { port: null }, { expect: made });
  const again = (await session.scope('development')).resource('crm');
  assert.ok(again.get('port') === '5432' && again.cacheKey !== crm.cacheKey);
  assert.equal((await resources.history('development', 'crm')).length, 6);
  assert.deepEqual((await resources.list()).map((row) => [row.environment, row.configured]),
    [['development', true], ['staging', false], ['production', false]]);
  raises('NOT_CONFIGURED', () => session.scopeSync('production').resource('crm'));
  raises('FIELD', () => crm.get('hostt'));
  await resources.fallback('staging', 'crm', null);
  await resources.remove('crm', { force: true });
  assert.deepEqual(await resources.list(), []);
}));

test('apps and releases', () => withSession(async (session) => {
  const { apps, parts, releases, versions } = session;
  await apps.create('shop', { pinConfig: true });
  const draft = await versions.describe('shop', 'v1');
  const home = { path: 'pages/home.json', data: Buffer.from('{"host": "<< environment.name >>"}'), public: true };
  const content = await parts.put('shop', null, [home, { path: 'old.txt', data: 'old' }]);
  assert.equal(content, (await versions.describe('shop', 'v1')).content);
  assert.notEqual(content, draft.content);
  await parts.put('shop', 'v1', { 'old.txt': null });
  await rejects('CHANGED', parts.put('shop', 'v1', [{ ...home, data: '', absent: true }]));
  const [part] = await parts.list('shop', 'v1');
  assert.ok(part.public);
  assert.equal(part.digest, envres.partDigest(await parts.get('shop', 'v1', 'pages/home.json')));
  await parts.put('shop', 'v1', [{ ...home, expect: part.digest }]);
  const edits = await parts.history('shop', 'v1', 'old.txt');
  assert.deepEqual(edits.map((edit) => edit.action), ['remove', 'put']);
  await parts.restore('shop', 'v1', 'old.txt', edits[1].number);
  await rejects('CHANGED', versions.promote('shop', 'v1', 'staging', { seen: draft }));
  await assert.rejects(versions.promote('shop', 'v1', 'staging', {}), TypeError);
  assert.deepEqual(await versions.check('shop', 'v1', 'staging'), []);
  ready(session, 'shop', 'v1');
  const seen = async (name) => versions.describe('shop', name);
  await rejects('CHANGED', releases.create('shop', 'v1', '1.0.0', { seen: await seen('v1'), expectLive: 7, reason: 'r' }));
  const first = released(session, 'shop', 'v1', 'v1.0.0');
  assert.deepEqual([first.tag, first.sequence, first.live, first.pin], ['1.0.0', 1, true, 'config']);
  const v2 = await versions.create('shop', null, { description: 'next', base: 'v1' });
  assert.equal(v2.parent, 'v1');
  assert.equal(await versions.last('shop'), null);
  await parts.put('shop', v2.name, { 'new.txt': 'new' });
  assert.deepEqual((await versions.diff('shop', 'v1', 'v2', { withText: true })).map((row) => row.change), ['added']);
  ready(session, 'shop', 'v2');
  const { release, findings } = await releases.create('shop', 'v2', null,
    { bump: Bump.MINOR, expectLive: 1, reason: 'r', notes: 'more', seen: await seen('v2') });
  assert.deepEqual([release.tag, release.notes, findings], ['1.1.0', 'more', []]);
  const scope = await session.scope('production', { app: 'shop' });
  assert.deepEqual([scope.app, scope.version, scope.release, scope.sequence], ['shop', 'v2', '1.1.0', 2]);
  assert.deepEqual(scope.parts(), ['new.txt', 'old.txt', 'pages/home.json']);
  assert.equal(Buffer.from(scope.part('new.txt')).toString(), 'new');
  assert.deepEqual(scope.parts().map((one) => scope.partIsPublic(one)), [false, false, true]);
  assert.equal(scope.renderPart('pages/home.json'), '{"host": "production"}');
  const back = await releases.rollback('shop', { expectLive: 2, reason: 'bad' });
  assert.deepEqual([back.release.kind, back.release.version, back.release.target, back.findings],
    ['rollback', 'v1', 1, []]);
  assert.equal((await session.latest(scope)).version, 'v1');
  assert.equal((await session.scope('production', { app: 'shop', tag: '1.1.0' })).version, 'v2');
  assert.equal((await releases.withdraw('shop', { expectLive: 3, reason: 'r' })).kind, 'withdraw');
  assert.equal((await releases.list('shop')).length, 4);
  await rejects('NOTHING_LIVE', session.scope('production', { app: 'shop' }));
  assert.equal((await apps.describe('shop')).liveVersion, null);
  assert.ok((await apps.status('shop')).some((row) => row.row === 'version'));
  assert.throws(() => releases.withdrawSync('shop'), TypeError);
}));

test('a scan', () => withSession(async (session) => {
  await session.variables.put('production', 'TOKEN', new Secret('tok-0123456789'), { reason: 'r' });
  const scan = await session.scan('development');
  assert.deepEqual(scan.findings, []);
  const [finding] = await scan.text('a.txt', 'x\n tok-0123456789');
  assert.deepEqual([finding.severity, finding.part, finding.line, finding.column], ['error', 'a.txt', 2, 2]);
  assert.ok(!finding.message.includes('tok-'));
  assert.deepEqual(scan.textSync('b.bin', Buffer.from([255, 0])).map((row) => row.code), ['not-text']);
  const many = await Promise.all(Array.from({ length: 8 }, (_, n) => scan.text(`${n}`, 'tok-0123456789')));
  assert.deepEqual(many.map(([row]) => row.part), ['0', '1', '2', '3', '4', '5', '6', '7']);
  scan.close();
  await rejects('NOT_FOUND', session.scan('nowhere'));
}));

test('what is shown is in the audit', () => withSession(async (session) => {
  await session.variables.put('development', 'KEY', new Secret('k'));
  await session.scope('development', { audited: true });
  await session.audit.reveal('development', 'variable/KEY', { reason: 'to a colleague' });
  assert.deepEqual((await session.audit.list()).slice(-2).map((row) => row.action), ['scope.open', 'secret.reveal']);
  await rejects('NOT_FOUND', session.audit.reveal('development', 'variable/NOPE'));
}));

test('versions', () => withSession(async (session) => {
  const { apps, versions } = session;
  await apps.create('shop');
  await versions.create('shop', 'idea', { empty: true });
  await versions.set('shop', 'idea', { name: 'plan', description: 'd' });
  assert.equal((await versions.open('shop', 'plan', 'development')).description, 'd');
  assert.equal((await versions.last('shop')).version, 'plan');
  await versions.discard('shop', 'plan', { seen: await versions.describe('shop', 'plan') });
  assert.deepEqual((await versions.list('shop')).map((row) => row.name), ['v1']);
  assert.equal((await versions.list('shop', null, { all: true })).length, 2);
  assert.deepEqual(await versions.list('shop', 'production'), []);
  assert.ok((await session.gc()).bytes >= 0);
  await apps.set('shop', { protected: true });
  assert.deepEqual((await apps.list()).map((row) => row.protected), [true]);
}));

test('principals', () => withSession(async (session, store) => {
  const { audit, principals, roles } = session;
  await principals.add('bob', key(2), { role: Role.VIEWER, environments: ['development', 'staging'] });
  const bob = await store.session(key(2));
  assert.equal((await bob.info()).principal, 'bob');
  await rejects('DENIED', bob.variables.put('development', 'A', '1'));
  bob.close();
  await roles.grant('bob', Role.EDITOR, 'development');
  const acting = await session.actAs('bob');
  await acting.variables.put('development', 'A', '1', { reason: 'for bob' });
  await rejects('DENIED', acting.variables.put('production', 'A', '1'));
  acting.close();
  const row = (await audit.list({ environment: 'development', limit: 100 })).at(-1);
  assert.deepEqual([row.actor, row.assertedBy, row.action, row.reason], ['bob', 'owner', 'variable.put', 'for bob']);
  await roles.revoke('bob', Role.EDITOR, 'development');
  assert.deepEqual((await principals.list()).filter((one) => one.name === 'bob')
    .map((one) => [one.role, one.environment]), [['viewer', 'development'], ['viewer', 'staging']]);
  await principals.rekey('bob', key(6));
  await rejects('KEY', store.session(key(2)));
  (await store.session(key(6))).close();
  await principals.remove('bob');
  await rejects('LAST_OWNER', principals.remove('owner'));
  assert.deepEqual(await audit.verify(), { firstBad: null, findings: [] });
}));

test('slots', () => withSession(async ({ slots }, store) => {
  const ordinal = await slots.add('safe', key(3));
  assert.deepEqual((await slots.list()).slice(1).map((slot) => [slot.ordinal, slot.label, slot.kind]),
    [[ordinal, 'safe', 'key']]);
  (await store.session(key(3))).close();
  await slots.change(ordinal, key(4));
  await rejects('KEY', store.session(key(3)));
  await slots.remove(ordinal);
  await rejects('REFERRED', slots.remove(1));
}));

test('the root key', () => withSession(async (session, store) => {
  const root = await session.rootKey();
  (await store.session(Credential.rawKey(KEY, { root }))).close();
  (await store.session(Credential.rawKey(KEY, { root: Buffer.from(root).toString('hex') }))).close();
  await rejects('ROOT', store.session(Credential.rawKey(KEY, { root: Buffer.alloc(32, 7) })));
}));

test('deposits', () => withSession(async (session, store) => {
  await session.principals.add('carl', key(5), { role: Role.DEPOSITOR });
  const giver = await store.session(key(5));
  const one = await giver.deposit('development', 'TOKEN', new Secret('t-1'));
  const two = await giver.deposit('development', 'OTHER', new Secret('t-2'));
  giver.close();
  assert.deepEqual(new Set((await session.inbox.list('development')).map((row) => `${row.id} ${row.name} ${row.depositor}`)),
    new Set([`${one} TOKEN carl`, `${two} OTHER carl`]));
  await session.inbox.accept('development', one);
  await session.inbox.reject('development', two.slice(0, 8));
  assert.equal((await session.scope('development')).get('TOKEN').reveal(), 't-1');
}));

test('rotation', () => withSession(async (session) => {
  await session.variables.put('development', 'KEY', new Secret('k'));
  await session.keys.rotate('development', { reason: 'yearly' });
  while (await session.keys.rotateStep('development'));
  assert.equal((await session.scope('development')).get('KEY').reveal(), 'k');
  assert.deepEqual(await session.keys.exposure(), []);
}));

test('requests', () => withSession(async (session, store) => {
  const { environments, principals, requests, variables } = session;
  for (const [n, name] of [[2, 'ann'], [3, 'ben']]) await principals.add(name, key(n), { role: Role.OWNER });
  await environments.set('production', { approvals: 1 });
  assert.equal((await environments.describe('production')).approvals, 1);
  const put = (value) => variables.put('production', 'A', value, { reason: 'needed' });
  const request = await requests.show((await rejects('APPROVALS', put('1'))).subject);
  assert.deepEqual([request.action, request.state, request.needed, request.requester],
    ['variable.put', 'open', 1, 'owner']);
  await rejects('APPROVALS', requests.run(request.id));
  await rejects('OWN_CHANGE', requests.approve(request.id));
  const ann = await store.session(Credential.rawKey(Buffer.alloc(32, 2), { principal: 'ann' }));
  await ann.requests.approve(request.id.slice(0, 8));
  ann.close();
  assert.equal((await requests.show(request.id)).given, 'ann');
  await requests.run(request.id);
  assert.equal((await session.scope('production')).get('A'), '1');
  await rejects('CLOSED', requests.withdraw(request.id));
  await rejects('APPROVALS', put('2'));
  const [open] = await requests.list();
  await requests.withdraw(open.id);
  assert.deepEqual(await requests.list(), []);
  assert.deepEqual(Object.fromEntries((await requests.list({ all: true })).map((row) => [row.id, row.state])),
    { [request.id]: 'done', [open.id]: 'withdrawn' });
  await rejects('QUORUM', environments.set('staging', { approvals: 9 }));
}));

test('salvage', async (t) => {
  const at = folder(t);
  const store = await Store.create(path.join(at, 's'), OWNER);
  const session = await store.session(OWNER);
  await session.variables.put('development', 'A', '1');
  session.close();
  store.close();
  const report = await Store.salvage(path.join(at, 's'), path.join(at, 'new'), OWNER);
  assert.deepEqual(report.filter((row) => row.code !== null), []);
  assert.ok(report.reduce((all, row) => all + (row.kept ?? 0), 0) > 5);
  const again = await Store.open(path.join(at, 'new'));
  const reader = await again.session(OWNER);
  assert.equal((await reader.scope('development')).get('A'), '1');
  reader.close();
  again.close();
  await rejects('NO_STORE', Store.salvage(path.join(at, 'nothing'), path.join(at, 'other'), OWNER));
});
