#!/usr/bin/env python3
"""Loads the files that exports.c writes with the programs that they are for: NumPy and PyTorch.

usage: exports.py EXPORTS

EXPORTS is the program. If the Python that runs this lacks a package, $ALEXNET_PYTHON may name one
that has it. Exit status: 0 good, 1 not, 77 neither package is there.
SPDX-License-Identifier: MIT
"""

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

sys.path.pop(0)     # the folder of this file: its folder numpy/ is no package

METADATA = {"alexnet.family": "torchvision", "note": "grüß"}
SHAPES = {"scalar": [], "vector": [300], "features.0.weight": [4, 3, 2, 5],
          "eight": [1, 2, 1, 2, 1, 2, 1, 2], "cube": [70, 10, 100], "empty": [2, 0, 3],
          "grüß": [1]}
TYPES = {"f4": "float32", "f8": "float64", "f2": "float16", "i8": "int64", "i4": "int32",
         "i2": "int16", "i1": "int8", "u1": "uint8", "b1": "bool"}


def check(name, shape, dtype, values):
    """`values` are the elements in row-major order, as Python's numbers."""
    expected_type = TYPES.get(name, "bfloat16" if name == "bf2" else "float32")
    assert list(shape) == SHAPES.get(name, [2, 3]), (name, shape)
    assert str(dtype).removeprefix("torch.") == expected_type, (name, dtype)
    for i, value in enumerate(values):
        expected = i % 2 if name == "b1" else 255 if name == "u1" and i == 0 else i - 1
        assert value == expected, (name, i, value)


def check_numpy(path):
    import numpy
    with numpy.load(path) as file:
        names = [name for name in file.files if name != "alexnet.json"]
        assert names == [*TYPES, *SHAPES], names
        for name in names:
            check(name, file[name].shape, file[name].dtype, file[name].ravel().tolist())
        assert json.loads(file["alexnet.json"]) == METADATA
    print("numpy", numpy.__version__)


def check_torch(path):
    import torch
    ways = [{}, {"weights_only": True}, {"weights_only": False}]
    ways += [{"mmap": True}] if hasattr(torch.serialization, "set_default_mmap_options") else []
    for way in ways:
        tensors = torch.load(path, **way)
        assert list(tensors) == [*TYPES, *SHAPES, "bf2"], list(tensors)
        for name, tensor in tensors.items():
            assert tensor.is_contiguous() and not tensor.requires_grad
            check(name, tensor.shape, tensor.dtype, tensor.flatten().tolist())
    # What torch saves again has the same storages.
    torch.save(tensors, path.with_name("again.pth"))
    again = torch.load(path.with_name("again.pth"), weights_only=True)
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)
    reader = torch._C.PyTorchFileReader(str(path))
    assert json.loads(reader.get_record("alexnet.json")) == METADATA
    print("torch", torch.__version__)


def main():
    found = [name for name in ("numpy", "torch") if find_spec(name)]
    other = os.environ.get("ALEXNET_PYTHON")
    if len(found) < 2 and other and other != sys.executable:
        os.execv(other, [other, *sys.argv])
    if not found:
        print("skipped: this Python has neither numpy nor torch ($ALEXNET_PYTHON may name one)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        if "numpy" in found:
            check_numpy(Path(folder, "all.npz"))
        if "torch" in found:
            check_torch(Path(folder, "all.pth"))
    for name in {"numpy", "torch"} - set(found):
        print(f"left out: this Python has no {name} ($ALEXNET_PYTHON may name one that has)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
