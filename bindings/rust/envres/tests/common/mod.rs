// SPDX-License-Identifier: MIT
//! What the tests share: a store in memory, its owner's session, the vectors of all languages.

// Each test program uses some of it.
#![allow(dead_code)]

pub mod json;
pub mod values;

use envres::*;
use json::Json;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub const CHANGE: fn() -> Change<'static> = || Change::reason("a test");

/// What no text that is shown may hold; put together here, so that no file has it.
pub fn mark() -> String {
    ["s3cr3t", "value"].join("-")
}

pub fn key(number: u8) -> Credential {
    Credential::raw_key(&[number; 32])
}

pub fn owner() -> Credential {
    key(1)
}

pub fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_700_000_000_000)
}

/// A store in memory whose clock stands still.
pub fn store() -> Store {
    StoreOptions::new().clock(noon).create_in_memory(&owner()).unwrap()
}

pub fn session() -> Session {
    store().session(&owner(), None).unwrap()
}

/// The tree of the sources.
pub fn tree() -> PathBuf {
    match std::env::var_os("ENVRES_TREE") {
        Some(tree) => tree.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.."),
    }
}

pub fn read(path: &str) -> String {
    fs::read_to_string(tree().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file of tests/vectors; a runner must go through as many cases as it says.
pub fn vectors(name: &str) -> Json {
    Json::parse(&read(&format!("tests/vectors/{name}")))
}

/// A runner's last word.
pub fn counted(count: usize, document: &Json) {
    assert_eq!(count as i64, document["count"].int());
    println!("cases: {count}");
}

/// The error, which has this code.
#[track_caller]
pub fn fails<T: Debug>(result: Result<T>, code: Code) -> Error {
    match result {
        Ok(value) => panic!("{code:?} was expected, not {value:?}"),
        Err(error) => {
            assert_eq!(error.code(), code, "{error}");
            error
        }
    }
}

pub fn type_of(name: &str) -> Type {
    *Type::ALL.iter().find(|kind| kind.name() == name).unwrap()
}

/// Promotes a version through to an environment.
pub fn ready(session: &Session, app: &str, version: &str, to: &str) -> VersionRow {
    let seen = session.versions().describe(app, version).unwrap();
    let promotion = Promotion::new(to, &seen).through();
    session.versions().promote(app, version, &promotion, &CHANGE()).unwrap();
    session.versions().describe(app, version).unwrap()
}

/// Makes a version that is ready live.
pub fn released(session: &Session, app: &str, version: &str, tag: &str) -> Result<ReleaseRow> {
    let live = session.apps().describe(app)?.live_sequence.unwrap_or(0);
    let seen = session.versions().describe(app, version)?;
    let release = Release::new(Tag::Exact(tag), &seen, live);
    Ok(session.releases().create(app, version, &release, &CHANGE())?.0)
}

/// A folder of the test's own, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("envres-rust-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn sanitized() -> bool {
    std::env::var_os("ENVRES_SANITIZED").is_some()
}
