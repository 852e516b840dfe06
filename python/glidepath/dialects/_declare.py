"""How a library's schedules are declared, checked, and found by their names.

A module has one :class:`Library`, and a function for each schedule::

    library = Library("hf", "HF transformers", warmup="num_warmup_steps", steps="num_training_steps")

    @library.schedule
    def constant_with_warmup(learning_rate: float, num_warmup_steps: int) -> Schedule: ...

The types of the parameters are the checks: an ``int`` is a whole number from 0 on, a ``float`` a finite number, a
``Literal`` one of its texts, a ``Sequence`` a list of such. The *roles* say which parameter is the peak, the warm-up,
the length of the run, or the length of what comes after the warm-up, so that :func:`schedule` can make any of them
from the same three numbers.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, ParamSpec, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import Schedule, _shown, constant

__all__ = ["Entry", "Library", "entries", "entry", "schedule", "title"]

P = ParamSpec("P")
Maker = Callable[P, Schedule]
HyperParameter = Literal["lr", "momentum", "weight_decay"]

_LIBRARIES: dict[str, Library] = {}
MOST_PARTS = 10_000


@dataclass(frozen=True)
class Entry:
    """A name of a library, and what it stands for."""

    name: str
    """With the library's, such as ``hf.cosine``."""
    make: Callable[..., Schedule]
    roles: Mapping[str, str] = field(default_factory=dict)
    """The parameter that is the ``peak``, the ``warmup``, the ``steps`` of the run or of the ``decay``."""
    preset: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that the name stands for."""
    sets: HyperParameter = "lr"
    """The hyper-parameter that follows the schedule."""
    is_schedule: bool = True
    """Whether it is a function of the step. If not, ``make`` raises an error with the way out."""


class Library:
    """The schedules of a library, by its names.

    Args:
        name: of the module.
        title: the library's name and the version that was followed.
        roles: the parameters with the roles, in most of its schedules.
    """

    def __init__(self, name: str, title: str, **roles: str) -> None:
        self.name = name
        self.title = title
        self.roles = {"peak": "learning_rate", **roles}
        self.entries: dict[str, Entry] = {}
        _LIBRARIES[name] = self

    def schedule(self, function: Maker[P]) -> Maker[P]:
        """Declare a schedule that has the function's name."""
        return self.named(function.__name__)(function)

    def named(self, *names: str, sets: HyperParameter = "lr", **roles: str) -> Callable[[Maker[P]], Maker[P]]:
        """Declare a schedule with other names, another hyper-parameter or other roles than the library's."""

        def declare(function: Maker[P]) -> Maker[P]:
            checked = _checked(f"{self.name}.{function.__name__}", function)
            for name in names or (function.__name__,):
                self._add(name, checked, roles, sets=sets)
            return checked

        return declare

    def preset(
        self,
        name: str,
        make: Callable[..., Schedule],
        sets: HyperParameter = "lr",
        **arguments: Any,  # noqa: ANN401 (each schedule has its own)
    ) -> None:
        """Declare a name that stands for a declared function with these arguments."""
        roles = next(entry.roles for entry in self.entries.values() if entry.make is make)
        self.entries[name] = Entry(f"{self.name}.{name}", make, roles, preset=arguments, sets=sets)

    def refused(self, name: str, why: str, way_out: str) -> Callable[..., NoReturn]:
        """Declare a name that is no function of the step, and return the function that says so."""

        def refuse(*_: object, **__: object) -> NoReturn:
            raise ValueError(refusal(f"{self.name}.{name}", why, "it is not a function of the step", way_out))

        refuse.__name__ = refuse.__qualname__ = name
        refuse.__doc__ = f"Not a function of the step: it is {why}. {way_out}"
        refuse.__module__ = f"glidepath.dialects.{self.name}"
        self.entries[name] = Entry(f"{self.name}.{name}", refuse, is_schedule=False)
        return refuse

    def _add(self, name: str, make: Callable[..., Schedule], roles: Mapping[str, str], **more: Any) -> None:  # noqa: ANN401
        known = inspect.signature(make).parameters
        taken = {role: parameter for role, parameter in {**self.roles, **roles}.items() if parameter in known}
        self.entries[name] = Entry(f"{self.name}.{name}", make, taken, **more)


def entries() -> list[Entry]:
    """Return all names of all libraries."""
    return [found for library in _LIBRARIES.values() for found in library.entries.values()]


def title(library: str) -> str:
    """Return a library's name with the version that was followed; a name that is no library's is returned as it is."""
    return _LIBRARIES[library].title if library in _LIBRARIES else library


def entry(name: object) -> Entry:
    """Return what a name stands for; a name without a library is one of HF's.

    >>> entry("cosine").name, entry("hf.cosine").sets
    ('hf.cosine', 'lr')
    """
    text: object = getattr(name, "value", name)  # HF's names are also members of an enum
    library, rest = str(text).split(".", 1) if "." in str(text) else ("hf", str(text))
    found = _LIBRARIES[library].entries.get(rest) if library in _LIBRARIES else None
    if found is None:
        known = [one.name for one in entries()]
        near = difflib.get_close_matches(f"{library}.{rest}", known, n=1, cutoff=0.6)
        way_out = f"Did you mean {near[0]!r}?" if near else "`glidepath.dialects.names()` lists them."
        rule = "it must be the name of a schedule, such as 'hf.cosine'"
        raise ValueError(refusal("name", _shown(text), rule, way_out))
    return found


def schedule(
    name: str,
    learning_rate: float | None = None,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    **arguments: Any,  # noqa: ANN401 (each schedule has its own)
) -> Schedule:
    """Make the schedule of any library by its name, from the three numbers that all runs have.

    Args:
        name: such as ``"hf.cosine"``, ``"timm.cosine"`` or ``"megatron.WSD"``; without a library, one of HF's.
        learning_rate: the peak. A schedule with more than one rate as its parameters has them in ``arguments``.
        num_warmup_steps: the length of the warm-up; None is the library's default.
        num_training_steps: the length of the run, warm-up included. If the library counts it without the warm-up, the
            warm-up is subtracted.
        arguments: the library's other arguments, by its names.

    A schedule that has no such parameter ignores the number, as HF's ``constant`` ignores the warm-up. Raises
    `ValueError` for an unknown name, for what is no function of the step, and where a number is missing.

    >>> schedule("hf.linear", 3e-4, num_warmup_steps=100, num_training_steps=1_000)
    gp.linear(0.0, 0.0003, 100).then(gp.linear(0.0003, 0.0, 900))
    """
    return make(entry(name), learning_rate, num_warmup_steps, num_training_steps, arguments)


def make(
    found: Entry,
    learning_rate: float | None,
    num_warmup_steps: int | None,
    num_training_steps: int | None,
    arguments: Mapping[str, Any],
) -> Schedule:
    """Make a schedule as :func:`schedule` does."""
    if not found.is_schedule:
        found.make()
    given = {"peak": learning_rate, "warmup": num_warmup_steps, "steps": num_training_steps}
    if num_training_steps is not None and "decay" in found.roles:
        given["decay"] = num_training_steps - (num_warmup_steps or 0 if "warmup" in found.roles else 0)
    filled = {found.roles[role]: value for role, value in given.items() if role in found.roles and value is not None}
    whole = {**found.preset, **filled, **arguments}
    _need(found, whole, arguments, filled)
    return found.make(**whole)


def _need(found: Entry, whole: Mapping[str, Any], arguments: Mapping[str, Any], filled: Mapping[str, Any]) -> None:
    """Refuse what is missing, unknown or given twice, by the name under which the caller would give it."""
    parameters = inspect.signature(found.make).parameters
    ours = {"peak": "learning_rate", "warmup": "num_warmup_steps", "steps": "num_training_steps"}
    ours["decay"] = ours["steps"]
    spelt = {parameter: ours[role] for role, parameter in found.roles.items()}
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in whole:
            rule = f"`{found.name}` needs it"
            raise ValueError(refusal(spelt.get(name, name), "nothing", rule, f"Pass `{spelt.get(name, name)}`."))
    for name in arguments:
        if name not in parameters:
            near = difflib.get_close_matches(name, parameters, n=1, cutoff=0.6)
            way_out = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(parameters)}."
            raise TypeError(refusal(found.name, f"`{name}`", "it has no such argument", way_out))
        if name in filled and spelt[name] != "learning_rate" and arguments[name] != filled[name]:
            got = f"`{name}={arguments[name]!r}` and `{spelt[name]}={filled[name]!r}`"
            raise TypeError(refusal(found.name, got, "they are the same argument", "Pass it once."))


# --------------------------------------------------------------------------------------------------------- checking


def _checked(place: str, function: Maker[P]) -> Maker[P]:
    signature = inspect.signature(function)
    hints = cache(lambda: get_type_hints(function))  # looked up at the first call: it takes a while

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Schedule:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"`{place}`: {error}. It takes {', '.join(signature.parameters)}.") from None
        for name, value in bound.arguments.items():
            bound.arguments[name] = _read(f"{place}.{name}", value, hints()[name])
        try:
            return function(*bound.args, **bound.kwargs)
        except (ZeroDivisionError, OverflowError) as error:
            got = ", ".join(f"{name}={_shown(value)}" for name, value in bound.arguments.items())
            way_out = "Check the arguments that are 0 or very large."
            raise ValueError(refusal(place, got, f"its formula cannot be computed: {error}", way_out)) from None

    return checked


def _read(place: str, value: object, hint: object) -> Any:  # noqa: ANN401
    """Read a value as its type says."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in {Union, UnionType}:
        return _one_of(place, value, inner)
    if kind in _MUST_BE:
        is_one, what, way_out = _MUST_BE[kind]
        if not is_one(value):
            raise TypeError(refusal(place, _shown(value), f"it must be {what}", way_out))
    if kind is Literal:
        return _chosen(place, value, inner)
    if kind is Sequence:
        return [_read(f"{place}[{i}]", item, inner[0]) for i, item in enumerate(cast("Sequence[object]", value))]
    return whole(place, value) if kind is int else number(place, value) if kind is float else value


def _one_of(place: str, value: object, hints: tuple[object, ...]) -> Any:  # noqa: ANN401
    """Read a value of one of several types, of which None and a schedule or a text can be others than the first."""
    if (value is None and NoneType in hints) or (isinstance(value, Schedule) and Schedule in hints) or str in hints:
        return value  # a text or a number: its reader checks it
    return _read(place, value, hints[0])


_MUST_BE: dict[object, tuple[Callable[[object], bool], str, str]] = {
    str: (lambda value: isinstance(value, str), "a text", "Put it into quotes."),
    Schedule: (
        lambda value: isinstance(value, Schedule),
        "a Schedule",
        "Pass what a function of glidepath returns.",
    ),
    Callable: (callable, "a function of the step", "Pass a function."),
    Mapping: (lambda value: isinstance(value, Mapping), "a mapping", "Write it as `{...: ...}`."),
    Sequence: (
        lambda value: isinstance(value, Sequence | np.ndarray) and not isinstance(value, str),
        "a list",
        "Write it as `[...]`.",
    ),
}


def some(place: str, items: Sequence[object]) -> None:
    """Refuse an empty list."""
    if not items:
        raise ValueError(refusal(place, "an empty list", "it needs at least one item", "Add one."))


def few(place: str, parts: int) -> int:
    """Read a number of parts, each of which becomes a part of the schedule."""
    if parts > MOST_PARTS:
        rule = f"it must be at most {MOST_PARTS:,}: each is a part of the schedule"
        raise ValueError(refusal(place, parts, rule, "Take fewer."))
    return parts


def whole(place: str, value: object, least: int = 0) -> int:
    """Read a whole number of steps."""
    steps = as_int(value)
    if steps is None:
        way_out = "Round it, or convert it with int()."
        raise TypeError(refusal(place, _shown(value), "it must be a whole number", way_out))
    if not least <= steps <= LAST_STEP:
        way_out = f"Pass {least} or more." if steps < least else "Pass 2**53 or less."
        raise ValueError(refusal(place, steps, f"it must be a whole number from {least} to 2**53", way_out))
    return steps


def number(place: str, value: Any) -> float:  # noqa: ANN401
    """Read a finite number."""
    try:
        return constant(value)[0]
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("`constant.value`", f"`{place}`", 1)) from None


def _chosen(place: str, value: object, choices: tuple[object, ...]) -> object:
    if value not in choices:
        known = ", ".join(map(repr, choices))
        raise ValueError(refusal(place, _shown(value), f"it must be one of {known}", "Take one of them."))
    return value
