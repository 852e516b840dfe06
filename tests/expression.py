"""A schedule as plain data: its meaning, without glidepath's code.

The names and signatures are glidepath's. So one line of Python builds both:

    describe = lambda gp: gp.linear(0, 1, 10) >> 0.5 * gp.cosine(1, 0, 90)
    describe(expression)      # an Expr, which oracle.py evaluates on exact numbers
    describe(glidepath)       # a Schedule
    describe(expression).build(glidepath)        # the same Schedule
    from_repr(repr(schedule))                    # the Expr of any Schedule, also of a composite

This module needs only the standard library.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import recurrences

MAX_STEP = 2**53
"""The last step at which a schedule can be evaluated."""


@dataclass(frozen=True)
class Expr:
    """One node: a leaf with its parameters, or a combinator with its parameters and parts."""

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Expr, ...] = ()

    # The combinators, with glidepath's names.

    def then(self, following: Expr, at: int | None = None) -> Expr:
        return Expr("then", {"at": at}, (self, following))

    def delay(self, n: int) -> Expr:
        return Expr("delay", {"n": n}, (self,))

    def repeat(self, times: int | None = None) -> Expr:
        return Expr("repeat", {"times": times}, (self,))

    def hold(self, every: int) -> Expr:
        return Expr("hold", {"every": every}, (self,))

    def by_epoch(self, steps_per_epoch: int) -> Expr:
        return Expr("by_epoch", {"steps_per_epoch": steps_per_epoch}, (self,))

    def skip(self, n: int) -> Expr:
        return Expr("skip", {"n": n}, (self,))

    def stride(self, n: int) -> Expr:
        return Expr("stride", {"n": n}, (self,))

    def stretch(self, by: int, over: int = 1) -> Expr:
        return Expr("stretch", {"by": by, "over": over}, (self,))

    def clamp(self, low: float | None = None, high: float | None = None) -> Expr:
        return Expr("clamp", {"low": low, "high": high}, (self,))

    def __rshift__(self, following: Expr) -> Expr:
        return self.then(following)

    def __add__(self, other: Expr | float) -> Expr:
        return Expr("add", {}, (self, _part(other)))

    def __radd__(self, other: float) -> Expr:
        return Expr("add", {}, (_part(other), self))

    def __sub__(self, other: Expr | float) -> Expr:
        return Expr("sub", {}, (self, _part(other)))

    def __rsub__(self, other: float) -> Expr:
        return Expr("sub", {}, (_part(other), self))

    def __mul__(self, other: Expr | float) -> Expr:
        return Expr("mul", {}, (self, _part(other)))

    def __rmul__(self, other: float) -> Expr:
        return Expr("mul", {}, (_part(other), self))

    def __truediv__(self, number: float) -> Expr:
        return Expr("div", {}, (self, _part(number)))

    def __neg__(self) -> Expr:
        return Expr("neg", {}, (self,))

    @property
    def steps(self) -> int | None:
        """The length in steps, or None if the schedule has no end."""
        if self.kind in _STEPS:
            return _STEPS[self.kind](self)
        return None

    def build(self, gp: Any) -> Any:
        """The same expression made by `gp`: glidepath, or this module."""
        if self.kind == "number":
            return self.params["value"]
        if self.kind in _OPERATORS:
            return _OPERATORS[self.kind](*(part.build(gp) for part in self.parts))
        if self.kind in _METHODS:
            first, *rest = (part.build(gp) for part in self.parts)
            return getattr(first, self.kind)(*rest, **self.params)
        if self.kind == "replay":
            return gp.replay(self.params["form"], **self.params["parameters"])
        return getattr(gp, self.kind)(**self.params)

    def __str__(self) -> str:
        """Python source that makes the expression again."""
        if self.kind == "number":
            return repr(self.params["value"])
        texts = [str(part) for part in self.parts]
        if self.kind in _SYMBOLS:
            return f"({f' {_SYMBOLS[self.kind]} '.join(texts)})"
        if self.kind == "neg":
            return f"(-{texts[0]})"
        if self.kind == "replay":
            given = [f"{name}={value!r}" for name, value in self.params["parameters"].items()]
            return f"gp.replay({', '.join([repr(self.params['form']), *given])})"
        arguments = ", ".join(texts[1:] + [f"{name}={value!r}" for name, value in self.params.items()])
        return f"{texts[0]}.{self.kind}({arguments})" if texts else f"gp.{self.kind}({arguments})"

    __repr__ = __str__


def from_repr(text: str) -> Expr:
    """The expression whose source is `repr(schedule)`."""
    expr = eval(text, {"gp": sys.modules[__name__], "__builtins__": {}})
    assert isinstance(expr, Expr), text
    return expr


def _part(operand: Expr | float) -> Expr:
    return operand if isinstance(operand, Expr) else Expr("number", {"value": operand})


# The leaves.


def constant(value: float) -> Expr:
    return Expr("constant", {"value": value})


def linear(start: float, end: float, steps: int) -> Expr:
    return Expr("linear", {"start": start, "end": end, "steps": steps})


def cosine(start: float, end: float, steps: int) -> Expr:
    return Expr("cosine", {"start": start, "end": end, "steps": steps})


def polynomial(start: float, end: float, steps: int, power: float = 1.0) -> Expr:
    return Expr("polynomial", {"start": start, "end": end, "steps": steps, "power": power})


def power(start: float, end: float, steps: int, power: float = 1.0) -> Expr:
    return Expr("power", {"start": start, "end": end, "steps": steps, "power": power})


def polynomial_cycle(start: float, end: float, steps: int, power: float = 1.0) -> Expr:
    return Expr("polynomial_cycle", {"start": start, "end": end, "steps": steps, "power": power})


def exponential(start: float, rate: float, per: float = 1, stair: bool = False) -> Expr:
    return Expr("exponential", {"start": start, "rate": rate, "per": per, "stair": stair})


def natural_exponential(start: float, rate: float, per: float = 1, stair: bool = False) -> Expr:
    return Expr("natural_exponential", {"start": start, "rate": rate, "per": per, "stair": stair})


def inverse_time(start: float, rate: float, per: float = 1, stair: bool = False) -> Expr:
    return Expr("inverse_time", {"start": start, "rate": rate, "per": per, "stair": stair})


def inverse_sqrt(start: float, timescale: float) -> Expr:
    return Expr("inverse_sqrt", {"start": start, "timescale": timescale})


def inverse_power(start: float, timescale: float, power: float) -> Expr:
    return Expr("inverse_power", {"start": start, "timescale": timescale, "power": power})


def logarithmic(start: float, end: float, steps: int, timescale: float = 1.0) -> Expr:
    return Expr("logarithmic", {"start": start, "end": end, "steps": steps, "timescale": timescale})


def adam_correction(beta1: float, beta2: float, steps: int, inverse: bool = False) -> Expr:
    return Expr("adam_correction", {"beta1": beta1, "beta2": beta2, "steps": steps, "inverse": inverse})


def tanh(high: float, low: float, steps: int, lower: float = -7.0, upper: float = 3.0) -> Expr:
    return Expr("tanh", {"high": high, "low": low, "steps": steps, "lower": lower, "upper": upper})


def rex(start: float, end: float, steps: int, bend: float = 0.5) -> Expr:
    return Expr("rex", {"start": start, "end": end, "steps": steps, "bend": bend})


def k_decay(start: float, end: float, steps: int, power: float) -> Expr:
    return Expr("k_decay", {"start": start, "end": end, "steps": steps, "power": power})


def piecewise_constant(values: Sequence[float], milestones: Sequence[int]) -> Expr:
    return Expr("piecewise_constant", {"values": list(values), "milestones": list(milestones)})


def table(values: Sequence[float]) -> Expr:
    return Expr("table", {"values": list(values)})


def triangle(low: float, high: float, up: int, down: int | None = None, decay: float = 1.0) -> Expr:
    return Expr("triangle", {"low": low, "high": high, "up": up, "down": up if down is None else down, "decay": decay})


def cosine_restarts(start: float, end: float, first: int, mult: int = 1, decay: float = 1.0) -> Expr:
    return Expr("cosine_restarts", {"start": start, "end": end, "first": first, "mult": mult, "decay": decay})


def replay(form: str, /, **parameters: Any) -> Expr:
    return Expr("replay", {"form": form, "parameters": parameters})


# The length of each.


def _longer(expr: Expr) -> int | None:
    lengths = [part.steps for part in expr.parts if part.kind != "number"]
    return None if None in lengths else max(lengths)  # type: ignore[type-var]


def _first(change: Callable[[int, dict[str, Any]], int | None]) -> Callable[[Expr], int | None]:
    """A length that is computed from that of the first part; None if the first part has no end."""

    def steps(expr: Expr) -> int | None:
        inner = expr.parts[0].steps
        return None if inner is None else change(inner, expr.params)

    return steps


def _then(expr: Expr) -> int | None:
    following = expr.parts[1].steps
    return None if following is None else joint(expr) + following


def joint(expr: Expr) -> int:
    """The step at which the second part of a `then` begins."""
    at = expr.params["at"]
    if at is None:
        at = expr.parts[0].steps
    assert at is not None, "`then` needs `at` where the first part never ends"
    return at


_STEPS: dict[str, Callable[[Expr], int | None]] = {
    **dict.fromkeys(
        ("linear", "cosine", "polynomial", "power", "logarithmic", "tanh", "rex", "k_decay", "adam_correction"),
        lambda expr: expr.params["steps"],
    ),
    "table": lambda expr: len(expr.params["values"]),
    "replay": lambda expr: recurrences.steps(expr.params["form"], expr.params["parameters"]),
    "then": _then,
    "delay": _first(lambda steps, p: steps + p["n"]),
    "repeat": _first(lambda steps, p: None if p["times"] is None else p["times"] * steps),
    "hold": lambda *_: None,
    "by_epoch": _first(lambda steps, p: steps * p["steps_per_epoch"]),
    "skip": _first(lambda steps, p: max(steps - p["n"], 0)),
    "stride": _first(lambda steps, p: -(-steps // p["n"])),
    "stretch": _first(lambda steps, p: -(-steps * p["by"] // p["over"])),
    "clamp": _first(lambda steps, p: steps),
    "add": _longer,
    "sub": _longer,
    "mul": _longer,
    "div": _longer,
    "neg": _longer,
}

_METHODS = {"then", "delay", "repeat", "hold", "by_epoch", "skip", "stride", "stretch", "clamp"}
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
}
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
