//! The expression that the user meant: leaves and combinators, checked once, when they are made.
//!
//! A [`Spec`] can only be had from the constructors here, so to hold one is to have proved it. JSON and Python both come
//! in by these doors. Chains of `then`, sums and products are kept flat: `a.then(b.then(c))` and `a.then(b).then(c)` are
//! one list, and so are equal.

mod exact;
mod extent;
mod text;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::combinator::{Combinator, CombinatorKind, Combine, combinator_kind};
use crate::curve::{Curve, Formula, LEAF_KINDS, LeafKind};
use crate::declare::{Param, Replay, ReplayKind, Value};
use crate::error::Error;
use crate::limits::{FINITE, MAX_DEPTH, MAX_PARTS, MAX_STEP, START};
use crate::memory::{push, reserved, too_little};
use crate::simd;

pub use extent::Extent;

/// A checked expression. Cheap to clone; equal where it was written alike.
#[derive(Clone, Debug)]
pub struct Spec(Arc<SpecNode>);

#[derive(Debug)]
struct SpecNode {
    expr: Expr,
    steps: Option<u64>,
    parts: u64,
    depth: u32,
}

/// One side of a sum or product.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number: it has no length, and leaves the other's as it is.
    Number(f64),
    /// A schedule.
    Schedule(Spec),
}

/// What an expression is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A leaf.
    Leaf(Curve),
    /// A framework's own recurrence.
    Replay(Replay),
    /// Each part but the last with its length, one after another.
    Then(Vec<(Spec, u64)>, Spec),
    /// A pointwise sum.
    Sum(Vec<Operand>),
    /// A pointwise product.
    Product(Vec<Operand>),
    /// A schedule that a combinator changes.
    Combined(Spec, Combinator),
}

/// The kind of leaf of that name.
pub fn leaf_kind(name: &str) -> Option<&'static LeafKind> {
    LEAF_KINDS.iter().find(|kind| kind.name == name)
}

/// The arguments, where the parameters admit them.
fn check_all(params: &[Param], arguments: Vec<Value>) -> Result<Vec<Value>, Error> {
    debug_assert_eq!(params.len(), arguments.len());
    params.iter().zip(arguments).map(|(param, value)| param.check(value)).collect()
}

/// The replays that these schedules are.
pub fn replays(specs: &[Spec]) -> Result<Vec<Replay>, Error> {
    let replay = |(i, spec): (usize, &Spec)| match spec.expr() {
        Expr::Replay(replay) => Ok(replay.clone()),
        other => Err(Error::value(format!("[{i}]"), format!("a `{}`", other.kind()), "it must be a replay")
            .or("Make it with `gp.replay(...)`.")),
    };
    specs.iter().enumerate().map(replay).collect()
}

impl Spec {
    fn make(expr: Expr) -> Result<Spec, Error> {
        let (mut parts, mut depth) = match &expr {
            Expr::Replay(replay) => (replay.parts(), replay.depth() - 1),
            _ => (1, 0),
        };
        expr.each_child(|child| {
            parts = parts.saturating_add(child.0.parts);
            depth = depth.max(child.0.depth);
        });
        let depth = depth + 1;
        if parts > MAX_PARTS {
            let rule = format!("an expression may have at most {MAX_PARTS} parts, each counted as often as it is used");
            return Err(Error::value(expr.kind(), format!("{parts} parts"), rule)
                .or("Work the values out with `array` and wrap them with `table`, or use `repeat`."));
        }
        if depth > MAX_DEPTH {
            let rule =
                format!("parts may be nested at most {MAX_DEPTH} deep (chains of `then`, sums and products are flat)");
            return Err(Error::value(expr.kind(), format!("depth {depth}"), rule)
                .or("Merge neighbouring steps of the nesting into one."));
        }
        if let Expr::Then(parts, _) = &expr {
            let start = parts.iter().fold(0u64, |start, (_, length)| start.saturating_add(*length));
            if start > MAX_STEP {
                let rule = "the last part must start at step 2**53 at the latest";
                return Err(Error::value("then.at", start, rule).or("Shorten a part before it."));
            }
        }
        let steps = expr.steps();
        if steps.is_some_and(|n| n > MAX_STEP) {
            let got = match steps {
                Some(n) if n < u64::MAX => format!("{n} steps in all"),
                _ => "2**64 steps or more in all".to_owned(), // the sums and products above stop there
            };
            return Err(Error::value(expr.kind(), got, "a schedule lasts at most 2**53 steps").or("Shorten a part."));
        }
        Ok(Spec(Arc::new(SpecNode { expr, steps, parts, depth })))
    }

    /// A leaf: its arguments in order, `Absent` where left out.
    pub fn leaf(kind: &LeafKind, arguments: Vec<Value>) -> Result<Spec, Error> {
        // A thread that flushes subnormals would take one for 0, and work out a base's logarithm wrongly.
        let _state = simd::DefaultFloatMode::enter();
        let checked = || {
            let curve = (kind.build)(&check_all(&(kind.params)(), arguments)?);
            curve.check()?;
            Ok(curve)
        };
        Spec::make(Expr::Leaf(checked().map_err(|e: Error| e.within(kind.name))?))
    }

    /// A leaf that Rust code has written out.
    pub fn of_leaf(leaf: impl Into<Curve>) -> Result<Spec, Error> {
        let curve = leaf.into();
        let kind = leaf_kind(curve.name()).expect("a leaf has a kind");
        Spec::leaf(kind, curve.arguments().into_iter().map(|(_, value)| value).collect())
    }

    /// A framework's own recurrence: its arguments in order, `Absent` where left out.
    pub fn replay(kind: &'static ReplayKind, arguments: Vec<Value>) -> Result<Spec, Error> {
        let _state = simd::DefaultFloatMode::enter();
        Spec::of_replay(Replay::new(kind, arguments).map_err(|e| e.within(kind.name))?)
    }

    /// A replay by itself.
    pub fn of_replay(replay: Replay) -> Result<Spec, Error> {
        Spec::make(Expr::Replay(replay))
    }

    /// `self` before step `at` (its own length where that is left out), `next` counted from there.
    pub fn then(&self, next: &Spec, at: Option<u64>) -> Result<Spec, Error> {
        let at = match at.or(self.steps()) {
            Some(at) => START.check("then.at", at)?,
            None => {
                return Err(Error::value("then.at", "nothing", "the first part has no end of its own")
                    .or("Say how long it lasts: `a.then(b, at=1000)`."));
            }
        };
        Spec::chain(&[self.clone(), next.clone()], &[at])
    }

    /// Part after part, each but the last for so many steps, 1 at least; chains within it are taken apart.
    pub fn chain(parts: &[Spec], lengths: &[u64]) -> Result<Spec, Error> {
        let (last, first) = parts.split_last().expect("a chain has parts");
        let mut chain = Vec::new();
        for (part, &length) in first.iter().zip(lengths) {
            part.take(length, &mut chain);
        }
        match last.expr() {
            Expr::Then(parts, last) => {
                chain.extend(parts.iter().cloned());
                Spec::make(Expr::Then(chain, last.clone()))
            }
            _ => Spec::make(Expr::Then(chain, last.clone())),
        }
    }

    /// Appends its first `length` steps. A chain is cut where they end before its last joint, and goes on where after.
    fn take(&self, length: u64, parts: &mut Vec<(Spec, u64)>) {
        let (mut before, mut rest) = (0, self);
        if let Expr::Then(chain, last) = self.expr() {
            rest = last;
            for (part, own) in chain {
                if before + own >= length {
                    rest = part;
                    break;
                }
                parts.push((part.clone(), *own));
                before += own;
            }
        }
        parts.push((rest.clone(), length - before));
    }

    /// The pointwise sum; sums within it are taken apart.
    pub fn sum(terms: Vec<Operand>) -> Result<Spec, Error> {
        let flat = flatten("sum", terms, |expr| match expr {
            Expr::Sum(terms) => Some(terms),
            _ => None,
        })?;
        Spec::make(Expr::Sum(flat))
    }

    /// The pointwise product; products within it are taken apart.
    pub fn product(factors: Vec<Operand>) -> Result<Spec, Error> {
        let flat = flatten("product", factors, |expr| match expr {
            Expr::Product(factors) => Some(factors),
            _ => None,
        })?;
        Spec::make(Expr::Product(flat))
    }

    /// Changed by a combinator: its arguments beside the schedule in order, `Absent` where left out.
    pub fn combined(&self, kind: &CombinatorKind, arguments: Vec<Value>) -> Result<Spec, Error> {
        let checked = || {
            let combinator = (kind.build)(&check_all(&(kind.params)(), arguments)?);
            combinator.check(self)?;
            Ok(combinator)
        };
        let combinator = checked().map_err(|e: Error| e.within(kind.name))?;
        Spec::make(Expr::Combined(self.clone(), combinator))
    }

    /// Changed by a combinator that Rust code has written out.
    pub fn with(&self, combinator: impl Into<Combinator>) -> Result<Spec, Error> {
        let combinator = combinator.into();
        let kind = combinator_kind(combinator.name()).expect("a combinator has a kind");
        self.combined(kind, combinator.arguments().into_iter().map(|(_, value)| value).collect())
    }

    /// How many steps before the next part would start; `None` where there is no end.
    pub fn steps(&self) -> Option<u64> {
        self.0.steps
    }

    /// What it is made of.
    pub fn expr(&self) -> &Expr {
        &self.0.expr
    }
}

fn flatten(
    kind: &str,
    operands: Vec<Operand>,
    inner: impl Fn(&Expr) -> Option<&Vec<Operand>>,
) -> Result<Vec<Operand>, Error> {
    let mut flat = reserved(operands.len())?;
    let mut schedules = 0;
    for (i, operand) in operands.into_iter().enumerate() {
        match operand {
            Operand::Number(x) => {
                let x = FINITE.check("", x).map_err(|e| e.within(&format!("{kind}[{i}]")))?;
                push(&mut flat, Operand::Number(x))?;
            }
            Operand::Schedule(spec) => {
                schedules += 1;
                match inner(spec.expr()) {
                    Some(within) => {
                        flat.try_reserve(within.len()).map_err(too_little)?;
                        flat.extend(within.iter().cloned());
                    }
                    None => push(&mut flat, Operand::Schedule(spec))?,
                }
            }
        }
    }
    if schedules == 0 {
        return Err(Error::value(kind, "no schedule", "one operand at least must be a schedule").or("Use `constant`."));
    }
    Ok(flat)
}

impl Expr {
    /// The combinator's name, in texts and messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Expr::Leaf(curve) => curve.name(),
            Expr::Replay(replay) => replay.name(),
            Expr::Then(..) => "then",
            Expr::Sum(_) => "sum",
            Expr::Product(_) => "product",
            Expr::Combined(_, combinator) => combinator.name(),
        }
    }

    fn each_child(&self, mut visit: impl FnMut(&Spec)) {
        match self {
            Expr::Leaf(_) | Expr::Replay(_) => (),
            Expr::Then(parts, last) => {
                parts.iter().for_each(|(part, _)| visit(part));
                visit(last);
            }
            Expr::Sum(operands) | Expr::Product(operands) => operands.iter().for_each(|operand| {
                if let Operand::Schedule(spec) = operand {
                    visit(spec);
                }
            }),
            Expr::Combined(of, _) => visit(of),
        }
    }

    fn steps(&self) -> Option<u64> {
        match self {
            Expr::Leaf(curve) => curve.steps(),
            Expr::Replay(replay) => replay.steps(),
            Expr::Then(parts, last) => {
                let before = parts.iter().fold(0u64, |sum, (_, length)| sum.saturating_add(*length));
                last.steps().map(|n| n.saturating_add(before))
            }
            Expr::Sum(operands) | Expr::Product(operands) => {
                let mut longest = Some(0);
                for operand in operands {
                    if let Operand::Schedule(spec) = operand {
                        longest = longest.zip(spec.steps()).map(|(a, b): (u64, u64)| a.max(b));
                    }
                }
                longest
            }
            Expr::Combined(of, combinator) => combinator.steps(of.steps()),
        }
    }
}

impl PartialEq for Spec {
    fn eq(&self, other: &Spec) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.parts == other.0.parts && self.0.expr == other.0.expr)
    }
}

impl Eq for Spec {}

impl Hash for Spec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expr().kind().hash(state);
        self.steps().hash(state);
        match self.expr() {
            Expr::Leaf(curve) => curve.arguments().iter().for_each(|(_, value)| value.hash(state)),
            Expr::Replay(replay) => replay.hash(state),
            Expr::Then(parts, last) => {
                parts.iter().for_each(|part| part.hash(state));
                last.hash(state);
            }
            Expr::Sum(operands) | Expr::Product(operands) => operands.iter().for_each(|operand| match operand {
                Operand::Number(x) => x.to_bits().hash(state),
                Operand::Schedule(spec) => spec.hash(state),
            }),
            Expr::Combined(of, combinator) => {
                of.hash(state);
                combinator.arguments().iter().for_each(|(_, value)| value.hash(state));
            }
        }
    }
}
