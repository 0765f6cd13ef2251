"""Numbers that the scripts here and the tests (formula.h) both compute, so that nothing large is
stored: h(name, i) in [-1, 1), a 32-bit mix of i and the FNV-1a hash of the name.
SPDX-License-Identifier: MIT
"""

import numpy as np


def fnv1a(name):
    key = 2166136261
    for byte in name.encode():
        key = (key ^ byte) * 16777619 % 2**32
    return key


def h(name, count):
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(fnv1a(name))
        x = (x ^ x >> np.uint32(16)) * np.uint32(0x7FEB352D)
        x = (x ^ x >> np.uint32(15)) * np.uint32(0x846CA68B)
        x = x ^ x >> np.uint32(16)
    return ((x >> np.uint32(8)).astype(np.int64) - 2**23).astype(np.float32) * np.float32(2.0**-23)
