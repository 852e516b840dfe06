//! From an expression to a plan: the only place that understands composition.
//!
//! ```text
//! leaf                 -> leaf; with stairs, Divide by their length over it; a constant where it has but one value
//! replay               -> itself
//! a then b at n        -> Switch at the absolute starts
//! delay, repeat, hold, by_epoch -> an integer map of the step
//! sum, product         -> the same, their numbers as constants
//! ```

use crate::curve::{Constant, Curve, Formula, NEVER};
use crate::plan::{Map, Plan, PlanNode};
use crate::spec::{Expr, Operand, Spec};

/// The plan of an expression.
pub fn lower(spec: &Spec) -> Plan {
    Plan::new(node(spec))
}

fn node(spec: &Spec) -> PlanNode {
    match spec.expr() {
        Expr::Leaf(curve) => match (curve.constant_value(), curve.every()) {
            (Some(value), _) => constant(value),
            (None, 1) => PlanNode::Leaf(curve.clone()),
            (None, every) => PlanNode::Remap(Map::Divide(every), Box::new(PlanNode::Leaf(curve.clone()))),
        },
        Expr::Replay(replay) => PlanNode::Replay(replay.clone()),
        Expr::Then(parts, last) => {
            let mut at = 0;
            let starts = parts.iter().map(|(_, length)| {
                at += length;
                at
            });
            let starts = starts.collect();
            let parts = parts.iter().map(|(part, _)| node(part)).chain([node(last)]).collect();
            PlanNode::Switch { starts, parts }
        }
        Expr::Sum(operands) => PlanNode::Sum(operands.iter().map(operand).collect()),
        Expr::Product(operands) => PlanNode::Product(operands.iter().map(operand).collect()),
        Expr::Quotient(a, by) => PlanNode::Quotient(Box::new(node(a)), *by),
        Expr::Clamp(a, low, high) => PlanNode::Clamp(Box::new(node(a)), *low, *high),
        Expr::Delay(a, n) => PlanNode::Remap(Map::Delay(*n), Box::new(node(a))),
        Expr::Repeat(a, times) => {
            let period = a.steps().expect("a repeat was checked to have an end");
            let end = times.map_or(NEVER, |times| times.saturating_mul(period));
            PlanNode::Remap(Map::Cycle { period, end }, Box::new(node(a)))
        }
        Expr::Hold(a, every) => PlanNode::Remap(Map::Floor(*every), Box::new(node(a))),
        Expr::ByEpoch(a, n) => PlanNode::Remap(Map::Divide(*n), Box::new(node(a))),
    }
}

fn operand(operand: &Operand) -> PlanNode {
    match operand {
        Operand::Number(value) => constant(*value),
        Operand::Schedule(spec) => node(spec),
    }
}

fn constant(value: f64) -> PlanNode {
    PlanNode::Leaf(Curve::Constant(Constant { value }))
}
