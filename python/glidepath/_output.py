"""Writes the output file of a command. The file gets its name only when it is complete and on the disk."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import click

from glidepath._arguments import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["fail", "replacing", "target"]

_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_TEMPORARY = (".glidepath-", ".tmp")
_DEAD_AFTER = 24 * 60 * 60  # seconds; a running process writes every few milliseconds


def fail(message: str) -> NoReturn:
    """End the command with a message on stderr."""
    raise click.ClickException(message)


def target(output: str, spec: str, example: str) -> Path:
    """Read `-o`. It must name a file, and not the SPEC."""
    if not output:
        fail(refusal("-o", "nothing", "it must name a file", f"Write `-o {example}`."))
    if output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        fail(f"{output}: a folder; the output is a file. Write `-o {output}{example}`.")
    path = Path(output)
    with contextlib.suppress(OSError):
        if spec != "-" and path.samefile(spec):
            fail(f"{output}: the SPEC itself, which would be lost. Name another file.")
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that replaces `path` when it is complete and on the disk. After an error `path` is unchanged.

    ::

        <folder>/.glidepath-<random>.tmp    created, written, fsync
        rename to <folder>/lr.npy           the name always belongs to a complete file, the old or the new one
        fsync of <folder>                   now the rename is on the disk

    After a kill -9 the temporary file stays. A run a day later removes it.
    """
    if str(path) == "-":
        fail("`-o`: got -, standard output; the output takes its place whole, which only a file can. Name a file.")
    target = Path(os.path.realpath(path))  # follows a symbolic link, as open() does: the link stays a link
    if target.exists() and not target.is_file():
        fail(f"{path}: not a regular file; the output replaces it. Name a file.")
    if not target.parent.is_dir():
        fail(f"{path}: the folder {path.parent} is not there. Make it first, or name another.")
    if target.is_symlink():
        fail(f"{path}: too many levels of symbolic links. Name a file.")
    with _terminable():
        temporary = None
        try:
            _remove_dead(target.parent)
            handle, temporary = tempfile.mkstemp(_TEMPORARY[1], _TEMPORARY[0], target.parent)
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                _set_rights(handle, target)
                os.fsync(handle)
            Path(temporary).replace(target)
        except BaseException as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            if isinstance(error, OSError):
                fail(f"{path}: {error.strerror}")
            raise
        _sync_folder(target.parent)


def _set_rights(handle: int, target: Path) -> None:
    """Give the open file the mode and the owner of the target, or those of a new file if there is no target."""
    if os.name != "posix":
        return
    try:
        old = target.stat()
    except FileNotFoundError:
        mask = os.umask(0o077)  # the only way to read it is to set it
        os.umask(mask)
        with contextlib.suppress(OSError):  # a file system without modes, such as vfat
            os.fchmod(handle, 0o666 & ~mask)
        return
    mode = stat.S_IMODE(old.st_mode)
    for user, group, granted in ((-1, old.st_gid, stat.S_ISGID | stat.S_IRWXG), (old.st_uid, -1, stat.S_ISUID)):
        try:
            os.fchown(handle, user, group)
        except OSError:  # noqa: PERF203 (only root can change the owner; without that, drop the old owner's rights)
            mode &= ~granted
    with contextlib.suppress(OSError):
        os.fchmod(handle, mode)


def _remove_dead(folder: Path) -> None:
    """Remove the temporary files of killed processes."""
    for path in folder.glob("*".join(_TEMPORARY)):
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _DEAD_AFTER:
                path.unlink()


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


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # there a folder cannot be opened, and a rename needs no fsync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
