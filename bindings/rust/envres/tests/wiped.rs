// SPDX-License-Identifier: MIT
//! What was secret is not in memory that Rust gives back. In a program of its own, whose allocator
//! looks.

#![deny(unsafe_op_in_unsafe_fn)]

use envres::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is looked for; long, so that nothing else is the same.
const MARK: &[u8] = b"s3cr3t-value-that-is-looked-for";

static FOUND: AtomicUsize = AtomicUsize::new(0);

struct Looking;

// SAFETY: all is done by the allocator of the system. Memory is zeroed when it is given, so that
// every byte of a block may be read when it comes back; blocks are never resized in place.
unsafe impl GlobalAlloc for Looking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: a block of this size, all of it written, that nobody uses any more.
        unsafe {
            let block = std::slice::from_raw_parts(at, layout.size());
            if block.windows(MARK.len()).any(|bytes| bytes == MARK) {
                FOUND.fetch_add(1, Ordering::Relaxed);
            }
            System.dealloc(at, layout)
        }
    }
}

#[global_allocator]
static ALLOCATOR: Looking = Looking;

fn marked() -> String {
    String::from_utf8(MARK.to_vec()).unwrap()
}

/// How often it was in what `run` gave back.
fn left_by<T>(run: impl FnOnce() -> T) -> usize {
    let before = FOUND.load(Ordering::Relaxed);
    drop(run());
    FOUND.load(Ordering::Relaxed) - before
}

/// One test: the allocator is that of the whole program.
#[test]
fn what_is_given_away_is_wiped() {
    assert_eq!(left_by(marked), 1, "the allocator sees what is not wiped");
    assert_eq!(left_by(|| Secret::from(marked())), 0);
    assert_eq!(left_by(|| Credential::passphrase(marked())), 0);
    assert_eq!(left_by(|| Write::new(marked()).secret(true)), 0);
    assert_eq!(left_by(|| Field::new(marked()).secret().clone()), 0);
    assert_eq!(left_by(|| Params::of([("p", Param::new(marked()))]).unwrap()), 0);
    let owner = Credential::raw_key(&[1; 32]);
    let session = Store::in_memory(&owner).unwrap().session(&owner, None).unwrap();
    let put = |write: Write<'_>| {
        session.variables().put("development", "KEY", write, &Change::none()).unwrap();
    };
    assert_eq!(left_by(|| put(Write::new(marked()).secret(true))), 0);
    let scope = session.scope("development").unwrap();
    assert_eq!(left_by(|| scope.get("KEY").unwrap()), 0);
    let tag = "<< environment.variables.KEY >>";
    assert_eq!(left_by(|| Template::new(tag).unwrap().render(&scope).unwrap()), 0);
    assert_eq!(left_by(|| scope.expand(tag, Context::Url, false).unwrap()), 0);
    assert_eq!(left_by(|| session.variables().list(None, true).unwrap().to_vec()), 0);
}
