// SPDX-License-Identifier: MIT
//! The declarations against the C compiler: size and offset of every field of every struct, and
//! every constant. `layout/layout.c` prints them as the headers have them, and
//! `layout/generated.rs` as this crate has them.

use envres_sys::*;
use std::mem::{size_of, MaybeUninit};
use std::process::Command;
use std::{env, fs};

mod layout {
    pub mod generated;
    pub(crate) use super::{at, show, size};
}

macro_rules! show {
    ($out:ident, $name:ident) => {
        $out.push_str(&format!("{} {}\n", stringify!($name), crate::$name))
    };
}

macro_rules! size {
    ($out:ident, $type:ident) => {
        $out.push_str(&format!("{} {}\n", stringify!($type), crate::size_of::<crate::$type>()))
    };
}

macro_rules! at {
    ($out:ident, $type:ident, $field:ident) => {{
        let place = crate::MaybeUninit::<crate::$type>::uninit();
        let base = place.as_ptr();
        // SAFETY: no reference is made and nothing is read: the address of a field of a place that
        // is as large as the struct.
        let field = unsafe { std::ptr::addr_of!((*base).$field) };
        let offset = field as usize - base as usize;
        let name = stringify!($field).trim_start_matches("r#");
        let size = crate::size_behind(field);
        $out.push_str(&format!("{}.{name} {offset} {size}\n", stringify!($type)));
    }};
}
pub(crate) use {at, show, size};

fn size_behind<T>(_: *const T) -> usize {
    size_of::<T>()
}

#[test]
fn the_c_compiler_agrees() {
    let folder = env::temp_dir().join(format!("envres-layout-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let program = folder.join("layout");
    let flags = Command::new("pkg-config").args(["--cflags", "envres"]).output().unwrap();
    assert!(flags.status.success());
    let flags = String::from_utf8(flags.stdout).unwrap();
    let compiled = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=c11", "-Wall", "-Werror"])
        .args(flags.split_whitespace())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/layout/layout.c"))
        .arg("-o")
        .arg(&program)
        .status()
        .unwrap();
    assert!(compiled.success());
    let said = Command::new(&program).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let mut ours = String::new();
    layout::generated::print(&mut ours);
    let theirs = String::from_utf8(said.stdout).unwrap();
    let differ: Vec<_> = theirs.lines().zip(ours.lines()).filter(|(a, b)| a != b).collect();
    assert!(differ.is_empty(), "C and Rust: {differ:?}");
    assert_eq!(theirs.lines().count(), ours.lines().count());
    assert!(ours.lines().count() > 500);
    println!("{} lines", ours.lines().count());
}
