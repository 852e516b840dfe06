# Signatures are written by hand; the shapes' functions and all docstrings come from the module, by way of
# `python tests/make_stub.py`. tests/surface/test_stub.py sees that they are fresh.

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from os import PathLike
from typing import Any, Final, Literal, NoReturn, Protocol, SupportsIndex, TypeAlias, TypeVar, final, overload

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import DTypeLike, NDArray
from typing_extensions import Self, disjoint_base

__all__ = [
    "Schedule",
    "adam_correction",
    "constant",
    "cosine",
    "cosine_restarts",
    "exponential",
    "inverse_power",
    "inverse_sqrt",
    "inverse_time",
    "k_decay",
    "linear",
    "logarithmic",
    "natural_exponential",
    "piecewise_constant",
    "polynomial",
    "polynomial_cycle",
    "power",
    "replay",
    "rex",
    "schema",
    "table",
    "tanh",
    "triangle",
]

_Real: TypeAlias = float | np.floating[Any] | np.integer[Any]
_Reals: TypeAlias = Sequence[_Real] | NDArray[np.floating[Any] | np.integer[Any]]
_Counts: TypeAlias = Sequence[SupportsIndex] | NDArray[np.integer[Any]]
_Steps: TypeAlias = Sequence[SupportsIndex] | Sequence[Sequence[SupportsIndex]] | NDArray[np.integer[Any]] | _HasArray
_Float64: TypeAlias = Literal["float64"] | type[np.float64] | np.dtype[np.float64]
_Float32: TypeAlias = Literal["float32"] | type[np.float32] | np.dtype[np.float32]
_Dtype: TypeAlias = Literal["float64", "float32"] | _Float64 | _Float32
_Floats: TypeAlias = NDArray[np.float64] | NDArray[np.float32]
_Parameter: TypeAlias = _Real | str | bool | _Reals | Sequence[Schedule] | None
_Out = TypeVar("_Out", bound=_Floats)

class _HasArray(Protocol):
    """What numpy makes an array of: a tensor of torch's, for instance."""

    def __array__(self) -> NDArray[Any]: ...

# The kinds of `replay`, as src/replay/ declares them.
_ReplayKind: TypeAlias = Literal[
    "torch.StepLR",
    "torch.MultiStepLR",
    "torch.ConstantLR",
    "torch.LinearLR",
    "torch.ExponentialLR",
    "torch.PolynomialLR",
    "torch.CosineAnnealingLR",
    "torch.CosineAnnealingWarmRestarts",
    "torch.CyclicLR",
    "torch.OneCycleLR",
    "torch.SWALR",
    "torch.SequentialLR",
    "torch.ChainedScheduler",
    "mindspore.piecewise_constant_lr",
    "mindspore.exponential_decay_lr",
    "mindspore.natural_exp_decay_lr",
    "mindspore.inverse_decay_lr",
    "mindspore.cosine_decay_lr",
    "mindspore.polynomial_decay_lr",
    "mindspore.warmup_lr",
    "mindspore.ExponentialDecayLR",
    "mindspore.NaturalExpDecayLR",
    "mindspore.InverseDecayLR",
    "mindspore.CosineDecayLR",
    "mindspore.PolynomialDecayLR",
    "mindspore.WarmUpLR",
    "mindspore.experimental.StepLR",
    "mindspore.experimental.LinearLR",
    "mindspore.experimental.ExponentialLR",
    "mindspore.experimental.PolynomialLR",
    "mindspore.experimental.MultiStepLR",
    "mindspore.experimental.ConstantLR",
    "mindspore.experimental.CosineAnnealingLR",
    "mindspore.experimental.CosineAnnealingWarmRestarts",
    "mindspore.experimental.CyclicLR",
    "mindspore.experimental.OneCycleLR",
    "mindspore.experimental.SequentialLR",
    "mindspore.experimental.ChainedScheduler",
]

__version__: Final[str]
_LAST_STEP: Final[int]
SHAPES: Final[tuple[str, ...]]
COMBINATORS: Final[tuple[str, ...]]
REPLAYS: Final[dict[str, str]]

def schema() -> str:
    """The JSON Schema (draft 2020-12) of what `Schedule.from_json` reads, as a text: for editors and validators.

    It is made from the same tables as the checks. What no schema can say (that milestones increase, that a repeated
    part has an end) only `from_json` checks.

    >>> import json
    >>> sorted(json.loads(gp.schema())["properties"])
    ['$schema', 'about', 'glidepath', 'schedule']
    """

def replay(kind: _ReplayKind, /, **parameters: _Parameter) -> Schedule:
    """A framework's own learning rates: its recurrence, repeated operation by operation, so that the bits are its own.

    Args:
        kind: which one: "torch.StepLR", "mindspore.cosine_decay_lr", ... `docs/replays.md` lists them with their
            formulas.
        parameters: its parameters, under the framework's own names.

    Returns a `Schedule` like any other. Its float64 values are the framework's, in every bit, where that runs with the
    same mathematical library; float32 values are those, rounded. In arithmetic they are exact numbers, as a table's
    are; where one is infinite or not a number, the arithmetic is floating-point's.

    Raises `ValueError` for an unknown kind or a value out of range, `TypeError` for a parameter that is missing,
    unknown or of the wrong type, `OverflowError` where the framework would raise it.

    >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=30, gamma=0.1)
    >>> s[0], s[30], s[60], s[90]
    (0.1, 0.010000000000000002, 0.0010000000000000002, 0.00010000000000000003)
    >>> s
    gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
    """

def _next(schedule: Schedule, lr: float, k: int) -> float | None:
    """The value at step `k` of a caller's own recurrence, whose value before was `lr`; None where it has more state."""

def _closed(schedule: Schedule, k: int) -> float | None:
    """The value at step `k` by the framework's closed formula; None where the replay has none."""

def _between(schedule: Schedule, at: float) -> float | None:
    """The value between two steps; None where the replay has none."""

def _is_better(metric: float, best: float, mode: str, threshold: float, is_relative: bool) -> bool:
    """Whether a metric is better than the best so far, by more than the threshold, in float32."""

def _reduced(lr: float, factor: float, min_lr: float, eps: float) -> float:
    """The learning rate after a plateau, in float32."""

def _cycle(first: int, times: int, epoch: float) -> tuple[float, float]:
    """Where an epoch stands in its cycle, and how long that is: the first cycle's length, times so much each time."""

def _scaled(lr: float, factor: float) -> float:
    """A learning rate times a factor, in float32."""

def _way_to_schedule(value: object) -> str | None:
    """How to get a schedule from an object that has one, as a message's last sentence; None where it has none."""

def _single(schedule: Schedule, k: int) -> np.float32:
    """The value at step `k` as `numpy.float32`, which takes half the time of `numpy.float32(s[k])`."""

def _extent(schedule: Schedule) -> tuple[int | None, bool]:
    """The longest time in a schedule, in steps (None where there is none), and whether it comes again and again."""

def _shown(value: object) -> str:
    """A value as a message shows it: a literal, cut where it is long; anything else by its type."""

def _listed(schedule: Schedule) -> list[float]:
    """The values of all the schedule's steps in one list. Neighbours that are equal in every bit are one object."""

def _all_exactly(items: Sequence[object], kind: type) -> bool:
    """Whether every item is of exactly that type: a facade's check of a long list, 100 times faster than one by one."""

def _force(level: str | None = None, rung: str | None = None) -> None:
    """Forces an instruction set ("baseline", "avx2", "avx512") and a first rung ("quick", "careful", "fresh", "exact",
    "big") on the whole process; what is None is chosen by itself again. For tests: values never depend on it.
    """

def _tally(reset: bool = True) -> dict[str, int]:
    """How many values each rung has settled in this process since the last reset. For tests."""

def _level() -> str:
    """The name of the instruction set in use."""

def _preview(scheduler: object, n: object) -> NDArray[np.float64] | None:
    """The rates that a scheduler's next `n` steps set, shape (n, groups), or None where only torch itself can tell."""

def _seek(scheduler: object, step: object) -> bool:
    """Puts a scheduler and its groups into the state after so many steps from the start; False where only torch can."""

def _schedule(scheduler: object, group: int) -> Schedule | None:
    """The replay of a scheduler's group from its start, or None where its numbers are those of no form."""

@final
class _StepPath:
    """What a class of schedulers steps by: the name of a rule, or "" for torch's own function, and that function."""

    def __new__(
        cls,
        rule: str,
        torch: object,
        steps_here: bool,
        prints_apart: bool,
        steps_by_rule: bool,
        sets_tensors: bool,
    ) -> _StepPath: ...

@disjoint_base
class _Stepper:
    """The base of the schedulers of `glidepath.torch`: their `step`."""

    verbose: bool
    def __new__(cls, *_arguments: object, verbose: bool = False, **_keywords: object) -> Self: ...
    def step(self, epoch: int | None = None) -> None:
        """Moves the scheduler on by one step, and sets its groups' learning rates.

        The rates, and the momenta where a scheduler cycles them, are those that torch's `step` sets, bit for bit.

        Args:
            epoch: where to go, instead of the next step; deprecated by torch, which then takes a closed formula
                where it has one, and warns. A fraction moves CosineAnnealingWarmRestarts within its cycle.
        """

@final
class Schedule:
    """A learning-rate schedule: a pure function of the step, as a small immutable value.

    Make one with a leaf (`gp.cosine(...)`), combine schedules with `>>`, `+`, `-`, `*`, `/` and the methods here, and
    ask for values:

        s[k]  s.at(k)  s(k)        one value, a float
        s[a:b:stride]  s.array(n)  a numpy array; s.fill(out) writes into one
        s(steps)  s.gather(steps)  the values at any steps, in any order

    Every value is the exact real value of the expression, rounded once, to nearest-even. So however it is asked for, it
    is the same on every machine. Steps are integers from 0 to 2**53; past its end a schedule holds its last value.

    Schedules compare equal where they are written alike, hash, pickle, and serve any number of threads. They are made
    by the functions of this module, or from a text: `Schedule("linear(0, 0.1, 100) >> cosine(0.1, 0, 900)")` reads an
    expression, and a text that begins with `{` is read as `Schedule.from_json` does. An expression is parsed, never
    evaluated: it has the names of this module and numbers, and nothing else can be called.

    `repr(s)` is such an expression, and `Schedule(repr(s)) == s`, unless a list in it is longer than 1,000 values: then
    it shows the first 8, and `s.to_json()` has them all.

    >>> s = gp.linear(0.0, 8e-5, 8_000) >> gp.cosine(8e-5, 8e-7, 1_200_000)
    >>> s[0], s[8_000], s[1_208_000]
    (0.0, 8e-05, 8e-07)
    >>> s
    gp.linear(0.0, 8e-05, 8000).then(gp.cosine(8e-05, 8e-07, 1200000))
    """

    __array_ufunc__: None
    __contains__: None

    def __new__(cls, text: str | bytes, /) -> Schedule: ...
    @property
    def steps(self) -> int | None:
        """How many steps there are before the next part would start; None where there is no end.

        Past them a schedule holds `s[s.steps]`.

        >>> gp.cosine(0.1, 0.0, 90).steps
        90
        >>> gp.constant(0.1).steps is None
        True
        """
    @property
    def shape(self) -> tuple[int]:
        """`(steps,)`, for array libraries that take a schedule as an array of one dimension, as Dask does.

        Raises `AttributeError` where there is no end.

        >>> gp.cosine(0.1, 0.0, 90).shape
        (90,)
        """
    @property
    def ndim(self) -> int:
        """The number of dimensions of the schedule as an array: 1."""
    @property
    def dtype(self) -> np.dtype[np.float64]:
        """The type of the values of `s[a:b]`: float64."""
    def at(self, k: SupportsIndex, /) -> float:
        """The value at step `k`, an integer from 0 to 2**53: the same as `s[k]`.

        Raises `IndexError` where k is below 0 or above 2**53, `TypeError` where it is not an integer.

        >>> gp.linear(0.0, 0.1, 4).at(1)
        0.025
        """
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> float: ...
    @overload
    def __getitem__(self, key: slice, /) -> NDArray[np.float64]: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # numpy makes an array of its integers too
        self, steps: int | np.integer[Any], /
    ) -> float: ...
    @overload
    def __call__(self, steps: _Steps, /) -> NDArray[np.float64]: ...
    @overload
    def array(  # type: ignore[overload-overlap]  # float32 is no float64, but mypy has doubts
        self, n: SupportsIndex, start: SupportsIndex = 0, dtype: _Float64 = "float64", threads: SupportsIndex = 1
    ) -> NDArray[np.float64]:
        """The values at `start`, `start + 1`, ..., `n` of them, in a new array of shape (n,).

        Args:
            n: how many, from 0.
            start: the first step.
            dtype: "float64" or "float32" (each rounded once, from the real value), or numpy's names for them.
            threads: how many threads share the work, at most. From about 2 million values on, two are faster than one.

        Raises `ValueError` for a number out of range or a last step past 2**53, `IndexError` for such a start,
        `TypeError` for an argument of the wrong type, `MemoryError` where there is too little.

        >>> gp.linear(0.0, 1.0, 4).array(3, start=3, dtype="float32")
        array([0.75, 1.  , 1.  ], dtype=float32)
        """
    @overload
    def array(
        self, n: SupportsIndex, start: SupportsIndex = 0, *, dtype: _Float32, threads: SupportsIndex = 1
    ) -> NDArray[np.float32]: ...
    @overload
    def array(
        self, n: SupportsIndex, start: SupportsIndex = 0, dtype: _Dtype = "float64", threads: SupportsIndex = 1
    ) -> _Floats: ...
    def fill(self, out: _Out, start: SupportsIndex = 0, threads: SupportsIndex = 1) -> _Out:
        """Writes the values at `start`, `start + 1`, ... over all of `out`, and returns it.

        Args:
            out: a writeable 1-D array of native float64 or float32: contiguous or strided, memory-mapped, shared, a
                tensor's `.numpy()`.
            start: the first step.
            threads: how many threads share the work, at most (a strided array is filled by one).

        Other Python threads run meanwhile. None of them may read or write `out`: a call of glidepath that would do so
        is refused. An exception (Ctrl-C) leaves `out` half written.

        Raises `TypeError` where `out` is no such array, `ValueError` where it is read-only, has more dimensions, is
        misaligned or in use, or its elements overlap, or the last step is past 2**53, `IndexError` for such a start.

        >>> out = np.zeros(6)
        >>> gp.linear(0.0, 1.0, 4).fill(out[::2])
        array([0.  , 0.25, 0.5 ])
        >>> out
        array([0.  , 0.  , 0.25, 0.  , 0.5 , 0.  ])
        """
    @overload
    def gather(  # type: ignore[overload-overlap]  # float32 is no float64, but mypy has doubts
        self, steps: _Steps, out: None = None, dtype: _Float64 = "float64"
    ) -> NDArray[np.float64]:
        """The values at any steps, in any order, in an array of their shape.

        Args:
            steps: an array of integers of any dtype and shape, or a sequence. Contiguous 64-bit ones are read in place.
            out: an array of that shape to write into; its dtype, float64 or float32, is then the one that counts.
                It may not share memory with `steps`.
            dtype: "float64" or "float32", of a new array.

        Raises `IndexError` for a step below 0 or past 2**53, naming its place, `TypeError` for steps that are not
        integers, `ValueError` or `TypeError` for an `out` that cannot be written.

        >>> gp.linear(0.0, 1.0, 4).gather([[3, 0], [1, 9]])
        array([[0.75, 0.  ],
               [0.25, 1.  ]])
        """
    @overload
    def gather(self, steps: _Steps, out: None = None, *, dtype: _Float32) -> NDArray[np.float32]: ...
    @overload
    def gather(self, steps: _Steps, out: None = None, dtype: _Dtype = "float64") -> _Floats: ...
    @overload
    def gather(self, steps: _Steps, out: _Out, dtype: _Dtype = "float64") -> _Out: ...
    @overload
    def chunks(  # type: ignore[overload-overlap]  # float32 is no float64, but mypy has doubts
        self,
        n: SupportsIndex,
        size: SupportsIndex,
        start: SupportsIndex = 0,
        dtype: _Float64 = "float64",
        threads: SupportsIndex = 1,
    ) -> Iterator[NDArray[np.float64]]:
        """The values of `array(n, start)` in arrays of `size` (the last perhaps shorter), each made when asked for.

        Args:
            n: how many values in all.
            size: how many in each array, 1 or more.
            start: the first step.
            dtype: "float64" or "float32".
            threads: how many threads share the work on one array, at most.

        Returns an iterator. Raises as `array` does.

        >>> list(gp.linear(0.0, 1.0, 4).chunks(5, 2))
        [array([0.  , 0.25]), array([0.5 , 0.75]), array([1.])]
        """
    @overload
    def chunks(
        self,
        n: SupportsIndex,
        size: SupportsIndex,
        start: SupportsIndex = 0,
        *,
        dtype: _Float32,
        threads: SupportsIndex = 1,
    ) -> Iterator[NDArray[np.float32]]: ...
    @overload
    def chunks(
        self,
        n: SupportsIndex,
        size: SupportsIndex,
        start: SupportsIndex = 0,
        dtype: _Dtype = "float64",
        threads: SupportsIndex = 1,
    ) -> Iterator[_Floats]: ...
    def then(self, following: Schedule, at: SupportsIndex | None = None) -> Schedule:
        """This schedule before step `at`, `following`, counted from its own step 0, from there on.

        `a >> b` is `a.then(b)`.

        Args:
            following: the schedule from there on; `following[0]` is the value at the joint.
            at: where it starts, 1 to 2**53; `self.steps` where it is None.

        Raises `ValueError` where `at` is left out and this schedule has no end, or the whole would be too long,
        `TypeError` where `following` is not a schedule.

        >>> s = gp.constant(0.1).then(gp.linear(0.1, 0.0, 10), at=5)
        >>> s[4], s[5], s[10], s.steps
        (0.1, 0.1, 0.05, 15)
        """
    # The combinators, as src/combinator.rs declares them.
    def clamp(self, low: _Real | None = None, high: _Real | None = None) -> Schedule:
        """This schedule, but never below `low` and never above `high`; either may be left out.

        Raises `ValueError` where both are left out, or `low` is above `high`.

        >>> gp.linear(0.0, 1.0, 4).clamp(low=0.25, high=0.5).array(5)
        array([0.25, 0.25, 0.5 , 0.5 , 0.5 ])
        """
    def delay(self, n: SupportsIndex) -> Schedule:
        """The first value for `n` steps, then this schedule from its step 0.

        Args:
            n: how many steps, 0 to 2**53.

        >>> gp.linear(1.0, 0.0, 2).delay(2).array(5)
        array([1. , 1. , 1. , 0.5, 0. ])
        """
    def repeat(self, times: SupportsIndex | None = None) -> Schedule:
        """The first `steps` steps of this schedule again and again, `times` times (for ever where it is None).

        After the last time it holds `self[self.steps]`.

        Raises `ValueError` where this schedule has no end.

        >>> gp.linear(0.0, 1.0, 2).repeat(2).array(6)
        array([0. , 0.5, 0. , 0.5, 1. , 1. ])
        """
    def hold(self, every: SupportsIndex) -> Schedule:
        """The value of every `every`-th step, held until the next of them: `s[k // every * every]`.

        >>> gp.linear(0.0, 1.0, 4).hold(2).array(5)
        array([0. , 0. , 0.5, 0.5, 1. ])
        """
    def by_epoch(self, steps_per_epoch: SupportsIndex) -> Schedule:
        """This schedule counted in epochs: `s[k // steps_per_epoch]`.

        >>> gp.piecewise_constant([1.0, 0.1], [1]).by_epoch(3).array(5)
        array([1. , 1. , 1. , 0.1, 0.1])
        """
    def skip(self, n: SupportsIndex) -> Schedule:
        """This schedule without its first `n` steps: `s[k + n]`.

        Where k + n is past 2**53, the value is `s[2**53]`.

        Args:
            n: how many steps, 0 to 2**53.

        A warm-up from 0 makes the first update at rate 0, which changes nothing. With `skip(1)` no update is wasted,
        and the last update of the run has the last value:

        >>> gp.linear(0.0, 1.0, 4).skip(1).array(4)
        array([0.25, 0.5 , 0.75, 1.  ])
        """
    def stride(self, n: SupportsIndex) -> Schedule:
        """Every `n`-th value of this schedule: `s[k * n]`.

        Where k * n is past 2**53, the value is `s[2**53]`.

        Args:
            n: how many steps of this schedule one step takes, 1 to 2**53.

        >>> gp.linear(0.0, 1.0, 8).stride(2).array(5)
        array([0.  , 0.25, 0.5 , 0.75, 1.  ])
        """
    # The other methods.
    def stretch(
        self,
        by: SupportsIndex | Fraction | None = None,
        over: SupportsIndex = 1,
        *,
        to: SupportsIndex | None = None,
    ) -> Schedule:
        """This schedule, each of whose steps takes `by / over` steps: `s(k * over / by)`, also between its steps.

        The value between two steps is the formula's, at the fraction of a step: exact, and correctly rounded. Stairs,
        `hold`, `by_epoch`, joints and tables change at the same places of the curve. The end is at step
        `steps * by / over`, rounded up.

        Args:
            by: how many times longer: an int or a `fractions.Fraction`; or the numerator.
            over: the denominator.
            to: how many steps the whole shall last, instead of `by`.

        Raises `ValueError` for a schedule with a replay, which has values at whole steps only; where a time in the
        schedule, multiplied by the numerator, would be past 2**53; and for `to` where the schedule has no end.

        >>> gp.linear(0.0, 1.0, 4).stretch(2).array(5)
        array([0.   , 0.125, 0.25 , 0.375, 0.5  ])
        >>> seven = gp.cosine(1.0, 0.0, 900).repeat(7).stretch(to=900)       # seven cycles in 900 steps
        >>> seven.steps, seven[450] == gp.cosine(1.0, 0.0, 900)[450 * 7 % 900]
        (900, True)
        """
    def extend(self, at: SupportsIndex, steps: SupportsIndex) -> Schedule:
        """This schedule before step `at`; from there the rest of it, stretched so that it ends at step `steps`.

        Args:
            at: the step from which the run is longer, from 1.
            steps: the whole length.

        Raises `ValueError` where this schedule does not last longer than `at`, or `steps` is not above it.

        >>> s = gp.linear(1.0, 0.0, 100).extend(at=50, steps=150)
        >>> s[49], s[50], s[100], s[150]
        (0.51, 0.5, 0.25, 0.0)
        """
    def cooldown(
        self,
        at: SupportsIndex,
        steps: SupportsIndex,
        end: float = 0.0,
        shape: Literal["linear", "cosine", "sqrt", "exponential"] = "linear",
    ) -> Schedule:
        """This schedule before step `at`; from there a decay to `end`, which it reaches at step `steps`.

        The decay starts at `self[at]`, rounded to a double. So it branches off a run at any checkpoint.

        Args:
            at: the step at which the decay starts, from 1.
            steps: the whole length; the decay takes `steps - at` steps.
            end: the value at step `steps`.
            shape: the curve, as in `wsd`: "linear", "cosine", "sqrt" or "exponential".

        Raises `TypeError` and `ValueError` for an argument of the wrong type or out of its range.

        >>> s = gp.warmup_linear(0.1, steps=1_000, warmup=0.1, end=0.1).cooldown(600, 800, shape="sqrt")
        >>> s[599], s[600], s[650], s.steps
        (0.1, 0.1, 0.05, 800)
        """
    def clock(self, per_step: SupportsIndex | Schedule) -> Schedule:
        """A schedule of tokens (or samples) as a schedule of steps: step k has the value for the tokens seen by then.

        Args:
            per_step: the tokens of each step: an int, or a schedule of ints (`piecewise_constant`, `table`).

        Raises `TypeError` and `ValueError` as `Clock` does.

        >>> in_tokens = gp.linear(0.0, 1.0, 1_000_000) >> gp.constant(1.0)
        >>> s = in_tokens.clock(gp.piecewise_constant([1_000, 4_000], [100]))
        >>> s[100], s[101], s[200]
        (0.1, 0.104, 0.5)
        """
    def segments(self) -> list[tuple[int, int | None, str]]:
        """The parts of a chain of `then`, each `(start, end, expression)`: steps from `start` up to, but not including,
        `end`. The last part's `end` is the schedule's, or None if the schedule has no end.

        Any other schedule is one segment.

        >>> (gp.linear(0.0, 1.0, 10) >> gp.constant(1.0)).segments()
        [(0, 10, 'gp.linear(0.0, 1.0, 10)'), (10, None, 'gp.constant(1.0)')]
        """
    def exact(self) -> Schedule:
        """The closed form: this schedule with leaves and combinators in the place of each replay.

        Its values are what the framework's formula gives in real numbers, correctly rounded; the replay's are the
        framework's own, rounding errors and all. A schedule without replays is its own closed form. The form of one of
        MindSpore's lists goes on where the list ends.

        Raises `ValueError` for a replay that has no closed form: a factor below 0, a cycle of half a step, a
        ChainedScheduler of other than factors.

        >>> s = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90)
        >>> s.exact()
        gp.cosine(0.1, 0.0, 90).then(gp.cosine(0.0, 0.1, 90)).repeat()
        >>> s[45], s.exact()[45]
        (0.049999999999999996, 0.05)
        """
    def to_json(self) -> str:
        """The schedule as a JSON text, which `from_json` reads. Equal schedules give equal texts.

        >>> gp.constant(0.1).to_json()
        '{"glidepath":1,"schedule":{"kind":"constant","value":0.1}}'
        """
    @staticmethod
    def from_json(text: str | bytes, /) -> Schedule:
        """The schedule that a JSON text spells, a str or UTF-8 bytes. Keys may stand in any order; none may be unknown.

        Raises `ValueError` for a text with anything wrong in it, saying where: `$.schedule.parts[1].steps`; `TypeError`
        for anything but a text; `MemoryError` where there is too little.

        >>> gp.Schedule.from_json('{"glidepath": 1, "schedule": {"kind": "constant", "value": 0.1}}')
        gp.constant(0.1)
        """
    def save(
        self,
        path: str | PathLike[str],
        n: SupportsIndex,
        *,
        dtype: DTypeLike = "float64",
        start: SupportsIndex = 0,
        threads: SupportsIndex | None = None,
        progress: Callable[[int], object] | None = None,
        resume: bool = False,
    ) -> None:
        """Writes the values of `array(n, start)` to a .npy file, in constant memory however many they are.

        The file gets its name when it is complete and on the disk: `path` is always the whole old file or the whole new
        one. The schedule of its values stands beside it, in `<path>.json`, as one line of JSON.

        Where `path` ends with `.safetensors`, it is such a file (`pip install safetensors`) with a tensor `lr`, and the
        schedule is in its metadata, as `glidepath`. That library makes the file in memory.

        Args:
            path: the file, whatever else its suffix is. A symbolic link stays a link.
            n: how many values, from 0.
            dtype: "float64" or "float32".
            start: the first step.
            threads: how many threads compute, at most one on each core. With None it is one: the disk is slower.
            progress: a function that is called with the number of steps done, again and again, at last with n.
            resume: whether to go on with what a killed or interrupted run has left. Values that are not those of this
                schedule are written again. A run with `resume=True` that is interrupted keeps what it has written.

        Raises `OSError` where the file cannot be written, `ValueError` where it is no regular file or larger than the
        free space of the disk, else as `array` does. After an exception `path` is the old file, or the whole new one.

        >>> gp.linear(0.0, 1.0, 4).save("lr.npy", 5, progress=print)
        5
        >>> np.load("lr.npy")
        array([0.  , 0.25, 0.5 , 0.75, 1.  ])
        """
    def plot(
        self,
        ax: Axes | None = None,
        steps: int | None = None,
        *,
        label: str | None = None,
        logy: bool = False,
        **line: Any,  # noqa: ANN401 (matplotlib's)
    ) -> Axes:
        """Draws the schedule over its first `steps` steps on matplotlib axes, and returns them.

        Args:
            ax: the axes; new ones where it is None.
            steps: how many steps. If None, it is drawn to its end. A schedule without an end is drawn as far as the
                longest other line on the axes, or until it has shown most of what it does.
            label: the name for the legend.
            logy: whether the y axis is logarithmic. It cannot show 0: the line leaves the plot at the bottom.
            line: the properties of the line for matplotlib, such as `color`, `linewidth`, `linestyle`.

        `glidepath.plot.plot` draws several schedules at once. Raises `ImportError` where matplotlib is not installed.

        >>> from matplotlib.figure import Figure
        >>> axes = gp.cosine(0.1, 0.0, 90).plot(ax=Figure().add_subplot(), label="cosine", color="black")
        >>> axes.get_legend_handles_labels()[1]
        ['cosine']
        """
    def _repr_svg_(self) -> str:
        """A small drawing, for notebooks."""
    def __rshift__(self, other: Schedule, /) -> Schedule: ...
    def __rrshift__(self, other: Schedule, /) -> Schedule: ...
    def __add__(self, other: Schedule | _Real, /) -> Schedule: ...
    def __radd__(self, other: _Real, /) -> Schedule: ...
    def __sub__(self, other: Schedule | _Real, /) -> Schedule: ...
    def __rsub__(self, other: _Real, /) -> Schedule: ...
    def __mul__(self, other: Schedule | _Real, /) -> Schedule: ...
    def __rmul__(self, other: _Real, /) -> Schedule: ...
    def __truediv__(self, other: _Real, /) -> Schedule: ...
    def __rtruediv__(self, other: object, /) -> NoReturn: ...
    def __neg__(self) -> Schedule: ...
    def __pos__(self) -> Schedule: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> Literal[True]: ...
    def __iter__(self) -> Iterator[float]: ...
    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Schedule: ...
    def __deepcopy__(self, _memo: dict[int, Any], /) -> Schedule: ...

# The shapes, as src/curve.rs declares them.
def constant(value: _Real) -> Schedule:
    """`value`, at every step.

    Args:
        value: the learning rate, any finite number.

    Returns a `Schedule` without an end (`steps` is None).

    Raises `ValueError` where `value` is not finite, `TypeError` where it is not a number.

    >>> gp.constant(0.1).array(3)
    array([0.1, 0.1, 0.1])
    """

def linear(start: _Real, end: _Real, steps: SupportsIndex) -> Schedule:
    """`start + (end - start) * k / steps`, for k up to `steps`; then `end`.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> s = gp.linear(0.0, 0.1, 4)
    >>> s[0], s[1], s[4], s[9]
    (0.0, 0.025, 0.1, 0.1)
    """

def cosine(start: _Real, end: _Real, steps: SupportsIndex) -> Schedule:
    """`end + (start - end) * (1 + cos(pi * k / steps)) / 2`, for k up to `steps`; then `end`.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps half a turn takes, 1 to 2**53.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Loshchilov and Hutter, "SGDR" (arXiv:1608.03983), equation 5, without restarts.

    >>> s = gp.cosine(0.1, 0.0, 90)
    >>> s[0], s[30], s[45], s[90], s[1000]
    (0.1, 0.07500000000000001, 0.05, 0.0, 0.0)
    """

def polynomial(start: _Real, end: _Real, steps: SupportsIndex, power: _Real = 1.0) -> Schedule:
    """`end + (start - end) * (1 - k / steps) ** power`, for k up to `steps`; then `end`.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.
        power: the exponent, above 0 and at most 1000; 1 is a straight line.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> s = gp.polynomial(0.1, 0.0, 4, power=2.0)
    >>> s[0], s[2], s[4]
    (0.1, 0.025, 0.0)
    """

def power(start: _Real, end: _Real, steps: SupportsIndex, power: _Real = 1.0) -> Schedule:
    """`start + (end - start) * (k / steps) ** power`, for k up to `steps`; then `end`.

    Where `polynomial` bends at its end, this bends at its start: with a power of 0.5 it falls fast and then ever more
    slowly.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.
        power: the exponent, above 0 and at most 1000; 1 is a straight line.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> s = gp.power(0.1, 0.0, 100, power=0.5)
    >>> s[0], s[25], s[100]
    (0.1, 0.05, 0.0)
    """

def polynomial_cycle(start: _Real, end: _Real, steps: SupportsIndex, power: _Real = 1.0) -> Schedule:
    """`end + (start - end) * (1 - k / n) ** power`, n being the first multiple of `steps` from k on, at least one.

    It falls to `end` at every multiple of `steps`, and begins again from lower each time: at k, just after m times
    `steps`, it is at `(1 - k / n)`, about `1 / (m + 1)`, of the way.

    Args:
        start: the value at step 0.
        end: the value at every multiple of `steps`.
        steps: how many steps a cycle takes, 1 to 2**53.
        power: the exponent, above 0 and at most 1000.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: TensorFlow's `tf.train.polynomial_decay(..., cycle=True)`, and MindSpore's `update_decay_steps`.

    >>> gp.polynomial_cycle(1.0, 0.0, 4).array(9)
    array([1.   , 0.75 , 0.5  , 0.25 , 0.   , 0.375, 0.25 , 0.125, 0.   ])
    """

def exponential(start: _Real, rate: _Real, per: _Real = 1.0, stair: bool = False) -> Schedule:
    """`start * rate ** (k / per)`; with `stair`, `start * rate ** floor(k / per)`.

    Args:
        start: the value at step 0.
        rate: the factor that `per` steps apply, above 0.
        per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
        stair: whether to apply it all at once, at every multiple of `per`.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.exponential(0.1, 0.5, per=2, stair=True).array(5)
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """

def natural_exponential(start: _Real, rate: _Real, per: _Real = 1.0, stair: bool = False) -> Schedule:
    """`start * e ** (-rate * k / per)`; with `stair`, `start * e ** (-rate * floor(k / per))`.

    Args:
        start: the value at step 0.
        rate: how fast it falls; below 0 it grows.
        per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
        stair: whether to apply it all at once, at every multiple of `per`.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.natural_exponential(0.1, 0.5, per=2)[2]
    0.06065306597126335
    """

def inverse_time(start: _Real, rate: _Real, per: _Real = 1.0, stair: bool = False) -> Schedule:
    """`start / (1 + rate * k / per)`; with `stair`, `start / (1 + rate * floor(k / per))`.

    Args:
        start: the value at step 0.
        rate: how fast it falls, 0 or above.
        per: how many steps apply the whole rate, above 0; a whole number where `stair` is set.
        stair: whether to apply it all at once, at every multiple of `per`.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.inverse_time(0.1, 1.0, per=10)[10]
    0.05
    """

def inverse_sqrt(start: _Real, timescale: _Real) -> Schedule:
    """`start / sqrt(1 + k / timescale)`.

    Args:
        start: the value at step 0.
        timescale: after how many steps it has fallen to `start / sqrt(2)`, above 0.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.inverse_sqrt(0.1, 1000)[3000]
    0.05
    """

def inverse_power(start: _Real, timescale: _Real, power: _Real) -> Schedule:
    """`start / (1 + k / timescale) ** power`.

    Args:
        start: the value at step 0.
        timescale: after how many steps it has fallen to `start / 2 ** power`, above 0.
        power: the exponent, above 0 and at most 1000.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.inverse_power(0.1, 1000, 3.0)[1000]
    0.0125
    """

def logarithmic(start: _Real, end: _Real, steps: SupportsIndex, timescale: _Real = 1.0) -> Schedule:
    """`start + (end - start) * ln(1 + k / timescale) / ln(1 + steps / timescale)`, for k up to `steps`; then `end`.

    It changes fast at first and then ever more slowly.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.
        timescale: after how many steps it slows down, above 0; the larger, the straighter.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: DeepSpeed's `WarmupLR`, whose default warm-up over n steps is `logarithmic(start, end, n - 1)`.

    >>> s = gp.logarithmic(0.0, 0.3, 7)
    >>> s[0], s[1], s[3], s[7]
    (0.0, 0.09999999999999999, 0.19999999999999998, 0.3)
    """

def tanh(high: _Real, low: _Real, steps: SupportsIndex, lower: _Real = -7.0, upper: _Real = 3.0) -> Schedule:
    """A smooth step from almost `high` to almost `low`, along the hyperbolic tangent from `lower` to `upper`.

    `low + (high - low) * (1 - tanh(lower + (upper - lower) * k / steps)) / 2`, for k up to `steps`; then held.

    Args:
        high: what it would be long before step 0.
        low: what it would be long after.
        steps: how many steps it takes, 1 to 2**53.
        lower: where on the tangent it starts, from -1000 to 1000. With -7 the first value is 1e-6 below `high`.
        upper: where on the tangent it ends, from -1000 to 1000. With 3 the last value is 0.0025 above `low`.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Hsueh, Li and Wu, "Stochastic Gradient Descent with Hyperbolic-Tangent Decay" (arXiv:1806.01593); timm's
    `TanhLRScheduler` has these defaults.

    >>> s = gp.tanh(1.0, 0.0, 100)
    >>> s[0], s[70], s[100]
    (0.9999991684719723, 0.5, 0.0024726231566347743)
    """

def rex(start: _Real, end: _Real, steps: SupportsIndex, bend: _Real = 0.5) -> Schedule:
    """`end + (start - end) * (steps - k) / (steps - bend * k)`, for k up to `steps`; then `end`.

    It stays high for longer than a line and then falls ever faster.

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.
        bend: how much it bends, below 1: 0 is a line, close to 1 it falls at the very end, below 0 at the start.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Chen, Wolfe and Kyrillidis, "REX: Revisiting Budgeted Training with an Improved Schedule"
    (arXiv:2107.04197), whose curve has a bend of 0.5.

    >>> gp.rex(0.3, 0.0, 4).array(5)
    array([0.3       , 0.25714286, 0.2       , 0.12      , 0.        ])
    """

def k_decay(start: _Real, end: _Real, steps: SupportsIndex, power: _Real) -> Schedule:
    """`end + (start - end) * (1 + cos(pi * (k / steps) ** power)) / 2`, for k up to `steps`; then `end`.

    A cosine whose fall comes later (`power` above 1) or earlier (below 1).

    Args:
        start: the value at step 0.
        end: the value at step `steps` and after.
        steps: how many steps it takes, 1 to 2**53.
        power: the exponent, above 0 and at most 1000; 1 is `cosine`, which is faster.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Zhang and Li, "k-decay: A New Method For Learning Rate Schedule" (arXiv:2004.05909); timm's `k_decay`.

    >>> s = gp.k_decay(0.1, 0.0, 100, power=2.0)
    >>> s[0], s[50], s[100]
    (0.1, 0.08535533905932738, 0.0)
    """

def adam_correction(beta1: _Real, beta2: _Real, steps: SupportsIndex, inverse: bool = False) -> Schedule:
    """`sqrt(1 - beta2 ** t) / (1 - beta1 ** t)` with `t = k + 1`, for k up to `steps`; then its value there.

    The bias correction of Adam: the paper's efficient form multiplies the learning rate by it. An optimizer without a
    bias correction becomes Adam with it (but for where eps is added): `lr * adam_correction(beta1, beta2, steps)`.
    `inverse=True` is one over it, which makes Adam one without.

    Args:
        beta1: the decay of the first moment, above 0 and below 1.
        beta2: the decay of the second moment, above 0 and below 1.
        steps: how many steps it takes, 1 to 2**53. After some `37 / -log(max(beta1, beta2))` it is 1 to float64.
        inverse: whether to return one over it.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (arXiv:1412.6980), the end of section 2.

    >>> s = gp.adam_correction(0.9, 0.999, 37_000)
    >>> s[0], s[9], s[37_000]
    (0.31622776601683816, 0.15318907395118267, 1.0)
    """

def piecewise_constant(values: _Reals, milestones: _Counts) -> Schedule:
    """`values[i]`, where i is the number of milestones at or before step k.

    Args:
        values: the values, one more than there are milestones.
        milestones: the steps at which the next value starts, increasing, from 1.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    >>> gp.piecewise_constant([0.1, 0.01], [3]).array(5)
    array([0.1 , 0.1 , 0.1 , 0.01, 0.01])
    """

def table(values: _Reals) -> Schedule:
    """`values[k]`; past the end, the last of them.

    Args:
        values: the values, one a step: a sequence or a 1-D array of numbers, at least one. -0.0 is stored as 0.0.

    Raises `ValueError` for a value that is not finite, `TypeError` for one of the wrong type.

    >>> gp.table([0.3, 0.2, 0.1]).array(5)
    array([0.3, 0.2, 0.1, 0.1, 0.1])
    """

def triangle(
    low: _Real, high: _Real, up: SupportsIndex, down: SupportsIndex | None = None, decay: _Real = 1.0
) -> Schedule:
    """A triangular wave: from `low` up to a peak in `up` steps, down again in `down` steps, and so on.

    With c the number of the cycle, from 0, and p the step within it: `low + height * p / up` while p is at most `up`,
    then `low + height * (up + down - p) / down`, where `height = (high - low) * decay ** c`.

    Args:
        low: the value at step 0 and between the cycles.
        high: the first peak.
        up: how many steps a rise takes, 1 or more.
        down: how many steps a fall takes; as many as a rise where it is None.
        decay: what each cycle's height is to the one before, above 0.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186).

    >>> gp.triangle(0.0, 1.0, 2, 4).array(8)
    array([0.  , 0.5 , 1.  , 0.75, 0.5 , 0.25, 0.  , 0.5 ])
    """

def cosine_restarts(
    start: _Real, end: _Real, first: SupportsIndex, mult: SupportsIndex = 1, decay: _Real = 1.0
) -> Schedule:
    """Half a cosine from `start` to `end`, again and again; each cycle is `mult` times as long as the one before.

    In cycle i, of n = `first * mult ** i` steps, at its step p:
    `end + (start - end) * decay ** i * (1 + cos(pi * p / n)) / 2`.

    Args:
        start: the first peak, the value at step 0.
        end: where each cycle goes.
        first: the length of the first cycle, in steps.
        mult: what each cycle's length is to the one before, a whole number from 1.
        decay: what each cycle's height above `end` is to the one before, above 0.

    Raises `ValueError` for a value out of range, `TypeError` for one of the wrong type.

    Source: Loshchilov and Hutter, "SGDR" (arXiv:1608.03983), equation 5.

    >>> s = gp.cosine_restarts(1.0, 0.0, 2, mult=2, decay=0.5)
    >>> s[0], s[1], s[2], s[4], s[6]
    (1.0, 0.5, 0.5, 0.25, 0.25)
    """
