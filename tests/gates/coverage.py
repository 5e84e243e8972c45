#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Branch coverage of lib/: at least 90 % of it, and every branch of four sources.

    coverage.py ROOT BUILD [--pages FOLDER]    of a build with -Db_coverage=true, after its tests ran
    coverage.py --self-test

A branch is an edge of a conditional jump, as gcov counts them at -O0. What does not count: the
branches of assert(), which are for broken promises inside the library and are compiled out
(-Db_ndebug=true), and those that the compiler itself marks as unreachable or for exceptions. Nothing
else is left out, and no source has a marker. A branch of the four that no test can reach stands in
coverage.txt with its reason; a row there that is not needed is a fault as well.
"""

import collections
import json
import os
import subprocess
import sys

LEAST = 90.0
WHOLE = ("lib/guard/policy.c", "lib/guard/seal.c", "lib/lang/parser.c", "lib/lang/template.c",
         "lib/model/machine.c")
KEPT = "tests/gates/coverage.txt"


def measure(root, build, pages):
    """The report of gcovr, which looks for the sources from the folder of the build."""
    command = ["gcovr", "--root", root, "--filter", os.path.join(root, "lib") + "/",
               "--exclude-unreachable-branches", "--exclude-throw-branches", "-j", "2", "--json", "-"]
    if pages:
        os.makedirs(pages, exist_ok=True)
        command += ["--html-details", os.path.join(os.path.abspath(pages), "index.html")]
    command.append(os.path.join(build, "lib"))
    done = subprocess.run(command, cwd=build, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def branches(file):
    """(line, one flag for each branch: was it taken) of each line that has any."""
    for line in file["lines"]:
        if line.get("gcovr/noncode") or not line.get("branches"):
            continue
        yield line["line_number"], [branch["count"] > 0 for branch in line["branches"]]


def read_kept(text):
    """FILE | LINE OF SOURCE | BRANCHES | REASON -> {(file, source): branches}"""
    kept = {}
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        cells = [cell.strip() for cell in row.split(" | ")]
        if len(cells) != 4 or not all(cells):
            raise SystemExit(f"{KEPT}:{number}: not FILE | LINE OF SOURCE | BRANCHES | REASON")
        kept[cells[0], cells[1]] = cells[2]
    return kept


def judge(report, source_of, kept, least=LEAST, whole=WHOLE):
    """(rows of the table, faults)"""
    rooms = collections.defaultdict(lambda: [0, 0])
    faults, met, seen = [], set(), set()
    for file in report["files"]:
        name = file["file"]
        room = rooms[name.split("/")[1]]
        seen.add(name)
        for number, taken in branches(file):
            room[0] += sum(taken)
            room[1] += len(taken)
            if name not in whole or all(taken):
                continue
            source = source_of(name, number).strip()
            missed = ",".join(str(i) for i, was in enumerate(taken) if not was)
            if kept.get((name, source)) == missed:
                met.add((name, source))
            else:
                faults.append(f"{name}:{number}: branch {missed} of {len(taken)} is never taken: {source}")
    faults += [f"{name}: is not in the report" for name in whole if name not in seen]
    faults += [f"{KEPT}: {name}: not needed any more: {source}"
               for name, source in sorted(set(kept) - met)]
    total = [sum(room[i] for room in rooms.values()) for i in (0, 1)]
    rows = [(room, *rooms[room]) for room in sorted(rooms)] + [("all", *total)]
    if total[1] == 0 or 100.0 * total[0] / total[1] < least:
        faults.append(f"{total[0]} of {total[1]} branches are taken: less than {least} %")
    return rows, faults


def self_test():
    """Planted: a branch that is not taken, one with a reason, a reason too many, too few in all."""
    def report(*taken):
        lines = [{"line_number": 1, "branches": [{"count": count} for count in taken]}]
        return {"files": [{"file": "lib/a/a.c", "lines": lines}]}

    def faults(report, kept, least=0.0):
        return judge(report, lambda name, number: "  if (a)", kept, least, ("lib/a/a.c",))[1]
    listed = {("lib/a/a.c", "if (a)"): "1"}
    checks = [
        (faults(report(1, 1), {}), 0),
        (faults(report(1, 0), {}), 1),
        (faults(report(1, 0), listed), 0),
        (faults(report(0, 1), listed), 2),  # another branch than the one with a reason
        (faults(report(1, 1), listed), 1),
        (faults(report(1, 0), listed, 51.0), 1),
        (faults({"files": []}, {}), 2),
    ]
    for i, (found, wanted) in enumerate(checks):
        if len(found) != wanted:
            print(f"self-test {i}: {wanted} faults wanted, got {found}")
            return 1
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root, build = (os.path.realpath(path) for path in sys.argv[1:3])
    pages = sys.argv[4] if sys.argv[3:4] == ["--pages"] else None
    sources = {}

    def source_of(name, number):
        if name not in sources:
            with open(os.path.join(root, name), encoding="utf-8") as file:
                sources[name] = file.read().split("\n")
        return sources[name][number - 1]
    with open(os.path.join(root, KEPT), encoding="utf-8") as file:
        kept = read_kept(file.read())
    rows, faults = judge(measure(root, build, pages), source_of, kept)
    for room, taken, count in rows:
        print(f"{room:10} {taken:6} of {count:6} branches  {100.0 * taken / count:5.1f} %")
    print("branches: {1} of {2}, {3:.1f} %".format(*rows[-1], 100.0 * rows[-1][1] / rows[-1][2]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
