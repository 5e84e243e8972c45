# SPDX-License-Identifier: MIT
"""Everything public in C is there in Python: bindings/api.json against the source of the package."""
import ast
import glob
import os

import envres
from conftest import ROOT, api
from envres import _constants, _families

PACKAGE = os.path.join(ROOT, "bindings", "python", "envres")

# What has no method, and why.
UNBOUND = {
    "envres_scope_ref": "a Scope is a reference; names of it are Python's",
    "envres_template_ref": "likewise",
    "envres_bound_ref": "likewise",
    "envres_error_set_position": "a probe has no text of the caller's",
    "envres_status_count": "Code has them all; test_codes() walks the library's own",
    "envres_status_at": "likewise",
    "envres_value_redacted": "Secret.redacted() does it from the ranges",
    "envres_type_name": "Type.name",
    "envres_role_name": "Role.name",
}
UNSET = {
    ("envres_store_options", "allocator"): "a function of Python for every allocation, under a lock",
    ("envres_template_options", "allocator"): "likewise",
    ("envres_redactor_options", "allocator"): "likewise",
}
UNUSED = {
    "ENVRES_QUERY_TEXTS": "how many there are; each has a method",
    "ENVRES_TEMPLATE_BORROW": "bytes of Python may move; the text is copied",
}


def trees():
    for path in sorted(glob.glob(os.path.join(PACKAGE, "*.py"))):
        with open(path, encoding="utf-8") as file:
            yield ast.parse(file.read(), path)


def called():
    """Functions of the library that the package calls."""
    return {node.attr for tree in trees() for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            and node.value.id == "lib" and not node.attr.startswith("envres_py_")}


def spelled():
    """Keywords of calls, keys of dict literals, names that are read: what the package spells out."""
    keywords, names = set(), set()
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                keywords |= {word.arg for word in node.keywords}
            if isinstance(node, ast.Dict):
                keywords |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                names.add(node.id)
    return keywords, names


def test_every_function_is_called():
    wanted = {f["name"] for f in api()["functions"] if f.get("exported")}
    assert sorted(wanted - called() - set(UNBOUND)) == [], "without a method; see UNBOUND"
    declared = {f["name"] for f in api()["functions"]}
    assert sorted(called() - declared) == [], "called, and not in the interface"
    assert not set(UNBOUND) & called() and set(UNBOUND) <= declared


def test_every_field_is_set():
    keywords, _ = spelled()
    for struct in api()["structs"]:
        for field in struct["fields"]:
            name = field["name"]
            if name in ("size", "reserved") or name.endswith("_len") or \
                    (struct["name"], name) in UNSET or struct["name"] in (
                        "envres_allocator", "envres_checkpoint"):
                continue
            if name == "flags" and "ENVRES_" not in field["doc"]:
                continue  # it has none yet
            assert name in keywords, (struct["name"], name)


def test_every_constant_is_used():
    _, names = spelled()
    enums = {(kind.__name__.upper(), value.name): value.value for kind in vars(_constants).values()
             if isinstance(kind, type) for value in kind}
    for group in api()["constants"]:
        if group["header"] == "testing.h":
            continue
        for one in group["constants"]:
            short = one["name"][len("ENVRES_"):]
            if hasattr(_constants, short):
                assert getattr(_constants, short) == one["value"]
                assert short in names or one["name"] in UNUSED, one["name"]
            else:
                prefix, name = short.split("_", 1)
                assert [v for (k, n), v in enums.items() if k.startswith(prefix) and n == name] \
                    == [one["value"]], one["name"]


def test_codes():
    from envres._native import lib
    found = {}
    for index in range(lib.envres_status_count()):
        status = lib.envres_status_at(index)
        found[envres._core.text_of(lib.envres_status_name(status))] = status
    assert found == {error["name"]: error["value"] for error in api()["errors"]}
    assert set(_families.FAMILIES) == set(found.values()) - {0}
    assert {code.value for code in envres.Code} == set(found.values())


def test_every_name_is_documented():
    for name in envres.__all__:
        thing = getattr(envres, name)
        if isinstance(thing, type):
            assert thing.__doc__, name
            for method, function in vars(thing).items():
                if not method.startswith("_") and callable(function) and \
                        not issubclass(thing, tuple):
                    assert function.__doc__, "%s.%s" % (name, method)


def test_the_naming_table_is_complete():
    """bindings/README.md has every function of the interface."""
    with open(os.path.join(ROOT, "bindings", "README.md"), encoding="utf-8") as file:
        page = file.read()
    for function in api()["functions"]:
        if function["library"] == "envres":
            assert "`%s`" % function["name"] in page, function["name"]
