"""Schedules in worker processes: how they travel there, shared memory, threads before a fork, killed workers."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from glidepath import _core
from helpers import assert_same

S = gp.warmup_cosine(3e-4, 10**9, 0.01, end=3e-5)
VALUES = np.linspace(1e-3, 1e-5, 100_000)
N = 50_000
METHODS = [name for name in ("fork", "spawn", "forkserver") if name in multiprocessing.get_all_start_methods()]

pytestmark = pytest.mark.filterwarnings("ignore:.*fork")  # Python 3.12 and JAX warn: there are threads


# How a schedule travels.


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_small_whatever_the_length(protocol: int) -> None:
    for schedule in (S, S.skip(10**12), gp.cosine(1.0, 0.0, 2**52).repeat(), gp.wsd(3e-4, 10**12, 2_000, 0.1)):
        pickled = pickle.dumps(schedule, protocol)
        assert len(pickled) < 1_000
        assert pickle.loads(pickled) == schedule


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "schedule",
    [
        gp.table(VALUES),
        gp.linear(0.0, 1e-3, 10) >> gp.table(VALUES).clamp(low=2e-5) * gp.table(VALUES[:64]) + gp.table(VALUES[:63]),
        gp.piecewise_constant(VALUES[:1_001], list(range(1, 1_001))),
        gp.replay("torch.StepLR", base_lr=0.1, step_size=30, gamma=0.1) + gp.table(-VALUES),
    ],
    ids=["table", "nested", "piecewise", "replay"],
)
def test_a_pickle_of_tables(schedule: Any, protocol: int) -> None:
    back = pickle.loads(pickle.dumps(schedule, protocol))
    assert back == schedule
    assert back.to_json() == schedule.to_json()
    assert_same(back.array(2_000), schedule.array(2_000))


def test_a_table_takes_8_bytes_a_value() -> None:
    table = gp.table(VALUES)
    assert len(pickle.dumps(table, 2)) > 15 * len(VALUES), "as text, which torch.load reads with weights_only=True"
    for protocol in range(3, pickle.HIGHEST_PROTOCOL + 1):
        assert len(pickle.dumps(table, protocol)) < 8 * len(VALUES) + 500


def test_a_table_leaves_the_pickle_as_a_buffer() -> None:
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(gp.table(VALUES) >> gp.table(VALUES[:100]), 5, buffer_callback=buffers.append)
    assert len(pickled) < 1_000
    assert [buffer.raw().nbytes for buffer in buffers] == [8 * len(VALUES), 800]
    assert pickle.loads(pickled, buffers=buffers) == gp.table(VALUES) >> gp.table(VALUES[:100])


def test_a_shared_table_travels_once() -> None:
    table = gp.table(VALUES)
    shared = table >> (table >> table * 2.0) >> table
    assert len(pickle.dumps(shared, 4)) < 8 * len(VALUES) + 1_000
    assert pickle.loads(pickle.dumps(shared, 4)) == shared


def test_a_short_list_stays_in_the_text() -> None:
    assert b"_from_parts" not in pickle.dumps(gp.table(VALUES[:63]), 4)
    assert b"_from_parts" in pickle.dumps(gp.table(VALUES[:64]), 4)


def test_a_damaged_pickle_is_refused() -> None:
    remake, (text, lists) = gp.table(VALUES[:64]).__reduce_ex__(5)
    assert remake is _core._from_parts
    wrong = lists[0].copy()
    wrong[7] = np.nan
    with pytest.raises(ValueError, match=r"values\[7\]`: got nan; it must be a finite number"):
        remake(text, [wrong])
    with pytest.raises(ValueError, match=r"\$\.schedule\.values`: got \"list 0\"; it must be a list"):
        remake(text, [])
    with pytest.raises(ValueError, match=r"\$\.schedule\.values`: got \"list 0\"; it must be a list"):
        gp.Schedule.from_json(text)
    with pytest.raises(TypeError):
        remake(text, [lists[0].astype("float32")])


# Threads, then processes.


def first_values(start: int) -> bytes:
    """Values that a worker computes with two threads."""
    return bytes(S.array(300_000, start=start, threads=2)[:1_000].tobytes())


@pytest.mark.parametrize("method", METHODS)
def test_eight_workers_after_threads(method: str) -> None:
    """The parent uses its threads, then starts workers that use theirs. `make soak` does this 1,000 times."""
    for i in range(200 if method == "fork" else 10):  # another process of Python takes 30 times as long to start
        S.array(300_000, threads=2)
        with multiprocessing.get_context(method).Pool(8) as pool:
            starts = range(i, i + 8)
            found = pool.map_async(first_values, starts).get(timeout=100)
        assert found == [S.array(1_000, start=start).tobytes() for start in starts]


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_futures(method: str) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(S.at, range(0, 10**9, 10**8))) == [S[k] for k in range(0, 10**9, 10**8)]


def test_sixteen_threads_on_one_schedule() -> None:
    schedule = S + gp.table(VALUES)
    want = schedule.array(N, start=5 * 10**6)
    steps = np.random.default_rng(0).integers(5 * 10**6, 5 * 10**6 + N, 5_000)

    def work(seed: int) -> bool:
        out = np.empty(N)
        for _ in range(5):
            schedule.fill(out, start=5 * 10**6)
            same = out.tobytes() == want.tobytes()
            gathered = schedule.gather(steps).tobytes() == want[steps - 5 * 10**6].tobytes()
            scalars = all(schedule[k] == want[k - 5 * 10**6] for k in steps[seed::16].tolist())
            if not (same and gathered and scalars):
                return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))


# Shared memory.


def fill_part(name: str, start: int, ready: Any, stop: Any) -> None:
    """Fill a part of an array in shared memory again and again."""
    memory = shared_memory.SharedMemory(name=name)
    part = np.ndarray(N, buffer=memory.buf, offset=8 * start)
    while not stop.is_set():
        S.fill(part, start=start)
        ready.set()
    del part
    memory.close()


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_is_killed_while_it_fills_shared_memory(method: str) -> None:
    """The others go on, the killed one's part can be filled again, and the owner unlinks the memory."""
    context = multiprocessing.get_context(method)
    memory = shared_memory.SharedMemory(create=True, size=8 * 4 * N)
    try:
        whole = np.ndarray(4 * N, buffer=memory.buf)
        whole[:] = np.nan
        events, stop = [context.Event() for _ in range(4)], context.Event()
        workers = [
            context.Process(target=fill_part, args=(memory.name, i * N, events[i], stop), daemon=True) for i in range(4)
        ]
        for worker in workers:
            worker.start()
        assert all(event.wait(60) for event in events)
        os.kill(workers[1].pid or 0, signal.SIGKILL)
        workers[1].join(60)
        assert workers[1].exitcode == -signal.SIGKILL
        for event in (events[0], events[2], events[3]):
            event.clear()
            assert event.wait(60), "the others go on"
        whole[N : 2 * N] = np.nan
        S.fill(whole[N : 2 * N], start=N)
        stop.set()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0, -signal.SIGKILL, 0, 0]
        found = whole.copy()
        del whole
    finally:
        memory.close()
        memory.unlink()
    assert_same(found, S.array(4 * N))
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name=memory.name)


DAEMON = """
import threading, time, numpy as np, glidepath as gp
schedule, out = {schedule}, np.empty(50_000_000)
begun = threading.Event()
def work():
    begun.set()
    while True:
        schedule.fill(out, threads={threads})
threading.Thread(target=work, daemon=True).start()
begun.wait()
time.sleep(0.2)
print("ends")
"""


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "schedule", ["gp.cosine(1.0, 0.0, 10**8)", "gp.constant(1.0)", "gp.linear(0.0, 1.0, 1_000).repeat()"]
)
def test_the_interpreter_ends_while_a_daemon_thread_fills(schedule: str, threads: int) -> None:
    code = DAEMON.format(schedule=schedule, threads=threads)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ends\n", "")


def test_a_schedule_is_made_and_dropped_by_many_threads() -> None:
    stop = time.monotonic() + 0.5
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while time.monotonic() < stop:
                assert pickle.loads(pickle.dumps(S, 5))[7] == S[7]
        except BaseException as error:  # noqa: BLE001 (the test reports it)
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
