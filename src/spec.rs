//! The expression that the user meant: leaves and combinators, checked once, when they are made.
//!
//! A [`Spec`] can only be had from the constructors here, so to hold one is to have proved it. JSON and Python both come
//! in by these doors. Chains of `then`, sums and products are kept flat: `a.then(b.then(c))` and `a.then(b).then(c)` are
//! one list, and so are equal.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::curve::{Curve, Formula, LEAF_KINDS};
use crate::error::Error;
use crate::limits::{BOUND, FINITE, GAP, MAX_DEPTH, MAX_PARTS, MAX_STEP, START, STEP, TIMES, show};
use crate::memory::{push, reserved, too_little};
use crate::replay::{Replay, ReplayKind};
use crate::shape::{LeafKind, Param, Value};
use crate::simd;

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
    /// A shape with its arguments.
    Leaf(Curve),
    /// A framework's own recurrence.
    Replay(Replay),
    /// Each part but the last with its length, one after another.
    Then(Vec<(Spec, u64)>, Spec),
    /// A pointwise sum.
    Sum(Vec<Operand>),
    /// A pointwise product.
    Product(Vec<Operand>),
    /// A schedule divided by a number.
    Quotient(Spec, f64),
    /// A schedule kept within bounds.
    Clamp(Spec, Option<f64>, Option<f64>),
    /// A schedule that waits at its first value for so many steps.
    Delay(Spec, u64),
    /// A schedule's first `steps`, so many times (for ever where it is `None`).
    Repeat(Spec, Option<u64>),
    /// A schedule that changes only at every so-many-th step.
    Hold(Spec, u64),
    /// A schedule of epochs, in steps.
    ByEpoch(Spec, u64),
}

/// The shape of that name.
pub fn leaf_kind(name: &str) -> Option<&'static LeafKind> {
    LEAF_KINDS.iter().find(|kind| kind.name == name)
}

impl Spec {
    fn make(expr: Expr) -> Result<Spec, Error> {
        let mut parts = 1u64;
        let mut depth = 0;
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
            let got = steps.map_or_else(String::new, |n| format!("{n} steps in all"));
            return Err(Error::value(expr.kind(), got, "a schedule lasts at most 2**53 steps").or("Shorten a part."));
        }
        Ok(Spec(Arc::new(SpecNode { expr, steps, parts, depth })))
    }

    /// A leaf: the shape's arguments in order, `Absent` where left out.
    pub fn leaf(kind: &LeafKind, arguments: Vec<Value>) -> Result<Spec, Error> {
        // A thread that flushes subnormals would take one for 0, and work out a base's logarithm wrongly.
        let _state = simd::DefaultFloatMode::enter();
        let checked = || {
            let params = (kind.params)();
            debug_assert_eq!(params.len(), arguments.len());
            let values: Result<Vec<Value>, Error> =
                params.iter().zip(arguments).map(|(param, value)| param.check(value)).collect();
            let curve = (kind.build)(&values?);
            curve.check()?;
            Ok(curve)
        };
        Spec::make(Expr::Leaf(checked().map_err(|e: Error| e.within(kind.name))?))
    }

    /// A framework's own recurrence: the form's arguments in order, `Absent` where left out.
    pub fn replay(kind: &'static ReplayKind, arguments: Vec<Value>) -> Result<Spec, Error> {
        let _state = simd::DefaultFloatMode::enter();
        let replay = Replay::new(kind, arguments).map_err(|e| e.within(kind.name))?;
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

    /// Divided by a number.
    pub fn quotient(&self, by: f64) -> Result<Spec, Error> {
        let by = FINITE.check("quotient.by", by)?;
        if by == 0.0 {
            return Err(Error::value("quotient.by", show(by), "it must not be 0").or("Multiply by a number instead."));
        }
        Spec::make(Expr::Quotient(self.clone(), by))
    }

    /// Kept within bounds, either of which may be left out.
    pub fn clamp(&self, low: Option<f64>, high: Option<f64>) -> Result<Spec, Error> {
        let check = |place, bound: Option<f64>| bound.map(|x| BOUND.check(place, x)).transpose();
        let (low, high) = (check("clamp.low", low)?, check("clamp.high", high)?);
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            let got = format!("{} with high {}", show(low), show(high));
            return Err(Error::value("clamp.low", got, "it must not be above `high`").or("Swap them."));
        }
        if (low, high) == (None, None) {
            return Err(
                Error::value("clamp", "no bound", "there must be `low`, `high` or both").or("Leave the clamp out.")
            );
        }
        Spec::make(Expr::Clamp(self.clone(), low, high))
    }

    /// The first value for `n` steps, then everything.
    pub fn delay(&self, n: u64) -> Result<Spec, Error> {
        Spec::make(Expr::Delay(self.clone(), STEP.check("delay.n", n)?))
    }

    /// The first `steps`, again and again.
    pub fn repeat(&self, times: Option<u64>) -> Result<Spec, Error> {
        let times = times.map(|n| TIMES.check("repeat.times", n)).transpose()?;
        if self.steps().is_none_or(|n| n == 0) {
            let rule = "what is repeated must have an end";
            return Err(Error::value("repeat", "a schedule whose steps is None", rule)
                .or("Give it one: `a.then(b, at=1000)` lasts as long as b says."));
        }
        Spec::make(Expr::Repeat(self.clone(), times))
    }

    /// `self[k // every * every]`.
    pub fn hold(&self, every: u64) -> Result<Spec, Error> {
        Spec::make(Expr::Hold(self.clone(), GAP.check("hold.every", every)?))
    }

    /// `self[k // steps_per_epoch]`.
    pub fn by_epoch(&self, steps_per_epoch: u64) -> Result<Spec, Error> {
        Spec::make(Expr::ByEpoch(self.clone(), GAP.check("by_epoch.steps_per_epoch", steps_per_epoch)?))
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
            Expr::Quotient(..) => "quotient",
            Expr::Clamp(..) => "clamp",
            Expr::Delay(..) => "delay",
            Expr::Repeat(..) => "repeat",
            Expr::Hold(..) => "hold",
            Expr::ByEpoch(..) => "by_epoch",
        }
    }

    fn each_child(&self, mut visit: impl FnMut(&Spec)) {
        match self {
            Expr::Leaf(_) => (),
            Expr::Replay(replay) => replay.each_part(visit),
            Expr::Then(parts, last) => {
                parts.iter().for_each(|(part, _)| visit(part));
                visit(last);
            }
            Expr::Sum(operands) | Expr::Product(operands) => operands.iter().for_each(|operand| {
                if let Operand::Schedule(spec) = operand {
                    visit(spec);
                }
            }),
            Expr::Quotient(a, _)
            | Expr::Clamp(a, ..)
            | Expr::Delay(a, _)
            | Expr::Repeat(a, _)
            | Expr::Hold(a, _)
            | Expr::ByEpoch(a, _) => visit(a),
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
            Expr::Quotient(a, _) | Expr::Clamp(a, ..) => a.steps(),
            Expr::Delay(a, n) => a.steps().map(|steps| steps.saturating_add(*n)),
            Expr::Repeat(a, times) => a.steps().zip(*times).map(|(steps, times)| steps.saturating_mul(times)),
            // After the steps of what is held its last value need not be up yet.
            Expr::Hold(..) => None,
            Expr::ByEpoch(a, n) => a.steps().map(|steps| steps.saturating_mul(*n)),
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
            Expr::Leaf(curve) => curve.arguments().iter().for_each(|(_, value)| hash_value(value, state)),
            Expr::Replay(replay) => replay.arguments().iter().for_each(|value| hash_value(value, state)),
            Expr::Then(parts, last) => {
                parts.iter().for_each(|part| part.hash(state));
                last.hash(state);
            }
            Expr::Sum(operands) | Expr::Product(operands) => operands.iter().for_each(|operand| match operand {
                Operand::Number(x) => x.to_bits().hash(state),
                Operand::Schedule(spec) => spec.hash(state),
            }),
            Expr::Quotient(a, by) => (a, by.to_bits()).hash(state),
            Expr::Clamp(a, low, high) => (a, low.map(f64::to_bits), high.map(f64::to_bits)).hash(state),
            Expr::Delay(a, n) | Expr::Hold(a, n) | Expr::ByEpoch(a, n) => (a, n).hash(state),
            Expr::Repeat(a, times) => (a, times).hash(state),
        }
    }
}

fn hash_value<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        Value::Real(x) => x.to_bits().hash(state),
        Value::Count(n) => n.hash(state),
        Value::Flag(flag) => flag.hash(state),
        Value::Reals(list) => list.iter().for_each(|x| x.to_bits().hash(state)),
        Value::Counts(list) => list.hash(state),
        Value::Int(n) => n.hash(state),
        Value::Ints(list) => list.hash(state),
        Value::Text(word) => word.hash(state),
        Value::Schedules(list) => list.hash(state),
        Value::Absent => 0.hash(state),
    }
}

/// Lists of up to so many values are written out whole by `Display`; of longer ones the first few.
pub const WHOLE: usize = 1000;
const FEW: usize = 8;

/// As Python would write it: `gp.linear(0.0, 0.1, 100)`.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr() {
            Expr::Leaf(curve) => fmt_leaf(curve, f),
            Expr::Replay(replay) => fmt_replay(replay, f),
            Expr::Then(parts, last) => fmt_chain(parts, last, f),
            Expr::Sum(operands) => fmt_operands(operands, " + ", f),
            Expr::Product(operands) => fmt_operands(operands, " * ", f),
            Expr::Quotient(a, by) => {
                a.fmt_atom(f)?;
                write!(f, " / {}", show(*by))
            }
            Expr::Clamp(a, low, high) => {
                a.fmt_atom(f)?;
                match (low, high) {
                    (Some(low), Some(high)) => write!(f, ".clamp({}, {})", show(*low), show(*high)),
                    (Some(low), None) => write!(f, ".clamp(low={})", show(*low)),
                    (_, high) => write!(f, ".clamp(high={})", show(high.unwrap_or(f64::INFINITY))),
                }
            }
            Expr::Delay(a, n) => fmt_call(a, "delay", Some(n), f),
            Expr::Repeat(a, times) => fmt_call(a, "repeat", times.as_ref(), f),
            Expr::Hold(a, every) => fmt_call(a, "hold", Some(every), f),
            Expr::ByEpoch(a, n) => fmt_call(a, "by_epoch", Some(n), f),
        }
    }
}

impl Spec {
    /// The same, in brackets where something follows that binds more tightly.
    fn fmt_atom(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr() {
            Expr::Sum(_) | Expr::Product(_) | Expr::Quotient(..) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

/// `a.then(b).then(c, at=20)`. Where a part is cut that by itself would end past 2**53, what follows it goes into its
/// brackets: `a.then(b.then(c, at=20), at=10)`.
fn fmt_chain(parts: &[(Spec, u64)], last: &Spec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    parts[0].0.fmt_atom(f)?;
    // How long everything is within the brackets that are open, and where each of these starts, to close it with.
    let (mut before, mut open) = (0u64, Vec::new());
    for (i, (part, length)) in parts.iter().enumerate() {
        let next = parts.get(i + 1).map_or(last, |(next, _)| next);
        // The length so far is what `then` would take by itself only where it is the chain's own.
        let is_own = part.steps() == Some(*length);
        before += length;
        let is_cut = parts.get(i + 1).is_some_and(|(_, length)| next.steps() != Some(*length));
        if is_cut && next.steps().is_some_and(|steps| before + steps > MAX_STEP) {
            f.write_str(".then(")?;
            next.fmt_atom(f)?;
            open.push((is_own, before));
            before = 0;
            continue;
        }
        write!(f, ".then({next}")?;
        close(is_own, before, f)?;
    }
    open.into_iter().rev().try_for_each(|(is_own, at)| close(is_own, at, f))
}

fn close(is_own: bool, at: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_own { f.write_str(")") } else { write!(f, ", at={at})") }
}

fn fmt_call(a: &Spec, name: &str, n: Option<&u64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    a.fmt_atom(f)?;
    match n {
        Some(n) => write!(f, ".{name}({n})"),
        None => write!(f, ".{name}()"),
    }
}

fn fmt_operands(operands: &[Operand], sign: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Python works from the left, and would make one number of two: `0.1 + (0.2 + a)` keeps them apart.
    let numbers = operands.iter().take_while(|operand| matches!(operand, Operand::Number(_))).count();
    for (i, operand) in operands.iter().enumerate() {
        if i > 0 {
            f.write_str(sign)?;
        }
        if i > 0 && i < numbers {
            f.write_str("(")?;
        }
        match operand {
            Operand::Number(x) if *x < 0.0 && i > 0 => write!(f, "({})", show(*x))?,
            Operand::Number(x) => f.write_str(&show(*x))?,
            Operand::Schedule(spec) => spec.fmt_atom(f)?,
        }
        if i == numbers {
            f.write_str(&")".repeat(numbers.saturating_sub(1)))?;
        }
    }
    Ok(())
}

fn fmt_leaf(curve: &Curve, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "gp.{}(", curve.name())?;
    let params = leaf_kind(curve.name()).map_or_else(Vec::new, |kind| (kind.params)());
    let values: Vec<Value> = curve.arguments().into_iter().map(|(_, value)| value).collect();
    fmt_arguments(&params, &values, false, f)?;
    f.write_str(")")
}

fn fmt_replay(replay: &Replay, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "gp.replay(\"{}\", ", replay.name())?;
    fmt_arguments(&replay.params(), replay.arguments(), true, f)?;
    f.write_str(")")
}

/// What is not as it would be by itself; by name from the first that may be left out on.
fn fmt_arguments(params: &[Param], values: &[Value], mut by_name: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut first = true;
    for (param, value) in params.iter().zip(values) {
        by_name |= param.default.is_some();
        if param.default.as_ref() == Some(value) {
            continue;
        }
        if !first {
            f.write_str(", ")?;
        }
        first = false;
        if by_name {
            write!(f, "{}=", param.name)?;
        }
        fmt_value(value, f)?;
    }
    Ok(())
}

fn fmt_value(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Real(x) => f.write_str(&show(*x)),
        Value::Count(n) => write!(f, "{n}"),
        Value::Flag(flag) => f.write_str(if *flag { "True" } else { "False" }),
        Value::Reals(list) => fmt_list(list, |x, f| f.write_str(&show(*x)), f),
        Value::Counts(list) => fmt_list(list, fmt::Display::fmt, f),
        Value::Int(n) => write!(f, "{n}"),
        Value::Ints(list) => fmt_list(list, fmt::Display::fmt, f),
        Value::Text(word) => write!(f, "\"{word}\""),
        Value::Schedules(list) => fmt_list(list, fmt::Display::fmt, f),
        Value::Absent => f.write_str("None"),
    }
}

fn fmt_list<T>(
    list: &[T],
    item: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let shown = if list.len() <= WHOLE { list.len() } else { FEW };
    f.write_str("[")?;
    for (i, value) in list[..shown].iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        item(value, f)?;
    }
    if shown < list.len() {
        write!(f, ", ... {} values; `to_json()` writes them all", list.len())?;
    }
    f.write_str("]")
}
