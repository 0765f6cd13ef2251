#!/usr/bin/env python3
"""Checks that the tests that a document names exist.

usage: check_tests.py DOCUMENT...

`DIRECTORY/STEM: case` is a function of tests/DIRECTORY/STEM_test.c; `fuzz/NAME` is a fuzz target
and `cli/NAME` a transcript. Prints one line for each name that does not exist. Exit status: 0 all
exist; 1 some do not, or a document names no test.
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
