//! A plan: a schedule lowered to integer maps of the step, pointwise arithmetic and curves.
//!
//! `PlanNode::span` finds the stretch that holds a step, over which everything below is smooth; `PlanNode::value` evaluates it
//! there, over any kind of number. Cycles are found by arithmetic, so a plan is never larger than its expression.

use crate::curve::{Constant, Curve, Formula, Span};
use crate::declare::Replay;
use crate::error::Interrupted;
use crate::eval::Recent;
use crate::lane::Float;
use crate::limits::{MAX_STEP, NEVER};
use crate::real::big::{self, Big};
use crate::real::dd::FinePlain;
use crate::real::exact::Exact;
use crate::real::jet::{Jet, Width};
use crate::real::{Number, Point};
use crate::replay::Spend;
use crate::simd::Task;

/// A lowered schedule.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) root: PlanNode,
    /// How many nodes it has: what one value costs, in units of a simple one.
    pub(crate) size: usize,
    /// Whether it contains a recurrence that can only be walked along.
    pub(crate) seeks: bool,
    /// The tile in which the last single values lay.
    pub(crate) recent: Recent,
}

impl Plan {
    pub(crate) fn new(root: PlanNode) -> Plan {
        Plan { seeks: root.seeks(), size: root.size(), root, recent: Recent::default() }
    }
}

/// What a plan is made of.
#[derive(Clone, Debug)]
pub enum PlanNode {
    /// A curve of the step (of the stair, where it has stairs).
    Leaf(Curve),
    /// A framework's recurrence.
    Replay(Replay),
    /// Part i before step `starts[i]`, the last part after all of them; each counted from its own start.
    Switch {
        /// Where the parts after the first start, increasing.
        starts: Box<[u64]>,
        /// The parts, one more than there are starts.
        parts: Box<[PlanNode]>,
    },
    /// A node, evaluated at another step.
    Remap(Map, Box<PlanNode>),
    /// A sum.
    Sum(Box<[PlanNode]>),
    /// A product.
    Product(Box<[PlanNode]>),
    /// A node divided by a number.
    Quotient(Box<PlanNode>, f64),
    /// A node kept within bounds.
    Clamp(Box<PlanNode>, Option<f64>, Option<f64>),
}

/// An integer function of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// 0 for so many steps, then counted from there.
    Delay(u64),
    /// `k % period` before `end`, then `period`.
    Cycle {
        /// The length of a cycle.
        period: u64,
        /// Where the last one ends.
        end: u64,
    },
    /// `k // n * n`.
    Floor(u64),
    /// `k // n`.
    Divide(u64),
    /// `k + n`; 2^53 where that is past it.
    Skip(u64),
    /// `k * n`; 2^53 where that is past it.
    Stride(u64),
}

impl Map {
    /// The step that `k` is mapped to, and how many steps further the step after `k` is mapped: 0 where it does not move on.
    #[inline(always)]
    pub fn apply(self, k: u64) -> (u64, u64) {
        match self {
            Map::Delay(n) => (k.saturating_sub(n), u64::from(k >= n)),
            Map::Cycle { period, end } => {
                if k < end {
                    (k % period, 1)
                } else {
                    (period, 0)
                }
            }
            Map::Floor(n) => (k / n * n, u64::from(n == 1)),
            Map::Divide(n) => (k / n, u64::from(n == 1)),
            Map::Skip(_) | Map::Stride(_) if k > self.last() => (MAX_STEP, 0),
            Map::Skip(n) => (k + n, 1),
            Map::Stride(n) => (k * n, n),
        }
    }

    /// The last step that is not mapped past 2^53.
    #[inline(always)]
    pub fn last(self) -> u64 {
        match self {
            Map::Skip(n) => MAX_STEP - n,
            Map::Stride(n) => MAX_STEP / n,
            _ => MAX_STEP,
        }
    }

    /// The stretch around `k`, given the stretch around the step that `k` is mapped to.
    fn span(self, k: u64, inner: Span) -> Span {
        let (to, rate) = self.apply(k);
        let constant = |end| Span { end, moves: false };
        let shifted = |limit: u64| {
            let end = if inner.end == NEVER { NEVER } else { k.saturating_add((inner.end - to).div_ceil(rate)) };
            Span { end: end.min(limit), moves: inner.moves }
        };
        match self {
            Map::Delay(n) if k < n => constant(n),
            Map::Delay(_) => shifted(NEVER),
            Map::Cycle { end, .. } if k >= end => constant(NEVER),
            Map::Cycle { period, end } => shifted(end.min((k - to).saturating_add(period))),
            Map::Skip(_) | Map::Stride(_) if rate == 0 => constant(NEVER),
            Map::Skip(_) | Map::Stride(_) => shifted(self.last() + 1),
            Map::Floor(_) | Map::Divide(_) if rate == 1 => shifted(NEVER),
            Map::Floor(n) if inner.moves => constant((k / n + 1).saturating_mul(n)),
            Map::Floor(n) => constant(inner.end.div_ceil(n).saturating_mul(n)),
            Map::Divide(n) if inner.moves => constant((k / n + 1).saturating_mul(n)),
            Map::Divide(n) => constant(inner.end.saturating_mul(n)),
        }
    }
}

/// The part of a switch that is in effect at step `k`, and where it starts.
#[inline(always)]
pub(crate) fn part(starts: &[u64], k: u64) -> (usize, u64) {
    // Most chains are short. Up to a few dozen parts a scan is faster than a binary search.
    let i = if starts.len() <= 16 {
        starts.iter().take_while(|&&start| start <= k).count()
    } else {
        starts.partition_point(|&start| start <= k)
    };
    (i, if i == 0 { 0 } else { starts[i - 1] })
}

impl PlanNode {
    /// A leaf, counted in its stairs if it has stairs; a constant where it has but one value.
    pub(crate) fn of_leaf(curve: &Curve) -> PlanNode {
        match (curve.constant_value(), curve.every()) {
            (Some(value), _) => PlanNode::constant(value),
            (None, 1) => PlanNode::Leaf(curve.clone()),
            (None, every) => PlanNode::Remap(Map::Divide(every), Box::new(PlanNode::Leaf(curve.clone()))),
        }
    }

    /// The same value at every step.
    pub(crate) fn constant(value: f64) -> PlanNode {
        PlanNode::Leaf(Curve::Constant(Constant { value }))
    }

    /// The stretch that holds step `k`.
    pub fn span(&self, k: u64) -> Span {
        match self {
            PlanNode::Leaf(curve) => curve.span(k),
            PlanNode::Replay(replay) => Span { end: replay.value_until(k).1, moves: false },
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                let inner = parts[i].span(k - start);
                let limit = starts.get(i).copied().unwrap_or(NEVER);
                Span { end: inner.end.saturating_add(start).min(limit), ..inner }
            }
            PlanNode::Remap(map, inner) => map.span(k, inner.span(map.apply(k).0)),
            PlanNode::Sum(nodes) | PlanNode::Product(nodes) => {
                let mut span = Span { end: NEVER, moves: false };
                for node in nodes {
                    let one = node.span(k);
                    span = Span { end: span.end.min(one.end), moves: span.moves | one.moves };
                }
                span
            }
            PlanNode::Quotient(node, _) | PlanNode::Clamp(node, ..) => node.span(k),
        }
    }

    fn each_child(&self, visit: &mut dyn FnMut(&PlanNode)) {
        match self {
            PlanNode::Leaf(_) | PlanNode::Replay(_) => (),
            PlanNode::Switch { parts: nodes, .. } | PlanNode::Sum(nodes) | PlanNode::Product(nodes) => {
                nodes.iter().for_each(visit)
            }
            PlanNode::Remap(_, node) | PlanNode::Quotient(node, _) | PlanNode::Clamp(node, ..) => visit(node),
        }
    }

    fn size(&self) -> usize {
        let mut size = 1;
        self.each_child(&mut |child| size += child.size());
        size
    }

    fn seeks(&self) -> bool {
        let mut seeks = matches!(self, PlanNode::Replay(replay) if !replay.is_direct());
        self.each_child(&mut |child| seeks |= child.seeks());
        seeks
    }

    /// Walks the recurrences to step `k`, so that the value there is known.
    pub(crate) fn seek(&self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted> {
        match self {
            PlanNode::Leaf(_) => Ok(()),
            PlanNode::Replay(replay) => replay.seek(k, spend),
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                parts[i].seek(k - start, spend)
            }
            PlanNode::Remap(map, inner) => inner.seek(map.apply(k).0, spend),
            PlanNode::Sum(nodes) | PlanNode::Product(nodes) => nodes.iter().try_for_each(|node| node.seek(k, spend)),
            PlanNode::Quotient(node, _) | PlanNode::Clamp(node, ..) => node.seek(k, spend),
        }
    }

    /// The value at step `k`, if a recurrence makes it infinite or NaN.
    ///
    /// A sum is then what its infinite terms are; in a product only the signs of the other factors count.
    pub(crate) fn unreal(&self, k: u64, go_on: &dyn Fn() -> bool) -> Option<f64> {
        match self {
            PlanNode::Leaf(_) => None,
            PlanNode::Replay(replay) => Some(replay.value_until(k).0).filter(|value| !value.is_finite()),
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, k);
                parts[i].unreal(k - start, go_on)
            }
            PlanNode::Remap(map, inner) => inner.unreal(map.apply(k).0, go_on),
            PlanNode::Sum(nodes) => nodes.iter().filter_map(|node| node.unreal(k, go_on)).reduce(|sum, x| sum + x),
            PlanNode::Product(nodes) => {
                let unreal: Vec<_> = nodes.iter().map(|node| node.unreal(k, go_on)).collect();
                if unreal.iter().all(Option::is_none) {
                    return None;
                }
                let factors = nodes.iter().zip(unreal);
                Some(factors.map(|(node, x)| x.unwrap_or_else(|| node.sign(k, go_on))).product())
            }
            PlanNode::Quotient(node, by) => node.unreal(k, go_on).map(|value| value / by),
            PlanNode::Clamp(node, low, high) => {
                node.unreal(k, go_on).map(|value| value.clamped(*low, *high)).filter(|value| !value.is_finite())
            }
        }
    }

    /// The sign of a value that is a real number: 1, -1 or 0; also 0 if no rung can tell.
    fn sign(&self, k: u64, go_on: &dyn Fn() -> bool) -> f64 {
        let (hi, lo, err, _) = self.value::<Jet<1, FinePlain>>(Point { k, stride: 0, cx: Width(1.0) }).centre();
        if err + lo.abs() < hi.abs() {
            return hi.signum();
        }
        let exact = self.value_while::<Exact, _>(Point { k, stride: 0, cx: () }, go_on).sign();
        let big = |&bits: &usize| self.value_while::<Big, _>(Point { k, stride: 0, cx: bits }, go_on).sign();
        exact.or_else(|| big::PRECISIONS.iter().find_map(big)).unwrap_or(0.0)
    }

    /// The value around a step.
    #[inline(always)]
    pub fn value<N: Number>(&self, at: Point<N>) -> N {
        self.value_while(at, always)
    }

    /// The same, but `go_on` is asked between the nodes. If it says no, the result is meaningless.
    #[inline(always)]
    pub(crate) fn value_while<N: Number, F: Fn() -> bool + Copy>(&self, at: Point<N>, go_on: F) -> N {
        N::enter(Evaluate { node: self, at, go_on })
    }
}

fn always() -> bool {
    true
}

struct Evaluate<'a, N: Number, F> {
    node: &'a PlanNode,
    at: Point<N>,
    go_on: F,
}

impl<N: Number, F: Fn() -> bool + Copy> Task for Evaluate<'_, N, F> {
    type Out = N;

    #[inline(always)]
    fn run(self) -> N {
        let (at, go_on) = (self.at, self.go_on);
        match self.node {
            PlanNode::Leaf(curve) => curve.value(at),
            PlanNode::Replay(replay) => at.real(replay.value_until(at.k).0),
            PlanNode::Switch { starts, parts } => {
                let (i, start) = part(starts, at.k);
                parts[i].value_while(at.moved_to(at.k - start), go_on)
            }
            PlanNode::Remap(map, inner) => {
                let (k, rate) = map.apply(at.k);
                inner.value_while(Point { k, stride: at.stride.saturating_mul(rate).min(MAX_STEP), ..at }, go_on)
            }
            PlanNode::Sum(nodes) => {
                let mut sum: N = nodes[0].value_while(at, go_on);
                for node in nodes[1..].iter().take_while(|_| go_on()) {
                    sum = sum + node.value_while(at, go_on);
                }
                sum
            }
            PlanNode::Product(nodes) => {
                let mut product: N = nodes[0].value_while(at, go_on);
                for node in nodes[1..].iter().take_while(|_| go_on()) {
                    product = product * node.value_while(at, go_on);
                }
                product
            }
            PlanNode::Quotient(node, by) => node.value_while(at, go_on) / at.real(*by),
            PlanNode::Clamp(node, low, high) => match node.unreal(at.k, &go_on) {
                Some(value) => at.real(value.clamped(*low, *high)),
                None => node.value_while(at, go_on).clamp(*low, *high),
            },
        }
    }
}
