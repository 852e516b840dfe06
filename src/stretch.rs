//! A plan whose steps take longer: the value at step `k * by` is that of the plan at step `k`, and between these steps it is
//! that of the plan's formula at the fraction of a step.
//!
//! ```text
//! leaf       its times, multiplied; a table changes every `by` steps
//! switch     its starts, multiplied;  delay, repeat, hold, skip: their numbers, multiplied
//! by_epoch   its number, multiplied: what it counts stays as it is
//! stride     the same: its part takes longer
//! replay     refused: it has values at whole steps only
//! ```
//! So a stretched schedule needs no arithmetic of its own: all steps stay integers.

use crate::curve::{Curve, Formula, LEAF_KINDS};
use crate::declare::{Param, Value};
use crate::error::Error;
use crate::limits::{MAX_STEP, NEVER};
use crate::plan::{Map, PlanNode};

/// The plan, each of whose steps takes `by` steps.
pub fn stretched(node: &PlanNode, by: u64) -> Result<PlanNode, Error> {
    let again = |node: &PlanNode| stretched(node, by);
    let all = |nodes: &[PlanNode]| nodes.iter().map(again).collect::<Result<Box<[_]>, Error>>();
    Ok(match node {
        PlanNode::Leaf(curve) => leaf(curve, by)?,
        PlanNode::Replay(_) => {
            return Err(Error::value("", "a schedule with a replay", "a replay has values at whole steps only")
                .or("Stretch a table of it: `gp.table(s.array(n))`."));
        }
        PlanNode::Switch { starts, parts } => {
            let starts: Result<Box<[u64]>, Error> = starts.iter().map(|&start| times(start, by)).collect();
            PlanNode::Switch { starts: starts?, parts: all(parts)? }
        }
        PlanNode::Remap(Map::Divide(n), inner) => PlanNode::Remap(Map::Divide(times(*n, by)?), inner.clone()),
        PlanNode::Remap(map, inner) => {
            let map = match *map {
                Map::Delay(n) => Map::Delay(times(n, by)?),
                Map::Cycle { period, end: NEVER } => Map::Cycle { period: times(period, by)?, end: NEVER },
                Map::Cycle { period, end } => Map::Cycle { period: times(period, by)?, end: times(end, by)? },
                Map::Floor(n) => Map::Floor(times(n, by)?),
                Map::Skip(n) => Map::Skip(times(n, by)?),
                map @ (Map::Stride(_) | Map::Divide(_)) => map,
            };
            PlanNode::Remap(map, Box::new(again(inner)?))
        }
        PlanNode::Sum(nodes) => PlanNode::Sum(all(nodes)?),
        PlanNode::Product(nodes) => PlanNode::Product(all(nodes)?),
        PlanNode::Quotient(node, divisor) => PlanNode::Quotient(Box::new(again(node)?), *divisor),
        PlanNode::Clamp(node, low, high) => PlanNode::Clamp(Box::new(again(node)?), *low, *high),
    })
}

fn leaf(curve: &Curve, by: u64) -> Result<PlanNode, Error> {
    if let Curve::Table(_) = curve {
        return Ok(PlanNode::Remap(Map::Divide(by), Box::new(PlanNode::Leaf(curve.clone()))));
    }
    let kind = LEAF_KINDS.iter().find(|kind| kind.name == curve.name()).expect("a curve has a kind");
    let longer = |(param, (_, value)): (Param, (&'static str, Value))| {
        let value = if param.kind.is_in_steps() { longer(value, by)? } else { value };
        param.check(value).map_err(|_| too_long(by))
    };
    let values: Result<Vec<Value>, Error> = curve.params().into_iter().zip(curve.arguments()).map(longer).collect();
    let curve = (kind.build)(&values?);
    curve.check().map_err(|_| too_long(by))?;
    Ok(PlanNode::of_leaf(&curve))
}

fn longer(value: Value, by: u64) -> Result<Value, Error> {
    Ok(match value {
        Value::Count(n) => Value::Count(times(n, by)?),
        Value::Counts(list) => Value::Counts(list.iter().map(|&n| times(n, by)).collect::<Result<Vec<_>, _>>()?.into()),
        Value::Real(x) => {
            let product = x * by as f64;
            let is_exact = x.mul_add(by as f64, -product) == 0.0 && product <= MAX_STEP as f64;
            Value::Real(Some(product).filter(|_| is_exact).ok_or_else(|| too_long(by))?)
        }
        other => other,
    })
}

fn times(n: u64, by: u64) -> Result<u64, Error> {
    n.checked_mul(by).filter(|&n| n <= MAX_STEP).ok_or_else(|| too_long(by))
}

fn too_long(by: u64) -> Error {
    let rule = "every time in the schedule, multiplied by it, must be a double and at most 2**53";
    Error::value("by", by, rule).or("Use a fraction with a smaller numerator.")
}
