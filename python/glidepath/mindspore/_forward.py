"""Forwards names to MindSpore, and refuses a MindSpore that lacks one."""

import sys
from importlib import import_module
from typing import Any

from glidepath._arguments import refusal

TRIED = "2.10.0"
"""The version of MindSpore that the tests run with."""


def refuse_without(error: ImportError) -> None:
    """Raise where MindSpore was imported but lacks a name that glidepath imports: it is another version."""
    loaded = sys.modules.get("mindspore")
    if loaded is not None:
        version = getattr(loaded, "__version__", "unknown")
        raise ImportError(
            refusal(
                "mindspore",
                f"version {version}, which lacks a name that glidepath needs ({error})",
                f"glidepath is tested with {TRIED}",
                f"Install that: `pip install mindspore=={TRIED}`.",
            )
        ) from error


def forwarded(module: str, name: str) -> Any:
    """Return MindSpore's own object of that name, for names that glidepath does not define (`Cell`, `Momentum`)."""
    missing = f"module {module!r} has no attribute {name!r}"
    if name.startswith("_"):
        raise AttributeError(missing)
    try:
        theirs = import_module(module.removeprefix("glidepath."))
    except ImportError as error:
        raise AttributeError(
            f"{missing}; all but the learning rates is MindSpore's own, which cannot be imported here: "
            "`pip install mindspore`."
        ) from error
    return getattr(theirs, name)
