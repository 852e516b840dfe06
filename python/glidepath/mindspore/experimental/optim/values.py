"""What the schedulers are given and keep: numbers, tensors, and what of their attributes goes into a saved state."""

import reprlib
from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, TypeAlias

import numpy as np
from mindspore import Parameter, Tensor, ops
from mindspore import dtype as mstype

from glidepath._arguments import LAST_STEP, refusal
from glidepath._core import _shown
from glidepath.mindspore import _checks as check

__all__ = [
    "Factor",
    "epoch_of",
    "floats",
    "is_plain",
    "number_a_group",
    "number_of",
    "one_a_group",
    "plain",
    "restored",
    "tensors",
    "whole_epoch",
]

Factor: TypeAlias = Callable[[Any], Any]


def floats(values: Sequence[Any]) -> list[float]:
    """Return numbers or Tensors as floats."""
    return [float(value) for value in values]


def tensors(values: Sequence[float]) -> list[Any]:
    """Return numbers as Tensors of float32."""
    return [Tensor(value, mstype.float32) for value in values]


def number_of(place: str, value: Any) -> float:
    """Check a number, or a Tensor of one."""
    return check.number(place, value.asnumpy().item() if isinstance(value, Tensor) and value.ndim == 0 else value)


def one_a_group(place: str, value: Any, optimizer: Any) -> list[Any]:
    """Return a list of one value for each group; what is no list serves all groups."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            refusal(place, f"{len(value)} for {groups} groups", "there must be one a group", "Or give one for all.")
        )
    return list(value)


def number_a_group(place: str, value: Any, optimizer: Any) -> list[float]:
    """Return a list of one number for each group; a number serves all groups."""
    return [number_of(place, number) for number in one_a_group(place, value, optimizer)]


def epoch_of(place: str, epoch: Any) -> Any:
    """Check an epoch, which may be a fraction."""
    if isinstance(epoch, Tensor):
        epoch = epoch.asnumpy().item()
    if not isinstance(epoch, (int, float, np.number)):
        raise TypeError(
            refusal(place, _shown(epoch), "it must be a number from 0 to 2**53", "Convert it with `int()`.")
        )
    if not 0 <= epoch <= LAST_STEP:
        raise ValueError(refusal(place, _shown(epoch), "it must be a number from 0 to 2**53", "Count epochs from 0."))
    return epoch


def whole_epoch(place: str, epoch: Any) -> int:
    """Check an epoch that must be whole."""
    number = epoch_of(place, epoch)
    if number != int(number):
        raise ValueError(
            refusal(
                place, _shown(epoch), "it must be a whole number", "Only CosineAnnealingWarmRestarts takes fractions."
            )
        )
    return int(number)


def is_plain(value: object) -> bool:
    """Return whether a value goes into a saved state: numbers, strings, arrays, Tensors, lists and dicts of those."""
    if isinstance(value, (list, tuple)):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(item) for item in value.values())
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray, np.generic, Tensor))


def plain(value: Any) -> Any:
    """Return a copy that shares nothing, of numbers, strings, lists and dicts only."""
    if isinstance(value, Counter):
        return [list(pair) for pair in value.items()]  # a dict's keys would come out of JSON as strings
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Tensor):
        return value.asnumpy().tolist()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def restored(place: str, value: Any, before: Any) -> Any:
    """Return a value of a state as what it was before ``plain``: as what stands there now."""
    try:
        return _like(plain(value), before)
    except (TypeError, ValueError) as error:
        raise TypeError(
            refusal(
                place,
                f"{shown_item(value)}",
                f"here stands {shown_item(before)}, so that it must be of that type",
                "Load what `state_dict` gave.",
            )
        ) from error


def _like(value: Any, before: Any) -> Any:
    if value is None or before is None:
        return value
    if isinstance(before, (list, tuple, dict)):
        return _like_items(value, before)
    if isinstance(before, Parameter):
        ops.assign(before, Tensor(value, before.dtype))
        return before
    if isinstance(before, Tensor):
        return Tensor(value, before.dtype)
    if isinstance(before, (np.ndarray, np.generic)):
        return np.array(value, dtype=before.dtype)[()]
    if (float if type(value) is int else type(value)) is not (float if type(before) is int else type(before)):
        raise TypeError
    return value


def _like_items(value: Any, before: Any) -> Any:
    if isinstance(before, Counter):
        return Counter(dict(value))
    if isinstance(before, dict):
        like = copy(before)
        like.clear()
        like.update((key, _like(item, before.get(key))) for key, item in dict(value).items())
        return like
    if not isinstance(value, list):
        raise TypeError
    items = before if len(before) == len(value) else [None] * len(value)
    return type(before)([_like(item, one) for item, one in zip(value, items, strict=True)])


def shown_item(value: Any) -> str:
    """Show an item of a state: a list by the beginnings of its items."""
    return reprlib.repr(value) if isinstance(value, list) else _shown(value)
