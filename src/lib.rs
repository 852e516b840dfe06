//! Learning-rate schedules as values, every one of whose values is the real number, correctly rounded.
//!
//! # The tour
//!
//! ```text
//! declare     parameters and arguments, and the replays that are arguments too;  limits: what parameters may be
//! curve       every leaf: its declaration, and its formula as a textbook writes it
//! combinator  every combinator of one schedule: its declaration and its meaning
//! replay      how a framework's own recurrence is declared, and how to jump in it
//! dialects    the recurrences themselves, operation by operation, a folder a framework
//! spec        what the user meant: leaves and combinators, checked once, when they are made
//! json        the text form, in and out, through the same constructors
//! stretch     a plan whose steps take longer
//! lower       from the expression to a plan;  plan: integer maps of the step, arithmetic, curves
//! eval        the verbs: at, fill, gather
//! lane        float64 and float32, as lanes write them;  round: the last step
//! pace        how wide a tile may be;  tile: a jet into values, by quick and careful lanes;  wave: a cosine into values, by
//!             tables
//! simd        instruction sets, the floating-point mode, and all that is unsafe
//! real        the numbers a formula runs over: jets (double-double with Taylor coefficients), waves (a cosine), lines,
//!             rationals, big floats
//! py          Python: numpy and pyo3 are named only here and in `dialects/torch`, behind the feature `python`
//! ```
//!
//! A long schedule is smooth: over a thousand neighbouring steps it is a short polynomial. So a formula is evaluated once
//! a tile, as a jet, with a bound on all that it leaves out; a vector loop, the same for every formula, turns the jet into
//! values and proves each one's rounding by rounding it from both ends of the error. What stays in doubt is settled at its
//! own step: by a finer jet, by the rational value where there is one (ties live there), at last by big floats.
//!
//! # Example
//!
//! ```
//! use glidepath::lower::lower;
//! use glidepath::declare::Value;
//! use glidepath::spec::{Spec, leaf_kind};
//!
//! let cosine = leaf_kind("cosine").unwrap();
//! let spec = Spec::leaf(cosine, vec![Value::Real(3e-4), Value::Real(3e-5), Value::Count(10_000_000)])?;
//! let plan = lower(&spec);
//! assert_eq!(plan.at(0), 3e-4);
//! let mut values = vec![0.0f32; 1000];
//! plan.fill(&mut values, 7_391_204, 1, 1, &|| true).unwrap();
//! assert_eq!(values[0], plan.at(7_391_204) as f32);
//! # Ok::<(), glidepath::error::Error>(())
//! ```

#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "glidepath needs a 64-bit target: its big floats have exponents of the pointer's width, and 32 bits are too few for them"
);

#[macro_use]
pub mod replay;
pub mod combinator;
pub mod curve;
pub mod declare;
pub mod dialects;
pub mod error;
pub mod eval;
pub mod json;
mod lane;
pub mod limits;
pub mod lower;
pub mod memory;
mod pace;
pub mod plan;
#[cfg(feature = "python")]
mod py;
pub mod real;
mod round;
pub mod simd;
pub mod spec;
mod stretch;
mod tile;
mod wave;
