# SPDX-License-Identifier: MIT
"""The table of commands against everything that should agree with it: help, man page, docs."""
import os
import re
import shutil
import subprocess
import unittest

from harness import ENVRES, Case

ROOT = os.environ["ENVRES_ROOT"]


def source(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


TABLE = "".join(source("bindings/cli/%s.c" % name)
                for name in ("table", "table_access", "table_store"))
COMMANDS = [name for name in re.findall(r'\{ \.name = "([a-z -]+)",\s*\.run', TABLE)]
OPTIONS = sorted(set(re.findall(r'\[OPT_\w+\] = \{\s*\.name = "([a-z-]+)"',
                             source("bindings/cli/table_options.c"))))


class Table(Case):
    def test_it_was_read(self):
        self.assertIn("resource fallback", COMMANDS)
        self.assertIn("key slot add", COMMANDS)
        self.assertIn("key show-public", COMMANDS)
        self.assertIn("passphrase-fd", OPTIONS)
        self.assertEqual(len(COMMANDS), len(set(COMMANDS)))

    def test_help(self):
        everything = self.ok("--help").out
        for name in COMMANDS:
            with self.subTest(name):
                self.assertRegex(everything, r"(?m)^  %s\s" % re.escape(name))
                text = self.ok(*name.split(), "--help").out
                self.assertEqual(text, self.ok(*name.split(), "-h").out)
                self.assertEqual(text, self.ok("help", *name.split()).out)
                self.assertLess(text.index("Examples:"), text.index("Usage: envres " + name))
                usage = " ".join(text[text.index("Usage:"):].split("\n\n")[0].split())
                for letter, option in re.findall(r"(?m)^  (?:-(\w), )?--([a-z-]+)", text):
                    self.assertIn(option, OPTIONS)
                    self.assertRegex(usage, r"(?<![\w-])%s(?![\w-])" %
                                     ("-" + letter if letter else "--" + option))

    def test_every_example_is_a_command(self):
        for name in COMMANDS:
            text = self.ok(*name.split(), "--help").out
            examples = text[text.index("Examples:"):text.index("Usage:")]
            for line in examples.splitlines()[1:]:
                if line.strip():
                    self.assertIn("envres ", line)
            self.assertIn(name.split()[-1], examples)

    def test_no_command_lacks_a_transcript(self):
        folder = os.path.join(ROOT, "tests/cli/transcripts")
        lines = "".join(source(os.path.join("tests/cli/transcripts", name))
                        for name in os.listdir(folder) if name != "help.txt")
        for name in COMMANDS:
            self.assertRegex(lines, r"(?m)^\$.*envres.* %s\b" % name)

    def test_man_page(self):
        page = self.ok("__manual").out
        for name in COMMANDS:
            self.assertIn('.SS "%s"' % name.replace("-", "\\-"), page)
        for option in OPTIONS:
            self.assertIn("\\-\\-" + option.replace("-", "\\-"), page)
        self.assertNotIn("__manual", page)
        if shutil.which("groff"):
            process = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=page.encode(),
                                     capture_output=True, check=False)
            self.assertEqual((process.returncode, process.stderr), (0, b""))

    def test_docs(self):
        page = source("docs/command-line.md")
        for name in COMMANDS:
            self.assertIn("envres " + name, page)
        for option in OPTIONS:
            self.assertIn("--" + option, page)

    def test_exit_statuses_are_those_of_the_error_codes(self):
        rows = re.findall(r"\{ (ENVRES_E_\w+), (\d), (\d), (\d),", source("bindings/cli/fail.c"))
        page = dict(re.findall(r"(?m)^\| \[(ENVRES_E_\w+)\]\(#\w+\) \| -\d+ \| (.+) \|$",
                               source("docs/errors.md")))
        self.assertEqual(sorted(row[0] for row in rows), sorted(page))
        for code, act, read, resolve in rows:
            with self.subTest(code):
                # The page says the plain status, or names the cases in words.
                numbers = set(re.findall(r"\d", page[code]))
                self.assertEqual({act, read, resolve}, numbers, page[code])

    def test_version(self):
        self.assertRegex(self.ok("--version").out, r"\Aenvres \d+\.\d+\.\d+ \(library [\d.]+\)\n\Z")

    def test_it_sees_what_a_host_sees(self):
        if not shutil.which("readelf"):
            self.fail("readelf is missing")
        out = subprocess.run(["readelf", "-d", ENVRES], capture_output=True, check=True).stdout
        if os.environ["ENVRES_LIBRARY"]:
            self.assertIn(b"libenvres.so.0", out)
            self.assertNotIn(b"sqlite3", out)
            self.assertNotIn(b"sodium", out)
        for name in os.listdir(os.path.join(ROOT, "bindings/cli")):
            if name.endswith((".c", ".h")):
                self.assertNotRegex(source("bindings/cli/" + name),
                                    r'#include [<"](?!envres/)(base|storage|guard|lang|model|resolve)/')


if __name__ == "__main__":
    unittest.main(verbosity=1)
