"""glidepath.torch: numpy numbers, states that were stored as JSON, schedules as functions, `last_epoch`."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from glidepath.torch import _versions  # noqa: E402
from torch_recipes import (  # noqa: E402
    HAS_VERBOSE,
    OURS,
    SWALR_IS_PLAIN,
    THEIRS,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)

pytestmark = milestones_may_warn

# Every parameter that is a number, by class: its type, and the number.
COUNTS = {
    "StepLR": {"step_size": 3},
    "ConstantLR": {"total_iters": 4},
    "LinearLR": {"total_iters": 6},
    "PolynomialLR": {"total_iters": 9},
    "CosineAnnealingLR": {"T_max": 7},
    "CosineAnnealingWarmRestarts": {"T_0": 4, "T_mult": 2},
    "CyclicLR": {"step_size_up": 4, "step_size_down": 3},
    "OneCycleLR": {"total_steps": 40},
    "OneCycleLR of epochs": {"epochs": 8, "steps_per_epoch": 5},
    "SWALR": {"anneal_epochs": 5},
    "ReduceLROnPlateau": {"patience": 1, "cooldown": 2},
}
REALS = {
    "StepLR": {"gamma": 0.7},
    "MultiStepLR": {"gamma": 0.7},
    "ConstantLR": {"factor": 0.7},
    "LinearLR": {"start_factor": 0.3, "end_factor": 0.9},
    "ExponentialLR": {"gamma": 0.9},
    "PolynomialLR": {"power": 1.7},
    "CosineAnnealingLR": {"eta_min": 0.01},
    "CosineAnnealingWarmRestarts": {"eta_min": 0.01},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.3, "base_momentum": 0.8, "max_momentum": 0.9},
    "OneCycleLR": {"max_lr": 0.3, "pct_start": 0.4, "div_factor": 20.0, "final_div_factor": 1e3},
    "SWALR": {"swa_lr": 0.05},
}
NEEDED = {
    "ExponentialLR": {"gamma": 0.9},
    "MultiStepLR": {"milestones": [3, 5]},
    "StepLR": {"step_size": 3},
    "CosineAnnealingLR": {"T_max": 7},
    "CosineAnnealingWarmRestarts": {"T_0": 4},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.3, "step_size_up": 4},
    "OneCycleLR": {"max_lr": 0.3},
    "SWALR": {"swa_lr": 0.05},
}
INTS = [np.int64, np.int32, np.int8, np.uint8, np.uint64]
every_count = [(name, key, kind) for name, given in COUNTS.items() for key in given for kind in INTS]
every_real = [(name, key) for name, given in REALS.items() for key in given]


def made(name, given, module=OURS, lr=0.1):
    """A scheduler with these arguments and its required ones."""
    name = name.partition(" ")[0]
    needed = NEEDED.get(name, {}) | ({"total_steps": 40} if name == "OneCycleLR" and "epochs" not in given else {})
    return getattr(module, name)(optimizer([lr]), **(needed | given))


def steps_of(scheduler, n):
    metric = [(1.0,)] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else [()]
    rates = []
    for _ in range(n):
        scheduler.step(*metric[0])
        lrs = [group["lr"] for group in scheduler.optimizer.param_groups]
        rates.append([float(lr.detach() if isinstance(lr, torch.Tensor) else lr) for lr in lrs])
    return rates


def schedule_of(name, scheduler):
    """Its replay, or a table for the SWALR of a torch in which it has no replay."""
    return gt.schedule(scheduler, steps=31 if name == "SWALR" and not SWALR_IS_PLAIN else None)


@pytest.mark.parametrize(("name", "key", "kind"), every_count)
def test_integers_of_numpy_are_integers(name, key, kind):
    given = {**COUNTS[name], key: kind(COUNTS[name][key])}
    want = made(name, COUNTS[name], THEIRS)
    rates = steps_of(want, 30)
    ours = made(name, given)
    assert steps_of(ours, 30) == rates
    assert look(ours) == look(want)
    assert state_of(ours) == state_of(want)
    if name != "SWALR" or SWALR_IS_PLAIN:
        json.dumps(ours.state_dict())
    if name == "ReduceLROnPlateau":
        return
    assert made(name, given).preview(np.int64(30)).tolist() == rates
    sought = made(name, given)
    sought.seek(kind(30))
    assert look(sought) == look(want)
    schedule = schedule_of(name, made(name, given))
    assert schedule == schedule_of(name, made(name, COUNTS[name]))
    assert schedule.array(30, 1).tolist() == [row[0] for row in rates]
    # For an attribute that is set later, and for torch's own scheduler, torch's step computes numpy floats.
    if key in vars(want):
        later, theirs = made(name, COUNTS[name]), made(name, COUNTS[name], THEIRS)
        for scheduler in (later, theirs):
            setattr(scheduler, key, np.int64(COUNTS[name][key]))
            assert gt.schedule(scheduler, steps=30).array(30).tolist() == schedule.array(30).tolist()
            assert gt.preview(scheduler, 30).tolist() == rates
        gt.seek(theirs, 11)
        assert steps_of(later, 30) == rates
        assert float(theirs.optimizer.param_groups[0]["lr"]) == rates[10][0]


@pytest.mark.parametrize(("name", "key"), every_real)
def test_doubles_of_numpy_are_floats(name, key):
    given = {**REALS[name], key: np.float64(REALS[name][key])}
    rates = steps_of(made(name, REALS[name], THEIRS), 30)
    assert steps_of(made(name, given), 30) == steps_of(made(name, given, THEIRS), 30) == rates
    for module in (OURS, THEIRS):
        assert gt.preview(made(name, given, module), 30).tolist() == rates
        schedule = gt.schedule(made(name, given, module), steps=30)
        assert schedule.array(30).tolist() == schedule_of(name, made(name, REALS[name])).array(30).tolist()
        sought = made(name, given, module)
        gt.seek(sought, 30)
        assert float(sought.optimizer.param_groups[0]["lr"]) == rates[-1][0]


@pytest.mark.parametrize("name", [*NEEDED, "ConstantLR", "LinearLR", "PolynomialLR"])
def test_a_rate_may_be_a_double_of_numpy(name):
    want = steps_of(made(name, {}, THEIRS), 30)
    assert steps_of(made(name, {}, lr=np.float64(0.1)), 30) == want
    assert made(name, {}, lr=np.float64(0.1)).preview(30).tolist() == want
    assert schedule_of(name, made(name, {}, lr=np.float64(0.1))) == schedule_of(name, made(name, {}))


def test_a_single_of_numpy_computes_in_float32():
    """As torch's steps do. No replay has these bits, and the message says why."""
    scheduler = gt.StepLR(optimizer([0.1]), 3, np.float32(0.7))
    theirs = lr_scheduler.StepLR(optimizer([0.1]), 3, np.float32(0.7))
    with pytest.raises(ValueError) as refused:
        scheduler.schedule()
    assert str(refused.value) == (
        "`schedule.steps`: got None; no replay gives the rates of this StepLR, whose `gamma` is a numpy.float32. "
        "For a table of them, say how many steps: `schedule(0, steps=1000)`."
    )
    table = scheduler.schedule(steps=np.int64(11))
    assert table.array(10, 1).tolist() == [row[0] for row in steps_of(theirs, 10)]
    assert scheduler.preview(10).tolist() == steps_of(scheduler, 10)


MILESTONES = {
    "an array": np.array([3, 5, 5]),
    "an array of bytes": np.array([3, 5, 5], np.uint8),
    "numpy's integers": [np.int64(3), np.int16(5), np.int64(5)],
    "a tensor": torch.tensor([3, 5, 5]),
    "texts": ["3", "5", "5"],
    "floats": [3.0, 5.0, 5.0],
    "an iterator": iter([3, 5, 5]),
}


@pytest.mark.parametrize("kind", [kind for kind in MILESTONES if kind != "floats"])
def test_milestones_of_every_kind(kind):
    want = lr_scheduler.MultiStepLR(optimizer([0.1]), [3, 5, 5], 0.7)
    rates = steps_of(want, 9)
    ours = gt.MultiStepLR(optimizer([0.1]), MILESTONES[kind], 0.7)
    assert ours.preview(9).tolist() == rates
    assert ours.schedule() == gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=[3, 5, 5], gamma=0.7)
    assert steps_of(ours, 9) == rates
    assert state_of(ours) == state_of(want)


@pytest.mark.parametrize("kind", ["an array", "numpy's integers", "a tensor", "texts"])
def test_milestones_of_a_sequence_of_every_kind(kind):
    def build(module, milestones):
        held = optimizer([0.1])
        return module.SequentialLR(
            held, [module.ConstantLR(held, 0.5), module.ExponentialLR(held, 0.9), module.StepLR(held, 2)], milestones
        )

    want, two = build(THEIRS, [3, 5]), MILESTONES[kind][:2]
    rates, ours = steps_of(want, 9), build(OURS, two)
    assert ours.preview(9).tolist() == rates
    assert ours.schedule() == build(OURS, [3, 5]).schedule()
    assert steps_of(ours, 9) == rates
    assert state_of(ours) == state_of(want)
    if kind == "an array":
        assert gt.schedule(build(THEIRS, two)) == ours.schedule()


def test_a_chain_may_be_a_tuple():
    def build(kind):
        held = optimizer([0.1])
        return gt.ChainedScheduler(kind([gt.ConstantLR(held, 0.5), gt.ExponentialLR(held, 0.9)]))

    assert build(tuple).schedule() == build(list).schedule()
    assert build(tuple).preview(9).tolist() == steps_of(build(list), 9)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda s: s.schedule(True), TypeError, "`schedule.group`: got True; it must be a whole number from 0 to 0."),
    (lambda s: s.schedule(np.int64(1)), IndexError,
     "`schedule.group`: got 1; it must be from 0 to 0, as the optimizer has 1 groups."),
    (lambda s: s.schedule(0, steps=True), ValueError,
     "`schedule.steps`: got True; it must be a whole number of steps, 1 or more."),
    (lambda s: s.schedule(0, steps=2.0), ValueError,
     "`schedule.steps`: got 2.0; it must be a whole number of steps, 1 or more."),
])  # fmt: skip
def test_what_is_no_integer_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call(made("StepLR", {}))
    assert str(refused.value) == message
    assert made("StepLR", {}).schedule(np.uint8(0)) == made("StepLR", {}).schedule()


# A Schedule as LambdaLR's function.

FUNCTION = gp.warmup_cosine(1.0, 30, 5)


@pytest.mark.parametrize("module", [OURS, THEIRS], ids=["ours", "torch's"])
def test_a_schedule_that_is_the_function_is_multiplied(module):
    scheduler = module.LambdaLR(optimizer([0.1, 0.03, np.float64(0.7)]), FUNCTION)
    for i, base in enumerate([0.1, 0.03, 0.7]):
        found = gt.schedule(scheduler, i)
        assert found == base * FUNCTION
        # The exact product. A step rounds twice.
        rates = [base * FUNCTION[k] for k in range(40)]
        np.testing.assert_array_max_ulp(found.array(40), np.array(rates), 1)
    steps_of(scheduler, 7)
    assert gt.schedule(scheduler) == 0.1 * FUNCTION
    assert scheduler.optimizer.param_groups[0]["lr"] == 0.1 * FUNCTION[7]


def test_each_group_has_its_function():
    scheduler = gt.LambdaLR(optimizer([0.1, 0.03]), [FUNCTION, lambda k: 0.9**k])
    assert scheduler.schedule(0) == 0.1 * FUNCTION
    with pytest.raises(ValueError) as refused:
        scheduler.schedule(1)
    assert str(refused.value) == (
        "`schedule.steps`: got None; no replay gives the rates of this LambdaLR. "
        "For a table of them, say how many steps: `schedule(1, steps=1000)`."
    )
    assert scheduler.schedule(1, steps=3) == gp.table([0.03 * 0.9**k for k in range(3)])


class Halved(gt.LambdaLR):
    def get_lr(self):
        return [lr / 2 for lr in super().get_lr()]


class StepsTwice(gt.LambdaLR):
    def step(self, epoch=None):
        super().step(epoch)
        super().step(epoch)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: Halved(o, FUNCTION),
        lambda o: StepsTwice(o, FUNCTION),
        lambda o: gt.MultiplicativeLR(o, FUNCTION),
        lambda o: gt.ChainedScheduler([gt.LambdaLR(o, FUNCTION)]),
        lambda o: gt.SequentialLR(o, [gt.LambdaLR(o, FUNCTION), gt.StepLR(o, 3)], [5]),
        lambda o: gt.SequentialLR(o, [gt.StepLR(o, 3), gt.LambdaLR(o, lambda k: 0.9**k)], [5]),
        lambda o: gt.SequentialLR(o, [gt.LambdaLR(o, FUNCTION), gt.LambdaLR(o, FUNCTION)], [0]),
    ],
)
def test_a_lambda_lr_that_is_not_that_product_needs_steps(make):
    with pytest.raises(ValueError, match="no replay gives the rates of this"):
        make(optimizer([0.1])).schedule()
    rates = steps_of(make(optimizer([0.1])), 9)
    assert make(optimizer([0.1])).schedule(steps=10).array(9, 1).tolist() == [row[0] for row in rates]


@pytest.mark.parametrize("module", [OURS, THEIRS], ids=["ours", "torch's"])
@pytest.mark.parametrize(
    "make",
    [
        lambda m, o: m.SequentialLR(o, [m.LambdaLR(o, FUNCTION)], []),
        lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1), m.LambdaLR(o, FUNCTION)], [5]),
        lambda m, o: m.SequentialLR(o, [m.CosineAnnealingWarmRestarts(o, 3), m.LambdaLR(o, FUNCTION)], [5]),
        lambda m, o: m.SequentialLR(
            o, [m.LinearLR(o, 0.1), m.ExponentialLR(o, 0.9), m.LambdaLR(o, FUNCTION), m.LambdaLR(o, 2 * FUNCTION)],
            [5, 9, 30],
        ),
    ],
)  # fmt: skip
def test_a_sequence_that_ends_with_schedules(module, make):
    scheduler = make(module, optimizer([0.1]))
    schedule = gt.schedule(scheduler)
    rates = [row[0] for row in steps_of(make(module, optimizer([0.1])), 50)]
    np.testing.assert_array_max_ulp(schedule.array(50, 1), np.array(rates), 1)
    if not isinstance(scheduler._schedulers[0], lr_scheduler.LambdaLR):
        assert schedule.array(4, 1).tolist() == rates[:4]


# States that were stored as JSON.

STATES = {
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [2, 5, 5, 9, 12], 0.9),
    "sequence": lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1, 1.0, 3), m.MultiStepLR(o, [2, 5, 5], 0.9)], [4]),
    "chain": lambda m, o: m.ChainedScheduler([m.MultiStepLR(o, [9, 11], 0.5), m.ExponentialLR(o, 0.9)]),
    "nested": lambda m, o: m.SequentialLR(
        o, [m.ConstantLR(o, 0.5), m.ChainedScheduler([m.MultiStepLR(o, [6, 9], 0.5), m.StepLR(o, 2)])], [2]
    ),
    "StepLR": lambda m, o: m.StepLR(o, 3, 0.9),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.5, 9),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.1, 0.9, 12),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.99),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 20, 0.9),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 7, 1e-4),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 5, 2, 1e-4),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, 4, mode="exp_range", gamma=0.99),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, 60, three_phase=True),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, 9),
    "ReduceLROnPlateau": lambda m, o: m.ReduceLROnPlateau(o, patience=1),
    "LambdaLR": lambda m, o: m.LambdaLR(o, FUNCTION),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_may_have_been_json(name):
    """DIFFERENCE: JSON turns the milestones of MultiStepLR into strings, and torch then ignores them."""
    if name == "SWALR" and not SWALR_IS_PLAIN:
        pytest.skip(f"the state of SWALR has a function in torch {torch.__version__}")
    whole = STATES[name](OURS, optimizer([0.1, 0.03]))
    steps_of(whole, 7)
    text = json.dumps(whole.state_dict())
    resumed = STATES[name](OURS, optimizer([0.1, 0.03]))
    resumed.load_state_dict(json.loads(text))
    for group, old in zip(resumed.optimizer.param_groups, whole.optimizer.param_groups, strict=True):
        group.update({key: value for key, value in old.items() if key != "params"})
    assert state_of(resumed) == state_of(whole)
    if name != "ReduceLROnPlateau":
        assert resumed.preview(20).tolist() == copy.deepcopy(whole).preview(20).tolist()
    assert steps_of(resumed, 20) == steps_of(whole, 20)
    assert state_of(resumed) == state_of(whole)


def test_milestones_of_a_loaded_state_are_a_counter():
    """So these work as in torch: a step to an epoch, and the start in a SequentialLR."""
    scheduler = gt.MultiStepLR(optimizer([0.1]), [2, 5, 5], 0.5)
    state = json.loads(json.dumps(scheduler.state_dict()))
    assert state["milestones"] == {"2": 1, "5": 2}
    state["milestones"] |= {"7.0": 1, "late": 1}
    scheduler.load_state_dict(state)
    assert scheduler.milestones == {2: 1, 5: 2, 7: 1, "late": 1}
    del scheduler.milestones["late"]
    with pytest.warns(UserWarning, match="epoch parameter"):
        scheduler.step(5)
    assert scheduler.get_last_lr() == [0.1 * 0.5**3]
    assert state["milestones"].keys() == {"2", "5", "7.0", "late"}
    theirs = lr_scheduler.MultiStepLR(optimizer([0.1]), [2, 5, 5], 0.5)
    theirs.load_state_dict(json.loads(json.dumps(theirs.state_dict())))
    assert gt.preview(theirs, 6).tolist() == steps_of(theirs, 6) == [[0.1]] * 6


# `last_epoch=N`: the rates that it needs, as in docs/torch.md.

RESUMED = {
    "LambdaLR": ("any", lambda m, o, n: m.LambdaLR(o, lambda k: 0.9**k, n)),
    "CyclicLR": ("any", lambda m, o, n: m.CyclicLR(o, 0.01, 0.2, 4, last_epoch=n)),
    "OneCycleLR": ("any", lambda m, o, n: m.OneCycleLR(o, 0.3, 60, last_epoch=n)),
    "StepLR": ("N", lambda m, o, n: m.StepLR(o, 3, 0.9, n)),
    "MultiStepLR": ("N", lambda m, o, n: m.MultiStepLR(o, [2, 5, 5, 9], 0.9, n)),
    "ConstantLR": ("N", lambda m, o, n: m.ConstantLR(o, 0.5, 4, n)),
    "MultiplicativeLR": ("N + 1", lambda m, o, n: m.MultiplicativeLR(o, lambda k: 0.99, n)),
    "LinearLR": ("N + 1", lambda m, o, n: m.LinearLR(o, 0.1, 0.9, 12, n)),
    "ExponentialLR": ("N + 1", lambda m, o, n: m.ExponentialLR(o, 0.99, n)),
    "PolynomialLR": ("N + 1", lambda m, o, n: m.PolynomialLR(o, 20, 0.9, n)),
    "CosineAnnealingLR": ("N + 1", lambda m, o, n: m.CosineAnnealingLR(o, 7, 1e-4, n)),
    "CosineAnnealingWarmRestarts": ("none", lambda m, o, n: m.CosineAnnealingWarmRestarts(o, 5, 2, 1e-4, n)),
    "SWALR": ("none", lambda m, o, n: m.SWALR(o, 0.01, 6, last_epoch=n)),
}
BEFORE_2_8 = {
    "MultiplicativeLR": "N",
    "LinearLR": "N",
    "ExponentialLR": "N",
    "PolynomialLR": "N",
    "CosineAnnealingLR": "none",
}
STEPS_AFTER = 15


def resumed(name, module, n, rates_of):
    """A scheduler made with `last_epoch=n` on the rates of a step, and the rates of the uninterrupted run."""
    make = RESUMED[name][1]
    whole = make(module, optimizer([0.1]), -1)
    want, groups = [], []
    for _ in range(n + STEPS_AFTER):
        groups.append(copy.deepcopy({k: v for k, v in whole.optimizer.param_groups[0].items() if k != "params"}))
        want.append(groups[-1]["lr"])
        whole.step()
    held = optimizer([0.1])
    held.param_groups[0].update(groups[rates_of])
    scheduler = make(module, held, n)
    return scheduler, want[n + 1 :]


def goes_on(scheduler, want):
    got = [scheduler.optimizer.param_groups[0]["lr"]]
    for _ in want[1:]:
        scheduler.step()
        got.append(scheduler.optimizer.param_groups[0]["lr"])
    return got == want


@pytest.mark.parametrize("module", [OURS, THEIRS], ids=["ours", "torch's"])
@pytest.mark.parametrize("name", RESUMED)
def test_which_rates_a_last_epoch_needs(name, module):
    right = {
        rates: all(goes_on(*resumed(name, module, n, n + plus)) for n in range(20))
        for rates, plus in (("N", 0), ("N + 1", 1))
    }
    needs = RESUMED[name][0] if _versions.HAS_MARK else BEFORE_2_8.get(name, RESUMED[name][0])
    assert right == {"N": needs in {"N", "any"}, "N + 1": needs in {"N + 1", "any"}}


@pytest.mark.parametrize("name", [name for name in RESUMED if name not in {"LambdaLR", "MultiplicativeLR"}])
def test_a_seek_is_right_for_all(name):
    for n in range(20):
        for rates_of in (0, n, n + 1):
            scheduler, want = resumed(name, OURS, n, rates_of)
            scheduler.seek(n + 1)
            assert goes_on(scheduler, want)


def test_the_page_says_which_rates_a_last_epoch_needs():
    page = (Path(__file__).parents[3] / "docs" / "torch.md").read_text(encoding="utf-8")
    words = {"those of step N": "N", "those of step N + 1": "N + 1", "any": "any", "none is right": "none"}
    tables = []
    for line in page.splitlines():
        names, needs, *_ = [*line.strip("| ").split(" | "), ""]
        if names in {"Class", "Class, before 2.8"}:
            tables.append({})
        elif line.startswith("| `") and needs in words:
            tables[-1] |= dict.fromkeys(names.replace("`", "").split(", "), words[needs])
    assert tables == [{name: needs for name, (needs, _) in RESUMED.items()}, BEFORE_2_8]


# `preview` if a step raises, and if attributes were set by hand.


@pytest.mark.parametrize("made_with", ["triangular", "triangular2", "exp_range"])
@pytest.mark.parametrize("later", ["triangular", "triangular2", "exp_range"])
def test_a_cycle_keeps_the_mode_that_it_was_made_with(made_with, later):
    """torch reads `mode` and `gamma` when the scheduler is made and when a state is loaded."""
    ours, theirs = (
        module.CyclicLR(optimizer([0.1]), 0.01, 0.2, 2, mode=made_with, gamma=0.9, cycle_momentum=False)
        for module in (OURS, THEIRS)
    )
    for scheduler in (ours, theirs):
        scheduler.mode, scheduler.gamma = later, 0.5
    previews = [gt.preview(scheduler, 12).tolist() for scheduler in (ours, theirs)]
    tables = [gt.schedule(scheduler, steps=13).array(12, 1).tolist() for scheduler in (ours, theirs)]
    rates = steps_of(theirs, 12)
    assert steps_of(ours, 12) == rates
    assert previews == [rates, rates]
    assert tables == [[row[0] for row in rates]] * 2
    again = OURS.CyclicLR(optimizer([0.1]), 0.01, 0.2, 2, cycle_momentum=False)
    reloaded = THEIRS.CyclicLR(optimizer([0.1]), 0.01, 0.2, 2, cycle_momentum=False)
    again.load_state_dict(theirs.state_dict())
    reloaded.load_state_dict(theirs.state_dict())
    assert steps_of(again, 12) == steps_of(reloaded, 12)


def added(scheduler):
    scheduler.optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.7})


def removed(scheduler):
    scheduler.optimizer.param_groups.pop()


def set_to(**values):
    return lambda scheduler: [setattr(scheduler, key, value) for key, value in values.items()]


def children_set_to(**values):
    return lambda scheduler: [set_to(**values)(child) for child in vars(scheduler).get("_schedulers", [scheduler])]


CHANGES = {
    "a group added": added,
    "a group removed": removed,
    **{f"last_epoch = {k}": set_to(last_epoch=k) for k in (-7, -2, -1, 0, 3, 50, 3.0, np.int64(3))},
    **{f"_step_count = {k}": set_to(_step_count=k) for k in (-1, 0, 1, 7)},
    **{f"of each, last_epoch = {k}": children_set_to(last_epoch=k) for k in (-2, -1, 9)},
    **{f"of each, _step_count = {k}": children_set_to(_step_count=k) for k in (-1, 0, 1)},
    "both": children_set_to(last_epoch=5, _step_count=0),
    "a cycle of no steps": set_to(T_i=0),
    "a fraction of a cycle": set_to(T_cur=-0.5),
    "milestones that are a dict": children_set_to(milestones={3: 1}),
}
FUNCTIONLESS = {name: make for name, make in STATES.items() if name != "ReduceLROnPlateau"} | {
    "CyclicLR of each": lambda m, o: m.CyclicLR(o, [0.01, 0.02], [0.2, 0.4], 4),
    "OneCycleLR of each": lambda m, o: m.OneCycleLR(o, [0.3, 0.5], 60),
    "ConstantLR of 0": lambda m, o: m.ConstantLR(o, 0.0, 9),
}


def builders_of(name):
    """Glidepath and torch. But torch before 2.6 cannot build a ChainedScheduler inside a SequentialLR."""
    return (OURS,) if name == "nested" and not _versions.HAS_UNDO else (OURS, THEIRS)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FUNCTIONLESS)
@pytest.mark.parametrize("steps", [0, 6])
def test_a_preview_shows_or_raises_what_the_steps_do(name, change, steps):
    for module in builders_of(name):
        scheduler = FUNCTIONLESS[name](module, optimizer([0.1, 0.03]))
        outcome(lambda s=scheduler: steps_of(s, steps))  # torch's own nested schedulers raise
        CHANGES[change](scheduler)
        ahead = []
        said = outcome(lambda s=scheduler, a=ahead: a.extend(gt.preview(s, 12).tolist()))
        rates = []
        done = outcome(lambda s=scheduler, r=rates: [r.extend(steps_of(s, 1)) for _ in range(12)])
        assert said[:2] == done[:2]
        if not said[0]:
            assert np.array_equal(np.array(ahead), np.array(rates), equal_nan=True)


RATES = {
    "followed by autograd": lambda: [torch.tensor(0.1, requires_grad=True), torch.tensor(0.2)],
    "computed from one that is": lambda: [torch.tensor(0.1, requires_grad=True) * 1, torch.tensor(0.2)],
    "one for both, computed": lambda: [torch.tensor(0.1, requires_grad=True) * 1] * 2,
    "a parameter": lambda: [torch.nn.Parameter(torch.tensor(0.1)), torch.tensor(0.2)],
    "one for both": lambda: [torch.tensor(0.1)] * 2,
    "one memory for both": lambda: [one := torch.tensor(0.1), one.view(1)[0]],
    "parts of one": lambda: list(torch.tensor([0.1, 0.2])),
    "doubles": lambda: [torch.tensor(0.1, dtype=torch.float64), torch.tensor(0.2, dtype=torch.float64)],
    "one of each": lambda: [torch.tensor(0.1), 0.2],
    "of the other sign": lambda: [torch._neg_view(torch.tensor(-0.1)), torch.tensor(0.2)],
}


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad:UserWarning")
@pytest.mark.parametrize("kind", RATES)
@pytest.mark.parametrize("name", [name for name in FUNCTIONLESS if name != "LambdaLR"])
def test_a_preview_of_tensors_shows_or_raises_what_the_steps_do(name, kind):
    for module in builders_of(name):
        scheduler, rates, ahead = None, [], []
        try:
            scheduler = FUNCTIONLESS[name](module, optimizer(RATES[kind]()))
        except RuntimeError:
            continue
        before = look(scheduler)
        said = outcome(lambda s=scheduler, a=ahead: a.extend(gt.preview(s, 12).tolist()))
        assert look(scheduler) == before
        done = outcome(lambda s=scheduler, r=rates: [r.extend(steps_of(s, 1)) for _ in range(12)])
        assert said[:2] == done[:2]
        assert said[0] or ahead == rates


def test_a_preview_of_inference_tensors_raises_what_torch_raises():
    for module in (OURS, THEIRS):
        with torch.inference_mode():
            scheduler = module.ExponentialLR(optimizer([torch.tensor(0.1)]), 0.9)
            steps_of(scheduler, 2)
        ahead = []
        said = outcome(lambda s=scheduler, a=ahead: a.extend(gt.preview(s, 3).tolist()))
        done = outcome(lambda s=scheduler: steps_of(s, 3))
        assert said[:2] == done[:2]
        assert said[0] == "RuntimeError"


@pytest.mark.parametrize("make", [
    lambda o: gt.StepLR(o, 3), lambda o: gt.LambdaLR(o, FUNCTION), gt.ReduceLROnPlateau,
    lambda o: gt.SequentialLR(o, [gt.StepLR(o, 3)], []), lambda o: gt.ChainedScheduler([gt.StepLR(o, 3)]),
    lambda o: gt.Scheduler(o, lr=FUNCTION), lambda o: lr_scheduler.StepLR(o, 3),
])  # fmt: skip
def test_one_rule_for_how_many_steps(make):
    scheduler = make(optimizer([0.1]))
    rule = "it must be a whole number from 0 to 2**53."
    bad = {
        -1: (ValueError, f"`preview.n`: got -1; {rule} Steps are counted from 0."),
        2.0: (TypeError, f"`preview.n`: got 2.0; {rule} Convert it with `int()`."),
        "3": (TypeError, f"`preview.n`: got '3'; {rule} Convert it with `int()`."),
        None: (TypeError, f"`preview.n`: got None; {rule}"),
    }
    if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
        message = (
            "`preview.metrics`: got None for a ReduceLROnPlateau; its steps need metrics, so give the metric of each "
            "step instead of `n`. Write `preview(metrics=[...])`."
        )
        bad[None] = bad[3] = TypeError, message
        message = f"`preview.n`: got an object of type tuple; {rule} Metrics are given by name: write "
        bad[1.0, 0.5] = TypeError, message + "`preview(metrics=[...])`."
    for n, (error, message) in bad.items():
        with pytest.raises(error) as refused:
            gt.preview(scheduler, n)
        assert str(refused.value) == message
    with pytest.raises(TypeError) as refused:
        gt.preview(gt.ReduceLROnPlateau(optimizer([0.1])), 3, metrics=[0.1])
    assert str(refused.value) == (
        "`preview.n`: got 3; it must be left out where `metrics` are given: one step is made for each."
    )


@pytest.mark.parametrize("name", ["sequence", "chain", "StepLR", "CosineAnnealingWarmRestarts", "ReduceLROnPlateau"])
@pytest.mark.parametrize("arguments", [
    ((None,), {}), ((), {"epoch": None}), ((3,), {}), ((), {"epoch": 3}), ((1, 2, 3), {}), ((), {"epochs": 3}),
    ((1,), {"epoch": 1}), (("3",), {}),
])  # fmt: skip
def test_a_step_takes_what_torchs_takes(name, arguments):
    given, named = arguments
    results = []
    for module in (THEIRS, OURS):
        scheduler = STATES[name](module, optimizer([0.1, 0.03]))
        steps_of(scheduler, 2)
        results.append((outcome(lambda s=scheduler: s.step(*given, **named)), look(scheduler)))
    assert results[0] == results[1]


@pytest.mark.skipif(HAS_VERBOSE, reason="before torch 2.7 `verbose` is torch's, which prints nothing")
def test_a_step_prints_the_epoch_that_it_is_given(capsys):
    for call in (lambda s: s.step(7), lambda s: s.step(epoch=7)):
        for make in (
            lambda o: gt.StepLR(o, 3, verbose=True),
            lambda o: gt.CosineAnnealingWarmRestarts(o, 9, verbose=True),
        ):
            scheduler = make(optimizer([0.1]))
            capsys.readouterr()
            outcome(lambda s=scheduler, call=call: call(s))
            assert capsys.readouterr().out.startswith("Epoch 00007: adjusting learning rate of group 0 to ")


def test_a_copy_and_a_pickle_of_a_loaded_state():
    scheduler = STATES["nested"](OURS, optimizer([0.1]))
    steps_of(scheduler, 4)
    scheduler.load_state_dict(json.loads(json.dumps(scheduler.state_dict())))
    for other in (copy.deepcopy(scheduler), pickle.loads(pickle.dumps(scheduler))):
        other.optimizer._opt_called = True
        assert steps_of(other, 14) == scheduler.preview(14).tolist()
