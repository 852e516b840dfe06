"""Compares other implementations of schedules with glidepath, side by side.

`make peers` compares those in `benches/peers`, and `python benches/side_by_side.py my_schedules.py` a module of your
own. A module has functions named after curves, each of which returns a function that computes all values:

    linear(start, end, steps)           cosine(start, end, steps)         exponential(start, rate, steps)
    warmup_cosine(peak, steps, warmup)  the warm-up is linear from 0, and the cosine ends at 0

and may have `STEPS`, how many steps it is asked for (a million by default; fewer for a loop). The values may be
float64 or float32, in anything that numpy takes for an array. A function that is missing is left out of the table.

    ratio     how many times as long as glidepath's `array` it took: medians of interleaved repeats
    equal     the share of its values that are the right ones in every bit: the real numbers, correctly rounded
    ulps      the largest error, in units in the last place of its own type
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import glidepath as gp
from measure import ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

HERE = Path(__file__).parent / "peers"
STEPS = 1_000_000
CURVES: dict[str, tuple[Callable[..., gp.Schedule], Callable[[int], dict[str, float]]]] = {
    "linear": (gp.linear, lambda n: {"start": 3e-4, "end": 3e-5, "steps": n}),
    "cosine": (gp.cosine, lambda n: {"start": 3e-4, "end": 3e-5, "steps": n}),
    "exponential": (
        lambda start, rate, steps: gp.exponential(start, rate).then(gp.constant(0.0), at=steps),
        lambda n: {"start": 3e-4, "rate": 0.1 ** (1.0 / n), "steps": n},
    ),
    "warmup_cosine": (gp.warmup_cosine, lambda n: {"peak": 3e-4, "steps": n, "warmup": n // 10}),
}


@dataclass(frozen=True)
class Row:
    """One curve of one implementation."""

    peer: str
    curve: str
    steps: int
    dtype: str
    ratio: float
    equal: float
    ulps: float


def load(path: Path) -> ModuleType | None:
    """Import a module from a file; None if a package that it needs is not installed."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError:
        return None
    return module


def rows(module: ModuleType, repeats: int, steps: int | None = None) -> Iterator[Row]:
    """Measure every curve that the module has."""
    n = steps or getattr(module, "STEPS", STEPS)
    for name, (build, arguments) in CURVES.items():
        make = getattr(module, name, None)
        if make is None:
            continue
        theirs, schedule = make(**arguments(n)), build(**arguments(n))
        values = np.asarray(theirs())
        dtype = str(values.dtype)
        if values.shape != (n,) or dtype not in {"float64", "float32"}:
            raise SystemExit(f"{module.__name__}.{name}: got {dtype} values of shape {values.shape}, not {n} floats")
        right = schedule.array(n, dtype=dtype)
        ulp = np.spacing(np.abs(right)).astype("float64")
        error = np.abs(values.astype("float64") - right.astype("float64")) / ulp
        slower = ratio(theirs, lambda run=schedule, dtype=dtype, n=n: run.array(n, dtype=dtype), repeats)
        yield Row(module.__name__, name, n, dtype, slower, float(np.mean(values == right)), float(error.max()))


def markdown(found: list[Row]) -> Iterator[str]:
    yield "| implementation | curve | steps | type | ratio | equal in bits | largest error, ulps |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in found:
        yield (
            f"| {row.peer} | {row.curve} | {row.steps:,} | {row.dtype} | {row.ratio:.3g} times | {row.equal:.2%} "
            f"| {row.ulps:,.3g} |"
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", type=Path, help="files of other implementations; by default those here")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--steps", type=int, help="in place of each module's own")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found: list[Row] = []
    for path in options.modules or sorted(HERE.glob("*.py")):
        module = load(path)
        if module is None:
            print(f"{path.stem}: left out, a package that it needs is not installed", file=sys.stderr)
        else:
            found += rows(module, options.repeats, options.steps)
    print(json.dumps([asdict(row) for row in found], indent=2) if options.json else "\n".join(markdown(found)))


if __name__ == "__main__":
    main()
