#!/usr/bin/env python3
"""Writes small files of PyTorch and pickles of NumPy, and what they hold.

usage: tests/golden/pytorch_golden.py

Needs PyTorch 2 and numpy, which the tests do not. Writes tests/fuzz/corpus/{pth,pickle}/*, from
which the fuzz targets start, and for tests/formats/pytorch the rows of C tables
tests/golden/pytorch.inc: file, name, type, shape, values in row-major order as float32.

PyTorch no longer writes its tar archives, and Python 2 is no longer there: their files are made
here byte by byte, and PyTorch and Python 3 are asked whether they read the same.
SPDX-License-Identifier: MIT
"""

import collections
import io
import pickle
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path

import numpy
import torch

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"

rows = []


def row(file, name, type_name, array):
    values = ", ".join(f"{float(v):.9g}f" if "." in f"{float(v):.9g}" or "e" in f"{float(v):.9g}"
                       else f"{float(v):.9g}" for v in numpy.asarray(array, "f4").ravel())
    shape = ", ".join(str(n) for n in numpy.shape(array))
    rows.append(f'    {{"{file}", "{name}", {type_name}, {numpy.ndim(array)}, {{{shape or 0}}}, {{{values or 0}}}}},')


def write(folder, name, data):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(data)


# ---------------------------------------------------------------- PyTorch

TYPES = {torch.float32: "AN_F32", torch.float64: "AN_F64", torch.float16: "AN_F16", torch.bfloat16: "AN_BF16",
         torch.int64: "AN_I64", torch.int32: "AN_I32", torch.int16: "AN_I16", torch.int8: "AN_I8",
         torch.uint8: "AN_U8", torch.bool: "AN_BOOL"}


def note(file, state):
    for name, tensor in state.items():
        row(f"pth/{file}", name, TYPES[tensor.dtype], tensor.detach().to(torch.float32).numpy())


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def ramp(*shape, dtype=torch.float32):
    count = int(numpy.prod(shape))
    return (torch.arange(count, dtype=torch.float64) / 2 - 1).reshape(shape).to(dtype)


def network():
    return collections.OrderedDict([("features.0.weight", ramp(2, 1, 2, 2)), ("features.0.bias", ramp(2)),
                                    ("classifier.weight", ramp(1, 3))])


def views():
    """Tensors of one storage, in other orders, with offsets and gaps."""
    base = ramp(3, 4)
    image = ramp(1, 2, 2, 2).contiguous(memory_format=torch.channels_last)
    return collections.OrderedDict([
        ("base", base), ("transposed", base.t()), ("row", base[1]), ("column", base[:, 2]),
        ("corner", base[1:, 1:3]), ("channels_last", image), ("scalar", base[2, 3]), ("empty", base[:0])])


def make_tar(state):
    """As torch.save() wrote it in 2016: three entries, each of pickles and raw numbers."""
    storages, tensors = io.BytesIO(), io.BytesIO()
    pickle.dump(len(state), storages, 2)
    pickle.dump(len(state), tensors, 2)
    for i, tensor in enumerate(state.values()):
        whole = tensor.contiguous()
        pickle.dump((100 + i, "cpu", torch.FloatStorage), storages, 2)
        storages.write(struct.pack("<q", whole.numel()) + whole.numpy().tobytes())
        pickle.dump((200 + i, 300 if i == 1 else 100 + i, torch.FloatTensor), tensors, 2)
        tensors.write(struct.pack("<ii", whole.dim(), 0))
        tensors.write(struct.pack(f"<{2 * whole.dim()}q", *whole.shape, *whole.stride()))
        tensors.write(struct.pack("<q", 0))
    # The second tensor's storage is named as a part of itself.
    pickle.dump([(300, 101, 0, list(state.values())[1].numel())], storages, 2)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return str(200 + list(map(id, state.values())).index(id(value))) if torch.is_tensor(value) else None
    value = io.BytesIO()
    Pickler(value, 2).dump(state)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in [("storages", storages), ("tensors", tensors), ("pickle", value)]:
            info = tarfile.TarInfo(name)
            info.size = len(content.getvalue())
            tar.addfile(info, io.BytesIO(content.getvalue()))
    data = file.getvalue()
    data = data[:(len(data.rstrip(b"\0")) + 511) // 512 * 512 + 512]    # one block ends it; tarfile writes 20
    path = Path("/tmp/pytorch_golden.tar")
    path.write_bytes(data)
    read = torch.load(path, weights_only=False)
    path.unlink()
    assert all(torch.equal(read[name], state[name]) for name in state)
    return data


def rezip(data, change, compression=zipfile.ZIP_STORED):
    """The same archive with other entries: change(name, content) returns the content, or None."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for info in old.infolist():
            content = change(info.filename, old.read(info))
            if content is not None:
                new.writestr(zipfile.ZipInfo(info.filename), content, compression)
    return out.getvalue()


class Rule(torch.nn.Module):
    def forward(self, x):
        return x + 1


def make_pytorch():
    write("pth", "zip", saved(network()))
    note("zip", network())
    write("pth", "legacy", saved(network(), _use_new_zipfile_serialization=False))
    note("legacy", network())
    write("pth", "tar", make_tar(network()))
    note("tar", network())
    for name, zipped in (("views", True), ("legacy_views", False)):
        write("pth", name, saved(views(), _use_new_zipfile_serialization=zipped))
        note(name, views())
    types = {TYPES[t][3:].lower(): torch.tensor([0, 1, 1], dtype=t) for t in TYPES}
    write("pth", "types", saved(types))
    note("types", types)
    for protocol in (3, 4, 5):
        write("pth", f"protocol{protocol}", saved(network(), pickle_protocol=protocol))
        note(f"protocol{protocol}", network())
    write("pth", "legacy_protocol4", saved(network(), pickle_protocol=4, _use_new_zipfile_serialization=False))
    note("legacy_protocol4", network())

    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in network().items()}
    checkpoint = {"epoch": 3, "arch": "alexnet", "best": numpy.float64(0.5), "classes": ["cat", "dog"],
                  "device": torch.device("cpu"), "dtype": torch.float32, "size": torch.Size([1, 2]), "loss": None,
                  "model": {"state_dict": parameters, "steps": torch.tensor(7)},
                  "optimizer": {"state": {0: {"momentum_buffer": ramp(2)}}, "param_groups": [{"lr": 0.1}]}}
    write("pth", "checkpoint", saved(checkpoint))
    note("checkpoint", network())
    nested = {"generator": {"w": ramp(2)}, "others": [ramp(1), (ramp(3),)]}
    write("pth", "nested", saved(nested))
    note("nested", {"generator.w": ramp(2), "others.0": ramp(1), "others.1.0": ramp(3)})

    whole = saved(network())
    write("pth", "deflated", rezip(whole, lambda name, content: content, zipfile.ZIP_DEFLATED))
    note("deflated", network())
    metadata = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(metadata, "w") as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename), old.read(info))
        new.writestr(zipfile.ZipInfo("archive/alexnet.json"), '{"alexnet.family": "paper", "k": "\u00e9"}')
    write("pth", "metadata", metadata.getvalue())
    note("metadata", network())

    # What is refused, each by a message of its own.
    write("pth", "bad_big_endian", rezip(whole, lambda name, content: b"big" if name.endswith("byteorder") else content))
    write("pth", "bad_missing", rezip(whole, lambda name, content: None if name.endswith("data/1") else content))
    write("pth", "bad_short", rezip(whole, lambda name, content: content[:-4] if name.endswith("data/1") else content))
    write("pth", "bad_long", rezip(whole, lambda name, content: content + b"\0" if name.endswith("data/1") else content))
    write("pth", "bad_no_pickle", rezip(whole, lambda name, content: None if name.endswith(".pkl") else content))
    write("pth", "bad_expanded", saved({"w": ramp(2, 1).expand(2, 3)}))
    write("pth", "bad_deflated_views", rezip(saved(views()), lambda name, content: content, zipfile.ZIP_DEFLATED))
    write("pth", "bad_module", saved(torch.nn.Linear(1, 1)))
    write("pth", "bad_complex", saved({"w": torch.zeros(1, dtype=torch.complex64)}))
    write("pth", "bad_tensor", saved(ramp(2)))
    write("pth", "bad_empty", saved({"epoch": 3}))
    script = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Rule()), script)
    write("pth", "bad_script", rezip(script.getvalue(), lambda name, content: content))


# ---------------------------------------------------------------- pickles of arrays

NUMPY_TYPES = {"f4": "AN_F32", "f8": "AN_F64", "f2": "AN_F16", "i8": "AN_I64", "i4": "AN_I32", "i2": "AN_I16",
               "i1": "AN_I8", "u1": "AN_U8", "b1": "AN_BOOL"}


def note_array(file, name, array):
    row(f"pickle/{file}", name, NUMPY_TYPES[array.dtype.str[1:]], array)


def steps(*shape, dtype="f4"):
    return (numpy.arange(int(numpy.prod(shape))) / 2 - 1).reshape(shape).astype(dtype)


class OptionsParser:
    """cuda-convnet keeps its command line in a checkpoint."""


OptionsParser.__module__ = "options"


class OldPickler(pickle._Pickler):
    """As Python 2 wrote: texts are bytes, in quotes in protocols 0 and 1; NumPy by its old names."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_old(self, value):
        data = value.encode("latin1") if isinstance(value, str) else value
        if self.proto == 0:
            self.write(b"S" + repr(data)[1:].encode() + b"\n")
        elif len(data) < 256:
            self.write(b"U" + struct.pack("<B", len(data)) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)
    dispatch[str] = dispatch[bytes] = save_old

    def reducer_override(self, value):
        return value.__reduce__() if isinstance(value, numpy.ndarray) else NotImplemented

    def save_global(self, value, name=None):
        module = getattr(value, "__module__", None) or "numpy"
        module = module.replace("numpy._core", "numpy.core")
        name = name or getattr(value, "__qualname__", None) or value.__name__
        self.write(b"c" + module.encode() + b"\n" + name.encode() + b"\n")
        self.memoize(value)
    dispatch[type] = save_global
    dispatch[type(len)] = save_global
    dispatch[type(make_tar)] = save_global

    def save_instance(self, value):
        """An instance of a class that has no base, as all had in Python 2 that named none."""
        name = b"options\n" + type(value).__name__.encode() + b"\n"
        self.write(b"(i" + name if self.proto == 0 else b"(c" + name + b"o")
        self.memoize(value)
        self.save(value.__dict__)
        self.write(b"b")
    dispatch[OptionsParser] = save_instance


def old_pickle(value, protocol):
    file = io.BytesIO()
    OldPickler(file, protocol).dump(value)
    return file.getvalue()


def cuda_convnet():
    data = {"name": "data", "type": "data"}
    conv = {"name": "conv1", "type": "conv", "weights": [steps(4, 2)], "weightsInc": [steps(4, 2) * 0],
            "biases": steps(2, 1), "biasesInc": steps(2, 1) * 0, "inputLayers": [data], "stride": [1]}
    fc = {"name": "fc10", "type": "fc", "weights": [numpy.asfortranarray(steps(3, 2)), steps(2, 2)],
          "biases": steps(1, 2), "inputLayers": [conv]}
    data["outputLayers"] = [conv, fc]
    conv["outputLayers"] = [fc]
    options = OptionsParser()
    options.options = {"gpu": [0], "long": 1 << 70, "none": None}
    return {"model_state": {"layers": [data, conv, fc], "epoch": 12, "train_outputs": [({"logprob": [1.5, 0.25]}, 128)]},
            "op": options}


def make_pickles():
    nested = {"AlexNet_0": {"Conv_0": {"kernel": steps(1, 2, 2, 2), "bias": steps(2)}},
              "lists": [steps(1), (steps(2, dtype="f8"), 3), "text"], "epoch": 3, 7: steps(2), "score": numpy.float32(0.5)}
    for protocol in range(6):
        name = f"protocol{protocol}"
        write("pickle", name, pickle.dumps(nested, protocol))
        note_array(name, "AlexNet_0.Conv_0.kernel", steps(1, 2, 2, 2))
        note_array(name, "AlexNet_0.Conv_0.bias", steps(2))
        note_array(name, "lists.0", steps(1))
        note_array(name, "lists.1.0", steps(2, dtype="f8"))
        note_array(name, "7", steps(2))
    types = {name: numpy.array([0, 1, 1], name) for name in NUMPY_TYPES}
    types["text"] = numpy.array(["a"])
    types["objects"] = numpy.array([None, {}], object)
    write("pickle", "types", pickle.dumps(types, 4))
    for name in NUMPY_TYPES:
        note_array("types", name, types[name])
    orders = {"fortran": numpy.asfortranarray(steps(2, 3)), "scalar": numpy.array(2.5, "f4"),
              "empty": steps(0, 3), "same": None}
    orders["same"] = orders["fortran"]
    for protocol in (4, 5):
        write("pickle", f"orders{protocol}", pickle.dumps(orders, protocol))
        for name, array in orders.items():
            note_array(f"orders{protocol}", name, array)
    for protocol in (0, 1, 2):
        name = f"cuda_convnet{protocol}"
        write("pickle", name, old_pickle(cuda_convnet(), protocol))
        net = cuda_convnet()["model_state"]["layers"]
        for layer in net:
            for key in ("weights", "weightsInc"):
                for i, array in enumerate(layer.get(key, [])):
                    note_array(name, f"layers.{layer['name']}.{key}.{i}", array)
            for key in ("biases", "biasesInc"):
                if key in layer:
                    note_array(name, f"layers.{layer['name']}.{key}", layer[key])
    write("pickle", "bad_big_endian", pickle.dumps({"w": steps(2, dtype=">f4")}, 4))
    write("pickle", "bad_nothing", pickle.dumps({"epoch": 3}, 4))
    write("pickle", "bad_torch", pickle.dumps({"w": ramp(2)}, 4))


make_pytorch()
make_pickles()
(ROOT / "golden" / "pytorch.inc").write_text(
    "/* Written by pytorch_golden.py: {file, name, type, rank, shape, values}. */\n/* clang-format off */\n" + "\n".join(rows) + "\n")
print(len(rows), "tensors;", sum(f.stat().st_size for d in ("pth", "pickle") for f in (CORPUS / d).iterdir()), "bytes")
