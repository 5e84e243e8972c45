// SPDX-License-Identifier: MIT
'use strict';

/* Masking secrets in any text, and finding in it what belongs to an environment. */
const { H, Handle, addon, pointer, rowsOf, twins } = require('./handle.js');
const { input } = require('./values.js');

const { now } = addon;

class Redactor extends Handle {
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

  feed(data) { return now.redactor_feed(this[H], data); }
  finish() { return now.redactor_finish(this[H]); }
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
