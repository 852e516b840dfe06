"""What is MindSpore's own, under glidepath's paths."""

from importlib import import_module
from typing import Any


def forwarded(module: str, name: str) -> Any:
    """Find what is no learning rate, `Cell` or `Momentum`, where MindSpore has it: in its module of the same name."""
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
