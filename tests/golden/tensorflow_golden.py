#!/usr/bin/env python3
"""Writes TensorFlow's checkpoints for the tests: rows of a C table, tests/golden/tensorflow.inc.

usage: tests/golden/tensorflow_golden.py

Needs tensorflow, which the tests do not. Element i of every array is i, or i odd for bool.
SPDX-License-Identifier: MIT
"""

import os
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf     # noqa: E402

v1 = tf.compat.v1
TYPES = (tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int64, tf.int32, tf.int16, tf.int8, tf.uint8)


def variable(name, value):
    return v1.get_variable(name, initializer=value)


def types():
    numbers = tf.reshape(tf.range(6), (2, 3))
    for dtype in TYPES:
        variable(f"t/{dtype.name}", tf.cast(numbers, dtype))
    variable("t/bool", numbers % 2 > 0)
    variable("scalar", tf.constant(0.))
    variable("empty", tf.zeros((2, 0, 3)))
    variable("text", tf.constant(["a", "bc"]))
    for i in range(20):     # more than between two restarts
        variable(f"many/{i:02}", tf.range(i % 3 + 1, dtype=tf.float32))


def sliced():
    v1.get_variable("sliced", (6, 2), partitioner=v1.fixed_size_partitioner(2), initializer=v1.zeros_initializer())
    variable("whole", tf.range(3.))


def saved(make, folder):
    with tf.Graph().as_default(), v1.Session() as session:
        make()
        session.run(v1.global_variables_initializer())
        return v1.train.Saver().save(session, f"{folder}/c", write_meta_graph=False, write_state=False)


def checkpoints():
    with tempfile.TemporaryDirectory() as folder:
        for make in (types, sliced):
            path = saved(make, folder)
            yield make.__name__, path
        saver = tf.train.Checkpoint(w=tf.Variable(tf.range(4.)))
        yield "objects", saver.write(f"{folder}/c")     # with a text that describes its objects


def bytes_of(data):
    lines = [f"{len(data)}, (const uint8_t[]){{"]
    for at in range(0, len(data), 24):
        lines.append(" " + ",".join(str(byte) for byte in data[at:at + 24]) + ",")
    return "\n".join(lines) + "}"


def main():
    out = Path(__file__).resolve().parent / "tensorflow.inc"
    text = (f"/* Written by tensorflow_golden.py with TensorFlow {tf.__version__}: name; bytes, index; bytes, data.\n"
            "   SPDX-License-Identifier: MIT */\n/* clang-format off */\n")
    for name, path in checkpoints():
        index, data = Path(f"{path}.index").read_bytes(), Path(f"{path}.data-00000-of-00001").read_bytes()
        text += f'{{"{name}", {bytes_of(index)},\n {bytes_of(data)}}},\n'
    out.write_text(text)


if __name__ == "__main__":
    main()
