#!/usr/bin/env python3
"""Writes NumPy's archives for the tests: rows of a C table, tests/golden/npz.inc.

usage: tests/golden/npz_golden.py

Needs numpy, which the tests do not. Element i of every array, in C order, is i - 1 (bool: i odd).
SPDX-License-Identifier: MIT
"""

import io
import zipfile
from pathlib import Path

import numpy

TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")


def array(dtype, shape, order="C"):
    values = numpy.arange(numpy.prod(shape, dtype=int)).reshape(shape)
    values = values % 2 if dtype == "b1" else values - 1
    return numpy.array(values, dtype=dtype, order=order)


def saved(save, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def archives():
    every = {dtype: array(dtype, (2, 3)) for dtype in TYPES}
    yield "types", saved(numpy.savez, **every)
    yield "packed types", saved(numpy.savez_compressed, **every)
    shapes = {"scalar": array("f4", ()), "empty": array("f4", (2, 0, 3)),
              "fortran": array("f4", (2, 3, 4), "F"), "folder/a.b:0": array("f4", (5,))}
    yield "shapes", saved(numpy.savez, **shapes)
    yield "packed shapes", saved(numpy.savez_compressed, **shapes)
    yield "large", saved(numpy.savez_compressed, zeros=numpy.zeros((300, 1000), "f4"))
    yield "objects", saved(numpy.savez, good=array("f4", (2,)),
                           bad=numpy.array([None, {"a": 1}], dtype=object))
    yield "structured", saved(numpy.savez, bad=numpy.zeros(2, dtype=[("a", "f4"), ("b", "i4")]))
    yield "big-endian", saved(numpy.savez, bad=array(">f4", (2,)))
    file = io.BytesIO(saved(numpy.savez, good=array("f4", (2,))))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo("note.txt"), "a note")
    yield "other", file.getvalue()


def row(name, data):
    lines = [f'{{"{name}", {len(data)}, (const uint8_t[]){{']
    for at in range(0, len(data), 24):
        lines.append(" " + ",".join(str(byte) for byte in data[at:at + 24]) + ",")
    return "\n".join(lines) + "}},\n"


def main():
    out = Path(__file__).resolve().parent / "npz.inc"
    text = ("/* Written by npz_golden.py: name, bytes, the archive. "
            "SPDX-License-Identifier: MIT */\n/* clang-format off */\n")
    out.write_text(text + "".join(row(name, data) for name, data in archives()))


if __name__ == "__main__":
    main()
