"""Common parts of the sweeps: whole commands, each in a separate folder, under a preloaded library
that makes something fail.

SPDX-License-Identifier: MIT
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

SECONDS_MAX = 3600
TIMES = re.compile(
    r'"(images_per_second|seconds|milliseconds|gflops|memory_bytes|peak_rss_bytes|train_seconds|'
    r'data_wait)":[-0-9.e+]+'
)
RATE = re.compile(r"\d+ images/s")

# Of tests/fuzz/corpus.
IMAGES = {
    "PNG": "image/rgb8.png",
    "TIFF": "tiff/lzw",
    "GIF": "gif/interlaced",
    "WEBP": "webp/lossy",
}

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
    "features": ["features", "W", "DATA/val/checker", "--layer", "prob", "-o", "out.safetensors",
                 "--json"],
    "preprocess": ["preprocess", "W", "DATA/val/checker", "-o", "out.npy", "--json"],
    "filters": ["filters", "W", "-o", "out.svg", "--json"],
    "train": ["train", "DATA", *NETWORK, "--recipe", "quick", "--batch", "2", "--steps", "2",
              "--out", "run", "--json"],
    "train --resume": ["train", "--resume", "run", "--steps", "3", "--json"],
    "data verify": ["data", "verify", "DATA", "--json"],
    "data stats": ["data", "stats", "DATA", "--json"],
    "data synth": ["data", "synth", "--out", "drawn", "--classes", "2", "--train-images", "1",
                   "--val-images", "1", "--size", "16", "--json"],
    "init": ["init", "cifar-19pct", "--classes", "2", "-o", "out.safetensors", "--json"],
    "weights list": ["weights", "list", "--json"],
    "weights get": ["weights", "get", "mine:w", "--url", "URL", "--sha256", "SUM", "--json"],
    "bench infer": ["bench", "infer", *NETWORK, "--batch", "1", "--steps", "1", "--warm-up", "0",
                    "--json"],
}


class Sweep:
    """The program, the library, and a folder with data and a run."""

    def __init__(self, program, library, folder):
        folder = Path(folder).resolve()
        self.program, self.library, self.folder = program, library, folder
        self.places = {
            "W": f"{folder}/run/best.safetensors",
            "DATA": f"{folder}/data",
            "RUN": f"{folder}/run",
            "URL": f"file:{folder}/run/best.safetensors",
            **{kind: f"{folder}/{place}" for kind, place in IMAGES.items()},
        }

    def environment(self, **more):
        keep = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("REFUSE_", "AN_"))
        }
        # Set, so that the program does not re-execute itself.
        return {**keep, "OMP_WAIT_POLICY": "passive", "LC_ALL": "C", **more}

    def words(self, command):
        def place(word):
            first, *rest = word.split("/")
            return "/".join([self.places.get(first, first), *rest])
        return [self.program, *map(place, command), "--threads", "1", "--quiet"]

    def setup(self, *command):
        subprocess.run([self.program, *command], check=True, env=self.environment(),
                       capture_output=True, cwd=self.folder, timeout=SECONDS_MAX)

    def prepare(self):
        self.setup("data", "synth", "--out", "data", "--classes", "2", "--train-images", "3",
                   "--val-images", "2", "--size", "32")
        self.setup("train", "data", "--model", "cifar-19pct", "--recipe", "quick", "--batch", "2",
                   "--steps", "2", "--out", "run")
        best = Path(self.folder, "run/best.safetensors").read_bytes()
        self.places["SUM"] = hashlib.sha256(best).hexdigest()
        for place in IMAGES.values():
            (self.folder / place).parent.mkdir(exist_ok=True)
            shutil.copy(Path(__file__).parent.parent / "fuzz/corpus" / place, self.folder / place)

    def run_in(self, place, command, **environment):
        """The command in that folder, which holds its cache, too: (status, stdout without times and
        the folder's name, stderr)."""
        environment = self.environment(XDG_CACHE_HOME=str(place), **environment)
        done = subprocess.run(self.words(command), env=environment, cwd=place, capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL,
                              timeout=SECONDS_MAX, check=False)
        out = RATE.sub("", TIMES.sub("", done.stdout)).replace(str(place), "PLACE")
        return done.returncode, out, done.stderr

    def fill(self, place, command):
        """Creates the files that the command needs."""
        if command[1] == "--resume":
            shutil.copytree(self.folder / "run", Path(place) / "run")

    def run(self, command, **environment):
        """The command, under the library, in a new folder: (status, stdout, stderr, its files)."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            self.fill(place, command)
            result = self.run_in(place, command, LD_PRELOAD=self.library, **environment)
            return *result, files_of(place)

    def try_all(self, name, jobs, total, fault_of, place_of):
        """
        Prints the faults of a command; returns (points, faults).

        jobs      the points that are tried, of `total`
        fault_of  job to the fault there, or None
        place_of  job to the words that say where it is
        """
        faults = 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for job, fault in zip(jobs, pool.map(fault_of, jobs)):
                if fault is not None:
                    faults += 1
                    print(f"{name}: {place_of(job)}: {fault}", flush=True)
        print(f"{name}: {len(jobs)} points of {total}, {faults} faults", flush=True)
        return len(jobs), faults


def files_of(place):
    """{name: hash of the content without times}."""
    files = {}
    for path in sorted(Path(place).rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if path.suffix in {".jsonl", ".json"}:  # contain times, or checksums of such files
                content = str(len(content.splitlines())).encode()
            files[str(path.relative_to(place))] = hashlib.sha256(content).hexdigest()
    return files


def run_sweep(kind, name, documentation, points, points_help):
    """
    The main() of a sweep: parses `PROGRAM LIBRARY [--every] [--points N] [COMMAND...]`, sweeps the
    commands, or all, and prints the sums. Returns the exit status.

    kind         a Sweep with sweep(command's name, every, points): (points, faults)
    points       the default of --points
    """
    parser = argparse.ArgumentParser(
        description=documentation, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("library", type=os.path.abspath)
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--points", type=int, default=points, help=points_help)
    parser.add_argument("commands", nargs="*")
    arguments = parser.parse_intermixed_args()
    points = faults = 0
    with tempfile.TemporaryDirectory() as folder:
        sweep = kind(arguments.program, arguments.library, folder)
        sweep.prepare()
        for command in arguments.commands or COMMANDS:
            more = sweep.sweep(command, arguments.every, arguments.points)
            points, faults = points + more[0], faults + more[1]
    print(f"{name}: {points} points, {faults} faults")
    return 1 if faults else 0
