"""Libraries of MindSpore: MindFormers and mindcv."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from glidepath.configs._reading import Job, format_of

if TYPE_CHECKING:
    from glidepath._core import Schedule


@format_of("mindformers", "MindFormers config", lambda job: job.has("lr_schedule.type"))
def read_mindformers(job: Job) -> Schedule:
    """Read `lr_schedule`: a class and its arguments. `total_steps: -1` is the length of the run."""
    section = job.mapping("lr_schedule")
    name = str(section.pop("type"))
    rate = "base_lr" if "base_lr" in section else "learning_rate"
    section[rate] = job.number(f"lr_schedule.{rate}", known="learning_rate")
    takes = inspect.signature(job.entry(f"mindformers.{name}").make).parameters
    if "total_steps" in takes:
        section["total_steps"] = job.total("lr_schedule.total_steps", epochs="runner_config.epochs")
        if job.has("lr_schedule.warmup_ratio"):
            ratio = job.fraction("lr_schedule.warmup_ratio")
            job.derive("warm-up", int(section["total_steps"] * ratio), f"int({section['total_steps']} * {ratio:g})")
    given = {key: value for key, value in section.items() if value is not None}
    return job.make(f"mindformers.{name}", "lr_schedule.type", **given)


@format_of(
    "mindcv", "mindcv config", lambda job: isinstance(job.raw("scheduler"), str) and not job.has("lr_scheduler_type")
)
def read_mindcv(job: Job) -> Schedule:
    """Read the arguments of `create_scheduler`."""
    takes = inspect.signature(job.entry("mindcv.create_scheduler").make).parameters
    arguments = {key: job.value(key) for key in job.keys("") if key in takes and job.has(key)}
    each = job.per_epoch("mindcv counts epochs")
    epochs = job.whole(job.first("epoch_size", "num_epochs"), 90)
    job.derive("steps", epochs * each, f"{epochs} epochs * {each}")
    arguments |= {"steps_per_epoch": each, "num_epochs": epochs}
    return job.make("mindcv.create_scheduler", "scheduler", **arguments)
