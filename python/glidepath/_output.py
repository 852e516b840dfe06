"""Writes a file that gets its name only when it is complete and on the disk.

::

    <folder>/.glidepath-<digest of the name>-<random>.tmp    created, locked, written, fsync
    rename to <folder>/lr.npy           the name always belongs to a complete file, the old or the new one
    fsync of <folder>                   now the rename is on the disk

The lock ends with its process. So a temporary file that nobody has locked is what a killed process left: the next file
of the same name removes it or goes on with it, and a file of another name removes it after a day. Where the file system
has no locks, it counts as left when nothing was written to it for a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import stat
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["named", "real_target", "remove_dead", "replacing"]

# Windows has no such module. There an open file can be neither renamed nor removed.
_fcntl: Any = None if sys.platform == "win32" else importlib.import_module("fcntl")
_TEMPORARY = (".glidepath-", ".tmp")
_DEAD_AFTER = 24 * 60 * 60  # seconds; a running process writes every few milliseconds
_OPEN = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Let an OSError name the file that the user knows, and not the temporary one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def real_target(path: Path) -> Path:
    """Return the file that a symbolic link stands for, or raise ValueError if no file can be replaced there."""
    target = Path(os.path.realpath(path))  # follows a symbolic link, as open() does: the link stays a link
    if target.exists() and not target.is_file():
        raise ValueError(f"{path}: not a regular file; the output replaces it. Name a file.")
    if not target.parent.is_dir():
        raise ValueError(f"{path}: the folder {path.parent} is not there. Make it first, or name another.")
    if target.is_symlink():
        raise ValueError(f"{path}: too many levels of symbolic links. Name a file.")
    return target


@contextlib.contextmanager
def replacing(path: Path, *, resume: bool = False) -> Iterator[IO[bytes]]:
    """Write a file that replaces ``path`` when it is complete and on the disk. After an error ``path`` is unchanged.

    With ``resume`` the file begins as what a dead process left of it, and stays there after an interrupt.
    """
    target = real_target(path)
    file: IO[bytes] | None = None
    temporary: Path | None = None
    try:
        with named(path):
            file, temporary = _left(target) if resume else (None, None)
            remove_dead(target)
            if file is None or temporary is None:
                file, temporary = _created(target)
        yield file
        with named(path):
            file.flush()
            _set_rights(file.fileno(), target)
            _sync(file.fileno())
            if _fcntl is None:
                file.close()
            temporary.replace(target)  # with the lock: without it another process could remove the file
    except BaseException as error:
        if file is not None and temporary is not None and (not resume or isinstance(error, Exception)):
            _discard(file, temporary)
        raise
    finally:
        with contextlib.suppress(OSError):  # what the buffer holds may not fit on the disk
            if file is not None:
                file.close()
    with named(path):
        _sync_folder(target.parent)


def remove_dead(target: Path) -> None:
    """Remove what killed processes left of this file, and after a day what they left of any other."""
    own = _prefix(target)
    for path in target.parent.glob("*".join(_TEMPORARY)):
        with contextlib.suppress(OSError):
            if path.name.startswith(own) or _is_old(path):
                file = _claimed(path)
                if file is not None:
                    _discard(file, path)


def _left(target: Path) -> tuple[IO[bytes] | None, Path | None]:
    """Open the longest file that a dead process left of this one."""
    found: list[tuple[int, Path]] = []
    for path in target.parent.glob(f"{_prefix(target)}*{_TEMPORARY[1]}"):
        with contextlib.suppress(OSError):
            found.append((path.lstat().st_size, path))
    for _, path in sorted(found, reverse=True):
        with contextlib.suppress(OSError):
            file = _claimed(path)
            if file is not None:
                return file, path
    return None, None


def _created(target: Path) -> tuple[IO[bytes], Path]:
    while True:
        handle, name = tempfile.mkstemp(_TEMPORARY[1], _prefix(target), target.parent)
        try:
            file = os.fdopen(handle, "r+b")
            if _lock(handle) is not False and _has_name(handle, Path(name)):
                return file, Path(name)
        except BaseException:  # a signal too
            Path(name).unlink(missing_ok=True)
            raise
        file.close()  # another process saw it before it was locked, and removes it


def _claimed(path: Path) -> IO[bytes] | None:
    """Open and lock a temporary file. Return None if it is a running process's, or not a file of this user's."""
    file = os.fdopen(os.open(path, _OPEN), "r+b")
    locked = _lock(file.fileno())
    if (locked or (locked is None and _is_old(path))) and _has_name(file.fileno(), path):
        return file
    file.close()
    return None


def _lock(handle: int) -> bool | None:
    """Lock the file until it is closed. Return False if another process has the lock, None if there are no locks."""
    if _fcntl is None:
        return None
    try:
        _fcntl.flock(handle, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _has_name(handle: int, path: Path) -> bool:
    """Return whether the open file still has its name, is a regular file with one name, and is this user's."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        return False
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        return False
    return path.exists() and os.path.samestat(status, path.lstat())


def _discard(file: IO[bytes], path: Path) -> None:
    if _fcntl is None:
        with contextlib.suppress(OSError):
            file.close()
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.close()


def _prefix(target: Path) -> str:
    # A digest: the name itself may be as long as the file system allows.
    return f"{_TEMPORARY[0]}{hashlib.blake2b(os.fsencode(target.name), digest_size=8).hexdigest()}-"


def _is_old(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > _DEAD_AFTER


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


def _sync(handle: int) -> None:
    """Write the file to the disk. It can take seconds, so a thread does it: Ctrl-C ends the wait at once."""
    copy, errors = os.dup(handle), []

    def sync() -> None:
        try:
            os.fsync(copy)
        except OSError as error:
            errors.append(error)
        finally:
            os.close(copy)

    thread = threading.Thread(target=sync, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # there a folder cannot be opened, and a rename needs no fsync
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
