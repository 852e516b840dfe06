"""Are two learning rates the same? :func:`compare` says at which steps they differ, and by how much."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, SupportsIndex, TypeAlias, get_args

import numpy as np

from glidepath._arguments import as_int, cut, refusal
from glidepath._core import _shown
from glidepath._rates import Rates, common_steps, rates_of
from glidepath._recipes.matching import matched
from glidepath.groups import Groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    _Floats: TypeAlias = NDArray[np.float64]

__all__ = ["Comparison", "Level", "Worst", "compare", "compared"]

Level: TypeAlias = Literal["bits", "float32"]

_CHUNK = 1 << 12
"""How many steps are compared at once. 10M steps that all differ take 0.16 s. With 2**11 they take 0.24 s. With 2**15
they take 0.44 s, because malloc gives the memory of the intermediate arrays back to the system each time."""
_ULPS_OF_FLOAT32 = 2**29  # ulps of float64 in one of float32; a number of ulps above it says nothing to a reader
_MOST_POINTS = 1_000
_MOST_LABEL = 60
_UNORDERED = 2**64 - 1  # ulps between a number and NaN. Between two numbers there are fewer


class Worst(NamedTuple):
    """The largest difference and the first step that has it. The step is None if no step differs by more than 0."""

    value: float
    step: int | None


class _Differing(NamedTuple):
    """How many steps differ; the first of them, and both rates there."""

    steps: int = 0
    step: int | None = None
    a: float = math.nan
    b: float = math.nan


class Comparison:
    """What :func:`compare` found. ``print(comparison)`` prints the report.

    ::

        absolute   |a - b|
        relative   |a - b| / max(|a|, |b|)
        of_peak    |a - b| / the largest finite |rate| of both sides, over all steps
        ulps       the steps from a to b, from one float64 to the next

    ``steps`` is how many steps were compared. Each of the four is a ``Worst(value, step)``: the largest over all steps,
    and the first step that has it. Where a curve ends at 0, ``relative`` and ``ulps`` can be very large for differences
    that change no training; ``of_peak`` is not.

    Two rates are equal at the level "bits" if they are the same float64, and at the level "float32" if they are the
    same after rounding to float32, the precision in which most optimizers apply them. 0.0 and -0.0 have different bits,
    so they differ at both levels, by an amount of 0. NaN equals NaN. NaN and a number differ by ``inf``.

    >>> import glidepath as gp
    >>> c = gp.compare(gp.linear(0.0, 1.0, 10), [k / 10 for k in range(10)])
    >>> print(c)
    a  gp.linear(0.0, 1.0, 10)
    b  list of 10 values
    equal in bits at all 10 steps
    >>> c.equal("bits"), c.count("bits"), c.first("bits"), c.absolute
    (True, 0, None, Worst(value=0.0, step=None))
    """

    def __init__(self, steps: int, tally: _Tally, sides: tuple[Rates, Rates]) -> None:
        self.steps = steps
        self.absolute, self.relative, self.ulps = tally.worst
        part = self.absolute.value / tally.peak if tally.peak else self.absolute.value
        self.of_peak = Worst(part, self.absolute.step)
        if self.ulps.value == _UNORDERED:
            self.ulps = Worst(math.inf, self.ulps.step)
        self._levels = tally.levels
        self._sides = sides

    def first(self, level: Level = "bits") -> int | None:
        """Return the first step that differs at a level, or None if no step does."""
        return self._at(level, "first").step

    def count(self, level: Level = "bits") -> int:
        """Return how many steps differ at a level."""
        return self._at(level, "count").steps

    def equal(self, level: Level = "bits") -> bool:
        """Return whether all steps are equal at a level."""
        return self._at(level, "equal").steps == 0

    def within(self, tolerance: float) -> bool:
        """Return whether no step differs by more than ``tolerance`` times the peak.

        >>> import glidepath as gp
        >>> gp.compare(gp.cosine(0.1, 0.0, 90), gp.cosine(0.1001, 0.0, 90)).within(1e-3)
        True
        """
        return self.of_peak.value <= _tolerance("within.tolerance", tolerance)

    def require(self, level: Level | float) -> None:
        """Raise an AssertionError with the report as its text, unless the sides are equal at a level, or near enough.

        Args:
            level: "bits" or "float32"; or a tolerance, as for :meth:`within`.

        >>> import glidepath as gp
        >>> gp.compare(gp.cosine(0.1, 0.0, 90), gp.cosine(0.1, 0.0, 91)).require("float32")
        Traceback (most recent call last):
        AssertionError: a  gp.cosine(0.1, 0.0, 90)
        b  gp.cosine(0.1, 0.0, 91)
        differ as float32 at 90 of 91 steps, first at step 1: 0.09996954135095479 and 0.09997020703155384
        differ as float64 at 90 of 91 steps, first at step 1: 0.09996954135095479 and 0.09997020703155384
        largest difference
          absolute 0.00086 at step 57
          relative 1 at step 90
        """
        if isinstance(level, str):
            self._at(level, "require")
            met = self.equal(level)
        else:
            met = self.within(_tolerance("require.level", level))
        if met:
            return
        text = str(self)
        if not isinstance(level, str):
            text += f"\nabove {level:g} of the peak: {self.of_peak.value:.2g}{_where(self.of_peak)}"
        raise AssertionError(text)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain numbers and strings, for JSON. A value that JSON lacks is "nan", "inf" or "-inf".

        >>> import glidepath as gp
        >>> c = gp.compare(gp.constant(0.1), [0.1, 0.1, 0.3])
        >>> c.to_dict()["bits"]
        {'equal': False, 'count': 1, 'first': {'step': 2, 'a': 0.1, 'b': 0.3}}
        >>> c.to_dict()["absolute"]
        {'value': 0.19999999999999998, 'step': 2}
        """
        content: dict[str, Any] = {name: side.text for name, side in zip("ab", self._sides, strict=True)}
        content["steps"] = self.steps
        for level, (count, step, a, b) in self._levels.items():
            first = None if step is None else {"step": step, "a": _plain(a), "b": _plain(b)}
            content[level] = {"equal": count == 0, "count": count, "first": first}
        for name, worst in self._named("absolute", "relative", "of_peak", "ulps"):
            content[name] = {"value": _plain(worst.value), "step": worst.step}
        return content

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both sides, and on a second axis at the right ``|a - b|``.

        Of each of up to 1,000 stretches of steps it draws the step with the largest difference, so that none is lost;
        and the last step.

        Args:
            ax: the axes to draw on. If None, new axes are made.

        Returns:
            The axes of the rates.

        Raises:
            ImportError: matplotlib is not installed: ``pip install matplotlib``.

        >>> import glidepath as gp
        >>> from matplotlib.figure import Figure
        >>> figure = Figure()
        >>> _ = gp.compare(gp.cosine(0.1, 0.0, 90), gp.linear(0.1, 0.0, 90)).plot(ax=figure.add_subplot())
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['learning rate', 'difference']
        """
        if ax is None:
            from glidepath.plot import new_axes  # noqa: PLC0415 (`import glidepath` imports no plotting)

            ax = new_axes("Comparison.plot")
        if not hasattr(ax, "twinx"):
            raise TypeError(refusal("ax", type(ax).__name__, "it must be matplotlib axes"))
        steps, a, b = self._worst_of_stretches()
        with np.errstate(all="ignore"):
            difference = np.abs(a - b)
        right = ax.twinx()
        finite = np.where(np.isfinite(difference), difference, np.nan)
        right.fill_between(steps, finite, color="0.92")
        lines = []
        for name, side, values, style in zip("ab", self._sides, (a, b), ("-", "--"), strict=True):
            lines += ax.plot(steps, values, style, label=f"{name}  {cut(side.text, _MOST_LABEL)}")
        lines += right.plot(steps, finite, color="0.7", label="|a - b|")
        legend = ax.legend(handles=lines, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
        ax.set_xlabel("step")
        ax.set_ylabel("learning rate")
        right.set_ylabel("difference")
        for axes in (ax, right):
            with contextlib.suppress(AttributeError):  # a logarithmic axis has no such format
                axes.ticklabel_format(axis="y", scilimits=(-3, 4))
        ax.set_zorder(right.get_zorder() + 1)  # the rates stand before the difference
        ax.patch.set_visible(False)
        return ax

    def _worst_of_stretches(self) -> tuple[NDArray[np.int64], _Floats, _Floats]:
        """Return the step with the largest difference of each stretch, and the last step, with both rates."""
        width = -(-self.steps // _MOST_POINTS)
        rows = []
        for start, a, b in _pairs(self._sides, self.steps, max(_CHUNK // width, 1) * width):
            with np.errstate(all="ignore"):
                worst = np.full(-(-a.size // width) * width, -1.0)
                places = _differing(a, b)
                worst[: a.size] = 0.0
                if places.size:
                    worst[places] = _differences(a[places], b[places])[0]
            at = worst.reshape(-1, width).argmax(axis=1) + np.arange(0, a.size, width)
            if start + a.size == self.steps and at[-1] != a.size - 1:
                at = np.append(at, a.size - 1)
            rows.append((start + at, a[at], b[at]))
        steps, a, b = (np.concatenate(column) for column in zip(*rows, strict=True))
        return steps, a, b

    def __str__(self) -> str:
        lines = [f"{name}  {side.text}" for name, side in zip("ab", self._sides, strict=True)]
        if self.equal("bits"):
            return "\n".join([*lines, f"equal in bits at {self._all_steps()}"])
        lines += [self._line("float32"), self._line("bits"), "largest difference"]
        for name, worst in self._named("absolute", "relative"):
            lines.append(f"  {name:<8} {worst.value:.2g}{_where(worst)}")
        if self.ulps.value <= _ULPS_OF_FLOAT32:
            lines.append(f"  ulps     {self.ulps.value:,}{_where(self.ulps)}")
        return "\n".join(lines)

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise TypeError(
            'a Comparison is neither true nor false: say what must be equal. Write `comparison.equal("float32")`, '
            '`comparison.equal("bits")` or `comparison.within(1e-6)`.'
        )

    def _at(self, level: object, place: str) -> _Differing:
        if level not in get_args(Level):
            error = ValueError if isinstance(level, str) else TypeError
            rule = 'it must be "bits" or "float32"'
            raise error(refusal(f"{place}.level", _shown(level), rule, "For a tolerance, write `within(1e-6)`."))
        return self._levels[level]  # type: ignore[index]

    def _named(self, *names: str) -> list[tuple[str, Worst]]:
        return [(name, getattr(self, name)) for name in names]

    def _line(self, level: Level) -> str:
        count, step, a, b = self._levels[level]
        dtype = "float64" if level == "bits" else level
        if not count:
            return f"equal as {dtype} at {self._all_steps()}"
        return f"differ as {dtype} at {count:,} of {self.steps:,} steps, first at step {step:,}: {a!r} and {b!r}"

    def _all_steps(self) -> str:
        return "the only step" if self.steps == 1 else f"all {self.steps:,} steps"


def compare(a: object, b: object, n: SupportsIndex | None = None, *, group: SupportsIndex = 0) -> Comparison:
    """Compare two learning rates step by step, from step 0 on.

    Each side is anything that gives learning rates:

    - a ``Schedule``, or its text: JSON, or an expression as ``repr`` prints it;
    - a list, a tuple, or an array of floats, of shape (steps,) or (steps, groups); a ``pathlib.Path`` of a .npy file,
      which is read in pieces; its values are compared as the float64 that they are;
    - a live scheduler of PyTorch's or MindSpore's, or glidepath's under the same names, alone or as a pair
      ``(optimizer, scheduler)``: the rates that its steps set, from its start. It is not stepped;
    - a ``LearningRateSchedule`` of MindSpore's: the float32 values that an optimizer takes from it, one call a step;
    - a function that takes a step and returns a rate;
    - a ``Groups``: the learning rate of one of its groups. Two ``Groups`` are compared parameter by parameter, with
      their rates, weight decays and other options; ``differences`` lists what no step shows.

    The comparison needs the memory of a few pieces of 4,096 steps. A scheduler that a Python function drives needs a
    table, 8 bytes a step.

    Args:
        a: one side.
        b: the other.
        n: how many steps. If None, those of the longer side: a schedule that ends before holds its last value. Two
            arrays must then be equally long.
        group: which parameter group, of a side that has groups.

    Returns:
        A :class:`Comparison`.

    Raises:
        TypeError, ValueError: a side that gives no rates (a scheduler that follows a metric), a number of steps that
            is not known, or steps that an array does not have.
        IndexError: a group that is not there.

    >>> import glidepath as gp
    >>> replayed = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90)
    >>> c = gp.compare(replayed, gp.cosine(0.1, 0.0, 90))
    >>> c.equal("float32"), c.equal("bits"), c.ulps.value < 1_000
    (True, False, True)
    >>> c.require("float32")              # in a test: raises AssertionError with the report if they are not equal
    """
    which = as_int(group)
    if which is None or which < 0:
        error = TypeError if which is None else IndexError
        raise error(refusal("compare.group", _shown(group), "it must be a whole number from 0 on"))
    if isinstance(a, Groups) and isinstance(b, Groups):
        return _of_groups(a, b, n)
    sides = rates_of("compare.a", a, which), rates_of("compare.b", b, which)
    return compared(sides, common_steps("compare.n", n, *sides, example="compare(a, b, {})"))


def compared(sides: tuple[Rates, Rates], steps: int, advance: Callable[[int], None] | None = None) -> Comparison:
    """Compare two sides whose rates are read. ``advance`` is called with the number of steps just done."""
    tally = _Tally()
    for start, a, b in _pairs(sides, steps, _CHUNK):
        with np.errstate(all="ignore"):
            tally.add(start, a, b)
        if advance is not None:
            advance(a.size)
    return Comparison(steps, tally, sides)


class GroupsComparison(Comparison):
    """What :func:`compare` found of two ``Groups``.

    ``rows`` has a comparison for each option that is a schedule, of each pair of groups that share parameters.
    ``differences`` lists what no step shows, a line each: parameters on one side only, options that differ. Two
    ``Groups`` with differences are equal at no level. ``count`` adds up the steps of all rows.

    >>> import glidepath as gp
    >>> shapes = [("weight", (2, 3)), ("bias", (2,))]
    >>> groups = gp.Groups(shapes, "torch.SGD", lr=gp.cosine(0.1, 0.0, 90), weight_decay=0.05)
    >>> print(gp.compare(groups, groups.where("bias", weight_decay=0.0)))
    a  torch.SGD, 1 group, 2 parameters
    b  torch.SGD, 2 groups, 2 parameters
    ! weight_decay of bias: 0.05 and 0.0
    equal in bits at all 90 steps: lr
    """

    def __init__(
        self, steps: int, rows: list[tuple[str, Comparison]], differences: tuple[str, ...], sides: tuple[str, str]
    ) -> None:
        self.steps, self.rows, self.differences = steps, tuple(rows), differences
        found = [row for _, row in rows] or [Comparison(steps, _Tally(), (_nothing(sides[0]), _nothing(sides[1])))]
        self.absolute, self.relative, self.of_peak, self.ulps = (
            max((getattr(row, name) for row in found), key=lambda worst: worst.value)
            for name in ("absolute", "relative", "of_peak", "ulps")
        )
        self._levels = {level: _merged([row._at(level, "compare") for row in found]) for level in get_args(Level)}  # noqa: SLF001
        self._sides = (_nothing(sides[0]), _nothing(sides[1]))

    def equal(self, level: Level = "bits") -> bool:
        """Return whether all steps are equal at a level, and there are no other differences."""
        return super().equal(level) and not self.differences

    def within(self, tolerance: float) -> bool:
        """Return whether no step differs by more than ``tolerance`` times the peak, and nothing else differs."""
        return super().within(tolerance) and not self.differences

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain numbers and strings, for JSON."""
        rows = [{"what": what, **row.to_dict()} for what, row in self.rows]
        return {**super().to_dict(), "differences": list(self.differences), "rows": rows}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the row with the largest difference."""
        if not self.rows:
            raise ValueError("`plot`: no option of these Groups is a schedule, so there is nothing to draw.")
        return max(self.rows, key=lambda row: row[1].of_peak.value)[1].plot(ax)

    def __str__(self) -> str:
        lines = [f"{name}  {side.text}" for name, side in zip("ab", self._sides, strict=True)]
        lines += [f"! {difference}" for difference in self.differences]
        same = [what for what, row in self.rows if row.equal("bits")]
        if same:
            lines.append(f"equal in bits at {self._all_steps()}: {'; '.join(same)}")
        for what, row in self.rows:
            if not row.equal("bits"):
                lines += [what, *(f"  {line}" for line in str(row).splitlines())]
        return "\n".join(lines if self.rows or self.differences else [*lines, "equal"])

    __repr__ = __str__


def _nothing(text: str) -> Rates:
    return Rates(text, 1, holds=True, fill_of=lambda _n: lambda out, _start: out.fill(0.0))


def _merged(found: list[_Differing]) -> _Differing:
    """Return the steps of several rows together, and the first."""
    differing = [one for one in found if one.step is not None]
    if not differing:
        return _Differing()
    first = min(differing, key=lambda one: one.step or 0)
    return first._replace(steps=sum(one.steps for one in differing))


def _of_groups(a: Groups, b: Groups, n: SupportsIndex | None) -> GroupsComparison:
    """Compare two Groups, parameter by parameter."""
    differences, scheduled = matched(a, b)
    rates = [(what, (rates_of("compare.a", x, 0), rates_of("compare.b", y, 0))) for what, x, y in scheduled]
    longest = [side.steps for _, sides in rates for side in sides if side.steps is not None]
    if n is None and rates and not longest:
        raise ValueError(
            "`compare.n`: not given; no schedule has an end. Say how many to compare: `compare(a, b, 1000)`."
        )
    steps = max(longest, default=1) if n is None else None
    rows = []
    for what, sides in rates:
        count = common_steps("compare.n", n, *sides, example="compare(a, b, {})") if steps is None else steps
        rows.append((what, compared(sides, count)))
    one_side = [f"{_counted(x.optimizer or 'Groups', x)}" for x in (a, b)]
    return GroupsComparison(rows[0][1].steps if rows else 1, rows, tuple(differences), (one_side[0], one_side[1]))


def _counted(name: str, groups: Groups) -> str:
    count, params = len(groups), sum(len(group.params) for group in groups)
    return f"{name}, {count} group{'s' * (count > 1)}, {params} parameter{'s' * (params > 1)}"


def _pairs(sides: tuple[Rates, Rates], steps: int, size: int) -> Iterator[tuple[int, _Floats, _Floats]]:
    """Yield the rates of both sides, ``size`` steps at a time, each time in the same two arrays."""
    fills = [side.fill_of(steps) for side in sides]
    arrays = [np.empty(min(steps, size)) for _ in sides]
    for start in range(0, steps, size):
        a, b = (array[: steps - start] for array in arrays)
        for fill, out in zip(fills, (a, b), strict=True):
            fill(out, start)
        yield start, a, b


class _Tally:
    """Counts what differs, chunk by chunk."""

    def __init__(self) -> None:
        self.levels: dict[Level, _Differing] = {level: _Differing() for level in get_args(Level)}
        self.worst = [Worst(0.0, None), Worst(0.0, None), Worst(0, None)]
        self.peak = 0.0

    def add(self, start: int, a: _Floats, b: _Floats) -> None:
        self.peak = max(self.peak, _peak(a), _peak(b))
        places = _differing(a, b)
        if not places.size:
            return
        if places.size < a.size:
            a, b = a[places], b[places]
        self._count("bits", start, places, a, b)
        narrow = _differing(a.astype(np.float32), b.astype(np.float32))
        if narrow.size:
            self._count("float32", start, places[narrow], a[narrow], b[narrow])
        for i, values in enumerate(_differences(a, b)):
            k = int(values.argmax())
            if values[k] > self.worst[i].value:
                self.worst[i] = Worst(values[k].item(), start + int(places[k]))

    def _count(self, level: Level, start: int, places: NDArray[np.intp], a: _Floats, b: _Floats) -> None:
        before = self.levels[level]
        count = before.steps + places.size
        if before.steps:
            self.levels[level] = before._replace(steps=count)
        else:
            self.levels[level] = _Differing(count, start + int(places[0]), float(a[0]), float(b[0]))


def _differing(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places at which the bits differ, without those at which both are NaN."""
    kind = np.int64 if a.dtype == np.float64 else np.int32
    differ = a.view(kind) != b.view(kind)
    if not differ.any():
        return np.empty(0, np.intp)
    return np.flatnonzero(differ & ~(np.isnan(a) & np.isnan(b)))


def _differences(a: _Floats, b: _Floats) -> list[NDArray[Any]]:
    """Return the absolute and relative differences, and the ulps. Between NaN and a number all are infinite."""
    absolute = np.abs(a - b)
    largest = np.maximum(np.abs(a), np.abs(b))
    relative = np.divide(absolute, largest, out=np.zeros_like(absolute), where=largest > 0.0)
    i, j = _ordered(a), _ordered(b)
    ulps = np.maximum(i, j).astype(np.uint64) - np.minimum(i, j).astype(np.uint64)  # wraps, to the right difference
    if not math.isfinite(absolute.max()):
        absolute[np.isnan(absolute)] = np.inf
        relative[np.isinf(absolute)] = np.inf
        ulps[np.isnan(a) | np.isnan(b)] = _UNORDERED
    return [absolute, relative, ulps]


def _ordered(values: _Floats) -> NDArray[np.int64]:
    """Number the floats in their order: neighbours differ by 1, and 0.0 and -0.0 are 0."""
    bits = values.view(np.int64)
    return bits if bits.min() >= 0 else np.where(bits < 0, np.iinfo(np.int64).min - bits, bits)


def _peak(values: _Floats) -> float:
    """Return the largest finite absolute value, 0.0 if there is none."""
    peak = max(float(values.max()), -float(values.min()))
    if math.isfinite(peak):
        return peak
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _where(worst: Worst) -> str:
    return "" if worst.step is None else f" at step {worst.step:,}"


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else repr(float(value))


def _tolerance(place: str, value: object) -> float:
    if isinstance(value, bool | np.bool_ | str | bytes) or not hasattr(value, "__float__"):
        way_out = "For a level, write `equal(...)`." if place == "within.tolerance" else ""
        raise TypeError(refusal(place, _shown(value), "a tolerance is a number, as a fraction of the peak", way_out))
    tolerance = float(value)
    if not (math.isfinite(tolerance) and tolerance >= 0.0):
        raise ValueError(refusal(place, tolerance, "a tolerance must be finite and at least 0"))
    return tolerance
