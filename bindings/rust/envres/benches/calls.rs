// SPDX-License-Identifier: MIT
//! What a call costs from Rust, beside the bare native call: nanoseconds of processor time, the best of
//! several rounds.
//!
//!     cargo bench [-- ROUNDS]

use envres::*;
use envres_sys as sys;
use std::ptr::null_mut;

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

const PROCESS_CPU: i32 = 2;

fn now() -> i64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the struct of 64-bit Linux.
    let done = unsafe { clock_gettime(PROCESS_CPU, &mut time) };
    assert_eq!(done, 0);
    time.seconds * 1_000_000_000 + time.nanoseconds
}

/// Lets go of what a call gave, out of the compiler's sight: it must not leave the call's work out.
#[inline(never)]
fn keep<T>(made: T) {
    drop(made)
}

/// Nanoseconds of one call.
fn each(calls: u32, call: &mut dyn FnMut()) -> f64 {
    let before = now();
    for _ in 0..calls {
        call();
    }
    (now() - before) as f64 / f64::from(calls)
}

struct Line<'a> {
    name: &'static str,
    per: f64,
    ours: Box<dyn FnMut() + 'a>,
    bare: Option<Box<dyn FnMut() + 'a>>,
}

/// The objects of the library under the crate's: made beside them, by the same calls.
struct Bare {
    session: *mut sys::envres_session,
    scope: *mut sys::envres_scope,
    template: *mut sys::envres_template,
    bound: *mut sys::envres_bound,
    slot: *mut sys::envres_error,
}

const TEXT: &str = "postgres://<< environment.variables.HOST >>/crm/and/34/bytes";

impl Bare {
    /// A store of its own, filled like the other.
    fn new() -> Bare {
        let mut one = Bare {
            session: null_mut(),
            scope: null_mut(),
            template: null_mut(),
            bound: null_mut(),
            slot: null_mut(),
        };
        let key = [1u8; 32];
        let owner = sys::envres_credential {
            kind: sys::ENVRES_CREDENTIAL_RAW_KEY,
            secret: key.as_ptr(),
            secret_len: 32,
            ..Default::default()
        };
        let write = sys::envres_variable_write {
            name: "HOST".as_ptr().cast(),
            name_len: 4,
            value: "db.dev".as_ptr().cast(),
            value_len: 6,
            ..Default::default()
        };
        let (options, change) = (Default::default(), Default::default());
        let (context, here) = (sys::envres_template_options::default(), "development");
        let (key, len) = (here.as_ptr().cast(), here.len());
        let render = sys::envres_render_options::default();
        let scoping = sys::envres_scope_options::default();
        let text = TEXT.as_ptr().cast();
        // SAFETY: everything is valid during its call; objects stay until the end of the process.
        unsafe {
            let (err, mut store) = (null_mut(), null_mut());
            let null = std::ptr::null();
            one.slot = sys::envres_error_new(std::ptr::null());
            let mut done = sys::envres_store_create(null, 0, &options, &owner, &mut store, err);
            done |= sys::envres_session_open(store, null, 0, &owner, &mut one.session, err);
            done |=
                sys::envres_variable_put(one.session, key, len, &write, &change, null_mut(), err);
            done |= sys::envres_scope_open(one.session, key, len, &scoping, &mut one.scope, err);
            done |= sys::envres_template_parse(text, TEXT.len(), &context, &mut one.template, err);
            done |=
                sys::envres_template_bind(one.template, one.scope, &render, &mut one.bound, err);
            assert_eq!(done, 0);
        }
        one
    }

    /// What a program that calls the library by itself would write.
    fn render(&self) -> String {
        let (mut buffer, mut need) = ([0u8; 64], 0);
        let options = sys::envres_render_options::default();
        // SAFETY: all are alive, 64 bytes may be written.
        let done = unsafe {
            sys::envres_template_render_into(
                self.template,
                self.scope,
                &options,
                buffer.as_mut_ptr().cast(),
                64,
                &mut need,
                self.slot,
            )
        };
        assert_eq!(done, 0);
        std::str::from_utf8(&buffer[..need]).unwrap().to_owned()
    }

    fn text(&self) -> String {
        let (mut data, mut len) = (std::ptr::null(), 0);
        // SAFETY: alive; the bytes are borrowed for its life.
        let bytes = unsafe {
            let done = sys::envres_bound_text(self.bound, &mut data, &mut len, self.slot);
            assert_eq!(done, 0);
            std::slice::from_raw_parts(data.cast::<u8>(), len)
        };
        std::str::from_utf8(bytes).unwrap().to_owned()
    }

    fn variable(&self) -> String {
        let (mut index, mut data, mut len) = (0, std::ptr::null(), 0);
        // SAFETY: alive; the bytes are borrowed for its life.
        let bytes = unsafe {
            let name = "HOST".as_ptr().cast();
            let mut done = sys::envres_scope_find(self.scope, name, 4, &mut index, self.slot);
            done |= sys::envres_scope_at(self.scope, index, &mut data, &mut len, self.slot);
            assert_eq!(done, 0);
            std::slice::from_raw_parts(data.cast::<u8>(), len)
        };
        std::str::from_utf8(bytes).unwrap().to_owned()
    }
}

fn main() -> Result<()> {
    let given = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let rounds: u32 = given.unwrap_or(30);
    let (owner, change) = (Credential::raw_key(&[1; 32]), Change::none());
    let session = Store::in_memory(&owner)?.session(&owner, None)?;
    session.variables().put("development", "HOST", "db.dev", &change)?;
    session.resources().define("crm", "postgres", &change)?;
    let fields = [("host", "h"), ("database", "d")];
    session.resources().configure("development", "crm", fields, None, &change)?;
    let (scope, template) = (session.scope("development")?, Template::new(TEXT)?);
    let (bound, crm) = (template.bind(&scope, &RenderOptions::default())?, scope.resource("crm")?);
    let (bare, many) = (Bare::new(), vec![&template; 100]);
    assert!(bare.render().len() == 34 && template.render(&scope)? == bare.render().as_str());
    let mut lines = vec![
        Line {
            name: "render, 34 bytes",
            per: 1.0,
            ours: Box::new(|| keep(template.render(&scope))),
            bare: Some(Box::new(|| keep(bare.render()))),
        },
        Line {
            name: "render 100 with `render_many`, each",
            per: 100.0,
            ours: Box::new(|| keep(render_many(many.iter().copied(), &scope))),
            bare: None,
        },
        Line {
            name: "text of a bound template",
            per: 1.0,
            ours: Box::new(|| keep(bound.text().map(str::to_owned))),
            bare: Some(Box::new(|| keep(bare.text()))),
        },
        Line {
            name: "read a variable",
            per: 1.0,
            ours: Box::new(|| keep(scope.get("HOST"))),
            bare: Some(Box::new(|| keep(bare.variable()))),
        },
        Line {
            name: "a resource",
            per: 1.0,
            ours: Box::new(|| keep(scope.resource("crm"))),
            bare: None,
        },
        Line { name: "its URL", per: 1.0, ours: Box::new(|| keep(crm.url())), bare: None },
    ];
    println!("| call | ns | bare | times |\n|---|---|---|---|");
    for line in &mut lines {
        let (mut ours, mut bare) = (f64::MAX, f64::MAX);
        let calls = (3000.0 / line.per) as u32;
        for _ in 0..rounds {
            ours = ours.min(each(calls, &mut line.ours) / line.per);
            if let Some(call) = &mut line.bare {
                bare = bare.min(each(calls, call));
            }
        }
        let beside = match line.bare {
            Some(_) => format!("{bare:.0} | {:.2}", ours / bare),
            None => " | ".to_owned(),
        };
        println!("| {} | {ours:.0} | {beside} |", line.name);
    }
    Ok(())
}
