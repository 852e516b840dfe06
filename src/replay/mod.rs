//! Leaves that repeat a framework's own recurrence operation by operation, so that their bits are the framework's.
//!
//! ```text
//! declare    how a replay is declared: its name, documentation and parameters
//! walk       jumps, steps and fills of a recurrence; marks on the way make a jump short
//! libm       the system's pow, cos and the like, which CPython calls too
//! ```
//! The replays themselves stand in `dialects`. To add one, declare it in a `replays!` list there and write its
//! [`StepRule`], with its closed form (`exact`) where there is one. The Python call, its checks, the text form, the schema,
//! the jumps and the arrays follow.

pub mod libm;
#[macro_use]
mod declare;
mod walk;

use std::fmt::Debug;
pub use walk::{Spend, StepFormula, StepRule, Track, Walk, no_closed_form};

use crate::error::{Error, Interrupted};
use crate::spec::Spec;

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
    /// The closed form, as leaves and combinators; an error that says why where there is none.
    fn exact(&self) -> Result<Spec, Error>;
    /// A walk that starts at step `k`.
    fn walk(&self, k: u64, spend: Spend<'_>) -> Result<Box<dyn Walk + '_>, Interrupted>;
}
