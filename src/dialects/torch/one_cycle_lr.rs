//! OneCycleLR: up to the highest rate, then down to the lowest.

use std::sync::Arc;

#[cfg(feature = "python")]
use pyo3::intern;
#[cfg(feature = "python")]
use pyo3::prelude::*;
#[cfg(feature = "python")]
use pyo3::types::{PyDict, PyString};

use super::Rule;
use super::arithmetic::quotient;
use super::change::{Anneal, BASE, Change, Group, MAX, Phase};
#[cfg(feature = "python")]
use super::live::{Asked, FromLive, Live, NextStep, Source, as_float, item, named, read, word};
use super::replayed::{self, Replayed, SHARE, leaf};
use super::scheduler::{Clock, Scheduler};
use super::tree::{Leaf, SchedulerTree};
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH};
use crate::declare::{ParamType, Value};

replay! {
    /// From `max_lr / div_factor` up to `max_lr`, then down to `max_lr / div_factor / final_div_factor`.
    ///
    /// Args:
    ///     max_lr: the highest value.
    ///     total_steps: how many steps it lasts.
    ///     pct_start: the part of them that goes up, from 0 to 1.
    ///     anneal_strategy: "cos" or "linear".
    ///     div_factor: the highest value over the first.
    ///     final_div_factor: the first value over the last.
    ///     three_phase: whether it goes down to the first value first, as fast as it came up.
    ///
    /// Source: `torch.optim.lr_scheduler.OneCycleLR`, torch 2.13; and its value at `total_steps`, beyond the last.
    ///
    /// >>> s = gp.replay("torch.OneCycleLR", max_lr=0.5, total_steps=5, pct_start=0.4)
    /// >>> s.array(5).tolist()
    /// [0.020000000000000018, 0.5, 0.3750005, 0.12500150000000004, 2e-06]
    OneCycleLr as "torch.OneCycleLR" {
        max_lr: f64 = ParamType::Double(FINITE);
        total_steps: u64 = ParamType::Count(LENGTH);
        pct_start: f64 = ParamType::Double(SHARE), or Value::Real(0.3);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
        div_factor: f64 = ParamType::Double(FINITE), or Value::Real(25.0);
        final_div_factor: f64 = ParamType::Double(FINITE), or Value::Real(1e4);
        three_phase: bool = ParamType::Flag, or Value::Flag(false);
    }
}

/// The arguments of OneCycleLR. The group's own rates are its `initial_lr`, `max_lr` and `min_lr`.
#[derive(Clone, Debug, PartialEq)]
pub struct OneCycle {
    /// `total_steps`
    pub total_steps: i64,
    /// The phases, of which `len` count.
    pub phases: [Phase; 3],
    /// How many phases there are.
    pub len: usize,
    /// The step at which the first of these phases starts.
    pub start_step: f64,
    /// `anneal_strategy`
    pub anneal: Anneal,
    /// `pct_start`, `div_factor` and `final_div_factor`, where they are known. torch does not keep them.
    pub made_with: Option<[f64; 3]>,
}

impl OneCycle {
    /// The phase in which a step lies.
    fn phase_at(&self, epoch: i64) -> usize {
        let last = self.len - 1;
        self.phases[..last].iter().position(|phase| epoch as f64 <= phase.end_step).unwrap_or(last)
    }
}

impl Scheduler for OneCycle {
    type Replay = OneCycleLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        if clock.epoch > self.total_steps {
            return None;
        }
        let i = self.phase_at(clock.epoch);
        let start_step = if i == 0 { self.start_step } else { self.phases[i - 1].end_step };
        let pct = quotient(clock.epoch as f64 - start_step, self.phases[i].end_step - start_step)?;
        Some(Change::Between { anneal: self.anneal, weight: self.anneal.weight(pct), phase: self.phases[i] })
    }

    fn replay(&self, group: &Group<f64>) -> Option<OneCycleLr> {
        let [pct_start, div_factor, final_div_factor] = self.made_with?;
        let replay = OneCycleLr {
            max_lr: group.own[1],
            total_steps: u64::try_from(self.total_steps).ok()?,
            pct_start,
            anneal_strategy: replayed::word(self.anneal),
            div_factor,
            final_div_factor,
            three_phase: self.len == 3,
        };
        // A live scheduler's attributes may have been changed since it was made.
        let Ok(SchedulerTree::Leaf(Leaf { rule: Rule::OneCycle(again), groups, .. })) = replay.scheduler() else {
            return None;
        };
        let rates = |phase: &Phase| (phase.end_step, phase.start_lr, phase.end_lr);
        let has_same_phases =
            again.phases[..self.len].iter().map(rates).eq(self.phases[..self.len].iter().map(rates));
        (has_same_phases && groups[0].own == group.own).then_some(replay)
    }
}

#[cfg(feature = "python")]
impl OneCycle {
    /// The arguments, with these phases.
    fn of(live: &Live<'_>, phases: [Phase; 3], len: usize, start_step: f64) -> Option<OneCycle> {
        let py = live.state.py();
        let strategies = [intern!(py, "cos"), intern!(py, "linear")];
        let anneal = match word(&read!(live, get, "_anneal_func_type")?, strategies)? {
            0 => Anneal::Cos,
            _ => Anneal::Linear,
        };
        let total_steps = read!(live, whole, "total_steps")?;
        Some(OneCycle { total_steps, phases, len, start_step, anneal, made_with: None })
    }

    /// The one phase in which a step lies, and when that starts.
    fn live_phase<'py>(live: &Live<'py>, epoch: i64) -> Option<(Bound<'py, PyDict>, Phase, f64)> {
        let listed = read!(live, list, "_schedule_phases")?;
        let last = listed.len().checked_sub(1)?;
        let mut start_step = 0.0;
        for (i, phase) in listed.iter().enumerate() {
            let phase = phase.cast_into_exact::<PyDict>().ok()?;
            let end_step = as_float(&item(&phase, intern!(live.state.py(), "end_step"))?)?;
            if epoch as f64 <= end_step || i == last {
                let only = Phase { end_step, start_lr: 0, end_lr: 1, start_momentum: 0, end_momentum: 1 };
                return Some((phase, only, start_step));
            }
            start_step = end_step;
        }
        None
    }
}

#[cfg(feature = "python")]
impl FromLive for OneCycle {
    fn read(live: &Live<'_>) -> Option<OneCycle> {
        let py = live.state.py();
        let listed = read!(live, list, "_schedule_phases")?;
        let mut phases = [Phase::default(); 3];
        if !(1..=phases.len()).contains(&listed.len()) {
            return None;
        }
        for (phase, given) in phases.iter_mut().zip(&listed) {
            let given = given.cast_into_exact::<PyDict>().ok()?;
            let place = |key: &str, names: &[&str]| -> Option<u8> {
                let name = named(&given, key)?.extract::<String>().ok()?;
                names.iter().position(|&known| known == name).map(|i| i as u8)
            };
            let lrs = ["initial_lr", "max_lr", "min_lr"];
            let mut momenta = ["", ""];
            (momenta[BASE], momenta[MAX]) = ("base_momentum", "max_momentum");
            *phase = Phase {
                end_step: as_float(&item(&given, intern!(py, "end_step"))?)?,
                start_lr: place("start_lr", &lrs)?,
                end_lr: place("end_lr", &lrs)?,
                start_momentum: place("start_momentum", &momenta)?,
                end_momentum: place("end_momentum", &momenta)?,
            };
        }
        let argument = |name| live.made_with(name);
        let made_with = argument("pct_start")
            .and_then(|pct_start| Some([pct_start, argument("div_factor")?, argument("final_div_factor")?]));
        Some(OneCycle { made_with, ..OneCycle::of(live, phases, listed.len(), 0.0)? })
    }

    fn next_step<'py>(live: &Live<'py>, asked: &Asked) -> Option<NextStep<'py, OneCycle>> {
        let py = live.state.py();
        let (phase, only, start_step) = OneCycle::live_phase(live, asked.epoch)?;
        let names = |start, end| {
            let name = |key: &Bound<'py, PyString>| item(&phase, key)?.cast_into_exact::<PyString>().ok();
            Some(Source::Named([name(start)?, name(end)?]))
        };
        let own = names(intern!(py, "start_lr"), intern!(py, "end_lr"))?;
        let momenta = match asked.moves_momentum {
            true => names(intern!(py, "start_momentum"), intern!(py, "end_momentum"))?,
            false => Source::Nowhere,
        };
        Some(NextStep { scheduler: OneCycle::of(live, [only; 3], 1, start_step)?, own, momenta })
    }

    fn moves_momentum(live: &Live<'_>) -> Option<bool> {
        read!(live, flag, "cycle_momentum")
    }

    fn own(_live: &Live<'_>, group: &Bound<'_, PyDict>, _i: usize, _groups: usize) -> Option<[f64; 3]> {
        let own = |name| as_float(&named(group, name)?);
        Some([own("initial_lr")?, own("max_lr")?, own("min_lr")?])
    }

    fn momenta(_live: &Live<'_>, group: &Bound<'_, PyDict>, _i: usize, _groups: usize) -> Option<[f64; 2]> {
        let own = |name| as_float(&named(group, name)?);
        Some([own("base_momentum")?, own("max_momentum")?])
    }
}

impl Replayed for OneCycleLr {
    const BLAME: &'static str = "pct_start";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let initial = self.max_lr / self.div_factor;
        let last_step = (self.total_steps - 1) as f64;
        let first_end = self.pct_start * self.total_steps as f64 - 1.0;
        let phase = |end_step, start_lr, end_lr| Phase {
            end_step,
            start_lr,
            end_lr,
            start_momentum: MAX as u8,
            end_momentum: BASE as u8,
        };
        let down = phase(last_step, 0, 2);
        let (phases, len) = if self.three_phase {
            let second_end = 2.0 * self.pct_start * self.total_steps as f64 - 2.0;
            ([phase(first_end, 0, 1), phase(second_end, 1, 0), down], 3)
        } else {
            ([phase(first_end, 0, 1), phase(last_step, 1, 2), down], 2)
        };
        let rule = OneCycle {
            total_steps: self.total_steps as i64,
            phases,
            len,
            start_step: 0.0,
            anneal: replayed::anneal(&self.anneal_strategy),
            made_with: Some([self.pct_start, self.div_factor, self.final_div_factor]),
        };
        leaf(rule, initial, [initial, self.max_lr, initial / self.final_div_factor])
    }

    fn exact(&self) -> Result<Spec, Error> {
        let factors = [self.div_factor, self.final_div_factor];
        let is_cosine = &*self.anneal_strategy == "cos";
        exact::one_cycle(self.max_lr, self.total_steps, self.pct_start, is_cosine, factors, self.three_phase)
    }

    fn length(&self) -> Option<u64> {
        Some(self.total_steps)
    }
}

stepped_by_its_scheduler!(OneCycleLr);
