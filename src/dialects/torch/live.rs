//! A live scheduler's attributes: numbers of Python's own types, and lists of them. Anything else is `None`, and then torch
//! makes the step.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use super::scheduler::{Clock, Scheduler};

/// A scheduler, and its `__dict__`.
pub(crate) struct Live<'py> {
    scheduler: Bound<'py, PyAny>,
    pub(crate) state: Bound<'py, PyDict>,
}

macro_rules! read {
    ($live:expr, $method:ident, $key:literal) => {
        $live.$method(pyo3::intern!($live.state.py(), $key))
    };
}
pub(crate) use read;

#[inline]
pub(crate) fn item<'py>(dict: &Bound<'py, PyDict>, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    dict.get_item(key).ok().flatten()
}

/// What a dict has under this name.
pub(crate) fn named<'py>(dict: &Bound<'py, PyDict>, name: &str) -> Option<Bound<'py, PyAny>> {
    item(dict, &PyString::new(dict.py(), name))
}

/// A float of Python's own type, or a whole number that is one exactly.
#[inline]
pub(crate) fn as_float(value: &Bound<'_, PyAny>) -> Option<f64> {
    match value.cast_exact::<PyFloat>() {
        Ok(float) => Some(float.value()),
        Err(_) => as_whole(value).map(|n| n as f64),
    }
}

/// A whole number of Python's own type that is a double exactly.
#[inline]
pub(crate) fn as_whole(value: &Bound<'_, PyAny>) -> Option<i64> {
    let int = value.cast_exact::<PyInt>().ok()?;
    int.extract::<i64>().ok().filter(|n| n.unsigned_abs() <= 1 << 53)
}

fn as_flag(value: &Bound<'_, PyAny>) -> Option<bool> {
    value.cast_exact::<PyBool>().ok().map(|flag| flag.is_true())
}

/// Which of these words a value is.
pub(crate) fn word<const N: usize>(value: &Bound<'_, PyAny>, words: [&Bound<'_, PyString>; N]) -> Option<usize> {
    let same = words.iter().position(|word| value.is(word));
    same.or_else(|| words.iter().position(|word| value.eq(word).unwrap_or(false)))
}

impl<'py> Live<'py> {
    #[inline]
    pub(crate) fn of(scheduler: &Bound<'py, PyAny>) -> Option<Live<'py>> {
        let state = scheduler.getattr(intern!(scheduler.py(), "__dict__")).ok()?.cast_into::<PyDict>().ok()?;
        Some(Live { scheduler: scheduler.clone(), state })
    }

    #[inline]
    pub(crate) fn get(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        item(&self.state, key)
    }

    #[inline]
    pub(crate) fn float(&self, key: &Bound<'py, PyString>) -> Option<f64> {
        as_float(&self.get(key)?)
    }

    #[inline]
    pub(crate) fn whole(&self, key: &Bound<'py, PyString>) -> Option<i64> {
        as_whole(&self.get(key)?)
    }

    pub(crate) fn flag(&self, key: &Bound<'py, PyString>) -> Option<bool> {
        as_flag(&self.get(key)?)
    }

    #[inline]
    pub(crate) fn list(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyList>> {
        self.get(key)?.cast_into_exact::<PyList>().ok()
    }

    #[inline]
    pub(crate) fn groups(&self) -> Option<Bound<'py, PyList>> {
        let groups = read!(self, get, "optimizer")?.getattr(intern!(self.state.py(), "param_groups")).ok()?;
        groups.cast_into_exact::<PyList>().ok()
    }

    /// Whether an attribute of the instance hides a method that torch's step calls, or marks a composite that takes
    /// metrics.
    #[inline]
    pub(crate) fn has_seams_of_its_own(&self) -> bool {
        let py = self.state.py();
        let seams = [
            intern!(py, "get_lr"),
            intern!(py, "_update_lr"),
            intern!(py, "get_last_lr"),
            intern!(py, "scale_fn"),
            intern!(py, "_anneal_func"),
            intern!(py, "_annealing_cos"),
            intern!(py, "_annealing_linear"),
            intern!(py, "_get_initial_lr"),
            intern!(py, "takes_metrics"),
        ];
        seams.iter().any(|name| self.state.contains(name).unwrap_or(true))
    }

    /// A float, and no whole number: to a power, Python's ints stay ints.
    pub(crate) fn exact_float(&self, key: &Bound<'py, PyString>) -> Option<f64> {
        self.get(key)?.cast_exact::<PyFloat>().ok().map(|float| float.value())
    }

    /// A list's i-th number, where it has one for each group.
    pub(crate) fn listed(&self, name: &str, i: usize, groups: usize) -> Option<f64> {
        let list = self.list(&PyString::new(self.state.py(), name)).filter(|list| list.len() == groups)?;
        as_float(&list.get_item(i).ok()?)
    }

    /// An argument that a scheduler of glidepath's remembers, as torch's attributes do not tell it.
    pub(crate) fn made_with(&self, name: &str) -> Option<f64> {
        let made_with = self.scheduler.getattr(intern!(self.state.py(), "_made_with")).ok()?;
        as_float(&named(made_with.cast::<PyDict>().ok()?, name)?)
    }

    /// The milestones of SequentialLR, where they are in order.
    pub(crate) fn milestones(&self) -> Option<Vec<i64>> {
        let milestones = read!(self, list, "_milestones")?;
        let milestones: Option<Vec<i64>> = milestones.iter().map(|milestone| as_whole(&milestone)).collect();
        milestones.filter(|milestones| milestones.is_sorted())
    }
}

/// Where a step reads two numbers of every group.
pub(crate) enum Source<'py> {
    /// It needs none.
    Nowhere,
    /// In lists of the scheduler's.
    Lists([Bound<'py, PyList>; 2]),
    /// In the group, by these names.
    Named([Bound<'py, PyString>; 2]),
}

/// The step that is asked for.
pub(crate) struct Asked {
    /// The epoch onto which it goes.
    pub(crate) epoch: i64,
    /// How many groups there are.
    pub(crate) groups: usize,
    /// Whether it sets momenta.
    pub(crate) moves_momentum: bool,
}

/// What a step needs: the arguments, and where it reads the groups' own rates and momenta.
pub(crate) struct NextStep<'py, S> {
    pub(crate) scheduler: S,
    pub(crate) own: Source<'py>,
    pub(crate) momenta: Source<'py>,
}

impl<S> NextStep<'_, S> {
    /// A step that reads nothing of the groups' own.
    pub(crate) fn of(scheduler: S) -> Self {
        NextStep { scheduler, own: Source::Nowhere, momenta: Source::Nowhere }
    }
}

/// How a scheduler is read from its live object. `None` is whatever is not as torch makes it.
pub(crate) trait FromLive: Scheduler {
    /// Whether `base_lrs` are the rates that the rule scales. CyclicLR has its lowest rates there.
    const BASE_LRS_ARE_BASES: bool = true;
    /// Whether every step reads the base rates, so that none may be missing.
    const ALWAYS_READS_BASES: bool = false;

    /// The arguments.
    fn read(live: &Live<'_>) -> Option<Self>;

    /// The arguments as far as the next step needs them, and what else it reads.
    #[inline]
    fn next_step<'py>(live: &Live<'py>, _asked: &Asked) -> Option<NextStep<'py, Self>> {
        Self::read(live).map(NextStep::of)
    }

    /// Whether its steps set momenta.
    #[inline]
    fn moves_momentum(_live: &Live<'_>) -> Option<bool> {
        Some(false)
    }

    /// Where the scheduler stands.
    fn clock(live: &Live<'_>) -> Option<Clock> {
        Some(Clock::at(read!(live, whole, "last_epoch")?, read!(live, whole, "_step_count")?))
    }

    /// Where it stands, if its next step is ours to make.
    #[inline]
    fn step_clock(live: &Live<'_>) -> Option<Clock> {
        let clock = Clock::at(read!(live, whole, "last_epoch")?, read!(live, whole, "_step_count")?);
        // The first step is torch's: it is that of construction, or looks whether the optimizer has stepped. So is a step
        // onto epoch 0, which torch before 2.8 takes for the first.
        (clock.count > 1 && clock.epoch >= 0).then_some(clock)
    }

    /// Sets what a step changes of the clock besides `last_epoch`.
    #[inline]
    fn set_step_clock(live: &Live<'_>, _before: &Clock, clock: &Clock) -> PyResult<()> {
        live.state.set_item(intern!(live.state.py(), "_step_count"), clock.count)
    }

    /// Sets what only this class has of a clock.
    fn set_own_clock(&self, _scheduler: &Bound<'_, PyAny>, _clock: &Clock) -> PyResult<()> {
        Ok(())
    }

    /// The rates of its own that a group has.
    fn own(_live: &Live<'_>, _group: &Bound<'_, PyDict>, _i: usize, _groups: usize) -> Option<[f64; 3]> {
        Some([0.0; 3])
    }

    /// The momenta of a group, where its steps set momenta.
    fn momenta(_live: &Live<'_>, _group: &Bound<'_, PyDict>, _i: usize, _groups: usize) -> Option<[f64; 2]> {
        Some([0.0; 2])
    }
}
