# SPDX-License-Identifier: MIT
"""peer.py: arguments, timing, the check against PyTorch and the line of JSON of all peers."""

import argparse
import json
import os
import statistics
import time

import numpy

IMAGE = (3, 224, 224)


def arguments(description, tasks, dtypes=("fp32", "bf16")):
    """The arguments of every peer; a peer adds its own options to the parser returned."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--dtype", choices=dtypes, default="fp32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=7, help="steps that count: their median is printed")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before those")
    parser.add_argument("--model", metavar="FOLDER", required="train" not in tasks, help="what export_onnx.py wrote")
    return parser


def images(a):
    """A batch of pseudo-random images, the first is the one whose PyTorch output is known."""
    x = numpy.random.default_rng(0).standard_normal((a.batch, *IMAGE), dtype=numpy.float32)
    if a.model:
        x[0] = numpy.load(os.path.join(a.model, "image.npy"))
    return x


def time_steps(step, a):
    """The median time of a step, the processors in use meanwhile, and the result of the last step."""
    times, busy = [], 0
    for i in range(a.warm_up + a.steps):
        start, start_busy = time.perf_counter(), time.process_time()
        answer = step()
        if i >= a.warm_up:
            times.append(time.perf_counter() - start)
            busy += time.process_time() - start_busy
    return (statistics.median(times), busy / sum(times)), answer


def error_of(logits, a):
    """The first image's logits against PyTorch's in fp32: norm of the difference over norm."""
    expected = numpy.load(os.path.join(a.model, "logits.npy")).astype(numpy.float64)
    return float(numpy.linalg.norm(numpy.ravel(logits)[:expected.size] - expected) / numpy.linalg.norm(expected))


def report(peer, version, a, timed, error, threads):
    """Prints the result; `timed` is of time_steps(), `threads` the number that the peer reports."""
    seconds, processors = timed
    print(json.dumps({
        "peer": peer, "version": version, "task": a.task, "model": "torchvision", "dtype": a.dtype, "batch": a.batch,
        "threads": threads, "processors": round(processors, 2), "milliseconds": round(seconds * 1e3, 3),
        "images_per_second": round(a.batch / seconds, 2), "error": error}))
