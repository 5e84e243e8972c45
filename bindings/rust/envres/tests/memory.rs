// SPDX-License-Identifier: MIT
//! Memory stays flat, and files are closed. In a program of its own, one test after another, so that
//! what is measured is theirs.

mod common;

use common::*;
use envres::*;
use std::fs;
use std::sync::Mutex;

static ALONE: Mutex<()> = Mutex::new(());

/// Resident bytes of this process.
fn resident() -> i64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4096
}

/// Whether it grew by less than 2 MiB; the allocator of a sanitizer keeps what was freed.
fn flat(before: i64, after: i64) -> bool {
    println!("grew by {} bytes", after - before);
    sanitized() || after - before < 2 << 20
}

#[test]
fn memory_stays_flat() {
    let _alone = ALONE.lock();
    let (session, change, secret) = (session(), CHANGE(), Secret::from(mark()));
    session.variables().put("development", "KEY", &secret, &change).unwrap();
    session.resources().define("crm", "sqlite", &change).unwrap();
    let fields = [("path", "/x")];
    session.resources().configure("development", "crm", fields, None, &change).unwrap();
    let template = Template::new("<< environment.variables.KEY >>").unwrap();
    let use_it = |times: usize| {
        for _ in 0..times {
            let scope = session.scope("development").unwrap();
            assert!(template.render(&scope).unwrap().is_secret());
            scope.resource("crm").unwrap().get("path").unwrap();
            assert_eq!(scope.explain("KEY").unwrap().to_vec().len(), 1);
            fails(Template::new("<< environment.name"), Code::SYNTAX);
            let fails_so = |_: &Resource| Err("no".into());
            fails(scope.test_resource("crm", fails_so), Code::CALLBACK);
        }
        resident()
    };
    let times = if sanitized() { 200 } else { 10_000 };
    let before = use_it(times / 10);
    assert!(flat(before, use_it(times)));
}

#[test]
fn files_are_closed() {
    let _alone = ALONE.lock();
    let folder = Folder::new();
    let path = folder.join("s");
    Store::create(&path, &owner()).unwrap().close();
    let files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let use_it = |times: usize| {
        for _ in 0..times {
            let store = Store::open(&path).unwrap();
            let session = store.session(&owner(), None).unwrap();
            session.scope("development").unwrap();
        }
        (files(), resident())
    };
    // A store costs 2 ms to open; with 2,000 of them 1 KiB that each leaves behind is seen. 10,000
    // would take half a minute.
    let (before, size) = use_it(50);
    let (after, grown) = use_it(if sanitized() { 300 } else { 2000 });
    assert_eq!(before, after);
    assert!(flat(size, grown));
}

/// The whole way: store in memory, session, scope. Making a store costs three times what opening one
/// does (its keys, its tables), so there are a thousand: 2 KiB of each is seen.
#[test]
fn opening_and_closing() {
    let _alone = ALONE.lock();
    let options = StoreOptions::new().relaxed(true);
    let use_it = |times: usize| {
        for _ in 0..times {
            let store = options.create_in_memory(&owner()).unwrap();
            let session = store.session(&owner(), None).unwrap();
            drop(store);
            session.scope("development").unwrap();
        }
        resident()
    };
    let times = if sanitized() { 50 } else { 1000 };
    let before = use_it(times / 10);
    assert!(flat(before, use_it(times)));
}

/// Threads that end give their error slots back.
#[test]
fn threads_end() {
    let _alone = ALONE.lock();
    let use_it = |times: usize| {
        for _ in 0..times {
            let ended = std::thread::spawn(|| {
                drop(fails(Template::new("<< environment.name"), Code::SYNTAX))
            });
            ended.join().unwrap();
        }
        resident()
    };
    let before = use_it(100);
    assert!(flat(before, use_it(1000)));
}
