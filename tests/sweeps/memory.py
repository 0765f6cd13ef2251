#!/usr/bin/env python3
"""Refuses every allocation of a command once, and looks at how the command ends.

usage: memory.py PROGRAM REFUSE.so [--every] [--points N] [COMMAND...]

For each command every N-th allocation of the whole process fails (with --every: each), alone and with all after it:
the program must do its work all the same, with the same results to the last byte, or print one line, "out of memory ...",
and end with status 1; a new run without a checkpoint is then not in the way. Nothing else will do: no signal, no wrong or missing result under status 0, no other reason.
The number of points is printed. Exit status: 0 all well, 1 not, 77 skipped.
SPDX-License-Identifier: MIT
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS_MAX = 3600
TIMES = re.compile(r'"(images_per_second|seconds|milliseconds|gflops|memory_bytes|peak_rss_bytes|train_seconds|data_wait)":[-0-9.e+]+')
RATE = re.compile(r"\d+ images/s")

# What libgomp says before it ends the process: docs/reliability.md has what remains of that.
RIGHT_LINE = re.compile(r"^(alexnet: (\w+( \w+)?: )?.*[Oo]ut of memory|libgomp: Out of memory)")

# Of tests/fuzz/corpus.
IMAGES = {"PNG": "image/rgb8.png", "TIFF": "tiff/lzw", "GIF": "gif/interlaced", "WEBP": "webp/lossy"}

NETWORK = ["--model", "cifar-19pct"]
COMMANDS = {
    "predict": ["predict", "W", "DATA/val/checker", "--json"],
    "predict, as text": ["predict", "W", "DATA/val/checker/0000.jpg"],
    "predict, a PNG": ["predict", "W", "PNG", "--json"],
    "predict, a TIFF": ["predict", "W", "TIFF", "--json"],
    "predict, a GIF": ["predict", "W", "GIF", "--json"],
    "predict, a WebP": ["predict", "W", "WEBP", "--json"],
    "eval": ["eval", "W", "DATA", "--json", "--per-class", "--predictions", "out.csv"],
    "info": ["info", "--json"],
    "info MODEL": ["info", "cifar-19pct", "--json"],
    "info WEIGHTS": ["info", "W", "--json"],
    "info DATA": ["info", "DATA", "--json"],
    "info RUN": ["info", "RUN", "--json"],
    "info RUN, as text": ["info", "RUN"],
    "features": ["features", "W", "DATA/val/checker", "--layer", "prob", "-o", "out.safetensors", "--json"],
    "preprocess": ["preprocess", "W", "DATA/val/checker", "-o", "out.npy", "--json"],
    "train": ["train", "DATA", *NETWORK, "--recipe", "quick", "--batch", "2", "--steps", "2", "--out", "run", "--json"],
    "train --resume": ["train", "--resume", "run", "--steps", "3", "--json"],
    "data verify": ["data", "verify", "DATA", "--json"],
    "data stats": ["data", "stats", "DATA", "--json"],
    "data synth": ["data", "synth", "--out", "drawn", "--classes", "2", "--train-images", "1", "--val-images", "1",
                   "--size", "16", "--json"],
    "init": ["init", "cifar-19pct", "--classes", "2", "-o", "out.safetensors", "--json"],
    "bench infer": ["bench", "infer", *NETWORK, "--batch", "1", "--steps", "1", "--warm-up", "0", "--json"],
}


class Sweep:
    def __init__(self, program, refuse, folder):
        self.program, self.refuse, self.folder = program, refuse, Path(folder)
        self.places = {"W": f"{folder}/run/best.safetensors", "DATA": f"{folder}/data", "RUN": f"{folder}/run",
                       **{kind: f"{folder}/{place}" for kind, place in IMAGES.items()}}

    def environment(self, **more):
        keep = {name: value for name, value in os.environ.items() if not name.startswith("REFUSE_")}
        # Set, so that the program does not start itself once more.
        return {**keep, "OMP_WAIT_POLICY": "passive", "LC_ALL": "C", **more}

    def words(self, command):
        def place(word):
            first, *rest = word.split("/")
            return "/".join([self.places.get(first, first), *rest])
        return [self.program, *map(place, command), "--threads", "1", "--quiet"]

    def setup(self, *command):
        subprocess.run([self.program, *command], check=True, env=self.environment(), capture_output=True,
                       cwd=self.folder, timeout=SECONDS_MAX)

    def prepare(self):
        self.setup("data", "synth", "--out", "data", "--classes", "2", "--train-images", "3", "--val-images", "2", "--size", "32")
        self.setup("train", "data", "--model", "cifar-19pct", "--recipe", "quick", "--batch", "2", "--steps", "2", "--out", "run")
        for place in IMAGES.values():
            (self.folder / place).parent.mkdir(exist_ok=True)
            shutil.copy(Path(__file__).parent.parent / "fuzz/corpus" / place, self.folder / place)

    def run(self, command, **environment):
        """The command in a folder of its own: (status, stdout, stderr, its files)."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            if command[1] == "--resume":
                shutil.copytree(self.folder / "run", Path(place) / "run")
            done = subprocess.run(self.words(command), env=self.environment(LD_PRELOAD=self.refuse, **environment),
                                  cwd=place, capture_output=True, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False)
            files = {}
            for path in sorted(Path(place).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    content = path.read_bytes()
                    if path.suffix in {".jsonl", ".json"}:    # times, and the sums of files that hold them
                        content = str(len(content.splitlines())).encode()
                    files[str(path.relative_to(place))] = hashlib.sha256(content).hexdigest()
        return done.returncode, RATE.sub("", TIMES.sub("", done.stdout)), done.stderr, files

    @staticmethod
    def in_the_way(command, line, files):
        """A new run that the library gave up before its first checkpoint leaves nothing that the same command would refuse."""
        if command[:2] != ["train", "DATA"] or not line.startswith("alexnet: train: out of memory: "):
            return None
        began = [name for name in files if name == "run/config.json"]
        saved = [name for name in files if name.startswith("run/checkpoints/step-") and ".tmp/" not in name]
        return f"a run in the way: {sorted(files)}" if began and not saved else None

    def fault_of(self, command, expected, n, after):
        """What is wrong at this point, or None."""
        status, out, err, files = self.run(command, REFUSE_MEMORY=f"{n}{'+' if after else ''}")
        lines = [line for line in err.splitlines() if line.strip()]
        if status == 0:
            if out != expected[1]:
                return f"status 0 and another output:\n{out}\ninstead of\n{expected[1]}"
            return None if files == expected[3] else f"status 0 and other files: {files} instead of {expected[3]}"
        # Warnings may stand before: of a part of the work that could be done without.
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
        """Prints what is wrong with a command; returns (points, faults)."""
        command = COMMANDS[name]
        expected, count = self.count(command)
        step = 1 if every else max(1, count // points)
        jobs = [(n, after) for n in range(0, count, step) for after in (False, True)]
        faults = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (n, after), fault in zip(jobs, pool.map(lambda job: self.fault_of(command, expected, *job), jobs)):
                if fault is None:
                    continue
                faults += 1
                print(f"{name}: allocation {n} of {count} refused{', and all after it' if after else ''}: {fault}")
        print(f"{name}: {len(jobs)} points of {2 * count}, {faults} faults", flush=True)
        return len(jobs), faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("refuse", type=os.path.abspath)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--points", type=int, default=12, help="of each command, about")
    parser.add_argument("commands", nargs="*")
    arguments = parser.parse_intermixed_args()
    points = faults = 0
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(arguments.program, arguments.refuse, folder)
        sweep.prepare()
        for name in arguments.commands or COMMANDS:
            more = sweep.sweep(name, arguments.every, arguments.points)
            points, faults = points + more[0], faults + more[1]
    print(f"memory: {points} points, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
