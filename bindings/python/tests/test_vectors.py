# SPDX-License-Identifier: MIT
"""The shared vectors of templates, statements and resources, through the public interface. Each test
goes through all cases of its file and compares their number with the file's own.
"""
import envres
from conftest import CHANGE, OWNER, counted, raises, text_of, vectors
from envres import Context, Type

TYPES = {name.lower(): kind for name, kind in Type.__members__.items()}

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


# ---- sql.json ----------------------------------------------------------------------------------

def bound(row):
    """What a driver is given for a parameter, from its type and text."""
    kind, text = row["type"], row.get("value")
    if kind in ("integer", "number", "boolean"):
        return {"integer": int, "number": float, "boolean": "true".__eq__}[kind](text)
    return text


def run_statement(case, scope, at):
    style = envres.Style[case.get("style", "default").upper()]
    template = envres.Template(case["template"], Context.SQL, style=style,
                               dialect=envres.Dialect[case["dialect"].upper()])
    at.append("render")
    given = {name: (TYPES[row["type"]], envres.Secret(row["value"]) if row.get("secret") else row["value"])
             for name, row in case.get("given", {}).items()}
    with template.prepare(scope, envres.Params(given, case.get("allow", []))) as statement:
        assert statement.text == case["text"], case["name"]
        assert statement.first == case.get("first", 1), case["name"]
        assert statement.names() == [row["name"] for row in case["params"]], case["name"]
        assert [kind.name.lower() for kind in statement.types()] == \
            [row["type"] for row in case["params"]], case["name"]
        for row, value, clear in zip(case["params"], statement.parameters(), statement.reveal()):
            assert isinstance(value, envres.Secret) == row.get("secret", False), case["name"]
            assert clear == (row["value"] if row.get("secret") else bound(row)), case["name"]


def test_sql(session):
    document = vectors("sql.json")
    session.variables.put_many("development", [
        envres.Write(name, row["value"], TYPES[row["type"]], row.get("secret", False))
        for name, row in document["variables"].items()])
    scope = session.scope("development")
    for case in document["cases"]:
        at = ["parse"]
        try:
            run_statement(case, scope, at)
        except envres.Error as error:
            assert (case.get("error"), case.get("when")) == (error.name, at[-1]), (case["name"], error)
            for place in ("offset", "line", "column"):
                assert place not in case or getattr(error, place) == case[place], case["name"]
            assert case.get("mentions", "") in error.message + error.hint, case["name"]
            continue
        assert "error" not in case, case["name"]
    counted(len(document["cases"]), document)


# ---- queries.json ------------------------------------------------------------------------------

def run_query(session, case, scope, at):
    declared = [envres.QueryParam(row["name"], TYPES[row["type"]], row.get("preset"),
                                  row.get("optional", False)) for row in case.get("declared", ())]
    session.queries.put("q", case["resource"], case.get("text"), declared,
                        method=case.get("method"), path=case.get("path"),
                        headers=case.get("headers"))
    at.append("render")
    given = {name: (TYPES[row["type"]], row["value"])
             for name, row in case.get("given", {}).items()}
    with session.queries.open("q") as query, \
            query.render(scope, envres.Params(given),
                         read_strings=case.get("read_strings", False)) as result:
        if "statement" in case:
            want = case["statement"]
            assert result.statement.text == want["text"], case["name"]
            assert result.statement.names() == [row["name"] for row in want["params"]], case["name"]
            assert result.statement.reveal() == [bound(row) for row in want["params"]], case["name"]
            return
        assert result.statement is None, case["name"]
        found = {"method": result.method(), "path": result.path(), "headers": result.headers(),
                 "body": result.body()}
        assert {key: text for key, text in found.items() if text is not None} == case["request"], \
            case["name"]


def test_queries(session):
    document = vectors("queries.json")
    session.variables.put_many("development", [
        envres.Write(name, row["value"], TYPES[row["type"]])
        for name, row in document["variables"].items()])
    for handle, kind in document["resources"].items():
        session.resources.define(handle, kind)
    scope = session.scope("development")
    for case in document["cases"]:
        at = ["put"]
        try:
            run_query(session, case, scope, at)
        except envres.Error as error:
            assert (case.get("error"), case.get("when")) == (error.name, at[-1]), (case["name"], error)
            assert case.get("subject", error.subject) == error.subject, case["name"]
            continue
        assert "error" not in case, case["name"]
    counted(len(document["cases"]), document)
