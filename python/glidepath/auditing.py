"""Compares the learning rates that a run has logged with its schedule."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glidepath._arguments import refusal
from glidepath._logs import Log, Row, log_of, read_log
from glidepath.configs._read import read_spare
from glidepath.configs._reading import Finding, Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from glidepath._core import Schedule

__all__ = ["Audit", "audit", "audited"]

_RELATIVE = 1e-6  # of the value: many logs have float32
_OF_PEAK = 1e-9  # of the largest rate: rounding errors of a library's float64 near an end at 0
_MOST_STEPS = 20_000_000  # that are searched for a shift
_MOST_FINDINGS = 20
_FASTEST = 64
_SHARE = 0.05  # of the rows that are left, for which a factor must hold
_FEW = 3  # rows that must agree on a shift, if so many follow


@dataclass(frozen=True)
class Audit:
    """What a log says about a schedule.

    >>> lr = gp.cosine(0.1, 0.0, 100)
    >>> audit = gp.audit([(0, 0.1), (50, 0.05), (75, lr[75])], lr)
    >>> audit.agrees, audit.rows, audit.lag
    (True, 3, 0)
    """

    source: str
    rows: int
    steps: tuple[int, int]
    """The least and the greatest step that was logged."""
    lag: int | None
    """0 if a row has the rate of the update of its step, 1 if that of the one before; None without a schedule."""
    findings: Sequence[Finding]
    notes: Sequence[str] = ()
    """What was left out of the log."""

    @property
    def agrees(self) -> bool:
        """Whether all logged rates are those of the schedule."""
        return not self.findings

    def __str__(self) -> str:
        lines = [f"{self.source}: {self.rows:,} rates, of the steps {self.steps[0]:,} to {self.steps[1]:,}"]
        if self.lag:
            lines.append("a row has the rate of the update before its step, as logs have that count finished updates")
        if self.lag is not None and self.agrees:
            lines.append("all are those of the schedule")
        lines += self.notes
        more = ["... and perhaps more: these are the first"] * (len(self.findings) >= _MOST_FINDINGS)
        return "\n".join([*lines, *map(str, self.findings), *more])


def audit(
    log: str | os.PathLike[str] | Iterable[tuple[int, float]],
    source: object = None,
    *,
    step_column: str | None = None,
    rate_column: str | None = None,
    kind: str | None = None,
    **known: Any,  # noqa: ANN401 (`read` says what each is)
) -> Audit:
    """Compare a log with a schedule: where the rates leave it, by how much, and by how many steps they are shifted.

    Args:
        log: a ``trainer_state.json``, a .csv or JSON lines with columns for the step and the rate, an event file of
            TensorBoard (which needs tensorboard), or pairs of a step and a rate.
        source: a Schedule, a Reading, or anything that :func:`glidepath.read` takes; None to look at the log alone.
        step_column: the column of the step, if it has none of the usual names.
        rate_column: the column of the rate, or TensorBoard's tag, if it has none of the usual names.
        kind: as :func:`glidepath.read` takes it.
        **known: as :func:`glidepath.read` takes them. The length of the run is taken from a ``trainer_state.json``.

    A rate agrees if it differs by at most half of the log's last digit, 1e-6 of the value, or 1e-9 of the peak. Some
    logs have the rate of the update that follows the step, and some that of the update before: the audit takes what
    fits, and says so. Raises `ValueError` for a log that cannot be read.

    >>> lr = gp.linear(0.1, 0.0, 100)
    >>> rates = [(k, lr[k]) for k in range(0, 50, 5)] + [(k, lr[k - 50]) for k in range(50, 100, 5)]  # it began again
    >>> print(gp.audit(rates, lr))
    the log: 20 rates, of the steps 0 to 95
    step 50: shifted: from here on the log has the schedule 50 steps late, from its beginning: at step 50 it has 0.1, \
the schedule 0.05. The run was resumed without its scheduler: load the scheduler's state.
    """
    if isinstance(log, str | os.PathLike):
        name, found = str(log), read_log(Path(log), step_column, rate_column)
    else:
        name, found = "the log", log_of(log)
    if source is None:
        return audited(name, found, None)
    if isinstance(source, Reading):
        if kind is not None or known:
            raise TypeError(refusal("audit", "more about the run", "the Reading has been made", "Pass it to `read`."))
        return audited(name, found, source)
    return audited(name, found, read_spare(source, kind, {**found.known, **known}, frozenset({"steps"})))


def audited(name: str, log: Log, reading: Reading | None) -> Audit:
    """Compare a log that has been read; ``name`` is that of the log."""
    steps = [row.step for row in log.rows] or [step for step, _ in log.odd]
    lag, findings = (None, _alone(log.rows)) if reading is None or not log.rows else _compared(reading.schedule, log)
    found = sorted([*_odd(log), *findings], key=lambda finding: finding.step or 0) if log.odd else findings
    return Audit(name, len(log.rows), (min(steps), max(steps)), lag, found, log.notes)


def _odd(log: Log) -> Iterator[Finding]:
    """Find the rates that are not finite. The other rows are compared without them."""
    for step, text in log.odd[:1]:
        more = f"; {len(log.odd):,} rows in all have no finite rate" * (len(log.odd) > 1)
        fix = "Check the run there; where the log has no rate, leave the cell empty."
        yield Finding("not-a-rate", f"the logged rate is {text}{more}", step, fix)


# ------------------------------------------------------------------------------------------------------ with a schedule


@dataclass(frozen=True)
class _Rates:
    """The logged rates as arrays, and how near each must be."""

    steps: np.ndarray[Any, np.dtype[np.int64]]
    values: np.ndarray[Any, np.dtype[np.float64]]
    near: np.ndarray[Any, np.dtype[np.float64]]

    @classmethod
    def of(cls, rows: Sequence[Row], schedule: Schedule) -> _Rates:
        values = np.array([row.value for row in rows])
        precision = np.array([row.precision for row in rows])
        peak = np.abs(schedule.gather(np.array([row.step for row in rows], dtype=np.int64))).max()
        near = np.maximum(precision, np.maximum(_RELATIVE * np.abs(values), _OF_PEAK * peak))
        return cls(np.array([row.step for row in rows], dtype=np.int64), values, near)

    def agree(self, schedule: Schedule, shift: int, begin: int = 0, end: int | None = None) -> np.ndarray[Any, Any]:
        """Return which rows have the schedule's rate that many steps later."""
        at = self.steps[begin:end] + shift
        valid = (at >= 0) & (at <= 2**53)
        expected = schedule.gather(np.where(valid, at, 0))
        return valid & (np.abs(self.values[begin:end] - expected) <= self.near[begin:end])


def _compared(schedule: Schedule, log: Log) -> tuple[int, list[Finding]]:
    rates = _Rates.of(log.rows, schedule)
    lag = _lag(schedule, rates)
    if (times := _faster(schedule, rates, lag)) is not None:
        text = f"the log has the schedule {times} times as fast: each update makes {times} of its steps"
        fix = "Step the scheduler once an update, or give the lengths that many times as long."
        return lag, [Finding("faster", text, log.rows[0].step, fix)]
    findings: list[Finding] = []
    shift, place, count = -lag, 0, len(log.rows)
    while place < count and len(findings) < _MOST_FINDINGS:
        wrong = np.flatnonzero(~rates.agree(schedule, shift, place))
        if not wrong.size:
            break
        place += int(wrong[0])
        factor, length = _factor(schedule, rates, place, shift)
        found = None if factor is not None else _shift(schedule, rates, place, -lag)
        if found is not None:
            findings.append(_shifted(schedule, log.rows[place], found + lag, -lag))
            shift = found
            continue
        findings.append(_other(schedule, log.rows[place], shift, factor, length))
        place += length
    return lag, findings


def _lag(schedule: Schedule, rates: _Rates) -> int:
    """Return the lag with which more rows agree; or, if few do, more rows have one factor to the schedule."""
    agree = [int(rates.agree(schedule, -lag).sum()) for lag in (0, 1)]
    if max(agree) * 2 >= len(rates.values):
        return int(agree[1] > agree[0])
    scaled = []
    for lag in (0, 1):
        expected = schedule.gather(np.maximum(rates.steps - lag, 0))
        ratios = rates.values[expected != 0.0] / expected[expected != 0.0]
        factor = float(np.median(ratios)) if ratios.size else 1.0
        scaled.append(int((np.abs(rates.values - factor * expected) <= max(1.0, factor) * rates.near).sum()))
    return int(scaled[1] > scaled[0])


def _faster(schedule: Schedule, rates: _Rates, lag: int) -> int | None:
    """Return how many steps of the schedule an update makes, if it is one number for all rows, and above 1."""
    if len(set(rates.values)) <= _FEW or rates.agree(schedule, -lag).sum() * 2 >= len(rates.values):
        return None
    for times in range(2, _FASTEST + 1):
        for late in (0, 1):
            expected = schedule.gather(times * np.maximum(rates.steps - late, 0))
            if (np.abs(rates.values - expected) <= rates.near).all():
                return times
    return None


def _shift(schedule: Schedule, rates: _Rates, place: int, usual: int) -> int | None:
    """Return the shift that explains the rows from a place on, the nearest to none; None if there is none.

    It needs two rows at least, and rates that change: any rate is that of some step.
    """
    reach = 2 * int(rates.steps.max()) + 2 + (schedule.steps or 0)
    rows = min(_FEW, len(rates.values) - place)
    if reach > _MOST_STEPS or len(set(rates.values[place : place + rows])) == 1:
        return None
    values = schedule.array(reach)
    matching = np.flatnonzero(np.abs(values - rates.values[place]) <= rates.near[place])
    shifts = matching - rates.steps[place]
    shifts = shifts[np.argsort(np.abs(shifts - usual), kind="stable")]
    for index in range(place + 1, place + rows):  # all candidates at once, row by row
        at = rates.steps[index] + shifts
        valid = (at >= 0) & (at < reach)
        near = np.abs(values[np.where(valid, at, 0)] - rates.values[index]) <= rates.near[index]
        shifts = shifts[valid & near]
    return int(shifts[0]) if shifts.size else None


def _shifted(schedule: Schedule, row: Row, shift: int, usual: int) -> Finding:
    here = f"at step {row.step:,} it has {row.value:g}, the schedule {schedule[max(row.step + usual, 0)]:g}"
    if shift == 0:
        return Finding(
            "back", f"from here on the log is on the schedule again: {here}", row.step, "See the finding before."
        )
    late = f"{abs(shift):,} step{'s' if abs(shift) > 1 else ''} {'late' if shift < 0 else 'early'}"
    if row.step + usual + shift == 0:
        text = f"from here on the log has the schedule {late}, from its beginning: {here}"
        fix = "The run was resumed without its scheduler: load the scheduler's state."
    else:
        text = f"from here on the log has the schedule {late}: {here}"
        fix = "Check the step at which the run was resumed, and which steps count."
    return Finding("shifted", text, row.step, fix)


def _factor(schedule: Schedule, rates: _Rates, place: int, shift: int) -> tuple[float | None, int]:
    """Return the factor between the log and the schedule from a place on, and for how many rows it holds.

    Without one, return None and the number of rows that differ one after another.
    """
    at = np.maximum(rates.steps[place:] + shift, 0)
    expected = schedule.gather(at)
    wrong = np.abs(rates.values[place:] - expected) > rates.near[place:]
    differ = int(np.argmin(wrong)) if not wrong.all() else len(wrong)
    if expected[0] == 0.0 or rates.values[place] == 0.0:
        return None, differ
    factor = float(rates.values[place] / expected[0])
    holds = np.abs(rates.values[place:] - factor * expected) <= 2.0 * max(1.0, factor) * rates.near[place:]
    length = int(np.argmin(holds)) if not holds.all() else len(holds)
    enough = max(min(_FEW, len(holds)), 2, _SHARE * len(holds))
    return (factor, length) if length >= enough else (None, differ)


def _other(schedule: Schedule, row: Row, shift: int, factor: float | None, length: int) -> Finding:
    expected = schedule[max(row.step + shift, 0)]
    rows = f"{length:,} row{'s' if length > 1 else ''}"
    if factor is not None:
        text = f"{rows} from here on are {factor:.6g} times the schedule: {row.value:g} where it has {expected:g}"
        return Finding("scaled", text, row.step, "Check the base rate of the run.")
    off = abs(row.value - expected)
    relative = f", {off / abs(expected):.2g} of it" if expected else ""
    text = f"{rows} from here on leave the schedule: {row.value:g} where it has {expected:g}, {off:.2g} apart{relative}"
    return Finding("differs", text, row.step, "Check which schedule the run had.")


# -------------------------------------------------------------------------------------------------------------- alone


def _alone(rows: Sequence[Row]) -> list[Finding]:
    """Look at the log alone: steps that go back, and rates that jump."""
    found: list[Finding] = []
    for before, after in pairwise(rows):
        if after.step < before.step and len(found) < _MOST_FINDINGS:
            text = f"the steps go back from {before.step:,} to {after.step:,}"
            found.append(Finding("resumed", text, after.step, "The run was resumed there."))
    return found
