//! LinearLR, in float32.

use super::Rule;

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, NEVER, STEP};
use crate::declare::{ParamType, Value};

replay! {
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
}

impl Rule for LinearLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::line(self.base_lr * self.start_factor, self.base_lr * self.end_factor, self.total_iters)
    }
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

recurrence_of_one_rate!(LinearLr);
