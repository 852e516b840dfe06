"""Runs the `>>>` examples of a text and compares what they print."""

from __future__ import annotations

import doctest

FLAGS = doctest.ELLIPSIS


def run_examples(text: str, names: dict, where: str, line: int = 0) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, where, where, line)
    report: list[str] = []
    # clear_globs=False: the next block can use the names of this one.
    failed = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False).failed
    names.update(test.globs)
    assert not failed, "".join(report)
