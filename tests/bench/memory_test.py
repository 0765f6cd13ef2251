#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The memory of whole runs of torchvision's AlexNet, by the figure that `alexnet bench` prints.

memory_test.py PROGRAM. An emulator or a sanitizer would be counted too, so neither runs this."""

import json
import os
import subprocess
import sys
import unittest

MIB = 1 << 20
WEIGHTS = 61_100_840 * 4  # bytes in fp32


def run(*options):
    return json.loads(subprocess.run([PROGRAM, *options, "--json"], check=True, stdout=subprocess.PIPE).stdout)


def bench(*options):
    return run("bench", *options, "--threads", "2", "--steps", "1", "--warm-up", "0")


class Memory(unittest.TestCase):
    def expect_latency(self, dtype):
        self.assertLessEqual(bench("latency", "--dtype", dtype)["peak_rss_bytes"], WEIGHTS + 64 * MIB)

    def test_one_image_in_fp32(self):
        self.expect_latency("fp32")

    def test_one_image_in_bf16(self):
        if "avx512_bf16" not in run("info")["features"]:
            self.skipTest("bf16 is rounded fp32 here, and as large")
        self.expect_latency("bf16")

    def test_one_image_in_int8(self):
        self.expect_latency("int8")

    def test_training(self):
        if run("info")["tier"] == "portable":
            self.skipTest("a step of 128 images takes minutes here")
        self.assertLessEqual(bench("train", "--batch", "128")["peak_rss_bytes"], 1024 * MIB)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
