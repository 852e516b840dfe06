"""`mindspore.experimental.optim` with glidepath's `lr_scheduler`: all else, `SGD` or `Adam`, is MindSpore's own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glidepath.mindspore._forward import forwarded

if TYPE_CHECKING:
    from glidepath.mindspore.experimental.optim import lr_scheduler

__all__ = ["lr_scheduler"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        return forwarded(__name__, name)
    return import_module("glidepath.mindspore.experimental.optim.lr_scheduler")


def __dir__() -> list[str]:
    return __all__
