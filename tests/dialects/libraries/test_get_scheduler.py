"""glidepath.torch.get_scheduler with every name of every library."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import glidepath as gp  # noqa: E402
import glidepath.torch as gt  # noqa: E402
from glidepath.dialects import _declare  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")

LINE = gp.linear(0.1, 0.0, 50)
CYCLE = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 5, "decay_steps": 50}
MORE = {
    "hf.cosine_with_min_lr": {"min_lr_rate": 0.1},
    "hf.cosine_warmup_with_min_lr": {"min_lr": 0.01},
    "hf.warmup_stable_decay": {"num_decay_steps": 20},
    "diffusers.piecewise_constant": {"step_rules": "1:10,0.1"},
    "deepspeed.OneCycle": {"cycle_min_lr": 0.01},
    "megatron.OptimizerParamScheduler": {"init_lr": 0.0, "min_lr": 0.01, "lr_decay_style": "cosine"},
    "megatron.WSD": {"wsd_decay_steps": 20},
    "timm.StepLRScheduler": {"decay_t": 30},
    "timm.MultiStepLRScheduler": {"decay_t": [30, 60]},
    "timm.WSDLRScheduler": {"decay_t": 20},
    "keras.ExponentialDecay": {"decay_steps": 30, "decay_rate": 0.5},
    "keras.InverseTimeDecay": {"decay_steps": 30, "decay_rate": 0.5},
    "keras.PiecewiseConstantDecay": {"boundaries": [30], "values": [0.1, 0.01]},
    "keras.CosineDecayRestarts": {"first_decay_steps": 30},
    "optax.polynomial_schedule": {"end_value": 0.0, "power": 2.0},
    "optax.linear_schedule": {"end_value": 0.0},
    "optax.exponential_decay": {"transition_steps": 30, "decay_rate": 0.5},
    "optax.piecewise_interpolate_schedule": {"interpolate_type": "linear"},
    "optax.warmup_exponential_decay_schedule": {"transition_steps": 30, "decay_rate": 0.5},
    "optax.sgdr_schedule": {"cosine_kwargs": [CYCLE]},
    "optax.join_schedules": {"schedules": [LINE, LINE], "boundaries": [50]},
    "composer.StepScheduler": {"step_size": "30ba"},
    "composer.MultiStepScheduler": {"milestones": ["30ba"]},
    "composer.ExponentialScheduler": {"gamma": 0.9, "decay_period": "10ba"},
    "composer.CosineAnnealingWarmRestartsScheduler": {"t_0": "30ba"},
    "composer.PolynomialScheduler": {"power": 2.0},
    "composer.MultiStepWithWarmupScheduler": {"milestones": ["30ba"]},
    "composer.InverseSquareRootWithWarmupScheduler": {"t_scale": "30ba", "t_cooldown": "10ba"},
    "composer.inv_sqrt_with_warmup": {"t_scale": "30ba", "t_cooldown": "10ba"},
    "olmo.WSDS": {"period_lengths": [50, 50], "decay": 10},
    "olmo.wsds": {"period_lengths": [50, 50], "decay": 10},
    "olmo.ComposableScheduler": {"stages": [{"duration": 100, "end_lr": 0.0}]},
    "olmo.composable": {"stages": [{"duration": 100, "end_lr": 0.0}]},
    "mmengine.StepLR": {"step_size": 30},
    "mmengine.MultiStepLR": {"milestones": [30]},
    "mmengine.ExponentialLR": {"gamma": 0.9},
    "mmengine.CosineRestartLR": {"periods": [100]},
    "mmengine.param_scheduler": {"schedulers": [{"type": "PolyLR", "end": 100}]},
    "fvcore.CosineParamScheduler": {"end_value": 0.0},
    "fvcore.LinearParamScheduler": {"end_value": 0.0},
    "fvcore.ExponentialParamScheduler": {"decay": 0.1},
    "fvcore.MultiStepParamScheduler": {"values": [0.1, 0.01], "num_updates": 10},
    "fvcore.PolynomialDecayParamScheduler": {"power": 2.0},
    "fvcore.StepParamScheduler": {"values": [0.1, 0.01], "num_updates": 10},
    "fvcore.StepWithFixedGammaParamScheduler": {"num_decays": 2, "gamma": 0.1, "num_updates": 10},
    "fvcore.CompositeParamScheduler": {"schedulers": [LINE], "lengths": [1.0], "interval_scaling": ["fixed"]},
    "paddle.NoamDecay": {"d_model": 512},
    "paddle.PiecewiseDecay": {"boundaries": [30], "values": [0.1, 0.01]},
    "paddle.NaturalExpDecay": {"gamma": 0.1},
    "paddle.InverseTimeDecay": {"gamma": 0.1},
    "paddle.LinearWarmup": {"learning_rate": 0.1, "start_lr": 0.0},
    "paddle.ExponentialDecay": {"gamma": 0.9},
    "paddle.MultiStepDecay": {"milestones": [30]},
    "paddle.StepDecay": {"step_size": 30},
    "paddle.LambdaDecay": {"lr_lambda": lambda k: 0.9**k, "steps": 100},
    "paddle.MultiplicativeDecay": {"lr_lambda": lambda _: 0.9, "steps": 100},
    "paddle.CyclicLR": {"base_learning_rate": 0.01, "step_size_up": 20},
    "paddle.CosineAnnealingWarmRestarts": {"T_0": 30},
    "mindformers.WarmUpStableDecayLR": {"decay_start_steps": 50},
    "mindformers.CosineAnnealingWarmRestarts": {"t_0": 30},
}
"""The arguments that a name needs beside the peak, the warm-up and the length."""
ENTRIES = [entry for entry in _declare.entries() if entry.is_schedule and entry.sets == "lr"]


def optimizer(*rates):
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates], lr=rates[0])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_name_multiplies_each_groups_rate(entry):
    warmup = 0 if entry.name in {"mindcv.one_cycle", "mindcv.cyclic"} else 10
    more = {"steps_per_epoch": 2} if entry.name.startswith("mindcv") else MORE.get(entry.name, {})
    scheduler = gt.get_scheduler(entry.name, optimizer(0.1, 0.02), warmup, 100, more)
    schedule = _declare.make(entry, 0.1, warmup, 100, more)
    for step in (0, 1, 9, 10, 55, 99, 100, 150):
        scheduler.seek(step)
        first, second = scheduler.get_last_lr()
        assert first == schedule[step]
        assert second == pytest.approx(schedule[step] / 5, rel=1e-15, abs=1e-300)
    assert np.isfinite(schedule.array(200)).all()


def test_a_schedule_of_another_hyper_parameter():
    with pytest.raises(ValueError) as caught:
        gt.get_scheduler("megatron.weight_decay", optimizer(0.1), 10, 100)
    assert str(caught.value) == (
        "`get_scheduler.name`: got 'megatron.weight_decay'; it is a schedule of weight_decay. "
        "Pass it as `Scheduler(optimizer, weight_decay=...)`."
    )


def test_each_extra_argument_is_of_a_name():
    assert set(MORE) <= {entry.name for entry in ENTRIES}
