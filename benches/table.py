"""`make bench`: measures how fast glidepath is, as ratios, and prints each with its bar, its goal and a mark.

A ratio compares two medians. The two sides run in turns, so that a machine that slows down slows both. They use one
thread and arrays that were written before, unless the row says otherwise.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

import glidepath as gp
from glidepath import _core

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "suite"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from typing import TYPE_CHECKING

import compiled_rows
from bench_import import seconds_of_import
from cases import CASES, FLOOR, LEAVES, PEAK
from measure import Call, Row, ratio, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
STEPS = 10_000_000
LEVELS = ("baseline", "avx2", "avx512")


@dataclass(frozen=True)
class Verb:
    """A column of the table of cases: what to run, what to compare it with, and the bar."""

    name: str
    dtype: str
    level: str | None
    fresh: bool
    bar: float
    goal: float

    def ratio(self, schedule: gp.Schedule, steps: int, repeats: int) -> float:
        out = schedule.array(steps, dtype=self.dtype)
        if self.fresh:
            return ratio(
                lambda: schedule.array(steps, dtype=self.dtype), lambda: np.full(steps, 1e-4, self.dtype), repeats
            )
        return ratio(lambda: schedule.fill(out), lambda: out.fill(1e-4), repeats)


VERBS = (
    Verb("`fill` float64 / `ndarray.fill`", "float64", None, fresh=False, bar=1.30, goal=1.05),
    Verb("`fill` float64, AVX2 forced / `ndarray.fill`", "float64", "avx2", fresh=False, bar=2.1, goal=1.5),
    Verb("`fill` float32 / float32 `ndarray.fill`", "float32", None, fresh=False, bar=1.4, goal=1.1),
    Verb("`array` float64, fresh / `np.full`", "float64", None, fresh=True, bar=1.2, goal=1.05),
)


# -------------------------------------------------------------------------------------------------------- measuring


def levels() -> list[str]:
    """Return the instruction sets that this CPU has, of those that the engine knows."""
    found = []
    for level in LEVELS:
        try:
            _core._force(level=level)
        except ValueError:
            continue
        found.append(level)
    _core._force()
    return found


def peak_memory(code: str, *arguments: str) -> int:
    """Run Python code in an interpreter of its own, and return the most memory that it held, in bytes.

    Not by `resource.getrusage`: a child starts with its parent's peak there, from before it became another program.
    """
    report = "\nfor line in open('/proc/self/status'):\n    if line.startswith('VmHWM:'): print(line.split()[1])"
    done = subprocess.run([sys.executable, "-c", code + report, *arguments], check=True, capture_output=True, text=True)
    return int(done.stdout.splitlines()[-1]) * 1024


def peak_of_array(n: int, folder: Path) -> int:
    """Return the peak memory of `glidepath array` over n float32 steps, in bytes."""
    run_command = "import sys\nfrom glidepath.cli import cli\ncli.main(sys.argv[1:], standalone_mode=False)"
    spec, output = ROOT / "examples" / "llama3-405b.json", folder / "peak.npy"
    try:
        return peak_memory(run_command, "array", str(spec), "-n", str(n), "--dtype", "float32", "-o", str(output))
    finally:
        output.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------------------- rows


def case_ratios(verb: Verb, steps: int, repeats: int) -> dict[str, float]:
    """Return the ratio of every case with one method."""
    _core._force(level=verb.level)
    try:
        return {name: verb.ratio(case.build(gp, steps), steps, repeats) for name, case in CASES.items()}
    finally:
        _core._force()


def summary(verb: Verb, ratios: dict[str, float]) -> Row:
    """Compare the worst of all leaves and composites with the bar."""
    held = {name: ratios[name] for name in held_to_the_bar()}
    worst = max(held, key=held.__getitem__)
    missed = sorted((name for name in held if held[name] > verb.bar), key=held.__getitem__, reverse=True)
    note = f"worst of {len(held)}: {worst}; median {median(held.values()):.2f}"
    if missed:
        note += "; missed by " + ", ".join(f"{name} {held[name]:.2f}" for name in missed)
    return Row(f"{verb.name}, every leaf and composite", held[worst], verb.bar, verb.goal, note=note)


def held_to_the_bar() -> list[str]:
    return [case.name for case in LEAVES] + [case.name for case in CASES.values() if case.is_composite]


def cycle_rows(steps: int, repeats: int) -> Iterator[Row]:
    out = np.empty(steps)
    triangle = gp.triangle(FLOOR, PEAK, 2_000, 3_000)
    repeated = gp.cosine(PEAK, FLOOR, 1_000).repeat()
    for what, schedule, bar in (
        ("triangle(2000, 3000)", triangle, 1.3),
        ("a 1,000-step cosine, repeated", repeated, 1.5),
    ):
        got = ratio(lambda s=schedule: s.fill(out), lambda: out.fill(1e-4), repeats)
        yield Row(f"{what} / `ndarray.fill`", got, bar, 1.1)


def changed_run_rows(steps: int, repeats: int) -> Iterator[Row]:
    """Measure the verbs that change a run and have no case of their own."""
    half = steps // 2
    tokens = gp.warmup_cosine(PEAK, 1_000 * steps, 0.01, end=FLOOR)
    ramp = gp.piecewise_constant([250, 500, 1_000], [steps // 10, steps // 5])
    for what, schedule in (
        ("a run extended at its half", gp.warmup_cosine(PEAK, steps, 0.01, end=FLOOR).extend(half, steps + half)),
        ("tokens on a clock whose batch grows", tokens.clock(ramp)),
    ):
        for dtype, bar in (("float64", 1.3), ("float32", 1.4)):
            out = schedule.array(steps, dtype=dtype)
            got = ratio(lambda s=schedule, out=out: s.fill(out), lambda out=out: out.fill(1e-4), repeats)
            yield Row(f"{what}, {dtype} / `ndarray.fill`", got, bar, 1.1)


def table_row(repeats: int, size: int = 1_000_000) -> Row:
    values, out = np.linspace(PEAK, FLOOR, size), np.empty(size)
    schedule = gp.table(values)
    got = ratio(lambda: schedule.fill(out), lambda: np.copyto(out, values), repeats, number=10)
    return Row(f"a table of {size:,} values, filled / a numpy copy", got, 1.3, 1.0)


def numpy_rows(repeats: int) -> Iterator[Row]:
    for n, bar, goal in ((10**4, 4, 10), (10**5, 8, 20), (10**6, 12, 30), (10**7, 15, 30)):
        schedule, out, steps = gp.cosine(PEAK, FLOOR, n), np.empty(n), np.arange(n, dtype=np.float64)
        got = ratio(numpy_cosine(steps, out, n), lambda s=schedule, out=out: s.fill(out), repeats, max(1, 10**6 // n))
        yield Row(f"numpy's cosine in place / `fill`, n = {n:,}", got, bar, goal, " times", at_least=True)


def numpy_cosine(steps: np.ndarray, out: np.ndarray, n: int) -> Call:
    """Return numpy's fastest cosine: no allocation, the steps ready as float64, four passes."""
    scale, half, middle = np.pi / n, (PEAK - FLOOR) / 2, (PEAK + FLOOR) / 2

    def evaluate() -> None:
        np.multiply(steps, scale, out=out)
        np.cos(out, out=out)
        np.multiply(out, half, out=out)
        np.add(out, middle, out=out)

    evaluate()
    assert np.allclose(out, gp.cosine(PEAK, FLOOR, n).array(n), rtol=1e-9, atol=0.0)
    return evaluate


def gather_row(steps: int, repeats: int) -> Row:
    schedule = gp.warmup_cosine(PEAK, steps, 0.01, end=FLOOR)
    ready, at = schedule.array(steps), np.random.default_rng(0).integers(0, steps, steps)
    assert np.array_equal(schedule.gather(at), ready[at])
    return Row("`gather` of random steps / numpy's `table[steps]`",
               ratio(lambda: schedule.gather(at), lambda: ready[at], repeats), 0.4, 0.2)  # fmt: skip


def compare_row(steps: int, repeats: int) -> Row:
    a, b = gp.cosine(PEAK, FLOOR, steps), gp.cosine(PEAK, 2 * FLOOR, steps)
    assert gp.compare(a, b).count() > 0.99 * steps
    at, out = np.arange(steps, dtype=np.float64), np.empty(steps)
    generate = numpy_cosine(at, out, steps)
    got = ratio(lambda: gp.compare(a, b), lambda: (generate(), generate()), repeats)
    return Row("`compare` of two cosines that differ / numpy's two cosines in place", got, 1.0, 0.7)


def scalar_row(steps: int, repeats: int, number: int = 200_000) -> Row:
    schedule = gp.warmup_cosine(PEAK, steps, 0.01, end=FLOOR)
    ready, step = schedule.array(steps), steps // 3

    def ours() -> None:
        for _ in range(number):
            schedule[step]

    def theirs() -> None:
        for _ in range(number):
            ready[step]

    return Row("`s[k]`, warm-up and cosine / numpy's `arr[k]`", ratio(ours, theirs, repeats), 2.0, 1.4)


def in_a_worker(schedule: gp.Schedule, repeats: int, number: int) -> float:
    """Return the ratio of `scalar_row` at steps that follow one another, measured in this process."""
    ready = schedule.array(number)

    def ours() -> None:
        for k in range(number):
            schedule[k]

    def theirs() -> None:
        for k in range(number):
            ready[k]

    return ratio(ours, theirs, repeats)


def worker_row(repeats: int, number: int = 1_000_000) -> Row:
    schedule = gp.warmup_cosine(PEAK, 10**9, 0.01, end=FLOOR)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        got = pool.apply(in_a_worker, (schedule, repeats, number))
    return Row(f"{number:,} `s[k]` in a spawned worker, step by step / numpy's `arr[k]`", got, 2.0, 1.4)


def save_row(repeats: int, n: int = 10**9) -> Row:
    """Compare `save` with a plain write of as many zeros to the same disk, each until it is on the disk."""
    schedule, zeros = gp.warmup_cosine(PEAK, n, 0.01, end=FLOOR), bytes(1 << 20)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        n = n if shutil.disk_usage(folder).free > 3 * 4 * n else n // 100
        path = Path(folder) / "lr.npy"

        def ours() -> None:
            path.unlink(missing_ok=True)
            schedule.save(path, n, dtype="float32")

        def plain() -> None:
            path.unlink(missing_ok=True)
            with path.open("wb") as file:
                for _ in range(-(-4 * n // len(zeros))):
                    file.write(zeros)
                file.flush()
                os.fsync(file.fileno())

        pairs = [(seconds(ours, 1), seconds(plain, 1)) for _ in range(repeats)]
    share = min(b for _, b in pairs) / min(a for a, _ in pairs)
    what = f"a plain write of {4 * n / 1e9:.1f} GB of zeros / `save` of {n:,} float32 steps to the same disk"
    return Row(what, share, 0.8, 0.95, " times", at_least=True, note=f"minima of {repeats}")


def thread_row() -> Row:
    what, bar, goal = "two threads inside one long call / one (Rust bench)", 1.7, 1.95
    cargo = shutil.which("cargo")
    if cargo is None or not (ROOT / "benches" / "threads.rs").exists():
        return Row(what, None, bar, goal, " times", at_least=True, note="needs cargo and benches/threads.rs")
    command = [cargo, "bench", "--quiet", "--no-default-features", "--bench", "threads"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"ratio: ([\d.]+)", done.stdout)
    if found is None:
        why = (done.stderr.strip().splitlines() or ["it printed no ratio"])[-1]
        return Row(what, None, bar, goal, " times", at_least=True, note=why)
    return Row(what, float(found[1]), bar, goal, " times", at_least=True)


def import_row(repeats: int) -> Row:
    took = 1e3 * median(seconds_of_import() for _ in range(repeats))
    return Row("`import glidepath` over `import numpy`", took, 15, 5, " ms")


def memory_row(n: int = 10**9) -> Row:
    what, unit = "memory of `glidepath array -n {:.0e} --dtype float32` over the interpreter's", " MiB"
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        n = n if shutil.disk_usage(folder).free > 2 * 4 * n else n // 100
        peak = peak_of_array(n, Path(folder))
    bare, with_numpy = peak_memory("pass"), peak_memory("import numpy")
    note = f"of which `import numpy` takes {(with_numpy - bare) / 2**20:.1f}"
    return Row(what.format(n), (peak - bare) / 2**20, 64, 16, unit, note=note)


def _scratch() -> Path:
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    return folder


# --------------------------------------------------------------------------------------------------------- the table


def cpu() -> str:
    """Return the name of the CPU, from the system."""
    listing = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", listing.read_text()) if listing.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def report(steps: int, repeats: int) -> Iterator[str]:
    found = levels()
    yield f"{cpu()}, {os.cpu_count()} CPUs, instruction sets {', '.join(found)}"
    yield f"Python {platform.python_version()}, numpy {np.__version__}, glidepath {gp.__version__}, {platform.system()}"
    if "avx512" not in found:
        yield "This machine has no AVX-512: what the bars say of it cannot be shown here."
    yield f"load {os.getloadavg()[0]:.1f}: on a machine that does other things these are not glidepath's figures"
    yield f"{steps:,} steps where no length stands; medians of {repeats} interleaved repeats, one thread"
    yield "\n| what | measured | bar | goal | | |\n| --- | --- | --- | --- | --- | --- |"
    table = {}
    for verb in VERBS:
        if verb.level is None or verb.level in found:
            table[verb] = case_ratios(verb, steps, repeats)
            yield str(summary(verb, table[verb]))
        else:
            yield str(Row(verb.name, None, verb.bar, verb.goal, note=f"this CPU has no {verb.level}"))
    yield from map(str, cycle_rows(steps, repeats))
    yield from map(str, changed_run_rows(steps, repeats))
    yield str(table_row(repeats))
    yield str(thread_row())
    yield from map(str, numpy_rows(repeats))
    yield str(gather_row(steps, repeats))
    yield str(compare_row(steps, repeats))
    yield str(scalar_row(steps, repeats))
    yield str(worker_row(repeats))
    yield str(import_row(repeats))
    yield str(memory_row())
    yield str(save_row(3))
    yield from torch_lines(repeats)
    yield from compiled_rows.lines(20 * repeats)
    yield from matrix(table)


def torch_lines(repeats: int) -> Iterator[str]:
    """Yield the rows that compare with torch, if it is installed."""
    if importlib.util.find_spec("torch") is None:
        yield str(Row("`glidepath.torch` / torch", None, 6, 10, note="torch is not installed"))
        return
    torch_rows = importlib.import_module("torch_rows")
    yield from torch_rows.lines(repeats)


def matrix(table: dict[Verb, dict[str, float]]) -> Iterator[str]:
    """Yield a row for every case. Combinators are included, although they have no bar."""
    yield "\nEvery case (a star: above the bar of leaves and composites)\n"
    yield "| case | " + " | ".join(verb.name for verb in table) + " |"
    yield "| --- " * (len(table) + 1) + "|"
    held = set(held_to_the_bar())
    for name in CASES:
        cells = [
            f"{ratios[name]:.2f}{'*' * (name in held and ratios[name] > verb.bar)}" for verb, ratios in table.items()
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table, each line as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    for line in report(options.steps, options.repeats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
