"""`gp.compare` of MindSpore's schedulers and schedules, with rates that the real ones give."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import glidepath as gp

pytestmark = pytest.mark.skipif(find_spec("mindspore") is None, reason="needs MindSpore")
ms = pytest.importorskip("mindspore")

from mindspore import nn as theirs  # noqa: E402 (only where it is installed)
from mindspore.experimental import optim  # noqa: E402 (the same)

from glidepath.mindspore import experimental as gx  # noqa: E402 (the same)
from glidepath.mindspore import learning_rate  # noqa: E402 (the same)
from glidepath.mindspore import nn as ours  # noqa: E402 (the same)

CELLS: dict[str, Callable[[Any], Any]] = {
    "CosineDecayLR": lambda m: m.CosineDecayLR(0.0, 0.1, 80),
    "ExponentialDecayLR": lambda m: m.ExponentialDecayLR(0.1, 0.9, 4),
    "InverseDecayLR": lambda m: m.InverseDecayLR(0.1, 0.5, 4),
    "NaturalExpDecayLR": lambda m: m.NaturalExpDecayLR(0.1, 0.9, 4),
    "PolynomialDecayLR": lambda m: m.PolynomialDecayLR(0.1, 0.01, 80, 0.5),
    "WarmUpLR": lambda m: m.WarmUpLR(0.1, 80),
}


def sgd(*lrs: float) -> Any:
    groups = [{"params": [ms.Parameter(ms.Tensor([1.0]), name=f"w{i}")], "lr": lr} for i, lr in enumerate(lrs)]
    return optim.SGD(groups, lr=0.1)


def given_to_optimizer(cell: Any, n: int) -> list[float]:
    """The rates that a real optimizer of mindspore.nn takes from a schedule, one step after the other."""
    parameter = ms.Parameter(ms.Tensor([1.0], ms.float32), name="w")
    optimizer = theirs.SGD([parameter], learning_rate=cell)
    rates = []
    for _ in range(n):
        rates.append(float(optimizer.get_lr().asnumpy()))
        optimizer((ms.Tensor([0.0], ms.float32),))
    return rates


@pytest.mark.parametrize("name", CELLS)
def test_a_schedule_has_the_rates_that_an_optimizer_takes(name: str) -> None:
    cell = CELLS[name](theirs)
    rates = given_to_optimizer(cell, 30)
    assert gp.compare(cell, rates).equal("bits")
    assert gp.compare(CELLS[name](ours), rates).equal("bits")
    c = gp.compare(cell, CELLS[name](ours), 300)
    assert str(c).splitlines() == [
        f"a  mindspore.nn.learning_rate_schedule.{name}",
        f"b  {CELLS[name](ours)!r}",
        "equal in bits at all 300 steps",
    ]


def test_a_schedule_of_a_users_own_is_called_step_by_step() -> None:
    class Halving(theirs.learning_rate_schedule.LearningRateSchedule):
        def construct(self, global_step: Any) -> Any:
            if global_step[0] < 5:
                return ms.Tensor(0.1, ms.float32)
            return ms.ops.cast(global_step, ms.float32) * 0.01

    c = gp.compare(Halving(), [np.float32(0.1)] * 5 + [np.float32(k) * np.float32(0.01) for k in range(5, 20)])
    assert c.equal("bits"), c
    assert str(c).splitlines()[0].endswith(".Halving")


def test_a_table_for_an_optimizer_is_the_schedule_in_float32() -> None:
    schedule = gp.warmup_cosine(0.1, 200_000, 0.1)
    c = gp.compare(learning_rate(schedule), schedule)
    assert c.equal("float32")
    assert str(c).splitlines()[0] == f"a  learning_rate({schedule!r}, 200001)"
    assert gp.compare(learning_rate(schedule, 20), given_to_optimizer(learning_rate(schedule, 20), 30)).equal("bits")


MAKE: dict[str, Callable[[Any, Any], Any]] = {
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.5),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 30, 1e-3),
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda epoch: 0.9**epoch),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9)], [5]),
}


@pytest.mark.parametrize("module", [optim.lr_scheduler, gx], ids=["mindspore", "glidepath"])
@pytest.mark.parametrize("name", MAKE)
def test_a_live_scheduler_has_the_rates_that_it_sets(module: Any, name: str) -> None:
    optimizer = sgd(0.1, 0.03)
    stepped = MAKE[name](optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(40):
        rates.append([float(group["lr"].asnumpy()) for group in optimizer.param_groups])
        stepped.step()
    live = MAKE[name](module, sgd(0.1, 0.03))
    for group in (0, 1):
        for side in (live, (live.optimizer, live)):
            c = gp.compare(side, np.array(rates), group=group)
            assert c.equal("bits"), c


def test_what_has_no_rates_of_the_step() -> None:
    for module in (optim.lr_scheduler, gx):
        with pytest.raises(TypeError, match="its rates follow from metrics, not from the step"):
            gp.compare(module.ReduceLROnPlateau(sgd(0.1)), gp.constant(0.1), 10)
    with pytest.raises(ValueError) as other:
        gp.compare((sgd(0.1), optim.lr_scheduler.StepLR(sgd(0.1), 30)), gp.constant(0.1), 10)
    got = "SGD and the StepLR of another optimizer"
    rule = "a scheduler must be beside its own optimizer. Give it alone."
    assert str(other.value) == f"`compare.a`: got {got}; {rule}"


def test_tensors_and_lists_are_arrays() -> None:
    rates = theirs.cosine_decay_lr(0.01, 0.1, 12, 2, 5)
    assert gp.compare(rates, ours.cosine_decay_lr(0.01, 0.1, 12, 2, 5)).equal("bits")
    assert gp.compare(ms.Tensor(rates, ms.float32), rates).equal("float32")


def test_the_classes_without_mindspore() -> None:
    code = """
import sys
sys.modules["mindspore"] = None
import glidepath as gp
from glidepath.mindspore import nn, LearningRateSchedule
lr = nn.CosineDecayLR(0.0, 0.1, 70_000)
c = gp.compare(lr, lambda k: lr(k), 70_001)
assert c.equal("bits"), c
assert gp.compare(lr, lr.schedule()).within(1e-6)
class Halves(LearningRateSchedule):
    def construct(self, global_step):
        return 0.5**global_step
assert gp.compare(Halves(), gp.exponential(1.0, 0.5), 100).equal("bits")
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_comparison_of_other_things_imports_no_mindspore() -> None:
    code = "import sys, glidepath as gp; gp.compare([0.1], lambda k: 0.1); sys.exit('mindspore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
