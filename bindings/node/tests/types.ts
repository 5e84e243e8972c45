// SPDX-License-Identifier: MIT
/*
 * The whole surface, as TypeScript sees it: compiled with --strict, never run. drift.test.js compares the names
 * that stand here with those of the classes.
 */
import envresDefault, * as envres from 'envres';
import {
  Anchor, Bound, Bump, Checkpoint, ClosedError, Code, Context, Credential, CredentialKind, Dialect, EnvresError,
  FindingRow, Integer, KeyProvider, Native, NotFoundError, Params, Query, QueryResult, Redactor, ReleaseRow,
  Resource, Role, Scan, Scope, Secret, Session, Statement, Status, Store, Style, Template, Text, Type, VersionRow, generateKey, kinds, partDigest, renderMany,
  typed, version,
} from 'envres';

const provider: KeyProvider = { wrap: (_id, key, _aad) => key, unwrap: (_id, blob, _aad) => blob };
const anchor: Anchor = { load: () => ({ sequence: 1, hash: new Uint8Array(32) }), store: () => undefined };

export async function stores(): Promise<Session> {
  const key: Secret = generateKey();
  const owner = Credential.rawKey(key, { principal: 'owner', root: '00' });
  Credential.passphrase('p', { kdfPasses: 2, kdfMemory: 1 << 26 });
  Credential.provider(provider).toJSON();
  const store: Store = await Store.create('a', owner, {
    workspace: 'w', ownerName: 'o', clock: () => 0, anchor, auditSink: (_: Checkpoint) => undefined,
    busyTimeoutMs: 1, kdfMemoryMax: 1, lockedMemory: true, anyFileMode: true, allowFuse: true, relaxed: true,
    vfs: 'v',
  });
  Store.createSync(null, owner).close();
  // @ts-expect-error a new store is not read only
  Store.createSync(null, owner, { readOnly: true });
  (await Store.open({ href: 'file:///a', protocol: 'file:' })).close();
  Store.openSync('a', { readOnly: true })[Symbol.dispose]();
  const report = await Store.salvage('a', 'b', owner, { workspace: 'w' });
  const lost: number | null = Store.salvageSync('a', 'b', owner)[0].lost ?? report[0].lost;
  const session: Session = await store.session(owner, 'w');
  store.sessionSync(owner);
  const findings = [...await store.verify(session), ...store.verifySync()];
  await store.backup('c');
  store.backupSync('c');
  const changed: boolean = (await store.poll()) || store.pollSync() || findings.length > 0 || lost === null;
  const info: string = (await store.info()).library + store.infoSync().sqlite + version() + String(changed);
  const closed: boolean = store.closed;
  kinds().map((row) => [row.choices, info, closed]);
  return session;
}

export async function configuration(session: Session): Promise<void> {
  const { environments, variables, resources, queries } = session;
  await environments.add('qa', { label: 'Q', color: '#fff', after: 'staging', offPath: true, reason: 'r' });
  environments.addSync('qa');
  await environments.set('qa', {
    protected: true, requireReason: true, approvals: 1, editorsReveal: true, rollbackApprovals: false,
  });
  environments.setSync('qa');
  await environments.remove('qa', { force: true });
  environments.removeSync('qa');
  const position: number | null = (await environments.list())[0].position ?? environments.listSync()[0].position;
  const label: string = (await environments.describe('qa')).label + environments.describeSync('qa').label;
  const revision: number = await variables.put('a', 'B', new Secret('c'), {
    type: Type.NUMBER, secret: true, expect: 1n, reason: label, operation: new Uint8Array(16),
  });
  variables.putSync('a', 'B', 'c');
  // @ts-expect-error a number is no text
  variables.putSync('a', 'B', 5);
  await variables.putMany('a', [{ name: 'B', value: 'c' }]);
  variables.putManySync('a', { B: 'c' });
  await variables.unset('a', 'B');
  variables.unsetSync('a', 'B');
  const text: Text = await variables.get('a', 'B', { reveal: true });
  variables.getSync('a', 'B');
  // @ts-expect-error it may be a Secret
  const plain: string = text;
  const time: Date | null = (await variables.list('a'))[0].time ?? variables.listSync(null, { reveal: true })[0].time;
  const value: string | Secret | null = (await variables.history('a', 'B'))[0].value ?? variables.historySync('a', 'B')[0].value;
  await variables.rename('B', 'C', { force: true });
  variables.renameSync('B', 'C');
  await variables.delete('B');
  variables.deleteSync('B');
  await variables.destroy('a', 'B', revision);
  variables.destroySync('a', 'B', 1n);
  await resources.define('crm', 'postgres');
  resources.defineSync('crm', 'postgres', { force: true });
  await resources.configure('a', 'crm', { host: 'h', port: 5432, tls: true, user: null }, { secret: ['user'] });
  resources.configureSync('a', 'crm', new Map([['host', 'h']]));
  await resources.fallback('a', 'crm', 'b');
  resources.fallbackSync('a', 'crm', null);
  await resources.remove('crm');
  resources.removeSync('crm');
  const configured: boolean = (await resources.list())[0].configured && resources.listSync()[0].configured;
  await resources.history('a', 'crm');
  resources.historySync('a', 'crm', { reveal: configured });
  await queries.put('q', 'crm', 'SELECT 1', [{ name: 'id', type: Type.INTEGER, preset: null, optional: true }],
    { method: 'GET', path: '/', headers: '{}', expect: 0 });
  queries.putSync('q', 'crm');
  await queries.restore('q', 1);
  queries.restoreSync('q', 1);
  await queries.remove('q');
  queries.removeSync('q');
  const names: string[] = [...await queries.list(), ...queries.listSync()].map((row) => row.name);
  const restored: number | null = (await queries.history('q'))[0].restored ?? queries.historySync('q')[0].restored;
  (await queries.open('q', 1)).close();
  queries.openSync('q').close();
  await queries.pin('shop', null, 'q', 1, { reason: 'r' });
  queries.pinSync('shop', 'v1', 'q');
  await queries.unpin('shop', null, 'q');
  queries.unpinSync('shop', null, 'q');
  const newest: number | null = (await queries.pins('shop', 'v1'))[0].newest ?? queries.pinsSync('shop', null)[0].newest;
  void [position, plain, time, value, names, restored, newest];
}

export async function releases(session: Session): Promise<void> {
  const { apps, versions, parts } = session;
  await apps.create('shop', { pinConfig: true, protected: true });
  apps.createSync('shop');
  await apps.set('shop', { protected: false });
  apps.setSync('shop');
  [...await apps.list(), ...apps.listSync(), await apps.describe('shop'), apps.describeSync('shop')].map((row) => row.pin);
  [...await apps.status('shop'), ...apps.statusSync('shop')].map((row) => row.part);
  const seen: VersionRow = await versions.create('shop', 'v', { base: 'v1', description: 'd', empty: true });
  versions.createSync('shop');
  await versions.set('shop', 'v', { name: 'w', description: 'd', reason: 'r' });
  versions.setSync('shop', 'v');
  [...await versions.list('shop', 'a', { all: true }), ...versions.listSync('shop')].map((row) => row.tag);
  await versions.describe('shop', 'v');
  versions.describeSync('shop', 'v');
  await versions.open('shop', null, 'a');
  versions.openSync('shop', 'v', 'a');
  const opened: Date | undefined = (await versions.last('shop'))?.time ?? versions.lastSync('shop')?.time;
  await versions.diff('shop', 'a', 'b', { otherApp: 'x', withText: true });
  versions.diffSync('shop', 'a', 'b');
  const found: FindingRow[] = [...await versions.check('shop', 'v', 'a'), ...versions.checkSync('shop', null, 'a')];
  await versions.promote('shop', 'v', 'staging', { seen, through: true, dryRun: true });
  versions.promoteSync('shop', 'v', 'staging', { seen });
  // @ts-expect-error what was looked at must be said
  versions.promoteSync('shop', 'v', 'staging', {});
  await versions.discard('shop', 'v', { seen });
  versions.discardSync('shop', 'v', { seen });
  const digest: string = await parts.put('shop', 'v', { 'a.txt': 'a', b: null });
  parts.putSync('shop', null, [{ path: 'a', data: new Uint8Array(1), public: true, absent: true, expect: digest }]);
  const bytes: Uint8Array = await parts.get('shop', 'v', 'a');
  parts.getSync('shop', 'v', 'a');
  [...await parts.list('shop', 'v'), ...parts.listSync('shop', 'v')].map((row) => row.public);
  [...await parts.history('shop', 'v'), ...parts.historySync('shop', 'v', 'a')].map((row) => row.number);
  await parts.restore('shop', 'v', 'a', 0);
  parts.restoreSync('shop', 'v', 'a', 0);
  const { release, findings } = await session.releases.create('shop', 'v', null, { seen, expectLive: 0, bump: Bump.MINOR, notes: 'n', dryRun: true });
  session.releases.createSync('shop', 'v', '1.0.0', { seen, expectLive: 0 });
  await session.releases.rollback('shop', { expectLive: 1, to: '1.0.0', version: 'v', dryRun: true });
  session.releases.rollbackSync('shop', { expectLive: 1 });
  const withdrawn: ReleaseRow = await session.releases.withdraw('shop', { expectLive: 1 });
  session.releases.withdrawSync('shop', { expectLive: 1 });
  [...await session.releases.list('shop'), ...session.releases.listSync('shop')].map((row) => row.live);
  void [opened, found, bytes, release, findings, withdrawn, partDigest('x')];
}

export async function people(session: Session, credential: Credential, checkpoint: Checkpoint): Promise<void> {
  const { principals, roles, slots, keys, inbox, requests, audit } = session;
  await principals.add('bob', credential, { role: Role.VIEWER, environments: ['a'] });
  principals.addSync('bob', credential);
  await principals.remove('bob');
  principals.removeSync('bob');
  [...await principals.list(), ...principals.listSync()].map((row) => row.signKey);
  await principals.rekey('bob', credential);
  principals.rekeySync('bob', credential);
  await roles.grant('bob', Role.EDITOR, 'a');
  roles.grantSync('bob', Role.EDITOR);
  await roles.revoke('bob', Role.EDITOR, null, { reason: 'r' });
  roles.revokeSync('bob', Role.EDITOR);
  [...await slots.list(), ...slots.listSync()].map((row) => row.label);
  const ordinal: number = (await slots.add('l', credential)) + slots.addSync('l', credential);
  await slots.change(ordinal, credential);
  slots.changeSync(ordinal, credential);
  await slots.remove(ordinal);
  slots.removeSync(ordinal);
  [...await keys.rotate('a'), ...keys.rotateSync('a'), ...await keys.exposure(), ...keys.exposureSync('a')].map((row) => row.object);
  const left: number = (await keys.rotateStep('a')) + keys.rotateStepSync('a');
  [...await inbox.list('a'), ...inbox.listSync('a')].map((row) => row.depositor);
  await inbox.accept('a', 'id');
  inbox.acceptSync('a', 'id');
  await inbox.reject('a', 'id');
  inbox.rejectSync('a', 'id');
  [...await requests.list({ all: true }), ...requests.listSync(), await requests.show('id'), requests.showSync('id')].map((row) => row.mayApprove);
  await requests.approve('id');
  requests.approveSync('id');
  await requests.withdraw('id');
  requests.withdrawSync('id');
  await requests.run('id');
  requests.runSync('id');
  [...await audit.list({ since: 1, limit: 1, environment: 'a', app: 'b' }), ...audit.listSync()].map((row) => row.assertedBy);
  await audit.check(checkpoint);
  audit.checkSync(checkpoint);
  await audit.reveal('a', 'variable/B', { reason: 'r' });
  audit.revealSync('a');
  const bad: number | null = (await audit.verify()).firstBad ?? audit.verifySync().firstBad;
  (await session.actAs('bob')).close();
  session.actAsSync('bob').close();
  await session.info();
  session.infoSync();
  await session.restore('a', 1, 'B');
  session.restoreSync('a', 1);
  [...await session.references('variable/B'), ...session.referencesSync('variable/B')].map((row) => row.offset);
  const freed: number = (await session.gc()).bytes + session.gcSync().bytes;
  const id: string = await session.deposit('a', 'B', 'c', { secret: true });
  session.depositSync('a', 'B', 'c');
  const root: Uint8Array = await session.rootKey();
  session.rootKeySync();
  void [left, bad, freed, id, root];
}

export async function snapshots(session: Session): Promise<void> {
  const scope: Scope = await session.scope('a', { app: 'b', tag: '1.0.0', version: 'v', revision: 1, damaged: true, audited: true });
  session.scopeSync('a');
  await session.latest(scope);
  session.latestSync(scope);
  const facts: [string, number, boolean, string, string, string, number, number] = [scope.environment, scope.revision,
    scope.isStale, scope.app, scope.version, scope.release, scope.sequence, scope.size];
  const text: Text = scope.get('B');
  const other: Text | number = scope.get('B', 5);
  for (const name of scope.keys()) scope.has(name);
  for (const [name, one] of scope) void [name, one];
  for (const [name, one] of scope.entries()) void [name, one];
  const native: Native = scope.value('B');
  const numbers: [boolean, Integer, number, Text, Text] = [scope.getBoolean('B'), scope.getInteger('B'),
    scope.getDouble('B'), scope.getString('B'), scope.getJson('B')];
  const index: number = scope.find('B');
  const kind: Type = scope.type(index);
  void [scope.name(index), scope.isSecret(index), scope.at(index), scope.getInto(index, new Uint8Array(9)), kind];
  scope.expand('x', { context: Context.URL, noSecrets: true });
  scope.query('q').close();
  scope.explain('B').map((row) => row.layer);
  await scope.testResource('crm', async (crm) => { crm.url(); });
  scope.testResourceSync('crm', (crm) => { crm.dsn(); });
  scope.parts().map((path) => [scope.partIsPublic(path), scope.part(path), scope.renderPart(path, { a: 1 }, { noSecrets: true })]);
  const crm: Resource = scope.resource('crm');
  void [crm.kind, crm.environment, crm.isFallback, crm.cacheKey, crm.size, crm.keys(), crm.entries(), [...crm], crm.has('a'),
    crm.get('a'), crm.get('a', null), crm.value('a'), crm.secretFields(), crm.url(), crm.redactedUrl(), crm.dsn()];
  const params = new Params({ a: typed(Type.JSON, '[]'), b: 1n, c: null, d: { e: 1 } }, { allow: ['t'] });
  const template = new Template('x', { context: Context.SQL, dialect: Dialect.POSTGRES, style: Style.COLON, strict: true });
  const out: Text = template.render(scope, params, { outputMax: 9 });
  const size: number = template.renderInto(scope, new Uint8Array(9), { a: 1 });
  const bound: Bound = template.bind(scope);
  void [bound.render(), bound.renderInto(new Uint8Array(9)), bound.text(), template.references()[0].line, renderMany([template], scope)];
  const statement: Statement = template.prepare(scope, params);
  void [statement.text, statement.first, statement.size, statement.names(), statement.types(), statement.parameters(), statement.reveal()];
  const query: Query = session.queries.openSync('q');
  void [query.resource, query.kind, query.revision, query.source, query.method, query.path, query.headers, query.params()];
  const result: QueryResult = query.render(scope, { id: 1 }, { readStrings: true });
  void [result.statement?.text, result.method(), result.path(), result.headers(), result.body()];
  const redactor = new Redactor('#');
  redactor.addScope(scope);
  redactor.add('n', 's');
  const masked: string = redactor.text('x');
  const bytes: Uint8Array = redactor.text(new Uint8Array(1));
  void [redactor.refused(), redactor.copy(), redactor.feed('x'), redactor.finish(), redactor.masked];
  const scan: Scan = await session.scan('a');
  session.scanSync('a');
  void [scan.findings, await scan.text('n', 'x'), scan.textSync('n', 'x')];
  void [facts, text, other, native, numbers, out, size, masked, bytes];
}

export function secrets(secret: Secret): string {
  const ranges: Array<[number, number]> = secret.ranges;
  void [ranges, secret.closed, secret.revealBytes(), secret.equals(secret), secret.redacted('#'), secret.toString(), secret.toJSON()];
  const size: number = secret.open((bytes) => bytes.length);
  secret.close();
  secret[Symbol.dispose]();
  return secret.reveal() + String(size);
}

export function errors(error: unknown): Status | Code | CredentialKind {
  if (error instanceof ClosedError) return error.code;
  if (error instanceof NotFoundError && error.status === Status.NOT_SET) return error.status;
  if (error instanceof EnvresError) void [error.hint, error.subject, error.offset, error.line, error.column, error.cause];
  void new envres.StoreError('no route', { status: Status.IO, hint: 'h', subject: 's', cause: error });
  void [envres.UsageError, envres.OutOfMemoryError, envres.CallbackError, envres.TextError, envres.SecretError,
    envres.InvalidNameError, envres.ConflictError, envres.DeniedError, envres.KeyMaterialError, envres.IntegrityError,
    envres.StateError, envres.CheckError, envresDefault];
  return CredentialKind.RAW_KEY;
}
