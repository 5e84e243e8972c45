# SPDX-License-Identifier: MIT
"""Principals, roles, --as and the audit, with keys as people and programs hold them."""
import os
import sqlite3
import stat
import unittest

from harness import Case
from test_terminal import Terminal

ROLES = ("viewer", "editor", "publisher", "admin", "owner", "runtime", "depositor", "auditor")
ENTRY = {"sequence", "time", "actor", "action", "object", "environment", "outcome", "reason",
         "operation", "asserted_by", "revision", "policy"}
CANARY = "c4nary-of-production"

# Every command that is about one environment, with a value each that must come to nothing.
IN_PRODUCTION = [
    (["set", "API_URL=x"], "variable.put"),
    (["set", "NEW=x"], "variable.put"),
    (["set", "API_KEY", "--secret"], "variable.put"),
    (["get", "API_URL"], None),
    (["get", "API_KEY", "--reveal"], None),
    (["unset", "API_URL", "-y"], "variable.unset"),
    (["list"], None),
    (["list", "--reveal", "--json"], None),
    (["history", "API_KEY", "--reveal"], None),
    (["restore", "API_URL", "--revision", "1", "-y"], "restore"),
    (["restore", "--revision", "1", "-y"], "restore"),
    (["resource", "set", "crm", "host=x"], "resource.configure"),
    (["resource", "set", "crm", "--secret", "password"], "resource.configure"),
    (["resource", "set", "crm", "--unset", "user", "-y"], "resource.configure"),
    (["resource", "show", "crm"], None),
    (["resource", "show", "crm", "--url", "--reveal"], None),
    (["resource", "fallback", "crm", "--to", "staging"], "resource.fallback"),
    (["render"], None),
    (["explain", "API_KEY"], None),
    (["check", "shop", "v1"], None),
    (["audit"], None),
    (["grant", "ci", "viewer"], "role.grant"),
    (["revoke", "owner", "owner"], "role.revoke"),
    (["principal", "add", "x", "--role", "viewer"], "principal.add"),
    (["destroy", "API_KEY", "--revision", "1", "-y"], "variable.destroy"),
    (["deposit", "API_KEY"], "inbox.deposit"),
    (["inbox"], None),
    (["inbox", "accept", "00000000"], "inbox.accept"),
    (["inbox", "reject", "00000000", "-y"], "inbox.reject"),
    (["key", "rotate"], "key.rotate"),
    (["key", "exposure"], None),
    (["redact"], None),
    (["check", "--text", "-"], None),
    (["render", "--context", "sql", "--dialect", "postgres"], None),
]
ELSEWHERE = [
    (["env", "set", "production", "--protected", "no", "-y"], "environment.set"),
    (["env", "add", "qa"], "environment.add"),
    (["app", "create", "other"], "app.create"),
    (["app", "protect", "shop", "yes"], "app.set"),
    (["part", "put", "shop", "a.txt", "-"], "part.put"),
    (["version", "create", "shop"], "version.create"),
    (["promote", "shop", "v1", "--to", "production", "--through"], "version.promote"),
    (["release", "shop", "v1", "--tag", "9.0.0"], "version.release"),
    (["rollback", "shop"], "app.rollback"),
    (["withdraw", "shop", "-m", "x", "-y"], "app.withdraw"),
    (["principal", "remove", "owner"], "principal.remove"),
    (["grant", "owner", "viewer"], "role.grant"),
    (["audit"], None),
    (["audit", "--verify"], None),
    (["gc"], "content.gc"),
    (["principal", "key", "owner", "-o", "x.key"], "principal.rekey"),
    (["env", "set", "production", "--approvals", "0"], "environment.set"),
    (["env", "set", "production", "--editors-reveal", "yes"], "environment.set"),
]


class Access(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("resource", "add", "crm", "--kind", "postgres")
        for name in ("staging", "production"):
            self.ok("set", "API_URL=https://%s.example" % name, "-e", name)
            self.ok("resource", "set", "crm", "-e", name, "host=db", "database=crm", "user=app",
                    "--secret", "password", stdin=CANARY if name == "production" else "pw")
        self.ok("set", "API_KEY", "--secret", "-e", "staging", stdin="key-of-staging")
        self.ok("set", "API_KEY", "--secret", "-e", "production", stdin=CANARY)
        self.ok("app", "create", "shop")
        self.ok("part", "put", "shop", "a.txt", "-", stdin="<< environment.variables.API_URL >>")
        self.ok("principal", "add", "ci", "--role", "runtime", "-e", "staging", "-q")

    def audit(self, *words):
        return self.ok("audit", "--json", *words).json()

    def roles(self):
        return {row["name"]: row["roles"] for row in self.ok("principal", "list", "--json").json()}

    def rows(self):
        """What is in the store but for the audit."""
        base = sqlite3.connect(self.path("envres.db"))
        text = [line for line in base.iterdump() if "audit" not in line and '"head"' not in line]
        base.close()
        return text


class StagingOnly(Access):
    """A key that was made for staging and nothing else."""

    def ci(self, *words, **options):
        return self.envres("--key-file", "ci.key", *words, **options)

    def test_staging_works(self):
        self.assertEqual(self.ci("get", "API_URL", "-e", "staging").out, "https://staging.example\n")
        self.assertIn("API_KEY", self.ci("list", "-e", "staging").out)
        out = self.ci("render", "-e", "staging", stdin="<< environment.variables.API_KEY >>")
        self.assertEqual((out.status, out.out), (0, "key-of-staging"))
        out = self.ci("run", "-e", "staging", "--", "sh", "-c", "echo $API_KEY")
        self.assertEqual((out.status, out.out), (0, "key-of-staging\n"))
        self.assertEqual(self.ci("explain", "API_KEY", "-e", "staging").status, 0)
        self.assertEqual(self.ci("resource", "show", "crm", "-e", "staging").status, 0)
        # A program resolves, and shows nothing to people.
        self.assertEqual(self.ci("get", "API_KEY", "-e", "staging", "--reveal").status, 6)

    def test_production_refuses(self):
        before = self.rows()
        for acting in ([], ["--as", "owner"], ["--as", "ci"]):
            for words, action in IN_PRODUCTION + ELSEWHERE:
                place = [] if (words, action) in ELSEWHERE else ["-e", "production"]
                with self.subTest(words, acting=acting):
                    last = self.audit()[-1]["sequence"]
                    result = self.ci(*acting, *words, *place, "--json", stdin="x")
                    self.assertEqual((result.status, result.out), (6, ""), result.err)
                    self.assertEqual(result.error()["code"], "ENVRES_E_DENIED")
                    self.assertNotIn(CANARY, result.err)
                    denied = self.audit("--since", str(last))
                    self.assertEqual([entry["action"] for entry in denied],
                                     [action] if action else [])
                    for entry in denied:
                        self.assertEqual(entry["outcome"], "denied")
                        self.assertEqual((entry["actor"], entry["asserted_by"]),
                                         (acting[1], "ci") if acting else ("ci", None))
            result = self.ci(*acting, "run", "-e", "production", "--", "true")
            self.assertEqual((result.status, result.out), (125, ""))
        self.assertEqual(self.rows(), before)
        self.assertFalse(os.path.exists(self.path("x.key")))
        self.assertTrue(self.ok("audit", "--verify", "--json").json()["ok"])
        self.assert_sound()

    def test_nothing_of_production_in_any_answer(self):
        for words in (["list"], ["list", "--reveal"], ["list", "--reveal", "--json"], ["status"],
                      ["resource", "list", "--json"], ["verify", "--json"], ["doctor"],
                      ["env", "list"], ["principal", "list"], ["app", "list"],
                      ["request", "list", "--all", "--json"], ["key", "exposure", "--json"],
                      ["salvage", "envres.db", "out.db", "--json"]):
            for acting in ([], ["--as", "owner"]):
                result = self.ci(*acting, *words)
                self.assertNotIn(CANARY, result.out + result.err, words)
                self.assertNotIn("production.example", result.out + result.err, words)

    def test_taken_back(self):
        self.ok("revoke", "ci", "runtime", "-e", "staging", "-q")
        self.assertEqual(self.ci("list", "-e", "staging").status, 6)
        self.assertEqual(self.roles()["ci"], {})
        self.ok("principal", "remove", "ci", "-q")
        result = self.ci("list", "-e", "staging")
        self.assertEqual((result.status, result.out), (5, ""))
        # The name is free again, for another key.
        self.ok("principal", "add", "ci", "--role", "viewer", "-o", "second.key", "-q")
        self.assertEqual(self.ci("list", "-e", "staging").status, 5)
        self.assertEqual(self.envres("--key-file", "second.key", "list", "-e", "staging").status, 0)


class Keys(Access):
    def names(self):
        return sorted(os.listdir(self.folder))

    def test_file(self):
        before = self.names()
        answer = self.ok("principal", "add", "ann", "--json").json()
        self.assertEqual(answer, {"ok": True, "name": "ann", "roles": {}, "key_file": "ann.key"})
        self.assertEqual(sorted(before + ["ann.key"]), self.names())
        facts = os.lstat(self.path("ann.key"))
        self.assertEqual((stat.S_IMODE(facts.st_mode), facts.st_size), (0o600, 32))
        self.assertNotEqual(self.read("ann.key"), self.read("ci.key"))

    def test_beside_the_store(self):
        os.mkdir(self.path("below"))
        self.ok("principal", "add", "ann", "-q", cwd=self.path("below"))
        self.assertEqual(os.listdir(self.path("below")), [])
        self.assertEqual(len(self.read("ann.key")), 32)
        self.ok("principal", "add", "ben", "-o", "ben.key", "-q", cwd=self.path("below"))
        self.assertEqual(os.listdir(self.path("below")), ["ben.key"])

    def test_never_over_another(self):
        for make in (lambda path: self.write("ann.key", "precious"),
                     lambda path: os.symlink("nothere", path), os.mkdir):
            make(self.path("ann.key"))
            before = (self.names(), self.rows())
            self.fails(6, "principal", "add", "ann", says="-o FILE")
            self.assertEqual((self.names(), self.rows()), before)
            (os.rmdir if os.path.isdir(self.path("ann.key")) else os.remove)(self.path("ann.key"))
        self.assertNotIn("ann", self.roles())

    def test_taken_away_when_the_store_does_not_change(self):
        before = self.names()
        rows = [
            (6, ["owner"]), (3, ["x", "--role", "viewer", "-e", "nope"]), (2, [" x"]), (2, ["x "]),
            (2, ["a\tb"]), (2, ["x" * 129]), (2, [b"x\xff"]), (8, ["x", "-o", "nofolder/x.key"]),
            (3, ["x", "--role", "viewer", "-e", "staging", "-e", "nope"]),
        ]
        for status, words in rows:
            with self.subTest(words):
                self.fails(status, "principal", "add", *words)
                self.assertEqual(self.names(), before)
        self.assertEqual(sorted(self.roles()), ["ci", "owner"])
        self.assert_sound()

    def test_names_that_name_no_file(self):
        for name in ("a/b", "../a", ".", ".hidden", ""):
            self.fails(2, "principal", "add", name)
        self.ok("principal", "add", "../a", "-o", "a.key", "-q")
        for name in ("root", "*", "\u00e4 b", "-q"):
            self.ok("principal", "add", "-q", "--", name)
            self.assertEqual(len(self.read(name + ".key")), 32)
            self.assertIn(name, self.roles())
            self.assertEqual(self.roles()[name], {})
        self.fails(6, "--key-file", "root.key", "list", "-e", "staging")
        self.fails(6, "--key-file", "*.key", "--as", "owner", "list", "-e", "staging")

    def test_a_name_cannot_drive_a_terminal(self):
        name = "a\u202eb"
        result = self.ok("principal", "add", name)
        self.assertNotIn("\u202e", result.out)
        self.assertNotIn("\u202e", self.ok("principal", "list").out)
        self.assertIn(name, self.roles())

    def test_passphrase(self):
        def pipe(*lines):
            reading, writing = os.pipe()
            os.write(writing, "".join(lines).encode())
            os.close(writing)
            self.addCleanup(os.close, reading)
            return reading
        fd = pipe("of ann\n")
        self.ok("--key-file", "envres.db.key", "--passphrase-fd", str(fd), "principal", "add", "ann",
                "--passphrase", "--role", "admin", "-q", pass_fds=[fd])
        self.assertFalse(os.path.exists(self.path("ann.key")))
        fd = pipe("of ann\n", "of ben\n")
        answer = self.ok("--passphrase-fd", str(fd), "principal", "add", "ben", "--passphrase",
                         "--role", "viewer", "-e", "staging", "--json", pass_fds=[fd]).json()
        self.assertIsNone(answer["key_file"])
        fd = pipe("of ben\n")
        self.assertIn("API_URL", self.ok("--passphrase-fd", str(fd), "list", "-e", "staging",
                                         pass_fds=[fd]).out)
        self.fails(2, "principal", "add", "eve", "--passphrase", says="--passphrase-fd")
        self.fails(2, "principal", "add", "eve", "--passphrase", "-o", "eve.key")

    def test_passphrase_is_asked_for_twice(self):
        terminal = Terminal(self, "principal", "add", "ann", "--passphrase")
        terminal.expect("New passphrase (not shown): ")
        terminal.send("0ne phrase\n")
        terminal.expect("Once more: ")
        terminal.send("another\n")
        self.assertEqual(terminal.end(), 2)
        self.assertNotIn(b"0ne", terminal.seen)
        self.assertNotIn("ann", self.roles())


class Roles(Access):
    def test_in_several_environments_at_once(self):
        last = self.audit()[-1]["sequence"]
        self.ok("principal", "add", "ann", "--role", "editor", "-e", "development", "-e", "staging",
                "-e", "staging", "-q")
        self.assertEqual(self.roles()["ann"], {"development": ["editor"], "staging": ["editor"]})
        self.assertEqual(len(self.audit("--since", str(last))), 1)
        for name, status in (("development", 0), ("staging", 0), ("production", 6)):
            self.assertEqual(self.envres("--key-file", "ann.key", "set", "A=1", "-e", name).status,
                             status, name)

    def test_every_role_by_its_name(self):
        self.ok("principal", "add", "ann", "-q")
        for role in ROLES:
            self.ok("grant", "ann", role)
            self.ok("grant", "ann", role, "-e", "staging")
        roles = self.roles()["ann"]
        self.assertEqual(set(roles), {"*", "staging"})
        self.assertEqual(sorted(roles["*"]), sorted(ROLES))
        self.assertEqual(sorted(roles["staging"]), sorted(ROLES))
        for role in ROLES:
            answer = self.ok("revoke", "ann", role, "--json").json()
            self.assertEqual(answer, {"ok": True, "principal": "ann", "role": role,
                                      "environment": None})
        self.assertEqual(set(self.roles()["ann"]), {"staging"})
        self.fails(2, "grant", "ann", "root")
        self.fails(2, "grant", "ann", "")
        self.fails(2, "grant", "ann")

    def test_where_it_counts(self):
        self.ok("principal", "add", "ann", "-q")
        self.ok("-e", "staging", "grant", "ann", "viewer")
        self.assertEqual(self.roles()["ann"], {"staging": ["viewer"]})
        self.environment["ENVRES_ENV"] = "production"
        self.assertIn("ENVRES_ENV", self.ok("grant", "ann", "viewer").err)
        self.assertEqual(self.ok("grant", "ann", "editor", "-e", "staging").err, "")
        self.ok("principal", "add", "ben", "--role", "viewer", "-q")
        self.assertEqual(self.roles()["ben"], {"production": ["viewer"]})
        self.environment["ENVRES_ENV"] = ""
        self.ok("grant", "ann", "auditor")
        self.assertEqual(self.roles()["ann"], {"*": ["auditor"], "staging": ["viewer", "editor"],
                                               "production": ["viewer"]})

    def test_later_environments_too(self):
        self.ok("principal", "add", "ann", "--role", "editor", "-q")
        self.ok("env", "add", "qa")
        self.assertEqual(self.envres("--key-file", "ann.key", "set", "A=1", "-e", "qa").status, 0)
        self.assertEqual(self.envres("--key-file", "ci.key", "get", "A", "-e", "qa").status, 6)

    def test_the_last_owner_stays(self):
        for words in (["revoke", "owner", "owner"], ["principal", "remove", "owner"]):
            self.assertEqual(self.fails(6, "--json", *words).error()["code"], "ENVRES_E_LAST_OWNER")
        self.ok("principal", "add", "ann", "--role", "owner", "-q")
        for words in (["revoke", "owner", "owner"], ["grant", "owner", "viewer"]):
            self.assertEqual(self.fails(6, "--json", *words).error()["code"], "ENVRES_E_OWN_CHANGE")
        self.ok("--key-file", "ann.key", "principal", "remove", "owner", "-q")
        self.fails(5, "list")
        self.assertEqual(self.fails(6, "--key-file", "ann.key", "principal", "remove", "ann",
                                    "--json").error()["code"], "ENVRES_E_LAST_OWNER")
        self.assertEqual(self.ok("--key-file", "ann.key", "get", "API_KEY", "-e", "production",
                                 "--reveal").out, CANARY + "\n")

    def test_nobody_gives_what_they_do_not_hold(self):
        self.ok("principal", "add", "ann", "--role", "admin", "-q")
        self.ok("principal", "add", "ben", "-q")
        self.fails(6, "--key-file", "ann.key", "grant", "ben", "owner")
        self.fails(6, "--key-file", "ann.key", "principal", "add", "eve", "--role", "owner")
        self.fails(6, "--key-file", "ann.key", "grant", "ann", "owner")
        self.assertFalse(os.path.exists(self.path("eve.key")))
        self.ok("--key-file", "ann.key", "grant", "ben", "viewer")
        self.assertEqual(self.roles()["ben"], {"*": ["viewer"]})

    def test_wrong_names(self):
        rows = [
            (6, ["grant", "nobody", "viewer"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["revoke", "nobody", "viewer"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["principal", "remove", "nobody"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["principal", "remove", "CI"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["--as", "nobody", "list"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["--as", "*", "list"], "ENVRES_E_NO_PRINCIPAL"),
            (6, ["principal", "add", "owner"], "ENVRES_E_NAME_TAKEN"),
            (3, ["grant", "ci", "viewer", "-e", "nope"], "ENVRES_E_NOT_FOUND"),
            (3, ["revoke", "ci", "viewer", "-e", "staging"], "ENVRES_E_NOT_SET"),
            (3, ["audit", "-e", "nope"], "ENVRES_E_NOT_FOUND"),
            (2, ["--as", "", "list"], "ENVRES_E_INVALID"),
            (2, ["--as", "", "kinds"], "ENVRES_E_INVALID"),
            (2, ["--as", "owner", "--store", "new.db", "init"], "ENVRES_E_INVALID"),
        ]
        for status, words, code in rows:
            with self.subTest(words):
                self.assertEqual(self.fails(status, "--json", *words).error()["code"], code)
        self.assertFalse(os.path.exists(self.path("new.db")))


class As(Access):
    def test_it_only_shrinks(self):
        self.ok("principal", "add", "ann", "--role", "editor", "-e", "production", "-q")
        self.assertEqual(self.ok("--as", "ci", "get", "API_URL", "-e", "staging").out,
                         "https://staging.example\n")
        self.fails(6, "--as", "ci", "get", "API_URL", "-e", "production")
        # The rights of both: ann has nothing in staging, ci nothing in production.
        for name in ("staging", "production"):
            self.fails(6, "--key-file", "ci.key", "--as", "ann", "list", "-e", name)
        self.fails(6, "--as", "ci", "principal", "list", "--as", "nobody")

    def test_it_is_in_the_audit(self):
        self.ok("principal", "add", "ann", "--role", "editor", "-e", "staging", "-q")
        self.ok("set", "A=1", "-e", "staging", "--as", "ann", "--reason", "for ann")
        entry = self.audit()[-1]
        self.assertEqual((entry["actor"], entry["asserted_by"], entry["outcome"], entry["reason"]),
                         ("ann", "owner", "ok", "for ann"))
        self.assertIn("ann by owner", self.ok("audit").out)
        self.assertEqual(self.ok("history", "A", "-e", "staging", "--json").json()[0]["author"], "ann")

    def test_doctor(self):
        self.assertEqual(self.envres("--as", "nobody", "doctor").status, 1)
        self.assertEqual(self.envres("--as", "ci", "doctor").status, 0)


class Audit(Access):
    def test_shape(self):
        entries = self.audit()
        self.assertEqual([entry["sequence"] for entry in entries],
                         list(range(1, len(entries) + 1)))
        for entry in entries:
            self.assertEqual(set(entry), ENTRY)
            self.assertEqual((entry["actor"], entry["outcome"], entry["asserted_by"]),
                             ("owner", "ok", None))
            self.assertRegex(entry["operation"], r"\A[0-9a-f]{32}\Z")
        put = next(entry for entry in entries if entry["object"] == "variable/API_URL")
        self.assertEqual((put["action"], put["environment"], put["revision"]),
                         ("variable.put", "staging", 1))
        self.assertNotIn(CANARY, self.ok("audit", "--json").out)
        self.assertNotIn("production.example", self.ok("audit", "--json").out)

    def test_filters(self):
        entries = self.audit()
        self.assertEqual(self.audit("--since", "3"), entries[3:])
        self.assertEqual(self.audit("--since", "0"), entries)
        self.assertEqual(self.audit("--since", "999999"), [])
        self.assertEqual(self.audit("-e", "production"),
                         [entry for entry in entries if entry["environment"] == "production"])
        self.assertEqual({entry["object"].split("/")[1] for entry in self.audit("--app", "shop")},
                         {"shop"})
        self.assertEqual(len(self.audit("--app", "shop")), 2)
        self.assertEqual(self.audit("--app", "sho"), [])
        for word in ("x", "-1", "", "1.5", "9" * 19, "0x1"):
            self.fails(2, "audit", "--since", word)
        for words in (["--since", "1"], ["-e", "staging"], ["--app", "shop"]):
            self.fails(2, "audit", "--verify", *words)

    def test_a_line_for_each_that_fits(self):
        self.ok("set", "A=1", "-e", "staging", "--reason", "two\nlines \x1b[2J")
        lines = self.ok("audit").out.splitlines()
        self.assertEqual(len(lines), len(self.audit()) + 1)
        self.assertNotIn("\x1b", lines[-1])
        for line in lines[:-1]:
            self.assertLessEqual(len(line), 100, line)

    def test_an_auditor_reads_it_and_no_value(self):
        self.ok("principal", "add", "eve", "--role", "auditor", "-q")
        eve = ("--key-file", "eve.key")
        self.assertEqual(self.ok(*eve, "audit", "--json").out, self.ok("audit", "--json").out)
        self.ok(*eve, "audit", "--verify")
        self.fails(6, *eve, "get", "API_URL", "-e", "staging")
        self.ok("principal", "add", "ben", "--role", "auditor", "-e", "staging", "-q")
        self.assertTrue(self.ok("--key-file", "ben.key", "audit", "-e", "staging", "--json").json())
        self.fails(6, "--key-file", "ben.key", "audit", "-e", "production")
        self.fails(6, "--key-file", "ben.key", "audit")

    def test_verify(self):
        self.assertEqual(self.ok("audit", "--verify", "--json").json(),
                         {"ok": True, "first_bad": None, "findings": []})
        self.assertEqual(self.ok("audit", "--verify", "-q").out, "")
        self.environment["ENVRES_ENV"] = "staging"
        self.ok("audit", "--verify")

    def damage(self, sql):
        base = sqlite3.connect(self.path("envres.db"))
        base.execute(sql)
        base.commit()
        base.close()

    def test_verify_finds(self):
        whole = self.read("envres.db")
        for sql, first in (("DELETE FROM audit WHERE sequence = 4", 4),
                           ("UPDATE audit SET reason = 'other' WHERE sequence = 5", 5),
                           ("UPDATE audit SET object = 'variable/OTHER' WHERE sequence = 2", 2),
                           ("UPDATE audit SET signature = zeroblob(64) WHERE sequence = 3", 3)):
            with self.subTest(sql):
                self.write("envres.db", whole)
                self.damage(sql)
                result = self.envres("audit", "--verify", "--json")
                self.assertEqual(result.status, 1, result.err)
                answer = result.json()
                self.assertEqual((answer["ok"], answer["first_bad"]), (False, first))
                self.assertTrue(answer["findings"])
                for finding in answer["findings"]:
                    self.assertEqual(set(finding), {"code", "object", "message", "sequence"})
                result = self.envres("audit", "--verify")
                self.assertEqual(result.status, 1)
                self.assertIn("FINDING", result.out)
                self.assertIn("nothing was changed", result.err)


if __name__ == "__main__":
    unittest.main(verbosity=1)
