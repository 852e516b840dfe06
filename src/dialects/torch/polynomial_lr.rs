//! PolynomialLR: a power of the part of the run that is left.

use super::arithmetic::{power, quotient};
use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{FromLive, Live, read};
use super::replayed::{Replayed, leaf, positive, whole};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::{ParamType, Value};

replay! {
    /// `base_lr * (1 - k / total_iters) ** power`, as a product of ratios; 0 from step `total_iters` on.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     total_iters: the step at which it ends.
    ///     power: the exponent.
    ///
    /// Source: `torch.optim.lr_scheduler.PolynomialLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.PolynomialLR", base_lr=0.1, total_iters=4, power=2.0).array(5).tolist()
    /// [0.1, 0.05625, 0.024999999999999998, 0.0062499999999999995, 0.0]
    PolynomialLr as "torch.PolynomialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
        power: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }
}

/// The arguments of PolynomialLR.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Polynomial {
    pub total_iters: i64,
    pub power: f64,
}

impl Scheduler for Polynomial {
    type Replay = PolynomialLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        if clock.epoch > self.total_iters {
            return Some(Change::Keep);
        }
        let left = 1.0 - quotient(clock.epoch as f64, self.total_iters as f64)?;
        let left_before = 1.0 - quotient((clock.epoch - 1) as f64, self.total_iters as f64)?;
        Some(Change::Times(power(quotient(left, left_before)?, self.power)?))
    }

    fn first_change(&self, _clock: &Clock) -> Option<Change> {
        Some(Change::Keep)
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        let passed = quotient(self.total_iters.min(0) as f64, self.total_iters as f64)?;
        Some(Change::FromBase(power(1.0 - passed, self.power)?))
    }

    fn constant_until(&self, clock: &Clock) -> i64 {
        if clock.epoch >= self.total_iters.max(0) { i64::MAX } else { clock.epoch }
    }

    fn replay(&self, group: &Group<f64>) -> Option<PolynomialLr> {
        Some(PolynomialLr { base_lr: group.base, total_iters: self.total_iters, power: self.power })
    }
}

#[cfg(feature = "python")]
impl FromLive for Polynomial {
    fn read(live: &Live<'_>) -> Option<Polynomial> {
        Some(Polynomial { total_iters: read!(live, whole, "total_iters")?, power: read!(live, float, "power")? })
    }
}

impl Replayed for PolynomialLr {
    const BLAME: &'static str = "total_iters";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let total_iters = whole("total_iters", self.total_iters)?;
        leaf(Polynomial { total_iters, power: self.power }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::polynomial(self.base_lr, 0.0, positive("total_iters", self.total_iters)?, self.power)
    }
}

stepped_by_its_scheduler!(PolynomialLr);
