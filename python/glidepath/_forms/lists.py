"""A schedule as MindSpore's list functions: one list, or several, one after another."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from glidepath._core import Schedule, replay
from glidepath._forms import form
from glidepath._forms.form import Form, Node, NoForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["NAMES", "lists"]

_MOST = 24
"""Longer sums of lists nobody reads: then a table is the better form."""
_PIECEWISE = "piecewise_constant_lr"
_LISTS: dict[str, Callable[[Node], Node]] = {
    "warmup_lr": form.warm_up,
    "exponential_decay_lr": form.exponential_decay,
    "natural_exp_decay_lr": form.natural_exp_decay,
    "inverse_decay_lr": form.inverse_decay,
    "cosine_decay_lr": form.cosine_decay,
    "polynomial_decay_lr": form.polynomial_decay,
}
NAMES = (*_LISTS, _PIECEWISE)
"""The list functions."""


@dataclass(frozen=True)
class _Piece:
    """One list: a function, its arguments, and how many of them the code gives by position."""

    name: str
    arguments: Node
    by_position: int

    @property
    def code(self) -> str:
        return form.call(f"nn.{self.name}", self.arguments, self.by_position)

    @property
    def value(self) -> Schedule:
        kind: Any = f"mindspore.{self.name}"
        return replay(kind, **self.arguments)


def lists(node: Node, n: int, source: Schedule, only: str | None = None) -> Form:
    """Return the first `n` steps of a schedule as lists; its closed form is the node.

    Args:
        node: the closed form.
        n: how many steps.
        source: the schedule.
        only: the one function that may be used; any if None.
    """
    node, losses = form.without_climb(node, n, "cosine_decay_lr")
    grouped: list[tuple[_Piece, int]] = []
    for piece in _Lister(source, only).pieces(node, 1, n, 0):
        if grouped and grouped[-1][0] == piece:
            grouped[-1] = (piece, grouped[-1][1] + 1)
        else:
            grouped.append((piece, 1))
        if len(grouped) > _MOST:
            raise NoForm(f"it would take more than {_MOST} lists, one after another")
    values = [piece.value if times == 1 else piece.value.repeat(times) for piece, times in grouped]
    codes = [piece.code if times == 1 else f"{piece.code} * {times}" for piece, times in grouped]
    value = values[0]
    for part in values[1:]:
        value = value >> part
    names = [name for name, _ in groupby(f"mindspore.{piece.name}" for piece, _ in grouped)]
    arguments = grouped[0][0].arguments if len(grouped) == 1 else {}
    return Form(" + ".join(names), value, arguments, " + ".join(codes), "from mindspore import nn", losses=losses)


@dataclass(frozen=True)
class _Lister:
    """Makes lists of a node: of its first `n` steps, which are the source's from `start` on."""

    source: Schedule
    only: str | None

    def pieces(self, node: Node, per_epoch: int, n: int, start: int) -> Iterator[_Piece]:
        """Yield the lists, in order."""
        node = form.scaled(node)
        kind = node["kind"]
        if kind == "by_epoch":
            yield from self.pieces(node["of"], per_epoch * node["steps_per_epoch"], n, start)
        elif kind in {"then", "delay", "repeat", "cosine_restarts"}:
            for part, length in _parts(node, -(-n // per_epoch)):
                steps = min(length * per_epoch, n)
                yield from self.pieces(part, per_epoch, steps, start)
                start, n = start + steps, n - steps
        else:
            yield self.piece(node, per_epoch, n, start)

    def piece(self, node: Node, per_epoch: int, n: int, start: int) -> _Piece:
        """Return the one list of a leaf."""
        reason = form.other_curve(node)
        for name in [self.only] if self.only else NAMES:
            found = self.constants(node, per_epoch, n, start) if name == _PIECEWISE else _list(name, node, per_epoch, n)
            if isinstance(found, _Piece):
                return found
            reason = found if reason == form.other_curve(node) else reason
        raise NoForm(reason)

    def constants(self, node: Node, per_epoch: int, n: int, start: int) -> _Piece | str:
        """Return the list of constant values, with the source's own bits: its products may be rounded otherwise."""
        if node["kind"] not in {"constant", "piecewise_constant"}:
            return form.other_curve(node)
        ends = [milestone * per_epoch for milestone in node.get("milestones", [])]
        ends = [*(end for end in ends if end < n), n]
        rates = [self.source[start + at] for at in [0, *ends[:-1]]]
        return _Piece(_PIECEWISE, {"milestone": ends, "learning_rates": rates}, 2)


def _list(name: str, node: Node, per_epoch: int, n: int) -> _Piece | str:
    """Return the list of a name that has a leaf's first `n` steps, or why there is none."""
    given = form.attempt(_LISTS[name], node)
    if isinstance(given, str):
        return given
    decay, cycle = given.pop("decay"), given.pop("cycle", False)
    after = {key: given.pop(key) for key in ("power", "is_stair") if key in given}
    by_position = len(given)
    given |= {"total_step": n, "step_per_epoch": per_epoch}
    given["warmup_epoch" if name == "warmup_lr" else "decay_epoch"] = decay
    given |= {key: value for key, value in after.items() if value is not False}
    return _Piece(name, given | ({"update_decay_epoch": True} if cycle else {}), by_position)


def _parts(node: Node, epochs: int) -> Iterator[tuple[Node, int]]:
    """Yield the parts of a node, each with its length, until so many epochs are full."""
    if node["kind"] == "then":
        edges = [0, *node["at"], epochs]
        for part, begin, end in zip(node["parts"], edges, edges[1:], strict=False):
            if begin < epochs:
                yield part, min(end, epochs) - begin
    elif node["kind"] == "delay":
        first = min(node["n"], epochs)
        if first:
            yield {"kind": "constant", "value": form.of_node(node)[0]}, first
        if epochs > first:
            yield node["of"], epochs - first
    else:
        yield from _cycles(node, epochs)


def _cycles(node: Node, epochs: int) -> Iterator[tuple[Node, int]]:
    """Yield the cycles of a node in the same way."""
    if node["kind"] == "cosine_restarts":
        if node["decay"] != 1.0:
            raise NoForm("each of its cycles is lower than the one before")
        length = node["first"]
        while epochs > 0:
            yield {"kind": "cosine", "start": node["start"], "end": node["end"], "steps": length}, length
            epochs, length = epochs - length, length * node["mult"]
        return
    whole, period = form.of_node(node), form.of_node(node["of"]).steps or 1
    end = epochs if whole.steps is None else min(whole.steps, epochs)
    for _ in range(0, end, period):
        yield node["of"], period
    if whole.steps is not None and end < epochs:
        yield {"kind": "constant", "value": whole[whole.steps]}, epochs - end
