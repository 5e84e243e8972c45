// SPDX-License-Identifier: MIT
//! The shared vectors of errors and limits, through the public interface: each case is a list of
//! steps on a store of its own. Each test goes through all cases of its file and compares their
//! number with the file's own.

mod common;

use common::counted;
use common::json::Json;
use common::{type_of, vectors};
use envres::*;
use std::collections::BTreeMap;
use std::path::Path;

/// A text that is written as `[text, times]` pairs, or in hex.
fn expanded(value: &Json) -> String {
    match value {
        Json::Array(pairs) => pairs
            .iter()
            .map(|pair| pair.items()[0].str().repeat(pair.items()[1].int() as usize))
            .collect(),
        Json::Object(_) => {
            let hex = value["hex"].str();
            let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let bytes = (0..hex.len()).step_by(2).map(digit).collect();
            String::from_utf8(bytes).unwrap()
        }
        other => other.str().to_owned(),
    }
}

/// A step, with its texts expanded when they are asked for.
struct Step<'a>(&'a Json);

impl Step<'_> {
    fn maybe(&self, name: &str) -> Option<String> {
        self.0.find(name).filter(|value| **value != Json::Null).map(expanded)
    }
    fn text(&self, name: &str) -> String {
        self.maybe(name).unwrap_or_else(|| panic!("no '{name}' in {:?}", self.0))
    }
    fn yes(&self, name: &str) -> Option<bool> {
        self.0.find(name).map(Json::is_true)
    }
    fn int(&self, name: &str) -> Option<i64> {
        self.0.find(name).map(Json::int)
    }
    fn numbered(&self, name: &str) -> Vec<String> {
        (1..=self.int("count").unwrap_or(0)).map(|n| format!("{name}{n}")).collect()
    }
    fn role(&self) -> Option<Role> {
        let name = self.maybe("role")?;
        Role::ALL.iter().copied().find(|role| role.name() == name)
    }
    fn pairs(&self, name: &str) -> Vec<(String, String)> {
        self.0.object(name).iter().map(|(name, value)| (name.clone(), expanded(value))).collect()
    }
}

/// The raw key of a principal: its name, again and again, to 32 bytes.
fn key_of(name: &str) -> Credential {
    Credential::raw_key(&name.bytes().cycle().take(32).collect::<Vec<u8>>())
}

fn credential(step: &Step<'_>) -> Credential {
    let mut made = if let Some(word) = step.maybe("passphrase") {
        let cost = |name: &str| step.int(name).unwrap_or(0) as u64;
        Credential::passphrase(&word).kdf(cost("passes"), cost("memory"))
    } else if let Some(raw) = step.maybe("raw") {
        Credential::raw_key(&raw)
    } else {
        key_of(&step.maybe("key").unwrap_or_else(|| "owner".into()))
    };
    if let Some(name) = step.maybe("principal") {
        made = made.principal(&name);
    }
    if let Some(hex) = step.maybe("root") {
        let mut root = [0; 32];
        for (at, byte) in root.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
        }
        made = made.root(root);
    }
    made
}

/// One store in memory, and a session for each principal that acts.
struct Runner {
    store: Store,
    sessions: BTreeMap<String, Session>,
}

impl Runner {
    fn new() -> Runner {
        let store = StoreOptions::new().relaxed(true).create_in_memory(&key_of("owner")).unwrap();
        Runner { store, sessions: BTreeMap::new() }
    }

    fn run(&mut self, step: &Json) -> Result<()> {
        if step["do"].str() == "fails" {
            assert!(self.run(&step["step"]).is_err(), "{step:?}");
            return Ok(());
        }
        let v = Step(step);
        let who = v.maybe("as").unwrap_or_else(|| "owner".into());
        if !self.sessions.contains_key(&who) {
            self.sessions.insert(who.clone(), self.store.session(&key_of(&who), None)?);
        }
        let reason = match step.find("reason") {
            None => Some("a test".to_owned()),
            Some(Json::Null) => None,
            Some(text) => Some(expanded(text)),
        };
        let change = reason.as_deref().map_or(Change::none(), Change::reason);
        let s = &self.sessions[&who];
        let verb = step["do"].str();
        let done = environments(verb, s, &v, &change)
            .or_else(|| reading(verb, s, &v))
            .or_else(|| apps(verb, s, &v, &change))
            .or_else(|| access(verb, s, &v, &change))
            .or_else(|| stores(verb, &self.store, &v));
        done.unwrap_or_else(|| panic!("no verb '{verb}'"))
    }
}

fn environments(verb: &str, s: &Session, v: &Step<'_>, change: &Change<'_>) -> Option<Result<()>> {
    let key = v.maybe("environment").unwrap_or_else(|| "development".into());
    let (label, color, after) = (v.maybe("label"), v.maybe("color"), v.maybe("after"));
    let (label, color, after) = (label.as_deref(), color.as_deref(), after.as_deref());
    let (variables, resources, name) = (s.variables(), s.resources(), v.maybe("name"));
    let name = name.as_deref().unwrap_or("");
    Some(match verb {
        "environment.add" => {
            let off_path = v.yes("off_path").unwrap_or(false);
            let new = NewEnvironment { label, color, after, off_path };
            s.environments().add(&v.text("key"), &new, change)
        }
        "environment.set" => {
            let edit = EnvironmentEdit {
                label,
                color,
                approvals: v.int("approvals").map(|n| n as u32),
                protected: v.yes("protected"),
                require_reason: v.yes("require_reason"),
                ..Default::default()
            };
            s.environments().set(&v.text("key"), &edit, change)
        }
        "environment.remove" => s.environments().remove(&v.text("key"), change),
        "variable.put" => {
            let kind = v.maybe("type").map_or(Type::Default, |name| type_of(&name));
            let mut write = Write::new(v.text("value")).kind(kind);
            write = v.yes("secret").map_or(write.clone(), |yes| write.secret(yes));
            write = v.int("expect").map_or(write.clone(), |revision| write.expect(revision));
            variables.put(&key, name, write, change).map(drop)
        }
        "variable.put_many" => {
            let writes = v.numbered(name);
            variables.put_many(&key, writes.iter().map(|name| (name, "x")), change).map(drop)
        }
        "variable.get" => variables.get(&key, name, v.yes("reveal").unwrap_or(false)).map(drop),
        "variable.unset" => variables.unset(&key, name, change).map(drop),
        "variable.rename" => variables.rename(name, &v.text("to"), change),
        "variable.delete" => variables.delete(name, change),
        "variable.destroy" => variables.destroy(&key, name, v.int("revision").unwrap(), change),
        "restore" => {
            let name = v.maybe("name");
            s.restore(&key, v.int("revision").unwrap(), name.as_deref(), change).map(drop)
        }
        "resource.define" => resources.define(&v.text("handle"), &v.text("kind"), change),
        "resource.configure" => {
            let mut fields = v.pairs("fields");
            fields.extend(v.numbered("f").into_iter().map(|name| (name, "x".to_owned())));
            let fields = fields.iter().map(|(name, text)| (name, text));
            resources.configure(&key, &v.text("handle"), fields, None, change).map(drop)
        }
        "resource.fallback" => {
            resources.fallback(&key, &v.text("handle"), v.maybe("to").as_deref(), change)
        }
        "resource.remove" => resources.remove(&v.text("handle"), change),
        _ => return None,
    })
}

fn scope(s: &Session, v: &Step<'_>) -> Result<Scope> {
    let key = v.maybe("environment").unwrap_or_else(|| "development".into());
    let (app, tag, version) = (v.maybe("app"), v.maybe("tag"), v.maybe("version"));
    let options = ScopeOptions {
        app: app.as_deref(),
        tag: tag.as_deref(),
        version: version.as_deref(),
        revision: v.int("revision").unwrap_or(0),
        ..Default::default()
    };
    s.scope_with(&key, &options)
}

fn template(v: &Step<'_>) -> Result<Template> {
    let context = v.maybe("context").unwrap_or_else(|| "text".into());
    let dialect = v.maybe("dialect");
    let options = TemplateOptions {
        context: *Context::ALL.iter().find(|one| one.name() == context).unwrap(),
        dialect: Dialect::ALL.iter().copied().find(|one| Some(one.name()) == dialect.as_deref()),
        strict: v.yes("strict").unwrap_or(false),
        ..Default::default()
    };
    Template::with(v.text("template"), &options)
}

fn render(s: &Session, v: &Step<'_>) -> Result<()> {
    let template = template(v)?;
    let mut params = Params::new()?;
    for (name, text) in v.pairs("params") {
        params.set(&name, &text)?;
    }
    for name in v.numbered("P") {
        params.set(&name, "x")?;
    }
    for name in v.0.list("allow") {
        params.allow(&expanded(name))?;
    }
    let options = RenderOptions {
        params: Some(&params),
        no_secrets: v.yes("no_secrets").unwrap_or(false),
        output_max: v.int("output_max").unwrap_or(0) as u64,
    };
    let scope = scope(s, v)?;
    if v.maybe("dialect").is_some() {
        return template.prepare(&scope, &options).map(drop);
    }
    template.render_with(&scope, &options).map(drop)
}

fn reading(verb: &str, s: &Session, v: &Step<'_>) -> Option<Result<()>> {
    Some(match verb {
        "references" => s.references(&v.text("object")).map(drop),
        "scope" => scope(s, v).map(drop),
        "parse" => template(v).map(drop),
        "render" => render(s, v),
        "resolve" => {
            scope(s, v).and_then(|scope| scope.resource(&v.text("handle"))).and_then(|found| {
                if v.yes("dsn") == Some(true) {
                    found.dsn().map(drop)
                } else {
                    Ok(())
                }
            })
        }
        "read" => scope(s, v).and_then(|scope| {
            let name = v.text("name");
            match v.text("kind").as_str() {
                "boolean" => scope.get_boolean(&name).map(drop),
                "integer" => scope.get_integer(&name).map(drop),
                "double" => scope.get_double(&name).map(drop),
                "string" => scope.get_string(&name).map(drop),
                _ => scope.get_json(&name).map(drop),
            }
        }),
        "query.put" => {
            let (names, numbered) = (v.pairs("params"), v.numbered("p"));
            let mut params: Vec<QueryParam<'_>> =
                names.iter().map(|(name, kind)| QueryParam::new(name, type_of(kind))).collect();
            params.extend(numbered.iter().map(|name| QueryParam::new(name, Type::String)));
            let source = v.text("text");
            let write = QueryWrite::sql(&source, &params);
            let change = Change::reason("a test");
            s.queries().put(&v.text("name"), &v.text("resource"), &write, &change).map(drop)
        }
        "query.render" => scope(s, v).and_then(|scope| {
            let pairs = v.pairs("params");
            let params = Params::of(pairs.iter().map(|(name, text)| (name, text)))?;
            let options = QueryOptions { params: Some(&params), ..Default::default() };
            s.queries().open(&v.text("name"), 0)?.render(&scope, &options).map(drop)
        }),
        _ => return None,
    })
}

fn apps(verb: &str, s: &Session, v: &Step<'_>, change: &Change<'_>) -> Option<Result<()>> {
    let (app, version) = (v.maybe("app").unwrap_or_default(), v.maybe("version"));
    let (name, versions) = (v.maybe("name"), s.versions());
    let named = version.as_deref().unwrap_or("");
    let seen = || s.versions().describe(&app, named);
    let live = || s.apps().describe(&app).map(|row| row.live_sequence.unwrap_or(0));
    let path = v.maybe("path").unwrap_or_default();
    Some(match verb {
        "app.create" => s.apps().create(&v.text("name"), &AppOptions::default(), change),
        "version.create" => {
            let (base, description) = (v.maybe("base"), v.maybe("description"));
            let new = NewVersion {
                name: name.as_deref(),
                base: base.as_deref(),
                description: description.as_deref(),
                empty: false,
            };
            versions.create(&app, &new, change).map(drop)
        }
        "version.promote" => seen().and_then(|seen| {
            let to = v.text("to");
            let step = Promotion::new(&to, &seen);
            let step = if v.yes("through") == Some(true) { step.through() } else { step };
            versions.promote(&app, named, &step, change).map(drop)
        }),
        "version.discard" => seen().and_then(|seen| versions.discard(&app, named, &seen, change)),
        "part.put" => {
            let data = v.text("data");
            let write = [PartWrite::new(&path, &data)];
            s.parts().put(&app, version.as_deref(), &write, change).map(drop)
        }
        "part.put_many" => {
            let paths = v.numbered(&path);
            let writes: Vec<_> = paths.iter().map(|path| PartWrite::new(path, "x")).collect();
            s.parts().put(&app, version.as_deref(), &writes, change).map(drop)
        }
        "part.get" => s.parts().get(&app, version.as_deref(), &path).map(drop),
        "release.create" => seen().and_then(|seen| {
            let (tag, notes) = (v.text("tag"), v.maybe("notes"));
            let release = Release::new(Tag::Exact(&tag), &seen, live()?);
            let release = notes.as_deref().map_or(release, |notes| release.notes(notes));
            s.releases().create(&app, named, &release, change).map(drop)
        }),
        "release.rollback" => live().and_then(|live| {
            let (to, rollback) = (v.maybe("to"), Rollback::new(live));
            let rollback = to.as_deref().map_or(rollback, |tag| rollback.to(tag));
            let rollback = version.as_deref().map_or(rollback, |one| rollback.version(one));
            s.releases().rollback(&app, &rollback, change).map(drop)
        }),
        "release.withdraw" => {
            live().and_then(|live| s.releases().withdraw(&app, live, change).map(drop))
        }
        _ => return None,
    })
}

fn access(verb: &str, s: &Session, v: &Step<'_>, change: &Change<'_>) -> Option<Result<()>> {
    let (name, requests) = (v.maybe("name").unwrap_or_default(), s.requests());
    let newest = || requests.list(true).map(|rows| rows.get(rows.len() - 1).unwrap().id);
    let principal = v.maybe("principal").unwrap_or_default();
    Some(match verb {
        "principal.add" => {
            let credential = key_of(if name.is_empty() { "owner" } else { &name });
            s.principals().add(&name, &credential, v.role(), &[], change)
        }
        "principal.remove" => s.principals().remove(&name, change),
        "role.grant" => s.roles().grant(&principal, v.role().unwrap(), None, change),
        "role.revoke" => s.roles().revoke(&principal, v.role().unwrap(), None, change),
        "slot.add" => s.slots().add(&v.text("label"), &credential(v), change).map(drop),
        "slot.remove" => s.slots().remove(v.int("ordinal").unwrap(), change),
        "request.approve" => newest().and_then(|id| requests.approve(&id, change)),
        "request.withdraw" => newest().and_then(|id| requests.withdraw(&id, change)),
        "request.run" => newest().and_then(|id| requests.run(&id, change).map(drop)),
        _ => return None,
    })
}

fn stores(verb: &str, store: &Store, v: &Step<'_>) -> Option<Result<()>> {
    let workspace = v.maybe("workspace");
    Some(match verb {
        "session.open" => store.session(&credential(v), workspace.as_deref()).map(drop),
        "store.create" => {
            let options = StoreOptions::new();
            let options = workspace.map_or(options.clone(), |name| options.workspace(&name));
            match v.maybe("path") {
                Some(path) => options.create(Path::new(&path), &credential(v)).map(drop),
                None => options.create_in_memory(&credential(v)).map(drop),
            }
        }
        "store.open" => Store::open(Path::new(&v.text("path"))).map(drop),
        _ => return None,
    })
}

fn check_error(case: &Json, error: &Error, canary: &str) {
    let (name, expect) = (case["name"].str(), &case["error"]);
    assert_eq!(error.name(), expect["code"].str(), "{name}: {error}");
    match expect.find("subject") {
        Some(Json::Null) => assert!(!error.subject().is_empty(), "{name}"),
        subject => assert_eq!(error.subject(), subject.map_or("", Json::str), "{name}"),
    }
    assert_eq!(!error.hint().is_empty(), expect.flag("hint"), "{name}: {}", error.hint());
    let place = |what: &str| expect.find(what).map(Json::int);
    assert_eq!(error.offset().map(|at| at as i64), place("offset"), "{name}");
    assert_eq!(error.line().map(i64::from), place("line"), "{name}");
    assert_eq!(error.column().map(i64::from), place("column"), "{name}");
    assert!(!format!("{error} {error:?} {error:#?}").contains(canary), "{name}");
    assert!(!error.message().is_empty() && !error.message().ends_with('.'), "{name}");
}

#[test]
fn errors() {
    let document = vectors("errors.json");
    for case in document["cases"].items() {
        let mut runner = Runner::new();
        let (last, steps) = case["steps"].items().split_last().unwrap();
        for step in steps {
            runner.run(step).unwrap_or_else(|error| panic!("{}: {error}", case["name"].str()));
        }
        let error = runner.run(last).expect_err(case["name"].str());
        check_error(case, &error, document["canary"].str());
    }
    counted(document["cases"].items().len(), &document);
}

#[test]
fn limits() {
    let document = vectors("limits.json");
    for case in document["cases"].items() {
        let (name, mut runner) = (case["name"].str(), Runner::new());
        for step in case.list("steps") {
            for _ in 0..step.find("times").map_or(1, Json::int) {
                runner.run(step).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
        if let Some(at) = case.find("at") {
            runner.run(at).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let error = runner.run(&case["over"]).expect_err(name);
        assert_eq!(error.name(), case.text("code").unwrap_or("ENVRES_E_LIMIT"), "{name}");
    }
    counted(document["cases"].items().len(), &document);
}
