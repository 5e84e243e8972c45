// SPDX-License-Identifier: MIT
//! Templates, templates bound to a scope, and parameters.

use crate::error::call;
use crate::input::{flag, raw};
use crate::list::borrowed;
use crate::value::{text_from, text_into};
use crate::{
    Code, Context, Dialect, Error, Input, Param, Result, Rows, Scope, Statement, Style, TagRow,
    Text,
};
use envres_sys as sys;
use std::fmt;
use std::ptr::{null, null_mut, NonNull};

/// Parameters of a render, made once for many; what is made of a [`Secret`](crate::Secret) is
/// secret. Filled by whoever has it alone; read by as many threads as one likes.
///
/// ```
/// let mut params = envres::Params::new()?;
/// params.set("id", 7)?.set("name", "O'Neil")?.set("note", None::<&str>)?;
/// params.allow("customers")?;
/// # Ok::<(), envres::Error>(())
/// ```
pub struct Params(NonNull<sys::envres_params>);

// SAFETY: template.h: "One thread at a time while it is filled": filling takes &mut self.
unsafe impl Send for Params {}
// SAFETY: with &self it can only be given to calls that take it const, and read it.
unsafe impl Sync for Params {}

impl Drop for Params {
    fn drop(&mut self) {
        // SAFETY: ours, and not used any more.
        unsafe { sys::envres_params_free(self.0.as_ptr()) }
    }
}

/// Names and values are shown nowhere.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Params(..)")
    }
}

impl Params {
    /// None yet. C: `envres_params_new()`. Errors: [`NOMEM`](Code::NOMEM).
    pub fn new() -> Result<Params> {
        // SAFETY: NULL asks for the allocator of the C library.
        let made = unsafe { sys::envres_params_new(null()) };
        NonNull::new(made).map(Params).ok_or_else(|| Error::new(Code::NOMEM, "out of memory"))
    }

    /// These.
    pub fn of<'a, N: AsRef<str>, P: Into<Param<'a>>>(
        params: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Params> {
        let mut made = Params::new()?;
        for (name, param) in params {
            made.set(name.as_ref(), param)?;
        }
        Ok(made)
    }

    /// Sets one, replacing one of the same name. C: `envres_params_set()`.
    ///
    /// Errors: [`NAME`](Code::NAME), [`TYPE`](Code::TYPE), [`UTF8`](Code::UTF8),
    /// [`JSON`](Code::JSON), [`LIMIT`](Code::LIMIT).
    pub fn set<'a>(&mut self, name: &str, param: impl Into<Param<'a>>) -> Result<&mut Params> {
        let (name, param) = (raw(name), param.into());
        let value = raw(param.value.bytes());
        // SAFETY: ours alone, what is given is valid during the call.
        call(|err| unsafe {
            sys::envres_params_set(
                self.0.as_ptr(),
                name.at,
                name.len,
                param.kind.raw(),
                value.at,
                value.len,
                param.flags,
                err,
            )
        })?;
        Ok(self)
    }

    /// Allows an identifier that the filter `ident` may write into SQL. C:
    /// `envres_params_allow()`. Errors: [`NAME`](Code::NAME), [`UTF8`](Code::UTF8),
    /// [`LIMIT`](Code::LIMIT).
    pub fn allow(&mut self, identifier: &str) -> Result<&mut Params> {
        let name = raw(identifier);
        // SAFETY: as above.
        call(|err| unsafe { sys::envres_params_allow(self.0.as_ptr(), name.at, name.len, err) })?;
        Ok(self)
    }

    pub(crate) fn raw(&self) -> *const sys::envres_params {
        self.0.as_ptr()
    }

    /// Wipes it; the end of its life does the same.
    pub fn close(self) {}
}

/// How a template is rendered; [`Default`]: without parameters, secrets allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenderOptions<'a> {
    /// What `params.` in the text stands for.
    pub params: Option<&'a Params>,
    /// The text goes where secrets must not: any secret is
    /// [`SECRET_SINK`](Code::SECRET_SINK).
    pub no_secrets: bool,
    /// Largest output in bytes; 0: 64 MiB.
    pub output_max: u64,
}

impl<'a> RenderOptions<'a> {
    /// With these parameters.
    pub fn params(params: &'a Params) -> RenderOptions<'a> {
        RenderOptions { params: Some(params), ..RenderOptions::default() }
    }

    /// Where secrets must not go.
    pub fn no_secrets() -> RenderOptions<'a> {
        RenderOptions { no_secrets: true, ..RenderOptions::default() }
    }

    /// The struct, which borrows the parameters.
    pub(crate) fn raw(&self) -> sys::envres_render_options {
        sys::envres_render_options {
            flags: flag(self.no_secrets, sys::ENVRES_RENDER_NO_SECRETS),
            params: self.params.map_or(null(), Params::raw),
            output_max: self.output_max,
            ..Default::default()
        }
    }
}

/// How a template is parsed; [`Default`]: context text, near misses are kept as text.
#[derive(Clone, Copy, Debug, Default)]
pub struct TemplateOptions {
    /// How values are written into it.
    pub context: Context,
    /// Of [`Context::Sql`]: whose SQL it is; required there.
    pub dialect: Option<Dialect>,
    /// Of [`Context::Sql`]: how placeholders look.
    pub style: Style,
    /// Near misses (`<< enviroment...`) are errors.
    pub strict: bool,
}

/// Text with `<< ... >>` tags, parsed once, rendered against any scope. Immutable; threads may share
/// it; a clone is another reference to the same.
///
/// ```
/// # let owner = envres::Credential::raw_key(&envres::generate_key()?);
/// # let session = envres::Store::in_memory(&owner)?.session(&owner, None)?;
/// # session.variables().put("development", "HOST", "db.dev", &envres::Change::none())?;
/// # let scope = session.scope("development")?;
/// let template = envres::Template::new("https://<< environment.variables.HOST >>/")?;
/// assert_eq!(template.render(&scope)?, "https://db.dev/");
/// # Ok::<(), envres::Error>(())
/// ```
///
/// ```compile_fail,E0382
/// let template = envres::Template::new("x").unwrap();
/// template.close();
/// template.references();
/// ```
pub struct Template(NonNull<sys::envres_template>);

// SAFETY: template.h: "immutable and may be shared between threads; references are counted".
unsafe impl Send for Template {}
// SAFETY: likewise.
unsafe impl Sync for Template {}

impl Drop for Template {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { sys::envres_template_unref(self.0.as_ptr()) }
    }
}

impl Clone for Template {
    fn clone(&self) -> Template {
        // SAFETY: alive; the new reference is that of the clone.
        unsafe { sys::envres_template_ref(self.0.as_ptr()) };
        Template(self.0)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template")
    }
}

impl Template {
    /// [`Template::with`] the defaults.
    pub fn new<'a>(source: impl Into<Input<'a>>) -> Result<Template> {
        Template::with(source, &TemplateOptions::default())
    }

    /// Parses; the whole text is checked, nothing is resolved. C: `envres_template_parse()`.
    ///
    /// Errors: [`SYNTAX`](Code::SYNTAX), [`UTF8`](Code::UTF8), [`JSON`](Code::JSON),
    /// [`SHELL_CONTEXT`](Code::SHELL_CONTEXT), [`SQL_CONTEXT`](Code::SQL_CONTEXT),
    /// [`LIMIT`](Code::LIMIT), each with the position; [`INVALID`](Code::INVALID) (context sql
    /// without a dialect, a dialect without context sql).
    pub fn with<'a>(source: impl Into<Input<'a>>, options: &TemplateOptions) -> Result<Template> {
        let source = source.into();
        let source = raw(source.bytes());
        let options = sys::envres_template_options {
            flags: flag(options.strict, sys::ENVRES_TEMPLATE_STRICT),
            context: options.context.raw(),
            dialect: options.dialect.map_or(0, Dialect::raw),
            style: options.style.raw(),
            ..Default::default()
        };
        let mut out = null_mut();
        // SAFETY: what is given is valid during the call; the text is copied.
        call(|err| unsafe {
            sys::envres_template_parse(source.at, source.len, &options, &mut out, err)
        })?;
        NonNull::new(out).map(Template).ok_or_else(|| Error::invalid("there is no template"))
    }

    fn raw(&self) -> *mut sys::envres_template {
        self.0.as_ptr()
    }

    /// Renders. One native call, where the output is plain and has at most 4 KiB.
    ///
    /// Errors: [`NOT_SET`](Code::NOT_SET), [`NOT_FOUND`](Code::NOT_FOUND),
    /// [`NOT_CONFIGURED`](Code::NOT_CONFIGURED), [`TYPE`](Code::TYPE), [`CYCLE`](Code::CYCLE),
    /// [`DEPTH`](Code::DEPTH), [`LIMIT`](Code::LIMIT), [`JSON`](Code::JSON),
    /// [`INTEGRITY`](Code::INTEGRITY), each with the tag's position; [`INVALID`](Code::INVALID) for
    /// a template of context sql: [`prepare`](Template::prepare).
    pub fn render(&self, scope: &Scope) -> Result<Text> {
        // It forbids secrets, so that none comes to lie in the buffer; only where there is one, or
        // the output is longer, the second call makes a value.
        let options = RenderOptions::no_secrets().raw();
        // SAFETY: both are alive, `cap` bytes may be written to `buf`.
        let plain = text_into(|buf, cap, need, err| unsafe {
            let (template, scope) = (self.raw(), scope.raw());
            sys::envres_template_render_into(template, scope, &options, buf, cap, need, err)
        })?;
        match plain {
            Some(text) => Ok(text),
            None => self.render_with(scope, &RenderOptions::default()),
        }
    }

    /// Renders with parameters or limits. C: `envres_template_render()`.
    ///
    /// Errors: those of [`render`](Template::render); [`SECRET_SINK`](Code::SECRET_SINK).
    pub fn render_with(&self, scope: &Scope, options: &RenderOptions<'_>) -> Result<Text> {
        let options = options.raw();
        // SAFETY: all are alive.
        text_from(|out, err| unsafe {
            sys::envres_template_render(self.raw(), scope.raw(), &options, out, err)
        })
    }

    /// Renders into a buffer of the caller's, who wipes it where the output may be secret; the
    /// length. C: `envres_template_render_into()`.
    ///
    /// Errors: as above; [`LIMIT`](Code::LIMIT) when it does not fit.
    pub fn render_into(
        &self,
        scope: &Scope,
        buffer: &mut [u8],
        options: &RenderOptions<'_>,
    ) -> Result<usize> {
        let (at, cap, mut need) = (buffer.as_mut_ptr().cast(), buffer.len(), 0);
        let options = options.raw();
        // SAFETY: all are alive, `cap` bytes may be written.
        call(|err| unsafe {
            let (template, scope) = (self.raw(), scope.raw());
            sys::envres_template_render_into(template, scope, &options, at, cap, &mut need, err)
        })?;
        Ok(need)
    }

    /// Resolves every reference once: what is left for rendering is copying.
    /// C: `envres_template_bind()`. Errors: those of [`render`](Template::render).
    pub fn bind(&self, scope: &Scope, options: &RenderOptions<'_>) -> Result<Bound> {
        let (options, mut out) = (options.raw(), null_mut());
        // SAFETY: all are alive; the bound template takes references of its own.
        call(|err| unsafe {
            sys::envres_template_bind(self.raw(), scope.raw(), &options, &mut out, err)
        })?;
        NonNull::new(out).map(Bound).ok_or_else(|| Error::invalid("there is no bound template"))
    }

    /// Resolves a template of [`Context::Sql`]: the SQL, and what to bind to its placeholders. No
    /// value is ever part of the text. C: `envres_template_prepare()`.
    ///
    /// Errors: those of [`render`](Template::render); [`IDENT`](Code::IDENT) (not among those that
    /// the parameters allow), [`LIMIT`](Code::LIMIT) (too many parameters),
    /// [`SECRET_SINK`](Code::SECRET_SINK), [`INVALID`](Code::INVALID) (another context).
    pub fn prepare(&self, scope: &Scope, options: &RenderOptions<'_>) -> Result<Statement> {
        let (options, mut out) = (options.raw(), null_mut());
        // SAFETY: all are alive.
        call(|err| unsafe {
            sys::envres_template_prepare(self.raw(), scope.raw(), &options, &mut out, err)
        })?;
        Statement::owned(out)
    }

    /// What it needs: a row for each tag, in order. C: `envres_template_references()`.
    pub fn references(&self) -> Result<Rows<TagRow>> {
        // SAFETY: alive.
        Rows::from(|out, err| unsafe { sys::envres_template_references(self.raw(), out, err) })
    }

    /// Gives up this reference; the end of its life does the same.
    pub fn close(self) {}
}

/// Renders many templates against one scope. (A call from Rust into the library costs no more than
/// one from C: there is nothing to be saved by making one of many.) Errors: those of
/// [`Template::render`], for the first that fails.
pub fn render_many<'t>(
    templates: impl IntoIterator<Item = &'t Template>,
    scope: &Scope,
) -> Result<Vec<Text>> {
    templates.into_iter().map(|template| template.render(scope)).collect()
}

/// A template bound to a scope; it keeps both alive. Immutable; threads may share it; a clone is
/// another reference to the same.
pub struct Bound(NonNull<sys::envres_bound>);

// SAFETY: template.h: "A template and a bound template are immutable and may be shared between
// threads; references are counted".
unsafe impl Send for Bound {}
// SAFETY: likewise; the text that is kept at the first call is set once, atomically.
unsafe impl Sync for Bound {}

impl Drop for Bound {
    fn drop(&mut self) {
        // SAFETY: one reference is ours.
        unsafe { sys::envres_bound_unref(self.0.as_ptr()) }
    }
}

impl Clone for Bound {
    fn clone(&self) -> Bound {
        // SAFETY: alive; the new reference is that of the clone.
        unsafe { sys::envres_bound_ref(self.0.as_ptr()) };
        Bound(self.0)
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bound")
    }
}

impl Bound {
    /// As [`Template::render`]. C: `envres_bound_render()`.
    pub fn render(&self) -> Result<Text> {
        // SAFETY: alive.
        text_from(|out, err| unsafe { sys::envres_bound_render(self.0.as_ptr(), out, err) })
    }

    /// As [`Template::render_into`]. C: `envres_bound_render_into()`.
    pub fn render_into(&self, buffer: &mut [u8]) -> Result<usize> {
        let (at, cap, mut need) = (buffer.as_mut_ptr().cast(), buffer.len(), 0);
        // SAFETY: alive, `cap` bytes may be written.
        call(|err| unsafe {
            sys::envres_bound_render_into(self.0.as_ptr(), at, cap, &mut need, err)
        })?;
        Ok(need)
    }

    /// The output, rendered at the first call and kept; without a copy. C: `envres_bound_text()`.
    ///
    /// Errors: [`SECRET_SINK`](Code::SECRET_SINK) when it holds secrets.
    pub fn text(&self) -> Result<&str> {
        let (mut data, mut len) = (null(), 0);
        // SAFETY: alive, outputs of ours.
        call(|err| unsafe { sys::envres_bound_text(self.0.as_ptr(), &mut data, &mut len, err) })?;
        // SAFETY: borrowed for the life of the bound template.
        let bytes = unsafe { borrowed(data.cast(), len) };
        std::str::from_utf8(bytes).map_err(|_| Error::new(Code::UTF8, "not valid UTF-8"))
    }

    /// Gives up this reference; the end of its life does the same.
    pub fn close(self) {}
}
