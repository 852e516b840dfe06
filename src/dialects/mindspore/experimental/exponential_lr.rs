//! ExponentialLR, in float32.

use super::{Rule, pow};
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::FINITE;
use crate::declare::ParamType;

replay! {
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
}

impl Rule for ExponentialLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::exponential(self.base_lr, self.gamma)
    }
    fn next(&self, lr: f32, epoch: u64) -> f32 {
        if epoch == 0 { lr } else { lr * self.gamma as f32 }
    }
    fn closed(&self, epoch: u64) -> f32 {
        self.base_lr as f32 * pow(self.gamma as f32, epoch as f32)
    }
}

recurrence_of_one_rate!(ExponentialLr);
