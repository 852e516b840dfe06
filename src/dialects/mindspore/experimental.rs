//! MindSpore's experimental schedulers (`mindspore.experimental.optim.lr_scheduler`), as MindSpore 2.10 computes them on the
//! CPU: in float32, operation by operation.
//!
//! Numbers in Python are rounded to float32 where they meet a tensor; `cos` and `pow` are rounded from float64. The
//! epoch is an integer: it does not stand still at 2^24, as MindSpore's float32 does.

use std::f64::consts::PI;
use std::sync::Arc;

use crate::curve::NEVER;
use crate::error::Error;
use crate::limits::{DIVISOR, FINITE, LENGTH, MULT, NOT_NEGATIVE, POSITIVE, STEP, show};
use crate::replay::libm;
use crate::replay::{StepFormula, StepRule};
use crate::shape::{ParamType, Value};

replays! {
    /// `base_lr` at epoch 0; at every multiple of `step_size` after, the value before times `gamma`, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.StepLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.StepLR", base_lr=0.05, step_size=2, gamma=0.5).array(5, dtype="float32")
    /// array([0.05  , 0.05  , 0.025 , 0.025 , 0.0125], dtype=float32)
    StepLr as "mindspore.experimental.StepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        step_size: u64 = ParamType::Count(LENGTH);
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }

    /// `base_lr * start_factor` at epoch 0, then every `total_iters` steps' share of the way to `end_factor`, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.LinearLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.LinearLR", base_lr=0.05, start_factor=0.5, total_iters=4).array(
    /// ...     5, dtype="float32")
    /// array([0.025  , 0.03125, 0.0375 , 0.04375, 0.05   ], dtype=float32)
    LinearLr as "mindspore.experimental.LinearLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        start_factor: f64 = ParamType::Double(FINITE), or Value::Real(1.0 / 3.0);
        end_factor: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
        total_iters: u64 = ParamType::Count(STEP), or Value::Count(5);
    }

    /// `base_lr` at epoch 0, then the value before times `gamma`, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.ExponentialLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.ExponentialLR", base_lr=0.01, gamma=0.5).array(4, dtype="float32")
    /// array([0.01   , 0.005  , 0.0025 , 0.00125], dtype=float32)
    ExponentialLr as "mindspore.experimental.ExponentialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        gamma: f64 = ParamType::Double(FINITE);
    }

    /// `base_lr * (1 - k / total_iters) ** power` as a product of ratios, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.PolynomialLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.PolynomialLR", base_lr=0.01, total_iters=4).array(5, dtype="float32")
    /// array([0.01  , 0.0075, 0.005 , 0.0025, 0.    ], dtype=float32)
    PolynomialLr as "mindspore.experimental.PolynomialLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        total_iters: u64 = ParamType::Count(STEP), or Value::Count(5);
        power: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }

    /// `base_lr` at epoch 0; at every milestone, the value before times `gamma`, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.MultiStepLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.MultiStepLR", base_lr=0.05, milestones=[2, 4]).array(5, dtype="float32")
    /// array([0.05  , 0.05  , 0.005 , 0.005 , 0.0005], dtype=float32)
    MultiStepLr as "mindspore.experimental.MultiStepLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        milestones: Arc<Vec<i64>> = ParamType::Ints;
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(0.1);
    }

    /// `base_lr * factor` before epoch `total_iters`, then that divided by `factor`, in float32.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.ConstantLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.ConstantLR", base_lr=0.05, factor=0.5, total_iters=2).array(
    /// ...     4, dtype="float32")
    /// array([0.025, 0.025, 0.05 , 0.05 ], dtype=float32)
    ConstantLr as "mindspore.experimental.ConstantLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        factor: f64 = ParamType::Double(FINITE), or Value::Real(1.0 / 3.0);
        total_iters: u64 = ParamType::Count(STEP), or Value::Count(5);
    }

    /// Half a cosine from `base_lr` to `eta_min` in `T_max` epochs, back again, and so on, as a recurrence in float32.
    ///
    /// DIFFERENCE: from a `T_max` of some 13,000 on MindSpore divides 0 by 0 near the valley, and stays NaN; here the
    /// closed formula stands in where it would.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.CosineAnnealingLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.CosineAnnealingLR", base_lr=0.1, T_max=2).array(3, dtype="float32")
    /// array([0.1 , 0.05, 0.  ], dtype=float32)
    CosineAnnealingLr as "mindspore.experimental.CosineAnnealingLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_max: u64 = ParamType::Count(LENGTH);
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }

    /// `eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2` in float32; each cycle `T_mult` times as long.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.CosineAnnealingWarmRestarts`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.CosineAnnealingWarmRestarts", base_lr=0.1, T_0=2, T_mult=2).array(
    /// ...     4, dtype="float32")
    /// array([0.1       , 0.05      , 0.1       , 0.08535534], dtype=float32)
    WarmRestarts as "mindspore.experimental.CosineAnnealingWarmRestarts" {
        base_lr: f64 = ParamType::Double(FINITE);
        T_0: u64 = ParamType::Count(LENGTH);
        T_mult: u64 = ParamType::Count(MULT), or Value::Count(1);
        eta_min: f64 = ParamType::Double(FINITE), or Value::Real(0.0);
    }

    /// A triangular wave from `base_lr` to `max_lr` and back, its height scaled by `mode`, in float32.
    ///
    /// Args:
    ///     step_size_up: how many epochs each way up has.
    ///     step_size_down: how many each way down has; as many as up, if left out.
    ///     mode: "triangular"; "triangular2", halved every cycle; "exp_range", times `gamma ** k`.
    ///     scale: a factor of the height, for a scale that a caller works out.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.CyclicLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.CyclicLR", base_lr=0.0, max_lr=1.0, step_size_up=2.0).array(
    /// ...     5, dtype="float32")
    /// array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    CyclicLr as "mindspore.experimental.CyclicLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        max_lr: f64 = ParamType::Double(FINITE);
        step_size_up: f64 = ParamType::Real(POSITIVE), or Value::Real(2000.0);
        step_size_down: Option<f64> = ParamType::Real(NOT_NEGATIVE), or Value::Absent;
        mode: Arc<str> = ParamType::Text(&["triangular", "triangular2", "exp_range"]), or Value::Text("triangular".into());
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
        scale: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }

    /// One cycle: from `max_lr / div_factor` up to `max_lr` and down to a `final_div_factor`-th of where it started.
    ///
    /// Args:
    ///     max_lr: the peak.
    ///     total_steps: how many steps it lasts.
    ///     pct_start: which part of them goes up.
    ///     anneal_strategy: "cos" or "linear".
    ///     three_phase: whether it comes down symmetrically first, and then to the end.
    ///
    /// Worked out in float64, as PyTorch does, and rounded to float32; as PyTorch's it has a value at `total_steps` too,
    /// beyond the last, where the last phase goes on.
    ///
    /// Source: Smith and Topin (arXiv:1708.07120), with the steps of `torch.optim.lr_scheduler.OneCycleLR`; MindSpore 2.10 has
    /// none.
    ///
    /// >>> gp.replay("mindspore.experimental.OneCycleLR", max_lr=1.0, total_steps=6, pct_start=0.5).array(
    /// ...     6, dtype="float32")[[0, 2, 5]]
    /// array([4.e-02, 1.e+00, 4.e-06], dtype=float32)
    OneCycleLr as "mindspore.experimental.OneCycleLR" {
        max_lr: f64 = ParamType::Double(FINITE);
        total_steps: u64 = ParamType::Count(LENGTH);
        pct_start: f64 = ParamType::Double(FINITE), or Value::Real(0.3);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
        div_factor: f64 = ParamType::Real(DIVISOR), or Value::Real(25.0);
        final_div_factor: f64 = ParamType::Real(DIVISOR), or Value::Real(1e4);
        three_phase: bool = ParamType::Flag, or Value::Flag(false);
    }
}

fn pow(x: f32, y: f32) -> f32 {
    libm::pow(f64::from(x), f64::from(y)) as f32
}

fn cos(x: f32) -> f32 {
    libm::cos(f64::from(x)) as f32
}

/// A rule of one float32: what `step()` makes of the learning rate that it finds.
trait Rule {
    /// The learning rate at an epoch, given that of the one before (at epoch 0, the base learning rate).
    fn next(&self, lr: f32, epoch: u64) -> f32;
    /// The learning rate at an epoch, where there is a closed formula.
    fn closed(&self, epoch: u64) -> f32;
    /// The next epoch at which `next` is not the same.
    fn constant_until(&self, epoch: u64) -> u64 {
        epoch + 1
    }
}

macro_rules! rules {
    ($($Scheduler:ident)*) => {$(
        impl StepRule for $Scheduler {
            type State = f32;

            fn start(&self) -> Result<f32, Error> {
                Ok(self.next(self.base_lr as f32, 0))
            }
            fn lr(&self, lr: &f32, _k: u64) -> f64 {
                f64::from(*lr)
            }
            fn advance(&self, lr: &mut f32, k: u64) {
                *lr = self.next(*lr, k);
            }
            fn constant_until(&self, _lr: &f32, k: u64) -> u64 {
                Rule::constant_until(self, k)
            }
            fn of_lr(&self, lr: f64) -> Option<f32> {
                Some(lr as f32)
            }
            fn closed(&self, k: u64) -> Option<f64> {
                Some(f64::from(Rule::closed(self, k)))
            }
        }
    )*};
}

rules!(StepLr LinearLr ExponentialLr PolynomialLr MultiStepLr ConstantLr CosineAnnealingLr);

impl Rule for StepLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 || !epoch.is_multiple_of(self.step_size) { lr } else { lr * self.gamma as f32 }
    }
    fn closed(&self, epoch: u64) -> f32 {
        self.base_lr as f32 * pow(self.gamma as f32, (epoch / self.step_size) as f32)
    }
    fn constant_until(&self, epoch: u64) -> u64 {
        (epoch / self.step_size + 1).saturating_mul(self.step_size)
    }
}

impl Rule for LinearLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 {
            return lr * self.start_factor as f32;
        }
        if epoch > self.total_iters {
            return lr;
        }
        let (change, first) = (self.end_factor - self.start_factor, self.total_iters as f64 * self.start_factor);
        // A number over a Tensor: MindSpore multiplies by the Tensor's reciprocal.
        lr * (1.0 + change as f32 * (1.0 / (first as f32 + (epoch - 1) as f32 * change as f32)))
    }
    fn closed(&self, epoch: u64) -> f32 {
        let (change, total) = (self.end_factor - self.start_factor, self.total_iters);
        let factor = if epoch < total {
            self.start_factor as f32 + change as f32 * epoch as f32 / total as f32
        } else {
            (self.start_factor + change * total as f64 / total as f64) as f32
        };
        self.base_lr as f32 * factor
    }
    fn constant_until(&self, epoch: u64) -> u64 {
        if epoch > self.total_iters { NEVER } else { epoch + 1 }
    }
}

impl Rule for ExponentialLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 { lr } else { lr * self.gamma as f32 }
    }
    fn closed(&self, epoch: u64) -> f32 {
        self.base_lr as f32 * pow(self.gamma as f32, epoch as f32)
    }
}

impl PolynomialLr {
    fn rest(&self, epoch: u64) -> f32 {
        1.0 - epoch as f32 / self.total_iters as f32
    }
}

impl Rule for PolynomialLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 || epoch > self.total_iters {
            return lr;
        }
        lr * pow(self.rest(epoch) / self.rest(epoch - 1), self.power as f32)
    }
    fn closed(&self, epoch: u64) -> f32 {
        self.base_lr as f32 * pow(self.rest(epoch.min(self.total_iters)), self.power as f32)
    }
    fn constant_until(&self, epoch: u64) -> u64 {
        if epoch > self.total_iters { NEVER } else { epoch + 1 }
    }
}

impl MultiStepLr {
    fn fall(&self, times: usize) -> f32 {
        libm::pow(self.gamma, times as f64) as f32
    }
}

impl Rule for MultiStepLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        match self.milestones.iter().filter(|&&milestone| u64::try_from(milestone) == Ok(epoch)).count() {
            0 => lr,
            times => lr * self.fall(times),
        }
    }
    fn closed(&self, epoch: u64) -> f32 {
        let passed = self.milestones.iter().filter(|&&milestone| i128::from(milestone) <= i128::from(epoch)).count();
        self.base_lr as f32 * self.fall(passed)
    }
    fn constant_until(&self, epoch: u64) -> u64 {
        let later =
            self.milestones.iter().filter_map(|&milestone| u64::try_from(milestone).ok().filter(|&m| m > epoch));
        later.min().unwrap_or(NEVER)
    }
}

impl Rule for ConstantLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 {
            lr * self.factor as f32
        } else if epoch == self.total_iters {
            lr / self.factor as f32
        } else {
            lr
        }
    }
    fn closed(&self, epoch: u64) -> f32 {
        let rest = if epoch >= self.total_iters { (1.0 - self.factor) as f32 } else { 0.0 };
        self.base_lr as f32 * (self.factor as f32 + rest)
    }
    fn constant_until(&self, epoch: u64) -> u64 {
        if epoch < self.total_iters { self.total_iters } else { NEVER }
    }
}

impl CosineAnnealingLr {
    /// `1 + cos(pi * epoch / T_max)`.
    fn raised(&self, epoch: u64) -> f32 {
        1.0 + cos(PI as f32 * epoch as f32 / self.T_max as f32)
    }
}

impl Rule for CosineAnnealingLr {
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        let (base, end) = (self.base_lr as f32, self.eta_min as f32);
        if epoch == 0 {
            return lr;
        }
        // (epoch - 1 - T_max) % (2 * T_max) == 0: the recurrence would divide by zero.
        if (epoch - 1) % (2 * self.T_max) == self.T_max {
            return lr + (base - end) * (1.0 - cos((PI / self.T_max as f64) as f32)) / 2.0;
        }
        let before = self.raised(epoch - 1);
        // DIFFERENCE: near the valley of a long half turn `before` is 0 in float32, of which MindSpore makes NaN.
        if before == 0.0 { Rule::closed(self, epoch) } else { self.raised(epoch) / before * (lr - end) + end }
    }
    fn closed(&self, epoch: u64) -> f32 {
        let (base, end) = (self.base_lr as f32, self.eta_min as f32);
        end + (base - end) * self.raised(epoch) / 2.0
    }
}

/// Where an epoch, which may be a fraction, stands in its cycle, and how long that is.
pub(crate) fn cycle(first: u64, times: u64, epoch: f64) -> (f64, f64) {
    let (mut at, mut length) = (epoch, first as f64);
    if times == 1 {
        at %= length;
    }
    while at >= length {
        at -= length;
        length *= times as f64;
    }
    (at, length)
}

impl WarmRestarts {
    /// The learning rate at an epoch, which may be a fraction.
    pub(crate) fn at(&self, epoch: f64) -> f32 {
        let (at, length) = cycle(self.T_0, self.T_mult, epoch);
        let (base, end) = (self.base_lr as f32, self.eta_min as f32);
        end + (base - end) * (1.0 + cos(PI as f32 * at as f32 / length as f32)) / 2.0
    }
}

impl StepFormula for WarmRestarts {
    fn value(&self, k: u64) -> f64 {
        f64::from(self.at(k as f64))
    }
    fn between(&self, at: f64) -> Option<f64> {
        Some(f64::from(self.at(at)))
    }
}

impl StepFormula for CyclicLr {
    fn value(&self, k: u64) -> f64 {
        let total = self.step_size_up + self.step_size_down.unwrap_or(self.step_size_up);
        let up = self.step_size_up / total;
        let (epoch, base, top) = (k as f32, self.base_lr as f32, self.max_lr as f32);
        let cycle = (1.0 + epoch / total as f32).floor();
        let x = 1.0 + epoch / total as f32 - cycle;
        let height = if x <= up as f32 { x / up as f32 } else { (x - 1.0) / (up - 1.0) as f32 };
        let scale = match &*self.mode {
            "triangular2" => 1.0 / pow(2.0, cycle - 1.0),
            "exp_range" => pow(self.gamma as f32, epoch),
            _ => self.scale as f32,
        };
        f64::from(base + (top - base) * height * scale)
    }
}

impl OneCycleLr {
    /// Where each phase ends, and to what learning rate it goes; it starts from `max_lr / div_factor`.
    fn phases(&self) -> Vec<(f64, f64)> {
        let (total, first) = (self.total_steps as f64, self.max_lr / self.div_factor);
        let (up, last) = (self.pct_start * total - 1.0, (total - 1.0, first / self.final_div_factor));
        if self.three_phase {
            vec![(up, self.max_lr), (2.0 * self.pct_start * total - 2.0, first), last]
        } else {
            vec![(up, self.max_lr), last]
        }
    }
}

impl StepFormula for OneCycleLr {
    fn check(&self) -> Result<(), Error> {
        let most = if self.three_phase { 0.5 } else { 1.0 };
        if !(0.0..=most).contains(&self.pct_start) {
            let rule = format!("it must lie in 0.0..={most:?}, as a part of all steps");
            return Err(Error::value("pct_start", show(self.pct_start), rule).or("0.3 is usual."));
        }
        Ok(())
    }
    fn steps(&self) -> Option<u64> {
        Some(self.total_steps)
    }
    fn value(&self, k: u64) -> f64 {
        let (k, phases) = (k as f64, self.phases());
        // The last phase goes on past its end, as PyTorch's does.
        let i = phases.iter().position(|&(end, _)| k <= end).unwrap_or(phases.len() - 1);
        let (start, from) = if i == 0 { (0.0, self.max_lr / self.div_factor) } else { phases[i - 1] };
        let (end, to) = phases[i];
        let part = if end > start { (k - start) / (end - start) } else { 1.0 };
        let lr = if &*self.anneal_strategy == "cos" {
            to + (from - to) / 2.0 * (1.0 + libm::cos(PI * part))
        } else {
            (to - from) * part + from
        };
        f64::from(lr as f32)
    }
}

/// Whether a metric is better than the best so far, by more than the threshold.
pub fn is_better(metric: f32, best: f32, mode: &str, threshold: f64, is_relative: bool) -> bool {
    match (mode, is_relative) {
        ("min", true) => metric < best * (1.0 - threshold) as f32,
        ("min", false) => metric < best - threshold as f32,
        (_, true) => metric > best * (threshold + 1.0) as f32,
        (_, false) => metric > best + threshold as f32,
    }
}

/// The learning rate after a plateau: times `factor`, no less than `min_lr`, and only where that changes it by `eps`.
pub fn reduced(lr: f32, factor: f64, min_lr: f32, eps: f64) -> f32 {
    let less = (lr * factor as f32).max(min_lr);
    if lr > less + eps as f32 { less } else { lr }
}
