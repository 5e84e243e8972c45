#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The states and events of a version are the same table in the library, the checked model, and the
documentation: lib/model/machine.c, tests/models/release.pml, docs/releases.md.

machine_table.py [ROOT] | --self-test
"""
import re
import sys

import gate

TABLE, MODEL, PAGE = "lib/model/machine.c", "tests/models/release.pml", "docs/releases.md"
STATES = ["draft", "staged", "ready", "live", "retired", "discarded"]
EVENTS = ["edit", "promote", "release", "rollback", "supersede", "withdraw", "discard"]
PAGE_EVENTS = {"edit a part": "edit", "promote": "promote", "release": "release",
               "rollback to it": "rollback", "another becomes live": "supersede",
               "withdraw": "withdraw", "discard": "discard"}


def table_cells(root):
    """(state, event) -> cell, of the library."""
    text = gate.code_only(gate.read(root, TABLE))
    cells = {}
    for state, body in re.findall(r"\[VERSION_(\w+)\]\s*=\s*\{(.*?)\n    \}", text, re.S):
        for event, cell in re.findall(r"\[EVENT_(\w+)\]\s*=\s*(NEVER|\w+\([^)]*\))", body):
            words = [w.lower() for w in re.findall(r"\w+", cell)]
            if words[0] == "no":
                cell = "E_" + words[1].upper()
            else:
                cell = "never" if words[0] == "never" else ", ".join(words[1:])
            cells[(state.lower(), event.lower())] = cell
    return cells


def model_cells(root):
    """The same of the model."""
    text = gate.code_only(gate.read(root, MODEL))
    cells = {}
    for row in re.findall(r"^\s*row\(([A-Z][^)]*)\)", text, re.M):
        state, *rest = [word.strip() for word in row.split(",")]
        for event, cell in zip(EVENTS, rest):
            if not cell.startswith("E_"):
                cell = cell.lower().replace("_", ", ")
            cells[(state.lower(), event)] = cell
    return cells


def page_cells(root):
    """The same of the page, whose rows are events."""
    cells, states = {}, []
    for line in gate.read(root, PAGE).split("\n"):
        words = [word.strip() for word in line.strip("|").split("|")]
        if line.startswith("|") and words[1:] == STATES:
            states = words[1:]
        elif not line.startswith("|"):
            states = states if not cells else []
        elif states and words[0] in PAGE_EVENTS:
            for state, cell in zip(states, words[1:]):
                cell = re.sub(r"\[(\w+)\]\([^)]*\)|[¹²³]", r"\1", cell)
                if re.fullmatch(r"[A-Z_]+", cell):
                    cell = "E_" + cell
                cells[(state, PAGE_EVENTS[words[0]])] = cell or "never"
    return cells


def check(root):
    """All findings."""
    library, findings = table_cells(root), []
    for path, cells in ((TABLE, library), (MODEL, model_cells(root)), (PAGE, page_cells(root))):
        for state in STATES:
            for event in EVENTS:
                cell, wanted = cells.get((state, event)), library.get((state, event))
                if cell is None:
                    findings.append("%s:1: no cell for %s of what is %s" % (path, event, state))
                elif cell != wanted:
                    findings.append("%s:1: %s of what is %s: %s here, %s in %s" % (
                        path, event, state, cell, wanted, TABLE))
        for state, event in sorted(set(cells) - {(s, e) for s in STATES for e in EVENTS}):
            findings.append("%s:1: a cell for %s, %s, which are not known" % (path, state, event))
    return findings


def sound():
    """A small tree whose three tables agree: edits change what is a draft, and nothing else goes."""
    table, rows = "", ""
    page = "| | %s |\n|---|\n" % " | ".join(STATES)
    for state in STATES:
        cells = ["TO(DRAFT)" if state == "draft" else "NO(FROZEN)"]
        cells += ["ON(STAGED, READY)", "NO(NOT_READY)"] + ["NEVER"] * 4
        table += "    [VERSION_%s] = {\n%s    },\n" % (state.upper(), "".join(
            "        [EVENT_%s] = %s,\n" % (event.upper(), cell) for event, cell in zip(EVENTS, cells)))
        rows += "    row(%s, %s, STAGED_READY, E_NOT_READY, NEVER, NEVER, NEVER, NEVER);\n" % (
            state.upper(), "DRAFT" if state == "draft" else "E_FROZEN")
    for name, event in PAGE_EVENTS.items():
        cells = {"edit": ["draft"] + ["[FROZEN](errors.md#x)"] + ["FROZEN"] * 4,
                 "promote": ["staged, ready¹"] * 6, "release": ["NOT_READY"] * 6}
        page += "| %s | %s |\n" % (name, " | ".join(cells.get(event, [""] * 6)))
    return {TABLE: "table = {\n%s};\n" % table, MODEL: rows, PAGE: "# Page\n\n" + page + "\n"}


SOUND = sound()
PLANTS = [
    ("another state in the library", {TABLE: SOUND[TABLE].replace("TO(DRAFT)", "TO(STAGED)")},
     "release.pml:1: edit of what is draft: draft here, staged in"),
    ("another refusal in the model", {MODEL: SOUND[MODEL].replace("E_FROZEN", "E_LIVE", 1)},
     "edit of what is staged: E_LIVE here, E_FROZEN in"),
    ("another refusal on the page", {PAGE: SOUND[PAGE].replace(" FROZEN ", " LIVE ", 1)},
     "edit of what is ready: E_LIVE here"),
    ("an empty cell on the page", {PAGE: SOUND[PAGE].replace("staged, ready¹", "", 1)},
     "promote of what is draft: never here"),
    ("a row is missing in the model", {MODEL: SOUND[MODEL].replace("row(LIVE", "raw(LIVE")},
     "release.pml:1: no cell for edit of what is live"),
    ("a row is missing on the page", {PAGE: SOUND[PAGE].replace("| withdraw |", "| taken back |")},
     "releases.md:1: no cell for withdraw of what is draft"),
    ("a state is missing in the library", {TABLE: SOUND[TABLE].replace("VERSION_RETIRED", "X_Y")},
     "machine.c:1: no cell for edit of what is retired"),
    ("a state more", {MODEL: SOUND[MODEL] + "    row(LOST, DRAFT);\n"}, "lost, edit, which are not"),
]

if __name__ == "__main__":
    sys.exit(gate.run("machine_table", check, SOUND, PLANTS))
