#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pages agree with the tree.

 - Relative links of *.md lead to a file that is there, and their anchors to a heading or an <a id>.
 - docs/c-api.md names every public function, docs/host-tests.md those of envres/testing.h; no page
   names a function, or an ENVRES_ constant, that no header declares.
 - docs/limits.md has a row for each limit of lib/base/limits.h, with its number.
 - docs/command-line.md has a heading for each command of the table, names each option, and has a
   row for each exit status.
 - A fenced block of C that holds a main() compiles against include/ (-fsyntax-only).

docs.py [ROOT] | --self-test
"""
import os
import re
import subprocess
import sys
import tempfile

import gate

API, TESTING, LIMITS, COMMANDS = (
    "docs/c-api.md", "docs/host-tests.md", "docs/limits.md", "docs/command-line.md")
LIMITS_H, CLI, TABLE = "lib/base/limits.h", "bindings/cli", "bindings/cli/table.c"
OPTIONS = "bindings/cli/table_options.c"
FENCE = re.compile(r"^ *(```+|~~~+) *(\S*)[^\n]*\n(.*?)^ *\1[`~]* *$", re.M | re.S)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(<?([^()\s>]+)>?\)")
NOT_A_PAGE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.I)


def prose(text):
    """A page without its fenced blocks and code spans; lines keep their numbers."""
    text = FENCE.sub(lambda m: gate.blank(m[0]), text)
    return re.sub(r"(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", lambda m: " " * len(m[0]), text)


def slug(heading):
    """The anchor that a heading gets: lower case, spaces become hyphens, punctuation goes."""
    heading = re.sub(r"<[^>]*>", "", heading)
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text):
    """All anchors of a page; a heading that stands there again gets -1, -2 ..."""
    found, seen = set(re.findall(r'<a id="([^"]+)">', text)), {}
    for heading in re.findall(r"^#+ +(.*?) *$", FENCE.sub("", text), re.M):
        name = slug(heading)
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add("%s-%d" % (name, count) if count else name)
    return found


def check_links(root, files):
    """Links to files and headings that are not there."""
    pages = {f: gate.read(root, f) for f in files if f.endswith(".md")}
    known = {f: anchors(text) for f, text in pages.items()}
    for page, text in pages.items():
        clean = prose(text)
        for match in LINK.finditer(clean):
            target, _, anchor = match[1].partition("#")
            where = "%s:%d" % (page, gate.line_of(clean, match.start()))
            if NOT_A_PAGE.match(match[1]):
                continue
            path = page
            if target:
                path = os.path.normpath(os.path.join(os.path.dirname(page), target))
            if path.startswith("..") or not os.path.exists(os.path.join(root, path)):
                yield "%s: there is no %s" % (where, target)
            elif anchor and path in known and anchor not in known[path]:
                yield "%s: %s has no heading #%s" % (where, path, anchor)


def declared(root, files):
    """Functions by header, and every word that begins with envres_ or ENVRES_ in the headers."""
    functions, words = {}, set()
    for path in gate.under(files, "include/envres", ".h"):
        text = gate.without_comments(gate.read(root, path))
        words |= set(re.findall(r"\b(?:envres|ENVRES)_\w+", text))
        functions[path] = re.findall(r"^ENVRES_(?:TESTING_)?API\b[^;(]*?\b(envres_\w+)\s*\(", text,
                                     re.M)
    return functions, words


def check_names(root, files):
    """Functions that their page does not name; names that no header knows."""
    functions, words = declared(root, files)
    if not any(names for path, names in functions.items() if not path.endswith("/testing.h")):
        yield "include/envres:1: no public function found"
    for path, names in functions.items():
        page = TESTING if path.endswith("/testing.h") else API
        text = gate.read(root, page) if page in files else ""
        for name in names:
            if not re.search(r"\b%s\b" % name, text):
                yield "%s:1: %s of %s is missing here" % (page, name, path)
    for page in gate.under(files, "docs", ".md"):
        text = gate.read(root, page)
        if page.startswith("docs/changes/"):
            continue
        for match in re.finditer(r"\b(envres_\w+)\(|\b(ENVRES_(?:\w+_)?[A-Z]+)\b(?![_*])", text):
            name = match[1] or match[2]
            if name not in words and not is_of_cli(root, files, name):
                yield "%s:%d: there is no %s" % (page, gate.line_of(text, match.start()), name)


def is_of_cli(root, files, name):
    """An environment variable or a code of the command line itself, or one of the test scripts."""
    if name == "ENVRES_BUILD":
        return True
    return any('"%s"' % name in gate.read(root, path) for path in gate.under(files, CLI, ".c"))


def code_limits(root):
    """Name -> number, as the compiler would see it."""
    text = gate.without_comments(gate.read(root, LIMITS_H)).replace("(uint64_t)", "")
    found = {}
    row = re.compile(r"^\s*(?:#define )?(LIMIT_\w+)(?: = |\s+)([\d *()]+)", re.M)
    for name, value in row.findall(text):
        product = 1
        for factor in re.findall(r"\d+", value):
            product *= int(factor)
        found[name] = product
    return found


def check_limits(root, files):
    """Rows of the page against the header."""
    wanted = code_limits(root) if LIMITS_H in files else {}
    rows = {}
    if not wanted:
        yield "%s:1: no limit found" % LIMITS_H
    text = gate.read(root, LIMITS) if LIMITS in files else ""
    for number, line in enumerate(text.split("\n"), 1):
        row = re.match(r"\| `(LIMIT_\w+)` \| ([\d,]+) \| (.*) \|$", line)
        if row and row[1] in rows:
            yield "%s:%d: %s stands here twice" % (LIMITS, number, row[1])
        if row:
            rows[row[1]] = int(row[2].replace(",", ""))
            if row[1] in wanted and wanted[row[1]] != rows[row[1]]:
                yield "%s:%d: %s is %d" % (LIMITS, number, row[1], wanted[row[1]])
            if not row[3].strip():
                yield "%s:%d: %s is not explained" % (LIMITS, number, row[1])
    for name in sorted(set(wanted) - set(rows)):
        yield "%s:1: %s is missing here" % (LIMITS, name)
    for name in sorted(set(rows) - set(wanted)):
        yield "%s:1: there is no %s" % (LIMITS, name)


def check_commands(root, files):
    """Commands, options and exit statuses of the table against the page."""
    if TABLE not in files:
        return
    tables = sorted(f for f in files if f.startswith(CLI + "/table") and f.endswith(".c"))
    text = "".join(gate.without_comments(gate.read(root, table)) for table in tables)
    page = gate.read(root, COMMANDS) if COMMANDS in files else ""
    commands = [n for n in re.findall(r'\{ \.name = "([^"]+)",\s*\.run\b', text)
                if not n.startswith("__")]
    headings = re.findall(r"^#+ `envres ([^`]+)`$", page, re.M)
    if not commands:
        yield "%s:1: no command found" % TABLE
    for name in commands:
        if headings.count(name) != 1:
            yield "%s:1: %d headings `envres %s`, not one" % (COMMANDS, headings.count(name), name)
    for name in sorted(set(headings) - set(commands)):
        yield "%s:1: there is no command '%s'" % (COMMANDS, name)
    for name in sorted(set(re.findall(r'\[OPT_\w+\] = \{ \.name = "([^"]+)"', text))):
        if not re.search(r"--%s\b(?!-)" % name, page):
            yield "%s:1: the option --%s is missing here" % (COMMANDS, name)
    exits = re.search(r"exit_rows\[\] = \{(.*?)\n\};", text, re.S)
    for status in re.findall(r"\{ (\d+),", exits[1] if exits else ""):
        if not re.search(r"^\| %s \|" % status, page, re.M):
            yield "%s:1: the exit status %s is missing here" % (COMMANDS, status)


def check_programs(root, files):
    """Whole programs on the pages compile."""
    for page in [f for f in files if f.endswith(".md")]:
        text = gate.read(root, page)
        for match in FENCE.finditer(text):
            if match[2] != "c" or not re.search(r"\bmain\(", match[3]):
                continue
            with tempfile.TemporaryDirectory(prefix="envres-docs.") as folder:
                path = os.path.join(folder, "page.c")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(match[3])
                got = subprocess.run(
                    [os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Wextra", "-Wpedantic",
                     "-Werror", "-fsyntax-only", "-I", os.path.join(root, "include"), path],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if got.returncode:
                lines = [line for line in got.stdout.decode("utf-8", "replace").split("\n")
                         if "error" in line] or ["?"]
                yield "%s:%d: does not compile: %s" % (
                    page, gate.line_of(text, match.start()), lines[0].split("page.c:")[-1])


def check(root):
    """All findings."""
    files = gate.tracked(root)
    findings = []
    for part in (check_links, check_names, check_limits, check_commands, check_programs):
        findings += part(root, files)
    return findings


PROGRAM = "```c\n#include <envres/x.h>\nint main(void) { return envres_do(1); }\n```\n"
SOUND = {
    "include/envres/x.h": "#define ENVRES_API\n/* ENVRES_OLD */\nenum { ENVRES_ONE = 1 };\n"
                          "ENVRES_API int envres_do(int x);\n",
    "include/envres/testing.h": "#define ENVRES_TESTING_API\n"
                                "ENVRES_TESTING_API int envres_testing_do(int x);\n",
    LIMITS_H: "enum {\n    LIMIT_A = 8, /* eight */\n    LIMIT_B = 2 * 1024\n};\n"
              "#define LIMIT_C ((uint64_t)3 * 4)\n",
    OPTIONS: 'rows[] = {\n    [OPT_ENV] = { .name = "env",\n .variable = "ENVRES_ENV" },\n};\n',
    TABLE: 'exit_rows[] = {\n    { 0, "done" },\n};\n'
           'commands[] = {\n    { .name = "env list",\n      .run = f },\n'
           '    { .name = "__hidden", .run = g },\n};\n',
    API: "# API\n\n## One & two\n\n`envres_do` [here](#one--two), [there](limits.md#limits).\n"
         "ENVRES_ENV, ENVRES_ONE\n" + PROGRAM,
    TESTING: "`envres_testing_do()`\n",
    LIMITS: "# Limits\n\n| `LIMIT_A` | 8 | a |\n"
            "| `LIMIT_B` | 2,048 | b |\n| `LIMIT_C` | 12 | c |\n",
    COMMANDS: "### `envres env list`\n\n--env\n\n| 0 | done |\n",
}


def plant(name, path, old, new, expected):
    """One fault: `old` replaced in one file of the sound tree."""
    assert old in SOUND[path], (path, old)
    return name, {path: SOUND[path].replace(old, new, 1)}, expected


PLANTS = [
    plant("a link to no file", API, "(limits.md#limits)", "(limit.md)", "there is no limit.md"),
    plant("a link to no heading", API, "#limits", "#limit", "docs/limits.md has no heading #limit"),
    plant("a link to no heading of its own", API, "(#one--two)", "(#one-two)", "has no heading"),
    plant("a heading gone", LIMITS, "# Limits", "Limits", "has no heading #limits"),
    plant("a link out of the tree", API, "(#one--two)", "(../../x.md)", "there is no ../../x.md"),
    ("a function not named",
     {API: SOUND[API].replace("`envres_do` ", "").replace(PROGRAM, "")},
     "envres_do of include/envres/x.h is missing"),
    plant("a new function", "include/envres/x.h", "(int x);",
          "(int x);\nENVRES_API int envres_new(void);",
          "c-api.md:1: envres_new of include/envres/x.h is missing"),
    plant("a new function of testing.h", "include/envres/testing.h", "envres_testing_do",
          "envres_testing_new", "host-tests.md:1: envres_testing_new"),
    plant("a function that is not there", TESTING, "`envres", "`envres_gone()` `envres",
          "there is no envres_gone"),
    plant("a constant that is not there", API, "ENVRES_ONE", "ENVRES_OLD",
          "there is no ENVRES_OLD"),
    plant("no function at all", "include/envres/x.h", "ENVRES_API int", "int",
          "no public function found"),
    plant("another limit", LIMITS_H, "= 8", "= 9", "LIMIT_A is 9"),
    plant("another product", LIMITS_H, "2 * 1024", "4 * 1024", "LIMIT_B is 4096"),
    plant("another limit of 64 bits", LIMITS_H, "3 * 4", "3 * 5", "LIMIT_C is 15"),
    plant("a new limit", LIMITS_H, "LIMIT_A = 8,", "LIMIT_A = 8,\n    LIMIT_D = 1,",
          "LIMIT_D is missing"),
    plant("a limit that is gone", LIMITS, "| `LIMIT_B`", "| `LIMIT_D` | 1 | d |\n| `LIMIT_B`",
          "there is no LIMIT_D"),
    plant("a limit twice", LIMITS, "| `LIMIT_B`", "| `LIMIT_A` | 8 | a |\n| `LIMIT_B`", "twice"),
    plant("a limit without words", LIMITS, "| 8 | a |", "| 8 |  |", "LIMIT_A is not explained"),
    plant("a new command", TABLE, '    { .name = "__h',
          '    { .name = "new", .run = h },\n    { .name = "__h',
          "headings `envres new`"),
    ("a new command in a table of its own",
     {CLI + "/table_new.c": 'rows[] = {\n    { .name = "new", .run = h },\n};\n'},
     "headings `envres new`"),
    plant("a command that is gone", COMMANDS, "--env", "### `envres gone`\n--env",
          "no command 'gone'"),
    plant("a new option", OPTIONS, "\n};", '\n    [OPT_X] = { .name = "env-x" },\n};',
          "the option --env-x is missing"),
    plant("an option that is a part of another", COMMANDS, "--env\n", "--env-x\n",
          "the option --env is missing"),
    plant("a new exit status", TABLE, '    { 0, "done" },', '    { 0, "done" },\n    { 9, "x" },',
          "the exit status 9"),
    plant("a program that does not compile", API, "return envres_do(1);", "return envres_do(1)",
          "does not compile"),
    plant("a program that calls what is gone", "include/envres/x.h", "envres_do", "envres_done",
          "does not compile"),
    ("no page of limits", {LIMITS: None}, "LIMIT_A is missing"),
    ("no page of commands", {COMMANDS: None}, "headings `envres env list`"),
    ("no page of the API", {API: None}, "envres_do of"),
]

if __name__ == "__main__":
    sys.exit(gate.run("docs", check, SOUND, PLANTS))
