"""Reads files that the user names. A folder, a device, a socket or a pipe is refused before it is opened."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

from glidepath._arguments import refusal

__all__ = ["MOST_BYTES", "contents", "is_file", "is_there", "limited", "regular", "standard_input"]

MOST_BYTES = 256 << 20  # of a schedule in JSON, or of a log
_OPENED = ("/dev/fd/", "/dev/stdin")  # a pipe that the shell has opened, as for `<(...)`: its other end is there
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def regular(path: Path) -> Path:
    """Return the path of a regular file. To open another one may wait for ever, and to read it need not end."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode) and not (stat.S_ISFIFO(mode) and str(path).startswith(_OPENED)):
        got = _KINDS.get(stat.S_IFMT(mode), "no file")
        raise ValueError(refusal(str(path), got, "it must be a regular file", "Write its content into one."))
    return path


def contents(path: Path, most: int = MOST_BYTES, way_out: str = "Check that it is the right file.") -> bytes:
    """Return the bytes of a regular file of at most so many."""
    with regular(path).open("rb") as file:
        return limited(str(path), file.read(most + 1), most, way_out)


def standard_input() -> bytes:
    """Return the bytes of standard input, at most `MOST_BYTES`."""
    return limited("standard input", sys.stdin.buffer.read(MOST_BYTES + 1), MOST_BYTES, "Send a schedule or a config.")


def is_there(text: str) -> bool:
    """Whether a text is the path of something that exists. It can be a text of any kind and length."""
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long a name, or a null byte
        return False


def is_file(path: Path) -> bool:
    """Whether a path that stands in a config is a file. It can be a text of any kind and length."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def limited(place: str, data: bytes, most: int, way_out: str) -> bytes:
    """Return the bytes, which must be at most so many."""
    if len(data) > most:
        size = f"{most >> 20} MiB" if most >> 20 else f"{most >> 10} KiB"
        raise ValueError(refusal(place, f"more than {size}", f"it must have at most {size}", way_out))
    return data
