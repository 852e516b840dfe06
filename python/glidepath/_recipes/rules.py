"""Which optimizers of the two frameworks have the same rule, and under which conditions.

A `Rule` pairs one optimizer of PyTorch's with one of MindSpore's. `converted` follows it in either direction; from one
part of MindSpore to the other it goes by way of PyTorch. What was measured is in docs/groups.md, and `make migrate`
measures it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from glidepath._core import Schedule, adam_correction
from glidepath._recipes import options
from glidepath._recipes.optimizers import FRAMEWORKS, INERT, NN_GROUP, OPTIMIZERS, framework_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from glidepath._recipes.options import Option

    Options = dict[str, Option]

__all__ = ["Converted", "Loss", "Row", "converted"]

_TINY_EPS = 1e-7
_BITS = 38.0  # e**-38 is below 2**-54, which changes no float64 near 1
_SMALLEST = 1e-30  # for a beta of 0


class Loss(NamedTuple):
    """What the target cannot do."""

    place: str
    got: str
    rule: str
    way_out: str
    only_loses: bool = False
    """Whether the conversion without it makes sense, if the user says so."""


class Row(NamedTuple):
    """A line of the report: an option there, the option here, and what to know."""

    source: str
    target: str
    note: str = ""


class Limit(NamedTuple):
    """The values of an option of torch's for which both have the same rule."""

    option: str
    allows: Callable[[Any], bool]
    rule: str
    way_out: str = ""
    only_loses: bool = False


@dataclass(frozen=True)
class Rule:
    """An optimizer of torch's and one of MindSpore's that have the same rule."""

    torch: str
    other: str
    names: Mapping[str, tuple[str, ...]]
    """MindSpore's options of each option of torch's; several for a tuple. The others must have their defaults."""
    limits: tuple[Limit, ...] = ()
    is_folded: bool = False
    """Whether MindSpore's has no bias correction, which the rate and the weight decay then carry."""
    goes_back: bool = True
    """Whether MindSpore's is converted to this one of torch's."""
    notes: tuple[str, ...] = ()


@dataclass
class Converted:
    """The groups of the target, what it cannot do, and what to say of it."""

    optimizer: str
    groups: list[Options]
    losses: list[Loss] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# The rules.


def _rule(torch: str, other: str, *limits: Limit, **given: Any) -> Rule:
    """Return a rule. Options of the same name are paired; `names` pairs others, `without` takes some out."""
    name, framework = f"torch.{torch}", framework_of(other)
    without = given.pop("without", set())
    pairs = {option: (option,) for option in OPTIMIZERS[name].defaults if option in OPTIMIZERS[other].defaults}
    pairs |= given.pop("names", {})
    names = {option: pairs[option] for option in OPTIMIZERS[name].defaults if option in pairs and option not in without}
    if framework == "mindspore.nn":
        limits += tuple(
            Limit(option, _is_plain, f"an optimizer of mindspore.nn takes one number for `{theirs[0]}`",
                  'Convert to "mindspore.experimental", whose Scheduler drives it.')
            for option, theirs in names.items() if theirs[0] not in NN_GROUP
        )  # fmt: skip
    return Rule(name, other, names, limits, **given)


def _is_plain(value: Option) -> bool:
    return not options.is_scheduled(value)


def _is_zero(value: Option) -> bool:
    return value == 0


def _small_eps(where: str) -> Limit:
    rule = f"{where}, so that both are the same only while eps is small: 1e-07 or less"
    return Limit("eps", lambda eps: _is_plain(eps) and eps <= _TINY_EPS, rule, "Train with eps=1e-08.", only_loses=True)


_EPS_FIRST = "it adds eps before the bias correction, and torch after it"
_STATIC_DECAY = Limit("weight_decay", _is_plain, "nn.SGD takes one number as weight decay",
                      'Convert to "mindspore.nn.Momentum" or "mindspore.experimental".')  # fmt: skip
_BETAS = {"betas": ("beta1", "beta2")}
_EPS_NOTE = "eps is added before the correction, in torch after: in effect eps * sqrt(1 - beta2**t)"

RULES = (
    _rule("SGD", "mindspore.nn.SGD", _STATIC_DECAY),
    _rule("SGD", "mindspore.nn.Momentum"),
    _rule("SGD", "mindspore.experimental.SGD"),
    _rule("Adam", "mindspore.nn.Adam", _small_eps(_EPS_FIRST), names=_BETAS | {"amsgrad": ("use_amsgrad",)}),
    _rule("Adam", "mindspore.experimental.AdamW",
          Limit("weight_decay", _is_zero, "AdamW decays the weights, and not the gradients"), goes_back=False),
    _rule("Adam", "mindspore.experimental.Adam", _small_eps(_EPS_FIRST), without={"amsgrad"}),
    _rule("AdamW", "mindspore.nn.AdamWeightDecay", _small_eps(_EPS_FIRST), names=_BETAS, is_folded=True,
          notes=(_EPS_NOTE,)),
    _rule("AdamW", "mindspore.experimental.AdamW"),
    _rule("RMSprop", "mindspore.experimental.RMSprop"),
    _rule("Adagrad", "mindspore.nn.Adagrad",
          Limit("initial_accumulator_value", lambda value: value >= 1e-3,  # noqa: PLR2004 (1e-8 is 5e-6 of it)
                "its kernel adds 1e-08 under the root, which is little only beside 0.001 or more",
                'Convert to "mindspore.experimental".'),
          Limit("eps", lambda eps: _is_plain(eps) and eps <= _TINY_EPS, "it has no eps but 1e-08 under the root",
                only_loses=True),
          names={"initial_accumulator_value": ("accum",)}),
    _rule("Adagrad", "mindspore.experimental.Adagrad"),
    _rule("Adadelta", "mindspore.nn.Adadelta", names={"eps": ("epsilon",)}),
    _rule("Adadelta", "mindspore.experimental.Adadelta"),
    _rule("Adamax", "mindspore.nn.AdaMax",
          _small_eps("it adds eps to the largest gradient, and torch to each gradient"), names=_BETAS),
    _rule("Adamax", "mindspore.experimental.Adamax"),
    _rule("ASGD", "mindspore.nn.ASGD"),
    _rule("ASGD", "mindspore.experimental.ASGD"),
    _rule("Rprop", "mindspore.nn.Rprop"),
    _rule("Rprop", "mindspore.experimental.Rprop"),
    _rule("NAdam", "mindspore.experimental.NAdam"),
    _rule("RAdam", "mindspore.experimental.RAdam"),
)  # fmt: skip

NO_RULE = {
    ("torch.RMSprop", "mindspore.nn"): "nn.RMSProp starts its mean square at 1, has eps inside the root, and the rate "
                                       "inside the momentum",
    ("torch.NAdam", "mindspore.nn"): "nn.Adam(use_nesterov=True) is neither NAdam nor Adam",
    ("mindspore.nn.RMSProp", "torch"): "it starts its mean square at 1, has eps inside the root, and the rate inside "
                                       "the momentum",
}  # fmt: skip
"""Why there is no counterpart, where it looks as if there were one."""

REASONS = {
    ("mindspore.nn.Momentum", "use_nesterov"): "what it does depends on the device: on the CPU nothing",
    ("mindspore.nn.Momentum", "nesterov"): "its use_nesterov does nothing on the CPU",
    ("mindspore.nn.Adam", "use_nesterov"): "it is neither NAdam nor Adam then",
    ("mindspore.experimental.Adam", "amsgrad"): "experimental.Adam takes the option and ignores it",
}
"""Why an option cannot go along: of the target, or of the source."""


# Converting.


def converted(optimizer: str, groups: Sequence[Options], to: str, steps: int | None) -> Converted:
    """Return the groups of an optimizer as another framework has them.

    Args:
        optimizer: whose options they are.
        groups: the options of each group.
        to: a framework, or an optimizer of one by name.
        steps: how long a bias correction lasts, where one is folded in; None for as long as it is not 1.
    """
    source, target = framework_of(optimizer), to if to in FRAMEWORKS else framework_of(to)
    if "torch" not in {source, target}:
        first = converted(optimizer, groups, "torch", steps)
        if any(not loss.only_loses for loss in first.losses):
            return replace(first, optimizer=to)
        second = converted(first.optimizer, first.groups, to, steps)
        losses, notes = [*first.losses, *second.losses], [*first.notes, *second.notes]
        return replace(second, losses=losses, notes=list(dict.fromkeys(notes)), rows=_joined(first.rows, second.rows))
    name, losses = _decoupled(optimizer, groups) if source == "torch" else (optimizer, [])
    found = [_by(rule, groups, steps, forward=source == "torch") for rule in _rules(name, to)]
    if not found:
        return Converted(to, [], [*losses, _no_rule(optimizer, to, target)])
    best = min(found, key=lambda one: len(one.losses) + 99 * sum(not loss.only_loses for loss in one.losses))
    best.losses[:0] = losses
    return best


def _rules(name: str, to: str) -> list[Rule]:
    if framework_of(name) == "torch":
        return [rule for rule in RULES if rule.torch == name and to in {rule.other, framework_of(rule.other)}]
    return [rule for rule in RULES if rule.other == name and to in {rule.torch, "torch"} and rule.goes_back]


def _no_rule(optimizer: str, to: str, target: str) -> Loss:
    other = f"{target} has no optimizer with this rule" if to == target else f"{to} has another rule"
    rule = NO_RULE.get((optimizer, target), other)
    ways = [other for other in ("mindspore.nn", "mindspore.experimental") if _rules(optimizer, other)]
    way_out = f'Convert to "{ways[-1]}".' if framework_of(optimizer) == "torch" and ways else ""
    return Loss("convert.to", f'"{to}"', rule, way_out)


def _decoupled(optimizer: str, groups: Sequence[Options]) -> tuple[str, list[Loss]]:
    """Return which of torch's rules it is: `decoupled_weight_decay` makes an AdamW of an Adam, in each group."""
    flags = {bool(group.get("decoupled_weight_decay")) for group in groups if group.get("weight_decay") != 0}
    if "decoupled_weight_decay" not in OPTIMIZERS[optimizer].defaults or not flags:
        return optimizer, []
    if len(flags) > 1:
        got = ", ".join(f"{group['decoupled_weight_decay']} in group {i}" for i, group in enumerate(groups))
        rule = "MindSpore's optimizers have it in all groups or in none"
        return optimizer, [Loss("decoupled_weight_decay", got, rule, "Make an optimizer of each.")]
    if optimizer in {"torch.Adam", "torch.AdamW"}:
        return "torch.AdamW" if flags == {True} else "torch.Adam", []
    if flags == {True}:
        return optimizer, [
            Loss("decoupled_weight_decay", "True", "MindSpore's decays the gradients", "Set it to False.")
        ]
    return optimizer, []


def _by(rule: Rule, groups: Sequence[Options], steps: int | None, *, forward: bool) -> Converted:
    """Follow a rule: from torch's optimizer to MindSpore's, or back."""
    made = Converted(rule.other if forward else rule.torch, [], notes=list(rule.notes))
    source = rule.torch if forward else rule.other
    torch_groups = [group if forward else _back(rule, group) for group in groups]
    made.losses += _unknown(rule, source, groups)
    for limit in rule.limits:
        made.losses += _outside(limit, torch_groups)
    made.groups = [_forth(rule, group) if forward else dict(group) for group in torch_groups]
    if framework_of(made.optimizer) == "mindspore.nn":
        made.losses += _made_common(made, torch_groups)
    if rule.is_folded and all(loss.only_loses for loss in made.losses):
        made.groups = [_folded(group, rule, steps, forward=forward) for group in made.groups]
    made.rows = _rows(rule, groups, made, forward=forward)
    inert = sorted({name for group in groups for name in group if name in INERT})
    if inert:
        made.notes.append(f"{', '.join(inert)}: left out, for {'they say' if len(inert) > 1 else 'it says'} how a step "
                          "is computed, and not what it computes")  # fmt: skip
    return made


def _forth(rule: Rule, group: Options) -> Options:
    """Return torch's options with MindSpore's names."""
    new: Options = {}
    for option, theirs in rule.names.items():
        if option in group:
            values = options.parts(group[option]) if len(theirs) > 1 else (group[option],)
            new.update(zip(theirs, values, strict=True))
    defaults = OPTIMIZERS[rule.other].defaults
    return _ordered({name: _typed(option, defaults[name]) for name, option in new.items()})


def _typed(option: Option, default: object) -> Option:
    """Return an option with floats where MindSpore takes no ints."""
    if isinstance(option, tuple):
        return tuple(float(part) if isinstance(part, int) else part for part in option)
    is_int = isinstance(option, int) and not isinstance(option, bool)
    return float(option) if is_int and not isinstance(default, int) else option  # type: ignore[arg-type]


def _back(rule: Rule, group: Options) -> Options:
    """Return MindSpore's options with torch's names."""
    new: Options = {}
    for option, theirs in rule.names.items():
        if all(name in group for name in theirs):
            new[option] = tuple(group[name] for name in theirs) if len(theirs) > 1 else group[theirs[0]]  # type: ignore[misc]
    return _ordered(new)


def _ordered(group: Options) -> Options:
    first = [name for name in ("lr", "weight_decay") if name in group]
    return {name: group[name] for name in [*first, *sorted(group.keys() - set(first))]}


def _unknown(rule: Rule, source: str, groups: Sequence[Options]) -> Iterable[Loss]:
    """Yield the options that the target does not have, where they are not at their defaults."""
    is_torch = source == rule.torch
    target, defaults = rule.other if is_torch else rule.torch, OPTIMIZERS[source].defaults
    mapped = set(rule.names) if is_torch else {name for theirs in rule.names.values() for name in theirs}
    for option in dict.fromkeys(name for group in groups for name in group):
        default = defaults.get(option)
        strange = [(i, group[option]) for i, group in enumerate(groups) if group.get(option, default) != default]
        if not strange or option in mapped | INERT | {"decoupled_weight_decay"}:
            continue
        got = ", ".join(f"{options.text(value)} in group {i}" for i, value in strange)
        reason = (
            REASONS.get((target, option)) or REASONS.get((source, option)) or f"{_short(target)} has no such option"
        )
        way_out = 'Convert to "mindspore.experimental".' if framework_of(target) == "mindspore.nn" else ""
        yield Loss(option, got, reason, way_out)


def _outside(limit: Limit, groups: Sequence[Options]) -> list[Loss]:
    bad = [(i, group[limit.option]) for i, group in enumerate(groups)
           if limit.option in group and not limit.allows(group[limit.option])]  # fmt: skip
    if not bad:
        return []
    got = ", ".join(f"{options.text(value)} in group {i}" for i, value in bad)
    return [Loss(limit.option, got, limit.rule, limit.way_out, limit.only_loses)]


def _made_common(made: Converted, sources: Sequence[Options]) -> Iterable[Loss]:
    """Make the options of mindspore.nn that all groups share the same in all; yield those that were not."""
    for option in [name for name in made.groups[0] if name not in NN_GROUP]:
        values = [group[option] for group in made.groups]
        if len(set(values)) == 1:
            continue
        for group in made.groups:
            group[option] = values[0]
        got = ", ".join(f"{options.text(value)} in group {i}" for i, value in enumerate(values))
        rule = f"a group of {_short(made.optimizer)} takes lr, weight_decay and grad_centralization alone"
        way_out = 'Convert to "mindspore.experimental", whose groups take it; or say strict=False.'
        if option == "nesterov" and all(_is_zero(group["momentum"]) for group in sources if group["nesterov"]):
            way_out += " (Without momentum it has no effect in torch.)"
        yield Loss(option, got, rule, way_out, only_loses=True)


# The bias correction.


def _folded(group: Options, rule: Rule, steps: int | None, *, forward: bool) -> Options:
    """Return a group whose rate and weight decay carry the bias correction of Adam, or are rid of it.

    With t = k + 1 and c(k) = sqrt(1 - beta2**t) / (1 - beta1**t), Adam's step is c * lr * m / (sqrt(v) + eps) where eps
    is small. So the rate is lr * c, and the weight decay weight_decay / c: then lr * weight_decay stays what it was.
    """
    betas: Any = tuple(group[name] for name in rule.names["betas"]) if forward else group["betas"]
    lr, decay = group["lr"], group["weight_decay"]
    new: Options = {**group, "lr": lr * _correction(betas, steps, inverse=not forward)}  # type: ignore[operator]
    if decay != 0:
        new["weight_decay"] = decay * _correction(betas, steps, inverse=forward)  # type: ignore[operator]
    return new


def _correction(betas: tuple[float, float], steps: int | None, *, inverse: bool) -> Schedule:
    """Return the bias correction, as far as it is not 1."""
    last = int(_BITS / -math.log(max(*betas, _SMALLEST))) + 1
    beta1, beta2 = (max(beta, _SMALLEST) for beta in betas)
    return adam_correction(beta1, beta2, min(last, steps or last), inverse)


# The report.


def _rows(rule: Rule, sources: Sequence[Options], made: Converted, *, forward: bool) -> list[Row]:
    """Return a line for each option, and one for those that the target does not have."""
    source, target = (rule.torch, rule.other) if forward else (rule.other, rule.torch)
    rows, paired = [], {"decoupled_weight_decay"}
    for option, theirs in rule.names.items():
        here, there = ((option,), theirs) if forward else (theirs, (option,))
        paired |= set(here)
        if option not in {"lr", "weight_decay"} and here[0] in sources[0]:
            rows.append(Row(_named(sources, here), _named(made.groups, there), _other_default(target, made, there)))
    rows += [
        row for option in ("lr", "weight_decay") if option in sources[0] for row in _rate_row(rule, option, forward)
    ]
    gone = {name: repr(value) for name, value in OPTIMIZERS[source].defaults.items() if name not in paired}
    if gone:
        rows.append(Row(", ".join(gone), "-", ", ".join(dict.fromkeys(gone.values()))))
    return rows


def _named(groups: Sequence[Options], names: Sequence[str]) -> str:
    """Return options with their values; those of several groups beside each other where they differ."""
    values = {name: dict.fromkeys(options.text(group[name]) for group in groups if name in group) for name in names}
    return ", ".join(f"{name}={' | '.join(values[name])}" for name in names)


def _other_default(target: str, made: Converted, names: Sequence[str]) -> str:
    """Say where the target's default is another value: leaving the option out would change it."""
    defaults = {name: OPTIMIZERS[target].defaults[name] for name in names}
    other = [value for name, value in defaults.items() if any(group.get(name) != value for group in made.groups)]
    if not other:
        return ""
    return "(it has no default)" if other == [None] else f"(its default is {', '.join(map(repr, other))})"


def _rate_row(rule: Rule, option: str, forward: bool) -> list[Row]:  # noqa: FBT001 (of this module)
    if option not in rule.names:
        return []
    if not rule.is_folded:
        return [Row(option, option)]
    up, down = "sqrt(1 - beta2**t)", "(1 - beta1**t)"
    if (option == "lr") != forward:
        up, down = down, up
    why = "the bias correction, which it has not" if forward else "without the bias correction, which it makes itself"
    return [Row(option, f"{option} * {up} / {down}", why if option == "lr" else "so that lr * weight_decay stays")]


def _joined(first: Sequence[Row], second: Sequence[Row]) -> list[Row]:
    return [*first, *(row for row in second if row not in first)]


def _short(optimizer: str) -> str:
    """Return "nn.SGD" for "mindspore.nn.SGD"."""
    return optimizer.removeprefix("mindspore.")
