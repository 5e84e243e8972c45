#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the gates share: the tree, C text without comments, findings, and the self-test.

A gate is a script with a function check(root) that returns findings, "path:line: message". Run
alone it checks this tree (or the one named). With --self-test it builds small trees, each with one
planted fault, and fails unless every fault is found and the sound tree has none: a gate that cannot
fail proves nothing.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

SKIPPED_FOLDERS = re.compile(r"^(\.git|build(-.*)?|__pycache__|\.cache)$")


def read(root, path):
    """The text of one file; bytes that are not UTF-8 are replaced."""
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def tracked(root):
    """All files of the tree, relative, sorted: what git knows or would add, else what is there."""
    if os.path.exists(os.path.join(root, ".git")):
        try:
            out = subprocess.run(
                ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
            names = out.decode("utf-8", "replace").split("\0")
            return sorted({n for n in names if n and os.path.isfile(os.path.join(root, n))})
        except (OSError, subprocess.CalledProcessError):
            pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if not SKIPPED_FOLDERS.match(f)]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def under(files, folder, *endings):
    """Those of the files that lie in a folder and end in one of the endings."""
    return [f for f in files if f.startswith(folder + "/") and f.endswith(endings)]


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text):
    """The text with everything but its line ends replaced by spaces."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """C text with comments blanked; strings stay, lines keep their numbers."""
    return TOKEN.sub(lambda m: blank(m[0]) if m[0][0] == "/" else m[0], text)


def code_only(text):
    """C text with comments, strings and character constants blanked."""
    return TOKEN.sub(lambda m: blank(m[0]), text)


def line_of(text, position):
    """The line number of a position in a text, from 1."""
    return text.count("\n", 0, position) + 1


def functions(text):
    """Yields (name, first line, last line, body) of each function definition.

    The layout that clang-format keeps makes this simple: the name stands at the beginning of a line,
    and so do the braces of the body.
    """
    code = code_only(text)
    lines = code.split("\n")
    start = opened = name = None
    for number, line in enumerate(lines, 1):
        match = re.match(r"([A-Za-z_]\w*)\(", line)
        if match:
            start, opened, name = number, None, match[1]
        elif line.rstrip() == "{" and start:
            opened = number
        elif line.startswith("}") and opened:
            yield name, start, number, "\n".join(lines[opened - 1:number])
            start = opened = name = None


class Plants:
    """Small trees for a gate's self-test."""

    def __init__(self, check, sound):
        self.check = check
        self.sound = sound
        self.bad = []
        self.count = 0

    def findings_of(self, files):
        """What the gate says about a tree of these files."""
        with tempfile.TemporaryDirectory(prefix="envres-gate.") as root:
            for path, text in files.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return self.check(root)

    def stays_silent(self):
        """The sound tree must have no finding."""
        self.count += 1
        for finding in self.findings_of(self.sound):
            self.bad.append("the sound tree: " + finding)

    def must_find(self, name, changes, expected):
        """The sound tree with `changes` (a None removes a file) must have a finding that says
        `expected`."""
        self.count += 1
        tree = dict(self.sound)
        tree.update(changes)
        found = self.findings_of({p: t for p, t in tree.items() if t is not None})
        if not any(expected in finding for finding in found):
            self.bad.append("%s: not found (expected %r, got %s)" % (name, expected, found))


def run(name, check, sound, plants, argv=None):
    """The command line of a gate. `plants` is a list of (name, changes, expected)."""
    argv = sys.argv[1:] if argv is None else argv
    if "--self-test" in argv:
        test = Plants(check, sound)
        test.stays_silent()
        for plant in plants:
            test.must_find(*plant)
        for line in test.bad:
            print("%s: self-test: %s" % (name, line))
        print("%d passed, %d failed" % (test.count - len(test.bad), len(test.bad)))
        return 1 if test.bad else 0
    root = os.path.abspath(argv[0]) if argv else ROOT
    findings = check(root)
    for finding in findings:
        print(finding)
    print("%s: %s" % (name, "%d findings" % len(findings) if findings else "nothing to report"))
    return 1 if findings else 0
