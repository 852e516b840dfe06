//! An expression as Python would write it.

use std::fmt;

use super::{Expr, Operand, Spec};
use crate::combinator::{Combinator, combinator_kind};
use crate::curve::Curve;
use crate::declare::{Param, Replay, Value};
use crate::limits::{MAX_STEP, show};

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
            Expr::Combined(of, combinator) => fmt_combined(of, combinator, f),
        }
    }
}

impl Spec {
    /// The same, in brackets where something follows that binds more tightly.
    fn fmt_atom(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr() {
            Expr::Sum(_) | Expr::Product(_) => write!(f, "({self})"),
            Expr::Combined(_, own) if combinator_kind(own.name()).is_some_and(|kind| kind.operator.is_some()) => {
                write!(f, "({self})")
            }
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

/// `a.hold(3)`, or `a / 3.0`. All arguments are written by position, or those that may be left out by name.
fn fmt_combined(of: &Spec, combinator: &Combinator, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let kind = combinator_kind(combinator.name()).expect("a combinator has a kind");
    let values: Vec<Value> = combinator.arguments().into_iter().map(|(_, value)| value).collect();
    of.fmt_atom(f)?;
    if let (Some(operator), [value]) = (kind.operator, &values[..]) {
        write!(f, " {operator} ")?;
        return fmt_value(value, f);
    }
    let mut params = (kind.params)();
    if !values.contains(&Value::Absent) {
        params.iter_mut().for_each(|param| param.default = None);
    }
    write!(f, ".{}(", kind.name)?;
    fmt_arguments(&params, &values, false, f)?;
    f.write_str(")")
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
    let values: Vec<Value> = curve.arguments().into_iter().map(|(_, value)| value).collect();
    fmt_arguments(&curve.params(), &values, false, f)?;
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
        Value::Replays(list) => fmt_list(list, fmt_replay, f),
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
