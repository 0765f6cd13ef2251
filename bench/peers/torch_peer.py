#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times PyTorch on torchvision's AlexNet. Needs torch and torchvision, any version from 1.13.

A training step is forward, cross-entropy, backward, and SGD with momentum and weight decay. bf16
is autocast. Prints one line of JSON.
"""

import inspect
import os
import re
import warnings

import torch
import torchvision

import peer

warnings.filterwarnings("ignore")
parser = peer.arguments(__doc__, ["train", "infer"])
parser.add_argument("--compile", action="store_true", help="torch.compile, where this PyTorch has it")
parser.add_argument("--channels-last", action="store_true", help="tensors are laid out as [n][h][w][c]")
a = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(a.threads)
net = torchvision.models.alexnet(weights=None)
if a.model:
    net.load_state_dict(torch.load(os.path.join(a.model, "alexnet.pt")))
x = torch.from_numpy(peer.images(a))
y = torch.randint(0, 1000, (a.batch,))
if a.channels_last:
    net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
net.train(a.task == "train")


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.dtype == "bf16")


def version():
    """The version of PyTorch, and the BLAS of the system if it uses that, as Debian's PyTorch does."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        blas = re.search(r"/([^/]+)/libblas\.so", maps.read())
    return torch.__version__ + (f" with {blas[1]}" if blas else "")


def optimiser():
    """SGD in the fastest form that this version has."""
    fused = {"fused": True} if "fused" in inspect.signature(torch.optim.SGD).parameters else {}
    return torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, **fused)


run = net
if a.compile:
    if a.task == "infer":
        import torch._inductor.config
        torch._inductor.config.freezing = True      # weights are constants, packed once
    run = torch.compile(net)

if a.task == "train":
    sgd = optimiser()

    def step():
        sgd.zero_grad(set_to_none=True)
        with autocast():
            loss = torch.nn.functional.cross_entropy(run(x), y)
        loss.backward()
        sgd.step()
else:
    def step():
        with torch.no_grad(), autocast():
            return run(x)

timed, answer = peer.time_steps(step, a)
error = peer.error_of(answer[0].float().numpy(), a) if a.task == "infer" and a.model else None
peer.report("pytorch", version(), a, timed, error, torch.get_num_threads())
