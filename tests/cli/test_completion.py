# SPDX-License-Identifier: MIT
"""Completion in the shells themselves. test_completion.py SHELL; status 77 where it is missing."""
import os
import shutil
import subprocess
import sys
import unittest

from harness import ENVRES, Case

SHELL = sys.argv.pop(1)

# Each prints the candidates for the words of $LINE, one on a line.
DRIVERS = {
    "bash": """
        eval "$(envres completion bash)" || exit 1
        complete -p envres >/dev/null || exit 1
        read -r -a COMP_WORDS <<<"${LINE//=/ = }" # as the line editor splits it
        case $LINE in *' ') COMP_WORDS+=('') ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE=$LINE COMP_POINT=${#LINE}
        _envres
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "fish": """
        envres completion fish | source; or exit 1
        complete -C "$LINE" | string replace -r '\\t.*' ''
        true
    """,
    "zsh": """
        autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump" || exit 1
        source <(envres completion zsh) || exit 1
        [[ ${_comps[envres]} == _envres ]] || exit 1
        # The builtins of the completion system work only inside the line editor: what would be
        # offered is taken from the calls that the function makes.
        _describe() { local -a rows; rows=("${(@P)2}"); printf '%s\\n' "${rows[@]%%:*}" }
        _files() { print -l -- *(N) }
        _command_names() { print -l -- ${(k)commands} }
        words=(${(z)LINE}); [[ $LINE == *' ' ]] && words+=('')
        CURRENT=${#words}
        _envres
        true
    """,
}


class Completion(Case):
    def setUp(self):
        super().setUp()
        self.make_store()
        self.ok("set", "SHOW_BETA=true", "--type", "boolean", "-e", "production")
        self.ok("resource", "add", "crm", "--kind", "postgres")
        self.ok("app", "create", "shop")
        self.ok("part", "put", "shop", "pages/home.html", stdin="x")
        self.ok("version", "create", "shop", "--name", "hotfix")
        self.ok("promote", "shop", "hotfix", "--to", "production", "--through")
        self.ok("release", "shop", "hotfix", "--tag", "1.0.0")
        self.ok("withdraw", "shop", "-m", "to have two records of it", "--yes")
        self.ok("principal", "add", "ci", "-q")
        self.write("template.txt", "x")

    def complete(self, line):
        options = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}
        process = subprocess.run(
            [SHELL, *options[SHELL], DRIVERS[SHELL]], env={**self.environment, "LINE": line},
            cwd=self.folder, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual((process.returncode, process.stderr), (0, b""), (line, process.stdout))
        return sorted(word.strip() for word in process.stdout.decode().split("\n") if word.strip())

    def test_rows(self):
        rows = [
            ("envres veri", ["verify"]),
            ("envres env ", ["add", "list", "remove", "set", "show"]),
            ("envres resource sh", ["show"]),
            ("envres list -e ", ["development", "production", "staging"]),
            ("envres list -e prod", ["production"]),
            ("envres get ", ["API_KEY", "API_URL", "SHOW_BETA"]),
            ("envres get -e staging API_", ["API_KEY", "API_URL"]),
            ("envres get SHOW_BETA --rev", ["--reveal"]),
            ("envres resource show ", ["crm"]),
            ("envres env show sta", ["staging"]),
            ("envres set X --type ", ["boolean", "json", "number", "string", "template"]),
            ("envres render x --context s", ["shell", "sql"]),
            ("envres completion ", ["bash", "fish", "zsh"]),
            ("envres kinds post", ["postgres"]),
            ("envres list --env prod", ["production"]),
            ("envres app sh", ["show"]),
            ("envres app show ", ["shop"]),
            ("envres app pin shop ", ["config", "none"]),
            ("envres version show shop ", ["hotfix", "v1"]),
            ("envres version diff shop v1 h", ["hotfix"]),
            ("envres version show nosuch ", []),
            ("envres part get shop --version v1 pa", ["pages/home.html"]),
            ("envres part list shop --version ", ["hotfix", "v1"]),
            ("envres part list shop --vers", ["--version"]),
            ("envres promote shop v1 --to st", ["staging"]),
            ("envres release shop ", ["hotfix", "v1"]),
            ("envres rollback ", ["shop"]),
            ("envres rollback shop --to ", ["1.0.0"]),
            ("envres rollback shop --rea", ["--reason"]),
            ("envres render x --app shop --release 1", ["1.0.0"]),
            ("envres grant ", ["ci", "owner"]),
            ("envres grant ci a", ["admin", "auditor"]),
            ("envres grant ci admin -e prod", ["production"]),
            ("envres principal add x --role e", ["editor"]),
            ("envres --as c", ["ci"]),
            ("envres audit --since 1 --app ", ["shop"]),
            ("envres key ", ["exposure", "rotate", "show-public", "slot"]),
            ("envres key sl", ["slot"]),
            ("envres key slot ", ["add", "change", "list", "remove"]),
            ("envres key slot ch", ["change"]),
            ("envres key slot nosuch ", []),
            ("envres principal key c", ["ci"]),
            ("envres --roo", ["--root"]),
            ("envres nosuch x ", []),
        ]
        for line, wanted in rows:
            with self.subTest(line):
                self.assertEqual(self.complete(line), wanted)

    def test_value_behind_an_equals_sign(self):
        joined = "" if SHELL == "bash" else "--env="
        self.assertEqual(self.complete("envres list --env=prod"), [joined + "production"])

    def test_commands(self):
        found = self.complete("envres ")
        for word in ("init", "env", "resource", "set", "run", "completion"):
            self.assertIn(word, found)
        self.assertFalse([word for word in found if word.startswith("__")])

    def test_files(self):
        self.assertIn("template.txt", self.complete("envres render temp"))

    def test_without_a_store(self):
        os.remove(self.path("envres.db"))
        self.assertEqual(self.complete("envres veri"), ["verify"])
        self.assertEqual(self.complete("envres list -e "), [])

    def test_another_store(self):
        os.mkdir(self.path("there"))
        self.ok("--store", "there/x.db", "init", "-q")
        self.ok("--store", "there/x.db", "env", "add", "qa")
        self.assertIn("qa", self.complete("envres --store there/x.db list -e "))


if __name__ == "__main__":
    if not shutil.which(SHELL):
        print("there is no %s here" % SHELL)
        sys.exit(77)
    os.environ["ENVRES"] = ENVRES
    unittest.main(verbosity=1)
