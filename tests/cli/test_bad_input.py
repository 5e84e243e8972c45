# SPDX-License-Identifier: MIT
"""Bad input: one clear line, the right exit status, nothing lost and nothing half-written."""
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import ENVRES, Case, Result

MEBIBYTE = 1024 * 1024


class BadValues(Case):
    def setUp(self):
        super().setUp()
        self.make_store()
        self.before = self.ok("list", "--reveal", "--json").out

    def assert_untouched(self):
        self.assertEqual(self.ok("list", "--reveal", "--json").out, self.before)
        self.assert_sound()

    def test_values(self):
        rows = [
            ("NUL", b"a\0b", "NUL"),
            ("invalid UTF-8", b"a\xffb", "UTF-8"),
            ("overlong UTF-8", b"\xc0\xaf", "UTF-8"),
            ("a surrogate in UTF-8", b"\xed\xa0\x80", "UTF-8"),
            ("2 MiB", b"a" * (2 * MEBIBYTE), "1048576"),
            ("one byte too many", b"a" * (MEBIBYTE + 1), "1048576"),
            ("30 MiB", b"a" * (30 * MEBIBYTE), "too long"),
        ]
        for name, value, says in rows:
            with self.subTest(name):
                self.fails(2, "set", "API_URL", "-e", "staging", stdin=value, says=says)
                self.fails(2, "set", "NEW", "-e", "staging", stdin=value, says=says)
                file = self.write("value", value)
                self.fails(2, "set", "NEW", "--from-file", file, "-e", "staging", says=says)
                self.fails(2, "set", "API_KEY", "--secret", "-e", "staging", stdin=value, says=says)
        self.assert_untouched()

    def test_arguments_that_are_not_utf8(self):
        self.fails(2, "set", b"API_URL=\xff", "-e", "staging", says="UTF-8")
        self.fails(2, "set", b"NAME\xff=1", "-e", "staging")
        self.assertNotEqual(self.envres("get", b"NAME\xff", "-e", "staging").status, 0)
        self.assertNotEqual(self.envres("list", "-e", b"\xff\x1b[31m").status, 0)
        self.fails(2, b"\xff\x1b]0;title\x07")
        self.assert_untouched()

    def test_errors_cannot_drive_a_terminal(self):
        for words in (["\x1b[2J"], ["get", "A\x1b[2J\nB", "-e", "staging"],
                      ["list", "-e", "\x1b]0;x\x07"], ["list", "--\x1b[2J"]):
            result = self.envres(*words)
            self.assertNotEqual(result.status, 0)
            self.assertNotIn("\x1b", result.err)
            self.assertEqual(result.err.count("\n"), 1, result.err)

    def test_one_mebibyte_fits(self):
        self.ok("set", "BIG", "-e", "staging", stdin=b"a" * MEBIBYTE)
        self.assertEqual(self.ok("get", "BIG", "-e", "staging", "--raw").raw, b"a" * MEBIBYTE)

    def test_names(self):
        for name in ("1A", "A-B", "A B", "", "A" * 129, "\u00c4", "A.B"):
            with self.subTest(name):
                self.fails(2, "set", name + "=1", "-e", "staging")
        self.assert_untouched()

    def test_environments(self):
        self.fails(3, "set", "A=1", "-e", "prodution", says="production")
        self.fails(3, "get", "API_URL", "-e", "prodution", says="production")
        self.fails(3, "list", "-e", "prodution", says="production")
        self.fails(2, "set", "A=1", says="development, staging or production")
        self.assert_untouched()

    def test_json(self):
        rows = ['{"a":}', "{'a': 1}", '{"a":1,}', '{"a":1,"a":2}', '"\\ud800"', "[1] x", "",
                "[" * 65 + "]" * 65, "nul", "01"]
        for text in rows:
            with self.subTest(text[:20]):
                result = self.fails(2, "set", "J", "--type", "json", "-e", "staging", stdin=text)
                self.assertNotIn("s3cr3t", result.err)
        self.assert_untouched()

    def test_a_cycle_is_refused_when_it_is_written(self):
        self.ok("set", "A=<< environment.variables.B >>", "--type", "template", "-e", "staging")
        self.ok("set", "B=<< environment.variables.C >>", "--type", "template", "-e", "staging")
        before = self.ok("list", "--json").out
        self.fails(4, "set", "C=<< environment.variables.A >>", "--type", "template", "-e", "staging")
        self.assertEqual(self.ok("list", "--json").out, before)
        self.assert_sound()

    def test_templates(self):
        for text in ("<< environment.variables.", "<< environment.nope >>", "<< params.x >>",
                     "<< environment.variables.API_URL | nofilter >>",
                     "<< environment.variables.NOPE >>", "<< resources.nope.host >>"):
            with self.subTest(text):
                result = self.envres("render", "-e", "staging", stdin=text)
                self.assertEqual((result.status, result.out), (4, ""), result.err)
                self.assertRegex(result.err, r"\A<stdin>:1:1: [^\n]+\n\Z")
        self.fails(2, "render", "-e", "staging", stdin=b"a\xffb", says="UTF-8")
        self.fails(2, "render", "-e", "staging", stdin=b"a\0b")
        self.assert_untouched()

    def test_errors_are_json_when_asked(self):
        result = self.envres("get", "NOPE", "-e", "staging", "--json")
        self.assertEqual(set(result.error()), {"code", "message", "hint", "line", "column"})
        self.assertEqual(result.error()["code"], "ENVRES_E_NOT_FOUND")
        result = self.envres("--json", "nosuch")
        self.assertEqual((result.status, result.error()["code"]), (2, "ENVRES_E_INVALID"))
        result = self.envres("render", "-e", "staging", "--json", stdin="x\n << params.y >>")
        self.assertEqual((result.error()["line"], result.error()["column"]), (2, 2))


class BadKeys(Case):
    """31: what a key file may be."""

    def setUp(self):
        super().setUp()
        self.make_store()

    def test_keys(self):
        rows = [
            ("another key", os.urandom(32), "does not open"),
            ("31 bytes", os.urandom(31), "too few bytes"),
            ("33 bytes", os.urandom(33), "too many bytes"),
            ("empty", b"", "too few bytes"),
            ("all zero", bytes(32), "zero"),
            ("as text", b"0" * 64, "too many bytes"),
        ]
        for name, data, says in rows:
            with self.subTest(name):
                os.chmod(self.write("bad.key", data), 0o600)
                self.fails(5, "--key-file", "bad.key", "list", says=says)
                self.fails(5, "--key-file", "bad.key", "set", "A=1", "-e", "staging", says=says)
        self.fails(5, "--key-file", "nothere", "list", says="nothere")
        self.fails(5, "--key-file", ".", "list", says="folder")
        self.assert_sound()

    def test_a_key_that_others_may_read(self):
        os.chmod(self.path("envres.db.key"), 0o644)
        self.fails(8, "list", says="chmod 600")
        os.chmod(self.path("envres.db.key"), 0o600)
        self.ok("list")

    def test_a_key_from_a_pipe(self):
        key = self.read("envres.db.key")
        self.assertIn("API_URL", self.ok("--key-file", "/dev/stdin", "list", stdin=key).out)

    def test_a_key_behind_a_link(self):
        """What counts is the file that was opened, wherever it lies."""
        os.symlink("envres.db.key", self.path("link.key"))
        self.ok("--key-file", "link.key", "list")
        os.chmod(self.path("envres.db.key"), 0o640)
        self.fails(8, "--key-file", "link.key", "list", says="chmod 600")
        os.chmod(self.path("envres.db.key"), 0o600)

    def test_a_key_from_a_named_pipe(self):
        key = self.read("envres.db.key")
        for size, status in ((31, 5), (32, 0), (33, 5)):
            os.mkfifo(self.path("pipe"), 0o600)
            child = os.fork()
            if child == 0:
                with open(self.path("pipe"), "wb") as pipe:
                    pipe.write((key + b"x")[:size])
                os._exit(0)
            self.assertEqual(self.envres("--key-file", "pipe", "list").status, status)
            os.waitpid(child, 0)
            os.remove(self.path("pipe"))

    def test_a_new_key_is_never_written_over_anything(self):
        self.ok("principal", "add", "ann", "-q", "-o", "first.key")
        os.symlink("target", self.path("link"))
        os.mkfifo(self.path("pipe"), 0o600)
        self.write("there", b"kept")
        os.mkdir(self.path("folder"))
        for name in ("link", "pipe", "there", "folder"):
            for words in (["key", "slot", "add"], ["key", "slot", "change", "1"],
                          ["principal", "key", "ann"]):
                with self.subTest(name, words=words):
                    self.fails(6, *words, "-o", name, says="already")
        self.assertFalse(os.path.exists(self.path("target")))
        self.assertEqual(self.read("there"), b"kept")
        self.ok("--key-file", "first.key", "key", "slot", "list")
        self.assertEqual(len(self.ok("key", "slot", "list", "--json").json()), 1)

    def test_a_passphrase_does_not_open_a_store_with_a_key(self):
        self.fails(5, "--passphrase-fd", "0", "list", stdin="guess\n", says="does not open")


class BadStores(Case):
    def setUp(self):
        super().setUp()
        self.make_store()
        self.whole = self.read("envres.db")

    def test_missing(self):
        os.remove(self.path("envres.db"))
        for words in (["list"], ["set", "A=1", "-e", "staging"], ["verify"], ["backup", "x"],
                      ["render", "-e", "staging"], ["get", "A", "-e", "staging"]):
            self.fails(8, *words, says="envres init")
        self.assertFalse(os.path.exists(self.path("envres.db")))

    def test_newer(self):
        base = sqlite3.connect(self.path("envres.db"))
        base.execute("PRAGMA user_version=99")
        base.commit()
        base.close()
        before = self.read("envres.db")
        for words in (["list"], ["set", "A=1", "-e", "staging"], ["verify"], ["backup", "x"]):
            self.fails(8, *words, says="newer release")
        self.assertEqual(self.read("envres.db"), before)
        self.assertFalse(os.path.exists(self.path("x")))

    def test_truncated(self):
        for size in (0, 1, 99, 100, 1000, 4096, 5000, len(self.whole) // 2,
                     len(self.whole) - 4096):
            with self.subTest(size):
                self.write("envres.db", self.whole[:size])
                for words in (["list", "--reveal"], ["set", "A=1", "-e", "staging"], ["verify"]):
                    result = self.envres(*words)
                    self.assertIn(result.status, (1, 5, 8), (words, result.out, result.err))
                    self.assertNotIn("s3cr3t-canary", result.out + result.err)
                self.assertEqual(self.read("envres.db"), self.whole[:size])

    def test_cut_inside_the_last_page(self):
        for cut in (1, 100, 4095):
            with self.subTest(cut):
                self.write("envres.db", self.whole[:-cut])
                self.assertIn(self.envres("verify").status, (1, 8))

    def test_not_a_store(self):
        for name, data in (("text", b"hello\n" * 100), ("noise", os.urandom(20000))):
            with self.subTest(name):
                self.write("envres.db", data)
                self.fails(8, "list", says="envres.db")
                self.assertEqual(self.read("envres.db"), data)
        base = sqlite3.connect(self.path("other.db"))
        base.execute("CREATE TABLE t (a)")
        base.commit()
        base.close()
        os.chmod(self.path("other.db"), 0o600)
        self.fails(8, "--store", "other.db", "list", says="not an envres store")
        self.fails(8, "--store", ".", "list")

    def list_with_flipped(self, offset, wanted):
        data = bytearray(self.whole)
        data[offset] ^= 0x41
        self.write("envres.db", bytes(data))
        result = self.envres("list", "--reveal", "--json")
        self.assertIn(result.status, (0, 3, 5, 8), (offset, result.err))
        if result.status == 0 and result.out != wanted:
            # One value may be refused in its place; a wrong one is never shown.
            values = [v for row in result.json() for v in row["values"].values()]
            self.assertTrue(any(v.get("error") for v in values), (offset, result.out))
        return result

    def make_everything(self):
        """Two of whatever has a list."""
        for handle in ("crm", "db"):
            self.ok("resource", "add", handle, "--kind", "sqlite")
            self.ok("resource", "set", handle, "-e", "staging", "path=/x")
            self.ok("query", "put", "of_" + handle, "--resource", handle, stdin="SELECT 1")
        self.ok("principal", "add", "ann", "--role", "viewer", "-e", "staging")
        for app in ("shop", "till"):
            self.ok("app", "create", app, "-q")
            self.ok("part", "put", app, "a", "-q", stdin="text")
            self.ok("promote", app, "v1", "--to", "production", "--through", "--yes")
        self.ok("release", "shop", "v1", "--tag", "1.0.0", "--yes", "-m", "first")
        self.ok("version", "create", "shop", "-q")
        self.ok("withdraw", "shop", "--yes", "-m", "wrong prices")

    #: what says which names there are, and the lists that are made of it
    LISTS = {
        "environment": ["env list", "resource list", "list --reveal"],
        "object": ["resource list", "list --reveal"],
        "setting": ["resource list", "list --reveal"],
        "app": ["app list"],
        "version": ["version list shop"],
        "release": ["releases shop"],
        "query": ["query list"],
        "principal": ["principal list"],
        "role_grant": ["principal list"],
    }

    def check_list(self, words, wanted, offset):
        """0: whole, 1: it says that something is wrong. A list that says neither fails."""
        result = self.envres(*words.split(), "--json")
        self.assertIn(result.status, (0, 3, 5, 6, 8), (words, offset, result.err))
        if result.status != 0:
            return 1
        rows = result.json()
        self.assertEqual(len(rows), len(wanted), (words, offset, rows))
        if words == "resource list":
            for row, whole in zip(rows, wanted):
                self.assertEqual([one["configured"] for one in row["environments"].values()],
                                 [one["configured"] for one in whole["environments"].values()],
                                 (offset, row))
        if words.startswith("list") and rows != wanted:
            # One value may be refused in its place; a wrong one is never shown.
            self.assertTrue(any(v.get("error") for row in rows for v in row["values"].values()),
                            (offset, rows))
        return 0

    def test_nothing_is_left_out_of_a_list(self):
        """Damage in what says which names there are: tables of names, and their indexes."""
        self.make_everything()
        self.whole = self.read("envres.db")
        base = sqlite3.connect(self.path("envres.db"))
        size = base.execute("PRAGMA page_size").fetchone()[0]
        roots = base.execute("SELECT tbl_name, rootpage FROM sqlite_schema").fetchall()
        base.close()
        for table, lists in self.LISTS.items():
            wanted = {words: self.ok(*words.split(), "--json").json() for words in lists}
            tried = noticed = 0
            for root in [page for name, page in roots if name == table]:
                page = range((root - 1) * size, root * size)
                for offset in [at for at in page if self.whole[at] != 0][::23]:
                    data = bytearray(self.whole)
                    data[offset] ^= 0x41
                    self.write("envres.db", bytes(data))
                    for words in lists:
                        noticed += self.check_list(words, wanted[words], offset)
                    tried += 1
            self.write("envres.db", self.whole)
            self.assertGreater(tried, 10, table)
            self.assertGreater(noticed, 0, table)

    def test_a_flipped_byte_never_gives_a_wrong_value(self):
        wanted = self.ok("list", "--reveal", "--json").out
        refused = 0
        for offset in range(17, len(self.whole), 1009):
            result = self.list_with_flipped(offset, wanted)
            refused += result.status != 0 or result.out != wanted
            found = self.envres("verify", "--json")
            self.assertIn(found.status, (0, 1, 5, 8), (offset, found.err))
            if result.status != 0:
                self.assertNotEqual(found.status, 0, (offset, found.out))
        self.assertGreater(refused, 5)

    def test_verify_finds_what_was_changed(self):
        base = sqlite3.connect(self.path("envres.db"))
        tables = [row[0] for row in base.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        audit = [name for name in tables if "audit" in name]
        self.assertTrue(audit, tables)
        base.execute("DELETE FROM %s WHERE rowid = (SELECT min(rowid) + 1 FROM %s)" % (audit[0], audit[0]))
        base.commit()
        base.close()
        result = self.envres("verify", "--json")
        self.assertEqual(result.status, 1, (result.out, result.err))
        self.assertFalse(result.json()["ok"])
        self.assertTrue(result.json()["findings"])
        self.assertIsNotNone(result.json()["first_bad"])
        result = self.envres("verify")
        self.assertEqual(result.status, 1)
        self.assertIn("FINDING", result.out)

    def test_others_may_read(self):
        os.chmod(self.path("envres.db"), 0o644)
        self.fails(8, "list", says="chmod 600")
        self.assertEqual(self.envres("doctor").status, 1)

    def test_busy(self):
        base = sqlite3.connect(self.path("envres.db"), isolation_level=None)
        base.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        self.fails(7, "set", "A=1", "-e", "staging")
        self.assertGreater(time.monotonic() - started, 2)
        base.execute("ROLLBACK")
        base.close()
        self.ok("set", "A=1", "-e", "staging")
        self.assert_sound()


class ReadOnly(Case):
    """As a user who is not root, since root may write everywhere."""

    def setUp(self):
        super().setUp()
        self.make_store()
        self.program = ENVRES
        if os.geteuid() == 0:
            # The build folder may be closed to others: take program and library along.
            self.program = shutil.copy(ENVRES, self.path("envres"))
            if os.environ["ENVRES_LIBRARY"]:
                shutil.copy(os.environ["ENVRES_LIBRARY"], self.path("libenvres.so.0"))
            self.environment["LD_LIBRARY_PATH"] = self.folder
            for folder, _, names in os.walk(self.folder):
                for name in names + ["."]:
                    os.chown(os.path.join(folder, name), 65534, 65534)

    def become_nobody(self):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

    def run_as_nobody(self, *words, stdin=b""):
        return Result(subprocess.run(
            [self.program, *words], input=stdin, capture_output=True, cwd=self.folder,
            env=self.environment, preexec_fn=self.become_nobody, timeout=60, check=False))

    def test_folder(self):
        os.chmod(self.folder, 0o555)
        self.addCleanup(os.chmod, self.folder, 0o700)
        self.assertIn("API_URL", self.run_as_nobody("list").out)
        # Showing a secret is an entry of the audit: where none can be written, none is shown.
        shown = self.run_as_nobody("get", "API_KEY", "-e", "staging", "--reveal")
        self.assertEqual((shown.status, shown.out), (8, ""))
        for words in (["set", "A=1", "-e", "staging"], ["unset", "API_URL", "-e", "staging"],
                      ["--store", "new.db", "init"], ["backup", "copy.db"],
                      ["render", "-e", "staging", "-o", "out"]):
            result = self.run_as_nobody(*words)
            self.assertEqual((result.status, result.out), (8, ""), (words, result.err))
            self.assertRegex(result.err, r"\A[^\n]+\n\Z")
        os.chmod(self.folder, 0o700)
        self.assertEqual(sorted(name for name in os.listdir(self.folder) if "new" in name), [])
        self.assert_sound_as_nobody()

    def test_file(self):
        os.chmod(self.path("envres.db"), 0o400)
        self.assertIn("API_URL", self.run_as_nobody("list").out)
        result = self.run_as_nobody("set", "A=1", "-e", "staging")
        self.assertEqual(result.status, 8, result.err)
        os.chmod(self.path("envres.db"), 0o600)
        self.assert_sound_as_nobody()

    def assert_sound_as_nobody(self):
        self.assertEqual(self.run_as_nobody("verify", "--json").json()["ok"], True)
        self.assertEqual(len(self.run_as_nobody("list", "--json").json()), 2)


class FullDisk(Case):
    def limited(self, size, *words, stdin=b""):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        # Python ignores SIGXFSZ; kept so, a write over the limit fails with EFBIG.
        return Result(subprocess.run([ENVRES, *words], input=stdin, capture_output=True,
                                     cwd=self.folder, env=self.environment, preexec_fn=limit,
                                     restore_signals=False, timeout=60, check=False))

    def test_limit_of_file_size(self):
        self.make_store()
        before = self.ok("list", "--reveal", "--json").out
        size = os.path.getsize(self.path("envres.db"))
        big = b"a" * 900000
        for words in (["set", "BIG", "-e", "staging"], ["render", "-e", "staging", "-o", "out"]):
            result = self.limited(size, *words, stdin=big)
            self.assertEqual((result.status, result.out), (8, ""), (words, result.err))
            self.assertRegex(result.err, r"\A[^\n]+\n\Z")
        result = self.limited(size // 2, "backup", "copy.db")
        self.assertEqual(result.status, 8, result.err)
        self.assertEqual(self.ok("list", "--reveal", "--json").out, before)
        self.assertEqual([name for name in os.listdir(self.folder)
                          if name.startswith(("out", "copy"))], [])
        self.assert_sound()

    def test_init_leaves_nothing(self):
        for size in (0, 16, 4096, 50000):
            with self.subTest(size):
                result = self.limited(size, "init")
                self.assertEqual(result.status, 8, result.err)
                self.assertEqual(os.listdir(self.folder), [])
        self.ok("init", "-q")

    def test_full_file_system(self):
        """A real one, in a mount name space of its own, where the system lets us make one."""
        self.ok("init", "-q")  # to see how large one is: room for one, not for two
        size = os.path.getsize(self.path("envres.db")) * 3 // 2 // 1024
        script = ("mount -t tmpfs -o size=%dk,mode=700 tmpfs . && cd \"$PWD\" && "
                  "envres -q init && envres set A=1 -e staging && "
                  "head -c 900000 /dev/zero | tr '\\0' a | envres set BIG -e staging; "
                  "echo \"status $?\"; envres get A -e staging; envres verify --json; "
                  "envres backup copy.db; echo \"status $?\"; ls; rm -f copy.db*; envres set A=2 -e staging; "
                  "envres get A -e staging") % size
        unshare = ["unshare", "-rm"] if os.geteuid() else ["unshare", "-m"]
        if subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", self.folder],
                          capture_output=True, check=False).returncode:
            self.skipTest("this system lets nobody mount a file system here")
        process = subprocess.run([*unshare, "sh", "-c", script], capture_output=True,
                                 cwd=self.folder, env=self.environment, timeout=60, check=False)
        out = process.stdout.decode()
        err = process.stderr.decode()
        self.assertEqual(out.count("status 8"), 2, out + err)
        self.assertEqual(err.count("full"), 2, err)
        self.assertIn('{"ok":true', out)
        self.assertNotIn("copy.db", out)
        self.assertTrue(out.endswith("\n2\n"), out)

    def test_standard_output(self):
        self.make_store()
        with open("/dev/full", "wb") as full:
            process = subprocess.run([ENVRES, "list"], stdout=full, stderr=subprocess.PIPE,
                                     cwd=self.folder, env=self.environment, check=False)
        self.assertEqual(process.returncode, 8)
        self.assertIn(b"standard output", process.stderr)


class Surroundings(Case):
    """What the shell around may have done."""

    def shell(self, script):
        return Result(subprocess.run(["sh", "-c", script], capture_output=True, cwd=self.folder,
                                     env=self.environment, timeout=60, check=False))

    def test_closed_descriptors(self):
        self.make_store()
        self.assertEqual(self.shell("envres list >&-").status, 8)
        self.assertEqual(self.shell("envres get NOPE -e staging 2>&-").status, 3)
        self.assertEqual(self.shell("envres render -e staging -o out <&- >&- 2>&-").status, 8)
        self.assertEqual(self.shell("envres nosuch <&- >&- 2>&-").status, 2)
        self.assertEqual(self.shell("envres set A=1 -e staging <&- >&- 2>&-").status, 0)
        self.assert_sound()

    def test_nothing_leaks_into_a_program(self):
        self.make_store()
        out = self.ok("run", "-e", "staging", "--", "ls", "/proc/self/fd").out
        self.assertEqual(out.split(), ["0", "1", "2", "3"])  # the last is the folder itself

    def test_a_program_keeps_its_signals(self):
        self.make_store()
        self.assertEqual(self.envres("run", "-e", "staging", "--", "sh", "-c", "kill -TERM $$").status,
                         -signal.SIGTERM)

    def test_file_modes_whatever_the_umask(self):
        result = self.shell("umask 000; envres -q init; envres set A=1 -e staging; "
                            "envres backup copy.db; echo x | envres render -e staging -o out")
        self.assertEqual(result.status, 0, result.err)
        for name in os.listdir(self.folder):
            self.assertEqual(os.stat(self.path(name)).st_mode & 0o777, 0o600, name)

    def test_a_folder_that_is_gone(self):
        result = self.shell("mkdir gone; cd gone; rmdir ../gone; envres list")
        self.assertEqual(result.status, 8, result.err)

    def test_random_command_lines(self):
        """No word, in no order, crashes it: seeds are in the message."""
        self.make_store()
        words = ["env", "list", "add", "set", "get", "A=1", "A", "-e", "staging", "--env=", "--", "-",
                 "--json", "-q", "-y", "--reveal", "resource", "show", "crm", "--kind", "postgres",
                 "--secret", "--type", "json", "render", "explain", "--param", "a=b", "", "=", "-qe",
                 "--revision", "1", "restore", "history", "kinds", "__complete", "verify", "doctor",
                 "--help", "unset", "--only", "x,y", "run", "true", "--raw", "\u00e4", "%s%n", "'", "app", "part",
                 "version", "create", "put", "import", "diff", "shop", "v1", "--version", "--expect",
                 "--edit", "0", "discard", "gc", "principal", "grant", "revoke", "audit", "--as", "owner", "viewer",
                 "--since", "--verify"]
        for seed in range(150):
            chosen = random.Random(seed)
            line = [chosen.choice(words) for _ in range(chosen.randrange(1, 9))]
            if "init" in line or "-o" in line:
                continue
            result = self.envres(*line)
            self.assertIn(result.status, (0, 1, 2, 3, 4, 6, 125, 126, 127), (seed, line, result.err))
            if result.status > 1:
                self.assertNotEqual(result.err, "", (seed, line))
        self.assert_sound()


class Killed(Case):
    def test_init_leaves_no_store_or_a_whole_one(self):
        whole = 0
        for step in range(30):
            for name in os.listdir(self.folder):
                os.remove(self.path(name))
            process = subprocess.Popen([ENVRES, "-q", "init"], cwd=self.folder, env=self.environment,
                                       stderr=subprocess.DEVNULL)
            time.sleep(step * 0.0015)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if os.path.exists(self.path("envres.db")):
                whole += 1
                self.assertEqual(len(self.read("envres.db.key")), 32)
                self.ok("set", "A=1", "-e", "staging")
                self.assert_sound()
        # Both ends must have been seen, or the moments are badly chosen for this machine.
        self.assertLess(whole, 30)

    def test_the_key_is_there_before_the_store(self):
        process = subprocess.Popen([ENVRES, "-q", "init"], cwd=self.folder, env=self.environment)
        while process.poll() is None:
            names = os.listdir(self.folder)
            if any(name.startswith("envres.db") and name != "envres.db.key" for name in names):
                self.assertEqual(len(self.read("envres.db.key")), 32)
        self.assertEqual(process.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
