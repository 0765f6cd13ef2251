#!/usr/bin/env python3
"""Refuses threads to a command that wants eight to compute with, and looks at how it ends.

usage: threads.py PROGRAM REFUSE.so

From none to all of them start: where fewer than wanted do, a warning says how many compute, and the result is the same.
Exit status: 0 all well, 1 not.
SPDX-License-Identifier: MIT
"""

import os
import re
import subprocess
import sys

COMMAND = ["bench", "infer", "--model", "cifar-19pct", "--batch", "2", "--steps", "1", "--warm-up", "0", "--threads", "8"]
WARNING = re.compile(r"computing with (\d+) threads?: the system refused to start more of the 8 wanted")
SECONDS_MAX = 3600


def threads_of(program, refuse, others):
    """How many threads the command says that it computed with, after what may have been refused; None: it failed."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("REFUSE_")}
    environment = {**keep, "LD_PRELOAD": refuse, "REFUSE_THREADS": str(others), "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([program, *COMMAND], env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    warned = WARNING.search(done.stderr)
    said = re.search(r"(\d+) threads", done.stdout)
    if done.returncode != 0 or said is None:
        print(f"at most {others} threads: status {done.returncode}: {done.stderr.strip()}")
        return None
    return int(warned[1]) if warned else int(said[1])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, refuse = map(os.path.abspath, sys.argv[1:])
    faults = 0
    for others in range(9):
        found, expected = threads_of(program, refuse, others), min(1 + others, 8)
        if found != expected:
            faults += 1
            print(f"at most {others} threads: computed with {found}, expected {expected}")
    print(f"threads: 9 points, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
