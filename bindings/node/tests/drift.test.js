// SPDX-License-Identifier: MIT
'use strict';

/* Everything public in C is there in Node: bindings/api.json against the addon and the package's sources. */
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { ROOT, api, envres, folder, internals, withSession } = require('./common.js');

const PACKAGE = path.join(ROOT, 'bindings', 'node');
const { addon } = internals('handle.js');
const constants = internals('constants.js');
const read = (...names) => fs.readFileSync(path.join(...names), 'utf8');

// What has no method, and why.
const UNBOUND = {
  envres_scope_ref: 'a Scope is a reference; names of it are those of JavaScript',
  envres_template_ref: 'likewise',
  envres_bound_ref: 'likewise',
  envres_error_set_position: 'a probe has no text of the caller\'s',
  envres_value_redacted: 'Secret.redacted() does it from the ranges',
  envres_type_name: 'the keys of Type',
  envres_role_name: 'the keys of Role',
  envres_nul_terminated: 'the shim sees the macro',
};
const UNSET = {
  'envres_store_options.allocator': 'a function of JavaScript for every allocation, under a lock',
  'envres_template_options.allocator': 'likewise',
  'envres_redactor_options.allocator': 'likewise',
};
const UNUSED = {
  ENVRES_QUERY_TEXTS: 'how many there are; each has a method',
  ENVRES_TEMPLATE_BORROW: 'bytes of JavaScript may move; the text is copied',
};

const javascript = fs.readdirSync(path.join(PACKAGE, 'lib'))
  .filter((name) => name !== 'constants.js' && name !== 'rows.js')
  .map((name) => read(PACKAGE, 'lib', name)).join('\n');
const native = ['addon.c', 'call.c', 'callback.c', 'fast.c', 'handle.c', 'result.c', 'table.inc']
  .map((name) => read(PACKAGE, 'native', name)).join('\n');

test('every function is called', () => {
  const declared = new Set(api().functions.map((one) => one.name));
  for (const { name, exported } of api().functions) {
    if (!exported || name in UNBOUND) continue;
    const short = name.slice('envres_'.length);
    if (short in addon.now) {
      assert.ok(short in addon.later);
      assert.match(javascript, new RegExp(`(now\\.|')${short}\\b`), `${name} has no method`);
    } else {
      assert.match(native, new RegExp(`\\b${name}\\b`), `${name} is not called`);
    }
  }
  for (const name of Object.keys(addon.now)) assert.ok(declared.has(`envres_${name}`), name);
  for (const name of Object.keys(UNBOUND)) assert.ok(declared.has(name) && !native.includes(`${name}(`), name);
});

test('every field is set', () => {
  for (const struct of api().structs) {
    if (['envres_allocator', 'envres_checkpoint'].includes(struct.name)) continue;
    for (const { name, doc } of struct.fields) {
      if (['size', 'reserved', 'count', 'user'].includes(name) || /_len$|_user$/.test(name)
        || `${struct.name}.${name}` in UNSET) continue;
      if (name === 'flags' && !doc.includes('ENVRES_')) continue; // It has none yet.
      assert.match(javascript, new RegExp(`\\b${name}\\b`), `${struct.name}.${name}`);
    }
  }
});

test('every constant is used', () => {
  for (const group of api().constants) {
    if (group.header === 'testing.h') continue;
    for (const { name, value } of group.constants) {
      const short = name.slice('ENVRES_'.length);
      if (short in constants) {
        assert.equal(constants[short], value);
        assert.ok(name in UNUSED || new RegExp(`\\b${short}\\b`).test(javascript), name);
      } else {
        const found = Object.entries(constants).some(([kind, values]) =>
          short.startsWith(`${kind.toUpperCase().replace('KIND', '')}_`)
          && values[short.slice(kind.replace('Kind', '').length + 1)] === value);
        assert.ok(found, name);
      }
    }
  }
});

test('codes', () => {
  const described = Object.fromEntries(api().errors.map((one) => [one.name, one.value]));
  assert.deepEqual({ ...addon.statuses() }, described);
  const status = Object.fromEntries(Object.entries(envres.Status).map(
    ([name, value]) => [value === 0 ? 'ENVRES_OK' : `ENVRES_E_${name}`, value]));
  assert.deepEqual(status, described);
  for (const { name, value, family } of api().errors) {
    if (family === 'ok') continue;
    const error = internals('errors.js').makeError(value, name, 'm', '', '', null, null, null);
    assert.equal(error.constructor.name, constants.FAMILIES[value]);
    assert.ok(error instanceof envres[constants.FAMILIES[value]]);
    assert.equal(new envres.EnvresError('m', { status: value }).code, name);
  }
});

/** Names of methods and properties of a class, its own and those of its bases up to Object. */
function members(made) {
  const names = new Set();
  for (let at = made; at && at !== Object.prototype && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  ['constructor', 'length', 'name', 'prototype'].forEach((name) => names.delete(name));
  return [...names];
}

test('every name has a type, and is used by the test of types', () => withSession((session) => {
  const types = read(folder, 'index.d.ts') + read(folder, 'generated.d.ts');
  const used = read(PACKAGE, 'tests', 'types.ts');
  const missing = [];
  const need = (name, where) => {
    const single = name.replace(/Sync$/, '');
    if (!new RegExp(`\\b(${name}|${single})\\b`).test(types)) missing.push(`${where}${name}: no type`);
    if (!new RegExp(`\\b${name}\\b`).test(used)) missing.push(`${where}${name}: not in types.ts`);
  };
  for (const [name, one] of Object.entries(envres)) {
    if (name === 'Handle' || name === 'Typed') continue;
    need(name, '');
    if (typeof one !== 'function' || !one.prototype || one.prototype instanceof Error) continue;
    for (const member of members(one.prototype)) need(member, `${name}.`);
    for (const member of Object.getOwnPropertyNames(one)) {
      if (!['length', 'name', 'prototype'].includes(member)) need(member, `${name}.`);
    }
  }
  for (const name of ['environments', 'variables', 'resources', 'queries', 'apps', 'versions', 'parts', 'releases',
    'principals', 'roles', 'slots', 'keys', 'inbox', 'requests', 'audit']) {
    need(name, 'session.');
    for (const member of members(Object.getPrototypeOf(session[name]))) need(member, `${name}.`);
  }
  assert.deepEqual(missing.filter((one) => !/\.(toString|toJSON)/.test(one)), []);
}));

test('every public declaration is documented, with the function of C', () => {
  const types = read(folder, 'index.d.ts');
  for (const { name, exported, library } of api().functions) {
    const short = name.slice('envres_'.length);
    // Getters of handles are properties, whose own comment says enough.
    if (!exported || library !== 'envres' || name in UNBOUND || !(short in addon.now)) continue;
    if (/^(scope|statement|query|query_result|redactor|bound|params|resource_handle)_/.test(short)) continue;
    assert.ok(types.includes(`${name}()`) || short === 'version', name);
  }
});

test('both kinds of modules give the same', async () => {
  const module = await import(path.join(folder, 'index.mjs'));
  const { default: whole, ...names } = module;
  assert.equal(whole, envres);
  assert.deepEqual(Object.keys(names).sort(), Object.keys(envres).sort());
});

test('the naming table is complete', () => {
  const page = read(ROOT, 'bindings', 'README.md');
  for (const { name, library } of api().functions) {
    if (library === 'envres') assert.ok(page.includes(`\`${name}\``), name);
  }
});
