// SPDX-License-Identifier: MIT
/**
 * envres: environments, variables, sealed secrets, templates, resource handles and releases.
 *
 * The binding of libenvres, over its installed headers, which are the contract: `session.variables.put()`
 * is envres_variable_put(). What reads or writes a store comes twice: `put()` is a promise, whose work
 * runs on a thread of Node's pool; `putSync()` does it at once. Everything on a scope, template or
 * resource touches no file and is synchronous.
 *
 * A text that holds a secret comes as a Secret, any other as a string. Integers are numbers where a
 * number holds them exactly, else bigints: nothing is rounded. Whatever was closed throws ClosedError;
 * what the library refuses throws one of the families of EnvresError.
 */
import type {
  AppRow, AuditRow, Bump, Code, Context, Dialect, DiffRow, EditRow, EnvironmentRow, ExplainRow,
  ExposureRow, FindingRow, GcRow, HistoryRow, InboxRow, KindRow, LastRow, PartRow, PrincipalRow,
  QueryHistoryRow, QueryListRow, QueryParamRow, QueryPinRow, ReferenceRow, RefusedRow, ReleaseRow, RequestRow,
  ResourceRow, Role, SalvageRow, SlotRow, Status, StatusRow, Style, TagRow, Type, UsageError,
  VariableRow, VerifyRow, VersionRow,
} from './generated';

export * from './generated';

declare global {
  interface SymbolConstructor {
    /** Where the runtime has it: `using`. */
    readonly dispose: unique symbol;
  }
}

/** A text that may hold a secret. */
export type Text = string | Secret;
/** Text or bytes (a Buffer is a Uint8Array) that go in. Bytes are copied; a Secret is written as a secret. */
export type Input = string | Uint8Array | Secret;
/** A path: a string, bytes, or a `file:` URL. */
export type Path = string | Uint8Array | { readonly href: string; readonly protocol: string };
/** An integer: a number where it is a safe one, else a bigint within 64 bits. */
export type Integer = number | bigint;
/** A JSON value; its integers as Integer says. */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };
/** A value in the type it has; a template is the text that it expands to. */
export type Native = Json | Secret;

type Answer<F> = F extends (...given: any[]) => infer R ? R : never;
type Given<F> = F extends (...given: infer A) => any ? A : never;
/** Each method twice: name() gives a promise, nameSync() answers at once. */
export type Twins<T> = { [K in keyof T]: (...given: Given<T[K]>) => Promise<Answer<T[K]>> } & {
  [K in keyof T as K extends string ? `${K}Sync` : never]: T[K];
};

// ---- errors -----------------------------------------------------------------------------------

/** What an error of a probe or a host can be made with. */
export interface ErrorDetails {
  /** Which of Status; INVALID where nothing is said. */
  status?: Status;
  code?: Code;
  hint?: string;
  subject?: string;
  offset?: Integer | null;
  line?: number | null;
  column?: number | null;
  cause?: unknown;
}

/** A call of the library failed. Never holds a configuration value or a secret. */
export declare class EnvresError extends Error {
  constructor(message: string, details?: ErrorDetails);
  /** The status: compare with `Status.NOT_SET`. */
  readonly status: Status;
  /** Its symbolic name, as Node's own errors have it: "ENVRES_E_NOT_SET". */
  readonly code: Code;
  /** What to do about it, or "". */
  readonly hint: string;
  /** The name concerned (a variable, a handle, a path), or "". */
  readonly subject: string;
  /** Byte offset into the text that was given, or null. */
  readonly offset: Integer | null;
  /** Line, from 1, or null. */
  readonly line: number | null;
  /** Column in bytes, from 1, or null. */
  readonly column: number | null;
  /** What a callback threw, where that is why. */
  readonly cause?: unknown;
}

/** A store, session, scope, template, handle or secret was used after it was closed. */
export declare class ClosedError extends UsageError {}

// ---- secrets ----------------------------------------------------------------------------------

/**
 * Secret bytes in a buffer of their own, which is wiped by close() and when it is collected. Printing,
 * inspecting and JSON give `***`. What reveal() gives is a string, which nobody can wipe: prefer open().
 * The buffer is not locked in memory, as the library's own key memory is.
 */
export declare class Secret {
  /** Takes a copy; the original is the caller's to wipe. Throws TextError for a lone surrogate. */
  constructor(value: string | Uint8Array);
  /** Byte ranges [start, end) that are secret, in order; the whole where nothing else is known. */
  readonly ranges: Array<[number, number]>;
  /** Whether it was wiped. */
  readonly closed: boolean;
  /** The text. Throws TextError for bytes that are none, ClosedError. */
  reveal(): string;
  /** A copy of the bytes, which the caller may wipe. */
  revealBytes(): Uint8Array;
  /** Calls `use` with the bytes themselves, for the length of its call; what it gives. */
  open<T>(use: (bytes: Uint8Array) => T): T;
  /** The text as it may be shown: each secret range replaced ("[redacted]"), all else as it is. */
  redacted(replacement?: string): string;
  /** Whether the bytes are the same; takes the same time wherever two differ. */
  equals(other: unknown): boolean;
  /** Wipes. Closing again does nothing. */
  close(): void;
  [Symbol.dispose](): void;
  toString(): string;
  toJSON(): string;
}

/** 32 random bytes for a raw key file, never all zero. envres_key_generate() */
export declare function generateKey(): Secret;

// ---- what all objects have --------------------------------------------------------------------

/** Owns an object of the library, for one environment of Node: it cannot be sent to a worker. */
export declare class Handle {
  protected constructor();
  /** Gives it back. Calls that are running on other threads are finished first; closing again does nothing. */
  close(): void;
  /** Whether it was closed. */
  readonly closed: boolean;
  [Symbol.dispose](): void;
}

// ---- credentials and callbacks ----------------------------------------------------------------

/**
 * Wraps keys outside of the store: a TPM, an HSM. `principal` is 16 bytes; `aad` binds what is wrapped to
 * its place. Must answer at once: a KMS that is asked over a network is awaited by the host, which
 * then gives a raw key.
 */
export interface KeyProvider {
  /** Protects 32 bytes; at most 4096 come back. `key` is wiped after return. */
  wrap(principal: Uint8Array, key: Uint8Array, aad: Uint8Array): Uint8Array;
  /** The reverse: exactly 32 bytes, which are wiped. */
  unwrap(principal: Uint8Array, blob: Uint8Array, aad: Uint8Array): Uint8Array;
}

/** What an anchor remembers. */
export interface AnchorState {
  sequence: Integer;
  /** 32 bytes */
  hash: Uint8Array;
}

/** Where the host remembers the newest state of a workspace (16 bytes) outside of the file. Must answer at
 *  once. */
export interface Anchor {
  /** What was stored last, or nothing. */
  load(workspace: Uint8Array): AnchorState | null | undefined;
  /** Replaces `expected` by the rest, compare-and-set; leaves what is newer. */
  store(workspace: Uint8Array, expected: Integer, sequence: Integer, hash: Uint8Array): void;
}

/** A signed statement of how far the audit is. */
export interface Checkpoint {
  workspace: Uint8Array;
  /** id of the principal that was unlocked */
  signer: Uint8Array;
  /** its public Ed25519 key */
  signKey: Uint8Array;
  sequence: Integer;
  /** milliseconds since 1970 UTC */
  time: Integer;
  policyVersion: Integer;
  /** of the entry with that sequence number */
  hash: Uint8Array;
  signature: Uint8Array;
}

export interface CredentialOptions {
  /** Name of the principal; without: its slots are tried in order. */
  principal?: string;
  /** 32 bytes or 64 hex digits: the public root key that the workspace must have (Session.rootKey()). */
  root?: Uint8Array | string;
}

export interface PassphraseOptions extends CredentialOptions {
  /** Passes of Argon2id when a slot is made; 0: 3. */
  kdfPasses?: number;
  /** Bytes of memory of Argon2id when a slot is made; 0: 256 MiB. */
  kdfMemory?: number;
}

/** What unlocks a principal. */
export declare class Credential {
  private constructor();
  /** A passphrase: 1 byte to 1 MiB, any bytes. Give a Secret or a Uint8Array to be able to wipe. */
  static passphrase(secret: Input, options?: PassphraseOptions): Credential;
  /** Exactly 32 bytes, not all zero: generateKey(). */
  static rawKey(key: Uint8Array | Secret, options?: CredentialOptions): Credential;
  /** An object with wrap() and unwrap(). */
  static provider(provider: KeyProvider, options?: CredentialOptions): Credential;
  toString(): string;
  toJSON(): string;
}

// ---- stores -----------------------------------------------------------------------------------

/** Options of Store.open() and, but for `readOnly`, Store.create(). */
export interface StoreOptions {
  /** Never write. */
  readOnly?: boolean;
  /** How long to wait for another writer, ms; 0: 5,000; 0xFFFFFFFF: do not wait. */
  busyTimeoutMs?: number;
  /** Milliseconds since 1970 UTC, in place of the system's clock; it must not call the library, and what it
   *  throws is a warning of the process. A call on another thread reads it once, before it begins. */
  clock?: () => number;
  /** Where the newest state that was seen is remembered outside of the file. */
  anchor?: Anchor;
  /** Is given a Checkpoint now and then; while it throws, changes are refused. */
  auditSink?: (checkpoint: Checkpoint) => void;
  /** Most memory an unlock may use for Argon2id, bytes; 0: 1 GiB. */
  kdfMemoryMax?: number;
  /** Refuse to unlock keys in memory that cannot be locked. */
  lockedMemory?: boolean;
  /** Open a file that group or others may access, or with several links. */
  anyFileMode?: boolean;
  /** Open on a FUSE file system of unknown kind. */
  allowFuse?: boolean;
  /** Commit without waiting for the disk: for tests only. */
  relaxed?: boolean;
  /** Name of a registered SQLite VFS: for tests only. */
  vfs?: string;
}

export interface CreateOptions extends Omit<StoreOptions, 'readOnly'> {
  /** Name of the first workspace; "main". */
  workspace?: string;
  /** Name of the first principal; "owner". */
  ownerName?: string;
}

export interface SalvageOptions {
  /** Name of the workspace where its own is lost. */
  workspace?: string;
  clock?: () => number;
  kdfMemoryMax?: number;
  anyFileMode?: boolean;
  allowFuse?: boolean;
}

interface StoreCalls {
  /** Unlocks a principal in a workspace (without: the only one). envres_session_open() Throws
   *  KeyMaterialError (wrong key, principal or slot: one code), CallbackError, NotFoundError, IntegrityError
   *  (ROOT, ROLLBACK, FORK). */
  session(credential: Credential, workspace?: string): Session;
  /** Checks everything; with a session also every sealed record that its keys open. No row: all is well.
   *  envres_store_verify() */
  verify(session?: Session): VerifyRow[];
  /** Writes a consistent copy to a file that must not exist. envres_store_backup() Throws ConflictError,
   *  StoreError. */
  backup(path: Path): void;
  /** Whether another process committed since the last poll; makes scopes stale if so. envres_store_poll() */
  poll(): boolean;
  /** What the store runs on: "library", "sqlite", "journal_mode", ...; nothing secret. envres_store_info() */
  info(): Record<string, string>;
}

export interface Store extends Twins<StoreCalls> {}
/**
 * An open store: a SQLite file, or memory. One lock inside serialises its database work, of all threads.
 *
 *     const store = await Store.open('app.envres');
 *     const session = await store.session(Credential.rawKey(key));
 *     const scope = await session.scope('production');
 */
export declare class Store extends Handle {
  private constructor();
  /** Makes a store with one workspace, the environments development, staging and production, and one
   *  owner. `path`: a file that must not exist; null: a store in memory. envres_store_create() Throws
   *  ConflictError (STORE_EXISTS), KeyMaterialError, StoreError, InvalidNameError. */
  static create(path: Path | null, owner: Credential, options?: CreateOptions): Promise<Store>;
  static createSync(path: Path | null, owner: Credential, options?: CreateOptions): Store;
  /** Opens a store that is there. envres_store_open() Throws NotFoundError (NO_STORE), StoreError,
   *  IntegrityError. */
  static open(path: Path, options?: StoreOptions): Promise<Store>;
  static openSync(path: Path, options?: StoreOptions): Store;
  /** Makes a new store at `to` of all that still verifies in a damaged one, which is only read; the report,
   *  whose rows with a code say what is lost. envres_store_salvage() */
  static salvage(path: Path, to: Path, credential: Credential, options?: SalvageOptions): Promise<SalvageRow[]>;
  static salvageSync(path: Path, to: Path, credential: Credential, options?: SalvageOptions): SalvageRow[];
}

/** The version of the library that is running: "0.1.0". envres_version() */
export declare function version(): string;
/** Every kind of resource and its fields: a row for each field. envres_kind_list() */
export declare function kinds(): KindRow[];
/** The digest that a part of these bytes has, in hex. envres_part_digest() */
export declare function partDigest(data: string | Uint8Array): string;

// ---- sessions ---------------------------------------------------------------------------------

/** What all changes take. */
export interface Change {
  /** Why, for the audit; at most 1,000 bytes. Protected environments ask for one. */
  reason?: string;
  /** 16 bytes (or hex) that name the operation: the same again answers with the outcome of the first. */
  operation?: Uint8Array | string;
}
/** Of changes that can be forced. */
export interface Force extends Change {
  /** Although something refers to it. */
  force?: boolean;
}
export interface Expect extends Change {
  /** Without: whatever is there; 0: only if there is none; n: only if revision n is there. Else
   *  ConflictError (CHANGED). */
  expect?: Integer;
}
export interface Reveal {
  /** Secrets too, as Secret. */
  reveal?: boolean;
}

export interface ScopeOptions {
  /** Serve this app: its parts, and `app.` in templates. */
  app?: string;
  /** Its release with this tag instead of the live one. */
  tag?: string;
  /** Or this version, with the newest configuration. */
  version?: string;
  /** Configuration revision; 0: the newest, or what the release pins. */
  revision?: Integer;
  /** Open although settings are missing or exchanged in the file. */
  damaged?: boolean;
  /** Opening it is an entry of the audit; where that cannot be written, no scope. */
  audited?: boolean;
}

export interface WriteOptions extends Expect {
  /** Type.DEFAULT: as the name already is, else string. */
  type?: Type;
  /** Without: as the name already is, else plain. A Secret is written as a secret. */
  secret?: boolean;
}

interface SessionCalls {
  /** Who is acting where: "workspace", "principal", "memory_locked". envres_session_info() */
  info(): Record<string, string>;
  /** A session that acts as another principal: rights only shrink, the audit names both. envres_session_as() */
  actAs(principal: string): Session;
  /** Opens a scope: everything is read in one transaction. envres_scope_open() Throws NotFoundError, StateError
   *  (NOTHING_LIVE, DISCARDED), DeniedError (no key), IntegrityError. */
  scope(environment: string, options?: ScopeOptions): Scope;
  /** Opens a scan for texts that are meant for one environment. envres_scan_open() */
  scan(environment: string): Scan;
  /** Polls the store; a fresh scope of the same environment and app where `scope` is stale, else `scope`
   *  itself. envres_scope_latest() */
  latest(scope: Scope): Scope;
  /** Brings older values back as new ones: of a variable, of "resource/HANDLE", or (without a name) of the
   *  whole environment. The configuration revision made. envres_restore() */
  restore(environment: string, revision: Integer, name?: string | null, options?: Change): number;
  /** Who refers to "variable/NAME" or "resource/HANDLE". envres_references() */
  references(object: string): ReferenceRow[];
  /** Frees the bytes of discarded versions that nothing refers to any more. envres_session_gc() */
  gc(options?: Change): GcRow;
  /** Hands in a value for a variable without being able to read; the deposit's id. envres_deposit() */
  deposit(environment: string, name: string, value: Input, options?: Omit<WriteOptions, 'expect'>): string;
  /** The public root key of the workspace, 32 bytes: pin it as a credential's `root`. envres_root_key() */
  rootKey(): Uint8Array;
}

export interface Session extends Twins<SessionCalls> {}
/**
 * A principal, unlocked, acting in one workspace. close() wipes the keys that no scope needs any more.
 * What can be done stands in groups, one for each header of the C interface.
 */
export declare class Session extends Handle {
  private constructor();
  readonly environments: Environments;
  readonly variables: Variables;
  readonly resources: Resources;
  readonly queries: Queries;
  readonly apps: Apps;
  readonly versions: Versions;
  readonly parts: Parts;
  readonly releases: Releases;
  readonly principals: Principals;
  readonly roles: Roles;
  readonly slots: Slots;
  readonly keys: Keys;
  readonly inbox: Inbox;
  readonly requests: Requests;
  readonly audit: Audit;
}

export interface EnvironmentLook {
  label?: string;
  color?: string;
}
export interface AddEnvironment extends EnvironmentLook, Change {
  /** Which it follows on the path; without: the end. */
  after?: string;
  /** Not on the promotion path. */
  offPath?: boolean;
}
export interface SetEnvironment extends EnvironmentLook, Change {
  protected?: boolean;
  requireReason?: boolean;
  /** How many others must approve what is done there; at most 16. */
  approvals?: number;
  /** Editors may reveal secrets, unless it is protected. */
  editorsReveal?: boolean;
  /** Rollbacks need the approvals too. */
  rollbackApprovals?: boolean;
}
interface EnvironmentCalls {
  /** Adds one. envres_environment_add() Throws InvalidNameError, ConflictError, NotFoundError. */
  add(key: string, options?: AddEnvironment): void;
  /** Removes one and its keys. envres_environment_remove() Throws DeniedError (FIXED), ConflictError. */
  remove(key: string, options?: Force): void;
  /** Changes what is given. envres_environment_set() Throws NotFoundError, DeniedError (QUORUM, APPROVALS). */
  set(key: string, options?: SetEnvironment): void;
  /** All: the path in order, then the others by key. envres_environment_list() */
  list(): EnvironmentRow[];
  /** One. envres_environment_describe() Throws NotFoundError, with the nearest name. */
  describe(key: string): EnvironmentRow;
}
/** Named configuration contexts. */
export interface Environments extends Twins<EnvironmentCalls> {}

/** One value of Variables.putMany(). */
export interface Write {
  name: string;
  value: Input;
  type?: Type;
  secret?: boolean;
  expect?: Integer;
}
interface VariableCalls {
  /** Sets one; durable when it is done. The configuration revision made. envres_variable_put() Throws
   *  InvalidNameError, TextError, DeniedError, ConflictError, NotFoundError, StoreError. */
  put(environment: string, name: string, value: Input, options?: WriteOptions): number;
  /** Sets many, all or none; at most 100,000: names and values, or rows. envres_variable_put_many() */
  putMany(environment: string, writes: Iterable<Write> | Record<string, Input> | Map<string, Input>, options?: Change): number;
  /** Takes the value away in one environment; history keeps it. envres_variable_unset() */
  unset(environment: string, name: string, options?: Change): number;
  /** The present value as it was written, a template unexpanded. Without `reveal` a secret is a SecretError.
   *  envres_variable_get() */
  get(environment: string, name: string, options?: Reveal): Text;
  /** All, by name, then by environment in path order; without an environment: of every one.
   *  envres_variable_list() */
  list(environment?: string | null, options?: Reveal): VariableRow[];
  /** What it was in one environment, newest first. envres_variable_history() */
  history(environment: string, name: string, options?: Reveal): HistoryRow[];
  /** Renames it in all environments. envres_variable_rename() Throws ConflictError (NAME_TAKEN, REFERRED). */
  rename(name: string, to: string, options?: Force): void;
  /** Deletes it in all environments. envres_variable_delete() */
  delete(name: string, options?: Force): void;
  /** Destroys the value of one older revision for good. `name`: a variable's, or "resource/HANDLE/FIELD".
   *  envres_variable_destroy() */
  destroy(environment: string, name: string, revision: Integer, options?: Force): void;
}
/** Names with one value per environment. */
export interface Variables extends Twins<VariableCalls> {}

/** A field: text, an integer, a boolean; null: take it away. */
export type Field = Input | number | bigint | boolean | null;
export interface Configure extends Expect {
  /** Names of fields to seal although their kind does not say so. */
  secret?: Iterable<string>;
}
interface ResourceCalls {
  /** Defines one. envres_resource_define() Throws InvalidNameError, NotFoundError (kind), ConflictError. */
  define(handle: string, kind: string, options?: Force): void;
  /** Sets fields; those not named stay. The revision made. envres_resource_configure() */
  configure(environment: string, handle: string, fields: Record<string, Field> | Map<string, Field>, options?: Configure): number;
  /** It takes the settings of `to` where it has none; null withdraws that. envres_resource_fallback() */
  fallback(environment: string, handle: string, to: string | null, options?: Change): void;
  /** Removes it everywhere. envres_resource_remove() Throws ConflictError (REFERRED). */
  remove(handle: string, options?: Force): void;
  /** All, by handle, then by environment in path order. envres_resource_list() */
  list(): ResourceRow[];
  /** What it was in one environment, newest first. envres_resource_history() */
  history(environment: string, handle: string, options?: Reveal): HistoryRow[];
}
/** Handles with a kind, and settings per environment. */
export interface Resources extends Twins<ResourceCalls> {}

/** A parameter that a query declares. */
export interface QueryParam {
  name: string;
  /** STRING, INTEGER, NUMBER, BOOLEAN, JSON or TIMESTAMP; STRING. */
  type?: Type;
  /** Its value when none is given, as text. */
  preset?: string | null;
  /** It need not be given; without a preset, every tag that takes it has a default. */
  optional?: boolean;
}
export interface PutQuery extends Expect {
  /** Of a request; without: POST with a body and for graphql, else GET. */
  method?: string;
  /** Of a request, of Context.URL: "" or what begins with / or ?. */
  path?: Input;
  /** Of a request, of Context.JSON: an object of strings. */
  headers?: Input;
}
interface QueryCalls {
  /** Puts the first revision of a query, or the next one; the newest after it. `source`: the SQL; of a request
   *  its body. envres_query_put() Throws InvalidNameError, NotFoundError, ConflictError, TextError with the
   *  position, UsageError, DeniedError. */
  put(name: string, resource: string, source?: Input | null, params?: Iterable<QueryParam>, options?: PutQuery): number;
  /** Makes an older revision the newest, as one of its own; which it is. envres_query_restore() */
  restore(name: string, revision: Integer, options?: Change): number;
  /** Removes one; its name is free then. envres_query_remove() */
  remove(name: string, options?: Force): void;
  /** All, by name. envres_query_list() */
  list(): QueryListRow[];
  /** The revisions of one, newest first. envres_query_history() */
  history(name: string): QueryHistoryRow[];
  /** Reads a revision; 0: the newest. envres_query_open() Throws NotFoundError, IntegrityError, DeniedError. */
  open(name: string, revision?: Integer): Query;
  /** Records that a draft uses a query. Revision 0: it follows the newest, until the promotion that freezes the
   *  version records which one that is; above: this one. `version` null: the app's only draft. envres_query_pin()
   *  Throws NotFoundError (with the nearest name), StateError (FROZEN, DISCARDED), UsageError (LIMIT), DeniedError. */
  pin(app: string, version: string | null, name: string, revision?: Integer, options?: Change): void;
  /** Records that a draft no longer uses a query. envres_query_unpin() */
  unpin(app: string, version: string | null, name: string, options?: Change): void;
  /** The queries that a version uses, by name. envres_query_pins() */
  pins(app: string, version: string | null): QueryPinRow[];
}
/** Named queries of the workspace, with declared parameters and revisions. */
export interface Queries extends Twins<QueryCalls> {}

export interface AppOptions extends Change {
  /** The configuration that a release saw comes back with it. */
  pinConfig?: boolean;
  protected?: boolean;
}
interface AppCalls {
  /** Makes one, and with it its first draft, "v1". envres_app_create() */
  create(name: string, options?: AppOptions): void;
  /** Changes what is given. envres_app_set() */
  set(name: string, options?: AppOptions): void;
  /** All, by name. envres_app_list() */
  list(): AppRow[];
  /** One. envres_app_describe() */
  describe(name: string): AppRow;
  /** Everything about one: what is live, what stands where, what a check says. envres_app_status() */
  status(name: string): StatusRow[];
}
/** What is versioned and released. */
export interface Apps extends Twins<AppCalls> {}

/** The row of a version that was looked at before deciding. */
export type Seen = Pick<VersionRow, 'stage' | 'content'>;
export interface CreateVersion extends Change {
  /** The version to begin from; without: the live one, else the newest. */
  base?: string;
  description?: string;
  /** From none. */
  empty?: boolean;
}
export interface Promote extends Change {
  /** Where its stage or content differ from what is there now, nothing is done: ConflictError (CHANGED). */
  seen: Seen;
  /** Over several environments, each of them checked. */
  through?: boolean;
  /** Answer as if it were done, and change nothing. */
  dryRun?: boolean;
}
interface VersionCalls {
  /** Makes a draft; without a name: the next "vN". envres_version_create() */
  create(app: string, name?: string | null, options?: CreateVersion): VersionRow;
  /** Renames or describes one, in any state. envres_version_set() */
  set(app: string, version: string, options?: { name?: string; description?: string } & Change): void;
  /** Those of an app, newest first; those that have reached an environment; `all`: discarded ones too.
   *  envres_version_list() */
  list(app: string, environment?: string | null, options?: { all?: boolean }): VersionRow[];
  /** One. envres_version_describe() */
  describe(app: string, version: string): VersionRow;
  /** Opens one for work, and remembers that; null: the most recently changed one there. envres_version_open() */
  open(app: string, version: string | null, environment: string, options?: Change): VersionRow;
  /** What the session's principal opened last in this app. envres_version_last() */
  last(app: string): LastRow | null;
  /** What differs between two versions, by path. envres_version_diff() */
  diff(app: string, from: string, to: string, options?: { otherApp?: string; withText?: boolean }): DiffRow[];
  /** The check by itself, errors first. A finding is not an error. envres_version_check() */
  check(app: string, version: string | null, environment: string): FindingRow[];
  /** Moves one on to the environment `to`; warnings of the check. envres_version_promote() Throws StateError,
   *  CheckError, ConflictError, DeniedError, NotFoundError. */
  promote(app: string, version: string, to: string, options: Promote): FindingRow[];
  /** Discards one. envres_version_discard() */
  discard(app: string, version: string, options: { seen: Seen } & Change): void;
}
/** Named states of an app's parts. */
export interface Versions extends Twins<VersionCalls> {}

/** One edit of Parts.put(). */
export interface PartWrite {
  path: string;
  /** null: take it out. */
  data: string | Uint8Array | null;
  /** It goes to clients. */
  public?: boolean;
  /** Only if there is none of that path. */
  absent?: boolean;
  /** Only if it has this digest now: 32 bytes or their hex digits. */
  expect?: Uint8Array | string;
}
interface PartCalls {
  /** Edits a draft, all of the writes or none: paths and bytes, or rows. The new content digest in hex.
   *  envres_part_put() Throws StateError (FROZEN), ConflictError, InvalidNameError (PATH), NotFoundError. */
  put(app: string, version: string | null, writes: Iterable<PartWrite> | Record<string, string | Uint8Array | null> | Map<string, string | Uint8Array | null>, options?: Change): string;
  /** A part's bytes. envres_part_get() */
  get(app: string, version: string | null, path: string): Uint8Array;
  /** The parts of a version, by path. envres_part_list() */
  list(app: string, version: string | null): PartRow[];
  /** The edits of a version, of one path or of all, newest first. envres_part_history() */
  history(app: string, version: string | null, path?: string | null): EditRow[];
  /** Brings a part back to what it was after an edit of it; 0: as the version was made. envres_part_restore() */
  restore(app: string, version: string | null, path: string, edit: Integer, options?: Change): void;
}
/** The files of an app's definition. */
export interface Parts extends Twins<PartCalls> {}

export interface CreateRelease extends Change {
  /** The row of the version that was looked at. */
  seen: Seen;
  /** Sequence of the live release that was seen; 0: nothing was live. */
  expectLive: Integer;
  /** In place of a tag. */
  bump?: Bump;
  /** At most 64 KiB. */
  notes?: string;
  dryRun?: boolean;
}
export interface Rollback extends Change {
  expectLive: Integer;
  /** Tag of the release; without (and without `version`): the one before. */
  to?: string;
  /** Or a version, whose newest release is meant. */
  version?: string;
  dryRun?: boolean;
}
/** A record, and what the check found. */
export interface Released {
  release: ReleaseRow;
  findings: FindingRow[];
}
interface ReleaseCalls {
  /** Makes a version live. `tag`: a semantic version; null with `bump`. envres_release_create() Throws
   *  StateError, CheckError, ConflictError (CHANGED, TAG_TAKEN), InvalidNameError (TAG), DeniedError. */
  create(app: string, version: string, tag: string | null, options: CreateRelease): Released;
  /** Makes an earlier release live again; what a check of it found does not stop it. envres_release_rollback() */
  rollback(app: string, options: Rollback): Released;
  /** Takes the live release back: the app has none then. envres_release_withdraw() */
  withdraw(app: string, options: { expectLive: Integer } & Change): ReleaseRow;
  /** The releases of an app, newest first. envres_release_list() */
  list(app: string): ReleaseRow[];
}
/** Making a version live, and taking that back. */
export interface Releases extends Twins<ReleaseCalls> {}

export interface AddPrincipal extends Change {
  role?: Role;
  /** Where it has that role; without: in all. */
  environments?: Iterable<string>;
}
interface PrincipalCalls {
  /** Adds one with its first slot. envres_principal_add() */
  add(name: string, credential: Credential, options?: AddPrincipal): void;
  /** Removes its slots, roles and keys. envres_principal_remove() Throws DeniedError (LAST_OWNER). */
  remove(name: string, options?: Change): void;
  /** All, by name: a row for each role of each. envres_principal_list() */
  list(): PrincipalRow[];
  /** A new identity for one whose key was lost or may be known. envres_principal_rekey() */
  rekey(name: string, credential: Credential, options?: Change): void;
}
/** Who acts, with which keys. */
export interface Principals extends Twins<PrincipalCalls> {}

interface RoleCalls {
  /** Gives a role and its keys; without an environment: in all. envres_role_grant() */
  grant(principal: string, role: Role, environment?: string | null, options?: Change): void;
  /** Takes a role back. envres_role_revoke() Throws NotFoundError (NOT_SET), DeniedError (LAST_OWNER). */
  revoke(principal: string, role: Role, environment?: string | null, options?: Change): void;
}
/** What principals may do. */
export interface Roles extends Twins<RoleCalls> {}

interface SlotCalls {
  /** All, oldest first. envres_slot_list() */
  list(): SlotRow[];
  /** Adds one; its ordinal. envres_slot_add() */
  add(label: string, credential: Credential, options?: Change): number;
  /** Puts another credential into one: a new passphrase. envres_slot_change() */
  change(ordinal: Integer, credential: Credential, options?: Change): void;
  /** Removes one. envres_slot_remove() Throws ConflictError (REFERRED: the last one stays). */
  remove(ordinal: Integer, options?: Change): void;
}
/** The ways to unlock the session's own principal. */
export interface Slots extends Twins<SlotCalls> {}

interface KeyCalls {
  /** Begins a rotation, or goes on with one; the secrets to change at their source. Then call rotateStep()
   *  until it gives 0. envres_key_rotate() */
  rotate(environment: string, options?: Change): ExposureRow[];
  /** Seals at most 256 records anew; how many are left. envres_key_rotate_step() */
  rotateStep(environment: string): number;
  /** The report without a rotation; without an environment: of all. envres_key_exposure() */
  exposure(environment?: string | null): ExposureRow[];
}
/** The keys of environments. */
export interface Keys extends Twins<KeyCalls> {}

interface InboxCalls {
  /** What waits, oldest first; never a value. envres_inbox_list() */
  list(environment: string): InboxRow[];
  /** Takes one in; the configuration revision made. `id`: at least its first 8 digits. envres_inbox_accept() */
  accept(environment: string, id: string, options?: Change): number;
  /** Throws one away. envres_inbox_reject() */
  reject(environment: string, id: string, options?: Change): void;
}
/** Deposits that wait in an environment. */
export interface Inbox extends Twins<InboxCalls> {}

interface RequestCalls {
  /** Those of the workspace, oldest first; `all`: closed ones too. envres_request_list() */
  list(options?: { all?: boolean }): RequestRow[];
  /** One. envres_request_show() */
  show(id: string): RequestRow;
  /** Approves with the session's own key. envres_request_approve() Throws StateError (CLOSED), DeniedError. */
  approve(id: string, options?: Change): void;
  /** Takes one back: its requester, or an owner. envres_request_withdraw() */
  withdraw(id: string, options?: Change): void;
  /** Does what was asked for; what it made. envres_request_run() Throws DeniedError (APPROVALS), StateError. */
  run(id: string, options?: Change): number;
}
/** Changes that wait for the approval of others. `id`: at least its first 8 digits. */
export interface Requests extends Twins<RequestCalls> {}

export interface AuditOptions {
  /** Entries behind this sequence number. */
  since?: Integer;
  /** At most so many; 0: all. */
  limit?: Integer;
  environment?: string;
  app?: string;
}
/** What Audit.verify() found; `firstBad`: sequence of the first entry that is wrong or missing. */
export interface Verified {
  firstBad: number | null;
  findings: VerifyRow[];
}
interface AuditCalls {
  /** Entries, oldest first. envres_audit_list() */
  list(options?: AuditOptions): AuditRow[];
  /** Compares the store with a checkpoint that the host kept. envres_audit_check() Throws IntegrityError:
   *  ROLLBACK, FORK, INTEGRITY. */
  check(checkpoint: Checkpoint): void;
  /** Asks for the right to show secrets to people, and says in the audit that they are shown; call it
   *  before. `object`: "variable/NAME", "resource/HANDLE[/FIELD]"; without: all. envres_audit_reveal() */
  reveal(environment: string, object?: string | null, options?: Change): void;
  /** Walks the whole chain: every link, every signature. A finding is not an error. envres_audit_verify() */
  verify(): Verified;
}
/** One entry for every change, and for every one that was refused. */
export interface Audit extends Twins<AuditCalls> {}

// ---- scopes -----------------------------------------------------------------------------------

export interface RenderOptions {
  /** The text goes where secrets must not: a secret is a SecretError. */
  noSecrets?: boolean;
  /** Largest output in bytes; 0: 64 MiB. */
  outputMax?: Integer;
}

/**
 * An immutable snapshot of one environment. No call on it touches the database; it stays valid whatever
 * becomes of session and store. What is missing is a NotFoundError, never blank text.
 */
export declare class Scope extends Handle {
  private constructor();
  /** The environment's key. */
  readonly environment: string;
  /** The configuration revision it was opened at. */
  readonly revision: number;
  /** Whether the store is known to have changed since. */
  readonly isStale: boolean;
  /** Name of the app that is served, or "". */
  readonly app: string;
  /** Name of the version that is served, or "". */
  readonly version: string;
  /** Tag of the release, or "". */
  readonly release: string;
  /** Sequence number of the release record, or 0. */
  readonly sequence: number;
  /** How many variables have a value here. */
  readonly size: number;
  /** A variable's text, templates expanded; with a fallback, that where it has no value here. envres_scope_get() */
  get(name: string): Text;
  get<T>(name: string, fallback: T): Text | T;
  /** Whether it has a value here. */
  has(name: string): boolean;
  /** The names, in order. */
  keys(): IterableIterator<string>;
  /** Names and texts. */
  entries(): IterableIterator<[string, Text]>;
  [Symbol.iterator](): IterableIterator<[string, Text]>;
  /** The variable in the type it has; a Secret where it is one. */
  value(name: string): Native;
  /** A boolean. Throws TextError (TYPE), NotFoundError. envres_scope_get_boolean() */
  getBoolean(name: string): boolean;
  /** A number that is an integer of 64 bits. envres_scope_get_integer() */
  getInteger(name: string): Integer;
  /** A number; an integer that no double holds is a TextError (TYPE). envres_scope_get_double() */
  getDouble(name: string): number;
  /** A string, or an expanded template. envres_scope_get_string() */
  getString(name: string): Text;
  /** A json variable as compact JSON text. envres_scope_get_json() */
  getJson(name: string): Text;
  /** Interns a name: the index serves the calls below on this scope. envres_scope_find() */
  find(name: string): number;
  /** Name of the index-th variable. Throws RangeError. */
  name(index: number): string;
  /** Type of the index-th variable. Throws RangeError. */
  type(index: number): Type;
  /** Whether the index-th is secret, or composed of a secret. */
  isSecret(index: number): boolean;
  /** Plain text of the index-th. Throws SecretError. envres_scope_at() */
  at(index: number): string;
  /** Its bytes into a buffer of the caller's, who wipes it; their number. envres_scope_get_into() */
  getInto(index: number, buffer: Uint8Array): number;
  /** Parses and renders in one call. envres_scope_expand() */
  expand(text: Input, options?: { context?: Context; noSecrets?: boolean }): Text;
  /** Which value, from where, and why; never the value. envres_explain() */
  explain(text: string): ExplainRow[];
  /** Resolves a resource, with defaults and templates. envres_scope_resource() Throws NotFoundError,
   *  InvalidNameError (a required FIELD is missing), TextError. */
  resource(handle: string): Resource;
  /** Resolves a resource and hands it to `probe`, for the length of its call or promise. Throws what
   *  resource() throws, and CallbackError from what the probe threw; an EnvresError travels through. */
  testResource(handle: string, probe: (resource: Resource) => unknown): Promise<void>;
  /** The same for a probe that is no promise. envres_resource_test() */
  testResourceSync(handle: string, probe: (resource: Resource) => void): void;
  /** Paths of the parts of the version that is served. envres_scope_part_path() */
  parts(): string[];
  /** Whether the part goes to everybody. envres_scope_part_is_public() */
  partIsPublic(path: string): boolean;
  /** A part's bytes. envres_scope_part() */
  part(path: string): Uint8Array;
  /** Parses and renders a part: as JSON where its path ends in .json, else as text; without secrets where it
   *  is public. envres_scope_render_part() */
  renderPart(path: string, params?: ParamsLike, options?: RenderOptions): Text;
  /** A query of the version that is served, at the revision that this version uses; of use after the scope was
   *  closed. envres_scope_query() Throws NotFoundError (the version does not use it), UsageError (no app). */
  query(name: string): Query;
}

/** A resource resolved in a scope, which it keeps alive: fields that have a value, defaults included. */
export declare class Resource extends Handle {
  private constructor();
  /** "postgres", "rest", ... */
  readonly kind: string;
  /** Whose settings these are: the scope's environment, or the declared fallback. */
  readonly environment: string;
  readonly isFallback: boolean;
  /** Another one when the resource, or what it refers to, was changed, and only then: key a pool by it. */
  readonly cacheKey: string;
  readonly size: number;
  keys(): IterableIterator<string>;
  entries(): IterableIterator<[string, Text]>;
  [Symbol.iterator](): IterableIterator<[string, Text]>;
  has(name: string): boolean;
  /** A field's text; with a fallback, that where it has no value. Throws InvalidNameError (FIELD), NotFoundError. */
  get(name: string): Text;
  get<T>(name: string, fallback: T): Text | T;
  /** The field in the type that its kind says; a Secret where it is one. */
  value(name: string): Native;
  /** Names of the fields that are secret. */
  secretFields(): string[];
  /** The ready URL, escaped for its grammar. */
  url(): Text;
  /** The same with every secret as "***": for logs. */
  redactedUrl(): string;
  /** The driver's own string: libpq keywords, a path, a list of brokers. */
  dsn(): Text;
}

// ---- templates --------------------------------------------------------------------------------

/** A parameter's text with a type that is said: typed(). */
export declare class Typed {
  private constructor();
  readonly type: Type;
  readonly value: Input;
}
/** A parameter of a type that JavaScript's own does not say. */
export declare function typed(type: Type, value: Input): Typed;
/** A parameter; an object or array is JSON, and holds no Secret. */
export type Param = null | boolean | number | bigint | string | Secret | Typed | object;
/** Parameters; what is no Params becomes one. */
export type ParamsLike = Params | Record<string, Param> | Map<string, Param> | null;

/** Parameters of a render, made once for many; immutable. What is made of a Secret is secret. */
export declare class Params extends Handle {
  /** `allow`: identifiers that the filter `ident` may write into SQL. Throws InvalidNameError, TextError. */
  constructor(values?: Record<string, Param> | Map<string, Param>, options?: { allow?: Iterable<string> });
}

export interface TemplateOptions {
  /** How values are written into it; Context.TEXT. */
  context?: Context;
  /** Of Context.SQL: whose SQL it is; required there. */
  dialect?: Dialect;
  /** Of Context.SQL: how placeholders look. */
  style?: Style;
  /** Near misses (`<< enviroment...`) are errors. */
  strict?: boolean;
}

/** Text with `<< ... >>` tags, parsed once, rendered against any scope. Immutable. */
export declare class Template extends Handle {
  /** Parses; the whole text is checked, nothing is resolved. envres_template_parse() Throws TextError with the
   *  position, UsageError (LIMIT: 16 MiB). */
  constructor(source: Input, options?: TemplateOptions);
  /** Renders; a Secret when any byte came from one. envres_template_render() Throws NotFoundError, TextError,
   *  UsageError (LIMIT), SecretError, IntegrityError, each with the tag's position. */
  render(scope: Scope, params?: ParamsLike, options?: RenderOptions): Text;
  /** Renders into a buffer of the caller's, who wipes it where the output may be secret; the length.
   *  envres_template_render_into() Throws UsageError (LIMIT) when it does not fit. */
  renderInto(scope: Scope, buffer: Uint8Array, params?: ParamsLike, options?: RenderOptions): number;
  /** Resolves every reference once: what is left for rendering is copying. envres_template_bind() */
  bind(scope: Scope, params?: ParamsLike, options?: RenderOptions): Bound;
  /** Resolves a template of Context.SQL: the SQL, and what to bind to its placeholders. envres_template_prepare() */
  prepare(scope: Scope, params?: ParamsLike, options?: RenderOptions): Statement;
  /** What it needs: a row for each tag, in order. envres_template_references() */
  references(): TagRow[];
}

/** Renders many templates against one scope, in one native call but for those with secrets. Throws what
 *  render() throws, for the first that fails. */
export declare function renderMany(templates: Iterable<Template>, scope: Scope): Text[];

/** A template bound to a scope, which it keeps alive. Immutable. */
export declare class Bound extends Handle {
  private constructor();
  render(): Text;
  renderInto(buffer: Uint8Array): number;
  /** The output, rendered at the first call and kept. Throws SecretError when it has secrets. */
  text(): string;
}

/** What a driver binds; JSON as compact text. */
export type Bindable = null | boolean | number | bigint | string;

/** SQL made of a template, and its parameters in order. The text can be logged. */
export declare class Statement extends Handle {
  private constructor();
  /** The SQL. Holds no value. */
  readonly text: string;
  /** Number of the first parameter: 1, or one more than the highest $n that the text had. */
  readonly first: number;
  /** How many parameters there are. */
  readonly size: number;
  /** Of each parameter the reference that gave it: "params.id"; elements of a list share one. */
  names(): string[];
  /** Of each parameter its type. */
  types(): Type[];
  /** The values in their types; those that are secret as Secret. */
  parameters(): Array<Bindable | Secret>;
  /** The values, secrets in clear, as a driver wants them. */
  reveal(): Bindable[];
}

// ---- queries ----------------------------------------------------------------------------------

export interface QueryOptions extends RenderOptions {
  /** A string is read as the declared type: for what comes from a form. */
  readStrings?: boolean;
}

/** One revision of a query. Immutable; needs its session no longer. */
export declare class Query extends Handle {
  private constructor();
  /** The handle of its resource. */
  readonly resource: string;
  /** The kind of that resource when this was opened. */
  readonly kind: string;
  readonly revision: number;
  /** The SQL as it was put; of a request the body, "" for none. */
  readonly source: string;
  /** Of a request, as it was put; "" for none. */
  readonly method: string;
  readonly path: string;
  /** Of a request, a JSON object as it was put; "" for none. */
  readonly headers: string;
  /** The parameters that it declares, in their order. */
  params(): QueryParamRow[];
  /** Renders it for the environment of a scope. Connects to nothing. envres_query_render() Throws TextError
   *  (TYPE: `subject` names the parameter), NotFoundError (NOT_SET, NOT_FOUND), UsageError (INVALID). */
  render(scope: Scope, params?: ParamsLike, options?: QueryOptions): QueryResult;
}

/** What to send: a statement, or a request. */
export declare class QueryResult extends Handle {
  private constructor();
  /** The SQL and its parameters, of use after this was closed; null for a request. */
  readonly statement: Statement | null;
  /** Of a request: "GET", ...; null for a statement. */
  method(): Text | null;
  /** Of a request, below the address of the resource. */
  path(): Text | null;
  /** Of a request: a JSON object of strings; null: there are none. */
  headers(): Text | null;
  /** Of a request: JSON; null: there is none. */
  body(): Text | null;
}

// ---- redaction and scans ----------------------------------------------------------------------

/**
 * Looks for secrets in text, such as a log as it streams by, and masks them. Secrets of fewer than 8 bytes
 * are refused: refused() names them. The last line of defence, behind Secret. Filled first, then used.
 */
export declare class Redactor extends Handle {
  /** At most 64 bytes; "[redacted]". */
  constructor(replacement?: string);
  /** Adds every secret of a scope. envres_redactor_add_scope() */
  addScope(scope: Scope): void;
  /** Adds a secret from elsewhere, at most 1 MiB; `name`: what refused() calls it. envres_redactor_add() */
  add(name: string, secret: Input): void;
  /** What is not masked, or not in every form, and why. */
  refused(): RefusedRow[];
  /** Another one of the same secrets, for another text; none can be added to either any more. */
  copy(): Redactor;
  /** Masks one text that is all there. */
  text(data: string): string;
  text(data: Uint8Array): Uint8Array;
  /** Takes the next bytes of a text in; those that can be given on. At most 255 are held back. */
  feed(data: string | Uint8Array): Uint8Array;
  /** The text has ended: what was held back. Another one can begin. */
  finish(): Uint8Array;
  /** How many replacements it has written: anything but 0 says that a secret got away. */
  readonly masked: number;
}

interface ScanCalls {
  /** Scans one text, at most 16 MiB of any bytes; `name`: what findings call it. envres_scan_text() */
  text(name: string, data: Input): FindingRow[];
}
export interface Scan extends Twins<ScanCalls> {}
/** Holds texts against all environments: finds secrets, hosts and values of others than the one that the
 *  texts are meant for. A snapshot; says names only. */
export declare class Scan extends Handle {
  private constructor();
  /** About the scan itself: "not-checked" for each environment that cannot be looked for. */
  readonly findings: FindingRow[];
}
