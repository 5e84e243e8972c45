// SPDX-License-Identifier: MIT
'use strict';

/* Masking secrets in any text, and finding in it what belongs to an environment. */
const { H, Handle, addon, pointer, rowsOf, twins } = require('./handle.js');
const { input } = require('./values.js');

const { now } = addon;

/** Whether a string ends with the first half of a surrogate pair. */
const endsHalf = (text) => (text.charCodeAt(text.length - 1) & 0xFC00) === 0xD800;

class Redactor extends Handle {
  /* The half with which a string ended: a secret that is cut there would not be known again. */
  #half = '';

  constructor(replacement) {
    super(replacement?.[H] ?? now.redactor_new({ replacement }));
  }

  addScope(scope) { now.redactor_add_scope(this[H], pointer(scope, 'a Scope')); }
  add(name, secret) { now.redactor_add(this[H], name, input(secret)); }
  refused() { return rowsOf('refused')(now.redactor_refused(this[H])); }
  copy() { return new Redactor({ [H]: now.redactor_copy(this[H]) }); }

  text(data) {
    const masked = now.redactor_text(this[H], data);
    return typeof data === 'string' ? masked.toString('utf8') : masked;
  }

  feed(data) {
    if (typeof data !== 'string') return this.#after(() => now.redactor_feed(this[H], data));
    const text = this.#half + data;
    const half = endsHalf(text) ? text.slice(-1) : '';
    const given = now.redactor_feed(this[H], half === '' ? text : text.slice(0, -1));
    this.#half = half;
    return given;
  }

  finish() { return this.#after(() => now.redactor_finish(this[H])); }

  /** What comes when no string does: the half stays alone. */
  #after(next) {
    if (this.#half === '') return next();
    const half = this.#half;
    this.#half = '';
    let given;
    try {
      given = now.redactor_feed(this[H], half);
    } catch {
      return next(); // It fails likewise, and ends the text where that is asked for.
    }
    return Buffer.concat([given, next()]);
  }

  get masked() { return now.redactor_masked(this[H]); }
}

class Scan extends Handle {
  constructor(external, findings) {
    super(external);
    this.findings = findings;
  }
}
twins(Scan.prototype, pointer, {
  text: (s, name, data) => ['scan_text', [s, name, input(data)], rowsOf('finding')],
});

module.exports = { Redactor, Scan };
