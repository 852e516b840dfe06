"""`gp.compare`: what it counts, its levels and its report, against a naive comparison step by step."""

from __future__ import annotations

import json
import math
import struct
import tracemalloc
from random import Random
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import glidepath as gp

mpl.use("agg")

TORCH = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=400)
MINDSPORE = gp.replay(
    "mindspore.cosine_decay_lr", min_lr=0.0, max_lr=0.1, total_step=1000, step_per_epoch=1, decay_epoch=400
)


def bits64(x: float) -> int:
    return struct.unpack("<q", struct.pack("<d", x))[0]


def bits32(x: float) -> bytes:
    with np.errstate(over="ignore"):
        return np.float32(x).tobytes()


def order(x: float) -> int:
    return bits64(x) if bits64(x) >= 0 else -(bits64(x) + 2**63)


def naive(a: list[float], b: list[float]) -> dict[str, Any]:
    """Compare two lists of finite floats as the docstring of Comparison says it, one step at a time."""
    found: dict[str, Any] = {}
    for level, bits in (("bits", bits64), ("float32", bits32)):
        steps = [k for k, (x, y) in enumerate(zip(a, b, strict=True)) if bits(x) != bits(y)]
        found[level] = (len(steps), steps[0] if steps else None)
    peak = max(map(abs, a + b))
    measures = {
        "absolute": lambda x, y: abs(x - y),
        "relative": lambda x, y: abs(x - y) / max(abs(x), abs(y)) if x != y else 0.0,
        "of_peak": lambda x, y: abs(x - y) / peak if x != y else 0.0,
        "ulps": lambda x, y: abs(order(x) - order(y)),
    }
    for name, measure in measures.items():
        values = [measure(x, y) for x, y in zip(a, b, strict=True)]
        worst = max(values)
        found[name] = (worst, values.index(worst) if worst else None)
    return found


def seen(c: gp.Comparison) -> dict[str, Any]:
    found: dict[str, Any] = {level: (c.count(level), c.first(level)) for level in ("bits", "float32")}
    return found | {name: tuple(getattr(c, name)) for name in ("absolute", "relative", "of_peak", "ulps")}


def test_the_report_of_a_difference() -> None:
    assert str(gp.compare(TORCH, MINDSPORE, 1_000)).splitlines() == [
        'a  gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=400)',
        f"b  {MINDSPORE!r}",
        "differ as float32 at 599 of 1,000 steps, first at step 401: 1.5421177605168257e-06 and 0.0",
        "differ as float64 at 939 of 1,000 steps, first at step 2: 0.09999383162408303 and 0.09999383162408304",
        "largest difference",
        "  absolute 0.1 at step 800",
        "  relative 1 at step 401",
    ]


def test_the_report_of_a_difference_that_float32_does_not_see() -> None:
    end = ["equal as float32 at all 401 steps"]
    c = gp.compare(TORCH, MINDSPORE, 401)
    assert str(c).splitlines()[2:3] == end
    assert (c.equal("float32"), c.equal("bits"), c.equal()) == (True, False, False)
    assert c.ulps.value < 2**29
    assert str(c).splitlines()[-1] == f"  ulps     {c.ulps.value:,} at step {c.ulps.step}"


def test_the_report_of_equal_rates() -> None:
    s = gp.cosine(0.1, 0.0, 1_234)
    assert str(gp.compare(s, s.to_json())).splitlines() == [
        f"a  {s!r}",
        f"b  {s!r}",
        "equal in bits at all 1,234 steps",
    ]
    assert str(gp.compare(s, s, 1)).splitlines()[2] == "equal in bits at the only step"
    assert repr(gp.compare(s, s)) == str(gp.compare(s, s))


@pytest.mark.parametrize("seed", range(20))
def test_every_number_is_that_of_a_naive_comparison(seed: int) -> None:
    rng = Random(seed)
    n = rng.choice([1, 7, 1_000, 4_096, 4_097, 100_000])
    a = [rng.choice([rng.uniform(-1, 1), 10.0 ** rng.uniform(-320, 300), 0.0, 5e-324]) for _ in range(n)]
    b = [rng.choice([x, x, x, math.nextafter(x, 1.0), -x, x * (1 + 1e-9), rng.random()]) for x in a]
    c = gp.compare(gp.table(a), gp.table(b))
    assert c.steps == n
    assert seen(c) == naive(gp.table(a).array(n).tolist(), gp.table(b).array(n).tolist())


def test_one_step_in_a_million_is_found_in_any_chunk() -> None:
    base = gp.cosine(0.1, 0.0, 1_000_000)
    for k in (0, 4_095, 4_096, 700_001, 999_999):
        values = base.array(1_000_000)
        values[k] = math.nextafter(values[k], 1.0)
        c = gp.compare(base, gp.table(values))
        assert (c.first(), c.count(), c.ulps) == (k, 1, (1, k))


def test_ten_million_steps_take_the_memory_of_some_thousand() -> None:
    def peak(n: int) -> int:
        tracemalloc.start()
        c = gp.compare(gp.cosine(0.1, 0.0, n), gp.cosine(0.1, 1e-9, n), n)
        assert c.count() > 0.9 * n
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(10_000_000) < 2**20
    assert peak(10_000) > 2 * 8 * 4_096  # it is measured: numpy tells tracemalloc of its arrays


def test_the_longer_side_gives_the_steps_and_the_shorter_holds() -> None:
    c = gp.compare(gp.linear(1.0, 0.0, 10), gp.linear(1.0, 0.0, 10) >> gp.cosine(0.0, 1.0, 5))
    assert (c.steps, c.first()) == (15, 11)
    assert gp.compare(gp.constant(0.1), gp.linear(0.1, 0.1, 7)).steps == 7


def test_within_is_of_the_peak_of_both_sides() -> None:
    c = gp.compare(gp.linear(0.0, 1.0, 4), gp.linear(0.0, 2.0, 4), 5)
    assert (c.of_peak, c.absolute) == ((0.5, 4), (1.0, 4))
    assert c.within(0.5)
    assert not c.within(0.4999)
    nothing = gp.compare(gp.constant(0.0), gp.constant(0.0), 3)
    assert (nothing.of_peak, nothing.within(0)) == ((0.0, None), True)


def test_require_raises_the_report() -> None:
    c = gp.compare(TORCH, MINDSPORE, 401)
    c.require("float32")
    c.require(1e-15)
    with pytest.raises(AssertionError) as raised:
        c.require("bits")
    assert str(raised.value) == str(c)
    with pytest.raises(AssertionError) as raised:
        c.require(0)
    assert str(raised.value) == f"{c}\nabove 0 of the peak: {c.of_peak.value:.2g} at step {c.of_peak.step}"


def test_to_dict_is_json() -> None:
    content = gp.compare(TORCH, MINDSPORE, 1_000).to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert list(content) == ["a", "b", "steps", "bits", "float32", "absolute", "relative", "of_peak", "ulps"]
    assert content["float32"] == {
        "equal": False,
        "count": 599,
        "first": {"step": 401, "a": 1.5421177605168257e-06, "b": 0.0},
    }
    assert content["relative"] == {"value": 1.0, "step": 401}


def refused(error: type[Exception], message: str, *arguments: Any, **keywords: Any) -> None:
    with pytest.raises(error) as raised:
        gp.compare(*arguments, **keywords)
    assert str(raised.value) == message


def test_steps_that_are_not_known_or_wrong() -> None:
    s = gp.constant(0.1)
    ask = "`compare.n`: not given; neither side has an end. Say how many to compare: `compare(a, b, 1000)`."
    rule = "it must be a whole number of steps from 1 to 2**53."
    refused(ValueError, ask, s, gp.exponential(0.1, 0.9))
    refused(ValueError, f"`compare.n`: got 0; {rule}", s, s, 0)
    refused(ValueError, f"`compare.n`: got -1; {rule}", s, s, -1)
    refused(ValueError, f"`compare.n`: got {2**53 + 1}; {rule}", s, s, 2**53 + 1)
    refused(TypeError, f"`compare.n`: got 10.0; {rule} Convert it with `int()`.", s, s, 10.0)
    refused(TypeError, f"`compare.n`: got True; {rule} Convert it with `int()`.", s, s, True)


def test_a_level_that_is_none() -> None:
    c = gp.compare(gp.constant(0.1), gp.constant(0.1), 1)
    rule = 'it must be "bits" or "float32". For a tolerance, write `within(1e-6)`.'
    for ask, place in ((c.equal, "equal"), (c.count, "count"), (c.first, "first")):
        with pytest.raises(ValueError) as raised:
            ask("float16")  # type: ignore[arg-type]
        assert str(raised.value) == f"`{place}.level`: got 'float16'; {rule}"
    with pytest.raises(TypeError) as unknown:
        c.equal(1e-6)  # type: ignore[arg-type]
    assert str(unknown.value) == f"`equal.level`: got 1e-06; {rule}"
    with pytest.raises(ValueError) as raised:
        c.require("float16")  # type: ignore[arg-type]
    assert str(raised.value) == f"`require.level`: got 'float16'; {rule}"


@pytest.mark.parametrize("tolerance", [-1e-9, math.nan, math.inf])
def test_a_tolerance_that_is_none(tolerance: float) -> None:
    c = gp.compare(gp.constant(0.1), gp.constant(0.1), 1)
    for ask, place in ((c.within, "within.tolerance"), (c.require, "require.level")):
        with pytest.raises(ValueError) as raised:
            ask(tolerance)
        assert str(raised.value) == f"`{place}`: got {tolerance}; a tolerance must be finite and at least 0."
    with pytest.raises(TypeError) as unknown:
        c.within("bits")  # type: ignore[arg-type]
    rule = "a tolerance is a number, as a fraction of the peak. For a level, write `equal(...)`."
    assert str(unknown.value) == f"`within.tolerance`: got 'bits'; {rule}"


def test_a_comparison_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError) as raised:
        assert gp.compare(gp.constant(0.1), gp.constant(0.1), 1)
    assert str(raised.value) == (
        'a Comparison is neither true nor false: say what must be equal. Write `comparison.equal("float32")`, '
        '`comparison.equal("bits")` or `comparison.within(1e-6)`.'
    )


# What is taken.


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda s: s.array(500).tolist(), "list of 500 values"),
        (lambda s: tuple(s.array(500).tolist()), "tuple of 500 values"),
        (lambda s: s.array(500), "array of 500 float64 values"),
        (lambda s: s.array(1_000)[::2][:0:-1][::-1], None),
        (lambda s: s.array(500).astype(">f8"), "array of 500 float64 values"),
        (lambda s: np.stack([s.array(500), s.array(500) * 2], axis=1), "array of 500 float64 values, group 0 of 2"),
        (lambda s: s.to_json(), repr(gp.cosine(0.1, 0.0, 500))),
        (lambda s: s.to_json().encode(), repr(gp.cosine(0.1, 0.0, 500))),
        (repr, repr(gp.cosine(0.1, 0.0, 500))),
    ],
)
def test_sides_of_many_kinds(make: Any, text: str | None) -> None:
    s = gp.cosine(0.1, 0.0, 500)
    given = make(s)
    c = gp.compare(s if text else s.stride(2).skip(1), given)
    assert c.equal("bits")
    assert c.steps == (500 if text else 499)
    assert text is None or str(c).splitlines()[1] == f"b  {text}"


def test_a_group_is_a_column() -> None:
    s = gp.cosine(0.1, 0.0, 90)
    rates = np.stack([s.array(90), 2 * s.array(90)], axis=1)
    assert gp.compare(rates, 2 * s, group=1).equal("bits")
    assert gp.compare(rates, rates[:, :1], group=0).equal("bits")
    refused(IndexError, "`compare.a`: got group 2; this array has 2. Groups are counted from 0.", rates, s, group=2)
    refused(IndexError, "`compare.group`: got -1; it must be a whole number from 0 on.", rates, s, group=-1)
    refused(TypeError, "`compare.group`: got True; it must be a whole number from 0 on.", rates, s, group=True)


def test_float32_values_are_compared_as_the_float64_that_they_are() -> None:
    s = gp.cosine(0.1, 0.0, 1_000)
    c = gp.compare(s, s.array(1_000, dtype="float32"))
    assert (c.equal("float32"), c.first("bits")) == (True, 0)
    assert str(c).splitlines()[1:4] == [
        "b  array of 1,000 float32 values",
        "equal as float32 at all 1,000 steps",
        f"differ as float64 at {c.count():,} of 1,000 steps, first at step 0: 0.1 and 0.10000000149011612",
    ]


def test_a_function_of_the_step() -> None:
    def halving(step: int) -> float:
        return 0.1 * 0.5 ** (step // 10)

    c = gp.compare(gp.exponential(0.1, 0.5, per=10, stair=True), halving, 70_000)
    assert str(c).splitlines()[1] == f"b  function {halving.__qualname__}"
    assert c.within(1e-15)
    assert gp.compare(halving, [halving(k) for k in range(1_000)]).equal("bits")
    assert gp.compare(lambda k: np.float32(0.1), lambda k: np.array(0.1, np.float32), 3).equal("bits")


def test_a_file_is_mapped_into_memory(tmp_path: Any) -> None:
    s = gp.warmup_cosine(1e-3, 200_000, 0.1)
    np.save(tmp_path / "lr.npy", s.array(200_000))
    c = gp.compare(tmp_path / "lr.npy", s)
    assert c.equal("bits")
    assert str(c).splitlines()[0] == "a  lr.npy: 200,000 float64 values"
    wrong = tmp_path / "lr.json"
    wrong.write_text(s.to_json(), encoding="utf-8")
    rule, way_out = "it must be a .npy file of floats, with at least 1 step", "Save one with `numpy.save`."
    refused(ValueError, f"`compare.a`: got {wrong}; {rule}. {way_out}", wrong, s)
    np.savez(tmp_path / "lr.npz", s.array(10))
    refused(ValueError, f"`compare.b`: got {tmp_path}/lr.npz; {rule}. {way_out}", s, tmp_path / "lr.npz")
    with pytest.raises(FileNotFoundError):
        gp.compare(s, tmp_path / "no.npy")


def test_nan_equals_nan_and_differs_from_a_number_without_bound() -> None:
    nan, other = math.nan, struct.unpack("<d", struct.pack("<Q", 0xFFF8_0000_0000_0001))[0]
    assert gp.compare([0.1, nan], [0.1, other]).equal("bits")
    c = gp.compare([0.1, 0.2, nan, math.inf, math.inf], [0.1, 0.3, 0.1, 0.1, math.inf])
    assert (c.count("bits"), c.count("float32"), c.first()) == (3, 3, 1)
    assert (c.absolute, c.relative, c.of_peak) == ((math.inf, 2),) * 3
    assert c.ulps == (math.inf, 2)
    assert not c.within(1e300)
    assert str(c).splitlines()[2:] == [
        "differ as float32 at 3 of 5 steps, first at step 1: 0.2 and 0.3",
        "differ as float64 at 3 of 5 steps, first at step 1: 0.2 and 0.3",
        "largest difference",
        "  absolute inf at step 2",
        "  relative inf at step 2",
    ]
    assert c.to_dict()["absolute"] == {"value": "inf", "step": 2}
    assert gp.compare([0.1, nan], [0.1, 0.2]).to_dict()["bits"]["first"] == {"step": 1, "a": "nan", "b": 0.2}
    assert gp.compare([math.inf], [-math.inf]).absolute == (math.inf, 0)
    assert gp.compare([math.inf, nan], [math.inf, nan]).of_peak == (0.0, None)


def test_the_two_zeros_differ_by_nothing() -> None:
    c = gp.compare([0.1, 0.0], [0.1, -0.0])
    assert (c.equal("bits"), c.equal("float32"), c.first(), c.within(0)) == (False, False, 1, True)
    assert str(c).splitlines()[2:] == [
        "differ as float32 at 1 of 2 steps, first at step 1: 0.0 and -0.0",
        "differ as float64 at 1 of 2 steps, first at step 1: 0.0 and -0.0",
        "largest difference",
        "  absolute 0",
        "  relative 0",
        "  ulps     0",
    ]


def test_arrays_of_other_lengths() -> None:
    s, a, b = gp.cosine(0.1, 0.0, 100), [0.1] * 90, [0.1] * 100
    say = "Say how many to compare: `compare(a, b, 90)`."
    refused(ValueError, f"`compare.n`: not given; `a` has 90 steps and `b` 100. {say}", a, b)
    refused(ValueError, f"`compare.n`: not given; `a` has 100 steps and `b` 90. {say}", s, a)
    refused(ValueError, "`compare.n`: got 91; `a` has 90 values. Take at most 90 steps.", a, b, 91)
    assert gp.compare(a, b, 90).equal("bits")
    assert gp.compare(gp.constant(0.1), a).steps == 90
    assert gp.compare(gp.cosine(0.1, 0.0, 50), gp.cosine(0.1, 0.0, 50).array(90)).equal("bits")


class Nothing:
    """Gives no rates."""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (0.1, "got 0.1; it must give learning rates. Give a Schedule or "),
        (None, "got None; it must give learning rates. Give a Schedule or "),
        (Nothing(), "got an object of type test_comparison.Nothing; it must give learning rates. Give a Schedule or "),
        ([], "got list of shape (0,); it must have the shape (steps,) or (steps, groups), with at least 1 step."),
        (np.zeros((2, 2, 2, 2)), "got array of shape (2, 2, 2, 2); it must have the shape (steps,) or (steps, "),
        (["0.1"], "got list of str96 values; learning rates are float64, float32 or float16."),
        ([True], "got list of bool values; learning rates are float64, float32 or float16."),
        ([0.1, None], "got list of object values; learning rates are float64, float32 or float16."),
        (np.zeros(3, complex), "got array of complex128 values; learning rates are float64, float32 or float16."),
        (np.zeros(3, np.longdouble), f"got array of {np.dtype(np.longdouble)} values; learning rates are "),
        (lambda k: None, "got None at step 0; a function of the step must return a rate, a number."),
        (lambda k: "0.1", "got '0.1' at step 0; a function of the step must return a rate, a number."),
        (lambda k: k > 1, "got False at step 0; a function of the step must return a rate, a number."),
        (lambda k: np.zeros(2), "got an object of type numpy.ndarray at step 0; a function of the step must "),
        ("lr.npy", "got 'lr.npy'; a text is JSON or an expression, and not the name of a file. Give `Path('lr.npy')`."),
        ("a.json", "got 'a.json'; a text is JSON or an expression, and not the name of a file. Give `Path("),
        ('{"glidepath": 1, "schedule": {"kind": "cubist"}}', '`$.schedule.kind`: got "cubist"; '),
    ],
)  # fmt: skip
def test_what_gives_no_rates_is_refused(given: Any, message: str) -> None:
    for name, sides in (("a", (given, gp.constant(0.1))), ("b", (gp.constant(0.1), given))):
        with pytest.raises((TypeError, ValueError)) as raised:
            gp.compare(*sides, 3)
        assert str(raised.value).startswith(f"`compare.{name}`: {message}")


def test_what_a_function_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        gp.compare(lambda k: 1 / k, gp.constant(0.1), 3)


# The plot.


def drawn(c: gp.Comparison) -> tuple[Any, list[Any], Any]:
    """The axes of the rates, its two lines, and the line of the difference."""
    axes = c.plot(ax=Figure().add_subplot())
    (right,) = [other for other in axes.figure.axes if other is not axes]
    return axes, axes.get_lines(), right.get_lines()[0]


@pytest.mark.parametrize("n", [1, 2, 999, 1_001, 70_000, 1_234_567])
def test_the_plot_has_both_sides_and_every_largest_difference(n: int) -> None:
    a, b = gp.cosine(0.1, 0.0, n), gp.cosine(0.1, 0.0, n).array(n)
    spikes = sorted({0, n // 3, n // 2, n - 1})
    b[spikes] *= 2
    axes, (first, second), difference = drawn(gp.compare(a, b))
    steps = first.get_xdata()
    assert len(steps) <= 1_002
    assert (np.diff(steps) > 0).all()
    assert steps[-1] == n - 1
    assert set(spikes) <= set(steps.tolist())
    assert first.get_ydata().tolist() == a.gather(steps).tolist()
    assert second.get_ydata().tolist() == b[steps].tolist()
    assert difference.get_ydata().tolist() == np.abs(a.gather(steps) - b[steps]).tolist()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    kind = f"b  array of {n:,} float64 value{'s' * (n > 1)}"
    assert labels == [f"a  {a!r}", kind, "|a - b|"]


def test_the_plot_of_rates_that_are_no_numbers() -> None:
    _, _, difference = drawn(gp.compare([0.1, math.nan, math.inf, math.nan], [0.2, math.nan, math.inf, 0.1]))
    assert np.array_equal(difference.get_ydata(), [0.1, math.nan, math.nan, math.nan], equal_nan=True)


def test_the_plot_makes_axes_or_refuses_what_is_none() -> None:
    import matplotlib.pyplot as plt

    c = gp.compare(gp.constant(0.1), gp.constant(0.1), 10)
    axes = c.plot()
    assert axes.get_ylabel() == "learning rate"
    plt.close(axes.figure)
    with pytest.raises(TypeError) as raised:
        c.plot(1_000)  # type: ignore[arg-type]
    assert str(raised.value) == "`ax`: got int; it must be matplotlib axes."
