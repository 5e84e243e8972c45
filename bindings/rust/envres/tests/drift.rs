// SPDX-License-Identifier: MIT
//! Everything public in C is there in Rust: bindings/api.json against the source of the crate.

mod common;

use common::json::Json;
use common::*;
use envres::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What has no method, and why.
const UNBOUND: &[(&str, &str)] = &[
    ("envres_error_set_position", "a probe has no text of the caller's"),
    ("envres_status_name", "Code has them all; codes() walks the library's own"),
    ("envres_status_count", "likewise"),
    ("envres_status_at", "likewise"),
    ("envres_value_redacted", "Secret::redacted() does it from the ranges"),
    ("envres_type_name", "Type::name()"),
    ("envres_role_name", "Role::name()"),
];

/// Fields that nobody sets, and why.
const UNSET: &[(&str, &str, &str)] = &[
    ("envres_store_options", "allocator", "code of the host for every allocation, under a lock"),
    ("envres_template_options", "allocator", "likewise"),
    ("envres_redactor_options", "allocator", "likewise"),
];

/// Constants that nobody uses, and why.
const UNUSED: &[(&str, &str)] = &[
    ("ENVRES_QUERY_TEXTS", "how many there are; each has a method"),
    ("ENVRES_TEMPLATE_BORROW", "a template would have a lifetime; the text is copied"),
    ("ENVRES_CELL_INTEGER", "columns have their types"),
    ("ENVRES_CELL_TEXT", "likewise"),
];

fn api() -> Json {
    Json::parse(&read("bindings/api.json"))
}

/// The sources of the crate, without comments.
fn source() -> String {
    let mut all = String::new();
    for entry in fs::read_dir(tree().join("bindings/rust/envres/src")).unwrap() {
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            all.push_str(line.split("//").next().unwrap());
            all.push('\n');
        }
    }
    all
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Names that stand behind `sys::`.
fn used(source: &str) -> BTreeSet<&str> {
    source
        .split("sys::")
        .skip(1)
        .map(|rest| &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())])
        .collect()
}

#[test]
fn it_reads() {
    let found =
        Json::parse(r#" {"a": [1, -2.5e3, "\u00e9\ud83d\ude00\n\\"], "b": {}, "c": null} "#);
    assert_eq!(found["a"].items()[0].int(), 1);
    assert_eq!(found["a"].items()[1], Json::Number("-2.5e3".into()));
    assert_eq!(found["a"].items()[2].str(), "é😀\n\\");
    assert!(found["b"].members().is_empty() && found.text("c").is_none());
}

#[test]
fn every_function_is_called() {
    let (api, source) = (api(), source());
    let called: BTreeSet<&str> = used(&source)
        .into_iter()
        .filter(|name| source.contains(&format!("sys::{name}(")))
        .collect();
    let functions = api["functions"].items();
    let unbound: BTreeSet<&str> = UNBOUND.iter().map(|row| row.0).collect();
    let missing: Vec<&str> = functions
        .iter()
        .filter(|function| function.flag("exported"))
        .map(|function| function["name"].str())
        .filter(|name| !called.contains(name) && !unbound.contains(name))
        .collect();
    assert!(missing.is_empty(), "without a method; see UNBOUND: {missing:?}");
    assert!(called.len() > 150);
    for name in unbound {
        assert!(!called.contains(name), "{name} is called");
        assert!(functions.iter().any(|function| function["name"].str() == name), "{name}");
    }
}

/// Fields of each struct that some literal `sys::NAME { field: ..., }` sets.
fn set_fields(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, prefix) in source.match_indices("sys::") {
        let rest = &source[at + prefix.len()..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let body = match rest[end..].strip_prefix(" {") {
            Some(body) => body,
            None => continue,
        };
        let (mut depth, mut word) = (1, String::new());
        let fields = found.entry(rest[..end].to_owned()).or_default();
        for c in body.chars() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth -= 1,
                _ => (),
            }
            if depth == 0 {
                break;
            }
            if is_word(c) {
                word.push(c);
                continue;
            }
            // `field:`, or `field,` with a value of the same name; `r#` before it is no word.
            if depth == 1 && (c == ':' || c == ',') && !word.is_empty() {
                fields.insert(std::mem::take(&mut word));
            }
            word.clear();
        }
    }
    found
}

#[test]
fn every_field_is_set() {
    let (api, source) = (api(), source());
    let set = set_fields(&source);
    for one in api["structs"].items() {
        let name = one["name"].str();
        if name == "envres_allocator" {
            continue;
        }
        let fields = set.get(name).unwrap_or_else(|| panic!("nobody makes a {name}"));
        for field in one["fields"].items() {
            let (field, doc) = (field["name"].str(), field["doc"].str());
            let without = field == "flags" && !doc.contains("ENVRES_");
            let unset = UNSET.iter().any(|row| (row.0, row.1) == (name, field));
            if field == "size" || field == "reserved" || without || unset {
                continue;
            }
            assert!(fields.contains(field), "{name}.{field} is not set: {fields:?}");
        }
    }
}

/// Variants by the name of their constant.
fn variants() -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    macro_rules! all {
        ($($type:ident $prefix:literal),*) => {$(
            for one in $type::ALL {
                let name = format!("{one:?}").to_uppercase();
                found.insert(format!("ENVRES_{}_{name}", $prefix), *one as i64);
            }
        )*};
    }
    all!(Role "ROLE", Bump "BUMP", Context "CONTEXT", Dialect "DIALECT", Style "STYLE", Type "TYPE");
    found
}

#[test]
fn every_constant_is_used() {
    let (api, source, variants) = (api(), source(), variants());
    let used = used(&source);
    for group in api["constants"].items() {
        if group["header"].str() == "testing.h" {
            continue;
        }
        for one in group["constants"].items() {
            let name = one["name"].str();
            match variants.get(name) {
                Some(value) => assert_eq!(*value, one["value"].int(), "{name}"),
                None => {
                    let excused = UNUSED.iter().any(|row| row.0 == name);
                    assert!(used.contains(name) != excused, "{name} is used: {}", !excused);
                }
            }
        }
    }
}

#[test]
fn every_list_has_a_row() {
    macro_rules! columns {
        ($($row:ident),* $(,)?) => {
            [$((stringify!($row), $row::COLUMNS.len())),*].into_iter().collect()
        };
    }
    let rows: BTreeMap<&str, usize> = columns![
        AppRow,
        AuditRow,
        DiffRow,
        EditRow,
        EnvironmentRow,
        ExplainRow,
        ExposureRow,
        FindingRow,
        GcRow,
        HistoryRow,
        InboxRow,
        InfoRow,
        KindRow,
        LastRow,
        PartRow,
        PrincipalRow,
        QueryHistoryRow,
        QueryListRow,
        QueryParamRow,
        QueryPinRow,
        ReferenceRow,
        RefusedRow,
        ReleaseRow,
        RequestRow,
        ResourceRow,
        SalvageRow,
        SessionRow,
        SlotRow,
        StatusRow,
        TagRow,
        VariableRow,
        VerifyRow,
        VersionRow,
    ];
    let api = api();
    for table in api["lists"].items() {
        let name: String = table["name"]
            .str()
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .chain(["Row".to_owned()])
            .collect();
        assert_eq!(rows.get(name.as_str()), Some(&table["columns"].items().len()), "{name}");
    }
    assert_eq!(rows.len(), api["lists"].items().len());
}

#[test]
fn codes() {
    let api = api();
    let said: BTreeMap<&str, i64> =
        api["errors"].items().iter().map(|row| (row["name"].str(), row["value"].int())).collect();
    let ours: BTreeMap<&str, i64> =
        Code::all().map(|code| (code.name(), i64::from(code.number()))).collect();
    assert_eq!(ours, said);
    for row in api["errors"].items() {
        let code = Code::all().find(|code| code.name() == row["name"].str()).unwrap();
        let family = format!("{:?}", code.kind()).to_lowercase();
        let expected = row["family"].str().replace('_', "").replace("ok", "other");
        assert_eq!(family, expected, "{code:?}");
    }
}
