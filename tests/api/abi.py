#!/usr/bin/env python3
"""Compares the binary interface of the library with the list that is committed, abi.txt.

usage: abi.py COMPILER libalexnet.so alexnet.h abi.txt [--write]

The list has every function with its parameters, every constant of an enumeration, and the size of
every public struct with the offset and size of its members, on a 64-bit machine. A small C program,
built with COMPILER, makes it from the header. The functions are also compared with the exports of
the library. After an intended change of the interface, --write writes the list again; its
difference is then part of the commit and shows what compiled programs will notice.
Exit status: 0 the list is right, 1 it is not, 77 not a 64-bit machine.
SPDX-License-Identifier: MIT
"""

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True      # write no files beside the sources
from make_calls import Header       # noqa: E402

CALLBACK = re.compile(r"typedef (\w+) \(\*(\w+)\)\(([^;]*)\);")
ENUM = re.compile(r"typedef enum (\w+)\s*\{(.*?)\}", re.S)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def prototypes(header):
    for result, name, parameters in header.functions:
        listed = ", ".join(f"{kind} {what}".replace("* ", "*") for kind, what in parameters)
        yield f"{result} {name}({listed or 'void'})".replace("* ", "*")


def callbacks(text):
    for result, name, parameters in CALLBACK.findall(text):
        yield f"callback {result} {name}({' '.join(parameters.split())})"


def enumerators(compiler, path):
    """(enumeration, its constants) for each enumeration, with macros expanded."""
    for name, body in ENUM.findall(run(compiler, "-E", "-P", str(path))):
        yield name, re.findall(r"(ALEXNET_\w+)", body)


def program(compiler, path, header):
    """A C program that prints the sizes, offsets and constants, which only a compiler knows."""
    lines = [f'#include "{path}"', "#include <stdio.h>", "int main(void)", "{"]

    def show(text, *values):
        arguments = "".join(f", (long long)({value})" for value in values)
        lines.append(f'    printf("{text}\\n"{arguments});')

    for name, constants in enumerators(compiler, path):
        show(f"enum {name}: %lld bytes", f"sizeof({name})")
        for constant in constants:
            show(f"    %lld {constant}", constant)
    for name, members in sorted(header.structs.items()):
        show(f"struct {name}: %lld bytes", f"sizeof({name})")
        for _, member in members:
            show(f"    %lld %lld {member}", f"offsetof({name}, {member})",
                 f"sizeof((({name} *)0)->{member})")
    return "\n".join(lines + ["    return 0;", "}", ""])


def padded(listing):
    """Structs of options that end with padding: a new member there would not change struct_size."""
    structs = re.findall(r"^struct (\w+): (\d+) bytes\n((?:    .*\n)*)", listing, re.M)
    for name, size, members in structs:
        rows = [line.split() for line in members.splitlines()]
        if rows[0][2] == "struct_size" and int(rows[-1][0]) + int(rows[-1][1]) != int(size):
            yield name


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    compiler, library = sys.argv[1:3]
    path, committed = Path(sys.argv[3]).resolve(), Path(sys.argv[4])
    text = path.read_text(encoding="utf-8")
    header = Header(text)
    with tempfile.TemporaryDirectory(prefix="alexnet-abi-") as scratch:
        source, binary = Path(scratch, "abi.c"), str(Path(scratch, "abi"))
        source.write_text(program(compiler, path, header), encoding="utf-8")
        subprocess.run([compiler, "-std=c11", str(source), "-o", binary], check=True)
        layout = run(binary)
    if sys.maxsize < 2 ** 32:
        print("skipped: not a 64-bit machine")
        return 77

    faults = [f"{name} ends with padding: reorder its last members" for name in padded(layout)]
    symbols = run("nm", "-D", "-P", "--defined-only", library).splitlines()
    exported = {line.split()[0] for line in symbols if line.startswith("alexnet_")}
    declared = {name for _, name, _ in header.functions}
    faults += [f"{name}() is declared, but not exported" for name in sorted(declared - exported)]
    faults += [f"{name}() is exported, but not declared" for name in sorted(exported - declared)]

    lines = [*sorted(prototypes(header)), *sorted(callbacks(text))]
    listing = "".join(f"{line}\n" for line in lines) + layout
    if "--write" in sys.argv:
        committed.write_text(listing, encoding="utf-8")
    before = committed.read_text(encoding="utf-8").splitlines()
    difference = list(difflib.unified_diff(before, listing.splitlines(), "committed", "found",
                                           lineterm="", n=2))
    if difference:
        faults.append("the interface has changed. If that is intended (CONTRIBUTING.md), write "
                      f"{committed.name} again:\n"
                      f"    {' '.join(['abi.py', *sys.argv[1:5], '--write'])}")
    print("\n".join(difference + faults) if faults else
          f"{len(declared)} functions, {len(header.structs)} structs: as listed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
