//! From what is known of a value, an interval, to the one float that all of it rounds to.

use crate::real::big::Big;
use crate::real::exact::Exact;
use crate::real::jet::{exponent, scale};
use crate::tile::Lane;

/// A type that values are rounded to: float64 or float32.
pub trait Rounded: Lane {
    /// The value, where all of `(hi + lo +- err) * 2^exp` rounds to it.
    fn of_jet(hi: f64, lo: f64, err: f64, exp: i64) -> Option<Self>;
    /// The value, where there is a rational one.
    fn of_exact(x: &Exact) -> Option<Self>;
    /// The value, where the whole ball rounds to it.
    fn of_big(x: &Big) -> Option<Self>;
    /// The value of a ball that holds one midpoint still, and so counts as that midpoint.
    fn of_tie(x: &Big) -> Option<Self>;
    /// The value of a ball of which nothing better is known than its centre.
    fn of_centre(x: &Big) -> Self;
    /// The value between two roundings to float64, the lower first, if that is certain.
    fn of_bracket(low: f64, high: f64) -> Option<Self>;
    /// Kept within bounds, which are doubles.
    fn clamped(self, low: Option<f64>, high: Option<f64>) -> Self;
}

macro_rules! rounded {
    ($T:ty, $jet:path, $exact:ident, $big:ident, $tie:ident, $settle:ident, $bracket:path) => {
        impl Rounded for $T {
            #[inline(always)]
            fn of_jet(hi: f64, lo: f64, err: f64, exp: i64) -> Option<$T> {
                $jet(hi, lo, err, exp)
            }
            fn of_exact(x: &Exact) -> Option<$T> {
                x.$exact()
            }
            fn of_big(x: &Big) -> Option<$T> {
                x.$big()
            }
            fn of_tie(x: &Big) -> Option<$T> {
                x.$tie()
            }
            fn of_centre(x: &Big) -> $T {
                x.$settle()
            }
            #[inline(always)]
            fn of_bracket(low: f64, high: f64) -> Option<$T> {
                $bracket(low, high)
            }
            #[inline(always)]
            fn clamped(self, low: Option<f64>, high: Option<f64>) -> $T {
                // Rounding is monotone, so a bound's rounding bounds the roundings.
                let x = low.map_or(self, |low| if self < Self::of(low) { Self::of(low) } else { self });
                high.map_or(x, |high| if x > Self::of(high) { Self::of(high) } else { x })
            }
        }
    };
}

rounded!(f64, round_f64, round_f64, round_f64, tie_f64, settle_f64, same_f64);
rounded!(f32, round_f32, round_f32, round_f32, tie_f32, settle_f32, same_f32);

#[inline(always)]
fn same_f64(low: f64, high: f64) -> Option<f64> {
    if low == high { Some(low) } else { None }
}

/// The truth is within half an ulp of float64 of `low` and `high`: certain where no midpoint of float32 is as near.
#[inline(always)]
fn same_f32(low: f64, high: f64) -> Option<f32> {
    let slack = f64::EPSILON * low.abs();
    let y = (low - slack) as f32;
    if y == (high + slack) as f32 { Some(y + 0.0) } else { None }
}

/// The two roundings of `hi + (lo -+ err)`, if they agree. Exact where `err` is 0: nothing is rounded but the sum.
#[inline(always)]
fn bracket(hi: f64, lo: f64, err: f64) -> Option<f64> {
    // `lo - err` and `lo + err` are rounded themselves.
    let e = if err == 0.0 { 0.0 } else { err + 2.0 * f64::EPSILON * (lo.abs() + err) };
    let y = hi + (lo - e);
    if y == hi + (lo + e) { Some(y) } else { None }
}

/// The nearest double, where all of `(hi + lo +- err) * 2^exp` has the same.
#[inline(always)]
fn round_f64(hi: f64, lo: f64, err: f64, exp: i64) -> Option<f64> {
    let top = exponent(hi).saturating_add(exp);
    if exp == 0 && (-960..=1000).contains(&top) {
        return bracket(hi, lo, err).map(|y| y + 0.0);
    }
    round_far(hi, lo, err, exp, -1022, |_| -1074)
}

/// The nearest float32, as `round_f64`.
#[inline(always)]
fn round_f32(hi: f64, lo: f64, err: f64, exp: i64) -> Option<f32> {
    // Always through the grid of float32's values there, so that it is rounded once.
    round_far(hi, lo, err, exp, 1025, |top| (top - 23).max(-149)).map(|y| y as f32)
}

/// Rounds what may overflow, be subnormal, or be rounded to less than 53 bits.
///
/// Below 2^`fine` the result is a multiple of 2^`grid(top)`, and less than 2^52 of them: added to 2^52 of them it leaves a
/// sum whose last bit is one.
#[inline(always)]
fn round_far(hi: f64, lo: f64, err: f64, exp: i64, fine: i64, grid: impl Fn(i64) -> i64) -> Option<f64> {
    if !(err < f64::INFINITY) {
        return None;
    }
    let most = hi.abs() + lo.abs() + err;
    if most == 0.0 || exponent(most).saturating_add(exp) < -1080 {
        // All of it is far below the least subnormal: neither its size nor its sign matters.
        return Some(0.0);
    }
    if !(err + lo.abs() < 0.75 * hi.abs()) {
        return None;
    }
    let top = exponent(hi).saturating_add(exp);
    if top > 1026 {
        return Some(f64::INFINITY.copysign(hi));
    }
    if top >= fine {
        return bracket(hi, lo, err).map(|y| scale(y, exp) + 0.0);
    }
    let unit = scale(1.0, grid(top).saturating_sub(exp));
    let magic = ((1u64 << 52) as f64 * unit).copysign(hi);
    let sum = magic + hi;
    let rest = hi - (sum - magic);
    bracket(sum, rest + lo, if lo == 0.0 && err == 0.0 { 0.0 } else { err + f64::EPSILON * (rest.abs() + lo.abs()) })
        .map(|y| scale(y - magic, exp) + 0.0)
}
