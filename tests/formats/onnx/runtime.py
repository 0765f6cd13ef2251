#!/usr/bin/env python3
"""Compares our ONNX files with ONNX Runtime, and reads what PyTorch's exporters make of torchvision's AlexNet.

usage: runtime.py EXPORTS

EXPORTS is the program of exports.c. If the Python that runs this lacks a package, $ALEXNET_PYTHON may name one
that has it: onnx and onnxruntime; for the exports torch and torchvision, for one of them onnxscript.
Exit status: 0 good, 1 not, 77 no ONNX Runtime.
SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

sys.path.pop(0)     # the folder of this file: its name is that of a package

FAMILIES = ("paper", "paper-run", "owt", "torchvision", "torchvision-2018", "slim", "caffe", "caffenet", "cifar-80sec",
            "cifar-19pct", "cifar-18pct", "bn")
NARROW = (("F16", "cifar-18pct"), ("BF16", "cifar-18pct"), ("F16", "paper"), ("BF16", "bn"))
LIMIT = 1e-4


def difference(found, expected):
    import numpy
    found, expected = found.ravel().astype(float), expected.ravel().astype(float)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float(numpy.linalg.norm(found - expected) / numpy.linalg.norm(expected))


def run_ours(exports, path, numpy):
    families = subprocess.run([exports, "run", path], check=True, capture_output=True, text=True).stdout.split()
    return families, numpy.fromfile(f"{path}.run", numpy.float32)


def check_family(exports, family, dtype, path):
    import numpy
    import onnx
    import onnxruntime
    subprocess.run([exports, "write", family, path, dtype], check=True)
    onnx.checker.check_model(path, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (source,), (logits,) = session.get_inputs(), session.get_outputs()
    assert source.name == "input" and source.shape[:2] == ["N", 3], source
    assert logits.name == "logits" and logits.shape[0] == "N" and len(logits.shape) == 2, logits
    images = numpy.fromfile(f"{path}.images", numpy.float32).reshape(2, *source.shape[1:])
    theirs = session.run(["logits"], {"input": images})[0]
    one = session.run(["logits"], {"input": images[1:]})[0]     # another number of images
    families, ours = run_ours(exports, path, numpy)
    against_program = difference(numpy.fromfile(f"{path}.logits", numpy.float32), theirs)
    print(f"{family:17}{dtype:5} program {against_program:.1e}  own run {difference(ours, theirs):.1e}")
    assert family in families, families
    assert against_program < (LIMIT if dtype == "F32" else 2e-2)
    assert difference(ours, theirs) < LIMIT and difference(one, theirs[1:]) < LIMIT


def check_exports(exports, folder):
    import numpy
    import torch
    import torchvision
    model = torchvision.models.alexnet(num_classes=10).eval()
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected = model(images).numpy()
    ways = {"torchscript": {"dynamo": False},
            "torchscript-open": {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}}}
    if find_spec("onnxscript"):
        ways["dynamo"] = {"dynamo": True, "external_data": False}
        ways["dynamo-beside"] = {"dynamo": True, "external_data": True}
        ways["dynamo-open"] = {"dynamo": True, "external_data": False,
                               "dynamic_shapes": ({0: torch.export.Dim("N")},)}
    for name, options in ways.items():
        path = str(folder / f"{name}.onnx")
        torch.onnx.export(model, (images[:1] if "open" not in name else images,), path, **options)
        images.numpy().tofile(f"{path}.images")
        families, ours = run_ours(exports, path, numpy)
        print(f"torchvision by {name}: {difference(ours, expected):.1e}")
        assert "torchvision" in families, families
        assert difference(ours, expected) < LIMIT


def main(exports):
    if not (find_spec("onnx") and find_spec("onnxruntime")):
        python = os.environ.get("ALEXNET_PYTHON")
        if python and os.environ.get("ALEXNET_PYTHON_TRIED") is None:
            os.execve(python, [python, __file__, exports], {**os.environ, "ALEXNET_PYTHON_TRIED": "1"})
        print("left out: no onnx and onnxruntime ($ALEXNET_PYTHON)")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for family in FAMILIES:
            check_family(exports, family, "F32", str(folder / "x.onnx"))
        for dtype, family in NARROW:
            check_family(exports, family, dtype, str(folder / "x.onnx"))
        if find_spec("torch") and find_spec("torchvision"):
            check_exports(exports, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
