//! ConstantLR, in float32.

use super::Rule;

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, NEVER, STEP};
use crate::declare::{ParamType, Value};

replay! {
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
}

impl Rule for ConstantLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::factor(self.base_lr, self.factor, self.total_iters)
    }
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

recurrence_of_one_rate!(ConstantLr);
