"""Runs every example in README, docs, docstrings and examples/, and compares its output.

A fenced block is run by its language:

    python     with `>>>`: its output is compared, as doctest does; without: it must run. One namespace a file
    console    lines after `$`: the command is run in the project's folder, what follows is compared; `...` stands for
               anything, and what takes a network, a compiler or minutes (pip, make) is not run
    json       must be a schedule

A second word is a package that the block needs. If it is not installed, the block is not run.
"""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import glidepath as gp
from doc_examples import FLAGS, run_examples
from glidepath import _core, dialects

ROOT = Path(__file__).parents[2]
NEEDS = {"torch.md": "torch"}
"""The package that a document's examples need. If it is not installed, they are not run."""
DOCUMENTS = [
    path
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if path.name not in NEEDS or importlib.util.find_spec(NEEDS[path.name])
]
GUIDES = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "tests/README.md")]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
LIBRARIES = [f"glidepath.dialects.{name}" for name in dialects.__all__ if name not in {"names", "schedule"}]
MODULES = ["glidepath", "glidepath.clock", "glidepath.comparison", "glidepath.composites", "glidepath.conversion",
           "glidepath.plot", "glidepath.cli",
           "glidepath.configs", "glidepath.configs._read", "glidepath.configs._reading",
           "glidepath._launch", "glidepath.__main__", "glidepath.mindspore", "glidepath.mindspore.nn",
           "glidepath.mindspore.dynamic_lr", "glidepath.mindspore.learning_rate_schedule",
           "glidepath.mindspore._mindspore",
           "glidepath.mindspore.experimental",
           "glidepath.dialects", "glidepath.dialects._declare", "glidepath.dialects._curves", *LIBRARIES]  # fmt: skip
if find_spec("mindspore") is not None:
    MODULES += ["glidepath.mindspore.table", "glidepath.mindspore.experimental.optim.lr_scheduler",
                "glidepath.mindspore.experimental.optim.ahead"]  # fmt: skip
NOT_RUN = ("pip ", "make ", "python -m asv ", "asv ", "cargo ")
FENCE = re.compile(r"^```(\w*)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> Iterator[tuple[int, str]]:
    """The line and the text of every block of a language."""
    text = path.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1] == language and (found[2] is None or find_spec(found[2]) is not None):
            yield text.count("\n", 0, found.start(3)), found[3]


@pytest.fixture
def in_project(monkeypatch, tmp_path) -> Path:
    """A temporary folder with the project's examples, in which commands may write files."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("MPLBACKEND", "agg")
    # One run in ten, Python says at exit that spawned workers of torch's DataLoader left a semaphore.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    return tmp_path


@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")  # of SequentialLR itself, before torch 2.9
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_blocks_do_what_they_show(path, in_project):
    names: dict[str, object] = {}  # empty: each page must import what it uses
    for line, text in blocks(path, "python"):
        if ">>>" in text:
            run_examples(text, names, path.name, line)
        else:
            exec(compile("\n" * line + text, str(path), "exec"), names)  # noqa: S102 (our own documents)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_console_blocks_do_what_they_show(path, in_project):
    for line, text in blocks(path, "console"):
        for command, expected in transcript(text):
            if command.startswith(NOT_RUN):
                continue
            done = subprocess.run(
                ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=in_project, timeout=120
            )
            got = done.stdout + done.stderr
            assert doctest.OutputChecker().check_output(expected, got, FLAGS), (
                f"{path.name}, block after line {line}\n$ {command}\nexpected:\n{expected}\ngot:\n{got}"
            )


def transcript(text: str) -> Iterator[tuple[str, str]]:
    """Every command of a console block, and its output."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_json_blocks_are_schedules(path):
    for _, text in blocks(path, "json"):
        gp.Schedule.from_json(text)


def test_the_table_of_json_forms() -> None:
    a, b, c = gp.linear(0.0, 0.1, 5), gp.cosine(0.1, 0.0, 9), gp.constant(0.0)
    names = {"a": a, "b": b, "c": c}
    text = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*`) \| (`[^|]*`)[^|]*\|$", text, flags=re.MULTILINE)
    spelt = {name: json.loads(schedule.to_json())["schedule"] for name, schedule in names.items()}
    seen = 0
    for python, written in rows:
        pairs = zip(re.findall("`(.*?)`", python), re.findall("`(.*?)`", written), strict=True)
        for expression, form in pairs:
            filled = re.sub(r"(?<=[\[ ])[abc](?=[,\]}])", lambda found: json.dumps(spelt[found[0]]), form)
            whole = f'{{"glidepath": 1, "schedule": {filled}}}'
            assert gp.Schedule.from_json(whole) == eval(expression, {}, names), expression
            seen += 1
    assert seen == 14


def curves(path: Path) -> dict[str, str]:
    """The lines of a picture that `docs/pictures.py` has drawn: their points, in the units of the page."""
    named = r'<g id="(old|hold|extend|a-new-curve|\w+\.[\w-]+)">\s*<path d="([^"]*)"'
    return dict(re.findall(named, path.read_text(encoding="utf-8")))


def test_the_pictures_are_those_that_the_program_draws(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs" / "pictures.py", tmp_path], check=True, timeout=120)
    drawn = {path.relative_to(tmp_path) for path in tmp_path.glob("**/*.svg")}
    assert drawn == {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").glob("**/*.svg")}
    seen = set()
    for name in drawn:
        assert curves(ROOT / "docs" / name) == curves(tmp_path / name), "run `make pictures`"
        seen |= curves(tmp_path / name).keys()
    assert seen == {"old", "hold", "extend", "a-new-curve", *dialects.names()}


def test_the_gallery_shows_every_library():
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## [^\n]*`(\w+)`\n\n!\[[^\n]*\]\(gallery/\1\.svg\)$", text, re.MULTILINE)
    assert [f"glidepath.dialects.{name}" for name in shown] == LIBRARIES


@pytest.mark.parametrize("path", [*DOCUMENTS, *GUIDES], ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def named_in(path: Path) -> list[str]:
    """The files and folders that a text names, such as `src/lib.rs`."""
    return re.findall(r"`([\w.*-]+(?:/[\w.*-]+)+)`", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_guide_names_are_there(path):
    assert [name for name in named_in(path) if not list(ROOT.glob(name))] == []


def test_the_guide_to_the_tests_names_every_file():
    named = {found for name in named_in(ROOT / "tests" / "README.md") for found in ROOT.glob(name)}
    files = {*(ROOT / "tests").glob("*.py"), *(ROOT / "tests").glob("**/test_*.py")}
    assert sorted(str(path.relative_to(ROOT)) for path in files - named if path.name != "conftest.py") == []


# Docstrings.


def public() -> Iterator[tuple[str, object]]:
    for name in gp.__all__:
        if name != "__version__":
            yield name, getattr(gp, name)
    for name, member in vars(gp.Schedule).items():
        if name != "__doc__":
            yield f"Schedule.{name}", member


DOCUMENTED = {name: doc for name, member in public() if (doc := inspect.getdoc(member))}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstrings_do_what_they_show(name, in_project):
    if ">>> import torch" in DOCUMENTED[name]:
        pytest.importorskip("torch")
    run_examples(DOCUMENTED[name], {"gp": gp, "np": np}, name)


@pytest.mark.parametrize("name", MODULES)
def test_modules_do_what_their_docstrings_show(name, in_project):
    module = importlib.import_module(name)
    members = [module, *(member for member in vars(module).values() if getattr(member, "__module__", None) == name)]
    for member in members:
        names = {**vars(module), "gp": gp, "np": np}
        if name in LIBRARIES:
            names[name.rpartition(".")[2]] = module
        run_examples(inspect.getdoc(member) or "", names, name)


@pytest.mark.parametrize("name", [name for name in gp.__all__ if callable(getattr(gp, name)) and name != "schema"])
def test_every_public_function_has_a_docstring_with_an_example(name):
    assert ">>> " in DOCUMENTED[name]


@pytest.mark.parametrize("name", [name for name in vars(gp.Schedule) if not name.startswith("_")])
def test_every_method_has_a_docstring(name):
    assert f"Schedule.{name}" in DOCUMENTED


# Completeness.


def test_readme_names_everything_public():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shapes = [name for name in gp.__all__ if name not in {"Schedule", "__version__"}]
    methods = [name for name in vars(gp.Schedule) if not name.startswith("_")]
    assert [name for name in shapes + methods if not re.search(rf"\b{name}\b", text)] == []


def test_the_examples_are_listed_where_they_are_explained():
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if path.name not in text] == []


def test_the_changelog_knows_the_version():
    assert f"## {gp.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


# examples/


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_a_schedule_with_its_source_and_in_canonical_form(path):
    text = path.read_text(encoding="utf-8")
    schedule = gp.Schedule.from_json(text)
    content = json.loads(text)
    assert list(content) == ["glidepath", "about", "schedule"]
    assert re.search(r"arXiv:(\d{4}\.\d{5}|\d{4}\.\d{4}|[a-z-]+/\d+)|doi:|\d{4}\)", content["about"])
    canonical = json.loads(schedule.to_json())
    assert (
        text
        == json.dumps({"glidepath": 1, "about": content["about"], **canonical}, indent=2, ensure_ascii=False) + "\n"
    )


def test_the_examples_use_every_leaf():
    kinds = set(re.findall(r'"kind": "(\w+)"', "".join(path.read_text(encoding="utf-8") for path in EXAMPLES)))
    assert set(_core.SHAPES) <= kinds
