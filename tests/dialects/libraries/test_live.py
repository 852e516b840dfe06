"""gp.read of live objects: schedulers of transformers, accelerate and torch, functions of optax, schedules of Keras."""

from __future__ import annotations

import os

import numpy as np
import pytest

import glidepath as gp
from helpers import assert_same

os.environ.setdefault("KERAS_BACKEND", "jax")

HF = {
    "constant": {},
    "constant_with_warmup": {},
    "linear": {},
    "cosine": {"num_cycles": 1.5},
    "cosine_with_restarts": {"num_cycles": 3},
    "polynomial": {"power": 2.0, "lr_end": 1e-3},
    "inverse_sqrt": {},
    "cosine_with_min_lr": {"min_lr": 0.01},
    "cosine_warmup_with_min_lr": {"min_lr_rate": 0.1},
    "warmup_stable_decay": {"num_decay_steps": 20, "decay_type": "1-sqrt"},
}


def optimizer(*rates):
    torch = pytest.importorskip("torch")
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates or (0.1,)]
    return torch.optim.SGD(groups, lr=0.1)


def stepped(scheduler, steps, group=0):
    rates = []
    for _ in range(steps):
        rates.append(scheduler.optimizer.param_groups[group]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return np.array(rates)


@pytest.mark.parametrize("name", HF)
def test_a_scheduler_of_transformers(name):
    transformers = pytest.importorskip("transformers")
    scheduler = transformers.get_scheduler(name, optimizer(0.1), 10, 100, HF[name])
    reading = gp.read(scheduler)
    assert reading.kind == "hf"
    assert_same(reading.schedule.array(150, dtype="float32"), stepped(scheduler, 150).astype("float32"), name)


def test_groups_with_other_rates_and_a_scheduler_that_has_run():
    transformers = pytest.importorskip("transformers")
    scheduler = transformers.get_scheduler("linear", optimizer(0.1, 0.1, 0.02), 10, 100)
    stepped(scheduler, 30)
    reading = gp.read(scheduler)
    assert dict(reading.schedules) == {
        "lr": gp.linear(0.0, 0.1, 10) >> gp.linear(0.1, 0.0, 90),
        "lr[2]": gp.linear(0.0, 0.02, 10) >> gp.linear(0.02, 0.0, 90),
    }
    assert reading.steps == 100


def test_a_function_that_is_nobodys_is_refused():
    torch = pytest.importorskip("torch")
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer(0.1), lambda step: 1.0)
    with pytest.raises(ValueError, match="its function must be one of transformers, which keeps its arguments"):
        gp.read(scheduler)


def test_accelerate_steps_once_a_process():
    accelerate = pytest.importorskip("accelerate")
    transformers = pytest.importorskip("transformers")
    inner = transformers.get_scheduler("linear", optimizer(0.1), 10, 100)
    wrapped = accelerate.scheduler.AcceleratedScheduler(inner, inner.optimizer)
    with pytest.raises(ValueError, match="accelerate steps the scheduler as often as there are processes"):
        gp.read(wrapped)
    assert gp.read(wrapped, world_size=2).schedule[10] == gp.read(inner).schedule[20]


def test_a_scheduler_of_torch_is_its_replay():
    torch = pytest.importorskip("torch")
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer(0.1), T_max=50)
    assert gp.read(scheduler).schedule == gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=50)
    assert gp.read(scheduler).kind == "torch"


def optax_schedules():
    optax = pytest.importorskip("optax")
    return [
        optax.constant_schedule(0.1),
        optax.polynomial_schedule(0.1, 0.0, 2.0, 100, 3),
        optax.linear_schedule(0.1, 0.0, 100),
        optax.piecewise_constant_schedule(0.1, {30: 0.5}),
        optax.exponential_decay(0.1, 10, 0.5, 2, staircase=True, end_value=0.01),
        optax.cosine_decay_schedule(0.1, 100, 0.1, 2.0),
        optax.piecewise_interpolate_schedule("cosine", 0.1, {10: 0.5}),
        optax.linear_onecycle_schedule(100, 0.1),
        optax.cosine_onecycle_schedule(100, 0.1),
        optax.warmup_constant_schedule(0.0, 0.1, 10),
        optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 100, 0.01),
        optax.warmup_exponential_decay_schedule(0.0, 0.1, 10, 20, 0.5),
        optax.sgdr_schedule([{"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 2, "decay_steps": 20}] * 2),
        optax.join_schedules([optax.constant_schedule(0.1), optax.linear_schedule(0.1, 0.0, 10)], [5]),
    ]


def test_functions_of_optax():
    for schedule in optax_schedules():
        ours = gp.read(schedule).schedule.array(130, dtype="float32")
        theirs = np.array([float(schedule(step)) for step in range(130)], dtype="float32")
        # optax rounds each operation to float32: it is at most 9 numbers next to the peak away
        assert np.abs(ours - theirs).max() <= 9 * np.spacing(np.float32(0.1)), schedule


def test_a_function_in_optax_that_is_nobodys_is_refused():
    optax = pytest.importorskip("optax")
    joined = optax.join_schedules([optax.constant_schedule(0.1), lambda step: 0.1], [5])
    with pytest.raises(ValueError, match=r"`join_schedules`: got .* each part must be optax's"):
        gp.read(joined)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras itself, as it saves
def test_schedules_of_keras_and_what_it_writes(tmp_path):
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras")
    schedules = keras.optimizers.schedules
    for schedule in [
        schedules.CosineDecay(0.0, 90, 0.1, warmup_target=0.1, warmup_steps=10),
        schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True),
        schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01]),
        schedules.PolynomialDecay(0.1, 100, 0.01, 2.0, cycle=True),
        schedules.InverseTimeDecay(0.1, 10, 0.5),
        schedules.CosineDecayRestarts(0.1, 10, 2.0, 0.9),
    ]:
        ours = gp.read(schedule).schedule
        theirs = np.array([float(schedule(step)) for step in range(130)], dtype="float32")
        assert np.abs(ours.array(130, dtype="float32") - theirs).max() <= 9 * np.spacing(np.float32(0.1)), schedule
        assert gp.read(schedules.serialize(schedule)).schedule == ours
        optimizer_of = keras.optimizers.Adam(schedule)
        assert gp.read(keras.optimizers.serialize(optimizer_of)).schedule == ours
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(optimizer_of, loss="mse")
        model.save(tmp_path / "model.keras")
        reading = gp.read(tmp_path / "model.keras")
        assert reading.schedule == ours
        assert "`compile_config.optimizer.config.learning_rate.class_name`" in reading.source
