"""Reads the options of the training command in a shell script, as data. Nothing is executed.

    scan     the text into commands, values of variables, and here-documents, each with the branches in which it stands
    expand   the variables that have one value, and `${NAME:-default}` of one that the script does not set
    choose   the one command that has options of a learning rate; without one, the here-document that is a config

All else is left open, or refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from glidepath._arguments import cut, refusal
from glidepath._parsing import doubled
from glidepath.configs._reading import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["options"]

_BLANK = re.compile(r"(?:[ \t]|\\\n)+|#[^\n]*")
_OPERATOR = re.compile(r"\n|<<<|<<-?[ \t]*(?:'[^'\n]*'|\"[^\"\n]*\"|\\?[\w.+-]+)|\d*[<>]&\d*-?|\d*>>|&>>?|\d*[<>]"
                       r"|&&|\|\||;;&?|[;&|()]")  # fmt: skip
_ARRAY = re.compile(r"([A-Za-z_]\w*)(\+?)=\(")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|()<>]+")
_PLAIN_QUOTED = re.compile(r"[^\"\\$`]+")
_NESTED = re.compile(r"\\.|\$\(|\$\{|[^\\$'\"`(){}]+|.", re.DOTALL)
_OPENS = {"$(": ")", "(": ")", "${": "}", "`": "`", '"': '"', "'": "'"}
_TRAILING = re.compile(r"\\[ \t]+\n(?=[ \t]*-)")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL)
_COUNTED = re.compile(r"([A-Za-z_]\w*)(?:[-+*/%]=|\+\+|--)")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:\[[@*]\])?(?::?[-=]([^${}]*))?\})")
_OF_JSON = re.compile(r'"(?:\\.|[^"\\])*"|\$\w+|\$\{[^}]*\}', re.DOTALL)
_ITSELF = "\ue000"  # stands for a `$` that is no variable
_DECLARES = {"export", "declare", "local", "readonly", "typeset"}
_PRINTS = {"echo", "printf", "cat"}
_BEGINS, _TURNS, _ENDS = {"if", "for", "while", "until", "case", "select"}, {"else", "elif"}, {"fi", "done", "esac"}
_KEYWORDS = _BEGINS | _TURNS | _ENDS | {"then", "do", "{", "}", "!", "time"}
_OF_A_RATE = re.compile(
    r"--((?:min|decoupled)?[-_]?lr(?:[-_]\w[\w-]*)?|learning[-_]rate|sched[\w-]*|warmup[\w-]*|decay[-_]\w[\w-]*"
    r"|(?:start[-_]|end[-_])?weight[-_]decay[\w-]*|train[-_](?:iters|samples)|max[-_]steps|(?:num[-_]train[-_])?epochs"
    r"|cooldown[-_]epochs|(?:global|rampup)[-_]batch[-_]size|step[-_]batch[-_]size[-_]schedule)"
)
_CHOOSES = {"lr", "learning_rate", "lr_decay_style", "lr_scheduler_type", "sched", "lr_base"}
_SEVERAL = {"rampup_batch_size", "decay_milestones", "lr_noise"}
"""The options that take more than one word."""
_MOST = 4 << 20  # characters that the variables may stand for
_OF_A_VALUE = 16  # as many characters are read in the time in which a value is looked at
_DEEPEST = 20


class _Command(NamedTuple):
    words: list[str]
    line: int
    branches: tuple[int, ...]

    def __str__(self) -> str:
        program = next((word for word in self.words if word.endswith(".py")), self.words[0])
        return f"`{cut(' '.join(program.split()), 60)}` in line {self.line}"


class _Value(NamedTuple):
    words: list[str]
    adds: bool
    branches: tuple[int, ...]
    array: bool

    @property
    def of_a_rate(self) -> bool:
        return any(_OF_A_RATE.fullmatch(one.partition("=")[0]) for word in self.words for one in word.split())


class _Document(NamedTuple):
    name: str
    text: str
    line: int


def options(path: Path, data: bytes, parsed: Callable[[Path, str], dict[str, Any]]) -> dict[str, Any]:
    """Return the options of a script's training command, by name. ``parsed`` reads a config in a here-document."""
    script = _Script(path, data.decode("utf-8-sig").replace("\r\n", "\n"))
    script.scan()
    return script.chosen(parsed)


@dataclass
class _Script:
    path: Path
    text: str
    commands: list[_Command] = field(default_factory=list)
    values: dict[str, list[_Value]] = field(default_factory=lambda: defaultdict(list))
    changed: set[str] = field(default_factory=set)
    """The variables of loops, and those that are read."""
    documents: list[_Document] = field(default_factory=list)
    found: dict[tuple[str, tuple[int, ...]], list[str] | None] = field(default_factory=dict)
    """What a variable holds where it is used."""
    characters: int = 0
    """Of what all variables stand for, so far."""

    def error(self, line: int, what: str, way_out: str = "Close it") -> ValueError:
        what = f"line {line} has {' '.join(what.split())}. {way_out}"
        return ValueError(f"{self.path}: not a shell script that glidepath can read: {what}")

    # ----------------------------------------------------------------------------------------------------------- scan

    def tokens(self) -> Iterator[tuple[str, str, int]]:
        """Yield operators, beginnings of arrays, words and here-documents, each with its line."""
        at, line, waiting = 0, 1, list[str]()
        while at < len(self.text):
            begin = at
            if match := _TRAILING.match(self.text, at):
                raise self.error(
                    line, "a blank after its backslash, so that the command ends there", "Remove the blank"
                )
            if match := _BLANK.match(self.text, at):
                at = match.end()
            elif match := _OPERATOR.match(self.text, at):
                at = match.end()
                if match[0].startswith("<<") and match[0] != "<<<":
                    waiting.append(match[0])
                else:
                    yield "operator", match[0], line
                if match[0] == "\n" and waiting:
                    for delimiter in waiting:
                        begin, at = at, self._end_of_document(delimiter, at, line)
                        yield "document", self.text[begin:at].rpartition("\n")[0], line
                        line += self.text.count("\n", begin, at)
                    waiting, begin, line = [], at, line + 1
            elif match := _ARRAY.match(self.text, at):
                at = match.end()
                yield "array", match[1] + match[2], line
            else:
                word, at = self._word(at, line)
                yield "word", word, line
            line += self.text.count("\n", begin, at)

    def _end_of_document(self, delimiter: str, at: int, line: int) -> int:
        """Return where the line ends that ends a here-document."""
        tabs, name = delimiter.startswith("<<-"), delimiter[2:].lstrip("-").strip().strip("'\"\\")
        while at < len(self.text):
            end = self.text.find("\n", at)
            end = len(self.text) if end < 0 else end
            if (self.text[at:end].lstrip("\t") if tabs else self.text[at:end]) == name:
                return end
            at = end + 1
        raise self.error(line, f"a here-document without its end, {cut(name, 60)}")

    def _word(self, at: int, line: int) -> tuple[str, int]:
        """Return a word without its quotes, and where it ends. What is in `$(...)` and `${...}` stays as it is."""
        pieces, quoted = [], False
        while at < len(self.text):
            first, two = self.text[at], self.text[at : at + 2]
            if match := (_PLAIN_QUOTED if quoted else _PLAIN).match(self.text, at):
                pieces.append(match[0])
                at = match.end()
            elif first == '"':
                quoted, at = not quoted, at + 1
            elif first == "'":
                end = self.text.find("'", at + 1)
                if end < 0:
                    break
                pieces.append(self.text[at + 1 : end].replace("$", _ITSELF))
                at = end + 1
            elif first == "\\":
                plain = quoted and two[1:] not in ("$", "`", '"', "\\", "\n")
                pieces.append(two if plain else two[1:].replace("$", _ITSELF).replace("\n", ""))
                at += 2
            elif two in ("$(", "${") or first == "`":
                end = self._end_of_nested(at, line)
                pieces.append(self.text[at:end])
                at = end
            elif quoted or first == "$":
                pieces.append(first)
                at += 1
            else:
                return "".join(pieces), at
        else:
            if not quoted:
                return "".join(pieces), at
        raise self.error(line, "a quote without its end")

    def _end_of_nested(self, at: int, line: int) -> int:
        """Return where `$(...)`, `${...}` or what is in backticks ends."""
        inside: list[str] = []  # the closing brackets and quotes
        for match in _NESTED.finditer(self.text, at):
            piece, top = match[0], inside[-1] if inside else ""
            if piece == top:
                inside.pop()
            elif piece in _OPENS and top != "'" and not (top in ('"', "}") and piece in "'("):
                inside.append(_OPENS[piece])
            if not inside:
                return match.end()
        raise self.error(line, "a bracket or quote without its end")

    def scan(self) -> None:  # noqa: C901, PLR0912 (a case for each token)
        """Find the commands, the values of variables, and the here-documents."""
        branches: list[int] = []
        count, began, words, into = 0, 1, list[str](), ""
        array: tuple[str, list[str]] | None = None
        chain: int | None = None  # of commands after `&&` or `||`
        redirects, brackets = False, 0
        for kind, text, line in self.tokens():
            if array is not None:
                if (kind, text) == ("operator", ")"):
                    self.values[array[0].rstrip("+")].append(
                        _Value(array[1], array[0].endswith("+"), self._at(branches, chain), array=True)
                    )
                    array, words = None, words or ["declare"]
                elif kind == "word":
                    array[1].append(text)
            elif kind == "document":
                self.documents.append(_Document(into, text, line))
            elif kind == "array":
                array = (text, [])
            elif kind == "word":
                if redirects:
                    into, redirects = text, False
                else:
                    into, began = (into, began) if words else ("", line)
                    words.append(text)
            elif "<" in text or ">" in text:
                redirects = text[-1] in "<>"
            else:
                count += 1
                if text != ")" or brackets:  # in `case`, what stands before it is a pattern
                    into = words[-1] if words[:1] == ["tee"] else into
                    self._command(words, began, branches, chain, count)
                if text in ("&&", "||"):
                    chain = count if chain is None else chain
                elif words or text != "\n":
                    chain = None
                if text.startswith(";;") and branches:
                    branches[-1] = count
                brackets = max(0, brackets + (text == "(") - (text == ")"))
                words = []
        self._command(words, began, branches, chain, count)

    @staticmethod
    def _at(branches: list[int], chain: int | None) -> tuple[int, ...]:
        return (*branches, *([] if chain is None else [chain]))

    def _command(  # noqa: C901, PLR0912 (a case for each kind of command)
        self, words: list[str], line: int, branches: list[int], chain: int | None, count: int
    ) -> None:
        """Note what a command is: a keyword and a command, values of variables, or a program."""
        at = 0
        while at < len(words) and words[at] in _KEYWORDS:
            if words[at] in _BEGINS:
                branches.append(count)
                if len(branches) > _DEEPEST:
                    raise self.error(line, f"more than {_DEEPEST} branches and loops inside one another", "Cut it")
            elif branches and words[at] in _TURNS:
                branches[-1] = count
            elif branches and words[at] in _ENDS:
                branches.pop()
            if words[at] in ("for", "select"):
                self.changed.update(words[at + 1 : at + 2])
            if words[at] in ("for", "select", "case"):
                return
            at += 1
        declares = words[at : at + 1] and words[at] in _DECLARES
        found = []
        for place in range(at + bool(declares), len(words)):
            if match := _ASSIGNED.fullmatch(words[place]):
                found.append((match[1], _Value([match[3]], bool(match[2]), self._at(branches, chain), array=False)))
            elif not declares:
                at = place
                break
        else:
            for name, value in found:
                self.values[name].append(value)
            return
        if words[at] in ("read", "mapfile", "readarray", "unset"):
            self.changed.update(words[at + 1 :])
        self.changed.update(match[1] for word in words[at : at + 2] if (match := _COUNTED.match(word)))
        if words[at].startswith("--"):
            way_out = "End the line above with a backslash, and no comment"
            raise self.error(line, f"an option where a command begins, {cut(words[at], 60)}", way_out)
        self.commands.append(_Command(words[at:], line, self._at(branches, chain)))

    # --------------------------------------------------------------------------------------------------------- expand

    def expanded(self, words: list[str], branches: tuple[int, ...], above: tuple[str, ...] = ()) -> list[str]:
        """Return the words with the variables that have one value. One that holds options gives several words."""
        found: list[str] = []
        for word in words:
            if "$" not in word:
                found.append(word)
            elif (match := _VARIABLE.fullmatch(word)) and (held := self.value(match, branches, above)) is not None:
                found += [one for text in held for one in (text.split() if " --" in f" {text}" else [text])]
            else:
                text = _VARIABLE.sub(lambda match: self._text(match, branches, above), word)
                found += text.split() if " --" in f" {text}" else [text]
        return found

    def _text(self, match: re.Match[str], branches: tuple[int, ...], above: tuple[str, ...]) -> str:
        held = self.value(match, branches, above)
        return match[0] if held is None else " ".join(held)

    def value(self, match: re.Match[str], branches: tuple[int, ...], above: tuple[str, ...] = ()) -> list[str] | None:
        """Return the words that a variable holds; None if only running the script would tell."""
        name, default = match[1] or match[2], match[3]
        if name in self.changed or len(above) > _DEEPEST:
            return None
        if name in above or name not in self.values:
            return None if default is None else [default]
        if (name, branches) not in self.found:
            self.characters += _OF_A_VALUE * len(self.values[name])
            self.found[name, branches] = self._found(name, branches, above)
        found = self.found[name, branches]
        self.characters += 1 + sum(len(word) + 1 for word in found or [])
        if self.characters > _MOST:
            rule = f"its variables stand for more than {_MOST >> 20} Mi characters"
            raise ValueError(refusal(str(self.path), "a long text", rule, "Write the options out."))
        return found

    def _found(self, name: str, branches: tuple[int, ...], above: tuple[str, ...]) -> list[str] | None:
        itself = re.compile(rf"\$(?:{name}\b|\{{{name}(?:\[[@*]\])?\}})")
        first: list[_Value] = []
        added: list[_Value] = []
        for one in self.values[name]:
            (added if one.adds or any(itself.search(word) for word in one.words) else first).append(one)
        certain = any(one.branches == branches[: len(one.branches)] for one in first)
        if len({tuple(one.words) for one in first}) > 1 or (first and not certain):
            return self._open(name, first)
        found = self.expanded(first[0].words, first[0].branches, (*above, name)) if first else []
        for one in added:
            words = [itself.sub("", word) for word in one.words]
            if not (one.array or any("--" in word for word in words)):
                return None
            if one.branches != branches[: len(one.branches)]:
                self._open(name, [one])
                continue
            found += self.expanded([word for word in words if word], one.branches, (*above, name))
        return found

    def _open(self, name: str, values: list[_Value]) -> list[str] | None:
        """Refuse a variable that holds options of a rate, if only running the script would tell which."""
        if any(one.of_a_rate for one in values):
            rule = "it holds options, and only running the script would tell which"
            raise ValueError(refusal(f"{self.path}: {name}", "several values", rule, "Write the options out."))
        return None

    # --------------------------------------------------------------------------------------------------------- choose

    def chosen(self, parsed: Callable[[Path, str], dict[str, Any]]) -> dict[str, Any]:
        """Return the options of the one training command, or the config in the one here-document."""
        found: list[tuple[_Command, dict[str, Any]]] = []
        for command in self.commands:
            if command.words[0] in _PRINTS or len(found) > 1:
                continue
            given = self._options(self.expanded(command.words, command.branches))
            if given.keys() & _CHOOSES and not any(_rates(given) == _rates(other) for _, other in found):
                found.append((command, given))
        if len(found) > 1:
            rule = "each has a learning rate, and a config is that of one run"
            got = f"two training commands, {found[0][0]} and {found[1][0]}"
            raise ValueError(refusal(str(self.path), got, rule, "Copy one of them into a script of its own."))
        values = found[0][1] if found else self._all_options()
        documents = [one for one in self.documents if one.text.lstrip().startswith("{") or _is_yaml(one.name)]
        for key in ("deepspeed", "deepspeed_config"):
            name = values.get(key)
            for one in documents:
                if isinstance(name, str) and Path(name).name == Path(self._name(one)).name:
                    values[key] = self._parsed(one, parsed)
        if values.keys() & _CHOOSES or not documents:
            return values
        if len(documents) > 1:
            got = f"{len(documents)} here-documents, in line {documents[0].line} and in line {documents[1].line}"
            rule = "each may be a config, and no command has options of a learning rate"
            raise ValueError(refusal(str(self.path), got, rule, "Write one of them into a file of its own."))
        return self._parsed(documents[0], parsed)

    def _all_options(self) -> dict[str, Any]:
        """Return the options of a script in which no command shows them: they stand in variables of another script."""
        held = [f"${name}" for name, values in self.values.items() if any(one.of_a_rate for one in values)]
        words = [word for command in self.commands for word in command.words]
        return self._options(self.expanded(held or words, ()))

    def _options(self, words: list[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        name, before = "", None
        for word in words:
            if word.startswith("--"):
                name, _, given = word[2:].partition("=")
                name = name.replace("-", "_")
                before = values.get(name) if _OF_A_RATE.fullmatch(f"--{name}") else None
                values[name] = _value(given) if given else [] if name in _SEVERAL else True
            elif name in _SEVERAL:
                values[name].append(_value(word))
                continue
            elif name:
                values[name] = _value(word)
            if name and before not in (None, values[name]) and values[name] is not True:
                raise doubled(self.path, f"--{name.replace('_', '-')}")
            name = name if word.startswith("--") and "=" not in word else ""
        return values

    def _name(self, document: _Document) -> str:
        return " ".join(self.expanded([document.name], ()))

    def _parsed(self, document: _Document, parsed: Callable[[Path, str], dict[str, Any]]) -> dict[str, Any]:
        """Read a here-document, with the variables of the script. One without a value stays `${NAME}`: it is open."""

        def filled(match: re.Match[str]) -> str:
            text = _VARIABLE.sub(lambda one: self._text(one, (), ()), match[0])
            return text if "$" not in text or text.startswith('"') else f'"${{{text.strip("${}")}}}"'

        json = not _is_yaml(document.name)
        text = _OF_JSON.sub(filled, document.text) if json else self.expanded([document.text], ())[0]
        return parsed(Path(f"{self.path}: line {document.line}.{'json' if json else 'yaml'}"), text)


def _is_yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def _rates(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if _OF_A_RATE.fullmatch(f"--{name}")}


def _value(word: str) -> str | Unread:
    return Unread(" ".join(word.split())) if "$" in word or "`" in word else word.replace(_ITSELF, "$")
