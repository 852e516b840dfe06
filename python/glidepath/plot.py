"""Plots of a schedule: :func:`plot` draws on matplotlib axes, :func:`svg` and :func:`sparkline` need no library."""

from __future__ import annotations

import contextlib
import html
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import _extent
from glidepath._core import _shown as _as_shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glidepath import Schedule

__all__ = ["horizon", "new_axes", "plain", "plot", "sparkline", "svg"]

_MOST_POINTS = 2_000
_MOST_EDGES = 400  # a schedule with more edges, such as many milestones, is drawn only at the points of the grid
_BARS = "▁▂▃▄▅▆▇█"


def plot(schedule: Schedule, ax: Axes | None = None, steps: int | None = None) -> Axes:
    """Draw the schedule from step 0 to step ``steps``.

    It draws at most about 2,000 points: an even grid, and the steps on both sides of every edge between two parts.

    Args:
        schedule: the schedule to draw.
        ax: the axes to draw on. If None, new axes are made.
        steps: the number of steps. If None, :func:`horizon` of the schedule.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed: ``pip install matplotlib``.

    >>> import glidepath as gp
    >>> from matplotlib.figure import Figure
    >>> axes = plot(gp.cosine(0.1, 0.0, 90), ax=Figure().add_subplot())
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('step', 'learning rate')
    """
    if ax is None:
        ax = new_axes("Schedule.plot")
    if not hasattr(ax, "plot"):
        raise TypeError(
            refusal("ax", type(ax).__name__, "it must be matplotlib axes", "For the length, pass `steps=`.")
        )
    at = sample(schedule, _shown(schedule, steps), _MOST_POINTS)
    ax.plot(at, schedule.gather(at))
    ax.set_xlabel("step")
    ax.set_ylabel("learning rate")
    with contextlib.suppress(AttributeError):  # a logarithmic axis has no such format
        ax.ticklabel_format(axis="y", scilimits=(-3, 4))  # wide numbers such as 0.00030 push the label off the figure
    return ax


def svg(schedule: Schedule, width: int = 240, height: int = 48) -> str:
    """Return a small plot of the schedule as SVG text, for notebooks. Its tooltip is the expression.

    >>> import glidepath as gp
    >>> svg(gp.linear(0.0, 1.0, 10))[:31]
    '<svg xmlns="http://www.w3.org/2'
    """
    steps = horizon(schedule)
    at = sample(schedule, steps, width)
    values = schedule.gather(at)
    pad = 2
    heights = _unit(values)
    points = [
        f"{pad + (width - 2 * pad) * step / max(steps, 1):.1f},{height - pad - (height - 2 * pad) * level:.1f}"
        for step, level in zip(at.tolist(), heights.tolist(), strict=True)
        if math.isfinite(level)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><title>{html.escape(repr(schedule))}</title>'
        f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linejoin="round"/></svg>'
    )


def sparkline(schedule: Schedule, steps: int | None = None, width: int = 60) -> str:
    """Return a plot of the schedule as one line of block characters. The lowest value has the lowest block.

    >>> import glidepath as gp
    >>> sparkline(gp.linear(0.0, 1.0, 8), width=9)
    '▁▂▃▄▅▆▇██'
    """
    shown = _shown(schedule, steps)
    at = _grid(shown, width)
    levels = np.nan_to_num(_unit(schedule.gather(at)), nan=1.0)
    return "".join(_BARS[min(int(level * len(_BARS)), len(_BARS) - 1)] for level in levels.tolist())


def plain(drawing: str) -> str:
    """Replace the blocks of a sparkline by the digits 1 to 8, for a terminal without block characters.

    >>> plain("▁▂▃▄▅▆▇██")
    '123456788'
    """
    return drawing.translate({ord(bar): str(height) for height, bar in enumerate(_BARS, 1)})


def horizon(schedule: Schedule) -> int:
    """Return how many steps to plot: all steps if the schedule has an end.

    If it has no end: four times its longest time parameter, if it has cycles or a replay; a fifth more than the steps
    until it is constant, if it becomes constant; and otherwise enough steps to see most of the change.

    >>> import glidepath as gp
    >>> horizon(gp.cosine(1.0, 0.0, 1_000)), horizon(gp.triangle(0.0, 1.0, 20, 30))
    (1000, 120)
    >>> horizon(gp.piecewise_constant([2.0, 1.0], [5_000])), horizon(gp.inverse_sqrt(1.0, 100))
    (6000, 12800)
    """
    if schedule.steps:
        return schedule.steps
    longest, has_cycles = _extent(schedule)
    shown = 4 * (longest or 250)
    if has_cycles:
        return shown
    first, far = schedule[schedule.segments()[-1][0]], schedule[LAST_STEP]
    while 2 * shown <= LAST_STEP and abs(schedule[shown] - far) > abs(first - far) / 10:
        shown *= 2
    settled = _settles(schedule, far)
    return max(min(shown, settled + settled // 5), 1) if settled else shown


def sample(schedule: Schedule, steps: int, most: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return at most about `most` steps of 0..=`steps`: an even grid, and the steps on both sides of each edge."""
    edges = [start for start, _, _ in schedule.segments() if 0 < start <= steps]
    sides = [side for start in edges for side in (start - 1, start)] if len(edges) <= _MOST_EDGES else []
    return np.union1d(_grid(steps, most - len(sides)), np.array(sides, dtype=np.int64))


def new_axes(method: str) -> Axes:
    """Make axes in a new figure, for a method that the message names if matplotlib is not installed."""
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415 (an optional dependency, and slow to import)
    except ModuleNotFoundError as error:
        if error.name not in {"matplotlib", "matplotlib.pyplot"}:
            raise
        raise ImportError(
            f"`{method}` draws with matplotlib, which is not installed. Run `pip install matplotlib`."
        ) from error
    return plt.subplots(layout="constrained")[1]  # the default layout may cut the y label off


def _grid(steps: int, most: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    points = min(steps + 1, max(most, 2))
    # In integers: a float grid would miss some steps above 2**53 / most.
    return np.array([steps * point // max(points - 1, 1) for point in range(points)], dtype=np.int64)


def _unit(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Scale the values to 0..=1. The lowest finite value becomes 0, a constant 0.5, and infinite values NaN."""
    finite = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(finite).all():
        return finite
    low, high = np.nanmin(finite), np.nanmax(finite)
    # Halves, because `high - low` can overflow.
    span = high / 2 - low / 2
    return (finite / 2 - low / 2) / span if span > 0.0 else np.where(np.isnan(finite), np.nan, 0.5)


def _shown(schedule: Schedule, steps: int | None) -> int:
    if steps is None:
        return horizon(schedule)
    whole = as_int(steps)
    if whole is None:
        raise TypeError(
            refusal("steps", _as_shown(steps), "it must be a whole number of steps", "Convert it with `int()`.")
        )
    if not 1 <= whole <= LAST_STEP:
        raise ValueError(
            refusal("steps", whole, "it must be from 1 to 2**53", "Leave it out to see the whole schedule.")
        )
    return whole


def _settles(schedule: Schedule, far: float) -> int:
    """Return the first step whose value is `far`, if all later values are `far` too. It may be 2**53."""
    low, high = 0, LAST_STEP
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if schedule[middle] == far else (middle + 1, high)
    return low
