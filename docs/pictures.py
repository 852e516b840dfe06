"""Draw the pictures of the documents into a folder, by default this one: `make pictures`."""  # noqa: INP001 (a program)

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import glidepath as gp
from glidepath import dialects
from glidepath.dialects._declare import Entry, entries, make

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from dialect_arguments import arguments  # what a name needs beside the peak, the warm-up and the length

RUN, DRAWN, COLUMNS, PEAK = 100, 130, 4, 0.1


def longer_run(folder: Path) -> None:
    """Three ways to make a run longer, as in runs.md."""
    old = gp.warmup_cosine(3e-4, steps=100_000, warmup=2_000, end=3e-5)
    plans = {
        "a new curve": gp.warmup_cosine(3e-4, steps=200_000, warmup=2_000, end=3e-5).skip(60_000),
        "extend": old.extend(at=60_000, steps=200_000).skip(60_000),
        "hold": old.then(gp.constant(old[100_000]), at=100_000).skip(60_000),
    }
    axes = Figure(figsize=(7, 2.6)).add_axes((0.08, 0.19, 0.9, 0.72))
    done, rest = np.arange(0, 60_001, 1_000), np.arange(0, 140_001, 2_000)
    for name, plan in plans.items():
        axes.plot(60_000 + rest, plan(rest), label=name, gid=name.replace(" ", "-"))
    axes.plot(done, old(done), color="black", label="the run so far", gid="old")
    axes.axvline(60_000, color="grey", linewidth=0.8, linestyle=":")
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    axes.ticklabel_format(axis="y", scilimits=(0, 0))
    axes.legend(frameon=False)
    axes.figure.savefig(folder / "longer-run.svg", metadata={"Date": None, "Creator": None})


def gallery(folder: Path) -> None:
    """Draw the schedules of each library into a picture, as gallery.md says."""
    folder.mkdir(exist_ok=True)
    for library in dialects.__all__:
        found = [one for one in entries() if one.name.startswith(f"{library}.") and one.is_schedule]
        if found:
            _small_multiples(found, folder / f"{library}.svg")


def _small_multiples(found: list[Entry], path: Path) -> None:
    rows = -(-len(found) // COLUMNS)
    figure = Figure(figsize=(8.0, 1.1 * rows))
    steps = np.arange(DRAWN + 1)
    for place, one in enumerate(found):
        row, column = divmod(place, COLUMNS)
        axes = figure.add_axes((column / COLUMNS + 0.01, 1.0 - (row + 0.8) / rows, 1.0 / COLUMNS - 0.02, 0.6 / rows))
        axes.axvspan(RUN, DRAWN, color="0.93")
        rates = _made(one)(steps)
        axes.plot(steps, rates, linewidth=1.2, gid=one.name)
        axes.set(xticks=[], yticks=[], ylim=(min(0.0, rates.min()) - 0.004, 1.08 * max(PEAK, rates.max())))
        axes.set_title(one.name.partition(".")[2], fontsize=6.5, pad=2.0)
        axes.set_axis_off()
        axes.margins(x=0.0)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def _made(one: Entry) -> gp.Schedule:
    warmup, more = arguments(one)
    length = RUN // 2 if one.name.startswith("mindcv.") else RUN  # its epochs have two steps
    peak = 0.9 if one.sets == "momentum" else PEAK
    return make(one, peak, warmup // 2 if length < RUN else warmup, length, more)


if __name__ == "__main__":
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "glidepath", "path.simplify": False})
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    longer_run(target)
    gallery(target / "gallery")
