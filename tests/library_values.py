"""The rates that the libraries themselves gave, by schedule: (maker, steps, values, ulps of float32).

Each row was printed by the library in the version that `docs/dialects.md` names. Where it computes in float64, float32
of its value must be ours; where it computes in float32, `ulps` says how far its rounding errors may take it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

import glidepath as gp
from glidepath.dialects import deepspeed, hf, megatron


class Row(NamedTuple):
    """What a library gave."""

    name: str
    make: Callable[[], gp.Schedule]
    steps: Sequence[int]
    values: Sequence[float]
    ulps: int = 0


STEPS = (0, 1, 9, 10, 11, 55, 99, 100, 101, 150)
LATE = (0, 1, 2, 10, 11, 56, 99, 100, 101)
ROWS = [
    Row("hf.linear", lambda: hf.linear(0.1, 10, 100), STEPS,
        (0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.0988888888888889, 0.05, 0.0011111111111111111, 0.0, 0.0,
         0.0)),
    Row("hf.cosine", lambda: hf.cosine(0.1, 10, 100), STEPS,
        (0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.0999695413509548, 0.05, 3.0458649045211895e-05, 0.0,
         3.0458649045211895e-05, 0.058682408883346505)),
    Row("hf.inverse_sqrt", lambda: hf.inverse_sqrt(0.1, 10), STEPS,
        (0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.09534625892455922, 0.04264014327112209,
         0.03178208630818641, 0.0316227766016838, 0.03146583877637763, 0.025819888974716113)),
    Row("hf.polynomial", lambda: hf.polynomial(0.1, 10, 100, lr_end=1e-3, power=2.0), STEPS,
        (0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.09781222222222224, 0.025750000000000002,
         0.001012222222222222, 0.001, 0.001, 0.001)),
    Row("hf.cosine_with_min_lr", lambda: hf.cosine_with_min_lr(0.1, 10, 100, min_lr=0.01), STEPS,
        (0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.09997258721585932, 0.05500000000000001,
         0.01002741278414069, 0.01, 0.01002741278414069, 0.06281416799501185)),
    Row("hf.cosine_warmup_with_min_lr", lambda: hf.cosine_warmup_with_min_lr(0.1, 10, 100, min_lr_rate=0.1), STEPS,
        (0.010000000000000002, 0.020000000000000004, 0.1, 0.09997258721585932, 0.0998903822616921, 0.053429522648387476,
         0.010000000000000002, 0.010027412784140691, 0.010109617738307907, 0.06435602604679918)),
    Row("deepspeed.WarmupLR, log", lambda: deepspeed.WarmupLR(0.0, 0.1, 10), (0, 1, 2, 10, 11, 12),
        (0.0, 0.0, 0.030102999566398114, 0.09999999999999999, 0.1, 0.1)),
    Row("deepspeed.WarmupLR, linear", lambda: deepspeed.WarmupLR(0.0, 0.1, 10, "linear"), (0, 1, 2, 10, 11, 12),
        (0.0, 0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.1)),
    Row("deepspeed.WarmupDecayLR", lambda: deepspeed.WarmupDecayLR(100, 0.0, 0.1, 10, "linear"), LATE,
        (0.0, 0.0, 0.010000000000000002, 0.09000000000000001, 0.1, 0.05, 0.0022222222222222222, 0.0011111111111111111,
         0.0)),
    Row("deepspeed.WarmupCosineLR, linear",
        lambda: deepspeed.WarmupCosineLR(0.1, 100, warmup_num_steps=10, warmup_type="linear"), LATE,
        (0.0, 0.0, 0.010000000000000002, 0.09000000000000001, 0.09996954439681971, 0.04826019966235848,
         4.0455603180307376e-05, 1e-05, 1e-05)),
    Row("deepspeed.WarmupCosineLR, log", lambda: deepspeed.WarmupCosineLR(0.1, 100, 0.1, 10, 0.1), LATE,
        (0.0, 0.010000000000000002, 0.037092699609758306, 0.09999999999999999, 0.09997258721585932,
         0.053429522648387476, 0.010027412784140691, 0.010000000000000002, 0.010000000000000002)),
    Row("megatron.linear", lambda: megatron_of("linear"), STEPS[:-1],
        (0.0, 0.01, 0.09, 0.1, 0.099, 0.05500000000000001, 0.010999999999999996, 0.01, 0.01)),
    Row("megatron.cosine", lambda: megatron_of("cosine"), STEPS,
        (0.0, 0.01, 0.09, 0.1, 0.09997258721585932, 0.05500000000000001, 0.010027412784140691, 0.01, 0.01, 0.01)),
    Row("megatron.inverse-square-root", lambda: megatron_of("inverse-square-root"), STEPS,
        (0.0, 0.01, 0.09, 0.1, 0.09534625892455925, 0.042640143271122095, 0.031782086308186415, 0.0316227766016838,
         0.01, 0.01)),
]  # fmt: skip


def megatron_of(style: str) -> gp.Schedule:
    return megatron.OptimizerParamScheduler(0.0, 0.1, 0.01, 10, 100, style)


def ulps_between(ours: gp.Schedule, steps: Sequence[int], theirs: Sequence[float]) -> np.ndarray:
    """How many float32 numbers lie between our values and theirs."""
    mine = ours.gather(list(steps), dtype="float32")
    wanted = np.asarray(theirs, dtype=np.float64).astype(np.float32)
    return np.abs(_ordered(mine) - _ordered(wanted))


def _ordered(values: np.ndarray) -> np.ndarray:
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)
