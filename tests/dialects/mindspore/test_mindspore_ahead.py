"""`preview`, `seek` and `schedule` of glidepath's and MindSpore's experimental schedulers give what stepping gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp

pytestmark = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
ms = pytest.importorskip("mindspore")

from mindspore.experimental.optim import lr_scheduler as theirs  # noqa: E402 (only where it is installed)

from fuzz_mindspore import STEPS, Case, beside_theirs, case, optimizer, plateau, run, seen, walk  # noqa: E402 (the same)
from glidepath.mindspore import experimental as ours  # noqa: E402 (the same)

Make = Callable[[Any, Any], Any]

EACH: dict[str, Make] = {
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.5),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.25, 0.75, 6),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 7, 0.9),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [2, 5, 5], 0.5),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.25, 4),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 6, 1e-3),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, 2),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 3, mode="triangular2"),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.1, STEPS + 3),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)], [5]),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)]),
    "nested": lambda m, o: m.SequentialLR(
        o,
        [
            m.SequentialLR(o, [m.OneCycleLR(o, 0.3, 30), m.MultiStepLR(o, [0, 2], 0.5)], [3]),
            m.ChainedScheduler([m.StepLR(o, 2), m.SequentialLR(o, [m.LinearLR(o), m.CyclicLR(o, 0.01, 0.2, 2)], [3])]),
        ],
        [7],
    ),
}  # fmt: skip
CALLED: dict[str, Make] = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: 0.9**epoch),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda epoch: 1.0 / (1.0 + epoch)),
    "scale_fn": lambda m, o: m.CyclicLR(o, 0.01, 0.1, 3, scale_fn=lambda cycle: 0.5**cycle),
    "sequence": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 3), m.LambdaLR(o, lambda e: 0.9**e)], [4]),
    "subclass": lambda m, o: halving(m)(o, 2),
}


def halving(module: Any) -> Any:
    class Halving(module.StepLR):  # type: ignore[misc,name-defined]
        """A user's class that reads the groups."""

        def get_lr(self) -> Any:
            halves = 0.5 if self.last_epoch > 0 else 1.0
            return [group["lr"] * halves for group in self.optimizer.param_groups[: self.groups_num]]

    return Halving


# The same bits as stepping.


@pytest.mark.parametrize("name", [*EACH, *CALLED])
def test_every_way_to_a_step_gives_the_same_bits(name: str) -> None:
    make, lrs = (EACH | CALLED)[name], [0.1, 0.02]
    drawn = Case(name, make, has_replay=name in EACH)
    want = run(ours, drawn, lrs)
    for seed in range(3):
        walk(Random(seed), drawn, lrs, want)


@pytest.mark.parametrize("seed", range(12))
def test_random_schedulers(seed: int) -> None:
    rng = Random(f"ahead {seed}")
    drawn, lrs = case(rng), [0.1, 3e-4]
    scheduler = drawn.make(ours, optimizer(lrs))
    scheduler.seek(0)
    want = np.vstack([np.float32([seen(scheduler)]), scheduler.preview(STEPS)])
    walk(rng, drawn, lrs, want)


@pytest.mark.parametrize("name", [name for name in EACH if hasattr(theirs, name)] + list(CALLED))
def test_mindspore_s_own_are_previewed_sought_and_written_down(name: str) -> None:
    make, lrs = (EACH | CALLED)[name], [0.1, 0.02]
    drawn = Case(name, make)
    beside_theirs(Random(name), drawn, lrs, run(ours, drawn, lrs))


@pytest.mark.parametrize("seed", range(4))
def test_a_plateau_is_previewed_with_its_metrics(seed: int) -> None:
    plateau(Random(seed))


def test_the_values() -> None:
    scheduler = ours.StepLR(optimizer([0.5, 0.25]), 2, 0.5)
    found = scheduler.preview(3)
    assert (found.dtype, found.tolist()) == (np.float32, [[0.5, 0.25], [0.25, 0.125], [0.25, 0.125]])
    scheduler.seek(np.int64(5))
    assert (scheduler.last_epoch, type(scheduler.last_epoch), seen(scheduler)) == (5, int, [0.125, 0.0625])
    assert scheduler.schedule(1) == gp.replay("mindspore.experimental.StepLR", base_lr=0.25, step_size=2, gamma=0.5)
    assert scheduler.preview(0).shape == (0, 2)


def test_it_goes_on_from_the_present_learning_rates() -> None:
    used = optimizer([0.5])
    scheduler = ours.ExponentialLR(used, 0.5)
    used.param_groups[0]["lr"] = set_by_hand = 1.0
    assert scheduler.preview(2).tolist() == [[0.5], [0.25]]
    assert halving(ours)(optimizer([1.0]), 2).preview(2).tolist() == [[0.5], [0.25]]
    assert scheduler.schedule().steps is None
    assert used.param_groups[0]["lr"] is set_by_hand, "nothing is changed, not even what a user has set"
    scheduler.gamma = 0.25
    assert scheduler.preview(1).tolist() == [[0.25]]
    scheduler.seek(1)
    assert seen(scheduler) == [0.125]


def test_a_long_way_is_short() -> None:
    """It evaluates a replay, and does not make ten million steps."""
    scheduler = EACH["SequentialLR"](ours, optimizer([0.1]))
    scheduler.seek(1_000_000)
    assert scheduler._schedulers[1].last_epoch == 1_000_000 - 5
    decay = ours.CosineAnnealingWarmRestarts(optimizer([0.1]), 7)
    decay.seek(2**53)
    assert (decay.last_epoch, decay.T_cur) == (2**53, 2**53 % 7)


@pytest.mark.parametrize("at", [np.int64(3), 3.0, 2.5, -2, 0, True, 2**70])
def test_a_milestone_may_be_what_a_step_takes(at: Any) -> None:
    drawn = Case(
        f"milestone {at!r}",
        lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5)], [at]),
        has_replay=at not in {2.5, 2**70},
    )
    want = run(ours, drawn, [0.1])
    for seed in range(3):
        walk(Random(seed), drawn, [0.1], want)
    scheduler = drawn.make(ours, optimizer([0.1]))
    scheduler.seek(7)
    assert all(type(part.last_epoch) is int for part in scheduler._schedulers)


def test_milestones_out_of_order_are_stepped() -> None:
    drawn = Case(
        "out of order",
        lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 2), m.ExponentialLR(o, 0.5), m.StepLR(o, 2)], [5, 3]),
        has_replay=False,
    )
    walk(Random(1), drawn, [0.1], run(ours, drawn, [0.1]))


def test_composites_have_replays() -> None:
    used = optimizer([0.5])
    scheduler = EACH["SequentialLR"](ours, used)
    assert repr(scheduler.schedule()) == (
        'gp.replay("mindspore.experimental.SequentialLR", schedulers=['
        'gp.replay("mindspore.experimental.ConstantLR", base_lr=0.5, factor=0.5, total_iters=3), '
        'gp.replay("mindspore.experimental.ExponentialLR", base_lr=0.5, gamma=0.9)], milestones=[5])'
    )
    cyclic = ours.ChainedScheduler([ours.CyclicLR(used, 0.25, 1.0, 2), ours.ExponentialLR(used, 0.5)])
    assert repr(cyclic.schedule()).endswith("gamma=0.5)], initial_lr=0.5)")
    assert cyclic.schedule().array(3).tolist() == [0.25, 0.3125, 0.5]


def test_a_function_is_called_as_a_step_calls_it_and_its_state_is_left_alone() -> None:
    class Counting:
        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, epoch: Any) -> float:
            assert isinstance(epoch, ms.Tensor)
            self.calls += 1
            return 0.5**self.calls

    counting = Counting()
    scheduler = ours.LambdaLR(optimizer([1.0]), counting)
    assert scheduler.preview(2).tolist() == [[0.25], [0.125]]
    assert counting.calls == 1


def test_a_group_that_is_added_later_is_no_column() -> None:
    used = optimizer([0.1])
    pair = [ours.StepLR(used, 2), theirs.StepLR(used, 2)]
    used.add_param_group({"params": [ms.Parameter(ms.Tensor([1.0]), name="late")], "lr": 0.7})
    for scheduler in pair:
        assert ours.preview(scheduler, 2).shape == (2, 1)
        ours.seek(scheduler, 2)
    assert float(used.param_groups[1]["lr"].asnumpy()) == np.float32(0.7)


def test_a_step_that_would_raise_raises_and_changes_nothing() -> None:
    scheduler = ours.OneCycleLR(optimizer([0.1]), 0.1, 5)
    message = re.escape("`OneCycleLR.step`: got step 6; there are 5 steps in all. Give more `total_steps`, or stop")
    before = scheduler.state_dict()
    assert scheduler.preview(5).shape == (5, 1)
    for ask in (lambda: scheduler.preview(6), lambda: scheduler.seek(6)):
        with pytest.raises(ValueError, match=message):
            ask()
    used = optimizer([0.1])
    sequence = ours.SequentialLR(used, [ours.ExponentialLR(used, 0.5), ours.OneCycleLR(used, 0.1, 5)], [2])
    with pytest.raises(ValueError, match=message):
        sequence.seek(8)
    assert scheduler.state_dict() == before
    assert sequence.last_epoch == 0


def test_the_functions_take_glidepath_s_too() -> None:
    scheduler = ours.StepLR(optimizer([0.5]), 2, 0.5)
    assert ours.preview(scheduler, 2).tolist() == [[0.5], [0.25]]
    ours.seek(scheduler, 4)
    assert seen(scheduler) == [0.125]
    assert ours.schedule(scheduler) == scheduler.schedule()


# What is refused.

REFUSED: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda s: s.preview(-1), ValueError,
     ("`StepLR.preview.n`: got -1; it must be a whole number of steps from 0 to 2**53. Use `preview(1)` for the next "
     "step.")),
    (lambda s: s.preview(), TypeError,
     "`StepLR.preview.n`: got None; it must be a whole number of steps from 0 to 2**53. Convert it with `int()`."),
    (lambda s: s.preview(2.0), TypeError,
     "`StepLR.preview.n`: got 2.0; it must be a whole number of steps from 0 to 2**53. Convert it with `int()`."),
    (lambda s: s.preview(True), TypeError,
     "`StepLR.preview.n`: got True; it must be a whole number of steps from 0 to 2**53. Convert it with `int()`."),
    (lambda s: s.preview(metrics=[1.0]), TypeError,
     ("`StepLR.preview.metrics`: got metrics; only ReduceLROnPlateau takes metrics. Give the number of steps: "
     "`preview(10)`.")),
    (lambda s: s.seek(-1), IndexError,
     "`StepLR.seek.step`: got -1; it must be a whole number from 0 to 2**53. Use `seek(0)` for the start."),
    (lambda s: s.seek(10**400), IndexError,
     (f"`StepLR.seek.step`: got 1{'0' * 59}...; it must be a whole number from 0 to 2**53. No run is as "
      "long.")),
    (lambda s: s.seek("3"), TypeError,
     "`StepLR.seek.step`: got '3'; it must be a whole number from 0 to 2**53. Convert it with `int()`."),
    (lambda s: s.schedule(1), IndexError,
     "`StepLR.schedule.group`: got 1; it must be a whole number from 0 to 0. Use `schedule(0)` for the first group."),
    (lambda s: s.schedule(steps=0), ValueError,
     ("`StepLR.schedule.steps`: got 0; it must be a whole number of steps from 1 to 2**53. Leave it out where no table "
     "is needed.")),
    (lambda s: ours.LambdaLR(s.optimizer, float).schedule(), ValueError,
     ("`LambdaLR.schedule.steps`: got None; no replay gives the rates of this LambdaLR. Say how many steps a table of "
     "them shall have: `steps=1000`.")),
    (lambda s: ours.ReduceLROnPlateau(s.optimizer).preview(3), TypeError,
     ("`ReduceLROnPlateau.preview.metrics`: got None; the rates follow from the metric of each step. Give them: "
     "`preview(metrics=[0.3, 0.2])`.")),
    (lambda s: ours.ReduceLROnPlateau(s.optimizer).preview(3, metrics=[1.0]), TypeError,
     "`ReduceLROnPlateau.preview.metrics`: got metrics; it takes `metrics` alone. Leave `n` out."),
    (lambda s: ours.ReduceLROnPlateau(s.optimizer).seek(3), TypeError,
     ("`ReduceLROnPlateau.seek`: got a ReduceLROnPlateau; its rates follow from metrics, not from the step. Use "
     "`preview(metrics=[...])`, or load a state.")),
    (lambda s: ours.ReduceLROnPlateau(s.optimizer).schedule(), TypeError,
     ("`ReduceLROnPlateau.schedule`: got a ReduceLROnPlateau; its rates follow from metrics, not from the step. Use "
     "`preview(metrics=[...])`, or load a state.")),
    (lambda s: ours.seek(theirs.ReduceLROnPlateau(s.optimizer), 3), TypeError,
     ("`seek`: got a ReduceLROnPlateau; its rates follow from metrics, not from the step. Use "
     "`preview(metrics=[...])`, or load a state.")),
    (lambda s: ours.preview(3, 1), TypeError,
     ("`preview.scheduler`: got an object of type int; it must be an experimental scheduler of glidepath's or "
     "MindSpore's. Make it with a class of glidepath.mindspore.experimental.")),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error", "message"), REFUSED)
def test_refusals_say_what_is_wrong(ask: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        ask(ours.StepLR(optimizer([0.1]), 2))
    assert str(caught.value) == message
