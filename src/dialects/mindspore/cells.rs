//! MindSpore's schedule classes (`mindspore.nn.learning_rate_schedule`), as MindSpore 2.10 computes them on the CPU: in
//! float32, operation by operation, in the order in which its source has them.
//!
//! Numbers in Python are rounded to float32 where they meet a tensor; what Python works out of them before, it does in
//! float64. `sin` and `pow` are rounded from float64: MindSpore's are within an ulp of that.

use std::f64::consts::{E, PI};

use super::lists::check_falls;
use crate::curve::{Exponential, InverseTime};
use crate::declare::{ParamType, Value};
use crate::dialects::exact;
use crate::error::Error;
use crate::limits::{LENGTH, NOT_NEGATIVE, POSITIVE};
use crate::real::Base;
use crate::replay::StepFormula;
use crate::replay::libm;
use crate::spec::Spec;

replays! {
    /// `learning_rate * decay_rate ** (k / decay_steps)` in float32; with `is_stair`, to the floor of that.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: the factor that `decay_steps` steps apply, above 0.
    ///     decay_steps: how many steps apply the whole factor.
    ///     is_stair: whether to apply it all at once.
    ///
    /// Source: `mindspore.nn.ExponentialDecayLR`, MindSpore 2.10.
    ///
    /// >>> s = gp.replay("mindspore.ExponentialDecayLR", learning_rate=0.1, decay_rate=0.9, decay_steps=4)
    /// >>> float(s.array(3, dtype="float32")[2]), s[2]
    /// (0.09486832469701767, 0.09486832469701767)
    ExponentialDecay as "mindspore.ExponentialDecayLR" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        decay_steps: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate * e ** (-decay_rate * k)` in float32; with `is_stair`, k is `k // decay_steps * decay_steps`.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: how fast it falls, a step; above 0.
    ///     decay_steps: how many steps a stair has; of no effect without `is_stair`.
    ///     is_stair: whether there are stairs.
    ///
    /// Source: `mindspore.nn.NaturalExpDecayLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.NaturalExpDecayLR", learning_rate=0.1, decay_rate=0.5, decay_steps=2)[2]
    /// 0.03678794577717781
    NaturalExpDecay as "mindspore.NaturalExpDecayLR" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        decay_steps: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate / (1 + decay_rate * k / decay_steps)` in float32; with `is_stair`, of the floor of the quotient.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: how fast it falls, in `decay_steps` steps; above 0.
    ///     decay_steps: how many steps apply the whole rate.
    ///     is_stair: whether to apply it all at once.
    ///
    /// Source: `mindspore.nn.InverseDecayLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.InverseDecayLR", learning_rate=0.1, decay_rate=0.9, decay_steps=4)[2]
    /// 0.06896551698446274
    InverseDecay as "mindspore.InverseDecayLR" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        decay_rate: f64 = ParamType::Real(POSITIVE);
        decay_steps: u64 = ParamType::Count(LENGTH);
        is_stair: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `min_lr + 0.5 * (max_lr - min_lr) * (1 + sin(pi * (k / decay_steps + 0.5)))` in float32, k at most `decay_steps`.
    ///
    /// Args:
    ///     min_lr: the value from step `decay_steps` on, 0 or above.
    ///     max_lr: the value at step 0, above `min_lr`.
    ///     decay_steps: how many steps it takes.
    ///
    /// Source: `mindspore.nn.CosineDecayLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.CosineDecayLR", min_lr=0.01, max_lr=0.1, decay_steps=4)[2]
    /// 0.054999999701976776
    CosineDecay as "mindspore.CosineDecayLR" {
        min_lr: f64 = ParamType::Double(NOT_NEGATIVE);
        max_lr: f64 = ParamType::Real(POSITIVE);
        decay_steps: u64 = ParamType::Count(LENGTH);
    }

    /// `(learning_rate - end_learning_rate) * (1 - k / d) ** power + end_learning_rate` in float32.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     end_learning_rate: the value after `decay_steps` steps, 0 or above.
    ///     decay_steps: d, how many steps it takes; k is at most that.
    ///     power: the exponent, above 0.
    ///     update_decay_steps: whether, past `decay_steps`, d is the next multiple of it instead.
    ///
    /// Source: `mindspore.nn.PolynomialDecayLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.PolynomialDecayLR", learning_rate=0.1, end_learning_rate=0.01, decay_steps=4,
    /// ...           power=0.5)[2]
    /// 0.07363960891962051
    PolynomialDecay as "mindspore.PolynomialDecayLR" {
        learning_rate: f64 = ParamType::Real(POSITIVE);
        end_learning_rate: f64 = ParamType::Double(NOT_NEGATIVE);
        decay_steps: u64 = ParamType::Count(LENGTH);
        power: f64 = ParamType::Real(POSITIVE);
        update_decay_steps: bool = ParamType::Flag, or Value::Flag(false);
    }

    /// `learning_rate * (k / warmup_steps)` in float32, k at most `warmup_steps`.
    ///
    /// Args:
    ///     learning_rate: the value from step `warmup_steps` on, 0 or above.
    ///     warmup_steps: how many steps it takes.
    ///
    /// Source: `mindspore.nn.WarmUpLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.WarmUpLR", learning_rate=0.1, warmup_steps=4)[2]
    /// 0.05000000074505806
    WarmUp as "mindspore.WarmUpLR" {
        learning_rate: f64 = ParamType::Double(NOT_NEGATIVE);
        warmup_steps: u64 = ParamType::Count(LENGTH);
    }
}

fn pow(x: f32, y: f32) -> f32 {
    libm::pow(f64::from(x), f64::from(y)) as f32
}

fn sin(x: f32) -> f32 {
    libm::sin(f64::from(x)) as f32
}

/// `k / decay_steps`, or the floor of it.
fn periods(k: u64, decay_steps: u64, is_stair: bool) -> f32 {
    let p = k as f32 / decay_steps as f32;
    if is_stair { p.floor() } else { p }
}

impl StepFormula for ExponentialDecay {
    fn exact(&self) -> Result<Spec, Error> {
        let &ExponentialDecay { learning_rate: start, decay_rate, decay_steps, is_stair: stair } = self;
        Spec::of_leaf(Exponential { start, rate: Base::new(decay_rate), per: decay_steps as f64, stair })
    }
    fn value(&self, k: u64) -> f64 {
        let p = periods(k, self.decay_steps, self.is_stair);
        f64::from(self.learning_rate as f32 * pow(self.decay_rate as f32, p))
    }
}

impl StepFormula for NaturalExpDecay {
    fn exact(&self) -> Result<Spec, Error> {
        let stair = self.is_stair.then_some(self.decay_steps);
        exact::natural_exponential(self.learning_rate, self.decay_rate, stair)
    }
    fn value(&self, k: u64) -> f64 {
        let (p, steps) = (k as f32, self.decay_steps as f32);
        let p = if self.is_stair { (p / steps).floor() * steps } else { p };
        f64::from(self.learning_rate as f32 * pow(E as f32, -self.decay_rate as f32 * p))
    }
}

impl StepFormula for InverseDecay {
    fn exact(&self) -> Result<Spec, Error> {
        let &InverseDecay { learning_rate: start, decay_rate: rate, decay_steps, is_stair: stair } = self;
        Spec::of_leaf(InverseTime { start, rate, per: decay_steps as f64, stair })
    }
    fn value(&self, k: u64) -> f64 {
        let p = periods(k, self.decay_steps, self.is_stair);
        f64::from(self.learning_rate as f32 / (1.0 + self.decay_rate as f32 * p))
    }
}

impl StepFormula for CosineDecay {
    fn exact(&self) -> Result<Spec, Error> {
        exact::cosine(self.max_lr, self.min_lr, self.decay_steps)
    }
    fn check(&self) -> Result<(), Error> {
        check_falls(self.min_lr, self.max_lr)
    }
    fn steps(&self) -> Option<u64> {
        Some(self.decay_steps)
    }
    fn value(&self, k: u64) -> f64 {
        let delta = (0.5 * (self.max_lr - self.min_lr)) as f32;
        let angle = PI as f32 * (k as f32 / self.decay_steps as f32 + 0.5);
        f64::from(self.min_lr as f32 + delta * (1.0 + sin(angle)))
    }
}

impl StepFormula for PolynomialDecay {
    fn exact(&self) -> Result<Spec, Error> {
        let form = if self.update_decay_steps { exact::polynomial_cycle } else { exact::polynomial };
        form(self.learning_rate, self.end_learning_rate, self.decay_steps, self.power)
    }
    fn steps(&self) -> Option<u64> {
        (!self.update_decay_steps).then_some(self.decay_steps)
    }
    fn value(&self, k: u64) -> f64 {
        let (at, steps) = (k as f32, self.decay_steps as f32);
        let p = if self.update_decay_steps { at / (steps * (at / steps).ceil().max(1.0)) } else { at / steps };
        let difference = (self.learning_rate - self.end_learning_rate) as f32;
        f64::from(difference * pow(1.0 - p, self.power as f32) + self.end_learning_rate as f32)
    }
}

impl StepFormula for WarmUp {
    fn exact(&self) -> Result<Spec, Error> {
        exact::line(0.0, self.learning_rate, self.warmup_steps)
    }
    fn steps(&self) -> Option<u64> {
        Some(self.warmup_steps)
    }
    fn value(&self, k: u64) -> f64 {
        f64::from(self.learning_rate as f32 * (k as f32 / self.warmup_steps as f32))
    }
}
