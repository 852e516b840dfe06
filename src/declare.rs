//! How leaves, combinators and replays are declared: their parameters as data, so that the constructor, the checks, the text
//! form, the schema, the Python function and its documentation all follow from one declaration.
//!
//! An argument may be a list of replays, and a replay has arguments. So both types stand here.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::error::{Error, Interrupted, brief};
use crate::limits::{CountLimit, RealLimit};
use crate::real::Base;
use crate::replay::{Recurrence, Spend, Walk};
use crate::spec::Spec;

/// An argument, as it comes from a caller or a text.
#[derive(Clone, Debug)]
pub enum Value {
    /// A real number.
    Real(f64),
    /// A count of steps.
    Count(u64),
    /// A whole number.
    Int(i64),
    /// A yes or no.
    Flag(bool),
    /// Real numbers.
    Reals(Arc<Vec<f64>>),
    /// Counts of steps.
    Counts(Arc<Vec<u64>>),
    /// Whole numbers.
    Ints(Arc<Vec<i64>>),
    /// A word.
    Text(Arc<str>),
    /// Replays.
    Replays(Arc<[Replay]>),
    /// Left out.
    Absent,
}

/// Equal in every bit: -0.0 is not 0.0.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Real(a), Value::Real(b)) => a.to_bits() == b.to_bits(),
            (Value::Count(a), Value::Count(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Flag(a), Value::Flag(b)) => a == b,
            (Value::Reals(a), Value::Reals(b)) => {
                Arc::ptr_eq(a, b) || a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.to_bits() == b.to_bits())
            }
            (Value::Counts(a), Value::Counts(b)) => a == b,
            (Value::Ints(a), Value::Ints(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Replays(a), Value::Replays(b)) => a == b,
            (Value::Absent, Value::Absent) => true,
            _ => false,
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Value::Real(x) => x.to_bits().hash(state),
            Value::Count(n) => n.hash(state),
            Value::Flag(flag) => flag.hash(state),
            Value::Reals(list) => sample(list).for_each(|x| x.to_bits().hash(state)),
            Value::Counts(list) => sample(list).for_each(|n| n.hash(state)),
            Value::Int(n) => n.hash(state),
            Value::Ints(list) => sample(list).for_each(|n| n.hash(state)),
            Value::Text(word) => word.hash(state),
            Value::Replays(list) => list.hash(state),
            Value::Absent => 0.hash(state),
        }
    }
}

/// Some hundreds of the values of a list. To hash all of a table of 10^8 values takes a second, in which Ctrl-C is not heard.
fn sample<T>(list: &[T]) -> impl Iterator<Item = &T> {
    const MOST: usize = 1024;
    list.iter().step_by(list.len().div_ceil(MOST).max(1))
}

/// What kind of argument a parameter takes, and its limits.
#[derive(Clone, Copy, Debug)]
pub enum ParamType {
    /// A real number.
    Real(RealLimit),
    /// A count of steps.
    Count(CountLimit),
    /// A yes or no.
    Flag,
    /// A list of real numbers, at least one.
    Reals(RealLimit),
    /// A list of counts, strictly increasing, possibly empty.
    Counts(CountLimit),
    /// A real number, every bit of which is kept: -0.0 too.
    Double(RealLimit),
    /// A list of such numbers, possibly empty.
    Doubles(RealLimit),
    /// A whole number of steps, from -2^63 to 2^63 - 1.
    Int,
    /// A list of whole numbers of steps, in any order, possibly empty.
    Ints,
    /// One of these words.
    Text(&'static [&'static str]),
    /// A list of replays, at least one.
    Replays,
}

/// One parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParamType,
    /// What it is when left out; `None` where it may not be.
    pub default: Option<Value>,
}

impl Param {
    /// The value, if the parameter's limits admit it.
    pub fn check(&self, value: Value) -> Result<Value, Error> {
        let place = self.name;
        Ok(match (self.kind, value) {
            (_, Value::Absent) => match &self.default {
                Some(default) => default.clone(),
                None => return Err(Error::kind(place, "nothing", "it must be given")),
            },
            (ParamType::Real(limit), Value::Real(x)) => Value::Real(limit.check(place, x)?),
            (ParamType::Count(limit), Value::Count(n)) => Value::Count(limit.check(place, n)?),
            (ParamType::Flag, Value::Flag(flag)) => Value::Flag(flag),
            (ParamType::Reals(limit), Value::Reals(list)) => Value::Reals(check_reals(place, limit, list)?),
            (ParamType::Counts(limit), Value::Counts(list)) => Value::Counts(check_counts(place, limit, list)?),
            (ParamType::Double(limit), Value::Real(x)) => limit.check(place, x).map(|_| Value::Real(x))?,
            (ParamType::Doubles(limit), Value::Reals(list)) => {
                limit.check_each(place, &list)?;
                Value::Reals(list)
            }
            (ParamType::Int, Value::Int(n)) => Value::Int(n),
            (ParamType::Ints, Value::Ints(list)) => Value::Ints(list),
            (ParamType::Text(words), Value::Text(word)) if words.contains(&&*word) => Value::Text(word),
            (ParamType::Text(words), Value::Text(word)) => {
                return Err(Error::value(
                    place,
                    format!("\"{}\"", brief(&word).escape_debug()),
                    format!("it must be one of {}", words.join(", ")),
                ));
            }
            (ParamType::Replays, Value::Replays(list)) => Value::Replays(check_replays(place, list)?),
            (_, other) => return Err(Error::kind(place, other.noun(), self.kind.rule())),
        })
    }
}

fn check_reals(place: &str, limit: RealLimit, mut list: Arc<Vec<f64>>) -> Result<Arc<Vec<f64>>, Error> {
    if list.is_empty() {
        return Err(Error::value(place, "[]", "it must hold at least one value").or("Give the values themselves."));
    }
    limit.check_each(place, &list)?;
    let negative_zero = |x: &f64| *x == 0.0 && x.is_sign_negative();
    if list.iter().any(negative_zero) {
        Arc::make_mut(&mut list).iter_mut().for_each(|x| *x += 0.0);
    }
    Ok(list)
}

fn check_counts(place: &str, limit: CountLimit, list: Arc<Vec<u64>>) -> Result<Arc<Vec<u64>>, Error> {
    if let Some(i) = list.iter().position(|&n| limit.check(place, n).is_err()) {
        limit.check(&format!("{place}[{i}]"), list[i])?;
    }
    if let Some(i) = list.windows(2).position(|pair| pair[1] <= pair[0]) {
        let rule = format!("it must come after the one before, {}", list[i]);
        let place = format!("{place}[{}]", i + 1);
        return Err(Error::value(place, list[i + 1], rule).or("Sort them and drop repeats."));
    }
    Ok(list)
}

fn check_replays(place: &str, list: Arc<[Replay]>) -> Result<Arc<[Replay]>, Error> {
    if list.is_empty() {
        return Err(Error::value(place, "[]", "it must hold at least one replay").or("Give the replays themselves."));
    }
    Ok(list)
}

impl ParamType {
    /// Whether it takes numbers of steps.
    pub fn is_in_steps(&self) -> bool {
        match self {
            ParamType::Real(limit) | ParamType::Reals(limit) | ParamType::Double(limit) | ParamType::Doubles(limit) => {
                limit.in_steps
            }
            ParamType::Count(limit) | ParamType::Counts(limit) => limit.in_steps,
            ParamType::Int | ParamType::Ints => true,
            ParamType::Flag | ParamType::Text(_) | ParamType::Replays => false,
        }
    }

    /// The rule, where a value is of another type altogether.
    pub fn rule(&self) -> &'static str {
        match self {
            ParamType::Real(limit) | ParamType::Double(limit) => limit.rule,
            ParamType::Count(limit) => limit.rule,
            ParamType::Flag => "it must be True or False",
            ParamType::Reals(_) => "it must be a sequence of finite numbers",
            ParamType::Counts(_) => "it must be a sequence of whole numbers of steps",
            ParamType::Doubles(_) => "it must be a sequence of finite numbers",
            ParamType::Int => "it must be a whole number from -2**63 to 2**63 - 1",
            ParamType::Ints => "it must be a sequence of whole numbers from -2**63 to 2**63 - 1",
            ParamType::Text(_) => "it must be a string",
            ParamType::Replays => "it must be a sequence of replays",
        }
    }
}

impl Value {
    fn noun(&self) -> &'static str {
        match self {
            Value::Real(_) => "a real number",
            Value::Count(_) | Value::Int(_) => "a whole number",
            Value::Flag(_) => "a bool",
            Value::Text(_) => "a string",
            Value::Reals(_) | Value::Counts(_) | Value::Ints(_) | Value::Replays(_) => "a sequence",
            Value::Absent => "nothing",
        }
    }
}

/// A type that a declared field may have.
pub trait Field: Sized {
    /// From an argument whose kind and limits have been checked.
    fn take(value: &Value) -> Self;
    /// Back to an argument.
    fn give(&self) -> Value;
}

macro_rules! field {
    ($type:ty, $take:pat => $value:expr, $self:ident => $give:expr) => {
        impl Field for $type {
            fn take(value: &Value) -> Self {
                match value {
                    $take => $value,
                    other => unreachable!("a field was checked as another kind: {other:?}"),
                }
            }
            fn give(&$self) -> Value {
                $give
            }
        }
    };
}

field!(f64, Value::Real(x) => *x, self => Value::Real(*self));
field!(u64, Value::Count(n) => *n, self => Value::Count(*self));
field!(bool, Value::Flag(flag) => *flag, self => Value::Flag(*self));
field!(Base, Value::Real(x) => Base::new(*x), self => Value::Real(self.value));
field!(Arc<Vec<f64>>, Value::Reals(list) => list.clone(), self => Value::Reals(self.clone()));
field!(Arc<Vec<u64>>, Value::Counts(list) => list.clone(), self => Value::Counts(self.clone()));

field!(i64, Value::Int(n) => *n, self => Value::Int(*self));
field!(Arc<Vec<i64>>, Value::Ints(list) => list.clone(), self => Value::Ints(self.clone()));
field!(Arc<str>, Value::Text(word) => word.clone(), self => Value::Text(self.clone()));
field!(Arc<[Replay]>, Value::Replays(list) => list.clone(), self => Value::Replays(self.clone()));

impl<T: Field> Field for Option<T> {
    fn take(value: &Value) -> Self {
        if *value == Value::Absent { None } else { Some(T::take(value)) }
    }
    fn give(&self) -> Value {
        self.as_ref().map_or(Value::Absent, T::give)
    }
}

/// A kind of replay: a name, its documentation, its parameters and its constructor.
pub struct ReplayKind {
    /// The name, in Python and in texts: `torch.StepLR`.
    pub name: &'static str,
    /// The documentation: formula first, then arguments, source, an example.
    pub doc: &'static str,
    /// The parameters, in order.
    pub params: fn() -> Vec<Param>,
    pub(crate) build: Build,
}

/// Makes a recurrence of checked arguments.
pub(crate) type Build = fn(&[Value]) -> Result<Arc<dyn Recurrence>, Error>;

impl Debug for ReplayKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplayKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A checked replay: a kind, its arguments, and the recurrence that they make. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Replay {
    kind: &'static ReplayKind,
    arguments: Arc<[Value]>,
    recurrence: Arc<dyn Recurrence>,
    parts: u64,
    depth: u32,
}

impl PartialEq for Replay {
    fn eq(&self, other: &Replay) -> bool {
        std::ptr::eq(self.kind, other.kind) && self.arguments == other.arguments
    }
}

impl Hash for Replay {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.name.hash(state);
        self.arguments.hash(state);
    }
}

impl Replay {
    /// From the kind's arguments in order, `Absent` where left out.
    pub(crate) fn new(kind: &'static ReplayKind, arguments: Vec<Value>) -> Result<Replay, Error> {
        let params = (kind.params)();
        debug_assert_eq!(params.len(), arguments.len());
        let checked: Result<Vec<Value>, Error> =
            params.iter().zip(arguments).map(|(param, value)| param.check(value)).collect();
        let arguments: Arc<[Value]> = checked?.into();
        let recurrence = (kind.build)(&arguments)?;
        let inner = || {
            arguments.iter().flat_map(|argument| match argument {
                Value::Replays(list) => &list[..],
                _ => &[],
            })
        };
        let parts = inner().fold(1u64, |sum, part| sum.saturating_add(part.parts));
        let depth = 1 + inner().map(|part| part.depth).max().unwrap_or(0);
        Ok(Replay { kind, arguments, recurrence, parts, depth })
    }

    /// The kind's name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The kind's parameters.
    pub fn params(&self) -> Vec<Param> {
        (self.kind.params)()
    }

    /// The arguments, in the order of the parameters.
    pub fn arguments(&self) -> &[Value] {
        &self.arguments
    }

    /// How long it lasts, where it ends.
    pub fn steps(&self) -> Option<u64> {
        self.recurrence.steps()
    }

    /// Whether any step can be had at once.
    pub fn is_direct(&self) -> bool {
        self.recurrence.is_direct()
    }

    /// The value at step `k`, and the first step after it at which it may change.
    #[inline]
    pub fn value_until(&self, k: u64) -> (f64, u64) {
        self.recurrence.value_until(k)
    }

    /// Walks to step `k`, so that `value_until` is quick there.
    pub fn seek(&self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted> {
        self.recurrence.seek(k, spend)
    }

    /// The closed form, as leaves and combinators; an error that says why where there is none.
    pub fn exact(&self) -> Result<Spec, Error> {
        self.recurrence.exact()
    }

    /// The same on another base rate, where it has one.
    pub(crate) fn on_base(&self, base: f64) -> Result<Replay, Error> {
        let argument =
            |(param, value): (Param, &Value)| if param.name == "base_lr" { Value::Real(base) } else { value.clone() };
        Replay::new(self.kind, self.params().into_iter().zip(&*self.arguments).map(argument).collect())
    }

    /// The recurrence that its arguments make.
    pub fn recurrence(&self) -> &dyn Recurrence {
        &*self.recurrence
    }

    /// A walk that starts at step `k`.
    pub fn walk(&self, k: u64, spend: Spend<'_>) -> Result<Box<dyn Walk + '_>, Interrupted> {
        self.recurrence.walk(k, spend)
    }

    /// How many replays it is made of, itself included.
    pub fn parts(&self) -> u64 {
        self.parts
    }

    /// How deep its parts are nested.
    pub fn depth(&self) -> u32 {
        self.depth
    }
}
