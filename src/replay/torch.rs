//! PyTorch's schedulers (`torch.optim.lr_scheduler`), as torch 2.13 computes them with Python's floats.
//!
//! ```text
//! rule       from one learning rate to the next
//! machine    whole schedulers, nested too, without an optimizer
//! ```

pub mod machine;
pub mod rule;

use super::walk::Recurrence;
use crate::curve::NEVER;
use crate::limits::{FINITE, LENGTH};
use crate::shape::{Kind, Value};

replays! {
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
        base_lr: f64 = Kind::Double(FINITE);
        step_size: u64 = Kind::Count(LENGTH);
        gamma: f64 = Kind::Double(FINITE), or Value::Real(0.1);
    }
}

impl Recurrence for StepLr {
    type State = f64;

    fn start(&self) -> f64 {
        self.base_lr
    }
    fn lr(&self, lr: &f64, _k: u64) -> f64 {
        *lr
    }
    fn advance(&self, lr: &mut f64, _k: u64) {
        *lr *= self.gamma;
    }
    fn still_until(&self, lr: &f64, k: u64) -> u64 {
        // 0 stays 0, and infinity infinite.
        if (lr * self.gamma).to_bits() == lr.to_bits() { NEVER } else { (k / self.step_size + 1) * self.step_size }
    }
}
