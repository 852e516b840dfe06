//! The step of a live torch scheduler: reads its attributes, asks its rule, sets its optimizer's groups.
//!
//! ```text
//! here      what a class of schedulers steps by: a rule of ours, or torch's own function; `step` itself
//! leaf      one step of one rule, into the live groups
//! tensor    rates that are tensors
//! ahead     preview, seek, schedule
//! ```
//! Nothing is kept between two steps, neither of the optimizer nor of the scheduler: attributes are live, and
//! `optimizer.load_state_dict` replaces the groups. All is read before anything is written, and where anything is not
//! plainly as torch makes it (a subclass's own `get_lr`, a rate that is no float, a number of a type of its own, what
//! would raise), torch's own function does the step instead: on our path everything that it would see is untouched.

mod ahead;
mod leaf;
mod tensor;

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyTuple, PyType};

use crate::dialects::torch::live::{self, Live};
use crate::dialects::torch::{Class, with_rule_of};

/// Adds what `glidepath.torch` is built on.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<StepPath>()?;
    module.add_function(wrap_pyfunction!(ahead::preview, module)?)?;
    module.add_function(wrap_pyfunction!(ahead::seek, module)?)?;
    module.add_function(wrap_pyfunction!(ahead::schedule, module)?)?;
    module.add_class::<Stepper>()
}

/// What a class of schedulers steps by: the name of a rule, or "" for torch's own function, and that function.
#[pyclass(frozen, name = "_StepPath", module = "glidepath._core")]
pub(super) struct StepPath {
    class: Class,
    torch: Py<PyAny>,
    /// Whether its instances' `step` is this module's, and their `get_last_lr` torch's.
    steps_here: bool,
    /// Whether torch's function is not the one that calls `_update_lr`, which prints.
    prints_apart: bool,
    /// Whether the rule makes the steps; if not, it only tells what torch's will set.
    steps_by_rule: bool,
    /// Whether it also makes the steps of rates that are tensors.
    sets_tensors: bool,
}

#[pymethods]
impl StepPath {
    #[new]
    fn new(
        rule: &str,
        torch: Py<PyAny>,
        steps_here: bool,
        prints_apart: bool,
        steps_by_rule: bool,
        sets_tensors: bool,
    ) -> StepPath {
        StepPath { class: Class::named(rule), torch, steps_here, prints_apart, steps_by_rule, sets_tensors }
    }
}

/// The base of the schedulers of `glidepath.torch`: their `step`.
#[pyclass(frozen, subclass, name = "_Stepper", module = "glidepath._core")]
pub(super) struct Stepper {
    path: Py<StepPath>,
    verbose: AtomicBool,
}

#[pymethods]
impl Stepper {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_arguments, verbose=None, **_keywords))]
    fn new(
        class: &Bound<'_, PyType>,
        _arguments: &Bound<'_, PyTuple>,
        verbose: Option<&Bound<'_, PyAny>>,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stepper> {
        let path = class.getattr(intern!(class.py(), "_step_path"))?.cast_into::<StepPath>()?.unbind();
        let is_verbose = verbose.map_or(Ok(false), |verbose| verbose.is_truthy())?;
        Ok(Stepper { path, verbose: AtomicBool::new(is_verbose) })
    }

    /// Whether each update is printed.
    #[getter]
    fn verbose(&self) -> bool {
        self.verbose.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_verbose(&self, verbose: &Bound<'_, PyAny>) -> PyResult<()> {
        self.verbose.store(verbose.is_truthy()?, Ordering::Relaxed);
        Ok(())
    }

    /// Moves the scheduler on by one step, and sets its groups' learning rates.
    ///
    /// The rates, and the momenta where a scheduler cycles them, are those that torch's `step` sets, bit for bit.
    ///
    /// Args:
    ///     epoch: where to go, instead of the next step; deprecated by torch, which then takes a closed formula
    ///         where it has one, and warns. A fraction moves CosineAnnealingWarmRestarts within its cycle.
    // Whatever is given goes on to torch's own `step`, which knows what it takes: that of SequentialLR takes nothing.
    #[pyo3(signature = (*arguments, **keywords), text_signature = "($self, epoch=None)")]
    fn step(
        slf: &Bound<'_, Stepper>,
        arguments: &Bound<'_, PyTuple>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let this = slf.get();
        let is_plain = arguments.is_empty() && keywords.is_none();
        if is_plain && !this.verbose.load(Ordering::Relaxed) && on_our_path(slf)?.is_some() {
            return Ok(());
        }
        on_torch_path(slf, this, arguments, keywords)
    }
}

#[cold]
fn on_torch_path(
    slf: &Bound<'_, Stepper>,
    this: &Stepper,
    arguments: &Bound<'_, PyTuple>,
    keywords: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let py = slf.py();
    let path = this.path.get();
    let step = path.torch.bind(py);
    if arguments.is_empty() && keywords.is_none() {
        step.call1((slf,))?;
    } else {
        let all: Vec<_> = std::iter::once(slf.clone().into_any()).chain(arguments.iter()).collect();
        step.call(PyTuple::new(py, all)?, keywords)?;
    }
    if path.prints_apart && this.verbose.load(Ordering::Relaxed) {
        let named = keywords.map(|keywords| keywords.get_item(intern!(py, "epoch"))).transpose()?.flatten();
        slf.call_method1(intern!(py, "_print_lrs"), (arguments.get_item(0).ok().or(named),))?;
    }
    Ok(())
}

/// Does the step, if everything is as torch makes it; gives the new `_last_lr`.
fn on_our_path<'py>(slf: &Bound<'py, Stepper>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let &StepPath { class, steps_by_rule, sets_tensors, .. } = slf.get().path.get();
    if class == Class::Other || !steps_by_rule {
        return Ok(None);
    }
    let Some(live) = Live::of(slf.as_any()) else { return Ok(None) };
    match class {
        Class::Sequential => step_sequential(&live),
        Class::Chained => step_chained(&live),
        _ => with_rule_of!(
            class,
            Rule => Ok(leaf::step::<Rule>(&live, sets_tensors)?.map(Bound::into_any)),
            else Ok(None)
        ),
    }
}

/// One step of a scheduler, wherever its `step` is; gives its new `_last_lr`.
fn step_child<'py>(child: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = child.py();
    if let Ok(stepper) = child.cast::<Stepper>()
        && stepper.get().path.get().steps_here
    {
        if !stepper.get().verbose.load(Ordering::Relaxed)
            && let Some(lrs) = on_our_path(stepper)?
        {
            return Ok(lrs);
        }
        on_torch_path(stepper, stepper.get(), &PyTuple::empty(py), None)?;
    } else {
        child.call_method0(intern!(py, "step"))?;
    }
    child.call_method0(intern!(py, "get_last_lr"))
}

fn step_sequential<'py>(live: &Live<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = live.state.py();
    let Some((epoch, child, is_start)) = next_child(live) else { return Ok(None) };
    live.state.set_item(intern!(py, "last_epoch"), epoch)?;
    let lrs = if is_start {
        py.import(intern!(py, "glidepath.torch.turns"))?.call_method1(intern!(py, "start_in_turn"), (&child,))?;
        child.call_method0(intern!(py, "get_last_lr"))?
    } else {
        step_child(&child)?
    };
    live.state.set_item(intern!(py, "_last_lr"), &lrs)?;
    Ok(Some(lrs))
}

/// The next epoch, the child that rules there, and whether it starts there.
fn next_child<'py>(live: &Live<'py>) -> Option<(i64, Bound<'py, PyAny>, bool)> {
    if live.has_seams_of_its_own() {
        return None;
    }
    let py = live.state.py();
    let epoch = live.whole(intern!(py, "last_epoch"))? + 1;
    let (mut i, mut before) = (0, i64::MIN);
    for milestone in live.list(intern!(py, "_milestones"))?.iter() {
        let milestone = live::as_whole(&milestone).filter(|&milestone| milestone >= before)?;
        if milestone <= epoch {
            (i, before) = (i + 1, milestone);
        }
    }
    let child = live.list(intern!(py, "_schedulers"))?.get_item(i).ok()?;
    Some((epoch, child, i > 0 && before == epoch))
}

fn step_chained<'py>(live: &Live<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = live.state.py();
    let Some(children) = live.list(intern!(py, "_schedulers")).filter(|list| !list.is_empty()) else {
        return Ok(None);
    };
    if live.has_seams_of_its_own() {
        return Ok(None);
    }
    for child in &children {
        step_child(&child)?;
    }
    let last = children.get_item(children.len() - 1)?;
    let groups = last.getattr(intern!(py, "optimizer"))?.getattr(intern!(py, "param_groups"))?;
    let lrs: PyResult<Vec<_>> = groups.try_iter()?.map(|group| copied(&group?.get_item(intern!(py, "lr"))?)).collect();
    let lrs = PyList::new(py, lrs?)?;
    live.state.set_item(intern!(py, "_last_lr"), &lrs)?;
    Ok(Some(lrs.into_any()))
}

/// A clone of a tensor; anything else as it is.
fn copied<'py>(lr: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if lr.is_exact_instance_of::<PyFloat>() || !lr.hasattr(intern!(lr.py(), "clone"))? {
        return Ok(lr.clone());
    }
    tensor::cloned(lr)
}
