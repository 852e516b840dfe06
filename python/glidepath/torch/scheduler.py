"""Any hyper-parameter of any group, driven by a glidepath Schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, SupportsIndex, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.optim import Optimizer, lr_scheduler

from glidepath._core import Schedule, _shown

__all__ = ["Scheduler"]

Driver: TypeAlias = Schedule | tuple[Schedule | None, ...]
"""What drives one entry of a group: a schedule, or one for each place of a tuple such as betas."""
Drivers: TypeAlias = Driver | list[Driver | None] | None


class Scheduler(lr_scheduler.LRScheduler):
    """Set hyper-parameters of an optimizer's groups from schedules: at step k, `group[name] = schedule[k]`.

    It carries one integer, the step. So it can be put anywhere (`seek`), and a state that it saves is that integer and
    the schedules' texts, to see whether they have changed. Step 0 is set as it is made. Groups that are added later are
    driven too, where one schedule serves all. A tensor is filled in place.

    Args:
        optimizer: whose groups are set.
        lr: a schedule for all groups; or a list, one a group, with None for a group that is left alone.
        weight_decay: the same.
        momentum: the same.
        betas: the same; a schedule drives the first beta, a tuple of schedules each its own, None none.
        others: the same for any other entry that the groups have, by its name.

    Raises `TypeError` for what is no schedule, `ValueError` where nothing is driven, a group has no such entry, or a
    list does not have one item a group.

    It is a `torch.optim.lr_scheduler.LRScheduler`, as training loops want to see one.

    >>> lr = gp.linear(0.0, 0.1, 2) >> gp.cosine(0.1, 0.0, 8)
    >>> scheduler = Scheduler(optimizer, lr=lr, weight_decay=1e-4 * gp.linear(1, 0, 10))
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> optimizer.param_groups[0]["lr"] == lr[3], optimizer.param_groups[0]["weight_decay"]
    (True, 7.000000000000001e-05)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr: Drivers = None,
        weight_decay: Drivers = None,
        momentum: Drivers = None,
        betas: Drivers = None,
        **others: Drivers,
    ) -> None:
        if not isinstance(cast("object", optimizer), Optimizer):
            msg = f"`Scheduler.optimizer`: got a {type(optimizer).__name__}; it must be a torch.optim.Optimizer."
            raise TypeError(msg)
        given = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas, **others}
        self.optimizer = optimizer
        self.drivers = {name: drivers for name, drivers in given.items() if drivers is not None}
        self._step_count = 1  # Accelerate counts here the steps that it leaves out.
        if not self.drivers:
            msg = "`Scheduler`: got no schedule; give at least one, for instance `lr=gp.cosine(0.1, 0.0, 1000)`."
            raise ValueError(msg)
        for name, drivers in self.drivers.items():
            _check(optimizer, name, drivers)
        for group in optimizer.param_groups:
            lr = group["lr"]
            group.setdefault("initial_lr", lr.detach().clone() if isinstance(lr, Tensor) else lr)
        self.seek(0)
        self.base_lrs = list(self._last_lr)

    def step(self, epoch: int | None = None) -> None:
        """Set the next step's values; or, if `epoch` is given, that step's."""
        self.seek(self.last_epoch + 1 if epoch is None else epoch)

    def seek(self, step: SupportsIndex) -> None:
        """Set the values of a step, and go on from there.

        Raises `IndexError` for a step below 0 or above 2**53.

        >>> scheduler = Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10))
        >>> scheduler.seek(5)
        >>> scheduler.get_last_lr()
        [0.05]
        """
        step = _whole("seek.step", step)
        groups = self.optimizer.param_groups
        values = [
            (group, name, _next(group[name], driver, step))
            for name in self.drivers
            for group, driver in zip(groups, self._of_groups(name, len(groups)), strict=True)
            if driver is not None
        ]
        for group, name, value in values:
            if isinstance(group[name], Tensor):
                group[name].fill_(value)
            else:
                group[name] = value
        self.last_epoch = step
        self._last_lr = [lr.clone() if isinstance(lr, Tensor) else lr for lr in (group["lr"] for group in groups)]

    def _initial_step(self) -> None:
        self.seek(0)

    def _update_lr(self, epoch: int | None = None) -> None:
        # torch's SequentialLR lets a later scheduler take over so.
        self.seek(self.last_epoch if epoch is None else epoch)

    def schedule(self, group: int = 0) -> Schedule:
        """Return the schedule of a group's learning rate.

        Raises `ValueError` where no schedule drives it.

        >>> Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10)).schedule()
        gp.linear(0.0, 0.1, 10)
        """
        groups = len(self.optimizer.param_groups)
        driver = self._of_groups("lr", groups)[group] if "lr" in self.drivers else None
        if not isinstance(driver, Schedule):
            msg = f"`schedule.group`: got {group}; no schedule drives its learning rate. Take a group that has one."
            raise ValueError(msg)  # noqa: TRY004  # the group is of the right type
        return driver

    def preview(self, n: SupportsIndex) -> NDArray[np.float64]:
        """Return the learning rates that the next n steps will set, shape (n, groups); nothing is touched.

        >>> Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10)).preview(2)
        array([[0.01],
               [0.02]])
        """
        groups = self.optimizer.param_groups
        out = np.empty((_whole("preview.n", n), len(groups)))
        drivers = self._of_groups("lr", len(groups)) if "lr" in self.drivers else [None] * len(groups)
        for column, group, driver in zip(out.T, groups, drivers, strict=True):
            if isinstance(driver, Schedule):
                column[:] = _as_set(group["lr"], driver.array(len(column), self.last_epoch + 1))
            else:
                column[:] = float(group["lr"])
        return out

    def state_dict(self) -> dict[str, Any]:
        """Return the step, and the schedules' texts.

        >>> Scheduler(optimizer, lr=gp.constant(0.1)).state_dict()
        {'step': 0, 'schedules': {'lr': '{"glidepath":1,"schedule":{"kind":"constant","value":0.1}}'}}
        """
        return {"step": self.last_epoch, "schedules": {name: _text(of) for name, of in self.drivers.items()}}

    def load_state_dict(
        self, state_dict: dict[str, Any], on_change: Literal["error", "keep", "replace"] = "error"
    ) -> None:
        """Go to the step of a saved state, and set its values.

        Args:
            state_dict: what `state_dict()` returned.
            on_change: what to do where this scheduler's schedules are not those that were saved: "error" raises,
                "keep" keeps this one's, "replace" takes the saved ones.

        Raises `ValueError` where schedules have changed and nothing is said of that.

        >>> saved = Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 100)).state_dict()
        >>> longer = Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 200))
        >>> longer.load_state_dict(saved, on_change="keep")
        """
        if on_change not in {"error", "keep", "replace"}:
            msg = f"`load_state_dict.on_change`: got {_shown(on_change)}; it must be one of error, keep, replace."
            raise ValueError(msg)
        if not {"step", "schedules"} <= state_dict.keys():
            got = ", ".join(sorted(map(str, state_dict))) or "none"
            rule = "it must have step and schedules. Save `state_dict()`."
            msg = f"`load_state_dict`: got a state with the keys {got}; {rule}"
            raise ValueError(msg)
        saved, own = state_dict["schedules"], self.state_dict()["schedules"]
        if saved != own and on_change == "error":
            changed = sorted(name for name in saved.keys() | own.keys() if saved.get(name) != own.get(name))
            msg = (
                f"`load_state_dict`: got a state with other schedules of {', '.join(changed)}. "
                'Say `on_change="keep"` to go on with this scheduler\'s, or "replace" with the saved ones.'
            )
            raise ValueError(msg)
        if saved != own and on_change == "replace":
            drivers = {name: _driver(text) for name, text in saved.items()}
            for name, driver in drivers.items():
                _check(self.optimizer, name, driver, grown=True)
            self.drivers = drivers
        self.seek(state_dict["step"])

    def _of_groups(self, name: str, groups: int) -> list[Driver | None]:
        """Return a driver for each group; those that were added to a list's own are left alone."""
        drivers = self.drivers[name]
        if isinstance(drivers, list):
            return [*drivers, *[None] * (groups - len(drivers))]
        return [drivers] * groups


def _check(optimizer: Optimizer, name: str, drivers: Drivers, *, grown: bool = False) -> None:
    """Refuse what does not fit the groups; of those that have `grown` there may be more than a list has items."""
    groups = optimizer.param_groups
    if grown and isinstance(drivers, list):
        groups = groups[: len(drivers)]
    if isinstance(drivers, list) and len(drivers) != len(groups):
        msg = (
            f"`Scheduler.{name}`: got a list of {len(drivers)}; it must have one item for each of {len(groups)} groups."
        )
        raise ValueError(msg)
    for i, group in enumerate(groups):
        driver = drivers[i] if isinstance(drivers, list) else drivers
        for part in _parts(driver):
            if not isinstance(part, Schedule):
                msg = f"`Scheduler.{name}`: got a {type(part).__name__}; it must be a Schedule. Try `gp.constant(...)`."
                raise TypeError(msg)
        if driver is None:
            continue
        if name not in group:
            known = ", ".join(sorted(group.keys() - {"params"}))
            msg = f"`Scheduler.{name}`: group {i} has no such entry; it has {known}."
            raise ValueError(msg)
        if isinstance(driver, tuple) and not (isinstance(group[name], tuple) and len(group[name]) == len(driver)):
            msg = f"`Scheduler.{name}`: got a tuple of {len(driver)}; group {i} has {group[name]!r} there."
            raise ValueError(msg)


def _parts(driver: Driver | None) -> Iterator[object]:
    yield from (part for part in (driver if isinstance(driver, tuple) else (driver,)) if part is not None)


def _next(old: Any, driver: Driver, step: SupportsIndex) -> Any:
    """Return what an entry becomes."""
    if isinstance(driver, tuple):
        return tuple(was if part is None else part.at(step) for was, part in zip(old, driver, strict=True))
    return (driver.at(step), *old[1:]) if isinstance(old, tuple) else driver.at(step)


def _whole(place: str, n: SupportsIndex) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        msg = f"`{place}`: got {_shown(n)}; it must be a whole number from 0 to 2**53. Convert it with `int()`."
        raise TypeError(msg)
    whole = n.__index__()
    if not 0 <= whole <= 2**53:
        msg = f"`{place}`: got {whole}; it must be a whole number from 0 to 2**53."
        raise IndexError(msg)
    return whole


def _as_set(lr: object, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values as a learning rate like this one takes them: a tensor rounds to its own type."""
    return from_numpy(values).to(lr.dtype).double().numpy() if isinstance(lr, Tensor) else values


def _text(drivers: Drivers) -> Any:
    """Write drivers as texts, in lists: what `torch.load(weights_only=True)` reads."""
    if isinstance(drivers, Schedule):
        return drivers.to_json()
    if drivers is None:
        return None
    kind = "groups" if isinstance(drivers, list) else "places"
    return {kind: [_text(driver) for driver in drivers]}


def _driver(text: Any) -> Any:
    if isinstance(text, dict):
        (kind, texts), *_ = text.items()
        parts = [_driver(inner) for inner in texts]
        return parts if kind == "groups" else tuple(parts)
    return None if text is None else Schedule.from_json(text)
