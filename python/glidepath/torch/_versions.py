"""What differs between versions of PyTorch. Only this file knows of versions.

The code of torch 2.4 to 2.15 was read, and each minor version's steps were compared. What changed on the way:

    2.5     `eta_min` is 0.0 by default; it was 0.
    2.6     SequentialLR takes back the first steps by `recursive_undo`; before, it takes one epoch off each scheduler.
    2.7     `verbose` is gone; from 2.4 to 2.6 it is deprecated, is kept as an attribute, and prints nothing.
    2.8     The first step is known by a mark; before, every step onto epoch 0 is taken for the first.
    2.9     SequentialLR starts a later scheduler by `_update_lr(0)`; before, by `step(0)`, which counts and warns.
    2.10    Rates that are tensors are copied where they are noted; before, one tensor can stand in several places.
            SWALR notes its `anneal_strategy`.
    2.13    SequentialLR starts with the scheduler that rules at epoch 0; before, with the first in any case.

The steps of 2.10 to 2.15 are the same code. For what can be seen (a method, a parameter), this file looks at torch
itself and not at the number: builds between two releases have some of the changes only.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import torch

from glidepath._arguments import refusal

OLDEST = (2, 4)
NEWEST = (2, 15)
"""The newest version whose code was read."""

_NUMBERS = re.match(r"(\d+)\.(\d+)(\.\d+)?(\+.*)?(.*)", torch.__version__)
if _NUMBERS is None:
    raise ImportError(f"`glidepath.torch`: got PyTorch {torch.__version__!r}, which is no version. Install a release.")
RELEASE = int(_NUMBERS[1]), int(_NUMBERS[2])
if RELEASE < OLDEST:
    raise ImportError(
        refusal(
            "glidepath.torch",
            f"PyTorch {torch.__version__}",
            "it must be 2.4 or newer",
            "Run `pip install --upgrade torch`.",
        )
    )
IS_READ = RELEASE <= NEWEST and not _NUMBERS[5]
"""Whether this is a release that was read, and neither a newer one nor a build between two."""

from torch.optim import lr_scheduler, swa_utils  # noqa: E402  # torch before 2.0 has other names there

# First version from which a rule in Rust makes the step that torch's class makes, of rates that are Python floats. The
# step onto epoch 0 is torch's in any case.
STEPS_SINCE = {
    "StepLR": (2, 4),
    "MultiStepLR": (2, 4),
    "ConstantLR": (2, 4),
    "LinearLR": (2, 4),
    "ExponentialLR": (2, 4),
    "PolynomialLR": (2, 4),
    "CosineAnnealingLR": (2, 4),
    "CosineAnnealingWarmRestarts": (2, 4),
    "CyclicLR": (2, 4),
    "OneCycleLR": (2, 4),
    "SWALR": (2, 10),
    "SequentialLR": (2, 9),
    "ChainedScheduler": (2, 10),
}
# The same of rates that are tensors. Before, none is taken to Rust.
TENSORS_SINCE = (2, 10)

# The text of what the steps of 2.13 to 2.15 run, by which a version that was not read is known. Of the five minor
# versions after 2.10, four left all of these texts as they were, so this serves most versions until they are read.
DIGESTS = {
    "StepLR": "b0bbf5bb61e83cc7",
    "MultiStepLR": "828dd9c704b71803",
    "ConstantLR": "e5e9aa9d763654a4",
    "LinearLR": "a482be3355014e6f",
    "ExponentialLR": "d2f4b96cebc9d63f",
    "PolynomialLR": "197322c35b07d726",
    "CosineAnnealingLR": "76e56303d251c466",
    "CosineAnnealingWarmRestarts": "7934232c7d10de3b",
    "CyclicLR": "d6439cbb08aafc5e",
    "OneCycleLR": "3effbd84054486b2",
    "SWALR": "401a216ee6edcd88",
    "SequentialLR": "7fa48385cb706412",
    "ChainedScheduler": "384c985f3a70a540",
}

# What torch's constructors have.
_PARAMETERS = inspect.signature(lr_scheduler.LRScheduler).parameters
HAS_VERBOSE = "verbose" in _PARAMETERS
VERBOSE: Any = _PARAMETERS["verbose"].default if HAS_VERBOSE else False
ETA_MIN: float = inspect.signature(lr_scheduler.CosineAnnealingLR).parameters["eta_min"].default
HAS_MARK = hasattr(lr_scheduler.LRScheduler, "_is_initial")
HAS_UPDATE_LR = hasattr(lr_scheduler.LRScheduler, "_update_lr")
HAS_UNDO = hasattr(lr_scheduler.SequentialLR, "recursive_undo")


def digest(name: str) -> str:
    """Digest the text of all that a step of this class can run: its methods, its base's, and the modules' helpers.

    Empty where there is no text to read. It takes some 50 ms, and only a version that was not read is digested.
    """
    own = _texts(swa_utils if name == "SWALR" else lr_scheduler)
    shared = _texts(lr_scheduler)
    if not shared or not own:
        return ""
    parts = [own.get(name, []), shared.get("LRScheduler", []), shared[""]]
    return hashlib.sha256("\n".join(text for part in parts for text in part).encode()).hexdigest()[:16]


@cache
def _texts(module: ModuleType) -> dict[str, list[str]]:
    """Return the text of each method by its class's name, and under "" that of what the module has for itself."""
    try:
        text = inspect.getsource(module)
    except (OSError, TypeError):
        return {}
    lines, found = text.splitlines(), dict[str, list[str]]({"": []})
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef):
            continue
        is_public = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        parts = [part for part in node.body if isinstance(part, ast.FunctionDef)] if is_public else [node]
        into = found.setdefault(node.name if is_public else "", [])
        into += ["\n".join(lines[part.lineno - 1 : part.end_lineno]) for part in parts]
    return found


@cache
def is_known(name: str) -> bool:
    """Whether the code of torch's class of this name is known: read, or with the text of what was read."""
    return IS_READ or digest(name) == DIGESTS.get(name, "?")


def steps(name: str) -> bool:
    """Whether a class's steps are made in Rust. If not, torch's own `step` makes them."""
    return name in STEPS_SINCE and is_known(name) and STEPS_SINCE[name] <= RELEASE


def looks_ahead(scheduler: Any, *, seeks: bool = False, goes_on: bool = False) -> bool:
    """Whether the rules in Rust give the rates of this torch's steps, of a scheduler and of all that it holds.

    To seek writes `_step_count` as well, which depends on how SequentialLR starts a later scheduler. A look ahead that
    goes on from the present state can meet a step onto epoch 0 that is not the first, if `last_epoch` was set by hand.
    """
    if goes_on and not HAS_MARK and _is_before_epoch_0(scheduler):
        return False
    held = list(_all(scheduler))
    if not all(is_known(_torchs_name(one)) for one in held):
        return False
    if RELEASE < TENSORS_SINCE and any(
        isinstance(group["lr"], torch.Tensor) for group in scheduler.optimizer.param_groups
    ):
        return False
    sequences = [one for one in held if hasattr(one, "_milestones")]
    if RELEASE < (2, 13) and any(bisect_right(one._milestones, 0) for one in sequences):
        return False
    return HAS_UPDATE_LR or not (sequences and seeks)


def _is_before_epoch_0(scheduler: Any) -> bool:
    """Whether the next step can be a leaf's step onto epoch 0 or before. If it cannot be told, it can."""
    try:
        if hasattr(scheduler, "_milestones"):
            # The schedulers after the one that rules are started by `step(0)`, whose rates are the same everywhere.
            ruling = scheduler._schedulers[bisect_right(scheduler._milestones, scheduler.last_epoch + 1)]
            return _is_before_epoch_0(ruling)
        if hasattr(scheduler, "_schedulers"):
            return any(map(_is_before_epoch_0, scheduler._schedulers))
        return bool(scheduler.last_epoch < 0)
    except (AttributeError, IndexError, TypeError):
        return True


def check_start(place: str, scheduler: Any) -> None:
    """Refuse a scheduler whose start is lost."""
    has_tensor = any(isinstance(group["lr"], torch.Tensor) for group in scheduler.optimizer.param_groups)
    if RELEASE < TENSORS_SINCE and has_tensor and any(hasattr(one, "_milestones") for one in _all(scheduler)):
        msg = (
            f"`{place}`: got a SequentialLR of rates that are tensors. Before torch 2.10 its steps change the initial "
            "rates too, so its start is lost. Load its state, or make the rates floats."
        )
        raise TypeError(msg)


def _all(scheduler: Any) -> Iterator[Any]:
    yield scheduler
    for child in getattr(scheduler, "_schedulers", ()):
        yield from _all(child)


def _torchs_name(scheduler: object) -> str:
    """Return the name of the class of torch's from which a scheduler's class is derived."""
    modules = (lr_scheduler.__name__, swa_utils.__name__)
    return next((cls.__name__ for cls in type(scheduler).__mro__ if cls.__module__ in modules), "")


def noted(lr: Any) -> Any:
    """Return a group's rate as a step notes it in `_last_lr`: a copy of a tensor, and before 2.10 the tensor itself."""
    return lr.clone() if isinstance(lr, torch.Tensor) and RELEASE >= TENSORS_SINCE else lr


def first_of(sequence: Any) -> Any:
    """Return the scheduler with which a SequentialLR starts."""
    return sequence._schedulers[bisect_right(sequence._milestones, 0) if RELEASE >= (2, 13) else 0]


@contextmanager
def taken_back(schedulers: Any) -> Iterator[None]:
    """Let the constructor of SequentialLR start every scheduler anew, also before 2.6: there it takes one epoch off."""
    given = list(schedulers) if isinstance(schedulers, list | tuple) and not HAS_UNDO else []
    before = [(one, one.last_epoch) for one in given if isinstance(one, lr_scheduler.LRScheduler)]
    for one, _ in before:
        one.last_epoch = 0
    try:
        yield
    except BaseException:
        for one, epoch in before:
            one.last_epoch = epoch
        raise
