"""Arrays: which can be filled and which are refused; threads, forks, operators, copies."""

from __future__ import annotations

import copy
import multiprocessing
import operator
import os
import pickle
import re
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glidepath as gp
from cases import CASES
from helpers import DTYPES, REFUSED, Array, assert_same, drawn
from strategies import expressions

N = 1_500
S = gp.linear(0.0, 3e-4, 200) >> gp.cosine(3e-4, 3e-5, 5_000)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def expected(dtype: str, start: int = 0, n: int = N) -> Array:
    return S.gather(np.arange(start, start + n), dtype=dtype)


# What can be filled.


@every_dtype
def test_fill_returns_what_it_filled(dtype: str) -> None:
    out = np.full(N, np.nan, dtype=dtype)
    assert S.fill(out) is out
    assert_same(out, expected(dtype))
    assert_same(S.fill(out=out, start=9, threads=1), expected(dtype, 9))


@every_dtype
@pytest.mark.parametrize("offset", [0, 1, 3, 7])
@pytest.mark.parametrize("stride", [1, 2, 5, -1, -3])
def test_slices_and_strides(dtype: str, offset: int, stride: int) -> None:
    out = np.full(N * abs(stride) + offset, -1.0, dtype=dtype)
    view = out[offset:][::stride]
    n = len(view)
    S.fill(view, start=11)
    assert_same(view, expected(dtype, 11, n))
    others = np.setdiff1d(np.arange(out.size), np.arange(offset, out.size)[::stride])
    assert (out[others] == -1).all()


@every_dtype
def test_columns_fields_and_broadcast_free_views(dtype: str) -> None:
    table = np.full((N, 3), -1.0, dtype=dtype)
    S.fill(table[:, 1])
    assert_same(table[:, 1], expected(dtype))
    assert (table[:, [0, 2]] == -1).all()
    records = np.zeros(N, dtype=[("step", "i8"), ("lr", dtype)])
    S.fill(records["lr"])
    assert_same(records["lr"], expected(dtype))
    S.fill(table.T[2])
    assert_same(table[:, 2], expected(dtype))


@every_dtype
def test_no_byte_outside_is_touched(dtype: str) -> None:
    for n in (1, 2, 7, 8, 9, 31, 63, 64, 65, 127, 129, 512, 513):
        guarded = np.full(n + 64, -1.0, dtype=dtype)
        S.fill(guarded[32 : 32 + n], start=195)
        assert (guarded[:32] == -1).all()
        assert (guarded[32 + n :] == -1).all()
        assert_same(guarded[32 : 32 + n], expected(dtype, 195, n))


@every_dtype
def test_a_memory_map(dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "lr.npy"
    mapped = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(N,))
    S.fill(mapped[: N // 2])
    S.fill(mapped[N // 2 :], start=N // 2)
    mapped.flush()
    assert_same(np.load(path), expected(dtype))
    read_only = np.load(path, mmap_mode="r")
    with pytest.raises(ValueError):
        S.fill(read_only)


@every_dtype
def test_shared_memory(dtype: str) -> None:
    memory = shared_memory.SharedMemory(create=True, size=N * np.dtype(dtype).itemsize)
    try:
        out = np.ndarray((N,), dtype=dtype, buffer=memory.buf)
        S.fill(out)
        assert_same(out.copy(), expected(dtype))
        del out
    finally:
        memory.close()
        memory.unlink()


@every_dtype
def test_a_buffer_of_bytes(dtype: str) -> None:
    owner = bytearray(N * np.dtype(dtype).itemsize)
    S.fill(np.frombuffer(owner, dtype=dtype))
    assert bytes(owner) == expected(dtype).tobytes()


@every_dtype
def test_a_torch_tensor(dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="fills a tensor through its .numpy()")
    tensor = torch.zeros(N, dtype=getattr(torch, dtype))
    S.fill(tensor.numpy())
    assert_same(tensor.numpy(), expected(dtype))
    S.fill(tensor[::3].numpy(), start=4)
    assert_same(tensor[::3].numpy(), expected(dtype, 4, len(tensor[::3])))


def test_torch_calls_and_saves_a_schedule(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="passes a schedule to LambdaLR, and through torch.save")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, S)
    for k in range(1, 4):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == [S[k]]
    scheduler.load_state_dict(scheduler.state_dict())
    assert scheduler.lr_lambdas == [S]
    torch.save({"schedule": S}, tmp_path / "checkpoint.pt")
    with torch.serialization.safe_globals([gp.Schedule]):
        assert torch.load(tmp_path / "checkpoint.pt") == {"schedule": S}


class Derived(np.ndarray):
    """A subclass is an array too."""


def test_a_subclass() -> None:
    out = np.zeros(N).view(Derived)
    assert S.fill(out) is out
    assert_same(np.asarray(out), expected("float64"))


# What is refused: the message says why, and nothing is written.


def read_only() -> Array:
    out = np.zeros(8)
    out.flags.writeable = False
    return out


def misaligned(dtype: str) -> Array:
    size = np.dtype(dtype).itemsize
    return np.zeros(8 * size + 1, dtype=np.uint8)[1:].view(dtype)


UNFIT: dict[str, tuple[Any, str]] = {
    "an int64 array": (np.zeros(8, dtype=np.int64), "int64"),
    "an int32 array": (np.zeros(8, dtype=np.int32), "int32"),
    "a float16 array": (np.zeros(8, dtype=np.float16), "float16"),
    "a complex array": (np.zeros(8, dtype=np.complex128), "complex128"),
    "an object array": (np.zeros(8, dtype=object), "object"),
    "a bool array": (np.zeros(8, dtype=bool), "bool"),
    "a datetime array": (np.zeros(8, dtype="M8[s]"), "datetime64"),
    "read-only": (read_only(), "read-only|writ"),
    "a broadcast": (np.broadcast_to(np.zeros(1), 8), "read-only|writ"),
    "2-D": (np.zeros((2, 4)), "2-D|2 dim|1-D|one dim|dimension"),
    "0-D": (np.zeros(()), "0-D|0 dim|1-D|one dim|dimension"),
    "byte-swapped": (np.zeros(8, dtype=np.dtype("f8").newbyteorder()), "byte|order|endian"),
    "byte-swapped float32": (np.zeros(8, dtype=np.dtype("f4").newbyteorder()), "byte|order|endian"),
    "misaligned": (misaligned("float64"), "align"),
    "misaligned float32": (misaligned("float32"), "align"),
    "a list": ([0.0] * 8, "list|array"),
    "a tuple": ((0.0,) * 8, "tuple|array"),
    "a bytearray": (bytearray(64), "bytearray|array"),
    "None": (None, "None|array"),
    "a number": (0.0, "float|array"),
    "a numpy scalar": (np.float64(0), "float64|array"),
    "a schedule": (S, "Schedule|array"),
}


@pytest.mark.parametrize("what", UNFIT)
@pytest.mark.parametrize("threads", [1, 2])
def test_unfit_outputs(what: str, threads: int) -> None:
    out, reason = UNFIT[what]
    before = copy.deepcopy(out)
    with pytest.raises((TypeError, ValueError), match=rf"(?i){reason}"):
        S.fill(out, start=100, threads=threads)
    assert repr(out) == repr(before), "nothing was written"
    if threads == 1:
        with pytest.raises((TypeError, ValueError), match=rf"(?i){reason}") if out is not None else nothing_raised():
            S.gather(np.arange(8), out=out)
        assert repr(out) == repr(before), "nothing was written"


class nothing_raised:  # noqa: N801 (used like pytest.raises)
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def overlapping(shape: tuple[int, ...], strides: tuple[int, ...], dtype: str) -> Array:
    memory = np.full(64, -1.0, dtype=dtype)
    return np.lib.stride_tricks.as_strided(memory, shape=shape, strides=strides, writeable=True)


@every_dtype
def test_elements_that_overlap_are_refused(dtype: str) -> None:
    """If two elements share memory, one value would be lost."""
    size = np.dtype(dtype).itemsize
    message = (
        "got an array whose elements overlap; each of its elements must have a place of its own. Fill a copy of it."
    )
    for strides in ((0,), (0, size), (size, 0), (size, size), (2 * size, size)):
        shape = (8,) if len(strides) == 1 else (4, 3)
        out = overlapping(shape, strides, dtype)
        with pytest.raises(ValueError, match=re.escape(f"`gather.out`: {message}")):
            S.gather(np.arange(out.size).reshape(shape), out=out)
        if out.ndim == 1:
            with pytest.raises(ValueError, match=re.escape(f"`fill.out`: {message}")):
                S.fill(out)
        assert (out == -1).all(), "nothing was written"
    apart = overlapping((4, 3), (3 * size, size), dtype)
    assert_same(S.gather(np.arange(12).reshape(4, 3), out=apart), expected(dtype, 0, 12).reshape(4, 3))


def same_memory() -> Iterator[tuple[str, Array, Array]]:
    """A name, steps, and a float64 output in the same memory."""
    for what, mine, its in (("a view", 0, 0), ("a part", 0, 4), ("the end", 0, 7), ("the beginning", 7, 0)):
        memory = np.arange(16, dtype=np.int64)
        yield what, memory[mine : mine + 8], memory.view(np.float64)[its : its + 8]
    buffer = bytearray(np.arange(16, dtype=np.int64).tobytes())
    yield "two frombuffer", np.frombuffer(buffer, dtype=np.int64), np.frombuffer(buffer, dtype=np.float64)
    buffer = bytearray(np.arange(16, dtype=np.uint64).tobytes())
    steps = np.frombuffer(buffer, dtype=np.uint64)[:4]
    yield "two frombuffer, a stride", steps, np.frombuffer(buffer, dtype=np.float64)[3::2][:4]
    memory = np.arange(16, dtype=np.int64)
    yield "no dimensions", memory[5:6].reshape(()), memory.view(np.float64)[5:6].reshape(())


@pytest.mark.parametrize(("what", "steps", "out"), list(same_memory()), ids=[what for what, *_ in same_memory()])
def test_gather_into_its_own_steps(what: str, steps: Array, out: Array) -> None:
    before = steps.copy()
    with pytest.raises(ValueError) as caught:
        S.gather(steps, out=out)
    assert str(caught.value) == (
        "`gather.out`: got an array that shares memory with `steps`; its memory must not be that of `steps`, which are "
        "still read when the first values are written. Pass a copy of one of them: `gather(steps.copy(), out=out)`."
    )
    assert_same(steps, before, what)
    S.gather(steps.copy(), out=out)
    assert_same(out, S.gather(before), what)


def test_steps_and_output_side_by_side() -> None:
    """In one buffer, but without a common byte: fields of one record, halves of one buffer."""
    records = np.zeros(N, dtype=[("step", "i8"), ("lr", "f8")])
    records["step"] = np.arange(N)
    S.gather(records["step"], out=records["lr"])
    assert_same(records["lr"].copy(), expected("float64"))
    buffer = bytearray(16 * N)
    steps = np.frombuffer(buffer, dtype=np.int64)[:N]
    steps[:] = np.arange(N)
    out = np.frombuffer(buffer, dtype=np.float64)[N:]
    assert_same(S.gather(steps, out=out), expected("float64"))
    narrow = np.arange(N, dtype=np.int32)
    wide = np.zeros(N)
    wide.view(np.int32)[:N] = narrow
    assert_same(S.gather(wide.view(np.int32)[:N], out=wide), expected("float64"), "steps that were copied")


SLOW = gp.cosine(1.0, 0.0, 10**9) + gp.cosine(0.0, 1.0, 10**9) - 1.0
"""Each value takes microseconds, so a fill is long enough for a test to act during it."""


@contextmanager
def being_filled(out: Array) -> Iterator[None]:
    """Another thread fills `out`, and is stopped at the end."""
    stop = threading.Event()

    def fill_again_and_again() -> None:
        while not stop.is_set():
            SLOW.fill(out, start=1)

    thread = threading.Thread(target=fill_again_and_again)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def becomes_refused(call: Any) -> str:
    """The message when the call is refused. Waits, because the other thread needs a moment to start."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < 30:
        try:
            call()
        except ValueError as error:
            return str(error)
    raise AssertionError("it was never refused")


def test_memory_that_another_thread_writes() -> None:
    n = 5_000
    buffer = bytearray(8 * n)
    out, again = np.frombuffer(buffer, dtype=np.float64), np.frombuffer(buffer, dtype=np.float64)
    steps = np.frombuffer(buffer, dtype=np.int64)
    in_use = (
        "got an array in use; no other call may read or write its memory at the same time. Wait for that call, or give "
        "each call an array of its own."
    )
    being_written = "got an array in use; another call is still writing to its memory. Wait for that call."
    with being_filled(out):
        assert becomes_refused(lambda: S.fill(again)) == f"`fill.out`: {in_use}"
        assert becomes_refused(lambda: S.fill(again[100:200:3])) == f"`fill.out`: {in_use}"
        assert becomes_refused(lambda: S.gather(np.arange(n), out=again)) == f"`gather.out`: {in_use}"
        assert becomes_refused(lambda: S.gather(steps)) == f"`gather.steps`: {being_written}"
        assert becomes_refused(lambda: gp.table(again)) == f"`table.values`: {being_written}"
    assert_same(S.fill(again[:N]), expected("float64"))


def test_columns_of_one_table_in_two_threads() -> None:
    """Their ranges overlap, but they have no common byte."""
    table = np.zeros((5_000, 3))
    with being_filled(table[:, 0]):
        for _ in range(200):
            S.fill(table[:, 1])
            S.fill(table[:, 2])
    assert_same(table[:N, 1].copy(), expected("float64"))


# array, gather, chunks, slices.


@every_dtype
def test_array(dtype: str) -> None:
    found = S.array(N, start=3, dtype=dtype)
    assert_same(found, expected(dtype, 3))
    assert type(found) is np.ndarray
    assert found.flags.owndata
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert_same(S.array(n=N, start=3, dtype=dtype, threads=2), found)


@every_dtype
def test_gather(dtype: str) -> None:
    steps = np.array([5, 0, 199, 200, 201, 10**6, 5], dtype=np.int64)
    want = np.array([S.array(1, start=int(k), dtype=dtype)[0] for k in steps])
    assert_same(S.gather(steps, dtype=dtype), want)
    assert_same(S.gather(steps=list(map(int, steps)), dtype=dtype), want)
    assert_same(S.gather(steps.astype(np.uint64)[::-1], dtype=dtype), want[::-1])
    wide = np.zeros(2 * len(steps), dtype=np.int64)
    wide[::2] = steps
    assert_same(S.gather(wide[::2], dtype=dtype), want)
    out = np.full(3 * len(steps), -1.0, dtype=dtype)
    view = out[1::3]
    assert S.gather(steps, out=view) is view
    assert_same(view, want)
    assert (out[0::3] == -1).all()
    assert steps.tolist() == [5, 0, 199, 200, 201, 10**6, 5], "the caller's array is not touched"


def test_gather_into_the_wrong_place() -> None:
    for out in (np.zeros(3), np.zeros(5), np.zeros((2, 2)), np.zeros(4, dtype=np.int64)):
        with pytest.raises((ValueError, TypeError)):
            S.gather(np.arange(4), out=out)
        assert not out.any()


@every_dtype
def test_gather_of_many(dtype: str) -> None:
    """So many steps that `gather` computes each tile once."""
    steps = np.random.default_rng(0).integers(0, 6_000, 300_000)
    assert_same(S.gather(steps, dtype=dtype), S.array(6_000, dtype=dtype)[steps])
    far = np.random.default_rng(1).integers(0, 2**53, 100_000, endpoint=True)
    assert_same(S.gather(far[:50], dtype=dtype), S.gather(far, dtype=dtype)[:50])


def test_call() -> None:
    assert S(7).hex() == S[7].hex() == S.at(7).hex()
    assert isinstance(S(7), float)
    assert type(S(np.int64(7))) is float
    assert_same(S(np.array([1, 2, 3])), S.array(3, start=1))
    assert_same(S([1, 2, 3]), S.array(3, start=1))


@every_dtype
def test_chunks(dtype: str) -> None:
    chunks = S.chunks(1_000, 300, start=50, dtype=dtype)
    assert iter(chunks) is chunks
    first = next(chunks)
    kept = first.copy()
    rest = list(chunks)
    assert_same(first, kept, "a chunk stays as it is when the next comes")
    assert [len(chunk) for chunk in (first, *rest)] == [300, 300, 300, 100]
    assert_same(np.concatenate([first, *rest]), expected(dtype, 50, 1_000))
    with pytest.raises(StopIteration):
        next(chunks)
    endless = S.chunks(2**52, 10)
    assert_same(next(endless), expected("float64", 0, 10))
    assert_same(next(endless), expected("float64", 10, 10))


def test_as_a_sequence() -> None:
    line = gp.linear(0.0, 1.0, 10)
    values = [line[k] for k in range(10)]
    assert len(line) == 10
    assert list(line) == values
    assert isinstance(iter(line), Iterator)
    assert np.asarray(line).tolist() == values
    assert np.asarray(line, dtype="float32").dtype == np.float32
    assert np.array(line).tolist() == values
    assert np.asarray(line).dtype == np.float64
    assert line[2:5].tolist() == values[2:5]
    assert line[:].tolist() == values
    assert line[1::4].tolist() == values[1::4]
    assert line[np.int64(2) : np.int64(5)].tolist() == values[2:5]
    assert line[3] == line[np.int64(3)] == line[np.uint8(3)]
    assert line[10] == line[11] == 1.0, "past its end a schedule holds"
    assert bool(gp.constant(0.0)), "a schedule is not false where it has no length"
    assert gp.constant(0.0).steps is None


def test_a_float32_view_of_a_schedule_is_rounded_once() -> None:
    assert_same(np.asarray(S, dtype="float32"), S.array(S.steps, dtype="float32"))


# Equality, hash, pickle, copy, repr.


@pytest.mark.parametrize("name", CASES)
def test_values_in_python(name: str) -> None:
    for schedule in (CASES[name].build(gp, 1_000), drawn(CASES[name], 3)[0]):
        same = gp.Schedule.from_json(schedule.to_json())
        other = schedule.delay(1)
        assert schedule == same
        assert not schedule != same
        assert hash(schedule) == hash(same)
        assert schedule != other
        assert len({schedule, same, other}) == 2
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(schedule, protocol)) == schedule
        assert copy.copy(schedule) == schedule
        assert copy.deepcopy(schedule) == schedule
        assert_same(copy.deepcopy(schedule).array(100), schedule.array(100))
        if name != "table":
            assert eval(repr(schedule), {"gp": gp}) == schedule
            assert "\n" not in repr(schedule)


@pytest.mark.parametrize(
    "text",
    [
        "gp.linear(0.0, 0.1, 100)",
        "gp.polynomial(0.1, 0.0, 100, power=2.0)",
        "gp.exponential(0.1, 0.5, per=10.0, stair=True)",
        "gp.linear(0.0, 0.1, 100).then(gp.cosine(0.1, 0.0, 900))",
        "gp.linear(0.0, 0.1, 100).then(gp.cosine(0.1, 0.0, 900), at=50)",
        "gp.table([0.1, 0.2])",
        "gp.triangle(0.0, 1.0, 5, down=7, decay=0.5)",
        "gp.triangle(0.0, 1.0, 5, decay=0.5)",
        "gp.piecewise_constant([0.1, 0.2], [5])",
        "gp.constant(1.0).clamp(low=0.5)",
        "gp.linear(0.0, 1.0, 3).repeat()",
        "gp.linear(0.0, 1.0, 3).repeat(5).hold(2).by_epoch(7).delay(1)",
    ],
)
def test_repr_is_what_was_written(text: str) -> None:
    assert repr(eval(text, {"gp": gp})) == text


@pytest.mark.parametrize(
    "make",
    [
        lambda a, b: 2.0 * (3.0 * a), lambda a, b: 0.1 + (0.2 + a), lambda a, b: (a + 0.1) + 0.2, lambda a, b: a - b,
        lambda a, b: a - (b - a), lambda a, b: -(-a), lambda a, b: 1 - a, lambda a, b: a - 1, lambda a, b: -a * b,
        lambda a, b: (a + b) * (a - b), lambda a, b: (a / 2) / 3, lambda a, b: a / 2 * b, lambda a, b: 2 * (a / 4),
        lambda a, b: (a + b).hold(3), lambda a, b: (a * 2).delay(1), lambda a, b: (a >> b) * 2, lambda a, b: a * 2 >> b,
        lambda a, b: a >> (b + a), lambda a, b: -(a >> b), lambda a, b: (-a).repeat(2), lambda a, b: -2.0 * a,
        lambda a, b: a * -2.0, lambda a, b: a + -2.0, lambda a, b: a / -2.0, lambda a, b: -1.0 * -a,
        lambda a, b: 0.1 * (0.2 * (0.3 * a)), lambda a, b: 0.1 + (b + (0.2 + a)), lambda a, b: a * (2 * b) * 3,
    ],
)  # fmt: skip
def test_repr_of_arithmetic(make: Any) -> None:
    schedule = make(gp.linear(0.1, 0.7, 10), gp.cosine(0.3, 0.9, 7))
    again = eval(repr(schedule), {"gp": gp})
    assert_same(again.array(30), schedule.array(30), repr(schedule))
    assert again == schedule, repr(schedule)


def test_what_is_different_differs() -> None:
    line = gp.linear(0, 1, 10)
    others: Sequence[object] = (
        gp.linear(0, 1, 11), gp.linear(0, 2, 10), gp.linear(1, 1, 10), gp.cosine(0, 1, 10), gp.polynomial(0, 1, 10),
        line.hold(1), line + 0, 1 * line, line.delay(0), line >> line, line.repeat(1), "linear", 1, None,
    )  # fmt: skip
    for other in others:
        assert line != other
        assert not line == other
    assert operator.eq(line, gp.linear(0, 1, 10))


# Threads and forks.


def test_the_gil_is_released() -> None:
    """Another Python thread continues during a long fill."""
    ticks = 0
    running = True

    def tick() -> None:
        nonlocal ticks
        while running:
            ticks += 1
            time.sleep(0.0005)

    schedule = gp.cosine(1.0, 0.0, 10**6) * gp.table(np.linspace(1.0, 2.0, 1_000))
    out = np.empty(5_000_000, dtype=np.float64)
    thread = threading.Thread(target=tick)
    thread.start()
    try:
        before, begun = ticks, time.perf_counter()
        while time.perf_counter() - begun < 0.3:
            schedule.fill(out)
        during = ticks - before
    finally:
        running = False
        thread.join()
    assert during > 20, "a fill that held the lock would let the other thread in only between fills"


def test_many_threads_fill_one_array() -> None:
    """Each thread fills its own part of one array."""
    whole = np.zeros(8 * N)
    parts = [(i * N, whole[i * N : (i + 1) * N]) for i in range(8)]
    for _ in range(20):
        whole[:] = 0
        threads = [threading.Thread(target=S.fill, args=(part, start)) for start, part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert_same(whole, expected("float64", 0, 8 * N))


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def in_worker(start: int) -> bytes:
    """As a data-loader worker does."""
    return bytes(S.array(2_000_000, start=start, threads=2)[:N].tobytes())


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_after_threads() -> None:
    """The parent has used its threads. The child does not have them, and starts its own."""
    S.array(4_000_000, threads=2)
    child = os.fork()
    if child == 0:
        fine = S.array(4_000_000, threads=2)[:N].tobytes() == S.array(N).tobytes()
        os._exit(0 if fine else 1)
    begun = time.perf_counter()
    while time.perf_counter() - begun < 60:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


def ended(child: int) -> int:
    """The exit code of a child process, which must not hang."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < 60:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("strided", [False, True])
def test_fork_while_an_array_is_filled(strided: bool) -> None:
    """The thread that fills the array does not exist in the child. So the child can fill the array."""
    memory = np.zeros(10_000)
    out = memory[::2] if strided else memory[:5_000]
    steps = np.frombuffer(memory, dtype=np.int64)[:10]
    with being_filled(out):
        becomes_refused(lambda: S.fill(out))
        for _ in range(20):
            child = os.fork()
            if child == 0:
                try:
                    for _ in range(3):
                        fine = S.fill(out)[:N].tobytes() == expected("float64").tobytes()
                        S.fill(out[1:])
                        S.gather(np.arange(len(out)), out=out)
                        fine &= gp.table(out)[7] == S[7]
                        memory[:10].view(np.int64)[:] = 3
                        fine &= S.gather(steps).tolist() == [S[3]] * 10
                    os._exit(0 if fine else 3)
                except BaseException as error:  # noqa: BLE001 (the child must not go on with the tests)
                    os.write(2, f"{error!r}\n".encode())
                    os._exit(4)
            assert ended(child) == 0


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_has_rules_of_its_own() -> None:
    """The child also refuses an array that the child is filling."""
    out = np.zeros(5_000)
    with being_filled(out):
        becomes_refused(lambda: S.fill(out))
        child = os.fork()
        if child == 0:
            try:
                with being_filled(out):
                    becomes_refused(lambda: S.fill(out))
                S.fill(out)
                os._exit(0)
            except BaseException:  # noqa: BLE001 (the child must not go on with the tests)
                os._exit(4)
        assert ended(child) == 0


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_worker_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not {method}")
    S.array(4_000_000, threads=2)
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map_async(in_worker, range(0, 400, 100)).get(timeout=100)
    assert found == [expected("float64", start).tobytes() for start in range(0, 400, 100)]


def test_a_schedule_goes_to_a_process_and_back() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(operator.rshift, (S, gp.constant(1.0))) == S >> gp.constant(1.0)


def test_results_do_not_leak() -> None:
    """A schedule keeps no reference to arrays that it fills or makes."""
    out = np.zeros(10)
    before = sys.getrefcount(out)
    for _ in range(100):
        S.fill(out)
        S.gather(np.arange(10), out=out)
        with pytest.raises(REFUSED):
            S.fill(out, start=-1)
    assert sys.getrefcount(out) == before


# A repr that evaluates, at its limits.

LAST = 2**53
LONG = gp.linear(0.0, 1.0, LAST)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (gp.constant(1.0).then(LONG.then(gp.linear(0.0, 1.0, 5), at=10), at=5),
         ("gp.constant(1.0).then(gp.linear(0.0, 1.0, 9007199254740992).then(gp.linear(0.0, 1.0, 5), at=10), at=5)")),
        (gp.linear(0.0, 2.0, 5) >> LONG.then(LONG.then(gp.linear(0.0, 1.0, 5), at=10), at=7),
         ("gp.linear(0.0, 2.0, 5).then(gp.linear(0.0, 1.0, 9007199254740992).then(gp.linear(0.0, 1.0, 9007199254740992)"
          ".then(gp.linear(0.0, 1.0, 5), at=10), at=7))")),
        (LONG.then(LONG.then(gp.constant(1.0), at=3), at=4) + 1.0,
         ("gp.linear(0.0, 1.0, 9007199254740992).then(gp.linear(0.0, 1.0, 9007199254740992)"
          ".then(gp.constant(1.0), at=3), at=4) + 1.0")),
        (gp.linear(0.0, 2.0, 5) >> gp.linear(0.0, 1.0, LAST - 5),
         "gp.linear(0.0, 2.0, 5).then(gp.linear(0.0, 1.0, 9007199254740987))"),
    ],
)  # fmt: skip
def test_repr_of_parts_that_are_cut(schedule: Any, text: str) -> None:
    assert repr(schedule) == text
    assert eval(text, {"gp": gp}) == schedule


@given(st.lists(st.tuples(st.integers(1, LAST), st.integers(1, LAST)), min_size=1, max_size=12), st.integers(1, LAST))
def test_repr_of_any_chain(parts: list[tuple[int, int]], last: int) -> None:
    """Parts of any length, cut at any step, joined from the right."""
    schedule = gp.linear(0.0, 1.0, last)
    for steps, at in parts:
        with suppress(ValueError):  # longer than 2**53 together
            schedule = gp.linear(0.0, 1.0, steps).then(schedule, at=at)
    assert eval(repr(schedule), {"gp": gp}) == schedule
    assert gp.Schedule.from_json(schedule.to_json()) == schedule


@given(expressions)
def test_repr_of_any_expression(expr: Any) -> None:
    schedule = expr.build(gp)
    assert eval(repr(schedule), {"gp": gp}) == schedule


def test_repr_of_long_lists() -> None:
    for n in (1, 8, 129, 500, 1_000):
        schedule = gp.table(np.linspace(0.1, 0.9, n)) * 2.0
        assert eval(repr(schedule), {"gp": gp}) == schedule
        milestones = gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=list(range(n)))
        assert eval(repr(milestones), {"gp": gp}) == milestones
    assert repr(gp.table([0.5] * 1_001)) == (
        "gp.table([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ... 1001 values; `to_json()` writes them all])"
    )
    with pytest.raises(SyntaxError):
        eval(repr(gp.table([0.5] * 1_001)), {"gp": gp})
