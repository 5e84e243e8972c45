// SPDX-License-Identifier: MIT
import envres from './index.js';

export default envres;
export const {
  Bound, Bump, CallbackError, CheckError, ClosedError, ConflictError, Context, Credential,
  CredentialKind, DeniedError, Dialect, EnvresError, Handle, IntegrityError, InvalidNameError,
  KeyMaterialError, NotFoundError, OutOfMemoryError, Params, Query, QueryResult, Redactor, Resource,
  Role, Scan, Scope, Secret, SecretError, Session, StateError, Statement, Status, Store, StoreError,
  Style, Template, TextError, Type, Typed, UsageError, generateKey, kinds, partDigest, renderMany,
  typed, version,
} = envres;
