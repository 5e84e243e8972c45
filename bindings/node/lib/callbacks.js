// SPDX-License-Identifier: MIT
'use strict';

/*
 * The host's callbacks in the form that the addon calls. They run on JavaScript's thread, while the
 * library waits, and so cannot be asynchronous.
 */

/** Calls a callback; a promise is refused, since nobody could wait for it. */
function answerOf(what, result) {
  if (typeof result?.then === 'function') {
    Promise.resolve(result).catch(() => {});
    throw new TypeError(`${what} gave a promise: callbacks must answer at once`);
  }
  return result;
}

function need(object, what, ...names) {
  for (const name of names) {
    if (typeof object?.[name] !== 'function') throw new TypeError(`${what} needs ${name}()`);
  }
}

/** Fields of envres_credential for a key provider. */
function providerFields(provider) {
  need(provider, 'a key provider', 'wrap', 'unwrap');
  return {
    wrap: (principal, key, aad) => answerOf('wrap()', provider.wrap(principal, key, aad)),
    unwrap: (principal, blob, aad) => answerOf('unwrap()', provider.unwrap(principal, blob, aad)),
  };
}

/** Fields of envres_store_options. */
function storeCallbacks({ clock, anchor, auditSink }) {
  const fields = {};
  if (clock !== undefined) {
    if (typeof clock !== 'function') throw new TypeError('clock is no function');
    fields.clock = () => Number(answerOf('clock()', clock()));
  }
  if (anchor !== undefined) {
    need(anchor, 'an anchor', 'load', 'store');
    fields.anchor_load = (workspace) => {
      const found = answerOf('load()', anchor.load(workspace));
      return found === null || found === undefined ? null : [found.sequence, found.hash];
    };
    fields.anchor_store = (workspace, hash, expected, sequence) => {
      answerOf('store()', anchor.store(workspace, expected, sequence, hash));
    };
  }
  if (auditSink !== undefined) {
    if (typeof auditSink !== 'function') throw new TypeError('auditSink is no function');
    fields.audit_sink = (workspace, signer, signKey, hash, signature, sequence, time, policyVersion) => {
      answerOf('auditSink()', auditSink({
        workspace, signer, signKey, sequence, time, policyVersion, hash, signature,
      }));
    };
  }
  return fields;
}

module.exports = { answerOf, providerFields, storeCallbacks };
