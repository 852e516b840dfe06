//! StepLR, in float32.

use super::{Rule, pow};
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH};
use crate::declare::{ParamType, Value};

replay! {
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
}

impl Rule for StepLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::stairs(self.base_lr, self.gamma, self.step_size)
    }
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

recurrence_of_one_rate!(StepLr);
