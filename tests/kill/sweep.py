#!/usr/bin/env python3
"""Kills training at each of its file operations; checks that nothing is lost or stuck.

usage: sweep.py PROGRAM KILL-LIBRARY [POINTS]

Each scenario is a command that is killed at operation 0, 1, 2 ... until it ends before the kill;
with POINTS, at that many operations spread over it. After each kill follows what a user would do:
`train --resume` or, if the run had not begun, the same command again. It must succeed, with the
bits of the command without a kill, and with no file in the run folder that does not belong there.

Prints the number of points of each scenario. Exit status: 0 no faults, 1 faults.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FILES = {
    "config.json",
    "log.jsonl",
    "best.safetensors",
    "last.safetensors",
    "checkpoints",
    "val.csv",
    "images.txt",
    "notes.txt",
}
SECONDS_MAX = 3600

# Two epochs of two steps, averaged weights, a checkpoint at each step.
SMALL = ["../data", "--model", "cifar-19pct", "--recipe", "quick", "--epochs", "2", "--batch", "12",
         "--average", "0.9", "--checkpoint-every", "1"]
KILLED = -signal.SIGKILL


class Failure(Exception):
    """A broken promise."""


class Sweep:
    """The program, the library that kills it, and a folder to work in."""

    def __init__(self, program, library, root):
        self.program, self.library, self.root = program, library, root.resolve()
        keep = {name: value for name, value in os.environ.items() if not name.startswith("AN_")}
        self.environment = dict(keep, OMP_WAIT_POLICY="passive", LC_ALL="C.UTF-8")
        subprocess.run(
            [program, "data", "synth", "-o", "data", "--classes", "2", "--train-images", "12",
             "--val-images", "4", "--size", "32", "--quiet"],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def line(self, arguments):
        """alexnet train, on one thread unless the arguments set another number."""
        threads = [] if "--threads" in arguments else ["--threads", "1"]
        return [self.program, "train", *arguments, *threads, "--quiet"]

    def run(self, place, arguments, **variables):
        """Runs alexnet train, with variables for files.c: (status, -9: killed; output)."""
        environment = dict(self.environment)
        if variables:
            environment.update(
                {name: str(value) for name, value in variables.items()},
                LD_PRELOAD=str(self.library),
            )
        done = subprocess.run(self.line(arguments), cwd=place, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=False)
        return done.returncode, done.stdout + done.stderr

    def start(self, place, arguments, said):
        """Starts it, to be killed from outside; its output goes into a file."""
        return subprocess.Popen(self.line(arguments), cwd=place, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def run_well(self, place, arguments):
        status, said = self.run(place, arguments)
        if status != 0:
            raise Failure(f"{' '.join(arguments)}: status {status}: {said}")

    def fresh(self, base, name="place"):
        """An empty folder, or a copy of `base`."""
        place = self.root / name
        shutil.rmtree(place, ignore_errors=True)
        if base is None:
            place.mkdir()
        else:
            shutil.copytree(base, place)
        return place

    def keep(self, place, name):
        shutil.copytree(place, self.root / name)
        return self.root / name


def find_run(place):
    """The run folder of the run that has begun, or None."""
    found = [
        path.parent for path in [*place.glob("r/config.json"), *place.glob("runs/*/config.json")]
    ]
    if len(found) > 1:
        raise Failure(f"two runs have begun: {found}")
    return found[0] if found else None


def bits(run):
    """Hashes of the weights; fails if the folder has a file that does not belong there."""
    names = {path.name for path in run.iterdir()}
    if not names <= FILES:
        raise Failure(f"left over: {sorted(names - FILES)}")
    checkpoints = run / "checkpoints"
    for path in checkpoints.rglob("*") if checkpoints.exists() else []:
        if path.name.endswith(".tmp") or ".tmp-" in path.name:
            raise Failure(f"left over: {path}")
    return tuple(
        hashlib.sha256((run / name).read_bytes()).hexdigest()
        for name in ("best.safetensors", "last.safetensors")
    )


def reports(run):
    """The reports in the log: (step, split), each once. Incomplete lines are skipped."""
    found = []
    for line in (run / "log.jsonl").read_text().splitlines():
        try:
            report = json.loads(line)
        except ValueError:
            continue
        found.append((report["step"], report["split"]))
    return sorted({report for report in found if report[1] in ("train", "val")})


def recover(sweep, place, command):
    """Does what a user does after a kill. Returns the run."""
    run = find_run(place)
    if run is None or "--resume" in command:
        sweep.run_well(place, command)
        return find_run(place)
    status, said = sweep.run(place, ["--resume", "r"] if "--out" in command else ["--resume"])
    if status != 0 and "is finished and kept no checkpoint" not in said:
        raise Failure(f"--resume: status {status}: {said}")
    return run


def points_of(sweep, base, command):
    """The number of operations, found by bisection."""
    low, high = 0, 1
    while sweep.run(sweep.fresh(base), command, AN_KILL_AT=high)[0] == KILLED:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if sweep.run(sweep.fresh(base), command, AN_KILL_AT=middle)[0] == KILLED:
            low = middle
        else:
            high = middle
    return high


def spread(total, points):
    """All of 0 ... total - 1, or `points` of them."""
    return (
        sorted({round(i * (total - 1) / (points - 1)) for i in range(points)})
        if 1 < points < total
        else range(total)
    )


def first_checkpoint(sweep, command):
    """The first operation before which a checkpoint has its final name."""
    low, high = 0, points_of(sweep, None, command)
    while high - low > 1:
        middle = (low + high) // 2
        place = sweep.fresh(None)
        sweep.run(place, command, AN_KILL_AT=middle)
        if any(path.suffix != ".tmp" for path in place.glob("r/checkpoints/step-*")):
            high = middle
        else:
            low = middle
    return high


class Scenario:
    """A command that is disturbed in a copy of a folder, and the right results."""

    def __init__(self, sweep, name, base, command, others=()):
        """`others`: other right bits, such as those of a run not yet replaced."""
        self.sweep, self.name, self.base, self.command = sweep, name, base, command
        place = sweep.fresh(base)
        sweep.run_well(place, command)
        self.own, self.reports = bits(find_run(place)), reports(find_run(place))
        self.right = {self.own, *others}

    def check(self, place):
        """Does what a user does after a kill, and checks the result."""
        run = recover(self.sweep, place, self.command)
        found = bits(run)
        if found not in self.right:
            raise Failure("other bits")
        if found == self.own and reports(run) != self.reports:
            raise Failure(f"the log has the reports {reports(run)}, expected {self.reports}")


def scenarios(sweep):
    """Yields the scenarios."""
    new = [*SMALL, "--out", "r"]
    yield Scenario(sweep, "new", None, new)
    yield Scenario(sweep, "default", None, SMALL)
    yield Scenario(sweep, "split", None,
                   ["../data/train", *new[1:], "--checkpoint-keep", "0", "--freeze", "conv1"])

    # Replaced by force: a run that has ended, with foreign files in its folder.
    place = sweep.fresh(None)
    sweep.run_well(place, [*new, "--seed", "2"])
    before = bits(place / "r")
    (place / "r" / "notes.txt").write_text("mine")
    (place / "r" / "checkpoints" / "notes.txt").write_text("mine, too")
    old = sweep.keep(place, "old")
    yield Scenario(sweep, "force", old, [*new, "--force"], others=[before])

    # Resumed: a run that was killed when its first checkpoint had its name; and ended there, before
    # any
    # validation.
    place = sweep.fresh(None)
    sweep.run(place, new, AN_KILL_AT=first_checkpoint(sweep, new))
    one = sweep.keep(place, "one")
    yield Scenario(sweep, "resume", one, ["--resume", "r"])
    yield Scenario(sweep, "end", one, ["--resume", "r", "--steps", "1", "--checkpoint-keep", "1"])


def kill_everywhere(scenario, points):
    """Kills a scenario's command at its operations; returns the number of faults."""
    sweep = scenario.sweep
    total = points_of(sweep, scenario.base, scenario.command)
    tried = spread(total, points)
    faults = 0
    for at in tried:
        place = sweep.fresh(scenario.base)
        try:
            status, said = sweep.run(place, scenario.command, AN_KILL_AT=at)
            if status != KILLED:
                raise Failure(f"it was not killed: status {status}: {said}")
            scenario.check(place)
        except Failure as failure:
            faults += 1
            print(f"{scenario.name}: killed at {at}: {failure}", flush=True)
    print(f"{scenario.name}: {total} points, {len(tried)} tried, {faults} faults", flush=True)
    return faults


def run_scenarios(check, prefix, usage):
    """The command line of each sweep: PROGRAM LIBRARY [POINTS]. check(scenario, points) gives its faults."""
    if len(sys.argv) not in (3, 4):
        sys.exit(usage)
    program, library = map(os.path.abspath, sys.argv[1:3])
    points = int(sys.argv[3]) if len(sys.argv) == 4 else 0
    with tempfile.TemporaryDirectory(prefix=prefix) as scratch:
        sweep = Sweep(program, library, Path(scratch))
        faults = [check(scenario, points) for scenario in scenarios(sweep)]
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(run_scenarios(kill_everywhere, "alexnet-kill-", __doc__))
