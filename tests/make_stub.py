"""Writes into `_core.pyi` what the module itself knows: leaves, combinators, the kinds of replays, every docstring.

    python tests/make_stub.py

A stub's docstrings are what an editor shows, for it cannot look into a compiled module. All else in the stub is written
by hand; its docstrings are replaced.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from glidepath import _core

STUB = Path(__file__).parents[1] / "python" / "glidepath" / "_core.pyi"
SHAPES = "# The shapes, as src/curve.rs declares them.\n"
METHODS = re.compile(r"(?<=as src/combinator.rs declares them.\n)(.|\n)*(?=    # The other methods.\n)")
PUBLIC = re.compile(r"(?<=^__all__ = \[\n)[^]]*(?=^\]$)", re.MULTILINE)
KINDS = re.compile(r"(?<=^_ReplayKind: TypeAlias = Literal\[\n)[^]]*(?=^\]$)", re.MULTILINE)
TYPES = {"number": "_Real", "integer": "SupportsIndex", "boolean": "bool"}
LISTS = {"number": "_Reals", "integer": "_Counts"}

Documented = ast.FunctionDef | ast.ClassDef


def fresh(stub: str) -> str:
    """The up-to-date text of the stub."""
    by_hand, marker, _ = stub.partition(SHAPES)
    assert marker, f"{STUB} has lost its line {SHAPES!r}"
    by_hand = METHODS.sub(lambda _: methods(), by_hand)
    by_hand = PUBLIC.sub(listed(sorted(_core.__all__)), KINDS.sub(listed(_core.REPLAYS), by_hand))
    return with_docstrings(by_hand + SHAPES + shapes())


def listed(names: Iterable[str]) -> str:
    return "".join(f'    "{name}",\n' for name in names)


def shapes() -> str:
    definitions = json.loads(_core.schema())["$defs"]
    return "\n\n".join(definition(name, definitions[name]["properties"]) for name in _core.SHAPES) + "\n"


def methods() -> str:
    """The methods that combinators are: what the class has of kinds that stand in the schema."""
    definitions = json.loads(_core.schema())["$defs"]
    found = [
        name for name, member in vars(_core.Schedule).items() if name in definitions and inspect.isfunction(member)
    ]
    return "".join(
        textwrap.indent(definition(name, definitions[name]["properties"], _core.Schedule), "    ") + "\n"
        for name in found
    )


def definition(name: str, properties: dict[str, Any], owner: object = _core) -> str:
    params = inspect.signature(getattr(owner, name)).parameters.values()
    typed = [
        "self" if param.name == "self" else f"{param.name}: {type_of(properties[param.name])}{default_of(param)}"
        for param in params
    ]
    line = f"def {name}({', '.join(typed)}) -> Schedule: ..."
    if len(line) > 120:
        line = f"def {name}(\n    {', '.join(typed)}\n) -> Schedule: ..."
    return line


def type_of(schema: dict[str, Any]) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = kinds[0]
    known = LISTS[schema["items"]["type"]] if kind == "array" else TYPES[kind]
    return f"{known} | None" if "null" in kinds else known


def default_of(param: inspect.Parameter) -> str:
    return "" if param.default is param.empty else f" = {param.default!r}"


def with_docstrings(stub: str) -> str:
    """The stub with the docstrings of the module. Replaces from the last definition to the first."""
    for node, member in reversed(list(documented(ast.parse(stub)))):
        doc = inspect.getdoc(member)
        assert doc, f"{node.name} has no docstring"
        stub = with_docstring(stub, node, doc)
    return stub


def documented(tree: ast.Module) -> Iterator[tuple[Documented, object]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Protocol"]:
            continue  # what only the stub knows
        if isinstance(node, Documented):
            yield node, getattr(_core, node.name)
        if isinstance(node, ast.ClassDef):
            seen = set()
            for inner in node.body:
                # Of several overloads the first has the docstring; Python's own protocols need none.
                if isinstance(inner, ast.FunctionDef) and inner.name not in seen and not inner.name.startswith("__"):
                    seen.add(inner.name)
                    yield inner, getattr(getattr(_core, node.name), inner.name)


def with_docstring(stub: str, node: Documented, doc: str) -> str:
    lines = stub.splitlines(keepends=True)
    first = node.body[0]
    before = "".join(lines[: first.lineno - 1]) + lines[first.lineno - 1][: first.col_offset]
    after = "".join(lines[first.lineno - 1 :])[first.col_offset :]
    if isinstance(first, ast.Expr):  # an older docstring, or `...`
        after = "".join(lines[first.end_lineno - 1 :])[first.end_col_offset :]
    else:
        after = "\n\n" + " " * first.col_offset + after
    indent = " " * (node.col_offset + 4)
    prefix = "r" if "\\" in doc else ""
    quoted = textwrap.indent(f'{prefix}"""{doc}\n"""' if "\n" in doc else f'{prefix}"""{doc}"""', indent)
    return f"{before.rstrip()}\n{quoted}{after}"


if __name__ == "__main__":
    STUB.write_text(fresh(STUB.read_text(encoding="utf-8")), encoding="utf-8")
