"""glidepath.torch: composites, also those that torch cannot run or runs incorrectly."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath.torch as gt  # noqa: E402
from torch_recipes import (  # noqa: E402
    OURS,
    THEIRS,
    look,
    milestones_may_warn,
    optimizer,
    state_of,
)
from torch_schedulers import (  # noqa: E402
    LRS,
    flat,
    lr_of,
    step,
    stepped,
)

pytestmark = milestones_may_warn


def test_torchs_composites_take_ours():
    results = []
    for inner in (THEIRS, OURS):
        held = optimizer([0.1])
        parts = [inner.LinearLR(held, 0.1, 1.0, 4), inner.CosineAnnealingLR(held, 6), inner.CyclicLR(held, 0.1, 0.2, 3)]
        scheduler = lr_scheduler.SequentialLR(held, parts, [4, 12])
        rates = []
        for _ in range(20):
            step(scheduler)
            rates.append(lr_of(scheduler))
        results.append(rates)
    assert results[0] == results[1]


def nested_first(held):
    inner = gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 2), gt.ExponentialLR(held, 0.9)], [3])
    return gt.SequentialLR(held, [inner, gt.CosineAnnealingLR(held, 9)], [7])


def nested_last(held):
    inner = gt.SequentialLR(held, [gt.ExponentialLR(held, 0.9), gt.CosineAnnealingLR(held, 9)], [4])
    return gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 2), inner], [3])


def chained_within(held):
    second = gt.ChainedScheduler([gt.ChainedScheduler([gt.ExponentialLR(held, 0.9)])])
    return gt.SequentialLR(
        held, [gt.ChainedScheduler([gt.ConstantLR(held, 0.5, 2)]), second, gt.CosineAnnealingLR(held, 9)], [3, 7]
    )


@pytest.mark.parametrize("nested", [nested_first, nested_last, chained_within])
def test_a_nested_composite_is_the_flat_one(nested):
    wanted, got = flat(THEIRS, optimizer(LRS)), nested(optimizer(LRS))
    ahead, sought = nested(optimizer(LRS)).preview(25), nested(optimizer(LRS))
    schedule = nested(optimizer(LRS)).schedule(1)
    for k in range(25):
        assert schedule[k] == wanted.optimizer.param_groups[1]["lr"]
        step(wanted)
        step(got)
        assert look(got) == look(wanted), k
        assert ahead[k].tolist() == wanted.get_last_lr()
    sought.seek(25)
    assert look(sought) == look(got)
    assert state_of(sought) == state_of(got)


def test_torch_itself_fails_there():
    held = optimizer([0.1])
    inner = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(held, 0.9)])
    # As it is made before torch 2.6; by `step(0)`, which a composite does not take, before 2.9.
    with pytest.raises((NotImplementedError, TypeError, AttributeError)):
        stepped(lr_scheduler.SequentialLR(held, [lr_scheduler.ConstantLR(held, 0.5), inner], [2]), 2)


def test_a_constant_factor_of_0_comes_back_to_the_base_rate():
    ours = gt.ConstantLR(optimizer(LRS), factor=0.0, total_iters=2)
    rates = []
    for _ in range(3):
        step(ours)
        rates.append(ours.get_last_lr())
    assert rates == [[0.0, 0.0], LRS, LRS]
    ours = gt.ConstantLR(optimizer(LRS), factor=0.0, total_iters=1)
    step(ours)
    assert ours.get_last_lr() == LRS
    theirs = lr_scheduler.ConstantLR(optimizer(LRS), factor=0.0, total_iters=1)
    with pytest.raises(ZeroDivisionError):
        step(theirs)
