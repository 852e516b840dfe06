"""The config files of examples/configs: what is known besides, and the library's formula, written out by hand.

A formula is that of the library's code in float64, from `docs/dialects.md`. It uses nothing of glidepath.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    file: str
    kind: str
    rate: Callable[[int], float]
    at: tuple[int, ...]
    """Five steps: the first, both sides of a joint, the end, ..."""
    known: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    derived: Mapping[str, str] = field(default_factory=dict)
    warns: str = ""
    """The code of a warning."""


def cos(top: float, low: float, u: float) -> float:
    return low + (top - low) * 0.5 * (1 + math.cos(math.pi * min(max(u, 0.0), 1.0)))


def line(top: float, low: float, u: float) -> float:
    return top + (low - top) * min(max(u, 0.0), 1.0)


def rise(k: int, w: float, top: float, rest: float, low: float = 0.0) -> float:
    return low + (top - low) * k / w if k < w else rest


def jagged_rex(step: int) -> float:
    """axolotl's RexLR(2e-4, 2e-5, 400, 12), with restarts each 100 steps: 5 down to a tenth, and 10 up."""
    left = max(400 - step, 0) / 388
    rex = 2e-4 * step / 12 if step <= 12 else 2e-4 * (0.1 + 0.9 * left / (0.1 + 0.9 * left))
    place = step % 100
    restart = min(1.0, place / 10, (100 - place) / 5) if step >= 95 else 1.0
    return rex * (0.1 + 0.9 * restart)


CASES = [
    Case("training_args.json", "hf", lambda k: rise(k, 8, 2e-4, cos(2e-4, 0.0, (k - 8) / 92)), (0, 7, 8, 54, 100),
         steps=100, derived={"warm-up": "8 steps: ceil(100 * 0.07)"}),
    Case("trl_sft.yaml", "hf", lambda k: rise(k, 11, 2e-4, cos(2e-4, 2e-5, (k - 11) / 91)), (0, 10, 11, 60, 102),
         {"steps_per_epoch": 51}, 102,
         {"steps": "102: ceil(2 epochs * 51)", "warm-up": "11 steps: ceil(102 * 0.1)"}, "deprecated"),
    Case("wandb_config.yaml", "hf",
         lambda k: rise(k, 20, 1e-3, (1e-3 - 1e-4) * (1 - min(max(k - 20, 0), 180) / 180) ** 2 + 1e-4),
         (0, 19, 20, 110, 300), steps=200),
    Case("hf_with_deepspeed.json", "hf", lambda k: rise(max(k - 1, 0), 10, 0.1, line(0.1, 0.0, (k - 11) / 90)),
         (0, 1, 10, 11, 101), steps=100, warns="overridden"),
    Case("ds_auto.json", "deepspeed", lambda k: rise(max(k - 1, 0), 10, 0.1, line(0.1, 0.0, (k - 11) / 90)),
         (0, 1, 10, 11, 101), {"learning_rate": 0.1, "warmup_steps": 10, "steps": 100}, 100),
    Case("ds_config.json", "deepspeed",
         lambda k: 0.1 * (math.log(max(k, 1)) / math.log(10) if k <= 10 else 1.0), (0, 1, 2, 10, 11)),
    Case("ds_one_cycle.json", "deepspeed", lambda k: 0.01 + 0.09 * max(0.0, 1 - abs(k / 10 - 1)), (0, 5, 10, 15, 30)),
    Case("ds_torch.json", "deepspeed", lambda k: 0.1 * 0.5 ** ((k >= 30) + (k >= 60)), (0, 29, 30, 59, 60)),
    Case("llama_factory.yaml", "llama_factory",  # a third of the 270 steps after the warm-up stays at the peak
         lambda k: rise(k, 30, 1e-4, cos(1e-4, 0.0, (k - 120) / 180)), (0, 30, 119, 210, 300),
         {"steps_per_epoch": 100}, 300,
         {"decay": "180 steps: 2/3 of what follows the warm-up, LLaMA-Factory's default"}),
    Case("axolotl.yaml", "axolotl", lambda k: rise(k, 19, 2e-4, cos(2e-4, 2e-5, (k - 19) / 377)), (0, 18, 19, 200, 396),
         {"steps_per_epoch": 99}, 396, {"warm-up": "19 steps: int(0.05 * 396)"}),
    # Both RexLR and the restarts are one step ahead.
    Case("axolotl_jagged.yaml", "axolotl", lambda k: jagged_rex(k + 2), (0, 10, 93, 98, 101), steps=400,
         derived={"warm-up": "12 steps: min(int(0.03 * 400), 100), the default"}),
    Case("model_card.md", "model_card", lambda k: rise(k, 500, 5e-5, line(5e-5, 0.0, (k - 500) / 9500)),
         (0, 499, 500, 5000, 10000), steps=10000),
    Case("megatron.sh", "megatron", lambda k: rise(k, 9, 6e-4, cos(6e-4, 6e-5, (k - 9) / 891)), (0, 8, 9, 450, 900),
         steps=1000, derived={"warm-up": "9 iters: 0.01 of the decay, not rounded"}),
    Case("megatron_samples.yaml", "megatron",
         lambda k: rise(64 * k, 6400, 1e-3, line(1e-3, 1e-4, (64 * k - 51200) / 12800)), (0, 99, 100, 800, 1000),
         steps=1000),
    # 15 updates of 32 see 480 of the 960 samples. The batch is then 48 for 10 updates, then 64.
    Case("megatron_rampup.yaml", "megatron",
         lambda k: line(0.1, 0.0, (32 * min(k, 15) + 48 * min(max(k - 15, 0), 10) + 64 * max(k - 25, 0)) / 1e5),
         (0, 15, 16, 25, 26), derived={"batch": "32 to 64 samples in 2 increments, whole at update 25"}),
    Case("megatron_bridge.yaml", "megatron",
         lambda k: 0.1 * k / 10 if k <= 10 else max(0.01, 0.1 * 10**0.5 / k**0.5) if k <= 100 else 0.01,
         (0, 10, 11, 100, 101), steps=100),
    Case("automodel.yaml", "automodel", lambda k: rise(k, 10, 0.1, cos(0.1, 1e-3, (k - 10) / 90), 0.01),
         (0, 9, 10, 55, 100), steps=100),
    Case("torchtitan.toml", "torchtitan",  # 41 steps are stable: one more than is left
         lambda k: 0.1 * ((k + 1) / 10 if k < 10 else 1.0 if k < 51 else 0.1 + 0.9 * (1 - (k + 1 - 51) / 50)),
         (0, 9, 50, 75, 99), steps=100),
    Case("nanotron.yaml", "nanotron", lambda k: rise(k, 10, 0.1, cos(0.1, 0.01, (k - 10) / 90)), (0, 9, 10, 55, 100),
         steps=100),
    Case("llm_foundry.yaml", "llm_foundry", lambda k: rise(k, 10, 0.1, cos(0.1, 0.01, (k - 10) / 90)),
         (0, 9, 10, 55, 100), steps=100),
    Case("llm_foundry_tokens.yaml", "llm_foundry",
         lambda k: rise(10 * k, 100, 0.1, line(0.1, 0.0, (10 * k - 100) / 900)),
         (0, 9, 10, 55, 100), steps=100),
    Case("olmo.yaml", "olmo", lambda k: rise(k + 1, 10, 0.1, cos(0.1, 0.01, (k + 1 - 10) / 90)), (0, 8, 9, 54, 99),
         steps=100),
    Case("torchtune.yaml", "torchtune", lambda k: rise(k, 10, 0.1, cos(0.1, 0.0, (k - 10) / 90)), (0, 9, 10, 55, 100),
         steps=100),
    Case("nemo.yaml", "nemo", lambda k: rise(k + 1, 11, 0.11, cos(0.11, 0.01, (k - 10) / 90)), (0, 9, 10, 55, 100),
         steps=100),
    Case("spacy.cfg", "spacy", lambda k: rise(k, 250, 5e-5, line(5e-5, 0.0, (k - 250) / 750)), (0, 249, 250, 625, 1000),
         steps=1000),
    # The cosine is as long as the run, and stops two warm-ups before its end.
    Case("neox.yml", "neox", lambda k: rise(k, 10, 6e-4, max(cos(6e-4, 0.0, min(k - 10, 980) / 1000), 6e-5)),
         (0, 9, 10, 510, 1000), steps=1000, derived={"warm-up": "10 steps: 0.01 of the decay, not rounded"}),
    Case("maxtext.yml", "maxtext", lambda k: rise(k, 10, 3e-5, cos(3e-5, 3e-6, (k - 10) / 90) if k < 101 else 0.0),
         (0, 10, 55, 100, 101), steps=120, derived={"warm-up": "10 steps: int(101 * 0.1)"}),
    Case("fairseq.yaml", "fairseq",
         lambda k: rise(k, 100, 5e-4, 5e-4 * 0.05 ** (min(max(k - 500, 0), 500) / 500), 5e-6),
         (0, 99, 500, 750, 1001), steps=1000),
    Case("ultralytics_args.yaml", "ultralytics",
         lambda k: min(k / 30, 1.0) * 0.01 * ((1 - k // 10 / 100) * 0.99 + 0.01), (0, 15, 29, 30, 999),
         {"steps_per_epoch": 10}, 1000),
    Case("mindformers.yaml", "mindformers", lambda k: rise(k, 10, 0.1, cos(0.1, 0.01, (k - 10) / 90)),
         (0, 9, 10, 55, 100), {"steps_per_epoch": 50}, 100, {"warm-up": "10 steps: int(100 * 0.1)"}),
    Case("mindcv.yaml", "mindcv", lambda k: rise(k, 20, 0.1, cos(0.1, 0.0, (k - 20) / 180)), (0, 19, 20, 110, 200),
         {"steps_per_epoch": 10}, 200),
    Case("timm_args.yaml", "timm",  # by epoch: 7 updates have the same rate
         lambda k: rise(k // 7, 5, 0.1, cos(0.1, 0.0, (k // 7 - 5) / 100), 1e-5), (0, 34, 35, 385, 734),
         {"steps_per_epoch": 7}, 805),
    Case("keras_schedule.json", "keras", lambda k: rise(k, 10, 0.1, cos(0.1, 0.01, (k - 10) / 90)),
         (0, 9, 10, 55, 100)),
    Case("mmengine_schedule.py", "mmengine",
         lambda k: 0.1 * line(0.001, 1.0, k / 499) * 0.1 ** ((k >= 8 * 100) + (k >= 11 * 100)),
         (0, 499, 799, 800, 1100),
         {"steps_per_epoch": 100}, 1200),
    Case("detectron2.yaml", "detectron2",
         lambda k: 0.02 * line(0.001, 1.0, k / 1000) * 0.1 ** ((k >= 60000) + (k >= 80000)),
         (0, 999, 1000, 60000, 80000), steps=90000),
    # The cosine lasts all 100 epochs after the warm-up: at the last step of the run it is not at 0.
    Case("paddleocr.yaml", "paddleocr", lambda k: rise(k, 20, 1e-3, cos(1e-3, 0.0, (k - 20) / 1000)),
         (0, 19, 20, 520, 999), {"steps_per_epoch": 10}, 1000),
    # It falls from the base at the end of the warm-up; the run ends 60 epochs before the cosine does.
    Case("paddledetection.yml", "paddledetection",
         lambda k: rise(k, 3000, 0.03, cos(0.03, 0.0, (k - 3000) / (3600 - 3000)), 0.03 * 0.001),
         (0, 1500, 2999, 3000, 3300), {"steps_per_epoch": 10}, 3000, {"warm-up": "3,000 steps: `steps`"}),
    Case("mmdet2_schedule.py", "mmcv",
         lambda k: 0.02 * line(0.001, 1.0, k / 500) * 0.1 ** ((k >= 8 * 100) + (k >= 11 * 100)),
         (0, 499, 500, 800, 1100), {"steps_per_epoch": 100}, 1200, {"warm-up": "500 steps: `warmup_iters`"}),
    # The warm-up has its last value twice: the cosine begins at update 101.
    Case("mlx_lora.yaml", "mlx_lm",
         lambda k: rise(k, 100, 1e-5, cos(1e-5, 1e-7, (k - 101) / 900), 1e-7), (0, 100, 101, 551, 1001), steps=1000),
    Case("lightning.yaml", "lightning", lambda k: 0.1 * 0.1 ** (k // 10 // 30), (0, 299, 300, 599, 600),
         {"steps_per_epoch": 10}, 900, warns="unit"),
]  # fmt: skip
