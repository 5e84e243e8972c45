// SPDX-License-Identifier: MIT
'use strict';

/* Closing, secrets, errors, callbacks, text, memory: what must hold whatever is called. */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { inspect } = require('node:util');
const {
  CHANGE, KEY, OWNER, envres, internals, raises, rejects, withSession,
} = require('./common.js');

const {
  ClosedError, Context, Credential, Params, Secret, Status, Store, Template, Type, renderMany, typed,
} = envres;
const MARK = 's3cr3t-' + 'value';
// Not with sanitizers, whose allocator is not flat; and what this Node has not is not tested.
const plainly = process.env.ENVRES_SANITIZED === 'yes' ? () => {} : test;
const disposing = Symbol.dispose ? test : () => {};

/** A scope with a plain and a secret variable, and a resource. */
function withScope(run) {
  return withSession((session, store) => {
    session.variables.putManySync('development', { HOST: 'db.dev', KEY: new Secret(MARK) });
    session.resources.defineSync('crm', 'postgres');
    session.resources.configureSync('development', 'crm',
      { host: 'db', database: 'crm', user: 'u', password: new Secret(MARK) });
    return run(session.scopeSync('development'), session, store);
  });
}

function inFolder(run) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'envres-test-'));
  const clean = () => fs.rmSync(folder, { recursive: true });
  let result;
  try {
    result = run(folder);
  } finally {
    if (typeof result?.then !== 'function') clean();
  }
  return typeof result?.then === 'function' ? result.finally(clean) : result;
}

// ---- closing ----------------------------------------------------------------------------------

test('use after close', () => withScope(async (scope, session, store) => {
  const template = new Template('<< environment.name >>');
  const other = session.scopeSync('development');
  const [bound, crm, params] = [template.bind(scope), scope.resource('crm'), new Params({ a: 1 })];
  const [secret, redactor, scan] = [new Secret('x'), new envres.Redactor(), session.scanSync('development')];
  const uses = [
    [crm, () => crm.get('host')], [crm, () => crm.url()], [crm, () => [...crm]],
    [params, () => template.render(other, params)], [bound, () => bound.render()],
    [bound, () => bound.text()], [scan, () => scan.textSync('a', 'b')],
    [redactor, () => redactor.text('a')], [template, () => template.render(scope)],
    [template, () => template.references()], [template, () => renderMany([template], other)],
    [scope, () => scope.get('HOST')], [scope, () => scope.expand('x')], [scope, () => scope.environment],
    [scope, () => scope.size], [scope, () => session.latestSync(scope)],
    [secret, () => secret.reveal()], [secret, () => secret.open((bytes) => bytes)],
    [session, () => session.variables.listSync()], [session, () => session.scopeSync('development')],
    [session, () => session.infoSync()], [store, () => store.pollSync()],
    [store, () => store.sessionSync(OWNER)],
  ];
  for (const [handle, use] of uses) {
    handle.close();
    handle.close();
    assert.equal(handle.closed, true);
    assert.throws(use, (error) => error instanceof ClosedError && error.status === Status.INVALID);
  }
  await assert.rejects(session.variables.list(), ClosedError);
  await assert.rejects(store.poll(), ClosedError);
  assert.equal(other.get('HOST'), 'db.dev', 'a scope outlives session and store');
  assert.throws(() => new Template('x').render(scope), ClosedError);
}));

disposing('a block closes', () => withScope((scope, session) => {
  const [template, secret] = [new Template('x'), new Secret('x')];
  for (const one of [scope, session, template, secret]) {
    one[Symbol.dispose]();
    assert.equal(one.closed, true);
  }
}));

test('closing while calls run on other threads', () => inFolder(async (folder) => {
  const word = Credential.passphrase('p', { kdfPasses: 2, kdfMemory: 64 << 20 });
  const store = await Store.create(path.join(folder, 's'), word);
  for (let turn = 0; turn < 3; turn++) {
    const again = await Store.open(path.join(folder, 's'));
    const opening = again.session(word);
    again.close();
    const session = await opening;
    const running = Array.from({ length: 20 }, (_, i) => session.variables.put('development', `V${i}`, 'x'));
    running.push(session.scope('development'), session.variables.list());
    session.close();
    await Promise.all(running);
    await assert.rejects(session.scope('development'), ClosedError);
  }
  store.close();
}));

test('what is no expectation is not taken for none', () => withScope((scope, session) => {
  for (const expect of [null, '', '1', true, {}]) {
    assert.throws(() => session.variables.putSync('development', 'HOST', 'x', { expect }), TypeError);
  }
  raises('CHANGED', () => session.variables.putSync('development', 'HOST', 'x', { expect: 0 }));
  session.variables.putSync('development', 'HOST', 'x', { expect: undefined });
}));

test('wrong kinds of objects', () => withScope((scope, session) => {
  const template = new Template('x');
  for (const wrong of [undefined, null, 5, 'x', {}, session, template]) {
    assert.throws(() => template.render(wrong), TypeError);
    assert.throws(() => template.bind(wrong), TypeError);
    if (wrong !== template) assert.throws(() => renderMany([wrong], scope), TypeError);
    assert.throws(() => session.latestSync(wrong), TypeError);
  }
  assert.throws(() => structuredClone(scope).get('HOST'), TypeError);
}));

// ---- secrets ----------------------------------------------------------------------------------

test('a secret shows nowhere', () => withScope((scope, session) => {
  const secret = scope.get('KEY');
  const shown = [`${secret}`, String(secret), secret + '', inspect(secret), inspect({ a: [secret] }),
    JSON.stringify({ secret }), inspect([...scope]), inspect(OWNER), JSON.stringify(OWNER), String(OWNER),
    inspect(scope.resource('crm'), { showHidden: true, depth: 9 }), inspect(scope.resource('crm').url()),
    inspect(session.variables.listSync(undefined, { reveal: true }), { depth: 9 }),
    inspect(secret, { showHidden: true, customInspect: false, depth: 9 }), Object.keys(secret).join(),
    inspect(structuredClone(secret)), inspect(Object.getOwnPropertyDescriptors(secret))];
  for (const text of shown) assert.ok(!text.includes(MARK), text);
  assert.equal(inspect(secret), '***');
  assert.equal(JSON.stringify(secret), '"***"');
  assert.ok(secret.equals(new Secret(MARK)) && !secret.equals(new Secret('other')));
  assert.ok(!secret.equals(MARK));
}));

test('a secret is wiped', async () => {
  const secret = new Secret(MARK);
  let buffer;
  secret.open((bytes) => { buffer = bytes; });
  assert.equal(buffer.toString(), MARK);
  assert.equal(secret.reveal(), MARK);
  assert.equal(secret.revealBytes().toString(), MARK);
  secret.close();
  assert.ok(buffer.equals(Buffer.alloc(MARK.length)));
  (() => new Secret(MARK).open((bytes) => { buffer = bytes; }))();
  for (let i = 0; i < 50 && buffer[0] !== 0; i++) {
    global.gc();
    await new Promise(setImmediate);
  }
  assert.ok(buffer.equals(Buffer.alloc(MARK.length)), 'collected');
  assert.throws(() => new Secret(Buffer.from([255])).reveal(), envres.TextError);
  for (const wrong of [5, null, undefined, {}]) assert.throws(() => new Secret(wrong), TypeError);
  raises('UTF8', () => new Secret('\ud800'));
});

test('secrets spread', () => withScope((scope) => {
  const out = scope.expand('a << environment.variables.KEY >> b');
  assert.equal(out.reveal(), `a ${MARK} b`);
  assert.deepEqual(out.ranges, [[2, 2 + MARK.length]]);
  assert.equal(out.redacted(), 'a [redacted] b');
  assert.equal(out.redacted('#'), 'a # b');
  raises('SECRET_SINK', () => scope.expand('<< environment.variables.KEY >>', { noSecrets: true }));
  assert.ok(new Template('<< params.p >>').render(scope, { p: new Secret('x') }) instanceof Secret);
  assert.throws(() => new Params({ p: { a: [new Secret('x')] } }), TypeError);
  const buffer = Buffer.alloc(64);
  const size = scope.getInto(scope.find('KEY'), buffer);
  assert.equal(buffer.toString('utf8', 0, size), MARK);
  raises('SECRET_SINK', () => scope.at(scope.find('KEY')));
}));

test('redactor', () => withScope((scope) => {
  const redactor = new envres.Redactor('#');
  redactor.addScope(scope);
  redactor.add('token', new Secret('elsewhere-1'));
  redactor.add('pin', '123');
  assert.deepEqual(redactor.refused().map(({ name, reason }) => [name, reason]), [['pin', 'short']]);
  assert.equal(redactor.text(`a ${MARK} b elsewhere-1`), 'a # b #');
  const raw = Buffer.concat([Buffer.from([255]), Buffer.from(Buffer.from(MARK).toString('hex'))]);
  assert.deepEqual(redactor.text(raw), Buffer.from([255, 0x23]));
  const copy = redactor.copy();
  raises('INVALID', () => redactor.add('late', 'later-secret'));
  const given = [copy.feed(Buffer.from(`log ${MARK.slice(0, 6)}`)),
    copy.feed(Buffer.from(`${MARK.slice(6)} end`)), copy.finish()];
  assert.equal(Buffer.concat(given).toString(), 'log # end');
  assert.deepEqual([redactor.masked, copy.masked], [3, 1]);
  const halves = new envres.Redactor('#');
  halves.add('word', new Secret('pass-😀-word'));
  const fed = (...pieces) => Buffer.concat([...pieces.map((piece) => halves.feed(piece)), halves.finish()]);
  for (const pieces of [['a pass-\ud83d', '\ude00-word z'], ['a pass-\ud83d', '', '\ude00', '-word z']]) {
    assert.equal(fed(...pieces).toString(), 'a # z');
  }
  const lone = Buffer.from([0xED, 0xA0, 0xBD]);
  assert.deepEqual(fed('\ud83d'), lone);
  assert.deepEqual(fed('\ud83d', Buffer.from('z')), Buffer.concat([lone, Buffer.from('z')]));
  raises('LIMIT', () => new envres.Redactor('x'.repeat(65)));
}));

test('no error holds a value', () => withScope((scope, session) => {
  const put = session.variables.putSync.bind(session.variables);
  const attempts = [
    () => put('development', 'N', MARK, { type: Type.NUMBER }),
    () => put('development', 'J', `{${MARK}`, { type: Type.JSON }),
    () => put('nowhere', 'J', new Secret(MARK)), () => put('development', '1J', new Secret(MARK)),
    () => session.resources.configureSync('development', 'crm', { port: MARK }),
    () => scope.getBoolean('KEY'), () => scope.getInteger('KEY'),
    () => scope.expand('<< environment.variables.KEY | base >>'),
    () => new Params({ p: typed(Type.NUMBER, MARK) }),
    () => put('development', 'A', new Secret(Buffer.concat([Buffer.from([255]), Buffer.from(MARK)]))),
    () => scope.testResourceSync('crm', (crm) => { throw new Error(crm.url().reveal()); }),
  ];
  for (const attempt of attempts) {
    assert.throws(attempt, (error) => {
      assert.ok(error instanceof envres.EnvresError, inspect(error));
      for (const text of [String(error), error.message, error.hint, error.subject,
        JSON.stringify({ ...error, cause: null })]) {
        assert.ok(!text.includes(MARK), text);
      }
      return true;
    });
  }
}));

// ---- errors -----------------------------------------------------------------------------------

test('what an error says', () => withScope((scope) => {
  const error = raises('NOT_FOUND', () => scope.expand('one\n  << environment.variables.HOTS >>'));
  assert.ok(error instanceof envres.NotFoundError && error instanceof Error);
  assert.deepEqual([error.offset, error.line, error.column, error.subject], [6, 2, 3, 'HOTS']);
  assert.equal(error.status, Status.NOT_FOUND);
  assert.equal(error.name, 'NotFoundError');
  assert.ok(error.hint.includes('HOST') && String(error).includes('line 2, column 3'));
  assert.ok(raises('SYNTAX', () => new Template('<< environment.name')) instanceof envres.TextError);
  const none = raises('NOT_FOUND', () => scope.get('NOPE'));
  assert.deepEqual([none.offset, none.line, none.column], [null, null, null]);
}));

test('text of every kind', () => withSession((session) => {
  const { variables } = session;
  const big = 'x'.repeat(1 << 20);
  const shared = new Uint8Array(Buffer.from('.view.')).subarray(1, 5);
  for (const value of ['', 'Zürich 😀', '\u{10ffff}\u0080\u07ff\u0800\uffff', 'a'.repeat(1000),
    Buffer.from('bytes'), shared, big]) {
    variables.putSync('development', 'V', value);
    const expected = typeof value === 'string' ? value : Buffer.from(value).toString();
    assert.equal(variables.getSync('development', 'V'), expected);
    const scope = session.scopeSync('development');
    assert.equal(scope.expand('<< environment.variables.V >>'), expected);
    assert.equal(scope.get('V'), expected);
    assert.equal(new Template('<< environment.variables.V >>').render(scope), expected);
  }
  for (const bad of [Buffer.from([255]), '\ud800', 'x\udc00x', '\ud800\ud800', 'a\0b', Buffer.from([0xc0, 0x80])]) {
    raises('UTF8', () => variables.putSync('development', 'V', bad));
  }
  raises('LIMIT', () => variables.putSync('development', 'V', `${big}x`));
  const scope = session.scopeSync('development');
  for (const bad of ['NUL\0', '\ud800', 'é', '', 'x'.repeat(600), '\ufffd']) {
    assert.throws(() => variables.getSync('development', bad), envres.EnvresError);
    assert.throws(() => scope.get(bad), envres.EnvresError);
  }
  for (const bad of [5, true, {}, [], Symbol('x')]) {
    assert.throws(() => variables.putSync('development', 'V', bad), TypeError);
  }
  assert.throws(() => scope.get(5), TypeError);
  assert.throws(() => Store.createSync(null, OWNER, { workspace: 'a\0b' }), TypeError);
}));

test('typed values, and integers that no number holds', () => withSession((session) => {
  const json = '{"a":[1,null,-2.5e3],"b":"12345678901234567890","big":9007199254740993,"n":{"x":-9223372036854775808}}';
  session.variables.putManySync('development', [
    { name: 'B', value: 'true', type: Type.BOOLEAN }, { name: 'I', value: '-7', type: Type.NUMBER },
    { name: 'D', value: '0.5', type: Type.NUMBER }, { name: 'J', value: json, type: Type.JSON },
    { name: 'S', value: '7' }, { name: 'H', value: '9007199254740993', type: Type.NUMBER },
    { name: 'M', value: '9007199254740991', type: Type.NUMBER }]);
  const scope = session.scopeSync('development');
  assert.deepEqual([scope.getBoolean('B'), scope.getInteger('I'), scope.getDouble('D')], [true, -7, 0.5]);
  assert.equal(scope.getInteger('H'), 9007199254740993n);
  assert.equal(scope.value('H'), 9007199254740993n);
  assert.equal(scope.value('M'), Number.MAX_SAFE_INTEGER);
  raises('TYPE', () => scope.getDouble('H'));
  assert.deepEqual(scope.value('J'), {
    a: [1, null, -2500], b: '12345678901234567890', big: 9007199254740993n, n: { x: -9223372036854775808n },
  });
  assert.equal(scope.getString('S'), '7');
  assert.deepEqual(['B', 'I', 'D', 'S'].map((name) => scope.value(name)), [true, -7, 0.5, '7']);
  assert.deepEqual([...scope.keys()], ['B', 'D', 'H', 'I', 'J', 'M', 'S']);
  assert.equal(scope.type(0), Type.BOOLEAN);
  assert.equal(scope.get('NOPE', 'd'), 'd');
  assert.equal(scope.get('S', 'd'), '7');
  assert.ok(!scope.has('NOPE') && scope.has('S') && !scope.isSecret(0));
  for (const wrong of ['getBoolean', 'getInteger', 'getDouble', 'getJson']) raises('TYPE', () => scope[wrong]('S'));
  for (const index of [-1, 7, 2 ** 40, 0.5, '0']) assert.throws(() => scope.name(index), RangeError);
  const render = (value) => new Template('<< params.v >>').render(scope, { v: value });
  assert.deepEqual([render(9007199254740993n), render(1.5), render(true), render({ a: 1 })],
    ['9007199254740993', '1.5', 'true', '{"a":1}']);
  for (const lossy of [2 ** 53, 1.5, NaN, 2n ** 63n, '1']) {
    assert.throws(() => session.variables.destroySync('development', 'S', lossy), TypeError);
  }
  for (const wrong of [undefined, () => 1, Symbol('x')]) assert.throws(() => render(wrong), TypeError);
}));

test('rendering', () => withScope((scope) => {
  const template = new Template('<< environment.variables.HOST >>:<< params.port >>');
  assert.equal(template.render(scope, { port: 5432 }), 'db.dev:5432');
  assert.equal(template.render(scope, new Params(new Map([['port', 'a']]))), 'db.dev:a');
  const buffer = Buffer.alloc(11);
  assert.equal(template.renderInto(scope, buffer, { port: true }), 11);
  assert.equal(buffer.toString(), 'db.dev:true');
  raises('LIMIT', () => template.renderInto(scope, Buffer.alloc(3), { port: 1 }));
  raises('LIMIT', () => template.render(scope, { port: 1 }, { outputMax: 3 }));
  const bound = template.bind(scope, { port: 1.5 });
  assert.deepEqual([bound.render(), bound.text(), bound.renderInto(buffer)], ['db.dev:1.5', 'db.dev:1.5', 10]);
  assert.deepEqual(template.references().map((tag) => tag.name), ['HOST', 'port']);
  const whole = new Template('{"p": "<< params.p >>", "n": "<< params.n >>"}', { context: Context.JSON });
  assert.deepEqual(JSON.parse(whole.render(scope, { p: [1, { a: null }], n: null })),
    { p: [1, { a: null }], n: null });
  const long = new Template(`${'x'.repeat(50000)}<< environment.name >>`);
  assert.equal(long.render(scope), `${'x'.repeat(50000)}development`);
  assert.equal(scope.explain('HOST')[0].layer, 'value');
}));

test('rendering many', () => withScope((scope) => {
  const long = new Template('x'.repeat(20000));
  const short = Array.from({ length: 2000 }, (_, n) => new Template(`${n}-<< environment.variables.HOST >>`));
  const secret = new Template('<< environment.variables.KEY >>');
  const made = renderMany([long, ...short, secret, long, short[0]], scope);
  assert.equal(made[0], 'x'.repeat(20000));
  assert.equal(made.at(-2), made[0]);
  assert.equal(made.at(-3).reveal(), MARK);
  assert.deepEqual(made.slice(1, 2001), short.map((_, n) => `${n}-db.dev`));
  assert.deepEqual(renderMany([], scope), []);
  const error = raises('NOT_FOUND', () =>
    renderMany([short[0], new Template('<< environment.variables.NOPE >>')], scope));
  assert.equal(error.subject, 'NOPE');
}));

test('statements', () => withScope((_, session) => {
  session.variables.putSync('development', 'LIMIT', '10', { type: Type.NUMBER });
  const scope = session.scopeSync('development');
  const template = new Template('SELECT * FROM << params.t | ident >> WHERE a = << params.a >> AND b = '
    + '<< params.b >> AND k = << environment.variables.KEY >> AND n IS << params.n >> LIMIT '
    + '<< environment.variables.LIMIT >>', { context: Context.SQL, dialect: envres.Dialect.POSTGRES });
  const params = new Params({ t: 'users', a: "x' OR 1", b: true, n: null }, { allow: ['users'] });
  const statement = template.prepare(scope, params);
  assert.equal(statement.text,
    'SELECT * FROM "users" WHERE a = $1 AND b = $2 AND k = $3 AND n IS $4 LIMIT $5');
  assert.deepEqual([statement.first, statement.size, statement.names()[0]], [1, 5, 'params.a']);
  const values = statement.parameters();
  assert.ok(values[2].equals(new Secret(MARK)) && !inspect(values).includes(MARK));
  assert.deepEqual(statement.reveal(), ["x' OR 1", true, MARK, null, 10]);
  statement.close();
  raises('IDENT', () => template.prepare(scope, { t: 'users', a: 1, b: 2, n: 3 }));
  raises('INVALID', () => template.render(scope, params));
  raises('INVALID', () => new Template('x', { context: Context.SQL }));
}));

// ---- callbacks --------------------------------------------------------------------------------

/** A provider that wraps with exclusive or, and remembers. */
class Vault {
  keys = [];

  wrap(principal, key, aad) {
    assert.deepEqual([principal.length, key.length, aad.length > 0], [16, 32, true]);
    this.keys.push(key);
    return key.map((byte) => byte ^ 0x5A);
  }

  unwrap(principal, blob) {
    if (this.fails) throw this.fails;
    return blob.map((byte) => byte ^ 0x5A);
  }
}

test('a key provider, on this thread and from others', async () => {
  const vault = new Vault();
  const store = await Store.create(null, Credential.provider(vault));
  assert.ok(vault.keys[0].equals(Buffer.alloc(32)), 'what wrap() was given is wiped');
  store.sessionSync(Credential.provider(vault)).close();
  (await store.session(Credential.provider(vault))).close();
  (await Promise.all(Array.from({ length: 12 }, () => store.session(Credential.provider(vault)))))
    .forEach((session) => session.close());
  vault.fails = new RangeError(MARK);
  for (const error of [raises('CALLBACK', () => store.sessionSync(Credential.provider(vault))),
    await rejects('CALLBACK', store.session(Credential.provider(vault)))]) {
    assert.equal(error.cause, vault.fails);
    assert.ok(error instanceof envres.CallbackError && !String(error).includes(MARK));
  }
  for (const unwrap of [() => Buffer.from('short'), () => 5, () => undefined, async () => Buffer.alloc(32)]) {
    const provider = Credential.provider({ wrap: vault.wrap, unwrap });
    assert.ok(raises('CALLBACK', () => store.sessionSync(provider)).cause instanceof TypeError);
    assert.ok((await rejects('CALLBACK', store.session(provider))).cause instanceof TypeError);
  }
  assert.throws(() => store.sessionSync(Credential.provider({})), TypeError);
  // A callback may use the store that is being used on another thread.
  const nested = { wrap: vault.wrap, unwrap: (...given) => {
    vault.fails = undefined;
    store.pollSync();
    store.sessionSync(Credential.provider(vault)).close();
    return vault.unwrap(...given);
  } };
  (await store.session(Credential.provider(nested))).close();
  store.sessionSync(Credential.provider(nested)).close();
  store.close();
});

test('a clock', async () => {
  let now = 1700000000000;
  const warned = [];
  const listen = (warning) => warned.push(warning);
  process.on('warning', listen);
  const clock = () => {
    if (now === null) throw new Error(MARK);
    return now;
  };
  await withSession(async (session) => {
    session.variables.putSync('development', 'A', '1');
    now += 1000;
    await session.variables.put('development', 'A', '2');
    const times = session.variables.historySync('development', 'A').map((row) => row.time.getTime());
    assert.deepEqual(times, [1700000001000, 1700000000000]);
    now = null;
    session.variables.putSync('development', 'A', '3');
    await session.variables.put('development', 'A', '4');
    const [latest] = session.variables.historySync('development', 'A');
    assert.ok(Math.abs(latest.time.getTime() - Date.now()) < 60000);
    await new Promise(setImmediate);
    assert.ok(warned.length >= 2 && warned.every((one) => !one.message.includes(MARK)));
    now = 1700000002000;
  }, { clock });
  process.off('warning', listen);
});

test('an anchor', () => inFolder(async (folder) => {
  const states = new Map();
  const anchor = {
    load: (workspace) => states.get(workspace.toString('hex')),
    store(workspace, expected, sequence, hash) {
      if (anchor.fails) throw anchor.fails;
      states.set(workspace.toString('hex'), { sequence, hash: Buffer.from(hash) });
    },
  };
  const file = path.join(folder, 's');
  const store = await Store.create(file, OWNER, { anchor });
  const session = await store.session(OWNER);
  await session.variables.put('development', 'A', '1');
  store.backupSync(path.join(folder, 'old'));
  session.variables.putSync('development', 'A', '2');
  const [{ sequence, hash }] = states.values();
  assert.ok(sequence >= 2 && hash.length === 32);
  anchor.fails = new Error(MARK);
  const put = (value) => session.variables.put('development', 'A', value);
  const error = await rejects('CALLBACK', put('3').then(() => put('4')));
  assert.ok(error.cause === anchor.fails && !String(error).includes(MARK));
  anchor.fails = undefined;
  session.close();
  store.close();
  const old = await Store.open(path.join(folder, 'old'), { anchor });
  await rejects('ROLLBACK', old.session(OWNER));
  raises('ROLLBACK', () => old.sessionSync(OWNER));
  old.close();
  const plain = Store.openSync(path.join(folder, 'old'));
  plain.sessionSync(OWNER).close();
  plain.close();
}));

test('an audit sink', async () => {
  const given = [];
  let fails;
  const auditSink = (checkpoint) => {
    if (fails) throw fails;
    given.push(checkpoint);
  };
  const bob = Credential.rawKey(Buffer.alloc(32, 2));
  await withSession(async (session) => {
    await session.principals.add('bob', bob);
    const last = given.at(-1);
    assert.deepEqual([last.workspace.length, last.signer.length, last.signKey.length, last.hash.length,
      last.signature.length], [16, 16, 32, 32, 64]);
    await session.audit.check(last);
    assert.throws(() => session.audit.checkSync({ ...last, sequence: last.sequence + 100 }),
      envres.IntegrityError);
    fails = new Error(MARK);
    const remove = async () => {
      await session.principals.remove('bob');
      await session.variables.put('development', 'A', '1');
    };
    assert.equal((await rejects('CALLBACK', remove())).cause, fails);
    fails = undefined;
  }, { auditSink });
});

test('a sink that fails while a session is closed is reported', async () => {
  const warned = [];
  const listen = (warning) => warned.push(warning);
  process.on('warning', listen);
  let fails;
  const store = Store.createSync(null, OWNER, { auditSink: () => { if (fails) throw fails; } });
  const session = store.sessionSync(OWNER);
  session.variables.putSync('development', 'A', '1');
  fails = new Error(MARK);
  session.close();
  store.close();
  await new Promise(setImmediate);
  process.off('warning', listen);
  assert.ok(warned.length === 1 && !warned[0].message.includes(MARK), inspect(warned));
});

test('a sink that closes the session of the call that it fails', async () => {
  const warned = [];
  const listen = (warning) => warned.push(warning);
  process.on('warning', listen);
  const broken = new Error(MARK);
  let [fails, closes, session] = [false, false];
  const store = Store.createSync(null, OWNER, { auditSink() {
    if (closes) session.close();
    if (fails) throw broken;
  } });
  session = store.sessionSync(OWNER);
  session.principals.addSync('bob', Credential.rawKey(Buffer.alloc(32, 2)));
  fails = true;
  session.principals.removeSync('bob'); // It stands; the next change is refused.
  closes = true;
  assert.equal(raises('CALLBACK', () => session.variables.putSync('development', 'A', '1')).cause, broken);
  assert.ok(session.closed);
  store.close();
  await new Promise(setImmediate);
  process.off('warning', listen);
  assert.equal(warned.length, 1, 'the sink was asked once more while the session was closed');
});

test('callbacks that refer to their store are collected when it was closed', async () => {
  const made = async () => {
    const held = { clock: () => (held.store, 1700000000000) };
    held.store = await Store.create(null, OWNER, { clock: held.clock });
    held.session = await held.store.session(OWNER);
    held.store.close();
    held.session.variables.putSync('development', 'A', '1');
    held.session.close();
    return new WeakRef(held);
  };
  const all = [];
  for (let i = 0; i < 5; i++) all.push(await made());
  for (let i = 0; i < 50 && all.some((one) => one.deref()); i++) {
    await new Promise(setImmediate);
    global.gc();
  }
  assert.deepEqual(all.filter((one) => one.deref()).length, 0);
});

test('a probe', () => withScope(async (scope) => {
  let seen;
  const probe = (crm) => {
    seen = crm;
    assert.equal(crm.get('host'), 'db');
    assert.equal(crm.get('password').reveal(), MARK);
    scope.get('HOST');
  };
  scope.testResourceSync('crm', probe);
  assert.ok(seen.closed);
  await scope.testResource('crm', async (crm) => {
    await new Promise(setImmediate);
    probe(crm);
  });
  assert.ok(seen.closed);
  const refusal = new envres.StoreError('no route', { status: Status.IO, hint: 'look', subject: 'crm' });
  const refuse = () => { throw refusal; };
  const broken = () => { throw new RangeError(MARK); };
  for (const [thrower, code, check] of [[refuse, 'IO', (error) => error === refusal],
    [broken, 'CALLBACK', (error) => error.cause instanceof RangeError && error.message.includes('RangeError')]]) {
    assert.ok(check(raises(code, () => scope.testResourceSync('crm', thrower))));
    assert.ok(check(await rejects(code, scope.testResource('crm', thrower))));
  }
  raises('CALLBACK', () => scope.testResourceSync('crm', async () => {}));
  raises('NOT_FOUND', () => scope.testResourceSync('crn', probe));
  await rejects('NOT_FOUND', scope.testResource('crn', probe));
}));

// ---- the event loop, memory -------------------------------------------------------------------

test('the event loop goes on while a key is derived', async () => {
  let ran = 0;
  const timer = setInterval(() => { ran++; }, 1);
  (await Store.create(null, Credential.passphrase('p', { kdfPasses: 2, kdfMemory: 64 << 20 }))).close();
  clearInterval(timer);
  assert.ok(ran >= 3, `${ran} turns`);
});

const resident = () => {
  global.gc();
  return process.memoryUsage.rss();
};

/* Node gives back what was collected between turns of the event loop. */
const turn = () => new Promise(setImmediate);

plainly('memory stays flat', () => withScope(async (_, session) => {
  const template = new Template('<< environment.variables.KEY >>');
  const use = async (times) => {
    for (let i = 0; i < times; i++) {
      if (i % 100 === 0) await turn();
      const one = session.scopeSync('development');
      template.render(one).close();
      one.resource('crm').close();
      one.explain('HOST');
      assert.throws(() => new Template('<< environment.name'));
      one.close();
    }
    await turn();
    return resident();
  };
  await use(5000);
  const before = await use(5000);
  const after = await use(10000);
  assert.ok(after - before < 8 << 20, `${before} -> ${after}`);
}));

plainly('memory stays flat over calls on other threads', async () => {
  const vault = { wrap: (_, key) => key.map((byte) => byte ^ 1), unwrap: (_, blob) => blob.map((byte) => byte ^ 1) };
  const store = await Store.create(null, Credential.provider(vault), { clock: () => 1700000000000, auditSink() {} });
  const use = async (times) => {
    for (let i = 0; i < times; i++) {
      const session = await store.session(Credential.provider(vault));
      const scope = await session.scope('development');
      await Promise.all([session.environments.list(), rejects('NOT_FOUND', session.variables.put('nowhere', 'A', 'x'))]);
      scope.close();
      session.close();
    }
    await turn();
    return resident();
  };
  await use(400);
  const before = await use(200);
  const after = await use(600);
  store.close();
  assert.ok(after - before < 4 << 20, `${before} -> ${after}`);
});

plainly('what is dropped is given back', () => withScope(async (_, session) => {
  const use = async (times) => {
    for (let i = 0; i < times; i++) {
      session.scopeSync('development').resource('crm');
      if (i % 500 === 0) {
        global.gc();
        await new Promise(setImmediate);
      }
    }
    await new Promise(setImmediate);
    return resident();
  };
  await use(3000);
  const before = await use(3000);
  const after = await use(10000);
  assert.ok(after - before < 8 << 20, `${before} -> ${after}`);
}));

test('files are closed', () => inFolder(async (folder) => {
  const file = path.join(folder, 's');
  Store.createSync(file, OWNER).close();
  const use = async (times) => {
    for (let i = 0; i < times; i++) {
      const store = Store.openSync(file);
      const session = await store.session(OWNER);
      (await session.scope('development')).close();
      session.close();
      store.close();
    }
    return fs.readdirSync('/proc/self/fd').length;
  };
  const files = await use(20);
  assert.equal(await use(200), files);
}));

test('keys are random', () => {
  const [one, two] = [envres.generateKey(), envres.generateKey()];
  assert.ok(!one.equals(two) && one.revealBytes().length === KEY.length);
  assert.ok(CHANGE.reason && internals('handle.js').addon.statuses().ENVRES_OK === 0);
});
