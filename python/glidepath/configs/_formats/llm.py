"""Trainers of language models: torchtitan, nanotron, llm-foundry, OLMo, torchtune, mlx-lm, MaxText, fairseq, spaCy."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from glidepath import _core as gp
from glidepath.configs._reading import Job, Words, format_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from glidepath._core import Schedule

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
    job.once("optimizer.learning_rate_scheduler", section, train_steps="`tokens.train_steps`")
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
    own = {"max_duration": "`max_duration`", "dataloader_len": "the batches of an epoch"}
    job.once("scheduler", section, learning_rate="`optimizer.lr`", **own)
    duration = job.text("max_duration")
    times = [duration, *(value for key, value in section.items() if key.startswith("t_") and isinstance(value, str))]
    units = {match[2] for time in times if (match := _TIME.fullmatch(time.strip()))} - {"dur"}
    rate = job.number("optimizer.lr", known="learning_rate")
    epoch = _epoch(job, duration) if "ep" in units else None
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


def _epoch(job: Job, duration: str) -> int:
    """Return the batches of an epoch: as known, or those of the run divided by its epochs."""
    steps, match = job.known.get("steps"), _TIME.fullmatch(duration.strip())
    if "steps_per_epoch" not in job.known and steps and match is not None and match[2] == "ep":
        epochs = int(float(match[1]))
        if epochs and not steps % epochs:
            return int(steps // epochs)
    return job.per_epoch("`ep` counts epochs")


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
    if isinstance(duration, str) and duration.endswith("T"):  # in tokens
        job.values = {**job.values, "max_duration": duration[:-1]}
        length = job.whole(path)
        length = length if unit == "tokens" else job.derive("steps", length // _seen(job), f"`{path}: {duration}`")
    elif isinstance(duration, str) and duration.endswith("ep"):
        length = job.total()
    else:
        length = job.total("scheduler.t_max", "max_duration") if unit == "steps" else job.whole(path)
    made = job.make(
        f"olmo.{_OLMO[name]}", "scheduler.name", learning_rate=rate, t_max=length,
        warmup=job.whole("scheduler.t_warmup"), alpha_f=job.number("scheduler.alpha_f", 0.1),
        warmup_min_lr=job.number("scheduler.warmup_min_lr", 0.1 * rate), units=unit,
    )  # fmt: skip
    if unit == "steps":
        return made
    seen = _seen(job)
    job.derive("steps", -(-length // seen), f"{length:,} tokens, {seen:,} an update")
    return made.stride(seen).skip(1)  # an update counts its own tokens


def _seen(job: Job) -> int:
    """Return the tokens of an update."""
    batch = job.whole("global_train_batch_size", known="batch_size", least=1)
    return batch * job.whole("model.max_sequence_length", least=1)


@format_of("torchtune", "torchtune config", lambda job: job.has("lr_scheduler._component_"))
def read_torchtune(job: Job) -> Schedule:
    """Read torchtune's `lr_scheduler`, which is HF's cosine."""
    name = job.text("lr_scheduler._component_").rsplit(".", 1)[-1]
    if name != "get_cosine_schedule_with_warmup":
        rule = "it must be get_cosine_schedule_with_warmup, the only one that torchtune has"
        job.refuse("lr_scheduler._component_", name, rule, "Write the schedule as an expression.")
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


# ----------------------------------------------------------------------------------------------------------- mlx-lm


def _is_mlx(job: Job) -> bool:
    return job.has("lr_schedule.name", "lr_schedule.arguments") or job.has("learning_rate", "iters", "lora_parameters")


@format_of("mlx_lm", "mlx-lm config", _is_mlx)
def read_mlx_lm(job: Job) -> Schedule:
    """Read mlx-lm's `lr_schedule`: a schedule of MLX by its name, its arguments in order, and a warm-up.

    The curve begins an update after the warm-up has reached its first value.
    """
    steps, every = job.total("iters"), job.whole("grad_accumulation_steps", 1, least=1)
    if every > 1:
        job.derive("steps", steps // every, f"{steps} iters // `grad_accumulation_steps`")
    if not job.has("lr_schedule"):
        job.by("mlx-lm", "learning_rate")
        return gp.constant(job.number("learning_rate", known="learning_rate"))
    job.by("MLX 0.32", "lr_schedule.name")
    place = "lr_schedule.arguments"
    count = len(job.items(place))

    def at(index: int, default: float | None = None) -> float:
        return job.number(f"{place}.{index}") if default is None or index < count else default

    kinds: dict[str, tuple[int, int, Callable[[], Schedule]]] = {
        "cosine_decay": (2, 3, lambda: gp.cosine(at(0), at(2, 0.0), job.whole(f"{place}.1"))),
        "linear_schedule": (3, 3, lambda: gp.linear(at(0), at(1), job.whole(f"{place}.2"))),
        "exponential_decay": (2, 2, lambda: gp.exponential(at(0), at(1))),
        "step_decay": (3, 3, lambda: gp.exponential(at(0), at(1), job.whole(f"{place}.2"), stair=True)),
    }
    least, most, curve = kinds[job.text("lr_schedule.name", choices=list(kinds))]
    if not least <= count <= most:
        rule = f"it takes {least if least == most else f'{least} or {most}'} arguments"
        job.refuse(place, Words(f"{count} of them"), rule, "Correct it.")
    made = job.checked(curve)
    warmup = job.whole("lr_schedule.warmup", 0)
    if not warmup:
        return made
    job.derive("warm-up", warmup, "`lr_schedule.warmup`")
    return gp.linear(job.number("lr_schedule.warmup_init", 0.0), at(0), warmup).then(made, at=warmup + 1)


# ---------------------------------------------------------------------------------------------- MaxText and fairseq


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


# ---------------------------------------------------------------------------------------------------------------- spaCy

_SPACY = "training.optimizer.learn_rate"


@format_of("spacy", "spaCy config", lambda job: job.has(_SPACY))
def read_spacy(job: Job) -> Schedule:
    """Read the rate of spaCy's optimizer: a number, or a schedule of thinc and its arguments."""
    if job.settled("training.max_steps") and job.whole("training.max_steps") > 0:
        job.total("training.max_steps")
    return _of_thinc(job, _SPACY)


def _of_thinc(job: Job, path: str, depth: int = 0) -> Schedule:
    if not isinstance(job.raw(path), dict):
        return job.make("thinc.constant", path, rate=job.number(path))
    name = job.text(f"{path}.@schedules").partition(".v")[0]
    arguments = {key: job.value(f"{path}.{key}") for key in job.keys(path) if not key.startswith("@")}
    if name == "constant_then" and depth < _DEEPEST:
        arguments["schedule"] = _of_thinc(job, f"{path}.schedule", depth + 1)
    return job.make(f"thinc.{name}", f"{path}.@schedules", **arguments)


_DEEPEST = 20
