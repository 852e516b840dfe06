"""The arguments with which each name of glidepath.dialects is compared with the library itself.

Each name has three sets of arguments, and the number of steps that are compared, which goes past the end. The arguments
are the library's, and those that a name stands for (`preset`) are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glidepath.dialects._declare import entries
from library_drivers import Made

Row = tuple[int, Mapping[str, Any]]
RUN = {"learning_rate": 3e-4, "num_warmup_steps": 100, "num_training_steps": 1_000}
ODD = {"learning_rate": 0.1, "num_warmup_steps": 7, "num_training_steps": 997}
COLD = {"learning_rate": 5e-5, "num_warmup_steps": 0, "num_training_steps": 10_000}


def hf_rows(one: Mapping[str, Any], two: Mapping[str, Any], three: Mapping[str, Any], *without: str) -> list[Row]:
    """Three runs of transformers, with these arguments added, and without those that the name does not take."""
    runs = ((3_000, {**RUN, **one}), (2_500, {**ODD, **two}), (21_000, {**COLD, **three}))
    return [(n, {name: value for name, value in run.items() if name not in without}) for n, run in runs]


HF: dict[str, Sequence[Row]] = {
    "hf.constant": hf_rows({}, {}, {}, "num_warmup_steps", "num_training_steps"),
    "hf.constant_with_warmup": hf_rows({}, {}, {}, "num_training_steps"),
    "hf.linear": hf_rows({}, {}, {}),
    "hf.cosine": hf_rows({}, {"num_cycles": 1.5}, {"num_cycles": 0.45}),
    "hf.cosine_with_restarts": hf_rows({}, {"num_cycles": 3}, {"num_cycles": 2.5}),
    "hf.polynomial": hf_rows({}, {"power": 2.0, "lr_end": 1e-3}, {"power": 0.5}),
    "hf.inverse_sqrt": hf_rows({}, {"timescale": 37}, {}, "num_training_steps"),
    "hf.cosine_with_min_lr": hf_rows(
        {"min_lr": 1e-5}, {"min_lr_rate": 0.1, "num_cycles": 1.5}, {"min_lr_rate": 0.0, "num_cycles": 0.75}
    ),
    "hf.cosine_warmup_with_min_lr": hf_rows(
        {"min_lr": 1e-5}, {"min_lr_rate": 0.1, "warmup_lr_rate": 0.05}, {"min_lr_rate": 0.5, "num_cycles": 1.25}
    ),
    "hf.warmup_stable_decay": hf_rows(
        {"num_decay_steps": 200},
        {"num_decay_steps": 30, "warmup_type": "1-sqrt", "decay_type": "1-sqrt", "min_lr_ratio": 0.1},
        {"num_decay_steps": 1_000, "num_stable_steps": 5_000, "decay_type": "linear", "num_cycles": 1.25},
    ),
}

KERAS: dict[str, Sequence[Row]] = {
    "keras.ExponentialDecay": [
        (300, {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.96}),
        (300, {"initial_learning_rate": 3e-3, "decay_steps": 7, "decay_rate": 0.5}),
        (300, {"initial_learning_rate": 3e-4, "decay_steps": 97, "decay_rate": 0.9, "staircase": True}),
    ],
    "keras.PiecewiseConstantDecay": [
        (300, {"boundaries": [10, 20, 100], "values": [1.0, 0.5, 0.1, 0.05]}),
        (300, {"boundaries": [100], "values": [3e-4, 3e-5]}),
        (100, {"boundaries": [0, 1, 2], "values": [0.1, 0.2, 0.3, 0.4]}),
    ],
    "keras.PolynomialDecay": [
        (300, {"initial_learning_rate": 0.1, "decay_steps": 100}),
        (300, {"initial_learning_rate": 0.1, "decay_steps": 97, "power": 0.5, "end_learning_rate": 0.01}),
        (300, {"initial_learning_rate": 3e-4, "decay_steps": 97, "power": 2.0, "end_learning_rate": 0.0,
                 "cycle": True}),
    ],
    "keras.InverseTimeDecay": [
        (300, {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.5}),
        (300, {"initial_learning_rate": 3e-4, "decay_steps": 7, "decay_rate": 0.3}),
        (300, {"initial_learning_rate": 0.1, "decay_steps": 97, "decay_rate": 2.0, "staircase": True}),
    ],
    "keras.CosineDecay": [
        (300, {"initial_learning_rate": 0.0, "decay_steps": 90, "alpha": 0.1, "warmup_target": 1e-3,
                 "warmup_steps": 10}),
        (300, {"initial_learning_rate": 0.1, "decay_steps": 97, "warmup_steps": 10}),
        (300, {"initial_learning_rate": 0.01, "decay_steps": 90, "warmup_target": 0.1, "warmup_steps": 7}),
    ],
    "keras.CosineDecayRestarts": [
        (300, {"initial_learning_rate": 0.1, "first_decay_steps": 100}),
        (300, {"initial_learning_rate": 3e-4, "first_decay_steps": 97, "t_mul": 1.0, "m_mul": 0.9, "alpha": 0.1}),
        (300, {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 3.0, "m_mul": 0.5, "alpha": 0.1}),
    ],
}  # fmt: skip

CYCLE = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 10, "decay_steps": 100}
OPTAX: dict[str, Sequence[Row]] = {
    "optax.constant_schedule": [(300, {"value": value}) for value in (0.1, 3e-4, 1.0)],
    "optax.linear_schedule": [
        (300, {"init_value": 0.0, "end_value": 3e-4, "transition_steps": 100}),
        (300, {"init_value": 0.1, "end_value": 0.01, "transition_steps": 97, "transition_begin": 5}),
        (300, {"init_value": 1.0, "end_value": 0.0, "transition_steps": 300}),
    ],
    "optax.polynomial_schedule": [
        (300, {"init_value": 3e-4, "end_value": 0.0, "power": 2.0, "transition_steps": 100}),
        (300, {"init_value": 0.1, "end_value": 0.01, "power": 0.5, "transition_steps": 97, "transition_begin": 10}),
        (300, {"init_value": 0.1, "end_value": 0.01, "power": 3.0, "transition_steps": 0}),
    ],
    "optax.piecewise_constant_schedule": [
        (300, {"init_value": 1.0, "boundaries_and_scales": {10: 0.5, 100: 0.1}}),
        (300, {"init_value": 3e-4, "boundaries_and_scales": {100: 0.1, 200: 0.1, 250: 2.0}}),
        (100, {"init_value": 0.1}),
    ],
    "optax.exponential_decay": [
        (300, {"init_value": 3e-4, "transition_steps": 100, "decay_rate": 0.5, "transition_begin": 10}),
        (300, {"init_value": 0.1, "transition_steps": 30, "decay_rate": 1.5, "end_value": 0.2}),
        (300, {"init_value": 0.1, "transition_steps": 7, "decay_rate": 0.9, "staircase": True, "end_value": 0.01}),
    ],
    "optax.cosine_decay_schedule": [
        (300, {"init_value": 3e-4, "decay_steps": 100}),
        (300, {"init_value": 0.1, "decay_steps": 97, "alpha": 0.1, "exponent": 3.0}),
        (300, {"init_value": 1.0, "decay_steps": 300, "alpha": 0.01}),
    ],
    "optax.piecewise_interpolate_schedule": [
        (300, {"interpolate_type": "linear", "init_value": 0.1,
               "boundaries_and_scales": {10: 2.0, 30: 0.5, 100: 0.0}}),
        (300, {"interpolate_type": "cosine", "init_value": 1.0, "boundaries_and_scales": {40: 0.1, 80: 0.01}}),
        (300, {"interpolate_type": "cosine", "init_value": 3e-4, "boundaries_and_scales": {0: 2.0, 97: 0.5}}),
    ],
    "optax.linear_onecycle_schedule": [
        (300, {"transition_steps": 100, "peak_value": 3e-4}),
        (300, {"transition_steps": 97, "peak_value": 0.1, "pct_start": 0.25, "pct_final": 0.7, "div_factor": 10.0,
               "final_div_factor": 100.0}),
        (10, {"transition_steps": 3, "peak_value": 0.1}),
    ],
    "optax.cosine_onecycle_schedule": [
        (300, {"transition_steps": 100, "peak_value": 3e-4}),
        (300, {"transition_steps": 97, "peak_value": 0.1, "pct_start": 0.33}),
        (300, {"transition_steps": 101, "peak_value": 0.1, "div_factor": 10.0, "final_div_factor": 100.0}),
    ],
    "optax.warmup_constant_schedule": [
        (300, {"peak_value": 0.1, "warmup_steps": 10}),
        (300, {"init_value": 1e-5, "peak_value": 3e-4, "warmup_steps": 97}),
        (300, {"init_value": 0.01, "peak_value": 0.1, "warmup_steps": 0}),
    ],
    "optax.warmup_cosine_decay_schedule": [
        (300, {"peak_value": 3e-4, "warmup_steps": 10, "decay_steps": 100}),
        (300, {"init_value": 0.01, "peak_value": 0.1, "warmup_steps": 7, "decay_steps": 97, "end_value": 0.01,
               "exponent": 2.0}),
        (300, {"init_value": 0.01, "peak_value": 0.1, "warmup_steps": 0, "decay_steps": 100}),
    ],
    "optax.warmup_exponential_decay_schedule": [
        (300, {"peak_value": 3e-4, "warmup_steps": 10, "transition_steps": 30, "decay_rate": 0.5}),
        (300, {"peak_value": 0.1, "warmup_steps": 10, "transition_steps": 30, "decay_rate": 0.5, "transition_begin": 5,
               "staircase": True, "end_value": 0.02}),
        (300, {"init_value": 0.01, "peak_value": 0.1, "warmup_steps": 7, "transition_steps": 97, "decay_rate": 1.5}),
    ],
    "optax.sgdr_schedule": [
        (300, {"cosine_kwargs": [CYCLE, {**CYCLE, "peak_value": 0.05, "decay_steps": 50}]}),
        (300, {"cosine_kwargs": [CYCLE]}),
        (300, {"cosine_kwargs": [{**CYCLE, "decay_steps": 37, "end_value": 0.01}] * 3}),
    ],
    "optax.join_schedules": [
        (300, {"schedules": [Made("linear_schedule", {"init_value": 0.0, "end_value": 0.1, "transition_steps": 10}),
                             Made("cosine_decay_schedule", {"init_value": 0.1, "decay_steps": 90})],
               "boundaries": [10]}),
        (300, {"schedules": [Made("constant_schedule", {"value": 0.1}),
                             Made("exponential_decay", {"init_value": 0.1, "transition_steps": 30, "decay_rate": 0.5}),
                             Made("constant_schedule", {"value": 0.01})],
               "boundaries": [50, 200]}),
        (300, {"schedules": [Made("warmup_constant_schedule", {"init_value": 0.0, "peak_value": 0.1,
                                                               "warmup_steps": 20}),
                             Made("linear_schedule", {"init_value": 0.1, "end_value": 0.0, "transition_steps": 97})],
               "boundaries": [7]}),
    ],
}  # fmt: skip

DIFFUSERS: dict[str, Sequence[Row]] = {
    **{
        name.replace("hf.", "diffusers."): hf_rows({}, {}, {}, *without)
        for name, without in {
            "hf.constant": ("num_warmup_steps", "num_training_steps"),
            "hf.constant_with_warmup": ("num_training_steps",),
            "hf.linear": (),
            "hf.cosine": (),
        }.items()
    },
    "diffusers.cosine_with_restarts": hf_rows({}, {"num_cycles": 3}, {"num_cycles": 2}),
    "diffusers.polynomial": hf_rows({}, {"power": 2.0}, {"power": 0.5}),
    "diffusers.piecewise_constant": [
        (300, {"learning_rate": 0.1, "step_rules": "1:10,0.1:20,0.01:30,0.005"}),
        (3_000, {"learning_rate": 3e-4, "step_rules": "0.1:100,1:1000,0.5"}),
        (100, {"learning_rate": 5e-5, "step_rules": "0.3"}),
    ],
}

LATE_CYCLE = {"cycle_first_step_size": 10, "cycle_second_step_size": 25, "decay_step_size": 7}
DEEPSPEED: dict[str, Sequence[Row]] = {
    "deepspeed.WarmupLR": [
        (3_000, {"warmup_max_lr": 3e-4}),
        (300, {"warmup_min_lr": 0.01, "warmup_max_lr": 0.1, "warmup_num_steps": 10, "warmup_type": "linear"}),
        (300, {"warmup_max_lr": 0.1, "warmup_num_steps": 97}),
    ],
    "deepspeed.WarmupDecayLR": [
        (5_000, {"total_num_steps": 2_000}),
        (300, {"total_num_steps": 100, "warmup_min_lr": 0.01, "warmup_max_lr": 0.1, "warmup_num_steps": 10,
               "warmup_type": "linear"}),
        (300, {"total_num_steps": 97, "warmup_max_lr": 0.1, "warmup_num_steps": 7}),
    ],
    "deepspeed.WarmupCosineLR": [
        (5_000, {"learning_rate": 3e-4, "total_num_steps": 2_000}),
        (300, {"learning_rate": 0.1, "total_num_steps": 100, "warmup_min_ratio": 0.1, "warmup_num_steps": 10,
               "cos_min_ratio": 0.1, "warmup_type": "linear"}),
        (300, {"learning_rate": 0.1, "total_num_steps": 97, "warmup_num_steps": 1, "cos_min_ratio": 0.0}),
    ],
    "deepspeed.OneCycle": [
        (8_000, {"cycle_min_lr": 1e-5, "cycle_max_lr": 3e-4}),
        (300, {"cycle_min_lr": 0.01, "cycle_max_lr": 0.1, "decay_lr_rate": 0.5, **LATE_CYCLE}),
        (300, {"cycle_min_lr": 0.01, "cycle_max_lr": 0.1, "cycle_first_stair_count": 3, "cycle_second_stair_count": 7,
               "decay_lr_rate": 0.1, **LATE_CYCLE}),
    ],
    "deepspeed.OneCycle_momentum": [
        (8_000, {}),
        (300, {"decay_mom_rate": 0.5, **LATE_CYCLE}),
        (300, {"cycle_min_mom": 0.85, "cycle_max_mom": 0.95, "cycle_first_stair_count": 3,
               "cycle_second_stair_count": 7, **LATE_CYCLE}),
    ],
    "deepspeed.LRRangeTest": [
        (8_000, {}),
        (300, {"lr_range_test_step_size": 20, "lr_range_test_staircase": True}),
        (3_000, {"lr_range_test_min_lr": 1e-5, "lr_range_test_step_size": 97, "lr_range_test_step_rate": 0.3}),
    ],
}  # fmt: skip


def megatron_rows(**more: Any) -> list[Row]:
    """A run counted in steps, one with a fractional warm-up and a minimum, and one without a warm-up."""
    return [
        (3_000, {"max_lr": 3e-4, "lr_warmup_steps": 100, "lr_decay_steps": 1_000, **more}),
        (300, {"init_lr": 1e-3, "max_lr": 0.1, "min_lr": 0.01, "lr_warmup_steps": 5.5, "lr_decay_steps": 97, **more}),
        (21_000, {"max_lr": 5e-5, "min_lr": 5e-6, "lr_decay_steps": 10_000, **more}),
    ]


MEGATRON: dict[str, Sequence[Row]] = {
    "megatron.OptimizerParamScheduler": [
        (n, {"init_lr": 0.0, "min_lr": 0.0, "lr_warmup_steps": 0, **arguments})
        for n, arguments in megatron_rows(lr_decay_style="WSD", wsd_decay_steps=50, lr_wsd_decay_style="minus_sqrt")
    ],
    **{f"megatron.{style}": megatron_rows() for style in ("constant", "linear", "cosine", "inverse-square-root")},
    "megatron.WSD": [
        (n, {**arguments, "lr_wsd_decay_style": style})
        for (n, arguments), style in zip(
            megatron_rows(wsd_decay_steps=50), ("exponential", "cosine", "linear"), strict=True
        )
    ],
    "megatron.weight_decay": [
        (300, {"start_wd": 0.1, "end_wd": 0.1, "wd_incr_steps": 100, "wd_incr_style": "constant"}),
        (300, {"start_wd": 0.01, "end_wd": 0.1, "wd_incr_steps": 97, "wd_incr_style": "linear"}),
        (3_000, {"start_wd": 0.0, "end_wd": 0.1, "wd_incr_steps": 1_000, "wd_incr_style": "cosine"}),
    ],
}

CYCLES = {"cycle_limit": 3, "cycle_decay": 0.5}
WARM = {"warmup_t": 5, "warmup_lr_init": 1e-5}


def timm_rows(one: Mapping[str, Any], two: Mapping[str, Any], three: Mapping[str, Any]) -> list[Row]:
    """Three runs of timm with these arguments."""
    return [(900, {"learning_rate": lr, **more}) for lr, more in ((0.1, one), (3e-4, two), (0.1, three))]


def factory_rows(**more: Any) -> list[Row]:
    """Three runs of timm's factory with these arguments."""
    return timm_rows(
        {"warmup_epochs": 5, **more},
        {"warmup_epochs": 5, "warmup_prefix": True, "min_lr": 1e-5, "decay_epochs": 30, **more},
        {"num_epochs": 97, "warmup_epochs": 3, **more},
    )


FALL = {"t_initial": 100}
TIMM: dict[str, Sequence[Row]] = {
    "timm.CosineLRScheduler": timm_rows(
        {**FALL, "lr_min": 1e-5, **WARM}, {"t_initial": 40, "cycle_mul": 1.5, **CYCLES, **WARM, "warmup_prefix": True},
        {**FALL, "k_decay": 1.5, **CYCLES},
    ),
    "timm.TanhLRScheduler": timm_rows(
        {**FALL, "lr_min": 1e-5, **WARM}, {"t_initial": 40, "cycle_mul": 1.5, **CYCLES, **WARM, "warmup_prefix": True},
        {**FALL, "lb": -4.0, "ub": 2.0, **CYCLES},
    ),
    "timm.PolyLRScheduler": timm_rows(
        {**FALL, "lr_min": 1e-5, **WARM}, {"t_initial": 40, "power": 2.0, **CYCLES, **WARM, "warmup_prefix": True},
        {**FALL, "power": 1.0, "k_decay": 1.5},
    ),
    "timm.StepLRScheduler": timm_rows(
        {"decay_t": 2.4, "decay_rate": 0.97, **WARM},
        {"decay_t": 30, "decay_rate": 0.1, **WARM, "warmup_prefix": False},
        {"decay_t": 1.1, "decay_rate": 0.97},
    ),
    "timm.MultiStepLRScheduler": timm_rows(
        {"decay_t": [30, 60, 90], "decay_rate": 0.1, **WARM},
        {"decay_t": [30, 100], "decay_rate": 0.5, **WARM, "warmup_prefix": False},
        {"decay_t": [1, 2, 3], "decay_rate": 0.3},
    ),
    "timm.WSDLRScheduler": timm_rows(
        {"t_initial": 90, "decay_t": 20, "lr_min": 1e-3, "decay_fn": "exp", **WARM}, {"t_initial": 97, "decay_t": 97},
        {"t_initial": 90, "decay_t": 20, "stable_fn": "power", "stable_power": 0.8, "decay_fn": "power",
         "decay_power": 2.0, **WARM},
    ),
    "timm.create_scheduler_v2": timm_rows(
        {}, {"sched": "wsd", "decay_fn": "cosine", "decay_epochs": 20, "warmup_epochs": 10, "num_epochs": 100},
        {"sched": "cosine", "k_decay": 2.0, "cycle_limit": 2, "num_epochs": 100},
    ),
    **{
        f"timm.{name}": factory_rows()
        for name in ("cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant")
    },
}  # fmt: skip

TORCHTITAN: dict[str, Sequence[Row]] = {
    "torchtitan.lr_scheduler": [
        (3_000, {"learning_rate": 3e-4, "total_steps": 1_000, "decay_type": kind, "decay_ratio": ratio, **more})
        for kind, ratio, more in (
            ("linear", None, {}),
            ("sqrt", 0.2, {"warmup_steps": 7}),
            ("cosine", 0.95, {"min_lr_factor": 0.1}),
        )
    ]
}
NANOTRON: dict[str, Sequence[Row]] = {
    "nanotron.lr_scheduler_builder": [
        (3_000, {"learning_rate": 3e-4, "train_steps": 1_000, "lr_warmup_steps": 100, "lr_decay_style": "cosine",
                 "min_decay_lr": 3e-5}),
        (300, {"learning_rate": 0.1, "train_steps": 100, "lr_warmup_steps": 10, "lr_decay_starting_step": 80,
               "min_decay_lr": 0.0}),
        (300, {"learning_rate": 0.1, "train_steps": 97, "lr_warmup_steps": 7, "lr_warmup_style": "constant",
               "lr_decay_starting_step": 50, "lr_decay_steps": 20, "lr_decay_style": "linear", "min_decay_lr": 0.01}),
    ]
}  # fmt: skip


def composer_rows(one: Mapping[str, Any], two: Mapping[str, Any], three: Mapping[str, Any]) -> list[Row]:
    """Three runs of Composer with these arguments: 10 epochs of 10 batches, 100 batches, 3 epochs of 97."""
    return [
        (300, {"learning_rate": 0.1, "max_duration": "10ep", "dataloader_len": 10, **one}),
        (300, {"learning_rate": 3e-4, "max_duration": "100ba", "dataloader_len": 10, **two}),
        (900, {"learning_rate": 1.0, "max_duration": "3ep", "dataloader_len": 97, **three}),
    ]


WARMED = composer_rows({"t_warmup": "1ep"}, {"t_warmup": "7ba"}, {"t_warmup": "0.1dur", "t_max": "400ba"})
WARMED_TO = [(n, {**row, "alpha_f": alpha}) for (n, row), alpha in zip(WARMED, (0.0, 0.1, 0.02), strict=True)]
INVERSE = [
    (300, {"learning_rate": 0.1, "max_duration": "100ba", "dataloader_len": 10, "t_warmup": "10ba", "t_scale": "30ba",
           "t_cooldown": "20ba"}),
    (300, {"learning_rate": 3e-4, "max_duration": "100ba", "dataloader_len": 10, "t_warmup": "7ba", "t_scale": "13ba",
           "t_cooldown": "0ba", "alpha_f_decay": 0.2}),
    (900, {"learning_rate": 1.0, "max_duration": "500ba", "dataloader_len": 97, "t_warmup": "10ba", "t_scale": "10ba",
           "t_cooldown": "600ba", "alpha_f_decay": 0.1, "alpha_f_cooldown": 0.05}),
]  # fmt: skip
COMPOSER: dict[str, Sequence[Row]] = {
    "composer.StepScheduler": composer_rows(
        {"step_size": "2ep", "gamma": 0.5}, {"step_size": "7ba"}, {"step_size": "0.3dur", "gamma": 0.9}
    ),
    "composer.MultiStepScheduler": composer_rows(
        {"milestones": ["10ba", "0.5dur", "9ep"], "gamma": 0.5}, {"milestones": ["30ba"]},
        {"milestones": ["1ep", "2ep"]},
    ),
    "composer.ConstantScheduler": composer_rows({}, {"alpha": 0.5, "t_max": "20ba"}, {"alpha": 0.1, "t_max": "2ep"}),
    "composer.LinearScheduler": composer_rows(
        {}, {"alpha_i": 0.3, "alpha_f": 1.0, "t_max": "30ba"}, {"alpha_f": 0.1, "t_max": "0.77dur"}
    ),
    "composer.ExponentialScheduler": composer_rows(
        {"gamma": 0.9}, {"gamma": 0.5, "decay_period": "7ba"}, {"gamma": 0.99, "decay_period": "1ba"}
    ),
    "composer.CosineAnnealingScheduler": composer_rows(
        {}, {"alpha_f": 0.1, "t_max": "77ba"}, {"alpha_f": 0.01, "t_max": "0.77dur"}
    ),
    "composer.CosineAnnealingWarmRestartsScheduler": composer_rows(
        {"t_0": "1ep", "t_mult": 2.0}, {"t_0": "7ba"}, {"t_0": "10ba", "t_mult": 1.5, "alpha_f": 0.1}
    ),
    "composer.PolynomialScheduler": composer_rows(
        {"power": 2.0}, {"power": 0.5, "alpha_f": 0.1}, {"power": 3.0, "t_max": "0.5dur"}
    ),
    "composer.MultiStepWithWarmupScheduler": composer_rows(
        {"t_warmup": "10ba", "milestones": ["5ba", "50ba"]}, {"t_warmup": "7ba", "milestones": ["30ba"], "gamma": 0.5},
        {"t_warmup": "0.1dur", "milestones": ["1ep", "2ep"]},
    ),
    "composer.ConstantWithWarmupScheduler": [(n, {**row, "alpha": 0.5}) for n, row in WARMED],
    "composer.LinearWithWarmupScheduler": [(n, {**row, "alpha_i": 0.8}) for n, row in WARMED_TO],
    "composer.CosineAnnealingWithWarmupScheduler": WARMED_TO,
    "composer.PolynomialWithWarmupScheduler": WARMED_TO,
    "composer.InverseSquareRootWithWarmupScheduler": INVERSE,
    "composer.constant_with_warmup": WARMED,
    "composer.cosine_with_warmup": WARMED_TO,
    "composer.linear_decay_with_warmup": WARMED_TO,
    "composer.inv_sqrt_with_warmup": INVERSE,
}  # fmt: skip


def olmo_rows(one: Mapping[str, Any], two: Mapping[str, Any], three: Mapping[str, Any], times: int = 2) -> list[Row]:
    """Three runs of OLMo-core with these arguments."""
    runs = ((1_000, 3e-4, one), (97, 0.1, two), (3_000, 1.0, three))
    return [(times * n, {"learning_rate": lr, "t_max": n, **more}) for n, lr, more in runs]


TO_THE_END = 1
"""Not past it: OLMo-core's trainer stops there. Its formula would go on below the minimum, where ours stays."""
STEPS = ({"warmup": 100}, {"warmup_fraction": 0.13, "warmup_min_lr": 0.01}, {"warmup": 0})
TO = [{**row, **more} for row, more in zip(STEPS, ({}, {"alpha_f": 0.0}, {"alpha_f": 0.5}), strict=True)]
DECAY = [
    {**row, **more}
    for row, more in zip(
        STEPS,
        ({}, {"decay": 30, "decay_fraction": None, "decay_min_lr": 1e-3}, {"decay_fraction": 0.25}),
        strict=True,
    )
]
PERIODS = [
    (1_100, {"learning_rate": 3e-4, "period_lengths": [500, 500], "warmup": 100, "decay": 50}),
    (120, {"learning_rate": 0.1, "period_lengths": [50, 20, 30], "period_lr_multipliers": [1.0, 0.5, 2.0],
           "warmup_fraction": 0.2, "decay_fraction": 0.5, "decay_min_lr": 1e-3}),
    (120, {"learning_rate": 0.1, "period_lengths": [40, 20, 20], "warmup": 20, "decay": 20}),
]  # fmt: skip
STAGES = [
    {"duration": 10, "start_lr": 0.0, "end_lr_fraction": 1.0},
    {"duration": 20, "end_lr_fraction": 1.0},
    {"duration": 50, "shape": "cosine", "end_lr": 0.01},
]
STAGED = [
    (120, {"learning_rate": 0.1, "stages": STAGES}),
    (120, {"learning_rate": 0.1, "stages": STAGES, "override_decay": {"start": 40, "duration": 30, "end_lr": 0.0}}),
    (120, {"learning_rate": 0.1, "stages": STAGES,
           "override_decay": {"start": 5, "duration": 10, "shape": "cosine", "end_lr_fraction": 0.1}}),
]  # fmt: skip
OLMO_CLASSES: dict[str, Sequence[Row]] = {
    "ConstantScheduler": [(100, {"learning_rate": lr}) for lr in (3e-4, 0.1, 1.0)],
    "ConstantWithWarmup": olmo_rows(*STEPS),
    "WSD": olmo_rows(*DECAY, TO_THE_END),
    "PowerLR": olmo_rows(DECAY[0], {**DECAY[1], "b": -0.3}, {**DECAY[2], "warmup": 7}, TO_THE_END),
    "LinearWithWarmup": olmo_rows(*TO),
    "InvSqrtWithWarmup": olmo_rows(TO[0], TO[1], {**TO[2], "warmup": 7}),
    "CosWithWarmup": olmo_rows(*TO),
    "HalfCosWithWarmup": olmo_rows(*TO),
    "CosWithWarmupAndLinearDecay": olmo_rows(*DECAY, TO_THE_END),
    "WSDS": PERIODS,
    "ExponentialScheduler": olmo_rows({}, {"lr_min": 1e-3}, {"lr_min": 1e-6}),
    "ComposableScheduler": STAGED,
}
OLMO_NAMES = {
    "constant": "ConstantScheduler",
    "constant_with_warmup": "ConstantWithWarmup",
    "wsd": "WSD",
    "power_lr": "PowerLR",
    "linear_with_warmup": "LinearWithWarmup",
    "inv_sqrt_with_warmup": "InvSqrtWithWarmup",
    "cos_with_warmup": "CosWithWarmup",
    "half_cos_with_warmup": "HalfCosWithWarmup",
    "cos_with_warmup_and_linear_decay": "CosWithWarmupAndLinearDecay",
    "wsds": "WSDS",
    "exponential": "ExponentialScheduler",
    "composable": "ComposableScheduler",
}
OLMO: dict[str, Sequence[Row]] = {
    **{f"olmo.{name}": rows for name, rows in OLMO_CLASSES.items()},
    **{f"olmo.{name}": OLMO_CLASSES[kind] for name, kind in OLMO_NAMES.items()},
}

MMENGINE_KINDS: dict[str, Sequence[Mapping[str, Any]]] = {
    "Linear": ({"end": 10}, {"start_factor": 1e-3, "begin": 5, "end": 105}, {"start_factor": 1.0, "end_factor": 0.1}),
    "Constant": ({"end": 10}, {"factor": 0.5, "begin": 3, "end": 20}, {"factor": 0.9}),
    "Step": (
        {"step_size": 7, "end": 50},
        {"step_size": 30, "gamma": 0.5, "begin": 10},
        {"step_size": 1, "gamma": 0.97},
    ),
    "MultiStep": (
        {"milestones": [80, 110], "end": 120},
        {"milestones": [8, 11, 11], "gamma": 0.5, "begin": 4, "end": 60},
        {"milestones": [1, 2, 3], "gamma": 0.3},
    ),
    "Exponential": ({"gamma": 0.95, "end": 60}, {"gamma": 0.99, "begin": 9}, {"gamma": 1.01, "end": 200}),
    "CosineAnnealing": (
        {"end": 90},
        {"T_max": 30, "eta_min": 1e-5, "begin": 10},
        {"T_max": 97, "eta_min_ratio": 0.1, "end": 250},
    ),
    "Poly": ({"end": 100}, {"power": 0.9, "eta_min": 1e-5, "begin": 10, "end": 100}, {"power": 2.0, "end": 297}),
    "CosineRestart": (
        {"periods": [100, 100], "restart_weights": [1.0, 1.0], "eta_min": 0.0},
        {"periods": [10, 20, 30], "restart_weights": [1, 0.5, 0.25], "eta_min": 1e-5},
        {"periods": [50, 40], "restart_weights": [0.5, 1.0], "eta_min_ratio": 0.1, "begin": 7, "end": 80},
    ),
}


def mmengine_rows(kind: str, *peaks: float) -> list[Row]:
    """Three windows of mmengine."""
    return [(300, {"learning_rate": peak, **more}) for peak, more in zip(peaks, MMENGINE_KINDS[kind], strict=True)]


COCO = [
    {"type": "LinearLR", "start_factor": 1e-3, "by_epoch": False, "end": 25},
    {"type": "MultiStepLR", "milestones": [8, 11], "end": 12},
]
MMENGINE: dict[str, Sequence[Row]] = {
    **{f"mmengine.{kind}LR": mmengine_rows(kind, 0.1, 3e-4, 0.02) for kind in MMENGINE_KINDS},
    **{f"mmengine.{kind}Momentum": mmengine_rows(kind, 0.9, 0.95, 0.5) for kind in MMENGINE_KINDS},
    "mmengine.OneCycleLR": [
        (300, {"eta_max": 0.1, "total_steps": 200, "end": 120}),
        (121, {"eta_max": 3e-4, "total_steps": 121, "pct_start": 0.25, "anneal_strategy": "linear",
               "three_phase": True}),
        (130, {"eta_max": 0.1, "total_steps": 130, "pct_start": 0.33, "div_factor": 10.0}),
    ],
    "mmengine.param_scheduler": [
        (300, {"learning_rate": 0.02, "schedulers": COCO, "epoch_length": 10}),
        (300, {"learning_rate": 0.1, "schedulers": [
            {"type": "LinearLR", "start_factor": 1e-3, "end": 10},
            {"type": "CosineAnnealingLR", "begin": 10, "end": 100},
        ]}),
        (300, {"learning_rate": 0.1, "epoch_length": 10, "schedulers": [
            {"type": "LinearLR", "start_factor": 0.1, "end": 3, "convert_to_iter_based": True},
            {"type": "CosineAnnealingLR", "begin": 3, "end": 12, "convert_to_iter_based": True},
        ]}),
    ],
}  # fmt: skip

SCALED = {"max_iter": 1_000}
HALVES = [
    Made("LinearParamScheduler", {"start_value": 0.01, "end_value": 0.1, **SCALED}),
    Made("CosineParamScheduler", {"start_value": 0.1, "end_value": 0.0, **SCALED}),
]
FVCORE: dict[str, Sequence[Row]] = {
    "fvcore.ConstantParamScheduler": [(100, {"value": value}) for value in (3e-4, 0.1, 1.0)],
    "fvcore.CosineParamScheduler": [
        (3_000, {"start_value": 3e-4, "end_value": 0.0, **SCALED}),
        (300, {"start_value": 0.1, "end_value": 0.01, "max_iter": 97}),
        (300, {"start_value": 0.01, "end_value": 0.1, "max_iter": 100}),
    ],
    "fvcore.LinearParamScheduler": [
        (3_000, {"start_value": 3e-4, "end_value": 3e-5, **SCALED}),
        (300, {"start_value": 0.1, "end_value": 0.01, "max_iter": 97}),
        (300, {"start_value": 0.0, "end_value": 0.1, "max_iter": 100}),
    ],
    "fvcore.ExponentialParamScheduler": [
        (3_000, {"start_value": 3e-4, "decay": 0.02, **SCALED}),
        (300, {"start_value": 2.0, "decay": 0.5, "max_iter": 97}),
        (300, {"start_value": 0.1, "decay": 1.5, "max_iter": 100}),
    ],
    "fvcore.MultiStepParamScheduler": [
        (1_001, {"values": [1.0, 0.1, 0.01], "num_updates": 90, "milestones": [30, 60], **SCALED}),
        (98, {"values": [1.0, 0.1, 0.01], "num_updates": 91, "max_iter": 97}),
        (101, {"values": [1.0, 0.5, 0.25, 0.1], "milestones": [30, 60, 80, 120], "max_iter": 100}),
    ],
    "fvcore.PolynomialDecayParamScheduler": [
        (1_001, {"base_value": 3e-4, "power": 0.9, **SCALED}),
        (98, {"base_value": 0.1, "power": 2.0, "max_iter": 97}),
        (101, {"base_value": 0.1, "power": 0.5, "max_iter": 100}),
    ],
    "fvcore.StepParamScheduler": [
        (1_001, {"num_updates": 120, "values": [0.1, 0.01, 0.001], **SCALED}),
        (98, {"num_updates": 1, "values": [0.1, 0.05, 0.2, 0.01, 0.3, 0.4, 0.5], "max_iter": 97}),
        (101, {"num_updates": 1, "values": [0.1], "max_iter": 100}),
    ],
    "fvcore.StepWithFixedGammaParamScheduler": [
        (1_001, {"base_value": 3e-4, "num_decays": 3, "gamma": 0.1, "num_updates": 77, **SCALED}),
        (98, {"base_value": 0.1, "num_decays": 6, "gamma": 0.5, "num_updates": 1, "max_iter": 97}),
        (101, {"base_value": 0.1, "num_decays": 1, "gamma": 0.9, "num_updates": 1, "max_iter": 100}),
    ],
    "fvcore.CompositeParamScheduler": [
        (1_001, {"schedulers": HALVES, "lengths": [0.3, 0.7], "interval_scaling": [one, two], **SCALED})
        for one, two in (("rescaled", "rescaled"), ("fixed", "rescaled"), ("rescaled", "fixed"))
    ],
}

PADDLE: dict[str, Sequence[Row]] = {
    "paddle.NoamDecay": [
        (3_000, {"d_model": 512, "warmup_steps": 400}),
        (300, {"d_model": 768, "warmup_steps": 10, "learning_rate": 2.0}),
        (300, {"d_model": 1, "warmup_steps": 97, "learning_rate": 3e-4}),
    ],
    "paddle.PiecewiseDecay": [
        (300, {"boundaries": [10, 50], "values": [1.0, 0.5, 0.1]}),
        (300, {"boundaries": [100], "values": [3e-4, 3e-5]}),
        (300, {"boundaries": [1, 2, 3], "values": [0.1, 0.2, 0.3, 0.4]}),
    ],
    **{
        f"paddle.{name}": [
            (300, {"learning_rate": lr, "gamma": gamma}) for lr, gamma in zip((0.1, 3e-4, 1.0), gammas, strict=True)
        ]
        for name, gammas in {
            "NaturalExpDecay": (0.05, 0.3, 1e-3),
            "InverseTimeDecay": (0.05, 0.3, 2.0),
            "ExponentialDecay": (0.95, 0.5, 0.999),
        }.items()
    },
    "paddle.PolynomialDecay": [
        (3_000, {"learning_rate": 0.1, "decay_steps": 1_000}),
        (300, {"learning_rate": 0.1, "decay_steps": 40, "power": 0.5, "end_lr": 0.01, "cycle": True}),
        (300, {"learning_rate": 3e-4, "decay_steps": 97, "power": 2.0, "end_lr": 0.0}),
    ],
    "paddle.LinearWarmup": [
        (300, {"learning_rate": Made("CosineAnnealingDecay", {"learning_rate": 0.1, "T_max": 90}), "warmup_steps": 10,
               "start_lr": 0.0, "end_lr": 0.1}),
        (300, {"learning_rate": Made("PolynomialDecay", {"learning_rate": 0.2, "decay_steps": 50}), "warmup_steps": 7,
               "start_lr": 0.01, "end_lr": 0.1}),
        (300, {"learning_rate": 3e-4, "warmup_steps": 97, "start_lr": 0.0, "end_lr": 3e-4}),
    ],
    "paddle.MultiStepDecay": [
        (300, {"learning_rate": 0.1, "milestones": [30, 60]}),
        (300, {"learning_rate": 3e-4, "milestones": [1, 2, 97], "gamma": 0.5}),
        (300, {"learning_rate": 1.0, "milestones": [100], "gamma": 0.3}),
    ],
    "paddle.StepDecay": [
        (300, {"learning_rate": 0.1, "step_size": 30}),
        (300, {"learning_rate": 3e-4, "step_size": 7, "gamma": 0.5}),
        (300, {"learning_rate": 1.0, "step_size": 1, "gamma": 0.97}),
    ],
    "paddle.LambdaDecay": [
        (300, {"learning_rate": lr, "lr_lambda": lambda k: 0.95**k, "steps": 300}) for lr in (0.1, 3e-4, 1.0)
    ],
    "paddle.MultiplicativeDecay": [
        (300, {"learning_rate": lr, "lr_lambda": lambda k: 1.0 - 1.0 / (k + 2), "steps": 300})
        for lr in (0.1, 3e-4, 1.0)
    ],
    "paddle.CosineAnnealingDecay": [
        (300, {"learning_rate": 0.1, "T_max": 90}),
        (300, {"learning_rate": 3e-4, "T_max": 40, "eta_min": 1e-5}),
        (3_000, {"learning_rate": 1.0, "T_max": 997, "eta_min": 0.1}),
    ],
    "paddle.OneCycleLR": [
        (100, {"max_learning_rate": 0.1, "total_steps": 100}),
        (97, {"max_learning_rate": 0.1, "total_steps": 97, "phase_pct": 0.25, "three_phase": True,
              "anneal_strategy": "linear"}),
        (1_000, {"max_learning_rate": 3e-4, "total_steps": 1_000, "end_learning_rate": 1e-6, "divide_factor": 10.0}),
    ],
    "paddle.CyclicLR": [
        (300, {"base_learning_rate": 0.01, "max_learning_rate": 0.1, "step_size_up": 10}),
        (300, {"base_learning_rate": 1e-5, "max_learning_rate": 3e-4, "step_size_up": 10, "step_size_down": 20,
               "mode": "triangular2"}),
        (300, {"base_learning_rate": 0.01, "max_learning_rate": 0.1, "step_size_up": 10, "step_size_down": 7,
               "mode": "exp_range", "exp_gamma": 0.99}),
    ],
    "paddle.LinearLR": [
        (300, {"learning_rate": 0.1, "total_steps": 50}),
        (300, {"learning_rate": 3e-4, "total_steps": 97, "start_factor": 1.0, "end_factor": 0.1}),
        (3_000, {"learning_rate": 1.0, "total_steps": 1_000, "start_factor": 0.01}),
    ],
    "paddle.CosineAnnealingWarmRestarts": [
        (300, {"learning_rate": 0.1, "T_0": 10}),
        (300, {"learning_rate": 3e-4, "T_0": 10, "T_mult": 3, "eta_min": 1e-5}),
        (3_000, {"learning_rate": 1.0, "T_0": 97, "T_mult": 2}),
    ],
}  # fmt: skip

EPOCHS = {"lr": 0.1, "min_lr": 1e-3, "num_epochs": 20, "milestones": [4, 9]}


def mindcv_rows(warmup: int | None = None) -> list[Row]:
    """Three runs of mindcv's factory; `one_cycle` and `cyclic` refuse a warm-up."""
    more = {} if warmup is None else {"warmup_epochs": warmup}
    return [
        (100, {"steps_per_epoch": 5, **EPOCHS, **more}),
        (1_000, {"steps_per_epoch": 50, **EPOCHS, "lr_epoch_stair": warmup is None, "warmup_factor": 0.1, **more}),
        (140, {"steps_per_epoch": 7, **EPOCHS, "lr": 3e-4, "min_lr": 1e-6, "num_cycles": 2, "cycle_decay": 0.5,
               "decay_epochs": 7, "warmup_epochs": 0, **more}),
    ]  # fmt: skip


MINDCV: dict[str, Sequence[Row]] = {
    "mindcv.create_scheduler": mindcv_rows(),
    **{
        f"mindcv.{name}": mindcv_rows()
        for name in ("constant", "cosine_decay", "warmup_cosine_decay", "exponential_decay", "polynomial_decay",
                     "step_decay", "multi_step_decay")
    },
    "mindcv.one_cycle": mindcv_rows(0),
    "mindcv.cyclic": mindcv_rows(0),
}  # fmt: skip


def mindformers_rows(one: Mapping[str, Any], two: Mapping[str, Any], three: Mapping[str, Any]) -> list[Row]:
    """Three short runs of MindFormers: it takes milliseconds a step."""
    return [
        (n, {"learning_rate": lr, **more}) for n, lr, more in ((150, 0.1, one), (150, 3e-4, two), (150, 1.0, three))
    ]


SHORT = {"warmup_steps": 10, "total_steps": 100}
RATIO = {"warmup_ratio": 0.07, "total_steps": 97, "warmup_lr_init": 1e-5}
NO_WARMUP = {"warmup_steps": 0, "total_steps": 100}
MINDFORMERS: dict[str, Sequence[Row]] = {
    "mindformers.ConstantWarmUpLR": mindformers_rows(SHORT, RATIO, NO_WARMUP),
    "mindformers.LinearWithWarmUpLR": mindformers_rows(SHORT, RATIO, NO_WARMUP),
    "mindformers.CosineWithWarmUpLR": mindformers_rows(
        {**SHORT, "lr_end": 0.01}, {**RATIO, "num_cycles": 1.5, "decay_ratio": 0.8}, NO_WARMUP
    ),
    "mindformers.CosineWithRestartsAndWarmUpLR": mindformers_rows(
        {**SHORT, "num_cycles": 3.0, "lr_end": 0.01}, {**RATIO, "num_cycles": 2.0}, {**SHORT, "decay_steps": 120}
    ),
    "mindformers.PolynomialWithWarmUpLR": mindformers_rows(
        {**SHORT, "power": 2.0}, {**RATIO, "lr_end": 1e-5}, {**SHORT, "decay_steps": 120}
    ),
    "mindformers.WarmUpStableDecayLR": mindformers_rows(
        {**SHORT, "lr_end": 0.0, "decay_start_steps": 80}, {**RATIO, "decay_start_ratio": 0.5},
        {**SHORT, "lr_end": 0.1, "decay_start_steps": 10},
    ),
    "mindformers.ConstantWithCoolDownLR": mindformers_rows(
        {"warmup_steps": 10, "keep_steps": 20, "decay_steps": 50, "lr_end1": 0.01, "final_steps": 10, "lr_end2": 5e-3},
        {"warmup_ratio": 0.1, "keep_steps": 20, "decay_ratio": 0.5, "total_steps": 100, "num_cycles": 0.75},
        {"warmup_steps": 7, "decay_steps": 90},
    ),
    "mindformers.CosineAnnealingLR": [
        (150, {"base_lr": 0.1, "t_max": 40, "eta_min": 0.01}), (150, {"base_lr": 3e-4, "t_max": 97}),
        (150, {"base_lr": 1.0, "t_max": 100, "eta_min": 0.5}),
    ],
    "mindformers.CosineAnnealingWarmRestarts": [
        (150, {"base_lr": 0.1, "t_0": 10, "t_mult": 2}), (150, {"base_lr": 3e-4, "t_0": 10, "eta_min": 1e-5}),
        (150, {"base_lr": 1.0, "t_0": 37}),
    ],
}  # fmt: skip

FAIRSEQ: dict[str, Sequence[Row]] = {
    "fairseq.fixed": [
        (50, {"learning_rate": 0.1, "warmup_updates": 10}),
        (50, {"learning_rate": 3e-4}),
        (500, {"learning_rate": 5e-4, "warmup_updates": 333}),
    ],
    "fairseq.inverse_sqrt": [
        (300, {"learning_rate": 0.1, "warmup_updates": 10}),
        (9_000, {"learning_rate": 5e-4}),
        (300, {"learning_rate": 5e-4, "warmup_updates": 37, "warmup_init_lr": 1e-7}),
    ],
    "fairseq.cosine": [
        (350, {"learning_rate": 0.1, "warmup_updates": 10, "max_update": 100}),
        (350, {"learning_rate": 5e-4, "warmup_updates": 7, "warmup_init_lr": 1e-7, "min_lr": 1e-5,
               "lr_period_updates": 30, "lr_shrink": 0.5}),
        (350, {"learning_rate": 0.1, "min_lr": 0.01, "t_mult": 2.0, "lr_period_updates": 20, "lr_shrink": 0.7}),
    ],
    "fairseq.polynomial_decay": [
        (150, {"learning_rate": 0.1, "warmup_updates": 10, "total_num_update": 100}),
        (150, {"learning_rate": 5e-4, "warmup_updates": 7, "total_num_update": 97, "end_learning_rate": 1e-5,
               "power": 2.0}),
        (150, {"learning_rate": 0.1, "total_num_update": 100, "power": 0.5}),
    ],
    "fairseq.step": [
        (300, {"learning_rate": 0.1, "warmup_updates": 10, "lr_deacy_period": 30}),
        (300, {"learning_rate": 5e-4, "min_lr": 1e-4, "lr_deacy_period": 25, "lr_decay": 0.3}),
        (300, {"learning_rate": 0.1, "warmup_updates": 7, "warmup_init_lr": 0.03, "lr_deacy_period": 97}),
    ],
    "fairseq.tri_stage": [
        (120, {"learning_rate": 0.1, "warmup_steps": 10, "hold_steps": 20, "decay_steps": 50}),
        (120, {"learning_rate": 3e-3, "warmup_steps": 0, "hold_steps": 5, "decay_steps": 40, "final_lr_scale": 0.05}),
        (120, {"learning_rate": 5e-4, "warmup_steps": 7, "hold_steps": 0, "decay_steps": 33, "init_lr_scale": 0.1}),
    ],
    "fairseq.triangular": [
        (150, {"lr": 0.01, "max_lr": 0.1, "lr_period_updates": 20, "lr_shrink": 0.5}),
        (150, {"lr": 1e-4, "max_lr": 5e-4, "lr_period_updates": 21, "lr_shrink": 0.8, "shrink_min": True}),
        (150, {"lr": 0.01, "max_lr": 0.1, "lr_period_updates": 30, "lr_shrink": 1.0}),
    ],
}  # fmt: skip


def nemo_rows(*each: Mapping[str, Any], warmed: bool = False) -> list[Row]:
    """Three runs of NeMo, with these arguments added. The last has no warm-up, or one of 1 step."""
    runs = [
        {"learning_rate": 0.1, "max_steps": 100, "warmup_steps": 10},
        {"learning_rate": 5e-4, "max_steps": 97, "warmup_steps": 7, "min_lr": 1e-5},
        {"learning_rate": 3e-4, "max_steps": 120, "warmup_steps": int(warmed), "min_lr": 2e-5},
    ]
    return [(150, {**run, **more}) for run, more in zip(runs, each or ({},) * 3, strict=True)]


HELD: Sequence[Mapping[str, Any]] = ({"hold_steps": 20}, {}, {"hold_steps": 31})
NEMO: dict[str, Sequence[Row]] = {
    "nemo.WarmupPolicy": nemo_rows(),
    "nemo.CosineAnnealing": nemo_rows({}, {"constant_steps": 10}, {}),
    "nemo.WarmupAnnealing": nemo_rows(),
    "nemo.SquareAnnealing": nemo_rows(),
    "nemo.SquareRootAnnealing": nemo_rows(),
    "nemo.InverseSquareRootAnnealing": nemo_rows(),
    "nemo.PolynomialDecayAnnealing": nemo_rows({}, {"power": 2.0}, {"power": 0.5, "cycle": True}),
    "nemo.WarmupHoldAnnealOneMinusSquareRoot": nemo_rows(*HELD),
    "nemo.WarmupHoldAnnealLinear": nemo_rows(*HELD),
    "nemo.NoamHoldAnnealing": nemo_rows({"hold_steps": 20}, {"decay_rate": 1.0}, {"hold_steps": 31}, warmed=True),
    "nemo.NoamAnnealing": [
        (150, {"learning_rate": 2.0, "d_model": 512, "warmup_steps": 10}),
        (150, {"learning_rate": 2.0, "d_model": 256, "warmup_steps": 20, "min_lr": 0.02}),
        (150, {"learning_rate": 0.5, "d_model": 1_024, "min_lr": 1e-3}),
    ],
}
THINC: dict[str, Sequence[Row]] = {
    "thinc.constant": [(20, {"rate": 0.1}), (20, {"rate": 3e-4}), (20, {"rate": 0.0})],
    "thinc.constant_then": [
        (150, {"rate": 0.2, "steps": steps, "schedule": Made("warmup_linear", {
            "initial_rate": 0.1, "warmup_steps": 10, "total_steps": 100})}) for steps in (0, 7, 50)
    ],
    "thinc.decaying": [
        (300, {"base_rate": 0.1, "decay": 1e-2}), (300, {"base_rate": 3e-4, "decay": 0.5, "t": 3.0}),
        (300, {"base_rate": 0.1, "decay": 0.0}),
    ],
    "thinc.compounding": [
        (300, {"start": 1.0, "stop": 32.0, "compound": 1.01}), (300, {"start": 0.1, "stop": 0.01, "compound": 0.97}),
        (300, {"start": 0.1, "stop": 0.5, "compound": 1.05, "t": 7.0}),
    ],
    "thinc.slanted_triangular": [
        (150, {"max_rate": 0.1, "num_steps": 100}), (150, {"max_rate": 3e-4, "num_steps": 97, "cut_frac": 0.25}),
        (150, {"max_rate": 0.1, "num_steps": 120, "cut_frac": 0.3, "ratio": 10, "t": 5.0}),
    ],
    "thinc.warmup_linear": [
        (150, {"initial_rate": 0.1, "warmup_steps": 10, "total_steps": 100}),
        (150, {"initial_rate": 3e-4, "warmup_steps": 0, "total_steps": 97}),
        (150, {"initial_rate": 5e-5, "warmup_steps": 30, "total_steps": 120}),
    ],
    "thinc.cyclic_triangular": [
        (150, {"min_lr": 0.01, "max_lr": 0.1, "period": 20}), (150, {"min_lr": 0.0, "max_lr": 3e-4, "period": 7}),
        (150, {"min_lr": 0.01, "max_lr": 0.1, "period": 1}),
    ],
}  # fmt: skip
AXOLOTL: dict[str, Sequence[Row]] = {
    "axolotl.one_cycle": [  # PyTorch's scheduler raises an error after the run
        (1_000, RUN), (997, {**ODD, "anneal_strategy": "linear", "div_factor": 10.0, "final_div_factor": 100.0}),
        (10_000, {**COLD, "final_div_factor": 1.0}),
    ],
    "axolotl.rex": [
        (3_000, RUN), (2_500, {**ODD, "cosine_min_lr_ratio": 0.1}), (21_000, {**COLD, "cosine_min_lr_ratio": 1.0}),
    ],
    "axolotl.cosine": [
        (3_000, {**RUN, "lr_quadratic_warmup": True}), (2_500, {**ODD, "cosine_min_lr_ratio": 0.1}),
        (21_000, {**COLD, "cosine_min_lr_ratio": 0.05, "cosine_constant_lr_ratio": 0.77}),
    ],
    "axolotl.JaggedLRRestartScheduler": [
        (3_000, {"inner_schedule": Made("cosine", {**RUN, "cosine_min_lr_ratio": 0.1}), "jagged_restart_steps": 150,
                 "min_lr_scale": 0.1}),
        (2_500, {"inner_schedule": Made("cosine", ODD), "jagged_restart_steps": 97, "jagged_restart_warmup_steps": 20,
                 "jagged_restart_anneal_steps": 13}),
        (900, {"inner_schedule": Made("one_cycle", RUN), "jagged_restart_steps": 30, "jagged_restart_warmup_steps": 29,
                 "min_lr_scale": 0.0}),
    ],
}  # fmt: skip
_OPENCLIP: dict[str, Sequence[Row]] = {
    "const_lr": [
        (150, {"base_lr": 0.1, "warmup_length": 10, "steps": 100}),
        (150, {"base_lr": 3e-4, "warmup_length": 0, "steps": 97}),
        (150, {"base_lr": 5e-5, "warmup_length": 120, "steps": 100}),
    ],
    "cosine_lr": [
        (1_500, {"base_lr": 0.1, "warmup_length": 100, "steps": 1_000}),
        (300, {"base_lr": 3e-4, "warmup_length": 0, "steps": 97}),
        (300, {"base_lr": 5e-5, "warmup_length": 120, "steps": 100}),
    ],
    "const_lr_cooldown": [
        (150, {"base_lr": 0.1, "warmup_length": 10, "steps": 100, "cooldown_steps": 20}),
        (150, {"base_lr": 3e-4, "warmup_length": 30, "steps": 97, "cooldown_steps": 80, "cooldown_power": 2.0,
               "cooldown_end_lr": 1e-5}),
        (101, {"base_lr": 0.1, "warmup_length": 7, "steps": 100, "cooldown_steps": 120, "cooldown_power": 1.5}),
    ],
}  # fmt: skip
_OPENCLIP_NAMES = {"const": "const_lr", "cosine": "cosine_lr", "const-cooldown": "const_lr_cooldown"}
OPENCLIP = {f"openclip.{name}": rows for name, rows in _OPENCLIP.items()} | {
    f"openclip.{name}": _OPENCLIP[function] for name, function in _OPENCLIP_NAMES.items()
}
ROWS: dict[str, Sequence[Row]] = {
    **HF, **DIFFUSERS, **DEEPSPEED, **MEGATRON, **TIMM, **OPTAX, **KERAS, **TORCHTITAN, **NANOTRON, **COMPOSER, **OLMO,
    **MMENGINE, **FVCORE, **PADDLE, **MINDCV, **MINDFORMERS, **FAIRSEQ, **NEMO, **THINC, **AXOLOTL,
    **OPENCLIP,
}  # fmt: skip


@dataclass(frozen=True)
class Bound:
    """How far a library's values may be from ours, and why."""

    of_peak: float
    """As a share of the largest value."""
    why: str
    late: int = 0
    """At most so many steps may be further away: those where a change comes a step early or late."""


FLOAT32 = "it computes in float32"
COMPILED_FLOAT32 = "compiled float32"
LATE = "XLA multiplies by 1 / 97, so that 97 steps are a little less than a whole period"
ROOT = "XLA multiplies by 1 / 97, so that 6e-8 is left of the power's base at the end, and the root of it in the value"
BOUNDS: dict[str, Bound] = {
    "optax": Bound(2.5e-7, FLOAT32),
    "keras": Bound(2.5e-7, FLOAT32),
    "mindformers": Bound(5e-7, FLOAT32),
    "optax compiled": Bound(5e-7, COMPILED_FLOAT32),
    "keras compiled": Bound(5e-7, COMPILED_FLOAT32),
    "optax.polynomial_schedule compiled": Bound(2e-4, ROOT),
    "keras.PolynomialDecay compiled": Bound(2e-4, ROOT),
    "keras.ExponentialDecay compiled": Bound(5e-7, LATE, late=2),
    "keras.InverseTimeDecay compiled": Bound(5e-7, LATE, late=2),
    "keras.CosineDecayRestarts compiled": Bound(5e-7, LATE, late=2),
}
"""For a library or a name. Without a bound, float32 of the library's value must be ours."""
_WITHOUT = {
    "maxtext": "MaxText is not on PyPI in this version; tests/golden/dialects.json has the values of its formulas",
    "neox": "GPT-NeoX is not on PyPI; tests/golden/dialects.json has the values of its formulas",
    "ultralytics": "its trainer computes the rate inside its loop; tests/golden/dialects.json has the formulas' values",
}
NOT_RUN: dict[str, str] = {
    f"fvcore.{name}": "detectron2, whose builder this is, is not on PyPI"
    for name in ("WarmupMultiStepLR", "WarmupCosineLR", "WarmupStepWithFixedGammaLR")
} | {
    one.name: _WITHOUT[one.name.partition(".")[0]]
    for one in entries()
    if one.is_schedule and one.name.partition(".")[0] in _WITHOUT
}
"""The names that are not compared, and why."""
