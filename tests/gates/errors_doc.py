#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The codes of error.h, the status table and docs/errors.md agree: same names, same numbers.

errors_doc.py [ROOT] | --self-test
"""
import os
import re
import sys

import gate

HEADER, TABLE, PAGE = "include/envres/error.h", "lib/base/status.c", "docs/errors.md"
HEADING = re.compile(r'^### <a id="(\w+)"></a>(\w+) \((-?\d+)\)$')
EXIT_ROW = re.compile(r"^\| \[(\w+)\]\(#(\w+)\) \| (-?\d+) \| ([^|]*\b[0-8]\b[^|]*) \|$")


def header_codes(root):
    """name -> number, and findings."""
    text = gate.code_only(gate.read(root, HEADER))
    rows = re.findall(r"\b(ENVRES_OK|ENVRES_E_\w+)\s*=\s*(-?\d+)", text)
    findings = []
    numbers = [number for _, number in rows]
    for name, number in rows:
        if numbers.count(number) > 1:
            findings.append("%s:1: %s has the number %s, which another has too" % (HEADER, name,
                                                                                    number))
        if (int(number) >= 0) != (name == "ENVRES_OK"):
            findings.append("%s:1: %s must be negative" % (HEADER, name))
    return {name: int(number) for name, number in rows}, findings


def table_codes(root):
    """The rows of the status table, in order."""
    text = gate.without_comments(gate.read(root, TABLE))
    return ["ENVRES_" + name for name in re.findall(r'\bROW\((OK|E_\w+), "[^"]+"\)', text)]


def page_codes(root):
    """name -> (number, text) of the sections, name -> number of the table, and findings."""
    sections, exits, findings = {}, {}, []
    name = None
    for number, line in enumerate(gate.read(root, PAGE).split("\n"), 1):
        heading = HEADING.match(line)
        row = EXIT_ROW.match(line)
        if heading:
            name = heading[2]
            if heading[1] != name:
                findings.append("%s:%d: anchor %s, heading %s" % (PAGE, number, heading[1], name))
            if name in sections:
                findings.append("%s:%d: %s stands here twice" % (PAGE, number, name))
            sections[name] = [int(heading[3]), ""]
        elif line.startswith("#"):
            if re.match(r"###? .*ENVRES_", line):
                findings.append("%s:%d: a heading is: ### <a id=\"NAME\"></a>NAME (NUMBER)" % (
                    PAGE, number))
            name = None
        elif row:
            if row[1] != row[2]:
                findings.append("%s:%d: %s leads to %s" % (PAGE, number, row[1], row[2]))
            exits[row[1]] = int(row[3])
        elif name:
            sections[name][1] += line
    return sections, exits, findings


def check(root):
    """All findings."""
    codes, findings = header_codes(root)
    rows = table_codes(root)
    if not os.path.exists(os.path.join(root, PAGE)):
        return findings + ["%s:1: missing" % PAGE]
    sections, exits, more = page_codes(root)
    findings += more
    for name in sorted(set(codes) | set(rows) | set(sections) | set(exits)):
        for where, known in ((HEADER, codes), (TABLE, rows), (PAGE, sections)):
            if name not in known:
                findings.append("%s:1: %s is missing here" % (where, name))
        if name not in exits:
            findings.append("%s:1: %s has no row in the table of exit statuses" % (PAGE, name))
        for number in (sections.get(name, (None,))[0], exits.get(name)):
            if number is not None and name in codes and number != codes[name]:
                findings.append("%s:1: %s is %d here, %d in %s" % (PAGE, name, number, codes[name],
                                                                   HEADER))
        if name in sections and len(sections[name][1]) < 40:
            findings.append("%s:1: %s is not explained" % (PAGE, name))
    for name in sorted({n for n in rows if rows.count(n) > 1}):
        findings.append("%s:1: %s stands here twice" % (TABLE, name))
    return findings


def page(rows, exits):
    """A page with these (name, number) sections."""
    text = "# Error codes\n\n"
    for name, number in rows:
        text += '### <a id="%s"></a>%s (%d)\n\n%s\n' % (name, name, number, "Explained. " * 6)
    return text + "\n## Exit\n\n" + "".join("| [%s](#%s) | %d | 2 |\n" % (n, n, v) for n, v in exits)


ROWS = [("ENVRES_OK", 0), ("ENVRES_E_ONE", -1)]
SOUND = {
    HEADER: "enum {\n    ENVRES_OK = 0,\n    ENVRES_E_ONE = -1 /**< one, not ENVRES_E_X = -9 */\n};\n",
    TABLE: 'ROW(OK, "done"),\nROW(E_ONE, "one"),\n',
    PAGE: page(ROWS, ROWS),
}
TWO = ("ENVRES_E_TWO", -2)
PLANTS = [
    ("only in the header", {HEADER: SOUND[HEADER].replace("-1 ", "-1, ENVRES_E_TWO = -2 ")},
     "status.c:1: ENVRES_E_TWO is missing"),
    ("no section", {HEADER: SOUND[HEADER].replace("-1 ", "-1, ENVRES_E_TWO = -2 "),
                    TABLE: SOUND[TABLE] + 'ROW(E_TWO, "two"),\n'},
     "errors.md:1: ENVRES_E_TWO is missing"),
    ("not in the table", {TABLE: 'ROW(OK, "done"),\n'}, "status.c:1: ENVRES_E_ONE is missing"),
    ("only on the page", {PAGE: page(ROWS + [TWO], ROWS + [TWO])},
     "error.h:1: ENVRES_E_TWO is missing"),
    ("another number", {PAGE: page([ROWS[0], ("ENVRES_E_ONE", -2)], ROWS)}, "is -2 here, -1 in"),
    ("another number in the exit table", {PAGE: page(ROWS, [ROWS[0], ("ENVRES_E_ONE", -3)])},
     "is -3 here"),
    ("no exit status", {PAGE: page(ROWS, ROWS[:1])}, "no row in the table"),
    ("same number", {HEADER: SOUND[HEADER].replace("-1 ", "-1, ENVRES_E_TWO = -1 ")},
     "which another has too"),
    ("positive", {HEADER: SOUND[HEADER].replace("-1 ", "1 ")}, "must be negative"),
    ("wrong anchor", {PAGE: SOUND[PAGE].replace('id="ENVRES_E_ONE"', 'id="ENVRES_E_ON"')},
     "anchor ENVRES_E_ON"),
    ("no anchor", {PAGE: SOUND[PAGE].replace('<a id="ENVRES_E_ONE"></a>', "")}, "a heading is"),
    ("empty section", {PAGE: SOUND[PAGE].replace("Explained. " * 6, "")}, "is not explained"),
    ("twice in the table", {TABLE: SOUND[TABLE] + 'ROW(E_ONE, "one"),\n'}, "stands here twice"),
    ("no page", {PAGE: None}, "missing"),
]

if __name__ == "__main__":
    sys.exit(gate.run("errors_doc", check, SOUND, PLANTS))
