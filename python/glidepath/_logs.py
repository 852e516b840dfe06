"""Reads the learning rates that a run has logged: trainer_state.json, CSV, JSON lines, TensorBoard's event files."""

from __future__ import annotations

import csv
import importlib
import io
import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from glidepath._arguments import LAST_STEP, cut, refusal
from glidepath._contents import contents, regular
from glidepath._parsing import doubled, json_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Log", "Row", "log_of", "read_log"]

_STEPS = re.compile(r"(?:train(?:er)?/)?(?:global_)?step|_step|Step|current_steps|iteration|iter|update|num_updates")
_RATES = re.compile(r"(?:.* - )?(?:[\w.-]+/)?(?:lr|learning[-_]rate)(?:[-/_].*)?")
_OTHERS = re.compile(r".*(?:momentum|weight_decay|scheduler|__MIN|__MAX)")  # of Lightning's monitor, and W&B's export
_MOST_COLUMNS = 20  # that are compared
_NOTHING = {"", "none", "null"}
_TABLES = {".csv": ",", ".tsv": "\t"}
_CUT = "the last row is cut off, and was left out"


@dataclass(frozen=True)
class Row:
    """A logged rate."""

    step: int
    value: float
    precision: float
    """Half of the last digit that the log has."""


@dataclass(frozen=True)
class Log:
    """The logged rates, in the order of the file."""

    rows: list[Row]
    known: dict[str, int] = field(default_factory=dict)
    """What the log says about the run: its ``steps``."""
    odd: list[tuple[int, str]] = field(default_factory=list)
    """The steps of rates that are not finite, and what is written there."""
    notes: list[str] = field(default_factory=list)
    """What was left out."""


@dataclass
class _Table:
    """What a file holds: its columns by name, where a cell without a value is None."""

    names: list[str]
    column: Callable[[str], list[Any]]
    known: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    last: str | None = None
    """The column in which the file may be cut off."""


def read_log(path: Path, step_column: str | None = None, rate_column: str | None = None) -> Log:
    """Read a log. Raises `ValueError` where no column can be the rate, or several can, and for what is no log."""
    try:
        if path.is_dir():
            found = [one for one in path.iterdir() if ".tfevents." in one.name]
            if len(found) != 1:
                rule = "a folder must have one event file of TensorBoard"
                raise ValueError(refusal(str(path), f"{len(found)} of them", rule, "Name the file."))
            return read_log(found[0], step_column, rate_column)
        if ".tfevents." in path.name:
            return _of_events(path, rate_column)
        text = contents(path, way_out="Keep every tenth row.").decode("utf-8-sig")
        table = _separated(path, text) if path.suffix.lower() in _TABLES else _of_records(path, text)
        rate = _column(path, "rate", table, rate_column)
        return _log(path, _column(path, "step", table, step_column, rate), rate, table)
    except (RecursionError, ArithmeticError, csv.Error, UnicodeDecodeError) as error:
        reason = "too many levels inside one another" if isinstance(error, RecursionError) else error
        raise ValueError(f"{path}: not a log that can be read: {reason}. Check that it is the right file.") from None


def log_of(pairs: Iterable[tuple[int, float]]) -> Log:
    """Return the log that pairs of a step and a rate are."""
    rows = list(pairs)
    columns: dict[str, list[Any]] = {"step": [step for step, _ in rows], "rate": [rate for _, rate in rows]}
    return _log("the log", "step", "rate", _Table(list(columns), columns.__getitem__))


# ---------------------------------------------------------------------------------------------------------- the files


def _separated(path: Path, text: str) -> _Table:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_TABLES[path.suffix.lower()]))
    names = [name.strip() for name in rows.pop(0)] if rows else []
    cut_off, notes = bool(rows) and not text.endswith("\n"), []
    if cut_off and len(rows[-1]) < len(names):
        notes.append(_CUT)
        rows.pop()

    def column(name: str) -> list[Any]:
        if names.count(name) > 1:
            raise doubled(path, name)
        place = names.index(name)
        return [row[place] if place < len(row) and row[place].strip().lower() not in _NOTHING else None for row in rows]

    return _Table(names, column, {}, notes, names[-1] if cut_off and not notes else None)


def _of_records(path: Path, text: str) -> _Table:
    """Read JSON lines, a list of records, or a trainer_state.json."""
    notes: list[str] = []
    whole: Any = _lines(path, text, notes) if path.suffix != ".json" or _is_lines(text) else _json(path, text, notes)
    records = whole.get("log_history") if isinstance(whole, dict) else whole
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        rule = "it must be a trainer_state.json, a list of records, a .csv, JSON lines, or an event file of TensorBoard"
        raise ValueError(refusal(str(path), "something else", rule, "Check that it is the right file."))
    steps = whole.get("max_steps") if isinstance(whole, dict) else None
    known = {"steps": steps} if isinstance(steps, int) and steps > 0 else {}

    def column(name: str) -> list[Any]:
        return [None if str(record.get(name, "")).strip().lower() in _NOTHING else record[name] for record in records]

    return _Table(list({key: None for record in records for key in record}), column, known, notes)


def _is_lines(text: str) -> bool:
    """Whether each line is JSON by itself, as mmengine and detectron2 write it into a .json file."""
    lines = text.strip().split("\n")
    return len(lines) > 1 and lines[0].startswith("{") and lines[0].rstrip().endswith("}")


def _lines(path: Path, text: str, notes: list[str]) -> list[Any]:
    lines = text.rstrip().split("\n")
    if lines[-1].startswith("{") and not lines[-1].endswith("}"):  # the program was killed while it wrote
        notes.append(_CUT)
        lines.pop()
    return [json_of(f"{path}: line {at}", line, Decimal) for at, line in enumerate(lines, 1) if line.strip()]


def _json(path: Path, text: str, notes: list[str]) -> Any:  # noqa: ANN401 (what JSON holds)
    try:
        return json_of(str(path), text, Decimal)
    except ValueError as error:
        records = text[: text.rfind("},") + 1]  # those before the last
        if not records or "not JSON" not in str(error):
            raise
        with suppress(ValueError):
            whole = json_of(str(path), records + ("]}" if records.startswith("{") else "]"), Decimal)
            notes.append("the end of the file is cut off, and was left out")
            return whole
        raise


def _of_events(path: Path, tag: str | None) -> Log:
    """Read the scalars of a tag, by TensorBoard's own reader. It has float32 values."""
    try:
        module = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    except ImportError as error:
        raise ImportError(
            f"{path}: needs tensorboard, which is not installed. Run `pip install tensorboard`."
        ) from error
    reader = module.EventAccumulator(str(regular(path)), size_guidance={module.SCALARS: 0, module.TENSORS: 0})
    reader.Reload()
    scalars = dict.fromkeys(reader.Tags()["scalars"], reader.Scalars)
    scalars |= dict.fromkeys(reader.Tags()["tensors"], reader.Tensors)

    def column(name: str) -> list[Any]:
        found = [event.value if hasattr(event, "value") else _of_tensor(event) for event in scalars[name](name)]
        return [f"{value:.9g}" for value in found]  # the digits of a float32

    name = _column(path, "rate", _Table(list(scalars), column), tag)
    steps = [event.step for event in scalars[name](name)]
    return _log(path, "step", name, _Table([name], lambda one: column(one) if one == name else steps))


def _of_tensor(event: Any) -> float:  # noqa: ANN401 (TensorBoard's)
    tensors = importlib.import_module("tensorboard.util.tensor_util")
    return float(tensors.make_ndarray(event.tensor_proto))


# ---------------------------------------------------------------------------------------------- the columns, and rows


def _column(path: Path, what: str, table: _Table, given: str | None, rate: str | None = None) -> str:
    """Return the name of a column: as given, or the one of the usual names. For the step, ``rate`` is the other."""
    known = ", ".join(table.names)
    if given is not None:
        if given not in table.names:
            raise ValueError(
                refusal(f"{what}_column", repr(given), f"{path} has {cut(known, 300)}", "Take one of them.")
            )
        return given
    usual = _RATES if what == "rate" else _STEPS
    found = [name for name in table.names if usual.fullmatch(name) and not _OTHERS.match(name)]
    way_out = f"Pass `{what}_column=`, or `--{what}-column` to the command."
    if not found:
        raise ValueError(refusal(str(path), cut(known, 300) or "no column", f"none of them is the {what}", way_out))
    if len(found) > 1:
        counts = None if rate is None else table.column(rate)
        columns = [_where(table.column(name), counts) for name in found[:_MOST_COLUMNS]]
        if len(found) > _MOST_COLUMNS or any(column != columns[0] for column in columns):
            raise ValueError(refusal(str(path), cut(", ".join(found), 300), f"each may be the {what}", way_out))
    return found[0]


def _where(column: list[Any], counts: list[Any] | None) -> list[Any]:
    """Return the cells of the rows that count."""
    return column if counts is None else [cell for cell, one in zip(column, counts, strict=True) if one is not None]


def _log(path: Path | str, step: str, rate: str, table: _Table) -> Log:
    """Take the rows that have both, a step and a rate."""
    taken: list[tuple[int, Decimal]] = []
    odd: list[tuple[int, str]] = []
    steps, rates = table.column(step), table.column(rate)
    count = len(rates)
    if count and table.last in (step, rate) and _is_cut((steps if table.last == step else rates)[-2:]):
        table.notes.append(_CUT)
        count -= 1
    for place in range(count):
        if rates[place] is None or steps[place] is None:
            continue
        where = f"{path}: row {place + 1}"
        at, value = _number(f"{where}: {step}", steps[place]), _number(f"{where}: {rate}", rates[place])
        if not (at.is_finite() and at == at.to_integral_value() and 0 <= at <= LAST_STEP):
            rule = "a step is a whole number from 0 to 2**53"
            raise ValueError(refusal(f"{where}: {step}", steps[place], rule, "Correct it."))
        if value.is_finite() and math.isfinite(float(value)):
            taken.append((int(at), value))
        else:
            odd.append((int(at), cut(str(rates[place]).strip(), 60)))
    if not (taken or odd):
        rule = f"no row has both, `{step}` and `{rate}`"
        raise ValueError(refusal(str(path), f"{len(rates):,} rows", rule, "Check the columns."))
    rows = [Row(at, float(value), precision) for (at, value), precision in zip(taken, _precisions(taken), strict=True)]
    return Log(rows, table.known, odd, table.notes)


def _is_cut(cells: list[Any]) -> bool:
    """Whether the last cell of a file that does not end with a line's end may be a part of a number."""
    texts = [str(cell or "").strip() for cell in cells]
    try:
        Decimal(texts[-1])
    except InvalidOperation:
        return True
    return len(texts[-1]) < len(texts[0])


def _precisions(taken: list[tuple[int, Decimal]]) -> list[float]:
    """Return half of the last digit of each value.

    A log writes all rates with as many digits, or with as many decimals. So its last digit is that of the value that
    has most: a program that writes 0.1 beside 0.09499999999999997 has not rounded the 0.1.
    """
    digits = max((len(value.as_tuple().digits) for _, value in taken), default=1)
    if digits == 1:  # 0.1 and 1e-4: nothing tells that they were rounded
        return [0.0] * len(taken)
    last = min(int(value.as_tuple().exponent) for _, value in taken)
    return [0.5 * float(max(Decimal(10) ** last, Decimal(10) ** (value.adjusted() - digits + 1))) for _, value in taken]


def _number(place: str, value: object) -> Decimal:
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(refusal(place, repr(value), "it must be a number", "Correct it.")) from None
