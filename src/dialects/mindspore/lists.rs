//! MindSpore's list functions (`mindspore.nn.dynamic_lr`), as MindSpore 2.10 computes them with Python's floats.
//!
//! Each value is a formula of the epoch, `k // step_per_epoch`. Past the last step of its list a replay holds the last value.

use std::f64::consts::{E, PI};
use std::sync::Arc;

use crate::curve::{Exponential, InverseTime};
use crate::declare::{ParamType, Value};
use crate::dialects::exact;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH, MAX_STEP, NOT_NEGATIVE, POSITIVE, show};
use crate::real::Base;
use crate::replay::libm::{cos, pow};
use crate::replay::{StepFormula, StepRule};
use crate::spec::Spec;

replays! {
    /// `values[i]`, where i is the number of milestones at or before step k.
    ///
    /// Args:
    ///     milestone: where each value ends: whole numbers from 1 on, none below the one before. The last is how many
    ///         steps there are.
    ///     learning_rates: the values, as many.
    ///
    /// Source: `mindspore.nn.piecewise_constant_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.piecewise_constant_lr", milestone=[2, 5], learning_rates=[0.1, 0.05]).array(5).tolist()
    /// [0.1, 0.1, 0.05, 0.05, 0.05]
    PiecewiseConstantLr as "mindspore.piecewise_constant_lr" {
        milestone: Arc<Vec<i64>> = ParamType::Ints;
        learning_rates: Arc<Vec<f64>> = ParamType::Doubles(FINITE);
    }

    /// `learning_rate * decay_rate ** (e / decay_epoch)`, e being `k // step_per_epoch`; floored, with `is_stair`.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: the factor that `decay_epoch` epochs apply, above 0.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: how many epochs apply the whole factor.
    ///     is_stair: whether to apply it all at once, at every multiple of `decay_epoch`: `e // decay_epoch`.
    ///
    /// Raises `OverflowError` where the power would, as Python's `**` does.
    ///
    /// Source: `mindspore.nn.exponential_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.exponential_decay_lr", learning_rate=0.1, decay_rate=0.9, total_step=6,
    /// ...           step_per_epoch=2, decay_epoch=1).array(6).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
    ExponentialDecayLr as "mindspore.exponential_decay_lr" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        decay_epoch: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate * math.e ** (-decay_rate * e)`, e being `k // step_per_epoch`; the last stair's, with `is_stair`.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: how fast it falls, an epoch; above 0.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: how many epochs a stair has; of no effect without `is_stair`.
    ///     is_stair: whether e is `e // decay_epoch * decay_epoch`.
    ///
    /// Source: `mindspore.nn.natural_exp_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.natural_exp_decay_lr", learning_rate=0.1, decay_rate=0.9, total_step=6,
    /// ...           step_per_epoch=2, decay_epoch=2, is_stair=True).array(6).tolist()
    /// [0.1, 0.1, 0.1, 0.1, 0.016529888822158657, 0.016529888822158657]
    NaturalExpDecayLr as "mindspore.natural_exp_decay_lr" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        decay_epoch: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate / (1 + decay_rate * e / decay_epoch)`, e being `k // step_per_epoch`; floored, with `is_stair`.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: how fast it falls, in `decay_epoch` epochs; above 0.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: how many epochs apply the whole rate.
    ///     is_stair: whether to apply it all at once: `decay_rate * (e // decay_epoch)`.
    ///
    /// Source: `mindspore.nn.inverse_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.inverse_decay_lr", learning_rate=0.1, decay_rate=0.5, total_step=3, step_per_epoch=1,
    /// ...           decay_epoch=1).array(3).tolist()
    /// [0.1, 0.06666666666666667, 0.05]
    InverseDecayLr as "mindspore.inverse_decay_lr" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        decay_epoch: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `min_lr + 0.5 * (max_lr - min_lr) * (1 + cos(pi * e / decay_epoch))`, e being `k // step_per_epoch`, then `min_lr`.
    ///
    /// Args:
    ///     min_lr: the value after `decay_epoch` epochs, from 0 on.
    ///     max_lr: the value at step 0, above `min_lr`.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: how many epochs it takes; e is at most that.
    ///
    /// Source: `mindspore.nn.cosine_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.cosine_decay_lr", min_lr=0.01, max_lr=0.1, total_step=6, step_per_epoch=2,
    /// ...           decay_epoch=2).array(6).tolist()
    /// [0.1, 0.1, 0.05500000000000001, 0.05500000000000001, 0.01, 0.01]
    CosineDecayLr as "mindspore.cosine_decay_lr" {
        min_lr: f64 = ParamType::Double(NOT_NEGATIVE);
        max_lr: f64 = ParamType::Real(POSITIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        decay_epoch: u64 = ParamType::Count(LENGTH);
    }

    /// `(learning_rate - end_learning_rate) * (1 - e / d) ** power + end_learning_rate`, e being `k // step_per_epoch`.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     end_learning_rate: the value after `decay_epoch` epochs, from 0 on.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: d, how many epochs it takes; e is at most that.
    ///     power: the exponent, above 0.
    ///     update_decay_epoch: whether, past `decay_epoch`, d is the next multiple of it instead.
    ///
    /// Source: `mindspore.nn.polynomial_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.polynomial_decay_lr", learning_rate=0.1, end_learning_rate=0.01, total_step=6,
    /// ...           step_per_epoch=2, decay_epoch=2, power=0.5).array(6).tolist()
    /// [0.1, 0.1, 0.07363961030678928, 0.07363961030678928, 0.01, 0.01]
    PolynomialDecayLr as "mindspore.polynomial_decay_lr" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        end_learning_rate: f64 = ParamType::Double(NOT_NEGATIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        decay_epoch: u64 = ParamType::Count(LENGTH);
        power: f64 = ParamType::Real(POSITIVE);
        update_decay_epoch: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate * e / warmup_epoch`, e being `k // step_per_epoch`, at most `warmup_epoch`.
    ///
    /// Args:
    ///     learning_rate: the value after `warmup_epoch` epochs, from 0 on.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     warmup_epoch: how many epochs it takes.
    ///
    /// Source: `mindspore.nn.warmup_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.warmup_lr", learning_rate=0.1, total_step=6, step_per_epoch=2,
    /// ...           warmup_epoch=2).array(6).tolist()
    /// [0.0, 0.0, 0.05, 0.05, 0.1, 0.1]
    WarmupLr as "mindspore.warmup_lr" {
        learning_rate: f64 = ParamType::Double(NOT_NEGATIVE);
        total_step: u64 = ParamType::Count(LENGTH);
        step_per_epoch: u64 = ParamType::Count(LENGTH);
        warmup_epoch: u64 = ParamType::Count(LENGTH);
    }
}

/// A list of one value an epoch.
trait Epochs {
    /// The value in an epoch.
    fn in_epoch(&self, epoch: u64) -> f64;
    /// The closed form, counted in epochs.
    fn exact(&self) -> Result<Spec, Error>;
    /// What must hold between the parameters.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! epochs {
    ($($List:ident)*) => {$(
        impl StepFormula for $List {
            fn check(&self) -> Result<(), Error> {
                Epochs::check(self)
            }
            fn steps(&self) -> Option<u64> {
                Some(self.total_step)
            }
            fn last(&self) -> Option<u64> {
                Some(self.total_step - 1)
            }
            fn value(&self, k: u64) -> f64 {
                self.in_epoch(k / self.step_per_epoch)
            }
            fn exact(&self) -> Result<Spec, Error> {
                exact::by_epoch(&Epochs::exact(self)?, self.step_per_epoch)
            }
            fn constant_until(&self, k: u64) -> u64 {
                (k / self.step_per_epoch + 1).saturating_mul(self.step_per_epoch)
            }
        }
    )*};
}

epochs!(ExponentialDecayLr NaturalExpDecayLr InverseDecayLr CosineDecayLr PolynomialDecayLr WarmupLr);

impl Epochs for ExponentialDecayLr {
    fn exact(&self) -> Result<Spec, Error> {
        let &ExponentialDecayLr { learning_rate: start, decay_rate, decay_epoch, is_stair: stair, .. } = self;
        Spec::of_leaf(Exponential { start, rate: Base::new(decay_rate), per: decay_epoch as f64, stair })
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        self.learning_rate * self.power(epoch)
    }
    fn check(&self) -> Result<(), Error> {
        // The power rises or falls with the epoch: where it overflows its last does, and its first, which is 1, does not.
        let mut past = (self.total_step - 1) / self.step_per_epoch;
        if self.power(past).is_finite() {
            return Ok(());
        }
        let mut before = 0;
        while past - before > 1 {
            let between = before + (past - before) / 2;
            *if self.power(between).is_finite() { &mut before } else { &mut past } = between;
        }
        let step = past * self.step_per_epoch;
        let got = format!("{} with a power past the largest double at step {step}", show(self.decay_rate));
        Err(Error::overflow("decay_rate", got, "`decay_rate ** x` must be a double for every step")
            .or("Take fewer steps, or a smaller rate."))
    }
}

impl ExponentialDecayLr {
    fn power(&self, epoch: u64) -> f64 {
        let periods = epoch as f64 / self.decay_epoch as f64;
        pow(self.decay_rate, if self.is_stair { periods.floor() } else { periods })
    }
}

impl Epochs for NaturalExpDecayLr {
    fn exact(&self) -> Result<Spec, Error> {
        let stair = self.is_stair.then_some(self.decay_epoch);
        exact::natural_exponential(self.learning_rate, self.decay_rate, stair)
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        let stair = if self.is_stair { epoch / self.decay_epoch * self.decay_epoch } else { epoch };
        self.learning_rate * pow(E, -self.decay_rate * stair as f64)
    }
}

impl Epochs for InverseDecayLr {
    fn exact(&self) -> Result<Spec, Error> {
        let &InverseDecayLr { learning_rate: start, decay_rate: rate, decay_epoch, is_stair: stair, .. } = self;
        Spec::of_leaf(InverseTime { start, rate, per: decay_epoch as f64, stair })
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        let decay = if self.is_stair {
            self.decay_rate * (epoch / self.decay_epoch) as f64
        } else {
            self.decay_rate * epoch as f64 / self.decay_epoch as f64
        };
        self.learning_rate / (1.0 + decay)
    }
}

/// A cosine of MindSpore's falls.
pub(super) fn check_falls(min_lr: f64, max_lr: f64) -> Result<(), Error> {
    if min_lr < max_lr {
        return Ok(());
    }
    let got = format!("{} with max_lr {}", show(min_lr), show(max_lr));
    Err(Error::value("min_lr", got, "it must be below `max_lr`").or("Swap them."))
}

impl Epochs for CosineDecayLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::cosine(self.max_lr, self.min_lr, self.decay_epoch)
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        let delta = 0.5 * (self.max_lr - self.min_lr);
        let angle = PI * epoch.min(self.decay_epoch) as f64 / self.decay_epoch as f64;
        self.min_lr + delta * (1.0 + cos(angle))
    }
    fn check(&self) -> Result<(), Error> {
        check_falls(self.min_lr, self.max_lr)
    }
}

impl Epochs for PolynomialDecayLr {
    fn exact(&self) -> Result<Spec, Error> {
        let form = if self.update_decay_epoch { exact::polynomial_cycle } else { exact::polynomial };
        form(self.learning_rate, self.end_learning_rate, self.decay_epoch, self.power)
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        let delta = self.learning_rate - self.end_learning_rate;
        let (at, of) = if self.update_decay_epoch {
            (epoch, self.decay_epoch.saturating_mul(epoch.div_ceil(self.decay_epoch).max(1)))
        } else {
            (epoch.min(self.decay_epoch), self.decay_epoch)
        };
        delta * pow(1.0 - at as f64 / of as f64, self.power) + self.end_learning_rate
    }
}

impl Epochs for WarmupLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::line(0.0, self.learning_rate, self.warmup_epoch)
    }
    fn in_epoch(&self, epoch: u64) -> f64 {
        self.learning_rate * epoch.min(self.warmup_epoch) as f64 / self.warmup_epoch as f64
    }
}

impl StepRule for PiecewiseConstantLr {
    fn exact(&self) -> Result<Spec, Error> {
        // A value whose milestone is that of the value before has no steps. The last milestone is the end.
        let (mut values, mut milestones) = (Vec::new(), Vec::new());
        for (&value, &end) in self.learning_rates.iter().zip(self.milestone.iter()) {
            if milestones.last() != Some(&(end as u64)) {
                values.push(value);
                milestones.push(end as u64);
            }
        }
        milestones.pop();
        exact::piecewise(values, milestones)
    }
    /// Which piece it is.
    type State = usize;

    fn check(&self) -> Result<(), Error> {
        let (ends, values) = (self.milestone.len(), self.learning_rates.len());
        if ends != values {
            let got = format!("{ends} for {values} learning rates");
            return Err(Error::value("milestone", got, "there must be as many as there are learning rates")
                .or("A milestone is where its learning rate ends."));
        }
        if ends == 0 {
            return Err(Error::value("milestone", "[]", "there must be one at least").or("No steps are no schedule."));
        }
        let mut before = 1;
        for (i, &end) in self.milestone.iter().enumerate() {
            if end < before || end > MAX_STEP as i64 {
                let rule = format!("it must be a whole number from {before} to 2**53, none below the one before");
                return Err(Error::value(format!("milestone[{i}]"), end, rule).or("Sort them."));
            }
            before = end;
        }
        Ok(())
    }
    fn steps(&self) -> Option<u64> {
        self.milestone.last().map(|&end| end as u64)
    }
    fn last(&self) -> Option<u64> {
        self.steps().map(|n| n - 1)
    }
    fn start(&self) -> Result<usize, Error> {
        Ok(0)
    }
    fn lr(&self, piece: &usize, _k: u64) -> f64 {
        self.learning_rates[*piece]
    }
    fn advance(&self, piece: &mut usize, k: u64) {
        while self.milestone[*piece] as u64 <= k {
            *piece += 1;
        }
    }
    fn constant_until(&self, piece: &usize, _k: u64) -> u64 {
        self.milestone[*piece] as u64
    }
    fn state_at(&self, k: u64) -> Option<usize> {
        Some(self.milestone.partition_point(|&end| end as u64 <= k))
    }
}
