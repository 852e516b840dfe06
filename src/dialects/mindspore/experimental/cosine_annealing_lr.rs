//! CosineAnnealingLR, in float32.

use std::f64::consts::PI;

use super::{Rule, cos};
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH};
use crate::declare::{ParamType, Value};

replay! {
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
}

impl CosineAnnealingLr {
    /// `1 + cos(pi * epoch / T_max)`.
    fn raised(&self, epoch: u64) -> f32 {
        1.0 + cos(PI as f32 * epoch as f32 / self.T_max as f32)
    }
}

impl Rule for CosineAnnealingLr {
    fn exact(&self) -> Result<Spec, Error> {
        exact::wave(self.base_lr, self.eta_min, self.T_max)
    }
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

recurrence_of_one_rate!(CosineAnnealingLr);
