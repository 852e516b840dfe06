"""Any hyper-parameter of any group, driven by a glidepath Schedule."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from reprlib import repr as shortened
from typing import Any, Literal, SupportsIndex, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.optim import Optimizer, lr_scheduler

from glidepath import _drivers
from glidepath._arguments import LAST_STEP, as_int, group_index, refusal, whole
from glidepath._core import Schedule, _shown
from glidepath._drivers import Driver, Drivers
from glidepath._recipes.drivers import drivers_of
from glidepath.groups import Groups
from glidepath.torch import drivers as driving
from glidepath.torch.drivers import Initial

__all__ = ["Scheduler"]

OnChange: TypeAlias = Literal["error", "keep", "replace"]


class Scheduler(lr_scheduler.LRScheduler):
    """Set hyper-parameters of an optimizer's groups from schedules: at step k, `group[name] = schedule[k]`.

    It carries one integer, the step. So it can be put anywhere (`seek`), and a state that it saves is that integer and
    the schedules' texts, to see whether they have changed. Step 0 is set as it is made. A tensor is filled in place; a
    tuple such as betas stays a tuple.

    Groups with values of their own (a lower rate for the lower layers, no decay for biases) keep their proportions with
    `relative=True`: then `group[name] = initial * schedule[k]`, rounded once, where `initial` is the group's value when
    the first `Scheduler` of that entry is made (for the learning rate, the first scheduler of any class). The group
    keeps it as `initial_lr`, `initial_weight_decay`, and so on, and the state of a relative scheduler has it too.
    Without `relative`, one schedule makes groups that differ equal, with a warning.

    Groups that are added later are driven too where one schedule serves all, and left alone where there is a list.

    Args:
        optimizer: whose groups are set.
        lr: a schedule for all groups; or a list, one a group, with None for a group that is left alone. Or a
            `glidepath.Groups`, alone: every option of it that is a schedule is driven.
        weight_decay: the same.
        momentum: the same.
        betas: the same; a schedule drives the first beta, a tuple of schedules each its own, None none.
        relative: whether the schedules are factors of each group's initial value; or the names for which they are.
        on_change: what `load_state_dict` does where this scheduler's schedules are not those that were saved, if the
            call does not say: "error" raises, "keep" keeps this one's, "replace" takes the saved ones.
        last_epoch: the step before the first; -1 starts anew.
        others: schedules for any other entry of the groups that holds a number or a tuple of numbers, by its name.

    Raises `TypeError` for what is no schedule, `ValueError` where nothing is driven, a group has no such entry, a list
    does not have one item a group, or no schedule can drive the entry (`params`, a flag). Warns (`UserWarning`) where
    one schedule makes groups equal that are not.

    It is a `torch.optim.lr_scheduler.LRScheduler`, as training loops want to see one. In a `ChainedScheduler` it sets
    its entries anew at each step: it does not multiply, and what the other schedulers have made of them is lost. To
    multiply, multiply the schedules: `lr=a * b`. As a later scheduler of glidepath's `SequentialLR` it leaves its
    entries as they were until its turn; in torch's own it has set all but the learning rate from the start.

    >>> lr = gp.linear(0.0, 0.1, 2) >> gp.cosine(0.1, 0.0, 8)
    >>> scheduler = Scheduler(optimizer, lr=lr, weight_decay=1e-4 * gp.linear(1, 0, 10))
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> optimizer.param_groups[0]["lr"] == lr[3], optimizer.param_groups[0]["weight_decay"]
    (True, 7.000000000000001e-05)
    >>> model = torch.nn.Linear(3, 2)
    >>> groups = gp.Groups(model, "torch.SGD", lr=lr).where("bias", lr=lambda lr: 2 * lr)
    >>> Scheduler(torch.optim.SGD(groups.to_torch(model)), groups).preview(2).tolist()
    [[0.05, 0.1], [0.1, 0.2]]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr: Drivers | Groups = None,
        weight_decay: Drivers = None,
        momentum: Drivers = None,
        betas: Drivers = None,
        *,
        relative: bool | Collection[str] = False,
        on_change: OnChange = "error",
        last_epoch: int = -1,
        **others: Drivers,
    ) -> None:
        if not isinstance(cast("object", optimizer), Optimizer):
            msg = refusal("Scheduler.optimizer", f"a {type(optimizer).__name__}", "it must be a torch.optim.Optimizer")
            raise TypeError(msg)
        given: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas, **others}
        if isinstance(lr, Groups):
            given = _of_groups(lr, optimizer, given)
        self.optimizer = optimizer
        self.drivers = {name: drivers for name, drivers in given.items() if drivers is not None}
        self.on_change = _checked("Scheduler", on_change)
        self._step_count = 1  # Accelerate counts here the steps that it leaves out.
        groups = optimizer.param_groups
        for name, drivers in self.drivers.items():
            driving.check("Scheduler", groups, name, drivers)
        if not any(map(_drivers.drives, self.drivers.values())):
            msg = "`Scheduler`: got no schedule; give at least one, for instance `lr=gp.cosine(0.1, 0.0, 1000)`."
            raise ValueError(msg)
        for group in groups:
            group.setdefault("initial_lr", driving.copied(group["lr"]))
        self.initial: dict[str, list[Initial]] = {name: [] for name in _relative(relative, self.drivers)}
        self._products: dict[str, list[Driver | None]] = {}
        self._groups = len(groups)
        self._in_sequence = False
        for name in self.drivers:
            self._warn_of_unequal(name, range(len(groups)))
        self._keep_initial()
        self.base_lrs = [driving.copied(group["initial_lr"]) for group in groups]
        self.seek(whole("Scheduler.last_epoch", last_epoch, least=-1, way_out="Leave it out to start anew.") + 1)

    def __repr__(self) -> str:
        """Show what drives what."""
        names = ["optimizer", *(f"{name}={drivers!r}" for name, drivers in self.drivers.items())]
        if self.initial:
            relative = True if self.initial.keys() == self.drivers.keys() else list(self.initial)
            names.append(f"relative={relative}")
        return f"Scheduler({', '.join(names)})"

    def step(self, epoch: int | None = None) -> None:
        """Set the next step's values; or, if `epoch` is given, that step's."""
        if self.last_epoch < 0:
            self._in_sequence = True  # Only a SequentialLR puts it before its first step.
        self.seek(self.last_epoch + 1 if epoch is None else epoch)

    def seek(self, step: SupportsIndex) -> None:
        """Set the values of a step, and go on from there.

        Raises `IndexError` for a step below 0 or above 2**53.

        >>> scheduler = Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10))
        >>> scheduler.seek(5)
        >>> scheduler.get_last_lr()
        [0.05]
        """
        step = whole("seek.step", step, way_out="Use `seek(0)` for the start.")
        groups = self.optimizer.param_groups
        if len(groups) > self._groups:
            for name in self.drivers:
                self._warn_of_unequal(name, range(self._groups, len(groups)))
            self._keep_initial()
        values = [
            (group, name, driver.at(step) if isinstance(driver, Schedule) else _values(driver, step))
            for name in self.drivers
            for group, driver in zip(groups, self._of_groups(name), strict=True)
            if driver is not None
        ]
        for group, name, new in values:
            driving.put(group, name, new)
        self.last_epoch = step
        self._groups = len(groups)
        self._last_lr = [driving.copied(group["lr"]) for group in groups]

    def _keep_initial(self) -> None:
        """Keep the initial values of what is driven in the groups that have none yet, as torch keeps `initial_lr`."""
        groups = self.optimizer.param_groups
        for name, drivers in self.drivers.items():
            for group, driver in zip(groups, _drivers.of_groups(drivers, len(groups)), strict=False):
                if driver is not None:
                    group.setdefault(f"initial_{name}", driving.copied(group[name]))

    def _put_back(self) -> None:
        """Set what is driven to its initial values: a SequentialLR takes back the step that the constructor made."""
        for name in self.drivers:
            for group, driver in zip(self.optimizer.param_groups, self._of_groups(name), strict=True):
                if driver is not None and f"initial_{name}" in group:
                    driving.put_back(group, name, driver)

    def _initial_step(self) -> None:
        # SequentialLR starts its first scheduler so.
        self._in_sequence = True
        self.seek(0)

    def _update_lr(self, epoch: int | None = None) -> None:
        # SequentialLR lets a later scheduler take over so.
        self._in_sequence = True
        self.seek(self.last_epoch if epoch is None else epoch)

    def get_lr(self) -> list[float | Tensor]:
        """Return each group's learning rate at `last_epoch`, as wrappers that set rates themselves ask for it.

        >>> Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10)).get_lr()
        [0.0]
        """
        step, rates = max(self.last_epoch, 0), []
        for group, driver in zip(self.optimizer.param_groups, self._of_groups("lr"), strict=True):
            lr = driving.copied(group["lr"])
            value = driver.at(step) if isinstance(driver, Schedule) else None
            rates.append(lr if value is None else lr.fill_(value) if isinstance(lr, Tensor) else value)
        return rates

    def schedule(
        self, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None, name: str = "lr", place: int = 0
    ) -> Schedule:
        """Return the schedule of an entry of a group, the learning rate if nothing else is said.

        Args:
            group: which of the optimizer's groups.
            steps: of no use here; other schedulers may need it, for a table.
            name: of which entry.
            place: which value of a tuple: 0 is the first beta.

        Raises `ValueError` where no schedule drives it.

        >>> Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10)).schedule()
        gp.linear(0.0, 0.1, 10)
        >>> Scheduler(optimizer, weight_decay=gp.linear(0.1, 0.0, 10)).schedule(name="weight_decay")
        gp.linear(0.1, 0.0, 10)
        """
        groups = len(self.optimizer.param_groups)
        group = group_index("schedule.group", group, groups)
        parts = _drivers.as_tuple(self._of_groups(self._driven("schedule", name))[group])
        _drivers.check_place("schedule", name, place, len(driving.places_of(self.optimizer.param_groups[group][name])))
        part = parts[place] if place < len(parts) else None
        if part is None:
            what = "its learning rate" if name == "lr" else f"place {place} of its `{name}`"
            msg = refusal("schedule.group", group, f"no schedule drives {what}", "Take a group that has one.")
            raise ValueError(msg)
        return cast("Schedule", part)

    def preview(self, n: SupportsIndex, *, name: str = "lr", place: int = 0) -> NDArray[np.float64]:
        """Return the values that the next n steps will set, shape (n, groups); nothing is touched.

        Args:
            n: how many steps.
            name: of which entry, the learning rate if nothing else is said.
            place: which value of a tuple: 0 is the first beta.

        >>> Scheduler(optimizer, lr=gp.linear(0.0, 0.1, 10)).preview(2)
        array([[0.01],
               [0.02]])
        """
        groups = self.optimizer.param_groups
        drivers = self._of_groups(name if name == "lr" else self._driven("preview", name))
        out = np.empty((whole("preview.n", n, ValueError, way_out="Steps are counted from 0."), len(groups)))
        for column, group, driver in zip(out.T, groups, drivers, strict=True):
            driving.check_entry("preview", group, name, place)
            places, parts = driving.places_of(group[name]), _drivers.as_tuple(driver)
            part = parts[place] if place < len(parts) else None
            if part is None:
                column[:] = float(places[place])
            else:
                column[:] = _as_set(places[place], part.array(len(column), self.last_epoch + 1))
        return out

    def state_dict(self) -> dict[str, Any]:
        """Return the step and the schedules' texts; with `relative`, the groups' initial values too.

        >>> Scheduler(optimizer, lr=gp.constant(0.1)).state_dict()
        {'step': 0, 'schedules': {'lr': '{"glidepath":1,"schedule":{"kind":"constant","value":0.1}}'}}
        """
        state = {
            "step": self.last_epoch,
            "schedules": {name: _drivers.text_of(drivers) for name, drivers in self.drivers.items()},
        }
        if self.initial:
            state["initial"] = {name: list(values) for name, values in self.initial.items()}
        return state

    def load_state_dict(self, state_dict: dict[str, Any], on_change: OnChange | None = None) -> None:
        """Go to the step of a saved state. The next `step()` sets the values of the step after it.

        Loading sets nothing in the optimizer, as with torch's schedulers: the values of that step are in the
        optimizer's own state. Where you do not load that, or this scheduler was made after it was loaded, say
        `scheduler.seek(scheduler.last_epoch)`.

        Exception: with "keep" and changed schedules it also sets the optimizer. An entry that still holds the saved
        schedule's value gets this scheduler's. An entry that you set by hand, or that was not driven before, waits for
        the next step. In a SequentialLR all wait. Load the optimizer's state first, or call `seek` afterwards.

        The saved initial values of a relative scheduler come back, whatever `on_change` says. For a new base rate do
        not load the state: seek the step.

        Args:
            state_dict: what `state_dict()` returned.
            on_change: what to do where this scheduler's schedules are not those that were saved: "error" raises,
                "keep" keeps this one's, "replace" takes the saved ones; None does what was said at construction.

        Raises `ValueError` where schedules have changed and nothing is said of that, for the state of another class,
        and for initial values of more groups than the optimizer has; `TypeError` where a part of the state has another
        type.

        >>> saved = Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 100)).state_dict()
        >>> longer = Scheduler(optimizer, lr=gp.cosine(0.1, 0.0, 200))
        >>> longer.load_state_dict(saved, on_change="keep")
        """
        on_change = self.on_change if on_change is None else _checked("load_state_dict", on_change)
        step, texts, initial = _contents(state_dict)
        drivers, kept = self.drivers, {**self.initial, **{k: v for k, v in initial.items() if k in self.initial}}
        replaced: dict[str, Any] = {}
        place, groups = "load_state_dict.initial", len(self.optimizer.param_groups)
        if texts != {name: _drivers.text_of(own) for name, own in self.drivers.items()} or (
            initial.keys() != self.initial.keys()
        ):
            saved = self._read(texts)
            if on_change == "error":
                raise ValueError(self._changed(saved, initial))
            if on_change == "replace":
                drivers, kept = saved, initial
            elif not self._in_sequence and self.last_epoch >= 0 <= step:
                replaced = {
                    name: _products(f"{place}.{name}", saved[name], initial.get(name), groups)
                    for name in saved.keys() & drivers.keys()
                }
        for name, values in kept.items():
            if len(values) > groups:
                rule = f"the optimizer has {groups}. Add the missing groups first, with `optimizer.add_param_group`"
                msg = refusal(f"{place}.{name}", f"the initial values of {len(values)} groups", rule)
                raise ValueError(msg)
        self._products = {
            name: _products(f"{place}.{name}", drivers[name], values, len(values)) for name, values in kept.items()
        }
        self.drivers, self.initial, self._groups = drivers, kept, groups
        self._keep_initial()
        for name, was in replaced.items():
            self._replace(name, was, step)
        self.last_epoch = step
        self._last_lr = self.get_lr()

    def _replace(self, name: str, saved: list[Driver | None], step: int) -> None:
        """Set this scheduler's value where an entry has that of a saved schedule."""
        for group, *drivers in zip(self.optimizer.param_groups, saved, self._of_groups(name), strict=False):
            places = driving.places_of(group[name])
            was, now = (_values(driver, step) for driver in drivers)
            rows = zip(places, was, now, strict=False)
            driving.put(group, name, tuple(new if driving.holds(place, old) else None for place, old, new in rows))

    def _read(self, texts: dict[str, Any]) -> dict[str, Any]:
        """Read a state's schedules, and refuse those that do not fit the groups."""
        place = "load_state_dict.schedules"
        groups = self.optimizer.param_groups
        saved = {name: _drivers.read(f"{place}.{name}", text) for name, text in texts.items()}
        for name, drivers in saved.items():
            # There may be groups that were added after a list was given.
            known = groups[: len(drivers)] if isinstance(drivers, list) else groups
            driving.check(place, known, name, drivers)
        return saved

    def _changed(self, saved: dict[str, Any], initial: dict[str, Any]) -> str:
        """Return the message that says how this scheduler's schedules differ from those of a state."""
        # A factor and a value are not compared.
        rescaled = (initial.keys() ^ self.initial.keys()) & saved.keys() & self.drivers.keys()
        told = [_drivers.differences(saved, self.drivers, rescaled)]
        for name in sorted(rescaled):
            now = "was relative, and is not now" if name in initial else "was not relative, and is now"
            told.append(f"`{name}` {now}.")
        return " ".join([
            "`load_state_dict`: got a state with other schedules.",
            *filter(None, told),
            'Say `on_change="keep"` to go on with this scheduler\'s, or "replace" with the saved ones;',
            'where a framework loads the state, write `Scheduler(..., on_change="keep")`.',
        ])  # fmt: skip

    def _driven(self, place: str, name: str) -> str:
        if not isinstance(cast("object", name), str) or name not in self.drivers:
            known = ", ".join(self.drivers)
            msg = refusal(f"{place}.name", _shown(name), "no schedule drives it", f"It must be one of {known}.")
            raise ValueError(msg)
        return name

    def _of_groups(self, name: str) -> list[Driver | None]:
        """Return what drives an entry in each group; a relative schedule is multiplied by the initial value."""
        groups, drivers = self.optimizer.param_groups, self.drivers.get(name)
        if name not in self.initial and not isinstance(drivers, list):
            return [drivers] * len(groups)
        known = max(self._groups if name in self.initial else 0, len(drivers) if isinstance(drivers, list) else 0)
        if len(groups) < known:
            msg = (
                f"`Scheduler.{name}`: the optimizer has {len(groups)} groups now, and had {known}: one was removed. "
                "Make a new Scheduler for those that are left, and `seek` the step."
            )
            raise ValueError(msg)
        if name not in self.initial:
            return _drivers.of_groups(drivers, len(groups))
        values, products = self.initial[name], self._products.get(name, [])
        if len(products) < len(groups):
            of_all = _drivers.of_groups(drivers, len(groups))
            new = zip(groups[len(values) :], of_all[len(values) :], strict=True)
            values += [None if driver is None else driving.initial_of(group, name) for group, driver in new]
            products = self._products[name] = _products(f"Scheduler.{name}", drivers, values, len(values))
        return products[: len(groups)]

    def _warn_of_unequal(self, name: str, new: range) -> None:
        """Warn if a schedule that serves all groups makes some equal that are not."""
        if name in self.initial or isinstance(self.drivers[name], list):
            return
        groups = self.optimizer.param_groups
        is_driven = [part is not None for part in _drivers.as_tuple(self.drivers[name])]
        values = [_numbers(group.get(f"initial_{name}", group[name]), is_driven) for group in groups]
        if new.start > 0 and f"initial_{name}" not in groups[0]:
            return  # The state of an optimizer that had no `Scheduler` was loaded.
        if all(values[i] == values[0] for i in new):
            return
        shown = list(dict.fromkeys(", ".join(map(repr, value)) for value in values))
        warnings.warn(
            f"`Scheduler.{name}`: one schedule sets all {len(groups)} groups, whose own values differ: "
            f"{'; '.join(shown)}. They become equal. To scale each group's own value, write `relative=True` and a "
            "schedule of factors; to set each group apart, give a list with one schedule for each group.",
            UserWarning,
            stacklevel=3,
        )


def _of_groups(groups: Groups, optimizer: Optimizer, given: dict[str, Any]) -> dict[str, Any]:
    """Return the drivers that Groups are."""
    for name, drivers in given.items():
        if name != "lr" and drivers is not None:
            rule = "beside Groups there can be no other schedules"
            way_out = f'Write `groups.where("*", {name}=...)`.'
            raise ValueError(refusal(f"Scheduler.{name}", _shown(drivers), rule, way_out))
    drivers = drivers_of("Scheduler.lr", groups, optimizer.param_groups)
    if not drivers:
        rule = "none of their options is a Schedule, so there is nothing to drive"
        raise ValueError(refusal("Scheduler.lr", "Groups", rule, "Use the optimizer without a Scheduler."))
    return drivers


def _values(driver: Driver | None, step: int) -> tuple[float | None, ...]:
    """Return the value of a step for each place that is driven."""
    return tuple(None if part is None else part.at(step) for part in _drivers.as_tuple(driver))


def _products(place: str, drivers: Drivers, values: list[Initial] | None, groups: int) -> list[Driver | None]:
    """Return what drives an entry in each group, multiplied by its initial value where there are such."""
    of_all = _drivers.of_groups(drivers, groups)[:groups]
    if values is None:
        return of_all
    return [
        None if driver is None else driving.scaled(place, value, driver)
        for value, driver in zip(values, of_all, strict=False)
    ]


def _relative(relative: bool | Collection[str], drivers: dict[str, Any]) -> list[str]:
    if isinstance(relative, bool):
        return list(drivers) if relative else []
    names = [relative] if isinstance(relative, str) or not isinstance(relative, Collection) else list(relative)
    for name in names:
        if name not in drivers:
            rule = f"it must be True, False, or names of what is driven: {', '.join(drivers)}"
            msg = refusal("Scheduler.relative", _shown(name), rule)
            raise ValueError(msg)
    return names


def _checked(place: str, on_change: OnChange) -> OnChange:
    if on_change not in ("error", "keep", "replace"):
        msg = refusal(f"{place}.on_change", _shown(on_change), "it must be one of error, keep, replace")
        raise ValueError(msg)
    return on_change


def _contents(state: object) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Return the step, the texts and the initial values of a state, of the right types."""
    way_out = "Load what `state_dict()` returned."
    if not isinstance(state, dict):
        msg = refusal("load_state_dict.state_dict", f"a {type(state).__name__}", "it must be a dict", way_out)
        raise TypeError(msg)
    if not {"step", "schedules"} <= state.keys():
        got = ", ".join(sorted(map(str, state))) or "none"
        if "last_epoch" in state:
            msg = refusal(
                "load_state_dict",
                f"the state of another scheduler, with the keys {got}",
                "a Scheduler's has step and schedules",
                'To go on where that one was, write `scheduler.seek(state["last_epoch"])`.',
            )
        else:
            rule = "it must have step and schedules. Save `state_dict()`."
            msg = f"`load_state_dict`: got a state with the keys {got}; {rule}"
        raise ValueError(msg)
    texts, initial = state["schedules"], state.get("initial", {})
    step = as_int(state["step"])
    if step is None:
        msg = refusal("load_state_dict.step", _shown(state["step"]), "it must be a whole number", way_out)
        raise TypeError(msg)
    if step > LAST_STEP:
        msg = refusal("load_state_dict.step", step, "it must be at most 2**53", way_out)
        raise ValueError(msg)
    for name, part in (("schedules", texts), ("initial", initial)):
        if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
            msg = refusal(f"load_state_dict.{name}", _shown(part), "it must be a dict by names of entries", way_out)
            raise TypeError(msg)
    for name, values in initial.items():
        if name not in texts or not isinstance(values, list) or not all(map(_is_initial, values)):
            msg = refusal(f"load_state_dict.initial.{name}", shortened(values), "it must be a list of numbers", way_out)
            raise TypeError(msg)
    return step, texts, {name: list(values) for name, values in initial.items()}


def _is_initial(value: object) -> bool:
    places = value if isinstance(value, list) else [value]
    return all(place is None or (isinstance(place, int | float) and not isinstance(place, bool)) for place in places)


def _numbers(entry: Any, is_driven: list[bool]) -> list[float | None]:
    """Return the numbers of an entry's driven places; None for a tensor that has no value (a meta tensor)."""
    chosen = [place for place, driven in zip(driving.places_of(entry), is_driven, strict=False) if driven]
    return [
        None if place is None or (isinstance(place, Tensor) and place.is_meta) else float(place) for place in chosen
    ]


def _as_set(old: object, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values as an entry like this one takes them: a tensor rounds to its own type."""
    return from_numpy(values).to(old.dtype).double().numpy() if isinstance(old, Tensor) else values
