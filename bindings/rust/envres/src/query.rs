// SPDX-License-Identifier: MIT
//! The query library: named queries against a resource.

use crate::apps::version_name;
use crate::error::call;
use crate::input::{expected, flag, raw, raw_or_null};
use crate::list::borrowed;
use crate::scope::lent;
use crate::session::integer;
use crate::value::copy_text;
use crate::{
    Change, Error, Params, QueryHistoryRow, QueryListRow, QueryParamRow, QueryPinRow, Result, Rows,
    Scope, Session, Statement, Text, Type,
};
use envres_sys as sys;
use std::fmt;
use std::ptr::{null, null_mut, NonNull};
use std::sync::Arc;

/// A parameter that a query declares.
#[derive(Clone, Copy, Debug)]
pub struct QueryParam<'a> {
    /// Its name.
    pub name: &'a str,
    /// String, integer, number, boolean, json or timestamp.
    pub kind: Type,
    /// Its value when none is given, as text.
    pub preset: Option<&'a str>,
    /// It need not be given; without a preset, every tag that takes it has a default.
    pub optional: bool,
}

impl<'a> QueryParam<'a> {
    /// One that must be given.
    pub fn new(name: &'a str, kind: Type) -> QueryParam<'a> {
        QueryParam { name, kind, preset: None, optional: false }
    }

    /// With a value when none is given.
    pub fn preset(mut self, preset: &'a str) -> QueryParam<'a> {
        self.preset = Some(preset);
        self
    }

    /// That need not be given.
    pub fn optional(mut self) -> QueryParam<'a> {
        self.optional = true;
        self
    }

    fn raw(&self) -> sys::envres_query_param {
        let (name, preset) = (raw(self.name), raw_or_null(self.preset));
        sys::envres_query_param {
            flags: flag(self.optional, sys::ENVRES_QUERY_PARAM_OPTIONAL),
            name: name.at,
            name_len: name.len,
            preset: preset.at,
            preset_len: preset.len,
            r#type: self.kind.raw(),
            ..Default::default()
        }
    }
}

/// A query to be put: SQL, or a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueryWrite<'a> {
    /// The SQL, a template of context sql; of a request its body, of context json.
    pub source: Option<&'a str>,
    /// Of a request; `None`: `POST` with a body and for graphql, else `GET`.
    pub method: Option<&'a str>,
    /// Of a request, of context url: `""` or what begins with `/` or `?`.
    pub path: Option<&'a str>,
    /// Of a request, of context json: an object of strings.
    pub headers: Option<&'a str>,
    /// What it declares; at most 256.
    pub params: &'a [QueryParam<'a>],
    /// Only if this is the newest revision; 0: only if there is none. Otherwise
    /// [`CHANGED`](crate::Code::CHANGED).
    pub expect: Option<i64>,
}

impl<'a> QueryWrite<'a> {
    /// SQL with what it declares.
    pub fn sql(source: &'a str, params: &'a [QueryParam<'a>]) -> QueryWrite<'a> {
        QueryWrite { source: Some(source), params, ..QueryWrite::default() }
    }

    /// A request without a body.
    pub fn request(path: &'a str, params: &'a [QueryParam<'a>]) -> QueryWrite<'a> {
        QueryWrite { path: Some(path), params, ..QueryWrite::default() }
    }
}

/// Named queries of the workspace, with declared parameters and revisions: [`Session::queries`].
#[derive(Clone, Copy, Debug)]
pub struct Queries<'s>(pub(crate) &'s Session);

impl Queries<'_> {
    /// Puts the first revision of a query, or the next one, for the resource of this handle; the
    /// newest revision after it. What is the same as the newest makes none. C: `envres_query_put()`.
    ///
    /// Errors: [`NAME`](crate::Code::NAME), [`NAME_TAKEN`](crate::Code::NAME_TAKEN) (a parameter is
    /// declared twice), [`NOT_FOUND`](crate::Code::NOT_FOUND) (the resource; a tag takes what is not
    /// declared), [`TYPE`](crate::Code::TYPE), [`NOT_SET`](crate::Code::NOT_SET) (an optional one
    /// without a default), [`CHANGED`](crate::Code::CHANGED), [`INVALID`](crate::Code::INVALID),
    /// [`LIMIT`](crate::Code::LIMIT), [`DENIED`](crate::Code::DENIED), and those of
    /// [`Template::with`](crate::Template::with) with the position.
    pub fn put(
        &self,
        name: &str,
        resource: &str,
        write: &QueryWrite<'_>,
        change: &Change<'_>,
    ) -> Result<i64> {
        let (name, resource, change) = (raw(name), raw(resource), change.raw());
        let (source, method) = (raw_or_null(write.source), raw_or_null(write.method));
        let (path, headers) = (raw_or_null(write.path), raw_or_null(write.headers));
        let params: Vec<_> = write.params.iter().map(QueryParam::raw).collect();
        let write = sys::envres_query_write {
            name: name.at,
            name_len: name.len,
            resource: resource.at,
            resource_len: resource.len,
            text: source.at,
            text_len: source.len,
            method: method.at,
            method_len: method.len,
            path: path.at,
            path_len: path.len,
            headers: headers.at,
            headers_len: headers.len,
            params: params.as_ptr(),
            count: params.len(),
            expect_revision: expected(write.expect),
            ..Default::default()
        };
        // SAFETY: the session is alive, what is given is valid during the call.
        integer(|revision, err| unsafe {
            sys::envres_query_put(self.0.raw(), &write, &change, revision, err)
        })
    }

    /// Makes an older revision the newest, as one of its own; which it is.
    /// C: `envres_query_restore()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND) (query, revision, its resource),
    /// [`DENIED`](crate::Code::DENIED), those of [`put`](Queries::put) when the resource is of
    /// another kind today.
    pub fn restore(&self, name: &str, revision: i64, change: &Change<'_>) -> Result<i64> {
        let (name, change) = (raw(name), change.raw());
        // SAFETY: as above.
        integer(|made, err| unsafe {
            sys::envres_query_restore(self.0.raw(), name.at, name.len, revision, &change, made, err)
        })
    }

    /// Removes one; its name is free then. C: `envres_query_remove()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND), [`DENIED`](crate::Code::DENIED).
    pub fn remove(&self, name: &str, change: &Change<'_>) -> Result<()> {
        let (name, change) = (raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_query_remove(self.0.raw(), name.at, name.len, &change, err)
        })
    }

    /// All, by name. C: `envres_query_list()`.
    ///
    /// Errors: [`DENIED`](crate::Code::DENIED), [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn list(&self) -> Result<Rows<QueryListRow>> {
        // SAFETY: the session is alive.
        Rows::from(|out, err| unsafe { sys::envres_query_list(self.0.raw(), out, err) })
    }

    /// The revisions of one, newest first. C: `envres_query_history()`. Errors: as above;
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND).
    pub fn history(&self, name: &str) -> Result<Rows<QueryHistoryRow>> {
        let name = raw(name);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_query_history(self.0.raw(), name.at, name.len, out, err)
        })
    }

    /// Records that a draft uses a query; `version` is `None` for the app's only draft. Revision 0
    /// follows: a draft uses the newest, and the promotion that freezes it records which one that
    /// was. Any other is fixed, in the draft and in those made from it. C: `envres_query_pin()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND) (app, version, query, revision),
    /// [`FROZEN`](crate::Code::FROZEN), [`DISCARDED`](crate::Code::DISCARDED),
    /// [`LIMIT`](crate::Code::LIMIT), [`REASON`](crate::Code::REASON),
    /// [`DENIED`](crate::Code::DENIED), [`INTEGRITY`](crate::Code::INTEGRITY).
    pub fn pin(
        &self,
        app: &str,
        version: Option<&str>,
        name: &str,
        revision: i64,
        change: &Change<'_>,
    ) -> Result<()> {
        let (version, name, change) = (version_name(app, version), raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_query_pin(self.0.raw(), &version, name.at, name.len, revision, &change, err)
        })
    }

    /// Records that a draft no longer uses a query. C: `envres_query_unpin()`.
    ///
    /// Errors: those of [`pin`](Queries::pin); [`NOT_FOUND`](crate::Code::NOT_FOUND) also where the
    /// version does not use it.
    pub fn unpin(
        &self,
        app: &str,
        version: Option<&str>,
        name: &str,
        change: &Change<'_>,
    ) -> Result<()> {
        let (version, name, change) = (version_name(app, version), raw(name), change.raw());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_query_unpin(self.0.raw(), &version, name.at, name.len, &change, err)
        })
    }

    /// The queries that a version uses, by name. C: `envres_query_pins()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND) (app, version),
    /// [`INTEGRITY`](crate::Code::INTEGRITY), [`DENIED`](crate::Code::DENIED).
    pub fn pins(&self, app: &str, version: Option<&str>) -> Result<Rows<QueryPinRow>> {
        let version = version_name(app, version);
        // SAFETY: as above.
        Rows::from(|out, err| unsafe { sys::envres_query_pins(self.0.raw(), &version, out, err) })
    }

    /// Reads a revision; 0: the newest. C: `envres_query_open()`.
    ///
    /// Errors: [`NOT_FOUND`](crate::Code::NOT_FOUND) with the nearest name,
    /// [`INTEGRITY`](crate::Code::INTEGRITY), [`DENIED`](crate::Code::DENIED).
    pub fn open(&self, name: &str, revision: i64) -> Result<Query> {
        let (name, mut out) = (raw(name), null_mut());
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_query_open(self.0.raw(), name.at, name.len, revision, &mut out, err)
        })?;
        Query::new(out)
    }
}

/// How a query is rendered; [`Default`]: without parameters, secrets allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct QueryOptions<'a> {
    /// Each of its declared type: numbers, booleans, text; JSON is anything but a string; a
    /// timestamp is text as RFC 3339 writes it; null where it is optional.
    pub params: Option<&'a Params>,
    /// Any secret is [`SECRET_SINK`](crate::Code::SECRET_SINK).
    pub no_secrets: bool,
    /// A string is read as the declared type: for what comes from a form.
    pub read_strings: bool,
    /// Largest text in bytes; 0: 64 MiB.
    pub output_max: u64,
}

/// One revision of a query. Immutable; threads may share it; needs its session no longer.
pub struct Query(NonNull<sys::envres_query>);

// SAFETY: query.h: "immutable, any thread, of use after its session was closed".
unsafe impl Send for Query {}
// SAFETY: likewise.
unsafe impl Sync for Query {}

impl Drop for Query {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_query_free(self.0.as_ptr()) }
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Query(revision {} for {})", self.revision(), self.resource())
    }
}

impl Query {
    pub(crate) fn new(query: *mut sys::envres_query) -> Result<Query> {
        NonNull::new(query).map(Query).ok_or_else(|| Error::invalid("there is no query"))
    }

    /// The handle of its resource.
    pub fn resource(&self) -> &str {
        // SAFETY: borrowed for the life of the query.
        unsafe { lent(sys::envres_query_resource(self.0.as_ptr())) }
    }

    /// The kind of that resource when this was opened: `"postgres"`, `"rest"`, ...
    pub fn kind(&self) -> &str {
        // SAFETY: borrowed for the life of the query.
        unsafe { lent(sys::envres_query_kind(self.0.as_ptr())) }
    }

    /// Which revision it is.
    pub fn revision(&self) -> i64 {
        // SAFETY: alive.
        unsafe { sys::envres_query_revision(self.0.as_ptr()) }
    }

    fn text(&self, which: u32) -> &str {
        let mut len = 0;
        // SAFETY: borrowed for the life of the query.
        let bytes = unsafe {
            let data = sys::envres_query_text(self.0.as_ptr(), which, &mut len);
            borrowed(data.cast(), len)
        };
        std::str::from_utf8(bytes).unwrap_or("")
    }

    /// The SQL as it was put; of a request the body, `""` for none. C: `envres_query_text()`.
    pub fn source(&self) -> &str {
        self.text(sys::ENVRES_QUERY_TEXT)
    }

    /// Of a request, as it was put: `"GET"`, ...; `""` for none.
    pub fn method(&self) -> &str {
        self.text(sys::ENVRES_QUERY_METHOD)
    }

    /// Of a request, as it was put; else `""`.
    pub fn path(&self) -> &str {
        self.text(sys::ENVRES_QUERY_PATH)
    }

    /// Of a request, a JSON object as it was put; `""` for none.
    pub fn headers(&self) -> &str {
        self.text(sys::ENVRES_QUERY_HEADERS)
    }

    /// The parameters that it declares, in their order. C: `envres_query_params()`.
    pub fn params(&self) -> Result<Rows<QueryParamRow>> {
        // SAFETY: alive.
        Rows::from(|out, err| unsafe { sys::envres_query_params(self.0.as_ptr(), out, err) })
    }

    /// Renders it for the environment of a scope. Connects to nothing; the settings of the resource
    /// are those of [`Scope::resource`]. C: `envres_query_render()`.
    ///
    /// Errors: [`TYPE`](crate::Code::TYPE) (a value of another type, its name is the subject),
    /// [`NOT_SET`](crate::Code::NOT_SET) (one that must be given),
    /// [`NOT_FOUND`](crate::Code::NOT_FOUND) (one that is not declared),
    /// [`INVALID`](crate::Code::INVALID) (scope of another workspace, a path that leads elsewhere, a
    /// header with a control character), and those of
    /// [`Template::prepare`](crate::Template::prepare) and
    /// [`Template::render`](crate::Template::render).
    pub fn render(&self, scope: &Scope, options: &QueryOptions<'_>) -> Result<QueryResult> {
        let options = sys::envres_query_options {
            flags: flag(options.no_secrets, sys::ENVRES_QUERY_NO_SECRETS)
                | flag(options.read_strings, sys::ENVRES_QUERY_READ_STRINGS),
            params: options.params.map_or(null(), Params::raw),
            output_max: options.output_max,
            ..Default::default()
        };
        let mut out = null_mut();
        // SAFETY: all are alive.
        call(|err| unsafe {
            sys::envres_query_render(self.0.as_ptr(), scope.raw(), &options, &mut out, err)
        })?;
        let result = NonNull::new(out).ok_or_else(|| Error::invalid("there is no result"))?;
        Ok(QueryResult(Arc::new(ResultHandle(result))))
    }

    /// Gives it back; the end of its life does the same.
    pub fn close(self) {}
}

/// The object of the library: a result, and the statements that are borrowed from it, have it.
pub(crate) struct ResultHandle(NonNull<sys::envres_query_result>);

// SAFETY: query.h: "Immutable, any thread".
unsafe impl Send for ResultHandle {}
// SAFETY: likewise.
unsafe impl Sync for ResultHandle {}

impl Drop for ResultHandle {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_query_result_free(self.0.as_ptr()) }
    }
}

/// What to send: a statement, or a request. Immutable; needs nothing any more of what it was made
/// of; threads may share it.
pub struct QueryResult(Arc<ResultHandle>);

impl fmt::Debug for QueryResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueryResult(..)")
    }
}

impl QueryResult {
    /// The SQL and its parameters, usable after this has gone; `None` for a request.
    /// C: `envres_query_result_statement()`.
    pub fn statement(&self) -> Option<Statement> {
        // SAFETY: borrowed for the life of the result, which the statement shares.
        let found = unsafe { sys::envres_query_result_statement(self.0 .0.as_ptr()) };
        NonNull::new(found as *mut _).map(|raw| Statement::borrowed(raw, self.0.clone()))
    }

    fn text(&self, which: u32) -> Result<Option<Text>> {
        // SAFETY: borrowed for the life of the result, and copied.
        unsafe {
            let value = sys::envres_query_result_text(self.0 .0.as_ptr(), which);
            (!value.is_null()).then(|| copy_text(value)).transpose()
        }
    }

    /// Of a request: `"GET"`, ...; `None` for a statement. C: `envres_query_result_text()`.
    pub fn method(&self) -> Result<Option<Text>> {
        self.text(sys::ENVRES_QUERY_METHOD)
    }

    /// Of a request, below the address of the resource; `None` for a statement.
    pub fn path(&self) -> Result<Option<Text>> {
        self.text(sys::ENVRES_QUERY_PATH)
    }

    /// Of a request: a JSON object of strings; `None`: there are none.
    pub fn headers(&self) -> Result<Option<Text>> {
        self.text(sys::ENVRES_QUERY_HEADERS)
    }

    /// Of a request: JSON; `None`: there is none.
    pub fn body(&self) -> Result<Option<Text>> {
        self.text(sys::ENVRES_QUERY_TEXT)
    }

    /// Wipes and frees it; the end of its life does the same.
    pub fn close(self) {}
}
