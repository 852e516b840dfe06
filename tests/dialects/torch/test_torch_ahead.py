"""glidepath.torch: `preview`, `seek`, `schedule` and `adopt`, and what they keep and refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from glidepath.torch import _versions  # noqa: E402
from torch_recipes import (  # noqa: E402
    OURS,
    THEIRS,
    look,
    milestones_may_warn,
    optimizer,
    outcome,
    state_of,
)
from torch_schedulers import (  # noqa: E402
    LRS,
    SEEK_BELOW,
    WITHOUT_FUNCTIONS,
    every_class,
    lr_of,
    made,
    rows_of,
    step,
    stepped,
)

pytestmark = milestones_may_warn

MILLION = 1_000_000

LONG = {
    "StepLR": lambda m, o: m.StepLR(o, 1_000, 0.999),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, range(1, MILLION, 997), 0.999),
    "ConstantLR": lambda m, o: m.ConstantLR(o, 0.3, 700_000),
    "LinearLR": lambda m, o: m.LinearLR(o, 0.01, 0.7, 900_000),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 1 - 1e-6),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, 999_000, 1.7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 300_007, 1e-5),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 1_000, 2, 1e-5),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.2, 1_234, 777, mode="exp_range", gamma=1 - 1e-6),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.3, MILLION, pct_start=0.123, three_phase=True),
    "SWALR": lambda m, o: m.SWALR(o, 0.01, 900_000),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, 1.0, 9_000), m.CosineAnnealingLR(o, 400_000), m.ExponentialLR(o, 1 - 1e-6)],
        [10_000, 600_000],
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o, 0.1, 1.0, 9_000), m.CosineAnnealingLR(o, 900_000), m.StepLR(o, 10_000, 0.99)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_FUNCTIONS)
def test_a_million_steps(name):
    n = MILLION if _versions.steps(name) else 20_000  # fewer if torch makes all the steps, because it is slow
    theirs, ours, sought = (LONG[name](module, optimizer([0.1])) for module in (THEIRS, OURS, OURS))
    schedule = ours.schedule(steps=n + 1)
    ahead = ours.preview(n)[:, 0]
    group, rates = theirs.optimizer.param_groups[0], []
    step_theirs, step_ours = theirs.step, ours.step
    for _ in range(n):
        step_theirs()
        rates.append(group["lr"])
        step_ours()
    assert np.array_equal(np.array(rates).view(np.uint64), ahead.view(np.uint64))
    assert np.array_equal(schedule.array(n, start=1).view(np.uint64), ahead.view(np.uint64))
    assert look(ours) == look(theirs)
    sought.seek(n)
    assert look(sought) == look(theirs)
    assert state_of(sought) == state_of(ours) == state_of(theirs)


@every_class
def test_an_adopted_scheduler_goes_on_as_torchs(name):
    theirs, twin = made(name, THEIRS, steps=5), made(name, THEIRS, steps=5)
    ours = gt.adopt(theirs)
    assert type(ours) is getattr(OURS, name)
    assert all(isinstance(child, gt.LRScheduler) for child in vars(ours).get("_schedulers", []))
    assert ours.optimizer is theirs.optimizer
    for k in range(12):
        step(ours, k)
        step(twin, k)
    assert look(ours) == look(twin)
    assert state_of(ours) == state_of(twin)
    assert gt.adopt(ours) is ours


def test_plateau_is_previewed_by_metrics():
    metrics = [1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.6, 0.6]
    for module in (THEIRS, OURS):
        scheduler = module.ReduceLROnPlateau(optimizer(LRS), patience=1)
        ahead = gt.preview(scheduler, metrics=metrics)
        assert scheduler.last_epoch == 0
        for row, metric in zip(ahead, metrics, strict=True):
            scheduler.step(metric)
            assert row.tolist() == scheduler.get_last_lr()


@pytest.mark.parametrize(("act", "error", "message"), [
    (lambda: made("StepLR").preview(-1), ValueError, "`preview.n`: got -1; it must be a whole number from 0 to 2**53"),
    (lambda: made("StepLR").preview(2**53), (MemoryError, ValueError), ""),
    (lambda: made("StepLR").preview(2.0), TypeError, "`preview.n`: got 2.0; it must be a whole number from 0 to 2**53"),
    (lambda: made("StepLR").preview(), TypeError, "`preview.n`: got None; it must be a whole number from 0 to 2**53."),
    (lambda: made("StepLR").preview(metrics=[1.0]), TypeError,
     "`preview.metrics`: got an object of type list; the steps of this StepLR take no metrics. Write `preview(n)`."),
    (lambda: made("ReduceLROnPlateau").preview(3), TypeError, "`preview.metrics`: got None for a ReduceLROnPlateau;"),
    (lambda: made("StepLR").seek(-1), IndexError, SEEK_BELOW),
    (lambda: made("LambdaLR").seek(-1), IndexError, SEEK_BELOW),
    (lambda: made("ReduceLROnPlateau").seek(1), TypeError, "`seek`: got a ReduceLROnPlateau, whose rates follow from"),
    (lambda: made("LambdaLR").schedule(), ValueError, "`schedule.steps`: got None; no replay gives the rates of this"),
    (lambda: made("StepLR").schedule(2), IndexError, "`schedule.group`: got 2; it must be from 0 to 1, as the"),
    (lambda: made("ReduceLROnPlateau").schedule(), TypeError, "`schedule`: got a ReduceLROnPlateau, whose rates"),
    (lambda: gt.adopt(type("Mine", (lr_scheduler.StepLR,), {})(optimizer([0.1]), 3)), TypeError,
     "`adopt.scheduler`: got a Mine; it must be of one of torch's own classes. Derive your class from glidepath.to"),
])  # fmt: skip
def test_refusals_say_what_is_wrong(act, error, message):
    with pytest.raises(error) as caught:
        act()
    assert str(caught.value).startswith(message), caught.value


def test_what_a_function_drives_is_a_table_on_request():
    schedule = made("LambdaLR").schedule(0, steps=4)
    assert schedule == gp.table([0.1 * 0.9**k for k in range(4)])


MADE_WITH = {
    "CyclicLR": (
        lambda m, o: m.CyclicLR(o, 0.01, 0.2, 17, 12, mode="exp_range", gamma=0.999),
        {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 17, "step_size_down": 12, "mode": "exp_range", "gamma": 0.999},
    ),
    "OneCycleLR": (
        lambda m, o: m.OneCycleLR(o, 0.3, 60, pct_start=0.1234567, div_factor=7.3, final_div_factor=123.4),
        {"max_lr": 0.3, "total_steps": 60, "pct_start": 0.1234567, "div_factor": 7.3, "final_div_factor": 123.4},
    ),
}


@pytest.mark.parametrize("name", MADE_WITH)
def test_a_scheduler_remembers_what_it_was_made_with(name):
    make, given = MADE_WITH[name]
    scheduler, theirs = make(OURS, optimizer([0.1])), make(THEIRS, optimizer([0.1]))
    step(scheduler)
    replay = gp.replay(f"torch.{name}", **given)
    for copied in (copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one)), lambda one: one):
        assert copied(scheduler).schedule() == replay
    assert scheduler.state_dict().keys() == theirs.state_dict().keys()
    rates = [float(lr_of(theirs))]
    for k in range(1, 50):
        step(theirs, k)
        rates.append(lr_of(theirs))
    assert replay.array(50).tolist() == rates


@pytest.mark.parametrize("name", MADE_WITH)
def test_an_attribute_set_later_counts_and_not_what_was_remembered(name):
    def change(scheduler):
        if name == "CyclicLR":
            scheduler.step_ratio = 0.25
        else:
            scheduler._schedule_phases[0]["end_step"] = 20.5

    make, given = MADE_WITH[name]
    loaded, changed = make(OURS, optimizer([0.1])), make(OURS, optimizer([0.1]))
    theirs = make(THEIRS, optimizer([0.1]))
    change(changed)
    change(theirs)
    loaded.load_state_dict(changed.state_dict())
    for scheduler in (changed, loaded):
        with pytest.raises(ValueError) as raised:
            scheduler.schedule()
        assert str(raised.value) == (
            f"`schedule.steps`: got None; no replay gives the rates of this {name}. "
            "For a table of them, say how many steps: `schedule(0, steps=1000)`."
        )
        table = scheduler.schedule(steps=50)
        assert table == gt.schedule(theirs, steps=50)
        assert table.array(50).tolist() != gp.replay(f"torch.{name}", **given).array(50).tolist()


@pytest.mark.parametrize("name", MADE_WITH)
def test_torch_keeps_no_arguments_so_its_own_is_a_table_on_request(name):
    make, given = MADE_WITH[name]

    def message(scheduler):
        with pytest.raises(ValueError) as raised:
            gt.schedule(scheduler)
        return str(raised.value)

    theirs, held = make(THEIRS, optimizer([0.1])), optimizer([0.1])
    sequence = THEIRS.SequentialLR(held, [THEIRS.ExponentialLR(held, 0.9), make(THEIRS, held)], [3])
    table = "For a table of them, say how many steps: `schedule(0, steps=1000)`."
    rest = f"of which torch does not keep the arguments. {table}"
    assert message(theirs) == f"`schedule.steps`: got None; no replay gives the rates of this {name}, {rest}"
    assert message(gt.adopt(theirs)) == message(theirs)
    assert message(sequence) == (
        f"`schedule.steps`: got None; no replay gives the rates of this SequentialLR with a {name}, {rest}"
    )
    assert gt.schedule(theirs, steps=50) == gp.table(gp.replay(f"torch.{name}", **given).array(50))


class HalvingStep(gt.StepLR):
    """A subclass with its own `step`."""

    def step(self, epoch: int | None = None) -> None:
        super().step(epoch)
        for group in self.optimizer.param_groups:
            group["lr"] *= 0.5


@pytest.mark.parametrize("make", [
    lambda o: HalvingStep(o, 2),
    lambda o: gt.SequentialLR(o, [gt.ExponentialLR(o, 0.9), HalvingStep(o, 2)], [3]),
    lambda o: gt.ChainedScheduler([HalvingStep(o, 2), gt.ExponentialLR(o, 0.9)]),
    lambda o: gt.SequentialLR(o, [gt.ExponentialLR(o, 0.9), gt.ChainedScheduler([gt.CyclicLR(o, 0.02, 0.2, 4)])], [3]),
    lambda o: gt.SequentialLR(
        o, [gt.ExponentialLR(o, 0.9), gt.SequentialLR(o, [gt.CyclicLR(o, 0.02, 0.2, 4)], [])], [3]
    ),
    lambda o: gt.SequentialLR(o, [gt.LinearLR(o, 0.1), gt.Scheduler(o, lr=gp.linear(0.1, 0.0, 10))], [5]),
    lambda o: gt.ChainedScheduler([gt.Scheduler(o, lr=gp.linear(0.1, 0.0, 10)), gt.ExponentialLR(o, 0.9)]),
])  # fmt: skip
def test_preview_and_schedule_equal_the_steps(make) -> None:
    want = stepped(make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)), 12)
    scheduler = make(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9))
    assert scheduler.preview(12)[:, 0].tolist() == want
    assert scheduler.schedule(0, steps=13).array(13).tolist()[1:] == want
    assert stepped(scheduler, 12) == want


def test_a_scheduler_is_a_scheduler() -> None:
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    lr = gp.linear(0.1, 0.0, 10)
    scheduler = gt.Scheduler(o, lr=lr)
    assert gt.schedule(scheduler) == scheduler.schedule() == lr
    gt.seek(scheduler, 3)
    assert o.param_groups[0]["lr"] == lr[3]
    assert gt.preview(scheduler, 2)[:, 0].tolist() == [lr[4], lr[5]]
    grown = gt.Scheduler(o, lr=[lr])
    o.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
    state = grown.state_dict()
    other = gt.Scheduler(o, lr=gp.constant(0.1))
    other.load_state_dict(state, on_change="replace")
    assert other.schedule(0) == lr


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_scheduler_previews_what_a_tensor_takes(dtype) -> None:
    lr = torch.tensor(0.1, dtype=getattr(torch, dtype))
    o = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = gt.Scheduler(o, lr=gp.cosine(0.1, 0.0, 7))
    coming = scheduler.preview(6)[:, 0].tolist()
    assert [float(rate) for rate in (scheduler.step() or o.param_groups[0]["lr"].item() for _ in range(6))] == coming


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda s: s.seek(1.5), TypeError, ("`seek.step`: got 1.5; it must be a whole number from 0 to 2**53. "
     "Convert it with `int()`.")),
    (lambda s: s.preview(-1), ValueError,
     "`preview.n`: got -1; it must be a whole number from 0 to 2**53. Steps are counted from 0."),
    (lambda s: s.load_state_dict({}), ValueError, ("`load_state_dict`: got a state with the keys none; "
     "it must have step and schedules. Save `state_dict()`.")),
    (lambda s: gt.schedule(s, "a"), TypeError, "`schedule.group`: got 'a'; it must be a whole number from 0 to 0."),
    (lambda s: gt.schedule(s, 0, steps=0), ValueError, ("`schedule.steps`: got 0; "
     "it must be a whole number of steps, 1 or more.")),
    (lambda _: gt.preview(None, 3), TypeError, ("`preview.scheduler`: got NoneType; "
     "it must be a scheduler of glidepath's or torch's.")),
])  # fmt: skip
def test_whole_messages_of_preview_seek_and_schedule(call, error, message) -> None:
    scheduler = gt.Scheduler(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1), lr=gp.constant(0.1))
    with pytest.raises(error) as refused:
        call(scheduler)
    assert str(refused.value) == message


class Warm(gt.LRScheduler):
    """Warms up, then steps an inner scheduler, and stores the rates that it returned."""

    def __init__(self, held, after, n):
        self.after, self.n, self.given = after, n, [[]]
        super().__init__(held)

    def get_lr(self):
        if self.last_epoch <= self.n:
            return [base * self.last_epoch / self.n for base in self.base_lrs]
        self.after.step()
        self.given[0].append(self.last_epoch)
        return self.after.get_last_lr()


def test_what_a_subclass_holds_is_not_stepped_by_a_look_ahead():
    scheduler, twin = (Warm(held, gt.CosineAnnealingLR(held, 20), 3) for held in (optimizer([0.1]), optimizer([0.1])))
    for one in (scheduler, twin):
        rows_of(one, 5)
    given = copy.deepcopy(scheduler.given)
    ahead = scheduler.preview(7)
    assert scheduler.given == given
    assert ahead.tolist() == rows_of(scheduler, 7) == rows_of(twin, 7)
    for call in (lambda: scheduler.seek(4), lambda: scheduler.schedule(0, steps=9)):
        with pytest.raises(TypeError, match="a scheduler inside a scheduler of your own"):
            call()


class Counted:
    """A factor that counts its calls."""

    def __init__(self):
        self.n = 0

    def __call__(self, epoch):
        self.n += 1
        return 0.9**self.n


def test_a_function_that_remembers_is_not_moved_by_a_preview():
    factor = Counted()
    scheduler = gt.LambdaLR(optimizer([0.1]), factor)
    before = factor.n
    ahead = scheduler.preview(4)
    assert factor.n == before
    assert ahead.tolist() == rows_of(scheduler, 4)


AT_ZERO = {
    "cosine and exponential": lambda m, o: m.ChainedScheduler([m.CosineAnnealingLR(o, 2), m.ExponentialLR(o, 0.9)]),
    "step and cosine": lambda m, o: m.ChainedScheduler([m.StepLR(o, 2), m.CosineAnnealingLR(o, 2)]),
    "sequence": lambda m, o: m.ChainedScheduler([
        m.SequentialLR(o, [m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 3)], [4]), m.StepLR(o, 3),
        m.CosineAnnealingWarmRestarts(o, 3),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_ZERO)
def test_a_rate_of_0_is_no_end_where_another_scheduler_lifts_it(name):
    ours, theirs = (AT_ZERO[name](module, optimizer([0.1])) for module in (OURS, THEIRS))
    ahead = ours.preview(12)
    assert gt.preview(theirs, 12).tolist() == ahead.tolist() == rows_of(theirs, 12)


def test_tensors_of_one_dimension_are_sought():
    for dtype in (torch.float32, torch.float64):
        found = []
        for act in (lambda s: s.seek(3), lambda s: rows_of(s, 3)):
            held = optimizer([torch.tensor([0.1], dtype=dtype)])
            if outcome(lambda: lr_scheduler.ExponentialLR(optimizer([torch.tensor([0.1])]), 0.9))[0]:
                pytest.skip(f"torch {torch.__version__} takes no rates of one dimension")
            scheduler = gt.ExponentialLR(held, 0.9)
            values = [scheduler.schedule(0, steps=4)[k] for k in range(4)]
            act(scheduler)
            found.append((held.param_groups[0]["lr"].tolist(), values))
            assert values[3] == found[-1][0][0]
        assert found[0] == found[1]


def test_a_get_lr_on_an_instance_is_seen_by_a_look_ahead():
    def mine(self):
        return [0.3 / (self.last_epoch + 1)]

    scheduler = gt.ExponentialLR(optimizer([0.1]), 0.9)
    scheduler.get_lr = mine.__get__(scheduler)
    ahead = scheduler.preview(3)
    assert scheduler.last_epoch == 0
    assert ahead.tolist() == rows_of(scheduler, 3)


def test_a_preview_of_a_three_phase_one_cycle_raises_after_its_end():
    scheduler = gt.OneCycleLR(
        optimizer([1.0]), 1.0, total_steps=10, pct_start=0.9, three_phase=True, cycle_momentum=False
    )
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.preview(15)
    assert scheduler.preview(10).tolist() == rows_of(scheduler, 10)


def test_adopting_what_is_ours_or_stands_twice():
    held = optimizer([0.1])
    scheduler = gt.Scheduler(held, lr=gp.linear(0.1, 0.0, 10))
    assert gt.adopt(scheduler) is scheduler
    twice = []
    for adopt in (lambda s: s, gt.adopt):
        child = lr_scheduler.StepLR(optimizer([0.1]), 3)
        scheduler = adopt(lr_scheduler.ChainedScheduler([child, child]))
        ahead = gt.preview(scheduler, 6).tolist()
        twice.append(rows_of(scheduler, 6))
        assert ahead == twice[-1]
    assert twice[0] == twice[1]
