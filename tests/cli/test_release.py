# SPDX-License-Identifier: MIT
"""check, promote, release, rollback, withdraw, releases, status, render --app: as scripts use them."""
import contextlib
import json
import sqlite3
import subprocess
import time
import unittest

from harness import ENVRES, Case
from test_terminal import Terminal

ENVIRONMENTS = ("development", "staging", "production")
FINDING = {"severity", "code", "part", "line", "column", "message", "fix"}
RECORD = {"sequence", "kind", "version", "tag", "notes", "author", "time", "live", "target",
          "previous", "content", "manifest", "revision", "pin", "environment"}


class Shop(Case):
    """A store with an app `shop` that works in every environment; v1 is its only draft."""

    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        for environment in ENVIRONMENTS:
            self.ok("set", "API_URL=https://api.%s.example" % environment, "-e", environment)
        self.ok("app", "create", "shop")
        self.put("page.txt", "at << environment.variables.API_URL >>\n")

    def put(self, path, text, version="v1"):
        self.ok("part", "put", "shop", path, "-", "--version", version, stdin=text)

    def ready(self, version="v1"):
        self.ok("promote", "shop", version, "--to", "production", "--through")

    def next(self, text=None):
        """A new version, its name."""
        name = self.ok("version", "create", "shop", "--json").json()["version"]
        if text is not None:
            self.put("page.txt", text, name)
        return name

    def releases(self):
        return self.ok("releases", "shop", "--json").json()

    def live(self):
        return self.ok("status", "shop", "--json").json()["live"]

    def everything(self):
        """All rows of the store's file."""
        with contextlib.closing(sqlite3.connect(self.path("envres.db"))) as database:
            return list(database.iterdump())

    @contextlib.contextmanager
    def unchanged(self):
        before = self.everything()
        yield
        self.assertEqual(self.everything(), before)

    def refused(self, status, code, *words):
        """Refused with this code, for people and for scripts, and nothing is written."""
        with self.unchanged():
            result = self.fails(status, *words)
            self.assertNotIn("envres_", result.err, "a hint for C programs")
            result = self.envres(*words, "--json")
            self.assertEqual((result.status, result.out), (status, ""), words)
            self.assertEqual(result.error()["code"], code, words)
        return result


class Machine(Shop):
    """Every state against every move."""

    def setUp(self):
        super().setUp()
        self.ready("v1")
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.ready(self.next("two\n"))
        self.ok("release", "shop", "v2", "--tag", "1.1.0")
        self.ready(self.next("three\n"))
        self.ok("promote", "shop", self.next("four\n"), "--to", "staging")
        self.next("five\n")
        self.ok("version", "discard", "shop", self.next("six\n"))
        self.states = {"retired": "v1", "live": "v2", "ready": "v3", "staged": "v4", "draft": "v5",
                       "discarded": "v6"}

    def test_the_states_are_those(self):
        rows = self.ok("version", "list", "shop", "--all", "--json").json()
        self.assertEqual({row["state"]: row["name"] for row in rows}, self.states)
        status = self.ok("status", "shop", "--json").json()
        self.assertEqual(status["live"]["tag"], "1.1.0")
        where = {key: {row["name"]: row["state"] for row in rows}
                 for key, rows in status["environments"].items()}
        self.assertEqual(where, {"development": {"v5": "draft"}, "staging": {"v4": "staged"},
                                 "production": {"v3": "ready", "v2": "live", "v1": "retired"}})

    def test_promote(self):
        rows = [("ready", 6, "ENVRES_E_AT_LAST"), ("live", 6, "ENVRES_E_AT_LAST"),
                ("retired", 6, "ENVRES_E_AT_LAST"), ("discarded", 6, "ENVRES_E_DISCARDED")]
        for state, status, code in rows:
            with self.subTest(state):
                self.refused(status, code, "promote", "shop", self.states[state], "--to",
                             "production")
                self.refused(status, code, "promote", "shop", self.states[state], "--to",
                             "production", "--dry-run")
        self.ok("promote", "shop", "v4", "--to", "production")
        self.ok("promote", "shop", "v5", "--to", "staging")

    def test_release(self):
        rows = [("draft", 6, "ENVRES_E_NOT_READY"), ("staged", 6, "ENVRES_E_NOT_READY"),
                ("live", 6, "ENVRES_E_ALREADY_LIVE"), ("discarded", 6, "ENVRES_E_DISCARDED")]
        for state, status, code in rows:
            with self.subTest(state):
                self.refused(status, code, "release", "shop", self.states[state], "--patch")
        self.ok("release", "shop", "v3", "--minor")
        self.ok("release", "shop", "v1", "--major")
        self.assertEqual([row["tag"] for row in self.releases()],
                         ["2.0.0", "1.2.0", "1.1.0", "1.0.0"])

    def test_rollback(self):
        self.refused(6, "ENVRES_E_ALREADY_LIVE", "rollback", "shop", "--to", "1.1.0")
        self.refused(3, "ENVRES_E_NOT_FOUND", "rollback", "shop", "--to", "9.9.9")
        self.ok("rollback", "shop", "--to", "1.0.0")
        self.refused(6, "ENVRES_E_NOTHING_BEFORE", "rollback", "shop")
        self.ok("rollback", "shop", "--to", "v1.1.0")
        self.assertEqual(self.live()["version"], "v2")

    def test_withdraw(self):
        self.ok("withdraw", "shop", "-m", "wrong prices", "--yes")
        self.assertIsNone(self.live())
        self.refused(3, "ENVRES_E_NOTHING_LIVE", "withdraw", "shop", "-m", "again", "--yes")
        self.ok("rollback", "shop")
        self.assertEqual(self.live()["tag"], "1.1.0")

    def test_an_app_that_was_never_released(self):
        self.ok("app", "create", "other")
        self.refused(6, "ENVRES_E_NOTHING_BEFORE", "rollback", "other")
        self.refused(3, "ENVRES_E_NOTHING_LIVE", "withdraw", "other", "-m", "x", "--yes")
        self.refused(3, "ENVRES_E_NOT_FOUND", "rollback", "other", "--to", "1.0.0")
        self.assertEqual(self.ok("releases", "other", "--json").json(), [])
        result = self.ok("releases", "other")
        self.assertEqual(result.out, "")
        self.assertIn("no release yet", result.err)

    def test_names_that_are_not_there(self):
        rows = [("promote", "shpo", "v5", "--to", "staging"), ("promote", "shop", "v55", "--to", "staging"),
                ("promote", "shop", "v5", "--to", "stagin"), ("release", "shpo", "v3", "--patch"),
                ("release", "shop", "v33", "--patch"), ("rollback", "shpo"),
                ("withdraw", "shpo", "-m", "x"), ("releases", "shpo"), ("status", "shpo"),
                ("check", "shpo", "-e", "staging"), ("check", "shop", "v33", "-e", "staging"),
                ("check", "shop", "v3", "-e", "stagin"),
                ("render", "page.txt", "-e", "production", "--app", "shpo"),
                ("render", "pag.txt", "-e", "production", "--app", "shop"),
                ("render", "page.txt", "-e", "production", "--app", "shop", "--release", "3.0.0")]
        for words in rows:
            with self.subTest(words):
                self.refused(3, "ENVRES_E_NOT_FOUND", *words)
        self.fails(3, "status", "shpo", says="shop")


class Promote(Shop):
    def test_what_it_says(self):
        result = self.ok("promote", "shop", "v1", "--to", "staging")
        self.assertRegex(result.out, r"\Av1 of shop moved from development to staging\b.*\n\Z")
        self.assertEqual(result.err, "")
        self.assertEqual(self.ok("promote", "shop", "v1", "--to", "production", "-q").out, "")

    def test_json(self):
        answer = self.ok("promote", "shop", "v1", "--to", "production", "--through", "--json").json()
        self.assertEqual(answer, {"ok": True, "app": "shop", "version": "v1", "from": "development",
                                  "to": "production", "dry_run": False, "findings": []})

    def test_the_way(self):
        self.ok("env", "add", "demo", "--off-path")
        self.refused(6, "ENVRES_E_SKIPS", "promote", "shop", "v1", "--to", "production")
        self.refused(6, "ENVRES_E_SKIPS", "promote", "shop", "v1", "--to", "development")
        self.refused(6, "ENVRES_E_OFF_PATH", "promote", "shop", "v1", "--to", "demo")
        self.ok("promote", "shop", "v1", "--to", "staging")
        self.refused(6, "ENVRES_E_SKIPS", "promote", "shop", "v1", "--to", "staging")
        self.refused(6, "ENVRES_E_SKIPS", "promote", "shop", "v1", "--to", "development")
        self.ok("promote", "shop", "v1", "--to", "production")

    def test_usage(self):
        with self.unchanged():
            self.fails(2, "promote", "shop", "v1", says="--to ENV")
            self.fails(2, "promote", "shop", "--to", "staging", says="needs V")
            for word in ("", "@", "staging@", "staging@12", "staging@" + "g" * 64, "@" + "a" * 64,
                         "staging@" + "a" * 65):
                with self.subTest(word):
                    self.fails(2, "promote", "shop", "v1", "--to", "staging", "--expect", word)

    def test_expectations(self):
        content = self.ok("version", "show", "shop", "v1", "--json").json()["content"]
        other = format(int(content[0], 16) ^ 1, "x") + content[1:]
        for word in ("staging", "production@" + content, "development@" + other,
                     "development@" + other[:12], "nowhere"):
            with self.subTest(word):
                self.refused(7, "ENVRES_E_CHANGED", "promote", "shop", "v1", "--to", "staging",
                             "--expect", word)
        self.ok("promote", "shop", "v1", "--to", "staging", "--expect", "development@" + content)
        self.ok("promote", "shop", "v1", "--to", "production", "--expect",
                "staging@" + content[:12].upper())

    def test_a_draft_that_was_edited_meanwhile(self):
        content = self.ok("version", "show", "shop", "v1", "--json").json()["content"]
        self.put("page.txt", "somebody else was here\n")
        self.refused(7, "ENVRES_E_CHANGED", "promote", "shop", "v1", "--to", "staging", "--expect",
                     "development@" + content)

    def test_dry_run(self):
        with self.unchanged():
            answer = self.ok("promote", "shop", "v1", "--to", "staging", "--dry-run", "--json").json()
            self.assertTrue(answer["dry_run"])
            result = self.ok("promote", "shop", "v1", "--to", "staging", "--dry-run")
            self.assertIn("nothing was changed", result.out)

    def test_a_reason_may_be_required(self):
        self.ok("env", "set", "staging", "--require-reason", "yes")
        result = self.refused(6, "ENVRES_E_REASON", "promote", "shop", "v1", "--to", "staging")
        self.assertIn("--reason", result.error()["hint"])
        self.ok("promote", "shop", "v1", "--to", "staging", "--reason", "fits")


class Check(Shop):
    def setUp(self):
        super().setUp()
        self.put("pages/a.txt", "first\n  << environment.variables.ONLY_DEV >>\n")
        self.ok("set", "ONLY_DEV=1", "-e", "development")

    def test_errors(self):
        result = self.envres("check", "shop", "v1", "-e", "staging")
        self.assertEqual(result.status, 1)
        self.assertRegex(result.out, r"\Apages/a\.txt:2:3: error: [^\n]*ONLY_DEV[^\n]* \[[\w-]+\]\n"
                                     r"    [^\n]+\n\Z")
        self.assertEqual(result.err, "envres: v1 of shop in staging: 1 error\n")
        self.assertEqual(self.envres("check", "shop", "v1", "-e", "staging", "-q").err, "")

    def test_json(self):
        result = self.envres("check", "shop", "v1", "-e", "staging", "--json")
        self.assertEqual((result.status, result.err), (1, ""))
        answer = result.json()
        self.assertEqual({"app", "version", "environment", "errors", "warnings", "findings"},
                         set(answer))
        self.assertEqual((answer["errors"], answer["warnings"]), (1, 0))
        finding, = answer["findings"]
        self.assertEqual(set(finding), FINDING)
        self.assertEqual([finding[key] for key in ("severity", "part", "line", "column")],
                         ["error", "pages/a.txt", 2, 3])

    def test_nothing_found(self):
        result = self.ok("check", "shop", "v1", "-e", "development")
        self.assertEqual((result.out, result.err),
                         ("", "envres: nothing stands against v1 of shop in development\n"))
        answer = self.ok("check", "shop", "v1", "-e", "development", "--strict", "--json").json()
        self.assertEqual((answer["errors"], answer["warnings"], answer["findings"]), (0, 0, []))

    def test_warnings_count_when_strict(self):
        self.put("pages/b.txt", "at https://api.production.example now\n")
        answer = self.ok("check", "shop", "v1", "-e", "development", "--json").json()
        self.assertEqual((answer["errors"], answer["warnings"]), (0, 1), answer)
        self.assertEqual(self.ok("check", "shop", "v1", "-e", "development").err,
                         "envres: v1 of shop in development: 1 warning\n")
        self.assertEqual(self.envres("check", "shop", "v1", "-e", "development", "--strict").status, 1)

    def test_the_version_that_is_there(self):
        self.assertEqual(self.ok("check", "shop", "-e", "development", "--json").json()["version"], "v1")
        result = self.refused(3, "ENVRES_E_NO_VERSION_HERE", "check", "shop", "-e", "staging")
        self.assertIn("envres check shop V -e staging", result.error()["hint"])
        self.fails(2, "check", "shop", says="needs an environment")

    def test_it_blocks_a_promotion(self):
        with self.unchanged():
            result = self.envres("promote", "shop", "v1", "--to", "staging")
        self.assertEqual((result.status, result.out), (6, ""))
        lines = result.err.splitlines()
        self.assertRegex(lines[0], r"\Apages/a\.txt:2:3: error: ")
        self.assertEqual(lines[-1], "envres: v1 of shop would not work in staging: 1 error; "
                                    "nothing was changed")
        result = self.envres("promote", "shop", "v1", "--to", "staging", "--json")
        self.assertEqual(result.error()["code"], "ENVRES_E_CHECK")
        self.assertEqual(set(json.loads(result.err)["findings"][0]), FINDING)

    def test_every_environment_on_the_way(self):
        self.ok("set", "ONLY_DEV=1", "-e", "staging")
        with self.unchanged():
            result = self.envres("promote", "shop", "v1", "--to", "production", "--through")
        self.assertEqual(result.status, 6)
        self.assertIn("would not work in production: 1 error", result.err)
        self.ok("promote", "shop", "v1", "--to", "staging")

    def test_it_blocks_a_release(self):
        for environment in ("staging", "production"):
            self.ok("set", "ONLY_DEV=1", "-e", environment)
        self.ready()
        self.ok("unset", "ONLY_DEV", "-e", "production", "--yes")
        with self.unchanged():
            result = self.envres("release", "shop", "v1", "--patch")
        self.assertEqual((result.status, result.out), (6, ""))
        self.assertIn("v1 of shop would not work in production: 1 error", result.err)

    def test_it_does_not_stop_a_rollback(self):
        for environment in ("staging", "production"):
            self.ok("set", "ONLY_DEV=1", "-e", environment)
        self.ready()
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        name = self.next()
        self.ok("part", "remove", "shop", "pages/a.txt")
        self.ready(name)
        self.ok("release", "shop", name, "--tag", "1.1.0")
        self.ok("unset", "ONLY_DEV", "-e", "production", "--yes")
        result = self.ok("rollback", "shop")
        self.assertRegex(result.out, r"\Ashop: 1\.0\.0 \(v1\) is live again in production, release 3; "
                                     r"before: 1\.1\.0 \(v2\)\n\Z")
        self.assertRegex(result.err, r"\Apages/a\.txt:2:3: error: ")
        self.assertIn("the check finds 1 error in it; that does not stop a rollback", result.err)
        self.assertEqual(self.live()["tag"], "1.0.0")
        self.ok("rollback", "shop", "--to", "1.1.0")
        answer = self.ok("rollback", "shop", "--json").json()
        self.assertEqual([row["severity"] for row in answer["findings"]], ["error"])

    def test_what_it_prints_cannot_drive_a_terminal(self):
        self.put("x\u202ey.txt", "<< environment.variables.NOPE >>")
        result = self.envres("check", "shop", "v1", "-e", "development")
        self.assertEqual(result.status, 1)
        self.assertNotIn("\u202e", result.out)


class Release(Shop):
    def setUp(self):
        super().setUp()
        self.ready()

    def test_tags(self):
        for tag in ("", "1", "1.0", "01.0.0", "1.0.0-01", "vv1.0.0", "1.0.0.0", "latest"):
            with self.subTest(tag):
                self.refused(2, "ENVRES_E_TAG", "release", "shop", "v1", "--tag", tag)
        for tag in ("9223372036854775808.0.0", "1.0.0-" + "a" * 256):
            with self.subTest(tag):
                self.refused(2, "ENVRES_E_LIMIT", "release", "shop", "v1", "--tag", tag)
        self.assertEqual(self.ok("release", "shop", "v1", "--tag", "v1.0.0-rc.1", "--json").json()["tag"],
                         "1.0.0-rc.1")
        self.ready(self.next("two\n"))
        for tag in ("1.0.0-rc.1", "v1.0.0-rc.1+build.5"):
            self.refused(6, "ENVRES_E_TAG_TAKEN", "release", "shop", "v2", "--tag", tag)
        self.assertEqual(self.ok("release", "shop", "v2", "--patch", "--json").json()["tag"], "1.0.0")

    def test_one_tag(self):
        with self.unchanged():
            self.fails(2, "release", "shop", "v1", says="--tag TAG")
            self.fails(2, "release", "shop", "v1", "--patch", "--minor", says="one tag")
            self.fails(2, "release", "shop", "v1", "--tag", "1.0.0", "--minor", says="one tag")

    def test_computed_tags(self):
        expected = [("--patch", "0.0.1"), ("--minor", "0.1.0"), ("--major", "1.0.0")]
        for option, tag in expected:
            answer = self.ok("release", "shop", "v1", option, "--json").json()
            self.assertEqual(answer["tag"], tag)
            self.ok("withdraw", "shop", "-m", "next", "--yes")

    def test_json(self):
        answer = self.ok("release", "shop", "v1", "--tag", "1.0.0", "-m", "first\nof all", "--json").json()
        self.assertEqual(set(answer), RECORD | {"ok", "app", "before", "dry_run", "findings"})
        self.assertEqual((answer["ok"], answer["sequence"], answer["kind"], answer["before"],
                          answer["live"], answer["notes"], answer["environment"]),
                         (True, 1, "release", None, True, "first\nof all", "production"))
        rolled = self.next("two\n")
        self.ready(rolled)
        self.ok("release", "shop", rolled, "--minor")
        answer = self.ok("rollback", "shop", "--json").json()
        self.assertEqual((answer["kind"], answer["target"], answer["sequence"], answer["before"]),
                         ("rollback", 1, 3, {"version": "v2", "tag": "1.1.0", "sequence": 2}))
        answer = self.ok("withdraw", "shop", "-m", "why", "-y", "--json").json()
        self.assertEqual(set(answer), RECORD | {"ok", "app", "before", "dry_run", "findings"})
        self.assertEqual((answer["kind"], answer["sequence"], answer["live"]), ("withdraw", 4, False))
        rows = self.releases()
        self.assertEqual([set(row) for row in rows], [RECORD] * 4)
        self.assertEqual([row["sequence"] for row in rows], [4, 3, 2, 1])
        self.assertEqual([row["live"] for row in rows], [False] * 4)
        for row in rows:
            self.assertRegex(row["content"], r"\A[0-9a-f]{64}\Z")
            self.assertRegex(row["manifest"], r"\A[0-9a-f]{64}\Z")

    def test_what_they_say(self):
        result = self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.assertEqual((result.out, result.err), ("shop: 1.0.0 (v1) is live in production, release 1\n", ""))
        self.ready(self.next("two\n"))
        result = self.ok("release", "shop", "v2", "--minor")
        self.assertEqual(result.out, "shop: 1.1.0 (v2) is live in production, release 2; before: 1.0.0 (v1)\n")
        result = self.ok("rollback", "shop")
        self.assertEqual((result.out, result.err),
                         ("shop: 1.0.0 (v1) is live again in production, release 3; before: 1.1.0 (v2)\n", ""))
        result = self.ok("withdraw", "shop", "-m", "why", "-y")
        self.assertEqual(result.out,
                         "shop: nothing is live in production any more, release 4; before: 1.0.0 (v1)\n")
        self.assertIn("envres rollback shop", result.err)
        result = self.ok("rollback", "shop", "-q")
        self.assertEqual((result.out, result.err), ("", ""))

    def test_dry_runs(self):
        with self.unchanged():
            answer = self.ok("release", "shop", "v1", "--minor", "--dry-run", "--json").json()
            self.assertEqual((answer["tag"], answer["sequence"], answer["dry_run"]), ("0.1.0", 1, True))
            self.assertIn("nothing was changed", self.ok("release", "shop", "v1", "--minor", "--dry-run").out)
            self.refused(2, "ENVRES_E_TAG", "release", "shop", "v1", "--tag", "x", "--dry-run")
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.ready(self.next("two\n"))
        self.ok("release", "shop", "v2", "--tag", "1.1.0")
        before = self.ok("status", "shop", "--json").out
        with self.unchanged():
            answer = self.ok("rollback", "shop", "--dry-run", "--json").json()
            self.assertEqual((answer["tag"], answer["target"], answer["dry_run"]), ("1.0.0", 1, True))
            self.assertIn("would be live again", self.ok("rollback", "shop", "--dry-run").out)
        self.assertEqual(self.ok("status", "shop", "--json").out, before)

    def test_nobody_is_asked_but_by_withdraw(self):
        self.assertTrue(self.ok("env", "show", "production", "--json").json()["protected"])
        self.assertEqual(Terminal(self, "release", "shop", "v1", "--tag", "1.0.0").end(), 0)
        self.ready(self.next("two\n"))
        self.assertEqual(Terminal(self, "release", "shop", "v2", "--patch").end(), 0)
        self.assertEqual(Terminal(self, "rollback", "shop").end(), 0)
        self.refused(6, "ENVRES_E_CONFIRM", "withdraw", "shop", "-m", "why")
        terminal = Terminal(self, "withdraw", "shop", "-m", "why")
        terminal.expect("Type production to leave shop with nothing live: ")
        terminal.send("shop\n")
        self.assertEqual(terminal.end(), 6)
        self.assertEqual(self.live()["tag"], "1.0.0")
        terminal = Terminal(self, "withdraw", "shop", "-m", "why")
        terminal.expect("Type production")
        terminal.send("production\n")
        self.assertEqual(terminal.end(), 0)
        self.assertIsNone(self.live())

    def test_reasons(self):
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.refused(2, "ENVRES_E_INVALID", "withdraw", "shop", "--yes")
        self.ready(self.next("two\n"))
        self.ok("env", "set", "production", "--require-reason", "yes")
        self.refused(6, "ENVRES_E_REASON", "release", "shop", "v2", "--patch", "-m", "notes, no reason")
        self.ok("release", "shop", "v2", "--patch", "--reason", "asked for")
        self.refused(6, "ENVRES_E_REASON", "rollback", "shop")
        self.ok("rollback", "shop", "-m", "broken")
        self.ok("rollback", "shop", "--to", "1.0.1", "--reason", "mended")
        self.ok("--reason", "before the command", "rollback", "shop")
        self.ok("withdraw", "shop", "--reason", "sold out", "--yes")
        self.ok("--reason", "before the command", "rollback", "shop")
        self.ok("--reason", "before the command", "withdraw", "shop", "-y")

    def test_sound_at_the_end(self):
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.ok("withdraw", "shop", "-m", "why", "-y")
        self.ok("rollback", "shop")
        self.assert_sound()


class Status(Shop):
    def test_one(self):
        self.ready()
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.next("two\n")
        self.put("new.txt", "new\n", "v2")
        self.ready("v2")
        self.put("broken.txt", "<< environment.variables.NOPE >>", self.next())
        answer = self.ok("status", "shop", "--json").json()
        self.assertEqual(answer["app"], "shop")
        self.assertLessEqual({"version": "v1", "tag": "1.0.0", "sequence": 1}.items(), answer["live"].items())
        self.assertEqual(list(answer["environments"]), list(ENVIRONMENTS))
        self.assertEqual(answer["environments"]["staging"], [])
        self.assertEqual([row["name"] for row in answer["environments"]["production"]], ["v2", "v1"])
        for rows in answer["environments"].values():
            for row in rows:
                self.assertEqual(set(row), {"name", "state", "tag", "sequence", "changed"})
        self.assertEqual([(row["version"], row["path"], row["change"]) for row in answer["differences"]],
                         [("v2", "new.txt", "added"), ("v2", "page.txt", "changed")])
        errors = [row for row in answer["findings"] if row["severity"] == "error"]
        self.assertEqual({row["part"] for row in errors}, {"broken.txt"})
        self.assertEqual({row["version"] for row in errors}, {"v3"})
        for row in answer["findings"]:
            self.assertEqual(set(row), FINDING | {"environment", "version"})

    def test_for_people(self):
        self.ready()
        result = self.ok("status", "shop")
        self.assertTrue(result.out.startswith("shop: nothing is live\n"), result.out)
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        for _ in range(7):
            self.next("other\n")
        out = self.ok("status", "shop").out
        self.assertRegex(out, r"\Ashop: 1\.0\.0 \(v1\) is live, release 1 of 20\d\d-")
        self.assertRegex(out, r"(?m)^staging +none yet$")
        self.assertRegex(out, r"(?m)^ +and 2 more$")
        self.assertLessEqual(max(len(line) for line in out.splitlines()), 80, out)

    def test_all(self):
        self.ok("app", "create", "other")
        self.ready()
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.next()
        out = self.ok("status").out.splitlines()
        self.assertEqual(out[0].split(), ["APP", "LIVE", *ENVIRONMENTS])
        self.assertEqual(out[1].split(), ["other", "-", "v1", "-", "-"])
        self.assertEqual(out[2].split(), ["shop", "1.0.0", "(v1)", "v2", "-", "v1"])
        answer = self.ok("status", "--json").json()
        self.assertEqual([row["app"] for row in answer], ["other", "shop"])
        self.assertEqual(answer[0]["live"], None)
        self.assertEqual(answer[1]["live"], {"version": "v1", "tag": "1.0.0", "sequence": 1})
        self.assertEqual(answer[1]["environments"]["development"][0]["state"], "draft")

    def test_a_store_without_apps(self):
        self.ok("--store", "empty.db", "init", "-q")
        result = self.ok("--store", "empty.db", "status")
        self.assertEqual(result.out, "")
        self.assertIn("envres app create", result.err)
        self.assertEqual(self.ok("--store", "empty.db", "status", "--json").json(), [])


class Render(Shop):
    def setUp(self):
        super().setUp()
        self.put("page.txt", "<< app.name >> << app.version >> << app.release >>: "
                             "<< environment.variables.API_URL >>\n")
        self.ready()

    def render(self, *words, **options):
        return self.ok("render", *words, "-e", "production", "--app", "shop", **options).out

    def test_what_is_served(self):
        self.refused(3, "ENVRES_E_NOTHING_LIVE", "render", "page.txt", "-e", "production", "--app", "shop")
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.assertEqual(self.render("page.txt"), "shop v1 1.0.0: https://api.production.example\n")
        self.ready(self.next("two: << app.release >>\n"))
        self.ok("release", "shop", "v2", "--tag", "1.1.0")
        self.assertEqual(self.render("page.txt"), "two: 1.1.0\n")
        self.assertEqual(self.render("page.txt", "--release", "live"), "two: 1.1.0\n")
        for tag in ("1.0.0", "v1.0.0"):
            self.assertEqual(self.render("page.txt", "--release", tag),
                             "shop v1 1.0.0: https://api.production.example\n")
        self.ok("rollback", "shop")
        self.assertEqual(self.render("page.txt"), "shop v1 1.0.0: https://api.production.example\n")
        self.assertEqual(self.ok("render", "page.txt", "-e", "staging", "--app", "shop").out,
                         "shop v1 1.0.0: https://api.staging.example\n")

    def test_standard_input(self):
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        for words in ((), ("-",)):
            self.assertEqual(self.render(*words, stdin="<< app.release >>"), "1.0.0")
        self.write("page.txt", "a file")
        self.assertEqual(self.ok("render", "page.txt", "-e", "production").out, "a file")
        result = self.envres("render", "-e", "production", stdin="<< app.name >>")
        self.assertEqual(result.status, 4)

    def test_errors_have_the_place_in_the_part(self):
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.ok("unset", "API_URL", "-e", "production", "--yes")
        result = self.envres("render", "page.txt", "-e", "production", "--app", "shop")
        self.assertEqual(result.status, 4)
        self.assertRegex(result.err, r"\Apage\.txt:1:\d+: ")

    def test_usage(self):
        self.fails(2, "render", "page.txt", "-e", "production", "--release", "1.0.0", says="--app APP")
        terminal = Terminal(self, "render", "-e", "production", "--app", "shop")
        self.assertNotEqual(terminal.end(), 0)

    def test_context(self):
        self.ok("set", 'QUOTED="x"', "-e", "production")
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        text = "<< environment.variables.QUOTED >>"
        self.assertEqual(self.render("-", stdin=text), '"x"')
        self.assertEqual(self.render("-", "--context", "json", stdin='"%s"' % text), r'"\"x\""')

    def test_a_json_part_is_json(self):
        """The check reads a .json part as JSON, so rendering does too."""
        text = '{"q": "<< environment.variables.QUOTED >>"}'
        self.ok("set", 'QUOTED=a "b"', "-e", "staging")
        self.ok("set", 'QUOTED=a "b"', "-e", "production")
        self.ok("version", "create", "shop", "--name", "v2", "--from", "v1")
        for path in ("q.json", "Q2.JSON", "q.json.txt"):
            self.ok("part", "put", "shop", path, "--version", "v2", stdin=text)
        self.ok("part", "put", "shop", "no.json", "--version", "v2", stdin=text[1:])
        for environment in ("staging", "production"):
            self.ok("promote", "shop", "v2", "--to", environment)
        self.ok("release", "shop", "v2", "--tag", "2.0.0")
        for path in ("q.json", "Q2.JSON"):
            self.assertEqual(json.loads(self.render(path)), {"q": 'a "b"'})
            self.assertEqual(self.render(path, "--context", "text"), '{"q": "a "b""}')
        self.assertEqual(self.render("q.json.txt"), '{"q": "a "b""}')
        self.assertEqual(self.render("no.json", "--context", "text"), '"q": "a "b""}')
        self.fails(4, "render", "no.json", "-e", "production", "--app", "shop", says="no.json:1:")


class TwoAtOnce(Shop):
    """Two processes race; whoever is second is told so, and never undoes the first unseen."""

    ROUNDS = 50

    def race(self, *words, held=False):
        """Both at once. `held`: nobody can write until both have looked and want to."""
        with contextlib.closing(sqlite3.connect(self.path("envres.db"), isolation_level=None)) as lock:
            if held:
                lock.execute("BEGIN IMMEDIATE")
            processes = [subprocess.Popen([ENVRES, *words, "--json"], cwd=self.folder,
                                          env=self.environment, stdin=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                         for _ in range(2)]
            if held:
                self.wait_for(processes)
                lock.execute("ROLLBACK")
        answers = []
        for process in processes:
            out, err = process.communicate(timeout=60)
            answers.append((process.returncode, json.loads(out or err)))
        return sorted(answers, key=lambda answer: answer[0])

    @staticmethod
    def wait_for(processes):
        """Until each of them waits for the lock, as far as this system shows it."""
        for process in processes:
            for _ in range(500):
                with open("/proc/%d/wchan" % process.pid, encoding="ascii") as file:
                    if "sleep" in file.read():
                        break
                time.sleep(0.01)

    def test_rollback_when_both_have_looked(self):
        self.ready()
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        for tag in ("1.1.0", "1.2.0"):
            self.ready(self.next(tag + "\n"))
            self.ok("release", "shop", "v%s" % (int(tag[2]) + 1), "--tag", tag)
        for round_number in range(self.ROUNDS):
            winner, loser = self.race("rollback", "shop", held=True)
            self.assertEqual((winner[0], winner[1].get("tag")), (0, "1.1.0"), winner)
            self.assertEqual((loser[0], loser[1]["error"]["code"]), (7, "ENVRES_E_CHANGED"))
            rows = self.releases()
            self.assertEqual(len(rows), 4 + 2 * round_number)
            self.assertEqual(sum(row["live"] for row in rows), 1)
            self.ok("release", "shop", "v3", "--patch", "-q")
        self.assertEqual([row["sequence"] for row in self.releases()],
                         list(range(3 + 2 * self.ROUNDS, 0, -1)))
        self.assert_sound()

    def test_rollback(self):
        self.ready()
        self.ok("release", "shop", "v1", "--tag", "1.0.0")
        self.ready(self.next("two\n"))
        for round_number in range(self.ROUNDS):
            self.ok("release", "shop", "v2", "--patch", "-q")
            winner, loser = self.race("rollback", "shop")
            self.assertEqual(winner[0], 0, winner)
            self.assertEqual(winner[1]["tag"], "1.0.0")
            # Beaten between look and act, or looking when it was done: before 1.0.0 there is nothing.
            self.assertIn((loser[0], loser[1]["error"]["code"]),
                          ((7, "ENVRES_E_CHANGED"), (6, "ENVRES_E_NOTHING_BEFORE")))
            rows = self.releases()
            self.assertEqual(len(rows), 3 + 2 * round_number)
            self.assertEqual(sum(row["live"] for row in rows), 1)
        self.assertEqual([row["sequence"] for row in self.releases()],
                         list(range(1 + 2 * self.ROUNDS, 0, -1)))
        self.assert_sound()

    def test_promote(self):
        for _ in range(10):
            winner, loser = self.race("promote", "shop", "v1", "--to", "staging")
            self.assertEqual(winner[0], 0)
            self.assertIn((loser[0], loser[1]["error"]["code"]),
                          ((7, "ENVRES_E_CHANGED"), (6, "ENVRES_E_SKIPS")))
            self.ok("version", "discard", "shop", self.swap())
        self.assert_sound()

    def swap(self):
        """Makes a new draft under the name v1, and answers the name of the old one."""
        old = "old-%d" % len(self.ok("version", "list", "shop", "--all", "--json").json())
        self.ok("version", "rename", "shop", "v1", old)
        self.ok("version", "create", "shop", "--from", old, "--name", "v1")
        return old

    def test_release(self):
        self.ready()
        self.ready(self.next("two\n"))
        for _ in range(10):
            live = self.live()
            winner, loser = self.race("release", "shop", "v2" if live and live["version"] == "v1" else "v1",
                                      "--patch")
            self.assertEqual(winner[0], 0)
            self.assertIn((loser[0], loser[1]["error"]["code"]),
                          ((7, "ENVRES_E_CHANGED"), (6, "ENVRES_E_ALREADY_LIVE")))
        rows = self.releases()
        self.assertEqual([row["sequence"] for row in rows], list(range(10, 0, -1)))
        self.assertEqual(len({row["tag"] for row in rows}), 10)
        self.assert_sound()


if __name__ == "__main__":
    unittest.main(verbosity=1)
