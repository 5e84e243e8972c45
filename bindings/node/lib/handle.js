// SPDX-License-Identifier: MIT
'use strict';

/*
 * Objects of the library, and the two ways to call it.
 *
 * A call is described once, as what goes to the addon and what is made of the answer; from that come
 * name(...), a promise whose call runs on a thread of Node's pool, and nameSync(...).
 */
const { inspect } = require('node:util');
const { makeError } = require('./errors.js');
const { makeSecret } = require('./secret.js');
const { ROWS } = require('./rows.js');
const addon = require('../build/envres.node');

addon.setup(makeError, makeSecret, (error) => {
  process.emitWarning(`a callback of envres failed: ${error?.name ?? typeof error}`,
    { code: 'ENVRES_CALLBACK', type: 'EnvresWarning' });
});
// Calls of other threads that wait for a callback would keep the process from ending.
process.once('exit', () => addon.leave());

const H = Symbol('native');

/** Owns an object of the library: close() gives it back; using it afterwards is a ClosedError. */
class Handle {
  constructor(external) {
    this[H] = external;
  }

  close() {
    addon.close(this[H]);
  }

  get closed() {
    return addon.isClosed(this[H]);
  }

  [inspect.custom]() {
    return `<${this.closed ? 'closed ' : ''}${this.constructor.name}>`;
  }
}
if (Symbol.dispose) Handle.prototype[Symbol.dispose] = function dispose() { this.close(); };

/** The addon's object; the class is checked there. */
function pointer(handle, what = 'an object of the library') {
  const found = handle?.[H];
  if (found === undefined) throw new TypeError(`${what} is needed`);
  return found;
}

const same = (out) => out;

/** Defines name() and nameSync() for each plan: (first, ...arguments) -> [call, values, map]. */
function twins(target, first, plans) {
  for (const [name, plan] of Object.entries(plans)) {
    const methods = {
      async [name](...given) {
        const [call, values, map = same] = plan(first(this), ...given);
        return map(await addon.later[call](...values));
      },
      [`${name}Sync`](...given) {
        const [call, values, map = same] = plan(first(this), ...given);
        return map(addon.now[call](...values));
      },
    };
    for (const [key, value] of Object.entries(methods)) {
      Object.defineProperty(target, key, { value, writable: true, configurable: true });
    }
  }
}

/** Rows of a table from the addon's flat list; none where there is no list. */
function rowsOf(table) {
  const row = ROWS[table];
  return (list) => {
    if (list === null) return [];
    const width = list[0].length;
    const found = [];
    for (let i = 1; i < list.length; i += width) found.push(row(list, i));
    watch.list?.(table, list[0], found);
    return found;
  };
}

/** The same for a list of exactly one row. */
function rowOf(table) {
  const all = rowsOf(table);
  return (list) => all(list)[0];
}

/** For tests: sees every list. */
const watch = { list: undefined };

module.exports = { H, Handle, addon, pointer, rowOf, rowsOf, twins, watch };
