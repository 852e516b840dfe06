"""A schedule as a scheduler of an optimizer: torch's, or MindSpore's experimental ones, which have torch's names.

::

    of_replay    a replay of one of them: the same scheduler, where the framework has it
    of_node      a closed form: the scheduler whose curve it is, or several in a SequentialLR
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from glidepath._core import Schedule, exponential, natural_exponential, replay, table
from glidepath._forms import form
from glidepath._forms.form import Form, Node, NoForm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NAMES", "schedulers"]

_WITHOUT_END = 10**9
"""As the length of a ConstantLR: longer than any run."""
_SHARED = ("StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR",
           "CosineAnnealingWarmRestarts", "CyclicLR", "SequentialLR", "LambdaLR")  # fmt: skip
NAMES = {
    "torch": (*_SHARED, "OneCycleLR", "SWALR", "ChainedScheduler"),
    "mindspore.experimental": _SHARED,
}
"""The schedulers of each framework."""
_IMPORTS = {"torch": "from torch import optim", "mindspore.experimental": "from mindspore.experimental import optim"}
_SHOWN = 10_000
"""How many steps of a LambdaLR are worked out where nobody says how long the run is."""
_MOST = 10_000_000
"""More values of a LambdaLR are not worked out."""
_OWN_RATES = ("CyclicLR", "OneCycleLR")
"""The schedulers that do not ask the optimizer for its rate."""


@dataclass(frozen=True)
class _Scheduler:
    """A scheduler, without an optimizer."""

    name: str
    arguments: Node
    """Of the constructor."""
    lr: float | None
    """The rate that the optimizer must have."""
    children: tuple[_Scheduler, ...] = ()

    def check(self, framework: str, *, inside: bool = False) -> None:
        """Refuse what the framework has not."""
        if self.name not in NAMES[framework]:
            raise NoForm(f"{framework} has no {self.name}")
        if inside and self.name in {"SequentialLR", "ChainedScheduler"}:
            raise NoForm(f"a {self.name} inside another scheduler fails in {framework}")
        if framework == "mindspore.experimental":
            if self.name == "LambdaLR":
                raise NoForm(f"it is `{self.arguments['lr_lambda']}`, and MindSpore's LambdaLR computes in float32")
            if inside and self.name == "MultiStepLR":
                raise NoForm("MindSpore's SequentialLR fails with a MultiStepLR in it")
        for child in self.children:
            child.check(framework, inside=True)

    def code(self, framework: str) -> str:
        """Return the call that makes it."""
        where = "swa_utils" if self.name == "SWALR" else "lr_scheduler"
        parts = [] if self.name == "ChainedScheduler" else ["optimizer"]
        if self.children:
            parts.append(f"[{', '.join(child.code(framework) for child in self.children)}]")
        parts += [
            f"{name}={value}" if name == "lr_lambda" else f"{name}={value!r}" for name, value in self.arguments.items()
        ]
        if framework == "torch" and self.name in _OWN_RATES:
            parts.append("cycle_momentum=False")
        return f"optim.{where}.{self.name}({', '.join(parts)})"

    def value(self, framework: str, epochs: int) -> Schedule:
        """Return the rates that it sets, in epochs."""
        if self.name == "LambdaLR":
            function: Callable[[int], float] = eval(self.arguments["lr_lambda"], {})  # noqa: S307 (it is made below)
            return table([(self.lr or 0.0) * function(k) for k in range(epochs)])
        kind: Any = f"{framework}.{self.name}"
        if not self.children:
            base = {} if self.name in _OWN_RATES else {"base_lr": self.lr}
            return replay(kind, **base, **self.arguments)
        values = [child.value(framework, epochs) for child in self.children]
        if all(child.name != "LambdaLR" for child in self.children):
            return replay(kind, schedulers=values, initial_lr=self.lr, **self.arguments)
        whole = values[0]
        for value, milestone in zip(values[1:], self.arguments["milestones"], strict=True):
            whole = whole.then(value, at=milestone)
        return whole


def schedulers(framework: str, source: Node, exact: Node | None, n: int | None, only: str | None = None) -> Form:
    """Return the scheduler of a framework that sets a schedule's rates.

    Args:
        framework: "torch" or "mindspore.experimental".
        source: the schedule.
        exact: its closed form, where it has one.
        n: how many steps the run has; None if nobody knows.
        only: the one class that may be used; any if None.
    """
    per_epoch, inner = form.epochs_of(source)
    try:
        scheduler = of_replay(inner)
        scheduler.check(framework)
    except NoForm as reason:
        if exact is None:
            raise reason from None
        per_epoch, inner = form.epochs_of(exact)
        scheduler = of_node(inner, None if n is None else -(-n // per_epoch))
        scheduler.check(framework)
    if only not in {None, scheduler.name}:
        raise NoForm(f"it is {framework}.{scheduler.name}")
    epochs = min(-(-(n or _SHOWN) // per_epoch), _MOST)
    value = scheduler.value(framework, epochs)
    code = scheduler.code(framework)
    notes = []
    if scheduler.lr is not None:
        notes.append(f"the optimizer's learning rate must be {scheduler.lr!r} as the scheduler is made")
    if per_epoch > 1:
        value = value.by_epoch(per_epoch)
        notes.append(f"call scheduler.step() once an epoch, after {per_epoch:,} steps of the optimizer")
    if scheduler.name in _OWN_RATES:
        notes.append("the rate alone: it cycles no momentum")
    arguments = dict(scheduler.arguments)
    return Form(
        f"{framework}.{scheduler.name}", value, arguments, code, _IMPORTS[framework], scheduler.lr, tuple(notes)
    )


def of_replay(node: Node) -> _Scheduler:
    """Return the scheduler of a replay of one."""
    framework, _, name = node["kind"].rpartition(".")
    if framework not in NAMES or name not in NAMES["torch"]:
        raise NoForm("it is no replay of a scheduler")
    given = {key: value for key, value in node.items() if key != "kind" and value is not None}
    if given.pop("scale", 1.0) != 1.0:
        raise NoForm("its `scale` is not 1")
    children = tuple(of_replay(child) for child in given.pop("schedulers", ()))
    if children:
        lr = given.pop("initial_lr", children[0].lr)
        for child in children:
            if child.lr not in {lr, None}:
                raise NoForm(f"its schedulers have different learning rates, {lr!r} and {child.lr!r}")
        return _Scheduler(name, given, lr, children)
    for key in ("step_size_up", "step_size_down"):
        if key in given:
            given[key] = form.whole(given[key])
    lr = None if name in _OWN_RATES else given.pop("base_lr")
    return _Scheduler(name, given, lr)


def of_node(node: Node, epochs: int | None = None, base: float | None = None) -> _Scheduler:
    """Return the scheduler of a closed form.

    Args:
        node: the closed form, in epochs.
        epochs: for how many it is needed; for ever if None.
        base: the learning rate that the optimizer has; any if None.
    """
    node = form.scaled(node)
    fall = form.wave(node)
    if fall is not None:
        return _on(_annealing(fall), base)
    if node["kind"] == "repeat" and node["times"] is None and node["of"]["kind"] == "cosine":
        inner = node["of"]
        node = {"kind": "cosine_restarts", "start": inner["start"], "end": inner["end"], "first": inner["steps"],
                "mult": 1, "decay": 1.0}  # fmt: skip
    if node["kind"] == "delay":
        first = {"kind": "constant", "value": form.of_node(node["of"])[0]}
        node = {"kind": "then", "parts": [first, node["of"]], "at": [node["n"]]} if node["n"] else node["of"]
    if node["kind"] == "then":
        return _sequence(node, epochs, base)
    if node["kind"] == "cosine":
        return _cosine(node, epochs, base)
    if node["kind"] in _FLEXIBLE:
        return _FLEXIBLE[node["kind"]](node, base)
    held = node["kind"] == "hold" and node["of"]["kind"] == "natural_exponential"
    rigid = _natural if held else _RIGID.get(node["kind"])
    if rigid is None:
        raise NoForm(form.other_curve(node))
    return _on(rigid(node), base)


def _on(scheduler: _Scheduler, base: float | None) -> _Scheduler:
    """Refuse another base rate than the scheduler's own."""
    if base is not None and scheduler.lr != base:
        raise NoForm(f"its parts start from different learning rates, {base!r} and {scheduler.lr!r}")
    return scheduler


def _sequence(node: Node, epochs: int | None, base: float | None) -> _Scheduler:
    """Return the parts of a chain, on the one base rate that suits all of them."""
    edges = [0, *node["at"]]
    kept = [i for i, edge in enumerate(edges) if epochs is None or edge < epochs]
    ends = [*edges[1:], epochs]
    lengths = [None if (end := ends[i]) is None else end - edges[i] for i in kept]
    parts = [(node["parts"][i], length) for i, length in zip(kept, lengths, strict=True)]
    if len(parts) == 1:
        return of_node(*parts[0], base)
    rates = {of_node(part, length).lr for part, length in parts}
    reason = NoForm("one of its parts does not ask the optimizer for its rate")
    if None in rates:
        raise reason
    for rate in [base] if base is not None else sorted(map(float, rates), reverse=True):  # type: ignore[arg-type]
        found = _children(parts, rate)
        if isinstance(found, tuple):
            return _flat(found, edges, rate)
        reason = found
    raise reason


def _flat(children: tuple[_Scheduler, ...], edges: list[int], rate: float) -> _Scheduler:
    """Return the SequentialLR of parts that start at the edges, with the parts of a part in its place."""
    milestones, flat = list[int](), list[_Scheduler]()
    for child, edge in zip(children, edges, strict=False):
        milestones += [edge, *(edge + inner for inner in child.arguments["milestones"])] if child.children else [edge]
        flat += child.children or [child]
    return _Scheduler("SequentialLR", {"milestones": milestones[1:]}, rate, tuple(flat))


def _children(parts: list[tuple[Node, int | None]], rate: float) -> tuple[_Scheduler, ...] | NoForm:
    """Return the parts on one base rate, or why there are none."""
    try:
        return tuple(of_node(part, length, rate) for part, length in parts)
    except NoForm as no:
        return no


def _annealing(node: Node) -> _Scheduler:
    return _Scheduler("CosineAnnealingLR", {"T_max": node["steps"], "eta_min": node["end"]}, node["start"])


def _cosine(node: Node, epochs: int | None, base: float | None) -> _Scheduler:
    """Return a cosine that stays down: torch's climbs again from the epoch after its valley."""
    falling = _on(_annealing(node), base)
    if epochs is not None and epochs <= node["steps"] + 1:
        return falling
    rest = _constant({"value": node["end"]}, node["start"])
    return _Scheduler("SequentialLR", {"milestones": [node["steps"]]}, node["start"], (falling, rest))


def _constant(node: Node, base: float | None) -> _Scheduler:
    value = node["value"]
    if base is None:
        base = value
    return _Scheduler("ConstantLR", {"factor": _factor(value, base), "total_iters": _WITHOUT_END}, base)


def _factor(value: float, base: float) -> float:
    """Return a value over the base rate, from 0 to 1 as the schedulers want it."""
    if value == base:
        return 1.0
    if base == 0.0 or not 0.0 <= value / base <= 1.0:
        raise NoForm(f"{value!r} is no part of the learning rate {base!r}, from which a part of it starts")
    return value / base


def _line(node: Node, base: float | None) -> _Scheduler:
    start, end, steps = node["start"], node["end"], node["steps"]
    if base is None:
        base = max(start, end)
    if start == 0.0 and end > 0.0:
        factor = "" if end == base else f" * {_factor(end, base)!r}"
        return _lambda(f"min(k, {steps}) / {steps}{factor}", base)
    factors = {"start_factor": _factor(start, base), "end_factor": _factor(end, base)}
    return _Scheduler("LinearLR", factors | {"total_iters": steps}, base)


def _lambda(formula: str, base: float) -> _Scheduler:
    return _Scheduler("LambdaLR", {"lr_lambda": f"lambda k: {formula}"}, base)


def _pieces(node: Node, base: float | None) -> _Scheduler:
    """Return constant values: a MultiStepLR where each is the one before times the same factor, else a LambdaLR."""
    values, milestones = node["values"], node["milestones"]
    if len(values) == 1:
        return _constant({"value": values[0]}, base)
    if len(values) == 2 and 0.0 < values[0] < values[1] and base in {None, values[1]}:  # noqa: PLR2004 (two values)
        return _Scheduler("ConstantLR", {"factor": values[0] / values[1], "total_iters": milestones[0]}, values[1])
    if base in {None, values[0]} and values[0] != 0.0 and values[1] != 0.0:
        found = _multi_step(values, milestones)
        if found is not None:
            return found
    if base is None:
        base = max(values)
    factors = ", ".join(repr(value / base if base else 0.0) for value in values)
    reached = ", ".join(map(str, milestones))
    return _lambda(f"[{factors}][sum(k >= at for at in [{reached}])]", base)


def _multi_step(values: list[float], milestones: list[int]) -> _Scheduler | None:
    """Return the MultiStepLR of values that are powers of one factor; a milestone may count more than once."""
    ratios = [later / value if value else math.nan for value, later in pairwise(values)]
    gamma = max(ratios) if max(ratios) < 1.0 else min(ratios)
    listed: list[int] = []
    for ratio, milestone in zip(ratios, milestones, strict=True):
        times = next((times for times in range(1, 9) if math.isclose(ratio, gamma**times, rel_tol=1e-14)), None)
        if times is None:
            return None
        listed += [milestone] * times
    gamma = float(f"{gamma:.15g}")  # 0.1, where the values' quotient is 0.09999999999999999
    return _Scheduler("MultiStepLR", {"milestones": listed, "gamma": gamma}, values[0])


def _exponential(node: Node) -> _Scheduler:
    start, rate, per = node["start"], node["rate"], node["per"]
    if node["stair"]:
        return _Scheduler("StepLR", {"step_size": form.whole(per), "gamma": rate}, start)
    return _Scheduler("ExponentialLR", {"gamma": exponential(1.0, rate, per)[1]}, start)


def _natural(node: Node) -> _Scheduler:
    leaf = node["of"] if node["kind"] == "hold" else node
    start, rate, per = leaf["start"], leaf["rate"], leaf["per"]
    if node["kind"] == "hold":
        gamma = natural_exponential(1.0, rate, per)[node["every"]]
        return _Scheduler("StepLR", {"step_size": node["every"], "gamma": gamma}, start)
    if node["stair"]:
        gamma = natural_exponential(1.0, rate)[1]
        return _Scheduler("StepLR", {"step_size": form.whole(per), "gamma": gamma}, start)
    return _Scheduler("ExponentialLR", {"gamma": natural_exponential(1.0, rate, per)[1]}, start)


def _inverse(node: Node) -> _Scheduler:
    per = node["per"]
    periods = f"(k // {form.whole(per)})" if node["stair"] else f"k / {int(per) if per == int(per) else per!r}"
    return _lambda(f"1 / (1 + {node['rate']!r} * {periods})", node["start"])


def _polynomial(node: Node) -> _Scheduler:
    start, end, steps, power = node["start"], node["end"], node["steps"], node["power"]
    if end == 0.0:
        return _Scheduler("PolynomialLR", {"total_iters": steps, "power": power}, start)
    if power == 1.0:
        return _line(node, None if end > start else start)
    if start == 0.0:
        raise NoForm("it starts from 0.0")
    part = end / start
    return _lambda(f"{part!r} + (1 - {part!r}) * (1 - min(k, {steps}) / {steps}) ** {power!r}", start)


def _polynomial_cycle(node: Node) -> _Scheduler:
    start, steps, power = node["start"], node["steps"], node["power"]
    if start == 0.0:
        raise NoForm("it starts from 0.0")
    part, rest = node["end"] / start, f"(1 - k / ({steps} * max(1, -(-k // {steps})))) ** {power!r}"
    return _lambda(rest if part == 0.0 else f"{part!r} + (1 - {part!r}) * {rest}", start)


def _restarts(node: Node) -> _Scheduler:
    if node["decay"] != 1.0:
        raise NoForm("each of its cycles is lower than the one before")
    given = {"T_0": node["first"], "T_mult": node["mult"], "eta_min": node["end"]}
    return _Scheduler("CosineAnnealingWarmRestarts", given, node["start"])


def _triangle(node: Node) -> _Scheduler:
    modes = {1.0: "triangular", 0.5: "triangular2"}
    if node["decay"] not in modes:
        raise NoForm(f"each of its peaks is {node['decay']!r} of the one before")
    sizes = {"step_size_up": node["up"], "step_size_down": node["down"] or node["up"]}
    given = {"base_lr": node["low"], "max_lr": node["high"], **sizes, "mode": modes[node["decay"]]}
    return _Scheduler("CyclicLR", given, None)


_FLEXIBLE: dict[str, Callable[[Node, float | None], _Scheduler]] = {
    "constant": _constant,
    "linear": _line,
    "piecewise_constant": _pieces,
}
"""The leaves that a scheduler has as parts of any base rate."""
_RIGID: dict[str, Callable[[Node], _Scheduler]] = {
    "exponential": _exponential,
    "natural_exponential": _natural,
    "inverse_time": _inverse,
    "polynomial": _polynomial,
    "polynomial_cycle": _polynomial_cycle,
    "cosine_restarts": _restarts,
    "triangle": _triangle,
}
"""The leaves that start from the optimizer's rate."""
