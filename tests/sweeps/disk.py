#!/usr/bin/env python3
"""Makes each file operation of whole commands fail, and checks how the commands end.

usage: disk.py PROGRAM FILES.so [--every] [--points N] [COMMAND...]

For each command every N-th file operation (with --every: each) fails:

  EIO, ENOSPC   alone, and with all later ones. The command either succeeds with the same results to
                the last byte, or prints one line that names the file and the system's reason, and
                ends with status 74 (65 for one image among many). Files under a final name are
                whole. A training run then continues to the same bits.
  EINTR, short  a signal interrupts it, or it moves half the bytes: the results are the same to the
                last byte.

Prints the number of points. Exit status: 0 no faults, 1 faults.
SPDX-License-Identifier: MIT
"""

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from commands import COMMANDS, Sweep, files_of, run_sweep

SYSTEM, BAD_DATA = 74, 65
REASONS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}
TEMPORARY = re.compile(r"\.tmp(-\d+-\d+)?$")
GROWING = ("log.jsonl", ".part", ".part.json")  # what is written in place, and of what arrives

# These may concern one image among many, or one file of a run, and are reported as such.
OF_ONE_FILE = {"open", "read", "stat", "list", "realpath", "statvfs", "close"}

WAYS = [("EIO", False), ("EIO", True), ("ENOSPC", False), ("ENOSPC", True),
        ("EINTR", False), ("EINTR", True), ("short", False), ("short", True)]


def told(text):
    """The library's report: (number of calls, [(function, path)] that failed)."""
    lines = [line.split("\t") for line in text.splitlines()]
    counts = [int(line[1]) for line in lines if line[0] == "calls"]
    return (counts[-1] if counts else None), [
        tuple(line) for line in lines if line[0] not in ("calls", "bytes")
    ]


class Call:
    """A call that failed."""

    def __init__(self, function, path, work):
        self.function, self.path, self.work = function, Path(path), work

    def __str__(self):
        return f"{self.function} {self.path}"

    def is_named(self, line):
        """By the file's final name, or by its folder's; the work folder needs no name."""
        names = [TEMPORARY.sub("", part) for part in self.path.parts[-2:]]
        return self.path == self.work or any(name and name in line for name in names)

    def is_told(self, line, reason):
        return reason in line and (self.is_named(line) or "cannot write the results" in line)


def is_temporary(name):
    return any(TEMPORARY.search(part) for part in Path(name).parts)


def fault_of_files(before, expected, files, lines, wrong):
    """Files with final names are the old or the new version; other files are gone if removable."""
    for name, content in files.items():
        if is_temporary(name):
            if not any(call.function in ("unlink", "rmdir", "rename") for call in wrong):
                return f"left over: {name}: {lines}"
        elif not name.endswith(GROWING) and content not in (expected.get(name), before.get(name)):
            return f"{name} is neither the old nor the new version: {lines}"
    return None


class DiskSweep(Sweep):
    def try_one(self, command, expected, way, n, after):
        """The fault at this point, or None."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            work = Path(place, "work")
            work.mkdir()
            self.fill(work, command)
            before = files_of(work)
            tell = Path(place, "told")
            status, out, err = self.run_in(work, command, LD_PRELOAD=self.library, AN_FAIL=way,
                                           AN_FAIL_AT=f"{n}{'+' if after else ''}",
                                           AN_TELL=str(tell))
            wrong = [
                Call(*call, work) for call in (told(tell.read_text())[1] if tell.exists() else [])
            ]
            fault = self.judge(
                (before, expected), way, after, (status, out, err, files_of(work)), wrong
            )
            if fault is None and status != 0 and command[0] == "train":
                fault = self.fault_of_recovery(work, command, expected)
            return fault and f"{wrong[0] if wrong else 'no call failed'}: {fault}"

    def judge(self, right, way, after, result, wrong):
        before, expected = right
        status, out, err, files = result
        lines = [line for line in err.splitlines() if line.strip()]
        if status == 0:
            if any(self.left_out(call, lines) for call in wrong):
                return None
            if out != expected[1]:
                return f"status 0 and another output:\n{out}\ninstead of\n{expected[1]}\n{lines}"
            missing = sorted(set(expected[3]) - set(files))
            return (
                f"status 0 without {missing}: {lines}"
                if missing
                else fault_of_files(before, expected[3], files, lines, wrong)
            )
        if way not in REASONS or status < 0:
            return f"status {status}: {lines}"
        statuses = {SYSTEM, BAD_DATA} if wrong and wrong[0].function in OF_ONE_FILE else {SYSTEM}
        if status not in statuses:
            return f"status {status}: {lines}"
        if not any(
            call.is_told(line, REASONS[way]) for call in wrong for line in lines + out.splitlines()
        ):
            return f"status {status}, without the file or the reason: {lines}"
        if not all(line.startswith("alexnet: ") for line in lines):
            return f"lines of another form: {lines}"
        return None if after else fault_of_files(before, expected[3], files, lines, wrong)

    def left_out(self, call, lines):
        """An unreadable image or folder of the data is left out, with a warning that names it."""
        return any(
            call.path.is_relative_to(data) for data in (self.folder / "data", call.work / "drawn")
        ) and any("warning" in line and call.is_named(line) for line in lines)

    def fault_of_recovery(self, work, command, expected):
        """With a working disk the run continues, or starts, and gives the same bits."""
        again = command if not (work / "run/config.json").exists() else ["train", "--resume", "run"]
        if command[1] == "--resume":
            again = command
        status, _, err = self.run_in(work, again)
        if status != 0:
            return f"afterwards {' '.join(again)}: status {status}: {err}"
        for name in ("best.safetensors", "last.safetensors"):
            if files_of(work).get(f"run/{name}") != expected[3].get(f"run/{name}"):
                return f"afterwards {' '.join(again)}: other bits in {name}"
        left = [name for name in files_of(work) if is_temporary(name)]
        return f"afterwards {' '.join(again)}: left over: {left}" if left else None

    def count(self, command, way):
        """The result without failures, and the number of calls that could fail in this way."""
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".told") as tell:
            result = self.run(command, AN_FAIL=way, AN_TELL=tell.name)
            return result, told(Path(tell.name).read_text())[0]

    def sweep(self, name, every, points):
        """Prints the faults of a command; returns (points, faults)."""
        command = COMMANDS[name]
        jobs, total = [], 0
        for way, after in WAYS:
            expected, count = self.count(command, way)
            if expected[0] != 0:
                sys.exit(f"{command}: status {expected[0]} when nothing fails: {expected[2]}")
            total += count
            # Different ones for each way, so that a few points cover many calls.
            step = 1 if every else max(1, count // points)
            first = (
                0 if every else hashlib.sha256(f"{name}{way}{after}".encode()).digest()[0] % step
            )
            jobs += [(expected, way, n, after) for n in range(first, count, step)]
        return self.try_all(
            name, jobs, total, lambda job: self.try_one(command, *job),
            lambda job: f"{job[1]} at call {job[2]}{' and after it' if job[3] else ''}"
        )


if __name__ == "__main__":
    sys.exit(run_sweep(DiskSweep, "disk", __doc__, 3, "per command and way to fail, approximately"))
