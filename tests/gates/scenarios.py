#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every public function is called by a scenario, so that it is tortured like all the others.

Functions that cannot fail and only read what others made (getters, frees) may also be called by the
fixture or by a runner; each must be called somewhere in tests/scenarios/ or tests/torture/, or stand
in tests/api/ or tests/unit/ for those few that a scenario cannot call.
"""
import re
import sys

import gate

# A scenario has a store already: what makes stores and files is proved elsewhere, by name.
ELSEWHERE = {
    "envres_store_backup": "writes a file: tests/unit and tests/api",
}


def declared(root):
    """Public functions, with the header that declares them and whether they can fail."""
    found = {}
    for path in gate.under(gate.tracked(root), "include/envres", ".h"):
        if path.endswith("testing.h"):
            continue
        text = gate.without_comments(gate.read(root, path))
        for match in re.finditer(r"ENVRES_API\s+([\w\s\*]+?)\**(envres_\w+)\s*\(", text):
            found[match.group(2)] = (path, "envres_status" in match.group(1))
    return found


def check(root):
    files = gate.tracked(root)
    calls = ""
    others = ""
    for path in gate.under(files, "tests/scenarios", ".c"):
        calls += gate.without_comments(gate.read(root, path))
    for path in gate.under(files, "tests", ".c"):
        others += gate.without_comments(gate.read(root, path))
    findings = []
    for name, (path, fails) in sorted(declared(root).items()):
        place = others if name in ELSEWHERE or not fails else calls
        if not re.search(r"\b" + name + r"\s*\(", place):
            findings.append("%s:1: %s is called by no scenario" % (path, name))
    return findings


HEADER = "include/envres/x.h"
CALLS = "tests/scenarios/a.c"
SOUND = {
    HEADER: "ENVRES_API envres_status envres_x_do(int x);\nENVRES_API void envres_x_free(int x);\n",
    CALLS: "void f(void)\n{\n    envres_x_do(1);\n    envres_x_free(1);\n}\n",
}
PLANTS = [
    ("called by nothing", {CALLS: "void f(void)\n{\n    envres_x_free(1);\n}\n"}, "envres_x_do is"),
    ("called in a comment only",
     {CALLS: "void f(void)\n{\n    /* envres_x_do(1); */\n    envres_x_free(1);\n}\n"},
     "envres_x_do is"),
    ("called in a unit test only",
     {CALLS: "void f(void)\n{\n    envres_x_free(1);\n}\n",
      "tests/unit/test_x.c": "void g(void)\n{\n    envres_x_do(1);\n}\n"},
     "envres_x_do is"),
    ("a free that nobody calls", {CALLS: "void f(void)\n{\n    envres_x_do(1);\n}\n"},
     "envres_x_free is"),
]

if __name__ == "__main__":
    sys.exit(gate.run("scenarios", check, SOUND, PLANTS))
