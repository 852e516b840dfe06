//! The rules of `torch.optim.lr_scheduler` (torch 2.13): from one learning rate to the next, in torch's own operations.
//!
//! ```text
//! clock       where a scheduler stands: last_epoch, _step_count, and the restarts' own clock
//! rule        a scheduler's arguments
//! change      what rule and clock make of this step: the part that all groups share, computed once
//! advance     the change applied to one group's learning rate
//! ```
//! torch computes with Python's floats, so each operation here is one of Python's, in its order, with the system's
//! `cos` and `pow`. A group's rate may also be a float32 tensor: then the same operations are in float32, each scalar
//! rounded to it first, as torch does ([`Rate`]).
//!
//! Where Python raises (a division by zero, a power past every double), there is no change: `None`. Who asked lets
//! torch itself say so.

use std::f64::consts::PI;
use std::sync::Arc;

use crate::replay::libm::{cos, pow};

/// What a learning rate is kept in: a Python float or float64 tensor (`f64`), or a float32 tensor (`f32`).
pub trait Rate: Copy {
    /// The rate that `fill_` makes of a Python float.
    fn of(x: f64) -> Self;
    /// Its value.
    fn value(self) -> f64;
    /// `self * x`
    fn times(self, x: f64) -> Self;
    /// `self + x`
    fn plus(self, x: f64) -> Self;
    /// `self - x`
    fn minus(self, x: f64) -> Self;
    /// `self / x`
    fn over(self, x: f64) -> Self;
    /// `self + other`
    fn and(self, other: Self) -> Self;
}

impl Rate for f64 {
    fn of(x: f64) -> f64 {
        x
    }
    fn value(self) -> f64 {
        self
    }
    fn times(self, x: f64) -> f64 {
        self * x
    }
    fn plus(self, x: f64) -> f64 {
        self + x
    }
    fn minus(self, x: f64) -> f64 {
        self - x
    }
    fn over(self, x: f64) -> f64 {
        self / x
    }
    fn and(self, other: f64) -> f64 {
        self + other
    }
}

impl Rate for f32 {
    fn of(x: f64) -> f32 {
        x as f32
    }
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn times(self, x: f64) -> f32 {
        self * x as f32
    }
    fn plus(self, x: f64) -> f32 {
        self + x as f32
    }
    fn minus(self, x: f64) -> f32 {
        self - x as f32
    }
    fn over(self, x: f64) -> f32 {
        self / x as f32
    }
    fn and(self, other: f32) -> f32 {
        self + other
    }
}

/// Where a scheduler stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// `last_epoch`
    pub epoch: i64,
    /// `_step_count`
    pub count: i64,
    /// `T_cur` of CosineAnnealingWarmRestarts; a fraction after `step(0.5)`.
    pub cur: f64,
    /// `T_i` of CosineAnnealingWarmRestarts.
    pub period: i64,
}

impl Clock {
    /// At this `last_epoch`, after this many steps.
    pub fn at(epoch: i64, count: i64) -> Clock {
        Clock { epoch, count, cur: 0.0, period: 1 }
    }
}

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
    fn weight(self, pct: f64) -> f64 {
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
    fn share(self, t: f64) -> f64 {
        match self {
            Anneal::Cos => (1.0 - cos(PI * t)) / 2.0,
            Anneal::Linear => t,
        }
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

/// A scheduler's arguments.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields have the names of torch's arguments")]
pub enum Rule {
    /// StepLR
    Step { step_size: i64, gamma: f64 },
    /// MultiStepLR: each milestone once, in order, and how often it was given.
    MultiStep { milestones: Arc<Vec<(i64, i64)>>, gamma: f64 },
    /// ConstantLR
    Constant { factor: f64, total_iters: i64 },
    /// LinearLR
    Linear { start_factor: f64, end_factor: f64, total_iters: i64 },
    /// ExponentialLR
    Exponential { gamma: f64 },
    /// PolynomialLR
    Polynomial { total_iters: i64, power: f64 },
    /// CosineAnnealingLR
    Cosine { t_max: i64, eta_min: f64 },
    /// CosineAnnealingWarmRestarts
    Restarts { t_0: i64, t_mult: i64, eta_min: f64 },
    /// CyclicLR; the group's own rates are its `max_lr` and `base_lr`.
    Cyclic { total_size: f64, step_ratio: f64, fade: Fade, by_cycle: bool },
    /// OneCycleLR, its first phase from `start_step`; the group's own rates: `initial_lr`, `max_lr`, `min_lr`.
    OneCycle { total_steps: i64, phases: [Phase; 3], len: usize, start_step: f64, anneal: Anneal },
    /// SWALR; the group's own rate is its `swa_lr`.
    Swa { anneal_epochs: i64, anneal: Anneal },
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

/// Python's `x ** y` on floats, where that is a float.
pub fn power(x: f64, y: f64) -> Option<f64> {
    let is_error = x == 0.0 && y < 0.0 || x < 0.0 && y.fract() != 0.0;
    let value = pow(x, y);
    (!is_error && (value.is_finite() || !x.is_finite() || !y.is_finite())).then_some(value)
}

/// Python's `x / y` on floats.
fn quotient(x: f64, y: f64) -> Option<f64> {
    (y != 0.0).then(|| x / y)
}

/// The phase of OneCycleLR in which a step lies.
pub fn phase_at(epoch: i64, phases: &[Phase]) -> usize {
    let last = phases.len() - 1;
    phases[..last].iter().position(|phase| epoch as f64 <= phase.end_step).unwrap_or(last)
}

impl Rule {
    /// Moves the clock on by one step.
    pub fn tick(&self, clock: &mut Clock) -> Option<()> {
        if let Rule::Restarts { t_mult, .. } = *self {
            // torch starts anew from an epoch below 0.
            if clock.epoch < 0 || clock.period <= 0 {
                return None;
            }
            clock.epoch += 1;
            clock.cur += 1.0;
            if clock.cur >= clock.period as f64 {
                clock.cur %= clock.period as f64;
                clock.period = clock.period.checked_mul(t_mult).filter(|&period| period <= 1 << 53)?;
            }
        } else {
            clock.epoch += 1;
            clock.count += 1;
        }
        Some(())
    }

    /// What the step does on which the clock stands.
    pub fn change(&self, clock: &Clock) -> Option<Change> {
        let epoch = clock.epoch;
        Some(match *self {
            Rule::Step { step_size, gamma } => {
                if epoch == 0 || epoch.checked_rem(step_size)? != 0 {
                    Change::Keep
                } else {
                    Change::Times(gamma)
                }
            }
            Rule::MultiStep { ref milestones, gamma } => {
                match milestones.binary_search_by_key(&epoch, |&(milestone, _)| milestone) {
                    Ok(i) => Change::Times(power(gamma, milestones[i].1 as f64)?),
                    Err(_) => Change::Keep,
                }
            }
            Rule::Constant { factor, total_iters } => {
                if epoch == 0 {
                    Change::Times(factor)
                } else if epoch != total_iters {
                    Change::Keep
                } else if factor == 0.0 {
                    // DIFFERENCE: torch divides by it here, in the middle of a run (pytorch#185006).
                    Change::FromBase(1.0)
                } else {
                    Change::Times(1.0 / factor)
                }
            }
            Rule::Linear { start_factor, end_factor, total_iters } => {
                if epoch == 0 {
                    Change::Times(start_factor)
                } else if epoch > total_iters {
                    Change::Keep
                } else {
                    let rise = end_factor - start_factor;
                    let reached = total_iters as f64 * start_factor + (epoch - 1) as f64 * rise;
                    Change::Times(1.0 + quotient(rise, reached)?)
                }
            }
            Rule::Exponential { gamma } => Change::Times(gamma),
            Rule::Polynomial { total_iters, power: exponent } => {
                if epoch > total_iters {
                    Change::Keep
                } else {
                    let left = 1.0 - quotient(epoch as f64, total_iters as f64)?;
                    let left_before = 1.0 - quotient((epoch - 1) as f64, total_iters as f64)?;
                    Change::Times(power(quotient(left, left_before)?, exponent)?)
                }
            }
            Rule::Cosine { t_max, eta_min } => {
                if clock.count == 1 && epoch > 0 {
                    // The first step of one that was made with a `last_epoch`.
                    let angle = quotient(epoch as f64 * PI, t_max as f64)?;
                    Change::Swing { floor: eta_min, height: 1.0 + cos(angle) }
                } else if (epoch - 1 - t_max).checked_rem(t_max.checked_mul(2)?)? == 0 {
                    Change::Lift { floor: eta_min, height: 1.0 - cos(PI / t_max as f64) }
                } else {
                    let height = |k: i64| 1.0 + cos(PI * k as f64 / t_max as f64);
                    Change::Bend { ratio: quotient(height(epoch), height(epoch - 1))?, floor: eta_min }
                }
            }
            Rule::Restarts { eta_min, .. } => {
                let angle = quotient(PI * clock.cur, clock.period as f64)?;
                Change::Swing { floor: eta_min, height: 1.0 + cos(angle) }
            }
            Rule::Cyclic { total_size, step_ratio, fade, by_cycle } => {
                let turns = quotient(epoch as f64, total_size)?;
                let cycle = (1.0 + turns).floor();
                let x = 1.0 + turns - cycle;
                let scale =
                    if x <= step_ratio { quotient(x, step_ratio)? } else { quotient(x - 1.0, step_ratio - 1.0)? };
                let at = if by_cycle { cycle } else { epoch as f64 };
                Change::Climb { scale, fade: fade.factor(at)? }
            }
            Rule::OneCycle { total_steps, ref phases, len, start_step, anneal } => {
                if epoch > total_steps {
                    return None;
                }
                let i = phase_at(epoch, &phases[..len]);
                let start_step = if i == 0 { start_step } else { phases[i - 1].end_step };
                let pct = quotient(epoch as f64 - start_step, phases[i].end_step - start_step)?;
                Change::Between { anneal, weight: anneal.weight(pct), phase: phases[i] }
            }
            Rule::Swa { anneal_epochs, anneal } => {
                let taken = clock.count - 1;
                let step = if anneal_epochs == 0 { taken.max(1) } else { taken };
                let share = |step: i64| anneal.share((step as f64 / anneal_epochs.max(1) as f64).clamp(0.0, 1.0));
                Change::Average { before: share(step - 1), after: share(step) }
            }
        })
    }

    /// What the first step does, on which a scheduler is made: torch's `_initial_step`.
    pub fn first_change(&self, clock: &Clock) -> Option<Change> {
        match self {
            Rule::Exponential { .. } | Rule::Polynomial { .. } | Rule::Cosine { .. } => Some(Change::Keep),
            _ => self.change(clock),
        }
    }

    /// What a later child of SequentialLR does as it takes over: torch's closed form at epoch 0, where it has one.
    pub fn closed_start(&self, clock: &Clock) -> Option<Change> {
        Some(Change::FromBase(match *self {
            Rule::Step { step_size: 0, .. } => return None,
            Rule::Step { .. } | Rule::Exponential { .. } => 1.0,
            Rule::MultiStep { ref milestones, gamma } => {
                let passed =
                    milestones.iter().filter(|&&(milestone, _)| milestone <= 0).map(|&(_, times)| times as f64);
                power(gamma, passed.sum())?
            }
            Rule::Constant { factor, total_iters } => factor + f64::from(u8::from(total_iters <= 0)) * (1.0 - factor),
            Rule::Linear { start_factor, end_factor, total_iters } => {
                let rise = (end_factor - start_factor) * total_iters.min(0) as f64;
                start_factor + quotient(rise, total_iters as f64)?
            }
            Rule::Polynomial { total_iters, power: exponent } => {
                power(1.0 - quotient(total_iters.min(0) as f64, total_iters as f64)?, exponent)?
            }
            Rule::Cosine { t_max, eta_min } => {
                let height = 1.0 + cos(quotient(PI * 0.0, t_max as f64)?);
                return Some(Change::Swing { floor: eta_min, height });
            }
            _ => return self.change(clock),
        }))
    }

    /// The last epoch up to which, after the clock's, nothing changes.
    pub fn constant_until(&self, clock: &Clock) -> i64 {
        let epoch = clock.epoch;
        match *self {
            Rule::Step { step_size, .. } if step_size > 0 && epoch >= 0 => (epoch / step_size + 1) * step_size - 1,
            Rule::MultiStep { ref milestones, .. } => {
                let next = milestones.partition_point(|&(milestone, _)| milestone <= epoch);
                milestones.get(next).map_or(i64::MAX, |&(milestone, _)| milestone - 1)
            }
            Rule::Constant { total_iters, .. } if epoch >= 0 => {
                if epoch < total_iters {
                    total_iters - 1
                } else {
                    i64::MAX
                }
            }
            Rule::Linear { total_iters, .. } | Rule::Polynomial { total_iters, .. }
                if epoch >= 0 && epoch >= total_iters =>
            {
                i64::MAX
            }
            _ => epoch,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lrs<T: Rate>(rule: &Rule, base: T, n: usize) -> Vec<f64> {
        let group = Group { base, own: [0.3, 0.1, 0.01], momenta: [0.8, 0.9] };
        let mut clock =
            Clock { period: if let Rule::Restarts { t_0, .. } = rule { *t_0 } else { 1 }, ..Clock::at(0, 1) };
        let mut lr = rule.first_change(&clock).unwrap().advance(base, &group);
        let mut found = vec![lr.value()];
        for _ in 1..n {
            rule.tick(&mut clock).unwrap();
            lr = rule.change(&clock).unwrap().advance(lr, &group);
            found.push(lr.value());
        }
        found
    }

    // Printed by torch 2.13.
    #[test]
    fn the_pages_values() {
        let exponential = lrs(&Rule::Exponential { gamma: 0.9 }, 0.1, 6);
        let printed = [
            0.1,
            0.09000000000000001,
            0.08100000000000002,
            0.07290000000000002,
            0.06561000000000002,
            0.05904900000000002,
        ];
        assert_eq!(exponential, printed);
        let cosine = lrs(&Rule::Cosine { t_max: 1, eta_min: 0.002 }, 0.1, 5);
        assert_eq!(cosine, [0.1, 0.002, 0.1, 0.002, 0.1]);
    }

    #[test]
    fn a_float32_tensor_rounds_each_operation() {
        let found = lrs(&Rule::Exponential { gamma: 0.9 }, 0.1f32, 3);
        let one = 0.1f32 * 0.9f32;
        assert_eq!(found, [f64::from(0.1f32), f64::from(one), f64::from(one * 0.9f32)]);
    }

    #[test]
    fn what_stands_still_is_known_to() {
        let rules = [
            Rule::Step { step_size: 3, gamma: 0.5 },
            Rule::MultiStep { milestones: vec![(2, 1), (5, 2)].into(), gamma: 0.5 },
            Rule::Constant { factor: 0.5, total_iters: 4 },
            Rule::Linear { start_factor: 0.5, end_factor: 1.0, total_iters: 4 },
            Rule::Polynomial { total_iters: 4, power: 2.0 },
            Rule::Exponential { gamma: 0.5 },
        ];
        for rule in rules {
            let mut clock = Clock::at(0, 1);
            for _ in 0..12 {
                let until = rule.constant_until(&clock);
                rule.tick(&mut clock).unwrap();
                let is_still = rule.change(&clock) == Some(Change::Keep);
                assert!(is_still || until < clock.epoch, "{rule:?} at {}", clock.epoch);
                assert!(!is_still || until >= clock.epoch, "{rule:?} at {}", clock.epoch);
            }
        }
    }

    #[test]
    fn where_python_raises_there_is_no_change() {
        let clock = Clock::at(3, 4);
        assert_eq!(Rule::Step { step_size: 0, gamma: 0.5 }.change(&clock), None);
        assert_eq!(Rule::Cosine { t_max: 0, eta_min: 0.0 }.change(&clock), None);
        assert_eq!(Rule::MultiStep { milestones: vec![(3, 2000)].into(), gamma: 2.0 }.change(&clock), None);
        assert_eq!(power(0.0, -1.0), None);
        assert_eq!(power(-8.0, 1.0 / 3.0), None);
        assert_eq!(power(10.0, 400.0), None);
        assert_eq!(power(10.0, -400.0), Some(0.0));
    }
}
