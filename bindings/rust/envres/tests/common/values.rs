// SPDX-License-Identifier: MIT
//! Values and places as the vectors write them.

use super::json::Json;
use super::type_of;
use envres::*;

/// A value of the vectors: its text, and whether it is a secret.
pub enum Given<'a> {
    Plain(&'a str),
    Secret(Secret),
}

impl<'a> Given<'a> {
    pub fn of(row: &'a Json) -> Given<'a> {
        let text = row.text("value").unwrap_or("");
        if row.flag("secret") {
            Given::Secret(Secret::new(text))
        } else {
            Given::Plain(text)
        }
    }

    pub fn input(&self) -> Input<'_> {
        match self {
            Given::Plain(text) => (*text).into(),
            Given::Secret(secret) => secret.into(),
        }
    }
}

pub fn params_of(members: &[(String, Json)], allow: &[Json]) -> Result<Params> {
    let mut params = Params::new()?;
    for (name, row) in members {
        let given = Given::of(row);
        params.set(name, Param::typed(type_of(row["type"].str()), given.input()))?;
    }
    for name in allow {
        params.allow(name.str())?;
    }
    Ok(params)
}

pub fn write_of(row: &Json) -> Write<'_> {
    let kind = type_of(row["type"].str());
    Write::new(row["value"].str()).kind(kind).secret(row.flag("secret"))
}

pub fn unhex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

pub fn same_place(case: &Json, error: &Error) {
    let found = [
        ("offset", error.offset().map(|n| n as i64)),
        ("line", error.line().map(i64::from)),
        ("column", error.column().map(i64::from)),
    ];
    for (name, value) in found {
        if let Some(expected) = case.find(name) {
            assert_eq!(value, Some(expected.int()), "{}: {name}", case["name"].str());
        }
    }
}

/// What a driver is given for a parameter, from its type and text.
pub fn bound(row: &Json) -> Value {
    let text = row.text("value").unwrap_or("").to_owned();
    match row["type"].str() {
        "null" => Value::Null,
        "integer" => Value::Integer(text.parse().unwrap()),
        "number" => Value::Number(text.parse().unwrap()),
        "boolean" => Value::Boolean(text == "true"),
        "json" => Value::Json(text),
        _ => Value::String(text),
    }
}
