// SPDX-License-Identifier: MIT
'use strict';

/* The README's examples do what they say, and the example host serves what is live. */
const assert = require('node:assert/strict');
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { promisify } = require('node:util');
const { pathToFileURL } = require('node:url');
const { CHANGE, KEY, OWNER, ROOT, envres, ready, released, withSession } = require('./common.js');

const { CheckError, Secret } = envres;
const run = promisify(execFile);

/** A folder beside the installed package, so that programs in it find it. */
function beside(t) {
  const made = fs.mkdtempSync(path.join(process.cwd(), 'pages-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

test('the README runs', async (t) => {
  const page = fs.readFileSync(path.join(ROOT, 'bindings', 'node', 'README.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n([^]*?)^```/gm)].map((match) => match[1])
    .filter((block) => process.env.ENVRES_OFFLINE !== 'yes' || !block.includes('openfeature'));
  const folder = beside(t);
  fs.writeFileSync(path.join(folder, 'page.mjs'), blocks.join('\n'));
  const { stdout } = await run(process.execPath, ['page.mjs'], { cwd: folder });
  const said = [...blocks.join('').matchAll(/\/\/ -> (.*)/g)].map((match) => match[1]);
  assert.deepEqual(stdout.trimEnd().split('\n'), said);
  assert.ok(said.length >= 6);
});

/** What the host answers: status, release and text; what it logs. */
async function get(dashboard, url, log) {
  const found = {};
  const { error } = console;
  console.error = (line) => log.push(line);
  try {
    await dashboard.handle({ url }, {
      writeHead: (status, headers) => Object.assign(found, { status, release: headers['X-Release'] }),
      end: (text) => { found.text = text; },
    });
  } finally {
    console.error = error;
  }
  return [found.status, found.release, found.text];
}

test('the example host', (t) => withSession(async (session) => {
  const folder = beside(t);
  fs.copyFileSync(path.join(ROOT, 'examples', 'node', 'dashboard.mjs'), path.join(folder, 'dashboard.mjs'));
  const { Dashboard } = await import(pathToFileURL(path.join(folder, 'dashboard.mjs')).href);
  const home = (data) => ({ path: 'pages/home.json', data, public: true });
  session.apps.createSync('support');
  session.parts.putSync('support', 'v1', [home('{"in": "<< environment.name >>"}'),
    { path: 'pages/odd.json', data: '{"key": "<< environment.variables.KEY >>"}', public: true },
    { path: 'queries/secret.sql', data: 'SELECT 1' }]);
  session.variables.putSync('development', 'KEY', new Secret('s3cr3t'));
  for (const key of ['staging', 'production']) {
    session.variables.putSync(key, 'KEY', 'plain is another class', { secret: true, ...CHANGE });
  }
  assert.throws(() => ready(session, 'support', 'v1'), CheckError);
  session.parts.putSync('support', 'v1', [{ path: 'pages/odd.json', data: '"<< params.p >>"', public: true }]);
  ready(session, 'support', 'v1');
  released(session, 'support', 'v1', '1.0.0');
  const dashboard = await Dashboard.open(session, 'production', 'support');
  const log = [];
  assert.deepEqual(await get(dashboard, '/pages/home.json', log), [200, '1.0.0', '{"in": "production"}']);
  for (const url of ['/queries/secret.sql', '/nothing', '/', '/../pages/home.json']) {
    assert.equal((await get(dashboard, url, log))[0], 404);
  }
  assert.deepEqual(log, []);
  assert.deepEqual(await get(dashboard, '/pages/odd.json', log), [500, '', '{"error":"ENVRES_E_NOT_SET"}']);
  assert.ok(log[0].includes("'p' was not given"));
  session.versions.createSync('support', 'v2');
  session.parts.putSync('support', 'v2', [home('{"v": 2}')]);
  ready(session, 'support', 'v2');
  released(session, 'support', 'v2', '2.0.0');
  const both = await Promise.all([get(dashboard, '/pages/home.json?x', log), get(dashboard, '/pages/home.json', log)]);
  for (const answer of both) assert.deepEqual(answer.slice(1), ['2.0.0', '{"v": 2}']);
  session.releases.rollbackSync('support', { expectLive: 2, ...CHANGE });
  assert.deepEqual((await get(dashboard, '/pages/home.json', log)).slice(1), ['1.0.0', '{"in": "production"}']);
}));

test('the example host as a program', async (t) => {
  const folder = beside(t);
  fs.copyFileSync(path.join(ROOT, 'examples', 'node', 'dashboard.mjs'), path.join(folder, 'dashboard.mjs'));
  fs.writeFileSync(path.join(folder, 'key'), KEY, { mode: 0o600 });
  const store = envres.Store.createSync(path.join(folder, 'store'), OWNER);
  const session = store.sessionSync(OWNER);
  session.apps.createSync('shop');
  session.parts.putSync('shop', 'v1', [{ path: 'home.txt', data: 'in << environment.name >>', public: true }]);
  ready(session, 'shop', 'v1');
  released(session, 'shop', 'v1', '1.0.0');
  session.close();
  store.close();
  const host = spawn(process.execPath, ['dashboard.mjs', 'store', 'key', 'production', 'shop', '0'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => host.once('exit', resolve));
  const [address] = await new Promise((resolve, reject) => {
    host.stdout.once('data', (data) => resolve(/http:\S+/.exec(data)));
    ended.then(() => reject(new Error('the host has ended')));
  });
  const answer = await fetch(`${address}home.txt`);
  assert.deepEqual([answer.status, answer.headers.get('x-release'), await answer.text()], [200, '1.0.0', 'in production']);
  host.kill('SIGTERM');
  assert.equal(await ended, 0);
});
