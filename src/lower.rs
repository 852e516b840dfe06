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
use crate::plan::{Map, Node, Plan};
use crate::spec::{Expr, Operand, Spec};

/// The plan of an expression.
pub fn lower(spec: &Spec) -> Plan {
    Plan::new(node(spec))
}

fn node(spec: &Spec) -> Node {
    match spec.expr() {
        Expr::Leaf(curve) => match (curve.level(), curve.every()) {
            (Some(value), _) => constant(value),
            (None, 1) => Node::Leaf(curve.clone()),
            (None, every) => Node::Remap(Map::Divide(every), Box::new(Node::Leaf(curve.clone()))),
        },
        Expr::Replay(replay) => Node::Replay(replay.clone()),
        Expr::Then(parts, last) => {
            let mut at = 0;
            let starts = parts.iter().map(|(_, length)| {
                at += length;
                at
            });
            let starts = starts.collect();
            let parts = parts.iter().map(|(part, _)| node(part)).chain([node(last)]).collect();
            Node::Switch { starts, parts }
        }
        Expr::Sum(operands) => Node::Sum(operands.iter().map(operand).collect()),
        Expr::Product(operands) => Node::Product(operands.iter().map(operand).collect()),
        Expr::Quotient(a, by) => Node::Quotient(Box::new(node(a)), *by),
        Expr::Clamp(a, low, high) => Node::Clamp(Box::new(node(a)), *low, *high),
        Expr::Delay(a, n) => Node::Remap(Map::Delay(*n), Box::new(node(a))),
        Expr::Repeat(a, times) => {
            let period = a.steps().expect("a repeat was checked to have an end");
            let end = times.map_or(NEVER, |times| times.saturating_mul(period));
            Node::Remap(Map::Cycle { period, end }, Box::new(node(a)))
        }
        Expr::Hold(a, every) => Node::Remap(Map::Floor(*every), Box::new(node(a))),
        Expr::ByEpoch(a, n) => Node::Remap(Map::Divide(*n), Box::new(node(a))),
    }
}

fn operand(operand: &Operand) -> Node {
    match operand {
        Operand::Number(value) => constant(*value),
        Operand::Schedule(spec) => node(spec),
    }
}

fn constant(value: f64) -> Node {
    Node::Leaf(Curve::Constant(Constant { value }))
}
