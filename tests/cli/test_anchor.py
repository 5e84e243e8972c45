# SPDX-License-Identifier: MIT
"""--anchor, and what of the audit leaves: every field is declared here."""
import json
import os
import shutil
import stat
import unittest

from harness import Case

# Test 61: an entry's fields. One that is added is added here, after asking whether it may leave.
FIELDS = ["sequence", "time", "actor", "action", "object", "environment", "outcome", "reason",
          "operation", "asserted_by", "revision", "policy"]
CANARY = "s3cr3t-canary-of-the-audit"


class Anchor(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("set", "TOKEN", "--secret", "-e", "staging", stdin=CANARY)

    def seen(self, *words, **options):
        return self.envres("--anchor", "seen", *words, **options)

    def test_an_older_and_another_file(self):
        self.assertEqual(self.seen("set", "A=1", "-e", "staging").status, 0)
        shutil.copy(self.path("envres.db"), self.path("old.db"))
        self.assertEqual(self.seen("set", "A=2", "-e", "staging").status, 0)
        shutil.copy(self.path("envres.db"), self.path("new.db"))
        mode = stat.S_IMODE(os.stat(self.path("seen")).st_mode)
        self.assertEqual(mode, 0o600)
        shutil.copy(self.path("old.db"), self.path("envres.db"))
        result = self.seen("list")
        self.assertEqual(result.status, 5)
        self.assertIn("older than it was seen", result.err)
        self.ok("set", "B=1", "-e", "staging")
        self.ok("set", "B=2", "-e", "staging")
        result = self.seen("list")
        self.assertEqual(result.status, 5)
        self.assertIn("another history", result.err)
        shutil.copy(self.path("new.db"), self.path("envres.db"))
        self.assertEqual(self.seen("list").status, 0)

    def test_a_file_that_is_no_anchor(self):
        self.assertEqual(self.seen("list").status, 0)
        whole = self.read("seen").decode()
        for text in ("x", whole[:-1], whole + "x", whole.replace(" ", "  ", 1), whole[1:],
                     whole.replace(" 2 ", " 02 "), "\0" + whole, whole.upper()):
            with open(self.path("seen"), "w", encoding="ascii") as file:
                file.write(text)
            result = self.seen("set", "A=1", "-e", "staging")
            self.assertEqual(result.status, 5, text)
            self.assertIn("anchor", result.err)
        os.unlink(self.path("seen"))
        os.mkdir(self.path("seen"))
        self.assertEqual(self.seen("list").status, 5)

    def test_lines_of_other_workspaces_stay(self):
        other = "ab" * 16 + " 7 " + "cd" * 32 + "\n"
        with open(self.path("seen"), "w", encoding="ascii") as file:
            file.write(other)
        self.assertEqual(self.seen("set", "A=1", "-e", "staging").status, 0)
        lines = self.read("seen").decode().splitlines(True)
        self.assertEqual(len(lines), 2)
        self.assertIn(other, lines)


class Audit(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("set", "TOKEN", "--secret", "-e", "staging", stdin=CANARY)

    def test_every_field_is_declared(self):
        self.ok("get", "TOKEN", "-e", "staging", "--reveal", "--reason", "an incident")
        self.ok("list", "--reveal")
        self.ok("history", "TOKEN", "-e", "staging", "--reveal")
        text = self.ok("audit", "--jsonl").out
        self.assertNotIn(CANARY, text)
        rows = [json.loads(line) for line in text.splitlines()]
        for row in rows:
            self.assertEqual(list(row), FIELDS)
        self.assertEqual([row["action"] for row in rows[-3:]], ["secret.reveal"] * 3)
        self.assertEqual([row["object"] for row in rows[-3:]],
                         ["variable/TOKEN", "environment/staging", "variable/TOKEN"])
        self.assertEqual(rows[-3]["reason"], "an incident")
        self.assertEqual([row["sequence"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertEqual(json.loads(self.ok("audit", "--json").out), rows)
        self.fails(2, "audit", "--verify", "--jsonl")


if __name__ == "__main__":
    unittest.main()
