#!/usr/bin/env python3
"""Refuses threads to commands that need them, and checks how they end.

usage: threads.py PROGRAM REFUSE.so

From none to all of the threads start. If fewer than wanted start, a warning says how many compute,
or work on images, and the result is the same. Exit status: 0 no faults, 1 faults.
SPDX-License-Identifier: MIT
"""

import json
import os
import re
import subprocess
import sys
import tempfile

COMPUTE = ["bench", "infer", "--model", "cifar-19pct", "--batch", "2", "--steps", "1", "--warm-up",
           "0", "--threads", "8"]
COMPUTING = re.compile(
    r"computing with (\d+) threads?: the system refused to start more of the 8 wanted"
)
DATA = "synthetic:classes=2,images=8,size=32"
LOAD = ["bench", "load", DATA, "--model", "cifar-19pct", "--batch", "4", "--steps", "2",
        "--warm-up", "0", "--threads", "1", "--workers", "4"]
TRAIN = ["train", DATA, "--model", "cifar-19pct", "--recipe", "quick", "--batch", "4", "--steps",
         "2", "--threads", "3", "--workers", "3", "--out", "r", "--force", "--json", "--quiet"]
LOADING = re.compile(
    r"(\d+ threads? works? on images|no thread but the main one works on images): "
    r"the system refused"
)
SECONDS_MAX = 3600


class Sweep:
    """The program, and the library that refuses it threads."""

    def __init__(self, program, refuse, place):
        self.program, self.refuse, self.place = program, refuse, place
        self.points = self.faults = 0

    def run(self, command, others):
        """Runs it with at most `others` more threads: (stdout, stderr), or None if it fails."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith("REFUSE_")}
        environment = {
            **keep,
            "LD_PRELOAD": self.refuse,
            "REFUSE_THREADS": str(others),
            "OMP_WAIT_POLICY": "passive",
        }
        done = subprocess.run([self.program, *command], env=environment, cwd=self.place,
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        self.points += 1
        if done.returncode == 0:
            return done.stdout, done.stderr
        self.fault(command, others, f"status {done.returncode}: {done.stderr.strip()}")
        return None

    def fault(self, command, others, what):
        self.faults += 1
        print(f"{' '.join(command[:2])}, at most {others} threads: {what}", flush=True)

    def check(self, command, others, found, expected):
        if found != expected:
            self.fault(command, others, f"{found}, expected {expected}")

    def compute(self):
        for others in range(9):
            done = self.run(COMPUTE, others)
            if done is None:
                continue
            warned, said = COMPUTING.search(done[1]), re.search(r"(\d+) threads", done[0])
            self.check(COMPUTE, others, int(warned[1] if warned else said[1]), min(1 + others, 8))

    def load(self):
        for others in range(6):
            done = self.run(LOAD, others)
            if done is None:
                continue
            self.check(LOAD, others, int(re.search(r"(\d+) workers?", done[0])[1]), min(others, 4))
            self.check(LOAD, others, len(LOADING.findall(done[1])), int(others < 4))

    def train(self):
        """Two more threads compute, and three work on images, in training and in validation."""
        bits = set()
        for others in (6, *range(6)):
            done = self.run(TRAIN, others)
            if done is not None:
                bits.add(json.loads(done[0])["last_sha256"])
        if len(bits) != 1:
            self.fault(TRAIN, "some", f"{len(bits)} results")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, refuse = map(os.path.abspath, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="alexnet-threads-") as place:
        sweep = Sweep(program, refuse, place)
        sweep.compute()
        sweep.load()
        sweep.train()
    print(f"threads: {sweep.points} points, {sweep.faults} faults")
    return 1 if sweep.faults else 0


if __name__ == "__main__":
    sys.exit(main())
