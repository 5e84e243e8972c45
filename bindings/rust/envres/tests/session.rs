// SPDX-License-Identifier: MIT
//! What a session does, group by group: that each call reaches the library with what it was given.

mod common;

use common::*;
use envres::*;

#[test]
fn store_on_disk() {
    let folder = Folder::new();
    let path = folder.join("app.envres");
    let options = StoreOptions::new().workspace("acme").owner("ann");
    let store = options.create(&path, &owner()).unwrap();
    let session = store.session(&owner(), Some("acme")).unwrap();
    assert_eq!(session.info().unwrap()["principal"], "ann");
    session.variables().put("development", "A", "1", &CHANGE()).unwrap();
    store.backup(folder.join("copy.envres")).unwrap();
    assert_eq!(store.info().unwrap()["library"], version());
    fails(Store::create(&path, &owner()), Code::STORE_EXISTS);
    session.close();
    store.close();
    for name in ["app.envres", "copy.envres"] {
        let store = StoreOptions::new().read_only(true).open(folder.join(name)).unwrap();
        let session = store.session(&owner(), None).unwrap();
        assert_eq!(session.scope("development").unwrap().get("A").unwrap(), "1");
        assert!(store.verify(Some(&session)).unwrap().is_empty());
        assert!(store.verify(None).unwrap().is_empty());
        let put = session.variables().put("development", "A", "2", &CHANGE());
        fails(put, Code::READ_ONLY);
    }
    fails(Store::open(folder.join("nothing.envres")), Code::NO_STORE);
    fails(StoreOptions::new().workspace("a\0b").create_in_memory(&owner()), Code::INVALID);
}

#[test]
fn poll_sees_another_store() {
    let folder = Folder::new();
    let one = Store::create(folder.join("s"), &owner()).unwrap();
    let two = Store::open(folder.join("s")).unwrap();
    let writer = one.session(&owner(), None).unwrap();
    let reader = two.session(&owner(), None).unwrap();
    let scope = reader.scope("development").unwrap();
    assert!(!two.poll().unwrap() && reader.latest(&scope).unwrap().is_same(&scope));
    writer.variables().put("development", "A", "1", &CHANGE()).unwrap();
    assert!(two.poll().unwrap() && scope.is_stale());
    let fresh = reader.latest(&scope).unwrap();
    assert!(!fresh.is_same(&scope) && !scope.contains("A"));
    assert_eq!(fresh.get("A").unwrap(), "1");
}

#[test]
fn wrong_keys() {
    let store = store();
    fails(store.session(&key(9), None), Code::KEY);
    fails(store.session(&Credential::raw_key("short"), None), Code::KEY_FORMAT);
    fails(store.session(&owner(), Some("elsewhere")), Code::NOT_FOUND);
    fails(store.session(&owner().principal("nobody"), None), Code::KEY);
}

#[test]
fn passphrase() {
    let word = Secret::new("correct horse");
    let store = Store::in_memory(&Credential::passphrase(&word).kdf(2, 64 << 20)).unwrap();
    let same = Credential::passphrase(b"correct horse").principal("owner");
    store.session(&same, None).unwrap().close();
    fails(store.session(&Credential::passphrase("wrong horse"), None), Code::KEY);
    let most = StoreOptions::new().kdf_memory_max(8 << 20);
    let dear = Credential::passphrase("x").kdf(2, 64 << 20);
    fails(most.create_in_memory(&dear), Code::KDF_LIMIT);
}

#[test]
fn environments() {
    let session = session();
    let environments = session.environments();
    let quality = NewEnvironment {
        label: Some("Quality"),
        color: Some("#8800aa"),
        after: Some("staging"),
        off_path: false,
    };
    environments.add("qa", &quality, &CHANGE()).unwrap();
    let lab = NewEnvironment { off_path: true, ..Default::default() };
    environments.add("lab", &lab, &CHANGE()).unwrap();
    let edit = EnvironmentEdit {
        label: Some("QA"),
        protected: Some(true),
        require_reason: Some(true),
        ..Default::default()
    };
    environments.set("qa", &edit, &CHANGE()).unwrap();
    let row = environments.describe("qa").unwrap();
    assert_eq!(
        (row.label.as_str(), row.color.as_deref(), row.position, row.protected),
        ("QA", Some("#8800aa"), Some(3), true)
    );
    assert!(row.require_reason);
    let keys: Vec<String> = environments.list().unwrap().iter().map(|row| row.key).collect();
    assert_eq!(keys, ["development", "staging", "qa", "production", "lab"]);
    let variables = session.variables();
    fails(variables.put("qa", "A", "1", &Change::none()), Code::REASON);
    variables.put("lab", "A", "1", &Change::none()).unwrap();
    fails(environments.remove("lab", &CHANGE()), Code::REFERRED);
    environments.remove("lab", &CHANGE().force()).unwrap();
    fails(environments.remove("staging", &CHANGE()), Code::FIXED);
    let reveal = EnvironmentEdit {
        editors_reveal: Some(true),
        rollback_approvals: Some(true),
        ..Default::default()
    };
    environments.set("staging", &reveal, &CHANGE()).unwrap();
    let row = environments.describe("staging").unwrap();
    assert!(row.reveals && row.rollbacks);
}

#[test]
fn variables() {
    let (session, change) = (session(), CHANGE());
    let variables = session.variables();
    let put = |value: &str, expect: i64| {
        let write = Write::new(value.to_owned()).kind(Type::Number).expect(expect);
        variables.put("development", "PORT", write, &CHANGE())
    };
    let first = put("1", 0).unwrap();
    fails(put("2", 0), Code::CHANGED);
    let second = put("2", first).unwrap();
    assert_eq!(second, first + 1);
    let key = Secret::new("k");
    let many = [("HOST", Write::new("a")), ("KEY", Write::from(&key))];
    variables.put_many("development", many, &change).unwrap();
    let limits = [("LIMITS", Write::new(r#"{"a":[1]}"#).kind(Type::Json))];
    variables.put_many("staging", limits, &change).unwrap();
    assert_eq!(variables.get("development", "PORT", false).unwrap(), "2");
    fails(variables.get("development", "KEY", false), Code::SECRET_SINK);
    let shown = variables.get("development", "KEY", true).unwrap();
    assert!(shown.is_secret() && shown.reveal().unwrap() == "k");
    let rows = variables.list(None, false).unwrap();
    let of = |name: &str| rows.iter().find(|r| r.name == name && r.environment == "development");
    assert!(of("KEY").unwrap().secret && of("KEY").unwrap().value.is_none());
    assert_eq!(of("PORT").unwrap().time, Some(noon()));
    let revealed = variables.list(Some("development"), true).unwrap();
    let found = revealed.iter().find(|row| row.name == "KEY").unwrap().value.unwrap();
    assert_eq!(found.reveal().unwrap(), "k");
    let history = |name: &str| variables.history("development", name, false).unwrap().to_vec();
    let values: Vec<Text> = history("PORT").into_iter().filter_map(|row| row.value).collect();
    assert_eq!(values, ["2", "1"]);
    variables.destroy("development", "PORT", first, &change).unwrap();
    let destroyed: Vec<bool> = history("PORT").iter().map(|row| row.destroyed).collect();
    assert_eq!(destroyed, [false, true]);
    fails(variables.destroy("development", "PORT", second, &change), Code::REFERRED);
    variables.rename("HOST", "HOSTNAME", &change).unwrap();
    variables.unset("development", "HOSTNAME", &change).unwrap();
    variables.delete("KEY", &change).unwrap();
    let staging = variables.list(Some("staging"), false).unwrap();
    let names: Vec<String> = staging.iter().map(|row| row.name).collect();
    assert_eq!(names, ["HOSTNAME", "LIMITS", "PORT"]);
    variables.unset("development", "PORT", &change).unwrap();
    let made = session.restore("development", second, Some("PORT"), &change).unwrap();
    assert_eq!(made, session.scope("development").unwrap().revision());
    assert_eq!(variables.get("development", "PORT", false).unwrap(), "2");
}

#[test]
fn an_operation_is_done_once() {
    let session = session();
    let same = Change::reason("once").operation(*b"0123456789abcdef");
    let made = session.variables().put("development", "A", "1", &same).unwrap();
    assert_eq!(session.variables().put("development", "A", "1", &same).unwrap(), made);
    assert_eq!(session.variables().history("development", "A", false).unwrap().len(), 1);
}

#[test]
fn references() {
    let (session, change) = (session(), CHANGE());
    session.variables().put("development", "HOST", "a", &change).unwrap();
    let url = Write::new("//<< environment.variables.HOST >>").kind(Type::Template);
    session.variables().put("development", "URL", url, &change).unwrap();
    let rows = session.references("variable/HOST").unwrap();
    let row = rows.get(0).unwrap();
    assert_eq!(
        (rows.len(), row.from.as_str(), row.environment.as_str(), row.offset),
        (1, "variable/URL", "development", 2)
    );
    fails(session.variables().delete("HOST", &change), Code::REFERRED);
    session.variables().delete("HOST", &change.force()).unwrap();
}

#[test]
fn resources() {
    let (session, change) = (session(), CHANGE());
    let resources = session.resources();
    resources.define("crm", "postgres", &change).unwrap();
    let user = Secret::new("app");
    let fields: [(&str, Field<'_>); 5] = [
        ("host", "db".into()),
        ("port", 5433.into()),
        ("database", "crm".into()),
        ("user", (&user).into()),
        ("password", "p@".into()),
    ];
    let made = resources.configure("development", "crm", fields, None, &change).unwrap();
    let again = resources.configure("development", "crm", [("host", "x")], Some(0), &change);
    fails(again, Code::CHANGED);
    resources.fallback("staging", "crm", Some("development"), &change).unwrap();
    let crm = session.scope("development").unwrap().resource("crm").unwrap();
    assert_eq!(
        (crm.kind(), crm.environment(), crm.is_fallback()),
        ("postgres", "development", false)
    );
    assert_eq!(crm.secret_fields().collect::<Vec<_>>(), ["user", "password"]);
    assert_eq!(crm.value("port").unwrap(), Value::Integer(5433));
    assert_eq!(crm.value("user").unwrap(), Value::Secret(Secret::new("app")));
    assert_eq!(crm.redacted_url().unwrap(), "postgresql://***:***@db:5433/crm?sslmode=prefer");
    let url = crm.url().unwrap();
    assert_eq!(url.reveal().unwrap(), "postgresql://app:p%40@db:5433/crm?sslmode=prefer");
    assert!(crm.dsn().unwrap().reveal().unwrap().contains("host='db'"));
    fails(crm.get("socket_dir"), Code::NOT_SET);
    assert!(crm.names().len() == crm.len() && !crm.is_empty());
    assert!(session.scope("staging").unwrap().resource("crm").unwrap().is_fallback());
    let unset = [("port", Field::unset())];
    resources.configure("development", "crm", unset, Some(made), &change).unwrap();
    let changed = session.scope("development").unwrap().resource("crm").unwrap();
    assert_eq!(changed.get("port").unwrap(), "5432");
    assert_ne!(changed.cache_key(), crm.cache_key());
    assert_eq!(resources.history("development", "crm", false).unwrap().len(), 6);
    let sealed = [("host", Field::new("db").secret())];
    resources.configure("production", "crm", sealed, None, &change).unwrap();
    let configured: Vec<bool> =
        resources.list().unwrap().iter().map(|row| row.configured).collect();
    assert_eq!(configured, [true, false, true]);
    fails(session.scope("production").unwrap().resource("crm"), Code::FIELD);
    fails(crm.get("hostt"), Code::FIELD);
    resources.fallback("staging", "crm", None, &change).unwrap();
    fails(session.scope("staging").unwrap().resource("crm"), Code::NOT_CONFIGURED);
    resources.remove("crm", &change.force()).unwrap();
    assert!(resources.list().unwrap().is_empty());
}

#[test]
fn apps_and_releases() {
    let (session, change) = (session(), CHANGE());
    let (versions, parts, releases) = (session.versions(), session.parts(), session.releases());
    let pin = AppOptions { pin_config: Some(true), ..Default::default() };
    session.apps().create("shop", &pin, &change).unwrap();
    let draft = versions.describe("shop", "v1").unwrap();
    let home = PartWrite::new("pages/home.json", r#"{"host": "<< environment.name >>"}"#).public();
    let content =
        parts.put("shop", None, &[home, PartWrite::new("old.txt", "old")], &change).unwrap();
    assert_eq!(content, versions.describe("shop", "v1").unwrap().content);
    assert_ne!(content, draft.content);
    parts.put("shop", Some("v1"), &[PartWrite::remove("old.txt")], &change).unwrap();
    let absent = [PartWrite::new("pages/home.json", "").absent()];
    fails(parts.put("shop", Some("v1"), &absent, &change), Code::CHANGED);
    let wrong = [PartWrite::new("pages/home.json", "").expect("no digest")];
    fails(parts.put("shop", Some("v1"), &wrong, &change), Code::INVALID);
    let listed = parts.list("shop", Some("v1")).unwrap();
    let part = listed.get(0).unwrap();
    let bytes = parts.get("shop", Some("v1"), "pages/home.json").unwrap();
    assert!(listed.len() == 1 && part.public && part.digest == part_digest(bytes).unwrap());
    let same = [PartWrite::new("pages/home.json", r#"{"host": "<< environment.name >>"}"#)
        .public()
        .expect(&part.digest)];
    parts.put("shop", Some("v1"), &same, &change).unwrap();
    let edits = parts.history("shop", Some("v1"), Some("old.txt")).unwrap().to_vec();
    assert_eq!(edits.iter().map(|e| e.action.as_str()).collect::<Vec<_>>(), ["remove", "put"]);
    parts.restore("shop", Some("v1"), "old.txt", edits[1].number, &change).unwrap();
    let moved = versions.promote("shop", "v1", &Promotion::new("staging", &draft), &change);
    fails(moved, Code::CHANGED);
    assert!(versions.check("shop", Some("v1"), "staging").unwrap().is_empty());
    let seen = ready(&session, "shop", "v1", "production");
    let wrong = Release::new(Tag::Exact("1.0.0"), &seen, 7);
    fails(releases.create("shop", "v1", &wrong, &change), Code::CHANGED);
    let first = released(&session, "shop", "v1", "v1.0.0").unwrap();
    assert_eq!(
        (first.tag.as_str(), first.sequence, first.live, first.pin.as_str()),
        ("1.0.0", 1, true, "config")
    );
    let next = NewVersion { description: Some("next"), base: Some("v1"), ..Default::default() };
    let v2 = versions.create("shop", &next, &change).unwrap();
    assert!(v2.parent.as_deref() == Some("v1") && versions.last("shop").unwrap().is_none());
    parts.put("shop", Some(&v2.name), &[PartWrite::new("new.txt", "new")], &change).unwrap();
    let diff = versions.diff("shop", "v1", "v2", true).unwrap();
    assert_eq!(diff.iter().map(|d| d.change).collect::<Vec<_>>(), ["added"]);
    assert!(diff.get(0).unwrap().text.unwrap().contains("+new"));
    let seen = ready(&session, "shop", "v2", "production");
    let minor = Release::new(Tag::Next(Bump::Minor), &seen, 1).notes("more");
    let (record, _) = releases.create("shop", "v2", &minor.dry_run(), &change).unwrap();
    assert_eq!(record.tag, "1.1.0");
    let (record, _) = releases.create("shop", "v2", &minor, &change).unwrap();
    assert_eq!((record.tag.as_str(), record.notes.as_str()), ("1.1.0", "more"));
    serving(&session);
    let scope = session.scope_with("production", &of_shop(None)).unwrap();
    let back = Rollback::new(2);
    let (tried, _) = releases.rollback("shop", &back.dry_run(), &change).unwrap();
    assert_eq!(tried.version, "v1");
    let (record, findings) = releases.rollback("shop", &back, &change).unwrap();
    assert_eq!(
        (record.kind.as_str(), record.version.as_str(), record.target),
        ("rollback", "v1", Some(1))
    );
    assert!(findings.is_empty());
    assert_eq!(session.latest(&scope).unwrap().version(), "v1");
    assert_eq!(session.scope_with("production", &of_shop(Some("1.1.0"))).unwrap().version(), "v2");
    let unchecked = Rollback::new(3).to("1.1.0").unchecked();
    assert!(releases.rollback("shop", &unchecked, &change).unwrap().1.is_empty());
    let gone = releases.withdraw("shop", 4, &change).unwrap();
    assert!(gone.kind == "withdraw" && releases.list("shop").unwrap().len() == 5);
    fails(session.scope_with("production", &of_shop(None)), Code::NOTHING_LIVE);
    assert!(session.apps().describe("shop").unwrap().live_version.is_none());
    assert!(session.apps().status("shop").unwrap().iter().any(|row| row.row == "version"));
}

fn of_shop(tag: Option<&str>) -> ScopeOptions<'_> {
    ScopeOptions { app: Some("shop"), tag, ..Default::default() }
}

fn serving(session: &Session) {
    let scope = session.scope_with("production", &of_shop(None)).unwrap();
    assert_eq!(
        (scope.app(), scope.version(), scope.release(), scope.sequence()),
        ("shop", "v2", "1.1.0", 2)
    );
    let paths: Vec<&str> = scope.parts().collect();
    assert_eq!(paths, ["new.txt", "old.txt", "pages/home.json"]);
    assert_eq!(scope.part("new.txt").unwrap(), b"new");
    let public: Vec<bool> = paths.iter().map(|path| scope.part_is_public(path)).collect();
    assert_eq!(public, [false, false, true]);
    let page = scope.render_part("pages/home.json", &RenderOptions::default()).unwrap();
    assert_eq!(page, r#"{"host": "production"}"#);
    fails(scope.part("nwe.txt"), Code::NOT_FOUND);
    let plain = session.scope("production").unwrap();
    assert_eq!((plain.app(), plain.release(), plain.sequence()), ("", "", 0));
    fails(plain.part("new.txt"), Code::INVALID);
}

#[test]
fn scan() {
    let session = session();
    let token = Secret::new("tok-0123456789");
    session.variables().put("production", "TOKEN", &token, &CHANGE()).unwrap();
    let mut scan = session.scan("development").unwrap();
    assert!(scan.findings().is_empty());
    let finding = scan.text("a.txt", "x\n tok-0123456789").unwrap().get(0).unwrap();
    assert_eq!(
        (finding.severity.as_str(), finding.part.as_deref(), finding.line, finding.column),
        ("error", Some("a.txt"), Some(2), Some(2))
    );
    assert!(!finding.message.contains("tok-"));
    assert_eq!(scan.text("b.bin", b"\xff\0").unwrap().get(0).unwrap().code, "not-text");
    fails(session.scan("nowhere"), Code::NOT_FOUND);
    let moved = std::thread::spawn(move || scan.text("c", "x").unwrap().len());
    assert_eq!(moved.join().unwrap(), 0);
}

#[test]
fn audited() {
    let session = session();
    session.variables().put("development", "KEY", &Secret::new("k"), &CHANGE()).unwrap();
    let options = ScopeOptions { audited: true, ..Default::default() };
    session.scope_with("development", &options).unwrap();
    let shown = Change::reason("to a colleague");
    session.audit().reveal("development", Some("variable/KEY"), &shown).unwrap();
    let rows = session.audit().list(&AuditQuery::default()).unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.action).collect();
    assert_eq!(actions[actions.len() - 2..], ["scope.open", "secret.reveal"]);
    let two = AuditQuery { since: 1, limit: 2, ..Default::default() };
    assert_eq!(session.audit().list(&two).unwrap().get(0).unwrap().sequence, 2);
    let nobody = session.audit().reveal("development", Some("variable/NOPE"), &CHANGE());
    fails(nobody, Code::NOT_FOUND);
}

#[test]
fn versions() {
    let (session, change) = (session(), CHANGE());
    let versions = session.versions();
    session.apps().create("shop", &AppOptions::default(), &change).unwrap();
    let idea = NewVersion { name: Some("idea"), empty: true, ..Default::default() };
    versions.create("shop", &idea, &change).unwrap();
    let edit = VersionEdit { name: Some("plan"), description: Some("d") };
    versions.set("shop", "idea", &edit, &change).unwrap();
    let opened = versions.open("shop", Some("plan"), "development", &change).unwrap();
    assert_eq!(opened.description, "d");
    assert_eq!(versions.last("shop").unwrap().unwrap().version, "plan");
    let seen = versions.describe("shop", "plan").unwrap();
    versions.discard("shop", "plan", &seen, &change).unwrap();
    let names: Vec<String> =
        versions.list("shop", None, false).unwrap().iter().map(|row| row.name).collect();
    assert_eq!(names, ["v1"]);
    assert_eq!(versions.list("shop", None, true).unwrap().len(), 2);
    assert!(versions.list("shop", Some("production"), false).unwrap().is_empty());
    assert!(session.gc(&change).unwrap().bytes >= 0);
    let protect = AppOptions { protected: Some(true), ..Default::default() };
    session.apps().set("shop", &protect, &change).unwrap();
    assert!(session.apps().list().unwrap().get(0).unwrap().protected);
    session.apps().create("other", &AppOptions::default(), &change).unwrap();
    let between = versions.diff_between(("shop", "v1"), ("other", "v1"), false).unwrap();
    assert!(between.is_empty());
}

#[test]
fn principals() {
    let (store, change) = (store(), CHANGE());
    let session = store.session(&owner(), None).unwrap();
    let here = ["development", "staging"];
    session.principals().add("bob", &key(2), Some(Role::Viewer), &here, &change).unwrap();
    let bob = store.session(&key(2), None).unwrap();
    assert_eq!(bob.info().unwrap()["principal"], "bob");
    fails(bob.variables().put("development", "A", "1", &change), Code::DENIED);
    session.roles().grant("bob", Role::Editor, Some("development"), &change).unwrap();
    let acting = session.act_as("bob").unwrap();
    acting.variables().put("development", "A", "1", &Change::reason("for bob")).unwrap();
    fails(acting.variables().put("production", "A", "1", &change), Code::DENIED);
    let query = AuditQuery { environment: Some("development"), limit: 100, ..Default::default() };
    let row = session.audit().list(&query).unwrap().iter().next_back().unwrap();
    assert_eq!(
        (row.actor.as_str(), row.asserted_by.as_deref(), row.action.as_str(), row.reason.as_str()),
        ("bob", Some("owner"), "variable.put", "for bob")
    );
    session.roles().revoke("bob", Role::Editor, Some("development"), &change).unwrap();
    let roles: Vec<_> = session
        .principals()
        .list()
        .unwrap()
        .iter()
        .filter(|row| row.name == "bob")
        .map(|row| (row.role.unwrap(), row.environment.unwrap()))
        .collect();
    assert_eq!(roles.len(), 2);
    assert!(roles.iter().all(|(role, key)| role == "viewer" && here.contains(&key.as_str())));
    session.principals().rekey("bob", &key(6), &change).unwrap();
    fails(store.session(&key(2), None), Code::KEY);
    store.session(&key(6), None).unwrap().close();
    session.principals().remove("bob", &change).unwrap();
    fails(session.principals().remove("owner", &change), Code::LAST_OWNER);
    let verified = session.audit().verify().unwrap();
    assert_eq!(verified, Verified { first_bad: None, findings: Vec::new() });
    fails(session.principals().add("x", &key(7), None, &["a\0b"], &change), Code::INVALID);
}

#[test]
fn slots() {
    let (store, change) = (store(), CHANGE());
    let session = store.session(&owner(), None).unwrap();
    let ordinal = session.slots().add("safe", &key(3), &change).unwrap();
    let row = session.slots().list().unwrap().get(1).unwrap();
    assert_eq!((row.ordinal, row.label.as_str(), row.kind.as_str()), (ordinal, "safe", "key"));
    store.session(&key(3), None).unwrap().close();
    session.slots().change(ordinal, &key(4), &change).unwrap();
    fails(store.session(&key(3), None), Code::KEY);
    session.slots().remove(ordinal, &change).unwrap();
    fails(session.slots().remove(1, &change), Code::REFERRED);
}

#[test]
fn root_key() {
    let store = store();
    let root = store.session(&owner(), None).unwrap().root_key().unwrap();
    store.session(&owner().root(root), None).unwrap().close();
    fails(store.session(&owner().root([7; 32]), None), Code::ROOT);
}

#[test]
fn deposits() {
    let (store, change) = (store(), CHANGE());
    let session = store.session(&owner(), None).unwrap();
    session.principals().add("carl", &key(5), Some(Role::Depositor), &[], &change).unwrap();
    let giver = store.session(&key(5), None).unwrap();
    let one = giver.deposit("development", "TOKEN", &Secret::new("t-1"), &change).unwrap();
    let two = giver.deposit("development", "OTHER", &Secret::new("t-2"), &change).unwrap();
    let inbox = session.inbox();
    let waiting = inbox.list("development").unwrap().to_vec();
    assert!(waiting.len() == 2 && waiting.iter().all(|r| r.depositor.as_deref() == Some("carl")));
    assert!(waiting.iter().any(|row| row.id == one) && waiting.iter().any(|row| row.id == two));
    inbox.accept("development", &one, &change).unwrap();
    inbox.reject("development", &two[..8], &change).unwrap();
    let token = session.scope("development").unwrap().get("TOKEN").unwrap();
    assert_eq!(token.reveal().unwrap(), "t-1");
}

#[test]
fn rotation() {
    let session = session();
    session.variables().put("development", "KEY", &Secret::new("k"), &CHANGE()).unwrap();
    session.keys().rotate("development", &CHANGE()).unwrap();
    while session.keys().rotate_step("development").unwrap() > 0 {}
    let key = session.scope("development").unwrap().get("KEY").unwrap();
    assert_eq!(key.reveal().unwrap(), "k");
    assert!(session.keys().exposure(None).unwrap().is_empty());
}

#[test]
fn requests() {
    let (store, change) = (store(), CHANGE());
    let session = store.session(&owner(), None).unwrap();
    let requests = session.requests();
    for (number, name) in [(2, "ann"), (3, "ben")] {
        let role = Some(Role::Owner);
        session.principals().add(name, &key(number), role, &[], &change).unwrap();
    }
    let asks = |approvals| EnvironmentEdit { approvals: Some(approvals), ..Default::default() };
    session.environments().set("production", &asks(1), &change).unwrap();
    assert_eq!(session.environments().describe("production").unwrap().approvals, 1);
    let put = |value: &str| session.variables().put("production", "A", value, &CHANGE());
    let error = fails(put("1"), Code::APPROVALS);
    let request = requests.show(error.subject()).unwrap();
    assert_eq!(
        (request.action.as_str(), request.state.as_str(), request.needed),
        ("variable.put", "open", 1)
    );
    assert_eq!(request.requester, "owner");
    fails(requests.run(&request.id, &change), Code::APPROVALS);
    fails(requests.approve(&request.id, &change), Code::OWN_CHANGE);
    let ann = store.session(&key(2), None).unwrap();
    ann.requests().approve(&request.id[..8], &change).unwrap();
    assert_eq!(requests.show(&request.id).unwrap().given, "ann");
    requests.run(&request.id, &change).unwrap();
    assert_eq!(session.scope("production").unwrap().get("A").unwrap(), "1");
    fails(requests.withdraw(&request.id, &change), Code::CLOSED);
    fails(put("2"), Code::APPROVALS);
    let open = requests.list(false).unwrap().get(0).unwrap();
    requests.withdraw(&open.id, &change).unwrap();
    assert!(requests.list(false).unwrap().is_empty());
    let state = |id: &str| {
        let all = requests.list(true).unwrap();
        let found = all.iter().find(|row| row.id == id).unwrap().state;
        found
    };
    assert_eq!((state(&request.id), state(&open.id)), ("done".into(), "withdrawn".into()));
    fails(session.environments().set("staging", &asks(9), &change), Code::QUORUM);
}

#[test]
fn salvage() {
    let folder = Folder::new();
    let (path, new) = (folder.join("s"), folder.join("new"));
    let store = Store::create(&path, &owner()).unwrap();
    let session = store.session(&owner(), None).unwrap();
    session.variables().put("development", "A", "1", &CHANGE()).unwrap();
    drop((session, store));
    let report = Store::salvage(&path, &new, &owner()).unwrap();
    assert!(report.iter().all(|row| row.code.is_none()));
    assert!(report.iter().filter_map(|row| row.kept).sum::<i64>() > 5);
    let session = Store::open(&new).unwrap().session(&owner(), None).unwrap();
    assert_eq!(session.scope("development").unwrap().get("A").unwrap(), "1");
    let nothing = Store::salvage(folder.join("nothing"), folder.join("other"), &owner());
    fails(nothing, Code::NO_STORE);
}
