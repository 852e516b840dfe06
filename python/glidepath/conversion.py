"""A schedule, or a live scheduler, as another framework has it: the line of code, and how near its values are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeAlias, overload

import numpy as np

from glidepath._arguments import as_int, refusal
from glidepath._core import REPLAYS, Schedule, _extent, _shown, table
from glidepath._forms import classes, lists, live, schedulers
from glidepath._forms.form import Form, Node, NoForm
from glidepath._recipes import real, rules
from glidepath._recipes.code import Native, code_of
from glidepath._recipes.optimizers import FRAMEWORKS as OPTIMIZER_FRAMEWORKS
from glidepath._recipes.optimizers import OPTIMIZERS, framework_of
from glidepath.comparison import Comparison, compare
from glidepath.groups import Groups, filled, remade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glidepath._recipes.rules import Row

__all__ = ["Conversion", "ConversionError", "convert"]

Agreement: TypeAlias = Literal["bits", "float32", "near"]

FRAMEWORKS = ("torch", "mindspore", "mindspore.nn", "mindspore.experimental")
_TABLES = {
    "torch": "torch.Scheduler",
    "mindspore": "mindspore.learning_rate",
    "mindspore.nn": "mindspore.learning_rate",
    "mindspore.experimental": "mindspore.experimental.LambdaLR",
}
"""glidepath's own form in each framework, which gives any schedule."""
_NAMES = {
    **{f"mindspore.{name}": ("mindspore", name) for name in (*lists.NAMES, "learning_rate")},
    **{f"mindspore.{name}": ("mindspore.nn", name) for name in classes.NAMES},
    **{f"{framework}.{name}": (framework, name) for framework, names in schedulers.NAMES.items() for name in names},
    **{name: (name.rpartition(".")[0], name.rpartition(".")[2]) for name in _TABLES.values()},
}
"""Each form by its name: its framework, and its name there."""
_MOST = 10_000_000
"""More steps are not compared: that takes a second, and values that differ have differed by then."""
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
    """A schedule, or a recipe, in another framework: what `convert` returns. `print` shows all of it.

    >>> conversion = gp.convert(gp.linear(0.0, 0.1, 4), "mindspore", steps=6)
    >>> conversion.code
    'nn.warmup_lr(0.1, total_step=6, step_per_epoch=1, warmup_epoch=4)'
    >>> conversion.agreement, conversion.value.array(6).tolist()
    ('bits', [0.0, 0.025, 0.05, 0.07500000000000001, 0.1, 0.1])
    """

    source: str
    """What was converted: a replay's kind, "schedule", or an optimizer."""
    target: str
    """What it has become: "mindspore.exponential_decay_lr", or several, joined by " + "; or an optimizer."""
    value: Any
    """The schedule as the target computes it, in the optimizer's steps; or the target's `Groups`."""
    arguments: Mapping[str, Any]
    """The arguments of the target; empty where the code makes several lists. Of a recipe: what all groups share."""
    code: str
    """The Python that makes it, without glidepath where the framework has such a schedule."""
    imports: str
    """The imports that the code needs. A scheduler also needs `optimizer`, a recipe `model` or `net`."""
    notes: tuple[str, ...]
    """What is not the same, and what to know, one line each."""


@dataclass(frozen=True)
class ScheduleConversion(Conversion):
    """A schedule in another framework."""

    lr: float | None
    """The learning rate that the optimizer must have as the scheduler is made; None where it does not count."""
    agreement: Agreement
    """How near the values are to the source's: equal in "bits" (float64), in "float32", or "near"."""
    comparison: Comparison = field(repr=False, compare=False)
    """The source and the value, compared."""
    report: str
    """The agreement in words."""

    def __str__(self) -> str:
        lines = [f"{self.source} -> {self.target}", f"  {self.code}", f"  {self.report}"]
        return "\n".join(lines + [f"  ! {note}" for note in self.notes])


@dataclass(frozen=True)
class RecipeConversion(Conversion):
    """An optimizer with its groups and schedules in another framework."""

    rows: tuple[Row, ...]
    """Each option there and here, and what to know of it."""
    steps: int | None
    """How many steps the tables of schedules have."""

    def __str__(self) -> str:
        width = max((len(row.source) for row in self.rows), default=0)
        lines = [
            f"  {row.source.ljust(width)}  {row.target}{f'   {row.note}' if row.note else ''}" for row in self.rows
        ]
        return "\n".join([f"{self.source} -> {self.target}", *lines, *(f"  ! {note}" for note in self.notes)])

    def build(self, model: object, *, names: Mapping[str, str] | None = None) -> tuple[Any, Any]:
        """Make the real optimizer, and the scheduler that drives it: None where it needs none.

        Args:
            model: a torch Module or a MindSpore Cell. A parameter is found by its name, or by the name that the other
                framework has for it (`weight` and `gamma`) where the sizes agree.
            names: the model's names of parameters that have another name there.

        Raises:
            TypeError, ValueError: not a model of the target's framework, or one with other parameters.
            ImportError: the framework is not installed.
        """
        return real.optimizer_of(self.value, model, self.steps, names)


@overload
def convert(
    x: Groups, to: str, *, steps: SupportsIndex | None = None, steps_per_epoch: SupportsIndex = 1, strict: bool = True
) -> RecipeConversion: ...
@overload
def convert(
    x: object, to: str, *, steps: SupportsIndex | None = None, steps_per_epoch: SupportsIndex = 1, strict: bool = True
) -> Conversion: ...
def convert(
    x: object, to: str, *, steps: SupportsIndex | None = None, steps_per_epoch: SupportsIndex = 1, strict: bool = True
) -> Conversion:
    """Write a schedule, a live scheduler, or a recipe (an optimizer's `Groups`) as another framework has it.

    The values of both are computed and compared at every step, so what is said of them is measured: equal in every bit,
    equal in float32 (which MindSpore's optimizers compute in), or near.

    Args:
        x: a `Schedule` (a replay, or any expression), a live scheduler of either framework, or the `Groups` of an
            optimizer.
        to: "torch", "mindspore" (list functions, one value a step), "mindspore.nn" (the schedule classes),
            "mindspore.experimental"; or one form by its name, such as "mindspore.exponential_decay_lr". Of Groups:
            "torch", "mindspore.nn", "mindspore.experimental", or an optimizer by its name.
        steps: how many steps of the optimizer the run has. A list needs them where the schedule has no end.
        steps_per_epoch: how many steps an epoch has, where `x` counts epochs, as torch's schedulers mostly do.
        strict: whether to raise for what the target cannot do; else it is a note.

    Where the framework has no such schedule, the conversion is the exact table, `learning_rate(...)`, and says so.
    Optimizers are paired by their rules, and not by their names; docs/groups.md has the table, and what was measured.

    Raises `ConversionError`, a `ValueError`, for what cannot be the same, all of it at once; `TypeError` and
    `ValueError` for an argument of the wrong type or out of its range.

    >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
    >>> print(gp.convert(s, "mindspore", steps_per_epoch=500, steps=45_000))
    torch.StepLR -> mindspore.exponential_decay_lr
      nn.exponential_decay_lr(0.1, 0.1, total_step=45000, step_per_epoch=500, decay_epoch=30, is_stair=True)
      equal in bits at all 45,000 steps
    >>> print(gp.convert(gp.cosine(0.1, 0.0, 90), "torch"))
    schedule -> torch.CosineAnnealingLR
      optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=90, eta_min=0.0)
      equal in float32 at all 90 steps
      ! the optimizer's learning rate must be 0.1 as the scheduler is made
    """
    per_epoch = _positive("convert.steps_per_epoch", steps_per_epoch)
    length = None if steps is None else _positive("convert.steps", steps)
    if isinstance(x, Groups):
        return _recipe(x, to, length, per_epoch, strict=strict)
    framework, only = _target(to)
    source = live.read(x, None if length is None else -(-length // per_epoch))
    losses = list(source.losses)
    if source.schedule is None:
        raise _refused(source.name, to, losses)
    node = _node(source.schedule)
    name = node["kind"] if node["kind"] in REPLAYS else source.name
    if per_epoch > 1 and name.startswith("mindspore.") and not name.startswith("mindspore.experimental"):
        rule = f"{name} counts the optimizer's steps"
        losses.append(("convert.steps_per_epoch", f"{per_epoch:,}", rule, "Leave it out."))
        raise _refused(name, to, losses)
    schedule = source.schedule.by_epoch(per_epoch) if per_epoch > 1 else source.schedule
    n = length or schedule.steps
    if n is None and framework == "mindspore":
        rule = "a list has an end, and this schedule has none"
        losses.append(("convert.steps", "None", rule, "Give the run's steps."))
        raise _refused(name, to, losses)
    form = _form(schedule, framework, only, n, name)
    compared = min(n or _usual(schedule), _MOST)
    comparison = compare(schedule, form.value, compared)
    report = _report(comparison, n or compared)
    losses += form.losses
    if not (losses or comparison.within(_FAR)):
        way_out = f'Convert to "{_TABLES[framework]}", which gives any schedule.'
        losses.append(("convert.to", f'"{form.target}"', f"its values are not the schedule's: {report}", way_out))
    if losses and strict:
        raise _refused(name, form.target, losses)
    notes = (*source.notes, *form.notes, *(f"{rule} (`{place}`: got {got})" for place, got, rule, *_ in losses))
    return ScheduleConversion(
        source=name, target=form.target, value=form.value, arguments=form.arguments, code=form.code,
        imports=form.imports, lr=form.lr, agreement=_agreement(comparison), comparison=comparison, notes=notes,
        report=report,
    )  # fmt: skip


def _recipe(groups: Groups, to: str, steps: int | None, per_epoch: int, *, strict: bool) -> RecipeConversion:
    """Return a recipe in another framework."""
    source = groups.optimizer
    if source is None:
        rule = "it must be said whose options they are"
        way_out = 'Name the optimizer: `gp.Groups(model, "torch.AdamW", ...)`.'
        raise ConversionError(refusal("convert.x", "Groups without an optimizer", rule, way_out))
    _check_optimizer(source, to)
    found = rules.converted(source, [_by_epoch(filled(groups, i), per_epoch) for i in range(len(groups))], to, steps)
    losses = [*found.losses, *_without_end(found, steps)]
    if any(strict or not loss.only_loses for loss in losses):
        raise _refused(source, found.optimizer, [loss[:4] for loss in losses])
    parts = [(group.params, given, group.name) for group, given in zip(groups, found.groups, strict=True)]
    value = remade(groups, parts, found.optimizer)
    arguments = real.arguments_of(value)
    code = code_of(value, arguments, steps, lambda schedule, framework: _form_of(schedule, framework, steps))
    notes = [*found.notes, *(f"{loss.rule} (`{loss.place}`: got {loss.got})" for loss in losses)]
    return RecipeConversion(
        source=source, target=found.optimizer, value=value, arguments=arguments, code=code.lines, imports=code.imports,
        notes=tuple(notes), rows=tuple(found.rows), steps=steps,
    )  # fmt: skip


def _check_optimizer(source: str, to: object) -> None:
    if to not in (*OPTIMIZER_FRAMEWORKS, *OPTIMIZERS):
        near = get_close_matches(str(to), [*OPTIMIZER_FRAMEWORKS, *OPTIMIZERS], n=1)
        rule = f"a recipe goes to one of {', '.join(OPTIMIZER_FRAMEWORKS)}, or to an optimizer of one by its name"
        error = ValueError if isinstance(to, str) else TypeError
        raise error(refusal("convert.to", _shown(to), rule, f'Did you mean "{near[0]}"?' if near else ""))
    if framework_of(source) == (to if to in OPTIMIZER_FRAMEWORKS else framework_of(str(to))):
        raise ValueError(refusal("convert.to", _shown(to), f"these are the options of {source} already", "Use them."))


def _by_epoch(given: dict[str, Any], per_epoch: int) -> dict[str, Any]:
    """Return options whose schedules count epochs in the optimizer's steps."""
    if per_epoch == 1:
        return given
    return {
        name: tuple(part.by_epoch(per_epoch) if isinstance(part, Schedule) else part for part in option)
        if isinstance(option, tuple)
        else option.by_epoch(per_epoch) if isinstance(option, Schedule) else option
        for name, option in given.items()
    }  # fmt: skip


def _without_end(found: rules.Converted, steps: int | None) -> Iterable[rules.Loss]:
    """Yield what must be known of schedules without an end: a table has one."""
    if steps is not None or framework_of(found.optimizer) != "mindspore.nn":
        return
    for name in ("lr", "weight_decay"):
        endless = [i for i, group in enumerate(found.groups) if isinstance(option := group.get(name), Schedule)
                   and option.steps is None]  # fmt: skip
        if endless:
            rule = f"`{name}` of group {endless[0]} has no end, and a table has one"
            yield rules.Loss("convert.steps", "None", rule, "Give the run's steps.")
            return


def _form_of(schedule: Schedule, framework: str, steps: int | None) -> Native | None:
    """Return a framework's own form of a schedule, where it has one that is equal in float32, or a class."""
    try:
        found = convert(schedule, framework, steps=steps)
    except ValueError:
        return None
    assert isinstance(found, ScheduleConversion)  # noqa: S101 (of a schedule)
    is_near = found.agreement == "near" and framework == "mindspore"
    if is_near or found.target.startswith("glidepath."):
        return None
    return Native(found.code, found.imports, found.lr)


def _positive(place: str, value: SupportsIndex) -> int:
    number = as_int(value)
    if number is None:
        raise TypeError(refusal(place, _shown(value), "it must be a whole number of steps"))
    if number < 1:
        raise ValueError(refusal(place, number, "it must be a whole number of steps, 1 or more"))
    return number


def _target(to: str) -> tuple[str, str | None]:
    """Return the framework, and the one form that is asked for, None for any."""
    if not isinstance(to, str):
        raise TypeError(refusal("convert.to", _shown(to), "it must be a string", 'For instance "mindspore".'))
    if to in FRAMEWORKS:
        return to, None
    if to in _NAMES:
        return _NAMES[to]
    near = get_close_matches(to, [*FRAMEWORKS, *_NAMES], n=1)
    way_out = f'Did you mean "{near[0]}"?' if near else 'For instance "mindspore.exponential_decay_lr".'
    rule = f"it must be one of {', '.join(FRAMEWORKS)}, or the name of a form"
    raise ValueError(refusal("convert.to", _shown(to), rule, way_out))


def _node(schedule: Schedule) -> Node:
    """Return a schedule as plain data."""
    node: Node = json.loads(schedule.to_json())["schedule"]
    return node


def _form(schedule: Schedule, framework: str, only: str | None, n: int | None, name: str) -> Form:
    if f"{framework}.{only}" == _TABLES[framework] or only == "learning_rate":
        return _table(schedule, framework, n, name, ())
    try:
        return _native(schedule, framework, only, n)
    except (NoForm, ValueError, OverflowError) as no:  # the last two are a replay's, of its arguments
        if only:
            way_out = f'Convert to "{_TABLES[framework]}", which gives any schedule.'
            rule = f"there is no such form of this schedule: {no}"
            raise _refused(name, f"{framework}.{only}", [("convert.to", f'"{only}"', rule, way_out)]) from None
        return _table(schedule, framework, n, name, (f"glidepath's own, for {framework} has no such schedule: {no}",))


def _native(schedule: Schedule, framework: str, only: str | None, n: int | None) -> Form:
    """Return the framework's own form."""
    node = _node(schedule)
    try:
        exact = _node(schedule.exact())
    except ValueError as error:
        if framework in schedulers.NAMES:
            return schedulers.schedulers(framework, node, None, n, only)
        raise NoForm(str(error).partition("; ")[2].partition(". Keep")[0]) from None
    if framework in schedulers.NAMES:
        return schedulers.schedulers(framework, node, exact, n, only)
    if framework == "mindspore.nn":
        return classes.classes(exact, n, only)
    return lists.lists(exact, n or 1, schedule, only)


def _table(schedule: Schedule, framework: str, n: int | None, name: str, notes: tuple[str, ...]) -> Form:
    """Return what glidepath sets a framework's rates by, from any schedule."""
    if framework == "torch":
        imports = "import glidepath as gp\nfrom glidepath.torch import Scheduler"
        notes = (*notes, "call scheduler.step() after each step of the optimizer")
        return Form("glidepath.torch.Scheduler", schedule, {"lr": schedule}, f"Scheduler(optimizer, lr={schedule!r})",
                    imports, notes=notes)  # fmt: skip
    if n is None:
        rule, way_out = "a table has an end, and this schedule has none", "Give the run's steps."
        raise _refused(name, _TABLES[framework], [("convert.steps", "None", rule, way_out)])
    if n > _MOST:
        rule = f"a table takes at most {_MOST:,} steps here"
        way_out = "Make it where you need it: `glidepath.mindspore.learning_rate(schedule, total_steps)`."
        raise _refused(name, _TABLES[framework], [("convert.steps", f"{n:,}", rule, way_out)])
    values = schedule.array(n, dtype="float32")
    past = np.flatnonzero(~np.isfinite(values))
    if past.size:
        rule, way_out = "every value must be a finite float32", "Take fewer steps, or `schedule.clamp(high=...)`."
        got = f"a schedule whose value at step {past[0]:,} is {values[past[0]]}"
        raise _refused(name, _TABLES[framework], [("convert.x", got, rule, way_out)])
    value = table(values)
    imports = "import glidepath as gp\nfrom glidepath.mindspore import learning_rate"
    if framework != "mindspore.experimental":
        code, given = f"learning_rate({schedule!r}, {n})", {"schedule": schedule, "total_steps": n}
        return Form("glidepath.mindspore.learning_rate", value, given, code, imports, notes=notes)
    imports = "import glidepath as gp\nfrom glidepath.mindspore.experimental import LambdaLR"
    notes = (*notes, "the optimizer's learning rate must be 1.0 as the scheduler is made",
             "call scheduler.step() after each step of the optimizer")  # fmt: skip
    code, given = f"LambdaLR(optimizer, {schedule!r})", {"lr_lambda": schedule}
    return Form("glidepath.mindspore.experimental.LambdaLR", value, given, code, imports, 1.0, notes)


def _usual(source: Schedule) -> int:
    """Return how many steps show what a schedule without an end does."""
    longest, _ = _extent(source)
    return min(max(4 * (longest or 0), 1_000), 1_000_000)


def _refused(source: str, target: str, losses: Iterable[tuple[str, ...]]) -> ConversionError:
    return ConversionError("\n  ".join([f"{source} -> {target}:", *(refusal(*loss) for loss in losses)]))


def _agreement(comparison: Comparison) -> Agreement:
    if comparison.equal("bits"):
        return "bits"
    return "float32" if comparison.equal("float32") else "near"


def _report(comparison: Comparison, of: int) -> str:
    """Return what a comparison of the first steps found, in words."""
    n = comparison.steps
    everywhere = f"at all {n:,} steps" if n == of else f"at the first {n:,} of {of:,} steps"
    agreement = _agreement(comparison)
    if agreement != "near":
        return f"equal in {agreement} {everywhere}"
    far, step = comparison.of_peak
    return f"within {far:.1e} of the peak {everywhere}, furthest at step {step:,}"
