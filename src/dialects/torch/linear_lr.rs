//! LinearLR: a line between two factors of the base rate.

use super::arithmetic::quotient;
use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{FromLive, Live, read};
use super::replayed::{FRACTION, Replayed, leaf, positive, whole};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::{ParamType, Value};

replay! {
    /// From `base_lr * start_factor` on a line to `base_lr * end_factor` at step `total_iters`, as a product of ratios.
    ///
    /// Args:
    ///     base_lr: the rate that is scaled.
    ///     start_factor: the first scale, above 0, up to 1.
    ///     end_factor: the last one, from 0 to 1.
    ///     total_iters: the step of the last.
    ///
    /// Source: `torch.optim.lr_scheduler.LinearLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.LinearLR", base_lr=0.1, start_factor=0.5, total_iters=4).array(6).tolist()
    /// [0.05, 0.0625, 0.075, 0.08750000000000001, 0.1, 0.1]
    LinearLr as "torch.LinearLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        start_factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0 / 3.0);
        end_factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
    }
}

/// The arguments of LinearLR.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Linear {
    pub start_factor: f64,
    pub end_factor: f64,
    pub total_iters: i64,
}

impl Scheduler for Linear {
    type Replay = LinearLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        if clock.epoch == 0 {
            return Some(Change::Times(self.start_factor));
        }
        if clock.epoch > self.total_iters {
            return Some(Change::Keep);
        }
        let rise = self.end_factor - self.start_factor;
        let reached = self.total_iters as f64 * self.start_factor + (clock.epoch - 1) as f64 * rise;
        Some(Change::Times(1.0 + quotient(rise, reached)?))
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        let rise = (self.end_factor - self.start_factor) * self.total_iters.min(0) as f64;
        Some(Change::FromBase(self.start_factor + quotient(rise, self.total_iters as f64)?))
    }

    fn constant_until(&self, clock: &Clock) -> i64 {
        if clock.epoch >= self.total_iters.max(0) { i64::MAX } else { clock.epoch }
    }

    fn replay(&self, group: &Group<f64>) -> Option<LinearLr> {
        let &Linear { start_factor, end_factor, total_iters } = self;
        Some(LinearLr { base_lr: group.base, start_factor, end_factor, total_iters })
    }
}

#[cfg(feature = "python")]
impl FromLive for Linear {
    fn read(live: &Live<'_>) -> Option<Linear> {
        Some(Linear {
            start_factor: read!(live, float, "start_factor")?,
            end_factor: read!(live, float, "end_factor")?,
            total_iters: read!(live, whole, "total_iters")?,
        })
    }
}

impl Replayed for LinearLr {
    const BLAME: &'static str = "total_iters";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        if self.start_factor <= 0.0 {
            return Err(Error::value("start_factor", "0.0", "it must be a number above 0, at most 1")
                .or("A recurrence never leaves 0: start a little above."));
        }
        let total_iters = whole("total_iters", self.total_iters)?;
        let (start_factor, end_factor) = (self.start_factor, self.end_factor);
        leaf(Linear { start_factor, end_factor, total_iters }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        let [start, end] = [self.start_factor, self.end_factor].map(|factor| self.base_lr * factor);
        exact::line(start, end, positive("total_iters", self.total_iters)?)
    }
}

stepped_by_its_scheduler!(LinearLr);
