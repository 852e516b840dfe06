//! `replay`: one function for all the forms that are declared.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::schedule::Schedule;
use super::{convert, shapes};
use crate::dialects::{REPLAY_KINDS, REPLAYS, mindspore, replay_kind};
use crate::error::{Error, brief, did_you_mean};
use crate::limits::{LENGTH, MULT};
use crate::replay::{Recurrence, ReplayKind};
use crate::shape::Value;
use crate::simd::with_default_float_mode;
use crate::spec::{Expr, Spec};

/// Adds the function, and the forms' documentation by name.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let docs = PyDict::new(module.py());
    REPLAY_KINDS.iter().try_for_each(|kind| docs.set_item(kind.name, shapes::text_of(kind.doc)))?;
    module.add("REPLAYS", docs)?;
    module.add_function(wrap_pyfunction!(all_exactly, module)?)?;
    module.add_function(wrap_pyfunction!(next, module)?)?;
    module.add_function(wrap_pyfunction!(closed, module)?)?;
    module.add_function(wrap_pyfunction!(between, module)?)?;
    module.add_function(wrap_pyfunction!(is_better, module)?)?;
    module.add_function(wrap_pyfunction!(reduced, module)?)?;
    module.add_function(wrap_pyfunction!(cycle, module)?)?;
    module.add_function(wrap_pyfunction!(scaled, module)?)?;
    module.add_function(wrap_pyfunction!(replay, module)?)
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

/// A framework's own learning rates: its recurrence, repeated operation by operation, so that the bits are its own.
///
/// Args:
///     kind: which one: "torch.StepLR", "mindspore.cosine_decay_lr", ... `docs/replays.md` lists them with their
///         formulas.
///     parameters: its parameters, under the framework's own names.
///
/// Returns a `Schedule` like any other. Its float64 values are the framework's, in every bit, where that runs with the
/// same mathematical library; float32 values are those, rounded. In arithmetic they are exact numbers, as a table's
/// are; where one is infinite or not a number, the arithmetic is floating-point's.
///
/// Raises `ValueError` for an unknown kind or a value out of range, `TypeError` for a parameter that is missing,
/// unknown or of the wrong type, `OverflowError` where the framework would raise it.
///
/// >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=30, gamma=0.1)
/// >>> s[0], s[30], s[60], s[90]
/// (0.1, 0.010000000000000002, 0.0010000000000000002, 0.00010000000000000003)
/// >>> s
/// gp.replay("torch.StepLR", base_lr=0.1, step_size=30)
#[pyfunction]
#[pyo3(signature = (kind, /, **parameters))]
fn replay(kind: &Bound<'_, PyAny>, parameters: Option<&Bound<'_, PyDict>>) -> PyResult<Schedule> {
    let kind = known(kind)?;
    let params = (kind.params)();
    if let Some(parameters) = parameters {
        for name in parameters.keys() {
            let name = name.cast::<PyString>()?.to_string_lossy().into_owned();
            if !params.iter().any(|param| param.name == name) {
                let names: Vec<&str> = params.iter().map(|param| param.name).collect();
                let rule = format!("its parameters are {}", names.join(", "));
                let meant = did_you_mean(&name, names).unwrap_or_default();
                return Err(Error::kind(kind.name, format!("the parameter `{}`", brief(&name)), rule).or(meant).into());
            }
        }
    }
    let values: PyResult<Vec<Value>> = params
        .iter()
        .map(|param| match parameters.map(|given| given.get_item(param.name)).transpose()?.flatten() {
            Some(argument) => shapes::value(&argument, param, &format_args!("{}.{}", kind.name, param.name)),
            None => Ok(Value::Absent),
        })
        .collect();
    Ok(Schedule::of(Spec::replay(kind, values?)?))
}

fn known(kind: &Bound<'_, PyAny>) -> PyResult<&'static ReplayKind> {
    let Ok(name) = kind.cast::<PyString>() else {
        let error = Error::kind("replay.kind", convert::shown(kind), "it must be a string");
        return Err(error.or("For instance \"torch.StepLR\".").into());
    };
    replay_kind(&name.to_string_lossy()).ok_or_else(|| {
        let meant = did_you_mean(&name.to_string_lossy(), REPLAY_KINDS.iter().map(|kind| kind.name));
        let rule = "it must be the name of a replay, such as \"torch.StepLR\"";
        let way_out = meant.unwrap_or_else(|| REPLAYS.into());
        Error::value("replay.kind", convert::shown(kind), rule).or(way_out).into()
    })
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
    mindspore::experimental::is_better(metric as f32, best as f32, mode, threshold, is_relative)
}

/// The learning rate after a plateau, in float32.
#[pyfunction]
#[pyo3(name = "_reduced")]
fn reduced(lr: f64, factor: f64, min_lr: f64, eps: f64) -> f64 {
    f64::from(mindspore::experimental::reduced(lr as f32, factor, min_lr as f32, eps))
}

/// Where an epoch stands in its cycle, and how long that is: the first cycle's length, times so much each time.
#[pyfunction]
#[pyo3(name = "_cycle")]
fn cycle(first: u64, times: u64, epoch: f64) -> PyResult<(f64, f64)> {
    Ok(mindspore::experimental::cycle(LENGTH.check("T_0", first)?, MULT.check("T_mult", times)?, epoch))
}

/// A learning rate times a factor, in float32.
#[pyfunction]
#[pyo3(name = "_scaled")]
fn scaled(lr: f64, factor: f64) -> f64 {
    f64::from(lr as f32 * factor as f32)
}
