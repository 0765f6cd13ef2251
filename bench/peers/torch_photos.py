#!/usr/bin/env python3
"""PyTorch on a folder of photos, for docs/quick-recipe.md: the same recipe, data, cores and time as `alexnet train`.

    torch_photos.py DATA [--from WEIGHTS] [--seconds N] [--epochs N] [--batch N] [--lr X] [--min-area X] [--seed N]

Prints a JSON line an epoch: seconds since the first step (validation included), training loss, validation top-1. With
--seconds the cosine ends there: its length follows from the pace of the first 20 steps.
Needs torch, torchvision and, with --from, safetensors.
"""
# SPDX-License-Identifier: MIT
import argparse
import json
import math
import time

import torch
import torchvision
from torchvision import datasets, transforms

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WARMUP_STEPS, PACE_STEPS = 100, 20


def loaders(args):
    train = transforms.Compose([transforms.RandomResizedCrop(224, scale=(args.min_area, 1)), transforms.RandomHorizontalFlip(),
                                transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    val = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
                              transforms.Normalize(MEAN, STD)])
    made = []
    for part, transform, shuffle, batch in (("train", train, True, args.batch), ("val", val, False, 64)):
        made.append(torch.utils.data.DataLoader(datasets.ImageFolder(f"{args.data}/{part}", transform), batch, shuffle,
                                                num_workers=args.workers, persistent_workers=True))
    return made


def network(args, classes):
    net = torchvision.models.alexnet(num_classes=classes, dropout=args.dropout)
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
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.005)
    parser.add_argument("--min-area", type=float, default=0.5)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train, val = loaders(args)
    net = network(args, len(train.dataset.classes))
    decayed = [p for name, p in net.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in net.named_parameters() if name.endswith("bias")]
    optimiser = torch.optim.SGD([{"params": decayed, "weight_decay": 0.0005}, {"params": biases}], lr=args.lr, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    planned = total = math.ceil(args.epochs * len(train))
    start = time.monotonic()
    step = epoch = 0
    paced = validating = 0.0
    while step < total:
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
            sum_loss += loss.item()
            steps += 1
            step += 1
            now = time.monotonic() - start
            if step == PACE_STEPS:
                paced = now  # what comes before is the start of workers and of the engine
            if args.seconds and step > PACE_STEPS and step % PACE_STEPS == 0:
                # the rest of the time, less a validation at its end, at a third of a step's cost an image
                pace = (now - paced - validating) / (step - PACE_STEPS)
                left = args.seconds - now - len(val.dataset) / args.batch * pace / 3
                total = min(planned, step + max(0, int(left / pace)))
            if step >= total:
                break
        epoch += steps / len(train)
        before = time.monotonic()
        accuracy = top1(net, val)
        validating += time.monotonic() - before
        print(json.dumps({"epoch": round(epoch, 2), "seconds": round(time.monotonic() - start, 1),
                          "loss": round(sum_loss / steps, 4), "val_top1": accuracy}), flush=True)


main()
