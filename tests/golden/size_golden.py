#!/usr/bin/env python3
"""Computes with PyTorch, in float64, the expected numbers of sizes_test.c: sizes.json beside this
file. These are the logits of weights at another input size than that of their network.

usage: tests/golden/size_golden.py                     needs torch and torchvision

Weights and images are given by the formula of torch_golden.py. `torchvision` is
torchvision.models.alexnet, at any size; `slim` is all convolutions, as in its source; in `caffe`,
fc6 is a convolution with filters of 6x6, to which it is equal at the usual size, and fc7 and fc8
are convolutions of 1x1. The file has logits as [n][c][h][w]: sum, norm and samples.
SPDX-License-Identifier: MIT
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

from torch_families import CLASSES, FAMILIES, Caffe, Slim
from torch_golden import given, reset, summary

BATCH = 2


class SlimAnywhere(Slim):
    """Without the squeeze."""

    def logits(self, x):
        x = self.max_pool(self.relu(self.conv("conv1", x, 4)), up=False)
        x = self.max_pool(self.relu(self.conv("conv2", x, pad=2)), up=False)
        for layer in ("conv3", "conv4", "conv5"):
            x = self.relu(self.conv(layer, x, pad=1))
        for layer in ("fc6", "fc7"):
            x = self.relu(self.conv(layer, self.max_pool(x, up=False) if layer == "fc6" else x))
        return self.conv("fc8", x)


class CaffeAnywhere(Caffe):
    """Linear layers as convolutions."""

    def linear(self, layer, x):
        w = self.of(layer, "weight")
        side = 6 if layer == "fc6" else 1
        return F.conv2d(x, w.view(w.shape[0], -1, side, side), self.of(layer, "bias"))


def torchvision_logits(net, x):
    return net.net.eval()(x)[:, :, None, None]


def compute(family, net, height, width):
    reset(net)
    with torch.no_grad():
        x = given(f"size {height}x{width}", (BATCH, 3, height, width), 0, net.pixel_size)
        logits = torchvision_logits(net, x) if family == "torchvision" else net.logits(x)
    return {"family": family, "height": height, "width": width, "pixel_size": net.pixel_size, "batch": BATCH,
            "shape": list(logits.shape), "logits": summary(logits), "means": summary(logits.mean((2, 3)))}


def main():
    torchvision, slim, caffe = FAMILIES["torchvision"](), SlimAnywhere(), CaffeAnywhere()
    rows = [("torchvision", torchvision, 288, 193), ("torchvision", torchvision, 63, 63), ("slim", slim, 300, 400),
            ("caffe", caffe, 291, 259)]
    golden = {"made_by": f"torch {torch.__version__}, float64", "classes": CLASSES,
              "rows": [compute(*row) for row in rows]}
    path = Path(__file__).resolve().parent / "sizes.json"
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"').replace('},{', '},\n{') + "\n")
    print(path, [row["shape"] for row in golden["rows"]])


if __name__ == "__main__":
    main()
