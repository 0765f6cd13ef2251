#!/usr/bin/env python3
"""Runs the commands of a transcript and compares their output and exit statuses.

usage: run.py PROGRAM-DIRECTORY TRANSCRIPT.test

A transcript reads like a terminal:

    # A comment, before the first command or after a blank line.
    ! needs data                  skip unless ALEXNET_TEST_DATA names a folder (or: ! needs PROGRAM)
    ! slow                        for ctest: label slow
    $ alexnet predict none.safetensors cat.jpg
    > --topk 3                    a command may have several lines
    2> alexnet: none.safetensors: [..]
    ? 66

A command is followed by its lines on stdout, then those on stderr after `2> `, then its exit status
after `? ` (0 if none is given). Both streams must match. A line `...` matches any number of lines,
`2> ...` does so for stderr, and `[..]` matches any text within a line. A leading backslash is
removed; with it, a line that begins with one of `$ > ? ! # \\` is plain output. Blank lines at the
end do not count.

Each transcript runs in a new empty directory. Variables: TESTS (this project's tests/) and
ALEXNET_TEST_DATA. Exit status: 0 all matched, 1 a difference, 77 skipped.
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SECONDS_PER_COMMAND_MAX = 3600


class Step:
    """One command and its expected output and exit status."""

    def __init__(self, line_number, command):
        self.line_number = line_number
        self.command = command
        self.stdout = []
        self.stderr = []
        self.status = 0


def parse(path):
    """Returns (needs, steps)."""
    needs, steps = [], []
    previous = ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            step = steps[-1] if steps else None
            if line.startswith("#") and (step is None or previous.strip() == ""
                                         or previous.startswith("#")):
                pass
            elif line.startswith("! "):
                words = line.split()
                if words[1] == "needs":
                    needs += words[2:]
                elif words[1] != "slow":
                    sys.exit(f"{path}:{number}: unknown directive: {line}")
            elif line.startswith("$ "):
                steps.append(Step(number, line[2:]))
            elif step is None:
                if line.strip():
                    sys.exit(f"{path}:{number}: output before the first command: {line}")
            elif line.startswith("> ") and previous.startswith(("$ ", "> ")):
                step.command += "\n" + line[2:]
            elif line.startswith("? "):
                step.status = int(line[2:])
            elif line == "2>" or line.startswith("2> "):
                step.stderr.append(line[3:])
            else:
                step.stdout.append(line[1:] if line.startswith("\\") else line)
            previous = line
    if not steps:
        sys.exit(f"{path}: no commands")
    return needs, steps


def without_blank_end(lines):
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def matches(expected, actual):
    """True if the actual lines match the expected lines with their wildcards."""
    pattern = ""
    for line in expected:
        if line == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in line.split("[..]")) + "\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def compare(step, stream, expected, actual):
    """Returns whether the lines match; prints the difference if not."""
    expected, actual = without_blank_end(expected), without_blank_end(actual)
    if matches(expected, actual):
        return True
    print(f"line {step.line_number}: $ {step.command}\n{stream} differs:")
    print("\n".join(difflib.unified_diff(expected, actual, "expected", "actual", lineterm="")))
    return False


def run(step, environment):
    """Runs one step in the current directory; returns whether it matched."""
    done = subprocess.run(["sh", "-c", step.command], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace",
                          timeout=SECONDS_PER_COMMAND_MAX, check=False)
    well = compare(step, "stdout", step.stdout, done.stdout.splitlines())
    well = compare(step, "stderr", step.stderr, done.stderr.splitlines()) and well
    if done.returncode != step.status:
        print(f"line {step.line_number}: $ {step.command}\n"
              f"exit status {done.returncode}, expected {step.status}")
        well = False
    return well


def missing(need):
    """Returns the reason why the transcript cannot run here, or None."""
    if need == "data":
        folder = os.environ.get("ALEXNET_TEST_DATA", "")
        return None if os.path.isdir(folder) else "ALEXNET_TEST_DATA does not name a folder"
    return None if shutil.which(need) else f"there is no program '{need}'"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    programs, transcript = map(os.path.abspath, sys.argv[1:])
    needs, steps = parse(transcript)
    for need in needs:
        reason = missing(need)
        if reason:
            print(f"skipped: {reason}")
            return SKIPPED

    environment = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1",
                       PATH=programs + os.pathsep + os.environ["PATH"],
                       TESTS=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    well = True
    with tempfile.TemporaryDirectory(prefix="alexnet-cli-") as scratch:
        os.chdir(scratch)
        environment["HOME"] = scratch
        for step in steps:
            well = run(step, environment) and well
        os.chdir("/")
    print(f"{len(steps)} commands, {'all as expected' if well else 'with differences'}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
