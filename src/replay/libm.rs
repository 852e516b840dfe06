//! The system's mathematical library, as CPython calls it.
//!
//! The operands go through `black_box`: of a call with a literal operand LLVM makes another one (`8.0.powf(x)` becomes
//! `exp2(3.0 * x)`), whose result is another double in a third of all cases.

use std::hint::black_box;

/// `x ** y`, as C's `pow`.
#[inline]
pub fn pow(x: f64, y: f64) -> f64 {
    black_box(x).powf(black_box(y))
}

/// `math.sin(x)`.
#[inline]
pub fn sin(x: f64) -> f64 {
    black_box(x).sin()
}

/// `math.cos(x)`.
#[inline]
pub fn cos(x: f64) -> f64 {
    black_box(x).cos()
}
