"""The command ``glidepath``: shows, evaluates and plots schedules."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import os
import re
import shlex
import signal
import sys
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, cast, get_args

import click
import numpy as np

import glidepath
from glidepath._arguments import LAST_STEP, refusal
from glidepath._complaint import INTERRUPTED, complain
from glidepath._core import _shown
from glidepath._logs import read_log
from glidepath._output import named, replacing
from glidepath._rates import common_steps, rates_of
from glidepath._saving import CHUNK, save, saved_file
from glidepath._specs import Known, Loaded, load, side
from glidepath.auditing import audited
from glidepath.comparison import Level, compared
from glidepath.plot import lengths, plain, plot, shortened, sparklines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from matplotlib.axes import Axes

    _IntType = click.ParamType[int]
    _LevelType = click.ParamType[Level | float]
    _SettingType = click.ParamType[tuple[str, Any]]
else:
    _IntType = _LevelType = _SettingType = click.ParamType  # it has no type parameter before click 8.4

__all__ = ["cli", "run"]

_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_MOST_SEGMENTS = 40
_MOST_EXACT = 10_000_000  # steps; `show` takes the area of a longer schedule from a sample
_SAMPLE = 100_000
_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_MOST_DIGITS = 40
_MOST_POWER = 99  # enough to be above the last step, also with the most decimals that the text may have
_GROUPED = re.compile(r"\d{1,3}((,\d{3})+|(_\d{3})+)", re.ASCII)
_SCALED = re.compile(r"(\d+)(?:\.(\d+))?(?:e\+?(\d+)|([kmgbt]))", re.ASCII | re.IGNORECASE)
_FRACTION = re.compile(r"\d+\.(\d{1,2}|\d{4,})", re.ASCII)
_BELOW_0 = re.compile(r"-[\d.,_]+\w*", re.ASCII)
_UNCLEAR = re.compile(r"\d[\d.,_]*(e\+?\d+)?[kmgbt]?", re.ASCII | re.IGNORECASE)


class _Steps(_IntType):
    """A whole number of steps, as people write large ones: 1000000, 1_000_000, 1,000,000, 1e6, 1.5M."""

    name = "steps"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 (click's)
        if isinstance(value, int):
            return value
        try:
            return _steps(value)
        except ValueError as error:
            self.fail(f"got {_shown(value)}; {error}", param, ctx)


def _steps(text: str) -> int:
    """Read a number of steps, or raise ValueError with the rule and what to do.

    A point is a decimal point, and needs an exponent or a letter after it: some people read 1.000 as a thousand. A
    comma only groups digits by three: some people read 1,5M as one and a half million.
    """
    text = text.strip()
    if len(text) > _MOST_DIGITS:
        text = "9" * _MOST_DIGITS if text.isascii() and text.isdigit() else ""
    digits = text.replace("_", "").replace(",", "") if _GROUPED.fullmatch(text) else text
    if digits.isascii() and digits.isdigit():
        steps, rest = int(digits), 0
    elif match := _SCALED.fullmatch(text):
        whole, part, exponent, letter = match.groups(default="")
        scale = 10 ** min(int(exponent or 0), _MOST_POWER) * _SUFFIXES[letter.lower()]
        steps, rest = divmod(int(whole + part) * scale, 10 ** len(part))
    elif text.startswith("-"):
        raise ValueError("steps are counted from 0. Write it without the minus.")
    elif _FRACTION.fullmatch(text):
        steps, rest = 0, 1
    elif _UNCLEAR.fullmatch(text):
        raise ValueError("it can be read in more than one way. Write 1000000, 1,000,000 or 1.5M.")
    else:
        raise ValueError("steps are a whole number. Write 1000000, 1_000_000, 1e6 or 1M.")
    if rest:
        raise ValueError("steps are a whole number. Leave out the fraction.")
    if steps > LAST_STEP:
        raise ValueError(f"steps run to 2**53 = {LAST_STEP}. Take a smaller number.")
    return steps


_STEPS = _Steps()


class _Setting(_SettingType):
    """A value that a config leaves open, as NAME=VALUE."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:  # noqa: ANN401 (click's)
        name, sign, text = value.partition("=")
        if not sign:
            self.fail(f"got {_shown(value)}; it must be NAME=VALUE. Write `--set learning_rate=3e-4`.", param, ctx)
        if name == "deepspeed":
            return name, text
        if name != "learning_rate":
            return name, _STEPS.convert(text, param, ctx)
        with contextlib.suppress(ValueError):
            return name, float(text)
        return self.fail(f"got {_shown(value)}; {name} must be a number. Write `--set {name}=3e-4`.", param, ctx)


def _reads_configs(*, draws: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options for what a config leaves open. The command gets them as `known`.

    `draws` says that the command has an option `--steps` of its own, which may differ from the config's.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def called(**given: Any) -> Any:  # noqa: ANN401 (the command's)
            values = {"steps": given["steps"], "steps_per_epoch": given.pop("steps_per_epoch")}
            settings = given.pop("settings")
            if len(dict(settings)) < len(settings):
                _fail("`--set`: got a name twice; each may stand once. Remove one.")
            values |= dict(settings)
            if not draws:
                given.pop("steps")
            spare = frozenset({"steps"} if draws else ())
            known = {name: value for name, value in values.items() if value is not None}
            found = Known(known, spare, given.pop("kind"), given.pop("which"))
            return command(**given, known=found)

        for option in reversed(_CONFIG_OPTIONS[draws:]):
            called = option(called)
        return called

    return add


_CONFIG_OPTIONS = [
    click.option("--steps", type=_STEPS, help="The updates of the run, for a config."),
    click.option("--steps-per-epoch", type=_STEPS, help="The updates of an epoch, for a config."),
    click.option(
        "--set",
        "settings",
        type=_Setting(),
        multiple=True,
        metavar="NAME=VALUE",
        help="What a config leaves open, such as learning_rate=3e-4.",
    ),
    click.option("--kind", help="Whose config it is. [default: found out by its keys]"),
    click.option(
        "--of",
        "which",
        default="lr",
        show_default=True,
        help="Which schedule of a config: lr, momentum, weight_decay.",
    ),
]
_SPEC = click.argument("spec", type=click.Path(allow_dash=True))
_SPECS = click.argument("spec", type=click.Path(allow_dash=True), nargs=-1, required=True)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(glidepath.__version__, prog_name="glidepath")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Learning-rate schedules. SPEC is an expression, such as "warmup_cosine(3e-4, 100_000, 0.02)", or a file that
    holds an expression or JSON, or - for standard input, or the config of a run: TrainingArguments, a DeepSpeed JSON,
    Megatron's arguments, ...

    \b
    STEPS is a whole number:
      1000000, 1_000_000, 1,000,000   plain, or in groups of three digits
      1e6, 1.5e6                      with an exponent
      1M, 1.5M                        with k, M, G or B (10**9), or T
    """  # noqa: D301 (click reads \\b, a backspace)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@cli.command()
@_SPEC
@click.option(
    "-n", "--count", type=_STEPS, help="How many steps: 1000000, 1,000,000, 1e6, 1.5M. [default: to the schedule's end]"
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(),
    help="The .npy or .safetensors file to write; replaced if it exists.",
)
@click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True)
@click.option("--start", type=_STEPS, default=0, show_default=True, help="The first step.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many threads compute; at most one on each core.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with what a killed run left, after checking it; after an interrupt, keep it."
)
@_reads_configs()
def array(  # noqa: PLR0913 (click passes every option as a parameter)
    spec: str,
    count: int | None,
    output: str,
    dtype: Literal["float64", "float32"],
    start: int,
    threads: int,
    *,
    resume: bool,
    known: Known,
) -> None:
    """Write the learning rates of steps START..START+N to a .npy file.

    The values go to the disk a few megabytes at a time, so the length is bounded by the disk and not by the memory.
    The file appears under its name when it is whole and safely stored, or not at all. Its schedule stands beside it, in
    OUTPUT.json, so that `glidepath show OUTPUT` and `glidepath verify OUTPUT` know it. If OUTPUT ends with
    .safetensors, it is such a file, and the schedule is in its metadata; it is made in memory.
    """
    loaded = load(spec, known)
    schedule = loaded.schedule
    n = _count(schedule, loaded.steps if count is None else count, start)
    path = _target(output, spec, "lr.npy")
    with _terminable(), _progress(n) as advance:
        kept = save(schedule, path, n, dtype, start, threads, _in_all(advance), resume=resume, place="-n")
    if kept:
        _print(f"{output}: went on from step {start + kept:,}" if kept < n else f"{output}: was complete")


@cli.command()
@click.argument("spec", type=click.Path(allow_dash=True))
@click.argument("file", required=False, type=click.Path())
@click.option("--start", type=_STEPS, default=0, show_default=True, help="The step of the file's first value.")
@_reads_configs()
def verify(spec: str, file: str | None, start: int, known: Known) -> int:
    """Compare each value of the .npy or .safetensors file FILE with SPEC. Exit with 0 if all have the same bits, 1 if
    not, 2 after an error.

    Without FILE, SPEC is that file, and the schedule is the one beside it or in it: `verify lr.npy` reads lr.npy.json.
    """
    given = None if file is None else load(spec, known).schedule
    path = Path(file or spec)
    saved = saved_file(path)
    schedule = given or saved.schedule()
    with _progress(saved.n) as advance:
        found = saved.mismatch(schedule, start, _in_all(advance))
    _print(found or f"{path}: {saved.n:,} {saved.dtype} values, all with the bits of the schedule")
    return 1 if found else 0


@cli.command()
@_SPECS
@click.option("--steps", type=_STEPS, help="How many steps the drawing shows. [default: the schedule's]")
@_reads_configs(draws=True)
def show(spec: tuple[str, ...], steps: int | None, known: Known) -> None:
    """Print each SPEC's expression, segments as a table, first and last value, least and greatest value, area, drawing.

    The area is the sum of the values of all steps before the end. If there is no end, it is that of the steps drawn.
    Several SPECs are drawn at the end, on the same steps and the same scale.
    """
    loaded = _load_all(spec, known)
    schedules = [one.schedule for one in loaded]
    ends = lengths(schedules, _drawn(loaded, steps))
    drawings = sparklines(schedules, ends)
    if not _can_print("".join(drawings)):
        drawings = [plain(drawing) for drawing in drawings]
    names = [_name(one) for one in spec] if len(spec) > 1 else [""]
    lines: list[str] = []
    for name, one, drawn in zip(names, loaded, ends, strict=True):
        lines += [text for text in (name, one.about and f"{one.about}\n") if text]
        lines += [f"{one.schedule!r}\n", *_segment_table(one.schedule), "", *_facts(one.schedule, drawn), ""]
    width = max(map(len, names)) + 2 * (len(names) > 1)
    lines += [f"{name:{width}}{drawing}".rstrip(" ") for name, drawing in zip(names, drawings, strict=True)]
    _print(*lines)


def _drawn(loaded: list[Loaded], steps: int | None) -> int | None:
    """Return how many steps are drawn: as asked, or those of the runs if all SPECs are configs that say them."""
    runs = [one.steps for one in loaded]
    return max(filter(None, runs)) if steps is None and None not in runs else steps


def _facts(schedule: glidepath.Schedule, drawn: int) -> Iterator[str]:
    """Yield a line for each of: length, first and last value, least and greatest value, area."""
    end = schedule.steps
    yield f"length  {'without end' if end is None else f'{end:,} steps'}"
    yield f"first   {schedule[0]!r} at step 0"
    if end is not None:
        yield f"last    {schedule[end]!r} at step {end:,}"
    if drawn != end:
        yield f"drawn   to {schedule[drawn]!r} at step {drawn:,}"
    n = drawn if end is None else end
    with np.errstate(over="ignore", invalid="ignore"):  # the sum of very large values is infinite
        area, low, high = (_summary if n <= _MOST_EXACT else _summary_of_a_sample)(schedule, n)
    about, digits = ("", 6) if n <= _MOST_EXACT else ("about ", 4)
    yield f"min     {about}{schedule[low]!r} at step {low:,}"
    yield f"max     {about}{schedule[high]!r} at step {high:,}"
    yield f"area    {about}{area:.{digits}g} over {n:,} steps (mean {area / n:.{digits}g})"


def _summary(schedule: glidepath.Schedule, n: int) -> tuple[float, int, int]:
    """Return the sum of the values of steps 0..n, and the first steps of the least and of the greatest value."""
    buffer = np.empty(min(n, CHUNK // 8))
    sums, lows, highs = [], [], []
    for start in range(0, n, buffer.size):
        chunk = schedule.fill(buffer[: n - start], start=start)
        sums.append(float(chunk.sum()))
        lows.append(start + int(chunk.argmin()))
        highs.append(start + int(chunk.argmax()))
    return float(np.sum(sums)), min(lows, key=schedule.at), max(highs, key=schedule.at)


def _summary_of_a_sample(schedule: glidepath.Schedule, n: int) -> tuple[float, int, int]:
    """Return what `_summary` returns, about: from one random step in each of many equal ranges.

    With evenly spaced steps, a cycle of the same length would always be seen at the same place. The least and the
    greatest value are also sought on both sides of every edge between two parts.
    """
    ranges = np.arange(_SAMPLE + 1)
    bounds = ranges * (n // _SAMPLE) + ranges * (n % _SAMPLE) // _SAMPLE
    at = np.random.default_rng(0).integers(bounds[:-1], bounds[1:])
    area = float(np.sum(schedule.gather(at) * np.diff(bounds)))
    edges = [start for start, _, _ in schedule.segments() if 0 < start < n]
    at = np.union1d(at, np.array([0, n - 1, *edges, *(edge - 1 for edge in edges)], dtype=np.int64))
    values = schedule.gather(at)
    return area, int(at[values.argmin()]), int(at[values.argmax()])


class _At(click.Command):
    """Reads `-1` as a step, not as an option, so that the message is about a negative step. SPEC must stand first."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        steps = [arg for arg in args if _is_steps(arg)]
        if steps and args[0] in steps and not Path(args[0]).exists():
            specs = [arg for arg in args if arg not in steps and (arg == "-" or not arg.startswith("-"))]
            way_out = shlex.join(["glidepath", "at", *(specs[:1] or ["SPEC"]), *steps])
            raise click.UsageError(f"got {args[0]} where SPEC must stand, before the steps. Write `{way_out}`.")
        for i, arg in enumerate(args):
            if arg == "--":
                break
            if _BELOW_0.fullmatch(arg):
                args = [*args[:i], "--", *args[i:]]
                break
        return super().parse_args(ctx, args)


@cli.command(cls=_At)
@_SPEC
@click.argument("step", type=_STEPS, nargs=-1, required=True)
@_reads_configs()
def at(spec: str, step: tuple[int, ...], known: Known) -> None:
    """Print the learning rate of each STEP, a line each, in the fewest digits that tell the float64."""
    schedule = load(spec, known).schedule
    _print(*(repr(schedule.at(one)) for one in step))


@cli.command("plot")
@_SPECS
@click.option("-o", "--output", required=True, type=click.Path(), help="The picture to write: .png, .svg, .pdf, ...")
@click.option("--steps", type=_STEPS, help="How many steps. [default: the schedule's]")
@_reads_configs(draws=True)
def plot_(spec: tuple[str, ...], output: str, steps: int | None, known: Known) -> None:
    """Draw each SPEC into one picture, labelled by its file name. Needs matplotlib: pip install matplotlib."""
    loaded = _load_all(spec, known)
    labels = [_name(one).replace("$", r"\$") for one in spec] if len(spec) > 1 else None  # a $ begins a formula
    with _picture("`plot`", output, *spec) as axes:
        plot([one.schedule for one in loaded], ax=axes, steps=_drawn(loaded, steps), label=labels)
        if len(spec) == 1 and (about := loaded[0].about):
            axes.set_title(about, fontsize="small", wrap=True, parse_math=False)


class _Within(_LevelType):
    """A level of `compare`, or a tolerance."""

    name = "level or tolerance"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Level | float:  # noqa: ANN401 (click's)
        if value in get_args(Level):
            return cast("Level", value)
        try:
            tolerance = float(value)
        except ValueError:
            tolerance = math.nan
        if not 0.0 <= tolerance < math.inf:
            rule = "it must be bits, float32, or a fraction of the peak. Write 1e-6"
            self.fail(f"got {_shown(value)}; {rule}.", param, ctx)
        return tolerance


@cli.command()
@click.argument("a", type=click.Path(allow_dash=True))
@click.argument("b", type=click.Path(allow_dash=True))
@click.option("-n", "--count", type=_STEPS, help="How many steps. [default: those of the longer one]")
@click.option(
    "--within",
    type=_Within(),
    metavar="bits|float32|TOLERANCE",
    default="bits",
    show_default=True,
    help="What is equal: the same bits, the same float32, or a difference of at most this fraction of the peak.",
)
@click.option(
    "--group", type=click.IntRange(min=0), default=0, show_default=True, help="The column of a file of groups."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, on one line.")
@click.option("-o", "--output", type=click.Path(), help="Draw both and their difference into this picture.")
@_reads_configs()
def diff(  # noqa: PLR0913 (click passes every option as a parameter)
    a: str, b: str, count: int | None, within: Level | float, group: int, *, as_json: bool, output: str | None,
    known: Known,
) -> int:  # fmt: skip
    """Compare two learning rates step by step. Exit with 0 if they are equal, 1 if they differ, 2 after an error.

    A and B are SPECs, .npy files of the rates of each step or of a rehearsal, or JSON files of Groups. Two Groups are
    compared parameter by parameter.
    """
    if a == b == "-":
        _fail("`-`: given twice; standard input can be read once. Name a file for one of them.")
    given = side(a, known), side(b, known)
    with contextlib.nullcontext() if output is None else _picture("`-o`", output, a, b) as axes:
        if all(isinstance(side, glidepath.Groups) for side in given):
            comparison = glidepath.compare(*given, count)
        else:
            sides = rates_of("a", given[0], group), rates_of("b", given[1], group)
            steps = common_steps("-n", count, *sides, example="-n {}")
            with _progress(steps) as advance:
                comparison = compared(sides, steps, advance)
        if axes is not None:
            comparison.plot(ax=axes)
    try:
        comparison.require(within)
    except AssertionError as error:
        report, status = str(error), 1
    else:
        report, status = str(comparison), 0
    _print(json.dumps(comparison.to_dict()) if as_json else report)
    return status


@cli.command("check")
@_SPEC
@click.option("--steps", type=_STEPS, help="The updates that the run makes. [default: the config's, or the schedule's]")
@click.option("--allow", multiple=True, metavar="CODE", help="A finding that is meant, by its code.")
@click.option("--jump", type=float, default=10.0, show_default=True, help="The factor by which two updates may differ.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON, on one line.")
@_reads_configs(draws=True)
def check_(  # noqa: PLR0913 (click passes every option as a parameter)
    spec: str, steps: int | None, allow: tuple[str, ...], jump: float, *, as_json: bool, known: Known
) -> int:
    """Print what is odd about SPEC in a run of so many updates. Exit with 0 if nothing is, 1 if there are findings.

    A line has the step, the code, a sentence and a fix. `--allow CODE` leaves out what is meant.
    """
    loaded = load(spec, known)
    found = glidepath.check(loaded.reading, steps, allow=allow, jump=jump)
    if as_json:
        _print(json.dumps([asdict(finding) for finding in found]))
    else:
        _print(*(f"{_name(spec)}: {finding}" for finding in found))
    return int(bool(found))


@cli.command("audit")
@click.argument("log", type=click.Path())
@click.argument("spec", required=False, type=click.Path(allow_dash=True))
@click.option("--step-column", help="The column of the step. [default: the one of the usual names]")
@click.option("--rate-column", help="The column of the rate, or TensorBoard's tag. [default: the same]")
@click.option("--json", "as_json", is_flag=True, help="Print the audit as JSON, on one line.")
@_reads_configs()
def audit_(  # noqa: PLR0913 (click passes every option as a parameter)
    log: str, spec: str | None, step_column: str | None, rate_column: str | None, *, as_json: bool, known: Known
) -> int:
    """Compare the learning rates that a run has logged with SPEC. Exit with 0 if they agree, 1 if they do not.

    LOG is a trainer_state.json, a .csv or JSON lines with columns for the step and the rate, or an event file of
    TensorBoard. Without SPEC, only the log is looked at.
    """
    found = read_log(Path(log), step_column, rate_column)
    known = replace(known, values={**found.known, **known.values}, spare=frozenset({"steps"}))
    loaded = None if spec is None else load(spec, known).reading
    reading = glidepath.read(loaded) if isinstance(loaded, glidepath.Schedule) else loaded
    found_out = audited(log, found, reading)
    _print(json.dumps(asdict(found_out)) if as_json else str(found_out))
    return int(not found_out.agrees)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a SPEC, for editors and validators."""
    _print(glidepath.schema())


def run() -> int:
    """Run the command. Return 0 when done, 1 for a difference, 2 after one line on stderr for an error of the user."""
    try:
        return int(cli.main(prog_name="glidepath", standalone_mode=False) or 0)
    except click.Abort:
        complain("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        complain(error.format_message())
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (ImportError, ValueError, TypeError, IndexError, MemoryError) as error:
        complain(str(error) or type(error).__name__)
    return 2


def _print(*lines: str) -> None:
    """Print lines on stdout. Characters that its encoding lacks are printed as escapes."""
    if sys.stdout is None:
        _fail("standard output: closed. Leave out `>&-`.")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, for example `head`, has closed the pipe
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the flush at exit fails again
        _fail(f"standard output: {error.strerror}")


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _load_all(specs: tuple[str, ...], known: Known) -> list[Loaded]:
    if specs.count("-") > 1:
        _fail("-: standard input is named more than once. Name it once.")
    for spec in specs:
        if _is_steps(spec) and not Path(spec).exists():
            _fail(f"{spec}: No such file or directory. For a number of steps, write `--steps {spec}`.")
    return [load(spec, known) for spec in specs]


def _is_steps(text: str) -> bool:
    with contextlib.suppress(ValueError):
        return _steps(text) >= 0
    return False


def _name(spec: str) -> str:
    """Return what a drawing calls a SPEC."""
    name = "standard input" if spec == "-" else "".join(c if c.isprintable() else "?" for c in spec)
    return shortened(f"./{name}" if name.startswith("_") else name)  # a legend leaves out labels that begin with _


@contextlib.contextmanager
def _picture(what: str, output: str, *specs: str) -> Iterator[Axes]:
    """Yield axes to draw on, and write them to the file."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (an optional dependency, and slow to import)
    except Exception as error:  # noqa: BLE001 (a broken install can raise anything)
        if isinstance(error, ModuleNotFoundError) and error.name == "matplotlib":
            _fail(f"{what} draws with matplotlib, which is not installed. Run `pip install matplotlib`.")
        again = "Run `pip install --force-reinstall matplotlib`."
        _fail(f"{what} draws with matplotlib, which cannot be imported: {error}. {again}")
    path, *_ = [_target(output, spec, "lr.png") for spec in specs]
    kind = path.suffix.lstrip(".").lower() or "png"
    figure = Figure(figsize=(8.0, 4.5), dpi=150, layout="constrained")
    if kind not in figure.canvas.get_supported_filetypes():
        _fail(f"{output}: got `.{kind}`; a picture is .png, .svg, .pdf or another that matplotlib writes. Name it so.")
    yield figure.add_subplot()
    picture = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure.savefig(picture, format=kind)
    except Exception as error:  # noqa: BLE001 (each file type uses its own library, which raises its own errors)
        other = "" if kind == "png" else " Name a .png."
        _fail(f"{output}: matplotlib cannot draw it as `.{kind}`: {error}.{other}")
    with _terminable(), replacing(path) as file, named(path):
        file.write(picture.getbuffer())


def _fail(message: str) -> NoReturn:
    """End the command with a message on stderr."""
    raise click.ClickException(message)


def _target(output: str, spec: str, example: str) -> Path:
    """Read `-o`. It must name a file, and not the SPEC."""
    if not output:
        _fail(refusal("-o", "nothing", "it must name a file", f"Write `-o {example}`."))
    if output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        _fail(f"{output}: a folder; the output is a file. Write `-o {output}{example}`.")
    if output == "-":
        _fail("`-o`: got -, standard output; the output takes its place whole, which only a file can. Name a file.")
    path = Path(output)
    with contextlib.suppress(OSError):
        if spec != "-" and path.samefile(spec):
            _fail(f"{output}: the SPEC itself, which would be lost. Name another file.")
    return path


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit, so that the temporary file is removed before the process ends."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, unwind) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _count(schedule: glidepath.Schedule, count: int | None, start: int) -> int:
    if count is None:
        if schedule.steps is None:
            _fail("`-n`: not given; this schedule has no end of its own. Say how many steps to write.")
        if start > schedule.steps:
            _fail(
                refusal(
                    "--start", start, f"this schedule ends at step {schedule.steps}", "Say with `-n` how many to write."
                )
            )
        return schedule.steps - start
    if start + count > LAST_STEP:
        _fail(refusal("-n", f"{count} from step {start} on", f"steps run to 2**53 = {LAST_STEP}", "Take fewer."))
    return count


@contextlib.contextmanager
def _progress(n: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar if stderr is a terminal. Yield a function to call with the number of steps just done."""
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    with click.progressbar(length=n, file=sys.stderr, update_min_steps=max(n // 200, 1)) as bar:
        yield bar.update


def _in_all(advance: Callable[[int], None]) -> Callable[[int], None]:
    """Return a function to call with the number of all steps done."""
    before = 0

    def progress(done: int) -> None:
        nonlocal before
        advance(done - before)
        before = done

    return progress


def _segment_table(schedule: glidepath.Schedule) -> Iterator[str]:
    """Yield the lines of the table of segments: a half-open range of steps, its first and last value, its schedule."""
    segments = schedule.segments()
    rows = [("from", "to", "first", "last", "part")]
    for start, end, part in segments[:_MOST_SEGMENTS]:
        last = "" if end is None else f"{schedule[end - 1]:.6g}"
        rows.append((f"{start:,}", "" if end is None else f"{end:,}", f"{schedule[start]:.6g}", last, part))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]])
    if len(segments) > _MOST_SEGMENTS:
        yield f"... and {len(segments) - _MOST_SEGMENTS:,} more"
