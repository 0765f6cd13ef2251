#!/usr/bin/env python3
"""Computes in float64 the expected numbers of layers_golden_test.c: layers.json beside this file.

usage: tests/golden/layers_golden.py        needs torch, torchvision and numpy

batch_norm is PyTorch's; local, which PyTorch does not have, is its definition in numpy. Inputs
follow the formula h of formula.py and formula.h:

    x 1 + 2 h("x", i)    dy h("dy", i)    weight 1 + h/2    bias h/2
    running_mean h/2     running_var 1 + h/2

Each tensor has the bound of its error in float32, `roundings` 2^-24 of the largest sum of the
absolute values of the terms of an element. A mean m is rounded once, so x - m counts as |m| + |x - m|. batch_norm,
whose sums are in double, rounds at most 8 times on any path; local, whose sums are in float, once
for every term and product.
"""

import json
from pathlib import Path

import numpy as np
import torch

from formula import h

UNIT = 2.0**-24
FORMULA = {"x": (1, 2), "dy": (0, 1), "weight": (1, 0.5), "bias": (0, 0.5), "running_mean": (0, 0.5), "running_var": (1, 0.5)}


def given(name, shape):
    offset, scale = FORMULA[name]
    values = np.float32(offset) + np.float32(scale) * h(name, int(np.prod(shape)))
    return values.astype(np.float64).reshape(shape)


def expected(values, roundings, size):
    return {"bound": float(f"{roundings * UNIT * np.max(size):.3g}"),
            "values": [float(f"{v:.10g}") for v in np.asarray(values).flatten()]}


# ---- batch_norm ----

def batch_norm(shape, epsilon, momentum, affine):
    c = shape[1]
    x, dy = given("x", shape), given("dy", shape)
    w, b = (given("weight", c), given("bias", c)) if affine else (np.ones(c), np.zeros(c))
    running_mean, running_var = given("running_mean", c), given("running_var", c)

    kind = torch.nn.BatchNorm2d if shape[2:] != (1, 1) else torch.nn.BatchNorm1d
    view = shape if shape[2:] != (1, 1) else shape[:2]
    layer = kind(c, eps=epsilon, momentum=momentum, affine=affine).double()
    with torch.no_grad():
        layer.running_mean.copy_(torch.from_numpy(running_mean))
        layer.running_var.copy_(torch.from_numpy(running_var))
        if affine:
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
    tensor = torch.from_numpy(x.reshape(view)).requires_grad_()
    frozen = layer.eval()(tensor.detach()).detach().numpy().reshape(shape)
    y = layer.train()(tensor)
    y.backward(torch.from_numpy(dy.reshape(view)))

    over, each = (0, 2, 3), (None, slice(None), None, None)
    values = x.size // c
    mean, var = x.mean(over), x.var(over)

    def normalised(m, v):
        d = 1 / np.sqrt(v + epsilon)
        return d[each], abs(m)[each] + abs(x - m[each])

    d, distance = normalised(mean, var)
    frozen_d, frozen_distance = normalised(running_mean, running_var)
    factor, shift = abs(w)[each], abs(b)[each]
    sum_dy = abs(dy).sum(over)[each]
    sum_dy_x = (abs(dy) * distance).sum(over)[each]
    out = {
        "inference": expected(frozen, 8, factor * frozen_d * frozen_distance + shift),
        "y": expected(y.detach(), 8, factor * d * distance + shift),
        "dx": expected(tensor.grad, 8, factor * d * (abs(dy) + sum_dy / values + distance * d * d * sum_dy_x / values)),
        "running_mean": expected(layer.running_mean, 8, abs(running_mean) + abs(mean)),
        "running_var": expected(layer.running_var, 8, running_var + var * values / (values - 1)),
    }
    if affine:
        out["weight"] = expected(layer.weight.grad, 8, d * sum_dy_x)
        out["bias"] = expected(layer.bias.grad, 8, sum_dy)
    settings = f"epsilon={epsilon} momentum={momentum} affine={'yes' if affine else 'no'}"
    return {"type": "batch_norm", "settings": settings, "x": shape, "tensors": out}


# ---- local ----

def locally_connected(x, w, b, dy, kernel, stride, pad):
    """y, dx, dw, db for w [places][c][kernel^2][k], b [places][k]."""
    n, c, height, width = x.shape
    k, p, q = dy.shape[1:]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    y, dpadded, dw, db = np.zeros(dy.shape), np.zeros(padded.shape), np.zeros(w.shape), np.zeros(b.shape)
    for i in range(p):
        for j in range(q):
            place = i * q + j
            window = (slice(None), slice(None), slice(i * stride, i * stride + kernel), slice(j * stride, j * stride + kernel))
            taps = padded[window].reshape(n, c, kernel * kernel)
            y[:, :, i, j] = np.einsum("nct,ctk->nk", taps, w[place]) + b[place]
            dpadded[window] += np.einsum("nk,ctk->nct", dy[:, :, i, j], w[place]).reshape(n, c, kernel, kernel)
            dw[place] = np.einsum("nct,nk->ctk", taps, dy[:, :, i, j])
            db[place] = dy[:, :, i, j].sum(0)
    return y, dpadded[:, :, pad:pad + height, pad:pad + width], dw, db


def local(shape, filters, kernel, stride, pad):
    n, c, height, width = shape
    p, q = (height + 2 * pad - kernel) // stride + 1, (width + 2 * pad - kernel) // stride + 1
    inputs = [given("x", shape), given("weight", (p * q, c, kernel * kernel, filters)), given("bias", (p * q, filters)),
              given("dy", (n, filters, p, q))]
    values = locally_connected(*inputs, kernel, stride, pad)
    sizes = locally_connected(*[abs(tensor) for tensor in inputs], kernel, stride, pad)
    terms = [c * kernel * kernel + 1, filters * kernel * kernel, n, n]
    out = {name: expected(v, t + 1, s) for name, v, t, s in zip(("y", "dx", "weight", "bias"), values, terms, sizes)}
    settings = f"filters={filters} kernel={kernel} stride={stride} pad={pad}"
    return {"type": "local", "settings": settings, "x": shape, "tensors": out}


def main():
    cases = [
        batch_norm((4, 3, 5, 4), 1e-5, 0.1, True),
        batch_norm((7, 5, 1, 1), 1e-3, 0.25, True),
        batch_norm((2, 6, 3, 3), 1e-3, 0.1, False),
        local((2, 3, 5, 4), 5, 3, 2, 1),
        local((2, 1, 3, 3), 18, 2, 1, 0),
    ]
    golden = {"made_by": f"torch {torch.__version__}, numpy {np.__version__}, float64", "cases": cases}
    path = Path(__file__).resolve().parent / "layers.json"
    path.write_text(json.dumps(golden, separators=(",", ":")).replace("},", "},\n") + "\n")
    print(path)


if __name__ == "__main__":
    main()
