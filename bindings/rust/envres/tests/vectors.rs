// SPDX-License-Identifier: MIT
//! The shared vectors of templates, statements and resources, through the public interface. Each test
//! goes through all cases of its file and compares their number with the file's own.

mod common;

use common::json::Json;
use common::*;
use envres::*;
use std::collections::{BTreeMap, BTreeSet};

/// A value of the vectors: its text, and whether it is a secret.
enum Given<'a> {
    Plain(&'a str),
    Secret(Secret),
}

impl<'a> Given<'a> {
    fn of(row: &'a Json) -> Given<'a> {
        let text = row.text("value").unwrap_or("");
        if row.flag("secret") {
            Given::Secret(Secret::new(text))
        } else {
            Given::Plain(text)
        }
    }

    fn input(&self) -> Input<'_> {
        match self {
            Given::Plain(text) => (*text).into(),
            Given::Secret(secret) => secret.into(),
        }
    }
}

fn params_of(members: &[(String, Json)], allow: &[Json]) -> Result<Params> {
    let mut params = Params::new()?;
    for (name, row) in members {
        let given = Given::of(row);
        params.set(name, Param::typed(type_of(row["type"].str()), given.input()))?;
    }
    for name in allow {
        params.allow(name.str())?;
    }
    Ok(params)
}

fn write_of(row: &Json) -> Write<'_> {
    let kind = type_of(row["type"].str());
    Write::new(row["value"].str()).kind(kind).secret(row.flag("secret"))
}

fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn same_place(case: &Json, error: &Error) {
    let found = [
        ("offset", error.offset().map(|n| n as i64)),
        ("line", error.line().map(i64::from)),
        ("column", error.column().map(i64::from)),
    ];
    for (name, value) in found {
        if let Some(expected) = case.find(name) {
            assert_eq!(value, Some(expected.int()), "{}: {name}", case["name"].str());
        }
    }
}

// ---- templates.json -----------------------------------------------------------------------------

fn fill_templates(session: &Session, environments: &[(String, Json)]) {
    let there: Vec<String> =
        session.environments().list().unwrap().iter().map(|row| row.key).collect();
    for (key, environment) in environments {
        let label = environment.text("label");
        if there.contains(key) {
            let edit = EnvironmentEdit { label, ..Default::default() };
            session.environments().set(key, &edit, &CHANGE()).unwrap();
        } else {
            let new = NewEnvironment { label, ..Default::default() };
            session.environments().add(key, &new, &CHANGE()).unwrap();
        }
        let mut writes: Vec<_> = environment.object("variables").iter().collect();
        writes.sort_by_key(|(_, row)| row["type"].str() == "template");
        let writes = writes.iter().map(|(name, row)| (name, write_of(row)));
        session.variables().put_many(key, writes, &CHANGE()).unwrap();
        for (handle, resource) in environment.object("resources") {
            session.resources().define(handle, resource["kind"].str(), &CHANGE()).unwrap();
            let fields = resource["fields"].members().iter().map(|(name, row)| {
                let field = Field::new(row["value"].str());
                (name, if row.flag("secret") { field.secret() } else { field })
            });
            session.resources().configure(key, handle, fields, None, &CHANGE()).unwrap();
        }
    }
}

fn source_of(case: &Json) -> Vec<u8> {
    if let Some(hex) = case.text("template_hex") {
        return unhex(hex);
    }
    match case.find("parts") {
        Some(parts) => parts
            .items()
            .iter()
            .map(|pair| pair.items()[0].str().repeat(pair.items()[1].int() as usize))
            .collect::<String>()
            .into_bytes(),
        None => case["template"].str().as_bytes().to_vec(),
    }
}

fn check_references(template: &Template, rows: &[Json]) {
    let found = template.references().unwrap();
    assert_eq!(found.len(), rows.len());
    for (row, said) in found.iter().zip(rows) {
        assert_eq!(
            (row.kind.as_str(), row.name.as_str()),
            (said["kind"].str(), said["name"].str())
        );
        assert_eq!(
            (row.offset, row.line, row.column, i64::from(row.default)),
            (said["offset"].int(), said["line"].int(), said["column"].int(), said["default"].int())
        );
        assert_eq!(row.hint.as_deref(), said.text("hint"));
    }
}

fn run_template(case: &Json, scope: &Scope) -> Result<Text> {
    let context = *Context::ALL.iter().find(|c| c.name() == case["context"].str()).unwrap();
    let strict = case.flag("strict");
    let options = TemplateOptions { context, strict, ..Default::default() };
    let template = Template::with(&source_of(case), &options)?;
    if let Some(rows) = case.find("references") {
        check_references(&template, rows.items());
    }
    let params = params_of(case.object("params"), &[])?;
    let options = RenderOptions {
        params: Some(&params),
        no_secrets: case.flag("no_secrets"),
        ..Default::default()
    };
    let out = template.render_with(scope, &options)?;
    assert_eq!(template.bind(scope, &options)?.render()?, out);
    if case.object("params").is_empty() && !case.flag("no_secrets") {
        assert_eq!(template.render(scope)?, out);
    }
    Ok(out)
}

#[test]
fn templates() {
    let (document, session) = (vectors("templates.json"), session());
    let environments = document["environments"].members();
    fill_templates(&session, environments);
    for row in document["refused"].items() {
        let write = Write::new(row["value"].str()).kind(type_of(row["type"].str()));
        let (environment, name) = (row["environment"].str(), row["variable"].str());
        let error = session.variables().put(environment, name, write, &CHANGE()).unwrap_err();
        assert_eq!(error.name(), row["error"].str());
    }
    let scopes: BTreeMap<&str, Scope> =
        environments.iter().map(|(key, _)| (key.as_str(), session.scope(key).unwrap())).collect();
    for case in document["cases"].items() {
        let name = case["name"].str();
        match run_template(case, &scopes[case["environment"].str()]) {
            Err(error) => {
                assert_eq!(case.text("error"), Some(error.name()), "{name}: {error}");
                same_place(case, &error);
            }
            Ok(out) => {
                assert_eq!(out.reveal().unwrap(), case["expect"].str(), "{name}");
                if let Some(secret) = case.find("secret") {
                    assert_eq!(out.is_secret(), secret.is_true(), "{name}");
                }
            }
        }
    }
    counted(document["cases"].items().len(), &document);
}

// ---- resources.json -----------------------------------------------------------------------------

fn run_resource(session: &Session, case: &Json, at: &mut &str) -> Result<Resource> {
    let environment = case.text("environment").unwrap_or("development");
    for row in case.list("variables") {
        let (key, name) = (row["environment"].str(), row["name"].str());
        session.variables().put(key, name, write_of(row), &CHANGE())?;
    }
    *at = "define";
    session.resources().define("it", case["kind"].str(), &CHANGE())?;
    *at = "elsewhere";
    for (key, fields) in case.object("elsewhere") {
        let fields = fields.map();
        session.resources().configure(key, "it", fields, None, &CHANGE())?;
    }
    *at = "configure";
    if case["fields"] != Json::Null {
        let secret: Vec<&str> = case.list("secret").iter().map(Json::str).collect();
        let fields = case["fields"].members().iter().map(|(name, value)| {
            let field = Field::new(value.str());
            (name, if secret.contains(&name.as_str()) { field.secret() } else { field })
        });
        session.resources().configure(environment, "it", fields, None, &CHANGE())?;
    }
    *at = "fallback";
    if let Some(to) = case.text("fallback") {
        session.resources().fallback(environment, "it", Some(to), &CHANGE())?;
    }
    *at = "scope";
    let scope = session.scope(environment)?;
    *at = "resolve";
    scope.resource("it")
}

/// None where the kind has none.
fn given(out: Result<Text>) -> Option<Text> {
    match out {
        Ok(text) => Some(text),
        Err(error) => {
            assert_eq!(error.code(), Code::FIELD);
            None
        }
    }
}

fn check_resource(case: &Json, resource: &Resource, order: &BTreeMap<String, Vec<String>>) {
    let (name, expect) = (case["name"].str(), &case["expect"]);
    let secret: BTreeSet<&str> = expect["secret_fields"].strings().into_iter().collect();
    let mut found = BTreeMap::new();
    for field in resource.names() {
        let text = resource.get(field).unwrap();
        assert_eq!(text.is_secret(), secret.contains(field), "{name}: {field}");
        found.insert(field, text.reveal().unwrap().to_owned());
    }
    let found: BTreeMap<&str, &str> = found.iter().map(|(n, text)| (*n, text.as_str())).collect();
    assert_eq!(found, expect["fields"].map(), "{name}");
    assert_eq!(resource.secret_fields().collect::<BTreeSet<_>>(), secret, "{name}");
    if case["kind"].str() != "custom" {
        let said =
            order[case["kind"].str()].iter().filter(|field| found.contains_key(field.as_str()));
        assert!(resource.names().eq(said.map(String::as_str)), "{name}");
    }
    let redacted = resource.redacted_url().map(Text::Plain);
    for (what, out) in
        [("url", resource.url()), ("redacted_url", redacted), ("dsn", resource.dsn())]
    {
        let out = given(out);
        let text = out.as_ref().map(|text| text.reveal().unwrap());
        assert_eq!(text, expect.text(what), "{name}: {what}");
        let said = expect.flag(&format!("{what}_secret"));
        assert_eq!(out.as_ref().map_or(false, Text::is_secret), said, "{name}: {what}");
    }
    let here = case.text("environment").unwrap_or("development");
    assert_eq!(resource.environment(), expect.text("environment").unwrap_or(here), "{name}");
    assert_eq!(resource.is_fallback(), expect.flag("fallback"), "{name}");
}

#[test]
fn resources() {
    let document = vectors("resources.json");
    let mut order: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &kinds().unwrap() {
        order.entry(row.name).or_default().extend(row.field);
    }
    for case in document["cases"].items() {
        let (session, mut at) = (session(), "");
        match run_resource(&session, case, &mut at) {
            Err(error) => {
                let expected = &case["error"];
                let said = (expected["at"].str(), expected["code"].str());
                assert_eq!((at, error.name()), said, "{}: {error}", case["name"].str());
                assert_eq!(expected.text("subject").unwrap_or(error.subject()), error.subject());
                let told = format!("{} {}", error.message(), error.hint());
                assert!(told.contains(expected.text("mentions").unwrap_or("")), "{told}");
            }
            Ok(resource) => check_resource(case, &resource, &order),
        }
    }
    counted(document["cases"].items().len(), &document);
}

// ---- sql.json -----------------------------------------------------------------------------------

/// What a driver is given for a parameter, from its type and text.
fn bound(row: &Json) -> Value {
    let text = row.text("value").unwrap_or("").to_owned();
    match row["type"].str() {
        "null" => Value::Null,
        "integer" => Value::Integer(text.parse().unwrap()),
        "number" => Value::Number(text.parse().unwrap()),
        "boolean" => Value::Boolean(text == "true"),
        "json" => Value::Json(text),
        _ => Value::String(text),
    }
}

fn run_statement(case: &Json, scope: &Scope, at: &mut &str) -> Result<()> {
    let name = case["name"].str();
    let style = case.text("style").unwrap_or("default");
    let options = TemplateOptions {
        context: Context::Sql,
        dialect: Dialect::ALL.iter().copied().find(|one| one.name() == case["dialect"].str()),
        style: *Style::ALL.iter().find(|one| one.name() == style).unwrap(),
        ..Default::default()
    };
    let template = Template::with(case["template"].str(), &options)?;
    *at = "render";
    let params = params_of(case.object("given"), case.list("allow"))?;
    let statement = template.prepare(scope, &RenderOptions::params(&params))?;
    let rows = case["params"].items();
    assert_eq!(statement.text(), case["text"].str(), "{name}");
    assert_eq!(i64::from(statement.first()), case.find("first").map_or(1, Json::int), "{name}");
    assert!(statement.names().eq(rows.iter().map(|row| row["name"].str())), "{name}");
    let types: Vec<&str> = statement.types().into_iter().map(Type::name).collect();
    assert_eq!(types, rows.iter().map(|row| row["type"].str()).collect::<Vec<_>>(), "{name}");
    for ((row, value), clear) in rows.iter().zip(statement.parameters()).zip(statement.reveal()) {
        let secret = row.flag("secret") && row["type"].str() != "null";
        assert_eq!(matches!(value, Value::Secret(_)), secret, "{name}");
        assert_eq!(clear, bound(row), "{name}");
    }
    Ok(())
}

#[test]
fn sql() {
    let (document, session) = (vectors("sql.json"), session());
    let variables = document["variables"].members();
    let writes = variables.iter().map(|(name, row)| (name, write_of(row)));
    session.variables().put_many("development", writes, &CHANGE()).unwrap();
    let scope = session.scope("development").unwrap();
    for case in document["cases"].items() {
        let (name, mut at) = (case["name"].str(), "parse");
        match run_statement(case, &scope, &mut at) {
            Err(error) => {
                let said = (case.text("error"), case.text("when"));
                assert_eq!(said, (Some(error.name()), Some(at)), "{name}: {error}");
                same_place(case, &error);
                let told = format!("{} {}", error.message(), error.hint());
                assert!(told.contains(case.text("mentions").unwrap_or("")), "{name}: {told}");
            }
            Ok(()) => assert!(case.find("error").is_none(), "{name}"),
        }
    }
    counted(document["cases"].items().len(), &document);
}
