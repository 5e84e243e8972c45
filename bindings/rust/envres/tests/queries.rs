// SPDX-License-Identifier: MIT
//! The query library: revisions, declared parameters and their types, statements and requests.

mod common;

use common::*;
use envres::*;

fn filled() -> Session {
    let (session, change) = (session(), CHANGE());
    for (handle, kind) in [("db", "sqlite"), ("crm", "postgres"), ("api", "rest"), ("kv", "redis")]
    {
        session.resources().define(handle, kind, &change).unwrap();
    }
    let token = Secret::from(mark());
    let writes = [("REGION", Write::new("eu")), ("TOKEN", Write::from(&token))];
    session.variables().put_many("development", writes, &change).unwrap();
    session
}

#[test]
fn revisions() {
    let (session, change) = (filled(), CHANGE());
    let queries = session.queries();
    let params = [
        QueryParam::new("id", Type::Integer),
        QueryParam::new("note", Type::String).preset("").optional(),
    ];
    let text = "SELECT << params.id >>, << params.note >>";
    let put = |resource, text, expect| {
        let write = QueryWrite { expect, ..QueryWrite::sql(text, &params) };
        queries.put("find", resource, &write, &CHANGE())
    };
    assert_eq!(put("crm", text, Some(0)).unwrap(), 1);
    assert_eq!(put("crm", text, None).unwrap(), 1, "the same makes none");
    fails(put("crm", "SELECT 2", Some(0)), Code::CHANGED);
    assert_eq!(put("db", "SELECT 2", Some(1)).unwrap(), 2);
    fails(put("crm", "SELECT 3", Some(1)), Code::CHANGED);
    assert_eq!(queries.restore("find", 1, &change).unwrap(), 3);
    fails(queries.restore("find", 9, &change), Code::NOT_FOUND);
    queries.put("all", "api", &QueryWrite::request("/users", &[]), &change).unwrap();
    let listed: Vec<_> =
        queries.list().unwrap().iter().map(|r| (r.name, r.kind, r.revision, r.params)).collect();
    assert_eq!(
        listed,
        [("all".into(), "rest".into(), 1, 0), ("find".into(), "postgres".into(), 3, 2)]
    );
    let history: Vec<_> = queries
        .history("find")
        .unwrap()
        .iter()
        .map(|row| (row.revision, row.resource, row.time, row.restored))
        .collect();
    assert_eq!(
        history,
        [
            (3, "crm".into(), noon(), Some(1)),
            (2, "db".into(), noon(), None),
            (1, "crm".into(), noon(), None)
        ]
    );
    let query = queries.open("find", 0).unwrap();
    assert_eq!(
        (query.resource(), query.kind(), query.revision(), query.source()),
        ("crm", "postgres", 3, text)
    );
    assert_eq!((query.method(), query.path(), query.headers()), ("", "", ""));
    let declared = query.params().unwrap().to_vec();
    assert!(
        declared[0].required && declared[0].preset.is_none() && declared[0].r#type == "integer"
    );
    assert_eq!((declared[1].required, declared[1].preset.as_deref()), (false, Some("")));
    assert_eq!(queries.open("find", 2).unwrap().source(), "SELECT 2");
    assert!(fails(queries.open("fnid", 0), Code::NOT_FOUND).hint().contains("find"));
    fails(session.resources().remove("crm", &change), Code::REFERRED);
    queries.remove("find", &change).unwrap();
    fails(queries.open("find", 0), Code::NOT_FOUND);
    fails(queries.history("find"), Code::NOT_FOUND);
    fails(queries.remove("find", &change), Code::NOT_FOUND);
}

#[test]
fn what_cannot_be_put() {
    let session = filled();
    let one = [QueryParam::new("a", Type::Integer)];
    let twice = [one[0], one[0]];
    let many = [one[0]; 257];
    let preset = [one[0].preset("x")];
    let template = [QueryParam::new("a", Type::Template)];
    let sql = QueryWrite::sql("SELECT 1", &[]);
    let path = |path| QueryWrite::request(path, &[]);
    let rows = [
        (Code::NAME, "1q", "crm", sql),
        (Code::NOT_FOUND, "q", "cms", sql),
        (Code::TYPE, "q", "kv", QueryWrite::sql("GET k", &[])),
        (Code::INVALID, "q", "crm", QueryWrite::default()),
        (Code::INVALID, "q", "crm", QueryWrite { path: Some("/x"), ..sql }),
        (Code::SQL_CONTEXT, "q", "crm", QueryWrite::sql("SELECT '<< params.a >>'", &one)),
        (Code::NOT_FOUND, "q", "crm", QueryWrite::sql("SELECT << params.b >>", &one)),
        (Code::NAME_TAKEN, "q", "crm", QueryWrite::sql("SELECT 1", &twice)),
        (Code::LIMIT, "q", "crm", QueryWrite::sql("SELECT 1", &many)),
        (Code::TYPE, "q", "crm", QueryWrite::sql("SELECT 1", &preset)),
        (Code::TYPE, "q", "crm", QueryWrite::sql("SELECT 1", &template)),
        (Code::INVALID, "q", "api", path("https://elsewhere/")),
        (Code::INVALID, "q", "api", QueryWrite { method: Some("FETCH"), ..path("/") }),
        (Code::INVALID, "q", "api", QueryWrite { headers: Some("[]"), ..path("/") }),
        (Code::JSON, "q", "api", QueryWrite { source: Some("{"), ..path("/") }),
    ];
    for (code, name, resource, write) in rows {
        fails(session.queries().put(name, resource, &write, &CHANGE()), code);
    }
    assert!(session.queries().list().unwrap().is_empty());
}

#[test]
fn a_statement() {
    let (session, change) = (filled(), CHANGE());
    let params = [
        QueryParam::new("v", Type::String),
        QueryParam::new("ids", Type::Json),
        QueryParam::new("rows", Type::Integer).preset("9"),
    ];
    let text = "SELECT << params.v >>, << environment.variables.REGION >> FROM t WHERE id IN \
                << params.ids | list >> LIMIT << params.rows >>";
    let write = QueryWrite::sql(text, &params);
    session.queries().put("find", "db", &write, &change).unwrap();
    let query = session.queries().open("find", 0).unwrap();
    let scope = session.scope("development").unwrap();
    for hostile in ["O'Neil", "'; DROP TABLE t; --", "<< params.v >>", "", "\u{1f4a9}"] {
        let params = Params::of([("v", hostile.into()), ("ids", Param::json("[1,3]"))]).unwrap();
        let options = QueryOptions { params: Some(&params), ..Default::default() };
        let result = query.render(&scope, &options).unwrap();
        assert!(result.method().unwrap().is_none() && result.body().unwrap().is_none());
        assert!(result.path().unwrap().is_none() && result.headers().unwrap().is_none());
        let statement = result.statement().unwrap();
        assert!(hostile.is_empty() || !statement.text().contains(hostile));
        let [one, three, nine] = [1, 3, 9].map(Value::Integer);
        let (value, region) = (Value::String(hostile.into()), Value::String("eu".into()));
        assert_eq!(statement.reveal(), [value, region, one, three, nine]);
        let short = QueryOptions { output_max: 8, ..options };
        fails(query.render(&scope, &short), Code::LIMIT);
    }
}

#[test]
fn types_of_parameters() {
    let session = filled();
    let scope = session.scope("development").unwrap();
    let (text, when) = (|text: &str| Value::String(text.into()), "2023-11-14T22:13:20+00:00");
    let rows: Vec<(Type, Param<'_>, bool, Option<Value>)> = vec![
        (Type::String, "a".into(), false, Some(text("a"))),
        (Type::String, 1.into(), false, None),
        (Type::String, Param::null(), false, None),
        (Type::Integer, i64::MIN.into(), false, Some(Value::Integer(i64::MIN))),
        (Type::Integer, "9223372036854775808".into(), true, None),
        (Type::Integer, 1.5.into(), false, None),
        (Type::Integer, true.into(), false, None),
        (Type::Integer, "5".into(), false, None),
        (Type::Integer, "5".into(), true, Some(Value::Integer(5))),
        (Type::Integer, "5; DROP".into(), true, None),
        (Type::Number, 1.5.into(), false, Some(Value::Number(1.5))),
        (Type::Boolean, false.into(), false, Some(Value::Boolean(false))),
        (Type::Boolean, "yes".into(), true, None),
        (Type::Json, Param::json(r#"{"a": [1]}"#), false, Some(Value::Json(r#"{"a":[1]}"#.into()))),
        (Type::Json, "{".into(), true, None),
        (Type::Timestamp, when.into(), false, Some(text(when))),
        (Type::Timestamp, "yesterday".into(), false, None),
    ];
    for (kind, param, read_strings, expected) in rows {
        let declared = [QueryParam::new("value", kind)];
        let write = QueryWrite::sql("SELECT << params.value >>", &declared);
        session.queries().put("q", "crm", &write, &CHANGE()).unwrap();
        let query = session.queries().open("q", 0).unwrap();
        fails(query.render(&scope, &QueryOptions::default()), Code::NOT_SET);
        let mut params = Params::of([("value", param)]).unwrap();
        let options = QueryOptions { params: Some(&params), read_strings, ..Default::default() };
        match expected {
            None => {
                assert_eq!(fails(query.render(&scope, &options), Code::TYPE).subject(), "value")
            }
            Some(value) => {
                let statement = query.render(&scope, &options).unwrap().statement().unwrap();
                assert_eq!((statement.text(), statement.parameters()), ("SELECT $1", vec![value]));
            }
        }
        params.set("vaule", 1).unwrap();
        let options = QueryOptions { params: Some(&params), ..Default::default() };
        assert!(fails(query.render(&scope, &options), Code::NOT_FOUND).hint().contains("value"));
    }
}

#[test]
fn a_request() {
    let (session, change) = (filled(), CHANGE());
    let params = [QueryParam::new("id", Type::String), QueryParam::new("who", Type::String)];
    let (body, path) =
        (r#"{"who": "<< params.who >>"}"#, "/users/<< params.id >>?who=<< params.who >>");
    let headers = r#"{"Authorization": "Bearer << environment.variables.TOKEN >>"}"#;
    let write = QueryWrite {
        source: Some(body),
        headers: Some(headers),
        ..QueryWrite::request(path, &params)
    };
    session.queries().put("user", "api", &write, &change).unwrap();
    let query = session.queries().open("user", 0).unwrap();
    let scope = session.scope("development").unwrap();
    assert_eq!((query.kind(), query.source(), query.method()), ("rest", body, ""));
    assert_eq!((query.path(), query.headers()), (path, headers));
    let given = Params::of([("id", "a/../b?c"), ("who", "O'Neil \"x\"")]).unwrap();
    let options = QueryOptions { params: Some(&given), ..Default::default() };
    let result = query.render(&scope, &options).unwrap();
    assert!(result.statement().is_none());
    assert_eq!(result.method().unwrap().unwrap(), "POST");
    let path = result.path().unwrap().unwrap();
    assert_eq!(path, "/users/a%2F..%2Fb%3Fc?who=O%27Neil%20%22x%22");
    assert_eq!(result.body().unwrap().unwrap(), r#"{"who": "O'Neil \"x\""}"#);
    let secret = result.headers().unwrap().unwrap();
    result.close();
    assert!(secret.is_secret() && !format!("{secret:?} {secret}").contains(&mark()));
    assert!(secret.reveal().unwrap().contains(&format!("Bearer {}", mark())));
    assert!(secret.redacted("#").contains("Bearer #"));
    fails(query.render(&scope, &QueryOptions { no_secrets: true, ..options }), Code::SECRET_SINK);
    let up = Params::of([("id", ".."), ("who", "x")]).unwrap();
    let leads = QueryOptions { params: Some(&up), ..Default::default() };
    fails(query.render(&scope, &leads), Code::INVALID);
    session.queries().put("ping", "api", &QueryWrite::request("/ping", &[]), &change).unwrap();
    let bare = session.queries().open("ping", 0).unwrap();
    let bare = bare.render(&scope, &QueryOptions::default()).unwrap();
    assert_eq!(bare.method().unwrap().unwrap(), "GET");
    assert!(bare.headers().unwrap().is_none() && bare.body().unwrap().is_none());
}

/// A statement shares the result that it is borrowed from.
#[test]
fn what_outlives_what() {
    let (session, change) = (filled(), CHANGE());
    let params = [QueryParam::new("word", Type::String)];
    let write = QueryWrite::sql("SELECT << params.word >>", &params);
    session.queries().put("login", "crm", &write, &change).unwrap();
    let query = session.queries().open("login", 0).unwrap();
    let scope = session.scope("development").unwrap();
    session.close();
    let given = Params::of([("word", &Secret::from(mark()))]).unwrap();
    let options = QueryOptions { params: Some(&given), ..Default::default() };
    let result = query.render(&scope, &options).unwrap();
    let (one, two) = (result.statement().unwrap(), result.statement().unwrap());
    let declared = query.params().unwrap();
    drop((query, scope, given, result));
    one.close();
    assert!(matches!(two.parameters().as_slice(), [Value::Secret(_)]));
    assert_eq!((two.text(), two.reveal()), ("SELECT $1", vec![Value::String(mark())]));
    assert_eq!(declared.get(0).unwrap().name, "word");
    two.close();
}

#[test]
fn pins() {
    let (session, change) = (filled(), CHANGE());
    let queries = session.queries();
    let put = |text| queries.put("find", "crm", &QueryWrite::sql(text, &[]), &CHANGE()).unwrap();
    put("SELECT 1");
    queries.put("ping", "api", &QueryWrite::request("/ping", &[]), &change).unwrap();
    session.apps().create("shop", &AppOptions::default(), &change).unwrap();
    queries.pin("shop", None, "find", 0, &change).unwrap();
    queries.pin("shop", Some("v1"), "ping", 1, &change).unwrap();
    fails(queries.pin("shop", None, "fnid", 0, &change), Code::NOT_FOUND);
    fails(queries.pin("shop", None, "find", 9, &change), Code::NOT_FOUND);
    put("SELECT 2");
    let used = |version| -> Vec<(String, i64, bool, Option<i64>)> {
        let rows = queries.pins("shop", version).unwrap();
        rows.iter().map(|row| (row.name, row.revision, row.follows, row.newest)).collect()
    };
    let both = [("find".to_owned(), 2, true, Some(2)), ("ping".to_owned(), 1, false, Some(1))];
    assert_eq!(used(None), both);
    queries.unpin("shop", None, "ping", &change).unwrap();
    fails(queries.unpin("shop", None, "ping", &change), Code::NOT_FOUND);
    fails(queries.remove("find", &change), Code::REFERRED);
    for environment in ["development", "staging", "production"] {
        let fields = [("host", "h"), ("database", "d"), ("user", "u"), ("password", "p")];
        session.resources().configure(environment, "crm", fields, None, &change).unwrap();
    }
    ready(&session, "shop", "v1", "production");
    released(&session, "shop", "v1", "1.0.0").unwrap();
    put("SELECT 3");
    assert_eq!(used(Some("v1")), [("find".to_owned(), 2, true, Some(3))]);
    let options = ScopeOptions { app: Some("shop"), ..Default::default() };
    let scope = session.scope_with("production", &options).unwrap();
    let query = scope.query("find").unwrap();
    assert_eq!((query.revision(), query.source()), (2, "SELECT 2"));
    assert!(fails(scope.query("fnid"), Code::NOT_FOUND).hint().contains("find"));
    let statement = query.render(&scope, &QueryOptions::default()).unwrap().statement();
    scope.close();
    assert_eq!((query.revision(), statement.unwrap().text()), (2, "SELECT 2"));
    fails(session.scope("production").unwrap().query("find"), Code::INVALID);
}
