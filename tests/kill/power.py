#!/usr/bin/env python3
"""Cuts the power of training at each of its file operations; checks that nothing is lost or stuck.

usage: power.py PROGRAM FILES-LIBRARY [POINTS]

After a power failure a file holds its content at its last sync, and maybe later data, or blocks
that were never written; a folder holds the names of its last sync, and any of the changes since. So
each scenario of sweep.py is recorded once, and then replayed up to its 0th, 1st, 2nd ... operation
(with POINTS, up to that many of them), and from there to each of these folders:

    nothing that was not synced; all of it; all names, but of the data nothing, half, or zeros in
    its place; all data, but no name; each single change of names alone, all but that one, and the
    first 1, 2, 3 ... of them

Each folder that differs from all before it is resumed from as after a kill, and must give the same
bits and the same reports. Besides, a checkpoint must be on the disk once a later step is reported,
and so must all results once the command has ended.

Prints the number of points of each scenario. Exit status: 0 no faults, 1 faults.
"""

import concurrent.futures
import os
import re
import shutil
import sys
from pathlib import Path

from sweep import Failure, run_scenarios, spread

CHECKPOINT = re.compile(r"(.*)/checkpoints/step-(\d+)/manifest\.json$")
REPORT = re.compile(rb'"step":(\d+),.*"split":"train"')


class File:
    """A file's present bytes, and those at its last sync."""

    def __init__(self, data=b"", synced=b""):
        self.data, self.synced = data, synced

    def bytes_if(self, kept):
        """The bytes after a power failure; `kept`: what becomes of bytes that were not synced."""
        new = self.data[len(self.synced):]
        return {"all": self.data, "none": self.synced, "half": self.synced + new[:len(new) // 2],
                "zeros": self.synced + bytes(len(new))}[kept]


class Folder:
    """A folder's present names, and those at its last sync."""

    def __init__(self):
        self.names, self.synced = {}, {}


class Change:
    """One operation on names, atomic: {folder: {name: its new value, None: removed}}."""

    def __init__(self, effects):
        self.effects = effects


class Disk:
    """A tree of files, and its changes that are only in memory."""

    def __init__(self, place):
        self.place, self.root, self.changes = Path(place), Folder(), []
        self.load(self.root, self.place)

    def load(self, folder, path):
        for entry in sorted(path.iterdir()):
            if entry.is_dir():
                folder.names[entry.name] = Folder()
                self.load(folder.names[entry.name], entry)
            else:
                folder.names[entry.name] = File(entry.read_bytes(), entry.read_bytes())
        folder.synced = dict(folder.names)

    def find(self, path):
        """(folder, name) of a path; None: it is not on this disk."""
        try:
            parts = Path(path).relative_to(self.place).parts
        except ValueError:
            return None
        folder = self.root
        for part in parts[:-1]:
            folder = folder.names[part]
        return folder, parts[-1] if parts else None

    def get(self, path):
        found = self.find(path)
        if found is None:
            return None
        folder, name = found
        return folder if name is None else folder.names.get(name)

    def change(self, *steps):
        """Each step: (folder, name, its new value)."""
        effects = {}
        for folder, name, thing in steps:
            effects.setdefault(folder, {})[name] = thing
            folder.names = {**folder.names, name: thing}
            if thing is None:
                del folder.names[name]
        self.changes.append(Change(effects))

    def sync(self, thing):
        if isinstance(thing, File):
            thing.synced = thing.data
            return
        thing.synced = dict(thing.names)
        for change in self.changes:
            change.effects.pop(thing, None)
        self.changes = [change for change in self.changes if change.effects]

    def apply(self, what, path, other, offset, data):
        """Applies one operation. False: it is not on this disk."""
        here = self.find(path)
        if here is None:
            return False
        folder, name = here
        thing = self.get(path)
        if what == "open" and thing is None:
            self.change((folder, name, File()))
        elif what == "mkdir":
            self.change((folder, name, Folder()))
        elif what == "remove":
            self.change((folder, name, None))
        elif what == "rename":
            self.change((folder, name, None), (*self.find(other), thing))
        elif what == "link":
            self.change((*self.find(other), thing))
        elif what == "sync" and thing is not None:
            self.sync(thing)
        elif what == "write":
            if offset != len(thing.data):
                sys.exit(f"{path}: written in its middle, which power.py does not support")
            thing.data += data
        elif what == "empty":
            sys.exit(f"{path}: emptied, which power.py does not support")
        return True

    # ---- after a power failure

    def tree(self, chosen, kept):
        """{path: bytes, None: folder} with the chosen changes of names, and `kept` of the data."""
        out = {}

        def add(folder, path):
            names = dict(folder.synced)
            for change in chosen:
                names.update(change.effects.get(folder, {}))
            for name, thing in names.items():
                if isinstance(thing, Folder):
                    out[f"{path}{name}"] = None
                    add(thing, f"{path}{name}/")
                elif thing is not None:
                    out[f"{path}{name}"] = thing.bytes_if(kept)
        add(self.root, "")
        return out

    def trees(self):
        """All possible trees after a power failure now: (description, tree)."""
        every, count = self.changes, len(self.changes)
        yield "nothing that was not synced", self.tree([], "none")
        yield "all", self.tree(every, "all")
        for kept in ("none", "half", "zeros"):
            yield f"all names, of the data {kept}", self.tree(every, kept)
        yield "all data, no name", self.tree([], "all")
        for i in range(count):
            yield f"the name {i} of {count} alone", self.tree(every[i:i + 1], "none")
            yield f"all names but {i} of {count}", self.tree(every[:i] + every[i + 1:], "all")
            yield f"the first {i} of {count} names", self.tree(every[:i], "none")


def operations(path):
    """The operations that files.c recorded."""
    with open(path, "rb") as file:
        while line := file.readline():
            what, name, other, offset, size = line.decode().rstrip("\n").split("\t")
            yield what, name, other, int(offset), file.read(int(size))


def write(tree, place):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for path, content in sorted(tree.items()):
        if content is None:
            (place / path).mkdir()
        else:
            (place / path).write_bytes(content)


def key_of(tree):
    """Equal for equal trees. Python caches the hash of bytes, so each content is hashed once."""
    return frozenset(
        (path, content if content is None else (len(content), hash(content)))
        for path, content in tree.items()
    )


def newest_step(tree):
    """The newest step among the whole checkpoints."""
    return max((int(found[2]) for found in map(CHECKPOINT.match, tree) if found), default=-1)


class Claims:
    """What must be on the disk even if unsynced changes are lost."""

    def __init__(self, disk):
        self.disk, self.promised, self.ended = disk, -1, False

    def check(self, what, path, other, data):
        self.ended = self.ended or (
            what in ("rename", "link") and other.endswith("last.safetensors")
        )
        found = REPORT.search(data) if what == "write" and path.endswith("log.jsonl") else None
        if found:   # a checkpoint follows each step: the next step begins once it exists
            self.promised = int(found[1]) - 1
        if (
            self.promised <= 0 or self.ended
        ):  # at the end the weights exist, and checkpoints may be removed
            return
        step = newest_step(self.disk.tree([], "none"))
        if step < self.promised:
            raise Failure(
                f"step {self.promised + 1} is reported, but the newest checkpoint is {step}, "
                f"not {self.promised}"
            )

    def check_end(self):
        tree, wanted = self.disk.tree([], "none"), self.disk.tree(self.disk.changes, "all")
        lost = sorted(path for path in wanted if wanted[path] != tree.get(path, b""))
        if lost:
            raise Failure(f"the command has ended, but a power failure would lose {lost}")


def play(scenario, record, points):
    """Records and replays a scenario: (faults, operations, points, {key: (where, tree)})."""
    sweep = scenario.sweep
    place = sweep.fresh(scenario.base)
    disk = Disk(place)
    status, said = sweep.run(place, scenario.command, AN_RECORD=record)
    if status != 0:
        raise Failure(f"status {status}: {said}")
    played = list(operations(record))
    record.unlink()
    tried = set(spread(len(played), points))
    claims, faults, count, found = Claims(disk), [], 0, {}
    for n, (what, path, other, offset, data) in enumerate(played):
        try:
            if not disk.apply(what, path, other, offset, data):
                continue
            claims.check(what, path, other, data)
        except Failure as failure:
            faults.append(f"after operation {n} ({what} {path}): {failure}")
        if n not in tried:
            continue
        for how, tree in disk.trees():
            count += 1
            found.setdefault(
                key_of(tree), (f"after operation {n} ({what} {Path(path).name}), {how}", tree)
            )
    try:
        claims.check_end()
    except Failure as failure:
        faults.append(str(failure))
    return faults, len(played), count, found


def go_on(scenario, where, tree, place):
    """Resumes from that tree. Returns the fault, or None."""
    write(tree, place)
    try:
        scenario.check(place)
    except Failure as failure:
        return f"{where}: {failure}"
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return None


def cut_everywhere(scenario, points):
    """Returns the number of faults."""
    sweep = scenario.sweep
    faults, total, count, found = play(scenario, sweep.root / "record", points)
    places = [sweep.root / f"tree{i}" for i in range(len(found))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(go_on, scenario, *tree, place)
            for tree, place in zip(found.values(), places)
        ]
        faults += filter(None, (job.result() for job in jobs))
    for fault in faults:
        print(f"{scenario.name}: {fault}", flush=True)
    print(
        f"{scenario.name}: {total} operations, {count} points, {len(found)} different, "
        f"{len(faults)} faults",
        flush=True,
    )
    return len(faults)


if __name__ == "__main__":
    sys.exit(run_scenarios(cut_everywhere, "alexnet-power-", __doc__))
