"""`convert`: the report, the refusals, wrong arguments. `tests/dialects` runs the code in its framework."""

from __future__ import annotations

from typing import Any

import pytest

import glidepath as gp

STEP = gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
WAVE = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=90)


def test_a_conversion_says_all_of_it() -> None:
    conversion = gp.convert(STEP, "mindspore", steps=45_000, steps_per_epoch=500)
    assert str(conversion) == (
        "torch.StepLR -> mindspore.exponential_decay_lr\n"
        "  nn.exponential_decay_lr(0.1, 0.1, total_step=45000, step_per_epoch=500, decay_epoch=30, is_stair=True)\n"
        "  equal in bits at all 45,000 steps"
    )
    arguments = {"learning_rate": 0.1, "decay_rate": 0.1, "total_step": 45_000, "step_per_epoch": 500,
                 "decay_epoch": 30, "is_stair": True}  # fmt: skip
    assert conversion.arguments == arguments
    assert conversion.value == gp.replay("mindspore.exponential_decay_lr", **arguments)
    assert (conversion.agreement, conversion.steps, conversion.lr, conversion.notes) == ("bits", 45_000, None, ())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ([0.1, 0.2], "mindspore"),
            TypeError,
            (
                "`convert.x`: got an object of type list; it must be a schedule or a scheduler. Make it with "
                "`gp.replay(...)`, or wrap values with `gp.table(values)`."
            ),
        ),
        (
            (STEP, "jax"),
            ValueError,
            (
                "`convert.to`: got 'jax'; it must be one of torch, mindspore, mindspore.nn, mindspore.experimental, or "
                'the name of a form. For instance "mindspore.exponential_decay_lr".'
            ),
        ),
        ((STEP, 3), TypeError, '`convert.to`: got 3; it must be a string. For instance "mindspore".'),
        ((STEP, "mindspore", 0), ValueError, "`convert.steps`: got 0; it must be a whole number of steps, 1 or more."),
        (
            (STEP, "mindspore", 9, True),
            TypeError,
            "`convert.steps_per_epoch`: got True; it must be a whole number of steps.",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_schedule_or_no_target_is_refused(
    arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    x, to, *steps = arguments
    with pytest.raises(error) as caught:
        gp.convert(x, to, **dict(zip(["steps", "steps_per_epoch"], steps, strict=False)))
    assert str(caught.value) == message


def test_a_list_needs_steps() -> None:
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(STEP, "mindspore")
    assert str(caught.value) == (
        "torch.StepLR -> mindspore:\n"
        "  `convert.steps`: got None; a list has an end, and this schedule has none. Give the run's steps."
    )
    assert isinstance(caught.value, ValueError)


def test_a_cosine_that_climbs_is_refused_past_its_valley() -> None:
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(WAVE, "mindspore", steps=1_000, steps_per_epoch=2)
    assert str(caught.value) == (
        "torch.CosineAnnealingLR -> mindspore.cosine_decay_lr:\n"
        "  `convert.steps`: got 1,000; from step 182 on it climbs again, where cosine_decay_lr stays at 0.0. Convert "
        'at most 182 steps, or to "mindspore.experimental", which climbs too, or to "mindspore.learning_rate", the '
        "exact table."
    )
    assert gp.convert(WAVE, "mindspore", steps=182, steps_per_epoch=2).agreement == "float32"
    loose = gp.convert(WAVE, "mindspore", steps=1_000, steps_per_epoch=2, strict=False)
    assert loose.agreement == "near"
    assert loose.notes == (
        "from step 182 on it climbs again, where cosine_decay_lr stays at 0.0 (`convert.steps`: got 1,000)",
    )
