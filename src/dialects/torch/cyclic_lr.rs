//! CyclicLR: up and down in cycles, between two rates of each group.

use std::sync::Arc;

#[cfg(feature = "python")]
use pyo3::intern;
#[cfg(feature = "python")]
use pyo3::prelude::*;
#[cfg(feature = "python")]
use pyo3::sync::PyOnceLock;
#[cfg(feature = "python")]
use pyo3::types::{PyDict, PyFloat, PyString, PyTuple};

use super::arithmetic::{power, quotient};
use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{Asked, FromLive, Live, NextStep, Source, read, word};
use super::replayed::{Replayed, leaf};
use super::scheduler::{Clock, Scheduler};
use super::tree::{Leaf, SchedulerTree};
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::{ParamType, Value};

replay! {
    /// `base_lr + (max_lr - base_lr) * scale * fade`: scale goes up to 1 and down to 0, in each cycle.
    ///
    /// Args:
    ///     base_lr: the lowest value.
    ///     max_lr: the highest.
    ///     step_size_up: how many steps each way up has.
    ///     step_size_down: how many each way down has; as many, if left out.
    ///     mode: "triangular" (peaks stay), "triangular2" (halved each cycle), "exp_range" (`gamma ** k`).
    ///     gamma: the factor of "exp_range".
    ///
    /// Source: `torch.optim.lr_scheduler.CyclicLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CyclicLR", base_lr=0.125, max_lr=0.5, step_size_up=2, mode="triangular2").array(8).tolist()
    /// [0.125, 0.3125, 0.5, 0.3125, 0.125, 0.21875, 0.3125, 0.21875]
    CyclicLr as "torch.CyclicLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        max_lr: f64 = ParamType::Double(FINITE);
        step_size_up: f64 = ParamType::Double(FINITE.in_steps()), or Value::Real(2000.0);
        step_size_down: Option<f64> = ParamType::Double(FINITE.in_steps()), or Value::Absent;
        mode: Arc<str> = ParamType::Text(&["triangular", "triangular2", "exp_range"]), or Value::Text("triangular".into());
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }
}

/// How the peaks of CyclicLR shrink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fade {
    /// `mode="triangular"`: not at all.
    Never,
    /// `mode="triangular2"`: by half each cycle.
    Halved,
    /// `mode="exp_range"`: by this factor each step.
    Power(f64),
}

/// The arguments of CyclicLR. The group's own rates are its `max_lr` and `base_lr`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's attributes")]
pub struct Cyclic {
    pub total_size: f64,
    pub step_ratio: f64,
    pub fade: Fade,
    /// Whether the fade counts cycles, and not steps.
    pub by_cycle: bool,
    /// `step_size_up` and `step_size_down`, where they are known. torch keeps their sum and their ratio only.
    pub sizes: Option<[f64; 2]>,
}

impl Fade {
    fn factor(self, x: f64) -> Option<f64> {
        match self {
            Fade::Never => Some(1.0),
            Fade::Halved => quotient(1.0, power(2.0, x - 1.0)?),
            Fade::Power(gamma) => power(gamma, x),
        }
    }
}

impl Scheduler for Cyclic {
    type Replay = CyclicLr;

    // torch gives CyclicLR its base_lr only after the first step, which so leaves the initial rates.
    const STARTS_ON_INITIAL_RATES: bool = true;

    fn change(&self, clock: &Clock) -> Option<Change> {
        let turns = quotient(clock.epoch as f64, self.total_size)?;
        let cycle = (1.0 + turns).floor();
        let x = 1.0 + turns - cycle;
        let scale =
            if x <= self.step_ratio { quotient(x, self.step_ratio)? } else { quotient(x - 1.0, self.step_ratio - 1.0)? };
        let at = if self.by_cycle { cycle } else { clock.epoch as f64 };
        Some(Change::Climb { scale, fade: self.fade.factor(at)? })
    }

    fn replay(&self, group: &Group<f64>) -> Option<CyclicLr> {
        let [step_size_up, step_size_down] = self.sizes?;
        let [max_lr, base_lr, _] = group.own;
        let (mode, gamma) = match self.fade {
            Fade::Never => ("triangular", 1.0),
            Fade::Halved => ("triangular2", 1.0),
            Fade::Power(gamma) => ("exp_range", gamma),
        };
        let step_size_down = Some(step_size_down);
        let replay = CyclicLr { base_lr, max_lr, step_size_up, step_size_down, mode: mode.into(), gamma };
        // A live scheduler's attributes may have been changed since it was made.
        let Ok(SchedulerTree::Leaf(Leaf { rule, .. })) = replay.scheduler() else { return None };
        (rule == self.clone().into()).then_some(replay)
    }
}

#[cfg(feature = "python")]
impl Cyclic {
    /// The arguments, without the sizes.
    fn of(live: &Live<'_>) -> Option<Cyclic> {
        let py = live.state.py();
        if !read!(live, get, "_scale_fn_custom")?.is_none() {
            return None;
        }
        // torch reads `mode` and `gamma` as the scheduler is made, and keeps this function of them.
        let function = read!(live, get, "_scale_fn_ref")?;
        static NEVER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static HALVED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let torchs = |name: &Bound<'_, PyString>| {
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
        Some(Cyclic {
            total_size: read!(live, float, "total_size")?,
            step_ratio: read!(live, float, "step_ratio")?,
            fade,
            by_cycle: word(&read!(live, get, "scale_mode")?, [intern!(py, "cycle")]).is_some(),
            sizes: None,
        })
    }
}

#[cfg(feature = "python")]
impl FromLive for Cyclic {
    const BASE_LRS_ARE_BASES: bool = false;

    fn read(live: &Live<'_>) -> Option<Cyclic> {
        let size = |name| live.made_with(name);
        let sizes = size("step_size_up").and_then(|up| Some([up, size("step_size_down")?]));
        Some(Cyclic { sizes, ..Cyclic::of(live)? })
    }

    fn next_step<'py>(live: &Live<'py>, asked: &Asked) -> Option<NextStep<'py, Cyclic>> {
        let py = live.state.py();
        let lists = |one: &Bound<'py, PyString>, other: &Bound<'py, PyString>| {
            let lists = [live.list(one)?, live.list(other)?];
            lists.iter().all(|list| list.len() == asked.groups).then_some(Source::Lists(lists))
        };
        let own = lists(intern!(py, "max_lrs"), intern!(py, "base_lrs"))?;
        let momenta = match asked.moves_momentum {
            true => lists(intern!(py, "base_momentums"), intern!(py, "max_momentums"))?,
            false => Source::Nowhere,
        };
        Some(NextStep { scheduler: Cyclic::of(live)?, own, momenta })
    }

    fn moves_momentum(live: &Live<'_>) -> Option<bool> {
        read!(live, flag, "cycle_momentum")
    }

    fn own(live: &Live<'_>, _group: &Bound<'_, PyDict>, i: usize, groups: usize) -> Option<[f64; 3]> {
        let listed = |name| live.listed(name, i, groups);
        Some([listed("max_lrs")?, listed("base_lrs")?, 0.0])
    }

    fn momenta(live: &Live<'_>, _group: &Bound<'_, PyDict>, i: usize, groups: usize) -> Option<[f64; 2]> {
        let listed = |name| live.listed(name, i, groups);
        Some([listed("base_momentums")?, listed("max_momentums")?])
    }
}

impl Replayed for CyclicLr {
    const BLAME: &'static str = "step_size_up";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let step_size_down = self.step_size_down.unwrap_or(self.step_size_up);
        let total_size = self.step_size_up + step_size_down;
        let (fade, by_cycle) = match &*self.mode {
            "triangular" => (Fade::Never, true),
            "triangular2" => (Fade::Halved, true),
            _ => (Fade::Power(self.gamma), false),
        };
        let sizes = Some([self.step_size_up, step_size_down]);
        let rule = Cyclic { total_size, step_ratio: self.step_size_up / total_size, fade, by_cycle, sizes };
        leaf(rule, self.base_lr, [self.max_lr, self.base_lr, 0.0])
    }

    fn exact(&self) -> Result<Spec, Error> {
        let sizes = [self.step_size_up, self.step_size_down.unwrap_or(self.step_size_up)];
        exact::cycles([self.base_lr, self.max_lr], sizes, &self.mode, self.gamma)
    }
}

stepped_by_its_scheduler!(CyclicLr);
