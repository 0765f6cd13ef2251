#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times ONNX Runtime on torchvision's AlexNet. Needs numpy and onnxruntime. Prints one line of JSON."""

import os

import onnxruntime

import peer

parser = peer.arguments(__doc__, ["infer"], ["fp32"])
parser.add_argument("--any-batch", action="store_true", help="the size of the batch stays open in the graph")
a = parser.parse_args()

options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL       # the layers are a chain
options.intra_op_num_threads, options.inter_op_num_threads = a.threads, 1
if not a.any_batch:
    options.add_free_dimension_override_by_name("n", a.batch)
session = onnxruntime.InferenceSession(os.path.join(a.model, "alexnet.onnx"), options, ["CPUExecutionProvider"])
x = peer.images(a)

timed, answer = peer.time_steps(lambda: session.run(None, {"x": x})[0], a)
peer.report("onnxruntime", onnxruntime.__version__, a, timed, peer.error_of(answer[0], a),
            session.get_session_options().intra_op_num_threads)
