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

use std::sync::Arc;

pub use read::{from_json, from_parts};
pub use schema::schema;
pub use write::{to_json, to_parts, to_python};

/// Lists of real numbers that a text only names.
pub type Lists = Vec<Arc<Vec<f64>>>;

/// A list of so many real numbers is long: as a text it takes a kilobyte.
const LONG: usize = 64;

/// What stands in a text for a list.
fn list_name(i: usize) -> String {
    format!("{LIST}{i}")
}

/// The list that stands for a text, if one does.
fn list_of<'a>(text: &str, lists: &'a [Vec<f64>]) -> Option<&'a [f64]> {
    let i: usize = text.strip_prefix(LIST)?.parse().ok()?;
    lists.get(i).map(Vec::as_slice)
}

const LIST: &str = "list ";

/// Asked now and then whether to go on.
pub type Poll<'a> = &'a dyn Fn() -> bool;

/// The version of the text form that is written, and the only one that is read.
const VERSION: u64 = 1;

/// A combinator of any number of parts: what its key holds. (The keys of leaves, replays and other combinators are their
/// parameters.)
struct Joiner {
    kind: &'static str,
    about: &'static str,
    keys: &'static [(&'static str, Slot)],
}

/// What a key of such a combinator holds.
#[derive(Clone, Copy)]
enum Slot {
    /// Schedules, two at least.
    Parts,
    /// Where each part but the first starts, or null where the one before has ended; may be left out.
    Starts,
    /// Schedules and numbers, two at least.
    Operands,
}

const JOINERS: [Joiner; 3] = [
    Joiner {
        kind: "then",
        about: "One part after another; `at` says where each but the first starts (null: where the one before ends).",
        keys: &[("parts", Slot::Parts), ("at", Slot::Starts)],
    },
    Joiner { kind: "sum", about: "The sum, step by step.", keys: &[("of", Slot::Operands)] },
    Joiner { kind: "product", about: "The product, step by step.", keys: &[("of", Slot::Operands)] },
];

#[cfg(test)]
mod tests;
