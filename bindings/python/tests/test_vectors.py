# SPDX-License-Identifier: MIT
"""The shared vectors of tests/vectors, through the public interface. Each test goes through all cases of
its file and compares their number with the file's own.
"""
import envres
from conftest import OWNER, raises, ready, released, vectors
from envres import Context, Role, Type

TYPES = {name.lower(): kind for name, kind in Type.__members__.items()}
CHANGE = {"reason": "vectors"}


def text_of(value):
    return value.reveal() if isinstance(value, envres.Secret) else value


def counted(count, document):
    assert count == document["count"]
    print("%d cases" % count)


# ---- templates.json ----------------------------------------------------------------------------

def fill_templates(session, environments):
    there = {row.key for row in session.environments.list()}
    for key, environment in environments.items():
        if key not in there:
            session.environments.add(key, label=environment["label"], **CHANGE)
        else:
            session.environments.set(key, label=environment["label"], **CHANGE)
        writes = [envres.Write(name, row["value"], TYPES[row["type"]], row.get("secret", False))
                  for name, row in environment.get("variables", {}).items()]
        pending = sorted(writes, key=lambda write: write.type == Type.TEMPLATE)
        session.variables.put_many(key, pending, **CHANGE)
        for handle, resource in environment.get("resources", {}).items():
            session.resources.define(handle, resource["kind"], **CHANGE)
            fields = resource["fields"]
            session.resources.configure(key, handle, {n: f["value"] for n, f in fields.items()},
                                        secret=[n for n, f in fields.items() if f.get("secret")],
                                        **CHANGE)


def source_of(case):
    if "template_hex" in case:
        return bytes.fromhex(case["template_hex"])
    return "".join(part * times for part, times in case["parts"]) if "parts" in case \
        else case["template"]


def params_of(case):
    found = {}
    for name, row in case.get("params", {}).items():
        value = envres.Secret(row["value"]) if row.get("secret") else row["value"]
        found[name] = (TYPES[row["type"]], value)
    return envres.Params(found)


def run_template(case, scope):
    context = Context[case["context"].upper()]
    template = envres.Template(source_of(case), context, strict=case.get("strict", False))
    if "references" in case:
        rows = [{"kind": r.kind, "name": r.name, "offset": r.offset, "line": r.line,
                 "column": r.column, "default": int(r.default)} | ({"hint": r.hint} if r.hint else {})
                for r in template.references()]
        assert rows == case["references"], case["name"]
    options = {"params": params_of(case), "no_secrets": case.get("no_secrets", False)}
    out = template.render(scope, **options)
    assert text_of(template.bind(scope, **options).render()) == text_of(out)
    return out


def test_templates(session):
    document = vectors("templates.json")
    fill_templates(session, document["environments"])
    for row in document["refused"]:
        with raises(row["error"][len("ENVRES_E_"):]):
            session.variables.put(row["environment"], row["variable"], row["value"],
                                  type=TYPES[row["type"]], **CHANGE)
    scopes = {key: session.scope(key) for key in document["environments"]}
    for case in document["cases"]:
        try:
            out = run_template(case, scopes[case["environment"]])
        except envres.Error as error:
            assert case.get("error") == error.name, (case["name"], error)
            for place in ("offset", "line", "column"):
                assert place not in case or getattr(error, place) == case[place], case["name"]
            continue
        assert "error" not in case, case["name"]
        assert text_of(out) == case["expect"], case["name"]
        if "secret" in case:
            assert isinstance(out, envres.Secret) == case["secret"], case["name"]
    counted(len(document["cases"]), document)


# ---- resources.json ----------------------------------------------------------------------------

def run_resource(session, case, step):
    environment = case.get("environment", "development")
    for row in case.get("variables", []):
        session.variables.put(row["environment"], row["name"], row["value"],
                              type=TYPES[row["type"]], secret=row.get("secret", False), **CHANGE)
    step("define")
    session.resources.define("it", case["kind"], **CHANGE)
    step(None)
    for key, fields in case.get("elsewhere", {}).items():
        session.resources.configure(key, "it", fields, **CHANGE)
    step("configure")
    if case["fields"] is not None:
        session.resources.configure(environment, "it", case["fields"],
                                    secret=case.get("secret", []), **CHANGE)
    step("fallback")
    if "fallback" in case:
        session.resources.fallback(environment, "it", case["fallback"], **CHANGE)
    step(None)
    scope = session.scope(environment)
    step("resolve")
    return scope.resource("it")


def given(resource, what):
    try:
        return getattr(resource, what)()
    except envres.InvalidNameError as error:
        assert error.name == "ENVRES_E_FIELD"
        return None


def check_resource(case, resource, order):
    expect = case["expect"]
    assert {name: text_of(text) for name, text in resource.items()} == expect["fields"], case["name"]
    assert sorted(resource.secret_fields()) == sorted(expect["secret_fields"]), case["name"]
    assert all(isinstance(resource[name], envres.Secret) == (name in expect["secret_fields"])
               for name in resource)
    if case["kind"] != "custom":
        assert list(resource) == [name for name in order[case["kind"]] if name in resource]
    for what in ("url", "redacted_url", "dsn"):
        out = given(resource, what)
        assert text_of(out) == expect[what], (case["name"], what)
        assert isinstance(out, envres.Secret) == expect.get(what + "_secret", False), case["name"]
    assert resource.environment == expect.get("environment", case.get("environment", "development"))
    assert resource.is_fallback == expect.get("fallback", False), case["name"]


def test_resources():
    document, order = vectors("resources.json"), {}
    for row in envres.kinds():
        order.setdefault(row.name, []).append(row.field)
    for case in document["cases"]:
        at = []
        with envres.Store.create(None, OWNER) as store, store.session(OWNER) as session:
            try:
                resource = run_resource(session, case, at.append)
            except envres.Error as error:
                expected = case["error"]
                assert (at[-1], error.name) == (expected["at"], expected["code"]), case["name"]
                assert error.subject == expected.get("subject", error.subject), case["name"]
                assert expected.get("mentions", "") in error.message + error.hint, case["name"]
                continue
            assert "error" not in case, case["name"]
            check_resource(case, resource, order)
    counted(len(document["cases"]), document)


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
