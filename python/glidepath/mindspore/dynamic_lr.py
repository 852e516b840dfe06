"""MindSpore's list functions: a learning rate a step, in its own bits, with MindSpore or without.

Each has MindSpore's name, arguments and checks, and gives a Python list of floats, equal to MindSpore's in every bit.
The same call with ``dtype=`` or ``out=`` gives a numpy array instead. ``.schedule(...)`` on each function takes the
same arguments, and gives the schedule behind it:

>>> from glidepath.mindspore import dynamic_lr
>>> dynamic_lr.cosine_decay_lr(0.01, 0.1, total_step=6, step_per_epoch=2, decay_epoch=2)
[0.1, 0.1, 0.05500000000000001, 0.05500000000000001, 0.01, 0.01]
>>> dynamic_lr.cosine_decay_lr(0.01, 0.1, 6, 2, 2, dtype="float32")
array([0.1  , 0.1  , 0.055, 0.055, 0.01 , 0.01 ], dtype=float32)
>>> dynamic_lr.cosine_decay_lr.schedule(0.01, 0.1, 6, 2, 2)[3]
0.05500000000000001

Source: ``mindspore.nn.dynamic_lr`` of MindSpore 2.10, which marks it deprecated.
"""

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, Protocol, cast

from numpy.typing import NDArray

from glidepath._arguments import refusal
from glidepath._core import Schedule, _all_exactly, _listed, _shown, replay
from glidepath.mindspore import _checks as check

__all__ = [
    "cosine_decay_lr",
    "exponential_decay_lr",
    "inverse_decay_lr",
    "natural_exp_decay_lr",
    "piecewise_constant_lr",
    "polynomial_decay_lr",
    "warmup_lr",
]

_P = ParamSpec("_P")


class _ListFunction(Protocol[_P]):
    """A function of MindSpore's, and the schedule behind it."""

    __call__: Callable[..., Any]
    __signature__: inspect.Signature
    schedule: Callable[_P, Schedule]


def _list_function(schedule: Callable[_P, Schedule]) -> _ListFunction[_P]:
    """Give the values of the schedule that a function makes, in place of the schedule."""

    @functools.wraps(schedule)
    def values(*args: _P.args, **kwargs: _P.kwargs) -> list[float] | NDArray[Any]:
        dtype, out = kwargs.pop("dtype", None), kwargs.pop("out", None)
        made, name = schedule(*args, **kwargs), schedule.__name__
        if out is None and dtype is None:
            return _listed(made)
        try:
            if out is not None:
                return _filled(name, made, dtype, cast("NDArray[Any]", out))
            return made.array(len(made), dtype=cast("Any", dtype))
        except (TypeError, ValueError) as error:
            place = re.sub("^`(array|fill)[.]", f"`{name}.", str(error))
            raise type(error)(place) from None

    signature = inspect.signature(schedule)
    also = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in ("dtype", "out")]
    function = cast("_ListFunction[_P]", values)
    function.schedule = schedule
    schedule.__qualname__ += ".schedule"  # where pickle finds it
    parameters = [*signature.parameters.values(), *also]
    function.__signature__ = signature.replace(parameters=parameters, return_annotation=list[float])
    return function


def _filled(name: str, schedule: Schedule, dtype: object, out: NDArray[Any]) -> NDArray[Any]:
    if dtype is not None:
        raise TypeError(
            refusal(f"{name}.dtype", f"{_shown(dtype)} and an `out`", "that has a dtype of its own", "Leave one out.")
        )
    if not hasattr(out, "shape") or out.shape == (len(schedule),):
        return schedule.fill(out)
    raise ValueError(
        refusal(
            f"{name}.out",
            f"an array of shape {out.shape}",
            f"it must have one element a step, {len(schedule)} in all",
            f"For a part of them take `{name}.schedule(...).fill(out)`.",
        )
    )


@_list_function
def piecewise_constant_lr(milestone: Sequence[int], learning_rates: Sequence[float]) -> Schedule:
    """``learning_rates[i]`` until step ``milestone[i]``.

    ::

        lr[k] = learning_rates[i], i the number of milestones at or before k

    Args:
        milestone: where each value ends, a list or tuple of ints from 1 on, none below the one before. The last is the
            length.
        learning_rates: the values, a list or tuple of as many floats.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError: an argument or an element of another type.
        ValueError: lengths that differ, a milestone below the one before, an element out of range. DIFFERENCE: two
            empty lists too, of which MindSpore makes an empty list.

    Source: ``mindspore.nn.piecewise_constant_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.piecewise_constant_lr([2, 5, 10], [0.1, 0.05, 0.01])
    [0.1, 0.1, 0.05, 0.05, 0.05, 0.01, 0.01, 0.01, 0.01, 0.01]
    """
    name = "piecewise_constant_lr"
    ends = check.sequence(f"{name}.milestone", milestone)
    rates = check.sequence(f"{name}.learning_rates", learning_rates)
    if len(ends) != len(rates):
        raise ValueError(
            refusal(
                f"{name}.milestone",
                f"{len(ends)} for {len(rates)} learning rates",
                "there must be as many",
                "A milestone is where its learning rate ends.",
            )
        )
    if not (_all_exactly(ends, int) and _all_exactly(rates, float)):
        for i, (end, rate) in enumerate(zip(ends, rates, strict=True)):
            check.positive_int(f"{name}.milestone[{i}]", end)
            check.finite(f"{name}.learning_rates[{i}]", rate)
    return replay("mindspore.piecewise_constant_lr", milestone=milestone, learning_rates=learning_rates)


@_list_function
def exponential_decay_lr(  # noqa: PLR0913 (MindSpore's signature)
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> Schedule:
    """Fall by a factor of ``decay_rate`` every ``decay_epoch`` epochs.

    ::

        lr[k] = learning_rate * decay_rate ** (e / decay_epoch),  e = k // step_per_epoch
                learning_rate * decay_rate ** (e // decay_epoch)  with is_stair

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: the factor, a float above 0; above 1 it grows.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        decay_epoch: how many epochs apply the whole factor.
        is_stair: whether to apply it all at once.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
        OverflowError: a power past the largest double, as of Python's ``**``.

    Source: ``mindspore.nn.exponential_decay_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.exponential_decay_lr(0.1, 0.9, total_step=6, step_per_epoch=2, decay_epoch=1)
    [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
    """
    return _decay("exponential_decay_lr", learning_rate, decay_rate, total_step, step_per_epoch, decay_epoch, is_stair)


@_list_function
def natural_exp_decay_lr(  # noqa: PLR0913 (MindSpore's signature)
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> Schedule:
    """Fall by a factor of ``e ** -decay_rate`` every epoch.

    ::

        lr[k] = learning_rate * e ** (-decay_rate * n),  n = k // step_per_epoch
                                                         n = k // step_per_epoch // decay_epoch * decay_epoch, is_stair

    ``decay_epoch`` has no effect without ``is_stair``, and with it only on where the stairs are.

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: how fast it falls, an epoch; a float above 0.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        decay_epoch: how many epochs a stair has.
        is_stair: whether there are stairs.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.natural_exp_decay_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.natural_exp_decay_lr(0.1, 0.9, total_step=6, step_per_epoch=2, decay_epoch=2, is_stair=True)
    [0.1, 0.1, 0.1, 0.1, 0.016529888822158657, 0.016529888822158657]
    """
    return _decay("natural_exp_decay_lr", learning_rate, decay_rate, total_step, step_per_epoch, decay_epoch, is_stair)


@_list_function
def inverse_decay_lr(  # noqa: PLR0913 (MindSpore's signature)
    learning_rate: float,
    decay_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    is_stair: bool = False,
) -> Schedule:
    """Fall as one over the epoch.

    ::

        lr[k] = learning_rate / (1 + decay_rate * e / decay_epoch),  e = k // step_per_epoch
                learning_rate / (1 + decay_rate * (e // decay_epoch))  with is_stair

    Args:
        learning_rate: the value at step 0, a float above 0.
        decay_rate: how fast it falls, in ``decay_epoch`` epochs; a float above 0.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        decay_epoch: how many epochs apply the whole rate.
        is_stair: whether to apply it all at once.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.inverse_decay_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.inverse_decay_lr(0.1, 0.5, total_step=3, step_per_epoch=1, decay_epoch=1, is_stair=True)
    [0.1, 0.06666666666666667, 0.05]
    """
    return _decay("inverse_decay_lr", learning_rate, decay_rate, total_step, step_per_epoch, decay_epoch, is_stair)


@_list_function
def cosine_decay_lr(min_lr: float, max_lr: float, total_step: int, step_per_epoch: int, decay_epoch: int) -> Schedule:
    """Fall on half a cosine from ``max_lr`` to ``min_lr`` in ``decay_epoch`` epochs, and stay there.

    ::

        lr[k] = min_lr + 0.5 * (max_lr - min_lr) * (1 + cos(pi * e / decay_epoch)),  e = k // step_per_epoch,
                                                                                     at most decay_epoch

    Args:
        min_lr: the end, a float from 0 on.
        max_lr: the value at step 0, a float above ``min_lr``.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        decay_epoch: how many epochs the fall takes.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.cosine_decay_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.cosine_decay_lr(0.01, 0.1, total_step=6, step_per_epoch=2, decay_epoch=2)
    [0.1, 0.1, 0.05500000000000001, 0.05500000000000001, 0.01, 0.01]
    """
    name = "cosine_decay_lr"
    check.not_negative(f"{name}.min_lr", min_lr)
    check.positive(f"{name}.max_lr", max_lr)
    epochs = _epochs(name, total_step, step_per_epoch, decay_epoch=decay_epoch)
    return replay(cast("Any", f"mindspore.{name}"), min_lr=min_lr, max_lr=max_lr, **epochs)


@_list_function
def polynomial_decay_lr(  # noqa: PLR0913 (MindSpore's signature)
    learning_rate: float,
    end_learning_rate: float,
    total_step: int,
    step_per_epoch: int,
    decay_epoch: int,
    power: float,
    update_decay_epoch: bool = False,
) -> Schedule:
    """Go from ``learning_rate`` to ``end_learning_rate`` in ``decay_epoch`` epochs, by a power of what is left of them.

    ::

        lr[k] = (learning_rate - end_learning_rate) * (1 - e / d) ** power + end_learning_rate

        e = min(k // step_per_epoch, decay_epoch), d = decay_epoch
        e = k // step_per_epoch, d = decay_epoch * max(ceil(e / decay_epoch), 1)  with update_decay_epoch

    Args:
        learning_rate: the value at step 0, a float above 0.
        end_learning_rate: the end, a float from 0 on.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        decay_epoch: how many epochs it takes.
        power: the exponent, a float above 0; 1.0 is a straight line.
        update_decay_epoch: whether, past ``decay_epoch``, it goes on towards the next multiple of it.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.polynomial_decay_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.polynomial_decay_lr(0.1, 0.01, total_step=6, step_per_epoch=2, decay_epoch=2, power=0.5)
    [0.1, 0.1, 0.07363961030678928, 0.07363961030678928, 0.01, 0.01]
    """
    name = "polynomial_decay_lr"
    check.positive(f"{name}.learning_rate", learning_rate)
    check.not_negative(f"{name}.end_learning_rate", end_learning_rate)
    check.positive(f"{name}.power", power)
    epochs = _epochs(name, total_step, step_per_epoch, decay_epoch=decay_epoch)
    check.flag(f"{name}.update_decay_epoch", update_decay_epoch)
    rates = {"learning_rate": learning_rate, "end_learning_rate": end_learning_rate, "power": power}
    return replay(cast("Any", f"mindspore.{name}"), **rates, **epochs, update_decay_epoch=update_decay_epoch)


@_list_function
def warmup_lr(learning_rate: float, total_step: int, step_per_epoch: int, warmup_epoch: int) -> Schedule:
    """Rise on stairs from 0 to ``learning_rate`` in ``warmup_epoch`` epochs, and stay there.

    ::

        lr[k] = learning_rate * e / warmup_epoch,  e = min(k // step_per_epoch, warmup_epoch)

    Args:
        learning_rate: the end, a float from 0 on.
        total_step: the length in steps.
        step_per_epoch: how many steps an epoch has.
        warmup_epoch: how many epochs the rise takes.
        dtype: "float32" or "float64" for a numpy array of it in place of a list.
        out: a numpy array to write into, of one element a step; it is returned.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: ``mindspore.nn.warmup_lr``, MindSpore 2.10.

    >>> from glidepath.mindspore import nn
    >>> nn.warmup_lr(0.1, total_step=6, step_per_epoch=2, warmup_epoch=2)
    [0.0, 0.0, 0.05, 0.05, 0.1, 0.1]
    """
    name = "warmup_lr"
    check.not_negative(f"{name}.learning_rate", learning_rate)
    epochs = _epochs(name, total_step, step_per_epoch, warmup_epoch=warmup_epoch)
    return replay(cast("Any", f"mindspore.{name}"), learning_rate=learning_rate, **epochs)


def _decay(  # noqa: PLR0913 (the arguments of the three functions that share it)
    name: str, learning_rate: object, decay_rate: object, total_step: int, step_per_epoch: int, decay_epoch: int,
    is_stair: object,
) -> Schedule:  # fmt: skip
    epochs = _epochs(name, total_step, step_per_epoch, decay_epoch=decay_epoch)
    rates = {
        "learning_rate": check.positive(f"{name}.learning_rate", learning_rate),
        "decay_rate": check.positive(f"{name}.decay_rate", decay_rate),
    }
    return replay(
        cast("Any", f"mindspore.{name}"), **rates, **epochs, is_stair=check.flag(f"{name}.is_stair", is_stair)
    )


def _epochs(name: str, total_step: object, step_per_epoch: object, **epochs: object) -> dict[str, int]:
    lengths = {"total_step": total_step, "step_per_epoch": step_per_epoch, **epochs}
    return {key: check.positive_int(f"{name}.{key}", value) for key, value in lengths.items()}
