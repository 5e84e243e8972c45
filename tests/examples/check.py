#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the quickstart against a build folder, and holds its output and the README to each other.

check.py BUILD_FOLDER | --self-test

 - the quickstart ends well, in time, without a word on stderr, and says what it must;
 - what it says of one environment has nothing in it of another;
 - one and the same host process serves the release, the next one, and after the rollback the first;
 - the README shows its output (between the marks [...]) and the whole of examples/first.c, its
   commands work, and its links lead somewhere.

--self-test plants faults in copies of the output and the README; each must be found.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 60
LINES = 170
ROLLBACK_MS = 3000
WIDTH = 150

ENVIRONMENTS = ("development", "staging", "production")

# What belongs to one environment and must not be seen in another.
OWN = {
    "development": ("http://localhost:8080", "seg-dev-0000", "(Development)", "crm_dev_", "crm-development.db",
                    "wh-dev", "priority one, opened last"),
    "staging": ("https://crm.staging.example.com", "seg-stg-4f1c", "(Staging)", "crm_stg_", "crm-staging.db",
                "wh-stg", "SSO login loops after logout"),
    "production": ("https://crm.example.com", "seg-prd-9ab7", "(Production)", "crm_prd_", "crm-production.db",
                   "wh-prd", "Card charged twice for October"),
}

# Section -> lines that it must have, as regular expressions of whole lines.
WANTED = {
    1: [r"-rw------- support\.db\s+-rw------- support\.db\.key"],
    2: [r"API_KEY_CRM +string +\*{6} +\*{6} +\*{6}",
        r"STRIPE_SECRET_KEY +string +\*{6} +\*{6} +\*{6}",
        r"FEATURE_NEW_FLOW_ENABLED +boolean +true +true +false",
        r"SHOW_BETA +boolean +true +false +false"],
    3: [r"postgresql://support:\*\*\*@localhost:5432/support\?sslmode=require",
        r"postgresql://support:\*\*\*@wh\.example\.com:5432/support\?sslmode=require",
        r"postgresql://support:wh-stg%3Ap%40ss%2F7Kd2@wh\.staging\.example\.com:5432/support\?sslmode=require",
        r"postgresql://support:wh-stg%3Ap%40ss%2F7Kd2@wh\.staging\.example\.com/support"],
    4: [r'"features": \{"newFlow": true, "beta": true\},',
        r'"features": \{"newFlow": true, "beta": false\},',
        r'"features": \{"newFlow": false, "beta": false\},'],
    5: [r"Authorization: Bearer crm_dev_nothing-worth-stealing",
        r"Authorization: Bearer crm_stg_\w+",
        r"Authorization: Bearer crm_prd_\w+",
        r"app/find-customer\.http:2:23: 'API_KEY_CRM' is a secret, and this text must not hold any.*"],
    6: [r"<stdin>:1:5: 'SENTRY_DSN' has no value in production; it is set in: development"],
    7: [r"set in production at revision \d+, a template that takes a secret, by owner .*",
        r"resources\.warehouse\.password", r"set in production at revision \d+, a secret, by owner .*"],
    8: [r"client\.js:4:9: error: 'SENTRY_DSN' has no value in staging.*",
        r"it is set in: development",
        r"\(exit status 6, and v1 is where it was\)",
        r"v1 of support moved from development to staging; it is frozen now",
        r"v1 +ready +production .*"],
    9: [r"70318 +Brightwater Coffee +business +1 +Card charged twice for October",
        r"production: support 1\.2\.0, rows of crm-production\.db\?mode=ro by age",
        r"staging: support 1\.2\.0, rows of crm-staging\.db\?mode=ro by priority"],
    10: [r"-.*Open tickets.*", r"\+.*Closed tickets.*",
         r"production +v2 +retired +1\.3\.0 .*", r"v1 +live +1\.2\.0 .*",
         r"3 +1\.2\.0 +v1 +live +rollback to 1 .*", r"2 +1\.3\.0 +v2 +release .*"],
    11: [r"Looked in: support\.db \(\d+ bytes\).*", r"for 10 secrets .*: none found\.",
         r"\(The same search finds a planted one in each of these 8 forms\.\)",
         r".*the whole store is sound"],
}

NUMBERS = [(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( UTC)?"), "TIME"), (re.compile(r"\d+ bytes"), "N bytes"),
           (re.compile(r"\b\d+ s\b"), "N s"), (re.compile(r"\b\d+ ms\b"), "N ms"),
           (re.compile(r"process \d+"), "process N")]

# What the host says in section 10, in this order: its head line and the page's title.
SERVED = (("production: support 1.2.0,", "Open tickets (Production)"),
          ("production: support 1.3.0,", "Closed tickets (Production)"),
          ("production: support 1.2.0,", "Open tickets (Production)"))


def steady(line):
    """A line without what differs between runs."""
    for pattern, name in NUMBERS:
        line = pattern.sub(name, line)
    return line.rstrip()


def sections(text):
    """Number -> the lines of a section, without its title."""
    found, number = {}, 0
    for line in text.split("\n"):
        match = re.match(r"(\d+)\. ", line)
        if match:
            number = int(match[1])
            found[number] = []
        elif line.startswith("All as promised"):
            number = 0
        elif number:
            found[number].append(line)
    return found


def check_apart(number, lines):
    """In what is said of one environment is nothing of another."""
    current = None
    seen = set()
    for line in lines:
        match = re.match(r" *\$ .*\b(%s)$" % "|".join(ENVIRONMENTS), line)
        if match:
            current = match[1]
            seen.add(current)
        for env in ENVIRONMENTS:
            for mark in OWN[env]:
                if current and env != current and mark in line:
                    yield "section %d: %r of %s stands under %s" % (number, mark, env, current)
    for env in ENVIRONMENTS:
        if env not in seen:
            yield "section %d: nothing about %s" % (number, env)


def check_served(lines):
    """The host is asked three times, and is one process."""
    text = [line.strip() for line in lines]
    asked = [i for i, line in enumerate(text) if line.startswith("$ echo /tickets >requests")]
    if len(asked) != len(SERVED):
        yield "section 10: the host is asked %d times" % len(asked)
        return
    if len(set(text[i] for i in asked)) != 1:
        yield "section 10: it is not one host"
    for i, (head, title) in zip(asked, SERVED):
        if not text[i + 1].startswith(head) or text[i + 2] != title:
            yield "section 10: the host says %r, not %s %s" % (text[i + 1:i + 3], head, title)
    took = [int(n) for n in re.findall(r"^\(done in (\d+) ms:", "\n".join(text), re.M)]
    if len(took) != 1 or not 0 < took[0] < ROLLBACK_MS:
        yield "section 10: the rollback took %s ms" % took


def check_output(text):
    """Findings about what the quickstart said."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LINES:
        yield "%d lines, more than %d" % (len(lines), LINES)
    for line in lines:
        if len(line) > WIDTH:
            yield "a line of %d characters: %s" % (len(line), line)
        if re.search(r"[\x00-\x09\x0b-\x1f\x7f]", line):
            yield "a control character: %r" % line
        if "stripe_" in line:
            yield "a secret that nobody asked for: %r" % line
    found = sections(text)
    for number, patterns in WANTED.items():
        for pattern in patterns:
            if not any(re.fullmatch(pattern, line.strip()) for line in found.get(number, [])):
                yield "section %d: no line like %s" % (number, pattern)
    for number in (4, 9):
        yield from check_apart(number, found.get(number, []))
    yield from check_served(found.get(10, []))
    if not lines[-1].startswith("All as promised, in "):
        yield "the last line is %r" % lines[-1]


def block(readme, kind, number=0):
    """The number-th fenced block of a kind."""
    blocks = re.findall(r"^```%s\n(.*?)^```$" % kind, readme, re.S | re.M)
    return blocks[number] if number < len(blocks) else ""


def check_readme(readme, output, first):
    """Findings about what the README shows."""
    heads = re.findall(r"^\S.*$", block(readme, "sh"), re.M)
    for command, head in zip(("sh examples/quickstart.sh", "sh tests/run.sh"), heads + ["", ""]):
        if not head.startswith(command):
            yield "README: does not open with: %s" % command
    if block(readme, "c").strip() != first[first.index("#include"):].strip():
        yield "README: the C program is not examples/first.c"
    said = [steady(line) for line in output.split("\n")]
    shown = block(readme, "text")
    if shown.count("\n") < 20:
        yield "README: the output of the quickstart is missing"
    at = 0
    for run in shown.strip("\n").split("[...]"):
        wanted = [steady(line) for line in run.strip("\n").split("\n")]
        starts = [i for i in range(at, len(said)) if said[i:i + len(wanted)] == wanted]
        if not starts:
            yield "README: the quickstart does not say (any more): %s ..." % wanted[0]
            continue
        at = starts[0] + len(wanted)
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", readme):
        if not re.match(r"https?:", link) and not os.path.exists(os.path.join(ROOT, link)):
            yield "README: %s is not there" % link


def run(command, **more):
    """Runs; returns status, stdout, stderr."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, **more)
    return done.returncode, done.stdout, done.stderr


def clean_environment(build):
    env = {k: v for k, v in os.environ.items() if not k.startswith("ENVRES_")}
    env["PATH"] = os.pathsep.join([os.path.join(build, "bindings/cli"),
                                   os.path.join(build, "examples"), env["PATH"]])
    return env


def check_first(env, folder):
    """The README's program, in the folder that the quickstart left."""
    expected = {"development": "Development: http://localhost:8080\n",
                "staging": "Staging: https://crm.staging.example.com\n",
                "production": "Production: https://crm.example.com\n"}
    for name, text in expected.items():
        with open(os.path.join(folder, "support.db.key"), "rb") as key:
            status, out, err = run(["first", name], cwd=folder, env=env, stdin=key)
        if (status, out, err) != (0, text, ""):
            yield "first %s: %s" % (name, (status, out, err))
    with open(os.devnull, "rb") as key:
        status, out, err = run(["first", "staging"], cwd=folder, env=env, stdin=key)
    if status == 0 or out or "key" not in err:
        yield "first without a key: %s" % ((status, out, err),)


def check_dashboard(env, folder):
    """The host program where there is nothing to answer."""
    env = dict(env, ENVRES_STORE=os.path.join(folder, "support.db"))
    for arguments, expected in ((["qa"], "there is no environment"), ([], "usage:"),
                                (["staging", "none.db"], "not a key file")):
        status, out, err = run(["dashboard"] + arguments, cwd=folder, env=env)
        if status == 0 or out or expected not in err:
            yield "dashboard %s: %s" % (arguments, (status, out, err))
    # Pages that are not there, and have no table, beside one that has: an empty line ends each answer.
    status, out, err = run(["dashboard", "staging"], cwd=folder, env=env,
                           input="/no\n/customers/:customerId\n/tickets\n")
    if status == 0 or not out.startswith("\n\nstaging: support 1.2.0") or \
            not out.endswith("VAT id\n\n") or err.count("no table on the page") != 2:
        yield "dashboard, three pages: %s" % ((status, out, err),)
    # Nothing is live: no answer, until something is again.
    host = subprocess.Popen(["dashboard", "production"], cwd=folder, env=env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    said = []
    for command in (None, ["withdraw", "support", "-m", "check", "-y"],
                    ["rollback", "support", "-m", "check"]):
        if command and run(["envres"] + command, cwd=folder, env=env)[0] != 0:
            yield "envres %s fails" % command[0]
        host.stdin.write("/tickets\n")
        host.stdin.flush()
        said.append(host.stdout.readline())
        while said[-1] != "\n" and host.stdout.readline() not in ("\n", ""):
            pass
    out, err = host.communicate()
    if not said[0].startswith("production: support 1.2.0") or said[1] != "\n" or said[2] != said[0] \
            or out or "live" not in err:
        yield "dashboard, withdrawn: %s" % ((said, out, err),)


def check_commands(env, readme):
    """The README's commands, each of which must succeed."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme, re.S | re.M)
    commands, moves = (next((b for b in blocks if b.startswith(first)), "")
                       for first in ("envres init", "envres app create"))
    if commands.count("\n") < 8 or moves.count("\n") < 8:
        yield "README: the commands are missing"
    with tempfile.TemporaryDirectory(prefix="envres-readme.") as folder:
        status, out, err = run(["sh", "-e", "-c", commands], cwd=folder, env=env)
        if status != 0 or "https://api.example.com" not in out or \
                not os.path.exists(os.path.join(folder, "copy.db")):
            yield "README: the commands fail: %s" % ((status, out, err),)
        os.mkdir(os.path.join(folder, "app"))
        for name, title in (("app/page.json", "Old"), ("new-page.json", "New")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write('"%s, << environment.name >>"\n' % title)
        status, out, err = run(["sh", "-e", "-c", moves], cwd=folder, env=env)
        if status != 0 or not out.endswith('"Old, production"\n') or "1.1.0 (v2) is live" not in out:
            yield "README: the commands of apps fail: %s" % ((status, out, err),)


def main(build):
    build = os.path.abspath(build)
    env = clean_environment(build)
    findings = []
    with tempfile.TemporaryDirectory(prefix="envres-check.") as folder:
        demo = os.path.join(folder, "a folder")
        started = time.monotonic()
        status, output, err = run(
            ["sh", os.path.join(ROOT, "examples/quickstart.sh"), "--built", build, "--keep", demo],
            cwd=folder, env=env)
        seconds = time.monotonic() - started
        if status != 0 or err:
            findings.append("exit status %d, stderr: %s" % (status, err))
        if seconds > SECONDS:
            findings.append("%.1f s, more than %d" % (seconds, SECONDS))
        output = output[:output.rindex("\n  cd ") + 1] if "\n  cd " in output else output
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            readme = file.read()
        with open(os.path.join(ROOT, "examples/first.c"), encoding="utf-8") as file:
            first = file.read()
        findings += check_output(output)
        findings += check_readme(readme, output, first)
        if status == 0:
            findings += check_first(env, demo)
            findings += check_dashboard(env, demo)
        findings += check_commands(env, readme)
    for finding in findings:
        print(finding)
    print("quickstart: %d lines in %.1f s, %d findings" % (output.count("\n"), seconds, len(findings)))
    return 1 if findings else 0


FIRST = "/* x */\n#include <envres/envres.h>\nint main(void) { return 0; }\n"


def sound_readme(shown):
    return ("# x\n\n```sh\nsh examples/quickstart.sh\nsh tests/run.sh\n```\n\n```text\n%s\n```\n\n"
            "```c\n%s```\n[licence](LICENSE)\n") % (shown, FIRST[FIRST.index("#include"):])


def self_test():
    """The README's own excerpt cannot serve as output; a small sound one is made, and broken."""
    rows = ["libenvres: a dashboard"]
    for number in range(1, 12):
        rows.append("")
        rows.append("%d. Title" % number)
        rows += ["  " + re.sub(r"\\d\+|\\w\+", "7", p).replace(" +", " ").replace(r"\*{6}", "******")
                 .replace(r"\s+", "  ").replace(".*", "x").replace("\\", "") for p in WANTED.get(number, [])]
        if number == 10:
            for head, title in SERVED:
                rows += ["  $ echo /tickets >requests  process 7", "  %s x" % head, "  " + title]
            rows += ["  (done in 7 ms: x)"]
        if number in (4, 9):
            for env in ENVIRONMENTS:
                rows += ["  $ run " + env] + ["  " + mark for mark in OWN[env]]
    sound = "\n".join(rows + ["", "All as promised, in 3 s.", ""])
    shown = "\n".join(rows[:12]) + "\n\n[...]\n\n" + "\n".join(rows[-18:])
    plants = [("output", "sound", sound, None)]
    for number, patterns in WANTED.items():
        for index, pattern in enumerate(patterns):
            at = rows.index("%d. Title" % number) + 1 + index
            plants.append(("output", "without %s" % pattern,
                           sound.replace("\n%s\n" % rows[at], "\n  ?\n"), "no line like"))
    plants += [
        ("output", "another environment's value",
         sound.replace("  $ run staging\n", "  $ run staging\n  seg-prd-9ab7\n", 1), "stands under staging"),
        ("output", "an environment is missing", sound.replace("  $ run production\n", ""),
         "nothing about production"),
        ("output", "another host", sound.replace("process 7", "process 8", 1), "not one host"),
        ("output", "a host that is not asked again", sound.replace("$ echo /tickets >requests", "x", 1),
         "asked 2 times"),
        ("output", "a release that is not served", sound.replace("support 1.3.0,", "support 1.2.0,", 1),
         "the host says"),
        ("output", "a rollback that is not served",
         sound.replace("  Open tickets (Production)\n  (done", "  Closed tickets (Production)\n  (done"),
         "the host says"),
        ("output", "a slow rollback", sound.replace("in 7 ms", "in 3000 ms"), "took [3000] ms"),
        ("output", "colour", sound.replace("libenvres:", "\033[1mlibenvres:"), "control character"),
        ("output", "too long", sound.replace("1. Title\n", "1. Title\n" + "\n" * LINES), "more than"),
        ("output", "too wide", sound.replace("1. Title\n", "1. Title\n" + "x" * 151 + "\n"),
         "151 characters"),
        ("output", "a secret", sound.replace("1. Title\n", "1. Title\nstripe_live_7\n"), "nobody asked"),
        ("output", "no end", sound.replace("All as promised", "Broken"), "the last line"),
        ("readme", "sound", sound_readme(shown), None),
        ("readme", "numbers differ", sound_readme(shown).replace("7 bytes", "81 bytes"), None),
        ("readme", "another line", sound_readme(shown).replace(rows[2], "1. Tidel"), "any more"),
        ("readme", "lines swapped", sound_readme("\n".join(rows[-18:]) + "\n[...]\n" + "\n".join(rows[:12])),
         "any more"),
        ("readme", "no output", sound_readme("libenvres"), "is missing"),
        ("readme", "another program", sound_readme(shown).replace("return 0", "return 1"), "first.c"),
        ("readme", "another first command", sound_readme(shown).replace("sh examples/", "make "), "open with"),
        ("readme", "a dead link", sound_readme(shown).replace("LICENSE", "LICENCE.txt"), "not there"),
    ]
    failed = 0
    for what, name, text, expected in plants:
        findings = list(check_output(text) if what == "output" else check_readme(text, sound, FIRST))
        if findings if expected is None else not any(expected in f for f in findings):
            failed += 1
            print("self-test: %s, %s: wanted %r, got %s" % (what, name, expected, findings))
    print("%d passed, %d failed" % (len(plants) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else main(*sys.argv[1:]))
