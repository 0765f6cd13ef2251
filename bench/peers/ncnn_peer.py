#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times ncnn on torchvision's AlexNet. Needs numpy and ncnn. Prints one line of JSON."""

import os

import ncnn
import numpy

import peer

parser = peer.arguments(__doc__, ["infer"])
parser.add_argument("--off", action="append", default=[], metavar="OPTION",
                    help="without it: winograd_convolution, sgemm_convolution, packing_layout")
parser.add_argument("--one-by-one", action="store_true", help="images in turn instead of as a batch")
a = parser.parse_args()

net = ncnn.Net()
option = net.opt
option.num_threads = a.threads
option.use_vulkan_compute = False
for storage in ("fp16_storage", "fp16_packed", "fp16_arithmetic", "bf16_storage", "bf16_packed"):
    setattr(option, "use_" + storage, a.dtype == "bf16" and storage.startswith("bf16"))
for name in a.off:
    setattr(option, "use_" + name, False)
blobs, workspace = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()    # as ncnn's own benchmark has them
option.blob_allocator, option.workspace_allocator = blobs, workspace
ncnn.set_omp_num_threads(a.threads)
for load, name in ((net.load_param, "alexnet.param"), (net.load_model, "alexnet.bin")):
    if load(os.path.join(a.model, name)) != 0:
        raise SystemExit(f"ncnn: cannot load {name}")
x = peer.images(a)
inputs = [ncnn.Mat(image) for image in x] if a.one_by_one else [ncnn.Mat(x, 0)]


def answer_of(mat):
    extractor = net.create_extractor()
    extractor.input("x", mat)
    status, out = extractor.extract("y")
    if status != 0:
        raise SystemExit(f"ncnn: extract says {status}")
    return out


def step():
    return [answer_of(mat) for mat in inputs][0]


timed, answer = peer.time_steps(step, a)
peer.report("ncnn", ncnn.__version__, a, timed, peer.error_of(numpy.array(answer), a), option.num_threads)
