# SPDX-License-Identifier: MIT
"""What the tests share: a store in memory, its owner's session, the vectors of all languages."""
import json
import os

import pytest

import envres

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
KEY = bytes(range(1, 33))
CHANGE = {"reason": "a test"}
OWNER = envres.Credential.raw_key(KEY)


# Columns that the library gives another name than their constant has.
NAMED = {"ENVRES_EDIT_NUMBER": "edit", "ENVRES_KIND_NAME": "kind",
         "ENVRES_ENVIRONMENT_REVEALS": "editors_reveal",
         "ENVRES_ENVIRONMENT_ROLLBACKS": "rollback_approvals"}


def vectors(name):
    """A file of tests/vectors; a runner must go through as many cases as it says."""
    with open(os.path.join(ROOT, "tests", "vectors", name), encoding="utf-8") as file:
        return json.load(file)


def api():
    """bindings/api.json."""
    with open(os.path.join(ROOT, "bindings", "api.json"), encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture
def store():
    with envres.Store.create(None, OWNER, clock=lambda: 1700000000000) as made:
        yield made


@pytest.fixture
def session(store):
    with store.session(OWNER) as opened:
        yield opened


def counted(count, document):
    """A runner's last word."""
    assert count == document["count"]
    print("%d cases" % count)


def text_of(value):
    """The text, also of a secret."""
    return value.reveal() if isinstance(value, envres.Secret) else value


def raises(code):
    """pytest.raises for an Error with this code."""
    class Expected:
        def __enter__(self):
            return self

        def __exit__(self, kind, error, _):
            assert error is not None, "nothing was raised, not " + code
            assert isinstance(error, envres.Error), repr(error)
            assert error.name == "ENVRES_E_" + code, repr(error)
            self.error = error
            return True
    return Expected()


def ready(session, app, version, to="production"):
    """Promotes a version through to an environment."""
    seen = session.versions.describe(app, version)
    session.versions.promote(app, version, to, seen=seen, through=True, reason="test")
    return session.versions.describe(app, version)


def released(session, app, version, tag):
    """Makes a version that is ready live."""
    live = session.apps.describe(app).live_sequence or 0
    seen = session.versions.describe(app, version)
    return session.releases.create(app, version, tag, seen=seen, expect_live=live,
                                   reason="test")[0]


@pytest.fixture(autouse=True)
def rows_are_as_described(monkeypatch):
    """Every list that any test reads has the columns that api.json says, and null only where it does."""
    from envres import _core
    tables = {}
    for table in api()["lists"]:
        tables["".join(word.capitalize() for word in table["name"].split("_")) + "Row"] = table
    make, read = _core.Rows.__init__, _core.Rows._row

    def make_checked(self, cdata, row_type):
        make(self, cdata, row_type)
        said = [NAMED.get(column["name"], column["column"])
                for column in tables[row_type.__name__]["columns"]]
        assert self.columns()[:len(said)] == said, row_type

    def read_checked(self, row):
        found = read(self, row)
        for value, column in zip(found, tables[type(found).__name__]["columns"]):
            assert value is not None or column["null"], (type(found).__name__, column["column"])
        return found
    monkeypatch.setattr(_core.Rows, "__init__", make_checked)
    monkeypatch.setattr(_core.Rows, "_row", read_checked)
