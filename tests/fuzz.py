"""Runs random cases: `python tests/fuzz.py [--seconds S] [--seed N] [topic ...]`, or `make fuzz`.

A topic is a module `fuzz_<topic>.py` in this folder. Its function `once(rng)` makes one random case and tests it. An
exception is a failure: it is printed with the seed that makes the case again (`--seed N --cases 1`), and the command
exits with 1. A topic whose framework is not installed is skipped.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import sys
import time
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

TOPICS = sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.py"))


def load(topic: str) -> Any:
    """The topic's module, or None if a package that it needs is not installed."""
    try:
        return importlib.import_module(f"fuzz_{topic}")
    except ModuleNotFoundError as error:
        if error.name == f"fuzz_{topic}":
            raise
        return None


def run(module: Any, seeds: Iterable[int], until: float) -> tuple[int, list[int]]:
    """Run one case a seed until that time of `time.monotonic`. Returns the number of cases and the failed seeds."""
    done, failed = 0, []
    for seed in seeds:
        if time.monotonic() > until:
            break
        try:
            module.once(Random(seed))
        except Exception:  # noqa: BLE001 - any exception is a failure of the case
            failed.append(seed)
            print(f"{module.__name__}, seed {seed}:\n{traceback.format_exc()}", flush=True)
        done += 1
    return done, failed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"some of {', '.join(TOPICS)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each topic runs")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first case; the next has the next")
    parser.add_argument("--cases", type=int, help="how many cases; by default as many as there is time for")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.topics) - set(TOPICS)):
        parser.error(f"there is no topic {unknown[0]!r}; take some of {', '.join(TOPICS)}")
    findings = 0
    for topic in options.topics or TOPICS:
        module = load(topic)
        if module is None:
            print(f"{topic}: skipped, a package that it needs is not installed")
            continue
        seeds = itertools.count(options.seed)
        if options.cases is not None:
            seeds = itertools.islice(seeds, options.cases)
        done, failed = run(module, seeds, time.monotonic() + options.seconds)
        findings += len(failed)
        which = f": seeds {failed[:20]}" if failed else ""
        print(f"{topic}: {done} cases, {len(failed)} failed{which}", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
