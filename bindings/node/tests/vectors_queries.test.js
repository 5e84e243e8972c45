// SPDX-License-Identifier: MIT
'use strict';

/* The shared vectors of queries, through the public interface. */
const assert = require('node:assert/strict');
const test = require('node:test');
const { CHANGE, counted, envres, textOf, vectors, withSession } = require('./common.js');

const { EnvresError, Params, Type, typed } = envres;
const typeOf = (name) => Type[name.toUpperCase()];

/** What a driver is given for a parameter, from its type and text. */
function bound({ type, value = null }) {
  switch (type) {
    case 'integer': return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
    case 'number': return Number(value);
    case 'boolean': return value === 'true';
    default: return value;
  }
}

/** Puts it and renders it; `step` is told how far it came. */
function runQuery(session, scope, given, step) {
  step('put');
  session.queries.putSync('q', given.resource, given.text ?? null,
    (given.declared ?? []).map((row) => ({ ...row, type: typeOf(row.type) })),
    { method: given.method, path: given.path, headers: given.headers, ...CHANGE });
  const query = session.queries.openSync('q');
  step('render');
  const params = new Params(Object.fromEntries(Object.entries(given.given ?? {}).map(
    ([name, row]) => [name, typed(typeOf(row.type), row.value)])));
  return query.render(scope, params, { readStrings: given.read_strings });
}

function checkResult(result, given) {
  const { statement } = result;
  assert.equal(statement !== null, 'statement' in given, given.name);
  if (statement) {
    const wanted = given.statement;
    assert.equal(statement.text, wanted.text, given.name);
    assert.deepEqual(statement.names(), wanted.params.map((row) => row.name), given.name);
    assert.deepEqual(statement.reveal(), wanted.params.map(bound), given.name);
    return;
  }
  const found = {};
  for (const name of ['method', 'path', 'headers', 'body']) {
    const text = result[name]();
    if (text !== null) found[name] = textOf(text);
  }
  assert.deepEqual(found, given.request, given.name);
}

test('queries', () => withSession((session) => {
  const document = vectors('queries.json');
  session.variables.putManySync('development', Object.entries(document.variables).map(
    ([name, row]) => ({ name, value: row.value, type: typeOf(row.type) })));
  for (const [handle, kind] of Object.entries(document.resources)) {
    session.resources.defineSync(handle, kind, CHANGE);
  }
  const scope = session.scopeSync('development');
  let count = 0;
  for (const given of document.cases) {
    count++;
    let at;
    try {
      checkResult(runQuery(session, scope, given, (step) => { at = step; }), given);
      assert.ok(!('error' in given), given.name);
    } catch (error) {
      if (!(error instanceof EnvresError)) throw error;
      assert.equal(error.code, given.error, `${given.name}: ${error}`);
      assert.equal(at, given.when, given.name);
      assert.equal(error.subject, given.subject ?? error.subject, given.name);
    }
  }
  counted(count, document);
}));
