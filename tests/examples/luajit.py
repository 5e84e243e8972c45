#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the host in LuaJIT, and holds what it declares to the headers.

luajit.py BUILD_FOLDER | --self-test

 - each declaration in its cdef stands in a header, in the same words;
 - it serves the live release, the next one, and after a rollback the first again; says what it cannot
   answer, and goes on; does not give a secret away.

Exit status 77, which means skipped, where there is no luajit. --self-test plants faults in the
declarations; each must be found.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = os.path.join(ROOT, "examples/luajit/host.lua")
SKIPPED = 77


def words(text):
    """C without comments, export marks and layout."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^#.*$", " ", text, flags=re.M).replace("ENVRES_API", " ")
    return " ".join(re.findall(r"\w+|[^\w\s]", text))


def declarations(cdef):
    """Each up to its semicolon; those inside of braces belong to it."""
    depth, begin, found = 0, 0, []
    for at, char in enumerate(cdef):
        depth += (char == "{") - (char == "}")
        if char == ";" and depth == 0:
            found.append(words(cdef[begin:at + 1]))
            begin = at + 1
    return found


def check_declarations(lua, headers):
    """Findings about the cdef."""
    cdef = re.search(r"ffi\.cdef\[\[\n(.*?)\n\]\]", lua, re.S)
    found = declarations(cdef[1]) if cdef else []
    if len(found) < 20:
        yield "only %d declarations" % len(found)
    for one in found:
        # A structure that is only pointed to need not have its fields here.
        named = re.fullmatch(r"typedef struct (\w+) \1 ;", one)
        if one not in headers and not (named and "typedef struct %s {" % named[1] in headers):
            yield "not in the headers: %s" % one


def read_headers():
    folder = os.path.join(ROOT, "include/envres")
    text = ""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text += file.read()
    return words(text)


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                          **more)
    return done.returncode, done.stdout, done.stderr


SETUP = (["init"], ["set", "HOST=dev.example", "-e", "development"],
         ["set", "HOST=staging.example", "-e", "staging"], ["set", "HOST=prod.example", "-e", "production"],
         ["app", "create", "shop"], ["part", "put", "shop", "page.json", "1"],
         ["part", "put", "shop", "key.txt", "3"], ["promote", "shop", "v1", "--to", "production", "--through"],
         ["release", "shop", "v1", "--tag", "1.0.0", "-m", "first"], ["version", "create", "shop"],
         ["part", "put", "shop", "page.json", "2"],
         ["promote", "shop", "v2", "--to", "production", "--through"])
PARTS = {"1": '{"host": "<< environment.variables.HOST >>"}\n', "2": '{"at": "<< environment.variables.HOST >>"}\n',
         "3": "<< environment.variables.KEY >>"}


class Host:
    """The host in a process, asked line by line."""

    def __init__(self, folder, env, *arguments):
        self.process = subprocess.Popen(["luajit", HOST] + list(arguments), cwd=folder, env=env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, universal_newlines=True)

    def ask(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        # An answer ends as its part does: those here have one line, and print adds another.
        if line.strip():
            self.process.stdout.readline()
        return line.strip()

    def end(self):
        out, err = self.process.communicate()
        return self.process.returncode, out, err


def prepare(folder, env):
    for name, text in PARTS.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    for command in SETUP:
        status, _, err = run(["envres"] + command, cwd=folder, env=env)
        if status != 0:
            return "envres %s: %s" % (" ".join(command), err)
        if command[0] == "init":
            for key in ("development", "staging", "production"):
                run(["envres", "set", "KEY", "--secret", "-e", key], cwd=folder, env=env,
                    input="kanarienvogel\n")
    return None


def check_host(folder, env):
    """Findings about what the host answers."""
    failed = prepare(folder, env)
    if failed:
        yield failed
        return
    staging = Host(folder, env, "envres.db", "envres.db.key", "staging", "shop")
    host = Host(folder, env, "envres.db", "envres.db.key", "production", "shop")
    asked = [host.ask("page.json"), staging.ask("page.json"), host.ask("no.json"), host.ask("key.txt")]
    for command in (["release", "shop", "v2", "--minor", "-m", "second"], ["rollback", "shop", "-m", "wrong"]):
        run(["envres"] + command, cwd=folder, env=env)
        asked.append(host.ask("page.json"))
    wanted = ['1.0.0 {"host": "prod.example"}', '1.0.0 {"host": "staging.example"}', "", "",
              '1.1.0 {"at": "prod.example"}', '1.0.0 {"host": "prod.example"}']
    for want, got in zip(wanted, asked):
        if got != want:
            yield "the host says %r, not %r" % (got, want)
    status, out, err = host.end()
    if status != 0 or out or "has no part 'no.json'" not in err or "'key.txt' takes a secret" not in err \
            or "kanarienvogel" in err:
        yield "the host ends with %s" % ((status, out, err),)
    if staging.end() != (0, "", ""):
        yield "the host of staging does not end well"
    for arguments, code, says in ((["none.db", "envres.db.key", "staging", "shop"], 1, "there is no"),
                                  (["envres.db", "1", "staging", "shop"], 1, "32 bytes"),
                                  (["envres.db", "envres.db.key", "qa", "shop"], 1, "there are: development"),
                                  (["envres.db"], 2, "usage:")):
        status, out, err = run(["luajit", HOST] + arguments, cwd=folder, env=env, input="")
        if status != code or out or says not in err:
            yield "luajit host.lua %s: %s" % (" ".join(arguments), (status, out, err))


def main(build):
    build = os.path.abspath(build)
    with open(HOST, encoding="utf-8") as file:
        findings = list(check_declarations(file.read(), read_headers()))
    if shutil.which("luajit"):
        env = {name: value for name, value in os.environ.items() if not name.startswith("ENVRES_")}
        env["PATH"] = os.pathsep.join([os.path.join(build, "bindings/cli"), env["PATH"]])
        env["LD_LIBRARY_PATH"] = os.path.join(build, "lib")
        with tempfile.TemporaryDirectory(prefix="envres-luajit.") as folder:
            findings += check_host(folder, env)
    elif not findings:
        print("there is no luajit here")
        return SKIPPED
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def self_test():
    with open(HOST, encoding="utf-8") as file:
        lua = file.read()
    headers = read_headers()
    plants = [("as it is", lua, None), ("a field is missing", lua.replace("    uint64_t kdf_memory;\n", ""), "envres_credential"),
              ("fields in another order", lua.replace("uint32_t flags;\n    int64_t revision;",
                                                      "int64_t revision;\n    uint32_t flags;"), "scope_options"),
              ("another type", lua.replace("int32_t envres_value_is_secret", "int64_t envres_value_is_secret"), "is_secret"),
              ("an argument too few", lua.replace("envres_scope *scope, envres_scope **out", "envres_scope **out"), "latest"),
              ("no such function", lua.replace("envres_value_free(envres_value", "envres_value_drop(envres_value"), "drop"),
              ("no declarations", lua.replace("ffi.cdef", "ffi.cdeff"), "only 0")]
    failed = 0
    for name, text, expected in plants:
        findings = list(check_declarations(text, headers))
        if findings if expected is None else not any(expected in f for f in findings):
            failed += 1
            print("self-test: %s: wanted %r, got %s" % (name, expected, findings))
    print("%d passed, %d failed" % (len(plants) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else main(*sys.argv[1:]))
