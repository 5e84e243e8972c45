// SPDX-License-Identifier: MIT
//! Environments, variables, sealed secrets, templates, resource handles and releases: libenvres from
//! Rust.
//!
//! ```
//! use envres::{Change, Context, Credential, Secret, Store};
//!
//! # fn main() -> envres::Result<()> {
//! let owner = Credential::raw_key(&envres::generate_key()?);
//! let store = Store::in_memory(&owner)?;
//! let session = store.session(&owner, None)?;
//! let change = Change::reason("first release");
//! session.variables().put("production", "HOST", "db.example.com", &change)?;
//! session.variables().put("production", "TOKEN", &Secret::new("tok-123456"), &change)?;
//!
//! let scope = session.scope("production")?;
//! let url = scope.expand("https://<< environment.variables.HOST >>/", Context::Text, false)?;
//! assert_eq!(url, "https://db.example.com/");
//! assert_eq!(scope.get("TOKEN")?.to_string(), "***");
//! # Ok(()) }
//! ```
//!
//! The C headers are the contract; `session.variables().put()` is `envres_variable_put()`, and so
//! on: `bindings/README.md` has the table.
//!
//! # Closing
//!
//! `Drop` gives everything back; `close(self)` does it now. Using what was closed does not compile,
//! and neither does using what it lent:
//!
//! ```compile_fail,E0382
//! # let owner = envres::Credential::raw_key(&envres::generate_key().unwrap());
//! # let session = envres::Store::in_memory(&owner).unwrap().session(&owner, None).unwrap();
//! let scope = session.scope("development").unwrap();
//! scope.close();
//! scope.get("HOST");
//! ```
//!
//! A thread that uses an object holds a reference to it, so that no other can close it meanwhile:
//! share by `&` or [`Arc`](std::sync::Arc); the last one gives it back.
//!
//! # Threads
//!
//! What the headers let any thread use is `Send` and `Sync`; a [`Redactor`] and a [`Scan`], which
//! are for one thread at a time, are `Send` only. In the child of a fork every call is
//! [`Code::FORKED`].

#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

mod access;
mod apps;
mod callbacks;
mod credential;
mod enums;
mod error;
mod input;
mod list;
mod query;
mod redact;
mod rows;
mod scope;
mod secret;
mod session;
mod settings;
mod statement;
mod store;
mod template;
mod value;

pub use access::{Audit, AuditQuery, Inbox, Keys, Principals, Requests, Roles, Slots, Verified};
pub use apps::{
    part_digest, AppOptions, Apps, NewVersion, PartWrite, Parts, Promotion, Release, Releases,
    Rollback, Tag, VersionEdit, Versions,
};
pub use callbacks::{Anchor, Checkpoint, KeyProvider};
pub use credential::{generate_key, Credential};
pub use enums::*;
pub use error::{BoxError, Code, Error, ErrorKind, Panic, Result};
pub use input::{Change, Field, Input, Param, Write};
pub use list::{Iter, Row, Rows};
pub use query::{Queries, Query, QueryOptions, QueryParam, QueryResult, QueryWrite};
pub use redact::{Redactor, Scan};
pub use rows::*;
pub use scope::{Resource, Scope};
pub use secret::{Secret, Text, Value};
pub use session::{ScopeOptions, Session};
pub use settings::{EnvironmentEdit, Environments, NewEnvironment, Resources, Variables};
pub use statement::Statement;
pub use store::{kinds, version, Store, StoreOptions};
pub use template::{render_many, Bound, Params, RenderOptions, Template, TemplateOptions};

/// The page of the binding, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
