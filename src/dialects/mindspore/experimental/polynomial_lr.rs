//! PolynomialLR, in float32.

use super::{Rule, pow};

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, NEVER, STEP};
use crate::declare::{ParamType, Value};

replay! {
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
}

impl PolynomialLr {
    fn rest(&self, epoch: u64) -> f32 {
        1.0 - epoch as f32 / self.total_iters as f32
    }
}

impl Rule for PolynomialLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::polynomial(self.base_lr, 0.0, self.total_iters, self.power)
    }
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

recurrence_of_one_rate!(PolynomialLr);
