// SPDX-License-Identifier: MIT
'use strict';

/* What unlocks a principal. */
const { inspect } = require('node:util');
const { CredentialKind } = require('./constants.js');
const { providerFields } = require('./callbacks.js');
const { addon } = require('./handle.js');
const { makeSecret } = require('./secret.js');
const { exactly, input } = require('./values.js');

class Credential {
  #kind;
  #secret;
  #provider;
  #options;

  constructor(kind, secret, provider, options) {
    this.#kind = kind;
    this.#secret = secret;
    this.#provider = provider;
    this.#options = options;
  }

  static passphrase(secret, options = {}) {
    return new Credential(CredentialKind.PASSPHRASE, secret, undefined, options);
  }

  static rawKey(key, options = {}) {
    return new Credential(CredentialKind.RAW_KEY, key, undefined, options);
  }

  static provider(provider, options = {}) {
    return new Credential(CredentialKind.PROVIDER, undefined, provider, options);
  }

  /** Fields of envres_credential. */
  static fields(credential) {
    if (!(credential instanceof Credential)) throw new TypeError('a Credential is needed');
    const { principal, kdfPasses, kdfMemory, root } = credential.#options;
    return {
      kind: credential.#kind, principal, secret: input(credential.#secret), kdf_passes: kdfPasses,
      kdf_memory: kdfMemory, root: exactly(root, 32, 'root'),
      ...(credential.#provider === undefined ? {} : providerFields(credential.#provider)),
    };
  }

  toString() {
    return 'Credential(***)';
  }

  toJSON() {
    return '***';
  }

  [inspect.custom]() {
    return 'Credential(***)';
  }
}

/** 32 random bytes, never all zero. */
const generateKey = () => makeSecret(addon.now.key_generate());

const fieldsOf = Credential.fields;
delete Credential.fields;

module.exports = { Credential, credentialFields: fieldsOf, generateKey };
