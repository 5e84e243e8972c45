# SPDX-License-Identifier: MIT
"""Versions in every state, as the commands of apps, parts and versions show and refuse them."""
import unittest

from harness import Case
from test_terminal import Terminal


class States(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("app", "create", "shop", "-q")
        self.ok("part", "put", "shop", "a", stdin="one")

    def states(self, *words):
        return {row["name"]: row["state"]
                for row in self.ok("version", "list", "shop", *words, "--json").json()}

    def refuses(self, status, code, *words, **options):
        before = self.ok("version", "list", "shop", "--all", "--json").json()
        result = self.fails(status, *words, "--json", **options)
        self.assertEqual(result.error()["code"], code, result.err)
        self.assertEqual(self.ok("version", "list", "shop", "--all", "--json").json(), before)

    def test_nothing_edits_what_was_promoted(self):
        self.ok("promote", "shop", "v1", "--to", "staging")
        self.write("file", "x")
        edits = (["put", "shop", "a", "file"], ["remove", "shop", "a"],
                 ["restore", "shop", "a", "--edit", "1"])
        for words in edits:
            with self.subTest(words):
                self.refuses(6, "ENVRES_E_FROZEN", "part", *words)
                self.refuses(6, "ENVRES_E_FROZEN", "part", *words, "--version", "v1")
        self.refuses(6, "ENVRES_E_FROZEN", "part", "import", "shop", ".")
        for words in (["get", "shop", "a"], ["list", "shop"], ["history", "shop"],
                      ["export", "shop", "out"]):
            with self.subTest(words):
                self.refuses(3, "ENVRES_E_NOT_FOUND", "part", *words)
                self.ok("part", *words, "--version", "v1")
        self.assertEqual(self.read("out/a"), b"one")
        self.ok("version", "create", "shop")
        self.ok("part", "put", "shop", "a", "file")
        self.assertEqual(self.ok("part", "get", "shop", "a", "--version", "v1").out, "one")

    def test_where_they_are(self):
        self.ok("promote", "shop", "v1", "--to", "staging")
        self.ok("version", "create", "shop")
        self.assertEqual(self.states(), {"v1": "staged", "v2": "draft"})
        self.assertEqual(self.states("-e", "staging"), {"v1": "staged"})
        self.refuses(3, "ENVRES_E_NO_VERSION_HERE", "version", "list", "shop", "-e", "production")
        self.refuses(3, "ENVRES_E_NO_VERSION_HERE", "version", "show", "shop", "-e", "production")
        self.refuses(3, "ENVRES_E_NO_VERSION_HERE", "version", "show", "shop", "v2", "-e", "staging")
        shown = self.ok("version", "show", "shop", "-e", "staging", "--json").json()
        self.assertEqual((shown["name"], shown["stage"]), ("v1", "staging"))
        last = self.ok("app", "show", "shop", "--json").json()["last"]
        self.assertEqual((last["version"], last["environment"]), ("v1", "staging"))

    def test_what_is_live(self):
        self.ok("promote", "shop", "v1", "--to", "production", "--through")
        self.ok("release", "shop", "v1", "--tag", "v1.0.0")
        app = self.ok("app", "show", "shop", "--json").json()
        self.assertEqual(app["live"], {"version": "v1", "tag": "1.0.0", "sequence": 1})
        row = self.ok("version", "show", "shop", "v1", "--json").json()
        self.assertEqual((row["state"], row["tag"], row["sequence"]), ("live", "1.0.0", 1))
        self.ok("version", "create", "shop")
        self.refuses(6, "ENVRES_E_LIVE", "version", "discard", "shop", "v1")
        self.ok("version", "rename", "shop", "v1", "first")
        self.assertEqual(self.ok("app", "list", "--json").json()[0]["live"]["version"], "first")
        self.ok("promote", "shop", "v2", "--to", "production", "--through")
        self.ok("release", "shop", "v2", "--minor")
        self.assertEqual(self.states(), {"first": "retired", "v2": "live"})
        self.refuses(6, "ENVRES_E_IN_HISTORY", "version", "discard", "shop", "first")

    def test_discard(self):
        self.refuses(6, "ENVRES_E_ONLY_VERSION", "version", "discard", "shop", "v1")
        self.ok("version", "create", "shop")
        self.ok("version", "discard", "shop", "v2")
        self.assertEqual(self.states(), {"v1": "draft"})
        self.assertEqual(self.states("--all"), {"v1": "draft", "v2": "discarded"})
        self.refuses(6, "ENVRES_E_DISCARDED", "version", "discard", "shop", "v2")
        self.refuses(6, "ENVRES_E_DISCARDED", "part", "put", "shop", "a", "--version", "v2", stdin="x")
        self.refuses(6, "ENVRES_E_DISCARDED", "version", "create", "shop", "--from", "v2")
        self.refuses(6, "ENVRES_E_NAME_TAKEN", "version", "create", "shop", "--name", "V2")

    def test_discard_asks_where_the_environment_is_protected(self):
        self.ok("promote", "shop", "v1", "--to", "production", "--through")
        self.ok("version", "create", "shop")
        self.refuses(6, "ENVRES_E_CONFIRM", "version", "discard", "shop", "v1")
        terminal = Terminal(self, "version", "discard", "shop", "v1")
        terminal.expect("Type production to discard v1, which is ready there: ")
        terminal.send("no\n")
        self.assertEqual(terminal.end(), 6)
        self.assertEqual(self.states()["v1"], "ready")
        terminal = Terminal(self, "version", "discard", "shop", "v1")
        terminal.expect("Type production")
        terminal.send("production\n")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.states(), {"v2": "draft"})

    def test_gc_frees_what_was_discarded(self):
        self.assertEqual(self.ok("gc", "--json").json(),
                         {"ok": True, "parts": 0, "trees": 0, "bytes": 0})
        self.ok("version", "create", "shop")
        self.ok("part", "put", "shop", "big", "--version", "v2", stdin=b"x" * 100000)
        self.ok("version", "discard", "shop", "v2")
        freed = self.ok("gc", "--json").json()
        self.assertEqual(freed["parts"], 1)
        self.assertGreaterEqual(freed["bytes"], 100000)
        self.assertEqual(self.ok("gc").out, "nothing to free\n")
        self.fails(6, "part", "get", "shop", "big", "--version", "v2")
        self.assertEqual(self.ok("part", "get", "shop", "a").out, "one")
        self.assert_sound()

    def test_reasons(self):
        self.ok("env", "set", "development", "--require-reason", "yes")
        self.refuses(6, "ENVRES_E_REASON", "version", "create", "shop")
        self.fails(6, "part", "put", "shop", "a", stdin="x", says="--reason TEXT")
        self.ok("part", "put", "shop", "a", "--reason", "typo", stdin="x")

    def test_a_part_is_typed(self):
        terminal = Terminal(self, "part", "put", "shop", "typed")
        terminal.expect("Ctrl-D")
        terminal.send("words\n\x04")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.ok("part", "get", "shop", "typed").out, "words\n")
        self.assertEqual(Terminal(self, "part", "put", "shop", "b", "--no-input").end(), 2)

    def test_a_diff_on_a_terminal(self):
        self.ok("version", "create", "shop")
        self.ok("part", "put", "shop", "a", "--version", "v2", stdin="\tx\x1b[2J\n")
        terminal = Terminal(self, "version", "diff", "shop", "v1", "v2")
        self.assertEqual(terminal.end(), 1)
        self.assertIn(b"\x1b[32m+\tx\\x1b[2J\x1b[0m", terminal.seen)
        self.assertNotIn(b"\x1b[2J", terminal.seen)
        plain = self.envres("version", "diff", "shop", "v1", "v2")
        self.assertIn(b"+\tx\x1b[2J\n", plain.raw)


if __name__ == "__main__":
    unittest.main(verbosity=1)
