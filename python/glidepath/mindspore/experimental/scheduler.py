"""Any option of any group of MindSpore's experimental optimizers, driven by a glidepath Schedule."""

import warnings
from typing import Any, SupportsIndex

import numpy as np
from mindspore import Tensor, ops
from mindspore import dtype as mstype
from mindspore.experimental.optim.optimizer import Optimizer
from numpy.typing import NDArray

from glidepath import _drivers
from glidepath._arguments import group_index, refusal, whole
from glidepath._core import Schedule, _shown
from glidepath._drivers import Driver, Drivers
from glidepath._recipes.drivers import drivers_of
from glidepath.groups import Groups
from glidepath.mindspore.experimental.optim.ahead import Ahead

__all__ = ["Scheduler"]

_ON_CHANGE = ("error", "keep", "replace")


class Scheduler(Ahead):
    """Set options of an optimizer's groups from schedules: at step k, ``group[name] = schedule[k]``.

    It carries one integer, the step: so it can be put anywhere (``seek``). Step 0 is set as it is made. The learning
    rate is assigned to the group's Parameter, in float32; other options are set as Python's numbers, which the
    optimizer reads at each step; a tuple such as betas stays a tuple.

    It is the twin of ``glidepath.torch.Scheduler``. A schedule gives the values themselves, and no factors: MindSpore's
    ``LambdaLR`` takes a schedule as a factor.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        lr: a schedule for all groups; or a list, one a group, with None for a group that is left alone. Or a
            ``glidepath.Groups``, alone: every option of it that is a schedule is driven.
        weight_decay: the same.
        momentum: the same.
        betas: the same; a schedule drives the first beta, a tuple of schedules each its own, None none.
        others: schedules for any other option that holds a number or a tuple of numbers, by its name.

    Raises:
        TypeError: an optimizer that is not one of ``mindspore.experimental.optim``, or what is no schedule.
        ValueError: nothing is driven, a group has no such option, or a list does not have one item a group.

    Warns (``UserWarning``) where one schedule makes groups equal that are not.

    >>> from mindspore import nn
    >>> from mindspore.experimental import optim
    >>> optimizer = optim.SGD(nn.Dense(3, 2).trainable_params(), lr=0.1, momentum=0.9)
    >>> scheduler = Scheduler(optimizer, lr=gp.linear(0.0, 0.5, 4), momentum=gp.linear(0.8, 1.0, 4))
    >>> scheduler.step()
    >>> print(optimizer.param_groups[0]["lr"].asnumpy(), optimizer.param_groups[0]["momentum"])
    0.125 0.8500000000000001
    """

    def __init__(
        self,
        optimizer: Any,
        lr: Drivers | Groups = None,
        weight_decay: Drivers = None,
        momentum: Drivers = None,
        betas: Drivers = None,
        **others: Drivers,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            rule = "it must be one of mindspore.experimental.optim"
            way_out = "To those of mindspore.nn give a schedule as `learning_rate`."
            raise TypeError(refusal("Scheduler.optimizer", f"a {type(optimizer).__name__}", rule, way_out))
        given: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas, **others}
        given = {name: drivers for name, drivers in given.items() if drivers is not None}
        self.optimizer, self.groups_num = optimizer, len(optimizer.param_groups)
        if isinstance(lr, Groups):
            if len(given) > 1:
                name = next(name for name in given if name != "lr")
                rule, way_out = (
                    "beside Groups there can be no other schedules",
                    f'Write `groups.where("*", {name}=...)`.',
                )
                raise ValueError(refusal(f"Scheduler.{name}", _shown(given[name]), rule, way_out))
            given = dict(drivers_of("Scheduler.lr", lr, optimizer.param_groups))
        self._check("Scheduler", given)
        self.drivers = given
        for name in given:
            self._warn_of_unequal(name)
        self.seek(0)

    def __repr__(self) -> str:
        """Show what drives what."""
        return f"Scheduler({', '.join(['optimizer', *(f'{name}={value!r}' for name, value in self.drivers.items())])})"

    def step(self) -> None:
        """Set the next step's values."""
        self.seek(self.last_epoch + 1)

    def seek(self, step: SupportsIndex) -> None:
        """Set the values of a step, and go on from there.

        Raises:
            TypeError, IndexError: a step that is no whole number from 0 to 2**53.
        """
        k = whole("seek.step", step, IndexError)
        values = [
            (group, name, [None if part is None else part.at(k) for part in _drivers.as_tuple(driver)])
            for name, drivers in self.drivers.items()
            for group, driver in zip(self._groups(), _drivers.of_groups(drivers, self.groups_num), strict=True)
            if driver is not None
        ]
        for group, name, places in values:
            _put(group, name, places)
        self.last_epoch = k

    def schedule(
        self,
        group: SupportsIndex = 0,
        *,
        steps: SupportsIndex | None = None,  # noqa: ARG002 (as the other schedulers' method)
        name: str = "lr",
        place: int = 0,
    ) -> Schedule:
        """Return the schedule of an option of a group, the learning rate if nothing else is said.

        Args:
            group: which of the optimizer's groups.
            steps: of no use here; other schedulers may need it, for a table.
            name: of which option.
            place: which value of a tuple: 0 is the first beta.

        Raises:
            ValueError: no schedule drives it.
        """
        i = group_index("schedule.group", group, self.groups_num)
        parts = _drivers.as_tuple(_drivers.of_groups(self.drivers.get(name), self.groups_num)[i])
        part = parts[place] if 0 <= place < len(parts) else None
        if part is None:
            what = "its learning rate" if name == "lr" else f"place {place} of its `{name}`"
            raise ValueError(refusal("schedule.group", i, f"no schedule drives {what}", "Take a group that has one."))
        schedule: Schedule = part
        return schedule

    def preview(self, n: SupportsIndex | None = None, *, metrics: Any = None) -> NDArray[np.float32]:
        """Return the learning rates that the next n steps will set, shape (n, groups); nothing is changed."""
        if metrics is not None:
            raise TypeError("`preview.metrics`: a Scheduler follows the step, and takes no metrics. Leave it out.")
        steps = whole("preview.n", 0 if n is None else n, ValueError)
        out = np.empty((steps, self.groups_num), np.float32)
        for i, group in enumerate(self._groups()):
            driver = _drivers.as_tuple(_drivers.of_groups(self.drivers.get("lr"), self.groups_num)[i])[0]
            out[:, i] = float(group["lr"]) if driver is None else driver.array(steps, self.last_epoch + 1)
        return out

    def get_last_lr(self) -> list[Any]:
        """Return the groups' learning rates, a Tensor each."""
        return [_as_tensor(group["lr"]) for group in self._groups()]

    def state_dict(self) -> dict[str, Any]:
        """Return the step and the schedules' texts."""
        return {"step": self.last_epoch, "schedules": {name: _drivers.text_of(d) for name, d in self.drivers.items()}}

    def load_state_dict(self, state: Any, on_change: str = "error") -> None:
        """Go to the step of a saved state, and set its values.

        Args:
            state: what ``state_dict()`` returned.
            on_change: what to do where this scheduler's schedules are not those that were saved: "error" raises, "keep"
                keeps this one's, "replace" takes the saved ones.

        Raises:
            TypeError, ValueError: a state that is none, or schedules that have changed and nothing is said of that.
        """
        place = "load_state_dict"
        if on_change not in _ON_CHANGE:
            rule = f"it must be one of {', '.join(_ON_CHANGE)}"
            raise ValueError(refusal(f"{place}.on_change", _shown(on_change), rule))
        if (
            not isinstance(state, dict)
            or state.keys() != {"step", "schedules"}
            or not isinstance(state["schedules"], dict)
        ):
            rule = "it must be a dict with step and schedules"
            raise TypeError(refusal(place, _shown(state), rule, "Load what `state_dict()` returned."))
        saved = {name: _drivers.read(f"{place}.schedules.{name}", text) for name, text in state["schedules"].items()}
        self._check(f"{place}.schedules", saved)
        step = whole(f"{place}.step", state["step"], ValueError)
        if saved != self.drivers:
            if on_change == "error":
                told = _drivers.differences(saved, self.drivers, set())
                ways = 'Say `on_change="keep"` to go on with this scheduler\'s, or "replace" with the saved ones.'
                raise ValueError(f"`{place}`: got a state with other schedules. {told} {ways}")
            if on_change == "replace":
                self.drivers = saved
        self.seek(step)

    def _groups(self) -> list[dict[str, Any]]:
        """Return the groups that there were at first: an optimizer of MindSpore's cannot train others."""
        return list(self.optimizer.param_groups[: self.groups_num])

    def _check(self, place: str, given: dict[str, Any]) -> None:
        if not any(map(_drivers.drives, given.values())):
            raise ValueError(
                f"`{place}`: got no schedule; give at least one, for instance `lr=gp.cosine(0.1, 0.0, 1000)`."
            )
        for name, drivers in given.items():
            _drivers.check_all(place, name, drivers, self.groups_num)
            for i, (group, driver) in enumerate(
                zip(self._groups(), _drivers.of_groups(drivers, self.groups_num), strict=True)
            ):
                if driver is not None:
                    _check_option(f"{place}.{name}", i, group, name, driver)

    def _warn_of_unequal(self, name: str) -> None:
        if isinstance(self.drivers[name], list):
            return
        values = [str(_number(group[name])) for group in self._groups()]
        if len(set(values)) > 1:
            warnings.warn(
                f"`Scheduler.{name}`: one schedule sets all {len(values)} groups, whose own values differ: "
                f"{'; '.join(dict.fromkeys(values))}. They become equal. To set each group apart, give a list with one "
                "schedule for each group.",
                UserWarning,
                stacklevel=3,
            )


def _put(group: dict[str, Any], name: str, values: list[float | None]) -> None:
    """Set the first places of an option; None leaves a place as it is."""
    old = group[name]
    if isinstance(old, (tuple, list)):
        group[name] = (
            *(was if new is None else new for was, new in zip(old, values, strict=False)),
            *old[len(values) :],
        )
    elif values[0] is not None:
        if isinstance(old, Tensor):  # a Parameter too: the optimizer's cells hold this object
            ops.assign(old, Tensor(values[0], mstype.float32))
        else:
            group[name] = values[0]


def _check_option(place: str, i: int, group: dict[str, Any], name: str, driver: Driver) -> None:
    """Refuse an option that a group does not have, or that holds no number."""
    known = ", ".join(sorted(key for key, value in group.items() if key != "params" and _is_drivable(value)))
    if name not in group or name == "params":
        raise ValueError(f"`{place}`: group {i} has no such option; it has {known}.")
    entry = group[name]
    if not _is_drivable(entry):
        rule = "a schedule can drive a number, or a tuple of numbers"
        raise ValueError(f"`{place}`: group {i} has {_shown(entry)} there; {rule}: {known}.")
    if isinstance(driver, tuple) and not (isinstance(entry, (tuple, list)) and len(entry) == len(driver)):
        way_out = "For one schedule per group write a list."
        raise ValueError(refusal(place, f"a tuple of {len(driver)}", f"group {i} has {_number(entry)} there", way_out))


def _is_drivable(entry: Any) -> bool:
    if isinstance(entry, (tuple, list)):
        return len(entry) > 0 and all(map(_is_drivable, entry))
    return isinstance(entry, (int, float, Tensor)) and not isinstance(entry, bool)


def _number(entry: Any) -> Any:
    return entry.asnumpy() if isinstance(entry, Tensor) else entry


def _as_tensor(lr: Any) -> Any:
    return lr.value() if isinstance(lr, Tensor) else Tensor(lr, mstype.float32)
