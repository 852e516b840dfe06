"""If an object that has a schedule is passed in place of a schedule, the message says how to get the schedule."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glidepath as gp

METHOD = "Take its schedule: `.schedule()`."
S = gp.linear(0.0, 1.0, 10)


def torch_schedulers() -> dict[str, tuple[Any, str]]:
    torch = pytest.importorskip("torch")
    from glidepath import torch as gt

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    way = "Take its schedule: `glidepath.torch.schedule(scheduler)`."
    swa = torch.optim.swa_utils.SWALR(optimizer, 0.05)
    return {
        "StepLR": (gt.StepLR(optimizer, 2), METHOD),
        "Scheduler": (gt.Scheduler(optimizer, lr=S), METHOD),
        "StepLR of torch's": (torch.optim.lr_scheduler.StepLR(optimizer, 2), way),
        "SWALR of torch's": (swa, way),
    }


def mindspore_schedulers() -> dict[str, tuple[Any, str]]:
    ms = pytest.importorskip("mindspore")
    from mindspore.experimental import optim

    import glidepath.mindspore as gms

    optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.1)
    parts = [gms.experimental.ConstantLR(optimizer), gms.experimental.StepLR(optimizer, 2)]
    way = "Take its schedule: `glidepath.mindspore.experimental.schedule(scheduler)`."
    cell = "Make it with the class of that name in `glidepath.mindspore.nn`, and take its `.schedule()`."
    return {
        "SequentialLR": (gms.experimental.SequentialLR(optimizer, parts, [3]), METHOD),
        "StepLR of MindSpore's": (optim.lr_scheduler.StepLR(optimizer, 2), way),
        "PolynomialDecayLR": (gms.nn.PolynomialDecayLR(0.1, 0.01, 10, 1.0), METHOD),
        "table": (gms.learning_rate(S), METHOD),
        "PolynomialDecayLR of MindSpore's": (ms.nn.PolynomialDecayLR(0.1, 0.01, 10, 1.0), cell),
    }


# The calls, and the part of the message before the advice.

ASKED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "then": (S.then, "`then.following`: got an object of type {}; it must be a schedule. "),
    ">>": (lambda x: S >> x, "`then.following`: got an object of type {}; it must be a schedule. "),
    "+": (lambda x: S + x, "`+`: got an object of type {}; a schedule takes another schedule or a number. "),
    "reflected *": (lambda x: x * S, "`*`: got an object of type {}; a schedule takes another schedule or a number. "),
    "replay": (
        lambda x: gp.replay("torch.ChainedScheduler", schedulers=[x]),
        "`torch.ChainedScheduler.schedulers[0]`: got an object of type {}; it must be a replay. ",
    ),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("schedulers", [torch_schedulers, mindspore_schedulers])
def test_the_way_out_is_said(schedulers: Callable[[], dict[str, tuple[Any, str]]], asked: str) -> None:
    ask, before = ASKED[asked]
    for name, (scheduler, way) in schedulers().items():
        kind = f"{type(scheduler).__module__}.{type(scheduler).__qualname__}"
        with pytest.raises(TypeError) as caught:
            ask(scheduler)
        assert str(caught.value) == before.format(kind) + way, name


def test_learning_rate_says_it() -> None:
    found = mindspore_schedulers()
    from glidepath.mindspore import learning_rate

    for name, (scheduler, way) in found.items():
        with pytest.raises(TypeError) as caught:
            learning_rate(scheduler, 10)
        kind = type(scheduler).__name__
        want = f"`learning_rate.schedule`: got an object of type {kind}; it must be a glidepath schedule. {way}"
        assert str(caught.value) == want, name


FUNCTION = "For a function of the step make a table: `gp.table([f(k) for k in range(n)])`."


def test_learning_rate_says_what_to_do_with_other_things() -> None:
    pytest.importorskip("mindspore")
    from glidepath.mindspore import learning_rate

    for other, got, way in (
        (0.1, "0.1", "For a constant rate give the float itself to the optimizer."),
        (np.float32(0.5), "np.float32(0.5)", "For a constant rate give the float itself to the optimizer."),
        (lambda _: 0.1, "an object of type function", FUNCTION),
        ([0.1], "an object of type list", "Wrap values with `gp.table(values)`."),
    ):
        with pytest.raises(TypeError) as caught:
            learning_rate(other)
        assert str(caught.value) == f"`learning_rate.schedule`: got {got}; it must be a glidepath schedule. {way}"


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda _: 1.0, "function"),
        (math.cos, "builtin_function_or_method"),
        (S.at, "builtin_function_or_method"),
        (functools.partial(pow, 2), "functools.partial"),
    ],
)
def test_a_function_is_no_schedule(function: Any, kind: str) -> None:
    for ask, message in (
        (lambda: S >> function, f"`then.following`: got an object of type {kind}; it must be a schedule. {FUNCTION}"),
        (
            lambda: S.then(function),
            f"`then.following`: got an object of type {kind}; it must be a schedule. {FUNCTION}",
        ),
        (
            lambda: S + function,
            f"`+`: got an object of type {kind}; a schedule takes another schedule or a number. {FUNCTION}",
        ),
        (
            lambda: function * S,
            f"`*`: got an object of type {kind}; a schedule takes another schedule or a number. {FUNCTION}",
        ),
    ):
        with pytest.raises(TypeError) as caught:
            ask()
        assert str(caught.value) == message


def test_a_division_by_a_schedule_says_what_to_do() -> None:
    message = (
        "`/`: got a schedule; a schedule may be divided only by a number. Multiply by a table of the reciprocals: "
        "`gp.table(1 / s.array(n))`."
    )
    for divide in (lambda: 1 / S, lambda: S / S):
        with pytest.raises(TypeError) as caught:
            divide()
        assert str(caught.value) == message


def test_scheduler_says_it() -> None:
    torch = pytest.importorskip("torch")
    from glidepath import torch as gt
    from glidepath.mindspore import nn

    others = {
        "PolynomialDecayLR": (nn.PolynomialDecayLR(0.1, 0.01, 10, 1.0), METHOD),
        "float": (0.1, "For one value at every step write `gp.constant(value)`."),
    }
    for name, (driver, way) in {**torch_schedulers(), **others}.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        with pytest.raises(TypeError) as caught:
            gt.Scheduler(optimizer, lr=driver)
        want = f"`Scheduler.lr`: got a {type(driver).__name__}; it must be a Schedule. {way}"
        assert str(caught.value) == want, name


class Own:
    """Has a `schedule` that is not glidepath's method."""

    schedule = 3


@pytest.mark.parametrize("other", ["x", None, object(), Own(), gp.Schedule, [1.0]])
def test_an_object_without_a_schedule_raises_python_s_own_error(other: Any) -> None:
    with pytest.raises(TypeError, match="unsupported operand type"):
        S + other
    with pytest.raises(TypeError, match="unsupported operand type"):
        S >> other
