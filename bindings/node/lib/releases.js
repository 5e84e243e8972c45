// SPDX-License-Identifier: MIT
'use strict';

/* Groups of the session: apps, their versions, parts and releases; people, keys, requests, audit. */
const {
  APP_PIN_CONFIG, APP_PIN_NONE, APP_PROTECT, APP_UNPROTECT, Bump, DIFF_WITH_TEXT, MOVE_DRY_RUN,
  MOVE_THROUGH, PART_ABSENT, PART_PUBLIC, PART_REMOVE, REQUEST_ALL, VERSION_ALL, VERSION_EMPTY,
} = require('./constants.js');
const { credentialFields } = require('./credential.js');
const { group, listed } = require('./groups.js');
const { addon, rowOf, rowsOf } = require('./handle.js');
const { change, choice, exactly, flagsOf, input } = require('./values.js');

const appFields = (options = {}) => ({
  flags: choice(options.pinConfig, APP_PIN_CONFIG, APP_PIN_NONE)
    | choice(options.protected, APP_PROTECT, APP_UNPROTECT),
});

const Apps = group('Apps', {
  create: (s, name, options) => ['app_create', [s, name, appFields(options), change(options)]],
  set: (s, name, options) => ['app_set', [s, name, appFields(options), change(options)]],
  list: (s) => ['app_list', [s], rowsOf('app')],
  describe: (s, name) => ['app_describe', [s, name], rowOf('app')],
  status: (s, name) => ['app_status', [s, name], rowsOf('status')],
});

/** The row that was looked at before deciding: none is made up. */
function seenIn(options, what) {
  const { seen } = options ?? {};
  if (typeof seen?.stage !== 'string' || seen.content === undefined) {
    throw new TypeError(`${what} needs { seen }: the row of the version that was looked at`);
  }
  return { stage: seen.stage, content: exactly(seen.content, 32, 'content') };
}

function liveIn(options, what) {
  if (options?.expectLive === undefined) {
    throw new TypeError(`${what} needs { expectLive }: the sequence that was live, 0 for none`);
  }
  return options.expectLive;
}

const Versions = group('Versions', {
  create(s, app, name, options = {}) {
    const { base, description, empty } = options;
    const fields = { flags: flagsOf([empty, VERSION_EMPTY]), name, from: base, description };
    return ['version_create', [s, app, fields, change(options)], rowOf('version')];
  },
  set(s, app, version, options = {}) {
    const { name, description } = options;
    return ['version_set', [s, { app, version }, { name, description }, change(options)]];
  },
  list: (s, app, environment, options) => ['version_list',
    [s, app, environment, flagsOf([options?.all, VERSION_ALL])], rowsOf('version')],
  describe: (s, app, version) => ['version_describe', [s, { app, version }], rowOf('version')],
  open: (s, app, version, environment, options) => ['version_open',
    [s, { app, version }, environment, change(options)], rowOf('version')],
  last: (s, app) => ['version_last', [s, app], (out) => rowOf('last')(out) ?? null],
  diff(s, app, from, to, options = {}) {
    const other = { app: options.otherApp ?? app, version: to };
    const flags = flagsOf([options.withText, DIFF_WITH_TEXT]);
    return ['version_diff', [s, { app, version: from }, other, flags], rowsOf('diff')];
  },
  check: (s, app, version, environment) =>
    ['version_check', [s, { app, version }, environment], rowsOf('finding')],
  promote(s, app, version, to, options) {
    const { stage, content } = seenIn(options, 'promote()');
    const flags = flagsOf([options.through, MOVE_THROUGH], [options.dryRun, MOVE_DRY_RUN]);
    return ['version_promote', [s, { app, version },
      { flags, to, expect_stage: stage, expect_content: content }, change(options)],
    rowsOf('finding')];
  },
  discard(s, app, version, options) {
    return ['version_discard', [s, { app, version }, seenIn(options, 'discard()'), change(options)]];
  },
});

function partWrite({ path, data, public: isPublic, absent, expect }) {
  const out = data === null || data === undefined;
  const flags = flagsOf([isPublic, PART_PUBLIC], [absent, PART_ABSENT], [out, PART_REMOVE]);
  return { flags, path, data: input(data), expect: exactly(expect, 32, 'expect') };
}

const Parts = group('Parts', {
  put(s, app, version, writes, options) {
    const rows = listed(writes, (path, data) => ({ path, data })).map(partWrite);
    return ['part_put', [s, { app, version }, rows, change(options)], (out) => out.toString('hex')];
  },
  get: (s, app, version, path) => ['part_get', [s, { app, version }, path]],
  list: (s, app, version) => ['part_list', [s, { app, version }], rowsOf('part')],
  history: (s, app, version, path) =>
    ['part_history', [s, { app, version }, path], rowsOf('edit')],
  restore: (s, app, version, path, edit, options) =>
    ['part_restore', [s, { app, version }, path, edit, change(options)]],
});

/** The digest that a part of these bytes has, in hex. */
const partDigest = (data) => addon.now.part_digest(input(data)).toString('hex');

const moved = ([release, findings]) =>
  ({ release: rowOf('release')(release), findings: rowsOf('finding')(findings) });

const Releases = group('Releases', {
  create(s, app, version, tag, options = {}) {
    const { bump = Bump.NONE, notes, dryRun } = options;
    const fields = {
      flags: flagsOf([dryRun, MOVE_DRY_RUN]), tag, bump, notes,
      expect_live: liveIn(options, 'create()'),
      expect_content: seenIn(options, 'create()').content,
    };
    return ['release_create', [s, { app, version }, fields, change(options)], moved];
  },
  rollback(s, app, options = {}) {
    const { to, version, dryRun } = options;
    const fields = {
      flags: flagsOf([dryRun, MOVE_DRY_RUN]), to, version,
      expect_live: liveIn(options, 'rollback()'),
    };
    return ['release_rollback', [s, app, fields, change(options)], moved];
  },
  withdraw: (s, app, options) => ['release_withdraw',
    [s, app, liveIn(options, 'withdraw()'), change(options)], rowOf('release')],
  list: (s, app) => ['release_list', [s, app], rowsOf('release')],
});

const Principals = group('Principals', {
  add(s, name, credential, options = {}) {
    const { role, environments } = options;
    const fields = {
      role, environments: environments === undefined ? undefined : [...environments],
      credential: credentialFields(credential),
    };
    return ['principal_add', [s, name, fields, change(options)]];
  },
  remove: (s, name, options) => ['principal_remove', [s, name, change(options)]],
  list: (s) => ['principal_list', [s], rowsOf('principal')],
  rekey: (s, name, credential, options) =>
    ['principal_rekey', [s, name, credentialFields(credential), change(options)]],
});

const Roles = group('Roles', {
  grant: (s, principal, role, environment, options) =>
    ['role_grant', [s, { role, principal, environment }, change(options)]],
  revoke: (s, principal, role, environment, options) =>
    ['role_revoke', [s, { role, principal, environment }, change(options)]],
});

const Slots = group('Slots', {
  list: (s) => ['slot_list', [s], rowsOf('slot')],
  add: (s, label, credential, options) =>
    ['slot_add', [s, label, credentialFields(credential), change(options)]],
  change: (s, ordinal, credential, options) =>
    ['slot_change', [s, ordinal, credentialFields(credential), change(options)]],
  remove: (s, ordinal, options) => ['slot_remove', [s, ordinal, change(options)]],
});

const Keys = group('Keys', {
  rotate: (s, environment, options) =>
    ['key_rotate', [s, environment, change(options)], rowsOf('exposure')],
  rotateStep: (s, environment) => ['key_rotate_step', [s, environment]],
  exposure: (s, environment) => ['key_exposure', [s, environment], rowsOf('exposure')],
});

const Inbox = group('Inbox', {
  list: (s, environment) => ['inbox_list', [s, environment], rowsOf('inbox')],
  accept: (s, environment, id, options) => ['inbox_accept', [s, environment, id, change(options)]],
  reject: (s, environment, id, options) => ['inbox_reject', [s, environment, id, change(options)]],
});

const Requests = group('Requests', {
  list: (s, options) =>
    ['request_list', [s, flagsOf([options?.all, REQUEST_ALL])], rowsOf('request')],
  show: (s, id) => ['request_show', [s, id], rowOf('request')],
  approve: (s, id, options) => ['request_approve', [s, id, change(options)]],
  withdraw: (s, id, options) => ['request_withdraw', [s, id, change(options)]],
  run: (s, id, options) => ['request_run', [s, id, change(options)]],
});

const Audit = group('Audit', {
  list(s, options = {}) {
    const { since, limit, environment, app } = options;
    return ['audit_list', [s, { since, limit, environment, app }], rowsOf('audit')];
  },
  check(s, checkpoint) {
    const { sequence, time, policyVersion } = checkpoint;
    return ['audit_check', [s, {
      sequence, time, policy_version: policyVersion,
      workspace: exactly(checkpoint.workspace, 16, 'workspace'),
      signer: exactly(checkpoint.signer, 16, 'signer'),
      sign_key: exactly(checkpoint.signKey, 32, 'signKey'),
      hash: exactly(checkpoint.hash, 32, 'hash'),
      signature: exactly(checkpoint.signature, 64, 'signature'),
    }]];
  },
  reveal: (s, environment, object, options) =>
    ['audit_reveal', [s, { environment, object }, change(options)]],
  verify: (s) => ['audit_verify', [s],
    ([first, list]) => ({ firstBad: first || null, findings: rowsOf('verify')(list) })],
});

module.exports = {
  Apps, Audit, Inbox, Keys, Parts, Principals, Releases, Requests, Roles, Slots, Versions,
  partDigest,
};
