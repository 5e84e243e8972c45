// SPDX-License-Identifier: MIT
//! A host in Rust: serves the live release of an app over HTTP, in one environment.
//!
//!     cargo run -- STORE KEY_FILE ENVIRONMENT APP [ADDRESS]
//!
//! `GET /pages/home.json` answers with that part of the release, its tags resolved for the
//! environment: a release or a rollback by anybody is served from the next request on. Only public
//! parts go out, and no secret does: a tag that needs one is an error here.

use dashboard::Dashboard;
use envres::{Credential, Secret, Store};
use std::net::TcpListener;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (store, key_file, environment, app, address) = match arguments.as_slice() {
        [store, key, environment, app] => (store, key, environment, app, "127.0.0.1:8000"),
        [store, key, environment, app, address] => (store, key, environment, app, address.as_str()),
        _ => return Err("usage: dashboard STORE KEY_FILE ENVIRONMENT APP [ADDRESS]".into()),
    };
    let key = Secret::from(fs::read(key_file)?);
    let session = Store::open(store)?.session(&Credential::raw_key(&key), None)?;
    let dashboard = Dashboard::new(session, environment, app)?;
    let listener = TcpListener::bind(address)?;
    eprintln!("serving {app} of {environment} on {}", listener.local_addr()?);
    dashboard.serve(&listener)
}
