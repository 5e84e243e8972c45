# SPDX-License-Identifier: MIT
"""What the tests of the command line share: a folder of their own, runs of envres, stores."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

ENVRES = os.environ["ENVRES"]


def clean_environment(home):
    """Nothing of the caller's: a test answers the same on every machine."""
    return {
        "PATH": os.path.dirname(ENVRES) + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        **{name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
           if name in os.environ},
    }


class Result:
    """One run: exit status and both outputs, as bytes and as text."""

    def __init__(self, process):
        self.status = process.returncode
        self.raw = process.stdout
        self.out = process.stdout.decode("utf-8", "replace")
        self.err = process.stderr.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.raw)

    def error(self):
        return json.loads(self.err)["error"]


class Case(unittest.TestCase):
    """A test in a folder of its own, which is also HOME."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="envres-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = clean_environment(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def envres(self, *words, stdin=b"", cwd=None, **options):
        """Runs envres with no terminal anywhere."""
        process = subprocess.run(
            [ENVRES, *words], input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True, cwd=cwd or self.folder, env=self.environment, timeout=60,
            start_new_session=True, check=False, **options)
        return Result(process)

    def ok(self, *words, **options):
        """A run that must succeed."""
        result = self.envres(*words, **options)
        self.assertEqual(result.status, 0, (words, result.err))
        return result

    def fails(self, status, *words, says=None, **options):
        """A run that must fail with one line on stderr and nothing on stdout."""
        result = self.envres(*words, **options)
        self.assertEqual(result.status, status, (words, result.out, result.err))
        self.assertEqual(result.out, "", words)
        self.assertRegex(result.err, r"\A[^\n]+\n\Z", words)
        if says:
            self.assertIn(says, result.err, words)
        return result

    def make_store(self):
        """The store that most tests begin with."""
        self.ok("init", "-q")
        self.ok("set", "API_URL=https://staging.example", "-e", "staging")
        self.ok("set", "API_KEY", "--secret", "-e", "staging", stdin="s3cr3t-canary\n")

    def assert_sound(self):
        self.assertTrue(self.ok("verify", "--json").json()["ok"])
