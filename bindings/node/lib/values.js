// SPDX-License-Identifier: MIT
'use strict';

/* What goes into calls and what comes out: bytes of a fixed size, paths, times, JSON. */
const { fileURLToPath } = require('node:url');
const { Type } = require('./constants.js');
const { UsageError } = require('./errors.js');
const { Secret, bytesOf } = require('./secret.js');

/** Milliseconds since 1970 UTC as a Date; what no Date can say becomes the nearest that can. */
function when(milliseconds) {
  if (milliseconds === null) return null;
  const most = 8640000000000000;
  return new Date(Math.max(-most, Math.min(most, Number(milliseconds))));
}

/** Text or bytes; a Secret as its bytes. */
const input = (value) => (value instanceof Secret ? bytesOf(value) : value);

/** Bytes of a fixed size, or hex digits of them; null and undefined stay. */
function exactly(value, size, what) {
  if (value === undefined || value === null) return undefined;
  let bytes = value;
  if (typeof value === 'string') {
    if (!/^([0-9a-fA-F]{2})*$/.test(value)) throw new UsageError(`${what}: not hex digits`);
    bytes = Buffer.from(value, 'hex');
  }
  if (!ArrayBuffer.isView(bytes)) throw new TypeError(`${what}: bytes or hex digits are needed`);
  if (bytes.byteLength !== size) {
    throw new UsageError(`${what}: ${size} bytes are needed, not ${bytes.byteLength}`);
  }
  return bytes;
}

/** A path: a string, bytes, or a file: URL. */
const pathOf = (path) => (path instanceof URL ? fileURLToPath(path) : path);

/** One of two flags, or none. */
const choice = (value, yes, no) => (value === undefined || value === null ? 0 : value ? yes : no);

/** Flags that options switch on: [[option, flag], ...]. */
const flagsOf = (...pairs) => pairs.reduce((all, [on, flag]) => all | (on ? flag : 0), 0);

/** What goes with every change; undefined when nothing was said. */
function change({ reason, operation, force } = {}) {
  if (reason === undefined && operation === undefined && !force) return undefined;
  const { CHANGE_FORCE } = require('./constants.js');
  return { flags: force ? CHANGE_FORCE : 0, reason, operation: exactly(operation, 16, 'operation') };
}

/** A number that an expectation stands for: none (undefined), "nothing is there" (0), or a revision.
 *  What is neither would be no expectation, unseen: null, an empty text. */
function expected(expect) {
  if (expect === undefined) return 0;
  if (typeof expect !== 'number' && typeof expect !== 'bigint') {
    throw new TypeError('expect takes a revision, or 0 for nothing there');
  }
  return Number(expect) === 0 ? -1 : expect;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

const LONG_INTEGER = /(?<![\w.])-?\d{16,}(?![\d.eE])/;
const TOKEN = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+)(?![\d.eE])|([^\s{}[\],:"]+))/y;

/** JSON.parse(), but an integer that no number holds is a bigint. The text is the library's own, and
 *  so is known to be right. */
function parseJson(text) {
  return LONG_INTEGER.test(text) ? slowly(text) : JSON.parse(text);
}

function slowly(text) {
  let at = 0;
  function next() {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    at = TOKEN.lastIndex;
    return match;
  }
  function value([, mark, string, integer, other]) {
    if (string !== undefined) return JSON.parse(string);
    if (integer !== undefined) {
      const number = Number(integer);
      return Number.isSafeInteger(number) ? number : BigInt(integer);
    }
    if (other !== undefined) return JSON.parse(other);
    return mark === '{' ? members() : elements();
  }
  function elements() {
    const found = [];
    for (let token = next(); token[1] !== ']'; token = next()) {
      if (token[1] !== ',') found.push(value(token));
    }
    return found;
  }
  function members() {
    const found = [];
    for (let token = next(); token[1] !== '}'; token = next()) {
      if (token[1] === ',') continue;
      const name = JSON.parse(token[2]);
      next();
      found.push([name, value(next())]);
    }
    return Object.fromEntries(found);
  }
  return value(next());
}

/** The text of a number: a bigint where it is an integer that no number holds. */
function parseNumber(text) {
  if (/[.eE]/.test(text)) return Number(text);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** A value's text in the type it has; a secret stays one. */
function native(type, value) {
  if (value instanceof Secret) return value;
  if (type === Type.BOOLEAN) return value === 'true';
  if (type === Type.NUMBER) return parseNumber(value);
  return type === Type.JSON ? parseJson(value) : value;
}

module.exports = {
  change, choice, exactly, expected, flagsOf, input, native, parseJson, parseNumber, pathOf, when,
};
