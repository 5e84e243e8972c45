# SPDX-License-Identifier: MIT
"""Closing, secrets, errors, callbacks, threads, forks, memory: what must hold whatever is called."""
import copy
import gc
import io
import json
import logging
import os
import pickle
import threading
import traceback

import pytest

import envres
from conftest import KEY, OWNER, raises
from envres import Secret

MARK = "s3cr3t-" + "value"


@pytest.fixture
def scope(session):
    session.variables.put_many("development", {"HOST": "db.dev", "KEY": Secret(MARK)})
    session.resources.define("crm", "postgres")
    session.resources.configure("development", "crm", {"host": "db", "database": "crm",
                                                       "user": "u", "password": Secret(MARK)})
    return session.scope("development")


# ---- closing -----------------------------------------------------------------------------------

def test_use_after_close(store, session, scope):
    template, other = envres.Template("<< environment.name >>"), session.scope("development")
    bound, crm, params = template.bind(scope), scope.resource("crm"), envres.Params({"a": 1})
    rows, secret = session.variables.list(), Secret("x")
    uses = [(rows, lambda: rows[0]), (rows, lambda: list(rows)), (crm, lambda: crm["host"]),
            (crm, crm.url), (params, lambda: template.render(other, params)), (bound, bound.render),
            (template, lambda: template.render(scope)), (template, template.references),
            (scope, lambda: scope["HOST"]), (scope, lambda: scope.expand("x")),
            (scope, lambda: scope.environment), (scope, lambda: len(scope)),
            (secret, secret.reveal), (session, lambda: session.variables.list()),
            (session, lambda: session.scope("development")), (session, session.info),
            (store, store.poll), (store, lambda: store.session(OWNER)), (store, store.__enter__)]
    for handle, use in uses:
        handle.close()
        handle.close()
        assert handle.closed
        with pytest.raises(envres.ClosedError) as caught:
            use()
        assert caught.value.code == envres.Code.INVALID
    assert other["HOST"] == "db.dev", "a scope outlives session and store"
    with pytest.raises(envres.ClosedError):
        envres.Template("x").render(scope)


def test_a_block_closes(store):
    with store.session(OWNER) as session, session.scope("development") as scope:
        assert not scope.closed
    assert scope.closed and session.closed and not store.closed


def test_neither_pickled_nor_copied(store, session, scope):
    for thing in (store, session, scope, scope.resource("crm"), envres.Template("x"), OWNER,
                  session.variables.list(), Secret("x"), envres.Params()):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                attempt(thing)


# ---- secrets -----------------------------------------------------------------------------------

def test_a_secret_shows_nowhere(session, scope):
    secret = scope["KEY"]
    shown = [repr(secret), str(secret), "%s %r" % (secret, secret), format(secret), f"{secret:>20}",
             repr({"a": [secret]}), repr(dict(scope)), repr(OWNER), repr(scope.resource("crm")),
             repr(list(session.variables.list(reveal=True))), repr(scope.resource("crm").url())]
    log = io.StringIO()
    logger = logging.getLogger("test")
    logger.addHandler(logging.StreamHandler(log))
    logger.warning("%s %r", secret, secret)
    for text in shown + [log.getvalue()]:
        assert MARK not in text
    for misuse in (json.dumps, bytes, list, hash):
        with pytest.raises(TypeError) as caught:
            misuse(secret)
        assert MARK not in str(caught.value)
    assert secret == Secret(MARK) and secret != Secret("other") and secret != MARK


def test_a_secret_is_wiped():
    secret = Secret(MARK)
    buffer = secret._bytes
    with secret.open() as view:
        assert bytes(view) == MARK.encode() and view.readonly
    assert secret.reveal() == MARK and secret.reveal_bytes() == MARK.encode()
    secret.close()
    assert buffer == bytes(len(MARK))
    for use in (secret.reveal, secret.reveal_bytes, secret.open().__enter__):
        with pytest.raises(envres.ClosedError):
            use()
    secret = Secret(MARK)
    buffer = secret._bytes
    del secret
    gc.collect()
    assert buffer == bytes(len(MARK))


def test_secrets_spread(scope):
    out = scope.expand("a << environment.variables.KEY >> b")
    assert out.reveal() == "a %s b" % MARK and out.ranges == ((2, 2 + len(MARK)),)
    assert out.redacted() == "a [redacted] b" and out.redacted("#") == "a # b"
    with raises("SECRET_SINK"):
        scope.expand("<< environment.variables.KEY >>", no_secrets=True)
    made = envres.Template("<< params.p >>").render(scope, {"p": Secret("x")})
    assert isinstance(made, Secret)
    buffer = bytearray(64)
    size = scope.get_into(scope.find("KEY"), buffer)
    assert buffer[:size] == MARK.encode()
    with raises("SECRET_SINK"):
        scope.at(scope.find("KEY"))


def test_redactor(scope):
    redactor = envres.Redactor("#")
    redactor.add_scope(scope)
    redactor.add("token", Secret("elsewhere-1"))
    redactor.add("pin", "123")
    assert [(r.name, r.reason) for r in redactor.refused()] == [("pin", "short")]
    assert redactor.text("a %s b elsewhere-1" % MARK) == "a # b #"
    assert redactor.text(b"\xff" + MARK.encode().hex().encode()) == b"\xff#"
    copy_ = redactor.copy()
    with raises("INVALID"):
        redactor.add("late", "later-secret")
    half = MARK.encode()[:6]
    given = copy_.feed(b"log " + half) + copy_.feed(MARK.encode()[6:] + b" end") + copy_.finish()
    assert given == b"log # end" and (redactor.masked, copy_.masked) == (3, 1)
    run_threads(4, lambda _: [redactor.text(MARK) for _ in range(50)])
    assert redactor.masked == 203
    with raises("LIMIT"):
        envres.Redactor("x" * 65)


def test_no_exception_holds_a_value(session, scope):
    attempts = [
        lambda: session.variables.put("development", "N", MARK, type=envres.Type.NUMBER),
        lambda: session.variables.put("development", "J", "{" + MARK, type=envres.Type.JSON),
        lambda: session.variables.put("nowhere", "J", Secret(MARK)),
        lambda: session.variables.put("development", "1J", Secret(MARK)),
        lambda: session.resources.configure("development", "crm", {"port": MARK}),
        lambda: scope.get_boolean("KEY"), lambda: scope.get_integer("KEY"),
        lambda: scope.expand("<< environment.variables.KEY | base >>"),
        lambda: envres.Params({"p": (envres.Type.NUMBER, MARK)}),
        lambda: session.variables.put("development", "A", Secret(b"\xff" + MARK.encode())),
        lambda: scope.test_resource("crm", lambda crm: int(crm.url().reveal())),
    ]
    for attempt in attempts:
        with pytest.raises(envres.Error) as caught:
            attempt()
        error = caught.value
        for text in (str(error), repr(error), error.message, error.hint, error.subject):
            assert MARK not in text, text
        kept = "".join(traceback.format_exception_only(type(error), error))
        assert MARK not in kept


# ---- errors ------------------------------------------------------------------------------------

def test_what_an_error_says(scope):
    with raises("NOT_FOUND") as caught:
        scope.expand("one\n  << environment.variables.HOTS >>")
    error = caught.error
    assert isinstance(error, envres.NotFoundError)
    assert (error.offset, error.line, error.column, error.subject) == (6, 2, 3, "HOTS")
    assert error.code == envres.Code.NOT_FOUND and "HOST" in error.hint
    assert "ENVRES_E_NOT_FOUND" in str(error) and "line 2, column 3" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and vars(again) == vars(error)
    with raises("SYNTAX") as caught:
        envres.Template("<< environment.name")
    assert isinstance(caught.error, envres.TextError)


def test_text_of_every_kind(session, scope):
    big = "x" * (1 << 20)
    for value in ("", "Zürich 😀", "a" * 1000, b"bytes", bytearray(b"array"), memoryview(b"view"), big):
        session.variables.put("development", "V", value)
        expected = value if isinstance(value, str) else bytes(value).decode()
        assert session.variables.get("development", "V") == expected
        assert session.scope("development").expand("<< environment.variables.V >>") == expected
    for bad in (b"\xff", "\ud800", "a\0b", b"\xc0\x80"):
        with raises("UTF8"):
            session.variables.put("development", "V", bad)
    with raises("LIMIT"):
        session.variables.put("development", "V", big + "x")
    for bad in ("NUL\0", "\ud800", "é", ""):
        with pytest.raises(envres.Error):
            session.variables.get("development", bad)
    with pytest.raises(TypeError):
        session.variables.put("development", "V", 5)


def test_typed_values(session):
    rows = [envres.Write("B", "true", envres.Type.BOOLEAN), envres.Write("I", "-7", envres.Type.NUMBER),
            envres.Write("D", "0.5", envres.Type.NUMBER),
            envres.Write("J", '{"a": [1, null]}', envres.Type.JSON), envres.Write("S", "7")]
    session.variables.put_many("development", rows)
    scope = session.scope("development")
    assert (scope.get_boolean("B"), scope.get_integer("I"), scope.get_double("D")) == (True, -7, 0.5)
    assert scope.get_json("J") == '{"a":[1,null]}' and scope.get_string("S") == "7"
    assert [scope.value(name) for name in "BIDJS"] == [True, -7, 0.5, {"a": [1, None]}, "7"]
    assert [scope.type(i).name for i in range(len(scope))] == \
        ["BOOLEAN", "NUMBER", "NUMBER", "JSON", "STRING"]
    assert list(scope) == sorted("BIDJS") and scope.at(scope.find("I")) == "-7"
    assert not scope.is_secret(0) and scope.get("NOPE", "d") == "d" and "NOPE" not in scope
    for wrong in (scope.get_boolean, scope.get_integer, scope.get_double, scope.get_json):
        with raises("TYPE"):
            wrong("S")
    for index in (-1, 5, 1 << 40):
        with pytest.raises(IndexError):
            scope.name(index)


def test_rendering(scope):
    template = envres.Template("<< environment.variables.HOST >>:<< params.port >>")
    assert template.render(scope, {"port": 5432}) == "db.dev:5432"
    assert template.render(scope, envres.Params({"port": "a"})) == "db.dev:a"
    buffer = bytearray(11)
    assert template.render_into(scope, buffer, {"port": True}) == 11 and buffer == b"db.dev:true"
    with raises("LIMIT"):
        template.render_into(scope, bytearray(3), {"port": 1})
    with raises("LIMIT"):
        template.render(scope, {"port": 1}, output_max=3)
    bound = template.bind(scope, {"port": 1.5})
    assert bound.render() == bound.text() == "db.dev:1.5"
    assert bound.render_into(buffer) == 10
    assert [tag.name for tag in template.references()] == ["HOST", "port"]
    whole = envres.Template('{"p": "<< params.p >>", "n": "<< params.n >>"}', envres.Context.JSON)
    assert json.loads(whole.render(scope, {"p": [1, {"a": None}], "n": None})) == \
        {"p": [1, {"a": None}], "n": None}
    long = envres.Template("x" * 5000 + "<< environment.name >>")
    assert long.render(scope) == "x" * 5000 + "development"
    assert scope.explain("HOST")[0].layer == "value"


def test_rendering_many(scope):
    long = envres.Template("x" * 20000)
    short = [envres.Template("%d-<< environment.variables.HOST >>" % n) for n in range(2000)]
    secret = envres.Template("<< environment.variables.KEY >>")
    made = envres.render_many([long, *short, secret, long, short[0]], scope)
    assert made[0] == made[-2] == "x" * 20000 and made[-3].reveal() == MARK
    assert made[1:2001] == ["%d-db.dev" % n for n in range(2000)] and made[-1] == "0-db.dev"
    assert envres.render_many([], scope) == []
    with raises("NOT_FOUND") as caught:
        envres.render_many([short[0], envres.Template("<< environment.variables.NOPE >>")], scope)
    assert caught.error.subject == "NOPE"
    assert scope["HOST"] == "db.dev"


def test_statements(session, scope):
    session.variables.put("development", "LIMIT", "10", type=envres.Type.NUMBER)
    scope = session.scope("development")
    template = envres.Template(
        "SELECT * FROM << params.t | ident >> WHERE a = << params.a >> AND b = << params.b >>"
        " AND k = << environment.variables.KEY >> AND n IS << params.n >>"
        " LIMIT << environment.variables.LIMIT >>",
        envres.Context.SQL, dialect=envres.Dialect.POSTGRES)
    params = envres.Params({"t": "users", "a": "x' OR 1", "b": True, "n": None}, allow=["users"])
    with template.prepare(scope, params) as statement:
        assert statement.text == "SELECT * FROM \"users\" WHERE a = $1 AND b = $2 AND k = $3" \
            " AND n IS $4 LIMIT $5"
        assert statement.first == 1 and len(statement) == 5
        assert statement.names()[0] == "params.a"
        assert statement.parameters() == ["x' OR 1", True, Secret(MARK), None, 10]
        assert statement.reveal() == ["x' OR 1", True, MARK, None, 10]
        assert MARK not in repr(statement.parameters())
    with raises("IDENT"):
        template.prepare(scope, {"t": "users", "a": 1, "b": 2, "n": 3})
    with raises("INVALID"):
        template.render(scope, params)
    colon = envres.Template("<< params.a >>", envres.Context.SQL, dialect=envres.Dialect.SQLITE,
                            style=envres.Style.COLON)
    assert colon.prepare(scope, {"a": 0.5}).parameters() == [0.5]
    assert colon.prepare(scope, {"a": 0.5}).text == ":p1"
    with raises("INVALID"):
        envres.Template("x", envres.Context.SQL)


# ---- callbacks ---------------------------------------------------------------------------------

class Vault:
    """A provider that wraps with exclusive or, and remembers."""

    def __init__(self):
        self.fails, self.keys = None, []

    def wrap(self, principal, key, aad):
        assert len(principal) == 16 and len(key) == 32 and aad
        self.keys.append(key)
        return bytes(b ^ 0x5A for b in key)

    def unwrap(self, principal, blob, aad):
        if self.fails:
            raise self.fails
        return bytearray(b ^ 0x5A for b in blob)


def test_provider():
    vault = Vault()
    with envres.Store.create(None, envres.Credential.provider(vault)) as store:
        assert vault.keys == [bytearray(32)], "what wrap() was given is wiped"
        store.session(envres.Credential.provider(vault)).close()
        vault.fails = RuntimeError(MARK)
        with raises("CALLBACK") as caught:
            store.session(envres.Credential.provider(vault))
        assert caught.error.__cause__ is vault.fails and MARK not in str(caught.error)
        assert isinstance(caught.error, envres.CallbackError)
        vault.fails, vault.unwrap = None, lambda *_: b"short"
        with raises("CALLBACK"):
            store.session(envres.Credential.provider(vault))


def test_clock(monkeypatch):
    reported = []
    monkeypatch.setattr("sys.unraisablehook", reported.append)
    now = [1000]
    with envres.Store.create(None, OWNER, clock=lambda: now[0]) as store:
        with store.session(OWNER) as session:
            now[0] = 86400000
            session.variables.put("development", "A", "1")
            row, = session.variables.history("development", "A")
            assert row.time.isoformat() == "1970-01-02T00:00:00+00:00"
            now[0] = "no number"
            session.variables.put("development", "A", "2")
    assert reported and isinstance(reported[0].exc_value, ValueError)


class Memory:
    """An anchor."""

    def __init__(self):
        self.kept, self.fails = {}, False

    def load(self, workspace):
        return self.kept.get(workspace)

    def store(self, workspace, expected, sequence, hash):
        if self.fails:
            raise OSError(MARK)
        self.kept[workspace] = (sequence, hash)


def test_anchor(tmp_path):
    memory, path = Memory(), tmp_path / "s"
    with envres.Store.create(path, OWNER, anchor=memory) as store, store.session(OWNER) as session:
        store.backup(tmp_path / "old")
        session.variables.put("development", "A", "1")
        (sequence, digest), = memory.kept.values()
        assert sequence >= 2 and len(digest) == 32
        memory.fails = True
        with raises("CALLBACK") as caught:
            session.variables.put("development", "A", "2")
            session.variables.put("development", "A", "3")
        assert isinstance(caught.error.__cause__, OSError) and MARK not in str(caught.error)
        memory.fails = False
    with envres.Store.open(tmp_path / "old", anchor=memory) as store:
        with raises("ROLLBACK"):
            store.session(OWNER)
    envres.Store.open(tmp_path / "old").session(OWNER).close()


def test_what_a_callback_raised_is_the_cause_of_its_own_call_alone(tmp_path):
    """A change stands that could not be told of; what fails next, fails for another reason."""
    memory, gone = Memory(), envres.NotFoundError("gone", envres.Code.NOT_FOUND, "ENVRES_E_NOT_FOUND")

    def store_none(*_):
        raise gone
    with envres.Store.create(tmp_path / "s", OWNER, anchor=memory) as store:
        with store.session(OWNER) as session:
            memory.store = store_none
            session.variables.put("development", "A", "1")
            with raises("NOT_FOUND") as caught:
                session.variables.get("development", "NOPE")
            assert caught.error.__cause__ is None
            with raises("CALLBACK") as caught:
                session.variables.put("development", "A", "2")
            assert caught.error.__cause__ is gone


def test_a_callback_may_call_the_library():
    """What fails and what succeeds inside of one takes no cause away."""
    with envres.Store.create(None, OWNER) as store, store.session(OWNER) as session:
        session.resources.define("crm", "rest")
        session.resources.configure("development", "crm", {"base_url": "https://crm.example"})
        with session.scope("development") as scope:
            def inner(_):
                raise OSError(MARK)

            def outer(_):
                try:
                    scope.test_resource("crm", inner)
                except envres.Error as error:
                    assert isinstance(error.__cause__, OSError)
                session.variables.put("development", "A", "1")
                raise KeyError(MARK)
            with raises("CALLBACK") as caught:
                scope.test_resource("crm", outer)
            assert isinstance(caught.error.__cause__, KeyError)


def test_audit_sink():
    given, fails = [], []

    def sink(checkpoint):
        if fails:
            raise OSError(MARK)
        given.append(checkpoint)
    with envres.Store.create(None, OWNER, audit_sink=sink) as store:
        with store.session(OWNER) as session:
            session.principals.add("bob", envres.Credential.raw_key(bytes([2]) * 32))
            assert given and given[-1].signer and len(given[-1].signature) == 64
            session.audit.check(given[-1])
            forged = given[-1]._replace(sequence=given[-1].sequence + 100)
            with pytest.raises(envres.IntegrityError):
                session.audit.check(forged)
            fails.append(True)
            with raises("CALLBACK") as caught:
                session.principals.remove("bob")
                session.variables.put("development", "A", "1")
            assert isinstance(caught.error.__cause__, OSError)
            fails.clear()


def test_probe(scope):
    seen = []

    def probe(crm):
        seen.append(crm)
        assert crm["host"] == "db" and crm["password"].reveal() == MARK
        scope["HOST"]
    scope.test_resource("crm", probe)
    assert seen[0].closed

    def refuse(_):
        raise envres.StoreError("no route", envres.Code.IO, "ENVRES_E_IO", "look", "crm")
    with raises("IO") as caught:
        scope.test_resource("crm", refuse)
    assert (caught.error.message, caught.error.hint, caught.error.subject) == \
        ("no route", "look", "crm")

    def breaks(_):
        scope.get("NOPE")
        raise KeyError(MARK)
    with raises("CALLBACK") as caught:
        scope.test_resource("crm", breaks)
    assert isinstance(caught.error.__cause__, KeyError) and "KeyError" in caught.error.message


# ---- threads, forks, memory --------------------------------------------------------------------

def run_threads(count, work):
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:  # noqa: the main thread fails with it
            failures.append(error)
    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_eight_threads(session, scope):
    template = envres.Template("<< environment.variables.HOST >>-<< params.n >>")

    def work(number):
        for turn in range(200):
            assert template.render(scope, {"n": number}) == "db.dev-%d" % number
            with raises("NOT_FOUND") as caught:
                scope["T%d" % number]
            assert caught.error.subject == "T%d" % number
            if turn % 40 == 0:
                session.variables.put("development", "T%d" % number, str(turn))
    run_threads(8, work)
    assert len(session.scope("development")) == 10


def test_closing_while_others_use_it(session, scope):
    template = envres.Template("<< environment.variables.HOST >>")
    scopes = [session.scope("development") for _ in range(50)]

    def work(number):
        for one in scopes:
            try:
                while True:
                    if number == 0:
                        one.close()
                    assert template.render(one) == "db.dev"
            except envres.ClosedError:
                pass
    run_threads(4, work)


def test_the_interpreter_is_let_go(tmp_path):
    """While one thread derives a key, others run."""
    ran, word = [], envres.Credential.passphrase("p", kdf_passes=2, kdf_memory=64 << 20)
    done = threading.Event()

    def count():
        while not done.is_set():
            ran.append(1)
            done.wait(0.001)
    thread = threading.Thread(target=count)
    thread.start()
    before = len(ran)
    envres.Store.create(None, word).close()
    during = len(ran) - before
    done.set()
    thread.join()
    assert during >= 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_fork(store, session, scope):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for use in (lambda: session.variables.list(), lambda: store.session(OWNER), store.poll):
                with raises("FORKED"):
                    use()
            scope.close(), session.close(), store.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    session.variables.put("development", "AFTER", "1")


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_memory_stays_flat(session, scope):
    template = envres.Template("<< environment.variables.KEY >>")

    def use(times):
        for _ in range(times):
            with session.scope("development") as one:
                template.render(one).close()
                one.resource("crm").close()
                one.explain("HOST")[:]
            with raises("SYNTAX"):
                envres.Template("<< environment.name")
        gc.collect()
        return resident()
    before = use(1000)
    assert use(10000) - before < 2 << 20


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="no /proc")
def test_files_are_closed(tmp_path):
    path = tmp_path / "s"
    envres.Store.create(path, OWNER).close()

    def use(times):
        for _ in range(times):
            with envres.Store.open(path) as store, store.session(OWNER) as session:
                session.scope("development")
        return len(os.listdir("/proc/self/fd")), resident()
    # A store costs 2 ms to open, and what it leaves behind is at least its own memory: 1 KiB of each
    # is seen. 10,000 as above would take a minute, in every binding, and see a fifth of that.
    files, before = use(50)
    now, after = use(2000)
    assert now == files and after - before < 2 << 20


def test_keys_are_random():
    one, two = envres.generate_key(), envres.generate_key()
    assert one != two and len(one.reveal_bytes()) == 32 == len(KEY)
