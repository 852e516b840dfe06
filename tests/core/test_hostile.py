"""Wrong arguments raise at once, with a reason. Extreme but valid arguments work."""

from __future__ import annotations

import decimal
import fractions
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random
from types import FrameType
from typing import Any

import numpy as np
import pytest

import expression
import glidepath as gp
from cases import steps_of_interest
from expression import MAX_STEP
from glidepath._core import _shown
from glidepath.mindspore import dynamic_lr
from helpers import DTYPES, REFUSED, assert_right, assert_same, interrupted_after, within

# Every argument of every constructor and method: a valid value, and its type.

FLAG, REAL, POSITIVE, LENGTH = "flag", "real", "positive", "length"
COUNT, REALS, COUNTS, NAME = "count", "reals", "counts", "name"
STAIRCASE = {"start": (0.1, REAL), "rate": (0.5, POSITIVE), "per": (10, POSITIVE), "stair": (True, FLAG)}
SPAN = {"start": (0.1, REAL), "end": (0.0, REAL), "steps": (100, LENGTH)}
WARMED_UP = {
    "peak": (0.1, REAL), "steps": (100, LENGTH), "warmup": (10, COUNT), "start": (0.0, REAL), "end": (0.0, REAL),
}  # fmt: skip

CONSTRUCTORS: dict[str, dict[str, tuple[Any, str]]] = {
    "constant": {"value": (0.1, REAL)},
    "linear": SPAN,
    "cosine": SPAN,
    "polynomial": SPAN | {"power": (0.9, POSITIVE)},
    "power": SPAN | {"power": (0.9, POSITIVE)},
    "exponential": STAIRCASE,
    "natural_exponential": {**STAIRCASE, "rate": (STAIRCASE["rate"][0], REAL, *STAIRCASE["rate"][2:])},
    "inverse_time": STAIRCASE,
    "inverse_sqrt": {"start": (0.1, REAL), "timescale": (100, POSITIVE)},
    "inverse_power": {"start": (0.1, REAL), "timescale": (100, POSITIVE), "power": (0.9, POSITIVE)},
    "logarithmic": SPAN | {"timescale": (2, POSITIVE)},
    "tanh": {
        "high": (0.1, REAL), "low": (0.2, REAL), "steps": (5, LENGTH), "lower": (-7, REAL), "upper": (3, REAL),
    },
    "rex": SPAN | {"bend": (0.5, REAL)},
    "adam_correction": {
        "beta1": (0.9, POSITIVE), "beta2": (0.99, POSITIVE), "steps": (5, LENGTH), "inverse": (True, FLAG),
    },
    "k_decay": SPAN | {"power": (0.9, POSITIVE)},
    "piecewise_constant": {"values": ([0.1, 0.2], REALS), "milestones": ([5], COUNTS)},
    "table": {"values": ([0.1, 0.2], REALS)},
    "triangle": {
        "low": (0.1, REAL), "high": (0.2, REAL), "up": (5, LENGTH), "down": (7, LENGTH), "decay": (0.9, POSITIVE),
    },
    "cosine_restarts": {
        "start": (0.1, REAL), "end": (0.0, REAL), "first": (10, LENGTH), "mult": (2, LENGTH), "decay": (0.9, POSITIVE),
    },
    "warmup_cosine": WARMED_UP,
    "warmup_linear": WARMED_UP,
    "wsd": WARMED_UP | {"decay": (20, COUNT), "shape": ("linear", NAME)},
    "one_cycle": {
        "peak": (0.1, REAL), "steps": (100, LENGTH), "warmup": (30, COUNT), "start_div": (25.0, POSITIVE),
        "end_div": (1e4, POSITIVE), "shape": ("cosine", NAME),
    },
    "noam": {"model_dim": (512, LENGTH), "warmup": (100, LENGTH), "scale": (1.0, REAL)},
}  # fmt: skip
METHODS: dict[str, dict[str, tuple[Any, str]]] = {
    "then": {"at": (5, LENGTH)},
    "delay": {"n": (5, COUNT)},
    "repeat": {"times": (5, LENGTH)},
    "hold": {"every": (5, LENGTH)},
    "by_epoch": {"steps_per_epoch": (5, LENGTH)},
    "skip": {"n": (5, COUNT)},
    "stride": {"n": (5, LENGTH)},
    "stretch": {"by": (5, LENGTH)},
    "clamp": {"low": (0.1, REAL), "high": (0.2, REAL)},
}

A = gp.linear(0.0, 1.0, 10)
ENDLESS = gp.constant(0.5)
NAN, INF = float("nan"), float("inf")

WRONG_TYPES: dict[str, list[Any]] = {
    REAL: [True, np.True_, "0.1", b"0.1", [0.1], {}, 1j, object(), np.array([0.1, 0.2]), A],
    LENGTH: [True, np.True_, "5", b"5", [5], {}, 5.0, np.float64(5), 1j, object(), decimal.Decimal(5), A],
    FLAG: ["yes", "", 1.0, object(), [], 2],
    REALS: ["0.1", {0.1: 0.2}, object(), 0.1, [None], ["0.1"], [0.1, [0.2]], [True, False], [1j], np.array(["a"])],
    COUNTS: ["5", object(), 5, [5.0], [True], ["5"], [None], [[5]]],
    NAME: [1, 0.5, ["linear"], object()],
}
WRONG_TYPES[POSITIVE] = WRONG_TYPES[REAL]
WRONG_TYPES[COUNT] = [value for value in WRONG_TYPES[LENGTH] if not isinstance(value, float)]

WRONG_VALUES: dict[str, list[Any]] = {
    REAL: [NAN, INF, -INF, np.float64("nan"), np.float32("inf"), 10**400, -(10**400)],
    LENGTH: [0, -1, MAX_STEP + 1, 2**62, 2**63, 2**64, -(2**63), 10**30, np.int64(-1), np.uint64(2**63)],
    FLAG: [],
    REALS: [[], [0.1, NAN], [INF, 0.1], [0.1, 10**400], np.array([0.1, NAN]), np.array([])],
    COUNTS: [[0], [-1], [MAX_STEP + 1], [2**64], [5, 5], [5, 4], [5, 6]],
    NAME: ["", "Linear", "lin ear", "linear\n"],
}
WRONG_VALUES[POSITIVE] = [*WRONG_VALUES[REAL], 0, 0.0, -0.0, -1, -1e-300]
WRONG_VALUES[COUNT] = [value for value in WRONG_VALUES[LENGTH] if isinstance(value, np.generic) or value != 0]

MAY_BE_NONE = {"triangle.down", "repeat.times", "then.at", "clamp.low", "clamp.high"}
MAY_BE_ZERO = {"natural_exponential.rate", "inverse_time.rate"}


def calls() -> Iterator[tuple[str, str, str, Callable[[Any], Any]]]:
    """Every argument: its place, its name, its type, and a call with a value for it and valid values for the others."""
    for name, arguments in CONSTRUCTORS.items():
        for argument, (_, kind) in arguments.items():
            good = {key: value for key, (value, _) in arguments.items() if key != argument}
            make = getattr(gp, name)
            yield (
                f"{name}.{argument}",
                argument,
                kind,
                lambda x, make=make, good=good, key=argument: make(**good, **{key: x}),
            )
    for name, arguments in METHODS.items():
        for argument, (_, kind) in arguments.items():
            method, first = getattr(A, name), (A,) if name == "then" else ()
            yield f"{name}.{argument}", argument, kind, lambda x, m=method, f=first, key=argument: m(*f, **{key: x})


CALLS = list(calls())
every_argument = pytest.mark.parametrize(("place", "name", "kind", "call"), CALLS, ids=[place for place, *_ in CALLS])


@every_argument
def test_wrong_types(place: str, name: str, kind: str, call: Callable[[Any], Any]) -> None:
    for value in WRONG_TYPES[kind] + ([] if place in MAY_BE_NONE else [None]):
        with pytest.raises(TypeError) as caught:
            call(value)
        assert name in str(caught.value), (place, value, str(caught.value))


@every_argument
def test_wrong_values(place: str, name: str, kind: str, call: Callable[[Any], Any]) -> None:
    for value in WRONG_VALUES[kind]:
        if place in MAY_BE_ZERO and value == 0:
            continue
        is_huge = isinstance(value, int) and abs(value) > 10**300
        either = is_huge or isinstance(value, (list, np.ndarray))
        with pytest.raises((ValueError, TypeError) if either else ValueError) as caught:
            call(value)
        message = str(caught.value)
        assert name in message, (place, value, message)
        assert "\n" not in message
        if isinstance(value, (int, float)) and abs(value) < 10**19:
            assert any(f"got {text}" in message for text in (value, f"{value:,}", float(value))), (place, message)
        if kind != NAME:
            assert message.startswith(f"`{place}"), (place, message)


@every_argument
def test_numpy_scalars_are_numbers(place: str, name: str, kind: str, call: Callable[[Any], Any]) -> None:
    good = {**CONSTRUCTORS, **METHODS}[place.partition(".")[0]][name][0]
    expected = call(good)
    if kind in (LENGTH, COUNT):
        for make in (np.int8, np.uint8, np.int32, np.int64, np.uint64):
            if good <= np.iinfo(make).max:
                assert call(make(good)) == expected
    elif kind in (REAL, POSITIVE):
        assert call(np.float64(good)) == expected
        half = 2.0 if name == "per" else 0.5  # with `stair` it must be whole
        assert call(np.float32(half)) == call(half)
        whole = -3 if name == "bend" else 3
        if not name.startswith("beta"):  # it is below 1
            assert call(np.int64(whole)) == call(whole) == call(float(whole))
    elif kind in (REALS, COUNTS):
        assert call(np.array(good)) == call(tuple(good)) == expected
    elif kind == FLAG:
        assert call(np.bool_(good)) == expected


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_missing_and_surplus_arguments(name: str) -> None:
    make = getattr(gp, name)
    good = {key: value for key, (value, _) in CONSTRUCTORS[name].items()}
    for wrong in (make, lambda: make(*good.values(), 1), lambda: make(**good, surprise=1)):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.parametrize(
    ("call", "message"),
    [  # whole messages: how they read is part of the interface
        (lambda: gp.linear(0, 1, 0),
         ("`linear.steps`: got 0; it must be a whole number of steps from 1 to 2**53. "
          "For a jump, start the next part at the new value.")),
        (lambda: gp.exponential(1, 0.5, per=2.5, stair=True),
         ("`exponential.per`: got 2.5; with `stair` it must be a whole number of steps from 1 to 2**53. "
          "Round it, or leave `stair` out.")),
        (lambda: gp.piecewise_constant([1, 2], [5, 6]),
         ("`piecewise_constant.milestones`: got 2 milestones for 2 values; there must be one value more than there are "
          "milestones. The first value needs no milestone: it starts at step 0.")),
        (lambda: gp.piecewise_constant([1, 2, 3], [6, 5]),
         ("`piecewise_constant.milestones[1]`: got 5; it must come after the one before, 6. "
          "Sort them and drop repeats.")),
        (lambda: gp.table([]), "`table.values`: got []; it must hold at least one value. Give the values themselves."),
        (lambda: ENDLESS.then(A),
         "`then.at`: got nothing; the first part has no end of its own. Say how long it lasts: `a.then(b, at=1000)`."),
        (ENDLESS.repeat,
         ("`repeat`: got a schedule whose steps is None; what is repeated must have an end. "
          "Give it one: `a.then(b, at=1000)` lasts as long as b says.")),
        (lambda: A.clamp(2, 1), "`clamp.low`: got 2.0 with high 1.0; it must not be above `high`. Swap them."),
        (A.clamp, "`clamp`: got no bound; there must be `low`, `high` or both. Leave the clamp out."),
        (lambda: A / 0, "`quotient.by`: got 0.0; it must not be 0. Multiply by a number instead."),
        (lambda: gp.warmup_cosine(1, 0, 0),
         "`warmup_cosine.steps`: got 0; it must be from 1 to 2**53. Pass a whole number from 1 on."),
    ],
)  # fmt: skip
def test_whole_messages(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


STEPS = "it must be a whole number of steps from 1 to 2**53."
TIMES = "it must be a whole number from 1 to 2**53."
ABOVE = "it must be a finite number above 0."
SUBTRACTION = "Remove the minus sign, or check the subtraction that gave it."
LARGE = "Use 2**53 or less: not every whole number above it is a float64."
FOREVER = "To repeat without end, leave `times` out."
NO_BOUND = "For no bound on this side, leave it out."
CORES = "For a thread on every core use `os.cpu_count()`."
NO_NAN = "Check the computation that gave nan."


@pytest.mark.parametrize(
    ("call", "place", "refused"),
    [  # the advice fits the value
        (gp.constant, "constant.value", {
            NAN: ("nan", f"it must be a finite number. {NO_NAN}"),
            INF: ("inf", "it must be a finite number. Use a number up to 1.7e308."),
            -INF: ("-inf", "it must be a finite number. Use a number from -1.7e308 on."),
        }),
        (lambda n: gp.linear(1, 0, n), "linear.steps", {
            0: ("0", f"{STEPS} For a jump, start the next part at the new value."),
            -5: ("-5", f"{STEPS} {SUBTRACTION}"),
            2**53 + 1: (f"{2**53 + 1}", f"{STEPS} {LARGE}"),
            10**30: (f"{10**30}", f"{STEPS} {LARGE}"),
            -(10**30): (f"{-(10**30)}", f"{STEPS} {SUBTRACTION}"),
        }),
        (lambda n: gp.cosine(1, 0, n), "cosine.steps", {-5: ("-5", f"{STEPS} {SUBTRACTION}")}),
        (lambda n: gp.triangle(0, 1, n), "triangle.up", {
            0: ("0", f"{STEPS} Use 1 for the shortest."),
            -1: ("-1", f"{STEPS} {SUBTRACTION}"),
        }),
        (lambda n: gp.cosine_restarts(1, 0, 5, n), "cosine_restarts.mult", {
            0: ("0", f"{TIMES} For cycles of equal length use 1."),
            -1: ("-1", f"{TIMES} {SUBTRACTION}"),
            2**60: (f"{2**60}", f"{TIMES} {LARGE}"),
        }),
        (lambda x: gp.exponential(1, x), "exponential.rate", {
            0: ("0.0", f"{ABOVE} For no decay use 1.0; for a drop to almost 0 use a small factor, such as 1e-12."),
            -0.5: ("-0.5", f"{ABOVE} For a decay use a factor below 1, such as 0.9."),
            INF: ("inf", f"{ABOVE} For growth use a factor above 1, such as 2.0."),
            NAN: ("nan", f"{ABOVE} {NO_NAN}"),
        }),
        (lambda x: gp.inverse_sqrt(1, x), "inverse_sqrt.timescale", {
            0: ("0.0", f"{ABOVE} To count in single steps use 1."),
            -2: ("-2.0", f"{ABOVE} Remove the minus sign."),
            INF: ("inf", f"{ABOVE} For a value that never changes use `constant`."),
        }),
        (lambda x: gp.inverse_time(1, x), "inverse_time.rate", {
            -2: ("-2.0", "it must be a finite number, 0 or above. Remove the minus sign."),
            INF: ("inf", "it must be a finite number, 0 or above. Use a number up to 1.7e308."),
            NAN: ("nan", f"it must be a finite number, 0 or above. {NO_NAN}"),
        }),
        (lambda x: gp.polynomial(1, 0, 5, x), "polynomial.power", {
            0: ("0.0", "it must be a number above 0, at most 1000. For a value that never changes use `constant`."),
            -1: ("-1.0", ("it must be a number above 0, at most 1000. "
                          "For a negative power of the step use `inverse_power`.")),
            1001: ("1001.0", ("it must be a number above 0, at most 1000. "
                              "For a drop at the first step use `piecewise_constant`.")),
        }),
        (lambda x: gp.rex(1, 0, 5, x), "rex.bend", {
            1: ("1.0", ("it must be a number from -1000 on, below 1. "
                        "For a drop at the last step use `piecewise_constant`.")),
            -1001: ("-1001.0", ("it must be a number from -1000 on, below 1. "
                                "For a drop at the first step use `piecewise_constant`.")),
        }),
        (lambda x: gp.tanh(1, 0, 5, x), "tanh.lower", {
            1001: ("1001.0", "it must be a number from -1000 to 1000. Above 20 the tangent is 1 to float64."),
            -1001: ("-1001.0", "it must be a number from -1000 to 1000. Below -20 the tangent is -1 to float64."),
        }),
        (lambda n: gp.piecewise_constant([1, 2], [n]), "piecewise_constant.milestones[0]", {
            0: ("0", f"{STEPS} To start at step 0, leave out what comes before."),
            -3: ("-3", f"{STEPS} {SUBTRACTION}"),
            2**53 + 1: (f"{2**53 + 1}", f"{STEPS} {LARGE}"),
        }),
        (lambda n: gp.piecewise_constant([1, 2], np.array([n])), "piecewise_constant.milestones[0]", {
            -3: ("-3", f"{STEPS} {SUBTRACTION}"),
        }),
        (lambda n: A.then(A, at=n), "then.at", {
            0: ("0", f"{STEPS} To start at step 0, leave out what comes before."),
            -3: ("-3", f"{STEPS} {SUBTRACTION}"),
        }),
        (A.delay, "delay.n", {
            -3: ("-3", "it must be a whole number from 0 to 2**53. Steps are counted from 0."),
            2**53 + 1: (f"{2**53 + 1}", f"it must be a whole number from 0 to 2**53. {LARGE}"),
        }),
        (A.repeat, "repeat.times", {
            0: ("0", f"{TIMES} To have the part no times, leave it out."),
            -1: ("-1", f"{TIMES} {FOREVER}"),
            2**70: (f"{2**70}", f"{TIMES} {FOREVER}"),
        }),
        (A.hold, "hold.every", {
            0: ("0", f"{STEPS} For every step use 1."),
            -1: ("-1", f"{STEPS} {SUBTRACTION}"),
        }),
        (lambda x: A.clamp(high=x), "clamp.high", {
            INF: ("inf", f"it must be a finite number. {NO_BOUND}"),
            -INF: ("-inf", f"it must be a finite number. {NO_BOUND}"),
            NAN: ("nan", f"it must be a finite number. {NO_NAN}"),
        }),
        (lambda n: A[::n], "slice.step", {
            0: ("0", f"{TIMES} For every step use 1."),
            -1: ("-1", f"{TIMES} To go backwards reverse the result: `s[a:b][::-1]`."),
            2**60: (f"{2**60}", f"{TIMES} {LARGE}"),
        }),
        (lambda n: A.chunks(5, n), "chunks.size", {
            n: (f"{n}", f"{TIMES} For everything at once use `array`.") for n in (0, -1, 2**60)
        }),
        (lambda n: A.array(5, threads=n), "array.threads", {n: (f"{n}", f"{TIMES} {CORES}") for n in (0, -1, 2**60)}),
        (lambda n: gp.replay("torch.StepLR", base_lr=1.0, step_size=n), "torch.StepLR.step_size", {
            0: ("0", f"{STEPS} Use 1 for the shortest."),
            -1: ("-1", f"{STEPS} {SUBTRACTION}"),
        }),
        (lambda n: gp.replay("torch.CosineAnnealingWarmRestarts", base_lr=1.0, T_0=1, T_mult=n),
         "torch.CosineAnnealingWarmRestarts.T_mult", {0: ("0", f"{TIMES} For cycles of equal length use 1.")}),
        (lambda x: gp.replay("torch.LinearLR", base_lr=1.0, start_factor=x), "torch.LinearLR.start_factor", {
            -0.5: ("-0.5", "it must be a number from 0 to 1. Remove the minus sign."),
            2: ("2.0", ("it must be a number from 0 to 1. "
                        "To go above the base rate, give a larger `base_lr` and smaller factors.")),
        }),
        (lambda x: gp.replay("torch.OneCycleLR", max_lr=1.0, total_steps=5, pct_start=x),
         "torch.OneCycleLR.pct_start", {
            30: ("30.0", ("it must be a number from 0 to 1. "
                          "Divide a percentage by 100, a number of steps by `total_steps`.")),
        }),
        (lambda n: gp.warmup_cosine(1, n, 0), "warmup_cosine.steps", {
            0: ("0", "it must be from 1 to 2**53. Pass a whole number from 1 on."),
            -1: ("-1", "it must be from 1 to 2**53. Pass a whole number from 1 on."),
            2**60: (f"{2**60}", "it must be from 1 to 2**53. Pass 2**53 or less."),
        }),
        (lambda n: gp.warmup_cosine(1, 50, n), "warmup_cosine.warmup", {
            -1: ("-1", "it must be from 0 to 50, the steps of the whole. For no steps, pass 0."),
            51: ("51", "it must be from 0 to 50, the steps of the whole. Shorten it, or make `steps` larger."),
            -0.1: ("-0.1", "a float is a fraction of `steps` and must be from 0.0 to 1.0. For no steps, pass 0."),
            1.5: ("1.5", ("a float is a fraction of `steps` and must be from 0.0 to 1.0. "
                          "For a number of steps, pass an int.")),
        }),
        (lambda x: gp.replay("mindspore.experimental.OneCycleLR", max_lr=1.0, total_steps=5, div_factor=x),
         "mindspore.experimental.OneCycleLR.div_factor", {
            0: ("0.0", f"{ABOVE} For no difference use 1.0."),
            -2: ("-2.0", f"{ABOVE} Remove the minus sign."),
        }),
    ],
)  # fmt: skip
def test_the_way_out_fits_the_value(call: Callable[[Any], Any], place: str, refused: dict[Any, Any]) -> None:
    for value, (got, rest) in refused.items():
        with pytest.raises(ValueError) as caught:
            call(value)
        assert str(caught.value) == f"`{place}`: got {got}; {rest}"


def test_the_way_out_of_an_int_that_no_double_holds_fits_its_sign() -> None:
    for call, value, way_out in (
        (gp.constant, 10**400, "Use a number up to 1.7e308."),
        (gp.constant, -(10**400), "Use a number from -1.7e308 on."),
        (lambda x: A * x, -(10**400), "Use a number from -1.7e308 on."),
        (lambda x: gp.exponential(1, x), -(10**400), "For a decay use a factor below 1, such as 0.9."),
        (lambda x: A.clamp(high=x), 10**400, NO_BOUND),
    ):
        with pytest.raises(ValueError) as caught:
            call(value)
        assert str(caught.value).endswith(f". {way_out}")


# Operators.


@pytest.mark.parametrize("other", ["1", None, True, [1.0], {}, 1j, object(), np.array([1.0, 2.0]), b"x"])
def test_operators_refuse_what_is_no_number(other: Any) -> None:
    for call in (
        lambda: A + other, lambda: other + A, lambda: A - other, lambda: other - A, lambda: A * other,
        lambda: other * A, lambda: A / other, lambda: A >> other, lambda: A.then(other),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("other", [NAN, INF, -INF, np.float64("nan")])
def test_operators_refuse_what_is_not_finite(other: float) -> None:
    for call in (
        lambda: A + other,
        lambda: other + A,
        lambda: A - other,
        lambda: A * other,
        lambda: other * A,
        lambda: A / other,
    ):
        with pytest.raises(ValueError):
            call()


def test_operators_that_do_not_exist() -> None:
    for call in (
        lambda: 1 / A, lambda: A / A, lambda: A**2, lambda: A // 2, lambda: A % 2, lambda: A < ENDLESS, lambda: A @ A,
        lambda: A << A, lambda: A[0:1:1, 0], lambda: A["x"], lambda: A[None], lambda: A[0.0], lambda: A[True],
        lambda: A[()],
    ):  # fmt: skip
        with pytest.raises((TypeError, IndexError)):
            call()
    with pytest.raises(ValueError):
        A / 0.0


def test_a_schedule_is_frozen() -> None:
    for attack in (
        lambda: setattr(A, "steps", 5), lambda: setattr(A, "surprise", 5), lambda: A.__setitem__(0, 1.0),
        lambda: delattr(A, "steps"), gp.Schedule,
    ):  # fmt: skip
        with pytest.raises((AttributeError, TypeError)):
            attack()


# Steps.


@pytest.mark.parametrize("ask", [A.at, A.__getitem__, A], ids=["at", "[]", "()"])
def test_steps_that_are_none(ask: Callable[[Any], Any]) -> None:
    for k in (-1, -10, MAX_STEP + 1, 2**62, 2**63, 2**64, 10**30, -(10**30), np.int64(-1), np.uint64(2**64 - 1)):
        with pytest.raises(IndexError):
            ask(k)
    for k in (True, 1.0, "1", None, 1j, np.float64(1), object(), NAN):
        with pytest.raises(TypeError):
            ask(k)
    for k in (0, 3, MAX_STEP, np.int8(3), np.uint64(3), np.int64(2**53)):
        assert isinstance(ask(k), float)


def test_steps_to_gather_that_are_none() -> None:
    for wrong in (
        [-1],
        [0, MAX_STEP + 1],
        np.array([2**63], dtype=np.uint64),
        [0, -5, 3],
        np.array([-1], dtype=np.int8),
    ):
        out = np.full(len(wrong), 7.0)
        with pytest.raises((IndexError, ValueError)):
            A.gather(np.asarray(wrong), out=out)
        assert (out == 7.0).all(), "nothing was written"
    for wrong in (
        np.array([1.0]),
        np.array([True]),
        np.array(["1"]),
        np.array([None]),
        "12",
        None,
        1.5,
        {},
        np.array([1j]),
    ):
        with pytest.raises(TypeError):
            A.gather(wrong)


@pytest.mark.parametrize("n", [-1, True, 1.0, "5", None, NAN, 2**62, 2**63, 2**64, 10**30, MAX_STEP + 2])
def test_lengths_that_are_none(n: Any) -> None:
    for call in (lambda: A.array(n), lambda: A.chunks(n, 10), lambda: list(A.chunks(n, 10))):
        with within(5), pytest.raises((*REFUSED, MemoryError)):
            call()


def test_more_memory_than_there_is() -> None:
    with within(5), pytest.raises((MemoryError, ValueError)):
        ENDLESS.array(2**52)


@pytest.mark.parametrize("start", [-1, True, 0.0, "0", None, MAX_STEP + 1, 2**64])
def test_starts_that_are_none(start: Any) -> None:
    out = np.full(5, 7.0)
    for call in (
        lambda: A.array(5, start=start), lambda: A.fill(out, start=start), lambda: list(A.chunks(5, 2, start=start)),
    ):  # fmt: skip
        with pytest.raises(REFUSED):
            call()
    assert (out == 7.0).all()


def test_runs_past_the_last_step() -> None:
    assert A.array(1, start=MAX_STEP)[0] == 1.0
    for call in (
        lambda: A.array(2, start=MAX_STEP), lambda: A.fill(np.empty(3), start=MAX_STEP - 1),
        lambda: list(A.chunks(5, 2, start=MAX_STEP - 3)),
    ):  # fmt: skip
        with pytest.raises(REFUSED):
            call()


@pytest.mark.parametrize("threads", [0, -1, True, 1.0, "2", None, 2**64])
def test_thread_counts_that_are_none(threads: Any) -> None:
    for call in (lambda: A.array(5, threads=threads), lambda: A.fill(np.empty(5), threads=threads)):
        with pytest.raises(REFUSED):
            call()


def test_more_threads_than_sense() -> None:
    """The call raises or works. It never starts thousands of threads, which would end the process."""
    with within(20):
        try:
            found = A.array(1_000_000, threads=100_000)
        except ValueError:
            return
        assert_same(found, A.array(1_000_000))


REFUSES_THREADS = """
import resource, threading
import numpy as np
import glidepath as gp

schedule, n = gp.cosine(3e-4, 3e-5, 1_000_000), 300_000
want, out = schedule.array(n), np.empty(n)
mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + 2**19, resource.RLIM_INFINITY))
try:
    threading.Thread(target=int).start()
    raise SystemExit("the system still gives threads")
except RuntimeError:
    pass
schedule.fill(out, threads=8)
assert (out == want).all()
"""


def test_threads_that_the_system_refuses() -> None:
    done = subprocess.run([sys.executable, "-c", REFUSES_THREADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


@pytest.mark.parametrize(
    "dtype", ["float16", "int64", "complex128", "bool", "object", ">f8", "", "nonsense", 5, "float", None]
)
def test_dtypes_that_are_none(dtype: Any) -> None:
    if np.little_endian is False and dtype == ">f8":
        pytest.skip("native here")
    if dtype in ("float", None):  # numpy's names of float64
        with suppress(*REFUSED):
            assert A.array(5, dtype=dtype).dtype == np.float64
        return
    for call in (
        lambda: A.array(5, dtype=dtype),
        lambda: A.gather([1], dtype=dtype),
        lambda: list(A.chunks(5, 2, dtype=dtype)),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()


def test_dtypes_in_every_spelling() -> None:
    for dtype in ("float32", np.float32, np.dtype("float32"), "f4"):
        assert A.array(5, dtype=dtype).dtype == np.float32
    for dtype in ("float64", np.float64, np.dtype("float64"), float):
        assert A.array(5, dtype=dtype).dtype == np.float64


@pytest.mark.parametrize("size", [0, -1, True, 1.5, "2", None])
def test_chunk_sizes_that_are_none(size: Any) -> None:
    with pytest.raises(REFUSED):
        list(A.chunks(5, size))


def test_where_there_is_no_end() -> None:
    for call in (
        lambda: ENDLESS[:], lambda: ENDLESS[3:], lambda: ENDLESS[::2], lambda: len(ENDLESS), lambda: iter(ENDLESS),
        lambda: np.asarray(ENDLESS), lambda: list(ENDLESS),
    ):  # fmt: skip
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert "steps" in str(caught.value)
    for call in (lambda: len(ENDLESS), lambda: iter(ENDLESS), lambda: np.asarray(ENDLESS)):
        with pytest.raises(TypeError, match="None"):
            call()
    assert_same(ENDLESS[3:6], np.full(3, 0.5))


@pytest.mark.parametrize(
    "cut",
    [slice(-1, 5), slice(0, -1), slice(5, 0, -1), slice(None, None, -1), slice(0, 5, 0), slice(0.0, 5), slice("a", 5),
     slice(0, 5, True), slice(0, 2**64), slice(0, 5, 1.5)],
)  # fmt: skip
def test_slices_that_are_none(cut: slice) -> None:
    with pytest.raises(REFUSED):
        A[cut]


def test_nothing_is_not_an_error() -> None:
    for dtype in DTYPES:
        assert A.array(0, dtype=dtype).shape == (0,)
        assert A.fill(np.empty(0, dtype=dtype), start=7).shape == (0,)
        assert A.gather(np.array([], dtype=np.int64), dtype=dtype).shape == (0,)
        assert list(A.chunks(0, 5, dtype=dtype)) == []
    assert A[5:5].shape == (0,)
    assert A.array(0, start=MAX_STEP).shape == (0,)


# Extremes.


def test_one_step_repeated_for_ever() -> None:
    step = gp.linear(0.25, 0.75, 1)
    for schedule in (step.repeat(MAX_STEP), step.repeat()):
        with within(5):
            assert schedule.steps in (MAX_STEP, None)
            assert (schedule[0], schedule[1], schedule[2**52], schedule[MAX_STEP - 1]) == (0.25,) * 4
            assert_same(schedule.array(1_000_000, start=2**50), np.full(1_000_000, 0.25))
    assert step.repeat(MAX_STEP)[MAX_STEP] == 0.75
    with pytest.raises(ValueError):
        step.repeat(2).repeat(MAX_STEP)
    with pytest.raises(ValueError):
        gp.linear(0, 1, MAX_STEP) >> step


def test_repeats_of_repeats() -> None:
    expr = expression.cosine(1.0, 0.0, 3)
    for _ in range(30):
        expr = expr.repeat(2).delay(1)
    with within(10):
        rng = Random(0)
        steps = [*range(40), *(2**i + rng.randrange(3) for i in range(5, 34))]
        assert_right(expr.build(gp), expr, steps)
        expr.build(gp).array(100_000, start=2**30)


def test_restarts_of_one_step() -> None:
    for mult in (1, 2, 2**20):
        expr = expression.cosine_restarts(1.0, 0.25, 1, mult=mult, decay=0.999)
        with within(10):
            assert_right(expr.build(gp), expr, steps_of_interest(expr, Random(1), 100))
            expr.build(gp).array(300_000, start=2**40)
    with within(5):
        gp.cosine_restarts(1.0, 0.25, 1).array(1_000_000, start=2**40)


def test_sum_of_a_thousand() -> None:
    expr = expression.linear(0.0, 1e-3, 1_000)
    total = expression.constant(0.0)
    schedule = gp.constant(0.0)
    for _ in range(1_000):
        total, schedule = total + expr, schedule + expr.build(gp)
    with within(20):
        for k in (0, 1, 333, 999, 1_000, 5_000):
            want = float(fractions.Fraction(1e-3) * fractions.Fraction(min(k, 1_000), 1_000) * 1_000)
            assert schedule[k] == want
        schedule.array(2_000)
    assert gp.Schedule.from_json(schedule.to_json()) == schedule
    assert eval(repr(schedule), {"gp": gp}) == schedule


def again_and_again(change: Callable[[Any], Any], schedule: Any, times: int) -> Any:
    for _ in range(times):
        schedule = change(schedule)
    return schedule


@pytest.mark.parametrize("double", [lambda s: s + s, lambda s: s * s, lambda s: s >> s, lambda s: s - s.hold(2)])
def test_doubling_ends_in_an_error(double: Callable[[Any], Any]) -> None:
    with within(10), pytest.raises(ValueError, match="parts"):
        again_and_again(double, gp.cosine(1.0, 0.0, 100), 64)


@pytest.mark.parametrize(
    "wrap",
    [lambda s: s.hold(1), lambda s: s.delay(1), lambda s: s.by_epoch(1), lambda s: s.clamp(0, 1), lambda s: s / 2,
     lambda s: (s + 1) * 2, lambda s: s.repeat(1), lambda s: s.repeat(1) + s],
)  # fmt: skip
def test_nesting_ends_in_an_error(wrap: Callable[[Any], Any]) -> None:
    with within(10), pytest.raises(ValueError, match=r"deep|depth|parts"):
        again_and_again(wrap, A, 10_000)
    schedule = again_and_again(wrap, A, 12)
    with within(20):
        repr(schedule)
        schedule.to_json()
        schedule.at(5)
        hash(schedule)


def test_extreme_numbers() -> None:
    largest, smallest = 1.7976931348623157e308, 5e-324
    for start, end in (
        (largest, -largest),
        (-largest, largest),
        (smallest, 0.0),
        (0.0, -smallest),
        (largest, smallest),
    ):
        for expr in (
            expression.linear(start, end, 7), expression.cosine(start, end, 7), expression.linear(start, end, MAX_STEP),
            expression.polynomial(start, end, 7, 0.9), expression.triangle(start, end, 3, 4, 0.5),
            expression.cosine_restarts(start, end, 3, 2, 0.5), expression.linear(start, end, 7) * 1e300,
        ):  # fmt: skip
            assert_right(expr.build(gp), expr, [0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 2**52, MAX_STEP])
    for expr in (
        expression.exponential(1.0, largest, per=1_000.0), expression.exponential(1.0, smallest, per=1_000.0),
        expression.exponential(largest, 0.5), expression.exponential(1.0, 0.5, per=largest),
        expression.natural_exponential(1.0, largest), expression.natural_exponential(1.0, smallest, per=smallest),
        expression.inverse_time(largest, largest), expression.inverse_time(1.0, smallest, per=smallest),
        expression.inverse_sqrt(largest, smallest), expression.inverse_sqrt(1.0, largest),
        expression.polynomial_cycle(5.820766091346741e-11, 0.0, 7, 1.5), expression.polynomial_cycle(1, 0.5, MAX_STEP),
        expression.polynomial(1.0, 0.0, 2**50, 1_000.0), expression.polynomial(1.0, 0.0, 10, smallest),
    ):  # fmt: skip
        assert_right(expr.build(gp), expr, [0, 1, 2, 3, 9, 10, 1_000, 2_000, 2**31, MAX_STEP - 1, MAX_STEP])


# Sums that cancel at every step: correct, slow, and interruptible.


def cancelling(gp: Any, n: int) -> Any:
    return gp.cosine(1, 0, n) + gp.cosine(0, 1, n) - 1


def test_what_cancels_is_zero() -> None:
    for n in (1, 7, 1_000):
        for dtype in DTYPES:
            assert_same(cancelling(gp, n).array(n + 5, dtype=dtype), np.zeros(n + 5, dtype=dtype))
    far = cancelling(gp, 2**50)
    assert (far[1], far[2**49 + 1], far[2**50 - 1]) == (0.0, 0.0, 0.0)


VERBS: dict[str, Callable[[Any], Any]] = {
    "array": lambda s: s.array(10**8, dtype="float32"),
    "fill": lambda s: s.fill(np.empty(5 * 10**7)),
    "threads": lambda s: s.array(10**8, dtype="float32", threads=2),
    "gather": lambda s: s.gather(np.arange(10**7)),
    "chunks": lambda s: list(s.chunks(10**9, 10**6)),
    "slice": lambda s: s[: 10**7],
}


@pytest.mark.parametrize("verb", VERBS)
def test_control_c(verb: str) -> None:
    schedule = cancelling(gp, 10**9)
    with interrupted_after(0.4):
        VERBS[verb](schedule)
    assert schedule[3] == 0.0, "all is well afterwards"


def test_control_c_while_a_list_is_made() -> None:
    with interrupted_after(0.4):
        dynamic_lr.cosine_decay_lr(0.0, 0.1, 10**8, 1, 10**8)


def test_a_handler_that_raises_is_heard() -> None:
    """A time-out by SIGALRM, as in test runners."""

    class TooLongError(Exception):
        pass

    def ring(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with within(5), pytest.raises(TooLongError):
            cancelling(gp, 10**9).array(10**8, dtype="float32")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_handler_that_returns_changes_nothing() -> None:
    """A signal whose handler returns neither ends a fill nor changes its values."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        found = cancelling(gp, 3_000).array(6_000)
        long = gp.cosine(1.0, 0.0, 10**7).array(10**7)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert_same(found, np.zeros(6_000))
    assert (np.diff(long) <= 0).all()


# The caller's own sequences and arrays: their errors are raised, and signals are handled.


class Failing(Sequence[Any]):
    """A sequence that raises an error when a certain item is read."""

    def __init__(self, values: list[Any], at: int, error: BaseException) -> None:
        self.values, self.at, self.error = values, at, error

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: Any) -> Any:
        if i == self.at:
            raise self.error
        return self.values[i]


class Index:
    """An object whose `__index__` raises an error."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __index__(self) -> int:
        raise self.error


class Float(fractions.Fraction):
    """A number whose `__float__` raises an error."""

    def __float__(self) -> float:
        raise OSError("out of order")


READERS: dict[str, Callable[[Any], Any]] = {
    "gather": A.gather,
    "call": A,
    "table": gp.table,
    "values": lambda x: gp.piecewise_constant(x, [1, 2]),
    "milestones": lambda x: gp.piecewise_constant([1, 2, 3, 4], x),
    "replay": lambda x: gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=x),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("error", [OSError("out of order"), KeyboardInterrupt(), MemoryError(), ValueError("mine")])
@pytest.mark.parametrize("at", [0, 2])
def test_errors_of_a_sequence(reader: str, error: BaseException, at: int) -> None:
    with within(5), pytest.raises(type(error)) as caught:
        READERS[reader](Failing([1, 2, 3], at, error))
    assert caught.value is error


@pytest.mark.parametrize("reader", READERS)
def test_errors_of_an_item(reader: str) -> None:
    for error in (OSError("out of order"), KeyboardInterrupt(), MemoryError()):
        with pytest.raises((type(error), TypeError)) as caught:
            READERS[reader]([1, Index(error), 3])
        if reader not in ("table", "values"):  # there `__index__` is not a real number, and is not called
            assert caught.value is error
    with pytest.raises(OSError if reader in ("table", "values") else TypeError):
        READERS[reader]([1.0, Float(2), 3.0])


def test_a_refusal_names_what_it_comes_from() -> None:
    mine = TypeError("not now")
    for call in (A.at, A.delay, A.__getitem__):
        with pytest.raises(TypeError, match="got an object of type") as caught:
            call(Index(mine))
        assert caught.value.__cause__ is mine


# Messages are short, for any wrong value.

HUGE: dict[str, Any] = {
    "a string": "x" * 10**6,
    "a quote": "\"'" * 10**6,
    "bytes": b"x" * 10**6,
    "an int": 10**4000,
    "a larger int": 10**5000,
    "below 0": -(10**5000),
    "a list": ["x" * 10**6],
    "a type": type("x" * 10**6, (), {})(),
    "a dtype": np.zeros(3, dtype=[(f"field{i}", "f8") for i in range(10**4)]),
    "a numpy string": np.str_("x" * 10**6),
    "numpy bytes": np.bytes_("x" * 10**6),
    "a record": np.zeros(1, dtype=[(f"field{i}", "f8") for i in range(10**4)])[0],
}


@pytest.mark.parametrize("what", HUGE)
def test_messages_are_short(what: str) -> None:
    value = HUGE[what]
    others: list[Callable[[], Any]] = [
        lambda: A[value], lambda: A.at(value), lambda: A(value), lambda: A.gather([value]), lambda: A.gather(value),
        lambda: A.fill(value), lambda: A.gather([1], out=value), lambda: A.array(value),
        lambda: A.array(1, start=value), lambda: A.array(1, dtype=value), lambda: A.array(1, threads=value),
        lambda: A.chunks(5, value), lambda: A[:value],
        lambda: gp.replay(value), lambda: gp.replay("torch.StepLR", base_lr=value, step_size=3),
        lambda: gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=value),
        lambda: gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=[value]),
        lambda: gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=0.2, mode=value), lambda: A >> value,
        lambda: gp.replay("torch.ChainedScheduler", schedulers=[value]), lambda: A.then(value), lambda: A + value,
        lambda: gp.replay("torch.StepLR", base_lr=0.1, step_size=3, **{"x" * 10**6: 1}),
        lambda: gp.Schedule.from_json(value), lambda: gp.Schedule(value),
        lambda: gp.Schedule.from_json(json.dumps({"glidepath": 1, "schedule": {"kind": "x" * 10**6}})),
        lambda: gp.Schedule.from_json(json.dumps({"glidepath": 1, "schedule": {"kind": "constant", "x" * 10**6: 1}})),
        lambda: gp.Schedule.from_json(json.dumps({"glidepath": "x" * 10**6})),
        lambda: gp.Schedule.from_json('{"glidepath":1,"schedule":{"kind":"constant","value":1' + "0" * 10**6 + "}}"),
    ]  # fmt: skip
    messages: list[str] = []
    for call in (*others, *(lambda call=call: call(value) for *_, call in CALLS)):
        try:
            call()
        except (ValueError, TypeError, IndexError) as error:
            messages.append(str(error))
    assert messages
    for message in messages:
        assert len(message) < 600, message[:1_000]
        assert "Exceeds the limit" not in message, "Python's words"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gp.noam(10**5000, 1),
         "`noam.model_dim`: got an int of 16610 bits; it must be from 1 to 2**53. Pass 2**53 or less."),
        (lambda: gp.wsd(1.0, 100, 10, 10, shape="x" * 10**6),
         ("`wsd.shape`: got '" + "x" * 59 + "...; the shapes are 'linear', 'cosine', 'sqrt', 'exponential'. Take one "
          "of them, or join leaves with `then`.")),
        (lambda: gp.one_cycle(1e300, 100, start_div=1e-300),
         ("`one_cycle.start_div`: got 1e-300; 1e+300 divided by it is past the largest double. Pass a larger "
          "divisor.")),
        (lambda: gp.wsd(1e308, 100, 10, 10, end=-1e308, shape="sqrt"),
         ("`wsd.end`: got -1e+308 and a peak of 1e+308; the way between them must be a finite number. Take values that "
          "lie closer together.")),
        (lambda: gp.wsd(1e300, 100, 10, 10, end=1e-300, shape="exponential"),
         ("`wsd.end`: got 1e-300 and a peak of 1e+300; their ratio must be a number that a double holds. Take values "
          "that lie closer together.")),
        (lambda: gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=0.2, mode="x" * 10**6),
         ('`torch.CyclicLR.mode`: got "' + "x" * 60 + '..."; it must be one of triangular, triangular2, exp_range.')),
    ],
)  # fmt: skip
def test_whole_messages_about_large_values(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_small_values_decay_exponentially() -> None:
    """The product of two small numbers is 0, although both are above 0."""
    assert gp.wsd(1e-200, 100, 10, 10, end=1e-201, shape="exponential")[100] == 1e-201


@pytest.mark.parametrize("value", [np.array([1, 2]), np.array(5), [5], "5", 5.0, None])
def test_counts_of_composites_that_are_none(value: Any) -> None:
    for call in (lambda: gp.noam(value, 1), lambda: gp.noam(1, value), lambda: gp.warmup_cosine(1.0, value, 0.1)):
        with pytest.raises(TypeError, match=r"must be an integer. Round it, or convert it with int\(\)."):
            call()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.int64(-1), "np.int64(-1)"),
        (np.uint8(200), "np.uint8(200)"),
        (np.float32(0.1), "np.float32(0.1)"),
        (np.float64(0.1), "0.1"),
        (np.longdouble(0.5), "np.longdouble(0.5)"),
        (np.complex64(1 + 2j), "np.complex64(1+2j)"),
        (np.True_, "np.True_"),
        (np.str_("x"), "'x'"),
        (np.datetime64(3, "s"), "an object of type numpy.datetime64"),
    ],
)
def test_a_numpy_scalar_is_shown_with_its_type(value: Any, shown: str) -> None:
    """Also with numpy 1, whose `repr` shows no type: "got 2; it must be an int" would not help."""
    assert _shown(value) == shown


@pytest.mark.parametrize(("every", "got"), [(2**13, "9223372036854775808"), (2**20, "2**64 steps or more")])
def test_a_schedule_that_gets_too_long_says_how_long(every, got):
    with pytest.raises(ValueError) as caught:
        gp.linear(0.0, 1.0, 2**50).by_epoch(every)
    steps = got if got.endswith("more") else f"{got} steps"
    assert str(caught.value) == (
        f"`by_epoch`: got {steps} in all; a schedule lasts at most 2**53 steps. Shorten a part."
    )
