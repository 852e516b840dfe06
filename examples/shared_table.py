"""Gives one array of rates to all workers, without a copy.

Run `python shared_table.py [fork|spawn|forkserver] [shared|file]`.

    shared   The array is in shared memory. The owner fills it, and workers attach to it by its name. It is gone when
             the owner unlinks it, also after an error. If the owner is killed, Python's resource tracker unlinks it.
    file     The array is a memory map of a file that `save` has written. The system keeps its pages once, however
             many workers read them. The file may be larger than the memory.

A schedule that is a formula needs neither: it is smaller than the name of the file. Measured data (a `table`) may be
large.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import shared_memory
from pathlib import Path

import numpy as np

import glidepath as gp

STEPS = 1_000_000
LR = gp.warmup_cosine(3e-4, STEPS, warmup=2_000)


@contextmanager
def shared_rates(schedule: gp.Schedule, steps: int) -> Iterator[str]:
    """Put the values into shared memory, and yield its name."""
    memory = shared_memory.SharedMemory(create=True, size=8 * steps)
    try:
        schedule.fill(np.ndarray(steps, buffer=memory.buf))
        yield memory.name
    finally:
        memory.close()
        memory.unlink()


def from_shared_memory(name: str, step: int) -> float:
    """Return a value, in a worker."""
    memory = shared_memory.SharedMemory(name=name)
    try:
        return float(np.ndarray(STEPS, buffer=memory.buf)[step])
    finally:
        memory.close()


def from_file(path: str, step: int) -> float:
    """Return a value, in a worker."""
    return float(np.load(path, mmap_mode="r")[step])


def main() -> None:
    """Let workers read some values, and compare them with the schedule's."""
    method = sys.argv[1] if len(sys.argv) > 1 else "fork"
    way = sys.argv[2] if len(sys.argv) > 2 else "shared"
    context = multiprocessing.get_context(method)
    steps = range(0, STEPS, STEPS // 10)
    if way == "shared":
        # The memory first, then the workers: they must have the resource tracker of their parent.
        with shared_rates(LR, STEPS) as name, context.Pool(2) as pool:
            found = pool.starmap(from_shared_memory, [(name, step) for step in steps])
    else:
        with tempfile.TemporaryDirectory() as folder, context.Pool(2) as pool:
            path = Path(folder) / "lr.npy"
            LR.save(path, STEPS)
            found = pool.starmap(from_file, [(str(path), step) for step in steps])
    assert found == [LR[step] for step in steps]
    print(f"{len(found)} values, the same in every bit")


if __name__ == "__main__":
    main()
