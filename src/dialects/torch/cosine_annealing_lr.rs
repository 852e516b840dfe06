//! CosineAnnealingLR: half periods of a cosine, as a recurrence.

use std::f64::consts::PI;

use super::arithmetic::quotient;
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
use crate::replay::libm::cos;

replay! {
    /// `eta_min + (base_lr - eta_min) * (1 + cos(pi * k / T_max)) / 2`, as a recurrence; it climbs again after `T_max`.
    ///
    /// Args:
    ///     base_lr: the value at step 0.
    ///     T_max: how many steps half a period has.
    ///     eta_min: the value at step `T_max`.
    ///
    /// Source: `torch.optim.lr_scheduler.CosineAnnealingLR`, torch 2.13.
    ///
    /// >>> gp.replay("torch.CosineAnnealingLR", base_lr=0.1, T_max=1, eta_min=0.002).array(4).tolist()
    /// [0.1, 0.002, 0.1, 0.002]
    CosineAnnealingLr as "torch.CosineAnnealingLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_max: i64 = ParamType::Int;
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }
}

/// The arguments of CosineAnnealingLR.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub struct Cosine {
    pub t_max: i64,
    pub eta_min: f64,
}

impl Scheduler for Cosine {
    type Replay = CosineAnnealingLr;

    fn change(&self, clock: &Clock) -> Option<Change> {
        let (epoch, t_max, floor) = (clock.epoch, self.t_max, self.eta_min);
        Some(if clock.count == 1 && epoch > 0 {
            // The first step of a scheduler that was made with a `last_epoch`.
            let angle = quotient(epoch as f64 * PI, t_max as f64)?;
            Change::Swing { floor, height: 1.0 + cos(angle) }
        } else if (epoch - 1 - t_max).checked_rem(t_max.checked_mul(2)?)? == 0 {
            Change::Lift { floor, height: 1.0 - cos(PI / t_max as f64) }
        } else {
            let height = |k: i64| 1.0 + cos(PI * k as f64 / t_max as f64);
            Change::Bend { ratio: quotient(height(epoch), height(epoch - 1))?, floor }
        })
    }

    fn first_change(&self, _clock: &Clock) -> Option<Change> {
        Some(Change::Keep)
    }

    fn closed_start(&self, _clock: &Clock) -> Option<Change> {
        let height = 1.0 + cos(quotient(PI * 0.0, self.t_max as f64)?);
        Some(Change::Swing { floor: self.eta_min, height })
    }

    fn replay(&self, group: &Group<f64>) -> Option<CosineAnnealingLr> {
        Some(CosineAnnealingLr { base_lr: group.base, T_max: self.t_max, eta_min: self.eta_min })
    }
}

#[cfg(feature = "python")]
impl FromLive for Cosine {
    const ALWAYS_READS_BASES: bool = true;

    fn read(live: &Live<'_>) -> Option<Cosine> {
        Some(Cosine { t_max: read!(live, whole, "T_max")?, eta_min: read!(live, float, "eta_min")? })
    }
}

impl Replayed for CosineAnnealingLr {
    const BLAME: &'static str = "T_max";

    fn scheduler(&self) -> Result<SchedulerTree<f64>, Error> {
        if self.T_max == 0 {
            return Err(Error::value("T_max", 0, "it must not be 0").or("Half a period has at least one step."));
        }
        let t_max = whole("T_max", self.T_max)?;
        leaf(Cosine { t_max, eta_min: self.eta_min }, self.base_lr, [0.0; 3])
    }

    fn exact(&self) -> Result<Spec, Error> {
        exact::wave(self.base_lr, self.eta_min, positive("T_max", self.T_max)?)
    }
}

stepped_by_its_scheduler!(CosineAnnealingLr);
