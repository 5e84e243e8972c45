// SPDX-License-Identifier: MIT
//! Steps of the vectors, and what runs them: tests/vectors/README.md has the verbs.

mod verbs;

use crate::common::json::Json;
use envres::*;
use std::collections::BTreeMap;
use verbs::*;

/// A text that is written as `[text, times]` pairs, or in hex.
pub fn expanded(value: &Json) -> String {
    match value {
        Json::Array(pairs) => pairs
            .iter()
            .map(|pair| pair.items()[0].str().repeat(pair.items()[1].int() as usize))
            .collect(),
        Json::Object(_) => {
            let hex = value["hex"].str();
            let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let bytes = (0..hex.len()).step_by(2).map(digit).collect();
            String::from_utf8(bytes).unwrap()
        }
        other => other.str().to_owned(),
    }
}

/// A step, with its texts expanded when they are asked for.
pub struct Step<'a>(pub &'a Json);

impl Step<'_> {
    pub fn maybe(&self, name: &str) -> Option<String> {
        self.0.find(name).filter(|value| **value != Json::Null).map(expanded)
    }
    pub fn text(&self, name: &str) -> String {
        self.maybe(name).unwrap_or_else(|| panic!("no '{name}' in {:?}", self.0))
    }
    pub fn yes(&self, name: &str) -> Option<bool> {
        self.0.find(name).map(Json::is_true)
    }
    pub fn int(&self, name: &str) -> Option<i64> {
        self.0.find(name).map(Json::int)
    }
    pub fn numbered(&self, name: &str) -> Vec<String> {
        (1..=self.int("count").unwrap_or(0)).map(|n| format!("{name}{n}")).collect()
    }
    pub fn role(&self) -> Option<Role> {
        let name = self.maybe("role")?;
        Role::ALL.iter().copied().find(|role| role.name() == name)
    }
    pub fn pairs(&self, name: &str) -> Vec<(String, String)> {
        self.0.object(name).iter().map(|(name, value)| (name.clone(), expanded(value))).collect()
    }
}

/// The raw key of a principal: its name, again and again, to 32 bytes.
pub fn key_of(name: &str) -> Credential {
    Credential::raw_key(&name.bytes().cycle().take(32).collect::<Vec<u8>>())
}

pub fn credential(step: &Step<'_>) -> Credential {
    let mut made = if let Some(word) = step.maybe("passphrase") {
        let cost = |name: &str| step.int(name).unwrap_or(0) as u64;
        Credential::passphrase(&word).kdf(cost("passes"), cost("memory"))
    } else if let Some(raw) = step.maybe("raw") {
        Credential::raw_key(&raw)
    } else {
        key_of(&step.maybe("key").unwrap_or_else(|| "owner".into()))
    };
    if let Some(name) = step.maybe("principal") {
        made = made.principal(&name);
    }
    if let Some(hex) = step.maybe("root") {
        let mut root = [0; 32];
        for (at, byte) in root.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
        }
        made = made.root(root);
    }
    made
}

/// One store in memory, and a session for each principal that acts.
pub struct Runner {
    store: Store,
    sessions: BTreeMap<String, Session>,
}

impl Runner {
    pub fn new() -> Runner {
        let store = StoreOptions::new().relaxed(true).create_in_memory(&key_of("owner")).unwrap();
        Runner { store, sessions: BTreeMap::new() }
    }

    pub fn run(&mut self, step: &Json) -> Result<()> {
        if step["do"].str() == "fails" {
            assert!(self.run(&step["step"]).is_err(), "{step:?}");
            return Ok(());
        }
        let v = Step(step);
        let who = v.maybe("as").unwrap_or_else(|| "owner".into());
        if !self.sessions.contains_key(&who) {
            self.sessions.insert(who.clone(), self.store.session(&key_of(&who), None)?);
        }
        let reason = match step.find("reason") {
            None => Some("a test".to_owned()),
            Some(Json::Null) => None,
            Some(text) => Some(expanded(text)),
        };
        let change = reason.as_deref().map_or(Change::none(), Change::reason);
        let s = &self.sessions[&who];
        let verb = step["do"].str();
        let done = environments(verb, s, &v, &change)
            .or_else(|| reading(verb, s, &v))
            .or_else(|| apps(verb, s, &v, &change))
            .or_else(|| access(verb, s, &v, &change))
            .or_else(|| stores(verb, &self.store, &v));
        done.unwrap_or_else(|| panic!("no verb '{verb}'"))
    }
}
