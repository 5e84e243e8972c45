#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a transcript: shell lines after `$ `, and under each what it must print.

Each line is run by sh in one folder that is made for the transcript; standard error is shown behind
`! `, an exit status other than 0 as `[N]`. Times and dates are replaced by <TIME>, ids by <ID>.

transcript.py FILE             compares
transcript.py --update FILE    writes what was printed into the file; read it before it is kept
"""
import difflib
import os
import re
import subprocess
import sys
import tempfile

from harness import clean_environment

TIMES = [(re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b"), "<TIME>"),
         (re.compile(r'"(time|created|changed|until)":\d{13}\b'), r'"\1":<TIME>'),
         (re.compile(r"\b[0-9a-f]{32}\b"), "<ID>")]


def show(process):
    lines = process.stdout.decode("utf-8", "backslashreplace")
    text = lines if lines.endswith("\n") or not lines else lines + "<no line feed>\n"
    for line in process.stderr.decode("utf-8", "backslashreplace").splitlines():
        text += "! " + line + "\n"
    if process.returncode:
        text += "[%d]\n" % process.returncode
    for pattern, name in TIMES:
        text = pattern.sub(name, text)
    return text


def play(text):
    """The transcript with the outputs of now."""
    with tempfile.TemporaryDirectory(prefix="envres-cli-") as folder:
        environment = clean_environment(folder)
        played = ""
        for line in text.splitlines():
            if line.startswith("#"):
                played += line + "\n"
            elif line.startswith("$ "):
                process = subprocess.run(
                    ["sh", "-c", line[2:]], stdin=subprocess.DEVNULL, capture_output=True,
                    cwd=folder, env=environment, timeout=60, start_new_session=True, check=False)
                played += line + "\n" + show(process)
        return played


def main():
    update = sys.argv[1] == "--update"
    path = sys.argv[-1]
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    played = play(wanted)
    commands = wanted.count("\n$ ") + wanted.startswith("$ ")
    if commands == 0:
        sys.exit("%s: no command in it" % path)
    if update:
        with open(path, "w", encoding="utf-8") as file:
            file.write(played)
    elif played != wanted:
        name = os.path.basename(path)
        sys.stdout.writelines(difflib.unified_diff(
            wanted.splitlines(True), played.splitlines(True), name, "printed now"))
        sys.exit(1)
    print("%d commands" % commands)


if __name__ == "__main__":
    main()
