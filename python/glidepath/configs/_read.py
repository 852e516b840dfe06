"""Finds out which kind a config is, and reads it."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glidepath._arguments import refusal
from glidepath._core import Schedule, _shown
from glidepath.configs import _formats  # noqa: F401 (declares the kinds)
from glidepath.configs._files import parsed, without_wandb
from glidepath.configs._live import described
from glidepath.configs._reading import KNOWN, Format, Job, Reading, Words, formats
from glidepath.dialects._declare import number, title, whole

__all__ = ["checked_known", "kinds", "of_values", "read", "read_spare"]


def kinds() -> dict[str, str]:
    """Return the kinds of config that :func:`glidepath.read` knows, with their titles.

    >>> kinds()["hf"]
    'HF TrainingArguments'
    """
    return {name: found.title for name, found in sorted(formats().items())}


def read(source: object, kind: str | None = None, **known: Any) -> Reading:  # noqa: ANN401 (`KNOWN` says what each is)
    """Read the schedules out of a config file, a mapping, or a scheduler of another library.

    Args:
        source: a path (.json, .yaml, .toml, .py, .sh, .keras, .cfg, or .md for a model card), a mapping, or a live
            object: a scheduler of HF, diffusers, torchtitan, timm, Megatron, DeepSpeed, Composer, mmengine or fvcore,
            a schedule of Keras, optax or thinc.
        kind: which kind of config it is, one of :func:`glidepath.configs.kinds`; None to find out by its keys.
        known: what the file leaves open: ``steps``, ``steps_per_epoch``, ``learning_rate``, ``warmup_steps``,
            ``batch_size``, ``world_size``, ``deepspeed``. What the file says itself must agree.

    Raises `ValueError`, which begins with the file's name, for a file that cannot be read, for a value out of range,
    and for one that is missing or ``"auto"``: the message says under which name to pass it. Nothing is guessed, and
    nothing in the file is executed.

    >>> deepspeed = {"scheduler": {"type": "WarmupDecayLR", "params": {"warmup_max_lr": "auto", "warmup_num_steps": 10,
    ...                                                                "total_num_steps": 100}}}
    >>> gp.read(deepspeed)
    Traceback (most recent call last):
    ValueError: `scheduler.params.warmup_max_lr`: got 'auto'; the base or peak rate must be known. Pass \
`learning_rate=` to `read`, or `--set learning_rate=` to the command.
    >>> gp.read(deepspeed, learning_rate=0.1).schedule[11]
    0.1
    """
    return read_spare(source, kind, known, frozenset())


def read_spare(source: object, kind: str | None, known: Mapping[str, Any], spare: frozenset[str]) -> Reading:
    """Read as :func:`read` does. Names in ``spare`` do not count where the source says something else."""
    checked = checked_known(known)
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return of_values(parsed(path), str(path), path.parent, kind, checked, spare)
    if isinstance(source, Mapping):
        return of_values(without_wandb(source), "", Path(), kind, checked, spare)
    return described(source, checked)


def of_values(  # noqa: PLR0913 (what is known of a file)
    values: Mapping[str, Any],
    name: str,
    folder: Path,
    kind: str | None,
    known: Mapping[str, Any],
    spare: frozenset[str] = frozenset(),
) -> Reading:
    """Read a mapping. Names in ``spare`` do not count where the file says something else."""
    job = Job(values, name, folder, known, spare)
    try:
        if "glidepath" in values:
            return _of_glidepath(job)
        found = _format(job, kind)
        made = job.checked(lambda: found.read(job))
    except (RecursionError, MemoryError):
        raise ValueError(f"{name or 'source'}: too many levels inside one another. A config has a few.") from None
    key = f", `{job.key}`" if job.key else ""
    source = f"{name + ': ' if name else ''}{found.title}{key}, by the rules of {title(job.library)}"
    return job.reading(made, source, found.name)


def _of_glidepath(job: Job) -> Reading:
    """Read a schedule of glidepath's in JSON."""
    schedule = job.checked(lambda: Schedule.from_json(json.dumps(job.value(""))))
    return Reading(
        {"lr": schedule}, f"{job.name}: a schedule of glidepath".removeprefix(": "), "glidepath", schedule.steps
    )


def _format(job: Job, kind: str | None) -> Format:
    known = formats()
    if kind is not None:
        if str(kind) not in known:
            near = difflib.get_close_matches(str(kind), known, n=1)
            way_out = f"Did you mean {near[0]!r}?" if near else "`glidepath.configs.kinds()` lists them."
            raise ValueError(refusal("kind", _shown(kind), "it must be a kind of config", way_out))
        if not known[kind].known_by(job):
            rule = "the config has not the keys of that kind"
            raise ValueError(refusal("kind", _shown(kind), rule, "`glidepath.configs.kinds()` lists the others."))
        return known[kind]
    if job.has("log_history"):
        way_out = f"Write `glidepath audit {job.name or 'trainer_state.json'} CONFIG`."
        job.refuse("log_history", Words("rates that were used"), "they are a log, and no schedule", way_out)
    found = [one for _, one in sorted(known.items()) if one.known_by(job)]
    if len(found) == 1:
        return found[0]
    got = " and ".join(f"one of {one.title}" for one in found) or "no key that tells whose config it is"
    rule = "it must be one that `glidepath.configs.kinds()` lists"
    way_out = f"Pass `kind={found[0].name!r}`, or another." if found else "Pass `kind=` if it is one."
    place = job.name or "source"
    raise ValueError(refusal(place, got, rule if not found else "it can be one kind only", way_out))


def checked_known(known: Mapping[str, Any]) -> dict[str, Any]:
    """Check what the caller knows of a run."""
    for name in known:
        if name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            way_out = f"Did you mean `{near[0]}`?" if near else f"It takes {', '.join(KNOWN)}."
            raise TypeError(refusal("read", f"`{name}`", "it has no such argument", way_out))
    return {name: _checked(name, value) for name, value in known.items() if value is not None}


def _checked(name: str, value: object) -> object:
    if name == "learning_rate":
        return number(name, value)
    if name == "deepspeed":
        return value
    return whole(name, value, least=0 if name == "warmup_steps" else 1)
