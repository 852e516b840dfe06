//! `gp.replay`: one function for all replays that are declared.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::schedule::Schedule;
use super::{convert, declared};
use crate::declare::{ReplayKind, Value};
use crate::dialects::{REPLAY_KINDS, REPLAYS, replay_kind};
use crate::error::{Error, brief, did_you_mean};

use crate::spec::Spec;

/// Adds the function, and the documentation of each replay by its name.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let docs = PyDict::new(module.py());
    REPLAY_KINDS.iter().try_for_each(|kind| docs.set_item(kind.name, declared::text_of(kind.doc)))?;
    module.add("REPLAYS", docs)?;
    module.add_function(wrap_pyfunction!(replay, module)?)
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
            Some(argument) => declared::value(&argument, param, &format_args!("{}.{}", kind.name, param.name)),
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
