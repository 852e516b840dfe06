"""Passes random and damaged texts to `Schedule`, and writes random schedules and reads them back.

A JSON text either raises a short ValueError that names a place, or it gives a schedule that round-trips through JSON,
`repr` and pickle. So does an expression, which may also raise the TypeError of a constructor. By Python's audit events
nothing is imported, opened or executed while an expression is read.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import random
import re
import string
import sys
import unicodedata  # noqa: F401 (which Python's parser imports for a name with an accent)
from collections.abc import Callable, Iterator
from typing import Any

import glidepath as gp
from cases import random_nested
from expression import MAX_STEP
from glidepath import _core

NUMBERS = (
    0, 1, -1, 2, 7, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), 0.0, -0.0, 0.1, 1e308, 5e-324, 1e-3, 10**30, 0.5,
)  # fmt: skip
WORDS = (
    "kind", "of", "parts", "at", "glidepath", "schedule", "about", "null", "true", "NaN", "Infinity", "1e999", "-", "[",
    "]", "{", "}", ",", ":", '"', "\\", "\\u0000", "\\ud800", "0x1", "01", "1.", ".5", "\ufeff", "\n", " ", "é", "💥",
)  # fmt: skip


def once(rng: random.Random) -> None:
    whole = schedule(rng)
    assert_round_trips(whole)
    for _ in range(10):
        check(rng.choice(WAYS)(rng, whole.to_json()))
        check_expression(damaged_expression(rng))


def check(text: str | bytes) -> None:
    try:
        read = gp.Schedule.from_json(text)
    except ValueError as error:
        message = str(error)
        assert message.startswith("`$"), message
        assert len(message) < 6_000, message
        assert message.isprintable() or "\n" not in message, message
    else:
        assert_round_trips(read)


def check_expression(text: str) -> None:
    with audited() as events:
        try:
            read = gp.Schedule(text)
        except (ValueError, TypeError) as error:
            read = None
            message = str(error)
    assert set(events) <= {"compile"}, (text, events)
    if read is None:
        assert len(message) < 600, message
        assert message.startswith("`") or re.match(r"\w+(\.\w+)?\(\) ", message), message
        assert message.isprintable(), message
    else:
        assert isinstance(read, gp.Schedule)
        assert_round_trips(read)


@contextlib.contextmanager
def audited() -> Iterator[list[str]]:
    """Collect Python's audit events: imports, files, compiled and executed code, attributes of functions and frames."""
    events: list[str] = []
    LISTENERS.append(events)
    try:
        yield events
    finally:
        LISTENERS.pop()


gp.Schedule("constant(1)")  # imports what reads expressions
LISTENERS: list[list[str]] = []
assert gp.Clock  # glidepath's own modules are imported when they are first used: not while the hook listens
sys.addaudithook(lambda event, _: LISTENERS[-1].append(event) if LISTENERS else None)  # a hook cannot be removed


def refused(error: BaseException) -> None:
    assert len(str(error)) < 600, str(error)


def assert_round_trips(whole: Any) -> None:
    text = whole.to_json()
    again = gp.Schedule.from_json(text)
    assert again == whole, text
    assert hash(again) == hash(whole)
    assert again.to_json() == text
    assert gp.Schedule.from_json(text.encode()) == whole
    assert pickle.loads(pickle.dumps(whole)) == whole
    if "to_json()` writes them all" not in repr(whole):
        assert eval(repr(whole), {"gp": gp}) == whole, repr(whole)


def schedule(rng: random.Random) -> Any:
    """A random schedule; a third of them have lengths near the last possible step."""
    if rng.random() < 0.6:
        return random_nested(rng, rng.randint(0, 3)).build(gp)
    parts = [leaf(rng)]
    for _ in range(rng.randint(1, 12)):
        try:
            parts.append(combined(rng, rng.choice(parts), rng.choice(parts) if rng.random() < 0.5 else leaf(rng)))
        except ValueError as error:
            refused(error)
    return parts[-1]


def number(rng: random.Random) -> float:
    return rng.choice((0.0, -0.0, 1.0, -1.0, 0.1, 1e308, -1e308, 5e-324, rng.uniform(-1, 1), rng.lognormvariate(0, 50)))


def length(rng: random.Random) -> int:
    return rng.choice((1, 2, rng.randint(1, 100), rng.randint(1, MAX_STEP), MAX_STEP, MAX_STEP - rng.randint(1, 100)))


def leaf(rng: random.Random) -> Any:
    makers: tuple[Callable[[], Any], ...] = (
        lambda: gp.constant(number(rng)),
        lambda: gp.linear(number(rng), number(rng), length(rng)),
        lambda: gp.cosine(number(rng), number(rng), length(rng)),
        lambda: gp.table([number(rng) for _ in range(rng.choice((1, 2, 5, 999, 1_000, 1_001)))]),
        lambda: gp.exponential(number(rng), abs(number(rng)) or 1.0, per=length(rng), stair=rng.random() < 0.5),
        lambda: gp.piecewise_constant([number(rng), number(rng)], [length(rng)]),
        lambda: gp.triangle(number(rng), number(rng), rng.randint(1, 9)),
        lambda: gp.replay("torch.StepLR", base_lr=number(rng), step_size=rng.randint(1, 9), gamma=number(rng)),
        lambda: gp.replay("torch.MultiStepLR", base_lr=number(rng), milestones=[rng.randint(-5, 2**40)] * 2),
        lambda: gp.replay("torch.CyclicLR", base_lr=0.1, max_lr=abs(number(rng)), mode="exp_range"),
    )  # fmt: skip
    while True:
        try:
            return rng.choice(makers)()
        except (ValueError, OverflowError) as error:
            refused(error)


def combined(rng: random.Random, a: Any, b: Any) -> Any:
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: a >> b,
        lambda: a.then(b, at=length(rng)),
        lambda: a.then(b.then(a, at=length(rng)), at=length(rng)),
        lambda: a + b,
        lambda: a * b,
        lambda: a - b,
        lambda: number(rng) * a,
        lambda: number(rng) + a,
        lambda: a + number(rng),
        lambda: a / number(rng),
        lambda: -a,
        lambda: a.clamp(*sorted((number(rng), number(rng)))),
        lambda: a.clamp(high=number(rng)),
        lambda: a.delay(length(rng)),
        lambda: a.repeat(rng.choice((None, 1, 2, length(rng)))),
        lambda: a.hold(length(rng)),
        lambda: a.by_epoch(rng.choice((1, 2, length(rng)))),
    )
    return rng.choice(kinds)()


# Ways to damage a text.


def bytes_of_any_kind(rng: random.Random, _: str) -> bytes:
    return rng.randbytes(rng.randint(0, 60))


def words(rng: random.Random, _: str) -> str:
    return "".join(rng.choice((*WORDS, *map(repr, NUMBERS), *string.ascii_letters)) for _ in range(rng.randint(0, 40)))


def spliced(rng: random.Random, text: str) -> str:
    """The text with pieces deleted, doubled, moved or overwritten."""
    for _ in range(rng.randint(1, 4)):
        i, j, k = sorted(rng.randint(0, len(text)) for _ in range(3))
        j, k = min(j, i + 30), min(k, j + 30)
        text = rng.choice((
            text[:i] + text[j:], text[:j] + text[i:], text[:i] + text[j:k] + text[i:j] + text[k:],
            text[:i] + rng.choice(WORDS) + text[i:], text[:i] + repr(rng.choice(NUMBERS)) + text[j:], text[:i],
        ))  # fmt: skip
    return text


def damaged_bytes(rng: random.Random, text: str) -> bytes:
    damaged = bytearray(text.encode())
    for _ in range(rng.randint(1, 3)):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def another_tree(rng: random.Random, text: str) -> str:
    """Valid JSON, with some values, keys or items replaced."""
    tree = json.loads(text)
    nodes = list(containers(tree))
    for _ in range(rng.randint(1, 3)):
        node = rng.choice(nodes)
        if isinstance(node, dict) and node:
            key = rng.choice(list(node))
            if rng.random() < 0.3:
                node[rng.choice((*WORDS, "low", "steps", "values"))] = node.pop(key)
            else:
                node[key] = any_value(rng, nodes)
        elif isinstance(node, list) and node:
            i = rng.randrange(len(node))
            node[i : i + rng.randint(0, 2)] = [any_value(rng, nodes) for _ in range(rng.randint(0, 2))]
    try:
        return json.dumps(tree, indent=rng.choice((None, 1)))
    except (ValueError, RecursionError):  # a node that contains itself
        return text


def containers(tree: Any) -> Any:
    yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(inner, (dict, list)):
            yield from containers(inner)


def any_value(rng: random.Random, nodes: list[Any]) -> Any:
    kind = rng.choice((*_core.SHAPES, *_core.REPLAYS, "then", "sum", "product", "clamp", "repeat", "nonsense"))
    return rng.choice(
        (None, True, "", "triangular", kind, [], {}, [1, 2], [[]], rng.choice(NUMBERS), rng.choice(nodes))
    )


def damaged_expression(rng: random.Random) -> str:
    """An expression with a few of its tokens deleted, doubled, moved or replaced."""
    whole = random_nested(rng, rng.randint(0, 2)).build(gp)
    tokens = re.findall(r"[\w.]+|\W", rng.choice((repr(whole), rng.choice(EXPRESSIONS))))
    for _ in range(rng.randint(0, 3)):
        i = rng.randrange(len(tokens) + 1)
        j = min(len(tokens), i + rng.randint(0, 3))
        word = rng.choice((*TOKENS, *map(repr, NUMBERS), *_core.SHAPES, *(f".{name}(" for name in _core.COMBINATORS)))
        tokens[i:j] = rng.choice(([], [word], tokens[i:j] * 2, [*tokens[i:j], word]))
    return "".join(tokens)


EXPRESSIONS = (
    "warmup_cosine(3e-4, 100_000, 0.02)", "gp.wsd(1e-3, steps=100, warmup=0.1, decay=0.2, shape='sqrt').clock(7)",
    "cosine(1, 0, 900).repeat().stretch(Fraction(1, 7))", "noam(512, 4_000).skip(1) * 2 ** -1 >> linear(1, 0, 9)",
    "replay('torch.StepLR', base_lr=0.1, step_size=3).extend(at=4, steps=20).cooldown(at=5, steps=9)",
)  # fmt: skip
TOKENS = (
    "(", ")", "[", "]", ",", ".", "=", "*", "**", ">>", "+", "-", "/", "%", "//", "@", ":", ":=", ";", "\n", " ", "#",
    "'", '"', "\\", "{", "}", "0", "10**9", "None", "True", "x", "gp", "gp.", "glidepath.", "lambda: ", " for x in ",
    " if ", " else ", "__import__('os')", "().__class__", ".__globals__", ".__init__", "eval(", "open('/x')", "exec(",
    "schema()", "Schedule(", "Clock(", ".to_json()", ".plot()", "await ", "yield ", "f'{x}'", "b'x'", "1j", "...", "é",
    "\ud800", "\0", "💥", ".array(9)", ".at(1)", "getattr(", "not ", "~", "<", "==", " and ", "Fraction(1, 3)", "1e999",
)  # fmt: skip

WAYS = (bytes_of_any_kind, words, spliced, spliced, damaged_bytes, another_tree, another_tree)
