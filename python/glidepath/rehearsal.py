"""A real optimizer on given gradients: what its rule and its kernels do, as an array for another machine to compare."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from glidepath._arguments import as_int, refusal
from glidepath._core import _shown
from glidepath._recipes import real
from glidepath.conversion import RecipeConversion
from glidepath.groups import Groups, Param, remade_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rehearse"]

_SHAPE = (2, 4)  # a matrix, because Muon trains no vectors
_SIZE = 8
_WITHOUT_GRADIENTS = {
    "torch.LBFGS": "it calls the model itself, so gradients cannot be given",
    "torch.SparseAdam": "it takes sparse gradients alone",
}
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


def rehearse(x: Groups | RecipeConversion, steps: SupportsIndex = 20) -> NDArray[np.float32]:
    """Step the real optimizer of a recipe on small parameters and given gradients; return the weights after each step.

    Each group gets one parameter of 8 numbers. Its first weights, and its gradient at each step, follow from the
    numbers of the group and the step alone. So the same recipe gives the same array wherever the optimizer's rule is
    the same: in the other framework, in another version, on another device. Save the array there, and compare:
    ``glidepath diff a.npy b.npy --within 1e-5``. Equal rules are within 3e-6 of the peak, and other rules beyond 5e-4.

    Args:
        x: the `Groups` of an optimizer, or what `convert` made of them.
        steps: how many steps, from 1.

    Returns:
        The weights, float32, of shape (steps, groups, 8).

    Raises:
        TypeError, ValueError: what is no recipe, Groups without an optimizer, or a wrong number of steps.
        ImportError: the optimizer's framework is not installed.

    Source: the rule is the framework's own; nothing is computed here.

    >>> import torch
    >>> groups = gp.Groups(torch.nn.Linear(3, 2), "torch.AdamW", lr=gp.linear(0.0, 0.1, 10)).where("bias", lr=0.01)
    >>> a, b = gp.rehearse(groups), gp.rehearse(groups.where("*", weight_decay=0.02))
    >>> a.shape, gp.compare(a, a).equal("bits"), gp.compare(a, b).within(1e-5)
    ((20, 2, 8), True, False)
    """
    count, rule = as_int(steps), "it must be a whole number of steps, 1 or more"
    if count is None:
        raise TypeError(refusal("rehearse.steps", _shown(steps), rule))
    if count < 1:
        raise ValueError(refusal("rehearse.steps", count, rule))
    groups = x.value if isinstance(x, RecipeConversion) else x
    if not isinstance(groups, Groups):
        rule = "it must be the Groups of an optimizer, or a conversion of them"
        raise TypeError(refusal("rehearse.x", _shown(x), rule, "For a real optimizer: `gp.Groups.of(optimizer)`."))
    if groups.optimizer is None:
        way_out = 'Name the optimizer: `gp.Groups(model, "torch.AdamW", ...)`.'
        raise ValueError(
            refusal("rehearse.x", "Groups without an optimizer", "it must be said whose options they are", way_out)
        )
    if groups.optimizer in _WITHOUT_GRADIENTS:
        rule = _WITHOUT_GRADIENTS[groups.optimizer]
        raise ValueError(refusal("rehearse.x", f"the Groups of {groups.optimizer}", rule, "Compare real training."))
    small = remade_for(groups, [Param(f"group{i}", _SHAPE) for i in range(len(groups))])
    length = x.steps if isinstance(x, RecipeConversion) else None
    run = _in_torch if groups.optimizer.startswith("torch.") else _in_mindspore
    return run(small, count, length or count)


def _in_torch(groups: Groups, steps: int, length: int) -> NDArray[np.float32]:
    torch: Any = import_module("torch")
    model = torch.nn.ParameterDict(
        {f"group{i}": torch.nn.Parameter(torch.from_numpy(_weights(i))) for i in range(len(groups))}
    )
    optimizer, scheduler = real.optimizer_of(groups, model, length)
    out = np.empty((steps, len(groups), _SIZE), np.float32)
    for k, row in enumerate(out):
        for i in range(len(groups)):
            model[f"group{i}"].grad = torch.from_numpy(_gradient(i, k))
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        for i in range(len(groups)):
            row[i] = model[f"group{i}"].detach().cpu().numpy().ravel()
    return out


def _in_mindspore(groups: Groups, steps: int, length: int) -> NDArray[np.float32]:
    mindspore: Any = import_module("mindspore")
    net = mindspore.nn.Cell()
    for i in range(len(groups)):
        net.insert_param_to_cell(f"group{i}", mindspore.Parameter(mindspore.Tensor(_weights(i)), name=f"group{i}"))
    optimizer, scheduler = real.optimizer_of(groups, net, length)
    order = [int(parameter.name.removeprefix("group")) for parameter in optimizer.parameters]
    out = np.empty((steps, len(groups), _SIZE), np.float32)
    for k, row in enumerate(out):
        optimizer(tuple(mindspore.Tensor(_gradient(i, k)) for i in order))
        if scheduler is not None:
            scheduler.step()
        for i, parameter in zip(order, optimizer.parameters, strict=True):
            row[i] = parameter.asnumpy().ravel()
    return out


def _weights(group: int) -> NDArray[np.float32]:
    """Return the first weights of a group, from -1 to 1."""
    return _numbers(2 * group)


def _gradient(group: int, step: int) -> NDArray[np.float32]:
    """Return the gradient of a group at a step, from -1 to 1."""
    return _numbers((step + 1) * 2**32 + 2 * group + 1)


def _numbers(seed: int) -> NDArray[np.float32]:
    """Return 8 numbers from -1 to 1 that follow from a seed: SplitMix64, with the upper 24 bits of each output."""
    numbers = []
    for j in range(_SIZE):
        z = (seed * _SIZE + j + 1) * _GOLDEN & _MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        numbers.append(((z ^ z >> 31) >> 40) / 2**23 - 1.0)
    return np.array(numbers, np.float32).reshape(_SHAPE)
