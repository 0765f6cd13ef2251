"""Philox4x32-10 (Salmon et al., SC 2011) and the masks of dropout that are drawn from it, as
src/base/rng.h and src/core/backend.h describe them.
SPDX-License-Identifier: MIT
"""

import numpy as np

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
LOW, HALF = np.uint64(2**32 - 1), np.uint64(32)
DROPOUT = 4     # the stream's purpose


def philox(counter, key):
    """Four arrays of words for four arrays (or numbers) of words and a key of two words."""
    x = [np.asarray(word, dtype=np.uint64) for word in counter]
    for turn in range(10):
        k = [np.uint64((word + turn * step) % 2**32) for word, step in zip(key, KEY_STEPS)]
        p = [MULTIPLIERS[0] * x[0], MULTIPLIERS[1] * x[2]]
        x = [p[1] >> HALF ^ x[1] ^ k[0], p[1] & LOW, p[0] >> HALF ^ x[3] ^ k[1], p[0] & LOW]
    return x


# The known answers that the authors publish with Random123 (kat_vectors).
assert [int(word) for word in philox([0] * 4, [0] * 2)] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert [int(word) for word in philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])] == \
       [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def stays(drop, seed, step, layer, rows, count):
    """[rows][count]: 1 where an element is kept, 0 where it is dropped."""
    blocks = np.arange((count + 3) // 4, dtype=np.uint64)
    mask = np.empty((rows, count))
    for row in range(rows):
        counter = (blocks, layer << 16 | row, step % 2**32, DROPOUT << 24 | step >> 32)
        words = np.stack(np.broadcast_arrays(*philox(counter, (seed % 2**32, seed >> 32))), 1).flatten()[:count]
        unit = (words >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)
        mask[row] = unit >= np.float32(drop)
    return mask
