//! A scheduler's `__dict__`, read: numbers of Python's own types, lists, rules. What is anything else is `None`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use super::Kind;
use crate::dialects::torch::rule::{Anneal, Fade, Phase, Rule};

/// A scheduler's `__dict__`.
pub(super) struct Live<'py> {
    pub(super) state: Bound<'py, PyDict>,
}

macro_rules! read {
    ($live:expr, $method:ident, $key:literal) => {
        $live.$method(intern!($live.state.py(), $key))
    };
}
pub(super) use read;

#[inline]
pub(super) fn item<'py>(dict: &Bound<'py, PyDict>, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    dict.get_item(key).ok().flatten()
}

/// A float of Python's own type, or a whole number that is one exactly.
#[inline]
pub(super) fn as_float(value: &Bound<'_, PyAny>) -> Option<f64> {
    match value.cast_exact::<PyFloat>() {
        Ok(float) => Some(float.value()),
        Err(_) => as_whole(value).map(|n| n as f64),
    }
}

/// A whole number of Python's own type that is a double exactly.
#[inline]
pub(super) fn as_whole(value: &Bound<'_, PyAny>) -> Option<i64> {
    let int = value.cast_exact::<PyInt>().ok()?;
    int.extract::<i64>().ok().filter(|n| n.unsigned_abs() <= 1 << 53)
}

fn as_flag(value: &Bound<'_, PyAny>) -> Option<bool> {
    value.cast_exact::<PyBool>().ok().map(|flag| flag.is_true())
}

/// Which of these words a value is.
fn word<const N: usize>(value: &Bound<'_, PyAny>, words: [&Bound<'_, PyString>; N]) -> Option<usize> {
    let same = words.iter().position(|word| value.is(word));
    same.or_else(|| words.iter().position(|word| value.eq(word).unwrap_or(false)))
}

impl<'py> Live<'py> {
    #[inline]
    pub(super) fn of(scheduler: &Bound<'py, PyAny>) -> Option<Live<'py>> {
        let state = scheduler.getattr(intern!(scheduler.py(), "__dict__")).ok()?.cast_into::<PyDict>().ok()?;
        Some(Live { state })
    }

    #[inline]
    pub(super) fn get(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        item(&self.state, key)
    }

    #[inline]
    pub(super) fn float(&self, key: &Bound<'py, PyString>) -> Option<f64> {
        as_float(&self.get(key)?)
    }

    #[inline]
    pub(super) fn whole(&self, key: &Bound<'py, PyString>) -> Option<i64> {
        as_whole(&self.get(key)?)
    }

    pub(super) fn flag(&self, key: &Bound<'py, PyString>) -> Option<bool> {
        as_flag(&self.get(key)?)
    }

    #[inline]
    pub(super) fn list(&self, key: &Bound<'py, PyString>) -> Option<Bound<'py, PyList>> {
        self.get(key)?.cast_into_exact::<PyList>().ok()
    }

    #[inline]
    pub(super) fn groups(&self) -> Option<Bound<'py, PyList>> {
        let groups = read!(self, get, "optimizer")?.getattr(intern!(self.state.py(), "param_groups")).ok()?;
        groups.cast_into_exact::<PyList>().ok()
    }

    /// `cycle_momentum`, where there is such a thing.
    #[inline]
    pub(super) fn moves_momentum(&self, kind: Kind) -> Option<bool> {
        match kind {
            Kind::Cyclic | Kind::OneCycle => read!(self, flag, "cycle_momentum"),
            _ => Some(false),
        }
    }

    /// Whether an attribute of the instance hides a method that torch's step calls, or marks a composite that takes
    /// metrics.
    #[inline]
    pub(super) fn has_seams_of_its_own(&self) -> bool {
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

    /// A `gamma` that is a float: to a power, Python's ints stay ints.
    pub(super) fn gamma(&self) -> Option<f64> {
        read!(self, get, "gamma")?.cast_exact::<PyFloat>().ok().map(|gamma| gamma.value())
    }

    pub(super) fn rule(&self, kind: Kind) -> Option<Rule> {
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
        let py = self.state.py();
        let strategies = [intern!(py, "cos"), intern!(py, "linear")];
        let is_cos = word(&read!(self, get, "_anneal_strategy")?, strategies)? == 0;
        static COS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static LINEAR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let torchs = |name: &Bound<'py, PyString>| {
            py.import("torch.optim.swa_utils")?.getattr(intern!(py, "SWALR"))?.getattr(name).map(Bound::unbind)
        };
        let (anneal, function) = if is_cos {
            (Anneal::Cos, COS.get_or_try_init(py, || torchs(intern!(py, "_cosine_anneal"))).ok()?)
        } else {
            (Anneal::Linear, LINEAR.get_or_try_init(py, || torchs(intern!(py, "_linear_anneal"))).ok()?)
        };
        read!(self, get, "anneal_func")?.is(function).then_some(anneal)
    }

    fn cyclic(&self) -> Option<Rule> {
        let py = self.state.py();
        if !read!(self, get, "_scale_fn_custom")?.is_none() {
            return None;
        }
        // torch reads `mode` and `gamma` as the scheduler is made, and keeps this function of them.
        let function = read!(self, get, "_scale_fn_ref")?;
        static NEVER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static HALVED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let torchs = |name: &Bound<'py, PyString>| {
            py.import("torch.optim.lr_scheduler")?.getattr(intern!(py, "CyclicLR"))?.getattr(name).map(Bound::unbind)
        };
        let never = NEVER.get_or_try_init(py, || torchs(intern!(py, "_triangular_scale_fn"))).ok()?;
        let halved = HALVED.get_or_try_init(py, || torchs(intern!(py, "_triangular2_scale_fn"))).ok()?;
        let fade = if function.is(never) {
            Fade::Never
        } else if function.is(halved) {
            Fade::Halved
        } else {
            let bound = function.getattr(intern!(py, "args")).ok()?.cast_into::<PyTuple>().ok()?;
            Fade::Power(bound.get_item(0).ok()?.cast_exact::<PyFloat>().ok()?.value())
        };
        Some(Rule::Cyclic {
            total_size: read!(self, float, "total_size")?,
            step_ratio: read!(self, float, "step_ratio")?,
            fade,
            by_cycle: word(&read!(self, get, "scale_mode")?, [intern!(py, "cycle")]).is_some(),
        })
    }

    /// The rule, as far as a step needs it, and the phase in which the step lies.
    pub(super) fn one_cycle_at(&self, epoch: i64) -> Option<(Rule, Bound<'py, PyDict>)> {
        let listed = read!(self, list, "_schedule_phases")?;
        let last = listed.len().checked_sub(1)?;
        let mut start_step = 0.0;
        for (i, phase) in listed.iter().enumerate() {
            let phase = phase.cast_into_exact::<PyDict>().ok()?;
            let end_step = as_float(&item(&phase, intern!(self.state.py(), "end_step"))?)?;
            if epoch as f64 <= end_step || i == last {
                let only = Phase { end_step, start_lr: 0, end_lr: 1, start_momentum: 0, end_momentum: 1 };
                return Some((self.one_cycle([only; 3], 1, start_step)?, phase));
            }
            start_step = end_step;
        }
        None
    }

    /// The rule with these phases.
    pub(super) fn one_cycle(&self, phases: [Phase; 3], len: usize, start_step: f64) -> Option<Rule> {
        let py = self.state.py();
        let strategies = [intern!(py, "cos"), intern!(py, "linear")];
        let anneal = match word(&read!(self, get, "_anneal_func_type")?, strategies)? {
            0 => Anneal::Cos,
            _ => Anneal::Linear,
        };
        Some(Rule::OneCycle { total_steps: read!(self, whole, "total_steps")?, phases, len, start_step, anneal })
    }

    /// The milestones of SequentialLR, where they are in order.
    pub(super) fn milestones(&self) -> Option<Vec<i64>> {
        let milestones = read!(self, list, "_milestones")?;
        let milestones: Option<Vec<i64>> = milestones.iter().map(|milestone| as_whole(&milestone)).collect();
        milestones.filter(|milestones| milestones.is_sorted())
    }
}
