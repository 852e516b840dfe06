"""A schedule, or a live scheduler, as another framework has it: the line of code, and how near its values are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias

import numpy as np

from glidepath._arguments import as_int, refusal
from glidepath._core import REPLAYS, Schedule, _extent, _shown, _way_to_schedule, table
from glidepath._forms import lists
from glidepath._forms.form import Form, NoForm

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Conversion", "ConversionError", "convert"]

Agreement: TypeAlias = Literal["bits", "float32", "near"]

FRAMEWORKS = ("torch", "mindspore", "mindspore.nn", "mindspore.experimental")
_CHUNK = 1 << 16
_FAR = 1e-3
"""What is further from the source than this part of the peak is another schedule, whatever the formulas say."""


class ConversionError(ValueError):
    """What cannot be the same in the other framework: each place, what was got, why, and the way out.

    >>> gp.convert(gp.constant(0.1), "mindspore")
    Traceback (most recent call last):
    glidepath.conversion.ConversionError: schedule -> mindspore:
      `convert.steps`: got None; a list has an end, and this schedule has none. Give the run's steps.
    """


@dataclass(frozen=True)
class Conversion:
    """A schedule in another framework: what `convert` returns. `print` shows all of it.

    >>> conversion = gp.convert(gp.linear(0.0, 0.1, 4), "mindspore", steps=6)
    >>> conversion.code
    'nn.warmup_lr(0.1, total_step=6, step_per_epoch=1, warmup_epoch=4)'
    >>> conversion.agreement, conversion.value.array(6).tolist()
    ('bits', [0.0, 0.025, 0.05, 0.07500000000000001, 0.1, 0.1])
    """

    source: str
    """What was converted: a replay's kind, or "schedule"."""
    target: str
    """What it has become: "mindspore.exponential_decay_lr", or several, joined by " + "."""
    value: Schedule
    """The schedule as the target computes it, in the optimizer's steps."""
    arguments: Mapping[str, Any]
    """The arguments of the target; empty where the code makes several lists."""
    code: str
    """The line of Python that makes it, without glidepath where the framework has such a schedule."""
    imports: str
    """The imports that the line needs. A scheduler also needs `optimizer`."""
    lr: float | None
    """The learning rate that the optimizer must have as the scheduler is made; None where it does not count."""
    agreement: Agreement
    """How near the values are to the source's: equal in "bits" (float64), in "float32", or "near"."""
    steps: int
    """How many steps were compared."""
    notes: tuple[str, ...]
    """What is not the same, and what to know, one line each."""
    report: str
    """The agreement in words."""

    def __str__(self) -> str:
        lines = [f"{self.source} -> {self.target}", f"  {self.code}", f"  {self.report}"]
        return "\n".join(lines + [f"  ! {note}" for note in self.notes])


def convert(
    x: object, to: str, *, steps: SupportsIndex | None = None, steps_per_epoch: SupportsIndex = 1, strict: bool = True
) -> Conversion:
    """Write a schedule, or a live scheduler, as another framework has it.

    The values of both are computed and compared at every step, so what is said of them is measured: equal in every bit,
    equal in float32 (which MindSpore's optimizers compute in), or near.

    Args:
        x: a `Schedule` (a replay, or any expression that has a closed form).
        to: "mindspore" (a list function, one value a step), or one form by its name: "mindspore.exponential_decay_lr".
        steps: how many steps of the optimizer the run has. A list needs them where the schedule has no end.
        steps_per_epoch: how many steps an epoch has, where the schedule counts epochs, as torch's schedulers mostly do.
        strict: whether to raise for what the target cannot do; else it is a note.

    Where the framework has no such schedule, the conversion is the exact table, `learning_rate(...)`, and says so.

    Raises `ConversionError`, a `ValueError`, for what cannot be the same, all of it at once; `TypeError` and
    `ValueError` for an argument of the wrong type or out of its range.

    >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
    >>> print(gp.convert(s, "mindspore", steps_per_epoch=500, steps=45_000))
    torch.StepLR -> mindspore.exponential_decay_lr
      nn.exponential_decay_lr(0.1, 0.1, total_step=45000, step_per_epoch=500, decay_epoch=30, is_stair=True)
      equal in bits at all 45,000 steps
    """
    per_epoch = _positive("convert.steps_per_epoch", steps_per_epoch)
    length = None if steps is None else _positive("convert.steps", steps)
    only = _target(to)
    source, name = _source(x), _named(x)
    if per_epoch > 1:
        source = source.by_epoch(per_epoch)
    form = _formed(source, to, only, length, name)
    if form.losses and strict:
        raise _refused(name, form.target, [refusal(*loss) for loss in form.losses])
    n = length or form.value.steps or _usual(source)
    agreement, report = _compared(source, form.value, n)
    notes = (*form.notes, *(f"{loss[2]} (`{loss[0]}`: got {loss[1]})" for loss in form.losses))
    return Conversion(
        name, form.target, form.value, form.arguments, form.code, form.imports, form.lr, agreement, n, notes, report
    )


def _positive(place: str, value: SupportsIndex) -> int:
    number = as_int(value)
    if number is None:
        raise TypeError(refusal(place, _shown(value), "it must be a whole number of steps"))
    if number < 1:
        raise ValueError(refusal(place, number, "it must be a whole number of steps, 1 or more"))
    return number


def _target(to: str) -> str | None:
    """Return the one form that is asked for; None for a framework."""
    if not isinstance(to, str):
        raise TypeError(refusal("convert.to", _shown(to), "it must be a string", 'For instance "mindspore".'))
    framework, _, name = to.rpartition(".")
    if to in FRAMEWORKS:
        return None
    if framework == "mindspore" and name in [*lists.NAMES, "learning_rate"]:
        return name
    rule = f"it must be one of {', '.join(FRAMEWORKS)}, or the name of a form"
    raise ValueError(refusal("convert.to", _shown(to), rule, 'For instance "mindspore.exponential_decay_lr".'))


def _source(x: object) -> Schedule:
    if isinstance(x, Schedule):
        return x
    way = _way_to_schedule(x) or "Make it with `gp.replay(...)`, or wrap values with `gp.table(values)`."
    raise TypeError(refusal("convert.x", _shown(x), "it must be a schedule", way))


def _named(x: object) -> str:
    """Return what is converted, by name."""
    if isinstance(x, Schedule):
        kind = json.loads(x.to_json())["schedule"]["kind"]
        return kind if kind in REPLAYS else "schedule"
    return type(x).__name__


def _formed(source: Schedule, to: str, only: str | None, length: int | None, name: str) -> Form:
    n = length or source.steps
    if n is None:
        msg = refusal("convert.steps", "None", "a list has an end, and this schedule has none", "Give the run's steps.")
        raise _refused(name, to, [msg])
    if only == "learning_rate":
        return _table(source, n, ())
    try:
        node = json.loads(source.exact().to_json())["schedule"]
        return lists.lists(node, n, source, only)
    except (NoForm, ValueError) as no:
        if only:
            way = 'Convert to "mindspore.learning_rate", the exact table.'
            msg = refusal("convert.to", f'"{to}"', f"there is no such form of this schedule: {no}", way)
            raise _refused(name, to, [msg]) from None
        return _table(source, n, (f"the exact table of its values, for MindSpore has no such schedule: {no}",))


def _table(source: Schedule, n: int, notes: tuple[str, ...]) -> Form:
    value = table(source.array(n, dtype="float32"))
    return Form(
        "glidepath.mindspore.learning_rate",
        value,
        {"schedule": source, "total_steps": n},
        f"learning_rate({source!r}, {n})",
        "import glidepath as gp\nfrom glidepath.mindspore import learning_rate",
        notes=notes,
    )


def _usual(source: Schedule) -> int:
    """Return how many steps show what a schedule without an end does."""
    longest, _ = _extent(source)
    return min(max(4 * (longest or 0), 1_000), 1_000_000)


def _refused(source: str, target: str, refusals: list[str]) -> ConversionError:
    return ConversionError("\n  ".join([f"{source} -> {target}:", *refusals]))


def _compared(source: Schedule, value: Schedule, n: int) -> tuple[Agreement, str]:
    """Return how near two schedules are over so many steps, as one word and in words."""
    in_bits = in_float32 = True
    worst, at, peak = 0.0, 0, 0.0
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        a, b = source.array(size, start), value.array(size, start)
        in_bits &= bool((a == b).all())
        if in_bits:
            continue
        in_float32 &= bool((a.astype(np.float32) == b.astype(np.float32)).all())
        peak = max(peak, float(np.abs(a).max()))
        far = np.abs(a - b)
        if far.max() > worst:
            worst, at = float(far.max()), start + int(far.argmax())
    everywhere = f"at all {n:,} steps"
    if in_bits:
        return "bits", f"equal in bits {everywhere}"
    if in_float32:
        return "float32", f"equal in float32 {everywhere}"
    return "near", f"near: within {worst / (peak or 1.0):.1e} of the peak {everywhere}, furthest at step {at:,}"
