// SPDX-License-Identifier: MIT
//! The host serves what is live: a release, and a rollback, from the next request on.

use dashboard::{Answer, Dashboard};
use envres::{
    AppOptions, Change, Code, Credential, NewVersion, PartWrite, Promotion, Release, Rollback,
    Secret, Session, Store, Tag,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const CHANGE: fn() -> Change<'static> = || Change::reason("a test");

fn ready(session: &Session, version: &str) -> envres::Result<()> {
    let seen = session.versions().describe("support", version)?;
    let through = Promotion::new("production", &seen).through();
    session.versions().promote("support", version, &through, &CHANGE()).map(|_| ())
}

fn released(session: &Session, version: &str, tag: &str, live: i64) {
    let seen = session.versions().describe("support", version).unwrap();
    let release = Release::new(Tag::Exact(tag), &seen, live);
    session.releases().create("support", version, &release, &CHANGE()).unwrap();
}

fn put(session: &Session, version: &str, path: &str, text: &str) {
    let write = [PartWrite::new(path, text).public()];
    session.parts().put("support", Some(version), &write, &CHANGE()).unwrap();
}

#[test]
fn it_serves_what_is_live() {
    let owner = Credential::raw_key(&[1; 32]);
    let store = Store::in_memory(&owner).unwrap();
    let session = store.session(&owner, None).unwrap();
    session.apps().create("support", &AppOptions::default(), &CHANGE()).unwrap();
    put(&session, "v1", "pages/home.json", r#"{"in": "<< environment.name >>"}"#);
    put(&session, "v1", "pages/odd.json", r#"{"key": "<< environment.variables.KEY >>"}"#);
    let sql = [PartWrite::new("queries/secret.sql", "SELECT 1")];
    session.parts().put("support", Some("v1"), &sql, &CHANGE()).unwrap();
    for environment in ["development", "staging", "production"] {
        session.variables().put(environment, "KEY", &Secret::new("s3cr3t"), &CHANGE()).unwrap();
    }
    assert_eq!(ready(&session, "v1").unwrap_err().code(), Code::CHECK);
    put(&session, "v1", "pages/odd.json", r#""<< params.p >>""#);
    ready(&session, "v1").unwrap();
    released(&session, "v1", "1.0.0", 0);

    let serving = store.session(&owner, None).unwrap();
    let host = Dashboard::new(serving, "production", "support").unwrap();
    let get = |path: &str| host.answer(path, &mut Vec::new());
    let home = |release: &str, body: &str| Answer {
        status: 200,
        release: release.into(),
        content_type: "application/json",
        body: body.into(),
    };
    assert_eq!(get("/pages/home.json"), home("1.0.0", r#"{"in": "production"}"#));
    for path in ["/queries/secret.sql", "/nothing", "/", "/../pages/home.json"] {
        assert_eq!(get(path).status, 404);
    }
    let mut log = Vec::new();
    let answer = host.answer("/pages/odd.json", &mut log);
    assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"error": "ENVRES_E_NOT_SET"}"#));
    assert!(String::from_utf8(log).unwrap().contains("'p' was not given"));

    session.versions().create("support", &NewVersion::default(), &CHANGE()).unwrap();
    put(&session, "v2", "pages/home.json", r#"{"v": 2}"#);
    ready(&session, "v2").unwrap();
    released(&session, "v2", "2.0.0", 1);
    assert_eq!(get("/pages/home.json"), home("2.0.0", r#"{"v": 2}"#));
    session.releases().rollback("support", &Rollback::new(2), &CHANGE()).unwrap();
    assert_eq!(get("/pages/home.json"), home("1.0.0", r#"{"in": "production"}"#));
    over_http(host);
}

/// The same through a socket of this machine.
fn over_http(host: Dashboard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It serves until the process ends.
    std::thread::spawn(move || host.serve(&listener).is_ok());
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask("GET /pages/home.json HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.contains("X-Release: 1.0.0\r\n"));
    assert!(answer.ends_with("\r\n\r\n{\"in\": \"production\"}"));
    assert!(ask("POST / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 405"));
}
