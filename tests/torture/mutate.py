#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mutation testing: does a test fail when a condition of the library is made always true, or always false?

    python3 tests/torture/mutate.py [--tests NAME,...] [--limit N] [--keep FOLDER] [-v] FILE...

    FILE       sources below lib/; lib/lang stands for all of its .c files
    --tests    only these test programs; default: all of the suites unit and api but the slow ones
    --limit    at most N mutants of each file, evenly spread
    --keep     build in this folder, and leave it there
    -v         each mutant that is killed, too

All mutants of a file are compiled at once: each condition (of if, while, for and return, and each
operand of && and || in it) is wrapped in a call that the variable ENVRES_MUTANT turns into true or into
false. So the tree is built once for a file. A first run notes which tests reach which condition; only
those are run, fastest first, until one fails, crashes or takes ten times as long: the mutant is killed.

A mutant that behaves like the original is listed, with the reason, in equivalent.txt beside this file:

    FILE | FUNCTION | CONDITION | true or false | reason

Prints what survived and a line for each file; the last line says `N passed, N failed`: files whose mutants
were all killed or are listed, and others.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EQUIVALENT = os.path.join(HERE, "equivalent.txt")
FEWEST_SECONDS = 5

# Goes before the first line of a mutated source.
PROLOGUE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static unsigned char mutant_seen[%(points)d + 1];
static int mutant_which = -2;
static void mutant_note(void)
{
    const char *path = getenv("ENVRES_MUTANT_SEEN");
    FILE *file = path ? fopen(path, "a") : 0;
    if (!file)
        return;
    for (int i = 0; i < %(points)d; i++) {
        if (mutant_seen[i])
            fprintf(file, "%%d\n", i);
    }
    fclose(file);
}
static int mutant_at(int point, int value)
{
    if (mutant_which == -2) {
        const char *text = getenv("ENVRES_MUTANT");
        mutant_which = text ? atoi(text) : -1;
        if (getenv("ENVRES_MUTANT_SEEN"))
            atexit(mutant_note);
    }
    mutant_seen[point] = 1;
    return mutant_which == 2 * point ? 1 : mutant_which == 2 * point + 1 ? 0 : value;
}
#line 1 "%(path)s"
"""


class Point:
    """One condition: where it stands, whether it is that of a loop, and the operator it is made of."""

    def __init__(self, span, loop, operator, text, line, function):
        self.start, self.end = span
        self.loop, self.operator = loop, operator
        self.text, self.line, self.function = text, line, function

    def values(self):
        """What it can be made. A loop without end says nothing; that all of `a && b` is false is the mutant
        in which a is, and likewise with ||."""
        return [value for value in (True, False)
                if not (value and self.loop) and (self.operator, value) not in (("&&", False), ("||", True))]


def blanked(text):
    """The source with comments and directives blanked, strings and characters filled, of the same length."""
    def blank(match):
        filler = "_" if match.group()[0] in "\"'" else " "
        return re.sub(r"[^\n]", filler, match.group())
    token = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*'
    return re.sub(token, blank, text, flags=re.S | re.M)


def closing(code, at):
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for index in range(at, len(code)):
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0:
            return index
    raise ValueError("a bracket is not closed")


def split(code, start, end, operator):
    """The operands of an operator outside of brackets."""
    parts, depth, at = [], 0, start
    index = start
    while index < end:
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0 and code.startswith(operator, index):
            parts.append((at, index))
            index += len(operator)
            at = index
            continue
        index += 1
    return parts + [(at, end)]


def trimmed(code, start, end):
    while start < end and code[start].isspace():
        start += 1
    while end > start and code[end - 1].isspace():
        end -= 1
    return start, end


def operands(code, start, end):
    """The condition and what it is made of by && and ||, as (span, operator); outermost first."""
    start, end = trimmed(code, start, end)
    if start >= end:
        return []
    if len(split(code, start, end, "?")) > 1:
        return [((start, end), "")]
    for operator in ("||", "&&"):
        parts = split(code, start, end, operator)
        if len(parts) > 1:
            return [((start, end), operator)] + [one for part in parts for one in operands(code, *part)]
    if code[start] == "(" and closing(code, start) == end - 1:
        return operands(code, start + 1, end - 1)
    return [((start, end), "")]


def compares(code, start, end):
    """Does a returned expression decide something?"""
    if len(split(code, start, end, "?")) > 1 or "{" in code[start:end]:
        return False
    if any(len(split(code, start, end, operator)) > 1 for operator in ("&&", "||", "==", "!=", "<=", ">=")):
        return True
    flat = re.sub(r"->|<<|>>", "  ", code[start:end])
    return any(len(split(flat, 0, len(flat), operator)) > 1 for operator in "<>")


def function_at(code, at):
    """The name of the function around an offset: the last one whose name begins a line before it."""
    name = "?"
    for match in re.finditer(r"^([a-z]\w*)\(", code[:at], re.M):
        name = match.group(1)
    return name


def points(text):
    """All conditions of a source, outer before inner."""
    code, spans = blanked(text), {}
    for match in re.finditer(r"\b(if|while|for)\s*\(", code):
        opens = match.end() - 1
        start, end = opens + 1, closing(code, opens)
        loop = match.group(1) != "if"
        if match.group(1) == "for":
            clauses = split(code, start, end, ";")
            if len(clauses) != 3:
                continue
            start, end = clauses[1]
        for span, operator in operands(code, start, end):
            spans[span] = (loop, operator)
    for match in re.finditer(r"\breturn\b([^;]*);", code):
        start, end = trimmed(code, match.start(1), match.end(1))
        if compares(code, start, end):
            for span, operator in operands(code, start, end):
                spans[span] = (False, operator)
    found = []
    for (start, end), (loop, operator) in sorted(spans.items(),
                                                 key=lambda item: (item[0][0], -item[0][1])):
        words = " ".join(text[start:end].split())
        found.append(Point((start, end), loop, operator, words, code.count("\n", 0, start) + 1,
                           function_at(code, start)))
    return found


def mutated(path, text, found):
    """The source with every condition wrapped."""
    marks = []
    for number, point in enumerate(found):
        width = point.end - point.start
        marks.append((point.start, 1, -width, "mutant_at(%d, !!(" % number))
        marks.append((point.end, 0, width, "))"))
    out, at = [], 0
    for offset, _, _, mark in sorted(marks, key=lambda mark: mark[:3]):
        out += [text[at:offset], mark]
        at = offset
    return PROLOGUE % {"points": len(found), "path": path} + "".join(out) + text[at:]


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)


class Tree:
    """A copy of the project, built."""

    def __init__(self, folder, wanted):
        self.source, self.build = os.path.join(folder, "tree"), os.path.join(folder, "build")
        files = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.split("\n")
        for name in filter(None, files):
            target = os.path.join(self.source, name)
            if os.path.isfile(os.path.join(ROOT, name)):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, name), target)
        self.must(["meson", "setup", self.build, self.source, "-Dbuildtype=debugoptimized", "-Dcli=false"]
                  if not os.path.exists(self.build) else ["true"])
        listed = json.loads(subprocess.run(["meson", "introspect", self.build, "--tests"], check=True,
                                           stdout=subprocess.PIPE).stdout)
        self.tests = {}
        for test in listed:
            suites = {suite.split(":")[-1] for suite in test["suite"]}
            if wanted and test["name"] not in wanted:
                continue
            if suites & {"unit", "api"} and not suites & {"slow", "torture"}:
                self.tests[test["name"]] = test

    @staticmethod
    def must(command):
        done = run(command)
        if done.returncode:
            sys.exit(done.stdout.decode(errors="replace")[-4000:] + "\nmutate.py: failed: " + " ".join(command))

    def write(self, name, text):
        with open(os.path.join(self.source, name), "w", encoding="utf-8") as file:
            file.write(text)
        self.must(["ninja", "-C", self.build, "-j2"])

    def test(self, name, timeout, **variables):
        """Whether a test passes, and how long it took."""
        test, started = self.tests[name], time.monotonic()
        env = dict(os.environ, **test["env"], **variables)
        try:
            done = run(test["cmd"], env=env, cwd=test.get("workdir") or self.build, timeout=timeout)
            good = done.returncode == 0
        except subprocess.TimeoutExpired:
            good = False
        return good, time.monotonic() - started

    def reached(self, folder):
        """test -> (seconds, points it reaches), of the tests that pass and reach any."""
        found = {}
        for name in self.tests:
            notes = os.path.join(folder, "seen")
            if os.path.exists(notes):
                os.remove(notes)
            good, seconds = self.test(name, 600, ENVRES_MUTANT_SEEN=notes)
            if not good:
                sys.exit("mutate.py: %s fails without a mutant" % name)
            if os.path.exists(notes):
                with open(notes, encoding="ascii") as file:
                    found[name] = (seconds, {int(line) for line in file})
        return found


def equivalents():
    found = {}
    if os.path.exists(EQUIVALENT):
        with open(EQUIVALENT, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    # A condition may hold ||, but not between blanks and alone.
                    path, function, rest = re.split(r" \| ", line.strip(), maxsplit=2)
                    condition, value, reason = rest.rsplit(" | ", 2)
                    found[(path, function, condition, value)] = reason
    return found


def killer(tree, reach, number, value):
    """The test that notices a mutant; None."""
    which = str(2 * number + (not value))
    for seconds, name in sorted((seconds, name) for name, (seconds, seen) in reach.items() if number in seen):
        limit = max(FEWEST_SECONDS, 10 * seconds)
        good, took = tree.test(name, limit, ENVRES_MUTANT=which)
        # On a busy machine the time can be up without a fault.
        if not good and took >= limit:
            good, took = tree.test(name, 6 * limit, ENVRES_MUTANT=which)
        if not good:
            return name
    return None


def judge(tree, folder, path, options, known):
    """Runs the mutants of one file; prints, and gives how many there were, were killed, are listed."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    found = points(text)
    tree.write(path, mutated(os.path.join(ROOT, path), text, found))
    reach = tree.reached(folder)
    mutants = [(number, value) for number, point in enumerate(found) for value in point.values()]
    if options.limit and len(mutants) > options.limit:
        mutants = [mutants[i * len(mutants) // options.limit] for i in range(options.limit)]
    killed = listed = 0
    for number, value in mutants:
        point, word = found[number], "true" if value else "false"
        what = "%s:%d: %s: %s always %s" % (path, point.line, point.function, point.text, word)
        if (path, point.function, point.text, word) in known:
            listed += 1
            continue
        by = killer(tree, reach, number, value)
        if by:
            killed += 1
            if options.verbose:
                print("killed    %s (%s)" % (what, by), flush=True)
        else:
            print("survived  %s%s" % (what, "" if any(number in seen for _, seen in reach.values())
                                      else " (no test reaches it)"), flush=True)
    tree.write(path, text)
    counted = len(mutants) - listed
    print("%-32s %4d mutants, %4d equivalent, %4d of %4d killed, %5.1f %%" %
          (path, len(mutants), listed, killed, counted, 100 * killed / counted if counted else 100), flush=True)
    return counted == killed


def main():
    parser = argparse.ArgumentParser(description="Mutation testing of sources below lib/.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--tests", default="")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--keep", default="")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    paths = []
    for name in options.files:
        whole = os.path.relpath(os.path.abspath(name), ROOT)
        paths += sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, whole, "*.c"))) \
            if os.path.isdir(os.path.join(ROOT, whole)) else [whole]
    folder = options.keep or tempfile.mkdtemp(prefix="envres-mutate-")
    try:
        tree = Tree(folder, set(filter(None, options.tests.split(","))))
        known = equivalents()
        good = sum(judge(tree, folder, path, options, known) for path in paths)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    print("%d passed, %d failed" % (good, len(paths) - good))
    sys.exit(0 if good == len(paths) else 1)


if __name__ == "__main__":
    main()
