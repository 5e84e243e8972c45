// SPDX-License-Identifier: MIT
//! The shared vectors of queries, through the public interface. The test goes through all cases of its
//! file and compares their number with the file's own.

mod common;

use common::json::Json;
use common::values::*;
use common::*;
use envres::*;

/// Statement or request of a case; `at` says how far it came.
fn run(session: &Session, scope: &Scope, case: &Json, at: &mut &str) -> Result<()> {
    let name = case["name"].str();
    let declared: Vec<QueryParam<'_>> = case
        .list("declared")
        .iter()
        .map(|row| QueryParam {
            preset: row.text("preset"),
            optional: row.flag("optional"),
            ..QueryParam::new(row["name"].str(), type_of(row["type"].str()))
        })
        .collect();
    let write = QueryWrite {
        source: case.text("text"),
        method: case.text("method"),
        path: case.text("path"),
        headers: case.text("headers"),
        params: &declared,
        expect: None,
    };
    session.queries().put("it", case["resource"].str(), &write, &CHANGE())?;
    *at = "render";
    let params = params_of(case.object("given"), &[])?;
    let options = QueryOptions {
        params: Some(&params),
        read_strings: case.flag("read_strings"),
        ..Default::default()
    };
    let result = session.queries().open("it", 0)?.render(scope, &options)?;
    *at = "";
    if let Some(expect) = case.find("statement") {
        let (statement, rows) = (result.statement().unwrap(), expect["params"].items());
        assert_eq!(statement.text(), expect["text"].str(), "{name}");
        assert!(statement.names().eq(rows.iter().map(|row| row["name"].str())), "{name}");
        let types: Vec<&str> = statement.types().into_iter().map(Type::name).collect();
        let said: Vec<&str> = rows.iter().map(|row| row["type"].str()).collect();
        assert_eq!(types, said, "{name}");
        assert_eq!(statement.parameters(), rows.iter().map(bound).collect::<Vec<_>>(), "{name}");
    }
    let request = case.find("request");
    assert_eq!(result.statement().is_none(), request.is_some(), "{name}");
    let texts = [
        ("method", result.method()?),
        ("path", result.path()?),
        ("headers", result.headers()?),
        ("body", result.body()?),
    ];
    for (what, found) in texts {
        let said = request.and_then(|request| request.text(what));
        assert_eq!(found.as_ref().and_then(Text::plain), said, "{name}: {what}");
    }
    Ok(())
}

#[test]
fn queries() {
    let (document, session) = (vectors("queries.json"), session());
    let writes = document["variables"].members();
    let writes = writes.iter().map(|(name, row)| (name, write_of(row)));
    session.variables().put_many("development", writes, &CHANGE()).unwrap();
    for (handle, kind) in document["resources"].members() {
        session.resources().define(handle, kind.str(), &CHANGE()).unwrap();
    }
    let scope = session.scope("development").unwrap();
    for case in document["cases"].items() {
        let (name, mut at) = (case["name"].str(), "put");
        match run(&session, &scope, case, &mut at) {
            Ok(()) => assert!(case.find("error").is_none(), "{name}"),
            Err(error) => {
                assert_eq!(case.text("error"), Some(error.name()), "{name}: {error}");
                assert_eq!(case.text("when"), Some(at), "{name}: {error}");
                assert_eq!(case.text("subject").unwrap_or(""), error.subject(), "{name}");
            }
        }
    }
    counted(document["cases"].items().len(), &document);
}
