// SPDX-License-Identifier: MIT
'use strict';

/* The query library: one revision of a query, and what it renders to. */
const {
  QUERY_HEADERS, QUERY_METHOD, QUERY_NO_SECRETS, QUERY_PATH, QUERY_READ_STRINGS, QUERY_TEXT,
} = require('./constants.js');
const { H, Handle, addon, pointer, rowsOf } = require('./handle.js');
const { Statement, paramsOf } = require('./template.js');
const { flagsOf } = require('./values.js');

const { now } = addon;

class Query extends Handle {
  get resource() { return now.query_resource(this[H]); }
  get kind() { return now.query_kind(this[H]); }
  get revision() { return now.query_revision(this[H]); }
  get source() { return now.query_text(this[H], QUERY_TEXT); }
  get method() { return now.query_text(this[H], QUERY_METHOD); }
  get path() { return now.query_text(this[H], QUERY_PATH); }
  get headers() { return now.query_text(this[H], QUERY_HEADERS); }

  params() { return rowsOf('query_param')(now.query_params(this[H])); }

  render(scope, params, options = {}) {
    const flags = flagsOf([options.noSecrets, QUERY_NO_SECRETS],
      [options.readStrings, QUERY_READ_STRINGS]);
    return new QueryResult(now.query_render(this[H], pointer(scope, 'a Scope'),
      { flags, params: paramsOf(params), output_max: options.outputMax }));
  }
}

class QueryResult extends Handle {
  get statement() {
    const found = now.query_result_statement(this[H]);
    return found === null ? null : new Statement(found);
  }

  method() { return now.query_result_text(this[H], QUERY_METHOD); }
  path() { return now.query_result_text(this[H], QUERY_PATH); }
  headers() { return now.query_result_text(this[H], QUERY_HEADERS); }
  body() { return now.query_result_text(this[H], QUERY_TEXT); }
}

module.exports = { Query, QueryResult };
