//! StepLR: `lr * gamma` every `step_size` epochs.

use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{FromLive, Live, read};
use super::replayed::{Replayed, leaf};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH, NEVER};
use crate::replay::StepRule;
use crate::declare::{ParamType, Value};

replay! {
    /// `base_lr` at step 0; at every multiple of `step_size` after, the value before times `gamma`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     step_size: how many steps there are between two multiplications.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.StepLR`, torch 2.13.
    ///
    /// >>> s = gp.replay("torch.StepLR", base_lr=0.1, step_size=2, gamma=0.9)
    /// >>> s.array(6).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
    StepLr as "torch.StepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        step_size: u64 = ParamType::Count(LENGTH);
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }
}

/// The arguments of StepLR.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Step {
    pub step_size: i64,
    pub gamma: f64,
}

impl Scheduler for Step {
    type Replay = StepLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        let is_decay = clock.epoch != 0 && clock.epoch.checked_rem(self.step_size)? == 0;
        Some(if is_decay { Change::Times(self.gamma) } else { Change::Keep })
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        (self.step_size != 0).then_some(Change::FromBase(1.0))
    }

    fn constant_until(&self, clock: &Clock) -> i64 {
        let (epoch, step_size) = (clock.epoch, self.step_size);
        if step_size > 0 && epoch >= 0 { (epoch / step_size + 1) * step_size - 1 } else { epoch }
    }

    fn factor(&self) -> Option<f64> {
        Some(self.gamma)
    }

    fn replay(&self, group: &Group<f64>) -> Option<StepLr> {
        Some(StepLr { base_lr: group.base, step_size: u64::try_from(self.step_size).ok()?, gamma: self.gamma })
    }
}

#[cfg(feature = "python")]
impl FromLive for Step {
    fn read(live: &Live<'_>) -> Option<Step> {
        Some(Step { step_size: read!(live, whole, "step_size")?, gamma: read!(live, float, "gamma")? })
    }
}

impl Replayed for StepLr {
    const BLAME: &'static str = "gamma";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        leaf(Step { step_size: self.step_size as i64, gamma: self.gamma }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::stairs(self.base_lr, self.gamma, self.step_size)
    }
}

// The rate alone is all that has to be kept, so this is quicker than the scheduler.
impl StepRule for StepLr {
    type State = f64;

    fn exact(&self) -> Result<Spec, Error> {
        Replayed::exact(self)
    }

    fn start(&self) -> Result<f64, Error> {
        Ok(self.base_lr)
    }
    fn lr(&self, lr: &f64, _k: u64) -> f64 {
        *lr
    }
    fn advance(&self, lr: &mut f64, _k: u64) {
        *lr *= self.gamma;
    }
    fn constant_until(&self, lr: &f64, k: u64) -> u64 {
        // 0 stays 0, and infinity infinite.
        if (lr * self.gamma).to_bits() == lr.to_bits() { NEVER } else { (k / self.step_size + 1) * self.step_size }
    }
}
