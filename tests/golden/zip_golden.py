#!/usr/bin/env python3
"""Writes zip archives of other programs for the tests: rows of a C table, tests/golden/zip.inc.

usage: tests/golden/zip_golden.py

Needs torch, which the tests do not. Equal versions give equal bytes, except for the identity that
torch writes.
SPDX-License-Identifier: MIT
"""

import io
import zipfile
from pathlib import Path

import torch

CONTENT = (("stored", b"stored text", zipfile.ZIP_STORED),
           ("folder/deflated", b"x" * 1000, zipfile.ZIP_DEFLATED))


class Stream(io.RawIOBase):
    """A file that cannot seek: sizes are then written after the data."""

    def __init__(self):
        super().__init__()
        self.bytes = b""

    def writable(self):
        return True

    def write(self, data):
        self.bytes += bytes(data)
        return len(data)


def by_zipfile(file, comment, force_zip64):
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, data, method in CONTENT:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            with archive.open(entry, "w", force_zip64=force_zip64) as out:
                out.write(data)


def archives():
    file = io.BytesIO()
    by_zipfile(file, b"a comment", False)
    yield "zipfile", file.getvalue()
    file = io.BytesIO()
    by_zipfile(file, b"", True)
    yield "zip64", file.getvalue()
    file = Stream()
    by_zipfile(file, b"", False)
    yield "streamed", file.bytes
    file = Stream()
    by_zipfile(file, b"", True)
    yield "streamed64", file.bytes
    file = io.BytesIO()
    torch.save({"w": torch.arange(6, dtype=torch.float32)}, file)
    yield "torch", file.getvalue()


def row(name, data):
    lines = [f'{{"{name}", {len(data)}, (const uint8_t[]){{']
    for at in range(0, len(data), 18):
        lines.append(" " + " ".join(f"0x{byte:02x}," for byte in data[at:at + 18]))
    return "\n".join(lines) + "}},\n"


def main():
    out = Path(__file__).resolve().parent / "zip.inc"
    text = ("/* Written by zip_golden.py: name, bytes, the archive. "
            "SPDX-License-Identifier: MIT */\n/* clang-format off */\n")
    out.write_text(text + "".join(row(name, data) for name, data in archives()))


if __name__ == "__main__":
    main()
