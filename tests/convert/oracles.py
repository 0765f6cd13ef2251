#!/usr/bin/env python3
"""Runs what `alexnet convert` writes in the programs that it is for, and compares the logits.

usage: oracles.py ALEXNET

    PyTorch        torchvision.models.alexnet() with our .pth and safetensors
    ONNX Runtime   our .onnx of every family that ONNX can express
    OpenCV's dnn   our .caffemodel and .prototxt of every family that Caffe and OpenCV can express

ALEXNET is the program. If the Python that runs this lacks a package, $ALEXNET_PYTHON may name one that has it. What
no Python here has is left out by name; status 77 where that is everything.
SPDX-License-Identifier: MIT
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FAMILIES = ["torchvision", "paper", "paper-run", "owt", "slim", "caffe", "caffenet", "bn", "cifar-19pct", "cifar-18pct"]
LIMIT = 1e-4     # of the largest logit


def restart():
    """Continues in $ALEXNET_PYTHON, once."""
    other = os.environ.get("ALEXNET_PYTHON")
    if other and "ALEXNET_PYTHON_TRIED" not in os.environ:
        os.execve(other, [other, *sys.argv], {**os.environ, "ALEXNET_PYTHON_TRIED": "1"})


def has(*packages):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    for name in missing:
        print(f"left out: this Python has no {name} ($ALEXNET_PYTHON may name one that has)")
    return not missing


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = Path(path).resolve(), folder

    def __call__(self, *arguments):
        done = subprocess.run([self.path, *arguments, "--quiet"], cwd=self.folder, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def must(self, *arguments):
        status, out, errors = self(*arguments)
        if status != 0:
            sys.exit(f"alexnet {' '.join(arguments)}: status {status}: {errors}")
        return out


def images_of(alexnet, weights):
    import numpy
    size = json.loads(alexnet.must("info", weights, "--json"))["input"]
    images = numpy.random.default_rng(1).standard_normal((2, *size)).astype("f4")
    numpy.save(alexnet.folder / "images.npy", images)
    return images


def logits_of(alexnet, weights):
    import numpy
    alexnet.must("features", weights, "--input", "images.npy", "--layer", "logits", "-o", "logits.npy")
    return numpy.load(alexnet.folder / "logits.npy").reshape(2, -1)


def compare(what, found, expected):
    import numpy
    difference = numpy.abs(found.reshape(2, -1) - expected).max() / numpy.abs(expected).max()
    print(f"{what:40} {difference:.1e}")
    return difference <= LIMIT


def with_torch(alexnet, family, images):
    if family != "torchvision" or not has("torch", "torchvision", "safetensors"):
        return
    import safetensors.torch
    import torch
    import torchvision
    alexnet.must("convert", "w.safetensors", "w.pth", "--force")
    for name, state in (("w.pth", torch.load(alexnet.folder / "w.pth", weights_only=True)),
                        ("w.safetensors", safetensors.torch.load_file(alexnet.folder / "w.safetensors"))):
        net = torchvision.models.alexnet(num_classes=7).eval()
        net.load_state_dict(state)
        with torch.no_grad():
            yield f"{family}, PyTorch, {name}", net(torch.from_numpy(images)).numpy()


def with_onnx(alexnet, family, images):
    if not has("onnxruntime"):
        return
    import onnxruntime
    for dtype in ("fp32", "fp16", "bf16"):
        alexnet.must("convert", "w.safetensors", "w.onnx", "--force", "--dtype", dtype)
        session = onnxruntime.InferenceSession(str(alexnet.folder / "w.onnx"), providers=["CPUExecutionProvider"])
        if dtype != "fp32":
            alexnet.must("convert", "w.safetensors", "narrow.safetensors", "--force", "--dtype", dtype)
        yield (f"{family}, ONNX Runtime, {dtype}", session.run(["logits"], {"input": images})[0],
               "w.safetensors" if dtype == "fp32" else "narrow.safetensors")


def with_opencv(alexnet, family, images):
    if not has("cv2"):
        return
    import cv2
    status, _, errors = alexnet("convert", "w.safetensors", "w.caffemodel", "--force")
    if status != 0:
        print(f"{family}, OpenCV: not written: {errors.strip().splitlines()[-1]}")
        return
    if family == "slim":   # round_mode, which Caffe knows and OpenCV does not
        print(f"{family}, OpenCV: left out, its pooling rounds down")
        return
    net = cv2.dnn.readNetFromCaffe(str(alexnet.folder / "w.prototxt"), str(alexnet.folder / "w.caffemodel"))
    last = [name for name in net.getLayerNames() if name != "prob"][-1]
    net.setInput(images)
    yield f"{family}, OpenCV's dnn", net.forward(last)


def main():
    if not has("numpy") or not any(importlib.util.find_spec(n) for n in ("torch", "onnxruntime", "cv2")):
        restart()
        print("skipped: this Python has none of the programs to compare with")
        return 77
    good = True
    with tempfile.TemporaryDirectory() as folder:
        alexnet = Program(sys.argv[1], Path(folder))
        for family in FAMILIES:
            alexnet.must("init", family, "--classes", "7", "-o", "w.safetensors", "--force")
            images = images_of(alexnet, "w.safetensors")
            for oracle in (with_torch, with_onnx, with_opencv):
                for what, found, *weights in oracle(alexnet, family, images):
                    good &= compare(what, found, logits_of(alexnet, weights[0] if weights else "w.safetensors"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
