//! A Python function for each shape, made from its declaration.
//!
//! The functions are Python's own, compiled from text such as `def linear(start, end, steps): return leaf(1, start,
//! end, steps)`. So binding arguments, the errors about them, the signature, pickling and the name are Python's too. A
//! builtin from a closure (`PyCFunction::new_closure`) would need all of them written here, and calls itself "built-in
//! method linear of PyCapsule object". They take 0.2 ms of the import.

use std::fmt::Write;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::schedule::Schedule;
use super::{convert, ways};
use crate::curve::LEAF_KINDS;
use crate::error::Error;
use crate::limits::show;
use crate::memory::push;
use crate::shape::{LeafKind, Param, ParamType, Value};
use crate::spec::Spec;

/// Adds the functions to the module.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let names = PyDict::new(py);
    names.set_item("__name__", "glidepath")?;
    names.set_item("leaf", wrap_pyfunction!(leaf, module)?)?;
    let text: String = LEAF_KINDS.iter().enumerate().map(|(i, kind)| definition(i, kind)).collect();
    py.run(&std::ffi::CString::new(text)?, Some(&names), None)?;
    for kind in LEAF_KINDS.iter() {
        let function = names.get_item(kind.name)?.ok_or_else(|| pyo3::exceptions::PyNameError::new_err(kind.name))?;
        function.setattr("__doc__", text_of(kind.doc))?;
        module.add(kind.name, function)?;
    }
    Ok(())
}

/// A documentation comment without the blank at the start of each of its lines.
pub(super) fn text_of(doc: &str) -> String {
    let lines: Vec<&str> = doc.trim_end().lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

fn definition(i: usize, kind: &LeafKind) -> String {
    let (mut signature, mut passed) = (String::new(), String::new());
    for param in (kind.params)() {
        let default = param.default.as_ref().map_or_else(String::new, |value| format!("={}", as_python(value)));
        // To a String, `write!` cannot fail.
        let _ = write!(signature, "{}{default}, ", param.name);
        let _ = write!(passed, ", {}", param.name);
    }
    format!("def {}({}):\n    return leaf({i}{passed})\n", kind.name, signature.trim_end_matches(", "))
}

fn as_python(default: &Value) -> String {
    match default {
        Value::Real(x) => show(*x),
        Value::Count(n) => n.to_string(),
        Value::Flag(true) => "True".into(),
        Value::Flag(false) => "False".into(),
        Value::Absent => "None".into(),
        _ => unreachable!("no shape has a parameter with such a default"),
    }
}

/// The schedule of shape `i` with these arguments, each of its parameters given.
#[pyfunction]
#[pyo3(signature = (i, *arguments))]
fn leaf(i: usize, arguments: &Bound<'_, PyTuple>) -> PyResult<Schedule> {
    let kind = &LEAF_KINDS[i];
    let values: PyResult<Vec<Value>> = (kind.params)()
        .iter()
        .zip(arguments)
        .map(|(param, argument)| value(&argument, param, &format_args!("{}.{}", kind.name, param.name)))
        .collect();
    Ok(Schedule::of(Spec::leaf(kind, values?)?))
}

/// The argument in the parameter's type; whether its limits admit it is the constructor's business.
pub(super) fn value(argument: &Bound<'_, PyAny>, param: &Param, place: convert::Place<'_>) -> PyResult<Value> {
    if argument.is_none() && param.default == Some(Value::Absent) {
        return Ok(Value::Absent);
    }
    Ok(match param.kind {
        ParamType::Real(limit) => Value::Real(convert::real(argument, place, limit)?),
        ParamType::Count(limit) => Value::Count(convert::count(argument, place, limit)?),
        ParamType::Flag => Value::Flag(convert::flag(argument, place)?),
        ParamType::Reals(limit) => Value::Reals(convert::reals(argument, place, limit)?.into()),
        ParamType::Counts(limit) => Value::Counts(convert::counts(argument, place, limit)?.into()),
        ParamType::Double(limit) => Value::Real(convert::real(argument, place, limit)?),
        ParamType::Doubles(limit) => Value::Reals(convert::reals(argument, place, limit)?.into()),
        ParamType::Int => Value::Int(convert::int(argument, place, param.kind.rule())?),
        ParamType::Ints => Value::Ints(convert::ints(argument, place, ParamType::Int.rule())?.into()),
        ParamType::Text(_) => Value::Text(convert::text(argument, place, param.kind.rule())?.into()),
        ParamType::Replays => Value::Schedules(schedules(argument, place, param.kind.rule())?.into()),
    })
}

fn schedules(argument: &Bound<'_, PyAny>, place: convert::Place<'_>, rule: &str) -> PyResult<Vec<Spec>> {
    let refused = |place: String, got: &Bound<'_, PyAny>, rule| Error::kind(place, convert::shown(got), rule);
    if !(argument.is_instance_of::<PyList>() || argument.is_instance_of::<PyTuple>()) {
        return Err(refused(place.to_string(), argument, rule).or("Put the replays into a list.").into());
    }
    let mut specs = Vec::new();
    convert::each_item(argument, |i, item| match item.cast::<Schedule>() {
        Ok(schedule) => Ok(push(&mut specs, schedule.get().spec().clone())?),
        Err(_) => {
            let way = ways::to_schedule(item).unwrap_or("Make it with `gp.replay(...)`.");
            Err(refused(format!("{place}[{i}]"), item, "it must be a replay").or(way).into())
        }
    })?;
    Ok(specs)
}
