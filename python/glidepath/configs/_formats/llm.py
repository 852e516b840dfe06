"""Trainers of language models: Megatron, torchtitan, nanotron, llm-foundry, OLMo, fairseq and others."""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING, Any

from glidepath import _core as gp
from glidepath.configs._reading import Job, format_of

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

    in_samples = job.has(at("train_samples"))
    unit = "samples" if in_samples else "iters"
    other = "iters" if in_samples else "samples"
    mixed = [name for name in (f"lr_decay_{other}", f"lr_warmup_{other}") if job.raw(at(name)) not in (None, 0)]
    if mixed:
        rule = f"the run is counted in {unit}, and Megatron does not mix the two"
        job.refuse(at(mixed[0]), job.raw(at(mixed[0])), rule, f"Give `{mixed[0].replace(other, unit)}`.")
    batch, per_step = _batches(job, at)
    scale = batch if per_step is not None and not in_samples else 1  # iterations are counted in full batches
    length = job.whole(at("train_samples"), least=1) if in_samples else job.total(at("train_iters"), at("max_steps"))
    decay = job.whole(at(f"lr_decay_{unit}"), length)
    fraction = job.fraction(at("lr_warmup_fraction"), 0.0)
    warmup = fraction * decay if fraction else job.number(at(f"lr_warmup_{unit}"), 0.0)
    how = f"{fraction:g} of the decay, not rounded" if fraction else f"`lr_warmup_{unit}`"
    if warmup:
        job.derived["warm-up"] = f"{warmup:g} {unit}: {how}"
    style = job.text(at("lr_decay_style"))
    arguments: dict[str, Any] = {
        "init_lr": job.number(at("lr_warmup_init"), 0.0),
        "max_lr": job.number(at("lr"), known="learning_rate"),
        "min_lr": job.number(at("min_lr"), 0.0),
        "lr_warmup_steps": warmup * scale,
        "lr_decay_steps": decay * scale,
        "lr_decay_style": style,
    }
    if style == "WSD":
        arguments["wsd_decay_steps"] = job.whole(at(f"lr_wsd_decay_{unit}")) * scale
        arguments["lr_wsd_decay_style"] = job.text(at("lr_wsd_decay_style"), "exponential")
    made = {"lr": job.make("megatron.OptimizerParamScheduler", at("lr_decay_style"), **arguments)}
    decays = job.number(at("weight_decay"), 0.01)
    start, end = job.number(at("start_weight_decay"), decays), job.number(at("end_weight_decay"), decays)
    growth = job.text(at("weight_decay_incr_style"), "constant")
    decay_style = {"wd_incr_steps": length * scale, "wd_incr_style": growth}
    made["weight_decay"] = job.make("megatron.weight_decay", start_wd=start, end_wd=end, **decay_style)
    if in_samples and per_step is None:
        job.derive("steps", math.ceil(length / batch), f"ceil({length} samples / {batch})")
    if in_samples or per_step is not None:  # the schedules count samples; a constant needs no count
        seen = batch if per_step is None else per_step
        made["lr"] = made["lr"].clock(seen)
        made["weight_decay"] = made["weight_decay"].clock(seen) if start != end else made["weight_decay"]
    return made


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


# ------------------------------------------------------------------------------------------- torchtitan and nanotron


@format_of("torchtitan", "torchtitan config", lambda job: job.has("lr_scheduler", "training.steps"))
def read_torchtitan(job: Job) -> Schedule:
    """Read the TOML that torchtitan had until 2026-02."""
    section = job.mapping("lr_scheduler")
    known = {"warmup_steps", "total_steps", "decay_ratio", "decay_type", "min_lr_factor", "lr_min"}
    if unknown := sorted(set(section) - known):
        job.refuse(f"lr_scheduler.{unknown[0]}", section[unknown[0]], "torchtitan has no such key", "Remove it.")
    steps = job.total("training.steps")
    low = job.first("lr_scheduler.min_lr_factor", "lr_scheduler.lr_min")
    ratio = "lr_scheduler.decay_ratio"
    return job.make(
        "torchtitan.lr_scheduler", "lr_scheduler", learning_rate=job.number("optimizer.lr", known="learning_rate"),
        warmup_steps=job.whole("lr_scheduler.warmup_steps", 200),
        total_steps=job.whole("lr_scheduler.total_steps", steps),
        decay_ratio=job.fraction(ratio) if job.has(ratio) else None,
        decay_type=job.text("lr_scheduler.decay_type", "linear"), min_lr_factor=job.number(low, 0.0),
    )  # fmt: skip


@format_of("nanotron", "nanotron config", lambda job: job.has("optimizer.learning_rate_scheduler"))
def read_nanotron(job: Job) -> Schedule:
    """Read nanotron's YAML."""
    section = job.mapping("optimizer.learning_rate_scheduler")
    steps = job.total("tokens.train_steps")
    return job.make("nanotron.lr_scheduler_builder", "optimizer.learning_rate_scheduler", train_steps=steps, **{
        key: value for key, value in section.items() if value is not None
    })  # fmt: skip


# ----------------------------------------------------------------------------------- llm-foundry, OLMo and torchtune


_TIME = re.compile(r"([\d_.]+(?:e\d+)?)\s*(ba|ep|dur|tok|sp)")


def _is_olmo(job: Job) -> bool:
    warmup = job.raw("scheduler.t_warmup")
    return job.has("scheduler.name") and isinstance(warmup, int | float)


@format_of(
    "llm_foundry", "llm-foundry config", lambda job: job.has("scheduler.name", "max_duration") and not _is_olmo(job)
)
def read_llm_foundry(job: Job) -> Schedule:
    """Read `scheduler`. Its times have units; those in tokens or samples are asked at what each update has seen."""
    section = job.mapping("scheduler")
    name = str(section.pop("name"))
    duration = job.text("max_duration")
    times = [duration, *(value for key, value in section.items() if key.startswith("t_") and isinstance(value, str))]
    units = {match[2] for time in times if (match := _TIME.fullmatch(time.strip()))} - {"dur"}
    rate = job.number("optimizer.lr", known="learning_rate")
    epoch = job.per_epoch("`ep` counts epochs") if "ep" in units else None
    made = job.make(
        f"composer.{name}", "scheduler.name", learning_rate=rate, max_duration=duration, dataloader_len=epoch, **section
    )
    unit = "tok" if "tok" in units else "sp" if "sp" in units else ""
    if not unit:
        if duration.endswith("ba") or epoch is not None:
            job.derive("steps", _length(duration, epoch), f"`max_duration: {duration}`")
        return made
    batch = job.whole("global_train_batch_size", known="batch_size", least=1)
    seen = batch * (job.whole(job.first("max_seq_len", "variables.max_seq_len"), least=1) if unit == "tok" else 1)
    job.derive("steps", -(-_length(duration, None) // seen), f"`max_duration: {duration}`, {seen:,} an update")
    return made.stride(seen)


def _length(duration: str, epoch: int | None) -> int:
    """Return a length in batches, samples or tokens. The dialect has checked the text."""
    match = _TIME.fullmatch(duration.strip())
    assert match is not None  # noqa: S101 (the dialect has checked it)
    return int(float(match[1])) * (epoch or 1 if match[2] == "ep" else 1)


_OLMO = {"cosine_with_warmup": "cos_with_warmup", "linear_with_warmup": "linear_with_warmup", "constant": "constant"}


@format_of("olmo", "OLMo config", _is_olmo)
def read_olmo(job: Job) -> Schedule:
    """Read the `scheduler` of OLMo before OLMo-core: times without a letter, and a warm-up from a tenth of the peak."""
    name = job.text("scheduler.name", choices=list(_OLMO))
    rate = job.number("optimizer.learning_rate", known="learning_rate")
    unit = job.text("scheduler.units", "steps", ["steps", "tokens"])
    if name == "constant":
        return job.make("olmo.constant", "scheduler.name", learning_rate=rate)
    path = job.first("scheduler.t_max", "max_duration")
    duration = job.raw(path)
    if isinstance(duration, str) and duration.endswith("T") and unit == "tokens":
        job.values = {**job.values, "max_duration": duration[:-1]}
    length = job.total("scheduler.t_max", "max_duration") if unit == "steps" else job.whole(path)
    made = job.make(
        f"olmo.{_OLMO[name]}", "scheduler.name", learning_rate=rate, t_max=length,
        warmup=job.whole("scheduler.t_warmup"), alpha_f=job.number("scheduler.alpha_f", 0.1),
        warmup_min_lr=job.number("scheduler.warmup_min_lr", 0.1 * rate), units=unit,
    )  # fmt: skip
    if unit == "steps":
        return made
    seen = job.whole("global_train_batch_size", known="batch_size", least=1)
    seen *= job.whole("model.max_sequence_length", least=1)
    job.derive("steps", -(-length // seen), f"{length:,} tokens, {seen:,} an update")
    return made.stride(seen).skip(1)  # an update counts its own tokens


@format_of("torchtune", "torchtune config", lambda job: "torchtune" in str(job.raw("lr_scheduler._component_")))
def read_torchtune(job: Job) -> Schedule:
    """Read torchtune's `lr_scheduler`, which is HF's cosine."""
    name = job.text("lr_scheduler._component_").rsplit(".", 1)[-1]
    if name != "get_cosine_schedule_with_warmup":
        job.refuse("lr_scheduler._component_", name, "it must be get_cosine_schedule_with_warmup", "Read it by hand.")
    per_epoch = "max_steps_per_epoch"
    if job.has(per_epoch, "epochs") and "steps" not in job.known:
        epochs, each = job.whole("epochs"), job.whole(per_epoch)
        steps = job.derive("steps", epochs * each, f"{epochs} epochs * `{per_epoch}`")
    else:
        steps = job.total(epochs="epochs")
    warmup = job.whole("lr_scheduler.num_warmup_steps", known="warmup_steps")
    return job.make(
        "hf.cosine", "lr_scheduler._component_", learning_rate=job.number("optimizer.lr", known="learning_rate"),
        num_warmup_steps=job.derive("warm-up", warmup, "`num_warmup_steps`"), num_training_steps=steps,
        num_cycles=job.number("lr_scheduler.num_cycles", 0.5),
    )  # fmt: skip


# ------------------------------------------------------------------------------------ GPT-NeoX, MaxText and fairseq


@format_of("neox", "GPT-NeoX config", lambda job: job.has("optimizer.params", _dashed(job, "lr_decay_style")))
def read_neox(job: Job) -> Schedule:
    """Read GPT-NeoX's YAML, whose keys may have dashes. `warmup` is a fraction of `train_iters`, rounded down."""
    steps = job.total(_dashed(job, "train_iters"))
    decay = job.whole(_dashed(job, "lr_decay_iters"), steps)
    fraction = job.fraction("warmup", 0.01)
    style = job.text(_dashed(job, "lr_decay_style"))
    return job.make(
        "neox.AnnealingLR", _dashed(job, "lr_decay_style"),
        start_lr=job.number("optimizer.params.lr", known="learning_rate"),
        warmup_iter=job.derive("warm-up", int(fraction * decay), f"int({fraction:g} * {decay})"), total_iters=decay,
        decay_style=style, min_lr=job.number(_dashed(job, "min_lr"), 0.0),
    )  # fmt: skip


def _dashed(job: Job, name: str) -> str:
    return job.first(name, name.replace("_", "-"))


@format_of("maxtext", "MaxText config", lambda job: job.has("learning_rate_schedule_steps"))
def read_maxtext(job: Job) -> Schedule:
    """Read MaxText's YAML. The schedule can be shorter than the run, which then goes on at rate 0."""
    length = "learning_rate_schedule_steps"
    steps = job.whole(length, least=-1)
    if job.has("steps") and job.whole("steps", least=-1) > 0:
        job.total("steps")
    if steps < 1:  # -1 is the length of the run
        steps = job.total("steps")
    style = job.text("lr_schedule_type", "cosine", ["cosine", "wsd"])
    final = job.first("learning_rate_final_fraction", "cosine_learning_rate_final_fraction")
    more: dict[str, Any] = {}
    if style == "wsd":
        more["wsd_decay_steps_fraction"] = job.fraction("wsd_decay_steps_fraction", 0.1)
        more["wsd_decay_style"] = job.text("wsd_decay_style", "linear")
    fraction = job.fraction("warmup_steps_fraction", 0.1)
    job.derive("warm-up", int(steps * fraction), f"int({steps} * {fraction:g})")
    return job.make(
        f"maxtext.{style}", "lr_schedule_type" if job.has("lr_schedule_type") else length,
        learning_rate=job.number("learning_rate", known="learning_rate"), learning_rate_schedule_steps=steps,
        warmup_steps_fraction=fraction, learning_rate_final_fraction=job.fraction(final, 0.1), **more,
    )  # fmt: skip


@format_of("fairseq", "fairseq config", lambda job: job.has("lr_scheduler._name"))
def read_fairseq(job: Job) -> Schedule:
    """Read fairseq's Hydra YAML. An interpolation `II(...)` is the value of `optimization`."""
    name = job.text("lr_scheduler._name")
    takes = inspect.signature(job.entry(f"fairseq.{name}").make).parameters
    path = job.first("optimization.lr", "lr_scheduler.lr")
    rates = job.items(path) if isinstance(job.raw(path), list) else [job.number(path, known="learning_rate")]
    if len(rates) != 1:
        job.refuse(path, rates, "glidepath takes one rate, not one for each epoch", "Give one.")
    arguments = {key: job.value(f"lr_scheduler.{key}") for key in job.keys("lr_scheduler") if key in takes}
    arguments = {key: value for key, value in arguments.items() if value is not None and key != "lr"}
    arguments["lr" if "lr" in takes else "learning_rate"] = float(rates[0])
    limit = job.total("optimization.max_update") if _limited(job) else None
    for key in ("max_update", "total_num_update"):
        if key in takes and key not in arguments and limit is not None:
            arguments[key] = limit
    if name == "tri_stage" and job.has("lr_scheduler.phase_ratio"):
        phases = [job.fraction(f"lr_scheduler.phase_ratio.{i}") for i in range(3)]
        whole = limit if limit is not None else job.total("optimization.max_update")
        lengths = (int(whole * phase) for phase in phases)
        arguments |= dict(zip(("warmup_steps", "hold_steps", "decay_steps"), lengths, strict=True))
    return job.make(f"fairseq.{name}", "lr_scheduler._name", **arguments)


def _limited(job: Job) -> bool:
    return "steps" in job.known or job.settled("optimization.max_update")


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
