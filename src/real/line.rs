//! Lines: a curve near a step, as a straight line in doubles, with a bound on what it rounds.
//!
//! ```text
//! |f(s) - (at + rise s)| <= err             s in [-1, 1], in half-widths of a tile
//! ```
//!
//! It has the digits that float32 needs, and takes a third of the time of a jet, which counts where lines are many and short.
//! Any other curve is an unknown line. Numbers may overflow: then the error does too, or is no number.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::dd::{Dd, QuickFused};
use super::functions::exp_bound;
use super::jet::{U, Width, exp_once, scale};
use super::{Base, Number, Ratio};
use crate::limits::MAX_STEP;
use crate::simd;

/// Covers the rounding of the error bounds themselves.
const SLACK: f64 = 1.0 + 1e-12;

/// A curve near a step. See the module's text.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The value at the centre.
    pub at: f64,
    /// What it rises by over half a tile.
    pub rise: f64,
    /// A bound on the distance to the truth.
    pub err: f64,
}

impl Line {
    #[inline(always)]
    fn still(at: f64, err: f64) -> Line {
        Line { at, rise: 0.0, err }
    }

    #[inline(always)]
    fn unknown() -> Line {
        Line::still(0.0, f64::INFINITY)
    }

    /// A bound on its size, its error left out.
    #[inline(always)]
    fn size(self) -> f64 {
        self.at.abs() + self.rise.abs()
    }

    /// With the error of one rounding of each number added, underflow included.
    #[inline(always)]
    fn rounded(at: f64, rise: f64, err: f64) -> Line {
        Line { at, rise, err: (err + U * (at.abs() + rise.abs()) + f64::MIN_POSITIVE) * SLACK }
    }
}

impl Add for Line {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Line::rounded(self.at + o.at, self.rise + o.rise, self.err + o.err)
    }
}

impl Sub for Line {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Mul for Line {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        if self.rise != 0.0 && o.rise != 0.0 {
            return Line::unknown();
        }
        let err = self.err * (o.size() + o.err) + o.err * self.size();
        // One of the two products is 0.
        Line::rounded(self.at * o.at, self.rise * o.at + self.at * o.rise, err)
    }
}

impl Div for Line {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let least = o.at.abs() - o.err;
        if o.rise != 0.0 || !(least > 0.0) {
            return Line::unknown();
        }
        let (at, rise) = (self.at / o.at, self.rise / o.at);
        Line::rounded(at, rise, (self.err + (at.abs() + rise.abs()) * o.err) / least)
    }
}

impl Neg for Line {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Line { at: -self.at, rise: -self.rise, err: self.err }
    }
}

impl Number for Line {
    type Cx = Width;

    #[inline(always)]
    fn enter<T: simd::Task<Out = Self>>(task: T) -> Self {
        simd::fused(task)
    }

    #[inline(always)]
    fn real(x: f64, _: Width) -> Self {
        Line::still(x, 0.0)
    }

    #[inline(always)]
    fn ratio(u: Ratio, cx: Width) -> Self {
        if u.den > MAX_STEP {
            return Line::unknown();
        }
        // Both numerators are exact.
        Line::rounded(u.at as f64 / u.den as f64, u.slope as f64 * cx.0 / u.den as f64, 0.0)
    }

    #[inline(always)]
    fn raised_cosine(_: Ratio, _: Width) -> (Self, Self) {
        (Line::unknown(), Line::unknown())
    }

    #[inline(always)]
    fn pow(self, p: f64) -> Self {
        if p == 1.0 { self } else { Line::unknown() }
    }

    #[inline(always)]
    fn half_turn(self) -> (Self, Self) {
        (Line::unknown(), Line::unknown())
    }

    #[inline(always)]
    fn exp(self) -> Self {
        if self.rise != 0.0 || !(self.at.abs() < 600.0) || !(self.err < 0.25) {
            return Line::unknown();
        }
        let (y, exp) = exp_once::<2, QuickFused>(Dd::new(self.at, 0.0));
        let y = scale(y.hi, exp);
        // e^x - 1 <= 2x for 0 <= x <= 1; the low part is left out.
        Line::rounded(y, 0.0, y * (exp_bound::<QuickFused>(self.at) + 2.0 * U + 2.0 * self.err))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        Line::unknown()
    }

    #[inline(always)]
    fn power_of(self, base: &Base) -> Self {
        if base.value == 1.0 {
            return Line::still(1.0, 0.0);
        }
        // The logarithm's low part is left out.
        (self * Line::still(base.ln.0, base.ln.0.abs() * 2.0 * U)).exp()
    }

    #[inline(always)]
    fn clamp(self, _: Option<f64>, _: Option<f64>) -> Self {
        Line::unknown()
    }
}
