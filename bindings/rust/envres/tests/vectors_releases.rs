// SPDX-License-Identifier: MIT
//! The shared vectors of versions, tags, rights and digests, through the public interface. Each test
//! goes through all cases of its file and compares their number with the file's own.

mod common;

use common::json::Json;
use common::*;
use envres::*;

fn shop(session: &Session) {
    session.apps().create("shop", &AppOptions::default(), &CHANGE()).unwrap();
}

fn create(session: &Session, name: &str) {
    let new = NewVersion { name: Some(name), ..Default::default() };
    session.versions().create("shop", &new, &CHANGE()).unwrap();
}

fn live(session: &Session) -> i64 {
    session.apps().describe("shop").unwrap().live_sequence.unwrap_or(0)
}

fn it(session: &Session) -> VersionRow {
    session.versions().describe("shop", "it").unwrap()
}

fn relaxed() -> Session {
    let store = StoreOptions::new().relaxed(true).create_in_memory(&owner()).unwrap();
    store.session(&owner(), None).unwrap()
}

// ---- machine.json -------------------------------------------------------------------------------

fn bring(session: &Session, state: &str, withdrawn: bool) {
    shop(session);
    create(session, "other");
    ready(session, "shop", "other", "production");
    create(session, "it");
    match state {
        "staged" => drop(ready(session, "shop", "it", "staging")),
        "ready" | "live" | "retired" => drop(ready(session, "shop", "it", "production")),
        _ => (),
    }
    if state == "live" || state == "retired" {
        released(session, "shop", "it", "1.0.0").unwrap();
    }
    if state == "retired" && withdrawn {
        session.releases().withdraw("shop", live(session), &CHANGE()).unwrap();
    } else if state == "retired" {
        released(session, "shop", "other", "1.1.0").unwrap();
    }
    if state == "discarded" {
        session.versions().discard("shop", "it", &it(session), &CHANGE()).unwrap();
    }
    assert_eq!(it(session).state, state);
}

fn happen(session: &Session, event: &str) -> Result<()> {
    let (seen, change) = (it(session), CHANGE());
    match event {
        "edit" => {
            let more = [PartWrite::new("more.txt", "more")];
            session.parts().put("shop", Some("it"), &more, &change).map(drop)
        }
        "promote" => {
            let to = if seen.stage == "development" { "staging" } else { "production" };
            let promotion = Promotion::new(to, &seen);
            session.versions().promote("shop", "it", &promotion, &change).map(drop)
        }
        "release" => released(session, "shop", "it", "3.0.0").map(drop),
        "rollback" => {
            let rollback = Rollback::new(live(session)).version("it");
            session.releases().rollback("shop", &rollback, &change).map(drop)
        }
        "supersede" => {
            let mut name = "other";
            if session.versions().describe("shop", "other")?.state != "ready" {
                name = "third";
                create(session, name);
                ready(session, "shop", name, "production");
            }
            released(session, "shop", name, "2.0.0").map(drop)
        }
        "withdraw" => session.releases().withdraw("shop", live(session), &change).map(drop),
        "discard" => session.versions().discard("shop", "it", &seen, &change),
        other => panic!("no event '{other}'"),
    }
}

fn run_machine(case: &Json, withdrawn: bool) {
    let (session, event) = (relaxed(), case["event"].str());
    bring(&session, case["state"].str(), withdrawn);
    let before = it(&session);
    let failed = happen(&session, event).err().map(|error| error.name());
    let after = it(&session);
    assert_eq!(failed, case.text("error"), "{case:?}");
    if failed.is_some() || case.flag("apart") {
        assert_eq!(after.state, before.state, "{case:?}");
    } else {
        let at_end = event == "promote" && after.stage == "production";
        assert_eq!(after.state, case[if at_end { "last" } else { "next" }].str(), "{case:?}");
    }
}

#[test]
fn machine() {
    let document = vectors("machine.json");
    for case in document["cases"].items() {
        run_machine(case, true);
        if case["state"].str() == "retired" && case["event"].str() != "withdraw" {
            run_machine(case, false);
        }
    }
    counted(document["cases"].items().len(), &document);
}

// ---- semver.json --------------------------------------------------------------------------------

/// A release with this tag, and the tag it gets; nothing is changed.
fn try_tag(session: &Session, tag: Tag<'_>) -> Result<String> {
    let seen = session.versions().describe("shop", "v1")?;
    let release = Release::new(tag, &seen, live(session)).dry_run();
    Ok(session.releases().create("shop", "v1", &release, &CHANGE())?.0.tag)
}

/// Tags of one precedence take each other's place; those of another do not.
fn run_chain(chain: &[Json]) {
    let session = relaxed();
    shop(&session);
    ready(&session, "shop", "v1", "production");
    for (number, step) in chain.iter().enumerate() {
        let step = match step {
            Json::Array(_) => step.strings(),
            one => vec![one.str()],
        };
        let version = format!("s{number}");
        create(&session, &version);
        ready(&session, "shop", &version, "production");
        released(&session, "shop", &version, step[0]).unwrap();
        for same in step {
            fails(try_tag(&session, Tag::Exact(same)), Code::TAG_TAKEN);
        }
    }
}

fn run_next(case: &Json) {
    let session = relaxed();
    shop(&session);
    ready(&session, "shop", "v1", "production");
    if let Some(from) = case.text("from") {
        create(&session, "first");
        ready(&session, "shop", "first", "production");
        released(&session, "shop", "first", from).unwrap();
    }
    let bump = *Bump::ALL.iter().find(|bump| bump.name() == case["bump"].str()).unwrap();
    match try_tag(&session, Tag::Next(bump)) {
        Err(error) => assert_eq!(Some(error.name()), case.text("error")),
        Ok(tag) => assert_eq!(tag, case["to"].str()),
    }
}

#[test]
fn semver() {
    let (document, session) = (vectors("semver.json"), session());
    shop(&session);
    ready(&session, "shop", "v1", "production");
    for case in document["valid"].items() {
        let text = case["text"].str();
        let tag = try_tag(&session, Tag::Exact(text)).unwrap();
        assert_eq!(tag, text.trim_start_matches('v'));
    }
    for (list, code) in [("invalid", Code::TAG), ("limit", Code::LIMIT)] {
        for case in document[list].items() {
            let error = fails(try_tag(&session, Tag::Exact(case["text"].str())), code);
            assert_eq!(error.offset().map(|at| at as i64), Some(case["offset"].int()), "{case:?}");
            let told = format!("{} {}", error.message(), error.hint());
            assert!(told.contains(case.text("mentions").unwrap_or("")), "{case:?}: {told}");
        }
    }
    document["precedence"].items().iter().for_each(|chain| run_chain(chain["chain"].items()));
    document["next"].items().iter().for_each(run_next);
    let lists = ["valid", "limit", "invalid", "precedence", "next"];
    counted(lists.iter().map(|list| document[list].items().len()).sum(), &document);
}

// ---- rights.json --------------------------------------------------------------------------------

/// Whether the principal may; none for what is more than one call: tests/unit/test_policy.c asks
/// those, cell for cell.
fn may(session: &Session, action: &str, key: &str) -> Option<bool> {
    let variables = session.variables();
    let done = match action {
        "see names" => variables.list(Some(key), false).map(drop),
        "read values" => variables.get(key, "PLAIN", false).map(drop),
        "use secrets" => session.scope(key).and_then(|scope| scope.get("SECRET")).map(drop),
        "reveal secrets" => variables.get(key, "SECRET", true).map(drop),
        "change values" => variables.put(key, "PLAIN", "2", &CHANGE()).map(drop),
        "read the audit" => {
            let query = AuditQuery { environment: Some(key), ..Default::default() };
            session.audit().list(&query).map(drop)
        }
        _ => return None,
    };
    if let Err(error) = &done {
        assert_eq!(error.code(), Code::DENIED, "{action}: {error}");
    }
    Some(done.is_ok())
}

#[test]
fn rights() {
    let (document, store) = (vectors("rights.json"), store());
    let session = store.session(&owner(), None).unwrap();
    let places = [("plain", "development"), ("protected", "production")];
    for (_, key) in places {
        session.variables().put(key, "PLAIN", "1", &CHANGE()).unwrap();
        session.variables().put(key, "SECRET", &Secret::new("2"), &CHANGE()).unwrap();
    }
    let (mut cells, mut asked) = (0, 0);
    for (number, role) in Role::ALL.iter().enumerate() {
        let (name, credential) = (format!("the {}", role.name()), key(number as u8 + 2));
        session.principals().add(&name, &credential, Some(*role), &[], &CHANGE()).unwrap();
        let acting = store.session(&credential.principal(&name), None).unwrap();
        for row in document["rights"].items() {
            for (place, key) in places {
                cells += 1;
                let (action, verdict) = (row["action"].str(), row[place][role.name()].str());
                if let Some(allowed) = may(&acting, action, key) {
                    asked += 1;
                    let expected = verdict == "allow" || verdict == "quorum";
                    assert_eq!(allowed, expected, "{action} by {} in {key}", role.name());
                }
            }
        }
    }
    assert_eq!(asked, 6 * Role::ALL.len() * 2);
    counted(cells, &document);
}

// ---- digests.json -------------------------------------------------------------------------------

fn data_of(data: &Json) -> Vec<u8> {
    if let Json::Array(pairs) = data {
        let text = |pair: &Json| pair.items()[0].str().repeat(pair.items()[1].int() as usize);
        return pairs.iter().map(text).collect::<String>().into_bytes();
    }
    let hex = data["hex"].str();
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[test]
fn digests() {
    let (document, session) = (vectors("digests.json"), session());
    for case in document["parts"].items() {
        assert_eq!(part_digest(data_of(&case["data"])).unwrap(), case["digest"].str());
    }
    for case in document["versions"].items() {
        let app = case["name"].str();
        session.apps().create(app, &AppOptions::default(), &CHANGE()).unwrap();
        let mut said = session.versions().describe(app, "v1").unwrap().content;
        for part in case["parts"].items() {
            let data = data_of(&part["data"]);
            let mut write = PartWrite::new(part["path"].str(), &data);
            if part.flag("public") {
                write = write.public();
            }
            said = session.parts().put(app, None, &[write], &CHANGE()).unwrap();
        }
        assert_eq!(said, case["content"].str(), "{app}");
        assert_eq!(session.versions().describe(app, "v1").unwrap().content, said);
    }
    let lists = ["parts", "versions"];
    counted(lists.iter().map(|list| document[list].items().len()).sum(), &document);
}
