"""Promise 4 of the README: JSON round-trips, and equal schedules give equal text. And no text does harm."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import expression
import glidepath as gp
from cases import CASES, Case, random_nested
from expression import Expr
from helpers import assert_same, drawn
from strategies import expressions

load = gp.Schedule.from_json
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)

RICH = (
    (gp.linear(0.0, 3e-4, 100) >> gp.cosine(3e-4, 3e-5, 900).hold(2)).then(
    0.5 * gp.exponential(0.1, 0.9, per=10, stair=True).delay(3).clamp(1e-6, 0.05)
    + gp.piecewise_constant([0.1, 0.2, 0.3], [10, 20]) * gp.triangle(0, 1, 5, 7, decay=0.5)
    - gp.table([0.25, 0.5]).by_epoch(3).repeat(4) / 3, at=1_000)
)  # fmt: skip
"""Examples of every kind. The tests damage their texts."""


@every_case
def test_round_trips(case: Case) -> None:
    for schedule in (case.build(gp, 1_000), *(drawn(case, seed)[0] for seed in range(20))):
        text = schedule.to_json()
        again = load(text)
        assert again == schedule
        assert hash(again) == hash(schedule)
        assert repr(again) == repr(schedule)
        assert again.to_json() == text, "canonical"
        assert again.steps == schedule.steps
        assert_same(again.array(200), schedule.array(200), text)
        assert isinstance(json.loads(text), dict)


@given(expressions)
def test_any_expression_round_trips(expr: Expr) -> None:
    schedule = expr.build(gp)
    text = schedule.to_json()
    assert load(text) == schedule
    assert load(text).to_json() == text
    assert_same(load(text).array(50), schedule.array(50), text)


@given(expressions, expressions)
def test_equal_is_equal_text(one: Expr, other: Expr) -> None:
    a, b = one.build(gp), other.build(gp)
    assert (a == b) == (a.to_json() == b.to_json())
    assert one.build(gp) == a
    assert one.build(gp).to_json() == a.to_json()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_survives(value: float) -> None:
    schedule = gp.constant(value)
    assert load(schedule.to_json()) == schedule
    assert load(schedule.to_json())[0].hex() == (value + 0.0).hex()
    doubles = gp.table([value, 1.0])
    assert load(doubles.to_json())[0].hex() == (value + 0.0).hex()


def test_negative_zero_is_stored_as_zero() -> None:
    for minus, plus in (
        (gp.constant(-0.0), gp.constant(0.0)),
        (gp.linear(-0.0, 1, 10), gp.linear(0.0, 1, 10)),
        (gp.table([-0.0, 1.0]), gp.table([0.0, 1.0])),
        (gp.constant(1.0) + -0.0, gp.constant(1.0) + 0.0),
        (gp.constant(1.0).clamp(low=-0.0), gp.constant(1.0).clamp(low=0.0)),
    ):
        assert minus == plus
        assert hash(minus) == hash(plus)
        assert minus.to_json() == plus.to_json()
        assert "-0.0" not in minus.to_json()
        assert load(minus.to_json().replace("0.0", "-0.0")) == plus


def test_ways_of_writing_the_same() -> None:
    assert gp.linear(0, 1, 10).to_json() == gp.linear(0.0, np.float64(1), np.int32(10)).to_json()
    assert gp.polynomial(0, 1, 10).to_json() == gp.polynomial(start=0, end=1, steps=10, power=1).to_json()
    loose = json.dumps(json.loads(RICH.to_json()), indent=4)
    assert load(loose) == RICH, "white space does not matter"
    assert load(RICH.to_json() + "\n") == RICH


def test_a_long_table() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 200_000)
    schedule = gp.table(values)
    assert load(schedule.to_json()) == schedule
    assert_same(load(schedule.to_json()).array(200_000), values, "table")


# Wrong texts. Each must raise at once, and name the place if there is one.


def refused(text: Any, seconds: float = 2.0) -> Exception:
    begun = time.perf_counter()
    with pytest.raises((ValueError, TypeError)) as caught:
        load(text)
    assert time.perf_counter() - begun < seconds
    assert str(caught.value).strip(), "it says why"
    return caught.value


def harmless(text: str) -> None:
    """The text is refused, or gives a schedule that works."""
    try:
        schedule = load(text)
    except (ValueError, TypeError):
        return
    assert load(schedule.to_json()) == schedule
    schedule.at(3)


def test_every_truncation() -> None:
    for schedule in (RICH, *(case.build(gp, 100) for case in CASES.values() if case.name != "table")):
        text = schedule.to_json().rstrip()
        for i in range(len(text)):
            refused(text[:i])
            if i % 7 == 0:
                refused(text[i + 1 :])


def test_thousands_of_mutations() -> None:
    rng = Random(0)
    text = RICH.to_json()
    alphabet = '{}[]":,0123456789.eE+-truefalsn \\/\x00\x7f\u00e9\u2028\U0001f600'
    for _ in range(6_000):
        letters = list(text)
        for _ in range(rng.randint(1, 3)):
            i = rng.randrange(len(letters))
            change = rng.randrange(4)
            if change == 0:
                letters[i] = rng.choice(alphabet)
            elif change == 1:
                letters.insert(i, rng.choice(alphabet))
            elif change == 2:
                del letters[i]
            else:
                j = rng.randrange(len(letters))
                letters[i:i] = letters[min(i, j) : max(i, j)][:50]
        harmless("".join(letters))


@given(st.text())
def test_any_text(text: str) -> None:
    harmless(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_any_json(value: object) -> None:
    harmless(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    ["", " ", "null", "true", "1", '"linear"', "[]", "{}", "[{}]", "{]", "nul", "\ufeff{}", "{} {}", "NaN", "Infinity",
     "-", "1e", "'a'", "//", '{"a":1,}', "[1,]", "\x00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")],
)  # fmt: skip
def test_what_is_no_schedule(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, object(), gp.constant(1.0)])
def test_what_is_no_text(value: object) -> None:
    refused(value)


def paths(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in the tree."""
    yield at
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        yield from paths(inner, (*at, key))


def look(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the tree with the value at the path replaced."""
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


def trees() -> list[Any]:
    schedules = [RICH, *(case.build(gp, 100) for case in CASES.values() if case.name != "table")]
    return [json.loads(schedule.to_json()) for schedule in schedules]


def test_wrong_types_everywhere() -> None:
    """Replaces each value by every wrong value."""
    wrong = ("nonsense", [], {}, [[]], {"kind": "linear"}, True, [None], "1")
    for tree in trees():
        for path in paths(tree):
            there = look(tree, path)
            for value in wrong:
                kinds = {type(there), type(value)}
                if len(kinds) == 1 and not isinstance(there, str):
                    harmless(json.dumps(replaced(tree, path, value)))  # the same type may be valid
                else:
                    refused(json.dumps(replaced(tree, path, value)))
            harmless(json.dumps(replaced(tree, path, None)))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e99999999999", "9" * 400])
def test_numbers_out_of_range(number: str) -> None:
    for tree in trees():
        for path in paths(tree):
            there = look(tree, path)
            if isinstance(there, (int, float)) and not isinstance(there, bool):
                marked = json.dumps(replaced(tree, path, "@@"))
                refused(marked.replace('"@@"', number))


@pytest.mark.parametrize("count", ["-1", "1.5", "9007199254740993", "18446744073709551616", "1e20", "1" * 100])
def test_counts_out_of_range(count: str) -> None:
    for tree in trees():
        for path in paths(tree):
            there = look(tree, path)
            is_count = path and isinstance(there, int) and not isinstance(there, bool)
            if is_count:
                refused(json.dumps(replaced(tree, path, "@@")).replace('"@@"', count))


def test_unknown_missing_and_repeated_keys() -> None:
    for tree in trees():
        for path in paths(tree):
            there = look(tree, path)
            if not isinstance(there, dict):
                continue
            error = refused(json.dumps(replaced(tree, path, there | {"surprise": 1})))
            assert "surprise" in str(error)
            for key in there:
                rest = {k: v for k, v in there.items() if k != key}
                harmless(json.dumps(replaced(tree, path, rest)))  # a key with a default may be missing
                refused(json.dumps(replaced(tree, path, rest | {key + "x": there[key]})))
                twice = json.dumps(replaced(tree, path, rest | {key: there[key], "@@": there[key]}))
                error = refused(twice.replace('"@@"', json.dumps(key)))
                assert key in str(error)


def test_unknown_versions() -> None:
    """In the outermost object, each number or string is the version or the name of the format."""
    tree = json.loads(RICH.to_json())
    versions = [key for key, value in tree.items() if not isinstance(value, (dict, list))]
    assert versions, "the text says which version of the format it is in"
    for key in versions:
        for other in (0, -1, 2, 99, 1.5, "2", "glidepath/99", None, [], 10**30, "", True):
            if other != tree[key] or type(other) is not type(tree[key]):
                refused(json.dumps(tree | {key: other}))
        refused(json.dumps({k: v for k, v in tree.items() if k != key}))


@pytest.mark.parametrize("unit", ["[", '{"a":', "[[", '{"kind":', "[{", '[{"a":[', '"', "-"])
@pytest.mark.parametrize("close", [True, False])
def test_deep_nesting(unit: str, close: bool) -> None:
    closing = {"[": "]", "{": "}", '"': ""}
    for depth in (200, 10_000, 1_000_000):
        text = unit * depth
        if close:
            text += "1" + "".join(closing.get(letter, "") for letter in reversed(unit)) * depth
        refused(text, seconds=5.0)


@pytest.mark.parametrize("depth", [150, 201, 10_000])
@pytest.mark.parametrize("wrap", [lambda a: a.by_epoch(1), lambda a: a.delay(1), lambda a: a / 2], ids=str)
def test_deep_schedules(wrap: Any, depth: int) -> None:
    """Well-formed nested texts, of the largest allowed depth and much deeper."""
    leaf = gp.linear(0.5, 0.25, 7)
    _, inner, _ = frame(leaf, wrap(leaf))
    begin, again, end = frame(wrap(leaf), wrap(wrap(leaf)))
    one_prefix, one_suffix = again[: again.index(inner)], again[again.index(inner) + len(inner) :]
    text = begin + one_prefix * depth + inner + one_suffix * depth + end
    if depth < 200:
        assert load(text)[0] == 0.5 / (2.0 ** (depth + 1) if "/" in repr(wrap(leaf)) else 1)
    else:
        refused(text, seconds=5.0)


def frame(inner: Any, outer: Any) -> tuple[str, str, str]:
    """The text of `outer` around `inner`: the part before, the text of `inner`, the part after."""
    small, large = json.loads(inner.to_json()), json.loads(outer.to_json())
    bodies = [value for value in small.values() if isinstance(value, dict)] or [small]
    for body in bodies:
        for path in paths(large):
            if look(large, path) == body:
                before, after = json.dumps(replaced(large, path, "@@")).split('"@@"')
                return before, json.dumps(body), after
    raise AssertionError("the text of the part stands in the text of the whole")


def test_a_chain_is_not_deep() -> None:
    schedule = gp.linear(0, 1, 3)
    for _ in range(3_000):
        schedule = schedule >> gp.linear(0, 1, 3)
    assert load(schedule.to_json()) == schedule


def test_a_text_too_large_to_be_meant() -> None:
    """Ten million numbers in place of a list of names, or of nothing, raise at once."""
    refused("[" + "1," * 1_000_000 + "1]", seconds=5.0)
    refused('{"' + "a" * 5_000_000 + '": 1}', seconds=5.0)


def test_messages_name_the_place() -> None:
    text = (gp.linear(0, 1, 10) >> gp.cosine(1, 0, 77)).to_json()
    message = str(refused(text.replace("77", "0")))
    assert "steps" in message
    assert message.startswith("`$.")
    assert "got 0" in message


def test_words_are_escaped_in_messages() -> None:
    """A kind with a line break or a control character cannot forge another line of a log."""
    tree = json.loads(RICH.to_json())
    for path in paths(tree):
        if isinstance(look(tree, path), str):
            message = str(refused(json.dumps(replaced(tree, path, "bad\n\x1b[31mname" + "x" * 10_000))))
            assert "\n" not in message
            assert "\x1b" not in message
            assert len(message) < 2_000, "nor fill it"


def test_what_is_read_is_checked_like_what_is_called() -> None:
    """`from_json` checks as strictly as the constructors: it refuses the same numbers."""
    good = gp.linear(0.5, 0.25, 7).to_json()
    for old, new in (("7", "0"), ("7", str(2**53 + 1)), ("0.5", "1e999"), ("0.25", "NaN"), ("7", "7.5"), ("7", "true")):
        refused(good.replace(old, new, 1) if old != "7" else good[::-1].replace("7", new[::-1], 1)[::-1])


@pytest.mark.parametrize("seed", range(30))
def test_random_expressions_survive_damage(seed: int) -> None:
    """Changes one number or key at a time, in many different trees."""
    rng = Random(seed)
    tree = json.loads(random_nested(rng).build(gp).to_json())
    spots = list(paths(tree))
    for _ in range(60):
        path = rng.choice(spots)
        value = rng.choice((0, -1, 1, 2**53, 2**63, 2**64, -0.0, 5e-324, 1.7e308, "", "then", [], {}, None, False))
        harmless(json.dumps(replaced(tree, path, value)))


def test_the_twin_reads_every_repr() -> None:
    """The oracle's expression of `repr(s)` has the same values."""
    for seed in range(100):
        expr = random_nested(Random(seed))
        schedule = expr.build(gp)
        if "..." not in repr(schedule):
            read = expression.from_repr(repr(schedule))
            assert read.steps == schedule.steps
            assert read.build(gp) == schedule
            assert not math.isnan(schedule[1])
