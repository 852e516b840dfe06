"""The arguments with which each name of glidepath.dialects is compared with the library itself.

Each name has three sets of arguments, and the number of steps that are compared, which goes past the end. The arguments
are the library's, and those that a name stands for (`preset`) are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

ROWS: dict[str, Sequence[Row]] = {**HF, **OPTAX, **KERAS}


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
    "optax compiled": Bound(5e-7, COMPILED_FLOAT32),
    "keras compiled": Bound(5e-7, COMPILED_FLOAT32),
    "optax.polynomial_schedule compiled": Bound(2e-4, ROOT),
    "keras.PolynomialDecay compiled": Bound(2e-4, ROOT),
    "keras.ExponentialDecay compiled": Bound(5e-7, LATE, late=2),
    "keras.InverseTimeDecay compiled": Bound(5e-7, LATE, late=2),
    "keras.CosineDecayRestarts compiled": Bound(5e-7, LATE, late=2),
}
"""For a library or a name. Without a bound, float32 of the library's value must be ours."""
NOT_RUN: dict[str, str] = {}
"""The names that are not compared, and why."""
