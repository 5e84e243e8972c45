# SPDX-License-Identifier: MIT
"""What a session does, group by group: that each call reaches the library with what it was given."""
from datetime import datetime, timezone

import pytest

import envres
from conftest import KEY, OWNER, raises, ready, released
from envres import Role, Secret, Type

NOON = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)


def test_store_on_disk(tmp_path):
    path = tmp_path / "app.envres"
    with envres.Store.create(path, OWNER, workspace="acme", owner_name="ann") as store:
        with store.session(OWNER, "acme") as session:
            assert session.info()["principal"] == "ann"
            session.variables.put("development", "A", "1")
        store.backup(tmp_path / "copy.envres")
        assert store.info()["library"] == envres.version()
        with raises("STORE_EXISTS"):
            envres.Store.create(path, OWNER)
    for name in ("app.envres", "copy.envres"):
        with envres.Store.open(str(tmp_path / name), read_only=True) as store:
            with store.session(OWNER) as session:
                assert session.scope("development")["A"] == "1"
                assert list(store.verify(session)) == []
                with raises("READ_ONLY"):
                    session.variables.put("development", "A", "2")
    with raises("NO_STORE"):
        envres.Store.open(tmp_path / "nothing.envres")


def test_poll_sees_another_store(tmp_path):
    with envres.Store.create(tmp_path / "s", OWNER) as one, \
            envres.Store.open(tmp_path / "s") as two:
        with one.session(OWNER) as writer, two.session(OWNER) as reader:
            scope = reader.scope("development")
            assert not two.poll() and reader.latest(scope) is scope
            writer.variables.put("development", "A", "1")
            assert two.poll() and scope.is_stale
            fresh = reader.latest(scope)
            assert fresh is not scope and fresh["A"] == "1" and "A" not in scope


def test_wrong_keys(store):
    with raises("KEY"):
        store.session(envres.Credential.raw_key(bytes([9]) * 32))
    with raises("KEY_FORMAT"):
        store.session(envres.Credential.raw_key(b"short"))
    with raises("NOT_FOUND"):
        store.session(OWNER, "elsewhere")


def test_passphrase():
    word = Secret("correct horse")
    small = {"kdf_passes": 2, "kdf_memory": 64 << 20}
    with envres.Store.create(None, envres.Credential.passphrase(word, **small)) as store:
        store.session(envres.Credential.passphrase(b"correct horse", principal="owner")).close()
        with raises("KEY"):
            store.session(envres.Credential.passphrase("wrong horse"))


def test_environments(session):
    session.environments.add("qa", label="Quality", color="#8800aa", after="staging")
    session.environments.add("lab", off_path=True)
    session.environments.set("qa", label="QA", protected=True, require_reason=True)
    row = session.environments.describe("qa")
    assert (row.label, row.color, row.position, row.protected, row.require_reason) == \
        ("QA", "#8800aa", 3, True, True)
    assert [r.key for r in session.environments.list()] == \
        ["development", "staging", "qa", "production", "lab"]
    with raises("REASON"):
        session.variables.put("qa", "A", "1")
    session.variables.put("lab", "A", "1")
    with raises("REFERRED"):
        session.environments.remove("lab")
    session.environments.remove("lab", force=True)
    with raises("FIXED"):
        session.environments.remove("staging")


def test_variables(session):
    first = session.variables.put("development", "PORT", "1", type=Type.NUMBER, expect=0)
    with raises("CHANGED"):
        session.variables.put("development", "PORT", "2", expect=0)
    second = session.variables.put("development", "PORT", "2", expect=first)
    assert second == first + 1
    session.variables.put_many("development", {"HOST": "a", "KEY": Secret("k")}, reason="many")
    session.variables.put_many("staging", [envres.Write("LIMITS", '{"a":[1]}', Type.JSON)])
    assert session.variables.get("development", "PORT") == "2"
    with raises("SECRET_SINK"):
        session.variables.get("development", "KEY")
    assert session.variables.get("development", "KEY", reveal=True).reveal() == "k"
    rows = {(r.name, r.environment): r for r in session.variables.list()}
    assert rows["KEY", "development"].secret and rows["KEY", "development"].value is None
    assert rows["PORT", "development"].time == NOON
    assert [r.value for r in session.variables.history("development", "PORT")] == ["2", "1"]
    session.variables.destroy("development", "PORT", first)
    assert [r.destroyed for r in session.variables.history("development", "PORT")] == [False, True]
    with raises("REFERRED"):
        session.variables.destroy("development", "PORT", second)
    session.variables.rename("HOST", "HOSTNAME")
    session.variables.unset("development", "HOSTNAME")
    session.variables.delete("KEY")
    assert [r.name for r in session.variables.list("staging")] == ["HOSTNAME", "LIMITS", "PORT"]
    session.variables.unset("development", "PORT")
    assert session.restore("development", second, "PORT") == session.scope("development").revision
    assert session.variables.get("development", "PORT") == "2"


def test_an_operation_is_done_once(session):
    same = {"operation": b"0123456789abcdef", "reason": "once"}
    made = session.variables.put("development", "A", "1", **same)
    assert session.variables.put("development", "A", "1", **same) == made
    assert len(session.variables.history("development", "A")) == 1
    with pytest.raises(envres.UsageError):
        session.variables.put("development", "A", "2", operation=b"short")


def test_references(session):
    session.variables.put("development", "HOST", "a")
    session.variables.put("development", "URL", "//<< environment.variables.HOST >>",
                          type=Type.TEMPLATE)
    row, = session.references("variable/HOST")
    assert (row.from_, row.environment, row.offset) == ("variable/URL", "development", 2)
    with raises("REFERRED"):
        session.variables.delete("HOST")
    session.variables.delete("HOST", force=True)


def test_resources(session):
    session.resources.define("crm", "postgres")
    made = session.resources.configure(
        "development", "crm", {"host": "db", "port": 5433, "database": "crm",
                               "user": Secret("app"), "password": "p@"})
    with raises("CHANGED"):
        session.resources.configure("development", "crm", {"host": "x"}, expect=0)
    session.resources.fallback("staging", "crm", "development")
    with session.scope("development") as scope:
        crm = scope.resource("crm")
    assert crm.kind == "postgres" and crm.secret_fields() == ["user", "password"]
    assert crm.value("port") == 5433 and isinstance(crm.value("user"), Secret)
    assert crm.redacted_url() == "postgresql://***:***@db:5433/crm?sslmode=prefer"
    assert crm.url().reveal() == "postgresql://app:p%40@db:5433/crm?sslmode=prefer"
    assert "host='db'" in crm.dsn().reveal() and crm.get("socket_dir", "none") == "none"
    assert session.scope("staging").resource("crm").is_fallback
    session.resources.configure("development", "crm", {"port": None}, expect=made)
    assert session.scope("development").resource("crm")["port"] == "5432"
    assert session.scope("development").resource("crm").cache_key != crm.cache_key
    assert len(session.resources.history("development", "crm")) == 6
    assert [(r.environment, r.configured) for r in session.resources.list()] == \
        [("development", True), ("staging", False), ("production", False)]
    with raises("NOT_CONFIGURED"):
        session.scope("production").resource("crm")
    with raises("FIELD"):
        crm["hostt"]
    session.resources.fallback("staging", "crm", None)
    session.resources.remove("crm", force=True)
    assert len(session.resources.list()) == 0


def test_apps_and_releases(session):
    session.apps.create("shop", pin_config=True)
    draft = session.versions.describe("shop", "v1")
    content = session.parts.put("shop", None, [
        envres.PartWrite("pages/home.json", b'{"host": "<< environment.name >>"}', public=True),
        envres.PartWrite("old.txt", "old")])
    assert content == session.versions.describe("shop", "v1").content != draft.content
    session.parts.put("shop", "v1", {"old.txt": None})
    with raises("CHANGED"):
        session.parts.put("shop", "v1", [envres.PartWrite("pages/home.json", b"", absent=True)])
    part, = session.parts.list("shop", "v1")
    assert part.public and part.digest == envres.part_digest(session.parts.get(
        "shop", "v1", "pages/home.json"))
    edits = session.parts.history("shop", "v1", "old.txt")
    assert [e.action for e in edits] == ["remove", "put"]
    session.parts.restore("shop", "v1", "old.txt", edits[1].number)
    with raises("CHANGED"):
        session.versions.promote("shop", "v1", "staging", seen=draft)
    assert session.versions.check("shop", "v1", "staging")[:] == []
    ready(session, "shop", "v1")
    with raises("CHANGED"):
        session.releases.create("shop", "v1", "1.0.0", expect_live=7, reason="r",
                                seen=session.versions.describe("shop", "v1"))
    first = released(session, "shop", "v1", "v1.0.0")
    assert (first.tag, first.sequence, first.live, first.pin) == ("1.0.0", 1, True, "config")
    v2 = session.versions.create("shop", description="next", base="v1")
    assert v2.parent == "v1" and session.versions.last("shop") is None
    session.parts.put("shop", v2.name, {"new.txt": "new"})
    assert [d.change for d in session.versions.diff("shop", "v1", "v2", with_text=True)] == ["added"]
    ready(session, "shop", "v2")
    record, _ = session.releases.create(
        "shop", "v2", bump=envres.Bump.MINOR, expect_live=1, reason="r", notes="more",
        seen=session.versions.describe("shop", "v2"))
    assert record.tag == "1.1.0" and record.notes == "more"
    scope = session.scope("production", app="shop")
    assert (scope.app, scope.version, scope.release, scope.sequence) == ("shop", "v2", "1.1.0", 2)
    assert scope.parts() == ["new.txt", "old.txt", "pages/home.json"]
    assert scope.part("new.txt") == b"new" and [
        scope.part_is_public(path) for path in scope.parts()] == [False, False, True]
    assert scope.render_part("pages/home.json") == '{"host": "production"}'
    back, findings = session.releases.rollback("shop", expect_live=2, reason="bad")
    assert (back.kind, back.version, back.target) == ("rollback", "v1", 1) and findings == []
    assert session.latest(scope).version == "v1"
    assert session.scope("production", app="shop", tag="1.1.0").version == "v2"
    gone = session.releases.withdraw("shop", expect_live=3, reason="r")
    assert gone.kind == "withdraw" and len(session.releases.list("shop")) == 4
    with raises("NOTHING_LIVE"):
        session.scope("production", app="shop")
    assert session.apps.describe("shop").live_version is None
    assert {r.row for r in session.apps.status("shop")} >= {"version"}


def test_scan(session):
    session.variables.put("production", "TOKEN", Secret("tok-0123456789"), reason="r")
    with session.scan("development") as scan:
        assert scan.findings == []
        finding, = scan.text("a.txt", "x\n tok-0123456789")
        assert (finding.severity, finding.part, finding.line, finding.column) == \
            ("error", "a.txt", 2, 2) and "tok-" not in finding.message
        assert [f.code for f in scan.text("b.bin", b"\xff\0")] == ["not-text"]
    with raises("NOT_FOUND"):
        session.scan("nowhere")


def test_audited(session):
    session.variables.put("development", "KEY", Secret("k"))
    session.scope("development", audited=True)
    session.audit.reveal("development", "variable/KEY", reason="to a colleague")
    rows = session.audit.list()[-2:]
    assert [row.action for row in rows] == ["scope.open", "secret.reveal"]
    with raises("NOT_FOUND"):
        session.audit.reveal("development", "variable/NOPE")


def test_versions(session):
    session.apps.create("shop")
    session.versions.create("shop", "idea", empty=True)
    session.versions.set("shop", "idea", name="plan", description="d")
    assert session.versions.open("shop", "plan", "development").description == "d"
    assert session.versions.last("shop").version == "plan"
    session.versions.discard("shop", "plan", seen=session.versions.describe("shop", "plan"))
    assert [v.name for v in session.versions.list("shop")] == ["v1"]
    assert len(session.versions.list("shop", all=True)) == 2
    assert session.versions.list("shop", "production")[:] == []
    assert session.gc().bytes >= 0
    session.apps.set("shop", protected=True)
    assert [a.protected for a in session.apps.list()] == [True]


def test_principals(store, session):
    bob = envres.Credential.raw_key(bytes([2]) * 32)
    session.principals.add("bob", bob, Role.VIEWER, ["development", "staging"])
    with store.session(bob) as acting:
        assert acting.info()["principal"] == "bob"
        with raises("DENIED"):
            acting.variables.put("development", "A", "1")
    session.roles.grant("bob", Role.EDITOR, "development")
    with session.act_as("bob") as acting:
        acting.variables.put("development", "A", "1", reason="for bob")
        with raises("DENIED"):
            acting.variables.put("production", "A", "1")
    row = session.audit.list(environment="development", limit=100)[-1]
    assert (row.actor, row.asserted_by, row.action, row.reason) == \
        ("bob", "owner", "variable.put", "for bob")
    session.roles.revoke("bob", Role.EDITOR, "development")
    assert {(r.role, r.environment) for r in session.principals.list() if r.name == "bob"} == \
        {("viewer", "development"), ("viewer", "staging")}
    session.principals.remove("bob")
    with raises("LAST_OWNER"):
        session.principals.remove("owner")
    assert session.audit.verify() == envres.Verified(None, [])


def test_slots(store, session):
    other = envres.Credential.raw_key(bytes([3]) * 32)
    ordinal = session.slots.add("safe", other)
    assert [(s.ordinal, s.label, s.kind) for s in session.slots.list()][1:] == \
        [(ordinal, "safe", "key")]
    store.session(other).close()
    session.slots.change(ordinal, envres.Credential.raw_key(bytes([4]) * 32))
    with raises("KEY"):
        store.session(other)
    session.slots.remove(ordinal)
    with raises("REFERRED"):
        session.slots.remove(1)


def test_root_key(store, session):
    root = session.root_key()
    store.session(envres.Credential.raw_key(KEY, root=root)).close()
    store.session(envres.Credential.raw_key(KEY, root=root.hex())).close()
    with raises("ROOT"):
        store.session(envres.Credential.raw_key(KEY, root=bytes([7]) * 32))


def test_deposits(store, session):
    carl = envres.Credential.raw_key(bytes([5]) * 32)
    session.principals.add("carl", carl, Role.DEPOSITOR)
    with store.session(carl) as giver:
        one = giver.deposit("development", "TOKEN", Secret("t-1"))
        two = giver.deposit("development", "OTHER", Secret("t-2"))
    assert {(r.id, r.name, r.depositor) for r in session.inbox.list("development")} == \
        {(one, "TOKEN", "carl"), (two, "OTHER", "carl")}
    session.inbox.accept("development", one)
    session.inbox.reject("development", two[:8])
    assert session.scope("development")["TOKEN"].reveal() == "t-1"


def test_rotation(session):
    session.variables.put("development", "KEY", Secret("k"))
    session.keys.rotate("development", reason="yearly")
    while session.keys.rotate_step("development"):
        pass
    assert session.scope("development")["KEY"].reveal() == "k"
    assert session.keys.exposure()[:] == []


def test_requests(store, session):
    people = {}
    for number, name in enumerate(("ann", "ben"), 2):
        people[name] = envres.Credential.raw_key(bytes([number]) * 32, principal=name)
        session.principals.add(name, people[name], Role.OWNER)
    session.environments.set("production", approvals=1)
    assert session.environments.describe("production").approvals == 1
    with raises("APPROVALS") as caught:
        session.variables.put("production", "A", "1", reason="needed")
    request = session.requests.show(caught.error.subject)
    assert (request.action, request.state, request.needed, request.requester) == \
        ("variable.put", "open", 1, "owner")
    with raises("APPROVALS"):
        session.requests.run(request.id)
    with raises("OWN_CHANGE"):
        session.requests.approve(request.id)
    with store.session(people["ann"]) as ann:
        ann.requests.approve(request.id[:8])
    assert session.requests.show(request.id).given == "ann"
    session.requests.run(request.id)
    assert session.scope("production")["A"] == "1"
    with raises("CLOSED"):
        session.requests.withdraw(request.id)
    with raises("APPROVALS"):
        session.variables.put("production", "A", "2", reason="needed")
    open_, = session.requests.list()
    session.requests.withdraw(open_.id)
    assert session.requests.list()[:] == []
    # The clock stands still here: which of the two is older, nobody can say.
    assert {r.id: r.state for r in session.requests.list(all=True)} == \
        {request.id: "done", open_.id: "withdrawn"}
    with raises("QUORUM"):
        session.environments.set("staging", approvals=9)


def test_salvage(tmp_path):
    with envres.Store.create(tmp_path / "s", OWNER) as store, store.session(OWNER) as session:
        session.variables.put("development", "A", "1")
    report = envres.Store.salvage(tmp_path / "s", tmp_path / "new", OWNER)
    assert [row for row in report if row.code] == [] and sum(row.kept or 0 for row in report) > 5
    with envres.Store.open(tmp_path / "new") as store, store.session(OWNER) as session:
        assert session.scope("development")["A"] == "1"
    with raises("NO_STORE"):
        envres.Store.salvage(tmp_path / "nothing", tmp_path / "other", OWNER)
