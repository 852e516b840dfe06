"""Whose memory it is: the arrays that can be filled and those that are refused, threads, forks, Python manners."""

from __future__ import annotations

import copy
import multiprocessing
import operator
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from cases import CASES
from helpers import DTYPES, REFUSED, Array, assert_same, drawn

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


# What is refused: the reason names what is wrong, and nothing is written.


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


def test_overlapping_elements_are_refused_or_written_once() -> None:
    """A stride of zero: one place for many values has no right content."""
    out = np.lib.stride_tricks.as_strided(np.zeros(1), shape=(8,), strides=(0,), writeable=True)
    with pytest.raises((ValueError, TypeError)):
        S.fill(out)
    close = np.lib.stride_tricks.as_strided(np.zeros(8), shape=(8,), strides=(4,), writeable=True)
    with pytest.raises((ValueError, TypeError)):
        S.fill(close)


def test_gather_into_its_own_steps_is_refused_or_right() -> None:
    memory = np.arange(16, dtype=np.int64)
    out = memory.view(np.float64)
    want = S.gather(np.arange(16))
    try:
        S.gather(memory, out=out)
    except (ValueError, TypeError, BufferError):
        assert_same(memory, np.arange(16, dtype=np.int64))
    else:
        assert_same(out, want)


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
    """Enough for the tiles to be made once and looked up."""
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
    """Another Python thread gets on with its work during a long fill."""
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
    """Each thread its own part of one array."""
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
    """What a data-loader worker does."""
    return bytes(S.array(2_000_000, start=start, threads=2)[:N].tobytes())


@needs_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_after_threads() -> None:
    """The parent has used its threads; the child, which has none of them, uses its own."""
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
    """A schedule keeps no reference to what it fills or makes."""
    out = np.zeros(10)
    before = sys.getrefcount(out)
    for _ in range(100):
        S.fill(out)
        S.gather(np.arange(10), out=out)
        with pytest.raises(REFUSED):
            S.fill(out, start=-1)
    assert sys.getrefcount(out) == before
