//! The types that values are written in, float64 and float32, and what all lanes share.

use crate::real::exact::Format;
use crate::real::jet::exponent;

/// A type that values are written in: float64 or float32.
pub trait Float: Format + Copy + Send + Sync + PartialOrd + Default + 'static {
    /// Whether it is float64, and not float32.
    const IS_DOUBLE: bool = Self::DIGITS == 53;
    /// Half an ulp of 1.
    const U: f64;
    /// The exponents between which lanes neither overflow nor meet subnormals that matter.
    const EXPONENTS: std::ops::Range<i64>;
    /// A bound on the errors that subnormal intermediate results cause.
    const TINY: f64;
    /// Rounded to nearest; a double as it is. What rounds to 0 is +0.0.
    fn of(x: f64) -> Self;
    /// As a double.
    fn double(self) -> f64;
    /// Whether a double lies in the middle between two neighbours of this type.
    #[inline(always)]
    fn is_between(x: f64) -> bool {
        let below = Self::of(x).double();
        // The other neighbour is as far from x as this one, on its other side.
        let above = x + (x - below);
        x != below && Self::of(above).double() == above
    }
    /// Kept within bounds, which are doubles.
    #[inline(always)]
    fn clamped(self, low: Option<f64>, high: Option<f64>) -> Self {
        // Rounding is monotone, so a bound's rounding bounds the roundings.
        let x = low.map_or(self, |low| if self < Self::of(low) { Self::of(low) } else { self });
        high.map_or(x, |high| if x > Self::of(high) { Self::of(high) } else { x })
    }
    /// The values, if they are float32.
    fn singles(out: &mut [Self]) -> Option<&mut [f32]>;
}

macro_rules! float {
    ($T:ty, $EXPONENTS:expr, $TINY:expr, $of:expr, $singles:expr) => {
        impl Float for $T {
            const U: f64 = <$T>::EPSILON as f64 / 2.0;
            const EXPONENTS: std::ops::Range<i64> = $EXPONENTS;
            const TINY: f64 = $TINY;

            #[inline(always)]
            fn of(x: f64) -> $T {
                $of(x)
            }

            #[inline(always)]
            fn double(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn singles(out: &mut [$T]) -> Option<&mut [f32]> {
                $singles(out)
            }
        }
    };
}

float!(f64, -940..1000, f64::from_bits((1023 - 1020) << 52), std::convert::identity, |_| None);
float!(f32, -80..120, f64::from_bits((1023 - 140) << 52), |x| x as f32 + 0.0, Some);

/// How many leading bits of a coefficient its product with a multiple of `2^-m` in `[-1, 1]` leaves exact.
#[inline(always)]
pub fn kept<T: Float>(m: u32) -> u32 {
    (T::DIGITS as u32).saturating_sub(m + 1)
}

/// `x` without all but its leading `digits` bits; 0 where that is none.
#[inline(always)]
pub fn leading(x: f64, digits: u32) -> f64 {
    if digits == 0 { 0.0 } else { f64::from_bits(x.to_bits() & !((1u64 << (53 - digits)) - 1)) }
}

/// The bits of a float64 that float32 has not.
const SPARE: u32 = f64::MANTISSA_DIGITS - f32::MANTISSA_DIGITS;

/// Tells whether a float64 that is off by less than G, once G is added to it, rounds to the float32 that the truth rounds to.
#[derive(Clone, Copy, Debug)]
pub struct Spare {
    /// G, with the sign of the values.
    pub up: f64,
    /// The most that [`Spare::bits`] may be of a value in doubt.
    limit: i64,
}

impl Spare {
    /// For values of the sign of `like`, from `least` to `most` in size, off by `err`; `None` where one in 512 would be in doubt.
    #[inline(always)]
    pub fn new(err: f64, most: f64, least: f64, like: f64) -> Option<Self> {
        // The sum rounds too.
        let gap = 1.0001 * (err + 2.0 * f64::U * most);
        let fits = least > 0.0 && f32::EXPONENTS.contains(&exponent(least)) && f32::EXPONENTS.contains(&exponent(most));
        // 2 G in ulps of the least value, each at least u of it, rounded up.
        let near = 2.0 * gap / (f64::U * least) + 1.0;
        // Not the other way round: an error may be no number.
        if !(fits && near < (1u64 << (SPARE - 9)) as f64) {
            return None;
        }
        Some(Spare { up: gap.copysign(like), limit: i64::MIN + ((near as i64 + 1) << (64 - SPARE)) })
    }

    /// The bits that float32 has not, such that the middle between two float32 is the least number. The truth lies within `2 G`
    /// before y: if the middle does too, the number is as small.
    #[inline(always)]
    pub fn bits(y: f64) -> i64 {
        (y.to_bits() << (64 - SPARE)) as i64
    }

    /// Whether such a number is that of a value in doubt.
    #[inline(always)]
    pub fn is_near(&self, bits: i64) -> bool {
        bits <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::jet::scale;

    #[test]
    fn a_middle_is_near_all_that_may_mean_it() {
        let mut told = 0;
        for mantissa in [1 << 23, (1 << 23) + 1, 3 << 22, (1 << 24) - 2, (1 << 24) - 1u32] {
            for exponent in [-60, -13, 0, 5, 70] {
                for sign in [1.0, -1.0] {
                    let middle = sign * scale(f64::from(mantissa) + 0.5, exponent - 23);
                    let size = middle.abs();
                    for digits in [1, 5, 12, 18] {
                        let err = size * f64::U * f64::from(1 << digits);
                        let spare = Spare::new(err, size, size * (1.0 - 1e-9), middle).unwrap();
                        for i in 0..=64 {
                            let y = middle + spare.up * f64::from(i) / 32.0;
                            assert!(spare.is_near(Spare::bits(y)), "{y:e} of {middle:e}, {i}");
                        }
                        // And no more than twice as far.
                        for far in
                            [middle * (1.0 - f64::EPSILON), middle + spare.up * 9.0 + 4.0 * sign * f64::EPSILON * size]
                        {
                            assert!(!spare.is_near(Spare::bits(far)), "{far:e} of {middle:e}");
                            told += 1;
                        }
                    }
                }
            }
        }
        assert!(told > 300);
    }
}
