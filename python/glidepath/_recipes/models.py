"""The parameters of a model of either framework, and where a recipe's names are found among them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from glidepath._arguments import as_int, refusal
from glidepath._core import _shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Param", "alias_keys", "bind", "clean", "listed", "named", "params_of"]

_WRAPPERS = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.")
"""What torch.compile, FSDP and activation checkpointing put into the names."""
_ALIASES = (
    {"weight", "gamma", "embedding_table"},
    {"bias", "beta"},
    {"running_mean", "moving_mean"},
    {"running_var", "moving_variance"},
)
"""The last parts of names that mean the same in torch and in MindSpore."""
_MOST_NAMES = 5


class Param(NamedTuple):
    """The name and the shape of a parameter.

    >>> gp.Param("head.weight", (10, 64)).ndim
    2
    """

    name: str
    shape: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


def listed(names: Iterable[str]) -> str:
    """Return the first names, and whether there are more."""
    every = list(names)
    return ", ".join([*every[:_MOST_NAMES], *(["..."] if len(every) > _MOST_NAMES else [])])


def clean(name: str) -> str:
    """Return a parameter's name without what wrappers put into it."""
    for wrapper in _WRAPPERS:
        name = name.replace(wrapper, "")
    return name


def _is_one_of(model: object, module: str, *names: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(model, tuple(getattr(loaded, name) for name in names))


def named(place: str, model: Any, *, frozen: bool = False) -> list[tuple[str, Any]] | None:
    """Return a real model's parameters with their names, in its order; None if it is no model.

    Args:
        place: what a message calls the model.
        model: a torch Module or a MindSpore Cell.
        frozen: whether to return the parameters that are not trained too.
    """
    if _is_one_of(model, "torch.nn", "Module"):
        paths = _parallel(model)
        found = [(_unwrapped(paths, name), p) for name, p in model.named_parameters() if frozen or p.requires_grad]
        lazy = [name for name, p in found if _is_one_of(p, "torch.nn.parameter", "UninitializedParameter")]
        if lazy:
            rule = "its parameters must have their shapes"
            raise ValueError(
                refusal(place, f"a model whose {lazy[0]} has none yet", rule, "Call the model once first.")
            )
        return found
    if _is_one_of(model, "mindspore.nn", "Cell"):
        return [(p.name, p) for p in (model.get_parameters() if frozen else model.trainable_params())]
    return None


def _parallel(model: Any) -> list[str]:
    """Return where the wrappers of DDP and DataParallel stand in a Module, the innermost first."""
    classes = ("DistributedDataParallel", "DataParallel")
    found = [path for path, part in model.named_modules() if _is_one_of(part, "torch.nn.parallel", *classes)]
    return [f"{path}." if path else "" for path in reversed(found)]


def _unwrapped(parallel: list[str], name: str) -> str:
    """Return a parameter's name without what wrappers put into it: "module." is one of those of DDP only."""
    for start in parallel:
        if name.startswith(f"{start}module."):
            name = start + name.removeprefix(f"{start}module.")
    return clean(name)


def params_of(place: str, model: object) -> tuple[Param, ...]:
    """Return the names and shapes of what is trained in a model; or those that are given as pairs."""
    found = named(place, model)
    if found is not None:
        params = [Param(name, tuple(map(int, p.shape))) for name, p in found]
    else:
        params = [_pair(f"{place}[{i}]", item) for i, item in enumerate(_items(place, model))]
    if not params:
        rule = "it must have at least one parameter that is trained"
        raise ValueError(refusal(place, "a model without one", rule, "Set `requires_grad` before making Groups."))
    seen: set[str] = set()
    for param in params:
        if param.name in seen:
            rule = "each parameter must have a name of its own"
            raise ValueError(refusal(place, f"{param.name!r} twice", rule, "Rename one of them."))
        seen.add(param.name)
    return tuple(params)


def _items(place: str, model: object) -> Iterable[object]:
    if isinstance(model, Iterable) and not isinstance(model, str | bytes | dict):
        return model
    rule = "it must be a torch Module, a MindSpore Cell, or pairs of a name and a shape"
    way_out = "For instance `gp.Groups(model)` or `gp.Groups(model.named_parameters())`."
    raise TypeError(refusal(place, _shown(model), rule, way_out))


def _pair(place: str, item: Any) -> Param:
    """Return a pair of a name and a shape, or of a name and a tensor, which has one."""
    if isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str):  # noqa: PLR2004
        shape = getattr(item[1], "shape", item[1])
        sizes = [as_int(size) for size in shape] if isinstance(shape, Iterable) else [None]
        if all(size is not None and size >= 0 for size in sizes):
            return Param(clean(item[0]), tuple(size for size in sizes if size is not None))
    if hasattr(item, "name") and hasattr(item, "shape") and isinstance(item.name, str):
        return Param(item.name, tuple(map(int, item.shape)))
    way_out = "Write `gp.Groups(model)`, or `gp.Groups(model.named_parameters())`."
    raise TypeError(refusal(place, _shown(item), "it must be a pair of a name and a shape", way_out))


def bind(
    place: str, wanted: Sequence[Param], known: Sequence[Param], model: object, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the real parameter of each name that is wanted.

    A name is found as it is, or with an alias of its last part (`weight` and `gamma`) where the sizes agree.

    Args:
        place: what a message calls the model.
        wanted: the parameters to find.
        known: all parameters that the recipe was made for; a model with others is another model.
        model: a torch Module or a MindSpore Cell.
        names: the model's names of parameters that have another name there.
    """
    found = named(place, model, frozen=True)
    if found is None:
        rule = "it must be a torch Module or a MindSpore Cell"
        raise TypeError(refusal(place, _shown(model), rule, "Give the model itself."))
    real = dict(found)
    trained = {name for name, p in found if p.requires_grad}
    given = _checked_names(place, names, known, real)
    keys = _aliases(real)
    taken: dict[str, str] = {}
    missing: list[str] = []
    for param in known:
        name = given.get(param.name) or _find(param, real, keys)
        if name is None:
            missing.append(param.name)
        elif name in taken:
            rule = f"both {taken[name]!r} and {param.name!r} are found there"
            raise ValueError(
                refusal(place, f"a model with {name!r}", rule, f'Say which: `names={{"{param.name}": ...}}`.')
            )
        else:
            taken[name] = param.name
    strays = [name for name in real if name in trained and name not in taken]
    lost = [name for name in missing if any(param.name == name for param in wanted)]
    if lost or strays:
        raise ValueError(_strangers(place, lost, strays, real))
    where = {ours: theirs for theirs, ours in taken.items()}
    for param in wanted:
        _same_size(place, param, where[param.name], real[where[param.name]])
    return {param.name: real[where[param.name]] for param in wanted}


def _checked_names(
    place: str, names: Mapping[str, str] | None, known: Sequence[Param], real: Mapping[str, Any]
) -> dict[str, str]:
    given = dict(names or {})
    ours = {param.name for param in known}
    for name, theirs in given.items():
        if name not in ours:
            rule = f"the Groups have no parameter of this name, but {listed(sorted(ours))}"
            raise ValueError(refusal("names", _shown(name), rule))
        if theirs not in real:
            rule = f"`{place}` has no parameter of this name, but {listed(real)}"
            raise ValueError(refusal(f'names["{name}"]', _shown(theirs), rule))
    return given


def _aliases(real: Mapping[str, Any]) -> dict[tuple[str, int], list[str]]:
    """Return the names of each stem and kind: ("norm", 0) for "norm.weight" and "norm.gamma"."""
    keys: dict[tuple[str, int], list[str]] = {}
    for name in real:
        for key in alias_keys(name):
            keys.setdefault(key, []).append(name)
    return keys


def alias_keys(name: str) -> list[tuple[str, int]]:
    stem, _, last = name.rpartition(".")
    return [(stem, kind) for kind, words in enumerate(_ALIASES) if last in words]


def _find(param: Param, real: Mapping[str, Any], keys: Mapping[tuple[str, int], list[str]]) -> str | None:
    for name in (param.name, f"module.{param.name}", param.name.removeprefix("module.")):
        if name in real:
            return name
    near = [name for key in alias_keys(param.name) for name in keys.get(key, ()) if _size(real[name]) == param.size]
    return near[0] if len(near) == 1 else None


def _size(parameter: Any) -> int:
    return prod(map(int, parameter.shape))


def _same_size(place: str, param: Param, name: str, parameter: Any) -> None:
    shape = tuple(map(int, parameter.shape))
    if _squeezed(shape) != _squeezed(param.shape):
        rule = f"in the Groups {param.name!r} has the shape {param.shape}"
        raise ValueError(refusal(place, f"{name!r} of shape {shape}", rule, "Make Groups of this model."))


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without its ones: a Conv1d of shape (3, 2, 3) is (3, 2, 1, 3) in MindSpore."""
    return tuple(size for size in shape if size != 1)


def _strangers(place: str, lost: list[str], strays: list[str], real: Mapping[str, Any]) -> str:
    lines = []
    if lost:
        lines.append(f"{len(lost)} of the Groups' parameters are not in the model: {listed(lost)}.")
        if not strays:
            lines.append(f"The model has {listed(real)}.")
    if strays:
        lines.append(f"{len(strays)} trained parameters of the model are not in the Groups: {listed(strays)}.")
    way_out = "Make Groups of this model."
    if lost and strays:
        way_out = f'If only the names differ, say so: `names={{"{lost[0]}": "{strays[0]}"}}`.'
    return f"`{place}`: {' '.join(lines)} {way_out}"
