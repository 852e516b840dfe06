//! MindSpore's list functions (`mindspore.nn.dynamic_lr`), as MindSpore 2.10 computes them with Python's floats.
//!
//! Each value is a formula of the epoch, `k // step_per_epoch`. Past the last step of its list a replay holds the last value.

use super::libm::pow;
use super::walk::Recurrence;
use crate::error::Error;
use crate::limits::{LENGTH, POSITIVE, show};
use crate::shape::{Kind, Value};

replays! {
    /// `learning_rate * decay_rate ** (k // step_per_epoch / decay_epoch)`; with `is_stair`, to the floor of that.
    ///
    /// Args:
    ///     learning_rate: the value at step 0, above 0.
    ///     decay_rate: the factor that `decay_epoch` epochs apply, above 0.
    ///     total_step: how many steps it lasts.
    ///     step_per_epoch: how many steps an epoch has.
    ///     decay_epoch: how many epochs apply the whole factor.
    ///     is_stair: whether to apply it all at once, at every multiple of `decay_epoch`.
    ///
    /// Raises `OverflowError` where the power would, as Python's `**` does.
    ///
    /// Source: `mindspore.nn.exponential_decay_lr`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.exponential_decay_lr", learning_rate=0.1, decay_rate=0.9, total_step=6,
    /// ...           step_per_epoch=2, decay_epoch=1).array(6).tolist()
    /// [0.1, 0.1, 0.09000000000000001, 0.09000000000000001, 0.08100000000000002, 0.08100000000000002]
    ExponentialDecayLr as "mindspore.exponential_decay_lr" {
        learning_rate: f64 = Kind::Real(POSITIVE);
        decay_rate: f64 = Kind::Real(POSITIVE);
        total_step: u64 = Kind::Count(LENGTH);
        step_per_epoch: u64 = Kind::Count(LENGTH);
        decay_epoch: u64 = Kind::Count(LENGTH);
        is_stair: bool = Kind::Flag, or Value::Flag(false);
    }
}

/// The first step after `k` that is a multiple of `every`.
fn next_multiple(k: u64, every: u64) -> u64 {
    (k / every + 1).saturating_mul(every)
}

impl ExponentialDecayLr {
    fn power(&self, k: u64) -> f64 {
        let epoch = k / self.step_per_epoch;
        let exponent =
            if self.is_stair { (epoch / self.decay_epoch) as f64 } else { epoch as f64 / self.decay_epoch as f64 };
        pow(self.decay_rate, exponent)
    }
}

impl Recurrence for ExponentialDecayLr {
    type State = ();

    fn check(&self) -> Result<(), Error> {
        let last = self.total_step - 1;
        if self.power(last).is_infinite() {
            let got = format!("{} with a power past the largest double at step {last}", show(self.decay_rate));
            return Err(Error::overflow("decay_rate", got, "`decay_rate ** x` must be a double for every step")
                .or("Take fewer steps, or a smaller rate."));
        }
        Ok(())
    }
    fn steps(&self) -> Option<u64> {
        Some(self.total_step)
    }
    fn last(&self) -> Option<u64> {
        Some(self.total_step - 1)
    }
    fn start(&self) {}
    fn lr(&self, (): &(), k: u64) -> f64 {
        self.learning_rate * self.power(k)
    }
    fn advance(&self, (): &mut (), _k: u64) {}
    fn still_until(&self, (): &(), k: u64) -> u64 {
        next_multiple(k, self.step_per_epoch)
    }
    fn sought(&self, _k: u64) -> Option<()> {
        Some(())
    }
}
