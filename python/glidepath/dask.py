"""Schedules as lazy Dask arrays: their tasks carry the schedule, not its values.

>>> import glidepath as gp, glidepath.dask
>>> lr = glidepath.dask.array(gp.warmup_cosine(3e-4, 1_000_000, 0.01), chunks=250_000)
>>> lr.shape, lr.numblocks
((1000001,), (5,))
>>> bool(lr.max().compute() == 3e-4)
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glidepath._arguments import checked_schedule, refusal, whole

try:
    import dask.array as da
    from dask.base import tokenize
except ImportError as error:
    raise ImportError("glidepath.dask needs Dask, which cannot be imported here: `pip install dask[array]`.") from error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glidepath import Schedule

__all__ = ["array", "sweep"]

_DTYPES = ("float64", "float32")


def array(
    of: Schedule, n: int | None = None, *, start: int = 0, dtype: str = "float64", chunks: object = "auto"
) -> da.Array:
    """Make a lazy array of ``of.array(n, start, dtype)``: the values of ``n`` steps from ``start`` on.

    Each task holds the schedule, some hundred bytes, and computes its chunk where it runs. So the values have the same
    bits on every worker. A schedule with a long ``table`` carries its values, 8 bytes each, in every task.

    Args:
        of: the schedule.
        n: how many steps; by default those from ``start`` to ``of.steps``, with the value that it holds.
        start: the first step.
        dtype: float64 or float32.
        chunks: as Dask takes them: a number of steps, or "auto".

    Raises:
        TypeError: ``of`` is not a schedule.
        ValueError: the schedule has no end, and ``n`` is not given; a number is out of range.

    >>> import glidepath as gp, glidepath.dask
    >>> glidepath.dask.array(gp.linear(0.0, 1.0, 4), 6, chunks=2).compute().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    checked_schedule("array", of)
    start = whole("array.start", start, ValueError)
    if n is None and of.steps is not None:
        n = max(0, of.steps + 1 - start)
    elif n is None:
        rule = "this schedule has no end of its own (`of.steps` is None)"
        raise ValueError(refusal("array.n", None, rule, "Say how many steps."))
    row: da.Array = _lazy("array", [of], (start, whole("array.n", n, ValueError)), dtype, ((1,), chunks))[0]
    return row


def sweep(
    schedules: Iterable[Schedule], n: int, *, start: int = 0, dtype: str = "float32", chunks: object = "auto"
) -> da.Array:
    """Make a lazy array of two dimensions, a row for each schedule: its values of ``n`` steps from ``start`` on.

    Args:
        schedules: the schedules.
        n: how many steps.
        start: the first step.
        dtype: float32 or float64.
        chunks: as Dask takes them: a pair (schedules, steps), a number for both, or "auto".

    Raises:
        TypeError: something is not a schedule.
        ValueError: there is none; a number is out of range.

    >>> import glidepath as gp, glidepath.dask
    >>> peaks = [1e-4, 3e-4, 1e-3]
    >>> rates = glidepath.dask.sweep([gp.warmup_cosine(peak, 1_000, 0.1) for peak in peaks], 1_000)
    >>> rates.shape, rates.max(axis=1).compute().tolist() == [float(np.float32(peak)) for peak in peaks]
    ((3, 1000), True)
    """
    rows = [checked_schedule(f"sweep.schedules[{i}]", row) for i, row in enumerate(schedules)]
    if not rows:
        raise ValueError(refusal("sweep.schedules", "none", "there must be one at least"))
    n, start = whole("sweep.n", n, ValueError), whole("sweep.start", start, ValueError)
    return _lazy("sweep", rows, (start, n), dtype, chunks)


def _lazy(place: str, rows: list[Schedule], run: tuple[int, int], dtype: str, chunks: object) -> da.Array:
    start, n = run
    if dtype not in _DTYPES:
        raise ValueError(refusal(f"{place}.dtype", repr(dtype), "it must be float64 or float32"))
    whole(f"{place}.start + n", start + n, ValueError)
    heights, widths = da.core.normalize_chunks(chunks, shape=(len(rows), n), dtype=np.dtype(dtype))
    column = np.empty((len(rows), 1), dtype=object)
    for i, row in enumerate(rows):  # one by one: numpy would take a schedule for a list of its values
        column[i, 0] = row
    ends = np.cumsum((0, *widths))
    starts, lengths = (start + ends[:-1]).reshape(1, -1), np.array(widths).reshape(1, -1)
    lazy: da.Array = da.map_blocks(
        _block,
        da.from_array(column, chunks=(heights, 1), asarray=False, name=False),
        da.from_array(starts, chunks=(1, 1), name=False),
        da.from_array(lengths, chunks=(1, 1), name=False),
        chunks=(heights, widths),
        dtype=dtype,
        meta=np.empty((0, 0), dtype=dtype),
        value_type=dtype,
        name=f"glidepath-{place}-{tokenize(rows, run, dtype, heights, widths)}",
    )
    return lazy


def _block(rows: Any, start: Any, n: Any, *, value_type: str) -> np.ndarray[Any, Any]:  # noqa: ANN401 (blocks)
    values = np.empty((len(rows), n.item()), dtype=value_type)
    for row, out in zip(rows[:, 0], values, strict=True):
        row.fill(out, start=start.item())
    return values
