#!/usr/bin/env python3
"""Writes the files that the fuzz targets start from, corpus/NAME/*: small, and each with a feature of its own.

usage: tests/fuzz/make_corpus.py        needs nothing but Python
"""

import gzip
import json
import struct
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


# ---- safetensors, and weights files made of it ----

def safetensors(tensors, metadata=None, padding=0):
    """tensors: (name, dtype, shape, bytes), in the order of their data."""
    header, end, data = {}, 0, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape, values in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + len(values)]}
        end += len(values)
        data += values
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode() + b" " * padding
    return struct.pack("<Q", len(text)) + text + data


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


def make_safetensors():
    write("safetensors", "nothing", safetensors([]))
    write("safetensors", "one", safetensors([("w", "F32", [2, 1], floats(2))], {"format": "pt"}, 3))
    write("safetensors", "types", safetensors(
        [(name.lower(), name, [1], bytes(size)) for name, size in
         [("F64", 8), ("F32", 4), ("F16", 2), ("BF16", 2), ("I64", 8), ("I32", 4), ("I16", 2), ("I8", 1), ("U8", 1),
          ("BOOL", 1)]]))
    write("safetensors", "shapes", safetensors(
        [("scalar", "F32", [], floats(1)), ("empty", "F32", [3, 0], b""), ("eight", "U8", [1] * 8, b"x")]))
    write("safetensors", "names", safetensors(
        [("a\"\\\n\u20ac", "U8", [1], b"x"), ("", "U8", [1], b"y")], {"": "", "k\t": "\U0001f600"}))
    two = safetensors([("a", "U8", [4], b"abcd"), ("b", "U8", [4], b"efgh")])
    write("safetensors", "overlap", two.replace(b"[4,8]", b"[3,7]"))
    write("safetensors", "hole", two.replace(b"[4,8]", b"[5,9]") + b"x")
    write("safetensors", "long-header", struct.pack("<Q", 2**63) + two[8:])
    write("safetensors", "large-shape", two.replace(b"[4]", b"[4294967296,4294967296]", 1))


# The parameters of cifar-19pct with two classes.
SMALL_NET = [
    ("conv1.weight", [32, 3, 5, 5]), ("conv1.bias", [32]), ("conv2.weight", [32, 32, 5, 5]), ("conv2.bias", [32]),
    ("conv3.weight", [64, 32, 5, 5]), ("conv3.bias", [64]), ("fc10.weight", [2, 1024]), ("fc10.bias", [2]),
]
OURS = {
    "format": "pt", "alexnet.schema": "1", "alexnet.family": "cifar-19pct",
    "alexnet.options": "classes=2 input=32x32", "alexnet.classes": "[\"cat\",\"dog\"]",
    "alexnet.preprocess": "resize=exact:32x32 filter=bilinear crop=none divide=1", "alexnet.trained": "{\"steps\":3}",
}


def make_weights():
    """Files that get as far as the comparison of shapes: whole ones would be too large for a corpus."""
    empty = [(name, "F16", [0] * len(shape), b"") for name, shape in SMALL_NET]
    write("weights", "ours", safetensors(empty, OURS))
    write("weights", "foreign", safetensors(empty, {"format": "pt"}))
    write("weights", "foreign-classes", safetensors(
        [(name, "F16", [2, 0] if name == "fc10.weight" else [0], b"") for name, _ in SMALL_NET]))
    write("weights", "mean-image", safetensors(
        empty + [("preprocess.mean_image", "F32", [3, 1, 1], floats(3))], OURS))
    write("weights", "large-claim", safetensors(
        [], OURS | {"alexnet.family": "torchvision", "alexnet.options": "classes=100000 input=9999x9999"}))
    write("weights", "part", safetensors(
        [("module.conv1.bias", "F32", [32], floats(32)), ("module.fc10.bias", "F32", [3], floats(3)),
         ("module.fc10.weight", "F16", [3, 1024], bytes(6144)), ("module.x", "I64", [1], bytes(8))],
        {"alexnet.classes": "[\"dog\",\"elk\",\"cat\"]", "alexnet.preprocess": "crop=32 divide=1"}))
    write("weights", "torchvision", safetensors(
        [("features.0.bias", "U8", [0], b""), ("classifier.6.weight", "F32", [3, 0], b"")]))


# ---- numpy ----

def npy(header, data, version=1):
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + data


def make_npy():
    form = "{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n"
    write("npy", "matrix", npy(form.format("<f4", "False", "(2, 3)"), floats(6)))
    write("npy", "bytes", npy(form.format("|u1", "False", "(1, 2, 2, 3)"), bytes(12)))
    write("npy", "double", npy(form.format("<f8", "False", "(1,)"), bytes(8), version=2))
    write("npy", "scalar", npy(form.format("<f2", "False", "()"), bytes(2), version=3))
    write("npy", "whole", npy(form.format("<i8", "True", "(1,)"), bytes(8)))
    write("npy", "fortran", npy(form.format("<f4", "True", "(2, 1)"), bytes(8)))
    write("npy", "object", npy(form.format("|O", "False", "(2,)"), bytes(8)))
    write("npy", "order", npy("{'shape':(1,),'descr':'<f4','fortran_order':False}", bytes(4)))


# ---- texts ----

def make_settings():
    write("settings", "empty", b"")
    write("settings", "all", b"count=12 rate=0.25 average name=a/b:c list=1,2.5,-3e-7 other=max")
    write("settings", "spaces", b"  average   count=-5 ")
    write("settings", "long", b"list=" + b",".join(b"1" for _ in range(17)))
    write("settings", "wrong", b"cuont=1")


def make_json():
    write("json", "empty", b"{}")
    write("json", "all", b'{"a":[1,-2.5e-3,true,false,null,"\\u00e9\\n\\ud83d\\ude00"],"b":{"c":{}},"d":1e17}')
    write("json", "twice", b'{"a":1,"a":2}')
    write("json", "deep", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")
    write("json", "reals", b'{"a":0.1,"b":1.7976931348623157e308,"c":5e-324,"d":-0.0,"e":123456789012345678}')


# ---- tar ----

def entry(kind, name, data=b"", size=None, magic=b"ustar\x0000", prefix=b"", link=b"", patch=b""):
    """`patch` lies at 386, where GNU's old format has the pieces of a sparse file."""
    header = name.ljust(100, b"\0") + b"0000644\0" * 3
    header += size if size is not None else b"%011o\0" % len(data)
    header += b"0" * 11 + b"\0" + b" " * 8 + kind + link.ljust(100, b"\0") + magic + b"\0" * 80 + prefix.ljust(155, b"\0")
    header = header.ljust(512, b"\0")
    header = header[:386] + patch + header[386 + len(patch):]
    header = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return header + data + b"\0" * (-len(data) % 512)


def pax(key, value):
    record = b" " + key + b"=" + value + b"\n"
    length = len(record) + 1
    while len(b"%d" % length) + len(record) != length:
        length += 1
    return b"%d" % length + record


def make_tar():
    end = bytes(1024)
    picture = entry(b"0", b"a/1.png", b"picture")
    write("tar", "plain", picture + entry(b"5", b"a/") + entry(b"0", b"b/2.jpg", b"x" * 513) + end)
    write("tar", "parts", entry(b"0", b"./top/train/a/1.png", b"x") + entry(b"0", b"top/val//a/2.png", b"y") + end)
    write("tar", "gnu-name", entry(b"L", b"././@LongLink", b"a/" + b"n" * 200 + b".png\0")
          + entry(b"0", b"cut", b"x", magic=b"ustar  \0", prefix=b"13571113171") + end)
    write("tar", "pax-name", entry(b"x", b"PaxHeader", pax(b"mtime", b"1.5") + pax(b"path", b"a/\xff.png") + pax(b"size", b"7"))
          + picture + end)
    write("tar", "prefix", entry(b"0", b"1.png", b"x", prefix=b"a/long") + end)
    write("tar", "binary-size", entry(b"0", b"a/1.png", b"x", size=b"\x80" + bytes(10) + b"\x01") + end)
    write("tar", "kinds", b"".join(entry(bytes([kind]), b"a/1.png") for kind in b"1234567gKSV\0") + picture + end)
    write("tar", "hidden", entry(b"0", b".a/1.png") + entry(b"0", b"a/../1.png") + entry(b"0", b"a/") + picture + end)
    write("tar", "no-end", picture)
    write("tar", "links", picture + entry(b"1", b"a/2.png", link=b"a/1.png") + entry(b"2", b"b/3.png", link=b"../a/./2.png")
          + entry(b"2", b"c", link=b"a") + entry(b"2", b"a/d", link=b"../b/..") + entry(b"2", b"b/4.png", link=b"4.png")
          + entry(b"2", b"b/5.png", link=b"/etc/6.png") + entry(b"K", b"long", b"a/1.png\0") + entry(b"1", b"b/7.png") + end)
    piece = [b"%011o\0" % number for number in (0, 7, 600, 3)]
    more = b"".join([b"%011o\0" % 700, b"%011o\0" % 1]).ljust(512, b"\0")
    write("tar", "sparse-old", entry(b"S", b"a/1.png", b"picture" + b"abc", patch=b"".join(piece).ljust(97, b"\0") + b"%011o\0" % 1000)
          + picture + end)
    write("tar", "sparse-more", entry(b"S", b"a/1.png", more + b"picture" + b"abcd", size=b"%011o\0" % 11,
                                      patch=b"".join(piece).ljust(96, b"\0") + b"\1" + b"%011o\0" % 1000) + picture + end)
    write("tar", "sparse-0.0", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.size", b"1000") + pax(b"GNU.sparse.offset", b"5")
                                     + pax(b"GNU.sparse.numbytes", b"7")) + picture + end)
    write("tar", "sparse-0.1", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.size", b"1000") + pax(b"GNU.sparse.name", b"b/2.png")
                                     + pax(b"GNU.sparse.map", b"0,3,20,4")) + picture + end)
    write("tar", "sparse-1.0", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.major", b"1") + pax(b"GNU.sparse.minor", b"0")
                                     + pax(b"GNU.sparse.name", b"b/2.png") + pax(b"GNU.sparse.realsize", b"1000"))
          + entry(b"0", b"GNUSparseFile.1/2.png", b"2\n0\n3\n20\n4\n".ljust(512, b"\0") + b"picture") + end)
    write("tar", "large-claim", entry(b"0", b"a/1.png", size=b"77777777777\0") + end)


# ---- data sets in one file ----

def make_source():
    write("source", "numbers", b"a.jpg 3\nsome folder/b c.png 0\r\n\n")
    write("source", "names", b"\xef\xbb\xbfpath,label\n\"a,b.jpg\",\"golden retriever\"\nc.jpg\tcat\n")
    write("source", "wrong", b"a.jpg\n,\n 7")
    write("source", "columns", b"id;\"File Name\";class\r\n7;\"a \"\"b\"\"\n;c.jpg\"; 2.0 \n\n8;d.png;10\n")
    write("source", "quotes", b"\"a.jpg\",\"x\n\"y\"\n\"b \"\"c.png\" \"\"\"\"\n\"d.jpg e\n")
    write("source", "own-heading", b"bild\tklasse\n/\tnichts\n/dev/null\t\"\"\"x\n")
    write("source", "no-labels", b"id,image,animal\n1,a.jpg,cat\n")
    tar = entry(b"0", b"a/1.png", b"x") + bytes(1024)
    write("source", "tar.gz", gzip.compress(tar[:700], mtime=0) + gzip.compress(tar[700:], mtime=0) + bytes(9))
    write("source", "list.gz", gzip.compress(b"a.jpg 1", mtime=0))


if __name__ == "__main__":
    make_tar()
    make_source()
    make_safetensors()
    make_weights()
    make_npy()
    make_settings()
    make_json()
