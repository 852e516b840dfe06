"""The stub, the signatures and the JSON Schema are up to date with the declarations."""

from __future__ import annotations

import inspect
import json
import pickle

import jsonschema
import pytest

import glidepath as gp
import make_stub
from cases import CASES, Case
from glidepath import _core

FORMAT = json.loads(gp.schema())
VALIDATOR = jsonschema.Draft202012Validator(FORMAT)


def test_the_stub_is_fresh() -> None:
    stub = make_stub.STUB.read_text(encoding="utf-8")
    assert make_stub.fresh(stub) == stub, "run `python tests/make_stub.py`"


def test_making_the_stub_twice_changes_nothing() -> None:
    bare = "def schema() -> str: ...\n\nclass Schedule:\n    a: int\n    @property\n    def steps(self) -> int: ...\n"
    made = make_stub.fresh(bare + make_stub.SHAPES)
    assert make_stub.fresh(made) == made
    assert f'"""{inspect.getdoc(gp.schema)}'.partition("\n")[0] in made


@pytest.mark.parametrize("name", _core.SHAPES)
def test_a_shape_is_a_function_like_any_other(name: str) -> None:
    shape = getattr(gp, name)
    assert (shape.__name__, shape.__qualname__, shape.__module__) == (name, name, "glidepath")
    assert pickle.loads(pickle.dumps(shape)) is shape
    with pytest.raises(TypeError, match=rf"^{name}\(\) missing \d required positional argument"):
        shape()
    with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'surprise'"):
        shape(surprise=1)


@pytest.mark.parametrize("name", _core.SHAPES)
def test_a_signature_is_the_schema(name: str) -> None:
    definition = FORMAT["$defs"][name]
    params = inspect.signature(getattr(gp, name)).parameters.values()
    assert {"kind", *(param.name for param in params)} == set(definition["properties"])
    assert ["kind", *(param.name for param in params if param.default is param.empty)] == definition["required"]
    defaults = {param.name: param.default for param in params if param.default is not param.empty}
    assert defaults == {key: value["default"] for key, value in definition["properties"].items() if "default" in value}


def test_every_shape_is_public() -> None:
    assert set(_core.SHAPES) <= set(gp.__all__)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(FORMAT)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_written_meets_the_schema(case: Case) -> None:
    schedule = case.build(gp, 1_000) if case.name != "table" else gp.table([0.1, 0.2])
    VALIDATOR.validate(json.loads(schedule.to_json()))
    VALIDATOR.validate(json.loads((schedule + 1).hold(2).to_json()))


@pytest.mark.parametrize(
    "change",
    [{"kind": "lineal"}, {"steps": 0}, {"steps": 2.5}, {"steps": "3"}, {"steps": 2**53 + 1}, {"start": None}, {"of": 1},
     {"start": "0"}, {"steps": None}],
)  # fmt: skip
def test_what_is_refused_does_not_meet_the_schema(change: dict[str, object]) -> None:
    text = json.loads(gp.linear(0, 1, 10).to_json())
    text["schedule"] |= change
    assert not VALIDATOR.is_valid(text)
    with pytest.raises(ValueError):
        gp.Schedule.from_json(json.dumps(text))
