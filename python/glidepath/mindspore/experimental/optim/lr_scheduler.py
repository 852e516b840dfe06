"""MindSpore's experimental schedulers, on its experimental optimizers: the same learning rates, and what theirs lack.

Each has the name, the arguments and the behaviour of its counterpart in ``mindspore.experimental.optim.lr_scheduler``:
it sets the learning rates of the optimizer's groups, in place, when it is made and at every ``step()``. Beside that
there are ``state_dict`` and ``load_state_dict``; an epoch that is an int, and does not stand still at 2**24; a
``MultiStepLR`` that works inside a ``SequentialLR``; composites of composites; ``OneCycleLR``; ``ChainedScheduler``;
``preview``, ``seek`` and ``schedule``, which stand in ``ahead``.

They are called from Python: step one outside what ``mindspore.jit`` compiles.

>>> import mindspore as ms
>>> from glidepath.mindspore.experimental import optim
>>> optimizer = optim.SGD([ms.Parameter(ms.Tensor([1.0]), name="w")], lr=0.1)
>>> scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
>>> for epoch in range(4):
...     print(epoch, optimizer.param_groups[0]["lr"].value())
...     _ = scheduler.step()
0 0.1
1 0.1
2 0.05
3 0.05

Source: ``mindspore.experimental.optim.lr_scheduler`` of MindSpore 2.10.
"""

import math
import reprlib
from abc import abstractmethod
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, SupportsIndex

import numpy as np

from glidepath._core import Schedule, _between, _closed, _cycle, _is_better, _next, _reduced, _scaled, _shown, replay
from glidepath.mindspore import _checks as check
from glidepath.mindspore._forward import refuse_without

try:
    from mindspore import Parameter, Tensor, ops
    from mindspore import dtype as mstype
    from mindspore.experimental.optim import lr_scheduler as theirs
    from mindspore.experimental.optim.optimizer import Optimizer

    from glidepath.mindspore.experimental.optim.ahead import Ahead, follows_metrics
except ImportError as error:
    refuse_without(error)
    raise ImportError(
        "glidepath.mindspore.experimental sets the learning rates of MindSpore's optimizers; MindSpore cannot be "
        "imported here: `pip install mindspore`. (gp.replay has the same rules without it.)"
    ) from error

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_Factor = Callable[[Any], Any]


class _Stateful(Ahead):
    """What all share: the optimizer's learning rates, and a state that can be saved."""

    optimizer: Any
    groups_num: int

    def _hold(self, optimizer: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"`{type(self).__name__}.optimizer`: got an object of type {type(optimizer).__name__}; it must be one "
                "of mindspore.experimental.optim. To those of mindspore.nn give a schedule as `learning_rate`."
            )
        self.optimizer, self.groups_num = optimizer, len(optimizer.param_groups)

    @property
    def _groups(self) -> list[dict[str, Any]]:
        """The groups that there were at first: any that was added later is left alone, as MindSpore leaves it."""
        return list(self.optimizer.param_groups[: self.groups_num])

    @property
    def _last_lr(self) -> list[Any]:
        """The Parameters that hold the groups' learning rates, with what a user has set in their place."""
        lrs = list(self.optimizer.lrs[: self.groups_num])
        for i, (group, lr) in enumerate(zip(self._groups, lrs, strict=True)):
            if group["lr"] is not lr:
                ops.assign(lr, Tensor(_number(f"optimizer.param_groups[{i}]['lr']", group["lr"]), mstype.float32))
                group["lr"] = lr
        return lrs

    def _read(self) -> list[float]:
        return _floats(self._last_lr)

    def _peek(self) -> list[float]:
        lrs = [_number(f"optimizer.param_groups[{i}]['lr']", group["lr"]) for i, group in enumerate(self._groups)]
        return [float(np.float32(lr)) for lr in lrs]

    def _write(self, values: Sequence[Any]) -> None:
        for lr, value in zip(self._last_lr, values, strict=True):
            ops.assign(lr, Tensor(float(value), mstype.float32))

    def get_last_lr(self) -> list[Any]:
        """Return the groups' learning rates, a Tensor each."""
        return [lr.value() for lr in self._last_lr]

    def _parts(self) -> Sequence["_Stateful"]:
        """Return the schedulers that this one is made of."""
        return ()

    def _check(self) -> None:
        """Refuse attributes that cannot be."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes or was given, in plain numbers, strings, lists and dicts, and the learning rates.

        Callables are not in it, as they are not in PyTorch's.
        """
        plain = {name: _plain(value) for name, value in vars(self).items() if _is_plain(value)}
        return {**plain, "lrs": self._read(), "parts": [part.state_dict() for part in self._parts()]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a state that ``state_dict`` gave, and set the groups' learning rates to those in it.

        Raises:
            TypeError, ValueError: a state with other attributes than this scheduler's, of another number of groups, or
                with a value that cannot be. Then nothing is changed. (The class itself is not in a state.)
        """
        with self._all_or_nothing():
            self._load(state)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        before = self.state_dict()
        try:
            yield
        except Exception:
            self._load(before)
            raise

    def _take(self, other: "_Stateful") -> None:
        self._load(other.state_dict())

    def _replay(self, group: int) -> Schedule | None:  # noqa: ARG002 (the others' signature)
        return None

    def _has_its_own_rule(self) -> bool:
        """Whether a subclass or an instance has a rule of its own in the place of this module's, here or in a part."""
        kind = type(self)
        here = next(base for base in kind.__mro__ if base.__module__ == __name__)
        names = ("step", "get_lr", "_get_closed_form_lr")
        own = any(name in vars(self) or getattr(kind, name, None) is not getattr(here, name, None) for name in names)
        return own or any(part._has_its_own_rule() for part in self._parts())  # noqa: SLF001 (of this module)

    def _load(self, state: dict[str, Any]) -> None:
        place = f"{type(self).__name__}.load_state_dict"
        known = {name for name, value in vars(self).items() if _is_plain(value)} | {"lrs", "parts"}
        if not isinstance(state, dict):
            raise TypeError(f"`{place}`: got {_shown(state)}; it must be a dict. Load what `state_dict` gave.")
        lengths = [len(state[name]) if isinstance(state.get(name), list) else None for name in ("parts", "lrs")]
        if isinstance(state.get("lrs"), list) and len(state["lrs"]) != self.groups_num and set(state) == known:
            raise ValueError(
                f"`{place}`: got a state of {len(state['lrs'])} groups, here {self.groups_num}; there must be as many. "
                "Make the optimizer as when the state was saved."
            )
        if set(state) != known or lengths != [len(self._parts()), self.groups_num]:
            raise ValueError(
                f"`{place}`: got a state with {sorted(state)}; it must be that of a "
                "scheduler of the same kind, for as many groups. Make the scheduler as when the state was saved."
            )
        for part, inner in zip(self._parts(), state["parts"], strict=True):
            part._load(inner)  # noqa: SLF001 (of this module)
        for name in known - {"lrs", "parts"}:
            vars(self)[name] = _restored(f"{place}.state['{name}']", state[name], vars(self)[name])
        if "last_epoch" in known:
            check.epoch(f"{place}.state['last_epoch']", state["last_epoch"])
        self._check()
        self._write([_number(f"{place}.state['lrs'][{i}]", lr) for i, lr in enumerate(state["lrs"])])


def _is_plain(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(item) for item in value.values())
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray, np.generic, Tensor))


def _plain(value: Any) -> Any:
    """Return a copy that shares nothing, of numbers, strings, lists and dicts only."""
    if isinstance(value, Counter):
        return [list(pair) for pair in value.items()]  # a dict's keys would come out of JSON as strings
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Tensor):
        return value.asnumpy().tolist()
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _restored(place: str, value: Any, before: Any) -> Any:
    """Return a value of a state as what it was before ``_plain``: as what stands there now."""
    try:
        return _like(_plain(value), before)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`{place}`: got {_item(value)}; here stands {_item(before)}, so that it must be of that type. Load what "
            "`state_dict` gave."
        ) from error


def _like(value: Any, before: Any) -> Any:
    if value is None or before is None:
        return value
    if isinstance(before, (list, tuple, dict)):
        return _like_items(value, before)
    if isinstance(before, Parameter):
        ops.assign(before, Tensor(value, before.dtype))
        return before
    if isinstance(before, Tensor):
        return Tensor(value, before.dtype)
    if isinstance(before, (np.ndarray, np.generic)):
        return np.array(value, dtype=before.dtype)[()]
    if (float if type(value) is int else type(value)) is not (float if type(before) is int else type(before)):
        raise TypeError
    return value


def _like_items(value: Any, before: Any) -> Any:
    if isinstance(before, Counter):
        return Counter(dict(value))
    if isinstance(before, dict):
        like = copy(before)
        like.clear()
        like.update((key, _like(item, before.get(key))) for key, item in dict(value).items())
        return like
    if not isinstance(value, list):
        raise TypeError
    items = before if len(before) == len(value) else [None] * len(value)
    return type(before)([_like(item, one) for item, one in zip(value, items, strict=True)])


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def _tensors(values: Sequence[float]) -> list[Any]:
    return [Tensor(value, mstype.float32) for value in values]


def _number(place: str, value: Any) -> float:
    """Check a number, or a Tensor of one."""
    return check.number(place, value.asnumpy().item() if isinstance(value, Tensor) and value.ndim == 0 else value)


class LRScheduler(_Stateful):
    """The base: override ``get_lr`` to return the groups' learning rates at ``self.last_epoch``.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        last_epoch: the epoch before the next one; -1 starts anew. (The first step is made at once.)

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
        KeyError: a ``last_epoch`` given for groups without ``initial_lr``.
    """

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self._hold(optimizer)
        name = type(self).__name__
        check.epoch(f"{name}.last_epoch", last_epoch)
        for i, (group, lr) in enumerate(zip(self._groups, self._last_lr, strict=True)):
            if last_epoch == -1:
                group.setdefault("initial_lr", lr.value())
            elif "initial_lr" not in group:
                raise KeyError(
                    f"`{name}.last_epoch`: got {last_epoch} and no 'initial_lr' in param_groups[{i}]; to resume there "
                    "must be one. Set it, or start anew and load a state."
                )
        self.base_lrs = [group["initial_lr"] for group in self._groups]
        self.last_epoch = last_epoch
        self.step()

    @abstractmethod
    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``, from those before."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch, or to the one given, and set the learning rates. Return True, as MindSpore's does.

        An epoch that is given is answered by ``_get_closed_form_lr``, where there is one.
        """
        if epoch is None:
            self.last_epoch += 1
            values = self.get_lr()
        else:
            self.last_epoch = _whole(f"{type(self).__name__}.step.epoch", epoch)
            values = getattr(self, "_get_closed_form_lr", self.get_lr)()
        self._write(values)
        return True

    def _undo(self) -> None:
        """Go back to before the first step."""
        self.last_epoch = -1

    def _restart(self) -> None:
        """Take the first step again, from the learning rates that the groups have."""
        self._undo()
        self.step()

    def _begin(self) -> None:
        self._write(_floats(self.base_lrs))
        self._restart()

    def _jump(self, step: int) -> None:
        self.last_epoch = step


def _epoch(place: str, epoch: Any) -> Any:
    if isinstance(epoch, Tensor):
        epoch = epoch.asnumpy().item()
    if not isinstance(epoch, (int, float, np.number)):
        raise TypeError(
            f"`{place}`: got {_shown(epoch)}; it must be a number from 0 to 2**53. Convert it with `int()`."
        )
    if not 0 <= epoch <= check.MOST:
        raise ValueError(f"`{place}`: got {_shown(epoch)}; it must be a number from 0 to 2**53. Count epochs from 0.")
    return epoch


def _item(value: Any) -> str:
    """Show an item of a state: a list by the beginnings of its items."""
    return reprlib.repr(value) if isinstance(value, list) else _shown(value)


def _whole(place: str, epoch: Any) -> int:
    number = _epoch(place, epoch)
    if number != int(number):
        raise ValueError(
            f"`{place}`: got {_shown(epoch)}; it must be a whole number. Only CosineAnnealingWarmRestarts takes "
            "fractions."
        )
    return int(number)


class _RuleScheduler(LRScheduler):
    """A scheduler whose rule stands in Rust; its arguments are attributes, and may be changed between steps."""

    rule: str
    names: tuple[str, ...]

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.names}

    def _rules(self) -> list[Schedule]:
        kind: Any = f"mindspore.experimental.{self.rule}"
        given = self._given()
        return [replay(kind, base_lr=base, **given) for base in _floats(self.base_lrs)]

    def _check(self) -> None:
        self._rules()

    def _replay(self, group: int) -> Schedule | None:
        return None if self._has_its_own_rule() else self._rules()[group]

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``, from those before."""
        pairs = zip(self._rules(), self._read(), strict=True)
        return [_next(rule, lr, self.last_epoch) for rule, lr in pairs]

    def _get_closed_form_lr(self) -> Sequence[Any]:
        return [_closed(rule, self.last_epoch) for rule in self._rules()]


class StepLR(_RuleScheduler):
    """Multiply by ``gamma`` every ``step_size`` epochs.

    ::

        lr(e) = lr(e - 1) * gamma  where step_size divides e
                lr(e - 1)          elsewhere

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        step_size: how many epochs, an int from 1 on.
        gamma: the factor, a float.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "StepLR", ("step_size", "gamma")

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = check.positive_int("StepLR.step_size", step_size)
        self.gamma = check.finite("StepLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)


class LinearLR(_RuleScheduler):
    """Go from ``start_factor`` to ``end_factor`` times the learning rate in ``total_iters`` epochs.

    ::

        lr(0) = lr * start_factor
        lr(e) = lr(e - 1) * (1 + (end_factor - start_factor)
                             / (total_iters * start_factor + (e - 1) * (end_factor - start_factor)))  e <= total_iters
                lr(e - 1)                                                                 afterwards

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        start_factor: the factor at epoch 0, above 0 and at most 1.
        end_factor: the factor from epoch ``total_iters`` on, from 0 to 1.
        total_iters: how many epochs it takes.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "LinearLR", ("start_factor", "end_factor", "total_iters")

    def __init__(
        self, optimizer: Any, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        start_factor = _number("LinearLR.start_factor", start_factor)
        end_factor = _number("LinearLR.end_factor", end_factor)
        if not 0.0 < start_factor <= 1.0:
            raise ValueError(
                f"`LinearLR.start_factor`: got {_shown(start_factor)}; it must be above 0, at most 1. Scale the lr."
            )
        if not 0.0 <= end_factor <= 1.0:
            raise ValueError(f"`LinearLR.end_factor`: got {_shown(end_factor)}; it must be from 0 to 1. Scale the lr.")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = check.count("LinearLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class ExponentialLR(_RuleScheduler):
    """Multiply by ``gamma`` every epoch.

    ::

        lr(e) = lr(e - 1) * gamma

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        gamma: the factor, a float.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "ExponentialLR", ("gamma",)

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = check.finite("ExponentialLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)


class PolynomialLR(_RuleScheduler):
    """Fall to 0 in ``total_iters`` epochs, as a power of what is left of them.

    ::

        lr(e) = lr(e - 1) * ((1 - e / total_iters) / (1 - (e - 1) / total_iters)) ** power  e <= total_iters
                lr(e - 1)                                                             afterwards

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        total_iters: how many epochs it takes.
        power: the exponent, a float from 0 on.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "PolynomialLR", ("total_iters", "power")

    def __init__(self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.power = check.not_negative("PolynomialLR.power", power)
        self.total_iters = check.count("PolynomialLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class MultiStepLR(_RuleScheduler):
    """Multiply by ``gamma`` at every milestone, as often as it is listed.

    ::

        lr(e) = lr(e - 1) * gamma ** n,  n the number of times that e is a milestone

    DIFFERENCE: ``step(epoch)``, and so a ``SequentialLR``, works; MindSpore's raises there.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        milestones: a list of ints.
        gamma: the factor, a float or an int.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "MultiStepLR", ("milestones", "gamma")

    def __init__(self, optimizer: Any, milestones: list[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        for i, milestone in enumerate(check.exactly_list("MultiStepLR.milestones", milestones)):
            check.whole(f"MultiStepLR.milestones[{i}]", milestone)
        self.milestones = Counter(milestones)
        self.gamma = gamma if isinstance(gamma, int) and gamma is not True else check.finite("MultiStepLR.gamma", gamma)
        super().__init__(optimizer, last_epoch)

    @property
    def milestones_keys(self) -> list[int]:
        """The milestones, each once."""
        return list(self.milestones)

    @property
    def milestones_values(self) -> list[int]:
        """How often each is listed."""
        return list(self.milestones.values())

    def _given(self) -> dict[str, Any]:
        return {**super()._given(), "milestones": list(Counter(self.milestones).elements())}


class ConstantLR(_RuleScheduler):
    """Multiply by ``factor`` before epoch ``total_iters``, and by 1 from there on.

    ::

        lr(0) = lr * factor
        lr(total_iters) = lr(total_iters - 1) / factor
        lr(e) = lr(e - 1)  at any other epoch

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        factor: the factor, from 0 to 1.
        total_iters: how many epochs it applies.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "ConstantLR", ("factor", "total_iters")

    def __init__(self, optimizer: Any, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        factor = _number("ConstantLR.factor", factor)
        if not 0.0 <= factor <= 1.0:
            raise ValueError(f"`ConstantLR.factor`: got {_shown(factor)}; it must be from 0 to 1. Scale the lr itself.")
        self.factor, self.total_iters = factor, check.count("ConstantLR.total_iters", total_iters)
        super().__init__(optimizer, last_epoch)


class CosineAnnealingLR(_RuleScheduler):
    """Swing on a cosine between the learning rate and ``eta_min``, half a turn in ``T_max`` epochs.

    ::

        lr(e) = (1 + cos(pi * e / T_max)) / (1 + cos(pi * (e - 1) / T_max)) * (lr(e - 1) - eta_min) + eta_min
                lr(e - 1) + (lr - eta_min) * (1 - cos(pi / T_max)) / 2  where that would divide by 0

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        T_max: how many epochs half a turn takes.
        eta_min: the other end.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "CosineAnnealingLR", ("T_max", "eta_min")

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803 (MindSpore's)
        self.T_max, self.eta_min = check.positive_int("CosineAnnealingLR.T_max", T_max), eta_min
        super().__init__(optimizer, last_epoch)


class CosineAnnealingWarmRestarts(_RuleScheduler):
    """Fall on half a cosine to ``eta_min`` in ``T_0`` epochs, begin again, each time ``T_mult`` times as long.

    ::

        lr(e) = eta_min + (lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

        T_cur: epochs since the last restart, T_i: epochs from that to the next

    ``step(epoch)`` takes fractions too. DIFFERENCE: it does so for any ``T_mult``; MindSpore's raises past the first
    cycle where that is above 1.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        T_0: how many epochs the first cycle has.
        T_mult: what each cycle's length is to the one before, an int from 1 on.
        eta_min: where each cycle goes.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    rule, names = "CosineAnnealingWarmRestarts", ("T_0", "T_mult", "eta_min")

    def __init__(self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0, last_epoch: int = -1) -> None:  # noqa: N803 (MindSpore's)
        given: dict[str, Any] = {"T_0": T_0, "T_mult": T_mult}
        for name, value in given.items():
            place = f"CosineAnnealingWarmRestarts.{name}"
            if isinstance(value, (float, np.number)):
                way_out = "Convert it with `int()`." if isinstance(value, np.integer) else "Count whole epochs."
                raise ValueError(f"`{place}`: got {_shown(value)}; it must be an int. {way_out}")  # noqa: TRY004 (as MindSpore)
            check.positive_int(place, value)
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self._at = float(last_epoch)
        super().__init__(optimizer, last_epoch)

    @property
    def T_cur(self) -> float:  # noqa: N802 (MindSpore's)
        """How many epochs ago the last restart was."""
        return _cycle(self.T_0, self.T_mult, self._at)[0]

    @property
    def T_i(self) -> float:  # noqa: N802 (MindSpore's)
        """How many epochs there are from the last restart to the next."""
        return _cycle(self.T_0, self.T_mult, self._at)[1]

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates where the cycle stands."""
        return [_between(rule, self._at) for rule in self._rules()]

    def step(self, epoch: float | None = None) -> bool:
        """Go on by one epoch, or to the one given, which may be a fraction, and set the groups' learning rates."""
        place = "CosineAnnealingWarmRestarts.step.epoch"
        at = self._at + 1.0 if epoch is None else float(_epoch(place, epoch))
        self._at, self.last_epoch = at, math.floor(at)
        self._write(self.get_lr())
        return True

    def _undo(self) -> None:
        self._at, self.last_epoch = -1.0, -1

    def _jump(self, step: int) -> None:
        self._at, self.last_epoch = float(step), step


class CyclicLR(LRScheduler):
    """Rise from ``base_lr`` to ``max_lr`` and fall again, in cycles.

    ::

        cycle = floor(1 + e / (up + down)), x = 1 + e / (up + down) - cycle, r = up / (up + down)
        height = x / r  where x <= r, (x - 1) / (r - 1)  elsewhere
        lr(e) = base_lr + (max_lr - base_lr) * height * scale

        scale = 1  triangular, 1 / 2 ** (cycle - 1)  triangular2, gamma ** e  exp_range

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        base_lr: the lowest, a float or one a group. The groups' learning rates are set to it.
        max_lr: the first peak, a float or one a group.
        step_size_up: how many epochs a rise takes.
        step_size_down: how many a fall takes; as many as a rise where it is None.
        mode: "triangular"; "triangular2", halved every cycle; "exp_range", times ``gamma ** epoch``.
        gamma: see there.
        scale_fn: a factor of the height, of the cycle (from 1) or of the epoch (a Tensor of float32, as MindSpore's
            is given); then ``mode`` has no effect.
        scale_mode: "cycle" or "iterations": what ``scale_fn`` is of.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(  # noqa: PLR0913 (MindSpore's signature)
        self, optimizer: Any, base_lr: float | list[float], max_lr: float | list[float], step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: _Factor | None = None, scale_mode: str = "cycle", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._hold(optimizer)
        lowest = _tensors(_number_a_group("CyclicLR.base_lr", base_lr, optimizer))
        self.max_lrs = _tensors(_number_a_group("CyclicLR.max_lr", max_lr, optimizer))
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"`CyclicLR.mode`: got {_shown(mode)}; it must be 'triangular', 'triangular2' or 'exp_range'. Or give "
                "a scale_fn."
            )
        self.step_size_up = float(step_size_up)
        self.step_size_down = self.step_size_up if step_size_down is None else float(step_size_down)
        self.mode, self.gamma, self._scale_fn = mode, _number("CyclicLR.gamma", gamma), scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self._lowest = lowest
        self._check()
        if last_epoch == -1:
            self._write(lowest)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    @property
    def total_step_size(self) -> float:
        """How many epochs a cycle has."""
        return self.step_size_up + self.step_size_down

    @property
    def step_up_ratio(self) -> float:
        """Which part of them goes up."""
        return self.step_size_up / self.total_step_size

    def _check(self) -> None:
        self._rules(0)

    def _replay(self, group: int) -> Schedule | None:
        return None if self._scale_fn is not None or self._has_its_own_rule() else self._rules(0)[group]

    def _rules(self, epoch: int) -> list[Schedule]:
        shape: dict[str, Any] = {"mode": self.mode, "gamma": self.gamma}
        if self._scale_fn is not None:
            # The number of the cycle, from 1.
            cycle = 1 + int(epoch // self.total_step_size)
            of = Tensor(cycle if self.scale_mode == "cycle" else epoch, mstype.float32)
            shape = {"scale": float(self._scale_fn(of))}
        sizes = {"step_size_up": self.step_size_up, "step_size_down": self.step_size_down}
        ends = zip(_floats(self._lowest), _floats(self.max_lrs), strict=True)
        return [
            replay("mindspore.experimental.CyclicLR", base_lr=low, max_lr=top, **sizes, **shape) for low, top in ends
        ]

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        return [rule[self.last_epoch] for rule in self._rules(self.last_epoch)]


class OneCycleLR(LRScheduler):
    """Rise from ``max_lr / div_factor`` to ``max_lr`` and fall to a ``final_div_factor``-th of where it started.

    ::

        from a corner (k0, lr0) to the next, (k1, lr1):  part = (k - k0) / (k1 - k0)
        lr(k) = lr1 + (lr0 - lr1) / 2 * (1 + cos(pi * part))  cos
                (lr1 - lr0) * part + lr0                      linear

        corners: (0, max_lr / div_factor), (pct_start * total_steps - 1, max_lr),
                 (2 * pct_start * total_steps - 2, max_lr / div_factor)  with three_phase,
                 (total_steps - 1, max_lr / div_factor / final_div_factor)

    MindSpore has none: arguments and values are those of PyTorch's, without its cycling of momentum. As there, the step
    on which a loop of ``total_steps`` steps ends, one past the last, is made; the last curve goes on, up with "cos".

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        max_lr: the peak, a float or one a group.
        total_steps: how many steps it lasts; ``epochs * steps_per_epoch`` where it is None.
        epochs: see there.
        steps_per_epoch: see there.
        pct_start: which part of the steps goes up.
        anneal_strategy: "cos" or "linear".
        div_factor: what the peak is to the start.
        final_div_factor: what the start is to the end.
        three_phase: whether it falls symmetrically first, and then to the end.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range, or a step past the last.
    """

    def __init__(  # noqa: PLR0913 (PyTorch's signature)
        self, optimizer: Any, max_lr: float | list[float], total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
        div_factor: float = 25.0, final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self._hold(optimizer)
        if total_steps is None:
            total_steps = check.positive_int("OneCycleLR.epochs", epochs) * check.positive_int(
                "OneCycleLR.steps_per_epoch", steps_per_epoch
            )
        self.max_lrs = _number_a_group("OneCycleLR.max_lr", max_lr, optimizer)
        self.total_steps = check.positive_int("OneCycleLR.total_steps", total_steps)
        self.pct_start, self.anneal_strategy, self.three_phase = pct_start, anneal_strategy, three_phase
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        first = [rule[0] for rule in self._rules()]
        if last_epoch == -1:
            self._write(first)
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._rules()

    def _rules(self) -> list[Schedule]:
        names = ("total_steps", "pct_start", "anneal_strategy", "div_factor", "final_div_factor", "three_phase")
        given = {name: getattr(self, name) for name in names}
        return [replay("mindspore.experimental.OneCycleLR", max_lr=top, **given) for top in self.max_lrs]

    def _replay(self, group: int) -> Schedule | None:
        return None if self._has_its_own_rule() else self._rules()[group]

    def _jump(self, step: int) -> None:
        self._check_step(step)
        super()._jump(step)

    def _check_step(self, step: int) -> None:
        if step > self.total_steps:
            raise ValueError(
                f"`OneCycleLR.step`: got step {step}; there are {self.total_steps} steps in all. Give more "
                "`total_steps`, or stop stepping."
            )

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        self._check_step(self.last_epoch)
        return [rule[self.last_epoch] for rule in self._rules()]


class LambdaLR(LRScheduler):
    """Multiply the initial learning rate by a function of the epoch.

    ::

        lr(e) = lr * lr_lambda(e)

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        lr_lambda: a function of the epoch (a Tensor of float32, as MindSpore's is given), or a glidepath schedule; or
            one a group.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, lr_lambda: _Factor | Schedule | Sequence[Any], last_epoch: int = -1) -> None:
        self._hold(optimizer)
        self.lr_lambdas = _one_a_group("LambdaLR.lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``."""
        factors = _factors(self.lr_lambdas, self.last_epoch)
        return [_scaled(base, factor) for base, factor in zip(_floats(self.base_lrs), factors, strict=True)]


class MultiplicativeLR(LRScheduler):
    """Multiply the learning rate of the epoch before by a function of the epoch.

    ::

        lr(e) = lr(e - 1) * lr_lambda(e)

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        lr_lambda: a function of the epoch (a Tensor of float32, as MindSpore's is given), or a glidepath schedule; or
            one a group.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, lr_lambda: _Factor | Schedule | Sequence[Any], last_epoch: int = -1) -> None:
        self._hold(optimizer)
        self.lr_lambdas = _one_a_group("MultiplicativeLR.lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Sequence[Any]:
        """Return the groups' learning rates at ``self.last_epoch``, from those before."""
        if self.last_epoch == 0:
            return self._read()
        factors = _factors(self.lr_lambdas, self.last_epoch)
        return [_scaled(lr, factor) for lr, factor in zip(self._read(), factors, strict=True)]


def _factors(lr_lambdas: Sequence[Any], epoch: int) -> list[float]:
    """Return what the functions give, or the schedules, at an epoch."""
    given = Tensor(epoch, mstype.float32)
    return [one[epoch] if isinstance(one, Schedule) else float(one(given)) for one in lr_lambdas]


def _one_a_group(place: str, value: Any, optimizer: Any) -> list[Any]:
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            f"`{place}`: got {len(value)} for {groups} groups; there must be one a group. Or give one for all."
        )
    return list(value)


def _number_a_group(place: str, value: Any, optimizer: Any) -> list[float]:
    return [_number(place, number) for number in _one_a_group(place, value, optimizer)]


class _Composite(_Stateful):
    """What is made of other schedulers of one optimizer."""

    def __init__(self, optimizer: Any, schedulers: Sequence[Any]) -> None:
        self._hold(optimizer)
        name = type(self).__name__
        if not schedulers:
            raise ValueError(f"`{name}.schedulers`: got none; there must be one at least. Give the schedulers.")
        for i, scheduler in enumerate(schedulers):
            if isinstance(scheduler, (ReduceLROnPlateau, theirs.ReduceLROnPlateau)):
                raise TypeError(
                    f"`{name}.schedulers[{i}]`: got a ReduceLROnPlateau; it needs a metric at each step, and "
                    f"`{name}.step()` takes none. Leave it out, and step it yourself after the warm-up."
                )
            if not isinstance(scheduler, (LRScheduler, _Composite)):
                raise TypeError(
                    f"`{name}.schedulers[{i}]`: got an object of type {type(scheduler).__name__}; it must be one of "
                    "glidepath's. Import it from glidepath.mindspore.experimental."
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"`{name}.schedulers[{i}]`: got one of another optimizer; all must belong to the same. Make it so."
                )
        self._schedulers = list(schedulers)
        self.groups_num = max(scheduler.groups_num for scheduler in schedulers)
        self.base_lrs = [group["initial_lr"] for group in self._groups]

    def _parts(self) -> Sequence[_Stateful]:
        return self._schedulers

    @abstractmethod
    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch."""

    def _undo(self) -> None:
        """Go back to before the first step."""
        for scheduler in self._schedulers:
            scheduler._undo()  # noqa: SLF001 (of this module)

    @abstractmethod
    def _restart(self) -> None:
        """Take the first step again, from the learning rates that the groups have."""

    def _begin(self) -> None:
        self._write(_floats(self.base_lrs))
        self._restart()

    def _replays(self, group: int) -> list[Schedule] | None:
        """Return the replays of the parts, or None where one has none."""
        parts = [part._replay(group) if group < part.groups_num else None for part in self._schedulers]  # noqa: SLF001 (of this module)
        found = [part for part in parts if part is not None]
        return found if len(found) == len(parts) else None

    def _initial(self, group: int) -> dict[str, float]:
        """Return the argument `initial_lr` of a replay, where it is needed."""
        first, initial = self._schedulers[0], float(self.base_lrs[group])
        while isinstance(first, _Composite):
            first = first._schedulers[0]  # noqa: SLF001 (of this module)
        is_default = not isinstance(first, OneCycleLR) and float(first.base_lrs[group]) == initial
        return {} if is_default else {"initial_lr": initial}

    def _refuse_epochs(self, epoch: int | None) -> bool:
        """Whether to begin again: 0 is the one epoch that can be gone to."""
        if epoch is None:
            return False
        if epoch != 0:
            name = type(self).__name__
            raise ValueError(
                f"`{name}.step.epoch`: got {_shown(epoch)}; it must be None or 0. Load a state to go elsewhere."
            )
        return True


class SequentialLR(_Composite):
    """One scheduler after another: the next takes over at each milestone, and begins there.

    DIFFERENCE: a ``MultiStepLR``, another ``SequentialLR`` and a ``ChainedScheduler`` may be among them.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        schedulers: schedulers of this module, of the same optimizer; no ReduceLROnPlateau, which needs metrics.
        milestones: the epochs at which all but the first begin, increasing.
        last_epoch: the epoch before the next one.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, optimizer: Any, schedulers: Sequence[Any], milestones: list[int], last_epoch: int = -1) -> None:
        super().__init__(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"`SequentialLR.milestones`: got {len(milestones)} for {len(schedulers)} schedulers; there must be one "
                "fewer than there are schedulers. The first begins at epoch 0."
            )
        self.milestones, self.milestones_len = list(milestones), len(milestones)
        self._write(_floats(self.base_lrs))
        if last_epoch == -1:
            self._restart()
        else:
            self._resume()
        self.last_epoch = last_epoch + 1

    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch (0: begin again), and set the groups' learning rates."""
        if self._refuse_epochs(epoch):
            self._begin()
            return True
        self.last_epoch += 1
        now = bisect_right(self.milestones, self.last_epoch)
        begins = now > 0 and self.milestones[now - 1] == self.last_epoch
        self._schedulers[now].step(0 if begins else None)
        return True

    def _undo(self) -> None:
        super()._undo()
        self.last_epoch = -1

    def _restart(self) -> None:
        self._undo()
        self.last_epoch = 0
        self._schedulers[0]._restart()  # noqa: SLF001 (of this module)

    def _replay(self, group: int) -> Schedule | None:
        schedulers, milestones = self._replays(group), list(map(int, self.milestones))
        # Others (fractions, or out of order) count for a step, but for no replay.
        is_plain = milestones == sorted(self.milestones) and all(abs(at) <= check.MOST for at in milestones)
        if schedulers is None or not is_plain or self._has_its_own_rule():
            return None
        initial = self._initial(group)
        return replay("mindspore.experimental.SequentialLR", schedulers=schedulers, milestones=milestones, **initial)

    def _jump(self, step: int) -> None:
        self.last_epoch = step
        milestones = list(map(int, self.milestones))
        begins = [0, *(max(milestone, 1) for milestone in milestones)]
        ends = [*(milestone - 1 for milestone in milestones), step]
        for scheduler, begin, end in zip(self._schedulers, begins, ends, strict=True):
            last = max(min(end, step), 0)
            # The first has made its step 0 whatever the milestones say; of the others those whose turn has come.
            if last >= begin:
                scheduler._jump(last - begin)  # noqa: SLF001 (of this module)
            else:
                scheduler._undo()  # noqa: SLF001 (the same)

    def _resume(self) -> None:
        """Take the schedulers, which were resumed themselves, one epoch back, and step the first, as MindSpore does."""
        for scheduler in self._schedulers:
            if not isinstance(scheduler, _Composite):
                scheduler.last_epoch -= 1
        self._schedulers[0].step()


class ChainedScheduler(_Composite):
    """Several schedulers at once: at each step every one of them changes what the one before has left.

    MindSpore has none: it does what PyTorch's does.

    Args:
        schedulers: schedulers of this module, of the same optimizer; no ReduceLROnPlateau, which needs metrics.
        optimizer: the optimizer; that of the first where it is None.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        if not schedulers:
            raise ValueError(
                "`ChainedScheduler.schedulers`: got none; there must be one at least. Give the schedulers."
            )
        if optimizer is None:
            optimizer = getattr(schedulers[0], "optimizer", None)
        super().__init__(optimizer, schedulers)

    def step(self, epoch: int | None = None) -> bool:
        """Go on by one epoch (0: begin again), and set the groups' learning rates."""
        if self._refuse_epochs(epoch):
            self._begin()
            return True
        for scheduler in self._schedulers:
            scheduler.step()
        return True

    def _restart(self) -> None:
        for scheduler in self._schedulers:
            scheduler._restart()  # noqa: SLF001 (of this module)

    def _replay(self, group: int) -> Schedule | None:
        schedulers = self._replays(group)
        if schedulers is None or self._has_its_own_rule():
            return None
        return replay("mindspore.experimental.ChainedScheduler", schedulers=schedulers, **self._initial(group))

    def _jump(self, step: int) -> None:
        for scheduler in self._schedulers:
            scheduler._jump(step)  # noqa: SLF001 (of this module)


class ReduceLROnPlateau(_Stateful):
    """Multiply by ``factor`` when a metric has stopped improving.

    Args:
        optimizer: one of ``mindspore.experimental.optim``.
        mode: "min" or "max": what is better.
        factor: the factor, below 1.
        patience: how many epochs without improvement are waited for.
        threshold: what counts as an improvement.
        threshold_mode: "rel" or "abs": whether the threshold is a part of the best so far.
        cooldown: how many epochs are waited after a reduction.
        min_lr: no learning rate goes below it; a float or one a group.
        eps: a smaller change is not made.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.
    """

    def __init__(  # noqa: PLR0913 (MindSpore's signature)
        self, optimizer: Any, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr: float | list[float] = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if not factor < 1.0:
            raise ValueError(
                f"`ReduceLROnPlateau.factor`: got {_shown(factor)}; it must be below 1. Take its reciprocal."
            )
        self._hold(optimizer)
        self.mode, self.factor, self.patience, self.cooldown, self.eps = mode, factor, patience, cooldown, eps
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self._check()
        self.mode_worse = self.best = math.inf if mode == "min" else -math.inf
        self.min_lrs = _tensors(_number_a_group("ReduceLROnPlateau.min_lr", min_lr, optimizer))
        self.wait = self.cooldown_counter = self.last_epoch = 0

    _takes_metrics = True

    def seek(self, step: SupportsIndex) -> None:  # noqa: ARG002 (the others' signature)
        """Raise `TypeError`: the learning rates follow from metrics, not from the step."""
        raise follows_metrics("ReduceLROnPlateau.seek")

    def schedule(self, group: SupportsIndex = 0, *, steps: SupportsIndex | None = None) -> Schedule:  # noqa: ARG002 (the same)
        """Raise `TypeError`: the learning rates follow from metrics, not from the step."""
        raise follows_metrics("ReduceLROnPlateau.schedule")

    def _check(self) -> None:
        for name, known in (("mode", ("min", "max")), ("threshold_mode", ("rel", "abs"))):
            if (value := getattr(self, name)) not in known:
                raise ValueError(
                    f"`ReduceLROnPlateau.{name}`: got {_shown(value)}; it must be one of {known}. Take one of them."
                )

    def step(self, metrics: Any) -> bool:
        """Take an epoch's metric, a number or a Tensor of one, and reduce the learning rates if it is time."""
        if isinstance(metrics, str):
            raise TypeError(
                f"`ReduceLROnPlateau.step.metrics`: got {_shown(metrics)}; it must be a number. Use `float()`."
            )
        metric = float(metrics)
        self.last_epoch += 1
        if _is_better(metric, self.best, self.mode, self.threshold, self.threshold_mode == "rel"):
            self.best, self.wait = metric, 0
        else:
            self.wait += 1
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.wait > self.patience:
            pairs = zip(self._read(), _floats(self.min_lrs), strict=True)
            self._write([_reduced(lr, self.factor, least, self.eps) for lr, least in pairs])
            self.cooldown_counter, self.wait = self.cooldown, 0
        return True

    def in_cooldown(self) -> bool:
        """Whether it waits after a reduction."""
        return self.cooldown_counter > 0
