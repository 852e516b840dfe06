"""Random arguments for MindSpore's list functions. MindSpore's results are in `golden/mindspore_lists.json`.

python tests/mindspore_lists.py     # where MindSpore is installed: writes the golden values anew
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from cases import some_positive

GOLDEN = Path(__file__).parent / "golden" / "mindspore_lists.json"
FUNCTIONS = (
    "piecewise_constant_lr",
    "exponential_decay_lr",
    "natural_exp_decay_lr",
    "inverse_decay_lr",
    "cosine_decay_lr",
    "polynomial_decay_lr",
    "warmup_lr",
)
KEPT = 50
"""Argument sets of each function in the golden file."""
WHOLE = 24
"""The golden file has lists up to this length, and of longer lists a digest of their bits."""


def arguments(function: str, rng: Random, longest: int = 10_000) -> dict[str, Any]:
    """Random arguments: lengths up to `longest`, epochs in every ratio to them, rates and powers below and above 1."""
    total = max(1, int(longest ** rng.random()))
    if function == "piecewise_constant_lr":
        milestone = sorted(rng.randint(1, total) for _ in range(rng.randint(1, 9)))
        return {"milestone": milestone, "learning_rates": [_rate(rng) * rng.choice((1, -1)) for _ in milestone]}
    per_epoch = rng.choice((1, 2, total, 2 * total, rng.randint(1, total), max(1, total // rng.randint(1, 300))))
    epochs = total // per_epoch
    decay = max(1, rng.choice((1, 2, epochs, epochs // 2, 2 * epochs, rng.randint(1, epochs + 2))))
    lengths = {"total_step": total, "step_per_epoch": per_epoch}
    if function == "warmup_lr":
        return {"learning_rate": rng.choice((0.0, _rate(rng))), **lengths, "warmup_epoch": decay}
    lengths["decay_epoch"] = decay
    if function == "cosine_decay_lr":
        low = rng.choice((0.0, _rate(rng)))
        return {"min_lr": low, "max_lr": low + _rate(rng) + 1e-11, **lengths}
    if function == "polynomial_decay_lr":
        power = rng.choice((0.5, 0.9, 1.0, 2.0, 3.0, some_positive(rng, 1e-3, 20)))
        update = {"update_decay_epoch": True} if rng.random() < 0.5 else {}
        return {
            "learning_rate": _rate(rng), "end_learning_rate": rng.choice((0.0, _rate(rng))), **lengths, "power": power,
            **update,
        }  # fmt: skip
    rate = rng.choice((0.9, 0.5, 0.96, 1.0, 1.05, some_positive(rng, 1e-3, 1), some_positive(rng, 1.0, 4.0)))
    return {
        "learning_rate": _rate(rng), "decay_rate": rate, **lengths,
        **({"is_stair": True} if rng.random() < 0.5 else {}),
    }  # fmt: skip


def _rate(rng: Random) -> float:
    return rng.choice((0.1, 0.01, 3e-4, some_positive(rng), rng.uniform(1e-6, 1.0)))


def outcome(function: Any, given: dict[str, Any]) -> list[float] | str:
    """The outcome of a call: its values, or the name of the exception."""
    try:
        values = function(**given)
    except Exception as error:  # noqa: BLE001 (the test compares the exceptions)
        return type(error).__name__
    assert type(values) is list
    return values


def digest(values: Sequence[float]) -> str:
    """A fingerprint of the values' bits."""
    return hashlib.sha256(np.array(values, dtype="<f8").tobytes()).hexdigest()[:32]


def kept(values: list[float] | str) -> Any:
    """An outcome as it is written in the golden file."""
    return values if isinstance(values, str) or len(values) <= WHOLE else [len(values), digest(values)]


def main() -> None:
    """Write the golden file."""
    from mindspore import nn
    from mindspore.version import __version__

    sets = []
    for name in FUNCTIONS:
        for seed in range(KEPT):
            rng = Random(f"golden {name} {seed}")
            given = arguments(name, rng, longest=24 if seed % 2 else 10_000)
            sets.append({"function": name, "given": given, "gives": kept(outcome(getattr(nn, name), given))})
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(one) for one in sets)
    about = {"mindspore": __version__, "python": sys.version.split()[0], "by": "python tests/mindspore_lists.py"}
    GOLDEN.write_text(f'{{"about": {json.dumps(about)},\n"sets": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
