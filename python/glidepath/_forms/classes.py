"""A schedule as one of MindSpore's LearningRateSchedule classes, which compute in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glidepath._core import replay
from glidepath._forms import form
from glidepath._forms.form import Form, Node, NoForm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NAMES", "classes"]

_CLASSES: dict[str, Callable[[Node], Node]] = {
    "WarmUpLR": form.warm_up,
    "ExponentialDecayLR": form.exponential_decay,
    "NaturalExpDecayLR": form.natural_exp_decay,
    "InverseDecayLR": form.inverse_decay,
    "CosineDecayLR": form.cosine_decay,
    "PolynomialDecayLR": form.polynomial_decay,
}
NAMES = tuple(_CLASSES)


def classes(node: Node, n: int | None, only: str | None = None) -> Form:
    """Return the class that gives a schedule, whose closed form is the node.

    Args:
        node: the closed form.
        n: how many steps the run has; a class has no end.
        only: the one class that may be used; any if None.
    """
    node, losses = form.without_climb(node, n, "CosineDecayLR")
    per_epoch, node = form.epochs_of(node)
    name, given = _given(form.scaled(node), only)
    cycle, decay = given.pop("cycle", False), given.pop("decay") * per_epoch
    if per_epoch > 1:
        if name == "NaturalExpDecayLR":
            given["decay_rate"] /= per_epoch  # its rate is that of one step
        if "is_stair" in given and (given["is_stair"] or decay == per_epoch):
            given["is_stair"] = True
        else:
            rule = f"it counts steps, and this schedule epochs of {per_epoch:,} steps, within which it stays the same"
            way_out = 'Convert to "mindspore", whose lists count epochs, or to "mindspore.learning_rate", a table.'
            losses = (*losses, ("convert.steps_per_epoch", f"{per_epoch:,}", rule, way_out))
    after = {key: given.pop(key) for key in ("power", "is_stair") if key in given}
    by_position = len(given)
    given["warmup_steps" if name == "WarmUpLR" else "decay_steps"] = decay
    given |= {key: value for key, value in after.items() if value is not False}
    given |= {"update_decay_steps": True} if cycle else {}
    kind: Any = f"mindspore.{name}"
    code = form.call(f"nn.{name}", given, by_position)
    return Form(kind, replay(kind, **given), given, code, "from mindspore import nn", losses=losses)


def _given(node: Node, only: str | None) -> tuple[str, Node]:
    """Return the class and its arguments."""
    reason = form.other_curve(node)
    for name in [only] if only else NAMES:
        found = form.attempt(_CLASSES[name], node)
        if isinstance(found, dict):
            return name, found
        reason = found if reason == form.other_curve(node) else reason
    raise NoForm(reason)
