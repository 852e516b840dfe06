"""Reads the text of an expression, such as ``warmup_cosine(3e-4, 100_000, 0.02)``.

Python parses the text, and :func:`read` walks the tree that comes out. Nothing is evaluated as Python: a name stands
for an entry of a table here, a method is one of those that make a schedule from a schedule. Anything else is refused.
"""

from __future__ import annotations

import ast
import difflib
import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, SupportsIndex, cast

from glidepath import _core, composites
from glidepath._arguments import as_int, cut, refusal
from glidepath._core import Schedule, _shown
from glidepath._parsing import parsed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read"]

_MODULES = ("gp", "glidepath")
_METHODS = (*_core.COMBINATORS, "clock", "cooldown", "extend", "then")
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.RShift: operator.rshift,
}
_MOST_BITS = 4_096  # of a whole number: more than any parameter needs, and computed at once
_MOST_TEXT = 4_000_000
_NUMBERS = (int, float, Fraction)
_PLACE = "expression"
_WAY_OUT = "Write it as Python would, such as `warmup_cosine(3e-4, 100_000, 0.02)`."


def _quotient(numerator: SupportsIndex, denominator: SupportsIndex = 1) -> Fraction:
    above, below = as_int(numerator), as_int(denominator)
    if above is None or below is None or below == 0:
        got = f"{_shown(numerator)} and {_shown(denominator)}"
        raise _refused(got, "a Fraction has two whole numbers, the second not 0", "Write `Fraction(1, 7)`.")
    return Fraction(above, below)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(_core, name) for name in _core.__all__ if name not in {"Schedule", "schema"}},
    **{name: getattr(composites, name) for name in composites.__all__},
    "Fraction": _quotient,
}


def read(text: str) -> Schedule:
    """Return the schedule that an expression spells, as ``repr`` prints it or shorter.

    An expression has the names of glidepath, with or without ``gp.``, their arguments by position or by name, the
    methods that make a schedule, ``+ - * / >>``, brackets, numbers, and arithmetic of numbers (``2 * 10**5``).

    Raises:
        ValueError: the text is no such expression; or a number is out of its range.
        TypeError: an argument has the wrong type, or is missing.

    >>> read("linear(0, 0.1, 5) >> 0.1 * cosine(1, 0, 2 * 10**2)")
    gp.linear(0.0, 0.1, 5).then(0.1 * gp.cosine(1.0, 0.0, 200))
    """
    if not text.strip():
        raise _refused("no text", "it must be a schedule", _WAY_OUT)
    if len(text) > _MOST_TEXT:  # the tree of a text takes some hundred times its length
        raise _refused(f"{len(text):,} characters", f"it has at most {_MOST_TEXT:,}", "Use JSON for it: `s.to_json()`.")
    source = f"({text}\n)"  # in brackets an expression may take several lines, as in YAML
    try:
        schedule = _Reader(source).value(_parsed(source))
    except (RecursionError, MemoryError):
        raise _refused(_shown(text), "it is nested too deeply", "Use JSON for it: `s.to_json()`.") from None
    if isinstance(schedule, _NUMBERS):
        raise _refused(_shown(schedule), "a number is no schedule", f"Write `constant({schedule})`.")
    if not isinstance(schedule, Schedule):
        raise _refused(_shown(schedule), "it must be a schedule", _WAY_OUT)
    return schedule


def _parsed(source: str) -> ast.expr:
    try:
        return cast("ast.expr", parsed(source, "eval").body)
    except SyntaxError as error:
        reason = "a number has too many digits" if "Exceeds the limit" in error.msg else error.msg
        if error.lineno == 1 and error.offset:
            reason += f" at character {error.offset - 1}"
    except UnicodeError:
        reason = "it has half a surrogate pair"
    except ValueError as error:  # in Python 3.10 a zero byte
        reason = str(error)
    raise _refused(_shown(source[1:-2]), f"it is not an expression: {reason}", _WAY_OUT)


def _refused(got: str, rule: str, way_out: str) -> ValueError:
    return ValueError(refusal(_PLACE, got, rule, way_out))


class _Reader:
    """Turns the tree of an expression into its value."""

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401 (a schedule, a number, a text, a list, ...)
        # A chain such as `a.then(b).then(c)` or `a + b + c` may have thousands of links: no recursion along it.
        links: list[ast.Call | ast.BinOp] = []
        while True:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_module(node.func.value):
                links.append(node)
                node = node.func.value
            elif isinstance(node, ast.BinOp):
                links.append(node)
                node = node.left
            else:
                break
        value = self._atom(node)
        for link in reversed(links):
            if isinstance(link, ast.BinOp):
                value = self._operation(link, value, self.value(link.right))
            else:
                value = self._method(link, value)
        return value

    def _atom(self, node: ast.expr) -> Any:  # noqa: ANN401
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as constant):
                return constant
            case ast.List(elts=elements):
                return [self.value(element) for element in elements]
            case ast.Tuple(elts=elements):
                return tuple(self.value(element) for element in elements)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                value = self.value(operand)
                if not isinstance(value, (*_NUMBERS, Schedule)):
                    raise self._error(node, "a sign stands before a number or a schedule")
                return -value if isinstance(sign, ast.USub) else value
            case ast.Call(func=function):
                return self._called(node, self._named(function))
            case ast.Name() | ast.Attribute():
                self._named(node)
                raise self._error(node, "a function needs its arguments in brackets")
        raise self._error(node, "an expression has calls, numbers, texts, lists and `+ - * / >>` only")

    def _named(self, node: ast.expr) -> Callable[..., Any]:
        """Return the function of that name."""
        match node:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=module, attr=name) if _is_module(module):
                pass
            case _:
                raise self._error(node, "it is no function of glidepath, and no method that is called")
        if name not in _FUNCTIONS:
            raise self._unknown(node, name, list(_FUNCTIONS), "functions")
        return _FUNCTIONS[name]

    def _method(self, node: ast.Call, schedule: object) -> Schedule:
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 (as `value` has seen)
        name = node.func.attr
        if not isinstance(schedule, Schedule):
            raise self._error(node.func, "only a schedule has methods")
        if name not in _METHODS:
            raise self._unknown(node.func, f".{name}", [f".{method}" for method in _METHODS], "methods")
        made: Schedule = self._called(node, getattr(schedule, name))
        return made

    def _called(self, node: ast.Call, function: Callable[..., Any]) -> Any:  # noqa: ANN401
        names = [keyword.arg for keyword in node.keywords]
        if None in names or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error(node, "`*` and `**` are not read", "Write the arguments out.")
        if len(set(names)) < len(names):
            raise self._error(node, "an argument is given twice", "Give it once.")
        arguments = [self.value(argument) for argument in node.args]
        by_name = {keyword.arg: self.value(keyword.value) for keyword in node.keywords if keyword.arg}
        is_leaf = function in _FUNCTIONS.values() and function is not _core.replay
        if is_leaf and any(isinstance(value, Schedule) for value in (*arguments, *by_name.values())):
            # `table(linear(0, 1, 10**12))` would fill the memory with a list.
            raise self._error(node, "its arguments are numbers", "Combine schedules with `>>`, `+` or `*`.")
        return function(*arguments, **by_name)

    def _operation(self, node: ast.BinOp, left: object, right: object) -> Any:  # noqa: ANN401
        known = (*_NUMBERS, Schedule)
        operation = _OPERATORS.get(type(node.op))
        if operation is None or not isinstance(left, known) or not isinstance(right, known):
            raise self._error(node, "an operation is `+ - * / // % **` of numbers, or `+ - * / >>` of schedules")
        if operation is operator.pow and not _is_small_power(left, right):
            raise self._error(node, "this power is not a number of moderate size")
        try:
            return operation(left, right)
        except (TypeError, ArithmeticError) as error:
            if isinstance(error, TypeError) and "`" in str(error):  # a message of glidepath
                raise
            rule = "it is too large" if isinstance(error, OverflowError) else str(error)
            raise self._error(node, rule) from None

    def _unknown(self, node: ast.expr, name: str, known: list[str], what: str) -> ValueError:
        close = difflib.get_close_matches(name[:50], known, n=1)
        way_out = f"Did you mean `{close[0]}`?" if close else ""
        rule = f"the {what} are {', '.join(sorted(known))}" if not close else f"there is no `{_shorter(name)}`"
        return self._error(node, rule, way_out)

    def _error(self, node: ast.expr, rule: str, way_out: str = "") -> ValueError:
        got = _shorter(ast.get_source_segment(self._source, node) or ast.unparse(node))
        return _refused(f"`{got}`", rule, way_out)


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _MODULES


def _is_small_power(left: Any, right: Any) -> bool:  # noqa: ANN401 (numbers or schedules)
    if isinstance(left, Schedule) or isinstance(right, Schedule):
        return False
    if isinstance(left, float) or isinstance(right, float):
        return bool(left >= 0)  # the power of a number below 0 may be complex
    bits = max(left.numerator.bit_length(), left.denominator.bit_length())
    return bool(right.denominator == 1 and abs(right) <= _MOST_BITS and bits * abs(right) <= _MOST_BITS)


def _shorter(text: str) -> str:
    return cut(" ".join(text.split()), 60)  # what fits on a line
