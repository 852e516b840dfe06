"""`glidepath.torch.Scheduler`: what it sets and refuses, states, composites, resuming; warm-up, then plateau."""

from __future__ import annotations

import copy
import json
import warnings
from random import Random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim import lr_scheduler  # noqa: E402

import fuzz_resume  # noqa: E402
import fuzz_scheduler_state  # noqa: E402
import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from torch_recipes import HAS_VERBOSE, OURS, THEIRS, milestones_may_warn, optimizer  # noqa: E402

pytestmark = milestones_may_warn

LINE = gp.linear(0.02, 0.1, 3)
SHAPE = gp.linear(0.5, 0.0, 10)
both_modules = pytest.mark.parametrize("module", [THEIRS, OURS], ids=["torch", "glidepath"])


def of(kind=torch.optim.SGD, groups=1, **options):
    held = kind([{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)], **options)
    held._opt_called = True
    return held


def rates(scheduler, n, *, metrics=()):
    """The first group's rate after each of the next n steps."""
    found = []
    for i in range(n):
        scheduler.step(metrics[i]) if metrics else scheduler.step()
        found.append(float(scheduler.optimizer.param_groups[0]["lr"]))
    return found


def message(error, call):
    with pytest.raises(error) as raised:
        call()
    return str(raised.value)


# Resuming in composites.


@pytest.mark.parametrize("batch", range(20))
def test_random_resumes_go_on_as_if_never_interrupted(batch):
    for i in range(15):
        fuzz_resume.once(Random(f"{batch} {i}"))


@both_modules
def test_a_child_that_has_not_started_is_saved_and_loaded(module):
    def build(o):
        return module.SequentialLR(o, [module.LinearLR(o, 0.1, total_iters=3), gt.Scheduler(o, lr=LINE)], [3])

    whole = build(optimizer([0.1]))
    rates(whole, 1)
    saved = copy.deepcopy((whole.optimizer.state_dict(), whole.state_dict()))
    assert saved[1]["_schedulers"][1]["step"] == -1
    expected = rates(whole, 6)
    resumed = build(optimizer([0.1]))
    resumed.optimizer.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    assert resumed._schedulers[1].state_dict() == saved[1]["_schedulers"][1]
    assert rates(resumed, 6) == expected


@both_modules
def test_a_finished_child_sets_nothing_as_it_is_loaded(module):
    def build(o):
        return module.SequentialLR(o, [gt.Scheduler(o, lr=LINE), module.StepLR(o, step_size=2, gamma=0.5)], [3])

    whole = build(optimizer([0.1]))
    rates(whole, 5)
    saved = copy.deepcopy((whole.optimizer.state_dict(), whole.state_dict()))
    resumed = build(optimizer([0.1]))
    resumed.optimizer.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    assert rates(resumed, 3) == rates(whole, 3) == [0.05, 0.025, 0.025]


@pytest.mark.parametrize("order", ["build first", "build first, optimizer last", "build after the optimizer's state"])
def test_alone_it_resumes_in_every_order(order):
    def build(o):
        return gt.Scheduler(o, lr=gp.cosine(1.0, 0.0, 9), weight_decay=gp.linear(1.0, 0.0, 9), relative=True)

    whole = build(fuzz_resume.new_optimizer([0.1, 0.02], beta=False))
    rates(whole, 4)
    states = copy.deepcopy((whole.optimizer.state_dict(), whole.state_dict()))
    expected = [(rates(whole, 1), fuzz_resume.look(whole.optimizer, whole)) for _ in range(4)]
    held = fuzz_resume.new_optimizer([0.1, 0.02], beta=False)
    resumed = fuzz_resume.resume(order, build, held, states, 4)
    assert [(rates(resumed, 1), fuzz_resume.look(held, resumed)) for _ in range(4)] == expected


def test_loading_moves_the_step_and_sets_nothing():
    saved = {"step": 2, "schedules": {"lr": LINE.to_json()}}
    scheduler = gt.Scheduler(optimizer([0.5]), lr=LINE)
    scheduler.load_state_dict(saved)
    assert scheduler.optimizer.param_groups[0]["lr"] == LINE[0]
    assert scheduler.get_last_lr() == scheduler.get_lr() == [LINE[2]]
    scheduler.seek(scheduler.last_epoch)
    assert scheduler.optimizer.param_groups[0]["lr"] == LINE[2]


# Values.


def test_get_lr_is_the_rates_at_the_last_epoch():
    held = optimizer([0.5, ("t32", 0.5), 0.25])
    scheduler = gt.Scheduler(held, lr=[LINE, LINE, None])
    scheduler.last_epoch = 2
    first, second, third = scheduler.get_lr()
    assert (first, third) == (LINE[2], 0.25)
    assert second.dtype == torch.float32
    assert float(second) == torch.tensor(LINE[2]).item()
    assert held.param_groups[0]["lr"] == LINE[0]


@pytest.mark.parametrize(("kind", "name", "old"), [
    (torch.optim.AdamW, "betas", [0.9, 0.95]),
    (torch.optim.NAdam, "betas", (0.9, 0.95)),
    (torch.optim.Adamax, "betas", [0.9, 0.95]),
    (torch.optim.Rprop, "etas", [0.5, 1.2]),
    (torch.optim.Rprop, "step_sizes", (1e-6, 50)),
    pytest.param(
        getattr(torch.optim, "Adafactor", None), "eps", (None, 1e-3),
        marks=pytest.mark.skipif(not hasattr(torch.optim, "Adafactor"), reason="torch 2.4 has no Adafactor"),
    ),
])  # fmt: skip
def test_a_pair_stays_a_pair(kind, name, old):
    schedule = gp.linear(0.8, 0.6, 4)
    for drivers, relative, want in [
        (schedule, False, (0.7, old[1])),
        ((None, schedule), False, (old[0], 0.7)),
        ((None, schedule), True, (old[0], (old[1] * schedule)[2])),
    ]:
        held = of(kind, **{name: copy.copy(old)})
        parameter = held.param_groups[0]["params"][0]
        scheduler = gt.Scheduler(held, relative=relative, **{name: drivers})
        for _ in range(2):
            parameter.grad = torch.ones(1)
            held.step()
            scheduler.step()
        assert held.param_groups[0][name] == want
        assert type(held.param_groups[0][name]) is tuple
        state = json.loads(json.dumps(scheduler.state_dict()))
        other = gt.Scheduler(of(kind, **{name: copy.copy(old)}), relative=relative, **{name: drivers})
        other.load_state_dict(state)
        scheduler.step()
        other.step()
        assert other.optimizer.param_groups[0][name] == held.param_groups[0][name]


def test_a_tensor_in_a_pair_is_filled():
    beta = torch.tensor(0.9)
    held = of(torch.optim.Adam, betas=(beta, torch.tensor(0.99)), lr=torch.tensor(0.1), capturable=False, foreach=False)
    scheduler = gt.Scheduler(held, betas=gp.linear(0.5, 0.75, 1))
    scheduler.step()
    assert held.param_groups[0]["betas"][0] is beta
    assert beta.item() == 0.75
    assert scheduler.preview(1, name="betas").tolist() == [[0.75]]


# Groups with different values.


def test_relative_schedules_multiply_each_groups_initial_value():
    held = fuzz_resume.new_optimizer([0.1, 0.03, 0.5], beta=False)
    shape = gp.warmup_cosine(1.0, 10, 3)
    scheduler = gt.Scheduler(held, lr=shape, weight_decay=[None, shape, shape], momentum=shape, relative=True)
    ahead = scheduler.preview(12), scheduler.preview(12, name="weight_decay")
    for k in range(1, 13):
        scheduler.step()
        groups = held.param_groups
        assert (
            [group["lr"] for group in groups]
            == [(lr * shape)[k] for lr in (0.1, 0.03, 0.5)]
            == ahead[0][k - 1].tolist()
        )
        assert [group["weight_decay"] for group in groups] == [0.0, (0.1 * shape)[k], (0.2 * shape)[k]]
        assert [group["weight_decay"] for group in groups] == ahead[1][k - 1].tolist()
        assert [group["momentum"] for group in groups] == [(0.9 * shape)[k]] * 3
    assert scheduler.schedule(1) == 0.03 * shape
    assert held.param_groups[2]["initial_weight_decay"] == 0.2


def test_relative_names_some_of_what_is_driven():
    held = optimizer([0.5])
    scheduler = gt.Scheduler(held, lr=LINE, momentum=LINE, relative=["lr"])
    scheduler.step()
    assert (held.param_groups[0]["lr"], held.param_groups[0]["momentum"]) == ((0.5 * LINE)[1], LINE[1])
    assert message(ValueError, lambda: gt.Scheduler(held, lr=LINE, relative=["momentum"])) == (
        "`Scheduler.relative`: got 'momentum'; it must be True, False, or names of what is driven: lr."
    )


def test_a_group_added_later_keeps_its_scale():
    held = optimizer([0.1])
    scheduler = gt.Scheduler(held, lr=gp.linear(1.0, 0.0, 10), relative=True)
    scheduler.step()
    held.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.02})
    scheduler.step()
    line = gp.linear(1.0, 0.0, 10)
    assert [group["lr"] for group in held.param_groups] == [(0.1 * line)[2], (0.02 * line)[2]]
    state = scheduler.state_dict()
    assert state["initial"] == {"lr": [0.1, 0.02]}
    resumed = gt.Scheduler(optimizer([0.1, 0.9]), lr=line, relative=True)
    resumed.load_state_dict(json.loads(json.dumps(state)))
    resumed.step()
    assert resumed.get_last_lr() == [(0.1 * line)[3], (0.02 * line)[3]]


def test_groups_that_one_schedule_makes_equal_are_warned_of():
    told = (
        "`Scheduler.{}`: one schedule sets all {} groups, whose own values differ: {}. They become equal. To scale "
        "each group's own value, write `relative=True` and a schedule of factors; to set each group apart, give a list "
        "with one schedule for each group."
    )
    with pytest.warns(UserWarning, match="differ") as caught:
        gt.Scheduler(optimizer([0.1, 0.03, 0.1]), lr=LINE)
    assert [str(one.message) for one in caught] == [told.format("lr", 3, "0.1; 0.03")]
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="differ") as caught:
        gt.Scheduler(fuzz_resume.new_optimizer([0.1, 0.1], beta=False), weight_decay=LINE)
    assert [str(one.message) for one in caught] == [told.format("weight_decay", 2, "0.0; 0.1")]
    held = optimizer([0.1])
    scheduler = gt.Scheduler(held, lr=LINE)
    held.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.02})
    with pytest.warns(UserWarning, match="differ") as caught:
        scheduler.step()
    assert [str(one.message) for one in caught] == [told.format("lr", 2, "0.1; 0.02")]
    scheduler.step()  # without another warning: a warning is an error here
    held = of(lr=0.1, weight_decay=0.01)
    scheduler = gt.Scheduler(held, weight_decay=SHAPE)
    held.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "weight_decay": 0.0})
    with pytest.warns(UserWarning, match="differ") as caught:
        scheduler.step()
    assert [str(one.message) for one in caught] == [told.format("weight_decay", 2, "0.01; 0.0")]
    gt.Scheduler(optimizer([0.1, 0.03]), lr=[LINE, LINE])
    gt.Scheduler(optimizer([0.1, 0.03]), lr=LINE, relative=True)
    gt.Scheduler(of(torch.optim.Adam, groups=2, betas=(0.9, 0.95)), betas=(LINE, None))


# `repr` shows the schedule of each entry.


def test_preview_and_schedule_take_any_name():
    held = of(torch.optim.AdamW, groups=2)
    decay, second = gp.linear(0.1, 0.0, 10), gp.linear(0.9, 0.99, 10)
    scheduler = gt.Scheduler(held, weight_decay=[decay, None], betas=(None, second))
    ahead = {place: scheduler.preview(4, name="betas", place=place) for place in (0, 1)}
    decays, lrs = scheduler.preview(4, name="weight_decay"), scheduler.preview(4)
    for k in range(4):
        scheduler.step()
        groups = held.param_groups
        assert [group["weight_decay"] for group in groups] == decays[k].tolist() == [decay[k + 1], 0.01]
        assert [group["betas"] for group in groups] == list(zip(ahead[0][k], ahead[1][k], strict=True))
        assert lrs[k].tolist() == [0.001, 0.001]
    assert scheduler.schedule(name="weight_decay") == decay
    assert scheduler.schedule(1, name="betas", place=1) == second


@pytest.mark.parametrize("make", [
    lambda o: gt.Scheduler(o, weight_decay=SHAPE, betas=(None, LINE)),
    lambda o: gt.ChainedScheduler([gt.ExponentialLR(o, 0.9), gt.Scheduler(o, weight_decay=SHAPE, betas=(None, LINE))]),
    lambda o: gt.SequentialLR(
        o, [gt.ConstantLR(o, 0.5), gt.Scheduler(o, weight_decay=SHAPE, betas=(None, LINE))], [2]
    ),
    lambda o: THEIRS.OneCycleLR(o, 0.5, 20),
])  # fmt: skip
def test_what_looks_ahead_takes_any_name_from_any_scheduler(make):
    scheduler = make(of(torch.optim.AdamW, groups=2, lr=0.1, weight_decay=0.01))
    group = scheduler.optimizer.param_groups[1]
    start = group["weight_decay"], group["betas"][1]
    decays, betas = gt.preview(scheduler, 4, name="weight_decay"), gt.preview(scheduler, 4, name="betas", place=1)
    tables = [gt.schedule(scheduler, 1, steps=5, **which).array(5).tolist()
              for which in ({"name": "weight_decay"}, {"name": "betas", "place": 1})
              if type(scheduler) is not THEIRS.OneCycleLR]  # fmt: skip
    found = [start]
    for k in range(4):
        scheduler.step()
        found.append((group["weight_decay"], group["betas"][1]))
        assert found[-1] == (decays[k, 1], betas[k, 1])
    assert tables in ([], [list(column) for column in zip(*found, strict=True)])


def test_a_scheduler_may_be_asked_for_steps():
    scheduler = gt.Scheduler(of(lr=0.1), weight_decay=SHAPE)
    assert gt.schedule(scheduler, name="weight_decay", steps=5) == scheduler.schedule(0, steps=5, name="weight_decay")
    assert scheduler.schedule(0, steps=5, name="weight_decay") == SHAPE
    assert scheduler.preview(2).tolist() == [[0.1], [0.1]]


def test_a_sequence_that_ends_with_a_scheduler_has_a_schedule():
    held = of(lr=0.1)
    warm, late = gt.LinearLR(held, 0.1, total_iters=5), gt.Scheduler(held, lr=SHAPE, relative=True)
    joined = gt.SequentialLR(held, [warm, late], [5])
    whole = joined.schedule()
    assert whole.steps == 15
    assert [whole[0], *rates(joined, 12)] == whole.array(13).tolist()
    held = of(lr=0.1)
    parts = [gt.Scheduler(held, lr=LINE), gt.LambdaLR(held, SHAPE), gt.Scheduler(held, lr=gp.constant(0.3))]
    assert gt.SequentialLR(held, parts, [2, 4]).schedule() == (
        LINE.then(0.1 * SHAPE, at=2).then(gp.constant(0.3), at=4)
    )
    held = of(lr=0.1)
    parts = [gt.LinearLR(held, 0.1), gt.Scheduler(held, weight_decay=SHAPE)]
    joined = gt.SequentialLR(held, parts, [2])
    assert message(ValueError, joined.schedule) == (
        "`schedule.steps`: got None; no replay gives the rates of this SequentialLR. For a table of them, say how many "
        "steps: `schedule(0, steps=1000)`."
    )
    assert message(ValueError, lambda: joined.schedule(0, name="weight_decay")) == (
        "`schedule.steps`: got None; no replay gives `weight_decay` of this SequentialLR. For a table of them, say how "
        "many steps: `schedule(0, steps=1000, name='weight_decay')`."
    )
    known = "dampening, lr, momentum, weight_decay"
    for call in (lambda: joined.preview(2, name="wd"), lambda: joined.schedule(0, name="wd")):
        place = "preview" if "preview" in call.__code__.co_names else "schedule"
        assert message(ValueError, call) == (
            f"`{place}.name`: got 'wd'; it must name an entry that holds a number: {known}."
        )
    assert message(IndexError, lambda: joined.preview(2, place=1)) == (
        "`preview.place`: got 1; it must be from 0 to 0, the places of `lr`."
    )


def test_it_shows_what_drives_what():
    scheduler = gt.Scheduler(of(torch.optim.AdamW), lr=LINE, betas=(gp.constant(0.9), None), weight_decay=[None])
    assert repr(scheduler) == (
        "Scheduler(optimizer, lr=gp.linear(0.02, 0.1, 3), weight_decay=[None], betas=(gp.constant(0.9), None))"
    )
    scheduler = gt.Scheduler(optimizer([0.1]), lr=LINE, momentum=LINE, relative=["lr"])
    assert repr(scheduler) == (
        "Scheduler(optimizer, lr=gp.linear(0.02, 0.1, 3), momentum=gp.linear(0.02, 0.1, 3), relative=['lr'])"
    )
    scheduler = gt.Scheduler(optimizer([0.1]), lr=LINE, relative=True)
    again = eval(repr(scheduler), {"gp": gp, "Scheduler": gt.Scheduler, "optimizer": optimizer([0.1])})
    assert again.state_dict() == scheduler.state_dict()


# What is refused.


class Cell:
    def schedule(self):
        return LINE


NOTHING = "`Scheduler`: got no schedule; give at least one, for instance `lr=gp.cosine(0.1, 0.0, 1000)`."
LOAD = "Load what `state_dict()` returned."
KNOWN = "dampening, lr, momentum, weight_decay"
STEP_LR = ", ".join(sorted(lr_scheduler.StepLR(optimizer([0.1]), 3).state_dict()))


REFUSED = [
    (lambda o: gt.Scheduler(o, params=LINE), ValueError,
     f"`Scheduler.params`: no schedule can drive `params`. Name an entry that holds a number: {KNOWN}."),
    (lambda o: gt.Scheduler(o, initial_lr=LINE), ValueError,
     f"`Scheduler.initial_lr`: no schedule can drive `initial_lr`. Name an entry that holds a number: {KNOWN}."),
    (lambda o: gt.Scheduler(o, nesterov=LINE), ValueError,
     ("`Scheduler.nesterov`: group 0 has False there; a schedule can drive a number, a floating-point tensor of one "
      f"number, or a tuple of these: {KNOWN}.")),
    (lambda o: gt.Scheduler(o, foreach=LINE), ValueError,
     ("`Scheduler.foreach`: group 0 has None there; a schedule can drive a number, a floating-point tensor of one "
      f"number, or a tuple of these: {KNOWN}.")),
    (lambda o: gt.Scheduler(o, wd=LINE), ValueError, f"`Scheduler.wd`: group 0 has no such entry; it has {KNOWN}."),
    (lambda o: gt.Scheduler(o, lr=Cell()), TypeError,
     "`Scheduler.lr`: got a Cell; it must be a Schedule. Take its schedule: `.schedule()`."),
    (lambda o: gt.Scheduler(o, lr=lambda k: 0.1), TypeError,
     ("`Scheduler.lr`: got a function; it must be a Schedule. For a function use `LambdaLR`, or write "
      "`gp.table([f(k) for k in range(n)])`.")),
    (lambda o: gt.Scheduler(o, lr=0.1), TypeError,
     "`Scheduler.lr`: got a float; it must be a Schedule. For one value at every step write `gp.constant(value)`."),
    (lambda o: gt.Scheduler(o, lr=(LINE, LINE)), ValueError,
     "`Scheduler.lr`: got a tuple of 2; group 0 has 0.1 there. For one schedule per group write a list."),
    (gt.Scheduler, ValueError, NOTHING),
    (lambda o: gt.Scheduler(o, lr=[None]), ValueError, NOTHING),
    (lambda o: gt.Scheduler(o, lr=[None], momentum=[None]), ValueError, NOTHING),
    (lambda o: gt.Scheduler(o, lr=LINE, relative=True).load_state_dict(
        {"step": 1, "schedules": {"lr": LINE.to_json()}, "initial": {"lr": [0.1, 0.2, 0.3]}}), ValueError,
     ("`load_state_dict.initial.lr`: got the initial values of 3 groups; the optimizer has 1. Add the missing groups "
      "first, with `optimizer.add_param_group`.")),
    (lambda o: gt.Scheduler(o, lr=LINE, on_change="x"), ValueError,
     "`Scheduler.on_change`: got 'x'; it must be one of error, keep, replace."),
    (lambda o: gt.Scheduler(o, lr=LINE, on_change=[]), ValueError,
     "`Scheduler.on_change`: got an object of type list; it must be one of error, keep, replace."),
    (lambda o: gt.Scheduler(o, lr=LINE, relative=None), ValueError,
     "`Scheduler.relative`: got None; it must be True, False, or names of what is driven: lr."),
    (lambda o: gt.Scheduler(o, lr=LINE).preview(1, name="momentum"), ValueError,
     "`preview.name`: got 'momentum'; no schedule drives it. It must be one of lr."),
    (lambda o: gt.Scheduler(o, lr=LINE).schedule(name="momentum"), ValueError,
     "`schedule.name`: got 'momentum'; no schedule drives it. It must be one of lr."),
    (lambda o: gt.Scheduler(o, lr=LINE).preview(1, place=1), IndexError,
     "`preview.place`: got 1; it must be from 0 to 0, the places of `lr`."),
    (lambda o: gt.Scheduler(o, lr=LINE).schedule(True), TypeError,
     "`schedule.group`: got True; it must be a whole number from 0 to 0."),
    (lambda o: gt.Scheduler(o, lr=LINE).schedule(place=1), IndexError,
     "`schedule.place`: got 1; it must be from 0 to 0, the places of `lr`."),
    (lambda o: gt.Scheduler(o, lr=LINE).schedule(place="x"), TypeError,
     "`schedule.place`: got 'x'; it must be from 0 to 0, the places of `lr`."),
    *([(lambda _: gt.Scheduler(of(torch.optim.Adafactor), eps=(None, LINE)).preview(1, name="eps"), ValueError,
        "`preview.place`: got 0; place 0 of `eps` holds None. Take a place that holds a number.")]
      if hasattr(torch.optim, "Adafactor") else []),
    (lambda o: gt.StepLR(o, 2).preview(1, place="x"), TypeError,
     "`preview.place`: got 'x'; it must be from 0 to 0, the places of `lr`."),
    (lambda o: gt.StepLR(o, 2).preview(1, name=["lr"]), ValueError,
     f"`preview.name`: got an object of type list; it must name an entry that holds a number: {KNOWN}."),
    (lambda o: gt.Scheduler(o, lr=LINE).preview(1, name=["lr"]), ValueError,
     "`preview.name`: got an object of type list; no schedule drives it. It must be one of lr."),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict(None), TypeError,
     f"`load_state_dict.state_dict`: got a NoneType; it must be a dict. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 1, "schedules": 5}), TypeError,
     f"`load_state_dict.schedules`: got 5; it must be a dict by names of entries. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 1, "schedules": None}), TypeError,
     f"`load_state_dict.schedules`: got None; it must be a dict by names of entries. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 1, "schedules": {"lr": 5}}), TypeError,
     f"`load_state_dict.schedules.lr`: got 5; it must be the text of a schedule. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 1, "schedules": {"lr": {"groups": [7]}}}), TypeError,
     f"`load_state_dict.schedules.lr[0]`: got 7; it must be the text of a schedule. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": None, "schedules": {}}), TypeError,
     f"`load_state_dict.step`: got None; it must be a whole number. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 2**60, "schedules": {}}), ValueError,
     f"`load_state_dict.step`: got {2**60}; it must be at most 2**53. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict({"step": 1, "schedules": {}, "initial": {"lr": 3}}), TypeError,
     f"`load_state_dict.initial.lr`: got 3; it must be a list of numbers. {LOAD}"),
    (lambda o: gt.Scheduler(o, lr=LINE, on_change="replace").load_state_dict(
        {"step": 1, "schedules": {"params": LINE.to_json()}}), ValueError,
     ("`load_state_dict.schedules.params`: no schedule can drive `params`. Name an entry that holds a number: "
      f"{KNOWN}.")),
    (lambda o: gt.Scheduler(o, lr=LINE).load_state_dict(lr_scheduler.StepLR(o, 3).state_dict()), ValueError,
     (f"`load_state_dict`: got the state of another scheduler, with the keys {STEP_LR}; a Scheduler's has step and "
      'schedules. To go on where that one was, write `scheduler.seek(state["last_epoch"])`.')),
    (lambda o: gt.CosineAnnealingLR(o, 5).load_state_dict(gt.Scheduler(o, lr=LINE).state_dict()), ValueError,
     ("`CosineAnnealingLR.load_state_dict`: got the state of another scheduler: it has schedules. To go on where that "
      'one was, write `scheduler.seek(state["step"])`.')),
    (lambda o: gt.SequentialLR(o, [gt.StepLR(o, 2)], []).load_state_dict(gt.Scheduler(o, lr=LINE).state_dict()),
     ValueError,
     ("`SequentialLR.load_state_dict`: got the state of another scheduler: it has schedules. To go on where that one "
      'was, write `scheduler.seek(state["step"])`.')),
    (lambda o: gt.SequentialLR(o, [gt.StepLR(o, 2)], []).load_state_dict(gt.ExponentialLR(o, 0.5).state_dict()),
     ValueError,
     ("`SequentialLR.load_state_dict`: got the state of another scheduler: it has gamma. To go on where that one was, "
      'write `scheduler.seek(state["last_epoch"])`.')),
    (lambda o: gt.StepLR(o, 2).load_state_dict(gt.ReduceLROnPlateau(o).state_dict()), ValueError,
     ("`StepLR.load_state_dict`: got the state of another scheduler: it has factor, patience. To go on where that one "
      'was, write `scheduler.seek(state["last_epoch"])`.')),
    (lambda o: gt.ReduceLROnPlateau(o).load_state_dict(lr_scheduler.StepLR(o, 2).state_dict()), ValueError,
     ("`ReduceLROnPlateau.load_state_dict`: got the state of another scheduler: it has gamma, step_size. Load what its "
      "own `state_dict()` returned.")),
    (lambda o: gt.ChainedScheduler([gt.StepLR(o, 2)]).load_state_dict({"_last_lr": [0.1]}), ValueError,
     ("`ChainedScheduler.load_state_dict`: got the state of another scheduler: it does not have _schedulers. Load what "
      "its own `state_dict()` returned.")),
    (lambda o: gt.ChainedScheduler([gt.StepLR(o, 2)]).load_state_dict({"_schedulers": [{}, {}]}), ValueError,
     "`ChainedScheduler.load_state_dict`: got a state of 2 schedulers; this one has 1. Build it as it was."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_refused_says_why_and_changes_nothing(call, error, text):
    held = optimizer([0.1])
    before = held.param_groups[0]["params"]
    assert message(error, lambda: call(held)) == text
    assert held.param_groups[0]["params"] is before


@pytest.mark.parametrize("name", ["StepLR", "CosineAnnealingLR", "LinearLR"])
def test_a_state_of_the_same_class_is_taken_whole_or_in_part(name):
    make = {"StepLR": 3, "CosineAnnealingLR": 9, "LinearLR": 0.5}
    scheduler = getattr(gt, name)(optimizer([0.1]), make[name])
    rates(scheduler, 4)
    state = {key: value for key, value in scheduler.state_dict().items() if key in {"last_epoch", "_step_count"}}
    other = getattr(gt, name)(optimizer([0.1]), make[name])
    other.load_state_dict({**state, "verbose": False})
    assert other.last_epoch == 4


# Changed schedules.

OLD = gp.linear(0.0, 0.1, 10) >> gp.cosine(0.1, 0.0, 90)
LONGER = gp.linear(0.0, 0.1, 10) >> gp.cosine(0.1, 0.0, 190)
SAY = (
    'Say `on_change="keep"` to go on with this scheduler\'s, or "replace" with the saved ones; '
    'where a framework loads the state, write `Scheduler(..., on_change="keep")`.'
)


@pytest.mark.parametrize(("saved", "now", "told"), [
    (lambda o: gt.Scheduler(o, lr=OLD), lambda o: gt.Scheduler(o, lr=LONGER),
     f"`lr` of every group first differs at step 11: {OLD[11]!r} was saved, {LONGER[11]!r} is this scheduler's."),
    (lambda o: gt.Scheduler(o, lr=[OLD, OLD]), lambda o: gt.Scheduler(o, lr=[OLD, LONGER]),
     f"`lr` of group 1 first differs at step 11: {OLD[11]!r} was saved, {LONGER[11]!r} is this scheduler's."),
    (lambda o: gt.Scheduler(o, lr=OLD), lambda o: gt.Scheduler(o, lr=[OLD, None]),
     "`lr` of group 1 was driven, and is not now."),
    (lambda o: gt.Scheduler(o, lr=OLD), lambda o: gt.Scheduler(o, lr=OLD, momentum=LINE),
     "`momentum` of every group was not driven, and is now."),
    (lambda o: gt.Scheduler(o, lr=2 * gp.exponential(0.1, 0.5)),
     lambda o: gt.Scheduler(o, lr=gp.exponential(0.1, 0.5) * 2),
     "`lr` of every group is written otherwise, but the first 10,000,000 steps are equal."),
    (lambda o: gt.Scheduler(o, lr=2 * LINE), lambda o: gt.Scheduler(o, lr=LINE * 2),
     "`lr` of every group is written otherwise, but every step is equal."),
    (lambda o: gt.Scheduler(o, lr=gp.constant(0.1)),
     lambda o: gt.Scheduler(o, lr=gp.constant(0.1).then(gp.constant(0.2), at=7_654_321)),
     "`lr` of every group first differs at step 7,654,321: 0.1 was saved, 0.2 is this scheduler's."),
    (lambda o: gt.Scheduler(o, lr=OLD), lambda o: gt.Scheduler(o, lr=OLD, relative=True),
     "`lr` was not relative, and is now."),
    (lambda o: gt.Scheduler(o, lr=gp.constant(1.0), relative=True), lambda o: gt.Scheduler(o, lr=gp.constant(0.1)),
     "`lr` was relative, and is not now."),
    (lambda o: gt.Scheduler(o, lr=OLD, momentum=OLD, relative=["lr"]),
     lambda o: gt.Scheduler(o, lr=LINE, momentum=LINE),
     ("`momentum` of every group first differs at step 0: 0.0 was saved, 0.02 is this scheduler's. `lr` was relative, "
      "and is not now.")),
    (lambda o: gt.Scheduler(o, lr=OLD), lambda o: gt.Scheduler(o, lr=[OLD, OLD]),
     "`lr` was one schedule, and is a list of 2 now, with equal values."),
    (lambda o: gt.Scheduler(o, lr=LINE, momentum=LINE, weight_decay=LINE, dampening=LINE),
     lambda o: gt.Scheduler(o, lr=OLD, momentum=OLD, weight_decay=OLD, dampening=OLD),
     " ".join(f"`{name}` of every group first differs at step 0: 0.02 was saved, 0.0 is this scheduler's."
              for name in ("dampening", "lr", "momentum")) + " There are 1 more differences."),
])  # fmt: skip
def test_the_message_names_the_changed_group_entry_and_step(saved, now, told):
    state = saved(optimizer([0.1, 0.1])).state_dict()
    scheduler = now(optimizer([0.1, 0.1]))
    before = scheduler.state_dict()
    text = message(ValueError, lambda: scheduler.load_state_dict(state))
    assert text == f"`load_state_dict`: got a state with other schedules. {told} {SAY}"
    assert scheduler.state_dict() == before


def test_a_change_of_betas_names_the_place():
    state = gt.Scheduler(of(torch.optim.Adam), betas=(LINE, LINE)).state_dict()
    scheduler = gt.Scheduler(of(torch.optim.Adam), betas=(LINE, OLD))
    assert "`betas[1]` of every group first differs at step 0" in message(
        ValueError, lambda: scheduler.load_state_dict(state)
    )
    first, pair = ({"betas": drivers} for drivers in (LINE, (LINE, None)))
    for saved, now, told in [
        (first, pair, "`betas` was one schedule, and is a tuple of 2 now, with equal values."),
        ({"betas": [LINE]}, {"betas": [(LINE, None)]}, "`betas` was a list of 1, and is a list of 1 with tuples now,"),
        (
            {**first, "lr": [LINE]},
            {**first, "lr": [LINE], "weight_decay": [None]},
            "`weight_decay` was not given, and is a list of 1 now, with equal",
        ),
    ]:
        state = gt.Scheduler(of(torch.optim.Adam), **saved).state_dict()
        scheduler = gt.Scheduler(of(torch.optim.Adam), **now)
        text = message(ValueError, lambda scheduler=scheduler, state=state: scheduler.load_state_dict(state))
        assert text.startswith(f"`load_state_dict`: got a state with other schedules. {told}")


def test_what_to_do_about_a_change_is_said_at_construction():
    state = gt.Scheduler(optimizer([0.1]), lr=OLD, relative=True).state_dict() | {"step": 20}
    for on_change, schedule in (("keep", LONGER), ("replace", 0.1 * OLD)):
        scheduler = gt.Scheduler(optimizer([0.1]), lr=LONGER, on_change=on_change)
        scheduler.load_state_dict(state)
        assert rates(scheduler, 2) == [schedule[21], schedule[22]]
        scheduler = gt.Scheduler(optimizer([0.1]), lr=LONGER, on_change=on_change)
        with pytest.raises(ValueError, match="other schedules"):
            scheduler.load_state_dict(state, on_change="error")


@pytest.mark.parametrize("lr", [0.1, ("t32", 0.1)])
def test_a_schedule_that_is_kept_rules_at_once(lr):
    first = gt.Scheduler(optimizer([lr, lr]), lr=OLD, momentum=LINE)
    rates(first, 20)
    saved = copy.deepcopy((first.optimizer.state_dict(), first.state_dict()))
    held = optimizer([lr, lr])
    scheduler = gt.Scheduler(held, lr=LONGER, momentum=LINE, on_change="keep")
    held.load_state_dict(saved[0])
    held.param_groups[1]["lr"] = 0.7  # not the saved schedule's value
    scheduler.load_state_dict(saved[1])
    now = torch.tensor(LONGER[20]).item() if isinstance(lr, tuple) else LONGER[20]
    assert [float(group["lr"]) for group in held.param_groups] == [now, 0.7]
    assert held.param_groups[0]["momentum"] == LINE[20]


def test_an_entry_that_was_not_driven_waits_for_the_next_step():
    first = gt.Scheduler(of(lr=0.1, weight_decay=0.01), lr=OLD)
    rates(first, 20)
    held = of(lr=0.1, weight_decay=0.01)
    scheduler = gt.Scheduler(held, lr=LONGER, weight_decay=LINE, on_change="keep")
    held.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
    scheduler.load_state_dict(first.state_dict())
    group = held.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (LONGER[20], 0.01)
    scheduler.step()
    assert (group["lr"], group["weight_decay"]) == (LONGER[21], LINE[21])


@pytest.mark.parametrize("on_change", ["keep", "replace"])
def test_the_saved_initial_values_come_back(on_change):
    state = gt.Scheduler(optimizer([0.1]), lr=LINE, relative=True).state_dict()
    scheduler = gt.Scheduler(optimizer([0.5]), lr=2 * LINE, relative=True)
    scheduler.load_state_dict(state, on_change)
    assert scheduler.schedule() == 0.1 * (2 * LINE if on_change == "keep" else LINE)


def test_with_keep_the_optimizers_state_goes_first():
    first = gt.Scheduler(optimizer([0.1]), lr=OLD)
    rates(first, 20)
    found = []
    for seeks in (False, True):
        scheduler = gt.Scheduler(optimizer([0.1]), lr=LONGER, on_change="keep")
        scheduler.load_state_dict(first.state_dict())
        scheduler.optimizer.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
        if seeks:
            scheduler.seek(scheduler.last_epoch)
        found.append(scheduler.optimizer.param_groups[0]["lr"])
    assert found == [OLD[20], LONGER[20]]


@both_modules
@pytest.mark.parametrize("at", [1, 3, 5])
def test_a_schedule_that_is_kept_sets_nothing_in_a_sequence(module, at):
    flat = gp.constant(0.1)

    def build(o, *schedules):
        children = [gt.Scheduler(o, lr=schedule, on_change="keep") for schedule in schedules]
        return module.SequentialLR(o, [children[0], module.ConstantLR(o, 1.0), children[1]], [3, 5])

    whole = build(optimizer([0.1]), flat, flat)
    rates(whole, at)
    saved = copy.deepcopy((whole.optimizer.state_dict(), whole.state_dict()))
    resumed = build(optimizer([0.1]), LINE, LONGER)
    resumed.optimizer.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    assert resumed.optimizer.param_groups[0]["lr"] == 0.1
    expected = {1: [LINE[2], 0.1, 0.1, LONGER[0]], 3: [0.1, LONGER[0]], 5: [LONGER[1]]}[at]
    assert rates(resumed, len(expected)) == expected


@both_modules
def test_a_schedule_that_is_kept_sets_nothing_in_a_sequence_that_has_run(module):
    def build(schedule):
        o = optimizer([0.1])
        child = gt.Scheduler(o, lr=schedule, on_change="keep")
        return module.SequentialLR(o, [module.ConstantLR(o, 1.0), child], [3])

    saved, scheduler = build(gp.constant(0.1)), build(LONGER)
    for one in (saved, scheduler):
        rates(one, 4)
    scheduler.optimizer.param_groups[0]["lr"] = 0.1  # the saved schedule's value
    scheduler.load_state_dict(copy.deepcopy(saved.state_dict()))
    assert scheduler.optimizer.param_groups[0]["lr"] == 0.1
    assert rates(scheduler, 1) == [LONGER[2]]


def test_last_epoch_goes_on_at_the_step_after_it():
    scheduler = gt.Scheduler(optimizer([0.1]), lr=OLD, last_epoch=6)
    assert (scheduler.last_epoch, scheduler.get_last_lr()) == (7, [OLD[7]])
    assert message(IndexError, lambda: gt.Scheduler(optimizer([0.1]), lr=OLD, last_epoch=-2)) == (
        "`Scheduler.last_epoch`: got -2; it must be a whole number from -1 to 2**53. Leave it out to start anew."
    )


# In composites.


@both_modules
def test_in_a_chain_it_sets_and_does_not_multiply(module):
    held = optimizer([0.1])
    scheduler = module.ChainedScheduler([module.ExponentialLR(held, 0.5), gt.Scheduler(held, lr=LINE)])
    assert rates(scheduler, 3) == [LINE[1], LINE[2], LINE[3]]
    held = optimizer([0.1])
    scheduler = module.ChainedScheduler([gt.Scheduler(held, lr=LINE), module.ConstantLR(held, 0.5, 2)])
    assert rates(scheduler, 1) == [LINE[1]]


@pytest.mark.parametrize(("make", "name"), [
    (lambda o: gt.Scheduler(o, lr=[LINE, LINE]), "lr"),
    (lambda o: gt.Scheduler(o, momentum=LINE, relative=True), "momentum"),
])  # fmt: skip
def test_a_removed_group_is_told(make, name):
    held = optimizer([0.1, 0.1])
    scheduler = make(held)
    del held.param_groups[0]
    told = (
        f"`Scheduler.{name}`: the optimizer has 1 groups now, and had 2: one was removed. Make a new Scheduler for "
        "those that are left, and `seek` the step."
    )
    assert message(ValueError, scheduler.step) == told
    assert message(ValueError, lambda: scheduler.preview(1, name=name)) == told


DECAYING = {
    "absolute": (lambda o: gt.Scheduler(o, weight_decay=SHAPE), SHAPE),
    "relative": (lambda o: gt.Scheduler(o, weight_decay=SHAPE, relative=True), 0.01 * SHAPE),
    "with lr": (lambda o: gt.Scheduler(o, lr=LINE, weight_decay=[SHAPE]), SHAPE),
    "nested": (lambda o: gt.SequentialLR(o, [gt.Scheduler(o, weight_decay=SHAPE), gt.ConstantLR(o)], [9]), SHAPE),
    "in torch's": (lambda o: THEIRS.ChainedScheduler([gt.Scheduler(o, weight_decay=SHAPE)]), SHAPE),
}


@pytest.mark.parametrize("kind", DECAYING)
def test_a_later_scheduler_sets_nothing_before_its_turn(kind):
    make, schedule = DECAYING[kind]

    def build():
        held = of(lr=0.1, weight_decay=0.01)
        return gt.SequentialLR(held, [gt.LinearLR(held, 0.1, total_iters=5), make(held)], [5])

    scheduler, decays = build(), []
    for _ in range(8):
        decays.append(scheduler.optimizer.param_groups[0]["weight_decay"])
        scheduler.step()
    assert decays == [0.01] * 5 + [schedule[k] for k in range(3)]
    for k in range(8):
        sought = build()
        sought.seek(k)
        assert sought.optimizer.param_groups[0]["weight_decay"] == decays[k]


def test_a_later_scheduler_leaves_tuples_and_several_names():
    held = of(torch.optim.Adam, groups=2, lr=0.1, weight_decay=0.01, betas=(torch.tensor(0.75), torch.tensor(0.5)))
    held.param_groups[1]["betas"] = (0.8, 0.9)
    tensors = held.param_groups[0]["betas"]
    inner = gt.Scheduler(held, betas=(None, LINE), weight_decay=[None, SHAPE], relative=["betas"])
    outer = gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 9), gt.SequentialLR(held, [inner], [])], [2])

    def seen():
        return [(*map(float, group["betas"]), group["weight_decay"]) for group in held.param_groups]

    start = [(0.75, 0.5, 0.01), (0.8, 0.9, 0.01)]
    turn = [(0.75, torch.tensor(0.5 * 0.02).item(), 0.01), (0.8, (0.9 * LINE)[0], 0.5)]
    assert seen() == start
    outer.preview(3)
    assert seen() == start
    for step, values in [(1, start), (2, turn), (0, start)]:
        outer.seek(step)
        assert seen() == values
    assert all(place is tensor for place, tensor in zip(held.param_groups[0]["betas"], tensors, strict=True))


def test_torchs_own_sequence_shows_a_later_schedulers_first_values():
    held = of(lr=0.1, weight_decay=0.01)
    scheduler = THEIRS.SequentialLR(held, [gt.ConstantLR(held), gt.Scheduler(held, weight_decay=SHAPE)], [2])
    for step in range(2):
        gt.seek(scheduler, step)
        assert held.param_groups[0]["weight_decay"] == SHAPE[0]
    assert held.param_groups[0]["initial_weight_decay"] == 0.01


def test_a_scheduler_without_lr_leaves_the_rate_as_it_takes_over():
    held = of(lr=0.1)
    parts = [gt.LinearLR(held, 0.1, total_iters=5), gt.Scheduler(held, weight_decay=SHAPE)]
    scheduler = gt.SequentialLR(held, parts, [5])
    assert rates(scheduler, 7)[3:] == [0.082] * 4


def test_torchs_composites_start_in_ours_as_they_start_alone():
    def parts(o):
        return [lr_scheduler.ConstantLR(o, 0.5, 2), lr_scheduler.ExponentialLR(o, 0.9)]

    composites = [
        lambda m, o: m.ChainedScheduler(parts(o)),
        lambda m, o: m.SequentialLR(o, parts(o), [2]),
    ]
    for composite in composites:
        nested = []
        for module in (THEIRS, OURS):
            held = optimizer([0.1])
            children = [composite(module, held), composite(module, held)]
            nested.append(gt.SequentialLR(held, children, [4]))
        alone = composite(THEIRS, optimizer([0.1]))
        start = alone.optimizer.param_groups[0]["lr"]
        expected = [*rates(alone, 3), start]
        assert nested[0].preview(4)[:, 0].tolist() == expected
        assert rates(nested[0], 4) == rates(nested[1], 4) == expected


# Warm-up, then plateau.


def warm_plateau(module, o, warm=None, **options):
    first = module.LinearLR(o, 0.25, total_iters=3) if warm is None else warm(o)
    return gt.SequentialLR(o, [first, module.ReduceLROnPlateau(o, factor=0.5, patience=1, **options)], [3])


METRICS = [9.0, 8.0, 7.0, 5.0, 5.0, 5.0, 5.0, 4.0, 4.0, 4.0]


@both_modules
@pytest.mark.parametrize("warm", [None, lambda o: gt.Scheduler(o, lr=LINE)], ids=["LinearLR", "Scheduler"])
def test_a_plateau_after_a_warm_up_reduces_as_it_does_alone(module, warm):
    scheduler = warm_plateau(module, optimizer([0.1]), warm)
    lone = optimizer([0.1])
    first = module.LinearLR(lone, 0.25, total_iters=3) if warm is None else warm(lone)
    expected = rates(first, 2)
    lone.param_groups[0]["lr"] = 0.1
    expected += [0.1, *rates(lr_scheduler.ReduceLROnPlateau(lone, factor=0.5, patience=1), 7, metrics=METRICS[3:])]
    assert scheduler.preview(metrics=METRICS)[:, 0].tolist() == expected
    assert rates(scheduler, 10, metrics=METRICS) == expected
    assert expected[-1] == 0.025
    assert scheduler.get_last_lr() == [0.025]


@pytest.mark.parametrize("at", range(1, 9))
def test_a_plateau_after_a_warm_up_is_resumed(at):
    whole = warm_plateau(gt, optimizer([0.1]))
    rates(whole, at, metrics=METRICS)
    saved = copy.deepcopy((whole.optimizer.state_dict(), whole.state_dict()))
    resumed = warm_plateau(gt, optimizer([0.1]))
    resumed.optimizer.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    rest = METRICS[at:]
    assert rates(resumed, len(rest), metrics=rest) == rates(whole, len(rest), metrics=rest)
    assert resumed.state_dict() == whole.state_dict()
    assert copy.deepcopy(whole).state_dict() == whole.state_dict()


def test_a_plateau_may_come_first_or_in_a_composite_or_twice():
    held = optimizer([0.1])
    inner = gt.SequentialLR(held, [gt.ConstantLR(held, 0.5, 9), gt.ReduceLROnPlateau(held, patience=0)], [2])
    outer = gt.SequentialLR(held, [gt.ReduceLROnPlateau(held, patience=0), gt.ChainedScheduler([inner])], [3])
    assert rates(outer, 8, metrics=[1.0] * 8) == pytest.approx(
        [0.1, 0.01, 0.05, 0.05, 0.1, 0.1, 0.01, 0.001], rel=1e-15
    )
    held = of(lr=0.1)
    only = gt.SequentialLR(held, [gt.ReduceLROnPlateau(held, patience=0)], [])
    assert rates(only, 2, metrics=[1.0, 1.0]) == [0.1, 0.1 * 0.1]


def test_a_warm_up_needs_no_metrics_and_a_plateau_does():
    scheduler = warm_plateau(gt, optimizer([0.1]))
    assert rates(scheduler, 3)[-1] == 0.1
    before = scheduler.state_dict()
    assert message(TypeError, scheduler.step) == (
        "`SequentialLR.step`: got no metrics; a ReduceLROnPlateau makes this step and needs them. Call `step(metrics)`."
    )
    assert scheduler.state_dict() == before
    scheduler.step(metrics=1.0)
    assert message(TypeError, lambda: scheduler.preview(3)) == (
        "`preview.metrics`: got None for a SequentialLR with a ReduceLROnPlateau; its steps need metrics, so give the "
        "metric of each step instead of `n`. Write `preview(metrics=[...])`."
    )
    assert message(TypeError, lambda: scheduler.seek(3)) == (
        "`seek`: got a SequentialLR with a ReduceLROnPlateau, whose rates follow from metrics and not from the step. "
        "Load its state."
    )
    assert message(TypeError, scheduler.schedule) == (
        "`schedule`: got a SequentialLR with a ReduceLROnPlateau, whose rates follow from metrics and not from the "
        "step."
    )


@pytest.mark.parametrize(("arguments", "keywords", "got"), [
    ((5.0, 3), {}, "2 arguments"), ((1.0,), {"epoch": 3}, "2 arguments"), ((1.0,), {"metrics": 1.0}, "2 arguments"),
    ((), {"epoch": 3}, "`epoch`"),
])  # fmt: skip
def test_a_composite_with_a_plateau_takes_the_metric_alone(arguments, keywords, got):
    held = optimizer([0.1])
    inner = gt.SequentialLR(held, [gt.ReduceLROnPlateau(held)], [])
    for scheduler in (inner, gt.ChainedScheduler([inner])):
        assert message(TypeError, lambda scheduler=scheduler: scheduler.step(*arguments, **keywords)) == (
            f"`{type(scheduler).__name__}.step`: got {got}; it takes the metric of the step and nothing else. "
            "Call `step(metrics)`."
        )


def test_composites_without_a_plateau_take_no_metrics():
    for name in ("SequentialLR", "ChainedScheduler"):
        said = []
        for module in (THEIRS, OURS):
            held = optimizer([0.1])
            part = module.StepLR(held, 2)
            scheduler = (
                module.SequentialLR(held, [part], []) if name == "SequentialLR" else module.ChainedScheduler([part])
            )
            said.append(message(TypeError, lambda scheduler=scheduler: scheduler.step(1.0)))
        assert said[0] == said[1]


@pytest.mark.skipif(HAS_VERBOSE, reason="before torch 2.7 `verbose` is torch's, which prints nothing")
def test_verbose_prints_no_metric_as_an_epoch(capsys):
    held = optimizer([0.1])
    parts = [gt.LinearLR(held, 0.5, total_iters=2), gt.ReduceLROnPlateau(held)]
    scheduler = gt.SequentialLR(held, parts, [2], verbose=True)
    capsys.readouterr()
    scheduler.step(0.7)
    assert capsys.readouterr().out == "Adjusting learning rate of group 0 to 7.5000e-02.\n"


def test_torch_refuses_a_plateau_in_its_own():
    held = optimizer([0.1])
    with warnings.catch_warnings(), pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        lr_scheduler.SequentialLR(held, [lr_scheduler.ReduceLROnPlateau(held)], [])


def test_a_damaged_state_is_refused_whole():
    for i in range(1_000):
        fuzz_scheduler_state.once(Random(f"state {i}"))


def test_the_group_of_a_schedule_may_be_an_integer_of_numpy() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    assert gt.Scheduler(optimizer, lr=LINE).schedule(np.int64(0)) == LINE
