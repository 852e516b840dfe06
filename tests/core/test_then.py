"""Promise 5 of the README: `a.then(b, at=k)` is `a` before step k, and then `b` at the step minus k, also nested."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import expression
import glidepath as gp
import oracle
from cases import short_leaf, steps_of_interest
from expression import MAX_STEP, Expr
from helpers import DTYPES, LEVELS, assert_right, assert_same, forced, within
from strategies import ending_leaves, expressions, joined, lasts, lengths

steps_around = st.lists(st.one_of(st.integers(0, 12_000), st.integers(0, MAX_STEP)), min_size=1, max_size=20)


@given(expressions, expressions, st.integers(1, 8_000), steps_around)
def test_before_and_after(a: Expr, b: Expr, at: int, steps: list[int]) -> None:
    """Compares glidepath with itself."""
    first, second = a.build(gp), b.build(gp)
    both = first.then(second, at=at)
    for k in {*steps, 0, at - 1, at, at + 1}:
        want = first[k] if k < at else second[k - at]
        assert both[k].hex() == want.hex(), (a, b, at, k)
    for dtype in DTYPES:
        want_array = np.concatenate([first.array(at, dtype=dtype), second.array(2_000, dtype=dtype)])
        assert_same(both.array(at + 2_000, dtype=dtype), want_array, (a, b, at))


@given(joined(expressions, expressions).filter(lasts), steps_around)
def test_against_the_oracle(expr: Expr, steps: list[int]) -> None:
    at = expression.joint(expr)
    assert_right(expr.build(gp), expr, sorted(k for k in {*steps, at - 1, at, at + 1} if k <= MAX_STEP))


@given(ending_leaves, expressions)
def test_without_at_the_first_says_where(a: Expr, b: Expr) -> None:
    joint = a.build(gp).then(b.build(gp))
    assert joint == a.build(gp) >> b.build(gp)
    assert joint == a.build(gp).then(b.build(gp), at=a.steps)
    assert joint.steps == (None if b.steps is None else a.steps + b.steps)


@given(ending_leaves, ending_leaves, expressions)
def test_grouping_does_not_matter(a: Expr, b: Expr, c: Expr) -> None:
    one, two, three = a.build(gp), b.build(gp), c.build(gp)
    left, right = (one >> two) >> three, one >> (two >> three)
    assert left == right
    assert hash(left) == hash(right)
    assert left.to_json() == right.to_json()
    n = a.steps + b.steps + 100
    assert_same(left.array(n), right.array(n), (a, b, c))


@given(joined(joined(ending_leaves, ending_leaves), ending_leaves), ending_leaves, lengths)
def test_an_at_inside_a_chain_cuts_it(chain: Expr, following: Expr, at: int) -> None:
    """`at` may be before, at or after any join in the first schedule."""
    expr = chain.then(following, at=at)
    assume(lasts(expr))
    marks = {0, at - 1, at, at + 1, *(m + d for m in joints(chain) for d in (-1, 0, 1))}
    steps = sorted(k for k in marks if k >= 0)
    assert_right(expr.build(gp), expr, steps)
    at_each = [chain.then(following, at=mark) for mark in sorted(joints(chain))]
    for cut in at_each:
        assert_right(cut.build(gp), cut, steps)


def joints(expr: Expr) -> set[int]:
    if expr.kind != "then":
        return set()
    at = expression.joint(expr)
    return joints(expr.parts[0]) | {at} | {at + k for k in joints(expr.parts[1])}


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_thousand_deep(side: str) -> None:
    rng = Random(11)
    leaves = [short_leaf(expression, rng, 300) for _ in range(1_000)]
    built = [leaf.build(gp) for leaf in leaves]
    with within(10):
        if side == "left":
            schedule = built[0]
            for leaf in built[1:]:
                schedule = schedule.then(leaf)
        else:
            schedule = built[-1]
            for leaf in reversed(built[:-1]):
                schedule = leaf.then(schedule)
        starts = np.concatenate([[0], np.cumsum([leaf.steps for leaf in leaves])])
        assert schedule.steps == starts[-1]
        whole = schedule.array(int(starts[-1]))
    for i in (0, 1, 2, 17, 500, 998, 999):
        begun, length = int(starts[i]), leaves[i].steps
        assert_same(whole[begun : begun + length], oracle.values(leaves[i], range(length)), leaves[i])
        assert schedule[begun].hex() == float(whole[begun]).hex()
    assert eval(repr(schedule), {"gp": gp}) == schedule
    assert gp.Schedule.from_json(schedule.to_json()) == schedule


@pytest.mark.parametrize("level", LEVELS)
def test_pieces_shorter_than_anything(level: str) -> None:
    """A join at nearly every step: no chunk fits into a piece."""
    rng = Random(3)
    expr = short_leaf(expression, rng, 3)
    for _ in range(150):
        expr = expr >> short_leaf(expression, rng, 5)
    steps = range(expr.steps + 20)
    _, doubles, singles = oracle.answers(expr, steps)
    with forced(level=level):
        assert_same(expr.build(gp).array(len(steps)), doubles, "tiny pieces")
        assert_same(expr.build(gp).array(len(steps), dtype="float32"), singles, "tiny pieces")


def test_the_joint_belongs_to_the_second() -> None:
    joint = gp.linear(0, 1, 10) >> gp.constant(5.0)
    assert (joint[9], joint[10], joint[11]) == (0.9, 5.0, 5.0)
    early = gp.linear(0, 1, 10).then(gp.constant(5.0), at=4)
    assert (early[3], early[4]) == (0.3, 5.0)
    late = gp.linear(0, 1, 10).then(gp.constant(5.0), at=40)
    assert (late[10], late[39], late[40]) == (1.0, 1.0, 5.0)


def test_then_at_great_distances() -> None:
    rng = Random(8)
    far = expression.cosine(1.0, 0.0, 2**50).then(expression.exponential(1.0, 0.9, per=2**40), at=2**52)
    assert_right(far.build(gp), far, steps_of_interest(far, rng, 200))
