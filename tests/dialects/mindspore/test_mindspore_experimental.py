"""The experimental schedulers on MindSpore's optimizers: each step sets MindSpore's learning rates."""

from __future__ import annotations

import inspect
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp
from mindspore_classes import ulps

pytestmark = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
ms = pytest.importorskip("mindspore")

from mindspore.experimental import optim  # noqa: E402 (only where it is installed)
from mindspore.experimental.optim import lr_scheduler as theirs  # noqa: E402 (the same)

from glidepath.mindspore import experimental as ours  # noqa: E402 (the same)

NEAR = 2
"""The most units in the last place by which glidepath and MindSpore may differ."""
Make = Callable[[Any, Any], Any]


def optimizer(lrs: list[float], kind: str = "SGD") -> Any:
    groups = [
        {"params": [ms.Parameter(ms.Tensor(np.float32([i, 1.0])), name=f"p{i}")], "lr": lr} for i, lr in enumerate(lrs)
    ]
    return getattr(optim, kind)(groups, lr=0.1)


def seen(scheduler: Any) -> list[float]:
    return [float(lr.asnumpy()) for lr in scheduler.get_last_lr()]


def rates(module: Any, make: Make, lrs: list[float], steps: int, kind: str = "SGD") -> Any:
    used = optimizer(lrs, kind)
    scheduler = make(module, used)
    found = [seen(scheduler)]
    for _ in range(steps):
        scheduler.step()
        found.append(seen(scheduler))
        assert found[-1] == [float(group["lr"].asnumpy()) for group in used.param_groups]
    return np.float32(found)


def some(name: str, rng: Random) -> Make:
    """A scheduler of that class, with random arguments."""
    n, gamma, end = rng.randint(1, 15), rng.choice((0.1, 0.5, 0.9, 0.99, 1.1)), rng.choice((0.0, 1e-3))
    part, milestones = rng.uniform(0.1, 1.0), [rng.randint(0, 25) for _ in range(4)]
    makes: dict[str, Make] = {
        "StepLR": lambda m, o: m.StepLR(o, n, gamma),
        "LinearLR": lambda m, o: m.LinearLR(o, part, 1.0 - part / 2, n),
        "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: gamma ** (epoch / 3)),
        "ExponentialLR": lambda m, o: m.ExponentialLR(o, gamma),
        "PolynomialLR": lambda m, o: m.PolynomialLR(o, n, 2.0 * part),
        "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda epoch: 1.0 / (epoch + 1.0)),
        "MultiStepLR": lambda m, o: m.MultiStepLR(o, milestones, gamma),
        "ConstantLR": lambda m, o: m.ConstantLR(o, part, n),
        "SequentialLR": lambda m, o: m.SequentialLR(
            o, [m.ConstantLR(o, part, 3), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, n), m.LinearLR(o)],
            [4, 10, 17],
        ),
        "CyclicLR": lambda m, o: m.CyclicLR(
            o, 0.01, 0.1, n, None if n % 2 else n + 3, ("triangular", "triangular2", "exp_range")[n % 3], 0.97
        ),
        "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, n, 1 + n % 3, end),
        "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, n, end),
    }  # fmt: skip
    return makes[name]


STEPPED = (
    "StepLR", "LinearLR", "LambdaLR", "ExponentialLR", "PolynomialLR", "MultiplicativeLR", "MultiStepLR", "ConstantLR",
    "SequentialLR", "CyclicLR", "CosineAnnealingWarmRestarts", "CosineAnnealingLR",
)  # fmt: skip


def test_all_of_mindspore_s_are_here() -> None:
    assert set(theirs.__all__) == {*STEPPED, "LRScheduler", "ReduceLROnPlateau"}
    assert set(ours.optim.lr_scheduler.__all__) == {*theirs.__all__, "OneCycleLR", "ChainedScheduler"}
    assert set(ours.__all__) == {*ours.optim.lr_scheduler.__all__, "Scheduler", "optim", "preview", "schedule", "seek"}


def test_the_paths_are_mindspore_s() -> None:
    import glidepath.mindspore.experimental.optim.lr_scheduler as by_path
    from glidepath.mindspore.experimental.optim import SGD, Adam, lr_scheduler
    from glidepath.mindspore.experimental.optim.lr_scheduler import StepLR

    assert by_path is lr_scheduler is ours.optim.lr_scheduler
    assert StepLR is ours.StepLR is lr_scheduler.StepLR
    assert (SGD, Adam) == (optim.SGD, optim.Adam)
    assert all(getattr(ours.optim, name) is getattr(optim, name) for name in optim.__all__)
    assert ours.MapParameter is ms.experimental.MapParameter
    with pytest.raises(AttributeError, match="has no attribute 'Adamm'"):
        _ = ours.optim.Adamm


@pytest.mark.parametrize("name", theirs.__all__)
def test_names_order_and_defaults_are_mindspore_s(name: str) -> None:
    def parameters(made: Any) -> list[tuple[str, Any]]:
        return [(p.name, p.default) for p in inspect.signature(made).parameters.values()]

    assert parameters(getattr(ours, name)) == parameters(getattr(theirs, name))


@pytest.mark.parametrize("name", STEPPED)
def test_every_step_gives_mindspore_s_learning_rates(name: str) -> None:
    for seed in range(6):
        rng = Random(f"{name} {seed}")
        make, lrs = some(name, rng), [rng.choice((0.1, 0.05, 3e-4)) for _ in range(rng.randint(1, 3))]
        kind = rng.choice(("SGD", "Adam"))
        want = rates(theirs, make, lrs, 30, kind)
        got = rates(ours, make, lrs, 30, kind)
        assert ulps(got, want).max() <= NEAR, (name, seed, got, want)


@pytest.mark.parametrize("name", ["StepLR", "LinearLR", "ExponentialLR", "PolynomialLR", "ConstantLR",
                                  "CosineAnnealingLR"])  # fmt: skip
def test_an_epoch_that_is_given_has_mindspore_s_learning_rate(name: str) -> None:
    for seed in range(3):
        make = some(name, Random(f"{name} {seed}"))
        pair = [make(module, optimizer([0.1, 0.01])) for module in (theirs, ours)]
        for epoch in (3, 0, 7, 1, 20):
            for scheduler in pair:
                scheduler.step(epoch)
            assert ulps(np.float32(seen(pair[1])), np.float32(seen(pair[0]))).max() <= NEAR, (name, seed, epoch)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_a_plateau_is_mindspore_s(mode: str, threshold_mode: str) -> None:
    rng = Random(f"{mode} {threshold_mode}")
    for _ in range(3):
        given = {
            "factor": rng.choice((0.1, 0.5)), "patience": rng.randint(0, 3), "threshold": rng.choice((1e-4, 0.1)),
            "cooldown": rng.randint(0, 3), "min_lr": rng.choice((0, 1e-3)),
        }  # fmt: skip
        metrics = [math.sin(k) + rng.random() for k in range(30)]
        pair = [
            module.ReduceLROnPlateau(optimizer([0.1, 0.02]), mode, threshold_mode=threshold_mode, **given)
            for module in (theirs, ours)
        ]
        for metric in metrics:
            pair[0].step(ms.Tensor(metric, ms.float32))
            pair[1].step(metric)
            assert ulps(np.float32(seen(pair[1])), np.float32(seen(pair[0]))).max() <= NEAR, (given, metric)
        assert seen(pair[1])[0] < 0.1


def test_a_scale_of_one_s_own() -> None:
    def make(module: Any, used: Any) -> Any:
        return module.CyclicLR(used, [0.01, 0.02], [0.1, 0.2], 3, 4, scale_fn=lambda x: 0.5**x, scale_mode="cycle")

    assert ulps(rates(ours, make, [0.1, 0.1], 20), rates(theirs, make, [0.1, 0.1], 20)).max() <= NEAR


# What MindSpore's schedulers do not have.


@pytest.mark.parametrize("name", [*STEPPED, "OneCycleLR", "ChainedScheduler"])
def test_a_state_that_is_loaded_goes_on_as_if_nothing_had_happened(name: str) -> None:
    extra: dict[str, Make] = {
        "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.1, 40),
        "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.5, 4), m.ExponentialLR(o, 0.9)]),
    }
    make = extra.get(name) or some(name, Random(name))
    whole = rates(ours, make, [0.1, 0.02], 20)
    half = make(ours, optimizer([0.1, 0.02]))
    for _ in range(8):
        half.step()
    state = json.loads(json.dumps(half.state_dict()))
    resumed = make(ours, optimizer([0.1, 0.02]))
    resumed.load_state_dict(state)
    found = [seen(resumed)]
    for _ in range(12):
        resumed.step()
        found.append(seen(resumed))
    assert np.float32(found).tobytes() == whole[8:].tobytes()


def test_a_plateau_s_state_travels_too() -> None:
    one = ours.ReduceLROnPlateau(optimizer([0.1]), patience=1)
    for metric in (1.0, 1.0, 1.0):
        one.step(metric)
    other = ours.ReduceLROnPlateau(optimizer([0.1]), patience=1)
    other.load_state_dict(one.state_dict())
    assert (seen(other), other.best, other.wait) == (seen(one), one.best, one.wait)
    assert seen(other)[0] < 0.1


def test_a_state_of_another_kind_is_refused() -> None:
    state = ours.StepLR(optimizer([0.1]), 3).state_dict()
    with pytest.raises(ValueError, match=re.escape("load_state_dict`: got a state with ['base_lrs', 'gamma'")):
        ours.ExponentialLR(optimizer([0.1]), 0.9).load_state_dict(state)
    with pytest.raises(ValueError, match=re.escape("load_state_dict`: got a state of 1 groups, here 2; there must be")):
        ours.StepLR(optimizer([0.1, 0.2]), 3).load_state_dict(state)


def nested(used: Any) -> Any:
    first = ours.SequentialLR(used, [ours.ConstantLR(used, 0.5, 2), ours.ExponentialLR(used, 0.5)], [2])
    second = ours.ChainedScheduler([ours.ConstantLR(used, 0.1, 3), ours.ExponentialLR(used, 0.9)])
    return ours.SequentialLR(used, [first, second], [5])


def test_a_nested_state_brings_its_initial_learning_rates() -> None:
    whole = nested(optimizer([0.1, 0.02]))
    half = nested(optimizer([0.1, 0.02]))
    for _ in range(3):
        whole.step()
        half.step()
    resumed = nested(optimizer([0.5, 0.7]))  # with other learning rates, which the state replaces
    resumed.load_state_dict(json.loads(json.dumps(half.state_dict())))
    for _ in range(6):
        whole.step()
        resumed.step()
        assert seen(resumed) == seen(whole)
    resumed.step(0)
    assert seen(resumed) == [float(np.float32(0.05)), float(np.float32(0.01))]


class Noted(ours.StepLR):
    """A subclass with attributes of every type that a state can contain."""

    def __init__(self, used: Any) -> None:
        self.notes, self.seen = {"a": [1, 2]}, np.array([1, 2], dtype=np.int16)
        self.weight, self.best, self.pair = ms.Tensor([0.5, 0.25], ms.float32), None, (1, "x")
        self.scale, self.hook = np.float32(0.1), seen
        self.count = ms.Parameter(ms.Tensor(1, ms.int32), name="count")
        self.tally, self.orders = Counter({"a": 1, 3: 0}), defaultdict(int, x=1)
        super().__init__(used, 2, 0.5)


def test_a_state_holds_what_a_subclass_has_and_shares_nothing_with_it() -> None:
    one, other = Noted(optimizer([0.1])), Noted(optimizer([0.1]))
    one.notes["a"].append(3)
    one.seen[0], one.best, one.scale, one.pair = 7, 0.25, np.float32(0.3), (2, "y")
    one.weight = ms.Tensor([2.0, 3.0], ms.float32)
    one.tally[3] += 2
    one.orders["y"] += 5
    ms.ops.assign(one.count, ms.Tensor(8, ms.int32))
    state, parameter = one.state_dict(), other.count
    assert "hook" not in state
    other.load_state_dict(json.loads(json.dumps(state)))
    assert (other.notes, other.best, other.pair) == ({"a": [1, 2, 3]}, 0.25, (2, "y"))
    assert (other.seen.dtype, other.seen.tolist()) == (np.int16, [7, 2])
    assert (type(other.scale), other.scale) == (np.float32, one.scale)
    assert (other.weight.dtype, other.weight.asnumpy().tolist()) == (ms.float32, [2.0, 3.0])
    assert other.count is parameter
    assert int(parameter) == 8
    assert (other.tally, other.orders["y"], other.orders["z"]) == (Counter({"a": 1, 3: 2}), 5, 0)
    other.load_state_dict(state)
    state["notes"]["a"].clear()
    state["seen"][0] = state["base_lrs"][0] = 0
    for scheduler in (one, other):
        assert scheduler.notes == {"a": [1, 2, 3]}
        assert (scheduler.seen[0], float(scheduler.base_lrs[0])) == (7, float(np.float32(0.1)))


def test_a_list_that_was_given_is_not_shared() -> None:
    used, milestones, ends = optimizer([0.1]), [1, 2], [3]
    steps = ours.MultiStepLR(used, milestones, 0.5)
    sequence = ours.SequentialLR(used, [steps, ours.ExponentialLR(used, 0.5)], ends)
    milestones.clear()
    ends[0] = 1
    sequence.step()
    assert seen(sequence) == [float(np.float32(0.05))]
    assert sequence.milestones == [3]


WRONG_STATES: list[tuple[str, Any, str]] = [
    ("last_epoch", "x", "`StepLR.load_state_dict.state['last_epoch']`: got 'x'; here stands 3, so that it must be of"),
    ("last_epoch", 2.5, "`StepLR.load_state_dict.state['last_epoch']`: got 2.5; it must be an int. Convert it"),
    ("last_epoch", -2, "`StepLR.load_state_dict.state['last_epoch']`: got -2; it must be from -1 to 2**53. To start a"),
    ("gamma", "x", "`StepLR.load_state_dict.state['gamma']`: got 'x'; here stands 0.5, so"),
    ("gamma", math.nan, "`mindspore.experimental.StepLR.gamma`: got nan; it must be a finite number."),
    ("step_size", 0, "`mindspore.experimental.StepLR.step_size`: got 0; it must be a whole number of steps from 1"),
    ("lrs", ["x"], "`StepLR.load_state_dict.state['lrs'][0]`: got 'x'; it must be a number. Convert it"),
    ("base_lrs", ["x"], "`StepLR.load_state_dict.state['base_lrs']`: got ['x']; here stands [Tensor("),
    ("lrs", 3, "`StepLR.load_state_dict`: got a state with ["),
    ("lrs", [0.1, 0.2], "`StepLR.load_state_dict`: got a state of 2 groups, here 1; there must be as many."),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "message"), WRONG_STATES)
def test_a_state_with_a_wrong_value_changes_nothing(key: str, value: Any, message: str) -> None:
    scheduler = ours.StepLR(optimizer([0.1]), 2, 0.5)
    for _ in range(3):
        scheduler.step()
    before = scheduler.state_dict()
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        scheduler.load_state_dict(before | {"step_size": 7} | {key: value})
    assert scheduler.state_dict() == before


def test_a_state_is_a_dict() -> None:
    with pytest.raises(TypeError, match=re.escape("`StepLR.load_state_dict`: got 3; it must be a dict. Load what")):
        ours.StepLR(optimizer([0.1]), 2).load_state_dict(3)


def test_a_wrong_state_of_a_part_changes_nothing() -> None:
    scheduler = nested(optimizer([0.1]))
    scheduler.step()
    before, state = scheduler.state_dict(), scheduler.state_dict()
    state["parts"][0]["last_epoch"] = 4
    state["parts"][1]["parts"][1]["gamma"] = "x"
    with pytest.raises(TypeError, match=re.escape("`ExponentialLR.load_state_dict.state['gamma']`: got 'x'; here")):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before


# What a user changes in the optimizer.


@pytest.mark.parametrize("name", STEPPED)
def test_a_group_that_is_added_is_left_alone(name: str) -> None:
    def stepped(module: Any) -> Any:
        used = optimizer([0.1, 0.02])
        scheduler = some(name, Random(name))(module, used)
        found = []
        for epoch in range(8):
            if epoch == 3:
                used.add_param_group({"params": [ms.Parameter(ms.Tensor([1.0]), name="late")], "lr": 0.7})
            scheduler.step()
            found.append(seen(scheduler))
        assert float(used.param_groups[2]["lr"].asnumpy()) == np.float32(0.7)
        return np.float32(found)

    got = stepped(ours)
    assert got.shape == (8, 2)
    assert ulps(got, stepped(theirs)).max() <= NEAR


def test_a_sequence_of_schedulers_older_than_a_group() -> None:
    used = optimizer([0.1])
    parts = [ours.ConstantLR(used, 0.5, 2), ours.ExponentialLR(used, 0.5)]
    used.add_param_group({"params": [ms.Parameter(ms.Tensor([1.0]), name="late")], "lr": 0.7})
    sequence = ours.SequentialLR(used, parts, [2])
    for _ in range(3):
        sequence.step()
    assert seen(sequence) == [float(np.float32(0.05))]
    assert float(used.param_groups[1]["lr"].asnumpy()) == np.float32(0.7)


@pytest.mark.parametrize("value", [0.3, 1, np.float64(0.3), ms.Tensor(0.3, ms.float32)])
def test_a_learning_rate_that_a_user_sets_is_gone_on_from(value: Any) -> None:
    used = optimizer([0.1, 0.02])
    scheduler = ours.ExponentialLR(used, 0.5)
    parameter = used.param_groups[0]["lr"]
    used.param_groups[0]["lr"] = value
    assert seen(scheduler)[0] == np.float32(value)
    scheduler.step()
    assert seen(scheduler) == [np.float32(value) * np.float32(0.5), np.float32(0.01)]
    assert used.param_groups[0]["lr"] is parameter is used.lrs[0], "where the optimizer looks"
    used.param_groups[1]["lr"] = "x"
    with pytest.raises(TypeError, match=re.escape("`optimizer.param_groups[1]['lr']`: got 'x'; it must be a number.")):
        scheduler.step()


def test_it_starts_from_a_learning_rate_that_a_user_has_set() -> None:
    used = optimizer([0.1])
    used.param_groups[0]["lr"] = 0.5
    scheduler = ours.StepLR(used, 1, 0.5)
    scheduler.step()
    assert seen(scheduler) == [0.25]
    assert used.param_groups[0]["initial_lr"].asnumpy() == 0.5


# Subclasses, and the attributes that they read.


def test_a_closed_form_of_one_s_own_answers_a_given_epoch() -> None:
    def found(module: Any) -> list[float]:
        class Own(module.LRScheduler):  # type: ignore[misc,name-defined]
            def get_lr(self) -> Any:
                return [lr * 1.0 for lr in self._last_lr]

            def _get_closed_form_lr(self) -> Any:
                return [base * 0.5**self.last_epoch for base in self.base_lrs]

        class Stepped(module.StepLR):  # type: ignore[misc,name-defined]
            def _get_closed_form_lr(self) -> Any:
                return [base * 0.25 for base in self.base_lrs]

        schedulers = Own(optimizer([1.0])), Stepped(optimizer([1.0]), 2)
        for scheduler in schedulers:
            scheduler.step(3)
        return [seen(scheduler)[0] for scheduler in schedulers]

    assert found(ours) == found(theirs) == [0.125, 0.25]


MADE: dict[str, Make] = {
    **{name: some(name, Random(name)) for name in STEPPED},
    "ReduceLROnPlateau": lambda m, o: m.ReduceLROnPlateau(o, "max", min_lr=[0.001, 0.002]),
}
INSIDE = {"increase_tensor", "zero_tensor", "floor", "cast", "cos", "log", "min", "assign", "math_pi"}
"""Attributes with MindSpore's operations and constants."""


@pytest.mark.parametrize("name", MADE)
def test_attributes_are_mindspore_s(name: str) -> None:
    def number(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [number(item) for item in value]
        return value.asnumpy().tolist() if isinstance(value, ms.Tensor) else value

    pair = [MADE[name](module, optimizer([0.1, 0.02])) for module in (theirs, ours)]
    for _ in range(4 if name != "ReduceLROnPlateau" else 0):
        for scheduler in pair:
            scheduler.step()
    public = {key for key in vars(pair[0]) if not key.startswith("_")} - INSIDE - {"optimizer", "lr_lambdas"}
    assert {"last_epoch"} <= public
    for key in public:
        want, got = number(getattr(pair[0], key)), number(getattr(pair[1], key))
        assert got == (want if isinstance(want, str) else pytest.approx(want, rel=1e-6)), key
    if "base_lrs" in public:
        assert all(isinstance(base, ms.Tensor) for base in pair[1].base_lrs)


def test_a_schedule_is_a_factor() -> None:
    curve = gp.cosine(1.0, 0.0, 10)
    as_it_is = rates(ours, lambda m, o: m.LambdaLR(o, curve), [0.1, 0.02], 12)
    assert (
        as_it_is.tobytes()
        == rates(ours, lambda m, o: m.LambdaLR(o, lambda e: curve[int(e)]), [0.1, 0.02], 12).tobytes()
    )
    assert ulps(as_it_is[:, 0], np.float32(0.1) * curve.array(13, dtype="float32")).max() <= 1
    product = rates(ours, lambda m, o: m.MultiplicativeLR(o, [gp.constant(0.5), lambda e: 0.5]), [0.1, 0.1], 6)
    assert product[:, 0].tobytes() == product[:, 1].tobytes()
    assert product[6, 0] == np.float32(0.1) / 64


def test_the_epoch_does_not_stand_still_at_2_to_the_24() -> None:
    scheduler = ours.StepLR(optimizer([0.1]), 2**24 + 2, 0.5)
    scheduler.last_epoch = 2**24 - 2
    for _ in range(6):
        scheduler.step()
    assert scheduler.last_epoch == 2**24 + 4
    assert seen(scheduler) == [float(np.float32(0.1) * np.float32(0.5))]
    stuck = theirs.StepLR(optimizer([0.1]), 2**24 + 2, 0.5)
    ms.ops.assign(stuck.last_epoch, ms.Tensor(2**24 - 2, ms.float32))
    for _ in range(6):
        stuck.step()
    assert float(stuck.last_epoch.asnumpy()) == 2**24, "MindSpore's does: if no more, this page of the docs is old"


def test_multi_step_works_inside_sequential() -> None:
    def make(module: Any, used: Any) -> Any:
        parts = [module.ConstantLR(used, 0.5, 3), module.MultiStepLR(used, [2, 4], 0.1)]
        return module.SequentialLR(used, parts, [3])

    got = rates(ours, make, [0.1], 8)[:, 0]
    want = [0.05, 0.05, 0.05, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    assert ulps(got, np.float32(want)).max() <= NEAR
    with pytest.raises(AttributeError, match="step_size"):
        rates(theirs, make, [0.1], 8)


def test_composites_nest() -> None:
    used = optimizer([0.1])
    inner = ours.SequentialLR(used, [ours.ConstantLR(used, 0.5, 2), ours.ExponentialLR(used, 0.5)], [2])
    chained = ours.ChainedScheduler([ours.ConstantLR(used, 0.1, 3), ours.ExponentialLR(used, 0.9)])
    outer = ours.SequentialLR(used, [inner, chained], [5])
    found = [seen(outer)[0]]
    for _ in range(9):
        outer.step()
        found.append(seen(outer)[0])
    first = [0.05, 0.05, 0.1, 0.05, 0.025]
    then = [0.01 * 0.9**k * (10.0 if k >= 3 else 1.0) for k in range(5)]
    assert ulps(np.float32(found), np.float32(first + then)).max() <= 4


def test_chained_is_the_product_of_its_parts() -> None:
    used = optimizer([0.1, 0.2])
    chained = ours.ChainedScheduler([ours.ConstantLR(used, 0.1, 3), ours.ExponentialLR(used, 0.9)])
    assert ulps(np.float32(seen(chained)), np.float32([0.01, 0.02])).max() <= NEAR
    for _ in range(3):
        chained.step()
    assert ulps(np.float32(seen(chained)), np.float32([0.1 * 0.9**3, 0.2 * 0.9**3])).max() <= 4


@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize("anneal_strategy", ["cos", "linear"])
def test_one_cycle(three_phase: bool, anneal_strategy: str) -> None:
    given = {"pct_start": 0.25, "three_phase": three_phase, "anneal_strategy": anneal_strategy}
    used = optimizer([0.5])
    scheduler = ours.OneCycleLR(used, 0.1, epochs=4, steps_per_epoch=10, **given)
    schedule = gp.replay("mindspore.experimental.OneCycleLR", max_lr=0.1, total_steps=40, **given)
    found = [seen(scheduler)[0]]
    for _ in range(39):
        scheduler.step()
        found.append(seen(scheduler)[0])
    assert found == schedule.array(40).tolist()
    assert (found[0], found[9]) == (float(np.float32(0.1 / 25)), float(np.float32(0.1)))
    assert ulps(np.float32(found[39]), np.float32(0.1 / 25 / 1e4)) == 0
    assert max(found) == found[9]
    scheduler.step()  # a usual loop ends one step after the last: the value is that of PyTorch's formula
    torch_s = gp.replay("torch.OneCycleLR", max_lr=0.1, total_steps=40, **given)
    assert seen(scheduler) == [schedule[40]]
    assert ulps(np.float32(seen(scheduler)), np.float32([torch_s[40]])).max() <= 1
    assert found[39] != schedule[40]
    with pytest.raises(ValueError, match=re.escape("`OneCycleLR.step`: got step 41; there are 40 steps in all.")):
        scheduler.step()


def test_attributes_are_live() -> None:
    scheduler = ours.ExponentialLR(optimizer([1.0]), 0.5)
    scheduler.step()
    scheduler.gamma = 0.25
    scheduler.step()
    assert seen(scheduler) == [0.125]


def test_restarts_take_fractions() -> None:
    scheduler = ours.CosineAnnealingWarmRestarts(optimizer([0.1]), 4, 2)
    scheduler.step(0.5)
    want = 0.1 * (1 + math.cos(math.pi * 0.5 / 4)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR
    scheduler.step(5.5)  # in the second cycle, where MindSpore's raises
    want = 0.1 * (1 + math.cos(math.pi * 1.5 / 8)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR
    assert scheduler.last_epoch == 5
    scheduler.step()
    want = 0.1 * (1 + math.cos(math.pi * 2.5 / 8)) / 2
    assert ulps(np.float32(seen(scheduler)), np.float32([want])).max() <= NEAR


def test_a_scheduler_of_one_s_own() -> None:
    class Halved(ours.LRScheduler):
        def get_lr(self) -> Any:
            return [base / 2**self.last_epoch for base in self.base_lrs]

    scheduler = Halved(optimizer([1.0, 2.0]))
    scheduler.step()
    assert seen(scheduler) == [0.5, 1.0]


def test_a_step_gives_true() -> None:
    for module in (theirs, ours):
        assert module.StepLR(optimizer([0.1]), 2).step() is True
        assert module.ReduceLROnPlateau(optimizer([0.1])).step(ms.Tensor(1.0)) is True


def test_it_resumes_from_an_epoch() -> None:
    used = optimizer([0.1])
    with pytest.raises(KeyError, match="initial_lr"):
        ours.StepLR(used, 3, last_epoch=4)
    scheduler = ours.StepLR(used, 3, 0.5)
    resumed = ours.StepLR(used, 3, 0.5, last_epoch=2)
    assert resumed.last_epoch == 3
    assert seen(resumed) == [float(np.float32(0.05))]
    assert scheduler.last_epoch == 0


def test_a_long_line_stays_near() -> None:
    """MindSpore divides a number by a Tensor with a reciprocal, and the recurrence adds up these rounding errors."""
    want, got = (rates(module, lambda m, o: m.LinearLR(o, 0.17, 0.99, 52), [0.1], 60) for module in (theirs, ours))
    assert (np.abs(got.view(np.int32) - want.view(np.int32)) <= 2).all()


def test_a_sequence_that_is_resumed() -> None:
    def resumed(module: Any) -> list[float]:
        used = optimizer([0.1], "SGD")
        used.param_groups[0]["initial_lr"] = ms.Tensor(0.1, ms.float32)
        parts = [
            module.LambdaLR(used, lambda e: 0.9**e, last_epoch=1),
            module.LambdaLR(used, lambda e: 0.5**e, last_epoch=1),
        ]
        scheduler = module.SequentialLR(used, parts, [4], last_epoch=1)
        found = seen(scheduler)
        for _ in range(4):
            scheduler.step()
            found += seen(scheduler)
        return found

    assert resumed(ours) == resumed(theirs)


# Odd arguments: those that MindSpore takes work, except for clear mistakes.

ODD: list[Make] = [
    lambda m, o: m.CyclicLR(o, 0.01, 0.2, 3, 0), lambda m, o: m.CyclicLR(o, 0.01, 0.2, 0.5, 2.25),
    lambda m, o: m.CyclicLR(o, ms.Tensor(0.01), [ms.Tensor(0.2)], 3, gamma=ms.Tensor(0.9), mode="exp_range"),
    lambda m, o: m.CyclicLR(o, 0, 1, 3, mode="triangular2", scale_mode="iterations"),
    lambda m, o: m.CyclicLR(o, 0.01, 0.2, 3, mode="x", scale_fn=lambda x: 0.5**x, scale_mode="x"),
    lambda m, o: m.LinearLR(o, ms.Tensor(0.5), ms.Tensor(0.75), 4), lambda m, o: m.LinearLR(o, 1, 0, 4),
    lambda m, o: m.LinearLR(o, np.float32(0.5), 1, 0), lambda m, o: m.ConstantLR(o, ms.Tensor(0.5), 3),
    lambda m, o: m.ConstantLR(o, 0.5, 0), lambda m, o: m.StepLR(o, 2**31, -0.5), lambda m, o: m.ExponentialLR(o, -0.5),
    lambda m, o: m.PolynomialLR(o, 0), lambda m, o: m.PolynomialLR(o, 4, 0.0),
    lambda m, o: m.MultiStepLR(o, [3, -1, 3, 1], 2), lambda m, o: m.MultiStepLR(o, []),
    lambda m, o: m.LambdaLR(o, lambda e: True), lambda m, o: m.MultiplicativeLR(o, lambda e: np.float32(0.5)),
    lambda m, o: m.CosineAnnealingLR(o, 1), lambda m, o: m.CosineAnnealingLR(o, 4, 1),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5)], [0]),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5)], [-1]),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5)], (2.5,)),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5), m.StepLR(o, 2)], [3, 3]),
]  # fmt: skip


@pytest.mark.parametrize("make", ODD, ids=range(len(ODD)))
def test_an_odd_argument_gives_what_mindspore_makes_of_it(make: Make) -> None:
    want = rates(theirs, make, [0.1], 10)
    assert np.isfinite(want).all()
    assert ulps(rates(ours, make, [0.1], 10), want).max() <= NEAR


@pytest.mark.parametrize("epoch", [3.0, True, np.int64(3), ms.Tensor(3), ms.Tensor(3.0)])
def test_an_epoch_may_be_any_whole_number(epoch: Any) -> None:
    scheduler = ours.StepLR(optimizer([0.1]), 1, 0.5)
    scheduler.step(epoch)
    assert scheduler.last_epoch == int(epoch)
    assert type(scheduler.last_epoch) is int


MISTAKES: list[tuple[Make, str]] = [
    (lambda m, o: m.StepLR(o, 0), "`StepLR.step_size`: got 0; it must be an int from 1 to 2**53."),
    (lambda m, o: m.StepLR(o, -3), "`StepLR.step_size`: got -3; it must be an int from 1 to 2**53."),
    (lambda m, o: m.StepLR(o, True), "`StepLR.step_size`: got True; it must be an int."),
    (lambda m, o: m.StepLR(o, np.int64(2)), "`StepLR.step_size`: got np.int64(2); it must be an int. Convert it with"),
    (lambda m, o: m.MultiStepLR(o, [np.int64(2)]), "`MultiStepLR.milestones[0]`: got np.int64(2); it must be an int."),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, np.int64(3)),
     "`CosineAnnealingWarmRestarts.T_0`: got np.int64(3); it must be an int. Convert it with `int()`."),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, 2.0),
     "`CosineAnnealingWarmRestarts.T_mult`: got 2.0; it must be an int. Count whole epochs."),
    (lambda m, o: m.StepLR(o, 10**400), "`StepLR.step_size`: got 1" + "0" * 59 + "...; it must be an int from 1"),
    (lambda m, o: m.StepLR(o, 2, math.nan), "`StepLR.gamma`: got nan; it must be a finite float."),
    (lambda m, o: m.LinearLR(o, total_iters=-1), "`LinearLR.total_iters`: got -1; it must be an int from 0 to 2**53."),
    (lambda m, o: m.LinearLR(o, 10**400), "`LinearLR.start_factor`: got 1" + "0" * 59 + "...; it must"),
    (lambda m, o: m.LinearLR(o, "x"), "`LinearLR.start_factor`: got 'x'; it must be a number."),
    (lambda m, o: m.ConstantLR(o, True), "`ConstantLR.factor`: got True; it must be a number."),
    (lambda m, o: m.ConstantLR(o, 0.5, -3), "`ConstantLR.total_iters`: got -3; it must be an int from 0 to 2**53."),
    (lambda m, o: m.PolynomialLR(o, -1), "`PolynomialLR.total_iters`: got -1; it must be an int from 0 to 2**53."),
    (lambda m, o: m.CosineAnnealingLR(o, -1), "`CosineAnnealingLR.T_max`: got -1; it must be an int from 1 to 2**53."),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, 3.0), "`CosineAnnealingWarmRestarts.T_0`: got 3.0; it must be an i"),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, True), "`CosineAnnealingWarmRestarts.T_0`: got True; it must be an"),
    (lambda m, o: m.CyclicLR(o, 0.1, True), "`CyclicLR.max_lr`: got True; it must be a number."),
    (lambda m, o: m.CyclicLR(o, 0.1, math.inf), "`CyclicLR.max_lr`: got inf; it must be a finite number."),
    (lambda m, o: m.CyclicLR(o, 0.1, 0.2, 0), "`mindspore.experimental.CyclicLR.step_size_up`: got 0.0; it must be a"),
    (lambda m, o: m.CyclicLR(o, 0.1, 0.2, 3, -1), "`mindspore.experimental.CyclicLR.step_size_down`: got -1.0; it mus"),
    (lambda m, o: m.ReduceLROnPlateau(o, min_lr="x"), "`ReduceLROnPlateau.min_lr`: got 'x'; it must be a number."),
    (lambda m, o: m.ReduceLROnPlateau(o).step("1"), "`ReduceLROnPlateau.step.metrics`: got '1'; it must be a number."),
    (lambda m, o: m.ChainedScheduler([]), "`ChainedScheduler.schedulers`: got none; there must be one at least."),
    (lambda m, o: m.CyclicLR(o, 0.1, 0.2, mode=[1]), "`CyclicLR.mode`: got an object of type list"),
    (lambda m, o: m.StepLR(o, 2).step(2.5), "`StepLR.step.epoch`: got 2.5; it must be a whole number. Only CosineAnne"),
    (lambda m, o: m.StepLR(o, 2).step(-1), "`StepLR.step.epoch`: got -1; it must be a number from 0 to 2**53. Count"),
    (lambda m, o: m.StepLR(o, 2).step("3"), "`StepLR.step.epoch`: got '3'; it must be a number from 0 to 2**53. Conve"),
    (lambda m, o: m.StepLR(o, 2).step(math.nan), "`StepLR.step.epoch`: got nan; it must be a number from 0 to 2**53."),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, 2).step("3"), "`CosineAnnealingWarmRestarts.step.epoch`: got '3';"),
    (lambda m, o: m.CosineAnnealingWarmRestarts(o, 2).step(math.inf), "`CosineAnnealingWarmRestarts.step.epoch`: got"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), MISTAKES)
def test_a_plain_mistake_is_refused(make: Make, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        make(ours, optimizer([0.1]))


@pytest.mark.parametrize("module", [ours, theirs])
def test_a_plateau_in_a_composite_is_refused(module: Any) -> None:
    def messages() -> Iterator[str]:
        for compose in (
            lambda o, parts: ours.SequentialLR(o, parts, [3]),
            lambda o, parts: ours.ChainedScheduler(parts),
        ):
            used = optimizer([0.1])
            with pytest.raises(TypeError) as caught:
                compose(used, [ours.LinearLR(used), module.ReduceLROnPlateau(used)])
            yield str(caught.value)

    assert list(messages()) == [
        f"`{name}.schedulers[1]`: got a ReduceLROnPlateau; it needs a metric at each step, and `{name}.step()` takes "
        "none. Leave it out, and step it yourself after the warm-up."
        for name in ("SequentialLR", "ChainedScheduler")
    ]


def test_another_framework_s_scheduler_is_refused() -> None:
    used = optimizer([0.1])
    with pytest.raises(TypeError) as caught:
        ours.SequentialLR(used, [ours.LinearLR(used), theirs.StepLR(used, 2)], [3])
    assert str(caught.value) == (
        "`SequentialLR.schedulers[1]`: got an object of type StepLR; it must be one of glidepath's. Import it from "
        "glidepath.mindspore.experimental."
    )


def test_a_long_cosine_stays_a_number() -> None:
    """Near the minimum MindSpore divides 0 by 0, and its rates stay NaN."""
    long, near = 20_000, 19_990
    pair = [module.CosineAnnealingLR(optimizer([0.1]), long) for module in (theirs, ours)]
    for scheduler in pair:
        scheduler.step(near)
    found = []
    for _ in range(20):
        for scheduler in pair:
            scheduler.step()
        found.append([seen(scheduler)[0] for scheduler in pair])
    want, got = np.array(found).T
    assert np.isnan(want[-9:]).all(), "MindSpore's does: if no more, this page of the docs is old"
    assert ulps(np.float32(got[:9]), np.float32(want[:9])).max() <= NEAR
    rule = gp.replay("mindspore.experimental.CosineAnnealingLR", base_lr=0.1, T_max=long)
    exact = gp.cosine(0.1, 0.0, long).array(long + 1)
    np.testing.assert_allclose(rule.array(long + 1), exact, rtol=0, atol=2e-6)
    np.testing.assert_allclose(rule[long : 2 * long + 1], exact[::-1], rtol=0, atol=2e-6)


# Training.


def trained(module: Any) -> Any:
    first = ms.Tensor(np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3))
    net = ms.nn.Dense(3, 2, weight_init=first, bias_init="zeros")
    used = optim.Adam(
        [{"params": [net.weight], "lr": 0.05}, {"params": [net.bias], "weight_decay": 0.01}], lr=0.1
    )  # fmt: skip
    scheduler = module.SequentialLR(used, [module.LinearLR(used, 0.1), module.CosineAnnealingLR(used, 20, 1e-3)], [5])
    loss = ms.nn.MSELoss()

    def forward(x: Any, y: Any) -> Any:
        return loss(net(x), y)

    gradients = ms.value_and_grad(forward, None, used.parameters)
    rng = np.random.default_rng(0)
    x, y = (ms.Tensor(rng.random(shape, dtype=np.float32)) for shape in ((8, 3), (8, 2)))
    for _ in range(30):
        used(gradients(x, y)[1])
        scheduler.step()
    return np.concatenate([net.weight.asnumpy().ravel(), net.bias.asnumpy()])


def test_training_ends_where_mindspore_s_does() -> None:
    np.testing.assert_allclose(trained(ours), trained(theirs), rtol=2e-5, atol=1e-7)


def test_graph_mode_changes_nothing() -> None:
    make = some("SequentialLR", Random(1))
    want = rates(ours, make, [0.1], 20)
    ms.set_context(mode=ms.GRAPH_MODE)
    try:
        assert rates(ours, make, [0.1], 20).tobytes() == want.tobytes()
    finally:
        ms.set_context(mode=ms.PYNATIVE_MODE)


# What is refused.

REFUSED: list[Make] = [
    lambda m, o: m.StepLR(None, 3), lambda m, o: m.StepLR(o, 2.5), lambda m, o: m.StepLR(o, 3, 1),
    lambda m, o: m.StepLR(o, 3, last_epoch=-2), lambda m, o: m.StepLR(o, 3, last_epoch=1.5),
    lambda m, o: m.StepLR(o, 3, last_epoch=5),
    lambda m, o: m.LinearLR(o, 1.5), lambda m, o: m.LinearLR(o, 0.0), lambda m, o: m.LinearLR(o, 0.5, 1.5),
    lambda m, o: m.LinearLR(o, 0.5, 1.0, 2.5), lambda m, o: m.ExponentialLR(o, 1), lambda m, o: m.PolynomialLR(o, 2.5),
    lambda m, o: m.PolynomialLR(o, 5, -1.0), lambda m, o: m.PolynomialLR(o, 5, 1),
    lambda m, o: m.LambdaLR(o, [lambda e: e] * 3), lambda m, o: m.MultiplicativeLR(o, [lambda e: e] * 3),
    lambda m, o: m.MultiStepLR(o, (1, 2)), lambda m, o: m.MultiStepLR(o, [1.5]),
    lambda m, o: m.MultiStepLR(o, [1], "x"), lambda m, o: m.ConstantLR(o, 1.5), lambda m, o: m.ConstantLR(o, 0.5, 2.5),
    lambda m, o: m.CyclicLR(o, [0.1] * 3, 0.2), lambda m, o: m.CyclicLR(o, 0.1, 0.2, mode="x"),
    lambda m, o: m.CosineAnnealingWarmRestarts(o, 0), lambda m, o: m.CosineAnnealingWarmRestarts(o, 2, 0),
    lambda m, o: m.CosineAnnealingLR(o, 2.5), lambda m, o: m.CosineAnnealingLR(o, 2, "x"),
    lambda m, o: m.SequentialLR(o, [m.StepLR(o, 2), m.StepLR(o, 2)], [1, 2]),
    lambda m, o: m.SequentialLR(o, [m.StepLR(optimizer([0.1]), 2)], []),
    lambda m, o: m.ReduceLROnPlateau(o, factor=1.0), lambda m, o: m.ReduceLROnPlateau(None),
    lambda m, o: m.ReduceLROnPlateau(o, mode="x"), lambda m, o: m.ReduceLROnPlateau(o, threshold_mode="x"),
    lambda m, o: m.ReduceLROnPlateau(o, min_lr=[0.1] * 3),
]  # fmt: skip


@pytest.mark.parametrize("make", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_is_refused_alike(make: Make) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)) as want:
        make(theirs, optimizer([0.1]))
    with pytest.raises(type(want.value)) as got:
        make(ours, optimizer([0.1]))
    assert re.search(r"`[\w.]+(\[\d\])?`: got ", str(got.value))


@pytest.mark.parametrize(
    ("make", "name", "value", "message"),
    [
        (lambda o: ours.StepLR(o, 1), "step_size", True, "`mindspore.experimental.StepLR.step_size`: got True; "),
        (lambda o: ours.StepLR(o, 2), "step_size", 2.0, "`mindspore.experimental.StepLR.step_size`: got 2.0; "),
        (lambda o: ours.ExponentialLR(o, 1.0), "gamma", True,
         "`mindspore.experimental.ExponentialLR.gamma`: got True; "),
        (lambda o: ours.CosineAnnealingLR(o, 9), "eta_min", False,
         "`mindspore.experimental.CosineAnnealingLR.eta_min`: got False; "),
    ],
)  # fmt: skip
def test_an_equal_value_of_a_wrong_type_is_refused_at_the_next_step(make, name, value, message) -> None:
    scheduler = make(optimizer([0.1]))
    scheduler.step()
    assert getattr(scheduler, name) == value
    setattr(scheduler, name, value)
    with pytest.raises(TypeError) as caught:
        scheduler.step()
    assert str(caught.value).startswith(message)
