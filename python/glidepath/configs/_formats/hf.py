"""HF's TrainingArguments and what is built on them, model cards, and DeepSpeed's JSON."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glidepath._contents import is_file
from glidepath.configs._files import parsed
from glidepath.configs._reading import NOTHING, Job, Words, format_of
from glidepath.dialects import deepspeed as _  # noqa: F401 (declares its names)

if TYPE_CHECKING:
    from glidepath._core import Schedule

# ------------------------------------------------------------------------------------------------------------ DeepSpeed

_DEEPSPEED_KEYS = ("zero_optimization", "train_micro_batch_size_per_gpu", "train_batch_size", "scheduler.params")
_FILLED = {
    "warmup_min_lr": 0.0,
    "warmup_max_lr": "learning_rate",
    "warmup_num_steps": "warmup_steps",
    "total_num_steps": "steps",
}
"""What HF fills in for "auto": a value, or one of TrainingArguments under the name that `read` has for it."""
_MOMENTUM = ("cycle_momentum", "cycle_min_mom", "cycle_max_mom", "decay_mom_rate")


def _is_deepspeed(job: Job) -> bool:
    styled = job.has("lr_decay_style") or job.has("lr-decay-style")  # GPT-NeoX, which hands the rest to DeepSpeed
    return any(map(job.has, _DEEPSPEED_KEYS)) and not _is_hf(job) and not styled


@format_of("deepspeed", "DeepSpeed JSON", _is_deepspeed)
def read_deepspeed(job: Job) -> dict[str, Schedule]:
    """Read `scheduler`; without one, the trainer makes the schedule, and DeepSpeed's file does not say it."""
    if not job.has("scheduler.type"):
        rule = "without it the schedule is the trainer's (in HF, `lr_scheduler_type`)"
        job.refuse("scheduler", NOTHING, rule, "Read the trainer's file, with `deepspeed=` for this one.")
    kind = job.text("scheduler.type")
    params = {key: _filled(job, key) for key in job.keys("scheduler.params") if key != "last_batch_iteration"}
    rate = job.first("optimizer.params.lr")
    known = {name: job.known.get(name) for name in ("steps", "warmup_steps")}
    if kind in ("WarmupLR", "WarmupCosineLR") and params.get("warmup_max_lr") is None:
        name = "warmup_max_lr" if kind == "WarmupLR" else "learning_rate"
        params[name] = job.number(rate, known="learning_rate")
    if params.get("total_num_steps") is not None:
        job.derive("steps", params["total_num_steps"], "`total_num_steps`")
    elif known["steps"]:
        job.derive("steps", known["steps"], f"`steps={known['steps']}`")
    if params.get("warmup_num_steps") is not None:
        job.derive("warm-up", params["warmup_num_steps"], "`warmup_num_steps`")
    if kind == "OneCycle":
        return _one_cycle(job, params)
    if kind in {"WarmupLR", "WarmupDecayLR", "WarmupCosineLR", "LRRangeTest"}:
        return {"lr": job.make(f"deepspeed.{kind}", "scheduler.type", **params)}
    return {"lr": job.torch(kind, "scheduler.type", job.number(rate, known="learning_rate"), params)}


def _filled(job: Job, key: str) -> Any:  # noqa: ANN401 (a parameter of any type)
    """Return a parameter. Where it is "auto", take what HF fills in."""
    path = f"scheduler.params.{key}"
    if job.raw(path) != "auto":
        return job.value(path) if key not in _FILLED else _agreed(job, path, key)
    filled = _FILLED.get(key)
    if isinstance(filled, float):
        return filled
    if filled == "learning_rate":  # HF refuses a file in which the optimizer has another rate
        rate = "optimizer.params.lr"
        return job.number(rate if job.has(rate) else path, known=filled)
    return job.whole(path, known=str(filled or ""))


def _agreed(job: Job, path: str, key: str) -> float | int | None:
    """Return a number of the file, which must be what the caller knows."""
    if job.raw(path) is None:
        return None
    if _FILLED[key] in ("learning_rate", 0.0):
        return job.number(path, known="learning_rate" if key == "warmup_max_lr" else "")
    return job.whole(path, known=str(_FILLED[key]))


def _one_cycle(job: Job, params: dict[str, Any]) -> dict[str, Schedule]:
    rates = {key: value for key, value in params.items() if key not in _MOMENTUM}
    made = {"lr": job.make("deepspeed.OneCycle", "scheduler.type", **rates)}
    if job.flag("scheduler.params.cycle_momentum", default=True):
        takes = inspect.signature(job.entry("deepspeed.OneCycle_momentum").make).parameters
        made["momentum"] = job.make(
            "deepspeed.OneCycle_momentum", **{key: value for key, value in params.items() if key in takes}
        )
    return made


# -------------------------------------------------------------------------------------------------------- transformers

_LENGTHLESS = ("constant", "constant_with_warmup", "inverse_sqrt")
_NAMES = ["linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"]
_NAMES += ["reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", "greedy"]


def _is_hf(job: Job) -> bool:
    trained = job.has("learning_rate") and any(job.has(key) for key in ("num_train_epochs", "max_steps"))
    return (job.has("lr_scheduler_type") or trained) and not job.has("base_model")


def _is_factory(job: Job) -> bool:
    return job.has("finetuning_type") or job.has("stage")


@format_of("llama_factory", "LLaMA-Factory config", lambda job: _is_hf(job) and _is_factory(job))
@format_of("hf", "HF TrainingArguments", lambda job: _is_hf(job) and not _is_factory(job))
def read_hf(job: Job) -> dict[str, Schedule]:
    """Read TrainingArguments, and the DeepSpeed file that they name."""
    for key in ("min_learning_rate", "decay_steps"):
        if job.raw(key) is not None:
            rule = "HF's Trainer has no such argument; PaddleNLP has, which glidepath does not read"
            job.refuse(key, job.raw(key), rule, "Remove it, or write the schedule as an expression.")
    base = job.number("learning_rate", 5e-5, known="learning_rate")
    name = job.text("lr_scheduler_type", "linear").removeprefix("SchedulerType.").lower()
    if name not in _NAMES:
        job.refuse("lr_scheduler_type", name, f"it must be one of {', '.join(_NAMES)}", "Take one of them.")
    ratio = "warmup_ratio" if _warmed_by_ratio(job) else ""
    lasts = name not in _LENGTHLESS or bool(ratio) or 0.0 < job.number("warmup_steps", 0.0) < 1.0
    steps = (
        job.total("max_steps", epochs="num_train_epochs", epochs_default=3.0)
        if _has_length(job, needed=lasts)
        else None
    )
    warmup = _warmup(job, steps, ratio)
    if (overridden := _overriding(job, base, steps, warmup)) is not None:
        return overridden
    more = job.mapping("lr_scheduler_kwargs", {})
    if name == "warmup_stable_decay" and _is_factory(job) and steps is not None:
        rest = max(0, steps - warmup)
        if "num_decay_steps" not in more:
            job.derive("decay", rest - rest // 3, "2/3 of what follows the warm-up, LLaMA-Factory's default")
        more = {"num_stable_steps": rest // 3, "num_decay_steps": rest - rest // 3, **more}
    job.key = "lr_scheduler_type"
    return {"lr": _hf(job, name, base, (warmup, steps), more)}


def _hf(
    job: Job, name: str, base: float, lengths: tuple[int, int | None], more: Mapping[str, Any]
) -> Schedule:  # fmt: skip
    """Make one of HF's schedules, with those of the lengths that it takes."""
    found = job.entry(f"hf.{name}")
    if not found.is_schedule:
        job.checked(found.make)
    own = {"learning_rate": "`learning_rate`", "num_warmup_steps": "the file's warm-up"}
    job.once("lr_scheduler_kwargs", more, **own, num_training_steps="the length of the run")
    named = dict(zip(("num_warmup_steps", "num_training_steps"), lengths, strict=True))
    taken = {key: value for key, value in named.items() if key in inspect.signature(found.make).parameters}
    if name == "constant" and lengths[0]:
        job.warn(
            "ignored", "`constant` has no warm-up, so the file's counts for nothing", "Take `constant_with_warmup`."
        )
    return job.make(f"hf.{name}", learning_rate=base, **{**taken, **more})


def _has_length(job: Job, *, needed: bool) -> bool:
    has_steps = job.settled("max_steps") and job.whole("max_steps", least=-1) > 0
    return needed or has_steps or "steps" in job.known


def _warmed_by_ratio(job: Job) -> bool:
    if not job.number("warmup_ratio", 0.0):
        return False
    if job.number("warmup_steps", 0.0):
        job.warn("ignored", "`warmup_ratio` counts for nothing beside `warmup_steps`", "Remove it.")
        return False
    job.warn("deprecated", "transformers does not know `warmup_ratio` since 5.15", "Write `warmup_steps`, below 1.")
    return True


def _warmup(job: Job, steps: int | None, ratio: str) -> int:
    """Return the length of the warm-up: `warmup_steps`, or a fraction of the run, rounded up."""
    path = ratio or "warmup_steps"
    given = job.fraction(path) if ratio else job.number(path, 0.0)
    if (known := job.known.get("warmup_steps")) is not None:
        if given and not ratio and given != known:
            job.refuse("warmup_steps", known, f"the file says {given:g}", "Leave it out, or change the file.")
        return job.derive("warm-up", known, f"`warmup_steps={known}`")
    if given < 0.0:
        job.refuse(path, job.raw(path), "it must be 0 or more", "Correct it.")
    if ratio or 0.0 < given < 1.0:
        assert steps is not None  # noqa: S101 (the caller reads the length if this is a fraction)
        return job.derive("warm-up", math.ceil(steps * given), f"ceil({steps} * {given:g})")
    return job.derive("warm-up", int(given), f"`{path}`") if given else 0


def _overriding(job: Job, base: float, steps: int | None, warmup: int) -> dict[str, Schedule] | None:
    """Read the DeepSpeed file. If it has a `scheduler`, that rules, and HF's counts for nothing."""
    named = job.known.get("deepspeed", job.raw("deepspeed"))
    if named in (None, ""):
        return None
    values, name = named, "`deepspeed`"
    if not isinstance(named, Mapping | str | Path):
        job.refuse("deepspeed", named, "it must be a path or a mapping", "Correct it.")
    if not isinstance(named, Mapping):
        path = next((one for one in (job.folder / str(named), Path(str(named))) if is_file(one)), None)
        if path is None:
            rule = "the file is not there, and a `scheduler` in it would override `lr_scheduler_type`"
            job.refuse(
                "deepspeed", str(named), rule, "Put the file there, or pass its path or content as `deepspeed=`."
            )
        values, name = parsed(path), str(path)
    known = {"learning_rate": base, "steps": steps, "warmup_steps": max(1, warmup)}
    inner = Job(values, name, job.folder, {key: value for key, value in known.items() if value is not None})
    if not inner.has("scheduler"):
        return None
    made = read_deepspeed(inner)
    job.key, job.library = f"scheduler.type in {name}", inner.library
    job.derived.update(inner.derived)
    here = job.raw("lr_scheduler_type")
    text = f"`scheduler` in {name} overrides `lr_scheduler_type`{f', which is {here!r}' if here else ''}"
    job.warn("overridden", text, "Remove one of the two.")
    return made


@format_of("model_card", "model card", lambda job: job.has("training_hyperparameters"))
def read_card(job: Job) -> dict[str, Schedule]:
    """Read the bullets that the Trainer writes into a model card."""
    bullets = job.mapping("training_hyperparameters")
    names = {"lr_scheduler_warmup_steps": "warmup_steps", "lr_scheduler_warmup_ratio": "warmup_ratio"}
    names |= {"training_steps": "max_steps", "num_epochs": "num_train_epochs"}
    job.values = {names.get(key, key): value for key, value in bullets.items()}
    return read_hf(job)


# ------------------------------------------------------------------------------------------------------------- axolotl

_RATIOS = ("cosine_min_lr_ratio", "cosine_constant_lr_ratio")
_RATES = ("anneal_strategy", "div_factor", "final_div_factor")
_MOMENTA = ("cycle_momentum", "base_momentum", "max_momentum")


@format_of("axolotl", "axolotl config", lambda job: job.has("base_model", "learning_rate"))
def read_axolotl(job: Job) -> dict[str, Schedule]:
    """Read axolotl's YAML: HF's schedules or its own, with a warm-up of its own, as its trainer makes them."""
    base = job.number("learning_rate", known="learning_rate")
    name = job.text("lr_scheduler", "cosine")
    if name not in (known := [*_NAMES, "one_cycle", "rex"]):
        job.refuse("lr_scheduler", name, f"it must be one of {', '.join(known)}", "Take one of them.")
    steps = job.total("max_steps", epochs="num_epochs", epochs_default=1.0)
    warmup = _warmup_of_axolotl(job, steps)
    if (overridden := _overriding(job, base, steps, warmup)) is not None:
        return overridden
    job.key = "lr_scheduler"
    return {"lr": _jagged(job, name, _of_axolotl(job, name, base, (warmup, steps)))}


def _warmup_of_axolotl(job: Job, steps: int) -> int:
    if job.has("warmup_steps") and job.has("warmup_ratio"):
        job.refuse(
            "warmup_steps", Words("a value, as `warmup_ratio` has"), "axolotl takes one of the two", "Remove one."
        )
    if job.has("warmup_ratio"):
        ratio = job.fraction("warmup_ratio")
        warmup, how = int(ratio * steps), f"int({ratio:g} * {steps})"
    elif job.has("warmup_steps") or "warmup_steps" in job.known:
        warmup, how = job.whole("warmup_steps", known="warmup_steps"), "`warmup_steps`"
    else:
        warmup, how = min(int(0.03 * steps), 100), f"min(int(0.03 * {steps}), 100), the default"
    return job.derive("warm-up", 2 if warmup == 1 else warmup, how + (", at least 2" if warmup == 1 else ""))


def _of_axolotl(job: Job, name: str, base: float, lengths: tuple[int, int]) -> Schedule:
    """Make the schedule as `create_scheduler` does, and warn of the options that it leaves out."""
    more = job.mapping("lr_scheduler_kwargs", {})
    ratios = {key: job.fraction(key, 0.0) or None for key in _RATIOS}
    own: dict[str, Any] | None = None
    if name == "rex":
        own = {_RATIOS[0]: ratios[_RATIOS[0]] or 0.0}
    elif name == "cosine" and job.flag("lr_quadratic_warmup"):
        own = {"lr_quadratic_warmup": True}
    elif name == "cosine" and ratios[_RATIOS[0]]:
        own = ratios
    used = [*(own or ()), *(_RATIOS[:1] if job.raw("jagged_restart_steps") else ())]
    used += ["lr_scheduler_kwargs"] if own is None else []
    for key in (*_RATIOS, "lr_quadratic_warmup", "lr_scheduler_kwargs"):
        if job.raw(key) and key not in used:
            job.warn("ignored", f"`{key}` counts for nothing here", "Remove it.")
    if name == "one_cycle":
        return _one_cycle_of_axolotl(job, base, lengths, more)
    if own is None:
        return _hf(job, name, base, lengths, more)
    named = dict(zip(("num_warmup_steps", "num_training_steps"), lengths, strict=True))
    return job.make(f"axolotl.{name}", learning_rate=base, **named, **own)


def _one_cycle_of_axolotl(
    job: Job, base: float, lengths: tuple[int, int], more: Mapping[str, Any]
) -> Schedule:  # fmt: skip
    warmup, steps = lengths
    for key in ("max_lr", "total_steps"):
        if key in more:
            rule = "axolotl passes it too, and PyTorch takes it once"
            job.refuse(f"lr_scheduler_kwargs.{key}", more[key], rule, "Remove it.")
    rates = {key: value for key, value in more.items() if key not in _MOMENTA}
    if set(rates) <= set(_RATES):
        return job.make(
            "axolotl.one_cycle", learning_rate=base, num_warmup_steps=warmup, num_training_steps=steps, **rates
        )
    job.peak = base
    given = {"pct_start": warmup / steps, "anneal_strategy": "cos", **rates}
    return job.torch("OneCycleLR", "lr_scheduler", base, {"max_lr": base, "total_steps": steps, **given})


def _jagged(job: Job, name: str, inner: Schedule) -> Schedule:
    """Put the restarts of `jagged_restart_steps` around a schedule."""
    steps = job.whole("jagged_restart_steps", 0)
    if not steps:
        return inner
    if name == "one_cycle":
        rule = "PyTorch's OneCycleLR then raises an error at the end of the run: it is one step ahead"
        job.refuse("jagged_restart_steps", steps, rule, "Take another `lr_scheduler`.")
    made = job.make(
        "axolotl.JaggedLRRestartScheduler",
        inner_schedule=inner.delay(1) if name == "rex" else inner,
        jagged_restart_steps=steps,
        jagged_restart_warmup_steps=job.whole("jagged_restart_warmup_steps", 0) or 10,
        jagged_restart_anneal_steps=job.whole("jagged_restart_anneal_steps", 0) or 1,
        min_lr_scale=job.number("cosine_min_lr_ratio", 0.0) or 0.001,
    )
    return made.skip(1) if name == "rex" else made
