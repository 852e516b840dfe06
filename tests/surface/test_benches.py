"""Every case has a benchmark, and every benchmark checks its values."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
from pathlib import Path

import pytest

import glidepath as gp
from cases import CASES

sys.path.insert(0, str(Path(__file__).parents[2] / "benches"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benches" / "suite"))

import bench_import
import bench_verbs
import compiled_rows
import mindspore_table
import side_by_side
import table

SMALL = 4_000
NOT_SHAPES = {"Audit", "Clock", "Comparison", "Conversion", "ConversionError", "Finding", "Group", "Groups", "Param",
              "Reading", "Schedule", "__version__", "audit", "check", "compare", "convert", "read", "rehearse",
              "schema"}  # fmt: skip
COMBINATORS = {"then", "delay", "repeat", "hold", "by_epoch", "clamp", "+", "*"}
SUITES = [bench_verbs.Fill, bench_verbs.Array, bench_verbs.Gather, bench_verbs.Scalar]


def test_every_leaf_and_composite_has_a_benchmark():
    covered = {CASES[name].covers for suite in SUITES for name in suite.params[0]}
    assert set(gp.__all__) - NOT_SHAPES <= covered


def test_every_combinator_has_a_benchmark():
    assert {case.covers for case in CASES.values()} >= COMBINATORS


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_suite_covers_every_case_and_both_types(suite):
    assert suite.params[0] == list(CASES)
    assert suite is bench_verbs.Scalar or suite.params[1] == ["float64", "float32"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.__name__)
def test_every_benchmark_runs_and_its_answers_hold(suite, name, monkeypatch):
    monkeypatch.setattr(suite, "steps", SMALL)
    for dtype in suite.params[1] if len(suite.params) > 1 else [None]:
        arguments = [name] if dtype is None else [name, dtype]
        bench = suite()
        bench.setup(*arguments)
        timed = [call for label, call in inspect.getmembers(bench, callable) if label.startswith("time_")]
        assert timed
        for call in timed:
            call(*arguments)


def test_a_setup_that_sees_wrong_values_says_so():
    schedule = gp.cosine(1.0, 0.0, SMALL)
    values = schedule.array(SMALL)
    bench_verbs.check(schedule, values)
    values *= 1 + 2**-52
    with pytest.raises(AssertionError):
        bench_verbs.check(schedule, values)


def test_the_import_is_measured():
    bench = bench_import.Import()
    bench.setup()
    assert 0.0 < bench.track_import() < 60.0


def test_asv_finds_its_suite():
    config = json.loads((Path(table.__file__).parent / "asv.conf.json").read_text(encoding="utf-8"))
    assert config["benchmark_dir"] == "suite"  # with those modules alone: asv imports all, whatever is installed
    assert config["environment_type"] == "existing"


# The table of `make bench`, with few steps.


def test_the_table_measures_every_case():
    for verb in table.VERBS:
        if verb.level is None or verb.level in table.levels():
            ratios = table.case_ratios(verb, SMALL, repeats=1)
            assert list(ratios) == list(CASES)
            assert str(table.summary(verb, ratios)).startswith(f"| {verb.name}, every leaf")


def test_the_table_measures_the_rest():
    rows = [
        *table.cycle_rows(SMALL, 1),
        *table.changed_run_rows(SMALL, 1),
        table.table_row(1, size=SMALL),
        table.gather_row(SMALL, 1),
        table.compare_row(SMALL, 1),
        table.scalar_row(SMALL, 1, number=10),
        table.worker_row(1, number=100),
        table.save_row(1, n=10_000),
        table.import_row(1),
    ]
    assert all(row.measured > 0.0 for row in rows)


def test_the_table_beside_mindspore_measures():
    theirs = pytest.importorskip("mindspore.nn")
    rows = [*mindspore_table.list_rows(theirs, SMALL, 1), *mindspore_table.fill_rows(SMALL, 1)]
    rows.append(mindspore_table.class_row(theirs, pytest.importorskip("mindspore").Tensor, 1, number=2))
    assert len(rows) == 1 + 3 * len(mindspore_table.list_arguments(SMALL))
    assert all(row.measured > 0.0 for row in rows)


def test_a_row_says_whether_its_bar_is_met():
    assert table.Row("x", 1.0, 1.3, 1.05).mark == "goal"
    assert table.Row("x", 1.2, 1.3, 1.05).mark == "ok"
    assert table.Row("x", 1.4, 1.3, 1.05).mark == "MISSED"
    assert table.Row("x", 1.9, 1.7, 1.95, at_least=True).mark == "ok"
    assert table.Row("x", 1.6, 1.7, 1.95, at_least=True).mark == "MISSED"
    assert table.Row("x", None, 1.7, 1.95).mark == "not shown"


@pytest.mark.filterwarnings("ignore")  # of torch's compiler
def test_the_rows_of_compiled_steps():
    rows = list(compiled_rows.lines(2, size=4))
    assert [row.split()[5] for row in rows] == ["jax", "torch"]
    for name, row in zip(("jax", "torch"), rows, strict=True):
        assert ("not shown" in row) == (importlib.util.find_spec(name) is None)


# Other implementations.


@pytest.mark.filterwarnings("ignore")  # of the other libraries
@pytest.mark.parametrize("path", sorted(side_by_side.HERE.glob("*.py")), ids=lambda path: path.stem)
def test_every_peer_is_measured(path):
    if path.stem == "keras_schedules":
        pytest.importorskip("jax", reason="is Keras's backend here")
    module = side_by_side.load(path)
    if module is None:
        pytest.skip(f"a package that {path.stem} needs is not installed")
    found = list(side_by_side.rows(module, 1, 500))
    assert {row.curve for row in found} == side_by_side.CURVES.keys() & vars(module).keys()
    for row in found:
        assert row.ratio > 0.0
        assert 0.0 <= row.equal <= 1.0
        assert row.ulps > 0.0 or row.equal == 1.0
    assert len(list(side_by_side.markdown(found))) == len(found) + 2


def test_a_module_of_ones_own(tmp_path, capsys, monkeypatch):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import numpy as np, glidepath as gp\nSTEPS = 100\n"
        "def cosine(start, end, steps): return lambda: gp.cosine(start, end, steps).array(steps)\n"
        "def linear(start, end, steps): return lambda: 2 * gp.linear(start, end, steps).array(steps, dtype='float32')\n"
    )
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", str(mine), "--json", "--repeats", "1"])
    side_by_side.main()
    linear, cosine = json.loads(capsys.readouterr().out)
    assert (cosine["peer"], cosine["curve"], cosine["steps"], cosine["dtype"]) == ("mine", "cosine", 100, "float64")
    assert (cosine["equal"], cosine["ulps"]) == (1.0, 0.0)
    assert linear["equal"] < 0.1
    assert linear["ulps"] > 2**22
    mine.write_text("def cosine(start, end, steps): return lambda: [1, 2]\n")
    with pytest.raises(SystemExit) as caught:
        side_by_side.main()
    assert str(caught.value) == "mine.cosine: got int64 values of shape (2,), not 1000000 floats"


# The rows that compare with torch, with few steps.


def test_the_rows_beside_torch():
    pytest.importorskip("torch")
    import torch_rows

    found = torch_rows.columns(repeats=1, number=32, n=10_000)
    for heading, ratios in found.items():
        assert all(ratio > 0.0 for ratio in ratios.values()), heading
    shown = [str(row) for row in (*torch_rows.rows(found), torch_rows.plateau_row(1, number=10))]
    assert len(shown) == 5 + 1 + 1


def test_every_scheduler_without_a_function_or_a_metric_is_measured():
    pytest.importorskip("torch")
    import glidepath.torch as gt
    import torch_rows

    apart = {
        "LRScheduler",
        "_LRScheduler",
        "LambdaLR",
        "MultiplicativeLR",
        "RateTable",
        "ReduceLROnPlateau",
        "Scheduler",
    }
    classes = {name for name in gt.__all__ if isinstance(getattr(gt, name), type)} - apart
    assert {name.partition(",")[0] for name in torch_rows.SCHEDULERS} == classes
