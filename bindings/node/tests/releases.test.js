// SPDX-License-Identifier: MIT
'use strict';

/*
 * The shared vectors of versions, tags and rights, through the public interface. Each test goes through
 * all cases of its file and compares their number with the file's own.
 */
const assert = require('node:assert/strict');
const test = require('node:test');
const { CHANGE, counted, envres, raises, ready, released, vectors, withSession } = require('./common.js');

const { Bump, Credential, DeniedError, EnvresError, Role, Secret } = envres;

// ---- machine.json -----------------------------------------------------------------------------

const live = (session) => session.apps.describeSync('shop').liveSequence ?? 0;
const it = (session) => session.versions.describeSync('shop', 'it');

function bring(session, state, withdrawn) {
  session.apps.createSync('shop', CHANGE);
  session.versions.createSync('shop', 'other', CHANGE);
  ready(session, 'shop', 'other');
  session.versions.createSync('shop', 'it', CHANGE);
  if (state === 'staged') ready(session, 'shop', 'it', 'staging');
  if (['ready', 'live', 'retired'].includes(state)) ready(session, 'shop', 'it');
  if (['live', 'retired'].includes(state)) released(session, 'shop', 'it', '1.0.0');
  if (state === 'retired' && withdrawn) {
    session.releases.withdrawSync('shop', { expectLive: live(session), ...CHANGE });
  } else if (state === 'retired') {
    released(session, 'shop', 'other', '1.1.0');
  }
  if (state === 'discarded') session.versions.discardSync('shop', 'it', { seen: it(session), ...CHANGE });
  assert.equal(it(session).state, state);
}

const EVENTS = {
  edit: (session) => session.parts.putSync('shop', 'it', { 'more.txt': 'more' }, CHANGE),
  promote(session) {
    const seen = it(session);
    const to = seen.stage === 'development' ? 'staging' : 'production';
    session.versions.promoteSync('shop', 'it', to, { seen, ...CHANGE });
  },
  release: (session) => released(session, 'shop', 'it', '3.0.0'),
  rollback: (session) => session.releases.rollbackSync('shop',
    { version: 'it', expectLive: live(session), ...CHANGE }),
  supersede(session) {
    let name = 'other';
    if (session.versions.describeSync('shop', 'other').state !== 'ready') {
      name = session.versions.createSync('shop', 'third', CHANGE).name;
      ready(session, 'shop', name);
    }
    released(session, 'shop', name, '2.0.0');
  },
  withdraw: (session) => session.releases.withdrawSync('shop', { expectLive: live(session), ...CHANGE }),
  discard: (session) => session.versions.discardSync('shop', 'it', { seen: it(session), ...CHANGE }),
};

function runMachine(given, withdrawn) {
  withSession((session) => {
    bring(session, given.state, withdrawn);
    const before = it(session);
    let failed;
    try {
      EVENTS[given.event](session);
    } catch (error) {
      if (!(error instanceof EnvresError)) throw error;
      failed = error.code;
    }
    const after = it(session);
    assert.equal(failed, given.error, JSON.stringify(given));
    const atEnd = given.event === 'promote' && after.stage === 'production';
    const expected = failed || given.apart ? before.state : atEnd ? given.last : given.next;
    assert.equal(after.state, expected, JSON.stringify(given));
  });
}

test('machine', () => {
  const document = vectors('machine.json');
  for (const given of document.cases) {
    runMachine(given, true);
    if (given.state === 'retired' && given.event !== 'withdraw') runMachine(given, false);
  }
  counted(document.cases.length, document);
});

// ---- semver.json ------------------------------------------------------------------------------

/** A release with this tag, and the tag it gets; nothing is changed. */
function tryTag(session, tag, bump = Bump.NONE) {
  const seen = session.versions.describeSync('shop', 'v1');
  return session.releases.createSync('shop', 'v1', tag,
    { bump, seen, dryRun: true, expectLive: live(session), ...CHANGE }).release.tag;
}

/** Tags of one precedence take each other's place; those of another do not. */
function runChain(chain) {
  withSession((session) => {
    session.apps.createSync('shop', CHANGE);
    ready(session, 'shop', 'v1');
    chain.forEach((given, number) => {
      const step = Array.isArray(given) ? given : [given];
      const version = `s${number}`;
      session.versions.createSync('shop', version, CHANGE);
      ready(session, 'shop', version);
      released(session, 'shop', version, step[0]);
      for (const same of step) raises('TAG_TAKEN', () => tryTag(session, same));
    });
  }, { relaxed: true });
}

function runNext(given) {
  withSession((session) => {
    session.apps.createSync('shop', CHANGE);
    ready(session, 'shop', 'v1');
    if (given.from) {
      session.versions.createSync('shop', 'first', CHANGE);
      ready(session, 'shop', 'first');
      released(session, 'shop', 'first', given.from);
    }
    const bump = Bump[given.bump.toUpperCase()];
    if (given.error) raises(given.error.slice('ENVRES_E_'.length), () => tryTag(session, null, bump));
    else assert.equal(tryTag(session, null, bump), given.to, JSON.stringify(given));
  }, { relaxed: true });
}

test('semver', () => withSession((session) => {
  const document = vectors('semver.json');
  session.apps.createSync('shop', CHANGE);
  ready(session, 'shop', 'v1');
  for (const { text } of document.valid) assert.equal(tryTag(session, text), text.replace(/^v/, ''));
  for (const [code, rows] of [['TAG', document.invalid], ['LIMIT', document.limit]]) {
    for (const given of rows) {
      const error = raises(code, () => tryTag(session, given.text));
      assert.equal(error.offset, given.offset, JSON.stringify(given));
      assert.ok((error.message + error.hint).includes(given.mentions ?? ''), JSON.stringify(given));
    }
  }
  for (const { chain } of document.precedence) runChain(chain);
  for (const given of document.next) runNext(given);
  counted(['valid', 'limit', 'invalid', 'precedence', 'next'].reduce(
    (all, part) => all + document[part].length, 0), document);
}));

// ---- rights.json ------------------------------------------------------------------------------

// The actions that are one call each, whatever stands in the store; the others are asked by
// tests/unit/test_policy.c, cell for cell.
const ASKED = {
  'see names': (session, key) => session.variables.listSync(key),
  'read values': (session, key) => session.variables.getSync(key, 'PLAIN'),
  'use secrets': (session, key) => session.scopeSync(key).get('SECRET'),
  'reveal secrets': (session, key) => session.variables.getSync(key, 'SECRET', { reveal: true }),
  'change values': (session, key) => session.variables.putSync(key, 'PLAIN', '2', CHANGE),
  'read the audit': (session, key) => session.audit.listSync({ environment: key }),
};
const VERDICTS = { allow: true, quorum: true, flag: false, deny: false };

function may(session, action, key) {
  try {
    ASKED[action](session, key);
    return true;
  } catch (error) {
    assert.ok(error instanceof DeniedError && error.code === 'ENVRES_E_DENIED', error);
    return false;
  }
}

test('rights', () => withSession((session, store) => {
  const document = vectors('rights.json');
  const places = { plain: 'development', protected: 'production' };
  let [asked, cells] = [0, 0];
  for (const key of Object.values(places)) {
    session.variables.putSync(key, 'PLAIN', '1', CHANGE);
    session.variables.putSync(key, 'SECRET', new Secret('2'), CHANGE);
  }
  Object.entries(Role).forEach(([name, role], number) => {
    const principal = `the ${name.toLowerCase()}`;
    const credential = Credential.rawKey(Buffer.alloc(32, number + 2), { principal });
    session.principals.addSync(principal, credential, { role });
    const acting = store.sessionSync(credential);
    for (const row of document.rights) {
      for (const [where, key] of Object.entries(places)) {
        cells++;
        if (!(row.action in ASKED)) continue;
        asked++;
        assert.equal(may(acting, row.action, key), VERDICTS[row[where][name.toLowerCase()]],
          `${row.action}, ${name}, ${where}`);
      }
    }
    acting.close();
  });
  assert.equal(asked, Object.keys(ASKED).length * Object.keys(Role).length * 2);
  counted(cells, document);
}));
