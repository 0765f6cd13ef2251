#!/usr/bin/env python3
"""Computes with PyTorch, in float64, what golden_test.c must reproduce: FAMILY.json beside this file.

usage: tests/golden/torch_golden.py [FAMILY...]        needs torch and torchvision

Weights, pictures and labels are given by a formula that golden_test.c has, too (formula.py):

    weights   scale * h(name, i), scale = sqrt(3 / fan_in) as float32     (activations shrink a little from layer to layer)
    biases    0.05 * h(name, i)
    pictures  2 * h("images", i)
    labels    (3 i + 1) mod classes

Dropout is off. Stored are logits, the gradients of the first step, and for both forms of momentum the losses of three
steps of SGD and how far they move each parameter. Of each tensor: sum, sum of sizes, norm, and SAMPLES values spread over it.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

from formula import h

SAMPLES = 200
CLASSES = 10
MOMENTUM, DECAY = 0.9, 5e-4
PAPER_RATES = [1, 0.1, 0.1]     # times the network's own: the two forms differ from a change on


# ---- the formula ----

def given(name, shape):
    count = int(np.prod(shape))
    if name == "images":
        scale = np.float32(2)
    elif len(shape) == 1:
        scale = np.float32(0.05)
    else:
        scale = np.float32(np.sqrt(3 / (count // shape[0])))
    return torch.from_numpy((scale * h(name, count)).astype(np.float64).reshape(shape))


# ---- the networks ----

class Torchvision:
    """torchvision.models.alexnet itself."""
    batch, input, rate = 2, (3, 224, 224), 0.002

    def __init__(self):
        self.net = torchvision.models.alexnet(num_classes=CLASSES).double().eval()     # eval: no dropout
        self.parameters = dict(self.net.named_parameters())

    def logits(self, x):
        return self.net(x)

    def multipliers(self, name):
        return 1, 1


class Cifar19pct:
    """cuda-convnet, example-layers/layers-19pct.cfg: biases learn twice as fast and do not decay; fc10's cost is 3."""
    batch, input, rate = 4, (3, 32, 32), 0.01

    def __init__(self):
        shapes = {"conv1": (32, 3, 5, 5), "conv2": (32, 32, 5, 5), "conv3": (64, 32, 5, 5), "fc10": (CLASSES, 1024)}
        self.parameters = {}
        for layer, shape in shapes.items():
            self.parameters[layer + ".weight"] = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
            self.parameters[layer + ".bias"] = torch.zeros(shape[:1], dtype=torch.float64, requires_grad=True)

    def logits(self, x):
        p = self.parameters
        average = dict(kernel_size=3, stride=2, ceil_mode=True, count_include_pad=False)
        x = F.relu(F.max_pool2d(F.conv2d(x, p["conv1.weight"], p["conv1.bias"], padding=2), 3, 2, ceil_mode=True))
        x = F.avg_pool2d(F.relu(F.conv2d(x, p["conv2.weight"], p["conv2.bias"], padding=2)), **average)
        x = F.avg_pool2d(F.relu(F.conv2d(x, p["conv3.weight"], p["conv3.bias"], padding=2)), **average)
        return F.linear(x.flatten(1), p["fc10.weight"], p["fc10.bias"])

    def multipliers(self, name):
        return (2, 0) if name.endswith(".bias") else (1, 750) if name == "fc10.weight" else (1, 1)


FAMILIES = {"torchvision": Torchvision, "cifar-19pct": Cifar19pct}


# ---- training ----

def reset(net):
    with torch.no_grad():
        for name, parameter in net.parameters.items():
            parameter.copy_(given(name, tuple(parameter.shape)))
            parameter.grad = None


def forward_and_backward(net, images, labels):
    for parameter in net.parameters.values():
        parameter.grad = None
    logits = net.logits(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    return logits.detach(), loss.item()


def three_steps_torch(net, images, labels):
    groups = []
    for name, parameter in net.parameters.items():
        rate_multiplier, decay_multiplier = net.multipliers(name)
        groups.append({"params": [parameter], "lr": net.rate * rate_multiplier, "weight_decay": DECAY * decay_multiplier})
    optimizer = torch.optim.SGD(groups, momentum=MOMENTUM)
    losses = []
    for _ in range(3):
        losses.append(forward_and_backward(net, images, labels)[1])
        optimizer.step()
    return losses


def three_steps_paper(net, images, labels):
    """v = 0.9 v - 0.0005 rate w - rate g; w = w + v (Krizhevsky et al. 2012, section 5)."""
    velocity = {name: torch.zeros_like(parameter) for name, parameter in net.parameters.items()}
    losses = []
    for rate in [net.rate * factor for factor in PAPER_RATES]:
        losses.append(forward_and_backward(net, images, labels)[1])
        with torch.no_grad():
            for name, w in net.parameters.items():
                rate_multiplier, decay_multiplier = net.multipliers(name)
                own = rate * rate_multiplier
                velocity[name].mul_(MOMENTUM).sub_(own * (DECAY * decay_multiplier * w + w.grad))
                w.add_(velocity[name])
    return losses


# ---- what is stored ----

def rounded(value):
    return float(f"{value:.7g}")


def summary(tensor):
    flat = tensor.detach().flatten()
    count = flat.numel()
    places = range(count) if count <= SAMPLES else [k * count // SAMPLES for k in range(SAMPLES)]
    return {"count": count, "sum": rounded(flat.sum().item()), "l1": rounded(flat.abs().sum().item()),
            "l2": rounded(flat.norm().item()), "samples": [rounded(flat[i].item()) for i in places]}


def moves(net):
    return {name: summary(parameter - given(name, tuple(parameter.shape))) for name, parameter in net.parameters.items()}


def compute(family):
    net = FAMILIES[family]()
    images = given("images", (net.batch, *net.input))
    labels = torch.tensor([(3 * i + 1) % CLASSES for i in range(net.batch)])

    reset(net)
    logits, _ = forward_and_backward(net, images, labels)
    golden = {"made_by": f"torch {torch.__version__}, torchvision {torchvision.__version__}, float64",
              "family": family, "batch": net.batch, "classes": CLASSES, "rate": net.rate, "logits": summary(logits),
              "gradients": {name: summary(parameter.grad) for name, parameter in net.parameters.items()}}
    reset(net)
    golden["torch_losses"] = three_steps_torch(net, images, labels)
    golden["torch_moves"] = moves(net)
    reset(net)
    golden["paper_losses"] = three_steps_paper(net, images, labels)
    golden["paper_moves"] = moves(net)
    return golden


def main():
    torch.use_deterministic_algorithms(True)
    for family in sys.argv[1:] or FAMILIES:
        path = Path(__file__).resolve().parent / f"{family}.json"
        path.write_text(json.dumps(compute(family), indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")
        print(path)


if __name__ == "__main__":
    main()
