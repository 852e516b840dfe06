"""Arguments for every name of glidepath.dialects."""

from __future__ import annotations

from typing import Any

import glidepath as gp
from glidepath.dialects._declare import Entry

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
    "thinc.constant_then": {"steps": 20, "schedule": LINE},
    "thinc.decaying": {"decay": 0.1},
    "thinc.compounding": {"stop": 0.01, "compound": 0.95},
    "thinc.cyclic_triangular": {"min_lr": 0.01},
    "axolotl.JaggedLRRestartScheduler": {"inner_schedule": LINE, "jagged_restart_steps": 20},
    "openclip.const_lr_cooldown": {"cooldown_steps": 20},
    "openclip.const-cooldown": {"cooldown_steps": 20},
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
    "fairseq.tri_stage": {"hold_steps": 20, "decay_steps": 50},
    "fairseq.triangular": {"lr": 0.01},
    "neox.AnnealingLR": {"decay_style": "cosine"},
    "nemo.NoamAnnealing": {"d_model": 512},
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
    "mmengine.StepMomentum": {"step_size": 30},
    "mmengine.MultiStepMomentum": {"milestones": [30]},
    "mmengine.ExponentialMomentum": {"gamma": 0.9},
    "mmengine.CosineRestartMomentum": {"periods": [100]},
    "megatron.weight_decay": {"start_wd": 0.1},
    "mindformers.WarmUpStableDecayLR": {"decay_start_steps": 50},
    "mindformers.CosineAnnealingWarmRestarts": {"t_0": 30},
}
"""The arguments that a name needs beside the peak, the warm-up and the length."""


def arguments(entry: Entry) -> tuple[int, dict[str, Any]]:
    """A warm-up that a schedule can have in a run of 100 steps, and its other arguments."""
    warmup = 0 if entry.name in {"mindcv.one_cycle", "mindcv.cyclic"} else 10
    return warmup, {"steps_per_epoch": 2} if entry.name.startswith("mindcv") else MORE.get(entry.name, {})
