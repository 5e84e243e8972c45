// SPDX-License-Identifier: MIT
'use strict';

/*
 * Groups of the session: configuration. Each method is the C function of that name, as name() and
 * nameSync(); index.d.ts says what each takes.
 */
const {
  ENVIRONMENT_EDITORS_REVEAL, ENVIRONMENT_NO_EDITORS_REVEAL, ENVIRONMENT_NO_REASON,
  ENVIRONMENT_NO_ROLLBACK_APPROVALS, ENVIRONMENT_OFF_PATH, ENVIRONMENT_PROTECT, ENVIRONMENT_REASON,
  ENVIRONMENT_ROLLBACK_APPROVALS, ENVIRONMENT_SET_APPROVALS, ENVIRONMENT_UNPROTECT, FIELD_SECRET,
  FIELD_UNSET, QUERY_PARAM_OPTIONAL, READ_REVEAL, Type, WRITE_PLAIN, WRITE_SECRET,
} = require('./constants.js');
const { H, pointer, rowOf, rowsOf, twins } = require('./handle.js');
const { Secret } = require('./secret.js');
const { change, choice, expected, flagsOf, input } = require('./values.js');

/** What a session can do with one kind of thing. */
class Group {
  #session;

  constructor(session) {
    this.#session = session;
  }

  get [H]() {
    return pointer(this.#session);
  }
}

/** A class of a group, from its plans. */
function group(name, plans) {
  const made = { [name]: class extends Group {} }[name];
  twins(made.prototype, (self) => self[H], plans);
  return made;
}

const reveal = (options) => flagsOf([options?.reveal, READ_REVEAL]);

const Environments = group('Environments', {
  add(s, key, options = {}) {
    const { label, color, after, offPath } = options;
    const fields = { flags: flagsOf([offPath, ENVIRONMENT_OFF_PATH]), label, color, after };
    return ['environment_add', [s, key, fields, change(options)]];
  },
  remove: (s, key, options) => ['environment_remove', [s, key, change(options)]],
  set(s, key, options = {}) {
    const { label, color, approvals } = options;
    const flags = choice(options.protected, ENVIRONMENT_PROTECT, ENVIRONMENT_UNPROTECT)
      | choice(options.requireReason, ENVIRONMENT_REASON, ENVIRONMENT_NO_REASON)
      | choice(options.editorsReveal, ENVIRONMENT_EDITORS_REVEAL, ENVIRONMENT_NO_EDITORS_REVEAL)
      | choice(options.rollbackApprovals, ENVIRONMENT_ROLLBACK_APPROVALS,
        ENVIRONMENT_NO_ROLLBACK_APPROVALS)
      | (approvals === undefined ? 0 : ENVIRONMENT_SET_APPROVALS);
    return ['environment_set', [s, key, { flags, label, color, approvals }, change(options)]];
  },
  list: (s) => ['environment_list', [s], rowsOf('environment')],
  describe: (s, key) => ['environment_describe', [s, key], rowOf('environment')],
});

/** Fields of envres_variable_write. A Secret is written as a secret. */
function variableWrite({ name, value, type = Type.DEFAULT, secret, expect }) {
  const sealed = secret ?? (value instanceof Secret ? true : undefined);
  return {
    flags: choice(sealed, WRITE_SECRET, WRITE_PLAIN), name, value: input(value), type,
    expect_revision: expected(expect),
  };
}

/** Rows of an object or a Map, name by name; an iterable of rows stays. */
function listed(writes, row) {
  if (typeof writes?.[Symbol.iterator] === 'function' && !(writes instanceof Map)) return [...writes];
  const pairs = writes instanceof Map ? [...writes] : Object.entries(writes);
  return pairs.map(([name, value]) => row(name, value));
}

const Variables = group('Variables', {
  put: (s, environment, name, value, options = {}) => ['variable_put',
    [s, environment, variableWrite({ ...options, name, value }), change(options)]],
  putMany: (s, environment, writes, options) => ['variable_put_many',
    [s, environment, listed(writes, (name, value) => ({ name, value })).map(variableWrite),
      change(options)]],
  unset: (s, environment, name, options) =>
    ['variable_unset', [s, environment, name, change(options)]],
  get: (s, environment, name, options) => ['variable_get', [s, environment, name, reveal(options)]],
  list: (s, environment, options) =>
    ['variable_list', [s, environment, reveal(options)], rowsOf('variable')],
  history: (s, environment, name, options) =>
    ['variable_history', [s, environment, name, reveal(options)], rowsOf('history')],
  rename: (s, name, to, options) => ['variable_rename', [s, name, to, change(options)]],
  delete: (s, name, options) => ['variable_delete', [s, name, change(options)]],
  destroy: (s, environment, name, revision, options) =>
    ['variable_destroy', [s, environment, name, revision, change(options)]],
});

function resourceFields(fields, secret) {
  const sealed = new Set(secret);
  return listed(fields, (name, value) => [name, value]).map(([name, value]) => {
    if (value === null || value === undefined) return { flags: FIELD_UNSET, name, value: '' };
    const flags = flagsOf([sealed.has(name) || value instanceof Secret, FIELD_SECRET]);
    const plain = ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : input(value);
    return { flags, name, value: plain };
  });
}

const Resources = group('Resources', {
  define: (s, handle, kind, options) => ['resource_define', [s, handle, kind, change(options)]],
  configure(s, environment, handle, fields, options = {}) {
    const write = {
      handle, fields: resourceFields(fields, options.secret),
      expect_revision: expected(options.expect),
    };
    return ['resource_configure', [s, environment, write, change(options)]];
  },
  fallback: (s, environment, handle, to, options) => ['resource_fallback',
    [s, environment, { handle, to }, change(options)]],
  remove: (s, handle, options) => ['resource_remove', [s, handle, change(options)]],
  list: (s) => ['resource_list', [s], rowsOf('resource')],
  history: (s, environment, handle, options) =>
    ['resource_history', [s, environment, handle, reveal(options)], rowsOf('history')],
});

const queryParam = ({ name, type = Type.STRING, preset, optional }) =>
  ({ flags: flagsOf([optional, QUERY_PARAM_OPTIONAL]), name, preset, type });

const Queries = group('Queries', {
  put(s, name, resource, source, params = [], options = {}) {
    const { method, path, headers } = options;
    const write = {
      name, resource, text: source, method, path, headers, params: [...params].map(queryParam),
      expect_revision: expected(options.expect),
    };
    return ['query_put', [s, write, change(options)]];
  },
  restore: (s, name, revision, options) => ['query_restore', [s, name, revision, change(options)]],
  remove: (s, name, options) => ['query_remove', [s, name, change(options)]],
  list: (s) => ['query_list', [s], rowsOf('query_list')],
  history: (s, name) => ['query_history', [s, name], rowsOf('query_history')],
  open: (s, name, revision = 0) => ['query_open', [s, name, revision],
    (out) => new (require('./query.js').Query)(out)],
  pin: (s, app, version, name, revision = 0, options = {}) =>
    ['query_pin', [s, { app, version }, name, revision, change(options)]],
  unpin: (s, app, version, name, options) =>
    ['query_unpin', [s, { app, version }, name, change(options)]],
  pins: (s, app, version) => ['query_pins', [s, { app, version }], rowsOf('query_pin')],
});

module.exports = {
  Environments, Group, Queries, Resources, Variables, group, listed, variableWrite,
};
