# SPDX-License-Identifier: MIT
"""A person at a terminal: questions, echo, confirmations, colours."""
import os
import pty
import select
import signal
import time
import unittest

from harness import ENVRES, Case


class Terminal:
    """envres with a terminal of its own on all three descriptors."""

    def __init__(self, case, *words, **environment):
        self.case = case
        self.seen = b""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(case.folder)
            os.execve(ENVRES, [ENVRES, *words],
                      {**case.environment, "TERM": "xterm", **environment})
        self.pid = pid

    def read(self):
        ready, _, _ = select.select([self.fd], [], [], 20)
        self.case.assertTrue(ready, "nothing comes: %r" % self.seen)
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            data = b""
        self.seen += data
        return data

    def expect(self, text):
        while text.encode() not in self.seen:
            self.case.assertTrue(self.read(), "%r does not come: %r" % (text, self.seen))

    def send(self, text):
        time.sleep(0.02)  # echo is switched off right behind the question
        os.write(self.fd, text.encode())

    def end(self):
        """The exit status, or minus the signal."""
        while self.read():
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Questions(Case):
    def setUp(self):
        super().setUp()
        self.make_store()

    def test_a_secret_is_asked_for_without_echo(self):
        terminal = Terminal(self, "set", "TOKEN", "--secret", "-e", "staging")
        terminal.expect("TOKEN (not shown): ")
        terminal.send("t0ps3cret\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"t0ps3cret", terminal.seen)
        self.assertEqual(self.ok("get", "TOKEN", "-e", "staging", "--reveal").out, "t0ps3cret\n")

    def test_a_name_that_is_a_secret_is_asked_for_without_the_option(self):
        terminal = Terminal(self, "set", "API_KEY", "-e", "staging")
        terminal.expect("API_KEY (not shown): ")
        terminal.send("other\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"other", terminal.seen)

    def test_secret_fields_are_asked_for(self):
        self.ok("resource", "add", "bag", "--kind", "custom")
        terminal = Terminal(self, "resource", "set", "bag", "-e", "staging", "--secret", "one",
                            "--secret", "two")
        terminal.expect("one (not shown): ")
        terminal.send("first\n")
        terminal.expect("two (not shown): ")
        terminal.send("second\n")
        self.assertEqual(terminal.end(), 0)
        shown = self.ok("resource", "show", "bag", "-e", "staging", "--reveal", "--json").json()
        self.assertEqual(shown["fields"], {"one": "first", "two": "second"})

    def test_no_input_asks_nothing(self):
        terminal = Terminal(self, "set", "TOKEN", "--secret", "-e", "staging", "--no-input")
        self.assertEqual(terminal.end(), 2)
        terminal = Terminal(self, "set", "TOKEN", "-e", "staging", "--no-input")
        self.assertEqual(terminal.end(), 2)
        terminal = Terminal(self, "env", "remove", "production", "--no-input")
        self.assertEqual(terminal.end(), 6)

    def test_a_plain_value_is_typed(self):
        terminal = Terminal(self, "set", "PLAIN", "-e", "staging")
        terminal.expect("Ctrl-D")
        terminal.send("typed\n\x04")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(self.ok("get", "PLAIN", "-e", "staging").out, "typed\n")

    def test_leaving_a_question(self):
        terminal = Terminal(self, "set", "TOKEN", "--secret", "-e", "staging")
        terminal.expect("not shown")
        terminal.send("half\x03")
        self.assertEqual(terminal.end(), -signal.SIGINT)
        terminal = Terminal(self, "set", "TOKEN", "--secret", "-e", "staging")
        terminal.expect("not shown")
        terminal.send("\x04")
        self.assertEqual(terminal.end(), 2)
        self.fails(3, "get", "TOKEN", "-e", "staging")


class Passphrases(Case):
    def test_asked_twice_when_made_once_when_used(self):
        terminal = Terminal(self, "init", "--passphrase")
        terminal.expect("New passphrase")
        terminal.send("correct horse\n")
        terminal.expect("Once more")
        terminal.send("correct horse\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"correct horse", terminal.seen)
        terminal = Terminal(self, "env", "list")
        terminal.expect("Passphrase")
        terminal.send("correct horse\n")
        self.assertEqual(terminal.end(), 0)
        self.assertIn(b"production", terminal.seen)

    def test_two_that_differ(self):
        terminal = Terminal(self, "init", "--passphrase")
        terminal.expect("New passphrase")
        terminal.send("one\n")
        terminal.expect("Once more")
        terminal.send("two\n")
        self.assertEqual(terminal.end(), 2)
        self.assertEqual(os.listdir(self.folder), [])


class Confirmations(Case):
    def setUp(self):
        super().setUp()
        self.ok("init", "-q")
        self.ok("set", "A=1", "-e", "production")
        self.ok("set", "A=1", "-e", "staging")

    def test_the_name_typed_back(self):
        terminal = Terminal(self, "unset", "A", "-e", "production")
        terminal.expect("Type production to take A away: ")
        terminal.send("production\n")
        self.assertEqual(terminal.end(), 0)
        self.fails(1, "get", "A", "-e", "production")

    def test_anything_else_does_nothing(self):
        for answer in ("y\n", "\n", "Production\n", "production \n", "\x04"):
            with self.subTest(answer):
                terminal = Terminal(self, "unset", "A", "-e", "production")
                terminal.expect("Type production")
                terminal.send(answer)
                self.assertEqual(terminal.end(), 6)
                self.assertIn(b"nothing was done", terminal.seen)
                self.ok("get", "A", "-e", "production")

    def test_what_is_asked(self):
        self.ok("resource", "add", "crm", "--kind", "sqlite")
        self.ok("resource", "set", "crm", "-e", "production", "path=/x")
        for words in (["restore", "-e", "production", "--revision", "0"],
                      ["restore", "A", "-e", "production", "--revision", "1"],
                      ["resource", "remove", "crm"], ["env", "remove", "production"],
                      ["resource", "set", "crm", "-e", "production", "--unset", "path"],
                      ["env", "set", "production", "--protected", "no"]):
            with self.subTest(words):
                terminal = Terminal(self, *words)
                terminal.expect("Type production")
                terminal.send("no\n")
                self.assertEqual(terminal.end(), 6)
                self.fails(6, *words, says="--yes")

    def test_what_is_not_asked(self):
        for words in (["unset", "A", "-e", "staging"], ["set", "A=2", "-e", "production"],
                      ["unset", "A", "-e", "production", "-y"]):
            with self.subTest(words):
                self.assertEqual(Terminal(self, *words).end(), 0)


class Colours(Case):
    def setUp(self):
        super().setUp()
        self.make_store()

    def test_on_terminals_only(self):
        def colours(*words, **environment):
            terminal = Terminal(self, *words, **environment)
            terminal.end()
            return b"\x1b[" in terminal.seen

        self.assertTrue(colours("list"))
        self.assertTrue(colours("get", "NOPE", "-e", "staging"))
        self.assertFalse(colours("list", "--no-color"))
        self.assertFalse(colours("list", NO_COLOR="1"))
        self.assertFalse(colours("list", TERM="dumb"))
        self.assertNotIn("\x1b[", self.ok("list").out)

    def test_long_values_are_cut_on_terminals_only(self):
        self.ok("set", "LONG=" + "x" * 500, "-e", "staging")
        terminal = Terminal(self, "list", "-e", "staging")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn(b"x" * 100, terminal.seen)
        self.assertIn("x" * 500, self.ok("list", "-e", "staging").out)


if __name__ == "__main__":
    unittest.main(verbosity=1)
