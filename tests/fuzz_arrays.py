"""Passes odd arrays and arguments to everything that reads or writes arrays.

A call either gives the values of `s[k]`, and writes nothing outside of `out`; or it raises a short TypeError,
ValueError or IndexError, and writes nothing at all.
"""

from __future__ import annotations

import array as arrays
import functools
import mmap
import random
from collections.abc import Callable
from typing import Any

import numpy as np

import glidepath as gp
from cases import random_nested
from expression import MAX_STEP
from helpers import REFUSED, assert_same

Array = np.ndarray[Any, Any]
SCALARS: tuple[Any, ...] = (
    0, 1, 5, -1, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), 10**400, True, None, 0.0, 1.5, float("nan"), "5", b"5", 1j,
    np.int8(3), np.uint64(2**64 - 1), np.float32(2), np.bool_(True), np.array(3), np.array([3]), np.datetime64(3, "s"),
    slice(3), [], {}, object(), int, np.int64, Ellipsis,
)  # fmt: skip


class Subclass(np.ndarray[Any, Any]):
    """An object that is nearly an array."""

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key)


def once(rng: random.Random) -> None:
    schedule = random_nested(rng, rng.randint(0, 2)).build(gp)
    for _ in range(10):
        rng.choice((fills, gathers, gathers_of_lists, reads_values, asks_oddly))(rng, schedule)


def refused(error: BaseException, *, is_right: bool = True) -> None:
    assert is_right, error
    assert len(str(error)) < 600, str(error)
    assert "\n" not in str(error), str(error)


def values(schedule: Any, steps: Array, dtype: Any) -> Array:
    """The values one by one, each by an `array` of one value."""
    found = [schedule.array(1, start=int(k), dtype=dtype)[0] for k in steps.ravel()]
    return np.array(found, dtype=dtype).reshape(steps.shape)


def strange(rng: random.Random, dtype: Any) -> tuple[Array, Array]:
    """An array with an odd layout, and the memory that contains it."""
    size = np.dtype(dtype).itemsize
    n = rng.randint(0, 40)
    memory = np.frombuffer(mmap.mmap(-1, 4096) if rng.random() < 0.3 else bytearray(4096), dtype=np.uint8)
    memory[:] = 0xAB
    offset = rng.choice((0, size, 64, 1, 4, 8 * size))
    kind = rng.choice(
        ("plain", "strided", "backwards", "two", "three", "none", "overlapping", "broadcast", "field", "ascending")
    )
    base = memory[offset : offset + (4096 - offset) // size * size].view(dtype)
    made: Array
    if kind == "plain":
        made = base[:n]
    elif kind == "strided":
        made = base[: 3 * n : rng.choice((2, 3, 7))]
    elif kind == "backwards":
        made = base[:n][:: rng.choice((-1, -2))]
    elif kind == "two":
        made = base[:60].reshape(rng.choice(((6, 10), (60, 1), (1, 60))), order=rng.choice(("C", "F")))
    elif kind == "three":
        made = base[:60].reshape(3, 4, 5)[:, :: rng.choice((1, 2, -1)), rng.choice((slice(None), slice(1, 4)))].T
    elif kind == "none":
        made = base[:1].reshape(())
    elif kind in ("overlapping", "ascending"):
        strides = (rng.choice((0, size, size // 2, -size)) if kind == "overlapping" else 3 * size, size)
        made = np.lib.stride_tricks.as_strided(base[8:], shape=(3, 3), strides=strides, writeable=True)
        made = made[0] if rng.random() < 0.3 else made
    elif kind == "broadcast":
        made = np.broadcast_to(base[:1], (5,))
    else:
        records = np.zeros(n + 1, dtype=[("a", rng.choice(("u1", "u8"))), ("x", dtype), ("y", dtype)])
        made, memory = records["x"], records.view(np.uint8)
    if rng.random() < 0.15:
        made = made.view(Subclass)
    if rng.random() < 0.1 and kind != "broadcast":
        made = made.view()
        made.flags.writeable = False
    return made, memory


def outside(made: Array, memory: Array) -> Array:
    """The bytes of `memory` that are not the array's, in order."""
    mine = np.zeros(memory.size, dtype=bool)
    start = memory.__array_interface__["data"][0]
    flat = [0]
    for side, stride in zip(made.shape, made.strides, strict=True):
        flat = [at + i * stride for at in flat for i in range(side)]
    begin = made.__array_interface__["data"][0] - start
    for at in flat if made.size else ():
        mine[begin + at : begin + at + made.itemsize] = True
    return memory[~mine].copy()


FLOATS = ("f8", "f4", ">f8", ">f4", "f2", "g", "i8", "u1", "c16", "?", "O", "M8[s]", "U3", "V8")


def an_output(rng: random.Random) -> tuple[Array, Array]:
    dtype = rng.choice(("f8", "f4")) if rng.random() < 0.8 else rng.choice(FLOATS)
    if np.dtype(dtype).hasobject:
        made = np.zeros(5, dtype=dtype)
        return made, np.zeros(0, dtype=np.uint8)
    return strange(rng, dtype)


def fills(rng: random.Random, schedule: Any) -> None:
    out, memory = an_output(rng)
    start = rng.choice((0, 1, 1000, MAX_STEP - 3, MAX_STEP, rng.randint(0, MAX_STEP)))
    before, rest = memory.copy(), outside(out, memory)
    try:
        got = schedule.fill(out, start=start, threads=rng.choice((1, 2)))
    except REFUSED as error:
        refused(error)
        assert (memory == before).all(), "something was written"
        return
    assert got is out
    assert_same(np.asarray(out), values(schedule, start + np.arange(out.size), out.dtype), (schedule, out.strides))
    assert (outside(out, memory) == rest).all(), "something else was written"


INTEGERS = ("i8", "u8", "i4", "u2", "i1", ">i8", ">u4", "f8", "?", "O", "M8[s]")


def some_steps(rng: random.Random) -> Array:
    dtype = rng.choice(("i8", "u8")) if rng.random() < 0.6 else rng.choice(INTEGERS)
    if np.dtype(dtype).hasobject:
        return np.array([1, 2, 3], dtype=object)
    steps, _ = strange(rng, dtype)
    if steps.flags.writeable:
        top = rng.choice((2, 50, 2**40, MAX_STEP, 2**62)) if np.dtype(dtype).itemsize == 8 else 100
        fresh = np.array([rng.choice((0, 1, top, rng.randint(0, top))) for _ in range(steps.size)])
        steps[...] = fresh.reshape(steps.shape).astype(dtype, casting="unsafe")
        if steps.size and rng.random() < 0.05 and steps.dtype.kind == "i":
            steps[(0,) * steps.ndim] = -1
    return steps


def gathers(rng: random.Random, schedule: Any) -> None:
    steps = some_steps(rng)
    before = steps.copy()
    out: Array | None
    memory, rest = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint8)
    way = rng.choice(("new", "like", "odd", "overlapping"))
    if way == "like":
        out = np.full(steps.shape, -1.0, dtype=rng.choice(("f8", "f4")), order=rng.choice(("C", "F")))
    elif way == "odd":
        out, memory = an_output(rng)
        rest = outside(out, memory)
    elif way == "overlapping" and steps.dtype.kind in "iu" and steps.dtype.itemsize == 8 and steps.dtype.isnative:
        out = steps.view("f8")
    else:
        out = None
    written = None if out is None else out.copy()
    try:
        got = schedule.gather(steps, out=out, dtype=rng.choice(("float64", "float32")))
    except REFUSED as error:
        refused(error)
        assert same_bytes(steps, before), "steps were changed"
        assert written is None or out is None or same_bytes(out, written), "something was written"
        return
    assert out is None or got is out
    assert out is None or not np.shares_memory(out, steps) or not out.size or not steps.flags.c_contiguous
    assert_same(np.asarray(got), values(schedule, before, got.dtype), (schedule, steps.dtype, steps.strides))
    if way == "odd" and out is not None:
        assert (outside(out, memory) == rest).all(), "something else was written"
    if out is None or not np.shares_memory(out, steps):
        assert same_bytes(steps, before), "steps were changed"


def same_bytes(a: Array, b: Array) -> bool:
    return a.dtype.hasobject or np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


def gathers_of_lists(rng: random.Random, schedule: Any) -> None:
    """Lists, nested or not, of integers of any type, and of other values."""
    shape = rng.choice(((3,), (2, 3), (0,), (2, 0), (2, 2, 2), (1, 1, 1, 1)))
    wrong = rng.random() < 0.3

    def make(sides: tuple[int, ...]) -> Any:
        if not sides:
            k = rng.choice((0, 1, 7, 2**53, rng.randint(0, 10**6)))
            kinds: tuple[Callable[[int], Any], ...] = (
                int,
                int,
                np.int64,
                np.uint64,
                np.array,
                lambda k: np.array(k, ">i8"),
            )
            return rng.choice(SCALARS) if wrong and rng.random() < 0.3 else rng.choice(kinds)(k)
        items = [make(sides[1:]) for _ in range(sides[0] + (wrong and rng.random() < 0.1))]
        if len(sides) == 1 and all(type(item) is int and abs(item) < 2**63 for item in items):
            return rng.choice(
                (list, tuple, functools.partial(np.array, dtype="i8"), functools.partial(arrays.array, "q"))
            )(items)
        return rng.choice((list, tuple))(items)

    steps = make(shape)
    try:
        got = schedule(steps)
    except REFUSED as error:
        refused(error, is_right=wrong)
        return
    if not wrong:
        assert got.shape == shape
        assert_same(got, values(schedule, np.array(steps, dtype=np.int64), "f8"), (schedule, steps))


def reads_values(rng: random.Random, _: Any) -> None:
    """The values of a table, from arrays and lists of any kind."""
    dtype = rng.choice(("f8", "f4", "f2", ">f8", "i4", "u8", "g", "c16", "?", "U1"))
    made, _memory = strange(rng, dtype)
    if made.flags.writeable and made.size:
        made[...] = np.array([rng.randint(0, 9) for _ in range(made.size)]).reshape(made.shape).astype(dtype)
    given: Any = made if rng.random() < 0.7 or made.dtype.kind == "U" else made.tolist()
    try:
        table = gp.table(given)
    except REFUSED as error:
        refused(error)
        return
    assert_same(table.array(made.size), np.asarray(made).astype("f8"), dtype)
    assert gp.table(given) == table


def asks_oddly(rng: random.Random, schedule: Any) -> None:
    """Any value as any argument: the call returns, or raises a short error."""
    a, b, c = (rng.choice(SCALARS) for _ in range(3))
    small = rng.choice((0, 1, 5, a))
    calls: tuple[Callable[[], Any], ...] = (
        lambda: schedule[a],
        lambda: schedule.at(a),
        lambda: schedule(a),
        lambda: schedule[b:small:c] if not isinstance(small, int) or abs(small) < 10**6 else None,
        lambda: schedule.array(small, b, c) if not isinstance(small, int) or abs(small) < 10**6 else None,
        lambda: schedule.array(5, threads=a, dtype=rng.choice(("f4", float, b))),
        lambda: next(schedule.chunks(5, a, b), None),
        lambda: schedule.fill(a, b),
        lambda: schedule.gather([a, b]),
        lambda: schedule.gather(a, out=b),
        lambda: np.asarray(schedule, dtype=b) if schedule.steps is not None and schedule.steps < 10**5 else None,
    )
    try:
        with np.errstate(all="ignore"):  # a cast to a type that is too small for the values
            rng.choice(calls)()
    except (*REFUSED, MemoryError) as error:
        refused(error)
