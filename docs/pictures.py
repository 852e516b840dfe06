"""Draw the pictures of the documents into a folder, by default this one: `make pictures`."""  # noqa: INP001 (a program)

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import glidepath as gp


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


if __name__ == "__main__":
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "glidepath", "path.simplify": False})
    longer_run(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
