#!/usr/bin/env python3
"""Writes corpus/onnx/*: small models, each with operators or a storage of its own.

usage: tests/fuzz/make_onnx.py [--torch]    needs onnx; with --torch, the exports of PyTorch anew: torch, onnxscript
SPDX-License-Identifier: MIT
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CORPUS = Path(__file__).resolve().parent / "corpus" / "onnx"
WEIGHTS = {"w": (4, 3, 3, 3), "b": (4,), "l": (16, 5), "g": (4,), "m": (4,), "v": (4,), "c": (4,)}


def write(name, nodes, tensors, shape=("N", 3, 4, 4), opset=17, output="y"):
    """nodes: (operator, inputs, output, attributes); tensors: names of WEIGHTS, or (name, array)."""
    values = []
    for tensor in tensors:
        label, array = tensor if isinstance(tensor, tuple) else (
            tensor, np.linspace(0.1, 1, int(np.prod(WEIGHTS[tensor])), dtype=np.float32).reshape(WEIGHTS[tensor]))
        values.append(array if isinstance(array, TensorProto) else numpy_helper.from_array(array, label))
    graph = helper.make_graph(
        [helper.make_node(op, inputs.split(","), [result], name=f"n{i}", **attributes)
         for i, (op, inputs, result, attributes) in enumerate(nodes)], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    CORPUS.mkdir(parents=True, exist_ok=True)
    (CORPUS / name).write_bytes(model.SerializeToString(deterministic=True))


def ints(name, *values):
    return name, np.array(values, np.int64)


def number(name, value):
    return name, np.float32(value).reshape(())


def listed(name, kind, shape, values):
    return name, helper.make_tensor(name, kind, shape, values)


def make():
    conv = ("Conv", "x,w,b", "a", {"pads": [1, 1, 1, 1]})
    write("plain", [conv, ("Relu", "a", "r", {}),
                    ("MaxPool", "r", "p", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
                    ("Flatten", "p", "f", {}), ("Gemm", "f,l", "y", {})], ["w", "b", "l"])
    write("channels-last", [("Transpose", "x", "t", {"perm": [0, 3, 1, 2]}),
                            ("Conv", "t,w", "a", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
                            ("Transpose", "a", "u", {"perm": [0, 2, 3, 1]}), ("Reshape", "u,s", "f", {}),
                            ("MatMul", "f,l", "d", {}), ("Add", "d,k", "e", {}), ("Softmax", "e", "y", {})],
          ["w", "l", ints("s", -1, 16), ("k", np.ones(5, np.float32))], shape=(2, 4, 4, 3))
    write("within", [conv, ("Mul", "a,a", "s", {}),
                     ("AveragePool", "s", "q", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
                     ("Mul", "q,f", "t", {}), ("Add", "t,k", "u", {}), ("Pow", "u,e", "z", {}),
                     ("Div", "a,z", "y", {})],
          ["w", "b", number("f", .9), number("k", 2), number("e", .75)])
    write("in-groups", [conv, ("Reshape", "a,s", "q", {}), ("LRN", "q", "r", {"size": 3}), ("Reshape", "r,t", "y", {})],
          ["w", "b", ints("s", -1, 2, 4, 4), ints("t", -1, 4, 4, 4)])
    write("pads-and-means", [("Pad", "x,p", "q", {}), ("Conv", "q,w,b", "a", {}),
                             ("BatchNormalization", "a,g,c,m,v", "n", {"epsilon": .001}), ("Tanh", "n", "t", {}),
                             ("Dropout", "t", "d", {}), ("ReduceMean", "d,o", "e", {"keepdims": 1}),
                             ("Squeeze", "e,o", "z", {}), ("Mul", "z,h", "y", {})],
          ["w", "b", "g", "c", "m", "v", ints("p", 0, 0, 1, 1, 0, 0, 1, 1), ints("o", 2, 3), number("h", .5)], opset=18)
    write("shapes", [conv, ("GlobalAveragePool", "a", "p", {}), ("Shape", "p", "s", {}), ("Gather", "s,zero", "q", {}),
                     ("Unsqueeze", "q,at", "u", {}), ("Concat", "u,four", "t", {"axis": 0}),
                     ("Reshape", "p,t", "y", {})],
          ["w", "b", ("zero", np.int64(0).reshape(())), ints("at", 0), ints("four", 4)])
    write("storage", [("Cast", "h", "w", {"to": 1}), ("Conv", "x,w,d", "a", {}), ("Sigmoid", "a", "y", {})],
          [listed("h", TensorProto.FLOAT16, (1, 3, 1, 1), [1, 2, 3]), listed("d", TensorProto.FLOAT, (1,), [.5]),
           listed("i", TensorProto.DOUBLE, (2,), [1, 2]), listed("j", TensorProto.INT64, (2,), [-1, 300]),
           listed("k", TensorProto.BFLOAT16, (2,), [1, 2])])
    outside = onnx.TensorProto(name="b", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="../outside")
    write("outside", [conv], ["w", ("b", outside)], output="a")
    write("no-chain", [conv, ("Erf", "a", "e", {}), ("Relu", "e", "y", {})], ["w", "b"])


def make_torch():
    import torch

    class View(torch.nn.Module):
        def __init__(self, *shape):
            super().__init__()
            self.conv, self.linear, self.shape = torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(288, 4), shape

        def forward(self, x):
            x = self.conv(x)
            return self.linear(x.view(x.size(0), *self.shape))

    norm = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.LocalResponseNorm(5, 1e-4, .75, 2))
    script = {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}}
    dynamo = {"dynamo": True, "external_data": False, "dynamic_shapes": ({0: torch.export.Dim("N")},)}
    for name, model, options in (("lrn_tsdyn", norm, script), ("lrn_dydyn", norm, dynamo),
                                 ("view_tsdyn", View(288), script), ("view1_dydyn", View(-1), dynamo)):
        torch.onnx.export(model.eval(), (torch.randn(2, 3, 8, 8),), str(CORPUS / f"torch-{name}"), **options)


if __name__ == "__main__":
    make()
    if "--torch" in sys.argv:
        make_torch()
