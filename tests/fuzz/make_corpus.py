#!/usr/bin/env python3
"""Writes the files that the fuzz targets start from, corpus/NAME/*: small, and each with a feature of its own.

usage: tests/fuzz/make_corpus.py        needs nothing but Python
"""

import gzip
import io
import json
import struct
import zipfile
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


# ---- zip archives ----

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


def archive(entries, comment=b"", wide=False, stream=False):
    """entries: (name, data, whether it is deflated)."""
    file = Stream() if stream else io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.comment = comment
        for name, data, deflated in entries:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
            with out.open(entry, "w", force_zip64=wide) as part:
                part.write(data)
    return file.bytes if stream else file.getvalue()


def end64(data):
    """An archive of few entries whose end is written in 64 bits as well, as torch does."""
    end = data[-22:]
    count, = struct.unpack_from("<H", end, 8)
    size, place = struct.unpack_from("<II", end, 12)
    wide = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, count, count, size, place)
    return data[:-22] + wide + struct.pack("<IIQI", 0x07064b50, 0, len(data) - 22, 1) + end


def make_zip():
    two = [("a", b"hello", False), ("b/c", b"x" * 300, True)]
    write("zip", "nothing", archive([]))
    write("zip", "two", archive(two))
    write("zip", "comment", archive(two, b"a comment"))
    write("zip", "wide", archive(two, wide=True))
    write("zip", "streamed", archive(two, stream=True))
    write("zip", "streamed-wide", archive(two, wide=True, stream=True))
    write("zip", "end64", end64(archive(two)))
    write("zip", "folder", archive([("a/", b"", False), ("a/b", b"", False), ("gr\u00fc\u00df", b"x", False)]))
    write("zip", "escaping", archive([("a/../../b", b"x", False)]))
    write("zip", "same-name", archive([("one", b"x", False), ("two", b"y", False)]).replace(b"two", b"one"))
    plain = archive([("a", b"hello", False), ("b", b"world", False)])
    write("zip", "overlap", plain.replace(struct.pack("<II", 5, 5), struct.pack("<II", 41, 41)))
    write("zip", "padded", plain[:-22] + b"\0" * 4 + plain[-22:])


def make_npz():
    form = "{{'descr': '{}', 'fortran_order': {}, 'shape': {}, }}\n"
    arrays = [("conv1.weight.npy", npy(form.format("<f4", "False", "(2, 3)"), floats(6))),
              ("f.npy", npy(form.format("<f4", "True", "(2, 3)"), floats(6))),
              ("h.npy", npy(form.format("<f2", "False", "(3,)"), bytes(6), version=2)),
              ("s.npy", npy(form.format("<f8", "False", "()"), bytes(8)))]
    metadata = ("alexnet.json", b'{"alexnet.family":"torchvision"}')
    small = [(f"{name[1]}.npy", npy(form.format(name, "False", "(2,)"), bytes(2 * int(name[2]))))
             for name in ("|i1", "|u1", "|b1", "<i2", "<i4", "<i8")]
    write("npz", "stored", archive([(name, data, False) for name, data in arrays]))
    write("npz", "deflated", archive([(name, data, True) for name, data in [*arrays, metadata]]))
    write("npz", "metadata", archive([(name, data, False) for name, data in [arrays[0], metadata]], wide=True))
    write("npz", "integers", archive([(f"{i}.npy", data, True) for i, (name, data) in enumerate(small)]))
    write("npz", "zeros", archive([("z.npy", npy(form.format("<f4", "False", "(100, 100)"), bytes(40000)), True)]))
    write("npz", "objects", archive([("o.npy", npy(form.format("|O", "False", "(2,)"), bytes(16)), False)]))
    write("npz", "other", archive([("a.npy", arrays[0][1], False), ("data.pkl", b"\x80\2.", False)]))


def make_metadata():
    write("metadata", "nothing", b"{}")
    write("metadata", "texts", b'{"format": "pt", "alexnet.classes": "[\\"cat\\"]", "": "\\u00e9\\n"}')
    write("metadata", "nested", b'{"a": {"b": "c"}}')
    write("metadata", "number", b'{"a": 1}')
    write("metadata", "twice", b'{"a":"b","a":"c"}')


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
    image = entry(b"0", b"a/1.png", b"drawing")
    write("tar", "plain", image + entry(b"5", b"a/") + entry(b"0", b"b/2.jpg", b"x" * 513) + end)
    write("tar", "parts", entry(b"0", b"./top/train/a/1.png", b"x") + entry(b"0", b"top/val//a/2.png", b"y") + end)
    write("tar", "gnu-name", entry(b"L", b"././@LongLink", b"a/" + b"n" * 200 + b".png\0")
          + entry(b"0", b"cut", b"x", magic=b"ustar  \0", prefix=b"13571113171") + end)
    write("tar", "pax-name", entry(b"x", b"PaxHeader", pax(b"mtime", b"1.5") + pax(b"path", b"a/\xff.png") + pax(b"size", b"7"))
          + image + end)
    write("tar", "prefix", entry(b"0", b"1.png", b"x", prefix=b"a/long") + end)
    write("tar", "binary-size", entry(b"0", b"a/1.png", b"x", size=b"\x80" + bytes(10) + b"\x01") + end)
    write("tar", "kinds", b"".join(entry(bytes([kind]), b"a/1.png") for kind in b"1234567gKSV\0") + image + end)
    write("tar", "hidden", entry(b"0", b".a/1.png") + entry(b"0", b"a/../1.png") + entry(b"0", b"a/") + image + end)
    write("tar", "no-end", image)
    write("tar", "links", image + entry(b"1", b"a/2.png", link=b"a/1.png") + entry(b"2", b"b/3.png", link=b"../a/./2.png")
          + entry(b"2", b"c", link=b"a") + entry(b"2", b"a/d", link=b"../b/..") + entry(b"2", b"b/4.png", link=b"4.png")
          + entry(b"2", b"b/5.png", link=b"/etc/6.png") + entry(b"K", b"long", b"a/1.png\0") + entry(b"1", b"b/7.png") + end)
    piece = [b"%011o\0" % number for number in (0, 7, 600, 3)]
    more = b"".join([b"%011o\0" % 700, b"%011o\0" % 1]).ljust(512, b"\0")
    write("tar", "sparse-old", entry(b"S", b"a/1.png", b"drawing" + b"abc", patch=b"".join(piece).ljust(97, b"\0") + b"%011o\0" % 1000)
          + image + end)
    write("tar", "sparse-more", entry(b"S", b"a/1.png", more + b"drawing" + b"abcd", size=b"%011o\0" % 11,
                                      patch=b"".join(piece).ljust(96, b"\0") + b"\1" + b"%011o\0" % 1000) + image + end)
    write("tar", "sparse-0.0", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.size", b"1000") + pax(b"GNU.sparse.offset", b"5")
                                     + pax(b"GNU.sparse.numbytes", b"7")) + image + end)
    write("tar", "sparse-0.1", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.size", b"1000") + pax(b"GNU.sparse.name", b"b/2.png")
                                     + pax(b"GNU.sparse.map", b"0,3,20,4")) + image + end)
    write("tar", "sparse-1.0", entry(b"x", b"PaxHeader", pax(b"GNU.sparse.major", b"1") + pax(b"GNU.sparse.minor", b"0")
                                     + pax(b"GNU.sparse.name", b"b/2.png") + pax(b"GNU.sparse.realsize", b"1000"))
          + entry(b"0", b"GNUSparseFile.1/2.png", b"2\n0\n3\n20\n4\n".ljust(512, b"\0") + b"drawing") + end)
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


# ---- what a run leaves behind ----

# The config.json of a small run, as it is written, but for paths.
CONFIG = {
    "schema": 2, "version": "0.1.0", "data": "photos/train", "val": "photos/val", "val_split": 0.1, "model": "torchvision",
    "classes": 10, "dropout": 0.5, "input_h": 224, "input_w": 224, "global_pool": 0, "squeeze": 1, "lrn": None,
    "activation": None, "pooling": None, "from": None, "freeze": None, "orientation": "exif", "train_images": 900,
    "val_images": 100, "train_sha256": "0123456789abcdef" * 4, "val_sha256": None, "recipe": "quick",
    "recipe_reason": "few images", "batch": 64, "lr": 0.01, "bias_lr": 2.0, "momentum": 0.9, "weight_decay": 0.0005,
    "bias_decay": 0.0, "update": "torch", "rho": 0.9, "beta2": 0.999, "epsilon": 1e-8, "average": 0.0, "smoothing": 0.1,
    "mixup": 0.2, "grow": 128, "views": 0, "schedule": "cosine", "bias_schedule": "", "augment": "crop mirror",
    "events": "", "init": "he", "seed": 7, "dtype": "fp32", "on_bad_image": "skip", "epochs": 90.0, "steps": None,
    "seconds": None, "patience": 0, "stop_at_top1": None, "checkpoint_seconds": 600.0, "checkpoint_steps": 0,
    "checkpoint_keep": 2,
}


def make_config():
    def config(**changes):
        return json.dumps(CONFIG | changes, separators=(",", ":")).encode()
    write("config", "run", config())
    write("config", "limits", config(val=None, val_split=0.0, steps=9007199254740992, seconds=1e12, seed=-1, patience=7,
                                     stop_at_top1=0.5, classes=None, dtype="bf16", **{"from": "a.safetensors"}))
    write("config", "rounded", config(lr=0.1 + 1e-17, epochs=1.0000000000000002, momentum=0.30000000000000004, steps=1))
    write("config", "later", config(schema=99))
    write("config", "kinds", config(batch="64", steps=1.5))
    write("config", "range", config(batch=0))
    write("config", "null", config(data=None))
    write("config", "long-word", config(augment="x" * 4096))
    write("config", "nothing", b'{"schema":2,"recipe":"quick"}')


def make_manifest():
    digest = "0123456789abcdef" * 4
    files = [{"name": name, "bytes": size, "sha256": digest} for name, size in
             [("weights.safetensors", 358716), ("optimiser.safetensors", 7), ("frozen.safetensors", 0)]]
    state = {
        "schema": 1, "version": "0.1.0", "config_sha256": digest, "step": 120, "validated": 119, "val_loss": 0.31,
        "val_top1": 0.9, "val_top5": 1.0, "best_step": 119, "best_top1": 0.9, "best_loss": 0.31, "stale": 0, "seconds": 61.5,
        "plateau_best": None, "plateau_stale": 0, "plateau_drops": 0, "course_planned": 0, "course_from": 0,
        "course_done": 0.0, "course_total": 0, "side": 224, "limit": None, "files": files,
    }

    def manifest(**changes):
        return json.dumps(state | changes, separators=(",", ":")).encode()
    write("manifest", "run", manifest())
    write("manifest", "two-files", manifest(files=files[:2], limit=10.5))
    write("manifest", "one-file", manifest(files=files[:1]))
    write("manifest", "sizes", manifest(files=[files[0] | {"bytes": -2}, files[1] | {"bytes": 1.5}, 7, None]))
    write("manifest", "numbers", manifest(step=2**63 - 1, side=-2**63, seconds=1e308, val_loss=5e-324, limit=-0.0))
    write("manifest", "no-step", manifest(step=None))
    write("manifest", "later", manifest(schema=2))
    write("manifest", "short-hash", manifest(config_sha256="0"))


def make_log():
    def line(step, split, **changes):
        return json.dumps({"step": step, "epoch": step / 10, "lr": 0.01, "loss": 0.5, "top1": 0.8, "top5": None,
                           "images_per_second": 99.5, "data_wait": 0, "seconds": step / 4} | changes | {"split": split},
                          separators=(",", ":")).encode() + b"\n"
    train, val = line(10, "train"), line(20, "val", lr=None)
    end = line(20, "end", weights_sha256="0" * 64, last_sha256="1" * 64)
    write("log", "run", train + val + end)
    write("log", "beyond", train + val + line(30, "train") + line(15, "pace", step_seconds=0.1, total_steps=99))
    write("log", "torn", train + val[:-20])
    write("log", "torn-beyond", train + line(30, "train")[:-20])
    write("log", "foreign", b"#\n\n" + train + b"\0\n[1]\n{\"split\":7}\n{\"step\":99999999999999999999,\"split\":\"val\"}\n")
    write("log", "long-line", train + b"{" * 5000 + b"\n" + val)


# ---- data sets of small images ----

def idx(labels, images, magics=(0x801, 0x803), count=None, side=(2, 3)):
    labels = struct.pack(">II", magics[0], len(labels)) + labels
    count = len(images) // (side[0] * side[1]) if count is None else count
    return struct.pack(">H", len(labels)) + labels + struct.pack(">IIII", magics[1], count, *side) + images


def make_idx():
    write("idx", "two", idx(b"\1\0", bytes(range(12))))
    write("idx", "class-255", idx(b"\xff", bytes(6)))
    write("idx", "no-images", idx(b"", b""))
    write("idx", "few-labels", idx(b"\1", bytes(12)))
    write("idx", "few-images", idx(b"\1\0", bytes(11), count=2))
    write("idx", "large-claim", idx(b"\1", bytes(4), count=0x10000, side=(0x10000, 0x10000)))
    write("idx", "no-side", idx(b"\1", bytes(4), count=1, side=(0, 4)))
    write("idx", "swapped", idx(b"\1", bytes(6), magics=(0x803, 0x801)))
    labels = gzip.compress(struct.pack(">II", 0x801, 2) + b"\1\0", mtime=0)
    write("idx", "gzip", struct.pack(">H", len(labels)) + labels
          + gzip.compress(struct.pack(">IIII", 0x803, 2, 2, 3) + bytes(12), mtime=0))


def make_cifar():
    def cifar(hundred, names, records):
        return struct.pack(">BH", hundred, len(names)) + names + records
    planes = bytes(3072)
    write("cifar", "ten", cifar(0, b"", b"\x09" + planes))
    write("cifar", "ten-names", cifar(0, b"a\r\nb\nc\n\nd\ne\nf\ng\nh\ni\nj", b"\0" + planes))
    write("cifar", "hundred", cifar(1, b"", b"\x13\x63" + planes))
    write("cifar", "hundred-names", cifar(1, b"".join(b"c%d\n" % i for i in range(100)), b"\0\0" + planes))
    write("cifar", "class-10", cifar(0, b"", b"\x0a" + planes))
    write("cifar", "few-names", cifar(0, b"a\nb\n", b"\0" + planes))
    write("cifar", "equal-names", cifar(0, b"a\n" * 10, b"\0" + planes))
    write("cifar", "short", cifar(0, b"", b"\0" + planes[:-1]))
    write("cifar", "nothing", cifar(1, b"", b""))
    write("cifar", "gzip", cifar(0, b"", gzip.compress(b"\1" + planes, mtime=0)))


# ---- pickles, and files of PyTorch; tests/golden/pytorch_golden.py has those that PyTorch and NumPy write ----

def global_name(module, name):
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


DTYPE = global_name("numpy", "dtype") + b"(U\2f4K\0K\1tR(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
ARRAY = global_name("numpy.core.multiarray", "_reconstruct") + global_name("numpy", "ndarray").join([b"(", b"(K\0tU\1btR"])


def make_pickle():
    write("pickle", "bad_system", global_name("os", "system") + b"(S'true'\ntR.")
    write("pickle", "bad_instance", b"(S'true'\nios\nsystem\n.")
    write("pickle", "bad_object", b"(cos\nsystem\nS'true'\no.")
    write("pickle", "bad_stack_global", b"\x80\4\x8c\2os\x8c\6system\x93\x8c\4true\x85R.")
    write("pickle", "bad_eval", b"\x80\2" + global_name("builtins", "eval") + b"X\1\0\0\0" + b"1\x85R.")
    write("pickle", "bad_extension", b"\x80\2\x82\1.")
    write("pickle", "bad_memo", b"Nr\xff\xff\xff\xff.")
    write("pickle", "bad_length", b"\x80\4\x8e" + b"\xff" * 8 + b".")
    write("pickle", "bad_cycle", b"]q\0h\0a.")
    write("pickle", "bad_levels", b"]" + b"q\0(h\0h\0h\0h\0h\0h\0h\0h\0t" * 20 + b".")
    write("pickle", "bad_persistent", b"(dPkey\nK\1QN.")
    write("pickle", "opcodes", b"\x80\5\x95\4\0\0\0\0\0\0\0(I1\nI01\nL5L\nF1.5\nG\x3f\xf8\0\0\0\0\0\0K\1M\1\2J\1\2\3\4"
          b"\x8a\2\1\2\x8b\2\0\0\0\1\2N\x88\x89S'a\\x00'\nT\1\0\0\0aU\1aVa\\u0041\nX\1\0\0\0a\x8c\1a"
          b"\x8d\1\0\0\0\0\0\0\0aB\1\0\0\0aC\1a\x8e\1\0\0\0\0\0\0\0a\x96\1\0\0\0\0\0\0\0a](K\1el(K\1t}K\1Ns}(K\1Nu)"
          b"\x85\x86\x87\x8f(N\x90(N\x91N20p1\nq\2r\3\0\0\0\x94g1\nh\2j\3\0\0\0(10" + global_name("torch", "Size")
          + b")R" + global_name("torch", "Size") + b")\x81" + global_name("torch", "Size") + b")}\x92Nb(K\1itorch\nSize\n("
          + global_name("torch", "Size") + b"K\1o" + ARRAY + b"(K\1(K\1t" + DTYPE + b"K\0U\4abcdtb.")
    write("pickle", "quoted", ARRAY + b"(K\1(K\2t" + DTYPE + b"K\0S'abcd\\x00\\n\\\\\\''\ntb.")
    write("pickle", "latin1", ARRAY + b"(K\1(K\1t" + DTYPE + b"K\0" + global_name("_codecs", "encode")
          + b"(X\6\0\0\0ab\xc2\x80\xc3\xbfU\6latin1tRtb.")


def pth_value(storage=b"torch\nByteStorage\n", count=b"K\6", view=b"", place=b"K\0K\2K\3\x86K\3K\1\x86", name="_rebuild_tensor_v2"):
    """A dict of one tensor, w."""
    return (b"\x80\2}U\1w" + global_name("torch._utils", name) + b"((U\7storagec" + storage + b"U\1kU\3cpu" + count + view
            + b"tQ" + place + b"\x89" + global_name("collections", "OrderedDict") + b")RtRs.")


def legacy(value, keys=b"\x80\2]U\1ka.", data=struct.pack("<Q", 6) + b"abcdef", system=b"\x80\2}."):
    magic = b"\x80\2\x8a\x0a" + (0x1950a86a20f9469cfc6c).to_bytes(10, "little") + b"."
    return magic + b"\x80\2M\xe9\3." + system + value + keys + data


def make_pth():
    def entries(value, data=b"abcdef", more=()):
        return archive([("t/data.pkl", value, False), ("t/data/k", data, False), *more])
    write("pth", "small", entries(pth_value()))
    write("pth", "small_legacy", legacy(pth_value(view=b"N")))
    write("pth", "small_view", legacy(pth_value(view=b"(U\1vK\1K\5t", place=b"K\1K\2K\2\x86K\1K\2\x86")))
    write("pth", "small_old", legacy(pth_value(name="_rebuild_tensor", view=b"N")))
    write("pth", "bad_system", entries(b"\x80\2" + global_name("os", "system") + b"U\4true\x85R."))
    write("pth", "bad_larger_shape", entries(pth_value(place=b"K\0K\2K\4\x86K\4K\1\x86")))
    write("pth", "bad_larger_storage", entries(pth_value(count=b"K\7")))
    write("pth", "bad_smaller_storage", legacy(pth_value(count=b"K\5", view=b"N")))
    write("pth", "bad_offset", legacy(pth_value(view=b"N", place=b"K\5K\2\x85K\1\x85")))
    write("pth", "bad_overlap", legacy(pth_value(view=b"N", place=b"K\0K\2K\3\x86K\1K\1\x86")))
    write("pth", "bad_wide", legacy(pth_value(view=b"N", place=b"\x8a\x08" + b"\xff" * 7 + b"\x7fK\1\x85K\1\x85")))
    write("pth", "bad_endian", legacy(pth_value(view=b"N"), system=b"\x80\2}U\x0dlittle_endian\x89s."))
    write("pth", "bad_two_pickles", entries(pth_value(), more=[("u/data.pkl", b"N.", False)]))
    write("pth", "bad_metadata", entries(pth_value(), more=[("t/alexnet.json", b"[1]", False)]))


# ---- command lines ----

def make_options():
    def words(*line):
        return b"".join(word.encode() + b"\0" for word in line)
    write("options", "all", words("one", "-f", "--whole", "7", "two", "--count=9000000000", "--real", ".25", "-t", "1h30m",
                                  "--text=a=b", "--size", "224x256", "--choice", "skip", "--limit", "2s", "--path", "p",
                                  "--maybe", "--", "--flag"))
    write("options", "sizes", words("224", "224x256", "224x 256", "224x+256", "0x16", "99999999999999999999x1", "x", "1x"))
    write("options", "times", words("0h30", "1d2h3m4s", "1m1m", "1e2s", "1.5", "1.s", "1e", "1e+1m0", "9e307d9e307d", "0X10"))
    write("options", "numbers", words("+5", "--whole", "101", "5.0", "1e3", "1e999", "-0", ".", "+-1"))
    write("options", "none", words("--epochs", "none", "--steps=none", "--until", "none", "--epochs", "007", "--until=1h"))
    write("options", "mistakes", words("--flag=1"))
    write("options", "nearest", words("--hwole=" + "x" * 300))
    write("options", "no-value", words("a", "--text"))
    write("options", "empty-word", words("a", "", "b"))
    write("options", "help", words("-", "-h"))


if __name__ == "__main__":
    make_config()
    make_manifest()
    make_log()
    make_idx()
    make_cifar()
    make_options()
    make_tar()
    make_source()
    make_safetensors()
    make_weights()
    make_npy()
    make_zip()
    make_npz()
    make_metadata()
    make_settings()
    make_json()
    make_pickle()
    make_pth()
