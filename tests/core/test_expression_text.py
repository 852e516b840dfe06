"""Tests `gp.Schedule(text)`: it reads expressions as `repr` prints them. Nothing else can be called or looked up."""

from __future__ import annotations

import random

import pytest

import glidepath as gp
from cases import random_nested
from fuzz_texts import check_expression, damaged_expression
from glidepath import _core

WAY_OUT = "Write it as Python would, such as `warmup_cosine(3e-4, 100_000, 0.02)`."
ONLY = "an expression has calls, numbers, texts, lists and `+ - * / >>` only"
SPELLINGS = [
    ("warmup_cosine(3e-4, 100_000, 0.02)", gp.warmup_cosine(3e-4, 100_000, 0.02)),
    ("  gp.linear(0, .1, 5)\n >> 0.1 * glidepath.cosine(1, 0, 2 * 10**2)  # a comment",
     gp.linear(0, 0.1, 5) >> 0.1 * gp.cosine(1, 0, 200)),
    ("wsd(1e-3, steps=100, warmup=0.1, decay=0.2, shape='sqrt').clock(7)",
     gp.wsd(1e-3, 100, 0.1, 0.2, shape="sqrt").clock(7)),
    ("cosine(1, 0, 900).repeat().stretch(Fraction(1, 7))", gp.cosine(1, 0, 900).repeat().stretch(1, 7)),
    ("-linear(1, 0, 9).hold(3) / 3 - 1 + +2", -gp.linear(1, 0, 9).hold(3) / 3 - 1 + 2),
    ("warmup_linear(1, 8, 4).skip(1).extend(at=4, steps=20)", gp.warmup_linear(1, 8, 4).skip(1).extend(4, 20)),
    ("constant(1).cooldown(at=5, steps=9, end=0.1, shape='cosine')", gp.constant(1).cooldown(5, 9, 0.1, "cosine")),
    ("piecewise_constant((3, 2, 1), [7 // 2, 2**53 // 2**50])", gp.piecewise_constant([3, 2, 1], [3, 8])),
    ("linear(0, 1, 4).clamp(low=None, high=2**-1)", gp.linear(0, 1, 4).clamp(high=0.5)),
    ("linear(0, 1, 6).by_epoch(10).clock(piecewise_constant([2, 4], [10]))",
     gp.linear(0, 1, 6).by_epoch(10).clock(gp.piecewise_constant([2, 4], [10]))),
    ('replay("torch.SequentialLR", schedulers=[replay("torch.StepLR", base_lr=0.1, step_size=2)], milestones=[])',
     gp.replay("torch.SequentialLR", schedulers=[gp.replay("torch.StepLR", base_lr=0.1, step_size=2)], milestones=[])),
    ('replay("torch.OneCycleLR", max_lr=0.1, total_steps=30, three_phase=True)',
     gp.replay("torch.OneCycleLR", max_lr=0.1, total_steps=30, three_phase=True)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "means"), SPELLINGS)
def test_an_expression_is_read_as_python_means_it(text: str, means: gp.Schedule) -> None:
    assert gp.Schedule(text) == means


REFUSALS = [
    ("", f"got no text; it must be a schedule. {WAY_OUT}"),
    ("3e-4", "got 0.0003; a number is no schedule. Write `constant(0.0003)`."),
    ("'x'", f"got 'x'; it must be a schedule. {WAY_OUT}"),
    ("linear(0, 1, 4) +", f"got 'linear(0, 1, 4) +'; it is not an expression: invalid syntax. {WAY_OUT}"),
    ("linear(0, 1 4)",
     "got 'linear(0, 1 4)'; it is not an expression: invalid syntax. Perhaps you forgot a comma? at character 11. "
     + WAY_OUT),
    ("\ud800", f"got '\\ud800'; it is not an expression: it has half a surrogate pair. {WAY_OUT}"),
    ("lineer(0, 1, 3)", "got `lineer`; there is no `lineer`. Did you mean `linear`?"),
    ("warmup_cosin(1, 9, 3)", "got `warmup_cosin`; there is no `warmup_cosin`. Did you mean `warmup_cosine`?"),
    ("linear(0, 1, 4).holt(3)", "got `linear(0, 1, 4).holt`; there is no `.holt`. Did you mean `.hold`?"),
    ("linear", "got `linear`; a function needs its arguments in brackets."),
    ("linear(0, 1, 4).hold",
     "got `linear(0, 1, 4).hold`; it is no function of glidepath, and no method that is called."),
    ("linear(0, 1, 4).__class__",
     "got `linear(0, 1, 4).__class__`; it is no function of glidepath, and no method that is called."),
    ("(lambda: 1)()", "got `lambda: 1`; it is no function of glidepath, and no method that is called."),
    ("linear(0, 1, 4)[2]", f"got `linear(0, 1, 4)[2]`; {ONLY}."),
    ("linear(0, 1, 4) if 1 else 2", f"got `linear(0, 1, 4) if 1 else 2`; {ONLY}."),
    ("[linear(0, 1, k) for k in 3]", f"got `[linear(0, 1, k) for k in 3]`; {ONLY}."),
    ("x := 1", f"got `x := 1`; {ONLY}."),
    ("f'{1}'", f"got `f'{{1}}'`; {ONLY}."),
    ("1.5 .hold(2)", "got `1.5 .hold`; only a schedule has methods."),
    ("linear(*[0, 1, 4])", "got `linear(*[0, 1, 4])`; `*` and `**` are not read. Write the arguments out."),
    ("linear(0, steps=3, **{})", "got `linear(0, steps=3, **{})`; `*` and `**` are not read. Write the arguments out."),
    ("linear(0, 1, 1 / 0)", "got `1 / 0`; division by zero."),
    ("linear(0, 1, 'a' * 3)",
     "got `'a' * 3`; an operation is `+ - * / // % **` of numbers, or `+ - * / >>` of schedules."),
    ("linear(0, 1, 4) @ 3",
     "got `linear(0, 1, 4) @ 3`; an operation is `+ - * / // % **` of numbers, or `+ - * / >>` of schedules."),
    ("2**10**10", "got `2**10**10`; this power is not a number of moderate size."),
    ("(-8)**0.5", "got `(-8)**0.5`; this power is not a number of moderate size."),
    ("1e300**2", "got `1e300**2`; it is too large."),
    ("linear(0, 1, 9)**2", "got `linear(0, 1, 9)**2`; this power is not a number of moderate size."),
    ("linear(0, 1, 4).stretch(Fraction(1, 0))",
     "got 1 and 0; a Fraction has two whole numbers, the second not 0. Write `Fraction(1, 7)`."),
    ("linear(0, 1, 4).stretch(Fraction(0.5))",
     "got 0.5 and 1; a Fraction has two whole numbers, the second not 0. Write `Fraction(1, 7)`."),
    ("table(linear(0, 1, 10**12))",
     "got `table(linear(0, 1, 10**12))`; its arguments are numbers. Combine schedules with `>>`, `+` or `*`."),
    ("-'x'", "got `-'x'`; a sign stands before a number or a schedule."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSALS)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^`expression`: ") as refused:
        gp.Schedule(text)
    assert str(refused.value) == f"`expression`: {message}"


def test_an_unknown_name_lists_the_names() -> None:
    for text in ("__import__('os')", "gp.os", "Clock(3)", "schema()", "Schedule('{')"):
        with pytest.raises(ValueError, match=r"; the functions are Fraction, adam_correction, constant, ") as refused:
            gp.Schedule(text)
        assert str(refused.value).endswith(", warmup_linear, wsd.")
    with pytest.raises(ValueError, match="the methods are") as refused:
        gp.Schedule("linear(0, 1, 4).to_json()")
    assert str(refused.value) == (
        "`expression`: got `linear(0, 1, 4).to_json`; the methods are .by_epoch, .clamp, .clock, .cooldown, .delay, "
        ".extend, .hold, .repeat, .skip, .stretch, .stride, .then."
    )


def test_errors_of_the_constructors_are_theirs() -> None:
    rule = "it must be a whole number of steps from 1 to 2**53. Convert it with `int()`."
    with pytest.raises(TypeError) as refused:
        gp.Schedule("linear(0, 0.1, steps=1e5)")
    assert str(refused.value) == f"`linear.steps`: got 100000.0; {rule}"
    with pytest.raises(TypeError, match=r"^linear\(\) missing 1 required positional argument: 'steps'$"):
        gp.Schedule("linear(0, 1)")


def test_a_text_that_begins_with_a_brace_is_json() -> None:
    text = gp.linear(0, 1, 4).to_json()
    assert (
        gp.Schedule(text) == gp.Schedule(f"\n {text}") == gp.Schedule("linear(0, 1, 4)") == gp.Schedule(text.encode())
    )
    with pytest.raises(ValueError, match=r"^`\$`: "):
        gp.Schedule('{"kind": 3}')


def test_random_expressions_are_read_back() -> None:
    rng = random.Random(12)
    for _ in range(2_000):
        whole = random_nested(rng, rng.randint(0, 4)).build(gp)
        assert gp.Schedule(repr(whole)) == whole, repr(whole)


def test_long_chains_are_read_and_deep_ones_refused() -> None:
    line = gp.linear(0.0, 1.0, 4)
    joined, added = line, line
    for _ in range(150):
        joined, added = joined >> line, added + line
    assert gp.Schedule(repr(joined)) == joined
    assert gp.Schedule(repr(added)) == added
    for deep in ("-" * 100_000 + "linear(0, 1, 4)", "linear(0, 1, 4)" + ".hold(2)" * 100_000):
        with pytest.raises(ValueError, match=r"it is nested too deeply\. Use JSON for it: `s\.to_json\(\)`\.$"):
            gp.Schedule(deep)


def test_a_text_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(ValueError) as caught:
        gp.Schedule("1+" * 2_000_001)
    assert str(caught.value) == (
        "`expression`: got 4,000,002 characters; it has at most 4,000,000. Use JSON for it: `s.to_json()`."
    )


def test_mutated_texts_are_read_or_refused() -> None:
    rng = random.Random(13)
    for _ in range(100_000):
        check_expression(damaged_expression(rng))


def test_the_table_has_every_leaf_and_combinator() -> None:
    assert {"hold", "skip", "stretch"} <= set(_core.COMBINATORS)
    for name in _core.SHAPES:
        with pytest.raises(TypeError, match=rf"^{name}\(\) missing "):
            gp.Schedule(f"{name}()")


def test_the_warnings_of_pythons_compiler_are_not_shown():
    with pytest.raises(ValueError):
        gp.Schedule("linear(1or 2, 0.0, 5)")  # pytest makes a warning an error of another type
    with pytest.raises(TypeError):
        gp.Schedule(r"constant('\d')")
