#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mutation testing: does a test fail when a condition of the library is made always true, or always false?

    python3 tests/torture/mutate.py [OPTION...] [FILE...]

    FILE           sources below lib/; a folder stands for all of its .c files; default: all of lib
    --changed REV  instead: the sources that differ from a commit
    --sample N     at most N mutants, of each file its share of them
    --seed S       which ones, and in which order (default 1)
    --seconds N    begin no mutant after N seconds of trying
    --results FILE what was found is kept here, and not tried again: a run can be interrupted and gone on
                   with. A result counts as long as the text of its function is the same
    --again        try what has survived so far once more, since there are new tests
    --tests        only these test programs; default: all of the suites unit and api but the slow ones, and
                   of those want of memory and failing calls in each scenario, and salvage
    --table FILE   write the table of all files here
    --report       try nothing: say what the results are
    --never        try nothing: list those that no test could notice, since none sees the other value
    --keep FOLDER  build in this folder, and leave it there
    --jobs N       so many at once (default 1)
    --least N      what must be killed of all, in percent (default 85)
    -v             each mutant that is killed, too

All mutants are compiled at once: each condition (see conditions.py) is wrapped in a call that the variable
ENVRES_MUTANT turns into true or into false. A first run of each test alone notes which conditions it
reaches, and which values they have there. A test can only notice that a condition is always true if it was
false there once, and the other way round; only those tests are run, fastest first, until one fails, crashes
or takes ten times as long, or waits for ever: the mutant is killed. Slow tests are left out where a faster one could notice. One that no test could notice has survived without a run.

A mutant that behaves like the original is listed, with the reason, in equivalent.txt beside this file:

    FILE | FUNCTION | CONDITION | true or false | reason

" #2" behind a condition means the second of that text in its function. Lines that name no condition any
more are one failure.

Prints what survived and a line for each file. The last line says `N passed, N failed`: each of WHOLE, of
which all must be killed or listed, is one; all other files together are one, with --least.
"""
import argparse
import concurrent.futures
import glob
import hashlib
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
import conditions    # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EQUIVALENT = os.path.join(HERE, "equivalent.txt")
WHOLE = ("lib/guard/policy.c", "lib/guard/seal.c", "lib/lang/parser.c", "lib/lang/template.c",
         "lib/model/machine.c")
HANDS_ON = ("st < 0", "st == ENVRES_OK")
RUNTIME_IN = "lib/base/version.c"
OOM = "out of memory, quarter 0"
DBFAIL = "failing calls of the database"
SALVAGE = "salvage of damaged files"
BY_ARGUMENTS = (OOM, DBFAIL, SALVAGE)    # their tests are told apart by arguments
LONGEST, SLICES = "salvage store", 16    # the scenario with most calls, and how many tests are made of it
FEWEST_SECONDS = 2
ALONE = 4           # so many tests are tried one by one before those of a program go together
SLOW_SECONDS = 1    # what takes longer is run only where nothing faster could notice
MOST_SECONDS = 8    # of tests for one mutant, and of each of them
WAIT_SECONDS = 10   # until a test of which all processes sleep is taken to hang
LARGEST_FILE = 1 << 30


class Mutant:
    """One condition of one file, and the value it is made."""

    def __init__(self, path, point, number, value):
        self.path, self.point, self.number, self.value = path, point, number, value
        self.word = "true" if value else "false"
        self.key = (path, point.function, point.version, point.text, point.nth, self.word)
        self.names = [(path, point.function, text, self.word)
                      for text in (point.text, "%s #%d" % (point.text, point.nth + 1))]

    def __str__(self):
        return "%s:%d: %s: %s always %s" % (self.path, self.point.line, self.point.function,
                                            self.point.text, self.word)


class Test:
    """One test of a program ("": all of them)."""

    def __init__(self, program, name, seconds, seen):
        self.program, self.name, self.seconds, self.seen = program, name, seconds, seen


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def must(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(done.stdout.decode(errors="replace")[-4000:] + "\nmutate.py: failed: " + " ".join(command))
    return done.stdout.decode(errors="replace")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def sleeps(group):
    """What all processes of a group have used of the processor if each of them sleeps; else None."""
    used = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = read(path).rpartition(")")[2].split()
        except OSError:
            continue    # it has just ended
        if int(fields[2]) != group:
            continue
        if fields[0] not in "SZ":
            return None
        used += int(fields[11]) + int(fields[12])
    return used


def ended(process):
    """Whether it ends well. What runs for too long is ended by its limit; what waits for ever is found here."""
    used, since = None, time.monotonic()
    while True:
        try:
            return process.wait(timeout=2) == 0
        except subprocess.TimeoutExpired:
            now = sleeps(process.pid)
        if now is None or now != used:
            used, since = now, time.monotonic()
        elif time.monotonic() - since > WAIT_SECONDS:
            return False


class Tree:
    """A copy of the project, built with the conditions of some sources wrapped."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.source, self.build = os.path.join(folder, "tree"), os.path.join(folder, "build")
        self.pick = os.path.join(folder, "pick.so")

    def put(self, name, text):
        """Writes a file unless it is the same, so that nothing is built again in vain."""
        target = os.path.join(self.source, name)
        if os.path.exists(target) and open(target, "rb").read() == text:
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(text)

    def make(self, texts, mutants_of):
        """Copies and builds; `mutants_of` gives the conditions of each wrapped source."""
        wrapped, firsts, self.points = {}, {}, 0
        for path in sorted(texts):
            wrapped[path] = conditions.wrapped(path, texts[path], mutants_of[path])
            firsts[path] = self.points
            self.points += len(mutants_of[path])
        wrapped[RUNTIME_IN] = wrapped.get(RUNTIME_IN, read(os.path.join(ROOT, RUNTIME_IN))) + conditions.runtime(firsts, self.points)
        names = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.split("\n")
        for name in filter(None, names):
            if name in wrapped:
                self.put(name, wrapped[name].encode())
            elif os.path.isfile(os.path.join(ROOT, name)):
                with open(os.path.join(ROOT, name), "rb") as file:
                    self.put(name, file.read())
                shutil.copymode(os.path.join(ROOT, name), os.path.join(self.source, name))
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            must(["meson", "setup", self.build, self.source, "-Dbuildtype=debugoptimized", "-Dcli=false"])
        self.find_programs()
        targets = [os.path.relpath(test["cmd"][0], self.build) for test in self.programs.values()]
        must(["ninja", "-C", self.build, "-j2"] + (targets if self.options.tests else []))
        must(["cc", "-shared", "-fPIC", "-o", self.pick, os.path.join(HERE, "pick.c"), "-ldl", "-lcmocka"])

    def find_programs(self):
        listed = json.loads(must(["meson", "introspect", self.build, "--tests"]))
        self.programs = {}
        for test in listed:
            suites = {suite.split(":")[-1] for suite in test["suite"]}
            if self.options.tests and test["name"] not in self.options.tests.split(","):
                continue
            if suites & {"unit", "api"} and not suites & {"slow", "torture"}:
                self.programs[test["name"]] = test
            if test["name"] in BY_ARGUMENTS:
                self.programs[test["name"]] = test

    def run(self, name, tests, seconds, **variables):
        """Whether tests of a program pass. Time is that of the processor, so that a busy machine does not
        count, but for a test that waits."""
        test = self.programs[name]
        env = dict(os.environ, **test["env"], **variables)
        command = list(test["cmd"])
        if name in BY_ARGUMENTS:
            command = command[:1] + tests[0].split()
        else:
            env["LD_PRELOAD"] = self.pick
            if tests != [""]:
                env["ENVRES_PICK"] = "\n" + "\n".join(tests) + "\n"
        most = int(FEWEST_SECONDS + 10 * seconds)

        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))

        process = subprocess.Popen(command, env=env, cwd=test.get("workdir") or self.build,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=limit)
        try:
            return ended(process)
        finally:
            # Children that a test has left behind, too.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def names_of(self, name):
        """The tests of a program, by name."""
        if name in (OOM, DBFAIL):
            # One scenario each.
            rows = re.findall(r'^    \{ "([^"]+)"', read(os.path.join(self.source, "tests", "scenarios", "registry.c")), re.M)
            first = "--bare --places" if name == OOM else "--bare"
            found = ["%s --shard %d %d" % (first, i, len(rows)) for i, row in enumerate(rows)
                     if name == OOM or row != LONGEST]
            return found + ["%s --shard %d %d --slice %d %d" % (first, rows.index(LONGEST), len(rows), i, SLICES)
                            for i in range(SLICES) if name == DBFAIL]
        if name == SALVAGE:
            return ["--trials 3 --step 64", "--trials 10 --step 16"]
        path = os.path.join(self.folder, "names")
        if os.path.exists(path):
            os.remove(path)
        self.run(name, [""], 60, ENVRES_PICK_LIST=path)
        names = read(path).split("\n")[:-1] if os.path.exists(path) else []
        return names if len(names) > 1 and len(set(names)) == len(names) else [""]

    def note(self, name, test):
        """Runs a test alone and notes what it reaches; None if it fails."""
        path = os.path.join(self.folder, "seen")
        with open(path, "wb") as file:
            file.write(bytes(self.points + 1))
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        limit = MOST_SECONDS / 10 if name in (OOM, DBFAIL) else 600
        good = self.run(name, [test], limit, ENVRES_MUTANT_SEEN=path)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(path, "rb") as file:
            seen = file.read()
        seconds = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        return Test(name, test, seconds, seen) if good else None

    def reached(self):
        """All tests, fastest first; what a program reaches is kept as long as it is the same program."""
        folder, found = os.path.join(self.folder, "reach"), []
        os.makedirs(folder, exist_ok=True)
        library = "".join(digest(path) for path in glob.glob(os.path.join(self.build, "lib", "*.so.*"))
                          if os.path.isfile(path))
        for name in sorted(self.programs):
            mark = hashlib.sha256((library + digest(self.programs[name]["cmd"][0])).encode()).hexdigest()
            path = os.path.join(folder, re.sub(r"\W", "_", name) + ".json")
            kept = json.loads(read(path)) if os.path.exists(path) else {}
            if kept.get("mark") != mark:
                tests = [self.note(name, test) for test in self.names_of(name)]
                if name in (OOM, DBFAIL):
                    tests = list(filter(None, tests))    # others would take too long
                elif None in tests:
                    tests = [self.note(name, "")]
                if None in tests:
                    sys.exit("mutate.py: %s fails without a mutant" % name)
                kept = {"mark": mark, "tests": [[test.name, test.seconds, test.seen.hex()] for test in tests]}
                with open(path, "w", encoding="ascii") as file:
                    json.dump(kept, file)
            found += [Test(name, test, seconds, bytes.fromhex(seen)) for test, seconds, seen in kept["tests"]]
        return sorted(found, key=lambda test: test.seconds)


def equivalents():
    found = {}
    if os.path.exists(EQUIVALENT):
        for line in read(EQUIVALENT).split("\n"):
            if line.strip() and not line.startswith("#"):
                # A condition may hold ||, but not between blanks and alone.
                path, function, rest = re.split(r" \| ", line.strip(), maxsplit=2)
                condition, value, reason = rest.rsplit(" | ", 2)
                found[(path, function, condition, value)] = reason
    return found


def could_notice(mutant, tests):
    """Those in which the condition has the other value once; slow ones only where there are no others, and
    not more of each kind than there is time for: errors that are handed on are noticed by failing calls and
    by want of memory alone, and so these have a share of their own."""
    other = conditions.FALSE if mutant.value else conditions.TRUE
    found = [test for test in tests if test.seen[mutant.number] & other and test.seconds <= MOST_SECONDS]
    chosen = []
    for kind, share in ((DBFAIL, MOST_SECONDS / 2), (OOM, MOST_SECONDS / 2), (None, MOST_SECONDS)):
        ours = [test for test in found if test.program == kind or (not kind and test.program not in (DBFAIL, OOM))]
        if not kind:
            ours = [test for test in ours if test.seconds <= SLOW_SECONDS] or ours
        least = 1 if kind else ALONE
        while len(ours) > least and sum(test.seconds for test in ours) > share:
            ours.pop()
        chosen += ours
    return sorted(chosen, key=lambda test: test.seconds)


def mark_listed(mutants):
    """Which mutants are listed; gives the lines that name none."""
    known, met = equivalents(), set()
    for mutant in mutants:
        met |= known.keys() & set(mutant.names)
        mutant.is_listed = not known.keys().isdisjoint(mutant.names)
    return sorted(known.keys() - met)


def killer(tree, tests, mutant):
    """What notices a mutant; None. Tests of the file's own program come sooner than others as fast, and
    failing calls where an error is handed on."""
    which = str(2 * mutant.number + (not mutant.value))
    stem = os.path.splitext(os.path.basename(mutant.path))[0]
    hands_on = mutant.point.text in HANDS_ON
    chosen = sorted(could_notice(mutant, tests), key=lambda test: test.seconds * (
        0.2 if stem in test.program or (hands_on and test.program == DBFAIL) else 1))
    for test in chosen[:ALONE]:
        if not tree.run(test.program, [test.name], test.seconds, ENVRES_MUTANT=which):
            return ("%s %s" % (test.program, test.name)).strip()
    groups = {}
    for test in chosen[ALONE:]:
        groups.setdefault(test.program + " " + test.name if test.program in BY_ARGUMENTS else test.program, []).append(test)
    for group in sorted(groups.values(), key=lambda group: sum(test.seconds for test in group)):
        if not tree.run(group[0].program, [test.name for test in group], sum(test.seconds for test in group),
                        ENVRES_MUTANT=which):
            return group[0].program
    return None


class Results:
    """What was found about mutants, one line of JSON each."""

    def __init__(self, path):
        self.path, self.found, self.lock = path, {}, threading.Lock()
        if path and os.path.exists(path):
            for line in read(path).split("\n"):
                if line.strip():
                    *key, by = json.loads(line)
                    self.found[tuple(key)] = by

    def add(self, mutant, by):
        with self.lock:
            self.found[mutant.key] = by
            if self.path:
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(json.dumps(list(mutant.key) + [by]) + "\n")


def changed_since(revision):
    names = subprocess.run(["git", "-C", ROOT, "diff", "--name-only", revision, "--", "lib"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split("\n")
    return [name for name in names if name.endswith(".c") and os.path.exists(os.path.join(ROOT, name))]


def sources(options):
    if options.changed:
        return sorted(changed_since(options.changed))
    found = set()
    for name in options.files or [os.path.join(ROOT, "lib")]:
        whole = os.path.abspath(name)
        inside = glob.glob(os.path.join(whole, "**", "*.c"), recursive=True) if os.path.isdir(whole) else [whole]
        found |= {os.path.relpath(path, ROOT) for path in inside}
    return sorted(found)


def drawn(mutants, options):
    """The mutants to try, in the order in which they are tried: whenever a run is interrupted, what it has
    tried is a fair sample."""
    chance = random.Random(options.seed)
    chosen = list(mutants)
    if options.sample and options.sample < len(mutants):
        files = {}
        for mutant in mutants:
            files.setdefault(mutant.path, []).append(mutant)
        chosen = []
        for path in sorted(files):
            share = max(1, round(options.sample * len(files[path]) / len(mutants)))
            chosen += chance.sample(files[path], share)
    chance.shuffle(chosen)
    return chosen


def list_never(tests, mutants):
    """Those that survive without a run, and how many they are of each room."""
    rooms = {}
    for mutant in mutants:
        seen = 0
        for test in tests:
            seen |= test.seen[mutant.number] if test.seconds <= MOST_SECONDS else 0
        row = rooms.setdefault(os.path.dirname(mutant.path), [0, 0])
        row[0] += 1
        if not mutant.is_listed and not seen & (conditions.FALSE if mutant.value else conditions.TRUE):
            row[1] += 1
            print("%s%s" % (mutant, "" if seen else " (no test reaches it)"))
    for room, (count, never) in sorted(rooms.items()):
        print("%s/: no test could notice %d of %d" % (room, never, count))


def try_all(tree, mutants, results, options):
    """Tries each mutant that has no result yet."""
    waiting = [mutant for mutant in mutants if not mutant.is_listed and
               (mutant.key not in results.found or (options.again and not results.found[mutant.key]))]
    if not waiting:
        return
    tests = tree.reached()
    began, last = time.monotonic(), [time.monotonic(), 0]

    def one(mutant):
        if options.seconds and time.monotonic() - began > options.seconds:
            return
        by = killer(tree, tests, mutant)
        results.add(mutant, by)
        if by and options.verbose:
            print("killed    %s (%s)" % (mutant, by), flush=True)
        if not by:
            seen = 0
            for test in tests:
                seen |= test.seen[mutant.number]
            why = " (no test reaches it)" if not seen else \
                "" if could_notice(mutant, tests) else " (always %s in the tests)" % mutant.word
            print("survived  %s%s" % (mutant, why), flush=True)
        last[1] += 1
        if time.monotonic() - last[0] > 60:
            last[0] = time.monotonic()
            print("# %d of %d tried" % (last[1], len(waiting)), file=sys.stderr, flush=True)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, waiting))


def interval(killed, tried):
    """The 95 percent interval of a share, after Wilson."""
    if not tried:
        return 0.0, 100.0
    z, share = 1.96, killed / tried
    middle = share + z * z / (2 * tried)
    wide = z * math.sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried))
    return tuple(100 * (middle + sign * wide) / (1 + z * z / tried) for sign in (-1, 1))


def line_of(name, mutants, results):
    """One row of the table, and (tried, killed). Files of which all mutants were tried count as they are; of
    the others together those that were tried are a sample."""
    files = {}
    for mutant in mutants:
        if not mutant.is_listed:
            files.setdefault(mutant.path, []).append(results.found.get(mutant.key, False))
    whole = [by for verdicts in files.values() if False not in verdicts for by in verdicts]
    others = [by for verdicts in files.values() if False in verdicts for by in verdicts]
    sample = [by for by in others if by is not False]
    killed = sum(map(bool, whole)) + sum(map(bool, sample))
    tried, counted = len(whole) + len(sample), len(whole) + len(others)

    def together(share):
        return (100 * sum(map(bool, whole)) + share * len(others)) / counted if counted else 100

    score, between = "      -", ""
    if tried:
        score = "%5.1f %%" % together(100 * sum(map(bool, sample)) / len(sample) if sample else 0)
    if others:
        low, high = interval(sum(map(bool, sample)), len(sample))
        between = "  %5.1f to %5.1f" % (together(low), together(high))
    return "%-32s %7d %7d %7d %10d %s%s" % (name, len(mutants), tried, killed, len(mutants) - counted, score,
                                           between), tried, killed


def report(mutants, results, options):
    """The table; whether what must be killed is killed."""
    files, rows, verdicts = {}, [], []
    for mutant in mutants:
        files.setdefault(mutant.path, []).append(mutant)
    head = "%-32s %7s %7s %7s %10s %7s" % ("file", "mutants", "tried", "killed", "equivalent", "score")
    for path in sorted(files):
        row, tried, killed = line_of(path, files[path], results)
        rows.append(row)
        if path in WHOLE and tried:
            verdicts.append(killed == tried)
    for room in sorted({os.path.dirname(path) for path in files}):
        rows.append(line_of(room + "/", [m for m in mutants if os.path.dirname(m.path) == room], results)[0])
    row, tried, killed = line_of("all", mutants, results)
    rows.append(row)
    if set(files) - set(WHOLE) and tried:
        verdicts.append(killed >= tried * options.least / 100)
    print("\n".join([head] + rows))
    if options.table:
        with open(options.table, "w", encoding="utf-8") as file:
            file.write("\n".join([
                "# Mutants of each file, and how many of those that were tried a test has noticed; with the 95 percent",
                "# interval where not all were tried. Written by mutate.py --table; see docs/reliability.md.",
                head] + rows) + "\n")
    return verdicts


def main():
    parser = argparse.ArgumentParser(description="Mutation testing of sources below lib/.")
    parser.add_argument("files", nargs="*")
    for name in ("changed", "results", "tests", "table", "keep"):
        parser.add_argument("--" + name, default="")
    for name, value in (("sample", 0), ("seed", 1), ("seconds", 0), ("jobs", 1), ("least", 85)):
        parser.add_argument("--" + name, type=int, default=value)
    for name in ("again", "report", "never"):
        parser.add_argument("--" + name, action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    paths = sources(options)
    texts = {path: read(os.path.join(ROOT, path)) for path in paths}
    points = {path: conditions.points(texts[path]) for path in paths}
    mutants, number = [], 0
    for path in paths:
        for point in points[path]:
            mutants += [Mutant(path, point, number, value) for value in point.values()]
            number += 1
    stale = [line for line in mark_listed(mutants) if line[0] in paths]
    results = Results(options.results)
    folder = options.keep or tempfile.mkdtemp(prefix="envres-mutate-")
    try:
        if mutants and not options.report:
            tree = Tree(os.path.abspath(folder), options)
            tree.make(texts, points)
            if options.never:
                list_never(tree.reached(), mutants)
            else:
                try_all(tree, drawn(mutants, options), results, options)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    if options.never:
        sys.exit(0)
    verdicts = report(mutants, results, options)
    for line in stale:
        print("equivalent.txt: no longer there: " + " | ".join(line))
    verdicts += [False] * bool(stale)
    print("%d passed, %d failed" % (sum(verdicts), len(verdicts) - sum(verdicts)))
    sys.exit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
