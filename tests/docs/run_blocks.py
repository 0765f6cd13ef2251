#!/usr/bin/env python3
"""Runs the marked shell and C blocks of a document.

usage: run_blocks.py PROGRAM-DIRECTORY DOCUMENT.md COMPILER [FLAG...]

A comment on the line before a block marks it; a reader of the page does not see the comment:

    <!-- run -->             a ```sh block: runs; the first failing command fails the test
    <!-- file NAME -->       any block: becomes the file NAME, for the blocks that follow

A comment on its own line is a command that the reader does not see:

    <!-- check COMMAND -->   fails the test when COMMAND fails; `! COMMAND` when it succeeds

All blocks of a document run in order in one new directory. There, `alexnet` is the built program;
`cc` is COMPILER with the flags (a program that links a sanitized library must be sanitized, too)
and finds the public header and the built library; the variables SOURCE (this project) and
ALEXNET_TEST_DATA name folders. If a ```sh block has lines that begin with `$ `, these are its
commands, and its other lines are output, which is shown to the reader but not compared.
Exit status: 0 all ran, 1 a block failed, 77 no block is marked.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^<!-- (?:(run|file (\S+)) -->\n+```\w*\n(.*?)^```|check ([^\n]+) -->)$",
                   re.MULTILINE | re.DOTALL)


def commands(text):
    """The commands of a block, without prompts and output."""
    lines = text.splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    programs, document = map(os.path.abspath, sys.argv[1:3])
    source = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(document, encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    if not blocks:
        print(f"skipped: no block of {os.path.basename(document)} is marked <!-- run -->")
        return 77

    with tempfile.TemporaryDirectory(prefix="alexnet-docs-") as scratch, \
            tempfile.TemporaryDirectory(prefix="alexnet-cc-") as tools:
        compiler = os.path.join(tools, "cc")
        with open(compiler, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {shlex.join(sys.argv[3:])} "$@"\n')
        os.chmod(compiler, 0o755)
        environment = dict(os.environ, SOURCE=source, LC_ALL="C.UTF-8", NO_COLOR="1",
                           PATH=os.pathsep.join([programs, tools, os.environ["PATH"]]),
                           CPATH=os.path.join(source, "include"),
                           LIBRARY_PATH=programs, LD_LIBRARY_PATH=programs)
        for marker, name, text, check in blocks:
            if name:
                with open(os.path.join(scratch, name), "w", encoding="utf-8") as file:
                    file.write(text)
                continue
            script = commands(text) if marker else check + "\n"
            print(script, end="", flush=True)
            done = subprocess.run(["sh", "-eu", "-c", script], cwd=scratch, env=environment,
                                  stdin=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                print(f"exit status {done.returncode}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
