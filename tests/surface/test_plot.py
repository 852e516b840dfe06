"""Plots: they show the curve, and need only the documented packages."""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
from itertools import pairwise
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import glidepath as gp
from cases import CASES
from glidepath.plot import horizon, plot, sample, sparkline, svg
from helpers import drawn

mpl.use("agg")

ALL = list(CASES.values())


def points_of(axes) -> tuple[np.ndarray, np.ndarray]:
    (line,) = axes.get_lines()
    return line.get_xdata(), line.get_ydata()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_plot_draws_some_two_thousand_points_of_the_schedule(case):
    schedule = case.build(gp)
    steps, values = points_of(schedule.plot(ax=Figure().add_subplot(), steps=10_000_000))
    assert steps[0] == 0
    assert steps[-1] == 10_000_000
    assert 1_000 < steps.size <= 2_001
    assert np.array_equal(values, schedule.gather(steps))


def test_plot_keeps_both_sides_of_every_edge():
    schedule = gp.linear(0.0, 1.0, 7) >> gp.cosine(1.0, 0.0, 1_000_003) >> gp.constant(0.25)
    steps, _ = points_of(plot(schedule, ax=Figure().add_subplot(), steps=5_000_000))
    assert {6, 7, 1_000_009, 1_000_010} <= set(steps.tolist())


def test_a_table_of_many_milestones_is_still_some_two_thousand_points():
    schedule = gp.piecewise_constant([float(k) for k in range(5_001)], list(range(10, 50_010, 10)))
    assert sample(schedule, 60_000, 2_000).size <= 2_001


def test_plot_of_a_short_schedule_draws_every_step():
    steps, values = points_of(plot(gp.linear(0.0, 1.0, 4), ax=Figure().add_subplot()))
    assert steps.tolist() == [0, 1, 2, 3, 4]
    assert values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_plot_makes_axes_where_none_are_given():
    import matplotlib.pyplot as plt

    axes = gp.cosine(1.0, 0.0, 10).plot()
    assert axes.get_xlabel() == "step"
    plt.close(axes.figure)


@pytest.mark.parametrize(
    "schedule",
    [
        *(case.build(gp) for case in ALL),
        *(gp.linear(0.0, 10.0**power, 1_000) for power in range(-12, 13)),
        *(gp.cosine(3.0 * 10.0**power, 1.23456 * 10.0**power, 10**9) for power in range(-6, 3)),
        gp.linear(1_000.0001, 1_000.0002, 50),
        gp.linear(-1e300, 1e300, 7),
        gp.constant(0.0),
        gp.constant(-1.5e-7),
        gp.exponential(1.0, 2.0).then(gp.constant(1.0), at=900),
    ],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_a_figure_shows_its_labels_whole(schedule, is_own):
    import matplotlib.pyplot as plt

    axes = schedule.plot(ax=plt.subplots()[1] if is_own else None)
    axes.figure.canvas.draw()
    plt.close(axes.figure)
    whole = axes.figure.bbox
    for label in (axes.xaxis.label, axes.yaxis.label, axes.yaxis.get_offset_text()):
        box = label.get_window_extent()
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1


@pytest.mark.parametrize(
    "schedule",
    [
        gp.warmup_cosine(3e-4, 1_000, 0.1),
        gp.cosine(2e-5, 1e-5, 100),
        gp.exponential(1.0, 0.5),
        gp.constant(3e-4),
        gp.linear(-1.0, 1.0, 10),
    ],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_plot_draws_whole_labels_on_a_logarithmic_axis_also_with_zeros(schedule, is_own):
    import matplotlib.pyplot as plt

    axes = schedule.plot(ax=plt.subplots()[1] if is_own else None, logy=True)
    axes.figure.canvas.draw()
    plt.close(axes.figure)
    assert axes.get_yscale() == "log"
    assert axes.get_tightbbox().x0 >= 0
    low, high = axes.get_ylim()
    positive = [y for y in points_of(axes)[1] if y > 0]
    assert 0 < low <= min(positive) <= max(positive) <= high


def test_plot_leaves_an_axis_of_the_user_logarithmic():
    axes = Figure().add_subplot()
    axes.set_yscale("log")
    gp.exponential(1.0, 0.5).plot(ax=axes)
    axes.figure.canvas.draw()
    assert axes.get_yscale() == "log"


# Several schedules on the same axes.

FALLING, FLAT = gp.cosine(0.1, 0.0, 90), gp.constant(0.05)


def last_steps(axes) -> list[int]:
    return [int(line.get_xdata()[-1]) for line in axes.get_lines()]


def legend_of(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_plot_draws_several_schedules_with_a_legend():
    axes = plot([FALLING, FLAT], ax=Figure().add_subplot(), label=["a", "b"])
    assert [list(line.get_ydata()) for line in axes.get_lines()] == [list(FALLING.array(91)), list(FLAT.array(91))]
    assert legend_of(axes) == ["a", "b"]


def test_without_labels_the_legend_shows_shortened_expressions():
    axes = plot((FALLING, gp.warmup_cosine(3e-4, 100_000, 0.02)), ax=Figure().add_subplot())
    assert legend_of(axes) == ["cosine(0.1, 0.0, 90)", "linear(0.0, 0.0003, 2000).then...3, 0.0, 98000))"]


def test_a_single_schedule_has_a_legend_if_it_has_a_label():
    assert FALLING.plot(ax=Figure().add_subplot()).get_legend() is None
    axes = FALLING.plot(ax=Figure().add_subplot(), label="a")
    assert legend_of(FLAT.plot(ax=axes, label="b")) == ["a", "b"]


def test_an_endless_schedule_is_drawn_as_far_as_the_longest_other_line():
    several = plot([FLAT, FALLING, gp.linear(0.0, 1.0, 70)], ax=Figure().add_subplot())
    assert last_steps(several) == [90, 90, 70]
    assert last_steps(FLAT.plot(ax=FALLING.plot(ax=Figure().add_subplot()))) == [90, 90]
    losses = Figure().add_subplot()
    losses.plot([0, 500], [1.0, 0.5])
    assert last_steps(plot([FLAT, FALLING], ax=losses)) == [500, 500, 90]
    assert last_steps(plot([FLAT, gp.noam(512, 4_000)], ax=Figure().add_subplot())) == [512_000, 512_000]
    assert last_steps(plot([FLAT, FALLING], ax=Figure().add_subplot(), steps=7)) == [7, 7]


def test_a_line_across_the_axes_has_no_length():
    axes = Figure().add_subplot()
    axes.axhline(0.1)
    assert last_steps(FLAT.plot(ax=axes))[1:] == [1_000]


def test_the_properties_of_the_line_are_those_of_matplotlib():
    axes = plot([FALLING, FLAT], ax=Figure().add_subplot(), color="red", linewidth=3, linestyle="--")
    styles = [(line.get_color(), line.get_linewidth(), line.get_linestyle()) for line in axes.get_lines()]
    assert styles == [("red", 3, "--")] * 2
    (line,) = FALLING.plot(ax=Figure().add_subplot(), color="red", lw=3).get_lines()
    assert (line.get_color(), line.get_linewidth()) == ("red", 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ax: plot(0.1, ax), "`schedule`: got 0.1; it must be a schedule or a list of schedules."),
        (lambda ax: plot([FLAT, 1], ax), "`schedule`: got 1; it must be a schedule or a list of schedules."),
        (lambda ax: plot([], ax), "`schedule`: got an empty list; there must be at least one schedule."),
        (
            lambda _: plot(FLAT, FALLING),
            "`ax`: got Schedule; it must be matplotlib axes. For several schedules, pass a list.",
        ),
        (lambda _: plot(FLAT, 100), "`ax`: got int; it must be matplotlib axes. For the length, pass `steps=`."),
        (lambda ax: FLAT.plot(ax, label=3), "`label`: got 3; it must be a string, or a list of strings."),
        (
            lambda ax: plot([FLAT, FALLING], ax, label="a"),
            "`label`: got 1; there must be one for each of 2 schedules. Pass a list of strings.",
        ),
        (lambda ax: plot(FLAT, ax, logy=1), "`logy`: got 1; it must be True or False."),
    ],
)
def test_plot_refuses_what_it_cannot_draw(call, message):
    axes = Figure().add_subplot()
    with pytest.raises((TypeError, ValueError)) as refused:
        call(axes)
    assert str(refused.value) == message
    assert not axes.get_lines()


def test_plot_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError) as refused:
        gp.constant(1.0).plot()
    assert str(refused.value) == (
        "`Schedule.plot` draws with matplotlib, which is not installed. Run `pip install matplotlib`."
    )


@pytest.mark.parametrize("steps", [0, -1, 2**53 + 1])
def test_plot_refuses_a_length_that_is_none(steps):
    with pytest.raises(ValueError) as refused:
        plot(gp.constant(1.0), ax=Figure().add_subplot(), steps=steps)
    assert str(refused.value) == (
        f"`steps`: got {steps}; it must be from 1 to 2**53. Leave it out to see the whole schedule."
    )


# The plot in a notebook.


def line_of(text: str) -> list[tuple[float, float]]:
    (line,) = ET.fromstring(text).iter("{http://www.w3.org/2000/svg}polyline")  # noqa: S314 (our own text)
    return [tuple(map(float, point.split(","))) for point in line.get("points").split()]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_svg_is_a_small_drawing_whose_tooltip_is_the_expression(case):
    schedule = case.build(gp)
    text = schedule._repr_svg_()
    title = ET.fromstring(text)[0]  # noqa: S314 (our own text)
    assert title.text == repr(schedule)
    points = line_of(text)
    assert all(0 <= x <= 240 and 0 <= y <= 48 for x, y in points)
    assert all(left[0] <= right[0] for left, right in pairwise(points))
    assert len(points) <= 2 * 240


def test_svg_falls_where_the_schedule_does():
    points = line_of(svg(gp.linear(1.0, 0.0, 100)))
    assert points[0] == (2.0, 2.0)
    assert points[-1] == (238.0, 46.0)


def test_svg_leaves_out_what_is_infinite():
    assert line_of(svg(gp.exponential(1.0, 2.0)))


def test_svg_needs_no_plotting_library():
    code = "import sys, glidepath as gp; gp.cosine(1, 0, 9)._repr_svg_(); print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def called_deeply(depth, call):
    return call() if depth == 0 else called_deeply(depth - 1, call)


def deepest():
    schedule = gp.linear(0.0, 1.0, 10).then(gp.constant(0.5), at=20)
    for _ in range(66):
        schedule = (schedule.hold(2) + 1.0).then(gp.constant(0.5), at=30)
    return schedule


def test_the_deepest_schedule_is_drawn_from_a_deep_stack():
    schedule = deepest()
    with pytest.raises(ValueError, match="200"):
        schedule.hold(2)
    free = sys.getrecursionlimit() - len(inspect.stack())
    steps = horizon(schedule)
    for depth in (0, free // 2, free - 100):
        assert called_deeply(depth, lambda: horizon(schedule)) == steps
        assert called_deeply(depth, schedule._repr_svg_).startswith("<svg")


# The plot in a terminal.


def test_sparkline_is_as_wide_as_asked_and_spans_the_blocks():
    assert sparkline(gp.linear(0.0, 1.0, 800), width=8) == "▁▂▃▄▅▆▇█"
    assert sparkline(gp.cosine(1.0, 0.0, 1_000), width=40)[::39] == "█▁"


def test_sparkline_of_a_flat_or_an_infinite_schedule_is_a_line():
    assert set(sparkline(gp.constant(3.0))) == {"▅"}
    assert sparkline(gp.exponential(1.0, 2.0), steps=2_000, width=10)[-1] == "█"


# How many steps are shown.


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_horizon_is_a_number_of_steps(case):
    for seed in range(20):
        schedule, _ = drawn(case, seed)
        assert 1 <= horizon(schedule) <= 2**53


@pytest.mark.parametrize(
    ("schedule", "steps"),
    [
        (gp.cosine(1.0, 0.0, 77), 77),
        (gp.triangle(0.0, 1.0, 2_000, 3_000), 12_000),
        (gp.cosine_restarts(1.0, 0.0, 500), 2_000),
        (gp.linear(0.0, 1.0, 3_000) >> gp.constant(1.0), 3_600),
        (gp.piecewise_constant([3.0, 2.0, 1.0], [3_000, 6_000]), 7_200),
        (gp.linear(0.0, 1.0, 10).delay(5).hold(3).by_epoch(700), 12_600),
        (gp.linear(0.0, 1.0, 10).repeat(), 40),
        (gp.triangle(0.0, 1.0, 4_000).stride(1_000), 16),
        (gp.linear(0.0, 1.0, 10).skip(10), 40),
        (gp.replay("torch.SWALR", base_lr=0.1, swa_lr=0.05, anneal_epochs=100_000), 400_000),
        (gp.replay("torch.MultiStepLR", base_lr=0.1, milestones=[30, 90]), 360),
        (gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=0.2, step_size_up=50.5), 204),
        (gp.replay("mindspore.WarmUpLR", learning_rate=0.1, warmup_steps=3_000), 3_000),
    ],
)
def test_horizon_shows_the_whole_and_a_few_cycles(schedule, steps):
    assert horizon(schedule) == steps


@pytest.mark.parametrize(
    "schedule",
    [gp.exponential(0.1, 0.97, per=2_000), gp.inverse_time(0.1, 0.5, per=1_000), gp.noam(512, 4_000)],
)
def test_horizon_of_what_falls_for_ever_shows_most_of_the_fall(schedule):
    steps = horizon(schedule)
    peak = max(schedule.array(10_000))
    assert schedule[steps] <= 0.2 * peak
    assert math.log2(steps) < 25


def test_horizon_of_a_constant_is_a_thousand_steps():
    assert horizon(gp.constant(1.0)) == 1_000
