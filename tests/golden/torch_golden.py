#!/usr/bin/env python3
"""Computes with PyTorch, in float64, the expected numbers of golden_test.c: FAMILY.json beside this
file.

usage: tests/golden/torch_golden.py [FAMILY...]        needs torch and torchvision

The networks are in torch_families.py. Weights, images and labels are given by a formula that
golden_test.c has, too (formula.py; fan_in is the number of inputs of an output):

    weights     scale * h(name, i), scale = sqrt(3 / fan_in) as float32
    biases      0.05 * h(name, i)
    batch norm  weight and running_var 1 + 0.5 * h(name, i), running_mean 0.5 * h(name, i)
    images      pixel_size * h("images N", i), N the first for which rounding changes no ReLU and no
                maximum in the first step
    labels      (3 i + 1) mod classes

The file has the logits in inference, the gradients of the first step, and the losses of three steps
of SGD and the change of each parameter by them: without dropout, and under "dropout", for families
that have it, with the masks drawn here. Of each tensor: sum, sum of
absolute values (l1), norm (l2), and SAMPLES values spread over it. "moves" are the changes of
parameters in three steps.
SPDX-License-Identifier: MIT
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

from formula import h
from torch_families import CLASSES, FAMILIES, Close

SAMPLES = 200
MOMENTUM = 0.9
DROPOUT = {"p": 0.3, "seed": 0x123456789ABCD, "step": 7}        # the first of the steps


# ---- what is given ----

def given(name, shape, offset, scale):
    values = np.float32(offset) + np.float32(scale) * h(name, int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float64).reshape(shape))


def reset(net):
    with torch.no_grad():
        for name, tensor in net.tensors.items():
            tensor.copy_(given(name, *net.initial[name]))


def set_dropout(net, p, step=DROPOUT["step"]):
    net.p, net.stream = p, {"seed": DROPOUT["seed"], "step": step}


def batch_of(net):
    labels = torch.tensor([(3 * i + 1) % CLASSES for i in range(net.batch)])
    return given(net.images, (net.batch, *net.input), 0, net.pixel_size), labels


def choose_images(net, dropouts):
    """The first for which rounding changes no ReLU and no maximum, at any of these probabilities of
    dropout."""
    net.strict = True
    for n in itertools.count():
        net.images = f"images {n}"
        try:
            for p in dropouts:
                set_dropout(net, p)
                with torch.no_grad():
                    net.training = True
                    net.logits(batch_of(net)[0])
        except Close:
            continue
        break
    net.strict = False


def learned(net):
    return {name: tensor for name, tensor in net.tensors.items() if tensor.requires_grad}


# ---- testing and training ----

def test(net):
    net.training = False
    with torch.no_grad():
        return net.logits(batch_of(net)[0])


def forward_and_backward(net):
    images, labels = batch_of(net)
    for tensor in net.tensors.values():
        tensor.grad = None
    net.training = True
    loss = F.cross_entropy(net.logits(images), labels)
    loss.backward()
    return loss.item()


def decay_of(net):
    return net.decay * net.decay_scale


class PaperSGD:
    """v = 0.9 v - decay rate w - rate g; w = w + v (Krizhevsky et al. 2012, section 5)."""

    def __init__(self, net):
        self.net, self.velocity = net, {name: torch.zeros_like(tensor) for name, tensor in learned(net).items()}

    def step(self, rate):
        with torch.no_grad():
            for name, w in learned(self.net).items():
                rate_multiplier, decay_multiplier = self.net.multipliers(name)
                own = rate * rate_multiplier
                self.velocity[name].mul_(MOMENTUM).sub_(own * (decay_of(self.net) * decay_multiplier * w + w.grad))
                w.add_(self.velocity[name])


class TorchSGD:
    """torch.optim.SGD."""

    def __init__(self, net):
        self.optimizer = torch.optim.SGD([
            {"params": [tensor], "times": net.multipliers(name)[0], "weight_decay": decay_of(net) * net.multipliers(name)[1]}
            for name, tensor in learned(net).items()], lr=1, momentum=MOMENTUM)

    def step(self, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["times"]
        self.optimizer.step()


def train(net):
    sgd = (PaperSGD if net.update == "paper" else TorchSGD)(net)
    losses = []
    for step, factor in enumerate(net.rate_factors, DROPOUT["step"]):
        set_dropout(net, net.p, step)
        losses.append(forward_and_backward(net))
        sgd.step(net.rate * factor)
    return losses


# ---- what is stored ----

def rounded(value):
    return float(f"{value:.7g}")


def summary(tensor, size=None):
    flat = tensor.detach().flatten()
    count = flat.numel()
    places = range(count) if count <= SAMPLES else [k * count // SAMPLES for k in range(SAMPLES)]
    out = {"count": count, "sum": rounded(flat.sum().item()), "l1": rounded(flat.abs().sum().item()),
           "l2": rounded(flat.norm().item()), "samples": [rounded(flat[i].item()) for i in places]}
    return out if size is None else out | {"size": rounded(size)}


def summaries(net, tensors):
    """Batch norm removes what a bias before it adds: the bias's gradient is 0 except for rounding,
    whose size is that of its layer's weights."""
    def size(name):
        layer, _, kind = name.partition(".")
        before_norm = kind == "bias" and layer.replace("conv", "bn").replace("fc", "bn") + ".weight" in tensors
        return tensors[layer + ".weight"].norm().item() if before_norm and "bn" not in layer else None
    return {name: summary(tensor, size(name)) for name, tensor in tensors.items()}


def gradients(net):
    return summaries(net, {name: tensor.grad for name, tensor in learned(net).items()})


def moves(net):
    return summaries(net, {name: tensor.detach() - given(name, *net.initial[name]) for name, tensor in net.tensors.items()})


def measure(net, p):
    """All numbers of the file for this probability of dropout, from the given weights."""
    set_dropout(net, p)
    reset(net)
    out = {"logits": summary(test(net))}
    forward_and_backward(net)
    out["gradients"] = gradients(net)
    reset(net)
    return out | {"losses": train(net), "moves": moves(net)}


def compute(family):
    net = FAMILIES[family]()
    reset(net)
    choose_images(net, [0, DROPOUT["p"]] if net.dropout else [0])
    golden = {"made_by": f"torch {torch.__version__}, torchvision {torchvision.__version__}, float64",
              "family": family, "batch": net.batch, "classes": CLASSES, "images": net.images, "pixel_size": net.pixel_size,
              "momentum": MOMENTUM, "weight_decay": decay_of(net), "update": net.update,
              "rates": [net.rate * factor for factor in net.rate_factors]} | measure(net, 0)
    if net.dropout:
        golden["dropout"] = DROPOUT | measure(net, DROPOUT["p"])
    return golden


def main():
    torch.use_deterministic_algorithms(True)
    for family in sys.argv[1:] or FAMILIES:
        path = Path(__file__).resolve().parent / f"{family}.json"
        golden = compute(family)
        path.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"') + "\n")
        print(path, golden["images"], golden["losses"])


if __name__ == "__main__":
    main()
