"""Ctrl-C: a child process gets a real SIGINT, and must raise KeyboardInterrupt within 200 ms in every call.

A child prints a line when it starts to work, and another line with the time when it has stopped. New arrays of
gigabytes take longest, because the system makes each page when it is first written.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import glidepath as gp
from helpers import within

LIMIT = 0.2
"""Seconds from the signal to the exception."""
TRIES = 6

PRELUDE = """
import signal, sys, time
import numpy as np
import glidepath as gp

signal.signal(signal.SIGINT, signal.default_int_handler)
def powers(n):
    p = gp.exponential(1.0, 1.0000001)
    factors = [gp.exponential(1.0, 1.0 + i * 1e-6) for i in range(1, n)]
    while factors:
        p, factors = p * factors[0], factors[1:]
    return p
"""
# The work is in its own function. In CPython 3.11 a `try` does not catch an exception that a signal's handler raises at
# the jump of a loop directly in the `try`.
RUN = """
def work():
    {work}
print("go", flush=True)
try:
    work()
    print("done", flush=True)
except KeyboardInterrupt:
    print(time.monotonic(), flush=True)
"""

SHAPES = {
    "constant": "gp.constant(0.1)",
    "piecewise": "gp.piecewise_constant([0.1, 0.2], [5])",
    "delay": "gp.linear(0.0, 1.0, 10).delay(10**12)",
    "ended": "gp.cosine(1.0, 0.0, 10)",
    "hold": "gp.cosine(1.0, 0.0, 10**12).hold(10**11)",
    "short hold": "gp.cosine(1.0, 0.0, 10**12).hold(3)",
    "by_epoch": "gp.cosine(1.0, 0.0, 10**9).by_epoch(10**4)",
    "repeat": "gp.cosine(1.0, 0.0, 1_000).repeat()",
    "long repeat": "gp.cosine(1.0, 0.0, 1_000_000).repeat()",
    "ended repeat": "gp.cosine(1.0, 0.0, 10).repeat(2)",
    "triangle": "gp.triangle(0.0, 1.0, 2_000, 3_000)",
    "table": "gp.table([0.1, 0.2])",
    "clamp": "gp.constant(0.1).clamp(high=0.05)",
    "wide tiles": "gp.linear(0.5, 1.0, 2**50)",
    "curve": "gp.cosine(1.0, 0.1, 10**12)",
    "replay": "gp.replay('torch.StepLR', base_lr=0.1, step_size=10**12)",
}
VALUES = 4 * 10**9 // 8
"""4 GB of float64: seconds, or some tenths of one where memory is fast."""


def stopped_after(setup: str, work: str, delay: float) -> float | None:
    """How long after a SIGINT the child raised KeyboardInterrupt, in seconds; None if it ended before the signal."""
    source = PRELUDE + setup + RUN.format(work=work)
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "go\n"
            time.sleep(delay)
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            heard = child.stdout.readline().strip()
        finally:
            child.kill()
    assert heard, f"it died: {work}"
    return None if heard == "done" else float(heard) - sent


def assert_stops(setup: str, work: str) -> None:
    """Within the limit in one of a few tries, because a busy machine can delay a single try."""
    took: list[float | None] = []
    delay = 0.25
    for _ in range(TRIES):
        took.append(last := stopped_after(setup, work, delay))
        if last is None:
            delay /= 2  # a fast machine's memory: the signal must come earlier
        elif last < LIMIT:
            return
    raise AssertionError(f"heard after {took} s: {work}")


@pytest.mark.parametrize("shape", SHAPES)
def test_fresh_memory(shape: str) -> None:
    assert_stops(f"s = {SHAPES[shape]}", f"s.array({VALUES})")


VERBS = {
    "float32": f"s.array({2 * VALUES}, dtype='float32')",
    "two threads": f"s.array({VALUES}, threads=2)",
    "fill": f"s.fill(np.empty({VALUES}))",
    "strided fill": f"s.fill(np.empty({VALUES})[::2])",
    "slice": f"s[:{2 * VALUES}:2]",
    "chunks": f"list(s.chunks({VALUES}, {VALUES // 2}))",
    "small chunks": "[0 for _ in s.chunks(10**12, 100)]",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("shape", ["constant", "repeat", "curve"])
def test_verbs(shape: str, verb: str) -> None:
    assert_stops(f"s = {SHAPES[shape]}", VERBS[verb])


GATHERED = {
    "table": "gp.table([0.1, 0.2])",
    "clamped": "gp.cosine(1.0, 0.0, 10**7).clamp(high=0.5)",
    "by_epoch": "gp.cosine(1.0, 0.0, 10**7).by_epoch(3)",
    "curve": "gp.cosine(1.0, 0.0, 10**8)",
    "recurrence": "gp.replay('torch.ExponentialLR', base_lr=0.1, gamma=0.9999999)",
}


@pytest.mark.parametrize("shape", GATHERED)
def test_gather(shape: str) -> None:
    setup = f"s = {GATHERED[shape]}\nk = np.arange(2 * 10**7)[::-1].copy()"
    assert_stops(setup, "while True: s.gather(k)")


SAVED = {
    "constant": SHAPES["constant"],
    "curve": SHAPES["curve"],
    "table": "gp.table([0.1, 0.2])",
}


@pytest.mark.parametrize("shape", SAVED)
@pytest.mark.parametrize("threads", [1, 2])
def test_save(shape: str, threads: int) -> None:
    folder = "import tempfile\nfolder = tempfile.TemporaryDirectory()"
    work = f"s.save(folder.name + '/lr.npy', 10**9, threads={threads})"
    assert_stops(f"s = {SAVED[shape]}\n{folder}", work)


def test_resume() -> None:
    """It checks what is there, again and again."""
    setup = "s = gp.cosine(1.0, 0.0, 10**8)\nimport tempfile\nfolder = tempfile.TemporaryDirectory()"
    setup += "\nname = folder.name + '/lr.npy'\ns.save(name, 2 * 10**7)"
    assert_stops(setup, "while True: s.save(name, 2 * 10**7, resume=True)")


LISTS = {
    "list": "list(s)",
    "iter": "sum(s)",
    "list function": "while True: dynamic_lr.cosine_decay_lr(0.0, 0.1, 3 * 10**6, 1, 3 * 10**6)",
}


@pytest.mark.parametrize("verb", LISTS)
def test_lists(verb: str) -> None:
    setup = "from glidepath.mindspore import dynamic_lr" if "dynamic_lr" in LISTS[verb] else ""
    assert_stops(f"s = gp.cosine(1.0, 0.1, 10**9)\n{setup}", LISTS[verb])


READ = {
    "table of a range": "gp.table(range(4 * 10**8))",
    "gather of a range": "s.gather(range(4 * 10**8))",
    "gather of ranges": "s.gather([range(10**8)] * 4)",
    "milestones": "gp.piecewise_constant([1.0], range(1, 4 * 10**8))",
    "an endless sequence": "gp.table(Endless())",
    "an endless sequence of steps": "s(Endless())",
    "a broadcast": "gp.table(np.broadcast_to(np.float32(0.5), 3 * 10**8))",
    "narrow steps": "s.gather(np.broadcast_to(np.int8(5), (3, 10**8)))",
    "a long text": "gp.Schedule.from_json(text)",
    "to_json": "many.to_json()",
    "repr": "repr(short)",
    "hash": "hash(gp.table(long))",
    "equality": "gp.table(long) == gp.table(long)",
}
TO_READ = """
from collections.abc import Sequence
class Endless(Sequence):
    def __len__(self):
        return 3
    def __getitem__(self, i):
        return 1
s = gp.cosine(1.0, 0.0, 10)
text = '{"glidepath":1,"schedule":{"kind":"table","values":[' + "0.1234567890123," * 3_000_000 + "1.0]}}"
long = np.linspace(0.1, 0.9, 10**8)
many, short = gp.table(np.linspace(0.1, 0.9, 3_000)), gp.table(np.linspace(0.1, 0.9, 900))
for _ in range(15):
    many, short = many >> many, short >> short
"""


@pytest.mark.parametrize("work", READ)
def test_arguments_and_texts(work: str) -> None:
    assert_stops(TO_READ, f"while True: {READ[work]}")


SLOW = {
    "at": "[s.at(10**9) for _ in range(10**6)]",
    "index": "[s[10**9] for _ in range(10**6)]",
    "call": "[s(10**9) for _ in range(10**6)]",
    "gather": "s.gather([10**9] * 10**6)",
    "array": "s.array(10**6, start=10**9)",
    "short array": "[s.array(10, start=10**9) for _ in range(10**6)]",
    "svg": "s._repr_svg_()",
}


@pytest.mark.parametrize("verb", SLOW)
def test_one_value_that_takes_long(verb: str) -> None:
    """A product of powers minus itself: 0, which only the last rung can compute."""
    assert_stops("p = powers(3_000)\ns = (p - p * 1.0).clamp(-1.0, 1.0) + p - p", SLOW[verb])


def turns_during(work: Callable[[], Any]) -> int:
    """How often another thread, which works from time to time, runs meanwhile."""
    turns, running = 0, True

    def turn() -> None:
        nonlocal turns
        while running:
            turns += 1
            time.sleep(1e-4)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        with within(60):
            before = turns
            work()
            return turns - before
    finally:
        running = False
        thread.join()


def test_other_threads_go_on_while_a_value_takes_long() -> None:
    """The slow rungs work without the GIL."""
    p = gp.exponential(1.0, 1.0000001)
    for i in range(1, 40):
        p = p * gp.exponential(1.0, 1.0 + i * 1e-6)
    hard = p - p * 1.0

    def work() -> None:
        assert hard.at(10**9) == 0.0
        assert hard[10**9] == 0.0
        assert hard.array(1, start=10**9)[0] == 0.0

    # If each of the three values kept the GIL, the thread would run about three times.
    assert turns_during(work) > 20


def test_other_threads_go_on_while_arguments_are_read() -> None:
    """A long conversion holds the GIL, but releases it from time to time."""
    assert turns_during(lambda: gp.table(range(2 * 10**7))) > 5
    values = [0.5] * 20_000_000
    assert turns_during(lambda: gp.table(values)) > 2
