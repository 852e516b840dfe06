"""The base classes of the schedulers here: the optimizer's learning rates, states, and steps."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from mindspore import Tensor, ops
from mindspore import dtype as mstype
from mindspore.experimental.optim.optimizer import Optimizer

from glidepath._arguments import refusal
from glidepath._core import Schedule, _closed, _next, _shown, replay
from glidepath.mindspore import _checks as check
from glidepath.mindspore.experimental.optim.ahead import Ahead
from glidepath.mindspore.experimental.optim.values import floats, is_plain, number_of, plain, restored, whole_epoch

__all__ = ["LRScheduler", "RuleScheduler", "Stateful"]


class Stateful(Ahead):
    """What all share: the optimizer's learning rates, and a state that can be saved."""

    optimizer: Any
    groups_num: int

    def _hold(self, optimizer: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                refusal(
                    f"{type(self).__name__}.optimizer",
                    f"an object of type {type(optimizer).__name__}",
                    "it must be one of mindspore.experimental.optim",
                    "To those of mindspore.nn give a schedule as `learning_rate`.",
                )
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
                ops.assign(lr, Tensor(number_of(f"optimizer.param_groups[{i}]['lr']", group["lr"]), mstype.float32))
                group["lr"] = lr
        return lrs

    def _read(self) -> list[float]:
        return floats(self._last_lr)

    def _peek(self) -> list[float]:
        lrs = [number_of(f"optimizer.param_groups[{i}]['lr']", group["lr"]) for i, group in enumerate(self._groups)]
        return [float(np.float32(lr)) for lr in lrs]

    def _write(self, values: Sequence[Any]) -> None:
        for lr, value in zip(self._last_lr, values, strict=True):
            ops.assign(lr, Tensor(float(value), mstype.float32))

    def get_last_lr(self) -> list[Any]:
        """Return the groups' learning rates, a Tensor each."""
        return [lr.value() for lr in self._last_lr]

    def _replays_of(self, kind: str, arguments: list[dict[str, Any]]) -> list[Schedule]:
        """Return a replay for each of these arguments: those of the last call while the arguments are the same."""
        made_of, replays = vars(self).get("_made", (None, []))
        # with their types: True equals 1, and is no number here
        typed = [[(name, type(value), value) for name, value in given.items()] for given in arguments]
        if made_of != typed:
            name: Any = f"mindspore.experimental.{kind}"
            replays = [replay(name, **given) for given in arguments]
            self._made = (typed, replays)
        return list(replays)

    def _parts(self) -> Sequence["Stateful"]:
        """Return the schedulers that this one is made of."""
        return ()

    def _check(self) -> None:
        """Refuse attributes that cannot be."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes or was given, in plain numbers, strings, lists and dicts, and the learning rates.

        Callables are not in it, as they are not in PyTorch's.
        """
        numbers = {name: plain(value) for name, value in vars(self).items() if is_plain(value)}
        return {**numbers, "lrs": self._read(), "parts": [part.state_dict() for part in self._parts()]}

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

    def _take(self, other: "Stateful") -> None:
        self._load(other.state_dict())

    def _replay(self, group: int) -> Schedule | None:  # noqa: ARG002 (the others' signature)
        return None

    def _has_its_own_rule(self) -> bool:
        """Whether a subclass or an instance has a rule of its own in the place of this package's, here or in a part."""
        kind = type(self)
        here = next(base for base in kind.__mro__ if base.__module__.startswith(__package__))
        names = ("step", "get_lr", "_get_closed_form_lr")
        own = any(name in vars(self) or getattr(kind, name, None) is not getattr(here, name, None) for name in names)
        return own or any(part._has_its_own_rule() for part in self._parts())  # noqa: SLF001 (of this package)

    def _load(self, state: dict[str, Any]) -> None:
        place = f"{type(self).__name__}.load_state_dict"
        known = {name for name, value in vars(self).items() if is_plain(value)} | {"lrs", "parts"}
        if not isinstance(state, dict):
            raise TypeError(refusal(place, _shown(state), "it must be a dict", "Load what `state_dict` gave."))
        lengths = [len(state[name]) if isinstance(state.get(name), list) else None for name in ("parts", "lrs")]
        if isinstance(state.get("lrs"), list) and len(state["lrs"]) != self.groups_num and set(state) == known:
            raise ValueError(
                refusal(
                    place,
                    f"a state of {len(state['lrs'])} groups, here {self.groups_num}",
                    "there must be as many",
                    "Make the optimizer as when the state was saved.",
                )
            )
        if set(state) != known or lengths != [len(self._parts()), self.groups_num]:
            raise ValueError(
                refusal(
                    place,
                    f"a state with {sorted(state)}",
                    "it must be that of a scheduler of the same kind, for as many groups",
                    "Make the scheduler as when the state was saved.",
                )
            )
        for part, inner in zip(self._parts(), state["parts"], strict=True):
            part._load(inner)  # noqa: SLF001 (of this package)
        for name in known - {"lrs", "parts"}:
            vars(self)[name] = restored(f"{place}.state['{name}']", state[name], vars(self)[name])
        if "last_epoch" in known:
            check.epoch(f"{place}.state['last_epoch']", state["last_epoch"])
        self._check()
        self._write([number_of(f"{place}.state['lrs'][{i}]", lr) for i, lr in enumerate(state["lrs"])])


class LRScheduler(Stateful):
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
                    refusal(
                        f"{name}.last_epoch",
                        f"{last_epoch} and no 'initial_lr' in param_groups[{i}]",
                        "to resume there must be one",
                        "Set it, or start anew and load a state.",
                    )
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
            self.last_epoch = whole_epoch(f"{type(self).__name__}.step.epoch", epoch)
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
        self._write(floats(self.base_lrs))
        self._restart()

    def _jump(self, step: int) -> None:
        self.last_epoch = step


class RuleScheduler(LRScheduler):
    """A scheduler whose rule stands in Rust; its arguments are attributes, and may be changed between steps."""

    rule: str
    names: tuple[str, ...]

    def _given(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.names}

    def _rules(self) -> list[Schedule]:
        given = self._given()
        return self._replays_of(self.rule, [{"base_lr": base, **given} for base in floats(self.base_lrs)])

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
