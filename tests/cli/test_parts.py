# SPDX-License-Identifier: MIT
"""Parts: bytes in and out exactly, folders as a whole, and everything that must be refused."""
import os
import random
import resource
import shutil
import signal
import socket
import stat
import subprocess
import time
import unittest

from harness import ENVRES, Case, Result

MEBIBYTE = 1024 * 1024
NOTHING = "0" * 64

# Names and bytes that a careless program would change.
FILES = {
    "pages/home.html": b"<h1>\r\nhome</h1>",
    "pages/deep/er/and/deeper.txt": b"no line feed at the end",
    "with space/and  two.txt": b"spaces\n",
    "-e": b"a name like an option\n",
    "--version": b"another\n",
    "quote'\"$(x)`y`.sh": b"$HOME `id`\n",
    "stern*?[a].txt": b"glob\n",
    "\u00e4\u00f6\u00fc/\u4e2d\u6587/\U0001f600.txt": "\u00e4\n".encode(),
    "e\u0301 decomposed": b"NFD",
    ".hidden": b"hidden\n",
    ".config/.x": b"hidden too\n",
    "sub/.git": b"gitdir: elsewhere\n",
    "empty": b"",
    "nul.bin": b"\0a\0\0b",
    "latin1.txt": b"gr\xfc\xdfe",
    "a" * 200 + "/" + "b" * 255: b"long",
    "trailing.": b".",
    "a:b": b":",
    "percent%s%n": b"%s%n",
}


class Parts(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("app", "create", "shop", "-q")

    def put(self, path, data, *words):
        return self.ok("part", "put", "shop", path, *words, stdin=data)

    def paths(self, *words):
        return [row["path"] for row in self.ok("part", "list", "shop", *words, "--json").json()]

    def content(self, app="shop", version="v1"):
        return self.ok("version", "show", app, version, "--json").json()["content"]

    def folder_of(self, files, name="site"):
        for path, data in files.items():
            full = os.path.join(self.path(name), path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(data)
        return name

    def files_of(self, name):
        found = {}
        for folder, _, names in os.walk(self.path(name)):
            for file in names:
                full = os.path.join(folder, file)
                with open(full, "rb") as opened:
                    found[os.path.relpath(full, self.path(name))] = opened.read()
        return found


class PutAndGet(Parts):
    def test_bytes_stay_bytes(self):
        everything = bytes(range(256)) * 40
        rows = [b"", b"\n", b"x", b"x\n\n", b"\r\n", b"\0", everything,
                random.Random(7).randbytes(MEBIBYTE)]
        for data in rows:
            with self.subTest(data[:10]):
                self.put("a/b.bin", data)
                self.assertEqual(self.ok("part", "get", "shop", "a/b.bin").raw, data)
                self.ok("part", "put", "shop", "file", self.write("in", data))
                self.ok("part", "get", "shop", "file", "-o", "out")
                self.assertEqual(self.read("out"), data)
                self.ok("part", "put", "shop", "dash", "-", stdin=data)
                self.assertEqual(self.ok("part", "get", "shop", "dash", "-o", "-").raw, data)
        self.assert_sound()

    def test_json(self):
        made = self.put("t", "h\u00e4\n", "--public", "--json").json()
        row = self.ok("part", "list", "shop", "--json").json()[0]
        self.assertEqual(made, {"ok": True, "app": "shop", "version": "v1", "path": "t",
                                "digest": row["digest"], "size": 4, "public": True,
                                "content": self.content()})
        self.assertEqual(row, {"path": "t", "digest": made["digest"], "size": 4, "public": True})
        self.assertRegex(row["digest"], r"\A[0-9a-f]{64}\Z")
        read = self.ok("part", "get", "shop", "t", "--json").json()
        self.assertEqual(read, {"path": "t", "version": "v1", "digest": row["digest"], "size": 4,
                                "text": "h\u00e4\n", "base64": None})
        self.put("b", b"\xff\x00\x01\x02")
        read = self.ok("part", "get", "shop", "b", "--json").json()
        self.assertEqual((read["text"], read["base64"]), (None, "/wABAg=="))
        gone = self.ok("part", "remove", "shop", "b", "--json").json()
        self.assertEqual(gone, {"ok": True, "app": "shop", "version": "v1", "path": "b",
                                "content": made["content"]})

    def test_equal_bytes_have_equal_digests(self):
        self.put("a", "same")
        self.put("b", "same")
        self.put("c", "other")
        digests = {row["path"]: row["digest"]
                   for row in self.ok("part", "list", "shop", "--json").json()}
        self.assertEqual(digests["a"], digests["b"])
        self.assertNotEqual(digests["a"], digests["c"])

    def test_expected_digest(self):
        digest = self.put("a", "one", "--json").json()["digest"]
        other = self.put("b", "two", "--json").json()["digest"]
        for wrong in (other, NOTHING):
            self.fails(7, "part", "put", "shop", "a", "--expect", wrong, stdin="three", says="'a'")
            self.fails(7, "part", "remove", "shop", "a", "--expect", wrong)
        self.fails(7, "part", "put", "shop", "new", "--expect", digest, stdin="x", says="'new'")
        self.assertEqual(self.ok("part", "get", "shop", "a").out, "one")
        self.put("a", "three", "--expect", digest.upper())
        self.fails(7, "part", "put", "shop", "a", "--expect", digest, stdin="four")
        for bad in ("", "12", digest[:-1], digest + "0", "g" + digest[1:], " " + digest[1:]):
            self.fails(2, "part", "put", "shop", "a", "--expect", bad, stdin="x",
                       says="64 hexadecimal digits")
        self.assertEqual(self.ok("part", "get", "shop", "a").out, "three")

    def test_public_stays_until_it_is_taken_away(self):
        def public():
            return self.ok("part", "list", "shop", "--json").json()[0]["public"]
        self.put("a", "1")
        self.assertFalse(public())
        self.put("a", "1", "--public")
        self.assertTrue(public())
        self.put("a", "2")
        self.assertTrue(public())
        self.put("a", "2", "--not-public")
        self.assertFalse(public())
        self.fails(2, "part", "put", "shop", "a", "--public", "--not-public", says="contradict")

    def test_what_a_put_refuses(self):
        before = self.content()
        for path in ("", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "./a", "a/.", "a\\b",
                     "a\nb", "a\x7fb", "a" * 513, b"a\xffb"):
            with self.subTest(path):
                self.fails(2, "part", "put", "shop", path, stdin="x")
        self.put("Page", "x")
        self.fails(6, "part", "put", "shop", "page", stdin="x", says="only in case")
        self.fails(6, "part", "put", "shop", "Page/sub", stdin="x", says="'Page/sub'")
        self.fails(2, "part", "put", "shop", "big", stdin=b"a" * (16 * MEBIBYTE + 1),
                   says="16777216")
        self.fails(2, "part", "put", "shop", "bigger", stdin=b"a" * (21 * MEBIBYTE),
                   says="too long")
        self.fails(3, "part", "put", "shop", "x", "nofile", says="'nofile'")
        self.fails(8, "part", "put", "shop", "x", ".", says="directory")
        self.fails(3, "part", "put", "shp", "x", stdin="x", says="did you mean 'shop'?")
        self.fails(3, "part", "put", "shop", "x", "--version", "v9", stdin="x", says="'v9'")
        self.ok("part", "remove", "shop", "Page")
        self.assertEqual(self.content(), before)
        self.put("big", b"a" * (16 * MEBIBYTE))
        self.assert_sound()

    def test_what_is_not_there(self):
        self.put("pages/home.html", "x")
        self.fails(3, "part", "get", "shop", "pages/hom.html", says="did you mean 'pages/home.html'?")
        self.fails(3, "part", "remove", "shop", "pages/hom.html", says="'pages/hom.html'")
        self.fails(3, "part", "restore", "shop", "pages/home.html", "--edit", "99", says="99")
        for bad in ("", "x", "-1", "1.5", "9" * 19, "0x1"):
            self.fails(2, "part", "restore", "shop", "pages/home.html", "--edit", bad)
        self.fails(2, "part", "restore", "shop", "pages/home.html", says="--edit")
        self.assertEqual(self.ok("part", "history", "shop", "never", "--json").json(), [])

    def test_which_draft(self):
        self.put("a", "1")
        self.ok("version", "create", "shop", "--name", "hot fix")
        for words in (["put", "shop", "a"], ["get", "shop", "a"], ["list", "shop"],
                      ["remove", "shop", "a"], ["history", "shop"], ["export", "shop", "out"],
                      ["import", "shop", "."], ["restore", "shop", "a", "--edit", "0"]):
            with self.subTest(words):
                self.fails(2, "part", *words, says="hot fix, v1; name one with --version")
        self.put("a", "2", "--version", "hot fix")
        self.assertEqual(self.ok("part", "get", "shop", "a", "--version=v1").out, "1")
        self.assertEqual(self.ok("part", "get", "shop", "a", "--version", "hot fix").out, "2")
        self.ok("version", "discard", "shop", "v1")
        self.assertEqual(self.ok("part", "get", "shop", "a").out, "2")
        self.fails(6, "part", "put", "shop", "a", "--version", "v1", stdin="x", says="discarded")

    def test_a_diff_can_be_applied(self):
        before = {"a.txt": b"one\ntwo\nthree\n", "gone": b"bye\n", "same": b"=\n",
                  "dir/with space.txt": b"".join(b"%d\n" % i for i in range(40))}
        after = {"a.txt": b"one\n2\nthree\nfour", "new one.txt": b"added\n", "same": b"=\n",
                 "dir/with space.txt": b"".join(b"%d\n" % i for i in range(40) if i not in (3, 30))}
        self.folder_of(before, "before")
        self.folder_of(after, "after")
        self.ok("part", "import", "shop", "before")
        self.ok("version", "create", "shop")
        self.ok("part", "import", "shop", "after", "--version", "v2", "--prune")
        result = self.envres("version", "diff", "shop", "v1", "v2")
        self.assertEqual((result.status, result.err), (1, ""))
        tools = [tool for tool in (["patch", "-s", "-p1"], ["git", "apply", "-p1", "-"])
                 if shutil.which(tool[0])]
        self.assertTrue(tools, "neither patch nor git is here")
        for tool in tools:
            out = "with-" + tool[0]
            self.ok("part", "export", "shop", out, "--version", "v1")
            done = subprocess.run(tool, input=result.raw, cwd=self.path(out), capture_output=True,
                                  env=self.environment, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""), (tool, result.out))
            self.assertEqual(self.files_of(out), after, tool)

    def test_history_and_restore(self):
        self.put("a", "one")
        self.put("a", "two", "--public")
        self.put("b", "other")
        self.ok("part", "remove", "shop", "a")
        rows = self.ok("part", "history", "shop", "a", "--json").json()
        self.assertEqual([(row["edit"], row["action"], row["public"], row["size"]) for row in rows],
                         [(4, "remove", None, None), (2, "put", True, 3), (1, "put", False, 3)])
        self.assertEqual(set(rows[0]), {"edit", "path", "action", "digest", "size", "public",
                                        "author", "time"})
        self.assertEqual((rows[0]["digest"], rows[0]["author"]), (None, "owner"))
        self.assertEqual([row["path"] for row in self.ok("part", "history", "shop", "--json").json()],
                         ["a", "b", "a", "a"])
        self.assertEqual(self.ok("part", "restore", "shop", "a", "--edit", "2", "--json").json(),
                         {"ok": True, "app": "shop", "version": "v1", "path": "a", "edit": 2})
        self.assertEqual(self.ok("part", "get", "shop", "a").out, "two")
        self.ok("part", "restore", "shop", "a", "--edit", "0")
        self.fails(3, "part", "get", "shop", "a")
        self.fails(3, "part", "restore", "shop", "b", "--edit", "2", says="edit 2")
        self.assertEqual(self.ok("part", "history", "shop", "a", "--json").json()[0]["edit"], 6)


class Folders(Parts):
    def test_there_and_back(self):
        files = {**FILES, "random.bin": random.Random(1).randbytes(MEBIBYTE)}
        self.folder_of(files)
        os.makedirs(self.path("site/nothing/in/here"))
        made = self.ok("part", "import", "shop", "site", "--json").json()
        self.assertEqual(made, {"ok": True, "app": "shop", "version": "v1", "files": len(files),
                                "added": len(files), "changed": 0, "removed": 0, "kept": 0,
                                "left_out": [], "content": self.content()})
        self.assertEqual(self.paths(), sorted(files, key=lambda path: path.encode()))
        out = self.ok("part", "export", "shop", "copy", "--json").json()
        self.assertEqual(out, {"ok": True, "app": "shop", "version": "v1", "folder": "copy",
                               "files": len(files), "bytes": sum(map(len, files.values()))})
        self.assertEqual(self.files_of("copy"), files)
        self.assertFalse(os.path.exists(self.path("copy/nothing")))
        self.ok("app", "create", "other")
        again = self.ok("part", "import", "other", "copy", "--json").json()
        self.assertEqual(again["content"], made["content"])
        self.ok("part", "export", "other", "second")
        self.assertEqual(self.files_of("second"), files)
        self.assertEqual(sorted(name for name in os.listdir(self.folder) if "envres-" in name), [])
        self.assert_sound()

    def test_what_an_import_says(self):
        self.folder_of({"a": b"1", "b": b"2", "same": b"="})
        first = self.ok("part", "import", "shop", "site")
        self.assertEqual((first.out, first.err),
                         ("", "envres: 3 files into v1: 3 new, 0 changed, 0 as before\n"))
        self.folder_of({"a": b"changed", "c": b"3"})
        os.remove(self.path("site/b"))
        os.makedirs(self.path("site/.git/objects"))
        self.write("site/.git/config", "x")
        second = self.ok("part", "import", "shop", "site")
        self.assertIn("3 files into v1: 1 new, 1 changed, 1 as before\n", second.err)
        self.assertIn("1 part of v1 that the folder does not have", second.err)
        self.assertIn("--prune", second.err)
        self.assertIn(".git was left out", second.err)
        self.assertEqual(self.paths(), ["a", "b", "c", "same"])
        third = self.ok("part", "import", "shop", "site", "--prune", "--json").json()
        self.assertEqual((third["removed"], third["kept"], third["changed"], third["left_out"]),
                         (1, 0, 0, [".git"]))
        self.assertEqual(self.paths(), ["a", "c", "same"])
        self.assertEqual(self.ok("part", "import", "shop", "site", "-q").err, "")

    def test_it_is_one_edit_of_all(self):
        self.folder_of({"a": b"1", "b": b"2"})
        before = len(self.audit())
        self.ok("part", "import", "shop", "site", "--reason", "first files")
        self.assertEqual(len(self.audit()) - before, 1)

    def audit(self):
        import sqlite3
        base = sqlite3.connect(self.path("envres.db"))
        rows = base.execute("SELECT * FROM audit").fetchall()
        base.close()
        return rows

    def test_public_parts_stay_public(self):
        self.put("js/app.js", "1", "--public")
        self.folder_of({"js/app.js": b"2", "js/new.js": b"3"})
        self.ok("part", "import", "shop", "site")
        rows = self.ok("part", "list", "shop", "--json").json()
        self.assertEqual([(row["path"], row["public"]) for row in rows],
                         [("js/app.js", True), ("js/new.js", False)])
        self.assertEqual(self.ok("part", "get", "shop", "js/app.js").out, "2")

    def test_a_folder_where_a_part_was(self):
        self.put("a", "a part")
        self.folder_of({"a/b": b"1"})
        self.fails(6, "part", "import", "shop", "site", says="'a/b'")
        self.ok("part", "import", "shop", "site", "--prune", "-q")
        self.assertEqual(self.paths(), ["a/b"])

    def refuses(self, status, says, name="site"):
        before = self.content()
        edits = self.ok("part", "history", "shop", "--json").json()
        result = self.fails(status, "part", "import", "shop", name, says=says)
        self.assertEqual(self.content(), before)
        self.assertEqual(self.ok("part", "history", "shop", "--json").json(), edits)
        return result

    def test_what_an_import_refuses(self):
        self.put("old", "old")
        self.folder_of({"a": b"1", "z/z": b"2"})
        odd = os.path.join(self.path("site"), "z", "odd")
        os.symlink("/etc/passwd", odd)
        self.refuses(2, "'z/odd' is a symbolic link")
        os.remove(odd)
        os.symlink("../..", odd)
        self.refuses(2, "'z/odd' is a symbolic link")
        os.remove(odd)
        os.symlink("nowhere", odd)
        self.refuses(2, "'z/odd' is a symbolic link")
        os.remove(odd)
        os.mkfifo(odd)
        self.refuses(2, "'z/odd' is a named pipe")
        os.remove(odd)
        with socket.socket(socket.AF_UNIX) as there:
            folder = os.getcwd()
            os.chdir(os.path.dirname(odd))
            there.bind("odd")
            os.chdir(folder)
            self.refuses(2, "'z/odd' is a socket")
        os.remove(odd)
        if os.geteuid() == 0:
            try:
                os.mknod(odd, stat.S_IFCHR | 0o600, os.makedev(1, 3))
                self.refuses(2, "'z/odd' is a device")
                os.remove(odd)
            except PermissionError:  # a container without that right
                pass
        self.assertEqual(self.paths(), ["old"])

    def test_names_that_cannot_be_parts(self):
        for name, why in ((b"a\\b", "backslash"), (b"a\nb", "control character"),
                          (b"a\x1b[2Jb", "control character"), (b"a\xffb", "not UTF-8"),
                          (b"\xed\xa0\x80", "not UTF-8"), (b"a\x7f", "control character")):
            with self.subTest(name):
                self.folder_of({"a": b"1"})
                full = os.path.join(self.path("site").encode(), name)
                with open(full, "wb"):
                    pass
                result = self.refuses(2, why)
                self.assertNotIn("\x1b", result.err)
                os.remove(full)
        deep = os.path.join("site", *["d" * 100] * 5)
        os.makedirs(self.path(deep))
        self.write(deep + "/" + "f" * 100, "x")
        self.refuses(2, "longer than 512 bytes")

    def test_case(self):
        self.folder_of({"Page": b"1", "page": b"2"})
        if len(os.listdir(self.path("site"))) == 2:  # not on every file system
            self.refuses(6, "only in case")

    def test_too_much(self):
        self.folder_of({"a": b"1"})
        with open(self.path("site/big"), "wb") as file:
            file.truncate(16 * MEBIBYTE + 1)
        self.refuses(2, "'big' has 16777217 bytes")
        with open(self.path("site/big"), "wb") as file:
            file.truncate(16 * MEBIBYTE)
        for i in range(16):
            os.link(self.path("site/big"), self.path("site/big%d" % i))
        self.refuses(2, "256 MiB")

    def test_which_folder(self):
        self.folder_of({"a": b"1"})
        os.symlink("site", self.path("link"))
        self.refuses(2, "'link' is a symbolic link", "link")
        self.refuses(3, "'nothere'", "nothere")
        self.refuses(2, "'site/a' is not a folder", "site/a")
        os.mkdir(self.path("bare"))
        self.refuses(2, "there are no files in 'bare'", "bare")
        os.mkdir(self.path("bare/empty"))
        self.refuses(2, "there are no files in 'bare'", "bare")
        self.ok("part", "import", "shop", "link/")

    def test_the_store_and_its_key_stay_out(self):
        self.refuses(2, "is this store, or its key", ".")
        os.mkdir(self.path("in"))
        os.link(self.path("envres.db.key"), self.path("in/innocent"))
        self.refuses(2, "'innocent' is this store, or its key", "in")
        self.assertEqual(self.paths(), [])

    def test_a_file_that_cannot_be_read(self):
        self.folder_of({"a": b"1", "closed": b"2"})
        os.chmod(self.path("site/closed"), 0)
        if os.geteuid():
            self.refuses(8, "'site/closed' cannot be read")

    def test_modes_and_umask(self):
        self.folder_of({"d/e/f": b"1", "g": b"2"})
        os.chmod(self.path("site/g"), 0o777)
        self.ok("part", "import", "shop", "site", "-q")
        for mask, folder_mode, file_mode in ((0o022, 0o755, 0o644), (0o077, 0o700, 0o600),
                                             (0o000, 0o755, 0o644)):
            out = "out%o" % mask
            self.ok("part", "export", "shop", out, umask=mask)
            for name, mode in (("", folder_mode), ("d", folder_mode), ("d/e", folder_mode),
                               ("d/e/f", file_mode), ("g", file_mode)):
                found = stat.S_IMODE(os.stat(os.path.join(self.path(out), name)).st_mode)
                self.assertEqual(found, mode, (out, name))

    def test_where_an_export_goes(self):
        self.folder_of({"a": b"1", "d/b": b"2"})
        self.ok("part", "import", "shop", "site", "-q")
        os.mkdir(self.path("empty"))
        self.ok("part", "export", "shop", "empty/")
        self.assertEqual(self.files_of("empty"), {"a": b"1", "d/b": b"2"})
        self.fails(6, "part", "export", "shop", "empty", says="is not empty")
        self.fails(6, "part", "export", "shop", ".", says="--force")
        self.fails(2, "part", "export", "shop", "empty/a", says="not a folder")
        self.fails(2, "part", "export", "shop", "")
        self.fails(8, "part", "export", "shop", "no/where", says="'no/where'")
        os.symlink("empty", self.path("link"))
        self.fails(2, "part", "export", "shop", "link", says="symbolic link")
        os.symlink("nowhere", self.path("dangling"))
        self.fails(2, "part", "export", "shop", "dangling", says="symbolic link")
        self.assertFalse(os.path.lexists(self.path("nowhere")))

    def test_force_writes_over(self):
        self.folder_of({"a": b"1", "d/b": b"2"})
        self.ok("part", "import", "shop", "site", "-q")
        self.folder_of({"a": b"mine", "keep": b"kept", "d/other": b"kept"}, "out")
        self.ok("part", "export", "shop", "out", "--force")
        self.assertEqual(self.files_of("out"), {"a": b"1", "d/b": b"2", "keep": b"kept",
                                                "d/other": b"kept"})

    def test_force_follows_no_link(self):
        self.folder_of({"a": b"1", "d/b": b"2"})
        self.ok("part", "import", "shop", "site", "-q")
        self.folder_of({"b": b"outside"}, "outside")
        for make in (lambda: os.symlink("../outside", self.path("out/d")),
                     lambda: os.symlink("../outside/b", self.path("out/a")),
                     lambda: os.mkfifo(self.path("out/a")),
                     lambda: os.mkdir(self.path("out/a")),
                     lambda: self.write("out/d", "a file")):
            os.mkdir(self.path("out"))
            make()
            result = self.fails(2, "part", "export", "shop", "out", "--force",
                                says="nothing was written")
            self.assertRegex(result.err, r"'out/[ad]' is ")
            self.assertEqual(self.files_of("outside"), {"b": b"outside"})
            for name in os.listdir(self.path("out")):
                full = os.path.join(self.path("out"), name)
                if os.path.isdir(full) and not os.path.islink(full):
                    os.rmdir(full)
                else:
                    os.remove(full)
            os.rmdir(self.path("out"))

    def test_a_part_that_is_named_like_a_way_out_is_not_there(self):
        """The library refuses such paths; an export never sees one."""
        self.fails(2, "part", "put", "shop", "../x", stdin="x")

    def test_an_export_that_fails_leaves_nothing(self):
        self.folder_of({"a": b"1", "d/b": b"2" * 500000, "z": b"3"})
        self.ok("part", "import", "shop", "site", "-q")
        os.mkdir(self.path("empty"))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))
        for out in ("new", "empty"):
            process = subprocess.run([ENVRES, "part", "export", "shop", out], capture_output=True,
                                     cwd=self.folder, env=self.environment, preexec_fn=limit,
                                     restore_signals=False, timeout=60, check=False)
            result = Result(process)
            self.assertEqual((result.status, result.out), (8, ""), result.err)
            self.assertIn("d/b", result.err)
        self.assertEqual(os.listdir(self.path("empty")), [])
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("new")], [])
        self.assert_sound()

    def test_a_killed_import_is_whole_or_nothing(self):
        self.folder_of({"f%d" % i: random.Random(i).randbytes(20000) for i in range(60)})
        seen = set()
        for step in range(12):
            app = "app%d" % step
            self.ok("app", "create", app)
            process = subprocess.Popen([ENVRES, "part", "import", app, "site", "-q"],
                                       cwd=self.folder, env=self.environment,
                                       stderr=subprocess.DEVNULL)
            time.sleep(step * 0.004)
            process.send_signal(signal.SIGKILL)
            process.wait()
            count = len(self.ok("part", "list", app, "--json").json())
            self.assertIn(count, (0, 60))
            seen.add(count)
        # The first is killed as soon as it is started: the moments reach that far down at least.
        self.assertIn(0, seen)
        self.assert_sound()


if __name__ == "__main__":
    unittest.main(verbosity=1)
