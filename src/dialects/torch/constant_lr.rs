//! ConstantLR: `base_lr * factor` up to `total_iters`.

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
    /// `base_lr * factor` before step `total_iters`, and that times `1 / factor` from there.
    ///
    /// Args:
    ///     base_lr: the rate that is scaled.
    ///     factor: from 0 to 1; from 0, `base_lr` itself comes back.
    ///     total_iters: at which step.
    ///
    /// Source: `torch.optim.lr_scheduler.ConstantLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.ConstantLR", base_lr=0.1, factor=0.5, total_iters=2).array(4).tolist()
    /// [0.05, 0.05, 0.1, 0.1]
    ConstantLr as "torch.ConstantLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        factor: f64 = ParamType::Double(FRACTION), or Value::Real(1.0 / 3.0);
        total_iters: i64 = ParamType::Int, or Value::Int(5);
    }
}

/// The arguments of ConstantLR.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Constant {
    pub factor: f64,
    pub total_iters: i64,
}

impl Scheduler for Constant {
    type Replay = ConstantLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        Some(if clock.epoch == 0 {
            Change::Times(self.factor)
        } else if clock.epoch != self.total_iters {
            Change::Keep
        } else if self.factor == 0.0 {
            // DIFFERENCE: torch divides by it here, in the middle of a run (pytorch#185006).
            Change::FromBase(1.0)
        } else {
            Change::Times(1.0 / self.factor)
        })
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        let is_over = f64::from(u8::from(self.total_iters <= 0));
        Some(Change::FromBase(self.factor + is_over * (1.0 - self.factor)))
    }

    fn constant_until(&self, clock: &Clock) -> i64 {
        match clock.epoch {
            ..0 => clock.epoch,
            epoch if epoch < self.total_iters => self.total_iters - 1,
            _ => i64::MAX,
        }
    }

    fn raises_in_torch(&self) -> bool {
        self.factor == 0.0
    }

    fn replay(&self, group: &Group<f64>) -> Option<ConstantLr> {
        Some(ConstantLr { base_lr: group.base, factor: self.factor, total_iters: self.total_iters })
    }
}

#[cfg(feature = "python")]
impl FromLive for Constant {
    fn read(live: &Live<'_>) -> Option<Constant> {
        Some(Constant { factor: read!(live, float, "factor")?, total_iters: read!(live, whole, "total_iters")? })
    }
}

impl Replayed for ConstantLr {
    const BLAME: &'static str = "factor";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        let total_iters = whole("total_iters", self.total_iters)?;
        leaf(Constant { factor: self.factor, total_iters }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::factor(self.base_lr, self.factor, positive("total_iters", self.total_iters)?)
    }
}

stepped_by_its_scheduler!(ConstantLr);
