#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The conditions of a C source, and the source with each of them wrapped: what mutate.py is made of.

A condition is that of an if, while, for or return, and each operand of && and || in it. It is found in the
text, without a compiler, which is enough for sources laid out by clang-format.
"""
import hashlib
import re

# Goes before the first line of a wrapped source. A condition notes which values it had: 1 true, 2 false.
# Conditions are numbered in their file; where the file's numbers begin is known when all is linked, so that
# a change of one file does not build the others again.
PROLOGUE = r"""
extern unsigned char *envres_mutant_seen;
extern int envres_mutant_which;
extern const int envres_mutant_first_%(name)s;
static inline int mutant_at(int number, int value)
{
    int point = envres_mutant_first_%(name)s + number;
    envres_mutant_seen[point] |= value ? 1 : 2;
    return envres_mutant_which == 2 * point ? 1 : envres_mutant_which == 2 * point + 1 ? 0 : value;
}
#line 1 "%(path)s"
"""

# Goes behind one source of the library.
RUNTIME = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
static unsigned char mutant_blank[%(points)d + 1];
extern unsigned char *envres_mutant_seen;
extern int envres_mutant_which;
unsigned char *envres_mutant_seen = mutant_blank;
int envres_mutant_which = -1;
%(firsts)s
__attribute__((constructor)) static void mutant_begin(void)
{
    const char *path = getenv("ENVRES_MUTANT_SEEN");
    const char *which = getenv("ENVRES_MUTANT");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map = fd < 0 ? MAP_FAILED : mmap(0, sizeof(mutant_blank), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (map != MAP_FAILED)
        envres_mutant_seen = map;
    if (which)
        envres_mutant_which = atoi(which);
}
"""
TRUE, FALSE = 1, 2


class Point:
    """One condition: where it stands, whether it is that of a loop, and the operator it is made of."""

    def __init__(self, span, loop, operator, text, line, function):
        self.start, self.end = span
        self.loop, self.operator = loop, operator
        self.text, self.line = text, line
        self.function, self.version = function
        self.nth = 0    # among those of its function with the same text

    def values(self):
        """What it can be made. A loop without end says nothing; that all of `a && b` is false is the mutant
        in which a is, and likewise with ||."""
        return [value for value in (True, False)
                if not (value and self.loop) and (self.operator, value) not in (("&&", False), ("||", True))]


def blanked(text):
    """The source with comments and directives blanked, strings and characters filled, of the same length."""
    def blank(match):
        filler = "_" if match.group()[0] in "\"'" else " "
        return re.sub(r"[^\n]", filler, match.group())
    token = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#(?:\\\n|[^\n])*'
    return re.sub(token, blank, text, flags=re.S | re.M)


def closing(code, at):
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for index in range(at, len(code)):
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0:
            return index
    raise ValueError("a bracket is not closed")


def split(code, start, end, operator):
    """The operands of an operator outside of brackets."""
    parts, depth, at = [], 0, start
    index = start
    while index < end:
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0 and code.startswith(operator, index):
            parts.append((at, index))
            index += len(operator)
            at = index
            continue
        index += 1
    return parts + [(at, end)]


def trimmed(code, start, end):
    while start < end and code[start].isspace():
        start += 1
    while end > start and code[end - 1].isspace():
        end -= 1
    return start, end


def operands(code, start, end):
    """The condition and what it is made of by && and ||, as (span, operator); outermost first."""
    start, end = trimmed(code, start, end)
    if start >= end:
        return []
    if len(split(code, start, end, "?")) > 1:
        return [((start, end), "")]
    for operator in ("||", "&&"):
        parts = split(code, start, end, operator)
        if len(parts) > 1:
            return [((start, end), operator)] + [one for part in parts for one in operands(code, *part)]
    if code[start] == "(" and closing(code, start) == end - 1:
        return operands(code, start + 1, end - 1)
    return [((start, end), "")]


def compares(code, start, end):
    """Does a returned expression decide something?"""
    if len(split(code, start, end, "?")) > 1 or "{" in code[start:end]:
        return False
    if any(len(split(code, start, end, operator)) > 1 for operator in ("&&", "||", "==", "!=", "<=", ">=")):
        return True
    flat = re.sub(r"->|<<|>>", "  ", code[start:end])
    return any(len(split(flat, 0, len(flat), operator)) > 1 for operator in "<>")


def functions(code, text):
    """Where each function begins, its name, and a digest of its text: the name begins a line."""
    begins = list(re.finditer(r"^([a-z]\w*)\(", code, re.M))
    ends = [match.start() for match in begins[1:]] + [len(code)]
    return [(match.start(), match.group(1),
             hashlib.sha256(" ".join(text[match.start():end].split()).encode()).hexdigest()[:12])
            for match, end in zip(begins, ends)]


def function_at(begins, at):
    """The function around an offset: the last that begins before it."""
    around = [(name, version) for start, name, version in begins if start < at]
    return around[-1] if around else ("?", "")


def points(text):
    """All conditions of a source, outer before inner."""
    code, spans = blanked(text), {}
    for match in re.finditer(r"\b(if|while|for)\s*\(", code):
        opens = match.end() - 1
        start, end = opens + 1, closing(code, opens)
        loop = match.group(1) != "if"
        if match.group(1) == "for":
            clauses = split(code, start, end, ";")
            if len(clauses) != 3:
                continue
            start, end = clauses[1]
        for span, operator in operands(code, start, end):
            spans[span] = (loop, operator)
    for match in re.finditer(r"\breturn\b([^;]*);", code):
        start, end = trimmed(code, match.start(1), match.end(1))
        if compares(code, start, end):
            for span, operator in operands(code, start, end):
                spans[span] = (False, operator)
    found, begins, met = [], functions(code, text), {}
    for (start, end), (loop, operator) in sorted(spans.items(),
                                                 key=lambda item: (item[0][0], -item[0][1])):
        words = " ".join(text[start:end].split())
        found.append(Point((start, end), loop, operator, words, code.count("\n", 0, start) + 1,
                           function_at(begins, start)))
        found[-1].nth = met.setdefault((found[-1].function, words), 0)
        met[(found[-1].function, words)] += 1
    return found


def plain_name(path):
    return re.sub(r"\W", "_", path)


def runtime(firsts, points):
    """What is linked once: `firsts` says where the numbers of each file begin."""
    rows = ["extern const int envres_mutant_first_%s; const int envres_mutant_first_%s = %d;" %
            (plain_name(path), plain_name(path), first) for path, first in sorted(firsts.items())]
    return RUNTIME % {"points": points, "firsts": "\n".join(rows)}


def wrapped(path, text, found):
    """The source with every condition wrapped."""
    marks = []
    for number, point in enumerate(found):
        width = point.end - point.start
        marks.append((point.start, 1, -width, "mutant_at(%d, !!(" % number))
        marks.append((point.end, 0, width, "))"))
    out, at = [], 0
    for offset, _, _, mark in sorted(marks, key=lambda mark: mark[:3]):
        out += [text[at:offset], mark]
        at = offset
    return PROLOGUE % {"name": plain_name(path), "path": path} + "".join(out) + text[at:]
