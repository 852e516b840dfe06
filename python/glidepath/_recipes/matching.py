"""Two recipes beside each other: which parameters and options differ, and which schedules are to be compared."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from glidepath._core import Schedule, constant
from glidepath._recipes import options
from glidepath._recipes.models import Param, alias_keys, listed
from glidepath._recipes.optimizers import INERT, framework_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glidepath._recipes.options import Option
    from glidepath.groups import Groups

    Options = dict[str, Option]
    Pair = tuple[int, int]

__all__ = ["matched"]

_MOST_NAMES = 3


def matched(a: Groups, b: Groups) -> tuple[list[str], list[tuple[str, Schedule, Schedule]]]:
    """Return what differs and is no schedule, a line each; and the schedules of each option, with what they are of.

    Optimizers and options of two frameworks have different names: then the options that both have are compared.
    """
    names, differences = _pairs_of_params(a, b)
    if a.optimizer != b.optimizer and not _are_of_two_frameworks(a, b):
        differences.insert(0, f"the optimizer: {a.optimizer} and {b.optimizer}")
    shared: dict[Pair, list[str]] = {}
    for name, pair in names.items():
        shared.setdefault(pair, []).append(name)
    scheduled: dict[tuple[str, Schedule, Schedule], list[str]] = {}
    unequal: dict[tuple[str, str, str], list[str]] = {}
    for pair, params in shared.items():
        for what, x, y in _options(a, b, pair):
            if isinstance(x, Schedule) or isinstance(y, Schedule):
                one, other = (part if isinstance(part, Schedule) else constant(float(part)) for part in (x, y))
                scheduled.setdefault((what, one, other), []).extend(params)
            elif x != y:
                unequal.setdefault((what, _text(x), _text(y)), []).extend(params)
    differences += [f"{what} of {_some(params)}: {x} and {y}" for (what, x, y), params in unequal.items()]
    several = len({what for what, _, _ in scheduled}) < len(scheduled)
    rows = [(f"{what} of {_some(params)}" if several else what, x, y) for (what, x, y), params in scheduled.items()]
    return differences, rows


def _text(option: Option | None) -> str:
    return "not given" if option is None else options.text(option)


def _some(names: list[str]) -> str:
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"


def _pairs_of_params(a: Groups, b: Groups) -> tuple[dict[str, Pair], list[str]]:
    """Return the groups of each parameter of both, and what is on one side only."""
    ours, theirs = _places(a), _places(b)
    by_key = {key: param for param in theirs for key in alias_keys(param.name)}
    pairs, differences, taken = dict[str, "Pair"](), list[str](), set[str]()
    by_name = {param.name: param for param in theirs}
    lost = []
    for param, i in ours.items():
        other = by_name.get(param.name)
        if other is None:
            found = [by_key[key] for key in alias_keys(param.name) if key in by_key]
            other = next((one for one in found if one.size == param.size), None)
        if other is None:
            lost.append(param.name)
            continue
        taken.add(other.name)
        pairs[param.name] = i, theirs[other]
        if other.size != param.size:
            differences.append(f"the shape of {param.name}: {param.shape} and {other.shape}")
    strays = [param.name for param in theirs if param.name not in taken]
    if lost:
        differences.append(f"in a only: {listed(lost)}")
    if strays:
        differences.append(f"in b only: {listed(strays)}")
    return pairs, differences


def _places(groups: Groups) -> dict[Param, int]:
    """Return the group of each parameter."""
    return {param: i for i, group in enumerate(groups) for param in group.params}


def _options(a: Groups, b: Groups, pair: Pair) -> Iterator[tuple[str, Any, Any]]:
    """Yield each option of two groups, and each place of a tuple: its name and both values, None where it has none."""
    from glidepath.groups import filled

    ours, theirs = filled(a, pair[0]), filled(b, pair[1])
    is_other = _are_of_two_frameworks(a, b)
    names = [name for name in dict.fromkeys([*ours, *theirs]) if name not in INERT]
    for name in names:
        if is_other and not (name in ours and name in theirs):
            continue
        one, other = ours.get(name), theirs.get(name)
        if isinstance(one, tuple) or isinstance(other, tuple):
            for i, (x, y) in enumerate(zip_longest(_parts(one), _parts(other))):
                yield f"{name}[{i}]", x, y
        else:
            yield name, one, other


def _are_of_two_frameworks(a: Groups, b: Groups) -> bool:
    return bool(a.optimizer and b.optimizer) and framework_of(a.optimizer or "") != framework_of(b.optimizer or "")


def _parts(option: Option | None) -> tuple[Any, ...]:
    return () if option is None else options.parts(option)
