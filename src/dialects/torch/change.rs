//! What a step does to every group: the part that all groups share, computed once, and its application to one group.

use std::f64::consts::PI;

use super::arithmetic::Rate;
use crate::replay::libm::cos;

/// How OneCycleLR and SWALR go from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anneal {
    /// `anneal_strategy="cos"`
    Cos,
    /// `anneal_strategy="linear"`
    Linear,
}

impl Anneal {
    /// What `between` needs to know of the way that is behind, from 0 to 1.
    pub(super) fn weight(self, pct: f64) -> f64 {
        match self {
            Anneal::Cos => cos(PI * pct) + 1.0,
            Anneal::Linear => pct,
        }
    }

    fn between(self, start: f64, end: f64, weight: f64) -> f64 {
        match self {
            Anneal::Cos => end + (start - end) / 2.0 * weight,
            Anneal::Linear => (end - start) * weight + start,
        }
    }

    /// SWALR's share of the averaged rate.
    pub(super) fn share(self, t: f64) -> f64 {
        match self {
            Anneal::Cos => (1.0 - cos(PI * t)) / 2.0,
            Anneal::Linear => t,
        }
    }
}

/// A phase of OneCycleLR. The names of rates and momenta are places in [`Group::own`] and [`Group::momenta`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phase {
    /// The step at which it ends.
    pub end_step: f64,
    /// From this of the group's rates,
    pub start_lr: u8,
    /// to this one,
    pub end_lr: u8,
    /// and from this of its momenta
    pub start_momentum: u8,
    /// to this one.
    pub end_momentum: u8,
}

/// What a step does to every group: all of it that does not depend on the group.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "each formula names its fields")]
pub enum Change {
    /// The rate stays.
    Keep,
    /// `lr * factor`
    Times(f64),
    /// `base * factor`
    FromBase(f64),
    /// `ratio * (lr - floor) + floor`
    Bend { ratio: f64, floor: f64 },
    /// `lr + (base - floor) * height / 2`
    Lift { floor: f64, height: f64 },
    /// `floor + (base - floor) * height / 2`
    Swing { floor: f64, height: f64 },
    /// `base + (peak - base) * scale * fade`
    Climb { scale: f64, fade: f64 },
    /// Between two of the group's own rates.
    Between { anneal: Anneal, weight: f64, phase: Phase },
    /// Between the rate and the group's own.
    Average { before: f64, after: f64 },
}

/// What of a group a rule reads besides its learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group<T> {
    /// The base rate.
    pub base: T,
    /// `max_lr` and `base_lr` of CyclicLR, `swa_lr` of SWALR; `initial_lr`, `max_lr`, `min_lr` of OneCycleLR.
    pub own: [f64; 3],
    /// `base_momentum`, `max_momentum`.
    pub momenta: [f64; 2],
}

/// Where `base_momentum` stands in [`Group::momenta`].
pub const BASE: usize = 0;
/// Where `max_momentum` stands in [`Group::momenta`].
pub const MAX: usize = 1;

impl Change {
    /// The group's next learning rate.
    #[inline(always)]
    pub fn advance<T: Rate>(&self, lr: T, group: &Group<T>) -> T {
        match *self {
            Change::Keep => lr,
            Change::Times(factor) => lr.times(factor),
            Change::FromBase(factor) => group.base.times(factor),
            Change::Bend { ratio, floor } => lr.minus(floor).times(ratio).plus(floor),
            Change::Lift { floor, height } => lr.and(group.base.minus(floor).times(height).over(2.0)),
            Change::Swing { floor, height } => group.base.minus(floor).times(height).over(2.0).plus(floor),
            Change::Climb { scale, fade } => {
                let [peak, base, _] = group.own;
                T::of(base + (peak - base) * scale * fade)
            }
            Change::Between { anneal, weight, phase } => T::of(anneal.between(
                group.own[usize::from(phase.start_lr)],
                group.own[usize::from(phase.end_lr)],
                weight,
            )),
            Change::Average { before, after } => {
                let target = group.own[0];
                if before == 1.0 {
                    return T::of(target * after + target * (1.0 - after));
                }
                let origin = lr.minus(before * target).over(1.0 - before);
                origin.times(1.0 - after).plus(target * after)
            }
        }
    }

    /// The group's next momentum, where the change has one.
    pub fn momentum<T: Rate>(&self, group: &Group<T>) -> Option<f64> {
        match *self {
            Change::Climb { scale, fade } => {
                Some(group.momenta[MAX] - (group.momenta[MAX] - group.momenta[BASE]) * scale * fade)
            }
            Change::Between { anneal, weight, phase } => Some(anneal.between(
                group.momenta[usize::from(phase.start_momentum)],
                group.momenta[usize::from(phase.end_momentum)],
                weight,
            )),
            _ => None,
        }
    }

    /// Whether it reads the group's present rate.
    pub fn reads_rate(&self) -> bool {
        !matches!(self, Change::FromBase(_) | Change::Swing { .. } | Change::Climb { .. } | Change::Between { .. })
    }

    /// Whether it reads the base rates, of which there may be fewer than groups.
    pub fn needs_base(&self) -> bool {
        matches!(self, Change::FromBase(_) | Change::Lift { .. } | Change::Swing { .. })
    }
}
