// SPDX-License-Identifier: MIT
//! The shared vectors of resources, through the public interface. The test goes through all cases of
//! its file and compares their number with the file's own.

mod common;

use common::json::Json;
use common::values::*;
use common::*;
use envres::*;
use std::collections::{BTreeMap, BTreeSet};

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
