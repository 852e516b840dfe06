"""The optimizers of both frameworks: the options of their groups, and their defaults.

An option has its framework's name, but the learning rate, which is always ``lr``. Defaults are those of torch 2.13 and
MindSpore 2.10. ``None`` stands for an option that has no default.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from glidepath._arguments import refusal
from glidepath._core import _shown
from glidepath._recipes.options import Option, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FRAMEWORKS",
    "INERT",
    "NN_GROUP",
    "OPTIMIZERS",
    "Optimizer",
    "check",
    "framework_of",
    "known",
    "unknown_option",
]

FRAMEWORKS = ("torch", "mindspore.nn", "mindspore.experimental")
INERT = {"foreach", "fused", "capturable", "differentiable", "use_locking"}
"""They say how a step is computed, and not what it computes."""
NN_GROUP = {"lr", "weight_decay", "grad_centralization"}
"""What a group of mindspore.nn takes."""
_ADAM: dict[str, Any] = {"betas": (0.9, 0.999), "eps": 1e-8}
_BETAS: dict[str, Any] = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


@dataclass(frozen=True)
class Optimizer:
    """An optimizer's options with their defaults."""

    name: str
    defaults: Mapping[str, Any]
    alone: frozenset[str] = field(default_factory=frozenset)
    """The options that its constructor takes and a group does not: they are the same for all groups."""


def _torch(name: str, lr: float, *, weight_decay: float | None = 0, **defaults: Any) -> Optimizer:
    decay = {} if weight_decay is None else {"weight_decay": weight_decay}
    maximize = {} if name == "Muon" else {"maximize": False}
    alone = frozenset({"initial_accumulator_value"} & defaults.keys())
    return Optimizer(f"torch.{name}", {"lr": lr, **defaults, **decay, **maximize}, alone)


def _nn(name: str, lr: float | None, *, scaled: bool = True, **defaults: Any) -> Optimizer:
    scale = {"loss_scale": 1.0} if scaled else {}
    given = {"lr": lr, "weight_decay": 0.0, "grad_centralization": False, **defaults, **scale}
    return Optimizer(f"mindspore.nn.{name}", given, frozenset(given.keys() - NN_GROUP))


def _experimental(
    name: str, lr: float | None, *, weight_decay: float | None = 0.0, maximize: bool = True, **defaults: Any
) -> Optimizer:
    decay = {} if weight_decay is None else {"weight_decay": weight_decay}
    sign = {"maximize": False} if maximize else {}
    alone = frozenset({"initial_accumulator_value"} & defaults.keys())
    return Optimizer(f"mindspore.experimental.{name}", {"lr": lr, **defaults, **decay, **sign}, alone)


OPTIMIZERS = {
    optimizer.name: optimizer
    for optimizer in (
        _torch("SGD", 1e-3, momentum=0, dampening=0, nesterov=False),
        _torch("Adam", 1e-3, **_ADAM, amsgrad=False, decoupled_weight_decay=False),
        _torch("AdamW", 1e-3, **_ADAM, amsgrad=False, decoupled_weight_decay=True, weight_decay=1e-2),
        _torch("RMSprop", 1e-2, alpha=0.99, eps=1e-8, momentum=0, centered=False),
        _torch("Adagrad", 1e-2, lr_decay=0, initial_accumulator_value=0, eps=1e-10),
        _torch("Adadelta", 1.0, rho=0.9, eps=1e-6),
        _torch("Adamax", 2e-3, **_ADAM),
        _torch("ASGD", 1e-2, lambd=1e-4, alpha=0.75, t0=1e6),
        _torch("Rprop", 1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), weight_decay=None),
        _torch("NAdam", 2e-3, **_ADAM, momentum_decay=4e-3, decoupled_weight_decay=False),
        _torch("RAdam", 1e-3, **_ADAM, decoupled_weight_decay=False),
        _torch("Muon", 1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, eps=1e-7, ns_steps=5,
               ns_coefficients=(3.4445, -4.775, 2.0315), adjust_lr_fn=None),
        _torch("Adafactor", 1e-2, beta2_decay=-0.8, eps=(None, 1e-3), d=1.0),
        _torch("SparseAdam", 1e-3, **_ADAM, weight_decay=None),
        _torch("LBFGS", 1, max_iter=20, max_eval=None, tolerance_grad=1e-7, tolerance_change=1e-9, history_size=100,
               line_search_fn=None, weight_decay=None),
        _nn("SGD", 0.1, momentum=0.0, dampening=0.0, nesterov=False),
        _nn("Momentum", None, momentum=None, use_nesterov=False),
        _nn("Adam", 1e-3, **_BETAS, use_nesterov=False, use_amsgrad=False, use_lazy=False, use_offload=False),
        _nn("AdamWeightDecay", 1e-3, beta1=0.9, beta2=0.999, eps=1e-6, scaled=False),
        _nn("RMSProp", 0.1, decay=0.9, momentum=0.0, epsilon=1e-10, centered=False),
        _nn("Adagrad", 1e-3, accum=0.1, update_slots=True),
        _nn("Adadelta", 1.0, rho=0.9, epsilon=1e-6),
        _nn("AdaMax", 1e-3, **_BETAS),
        _nn("ASGD", 0.1, lambd=1e-4, alpha=0.75, t0=1e6, scaled=False),
        _nn("Rprop", 0.1, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0), scaled=False),
        _nn("Lamb", None, beta1=0.9, beta2=0.999, eps=1e-6, scaled=False),
        _nn("LazyAdam", 1e-3, **_BETAS, use_nesterov=False),
        _nn("FTRL", 1e-3, initial_accum=0.1, lr_power=-0.5, l1=0.0, l2=0.0),
        _nn("ProximalAdagrad", 1e-3, accum=0.1, l1=0.0, l2=0.0),
        _experimental("SGD", None, momentum=0, dampening=0, nesterov=False),
        _experimental("Adam", 1e-3, **_ADAM, amsgrad=False),
        _experimental("AdamW", 1e-3, **_ADAM, amsgrad=False, weight_decay=1e-2),
        _experimental("RMSprop", 1e-2, alpha=0.99, eps=1e-8, momentum=0.0, centered=False),
        _experimental("Adagrad", 1e-2, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10),
        _experimental("Adadelta", 1.0, rho=0.9, eps=1e-6),
        _experimental("Adamax", 2e-3, **_ADAM),
        _experimental("ASGD", 1e-2, lambd=1e-4, alpha=0.75, t0=1e6),
        _experimental("Rprop", 1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), weight_decay=None),
        _experimental("NAdam", 2e-3, **_ADAM, momentum_decay=4e-3, maximize=False),
        _experimental("RAdam", 1e-3, **_ADAM, maximize=False),
    )
}  # fmt: skip


def framework_of(name: str) -> str:
    """Return the framework of an optimizer: "torch", "mindspore.nn" or "mindspore.experimental"."""
    return name.rpartition(".")[0]


def known(place: str, name: object) -> str:
    """Return the name of an optimizer, checked."""
    example = 'For instance "torch.AdamW".'
    if not isinstance(name, str):
        raise TypeError(refusal(place, _shown(name), "it must be the name of an optimizer", example))
    if name in OPTIMIZERS:
        return name
    near = get_close_matches(name, OPTIMIZERS, n=1)
    way_out = f'Did you mean "{near[0]}"?' if near else f"{example} For another optimizer leave it out."
    raise ValueError(refusal(place, _shown(name), "it must be the name of an optimizer, with its framework's", way_out))


def check(place: str, optimizer: str | None, option: str, value: Option) -> None:
    """Refuse an option that an optimizer does not have, or of another kind than its own."""
    if optimizer is None:
        return
    if option in OPTIMIZERS[optimizer].defaults:
        _check_kind(f"{place}.{option}", OPTIMIZERS[optimizer].defaults[option], value)
        return
    if option in INERT and (framework_of(optimizer) == "torch" or option == "use_locking"):
        return
    raise ValueError(f"`{place}.{option}`: {unknown_option(optimizer, option)}")


def _check_kind(place: str, default: Any, value: Option) -> None:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise TypeError(refusal(place, text(value), "it must be True or False"))
    elif isinstance(default, tuple):
        if not isinstance(value, tuple) or len(value) != len(default):
            rule = f"it must be a tuple of {len(default)} numbers or Schedules"
            raise TypeError(refusal(place, text(value), rule, f"For instance {default}."))
    elif isinstance(default, int | float) and isinstance(value, bool | str | tuple):
        raise TypeError(refusal(place, text(value), "it must be a number or a Schedule"))


def unknown_option(optimizer: str, option: str) -> str:
    """Return what is said of an option that an optimizer does not have."""
    options = list(OPTIMIZERS[optimizer].defaults)
    near = get_close_matches(option, options, n=1)
    way_out = f"Did you mean `{near[0]}`?" if near else f"It has {', '.join(options)}."
    return f"{optimizer} has no such option. {way_out}"
