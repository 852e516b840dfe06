"""Starts the command ``glidepath``. Prints one line and no traceback if something is missing.

It imports only what Python has loaded by itself, or nearly so: a Ctrl-C during these imports is still a traceback.
"""

from __future__ import annotations

import os
import signal
import sys

from glidepath._complaint import INTERRUPTED, complain

TYPE_CHECKING = False  # `typing` takes long to import
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

__all__ = ["exit_on_interrupt", "is_command", "main"]

_FAILED = 2


def is_command() -> bool:
    """Return whether this process runs the command, and not a program that imports the package."""
    script = os.path.basename(sys.argv[0])  # noqa: PTH119 (`pathlib` takes long to import)
    return sys.orig_argv[1:3] == ["-m", "glidepath"] or script in {"glidepath", "glidepath.exe"}


def exit_on_interrupt() -> None:
    """Let Ctrl-C end the process with one line. During the imports, 0.2 s, Python would print a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # a shell's background jobs ignore the signal
        signal.signal(signal.SIGINT, _exit)


def main() -> NoReturn:
    """Run the command and exit: with 0 when done, 1 for a difference, 2 after one line on stderr for a user's error."""
    _open_closed_streams()
    try:
        from glidepath import cli  # noqa: PLC0415 (it needs click)
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        complain("the command needs click, which is not installed. Run `pip install click`.")
        sys.exit(_FAILED)
    if signal.getsignal(signal.SIGINT) is _exit:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # now Ctrl-C must remove temporary files
    try:
        status = cli.run()
    except KeyboardInterrupt:
        complain("interrupted")
        status = INTERRUPTED
    exit_on_interrupt()
    sys.exit(status)


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"glidepath: interrupted\n")
    os._exit(INTERRUPTED)


def _open_closed_streams() -> None:
    """Open /dev/null for each closed standard stream. Otherwise the next file gets its number, and its output."""
    for number in range(3):
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (it stays open)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
