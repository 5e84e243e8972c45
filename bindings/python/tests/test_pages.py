# SPDX-License-Identifier: MIT
"""The README's examples do what they say, and the example host serves what is live."""
import contextlib
import importlib.util
import io
import os
import re

import pytest

import envres
from conftest import CHANGE, ROOT, ready, released


def blocks(page):
    """The Python blocks of a page."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        return re.findall(r"^```python\n(.*?)^```", file.read(), re.M | re.S)


def test_the_readme_runs(tmp_path, monkeypatch):
    """All blocks, one after another; what is printed stands behind `# -> ` on that line."""
    monkeypatch.chdir(tmp_path)
    names, count = {}, 0
    for block in blocks("bindings/python/README.md"):
        if "openfeature" in block:
            pytest.importorskip("openfeature")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, "README.md", "exec"), names)  # noqa: it is our own
        said = re.findall(r"# -> (.*)", block)
        assert printed.getvalue().split("\n")[:-1] == said
        count += len(said)
    assert count >= 8


@pytest.fixture
def dashboard():
    spec = importlib.util.spec_from_file_location(
        "dashboard", os.path.join(ROOT, "examples", "python", "dashboard.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Dashboard


def get(application, path):
    heads, log = [], io.StringIO()
    body = application({"PATH_INFO": path, "wsgi.errors": log},
                       lambda status, headers: heads.append((status, dict(headers))))
    return heads[0][0][:3], heads[0][1]["X-Release"], b"".join(body).decode(), log.getvalue()


def test_the_example_host(session, dashboard):
    session.apps.create("support")
    session.parts.put("support", "v1", [
        envres.PartWrite("pages/home.json", '{"in": "<< environment.name >>"}', public=True),
        envres.PartWrite("pages/odd.json", '{"key": "<< environment.variables.KEY >>"}', public=True),
        envres.PartWrite("queries/secret.sql", "SELECT 1")])
    session.variables.put("development", "KEY", envres.Secret("s3cr3t"))
    for key in ("staging", "production"):
        session.variables.put(key, "KEY", "plain is another class", secret=True, **CHANGE)
    with pytest.raises(envres.CheckError):
        ready(session, "support", "v1")
    session.parts.put("support", "v1", [envres.PartWrite("pages/odd.json", '"<< params.p >>"', public=True)])
    ready(session, "support", "v1")
    released(session, "support", "v1", "1.0.0")
    application = dashboard(session, "production", "support")
    assert get(application, "/pages/home.json")[:3] == ("200", "1.0.0", '{"in": "production"}')
    for path in ("/queries/secret.sql", "/nothing", "/", "/../pages/home.json"):
        assert get(application, path)[0] == "404"
    status, _, body, log = get(application, "/pages/odd.json")
    assert (status, body) == ("500", '{"error": "ENVRES_E_NOT_SET"}') and "'p' was not given" in log
    session.versions.create("support", "v2")
    session.parts.put("support", "v2", [envres.PartWrite("pages/home.json", '{"v": 2}', public=True)])
    ready(session, "support", "v2")
    released(session, "support", "v2", "2.0.0")
    assert get(application, "/pages/home.json")[1:3] == ("2.0.0", '{"v": 2}')
    session.releases.rollback("support", expect_live=2, **CHANGE)
    assert get(application, "/pages/home.json")[1:3] == ("1.0.0", '{"in": "production"}')
