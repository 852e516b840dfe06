//! `replay`: one function for all the forms that are declared.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::schedule::Schedule;
use super::{convert, shapes};
use crate::error::Error;
use crate::replay::{FORMS, Form, form};
use crate::shape::Value;
use crate::spec::Spec;

/// Adds the function, and the forms' documentation by name.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let docs = PyDict::new(module.py());
    FORMS.iter().try_for_each(|form| docs.set_item(form.name, shapes::text_of(form.doc)))?;
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
    let form = known(kind)?;
    let params = (form.params)();
    if let Some(parameters) = parameters {
        for name in parameters.keys() {
            let name = name.cast::<PyString>()?.to_string_lossy().into_owned();
            if !params.iter().any(|param| param.name == name) {
                let names: Vec<&str> = params.iter().map(|param| param.name).collect();
                let rule = format!("its parameters are {}", names.join(", "));
                return Err(Error::kind(form.name, format!("the parameter `{name}`"), rule).into());
            }
        }
    }
    let values: PyResult<Vec<Value>> = params
        .iter()
        .map(|param| match parameters.map(|given| given.get_item(param.name)).transpose()?.flatten() {
            Some(argument) => shapes::value(&argument, param, &format_args!("{}.{}", form.name, param.name)),
            None => Ok(Value::Absent),
        })
        .collect();
    Ok(Schedule::of(Spec::replay(form, values?)?))
}

fn known(kind: &Bound<'_, PyAny>) -> PyResult<&'static Form> {
    let Ok(name) = kind.cast::<PyString>() else {
        let error = Error::kind("replay.kind", convert::shown(kind), "it must be a string");
        return Err(error.or("For instance \"torch.StepLR\".").into());
    };
    form(&name.to_string_lossy()).ok_or_else(|| {
        let names: Vec<&str> = FORMS.iter().map(|form| form.name).collect();
        Error::value("replay.kind", convert::shown(kind), format!("it must be one of {}", names.join(", "))).into()
    })
}
