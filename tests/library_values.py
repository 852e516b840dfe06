"""Compares every name of glidepath.dialects with the library itself: `python tests/library_values.py`.

`make test-dialects` installs the libraries and runs it. Each name has three sets of arguments in tests/library_rows.py.
At each step, past the end of the run too, float32 of the library's value must be the value of
``array(n, dtype="float32")``. Near 0 a float64 formula has lost digits, so there its value may be within 1e-15 of the
largest value instead; the line says at how many steps. Where a library computes in float32, or its rounding errors add
up, a bound stands in tests/library_rows.py. Prints a line for each name. A name whose library cannot be imported was
not run: this is not a pass.

Exits with 1 if a value differs, or if a name was not run without a reason in the table.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np

from glidepath import dialects
from glidepath.dialects._declare import Entry, entries
from library_drivers import COMPILED, DRIVERS, Made, Values, version
from library_rows import BOUNDS, NOT_RUN, ROWS, Bound

ROUNDING = 1e-15
"""The rounding error of a formula in float64, as a share of the largest value."""


@dataclass
class Result:
    """What came out for one name."""

    steps: int = 0
    unequal: int = 0
    """The steps at which float32 of the library's value is not ours."""
    furthest: float = 0.0
    """How far the library's values are from our float64 values there, as a share of the largest."""
    late: int = 0
    """The steps at which a change comes early or late."""
    differences: list[str] = field(default_factory=list)
    not_run: str = ""


def ours(entry: Entry, arguments: Mapping[str, Any]) -> Any:
    """Make our schedule from the library's arguments."""
    module = getattr(dialects, entry.name.partition(".")[0])

    def made(argument: Any) -> Any:
        if isinstance(argument, Made):
            return getattr(module, argument.name)(**{name: made(one) for name, one in argument.arguments.items()})
        return [made(one) for one in argument] if isinstance(argument, list) else argument

    return entry.make(**{name: made(argument) for name, argument in arguments.items()})


def bound_of(label: str) -> Bound | None:
    """The bound of a name, such as "keras.CosineDecay compiled", or of its library."""
    name, _, compiled = label.partition(" ")
    return BOUNDS.get(label) or BOUNDS.get(f"{name.partition('.')[0]} {compiled}".strip())


def compared(entry: Entry, values: Values, label: str) -> Result:
    """Compare a name's three sets of arguments."""
    bound = bound_of(label)
    result = Result()
    for n, given in ROWS[entry.name]:
        arguments = {**entry.preset, **given}
        call = f"{label}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
        try:
            theirs = np.asarray(values(entry.name.partition(".")[2], n, arguments), dtype=np.float64)
        except Exception as error:  # noqa: BLE001 (the other names are still to be compared)
            result.differences.append(f"{call}: the library raises {type(error).__name__}: {error}")
            continue
        schedule = ours(entry, arguments)
        right = schedule.array(len(theirs), dtype="float32")
        unequal = theirs.astype(np.float32) != right
        away = np.where(unequal, np.abs(theirs - schedule.array(len(theirs))) / np.abs(theirs).max(), 0.0)
        wrong = away > (bound.of_peak if bound else ROUNDING)
        result.steps += len(theirs)
        result.unequal += int(unequal.sum())
        if wrong.sum() <= (bound.late if bound else 0):
            result.late += int(wrong.sum())
            result.furthest = max(result.furthest, float(away[~wrong].max()))
        else:
            k = int(np.flatnonzero(wrong)[0])
            result.differences.append(
                f"{call}: {wrong.sum()} of {len(theirs)} steps differ, by up to {away[wrong].max():.2g} of the peak. "
                f"The first is step {k}: the library has {float(theirs[k])!r}, ours is {float(right[k])!r}"
            )
    return result


def run(library: str) -> tuple[str, dict[str, Result]]:
    """Compare the names of a library. Returns its name on PyPI with its version, and what came out."""
    warnings.simplefilter("ignore")
    wanted = [one for one in entries() if one.name.startswith(f"{library}.") and one.name in {*ROWS, *NOT_RUN}]
    if library not in DRIVERS:
        return library, {one.name: Result(not_run=NOT_RUN[one.name]) for one in wanted}
    try:
        title, values = version(library), DRIVERS[library][1]()
    except Exception as error:  # noqa: BLE001 (whatever an import raises, the names were not compared)
        return library, {one.name: Result(not_run=f"{type(error).__name__}: {error}") for one in wanted}
    results = {}
    for entry in wanted:
        if entry.name in NOT_RUN:
            results[entry.name] = Result(not_run=NOT_RUN[entry.name])
            continue
        results[entry.name] = compared(entry, values, entry.name)
        if library in COMPILED:
            label = f"{entry.name} compiled"
            results[label] = compared(entry, COMPILED[library](), label)
    return title, results


def line(label: str, result: Result) -> str:
    """One row of the table."""
    if result.not_run:
        return f"{label:50} not run: {result.not_run}"
    if result.differences:
        return f"{label:50} DIFFERENT"
    text = f"{label:50} {result.steps:7,} steps, equal in float32"
    if not result.unequal:
        return text
    bound = bound_of(label)
    why = f"{bound.of_peak:.1e} is allowed: {bound.why}" if bound else "float64 has lost these digits"
    if result.late:
        why = f"{result.late} of them a whole change early or late; {why}"
    return f"{text} but at {result.unequal:,}: within {result.furthest:.1e} of the peak there; {why}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="*", help="modules of glidepath.dialects; all of them by default")
    parser.add_argument("--without", nargs="*", default=[], metavar="LIBRARY", help="not these")
    options = parser.parse_args()
    schedules = [entry for entry in entries() if entry.is_schedule]
    without = {entry.name for entry in schedules} - set(ROWS) - set(NOT_RUN)
    libraries = options.libraries or list(dict.fromkeys(entry.name.partition(".")[0] for entry in schedules))
    libraries = [library for library in libraries if library not in options.without]
    results: dict[str, Result] = {}
    with get_context("spawn").Pool(2, maxtasksperchild=1) as pool:  # a process each: a driver leaves parts of packages
        for title, found in pool.imap(run, libraries):
            results |= found
            done = sum(not result.not_run for result in found.values())
            print(f"\n{title}: {done} of {len(found)} compared")
            for name, result in found.items():
                print(line(name, result), flush=True)
        pool.close()  # Paddle reports a process that is terminated
        pool.join()

    differences = [text for result in results.values() for text in result.differences]
    not_run = {name for name, result in results.items() if result.not_run}
    done = [name for name in results if name not in not_run and not name.endswith(" compiled")]
    steps = sum(result.steps for result in results.values())
    print(f"\n{len(done)} names compared at {steps:,} steps, {len(not_run)} not run, {len(without)} without a row.")
    for text in differences:
        print(f"- {text}")
    for name in sorted(without):
        print(f"- {name}: it has no row in tests/library_rows.py. Add three sets of arguments.")
    return 1 if differences or not_run - set(NOT_RUN) or without else 0


if __name__ == "__main__":
    sys.exit(main())
