#!/usr/bin/env python3
"""Has TensorFlow train TF-slim's alexnet_v2 for two steps and save it, and compares its logits with ours.

usage: slim.py ALEXNET [CLASSES]

If the Python that runs this lacks them, $ALEXNET_PYTHON may name one that has tensorflow and tf_slim.
Exit status: 0 good, 1 not, 77 no TensorFlow.
SPDX-License-Identifier: MIT
"""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

LIMIT = 1e-4
SIZE = 224


def save(folder, classes):
    """Writes model.ckpt-2 (variables, global_step, slots of Momentum), images.npy [n][3][h][w], logits.npy."""
    import numpy
    import tensorflow
    import tf_slim
    from tf_slim.nets import alexnet
    v1 = tensorflow.compat.v1
    images = numpy.random.default_rng(1).normal(0, 60, (2, SIZE, SIZE, 3)).astype("float32")
    with tensorflow.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        x = v1.placeholder(tensorflow.float32, (None, SIZE, SIZE, 3))
        step = v1.train.get_or_create_global_step()
        with tf_slim.arg_scope(alexnet.alexnet_v2_arg_scope()):
            logits, _ = alexnet.alexnet_v2(x, num_classes=classes, is_training=False)
        loss = v1.losses.softmax_cross_entropy(tensorflow.one_hot([0, 1], classes), logits)
        train = v1.train.MomentumOptimizer(1e-3, 0.9).minimize(loss, global_step=step)
        session.run(v1.global_variables_initializer())
        for _ in range(2):
            session.run(train, {x: images})
        v1.train.Saver().save(session, str(folder / "model.ckpt"), global_step=2)
        numpy.save(folder / "logits.npy", session.run(logits, {x: images}))
        numpy.save(folder / "images.npy", numpy.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def compare(program, folder, weights):
    import numpy
    subprocess.run([program, "features", weights, "--input", folder / "images.npy", "--layer", "logits",
                    "--out", folder / "ours.npy", "--quiet"], check=True)
    ours, theirs = (numpy.load(folder / name).reshape(2, -1).astype(float) for name in ("ours.npy", "logits.npy"))
    difference = float(numpy.linalg.norm(ours - theirs) / numpy.linalg.norm(theirs))
    print(f"{weights.name}: {difference:.1e}")
    assert difference < LIMIT


def main(program, classes="10"):
    if not (find_spec("tensorflow") and find_spec("tf_slim")):
        python = os.environ.get("ALEXNET_PYTHON")
        if python and os.environ.get("ALEXNET_PYTHON_TRIED") is None:
            os.execve(python, [python, __file__, program, classes], {**os.environ, "ALEXNET_PYTHON_TRIED": "1"})
        print("left out: no tensorflow and tf_slim ($ALEXNET_PYTHON)")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save(folder, int(classes))
        subprocess.run([program, "convert", folder / "model.ckpt-2.index", folder / "out.safetensors"], check=True)
        compare(program, folder, folder / "out.safetensors")
        compare(program, folder, folder / "model.ckpt-2")   # by its name
        compare(program, folder, folder)                    # by its folder
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
