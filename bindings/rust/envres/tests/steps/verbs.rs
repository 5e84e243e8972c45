// SPDX-License-Identifier: MIT
//! The verbs: each gives what the call gave, or none where it is not among them.

use super::{credential, expanded, key_of, Step};
use crate::common::type_of;
use envres::*;
use std::path::Path;

pub fn environments(
    verb: &str,
    s: &Session,
    v: &Step<'_>,
    change: &Change<'_>,
) -> Option<Result<()>> {
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

pub fn reading(verb: &str, s: &Session, v: &Step<'_>) -> Option<Result<()>> {
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

pub fn apps(verb: &str, s: &Session, v: &Step<'_>, change: &Change<'_>) -> Option<Result<()>> {
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

pub fn access(verb: &str, s: &Session, v: &Step<'_>, change: &Change<'_>) -> Option<Result<()>> {
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

pub fn stores(verb: &str, store: &Store, v: &Step<'_>) -> Option<Result<()>> {
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
