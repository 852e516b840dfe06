"""glidepath.dialects.hf and get_scheduler, compared with transformers: float32 at every step, and past the end."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

torch = pytest.importorskip("torch")
optimization = pytest.importorskip("transformers.optimization", reason="its schedules are compared")

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from glidepath import dialects  # noqa: E402
from glidepath.dialects import _declare, hf  # noqa: E402
from helpers import assert_same  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:Both num_training_steps and num_stable_steps:UserWarning"),
    pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning"),
]

RUNS = [(0.1, 10, 100), (3e-4, 100, 1_000), (5e-5, 0, 997), (1.0, 7, 10_000)]
"""Peak, warm-up, length."""
ODD_RUNS = [(2e-5, 60, 50), (1e-3, 1, 7), (1e-3, 7, 8)]
"""A warm-up that is longer than the run, and parts of a step or none."""
CASES = [
    ("constant", {}),
    ("constant_with_warmup", {}),
    ("linear", {}),
    ("cosine", {}),
    ("cosine", {"num_cycles": 1.5}),
    ("cosine", {"num_cycles": 0.45}),
    ("cosine_with_restarts", {}),
    ("cosine_with_restarts", {"num_cycles": 3}),
    ("cosine_with_restarts", {"num_cycles": 2.5}),
    ("polynomial", {}),
    ("polynomial", {"power": 2.0}),
    ("polynomial", {"power": 0.5, "lr_end": 1e-6}),
    ("inverse_sqrt", {}),
    ("inverse_sqrt", {"timescale": 37}),
    ("cosine_with_min_lr", {"min_lr_rate": 0.1}),
    ("cosine_with_min_lr", {"min_lr": 1e-5}),
    ("cosine_with_min_lr", {"min_lr_rate": 0.0, "num_cycles": 0.75}),
    ("cosine_warmup_with_min_lr", {"min_lr": 1e-5}),
    ("cosine_warmup_with_min_lr", {"min_lr_rate": 0.1, "warmup_lr_rate": 0.05}),
    ("cosine_warmup_with_min_lr", {"min_lr_rate": 0.5, "num_cycles": 1.25}),
    ("warmup_stable_decay", {"num_decay_steps": 30}),
    ("warmup_stable_decay",
     {"num_decay_steps": 30, "warmup_type": "1-sqrt", "decay_type": "1-sqrt", "min_lr_ratio": 0.1}),
    ("warmup_stable_decay",
     {"num_decay_steps": 30, "warmup_type": "cosine", "decay_type": "linear", "min_lr_ratio": 0.1}),
    ("warmup_stable_decay", {"num_decay_steps": 20, "num_stable_steps": 13}),
    ("warmup_stable_decay", {"num_decay_steps": 95, "num_cycles": 1.25}),
]  # fmt: skip


def optimizer(*rates):
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates], lr=rates[0])


def theirs(name, lr, warmup, steps, kwargs, n):
    factor = optimization.get_scheduler(name, optimizer(lr), warmup, steps, dict(kwargs)).lr_lambdas[0]
    return np.array([lr * factor(k) for k in range(n)])


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
@pytest.mark.parametrize("run", RUNS + ODD_RUNS, ids=str)
def test_every_step_in_float32_and_past_the_end(name, kwargs, run):
    n = 3 * run[2] + 100
    ours = dialects.schedule(f"hf.{name}", *run, **kwargs)
    assert_same(ours.array(n, dtype="float32"), theirs(name, *run, kwargs, n).astype(np.float32), (name, run))


def test_every_name_is_there_and_compared():
    named = {member.value for member in optimization.TYPE_TO_SCHEDULER_FUNCTION}
    assert named == {entry.name.removeprefix("hf.") for entry in _declare.entries() if entry.name.startswith("hf.")}
    assert named - {name for name, _ in CASES} == {"reduce_lr_on_plateau", "greedy"}


@pytest.mark.parametrize("entry", [one for one in _declare.entries() if one.name.startswith("hf.")], ids=str)
def test_arguments_and_defaults_are_those_of_transformers(entry):
    if not entry.is_schedule:
        return
    name = entry.name.removeprefix("hf.")
    function = optimization.TYPE_TO_SCHEDULER_FUNCTION[optimization.SchedulerType(name)]
    wanted = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    ours = {p.name: p.default for p in inspect.signature(entry.make).parameters.values()}
    assert next(iter(ours.items())) == ("learning_rate", inspect.Parameter.empty)
    del wanted["optimizer"], wanted["last_epoch"], ours["learning_rate"]
    assert ours == wanted
    assert ours.keys() == wanted.keys()


def test_a_warm_up_as_long_as_the_run():
    assert hf.linear(0.5, 5, 5).array(8).tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.0, 0.0]
    with pytest.raises(ValueError) as caught:
        hf.polynomial(0.1, 5, 5)
    assert str(caught.value) == (
        "`hf.polynomial.num_warmup_steps`: got 5; the decay needs at least 1 step: transformers divides by 0 at the "
        "end of the warm-up. Take `constant_with_warmup`."
    )


def test_restarts_that_transformers_misses():
    # 49 * (1 / 49) is just below 1 in float64, so transformers is still at the end of the first cycle.
    ours = hf.cosine_with_restarts(0.1, 0, 49 * 2, num_cycles=49)
    missed = theirs("cosine_with_restarts", 0.1, 0, 98, {"num_cycles": 49}, 98)
    different = np.flatnonzero(ours.array(98, dtype="float32") != missed.astype(np.float32))
    assert different.size > 0
    assert set(ours.gather(different)) == {0.1}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (hf.polynomial, (1e-8, 10, 100),
         ("`hf.polynomial.lr_end`: got 1e-07; it must be less than the rate, 1e-08. "
         "Lower it, or take `constant_with_warmup`.")),
        (hf.cosine, (0.1, 10, 100, 0),
         ("`hf.cosine.num_cycles`: got 0.0; it must be at least 0.000001. "
         "For a constant rate take `constant_with_warmup`.")),
        (hf.cosine_with_min_lr, (0.1, 10, 100),
         ("`hf.cosine_with_min_lr.min_lr and min_lr_rate`: got neither of them; it needs one of the two. "
         "Pass `min_lr`, a rate, or `min_lr_rate`, a fraction of the peak.")),
        (hf.cosine_warmup_with_min_lr, (0.1, 10, 100, 0.5, 0.01, 0.1),
         ("`hf.cosine_warmup_with_min_lr.min_lr and min_lr_rate`: got both; it needs one of the two. "
         "Pass `min_lr`, a rate, or `min_lr_rate`, a fraction of the peak.")),
        (hf.warmup_stable_decay, (0.1, 10, 20),
         ("`hf.warmup_stable_decay.num_training_steps`: got None; it needs a length. "
         "Pass `num_training_steps`, or `num_stable_steps`.")),
    ],
)  # fmt: skip
def test_what_is_refused(function, arguments, message):
    with pytest.raises(ValueError) as caught:
        function(*arguments)
    assert str(caught.value) == message


# get_scheduler


@pytest.mark.parametrize(("name", "kwargs"), CASES, ids=str)
def test_get_scheduler_steps_like_transformers(name, kwargs):
    ours, others = optimizer(0.1, 0.01), optimizer(0.1, 0.01)
    scheduler = gt.get_scheduler(name, ours, 10, 100, kwargs)
    wanted = optimization.get_scheduler(name, others, 10, 100, dict(kwargs))
    for _ in range(120):
        rates = [[group["lr"] for group in one.param_groups] for one in (ours, others)]
        assert np.array_equal(*np.array(rates, dtype=np.float32)), scheduler.last_epoch
        scheduler.step()
        wanted.step()


def test_get_scheduler_takes_a_member_of_the_enum_and_any_dialect():
    expected = 0.1 * (hf.cosine(0.1, 10, 100) / 0.1)
    for name in ("cosine", "hf.cosine", optimization.SchedulerType.COSINE):
        scheduler = gt.get_scheduler(name, optimizer(0.1), 10, 100)
        assert isinstance(scheduler, gt.Scheduler)
        assert scheduler.schedule() == expected
    assert (
        inspect.signature(gt.get_scheduler).parameters.keys()
        == inspect.signature(optimization.get_scheduler).parameters.keys()
    )


def test_a_scheduler_by_name_resumes():
    scheduler = gt.get_scheduler("polynomial", optimizer(0.1, 0.02), 10, 100)
    scheduler.seek(40)
    later = gt.get_scheduler("polynomial", optimizer(0.1, 0.02), 10, 100)
    later.load_state_dict(scheduler.state_dict())
    later.step()
    assert later.last_epoch == 41
    assert later.get_last_lr()[0] == hf.polynomial(0.1, 10, 100)[41]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("cosine", None, 10, 100), TypeError,
         "`get_scheduler.optimizer`: got a NoneType; it must be a torch.optim.Optimizer."),
        (("cosine", optimizer(0.0), 10, 100), ValueError,
         ("`get_scheduler.optimizer`: got one with lr=0.0; its rate is the peak. "
         "Give the optimizer the peak rate as `lr`.")),
        (("cosine", optimizer(0.1), 10, 100, {"num_warmup_steps": 11}), TypeError,
         "`hf.cosine`: got `num_warmup_steps=11` and `num_warmup_steps=10`; they are the same argument. Pass it once."),
    ],
)  # fmt: skip
def test_what_get_scheduler_refuses(arguments, error, message):
    with pytest.raises(error) as caught:
        gt.get_scheduler(*arguments)
    assert str(caught.value) == message


def test_a_schedule_by_name_is_an_ordinary_schedule():
    lr = hf.warmup_stable_decay(0.1, 10, 20, num_training_steps=100, decay_type="linear")
    assert (lr.steps, gp.Schedule.from_json(lr.to_json())) == (100, lr)
