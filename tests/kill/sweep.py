#!/usr/bin/env python3
"""Kills training at its file operations, one after the other, and sees that nothing is lost and nothing is stuck.

usage: sweep.py PROGRAM KILL-LIBRARY [POINTS]

Each scenario is a command that is killed at operation 0, 1, 2 ... until it is quicker than its killer; with POINTS, at so
many places spread over it. After each kill stands what a person would do: `train --resume`, or, where the run had not
begun, the same command once more. It must end well, with the bits of the command that nobody killed, and with no file in
the run's folder that does not belong there.

Prints the number of points of each scenario. Exit status: 0 all is well, 1 not.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = {"config.json", "log.jsonl", "best.safetensors", "last.safetensors", "checkpoints", "val.csv", "images.txt", "notes.txt"}
SECONDS_MAX = 3600
KILLED = -signal.SIGKILL

# Two epochs of two steps, averaged weights, a checkpoint at each step.
SMALL = ["../data", "--model", "cifar-19pct", "--recipe", "quick", "--epochs", "2", "--batch", "12", "--average", "0.9",
         "--checkpoint-every", "1"]


class Failure(Exception):
    """What is not as it should be."""


class Sweep:
    """The program, its killer, and a folder to work in."""

    def __init__(self, program, library, root):
        self.program, self.library, self.root = program, library, root
        self.environment = dict(os.environ, OMP_WAIT_POLICY="passive", LC_ALL="C.UTF-8")

    def line(self, arguments):
        """alexnet train, on one thread unless the arguments say another number."""
        threads = [] if "--threads" in arguments else ["--threads", "1"]
        return [self.program, "train", *arguments, *threads, "--quiet"]

    def run(self, place, arguments, kill_at=None):
        """Runs alexnet train; gives its status (-9: killed) and what it said."""
        environment = dict(self.environment)
        if kill_at is not None:
            environment.update(AN_KILL_AT=str(kill_at), LD_PRELOAD=str(self.library))
        done = subprocess.run(self.line(arguments), cwd=place, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        return done.returncode, done.stdout + done.stderr

    def start(self, place, arguments, said):
        """Starts it, to be killed from outside; what it says goes into a file."""
        return subprocess.Popen(self.line(arguments), cwd=place, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=said, stderr=said)

    def run_well(self, place, arguments):
        status, said = self.run(place, arguments)
        if status != 0:
            raise Failure(f"{' '.join(arguments)}: status {status}: {said}")

    def fresh(self, base):
        """An empty place, or a copy of another."""
        place = self.root / "place"
        shutil.rmtree(place, ignore_errors=True)
        if base is None:
            place.mkdir()
        else:
            shutil.copytree(base, place)
        return place

    def keep(self, place, name):
        shutil.copytree(place, self.root / name)
        return self.root / name


def make_data(program, scratch):
    """A few images to train on."""
    subprocess.run([program, "data", "synth", "-o", "data", "--classes", "2", "--train-images", "12", "--val-images", "4",
                    "--size", "32", "--quiet"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)


def find_run(place):
    """The folder of the run that has begun, or None."""
    found = [path.parent for path in [*place.glob("r/config.json"), *place.glob("runs/*/config.json")]]
    if len(found) > 1:
        raise Failure(f"two runs have begun: {found}")
    return found[0] if found else None


def bits(run):
    """Hashes of the weights; fails where something lies in the folder that does not belong there."""
    names = {path.name for path in run.iterdir()}
    if not names <= FILES:
        raise Failure(f"left over: {sorted(names - FILES)}")
    checkpoints = run / "checkpoints"
    for path in checkpoints.iterdir() if checkpoints.exists() else []:
        if path.name.endswith(".tmp") or ".tmp-" in path.name:
            raise Failure(f"left over: {path}")
    return tuple(hashlib.sha256((run / name).read_bytes()).hexdigest() for name in ("best.safetensors", "last.safetensors"))


def recover(sweep, place, command):
    """What a person does after a kill. Gives the run."""
    run = find_run(place)
    if run is None or "--resume" in command:
        sweep.run_well(place, command)
        return find_run(place)
    status, said = sweep.run(place, ["--resume", "r"] if "--out" in command else ["--resume"])
    if status != 0 and "is finished and has kept no checkpoint" not in said:
        raise Failure(f"--resume: status {status}: {said}")
    return run


def points_of(sweep, base, command):
    """How many operations there are: found by halving."""
    low, high = 0, 1
    while sweep.run(sweep.fresh(base), command, high)[0] == KILLED:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if sweep.run(sweep.fresh(base), command, middle)[0] == KILLED:
            low = middle
        else:
            high = middle
    return high


def scenario(sweep, name, base, command, wanted, points, others=()):
    """Kills `command` at its operations; `others`: bits that are as right, as those of a run not yet replaced."""
    place = sweep.fresh(base)
    sweep.run_well(place, command)
    whole = bits(find_run(place))
    total = points_of(sweep, base, command)
    tried = sorted({round(i * (total - 1) / (points - 1)) for i in range(points)}) if points else range(total)
    faults = 0
    for at in tried:
        place = sweep.fresh(base)
        try:
            status, said = sweep.run(place, command, at)
            if status != KILLED:
                raise Failure(f"it was not killed: status {status}: {said}")
            if bits(recover(sweep, place, command)) not in {whole, *others}:
                raise Failure("other bits")
        except Failure as failure:
            faults += 1
            print(f"{name}: killed at {at}: {failure}", flush=True)
    print(f"{name}: {total} points, {len(tried)} tried, {faults} faults", flush=True)
    wanted.append(faults)
    return whole


def first_checkpoint(sweep, command):
    """The first operation before which a checkpoint has its name."""
    low, high = 0, points_of(sweep, None, command)
    while high - low > 1:
        middle = (low + high) // 2
        place = sweep.fresh(None)
        sweep.run(place, command, middle)
        if any(path.suffix != ".tmp" for path in place.glob("r/checkpoints/step-*")):
            high = middle
        else:
            low = middle
    return high


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, library = map(os.path.abspath, sys.argv[1:3])
    points = int(sys.argv[3]) if len(sys.argv) == 4 else 0
    faults = []
    with tempfile.TemporaryDirectory(prefix="alexnet-kill-") as scratch:
        sweep = Sweep(program, library, Path(scratch))
        make_data(program, scratch)
        new = [*SMALL, "--out", "r"]
        scenario(sweep, "new", None, new, faults, points)
        scenario(sweep, "default", None, SMALL, faults, points)
        other = ["../data/train", *new[1:], "--checkpoint-keep", "0", "--freeze", "conv1"]
        scenario(sweep, "split", None, other, faults, points)

        # Replaced by force: what stands there is a run that has ended, and a file of somebody's own.
        place = sweep.fresh(None)
        sweep.run_well(place, [*new, "--seed", "2"])
        before = bits(place / "r")
        (place / "r" / "notes.txt").write_text("mine")
        old = sweep.keep(place, "old")
        scenario(sweep, "force", old, [*new, "--force"], faults, points, others=[before])

        # Gone on with: a run that was killed when its first checkpoint had its name; and ended there, where nothing has
        # validated yet.
        place = sweep.fresh(None)
        sweep.run(place, new, first_checkpoint(sweep, new))
        one = sweep.keep(place, "one")
        scenario(sweep, "resume", one, ["--resume", "r"], faults, points)
        scenario(sweep, "end", one, ["--resume", "r", "--steps", "1", "--checkpoint-keep", "1"], faults, points)
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
