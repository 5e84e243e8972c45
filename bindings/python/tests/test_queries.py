# SPDX-License-Identifier: MIT
"""The query library: revisions, declared parameters and their types, statements and requests."""
import copy
import gc
import json
import pickle
import sqlite3
from datetime import datetime, timezone

import pytest

import envres
from conftest import raises
from envres import QueryParam, Secret, Type

NOON = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
MARK = "s3cr3t-" + "value"


@pytest.fixture
def queries(session):
    for handle, kind in (("db", "sqlite"), ("crm", "postgres"), ("api", "rest"), ("kv", "redis")):
        session.resources.define(handle, kind)
    session.variables.put_many("development", {"REGION": "eu", "TOKEN": Secret(MARK)})
    return session.queries


def test_revisions(session, queries):
    params = [QueryParam("id", Type.INTEGER), QueryParam("note", preset="", optional=True)]
    first = "SELECT << params.id >>, << params.note >>"
    assert queries.put("find", "crm", first, params, expect=0, reason="new") == 1
    assert queries.put("find", "crm", first, params) == 1, "the same makes none"
    with raises("CHANGED"):
        queries.put("find", "crm", "SELECT 2", expect=0)
    assert queries.put("find", "db", "SELECT 2", expect=1) == 2
    with raises("CHANGED"):
        queries.put("find", "crm", "SELECT 3", expect=1)
    assert queries.restore("find", 1, reason="back") == 3
    with raises("NOT_FOUND"):
        queries.restore("find", 9)
    queries.put("all", "api", path="/users")
    assert [tuple(row) for row in queries.list()] == [
        ("all", "api", "rest", 1, 0, "owner", NOON),
        ("find", "crm", "postgres", 3, 2, "owner", NOON)]
    assert [tuple(row) for row in queries.history("find")] == [
        (3, "crm", "owner", NOON, 1), (2, "db", "owner", NOON, None),
        (1, "crm", "owner", NOON, None)]
    with queries.open("find") as query:
        assert (query.resource, query.kind, query.revision, query.source) == \
            ("crm", "postgres", 3, first)
        assert (query.method, query.path, query.headers) == ("", "", "")
        assert [tuple(row) for row in query.params()] == [
            ("id", "integer", True, None), ("note", "string", False, "")]
    assert queries.open("find", 2).source == "SELECT 2"
    with raises("NOT_FOUND") as caught:
        queries.open("fnid")
    assert "find" in caught.error.hint
    with raises("REFERRED"):
        session.resources.remove("crm")
    queries.remove("find")
    for use in (queries.open, queries.history, queries.remove):
        with raises("NOT_FOUND"):
            use("find")
    assert [row.name for row in queries.list()] == ["all"]


def test_what_cannot_be_put(queries):
    one = [QueryParam("a", Type.INTEGER)]
    for code, arguments, named in (
            ("NAME", ("1q", "crm", "SELECT 1"), {}), ("NOT_FOUND", ("q", "cms", "SELECT 1"), {}),
            ("TYPE", ("q", "kv", "GET k"), {}), ("INVALID", ("q", "crm"), {}),
            ("INVALID", ("q", "crm", "SELECT 1"), {"path": "/x"}),
            ("SQL_CONTEXT", ("q", "crm", "SELECT '<< params.a >>'", one), {}),
            ("NOT_FOUND", ("q", "crm", "SELECT << params.b >>", one), {}),
            ("NAME_TAKEN", ("q", "crm", "SELECT 1", one * 2), {}),
            ("LIMIT", ("q", "crm", "SELECT 1", one * 257), {}),
            ("TYPE", ("q", "crm", "SELECT 1", [QueryParam("a", Type.INTEGER, "x")]), {}),
            ("TYPE", ("q", "crm", "SELECT 1", [QueryParam("a", Type.TEMPLATE)]), {}),
            ("INVALID", ("q", "api"), {"path": "https://elsewhere/"}),
            ("INVALID", ("q", "api"), {"method": "FETCH", "path": "/"}),
            ("INVALID", ("q", "api"), {"headers": "[]", "path": "/"}),
            ("JSON", ("q", "api", "{"), {"path": "/"})):
        with raises(code):
            queries.put(*arguments, **named)
    assert len(queries.list()) == 0


def test_a_statement_that_sqlite_runs(session, queries):
    queries.put("find", "db", "SELECT << params.v >>, id, << environment.variables.REGION >> FROM "
                "t WHERE id IN << params.ids | list >> ORDER BY id LIMIT << params.rows >>",
                [QueryParam("v"), QueryParam("ids", Type.JSON),
                 QueryParam("rows", Type.INTEGER, "9")])
    base = sqlite3.connect(":memory:")
    base.executescript("CREATE TABLE t (id); INSERT INTO t VALUES (1), (2), (3)")
    with queries.open("find") as query, session.scope("development") as scope:
        for hostile in ("O'Neil", "'; DROP TABLE t; --", "<< params.v >>", "", "\U0001f4a9"):
            with query.render(scope, {"v": hostile, "ids": [1, 3]}) as result:
                statement = result.statement
                assert (result.method(), result.path(), result.headers(), result.body()) == \
                    (None, None, None, None)
            assert hostile == "" or hostile not in statement.text
            assert base.execute(statement.text, statement.reveal()).fetchall() == \
                [(hostile, 1, "eu"), (hostile, 3, "eu")]
        few = query.render(scope, envres.Params({"v": "x", "ids": [1, 3], "rows": 1})).statement
        assert few.types()[-1] == Type.INTEGER and few.parameters()[-1] == 1
        with raises("LIMIT"):
            query.render(scope, {"v": "x", "ids": [1]}, output_max=8)
    base.close()


def test_types_of_parameters(session, queries):
    scope = session.scope("development")
    for kind, value, options, bound in (
            (Type.STRING, "a", {}, "a"), (Type.STRING, 1, {}, None), (Type.STRING, None, {}, None),
            (Type.INTEGER, -2 ** 63, {}, -2 ** 63),
            (Type.INTEGER, str(2 ** 63), {"read_strings": True}, None),
            (Type.INTEGER, 1.5, {}, None), (Type.INTEGER, True, {}, None),
            (Type.INTEGER, "5", {}, None), (Type.INTEGER, "5", {"read_strings": True}, 5),
            (Type.INTEGER, "5; DROP", {"read_strings": True}, None),
            (Type.NUMBER, 1.5, {}, 1.5), (Type.BOOLEAN, False, {}, False),
            (Type.BOOLEAN, "yes", {"read_strings": True}, None),
            (Type.JSON, {"a": [1]}, {}, '{"a":[1]}'),
            (Type.JSON, "{", {"read_strings": True}, None),
            (Type.TIMESTAMP, NOON.isoformat(), {}, NOON.isoformat()),
            (Type.TIMESTAMP, "yesterday", {}, None)):
        queries.put("q", "crm", "SELECT << params.value >>", [QueryParam("value", kind)])
        query = queries.open("q")
        with raises("NOT_SET"):
            query.render(scope)
        if bound is None:
            with raises("TYPE") as caught:
                query.render(scope, {"value": value}, **options)
            assert caught.error.subject == "value"
        else:
            statement = query.render(scope, {"value": value}, **options).statement
            found = statement.parameters()
            assert statement.text == "SELECT $1"
            assert found == [bound] and type(found[0]) is type(bound)
        with raises("NOT_FOUND") as caught:
            query.render(scope, {"value": value, "vaule": 1})
        assert "value" in caught.error.hint


def test_a_request(session, queries):
    body, path = '{"who": "<< params.who >>"}', "/users/<< params.id >>?who=<< params.who >>"
    headers = '{"Authorization": "Bearer << environment.variables.TOKEN >>"}'
    queries.put("user", "api", body, [QueryParam("id"), QueryParam("who")], path=path,
                headers=headers)
    query, scope = queries.open("user"), session.scope("development")
    assert (query.kind, query.source, query.method, query.path, query.headers) == \
        ("rest", body, "", path, headers)
    given = {"id": "a/../b?c", "who": "O'Neil \"x\""}
    with query.render(scope, given) as result:
        assert result.statement is None
        assert result.method() == "POST"
        assert result.path() == "/users/a%2F..%2Fb%3Fc?who=O%27Neil%20%22x%22"
        assert json.loads(result.body()) == {"who": 'O\'Neil "x"'}
        secret = result.headers()
        assert isinstance(secret, Secret) and MARK not in repr(secret)
    assert json.loads(secret.reveal()) == {"Authorization": "Bearer " + MARK}
    assert MARK not in secret.redacted() and "Bearer" in secret.redacted()
    with raises("SECRET_SINK"):
        query.render(scope, given, no_secrets=True)
    with raises("INVALID"):
        query.render(scope, {"id": "..", "who": "x"})
    queries.put("ping", "api", path="/ping")
    bare = queries.open("ping").render(scope)
    assert (bare.method(), bare.path(), bare.headers(), bare.body()) == ("GET", "/ping", None, None)


def test_a_secret_parameter(session, queries):
    queries.put("login", "crm", "SELECT << params.word >>", [QueryParam("word")])
    query, scope = queries.open("login"), session.scope("development")
    statement = query.render(scope, {"word": Secret(MARK)}).statement
    assert isinstance(statement.parameters()[0], Secret) and statement.reveal() == [MARK]
    assert MARK not in statement.text


def test_use_after_close(store, session, queries):
    queries.put("find", "crm", "SELECT << params.v >>", [QueryParam("v", preset="x")])
    query, scope = queries.open("find"), session.scope("development")
    result = query.render(scope)
    statement, params = result.statement, query.params()
    session.close()
    store.close()
    with pytest.raises(envres.ClosedError):
        queries.list()
    assert query.render(scope).statement.reveal() == ["x"], "a query outlives session and store"
    for thing in (query, result, statement):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                attempt(thing)
    for handle, uses in (
            (query, (lambda: query.source, lambda: query.resource, lambda: query.kind,
                     lambda: query.revision, query.params, lambda: query.render(scope))),
            (result, (lambda: result.statement, result.method, result.path, result.headers,
                      result.body))):
        handle.close()
        handle.close()
        assert handle.closed
        for use in uses:
            with pytest.raises(envres.ClosedError):
                use()
    del query, result
    gc.collect()
    assert statement.text == "SELECT $1" and statement.reveal() == ["x"]
    assert params[0].name == "v"
    statement.close()
    with pytest.raises(envres.ClosedError):
        statement.reveal()


def test_pins(session, queries):
    def pins(version):
        with queries.pins("shop", version) as rows:
            return [tuple(row) for row in rows]

    session.apps.create("shop")
    queries.put("find", "crm", "SELECT 1")
    queries.put("list", "crm", "SELECT 'a'")
    queries.pin("shop", None, "find")
    queries.pin("shop", "v1", "list", 1, reason="as tested")
    queries.put("find", "crm", "SELECT 2")
    queries.put("list", "crm", "SELECT 'b'")
    assert pins("v1") == [("find", "crm", 2, True, 2), ("list", "crm", 1, False, 2)]
    for code, use in (
            ("NOT_FOUND", lambda: queries.pin("shop", None, "fnid")),
            ("NOT_FOUND", lambda: queries.pin("shop", None, "find", 9)),
            ("NOT_FOUND", lambda: queries.unpin("shop", None, "lost")),
            ("REFERRED", lambda: queries.remove("find"))):
        with raises(code):
            use()
    with session.scope("development", app="shop", version="v1") as scope:
        query = scope.query("find")
        with raises("NOT_FOUND") as caught:
            scope.query("fnid")
        assert "find" in caught.error.hint
    assert (query.revision, query.source) == (2, "SELECT 2"), "outlives its scope"
    query.close()
    with session.scope("development") as scope, raises("INVALID"):
        scope.query("find")
    queries.unpin("shop", None, "list")
    assert pins(None) == [("find", "crm", 2, True, 2)]
    queries.remove("find", force=True)
    assert pins("v1") == [("find", "crm", 2, True, None)]
