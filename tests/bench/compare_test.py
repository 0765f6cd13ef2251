#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests bench/compare: its arithmetic, how it runs commands, the table. Nothing is timed: the
commands are fakes."""

import ast
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent


def load():
    """bench/compare as a module: its name has no .py."""
    loader = importlib.machinery.SourceFileLoader("compare", str(ROOT / "bench/compare"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


compare = load()

# Prints the fields given as NAME=VALUE and those given as --option value; writes its name into a
# log. `fail` ends it with a message.
FAKE = """
import json, sys
name, *words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(name + " ")
if "fail" in words:
    sys.exit("a first line\\n" + {log!r} + ": it fails")
result = {{}}
for word, value in zip(words, words[1:] + [""]):
    if word.startswith("--"):
        result[word[2:]] = value
    elif "=" in word:
        key, number = word.split("=")
        result[key] = number if key in ("dtype", "version", "tier") else float(number)
result["features"] = []
print("some talk")
print(json.dumps(result))
"""


class Arithmetic(unittest.TestCase):
    def test_a_ratio_is_taken_within_each_round(self):
        ours = [{"images_per_second": x} for x in (100, 50, 120)]
        theirs = [{"images_per_second": x} for x in (50, 20, 30)]
        ratios = compare.ratios_of(ours, theirs, compare.SPEED)
        self.assertEqual(ratios, [2, 2.5, 4])
        self.assertEqual(compare.spread_of(ratios), {"median": 2.5, "min": 2, "max": 4})

    def test_a_figure_may_have_two_names(self):
        self.assertEqual(compare.ratios_of([{"gflops": 900}], [{"fp32_gflops": 450}], compare.SHARE), [2])

    def test_what_a_ratio_reaches(self):
        for figure, at_least, aim, ratio, expected in (
                (compare.SPEED, 3.0, 3.8, 2.99, "no"), (compare.SPEED, 3.0, 3.8, 3.0, "bar"),
                (compare.SPEED, 3.0, 3.8, 3.8, "aim"), (compare.SPEED, 0.35, None, 9.0, "bar"),
                (compare.SPEED, None, None, 9.0, ""),
                (compare.TIME, 0.85, 0.75, 0.86, "no"), (compare.TIME, 0.85, 0.75, 0.85, "bar"),
                (compare.TIME, 0.85, 0.75, 0.7, "aim")):
            beside = compare.Beside("peak", "", figure, at_least, aim)
            self.assertEqual(compare.reached(ratio, beside), expected, (figure.name, ratio))

    def test_numbers_have_three_digits(self):
        for value, expected in ((0.01234, "0.0123"), (1.234, "1.23"), (99.94, "99.9"), (1234.5, "1234")):
            self.assertEqual(compare.number(value), expected)


class Rows(unittest.TestCase):
    def test_rows_are_complete(self):
        names = [row.name for row in compare.ROWS]
        self.assertEqual(len(names), len(set(names)))
        for row in compare.ROWS:
            for beside in row.beside:
                self.assertIn(beside.peer, compare.PEERS)
                self.assertTrue(beside.aim is None or compare.reached(beside.aim, beside) == "aim", row.name)
        for peer in compare.PEERS.values():
            settings = [setting.name for setting in peer.settings]
            self.assertEqual(len(settings), len(set(settings)), peer.name)

    def test_the_peers_are_python(self):
        for path in (ROOT / "bench/peers").glob("*.py"):
            ast.parse(path.read_text(encoding="utf-8"), path.name)

    @unittest.skipUnless(platform.machine() == "x86_64" and shutil.which("cc"), "needs cc for x86-64")
    def test_the_peak_compiles(self):
        command = ["cc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", str(ROOT / "bench/peers/peak.c")]
        self.assertEqual(subprocess.run(command, check=False).returncode, 0)


class WithFakes(unittest.TestCase):
    """Every command is FAKE."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="alexnet-compare-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log"
        self.fake = self.folder / "fake.py"
        self.fake.write_text(FAKE.format(log=str(self.log)), encoding="utf-8")
        self.runner = compare.Runner({"fake": self.fake, "python": None, "program": self.fake})

    def command(self, name):
        return f"{sys.executable} -IS {{fake}} {name}"     # starts quickly

    def run_once(self, words):
        return self.runner.run(self.command("one") + " " + words, {})

    def ran(self):
        return self.log.read_text(encoding="utf-8").split()


class Running(WithFakes):
    def test_the_last_line_counts_and_memory_is_measured(self):
        result = self.run_once("images_per_second=7")
        self.assertEqual(result["images_per_second"], 7)
        self.assertGreater(result["rss_bytes"], 1 << 20)

    def test_failures_have_a_reason(self):
        for words, reason in (("fail", r".../log: it fails"),
                              ("--dtype bf16 dtype=fp32", "asked for --dtype bf16, it ran fp32"),
                              ("--cpu avx2 tier=avx512", "asked for --cpu avx2, it ran avx512"),
                              ("dtype=fp32 error=0.5", "its answers differ from PyTorch's by 0.5"),
                              ("dtype=fp32 error=nan", "its answers differ from PyTorch's by nan")):
            with self.assertRaises(compare.Failed) as caught:
                self.run_once(words)
            self.assertEqual(str(caught.exception), reason)

    def test_answers_in_bf16_may_differ_more(self):
        self.assertEqual(self.run_once("dtype=bf16 error=0.01")["error"], 0.01)

    def test_other_failures(self):
        for template, reason in (("{python} x", "--python was not given"), ("true", "no JSON in its last line"),
                                 ("false", "it said nothing")):
            with self.assertRaises(compare.Failed) as caught:
                self.runner.run(template, {})
            self.assertEqual(str(caught.exception), reason)

    def test_the_users_environment_sets_up_nobody(self):
        with mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1", "GLIBC_TUNABLES": "x", "HOME": "here"}):
            environment = compare.Runner({}).environment
        self.assertNotIn("OMP_NUM_THREADS", environment)
        self.assertNotIn("GLIBC_TUNABLES", environment)
        self.assertEqual(environment["HOME"], "here")


class Documents(WithFakes):
    """The whole program."""

    def setUp(self):
        super().setUp()
        slow = compare.Setting("slow", "images_per_second=10")
        fast = compare.Setting("fast", "images_per_second=20")
        broken = compare.Setting("broken", "fail")
        peak = "peak fp32_gflops=400 read_gbytes_per_second=40 tier=avx2"
        peers = {
            "alexnet": compare.Peer("alexnet", self.command("ours")),
            "peak": compare.Peer("peak", self.command(peak)),
            "framework": compare.Peer("Framework", self.command("theirs") + " version=1.5", [slow, fast, broken]),
            "absent": compare.Peer("Absent", self.command("absent") + " fail", [slow, fast]),
        }
        rows = [
            compare.Row("work", "a task", "gflops=800 images_per_second=50", [
                compare.Beside("peak", "", compare.SHARE, 1.9, 2.3),
                compare.Beside("framework", "", compare.SPEED, 3.0, 3.8),
                compare.Beside("absent", "", compare.SPEED, 1.0, 2.0)]),
            compare.Row("again", "a task again", "images_per_second=40", [
                compare.Beside("framework", "", compare.SPEED)]),
            compare.Row("unknown", "a new task", "--dtype int8 dtype=fp32", [
                compare.Beside("framework", "other=1", compare.SPEED, 4.6, 5.0)]),
        ]
        for name, value in (("PEERS", peers), ("ROWS", rows), ("prepare", lambda options, runner: None)):
            patch = mock.patch.object(compare, name, value)
            patch.start()
            self.addCleanup(patch.stop)

        self.about = {"schema": 1, "date": "2000-01-02", "commit": "abc", "dirty": False, "rounds": 3,
                      "machine": {"CPU": "a | b"}, "compiler": "cc 1",
                      "program": {"version": "0.1", "tier": "avx2", "features": ["fma"]}}

    def run_main(self, *more):
        runner_class = compare.Runner

        def runner_with_fake(places):
            return runner_class({**places, "fake": self.fake})

        with mock.patch.object(compare, "Runner", runner_with_fake), \
             mock.patch.object(compare, "about", lambda options, runner: dict(self.about)), \
             contextlib.redirect_stdout(io.StringIO()):
            compare.main(["--program", str(self.fake), "--out", str(self.folder / "out"),
                          "--threads", "2", "--rounds", "3", *more])
        stem = self.folder / "out/2000-01-02-abc"
        return (json.loads(stem.with_suffix(".json").read_text(encoding="utf-8")),
                stem.with_suffix(".md").read_text(encoding="utf-8"))

    def test_rounds_come_after_trials_and_take_turns(self):
        document, _ = self.run_main("--rows", "work", "--trials", "2")
        # alexnet shows that it works; every setting that works is tried twice, one that fails once;
        # then three rounds, each beginning with the next contestant
        self.assertEqual(self.ran(), ["ours"] + ["theirs"] * 5 + ["absent"] * 2 + ["ours", "peak", "theirs"] +
                         ["peak", "theirs", "ours"] + ["theirs", "ours", "peak"])
        self.assertEqual([len(line["results"]) for line in document["rows"][0]["beside"]], [3, 3, 0])

    def test_the_best_setting_runs_and_is_tried_once(self):
        document, page = self.run_main("--rows", "work,again")
        framework = document["rows"][0]["beside"][1]
        self.assertEqual((framework["setting"], framework["reached"]), ("fast", "no"))
        self.assertEqual(framework["ratio"], {"median": 2.5, "min": 2.5, "max": 2.5})
        self.assertEqual(document["rows"][1]["beside"][0]["ratio"]["median"], 2)
        trial = next(trial for trial in document["trials"] if trial["peer"] == "Framework")
        self.assertEqual(trial["images_per_second"], {"slow": 10, "fast": 20})
        self.assertEqual(list(trial["failed"]), ["broken"])
        self.assertEqual(self.ran().count("theirs"), 5 + 3 + 3)
        self.assertIn("slow: 10; **fast: 20**; broken: ", page)

    def test_the_page_has_every_row(self):
        document, page = self.run_main()
        for line in (
                "| a task | peak | 2.00 (2.00 - 2.00) | >= 1.9 | >= 2.3 | bar | 800 GFLOP/s | 400 GFLOP/s |",
                "|  | Framework, fast | 2.50 (2.50 - 2.50) | >= 3 | >= 3.8 | no | 50 images/s | 20 images/s |",
                "|  | Absent | not measured: .../log: it fails | >= 1 | >= 2 |  |  |  |  |  |",
                "| a task again | Framework, fast | 2.00 (2.00 - 2.00) |  |  |  | 40 images/s | 20 images/s |",
                "| a new task | Framework | not measured: asked for --dtype int8, it ran fp32 | >= 4.6 | >= 5 |",
                "| CPU | a \\| b |", "| Framework | 1.5 |", "2000-01-02, commit abc; rounds: 3. ",
                "| 2, avx2 | 400 (400 - 400) |  |  | 40 (40 - 40) |"):
            self.assertIn(line, page)
        self.assertEqual([row["name"] for row in document["rows"]], ["work", "again", "unknown"])
        # What alexnet cannot run needs no trial.
        self.assertEqual(len(document["trials"]), 2)

    def test_a_run_in_parts_gives_one_page(self):
        self.run_main("--rows", "again")
        document, page = self.run_main("--rows", "work")
        self.assertEqual([row["name"] for row in document["rows"]], ["work", "again"])
        self.assertEqual([trial["peer"] for trial in document["trials"]], ["Framework", "Absent"])
        self.assertIn("| a task again |", page)

    def test_another_state_begins_a_new_page(self):
        for change in ({"dirty": True}, {"compiler": "cc 2"}):
            self.run_main("--rows", "again")
            self.about.update(change)
            document, page = self.run_main("--rows", "work")
            self.assertEqual([row["name"] for row in document["rows"]], ["work"])
            self.assertEqual("with uncommitted changes" in page, self.about["dirty"])

    def test_an_unknown_row_is_refused(self):
        with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(io.StringIO()) as said:
            compare.main(["--rows", "work,nosuch"])
        self.assertEqual(caught.exception.code, 2)
        self.assertIn("no such row: nosuch", said.getvalue())

    def test_a_missing_or_old_program_is_refused(self):
        with self.assertRaises(SystemExit) as caught:
            compare.main(["--program", str(self.folder / "none")])
        self.assertIn("run make first", str(caught.exception))
        os.utime(self.fake, (0, 0))
        with self.assertRaises(SystemExit) as caught:
            compare.main(["--program", str(self.fake)])
        self.assertIn("older than", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
