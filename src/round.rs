//! Rounds an interval that holds a value: to the one float that the whole interval rounds to, if there is one.

use crate::lane::Float;
use crate::real::jet::{exponent, scale};

/// The value, where all of `(hi + lo +- err) * 2^exp` rounds to it.
#[inline(always)]
pub fn of_jet<T: Float>(hi: f64, lo: f64, err: f64, exp: i64) -> Option<T> {
    if T::IS_DOUBLE { round_f64(hi, lo, err, exp) } else { round_f32(hi, lo, err, exp) }.map(T::of)
}

/// The value between two roundings to float64, the lower first, if that is certain.
#[inline(always)]
pub fn of_bracket<T: Float>(low: f64, high: f64) -> Option<T> {
    if T::IS_DOUBLE {
        return (low == high).then(|| T::of(low));
    }
    // The truth is within half an ulp of float64 of both: certain where no midpoint of the narrower type is as near.
    let slack = f64::EPSILON * low.abs();
    let y = T::of(low - slack);
    (y == T::of(high + slack)).then_some(y)
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

/// The nearest float32, as a double. See `round_f64`.
#[inline(always)]
fn round_f32(hi: f64, lo: f64, err: f64, exp: i64) -> Option<f64> {
    // Always through the grid of float32's values there, so that it is rounded once.
    round_far(hi, lo, err, exp, 1025, |top| (top - 23).max(-149))
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
