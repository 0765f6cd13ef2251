#!/usr/bin/env python3
"""Computes local response normalisation in float64, by the formulas of its sources, for lrn_test.c:
lrn.inc beside this file.

usage: tests/golden/lrn_golden.py        needs numpy and torch

    d[i] = k + c * sum over the window of x[j]^2        y[i] = x[i] d[i]^-beta
    t[j] = dy[j] x[j] d[j]^(-beta-1)        dx[i] = dy[i] d[i]^-beta - 2 c beta x[i] * sum over the j whose window holds i of t[j]

c is the setting alpha of src/layers/lrn.c.

The window: n maps around this one, clipped to those of its group, or n x n pixels of the same map
around this one, clipped at the border. The gradient is checked here against central differences,
and the results against torch.nn.LocalResponseNorm. x is scale * h("x", i), dy is h("dy", i)
(formula.py), both [n][c][h][w].
SPDX-License-Identifier: MIT
"""

from pathlib import Path

import numpy as np
import torch

from formula import h

# what, kind, size, c, beta, k, groups, shape, scale of x
ROWS = [
    ("the paper as printed: alpha is not divided",      "across", 5,  1e-4,         0.75, 2, 1, (1, 9, 2, 3), 60),
    ("the paper as run: scale / size, per tower",       "across", 5,  1e-4 / 5,     0.75, 2, 2, (2, 8, 1, 3), 90),
    ("bvlc_alexnet: alpha / size, k is 1",              "across", 5,  1e-4 / 5,     0.75, 1, 1, (1, 9, 3, 2), 90),
    ("Caffe's defaults",                                "across", 5,  1 / 5,        0.75, 1, 1, (2, 7, 2, 1), 3),
    ("torch.nn.LocalResponseNorm(5, 0.01, 0.75, 2)",    "across", 5,  0.01 / 5,     0.75, 2, 1, (2, 6, 2, 2), 20),
    ("tf.nn.lrn's defaults: depth_radius 5",            "across", 11, 1,            0.5,  1, 1, (1, 14, 1, 3), 2),
    ("cuda-convnet's rnorm of net #145: scale / size^2", "within", 5, 0.001 / 25,   0.75, 1, 1, (1, 2, 7, 4), 60),
    ("Caffe's WITHIN_CHANNEL, a map below its window",  "within", 5,  1 / 25,       0.75, 1, 1, (2, 3, 3, 2), 3),
    ("within, another power",                           "within", 3,  0.5,          0.6,  2, 1, (1, 3, 4, 4), 2),
]


def windows(kind, size, groups, shape):
    """For each place (c, h, w) the places of its window."""
    maps, height, width = shape[1:]
    half, group = size // 2, maps // groups
    for c in range(maps):
        for y in range(height):
            for x in range(width):
                if kind == "across":
                    first = c // group * group
                    yield (c, y, x), [(j, y, x) for j in range(max(first, c - half), min(first + group - 1, c + half) + 1)]
                else:
                    yield (c, y, x), [(c, i, j) for i in range(max(0, y - half), min(height - 1, y + half) + 1)
                                      for j in range(max(0, x - half), min(width - 1, x + half) + 1)]


def window_sums(values, row):
    _, kind, size, _, _, _, groups, shape, _ = row
    sums = np.zeros(shape)
    for image in range(shape[0]):
        for place, window in windows(kind, size, groups, shape):
            sums[(image, *place)] = sum(values[(image, *other)] for other in window)
    return sums


def forward(x, row):
    _, _, _, c, beta, k, *_ = row
    d = k + c * window_sums(x**2, row)
    return x * d**-beta, d


def backward(x, dy, row):
    """dx, and the sum of the absolute values of its terms: the scale of its rounding errors."""
    _, _, _, c, beta, _, *_ = row
    d = forward(x, row)[1]
    t = dy * x * d**(-beta - 1)
    direct, factor = dy * d**-beta, 2 * c * beta * x
    return direct - factor * window_sums(t, row), abs(direct) + abs(factor) * window_sums(abs(t), row)


def check_against_differences(x, dy, dx, row):
    step = 1e-4 * row[-1]
    for place in np.ndindex(*x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        difference = (dy * (forward(x + moved, row)[0] - forward(x - moved, row)[0])).sum() / (2 * step)
        assert abs(difference - dx[place]) < 1e-6 * abs(dx).max(), (row, place, difference, dx[place])


def check_against_torch(x, dy, y, dx):
    given = torch.from_numpy(x).requires_grad_()
    found = torch.nn.LocalResponseNorm(5, 0.01, 0.75, 2)(given)
    found.backward(torch.from_numpy(dy))
    assert np.allclose(found.detach().numpy(), y, rtol=1e-12) and np.allclose(given.grad.numpy(), dx, rtol=1e-11)


def braces(values):
    return "{" + ", ".join(f"{value:.9g}" for value in np.ravel(values)) + "}"


def main():
    lines = ["/* What, settings, shape of x, scale of x, terms of a sum, beta, y, dx, sizes of what dx adds up. Written by\n"
             "   lrn_golden.py. SPDX-License-Identifier: MIT */", "/* clang-format off */"]
    for row in ROWS:
        what, kind, size, c, beta, k, groups, shape, scale = row
        count = int(np.prod(shape))
        x = (np.float32(scale) * h("x", count)).astype(np.float64).reshape(shape)
        dy = h("dy", count).astype(np.float64).reshape(shape)
        y = forward(x, row)[0]
        dx, sizes = backward(x, dy, row)
        check_against_differences(x, dy, dx, row)
        if "torch" in what:
            check_against_torch(x, dy, y, dx)
        settings = f"{kind} size={size} alpha={c!r} beta={beta} k={k} groups={groups}"
        terms = size if kind == "across" else size**2
        lines.append(f'{{"{what}",\n "{settings}", {braces(shape)}, {scale}, {terms}, {beta},\n {braces(y)},\n'
                     f' {braces(dx)},\n {braces(sizes)}}},')
    path = Path(__file__).resolve().parent / "lrn.inc"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
