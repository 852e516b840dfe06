"""``Schedule.save`` and the file that it makes: values in numpy's format, and the schedule beside them."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from glidepath._arguments import refusal
from glidepath._contents import contents, regular
from glidepath._core import Schedule, _shown
from glidepath._output import named, real_target, remove_dead, replacing
from glidepath._tensors import KEY, RULE, SUFFIX, read_tensor, write_tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["CHUNK", "KINDS", "save", "saved_file"]

KINDS = (".npy", SUFFIX)

CHUNK = 1 << 20  # bytes; it stays in the CPU's cache. 0.25 to 16 MiB took equally long, 64 MiB twice as long
_CHUNK_OF_A_THREAD = 8 << 20  # with smaller chunks it takes as long to start the threads as they save
_SMALL = 1 << 16  # bytes; the schedule of a file is left out if it is longer than this and than the file, as a table is
_SAMPLE = 1_000
_DTYPES = ("float64", "float32")


def save(  # noqa: PLR0913 (the arguments of `Schedule.save`)
    schedule: Schedule,
    path: Any,  # noqa: ANN401 (checked here)
    n: int,
    dtype: str,
    start: int,
    threads: int,
    progress: Callable[[int], object] | None,
    resume: bool,  # noqa: FBT001 (as `Schedule.save` passes it)
    place: str = "save.n",
) -> int:
    """Write the values to a file, and the schedule beside it. Return how many values were there already.

    ``place`` names ``n`` in messages.
    """
    path = _as_path(path)
    if progress is None:
        progress = _ignore
    if not callable(progress):
        raise TypeError(refusal("save.progress", _shown(progress), "it must be a function of the steps done"))
    threads = min(threads, os.cpu_count() or 1)
    of_the_file = schedule.skip(start) if start else schedule
    if path.suffix == SUFFIX:
        if resume:
            rule = "a safetensors file is made in memory, and so it is never partial"
            raise ValueError(refusal("save.resume", resume, rule, "Leave it out, or name a .npy file."))
        _check_room(path, n * np.dtype(dtype).itemsize, place)
        write_tensor(path, lambda: of_the_file.array(n, dtype=np.dtype(dtype), threads=threads), of_the_file.to_json())
        progress(n)
        return 0
    beside = _beside(path)
    _check_replaceable(path, beside)
    work = _Work(schedule, n, np.dtype(dtype), start, threads)
    kept = n if resume and _is_complete(path, work) else _write(path, work, progress, place, resume=resume)
    if kept == n:
        progress(n)
    _describe(beside, of_the_file, len(work.header) + work.size)
    return kept


class _Work:
    """The values of ``n`` steps, made in a buffer."""

    def __init__(self, schedule: Schedule, n: int, dtype: np.dtype[Any], start: int, threads: int) -> None:
        self.schedule, self.n, self.dtype, self.start, self.threads = schedule, n, dtype, start, threads
        self.size = n * dtype.itemsize
        chunk = CHUNK if threads == 1 else threads * _CHUNK_OF_A_THREAD
        self.buffer: NDArray[Any] = np.empty(min(n, chunk // dtype.itemsize), dtype=dtype)
        header = io.BytesIO()
        npy.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": (n,)})
        self.header = header.getvalue()

    def values(self, done: int) -> NDArray[Any]:
        """Return the next values after ``done``, as many as the buffer holds."""
        chunk = self.buffer[: self.n - done]
        return self.schedule.fill(chunk, start=self.start + done, threads=self.threads)

    def right(self, file: IO[bytes], progress: Callable[[int], object]) -> int:
        """Return how many of the file's next values are, from the first on, those of the schedule in every bit."""
        done = 0
        while done < self.n:
            want = self.values(done)
            read = file.read(want.nbytes)
            got = np.frombuffer(read, want.dtype, len(read) // want.itemsize)
            bits = f"u{want.itemsize}"
            wrong = np.flatnonzero(got.view(bits) != want[: got.size].view(bits))
            done += int(wrong[0]) if wrong.size else got.size
            if wrong.size or got.size < want.size:
                break
            progress(done)
        return done


def _write(path: Path, work: _Work, progress: Callable[[int], object], place: str, *, resume: bool) -> int:
    with replacing(path, resume=resume) as file:
        _check_room(path, len(work.header) + work.size - os.fstat(file.fileno()).st_size, place)
        with named(path):
            file.write(work.header)
            file.seek(len(work.header))
        kept = done = work.right(file, progress) if resume else 0
        with named(path):
            file.seek(len(work.header) + done * work.dtype.itemsize)
            file.truncate()
        while done < work.n:
            chunk = work.values(done)
            with named(path):
                _write_all(file, chunk)
            done += chunk.size
            progress(done)
    return kept


def _write_all(file: IO[bytes], values: NDArray[Any]) -> None:
    """Write in pieces, between which Ctrl-C is heard: to a slow disk, each can take a while."""
    piece = CHUNK // values.itemsize
    for first in range(0, values.size, piece):
        file.write(values[first : first + piece].data)


def _is_complete(path: Path, work: _Work) -> bool:
    target = real_target(path)
    if not target.is_file() or target.stat().st_size != len(work.header) + work.size:
        return False
    with named(path), target.open("rb") as file:
        if file.read(len(work.header)) != work.header or work.right(file, _ignore) != work.n:
            return False
        remove_dead(target)
    return True


def _ignore(_done: int) -> None:
    pass


def _as_path(path: Any) -> Path:  # noqa: ANN401 (anything)
    try:
        return Path(os.fsdecode(path))
    except TypeError:
        raise TypeError(refusal("save.path", _shown(path), "it must name a file", "Write `lr.npy`.")) from None


def _check_room(path: Path, size: int, place: str) -> None:
    # Without this check, a number with too many zeros would fill the disk and disturb other programs before it fails.
    folder = Path(os.path.realpath(path)).parent
    free = shutil.disk_usage(folder).free
    if size > free:
        got, rule = f"{_in_bytes(size)} to write", f"{folder} has {_in_bytes(free)} free"
        raise ValueError(refusal(place, got, rule, "Take fewer steps."))


def _in_bytes(size: int) -> str:
    """Return a file size as text.

    >>> _in_bytes(72_000_000_000_000_000), _in_bytes(1_600_128), _in_bytes(136)
    ('72,000,000.0 GB', '1.6 MB', '136 bytes')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size} bytes"


# The schedule beside the file.


def _beside(path: Path) -> Path:
    target = Path(os.path.realpath(path))
    return target.with_name(f"{target.name}.json")


def _check_replaceable(path: Path, beside: Path) -> None:
    """Raise ValueError if the schedule would replace something that is no schedule."""
    try:
        text = contents(beside).decode()
        Schedule.from_json(text)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
            raise
    except (ValueError, TypeError):
        rule = f"it is not a schedule, and the schedule of {path.name} takes its place"
        raise ValueError(f"{beside}: is there already; {rule}. Move it, or name another file.") from None


def _describe(beside: Path, schedule: Schedule, size: int) -> None:
    line = f"{schedule.to_json()}\n".encode()
    if len(line) > max(size, _SMALL):
        with contextlib.suppress(OSError):
            beside.unlink()
        return
    try:
        with replacing(beside) as file, named(beside):
            file.write(line)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise


def saved_file(path: Path) -> Saved | SavedTensor:
    """Open a file of learning rates."""
    return SavedTensor(regular(path)) if path.suffix == SUFFIX else Saved(regular(path))


class Saved:
    """A .npy file of learning rates."""

    def __init__(self, path: Path) -> None:
        self.path = path
        rule = "it must be a .npy file of float64 or float32, of one dimension"
        with path.open("rb") as file:
            try:
                version = npy.read_magic(file)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = read(file)
            except ValueError:
                raise ValueError(f"{path}: {rule}. Save one with `schedule.save` or `numpy.save`.") from None
            self.offset = file.tell()
        if len(shape) != 1 or not dtype.isnative or dtype.name not in _DTYPES:
            raise ValueError(refusal(str(path), f"{dtype} values of shape {shape}", rule))
        self.n, self.dtype = int(shape[0]), dtype

    def schedule(self, *, check: bool = False) -> Schedule:
        """Read the schedule that stands beside the file. ``check`` compares it with a sample of the file's values."""
        path, beside = self.path, _beside(self.path)
        try:
            schedule = Schedule.from_json(contents(beside).decode())
        except FileNotFoundError:
            raise ValueError(f"{path}: no schedule is beside it, in {beside.name}. {_no_schedule(path)}") from None
        except (ValueError, TypeError) as error:
            raise ValueError(f"{beside}: {error}") from None
        if check and self.n and (step := self._sampled_mismatch(schedule)) is not None:
            way_out = f"Write `glidepath verify {path}` for the first such step."
            raise ValueError(f"{path}: not what {beside.name} says, for example at step {step:,}. {way_out}")
        return schedule

    def mismatch(self, schedule: Schedule, start: int, progress: Callable[[int], object]) -> str:
        """Return which value is the first that the schedule does not have, or nothing."""
        work = _Work(schedule, self.n, self.dtype, start, 1)
        with self.path.open("rb") as file:
            file.seek(self.offset)
            done = work.right(file, progress)
            if done == self.n:
                rest = len(file.read(1))
                return f"{self.path}: has bytes after its {self.n:,} values" if rest else ""
            file.seek(self.offset + done * self.dtype.itemsize)
            got = np.frombuffer(file.read(self.dtype.itemsize).ljust(self.dtype.itemsize), self.dtype)
            if os.fstat(file.fileno()).st_size < self.offset + (done + 1) * self.dtype.itemsize:
                return f"{self.path}: ends before step {start + done:,}; its header says {self.n:,} values"
        return _difference(self.path, schedule, start + done, got[0])

    def _sampled_mismatch(self, schedule: Schedule) -> int | None:
        """Return one of some steps at which the schedule has another value."""
        steps = np.unique(np.random.default_rng(0).integers(0, self.n, _SAMPLE))
        steps = np.union1d(steps, [0, self.n - 1])
        values = npy.open_memmap(self.path, mode="r")[steps]
        wrong = steps[values != schedule.gather(steps, dtype=self.dtype)]
        return int(wrong[0]) if wrong.size else None


class SavedTensor:
    """A safetensors file of learning rates."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values, self._text = read_tensor(path)
        self.n, self.dtype = self._values.size, self._values.dtype
        if self._values.ndim != 1 or self.dtype.name not in _DTYPES:
            raise ValueError(refusal(str(path), f"{self.dtype} values of shape {self._values.shape}", RULE))

    def schedule(self, *, check: bool = False) -> Schedule:
        """Read the schedule in the file's metadata. ``check`` compares it with the file's values."""
        if self._text is None:
            raise ValueError(f"{self.path}: no schedule is in its metadata, as `{KEY}`. {_no_schedule(self.path)}")
        try:
            schedule = Schedule.from_json(self._text)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{self.path}: the schedule in its metadata: {error}") from None
        if check and (found := self.mismatch(schedule, 0, _ignore)):
            raise ValueError(f"{found}. That schedule is in its metadata.")
        return schedule

    def mismatch(self, schedule: Schedule, start: int, progress: Callable[[int], object]) -> str:
        """Return which value is the first that the schedule does not have, or nothing."""
        work = _Work(schedule, self.n, self.dtype, start, 1)
        done = work.right(io.BytesIO(self._values.data), progress)
        return "" if done == self.n else _difference(self.path, schedule, start + done, self._values[done])


def _no_schedule(path: Path) -> str:
    return f"Write `glidepath verify SPEC {path}` with the schedule that it may be."


def _difference(path: Path, schedule: Schedule, step: int, got: np.floating[Any]) -> str:
    want = schedule.array(1, start=step, dtype=got.dtype)[0]
    return f"{path}: differs at step {step:,}: it has {got!s}, the schedule {want!s}"
