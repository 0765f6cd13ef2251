#!/usr/bin/env python3
"""Kills training at random moments, and resumes it, over and over.

usage: at_random.py PROGRAM FILES-LIBRARY [KILLS [SEED]]

A run is started, killed, resumed, killed again ... until a process ends before its kill; then the
next run begins, until there were KILLS kills (1000 by default). A kill comes at a file operation
(files.c), early ones more often, or after some time. Both are drawn at random, as are the number of
threads of each process and the command. Each run must end with the bits of a run that was not
killed, and leave no file that does not belong there.

SEED (printed) repeats the random numbers. Exit status: 0 no faults, 1 faults.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
from sweep import KILLED, SMALL, Failure, Sweep, bits, find_run  # noqa: E402

PROCESSES_MAX = 10000   # of one run; with more, the run makes no progress
OPERATIONS_LOG2 = 9     # kills come before 2 to this; no command has so many operations
FINISHED = "is finished and kept no checkpoint"

COMMANDS = {
    "new": [*SMALL, "--out", "r"],
    "default": SMALL,
    "split": ["../data/train", *SMALL[1:], "--out", "r", "--checkpoint-keep", "0", "--freeze",
              "conv1"],
    "one kept": [*SMALL, "--out", "r", "--checkpoint-keep", "1"],
    "adam": [*SMALL, "--out", "r", "--update", "adam", "--lr", "0.001"],
}


class Killer:
    """Draws the kills, and counts them."""

    def __init__(self, sweep, seed):
        self.sweep, self.dice, self.kills = sweep, random.Random(seed), 0

    def process(self, place, command, seconds):
        """Runs one process, killed or not. Returns its status and output."""
        arguments = [*command, "--threads", str(self.dice.randint(1, 3)), "--workers",
                     str(self.dice.randint(1, 3))]
        if self.dice.random() < 0.5:
            status, said = self.sweep.run(
                place, arguments, AN_KILL_AT=int(2 ** self.dice.uniform(0, OPERATIONS_LOG2)) - 1
            )
        else:
            status, said = self.after(place, arguments, self.dice.uniform(0, seconds))
        self.kills += status == KILLED
        return status, said

    def after(self, place, arguments, seconds):
        """Kills the process from outside after a time, unless it ends before."""
        with tempfile.TemporaryFile("w+") as said:
            process = self.sweep.start(place, arguments, said)
            time.sleep(seconds)
            process.kill()
            status = process.wait()
            said.seek(0)
            return status, said.read()


def resume_of(place, command):
    if find_run(place) is None:
        return command
    return ["--resume", "r"] if "--out" in command else ["--resume"]


def one_run(killer, command, seconds):
    """Runs a command from its beginning to its end. Returns its bits."""
    place = killer.sweep.fresh(None)
    for _ in range(PROCESSES_MAX):
        status, said = killer.process(place, resume_of(place, command), seconds)
        if status == 0 or FINISHED in said:
            return bits(find_run(place))
        if status != KILLED:
            raise Failure(f"status {status}: {said.strip()}")
    raise Failure(f"{PROCESSES_MAX} processes did not end it")


def main():
    if len(sys.argv) not in (3, 4, 5):
        sys.exit(__doc__)
    program, library = map(os.path.abspath, sys.argv[1:3])
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.SystemRandom().randrange(1 << 32)
    faults = runs = 0
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="alexnet-kill-") as scratch:
        sweep = Sweep(program, library, Path(scratch))
        killer = Killer(sweep, seed)
        whole = {}
        for name, command in COMMANDS.items():
            place = sweep.fresh(None)
            start = time.monotonic()
            sweep.run_well(place, command)
            whole[name] = bits(find_run(place)), time.monotonic() - start
        while killer.kills < wanted:
            name = killer.dice.choice(sorted(COMMANDS))
            expected, seconds = whole[name]
            runs += 1
            try:
                if one_run(killer, COMMANDS[name], seconds) != expected:
                    raise Failure("other bits")
            except Failure as failure:
                faults += 1
                print(f"{name}, run {runs}, after {killer.kills} kills: {failure}", flush=True)
    print(f"{killer.kills} kills, {runs} runs, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
