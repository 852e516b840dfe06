"""Checks a schedule against the run that will use it, as a linter checks a program.

>>> import glidepath as gp
>>> for finding in gp.check(gp.linear(0.1, 0.0, 90), steps=45_000):
...     print(finding)
step 90: epochs-for-steps: the curve ends at step 90, and the run has 45,000 updates, 500 times as many. \
If the 90 are epochs, write `schedule.by_epoch(500)`.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from glidepath._arguments import refusal, whole
from glidepath._core import Schedule, _shown
from glidepath.configs._read import read_spare
from glidepath.configs._reading import Finding, Reading
from glidepath.dialects._declare import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["CODES", "Finding", "check"]

CODES = {
    "first-zero": "the first updates have rate 0, and are lost",
    "first-minimum": "more than one of the first updates has the least rate",
    "too-long": "the curve is longer than the run: its end is never reached",
    "too-short": "the curve ends before the run does, and the rate stays the same",
    "climbs": "the rate climbs at the end of the run",
    "still-rising": "the warm-up is longer than the run",
    "negative": "a rate is negative",
    "not-finite": "a rate is infinite or not a number",
    "above-peak": "a rate is above the peak",
    "milestone-missed": "a milestone is never reached",
    "jump": "the rate jumps between two updates",
    "epochs-for-steps": "a length is in epochs where updates count, or the other way round",
    "micro-steps": "the length counts micro-batches, or the updates of all processes",
    "overridden": "another file overrides this one",
    "deprecated": "the library does not know this key any more",
    "ignored": "the library ignores a value of the file",
    "unit": "the file does not say in which unit the schedule counts",
}
"""What each code stands for."""

_MOST = 10_000_000  # steps of which all values are computed
_SAMPLE = 1_000_000
_APART = 50.0  # a curve and a run whose lengths differ by this factor count in different units
_NOTABLE = 0.01  # of the peak: a smaller change is no jump
_LENGTHS = ("T_max", "total_iters", "total_steps")  # of replays, which have no end of their own
_FEW = 1_000  # steps that are looked at for a larger rate
_SLOPE = 3.0
_MOST_JUMPS = 1_000
_ROUNDING = 1e-12  # of the peak: the rounding errors of a replay
_TAIL = 0.001  # of the run: a curve that ends this close to its end fits


@dataclass(frozen=True)
class _Run:
    """The values of a schedule during a run, or a sample of them with both sides of each edge."""

    schedule: Schedule
    steps: int
    at: np.ndarray[Any, np.dtype[np.int64]]
    values: np.ndarray[Any, np.dtype[np.float64]]
    planned: int | None
    """The length of the curve, if it has one."""
    peak: float | None
    jump: float
    divisors: dict[str, int]

    @property
    def top(self) -> float:
        """The largest rate of the run."""
        finite = self.values[np.isfinite(self.values)]
        return float(np.abs(finite).max()) if finite.size else 0.0


def check(
    source: object,
    steps: SupportsIndex | None = None,
    *,
    allow: str | Sequence[str] = (),
    jump: float = 10.0,
    kind: str | None = None,
    **known: Any,  # noqa: ANN401 (`read` says what each is)
) -> list[Finding]:
    """Return what is odd about a schedule in a run of so many updates. An empty list is good news.

    Args:
        source: a Schedule, a Reading, or anything that :func:`glidepath.read` takes.
        steps: the updates that the run will make; by default those that the config says, or the schedule's own.
        allow: codes of findings that are meant; `glidepath.checking.CODES` lists them.
        jump: two updates may differ by this factor. A smaller change than 1 % of the peak is no jump.
        kind: as :func:`glidepath.read` takes it.
        **known: as :func:`glidepath.read` takes them.

    A finding has a ``code``, a ``text``, the ``step`` and a ``fix``. Up to 10 million steps, all values are checked;
    above, a million and both sides of each edge. Raises `ValueError` for an unknown code and where no length is known.

    >>> [finding.code for finding in gp.check(gp.linear(0.0, 0.1, 10) >> gp.cosine(0.1, 0.0, 990), steps=600)]
    ['first-zero', 'too-long']
    >>> gp.check(gp.linear(0.0, 0.1, 10) >> gp.cosine(0.1, 0.0, 990), allow=["first-zero"])
    []
    """
    allowed = [allow] if isinstance(allow, str) else allow
    for code in allowed:
        if str(code) not in CODES:
            near = difflib.get_close_matches(str(code), CODES, n=1)
            way_out = f"Did you mean {near[0]!r}?" if near else f"The codes are {', '.join(CODES)}."
            raise ValueError(refusal("check.allow", _shown(code), "it must be the code of a finding", way_out))
    if not number("check.jump", jump) > 1.0:
        raise ValueError(refusal("check.jump", _shown(jump), "it must be a factor above 1", "Write `jump=10`."))
    if steps is not None:
        steps = whole("check.steps", steps, ValueError, least=1)
    if isinstance(source, Reading) and (known or kind is not None):
        raise TypeError(refusal("check", "more about the run", "the Reading has been made", "Pass it to `read`."))
    reading = (
        source
        if isinstance(source, Reading)
        else read_spare(source, kind, {**known, "steps": steps}, frozenset({"steps"}))
    )
    return [
        finding
        for finding in _findings(reading, steps, jump)
        if finding.code not in ([allow] if isinstance(allow, str) else allow)
    ]


def _findings(reading: Reading, steps: int | None, jump: float) -> list[Finding]:
    schedule = reading.schedule
    declared = list(_times(json.loads(schedule.to_json())["schedule"], _LENGTHS))
    planned = schedule.steps or max(declared, default=None) or _settled(schedule) or reading.steps
    updates = steps or reading.steps or schedule.steps
    if updates is None:
        rule = "the schedule has no end, so the length of the run must be given"
        raise ValueError(refusal("check.steps", "nothing", rule, "Pass `steps=`."))
    at = np.arange(updates) if updates <= _MOST else _sampled(schedule, updates)
    values = schedule.array(updates) if updates <= _MOST else schedule.gather(at)
    run = _Run(schedule, updates, at, values, planned, reading.peak, jump, dict(reading.divisors))
    with np.errstate(over="ignore", invalid="ignore"):  # `not-finite` says it
        found = [*reading.warnings, *(finding for rule in _RULES for finding in rule(run))]
    climbs = [one for one in found if one.code == "climbs"]
    found = [one for one in found if one.code != "climbs" or one is climbs[0]]
    return sorted(found, key=lambda finding: -1 if finding.step is None else finding.step)


def _settled(schedule: Schedule) -> int | None:
    """Return from which step on a schedule without an end is constant, if it has been higher before."""
    start, _, last = schedule.segments()[-1]
    if not last.startswith("gp.constant(") or not start:
        return None
    before = schedule.gather(np.linspace(0, start - 1, _FEW, dtype=np.int64))
    return start if np.abs(before).max() > abs(schedule[start]) else None


def _sampled(schedule: Schedule, updates: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return pairs of neighbouring steps: evenly spread ones, and those at the edges of the parts."""
    even = np.linspace(0, updates - 2, _SAMPLE, dtype=np.int64)
    edges = np.array([start for start, _, _ in schedule.segments() if 0 < start < updates], dtype=np.int64)
    return np.unique(np.concatenate([even, even + 1, edges, edges - 1, [0, updates - 1]]))


# ---------------------------------------------------------------------------------------------------------- the rules


def _first(run: _Run) -> Iterator[Finding]:
    """Find first updates at 0, or at the least rate."""
    value = float(run.values[0])
    changes = np.flatnonzero(run.values != value)
    if not changes.size:
        if value == 0.0:
            yield Finding("first-zero", "all updates have rate 0", 0, "Check the rate.")
        return
    count = int(run.at[changes[0]])
    many = "the first update has" if count == 1 else f"the first {count:,} updates have"
    if value == 0.0:
        fix = f"Write `schedule.skip({count})`, or begin above 0."
        yield Finding("first-zero", f"{many} rate 0", 0, fix)
    elif count > 1 and value == float(np.nanmin(run.values)) and run.values[changes[0]] > value:
        fix = f"Write `schedule.skip({count - 1})`."
        yield Finding("first-minimum", f"{many} the least rate, {value:g}", 0, fix)


def _length(run: _Run) -> Iterator[Finding]:
    """Find a curve that is longer or shorter than the run, and say why if the two have a simple ratio."""
    if not run.planned or abs(run.planned - run.steps) <= max(1.0, _TAIL * run.steps):
        return
    longer = run.planned / run.steps
    for name, divisor in run.divisors.items():
        if divisor > 1 and math.isclose(longer, divisor, rel_tol=_TAIL):
            text = f"the curve has {run.planned:,} steps and the run {run.steps:,}: {divisor} times as many"
            fix = f"`{name}` is {divisor}: divide the length by it."
            yield Finding("micro-steps", text, run.steps, fix)
            return
    if longer > 1.0:
        yield _too_long(run, longer)
        return
    after = run.values[run.at >= run.planned]
    if 1.0 / longer >= _APART and not (np.ptp(after) == 0.0 and _is_peak(run, after)):
        yield _in_epochs(run, "the curve ends at", run.planned)
    elif np.ptp(after) == 0.0 and not _is_peak(run, after):
        left, last = run.steps - run.planned, after[0]
        text = f"the curve ends at step {run.planned:,}; {left:,} updates ({left / run.steps:.0%}) follow at {last:g}"
        fix = f"Write `schedule.extend(at, {run.steps})`, or end the run there."
        yield Finding("too-short", text, run.planned, fix)
    elif float(after.max()) - float(after[0]) > _NOTABLE * run.top:
        text = f"the rate climbs again after the curve's end, from {after[0]:g} to {after.max():g}"
        fix = f"Write `schedule.then(gp.constant(schedule[{run.planned}]), at={run.planned})`, or end the run there."
        yield Finding("climbs", text, run.planned, fix)


def _is_peak(run: _Run, after: np.ndarray[Any, Any]) -> bool:
    """Whether the curve stays at its largest rate, as after a warm-up alone."""
    return bool(abs(after[0]) >= run.top * (1.0 - _ROUNDING))


def _in_epochs(run: _Run, what: str, step: int) -> Finding:
    times = round(run.steps / step)
    text = f"{what} step {step:,}, and the run has {run.steps:,} updates, {times:,} times as many"
    return Finding("epochs-for-steps", text, step, f"If the {step:,} are epochs, write `schedule.by_epoch({times})`.")


def _too_long(run: _Run, longer: float) -> Finding:
    assert run.planned is not None  # noqa: S101 (the caller has looked)
    if longer >= _APART:
        text = f"the curve has {run.planned:,} steps, {longer:,.0f} times the {run.steps:,} of the run"
        return Finding("epochs-for-steps", text, run.steps, "Check whether the two count the same.")
    last, end = float(run.values[-1]), run.schedule[run.planned]
    text = f"{1.0 - 1.0 / longer:.0%} of the curve is never reached: the last update has {last:g}, its end {end:g}"
    return Finding("too-long", text, run.steps - 1, f"Give the curve {run.steps:,} steps.")


def _end(run: _Run) -> Iterator[Finding]:
    """Find a rate that climbs at the end of the run: after a fall, or because the warm-up is not over."""
    changes = np.diff(run.values)
    falls = np.flatnonzero(changes < -_ROUNDING * run.top)
    begin = int(falls[-1]) + 1 if falls.size else 0
    low, last, step = float(run.values[begin]), float(run.values[-1]), int(run.at[begin])
    if not last - low > _NOTABLE * run.top or np.count_nonzero(changes[begin:] > 0.0) < 2:  # noqa: PLR2004 (one is a restart)
        return
    if falls.size:
        text = f"the rate climbs from {low:g} at step {step:,} to {last:g} at the end"
        fix = f"Write `schedule.then(gp.constant(schedule[{step}]), at={step})`, or end the run there."
        yield Finding("climbs", text, step, fix)
    elif run.schedule[run.steps] > last:
        text = f"the last update has the largest rate, {last:g}: the warm-up is not over"
        yield Finding("still-rising", text, run.steps - 1, "Shorten the warm-up.")


def _values(run: _Run) -> Iterator[Finding]:
    """Find values that are no rates, and values above the peak."""
    for code, mask, what, fix in (
        ("not-finite", ~np.isfinite(run.values), "the rate is {}", "Check the arguments that are 0."),
        ("negative", run.values < 0.0, "the rate is negative, {}", "Write `schedule.clamp(low=0.0)`."),
        (
            "above-peak", run.values > (math.inf if run.peak is None else run.peak * (1 + 1e-9)),
            f"the rate is above the peak of {run.peak}: {{}}", f"Write `schedule.clamp(high={run.peak})`.",
        ),
    ):  # fmt: skip
        if mask.any():
            place = int(np.argmax(mask))
            yield Finding(code, what.format(f"{run.values[place]:g}"), int(run.at[place]), fix)


def _milestones(run: _Run) -> Iterator[Finding]:
    """Find milestones at or after the end of the run, and those that are counted in epochs."""
    edges = list(_times(json.loads(run.schedule.to_json())["schedule"], ("milestones",)))
    missed = [edge for edge in edges if edge >= run.steps]
    if missed:
        first = min(missed)
        others = "" if len(missed) == 1 else f" and {len(missed) - 1} more"
        text = f"the milestone at step {first:,}{others} is never reached: the run has {run.steps:,} updates"
        yield Finding("milestone-missed", text, first, "Move the milestone, or count it in the unit of the run.")
    elif edges and 0 < max(edges) * _APART <= run.steps:
        yield _in_epochs(run, "the last milestone is", max(edges))


def _jumps(run: _Run) -> Iterator[Finding]:
    """Find the first change by more than a factor that is a notable part of the peak, and no part of a slope."""
    before, after = np.abs(run.values[:-1]), np.abs(run.values[1:])
    low, high = np.minimum(before, after), np.maximum(before, after)
    large = (high > run.jump * (1.0 + 1e-9) * low) & (high - low > _NOTABLE * run.top) & (np.diff(run.at) == 1)
    changed = int(np.argmax(run.values != run.values[0]))
    if run.values[changed] > run.values[0]:
        large[:changed] = False  # up from the first value
    places = map(int, run.at[np.flatnonzero(large)[:_MOST_JUMPS]])
    steps = [step for step in places if not _on_a_slope(run.schedule, step)]
    if steps:
        step, more = steps[0], "" if len(steps) == 1 else f", and {len(steps) - 1:,} more such"
        text = f"the rate jumps from {run.schedule[step]:g} to {run.schedule[step + 1]:g}{more}"
        yield Finding("jump", text, step + 1, "Check the joint, or allow a larger `jump`.")


def _on_a_slope(schedule: Schedule, step: int) -> bool:
    """Whether the change after a step is about as large as the one before it: a line that ends at 0 does not jump."""
    before, here, after = schedule.gather([max(step - 1, 0), step, step + 1])
    return bool(abs(after - here) <= _SLOPE * abs(here - before))


_RULES: list[Callable[[_Run], Iterator[Finding]]] = [_first, _end, _length, _values, _milestones, _jumps]


def _times(node: Any, keys: Sequence[str], scale: int = 1, offset: int = 0) -> Iterator[int]:  # noqa: ANN401, C901 (JSON)
    """Return the times under these keys in a schedule's JSON, as steps of the whole. Other clocks are left out."""
    if not isinstance(node, dict):
        return
    for key in keys:
        found = node.get(key)
        for time in found if isinstance(found, list) else [found]:
            if isinstance(time, int):
                yield time * scale + offset
    kind, inner = node["kind"], node.get("of")
    if kind == "then":
        for part, begin in zip(node["parts"], [0, *node["at"]], strict=True):
            yield from _times(part, keys, scale, offset + begin * scale)
    elif kind in {"sum", "product"}:
        for part in node["of"]:
            yield from _times(part, keys, scale, offset)
    elif kind == "by_epoch":
        yield from _times(inner, keys, scale * node["steps_per_epoch"], offset)
    elif kind in {"delay", "skip"}:
        yield from _times(inner, keys, scale, offset + scale * node["n"] * (1 if kind == "delay" else -1))
    elif kind in {"clamp", "hold"}:
        yield from _times(inner, keys, scale, offset)
