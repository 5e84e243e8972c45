# SPDX-License-Identifier: MIT
"""The shared vectors of versions, tags, rights and digests, through the public interface. Each test goes through
all cases of its file and compares their number with the file's own.
"""
import envres
from conftest import CHANGE, OWNER, counted, raises, ready, released, vectors
from envres import Role


# ---- machine.json ------------------------------------------------------------------------------

def bring(session, state, withdrawn):
    session.apps.create("shop", **CHANGE)
    session.versions.create("shop", "other", **CHANGE)
    ready(session, "shop", "other")
    session.versions.create("shop", "it", **CHANGE)
    if state == "staged":
        ready(session, "shop", "it", "staging")
    if state in ("ready", "live", "retired"):
        ready(session, "shop", "it")
    if state in ("live", "retired"):
        released(session, "shop", "it", "1.0.0")
    if state == "retired" and withdrawn:
        session.releases.withdraw("shop", expect_live=live(session), **CHANGE)
    elif state == "retired":
        released(session, "shop", "other", "1.1.0")
    if state == "discarded":
        session.versions.discard("shop", "it", seen=session.versions.describe("shop", "it"), **CHANGE)
    assert session.versions.describe("shop", "it").state == state


def live(session):
    return session.apps.describe("shop").live_sequence or 0


def happen(session, event):
    it = session.versions.describe("shop", "it")
    if event == "edit":
        session.parts.put("shop", "it", {"more.txt": "more"}, **CHANGE)
    elif event == "promote":
        to = "staging" if it.stage == "development" else "production"
        session.versions.promote("shop", "it", to, seen=it, **CHANGE)
    elif event == "release":
        released(session, "shop", "it", "3.0.0")
    elif event == "rollback":
        session.releases.rollback("shop", version="it", expect_live=live(session), **CHANGE)
    elif event == "supersede":
        name = "other"
        if session.versions.describe("shop", "other").state != "ready":
            name = session.versions.create("shop", "third", **CHANGE).name
            ready(session, "shop", name)
        released(session, "shop", name, "2.0.0")
    elif event == "withdraw":
        session.releases.withdraw("shop", expect_live=live(session), **CHANGE)
    else:
        assert event == "discard"
        session.versions.discard("shop", "it", seen=it, **CHANGE)


def run_machine(case, withdrawn):
    with envres.Store.create(None, OWNER) as store, store.session(OWNER) as session:
        bring(session, case["state"], withdrawn)
        before = session.versions.describe("shop", "it")
        failed = None
        try:
            happen(session, case["event"])
        except envres.Error as error:
            failed = error.name
        after = session.versions.describe("shop", "it")
    assert failed == case.get("error"), case
    if failed or case.get("apart"):
        assert after.state == before.state, case
    else:
        at_end = case["event"] == "promote" and after.stage == "production"
        assert after.state == (case["last"] if at_end else case["next"]), case


def test_machine():
    document = vectors("machine.json")
    for case in document["cases"]:
        run_machine(case, True)
        if case["state"] == "retired" and case["event"] != "withdraw":
            run_machine(case, False)
    counted(len(document["cases"]), document)


# ---- semver.json -------------------------------------------------------------------------------

def try_tag(session, tag, bump=envres.Bump.NONE):
    """A release with this tag, and the tag it gets; nothing is changed."""
    seen = session.versions.describe("shop", "v1")
    return session.releases.create("shop", "v1", tag, bump=bump, seen=seen, dry_run=True,
                                   expect_live=live(session), **CHANGE)[0].tag


def test_semver(session):
    document, count = vectors("semver.json"), 0
    session.apps.create("shop", **CHANGE)
    ready(session, "shop", "v1")
    for case in document["valid"]:
        assert try_tag(session, case["text"]) == case["text"].lstrip("v")
    for case, code in [(c, "TAG") for c in document["invalid"]] + \
            [(c, "LIMIT") for c in document["limit"]]:
        with raises(code) as caught:
            try_tag(session, case["text"])
        assert caught.error.offset == case["offset"], case
        assert case.get("mentions", "") in caught.error.message + caught.error.hint, case
    for chain in document["precedence"]:
        run_chain(chain["chain"])
    for case in document["next"]:
        run_next(case)
    for part in ("valid", "limit", "invalid", "precedence", "next"):
        count += len(document[part])
    counted(count, document)


def run_chain(chain):
    """Tags of one precedence take each other's place; those of another do not."""
    with envres.Store.create(None, OWNER, relaxed=True) as store, store.session(OWNER) as session:
        session.apps.create("shop", **CHANGE)
        ready(session, "shop", "v1")
        for number, step in enumerate(chain):
            step = step if isinstance(step, list) else [step]
            version = "s%d" % number
            session.versions.create("shop", version, **CHANGE)
            ready(session, "shop", version)
            released(session, "shop", version, step[0])
            for same in step:
                with raises("TAG_TAKEN"):
                    try_tag(session, same)


def run_next(case):
    with envres.Store.create(None, OWNER, relaxed=True) as store, store.session(OWNER) as session:
        session.apps.create("shop", **CHANGE)
        ready(session, "shop", "v1")
        if case["from"]:
            session.versions.create("shop", "first", **CHANGE)
            ready(session, "shop", "first")
            released(session, "shop", "first", case["from"])
        bump = envres.Bump[case["bump"].upper()]
        if "error" in case:
            with raises(case["error"][len("ENVRES_E_"):]):
                try_tag(session, None, bump)
        else:
            assert try_tag(session, None, bump) == case["to"], case


# ---- rights.json -------------------------------------------------------------------------------

# The actions that are one call each, whatever stands in the store; the others are asked by
# tests/unit/test_policy.c, cell for cell.
ASKED = {
    "see names": lambda session, key: session.variables.list(key),
    "read values": lambda session, key: session.variables.get(key, "PLAIN"),
    "use secrets": lambda session, key: session.scope(key)["SECRET"],
    "reveal secrets": lambda session, key: session.variables.get(key, "SECRET", reveal=True),
    "change values": lambda session, key: session.variables.put(key, "PLAIN", "2", **CHANGE),
    "read the audit": lambda session, key: session.audit.list(environment=key),
}
VERDICTS = {"allow": True, "quorum": True, "flag": False, "deny": False}


def may(session, action, key):
    try:
        ASKED[action](session, key)
        return True
    except envres.DeniedError as error:
        assert error.name == "ENVRES_E_DENIED"
        return False


def test_rights(store, session):
    document, asked = vectors("rights.json"), 0
    places = {"plain": "development", "protected": "production"}
    for key in places.values():
        session.variables.put(key, "PLAIN", "1", **CHANGE)
        session.variables.put(key, "SECRET", envres.Secret("2"), **CHANGE)
    for number, role in enumerate(Role, 2):
        name = "the " + role.name.lower()
        credential = envres.Credential.raw_key(bytes([number]) * 32, principal=name)
        session.principals.add(name, credential, role)
        with store.session(credential) as acting:
            for row in document["rights"]:
                for where, key in places.items():
                    if row["action"] in ASKED:
                        asked += 1
                        assert may(acting, row["action"], key) == \
                            VERDICTS[row[where][role.name.lower()]], (row["action"], role, where)
    assert asked == len(ASKED) * len(Role) * 2
    counted(sum(len(row[where]) for row in document["rights"] for where in places), document)


# ---- digests.json ------------------------------------------------------------------------------

def data_of(row):
    """Bytes in hex, or as [text, times] pairs."""
    data = row["data"]
    if isinstance(data, dict):
        return bytes.fromhex(data["hex"])
    return b"".join(text.encode() * times for text, times in data)


def test_digests():
    document = vectors("digests.json")
    for case in document["parts"]:
        assert envres.part_digest(data_of(case)) == case["digest"], case["name"]
    for case in document["versions"]:
        with envres.Store.create(None, OWNER, relaxed=True) as store, \
                store.session(OWNER) as session:
            session.apps.create("it")
            for row in case["parts"]:
                content = session.parts.put("it", "v1", [
                    envres.PartWrite(row["path"], data_of(row), row["public"])])
            assert not case["parts"] or content == case["content"], case["name"]
            assert session.versions.describe("it", "v1").content == case["content"], case["name"]
    counted(len(document["parts"]) + len(document["versions"]), document)
