// SPDX-License-Identifier: MIT
//! Closing, secrets, errors, callbacks, threads: what must hold whatever is called.

mod common;

use common::*;
use envres::*;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A session, and a scope with a secret and a resource.
fn filled() -> (Session, Scope) {
    let (session, change, secret) = (session(), CHANGE(), Secret::from(mark()));
    let writes = [("HOST", Write::new("db.dev")), ("KEY", Write::from(&secret))];
    session.variables().put_many("development", writes, &change).unwrap();
    session.resources().define("crm", "postgres", &change).unwrap();
    let fields: [(&str, Field<'_>); 4] = [
        ("host", "db".into()),
        ("database", "crm".into()),
        ("user", "u".into()),
        ("password", (&secret).into()),
    ];
    session.resources().configure("development", "crm", fields, None, &change).unwrap();
    let scope = session.scope("development").unwrap();
    (session, scope)
}

fn expand(scope: &Scope, text: &str) -> Result<Text> {
    scope.expand(text, Context::Text, false)
}

// ---- what types say -----------------------------------------------------------------------------

#[test]
fn who_may_have_it() {
    fn shared<T: Send + Sync>() {}
    fn moved<T: Send>() {}
    shared::<Store>();
    shared::<Session>();
    shared::<Scope>();
    shared::<Resource>();
    shared::<Template>();
    shared::<Bound>();
    shared::<Params>();
    shared::<Statement>();
    shared::<Query>();
    shared::<QueryResult>();
    shared::<Rows<VariableRow>>();
    shared::<Secret>();
    shared::<Credential>();
    shared::<StoreOptions>();
    shared::<Error>();
    shared::<Panic>();
    moved::<Redactor>();
    moved::<Scan>();
}

#[test]
fn what_was_made_outlives_what_made_it() {
    let (session, scope) = filled();
    let (rows, crm) =
        (session.variables().list(None, false).unwrap(), scope.resource("crm").unwrap());
    let template = Template::new("<< environment.variables.HOST >>").unwrap();
    let bound = template.bind(&scope, &RenderOptions::default()).unwrap();
    let (clone, again, text) = (scope.clone(), bound.clone(), template.clone());
    session.close();
    scope.close();
    template.close();
    bound.close();
    assert_eq!(clone.get("HOST").unwrap(), "db.dev");
    assert_eq!((again.text().unwrap(), rows.len()), ("db.dev", 6));
    assert_eq!(text.render(&clone).unwrap(), "db.dev");
    clone.close();
    assert_eq!(
        (crm.get("host").unwrap(), rows.get(0).unwrap().name),
        (Text::Plain("db".into()), "HOST".into())
    );
    assert!(rows.get(99).is_none() && rows.columns().len() >= VariableRow::COLUMNS.len());
    assert_eq!((&rows).into_iter().rev().len(), 6);
    rows.close();
    crm.close();
}

// ---- secrets ------------------------------------------------------------------------------------

#[test]
fn a_secret_shows_nowhere() {
    let (session, scope) = filled();
    let secret = scope.get("KEY").unwrap();
    let inside = Secret::from(mark());
    let rows = session.variables().list(None, true).unwrap();
    let params = Params::of([("p", &inside)]).unwrap();
    let crm = scope.resource("crm").unwrap();
    let things: Vec<Box<dyn Debug>> = vec![
        Box::new(crm.url().unwrap()),
        Box::new(crm.value("password").unwrap()),
        Box::new(rows.to_vec()),
        Box::new(Credential::passphrase(&inside)),
        Box::new(Input::from(&inside)),
        Box::new(Write::from(&inside)),
        Box::new(Write::new(mark()).secret(true)),
        Box::new(Field::from(&inside)),
        Box::new(Field::new(mark()).secret()),
        Box::new(Param::from(&inside)),
        Box::new((params, crm, rows, scope, session)),
    ];
    let mut shown = vec![secret.to_string(), format!("{secret:?} {secret:>20} {secret:#?}")];
    shown.push(format!("{inside} {inside:?} {inside:20} {:?}", Some(&inside)));
    shown.extend(things.iter().map(|thing| format!("{thing:?} {thing:#?}")));
    for text in shown {
        assert!(!text.contains(&mark()), "{text}");
    }
    assert_eq!(secret, Text::Secret(Secret::from(mark())));
    assert_ne!(secret, Text::Secret(Secret::new("other")));
    assert!(secret != mark().as_str() && secret.plain().is_none() && inside != Secret::new("x"));
    assert!(secret.into_plain().is_err());
}

/// A look at memory that was given back is no test; this looks at the buffer while it is there.
#[test]
fn a_secret_is_wiped() {
    let mut bytes = mark().into_bytes();
    let at = bytes.as_mut_ptr();
    let kept = Secret::from(std::mem::take(&mut bytes));
    assert_eq!(kept.reveal().unwrap(), mark());
    assert_ne!(kept.reveal_bytes().as_ptr(), at as *const u8, "it has a buffer of its own");
    assert_eq!(fails(Secret::new([0x61, 0xff]).reveal(), Code::UTF8).offset(), Some(1));
    assert!(Secret::new("").reveal_bytes().is_empty());
    kept.close();
}

#[test]
fn secrets_spread() {
    let (_session, scope) = filled();
    let out = expand(&scope, "a << environment.variables.KEY >> b").unwrap();
    let secret = match &out {
        Text::Secret(secret) => secret,
        plain => panic!("{plain}"),
    };
    assert_eq!(secret.reveal().unwrap(), format!("a {} b", mark()));
    assert_eq!((secret.ranges().len(), &secret.ranges()[0]), (1, &(2..2 + mark().len())));
    assert_eq!((secret.redacted("#"), out.redacted("#")), ("a # b".into(), "a # b".into()));
    let sink = scope.expand("<< environment.variables.KEY >>", Context::Text, true);
    fails(sink, Code::SECRET_SINK);
    let params = Params::of([("p", &Secret::new("x"))]).unwrap();
    let template = Template::new("<< params.p >>").unwrap();
    let made = template.render_with(&scope, &RenderOptions::params(&params)).unwrap();
    assert!(made.is_secret());
    let mut buffer = [0; 64];
    let index = scope.find("KEY").unwrap();
    let size = scope.get_into(index, &mut buffer).unwrap();
    assert_eq!(&buffer[..size], mark().as_bytes());
    fails(scope.get_into(index, &mut [0; 3]), Code::LIMIT);
    fails(scope.at(index), Code::SECRET_SINK);
}

#[test]
fn redactor() {
    let (_session, scope) = filled();
    let mut redactor = Redactor::new(Some("#")).unwrap();
    redactor.add_scope(&scope).unwrap();
    redactor.add("token", &Secret::new("elsewhere-1")).unwrap();
    redactor.add("pin", "123").unwrap();
    let refused = redactor.refused().unwrap();
    assert_eq!(
        refused.iter().map(|r| (r.name, r.reason)).collect::<Vec<_>>(),
        [("pin".into(), "short".into())]
    );
    let text = format!("a {} b elsewhere-1", mark());
    assert_eq!(redactor.text(&text).unwrap(), b"a # b #");
    let hex: String = mark().bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(redactor.text([b"\xff", hex.as_bytes()].concat()).unwrap(), b"\xff#");
    let mut copy = redactor.copy().unwrap();
    fails(redactor.add("late", "later-secret"), Code::INVALID);
    let (one, two) = (mark()[..6].to_owned(), mark()[6..].to_owned());
    let mut given = copy.feed(format!("log {one}")).unwrap();
    given.extend(copy.feed(format!("{two} end")).unwrap());
    given.extend(copy.finish().unwrap());
    assert_eq!((given.as_slice(), redactor.masked(), copy.masked()), (&b"log # end"[..], 3, 1));
    let moved = std::thread::spawn(move || copy.text(mark()).unwrap());
    assert_eq!(moved.join().unwrap(), b"#");
    fails(Redactor::new(Some(&"x".repeat(65))), Code::LIMIT);
}

struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::Other, mark()))
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails() {
    let mut redactor = Redactor::new(None).unwrap();
    redactor.add("token", "elsewhere-1").unwrap();
    let error = fails(redactor.feed_to("x".repeat(1000), &mut Full), Code::CALLBACK);
    let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert!(cause.to_string() == mark() && !format!("{error} {error:?}").contains(&mark()));
    fails(redactor.feed("more"), Code::CALLBACK);
    fails(redactor.finish(), Code::CALLBACK);
    let mut out = Vec::new();
    redactor.feed_to("again", &mut out).unwrap();
    redactor.finish_to(&mut out).unwrap();
    assert_eq!(out, b"again");
}

#[test]
fn no_error_holds_a_value() {
    let (session, scope) = filled();
    let (variables, change, secret) = (session.variables(), CHANGE(), Secret::from(mark()));
    let typed = |kind, text: String| {
        variables.put("development", "N", Write::new(text).kind(kind), &CHANGE())
    };
    let broken = Secret::from([b"\xff", mark().as_bytes()].concat());
    let probe = |crm: &Resource| Ok(crm.url()?.reveal()?.parse::<u8>().map(drop)?);
    let port = [("port", mark())];
    let errors = [
        typed(Type::Number, mark()).unwrap_err(),
        typed(Type::Json, format!("{{{}", mark())).unwrap_err(),
        variables.put("nowhere", "J", &secret, &change).unwrap_err(),
        variables.put("development", "1J", &secret, &change).unwrap_err(),
        variables.put("development", "A", &broken, &change).unwrap_err(),
        session.resources().configure("development", "crm", port, None, &change).unwrap_err(),
        scope.get_boolean("KEY").unwrap_err(),
        scope.get_integer("KEY").unwrap_err(),
        expand(&scope, "<< environment.variables.KEY | base >>").unwrap_err(),
        Params::of([("p", Param::typed(Type::Number, &secret))]).unwrap_err(),
        scope.test_resource("crm", probe).unwrap_err(),
        broken.reveal().unwrap_err(),
    ];
    for error in errors {
        let shown = format!("{error} {error:?} {error:#?} {}", error.subject());
        assert!(!shown.contains(&mark()), "{shown}");
    }
}

// ---- errors -------------------------------------------------------------------------------------

#[test]
fn what_an_error_says() {
    let (_session, scope) = filled();
    let text = "one\n  << environment.variables.HOTS >>";
    let error = fails(expand(&scope, text), Code::NOT_FOUND);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        (error.offset(), error.line(), error.column(), error.subject()),
        (Some(6), Some(2), Some(3), "HOTS")
    );
    assert!(error.hint().contains("HOST") && error.name() == "ENVRES_E_NOT_FOUND");
    let shown = error.to_string();
    assert!(shown.contains("ENVRES_E_NOT_FOUND") && shown.contains("line 2, column 3"), "{shown}");
    assert_eq!(error.clone().to_string(), shown);
    assert!(error.source().is_none());
    let error = fails(Template::new("<< environment.name"), Code::SYNTAX);
    assert_eq!(error.kind(), ErrorKind::Text);
    assert_eq!(format!("{:?} {}", error.code(), error.code().number()), "ENVRES_E_SYNTAX -12");
}

#[test]
fn text_of_every_kind() {
    let session = session();
    let variables = session.variables();
    let big = "x".repeat(1 << 20);
    let put = |value: Input<'_>| variables.put("development", "V", value, &CHANGE());
    let values = ["", "Zürich 😀", &"a".repeat(1000), &big];
    for value in values {
        put(value.into()).unwrap();
        assert_eq!(variables.get("development", "V", false).unwrap(), value);
        let scope = session.scope("development").unwrap();
        assert_eq!(expand(&scope, "<< environment.variables.V >>").unwrap(), value);
        assert_eq!(scope.get("V").unwrap(), value);
    }
    put(b"bytes".into()).unwrap();
    put((&Text::Plain("text".into())).into()).unwrap();
    for bad in [&b"\xff"[..], b"\xed\xa0\x80", b"a\0b", b"\xc0\x80"] {
        fails(put(bad.into()), Code::UTF8);
    }
    fails(put((&(big + "x")).into()), Code::LIMIT);
    for bad in ["NUL\0", "é", ""] {
        assert!(variables.get("development", bad, false).is_err());
    }
    fails(Template::new(b"\xff"), Code::UTF8);
}

#[test]
fn typed_values() {
    let session = session();
    let write = |text, kind| Write::new(text).kind(kind);
    let rows = [
        ("B", write("true", Type::Boolean)),
        ("D", write("0.5", Type::Number)),
        ("I", write("-7", Type::Number)),
        ("J", write(r#"{"a": [1, null]}"#, Type::Json)),
        ("S", Write::new("7")),
    ];
    session.variables().put_many("development", rows, &CHANGE()).unwrap();
    let scope = session.scope("development").unwrap();
    assert!(scope.get_boolean("B").unwrap() && scope.get_integer("I").unwrap() == -7);
    assert_eq!(scope.get_double("D").unwrap(), 0.5);
    assert_eq!(scope.get_json("J").unwrap(), r#"{"a":[1,null]}"#);
    assert_eq!(scope.get_string("S").unwrap(), "7");
    let values: Vec<Value> = scope.names().map(|name| scope.value(name).unwrap()).collect();
    let json = Value::Json(r#"{"a":[1,null]}"#.into());
    let (double, text) = (Value::Number(0.5), Value::String("7".into()));
    assert_eq!(values, [Value::Boolean(true), double, Value::Integer(-7), json, text]);
    let kinds: Vec<Type> = (0..5).filter_map(|index| scope.kind(index)).collect();
    assert_eq!(kinds, [Type::Boolean, Type::Number, Type::Number, Type::Json, Type::String]);
    assert_eq!(scope.at(scope.find("I").unwrap()).unwrap(), "-7");
    assert!(
        !scope.is_secret(0) && !scope.contains("NOPE") && !scope.is_empty() && scope.len() == 5
    );
    fails(scope.get_boolean("S"), Code::TYPE);
    fails(scope.get_integer("S"), Code::TYPE);
    fails(scope.get_double("S"), Code::TYPE);
    fails(scope.get_json("S"), Code::TYPE);
    assert!(scope.name(5).is_none() && scope.kind(5).is_none() && !scope.is_secret(5));
    fails(scope.at(5), Code::INVALID);
}

#[test]
fn rendering() {
    let (_session, scope) = filled();
    let template = Template::new("<< environment.variables.HOST >>:<< params.port >>").unwrap();
    let with = |param: Param<'_>| {
        let params = Params::of([("port", param)])?;
        template.render_with(&scope, &RenderOptions::params(&params))
    };
    assert_eq!(with(5432.into()).unwrap(), "db.dev:5432");
    assert_eq!(with("a".into()).unwrap(), "db.dev:a");
    assert_eq!(with(1.5.into()).unwrap(), "db.dev:1.5");
    assert_eq!(with(true.into()).unwrap(), "db.dev:true");
    fails(with(f64::NAN.into()), Code::TYPE);
    let params = Params::of([("port", true)]).unwrap();
    let options = RenderOptions::params(&params);
    let mut buffer = [0; 11];
    assert_eq!(template.render_into(&scope, &mut buffer, &options).unwrap(), 11);
    assert_eq!(&buffer, b"db.dev:true");
    fails(template.render_into(&scope, &mut [0; 3], &options), Code::LIMIT);
    let short = RenderOptions { output_max: 3, ..options };
    fails(template.render_with(&scope, &short), Code::LIMIT);
    let bound = template.bind(&scope, &options).unwrap();
    drop(params);
    assert_eq!(bound.render().unwrap(), bound.text().unwrap());
    assert_eq!(bound.render_into(&mut buffer).unwrap(), 11);
    let tags: Vec<String> = template.references().unwrap().iter().map(|tag| tag.name).collect();
    assert_eq!(tags, ["HOST", "port"]);
    let options = TemplateOptions { context: Context::Json, ..Default::default() };
    let whole =
        Template::with(r#"{"p": "<< params.p >>", "n": "<< params.n >>"}"#, &options).unwrap();
    let mut params = Params::new().unwrap();
    params.set("p", Param::json(r#"[1,{"a":null}]"#)).unwrap().set("n", Param::null()).unwrap();
    let out = whole.render_with(&scope, &RenderOptions::params(&params)).unwrap();
    assert_eq!(out, r#"{"p": [1,{"a":null}], "n": null}"#);
    let long = Template::new(format!("{}<< environment.name >>", "x".repeat(9000))).unwrap();
    assert_eq!(long.render(&scope).unwrap(), format!("{}development", "x".repeat(9000)).as_str());
    let explained = scope.explain("HOST").unwrap().get(0).unwrap();
    assert_eq!(explained.layer.as_deref(), Some("value"));
    let strict = TemplateOptions { strict: true, ..Default::default() };
    fails(Template::with("<< enviroment.name >>", &strict), Code::SYNTAX);
}

#[test]
fn rendering_many() {
    let (_session, scope) = filled();
    let long = Template::new("x".repeat(20000)).unwrap();
    let secret = Template::new("<< environment.variables.KEY >>").unwrap();
    let short: Vec<Template> = (0..2000)
        .map(|n| Template::new(format!("{n}-<< environment.variables.HOST >>")).unwrap())
        .collect();
    let all: Vec<&Template> =
        std::iter::once(&long).chain(&short).chain([&secret, &long]).collect();
    let made = render_many(all, &scope).unwrap();
    assert!(made.len() == 2003 && made[0] == made[2002] && made[2001].is_secret());
    assert_eq!(made[1500], "1499-db.dev");
    assert!(render_many([], &scope).unwrap().is_empty());
    let missing = Template::new("<< environment.variables.NOPE >>").unwrap();
    let error = fails(render_many([&short[0], &missing], &scope), Code::NOT_FOUND);
    assert_eq!(error.subject(), "NOPE");
}

#[test]
fn statements() {
    let (session, _) = filled();
    let limit = Write::new("10").kind(Type::Number);
    session.variables().put("development", "LIMIT", limit, &CHANGE()).unwrap();
    let scope = session.scope("development").unwrap();
    let sql = |dialect| TemplateOptions { context: Context::Sql, dialect, ..Default::default() };
    let text =
        "SELECT * FROM << params.t | ident >> WHERE a = << params.a >> AND b = << params.b >> \
                AND k = << environment.variables.KEY >> AND n IS << params.n >> \
                LIMIT << environment.variables.LIMIT >>";
    let template = Template::with(text, &sql(Some(Dialect::Postgres))).unwrap();
    let mut params = Params::new().unwrap();
    params.set("t", "users").unwrap().set("a", "x' OR 1").unwrap().set("b", true).unwrap();
    params.set("n", None::<i32>).unwrap();
    fails(template.prepare(&scope, &RenderOptions::params(&params)), Code::IDENT);
    params.allow("users").unwrap();
    let statement = template.prepare(&scope, &RenderOptions::params(&params)).unwrap();
    assert_eq!(
        statement.text(),
        "SELECT * FROM \"users\" WHERE a = $1 AND b = $2 AND k = $3 AND n IS $4 LIMIT $5"
    );
    assert_eq!((statement.first(), statement.len(), statement.is_empty()), (1, 5, false));
    assert_eq!(statement.names().next(), Some("params.a"));
    let row = |key| {
        let a = Value::String("x' OR 1".into());
        [a, Value::Boolean(true), key, Value::Null, Value::Integer(10)]
    };
    assert_eq!(statement.parameters(), row(Value::Secret(Secret::from(mark()))));
    assert_eq!(statement.reveal(), row(Value::String(mark())));
    assert!(!format!("{statement:?} {:?}", statement.parameters()).contains(&mark()));
    fails(template.render(&scope), Code::INVALID);
    let style = TemplateOptions { style: Style::Colon, ..sql(Some(Dialect::Sqlite)) };
    let colon = Template::with("<< params.a >>", &style).unwrap();
    let half = Params::of([("a", 0.5)]).unwrap();
    let statement = colon.prepare(&scope, &RenderOptions::params(&half)).unwrap();
    assert_eq!((statement.text(), statement.parameters()), (":p1", vec![Value::Number(0.5)]));
    fails(Template::with("x", &sql(None)), Code::INVALID);
}

// ---- callbacks ----------------------------------------------------------------------------------

/// A provider that wraps with exclusive or, and fails when told to.
#[derive(Default)]
struct Vault {
    mode: AtomicU32,
}

impl KeyProvider for Vault {
    fn wrap(
        &self,
        id: &[u8; 16],
        key: &[u8; 32],
        aad: &[u8],
    ) -> std::result::Result<Vec<u8>, BoxError> {
        assert!(id != &[0; 16] && key != &[0; 32] && !aad.is_empty());
        match self.mode.load(Ordering::SeqCst) {
            3 => Ok(Vec::new()),
            4 => Ok(vec![1; 1 << 16]),
            _ => Ok(key.iter().map(|byte| byte ^ 0x5A).collect()),
        }
    }

    fn unwrap(
        &self,
        _: &[u8; 16],
        blob: &[u8],
        _: &[u8],
        key: &mut [u8; 32],
    ) -> std::result::Result<(), BoxError> {
        match self.mode.load(Ordering::SeqCst) {
            1 => return Err(mark().into()),
            2 => panic!("{}", mark()),
            _ => (),
        }
        key.iter_mut().zip(blob).for_each(|(byte, wrapped)| *byte = wrapped ^ 0x5A);
        Ok(())
    }
}

/// Runs it without the panic's report.
fn silently<T>(run: impl FnOnce() -> T) -> T {
    static QUIET: Mutex<()> = Mutex::new(());
    let _guard = QUIET.lock();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let made = run();
    std::panic::set_hook(hook);
    made
}

#[test]
fn provider() {
    let vault = Arc::new(Vault::default());
    let credential = Credential::provider(vault.clone());
    let store = Store::in_memory(&credential).unwrap();
    store.session(&credential, None).unwrap().close();
    vault.mode.store(1, Ordering::SeqCst);
    let error = fails(store.session(&credential, None), Code::CALLBACK);
    assert_eq!(error.source().unwrap().to_string(), mark());
    assert!(!format!("{error} {error:?}").contains(&mark()) && error.kind() == ErrorKind::Callback);
    vault.mode.store(2, Ordering::SeqCst);
    let error = fails(silently(|| store.session(&credential, None)), Code::CALLBACK);
    let panic = error.source().unwrap().downcast_ref::<Panic>().unwrap();
    assert_eq!(panic.message(), Some(mark().as_str()));
    assert!(!format!("{error:?} {panic} {panic:?}").contains(&mark()));
    for mode in [3, 4] {
        vault.mode.store(mode, Ordering::SeqCst);
        fails(Store::in_memory(&credential), Code::CALLBACK);
    }
    vault.mode.store(0, Ordering::SeqCst);
    let session = store.session(&credential, None).unwrap();
    session.slots().add("spare", &credential, &CHANGE()).unwrap();
}

#[test]
fn clock() {
    static NOW: AtomicI64 = AtomicI64::new(1000);
    let now = || match NOW.load(Ordering::SeqCst) {
        0 => panic!("the clock stands still"),
        now => UNIX_EPOCH + Duration::from_millis(now as u64),
    };
    let store = StoreOptions::new().clock(now).create_in_memory(&owner()).unwrap();
    let session = store.session(&owner(), None).unwrap();
    drop(store);
    NOW.store(86_400_000, Ordering::SeqCst);
    session.variables().put("development", "A", "1", &CHANGE()).unwrap();
    let newest = || session.variables().history("development", "A", false).unwrap().get(0).unwrap();
    assert_eq!(newest().time, UNIX_EPOCH + Duration::from_secs(86400));
    NOW.store(0, Ordering::SeqCst);
    let before = SystemTime::now() - Duration::from_secs(1);
    silently(|| session.variables().put("development", "A", "2", &CHANGE()).unwrap());
    assert!(newest().time > before, "where it fails, the system's is taken");
    NOW.store(1, Ordering::SeqCst);
}

/// Sequence and hash.
type Newest = (i64, [u8; 32]);

/// An anchor.
#[derive(Default)]
struct Memory {
    kept: Mutex<HashMap<[u8; 16], Newest>>,
    fails: AtomicBool,
}

impl Anchor for Memory {
    fn load(&self, workspace: &[u8; 16]) -> std::result::Result<Option<(i64, [u8; 32])>, BoxError> {
        Ok(self.kept.lock().unwrap().get(workspace).copied())
    }

    fn store(
        &self,
        workspace: &[u8; 16],
        _: i64,
        sequence: i64,
        hash: &[u8; 32],
    ) -> std::result::Result<(), BoxError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::Other, mark()).into());
        }
        self.kept.lock().unwrap().insert(*workspace, (sequence, *hash));
        Ok(())
    }
}

#[test]
fn anchor() {
    let (memory, folder) = (Arc::new(Memory::default()), Folder::new());
    let options = StoreOptions::new().anchor(memory.clone());
    let store = options.create(folder.join("s"), &owner()).unwrap();
    let session = store.session(&owner(), None).unwrap();
    store.backup(folder.join("old")).unwrap();
    let put = |value: &str| session.variables().put("development", "A", value, &CHANGE());
    put("1").unwrap();
    assert!(memory.kept.lock().unwrap().values().all(|(sequence, _)| *sequence >= 2));
    memory.fails.store(true, Ordering::SeqCst);
    let error = put("2").and_then(|_| put("3")).unwrap_err();
    assert_eq!(error.code(), Code::CALLBACK);
    assert!(error.source().unwrap().is::<io::Error>() && !format!("{error:?}").contains(&mark()));
    memory.fails.store(false, Ordering::SeqCst);
    put("4").unwrap();
    let old = options.open(folder.join("old")).unwrap();
    fails(old.session(&owner(), None), Code::ROLLBACK);
    Store::open(folder.join("old")).unwrap().session(&owner(), None).unwrap().close();
}

#[test]
fn audit_sink() {
    let given: Arc<Mutex<Vec<Checkpoint>>> = Arc::default();
    let fail = Arc::new(AtomicBool::new(false));
    let (kept, failing) = (given.clone(), fail.clone());
    let options = StoreOptions::new().audit_sink(move |checkpoint| {
        if failing.load(Ordering::SeqCst) {
            return Err(Error::new(Code::IO, "no room").into());
        }
        kept.lock().unwrap().push(checkpoint.clone());
        Ok(())
    });
    let store = options.create_in_memory(&owner()).unwrap();
    let session = store.session(&owner(), None).unwrap();
    session.principals().add("bob", &key(2), None, &[], &CHANGE()).unwrap();
    let last = given.lock().unwrap().last().unwrap().clone();
    session.audit().check(&last).unwrap();
    let forged = Checkpoint { sequence: last.sequence + 100, ..last.clone() };
    assert_eq!(session.audit().check(&forged).unwrap_err().kind(), ErrorKind::Integrity);
    fail.store(true, Ordering::SeqCst);
    let put = || session.variables().put("development", "A", "1", &CHANGE());
    let error = session.principals().remove("bob", &CHANGE()).and_then(|()| put()).unwrap_err();
    assert!(error.code() == Code::CALLBACK || error.code() == Code::IO, "{error}");
    let cause = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!((cause.code(), cause.message()), (Code::IO, "no room"));
    fail.store(false, Ordering::SeqCst);
    put().unwrap();
}

#[test]
fn probe() {
    let (_session, scope) = filled();
    let mut seen = 0;
    let count = |crm: &Resource| {
        seen += 1;
        assert!(crm.get("host")? == "db" && crm.get("password")?.reveal()? == mark());
        scope.get("HOST")?;
        Ok(())
    };
    scope.test_resource("crm", count).unwrap();
    assert_eq!(seen, 1);
    let refuse = |_: &Resource| {
        Err(Error::new(Code::IO, "no route").with_hint("look").with_subject("crm").into())
    };
    let error = fails(scope.test_resource("crm", refuse), Code::IO);
    assert_eq!((error.message(), error.hint(), error.subject()), ("no route", "look", "crm"));
    let breaks = |_: &Resource| {
        scope.get("NOPE").unwrap_err();
        Err(mark().into())
    };
    let error = fails(scope.test_resource("crm", breaks), Code::CALLBACK);
    assert!(error.source().unwrap().to_string() == mark() && error.message() == "the probe failed");
    let panics = |_: &Resource| panic!("in the probe");
    let error = silently(|| fails(scope.test_resource("crm", panics), Code::CALLBACK));
    let panic = error.source().unwrap().downcast_ref::<Panic>().unwrap();
    assert_eq!(panic.message(), Some("in the probe"));
    fails(scope.test_resource("nope", |_| Ok(())), Code::NOT_FOUND);
}

// ---- threads ------------------------------------------------------------------------------------

#[test]
fn eight_threads() {
    let (session, scope) = filled();
    let text = "<< environment.variables.HOST >>-<< params.n >>";
    let template = Template::new(text).unwrap();
    let bound = Template::new("<< environment.variables.HOST >>").unwrap();
    let bound = bound.bind(&scope, &RenderOptions::default()).unwrap();
    std::thread::scope(|threads| {
        for number in 0..8 {
            let (session, scope, template, bound) = (&session, &scope, &template, &bound);
            threads.spawn(move || {
                let (name, expected) = (format!("T{number}"), format!("db.dev-{number}"));
                let params = Params::of([("n", number)]).unwrap();
                for turn in 0..200 {
                    let out = template.render_with(scope, &RenderOptions::params(&params));
                    assert_eq!(out.unwrap(), expected.as_str());
                    assert_eq!(bound.text().unwrap(), "db.dev");
                    assert_eq!(fails(scope.get(&name), Code::NOT_FOUND).subject(), name);
                    if turn % 40 == 0 {
                        let value = turn.to_string();
                        session.variables().put("development", &name, &value, &CHANGE()).unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(session.scope("development").unwrap().len(), 10);
}

/// What one thread lets go of while others use it is given back by the last of them.
#[test]
fn closing_while_others_use_it() {
    let (session, _) = filled();
    let template = Template::new("<< environment.variables.HOST >>").unwrap();
    let shared: Vec<Mutex<Option<Arc<Scope>>>> = (0..50)
        .map(|_| Mutex::new(Some(Arc::new(session.scope("development").unwrap()))))
        .collect();
    std::thread::scope(|threads| {
        for number in 0..4 {
            let (shared, template) = (&shared, &template);
            threads.spawn(move || {
                for one in shared {
                    for turn in 0.. {
                        let held = one.lock().unwrap().clone();
                        let held = match held {
                            Some(held) => held,
                            None => break,
                        };
                        if number == 0 && turn == 3 {
                            *one.lock().unwrap() = None;
                        }
                        assert_eq!(template.render(&held).unwrap(), "db.dev");
                    }
                }
            });
        }
    });
}

/// An error slot is used again by the thread that has it, and never while a call needs it.
#[test]
fn slots_do_not_mix() {
    let (_session, scope) = filled();
    let nested = |_: &Resource| {
        let inner = fails(scope.get("INNER"), Code::NOT_FOUND);
        assert_eq!(inner.subject(), "INNER");
        Err(Error::new(Code::DENIED, "outer").into())
    };
    let outer = fails(scope.test_resource("crm", nested), Code::DENIED);
    assert_eq!(outer.message(), "outer");
    assert_eq!(fails(scope.get("NEXT"), Code::NOT_FOUND).subject(), "NEXT");
    assert!(fails(scope.get("NEXT"), Code::NOT_FOUND).source().is_none());
}

#[test]
fn keys_are_random() {
    let (one, two) = (generate_key().unwrap(), generate_key().unwrap());
    assert!(one != two && one.reveal_bytes().len() == 32);
}
