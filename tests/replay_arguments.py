"""Random arguments for every kind of replay, such as people use."""

from __future__ import annotations

from random import Random
from typing import Any

import glidepath as gp

FACTORS = ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR"]
"""The schedulers that multiply the rate by a factor of the step."""
IN_SEQUENCE = [*FACTORS, "CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


def rate(rng: Random) -> float:
    """A learning rate, from 1e-5 to 1."""
    return round(10 ** rng.uniform(-5, 0), 7)


def drawn(kind: str, rng: Random) -> dict[str, Any]:
    """Arguments of a replay."""
    framework, _, name = kind.rpartition(".")
    if framework == "mindspore":
        return _list(name, rng) if name.endswith("_lr") else _class(name, rng)
    if name in {"SequentialLR", "ChainedScheduler"}:
        return _composite(framework, name, rng)
    return _scheduler(name, rng)


def _scheduler(name: str, rng: Random) -> dict[str, Any]:
    some, part, base = rng.randint, rng.random, {"base_lr": rate(rng)}
    floor = rng.choice([0.0, base["base_lr"] * part()])
    if name == "StepLR":
        return base | {"step_size": some(1, 300), "gamma": rng.uniform(0.05, 1.1)}
    if name == "MultiStepLR":
        milestones = [some(1, 900) for _ in range(some(0, 6))] * rng.choice([1, 1, 2])
        return base | {"milestones": milestones, "gamma": rng.uniform(0.05, 1.0)}
    if name == "ConstantLR":
        return base | {"factor": rng.uniform(0.01, 1.0), "total_iters": some(1, 900)}
    if name == "LinearLR":
        ends = {"start_factor": rng.uniform(1e-4, 1.0), "end_factor": rng.choice([0.0, 1.0, part()])}
        return base | ends | {"total_iters": some(1, 2_000)}
    if name == "ExponentialLR":
        return base | {"gamma": rng.uniform(0.9, 1.001)}
    if name == "PolynomialLR":
        return base | {"total_iters": some(1, 2_000), "power": rng.uniform(0.2, 4.0)}
    if name == "CosineAnnealingLR":
        return base | {"T_max": some(1, 900), "eta_min": floor}
    if name == "CosineAnnealingWarmRestarts":
        return base | {"T_0": some(1, 300), "T_mult": some(1, 3), "eta_min": floor}
    if name == "CyclicLR":
        sizes = {"step_size_up": float(some(1, 300)), "step_size_down": rng.choice([None, float(some(1, 300))])}
        mode = {"mode": rng.choice(["triangular", "triangular2", "exp_range"]), "gamma": rng.uniform(0.99, 1.0)}
        return base | {"max_lr": base["base_lr"] * rng.uniform(1.5, 20.0)} | sizes | mode
    if name == "SWALR":
        return base | {"swa_lr": rate(rng), "anneal_epochs": some(1, 500), "anneal_strategy": _anneal(rng)}
    assert name == "OneCycleLR", name
    return {
        "max_lr": rate(rng),
        "total_steps": some(30, 3_000),
        "pct_start": rng.choice([0.3, 0.1, 0.25, 1 / 3, 0.45]),
        "anneal_strategy": _anneal(rng),
        "div_factor": rng.uniform(2.0, 30.0),
        "final_div_factor": rng.uniform(2.0, 1e4),
        "three_phase": part() < 0.5,
    }


def _anneal(rng: Random) -> str:
    return rng.choice(["cos", "linear"])


def _composite(framework: str, name: str, rng: Random) -> dict[str, Any]:
    base = rate(rng)
    kinds = rng.choices(IN_SEQUENCE if name == "SequentialLR" else FACTORS, k=3)
    children = [gp.replay(f"{framework}.{kind}", **{**_scheduler(kind, rng), "base_lr": base}) for kind in kinds]  # type: ignore[arg-type]
    if name == "ChainedScheduler":
        return {"schedulers": children}
    return {"schedulers": children, "milestones": sorted(rng.sample(range(1, 900), 2))}


def _list(name: str, rng: Random) -> dict[str, Any]:
    some = rng.randint
    epochs = {"total_step": 3_000, "step_per_epoch": some(1, 20)}
    decay = {"decay_epoch": some(1, 100)}
    if name == "piecewise_constant_lr":
        milestone = sorted(some(1, 900) for _ in range(some(1, 6)))
        return {"milestone": milestone, "learning_rates": [rate(rng) for _ in milestone]}
    if name == "cosine_decay_lr":
        high = rate(rng)
        return {"min_lr": high * rng.choice([0.0, rng.random() / 2]), "max_lr": high} | epochs | decay
    if name == "polynomial_decay_lr":
        ends = {"learning_rate": rate(rng), "end_learning_rate": rng.choice([0.0, rate(rng)])}
        return ends | {"power": rng.uniform(0.3, 3.0), "update_decay_epoch": rng.random() < 0.5} | epochs | decay
    if name == "warmup_lr":
        return {"learning_rate": rate(rng), "warmup_epoch": some(1, 300)} | epochs
    highest = 1.1 if name == "exponential_decay_lr" else 0.1
    decay |= {"decay_rate": rng.uniform(0.01, highest), "is_stair": rng.random() < 0.5}
    return {"learning_rate": rate(rng)} | decay | epochs


def _class(name: str, rng: Random) -> dict[str, Any]:
    steps = rng.randint(1, 3_000)
    if name == "CosineDecayLR":
        high = rate(rng)
        return {"min_lr": high * rng.choice([0.0, rng.random() / 2]), "max_lr": high, "decay_steps": steps}
    if name == "PolynomialDecayLR":
        ends = {"learning_rate": rate(rng), "end_learning_rate": rng.choice([0.0, rate(rng)])}
        return ends | {"decay_steps": steps, "power": rng.uniform(0.3, 3.0), "update_decay_steps": rng.random() < 0.5}
    if name == "WarmUpLR":
        return {"learning_rate": rate(rng), "warmup_steps": steps}
    rate_of = {"ExponentialDecayLR": (0.3, 1.05), "NaturalExpDecayLR": (0.001, 0.01), "InverseDecayLR": (0.01, 2.0)}
    decay = {"decay_rate": rng.uniform(*rate_of[name]), "decay_steps": rng.randint(100, 1_000)}
    return {"learning_rate": rate(rng)} | decay | {"is_stair": rng.random() < 0.5}
