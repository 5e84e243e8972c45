// SPDX-License-Identifier: MIT
'use strict';

/* Templates, templates bound to a scope, parameters, statements. */
const {
  Context, PARAM_SECRET, RENDER_NO_SECRETS, Style, TEMPLATE_STRICT, Type,
} = require('./constants.js');
const { H, Handle, addon, pointer, rowsOf } = require('./handle.js');
const { Secret, makeSecret } = require('./secret.js');
const { flagsOf, input } = require('./values.js');

const { now } = addon;

/** A parameter's text with a type that is said. */
class Typed {
  constructor(type, value) {
    this.type = type;
    this.value = value;
    Object.freeze(this);
  }
}
const typed = (type, value) => new Typed(type, value);

/** Type, text and flags of a parameter. */
function described(value) {
  if (value instanceof Typed) {
    return [value.type, input(value.value), flagsOf([value.value instanceof Secret, PARAM_SECRET])];
  }
  if (value instanceof Secret) return [Type.STRING, input(value), PARAM_SECRET];
  switch (typeof value) {
    case 'string': return [Type.STRING, value, 0];
    case 'boolean': return [Type.BOOLEAN, String(value), 0];
    case 'number':
    case 'bigint': return [Type.NUMBER, String(value), 0];
    case 'object': {
      if (value === null) return [Type.NULL, '', 0];
      const text = JSON.stringify(value, refuseSecrets);
      if (text !== undefined) return [Type.JSON, text, 0];
    }
    // falls through
    default: throw new TypeError(`a parameter cannot be of type ${typeof value}`);
  }
}

/** A Secret inside of JSON would become stars without a word. */
function refuseSecrets(key, value) {
  if (this[key] instanceof Secret) throw new TypeError('a secret inside of a JSON parameter');
  return value;
}

class Params extends Handle {
  constructor(values = {}, options = {}) {
    super(now.params_new());
    const pairs = values instanceof Map ? values : Object.entries(values);
    for (const [name, value] of pairs) now.params_set(this[H], name, ...described(value));
    for (const name of options.allow ?? []) now.params_allow(this[H], name);
  }
}

/** Params; an object or a Map given to a render becomes one. */
function paramsOf(values) {
  if (values === undefined || values === null) return undefined;
  return pointer(values instanceof Params ? values : new Params(values));
}

/** Fields of envres_render_options, or undefined. */
function renderOptions(params, options = {}) {
  const { noSecrets, outputMax } = options;
  if ((params ?? undefined) === undefined && !noSecrets && !outputMax) return undefined;
  return {
    flags: flagsOf([noSecrets, RENDER_NO_SECRETS]), params: paramsOf(params), output_max: outputMax,
  };
}

class Template extends Handle {
  constructor(source, options = {}) {
    const { context = Context.TEXT, dialect, style = Style.DEFAULT, strict } = options;
    super(now.template_parse(input(source),
      { flags: flagsOf([strict, TEMPLATE_STRICT]), context, dialect, style }));
  }

  /* The common case is one call into a buffer that is used again. It forbids secrets, so that none
   * comes to lie there; only where there is one, the second call makes a value. */
  render(scope, params, options) {
    if (params === undefined && options === undefined) {
      const text = addon.render(this[H], scope[H]);
      if (text !== undefined) return text;
    }
    return now.template_render(this[H], pointer(scope, 'a Scope'), renderOptions(params, options));
  }

  renderInto(scope, buffer, params, options) {
    return now.template_render_into(this[H], pointer(scope, 'a Scope'),
      renderOptions(params, options), buffer);
  }

  bind(scope, params, options) {
    return new Bound(now.template_bind(this[H], pointer(scope, 'a Scope'),
      renderOptions(params, options)));
  }

  prepare(scope, params, options) {
    return new Statement(now.template_prepare(this[H], pointer(scope, 'a Scope'),
      renderOptions(params, options)));
  }

  references() { return rowsOf('tag')(now.template_references(this[H])); }
}

/* How many the addon takes in one call. */
const MANY = 256;

/** Renders many templates against one scope: one native call for as many as fit into its buffer and hold no
 *  secret. */
function renderMany(templates, scope) {
  const all = [];
  for (const template of templates) all.push(pointer(template, 'a Template'));
  const there = pointer(scope, 'a Scope');
  const ends = new Uint32Array(Math.min(all.length, MANY) + 1);
  const found = [];
  while (found.length < all.length) {
    const first = found.length;
    const text = addon.many(ends, there, ...all.slice(first, first + MANY));
    const done = ends[ends.length - 1];
    for (let i = 0, at = 0; i < done; at = ends[i++]) found.push(text.slice(at, ends[i]));
    if (done === 0) found.push(now.template_render(all[first], there, undefined));
  }
  return found;
}

class Bound extends Handle {
  render() { return addon.bound(this[H]) ?? now.bound_render(this[H]); }
  renderInto(buffer) { return now.bound_render_into(this[H], buffer); }
  text() { return now.bound_text(this[H]); }
}

class Statement extends Handle {
  get text() { return now.statement_text(this[H]); }
  get first() { return now.statement_first(this[H]); }
  get size() { return now.statement_count(this[H]); }

  #each(one) { return Array.from({ length: this.size }, (_, index) => one(this[H], index)); }

  names() { return this.#each(now.statement_name); }
  types() { return this.#each(now.statement_type); }
  parameters() { return this.#each(bindable); }

  reveal() {
    return this.parameters().map((value) => (value instanceof Secret ? value.reveal() : value));
  }
}

/** A parameter of a statement in its type. */
function bindable(statement, index) {
  const type = now.statement_type(statement, index);
  if (type === Type.NULL) return null;
  if (now.statement_is_secret(statement, index)) return makeSecret(now.statement_value(statement, index));
  switch (type) {
    case Type.BOOLEAN: return now.statement_integer(statement, index) !== 0;
    case Type.INTEGER: return now.statement_integer(statement, index);
    case Type.NUMBER: return now.statement_double(statement, index);
    default: return now.statement_value(statement, index).toString('utf8');
  }
}

module.exports = { Bound, Params, Statement, Template, Typed, paramsOf, renderMany, renderOptions, typed };
