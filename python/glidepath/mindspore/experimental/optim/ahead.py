"""What comes: the learning rates that a live scheduler will set, and any of its states, without stepping it.

glidepath's schedulers have these as methods. The functions take those, and MindSpore's own schedulers too, which are
stepped by MindSpore's code on copies of their Parameters.
"""

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from functools import partial
from types import MethodType
from typing import Any, SupportsIndex

import numpy as np
from mindspore import Parameter, Tensor, ops
from mindspore.experimental.optim import lr_scheduler as theirs
from numpy.typing import NDArray

from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import Schedule, _shown, replay, schema, table

__all__ = ["Ahead", "preview", "schedule", "seek"]

_THEIRS = (theirs.LRScheduler, theirs.SequentialLR, theirs.ReduceLROnPlateau)


class Ahead:
    """A scheduler that can look ahead, and jump."""

    optimizer: Any
    groups_num: int
    _takes_metrics = False

    @abstractmethod
    def _read(self) -> list[float]:
        """Return the groups' learning rates."""

    @abstractmethod
    def _peek(self) -> list[float]:
        """Return the groups' learning rates, and leave what a user has set in their place where it is."""

    @abstractmethod
    def _write(self, values: list[float]) -> None:
        """Set the groups' learning rates."""

    @abstractmethod
    def _begin(self) -> None:
        """Set the initial learning rates, and take the first step."""

    @abstractmethod
    def _jump(self, step: int) -> None:
        """Set the epoch to that after so many steps from the start, and leave the learning rates as they are."""

    @abstractmethod
    def _replay(self, group: int) -> Schedule | None:
        """Return the replay that gives the learning rates of a group, or None where there is none."""

    @abstractmethod
    def _has_its_own_rule(self) -> bool:
        """Return whether a subclass or an instance has a rule of its own, here or in a part."""

    @abstractmethod
    def _all_or_nothing(self) -> Any:
        """Return a context that brings the state back where something raises in it."""

    @abstractmethod
    def _take(self, other: Any) -> None:
        """Take the state of a copy."""

    def preview(self, n: SupportsIndex | None = None, *, metrics: Iterable[Any] | None = None) -> NDArray[np.float32]:
        """Return the learning rates that the next n steps will set, shape (n, groups); nothing is changed.

        Bit for bit what stepping would set, from the present state and the groups' present learning rates. A function
        that the scheduler was given is called as its steps would call it.

        Args:
            n: how many steps, from 0.
            metrics: for ReduceLROnPlateau, the metric of each step, instead of n.

        Raises:
            TypeError, ValueError: an argument of the wrong type or out of its range, and whatever a step would raise.
        """
        given = _given(self, n, metrics)
        ghost, _ = _copy(self)
        out = np.empty((len(given), self.groups_num), np.float32)
        for row, arguments in zip(out, given, strict=True):
            ghost.step(*arguments)
            row[:] = ghost._read()  # noqa: SLF001 (a copy of this one)
        return out

    def seek(self, step: SupportsIndex) -> None:
        """Put the scheduler, and its groups' learning rates, into the state after so many steps from the start.

        Bit for bit what stepping there would give. At the start the groups have their initial learning rates, and
        nothing is stepped; attributes that you have changed count. So this is also how to resume: make the scheduler as
        at the beginning of the run, and seek the step where you are.

        Args:
            step: how many steps from the start, from 0.

        Raises:
            TypeError: a step that is no integer; or a ReduceLROnPlateau, whose rates do not follow from the step.
            IndexError: a step below 0 or above 2**53.
        """
        to = _step(self, step)
        rules = _replays(self)
        if rules is None:
            ghost = _stepped(self, to)
            with self._all_or_nothing():
                self._take(ghost)
            return
        rates = [rule[to] for rule in rules]
        with self._all_or_nothing():
            self._jump(to)
            self._write(rates)

    def schedule(self, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None) -> Schedule:
        """Return the learning rates of a group as a glidepath `Schedule`: from the start, step k is epoch k.

        It is a replay, with the bits that stepping gives for any number of steps. Where a function or a subclass drives
        the scheduler there is none: then it is a table of the first `steps` values.

        Args:
            group: which of the groups.
            steps: the length of the table, where one is needed.

        Raises:
            ValueError: a table is needed, and `steps` is missing or out of its range.
            TypeError: an argument of the wrong type; or a ReduceLROnPlateau, whose rates do not follow from the step.
            IndexError: a group that is not there.
        """
        which, length = _group(self, group), _length(self, steps)
        found = self._replay(which)
        return found if found is not None else _table(self, which, length)


def preview(
    scheduler: Any, n: SupportsIndex | None = None, *, metrics: Iterable[Any] | None = None
) -> NDArray[np.float32]:
    """Return the learning rates that the next n steps of a scheduler will set, shape (n, groups); nothing is changed.

    Args:
        scheduler: a scheduler of glidepath's or MindSpore's.
        n: how many steps, from 0.
        metrics: for ReduceLROnPlateau, the metric of each step, instead of n.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range, and whatever a step would raise.

    >>> import mindspore as ms
    >>> from mindspore.experimental import optim
    >>> optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.1)
    >>> preview(optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5), 3)
    array([[0.1 ],
           [0.05],
           [0.05]], dtype=float32)
    """
    if isinstance(scheduler, Ahead):
        return scheduler.preview(n, metrics=metrics)
    _refuse_others("preview", scheduler)
    given = _given(scheduler, n, metrics)
    ghost, _ = _copy(scheduler)
    out = np.empty((len(given), len(scheduler.get_last_lr())), np.float32)
    for row, arguments in zip(out, given, strict=True):
        ghost.step(*(Tensor(metric, dtype=ghost.best.dtype) for metric in arguments))
        row[:] = _rates(ghost)
    return out


def seek(scheduler: Any, step: SupportsIndex) -> None:
    """Put a scheduler, and its groups' learning rates, into the state after so many steps from the start.

    Bit for bit what stepping there would give. A scheduler of MindSpore's own is stepped all the way, on a copy.

    Args:
        scheduler: a scheduler of glidepath's or MindSpore's.
        step: how many steps from the start, from 0.

    Raises:
        TypeError: a step that is no integer; or a ReduceLROnPlateau, whose rates do not follow from the step.
        IndexError: a step below 0 or above 2**53.

    >>> import mindspore as ms
    >>> from mindspore.experimental import optim
    >>> optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.1)
    >>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> seek(scheduler, 4)
    >>> print(scheduler.get_last_lr()[0])
    0.025
    """
    if isinstance(scheduler, Ahead):
        scheduler.seek(step)
        return
    _refuse_others("seek", scheduler)
    to = _step(scheduler, step)
    if isinstance(scheduler, theirs.ReduceLROnPlateau):
        raise follows_metrics("seek")
    ghost, memo = _copy(scheduler)
    _start_theirs(ghost)
    for _ in range(to):
        ghost.step()
    for live, copied in memo.pairs:
        ops.assign(live, copied)


def schedule(scheduler: Any, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None) -> Schedule:
    """Return the learning rates of a scheduler's group as a glidepath `Schedule`: from the start, step k is epoch k.

    It is a replay; of a composite or a CyclicLR of MindSpore's own, and where a function or a subclass drives the
    scheduler, a table of the first `steps` values.

    Args:
        scheduler: a scheduler of glidepath's or MindSpore's.
        group: which of the groups.
        steps: the length of the table, where one is needed.

    Raises:
        ValueError: a table is needed, and `steps` is missing or out of its range.
        TypeError: an argument of the wrong type; or a ReduceLROnPlateau, whose rates do not follow from the step.
        IndexError: a group that is not there.

    >>> import mindspore as ms
    >>> from mindspore.experimental import optim
    >>> optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.5)
    >>> schedule(optim.lr_scheduler.StepLR(optimizer, step_size=2))
    gp.replay("mindspore.experimental.StepLR", base_lr=0.5, step_size=2)
    """
    if isinstance(scheduler, Ahead):
        return scheduler.schedule(group, steps=steps)
    _refuse_others("schedule", scheduler)
    which, length = _group(scheduler, group), _length(scheduler, steps)
    if isinstance(scheduler, theirs.ReduceLROnPlateau):
        raise follows_metrics("schedule")
    found = _replay_of_theirs(scheduler, which)
    if found is not None:
        return found
    return _table(scheduler, which, length)


def follows_metrics(place: str) -> TypeError:
    """Return the error about a scheduler whose rates follow from metrics."""
    return TypeError(
        refusal(
            place,
            "a ReduceLROnPlateau",
            "its rates follow from metrics, not from the step",
            "Use `preview(metrics=[...])`, or load a state.",
        )
    )


# Arguments.


def _refuse_others(place: str, scheduler: Any) -> None:
    if not isinstance(scheduler, _THEIRS):
        raise TypeError(
            refusal(
                f"{place}.scheduler",
                f"an object of type {type(scheduler).__name__}",
                "it must be an experimental scheduler of glidepath's or MindSpore's",
                "Make it with a class of glidepath.mindspore.experimental.",
            )
        )


def _given(scheduler: Any, n: SupportsIndex | None, metrics: Iterable[Any] | None) -> list[tuple[Any, ...]]:
    """Return the arguments of each step."""
    place = f"{type(scheduler).__name__}.preview"
    takes_metrics = isinstance(scheduler, theirs.ReduceLROnPlateau) or getattr(scheduler, "_takes_metrics", False)
    if metrics is not None and (n is not None or not takes_metrics):
        rule = "it takes `metrics` alone" if takes_metrics else "only ReduceLROnPlateau takes metrics"
        way_out = "Leave `n` out." if takes_metrics else "Give the number of steps: `preview(10)`."
        raise TypeError(refusal(f"{place}.metrics", "metrics", rule, way_out))
    if takes_metrics and metrics is None:
        raise TypeError(
            refusal(
                f"{place}.metrics",
                "None",
                "the rates follow from the metric of each step",
                "Give them: `preview(metrics=[0.3, 0.2])`.",
            )
        )
    if metrics is not None:
        return [(metric,) for metric in metrics]
    number = _whole(f"{place}.n", n, "it must be a whole number of steps from 0 to 2**53")
    if not 0 <= number <= LAST_STEP:
        raise ValueError(
            refusal(
                f"{place}.n",
                number,
                "it must be a whole number of steps from 0 to 2**53",
                "Use `preview(1)` for the next step.",
            )
        )
    return [()] * number


def _whole(place: str, value: Any, rule: str) -> int:
    whole = as_int(value)
    if whole is None:
        raise TypeError(refusal(place, _shown(value), rule, "Convert it with `int()`."))
    return whole


def _step(scheduler: Any, step: Any) -> int:
    place, rule = f"{type(scheduler).__name__}.seek.step", "it must be a whole number from 0 to 2**53"
    number = _whole(place, step, rule)
    if not 0 <= number <= LAST_STEP:
        way_out = "Use `seek(0)` for the start." if number < 0 else "No run is as long."
        raise IndexError(refusal(place, _shown(number), rule, way_out))
    return number


def _group(scheduler: Any, group: Any) -> int:
    place = f"{type(scheduler).__name__}.schedule.group"
    groups = scheduler.groups_num if isinstance(scheduler, Ahead) else len(scheduler.get_last_lr())
    rule = f"it must be a whole number from 0 to {groups - 1}"
    number = _whole(place, group, rule)
    if not 0 <= number < groups:
        raise IndexError(refusal(place, _shown(number), rule, "Use `schedule(0)` for the first group."))
    return number


def _length(scheduler: Any, steps: Any) -> int | None:
    place, rule = f"{type(scheduler).__name__}.schedule.steps", "it must be a whole number of steps from 1 to 2**53"
    if steps is None:
        return None
    number = _whole(place, steps, rule)
    if not 1 <= number <= LAST_STEP:
        raise ValueError(refusal(place, _shown(number), rule, "Leave it out where no table is needed."))
    return number


# Schedules.


def _replays(scheduler: Ahead) -> list[Schedule] | None:
    found = [scheduler._replay(group) for group in range(scheduler.groups_num)]  # noqa: SLF001 (a hook of its class)
    rules = [rule for rule in found if rule is not None]
    return rules if len(rules) == len(found) else None


def _table(scheduler: Any, group: int, steps: int | None) -> Schedule:
    if steps is None:
        name = type(scheduler).__name__
        raise ValueError(
            refusal(
                f"{name}.schedule.steps",
                "None",
                f"no replay gives the rates of this {name}",
                "Say how many steps a table of them shall have: `steps=1000`.",
            )
        )
    ghost = _stepped(scheduler, 0)
    values = [_rates(ghost)[group]]
    for _ in range(steps - 1):
        ghost.step()
        values.append(_rates(ghost)[group])
    return table(values)


def _replay_of_theirs(scheduler: Any, group: int) -> Schedule | None:
    """Return the replay of a scheduler that is plainly one of MindSpore's own classes."""
    kind = type(scheduler)
    form = json.loads(schema())["$defs"].get(f"mindspore.experimental.{kind.__name__}")
    if kind.__module__ != theirs.__name__ or form is None or {"step", "get_lr"} & vars(scheduler).keys():
        return None
    names = [name for name in form["properties"] if name not in {"kind", "base_lr"}]
    if not all(hasattr(scheduler, name) for name in names):
        return None
    given = {name: _argument(getattr(scheduler, name)) for name in names}
    name: Any = f"mindspore.experimental.{kind.__name__}"
    return replay(name, base_lr=_argument(scheduler.base_lrs[group]), **given)


def _argument(value: Any) -> Any:
    if isinstance(value, Counter):
        return list(value.elements())
    if isinstance(value, Tensor):
        number = value.asnumpy().item()
        return int(number) if float(number).is_integer() else number
    return value


# Copies.


def _rates(scheduler: Any) -> list[float]:
    if isinstance(scheduler, Ahead):
        return scheduler._read()  # noqa: SLF001 (a hook of its class)
    return [float(lr.asnumpy()) for lr in scheduler.get_last_lr()]


def _stepped(scheduler: Any, steps: int) -> Any:
    """Return a copy of a scheduler, stepped from its start."""
    ghost, _ = _copy(scheduler)
    if isinstance(ghost, Ahead):
        ghost._begin()  # noqa: SLF001 (a hook of its class)
    else:
        _start_theirs(ghost)
    for _ in range(steps):
        ghost.step()
    return ghost


def _start_theirs(scheduler: Any) -> None:
    """Start a scheduler of MindSpore's as its constructor does, from the initial learning rates."""
    if not isinstance(scheduler, theirs.SequentialLR):
        last_lrs = scheduler._last_lr  # noqa: SLF001 (MindSpore has no other name for the Parameters)
        for lr, base in zip(last_lrs, scheduler.base_lrs, strict=True):
            ops.assign(lr, Tensor(float(base.asnumpy()), lr.dtype))
        ops.assign(scheduler.last_epoch, Tensor(-1.0, scheduler.last_epoch.dtype))
        scheduler.step()
        return
    for group in scheduler.optimizer.param_groups:
        if "initial_lr" in group:  # a group that was added later has none, and is left alone
            ops.assign(group["lr"], group["initial_lr"])
    for child in scheduler._schedulers:  # noqa: SLF001 (the same)
        ops.assign(child.last_epoch, Tensor(-1.0, child.last_epoch.dtype))
    ops.assign(scheduler.last_epoch, Tensor(0.0, scheduler.last_epoch.dtype))
    scheduler._schedulers[0].step()  # noqa: SLF001 (the same)


class _Copies(dict[int, Any]):
    """What has been copied, by the identity of the original; and each Parameter beside its copy."""

    def __init__(self, scheduler: Any) -> None:
        super().__init__()
        self.pairs: list[tuple[Any, Any]] = []
        self.rates = None
        if isinstance(scheduler, Ahead) and not scheduler._has_its_own_rule():  # noqa: SLF001 (a hook of its class)
            self.rates = _Rates(scheduler._peek())  # noqa: SLF001 (the same)
        self[id(scheduler.optimizer)] = _CopiedOptimizer(scheduler.optimizer, self)

    def of(self, value: Any) -> Any:
        """Return the copy of a value. What cannot be copied is shared."""
        if id(value) in self:
            return self[id(value)]
        if isinstance(value, (Ahead, *_THEIRS)):
            return self._scheduler(value)
        if isinstance(value, (Tensor, Parameter)):
            return self._tensor(value)
        if type(value) in {list, tuple}:
            return type(value)(self.of(item) for item in value)
        return self._other(value)

    def _tensor(self, value: Any) -> Any:
        if self.rates is not None and value.ndim == 0:
            return value.asnumpy().item()  # as `_Rates` has them
        if not isinstance(value, Parameter):
            return value  # nobody changes it in place
        copied = Parameter(Tensor(value.asnumpy(), value.dtype), name=value.name)
        self.pairs.append((value, copied))
        self[id(value)] = copied
        return copied

    def _other(self, value: Any) -> Any:
        if isinstance(value, MethodType) and id(value.__self__) in self:
            return MethodType(value.__func__, self[id(value.__self__)])
        if isinstance(value, ops.Primitive):
            return value
        try:
            return deepcopy(value, self)
        except Exception:  # noqa: BLE001 (whatever an object of the user's raises)
            return value

    def _scheduler(self, scheduler: Any) -> Any:
        ghost = self[id(scheduler)] = object.__new__(type(scheduler))
        for key, value in vars(scheduler).items():
            vars(ghost)[key] = self.of(value)
        if self.rates is not None:
            vars(ghost).update(_read=partial(self.rates.read, ghost.groups_num), _write=self.rates.write)
        return ghost


class _Rates:
    """The learning rates of a copy at which no code of the user looks: floats, which are faster than Parameters."""

    def __init__(self, values: list[float]) -> None:
        self._values = values

    def read(self, groups: int) -> list[float]:
        """Return the rates of the first groups."""
        return self._values[:groups]

    def write(self, values: Sequence[Any]) -> None:
        """Set the rates of the first groups, rounded as a Parameter rounds them."""
        self._values[: len(values)] = np.array(values, np.float32).tolist()


class _CopiedOptimizer:
    """An optimizer as far as its groups and their learning rates go; all else is the real one's."""

    def __init__(self, real: Any, copies: _Copies) -> None:
        self._real = real
        self.lrs = [copies.of(lr) for lr in real.lrs]
        self.param_groups = [
            {key: copies.of(value) if key == "lr" else value for key, value in group.items()}
            for group in real.param_groups
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _copy(scheduler: Any) -> tuple[Any, _Copies]:
    """Copy a scheduler whole, with the schedulers that it holds, onto copies of its groups' learning rates."""
    copies = _Copies(scheduler)
    return copies.of(scheduler), copies
