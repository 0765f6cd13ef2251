#!/usr/bin/env python3
"""Trains PyTorch on a folder of photos, for docs/quick-recipe.md, with the recipe, data, cores and
time of `alexnet train`.

    torch_photos.py DATA [--from WEIGHTS] [--seconds N] [--epochs N] [--batch N] [--lr X]
                    [--min-area X] [--dropout X] [--init family|he] [--average X] [--grow N]
                    [--seed N] [--batch-norm]

Its defaults are the recipe `finetune`. The recipe `quick-bn` for the model `bn` is
`--batch-norm --lr 0.03 --min-area 0.35 --dropout 0.2 --grow 0`. Prints a
JSON line an epoch: seconds since the first step (validation included), training loss, validation
top-1. With --seconds the cosine ends at that time: its length follows from the speed of the first
20 steps.
Needs torch, torchvision and, with --from, safetensors.
"""
# SPDX-License-Identifier: MIT
import argparse
import copy
import json
import math
import time

import torch
import torchvision
from torchvision import datasets, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WARMUP_STEPS, PACE_STEPS = 100, 20
SIDE, GROWTH_STEP, GROWTH_END = 224, 32, 0.75


def loader(args, part, batch, geometry):
    transform = transforms.Compose([*geometry, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    return torch.utils.data.DataLoader(datasets.ImageFolder(f"{args.data}/{part}", transform), batch, part == "train",
                                       num_workers=args.workers, persistent_workers=True)


def train_loader(args, side):
    return loader(args, "train", args.batch, [transforms.RandomResizedCrop(side, scale=(args.min_area, 1)),
                                              transforms.RandomHorizontalFlip()])


def side_at(args, part):
    """The input's side at a part 0 .. 1 of the run: src/train/growth.h."""
    if args.grow == 0 or part >= GROWTH_END:
        return SIDE
    grown = (SIDE - args.grow) * part / GROWTH_END
    return min(args.grow + int(grown // GROWTH_STEP) * GROWTH_STEP, SIDE)


def normalised(layers):
    """The layers with a batch normalisation after each that is followed by a ReLU: the model `bn`."""
    parts = []
    for layer, following in zip(layers, [*layers[1:], None]):
        parts.append(layer)
        if isinstance(following, torch.nn.ReLU):
            make = torch.nn.BatchNorm2d if isinstance(layer, torch.nn.Conv2d) else torch.nn.BatchNorm1d
            width = layer.weight.shape[0]
            parts.append(make(width, eps=0.001))
            torch.nn.init.uniform_(parts[-1].weight)
    return torch.nn.Sequential(*parts)


def network(args, classes):
    net = torchvision.models.alexnet(num_classes=classes, dropout=args.dropout)
    if args.batch_norm:
        net.features, net.classifier = normalised(net.features), normalised(net.classifier)
    if args.init == "he":
        for layer in net.modules():
            if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
                torch.nn.init.kaiming_normal_(layer.weight)
                torch.nn.init.zeros_(layer.bias)
        net.classifier[-1].weight.data *= 0.1
    if args.weights:
        import safetensors.torch
        loaded = net.load_state_dict(safetensors.torch.load_file(args.weights), strict=False)
        assert not loaded.unexpected_keys, loaded.unexpected_keys
    return net.to(memory_format=torch.channels_last)


@torch.no_grad()
def average(averaged, net, keep):
    """averaged = keep averaged + (1 - keep) net"""
    torch._foreach_lerp_(list(averaged.parameters()), list(net.parameters()), 1 - keep)
    for kept, buffer in zip(averaged.buffers(), net.buffers()):
        kept.copy_(buffer)


def top1(net, loader):
    net.eval()
    right = images = 0
    with torch.inference_mode():
        for x, label in loader:
            right += (net(x.to(memory_format=torch.channels_last)).argmax(1) == label).sum().item()
            images += len(label)
    return right / images


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--from", dest="weights")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--epochs", type=float, default=15)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--min-area", type=float, default=0.5)
    parser.add_argument("--dropout", type=float, default=0)
    parser.add_argument("--init", choices=("family", "he"), default="family")
    parser.add_argument("--average", type=float, default=0.99)
    parser.add_argument("--grow", type=int, default=160)
    parser.add_argument("--batch-norm", action="store_true")
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    side = side_at(args, 0)
    train = train_loader(args, side)
    val = loader(args, "val", 64, [transforms.Resize(256), transforms.CenterCrop(SIDE)])
    net = network(args, len(train.dataset.classes))
    decayed = [p for name, p in net.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in net.named_parameters() if name.endswith("bias")]
    optimiser = torch.optim.SGD([{"params": decayed, "weight_decay": 0.0005}, {"params": biases}], lr=args.lr, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    averaged = copy.deepcopy(net) if args.average > 0 else net
    planned = total = math.ceil(args.epochs * len(train))
    start = time.monotonic()
    step = epoch = 0
    paced = validating = 0.0
    while step < total:
        if side_at(args, step / total) != side:
            side = side_at(args, step / total)
            train = train_loader(args, side)
        net.train()
        sum_loss = steps = 0
        for x, label in train:
            warm = min(1, (step + 1) / WARMUP_STEPS)
            done = max(0, (step - WARMUP_STEPS) / max(1, total - WARMUP_STEPS))
            for group in optimiser.param_groups:
                group["lr"] = args.lr * warm * 0.5 * (1 + math.cos(math.pi * min(1, done)))
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of(net(x.to(memory_format=torch.channels_last)), label)
            loss.backward()
            optimiser.step()
            if averaged is not net:
                average(averaged, net, min(args.average, (1 + step) / (10 + step)))
            sum_loss += loss.item()
            steps += 1
            step += 1
            now = time.monotonic() - start
            if step == PACE_STEPS:
                paced = now  # the time before is the start of workers and of the engine
            if args.seconds and step > PACE_STEPS and step % PACE_STEPS == 0:
                # the rest of the time, less a validation at its end, at a third of a step's cost an image
                pace = (now - paced - validating) / (step - PACE_STEPS)
                left = args.seconds - now - len(val.dataset) / args.batch * pace / 3
                total = min(planned, step + max(0, int(left / pace)))
            if step >= total:
                break
        epoch += steps / len(train)
        before = time.monotonic()
        accuracy = top1(averaged, val)
        validating += time.monotonic() - before
        print(json.dumps({"epoch": round(epoch, 2), "seconds": round(time.monotonic() - start, 1),
                          "loss": round(sum_loss / steps, 4), "val_top1": accuracy}), flush=True)


main()
