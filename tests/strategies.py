"""Random expressions for hypothesis, which can shrink them."""

from __future__ import annotations

from hypothesis import strategies as st

import expression as e
from expression import MAX_STEP, Expr

values = st.one_of(
    st.sampled_from((0.0, 1.0, 0.1, 3e-4, 3e-5, 0.5, -0.25, 1e-12, 1e3)), st.floats(1e-12, 1e3), st.floats(-1e3, -1e-12)
)
positives = st.one_of(st.sampled_from((0.5, 2.0, 0.9, 1.0, 0.25)), st.floats(1e-3, 1e3))
shares = st.one_of(st.sampled_from((0.5, 0.9, 1.0)), st.floats(1e-3, 1.0))
lengths = st.one_of(st.integers(1, 8), st.integers(1, 5_000), st.sampled_from((64, 128, 512, 1_000, 4_096)))
long_lengths = st.one_of(lengths, st.integers(1, 2**40), st.integers(0, 40).map(lambda j: 2**j))
steps = st.one_of(
    st.integers(0, 10), st.integers(0, 20_000), st.integers(0, MAX_STEP), st.integers(0, 53).map(lambda j: 2**j)
)
betas = st.one_of(st.sampled_from((0.9, 0.95, 0.99, 0.999, 0.5, 0.75)), st.floats(1e-30, 1 - 2**-53))
powers = st.one_of(st.sampled_from((0.5, 0.9, 1.0, 2.0, 3.0, 1.5, 0.25)), st.floats(0.05, 6))


def _periods(draw: st.DrawFn) -> tuple[float, bool]:
    stair = draw(st.booleans())
    return (draw(lengths) if stair else draw(st.one_of(lengths, positives))), stair


@st.composite
def _decaying(draw: st.DrawFn) -> Expr:
    make, rates = draw(
        st.sampled_from(((e.exponential, positives), (e.natural_exponential, positives), (e.inverse_time, positives)))
    )
    per, stair = _periods(draw)
    return make(draw(values), draw(rates), per, stair)


@st.composite
def _piecewise(draw: st.DrawFn) -> Expr:
    milestones = sorted(draw(st.sets(long_lengths, max_size=8)))
    count = len(milestones) + 1
    return e.piecewise_constant(draw(st.lists(values, min_size=count, max_size=count)), milestones)


ending_leaves = st.one_of(
    st.builds(e.linear, values, values, lengths),
    st.builds(e.cosine, values, values, lengths),
    st.builds(e.polynomial, values, values, lengths, powers),
    st.builds(e.power, values, values, lengths, powers),
    st.builds(e.logarithmic, values, values, lengths, positives),
    st.builds(e.tanh, values, values, lengths, st.floats(-20, 20), st.floats(-20, 20)),
    st.builds(e.rex, values, values, lengths, st.floats(-10, 0.999)),
    st.builds(e.adam_correction, betas, betas, lengths, st.booleans()),
    st.builds(e.k_decay, values, values, lengths, powers),
    st.builds(e.table, st.lists(values, min_size=1, max_size=20)),
)
endless_leaves = st.one_of(
    st.builds(e.constant, values),
    st.builds(e.polynomial_cycle, values, values, lengths, powers),
    _decaying(),
    st.builds(e.inverse_sqrt, values, positives),
    st.builds(e.inverse_power, values, positives, powers),
    _piecewise(),
    st.builds(e.triangle, values, values, lengths, lengths, shares),
    st.builds(e.cosine_restarts, values, values, lengths, st.integers(1, 3), shares),
)
leaves = st.one_of(ending_leaves, endless_leaves)


@st.composite
def joined(draw: st.DrawFn, first: st.SearchStrategy[Expr], second: st.SearchStrategy[Expr]) -> Expr:
    a = draw(first)
    at = draw(st.one_of(st.none(), lengths)) if a.steps else draw(lengths)
    return a.then(draw(second), at=at)


@st.composite
def _clamped(draw: st.DrawFn, inner: st.SearchStrategy[Expr]) -> Expr:
    low, high = sorted((draw(values), draw(values)))
    return draw(inner).clamp(*draw(st.sampled_from(((low, high), (low, None), (None, high)))))


def _repeated(a: Expr, times: int | None) -> Expr:
    return a.repeat(times) if a.steps else a.hold(3)


def _combined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        joined(inner, inner),
        joined(inner, inner),
        st.builds(Expr.delay, inner, lengths),
        st.builds(_repeated, inner, st.one_of(st.none(), st.integers(1, 50))),
        st.builds(Expr.hold, inner, st.integers(1, 1_000)),
        st.builds(Expr.by_epoch, inner, st.integers(1, 500)),
        st.builds(Expr.skip, inner, st.one_of(st.just(0), long_lengths)),
        st.builds(Expr.stride, inner, long_lengths),
        st.builds(Expr.stretch, inner, st.sampled_from((1, 2, 8)), st.sampled_from((1, 3, 5))),  # times stay doubles
        _clamped(inner),
        st.builds(Expr.__add__, inner, st.one_of(inner, values)),
        st.builds(Expr.__sub__, inner, st.one_of(inner, values)),
        st.builds(Expr.__rsub__, inner, values),
        st.builds(Expr.__mul__, inner, st.one_of(inner, values)),
        st.builds(Expr.__rmul__, inner, values),
        st.builds(Expr.__truediv__, inner, positives),
        st.builds(Expr.__neg__, inner),
    )


def lasts(expr: Expr) -> bool:
    """Whether glidepath accepts its length."""
    return all(lasts(part) for part in expr.parts) and (expr.steps is None or expr.steps <= MAX_STEP)


expressions = st.recursive(leaves, _combined, max_leaves=6).filter(lasts)
"""Any nested expression."""
