//! OneCycleLR, in float32.

use std::f64::consts::PI;
use std::sync::Arc;

use crate::dialects::exact;
use crate::spec::Spec;
use crate::error::Error;
use crate::limits::{DIVISOR, FINITE, LENGTH, show};
use crate::replay::StepFormula;
use crate::replay::libm;
use crate::declare::{ParamType, Value};

replay! {
    /// One cycle: from `max_lr / div_factor` up to `max_lr` and down to a `final_div_factor`-th of where it started.
    ///
    /// Args:
    ///     max_lr: the peak.
    ///     total_steps: how many steps it lasts.
    ///     pct_start: which part of them goes up.
    ///     anneal_strategy: "cos" or "linear".
    ///     three_phase: whether it comes down symmetrically first, and then to the end.
    ///
    /// Worked out in float64, as PyTorch does, and rounded to float32; as PyTorch's it has a value at `total_steps` too,
    /// beyond the last, where the last phase goes on.
    ///
    /// Source: Smith and Topin (arXiv:1708.07120), with the steps of `torch.optim.lr_scheduler.OneCycleLR`; MindSpore 2.10 has
    /// none.
    ///
    /// >>> gp.replay("mindspore.experimental.OneCycleLR", max_lr=1.0, total_steps=6, pct_start=0.5).array(
    /// ...     6, dtype="float32")[[0, 2, 5]]
    /// array([4.e-02, 1.e+00, 4.e-06], dtype=float32)
    OneCycleLr as "mindspore.experimental.OneCycleLR" {
        max_lr: f64 = ParamType::Double(FINITE);
        total_steps: u64 = ParamType::Count(LENGTH);
        pct_start: f64 = ParamType::Double(FINITE), or Value::Real(0.3);
        anneal_strategy: Arc<str> = ParamType::Text(&["cos", "linear"]), or Value::Text("cos".into());
        div_factor: f64 = ParamType::Real(DIVISOR), or Value::Real(25.0);
        final_div_factor: f64 = ParamType::Real(DIVISOR), or Value::Real(1e4);
        three_phase: bool = ParamType::Flag, or Value::Flag(false);
    }
}

impl OneCycleLr {
    /// Where each phase ends, and to what learning rate it goes; it starts from `max_lr / div_factor`.
    fn phases(&self) -> Vec<(f64, f64)> {
        let (total, first) = (self.total_steps as f64, self.max_lr / self.div_factor);
        let (up, last) = (self.pct_start * total - 1.0, (total - 1.0, first / self.final_div_factor));
        if self.three_phase {
            vec![(up, self.max_lr), (2.0 * self.pct_start * total - 2.0, first), last]
        } else {
            vec![(up, self.max_lr), last]
        }
    }
}

impl StepFormula for OneCycleLr {
    fn exact(&self) -> Result<Spec, Error> {
        let factors = [self.div_factor, self.final_div_factor];
        let is_cosine = &*self.anneal_strategy == "cos";
        exact::one_cycle(self.max_lr, self.total_steps, self.pct_start, is_cosine, factors, self.three_phase)
    }
    fn check(&self) -> Result<(), Error> {
        let most = if self.three_phase { 0.5 } else { 1.0 };
        if !(0.0..=most).contains(&self.pct_start) {
            let rule = format!("it must be from 0.0 to {most:?}, as a part of all steps");
            return Err(Error::value("pct_start", show(self.pct_start), rule).or("0.3 is usual."));
        }
        Ok(())
    }
    fn steps(&self) -> Option<u64> {
        Some(self.total_steps)
    }
    fn value(&self, k: u64) -> f64 {
        let (k, phases) = (k as f64, self.phases());
        // The last phase goes on past its end, as PyTorch's does.
        let i = phases.iter().position(|&(end, _)| k <= end).unwrap_or(phases.len() - 1);
        let (start, from) = if i == 0 { (0.0, self.max_lr / self.div_factor) } else { phases[i - 1] };
        let (end, to) = phases[i];
        let part = if end > start { (k - start) / (end - start) } else { 1.0 };
        let lr = if &*self.anneal_strategy == "cos" {
            to + (from - to) / 2.0 * (1.0 + libm::cos(PI * part))
        } else {
            (to - from) * part + from
        };
        f64::from(lr as f32)
    }
}
