//! What `glidepath.mindspore` is built on: one step of a replay from a rate that the caller keeps, and float32 arithmetic.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};

use super::convert;
use super::schedule::Schedule;
use crate::dialects::mindspore::experimental::{cosine_annealing_warm_restarts, reduce_lr_on_plateau};
use crate::error::Error;
use crate::limits::{LENGTH, MULT};
use crate::replay::Recurrence;
use crate::simd::with_default_float_mode;
use crate::spec::Expr;

/// Adds the functions.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(all_exactly, module)?)?;
    module.add_function(wrap_pyfunction!(next, module)?)?;
    module.add_function(wrap_pyfunction!(closed, module)?)?;
    module.add_function(wrap_pyfunction!(between, module)?)?;
    module.add_function(wrap_pyfunction!(is_better, module)?)?;
    module.add_function(wrap_pyfunction!(reduced, module)?)?;
    module.add_function(wrap_pyfunction!(cycle, module)?)?;
    module.add_function(wrap_pyfunction!(scaled, module)?)?;
    Ok(())
}

/// Whether every item is of exactly that type: a facade's check of a long list, 100 times faster than one by one.
#[pyfunction]
#[pyo3(name = "_all_exactly")]
fn all_exactly(items: &Bound<'_, PyAny>, kind: &Bound<'_, PyType>) -> PyResult<bool> {
    if let Ok(list) = items.cast_exact::<PyList>() {
        return Ok(list.iter().all(|item| item.get_type().is(kind)));
    }
    let mut all = true;
    convert::each_item(items, |_, item| {
        all &= item.get_type().is(kind);
        Ok(())
    })?;
    Ok(all)
}

fn recurrence_of<'a>(schedule: &'a Bound<'_, Schedule>) -> PyResult<&'a dyn Recurrence> {
    match schedule.get().spec().expr() {
        Expr::Replay(replay) => Ok(replay.recurrence()),
        other => Err(Error::kind("schedule", format!("a `{}`", other.kind()), "it must be a replay").into()),
    }
}

/// The value at step `k` of a caller's own recurrence, whose value before was `lr`; None where it has more state.
#[pyfunction]
#[pyo3(name = "_next")]
fn next(schedule: &Bound<'_, Schedule>, lr: f64, k: u64) -> PyResult<Option<f64>> {
    let recurrence = recurrence_of(schedule)?;
    Ok(with_default_float_mode(|| recurrence.next(lr, k)))
}

/// The value at step `k` by the framework's closed formula; None where the replay has none.
#[pyfunction]
#[pyo3(name = "_closed")]
fn closed(schedule: &Bound<'_, Schedule>, k: u64) -> PyResult<Option<f64>> {
    let recurrence = recurrence_of(schedule)?;
    Ok(with_default_float_mode(|| recurrence.closed(k)))
}

/// The value between two steps; None where the replay has none.
#[pyfunction]
#[pyo3(name = "_between")]
fn between(schedule: &Bound<'_, Schedule>, at: f64) -> PyResult<Option<f64>> {
    let recurrence = recurrence_of(schedule)?;
    Ok(with_default_float_mode(|| recurrence.between(at)))
}

/// Whether a metric is better than the best so far, by more than the threshold, in float32.
#[pyfunction]
#[pyo3(name = "_is_better")]
fn is_better(metric: f64, best: f64, mode: &str, threshold: f64, is_relative: bool) -> bool {
    reduce_lr_on_plateau::is_better(metric as f32, best as f32, mode, threshold, is_relative)
}

/// The learning rate after a plateau, in float32.
#[pyfunction]
#[pyo3(name = "_reduced")]
fn reduced(lr: f64, factor: f64, min_lr: f64, eps: f64) -> f64 {
    f64::from(reduce_lr_on_plateau::reduced(lr as f32, factor, min_lr as f32, eps))
}

/// Where an epoch stands in its cycle, and how long that is: the first cycle's length, times so much each time.
#[pyfunction]
#[pyo3(name = "_cycle")]
fn cycle(first: u64, times: u64, epoch: f64) -> PyResult<(f64, f64)> {
    Ok(cosine_annealing_warm_restarts::cycle(LENGTH.check("T_0", first)?, MULT.check("T_mult", times)?, epoch))
}

/// A learning rate times a factor, in float32.
#[pyfunction]
#[pyo3(name = "_scaled")]
fn scaled(lr: f64, factor: f64) -> f64 {
    f64::from(lr as f32 * factor as f32)
}
