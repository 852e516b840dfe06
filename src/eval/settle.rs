//! One value, settled: quick jet, fine jet, rational, big floats of growing precision; the first that is certain.

use std::cell::Cell;

use super::rung::{Counts, Rung};
use crate::curve::Curve;
use crate::error::Interrupted;
use crate::lane::Float;
use crate::plan::{PlanNode, part};
use crate::real::Point;
use crate::real::big::{Big, PRECISIONS, TIES};
use crate::real::dd::{Kit, with_fine_kit, with_quick_kit};
use crate::real::exact::Exact;
use crate::real::jet::{Jet, Width};
use crate::round;

/// Evaluates one step. Follows joins, delays and repeats first; they only change the step.
#[inline(always)]
pub(super) fn at<T: Float>(
    root: &PlanNode,
    k: u64,
    from: Rung,
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    let (mut node, mut k) = (root, k);
    loop {
        match node {
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                node = &parts[i];
                k -= start;
            }
            PlanNode::Remap(map, inner) => {
                k = map.apply(k).0;
                node = inner;
            }
            PlanNode::Leaf(Curve::Table(table)) => {
                return Ok(T::of(table.values[k.min(table.values.len() as u64 - 1) as usize]));
            }
            PlanNode::Replay(replay) => return Ok(T::of(replay.value_until(k).0)),
            PlanNode::Clamp(inner, low, high) => return at_clamped(inner, k, from, (*low, *high), counts, go_on),
            _ => return settle(node, k, from, counts, go_on),
        }
    }
}

#[inline(never)]
fn at_clamped<T: Float>(
    inner: &PlanNode,
    k: u64,
    from: Rung,
    (low, high): (Option<f64>, Option<f64>),
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    Ok(at::<T>(inner, k, from, counts, go_on)?.clamped(low, high))
}

#[inline(always)]
fn jet_at<K: Kit, T: Float>(node: &PlanNode, k: u64) -> Option<T> {
    let (hi, lo, err, exp) = node.value::<Jet<1, K>>(Point { k, stride: 0, cx: Width(1.0) }).centre();
    round::of_jet(hi, lo, err, exp)
}

/// Says whether to go on: asked where a single value takes long.
pub(super) type GoOn<'a> = &'a dyn Fn() -> bool;

/// The value at one step, from rung `from` on.
#[inline(always)]
fn settle<T: Float>(
    node: &PlanNode,
    k: u64,
    from: Rung,
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    if from <= Rung::Careful
        && let Some(y) = with_quick_kit!(K => jet_at::<K, T>(node, k))
    {
        counts[Rung::Quick.max(from) as usize] += 1;
        return Ok(y);
    }
    settle_slowly(node, k, from, counts, go_on)
}

#[cold]
#[inline(never)]
fn settle_slowly<T: Float>(
    node: &PlanNode,
    k: u64,
    from: Rung,
    counts: &mut Counts,
    go_on: GoOn<'_>,
) -> Result<T, Interrupted> {
    // A tree of many nodes takes long. Its result counts only if `go_on` never said no.
    let stopped = Cell::new(false);
    let go_on = || {
        stopped.set(stopped.get() || !go_on());
        !stopped.get()
    };
    let settled = |y: Option<T>| if stopped.get() { Err(Interrupted) } else { Ok(y) };
    if let Some(y) = settled(node.unreal(k, &go_on).map(T::of))? {
        return Ok(y);
    }
    if from <= Rung::Fresh
        && let Some(y) = with_fine_kit!(K => jet_at::<K, T>(node, k))
    {
        counts[Rung::Fresh as usize] += 1;
        return Ok(y);
    }
    if from <= Rung::Exact {
        let exact = node.value_while::<Exact, _>(Point { k, stride: 0, cx: () }, &go_on).round();
        if let Some(y) = settled(exact)? {
            counts[Rung::Exact as usize] += 1;
            return Ok(y);
        }
    }
    counts[Rung::Big as usize] += 1;
    let mut bits = PRECISIONS.into_iter();
    loop {
        let (Some(precision), true) = (bits.next(), go_on()) else { return Err(Interrupted) };
        let ball = node.value_while::<Big, _>(Point { k, stride: 0, cx: precision }, &go_on);
        let ball = if precision < TIES { ball } else { ball.blurred() };
        let tie = if precision < TIES { None } else { ball.tie() };
        let centre = if bits.len() > 0 { None } else { Some(ball.settle()) };
        if let Some(y) = settled(ball.round().or(tie).or(centre))? {
            return Ok(y);
        }
    }
}
