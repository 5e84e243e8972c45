// SPDX-License-Identifier: MIT
//! The shared vectors of templates and statements, through the public interface. Each test goes through
//! all cases of its file and compares their number with the file's own.

mod common;

use common::json::Json;
use common::values::*;
use common::*;
use envres::*;
use std::collections::BTreeMap;

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

// ---- sql.json -----------------------------------------------------------------------------------

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
