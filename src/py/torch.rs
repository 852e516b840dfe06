//! The step of a live torch scheduler: reads its attributes, asks its rule, sets its optimizer's groups.
//!
//! ```text
//! road      what a class of schedulers steps by: a rule of ours, or torch's own function
//! stepper   the base of `glidepath.torch.LRScheduler`: `step`
//! live      a scheduler's `__dict__`, read: numbers, lists, rules
//! ```
//! Nothing is kept between two steps, neither of the optimizer nor of the scheduler: attributes are live, and
//! `optimizer.load_state_dict` replaces the groups. All is read before anything is written, and where anything is not
//! plainly as torch makes it (a subclass's own `get_lr`, a rate that is no float, a number of a type of its own, what
//! would raise), torch's own function does the step instead: on our road everything that it would see is untouched.

mod ahead;

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

use crate::replay::torch::rule::{Anneal, BASE, Change, Clock, Fade, Group, MAX, Phase, Rule, phase_at};

/// Adds what `glidepath.torch` is built on.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Road>()?;
    module.add_function(wrap_pyfunction!(ahead::preview, module)?)?;
    module.add_function(wrap_pyfunction!(ahead::seek, module)?)?;
    module.add_function(wrap_pyfunction!(ahead::schedule, module)?)?;
    module.add_class::<Stepper>()
}

/// Which scheduler a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Step,
    MultiStep,
    Constant,
    Linear,
    Exponential,
    Polynomial,
    Cosine,
    Restarts,
    Cyclic,
    OneCycle,
    Swa,
    Sequential,
    Chained,
    Other,
}

impl Kind {
    fn named(name: &str) -> Kind {
        match name {
            "StepLR" => Kind::Step,
            "MultiStepLR" => Kind::MultiStep,
            "ConstantLR" => Kind::Constant,
            "LinearLR" => Kind::Linear,
            "ExponentialLR" => Kind::Exponential,
            "PolynomialLR" => Kind::Polynomial,
            "CosineAnnealingLR" => Kind::Cosine,
            "CosineAnnealingWarmRestarts" => Kind::Restarts,
            "CyclicLR" => Kind::Cyclic,
            "OneCycleLR" => Kind::OneCycle,
            "SWALR" => Kind::Swa,
            "SequentialLR" => Kind::Sequential,
            "ChainedScheduler" => Kind::Chained,
            _ => Kind::Other,
        }
    }
}

/// What a class of schedulers steps by: the name of a rule, or "" for torch's own function, and that function.
#[pyclass(frozen, name = "_Road", module = "glidepath._core")]
pub(super) struct Road {
    kind: Kind,
    torch: Py<PyAny>,
    /// Whether its instances' `step` is this module's.
    steps_here: bool,
}

#[pymethods]
impl Road {
    #[new]
    fn new(rule: &str, torch: Py<PyAny>, steps_here: bool) -> Road {
        Road { kind: Kind::named(rule), torch, steps_here }
    }
}

/// The base of the schedulers of `glidepath.torch`: their `step`.
#[pyclass(frozen, subclass, name = "_Stepper", module = "glidepath._core")]
pub(super) struct Stepper {
    road: Py<Road>,
    verbose: AtomicBool,
}

#[pymethods]
impl Stepper {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_arguments, verbose=false, **_keywords))]
    fn new(
        class: &Bound<'_, PyType>,
        _arguments: &Bound<'_, PyTuple>,
        verbose: bool,
        _keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Stepper> {
        let road = class.getattr(intern!(class.py(), "_road"))?.cast_into::<Road>()?.unbind();
        Ok(Stepper { road, verbose: AtomicBool::new(verbose) })
    }

    /// Whether each update is printed.
    #[getter]
    fn verbose(&self) -> bool {
        self.verbose.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_verbose(&self, verbose: bool) {
        self.verbose.store(verbose, Ordering::Relaxed);
    }

    /// Moves the scheduler on by one step, and sets its groups' learning rates.
    ///
    /// The rates, and the momenta where a scheduler cycles them, are those that torch's `step` sets, bit for bit.
    ///
    /// Args:
    ///     epoch: where to go, instead of the next step; deprecated by torch, which then takes a closed formula where it
    ///         has one, and warns. A fraction moves CosineAnnealingWarmRestarts within its cycle.
    #[pyo3(signature = (epoch=None))]
    fn step(slf: &Bound<'_, Stepper>, epoch: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let this = slf.get();
        if epoch.is_none() && !this.verbose.load(Ordering::Relaxed) && on_our_road(slf, this)? {
            return Ok(());
        }
        on_torch_road(slf, this, epoch)
    }
}

#[cold]
fn on_torch_road(slf: &Bound<'_, Stepper>, this: &Stepper, epoch: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let step = this.road.get().torch.bind(slf.py());
    match epoch {
        Some(epoch) => step.call1((slf, epoch))?,
        None => step.call1((slf,))?,
    };
    if this.verbose.load(Ordering::Relaxed) {
        slf.call_method1(intern!(slf.py(), "_print_lrs"), (epoch,))?;
    }
    Ok(())
}

/// Does the step, if everything is as torch makes it; says whether it did.
fn on_our_road(slf: &Bound<'_, Stepper>, this: &Stepper) -> PyResult<bool> {
    let kind = this.road.get().kind;
    if kind == Kind::Other {
        return Ok(false);
    }
    let Ok(state) = slf.getattr(intern!(slf.py(), "__dict__"))?.cast_into::<PyDict>() else { return Ok(false) };
    let live = Live { state };
    match kind {
        Kind::Sequential => live.step_sequential(),
        Kind::Chained => live.step_chained(),
        _ => live.step_leaf(kind),
    }
}

/// One step of a scheduler, wherever its `step` is.
fn step_child(child: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(stepper) = child.cast::<Stepper>()
        && stepper.get().road.get().steps_here
    {
        return Stepper::step(stepper, None);
    }
    child.call_method0(intern!(child.py(), "step")).map(drop)
}

/// A scheduler's `__dict__`, read.
struct Live<'py> {
    state: Bound<'py, PyDict>,
}

macro_rules! read {
    ($live:expr, $method:ident, $key:literal) => {
        $live.$method(intern!($live.state.py(), $key))
    };
}

fn item<'py>(dict: &Bound<'py, PyDict>, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    dict.get_item(key).ok().flatten()
}

/// A float of Python's own type, or a whole number that is one exactly.
fn as_float(value: &Bound<'_, PyAny>) -> Option<f64> {
    match value.cast_exact::<PyFloat>() {
        Ok(float) => Some(float.value()),
        Err(_) => as_whole(value).map(|n| n as f64),
    }
}

/// A whole number of Python's own type that is a double exactly.
fn as_whole(value: &Bound<'_, PyAny>) -> Option<i64> {
    let int = value.cast_exact::<PyInt>().ok()?;
    int.extract::<i64>().ok().filter(|n| n.unsigned_abs() <= 1 << 53)
}

fn as_flag(value: &Bound<'_, PyAny>) -> Option<bool> {
    value.cast_exact::<PyBool>().ok().map(|flag| flag.is_true())
}

impl<'py> Live<'py> {
    fn get(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        item(&self.state, key)
    }

    fn float(&self, key: &Bound<'py, PyString>) -> Option<f64> {
        as_float(&self.get(key)?)
    }

    fn whole(&self, key: &Bound<'py, PyString>) -> Option<i64> {
        as_whole(&self.get(key)?)
    }

    fn flag(&self, key: &Bound<'py, PyString>) -> Option<bool> {
        as_flag(&self.get(key)?)
    }

    fn list(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyList>> {
        self.get(key)?.cast_into_exact::<PyList>().ok()
    }

    fn groups(&self) -> Option<Bound<'py, PyList>> {
        let groups = read!(self, get, "optimizer")?.getattr(intern!(self.state.py(), "param_groups")).ok()?;
        groups.cast_into_exact::<PyList>().ok()
    }

    /// An attribute of the instance where torch's is the class's.
    fn has_seams_of_its_own(&self) -> bool {
        ["get_lr", "_update_lr", "get_last_lr", "scale_fn", "_anneal_func"]
            .iter()
            .any(|name| self.state.contains(name).unwrap_or(true))
    }

    fn step_leaf(&self, kind: Kind) -> PyResult<bool> {
        let py = self.state.py();
        let Some(step) = self.next_step(kind) else { return Ok(false) };
        let lrs = PyList::empty(py);
        for (group, new) in step.groups.iter().zip(&step.new) {
            // `next_step` has looked: every group is a dict.
            let group = group.cast::<PyDict>()?;
            if let Some(lr) = &new.lr {
                group.set_item(intern!(py, "lr"), lr)?;
                lrs.append(lr)?;
            } else if let Some(lr) = item(group, intern!(py, "lr")) {
                lrs.append(lr)?;
            }
            match &new.momentum {
                Momentum::None => (),
                Momentum::Plain(momentum) => group.set_item(intern!(py, "momentum"), momentum)?,
                Momentum::Betas(betas) => group.set_item(intern!(py, "betas"), betas)?,
            }
        }
        if kind == Kind::Restarts {
            match step.cur_is_float {
                true => self.state.set_item(intern!(py, "T_cur"), step.clock.cur)?,
                false => self.state.set_item(intern!(py, "T_cur"), step.clock.cur as i64)?,
            }
            self.state.set_item(intern!(py, "T_i"), step.clock.period)?;
        } else {
            self.state.set_item(intern!(py, "_step_count"), step.clock.count)?;
        }
        self.state.set_item(intern!(py, "last_epoch"), step.clock.epoch)?;
        self.state.set_item(intern!(py, "_last_lr"), lrs)?;
        Ok(true)
    }

    /// What the next step will set; nothing is written.
    fn next_step(&self, kind: Kind) -> Option<NextStep<'py>> {
        let py = self.state.py();
        if self.state.len() != usual_length(kind) && self.has_seams_of_its_own() {
            return None;
        }
        let mut cur_is_float = false;
        let mut clock = Clock::at(read!(self, whole, "last_epoch")?, 0);
        if kind == Kind::Restarts {
            let cur = read!(self, get, "T_cur")?;
            cur_is_float = cur.cast_exact::<PyFloat>().is_ok();
            (clock.cur, clock.period) = (as_float(&cur)?, read!(self, whole, "T_i")?);
            if clock.epoch < 0 || clock.period <= 0 {
                return None;
            }
        } else {
            clock.count = read!(self, whole, "_step_count")?;
            // The first step is torch's: it is that of construction, or looks whether the optimizer has stepped.
            if clock.count <= 1 {
                return None;
            }
        }
        let (change, keys) = self.next_change(kind, &mut clock)?;
        let groups = self.groups()?;
        let bases = if change.needs_base() { Some(read!(self, list, "base_lrs")?) } else { None };
        let own = match kind {
            Kind::Cyclic => Some((read!(self, list, "max_lrs")?, read!(self, list, "base_lrs")?)),
            _ => None,
        };
        let count = groups.len();
        let lists = [bases.as_ref(), own.as_ref().map(|own| &own.0), own.as_ref().map(|own| &own.1)];
        if lists.into_iter().flatten().any(|list| list.len() != count) {
            return None;
        }
        let momenta = self.momenta(kind, count)?;
        let mut new = Vec::with_capacity(count);
        for (i, group) in groups.iter().enumerate() {
            let group = group.cast_into_exact::<PyDict>().ok()?;
            let lr = item(&group, intern!(py, "lr"))?.cast_into_exact::<PyFloat>().ok()?;
            if change == Change::Keep {
                new.push(New { lr: None, momentum: Momentum::None });
                continue;
            }
            let mut facts = Group::<f64>::default();
            if let Some(bases) = &bases {
                facts.base = bases.get_item(i).ok()?.cast_exact::<PyFloat>().ok()?.value();
            }
            match (&keys, &own) {
                (Some(keys), _) => {
                    facts.own[0] = as_float(&item(&group, &keys.own[0])?)?;
                    if let Some(key) = keys.own.get(1) {
                        facts.own[1] = as_float(&item(&group, key)?)?;
                    }
                }
                (None, Some((peaks, bases))) => {
                    facts.own[0] = as_float(&peaks.get_item(i).ok()?)?;
                    facts.own[1] = as_float(&bases.get_item(i).ok()?)?;
                }
                _ => (),
            }
            let momentum = match &momenta {
                None => Momentum::None,
                Some(momenta) => {
                    facts.momenta = momenta.of(i, &group, keys.as_ref())?;
                    momenta.set(&group, change.momentum(&facts)?)?
                }
            };
            new.push(New { lr: Some(PyFloat::new(py, change.advance(lr.value(), &facts))), momentum });
        }
        Some(NextStep { clock, cur_is_float, groups, new })
    }

    /// Moves the clock, and says what the step does, and by which names it reads a group's own rates.
    fn next_change(&self, kind: Kind, clock: &mut Clock) -> Option<(Change, Option<Keys<'py>>)> {
        let py = self.state.py();
        if kind == Kind::OneCycle {
            clock.epoch += 1;
            clock.count += 1;
            let (rule, listed) = self.one_cycle()?;
            let Rule::OneCycle { phases, len, .. } = &rule else { return None };
            let phase = listed.get_item(phase_at(clock.epoch, &phases[..*len])).ok()?;
            let phase = phase.cast_exact::<PyDict>().ok()?;
            let name = |key: &Bound<'py, PyString>| item(phase, key)?.cast_into_exact::<PyString>().ok();
            let keys = Keys {
                own: vec![name(intern!(py, "start_lr"))?, name(intern!(py, "end_lr"))?],
                phase: Some(phase.clone()),
            };
            return Some((rule.change(clock)?, Some(keys)));
        }
        if kind == Kind::MultiStep {
            clock.epoch += 1;
            clock.count += 1;
            let counter = read!(self, get, "milestones")?;
            let counter = counter.cast::<PyDict>().ok()?;
            let milestones = match counter.get_item(clock.epoch).ok()? {
                None => Vec::new(),
                Some(times) => vec![(clock.epoch, as_whole(&times)?)],
            };
            let rule = Rule::MultiStep { milestones, gamma: self.gamma()? };
            return Some((rule.change(clock)?, None));
        }
        let rule = self.rule(kind)?;
        rule.tick(clock)?;
        let keys = (kind == Kind::Swa).then(|| Keys { own: vec![intern!(py, "swa_lr").clone()], phase: None });
        Some((rule.change(clock)?, keys))
    }

    /// A `gamma` that is a float: to a power, Python's ints stay ints.
    fn gamma(&self) -> Option<f64> {
        read!(self, get, "gamma")?.cast_exact::<PyFloat>().ok().map(|gamma| gamma.value())
    }

    fn rule(&self, kind: Kind) -> Option<Rule> {
        Some(match kind {
            Kind::Step => {
                Rule::Step { step_size: read!(self, whole, "step_size")?, gamma: read!(self, float, "gamma")? }
            }
            Kind::Constant => Rule::Constant {
                factor: read!(self, float, "factor")?,
                total_iters: read!(self, whole, "total_iters")?,
            },
            Kind::Linear => Rule::Linear {
                start_factor: read!(self, float, "start_factor")?,
                end_factor: read!(self, float, "end_factor")?,
                total_iters: read!(self, whole, "total_iters")?,
            },
            Kind::Exponential => Rule::Exponential { gamma: read!(self, float, "gamma")? },
            Kind::Polynomial => Rule::Polynomial {
                total_iters: read!(self, whole, "total_iters")?,
                power: read!(self, float, "power")?,
            },
            Kind::Cosine => {
                Rule::Cosine { t_max: read!(self, whole, "T_max")?, eta_min: read!(self, float, "eta_min")? }
            }
            Kind::Restarts => Rule::Restarts {
                t_0: 0,
                t_mult: read!(self, whole, "T_mult")?,
                eta_min: read!(self, float, "eta_min")?,
            },
            Kind::Cyclic => self.cyclic()?,
            Kind::Swa => Rule::Swa { anneal_epochs: read!(self, whole, "anneal_epochs")?, anneal: self.swa_anneal()? },
            Kind::MultiStep | Kind::OneCycle | Kind::Sequential | Kind::Chained | Kind::Other => return None,
        })
    }

    fn swa_anneal(&self) -> Option<Anneal> {
        let function = read!(self, get, "anneal_func")?;
        let strategy = read!(self, get, "_anneal_strategy")?;
        let is_cos = is_text(&strategy, "cos");
        let name = if is_cos { "_cosine_anneal" } else { "_linear_anneal" };
        let py = self.state.py();
        let is_torchs = function.getattr(intern!(py, "__qualname__")).ok()?.cast::<PyString>().ok()?.to_str().ok()?
            == format!("SWALR.{name}");
        is_torchs.then_some(if is_cos { Anneal::Cos } else { Anneal::Linear })
    }

    fn cyclic(&self) -> Option<Rule> {
        let py = self.state.py();
        if !read!(self, get, "_scale_fn_custom")?.is_none() {
            return None;
        }
        let mode = read!(self, get, "mode")?;
        let fade = if is_text(&mode, "triangular") {
            Fade::Never
        } else if is_text(&mode, "triangular2") {
            Fade::Halved
        } else {
            // The factor is the one that it was made with: torch binds it.
            let function = read!(self, get, "_scale_fn_ref")?;
            let bound = function.getattr(intern!(py, "args")).ok()?.cast_into::<PyTuple>().ok()?;
            Fade::Power(bound.get_item(0).ok()?.cast_exact::<PyFloat>().ok()?.value())
        };
        Some(Rule::Cyclic {
            total_size: read!(self, float, "total_size")?,
            step_ratio: read!(self, float, "step_ratio")?,
            fade,
            by_cycle: is_text(&read!(self, get, "scale_mode")?, "cycle"),
        })
    }

    /// The rule, its phases as far as the step needs them, and the list of phases.
    fn one_cycle(&self) -> Option<(Rule, Bound<'py, PyList>)> {
        let py = self.state.py();
        let listed = read!(self, list, "_schedule_phases")?;
        let len = listed.len();
        let mut phases = [Phase::default(); 3];
        if !(1..=3).contains(&len) {
            return None;
        }
        for (i, phase) in phases[..len].iter_mut().enumerate() {
            let given = listed.get_item(i).ok()?.cast_into_exact::<PyDict>().ok()?;
            phase.end_step = as_float(&item(&given, intern!(py, "end_step"))?)?;
            (phase.start_lr, phase.end_lr, phase.start_momentum, phase.end_momentum) = (0, 1, BASE, MAX);
        }
        let kind = read!(self, get, "_anneal_func_type")?;
        let anneal = match () {
            () if is_text(&kind, "cos") => Anneal::Cos,
            () if is_text(&kind, "linear") => Anneal::Linear,
            () => return None,
        };
        Some((Rule::OneCycle { total_steps: read!(self, whole, "total_steps")?, phases, len, anneal }, listed))
    }

    fn momenta(&self, kind: Kind, count: usize) -> Option<Option<Momenta<'py>>> {
        if !matches!(kind, Kind::Cyclic | Kind::OneCycle) || !read!(self, flag, "cycle_momentum")? {
            return Some(None);
        }
        let lists = if kind == Kind::Cyclic {
            let (base, max) = (read!(self, list, "base_momentums")?, read!(self, list, "max_momentums")?);
            if base.len() != count || max.len() != count {
                return None;
            }
            Some((base, max))
        } else {
            None
        };
        Some(Some(Momenta { is_beta: read!(self, flag, "use_beta1")?, lists }))
    }

    fn step_sequential(&self) -> PyResult<bool> {
        let py = self.state.py();
        let Some((epoch, child, is_start)) = self.next_child() else { return Ok(false) };
        self.state.set_item(intern!(py, "last_epoch"), epoch)?;
        if is_start {
            child.call_method1(intern!(py, "_update_lr"), (0,))?;
        } else {
            step_child(&child)?;
        }
        let lrs = child.call_method0(intern!(py, "get_last_lr"))?;
        self.state.set_item(intern!(py, "_last_lr"), lrs)?;
        Ok(true)
    }

    /// The next epoch, the child that rules there, and whether it starts there.
    fn next_child(&self) -> Option<(i64, Bound<'py, PyAny>, bool)> {
        if self.has_seams_of_its_own() {
            return None;
        }
        let epoch = read!(self, whole, "last_epoch")? + 1;
        let milestones = self.milestones()?;
        let i = milestones.partition_point(|&milestone| milestone <= epoch);
        let child = read!(self, list, "_schedulers")?.get_item(i).ok()?;
        Some((epoch, child, i > 0 && milestones[i - 1] == epoch))
    }

    /// The milestones of SequentialLR, where they are in order.
    fn milestones(&self) -> Option<Vec<i64>> {
        let milestones = read!(self, list, "_milestones")?;
        let milestones: Option<Vec<i64>> = milestones.iter().map(|milestone| as_whole(&milestone)).collect();
        milestones.filter(|milestones| milestones.is_sorted())
    }

    fn step_chained(&self) -> PyResult<bool> {
        let py = self.state.py();
        let Some(children) = read!(self, list, "_schedulers").filter(|list| !list.is_empty()) else {
            return Ok(false);
        };
        for child in &children {
            step_child(&child)?;
        }
        let last = children.get_item(children.len() - 1)?.getattr(intern!(py, "optimizer"))?;
        let groups = last.getattr(intern!(py, "param_groups"))?;
        let lrs = PyList::empty(py);
        for group in groups.try_iter()? {
            let lr = group?.get_item(intern!(py, "lr"))?;
            lrs.append(if lr.cast_exact::<PyFloat>().is_ok() { lr } else { copied(&lr)? })?;
        }
        self.state.set_item(intern!(py, "_last_lr"), lrs)?;
        Ok(true)
    }
}

/// A clone of a tensor; anything else as it is.
fn copied<'py>(lr: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match lr.getattr(intern!(lr.py(), "clone")) {
        Ok(clone) => clone.call0(),
        Err(_) => Ok(lr.clone()),
    }
}

fn is_text(value: &Bound<'_, PyAny>, text: &str) -> bool {
    value.cast::<PyString>().is_ok_and(|value| value.to_str().is_ok_and(|value| value == text))
}

/// How many attributes a scheduler has that nobody has added to.
fn usual_length(kind: Kind) -> usize {
    match kind {
        Kind::Exponential => 8,
        Kind::Step | Kind::MultiStep | Kind::Constant | Kind::Polynomial | Kind::Cosine => 9,
        Kind::Linear => 10,
        _ => 0,
    }
}

/// By which names a group keeps what a rule reads.
struct Keys<'py> {
    own: Vec<Bound<'py, PyString>>,
    phase: Option<Bound<'py, PyDict>>,
}

/// How a scheduler cycles momenta.
struct Momenta<'py> {
    is_beta: bool,
    /// `base_momentums` and `max_momentums`; else they stand in the groups.
    lists: Option<(Bound<'py, PyList>, Bound<'py, PyList>)>,
}

impl<'py> Momenta<'py> {
    fn of(&self, i: usize, group: &Bound<'py, PyDict>, keys: Option<&Keys<'py>>) -> Option<[f64; 2]> {
        let py = group.py();
        if let Some((base, max)) = &self.lists {
            return Some([as_float(&base.get_item(i).ok()?)?, as_float(&max.get_item(i).ok()?)?]);
        }
        let phase = keys?.phase.as_ref()?;
        let named = |key| as_float(&item(group, item(phase, key)?.cast_exact::<PyString>().ok()?)?);
        Some([named(intern!(py, "start_momentum"))?, named(intern!(py, "end_momentum"))?])
    }

    fn set(&self, group: &Bound<'py, PyDict>, momentum: f64) -> Option<Momentum<'py>> {
        let py = group.py();
        if !self.is_beta {
            return Some(Momentum::Plain(PyFloat::new(py, momentum)));
        }
        let betas = item(group, intern!(py, "betas"))?.cast_into_exact::<PyTuple>().ok()?;
        let first = PyFloat::new(py, momentum).into_any();
        let rest = betas.iter().skip(1);
        let betas: Vec<_> = std::iter::once(first).chain(rest).collect();
        Some(Momentum::Betas(PyTuple::new(py, betas).ok()?))
    }
}

/// A group's new momentum.
enum Momentum<'py> {
    None,
    Plain(Bound<'py, PyFloat>),
    Betas(Bound<'py, PyTuple>),
}

/// What a step sets in one group.
struct New<'py> {
    /// None where the rate stays.
    lr: Option<Bound<'py, PyFloat>>,
    momentum: Momentum<'py>,
}

/// All that a step sets.
struct NextStep<'py> {
    clock: Clock,
    cur_is_float: bool,
    groups: Bound<'py, PyList>,
    new: Vec<New<'py>>,
}
