#!/usr/bin/env python3
"""Sends signals to training, and starts several runs at once.

usage: signals.py PROGRAM

A signal that ends the program makes it write a checkpoint and exit with status 75, and the run can
be resumed; a signal that was ignored at the start stays ignored. Nothing here depends on the speed
of the machine.

Exit status: 0 no faults, 1 faults.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STOPPED = 75
MODEL = ["../data", "--model", "cifar-19pct", "--recipe", "quick", "--batch", "12", "--threads",
         "1"]
ENDLESS = [*MODEL, "--epochs", "1000000", "--out", "r"]

program = os.path.abspath(sys.argv[1])
faults = []


def check(what, holds):
    if not holds:
        faults.append(what)
        print(f"failed: {what}", flush=True)


def start(place, arguments, ignored=None, **streams):
    """A training process, to which all signals but one are as a shell leaves them."""
    def prepare():
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
    return subprocess.Popen([program, "train", *arguments], cwd=place, stdin=subprocess.DEVNULL,
                            preexec_fn=prepare, restore_signals=False, **streams)


def steps(place):
    """Of the checkpoints that there are."""
    return [
        int(path.name[5:]) for path in (place / "r/checkpoints").glob("step-*") if path.suffix == ""
    ]


def wait_for_step(process, place, beyond=0):
    """Waits for a checkpoint after that step."""
    while process.poll() is None and max(steps(place), default=0) <= beyond:
        time.sleep(0.02)
    return max(steps(place), default=0)


def resumes(place):
    return (
        subprocess.run([program, "train", "--resume", "r", "--steps", "1", "--quiet"], cwd=place,
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def stopped_by(place, number):
    process = start(place, ENDLESS)
    wait_for_step(process, place)
    process.send_signal(number)
    check(f"{signal.Signals(number).name} ends with {STOPPED}", process.wait() == STOPPED)
    check(f"{signal.Signals(number).name} leaves a run to resume", resumes(place))


def without_readers(place):
    """alexnet train ... 2>&1 | head -1"""
    process = start(place, ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.stdout.readline()
    process.stdout.close()
    check(f"a closed stderr ends with {STOPPED}", process.wait() == STOPPED)
    check("a closed stderr leaves a run to resume", resumes(place))


def ignored(place, number):
    """As under nohup: it continues, and another signal can stop it."""
    process = start(place, ENDLESS, ignored=number)
    before = wait_for_step(process, place)
    process.send_signal(number)
    check(
        f"{signal.Signals(number).name} stays ignored",
        wait_for_step(process, place, before) > before,
    )
    process.send_signal(signal.SIGTERM)
    check("SIGTERM then ends it", process.wait() == STOPPED)


def all_at_once(place):
    processes = [start(place, [*MODEL, "--steps", "1"]) for _ in range(4)]
    check("four runs at once all succeed", [process.wait() for process in processes] == [0] * 4)
    check("each has its own folder", len(list(place.glob("runs/*/last.safetensors"))) == 4)


def nothing_left(place):
    check("no data is an error", start(place, ["nowhere"]).wait() != 0)
    check("a run that did not begin leaves no folder", not list(place.iterdir()))


def main():
    with tempfile.TemporaryDirectory(prefix="alexnet-signals-") as scratch:
        subprocess.run(
            [program, "data", "synth", "-o", "data", "--classes", "2", "--train-images", "12",
             "--val-images", "4", "--size", "32", "--quiet"],
            cwd=scratch,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cases = [
            (stopped_by, number)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)
        ]
        cases += [(without_readers,), (ignored, signal.SIGHUP), (ignored, signal.SIGQUIT),
                  (all_at_once,), (nothing_left,)]
        for i, (case, *arguments) in enumerate(cases):
            place = Path(scratch, f"place{i}")
            place.mkdir()
            case(place, *arguments)
    print(f"{len(cases)} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
