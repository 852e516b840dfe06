"""Megatron's arguments, and the configs of its relatives: NeMo, NeMo Automodel, GPT-NeoX."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

from glidepath import _core as gp
from glidepath.configs._reading import Job, Words, format_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from glidepath._core import Schedule

# ------------------------------------------------------------------------------------------------------------- Megatron

_SECTIONS = ("", "optimizer.", "scheduler.", "train.", "training.", "args.")


def _has_style(job: Job) -> bool:
    return any(job.has(f"{section}lr_decay_style") for section in _SECTIONS) and not job.has("optimizer.params")


@format_of("megatron", "Megatron arguments", _has_style)
def read_megatron(job: Job) -> dict[str, Schedule]:
    """Read Megatron's arguments, flat or in the sections of Megatron-Bridge. They count iterations or samples."""

    def at(name: str) -> str:
        return job.first(*(section + name for section in _SECTIONS))

    _refuse_deepspeed(job, at)
    in_samples = job.has(at("train_samples"))
    unit = "samples" if in_samples else "iters"
    other = "iters" if in_samples else "samples"
    mixed = [name for name in (f"lr_decay_{other}", f"lr_warmup_{other}") if job.raw(at(name)) not in (None, 0)]
    if mixed:
        rule = f"the run is counted in {unit}, and Megatron does not mix the two"
        job.refuse(at(mixed[0]), job.raw(at(mixed[0])), rule, f"Give `{mixed[0].replace(other, unit)}`.")
    batch, per_step = _batches(job, at)
    if per_step is not None and not in_samples:
        rule = "the run is counted in iterations, and Megatron lets the batch grow in one that is counted in samples"
        job.refuse(at("rampup_batch_size"), job.raw(at("rampup_batch_size")), rule, "Give `train_samples`.")
    length = job.whole(at("train_samples"), least=1) if in_samples else job.total(at("train_iters"), at("max_steps"))
    decay = job.whole(at(f"lr_decay_{unit}"), length)
    fraction = job.fraction(at("lr_warmup_fraction"), 0.0)
    if fraction and job.number(at(f"lr_warmup_{unit}"), 0.0):
        rule = f"`lr_warmup_{unit}` is given too, and Megatron takes one of the two"
        job.refuse(at("lr_warmup_fraction"), fraction, rule, "Remove one.")
    warmup = fraction * decay if fraction else job.number(at(f"lr_warmup_{unit}"), 0.0)
    how = f"{fraction:g} of the decay, not rounded" if fraction else f"`lr_warmup_{unit}`"
    if warmup:
        job.derived["warm-up"] = f"{warmup:g} {unit}: {how}"
    style = job.text(at("lr_decay_style"))
    arguments: dict[str, Any] = {
        "init_lr": job.number(at("lr_warmup_init"), 0.0),
        "max_lr": job.number(at("lr"), known="learning_rate"),
        "min_lr": job.number(at("min_lr"), 0.0),
        "lr_warmup_steps": warmup,
        "lr_decay_steps": decay,
        "lr_decay_style": style,
    }
    if style == "WSD":
        arguments["wsd_decay_steps"] = job.whole(at(f"lr_wsd_decay_{unit}"))
        arguments["lr_wsd_decay_style"] = job.text(at("lr_wsd_decay_style"), "exponential")
    made = {"lr": job.make("megatron.OptimizerParamScheduler", at("lr_decay_style"), **arguments)}
    decays = job.number(at("weight_decay"), 0.01)
    start, end = job.number(at("start_weight_decay"), decays), job.number(at("end_weight_decay"), decays)
    growth = job.text(at("weight_decay_incr_style"), "constant")
    decay_style = {"wd_incr_steps": length, "wd_incr_style": growth}
    made["weight_decay"] = job.make("megatron.weight_decay", start_wd=start, end_wd=end, **decay_style)
    if in_samples and per_step is None:
        job.derive("steps", math.ceil(length / batch), f"ceil({length} samples / {batch})")
    if in_samples or per_step is not None:  # the schedules count samples; a constant needs no count
        seen = batch if per_step is None else per_step
        made["lr"] = made["lr"].clock(seen)
        made["weight_decay"] = made["weight_decay"].clock(seen) if start != end else made["weight_decay"]
    return made


def _refuse_deepspeed(job: Job, at: Callable[[str], str]) -> None:
    """Refuse what Megatron-DeepSpeed has besides."""
    for name in ("lr_decay_tokens", "lr_warmup_tokens"):
        if job.has(at(name)):
            rule = "Megatron-DeepSpeed then counts tokens, which glidepath does not read"
            job.refuse(at(name), job.raw(at(name)), rule, f"Give `{name.replace('tokens', 'samples')}`.")
    if job.has("deepspeed_config.scheduler"):
        rule = "DeepSpeed's scheduler takes the place of Megatron's"
        job.refuse(
            "deepspeed_config.scheduler", Words("a schedule"), rule, "Read DeepSpeed's file, or remove it there."
        )


def _batches(job: Job, at: Callable[[str], str]) -> tuple[int, Schedule | None]:
    """Return the full batch, and the batch of each update if it grows."""
    grows = job.has(at("rampup_batch_size"))
    if job.has(at("step_batch_size_schedule")):
        rule = "glidepath does not read this schedule of the batch"
        place = at("step_batch_size_schedule")
        job.refuse(place, job.raw(place), rule, "Make it with `clock`: docs/tokens.md has an example.")
    if not (grows or job.has(at("train_samples"))):
        return 1, None
    batch = job.whole(at("global_batch_size"), known="batch_size", least=1)
    if not grows:
        return batch, None
    place = at("rampup_batch_size")
    raw = job.raw(place)
    if isinstance(raw, str):
        job.values = {**job.values, place: raw.split()}  # flat arguments: a section has a list
    numbers = job.wholes(place)
    start, step, samples = numbers if len(numbers) == 3 else (0, 0, 0)  # noqa: PLR2004
    phases, left = divmod(batch - start, step) if step > 0 else (0, 1)
    if not (0 < start <= batch and not left and phases <= 10_000 and samples >= 0):  # noqa: PLR2004
        rule = f"it must be a start, an increment, and samples, with whole increments up to {batch}"
        job.refuse(place, numbers, rule, "Write it as `32 32 65_536_000`.")
    sizes, edges, seen, update = [start], [], 0, 0
    for phase in range(1, phases + 1):  # it grows at the first update by which so many samples have been seen
        updates = max(0, math.ceil((samples * phase / phases - seen) / sizes[-1]))
        seen, update = seen + updates * sizes[-1], update + updates
        if updates == 0:
            sizes[-1] = start + phase * step
        else:
            sizes.append(start + phase * step)
            edges.append(update)
    job.derived["batch"] = f"{start} to {batch} samples in {phases} increments, whole at update {update:,}"
    return batch, gp.piecewise_constant(sizes, edges) if edges else gp.constant(batch)


@format_of("automodel", "NeMo Automodel config", lambda job: job.has("lr_scheduler.lr_decay_style"))
def read_automodel(job: Job) -> Schedule:
    """Read NeMo Automodel's `lr_scheduler`: Megatron's class, counted in updates, with defaults from the peak."""
    peak = job.number("optimizer.lr", known="learning_rate")
    steps = job.total("step_scheduler.max_steps")
    warmup = job.whole("lr_scheduler.lr_warmup_steps", min(1_000, steps // 10))
    job.derive("warm-up", warmup, "`lr_warmup_steps`, by default min(1000, steps // 10)")
    section = "lr_scheduler."
    style = job.text(f"{section}lr_decay_style", "cosine")
    more: dict[str, Any] = {}
    if style == "WSD":
        more["wsd_decay_steps"] = job.whole(f"{section}wsd_decay_steps")
        more["lr_wsd_decay_style"] = job.text(f"{section}lr_wsd_decay_style")
    return job.make(
        "megatron.OptimizerParamScheduler", f"{section}lr_decay_style",
        init_lr=job.number(f"{section}init_lr", 0.1 * peak), max_lr=peak,
        min_lr=job.number(f"{section}min_lr", 0.01 * peak), lr_warmup_steps=warmup,
        lr_decay_steps=job.whole(f"{section}lr_decay_steps", steps), lr_decay_style=style, **more,
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------- NeMo and GPT-NeoX

_NEMO = ("optim.sched", "model.optim.sched")


@format_of("nemo", "NeMo config", lambda job: any(job.has(f"{place}.name", "trainer") for place in _NEMO))
def read_nemo(job: Job) -> Schedule:
    """Read `optim.sched` of NeMo's YAML. Ratios are parts of the run, rounded down."""
    place = next(place for place in _NEMO if job.has(f"{place}.name"))
    rate = job.number(f"{place.removesuffix('.sched')}.lr", known="learning_rate")
    name = job.text(f"{place}.name")
    takes = inspect.signature(job.entry(f"nemo.{name}").make).parameters
    arguments: dict[str, Any] = {key: job.value(f"{place}.{key}") for key in job.keys(place) if key in takes}
    arguments = {key: value for key, value in arguments.items() if value is not None}
    arguments["learning_rate"] = rate
    if "max_steps" in takes:
        arguments["max_steps"] = job.total(f"{place}.max_steps", "trainer.max_steps")
    elif job.settled("trainer.max_steps") or "steps" in job.known:
        job.total("trainer.max_steps")
    for part in ("warmup", "hold", "constant"):
        if job.has(f"{place}.{part}_ratio") and f"{part}_steps" in takes:
            steps, ratio = job.total(f"{place}.max_steps", "trainer.max_steps"), job.fraction(f"{place}.{part}_ratio")
            named = "warm-up" if part == "warmup" else part
            arguments[f"{part}_steps"] = job.derive(named, int(steps * ratio), f"int({steps} * {ratio:g})")
    return job.make(f"nemo.{name}", f"{place}.name", **arguments)


@format_of("neox", "GPT-NeoX config", lambda job: job.has("optimizer.params", _dashed(job, "lr_decay_style")))
def read_neox(job: Job) -> Schedule:
    """Read GPT-NeoX's YAML, whose keys may have dashes. `warmup` is a fraction of the decay, not rounded."""
    steps = job.total(_dashed(job, "train_iters"))
    part = job.fraction(_dashed(job, "lr_decay_fraction"), 1.0)
    decay = job.whole(_dashed(job, "lr_decay_iters"), math.floor(steps * part))
    fraction = job.fraction("warmup", 0.01)
    job.derived["warm-up"] = f"{fraction * decay:g} steps: {fraction:g} of the decay, not rounded"
    style = job.text(_dashed(job, "lr_decay_style"))
    return job.make(
        "neox.AnnealingLR", _dashed(job, "lr_decay_style"),
        start_lr=job.number("optimizer.params.lr", known="learning_rate"),
        warmup_iter=fraction * decay, total_iters=decay,
        decay_style=style, min_lr=job.number(_dashed(job, "min_lr"), 0.0),
    )  # fmt: skip


def _dashed(job: Job, name: str) -> str:
    return job.first(name, name.replace("_", "-"))
