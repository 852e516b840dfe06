"""Reads a SPEC of the command line: an expression, JSON, a saved array, or the config of another library."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glidepath._contents import contents, is_there, standard_input
from glidepath._core import Schedule
from glidepath._saving import KINDS, saved_file

if TYPE_CHECKING:
    from glidepath.configs import Reading
    from glidepath.groups import Groups

__all__ = ["Known", "Loaded", "is_expression", "load", "side"]


@dataclass(frozen=True)
class Known:
    """What the caller knows of a run whose config leaves it open."""

    values: dict[str, Any] = field(default_factory=dict)
    spare: frozenset[str] = frozenset()
    """Names that do not count where the config says something else."""
    kind: str | None = None
    which: str = "lr"
    """Which schedule of the config."""


@dataclass(frozen=True)
class Loaded:
    """A schedule, what is said about it, the steps of the run if a config says them, and all that a config says."""

    schedule: Schedule
    about: str = ""
    steps: int | None = None
    config: Reading | None = None

    @property
    def reading(self) -> Reading | Schedule:
        """What `check` takes."""
        return self.schedule if self.config is None else self.config


_NOTHING = Known()


def load(spec: str, known: Known = _NOTHING) -> Loaded:
    """Read a SPEC."""
    if is_expression(spec):
        return Loaded(Schedule(spec))
    if spec.endswith(KINDS) and is_there(spec):
        return Loaded(saved_file(Path(spec)).schedule(check=True))
    path = Path(spec)
    if spec != "-" and (known.kind is not None or path.suffix.lower() in _configs()):
        return _config(spec, None, known)
    return _of_text(spec, _read(spec), known)


def side(spec: str, known: Known = _NOTHING) -> Path | Schedule | Groups:
    """Read what `diff` compares: a SPEC, a .npy file, or Groups."""
    if spec.endswith(".npy"):
        return Path(spec)
    if not is_expression(spec) and Path(spec).suffix.lower() not in _configs():
        text = _read(spec)
        content = _mapping(text)
        if content is not None and "groups" in content:
            from glidepath.groups import Groups  # noqa: PLC0415 (slow to import, and seldom needed)

            try:
                return Groups.from_json(text)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{_named(spec)}: {error}") from None
        return _of_text(spec, text, known).schedule
    return load(spec, known).schedule


def is_expression(spec: str) -> bool:
    """Whether a SPEC is an expression: what has a bracket and is not the name of a file."""
    return "(" in spec and not is_there(spec)


def _configs() -> tuple[str, ...]:
    """Return the suffixes of configs that cannot be a schedule of glidepath's."""
    from glidepath.configs._files import SUFFIXES  # noqa: PLC0415 (slow to import, and seldom needed)

    return tuple(suffix for suffix in SUFFIXES if suffix != ".json")


def _of_text(spec: str, text: str, known: Known) -> Loaded:
    """Read an expression, a schedule in JSON, or a config in JSON."""
    content = _mapping(text)
    if content and not {"glidepath", "schedule"} & content.keys():
        return _config(spec, text, known)
    try:
        schedule = Schedule(text)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{_named(spec)}: {error}") from None
    about = str((content or {}).get("about", ""))
    return Loaded(schedule, "".join(c if c.isprintable() or c == "\n" else " " for c in about))


def _config(spec: str, text: str | None, known: Known) -> Loaded:
    from glidepath.configs._files import parsed  # noqa: PLC0415 (the same)
    from glidepath.configs._read import checked_known, of_values  # noqa: PLC0415 (the same)

    path = Path(spec)
    values = parsed(path if text is None else path.with_suffix(".json"), text)
    reading = of_values(values, _named(spec), path.parent, known.kind, checked_known(known.values), known.spare)
    if known.which not in reading.schedules:
        has = ", ".join(reading.schedules)
        raise ValueError(f"`--of`: got {known.which}; {_named(spec)} has {has}. Take one of them.")
    chosen = reading.schedules[known.which]
    peak = reading.peak if known.which == "lr" else None
    config = replace(reading, schedules={**reading.schedules, "lr": chosen}, peak=peak)
    return Loaded(chosen, reading.summary(), reading.steps, config)


def _mapping(text: str) -> dict[str, Any] | None:
    """Return what a JSON text holds if it is a mapping."""
    with contextlib.suppress(ValueError, RecursionError):
        content = json.loads(text.lstrip("\ufeff")) if text.lstrip("\ufeff \t\r\n").startswith("{") else None
        return content if isinstance(content, dict) else None
    return None


def _read(spec: str) -> str:
    """Return the text of a file, or of standard input."""
    if spec == "-" and sys.stdin is None:
        raise ValueError("standard input: closed. Name a file, or send the JSON through a pipe.")
    try:
        content = standard_input() if spec == "-" else contents(Path(spec))
        return content.decode("utf-8")
    except OSError as error:
        raise ValueError(f"{_named(spec)}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        rule = f"byte {error.start} is not UTF-8; a spec is a text. Check that it is the right file."
        raise ValueError(f"{_named(spec)}: {rule}") from None


def _named(spec: str) -> str:
    return "standard input" if spec == "-" else spec
