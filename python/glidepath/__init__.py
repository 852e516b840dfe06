"""Learning-rate schedules as immutable objects: built once, evaluated in Rust, the same bits on every machine.

A schedule is a pure function of the step. A leaf is a formula. ``then`` puts one schedule after another. Arithmetic
combines schedules at each step. Every value is the exact real value, correctly rounded:

>>> import glidepath as gp
>>> lr = gp.linear(0.0, 8e-05, 8_000) >> gp.cosine(8e-05, 8e-07, 1_200_000)
>>> lr[0], lr[8_000], lr[1_208_000]
(0.0, 8e-05, 8e-07)
>>> lr.array(5, start=7_998, dtype="float32").shape
(5,)
"""

import importlib
from typing import TYPE_CHECKING

from glidepath import _launch

if _launch.is_command():
    _launch.exit_on_interrupt()  # before the slow imports: numpy takes most of the time of a short command

from glidepath import _core, composites
from glidepath._core import *  # noqa: F403 (its `__all__` is made from the declarations of the leaves)
from glidepath._core import __version__
from glidepath.composites import *  # noqa: F403 (its `__all__` lists the names)

if TYPE_CHECKING:
    from glidepath.auditing import Audit, audit
    from glidepath.checking import Finding, check
    from glidepath.clock import Clock
    from glidepath.comparison import Comparison, compare
    from glidepath.configs import Reading, read
    from glidepath.conversion import Conversion, ConversionError, convert
    from glidepath.groups import Group, Groups, Param
    from glidepath.rehearsal import rehearse

__all__ = [
    "Audit",
    "Clock",
    "Comparison",
    "Conversion",
    "ConversionError",
    "Finding",
    "Group",
    "Groups",
    "Param",
    "Reading",
]
__all__ += ["__version__", "audit", "check", "compare", "convert", "read", "rehearse"]
__all__ += _core.__all__
__all__ += composites.__all__

_MODULES = {
    "auditing": ["Audit", "audit"],
    "checking": ["Finding", "check"],
    "clock": ["Clock"],
    "comparison": ["Comparison", "compare"],
    "configs": ["Reading", "read"],
    "conversion": ["Conversion", "ConversionError", "convert"],
    "groups": ["Group", "Groups", "Param"],
    "rehearsal": ["rehearse"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import the module of a name when it is first used. With all of them, the import takes five times as long."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"glidepath.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
