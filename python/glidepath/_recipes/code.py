"""The lines of Python that make an optimizer with its groups and schedules, as a user would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from glidepath._core import Schedule
from glidepath._recipes import options
from glidepath._recipes.drivers import scheduled
from glidepath._recipes.optimizers import OPTIMIZERS, framework_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glidepath._recipes.options import Option
    from glidepath.groups import Group, Groups

    Finder = Callable[[Schedule, str], "Native | None"]
    """Returns a framework's own form of a schedule; None where it has none."""

__all__ = ["Code", "Native", "code_of"]


class Native(NamedTuple):
    """A framework's own form of a schedule."""

    line: str
    imports: str
    lr: float | None
    """The rate that the optimizer must have as a scheduler is made."""


class Code(NamedTuple):
    """The lines, and the imports that they need."""

    lines: str
    imports: str


def code_of(groups: Groups, arguments: Mapping[str, Any], steps: int | None, native: Finder) -> Code:
    """Return the code of a target's optimizer. It needs `model` or `net`, as its framework calls it.

    Args:
        groups: the target's groups.
        arguments: the arguments of its constructor.
        steps: how many steps the tables of schedules have.
        native: the framework's own form of a schedule.
    """
    assert groups.optimizer is not None  # noqa: S101 (a conversion names its target)
    framework, _, name = groups.optimizer.rpartition(".")
    writer = _Writer(groups, steps, native)
    scheduler = [] if framework == "mindspore.nn" else writer.scheduler()
    entries = [writer.entries(group) for group in groups]
    lines = [_PARAMETERS[framework], "groups = ["]
    lines += [f"    {{{', '.join(f'{key!r}: {value}' for key, value in group.items())}}}," for group in entries]
    if framework == "mindspore.nn":
        lines.append("    {'order_params': list(parameters.values())},")
    first = [f"{_RATE[framework]}={entries[0]['lr']}"] if framework in _RATE and "lr" in entries[0] else []
    given = ", ".join(["groups", *first, *(f"{key}={value!r}" for key, value in arguments.items())])
    lines += ["]", f"optimizer = {_MODULE[framework]}.{name}({given})", *scheduler]
    imports = [_IMPORT[framework], *(line for found in writer.imports for line in found.splitlines())]
    return Code("\n".join(lines), "\n".join(dict.fromkeys(imports)))


_PARAMETERS = {
    "torch": "parameters = dict(model.named_parameters())",
    "mindspore.nn": "parameters = {parameter.name: parameter for parameter in net.trainable_params()}",
    "mindspore.experimental": "parameters = {parameter.name: parameter for parameter in net.trainable_params()}",
}
_MODULE = {"torch": "optim", "mindspore.nn": "nn", "mindspore.experimental": "optim"}
_IMPORT = {
    "torch": "from torch import optim",
    "mindspore.nn": "from mindspore import nn",
    "mindspore.experimental": "from mindspore.experimental import optim",
}
_FACADE = {"torch": "glidepath.torch", "mindspore.experimental": "glidepath.mindspore.experimental"}


_RATE = {"mindspore.nn": "learning_rate", "mindspore.experimental": "lr"}
"""What the constructor calls the learning rate, where it must have one."""


class _Writer:
    """Writes the entries of groups, and the scheduler."""

    def __init__(self, groups: Groups, steps: int | None, native: Finder) -> None:
        self.groups, self.steps, self.native = groups, steps, native
        self.framework = framework_of(groups.optimizer or "")
        self.alone = OPTIMIZERS[groups.optimizer or ""].alone if self.framework == "mindspore.nn" else frozenset[str]()
        self.any_table = any(isinstance(group.options.get("lr"), Schedule) for group in groups)
        self.base: float | None = None
        self.imports: list[str] = []

    def entries(self, group: Group) -> dict[str, str]:
        """Return the entries of a group's dict."""
        names = ", ".join(repr(param.name) for param in group.params)
        entries = {"params": f"[parameters[name] for name in [{names}]]"}
        given = {name: option for name, option in group.options.items() if name not in self.alone}
        return entries | {name: self._value(name, option) for name, option in given.items()}

    def _value(self, name: str, option: Option) -> str:
        if name == "lr" and self.base is not None:
            return repr(self.base)
        if self.framework != "mindspore.nn" or not isinstance(option, Schedule):
            beside = name == "lr" and self.any_table and self.framework == "mindspore.nn"
            return f"[{option!r}] * {self.steps}" if beside else repr(options.at(option, 0))
        found = self.native(option, "mindspore" if name == "lr" else "mindspore.nn")
        if found is not None:
            self.imports.append(found.imports)
            return found.line
        self.imports += ["import glidepath as gp", "from glidepath.mindspore import learning_rate"]
        return f"learning_rate({option!r}, {self.steps})"

    def scheduler(self) -> list[str]:
        """Return the line that makes the scheduler: the framework's own, where one rate is all that changes."""
        driven = scheduled(self.groups)
        if not driven:
            return []
        rates = driven.get("lr", [None])
        if driven.keys() == {"lr"} and rates[0] is not None and all(rate == rates[0] for rate in rates):
            found = self.native(rates[0], self.framework)
            if found is not None:
                self.imports.append(found.imports)
                self.base = found.lr
                return [f"scheduler = {found.line}"]
        self.imports += ["import glidepath as gp", f"from {_FACADE[self.framework]} import Scheduler"]
        given = ", ".join(f"{name}={drivers!r}" for name, drivers in driven.items())
        return [f"scheduler = Scheduler(optimizer, {given})"]
