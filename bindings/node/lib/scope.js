// SPDX-License-Identifier: MIT
'use strict';

/* Scopes: an immutable snapshot of one environment; and resources resolved in it. */
const { inspect } = require('node:util');
const { answerOf } = require('./callbacks.js');
const { Context, RENDER_NO_SECRETS, Status } = require('./constants.js');
const { CallbackError, EnvresError, NotFoundError } = require('./errors.js');
const { H, Handle, addon, pointer, rowsOf } = require('./handle.js');
const { Template, renderOptions } = require('./template.js');
const { flagsOf, input, native, parseNumber } = require('./values.js');

const { now } = addon;

/** An index that a library takes; anything else is a RangeError. */
function indexOf(index) {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) throw new RangeError('no such index');
  return index;
}

class Scope extends Handle {
  get environment() { return now.scope_environment(this[H]); }
  get revision() { return now.scope_revision(this[H]); }
  get isStale() { return now.scope_is_stale(this[H]) !== 0; }
  get app() { return now.scope_app(this[H]); }
  get version() { return now.scope_version(this[H]); }
  get release() { return now.scope_release(this[H]); }
  get sequence() { return now.scope_sequence(this[H]); }
  get size() { return now.scope_count(this[H]); }

  get(name, fallback) {
    if (fallback !== undefined) return this.has(name) ? this.get(name) : fallback;
    return addon.get(this[H], name) ?? now.scope_get(this[H], name);
  }

  has(name) {
    try {
      this.find(name);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  * keys() {
    for (let index = 0; index < this.size; index++) yield this.name(index);
  }

  * entries() {
    for (const name of this.keys()) yield [name, this.get(name)];
  }

  [Symbol.iterator]() { return this.entries(); }

  value(name) {
    const type = now.scope_type(this[H], this.find(name));
    return native(type, this.get(name));
  }

  getBoolean(name) { return now.scope_get_boolean(this[H], name) !== 0; }
  getInteger(name) { return now.scope_get_integer(this[H], name); }
  getDouble(name) { return now.scope_get_double(this[H], name); }
  getString(name) { return now.scope_get_string(this[H], name); }
  getJson(name) { return now.scope_get_json(this[H], name); }
  find(name) { return now.scope_find(this[H], name); }

  name(index) {
    const found = now.scope_name(this[H], indexOf(index));
    if (found === null) throw new RangeError('no such index');
    return found;
  }

  type(index) {
    const found = now.scope_type(this[H], indexOf(index));
    if (found === 0) throw new RangeError('no such index');
    return found;
  }

  isSecret(index) { return now.scope_is_secret(this[H], indexOf(index)) !== 0; }
  at(index) { return now.scope_at(this[H], indexOf(index)); }
  getInto(index, buffer) { return now.scope_get_into(this[H], indexOf(index), buffer); }

  expand(text, options = {}) {
    const flags = flagsOf([options.noSecrets, RENDER_NO_SECRETS]);
    return now.scope_expand(this[H], input(text), options.context ?? Context.TEXT, flags);
  }

  explain(text) { return rowsOf('explain')(now.explain(this[H], text)); }
  resource(handle) { return new Resource(now.scope_resource(this[H], handle)); }

  /* The probe of Node is a promise mostly, for which the library cannot wait: the same is done here. */
  async testResource(handle, probe) {
    const resource = this.resource(handle);
    try {
      await probe(resource);
    } catch (error) {
      throw error instanceof EnvresError ? error : broken(error);
    } finally {
      resource.close();
    }
  }

  testResourceSync(handle, probe) {
    let raised;
    try {
      now.resource_test(this[H], handle, (external) => {
        const resource = new Resource(external);
        try {
          answerOf('the probe', probe(resource));
          return undefined;
        } catch (error) {
          raised = error instanceof EnvresError ? error : broken(error);
          return [raised.status, raised.message, raised.hint, raised.subject];
        }
      });
    } catch (error) {
      throw raised !== undefined && raised.status === error.status ? raised : error;
    }
  }

  parts() {
    const found = [];
    for (let i = 0; i < now.scope_part_count(this[H]); i++) found.push(now.scope_part_path(this[H], i));
    return found;
  }

  partIsPublic(path) { return now.scope_part_is_public(this[H], path) !== 0; }
  part(path) { return now.scope_part(this[H], path); }

  renderPart(path, params, options) {
    return now.scope_render_part(this[H], path, renderOptions(params, options));
  }

  query(name) {
    return new (require('./query.js').Query)(now.scope_query(this[H], name));
  }

  [inspect.custom]() {
    return this.closed ? '<closed Scope>'
      : `<Scope of ${this.environment} at revision ${this.revision}>`;
  }
}

/** What a probe threw, as the library says it: never with the text, which may hold anything. */
function broken(error) {
  const what = error instanceof Error ? error.constructor.name : typeof error;
  return new CallbackError(`the probe threw ${what}`, { status: Status.CALLBACK, cause: error });
}

class Resource extends Handle {
  get kind() { return now.resource_handle_kind(this[H]); }
  get environment() { return now.resource_handle_environment(this[H]); }
  get isFallback() { return now.resource_handle_is_fallback(this[H]) !== 0; }
  get cacheKey() { return now.resource_handle_cache_key(this[H]); }
  get size() { return now.resource_handle_field_count(this[H]); }

  * keys() {
    for (let i = 0; i < this.size; i++) yield now.resource_handle_field_name(this[H], i);
  }

  * entries() {
    for (const name of this.keys()) yield [name, this.get(name)];
  }

  [Symbol.iterator]() { return this.entries(); }

  has(name) { return [...this.keys()].includes(name); }

  get(name, fallback) {
    try {
      return now.resource_handle_field(this[H], name)[1];
    } catch (error) {
      if (fallback !== undefined && error instanceof NotFoundError) return fallback;
      throw error;
    }
  }

  value(name) { return native(...now.resource_handle_field(this[H], name)); }

  secretFields() {
    return [...this.keys()].filter(
      (_, i) => now.resource_handle_field_is_secret(this[H], i) !== 0);
  }

  url() { return now.resource_handle_url(this[H]); }
  redactedUrl() { return now.resource_handle_redacted_url(this[H]); }
  dsn() { return now.resource_handle_dsn(this[H]); }

  [inspect.custom]() {
    return this.closed ? '<closed Resource>' : `<Resource of kind ${this.kind}>`;
  }
}

module.exports = { Resource, Scope, Template, parseNumber, pointer };
