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
    assert (conversion.agreement, conversion.comparison.steps, conversion.lr, conversion.notes) == (
        "bits",
        45_000,
        None,
        (),
    )


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


def refusal_of(x: Any, to: str, **options: Any) -> str:
    """The text of a refused conversion, without its first line."""
    with pytest.raises(gp.ConversionError) as caught:
        gp.convert(x, to, **options)
    return str(caught.value).split("\n  ", 1)[1]


def test_a_class_that_counts_steps_is_refused_for_epochs() -> None:
    assert refusal_of(WAVE, "mindspore.nn", steps=400, steps_per_epoch=2) == (
        "`convert.steps`: got 400; from step 182 on it climbs again, where CosineDecayLR stays at 0.0. Convert at most "
        '182 steps, or to "mindspore.experimental", which climbs too, or to "mindspore.learning_rate", the exact table.'
        "\n  `convert.steps_per_epoch`: got 2; it counts steps, and this schedule epochs of 2 steps, within which it "
        'stays the same. Convert to "mindspore", whose lists count epochs, or to "mindspore.learning_rate", a table.'
    )
    stairs = gp.convert(gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9), "mindspore.nn", steps_per_epoch=5)
    assert stairs.code == "nn.ExponentialDecayLR(0.1, 0.9, decay_steps=5, is_stair=True)"


def test_a_schedule_that_counts_steps_takes_no_epochs() -> None:
    values = gp.replay("mindspore.warmup_lr", learning_rate=0.1, total_step=9, step_per_epoch=3, warmup_epoch=2)
    assert refusal_of(values, "torch", steps_per_epoch=3) == (
        "`convert.steps_per_epoch`: got 3; mindspore.warmup_lr counts the optimizer's steps. Leave it out."
    )
    conversion = gp.convert(values, "torch")
    assert conversion.code == "optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda k: min(k, 2) / 2)"
    assert conversion.notes == (
        "the optimizer's learning rate must be 0.1 as the scheduler is made",
        "call scheduler.step() once an epoch, after 3 steps of the optimizer",
    )


def test_one_form_by_name() -> None:
    exponential = gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9)
    assert (
        gp.convert(exponential, "mindspore.ExponentialDecayLR").code == "nn.ExponentialDecayLR(0.1, 0.9, decay_steps=1)"
    )
    assert refusal_of(exponential, "mindspore.cosine_decay_lr", steps=9) == (
        '`convert.to`: got "cosine_decay_lr"; there is no such form of this schedule: its closed form has a '
        '`exponential`. Convert to "mindspore.learning_rate", which gives any schedule.'
    )
    assert refusal_of(exponential, "torch.StepLR") == (
        '`convert.to`: got "StepLR"; there is no such form of this schedule: it is torch.ExponentialLR. Convert to '
        '"torch.Scheduler", which gives any schedule.'
    )
    for name in ("mindspore.learning_rate", "torch.Scheduler", "mindspore.experimental.LambdaLR"):
        assert gp.convert(STEP, name, steps=90).target.startswith("glidepath.")
    with pytest.raises(ValueError, match=r'Did you mean "mindspore.experimental.StepLR"\?'):
        gp.convert(STEP, "mindspore.experimental.StepLr")


def test_a_table_holds_finite_numbers_and_not_too_many() -> None:
    assert refusal_of(gp.exponential(-1.0, 9.0), "mindspore", steps=50) == (
        "`convert.x`: got a schedule whose value at step 41 is -inf; every value must be a finite float32. Take fewer "
        "steps, or `schedule.clamp(high=...)`."
    )
    assert refusal_of(gp.linear(-1.0, 0.0, 10**9), "mindspore") == (
        "`convert.steps`: got 1,000,000,000; a table takes at most 10,000,000 steps here. Make it where you need it: "
        "`glidepath.mindspore.learning_rate(schedule, total_steps)`."
    )


def test_more_steps_than_a_second_takes_are_not_compared() -> None:
    conversion = gp.convert(gp.linear(0.0, 1.0, 2**30), "mindspore")
    assert (conversion.comparison.steps, conversion.agreement) == (10_000_000, "bits")
    assert conversion.report == "equal in bits at the first 10,000,000 of 1,073,741,824 steps"


def test_values_that_drift_are_refused() -> None:
    drifting = gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=10_000, eta_min=1e-3)
    text = refusal_of(drifting, "mindspore.experimental", steps=20_000)
    assert text.startswith(
        '`convert.to`: got "mindspore.experimental.CosineAnnealingLR"; its values are not the schedule\'s: within '
    )
    loose = gp.convert(drifting, "mindspore.experimental", steps=20_000, strict=False)
    assert (loose.agreement, len(loose.notes)) == ("near", 2)
    assert gp.convert(drifting, "mindspore.experimental", steps=10_000).agreement == "near"


def test_what_has_no_closed_form_is_a_table() -> None:
    conversion = gp.convert(gp.replay("torch.StepLR", base_lr=0.1, step_size=3, gamma=-0.5), "mindspore", steps=9)
    assert str(conversion) == (
        "torch.StepLR -> glidepath.mindspore.learning_rate\n"
        '  learning_rate(gp.replay("torch.StepLR", base_lr=0.1, step_size=3, gamma=-0.5), 9)\n'
        "  equal in float32 at all 9 steps\n"
        "  ! glidepath's own, for mindspore has no such schedule: torch.StepLR has no closed form here: "
        "`exponential.rate` is -0.5, and it must be a finite number above 0"
    )
