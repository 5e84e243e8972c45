// SPDX-License-Identifier: MIT
'use strict';

/*
 * The shared vectors of templates, statements and resources, through the public interface. Each test
 * goes through all cases of its file and compares their number with the file's own.
 */
const assert = require('node:assert/strict');
const test = require('node:test');
const { CHANGE, counted, envres, raises, textOf, vectors, withSession } = require('./common.js');

const { Context, Params, Secret, Template, Type, typed } = envres;
const typeOf = (name) => Type[name.toUpperCase()];

// ---- templates.json ---------------------------------------------------------------------------

function fillTemplates(session, environments) {
  const there = new Set(session.environments.listSync().map((row) => row.key));
  for (const [key, environment] of Object.entries(environments)) {
    const call = there.has(key) ? 'setSync' : 'addSync';
    session.environments[call](key, { label: environment.label, ...CHANGE });
    const writes = Object.entries(environment.variables ?? {}).map(([name, row]) =>
      ({ name, value: row.value, type: typeOf(row.type), secret: row.secret ?? false }));
    writes.sort((a, b) => (a.type === Type.TEMPLATE) - (b.type === Type.TEMPLATE));
    session.variables.putManySync(key, writes, CHANGE);
    for (const [handle, resource] of Object.entries(environment.resources ?? {})) {
      session.resources.defineSync(handle, resource.kind, CHANGE);
      const fields = Object.entries(resource.fields);
      session.resources.configureSync(key, handle,
        Object.fromEntries(fields.map(([name, field]) => [name, field.value])),
        { secret: fields.filter(([, field]) => field.secret).map(([name]) => name), ...CHANGE });
    }
  }
}

function sourceOf(given) {
  if (given.template_hex !== undefined) return Buffer.from(given.template_hex, 'hex');
  return given.parts ? given.parts.map(([part, times]) => part.repeat(times)).join('') : given.template;
}

const paramsOf = (rows, allow) => new Params(Object.fromEntries(Object.entries(rows ?? {}).map(
  ([name, row]) => [name, typed(typeOf(row.type), row.secret ? new Secret(row.value) : row.value)])),
{ allow });

function runTemplate(given, scope) {
  const template = new Template(sourceOf(given),
    { context: Context[given.context.toUpperCase()], strict: given.strict });
  if (given.references) {
    assert.deepEqual(template.references().map(({ hint, ...row }) =>
      ({ ...row, default: Number(row.default), ...(hint === null ? {} : { hint }) })),
    given.references, given.name);
  }
  const params = paramsOf(given.params);
  const options = { noSecrets: given.no_secrets };
  const out = template.render(scope, params, options);
  assert.equal(textOf(template.bind(scope, params, options).render()), textOf(out));
  if (!given.params && !given.no_secrets) assert.equal(textOf(template.render(scope)), textOf(out));
  return out;
}

function placed(error, given) {
  for (const place of ['offset', 'line', 'column']) {
    if (place in given) assert.equal(error[place], given[place], `${given.name}: ${place}`);
  }
}

/** What it throws, which must be an error of the library. */
function failure(run) {
  try {
    return { out: run() };
  } catch (error) {
    if (!(error instanceof envres.EnvresError)) throw error;
    return { error };
  }
}

test('templates', () => withSession((session) => {
  const document = vectors('templates.json');
  fillTemplates(session, document.environments);
  for (const row of document.refused) {
    raises(row.error.slice('ENVRES_E_'.length), () => session.variables.putSync(row.environment,
      row.variable, row.value, { type: typeOf(row.type), ...CHANGE }));
  }
  const scopes = Object.fromEntries(Object.keys(document.environments).map(
    (key) => [key, session.scopeSync(key)]));
  let count = 0;
  for (const given of document.cases) {
    count++;
    const { out, error } = failure(() => runTemplate(given, scopes[given.environment]));
    assert.equal(error?.code, given.error, `${given.name}: ${error ?? textOf(out)}`);
    if (error) {
      placed(error, given);
      continue;
    }
    assert.equal(textOf(out), given.expect, given.name);
    if ('secret' in given) assert.equal(out instanceof Secret, given.secret, given.name);
  }
  counted(count, document);
}));

// ---- resources.json ---------------------------------------------------------------------------

function runResource(session, given, step) {
  const environment = given.environment ?? 'development';
  for (const row of given.variables ?? []) {
    session.variables.putSync(row.environment, row.name, row.value,
      { type: typeOf(row.type), secret: row.secret ?? false, ...CHANGE });
  }
  step('define');
  session.resources.defineSync('it', given.kind, CHANGE);
  step(null);
  for (const [key, fields] of Object.entries(given.elsewhere ?? {})) {
    session.resources.configureSync(key, 'it', fields, CHANGE);
  }
  step('configure');
  if (given.fields !== null) {
    session.resources.configureSync(environment, 'it', given.fields,
      { secret: given.secret ?? [], ...CHANGE });
  }
  step('fallback');
  if ('fallback' in given) session.resources.fallbackSync(environment, 'it', given.fallback, CHANGE);
  step(null);
  const scope = session.scopeSync(environment);
  step('resolve');
  return scope.resource('it');
}

function checkResource(given, resource, order) {
  const { expect } = given;
  const found = Object.fromEntries([...resource].map(([name, text]) => [name, textOf(text)]));
  assert.deepEqual(found, expect.fields, given.name);
  assert.deepEqual(resource.secretFields().sort(), [...expect.secret_fields].sort(), given.name);
  for (const [name, text] of resource) {
    assert.equal(text instanceof Secret, expect.secret_fields.includes(name), given.name);
  }
  if (given.kind !== 'custom') {
    assert.deepEqual([...resource.keys()], order[given.kind].filter((name) => resource.has(name)));
  }
  for (const [what, call] of [['url', 'url'], ['redacted_url', 'redactedUrl'], ['dsn', 'dsn']]) {
    const { out = null, error } = failure(() => resource[call]());
    if (error) assert.equal(error.code, 'ENVRES_E_FIELD');
    assert.equal(textOf(out), expect[what], `${given.name}: ${what}`);
    assert.equal(out instanceof Secret, expect[`${what}_secret`] ?? false, given.name);
  }
  assert.equal(resource.environment, expect.environment ?? given.environment ?? 'development');
  assert.equal(resource.isFallback, expect.fallback ?? false, given.name);
}

test('resources', () => {
  const document = vectors('resources.json');
  const order = {};
  for (const row of envres.kinds()) (order[row.name] ??= []).push(row.field);
  let count = 0;
  for (const given of document.cases) {
    count++;
    withSession((session) => {
      let at;
      const { out, error } = failure(() => runResource(session, given, (step) => { at = step; }));
      assert.equal(error?.code, given.error?.code, `${given.name}: ${error}`);
      if (!error) {
        checkResource(given, out, order);
        return;
      }
      assert.equal(at, given.error.at, given.name);
      assert.equal(error.subject, given.error.subject ?? error.subject, given.name);
      assert.ok((error.message + error.hint).includes(given.error.mentions ?? ''), given.name);
    });
  }
  counted(count, document);
});

// ---- sql.json ---------------------------------------------------------------------------------

/** What a driver is given for a parameter, from its type and text. */
function bound({ type, value = null }) {
  switch (type) {
    case 'integer': return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value);
    case 'number': return Number(value);
    case 'boolean': return value === 'true';
    default: return value;
  }
}

function runStatement(given, scope, step) {
  step('parse');
  const template = new Template(given.template, {
    context: Context.SQL, dialect: envres.Dialect[given.dialect.toUpperCase()],
    style: envres.Style[(given.style ?? 'default').toUpperCase()],
  });
  step('render');
  const statement = template.prepare(scope, paramsOf(given.given, given.allow));
  assert.equal(statement.text, given.text, given.name);
  assert.equal(statement.first, given.first ?? 1, given.name);
  assert.deepEqual(statement.names(), given.params.map((row) => row.name), given.name);
  assert.deepEqual(statement.types(), given.params.map((row) => typeOf(row.type)), given.name);
  const [values, clear] = [statement.parameters(), statement.reveal()];
  given.params.forEach((row, i) => {
    assert.equal(values[i] instanceof Secret, row.secret ?? false, given.name);
    assert.deepEqual(clear[i], row.secret ? row.value : bound(row), given.name);
  });
  statement.close();
}

test('sql', () => withSession((session) => {
  const document = vectors('sql.json');
  session.variables.putManySync('development', Object.entries(document.variables).map(
    ([name, row]) => ({ name, value: row.value, type: typeOf(row.type), secret: row.secret ?? false })));
  const scope = session.scopeSync('development');
  let count = 0;
  for (const given of document.cases) {
    count++;
    let at;
    const { error } = failure(() => runStatement(given, scope, (step) => { at = step; }));
    assert.equal(error?.code, given.error, `${given.name}: ${error}`);
    if (!error) continue;
    assert.equal(at, given.when, given.name);
    placed(error, given);
    assert.ok((error.message + error.hint).includes(given.mentions ?? ''), given.name);
  }
  counted(count, document);
}));
