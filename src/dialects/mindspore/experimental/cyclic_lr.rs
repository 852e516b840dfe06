//! CyclicLR, in float32.

use std::sync::Arc;

use super::pow;
use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{FINITE, NOT_NEGATIVE, POSITIVE, show};
use crate::replay::StepFormula;
use crate::declare::{ParamType, Value};

replay! {
    /// A triangular wave from `base_lr` to `max_lr` and back, its height scaled by `mode`, in float32.
    ///
    /// Args:
    ///     step_size_up: how many epochs each way up has.
    ///     step_size_down: how many each way down has; as many as up, if left out.
    ///     mode: "triangular"; "triangular2", halved every cycle; "exp_range", times `gamma ** k`.
    ///     scale: a factor of the height, for a scale that a caller works out.
    ///
    /// Source: `mindspore.experimental.optim.lr_scheduler.CyclicLR`, MindSpore 2.10.
    ///
    /// >>> gp.replay("mindspore.experimental.CyclicLR", base_lr=0.0, max_lr=1.0, step_size_up=2.0).array(
    /// ...     5, dtype="float32")
    /// array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    CyclicLr as "mindspore.experimental.CyclicLR" {
        base_lr: f64 = ParamType::Double(FINITE);
        max_lr: f64 = ParamType::Double(FINITE);
        step_size_up: f64 = ParamType::Real(POSITIVE.in_steps()), or Value::Real(2000.0);
        step_size_down: Option<f64> = ParamType::Real(NOT_NEGATIVE.in_steps()), or Value::Absent;
        mode: Arc<str> = ParamType::Text(&["triangular", "triangular2", "exp_range"]), or Value::Text("triangular".into());
        gamma: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
        scale: f64 = ParamType::Double(FINITE), or Value::Real(1.0);
    }
}

impl StepFormula for CyclicLr {
    fn exact(&self) -> Result<Spec, Error> {
        if self.scale != 1.0 {
            return Err(Error::value("scale", show(self.scale), "it must be 1"));
        }
        let sizes = [self.step_size_up, self.step_size_down.unwrap_or(self.step_size_up)];
        exact::cycles([self.base_lr, self.max_lr], sizes, &self.mode, self.gamma)
    }
    fn value(&self, k: u64) -> f64 {
        let total = self.step_size_up + self.step_size_down.unwrap_or(self.step_size_up);
        let up = self.step_size_up / total;
        let (epoch, base, top) = (k as f32, self.base_lr as f32, self.max_lr as f32);
        let cycle = (1.0 + epoch / total as f32).floor();
        let x = 1.0 + epoch / total as f32 - cycle;
        let height = if x <= up as f32 { x / up as f32 } else { (x - 1.0) / (up - 1.0) as f32 };
        let scale = match &*self.mode {
            "triangular2" => 1.0 / pow(2.0, cycle - 1.0),
            "exp_range" => pow(self.gamma as f32, epoch),
            _ => self.scale as f32,
        };
        f64::from(base + (top - base) * height * scale)
    }
}
