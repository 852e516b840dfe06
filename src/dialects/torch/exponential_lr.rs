//! ExponentialLR: `lr * gamma` at each epoch.

use super::change::{Change, Group};
#[cfg(feature = "python")]
use super::live::{FromLive, Live, read};
use super::replayed::{Replayed, leaf};
use super::scheduler::{Clock, Scheduler};
use super::tree::SchedulerTree;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::ParamType;

replay! {
    /// `base_lr` at step 0; at every step after, the value before times `gamma`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     gamma: the factor.
    ///
    /// Source: `torch.optim.lr_scheduler.ExponentialLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.ExponentialLR", base_lr=0.1, gamma=0.9).array(5).tolist()
    /// [0.1, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002]
    ExponentialLr as "torch.ExponentialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        gamma: f64 = ParamType::Double(FINITE);
    }
}

/// The argument of ExponentialLR.
#[derive(Clone, Debug, PartialEq)]
pub struct Exponential {
    /// The factor.
    pub gamma: f64,
}

impl Scheduler for Exponential {
    type Replay = ExponentialLr;

    fn change(&self, _clock: &Clock) -> Option<Change> {
        Some(Change::Times(self.gamma))
    }

    fn first_change(&self, _clock: &Clock) -> Option<Change> {
        Some(Change::Keep)
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        Some(Change::FromBase(1.0))
    }

    fn factor(&self) -> Option<f64> {
        Some(self.gamma)
    }

    fn replay(&self, group: &Group<f64>) -> Option<ExponentialLr> {
        Some(ExponentialLr { base_lr: group.base, gamma: self.gamma })
    }
}

#[cfg(feature = "python")]
impl FromLive for Exponential {
    fn read(live: &Live<'_>) -> Option<Exponential> {
        Some(Exponential { gamma: read!(live, float, "gamma")? })
    }
}

impl Replayed for ExponentialLr {
    const BLAME: &'static str = "gamma";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        leaf(Exponential { gamma: self.gamma }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::exponential(self.base_lr, self.gamma)
    }
}

stepped_by_its_scheduler!(ExponentialLr);
