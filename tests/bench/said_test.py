#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The memory that commands announce before they start is within a tenth of what the system counts.

usage: said_test.py PROGRAM PEAK

Tests small networks, where code and libraries are most of the memory, and large ones; each command,
batches, number formats, images that are large to decode, the state of optimisers, features of
frozen layers.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

WITHIN = 0.10
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, capture_output=True, text=True)


def measure(*arguments):
    """The command's result, and its peak memory."""
    with tempfile.NamedTemporaryFile() as figure:
        done = subprocess.run([PEAK, figure.name, PROGRAM, *arguments], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: status {done.returncode}: {done.stderr}")
        return done, int(figure.read()) * 1024


class Said(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        os.chdir(cls.folder.name)
        tier = json.loads(run("info", "--json").stdout)["tier"]
        cls.quick = tier != "portable"
        for name, size, train, val in (("small", 32, 60, 40), ("middle", 256, 60, 30), ("large", 1600, 4, 3)):
            run("data", "synth", "-o", name, "--classes", "3", "--train-images", str(train), "--val-images", str(val),
                "--size", str(size), "--quiet")
        run("train", "small", "--model", "cifar-19pct", "--epochs", "1", "--out", "trained", "--quiet")
        run("init", "torchvision", "--classes", "3", "-o", "large.safetensors", "--quiet")

    @classmethod
    def tearDownClass(cls):
        os.chdir("/")
        cls.folder.cleanup()

    def compare(self, arguments, said, measured):
        print(f"{(said / measured - 1) * 100:+6.1f} %  said {said / 2**20:7.1f} MiB, measured {measured / 2**20:7.1f}: "
              f"{' '.join(arguments)}", flush=True)
        with self.subTest(" ".join(arguments)):
            self.assertLessEqual(abs(said - measured), WITHIN * measured)

    def by_json(self, *arguments):
        done, measured = measure(*arguments, "--json")
        result = json.loads(done.stdout.splitlines()[-1])
        self.compare(arguments, result["memory_bytes"], measured)
        self.assertLessEqual(abs(result["peak_rss_bytes"] - measured), 0.01 * measured + (1 << 20))

    def by_note(self, *arguments):
        done, measured = measure(*arguments)
        number, unit = re.search(r"memory: up to ([\d.]+) (\w+)", done.stderr).groups()
        self.compare(arguments, float(number) * UNITS[unit], measured)

    def need_speed(self):
        if not self.quick:
            self.skipTest("a step of a large network takes too long here")

    def test_predict(self):
        self.by_note("predict", "trained", "small/val", "--batch", "4")
        self.by_note("predict", "trained", "small/val", "--batch", "64")
        self.by_note("predict", "trained", "large/val", "--batch", "2")

    def test_predict_large(self):
        self.need_speed()
        for dtype in ("fp32", "bf16", "int8"):
            self.by_note("predict", "large.safetensors", "middle/val", "--batch", "32", "--dtype", dtype)
        self.by_note("predict", "large.safetensors", "middle/val", "--batch", "1")

    def test_eval(self):
        self.by_json("eval", "trained", "small")
        self.by_json("eval", "trained", "small", "--crops", "10", "--batch", "256")
        self.by_json("eval", "trained", "large")

    def test_eval_large(self):
        self.need_speed()
        for dtype in ("fp32", "bf16", "int8"):
            self.by_json("eval", "large.safetensors", "middle", "--dtype", dtype)
        self.by_json("eval", "large.safetensors", "large.safetensors", "middle", "--batch", "16")

    def train(self, *arguments):
        self.by_json("train", *arguments, "--out", "run", "--force", "--checkpoint-keep", "0")

    def test_train(self):
        small = ("small", "--model", "cifar-19pct", "--epochs", "2")
        self.train(*small, "--batch", "16")
        self.train(*small, "--batch", "128")
        self.train(*small, "--batch", "32", "--update", "adam", "--average", "0.9", "--mixup", "0.2")
        self.train("large", "--model", "cifar-19pct", "--epochs", "2", "--batch", "4")

    def test_train_large(self):
        self.need_speed()
        large = ("middle", "--model", "torchvision", "--epochs", "1")
        self.train(*large, "--batch", "8")
        self.train(*large, "--batch", "128")
        self.train(*large, "--batch", "32", "--dtype", "bf16")
        self.train(*large, "--batch", "32", "--update", "adam")
        self.train("middle", "--model", "bn", "--recipe", "quick-bn", "--epochs", "1", "--batch", "16")

    def test_fine_tune(self):
        self.need_speed()
        tune = ("middle", "--from", "large.safetensors", "--epochs", "1", "--batch", "32")
        self.train(*tune)
        self.train(*tune, "--freeze", "features")

    def test_limits_of_the_shell_count(self):
        limited = ["sh", "-c", 'ulimit -v 400000; exec "$@"', "sh", PROGRAM]
        done = subprocess.run([*limited, "train", "middle", "--model", "torchvision", "--batch", "64", "--out", "limited"],
                              check=False, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"out of memory: the run needs about .*'ulimit -v'\): take a smaller batch")
        self.assertFalse(os.path.exists("limited"))
        subprocess.run([*limited, "predict", "trained", "small/val"], check=True, capture_output=True)

    def test_resume(self):
        self.train("small", "--model", "cifar-19pct", "--epochs", "1", "--batch", "64")
        run("train", "small", "--model", "cifar-19pct", "--epochs", "1", "--batch", "64", "--out", "again", "--quiet")
        self.by_json("train", "--resume", "again", "--epochs", "2")


if __name__ == "__main__":
    PROGRAM, PEAK = map(os.path.abspath, (sys.argv.pop(1), sys.argv.pop(1)))
    unittest.main()
