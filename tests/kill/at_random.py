#!/usr/bin/env python3
"""Kills training at random, and resumes it, over and over.

usage: at_random.py PROGRAM FILES-LIBRARY [KILLS [SEED]]

A run is started, killed, resumed, killed again ... until a sitting is quicker than its killer; then the next run begins,
until there were KILLS kills (1000 by default). A kill comes at an operation on files (files.c), early ones more often, or
after so many microseconds, wherever that is. Both are drawn, as the number of threads of each sitting is, and which of the
commands is run. Each run must end with the bits of one that nobody killed, and leave no file that does not belong there.

SEED (printed) repeats what is drawn. Exit status: 0 all is well, 1 not.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
from sweep import KILLED, SMALL, Failure, Sweep, bits, find_run  # noqa: E402

SITTINGS_MAX = 10000    # of one run: more is a run that does not get on
OPERATIONS_LOG2 = 9     # where a sitting may be killed; no command has as many operations as 2 to that
FINISHED = "is finished and kept no checkpoint"

COMMANDS = {
    "new": [*SMALL, "--out", "r"],
    "default": SMALL,
    "split": ["../data/train", *SMALL[1:], "--out", "r", "--checkpoint-keep", "0", "--freeze", "conv1"],
    "one kept": [*SMALL, "--out", "r", "--checkpoint-keep", "1"],
    "adam": [*SMALL, "--out", "r", "--update", "adam", "--lr", "0.001"],
}


class Killer:
    """Draws the deaths of sittings, and counts them."""

    def __init__(self, sweep, seed):
        self.sweep, self.dice, self.kills = sweep, random.Random(seed), 0

    def sitting(self, place, command, seconds):
        """One sitting, killed or not. Gives its status and what it said."""
        arguments = [*command, "--threads", str(self.dice.randint(1, 3)), "--workers", str(self.dice.randint(1, 3))]
        if self.dice.random() < 0.5:
            status, said = self.sweep.run(place, arguments, AN_KILL_AT=int(2 ** self.dice.uniform(0, OPERATIONS_LOG2)) - 1)
        else:
            status, said = self.after(place, arguments, self.dice.uniform(0, seconds))
        self.kills += status == KILLED
        return status, said

    def after(self, place, arguments, seconds):
        """Killed from outside after a time, or ended before."""
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
    """From its beginning to its end. Gives its bits."""
    place = killer.sweep.fresh(None)
    for _ in range(SITTINGS_MAX):
        status, said = killer.sitting(place, resume_of(place, command), seconds)
        if status == 0 or FINISHED in said:
            return bits(find_run(place))
        if status != KILLED:
            raise Failure(f"status {status}: {said.strip()}")
    raise Failure(f"{SITTINGS_MAX} sittings did not end it")


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
