"""glidepath.torch: each way to resume a run, compared with a run that was not interrupted."""

from __future__ import annotations

import io

import pytest

torch = pytest.importorskip("torch")


import glidepath.torch as gt  # noqa: E402
from torch_recipes import (  # noqa: E402
    OURS,
    THEIRS,
    look,
    milestones_may_warn,
    optimizer,
)
from torch_schedulers import (  # noqa: E402
    CLASSES,
    LRS,
    WITHOUT_FUNCTIONS,
    flat,
    made,
    step,
)

pytestmark = milestones_may_warn


def checkpoint(name, at=11, total=30):
    """A run of `total` steps, and its saved states after step `at`."""
    scheduler, saved, rates = made(name), None, []
    for k in range(total):
        if k == at:
            file = io.BytesIO()
            torch.save((scheduler.optimizer.state_dict(), scheduler.state_dict()), file)
            saved = file
        step(scheduler, k)
        rates.append(scheduler.get_last_lr())
    saved.seek(0)
    return rates, torch.load(saved, weights_only=False)


@pytest.mark.parametrize("name", WITHOUT_FUNCTIONS)
@pytest.mark.parametrize("road", ["before", "after", "sought", "last_epoch"])
def test_a_resumed_run_goes_on_as_if_never_interrupted(name, road):
    rates, (of_optimizer, of_scheduler) = checkpoint(name)
    held = optimizer([lr * 7 for lr in LRS] if road in {"before", "after"} else LRS)
    if road == "after":
        held.load_state_dict(of_optimizer)
    scheduler = CLASSES[name](OURS, held)
    if road == "before":
        held.load_state_dict(of_optimizer)
    if road in {"before", "after"}:
        scheduler.load_state_dict(of_scheduler)
    if road != "before":
        scheduler.seek(11)
    resumed = []
    for k in range(11, 30):
        step(scheduler, k)
        resumed.append(scheduler.get_last_lr())
    assert resumed == rates[11:]


@pytest.mark.parametrize("module", [THEIRS, OURS], ids=["torch", "glidepath"])
def test_what_one_cycle_needs_in_the_groups_for_last_epoch(module):
    whole = module.OneCycleLR(optimizer([0.1]), 0.1, 20)
    gt.seek(whole, 6)
    made_before = whole.optimizer.param_groups[0]
    for missing in ("max_lr", "min_lr", "base_momentum", "max_momentum"):
        held = optimizer([0.1])
        held.param_groups[0].update({k: v for k, v in made_before.items() if k not in {missing, "params"}})
        with pytest.raises(KeyError, match=missing):
            module.OneCycleLR(held, 0.1, 20, last_epoch=5)
    held = optimizer([0.1])
    held.load_state_dict(whole.optimizer.state_dict())
    gt.seek(module.OneCycleLR(held, 0.1, 20, last_epoch=5), 6)
    assert all(held.param_groups[0][key] == made_before[key] for key in made_before if key != "params")


def test_momenta_that_cycle_do_not_hide_the_rates():
    for make in (lambda o: gt.CyclicLR(o, 0.01, 0.1, 4), lambda o: gt.OneCycleLR(o, 0.1, 10)):
        scheduler = make(optimizer([0.1]))
        assert "gp.replay(" in repr(scheduler.schedule())
        assert scheduler.schedule().array(9, 1).tolist() == scheduler.preview(9)[:, 0].tolist()


def test_a_sequence_resumes_by_last_epoch():
    """DIFFERENCE: torch starts the first scheduler again (pytorch#162591)."""
    whole = flat(THEIRS, optimizer(LRS))
    for _ in range(6):
        step(whole)
    held = optimizer(LRS)
    parts = [gt.ConstantLR(held, 0.5, 2), gt.ExponentialLR(held, 0.9), gt.CosineAnnealingLR(held, 9)]
    resumed = gt.SequentialLR(held, parts, [3, 7], last_epoch=5)
    assert look(resumed) == look(whole)
    for _ in range(9):
        step(whole)
        step(resumed)
        assert look(resumed) == look(whole)


def test_a_longer_total_is_sought_on_the_new_curve():
    longer = made("CosineAnnealingLR")
    longer.T_max = 50
    whole = gt.CosineAnnealingLR(optimizer(LRS), 50, 1e-4)
    for _ in range(11):
        step(whole)
    longer.seek(11)
    assert look(longer) == look(whole)
