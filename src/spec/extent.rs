//! How far a drawing of a schedule should reach.

use super::{Expr, Operand, Spec};
use crate::combinator::Combine;
use crate::curve::Formula;
use crate::declare::{ParamType, Replay, Value};
use crate::limits::MAX_STEP;

/// The times that stand in a schedule, and whether it comes again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The longest time, in the schedule's steps; `None` where there is none up to a quarter of all steps.
    pub longest: Option<u64>,
    /// Whether there are cycles, or a replay, which may have some.
    pub has_cycles: bool,
}

impl Extent {
    /// That of a schedule.
    pub fn of(spec: &Spec) -> Extent {
        let mut extent = Extent::default();
        extent.see(spec, 1.0);
        extent
    }

    /// Sees a part, each of whose steps takes `unit` of the whole's.
    fn see(&mut self, spec: &Spec, unit: f64) {
        match spec.expr() {
            Expr::Leaf(curve) => {
                self.has_cycles |= curve.has_cycles();
                let params = curve.params();
                curve
                    .arguments()
                    .iter()
                    .zip(params)
                    .for_each(|((_, value), param)| self.take(&param.kind, value, unit));
            }
            Expr::Replay(replay) => self.see_replay(replay, unit),
            Expr::Then(parts, last) => {
                let mut start = 0;
                for (part, length) in parts {
                    start += length;
                    self.note(start as f64, unit);
                    self.see(part, unit);
                }
                self.see(last, unit);
            }
            Expr::Sum(operands) | Expr::Product(operands) => operands.iter().for_each(|operand| {
                if let Operand::Schedule(spec) = operand {
                    self.see(spec, unit);
                }
            }),
            Expr::Combined(of, combinator) => {
                self.has_cycles |= combinator.has_cycles();
                let arguments = combinator.arguments();
                let params = combinator.params();
                arguments.iter().zip(params).for_each(|((_, value), param)| self.take(&param.kind, value, unit));
                self.see(of, unit * combinator.unit());
            }
        }
    }

    fn see_replay(&mut self, replay: &Replay, unit: f64) {
        self.has_cycles = true;
        for (param, value) in replay.params().iter().zip(replay.arguments()) {
            self.take(&param.kind, value, unit);
            if let Value::Replays(parts) = value {
                parts.iter().for_each(|part| self.see_replay(part, unit));
            }
        }
    }

    fn take(&mut self, kind: &ParamType, value: &Value, unit: f64) {
        if !kind.is_in_steps() {
            return;
        }
        match value {
            Value::Real(x) => self.note(*x, unit),
            Value::Count(n) => self.note(*n as f64, unit),
            Value::Int(n) => self.note(*n as f64, unit),
            Value::Reals(list) => list.iter().for_each(|&x| self.note(x, unit)),
            Value::Counts(list) => list.iter().for_each(|&n| self.note(n as f64, unit)),
            Value::Ints(list) => list.iter().for_each(|&n| self.note(n as f64, unit)),
            Value::Flag(_) | Value::Text(_) | Value::Replays(_) | Value::Absent => (),
        }
    }

    fn note(&mut self, time: f64, unit: f64) {
        let time = (time * unit).ceil();
        if (1.0..=(MAX_STEP / 4) as f64).contains(&time) {
            self.longest = self.longest.max(Some(time as u64));
        }
    }
}
