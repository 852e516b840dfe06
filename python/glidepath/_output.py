"""The output file of a command: it gets its name when it is whole and on the disk, or it is not there."""

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
_DEAD_AFTER = 24 * 60 * 60  # seconds; a process that still writes does so every few milliseconds


def fail(message: str) -> NoReturn:
    """End the command with a message on stderr."""
    raise click.ClickException(message)


def target(output: str, spec: str, example: str) -> Path:
    """Read `-o`: the name of a file, which is not the SPEC's."""
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
    """Write a file that takes `path`'s place once it is whole and on the disk; on any way out before that, nothing.

    ::

        <folder>/.glidepath-<random>.tmp    created new, written, fsync
        rename to <folder>/lr.npy           one file or the other has the name, never half of one
        fsync of <folder>                   the rename itself is on the disk

    Only a kill -9 leaves something behind: the temporary file. A run of a later day removes it.
    """
    if str(path) == "-":
        fail("`-o`: got -, standard output; the output takes its place whole, which only a file can. Name a file.")
    target = Path(os.path.realpath(path))  # through a symbolic link, as open() would: the link stays a link
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
    """Give the open file the mode and the owner of the target, or those of any new file if there is no target."""
    if os.name != "posix":
        return
    try:
        old = target.stat()
    except FileNotFoundError:
        mask = os.umask(0o077)  # it can only be read by setting it
        os.umask(mask)
        with contextlib.suppress(OSError):  # a file system without modes, as vfat
            os.fchmod(handle, 0o666 & ~mask)
        return
    mode = stat.S_IMODE(old.st_mode)
    for user, group, granted in ((-1, old.st_gid, stat.S_ISGID | stat.S_IRWXG), (old.st_uid, -1, stat.S_ISUID)):
        try:
            os.fchown(handle, user, group)
        except OSError:  # noqa: PERF203 (only root can give a file away: else the rights of the other do not go to us)
            mode &= ~granted
    with contextlib.suppress(OSError):
        os.fchmod(handle, mode)


def _remove_dead(folder: Path) -> None:
    """Remove the temporary files that killed processes have left."""
    for path in folder.glob("*".join(_TEMPORARY)):
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime > _DEAD_AFTER:
                path.unlink()


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
