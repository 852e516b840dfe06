"""What the forms share: a node of a closed form, and its arguments in MindSpore's words.

Steps are those of the node: epochs, where an epoch has several steps.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glidepath._core import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Form",
    "NoForm",
    "Node",
    "attempt",
    "call",
    "cosine_decay",
    "epochs_of",
    "expect",
    "exponential_decay",
    "inverse_decay",
    "natural_exp_decay",
    "of_node",
    "other_curve",
    "polynomial_decay",
    "scaled",
    "warm_up",
    "wave",
    "whole",
    "without_climb",
]

Node = dict[str, Any]
"""A part of a schedule, as its JSON has it."""


class NoForm(Exception):  # noqa: N818 (it ends the search for a form, and never reaches a user)
    """There is no such form of the schedule; the text says why."""


@dataclass(frozen=True)
class Form:
    """One way to make a schedule in a framework."""

    target: str
    """Its name, such as "mindspore.exponential_decay_lr"."""
    value: Schedule
    """The schedule as the framework computes it, in the optimizer's steps."""
    arguments: dict[str, Any]
    code: str
    imports: str
    lr: float | None = None
    """The rate that the optimizer must have, where the scheduler takes it from there."""
    notes: tuple[str, ...] = ()
    losses: tuple[tuple[str, ...], ...] = ()
    """What it does not do, each as `refusal` takes it."""


def wave(node: Node) -> Node | None:
    """Return the falling half of a cosine that goes up and down for ever."""
    if node["kind"] != "repeat" or node["times"] is not None or node["of"]["kind"] != "then":
        return None
    parts, at = node["of"]["parts"], node["of"]["at"]
    if len(parts) != 2 or {part["kind"] for part in parts} != {"cosine"}:  # noqa: PLR2004 (down and up)
        return None
    fall, rise = parts
    is_wave = fall["steps"] == rise["steps"] == at[0] and (fall["start"], fall["end"]) == (rise["end"], rise["start"])
    return fall if is_wave else None


def call(name: str, arguments: dict[str, Any], by_position: int) -> str:
    """Return the code of a call, its first arguments by position."""
    items = list(arguments.items())
    parts = [repr(value) for _, value in items[:by_position]]
    parts += [f"{name}={value!r}" for name, value in items[by_position:]]
    return f"{name}({', '.join(parts)})"


def whole(per: float) -> int:
    """Return a number of steps as an int."""
    if per != int(per) or per < 1:
        raise NoForm(f"its period of {per!r} steps is not a whole number")
    return int(per)


def positive(node: Node, *names: str) -> None:
    """Refuse a value that MindSpore does not take."""
    for name in names:
        if node[name] <= 0.0:
            raise NoForm(f"MindSpore takes no {name} of {node[name]!r} there: it must be above 0")


def not_negative(node: Node, *names: str) -> None:
    """Refuse a value that MindSpore does not take."""
    for name in names:
        if node[name] < 0.0:
            raise NoForm(f"MindSpore takes no {name} of {node[name]!r} there: it must be 0 or above")


def scaled(node: Node) -> Node:
    """Return a number times a leaf as that leaf, with its values multiplied."""
    if node["kind"] != "product":
        return node
    numbers = [factor for factor in node["of"] if not isinstance(factor, dict)]
    schedules = [factor for factor in node["of"] if isinstance(factor, dict)]
    if len(schedules) != 1:
        return node
    leaf = dict(schedules[0])
    for name in ("value", "start", "end", "low", "high"):
        if name in leaf:
            for number in numbers:
                leaf[name] *= number
    if "values" in leaf:
        for number in numbers:
            leaf["values"] = [value * number for value in leaf["values"]]
    return leaf if leaf != schedules[0] or set(numbers) <= {1.0} else node


def other_curve(node: Node) -> str:
    """Return the reason that a form is of another curve than the node."""
    return f"its closed form has a `{node['kind']}`"


def expect(node: Node, *kinds: str) -> None:
    if node["kind"] not in kinds:
        raise NoForm(other_curve(node))


def exponential_decay(node: Node) -> Node:
    """Arguments of exponential_decay_lr and ExponentialDecayLR."""
    expect(node, "exponential")
    positive(node, "start")
    return {"learning_rate": node["start"], "decay_rate": node["rate"], "decay": whole(node["per"]),
            "is_stair": node["stair"]}  # fmt: skip


def natural_exp_decay(node: Node) -> Node:
    """Arguments of natural_exp_decay_lr and NaturalExpDecayLR, whose rate is that of one step."""
    held = node["kind"] == "hold" and node["of"]["kind"] == "natural_exponential" and not node["of"]["stair"]
    leaf = node["of"] if held else node
    expect(leaf, "natural_exponential")
    positive(leaf, "start", "rate")
    steps = node["every"] if held else whole(leaf["per"]) if leaf["stair"] else 1
    return {"learning_rate": leaf["start"], "decay_rate": leaf["rate"] / leaf["per"], "decay": steps,
            "is_stair": held or leaf["stair"]}  # fmt: skip


def inverse_decay(node: Node) -> Node:
    """Arguments of inverse_decay_lr and InverseDecayLR."""
    expect(node, "inverse_time")
    positive(node, "start", "rate")
    return {"learning_rate": node["start"], "decay_rate": node["rate"], "decay": whole(node["per"]),
            "is_stair": node["stair"]}  # fmt: skip


def cosine_decay(node: Node) -> Node:
    """Arguments of cosine_decay_lr and CosineDecayLR."""
    expect(node, "cosine")
    not_negative(node, "end")
    if node["start"] <= node["end"]:
        raise NoForm(f"MindSpore's cosine only falls, and this one goes from {node['start']!r} to {node['end']!r}")
    return {"min_lr": node["end"], "max_lr": node["start"], "decay": node["steps"]}


def polynomial_decay(node: Node) -> Node:
    """Arguments of polynomial_decay_lr and PolynomialDecayLR."""
    expect(node, "linear", "polynomial", "polynomial_cycle")
    positive(node, "start")
    not_negative(node, "end")
    cycle = {"cycle": True} if node["kind"] == "polynomial_cycle" else {}
    return {"learning_rate": node["start"], "end_learning_rate": node["end"], "decay": node["steps"],
            "power": node.get("power", 1.0), **cycle}  # fmt: skip


def warm_up(node: Node) -> Node:
    """Arguments of warmup_lr and WarmUpLR."""
    expect(node, "linear")
    not_negative(node, "end")
    if node["start"] != 0.0:
        raise NoForm(f"MindSpore's warm-up starts from 0.0, and this line from {node['start']!r}")
    return {"learning_rate": node["end"], "decay": node["steps"]}


def attempt(arguments: Callable[[Node], Node], node: Node) -> Node | str:
    """Return the arguments of a form, or why there are none."""
    try:
        return arguments(node)
    except NoForm as no:
        return str(no)


def epochs_of(node: Node) -> tuple[int, Node]:
    """Return how many steps an epoch of a schedule has, and the schedule of the epochs."""
    return (node["steps_per_epoch"], node["of"]) if node["kind"] == "by_epoch" else (1, node)


def without_climb(node: Node, n: int | None, name: str) -> tuple[Node, tuple[tuple[str, ...], ...]]:
    """Return a wave's falling half in its place, and what is lost of its first `n` steps."""
    per_epoch, inner = epochs_of(node)
    fall = wave(inner)
    if fall is None:
        return node, ()
    cosine_decay(fall)
    held = {"kind": "by_epoch", "of": fall, "steps_per_epoch": per_epoch} if per_epoch > 1 else fall
    most = per_epoch * (fall["steps"] + 1)
    if n is not None and n <= most:
        return held, ()
    rule = f"from step {most:,} on it climbs again, where {name} stays at {fall['end']!r}"
    way_out = (
        f'Convert at most {most:,} steps, or to "mindspore.experimental", which climbs too, or to '
        '"mindspore.learning_rate", the exact table.'
    )
    return held, (("convert.steps", "None" if n is None else f"{n:,}", rule, way_out),)


def of_node(node: Node) -> Schedule:
    """Return the schedule of a node."""
    return Schedule.from_json(json.dumps({"glidepath": 1, "schedule": node}))


def length_of(node: Node) -> int:
    """Return how long a node lasts that has an end."""
    steps = of_node(node).steps
    if steps is None:
        raise NoForm(f"its `{node['kind']}` has no end")
    return steps
