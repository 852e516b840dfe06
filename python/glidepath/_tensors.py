"""Learning rates in a safetensors file: one tensor, named `lr`, and its schedule as JSON in the file's metadata."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from glidepath._arguments import refusal
from glidepath._core import Schedule
from glidepath._output import named, replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SUFFIX", "SavedTensor", "save_tensor"]

SUFFIX = ".safetensors"
_NAME, _KEY = "lr", "glidepath"
_CHUNK = 1 << 20  # values that are compared at once
_DTYPES = ("float64", "float32")


def _library(path: Path) -> Any:  # noqa: ANN401 (a module)
    try:
        importlib.import_module("safetensors.numpy")
        return importlib.import_module("safetensors")
    except ImportError as error:
        way_out = "Run `pip install safetensors`, or name a .npy file."
        raise ImportError(f"{path}: needs safetensors, which is not installed. {way_out}") from error


def save_tensor(path: Path, values: np.ndarray[Any, Any], schedule: Schedule) -> None:
    """Write the values and their schedule. The library makes the whole file in memory."""
    data = _library(path).numpy.save({_NAME: values}, metadata={_KEY: schedule.to_json()})
    with replacing(path) as file, named(path):
        file.write(data)


class SavedTensor:
    """A safetensors file of learning rates."""

    def __init__(self, path: Path) -> None:
        library = _library(path)
        path.open("rb").close()  # an error that names the file
        self.path = path
        rule = f"it must be a safetensors file with a tensor `{_NAME}` of float64 or float32, of one dimension"
        try:
            with library.safe_open(path, framework="numpy") as file:
                values, about = file.get_tensor(_NAME), file.metadata() or {}
        except (library.SafetensorError, ValueError) as error:
            way_out = "Save one with `schedule.save`."
            raise ValueError(f"{path}: {rule} ({str(error).rstrip('.')}). {way_out}") from None
        if values.ndim != 1 or values.dtype.name not in _DTYPES:
            raise ValueError(refusal(str(path), f"{values.dtype} values of shape {values.shape}", rule))
        self._values, self._about = values, about
        self.n, self.dtype = len(values), values.dtype

    def schedule(self) -> Schedule:
        """Return the schedule in the file's metadata."""
        if _KEY not in self._about:
            way_out = f"Write `glidepath verify SPEC {self.path}` with the schedule that it may be."
            raise ValueError(f"{self.path}: no schedule is in its metadata, as `{_KEY}`. {way_out}")
        try:
            return Schedule.from_json(self._about[_KEY])
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.path}: the schedule in its metadata: {error}") from None

    def mismatch(self, schedule: Schedule, start: int, progress: Callable[[int], object]) -> str:
        """Return which value is the first that the schedule does not have, or nothing."""
        bits = f"u{self.dtype.itemsize}"
        for first in range(0, self.n, _CHUNK):
            got = self._values[first : first + _CHUNK]
            want = schedule.array(len(got), start=start + first, dtype=self.dtype)
            wrong = np.flatnonzero(got.view(bits) != want.view(bits))
            if wrong.size:
                i = int(wrong[0])
                step = start + first + i
                return f"{self.path}: differs at step {step:,}: it has {got[i]!s}, the schedule {want[i]!s}"
            progress(first + len(got))
        return ""
