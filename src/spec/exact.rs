//! An expression without replays: the closed form of each in its place.

use super::{Expr, Operand, Spec};
use crate::combinator::Combinator;
use crate::curve::Linear;
use crate::declare::Replay;
use crate::error::{Error, brief};
use crate::lower::lower;

impl Spec {
    /// The same, with the closed form in the place of each replay.
    pub fn exact(&self) -> Result<Spec, Error> {
        let operands = |operands: &[Operand]| -> Result<Vec<Operand>, Error> {
            let exact = |operand: &Operand| match operand {
                Operand::Number(x) => Ok(Operand::Number(*x)),
                Operand::Schedule(spec) => spec.exact().map(Operand::Schedule),
            };
            operands.iter().map(exact).collect()
        };
        match self.expr() {
            Expr::Leaf(_) => Ok(self.clone()),
            Expr::Replay(replay) => replay.exact().map_err(|reason| refused(self, replay, &reason)),
            Expr::Then(parts, last) => {
                let lengths: Vec<u64> = parts.iter().map(|(_, length)| *length).collect();
                let exact: Result<Vec<Spec>, Error> =
                    parts.iter().map(|(part, _)| part).chain([last]).map(Spec::exact).collect();
                Spec::chain(&exact?, &lengths)
            }
            Expr::Sum(terms) => Spec::sum(operands(terms)?),
            Expr::Product(factors) => Spec::product(operands(factors)?),
            Expr::Combined(of, combinator) => {
                let mut exact = of.exact()?;
                if let (Combinator::Repeat(_), Some(steps)) = (combinator, of.steps()) {
                    exact = exact.lasting(steps)?;
                }
                exact.with(combinator.clone())
            }
        }
    }

    /// Of this length: a replay may have an end where its closed form has none, or another.
    fn lasting(&self, steps: u64) -> Result<Spec, Error> {
        if self.steps() == Some(steps) {
            return Ok(self.clone());
        }
        let plan = lower(self);
        let last = |start| Spec::of_leaf(Linear { start: plan.at(start), end: plan.at(steps), steps: steps - start });
        if steps == 1 { last(0) } else { self.then(&last(steps - 1)?, Some(steps - 1)) }
    }
}

/// What is said of a replay without a closed form.
fn refused(spec: &Spec, replay: &Replay, reason: &Error) -> Error {
    let mut rule = format!("{} has no closed form", replay.name());
    if !reason.rule.is_empty() {
        rule += &format!(" here: `{}` is {}, and {}", reason.place, reason.got, reason.rule);
    }
    Error::value("exact", brief(&spec.to_string()), rule).or("Keep the replay: it is a schedule like any other.")
}
