"""Reads and writes a safetensors file: one tensor, named `lr`, and a text in the file's metadata, under `glidepath`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from glidepath._output import named, replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["KEY", "RULE", "SUFFIX", "read_tensor", "write_tensor"]

SUFFIX = ".safetensors"
KEY = "glidepath"
_NAME = "lr"
RULE = f"it must be a safetensors file with a tensor `{_NAME}` of float64 or float32, of one dimension"


def _library(path: Path) -> Any:  # noqa: ANN401 (a module)
    try:
        importlib.import_module("safetensors.numpy")
        return importlib.import_module("safetensors")
    except ImportError as error:
        way_out = "Run `pip install safetensors`, or name a .npy file."
        raise ImportError(f"{path}: needs safetensors, which is not installed. {way_out}") from error


def write_tensor(path: Path, values: Callable[[], NDArray[Any]], text: str) -> None:
    """Write the values, which are computed once the library is there. The library makes the whole file in memory."""
    library = _library(path)
    data = library.numpy.save({_NAME: values()}, metadata={KEY: text})
    with replacing(path) as file, named(path):
        file.write(data)


def read_tensor(path: Path) -> tuple[np.ndarray[Any, Any], str | None]:
    """Return the tensor, and the text if there is one."""
    library = _library(path)
    path.open("rb").close()  # an error that names the file
    try:
        with library.safe_open(path, framework="numpy") as file:
            return file.get_tensor(_NAME), (file.metadata() or {}).get(KEY)
    except (library.SafetensorError, ValueError) as error:
        way_out = "Save one with `schedule.save`."
        raise ValueError(f"{path}: {RULE} ({str(error).rstrip('.')}). {way_out}") from None
