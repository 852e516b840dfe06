//! CosineAnnealingWarmRestarts, in float32.

use std::f64::consts::PI;

use super::cos;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, LENGTH, MULT};
use crate::replay::StepFormula;
use crate::declare::{ParamType, Value};

replay! {
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
    fn exact(&self) -> Result<Spec, Error> {
        exact::restarts(self.base_lr, self.eta_min, self.T_0, self.T_mult)
    }
    fn value(&self, k: u64) -> f64 {
        f64::from(self.at(k as f64))
    }
    fn between(&self, at: f64) -> Option<f64> {
        Some(f64::from(self.at(at)))
    }
}
