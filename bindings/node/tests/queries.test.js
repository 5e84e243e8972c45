// SPDX-License-Identifier: MIT
'use strict';

/* The query library: revisions, declared parameters and their types, statements and requests. */
const assert = require('node:assert/strict');
const test = require('node:test');
const { inspect } = require('node:util');
const { envres, raises, rejects, withSession } = require('./common.js');

const { ClosedError, Params, Secret, Type } = envres;
const NOON = new Date('2023-11-14T22:13:20Z');
const MARK = 's3cr3t-' + 'value';

const withQueries = (run) => withSession((session, store) => {
  for (const [handle, kind] of [['db', 'sqlite'], ['crm', 'postgres'], ['api', 'rest'], ['kv', 'redis']]) {
    session.resources.defineSync(handle, kind);
  }
  session.variables.putManySync('development', { REGION: 'eu', TOKEN: new Secret(MARK) });
  return run(session, session.queries, store);
});

test('revisions', () => withQueries(async (session, queries) => {
  const params = [{ name: 'id', type: Type.INTEGER }, { name: 'note', preset: '', optional: true }];
  const first = 'SELECT << params.id >>, << params.note >>';
  assert.equal(await queries.put('find', 'crm', first, params, { expect: 0, reason: 'new' }), 1);
  assert.equal(await queries.put('find', 'crm', first, params), 1, 'the same makes none');
  await rejects('CHANGED', queries.put('find', 'crm', 'SELECT 2', [], { expect: 0 }));
  assert.equal(await queries.put('find', 'db', 'SELECT 2', [], { expect: 1 }), 2);
  await rejects('CHANGED', queries.put('find', 'crm', 'SELECT 3', [], { expect: 1 }));
  assert.equal(await queries.restore('find', 1, { reason: 'back' }), 3);
  await rejects('NOT_FOUND', queries.restore('find', 9));
  await queries.put('all', 'api', null, [], { path: '/users' });
  assert.deepEqual((await queries.list()).map(Object.values), [
    ['all', 'api', 'rest', 1, 0, 'owner', NOON], ['find', 'crm', 'postgres', 3, 2, 'owner', NOON]]);
  assert.deepEqual((await queries.history('find')).map(Object.values), [
    [3, 'crm', 'owner', NOON, 1], [2, 'db', 'owner', NOON, null], [1, 'crm', 'owner', NOON, null]]);
  const query = await queries.open('find');
  assert.deepEqual([query.resource, query.kind, query.revision, query.source, query.method, query.path, query.headers],
    ['crm', 'postgres', 3, first, '', '', '']);
  assert.deepEqual(query.params().map(Object.values),
    [['id', 'integer', true, null], ['note', 'string', false, '']]);
  query.close();
  assert.equal((await queries.open('find', 2)).source, 'SELECT 2');
  assert.ok((await rejects('NOT_FOUND', queries.open('fnid'))).hint.includes('find'));
  await rejects('REFERRED', session.resources.remove('crm'));
  await queries.remove('find');
  for (const name of ['open', 'history', 'remove']) {
    await rejects('NOT_FOUND', queries[name]('find'));
    raises('NOT_FOUND', () => queries[`${name}Sync`]('find'));
  }
  assert.deepEqual((await queries.list()).map((row) => row.name), ['all']);
}));

test('what cannot be put', () => withQueries((_, queries) => {
  const one = [{ name: 'a', type: Type.INTEGER }];
  for (const [code, ...given] of [
    ['NAME', '1q', 'crm', 'SELECT 1'], ['NOT_FOUND', 'q', 'cms', 'SELECT 1'], ['TYPE', 'q', 'kv', 'GET k'],
    ['INVALID', 'q', 'crm'], ['INVALID', 'q', 'crm', 'SELECT 1', [], { path: '/x' }],
    ['SQL_CONTEXT', 'q', 'crm', "SELECT '<< params.a >>'", one],
    ['NOT_FOUND', 'q', 'crm', 'SELECT << params.b >>', one], ['NAME_TAKEN', 'q', 'crm', 'SELECT 1', [...one, ...one]],
    ['LIMIT', 'q', 'crm', 'SELECT 1', Array(257).fill(one[0])],
    ['TYPE', 'q', 'crm', 'SELECT 1', [{ name: 'a', type: Type.INTEGER, preset: 'x' }]],
    ['TYPE', 'q', 'crm', 'SELECT 1', [{ name: 'a', type: Type.TEMPLATE }]],
    ['INVALID', 'q', 'api', null, [], { path: 'https://elsewhere/' }],
    ['INVALID', 'q', 'api', null, [], { method: 'FETCH', path: '/' }],
    ['INVALID', 'q', 'api', null, [], { headers: '[]', path: '/' }], ['JSON', 'q', 'api', '{', [], { path: '/' }]]) {
    raises(code, () => queries.putSync(...given));
  }
  assert.deepEqual(queries.listSync(), []);
}));

test('a statement', () => withQueries((session, queries) => {
  queries.putSync('find', 'db', 'SELECT << params.v >>, id, << environment.variables.REGION >> FROM t WHERE id IN '
    + '<< params.ids | list >> LIMIT << params.rows >>', [{ name: 'v' }, { name: 'ids', type: Type.JSON },
    { name: 'rows', type: Type.INTEGER, preset: '9' }]);
  const [query, scope] = [queries.openSync('find'), session.scopeSync('development')];
  for (const hostile of ["O'Neil", "'; DROP TABLE t; --", '<< params.v >>', '', '\u{1f4a9}']) {
    const result = query.render(scope, { v: hostile, ids: [1, 3] });
    const { statement } = result;
    assert.deepEqual([result.method(), result.path(), result.headers(), result.body()], [null, null, null, null]);
    result.close();
    assert.ok(hostile === '' || !statement.text.includes(hostile));
    assert.deepEqual(statement.reveal(), [hostile, 'eu', 1, 3, 9]);
  }
  const few = query.render(scope, new Params({ v: 'x', ids: [1, 3], rows: 1 })).statement;
  assert.deepEqual([few.types().at(-1), few.parameters().at(-1)], [Type.INTEGER, 1]);
  raises('LIMIT', () => query.render(scope, { v: 'x', ids: [1] }, { outputMax: 8 }));
}));

test('types of parameters', () => withQueries((session, queries) => {
  const scope = session.scopeSync('development');
  const read = { readStrings: true };
  for (const [type, value, options, bound] of [
    [Type.STRING, 'a', {}, 'a'], [Type.STRING, 1, {}], [Type.STRING, null, {}],
    [Type.INTEGER, -(2n ** 63n), {}, -(2n ** 63n)], [Type.INTEGER, 2n ** 53n + 1n, {}, 2n ** 53n + 1n],
    [Type.INTEGER, String(2n ** 63n), read], [Type.INTEGER, 1.5, {}], [Type.INTEGER, true, {}],
    [Type.INTEGER, '5', {}], [Type.INTEGER, '5', read, 5], [Type.INTEGER, '5; DROP', read],
    [Type.NUMBER, 1.5, {}, 1.5], [Type.BOOLEAN, false, {}, false], [Type.BOOLEAN, 'yes', read],
    [Type.JSON, { a: [1] }, {}, '{"a":[1]}'], [Type.JSON, '{', read],
    [Type.TIMESTAMP, NOON.toISOString(), {}, NOON.toISOString()], [Type.TIMESTAMP, 'yesterday', {}]]) {
    queries.putSync('q', 'crm', 'SELECT << params.value >>', [{ name: 'value', type }]);
    const query = queries.openSync('q');
    raises('NOT_SET', () => query.render(scope));
    if (bound === undefined) {
      assert.equal(raises('TYPE', () => query.render(scope, { value }, options)).subject, 'value');
    } else {
      const { statement } = query.render(scope, { value }, options);
      assert.equal(statement.text, 'SELECT $1');
      assert.deepEqual(statement.parameters(), [bound]);
    }
    assert.ok(raises('NOT_FOUND', () => query.render(scope, { value, vaule: 1 })).hint.includes('value'));
  }
}));

test('a request', () => withQueries((session, queries) => {
  const [body, path] = ['{"who": "<< params.who >>"}', '/users/<< params.id >>?who=<< params.who >>'];
  const headers = '{"Authorization": "Bearer << environment.variables.TOKEN >>"}';
  queries.putSync('user', 'api', body, [{ name: 'id' }, { name: 'who' }], { path, headers });
  const [query, scope] = [queries.openSync('user'), session.scopeSync('development')];
  assert.deepEqual([query.kind, query.source, query.method, query.path, query.headers], ['rest', body, '', path, headers]);
  const given = { id: 'a/../b?c', who: 'O\'Neil "x"' };
  const result = query.render(scope, given);
  assert.equal(result.statement, null);
  assert.equal(result.method(), 'POST');
  assert.equal(result.path(), '/users/a%2F..%2Fb%3Fc?who=O%27Neil%20%22x%22');
  assert.deepEqual(JSON.parse(result.body()), { who: given.who });
  const secret = result.headers();
  result.close();
  assert.ok(secret instanceof Secret && !inspect(secret).includes(MARK));
  assert.deepEqual(JSON.parse(secret.reveal()), { Authorization: `Bearer ${MARK}` });
  assert.ok(!secret.redacted().includes(MARK) && secret.redacted().includes('Bearer'));
  raises('SECRET_SINK', () => query.render(scope, given, { noSecrets: true }));
  raises('INVALID', () => query.render(scope, { id: '..', who: 'x' }));
  queries.putSync('ping', 'api', null, [], { path: '/ping' });
  const bare = queries.openSync('ping').render(scope);
  assert.deepEqual([bare.method(), bare.path(), bare.headers(), bare.body()], ['GET', '/ping', null, null]);
}));

test('a secret parameter', () => withQueries((session, queries) => {
  queries.putSync('login', 'crm', 'SELECT << params.word >>', [{ name: 'word' }]);
  const { statement } = queries.openSync('login').render(session.scopeSync('development'), { word: new Secret(MARK) });
  assert.ok(statement.parameters()[0] instanceof Secret && !statement.text.includes(MARK));
  assert.deepEqual(statement.reveal(), [MARK]);
}));

test('use after close', () => withQueries(async (session, queries, store) => {
  queries.putSync('find', 'crm', 'SELECT << params.v >>', [{ name: 'v', preset: 'x' }]);
  let [query, scope] = [queries.openSync('find'), session.scopeSync('development')];
  let result = query.render(scope);
  const { statement } = result;
  session.close();
  store.close();
  await assert.rejects(queries.list(), ClosedError);
  assert.deepEqual(query.render(scope).statement.reveal(), ['x'], 'a query outlives session and store');
  for (const [handle, ...uses] of [
    [query, () => query.source, () => query.resource, () => query.kind, () => query.revision,
      () => query.params(), () => query.render(scope)],
    [result, () => result.statement, () => result.method(), () => result.path(), () => result.headers(),
      () => result.body()]]) {
    handle.close();
    handle.close();
    assert.ok(handle.closed);
    for (const use of uses) assert.throws(use, ClosedError);
  }
  query = scope = result = undefined;
  global.gc();
  await new Promise(setImmediate);
  global.gc();
  assert.equal(statement.text, 'SELECT $1');
  assert.deepEqual(statement.reveal(), ['x']);
  statement.close();
  assert.throws(() => statement.reveal(), ClosedError);
}));

test('pins', () => withQueries(async (session, queries) => {
  const pins = async (version) => (await queries.pins('shop', version)).map(Object.values);
  await session.apps.create('shop');
  await queries.put('find', 'crm', 'SELECT 1');
  await queries.put('list', 'crm', "SELECT 'a'");
  await queries.pin('shop', null, 'find');
  await queries.pin('shop', 'v1', 'list', 1, { reason: 'as tested' });
  await queries.put('find', 'crm', 'SELECT 2');
  await queries.put('list', 'crm', "SELECT 'b'");
  assert.deepEqual(await pins('v1'), [['find', 'crm', 2, true, 2], ['list', 'crm', 1, false, 2]]);
  await rejects('NOT_FOUND', queries.pin('shop', null, 'fnid'));
  await rejects('NOT_FOUND', queries.pin('shop', null, 'find', 9));
  await rejects('NOT_FOUND', queries.unpin('shop', null, 'lost'));
  await rejects('REFERRED', queries.remove('find'));
  const scope = await session.scope('development', { app: 'shop', version: 'v1' });
  const query = scope.query('find');
  assert.ok(raises('NOT_FOUND', () => scope.query('fnid')).hint.includes('find'));
  scope.close();
  assert.deepEqual([query.revision, query.source], [2, 'SELECT 2'], 'outlives its scope');
  query.close();
  raises('INVALID', () => session.scopeSync('development').query('find'));
  await queries.unpin('shop', null, 'list');
  assert.deepEqual(await pins(null), [['find', 'crm', 2, true, 2]]);
  await queries.remove('find', { force: true });
  assert.deepEqual(await pins('v1'), [['find', 'crm', 2, true, null]]);
}));
