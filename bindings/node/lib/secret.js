// SPDX-License-Identifier: MIT
'use strict';

/*
 * Bytes that must not be shown: in a buffer of their own (never of Node's shared pool), wiped by close()
 * and when the Secret is collected.
 */
const { timingSafeEqual } = require('node:crypto');
const { inspect } = require('node:util');
const { ClosedError, TextError } = require('./errors.js');
const { Status } = require('./constants.js');

const REDACTED = '***';
const OWN = Symbol('takes the buffer over');
const wiper = new FinalizationRegistry((bytes) => bytes.fill(0));
let bytesOf;

class Secret {
  #bytes;
  #closed = false;
  #ranges;

  constructor(value, ranges, own) {
    this.#bytes = own === OWN ? value : copyOf(value);
    this.#ranges = ranges ?? [[0, this.#bytes.length]];
    wiper.register(this, this.#bytes, this);
  }

  static {
    bytesOf = (secret) => {
      if (secret.#closed) throw new ClosedError('the secret is closed');
      return secret.#bytes;
    };
  }

  get ranges() {
    return this.#ranges.map((range) => [...range]);
  }

  get closed() {
    return this.#closed;
  }

  reveal() {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesOf(this));
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      throw new TextError('the secret is no UTF-8', { status: Status.UTF8 });
    }
  }

  revealBytes() {
    return copyOf(bytesOf(this));
  }

  open(use) {
    return use(bytesOf(this));
  }

  redacted(replacement = '[redacted]') {
    const shown = bytesOf(this);
    let out = '';
    let at = 0;
    for (const [start, end] of this.#ranges) {
      out += shown.toString('utf8', at, start) + replacement;
      at = end;
    }
    return out + shown.toString('utf8', at);
  }

  equals(other) {
    if (!(other instanceof Secret)) return false;
    const [one, two] = [bytesOf(this), bytesOf(other)];
    return one.length === two.length && timingSafeEqual(one, two);
  }

  close() {
    this.#closed = true;
    this.#bytes.fill(0);
    wiper.unregister(this);
  }

  toString() {
    return REDACTED;
  }

  toJSON() {
    return REDACTED;
  }

  [Symbol.toPrimitive]() {
    return REDACTED;
  }

  [inspect.custom]() {
    return REDACTED;
  }
}
if (Symbol.dispose) Secret.prototype[Symbol.dispose] = Secret.prototype.close;

function copyOf(value) {
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) {
      throw new TextError('the text has a lone surrogate', { status: Status.UTF8 });
    }
    const made = Buffer.alloc(Buffer.byteLength(value));
    made.write(value);
    return made;
  }
  if (!ArrayBuffer.isView(value)) throw new TypeError('a secret is made of a string or of bytes');
  const made = Buffer.alloc(value.byteLength);
  made.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  return made;
}

/** Called by the addon: a Secret over a buffer, with the ends of its ranges one after another. */
function makeSecret(buffer, ends) {
  const ranges = [];
  for (let i = 0; i < (ends?.length ?? 0); i += 2) ranges.push([ends[i], ends[i + 1]]);
  return new Secret(buffer, ends ? ranges : undefined, OWN);
}

module.exports = { Secret, bytesOf, makeSecret };
