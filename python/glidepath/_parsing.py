"""Parses Python text without the warnings of its compiler, which are about code that nobody runs."""

from __future__ import annotations

import ast
import threading
import warnings
from typing import Any

__all__ = ["parsed"]

_LOCK = threading.Lock()  # `catch_warnings` changes the filters of the whole process


def parsed(source: str | bytes, mode: str = "exec") -> Any:  # noqa: ANN401 (a module or an expression)
    """Return the syntax tree. A text such as ``1or 2`` is read in silence."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, mode=mode)
