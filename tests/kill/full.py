#!/usr/bin/env python3
"""Fills the disk at every 4 KiB that training writes, and checks the message and that nothing is
lost.

usage: full.py PROGRAM FILES-LIBRARY [POINTS]

Each scenario of sweep.py writes 0, 4, 8 ... KiB (with POINTS: at that many sizes) and then finds
the disk full. It must end with status 74 and one line that names the file and the reason; with the
earlier checkpoints, or newer ones; and with nothing half-written under a final name. With free
space again it must continue to the same bits.

Prints the number of points of each scenario. Exit status: 0 no faults, 1 faults.
"""

import concurrent.futures
import os
import shutil
import sys

from power import newest_step
from sweep import Failure, run_scenarios, spread

PIECE = 4096
SYSTEM = 74
REASON = "cannot write: No space left on device"
AMPLE = 1 << 40


def checkpoint_of(place):
    """The step of the newest whole checkpoint."""
    return newest_step({str(path.relative_to(place)) for path in place.rglob("manifest.json")})


def bytes_of(sweep, scenario):
    """How many bytes the command writes."""
    tell = sweep.root / "told"
    sweep.run(sweep.fresh(scenario.base), scenario.command, AN_ROOM=AMPLE, AN_TELL=tell)
    lines = dict(line.split("\t") for line in tell.read_text().splitlines())
    tell.unlink()
    return int(lines["bytes"])


def check(scenario, room):
    """Fails if the scenario does not end as promised with `room` bytes free."""
    sweep = scenario.sweep
    place = sweep.fresh(scenario.base, f"room{room}")
    before = checkpoint_of(place)
    status, said = sweep.run(place, scenario.command, AN_ROOM=room)
    lines = [line for line in said.splitlines() if "warning" not in line]
    if (
        status != SYSTEM
        or len(lines) != 1
        or not lines[0].startswith("alexnet: train: ")
        or not lines[0].endswith(REASON)
    ):
        raise Failure(f"status {status}: {said}")
    if "--force" not in scenario.command and checkpoint_of(place) < before:
        raise Failure(
            f"the checkpoint of step {before} is lost, the newest is {checkpoint_of(place)}"
        )
    for path in place.rglob("*.tmp*"):   # with --force: the old config.json
        if "--force" not in scenario.command or not path.name.startswith("config.json."):
            raise Failure(f"left over: {path}")
    scenario.check(place)
    shutil.rmtree(place)


def fault_of(scenario, room):
    """The fault at this point, or None."""
    try:
        check(scenario, room)
    except Failure as failure:
        return f"{scenario.name}: with room for {room} bytes: {failure}"
    return None


def fill_everywhere(scenario, points):
    """Returns the number of faults."""
    rooms = range(0, bytes_of(scenario.sweep, scenario), PIECE)
    tried = [rooms[i] for i in spread(len(rooms), points)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = list(filter(None, pool.map(lambda room: fault_of(scenario, room), tried)))
    for fault in faults:
        print(fault, flush=True)
    print(
        f"{scenario.name}: {len(rooms)} points, {len(tried)} tried, {len(faults)} faults",
        flush=True,
    )
    return len(faults)


if __name__ == "__main__":
    sys.exit(run_scenarios(fill_everywhere, "alexnet-full-", __doc__))
