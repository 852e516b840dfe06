//! The Python module. pyo3 is named here, and where `dialects::torch` reads live schedulers; numpy only here.
//!
//! ```text
//! declared   a Python function for each leaf, a method for each combinator
//! replays    one for all replays
//! mindspore  what `glidepath.mindspore` is built on
//! schedule   the class: operators, methods, protocols
//! arrays     outputs: allocated or borrowed from numpy, filled with the GIL released
//! series     chunks, and the lists that `iter` reads
//! busy       which memory running calls use
//! convert    arguments: what counts as a number, a step, a list of either, and what is said of anything else
//! ways       how to get a schedule from an object that has one
//! torch      the step of a live torch scheduler, and a look ahead
//! ```
//! An [`Error`] becomes a Python exception here. The rules of parameters are worded in `limits.rs` only.

mod arrays;
mod busy;
mod convert;
mod declared;
mod mindspore;
mod replays;
mod schedule;
mod series;
mod torch;
mod ways;

use pyo3::exceptions::{PyIndexError, PyKeyboardInterrupt, PyMemoryError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::error::{Error, Fault};
use crate::eval::{self, Rung};
use crate::simd::{self, Level};
use crate::{curve, json, limits};

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        match error.fault {
            Fault::Type => PyTypeError::new_err(error.to_string()),
            Fault::Value => PyValueError::new_err(error.to_string()),
            Fault::Index => PyIndexError::new_err(error.to_string()),
            Fault::Overflow => PyOverflowError::new_err(error.to_string()),
            Fault::Memory => PyMemoryError::new_err(error.rule),
            // Where a signal's handler has raised something else, the caller of the wall raises that instead.
            Fault::Stopped => PyKeyboardInterrupt::new_err(error.rule),
        }
    }
}

/// Schedules and their leaves, in Rust. Import them from `glidepath`: it exports what stands in `__all__` here.
// Without `gil_used = true`, pyo3 would declare that the module is safe without the GIL. That was never tested.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // numpy's API is loaded here, not at the first call: a signal in the middle of that would be a panic.
    module.py().import("numpy")?;
    numpy::dtype::<f64>(module.py());
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<schedule::Schedule>()?;
    declared::add_to(module)?;
    replays::add_to(module)?;
    mindspore::add_to(module)?;
    busy::add_to(module)?;
    module.add("_LAST_STEP", limits::MAX_STEP)?;
    module.add("SHAPES", PyTuple::new(module.py(), curve::LEAF_KINDS.iter().map(|kind| kind.name))?)?;
    module.add(
        "COMBINATORS",
        PyTuple::new(module.py(), declared::methods().map(|(_, kind)| kind.name).collect::<Vec<_>>())?,
    )?;
    module.add_function(wrap_pyfunction!(schema, module)?)?;
    module.add_function(wrap_pyfunction!(shown, module)?)?;
    module.add_function(wrap_pyfunction!(schedule::listed, module)?)?;
    module.add_function(wrap_pyfunction!(schedule::single, module)?)?;
    module.add_function(wrap_pyfunction!(schedule::extent, module)?)?;
    module.add_function(wrap_pyfunction!(schedule::from_parts, module)?)?;
    module.add_function(wrap_pyfunction!(force, module)?)?;
    module.add_function(wrap_pyfunction!(tally, module)?)?;
    module.add_function(wrap_pyfunction!(level, module)?)?;
    module.add_function(wrap_pyfunction!(ways::way_to_schedule, module)?)?;
    torch::add_to(module)?;
    let leaves = curve::LEAF_KINDS.iter().map(|kind| kind.name);
    module.setattr(
        "__all__",
        PyList::new(module.py(), leaves.chain(["Schedule", "replay", "schema"]).collect::<Vec<_>>())?,
    )
}

/// The JSON Schema (draft 2020-12) of what `Schedule.from_json` reads, as a text: for editors and validators.
///
/// It is made from the same tables as the checks. What no schema can say (that milestones increase, that a repeated
/// part has an end) only `from_json` checks.
///
/// >>> import json
/// >>> sorted(json.loads(gp.schema())["properties"])
/// ['$schema', 'about', 'glidepath', 'schedule']
#[pyfunction]
fn schema() -> String {
    json::schema()
}

/// A value as a message shows it: a literal, cut where it is long; anything else by its type.
#[pyfunction]
#[pyo3(name = "_shown")]
fn shown(value: &Bound<'_, PyAny>) -> String {
    convert::shown(value)
}

/// Forces an instruction set ("baseline", "avx2", "avx512") and a first rung ("quick", "careful", "fresh", "exact",
/// "big") on the whole process; what is None is chosen by itself again. For tests: values never depend on it.
#[pyfunction]
#[pyo3(name = "_force", signature = (level=None, rung=None))]
fn force(level: Option<&str>, rung: Option<&str>) -> PyResult<()> {
    let unknown = |place, name: &str, known: String| {
        Error::value(place, format!("{name:?}"), format!("it must be one of {known}"))
    };
    let known_levels = || Level::ALL.map(Level::name).join(", ");
    let known_rungs = || Rung::ALL.map(Rung::name).join(", ");
    let level =
        level.map(|name| Level::from_name(name).ok_or_else(|| unknown("level", name, known_levels()))).transpose()?;
    let rung =
        rung.map(|name| Rung::from_name(name).ok_or_else(|| unknown("rung", name, known_rungs()))).transpose()?;
    simd::force(level).map_err(PyValueError::new_err)?;
    eval::force(rung);
    Ok(())
}

/// How many values each rung has settled in this process since the last reset. For tests.
#[pyfunction]
#[pyo3(name = "_tally", signature = (reset=true))]
fn tally(py: Python<'_>, reset: bool) -> PyResult<Bound<'_, PyDict>> {
    let counts = PyDict::new(py);
    eval::tally(reset).into_iter().try_for_each(|(rung, count)| counts.set_item(rung, count))?;
    Ok(counts)
}

/// The name of the instruction set in use.
#[pyfunction]
#[pyo3(name = "_level")]
fn level() -> &'static str {
    simd::level().name()
}
