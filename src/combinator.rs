//! The combinators that change one schedule: each is declared here once, with its meaning.
//!
//! To add one, declare it in the list below and write its [`Combine`]. The Python method, its checks, the text form, the
//! schema, `repr`, equality and hash follow. (`then`, sums and products have any number of parts, and stand in `spec`.)

use crate::declare::{Field, Param, ParamType, Value};
use crate::error::Error;
use crate::limits::{BOUND, FINITE, GAP, NEVER, RATIO, STEP, TIMES, show};
use crate::plan::{Map, PlanNode};
use crate::stretch::stretched;

/// The schedule that a combinator changes.
pub trait Part {
    /// How long it lasts.
    fn steps(&self) -> Option<u64>;
    /// Its plan. It is made anew at each call.
    fn plan(&self) -> PlanNode;
}

/// What a combinator means.
pub trait Combine {
    /// What must hold between the parameters and the schedule.
    fn check(&self, _of: &dyn Part) -> Result<(), Error> {
        Ok(())
    }
    /// How long a schedule of this length becomes.
    fn steps(&self, steps: Option<u64>) -> Option<u64>;
    /// The plan, of the plan of a schedule of this length.
    fn lower(&self, of: Box<PlanNode>, steps: Option<u64>) -> PlanNode;
    /// How many steps one step of the schedule takes.
    fn unit(&self) -> f64 {
        1.0
    }
    /// Whether the schedule comes again and again.
    fn has_cycles(&self) -> bool {
        false
    }
}

/// A kind of combinator: a name, its documentation, its parameters and its constructor.
pub struct CombinatorKind {
    /// The name, of the Python method and in texts.
    pub name: &'static str,
    /// The operator that Python has for it, if there is one; then there is no method.
    pub operator: Option<&'static str>,
    /// The documentation: formula first, then arguments, errors, an example.
    pub doc: &'static str,
    /// The parameters beside the schedule, in order.
    pub params: fn() -> Vec<Param>,
    pub(crate) build: fn(&[Value]) -> Combinator,
}

impl CombinatorKind {
    /// The keys of its text form beside `kind`.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once("of").chain((self.params)().into_iter().map(|param| param.name))
    }
}

impl std::fmt::Debug for CombinatorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CombinatorKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The kind of that name.
pub fn combinator_kind(name: &str) -> Option<&'static CombinatorKind> {
    COMBINATOR_KINDS.iter().find(|kind| kind.name == name)
}

/// Declares combinators. Each field is `name: type = ParamType(limits)` and, where it may be left out, `or default`.
macro_rules! combinators {
    ($(
        $(#[doc = $doc:literal])*
        $Name:ident as $name:ident $(with $operator:literal)? {
            $($field:ident : $type:ty = $kind:expr $(, or $default:expr)? ;)*
        }
    )*) => {
        $(
            $(#[doc = $doc])*
            #[allow(rustdoc::broken_intra_doc_links, reason = "the text is a Python docstring: `s[2]` is no link")]
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Name {
                $(#[doc = concat!("See [`", stringify!($Name), "`].")] pub $field: $type,)*
            }
        )*

        /// Any of the combinators.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Combinator {
            $(#[doc = concat!("See [`", stringify!($Name), "`].")] $Name($Name),)*
        }

        $(impl From<$Name> for Combinator {
            fn from(combinator: $Name) -> Combinator {
                Combinator::$Name(combinator)
            }
        })*

        /// Every combinator there is, in the order of their declaration.
        pub static COMBINATOR_KINDS: &[CombinatorKind] = &[$(CombinatorKind {
            name: stringify!($name),
            operator: combinators!(@option $($operator)?),
            doc: concat!($($doc, "\n"),*),
            params: || vec![$(Param {
                name: stringify!($field),
                kind: $kind,
                default: combinators!(@option $($default)?),
            },)*],
            build: |values| {
                let mut values = values.iter();
                Combinator::$Name($Name {
                    $($field: Field::take(values.next().expect("one value a parameter")),)*
                })
            },
        },)*];

        impl Combinator {
            /// The combinator's name.
            pub fn name(&self) -> &'static str {
                match self { $(Combinator::$Name(_) => stringify!($name),)* }
            }

            /// The parameters, in order.
            pub fn params(&self) -> Vec<Param> {
                combinator_kind(self.name()).map_or_else(Vec::new, |kind| (kind.params)())
            }

            /// The arguments, by name, in order.
            pub fn arguments(&self) -> Vec<(&'static str, Value)> {
                match self { $(Combinator::$Name(own) => vec![$((stringify!($field), own.$field.give()),)*],)* }
            }
        }

        impl Combine for Combinator {
            fn check(&self, of: &dyn Part) -> Result<(), Error> {
                match self { $(Combinator::$Name(own) => own.check(of),)* }
            }
            fn steps(&self, steps: Option<u64>) -> Option<u64> {
                match self { $(Combinator::$Name(own) => own.steps(steps),)* }
            }
            fn lower(&self, of: Box<PlanNode>, steps: Option<u64>) -> PlanNode {
                match self { $(Combinator::$Name(own) => own.lower(of, steps),)* }
            }
            fn unit(&self) -> f64 {
                match self { $(Combinator::$Name(own) => own.unit(),)* }
            }
            fn has_cycles(&self) -> bool {
                match self { $(Combinator::$Name(own) => own.has_cycles(),)* }
            }
        }
    };
    (@option) => { None };
    (@option $value:expr) => { Some($value) };
}

combinators! {
    /// This schedule divided by a number.
    Quotient as quotient with "/" {
        by: f64 = ParamType::Real(FINITE);
    }

    /// This schedule, but never below `low` and never above `high`; either may be left out.
    ///
    /// Raises `ValueError` where both are left out, or `low` is above `high`.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).clamp(low=0.25, high=0.5).array(5)
    /// array([0.25, 0.25, 0.5 , 0.5 , 0.5 ])
    Clamp as clamp {
        low: Option<f64> = ParamType::Real(BOUND), or Value::Absent;
        high: Option<f64> = ParamType::Real(BOUND), or Value::Absent;
    }

    /// The first value for `n` steps, then this schedule from its step 0.
    ///
    /// Args:
    ///     n: how many steps, 0 to 2**53.
    ///
    /// >>> gp.linear(1.0, 0.0, 2).delay(2).array(5)
    /// array([1. , 1. , 1. , 0.5, 0. ])
    Delay as delay {
        n: u64 = ParamType::Count(STEP);
    }

    /// The first `steps` steps of this schedule again and again, `times` times (for ever where it is None).
    ///
    /// After the last time it holds `self[self.steps]`.
    ///
    /// Raises `ValueError` where this schedule has no end.
    ///
    /// >>> gp.linear(0.0, 1.0, 2).repeat(2).array(6)
    /// array([0. , 0.5, 0. , 0.5, 1. , 1. ])
    Repeat as repeat {
        times: Option<u64> = ParamType::Count(TIMES), or Value::Absent;
    }

    /// The value of every `every`-th step, held until the next of them: `s[k // every * every]`.
    ///
    /// >>> gp.linear(0.0, 1.0, 4).hold(2).array(5)
    /// array([0. , 0. , 0.5, 0.5, 1. ])
    Hold as hold {
        every: u64 = ParamType::Count(GAP);
    }

    /// This schedule counted in epochs: `s[k // steps_per_epoch]`.
    ///
    /// >>> gp.piecewise_constant([1.0, 0.1], [1]).by_epoch(3).array(5)
    /// array([1. , 1. , 1. , 0.1, 0.1])
    ByEpoch as by_epoch {
        steps_per_epoch: u64 = ParamType::Count(GAP);
    }

    /// This schedule without its first `n` steps: `s[k + n]`.
    ///
    /// Where k + n is past 2**53, the value is `s[2**53]`.
    ///
    /// Args:
    ///     n: how many steps, 0 to 2**53.
    ///
    /// A warm-up from 0 makes the first update at rate 0, which changes nothing. With `skip(1)` no update is wasted,
    /// and the last update of the run has the last value:
    ///
    /// >>> gp.linear(0.0, 1.0, 4).skip(1).array(4)
    /// array([0.25, 0.5 , 0.75, 1.  ])
    Skip as skip {
        n: u64 = ParamType::Count(STEP.not_a_time());
    }

    /// Every `n`-th value of this schedule: `s[k * n]`.
    ///
    /// Where k * n is past 2**53, the value is `s[2**53]`.
    ///
    /// Args:
    ///     n: how many steps of this schedule one step takes, 1 to 2**53.
    ///
    /// >>> gp.linear(0.0, 1.0, 8).stride(2).array(5)
    /// array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    Stride as stride {
        n: u64 = ParamType::Count(GAP.not_a_time());
    }

    /// This schedule, each of whose steps takes `by / over` steps: `s(k * over / by)`, also between its steps.
    Stretch as stretch {
        by: u64 = ParamType::Count(RATIO);
        over: u64 = ParamType::Count(RATIO), or Value::Count(1);
    }
}

impl Combine for Skip {
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps.map(|steps| steps.saturating_sub(self.n))
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Remap(Map::Skip(self.n), of)
    }
}

impl Combine for Stride {
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps.map(|steps| steps.div_ceil(self.n))
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Remap(Map::Stride(self.n), of)
    }
    fn unit(&self) -> f64 {
        1.0 / self.n as f64
    }
}

impl Combine for Stretch {
    fn check(&self, of: &dyn Part) -> Result<(), Error> {
        stretched(&of.plan(), self.by).map(drop)
    }
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        let steps = u128::from(steps?) * u128::from(self.by);
        Some(u64::try_from(steps.div_ceil(u128::from(self.over))).unwrap_or(u64::MAX))
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        let longer = stretched(&of, self.by).expect("it was checked");
        if self.over == 1 { longer } else { PlanNode::Remap(Map::Stride(self.over), Box::new(longer)) }
    }
    fn unit(&self) -> f64 {
        self.by as f64 / self.over as f64
    }
}

impl Combine for Quotient {
    fn check(&self, _of: &dyn Part) -> Result<(), Error> {
        if self.by == 0.0 {
            return Err(Error::value("by", show(self.by), "it must not be 0").or("Multiply by a number instead."));
        }
        Ok(())
    }
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Quotient(of, self.by)
    }
}

impl Combine for Clamp {
    fn check(&self, _of: &dyn Part) -> Result<(), Error> {
        match (self.low, self.high) {
            (Some(low), Some(high)) if low > high => {
                let got = format!("{} with high {}", show(low), show(high));
                Err(Error::value("low", got, "it must not be above `high`").or("Swap them."))
            }
            (None, None) => {
                Err(Error::value("", "no bound", "there must be `low`, `high` or both").or("Leave the clamp out."))
            }
            _ => Ok(()),
        }
    }
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Clamp(of, self.low, self.high)
    }
}

impl Combine for Delay {
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps.map(|steps| steps.saturating_add(self.n))
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Remap(Map::Delay(self.n), of)
    }
}

impl Combine for Repeat {
    fn check(&self, of: &dyn Part) -> Result<(), Error> {
        match of.steps() {
            None => {
                let rule = "what is repeated must have an end";
                Err(Error::value("", "a schedule whose steps is None", rule)
                    .or("Give it one: `a.then(b, at=1000)` lasts as long as b says."))
            }
            Some(0) => {
                Err(Error::value("", "a schedule whose steps is 0", "what is repeated must last at least one step")
                    .or("A `skip` has left out all steps: skip fewer."))
            }
            Some(_) => Ok(()),
        }
    }
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps.zip(self.times).map(|(steps, times)| steps.saturating_mul(times))
    }
    fn lower(&self, of: Box<PlanNode>, steps: Option<u64>) -> PlanNode {
        let period = steps.expect("a repeat was checked to have an end");
        let end = self.times.map_or(NEVER, |times| times.saturating_mul(period));
        PlanNode::Remap(Map::Cycle { period, end }, of)
    }
    fn has_cycles(&self) -> bool {
        true
    }
}

impl Combine for Hold {
    fn steps(&self, _steps: Option<u64>) -> Option<u64> {
        // After the steps of what is held its last value need not be up yet.
        None
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Remap(Map::Floor(self.every), of)
    }
}

impl Combine for ByEpoch {
    fn steps(&self, steps: Option<u64>) -> Option<u64> {
        steps.map(|steps| steps.saturating_mul(self.steps_per_epoch))
    }
    fn lower(&self, of: Box<PlanNode>, _steps: Option<u64>) -> PlanNode {
        PlanNode::Remap(Map::Divide(self.steps_per_epoch), of)
    }
    fn unit(&self) -> f64 {
        self.steps_per_epoch as f64
    }
}
