// SPDX-License-Identifier: MIT
'use strict';

/* Several environments of Node in one process, and the end of one while calls are running. */
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { promisify } = require('node:util');
const { Worker, workerData } = require('node:worker_threads');
const { OWNER, envres, folder } = require('./common.js');

const { ClosedError, Credential, Store, Template } = envres;
const run = promisify(execFile);

function newStore(t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'envres-test-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  const file = path.join(made, 's');
  const store = Store.createSync(file, OWNER);
  const session = store.sessionSync(OWNER);
  session.variables.putSync('development', 'HOST', 'db.dev');
  session.close();
  store.close();
  return file;
}

/** A worker that runs a function's text with envres, a file and its number; what it posted. */
function inWorker(work, data) {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const envres = require(${JSON.stringify(folder)});
    (${work})(envres, workerData, parentPort).catch((error) => { throw error; });`;
  return new Worker(source, { eval: true, workerData: data });
}

const ended = (worker) => new Promise((resolve, reject) => {
  const posted = [];
  worker.on('message', (message) => posted.push(message));
  worker.on('error', reject);
  worker.on('exit', (code) => resolve({ code, posted }));
});

test('eight workers', async (t) => {
  const file = newStore(t);
  const work = async ({ Credential, Store, Template, NotFoundError, Secret }, { file, number }, port) => {
    const owner = Credential.rawKey(Uint8Array.from({ length: 32 }, (_, i) => i + 1));
    const store = await Store.open(file, { busyTimeoutMs: 60000 });
    const session = await store.session(owner);
    const scope = await session.scope('development');
    const template = new Template('<< environment.variables.HOST >>-<< params.n >>');
    for (let turn = 0; turn < 300; turn++) {
      const text = template.render(scope, { n: number });
      if (text !== `db.dev-${number}`) throw new Error(text);
      try {
        scope.get(`T${number}`);
        throw new Error('it is not there');
      } catch (error) {
        if (!(error instanceof NotFoundError) || error.subject !== `T${number}`) throw error;
      }
    }
    await session.variables.put('development', `W${number}`, new Secret(`secret-${number}`));
    const fresh = await session.latest(scope);
    port.postMessage(fresh.get(`W${number}`).reveal());
    if (number % 2) session.close(); // The others leave it to the end of the worker.
  };
  const ends = await Promise.all(Array.from({ length: 8 }, (_, number) => ended(inWorker(work, { file, number }))));
  ends.forEach(({ code, posted }, number) => assert.deepEqual([code, posted], [0, [`secret-${number}`]]));
  const store = Store.openSync(file);
  const session = store.sessionSync(OWNER);
  assert.equal(session.scopeSync('development').size, 9);
  session.close();
  store.close();
});

test('objects stay in their environment', async (t) => {
  const store = Store.openSync(newStore(t));
  const work = async (envres, given, port) => {
    try {
      new envres.Template('x').render(given);
    } catch (error) {
      port.postMessage(error.constructor.name);
    }
  };
  const scope = store.sessionSync(OWNER).scopeSync('development');
  const { posted } = await ended(inWorker(work, scope));
  assert.deepEqual(posted, ['TypeError']);
  assert.equal(new Template('x').render(scope), 'x');
  store.close();
  assert.throws(() => store.pollSync(), ClosedError);
});

test('a worker ends while calls are running', async () => {
  const work = async ({ Credential, Store }, _, port) => {
    const provider = { wrap: (id, key) => key.map((b) => b ^ 1), unwrap: (id, blob) => blob.map((b) => b ^ 1) };
    const store = await Store.create(null, Credential.provider(provider));
    const word = Credential.passphrase('p', { kdfPasses: 2, kdfMemory: 64 << 20 });
    for (let i = 0; i < 4; i++) Store.create(null, word).catch(() => {});
    for (let i = 0; i < 8; i++) store.session(Credential.provider(provider)).catch(() => {});
    port.postMessage('running');
    setInterval(() => {}, 1000);
  };
  for (let turn = 0; turn < 3; turn++) {
    const worker = inWorker(work);
    const end = ended(worker);
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    assert.deepEqual((await end).posted, ['running']);
  }
});

test('the process ends while a call waits for a callback', async () => {
  const source = `
    const { Credential, Store } = require(${JSON.stringify(folder)});
    const provider = { wrap: (id, key) => key.map((b) => b ^ 1), unwrap: (id, blob) => blob.map((b) => b ^ 1) };
    Store.create(null, Credential.provider(provider)).then((store) => {
      for (let i = 0; i < 8; i++) store.session(Credential.provider(provider)).catch(() => {});
      const until = Date.now() + 300;
      while (Date.now() < until); // The calls begin, ask, and wait for this thread.
      console.log('leaving');
      process.exit(7);
    });`;
  const failed = await run(process.execPath, ['-e', source], { timeout: 60000 }).catch((error) => error);
  assert.deepEqual([failed.code, failed.stdout, failed.killed], [7, 'leaving\n', false]);
  assert.ok(Credential && workerData === null);
});
