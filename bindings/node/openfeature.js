// SPDX-License-Identifier: MIT
'use strict';

/*
 * A provider for OpenFeature: typed variables of one environment as feature flags. openfeature.d.ts says which
 * flags, reasons, errors, metadata and events there are. Needs @openfeature/server-sdk.
 *
 * One snapshot serves all evaluations; poll() exchanges it. Nothing is read from the store meanwhile.
 */
const {
  FlagNotFoundError, GeneralError, OpenFeatureEventEmitter, ParseError, ProviderEvents, ProviderFatalError,
  ProviderNotReadyError, TypeMismatchError,
} = require('@openfeature/server-sdk');
const {
  ClosedError, DeniedError, EnvresError, IntegrityError, InvalidNameError, NotFoundError, Status, Type,
} = require('./index.js');
const { parseJson, parseNumber } = require('./lib/values.js');

/** A scope, and the flags that were read from it. */
class Snapshot {
  constructor(scope) {
    this.scope = scope;
    this.flags = new Map();
    this.metadata = { environment: scope.environment, revision: scope.revision };
    if (scope.app !== '') {
      Object.assign(this.metadata, { app: scope.app, version: scope.version, release: scope.release });
    }
  }
}

/** The name of the variable for a flag's key. */
const underscored = (key) => key.replace(/[-.]/g, '_');

class EnvresProvider {
  runsOn = 'server';
  metadata = Object.freeze({ name: 'envres' });
  events = new OpenFeatureEventEmitter();
  #session;
  #environment;
  #options;
  #snapshot = null;
  #isStale = false;
  #polling = null;
  #timer = null;
  #lives = 0; // how often it was closed: what was begun before that is not to come into force

  constructor(session, environment, options = {}) {
    this.#session = session;
    this.#environment = environment;
    this.#options = { names: underscored, pollSeconds: 0, ...options };
  }

  // -- life

  async initialize() {
    const life = this.#lives;
    try {
      const snapshot = await this.#open();
      if (life === this.#lives) this.#snapshot = snapshot;
    } catch (error) {
      if (!(error instanceof EnvresError)) throw error;
      const lasting = [NotFoundError, DeniedError, IntegrityError, ClosedError, InvalidNameError];
      const made = lasting.some((kind) => error instanceof kind) ? ProviderFatalError : GeneralError;
      throw new made(error.message, { cause: error });
    } finally {
      const { pollSeconds } = this.#options;
      if (pollSeconds > 0 && this.#timer === null && life === this.#lives) {
        this.#timer = setInterval(() => this.poll(), pollSeconds * 1000);
        this.#timer.unref();
      }
    }
  }

  async onClose() {
    this.#lives++;
    clearInterval(this.#timer);
    this.#timer = null;
    await this.#polling;
    this.#snapshot = null;
  }

  /** One look at a time; who asks meanwhile gets its answer. */
  poll() {
    this.#polling ??= this.#poll().finally(() => { this.#polling = null; });
    return this.#polling;
  }

  async #open() {
    const { app } = this.#options;
    return new Snapshot(await this.#session.scope(this.#environment, { app }));
  }

  async #poll() {
    const old = this.#snapshot;
    let fresh;
    try {
      const scope = old === null ? null : await this.#session.latest(old.scope);
      fresh = old === null ? await this.#open() : scope === old.scope ? old : new Snapshot(scope);
    } catch (error) {
      if (!this.#isStale && old !== null) {
        this.#isStale = true;
        this.events.emit(ProviderEvents.Stale,
          { message: error instanceof EnvresError ? error.message : 'the store cannot be read' });
      }
      return false;
    }
    if (this.#isStale || old === null) {
      this.#isStale = false;
      this.events.emit(ProviderEvents.Ready);
    }
    if (fresh === old) return false;
    this.#snapshot = fresh;
    if (old !== null) this.#tell(old.scope, fresh);
    return true;
  }

  #tell(old, { scope, metadata }) {
    const names = [...new Set([...old.keys(), ...scope.keys()])].sort();
    const flagsChanged = names.filter((name) => plain(old, name) !== plain(scope, name));
    this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged, metadata: { ...metadata } });
  }

  // -- flags

  async resolveBooleanEvaluation(key, fallback) {
    return this.#resolve(key, fallback, (value) => typeof value === 'boolean');
  }

  async resolveStringEvaluation(key, fallback) {
    return this.#resolve(key, fallback, (value) => typeof value === 'string');
  }

  /* A bigint is an integer that no number holds: it is not rounded. */
  async resolveNumberEvaluation(key, fallback) {
    return this.#resolve(key, fallback, (value) => Number.isFinite(value));
  }

  async resolveObjectEvaluation(key, fallback) {
    return this.#resolve(key, fallback,
      (value) => typeof value === 'object' && value !== null && !holdsBigint(value));
  }

  #resolve(key, fallback, fits) {
    const snapshot = this.#snapshot;
    if (snapshot === null) throw new ProviderNotReadyError('the provider has no snapshot');
    let reason = 'CACHED';
    let flag = snapshot.flags.get(key);
    if (flag === undefined) {
      reason = 'STATIC';
      flag = readFlag(snapshot.scope, this.#options.names(key), key);
      if (flag.reason === undefined) snapshot.flags.set(key, flag);
    }
    const flagMetadata = Object.freeze({ ...snapshot.metadata, ...flag.metadata });
    if (flag.reason !== undefined) return { value: fallback, reason: flag.reason, flagMetadata };
    // Read anew each time: an object is of the caller's own to change.
    const value = flag.parse(flag.text);
    if (!fits(value)) throw new TypeMismatchError(`the flag '${key}' has another type`);
    return { value, reason, variant: flag.variant, flagMetadata };
  }
}

function holdsBigint(value) {
  if (typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsBigint);
}

/** What a flag of this name gives, to be compared; a secret gives nothing. */
function plain(scope, name) {
  try {
    const index = scope.find(name);
    return scope.isSecret(index) ? null : `${scope.type(index)} ${scope.at(index)}`;
  } catch (error) {
    if (error instanceof EnvresError) return null;
    throw error;
  }
}

const PARSERS = {
  [Type.STRING]: String, [Type.TEMPLATE]: String, [Type.BOOLEAN]: (text) => text === 'true',
  [Type.NUMBER]: parseNumber, [Type.JSON]: parseJson,
};

/** A flag as the snapshot has it: text and how it is read; or the reason why there is none. */
function readFlag(scope, name, key) {
  let [type, text] = [];
  try {
    const index = scope.find(name);
    if (scope.isSecret(index)) throw new GeneralError(`the variable '${name}' is a secret, and no flag`);
    [type, text] = [scope.type(index), scope.at(index)];
  } catch (error) {
    if (!(error instanceof EnvresError)) throw error;
    if (error.status === Status.NOT_SET) return { reason: 'DISABLED' };
    if (error instanceof NotFoundError || error instanceof InvalidNameError) {
      throw new FlagNotFoundError(`there is no flag '${key}'`);
    }
    throw new GeneralError(error.message);
  }
  const parse = PARSERS[type];
  if (type !== Type.JSON) return { text, parse };
  const value = parse(text);
  if (typeof value !== 'object' || value === null) {
    throw new TypeMismatchError(`the flag '${key}' is neither object nor array`);
  }
  const { variants } = value;
  const isDefinition = typeof variants === 'object' && variants !== null && !Array.isArray(variants);
  return isDefinition ? definition(value, key) : { text, parse };
}

/** A flag in flagd's form. */
function definition({ state = 'ENABLED', defaultVariant: variant = null, metadata, variants }, key) {
  const about = metadata ?? {};
  const known = typeof about === 'object' && !Array.isArray(about)
    && Object.values(about).every((one) => ['boolean', 'number', 'string'].includes(typeof one));
  if (!known || !['ENABLED', 'DISABLED'].includes(state) || (variant !== null && typeof variant !== 'string')) {
    throw new ParseError(`the definition of the flag '${key}' is broken`);
  }
  if (state === 'DISABLED') return { reason: 'DISABLED', metadata: about };
  if (variant === null) return { reason: 'DEFAULT', metadata: about };
  if (!Object.hasOwn(variants, variant)) {
    throw new ParseError(`the flag '${key}' has no variant of the name that is its default`);
  }
  const found = variants[variant];
  return { text: found, parse: clone, variant, metadata: about };
}

const clone = (value) => (typeof value === 'object' ? structuredClone(value) : value);

module.exports = { EnvresProvider, underscored };
