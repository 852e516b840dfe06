//! Numbers that a curve can be written over.
//!
//! A curve's formula is written once, over any [`Number`]: [`jet::Jet`] (double-double with Taylor coefficients, fast),
//! [`wave::Wave`] (a constant and one cosine) and [`line::Line`] (a straight line in doubles), which know no other curve,
//! [`big::Big`] (a big float with a bound on its error, for the last resort) and [`exact::Exact`] (a rational, where
//! there is one). All start from a [`Point`]: the step, and how that kind of number is to be worked.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::simd::Task;

pub mod big;
pub mod dd;
pub mod exact;
pub mod functions;
pub mod jet;
#[cfg(test)]
mod jet_tests;
pub mod line;
#[cfg(test)]
mod random;
pub mod wave;

/// `(at + slope * t) / den`: an exact ratio of integers that moves with the step.
///
/// `t` is the distance from the point's centre, in steps of the grid that is being filled. Numbers that know one step
/// only (`Big`, `Exact`) ignore `slope`. `at` is at most 2^53, `den` from 1 to 2^63 (past 2^53 only jets may give up).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The numerator at the centre.
    pub at: u64,
    /// How fast the numerator moves: `stride` of the grid, negative where it falls, 0 where it is constant.
    pub slope: i64,
    /// The denominator.
    pub den: u64,
}

/// A positive base of a power, with its logarithm worked out once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Base {
    /// The base itself.
    pub value: f64,
    /// Its natural logarithm, to within 2^-100 of itself (0 exactly where the base is 1).
    pub ln: (f64, f64),
}

impl Base {
    /// What `ln` is good to, relative to itself.
    pub const LN_BOUND: f64 = 1.0 / (1u128 << 97) as f64;

    /// A base, which the caller has checked to be positive and finite.
    pub fn new(value: f64) -> Base {
        let up = if value < f64::MIN_POSITIVE { 64 } else { 0 };
        let normal = if up > 0 { value * 2.0f64.powi(64) } else { value };
        let e = jet::exponent(normal);
        // Near 1 from below, the logarithm is good to itself only without an exponent to cancel.
        let e = if (0.5..1.0).contains(&value) { 0 } else { e };
        let ln = functions::ln(dd::Dd::<dd::FinePlain>::new(jet::scale(normal, -e), 0.0), e - up);
        Base { value, ln: (ln.hi, ln.lo) }
    }
}

/// Where a curve is evaluated: a step, how the step moves, and the context of the number kind.
#[derive(Debug)]
pub struct Point<N: Number> {
    /// The step at the centre.
    pub k: u64,
    /// Steps per unit of `t`; 0 where the curve is held constant.
    pub stride: u64,
    /// What this kind of number needs to know (a precision, a width).
    pub cx: N::Cx,
}

impl<N: Number> Clone for Point<N> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Number> Copy for Point<N> {}

impl<N: Number> Point<N> {
    /// The same point, with the step counted from elsewhere.
    #[inline(always)]
    pub fn moved_to(self, k: u64) -> Self {
        Point { k, ..self }
    }

    /// The step `k`, standing still.
    #[inline(always)]
    pub fn held_at(self, k: u64) -> Self {
        Point { k, stride: 0, ..self }
    }

    /// Whether this is one step, at which a curve of `steps` steps has ended.
    #[inline(always)]
    pub fn is_held_at(self, steps: u64) -> bool {
        self.stride == 0 && self.k >= steps
    }

    /// A double, exactly.
    #[inline(always)]
    pub fn real(self, x: f64) -> N {
        N::real(x, self.cx)
    }

    /// Two doubles, exactly.
    #[inline(always)]
    pub fn pair(self, x: f64, y: f64) -> (N, N) {
        (self.real(x), self.real(y))
    }

    /// `k / n`.
    #[inline(always)]
    pub fn part_of(self, n: u64) -> Ratio {
        Ratio { at: self.k, slope: self.stride as i64, den: n }
    }

    /// `(n - k) / n`, for `k <= n`.
    #[inline(always)]
    pub fn rest_of(self, n: u64) -> Ratio {
        Ratio { at: n - self.k, slope: -(self.stride as i64), den: n }
    }

    /// A ratio as a number.
    #[inline(always)]
    pub fn ratio(self, u: Ratio) -> N {
        N::ratio(u, self.cx)
    }

    /// The step as a number.
    #[inline(always)]
    pub fn step(self) -> N {
        self.ratio(self.part_of(1))
    }

    /// A count that does not move with the step.
    #[inline(always)]
    pub fn count(self, n: u64) -> N {
        N::ratio(Ratio { at: n, slope: 0, den: 1 }, self.cx)
    }

    /// `((1 + cos(pi u)) / 2, (1 - cos(pi u)) / 2)`.
    #[inline(always)]
    pub fn raised_cosine(self, u: Ratio) -> (N, N) {
        N::raised_cosine(u, self.cx)
    }
}

/// What a formula may do with a number. Arithmetic is the operators'.
pub trait Number:
    Clone + Sized + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// What this kind of number needs to know (a precision, a width).
    type Cx: Copy + std::fmt::Debug;

    /// Runs a piece of work that is made of such numbers, with the instructions that suit them.
    #[inline(always)]
    fn enter<T: Task<Out = Self>>(task: T) -> Self {
        task.run()
    }

    /// A double, exactly.
    fn real(x: f64, cx: Self::Cx) -> Self;
    /// A ratio of integers.
    fn ratio(u: Ratio, cx: Self::Cx) -> Self;
    /// `((1 + cos(pi u)) / 2, (1 - cos(pi u)) / 2)`, for `0 <= u <= 1`, each good relative to itself.
    fn raised_cosine(u: Ratio, cx: Self::Cx) -> (Self, Self);
    /// `self ** p`, for `self >= 0` (0 ** p is 0) and `p != 0`; p = -0.5, 0.5, 1 and 2 are common.
    fn pow(self, p: f64) -> Self;
    /// `((1 + cos(pi self)) / 2, (1 - cos(pi self)) / 2)`, for `0 <= self <= 1`.
    fn half_turn(self) -> (Self, Self);
    /// `e ** self`.
    fn exp(self) -> Self;
    /// The natural logarithm of `1 + self`, for `self >= 0`, good relative to itself.
    fn ln_1p(self) -> Self;
    /// `base ** self`.
    fn power_of(self, base: &Base) -> Self;
    /// `min(max(self, low), high)`.
    fn clamp(self, low: Option<f64>, high: Option<f64>) -> Self;
}
