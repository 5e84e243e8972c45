#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/testing.md has each numbered attack, and names tests that are there.

 - The numbers 1 to 70 stand in the table, each once, in order, and say what they are about.
 - A test is named as `path: name, name`: the file is in the tree and has each name, as a word. A
   path without names is a program that is one test as a whole.
 - A number without a test says "not run" and why.
 - A function whose name begins with test_NUMBER_ stands in the row of that number.

attacks.py [ROOT] | --self-test
"""
import os
import re
import sys

import gate

PAGE, HEAD, LAST = "docs/testing.md", "| number | what is done | tests |", 70
NUMBERED = re.compile(r"\btest_(\d+)_\w+(?=\(void \*\*|, \d+\))")


def rows(root):
    """(line, cells) of the table's rows."""
    found, inside = [], False
    for number, line in enumerate(gate.read(root, PAGE).split("\n"), 1):
        if line == HEAD:
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not line.startswith("|---"):
            found.append((number, [c.strip() for c in line.strip("|").split("|")]))
    return found


def named(cell):
    """(path, names) of each test in a cell."""
    for code in re.findall(r"`([^`]+)`", cell):
        path, _, names = code.partition(":")
        yield path.strip(), [n.strip() for n in names.split(",") if n.strip()]


def check_tests(root, where, cell):
    """Tests of one row that are not there."""
    tests = list(named(cell))
    if not tests and not re.match(r"not run: \S", cell):
        yield "%s: names no test, nor says 'not run: ' and why" % where
    for path, names in tests:
        if not re.match(r"tests/.*\.(c|py|sh)$", path):
            yield "%s: %s is no test" % (where, path)
        elif not os.path.exists(os.path.join(root, path)):
            yield "%s: there is no %s" % (where, path)
        else:
            text = gate.read(root, path)
            code = gate.without_comments(text) if path.endswith(".c") else text
            for name in names:
                if not re.search(r"\b%s\b" % re.escape(name), code):
                    yield "%s: %s has no %s" % (where, path, name)


def check_numbered(root, table):
    """Tests that carry a number, and do not stand in its row."""
    for path in gate.under(gate.tracked(root), "tests", ".c"):
        text = gate.without_comments(gate.read(root, path))
        for match in NUMBERED.finditer(text):
            cell = table.get(int(match[1]), "")
            if not any(path == p and match[0] in names for p, names in named(cell)):
                yield "%s:%d: %s is not in row %s of %s" % (
                    path, gate.line_of(text, match.start()), match[0], match[1], PAGE)


def check(root):
    """All findings."""
    if not os.path.exists(os.path.join(root, PAGE)):
        return ["%s:1: missing" % PAGE]
    found, findings, table = rows(root), [], {}
    if not found:
        return ["%s:1: no table that begins: %s" % (PAGE, HEAD)]
    numbers = [cells[0] for _, cells in found]
    if numbers != [str(n) for n in range(1, LAST + 1)]:
        findings.append("%s:%d: the numbers are not 1 to %d, each once, in order" % (
            PAGE, found[0][0], LAST))
    for line, cells in found:
        where = "%s:%d" % (PAGE, line)
        if len(cells) != 3 or not cells[1]:
            findings.append("%s: number %s is not told" % (where, cells[0]))
            continue
        if cells[0].isdigit():
            table[int(cells[0])] = cells[2]
        findings += check_tests(root, where, cells[2])
    return findings + list(check_numbered(root, table))


def page(changes=None):
    """A sound page, some rows of it exchanged."""
    lines = ["# Tests", "", HEAD, "|---|---|---|"]
    sound = {1: "| 1 | bits | `tests/api/a.c: test_1_bits, others`, `tests/b.py` |",
             LAST: "| %d | other machines | not run: it takes one |" % LAST}
    for n in range(1, LAST + 1):
        line = (changes or {}).get(n, sound.get(n, "| %d | x | `tests/api/a.c: others` |" % n))
        lines += [line] if line else []
    return "\n".join(lines) + "\n\n| 71 | of another table | |\n"


SOUND = {
    PAGE: page(),
    "tests/api/a.c": "static void test_1_bits(void **state)\n{\n}\nvoid others(void **state)\n{\n}\n",
    "tests/b.py": "def test_it():\n    pass\n",
}

PLANTS = [
    ("a number is missing", {PAGE: page({7: None})}, "are not 1 to 70"),
    ("a number stands twice", {PAGE: page({7: "| 6 | x | `tests/b.py` |"})}, "are not 1 to 70"),
    ("a test that is not there", {PAGE: page({7: "| 7 | x | `tests/api/a.c: nowhere` |"})},
     "a.c has no nowhere"),
    ("a test that is a part of a name", {PAGE: page({7: "| 7 | x | `tests/api/a.c: other` |"})},
     "a.c has no other"),
    ("a test that is only a comment",
     {PAGE: page({7: "| 7 | x | `tests/api/a.c: gone` |"}),
      "tests/api/a.c": SOUND["tests/api/a.c"] + "/* gone */\n"}, "a.c has no gone"),
    ("a file that is not there", {PAGE: page({7: "| 7 | x | `tests/c.c: others` |"})},
     "there is no tests/c.c"),
    ("a file that is no test", {PAGE: page({7: "| 7 | x | `lib/a.c: others` |"})}, "is no test"),
    ("no test", {PAGE: page({7: "| 7 | x | |"})}, "names no test"),
    ("not run, without a reason", {PAGE: page({7: "| 7 | x | not run: |"})}, "names no test"),
    ("nothing told", {PAGE: page({7: "| 7 | | `tests/b.py` |"})}, "number 7 is not told"),
    ("a numbered test in no row", {PAGE: page({1: "| 1 | x | `tests/b.py` |"})},
     "test_1_bits is not in row 1"),
    ("a numbered test in another row",
     {PAGE: page({1: "| 1 | x | `tests/b.py` |", 2: "| 2 | x | `tests/api/a.c: test_1_bits` |"})},
     "test_1_bits is not in row 1"),
    ("no table", {PAGE: "# Tests\n"}, "no table that begins"),
    ("no page", {PAGE: None}, "missing"),
]

if __name__ == "__main__":
    sys.exit(gate.run("attacks", check, SOUND, PLANTS))
