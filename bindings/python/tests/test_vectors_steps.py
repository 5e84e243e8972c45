# SPDX-License-Identifier: MIT
"""The shared vectors of errors and limits, through the public interface: each case is a list of steps on
a store of its own. Each test goes through all cases of its file and compares their number with the
file's own.
"""
import envres
from conftest import counted, vectors
from envres import Context, Credential, Dialect, QueryParam, Role, Type, Write

TYPES = {name.lower(): kind for name, kind in Type.__members__.items()}


def expanded(value):
    """A text that is written as [text, times] pairs, or in hex."""
    if isinstance(value, dict) and set(value) == {"hex"}:
        return bytes.fromhex(value["hex"]).decode()
    return "".join(text * times for text, times in value) if isinstance(value, list) else value


def key_of(name):
    """The raw key of a principal: its name, again and again, to 32 bytes."""
    data = name.encode()
    return (data * 32)[:32]


def credential(step):
    options = {"principal": step.get("principal"), "root": step.get("root")}
    if "passphrase" in step:
        return Credential.passphrase(step["passphrase"], kdf_passes=step.get("passes", 0),
                                     kdf_memory=step.get("memory", 0), **options)
    if "raw" in step:
        return Credential.raw_key(step["raw"].encode(), **options)
    return Credential.raw_key(key_of(step.get("key", "owner")), **options)


class Runner:
    """One store in memory, and a session for each principal that acts."""

    def __init__(self):
        self.store = envres.Store.create(None, credential({}), relaxed=True)
        self.sessions = {}

    def close(self):
        for session in self.sessions.values():
            session.close()
        self.store.close()

    def run(self, step):
        if step["do"] == "fails":
            assert fails(self, step["step"]) is not None, step
            return
        values = {name: expanded(value) if name not in ("params", "allow", "secret") else value
                  for name, value in step.items()}
        who = values.pop("as", "owner")
        if who not in self.sessions:
            self.sessions[who] = self.store.session(Credential.raw_key(key_of(who)))
        values.setdefault("environment", "development")
        self.change = {} if values.get("reason", "") is None else \
            {"reason": values.get("reason", "a test")}
        VERBS[values["do"]](self, self.sessions[who], values)

    # ---- verbs of more than one call -------------------------------------------------------------

    def scope(self, s, v):
        return s.scope(v["environment"], app=v.get("app"), version=v.get("version"),
                       tag=v.get("tag"), revision=v.get("revision", 0))

    def template(self, v):
        return envres.Template(v["template"], Context[v.get("context", "text").upper()],
                               dialect=Dialect[v["dialect"].upper()] if "dialect" in v else None,
                               strict=v.get("strict", False))

    def render(self, s, v):
        template, values = self.template(v), dict(v.get("params", {}))
        values.update(("P%d" % n, "x") for n in range(1, v.get("count", 0) + 1))
        params = envres.Params(values, v.get("allow", []))
        act = template.prepare if "dialect" in v else template.render
        with self.scope(s, v) as scope:
            act(scope, params, no_secrets=v.get("no_secrets", False),
                output_max=v.get("output_max", 0))

    def resolve(self, s, v):
        with self.scope(s, v) as scope, scope.resource(v["handle"]) as resource:
            if v.get("dsn"):
                resource.dsn()

    def read(self, s, v):
        with self.scope(s, v) as scope:
            getattr(scope, "get_" + v["kind"])(v["name"])

    def configure(self, s, v):
        fields = {name: expanded(text) for name, text in v.get("fields", {}).items()}
        fields.update(("f%d" % n, "x") for n in range(1, v.get("count", 0) + 1))
        s.resources.configure(v["environment"], v["handle"], fields, secret=v.get("secret", []),
                              **self.change)

    def query(self, s, v):
        params = [QueryParam(name, TYPES[kind]) for name, kind in v.get("params", {}).items()]
        params += [QueryParam("p%d" % n) for n in range(1, v.get("count", 0) + 1)]
        s.queries.put(v["name"], v["resource"], v["text"], params, **self.change)

    def query_render(self, s, v):
        with self.scope(s, v) as scope, s.queries.open(v["name"]) as query:
            query.render(scope, v.get("params", {}))

    def promote(self, s, v):
        seen = s.versions.describe(v["app"], v["version"])
        s.versions.promote(v["app"], v["version"], v["to"], seen=seen,
                           through=v.get("through", False), **self.change)

    def live(self, s, v):
        return s.apps.describe(v["app"]).live_sequence or 0

    def release(self, s, v):
        seen = s.versions.describe(v["app"], v["version"])
        s.releases.create(v["app"], v["version"], v["tag"], seen=seen, notes=v.get("notes"),
                          expect_live=self.live(s, v), **self.change)

    def newest(self, s):
        return list(s.requests.list(all=True))[-1].id

    def open_session(self, v):
        self.store.session(credential(v), v.get("workspace")).close()

    def create(self, v):
        envres.Store.create(v.get("path"), credential(v), owner_name=v.get("owner"),
                            workspace=v.get("workspace")).close()


def numbered(v, name, make):
    return [make("%s%d" % (v[name], n)) for n in range(1, v["count"] + 1)]


# Runner, session, values of the step.
VERBS = {
    "environment.add": lambda r, s, v: s.environments.add(
        v["key"], label=v.get("label"), color=v.get("color"), after=v.get("after"),
        off_path=v.get("off_path", False), **r.change),
    "environment.set": lambda r, s, v: s.environments.set(
        v["key"], label=v.get("label"), color=v.get("color"), approvals=v.get("approvals"),
        protected=v.get("protected"), require_reason=v.get("require_reason"), **r.change),
    "environment.remove": lambda r, s, v: s.environments.remove(v["key"], **r.change),
    "variable.put": lambda r, s, v: s.variables.put(
        v["environment"], v["name"], v["value"], type=TYPES[v.get("type", "default")],
        secret=v.get("secret"), expect=v.get("expect"), **r.change),
    "variable.put_many": lambda r, s, v: s.variables.put_many(
        v["environment"], numbered(v, "name", lambda name: Write(name, "x")), **r.change),
    "variable.get": lambda r, s, v: s.variables.get(v["environment"], v["name"],
                                                    reveal=v.get("reveal", False)),
    "variable.unset": lambda r, s, v: s.variables.unset(v["environment"], v["name"], **r.change),
    "variable.rename": lambda r, s, v: s.variables.rename(v["name"], v["to"], **r.change),
    "variable.delete": lambda r, s, v: s.variables.delete(v["name"], **r.change),
    "variable.destroy": lambda r, s, v: s.variables.destroy(v["environment"], v["name"],
                                                            v["revision"], **r.change),
    "restore": lambda r, s, v: s.restore(v["environment"], v["revision"], v.get("name"), **r.change),
    "references": lambda r, s, v: s.references(v["object"]),
    "resource.define": lambda r, s, v: s.resources.define(v["handle"], v["kind"], **r.change),
    "resource.configure": Runner.configure,
    "resource.fallback": lambda r, s, v: s.resources.fallback(v["environment"], v["handle"], v["to"],
                                                              **r.change),
    "resource.remove": lambda r, s, v: s.resources.remove(v["handle"], **r.change),
    "resolve": Runner.resolve,
    "scope": lambda r, s, v: r.scope(s, v).close(),
    "read": Runner.read,
    "parse": lambda r, s, v: r.template(v),
    "render": Runner.render,
    "query.put": Runner.query,
    "query.render": Runner.query_render,
    "app.create": lambda r, s, v: s.apps.create(v["name"], **r.change),
    "version.create": lambda r, s, v: s.versions.create(
        v["app"], v.get("name"), base=v.get("base"), description=v.get("description"), **r.change),
    "version.promote": Runner.promote,
    "version.discard": lambda r, s, v: s.versions.discard(
        v["app"], v["version"], seen=s.versions.describe(v["app"], v["version"]), **r.change),
    "part.put": lambda r, s, v: s.parts.put(v["app"], v.get("version"), {v["path"]: v["data"]},
                                            **r.change),
    "part.put_many": lambda r, s, v: s.parts.put(
        v["app"], v.get("version"), dict(numbered(v, "path", lambda path: (path, b"x"))), **r.change),
    "part.get": lambda r, s, v: s.parts.get(v["app"], v.get("version"), v["path"]),
    "release.create": Runner.release,
    "release.rollback": lambda r, s, v: s.releases.rollback(
        v["app"], to=v.get("to"), version=v.get("version"), expect_live=r.live(s, v), **r.change),
    "release.withdraw": lambda r, s, v: s.releases.withdraw(v["app"], expect_live=r.live(s, v),
                                                            **r.change),
    "principal.add": lambda r, s, v: s.principals.add(
        v["name"], credential({"key": v["name"]} if v["name"] else {}),
        Role[v["role"].upper()] if "role" in v else None, **r.change),
    "principal.remove": lambda r, s, v: s.principals.remove(v["name"], **r.change),
    "role.grant": lambda r, s, v: s.roles.grant(v["principal"], Role[v["role"].upper()], **r.change),
    "role.revoke": lambda r, s, v: s.roles.revoke(v["principal"], Role[v["role"].upper()], **r.change),
    "slot.add": lambda r, s, v: s.slots.add(v["label"], credential(v), **r.change),
    "slot.remove": lambda r, s, v: s.slots.remove(v["ordinal"], **r.change),
    "request.approve": lambda r, s, v: s.requests.approve(r.newest(s), **r.change),
    "request.withdraw": lambda r, s, v: s.requests.withdraw(r.newest(s), **r.change),
    "request.run": lambda r, s, v: s.requests.run(r.newest(s), **r.change),
    "session.open": lambda r, s, v: r.open_session(v),
    "store.create": lambda r, s, v: r.create(v),
    "store.open": lambda r, s, v: envres.Store.open(v["path"]).close(),
}


def fails(runner, step):
    try:
        runner.run(step)
    except envres.Error as error:
        return error
    return None


def check_error(case, error, canary):
    expect = case["error"]
    assert error is not None and error.name == expect["code"], (case["name"], error)
    subject = expect.get("subject", "")
    assert error.subject == subject if subject is not None else error.subject, case["name"]
    assert bool(error.hint) == expect.get("hint", False), (case["name"], error.hint)
    for place in ("offset", "line", "column"):
        assert getattr(error, place) == expect.get(place), (case["name"], place)
    assert canary not in error.message + error.hint + error.subject + str(error) + repr(error), \
        case["name"]
    assert error.message and not error.message.endswith("."), case["name"]


def test_errors():
    document = vectors("errors.json")
    for case in document["cases"]:
        runner = Runner()
        for step in case["steps"][:-1]:
            runner.run(step)
        check_error(case, fails(runner, case["steps"][-1]), document["canary"])
        runner.close()
    counted(len(document["cases"]), document)


def test_limits():
    document = vectors("limits.json")
    for case in document["cases"]:
        runner = Runner()
        for step in case.get("steps", []):
            for _ in range(step.get("times", 1)):
                runner.run(step)
        if "at" in case:
            runner.run(case["at"])
        error = fails(runner, case["over"])
        assert error is not None and error.name == case.get("code", "ENVRES_E_LIMIT"), \
            (case["name"], error)
        runner.close()
    counted(len(document["cases"]), document)
