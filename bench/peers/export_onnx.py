#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes torchvision's AlexNet, with random weights, in the formats that the peers read.

usage: export_onnx.py FOLDER

    alexnet.pt                      PyTorch's state_dict
    alexnet.onnx                    input x [n][3][224][224], output y [n][1000]
    alexnet.param, alexnet.bin      ncnn: the same, with every ReLU inside the layer before it
    image.npy, logits.npy           one image, and PyTorch's output in fp32: every peer is checked
                                    with it

Needs torch, torchvision, onnx and onnxscript.
"""

import os
import sys

import numpy
import torch
import torchvision

POOL = "0=0 1=3 2=2"    # largest of 3x3, step 2


def ncnn_layers(net):
    """(type, settings, layer with weights or None) of each layer."""
    def convolution(index):
        layer = net.features[index]
        return "Convolution", (f"0={layer.out_channels} 1={layer.kernel_size[0]} 3={layer.stride[0]} "
                               f"4={layer.padding[0]} 5=1 6={layer.weight.numel()} 9=1"), layer

    def linear(index, relu):
        layer = net.classifier[index]
        return "InnerProduct", f"0={layer.out_features} 1=1 2={layer.weight.numel()} 9={relu}", layer

    pool = "Pooling", POOL, None
    return [convolution(0), pool, convolution(3), pool, convolution(6), convolution(8), convolution(10), pool,
            ("Flatten", "", None), linear(1, 1), linear(4, 1), linear(6, 0)]


def write_ncnn(net, stem):
    """ncnn's text of layers, and its file of weights: a tag 0 for fp32, the weights, the biases."""
    layers = ncnn_layers(net)
    names = ["x"] + [f"b{i}" for i in range(1, len(layers))] + ["y"]
    with open(stem + ".param", "w", encoding="ascii") as text, open(stem + ".bin", "wb") as weights:
        text.write(f"7767517\n{len(layers) + 1} {len(layers) + 1}\nInput in 0 1 x 0=224 1=224 2=3\n")
        for i, (kind, settings, layer) in enumerate(layers):
            text.write(f"{kind} {kind}{i} 1 1 {names[i]} {names[i + 1]} {settings}\n")
            if layer is not None:
                weights.write(bytes(4) + layer.weight.numpy().tobytes() + layer.bias.numpy().tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(0)
    net = torchvision.models.alexnet(weights=None).eval().requires_grad_(False)
    image = torch.randn(1, 3, 224, 224)
    torch.save(net.state_dict(), os.path.join(folder, "alexnet.pt"))
    torch.onnx.export(net, (torch.randn(2, 3, 224, 224),), os.path.join(folder, "alexnet.onnx"), input_names=["x"],
                      output_names=["y"], dynamic_shapes={"x": {0: torch.export.Dim("n")}}, external_data=False)
    write_ncnn(net, os.path.join(folder, "alexnet"))
    numpy.save(os.path.join(folder, "image.npy"), image[0].numpy())
    numpy.save(os.path.join(folder, "logits.npy"), net(image)[0].numpy())


if __name__ == "__main__":
    main()
