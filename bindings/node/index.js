// SPDX-License-Identifier: MIT
'use strict';

/*
 * envres: environments, variables, sealed secrets, templates, resource handles and releases.
 *
 * The binding of libenvres, over its installed headers. The C headers are the contract; index.d.ts
 * gives types, units and the errors to expect.
 */
const { Bump, Context, CredentialKind, Dialect, Role, Status, Style, Type } = require('./lib/constants.js');
const { Credential, generateKey } = require('./lib/credential.js');
const { makeError, ...errors } = require('./lib/errors.js');
const { Handle } = require('./lib/handle.js');
const { Query, QueryResult } = require('./lib/query.js');
const { Redactor, Scan } = require('./lib/redact.js');
const { partDigest } = require('./lib/releases.js');
const { Resource, Scope } = require('./lib/scope.js');
const { Secret } = require('./lib/secret.js');
const { Session, Store, kinds, version } = require('./lib/store.js');
const { Bound, Params, Statement, Template, Typed, renderMany, typed } = require('./lib/template.js');

module.exports = {
  Bound, Bump, Context, Credential, CredentialKind, Dialect, Handle, Params, Query, QueryResult,
  Redactor, Resource, Role, Scan, Scope, Secret, Session, Statement, Status, Store, Style, Template,
  Type, Typed, generateKey, kinds, partDigest, renderMany, typed, version, ...errors,
};
