//! CosineAnnealingWarmRestarts: falling cosines, each longer than the one before.

use std::f64::consts::PI;

#[cfg(feature = "python")]
use pyo3::intern;
#[cfg(feature = "python")]
use pyo3::prelude::*;
#[cfg(feature = "python")]
use pyo3::types::PyFloat;

use super::arithmetic::quotient;
use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{Asked, FromLive, Live, NextStep, as_float, read};
use super::replayed::{Replayed, leaf};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH, MULT};
use crate::declare::{ParamType, Value};
use crate::replay::libm::cos;

replay! {
    /// `eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`: cosines of `T_0`, `T_0 * T_mult`, ... steps.
    ///
    /// Args:
    ///     base_lr: the value at the start of each cycle.
    ///     T_0: how many steps the first one has.
    ///     T_mult: how many times as many each has as the one before.
    ///     eta_min: what the values go down to.
    ///
    /// Source: `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CosineAnnealingWarmRestarts", base_lr=0.1, T_0=2).array(4).tolist()
    /// [0.1, 0.05, 0.1, 0.05]
    WarmRestarts as "torch.CosineAnnealingWarmRestarts" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_0: u64 = ParamType::Count(LENGTH);
        T_mult: u64 = ParamType::Count(MULT), or Value::Count(1);
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }
}

/// The arguments of CosineAnnealingWarmRestarts.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Restarts {
    pub t_0: i64,
    pub t_mult: i64,
    pub eta_min: f64,
}

impl Scheduler for Restarts {
    type Replay = WarmRestarts;

    fn first_clock(&self) -> Clock {
        Clock { period: self.t_0, ..Clock::at(0, 0) }
    }

    fn tick(&self, clock: &mut Clock) -> Option<()> {
        // torch starts anew from an epoch below 0.
        if clock.epoch < 0 || clock.period <= 0 {
            return None;
        }
        clock.epoch += 1;
        clock.cur += 1.0;
        if clock.cur >= clock.period as f64 {
            clock.cur %= clock.period as f64;
            clock.period = clock.period.checked_mul(self.t_mult).filter(|&period| period <= 1 << 53)?;
        }
        Some(())
    }

    fn change(&self, clock: &Clock) -> Option<Change> {
        let angle = quotient(PI * clock.cur, clock.period as f64)?;
        Some(Change::Swing { floor: self.eta_min, height: 1.0 + cos(angle) })
    }

    fn replay(&self, group: &Group<f64>) -> Option<WarmRestarts> {
        let count = |n: i64| u64::try_from(n).ok();
        let (base_lr, eta_min) = (group.base, self.eta_min);
        Some(WarmRestarts { base_lr, T_0: count(self.t_0)?, T_mult: count(self.t_mult)?, eta_min })
    }
}

#[cfg(feature = "python")]
impl Restarts {
    /// The arguments, with this `T_0`.
    fn of(live: &Live<'_>, t_0: i64) -> Option<Restarts> {
        Some(Restarts { t_0, t_mult: read!(live, whole, "T_mult")?, eta_min: read!(live, float, "eta_min")? })
    }
}

#[cfg(feature = "python")]
impl FromLive for Restarts {
    const ALWAYS_READS_BASES: bool = true;

    fn read(live: &Live<'_>) -> Option<Restarts> {
        Restarts::of(live, read!(live, whole, "T_0")?)
    }

    // A step does not read `T_0`.
    fn next_step<'py>(live: &Live<'py>, _asked: &Asked) -> Option<NextStep<'py, Restarts>> {
        Restarts::of(live, 0).map(NextStep::of)
    }

    fn step_clock(live: &Live<'_>) -> Option<Clock> {
        let cur = as_float(&read!(live, get, "T_cur")?)?;
        let clock = Clock { cur, period: read!(live, whole, "T_i")?, ..Clock::at(read!(live, whole, "last_epoch")?, 0) };
        (clock.epoch >= 0 && clock.period > 0 && clock.cur < clock.period as f64).then_some(clock)
    }

    fn clock(live: &Live<'_>) -> Option<Clock> {
        let (cur, period) = (read!(live, float, "T_cur")?, read!(live, whole, "T_i")?);
        Some(Clock { cur, period, ..Clock::at(read!(live, whole, "last_epoch")?, read!(live, whole, "_step_count")?) })
    }

    fn set_step_clock(live: &Live<'_>, before: &Clock, clock: &Clock) -> PyResult<()> {
        let py = live.state.py();
        let is_float = read!(live, get, "T_cur").is_some_and(|cur| cur.is_exact_instance_of::<PyFloat>());
        if is_float {
            live.state.set_item(intern!(py, "T_cur"), clock.cur)?;
        } else {
            live.state.set_item(intern!(py, "T_cur"), clock.cur as i64)?;
        }
        if clock.period != before.period {
            live.state.set_item(intern!(py, "T_i"), clock.period)?;
        }
        Ok(())
    }

    fn set_own_clock(&self, scheduler: &Bound<'_, PyAny>, clock: &Clock) -> PyResult<()> {
        scheduler.setattr(intern!(scheduler.py(), "T_cur"), clock.cur as i64)?;
        scheduler.setattr(intern!(scheduler.py(), "T_i"), clock.period)
    }
}

impl Replayed for WarmRestarts {
    const BLAME: &'static str = "T_0";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let (t_0, t_mult) = (self.T_0 as i64, self.T_mult as i64);
        leaf(Restarts { t_0, t_mult, eta_min: self.eta_min }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::restarts(self.base_lr, self.eta_min, self.T_0, self.T_mult)
    }
}

stepped_by_its_scheduler!(WarmRestarts);
