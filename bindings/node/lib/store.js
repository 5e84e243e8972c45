// SPDX-License-Identifier: MIT
'use strict';

/* Stores and sessions. */
const {
  SCOPE_AUDITED, SCOPE_DAMAGED, STORE_ALLOW_FUSE, STORE_ANY_FILE_MODE, STORE_LOCKED_MEMORY,
  STORE_READ_ONLY, STORE_RELAXED,
} = require('./constants.js');
const { storeCallbacks } = require('./callbacks.js');
const { credentialFields } = require('./credential.js');
const groups = { ...require('./groups.js'), ...require('./releases.js') };
const { H, Handle, addon, pointer, rowOf, rowsOf, twins } = require('./handle.js');
const { Scan } = require('./redact.js');
const { Scope } = require('./scope.js');
const { change, flagsOf, pathOf } = require('./values.js');

/** Facts as a plain object. */
const facts = (table) => (list) =>
  Object.fromEntries(rowsOf(table)(list).map(({ name, value }) => [name, value]));

/** Fields of envres_store_options. */
function storeOptions(options) {
  const { busyTimeoutMs, kdfMemoryMax, vfs, workspace, ownerName } = options;
  return {
    flags: flagsOf([options.lockedMemory, STORE_LOCKED_MEMORY],
      [options.anyFileMode, STORE_ANY_FILE_MODE], [options.allowFuse, STORE_ALLOW_FUSE],
      [options.relaxed, STORE_RELAXED], [options.readOnly, STORE_READ_ONLY]),
    busy_timeout_ms: busyTimeoutMs, kdf_memory_max: kdfMemoryMax, vfs, workspace, owner: ownerName,
    ...storeCallbacks(options),
  };
}

class Store extends Handle {}

twins(Store, () => undefined, {
  create: (_, path, owner, options = {}) => ['store_create',
    [pathOf(path), storeOptions(options), credentialFields(owner)], (out) => new Store(out)],
  open: (_, path, options = {}) => ['store_open',
    [pathOf(path), storeOptions(options)], (out) => new Store(out)],
  salvage: (_, path, to, credential, options = {}) => ['store_salvage',
    [pathOf(path), pathOf(to), storeOptions(options), credentialFields(credential)],
    rowsOf('salvage')],
});

twins(Store.prototype, pointer, {
  session: (s, credential, workspace) => ['session_open',
    [s, workspace, credentialFields(credential)], (out) => new Session(out)],
  verify: (s, session) => ['store_verify',
    [s, session === undefined ? undefined : pointer(session, 'a Session')], rowsOf('verify')],
  backup: (s, path) => ['store_backup', [s, pathOf(path)]],
  poll: (s) => ['store_poll', [s], Boolean],
  info: (s) => ['store_info', [s], facts('info')],
});

class Session extends Handle {}

for (const name of ['Environments', 'Variables', 'Resources', 'Queries', 'Apps', 'Versions', 'Parts',
  'Releases', 'Principals', 'Roles', 'Slots', 'Keys', 'Inbox', 'Requests', 'Audit']) {
  const made = new WeakMap();
  Object.defineProperty(Session.prototype, name.toLowerCase(), {
    configurable: true,
    get() {
      if (!made.has(this)) made.set(this, new groups[name](this));
      return made.get(this);
    },
  });
}

twins(Session.prototype, pointer, {
  info: (s) => ['session_info', [s], facts('session')],
  actAs: (s, principal) => ['session_as', [s, principal], (out) => new Session(out)],
  scope(s, environment, options = {}) {
    const { app, tag, version, revision } = options;
    const flags = flagsOf([options.damaged, SCOPE_DAMAGED], [options.audited, SCOPE_AUDITED]);
    return ['scope_open', [s, environment, { flags, revision, app, tag, version }],
      (out) => new Scope(out)];
  },
  scan: (s, environment) => ['scan_open', [s, environment],
    ([out, findings]) => new Scan(out, rowsOf('finding')(findings))],
  latest: (s, scope) => ['scope_latest', [s, pointer(scope, 'a Scope')],
    (out) => (out === null ? scope : new Scope(out))],
  restore: (s, environment, revision, name, options) => ['restore',
    [s, environment, { name, revision }, change(options)]],
  references: (s, object) => ['references', [s, object], rowsOf('reference')],
  gc: (s, options) => ['session_gc', [s, change(options)], rowOf('gc')],
  deposit: (s, environment, name, value, options = {}) => ['deposit',
    [s, environment, groups.variableWrite({ ...options, name, value, expect: undefined }),
      change(options)]],
  rootKey: (s) => ['root_key', [s]],
});

const version = () => addon.now.version();
const kinds = () => rowsOf('kind')(addon.now.kind_list());

module.exports = { H, Session, Store, kinds, version };
