// SPDX-License-Identifier: MIT
//! In the child of a fork every call is an error, and letting go of everything is allowed. In a
//! program of its own, with one test, since a child has but the thread that forked.

mod common;

use common::*;
use envres::*;

extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

#[test]
fn a_child_is_refused() {
    let store = store();
    let session = store.session(&owner(), None).unwrap();
    let scope = session.scope("development").unwrap();
    // SAFETY: no other thread holds a lock; the child calls the library, which refuses, and ends.
    let child = unsafe { fork() };
    if child == 0 {
        let refused = [
            session.variables().list(None, false).map(drop),
            store.session(&owner(), None).map(drop),
            store.poll().map(drop),
            session.variables().put("development", "A", "1", &CHANGE()).map(drop),
        ];
        let right = refused
            .iter()
            .all(|done| done.as_ref().err().map_or(false, |error| error.code() == Code::FORKED));
        drop((scope, session, store));
        // SAFETY: ends the child without the parent's exit handlers.
        unsafe { _exit(if right { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: the child is ours, the status too.
    let waited = unsafe { waitpid(child, &mut status, 0) };
    assert_eq!((waited, status), (child, 0));
    session.variables().put("development", "AFTER", "1", &CHANGE()).unwrap();
    assert!(scope.is_stale());
}
