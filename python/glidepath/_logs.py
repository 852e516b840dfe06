"""Reads the learning rates that a run has logged: trainer_state.json, CSV, JSON lines, TensorBoard's event files."""

from __future__ import annotations

import csv
import importlib
import json
import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from glidepath._arguments import LAST_STEP, cut, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Log", "Row", "log_of", "read_log"]

STEPS = (
    "step",
    "global_step",
    "_step",
    "current_steps",
    "iteration",
    "iter",
    "update",
    "num_updates",
    "trainer/global_step",
)
RATES = ("learning_rate", "lr", "train/learning_rate", "train/lr", "charts/learning_rate", "learning-rate", "lr/group0",
         "lr/pg0", "lr-0", "lr-Adam", "lr-AdamW", "lr-SGD")  # fmt: skip


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


def read_log(path: Path, step_column: str | None = None, rate_column: str | None = None) -> Log:
    """Read a log. Raises `ValueError` where no column can be the rate, and for what is no log."""
    try:
        return _read(path, step_column, rate_column)
    except (RecursionError, ArithmeticError, csv.Error, UnicodeDecodeError) as error:
        reason = "too many levels inside one another" if isinstance(error, RecursionError) else error
        raise ValueError(f"{path}: not a log that can be read: {reason}. Check that it is the right file.") from None


def _read(path: Path, step_column: str | None, rate_column: str | None) -> Log:
    if path.name.startswith("events.out.tfevents") or ".tfevents." in path.name:
        return _rows(path, _events(path, rate_column), "step", "value")
    if path.is_dir():
        found = [one for one in path.iterdir() if ".tfevents." in one.name]
        if len(found) != 1:
            rule = "a folder must have one event file of TensorBoard"
            raise ValueError(refusal(str(path), f"{len(found)} of them", rule, "Name the file."))
        return read_log(found[0], step_column, rate_column)
    if path.suffix.lower() in {".csv", ".tsv"}:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, delimiter="," if path.suffix.lower() == ".csv" else "\t")
            table: list[dict[str, Any]] = [{str(key).strip(): one for key, one in row.items()} for row in rows]
        return _rows(path, table, *_columns(path, table, step_column, rate_column))
    text = path.read_text(encoding="utf-8-sig")
    try:
        whole: Any = (
            _lines(text) if path.suffix != ".json" or _is_lines(text) else json.loads(text, parse_float=Decimal)
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None
    records = whole.get("log_history") if isinstance(whole, dict) else whole
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        rule = "it must be a trainer_state.json, a list of records, a .csv, JSON lines, or an event file of TensorBoard"
        raise ValueError(refusal(str(path), "something else", rule, "Check that it is the right file."))
    steps = whole.get("max_steps") if isinstance(whole, dict) else None
    known = {"steps": steps} if isinstance(steps, int) and steps > 0 else {}
    return _rows(path, records, *_columns(path, records, step_column, rate_column), known=known)


def log_of(pairs: Iterable[tuple[int, float]]) -> Log:
    """Return the log that pairs of a step and a rate are."""
    return _rows("the log", [{"step": step, "rate": rate} for step, rate in pairs], "step", "rate")


def _is_lines(text: str) -> bool:
    """Whether each line is JSON by itself, as mmengine and detectron2 write it into a .json file."""
    lines = text.strip().split("\n")
    return len(lines) > 1 and lines[0].startswith("{") and lines[0].rstrip().endswith("}")


def _lines(text: str) -> list[Any]:
    return [json.loads(line, parse_float=Decimal) for line in text.split("\n") if line.strip()]


def _columns(
    path: Path, records: list[dict[str, Any]], step_column: str | None, rate_column: str | None
) -> tuple[str, str]:
    """Return the names of the columns of the step and of the rate."""
    has = {str(key): None for record in records for key in record}
    return _column(path, has, "step", step_column, STEPS), _column(path, has, "rate", rate_column, RATES)


def _column(path: Path, has: Mapping[str, None], what: str, given: str | None, names: Iterable[str]) -> str:
    known = ", ".join(has)
    if given is not None:
        if given not in has:
            raise ValueError(
                refusal(f"{what}_column", repr(given), f"{path} has {cut(known, 300)}", "Take one of them.")
            )
        return given
    found = [name for name in names if name in has]
    if not found:
        way_out = f"Pass `{what}_column=`, or `--{what}-column` to the command."
        raise ValueError(refusal(str(path), cut(known, 300) or "no column", f"none of them is the {what}", way_out))
    return found[0]


def _rows(
    path: Path | str, records: Iterable[Mapping[str, Any]], step: str, rate: str, known: dict[str, int] | None = None
) -> Log:
    """Take the rows that have both, a step and a rate."""
    taken: list[tuple[int, Decimal]] = []
    count = 0
    for count, record in enumerate(records, 1):
        if record.get(rate) in (None, "") or record.get(step) in (None, ""):
            continue
        where = f"{path}: row {count}"
        at, value = _number(where, step, record[step]), _number(where, rate, record[rate])
        if not (at == at.to_integral_value() and 0 <= at <= LAST_STEP):
            rule = "a step is a whole number from 0 to 2**53"
            raise ValueError(refusal(f"{where}: {step}", record[step], rule, "Correct it."))
        taken.append((int(at), value))
    if not taken:
        rule = f"no row has both, `{step}` and `{rate}`"
        raise ValueError(refusal(str(path), f"{count:,} rows", rule, "Check the columns."))
    return Log(
        [Row(at, float(value), precision) for (at, value), precision in zip(taken, _precisions(taken), strict=True)],
        known or {},
    )


def _precisions(taken: list[tuple[int, Decimal]]) -> list[float]:
    """Return half of the last digit of each value.

    A log writes all rates with as many digits, or with as many decimals. So its last digit is that of the value that
    has most: a program that writes 0.1 beside 0.09499999999999997 has not rounded the 0.1.
    """
    digits = max(len(value.as_tuple().digits) for _, value in taken)
    if digits == 1:  # 0.1 and 1e-4: nothing tells that they were rounded
        return [0.0] * len(taken)
    last = min(int(value.as_tuple().exponent) for _, value in taken)
    return [0.5 * float(max(Decimal(10) ** last, Decimal(10) ** (value.adjusted() - digits + 1))) for _, value in taken]


def _number(where: str, column: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not (number.is_finite() and math.isfinite(float(number))):
        raise ValueError(refusal(f"{where}: {column}", repr(value), "it must be a finite number", "Correct it."))
    return number


def _events(path: Path, tag: str | None) -> Iterator[dict[str, Any]]:
    """Yield the scalars of a tag, by TensorBoard's own reader. It has float32 values."""
    try:
        module = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    except ImportError as error:
        raise ImportError(
            f"{path}: needs tensorboard, which is not installed. Run `pip install tensorboard`."
        ) from error
    reader = module.EventAccumulator(str(path), size_guidance={module.SCALARS: 0, module.TENSORS: 0})
    reader.Reload()
    tags = reader.Tags()
    scalars = [(name, reader.Scalars) for name in tags["scalars"]] + [
        (name, reader.Tensors) for name in tags["tensors"]
    ]
    name = _column(path, dict.fromkeys(name for name, _ in scalars), "rate", tag, RATES)
    for event in dict(scalars)[name](name):
        value = event.value if hasattr(event, "value") else _of_tensor(event)
        yield {"step": event.step, "value": f"{value:.9g}"}  # the digits of a float32


def _of_tensor(event: Any) -> float:  # noqa: ANN401 (TensorBoard's)
    tensors = importlib.import_module("tensorboard.util.tensor_util")
    value = float(tensors.make_ndarray(event.tensor_proto))
    return value if math.isfinite(value) else math.nan
