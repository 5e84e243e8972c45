// SPDX-License-Identifier: MIT
'use strict';

/*
 * What the tests share: a store in memory, its owner's session, the vectors of all languages. The package
 * is the one that was installed: it is looked for from the working folder, never beside the tests.
 */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const installed = createRequire(path.join(process.cwd(), 'here.js'));
const envres = installed('envres');
const folder = path.dirname(installed.resolve('envres/package.json'));
const internals = (name) => require(path.join(folder, 'lib', name));

const ROOT = process.env.ENVRES_TREE ?? path.join(__dirname, '../../..');
const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i + 1));
const CHANGE = { reason: 'a test' };
const OWNER = envres.Credential.rawKey(KEY);

const json = (...names) => JSON.parse(fs.readFileSync(path.join(ROOT, ...names), 'utf8'));
const vectors = (name) => json('tests', 'vectors', name);
const api = () => json('bindings', 'api.json');

/** A runner's last word. */
function counted(count, document) {
  assert.equal(count, document.count);
  console.log(`${count} cases`);
}

/** The text, also of a secret. */
const textOf = (value) => (value instanceof envres.Secret ? value.reveal() : value);

/** What `run` throws, which must have this code. */
function raises(code, run) {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof envres.EnvresError, error);
    assert.equal(error.code, `ENVRES_E_${code}`, String(error));
    return error;
  }
  return assert.fail(`nothing was thrown, not ${code}`);
}

/** The same for a promise. */
async function rejects(code, promise) {
  try {
    await promise;
  } catch (error) {
    return raises(code, () => { throw error; });
  }
  return assert.fail(`nothing was thrown, not ${code}`);
}

/** Runs with a store in memory and its owner's session; both are closed after it. */
function withSession(run, options = {}) {
  const store = envres.Store.createSync(null, OWNER, { clock: () => 1700000000000, ...options });
  const session = store.sessionSync(OWNER);
  const close = () => {
    session.close();
    store.close();
  };
  let result;
  try {
    result = run(session, store);
  } catch (error) {
    close();
    throw error;
  }
  if (typeof result?.then === 'function') return result.finally(close);
  close();
  return result;
}

/** Promotes a version through to an environment. */
function ready(session, app, version, to = 'production') {
  const seen = session.versions.describeSync(app, version);
  session.versions.promoteSync(app, version, to, { seen, through: true, reason: 'test' });
  return session.versions.describeSync(app, version);
}

/** Makes a version that is ready live. */
function released(session, app, version, tag) {
  const expectLive = session.apps.describeSync(app).liveSequence ?? 0;
  const seen = session.versions.describeSync(app, version);
  return session.releases.createSync(app, version, tag, { seen, expectLive, reason: 'test' }).release;
}

/* Columns that the library gives another name than their constant has. */
const NAMED = {
  ENVRES_EDIT_NUMBER: 'edit', ENVRES_KIND_NAME: 'kind', ENVRES_ENVIRONMENT_REVEALS: 'editors_reveal',
  ENVRES_ENVIRONMENT_ROLLBACKS: 'rollback_approvals',
};
const tables = Object.fromEntries(api().lists.map((table) => [table.name, table]));

/* Every list that any test reads has the columns that api.json says, and null only where it does. */
internals('handle.js').watch.list = (table, names, rows) => {
  const { columns } = tables[table];
  assert.deepEqual(names.slice(0, columns.length), columns.map((c) => NAMED[c.name] ?? c.column), table);
  for (const row of rows) {
    const values = Object.values(row);
    assert.equal(values.length, columns.length);
    columns.forEach((c, i) => assert.ok(values[i] !== null || c.null, `${table}.${c.column}`));
  }
};

module.exports = {
  CHANGE, KEY, OWNER, ROOT, api, counted, envres, folder, installed, internals, raises, ready, rejects,
  released, textOf, vectors, withSession,
};
