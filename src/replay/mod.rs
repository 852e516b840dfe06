//! Leaves that repeat a framework's own recurrence operation by operation, so that their bits are the framework's.
//!
//! ```text
//! declare    how a replay is declared: its name, documentation and parameters
//! walk       jumps, steps and fills of a recurrence; marks on the way make a jump short
//! libm       the system's pow, cos and the like, which CPython calls too
//! ```
//! The replays themselves stand in `dialects`. To add one, declare it in a `replays!` list there and write its
//! [`StepRule`]. The Python call, its checks, the text form, the schema, the jumps and the arrays follow.

pub mod libm;
#[macro_use]
mod declare;
mod walk;

use std::fmt::Debug;
use std::sync::Arc;

pub use walk::{Spend, StepFormula, StepRule, Track, Walk};

use crate::error::Error;
use crate::error::Interrupted;
use crate::shape::{Param, Value};
use crate::spec::Spec;

/// What can be replayed: a name, its documentation, its parameters and its constructor.
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

/// A recurrence behind its values: what [`Track`] makes of a [`StepRule`].
pub trait Recurrence: Debug + Send + Sync {
    /// How long it lasts, where it ends.
    fn steps(&self) -> Option<u64>;
    /// Whether any step can be had at once, so that there is nothing to seek.
    fn is_direct(&self) -> bool;
    /// The value at step `k`, and the first step after it at which it may change.
    fn value_until(&self, k: u64) -> (f64, u64);
    /// Walks to step `k`, so that `value_until` is quick there.
    fn seek(&self, k: u64, spend: Spend<'_>) -> Result<(), Interrupted>;
    /// The value at step `k` of a caller's own recurrence, whose value at the step before was `lr`.
    fn next(&self, lr: f64, k: u64) -> Option<f64>;
    /// The value at step `k` by the framework's closed formula.
    fn closed(&self, k: u64) -> Option<f64>;
    /// The value between two steps.
    fn between(&self, at: f64) -> Option<f64>;
    /// A walk that starts at step `k`.
    fn walk(&self, k: u64, spend: Spend<'_>) -> Result<Box<dyn Walk + '_>, Interrupted>;
}

/// A checked replay: a form, its arguments, and the recurrence that they make. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Replay {
    kind: &'static ReplayKind,
    arguments: Arc<[Value]>,
    recurrence: Arc<dyn Recurrence>,
}

impl PartialEq for Replay {
    fn eq(&self, other: &Replay) -> bool {
        std::ptr::eq(self.kind, other.kind) && self.arguments == other.arguments
    }
}

impl Replay {
    /// From the form's arguments in order, `Absent` where left out.
    pub(crate) fn new(kind: &'static ReplayKind, arguments: Vec<Value>) -> Result<Replay, Error> {
        let params = (kind.params)();
        debug_assert_eq!(params.len(), arguments.len());
        let checked: Result<Vec<Value>, Error> =
            params.iter().zip(arguments).map(|(param, value)| param.check(value)).collect();
        let arguments: Arc<[Value]> = checked?.into();
        let recurrence = (kind.build)(&arguments)?;
        Ok(Replay { kind, arguments, recurrence })
    }

    /// The form's name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The form's parameters.
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

    /// The recurrence that its arguments make.
    pub fn recurrence(&self) -> &dyn Recurrence {
        &*self.recurrence
    }

    /// A walk that starts at step `k`.
    pub fn walk(&self, k: u64, spend: Spend<'_>) -> Result<Box<dyn Walk + '_>, Interrupted> {
        self.recurrence.walk(k, spend)
    }

    /// The replays that it is made of.
    pub(crate) fn each_part(&self, mut visit: impl FnMut(&Spec)) {
        for argument in self.arguments.iter() {
            if let Value::Schedules(parts) = argument {
                parts.iter().for_each(&mut visit);
            }
        }
    }
}
