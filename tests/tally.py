#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads meson's testlog.json and says which test cases passed.

tally.py [-v] [--status N] TESTLOG.json | --self-test

A cmocka program counts with its cases, a script that ends with "N passed, N failed" with those, any
other program as one case. Programs that fail are shown with the end of their output. The last line
is "N passed, N failed"; the exit status is 1 when anything failed, when nothing ran, or when meson
itself ended with a status other than 0.
"""
import json
import re
import sys

OUTPUT_LINES = 80
CASE = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (.+)$", re.M)
SUMMARY = re.compile(r"^\d+ test\(s\)")
TALLY = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)


def count_cases(output, result):
    """Returns (passed, failed, skipped) of one program's output and meson's verdict on it."""
    passed = failed = skipped = 0
    tallies = TALLY.findall(output)
    if tallies:
        passed, failed = int(tallies[-1][0]), int(tallies[-1][1])
    else:
        # cmocka names the cases that failed or were skipped twice: where they ran, and at the end.
        bad, left_out = set(), set()
        for verdict, name in CASE.findall(output):
            if SUMMARY.match(name):
                continue
            if verdict == "OK":
                passed += 1
            elif verdict == "SKIPPED":
                left_out.add(name)
            else:
                bad.add(name)
        failed, skipped = len(bad), len(left_out)
    if result == "SKIP":
        return passed, failed, max(skipped, 1)
    if result in ("OK", "EXPECTEDFAIL"):
        # An exit status of 0 with failed cases in the output is a failure all the same.
        return (passed if passed + failed + skipped else 1), failed, skipped
    return passed, max(failed, 1), skipped


def self_test():
    """Counts of outputs as cmocka, scripts and crashing programs make them."""
    cases = "[==========] Running 3 test(s).\n[ RUN      ] a\n[       OK ] a\n"
    end = "[  ERROR   ] --- 1 != 2\n[==========] 3 test(s) run.\n[  PASSED  ] 1 test(s).\n"
    bad = "[  FAILED  ] b\n" + end + "[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] b\n"
    skip = "[  SKIPPED ] c\n" + end + "[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] c\n"
    rows = [
        ("all passed", cases + "[       OK ] b\n" + end, "OK", (2, 0, 0)),
        ("one failed", cases + bad, "FAIL", (1, 1, 0)),
        ("one failed, exit status 0", cases + bad, "OK", (1, 1, 0)),
        ("one skipped", cases + skip, "OK", (1, 0, 1)),
        ("crashed after one case", cases + "[ RUN      ] b\n", "FAIL", (1, 1, 0)),
        ("took too long", cases, "TIMEOUT", (1, 1, 0)),
        ("a script that counts", "12 passed, 0 failed\n", "OK", (12, 0, 0)),
        ("a script that counts a failure", "x\n11 passed, 1 failed\n", "FAIL", (11, 1, 0)),
        ("a program without output", "", "OK", (1, 0, 0)),
        ("a program that fails", "", "FAIL", (0, 1, 0)),
        ("should have failed", "", "UNEXPECTEDPASS", (0, 1, 0)),
        ("a skipped program", "", "SKIP", (0, 0, 1)),
    ]
    wrong = [(name, count_cases(output, result)) for name, output, result, counts in rows
             if count_cases(output, result) != counts]
    for name, counted in wrong:
        print("tally: %s: counted %s" % (name, counted))
    print("%d passed, %d failed" % (len(rows) - len(wrong), len(wrong)))
    return 1 if wrong else 0


def report(row, verbose):
    """Prints one program where there is something to say; returns its counts."""
    output = row.get("stdout", "") + row.get("stderr", "")
    passed, failed, skipped = count_cases(output, row["result"])
    name = row["name"]
    if failed:
        print("FAILED  %s (%s, exit status %s)" % (name, row["result"], row.get("returncode")))
        lines = output.rstrip("\n").split("\n")
        if len(lines) > OUTPUT_LINES:
            print("    ... %d lines before" % (len(lines) - OUTPUT_LINES))
        for line in lines[-OUTPUT_LINES:]:
            print("    " + line)
    elif skipped:
        print("skipped %s (%d)" % (name, skipped))
    elif verbose:
        print("ok      %-48s %5d  %6.2f s" % (name, passed, row.get("duration", 0)))
    return passed, failed, skipped


def main(argv):
    if "--self-test" in argv:
        return self_test()
    verbose = "-v" in argv
    status = int(argv[argv.index("--status") + 1]) if "--status" in argv else 0
    with open(argv[-1], encoding="utf-8", errors="replace") as log:
        rows = [json.loads(line) for line in log if line.strip()]
    counts = [report(row, verbose) for row in rows]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    if not rows:
        print("no test ran")
        failed = 1
    elif status and not failed:
        print("meson test ended with exit status %d" % status)
        failed = 1
    print("%d test programs%s" % (len(rows), ", %d skipped" % skipped if skipped else ""))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
