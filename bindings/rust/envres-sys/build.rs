// SPDX-License-Identifier: MIT
//! Finds libenvres by asking pkg-config, and nothing else: `PKG_CONFIG` names another program,
//! `PKG_CONFIG_PATH` another folder. Where the library is not in a folder of the system, programs
//! need `LD_LIBRARY_PATH`, or an rpath of their own.

use std::env;
use std::process::Command;

const VERSION: &str = "0.1";

fn main() {
    for name in ["PKG_CONFIG", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    // Flags come as the linker's: -L folder, -l library; what else there is stays away from rustc.
    for flag in split(&ask(&["--libs", &format!("envres >= {VERSION}")])) {
        if let Some(folder) = flag.strip_prefix("-L") {
            println!("cargo:rustc-link-search=native={folder}");
        } else if let Some(library) = flag.strip_prefix("-l") {
            println!("cargo:rustc-link-lib={library}");
        }
    }
}

/// What pkg-config prints; without it, or without the library, the build ends with the reason.
fn ask(arguments: &[&str]) -> String {
    let program = env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into());
    let output = match Command::new(&program).args(arguments).output() {
        Ok(output) => output,
        Err(error) => fail(&format!("cannot run {}: {error}", program.to_string_lossy())),
    };
    if !output.status.success() {
        fail(&String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Words, as pkg-config writes them: what is special in one has a backslash before it.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.extend(letters.next()),
            _ if letter.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words
}

fn fail(why: &str) -> ! {
    eprintln!("libenvres with its headers and envres.pc must be installed; {why}");
    std::process::exit(1)
}
