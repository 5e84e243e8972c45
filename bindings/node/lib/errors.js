// SPDX-License-Identifier: MIT
'use strict';

/*
 * Errors: one class for each family, as bindings/README.md names them.
 *
 * `code` is the symbolic name, as Node has it; `status` the number. Nothing that was given to a call
 * is ever part of one.
 */
const { FAMILIES, Status } = require('./constants.js');

/** What every error of the library has. */
class EnvresError extends Error {
  constructor(message, details = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.status = details.status ?? Status.INVALID;
    this.code = details.code ?? codeOf(this.status);
    this.hint = details.hint ?? '';
    this.subject = details.subject ?? '';
    this.offset = details.offset ?? null;
    this.line = details.line ?? null;
    this.column = details.column ?? null;
  }

  toString() {
    const place = this.line === null ? '' : ` (line ${this.line}, column ${this.column})`;
    const hint = this.hint === '' ? '' : `; ${this.hint}`;
    return `${this.name}: ${this.message}${place} [${this.code}]${hint}`;
  }
}
Object.defineProperty(EnvresError.prototype, 'name', { value: 'EnvresError', configurable: true });

function codeOf(status) {
  const found = Object.entries(Status).find(([, value]) => value === status);
  return `ENVRES_E_${found ? found[0] : '?'}`;
}

const classes = {};
for (const name of new Set(Object.values(FAMILIES))) {
  classes[name] = { [name]: class extends EnvresError {} }[name];
  Object.defineProperty(classes[name].prototype, 'name', { value: name, configurable: true });
}

/** A store, session, scope, template or secret was used after it was closed. */
class ClosedError extends classes.UsageError {}
Object.defineProperty(ClosedError.prototype, 'name', { value: 'ClosedError', configurable: true });

/** Called by the addon: the error for a failed call. `cause` is true where something was closed. */
function makeError(status, code, message, hint, subject, offset, line, column, cause) {
  const details = { status, code, hint, subject, offset, line, column };
  if (cause === true) return new ClosedError(message, details);
  // What a callback threw is the cause only where it is why the call failed.
  if (cause !== undefined && (status === Status.CALLBACK || cause?.status === status)) {
    details.cause = cause;
  }
  const family = classes[FAMILIES[status]] ?? EnvresError;
  return new family(message, details);
}

module.exports = { EnvresError, ...classes, ClosedError, makeError };
