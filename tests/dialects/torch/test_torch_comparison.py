"""`gp.compare` of live PyTorch schedulers, torch's own and glidepath's, with rates that the real ones set."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from glidepath.mindspore import nn  # noqa: E402
from torch_recipes import milestones_may_warn  # noqa: E402

pytestmark = milestones_may_warn


def sgd(*lrs: float) -> Any:
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in lrs])


def stepped(scheduler: Any, n: int, group: int = 0) -> list[float]:
    """The rates that the real scheduler sets."""
    rates = []
    for _ in range(n):
        rates.append(scheduler.optimizer.param_groups[group]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


def test_torch_and_mindspore_are_equal_as_float32() -> None:
    ours = gt.CosineAnnealingLR(sgd(0.1), T_max=90).schedule().by_epoch(5)
    theirs = nn.cosine_decay_lr(0.0, 0.1, total_step=450, step_per_epoch=5, decay_epoch=90)
    c = gp.compare(ours, theirs)
    assert str(c).splitlines() == [
        'a  gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90).by_epoch(5)',
        "b  list of 450 values",
        "equal as float32 at all 450 steps",
        "differ as float64 at 400 of 450 steps, first at step 15: 0.09972609476841368 and 0.09972609476841367",
        "largest difference",
        "  absolute 2.8e-17 at step 40",
        "  relative 7.1e-16 at step 425",
        "  ulps     5 at step 425",
    ]
    c.require("float32")


MAKE = {
    "StepLR": lambda m, o: m.StepLR(o, 30),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 70, 1e-3),
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda k: 0.99**k),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, 200),
    "SequentialLR": lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1, 1.0, 9), m.ExponentialLR(o, 0.97)], [10]),
}


@pytest.mark.parametrize("module", [lr_scheduler, gt], ids=["torch", "glidepath"])
@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("group", [0, 1])
def test_a_live_scheduler_has_the_rates_that_it_sets(module: Any, name: str, group: int) -> None:
    live = MAKE[name](module, sgd(0.1, 0.03))
    before = live.state_dict()
    rates = stepped(MAKE[name](lr_scheduler, sgd(0.1, 0.03)), 200, group)
    for side in (live, (live.optimizer, live)):
        c = gp.compare(side, rates, group=group)
        assert c.equal("bits"), c
        assert c.steps == 200
    assert repr(live.state_dict()) == repr(before)
    stepped(live, 50)
    assert gp.compare(live, rates, group=group).equal("bits")


def test_the_report_names_a_scheduler_without_a_replay() -> None:
    live = lr_scheduler.LambdaLR(sgd(0.1), lambda k: 1 / (1 + k))
    c = gp.compare(live, gp.inverse_time(0.1, 1.0), 1_000)
    assert str(c).splitlines()[:2] == ["a  LambdaLR, group 0", "b  gp.inverse_time(0.1, 1.0)"]
    assert c.within(1e-15)
    with pytest.raises(ValueError) as raised:
        gp.compare(live, gp.inverse_time(0.1, 1.0))
    way_out = "Say how many to compare: `compare(a, b, 1000)`."
    assert str(raised.value) == f"`compare.n`: not given; neither side has an end. {way_out}"


def test_glidepaths_scheduler_has_the_schedules_that_drive_it() -> None:
    lr = gp.warmup_cosine(0.1, 100, 10)
    driven = gt.Scheduler(sgd(0.1, 0.1), lr=[lr, None])
    assert gp.compare(driven, lr).equal("bits")
    with pytest.raises(ValueError) as raised:
        gp.compare(driven, lr, group=1)
    rule = "no schedule drives its learning rate. Take a group that has one."
    assert str(raised.value) == f"`schedule.group`: got 1; {rule}"


def test_tensors_are_arrays() -> None:
    s = gp.cosine(0.1, 0.0, 50)
    assert gp.compare(torch.from_numpy(s.array(50)), s).equal("bits")
    assert str(gp.compare(torch.zeros(3), [0.0] * 3)).splitlines()[0] == "a  Tensor of 3 float32 values"
    assert gp.compare(lambda k: torch.tensor(0.5) ** k, gp.exponential(1.0, 0.5), 100).equal("bits")
    with pytest.raises(TypeError) as raised:
        gp.compare(torch.zeros(3, dtype=torch.bfloat16), s)
    assert str(raised.value).startswith("`compare.a`: got Tensor (")


def test_what_has_no_rates_of_the_step() -> None:
    plateau = lr_scheduler.ReduceLROnPlateau(sgd(0.1))
    with pytest.raises(TypeError) as raised:
        gp.compare(plateau, gp.constant(0.1), 10)
    assert str(raised.value).startswith("`schedule`: got ")
    assert str(raised.value).endswith("whose rates follow from metrics and not from the step.")
    with pytest.raises(IndexError) as absent:
        gp.compare(lr_scheduler.StepLR(sgd(0.1, 0.2), 30), gp.constant(0.1), 10, group=2)
    assert str(absent.value) == "`schedule.group`: got 2; it must be from 0 to 1, as the optimizer has 2 groups."
    with pytest.raises(ValueError) as other:
        gp.compare((sgd(0.1), lr_scheduler.StepLR(sgd(0.1), 30)), gp.constant(0.1), 10)
    got = "SGD and the StepLR of another optimizer"
    rule = "a scheduler must be beside its own optimizer. Give it alone."
    assert str(other.value) == f"`compare.a`: got {got}; {rule}"
    with pytest.raises(TypeError) as alone:
        gp.compare(sgd(0.1), gp.constant(0.1), 10)
    assert str(alone.value).startswith("`compare.a`: got an object of type torch.optim.sgd.SGD; it must give ")


def test_a_comparison_of_other_things_imports_no_torch() -> None:
    code = "import sys, glidepath as gp; gp.compare([0.1], lambda k: 0.1); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_many_steps_of_a_real_scheduler() -> None:
    live = lr_scheduler.CosineAnnealingLR(sgd(0.1), 100_000)
    rates = np.array(stepped(lr_scheduler.CosineAnnealingLR(sgd(0.1), 100_000), 150_000))
    assert gp.compare(live, rates).equal("bits")
    rates[131_072] *= 2
    c = gp.compare(live, rates)
    assert (c.count(), c.first("float32"), c.relative) == (1, 131_072, (0.5, 131_072))
