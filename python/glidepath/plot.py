"""Plots of a schedule: :func:`plot` draws on matplotlib axes, :func:`svg` and :func:`sparkline` need no library."""

from __future__ import annotations

import contextlib
import html
import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import glidepath
from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import _extent
from glidepath._core import _shown as _as_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from glidepath import Schedule

__all__ = ["horizon", "lengths", "new_axes", "plain", "plot", "shortened", "sparkline", "sparklines", "svg"]

_MOST_POINTS = 2_000
_MOST_EDGES = 400  # a schedule with more edges, such as many milestones, is drawn only at the points of the grid
_LONGEST_LABEL = 48
_BARS = "▁▂▃▄▅▆▇█"


def plot(
    schedule: Schedule | Sequence[Schedule],
    ax: Axes | None = None,
    steps: int | None = None,
    *,
    label: str | Sequence[str] | None = None,
    logy: bool = False,
    **line: Any,  # noqa: ANN401 (matplotlib's)
) -> Axes:
    """Draw a schedule, or several on the same axes, from step 0 to step ``steps``.

    It draws at most about 2,000 points of each: an even grid, and the steps on both sides of every edge between two
    parts.

    Args:
        schedule: the schedule to draw, or a list of schedules.
        ax: the axes to draw on. If None, new axes are made.
        steps: the number of steps. If None, each schedule is drawn to its end. A schedule without an end is drawn as
            far as the longest other line on the axes, or to its :func:`horizon` if there is none.
        label: the name for the legend, or a list with a name for each schedule. If None, the legend of several
            schedules shows their expressions, shortened; a single schedule has no legend.
        logy: whether the y axis is logarithmic. It cannot show 0: the line leaves the plot at the bottom.
        line: the properties of the line for matplotlib, such as ``color``, ``linewidth``, ``linestyle``.

    Returns:
        The axes.

    Raises:
        ImportError: matplotlib is not installed: ``pip install matplotlib``.
        TypeError: an argument has the wrong type.
        ValueError: ``steps`` is not from 1 to 2**53, or there are no schedules, or not as many labels as schedules.

    >>> import glidepath as gp
    >>> from matplotlib.figure import Figure
    >>> a, b = gp.cosine(0.1, 0.0, 90), gp.constant(0.05)
    >>> axes = plot([a, b], ax=Figure().add_subplot(), label=["cosine", "constant"], linewidth=1)
    >>> axes.get_xlabel(), axes.get_ylabel(), [int(line.get_xdata()[-1]) for line in axes.get_lines()]
    ('step', 'learning rate', [90, 90])
    """
    schedules = _schedules(schedule)
    labels = _labels(schedules, label)
    if ax is not None and not hasattr(ax, "set_yscale"):
        several = isinstance(ax, glidepath.Schedule)
        way_out = "For several schedules, pass a list." if several else "For the length, pass `steps=`."
        raise TypeError(refusal("ax", type(ax).__name__, "it must be matplotlib axes", way_out))
    if not isinstance(logy, bool):
        raise TypeError(refusal("logy", _as_shown(logy), "it must be True or False"))
    ends = lengths(schedules, steps, drawn=0.0 if ax is None else ax.dataLim.x1)
    if ax is None:
        ax = new_axes("Schedule.plot")
    if logy:
        _make_logarithmic(ax)
    for one, end, name in zip(schedules, ends, labels, strict=True):
        at = sample(one, end, _MOST_POINTS)
        ax.plot(at, one.gather(at), label=name, **line)
    if labels[0] is not None:
        ax.legend()
    ax.set_xlabel("step")
    ax.set_ylabel("learning rate", labelpad=1.0)  # matplotlib's 4.0 may push it off a figure of the default size
    with contextlib.suppress(AttributeError):  # a logarithmic axis has no such format
        ax.ticklabel_format(axis="y", scilimits=(-2, 4))  # wide numbers such as 0.01825 push the label off the figure
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
    return sparklines([schedule], lengths([schedule], steps), width)[0]


def sparklines(schedules: Sequence[Schedule], ends: Sequence[int], width: int = 60) -> list[str]:
    """Return a sparkline of each schedule, all with the same steps and the same scale. Each is blank after its end.

    >>> import glidepath as gp
    >>> sparklines([gp.linear(0.0, 1.0, 4), gp.linear(2.0, 1.0, 8)], ends=[4, 8], width=9)
    ['▁▂▃▄▅    ', '███▇▇▆▆▅▅']
    """
    at = _grid(max(ends), width)
    levels = np.nan_to_num(_unit(np.stack([one.gather(at) for one in schedules])), nan=1.0)
    bars = [[_BARS[min(int(level * len(_BARS)), len(_BARS) - 1)] for level in row] for row in levels.tolist()]
    return [
        "".join(bar if step <= end else " " for step, bar in zip(at.tolist(), row, strict=True))
        for end, row in zip(ends, bars, strict=True)
    ]


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


def lengths(schedules: Sequence[Schedule], steps: int | None = None, drawn: float = 0.0) -> list[int]:
    """Return to which step each schedule is plotted: `steps`, its end, or the longest line if it has no end.

    `drawn` is how long the other lines on the axes are.

    >>> import glidepath as gp
    >>> lengths([gp.constant(1.0), gp.cosine(1.0, 0.0, 90)]), lengths([gp.constant(1.0)])
    ([90, 90], [1000])
    """
    if steps is not None:
        return [_checked(steps)] * len(schedules)
    longest = max([one.steps or 0 for one in schedules] + [int(drawn) if 1 <= drawn <= LAST_STEP else 0])
    longest = longest or max(map(horizon, schedules))
    return [one.steps or longest for one in schedules]


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


def _schedules(given: Schedule | Sequence[Schedule]) -> list[Schedule]:
    schedules = list(given) if isinstance(given, list | tuple) else [given]
    for one in schedules:
        if not isinstance(one, glidepath.Schedule):
            rule = "it must be a schedule or a list of schedules"
            raise TypeError(refusal("schedule", _as_shown(one), rule))
    if not schedules:
        raise ValueError(refusal("schedule", "an empty list", "there must be at least one schedule"))
    return cast("list[Schedule]", schedules)


def _labels(schedules: list[Schedule], label: str | Sequence[str] | None) -> list[str] | list[None]:
    if label is None:
        return [None] if len(schedules) == 1 else [_short(one) for one in schedules]
    labels = list(label) if isinstance(label, list | tuple) else [label]
    for one in labels:
        if not isinstance(one, str):
            raise TypeError(refusal("label", _as_shown(one), "it must be a string, or a list of strings"))
    if len(labels) != len(schedules):
        rule = f"there must be one for each of {len(schedules)} schedules"
        raise ValueError(refusal("label", f"{len(labels)}", rule, "Pass a list of strings."))
    return cast("list[str]", labels)


def _short(schedule: Schedule) -> str:
    """Return the expression without `gp.`, shortened."""
    return shortened(repr(schedule).replace("gp.", ""))


def shortened(text: str) -> str:
    """Return the text without its middle if it is longer than a legend can show."""
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 18]}...{text[-15:]}"


def _checked(steps: int) -> int:
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


def _make_logarithmic(ax: Axes) -> None:
    from matplotlib.ticker import LogFormatterSciNotation  # noqa: PLC0415 (an optional dependency, and slow to import)

    class Short(LogFormatterSciNotation):
        """Writes 2e-05 between the powers of 10. The wider form of matplotlib may push the label off the figure."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:.3g}" if super().__call__(x, pos) else ""

    ax.set_yscale("log")
    ax.yaxis.set_minor_formatter(Short(labelOnlyBase=False))


def _settles(schedule: Schedule, far: float) -> int:
    """Return the first step whose value is `far`, if all later values are `far` too. It may be 2**53."""
    low, high = 0, LAST_STEP
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if schedule[middle] == far else (middle + 1, high)
    return low
