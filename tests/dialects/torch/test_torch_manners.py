"""glidepath.torch: `verbose`, warnings, subclasses, methods on an instance, live attributes, groups added later."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from torch_recipes import (  # noqa: E402
    HAS_VERBOSE,
    OURS,
    THEIRS,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)
from torch_schedulers import (  # noqa: E402
    CLASSES,
    LRS,
    every_class,
    lr_of,
    made,
    rows_of,
    step,
)

pytestmark = milestones_may_warn

prints = pytest.mark.skipif(HAS_VERBOSE, reason=f"torch {torch.__version__} has a `verbose` of its own")


@pytest.mark.skipif(not HAS_VERBOSE, reason=f"torch {torch.__version__} has no `verbose`")
@every_class
def test_verbose_is_torchs_where_torch_has_it(name, capsys):
    if name in {"ChainedScheduler", "SWALR"}:
        for module in (THEIRS, OURS):
            with pytest.raises(TypeError):
                CLASSES[name](with_verbose(module, name, True), optimizer(LRS))
        return
    found = []
    for module in (THEIRS, OURS):
        results = []
        for verbose in (True, False, "deprecated"):
            made_by = with_verbose(module, name, verbose)
            schedulers = []
            said = outcome(lambda m=made_by, s=schedulers: s.append(CLASSES[name](m, optimizer(LRS))))
            step(schedulers[0])
            results.append((said, vars(schedulers[0]).get("verbose"), state_of(schedulers[0]), capsys.readouterr()))
        found.append(results)
    assert found[0] == found[1]


def with_verbose(module, name, verbose):
    """The module, and a class that is made with these arguments."""
    cls, other = getattr(module, name), type(module)("verbose")
    vars(other).update(vars(module))
    setattr(other, name, lambda *args, **kw: cls(*args, **kw, verbose=verbose))
    return other


@prints
@every_class
def test_verbose_prints_each_update_in_the_old_words(name, capsys):
    if name == "ChainedScheduler":
        return
    scheduler = CLASSES[name](with_verbose(OURS, name, True), optimizer([0.1, 0.2]))
    assert scheduler.verbose
    capsys.readouterr()
    for k in range(4):
        step(scheduler, k)
        printed = capsys.readouterr().out.splitlines()
        lrs = [float(group["lr"]) for group in scheduler.optimizer.param_groups]
        if name == "CosineAnnealingWarmRestarts":
            wanted = [
                f"Epoch {k + 1:05d}: adjusting learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)
            ]
        elif name == "ReduceLROnPlateau":
            wanted = [
                f"Epoch {k + 1:05d}: reducing learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)
            ]
            wanted = wanted if printed else []
        else:
            wanted = [f"Adjusting learning rate of group {i} to {lr:.4e}." for i, lr in enumerate(lrs)]
        assert printed == wanted


@prints
def test_verbose_prints_the_first_rate_too(capsys):
    gt.ExponentialLR(optimizer([0.1]), 0.9, -1, True)
    assert capsys.readouterr().out == "Adjusting learning rate of group 0 to 1.0000e-01.\n"


def test_the_first_steps_warn_as_torchs_do():
    files = []
    for module in (THEIRS, OURS):
        scheduler = module.StepLR(optimizer([0.1], step=False), 3)
        with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before") as caught:
            scheduler.step()
        files.append(caught[0].filename)
    assert files[0] == files[1]


def test_a_subclass_with_its_own_get_lr_is_obeyed():
    class Mine(gt.StepLR):
        def get_lr(self):
            return [lr / 2 for lr in super().get_lr()]

    scheduler = Mine(optimizer([0.8]), 2, 0.5)
    rates = [lr_of(scheduler)]
    for _ in range(4):
        step(scheduler)
        rates.append(lr_of(scheduler))
    assert rates == [0.4, 0.2, 0.05, 0.025, 0.00625]
    assert scheduler.preview(2).ravel().tolist() == [0.003125, 0.00078125]


def test_a_subclass_with_its_own_step_is_called_by_composites():
    class Mine(gt.ExponentialLR):
        calls = 0

        def step(self, epoch=None):
            self.calls += 1
            super().step(epoch)

    own = Mine(optimizer([0.8]), 0.5)
    calls = own.calls
    chained = gt.ChainedScheduler([own])
    step(chained)
    assert (own.calls, lr_of(chained)) == (calls + 1, 0.4)


def test_a_method_put_on_an_instance_is_obeyed():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.get_lr = lambda: [0.5, 0.25]
    step(scheduler)
    assert scheduler.get_last_lr() == [0.5, 0.25]


def test_attributes_are_live():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.gamma = 0.5
    before = lr_of(scheduler)
    step(scheduler)
    assert lr_of(scheduler) == before * 0.5
    scheduler = made("CosineAnnealingWarmRestarts", steps=3)
    scheduler.base_lrs = [1.0, 1.0]
    scheduler.eta_min = 1.0
    step(scheduler)
    assert scheduler.get_last_lr() == [1.0, 1.0]


def test_an_optimizer_that_loads_a_state_is_looked_up_anew():
    scheduler = made("ExponentialLR", steps=3)
    scheduler.optimizer.load_state_dict(scheduler.optimizer.state_dict())
    groups = scheduler.optimizer.param_groups
    step(scheduler)
    assert groups[0]["lr"] == 0.1 * 0.99 * 0.99 * 0.99 * 0.99


def test_a_group_added_later():
    for name in ("StepLR", "ExponentialLR", "CosineAnnealingLR"):
        results = []
        for module in (THEIRS, OURS):
            scheduler = made(name, module, steps=2)
            scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.7})
            results.append(
                ([outcome(scheduler.step) for _ in range(8)], [g["lr"] for g in scheduler.optimizer.param_groups])
            )
        assert results[0] == results[1]


def test_triangular2_overflows_where_torchs_does():
    results = []
    for module in (THEIRS, OURS):
        scheduler = module.CyclicLR(optimizer([0.1]), 0.01, 0.1, 1, mode="triangular2", cycle_momentum=False)
        for _ in range(2_047):
            step(scheduler)
        with pytest.raises(OverflowError) as raised:
            step(scheduler)
        results.append((str(raised.value), scheduler.last_epoch))
    assert results[0] == results[1]


def test_a_scheduler_notes_the_initial_rate():
    held = optimizer([0.1])
    gt.Scheduler(held, lr=gp.linear(0.0, 0.1, 10))
    assert held.param_groups[0]["initial_lr"] == 0.1
    assert lr_scheduler.ExponentialLR(held, 0.9).base_lrs == [0.1]


def test_annealing_put_on_an_instance_is_obeyed():
    rates = []
    for module in (OURS, THEIRS):
        scheduler = module.OneCycleLR(optimizer([0.1]), 0.1, 20, cycle_momentum=False)
        scheduler._annealing_cos = lambda a, b, p: a + p
        rates.append(rows_of(scheduler, 5))
    assert rates[0] == rates[1]


@prints
def test_verbose_is_any_truth(capsys):
    for given, lines in ((1, 1), (None, 0), (0, 0)):
        rows_of(gt.StepLR(optimizer([0.1]), 3, verbose=given), 1)
        assert capsys.readouterr().out.count("Adjusting") == 2 * lines
