"""What was read out of a config file, and how a reader asks the file for it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import numpy as np

from glidepath._arguments import LAST_STEP, as_int, cut, refusal
from glidepath._core import Schedule, _shown, replay
from glidepath._parsing import json_of
from glidepath.dialects._declare import Entry, entry

__all__ = ["KNOWN", "NOTHING", "Job", "Reading", "Unread", "Words", "format_of", "formats"]

T = TypeVar("T")

KNOWN = {
    "steps": "the updates of the run",
    "steps_per_epoch": "the updates of an epoch",
    "learning_rate": "the base or peak rate",
    "warmup_steps": "the updates of the warm-up",
    "batch_size": "the samples of an update, over all processes",
    "world_size": "the number of processes",
    "deepspeed": "the DeepSpeed file, or its content",
}
"""What a file may leave open, by the name under which `read` takes it."""

_ASK: Any = object()
_REFERENCE = re.compile(r"\$\{(\w[\w.]{,200})\}")  # `${.a}` is relative to its section: it is left open
_OPEN = {"auto", "???"}
_MOST_REFERENCES = 8
_LONGEST = 600
_MOST_VALUES = 100_000
_DIVISORS = ("gradient_accumulation_steps", "grad_accum_steps")


@dataclass(frozen=True)
class Finding:
    """What is odd about a schedule or a config.

    >>> import glidepath as gp
    >>> print(gp.check(gp.linear(0.0, 0.1, 10), steps=10)[0])
    step 0: first-zero: the first update has rate 0. Write `schedule.skip(1)`, or begin above 0.
    """

    code: str
    """One of `glidepath.checking.CODES`."""
    text: str
    step: int | None = None
    """Where it is; None if it is about the file."""
    fix: str = ""
    """What to do."""

    def __str__(self) -> str:
        where = "" if self.step is None else f"step {self.step:,}: "
        return f"{where}{self.code}: {self.text}. {self.fix}".rstrip()


@dataclass(frozen=True)
class Reading:
    """The schedules that a config file describes.

    >>> import glidepath as gp
    >>> reading = gp.read({"learning_rate": 0.1, "lr_scheduler_type": "constant", "max_steps": 10})
    >>> reading.schedule, reading.steps, reading.kind
    (gp.constant(0.1), 10, 'hf')
    """

    schedules: Mapping[str, Schedule]
    """By hyper-parameter: ``lr``, and ``momentum`` and ``weight_decay`` where the file has them. Step k is update k."""
    source: str
    """The file, the key in it that decides, and the library whose rules were followed."""
    kind: str
    """The kind of the file, one of :func:`glidepath.configs.kinds`."""
    steps: int | None = None
    """The updates of the run; None if the file does not say."""
    derived: Mapping[str, str] = field(default_factory=dict)
    """What follows from the file, and how it was rounded: the steps, the warm-up, ..."""
    warnings: Sequence[Finding] = ()
    """What may surprise: a file that another overrides, two warm-ups, ..."""
    peak: float | None = None
    """The base or peak rate."""
    divisors: Mapping[str, int] = field(default_factory=dict)
    """The numbers by which a length can be too long: the accumulation of gradients, the processes."""

    @property
    def schedule(self) -> Schedule:
        """The schedule of the learning rate."""
        return self.schedules["lr"]

    def __str__(self) -> str:
        return _table(self.source, [(name, repr(one)) for name, one in self.schedules.items()] + self._notes())

    def summary(self) -> str:
        """Return the source, what follows from the file, and the warnings, without the schedules."""
        others = ", ".join(name for name in self.schedules if name != "lr")
        return _table(self.source, self._notes() + ([("also", others)] if others else []))

    def _notes(self) -> list[tuple[str, str]]:
        return [*self.derived.items(), *(("warning", f"{one.text}. {one.fix}".rstrip()) for one in self.warnings)]


def _table(first: str, rows: list[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([first, *(f"{name:{width}}  {text}" for name, text in rows)])


class Words(str):
    """What a message shows without quotes, because it is not a value of the file."""

    __slots__ = ()


NOTHING = Words("nothing")


@dataclass(frozen=True)
class Unread:
    """A value that only running the file would tell."""

    text: str | Callable[[], str]
    """The code, or what makes it: that takes long for much code, and few are shown."""

    @property
    def code(self) -> str:
        return self.text if isinstance(self.text, str) else self.text()

    def __repr__(self) -> str:
        return self.code


@dataclass
class Job:
    """A file that is being read: what it holds, what the caller knows, and what was found out."""

    values: Mapping[str, Any]
    name: str = ""
    """Of the file, for messages."""
    folder: Path = field(default_factory=Path)
    known: Mapping[str, Any] = field(default_factory=dict)
    spare: frozenset[str] = frozenset()
    """Names in `known` that do not count where the file says something else."""
    key: str = ""
    """The key that decides which schedule it is."""
    library: str = ""
    """Whose rules are followed."""
    steps: int | None = None
    derived: dict[str, str] = field(default_factory=dict)
    warnings: list[Finding] = field(default_factory=list)
    peak: float | None = None
    _visited: int = 0

    # ------------------------------------------------------------------------------------------------ what it holds

    def raw(self, path: str) -> Any:  # noqa: ANN401 (whatever the file holds)
        """Return what stands under a path such as ``optimizer.params.lr``, or None."""
        value: Any = self.values
        for part in path.split(".") if path else []:
            if isinstance(value, Sequence) and not isinstance(value, str) and part.isdigit():
                value = value[int(part)] if int(part) < len(value) else None
            else:
                value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def has(self, *paths: str) -> bool:
        """Whether all these paths have a value."""
        return all(self.raw(path) is not None for path in paths)

    def settled(self, path: str) -> bool:
        """Whether a path has a value that is not left open."""
        return self.has(path) and not _is_open(self._dereferenced(self.raw(path)))

    def first(self, *paths: str) -> str:
        """Return the first path that has a value, or the first of all."""
        return next((path for path in paths if self.has(path)), paths[0])

    def keys(self, path: str) -> list[str]:
        """Return the keys of a mapping, or none if it is not there."""
        value = self.raw(path)
        if value is not None and not isinstance(value, Mapping):
            self.refuse(path, value, "it must be a mapping", "Correct it.")
        return [str(key) for key in value or {}]

    def value(self, path: str) -> Any:  # noqa: ANN401 (a value of any type)
        """Read a value of any type, in which nothing is left open; None if it is not there."""
        return self._resolved(path, self.raw(path))

    def number(self, path: str, default: float = _ASK, known: str = "") -> float:
        """Read a finite number. Without a default and a known value, it is asked for."""
        return self._read(path, default, known, self._as_number)

    def fraction(self, path: str, default: float = _ASK) -> float:
        """Read a number from 0 to 1."""
        value = self.number(path, default)
        if not 0.0 <= value <= 1.0:
            self.refuse(path, self.raw(path), "it must be from 0 to 1", "Correct it.")
        return value

    def whole(self, path: str, default: int = _ASK, known: str = "", least: int = 0) -> int:
        """Read a number of steps, or another whole number."""

        def as_whole(place: str, value: object) -> int:
            number = self._as_number(place, value)
            if not (number.is_integer() and least <= number <= LAST_STEP):
                self.refuse(place, value, f"it must be a whole number from {least} to 2**53", "Correct it.")
            exact = as_int(as_written(value))
            if exact is not None and exact > LAST_STEP:
                self.refuse(place, value, f"it must be a whole number from {least} to 2**53", "Correct it.")
            return int(number) if exact is None else exact

        return self._read(path, default, known, as_whole)

    def text(self, path: str, default: str = _ASK, choices: Sequence[str] = ()) -> str:
        """Read a text, one of some."""

        def as_text(place: str, value: object) -> str:
            if not isinstance(value, str):
                self.refuse(place, value, "it must be a text", "Correct it.")
            if choices and value not in choices:
                self.refuse(place, value, f"it must be one of {', '.join(map(repr, choices))}", "Take one of them.")
            return value

        return self._read(path, default, "", as_text)

    def flag(self, path: str, default: bool = False) -> bool:  # noqa: FBT001, FBT002 (a default)
        """Read true or false."""

        def as_flag(place: str, value: object) -> bool:
            if not isinstance(value, bool | str) or str(value).lower() not in {"true", "false"}:
                self.refuse(place, value, "it must be true or false", "Correct it.")
            return str(value).lower() == "true"

        return self._read(path, default, "", as_flag)

    def items(self, path: str, default: list[Any] = _ASK) -> list[Any]:
        """Read a list."""

        def as_list(place: str, value: object) -> list[Any]:
            if not isinstance(value, list | tuple):
                self.refuse(place, value, "it must be a list", "Correct it.")
            return [self._resolved(f"{place}.{i}", item) for i, item in enumerate(value)]

        return self._read(path, default, "", as_list)

    def wholes(self, path: str) -> list[int]:
        """Read a list of whole numbers."""
        return [self.whole(f"{path}.{place}") for place in range(len(self.items(path)))]

    def mapping(self, path: str, default: dict[str, Any] = _ASK) -> dict[str, Any]:
        """Read a mapping, or the JSON text of one."""

        def as_mapping(place: str, value: object) -> dict[str, Any]:
            if isinstance(value, str) and value.lstrip().startswith("{"):
                value = json_of(place, value)
            if not isinstance(value, Mapping):
                self.refuse(place, value, "it must be a mapping", "Correct it.")
            return {str(key): self._resolved(f"{place}.{cut(str(key), 60)}", item) for key, item in value.items()}

        return self._read(path, default, "", as_mapping)

    def _read(self, path: str, default: T, known: str, convert: Callable[[str, object], T]) -> T:
        raw = self._dereferenced(self.raw(path))
        is_open = _is_open(raw)
        given = self.known.get(known)
        if raw is None or is_open:
            if given is not None:
                return cast("T", given)
            if default is not _ASK and not is_open:
                return default
            self.ask(known or path, path, raw)
        value = convert(path, raw)
        if given is not None and known not in self.spare and given != value:
            rule = f"the file says {_shown(raw)}, under `{path}`"
            self.refuse(known, given, rule, f"Leave `{known}` out, or change the file.")
        return value

    def _dereferenced(self, value: object) -> object:
        """Follow a reference such as ``${train.lr}`` to another value of the file."""
        for _ in range(_MOST_REFERENCES):
            match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if match is None or not self.has(match[1]):
                return value
            value = self.raw(match[1])
        return value

    def _resolved(self, place: str, value: object) -> object:
        self._visited += 1 + len(value) // 64 if isinstance(value, str) else 1
        if self._visited > _MOST_VALUES:  # aliases of YAML can stand for far more values than the file has
            self.refuse(
                place, Words("a value that repeats itself"), f"a config has at most {_MOST_VALUES:,} values", "Cut it."
            )
        value = self._dereferenced(value)
        if _is_open(value):
            self.ask(place, place, value)
        if isinstance(value, Mapping):
            return {key: self._resolved(f"{place}.{cut(str(key), 60)}", item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._resolved(f"{place}.{i}", item) for i, item in enumerate(value)]
        return as_written(value)

    def _as_number(self, place: str, value: object) -> float:
        number = as_written(value.item() if isinstance(value, np.generic) else value)
        if isinstance(number, bool) or not isinstance(number, int | float):
            self.refuse(place, value, "it must be a number", "Correct it.")
        try:
            number = float(number)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.refuse(place, value, "it must be a finite number", "Correct it.")
        return number

    # --------------------------------------------------------------------------------------------- what is found out

    def make(self, name: str, /, *key: str, **arguments: Any) -> Schedule:  # noqa: ANN401 (the schedule's own)
        """Make the schedule of a dialect, from its arguments as the file has them."""
        found = self.entry(name)
        self.by(found.name.partition(".")[0], *key)
        peak = arguments.get(found.roles.get("peak", ""))
        if found.sets == "lr" and isinstance(peak, float):
            self.peak = peak
        return self.checked(lambda: found.make(**{**found.preset, **arguments}))

    def entry(self, name: str) -> Entry:
        """Return what a name of a dialect stands for."""
        return self.checked(lambda: entry(name))

    def torch(self, name: str, key: str, base_lr: float, arguments: Mapping[str, Any]) -> Schedule:
        """Make the replay of a torch scheduler, of which the file has the class and the arguments."""
        self.by("torch", key)
        kind = cast("Any", f"torch.{name}")
        unused = [one for one in ("verbose", "last_epoch") if one == "verbose" or arguments.get(one) in (-1, None)]
        given = {one: value for one, value in arguments.items() if one not in unused}  # a dump has the defaults too
        own = {} if name == "OneCycleLR" else {"base_lr": base_lr}
        if name != "CyclicLR":  # which has a `base_lr` of its own
            self.once(name, given, base_lr="the optimizer's rate")
        return self.checked(lambda: replay(kind, **{**own, **given}))

    def once(self, place: str, given: Mapping[str, Any], **taken: str) -> None:
        """Refuse arguments that stand elsewhere in the file too: ``taken`` says which, and where."""
        for name, source in taken.items():
            if name in given:
                self.refuse(f"{place}.{name}", given[name], f"it repeats {source}", "Remove it.")

    def by(self, library: str, *key: str) -> None:
        """Note whose rules are followed, and the key that decides."""
        self.library = library
        if key:
            self.key = key[0]

    def checked(self, make: Callable[[], T]) -> T:
        """Call a function whose errors are about the file."""
        try:
            return make()
        except ArithmeticError as error:
            raise ValueError(f"{self._prefix}its numbers cannot be computed with: {error}. Correct them.") from None
        except (ValueError, TypeError) as error:
            raise type(error)(self._prefix + cut(str(error).removeprefix(self._prefix), _LONGEST)) from None

    def derive(self, name: str, value: int, how: str) -> int:
        """Note a number of steps that follows from the file, and how."""
        if value > LAST_STEP:
            self.refuse(name, value, "steps run to 2**53", "Correct what it follows from.")
        self.derived[name] = f"{value:,}{' steps' if name != 'steps' else ''}: {how}"
        if name == "steps":
            self.steps = value
        return value

    def warn(self, code: str, text: str, fix: str = "") -> None:
        """Note what may surprise."""
        self.warnings.append(Finding(code, text, fix=fix))

    def reading(self, made: Schedule | dict[str, Schedule], source: str, kind: str) -> Reading:
        """Return all that was found out."""
        schedules = {"lr": made} if isinstance(made, Schedule) else made
        if "lr" not in schedules:
            self.refuse(self.key or "source", Words("no learning rate"), "it must have one", "Read the file by hand.")
        values = {key: as_written(self.raw(key)) for key in _DIVISORS}
        divisors = {key: value for key, value in values.items() if isinstance(value, int) and 0 < value <= LAST_STEP}
        if "world_size" in self.known:
            divisors["world_size"] = self.known["world_size"]
        return Reading(schedules, source, kind, self.steps, self.derived, tuple(self.warnings), self.peak, divisors)

    def total(self, *paths: str, epochs: str = "", epochs_default: float = _ASK) -> int:
        """Return the updates of the run: under one of the paths, as known, or epochs times the updates of an epoch."""
        path = self.first(*paths) if paths else ""
        if path and self.settled(path) and self.whole(path, least=-1) > 0:  # 0 and -1 leave it open
            return self.derive("steps", self.whole(path, known="steps"), f"`{path}`")
        if (given := self.known.get("steps")) is not None:
            return self.derive("steps", given, f"`steps={given}`")
        if not epochs:
            self.ask("steps", path or "the length", self.raw(path) if path else None)
        number = self.number(epochs, epochs_default)
        per_epoch = self.per_epoch(f"`{epochs}` counts epochs")
        if not 0.0 < number <= LAST_STEP / per_epoch:
            self.refuse(epochs, self.raw(epochs), "the run must have from 1 to 2**53 updates", "Correct it.")
        return self.derive("steps", math.ceil(number * per_epoch), f"ceil({number:g} epochs * {per_epoch})")

    def per_epoch(self, why: str) -> int:
        """Return the updates of an epoch, which no file holds."""
        if self.known.get("steps_per_epoch") is None:
            self.refuse("steps_per_epoch", NOTHING, why, _pass("steps_per_epoch"))
        return cast("int", self.known["steps_per_epoch"])

    # -------------------------------------------------------------------------------------------------------- errors

    @property
    def _prefix(self) -> str:
        return f"{self.name}: " if self.name else ""

    def refuse(self, place: str, got: object, rule: str, way_out: str) -> NoReturn:
        """Raise the error about a value of the file."""
        shown = got.code if isinstance(got, Unread) else got if isinstance(got, Words) else _shown(got)
        raise ValueError(self._prefix + refusal(place, cut(str(shown), 120), rule, way_out))

    def ask(self, name: str, path: str, got: object) -> NoReturn:
        """Raise the error that asks for a value by the name under which `read` takes it."""
        what = NOTHING if got is None else got
        if name in KNOWN:
            self.refuse(path, what, f"{KNOWN[name]} must be known", _pass(name))
        self.refuse(path, what, "it must be given", "Write the value into the file.")


def _is_open(value: object) -> bool:
    return isinstance(value, Unread) or (isinstance(value, str) and (value in _OPEN or "${" in value))


def _pass(name: str) -> str:
    command = f"--{name.replace('_', '-')}" if name in {"steps", "steps_per_epoch"} else f"--set {name}="
    return f"Pass `{name}=` to `read`, or `{command}{'' if command.endswith('=') else ' N'}` to the command."


def as_written(value: object) -> object:
    """Return a number for a text that is one: YAML 1.1 takes 1e-4 for a text, because it has no point.

    >>> as_written("1e-4"), as_written("1_000"), as_written("cosine"), as_written("nan")
    (0.0001, 1000, 'cosine', 'nan')
    """
    if isinstance(value, str) and value[:1] in set("+-.0123456789"):
        for kind in (int, float):
            with suppress(ValueError):
                return kind(value)
    return value


# --------------------------------------------------------------------------------------------------- kinds of files

Reader = Callable[[Job], "Schedule | dict[str, Schedule]"]


@dataclass(frozen=True)
class Format:
    """A kind of file: how it is recognised, and how it is read."""

    name: str
    title: str
    known_by: Callable[[Job], bool]
    read: Reader


_FORMATS: dict[str, Format] = {}


R = TypeVar("R", bound=Reader)


def format_of(name: str, title: str, known_by: Callable[[Job], bool]) -> Callable[[R], R]:
    """Declare a kind of file."""

    def declare(reader: R) -> R:
        _FORMATS[name] = Format(name, title, known_by, reader)
        return reader

    return declare


def formats() -> Mapping[str, Format]:
    """Return all kinds of files."""
    return _FORMATS
