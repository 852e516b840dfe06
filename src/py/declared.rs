//! A Python function for each leaf, and a method of `Schedule` for each combinator, made from their declarations.
//!
//! They are Python's own functions, compiled from text such as `def linear(start, end, steps): return leaf(1, start, end,
//! steps)`. So binding arguments, the errors about them, the signature, pickling and the name are Python's too. A
//! builtin from a closure (`PyCFunction::new_closure`) would need all of them written here, and calls itself "built-in
//! method linear of PyCapsule object". They take 0.2 ms of the import.

use std::fmt::Write;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::schedule::Schedule;
use super::{convert, ways};
use crate::combinator::{COMBINATOR_KINDS, CombinatorKind};
use crate::curve::LEAF_KINDS;
use crate::declare::{Param, ParamType, Value};
use crate::error::Error;
use crate::limits::show;
use crate::memory::push;
use crate::spec::{Spec, replays};

/// Adds the functions to the module.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let names = PyDict::new(py);
    names.set_item("__name__", "glidepath")?;
    names.set_item("leaf", wrap_pyfunction!(leaf, module)?)?;
    names.set_item("combined", wrap_pyfunction!(combined, module)?)?;
    for (i, kind) in LEAF_KINDS.iter().enumerate() {
        let function = define(&names, kind.name, kind.doc, &(kind.params)(), ["", &format!("leaf({i}")])?;
        module.add(kind.name, function)?;
    }
    let class = py.get_type::<Schedule>();
    for (i, kind) in methods() {
        if class.hasattr(kind.name)? {
            continue; // The class has a method that reads other arguments too.
        }
        let function =
            define(&names, kind.name, kind.doc, &(kind.params)(), ["self, ", &format!("combined({i}, self")])?;
        function.setattr("__qualname__", format!("Schedule.{}", kind.name))?;
        class.setattr(kind.name, function)?;
    }
    Ok(())
}

/// The combinators that are methods, each with its place among all.
pub(super) fn methods() -> impl Iterator<Item = (usize, &'static CombinatorKind)> {
    COMBINATOR_KINDS.iter().enumerate().filter(|(_, kind)| kind.operator.is_none())
}

/// Compiles the function: what stands before its parameters, and the call that it makes with them.
fn define<'py>(
    names: &Bound<'py, PyDict>,
    name: &'static str,
    doc: &str,
    params: &[Param],
    [first, call]: [&str; 2],
) -> PyResult<Bound<'py, PyAny>> {
    let (mut signature, mut passed) = (String::from(first), String::new());
    for param in params {
        let default = param.default.as_ref().map_or_else(String::new, |value| format!("={}", as_python(value)));
        // To a String, `write!` cannot fail.
        let _ = write!(signature, "{}{default}, ", param.name);
        let _ = write!(passed, ", {}", param.name);
    }
    let text = format!("def {name}({}):\n    return {call}{passed})\n", signature.trim_end_matches(", "));
    names.py().run(&std::ffi::CString::new(text)?, Some(names), None)?;
    let function = names.get_item(name)?.ok_or_else(|| pyo3::exceptions::PyNameError::new_err(name))?;
    function.setattr("__doc__", text_of(doc))?;
    names.del_item(name)?;
    Ok(function)
}

/// A documentation comment without the blank at the start of each of its lines.
pub(super) fn text_of(doc: &str) -> String {
    let lines: Vec<&str> = doc.trim_end().lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

fn as_python(default: &Value) -> String {
    match default {
        Value::Real(x) => show(*x),
        Value::Count(n) => n.to_string(),
        Value::Flag(true) => "True".into(),
        Value::Flag(false) => "False".into(),
        Value::Absent => "None".into(),
        _ => unreachable!("no leaf or combinator has a parameter with such a default"),
    }
}

/// The schedule of leaf `i` with these arguments, each of its parameters given.
#[pyfunction]
#[pyo3(signature = (i, *arguments))]
fn leaf(i: usize, arguments: &Bound<'_, PyTuple>) -> PyResult<Schedule> {
    let kind = &LEAF_KINDS[i];
    Ok(Schedule::of(Spec::leaf(kind, values(kind.name, &(kind.params)(), arguments)?)?))
}

/// The schedule that combinator `i` makes of another with these arguments, each of its parameters given.
#[pyfunction]
#[pyo3(signature = (i, of, *arguments))]
fn combined(i: usize, of: &Bound<'_, Schedule>, arguments: &Bound<'_, PyTuple>) -> PyResult<Schedule> {
    let kind = &COMBINATOR_KINDS[i];
    let arguments = values(kind.name, &(kind.params)(), arguments)?;
    Ok(Schedule::of(of.get().spec().combined(kind, arguments)?))
}

fn values(name: &str, params: &[Param], arguments: &Bound<'_, PyTuple>) -> PyResult<Vec<Value>> {
    let one =
        |(param, argument): (&Param, Bound<'_, PyAny>)| value(&argument, param, &format_args!("{name}.{}", param.name));
    params.iter().zip(arguments).map(one).collect()
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
        ParamType::Replays => {
            let schedules = schedules(argument, place, param.kind.rule())?;
            Value::Replays(replays(&schedules).map_err(|e| e.within(&place.to_string()))?.into())
        }
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
