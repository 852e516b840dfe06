//! Schedules as text: versioned JSON, in and out.
//!
//! ```json
//! {"glidepath":1,"schedule":{"kind":"then","parts":[
//!     {"kind":"linear","start":0.0,"end":8e-5,"steps":8000},
//!     {"kind":"cosine","start":8e-5,"end":8e-7,"steps":1200000}],"at":[8000]}}
//! ```
//!
//! A text is written from the expression's parts and read through the same constructors that every caller uses, so it
//! is no weaker a door. Every key is written, defaults too, in the order of declaration, and equal expressions give
//! equal texts. Whoever reads is stricter than JSON: no key twice, no key that is not known, no other version.

mod node;
mod read;
mod schema;
mod write;

use crate::limits::{BOUND, CountLimit, FINITE, GAP, RealLimit, STEP, TIMES};

pub use read::from_json;
pub use schema::schema;
pub use write::{to_json, to_python};

/// Asked now and then whether to go on.
pub type Poll<'a> = &'a dyn Fn() -> bool;

/// The version of the text form that is written, and the only one that is read.
const VERSION: u64 = 1;

/// A combinator: what its keys hold, beside its `kind`, in the order in which they are written. (A shape's keys are its
/// parameters.)
struct Combinator {
    kind: &'static str,
    about: &'static str,
    keys: &'static [(&'static str, Slot)],
}

/// What a key of a combinator holds.
#[derive(Clone, Copy)]
enum Slot {
    /// A schedule.
    Schedule,
    /// Schedules, two at least.
    Parts,
    /// Where each part but the first starts, or null where the one before has ended; may be left out.
    Starts,
    /// Schedules and numbers, two at least.
    Operands,
    /// A number.
    Real(RealLimit, Need),
    /// A count.
    Count(CountLimit, Need),
}

/// Whether a key must stand.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Required,
    /// It may be left out, or null.
    Optional,
}

use Need::{Optional, Required};

const COMBINATORS: [Combinator; 9] = [
    Combinator {
        kind: "then",
        about: "One part after another; `at` says where each but the first starts (null: where the one before ends).",
        keys: &[("parts", Slot::Parts), ("at", Slot::Starts)],
    },
    Combinator { kind: "sum", about: "The sum, step by step.", keys: &[("of", Slot::Operands)] },
    Combinator { kind: "product", about: "The product, step by step.", keys: &[("of", Slot::Operands)] },
    Combinator {
        kind: "quotient",
        about: "The schedule divided by a number.",
        keys: &[("of", Slot::Schedule), ("by", Slot::Real(FINITE, Required))],
    },
    Combinator {
        kind: "clamp",
        about: "The schedule kept within bounds, either of which may be null.",
        keys: &[("of", Slot::Schedule), ("low", Slot::Real(BOUND, Optional)), ("high", Slot::Real(BOUND, Optional))],
    },
    Combinator {
        kind: "delay",
        about: "The first value for `n` steps, then the schedule.",
        keys: &[("of", Slot::Schedule), ("n", Slot::Count(STEP, Required))],
    },
    Combinator {
        kind: "repeat",
        about: "The schedule again and again, `times` times (null: for ever).",
        keys: &[("of", Slot::Schedule), ("times", Slot::Count(TIMES, Optional))],
    },
    Combinator {
        kind: "hold",
        about: "The schedule at every `every`-th step, held between.",
        keys: &[("of", Slot::Schedule), ("every", Slot::Count(GAP, Required))],
    },
    Combinator {
        kind: "by_epoch",
        about: "The schedule counted in epochs of `steps_per_epoch` steps.",
        keys: &[("of", Slot::Schedule), ("steps_per_epoch", Slot::Count(GAP, Required))],
    },
];

#[cfg(test)]
mod tests;
