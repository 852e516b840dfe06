"""Reads files as data: JSON, YAML, TOML, the literals of a Python file, the options of a shell script, ...

Nothing is executed. A file that only running it would read is refused, with the way out.
"""

from __future__ import annotations

import ast
import configparser
import importlib
import io
import operator
import re
import sys
import zipfile
from collections import ChainMap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from glidepath import _parsing
from glidepath._arguments import cut, refusal
from glidepath._contents import contents, is_file, limited, regular
from glidepath._core import _shown
from glidepath._parsing import doubled, json_of
from glidepath.configs._reading import Unread
from glidepath.configs._shell import options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SUFFIXES", "parsed", "without_wandb"]

_MOST_BYTES = {".toml": 64 << 10, ".cfg": 64 << 10, **dict.fromkeys((".yaml", ".yml", ".py", ".sh"), 1 << 20)}
"""Of the parsers that take much time or memory for a long text."""
_MANY_BYTES = 4 << 20
_MOST_PAIRS = 100_000
_MOST_FILES = 100
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
    data = _bytes(path) if text is None else limited(str(path), text.encode(), *_limit(suffix))
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
    if path.suffix.lower() == ".keras":  # zipfile reads the little that it needs
        regular(path)
        return b""
    return contents(path, *_limit(path.suffix.lower()))


def _limit(suffix: str) -> tuple[int, str]:
    """Return the most bytes of a config, and what to do about more."""
    way_out = "A log is read by `glidepath audit`." if suffix == ".json" else "Check that it is the right file."
    return _MOST_BYTES.get(suffix, _MANY_BYTES), way_out


# --------------------------------------------------------------------------------------------------- JSON, YAML, TOML


_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"?|//[^\n]*|/\*.*?\*/|(/\*.*)', re.DOTALL)
"""A text in quotes, or a comment, which DeepSpeed takes in its JSON. One without an end goes on to the file's end."""


def _json(path: Path, data: bytes) -> object:
    def kept(found: re.Match[str]) -> str:
        return found[0] if found[0].startswith('"') or found[1] else " "

    return json_of(str(path), _COMMENT.sub(kept, data.decode("utf-8-sig")))


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
                        raise doubled(path, key.value)
                    seen.add((key.tag, key.value))
            return cast("dict[Any, Any]", super().construct_mapping(node, deep))

        def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401 (PyYAML's)
            node.own = getattr(node, "own", list(node.value))  # without what `<<` adds
            super().flatten_mapping(node)
            merged[0] += len(node.value) - len(node.own)
            if merged[0] >= _MOST_PAIRS:
                raise ValueError(refusal(str(path), "`<<`", "it merges more than 100,000 keys", "Write them out."))

    def named(loader: Any, name: str, node: Any) -> dict[Any, Any]:  # noqa: ANN401 (PyYAML's)
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, _TAG.format(f"!{name}"), node.start_mark)
        return {"name": name, **loader.construct_mapping(node, deep=True)}

    Loader.add_multi_constructor("!", named)  # PaddleDetection's `!CosineDecay`: its newer `name: CosineDecay`
    return Loader


_TAG = "could not determine a constructor for the tag {!r}"


def _toml(path: Path, data: bytes) -> object:
    try:
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError as error:
        raise ImportError(f"{path}: needs tomli, which is not installed. Run `pip install tomli`.") from error
    try:
        return toml.loads(data.decode())
    except UnicodeDecodeError:
        raise
    except ValueError as error:  # also of a number that has too many digits
        raise ValueError(f"{path}: not TOML: {error}") from None


# ------------------------------------------------------------------------------------------------------ Python, shell


def _python(path: Path, data: bytes, depth: int = 0, work: list[int] | None = None) -> dict[str, Any]:  # noqa: C901 (a case for each statement)
    """Read the assignments of literals at the top of a file, and those of the files in `_base_`, as mmengine does.

    ``work`` counts the files that were read, and the keys that were merged.
    """
    work = work or [0, 0]
    work[0] += 1
    if work[0] > _MOST_FILES:
        raise ValueError(refusal(f"{path}: `_base_`", f"more than {_MOST_FILES} files", "a config has a few"))
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
        made = _literal(value, ChainMap(own, values))
        for target in targets:
            own[cast("ast.Name", target).id] = made
        if "_base_" in own:
            for base in _bases(path, own.pop("_base_"), depth):
                values = _merged(path, values, _python(base, _bytes(base), depth + 1, work), work)
    return cast("dict[str, Any]", _merged(path, values, own, work))


def _unread(node: ast.AST) -> Unread:
    return Unread(lambda: cut(" ".join(ast.unparse(node).split()), 60))


def _touched(node: ast.stmt) -> set[str]:
    """Return the names that a statement may change, other than by an assignment to them."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _bases(path: Path, names: object, depth: int) -> list[Path]:
    if depth >= _MOST_BASES:
        raise ValueError(refusal(f"{path}: `_base_`", "itself", "files must not include one another", "Remove it."))
    found = []
    for name in names if isinstance(names, list) else [names]:
        base = path.parent / name if isinstance(name, str) else None
        if base is None or "::" in str(name) or base.suffix != ".py" or not is_file(base):
            got = repr(name) if isinstance(name, Unread) else _shown(name)
            way_out = "Put the file there, or print the whole config into one file."
            raise ValueError(refusal(f"{path}: `_base_`", got, "it must be a .py file that is there", way_out))
        found.append(base)
    return found


def _merged(path: Path, base: Any, own: Any, work: list[int]) -> Any:  # noqa: ANN401 (mappings of any values)
    """Merge as mmengine does: mappings key by key, unless `_delete_` is set; all else is replaced."""
    if not (isinstance(base, dict) and isinstance(own, dict)) or own.get("_delete_"):
        return {key: value for key, value in own.items() if key != "_delete_"} if isinstance(own, dict) else own
    work[1] += len(own)
    if work[1] > _MOST_PAIRS:
        rule = f"it merges more than {_MOST_PAIRS:,} keys"
        raise ValueError(refusal(f"{path}: `_base_`", "mappings inside one another", rule, "Write them out."))
    return {**base, **{key: _merged(path, base.get(key), value, work) for key, value in own.items()}}


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
        if not all(isinstance(key, str | int | float | None) for key in keys):
            return _unread(node)
        made = {str(key): _literal(value, names) for key, value in zip(keys, node.values, strict=True)}
        return made if len(made) == len(keys) else _unread(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        given = {item.arg or "**": _literal(item.value, names) for item in node.keywords}
        return given if len(given) == len(node.keywords) and "**" not in given else _unread(node)
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


def _shell(path: Path, data: bytes) -> dict[str, Any]:
    return options(path, data, parsed)


# ---------------------------------------------------------------------------------------------------- all the others


def _keras(path: Path, _: bytes) -> object:
    """Read the optimizer of a saved Keras model, which is a zip archive with a JSON file."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as file:
            data = file.read(_MANY_BYTES + 1)
    except Exception as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: not a saved Keras model: {error}") from None
    return _json(path, limited(f"{path}: config.json", data, *_limit(".keras")))


_BLANKS = re.compile(r"(?<=\S)[^\S\n]{2,}")


def _cfg(path: Path, data: bytes) -> dict[str, Any]:
    """Read spaCy's config: sections with dots, and values in JSON."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keeps capitals
    text = _BLANKS.sub(" ", data.decode())  # the parser goes over many blanks again and again
    try:
        parser.read_file(io.StringIO(text), str(path))
    except configparser.Error as error:
        raise ValueError(f"{path}: not a config: {cut(' '.join(str(error).split()), 200)}") from None
    values: dict[str, Any] = {}
    for section in parser.sections():
        inner = values
        for part in section.split("."):
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise doubled(path, section)
        for key, value in parser[section].items():
            inner[key] = _in_json(f"{path}: {section}.{key}", value)
    return values


def _in_json(place: str, text: str) -> object:
    """Return the value, or the text itself if it is not JSON, such as a word without quotes."""
    try:
        return json_of(place, text)
    except ValueError:
        if text.lstrip()[:1] in ("{", "["):
            raise
        return text


def _card(path: Path, data: bytes) -> dict[str, Any]:
    """Read the bullets of a model card below "Training hyperparameters"."""
    _, heading, rest = data.decode().partition("raining hyperparameters")
    if not heading:
        rule = "a model card has a section `Training hyperparameters`"
        raise ValueError(refusal(str(path), "none", rule, "Check that it is the right file."))
    values: dict[str, Any] = {}
    for line in rest.partition("\n#")[0].splitlines():
        key, colon, value = line.strip().partition(":")
        if not (colon and key[:1] in "-*" and key[1:2].isspace()):
            continue
        if (key := key[1:].strip()) in values:
            raise doubled(path, key)
        values[key] = value.strip()
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
