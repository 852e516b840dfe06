//! Learning-rate schedules as values.
#![cfg_attr(not(feature = "python"), allow(dead_code))]

#[macro_use]
pub mod shape;
pub mod curve;
pub mod error;
pub mod eval;
mod gather;
pub mod json;
pub mod limits;
pub mod lower;
pub mod plan;
#[cfg(feature = "python")]
mod py;
pub mod real;
pub mod simd;
pub mod spec;
mod tile;
