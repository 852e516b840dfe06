"""Runs random schedules, calls, threads, forks and interrupts: `python tests/soak.py [--seconds S]`, or `make soak`.

A round does one of the actions below. After a warm-up, the memory of the process must stay within 1 MiB, and at the end
no thread and no child may be left. A difference, a hang or growing memory is printed, and the command exits with 1.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import itertools
import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np

import glidepath as gp

sys.path.insert(0, str(Path(__file__).parent))

from cases import random_nested

MIB = 1 << 20
HANGS_AFTER = 60.0  # seconds
STOPS_WITHIN = 1.0  # seconds; tests/core/test_stop.py asks for 0.2 on a machine that does nothing else
LONG = [
    gp.cosine(1.0, 0.0, 10**9),
    gp.constant(1.0),
    gp.linear(0.0, 1.0, 1_000).repeat(),
    gp.table([0.1, 0.2, 0.3]).hold(1_000_000),
    gp.cosine(1.0, 0.0, 10**9) + gp.cosine(0.0, 1.0, 10**9) - 1.0,
    gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=100, eta_min=0.0),
]


def schedule_of(rng: Random) -> Any:
    return random_nested(rng, rng.randrange(4)).build(gp)


def values(rng: Random) -> None:
    """Every method gives the same bits, also after a pickle and a text."""
    schedule, n, start = schedule_of(rng), rng.randrange(1, 3_000), rng.randrange(10**6)
    want = schedule.array(n, start=start, threads=rng.choice((1, 2)))
    again = pickle.loads(pickle.dumps(schedule, rng.randrange(6)))
    assert again == schedule == gp.Schedule.from_json(schedule.to_json())
    steps = np.array([rng.randrange(n) for _ in range(50)])
    assert again.gather(start + steps).tobytes() == want[steps].tobytes()
    assert np.concatenate(list(again.chunks(n, 700, start=start))).tobytes() == want.tobytes()
    k = rng.randrange(n)
    assert np.float64(again[start + k]).tobytes() == want[k : k + 1].tobytes()


def threads(rng: Random) -> None:
    """Threads share one schedule, and split long calls."""
    schedule = schedule_of(rng)
    want = schedule.array(2_000).tobytes()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: schedule.array(2_000, threads=2).tobytes(), range(8)):
            assert found == want


def forks(rng: Random) -> None:
    """Eight children compute with two threads, after their parent did."""
    start = rng.randrange(10**6)
    want = LONG[0].array(300_000, start=start, threads=2).tobytes()
    children = []
    for _ in range(8):
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if LONG[0].array(300_000, start=start, threads=2).tobytes() == want else 3)
            finally:
                os._exit(4)
        children.append(child)
    with limit("the forked children hang"):
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 8


class _StoppedError(Exception):
    pass


def interrupts(rng: Random) -> None:
    """A signal ends a long call, and the schedule works afterwards."""
    schedule, out = rng.choice(LONG), OUT[: rng.randrange(10**6, len(OUT))]
    until = rng.uniform(0.0, 0.03)

    def stop(_number: int, _frame: object) -> None:
        raise _StoppedError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(until, 1e-6))
    begun = time.monotonic()
    try:
        while True:
            schedule.fill(out, threads=rng.choice((1, 2)))
    except _StoppedError:
        took = time.monotonic() - begun - until
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    assert took < STOPS_WITHIN, f"{schedule!r} stopped {took:.2f} s after the signal"
    assert schedule.array(100).tobytes() == np.array([schedule[k] for k in range(100)]).tobytes()


def refusals(rng: Random) -> None:
    """Errors leave nothing behind."""
    schedule = schedule_of(rng)
    wrong: list[Callable[[], object]] = [
        lambda: schedule[-1],
        lambda: schedule.array(2**60),
        lambda: schedule.fill(np.empty(3, dtype="int32")),
        lambda: gp.Schedule("cosine(1.0, 0.0"),
        lambda: gp.Schedule.from_json(schedule.to_json()[:-2]),
        lambda: gp.table([0.1, float("nan")]),
    ]
    try:
        rng.choice(wrong)()
    except (ValueError, TypeError, IndexError, MemoryError):
        return
    raise AssertionError("it was not refused")


ACTIONS = [*[values] * 6, *[refusals] * 2, threads, forks, interrupts]
OUT = np.zeros(20_000_000)


@contextmanager
def limit(what: str) -> Iterator[None]:
    """End the process if something hangs."""

    def report() -> None:
        print(what, flush=True)
        os._exit(1)

    timer = threading.Timer(HANGS_AFTER, report)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def memory() -> int:
    """The bytes that this process has in memory, after it has given back what it keeps for later."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun, done, samples = time.monotonic(), Counter[str](), []
    for seed in itertools.count(options.seed):
        if (passed := time.monotonic() - begun) > options.seconds:
            break
        rng = Random(seed)
        action = rng.choice(ACTIONS)
        try:
            action(rng)
        except Exception:
            print(f"seed {seed}, {action.__name__}:", flush=True)
            raise
        done[action.__name__] += 1
        if passed > options.seconds / 3 and seed % 20 == 0:
            samples.append(memory())
    fifth = max(1, len(samples) // 5)
    grown = median(samples[-fifth:]) - median(samples[:fifth])
    print(", ".join(f"{name}: {n:,}" for name, n in sorted(done.items())), f"rounds, from seed {options.seed}")
    print(f"memory: {samples[0] / MIB:.1f} MiB after the warm-up, {grown / MIB:+.2f} MiB until the end (limit 1)")
    print(f"threads left: {threading.active_count() - 1}")
    return int(grown > MIB or threading.active_count() > 1)


if __name__ == "__main__":
    sys.exit(main())
