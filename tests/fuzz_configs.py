"""Damages the files of examples/configs, as values and as texts.

`read` gives a reading whose schedules have values, or an error in one line that names the file.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import glidepath as gp
from config_cases import CASES
from glidepath.configs import _files, _read

FOLDER = Path(__file__).parents[1] / "examples" / "configs"
WRONG: list[Any] = [
    None, True, False, 0, -1, 1, 3, 2**53, 2**63, 10**400, 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), "",
    "auto", "cosine", "-", "1e-4", "1e999", "${lr}", "${a.b}", "???", "1ba", "5ep", "100tok", "\u5b66", "x" * 1_000, [],
    {}, [1], [[]], {"a": 1}, {"type": "StepLR"}, ["auto"], [0.1, None], "../../etc/passwd", "__import__('os')",
]  # fmt: skip
PIECES = [b"\x00", b"\xff", b"{", b"]", b'"', b": ", b"\n", b"!!python/name:os", b"&a [*a]", b"<<: *a", b"dict(", b"$(",
          b"<<EOF\n", b"'", b"\\ \n", b" --lr ", b"A=(", b"${A[@]}", b"!A {", b"if x; then ", b"# "]  # fmt: skip
FOREIGN = re.compile(
    "invalid literal|int\\(\\) argument|unsupported operand|not supported between|object is not|must be real number|"
    "has no attribute|cannot convert float"
)
"""What Python itself says of a wrong type."""
KNOWN: dict[str, Any] = {"steps": 100, "steps_per_epoch": 10, "learning_rate": 0.1, "batch_size": 64, "world_size": 2}


def paths(values: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from paths(value, (*above, key))


def damaged(rng: random.Random, values: dict[str, Any]) -> dict[str, Any]:
    """The values with a few that are missing, of another type, or extreme."""
    values = copy.deepcopy(values)
    for _ in range(rng.randint(1, 3)):
        found = list(paths(values))
        if not found:
            return values
        *above, last = rng.choice(found)
        inner = values
        for key in above:
            inner = inner[key]
        what = rng.random()
        if what < 0.3:
            del inner[last]
        elif what < 0.9:
            inner[last] = copy.deepcopy(rng.choice(WRONG))
        else:  # a value of another place
            *others, other = rng.choice(found)
            source: Any = values
            for key in (*others, other):
                source = source[key]
            inner[last] = copy.deepcopy(source)
    return values


def once(rng: random.Random) -> None:
    for _ in range(10):
        try_values(rng)
        try_text(rng)


def try_values(rng: random.Random) -> None:
    path = FOLDER / rng.choice(CASES).file
    values = damaged(rng, _files.parsed(path))
    known = {name: value for name, value in KNOWN.items() if rng.random() < 0.7}
    check(lambda: _read.of_values(values, path.name, FOLDER, None, known, frozenset(KNOWN)))


def try_text(rng: random.Random) -> None:
    path = FOLDER / rng.choice(CASES).file
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 6)):
        at, end = sorted(rng.choices(range(len(data) + 1), k=2))
        end = min(end, at + 60)
        data[at:end] = rng.choice([b"", data[at:end] * 2, rng.choice(PIECES)])
    text = data.decode("utf-8", errors="replace")
    check(lambda: _read.of_values(_files.parsed(path, text), path.name, FOLDER, None, KNOWN, frozenset(KNOWN)))


def check(read: Callable[[], gp.Reading]) -> None:
    try:
        reading = read()
    except (ValueError, TypeError, OverflowError) as error:
        message = str(error)
        assert "\n" not in message, message
        assert len(message) < 1_000, message
        assert any(path.name in message for path in FOLDER.iterdir()), message
        assert not FOREIGN.search(message), message
        return
    for schedule in reading.schedules.values():
        schedule.gather([0, 1, 1_000])
    assert str(reading).startswith(reading.summary().split("\n", 1)[0])
