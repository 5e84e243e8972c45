// SPDX-License-Identifier: MIT
//! Statements: SQL made of a template, and what to bind to its placeholders.

use crate::list::borrowed;
use crate::query::ResultHandle;
use crate::scope::lent;
use crate::value::{string, type_of};
use crate::{Error, Result, Secret, Type, Value};
use envres_sys as sys;
use std::fmt;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

/// SQL made of a template, and its parameters in order. Immutable; needs nothing any more of what it
/// was made of; threads may share it. The text can be logged, the parameters cannot.
///
/// ```
/// # let owner = envres::Credential::raw_key(&envres::generate_key()?);
/// # let session = envres::Store::in_memory(&owner)?.session(&owner, None)?;
/// # let scope = session.scope("development")?;
/// use envres::{Context, Dialect, Params, RenderOptions, Template, TemplateOptions, Value};
/// let sql = TemplateOptions {
///     context: Context::Sql,
///     dialect: Some(Dialect::Postgres),
///     ..Default::default()
/// };
/// let template = Template::with("SELECT * FROM t WHERE id = << params.id >>", &sql)?;
/// let params = Params::of([("id", 7)])?;
/// let statement = template.prepare(&scope, &RenderOptions::params(&params))?;
/// assert_eq!(statement.text(), "SELECT * FROM t WHERE id = $1");
/// assert_eq!(statement.parameters(), [Value::Integer(7)]);
/// # Ok::<(), envres::Error>(())
/// ```
pub struct Statement {
    raw: NonNull<sys::envres_statement>,
    /// The result that it is borrowed from; without one it is ours.
    lender: Option<Arc<ResultHandle>>,
}

// SAFETY: statement.h: "immutable and needs nothing any more of what it was made of".
unsafe impl Send for Statement {}
// SAFETY: statement.h: "It may be read from several threads".
unsafe impl Sync for Statement {}

impl Drop for Statement {
    fn drop(&mut self) {
        if self.lender.is_none() {
            // SAFETY: ours, and not used any more.
            unsafe { sys::envres_statement_free(self.raw.as_ptr()) }
        }
    }
}

/// The text, and no parameter.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({:?}, {} parameters)", self.text(), self.len())
    }
}

impl Statement {
    pub(crate) fn owned(statement: *mut sys::envres_statement) -> Result<Statement> {
        let raw = NonNull::new(statement).ok_or_else(|| Error::invalid("no statement"))?;
        Ok(Statement { raw, lender: None })
    }

    pub(crate) fn borrowed(raw: NonNull<sys::envres_statement>, of: Arc<ResultHandle>) -> Self {
        Statement { raw, lender: Some(of) }
    }

    fn raw(&self) -> *const sys::envres_statement {
        self.raw.as_ptr()
    }

    /// The SQL. Holds no value. C: `envres_statement_text()`.
    pub fn text(&self) -> &str {
        // SAFETY: borrowed for the life of the statement.
        unsafe { lent(sys::envres_statement_text(self.raw(), null_mut())) }
    }

    /// How many parameters there are to bind. C: `envres_statement_count()`.
    pub fn len(&self) -> usize {
        self.count() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> u32 {
        // SAFETY: alive.
        unsafe { sys::envres_statement_count(self.raw()) }
    }

    /// Number of the first parameter: 1, or one more than the highest `$n` that the text had.
    /// C: `envres_statement_first()`.
    pub fn first(&self) -> u32 {
        // SAFETY: alive.
        unsafe { sys::envres_statement_first(self.raw()) }
    }

    /// Of each parameter the reference that gave it: `"params.id"`; elements of a list share one.
    /// C: `envres_statement_name()`.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        // SAFETY: borrowed for the life of the statement.
        (0..self.count()).map(move |i| unsafe { lent(sys::envres_statement_name(self.raw(), i)) })
    }

    /// Of each parameter its type: string, integer, number, boolean, json or null.
    pub fn types(&self) -> Vec<Type> {
        (0..self.count()).map(|i| type_of(self.kind(i)).unwrap_or(Type::Null)).collect()
    }

    /// The values in their types; those that are secret as [`Value::Secret`].
    pub fn parameters(&self) -> Vec<Value> {
        (0..self.count()).map(|index| self.value(index, false)).collect()
    }

    /// The values, secrets in clear in the type they have, as a driver wants them.
    pub fn reveal(&self) -> Vec<Value> {
        (0..self.count()).map(|index| self.value(index, true)).collect()
    }

    fn kind(&self, index: u32) -> i32 {
        // SAFETY: alive.
        unsafe { sys::envres_statement_type(self.raw(), index) }
    }

    fn value(&self, index: u32, reveal: bool) -> Value {
        let mut len = 0;
        // SAFETY: alive; the bytes are borrowed for the life of the statement.
        let (secret, bytes) = unsafe {
            let secret = sys::envres_statement_is_secret(self.raw(), index) != 0;
            let data = sys::envres_statement_value(self.raw(), index, &mut len);
            (secret, borrowed(data.cast(), len))
        };
        // SAFETY: alive; 0 for what has another type.
        let (integer, double) = unsafe {
            let integer = sys::envres_statement_integer(self.raw(), index);
            (integer, sys::envres_statement_double(self.raw(), index))
        };
        match self.kind(index) {
            sys::ENVRES_TYPE_NULL => Value::Null,
            _ if secret && !reveal => Value::Secret(Secret::new(bytes)),
            sys::ENVRES_TYPE_INTEGER => Value::Integer(integer),
            sys::ENVRES_TYPE_BOOLEAN => Value::Boolean(integer != 0),
            sys::ENVRES_TYPE_NUMBER => Value::Number(double),
            sys::ENVRES_TYPE_JSON => Value::Json(string(bytes)),
            _ => Value::String(string(bytes)),
        }
    }

    /// Wipes and frees it; the end of its life does the same.
    pub fn close(self) {}
}
