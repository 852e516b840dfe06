//! MultiStepLR, in float32.

use std::sync::Arc;

use super::Rule;

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, NEVER};
use crate::replay::libm;
use crate::declare::{ParamType, Value};

replay! {
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
}

impl MultiStepLr {
    fn fall(&self, times: usize) -> f32 {
        libm::pow(self.gamma, times as f64) as f32
    }
}

impl Rule for MultiStepLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::multi_step(self.base_lr, self.gamma, &self.milestones)
    }
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

recurrence_of_one_rate!(MultiStepLr);
