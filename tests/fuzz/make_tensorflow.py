#!/usr/bin/env python3
"""Writes corpus/sstable/* and corpus/bundle/*, by the rules of TensorFlow's checkpoints alone; or a whole small one.

usage: tests/fuzz/make_tensorflow.py            needs nothing but Python
       tests/fuzz/make_tensorflow.py NAME       writes NAME.index and NAME.data-0000K-of-00002
SPDX-License-Identifier: MIT
"""

import struct
import sys
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"
MAGIC = 0xdb4775248b80fb57
FLOAT, INT64, STRING, BFLOAT16 = 1, 9, 7, 14
TABLE, BLOCK, INDEX = b"\0", b"\1", b"\2"      # the first byte of an input of fuzz_sstable.c


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


# ---- tables ----

def block(entries, interval=16):
    """entries: (key, value), ascending. Every interval-th key is whole; others share what they can."""
    out, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % interval == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return out + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def trailer(contents):
    return b"\0" + struct.pack("<I", masked(contents + b"\0"))


def table(blocks):
    """blocks: lists of entries."""
    out, index = b"", []

    def add(contents):
        nonlocal out
        handle = varint(len(out)) + varint(len(contents))
        out += contents + trailer(contents)
        return handle

    for entries in blocks:
        index.append((entries[-1][0] + b"\0", add(block(entries, 4))))
    places = add(block([])) + add(block(index, 1))
    return out + places.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


# ---- messages ----

def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def header(shards, endianness=0):
    return field(1, shards) + (field(2, endianness) if endianness else b"") + field(3, field(1, 1))


def entry(dtype, shape, data, shard=0, offset=0):
    dims = b"".join(field(2, field(1, size)) for size in shape)
    return (field(1, dtype) + field(2, dims) + (field(3, shard) if shard else b"") +
            (field(4, offset) if offset else b"") + field(5, len(data)) +
            varint(6 << 3 | 5) + struct.pack("<I", masked(data)))


def index(shards):
    """shards: lists of (name, type, shape, data), which lie one after the other. The entries, ascending."""
    entries = [(b"", header(len(shards)))]
    for number, tensors in enumerate(shards):
        offset = 0
        for name, dtype, shape, data in tensors:
            entries.append((name.encode(), entry(dtype, shape, data, number, offset)))
            offset += len(data)
    return sorted(entries)


# ---- files ----

def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def write_corpus():
    names = [f"alexnet_v2/conv{i}/{kind}".encode() for i in range(1, 6) for kind in ("biases", "weights")]
    entries = [(name, name[-7:-3]) for name in names]
    write("sstable", "one-block", TABLE + table([entries]))
    write("sstable", "blocks", TABLE + table([entries[:4], entries[4:5], entries[5:]]))
    write("sstable", "empty", TABLE + table([]))
    write("sstable", "contents", BLOCK + block(entries, 3))
    write("sstable", "index", INDEX + block([(b"b", varint(0) + varint(13))]))
    zeros = bytes(4096)
    small = [("alexnet_v2/conv1/biases", FLOAT, (2,), zeros[:8]), ("global_step", INT64, (), zeros[:8])]
    write("bundle", "one", block(index([small])))
    write("bundle", "two", block(index([small, [("half", BFLOAT16, (2, 3), zeros[:12])]]), 2))
    text = field(1, STRING) + field(2, field(2, field(1, 1))) + field(5, 3)
    write("bundle", "text", block([(b"", header(1)), (b"text", text)]))
    sliced = field(1, FLOAT) + field(2, field(2, field(1, 4))) + field(7, field(1, field(2, 2))) + field(7, b"")
    write("bundle", "sliced", block([(b"", header(1)), (b"\0\1w\0\1", entry(FLOAT, (2,), zeros[:8])), (b"w", sliced)]))
    write("bundle", "big-endian", block([(b"", header(1, 1))]))


def write_checkpoint(name):
    def numbers(count):
        return struct.pack(f"<{count}f", *range(count))

    shards = [[("alexnet_v2/conv1/biases", FLOAT, (64,), numbers(64))],
              [("alexnet_v2/conv1/weights", FLOAT, (11, 11, 3, 64), numbers(11 * 11 * 3 * 64)),
               ("global_step", INT64, (), struct.pack("<q", 7))]]
    entries = index(shards)
    Path(f"{name}.index").write_bytes(table([entries[:2], entries[2:]]))
    for number, tensors in enumerate(shards):
        Path(f"{name}.data-{number:05}-of-{len(shards):05}").write_bytes(b"".join(tensor[3] for tensor in tensors))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        write_checkpoint(sys.argv[1])
    else:
        write_corpus()
