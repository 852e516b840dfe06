"""Well-known schedules, made of leaves and combinators. Read one to see how to write your own.

A composite returns an ordinary schedule. Its ``repr`` and its JSON show the leaves. The arguments that count steps:

``steps``
    the length of the whole schedule: ``schedule.steps == steps``. After it the schedule keeps its last value.
``warmup``, ``decay``
    the length of that part: an int is a number of steps; a float from 0.0 to 1.0 is a fraction of ``steps``, rounded to
    the nearest step (half a step counts as one in a warm-up, and as none in a decay). A part of 0 steps is left out: a
    short run with a small fraction has no warm-up.
"""

import math
from collections.abc import Callable
from typing import Literal, SupportsIndex

import numpy as np

from glidepath._arguments import LAST_STEP, as_int, refusal
from glidepath._core import Schedule, _shown, constant, cosine, exponential, inverse_sqrt, linear, power

__all__ = ["noam", "one_cycle", "warmup_cosine", "warmup_linear", "wsd"]


def warmup_cosine(
    peak: float, steps: int, warmup: SupportsIndex | float, start: float = 0.0, end: float = 0.0
) -> Schedule:
    """Linear warm-up, then cosine decay.

    ::

        lr(k) = start + (peak - start) * k / warmup                                        k < warmup
                end + (peak - end) * (1 + cos(pi * (k - warmup) / (steps - warmup))) / 2   warmup <= k < steps
                end                                                                        steps <= k

    Args:
        peak: the learning rate at step ``warmup``.
        steps: the whole length in steps, warm-up included.
        warmup: steps (int) or a fraction of ``steps`` (float). If it takes all steps, there is no decay.
        start: the learning rate at step 0, if there is a warm-up.
        end: the learning rate at step ``steps``.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: the cosine is equation 5 of Loshchilov and Hutter, SGDR, arXiv:1608.03983. For a warm-up before the cosine
    see for example Brown et al., GPT-3, arXiv:2005.14165, appendix B.

    >>> import glidepath as gp
    >>> lr = gp.warmup_cosine(3e-4, steps=100_000, warmup=2_000, end=3e-5)
    >>> lr[0], lr[1_000], lr[2_000], lr[100_000]
    (0.0, 0.00015, 0.0003, 3e-05)
    >>> lr == gp.linear(0, 3e-4, 2_000) >> gp.cosine(3e-4, 3e-5, 98_000)
    True
    """
    return _warmed_up("warmup_cosine", cosine, peak, steps, warmup, start, end)


def warmup_linear(
    peak: float, steps: int, warmup: SupportsIndex | float, start: float = 0.0, end: float = 0.0
) -> Schedule:
    """Linear warm-up, then linear decay.

    ::

        lr(k) = start + (peak - start) * k / warmup                           k < warmup
                peak + (end - peak) * (k - warmup) / (steps - warmup)         warmup <= k < steps
                end                                                           steps <= k

    Args:
        peak: the learning rate at step ``warmup``.
        steps: the whole length in steps, warm-up included.
        warmup: steps (int) or a fraction of ``steps`` (float). If it takes all steps, there is no decay.
        start: the learning rate at step 0, if there is a warm-up.
        end: the learning rate at step ``steps``.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: Devlin et al., BERT, arXiv:1810.04805, appendix A.2.

    >>> import glidepath as gp
    >>> lr = gp.warmup_linear(1e-4, steps=1_000_000, warmup=0.01)
    >>> lr[0], lr[5_000], lr[10_000], lr[505_000], lr[1_000_000]
    (0.0, 5e-05, 0.0001, 5e-05, 0.0)
    """
    return _warmed_up("warmup_linear", linear, peak, steps, warmup, start, end)


def wsd(  # noqa: PLR0913 (a warm-up, a plateau and a decay have this many parameters)
    peak: float,
    steps: int,
    warmup: SupportsIndex | float,
    decay: SupportsIndex | float,
    start: float = 0.0,
    end: float = 0.0,
    shape: Literal["linear", "cosine", "sqrt", "exponential"] = "linear",
) -> Schedule:
    """Warm-up, stable, decay: linear warm-up, a long constant part, a short decay.

    ::

        lr(k) = start + (peak - start) * k / warmup                      k < warmup
                peak                                                     warmup <= k < steps - decay
                end + (peak - end) * g(u), u = (k - steps + decay) / decay       steps - decay <= k < steps
                end                                                      steps <= k

        linear        g(u) = 1 - u
        cosine        g(u) = (1 + cos(pi * u)) / 2
        sqrt          g(u) = 1 - sqrt(u)
        exponential   lr = peak * (end / peak) ** u

    In ``exponential``, ``end / peak`` is rounded to the nearest double, because it is a parameter of a leaf. The value
    before the last is a double too, and the last value is exactly ``end``.

    Args:
        peak: the learning rate of the constant part.
        steps: the whole length in steps.
        warmup: the length of the warm-up: steps (int) or a fraction of ``steps`` (float).
        decay: the length of the decay: steps (int) or a fraction of ``steps`` (float). With 0 there is no decay.
        start: the learning rate at step 0, if there is a warm-up.
        end: the learning rate at step ``steps``, if there is a decay.
        shape: the curve of the decay: ``"linear"``, ``"cosine"``, ``"sqrt"`` or ``"exponential"``.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range; a warm-up and a decay that are
            together longer than ``steps``; ``exponential`` between values that are not both above 0 or both below 0.

    Source: Hu et al., MiniCPM, arXiv:2404.06395, section 4. Hägele et al., arXiv:2405.18392, compare the curves of the
    decay, and recommend ``sqrt`` ("1-sqrt") over about a fifth of the steps.

    >>> import glidepath as gp
    >>> lr = gp.wsd(1e-3, steps=50_000, warmup=1_000, decay=0.2, shape="sqrt")
    >>> lr[1_000], lr[40_000], lr[42_500], lr[50_000]
    (0.001, 0.001, 0.0005, 0.0)
    """
    length = _length("wsd.steps", steps)
    up = _part("wsd.warmup", warmup, length)
    down = _last_part("wsd.decay", decay, length)
    if up + down > length:
        raise ValueError(
            refusal(
                "wsd.decay",
                f"{_shown(decay)}, {down} of {length} steps where the warm-up takes {up}",
                "together they must fit into `steps`",
                f"Shorten one of them, or make `steps` at least {up + down}.",
            )
        )
    top, bottom = _number("wsd.peak", peak), _number("wsd.end", end)
    way_down = _chosen("wsd.shape", shape, _DECAYS)
    parts = []
    if up:
        parts.append(linear(_number("wsd.start", start), top, up))
    if up + down < length:
        parts.append(linear(top, top, length - up - down))
    if down:
        parts.append(_decay("wsd.end", way_down, top, bottom, down))
    return _joined(parts)


def one_cycle(  # noqa: PLR0913 (the paper's policy and PyTorch's class have six parameters)
    peak: float,
    steps: int,
    warmup: SupportsIndex | float = 0.3,
    start_div: float = 25.0,
    end_div: float = 1e4,
    shape: Literal["cosine", "linear"] = "cosine",
) -> Schedule:
    """One-cycle policy: rise to a peak, then fall far below the start.

    ::

        start = peak / start_div          end = start / end_div
        cosine   lr(k) = peak + (start - peak) * (1 + cos(pi * k / warmup)) / 2                   k < warmup
                         end + (peak - end) * (1 + cos(pi * (k - warmup) / (steps - warmup))) / 2    otherwise
        linear   straight lines between the same points

    Args:
        peak: the learning rate at step ``warmup``, the highest.
        steps: the whole length in steps.
        warmup: the length of the rise: steps (int) or a fraction of ``steps`` (float).
        start_div: ``peak`` divided by the learning rate at step 0.
        end_div: the learning rate at step 0 (not ``peak``) divided by that at step ``steps``.
        shape: the curve of the rise and of the fall: ``"cosine"`` or ``"linear"``.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: Smith and Topin, Super-Convergence, arXiv:1708.07120. The parameters and defaults are those of PyTorch's
    OneCycleLR, but in PyTorch the peak and the end come one step earlier.

    >>> import glidepath as gp
    >>> lr = gp.one_cycle(0.1, steps=10_000)
    >>> lr[0], lr[3_000], lr[10_000] == 0.004 / 1e4
    (0.004, 0.1, True)
    """
    length = _length("one_cycle.steps", steps)
    up = _part("one_cycle.warmup", warmup, length)
    top = _number("one_cycle.peak", peak)
    start = _divided("one_cycle.start_div", top, start_div)
    end = _divided("one_cycle.end_div", start, end_div)
    way = _chosen("one_cycle.shape", shape, _ONE_CYCLE_SHAPES)
    parts = []
    if up:
        parts.append(way(start, top, up))
    if up < length:
        parts.append(way(top, end, length - up))
    return _joined(parts)


def noam(model_dim: int, warmup: int, scale: float = 1.0) -> Schedule:
    """Linear warm-up, then proportional to one over the square root of the step, without an end.

    ::

        lr(k) = scale * model_dim ** -0.5 * min(k ** -0.5, k * warmup ** -1.5)        lr(0) = 0

    The highest value, ``scale / sqrt(model_dim * warmup)`` at step ``warmup``, is rounded to a double, because it is a
    parameter of both leaves.

    Args:
        model_dim: the width of the model.
        warmup: the length of the warm-up in steps, at least 1.
        scale: a factor of all values.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of its range.

    Source: Vaswani et al., Attention Is All You Need, arXiv:1706.03762, equation 3. The paper counts steps from 1: its
    first step is step 1 here, not step 0.

    >>> import glidepath as gp
    >>> lr = gp.noam(512, 4_000)
    >>> lr[0], lr[4_000] == 1 / (512 * 4_000) ** 0.5, lr[16_000] == lr[4_000] / 2
    (0.0, True, True)
    >>> lr.steps is None
    True
    """
    width = _length("noam.model_dim", model_dim)
    up = _length("noam.warmup", warmup)
    peak = _number("noam.scale", scale) / math.sqrt(width * up)
    return linear(0.0, peak, up) >> inverse_sqrt(peak, up)


# ------------------------------------------------------------------------------------------------- putting together

_Way = Callable[[float, float, int], Schedule]
"""Makes a curve from one value to another: ``way(start, end, steps)``, with ``steps`` at least 1."""


def _warmed_up(  # noqa: PLR0913 (the arguments of `warmup_cosine` and `warmup_linear`, and the curve)
    name: str, way: _Way, peak: float, steps: int, warmup: SupportsIndex | float, start: float, end: float
) -> Schedule:
    length = _length(f"{name}.steps", steps)
    up = _part(f"{name}.warmup", warmup, length)
    top, bottom = _number(f"{name}.peak", peak), _number(f"{name}.end", end)
    parts = []
    if up:
        parts.append(linear(_number(f"{name}.start", start), top, up))
    if up < length:
        parts.append(way(top, bottom, length - up))
    return _joined(parts)


def _joined(parts: list[Schedule]) -> Schedule:
    joined = parts[0]
    for part in parts[1:]:
        joined >>= part
    return joined


def _one_minus_sqrt(peak: float, end: float, steps: int) -> Schedule:
    return power(peak, end, steps, 0.5)


def _geometric(peak: float, end: float, steps: int) -> Schedule:
    ratio = end / peak
    # `curve[steps]` may differ from `end` in the last digits, and the curve has no end. So a line of one step ends it.
    curve = exponential(peak, ratio, per=steps)
    last = linear(curve[steps - 1], end, 1)
    return curve.then(last, at=steps - 1) if steps > 1 else last


def _decay(place: str, way: _Way, top: float, bottom: float, steps: int) -> Schedule:
    """Make a decay that ends in ``bottom``, which was given at ``place``."""
    got = f"{bottom!r} and a peak of {top!r}"
    closer = "Take values that lie closer together."
    if not math.isfinite(bottom - top):
        raise ValueError(refusal(place, got, "the way between them must be a finite number", closer))
    if way is _geometric:
        # Not `top * bottom > 0`: the product of two small numbers is 0.
        if not (top > 0.0 < bottom or top < 0.0 > bottom):
            rule = "an exponential decay is a constant ratio, so both must be above 0, or both below"
            raise ValueError(refusal(place, got, rule, "Give a small end, or take another shape."))
        if not 0.0 < bottom / top < math.inf:
            raise ValueError(refusal(place, got, "their ratio must be a number that a double holds", closer))
    return way(top, bottom, steps)


_DECAYS: dict[str, _Way] = {"linear": linear, "cosine": cosine, "sqrt": _one_minus_sqrt, "exponential": _geometric}
_ONE_CYCLE_SHAPES: dict[str, _Way] = {"cosine": cosine, "linear": linear}


def _cooldown(
    schedule: Schedule,
    at: SupportsIndex,
    steps: SupportsIndex,
    end: float = 0.0,
    shape: Literal["linear", "cosine", "sqrt", "exponential"] = "linear",
) -> Schedule:
    """Make ``schedule.cooldown(...)``."""
    length = _length("cooldown.steps", steps)
    start = _index("cooldown.at", at, "Round it, or convert it with int().")
    if not 1 <= start < length:
        way_out = "For a decay from step 0 use a leaf, such as `cosine`." if start < 1 else "Make `steps` larger."
        raise ValueError(refusal("cooldown.at", start, f"it must be from 1 to {length - 1}, before `steps`", way_out))
    top, bottom = schedule[start], _number("cooldown.end", end)
    way_down = _chosen("cooldown.shape", shape, _DECAYS)
    return schedule.then(_decay("cooldown.end", way_down, top, bottom, length - start), at=start)


# --------------------------------------------------------------------------------------------------------- checking


def _chosen(place: str, name: object, choices: dict[str, _Way]) -> _Way:
    known = ", ".join(map(repr, choices))
    message = refusal(place, _shown(name), f"the shapes are {known}", "Take one of them, or join leaves with `then`.")
    if not isinstance(name, str):
        raise TypeError(message)
    if name not in choices:
        raise ValueError(message)
    return choices[name]


def _number(place: str, value: float) -> float:
    try:
        return constant(value)[0]
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("`constant.value`", f"`{place}`", 1)) from None


def _divided(place: str, value: float, by: float) -> float:
    divisor = _number(place, by)
    if not divisor > 0.0:
        raise ValueError(refusal(place, _shown(by), "a divisor must be above 0", "For no difference, pass 1.0."))
    quotient = value / divisor
    if not math.isfinite(quotient):
        raise ValueError(
            refusal(place, _shown(by), f"{value!r} divided by it is past the largest double", "Pass a larger divisor.")
        )
    return quotient


def _index(place: str, value: object, way_out: str) -> int:
    whole = None if isinstance(value, np.ndarray) else as_int(value)
    if whole is None:
        raise TypeError(refusal(place, _shown(value), "it must be an integer", way_out))
    return whole


def _length(place: str, value: object) -> int:
    length = _index(place, value, "Round it, or convert it with int().")
    if not 1 <= length <= LAST_STEP:
        way_out = "Pass a whole number from 1 on." if length < 1 else "Pass 2**53 or less."
        raise ValueError(refusal(place, _shown(value), "it must be from 1 to 2**53", way_out))
    return length


def _part(place: str, value: SupportsIndex | float, steps: int) -> int:
    """Resolve `value` to a number of steps out of `steps`; half a step counts as one."""
    if isinstance(value, float | np.floating):
        if not 0.0 <= value <= 1.0:
            way_out = "For a number of steps, pass an int." if value > 1.0 else "For no steps, pass 0."
            raise ValueError(
                refusal(place, _shown(value), "a float is a fraction of `steps` and must be from 0.0 to 1.0", way_out)
            )
        return math.floor(float(value) * steps + 0.5)
    part = _index(place, value, "Pass an int of steps, or a float for a fraction of `steps`.")
    if not 0 <= part <= steps:
        way_out = "For no steps, pass 0." if part < 0 else "Shorten it, or make `steps` larger."
        raise ValueError(
            refusal(place, _shown(value), f"it must be from 0 to {steps}, the steps of the whole", way_out)
        )
    return part


def _last_part(place: str, value: SupportsIndex | float, steps: int) -> int:
    # Half a step counts as none. So a warm-up of 0.5 and a decay of 0.5 fit into 5 steps, and do not need 6.
    if isinstance(value, float | np.floating) and 0.0 <= value <= 1.0:
        return steps - _part(place, 1.0 - float(value), steps)
    return _part(place, value, steps)
