"""A run that changes: `skip`, `stride`, `cooldown`, and schedules of tokens (`clock`, `Clock`)."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

import glidepath as gp

LAST = 2**53
A = gp.linear(0.0, 1.0, 10)
CURVES = [
    gp.warmup_cosine(3e-4, 1_000, 100),
    gp.exponential(0.1, 0.99),
    gp.triangle(0.0, 1.0, 7, 5, 0.9),
    gp.table([0.3, 0.1, 0.2]),
    gp.replay("torch.StepLR", base_lr=0.1, step_size=30),
    gp.inverse_sqrt(0.1, 50).hold(3) + gp.linear(0.0, 1.0, 500),
]


@pytest.mark.parametrize("s", CURVES, ids=repr)
@pytest.mark.parametrize("n", [0, 1, 13, 999, 10**6])
def test_skip_and_stride_are_other_steps(s: gp.Schedule, n: int) -> None:
    k = np.arange(300)
    assert s.skip(n).array(300).tobytes() == s.gather(k + n).tobytes()
    assert s.skip(n).gather(k[::-1].copy()).tobytes() == s.gather(k[::-1] + n).tobytes()
    assert s.stride(n + 1).array(300).tobytes() == s.gather(k * (n + 1)).tobytes()
    assert s.stride(n + 1).skip(2).array(50, dtype="float32").tolist() == [
        float(np.float32(s[(i + 2) * (n + 1)])) for i in range(50)
    ]


@pytest.mark.parametrize("s", CURVES, ids=repr)
def test_past_the_last_step_the_last_value_holds(s: gp.Schedule) -> None:
    for one in (s.skip(LAST), s.skip(LAST - 3), s.stride(LAST), s.stride(2**52)):
        assert one[5] == one[LAST] == s[LAST]
        assert one.array(8)[5:].tolist() == [s[LAST]] * 3
    assert s.skip(LAST - 3)[2] == s[LAST - 1]


def test_the_first_and_the_last_update() -> None:
    whole = gp.linear(0.0, 1.0, 4) >> gp.linear(1.0, 0.0, 4)
    assert whole.skip(1).array(8).tolist() == [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.0]


@pytest.mark.parametrize("shape", ["linear", "cosine", "sqrt", "exponential"])
def test_a_cooldown_branches_off_anywhere(shape: Any) -> None:
    trunk = gp.warmup_cosine(1e-3, 10_000, 500)
    for at in (1, 499, 500, 7_777):
        branch = trunk.cooldown(at, 9_000, end=1e-5, shape=shape)
        assert branch.array(at).tobytes() == trunk.array(at).tobytes()
        assert (branch[at], branch[9_000], branch.steps) == (trunk[at], 1e-5, 9_000)
        assert gp.Schedule.from_json(branch.to_json()) == branch
    plateau = gp.constant(1e-3)
    assert (
        plateau.cooldown(800, 1_000, shape="sqrt").array(1_001).tobytes()
        == gp.wsd(1e-3, 1_000, 0, 200, shape="sqrt").array(1_001).tobytes()
    )


def test_a_stretch_keeps_the_shape() -> None:
    s = gp.warmup_cosine(3e-4, 1_000, 100) + gp.exponential(0.1, 0.5, per=40, stair=True)
    for by, over in ((1, 1), (2, 1), (7, 1), (3, 2), (1, 7), (1_000, 999)):
        one = s.stretch(by, over)
        assert one == s.stretch(Fraction(by, over))
        k = np.arange(0, 300) * by
        assert one.gather(k).tobytes() == s.gather(np.arange(0, 300) * over).tobytes(), (
            "at whole steps it is the schedule"
        )
    whole = gp.warmup_cosine(3e-4, 1_000, 100)
    assert whole.stretch(to=777).steps == 777
    assert whole.stretch(to=777)[777] == whole[1_000]
    assert whole.stretch(to=4_000) == whole.stretch(4)
    assert gp.table([3.0, 1.0, 2.0]).stretch(3).array(9).tolist() == [3.0] * 3 + [1.0] * 3 + [2.0] * 3
    assert eval(repr(whole.stretch(7, 3)), {"gp": gp}) == whole.stretch(7, 3)
    assert gp.Schedule.from_json(whole.stretch(7, 3).to_json()) == whole.stretch(7, 3)


def test_a_stretch_is_the_formula_between_steps() -> None:
    line = gp.linear(0.0, 1.0, 3).stretch(5, 2)
    assert [line[k] for k in range(9)] == [float(min(Fraction(2 * k, 15), 1)) for k in range(9)]
    held = gp.linear(0.0, 1.0, 4).hold(2).stretch(3, 2)
    assert held.array(8).tolist() == [0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 1.0, 1.0]
    joined = (gp.constant(1.0).then(gp.constant(2.0), at=3)).stretch(1, 2)
    assert joined.array(3).tolist() == [1.0, 1.0, 2.0], "step 1 is 2, step 2 is 4 of the original"


def test_an_extended_run_goes_on_where_it_was() -> None:
    s = gp.warmup_cosine(3e-4, 1_000, 100, end=3e-5)
    longer = s.extend(at=600, steps=2_000)
    assert longer.array(600).tobytes() == s.array(600).tobytes()
    assert (longer[600], longer[2_000], longer.steps) == (s[600], 3e-5, 2_000)
    assert (
        longer.gather(600 + np.arange(0, 401) * 7).tobytes()
        == s.skip(600).stretch(7, 2).gather(np.arange(0, 401) * 7).tobytes()
    )
    assert s.extend(at=600, steps=1_000).array(1_001).tobytes() == s.array(1_001).tobytes()


def test_a_clock_counts_exactly_both_ways() -> None:
    for seed in range(50):
        rng = Random(seed)
        count = rng.randrange(1, 6)
        values = [rng.choice((1, 7, rng.randrange(1, 10**7))) for _ in range(count)]
        milestones = sorted(rng.sample(range(1, 300), count - 1))
        per_step = gp.piecewise_constant(values, milestones)
        clock = gp.Clock(per_step)
        seen = np.concatenate([[0], np.cumsum(per_step.array(400).astype(np.int64))])
        assert [clock.tokens(k) for k in range(401)] == seen.tolist()
        for tokens in [
            0,
            1,
            *(int(seen[k]) + off for k in range(1, 401, 7) for off in (-1, 0, 1) if seen[k] + off < seen[400]),
        ]:
            step = clock.step(tokens)
            assert clock.tokens(step) >= tokens
            assert step == 0 or clock.tokens(step - 1) < tokens
        s = rng.choice(CURVES)
        assert s.clock(per_step).array(400).tobytes() == s.gather(seen[:400]).tobytes()
        assert s.clock(per_step) == clock.of(s)


def test_what_a_clock_takes() -> None:
    s = gp.linear(0.0, 1.0, 10**9)
    assert s.clock(1) == s
    assert s.clock(np.int64(4_000)) == s.stride(4_000) == s.clock(gp.constant(4_000))
    assert s.clock(gp.table([1, 2, 3])).array(6).tolist() == [s[k] for k in (0, 1, 3, 6, 9, 12)]
    assert repr(gp.Clock(5)) == "Clock(5)"
    assert gp.Clock(LAST).tokens(10**6) == LAST * 10**6, "a count has no limit"


CLOCK = "it must be an int, or a schedule of ints: a constant, piecewise_constant or table"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: gp.constant(1.0).stretch(),
            TypeError,
            (
                "`stretch`: got neither `by` nor `to`, or both; either `by` (and `over`) or `to` must be given. For "
                "half the length write `stretch(1, over=2)`."
            ),
        ),
        (
            lambda: gp.constant(1.0).stretch(0),
            ValueError,
            (
                "`stretch.by`: got 0; it must be a whole number from 1 to 2**53. For a shorter schedule give `over` "
                "too: `stretch(1, over=2)`."
            ),
        ),
        (
            lambda: gp.constant(1.0).stretch(2, over=2.5),
            TypeError,
            "`stretch.over`: got 2.5; it must be a whole number from 1 to 2**53. Convert it with `int()`.",
        ),
        (
            lambda: gp.constant(1.0).stretch(to=9),
            ValueError,
            ("`stretch.to`: got 9; the schedule must last at least one step; its steps is None. Give `by` instead."),
        ),
        (
            lambda: gp.replay("torch.StepLR", base_lr=0.1, step_size=3).stretch(2),
            ValueError,
            (
                "`stretch`: got a schedule with a replay; a replay has values at whole steps only. Stretch a table of "
                "it: `gp.table(s.array(n))`."
            ),
        ),
        *(
            (
                lambda s=s: s.stretch(3),
                ValueError,
                (
                    "`stretch.by`: got 3; every time in the schedule, multiplied by it, must be a double and at most "
                    "2**53. Use a fraction with a smaller numerator."
                ),
            )
            for s in (gp.linear(0.0, 1.0, 2**52), gp.exponential(0.1, 0.5, per=1 / 3), gp.constant(1.0).skip(2**52) + A)
        ),
        (
            lambda: A.extend(10, 20),
            ValueError,
            "`extend.at`: got 10; the schedule must last longer; its steps is 10. After its end use `then`.",
        ),
        (
            lambda: A.extend(5, 5),
            ValueError,
            "`extend.steps`: got 5; it must be above `at`, which is 5. Give the whole length.",
        ),
        (lambda: gp.Clock(1.5), TypeError, f"`clock.per_step`: got 1.5; {CLOCK}. Give the tokens of one step."),
        (lambda: gp.Clock(True), TypeError, f"`clock.per_step`: got True; {CLOCK}. Give the tokens of one step."),
        (lambda: gp.Clock(0), ValueError, "`clock.per_step`: got 0; it must be a whole number from 1 to 2**53."),
        (
            lambda: gp.Clock(gp.piecewise_constant([1, 2.5], [9])),
            ValueError,
            "`clock.per_step.values[1]`: got 2.5; it must be a whole number from 1 to 2**53.",
        ),
        (
            lambda: gp.constant(1.0).clock(gp.linear(1, 2, 3)),
            ValueError,
            (
                f"`clock.per_step`: got a `linear`; {CLOCK}. "
                "Write the batch ramp as `gp.piecewise_constant(values, milestones)`."
            ),
        ),
        (
            lambda: gp.Clock(gp.piecewise_constant([2**52, 1], [3])),
            ValueError,
            (
                f"`clock.per_step`: got {3 * 2**52} tokens before step 3; there may be at most 2**53. "
                "Count in larger units."
            ),
        ),
        (lambda: gp.Clock(5).tokens(-1), ValueError, "`clock.step`: got -1; it must be 0 or above. Count from 0."),
        (
            lambda: gp.Clock(5).step(1.5),
            TypeError,
            "`clock.tokens`: got 1.5; it must be a whole number. Convert it with `int()`.",
        ),
        (
            lambda: gp.constant(1.0).cooldown(0, 10),
            ValueError,
            (
                "`cooldown.at`: got 0; it must be from 1 to 9, before `steps`. For a decay from step 0 use a leaf, "
                "such as `cosine`."
            ),
        ),
        (
            lambda: gp.constant(1.0).cooldown(10, 10),
            ValueError,
            "`cooldown.at`: got 10; it must be from 1 to 9, before `steps`. Make `steps` larger.",
        ),
        (
            lambda: gp.constant(1.0).cooldown(5, 10, shape="exponential"),
            ValueError,
            (
                "`cooldown.end`: got 0.0 and a peak of 1.0; an exponential decay is a constant ratio, so both must be "
                "above 0, or both below. Give a small end, or take another shape."
            ),
        ),
        (
            lambda: gp.linear(0.0, 1.0, 5).skip(5).repeat(),
            ValueError,
            (
                "`repeat`: got a schedule whose steps is 0; what is repeated must last at least one step. A `skip` has "
                "left out all steps: skip fewer."
            ),
        ),
    ],
)
def test_refusals(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
