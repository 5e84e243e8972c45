#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/resources.md and the table in lib/model/kind.c agree: the same kinds, fields, types, defaults
and values, in the same order; and every example of a ready string is one of a test case.

kinds_doc.py [ROOT] | --self-test
"""
import json
import os
import re
import sys

import gate

TABLE, PAGE, VECTORS = "lib/model/kind.c", "docs/resources.md", "tests/vectors/resources.json"
TYPES = {None: "string", "FIELD_STRING": "string", "FIELD_INTEGER": "integer",
         "FIELD_BOOLEAN": "boolean", "FIELD_JSON": "json"}
NUMBERS = {"INT32_MAX": "2147483647"}
HEAD = "| field | type | required | secret | default | values | what it is |"
SUMMARY = re.compile(r"^\| \[(\w+)\]\(#(\w+)\) \| (yes|no) \| (yes|no) \|$")


def members(text):
    """The designated members of one row: name -> its text, without quotes."""
    found = re.findall(r'\.(\w+) = ("(?:[^"\\]|\\.)*"|[^,{}]+)', text)
    return {name: value.strip().strip('"') for name, value in found}


def field_row(row):
    """The first six cells of a field's row, as the page has them."""
    values = ""
    if "choices" in row:
        values = " ".join("`%s`" % c for c in row["choices"].split())
    elif "high" in row:
        values = "%s to %s" % (row["low"], NUMBERS.get(row["high"], row["high"]))
    required = "unless `%s`" % row["unless"] if "unless" in row else "yes"
    return ["`%s`" % row["name"], TYPES[row.get("type")],
            required if row.get("required") == "true" else "",
            "yes" if row.get("secret") == "true" else "",
            "`%s`" % row["preset"] if "preset" in row else "", values]


def code_kinds(root):
    """name -> (has URL, has own string, rows), in order."""
    text = gate.without_comments(gate.read(root, TABLE))
    for name, value in re.findall(r"^#define (\w+_RANGE) (.+)$", text, re.M):
        text = re.sub(r"\b%s\b(?! \.)" % name, lambda _, v=value: v, text)
    fields = {}
    for name, body in re.findall(r"struct kind_field (\w+)\[\] = \{(.*?)\n\};", text, re.S):
        fields[name] = [field_row(members(row)) for row in re.findall(r"\{([^{}]*)\}", body)]
    body = re.search(r"struct kind kinds\[\] = \{(.*?)\n\};", text, re.S)
    kinds = {}
    for row in re.findall(r"\{([^{}]*)\}", body[1] if body else ""):
        found = members(row)
        used = re.search(r"FIELDS\((\w+)\)", row)
        kinds[found["name"]] = (found.get("has_url") == "true", found.get("has_dsn") == "true",
                                fields.get(used[1], []) if used else [])
    return kinds


def page_kinds(root):
    """Sections: name -> (line, rows of cells, examples); summary: name -> (URL, own string)."""
    sections, summary, findings = {}, {}, []
    name = None
    in_kinds = in_example = False
    for number, line in enumerate(gate.read(root, PAGE).split("\n"), 1):
        heading = re.match(r"(#+) (.*)", line)
        brief = SUMMARY.match(line)
        if line.startswith("```"):
            in_example = not in_example and line == "```text"
        elif in_example and name:
            sections[name][2].append((number, line))
        elif heading and len(heading[1]) < 3:
            in_kinds = heading[2] == "The kinds"
            name = None
        elif heading and in_kinds:
            name = heading[2]
            if name in sections:
                findings.append("%s:%d: %s stands here twice" % (PAGE, number, name))
            sections[name] = (number, [], [])
        elif brief:
            summary[brief[1]] = (brief[3] == "yes", brief[4] == "yes")
            if brief[1] != brief[2]:
                findings.append("%s:%d: %s leads to %s" % (PAGE, number, brief[1], brief[2]))
        elif name and line.startswith("| `"):
            sections[name][1].append((number, [c.strip() for c in line.strip("|").split("|")]))
        elif name and line.startswith("| ") and line != HEAD:
            findings.append("%s:%d: the head of a table is: %s" % (PAGE, number, HEAD))
    return sections, summary, findings


def check_rows(name, section, wanted):
    """Findings about one kind's table."""
    number, rows, _ = section
    names = [cells[0] for _, cells in rows]
    if names != [cells[0] for cells in wanted]:
        yield "%s:%d: the fields of %s are %s, in this order" % (
            PAGE, number, name, " ".join(cells[0] for cells in wanted) or "none")
        return
    for (at, cells), expected in zip(rows, wanted):
        if cells[:6] != expected:
            yield "%s:%d: %s %s is: | %s |" % (PAGE, at, name, cells[0], " | ".join(expected))
        elif len(cells) != 7 or not cells[6]:
            yield "%s:%d: %s %s is not explained" % (PAGE, at, name, cells[0])


def check_examples(root, sections, kinds):
    """Each example must be what some case expects; a kind that has strings has examples."""
    known = {}
    for case in json.loads(gate.read(root, VECTORS))["cases"]:
        expect = case.get("expect", {})
        known.setdefault(case["kind"], set()).update(
            expect[key] for key in ("url", "redacted_url", "dsn") if expect.get(key))
    for name, (number, _, examples) in sections.items():
        for at, line in examples:
            if line not in known.get(name, ()):
                yield "%s:%d: no case of %s has this string" % (PAGE, at, VECTORS)
        if not examples and any(kinds.get(name, ())[:2]):
            yield "%s:%d: %s has no example" % (PAGE, number, name)


def check(root):
    """All findings."""
    if not os.path.exists(os.path.join(root, PAGE)):
        return ["%s:1: missing" % PAGE]
    kinds = code_kinds(root)
    sections, summary, findings = page_kinds(root)
    if not kinds:
        findings.append("%s:1: no table of kinds found" % TABLE)
    for what, found in (("sections", sections), ("rows in the summary", summary)):
        if list(found) != list(kinds):
            findings.append("%s:1: the %s are %s; the kinds are %s" % (
                PAGE, what, " ".join(found), " ".join(kinds)))
    for name, (has_url, has_dsn, rows) in kinds.items():
        if name in summary and summary[name] != (has_url, has_dsn):
            findings.append("%s:1: the summary is wrong about %s" % (PAGE, name))
        if name in sections:
            findings += check_rows(name, sections[name], rows)
    return findings + list(check_examples(root, sections, kinds))


SOUND = {
    TABLE: """#define PORT_RANGE .low = 1, .high = 9
static const struct kind_field one_fields[] = {
    { .name = "host", .required = true, .unless = "key" },
    { .name = "port", .type = FIELD_INTEGER, .preset = "5", PORT_RANGE },
    { .name = "key", .secret = true },
    { .name = "mode",
      .preset = "a",
      .choices = "a b" },
};
static const struct kind kinds[] = {
    { .name = "one", FIELDS(one_fields), .has_url = true },
    { .name = "any", .takes_any = true },
};
""",
    PAGE: """# Resources
| [one](#one) | yes | no |
| [any](#any) | no | no |
## The kinds
### one
%s
|---|---|---|---|---|---|---|
| `host` | string | unless `key` | | | | the host |
| `port` | integer | | | `5` | 1 to 9 | the port |
| `key` | string | | yes | | | the key |
| `mode` | string | | | `a` | `a` `b` | the mode |
```text
one://h
```
### any
""" % HEAD,
    VECTORS: '{"count":1,"cases":[{"kind":"one","expect":{"url":"one://h","dsn":null}}]}',
}


def plant(name, path, old, new, expected):
    """One fault: `old` replaced in one file of the sound tree."""
    assert old in SOUND[path]
    return name, {path: SOUND[path].replace(old, new, 1)}, expected


PLANTS = [
    plant("a field only in the code", TABLE, '    { .name = "key"',
          '    { .name = "new" },\n    { .name = "key"', "the fields of one are"),
    plant("a field only on the page", PAGE, "| `key`", "| `new` | string | | | | | x |\n| `key`",
          "the fields of one are"),
    plant("another order", TABLE, '"host", .required = true, .unless = "key" },',
          '"mode" },', "the fields of one are"),
    plant("another type", TABLE, ".type = FIELD_INTEGER, ", "", "one `port` is: | `port` | string"),
    plant("another default", TABLE, '"5"', '"6"', "one `port` is:"),
    plant("another range", TABLE, ".high = 9", ".high = 8", "1 to 8"),
    plant("another choice", TABLE, '"a b"', '"a c"', "`a` `c`"),
    plant("no longer secret", TABLE, ".secret = true", ".secret = false", "one `key` is:"),
    plant("no longer required", TABLE, ".required = true, ", "", "one `host` is:"),
    plant("required everywhere", TABLE, ', .unless = "key"', "", "one `host` is:"),
    plant("not explained", PAGE, "| the key |", "| |", "`key` is not explained"),
    plant("a kind only in the code", TABLE, '    { .name = "any"',
          '    { .name = "two" },\n    { .name = "any"', "the sections are one any"),
    plant("a kind only on the page", PAGE, "### any", "### two\n### any", "the sections are"),
    plant("a kind twice", PAGE, "### any", "### one\n### any", "stands here twice"),
    plant("not in the summary", PAGE, "| [any](#any) | no | no |\n", "", "rows in the summary"),
    plant("a wrong summary", PAGE, "| yes | no |", "| yes | yes |", "wrong about one"),
    plant("a wrong link", PAGE, "(#any)", "(#one)", "leads to one"),
    plant("a wrong head", PAGE, "| what it is |", "| what |", "the head of a table is"),
    plant("an example of nothing", PAGE, "one://h", "one://x", "no case of"),
    plant("no example", PAGE, "one://h\n", "", "one has no example"),
    ("no page", {PAGE: None}, "missing"),
    ("no table", {TABLE: "int x;\n"}, "no table of kinds"),
]

if __name__ == "__main__":
    sys.exit(gate.run("kinds_doc", check, SOUND, PLANTS))
