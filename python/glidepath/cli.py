"""The command ``glidepath``: pregenerate, look at, and check schedules that stand in JSON files."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NoReturn

import click
import numpy as np
from numpy.lib import format as npy

import glidepath
from glidepath._core import _shown
from glidepath.plot import horizon, plot, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["main"]

_CHUNK = 1 << 20  # bytes; in cache on the way to the page cache. 0.25 to 16 MiB took as long, 64 MiB twice as long
_CHUNK_OF_A_THREAD = 8 << 20  # with more threads: less, and starting them costs what they save
_LAST_STEP = 2**53
_MOST_SEGMENTS = 40
_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12}
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_MOST_DIGITS = 40
_INTERRUPTED = 128 + signal.SIGINT


class _Steps(click.ParamType[int]):
    """A whole number of steps, as people write large ones: 1000000, 1_000_000, 1e6, 1M."""

    name = "steps"
    _pattern = re.compile(r"(\d[\d_,]*)(?:\.(\d+))?(?:e\+?(\d{1,2}))?\s*([kmgbt]?)", re.IGNORECASE)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 (click's)
        if isinstance(value, int):
            return value
        match = self._pattern.fullmatch(value.strip())
        if value.strip().startswith("-"):
            self.fail(f"got {_shown(value)}; steps are counted from 0. Write it without the minus.", param, ctx)
        if match is None or len(value) > _MOST_DIGITS:
            shown = value if len(value) <= _MOST_DIGITS else value[:_MOST_DIGITS] + "..."
            self.fail(f"got {shown!r}; steps are a whole number. Write 1000000, 1_000_000, 1e6 or 1M.", param, ctx)
        whole, part, exponent, suffix = match.groups(default="")
        numerator: int = int(re.sub("[_,]", "", whole) + part) * 10 ** int(exponent or 0) * _SUFFIXES[suffix.lower()]
        denominator: int = 10 ** len(part)
        steps, rest = divmod(numerator, denominator)
        if rest:
            self.fail(f"got {value!r}; steps are a whole number. Leave out the fraction.", param, ctx)
        if steps > _LAST_STEP:
            self.fail(f"got {value!r}; steps run to 2**53 = {_LAST_STEP}. Take a smaller number.", param, ctx)
        return steps


_STEPS = _Steps()
_SPEC = click.argument("spec", type=click.Path(allow_dash=True))


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(glidepath.__version__, prog_name="glidepath")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Learning-rate schedules from JSON files: SPEC is a file, or - for standard input."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@cli.command()
@_SPEC
@click.option("-n", "--count", type=_STEPS, help="How many steps, as 1000000, 1e6 or 1M. [default: the schedule's]")
@click.option("-o", "--output", required=True, type=click.Path(), help="The .npy file to write; replaced if it exists.")
@click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True)
@click.option("--start", type=_STEPS, default=0, show_default=True, help="The first step.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="How many threads compute.")
def array(  # noqa: PLR0913 (click passes every option as a parameter)
    spec: str, count: int | None, output: str, dtype: Literal["float64", "float32"], start: int, threads: int
) -> None:
    """Write the learning rates of steps START..START+N to a .npy file.

    The values go to the disk a few megabytes at a time, so the length is bounded by the disk and not by the memory.
    The file appears under its name when it is whole and safely stored, or not at all.
    """
    schedule, _ = _load(spec)
    n = _count(schedule, count, start)
    path = Path(output)
    with _replacing(path) as file:
        _check_room(path, n * np.dtype(dtype).itemsize)
        npy.write_array_header_1_0(file, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (n,)})
        size = _CHUNK if threads == 1 else threads * _CHUNK_OF_A_THREAD
        buffer = np.empty(min(n, size // np.dtype(dtype).itemsize), dtype=dtype)
        with _progress(n) as advance:
            for done in range(0, n, max(buffer.size, 1)):
                chunk = buffer[: n - done]
                schedule.fill(chunk, start=start + done, threads=threads)
                file.write(chunk.data)
                advance(chunk.size)


@cli.command()
@_SPEC
@click.option("--steps", type=_STEPS, help="How many steps the drawing shows. [default: the schedule's]")
def show(spec: str, steps: int | None) -> None:
    """Print the expression, its segments as a table, its first and last value, and a drawing."""
    schedule, about = _load(spec)
    drawn = horizon(schedule) if steps is None else steps
    drawing = sparkline(schedule, drawn)
    if about:
        click.echo(f"{about}\n")
    click.echo(f"{schedule!r}\n")
    for line in _segment_table(schedule):
        click.echo(line)
    end = schedule.steps
    click.echo(f"\nlength  {'without end' if end is None else f'{end:,} steps'}")
    click.echo(f"first   {schedule[0]!r} at step 0")
    if end is not None:
        click.echo(f"last    {schedule[end]!r} at step {end:,}")
    if drawn != end:
        click.echo(f"drawn   to {schedule[drawn]!r} at step {drawn:,}")
    click.echo(f"\n{drawing}")


@cli.command()
@_SPEC
@click.argument("step", type=_STEPS, nargs=-1, required=True)
def at(spec: str, step: tuple[int, ...]) -> None:
    """Print the learning rate of each STEP, a line each, in the fewest digits that tell the float64."""
    schedule, _ = _load(spec)
    for one in step:
        click.echo(repr(schedule.at(one)))


@cli.command("plot")
@_SPEC
@click.option("-o", "--output", required=True, type=click.Path(), help="The picture to write: .png, .svg, .pdf, ...")
@click.option("--steps", type=_STEPS, help="How many steps. [default: the schedule's]")
def plot_(spec: str, output: str, steps: int | None) -> None:
    """Draw the schedule into a file. Needs matplotlib: pip install glidepath[plot]."""
    schedule, about = _load(spec)
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (an extra: only who plots pays for it)
    except ImportError:
        _fail("`plot` draws with matplotlib, which is not installed. Run `pip install glidepath[plot]`.")
    path = Path(output)
    kind = path.suffix.lstrip(".").lower() or "png"
    figure = Figure(figsize=(8.0, 4.5), dpi=150, layout="constrained")
    if kind not in figure.canvas.get_supported_filetypes():
        _fail(f"{output}: got `.{kind}`; a picture is .png, .svg, .pdf or another that matplotlib writes. Name it so.")
    axes = plot(schedule, ax=figure.add_subplot(), steps=steps)
    if about:
        axes.set_title(about, fontsize="small", wrap=True)
    with _replacing(path) as file:
        figure.savefig(file, format=kind)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a SPEC, for editors and validators."""
    click.echo(glidepath.schema())


def main() -> NoReturn:
    """Run the command and leave Python: 0 when done, 2 with one line on stderr for whatever the user can mend."""
    try:
        sys.exit(cli.main(prog_name="glidepath", standalone_mode=False))
    except click.Abort:
        click.echo("glidepath: interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except click.ClickException as error:
        _complain(error.format_message())
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
    except (ValueError, TypeError, IndexError, MemoryError) as error:
        _complain(str(error) or type(error).__name__)
    sys.exit(2)


def _complain(message: str) -> None:
    click.echo(f"glidepath: {' '.join(message.split())}", err=True)


def _fail(message: str) -> NoReturn:
    raise click.ClickException(message)


def _load(spec: str) -> tuple[glidepath.Schedule, str]:
    """Read SPEC: the schedule, and what the file says about itself."""
    name = "standard input" if spec == "-" else spec
    try:
        content = sys.stdin.buffer.read() if spec == "-" else Path(spec).read_bytes()
        text = content.decode("utf-8")
        schedule = glidepath.Schedule.from_json(text)
    except OSError as error:
        _fail(f"{name}: {error.strerror}")
    except UnicodeDecodeError as error:
        _fail(f"{name}: byte {error.start} is not UTF-8; a spec is a JSON text. Check that it is the right file.")
    except (ValueError, TypeError) as error:
        _fail(f"{name}: {error}")
    about = str(json.loads(text).get("about", ""))
    return schedule, "".join(c if c.isprintable() or c == "\n" else " " for c in about)


def _count(schedule: glidepath.Schedule, count: int | None, start: int) -> int:
    if count is None:
        if schedule.steps is None:
            _fail("`-n`: not given; this schedule has no end of its own. Say how many steps to write.")
        if start > schedule.steps:
            _fail(
                f"`--start`: got {start}; this schedule ends at step {schedule.steps}. Say with `-n` how many to write."
            )
        return schedule.steps - start
    if start + count > _LAST_STEP:
        _fail(f"`-n`: got {count} from step {start} on; steps run to 2**53 = {_LAST_STEP}. Take fewer.")
    return count


def _check_room(path: Path, size: int) -> None:
    # A few noughts too many would fill the disk before they fail, and stop everybody else on it meanwhile.
    folder = Path(os.path.realpath(path)).parent
    free = shutil.disk_usage(folder).free
    if size > free:
        _fail(f"`-n`: got {size / 1e9:,.1f} GB to write; {folder} has {free / 1e9:,.1f} GB free. Take fewer steps.")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that takes `path`'s place once it is whole and on the disk; on any way out before that, nothing.

    ::

        <folder>/.lr.npy.4711.tmp     created new, written, fsync
        rename to <folder>/lr.npy     one file or the other has the name, never half of one
        fsync of <folder>             the rename itself is on the disk

    Only a kill -9 leaves something behind: the temporary file.
    """
    if str(path) == "-":
        _fail("`-o`: got -, standard output; the output takes its place whole, which only a file can. Name a file.")
    target = Path(os.path.realpath(path))  # through a symbolic link, as open() would: the link stays a link
    if target.exists() and not target.is_file():
        _fail(f"{path}: not a regular file; the output replaces it. Name a file.")
    if not target.parent.is_dir():
        _fail(f"{path}: the folder {path.parent} is not there. Make it first, or name another.")
    if target.is_symlink():
        _fail(f"{path}: too many levels of symbolic links. Name a file.")
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    with _terminable():
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException as error:
            if not isinstance(error, FileExistsError):
                temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                _fail(f"{path}: {error.strerror}")
            raise
        _sync_folder(target.parent)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind, as Ctrl-C does: by themselves they end the process with no chance to clear up."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, unwind) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # where a folder cannot be opened, and a rename is durable without
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _progress(n: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr where somebody is looking; yield what to call with every number of steps done."""
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    with click.progressbar(length=n, file=sys.stderr, update_min_steps=max(n // 200, 1)) as bar:
        yield bar.update


def _segment_table(schedule: glidepath.Schedule) -> Iterator[str]:
    """Yield the lines of the table of segments: a half-open range of steps, its first and last value, its part."""
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
