//! The way from other objects to a schedule: the last sentence of a message about an object that is not a schedule.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// The frameworks' own schedulers, by the module of a class of theirs, and how each becomes a schedule.
const SCHEDULERS: [(&str, &str); 3] = [
    ("torch.optim.lr_scheduler", "Take its schedule: `glidepath.torch.schedule(scheduler)`."),
    ("torch.optim.swa_utils", "Take its schedule: `glidepath.torch.schedule(scheduler)`."),
    (
        "mindspore.experimental.optim.lr_scheduler",
        "Take its schedule: `glidepath.mindspore.experimental.schedule(scheduler)`.",
    ),
];

/// MindSpore's own schedule classes. A user's subclasses are not among them.
const CELLS: (&str, &str) = (
    "mindspore.nn.learning_rate_schedule",
    "Make it with the class of that name in `glidepath.mindspore.nn`, and take its `.schedule()`.",
);

/// How to get a schedule from an object that has one; None for an object that has none.
pub(super) fn to_schedule(value: &Bound<'_, PyAny>) -> Option<&'static str> {
    if value.is_instance_of::<PyType>() {
        return None;
    }
    let own = value.getattr(intern!(value.py(), "schedule"));
    if own.is_ok_and(|method| method.is_callable()) {
        return Some("Take its schedule: `.schedule()`.");
    }
    if module_of(&value.get_type())? == CELLS.0 {
        return Some(CELLS.1);
    }
    value.get_type().mro().iter().find_map(|kind| {
        let module = module_of(&kind)?;
        SCHEDULERS.iter().find(|(name, _)| *name == module).map(|&(_, way)| way)
    })
}

/// How to get a schedule from an object that has one, or from a function of the step.
///
/// Other callables give `None`: their type may define what an operator with a schedule does.
pub(super) fn of_values(value: &Bound<'_, PyAny>) -> Option<&'static str> {
    let is_function = || {
        let module = module_of(&value.get_type());
        !value.is_instance_of::<PyType>()
            && value.is_callable()
            && module.is_some_and(|name| name == "builtins" || name == "functools")
    };
    to_schedule(value).or_else(|| is_function().then_some(FUNCTION))
}

/// How to get a schedule from a function of the step.
const FUNCTION: &str = "For a function of the step make a table: `gp.table([f(k) for k in range(n)])`.";

fn module_of(kind: &Bound<'_, PyAny>) -> Option<String> {
    let module = kind.getattr(intern!(kind.py(), "__module__")).ok()?;
    Some(module.cast::<PyString>().ok()?.to_string_lossy().into_owned())
}

/// How to get a schedule from an object that has one, as a message's last sentence; None where it has none.
#[pyfunction]
#[pyo3(name = "_way_to_schedule")]
pub(super) fn way_to_schedule(value: &Bound<'_, PyAny>) -> Option<&'static str> {
    to_schedule(value)
}
