"""Parses Python without the compiler's warnings, which are about code that nobody runs, and JSON whose keys differ."""

from __future__ import annotations

import ast
import json
import threading
import warnings
from typing import Any

from glidepath._arguments import cut, refusal

__all__ = ["doubled", "json_of", "parsed"]

_LOCK = threading.Lock()  # `catch_warnings` changes the filters of the whole process


def parsed(source: str | bytes, mode: str = "exec") -> Any:  # noqa: ANN401 (a module or an expression)
    """Return the syntax tree. A text such as ``1or 2`` is read in silence."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, mode=mode)


def json_of(place: str, text: str, parse_float: Any = None) -> Any:  # noqa: ANN401 (json's)
    """Return what a JSON text holds. A key that stands twice is an error; ``place`` names the text in messages."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                raise _DoubledError(key)
            values[key] = value
        return values

    try:
        return json.loads(text, object_pairs_hook=unique, parse_float=parse_float)
    except _DoubledError as error:
        raise doubled(place, error.args[0]) from None
    except ValueError as error:  # also of a number that has too many digits
        raise ValueError(f"{place}: not JSON: {error}") from None


class _DoubledError(ValueError):
    pass


def doubled(place: object, key: object) -> ValueError:
    """Return the error about a key that stands twice."""
    rule = "each key may stand once: readers differ in which value they take"
    return ValueError(refusal(str(place), f"`{cut(str(key), 60)}` twice", rule, "Remove one of the two."))
