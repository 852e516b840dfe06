//! From an expression to a plan.
//!
//! ```text
//! leaf                 -> leaf; with stairs, Divide by their length over it; a constant where it has but one value
//! replay               -> itself
//! a then b at n        -> Switch at the absolute starts
//! a combinator         -> what its declaration says: an integer map of the step, or arithmetic
//! sum, product         -> the same, their numbers as constants
//! ```

use crate::combinator::{Combine, Part};
use crate::plan::{Plan, PlanNode};
use crate::spec::{Expr, Operand, Spec};

/// The plan of an expression.
pub fn lower(spec: &Spec) -> Plan {
    Plan::new(node(spec))
}

fn node(spec: &Spec) -> PlanNode {
    match spec.expr() {
        Expr::Leaf(curve) => PlanNode::of_leaf(curve),
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
        Expr::Combined(of, combinator) => combinator.lower(Box::new(node(of)), of.steps()),
    }
}

fn operand(operand: &Operand) -> PlanNode {
    match operand {
        Operand::Number(value) => PlanNode::constant(*value),
        Operand::Schedule(spec) => node(spec),
    }
}

impl Part for Spec {
    fn steps(&self) -> Option<u64> {
        Spec::steps(self)
    }
    fn plan(&self) -> PlanNode {
        node(self)
    }
}
