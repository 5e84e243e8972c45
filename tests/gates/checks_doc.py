#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/checks.md and the table in lib/delivery/finding.c agree: the same codes with the same
severities, in the same order, each with a when and a what to do.

checks_doc.py [ROOT] | --self-test
"""
import os
import re
import sys

import gate

TABLE, PAGE = "lib/delivery/finding.c", "docs/checks.md"
HEAD = "| code | severity | when | what to do |"
SECTION = "## What the check finds"


def code_rows(root):
    """(code, severity), in order; the name of a status is a prefix."""
    text = gate.without_comments(gate.read(root, TABLE))
    body = re.search(r"struct finding_row finding_rows\[[^]]*\] = \{(.*?)\n\};", text, re.S)
    rows = re.findall(r'\[FINDING_\w+\] = \{ "([^"]+)", SEVERITY_(\w+) \}', body[1] if body else "")
    return [(name + "*" if name.endswith("_") else name, severity.lower())
            for name, severity in rows]


def page_rows(root):
    """(line, cells) of the table in the section."""
    rows, inside = [], False
    for number, line in enumerate(gate.read(root, PAGE).split("\n"), 1):
        if line.startswith("#"):
            inside = line == SECTION
        elif inside and line.startswith("|"):
            rows.append((number, line))
    return rows


def check(root):
    """All findings."""
    if not os.path.exists(os.path.join(root, PAGE)):
        return ["%s:1: missing" % PAGE]
    codes, rows, findings = code_rows(root), page_rows(root), []
    if not codes:
        findings.append("%s:1: no table of findings" % TABLE)
    if not rows or rows[0][1] != HEAD:
        return findings + ["%s:1: '%s' has no table that begins: %s" % (PAGE, SECTION, HEAD)]
    cells = [(number, [c.strip() for c in line.strip("|").split("|")]) for number, line in rows[2:]]
    names = [row[0].strip("`") for _, row in cells]
    if names != [name for name, _ in codes]:
        findings.append("%s:%d: the codes are %s; in %s they are %s" % (
            PAGE, rows[0][0], " ".join(names), TABLE, " ".join(name for name, _ in codes)))
        return findings
    for (number, row), (name, severity) in zip(cells, codes):
        if len(row) != 4 or not row[2] or not row[3]:
            findings.append("%s:%d: %s is not explained" % (PAGE, number, name))
        elif row[1] != severity:
            findings.append("%s:%d: %s is %s" % (PAGE, number, name, severity))
    return findings


SOUND = {
    TABLE: """static const struct finding_row finding_rows[FINDING_COUNT_] = {
    [FINDING_STATUS] = { "ENVRES_E_", SEVERITY_ERROR },
    [FINDING_ONE] = { "one", SEVERITY_INFO },
};
""",
    PAGE: "# Checks\n\n%s\n\n%s\n|---|---|---|---|\n| `ENVRES_E_*` | error | a | b |\n"
          "| `one` | info | c | d |\n\n## Else\n\n| `two` | x |\n" % (SECTION, HEAD),
}


def plant(name, path, old, new, expected):
    """One fault: `old` replaced in one file of the sound tree."""
    assert old in SOUND[path]
    return name, {path: SOUND[path].replace(old, new, 1)}, expected


PLANTS = [
    plant("only in the code", TABLE, "    [FINDING_ONE]",
          '    [FINDING_TWO] = { "two", SEVERITY_INFO },\n    [FINDING_ONE]', "ENVRES_E_* two one"),
    plant("only on the page", PAGE, "| `one`", "| `two` | info | c | d |\n| `one`",
          "the codes are ENVRES_E_* two one"),
    plant("another severity", TABLE, "SEVERITY_INFO", "SEVERITY_WARNING", "one is warning"),
    plant("another severity on the page", PAGE, "| error |", "| info |", "ENVRES_E_* is error"),
    plant("no when", PAGE, "| c |", "| |", "one is not explained"),
    plant("nothing to do", PAGE, "| d |", "| |", "one is not explained"),
    plant("another head", PAGE, "| when |", "| if |", "has no table that begins"),
    plant("another section", PAGE, SECTION, "## What", "has no table that begins"),
    ("no page", {PAGE: None}, "missing"),
    ("no table", {TABLE: "int x;\n"}, "no table of findings"),
]

if __name__ == "__main__":
    sys.exit(gate.run("checks_doc", check, SOUND, PLANTS))
