"""Reads files as data: JSON, YAML, TOML, the literals of a Python file, the options of a shell script, ...

Nothing is executed. A file that only running it would read is refused, with the way out.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import importlib
import io
import json
import operator
import re
import shlex
import sys
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from glidepath import _parsing
from glidepath._arguments import cut, refusal
from glidepath.configs._reading import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["SUFFIXES", "is_file", "parsed", "without_wandb"]

MOST_BYTES = 4 << 20
_MOST_PAIRS = 100_000
_MOST_BASES = 5  # inside one another; each level may have several
_MOST_BITS = 4_096  # of a number


def parsed(path: Path, text: str | None = None) -> dict[str, Any]:
    """Return the mapping that a file holds; ``text`` is its content if it was read already."""
    suffix = path.suffix.lower()
    if suffix in _PICKLES:
        raise ValueError(refusal(str(path), "a pickle", "reading it would execute it", _PICKLES[suffix]))
    if suffix not in _PARSERS and "(" in path.name:
        way_out = "For an expression write `gp.Schedule(text)`."
        raise ValueError(refusal("source", repr(str(path)), "it must be a path", way_out))
    if suffix not in _PARSERS:
        raise ValueError(refusal(str(path), f"{suffix or 'no suffix'}", f"it must be one of {', '.join(SUFFIXES)}"))
    data = _bytes(path) if text is None else text.encode()
    try:
        values = _PARSERS[suffix](path, data)
    except (RecursionError, MemoryError):
        raise ValueError(f"{path}: too many levels inside one another. A config file has a few.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is not UTF-8. Check that it is the right file.") from None
    if not isinstance(values, dict):
        way_out = "Check that it is the right file."
        raise ValueError(refusal(str(path), f"a {type(values).__name__}", "a config file holds a mapping", way_out))  # noqa: TRY004 (of the file)
    return cast("dict[str, Any]", without_wandb(values))


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise ValueError(refusal(str(path), "no regular file", "a config is a file", "Save it into one."))
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES and path.suffix != ".keras":
        rule = f"a config file has at most {MOST_BYTES >> 20} MiB"
        way_out = (
            "A log is read by `glidepath audit`." if path.suffix == ".json" else "Check that it is the right file."
        )
        raise ValueError(refusal(str(path), f"more than {MOST_BYTES >> 20} MiB", rule, way_out))
    return data


# --------------------------------------------------------------------------------------------------- JSON, YAML, TOML


_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
"""A text in quotes, or a comment, which DeepSpeed takes in its JSON."""


def _json(path: Path, data: bytes) -> object:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in values:
                raise _doubled(path, key)
            values[key] = value
        return values

    text = _COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " ", data.decode("utf-8-sig"))
    try:
        return json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from None


def _doubled(path: Path, key: object) -> ValueError:
    rule = "each key may stand once: readers differ in which value they take"
    return ValueError(refusal(str(path), f"`{cut(str(key), 60)}` twice", rule, "Remove one of the two."))


def _yaml(path: Path, data: bytes) -> object:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as error:
        raise ImportError(f"{path}: needs PyYAML, which is not installed. Run `pip install pyyaml`.") from error
    try:
        return yaml.load(data, _loader(yaml, path))  # a SafeLoader
    except (KeyError, IndexError, AttributeError, TypeError, OverflowError, ValueError) as error:  # of constructors
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: not plain YAML: {type(error).__name__}: {error}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        if "nesting depth" in str(problem):  # libyaml has a limit of its own
            raise RecursionError from None
        if "could not determine a constructor for the tag" in str(problem):
            problem = f"a tag, {str(problem).rsplit(' ', 1)[-1]}, which would run code. Write a plain value"
        raise ValueError(f"{path}: not plain YAML{where}: {cut(' '.join(str(problem).split()), 200)}") from None


def _loader(yaml: Any, path: Path) -> Any:  # noqa: ANN401 (PyYAML's module and class)
    """Return a safe loader that also refuses a key that stands twice, and merges that grow without bound."""
    parent: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    merged = [0]

    class Loader(parent):  # type: ignore[misc]  # found at run time
        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: ANN401, FBT001, FBT002 (PyYAML's)
            seen = set()
            for key, _ in getattr(node, "own", node.value):
                if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in seen:
                        raise _doubled(path, key.value)
                    seen.add((key.tag, key.value))
            return cast("dict[Any, Any]", super().construct_mapping(node, deep))

        def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401 (PyYAML's)
            node.own = getattr(node, "own", list(node.value))  # without what `<<` adds
            super().flatten_mapping(node)
            merged[0] += len(node.value) - len(node.own)
            if merged[0] >= _MOST_PAIRS:
                raise ValueError(refusal(str(path), "`<<`", "it merges more than 100,000 keys", "Write them out."))

    return Loader


def _toml(path: Path, data: bytes) -> object:
    try:
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError as error:
        raise ImportError(f"{path}: needs tomli, which is not installed. Run `pip install tomli`.") from error
    try:
        return toml.loads(data.decode())
    except toml.TOMLDecodeError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None


# ------------------------------------------------------------------------------------------------------ Python, shell


def _python(path: Path, data: bytes, depth: int = 0) -> dict[str, Any]:
    """Read the assignments of literals at the top of a file, and those of the files in `_base_`, as mmengine does."""
    try:
        tree = _parsing.parsed(data)
    except SyntaxError as error:
        raise ValueError(f"{path}: not Python at line {error.lineno}: {error.msg}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not Python: {error}") from None
    values: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Pass):
            continue
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        value = getattr(node, "value", None)
        if not targets or value is None or not all(isinstance(target, ast.Name) for target in targets):
            if any(isinstance(one, ast.ImportFrom) for one in ast.walk(node)):  # `with read_base():`
                way_out = "Print the whole config into one file."
                raise ValueError(refusal(str(path), str(_unread(node)), "importing it would execute it", way_out))
            own |= dict.fromkeys(_touched(node), _unread(node))
            continue
        made = _literal(value, {**values, **own})
        for target in targets:
            own[cast("ast.Name", target).id] = made
        if "_base_" in own:
            for base in _bases(path, own.pop("_base_"), depth):
                values = _merged(values, _python(base, _bytes(base), depth + 1))
    return cast("dict[str, Any]", _merged(values, own))


def _unread(node: ast.AST) -> Unread:
    return Unread(cut(" ".join(ast.unparse(node).split()), 60))


def _touched(node: ast.stmt) -> set[str]:
    """Return the names that a statement may change, other than by an assignment to them."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _bases(path: Path, names: object, depth: int) -> list[Path]:
    if depth >= _MOST_BASES:
        raise ValueError(refusal(f"{path}: `_base_`", "itself", "files must not include one another", "Remove it."))
    if not isinstance(names, str | list):
        rule = "it must be a path or a list of paths"
        raise ValueError(refusal(f"{path}: `_base_`", repr(names), rule, "Write it out."))  # noqa: TRY004 (of the file)
    found = []
    for name in [names] if isinstance(names, str) else names:
        base = path.parent / str(name)
        if "::" in str(name) or base.suffix != ".py" or not is_file(base):
            way_out = "Put the file there, or print the whole config into one file."
            raise ValueError(refusal(f"{path}: `_base_`", repr(name), "it must be a .py file that is there", way_out))
        found.append(base)
    return found


def is_file(path: Path) -> bool:
    """Whether a path that stands in a config is a file. It can be a text of any kind."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or a null byte
        return False


def _merged(base: Any, own: Any) -> Any:  # noqa: ANN401 (mappings of any values)
    """Merge as mmengine does: mappings key by key, unless `_delete_` is set; all else is replaced."""
    if not (isinstance(base, dict) and isinstance(own, dict)) or own.get("_delete_"):
        return {key: value for key, value in own.items() if key != "_delete_"} if isinstance(own, dict) else own
    return {**base, **{key: _merged(base.get(key), value) for key, value in own.items()}}


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def _literal(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401, C901, PLR0911 (a case for each literal)
    """Return the value of a literal, of `dict(...)`, of a name above, or of arithmetic with numbers."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_literal(item, names) for item in node.elts]
    if isinstance(node, ast.Dict) and None not in node.keys:
        keys = [_literal(cast("ast.expr", key), names) for key in node.keys]
        made = {str(key): _literal(value, names) for key, value in zip(keys, node.values, strict=True)}
        return made if len(made) == len(keys) else _unread(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        given = {item.arg or "**": _literal(item.value, names) for item in node.keywords}
        return given if len(given) == len(node.keywords) else _unread(node)
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand, names)
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        sides = _literal(node.left, names), _literal(node.right, names)
        if all(isinstance(side, int | float) for side in sides):
            try:
                value = _OPERATORS[type(node.op)](*sides)
            except (ZeroDivisionError, OverflowError):
                return _unread(node)
            if not isinstance(value, int) or value.bit_length() <= _MOST_BITS:
                return value
    return _unread(node)


_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_REMARK = re.compile(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'|(?<!\S)#[^\n]*""", re.DOTALL)
_CHANGED = re.compile(r"\b(?:for|read)\s+(?:-\w+\s+)*([A-Za-z_]\w*)|\b([A-Za-z_]\w*)\+=")
"""A variable of a loop, or one that is read or added to."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def _shell(path: Path, data: bytes) -> dict[str, Any]:
    """Read the options `--name value` of a script, with the variables that the script sets once, to plain values."""
    try:
        text = _REMARK.sub(lambda found: "" if found[0].startswith("#") else found[0], data.decode("utf-8-sig"))
        words = shlex.split(text.replace("\\\n", " "))
    except ValueError as error:
        raise ValueError(f"{path}: not a shell script that glidepath can read: {error}") from None
    _refuse_alternatives(path, words)
    set_to: dict[str, set[str]] = {}
    found: list[str] = []
    for word in _unpacked(words):
        if (assigned := _ASSIGNMENT.fullmatch(word)) and not word.startswith("-"):
            set_to.setdefault(assigned[1], set()).add(assigned[2].rstrip(";"))
        else:
            found.append(word)
    changed = {one or other for one, other in _CHANGED.findall(text)}
    variables = {name: min(values) for name, values in set_to.items() if len(values) == 1 and name not in changed}
    values: dict[str, Any] = {}
    name = ""
    for word in found:
        if word.startswith("--"):
            name, _, given = word[2:].partition("=")
            name = name.replace("-", "_")
            if name in values:
                raise _doubled(path, word)
            values[name] = _expanded(given, variables) if given else True
        elif name:
            value, before = _expanded(word, variables), values[name]
            values[name] = value if before is True else [*(before if isinstance(before, list) else [before]), value]
            name = name if name in _SEVERAL else ""
    return values


def _refuse_alternatives(path: Path, words: list[str]) -> None:
    """Refuse a variable that holds options and is set more than once, as in the branches of an `if`."""
    found = [match for word in words if not word.startswith("-") and (match := _ASSIGNMENT.fullmatch(word))]
    held = [match[1] for match in found if f"${match[1]}" not in match[2] and f"${{{match[1]}" not in match[2]]
    for match in found:
        if " --" in f" {match[2]}" and held.count(match[1]) > 1:
            rule = "it holds options, and only running the script would tell which"
            raise ValueError(refusal(f"{path}: {match[1]}", "several values", rule, "Write the options out."))


def _unpacked(words: list[str]) -> Iterator[str]:
    """Yield the words, also those in arrays, and in variables that hold options, as in `ARGS="--lr 1e-4"`."""
    for word in words:
        assigned = _ASSIGNMENT.fullmatch(word)
        inner = assigned[2] if assigned and not word.startswith("-") else ""
        if inner.startswith("("):
            yield from filter(None, [inner[1:].rstrip(")")])
        elif " --" in f" {inner}":
            yield from (one for one in inner.split() if not one.startswith("$"))  # `ARGS="$ARGS --lr 1e-4"` adds to it
        else:
            yield word if "(" in word or "=" in word else word.rstrip(")")  # the last word of an array


def _expanded(word: str, variables: Mapping[str, str]) -> str | Unread:
    text = _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), word.rstrip(";"))
    return Unread(text) if "$" in text or "`" in text else text


_SEVERAL = {"rampup_batch_size"}
"""The options that take more than one word."""


# ---------------------------------------------------------------------------------------------------- all the others


def _keras(path: Path, _: bytes) -> object:
    """Read the optimizer of a saved Keras model, which is a zip archive with a JSON file."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as file:
            data = file.read(MOST_BYTES + 1)
    except Exception as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: not a saved Keras model: {error}") from None
    if len(data) > MOST_BYTES:
        raise ValueError(refusal(str(path), "a longer config.json", f"it has at most {MOST_BYTES >> 20} MiB"))
    return _json(path, data)


def _cfg(path: Path, data: bytes) -> dict[str, Any]:
    """Read spaCy's config: sections with dots, and values in JSON."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keeps capitals
    try:
        parser.read_file(io.StringIO(data.decode()), str(path))
    except configparser.Error as error:
        raise ValueError(f"{path}: not a config: {' '.join(str(error).split())}") from None
    values: dict[str, Any] = {}
    for section in parser.sections():
        inner = values
        for part in section.split("."):
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise _doubled(path, section)
        for key, value in parser[section].items():
            inner[key] = value
            with contextlib.suppress(ValueError):
                inner[key] = json.loads(value)
    return values


_BULLET = re.compile(r"^\s*[-*]\s+(\w+)\s*:\s*(.+?)\s*$", re.MULTILINE)


def _card(path: Path, data: bytes) -> dict[str, Any]:
    """Read the bullets of a model card below "Training hyperparameters"."""
    _, heading, rest = data.decode().partition("raining hyperparameters")
    if not heading:
        rule = "a model card has a section `Training hyperparameters`"
        raise ValueError(refusal(str(path), "none", rule, "Check that it is the right file."))
    values: dict[str, Any] = {}
    for key, value in _BULLET.findall(rest.split("\n#", 1)[0]):
        if key in values:
            raise _doubled(path, key)
        values[key] = value
    return {"training_hyperparameters": values}


def without_wandb(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take each `value` out of a config that Weights & Biases wrote."""
    entries = {key: value for key, value in values.items() if key not in {"_wandb", "wandb_version"}}
    if entries and all(isinstance(value, Mapping) and "value" in value for value in entries.values()):
        return {key: value["value"] for key, value in entries.items()}
    return values


_JSON_WAY_OUT = "In the training script, write `print(args.to_json_string())` into a .json file."
_PICKLES = {
    ".bin": _JSON_WAY_OUT,
    ".pkl": _JSON_WAY_OUT,
    ".pt": "A scheduler's state has no formula. Read the config of the run.",
    ".pth": "A scheduler's state has no formula. Read the config of the run.",
    ".ckpt": "A checkpoint has no formula. Read the config of the run.",
}
_PARSERS: dict[str, Callable[[Path, bytes], object]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".toml": _toml,
    ".py": _python,
    ".sh": _shell,
    ".keras": _keras,
    ".cfg": _cfg,
    ".md": _card,
}
SUFFIXES = (*_PARSERS, *_PICKLES)
