#!/usr/bin/env python3
"""Reads weights, checkpoints and images from a failing disk, and checks how the program ends.

usage: read_error.py PROGRAM

The disk is a file behind a loop device, with a mounted file system; the file is truncated, and from
there on the kernel answers reads with EIO, as for a bad sector. One line must name the file and the
system's reason, under the right status; there must be no signal; and a run must continue from the
checkpoint before.

This needs root, loop devices, ext4, and a private mount namespace; without them the test is skipped
with a message. Exit status: 0 no faults, 1 faults, 77 skipped.
SPDX-License-Identifier: MIT
"""

import fcntl
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
SECONDS_MAX = 3600
DISK_BYTES = 64 << 20
BLOCK = 4096
BALLAST = "ballast-"
COPIES_MAX = 100
BALLAST_BYTES = 2 << 20  # more than any file that will fail
FIEMAP, FIEMAP_SYNC, EXTENTS_MAX = 0xC020660B, 1, 512  # <linux/fiemap.h>
ISOLATED = ["unshare", "--mount", "--propagation", "private"]
SAID = "Input/output error"
BAD_DATA, IO = 65, 74

TOLD = rf"^alexnet: .*\b{{}}\b.*{SAID}"  # an error line that names a file
LISTED = rf"\b{{}}\b.*{SAID}"  # as one of the bad files
PASSED_OVER = r"step-\d+.*" + SAID

# The file, the fraction from which it cannot be read, the command, its status, its output; {} is
# the disk. Unreadable images among many are named and left out.
WEIGHTS, NEWEST = "r/best.safetensors", "r/checkpoints/step-00000006"
ROWS = [
    (WEIGHTS, 0, "predict {}/r/best.safetensors {}/photo.png", IO, TOLD.format("best.safetensors")),
    (WEIGHTS, 0.5, "predict {}/r/best.safetensors {}/photo.png", IO,
     TOLD.format("best.safetensors")),
    (WEIGHTS, 0, "info {}/r/best.safetensors", IO, TOLD.format("best.safetensors")),
    (WEIGHTS, 0.5, "info {}/r/best.safetensors --verify", BAD_DATA,
     LISTED.format("best.safetensors")),
    (WEIGHTS, 0.5, "info {}/r --verify", BAD_DATA, LISTED.format("best.safetensors")),
    (WEIGHTS, 0.5, "eval {}/r {}/data/val", IO, TOLD.format("best.safetensors")),
    (WEIGHTS, 0.5, "features {}/r/best.safetensors {}/photo.png -o f.npy", IO,
     TOLD.format("best.safetensors")),
    (WEIGHTS, 0.5, "train {}/data --from {}/r/best.safetensors --epochs 1 --out n", IO,
     TOLD.format("best.safetensors")),
    ("photo.png", 0, "predict {}/r/best.safetensors {}/photo.png", BAD_DATA,
     TOLD.format("photo.png")),
    ("photo.png", 0.5, "predict {}/r/best.safetensors {}/photo.png", BAD_DATA,
     TOLD.format("photo.png")),
    ("data/val/checker/bad.png", 0, "eval {}/r {}/data/val", 0, TOLD.format("bad.png")),
    ("data/val/checker/bad.png", 0, "eval {}/r {}/data/val --on-bad-image fail", BAD_DATA,
     TOLD.format("bad.png")),
    ("data/train/checker/bad.png", 0, "train {}/data --model cifar-19pct --epochs 1 --out n", 0,
     TOLD.format("bad.png")),
    ("data/train/checker/bad.png", 0, "data verify {}/data", BAD_DATA, LISTED.format("bad.png")),
    ("data.tar", 0.5, "eval {}/r {}/data.tar", IO, TOLD.format("data.tar")),
    (NEWEST + "/weights.safetensors", 0, "train --resume {}/r", 0, PASSED_OVER),
    (NEWEST + "/weights.safetensors", 0.5, "train --resume {}/r", 0, PASSED_OVER),
    (NEWEST + "/optimiser.safetensors", 0.5, "train --resume {}/r", 0, PASSED_OVER),
    (NEWEST + "/manifest.json", 0, "train --resume {}/r", 0, PASSED_OVER),
    (NEWEST + "/weights.safetensors", 0.5, "info {}/r --verify", BAD_DATA,
     LISTED.format("weights.safetensors")),
    (WEIGHTS, 0.5, "train --resume {}/r", 0, ""),
    ("r/config.json", 0, "train --resume {}/r", IO, TOLD.format("config.json")),
    ("r/config.json", 0, "info {}/r", IO, TOLD.format("config.json")),
]


class Failure(Exception):
    """A broken promise."""


class Unable(Exception):
    """The reason why the disk cannot be created here."""


def call(*arguments):
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    if done.returncode != 0:
        raise Unable(f"{arguments[0]}: {(done.stderr or done.stdout).strip()}")


def extents(path):
    """The extents of a file or folder: [(first byte in it, first byte on the disk, bytes)]."""
    head = struct.pack("=QQIIII", 0, (1 << 64) - 1, FIEMAP_SYNC, 0, EXTENTS_MAX, 0)
    answer = bytearray(head + bytes(56 * EXTENTS_MAX))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, FIEMAP, answer)
    except OSError as error:
        raise Unable(f"the extents of a file are not known: {error.strerror}") from None
    finally:
        os.close(descriptor)
    count = struct.unpack_from("=I", answer, 20)[0]
    return [struct.unpack_from("=QQQ", answer, 32 + 56 * i) for i in range(count)]


def end_on_disk(path):
    return max((place + length for _, place, length in extents(path)), default=0)


class Disk:
    """A file system in a file, mounted on a folder until close()."""

    def __init__(self, scratch):
        self.image, self.root = scratch / "image", scratch / "disk"
        self.image.unlink(missing_ok=True)
        with open(self.image, "wb") as file:
            file.truncate(DISK_BYTES)
        self.root.mkdir(exist_ok=True)
        call("mkfs.ext4", "-q", "-b", str(BLOCK), "-m", "0", "-O", "^has_journal", str(self.image))
        call("mount", "-o", "loop,noatime", str(self.image), str(self.root))

    def sync(self):
        call("sync", "-f", str(self.root))

    def close(self):
        call("umount", str(self.root))

    def fill(self, plain, target):
        """Copies a folder. The target, which will fail, goes last, into a file created first."""
        path = self.root / target
        ballast = self.load(BALLAST_BYTES)
        last = max(ballast, key=end_on_disk)
        behind = end_on_disk(last)
        for other in ballast + self.load(BLOCK):
            if end_on_disk(other) < behind:
                other.unlink()
        shutil.copytree(plain, self.root, dirs_exist_ok=True)
        self.sync()
        for other in [path for path in plain.rglob("*") if path.is_file()]:
            self.move_before(behind, other, self.root / other.relative_to(plain))
        with open(last, "r+b") as file:
            file.truncate(file.write((plain / target).read_bytes()))
        last.rename(path)
        self.sync()
        first = min(place for _, place, _ in extents(path))
        if any(end_on_disk(other) > first for other in self.root.rglob("*")
               if other != path and not other.name.startswith(BALLAST)):
            raise Unable("the file system places files differently")

    def move_before(self, behind, origin, path):
        """Copies a file until it is before a position; other copies fill the space behind it."""
        for number in range(COPIES_MAX):
            if end_on_disk(path) <= behind:
                return
            path.rename(self.root / f"{BALLAST}{path.name}-{number}")
            shutil.copyfile(origin, path)
            self.sync()  # so that it does not use space that is freed later

    def load(self, size):
        """Creates files of a size, as many as fit."""
        ballast = []
        while True:
            path = self.root / f"{BALLAST}{size}-{len(ballast)}"
            with open(path, "wb") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, size)
                except OSError:
                    break
            ballast.append(path)
        path.unlink()
        return ballast

    def cut(self, target, share):
        """Makes the target unreadable from that fraction on."""
        path = self.root / target
        first = int(path.stat().st_size * share) // BLOCK * BLOCK
        lost = min(
            place + max(first - inside, 0)
            for inside, place, length in extents(path)
            if inside + length > first
        )
        os.truncate(self.image, lost)
        with open(path, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            try:
                while file.read(BLOCK):
                    pass
            except OSError:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                return
        raise Unable("the kernel reads zeros beyond the end of the disk")


def run(program, place, command):
    """Returns the status (below 0: a signal) and the output."""
    done = subprocess.run([program, *command.split(), "--threads", "2"], cwd=place,
                          stdin=subprocess.DEVNULL, text=True, capture_output=True,
                          timeout=SECONDS_MAX, check=False)
    return done.returncode, done.stdout + done.stderr


def run_well(program, place, command):
    status, said = run(program, place, command)
    if status != 0:
        raise Failure(f"{command}: status {status}: {said}")


def bits(folder):
    return [
        hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("best.safetensors", "last.safetensors")
    ]


def make_plain(program, scratch):
    """Creates all files to read, and a finished run with its checkpoints."""
    plain = scratch / "plain"
    plain.mkdir()
    run_well(program, plain,
             "data synth -o data --classes 2 --train-images 12 --val-images 4 --size 32 --quiet")
    classes = sorted((plain / "data/val").iterdir())
    if [path.name for path in classes][0] != "checker":
        raise Failure(f"the first class is {classes[0].name}")
    image = next(classes[0].glob("*.*"))
    for name in ("photo.png", "data/val/checker/bad.png", "data/train/checker/bad.png"):
        (plain / name).write_bytes(padded(image.read_bytes()))
    call("tar", "-C", str(plain / "data/val"), "-cf", str(plain / "data.tar"), ".")
    run_well(
        program,
        plain,
        "train data --model cifar-19pct --recipe quick --epochs 2 --batch 12 --average 0.9 "
        "--checkpoint-every 1 --checkpoint-keep 9 --out r --quiet",
    )
    return plain


def padded(image):
    """Pads an image to several blocks; readers ignore bytes after its end."""
    return image + bytes(4 * BLOCK)


def row(program, scratch, plain, target, share, command, status, said):
    place = scratch / "place"
    place.mkdir()
    disk = Disk(scratch)
    try:
        disk.fill(plain, target)
        disk.cut(target, share)
        found, printed = run(program, place, command.replace("{}", str(disk.root)))
        if found != status:
            raise Failure(f"status {found}, expected {status}: {printed.strip()}")
        if not re.search(said, printed, re.MULTILINE):
            raise Failure(f"{said} is missing in the output: {printed.strip()}")
        if "--resume" in command and status == 0 and bits(disk.root / "r") != bits(plain / "r"):
            raise Failure("other bits")
    finally:
        disk.close()
        shutil.rmtree(place)


def inside(program, scratch):
    """Tests all rows, in a private mount namespace."""
    plain = make_plain(program, scratch)
    faults = 0
    for number, (target, share, *rest) in enumerate(ROWS):
        try:
            row(program, scratch, plain, target, share, *rest)
        except Failure as failure:
            faults += 1
            print(f"{target} from {share:.0%}: {rest[0]}: {failure}", flush=True)
        except Unable as reason:
            if number > 0:
                raise
            print(f"skipped: {reason}")
            return SKIPPED
    print(f"failing disk: {len(ROWS)} reads, {faults} faults")
    return 1 if faults else 0


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    os.environ.update(LC_ALL="C.UTF-8", OMP_WAIT_POLICY="passive")
    if len(sys.argv) == 4 and sys.argv[1] == "--inside":
        return inside(sys.argv[2], Path(sys.argv[3]))
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    missing = [
        name
        for name in ("unshare", "mkfs.ext4", "mount", "umount", "tar")
        if shutil.which(name) is None
    ]
    if missing:
        print(f"skipped: {', '.join(missing)} not found")
        return SKIPPED
    alone = subprocess.run([*ISOLATED, "true"], capture_output=True, text=True, check=False)
    if alone.returncode != 0:
        print(f"skipped: no private mounts: {alone.stderr.strip()}")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="alexnet-disk-") as scratch:
        command = [*ISOLATED, sys.executable, __file__, "--inside", os.path.abspath(sys.argv[1]),
                   scratch]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
