#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times OpenVINO on torchvision's AlexNet. Needs numpy and openvino. Prints one line of JSON."""

import os

import numpy
import openvino
from openvino import properties
from openvino.properties import hint

import peer

parser = peer.arguments(__doc__, ["infer"])
parser.add_argument("--hint", choices=["latency", "throughput"], default="latency")
parser.add_argument("--streams", type=int, default=1,
                    help="the batch is cut into so many requests that run at the same time")
parser.add_argument("--no-pinning", action="store_true", help="threads may change their processor")
a = parser.parse_args()
if a.batch % a.streams != 0:
    parser.error("--streams must divide --batch")

core = openvino.Core()
model = core.read_model(os.path.join(a.model, "alexnet.onnx"))
model.reshape([a.batch // a.streams, *peer.IMAGE])
net = core.compile_model(model, "CPU", {
    properties.inference_num_threads: a.threads,
    properties.num_streams: a.streams,
    hint.performance_mode: getattr(hint.PerformanceMode, a.hint.upper()),
    hint.execution_mode: hint.ExecutionMode.PERFORMANCE,
    hint.inference_precision: openvino.Type.f32 if a.dtype == "fp32" else openvino.Type.bf16,
    hint.enable_cpu_pinning: not a.no_pinning,
})
requests = [net.create_infer_request() for _ in range(a.streams)]
for request, part in zip(requests, numpy.split(peer.images(a), a.streams)):
    request.set_input_tensor(openvino.Tensor(numpy.ascontiguousarray(part)))


def step():
    for request in requests:
        request.start_async()
    for request in requests:
        request.wait()
    return requests[0].get_output_tensor().data


timed, answer = peer.time_steps(step, a)
peer.report("openvino", openvino.__version__.split("-")[0], a, timed, peer.error_of(answer[0], a),
            net.get_property(properties.inference_num_threads))
