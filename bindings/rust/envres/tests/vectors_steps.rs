// SPDX-License-Identifier: MIT
//! The shared vectors of errors and limits, through the public interface: each case is a list of
//! steps on a store of its own. Each test goes through all cases of its file and compares their
//! number with the file's own.

mod common;
mod steps;

use common::json::Json;
use common::{counted, vectors};
use envres::*;
use steps::Runner;

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
