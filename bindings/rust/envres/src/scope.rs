// SPDX-License-Identifier: MIT
//! Scopes: an immutable snapshot of one environment, and resources resolved in it.

use crate::error::{call, call_or};
use crate::input::{flag, raw};
use crate::list::borrowed;
use crate::template::RenderOptions;
use crate::value::{string, text_from, type_of, typed, Owned};
use crate::{
    callbacks, BoxError, Code, Context, Error, ExplainRow, Input, Query, Result, Rows, Text, Type,
    Value,
};
use envres_sys as sys;
use std::ffi::CStr;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut, NonNull};

/// An immutable snapshot of one environment. No call on it touches the database or takes a lock;
/// threads may share it; it stays valid whatever becomes of session and store. A clone is another
/// reference to the same.
///
/// ```
/// # let owner = envres::Credential::raw_key(&envres::generate_key()?);
/// # let session = envres::Store::in_memory(&owner)?.session(&owner, None)?;
/// # session.variables().put("development", "HOST", "db.dev", &envres::Change::none())?;
/// let scope = session.scope("development")?;
/// assert_eq!(scope.get("HOST")?, "db.dev");
/// assert_eq!(scope.get("HOTS").unwrap_err().code(), envres::Code::NOT_FOUND);
/// # Ok::<(), envres::Error>(())
/// ```
///
/// What it lends does not outlive it:
///
/// ```compile_fail,E0505
/// # let owner = envres::Credential::raw_key(&envres::generate_key().unwrap());
/// # let session = envres::Store::in_memory(&owner).unwrap().session(&owner, None).unwrap();
/// let scope = session.scope("development").unwrap();
/// let lent = scope.environment();
/// scope.close();
/// println!("{lent}");
/// ```
pub struct Scope(NonNull<sys::envres_scope>);

// SAFETY: scope.h: "It may be shared freely between threads"; its references are counted.
unsafe impl Send for Scope {}
// SAFETY: scope.h: immutable; no call on it takes a lock or changes it.
unsafe impl Sync for Scope {}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { sys::envres_scope_unref(self.0.as_ptr()) }
    }
}

impl Clone for Scope {
    fn clone(&self) -> Scope {
        // SAFETY: alive; the new reference is that of the clone.
        unsafe { sys::envres_scope_ref(self.0.as_ptr()) };
        Scope(self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({} at revision {})", self.environment(), self.revision())
    }
}

/// A text of the library that lives as long as its object; "" for NULL.
///
/// # Safety
/// NULL, or a NUL-terminated text that lives as long as the caller says.
pub(crate) unsafe fn lent<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

impl Scope {
    pub(crate) fn new(scope: *mut sys::envres_scope) -> Result<Scope> {
        NonNull::new(scope).map(Scope).ok_or_else(|| Error::invalid("there is no scope"))
    }

    pub(crate) fn raw(&self) -> *mut sys::envres_scope {
        self.0.as_ptr()
    }

    /// Whether it is the very same snapshot: what [`Session::latest`](crate::Session::latest) gives
    /// when nothing changed.
    pub fn is_same(&self, other: &Scope) -> bool {
        self.0 == other.0
    }

    /// The environment's key.
    pub fn environment(&self) -> &str {
        // SAFETY: borrowed for the life of the scope.
        unsafe { lent(sys::envres_scope_environment(self.raw())) }
    }

    /// The configuration revision it was opened at.
    pub fn revision(&self) -> i64 {
        // SAFETY: alive.
        unsafe { sys::envres_scope_revision(self.raw()) }
    }

    /// Whether the store is known to have changed since; reads one counter.
    /// [`Store::poll`](crate::Store::poll) moves it, and so do our own commits.
    pub fn is_stale(&self) -> bool {
        // SAFETY: alive.
        unsafe { sys::envres_scope_is_stale(self.raw()) != 0 }
    }

    /// Name of the app that is served, or `""`.
    pub fn app(&self) -> &str {
        // SAFETY: borrowed for the life of the scope.
        unsafe { lent(sys::envres_scope_app(self.raw())) }
    }

    /// Name of the version that is served, or `""`.
    pub fn version(&self) -> &str {
        // SAFETY: borrowed for the life of the scope.
        unsafe { lent(sys::envres_scope_version(self.raw())) }
    }

    /// Tag of the release, or `""`.
    pub fn release(&self) -> &str {
        // SAFETY: borrowed for the life of the scope.
        unsafe { lent(sys::envres_scope_release(self.raw())) }
    }

    /// Sequence number of the release record, or 0.
    pub fn sequence(&self) -> i64 {
        // SAFETY: alive.
        unsafe { sys::envres_scope_sequence(self.raw()) }
    }

    // ---- variables ------------------------------------------------------------------------------

    /// How many variables have a value here. C: `envres_scope_count()`.
    pub fn len(&self) -> usize {
        // SAFETY: alive.
        unsafe { sys::envres_scope_count(self.raw()) as usize }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.len() as u32).filter_map(move |index| self.name(index))
    }

    /// A variable's text, templates expanded. What is missing is an error, never blank text.
    /// C: `envres_scope_get()`.
    ///
    /// Errors: [`NOT_SET`](Code::NOT_SET), [`NOT_FOUND`](Code::NOT_FOUND) (with the nearest name),
    /// [`INTEGRITY`](Code::INTEGRITY), [`DENIED`](Code::DENIED), those of a template.
    pub fn get(&self, name: &str) -> Result<Text> {
        let scope = self.raw();
        let (raw, mut index, mut data, mut len) = (raw(name), 0, null(), 0);
        // SAFETY: alive, the name valid during the call, outputs of ours.
        let plain = call_or(
            |err| unsafe {
                match sys::envres_scope_find(scope, raw.at, raw.len, &mut index, err) {
                    sys::ENVRES_OK => sys::envres_scope_at(scope, index, &mut data, &mut len, err),
                    status => status,
                }
            },
            |code| code == Code::SECRET_SINK,
        )?;
        if plain {
            // SAFETY: borrowed for the life of the scope.
            return Ok(Text::Plain(string(unsafe { borrowed(data.cast(), len) })));
        }
        // SAFETY: as above.
        text_from(|out, err| unsafe { sys::envres_scope_get(scope, raw.at, raw.len, out, err) })
    }

    /// The variable in the type that it has.
    pub fn value(&self, name: &str) -> Result<Value> {
        let index = self.find(name)?;
        // SAFETY: alive.
        let kind = unsafe { sys::envres_scope_type(self.raw(), index) };
        Ok(typed(kind, self.get(name)?))
    }

    /// A boolean. C: `envres_scope_get_boolean()`. Errors: [`TYPE`](Code::TYPE) for any other type,
    /// those of [`get`](Scope::get).
    pub fn get_boolean(&self, name: &str) -> Result<bool> {
        let (name, mut out) = (raw(name), 0);
        // SAFETY: alive, the name valid during the call, the output ours.
        call(|err| unsafe {
            sys::envres_scope_get_boolean(self.raw(), name.at, name.len, &mut out, err)
        })?;
        Ok(out != 0)
    }

    /// A number that is an integer of 64 bits. C: `envres_scope_get_integer()`. Errors: as above.
    pub fn get_integer(&self, name: &str) -> Result<i64> {
        let (name, mut out) = (raw(name), 0);
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_scope_get_integer(self.raw(), name.at, name.len, &mut out, err)
        })?;
        Ok(out)
    }

    /// A number; an integer that a double cannot hold is [`TYPE`](Code::TYPE).
    /// C: `envres_scope_get_double()`.
    pub fn get_double(&self, name: &str) -> Result<f64> {
        let (name, mut out) = (raw(name), 0.0);
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_scope_get_double(self.raw(), name.at, name.len, &mut out, err)
        })?;
        Ok(out)
    }

    /// A string, or an expanded template. C: `envres_scope_get_string()`. Errors:
    /// [`TYPE`](Code::TYPE) for any other type, those of [`get`](Scope::get).
    pub fn get_string(&self, name: &str) -> Result<Text> {
        let name = raw(name);
        // SAFETY: as above.
        text_from(|out, err| unsafe {
            sys::envres_scope_get_string(self.raw(), name.at, name.len, out, err)
        })
    }

    /// A json variable as compact JSON text. C: `envres_scope_get_json()`. Errors: likewise.
    pub fn get_json(&self, name: &str) -> Result<Text> {
        let name = raw(name);
        // SAFETY: as above.
        text_from(|out, err| unsafe {
            sys::envres_scope_get_json(self.raw(), name.at, name.len, out, err)
        })
    }

    /// Interns a name: the index serves the calls below on this scope. C: `envres_scope_find()`.
    ///
    /// Errors: [`NOT_SET`](Code::NOT_SET), [`NOT_FOUND`](Code::NOT_FOUND).
    pub fn find(&self, name: &str) -> Result<u32> {
        let (name, mut out) = (raw(name), 0);
        // SAFETY: as above.
        call(|err| unsafe {
            sys::envres_scope_find(self.raw(), name.at, name.len, &mut out, err)
        })?;
        Ok(out)
    }

    /// Whether the variable has a value here.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Name of the index-th variable, by name; `None` outside. C: `envres_scope_name()`.
    pub fn name(&self, index: u32) -> Option<&str> {
        // SAFETY: borrowed for the life of the scope; NULL outside.
        unsafe {
            let name = sys::envres_scope_name(self.raw(), index);
            (!name.is_null()).then(|| lent(name))
        }
    }

    /// Type of the index-th variable; `None` outside. C: `envres_scope_type()`.
    pub fn kind(&self, index: u32) -> Option<Type> {
        // SAFETY: alive.
        type_of(unsafe { sys::envres_scope_type(self.raw(), index) })
    }

    /// Whether the index-th is secret, or composed of a secret. C: `envres_scope_is_secret()`.
    pub fn is_secret(&self, index: u32) -> bool {
        // SAFETY: alive.
        unsafe { sys::envres_scope_is_secret(self.raw(), index) != 0 }
    }

    /// The text of the index-th variable, without a copy. C: `envres_scope_at()`.
    ///
    /// Errors: [`SECRET_SINK`](Code::SECRET_SINK) for a secret, [`INVALID`](Code::INVALID) outside.
    pub fn at(&self, index: u32) -> Result<&str> {
        let (mut data, mut len) = (null(), 0);
        // SAFETY: alive, outputs of ours.
        call(|err| unsafe { sys::envres_scope_at(self.raw(), index, &mut data, &mut len, err) })?;
        // SAFETY: borrowed for the life of the scope.
        let bytes = unsafe { borrowed(data.cast(), len) };
        std::str::from_utf8(bytes).map_err(|_| Error::new(Code::UTF8, "not valid UTF-8"))
    }

    /// Bytes of the index-th variable, secret or not, into the caller's buffer, who wipes it; their
    /// number. C: `envres_scope_get_into()`.
    ///
    /// Errors: [`LIMIT`](Code::LIMIT) when they do not fit, those of [`get`](Scope::get).
    pub fn get_into(&self, index: u32, buffer: &mut [u8]) -> Result<usize> {
        let (at, len, mut need) = (buffer.as_mut_ptr(), buffer.len(), 0);
        // SAFETY: alive, `len` bytes to be written.
        call(|err| unsafe {
            sys::envres_scope_get_into(self.raw(), index, at.cast(), len, &mut need, err)
        })?;
        Ok(need)
    }

    // ---- templates ------------------------------------------------------------------------------

    /// Parses and renders in one call. `no_secrets`: any secret is
    /// [`SECRET_SINK`](Code::SECRET_SINK). C: `envres_scope_expand()`.
    ///
    /// Errors: those of [`Template::with`](crate::Template::with) and
    /// [`Template::render`](crate::Template::render).
    pub fn expand<'a>(
        &self,
        source: impl Into<Input<'a>>,
        context: Context,
        no_secrets: bool,
    ) -> Result<Text> {
        let source = source.into();
        let source = raw(source.bytes());
        let flags = flag(no_secrets, sys::ENVRES_RENDER_NO_SECRETS);
        // SAFETY: alive, the text valid during the call.
        text_from(|out, err| unsafe {
            sys::envres_scope_expand(
                self.raw(),
                source.at,
                source.len,
                context.raw(),
                flags,
                out,
                err,
            )
        })
    }

    /// Which value, from where, and why, never the value: of a variable's name, a resource field
    /// (`"crm.host"`), a handle, or a template. C: `envres_explain()`.
    ///
    /// Errors: [`SYNTAX`](Code::SYNTAX), [`UTF8`](Code::UTF8), [`NOT_FOUND`](Code::NOT_FOUND).
    pub fn explain<'a>(&self, source: impl Into<Input<'a>>) -> Result<Rows<ExplainRow>> {
        let source = source.into();
        let source = raw(source.bytes());
        // SAFETY: as above.
        Rows::from(|out, err| unsafe {
            sys::envres_explain(self.raw(), source.at, source.len, out, err)
        })
    }

    // ---- resources ------------------------------------------------------------------------------

    /// Resolves a resource, with defaults and templates. C: `envres_scope_resource()`.
    ///
    /// Errors: [`NOT_FOUND`](Code::NOT_FOUND), [`NOT_CONFIGURED`](Code::NOT_CONFIGURED),
    /// [`FIELD`](Code::FIELD) (a required one is missing), [`NOT_SET`](Code::NOT_SET),
    /// [`TYPE`](Code::TYPE), [`INTEGRITY`](Code::INTEGRITY).
    pub fn resource(&self, handle: &str) -> Result<Resource> {
        let (handle, mut out) = (raw(handle), null_mut());
        // SAFETY: alive, the handle valid during the call.
        call(|err| unsafe {
            sys::envres_scope_resource(self.raw(), handle.at, handle.len, &mut out, err)
        })?;
        NonNull::new(out).map(Resource).ok_or_else(|| Error::invalid("there is no resource"))
    }

    /// Resolves a resource and hands it to `probe`, which connects and says. Opens no connection
    /// itself. C: `envres_resource_test()`.
    ///
    /// Errors: those of [`resource`](Scope::resource); what the probe gives: an [`Error`] travels
    /// through, of anything else, and of a panic, comes [`CALLBACK`](Code::CALLBACK) with it as
    /// source.
    pub fn test_resource<F>(&self, handle: &str, probe: F) -> Result<()>
    where
        F: FnOnce(&Resource) -> std::result::Result<(), BoxError>,
    {
        let (handle, mut given) = (raw(handle), Some(probe));
        let user: *mut Option<F> = &mut given;
        // SAFETY: alive; `user` is what callbacks::probe() of the same F takes, and lives during the
        // call.
        call(|err| unsafe {
            sys::envres_resource_test(
                self.raw(),
                handle.at,
                handle.len,
                Some(callbacks::probe::<F>),
                user.cast::<c_void>(),
                err,
            )
        })
    }

    // ---- the app that is served -----------------------------------------------------------------

    /// Paths of the parts of the version that is served, in order. C:
    /// `envres_scope_part_count()`, `envres_scope_part_path()`.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &str> {
        // SAFETY: alive.
        let count = unsafe { sys::envres_scope_part_count(self.raw()) };
        // SAFETY: borrowed for the life of the scope.
        (0..count).map(move |i| unsafe { lent(sys::envres_scope_part_path(self.raw(), i)) })
    }

    /// Whether the part goes to everybody, so that no secret may get into what is made of it. False
    /// where there is none. C: `envres_scope_part_is_public()`.
    pub fn part_is_public(&self, path: &str) -> bool {
        let path = raw(path);
        // SAFETY: alive, the path valid during the call.
        unsafe { sys::envres_scope_part_is_public(self.raw(), path.at, path.len) != 0 }
    }

    /// A part's bytes, without a copy. C: `envres_scope_part()`.
    ///
    /// Errors: [`NOT_FOUND`](Code::NOT_FOUND), with the nearest path; [`INVALID`](Code::INVALID)
    /// (the scope serves no app).
    pub fn part(&self, path: &str) -> Result<&[u8]> {
        let (path, mut data, mut len) = (raw(path), null(), 0);
        // SAFETY: alive, the path valid during the call, outputs of ours.
        call(|err| unsafe {
            sys::envres_scope_part(self.raw(), path.at, path.len, &mut data, &mut len, err)
        })?;
        // SAFETY: borrowed for the life of the scope.
        Ok(unsafe { borrowed(data.cast(), len) })
    }

    /// Parses and renders a part: as JSON where its path ends in `.json`, else as text; without
    /// secrets where it is public. C: `envres_scope_render_part()`.
    ///
    /// Errors: those of [`part`](Scope::part), [`Template::with`](crate::Template::with) and
    /// [`Template::render`](crate::Template::render).
    pub fn render_part(&self, path: &str, options: &RenderOptions<'_>) -> Result<Text> {
        let (path, options) = (raw(path), options.raw());
        // SAFETY: alive, what is given is valid during the call.
        text_from(|out, err| unsafe {
            sys::envres_scope_render_part(self.raw(), path.at, path.len, &options, out, err)
        })
    }

    /// A query of the version that is served, at the revision that this version uses. It was read
    /// when the scope was opened; nothing is looked up. C: `envres_scope_query()`.
    ///
    /// Errors: [`NOT_FOUND`](Code::NOT_FOUND) (the version does not use it; with the nearest that it
    /// uses), [`INVALID`](Code::INVALID) (the scope serves no app).
    pub fn query(&self, name: &str) -> Result<Query> {
        let (name, mut out) = (raw(name), null_mut());
        // SAFETY: alive, the name valid during the call.
        call(|err| unsafe {
            sys::envres_scope_query(self.raw(), name.at, name.len, &mut out, err)
        })?;
        Query::new(out)
    }

    /// Gives up this reference; the end of its life does the same.
    pub fn close(self) {}
}

/// A resource resolved in a scope, which it keeps alive. Immutable; threads may share it. Secrets
/// stay sealed until they are asked for.
pub struct Resource(NonNull<sys::envres_resource_handle>);

// SAFETY: resource.h: "Immutable, any thread".
unsafe impl Send for Resource {}
// SAFETY: likewise.
unsafe impl Sync for Resource {}

impl Drop for Resource {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_resource_handle_free(self.0.as_ptr()) }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({} of {})", self.kind(), self.environment())
    }
}

/// A resource that a probe was lent: it is not freed.
pub(crate) struct Lent(ManuallyDrop<Resource>);

impl Deref for Lent {
    type Target = Resource;
    fn deref(&self) -> &Resource {
        &self.0
    }
}

impl Resource {
    /// # Safety
    /// A handle that lives as long as what this gives.
    pub(crate) unsafe fn lent(handle: *const sys::envres_resource_handle) -> Lent {
        // SAFETY: as the caller says; only calls that take a const handle are made on it. The
        // library gives no NULL to a probe.
        let handle = unsafe { NonNull::new_unchecked(handle as *mut _) };
        Lent(ManuallyDrop::new(Resource(handle)))
    }

    fn raw(&self) -> *const sys::envres_resource_handle {
        self.0.as_ptr()
    }

    /// `"postgres"`, `"rest"`, ...
    pub fn kind(&self) -> &str {
        // SAFETY: borrowed for the life of the handle.
        unsafe { lent(sys::envres_resource_handle_kind(self.raw())) }
    }

    /// Whose settings these are: the scope's environment, or the declared fallback.
    pub fn environment(&self) -> &str {
        // SAFETY: borrowed for the life of the handle.
        unsafe { lent(sys::envres_resource_handle_environment(self.raw())) }
    }

    /// Whether the settings come from a declared fallback.
    pub fn is_fallback(&self) -> bool {
        // SAFETY: alive.
        unsafe { sys::envres_resource_handle_is_fallback(self.raw()) != 0 }
    }

    /// Another one when the resource, or what it refers to, was changed, and only then: key a pool
    /// of connections by it. At most 127 bytes.
    pub fn cache_key(&self) -> &str {
        // SAFETY: borrowed for the life of the handle.
        unsafe { lent(sys::envres_resource_handle_cache_key(self.raw())) }
    }

    /// How many fields have a value, defaults included. C:
    /// `envres_resource_handle_field_count()`.
    pub fn len(&self) -> usize {
        // SAFETY: alive.
        unsafe { sys::envres_resource_handle_field_count(self.raw()) as usize }
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their names, in the order of the kind. C: `envres_resource_handle_field_name()`.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        let count = self.len() as u32;
        // SAFETY: borrowed for the life of the handle.
        (0..count)
            .map(move |i| unsafe { lent(sys::envres_resource_handle_field_name(self.raw(), i)) })
    }

    /// Names of the fields that are secret. C: `envres_resource_handle_field_is_secret()`.
    pub fn secret_fields(&self) -> impl Iterator<Item = &str> {
        self.names().enumerate().filter_map(move |(index, name)| {
            // SAFETY: alive.
            let secret =
                unsafe { sys::envres_resource_handle_field_is_secret(self.raw(), index as u32) };
            (secret != 0).then_some(name)
        })
    }

    fn owned(&self, name: &str) -> Result<Owned> {
        let name = raw(name);
        // SAFETY: alive, the name valid during the call.
        Owned::from(|out, err| unsafe {
            sys::envres_resource_handle_field(self.raw(), name.at, name.len, out, err)
        })
    }

    /// A field's text. C: `envres_resource_handle_field()`.
    ///
    /// Errors: [`FIELD`](Code::FIELD) (there is no such field), [`NOT_SET`](Code::NOT_SET) (it has
    /// no value), [`INTEGRITY`](Code::INTEGRITY).
    pub fn get(&self, name: &str) -> Result<Text> {
        self.owned(name)?.text()
    }

    /// The field in the type that its kind says.
    pub fn value(&self, name: &str) -> Result<Value> {
        let value = self.owned(name)?;
        Ok(typed(value.kind(), value.text()?))
    }

    /// The ready URL, escaped for its grammar. C: `envres_resource_handle_url()`.
    ///
    /// Errors: [`FIELD`](Code::FIELD) (the kind has none), those of [`get`](Resource::get).
    pub fn url(&self) -> Result<Text> {
        // SAFETY: alive.
        text_from(|out, err| unsafe { sys::envres_resource_handle_url(self.raw(), out, err) })
    }

    /// The same with every secret as `***`: for logs. C: `envres_resource_handle_redacted_url()`.
    pub fn redacted_url(&self) -> Result<String> {
        // SAFETY: alive.
        let url = text_from(|out, err| unsafe {
            sys::envres_resource_handle_redacted_url(self.raw(), out, err)
        })?;
        Ok(url.redacted("***"))
    }

    /// The driver's own string: libpq keywords, a path, a list of brokers.
    /// C: `envres_resource_handle_dsn()`. Errors: those of [`url`](Resource::url).
    pub fn dsn(&self) -> Result<Text> {
        // SAFETY: alive.
        text_from(|out, err| unsafe { sys::envres_resource_handle_dsn(self.raw(), out, err) })
    }

    /// Gives it back; the end of its life does the same.
    pub fn close(self) {}
}
