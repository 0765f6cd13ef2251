#!/usr/bin/env python3
"""Fails every allocation of a command once, and checks how the command ends.

usage: memory.py PROGRAM REFUSE.so [--every] [--points N] [COMMAND...]

For each command every N-th allocation of the whole process fails (with --every: each), alone and
with all later ones. The program must either succeed, with the same results to the last byte, or
print one line, "out of memory ...", and end with status 1; the same command must then work again.
Nothing else is accepted: no signal, no wrong or missing result under status 0, no other reason.
Prints the number of points. Exit status: 0 no faults, 1 faults, 77 skipped.
SPDX-License-Identifier: MIT
"""

import re
import sys

from commands import COMMANDS, Sweep, run_sweep

# libgomp prints this before it ends the process: docs/reliability.md describes the remaining cases.
RIGHT_LINE = re.compile(r"^(alexnet: (\w+( \w+)?: )?.*[Oo]ut of memory|libgomp: Out of memory)")


class MemorySweep(Sweep):
    @staticmethod
    def in_the_way(command, line, files):
        """If a new run fails before its first checkpoint, the same command must work again."""
        if command[:2] != ["train", "DATA"] or not line.startswith(
            "alexnet: train: out of memory: "
        ):
            return None
        began = [name for name in files if name == "run/config.json"]
        saved = [
            name
            for name in files
            if name.startswith("run/checkpoints/step-") and ".tmp/" not in name
        ]
        return f"a run in the way: {sorted(files)}" if began and not saved else None

    def fault_of(self, command, expected, n, after):
        """The fault at this point, or None."""
        status, out, err, files = self.run(command, REFUSE_MEMORY=f"{n}{'+' if after else ''}")
        lines = [line for line in err.splitlines() if line.strip()]
        if status == 0:
            if out != expected[1]:
                return f"status 0 and another output:\n{out}\ninstead of\n{expected[1]}"
            return (
                None
                if files == expected[3]
                else f"status 0 and other files: {files} instead of {expected[3]}"
            )
        # Warnings may come before it, about parts of the work that are optional.
        if status == 1 and lines and RIGHT_LINE.match(lines[-1]):
            return self.in_the_way(command, lines[-1], files)
        return f"status {status}: {lines}"

    def count(self, command):
        counts = self.folder / "count"
        result = self.run(command, REFUSE_COUNT=str(counts))
        if result[0] != 0:
            sys.exit(f"{command}: status {result[0]} without any refusal: {result[2]}")
        return result, int(counts.read_text())

    def sweep(self, name, every, points):
        """Prints the faults of a command; returns (points, faults)."""
        command = COMMANDS[name]
        expected, count = self.count(command)
        step = 1 if every else max(1, count // points)
        jobs = [(n, after) for n in range(0, count, step) for after in (False, True)]
        return self.try_all(
            name, jobs, 2 * count, lambda job: self.fault_of(command, expected, *job),
            lambda job: f"allocation {job[0]} of {count} refused"
                        f"{', and all after it' if job[1] else ''}"
        )


if __name__ == "__main__":
    sys.exit(run_sweep(MemorySweep, "memory", __doc__, 12, "per command, approximately"))
