"""Parameter groups as a value: which parameter of a model gets which hyper-parameters, at every step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, overload

import numpy as np

from glidepath._arguments import LAST_STEP, as_int, cut, refusal, whole
from glidepath._core import Schedule, _shown
from glidepath._recipes import models, optimizers, options
from glidepath._recipes.models import Param, listed
from glidepath._recipes.options import Option

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Group", "Groups", "Option", "Param"]

Which: TypeAlias = str | Callable[[Param], bool]
"""Some parameters: a glob on the whole name, or a function of a `Param`."""

_MOST_TEXT = 160


@dataclass(frozen=True)
class Group:
    """Some parameters and their options. An option is a number, a flag, a Schedule, or a tuple of the first and last.

    >>> groups = gp.Groups([("weight", (2, 3)), ("bias", (2,))], lr=0.1)
    >>> groups[0].params[1], groups[0].options["lr"]
    (Param(name='bias', shape=(2,)), 0.1)
    """

    params: tuple[Param, ...]
    options: Mapping[str, Option]
    name: str | None = None

    def __hash__(self) -> int:
        return hash((self.params, frozenset(self.options.items()), self.name))


class Groups(Sequence[Group]):
    """Parameter groups without tensors: names, shapes and options. Immutable; it compares, hashes, pickles and prints.

    It starts as one group of all that is trained; `where` and `layerwise` split it. At the end it is bound to a real
    model: `to_torch(model)`, `to_mindspore(net, total_steps)`.

    Args:
        model: a torch Module or a MindSpore Cell, of which the parameters with ``requires_grad`` count, each once; or
            pairs of a name and a shape (or a tensor), such as ``model.named_parameters()``.
        optimizer: whose options these are, such as "torch.AdamW", "mindspore.nn.Momentum" or
            "mindspore.experimental.SGD". Options are checked against it. None for an optimizer of another library.
        options: the options of all parameters. The learning rate is always ``lr``.

    Raises:
        TypeError, ValueError: a model without parameters that are trained, an optimizer that is not known, an option
            that it does not have, or a value that is no option.

    >>> lr = gp.warmup_cosine(1e-3, steps=1_000, warmup=100)
    >>> shapes = [("body.weight", (8, 8)), ("body.bias", (8,)), ("head.weight", (2, 8)), ("head.bias", (2,))]
    >>> groups = gp.Groups(shapes, "torch.AdamW", lr=lr, weight_decay=0.05).where("*.bias", weight_decay=0.0)
    >>> print(groups.where("head.*", lr=lambda lr: 10 * lr))
    torch.AdamW
    group  parameters  numbers  lr                                                            weight_decay
    0               1       64  linear(0.0, 0.001, 100).then(cosine(0.001, 0.0, 900))         0.05
    1               1       16  10.0 * linear(0.0, 0.001, 100).then(cosine(0.001, 0.0, 900))  0.05
    2               1        8  linear(0.0, 0.001, 100).then(cosine(0.001, 0.0, 900))         0.0
    3               1        2  10.0 * linear(0.0, 0.001, 100).then(cosine(0.001, 0.0, 900))  0.0
    """

    __slots__ = ("_groups", "_optimizer", "_params")

    def __init__(self, model: object, optimizer: str | None = None, **options: Any) -> None:
        self._optimizer = None if optimizer is None else optimizers.known("Groups.optimizer", optimizer)
        self._params = models.params_of("Groups.model", model)
        self._groups: tuple[Group, ...] = (_group(self._params, self._checked("Groups", options)),)

    # Reading.

    @property
    def params(self) -> tuple[Param, ...]:
        """All parameters that were trained in the model, in the model's order: of all groups, and those left out."""
        return self._params

    @property
    def optimizer(self) -> str | None:
        """Whose options these are; None if it was not said."""
        return self._optimizer

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, index: int, /) -> Group: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[Group, ...]: ...
    def __getitem__(self, index: int | slice, /) -> Group | tuple[Group, ...]:
        """Return a group, counted from 0."""
        return self._groups[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Groups) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self._optimizer, self._params, self._groups

    def __reduce__(self) -> tuple[Any, ...]:
        return Groups.from_json, (self.to_json(),)

    def at(self, step: SupportsIndex) -> list[dict[str, Any]]:
        """Return the options of each group at a step, as plain numbers.

        >>> gp.Groups([("weight", (2, 3))], lr=gp.linear(0.0, 0.1, 10), betas=(0.9, 0.99)).at(5)
        [{'lr': 0.05, 'betas': (0.9, 0.99)}]
        """
        k = whole("at.step", step, ValueError)
        return [{name: options.at(option, k) for name, option in group.options.items()} for group in self]

    def array(
        self, n: SupportsIndex, what: str = "lr", start: SupportsIndex = 0, *, place: SupportsIndex = 0
    ) -> NDArray[np.float64]:
        """Return an option of each group at ``n`` steps, shape (n, groups).

        Args:
            n: how many steps.
            what: which option.
            start: the first step.
            place: which value of a tuple: 0 is the first beta.

        >>> groups = gp.Groups([("weight", (2, 3)), ("bias", (2,))], lr=gp.linear(0.0, 0.1, 10))
        >>> groups.where("bias", lr=0.5).array(2, start=5)
        array([[0.05, 0.5 ],
               [0.06, 0.5 ]])
        """
        steps, first, which = (
            whole("array.n", n, ValueError),
            whole("array.start", start, ValueError),
            whole("array.place", place, ValueError),
        )
        if first + steps > LAST_STEP:
            raise ValueError(refusal("array.n", steps, "the last step may be at most 2**53"))
        schedules = [_schedule("array.what", self, i, what, which) for i in range(len(self))]
        out = np.empty((steps, len(self)))
        for column, schedule in zip(out.T, schedules, strict=True):
            column[:] = schedule.array(steps, start=first)
        return out

    # Splitting.

    def where(self, *which: Which, name: str | None = None, **options: Any) -> Groups:
        """Give other options to some parameters. Each group is split into what does not match and what does.

        Args:
            which: globs on the whole name, or functions of a `Param`; a parameter that any of them matches counts.
                `lambda p: p.ndim < 2` are the biases and the weights of norms, in both frameworks.
            name: a name for the groups of what matches.
            options: the options that change; a function gets the old value and returns the new one.

        Raises:
            ValueError: a pattern or a function that matches no parameter.

        >>> groups = gp.Groups([("fc.weight", (2, 3)), ("fc.bias", (2,))], lr=0.1, weight_decay=0.05)
        >>> groups.where(lambda p: p.ndim < 2, weight_decay=0.0, lr=lambda lr: 2 * lr).at(0)
        [{'lr': 0.1, 'weight_decay': 0.05}, {'lr': 0.2, 'weight_decay': 0.0}]
        >>> groups.where("*.bais", weight_decay=0.0)
        Traceback (most recent call last):
        ValueError: `where`: got '*.bais', which matches none of 2 parameters. They are called fc.weight, fc.bias.
        """
        chosen = self._matching("where", which)
        if name is not None and not isinstance(name, str):
            raise TypeError(refusal("where.name", _shown(name), "it must be a string"))
        parts = []
        for i, group in enumerate(self):
            parts.append(_with_params(group, [param for param in group.params if param.name not in chosen]))
            inside = [param for param in group.params if param.name in chosen]
            if inside:
                changed = self._changed(i, options)
                parts.append(_group(inside, {**group.options, **changed}, group.name if name is None else name))
        return self._with(parts)

    def only(self, *which: Which) -> Groups:
        """Keep some parameters, and leave the others out: another optimizer trains them.

        >>> groups = gp.Groups([("body.weight", (8, 8)), ("embed.weight", (9, 8)), ("body.bias", (8,))])
        >>> muon = groups.only(lambda p: p.ndim == 2 and not p.name.startswith("embed"))
        >>> [param.name for group in muon for param in group.params]
        ['body.weight']
        """
        chosen = self._matching("only", which)
        return self._with([_with_params(group, [p for p in group.params if p.name in chosen]) for group in self])

    def without(self, *which: Which) -> Groups:
        """Leave some parameters out: the opposite of `only`.

        >>> groups = gp.Groups([("body.weight", (8, 8)), ("body.bias", (8,))]).without("*.bias")
        >>> [param.name for group in groups for param in group.params]
        ['body.weight']
        """
        chosen = self._matching("without", which)
        kept = self._with([_with_params(group, [p for p in group.params if p.name not in chosen]) for group in self])
        if not len(kept):
            raise ValueError("`without`: no parameter would be left.")
        return kept

    def layerwise(self, decay: float, layers: str | Callable[[Param], int]) -> Groups:
        """Multiply the learning rate of each layer by ``decay ** (top - layer)``: lower layers learn more slowly.

        Each group is split by layer, the lowest first. The factor is rounded once.

        Args:
            decay: the factor from one layer to the one below, above 0.
            layers: a glob with ``{}`` for the number of a block, such as "blocks.{}.*": what stands before the blocks
                in the model is layer 0, the first block is layer 1, and what stands after them is the top. Or a
                function that returns the layer of a `Param`, from 0; the largest is the top.

        >>> shapes = [("embed", (9, 4)), ("blocks.0.w", (4, 4)), ("blocks.1.w", (4, 4)), ("head", (2, 4))]
        >>> gp.Groups(shapes, lr=1e-3).layerwise(0.5, "blocks.{}.*").array(1).tolist()
        [[0.000125, 0.00025, 0.0005, 0.001]]
        """
        of = self._layers(layers)
        top = max(of.values())
        factors, parts = _powers(_decay(decay), [top - layer for layer in of.values()]), []
        for i, group in enumerate(self):
            if "lr" not in group.options:
                raise ValueError(f'`layerwise`: group {i} has no `lr`. Give one: `where("*", lr=...)`.')
            by_layer: dict[int, list[Param]] = {}
            for param in group.params:
                by_layer.setdefault(of[param.name], []).append(param)
            for layer, inside in sorted(by_layer.items()):
                lr = _scaled(group.options["lr"], factors[top - layer])
                parts.append(_group(inside, {**group.options, "lr": lr}, group.name))
        return self._with(parts)

    def _layers(self, layers: object) -> dict[str, int]:
        """Return the layer of each parameter, from 0."""
        if callable(layers):
            of = {}
            for param in self._covered():
                layer = as_int(layers(param))
                if layer is None or layer < 0:
                    got = f"{_shown(layers(param))} for {param.name!r}"
                    raise ValueError(refusal("layerwise.layers", got, "a layer is an int from 0 on"))
                of[param.name] = layer
            return of
        if not isinstance(layers, str) or layers.count("{}") != 1:
            rule = "it must be a glob with one `{}`, or a function of a Param"
            raise ValueError(refusal("layerwise.layers", _shown(layers), rule, 'For instance "blocks.{}.*".'))
        return _blocks(layers, self._params)

    def _matching(self, place: str, which: Sequence[object]) -> set[str]:
        if not which:
            raise TypeError(f'`{place}`: say which parameters, for instance `{place}("*.bias")`.')
        covered, chosen = self._covered(), set()
        for one in which:
            if isinstance(one, str):
                found = {param.name for param in covered if fnmatchcase(param.name, one)}
            elif callable(one):
                found = {param.name for param in covered if one(param)}
            else:
                rule = "it must be a glob on a name, or a function of a Param"
                raise TypeError(refusal(place, _shown(one), rule, 'For instance "*.bias".'))
            if not found:
                shown = repr(one) if isinstance(one, str) else "a function"
                names = listed(param.name for param in covered)
                message = f"`{place}`: got {shown}, which matches none of {len(covered)} parameters."
                raise ValueError(f"{message} They are called {names}.")
            chosen |= found
        return chosen

    def _covered(self) -> list[Param]:
        """Return the parameters of the groups, in the model's order."""
        inside = {param.name for group in self for param in group.params}
        return [param for param in self._params if param.name in inside]

    def _changed(self, i: int, given: Mapping[str, Any]) -> dict[str, Option]:
        """Return the new options of a group: a function is applied to the old value."""
        values = {}
        for name, value in given.items():
            if callable(value) and not isinstance(value, Schedule):
                old = filled(self, i).get(name)
                if old is None:
                    rule = f"group {i} has no `{name}` that it could change"
                    raise ValueError(refusal(f"where.{name}", "a function", rule, "Give the value."))
                values[name] = value(old)
            else:
                values[name] = value
        return self._checked("where", values)

    def _checked(self, place: str, given: Mapping[str, Any]) -> dict[str, Option]:
        values = {name: options.checked(f"{place}.{name}", name, value) for name, value in given.items()}
        for name, value in values.items():
            optimizers.check(place, self._optimizer, name, value)
        return values

    def _with(self, groups: Iterable[Group]) -> Groups:
        return _made(self._params, groups, self._optimizer)

    # Real models and optimizers.

    @classmethod
    def of(
        cls, optimizer: Any, scheduler: object = None, *, names: object = None, steps_per_epoch: SupportsIndex = 1
    ) -> Groups:
        """Read the groups of a real optimizer, of PyTorch or MindSpore.

        The rates and options are those of its groups now; those that a scheduler drives, from its start. A flat list
        of MindSpore's is two groups if it decays some parameters only. ``nn.AdamWeightDecay`` does not keep its groups:
        those with equal options become one, in the order of the parameters.

        Args:
            optimizer: one of ``torch.optim``, ``mindspore.nn`` or ``mindspore.experimental.optim``.
            scheduler: the scheduler that sets its learning rates; glidepath's `Scheduler` gives every option that it
                drives. MindSpore's ``nn`` optimizers have their schedules themselves.
            names: the model, or its ``named_parameters()``, for a torch optimizer that was made without names, and for
                the model's order.
            steps_per_epoch: how many steps an epoch has, where the scheduler is stepped once an epoch.

        Raises:
            TypeError, ValueError: an optimizer that is not known, one without names, a mistyped option in a group, a
                scheduler of another optimizer, one that follows a metric, or one that cycles the momentum or betas too.

        >>> import torch
        >>> model = torch.nn.Linear(3, 2)
        >>> optimizer = torch.optim.SGD(model.named_parameters(), lr=0.1, momentum=0.9)
        >>> print(gp.Groups.of(optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 30)))
        torch.SGD(momentum=0.9)
        group  parameters  numbers  lr                                                 weight_decay
        0               2        8  replay("torch.StepLR", base_lr=0.1, step_size=30)  0
        """
        from glidepath._recipes import live

        per_epoch = whole("of.steps_per_epoch", steps_per_epoch, ValueError, least=1)
        name, params, groups = live.read(optimizer, scheduler, names, per_epoch)
        return _made(params, [_group(*group) for group in groups], name)

    def to_torch(self, model: object, *, names: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the parameter groups for any torch optimizer, with the model's parameters and their names.

        An option that is a Schedule has its value at step 0; `glidepath.torch.Scheduler(optimizer, groups)` drives it.
        Options that a group does not have are the optimizer's.

        Args:
            model: a torch Module with these parameters; names that DDP, FSDP or torch.compile add do not matter.
            names: the model's names of parameters that have another name there.

        Raises:
            ValueError: a parameter that the model does not have, or has and these groups do not know; the options of
                an optimizer of MindSpore's.

        >>> import torch
        >>> model = torch.nn.Linear(3, 2)
        >>> groups = gp.Groups(model, "torch.SGD", lr=0.1).where("bias", weight_decay=0.0)
        >>> torch.optim.SGD(groups.to_torch(model)).param_groups[1]["param_names"]
        ['bias']
        """
        from glidepath._recipes import build

        return build.torch_groups(self, model, names)

    def to_mindspore(
        self, net: object, total_steps: SupportsIndex | None = None, *, names: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return the parameter groups for any ``mindspore.nn`` optimizer; ``order_params`` is the last.

        Every group states its weight decay. Where one learning rate is a Schedule, all are tables of MindSpore's:
        beside a schedule it would compute a float as ``lr + 1 - 1`` in float32. The groups of such an optimizer have
        ``lr``, ``weight_decay`` and ``grad_centralization`` alone: give other options to its constructor.

        For "mindspore.experimental" the dicts have all options, at step 0.

        Args:
            net: a MindSpore Cell with these parameters.
            total_steps: how many steps the tables of schedules have; not needed without schedules.
            names: the net's names of parameters that have another name there.

        Raises:
            ValueError: a parameter that the net does not have, or has and these groups do not know; an option that a
                group cannot have; the options of an optimizer of torch's.
        """
        from glidepath._recipes import build

        steps = None if total_steps is None else whole("to_mindspore.total_steps", total_steps, ValueError, least=1)
        return build.mindspore_groups(self, net, steps, names)

    # Text.

    def to_json(self) -> str:
        """Return all of it as JSON, which `from_json` reads.

        >>> groups = gp.Groups([("weight", (2, 3))], lr=gp.constant(0.1))
        >>> gp.Groups.from_json(groups.to_json()) == groups
        True
        """
        content = {
            "glidepath": 1,
            "optimizer": self._optimizer,
            "params": [[param.name, list(param.shape)] for param in self._params],
            "groups": [
                {
                    "name": group.name,
                    "params": [param.name for param in group.params],
                    "options": {name: options.plain(option) for name, option in group.options.items()},
                }
                for group in self
            ],
        }
        return json.dumps(content, separators=(",", ":"), allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes, /) -> Groups:
        """Read what `to_json` wrote.

        Raises:
            TypeError, ValueError: a text that is not JSON, or not of Groups; the message says where.
        """
        return _read(text)

    def __str__(self) -> str:
        shown = self._columns()
        common = [name for name in self._common() if name not in shown]
        title = self._optimizer or "Groups"
        if common:
            title += f"({', '.join(f'{name}={options.text(self[0].options[name])}' for name in common)})"
        rows = [["group", "parameters", "numbers", *shown]]
        if any(group.name is not None for group in self):
            rows[0].insert(1, "name")
        for i, group in enumerate(self):
            numbers = [str(len(group.params)), f"{sum(param.size for param in group.params):,}"]
            cells = [
                cut(options.text(group.options[name]), _MOST_TEXT) if name in group.options else "-" for name in shown
            ]
            label = [group.name or "-"] if rows[0][1] == "name" else []
            rows.append([str(i), *label, *numbers, *cells])
        return "\n".join([title, *_aligned(rows, {"parameters", "numbers"})])

    __repr__ = __str__

    def _columns(self) -> list[str]:
        """Return the options that the table has a column for: those two, and those that differ."""
        names = dict.fromkeys(name for group in self for name in group.options)
        differ = [name for name in names if len({group.options.get(name) for group in self}) > 1]
        first = [name for name in ("lr", "weight_decay") if name in names]
        return first + [name for name in differ if name not in first]

    def _common(self) -> list[str]:
        """Return the options that are not the optimizer's defaults."""
        defaults = {} if self._optimizer is None else optimizers.OPTIMIZERS[self._optimizer].defaults
        return [name for name, value in self[0].options.items() if name not in defaults or defaults[name] != value]


def filled(groups: Groups, i: int) -> dict[str, Option]:
    """Return the options of a group, with the optimizer's defaults."""
    defaults = {} if groups.optimizer is None else optimizers.OPTIMIZERS[groups.optimizer].defaults
    return {**{name: value for name, value in defaults.items() if value is not None}, **groups[i].options}


def rate_of(place: str, groups: Groups, i: int) -> Schedule:
    """Return the learning rate of a group as a schedule."""
    if not i < len(groups):
        rule = f"these Groups have {len(groups)}"
        raise IndexError(refusal(place, f"group {i}", rule, "Groups are counted from 0."))
    return _schedule(place, groups, i, "lr", 0)


def _schedule(place: str, groups: Groups, i: int, what: str, part: int) -> Schedule:
    """Return an option of a group as a schedule; the optimizer's default where the group has none."""
    option = filled(groups, i).get(what)
    if option is None:
        known = ", ".join(groups[i].options) or "none"
        way_out = f"It has {known}." if groups.optimizer is None else f"{groups.optimizer} has no default."
        raise ValueError(refusal(place, _shown(what), f"group {i} has no such option", way_out))
    return options.schedule_of(place, option, part)


def remade(
    groups: Groups, parts: Iterable[tuple[Iterable[Param], Mapping[str, Option], str | None]], optimizer: str
) -> Groups:
    """Return Groups of the same parameters with other options, which are checked."""
    return _made(groups.params, [_group(*part) for part in parts], optimizer)


def remade_for(groups: Groups, params: list[Param]) -> Groups:
    """Return Groups of other parameters, one in each group, with the same options."""
    parts = [_group([param], group.options) for param, group in zip(params, groups, strict=True)]
    return _made(tuple(params), parts, groups.optimizer)


def _made(params: tuple[Param, ...], groups: Iterable[Group], optimizer: str | None) -> Groups:
    """Return Groups of parts that are checked; groups without parameters are left out."""
    new = Groups.__new__(Groups)
    new._params, new._optimizer = params, optimizer  # noqa: SLF001 (of this module)
    new._groups = tuple(group for group in groups if group.params)  # noqa: SLF001
    return new


def _group(params: Iterable[Param], given: Mapping[str, Option], name: str | None = None) -> Group:
    return Group(tuple(params), MappingProxyType(dict(given)), name)


def _with_params(group: Group, params: Iterable[Param]) -> Group:
    return Group(tuple(params), group.options, group.name)


def _decay(decay: object) -> Fraction:
    number = options.checked("layerwise.decay", "decay", decay)
    if isinstance(number, bool | str | tuple | Schedule) or not number > 0:
        raise ValueError(refusal("layerwise.decay", _shown(decay), "it must be a number above 0", "For instance 0.75."))
    return Fraction(number)


def _powers(decay: Fraction, exponents: Iterable[int]) -> dict[int, Fraction]:
    """Return powers of a factor, each of them a float64 when rounded."""
    powers = {n: decay**n for n in set(exponents)}
    try:
        float(max(powers.values()))
    except OverflowError as error:
        raise ValueError(
            refusal("layerwise.decay", float(decay), "its powers must be float64", "Take 1 or less.")
        ) from error
    return powers


def _scaled(lr: Option, factor: Fraction) -> Option:
    """Return a learning rate times a factor, rounded once; a schedule times the rounded factor."""
    if factor == 1:
        return lr
    if isinstance(lr, Schedule):
        return float(factor) * lr
    return float(Fraction(lr) * factor)  # type: ignore[arg-type]


def _blocks(glob: str, params: Sequence[Param]) -> dict[str, int]:
    """Return each parameter's layer: 0 before the blocks, 1 for the first block, and the top after them."""
    pattern = re.compile(translate(glob.replace("{}", "\0")).replace("\0", r"(\d+)"))
    matches = [pattern.match(param.name) for param in params]
    numbers = [None if match is None else int(match[1]) for match in matches]
    inside = [i for i, number in enumerate(numbers) if number is not None]
    if not inside:
        names = listed(param.name for param in params)
        raise ValueError(
            f"`layerwise`: got {glob!r}, which matches none of {len(params)} parameters. They are called {names}."
        )
    blocks = [number for number in numbers if number is not None]
    top = max(blocks) - min(blocks) + 2
    of = {}
    for i, (param, number) in enumerate(zip(params, numbers, strict=True)):
        if number is None and inside[0] < i < inside[-1]:
            rule = f"{param.name!r} stands between the blocks, and belongs to none"
            raise ValueError(refusal("layerwise.layers", repr(glob), rule, "Give a function that returns its layer."))
        of[param.name] = number - min(blocks) + 1 if number is not None else 0 if i < inside[0] else top
    return of


def _aligned(rows: list[list[str]], numeric: set[str]) -> list[str]:
    """Return the rows of a table, numbers at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [head in numeric for head in rows[0]]
    return [
        "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]


# JSON.


def _read(text: str | bytes) -> Groups:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(refusal("from_json.text", _shown(text), f"it must be JSON ({error})")) from error
    root = _object("$", content, {"glidepath", "optimizer", "params", "groups"})
    if root["glidepath"] != 1:
        raise ValueError(refusal("$.glidepath", _shown(root["glidepath"]), "it must be 1, the version of the format"))
    name = root["optimizer"]
    if name is not None:
        optimizers.known("$.optimizer", name)
    params = models.params_of("$.params", [_pair(i, item) for i, item in enumerate(_list("$.params", root["params"]))])
    by_name = {param.name: param for param in params}
    groups, seen = [], set[str]()
    for i, item in enumerate(_list("$.groups", root["groups"])):
        place = f"$.groups[{i}]"
        part = _object(place, item, {"name", "params", "options"})
        if not isinstance(part["name"], str | None):
            raise TypeError(refusal(f"{place}.name", _shown(part["name"]), "it must be a string or null"))
        inside = _list(f"{place}.params", part["params"])
        for param in inside:
            if not isinstance(param, str) or param not in by_name or param in seen:
                rule = "it must be one of `$.params`, and of one group only"
                raise ValueError(refusal(f"{place}.params", _shown(param), rule))
            seen.add(param)
        given = _object(f"{place}.options", part["options"], None)
        values = {key: options.read(f"{place}.options.{key}", key, value) for key, value in given.items()}
        for key, value in values.items():
            optimizers.check(f"{place}.options", name, key, value)
        groups.append(_group([by_name[param] for param in inside], values, part["name"]))
    made = _made(params, groups, name)
    if not len(made):
        raise ValueError(refusal("$.groups", "no group with parameters", "there must be one"))
    return made


def _object(place: str, value: object, keys: set[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(refusal(place, _shown(value), "it must be an object"))
    if keys is not None and value.keys() != keys:
        got = ", ".join(sorted(value)) or "none"
        raise ValueError(refusal(place, f"an object with the keys {got}", f"it must have {', '.join(sorted(keys))}"))
    return value


def _list(place: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(refusal(place, _shown(value), "it must be a list"))
    return value


def _pair(i: int, item: object) -> tuple[str, tuple[int, ...]]:
    place = f"$.params[{i}]"
    pair = _list(place, item)
    if len(pair) != 2 or not isinstance(pair[0], str) or not isinstance(pair[1], list):  # noqa: PLR2004
        raise TypeError(refusal(place, _shown(item), "it must be a name and a list of sizes"))
    return pair[0], tuple(pair[1])
