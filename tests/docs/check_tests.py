#!/usr/bin/env python3
"""Holds a document that names tests to the tests that there are.

usage: check_tests.py DOCUMENT...

`DIRECTORY/STEM: case` is a function of tests/DIRECTORY/STEM_test.c, `fuzz/NAME` and `cli/NAME` are a fuzz target and a
transcript. Prints a line per name that is nowhere; exit status 1 then, or when a document names none.
SPDX-License-Identifier: MIT
"""

import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
CASE = re.compile(r"`([a-z]+(?:/[a-z0-9]+)*)/(\w+): (\w+)`")
WHOLE = re.compile(r"`(fuzz|cli)/(\w+)`")


def missing_case(directory, stem, case):
    path = TESTS / directory / f"{stem}_test.c"
    if not path.exists():
        return f"there is no tests/{directory}/{stem}_test.c"
    if not re.search(rf"\bvoid {case}\(", path.read_text(encoding="utf-8")):
        return f"tests/{directory}/{stem}_test.c has no {case}()"
    return None


def missing_whole(kind, name):
    path = TESTS / kind / (f"fuzz_{name}.c" if kind == "fuzz" else f"{name}.test")
    return None if path.exists() else f"there is no tests/{path.relative_to(TESTS)}"


def main(documents):
    failed = False
    for document in documents:
        text = Path(document).read_text(encoding="utf-8")
        found = [missing_case(*match) for match in CASE.findall(text)]
        found += [missing_whole(*match) for match in WHOLE.findall(text)]
        faults = [fault for fault in found if fault is not None]
        if not found:
            faults = ["it names no test"]
        for fault in faults:
            print(f"{document}: {fault}")
        failed = failed or bool(faults)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
